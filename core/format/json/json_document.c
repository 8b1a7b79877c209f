/* Records in documents (multiLine): the document itself or the items of its array, which stream. */
#include "core/base/checked.h"
#include "core/format/json/json_reader_impl.h"

static const char *const too_long = "the record is longer than maxRecordBytes";

/* A value's place, found by counting brackets in the index before it is parsed. */
struct extent {
    bool is_known;
    uint32_t end;    /* behind a container's bracket; a scalar's terminator */
    uint32_t next_i; /* the terminator behind it */
};

static bool is_container(char c)
{
    return c == '{' || c == '[';
}

/* terminator_at: terminator `i` past the cursor's is indexed, if the text has it. */
static bool terminator_reach(struct mr_json_reader *r, uint32_t *i)
{
    struct json_cursor *c = &r->d.cursor;
    bool is_more = true;
    while (*i >= r->window.count && is_more) {
        uint32_t passed = MR_MIN(c->i, r->window.count);
        if (json_window_extend(&r->window, c, r->at, &is_more, r->err) != MR_OK) {
            (void)json_nomem(r);
            return false;
        }
        *i -= passed;
    }
    return *i < r->window.count;
}

static struct extent extent_find(struct mr_json_reader *r, uint32_t p)
{
    struct json_cursor *c = &r->d.cursor;
    struct extent extent = {0};
    uint32_t i = c->i, depth = 0;
    if (!terminator_reach(r, &i)) return extent;
    if (!is_container(c->text[p])) return (struct extent){true, c->pos[i], i};
    if (c->pos[i] != p) return extent;
    do {
        if (!terminator_reach(r, &i)) return extent;
        char found = c->text[c->pos[i]];
        if (is_container(found)) depth++;
        if (found == '}' || found == ']') depth--;
        i++;
    } while (depth > 0);
    extent.end = c->pos[i - 1] + 1;
    extent.next_i = i;
    /* The separator behind it is taken in the same step, so it must be there too, but not behind
     * more blanks than a record may have bytes. */
    extent.is_known = r->phase == JSON_START || terminator_reach(r, &i) || r->is_last ||
                      r->bytes - p > r->options.record_bytes_max;
    extent.next_i = i;
    return extent;
}

/* can_wait: whether more text may come before what starts at `at` is over the limit. */
static bool can_wait(const struct mr_json_reader *r, uint32_t at)
{
    return !r->is_last && r->bytes - at <= r->options.record_bytes_max;
}

/* document_rest: nothing behind `at` can be made out; it is one malformed record. How much of it is
 * shown must not depend on how much has been pushed. */
static json_step document_rest(struct mr_json_reader *r, uint32_t at, const char *reason)
{
    r->at = at;
    if (!r->is_last && r->bytes - at < JSON_PREFIX_BYTES) return JSON_STEP_WAIT;
    json_step step = json_row_malformed(r, json_span_prefix(r, at), at, reason);
    r->phase = JSON_SKIP;
    return step;
}

static void value_done(struct mr_json_reader *r, uint32_t end)
{
    r->phase = r->phase == JSON_START ? JSON_AFTER : JSON_SEPARATOR;
    r->at = end;
}

/* value_lenient: the value at `p` once more with what options allow. False: as broken as before. */
static bool value_lenient(struct mr_json_reader *r, uint32_t p, json_step *out_step)
{
    if (!json_lenient_is_on(&r->options)) return false;
    size_t used = json_lenient_rewrite(&r->options, json_span(r, p, r->bytes), &r->strict);
    if (r->strict.is_failed) {
        *out_step = json_nomem(r);
        return true;
    }
    if (used == 0 || used > r->options.record_bytes_max) return false;
    if (!r->window.kernels->utf8_check(r->text + p, used)) return false;
    json_line line = json_side_rows(r, mr_text_span(&r->strict), false);
    if (line == JSON_LINE_BAD) return false;
    *out_step = line == JSON_LINE_DONE ? JSON_STEP_ON : JSON_STEP_ERROR;
    if (line != JSON_LINE_DONE) return true;
    r->items_done = 0;
    value_done(r, p + (uint32_t)used);
    *out_step = json_restart(r);
    return true;
}

/* value_take: the value at `p`, whose extent is known. */
static json_step value_take(struct mr_json_reader *r, uint32_t p, struct extent extent)
{
    struct json_cursor *c = &r->d.cursor;
    json_step step;
    const char *reason = NULL;
    uint32_t reason_at = p;
    if (!json_window_utf8(&r->window, p, extent.end)) {
        reason = "the record is not UTF-8";
    } else {
        uint32_t end = json_row_value(r, p, r->phase == JSON_START ? 0 : 1);
        if (end != JSON_FAIL) {
            step = json_row_keep(r, json_span(r, p, end));
            value_done(r, end);
            return step;
        }
        if (r->d.status != MR_OK) return JSON_STEP_ERROR;
        reason = c->reason;
        reason_at = c->reason_at;
        if (value_lenient(r, p, &step)) return step;
        /* Where a lenient value ends may show only in what follows. */
        if (json_lenient_is_on(&r->options) && can_wait(r, p)) return JSON_STEP_WAIT;
    }
    step = json_row_malformed(r, json_span(r, p, extent.end), reason_at, reason);
    c->i = extent.next_i;
    value_done(r, extent.end);
    return step;
}

/* value_alone: a scalar that is the whole document, which no terminator ends. */
static json_step value_alone(struct mr_json_reader *r, uint32_t p)
{
    uint32_t end = r->bytes;
    json_step step;
    while (end > p && json_is_blank(&r->d.cursor, r->text[end - 1])) end--;
    r->counters.documents++;
    json_line line = JSON_LINE_BAD;
    if (r->window.kernels->utf8_check(r->text + p, end - p)) {
        line = json_side_rows(r, json_span(r, p, end), false);
    }
    if (line == JSON_LINE_ERROR) return JSON_STEP_ERROR;
    if (line == JSON_LINE_BAD && !value_lenient(r, p, &step)) {
        return document_rest(r, p, "the document is not JSON");
    }
    if (line == JSON_LINE_BAD) return step;
    r->phase = JSON_AFTER;
    r->at = end;
    return JSON_STEP_ON;
}

static json_step document_value(struct mr_json_reader *r, uint32_t p)
{
    bool is_root = r->phase == JSON_START;
    json_step step;
    r->at = p;
    if (is_root && !is_container(r->text[p])) {
        return r->is_last ? value_alone(r, p) : JSON_STEP_WAIT;
    }
    struct extent extent = extent_find(r, p);
    if (r->d.status != MR_OK) return JSON_STEP_ERROR;
    if (extent.is_known) {
        r->counters.documents += is_root;
        /* Its end might as well not have been pushed yet, so it must not matter that it was. */
        if (extent.end - p > r->options.record_bytes_max) return document_rest(r, p, too_long);
        return value_take(r, p, extent);
    }
    bool is_over = r->bytes - p > r->options.record_bytes_max;
    if (can_wait(r, p)) return JSON_STEP_WAIT;
    r->counters.documents += is_root;
    if (value_lenient(r, p, &step)) return step;
    return document_rest(r, p,
                         is_over ? too_long : "the document ends inside a value");
}

/* document_blanks: the next byte that is neither blank nor comment. A comment may have upset the
 * index, so it starts anew behind one. */
static json_step document_blanks(struct mr_json_reader *r, uint32_t *out_p)
{
    uint32_t p = r->at;
    while (p < r->bytes && json_is_blank(&r->d.cursor, r->text[p])) p++;
    *out_p = p;
    if (p == r->bytes || !r->options.allows_comments) return JSON_STEP_ON;
    size_t blanks = json_lenient_blanks(&r->options, json_span(r, p, r->bytes), r->is_last);
    if (blanks == 0 && (r->text[p] == '/' || r->text[p] == '#') && can_wait(r, p)) {
        return JSON_STEP_WAIT;
    }
    if (blanks == 0) return JSON_STEP_ON;
    *out_p = r->at = p + (uint32_t)blanks;
    return json_restart(r);
}

static json_step document_end(struct mr_json_reader *r)
{
    if (!r->is_last) return JSON_STEP_WAIT;
    bool is_open =
        r->phase == JSON_ITEM_FIRST || r->phase == JSON_ITEM || r->phase == JSON_SEPARATOR;
    uint32_t at = r->at;
    r->at = r->bytes;
    if (!is_open) return JSON_STEP_WAIT;
    r->phase = JSON_AFTER;
    json_step step = json_row_malformed(r, json_span(r, at, r->bytes), r->bytes,
                                        "the document's array is not closed");
    return step == JSON_STEP_ON ? JSON_STEP_WAIT : step;
}

json_step json_document_step(struct mr_json_reader *r)
{
    struct json_cursor *c = &r->d.cursor;
    uint32_t p;
    if (r->phase == JSON_SKIP) {
        r->at = r->bytes;
        return JSON_STEP_WAIT;
    }
    json_step step = document_blanks(r, &p);
    if (step != JSON_STEP_ON) return step;
    if (p == r->bytes) return document_end(r);
    char next = r->text[p];
    bool is_bracket = next == '[' || next == ']' || next == ',';
    bool is_structure = r->phase == JSON_SEPARATOR || (r->phase == JSON_START && next == '[') ||
                        (r->phase == JSON_ITEM_FIRST && next == ']');
    if (r->phase == JSON_AFTER) return document_rest(r, p, "more text follows the document");
    if (!is_structure) return document_value(r, p);
    uint32_t i = c->i;
    if (!is_bracket || (r->phase == JSON_SEPARATOR && next == '[') || !terminator_reach(r, &i) ||
        c->pos[c->i] != p) {
        if (r->d.status != MR_OK) return JSON_STEP_ERROR;
        return document_rest(r, p, "a comma or closing bracket is missing");
    }
    c->i++;
    r->at = p + 1;
    r->counters.documents += r->phase == JSON_START;
    r->phase = next == '[' ? JSON_ITEM_FIRST : next == ']' ? JSON_AFTER : JSON_ITEM;
    return JSON_STEP_ON;
}
