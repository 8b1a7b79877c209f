/* Rows that are not just their values: by the parser mode, what becomes of them. */
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/csv/csv_reader_impl.h"
#include "kernels/json/json_index.h"

enum { CODE_MALFORMED = 2313, CODE_MISFIT = 2314, SHOWN_BYTES = 120 };

static const char misfit_reason[] = "a value does not fit its column";
static const char count_reason[] = "the record has fewer or more values than there are columns";

/* -- texts that are written ---------------------------------------------------------------- */

void csv_clean(struct mr_text *out, struct mr_span text)
{
    for (size_t at = 0; at < text.bytes;) {
        size_t bytes = 1, room = MR_MIN(text.bytes - at, (size_t)4);
        while (bytes <= room && !mr_utf8_check_ref(text.text + at, bytes)) bytes++;
        if (bytes <= room) {
            mr_text_add(out, text.text + at, bytes);
            at += bytes;
        } else {
            mr_text_adds(out, "\xef\xbf\xbd");
            at++;
        }
    }
}

bool csv_build(struct mr_csv_reader *r, uint32_t member, uint32_t row, struct mr_span text)
{
    uint32_t at = (uint32_t)r->built.used;
    if (r->built_count == r->built_room) {
        uint32_t room = MR_MAX(r->built_room * 2, 64u);
        struct csv_built *grown = mr_heap_resize(r->heap, r->builts,
                                                 r->built_room * sizeof *grown,
                                                 room * sizeof *grown);
        if (grown == NULL) {
            (void)csv_nomem(r);
            return false;
        }
        r->builts = grown;
        r->built_room = room;
    }
    csv_clean(&r->built, text);
    if (r->built.is_failed) {
        (void)csv_nomem(r);
        return false;
    }
    r->builts[r->built_count++] =
        (struct csv_built){member, row, at, (uint32_t)r->built.used - at};
    return true;
}

/* -- rescued data -------------------------------------------------------------------------- */

static void rescue_add(struct mr_csv_reader *r, struct mr_span name, struct mr_span value)
{
    mr_text_addc(&r->rescue, r->rescue.used == 0 ? '{' : ',');
    mr_text_add_json(&r->rescue, name);
    mr_text_addc(&r->rescue, ':');
    mr_text_add_json(&r->rescue, value);
}

/* Values that have no column in the record's row, and those that do not fit theirs. */
static void rescue_columns(struct mr_csv_reader *r, uint32_t row)
{
    for (uint32_t c = 0; c < r->column_count; c++) {
        const struct csv_column *column = &r->columns[c];
        struct mr_span text = csv_slot_text(r, &csv_slots_of(r, c)[row]);
        if (text.text == NULL) continue;
        bool is_there = column->member >= 0 &&
                        !mr_vec_is_null(&r->batch->cols[column->member], row);
        if (!is_there) rescue_add(r, column->name, text);
    }
}

/* Values behind the last column: the record is cut once more, for them. */
static bool rescue_surplus(struct mr_csv_reader *r, uint32_t row)
{
    struct csv_cutter *c = &r->cutter;
    mr_text_reset(&c->space);
    uint32_t start = r->starts[row], end = r->ends[row];
    csv_cut cut = r->options.is_multi_line
                      ? csv_cut_document(c, r->text, start, end, r->line_end, true)
                      : csv_cut_line(c, r->text, start, end);
    if (cut == CSV_CUT_NOMEM) return false;
    for (uint32_t i = r->column_count; cut == CSV_CUT_DONE && i < c->count; i++) {
        char name[16];
        if (c->slots[i].flags == 0 || c->slots[i].flags == CSV_SLOT_EMPTY) continue;
        (void)snprintf(name, sizeof name, "_c%u", i);
        rescue_add(r, mr_span_of(name), csv_slot_span(c, r->text, &c->slots[i]));
    }
    return true;
}

static bool rescue_row(struct mr_csv_reader *r, uint32_t row, struct mr_span record)
{
    uint8_t fate = r->fates[row];
    mr_text_reset(&r->rescue);
    if ((fate & CSV_FATE_BAD) != 0) {
        rescue_add(r, mr_span_of(r->options.corrupt_column), record);
    } else {
        rescue_columns(r, row);
        if ((fate & CSV_FATE_COUNT) != 0 && !rescue_surplus(r, row)) return false;
    }
    if (r->rescue.used == 0) return !r->rescue.is_failed;
    if (r->options.keeps_file_path) {
        rescue_add(r, MR_SPAN("_file_path"), mr_text_span(&r->file_path));
    }
    mr_text_addc(&r->rescue, '}');
    if (r->rescue.is_failed) return false;
    r->counters.rescued++;
    return csv_build(r, (uint32_t)r->rescued, row, mr_text_span(&r->rescue));
}

/* -- the row's fate ------------------------------------------------------------------------ */

/* What misfits have as types, for a schema that may widen. */
static void collect_misfits(struct mr_csv_reader *r, uint32_t row)
{
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        struct csv_member *member = &r->members[m];
        if (member->column < 0 || member->is_own || member->is_skipped) continue;
        struct mr_span text =
            csv_slot_text(r, &csv_slots_of(r, (uint32_t)member->column)[row]);
        if (text.text == NULL || !mr_vec_is_null(&r->batch->cols[m], row)) continue;
        struct csv_guesser guesser = {&r->options, true};
        csv_guess_add(&guesser, &member->misfit, text);
    }
}

static csv_step row_refuse(struct mr_csv_reader *r, uint32_t row, uint32_t code,
                           struct mr_span record, const char *reason)
{
    csv_step step = csv_fail(r, MR_E_CORRUPT, code, r->starts[row], "%s in the CSV record %.*s%s",
                             reason, (int)MR_MIN(record.bytes, (size_t)SHOWN_BYTES), record.text,
                             record.bytes > SHOWN_BYTES ? "..." : "");
    mr_err_help(r->err, "mode PERMISSIVE keeps such records aside and goes on");
    return step;
}

static void bad_put(struct mr_csv_reader *r, struct mr_span record, const char *reason)
{
    mr_text_adds(&r->bad, "{\"path\":");
    mr_text_add_json(&r->bad, mr_text_span(&r->file_path));
    mr_text_adds(&r->bad, ",\"reason\":");
    mr_text_add_json(&r->bad, mr_span_of(reason));
    mr_text_adds(&r->bad, ",\"record\":");
    mr_text_add_json(&r->bad, record);
    mr_text_adds(&r->bad, "}\n");
}

/* row_judge: *out_is_kept says whether the row stays. */
static csv_step row_judge(struct mr_csv_reader *r, uint32_t row, bool *out_is_kept)
{
    uint8_t fate = r->fates[row];
    struct mr_span record = {r->text + r->starts[row], r->ends[row] - r->starts[row]};
    bool is_malformed = (fate & (CSV_FATE_COUNT | CSV_FATE_BAD)) != 0;
    bool is_misfit = (fate & CSV_FATE_MISFIT) != 0 && !r->is_rescuing;
    bool has_bad_path = r->options.bad_records_path[0] != '\0';
    const char *reason = (fate & CSV_FATE_BAD) != 0 ? r->reasons[row]
                         : is_malformed             ? count_reason
                                                    : misfit_reason;
    *out_is_kept = true;
    if (is_malformed || is_misfit) {
        if (r->options.mode == MR_CSV_FAILFAST && !has_bad_path) {
            return row_refuse(r, row, is_malformed ? CODE_MALFORMED : CODE_MISFIT, record, reason);
        }
        r->counters.malformed += is_malformed;
        r->counters.misfits += is_misfit && !is_malformed;
        *out_is_kept = !has_bad_path && r->options.mode != MR_CSV_DROPMALFORMED;
    }
    if ((fate & CSV_FATE_MISFIT) != 0) collect_misfits(r, row);
    if (has_bad_path && !*out_is_kept) bad_put(r, record, reason);
    if (!*out_is_kept) return CSV_STEP_ON;
    if ((is_malformed || is_misfit) && r->corrupt >= 0 &&
        !csv_build(r, (uint32_t)r->corrupt, row, record)) {
        return CSV_STEP_ERROR;
    }
    if (r->is_rescuing && !rescue_row(r, row, record)) return csv_nomem(r);
    return r->status == MR_OK ? CSV_STEP_ON : CSV_STEP_ERROR;
}

csv_step csv_rows_judge(struct mr_csv_reader *r)
{
    uint32_t *sel = NULL, kept = 0;
    for (uint32_t row = 0; row < r->rows; row++) {
        bool is_kept = true;
        if (r->fates[row] != 0) {
            csv_step step = row_judge(r, row, &is_kept);
            if (step != CSV_STEP_ON) return step;
        }
        if (!is_kept && sel == NULL) {
            sel = MR_ARENA_ARRAY(r->batch->arena, uint32_t, r->rows);
            if (sel == NULL) return csv_nomem(r);
            for (uint32_t i = 0; i < kept; i++) sel[i] = i;
        }
        if (!is_kept) continue;
        if (sel != NULL) sel[kept] = row;
        kept++;
    }
    r->batch->sel = sel;
    r->batch->sel_count = kept;
    r->counters.dropped += r->rows - kept;
    return CSV_STEP_ON;
}
