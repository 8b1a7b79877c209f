/* Records in lines: one JSON value, or an array of records, in each. */
#include <string.h>

#include "core/base/checked.h"
#include "core/format/json/json_reader_impl.h"

static const char *const too_long = "the record is longer than maxRecordBytes";
static const char *const not_utf8 = "the record is not UTF-8";

/* -- one line ------------------------------------------------------------------------------ */

static json_line line_failed(const struct mr_json_reader *r)
{
    return r->d.status == MR_OK ? JSON_LINE_BAD : JSON_LINE_ERROR;
}

/* line_close: behind the line's value only blanks and the newline follow. */
static bool line_close(struct json_cursor *c, uint32_t end)
{
    uint32_t at = json_blanks(c, end);
    if (c->pos[c->i] != at || c->text[at] != '\n') {
        (void)json_fail(c, at, "more text follows the record");
        return false;
    }
    c->i++;
    return true;
}

/* line_items: the items of the array at `p`; returns the offset behind it or JSON_FAIL. */
static uint32_t line_items(struct mr_json_reader *r, uint32_t p, json_line *out_line)
{
    struct json_cursor *c = &r->d.cursor;
    bool is_closed = false;
    uint32_t q = json_open(c, p);
    if (q == JSON_FAIL) return JSON_FAIL;
    if (json_close(c, q, ']')) return q + 1;
    for (uint32_t item = 0; !is_closed; item++) {
        uint32_t end;
        if (item < r->items_done) {
            end = json_skip(c, q, 1);
        } else {
            *out_line = JSON_LINE_FULL;
            if (r->rows == r->row_room || json_bad_is_full(r)) return JSON_FAIL;
            *out_line = JSON_LINE_BAD;
            end = json_row_value(r, q, 1);
            if (end == JSON_FAIL) return JSON_FAIL;
            struct mr_span record = {c->text + q, end - q};
            if (json_row_keep(r, record) == JSON_STEP_ERROR) return JSON_FAIL;
            r->items_done = item + 1;
        }
        if (end == JSON_FAIL) return JSON_FAIL;
        q = json_next(c, end, ']', &is_closed);
        if (q == JSON_FAIL) return JSON_FAIL;
    }
    return q;
}

json_line json_line_rows(struct mr_json_reader *r, uint32_t p, bool allow_items)
{
    struct json_cursor *c = &r->d.cursor;
    json_line line = JSON_LINE_BAD;
    if (allow_items && c->text[p] == '[') {
        uint32_t end = line_items(r, p, &line);
        if (end == JSON_FAIL) return line == JSON_LINE_FULL ? line : line_failed(r);
        return line_close(c, end) ? JSON_LINE_DONE : JSON_LINE_BAD;
    }
    uint32_t end = json_row_value(r, p, 0);
    if (end == JSON_FAIL) return line_failed(r);
    if (!line_close(c, end)) {
        json_row_undo(r);
        return JSON_LINE_BAD;
    }
    struct mr_span record = {c->text + p, end - p};
    return json_row_keep(r, record) == JSON_STEP_ERROR ? JSON_LINE_ERROR : JSON_LINE_DONE;
}

json_line json_side_rows(struct mr_json_reader *r, struct mr_span text, bool allow_items)
{
    struct json_decoder *d = &r->d;
    struct json_cursor saved = d->cursor;
    uint32_t buffer = d->buffer, buffer_off = d->buffer_off;
    bool is_more = true;
    char *copy = json_space_take(d, (uint32_t)text.bytes + 1);
    if (copy == NULL) return JSON_LINE_ERROR;
    memcpy(copy, text.text, text.bytes);
    copy[text.bytes] = '\n';
    d->buffer = d->space.buffer;
    d->buffer_off = (uint32_t)(copy - d->space.at);
    json_window_begin(&r->side, copy, (uint32_t)text.bytes + 1);
    d->cursor.i = 0;
    while (is_more) {
        d->cursor.i = 0;
        if (json_window_extend(&r->side, &d->cursor, 0, &is_more, r->err) == MR_OK) continue;
        d->status = MR_E_NOMEM;
        return JSON_LINE_ERROR;
    }
    uint32_t p = json_blanks(&d->cursor, 0);
    json_line line = p == text.bytes ? JSON_LINE_DONE : json_line_rows(r, p, allow_items);
    saved.reason = d->cursor.reason;
    saved.reason_at = d->cursor.reason_at;
    d->cursor = saved;
    d->buffer = buffer;
    d->buffer_off = buffer_off;
    return line;
}

json_step json_restart(struct mr_json_reader *r)
{
    bool unused;
    struct json_cursor *c = &r->d.cursor;
    json_window_restart(&r->window, c, r->at);
    if (json_window_extend(&r->window, c, r->at, &unused, r->err) != MR_OK) return json_nomem(r);
    return JSON_STEP_ON;
}

/* -- lines that are not plain -------------------------------------------------------------- */

/* text_rows: a record's text through the side window, rewritten from lenient JSON if need be.
 * `is_strict_done`: the strict way was tried and failed. */
static json_line text_rows(struct mr_json_reader *r, struct mr_span text, bool is_strict_done)
{
    bool has_newline = memchr(text.text, '\n', text.bytes) != NULL;
    json_line line = JSON_LINE_BAD;
    if (!is_strict_done && !has_newline) {
        line = json_side_rows(r, text, true);
        if (line != JSON_LINE_BAD) return line;
    }
    if (!has_newline && !json_lenient_is_on(&r->options)) return line;
    size_t used = json_lenient_rewrite(&r->options, text, &r->strict);
    if (r->strict.is_failed) return json_nomem(r) == JSON_STEP_ERROR ? JSON_LINE_ERROR : line;
    struct mr_span rest = {text.text + used, text.bytes - used};
    if (used == 0 || json_lenient_blanks(&r->options, rest, true) != rest.bytes) return line;
    return json_side_rows(r, mr_text_span(&r->strict), true);
}

/* record_end: the record [r->at, end) came to `line`; the next one starts at `next`. */
static json_step record_end(struct mr_json_reader *r, json_line line, uint32_t end, uint32_t next,
                            const char *reason, uint32_t reason_at)
{
    if (line == JSON_LINE_ERROR) return JSON_STEP_ERROR;
    if (line == JSON_LINE_FULL || (line == JSON_LINE_BAD && r->rows == r->row_room)) {
        return JSON_STEP_WAIT;
    }
    json_step step = JSON_STEP_ON;
    if (line == JSON_LINE_BAD) {
        struct mr_span record =
            reason == too_long ? json_span_prefix(r, r->at) : json_span(r, r->at, end);
        step = json_row_malformed(r, record, reason_at, reason);
    }
    r->items_done = 0;
    r->at = next;
    return step;
}

/* copied_record: the record [r->at, end), which the main index does not help with. */
static json_step copied_record(struct mr_json_reader *r, uint32_t end, uint32_t next,
                               bool is_strict_done)
{
    struct mr_span text = json_span(r, r->at, end);
    const char *reason = r->d.cursor.reason;
    uint32_t reason_at = r->d.cursor.reason_at;
    json_line line = JSON_LINE_BAD;
    if (text.bytes > r->options.record_bytes_max) {
        reason = too_long;
        reason_at = r->at;
    } else if (!r->window.kernels->utf8_check(text.text, text.bytes)) {
        reason = not_utf8;
        reason_at = r->at;
    } else {
        line = text_rows(r, text, is_strict_done);
        if (!is_strict_done) {
            reason = r->d.cursor.reason;
            reason_at = r->at + r->d.cursor.reason_at;
        }
    }
    return record_end(r, line, end, next, reason, reason_at);
}

/* record_too_long: more than the limit without an end: the rest of it is passed over. */
static json_step record_too_long(struct mr_json_reader *r)
{
    json_step step = json_row_malformed(r, json_span_prefix(r, r->at), r->at, too_long);
    r->counters.documents++;
    r->phase = JSON_SKIP;
    r->items_done = 0;
    return step;
}

/* line_broken: the line [r->at, end) is not strict JSON. A carriage return inside ends a record
 * as well: no valid one contains it but as a blank. */
static json_step line_broken(struct mr_json_reader *r, uint32_t end)
{
    const char *from = r->text + r->at;
    const char *cr = memchr(from, '\r', end - r->at);
    uint32_t cr_at = cr == NULL ? end : (uint32_t)(cr - r->text);
    if (cr_at + 1 >= end) return copied_record(r, cr_at, end + 1, true);
    json_step step = copied_record(r, cr_at, cr_at + 1, false);
    return step == JSON_STEP_ON ? json_restart(r) : step;
}

/* -- steps --------------------------------------------------------------------------------- */

static uint32_t line_end(const struct json_cursor *c)
{
    uint32_t i = c->i;
    while (c->text[c->pos[i]] != '\n') i++;
    return i;
}

/* line_is_whole: whether the line at r->at ends in the text; indexes as far as needed. */
static bool line_is_whole(struct mr_json_reader *r, json_step *out_step)
{
    struct json_cursor *c = &r->d.cursor;
    bool is_more = true;
    *out_step = JSON_STEP_ON;
    while (c->i >= r->window.line_count && is_more) {
        if (json_window_extend(&r->window, c, r->at, &is_more, r->err) == MR_OK) continue;
        *out_step = json_nomem(r);
        return false;
    }
    return c->i < r->window.line_count;
}

/* unfinished_end: where the first record of the text's last line, which has no newline, ends. */
static uint32_t unfinished_end(const struct mr_json_reader *r)
{
    const char *from = r->text + r->at;
    const char *cr = memchr(from, '\r', r->bytes - r->at);
    return cr == NULL ? r->bytes : (uint32_t)(cr - r->text);
}

static json_step line_unfinished(struct mr_json_reader *r)
{
    uint32_t left = r->bytes - r->at;
    /* However the text was cut: a carriage return in a line this long ends nothing. */
    if (left > r->options.record_bytes_max) return record_too_long(r);
    if (r->is_last) {
        if (left == 0) return JSON_STEP_WAIT;
        uint32_t before = r->records, end = unfinished_end(r);
        json_step step = copied_record(r, end, MR_MIN(end + 1, r->bytes), false);
        r->counters.documents += r->records > before && step != JSON_STEP_WAIT;
        return step;
    }
    return JSON_STEP_WAIT;
}

static json_step line_skip(struct mr_json_reader *r, const char *end, uint32_t end_bytes)
{
    if (end == NULL) {
        r->at = r->bytes;
        return JSON_STEP_WAIT;
    }
    r->at = (uint32_t)(end - r->text) + end_bytes;
    r->phase = JSON_START;
    return json_restart(r);
}

/* line_check: what must hold of the whole line before it is parsed; the reason when it does not. */
static const char *line_check(struct mr_json_reader *r)
{
    struct json_cursor *c = &r->d.cursor;
    uint32_t last = c->pos[r->window.line_count - 1];
    bool is_suspect = last - r->at > r->options.record_bytes_max;
    bool is_wide = r->window.state.wide != 0 && r->window.utf8_to < last;
    if (!is_suspect && !is_wide) return NULL;
    uint32_t end = c->pos[line_end(c)];
    if (end - r->at > r->options.record_bytes_max) return too_long;
    return json_window_utf8(&r->window, r->at, end) ? NULL : not_utf8;
}

/* lane_takes: records from r->at on by the fast lane, as far as it gets. True when the batch has
 * come further or is full; else the line at r->at is the cursor's. */
static bool lane_takes(struct mr_json_reader *r)
{
    if (r->items_done > 0) return false;
    if (r->probe.is_on && !json_probe_renew(r)) return false;
    if (!r->lane.is_on) return false;
    return json_window_utf8_lines(&r->window, r->at) && !json_lane_run(r);
}

json_step json_lines_step(struct mr_json_reader *r)
{
    struct json_cursor *c = &r->d.cursor;
    json_step step;
    if (r->phase == JSON_SKIP) {
        return line_skip(r, memchr(r->text + r->at, '\n', r->bytes - r->at), 1);
    }
    if (!line_is_whole(r, &step)) return step == JSON_STEP_ON ? line_unfinished(r) : step;
    if (lane_takes(r)) return JSON_STEP_ON;
    if (r->d.status != MR_OK) return JSON_STEP_ERROR;
    uint32_t p = json_blanks(c, r->at), first = c->i;
    if (c->text[p] == '\n') {
        c->i++;
        r->at = p + 1;
        return JSON_STEP_ON;
    }
    const char *reason = line_check(r);
    r->counters.documents += r->items_done == 0;
    json_line line = reason == NULL ? json_line_rows(r, p, true) : JSON_LINE_BAD;
    if (line == JSON_LINE_DONE) {
        r->at = c->pos[c->i - 1] + 1;
        r->items_done = 0;
        return JSON_STEP_ON;
    }
    if (line != JSON_LINE_BAD) return line == JSON_LINE_FULL ? JSON_STEP_WAIT : JSON_STEP_ERROR;
    c->i = first;
    uint32_t last = line_end(c), end = c->pos[last];
    c->i = last + 1;
    if (reason == NULL) return line_broken(r, end);
    struct mr_span record =
        reason == too_long ? json_span_prefix(r, r->at) : json_span(r, r->at, end);
    step = json_row_malformed(r, record, r->at, reason);
    r->items_done = 0;
    r->at = end + 1;
    return step;
}

json_step json_separated_step(struct mr_json_reader *r)
{
    struct mr_span sep = mr_span_of(r->options.line_sep);
    const char *end = memmem(r->text + r->at, r->bytes - r->at, sep.text, sep.bytes);
    if (r->phase == JSON_SKIP) {
        if (end == NULL && r->bytes - r->at >= sep.bytes)
            r->at = r->bytes - (uint32_t)sep.bytes + 1;
        if (end == NULL && !r->is_last) return JSON_STEP_WAIT;
        return line_skip(r, end, (uint32_t)sep.bytes);
    }
    if (end == NULL && !r->is_last) {
        bool is_over = r->bytes - r->at > r->options.record_bytes_max;
        return is_over ? record_too_long(r) : JSON_STEP_WAIT;
    }
    if (r->at == r->bytes) return JSON_STEP_WAIT;
    uint32_t stop = end == NULL ? r->bytes : (uint32_t)(end - r->text);
    uint32_t next = end == NULL ? r->bytes : stop + (uint32_t)sep.bytes;
    uint32_t before = r->records;
    json_step step = copied_record(r, stop, next, false);
    r->counters.documents += r->records > before && step != JSON_STEP_WAIT;
    return step;
}
