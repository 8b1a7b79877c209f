/* Rows: what becomes of a record by the parser mode, and what is written beside its values. */
#include "core/base/checked.h"
#include "core/format/json/json_reader_impl.h"

enum { CODE_MALFORMED = 2303, CODE_MISFIT = 2304, SHOWN_BYTES = 120 };

static const char misfit_reason[] = "a value does not fit its column";

struct mr_span json_span_prefix(const struct mr_json_reader *r, uint32_t from)
{
    return json_span(r, from, from + MR_MIN(r->bytes - from, (uint32_t)JSON_PREFIX_BYTES));
}

void json_row_undo(struct mr_json_reader *r)
{
    for (uint32_t i = 0; i < r->root.child_count; i++) {
        json_node_truncate(&r->root.children[i], r->rows, r->rows + 1);
    }
}

uint32_t json_row_value(struct mr_json_reader *r, uint32_t q, uint32_t depth)
{
    struct json_decoder *d = &r->d;
    uint32_t end;
    d->has_misfit = false;
    d->depth = depth;
    d->path_count = d->list_depth = 0;
    d->pendings.count = d->pendings.step_count = 0;
    json_rescue_begin(d);
    if (d->cursor.text[q] == '{') {
        end = json_decode_object(d, &r->root, r->rows, q);
    } else {
        end = json_skip(&d->cursor, q, depth);
        d->has_misfit = true;
        struct mr_span value = {d->cursor.text + q, end == JSON_FAIL ? 0 : end - q};
        if (end != JSON_FAIL && d->is_rescuing) {
            json_rescue_add(d, mr_span_of(r->options.corrupt_column), value);
        }
    }
    if (end == JSON_FAIL) json_row_undo(r);
    return end;
}

/* -- ordinals ------------------------------------------------------------------------------ */

/* row_drop: the record has no row; from now on the batch lists its rows' ordinals. */
static json_step row_drop(struct mr_json_reader *r)
{
    json_row_undo(r);
    if (r->ordinals == NULL) {
        r->ordinals = MR_ARENA_ARRAY(r->d.arena, uint32_t, r->row_room);
        if (r->ordinals == NULL) return json_nomem(r);
        for (uint32_t i = 0; i < r->rows; i++) r->ordinals[i] = i;
    }
    r->records++;
    r->counters.records++;
    r->counters.dropped++;
    return JSON_STEP_ON;
}

static void row_add(struct mr_json_reader *r)
{
    if (r->ordinals != NULL) r->ordinals[r->rows] = r->records;
    r->rows++;
    r->records++;
    r->counters.records++;
    r->counters.rows++;
}

/* -- columns of our own -------------------------------------------------------------------- */

/* text_clean: the text with U+FFFD for what is not UTF-8. */
static void text_clean(struct mr_text *out, struct mr_span text)
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

static bool corrupt_put(struct mr_json_reader *r, struct mr_span record)
{
    if (r->corrupt < 0) return true;
    struct json_node *node = &r->root.children[r->corrupt];
    if (mr_utf8_check_ref(record.text, record.bytes)) {
        return json_put_string(&r->d, node, r->rows, record);
    }
    struct mr_text clean;
    mr_text_init(&clean, r->heap);
    text_clean(&clean, record);
    bool is_put = !clean.is_failed && json_put_string(&r->d, node, r->rows, mr_text_span(&clean));
    mr_text_fini(&clean);
    return is_put;
}

bool json_row_rescued(struct mr_json_reader *r)
{
    if (r->rescued < 0 || !r->d.has_rescue) return true;
    json_rescue_end(&r->d, mr_text_span(&r->file_path));
    if (r->d.rescue.is_failed) return false;
    r->counters.rescued++;
    return json_put_string(&r->d, &r->root.children[r->rescued], r->rows,
                           mr_text_span(&r->d.rescue));
}

/* -- the record's fate --------------------------------------------------------------------- */

static json_step row_refuse(struct mr_json_reader *r, uint32_t code, struct mr_span record,
                            uint64_t at, const char *reason)
{
    r->d.status = mr_err_set(r->err, MR_E_CORRUPT, code, "%s in the JSON record %.*s%s", reason,
                             (int)MR_MIN(record.bytes, (size_t)SHOWN_BYTES), record.text,
                             record.bytes > SHOWN_BYTES ? "..." : "");
    mr_err_help(r->err, "mode PERMISSIVE keeps such records aside and goes on");
    mr_err_at(r->err, at);
    return JSON_STEP_ERROR;
}

/* bad_put: the record leaves by badRecordsPath, as one line. */
static json_step bad_put(struct mr_json_reader *r, struct mr_span record, const char *reason)
{
    mr_text_adds(&r->bad, "{\"path\":");
    mr_text_add_json(&r->bad, mr_text_span(&r->file_path));
    mr_text_adds(&r->bad, ",\"reason\":");
    mr_text_add_json(&r->bad, mr_span_of(reason));
    mr_text_adds(&r->bad, ",\"record\":");
    mr_text_add_json(&r->bad, record);
    mr_text_adds(&r->bad, "}\n");
    return row_drop(r);
}

static bool has_bad_path(const struct mr_json_reader *r)
{
    return r->options.bad_records_path[0] != '\0';
}

json_step json_row_keep(struct mr_json_reader *r, struct mr_span record)
{
    bool is_misfit = r->d.has_misfit && !r->d.is_rescuing;
    if (!json_pending_merge(&r->d)) return json_nomem(r);
    if (is_misfit && has_bad_path(r)) {
        r->counters.misfits++;
        return bad_put(r, record, misfit_reason);
    }
    if (is_misfit) {
        if (r->options.mode == MR_JSON_FAILFAST) {
            return row_refuse(r, CODE_MISFIT, record, r->at, misfit_reason);
        }
        r->counters.misfits++;
        if (r->options.mode == MR_JSON_DROPMALFORMED) return row_drop(r);
        if (!corrupt_put(r, record)) return json_nomem(r);
    }
    if (!json_row_rescued(r)) return json_nomem(r);
    row_add(r);
    return JSON_STEP_ON;
}

json_step json_row_malformed(struct mr_json_reader *r, struct mr_span record, uint32_t at,
                             const char *reason)
{
    if (r->options.mode == MR_JSON_FAILFAST && !has_bad_path(r)) {
        return row_refuse(r, CODE_MALFORMED, record, at, reason);
    }
    r->counters.malformed++;
    if (has_bad_path(r)) return bad_put(r, record, reason);
    if (r->options.mode == MR_JSON_DROPMALFORMED) return row_drop(r);
    if (!corrupt_put(r, record)) return json_nomem(r);
    json_rescue_begin(&r->d);
    r->d.path_count = 0;
    if (r->d.is_rescuing) {
        struct mr_text quoted;
        mr_text_init(&quoted, r->heap);
        mr_text_add_json(&quoted, record);
        json_rescue_add(&r->d, mr_span_of(r->options.corrupt_column), mr_text_span(&quoted));
        r->d.rescue.is_failed |= quoted.is_failed;
        mr_text_fini(&quoted);
    }
    if (!json_row_rescued(r)) return json_nomem(r);
    row_add(r);
    return JSON_STEP_ON;
}
