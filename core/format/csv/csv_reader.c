#include "core/format/csv/csv_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/csv/csv_reader_impl.h"
#include "kernels/json/json_index.h"

enum {
    CODE_SCHEMA = 2315,
    UNKNOWN_MAX = 10000,
    BATCH_BYTES = 64 << 20, /* of values; wider schemas get batches of fewer rows */
    BATCH_ROWS_MIN = 16,
};

static mr_status nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the CSV reader");
}

csv_step csv_nomem(struct mr_csv_reader *r)
{
    r->status = nomem(r->err);
    return CSV_STEP_ERROR;
}

csv_step csv_fail(struct mr_csv_reader *r, mr_status status, uint32_t code, uint32_t at,
                  const char *fmt, ...)
{
    char text[MR_ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    r->status = mr_err_set(r->err, status, code, "%s", text);
    mr_err_at(r->err, at);
    return CSV_STEP_ERROR;
}

/* -- open ---------------------------------------------------------------------------------- */

/* schema_take: the schema in the reader's arena, with the rescued column it may lack. */
static mr_status schema_take(struct mr_csv_reader *r, const struct mr_type *schema,
                             struct mr_err *err)
{
    struct mr_span rescued = mr_span_of(r->options.rescued_column);
    schema = mr_type_clone(&r->arena, schema);
    if (schema == NULL) return nomem(err);
    if (rescued.bytes > 0 && mr_type_find(schema, rescued, false) < 0) {
        struct mr_field *fields =
            MR_ARENA_ARRAY(&r->arena, struct mr_field, schema->field_count + 1);
        if (fields == NULL) return nomem(err);
        for (uint32_t i = 0; i < schema->field_count; i++) fields[i] = schema->fields[i];
        fields[schema->field_count] = (struct mr_field){
            .name = rescued, .type = mr_type_of(MR_TYPE_STRING), .is_nullable = true};
        schema = mr_type_struct(&r->arena, fields, schema->field_count + 1);
        if (schema == NULL) return nomem(err);
    }
    r->schema = schema;
    return MR_OK;
}

static mr_status own_column(struct mr_csv_reader *r, const char *name, int32_t *out_member,
                            struct mr_err *err)
{
    *out_member = name[0] == '\0' ? -1 : mr_type_find(r->schema, mr_span_of(name), false);
    if (*out_member < 0) return MR_OK;
    if (r->schema->fields[*out_member].type->id != MR_TYPE_STRING) {
        return mr_err_set(err, MR_E_TYPE, CODE_SCHEMA, "the column %s must be a STRING, not %s",
                          name, mr_type_name(r->schema->fields[*out_member].type->id));
    }
    r->members[*out_member].is_own = true;
    return MR_OK;
}

/* "_c" and a number, as columns are called that have no header. */
static bool is_number_name(struct mr_span name)
{
    if (name.bytes < 3 || name.text[0] != '_' || name.text[1] != 'c') return false;
    for (size_t i = 2; i < name.bytes; i++) {
        if (name.text[i] < '0' || name.text[i] > '9') return false;
    }
    return true;
}

static mr_status members_make(struct mr_csv_reader *r, struct mr_err *err)
{
    uint32_t count = r->schema->field_count;
    r->members = MR_ARENA_ARRAY(&r->arena, struct csv_member, count + 1u);
    if (r->members == NULL) return nomem(err);
    MR_TRY(own_column(r, r->options.corrupt_column, &r->corrupt, err));
    MR_TRY(own_column(r, r->options.rescued_column, &r->rescued, err));
    r->is_numbered = true;
    for (uint32_t m = 0; m < count; m++) {
        const struct mr_field *field = &r->schema->fields[m];
        if (mr_type_is_nested(field->type)) {
            mr_err_set(err, MR_E_TYPE, CODE_SCHEMA, "column %.*s: CSV has no values of type %s",
                       (int)field->name.bytes, field->name.text, mr_type_name(field->type->id));
            return MR_E_TYPE;
        }
        r->members[m].type = field->type;
        r->members[m].name = field->name;
        r->members[m].column = -1;
        r->members[m].misfit.id = MR_TYPE_VOID;
        if (r->members[m].is_own) continue;
        r->data_count++;
        r->is_numbered &= is_number_name(field->name);
    }
    return MR_OK;
}

static mr_status rows_make(struct mr_csv_reader *r, struct mr_err *err)
{
    r->walk.pos = mr_heap_take(r->heap, CSV_POS_ROOM * sizeof *r->walk.pos);
    r->starts = mr_heap_take(r->heap, MR_BATCH_ROWS_MAX * sizeof *r->starts);
    r->ends = mr_heap_take(r->heap, MR_BATCH_ROWS_MAX * sizeof *r->ends);
    r->fates = mr_heap_take(r->heap, MR_BATCH_ROWS_MAX);
    r->reasons = mr_heap_take(r->heap, MR_BATCH_ROWS_MAX * sizeof *r->reasons);
    bool is_whole = r->walk.pos != NULL && r->starts != NULL && r->ends != NULL &&
                    r->fates != NULL && r->reasons != NULL;
    return is_whole ? MR_OK : nomem(err);
}

static mr_status reader_init(struct mr_csv_reader *r, const struct mr_type *schema,
                             struct mr_err *err)
{
    MR_TRY(schema_take(r, schema, err));
    MR_TRY(members_make(r, err));
    MR_TRY(rows_make(r, err));
    r->is_rescuing = r->rescued >= 0;
    r->null_text = mr_span_of(r->options.null_value);
    r->empty_text = mr_span_of(r->options.empty_value);
    r->is_empty_null = mr_span_eq(r->null_text, r->empty_text);
    r->guesser = (struct csv_guesser){&r->options, r->options.infers_column_types};
    csv_walk_init(r);
    return MR_OK;
}

mr_status mr_csv_reader_open(struct mr_heap *heap, const struct mr_type *schema,
                             const struct mr_csv_options *options,
                             const struct mr_csv_kernels *kernels, const struct mr_zone *zone,
                             struct mr_csv_reader **out_reader, struct mr_err *err)
{
    MR_ASSERT(schema->id == MR_TYPE_STRUCT);
    struct mr_csv_reader *r = mr_heap_zeroed(heap, sizeof *r);
    if (r == NULL) return nomem(err);
    r->heap = heap;
    r->options = *options;
    r->kernels = kernels;
    r->zone = zone;
    r->corrupt = r->rescued = -1;
    r->wants_unknown = true;
    r->unknown_max = UNKNOWN_MAX;
    mr_arena_init(&r->arena, heap, 0);
    mr_arena_init(&r->file_arena, heap, 0);
    mr_text_init(&r->file_path, heap);
    mr_text_init(&r->built, heap);
    mr_text_init(&r->rescue, heap);
    mr_text_init(&r->bad, heap);
    csv_cutter_init(&r->cutter, heap, &r->options);
    mr_status status = reader_init(r, schema, err);
    if (status != MR_OK) {
        mr_csv_reader_close(r);
        return status;
    }
    *out_reader = r;
    return MR_OK;
}

void mr_csv_reader_close(struct mr_csv_reader *r)
{
    if (r == NULL) return;
    if (r->walk.pos != NULL) mr_heap_give(r->heap, r->walk.pos, CSV_POS_ROOM * sizeof *r->walk.pos);
    if (r->starts != NULL) mr_heap_give(r->heap, r->starts, MR_BATCH_ROWS_MAX * sizeof *r->starts);
    if (r->ends != NULL) mr_heap_give(r->heap, r->ends, MR_BATCH_ROWS_MAX * sizeof *r->ends);
    if (r->fates != NULL) mr_heap_give(r->heap, r->fates, MR_BATCH_ROWS_MAX);
    if (r->reasons != NULL) {
        mr_heap_give(r->heap, r->reasons, MR_BATCH_ROWS_MAX * sizeof *r->reasons);
    }
    mr_heap_give(r->heap, r->slots, r->slot_bytes);
    mr_heap_give(r->heap, r->unknown, r->unknown_room * sizeof *r->unknown);
    mr_heap_give(r->heap, r->builts, r->built_room * sizeof *r->builts);
    csv_cutter_fini(&r->cutter);
    mr_text_fini(&r->file_path);
    mr_text_fini(&r->built);
    mr_text_fini(&r->rescue);
    mr_text_fini(&r->bad);
    mr_arena_fini(&r->file_arena);
    mr_arena_fini(&r->arena);
    mr_heap_give(r->heap, r, sizeof *r);
}

void mr_csv_reader_want(struct mr_csv_reader *r, const bool *wanted, bool wants_unknown)
{
    r->wants_unknown = wants_unknown;
    if (wanted == NULL || r->is_rescuing) return;
    for (uint32_t m = 0; m < r->schema->field_count; m++) r->members[m].is_skipped = !wanted[m];
}

const struct mr_type *mr_csv_reader_schema(const struct mr_csv_reader *r)
{
    return r->schema;
}

mr_status mr_csv_reader_begin(struct mr_csv_reader *r, struct mr_span file_path,
                              struct mr_err *err)
{
    r->to_skip = r->options.skip_rows;
    r->phase = r->to_skip > 0 ? CSV_SKIP : CSV_HEADER;
    r->is_at_start = true;
    r->is_skipping = false;
    r->line_end = CSV_LINE_END_UNKNOWN;
    r->column_count = 0;
    r->slot_room = MR_BATCH_ROWS_MAX;
    mr_text_reset(&r->file_path);
    mr_text_add(&r->file_path, file_path.text, file_path.bytes);
    return mr_text_end(&r->file_path, err);
}

/* -- decode -------------------------------------------------------------------------------- */

static void decode_begin(struct mr_csv_reader *r)
{
    uint32_t fitting = BATCH_BYTES / (r->schema->field_count + 1) / sizeof(struct mr_view);
    r->row_room = MR_MAX(MR_MIN(fitting, (uint32_t)MR_BATCH_ROWS_MAX), (uint32_t)BATCH_ROWS_MIN);
    if (r->phase == CSV_RECORDS) r->row_room = MR_MIN(r->row_room, r->slot_room);
    r->at = r->rows = 0;
    r->status = MR_OK;
    r->walk.i = r->walk.count = r->walk.indexed = 0;
    r->walk.is_wide = r->has_fates = r->is_dirty = false;
    r->space = NULL;
    r->space_buffer = 0;
    r->built_count = 0;
    mr_text_reset(&r->cutter.space);
    mr_text_reset(&r->built);
    mr_text_reset(&r->bad);
}

/* start_mark: passes a byte order mark. False while too few bytes are there to tell. */
static bool start_mark(struct mr_csv_reader *r)
{
    static const char mark[3] = "\xef\xbb\xbf";
    uint32_t bytes = MR_MIN(r->bytes, 3u);
    if (!r->is_at_start) return true;
    bool is_like = bytes > 0 && memcmp(r->text, mark, bytes) == 0;
    if (is_like && bytes < 3 && !r->is_last) return false;
    r->is_at_start = bytes == 0;
    if (is_like && bytes == 3) r->at = r->walk.indexed = 3;
    return true;
}

/* The cutter's space and the texts that the reader wrote move into the batch's arena. */
static bool move_text(struct mr_csv_reader *r, const struct mr_text *text, uint32_t *out_buffer,
                      const char **out_at)
{
    if (text->used == 0) return true;
    *out_at = mr_arena_copy(r->batch->arena, mr_text_span(text));
    if (*out_at == NULL) return false;
    *out_buffer = mr_batch_add_buf(r->batch, *out_at);
    return true;
}

/* Whether inference looks at the n-th record: of any stretch of them the wanted share, evenly
 * spread, since multiples of the golden ratio fill the unit interval so. */
static bool is_sampled(const struct mr_csv_reader *r, uint64_t n)
{
    uint64_t place = n * UINT64_C(0x9e3779b97f4a7c15);
    return r->options.sampling_ratio >= 1 ||
           (double)(place >> 11) * 0x1p-53 < r->options.sampling_ratio;
}

/* Columns of the file that no member takes: their types, and whether a row has to be rescued. */
static void look_at_unmatched(struct mr_csv_reader *r)
{
    for (uint32_t c = 0; c < r->column_count; c++) {
        const struct csv_column *column = &r->columns[c];
        const struct csv_slot *slots = csv_slots_of(r, c);
        bool has_type = column->unknown >= 0;
        if (column->member >= 0 || (!has_type && !r->is_rescuing)) continue;
        for (uint32_t row = 0; row < r->rows; row++) {
            if (slots[row].flags == 0) continue;
            struct mr_span text = csv_slot_text(r, &slots[row]);
            if (text.text == NULL) continue;
            if (has_type && is_sampled(r, r->counters.records + row)) {
                csv_guess_add(&r->guesser, &r->unknown[column->unknown].type, text);
            }
            if (r->is_rescuing) r->fates[row] |= CSV_FATE_RESCUE;
            r->has_fates |= r->is_rescuing;
        }
    }
}

static mr_status convert_members(struct mr_csv_reader *r, struct mr_err *err)
{
    struct mr_batch *batch = r->batch;
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        struct csv_member *member = &r->members[m];
        MR_TRY(mr_vec_alloc(&batch->cols[m], batch->arena, member->type, r->rows,
                            member->type->id != MR_TYPE_VOID, &batch->bufs, err));
        bool has_values = member->column >= 0 && !member->is_own && !member->is_skipped &&
                          member->type->id != MR_TYPE_VOID;
        if (has_values) csv_convert(r, member, &batch->cols[m]);
        if (r->status != MR_OK) return r->status;
    }
    return MR_OK;
}

static mr_status put_built(struct mr_csv_reader *r, struct mr_err *err)
{
    const char *at = NULL;
    uint32_t buffer = 0;
    if (!move_text(r, &r->built, &buffer, &at)) return nomem(err);
    for (uint32_t i = 0; i < r->built_count; i++) {
        const struct csv_built *built = &r->builts[i];
        struct mr_vec *vec = &r->batch->cols[built->member];
        ((struct mr_view *)vec->values)[built->row] =
            mr_view_of(at + built->at, built->bytes, buffer, built->at);
        mr_bit_set(vec->validity, built->row);
    }
    return MR_OK;
}

/* Rows from slots. */
static mr_status batch_make(struct mr_csv_reader *r, struct mr_err *err)
{
    struct mr_batch *batch = r->batch;
    batch->rows = batch->sel_count = r->rows;
    batch->sel = NULL;
    batch->cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, MR_MAX(r->schema->field_count, 1u));
    if (batch->cols == NULL) return nomem(err);
    if (!move_text(r, &r->cutter.space, &r->space_buffer, &r->space)) return nomem(err);
    r->is_dirty = r->walk.is_wide && !mr_json_kernels(r->kernels->isa)->utf8_check(r->text, r->at);
    MR_TRY(convert_members(r, err));
    if (r->has_unmatched && r->rows > 0) look_at_unmatched(r);
    if (r->has_fates && csv_rows_judge(r) != CSV_STEP_ON) return r->status;
    if (r->bad.is_failed) return nomem(err);
    MR_TRY(put_built(r, err));
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        struct mr_vec *vec = &batch->cols[m];
        vec->null_count = vec->validity == NULL ? r->rows : mr_vec_nulls(vec->validity, r->rows);
    }
    r->counters.records += r->rows;
    r->counters.rows += batch->sel_count;
    return MR_OK;
}

mr_status mr_csv_reader_decode(struct mr_csv_reader *r, const char *text, size_t bytes,
                               bool is_last, struct mr_batch *batch, size_t *out_consumed,
                               struct mr_err *err)
{
    MR_ASSERT(batch->arena != NULL && batch->bufs.count == 0);
    if (bytes > CSV_SLOT_BYTES) {
        return mr_err_set(err, MR_E_LIMIT, 0, "CSV text is pushed in parts below 1 GiB");
    }
    r->text = text;
    r->bytes = (uint32_t)bytes;
    r->is_last = is_last;
    r->err = err;
    r->batch = batch;
    batch->schema = r->schema;
    (void)mr_batch_add_buf(batch, text);
    decode_begin(r);
    csv_step step = start_mark(r) ? csv_walk(r) : CSV_STEP_MORE;
    if (step == CSV_STEP_ERROR) return r->status;
    MR_TRY(batch_make(r, err));
    *out_consumed = r->at;
    return MR_OK;
}

uint32_t mr_csv_reader_records(const struct mr_csv_reader *r)
{
    return r->rows;
}

const struct mr_csv_counters *mr_csv_reader_counters(const struct mr_csv_reader *r)
{
    return &r->counters;
}

/* -- what the schema lacks ----------------------------------------------------------------- */

bool mr_csv_reader_has_unknown(const struct mr_csv_reader *r)
{
    return r->unknown_count > 0;
}

mr_status mr_csv_reader_unknown(const struct mr_csv_reader *r, struct mr_arena *arena,
                                const struct mr_type **out_type, struct mr_err *err)
{
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, r->unknown_count + 1u);
    if (fields == NULL) return nomem(err);
    for (uint32_t i = 0; i < r->unknown_count; i++) {
        const char *name = mr_arena_copy(arena, r->unknown[i].name);
        fields[i] = (struct mr_field){.name = {name, r->unknown[i].name.bytes},
                                      .type = csv_guess_type(arena, r->unknown[i].type),
                                      .is_nullable = true};
        if (name == NULL || fields[i].type == NULL) return nomem(err);
    }
    *out_type = mr_type_struct(arena, fields, r->unknown_count);
    return *out_type == NULL ? nomem(err) : MR_OK;
}

bool mr_csv_reader_has_misfits(const struct mr_csv_reader *r)
{
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        if (r->members[m].misfit.id != MR_TYPE_VOID) return true;
    }
    return false;
}

mr_status mr_csv_reader_misfits(const struct mr_csv_reader *r, struct mr_arena *arena,
                                const struct mr_type **out_type, struct mr_err *err)
{
    uint32_t count = 0;
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, r->schema->field_count + 1u);
    if (fields == NULL) return nomem(err);
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        if (r->members[m].misfit.id == MR_TYPE_VOID) continue;
        const char *name = mr_arena_copy(arena, r->members[m].name);
        fields[count] = (struct mr_field){.name = {name, r->members[m].name.bytes},
                                          .type = csv_guess_type(arena, r->members[m].misfit),
                                          .is_nullable = true};
        if (name == NULL || fields[count++].type == NULL) return nomem(err);
    }
    *out_type = mr_type_struct(arena, fields, count);
    return *out_type == NULL ? nomem(err) : MR_OK;
}

struct mr_span mr_csv_reader_bad_records(const struct mr_csv_reader *r)
{
    return mr_text_span(&r->bad);
}
