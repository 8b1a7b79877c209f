#include "core/base/checked.h"
#include "core/format/parquet/pq_tree.h"

struct leaf_walk {
    struct mr_arena *arena;
    struct mr_err *err;
};

static mr_status leaf_nomem(struct leaf_walk *walk)
{
    return mr_err_set(walk->err, MR_E_NOMEM, 0, "out of memory for a file's schema");
}

static mr_status leaf_corrupt(struct leaf_walk *walk, const struct mr_pq_node *node,
                              const char *what)
{
    return mr_err_set(walk->err, MR_E_CORRUPT, 2510, "column %.*s: %s",
                      (int)MR_MIN(node->name.bytes, (size_t)100), node->name.text, what);
}

static mr_status leaf_refuse(struct leaf_walk *walk, const struct mr_pq_node *node,
                             const char *what)
{
    return mr_err_set(walk->err, MR_E_UNSUPPORTED, 2511, "column %.*s: %s cannot be read",
                      (int)MR_MIN(node->name.bytes, (size_t)100), node->name.text, what);
}

static bool is_decimal(const struct mr_pq_node *node)
{
    return node->logical == MR_PQ_LOGICAL_DECIMAL || node->converted == MR_PQ_DECIMAL;
}

static mr_status leaf_decimal(struct leaf_walk *walk, const struct mr_pq_node *node,
                              struct mr_pq_reading_leaf *leaf)
{
    int32_t digits = node->precision, scale = node->scale;
    if (digits < 1 || scale < 0 || scale > digits) {
        return leaf_corrupt(walk, node, "a decimal has no valid precision and scale");
    }
    if (digits > MR_DECIMAL_PRECISION_MAX) return leaf_refuse(walk, node, "a decimal this long");
    leaf->type = mr_type_decimal(walk->arena, (unsigned)digits, (unsigned)scale);
    if (leaf->type == NULL) return leaf_nomem(walk);
    bool is_long = mr_decimal_is_long(leaf->type);
    switch (node->kind) {
    case MR_PQ_INT32: leaf->convert = is_long ? MR_PQ_TO_I64 : MR_PQ_TO_I128; break;
    case MR_PQ_INT64: leaf->convert = is_long ? MR_PQ_TO_SAME : MR_PQ_TO_I128; break;
    case MR_PQ_BYTES:
    case MR_PQ_FIXED: leaf->convert = MR_PQ_TO_BIG_ENDIAN; break;
    default: return leaf_corrupt(walk, node, "a decimal is no integer and no bytes");
    }
    return MR_OK;
}

/* Bits of an integer annotation, negative for unsigned; 0 = none. */
static int integer_bits(const struct mr_pq_node *node)
{
    static const int8_t converted[] = {-8, -16, -32, -64, 8, 16, 32, 64};
    if (node->logical == MR_PQ_LOGICAL_INTEGER) {
        return node->is_signed ? node->bit_width : -(int)node->bit_width;
    }
    if (node->converted >= MR_PQ_UINT_8 && node->converted <= MR_PQ_INT_64) {
        return converted[node->converted - MR_PQ_UINT_8];
    }
    return 0;
}

static mr_status leaf_int32(struct leaf_walk *walk, const struct mr_pq_node *node,
                            struct mr_pq_reading_leaf *leaf)
{
    leaf->convert = MR_PQ_TO_SAME;
    leaf->type = mr_type_of(MR_TYPE_INT);
    if (node->logical == MR_PQ_LOGICAL_DATE || node->converted == MR_PQ_DATE) {
        leaf->type = mr_type_of(MR_TYPE_DATE);
        return MR_OK;
    }
    if (node->logical == MR_PQ_LOGICAL_TIME || node->converted == MR_PQ_TIME_MILLIS) {
        return leaf_refuse(walk, node, "a time of day");
    }
    switch (integer_bits(node)) {
    case 8:
        leaf->type = mr_type_of(MR_TYPE_BYTE);
        leaf->convert = MR_PQ_TO_I8;
        break;
    case 16:
    case -8:
        leaf->type = mr_type_of(MR_TYPE_SHORT);
        leaf->convert = MR_PQ_TO_I16;
        break;
    case -32:
        leaf->type = mr_type_of(MR_TYPE_LONG);
        leaf->convert = MR_PQ_TO_U32_I64;
        break;
    default: break; /* -16 fits an int */
    }
    return MR_OK;
}

static mr_status leaf_int64(struct leaf_walk *walk, const struct mr_pq_node *node,
                            struct mr_pq_reading_leaf *leaf)
{
    bool is_logical = node->logical == MR_PQ_LOGICAL_TIMESTAMP;
    bool is_utc = is_logical ? node->is_utc : true;
    leaf->convert = MR_PQ_TO_SAME;
    leaf->type = mr_type_of(MR_TYPE_LONG);
    if (is_logical || node->converted == MR_PQ_TIMESTAMP_MILLIS ||
        node->converted == MR_PQ_TIMESTAMP_MICROS) {
        int unit = is_logical                                  ? node->unit
                   : node->converted == MR_PQ_TIMESTAMP_MILLIS ? MR_PQ_MILLIS
                                                               : MR_PQ_MICROS;
        leaf->type = mr_type_of(is_utc ? MR_TYPE_TIMESTAMP : MR_TYPE_TIMESTAMP_NTZ);
        if (unit == MR_PQ_MILLIS) leaf->convert = MR_PQ_TO_MICROS_1000;
        if (unit == MR_PQ_NANOS) leaf->convert = MR_PQ_TO_MICROS_NANO;
        if (unit < MR_PQ_MILLIS) return leaf_corrupt(walk, node, "a timestamp has no unit");
        return MR_OK;
    }
    if (node->logical == MR_PQ_LOGICAL_TIME || node->converted == MR_PQ_TIME_MICROS) {
        return leaf_refuse(walk, node, "a time of day");
    }
    if (integer_bits(node) == -64) {
        leaf->type = mr_type_decimal(walk->arena, 20, 0);
        if (leaf->type == NULL) return leaf_nomem(walk);
        leaf->convert = MR_PQ_TO_U64_I128;
    }
    return MR_OK;
}

static bool is_text(const struct mr_pq_node *node)
{
    return node->logical == MR_PQ_LOGICAL_STRING || node->logical == MR_PQ_LOGICAL_ENUM ||
           node->logical == MR_PQ_LOGICAL_JSON || node->converted == MR_PQ_UTF8 ||
           node->converted == MR_PQ_ENUM || node->converted == MR_PQ_JSON;
}

static mr_status leaf_fixed(struct leaf_walk *walk, const struct mr_pq_node *node,
                            struct mr_pq_reading_leaf *leaf)
{
    if (node->converted == MR_PQ_INTERVAL) return leaf_refuse(walk, node, "an interval");
    if (node->logical == MR_PQ_LOGICAL_FLOAT16) {
        if (node->kind != MR_PQ_FIXED || node->fixed_bytes != 2) {
            return leaf_corrupt(walk, node, "a half float has not two bytes");
        }
        leaf->type = mr_type_of(MR_TYPE_FLOAT);
        leaf->convert = MR_PQ_TO_HALF;
        return MR_OK;
    }
    leaf->type = mr_type_of(is_text(node) ? MR_TYPE_STRING : MR_TYPE_BINARY);
    leaf->convert = MR_PQ_TO_TEXT;
    return MR_OK;
}

static mr_status leaf_type(struct leaf_walk *walk, const struct mr_pq_node *node,
                           struct mr_pq_reading_leaf *leaf)
{
    if (node->kind == MR_PQ_FIXED && (node->fixed_bytes == 0 || node->fixed_bytes > INT16_MAX)) {
        return leaf_corrupt(walk, node, "a fixed length is 0 or beyond all bounds");
    }
    if (is_decimal(node)) return leaf_decimal(walk, node, leaf);
    leaf->convert = MR_PQ_TO_SAME;
    switch (node->kind) {
    case MR_PQ_BOOLEAN:
        leaf->type = mr_type_of(MR_TYPE_BOOLEAN);
        leaf->convert = MR_PQ_TO_BITS;
        return MR_OK;
    case MR_PQ_INT32: return leaf_int32(walk, node, leaf);
    case MR_PQ_INT64: return leaf_int64(walk, node, leaf);
    case MR_PQ_FLOAT: leaf->type = mr_type_of(MR_TYPE_FLOAT); return MR_OK;
    case MR_PQ_DOUBLE: leaf->type = mr_type_of(MR_TYPE_DOUBLE); return MR_OK;
    case MR_PQ_INT96:
        leaf->type = mr_type_of(MR_TYPE_TIMESTAMP);
        leaf->convert = MR_PQ_TO_MICROS_96;
        return MR_OK;
    default: return leaf_fixed(walk, node, leaf);
    }
}

mr_status mr_pq_leaf_type(struct mr_arena *arena, const struct mr_pq_node *node,
                          struct mr_pq_reading_leaf *leaf, struct mr_err *err)
{
    struct leaf_walk walk = {.arena = arena, .err = err};
    leaf->kind = node->kind;
    leaf->fixed_bytes = node->fixed_bytes;
    leaf->name = node->name;
    leaf->widen = MR_PQ_WIDEN_NONE;
    MR_TRY(leaf_type(&walk, node, leaf));
    leaf->file_type = leaf->type;
    return MR_OK;
}

/* ---- widening -------------------------------------------------------------------------------- */

static bool is_integer(const struct mr_type *type)
{
    return type->id >= MR_TYPE_BYTE && type->id <= MR_TYPE_LONG;
}

/* Decimal digits that hold every value of an integer type. */
static int integer_digits(const struct mr_type *type)
{
    static const uint8_t digits[] = {[MR_TYPE_BYTE] = 3, [MR_TYPE_SHORT] = 5, [MR_TYPE_INT] = 10,
                                     [MR_TYPE_LONG] = 19};
    return digits[type->id];
}

/* Whether every value of `from` has its place in the decimal `to`. */
static bool decimal_widens(const struct mr_type *from, const struct mr_type *to)
{
    bool is_decimal_too = from->id == MR_TYPE_DECIMAL;
    int whole = is_decimal_too ? from->precision - from->scale : integer_digits(from);
    int scale = is_decimal_too ? from->scale : 0;
    return to->scale >= scale && to->precision - to->scale >= whole;
}

static bool is_textual(const struct mr_type *type)
{
    return type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY;
}

static bool is_timestamp(const struct mr_type *type)
{
    return type->id == MR_TYPE_TIMESTAMP || type->id == MR_TYPE_TIMESTAMP_NTZ;
}

static bool widen_of(const struct mr_type *from, const struct mr_type *to, mr_pq_widen *out)
{
    *out = MR_PQ_WIDEN_NONE;
    if (from->id == to->id && from->id != MR_TYPE_DECIMAL) return true;
    if (is_textual(from) && is_textual(to)) return true;
    if (to->id == MR_TYPE_DECIMAL && (is_integer(from) || from->id == MR_TYPE_DECIMAL)) {
        *out = MR_PQ_WIDEN_DECIMAL;
        return decimal_widens(from, to);
    }
    if (is_integer(from) && is_integer(to)) {
        *out = MR_PQ_WIDEN_INT;
        return to->id > from->id;
    }
    if (is_integer(from) && from->id != MR_TYPE_LONG && to->id == MR_TYPE_DOUBLE) {
        *out = MR_PQ_WIDEN_DOUBLE;
        return true;
    }
    *out = from->id == MR_TYPE_FLOAT ? MR_PQ_WIDEN_FLOAT : MR_PQ_WIDEN_DAYS;
    return (from->id == MR_TYPE_FLOAT && to->id == MR_TYPE_DOUBLE) ||
           (from->id == MR_TYPE_DATE && to->id == MR_TYPE_TIMESTAMP_NTZ);
}

bool mr_pq_leaf_widen(const struct mr_pq_node *node, const struct mr_type *wanted,
                      struct mr_pq_reading_leaf *leaf)
{
    const struct mr_type *from = leaf->file_type;
    /* INT96 says nothing of zones, and older writers said the wrong thing: what microseconds mean
     * is for the wanted type to say. */
    bool is_stamp = is_timestamp(from) && is_timestamp(wanted);
    if (!is_stamp && !widen_of(from, wanted, &leaf->widen)) return false;
    if (node->logical == MR_PQ_LOGICAL_UUID && wanted->id == MR_TYPE_STRING &&
        node->fixed_bytes == 16) {
        leaf->convert = MR_PQ_TO_UUID;
    }
    if (leaf->widen == MR_PQ_WIDEN_DECIMAL) {
        leaf->scale_up = (uint8_t)(wanted->scale - (from->id == MR_TYPE_DECIMAL ? from->scale : 0));
        bool is_same = leaf->scale_up == 0 && from->id == MR_TYPE_DECIMAL &&
                       mr_type_width(from) == mr_type_width(wanted);
        if (is_same) leaf->widen = MR_PQ_WIDEN_NONE;
    }
    leaf->type = wanted;
    return true;
}
