#include "core/ops/run_rows.h"

#include "core/base/checked.h"

enum { ERR_RUNS = 5107 };

/* ---- rows to bytes --------------------------------------------------------------------------- */

static bool is_text(const struct mr_type *type)
{
    return type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY;
}

static void put_value(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    const struct mr_type *type = vec->type;
    if (type->id == MR_TYPE_VOID) return;
    bool is_null = mr_vec_is_null(vec, row);
    mr_text_addc(out, is_null ? 0 : 1);
    if (is_null) return;
    if (is_text(type)) {
        struct mr_span text = mr_vec_span(vec, row);
        uint32_t bytes = (uint32_t)text.bytes;
        mr_text_add(out, &bytes, sizeof bytes);
        mr_text_add(out, text.text, text.bytes);
    } else if (type->id == MR_TYPE_BOOLEAN) {
        mr_text_addc(out, mr_bit_get(vec->values, row) ? 1 : 0);
    } else if (type->id == MR_TYPE_STRUCT) {
        for (uint32_t i = 0; i < type->field_count; i++) put_value(&vec->children[i], row, out);
    } else if (mr_type_is_nested(type)) {
        uint32_t from = vec->offsets[row], count = vec->offsets[row + 1] - from;
        mr_text_add(out, &count, sizeof count);
        for (uint32_t k = from; k < from + count; k++) {
            for (uint32_t i = 0; i < type->field_count; i++) put_value(&vec->children[i], k, out);
        }
    } else {
        uint32_t width = mr_type_width(type);
        mr_text_add(out, (const char *)vec->values + (size_t)row * width, width);
    }
}

void mr_run_row_put(const struct mr_batch *batch, uint32_t row, struct mr_text *out)
{
    for (uint32_t i = 0; i < batch->schema->field_count; i++) put_value(&batch->cols[i], row, out);
}

/* ---- bytes to columns ------------------------------------------------------------------------ */

/* A type of the schema in pre-order: lists have to be counted before their elements have a place.
 */
struct run_node {
    const struct mr_type *type;
    uint32_t after;    /* index of the first node that is not below it */
    uint64_t elements; /* of all lists */
};

struct run_reader {
    const char *base; /* what views are relative to */
    const char *at;
    const char *end;
    struct run_node *nodes;
};

static uint32_t add_nodes(struct run_node *nodes, uint32_t at, const struct mr_type *type)
{
    uint32_t next = at + 1;
    for (uint32_t i = 0; i < type->field_count; i++) {
        next = add_nodes(nodes, next, type->fields[i].type);
    }
    nodes[at] = (struct run_node){.type = type, .after = next};
    return next;
}

static bool skip(struct run_reader *r, size_t bytes)
{
    if ((size_t)(r->end - r->at) < bytes) return false;
    r->at += bytes;
    return true;
}

static bool read_count(struct run_reader *r, uint32_t *out)
{
    const char *at = r->at;
    if (!skip(r, sizeof *out)) return false;
    memcpy(out, at, sizeof *out);
    return true;
}

/* Walks one value and counts; nothing behind the end is looked at. */
static bool measure(struct run_reader *r, uint32_t node)
{
    const struct mr_type *type = r->nodes[node].type;
    uint32_t count = 1;
    if (type->id == MR_TYPE_VOID) return true;
    if (!skip(r, 1)) return false;
    if (r->at[-1] == 0) return true;
    if (is_text(type)) return read_count(r, &count) && skip(r, count);
    if (!mr_type_is_nested(type)) {
        return skip(r, type->id == MR_TYPE_BOOLEAN ? 1 : mr_type_width(type));
    }
    if (type->id != MR_TYPE_STRUCT) {
        if (!read_count(r, &count)) return false;
        r->nodes[node].elements += count;
    }
    for (uint32_t k = 0; k < count; k++) {
        uint32_t below = node + 1;
        for (uint32_t i = 0; i < type->field_count; i++, below = r->nodes[below].after) {
            if (!measure(r, below)) return false;
        }
    }
    return true;
}

/* Elements of lists, as many as were counted; `vec` itself has its room. */
static mr_status make_elements(const struct run_reader *r, uint32_t node, struct mr_vec *vec,
                               struct mr_arena *arena, struct mr_err *err)
{
    const struct mr_type *type = vec->type;
    uint32_t below = node + 1;
    if (!mr_type_is_nested(type)) return MR_OK;
    for (uint32_t i = 0; i < type->field_count; i++, below = r->nodes[below].after) {
        if (type->id != MR_TYPE_STRUCT) {
            uint32_t rows = (uint32_t)r->nodes[node].elements;
            MR_TRY(mr_vec_alloc(&vec->children[i], arena, type->fields[i].type, rows, true,
                                vec->bufs, err));
        }
        MR_TRY(make_elements(r, below, &vec->children[i], arena, err));
    }
    return MR_OK;
}

/* A null has no elements, nor has what is below it. */
static void fill_null(struct mr_vec *vec, uint32_t row)
{
    if (!mr_type_is_nested(vec->type)) return;
    if (vec->type->id != MR_TYPE_STRUCT) {
        vec->offsets[row + 1] = vec->offsets[row];
        return;
    }
    for (uint32_t i = 0; i < vec->type->field_count; i++) fill_null(&vec->children[i], row);
}

static uint32_t take_u32(struct run_reader *r)
{
    uint32_t value;
    memcpy(&value, r->at, sizeof value);
    r->at += sizeof value;
    return value;
}

/* One value into its row; rows come in order. The bytes have been measured. */
static void fill(struct run_reader *r, struct mr_vec *vec, uint32_t row)
{
    const struct mr_type *type = vec->type;
    if (type->id == MR_TYPE_VOID) return;
    if (*r->at++ == 0) {
        fill_null(vec, row);
        return;
    }
    mr_bit_set(vec->validity, row);
    if (is_text(type)) {
        uint32_t bytes = take_u32(r);
        ((struct mr_view *)vec->values)[row] =
            mr_view_of(r->at, bytes, 0, (uint32_t)(r->at - r->base));
        r->at += bytes;
    } else if (type->id == MR_TYPE_BOOLEAN) {
        if (*r->at++ != 0) {
            mr_bit_set(vec->values, row);
        } else {
            mr_bit_clear(vec->values, row);
        }
    } else if (type->id == MR_TYPE_STRUCT) {
        for (uint32_t i = 0; i < type->field_count; i++) fill(r, &vec->children[i], row);
    } else if (mr_type_is_nested(type)) {
        uint32_t from = vec->offsets[row], count = take_u32(r);
        vec->offsets[row + 1] = from + count;
        for (uint32_t k = from; k < from + count; k++) {
            for (uint32_t i = 0; i < type->field_count; i++) fill(r, &vec->children[i], k);
        }
    } else {
        uint32_t width = mr_type_width(type);
        memcpy((char *)vec->values + (size_t)row * width, r->at, width);
        r->at += width;
    }
}

static void count_nulls(struct mr_vec *vec)
{
    vec->null_count =
        vec->type->id == MR_TYPE_VOID ? vec->rows : mr_vec_nulls(vec->validity, vec->rows);
    if (vec->null_count == 0 || vec->type->id == MR_TYPE_VOID) vec->validity = NULL;
    if (!mr_type_is_nested(vec->type)) return;
    for (uint32_t i = 0; i < vec->type->field_count; i++) count_nulls(&vec->children[i]);
}

static mr_status rows_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_RUNS, "out of memory for rows of a partition");
}

mr_status mr_run_rows_read(struct mr_span bytes, uint32_t rows, struct mr_batch *batch,
                           struct mr_err *err)
{
    const struct mr_type *schema = batch->schema;
    struct run_reader r = {.base = bytes.text, .at = bytes.text, .end = bytes.text + bytes.bytes};
    r.nodes = MR_ARENA_ARRAY(batch->arena, struct run_node, mr_type_below(schema) + 1);
    struct mr_vec *cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, schema->field_count);
    if (r.nodes == NULL || cols == NULL) return rows_nomem(err);
    (void)add_nodes(r.nodes, 0, schema);
    bool is_whole = true;
    for (uint32_t row = 0; row < rows && is_whole; row++) {
        uint32_t node = 1;
        for (uint32_t i = 0; i < schema->field_count; i++, node = r.nodes[node].after) {
            is_whole = is_whole && measure(&r, node);
        }
    }
    if (!is_whole || r.at != r.end) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_RUNS,
                          "%zu bytes that were kept aside are not the %u rows they should be",
                          bytes.bytes, rows);
    }
    (void)mr_batch_add_buf(batch, bytes.text);
    for (uint32_t i = 0, node = 1; i < schema->field_count; i++, node = r.nodes[node].after) {
        MR_TRY(mr_vec_alloc(&cols[i], batch->arena, schema->fields[i].type, rows, true,
                            &batch->bufs, err));
        MR_TRY(make_elements(&r, node, &cols[i], batch->arena, err));
    }
    r.at = r.base;
    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t i = 0; i < schema->field_count; i++) fill(&r, &cols[i], row);
    }
    for (uint32_t i = 0; i < schema->field_count; i++) count_nulls(&cols[i]);
    batch->cols = cols;
    batch->rows = batch->sel_count = rows;
    return MR_OK;
}
