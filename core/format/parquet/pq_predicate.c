#include "core/format/parquet/pq_predicate.h"

#include <math.h>

#include "core/base/checked.h"
#include "core/format/parquet/pq_bloom.h"
#include "core/format/parquet/pq_convert.h"

/* ---- binding --------------------------------------------------------------------------------- */

static mr_status term_unread(const struct mr_pq_term *term, struct mr_err *err)
{
    struct mr_span name = term->path_count == 0 ? MR_SPAN("") : term->path[term->path_count - 1];
    return mr_err_set(err, MR_E_SCHEMA, 2513, "column %.*s of a predicate is not read",
                      (int)MR_MIN(name.bytes, (size_t)100), name.text);
}

static mr_status term_bind(const struct mr_pq_term *term, const struct mr_pq_tree *tree,
                           struct mr_pq_bound_term *out, struct mr_err *err)
{
    const struct mr_pq_branch *branch = &tree->root;
    *out = (struct mr_pq_bound_term){.term = term};
    for (uint32_t i = 0; i < term->path_count; i++) {
        if (branch->type->id != MR_TYPE_STRUCT) return term_unread(term, err);
        int32_t at = mr_type_find(branch->type, term->path[i], true);
        if (at < 0) return term_unread(term, err);
        out->is_missing |= branch->children == NULL || branch->children[at].is_missing;
        if (out->is_missing) return MR_OK;
        branch = &branch->children[at];
    }
    out->is_unknown = mr_type_is_nested(branch->type);
    out->leaf = branch->leaf;
    return term->path_count == 0 ? term_unread(term, err) : MR_OK;
}

mr_status mr_pq_predicate_bind(const struct mr_pq_predicate *predicate,
                               const struct mr_pq_tree *tree, struct mr_pq_bound_term *out,
                               struct mr_err *err)
{
    for (uint32_t i = 0; i < predicate->count; i++) {
        MR_TRY(term_bind(&predicate->terms[i], tree, &out[i], err));
    }
    return MR_OK;
}

/* ---- constants ------------------------------------------------------------------------------- */

typedef enum constant_form { FORM_I64, FORM_I128, FORM_F64, FORM_TEXT } constant_form;

static constant_form form_of(const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE: return FORM_F64;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return FORM_TEXT;
    case MR_TYPE_DECIMAL: return mr_decimal_is_long(type) ? FORM_I64 : FORM_I128;
    default: return FORM_I64;
    }
}

static int text_compare(struct mr_span a, struct mr_span b)
{
    size_t bytes = MR_MIN(a.bytes, b.bytes);
    int order = bytes == 0 ? 0 : memcmp(a.text, b.text, bytes);
    return order != 0 ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

/* Neither is a NaN. */
static int constant_compare(constant_form form, const union mr_pq_constant *a,
                            const union mr_pq_constant *b)
{
    switch (form) {
    case FORM_I64: return (a->i64 > b->i64) - (a->i64 < b->i64);
    case FORM_I128: return (a->i128 > b->i128) - (a->i128 < b->i128);
    case FORM_F64: return (a->f64 > b->f64) - (a->f64 < b->f64);
    default: return text_compare(a->text, b->text);
    }
}

static bool is_nan(constant_form form, const union mr_pq_constant *constant)
{
    return form == FORM_F64 && isnan(constant->f64);
}

/* ---- facts ----------------------------------------------------------------------------------- */

/* A value of the column as a constant. */
static union mr_pq_constant constant_of(const struct mr_type *type, const void *value)
{
    union mr_pq_constant out = {0};
    int32_t i32;
    int16_t i16;
    int8_t i8;
    float f32;
    switch (form_of(type)) {
    case FORM_F64:
        memcpy(&out.f64, value, sizeof out.f64);
        memcpy(&f32, value, sizeof f32);
        if (type->id == MR_TYPE_FLOAT) out.f64 = (double)f32;
        return out;
    case FORM_I128: memcpy(&out.i128, value, sizeof out.i128); return out;
    default: break;
    }
    switch (mr_type_width(type)) {
    case 1: memcpy(&i8, value, sizeof i8); return (union mr_pq_constant){.i64 = i8};
    case 2: memcpy(&i16, value, sizeof i16); return (union mr_pq_constant){.i64 = i16};
    case 4: memcpy(&i32, value, sizeof i32); return (union mr_pq_constant){.i64 = i32};
    default: memcpy(&out.i64, value, sizeof out.i64); return out;
    }
}

/* A bound of the file in the column's form; false when it is none. */
static bool bound_read(const struct mr_pq_reading_leaf *leaf, struct mr_span bytes,
                       union mr_pq_constant *out)
{
    enum { DECIMAL_BYTES_MAX = 32 };
    uint8_t plain[sizeof(uint32_t) + DECIMAL_BYTES_MAX], value[16] = {0};
    if (bytes.text == NULL) return false;
    if (leaf->kind == MR_PQ_BOOLEAN) {
        out->i64 = bytes.bytes == 1 && bytes.text[0] != 0;
        return bytes.bytes == 1;
    }
    if (mr_pq_is_viewed(leaf)) {
        out->text = bytes;
        return leaf->kind == MR_PQ_BYTES || bytes.bytes <= leaf->fixed_bytes;
    }
    struct mr_span in = bytes;
    if (leaf->kind == MR_PQ_BYTES) { /* a decimal: PLAIN has its length in front */
        uint32_t length = (uint32_t)bytes.bytes;
        if (bytes.bytes == 0 || bytes.bytes > DECIMAL_BYTES_MAX) return false;
        memcpy(plain, &length, sizeof length);
        memcpy(plain + sizeof length, bytes.text, bytes.bytes);
        in = (struct mr_span){(const char *)plain, sizeof length + bytes.bytes};
    }
    if (leaf->convert == MR_PQ_TO_UUID ||
        mr_pq_convert_values(leaf, &in, 1, value, NULL) != MR_OK || in.bytes != 0) {
        return false;
    }
    *out = constant_of(leaf->type, value);
    return true;
}

/* Whether bounds of such a summary are ordered as the type is. */
static bool is_ordered(const struct mr_pq_reading_leaf *leaf, const struct mr_pq_node *node,
                       const struct mr_pq_summary *summary)
{
    bool is_float = form_of(leaf->type) == FORM_F64;
    bool is_unsigned = leaf->convert == MR_PQ_TO_U32_I64 || leaf->convert == MR_PQ_TO_U64_I128;
    bool is_bytes = leaf->kind == MR_PQ_BYTES || leaf->kind == MR_PQ_FIXED;
    if (leaf->kind == MR_PQ_INT96 || leaf->is_levels_only) return false;
    if (node->logical > MR_PQ_LOGICAL_FLOAT16) return false; /* none, or one unknown here */
    if (summary->is_deprecated) return !is_unsigned && !is_bytes;
    return node->order == MR_PQ_ORDER_TYPE || (node->order == MR_PQ_ORDER_IEEE && is_float);
}

struct mr_pq_facts mr_pq_facts_of(const struct mr_pq_reading_leaf *leaf,
                                  const struct mr_pq_node *node,
                                  const struct mr_pq_summary *summary, uint64_t rows)
{
    struct mr_pq_facts facts = {
        .rows = rows, .null_count = summary->null_count, .nan_count = summary->nan_count};
    constant_form form = form_of(leaf->type);
    if (leaf->max_def == 0) facts.null_count = 0;
    if (facts.null_count > 0 && (uint64_t)facts.null_count > rows) facts.null_count = -1;
    facts.has_bounds = is_ordered(leaf, node, summary) &&
                       bound_read(leaf, summary->min, &facts.min) &&
                       bound_read(leaf, summary->max, &facts.max) && !is_nan(form, &facts.min) &&
                       !is_nan(form, &facts.max) &&
                       constant_compare(form, &facts.min, &facts.max) <= 0;
    return facts;
}

/* ---- matching -------------------------------------------------------------------------------- */

static bool may_be(mr_pq_compare op, constant_form form, const union mr_pq_constant *constant,
                   const struct mr_pq_facts *facts)
{
    bool may_be_nan = form == FORM_F64 && facts->nan_count != 0;
    if (is_nan(form, constant)) return op != MR_PQ_EQ || may_be_nan;
    if (!facts->has_bounds) return true;
    int low = constant_compare(form, &facts->min, constant);
    int high = constant_compare(form, &facts->max, constant);
    switch (op) {
    case MR_PQ_EQ: return low <= 0 && high >= 0;
    case MR_PQ_LT: return low < 0;
    case MR_PQ_LE: return low <= 0;
    case MR_PQ_GT: return may_be_nan || high > 0;
    default: return may_be_nan || high >= 0;
    }
}

bool mr_pq_term_may_match(const struct mr_pq_term *term, const struct mr_pq_reading_leaf *leaf,
                          const struct mr_pq_facts *facts)
{
    constant_form form = form_of(leaf->type);
    bool is_all_null = facts->null_count >= 0 && (uint64_t)facts->null_count == facts->rows;
    if (facts->rows == 0) return false;
    if (term->op == MR_PQ_IS_NULL) return facts->null_count != 0;
    if (is_all_null) return false;
    if (term->op == MR_PQ_IS_NOT_NULL) return true;
    mr_pq_compare op = term->op == MR_PQ_IN ? MR_PQ_EQ : term->op;
    for (uint32_t i = 0; i < term->constant_count; i++) {
        if (may_be(op, form, &term->constants[i], facts)) return true;
    }
    return false;
}

/* ---- bloom filters --------------------------------------------------------------------------- */

struct plain_value {
    const void *at;
    size_t bytes;
    uint8_t room[sizeof(__int128)];
};

static bool plain_put(struct plain_value *out, const void *value, size_t bytes)
{
    memcpy(out->room, value, bytes);
    out->at = out->room;
    out->bytes = bytes;
    return true;
}

static bool plain_integer(const struct mr_pq_reading_leaf *leaf, __int128 value,
                          struct plain_value *out)
{
    bool is_wide = leaf->kind == MR_PQ_INT64;
    uint64_t low = (uint64_t)value;
    bool is_unsigned = leaf->convert == MR_PQ_TO_U32_I64 || leaf->convert == MR_PQ_TO_U64_I128;
    __int128 back = is_unsigned ? (__int128)(is_wide ? low : (uint32_t)low)
                                : (__int128)(is_wide ? (int64_t)low : (int32_t)low);
    return back == value && plain_put(out, &low, is_wide ? 8 : 4);
}

static bool plain_float(const struct mr_pq_reading_leaf *leaf, double value,
                        struct plain_value *out)
{
    float narrow = (float)value;
    if (isnan(value) || value == 0) return false; /* more than one form */
    if (leaf->kind == MR_PQ_DOUBLE) return plain_put(out, &value, sizeof value);
    return (double)narrow == value && plain_put(out, &narrow, sizeof narrow);
}

static bool plain_decimal(const struct mr_pq_reading_leaf *leaf, __int128 value,
                          struct plain_value *out)
{
    uint8_t bytes[sizeof value];
    if (leaf->kind != MR_PQ_FIXED || leaf->fixed_bytes > sizeof value) return false;
    for (uint32_t i = leaf->fixed_bytes; i-- > 0; value >>= 8) bytes[i] = (uint8_t)value;
    bool is_whole = value == (leaf->fixed_bytes > 0 && (bytes[0] & 0x80) != 0 ? -1 : 0) ||
                    leaf->fixed_bytes == sizeof value;
    return is_whole && plain_put(out, bytes, leaf->fixed_bytes);
}

/* The one form that a stored value equal to the constant has; false when there is none, or when
 * there may be several. */
static bool plain_of(const struct mr_pq_reading_leaf *leaf, const union mr_pq_constant *constant,
                     struct plain_value *out)
{
    constant_form form = form_of(leaf->type);
    __int128 integer = form == FORM_I128 ? constant->i128 : constant->i64;
    if (leaf->is_levels_only) return false;
    if (leaf->widen != MR_PQ_WIDEN_NONE && leaf->widen != MR_PQ_WIDEN_INT &&
        leaf->widen != MR_PQ_WIDEN_FLOAT) {
        return false;
    }
    switch (leaf->convert) {
    case MR_PQ_TO_TEXT:
        out->at = constant->text.text;
        out->bytes = constant->text.bytes;
        return true;
    case MR_PQ_TO_SAME:
        if (form == FORM_F64) return plain_float(leaf, constant->f64, out);
        return plain_integer(leaf, integer, out);
    case MR_PQ_TO_I8:
    case MR_PQ_TO_I16:
    case MR_PQ_TO_I64:
    case MR_PQ_TO_I128:
    case MR_PQ_TO_U32_I64:
    case MR_PQ_TO_U64_I128: return plain_integer(leaf, integer, out);
    case MR_PQ_TO_MICROS_1000:
        return integer % 1000 == 0 && plain_integer(leaf, integer / 1000, out);
    case MR_PQ_TO_BIG_ENDIAN: return plain_decimal(leaf, integer, out);
    default: return false;
    }
}

bool mr_pq_term_may_be_in(const struct mr_pq_term *term, const struct mr_pq_reading_leaf *leaf,
                          struct mr_span filter)
{
    struct mr_span bits;
    if (term->op != MR_PQ_EQ && term->op != MR_PQ_IN) return true;
    if (!mr_pq_bloom_open(filter, &bits)) return true;
    for (uint32_t i = 0; i < term->constant_count; i++) {
        struct plain_value value;
        if (!plain_of(leaf, &term->constants[i], &value)) return true;
        if (mr_pq_bloom_may_have(bits, value.at, value.bytes)) return true;
    }
    return false;
}
