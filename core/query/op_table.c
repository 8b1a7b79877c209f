#include "core/query/op_table.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/ops/pq_scan.h"
#include "core/table/table_scan.h"

enum { READER_BYTES = 128 << 20 };

enum table_state {
    TABLE_FILE,    /* the next file of the snapshot */
    TABLE_OPENING, /* its footer is being read */
    TABLE_ROWS,
    TABLE_COUNT,   /* rows without columns that were not read */
    TABLE_STOPPING, /* the file is done */
    TABLE_END,
};

struct table {
    struct mr_operator op;
    struct mr_op_table_spec spec;
    enum table_state state;
    struct mr_table_scan *files;
    const struct mr_delta_layout *layout;
    struct mr_arena own; /* of the operator's life */
    struct mr_pq_wanted wanted;
    const int32_t *sources; /* per column of the schema: of the file's columns, or -1 - partition */
    struct mr_pq_predicate skip;
    void *codec_memory;
    size_t codec_bytes;
    struct mr_codec *codec;
    struct mr_pq_scan scan;
    struct mr_arena arena; /* of the file at hand */
    struct mr_table_file file;
    struct mr_delta_row_set deleted;
    uint64_t rows_left; /* COUNT */
    struct mr_arena batch_arena;
    struct mr_batch read; /* as the file gives it */
    struct mr_batch batch;
    bool has_read;
    int64_t given;
};

static mr_status table_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for reading a table");
}

/* ---- what files are asked for ---- */

static mr_status find_columns(struct table *self, struct mr_err *err)
{
    const struct mr_type *schema = self->spec.schema;
    uint32_t *data = MR_ARENA_ARRAY(&self->own, uint32_t, (size_t)schema->field_count + 1);
    int32_t *sources = MR_ARENA_ARRAY(&self->own, int32_t, (size_t)schema->field_count + 1);
    uint32_t count = 0;
    if (data == NULL || sources == NULL) return table_nomem(err);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        int32_t partition = mr_delta_layout_partition(self->layout, self->spec.columns[i]);
        sources[i] = partition >= 0 ? -1 - partition : (int32_t)count;
        if (partition < 0) data[count++] = self->spec.columns[i];
    }
    self->sources = sources;
    self->wanted.by_field_id = self->layout->mapping == MR_DELTA_MAPPING_ID;
    self->wanted.is_case_sensitive = self->layout->mapping != MR_DELTA_MAPPING_NONE;
    return mr_delta_layout_wanted(&self->own, self->layout, data, count, &self->wanted.schema,
                                  err);
}

/* The terms about columns that are read, in the reader's form. */
static bool pq_term(const struct mr_predicate_term *term, const struct mr_type *read,
                    struct mr_arena *arena, struct mr_pq_term *out)
{
    static const mr_pq_compare ops[] = {
        [MR_PREDICATE_EQ] = MR_PQ_EQ, [MR_PREDICATE_LT] = MR_PQ_LT,
        [MR_PREDICATE_LE] = MR_PQ_LE, [MR_PREDICATE_GT] = MR_PQ_GT,
        [MR_PREDICATE_GE] = MR_PQ_GE, [MR_PREDICATE_IN] = MR_PQ_IN,
        [MR_PREDICATE_IS_NULL] = MR_PQ_IS_NULL, [MR_PREDICATE_IS_NOT_NULL] = MR_PQ_IS_NOT_NULL,
    };
    const struct mr_type *type = mr_predicate_type(read, term->path, term->path_count);
    if (term->op == MR_PREDICATE_NE || type == NULL) return false;
    union mr_pq_constant *constants =
        MR_ARENA_ARRAY(arena, union mr_pq_constant, (size_t)term->value_count + 1);
    if (constants == NULL) return false;
    for (uint32_t i = 0; i < term->value_count; i++) {
        const struct mr_value *value = &term->values[i];
        if (!mr_type_equal(value->type, type)) return false;
        switch (type->id) {
        case MR_TYPE_BOOLEAN: constants[i].i64 = value->u.boolean; break;
        case MR_TYPE_FLOAT:
        case MR_TYPE_DOUBLE: constants[i].f64 = value->u.f64; break;
        case MR_TYPE_DECIMAL:
            if (mr_decimal_is_long(type)) constants[i].i64 = (int64_t)value->u.i128;
            else constants[i].i128 = value->u.i128;
            break;
        case MR_TYPE_STRING:
        case MR_TYPE_BINARY: constants[i].text = value->u.text; break;
        default: constants[i].i64 = value->u.i64; break;
        }
    }
    *out = (struct mr_pq_term){.path = term->path, .path_count = term->path_count,
                               .op = ops[term->op], .constants = constants,
                               .constant_count = term->value_count};
    return true;
}

static mr_status find_terms(struct table *self, struct mr_err *err)
{
    struct mr_delta_skip skip;
    struct mr_predicate in_files;
    if (self->spec.predicate == NULL || self->wanted.schema->field_count == 0) return MR_OK;
    MR_TRY(mr_delta_skip_make(&self->own, self->layout, self->spec.predicate, &skip, err));
    MR_TRY(mr_delta_skip_in_files(&self->own, &skip, &in_files, err));
    struct mr_pq_term *terms =
        MR_ARENA_ARRAY(&self->own, struct mr_pq_term, (size_t)in_files.term_count + 1);
    if (terms == NULL) return table_nomem(err);
    for (uint32_t i = 0; i < in_files.term_count; i++) {
        bool is_known = pq_term(&in_files.terms[i], self->wanted.schema, &self->own,
                                &terms[self->skip.count]);
        self->skip.count += is_known;
    }
    self->skip.terms = terms;
    return MR_OK;
}

/* ---- one file ---- */

static mr_status begin_file(struct table *self, struct mr_err *err)
{
    bool has_file = false;
    mr_arena_reset(&self->arena);
    self->deleted = (struct mr_delta_row_set){0};
    bool is_enough = self->spec.rows_wanted >= 0 && self->given >= self->spec.rows_wanted;
    if (!is_enough) {
        MR_TRY(mr_table_scan_next(self->files, &self->arena, &self->file, &has_file, err));
    }
    if (!has_file) {
        self->state = TABLE_END;
        return MR_OK;
    }
    if (self->file.deleted.storage != 0) {
        MR_TRY(mr_table_deleted(self->spec.table, &self->file.deleted, &self->arena,
                                &self->deleted, err));
    }
    if (self->wanted.schema->field_count == 0 && self->file.rows >= 0) {
        self->rows_left = (uint64_t)self->file.rows - self->deleted.cardinality;
        self->state = TABLE_COUNT;
        return MR_OK;
    }
    struct mr_pq_scan_file file = {.path = self->file.path, .bytes = self->file.bytes};
    mr_pq_scan_begin(&self->scan, &file);
    self->state = TABLE_OPENING;
    return MR_OK;
}

static mr_status open_file(struct table *self, struct mr_err *err)
{
    struct mr_pq_reader *reader;
    MR_TRY(mr_pq_scan_open(&self->scan, &reader, err));
    if (self->wanted.schema->field_count == 0) {
        self->rows_left = mr_pq_reader_rows(reader) - self->deleted.cardinality;
        self->state = TABLE_COUNT;
        return MR_OK;
    }
    MR_TRY(mr_pq_reader_want(reader, &self->wanted, err));
    if (self->skip.count > 0) MR_TRY(mr_pq_reader_filter(reader, &self->skip, err));
    self->state = TABLE_ROWS;
    return MR_OK;
}

/* ---- batches ---- */

/* A column of one value in every row. */
static mr_status fill_constant(struct mr_vec *vec, struct mr_batch *batch,
                               const struct mr_value *value, const struct mr_type *type,
                               struct mr_err *err)
{
    uint32_t rows = batch->rows;
    MR_TRY(mr_vec_alloc(vec, batch->arena, type, rows, value->is_null, &batch->bufs, err));
    if (value->is_null) {
        vec->null_count = rows;
        uint32_t width = mr_type_width(type);
        if (width > 0) memset(vec->values, 0, (size_t)rows * width);
        return MR_OK;
    }
    struct mr_view view = {0};
    if (type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY) {
        uint32_t buffer = 0;
        if (value->u.text.bytes > MR_VIEW_INLINE_MAX) {
            buffer = mr_batch_add_buf(batch, value->u.text.text);
            if (buffer == MR_BUFS_MAX) return table_nomem(err);
        }
        view = mr_view_of(value->u.text.text, (uint32_t)value->u.text.bytes, buffer, 0);
    }
    for (uint32_t i = 0; i < rows; i++) {
        switch (type->id) {
        case MR_TYPE_BOOLEAN:
            if (i % 64 == 0) ((uint64_t *)vec->values)[i / 64] = value->u.boolean ? UINT64_MAX : 0;
            break;
        case MR_TYPE_FLOAT: ((float *)vec->values)[i] = (float)value->u.f64; break;
        case MR_TYPE_DOUBLE: ((double *)vec->values)[i] = value->u.f64; break;
        case MR_TYPE_STRING:
        case MR_TYPE_BINARY: ((struct mr_view *)vec->values)[i] = view; break;
        case MR_TYPE_DECIMAL:
            if (mr_decimal_is_long(type)) ((int64_t *)vec->values)[i] = (int64_t)value->u.i128;
            else ((mr_i128 *)vec->values)[i] = value->u.i128;
            break;
        default: {
            uint32_t width = mr_type_width(type);
            memcpy((char *)vec->values + (size_t)i * width, &value->u.i64, width);
            break;
        }
        }
    }
    return MR_OK;
}

/* The rows of the batch at hand that are not deleted; *out_is_empty: none is left. */
static mr_status leave_out_deleted(struct table *self, struct mr_batch *batch, bool *out_is_empty,
                                   struct mr_err *err)
{
    *out_is_empty = batch->sel_count == 0;
    if (self->deleted.cardinality == 0) return MR_OK;
    uint64_t *bits = MR_ARENA_ARRAY(batch->arena, uint64_t, mr_bit_words(batch->rows) + 1);
    uint32_t *sel = MR_ARENA_ARRAY(batch->arena, uint32_t, (size_t)batch->rows + 16);
    uint32_t count = 0;
    if (bits == NULL || sel == NULL) return table_nomem(err);
    mr_delta_row_set_add(&self->deleted, batch->first_record, batch->rows, bits);
    for (uint32_t k = 0; k < batch->sel_count; k++) {
        uint32_t row = mr_batch_row(batch, k);
        if (!mr_bit_get(bits, row)) sel[count++] = row;
    }
    batch->sel = sel;
    batch->sel_count = count;
    *out_is_empty = count == 0;
    return MR_OK;
}

/* The file's columns and the log's, in the order asked for. */
static mr_status compose(struct table *self, struct mr_err *err)
{
    const struct mr_type *schema = self->spec.schema;
    self->batch = self->read;
    self->batch.schema = schema;
    self->batch.cols =
        MR_ARENA_ARRAY(self->read.arena, struct mr_vec, (size_t)schema->field_count + 1);
    if (self->batch.cols == NULL) return table_nomem(err);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        const struct mr_type *type = schema->fields[i].type;
        int32_t source = self->sources[i];
        if (source >= 0) {
            self->batch.cols[i] = self->read.cols[source];
            self->batch.cols[i].type = type; /* the same but for names of members */
        } else {
            const struct mr_value *value = &self->file.values[-1 - source];
            MR_TRY(fill_constant(&self->batch.cols[i], &self->batch, value, type, err));
        }
    }
    /* Views go by the buffers of the batch that is handed out; those of the file come first. */
    for (uint32_t i = 0; i < schema->field_count; i++) self->batch.cols[i].bufs = &self->batch.bufs;
    return MR_OK;
}

static mr_status next_rows(struct table *self, mr_pull *out_pull, struct mr_err *err)
{
    bool has_rows = false, is_empty;
    MR_TRY(mr_pq_scan_next(&self->scan, &self->batch_arena, &self->read, &has_rows, err));
    if (!has_rows) {
        self->state = TABLE_STOPPING;
        return MR_OK;
    }
    self->has_read = true;
    MR_TRY(compose(self, err));
    MR_TRY(leave_out_deleted(self, &self->batch, &is_empty, err));
    if (!is_empty) *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static mr_status next_count(struct table *self, mr_pull *out_pull, struct mr_err *err)
{
    if (self->rows_left == 0) {
        self->state = TABLE_STOPPING;
        return MR_OK;
    }
    mr_arena_reset(&self->batch_arena);
    mr_batch_init(&self->read, &self->batch_arena, self->spec.schema);
    self->read.rows = (uint32_t)MR_MIN(self->rows_left, (uint64_t)MR_BATCH_ROWS_MAX);
    self->read.sel_count = self->read.rows;
    self->rows_left -= self->read.rows;
    self->has_read = true;
    MR_TRY(compose(self, err));
    *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static mr_status step(struct table *self, mr_pull *out_pull, struct mr_err *err)
{
    switch (self->state) {
    case TABLE_FILE: return begin_file(self, err);
    case TABLE_OPENING: return open_file(self, err);
    case TABLE_ROWS: return next_rows(self, out_pull, err);
    case TABLE_COUNT: return next_count(self, out_pull, err);
    case TABLE_STOPPING:
        if (!mr_pq_scan_stop(&self->scan)) return MR_E_AGAIN;
        self->state = TABLE_FILE;
        return MR_OK;
    case TABLE_END: *out_pull = MR_PULL_END; return MR_OK;
    }
    MR_ASSERT(!"every state is handled above");
    return MR_E_INTERNAL;
}

static mr_status table_next(struct mr_operator *op, struct mr_batch **out_batch, mr_pull *out_pull,
                            struct mr_err *err)
{
    struct table *self = (struct table *)op;
    if (self->has_read) mr_batch_fini(&self->read);
    self->has_read = false;
    *out_pull = MR_PULL_AGAIN;
    mr_status status = step(self, out_pull, err);
    if (status == MR_E_AGAIN) {
        *out_pull = MR_PULL_WAIT;
        return MR_OK;
    }
    if (status != MR_OK) {
        if (self->state != TABLE_FILE) mr_err_origin(err, self->file.path);
        return status;
    }
    if (*out_pull == MR_PULL_ROWS) {
        self->given += self->batch.sel_count;
        *out_batch = &self->batch;
    }
    return MR_OK;
}

static bool table_stop(struct mr_operator *op)
{
    struct table *self = (struct table *)op;
    if (self->has_read) mr_batch_fini(&self->read);
    self->has_read = false;
    return mr_pq_scan_stop(&self->scan);
}

static void table_fini(struct mr_operator *op)
{
    struct table *self = (struct table *)op;
    mr_pq_scan_fini(&self->scan);
    mr_table_scan_close(self->files);
    mr_heap_give(op->env->heap, self->codec_memory, self->codec_bytes);
    mr_arena_fini(&self->batch_arena);
    mr_arena_fini(&self->arena);
    mr_arena_fini(&self->own);
}

static const struct mr_operator_kind table_kind = {
    .name = "TableScan", .next = table_next, .stop = table_stop, .fini = table_fini};

static mr_status open_parts(struct table *self, struct mr_err *err)
{
    struct mr_heap *heap = self->op.env->heap;
    struct mr_codec_limits codec = {0};
    MR_TRY(mr_table_scan_open(self->spec.table, self->spec.predicate, &self->files, err));
    self->layout = mr_table_scan_layout(self->files);
    MR_TRY(find_columns(self, err));
    MR_TRY(find_terms(self, err));
    self->codec_bytes = mr_codec_footprint(&codec);
    self->codec_memory = mr_heap_take(heap, self->codec_bytes);
    if (self->codec_memory == NULL) return table_nomem(err);
    MR_TRY(mr_codec_init(self->codec_memory, &codec, &self->codec, err));
    self->scan.codec = self->codec;
    return MR_OK;
}

mr_status mr_op_table(struct mr_query_env *env, const struct mr_op_table_spec *spec,
                      struct mr_operator **out_op, struct mr_err *err)
{
    struct table *self = mr_heap_zeroed(env->heap, sizeof *self);
    if (self == NULL) return table_nomem(err);
    struct mr_pq_reader_limits limits = {.memory_bytes = READER_BYTES,
                                         .batch_rows = env->batch_rows};
    self->op = (struct mr_operator){
        .kind = &table_kind, .env = env, .schema = spec->schema, .bytes = sizeof *self};
    self->spec = *spec;
    mr_arena_init(&self->own, env->heap, 0);
    mr_arena_init(&self->arena, env->heap, 0);
    mr_arena_init(&self->batch_arena, env->heap, 0);
    mr_pq_scan_init(&self->scan, env->io, env->heap, NULL, &limits, env->waker);
    mr_status status = open_parts(self, err);
    if (status == MR_OK) *out_op = &self->op;
    else mr_operator_fini(&self->op);
    return status;
}
