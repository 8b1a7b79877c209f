#include "core/format/json/json_reader.h"

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/json/json_reader_impl.h"

enum {
    CODE_SCHEMA = 2305,
    RECORD_BYTES_MIN = 2,
    BATCH_BYTES = 64 << 20, /* of fixed-width values; wider schemas get batches of fewer rows */
    BATCH_ROWS_MIN = 16,
};

static mr_status nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the JSON reader");
}

/* -- open ---------------------------------------------------------------------------------- */

/* schema_take: the schema in the reader's arena, with the rescued column it may lack. */
static mr_status schema_take(struct mr_json_reader *r, const struct mr_type *schema,
                             struct mr_err *err)
{
    struct mr_span rescued = mr_span_of(r->options.rescued_column);
    schema = mr_type_clone(&r->arena, schema);
    if (schema == NULL) return nomem(err);
    if (rescued.bytes > 0 && mr_type_find(schema, rescued, false) < 0) {
        struct mr_field *fields =
            MR_ARENA_ARRAY(&r->arena, struct mr_field, schema->field_count + 1);
        char *name = mr_arena_copy(&r->arena, rescued);
        if (fields == NULL || name == NULL) return nomem(err);
        for (uint32_t i = 0; i < schema->field_count; i++) fields[i] = schema->fields[i];
        fields[schema->field_count] = (struct mr_field){
            .name = {name, rescued.bytes}, .type = mr_type_of(MR_TYPE_STRING), .is_nullable = true};
        schema = mr_type_struct(&r->arena, fields, schema->field_count + 1);
        if (schema == NULL) return nomem(err);
    }
    r->schema = schema;
    return MR_OK;
}

/* own_column: the member that the reader itself writes, by its name in the options. */
static mr_status own_column(struct mr_json_reader *r, const char *name, int32_t *out_member,
                            struct mr_err *err)
{
    *out_member = name[0] == '\0' ? -1 : mr_type_find(r->schema, mr_span_of(name), false);
    if (*out_member < 0) return MR_OK;
    if (r->schema->fields[*out_member].type->id != MR_TYPE_STRING) {
        return mr_err_set(err, MR_E_TYPE, CODE_SCHEMA, "the column %s must be a STRING, not %s",
                          name, mr_type_name(r->schema->fields[*out_member].type->id));
    }
    r->root.children[*out_member].is_hidden = true;
    return MR_OK;
}

static mr_status reader_init(struct mr_json_reader *r, const struct mr_type *schema,
                             struct mr_err *err)
{
    MR_TRY(schema_take(r, schema, err));
    MR_TRY(json_node_init(&r->root, &r->arena, r->schema, r->options.is_case_sensitive, err));
    MR_TRY(json_lane_init(&r->lane, &r->arena, &r->root, err));
    if (r->options.has_no_lane) r->lane.is_on = false;
    MR_TRY(own_column(r, r->options.corrupt_column, &r->corrupt, err));
    MR_TRY(own_column(r, r->options.rescued_column, &r->rescued, err));
    r->d.is_rescuing = r->rescued >= 0;
    uint32_t fitting = BATCH_BYTES / (mr_type_leaves(r->schema) + 1) / sizeof(struct mr_view);
    r->rows_max = MR_MAX(MR_MIN(fitting, (uint32_t)MR_BATCH_ROWS_MAX), (uint32_t)BATCH_ROWS_MIN);
    MR_TRY(json_shape_init(&r->misfits, r->heap, &r->options, true, err));
    return json_shape_init(&r->unknown, r->heap, &r->options, r->options.infers_column_types, err);
}

mr_status mr_json_reader_open(struct mr_heap *heap, const struct mr_type *schema,
                              const struct mr_json_options *options,
                              const struct mr_json_kernels *kernels, const struct mr_zone *zone,
                              struct mr_json_reader **out_reader, struct mr_err *err)
{
    MR_ASSERT(schema->id == MR_TYPE_STRUCT);
    struct mr_json_reader *r = mr_heap_zeroed(heap, sizeof *r);
    if (r == NULL) return nomem(err);
    r->heap = heap;
    r->options = *options;
    r->corrupt = r->rescued = -1;
    mr_arena_init(&r->arena, heap, 0);
    mr_arena_init(&r->probe.arena, heap, 0);
    mr_text_init(&r->file_path, heap);
    mr_text_init(&r->strict, heap);
    mr_text_init(&r->bad, heap);
    mr_text_init(&r->d.rescue, heap);
    json_window_init(&r->window, heap, kernels,
                     options->is_multi_line ? MR_JSON_DOCUMENT : MR_JSON_LINES);
    json_window_init(&r->side, heap, kernels, MR_JSON_LINES);
    r->d.heap = heap;
    r->d.options = &r->options;
    r->d.zone = zone;
    r->d.unknown = &r->unknown;
    r->d.misfits = &r->misfits;
    r->d.cursor.options = &r->options;
    r->d.cursor.depth_max = MR_JSON_DEPTH_MAX;
    r->is_at_start = true;
    mr_status status = reader_init(r, schema, err);
    if (status != MR_OK) {
        mr_json_reader_close(r);
        return status;
    }
    *out_reader = r;
    return MR_OK;
}

void mr_json_reader_close(struct mr_json_reader *r)
{
    if (r == NULL) return;
    if (r->unknown.root != NULL) json_shape_fini(&r->unknown);
    if (r->misfits.root != NULL) json_shape_fini(&r->misfits);
    json_pending_fini(&r->d);
    json_window_fini(&r->window);
    json_window_fini(&r->side);
    mr_text_fini(&r->d.rescue);
    mr_text_fini(&r->file_path);
    mr_text_fini(&r->strict);
    mr_text_fini(&r->bad);
    mr_arena_fini(&r->probe.arena);
    mr_arena_fini(&r->arena);
    mr_heap_give(r->heap, r, sizeof *r);
}

/* node_want: flags of the nodes below `node`, from number *at on; the reader's own columns that the
 * schema lacks have none. */
static void node_want(struct json_node *node, const bool *wanted, uint32_t count, uint32_t *at)
{
    for (uint32_t i = 0; i < node->child_count && *at < count; i++) {
        node->children[i].is_skipped = !wanted[(*at)++];
        node_want(&node->children[i], wanted, count, at);
    }
}

void mr_json_reader_want(struct mr_json_reader *r, const bool *wanted, bool wants_unknown)
{
    uint32_t at = 0;
    r->d.ignores_unknown = !wants_unknown && !r->d.is_rescuing;
    r->lane.ignores_unknown = r->d.ignores_unknown;
    if (wanted == NULL || r->d.is_rescuing) return;
    node_want(&r->root, wanted, mr_type_below(r->schema), &at);
    json_lane_skip(&r->lane);
}

const struct mr_type *mr_json_reader_schema(const struct mr_json_reader *r)
{
    return r->schema;
}

mr_status mr_json_reader_begin(struct mr_json_reader *r, struct mr_span file_path,
                               struct mr_err *err)
{
    r->phase = JSON_START;
    r->is_at_start = true;
    r->items_done = 0;
    mr_text_reset(&r->file_path);
    mr_text_add(&r->file_path, file_path.text, file_path.bytes);
    return mr_text_end(&r->file_path, err);
}

/* -- decode -------------------------------------------------------------------------------- */

static mr_status batch_begin(struct mr_json_reader *r, struct mr_batch *batch, struct mr_err *err)
{
    uint32_t count = r->schema->field_count;
    uint32_t left = (r->bytes - r->at) / RECORD_BYTES_MIN + 2;
    MR_ASSERT(batch->arena != NULL && batch->bufs.count == 0);
    batch->schema = r->schema;
    batch->cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, MR_MAX(count, 1u));
    if (batch->cols == NULL) return nomem(err);
    r->row_room = MR_MIN(left, r->rows_max);
    (void)mr_batch_add_buf(batch, r->text);
    for (uint32_t i = 0; i < count; i++) {
        MR_TRY(json_node_begin(&r->root.children[i], &batch->cols[i], batch->arena, r->row_room,
                               &batch->bufs, err));
    }
    r->batch = batch;
    r->ordinals = NULL;
    r->rows = r->records = 0;
    r->d.arena = batch->arena;
    r->d.bufs = &batch->bufs;
    r->d.buffer = r->d.buffer_off = 0;
    r->d.space = (struct json_space){0};
    r->d.space_bytes_next = 0;
    r->d.status = MR_OK;
    mr_text_reset(&r->bad);
    return MR_OK;
}

static void batch_end(struct mr_json_reader *r)
{
    for (uint32_t i = 0; i < r->root.child_count; i++)
        json_node_seal(&r->root.children[i], r->rows);
    r->batch->rows = r->batch->sel_count = r->rows;
    r->batch->sel = NULL;
    r->batch->ordinals = r->ordinals;
}

/* start_mark: passes a byte order mark. False while too few bytes are there to tell. */
static bool start_mark(struct mr_json_reader *r)
{
    static const char mark[3] = "\xef\xbb\xbf";
    uint32_t bytes = MR_MIN(r->bytes, 3u);
    if (!r->is_at_start) return true;
    bool is_like = bytes > 0 && memcmp(r->text, mark, bytes) == 0;
    if (is_like && bytes < 3 && !r->is_last) return false;
    r->is_at_start = bytes == 0;
    if (is_like && bytes == 3) r->at = 3;
    return true;
}

static json_step reader_step(struct mr_json_reader *r)
{
    if (r->options.is_multi_line) return json_document_step(r);
    return r->options.line_sep[0] != '\0' ? json_separated_step(r) : json_lines_step(r);
}

mr_status mr_json_reader_decode(struct mr_json_reader *r, const char *text, size_t bytes,
                                bool is_last, struct mr_batch *batch, size_t *out_consumed,
                                struct mr_err *err)
{
    if (bytes >= UINT32_MAX / 2) {
        return mr_err_set(err, MR_E_LIMIT, 0, "JSON text is pushed in parts below 2 GiB");
    }
    r->text = text;
    r->bytes = (uint32_t)bytes;
    r->at = 0;
    r->is_last = is_last;
    r->err = err;
    MR_TRY(batch_begin(r, batch, err));
    json_window_begin(&r->window, text, r->bytes);
    json_step step = JSON_STEP_ON;
    if (start_mark(r)) {
        json_window_restart(&r->window, &r->d.cursor, r->at);
        bool unused;
        MR_TRY(json_window_extend(&r->window, &r->d.cursor, r->at, &unused, err));
        /* One row is left for a break that only the end of the input shows. */
        while (step == JSON_STEP_ON && r->rows + 1 < r->row_room && !json_bad_is_full(r)) {
            step = reader_step(r);
        }
        if (step == JSON_STEP_ON && r->at == r->bytes && is_last) step = reader_step(r);
    }
    if (step == JSON_STEP_ERROR) return r->d.status == MR_E_NOMEM ? nomem(err) : r->d.status;
    if (r->bad.is_failed) return nomem(err);
    batch_end(r);
    *out_consumed = r->at;
    return MR_OK;
}

uint32_t mr_json_reader_records(const struct mr_json_reader *r)
{
    return r->records;
}

const struct mr_json_counters *mr_json_reader_counters(const struct mr_json_reader *r)
{
    return &r->counters;
}

bool mr_json_reader_has_unknown(const struct mr_json_reader *r)
{
    return !json_shape_is_empty(&r->unknown);
}

mr_status mr_json_reader_unknown(const struct mr_json_reader *r, struct mr_arena *arena,
                                 const struct mr_type **out_type, struct mr_err *err)
{
    return json_shape_type(&r->unknown, arena, out_type, err);
}

bool mr_json_reader_has_misfits(const struct mr_json_reader *r)
{
    return !json_shape_is_empty(&r->misfits);
}

mr_status mr_json_reader_misfits(const struct mr_json_reader *r, struct mr_arena *arena,
                                 const struct mr_type **out_type, struct mr_err *err)
{
    return json_shape_type(&r->misfits, arena, out_type, err);
}

struct mr_span mr_json_reader_bad_records(const struct mr_json_reader *r)
{
    return mr_text_span(&r->bad);
}
