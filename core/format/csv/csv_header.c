/* Which of a file's columns is which of the schema's. */
#include <string.h>

#include "core/base/checked.h"
#include "core/format/csv/csv_reader_impl.h"

enum {
    CODE_HEADER = 2316,
    SLOT_BYTES_MAX = 16 << 20, /* of all columns; more columns get batches of fewer rows */
    ROWS_MIN = 16,
};

/* slots_make: room for the rows of a batch of `count` columns. */
static csv_step slots_make(struct mr_csv_reader *r, uint32_t count)
{
    uint32_t fitting = SLOT_BYTES_MAX / (uint32_t)sizeof(struct csv_slot) / MR_MAX(count, 1u);
    uint32_t rows = MR_MAX(MR_MIN(fitting, r->row_room), (uint32_t)ROWS_MIN);
    size_t bytes = (size_t)rows * MR_MAX(count, 1u) * sizeof(struct csv_slot);
    if (bytes > r->slot_bytes) {
        mr_heap_give(r->heap, r->slots, r->slot_bytes);
        r->slot_bytes = 0;
        r->slots = mr_heap_take(r->heap, bytes);
        if (r->slots == NULL) return csv_nomem(r);
        r->slot_bytes = bytes;
    }
    r->slot_room = rows;
    r->row_room = MR_MIN(r->row_room, rows);
    return CSV_STEP_ON;
}

/* -- unknown columns ----------------------------------------------------------------------- */

/* unknown_add: the column's entry among those the schema lacks. False when out of memory. */
static bool unknown_add(struct mr_csv_reader *r, struct csv_column *column)
{
    column->unknown = -1;
    if (!r->wants_unknown) return true;
    for (uint32_t i = 0; i < r->unknown_count; i++) {
        if (!mr_span_ieq(r->unknown[i].name, column->name)) continue;
        column->unknown = (int32_t)i;
        return true;
    }
    if (r->unknown_count == r->unknown_max) return true;
    if (r->unknown_count == r->unknown_room) {
        uint32_t room = MR_MAX(r->unknown_room * 2, 16u);
        struct csv_unknown *grown =
            mr_heap_resize(r->heap, r->unknown, r->unknown_room * sizeof *grown,
                           room * sizeof *grown);
        if (grown == NULL) return false;
        r->unknown = grown;
        r->unknown_room = room;
    }
    char *name = mr_arena_copy(&r->arena, column->name);
    if (name == NULL) return false;
    column->unknown = (int32_t)r->unknown_count;
    r->unknown[r->unknown_count++] =
        (struct csv_unknown){.name = {name, column->name.bytes}, .type = {.id = MR_TYPE_VOID}};
    return true;
}

/* -- by name ------------------------------------------------------------------------------- */

static int32_t member_find(const struct mr_csv_reader *r, struct mr_span name, bool is_exact)
{
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        if (r->members[m].is_own || r->members[m].column >= 0) continue;
        bool is_same = is_exact ? mr_span_eq(name, r->members[m].name)
                                : mr_span_ieq(name, r->members[m].name);
        if (is_same) return (int32_t)m;
    }
    return -1;
}

/* Columns that are spelled as in the schema come first. */
static csv_step match_names(struct mr_csv_reader *r)
{
    for (uint32_t c = 0; c < r->column_count; c++) {
        int32_t m = member_find(r, r->columns[c].name, true);
        r->columns[c].member = m;
        if (m >= 0) r->members[m].column = (int32_t)c;
    }
    for (uint32_t c = 0; c < r->column_count; c++) {
        struct csv_column *column = &r->columns[c];
        if (column->member >= 0) continue;
        int32_t m = member_find(r, column->name, false);
        if (m >= 0 && !r->options.is_case_sensitive) {
            column->member = m;
            r->members[m].column = (int32_t)c;
            continue;
        }
        r->has_unmatched = true;
        bool is_known = mr_type_find(r->schema, column->name, false) >= 0;
        if (!is_known && !unknown_add(r, column)) return csv_nomem(r);
    }
    return CSV_STEP_ON;
}

/* Column i is data member i, whatever it is called. */
static void match_places(struct mr_csv_reader *r)
{
    uint32_t c = 0;
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        if (r->members[m].is_own) continue;
        if (c == r->column_count) break;
        r->columns[c].name = r->members[m].name;
        r->columns[c].member = (int32_t)m;
        r->members[m].column = (int32_t)c++;
    }
    r->has_unmatched = c < r->column_count;
}

/* -- names --------------------------------------------------------------------------------- */

static bool name_number(struct mr_csv_reader *r, struct csv_column *column, struct mr_span base,
                        uint32_t number)
{
    const char *text =
        mr_arena_format(&r->file_arena, "%.*s%u", (int)base.bytes, base.text, number);
    if (text == NULL) return false;
    column->name = mr_span_of(text);
    return true;
}

static bool name_is_double(const struct mr_csv_reader *r, const struct mr_span *names, uint32_t at)
{
    for (uint32_t i = 0; i < r->column_count; i++) {
        if (i != at && names[i].text != NULL && mr_span_ieq(names[i], names[at])) return true;
    }
    return false;
}

static bool name_take(struct mr_csv_reader *r, struct mr_span text, struct mr_span *out_name)
{
    struct mr_text clean;
    *out_name = (struct mr_span){NULL, 0};
    if (text.text == NULL || text.bytes == 0) return true;
    mr_text_init(&clean, r->heap);
    csv_clean(&clean, text);
    struct mr_span all = mr_text_span(&clean);
    char *name = clean.is_failed ? NULL : mr_arena_copy(&r->file_arena, all);
    if (name != NULL) *out_name = (struct mr_span){name, all.bytes};
    mr_text_fini(&clean);
    return name != NULL;
}

/* The names of the cutter's values, as Spark makes them safe: nameless ones are _c<place>, those
 * that are there twice get their place behind them. */
static csv_step names_take(struct mr_csv_reader *r)
{
    const struct csv_cutter *c = &r->cutter;
    struct mr_span *names = MR_ARENA_ARRAY(&r->file_arena, struct mr_span, c->count + 1u);
    if (names == NULL) return csv_nomem(r);
    for (uint32_t i = 0; i < c->count; i++) {
        struct mr_span text = csv_slot_span(c, r->text, &c->slots[i]);
        if (mr_span_eq(text, r->null_text)) text.bytes = 0;
        if (!name_take(r, text, &names[i])) return csv_nomem(r);
    }
    for (uint32_t i = 0; i < c->count; i++) {
        bool is_named = true;
        r->columns[i].name = names[i];
        if (names[i].text == NULL) {
            is_named = name_number(r, &r->columns[i], MR_SPAN("_c"), i);
        } else if (name_is_double(r, names, i)) {
            is_named = name_number(r, &r->columns[i], names[i], i);
        }
        if (!is_named) return csv_nomem(r);
    }
    return CSV_STEP_ON;
}

static csv_step columns_make(struct mr_csv_reader *r, uint32_t count)
{
    csv_step step = slots_make(r, count);
    if (step != CSV_STEP_ON) return step;
    mr_arena_reset(&r->file_arena);
    r->columns = MR_ARENA_ARRAY(&r->file_arena, struct csv_column, count + 1u);
    if (r->columns == NULL) return csv_nomem(r);
    for (uint32_t i = 0; i < count; i++) {
        r->columns[i] = (struct csv_column){.member = -1, .unknown = -1};
    }
    for (uint32_t m = 0; m < r->schema->field_count; m++) r->members[m].column = -1;
    r->column_count = count;
    r->has_unmatched = false;
    r->phase = CSV_RECORDS;
    return CSV_STEP_ON;
}

/* enforceSchema => false: the header has to be the schema's. */
static csv_step header_check(struct mr_csv_reader *r)
{
    uint32_t c = 0;
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        if (r->members[m].is_own) continue;
        struct mr_span name = c < r->column_count ? r->columns[c].name : MR_SPAN("");
        if (!mr_span_ieq(name, r->members[m].name)) {
            return csv_fail(r, MR_E_SCHEMA, CODE_HEADER, r->at,
                            "column %u of the header is \"%.*s\", the schema has \"%.*s\"", c + 1,
                            (int)name.bytes, name.text, (int)r->members[m].name.bytes,
                            r->members[m].name.text);
        }
        c++;
    }
    if (c == r->column_count) return CSV_STEP_ON;
    return csv_fail(r, MR_E_SCHEMA, CODE_HEADER, r->at,
                    "the header has %u columns, the schema has %u", r->column_count, c);
}

csv_step csv_header_take(struct mr_csv_reader *r)
{
    bool goes_by_place = r->options.is_enforce_set;
    csv_step step = columns_make(r, r->cutter.count);
    if (step == CSV_STEP_ON) step = names_take(r);
    if (step != CSV_STEP_ON) return step;
    if (!goes_by_place) return match_names(r);
    if (!r->options.enforces_schema) {
        step = header_check(r);
        if (step != CSV_STEP_ON) return step;
    }
    match_places(r);
    return CSV_STEP_ON;
}

csv_step csv_header_make(struct mr_csv_reader *r)
{
    /* A first record that is malformed has no values, and the schema's width is the best guess. */
    bool goes_by_record = r->is_numbered && r->cutter.count > 0;
    uint32_t count = goes_by_record ? r->cutter.count : r->data_count;
    csv_step step = columns_make(r, count);
    if (step != CSV_STEP_ON) return step;
    for (uint32_t i = 0; i < count; i++) {
        if (!name_number(r, &r->columns[i], MR_SPAN("_c"), i)) return csv_nomem(r);
    }
    if (r->is_numbered) return match_names(r);
    match_places(r);
    return CSV_STEP_ON;
}
