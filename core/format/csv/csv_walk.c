/* From text to slots: where the values of records lie.
 *
 * The lane takes records that are plain: as many values as the file has columns, each either
 * without a quote at its front or a quoted one without escapes. It follows the index and looks at
 * one byte of the text for each value. Everything else it leaves to the cutter, record by record,
 * so that only one place knows what is right; has_no_lane gives all records to the cutter, and
 * tests compare. */
#include <string.h>

#include "core/base/checked.h"
#include "core/format/csv/csv_reader_impl.h"

enum { SHOWN_BYTES = 1000, LANE_COLUMNS_MAX = CSV_TILE / 2, CODE_HEADER = 2316 };

static const char *const too_long = "the record is longer than maxRecordBytes";
static const char *const bad_quote = "a quote is not where one may be";
static const char *const too_wide = "the record has more values than maxColumns";
static const char *const long_value = "a value is longer than maxCharsPerColumn";

void csv_walk_init(struct mr_csv_reader *r)
{
    const struct mr_csv_options *o = &r->options;
    struct csv_walk *w = &r->walk;
    char sep = o->sep[0];
    w->marks = (struct mr_csv_marks){{sep, o->quote == '\0' ? sep : o->quote,
                                      o->escape == '\0' ? sep : o->escape, '\n', '\r'}};
    /* An escape of the escape drops characters in ways that are the cutter's to know. */
    bool is_simple = o->quote == '\0' || (o->escape != '\0' && (o->escape_escape == o->escape ||
                                                                o->escape_escape == '\0'));
    w->has_lane = !o->has_no_lane && is_simple && o->sep_bytes == 1 && o->line_sep[0] == '\0' &&
                  o->value_chars_max < 0;
}

/* -- the index ----------------------------------------------------------------------------- */

/* walk_fill: one tile more. False when all of the text is in the index. */
static bool walk_fill(struct mr_csv_reader *r)
{
    struct csv_walk *w = &r->walk;
    uint32_t left = r->bytes - w->indexed;
    if (left == 0 || w->count - w->i > CSV_TILE) return false;
    memmove(w->pos, w->pos + w->i, (w->count - w->i) * sizeof *w->pos);
    w->count -= w->i;
    w->i = 0;
    uint32_t bytes = MR_MIN(left, (uint32_t)CSV_TILE);
    w->count += r->kernels->index(r->text + w->indexed, bytes, &w->marks, w->indexed,
                                  w->pos + w->count, &w->is_wide);
    w->indexed += bytes;
    return true;
}

/* walk_to: the record at hand was taken without the index. */
static void walk_to(struct mr_csv_reader *r, uint32_t at)
{
    struct csv_walk *w = &r->walk;
    r->at = at;
    if (at >= w->indexed) {
        /* What was passed over is seen by nobody; whether it is ASCII is then not known. */
        w->is_wide |= at > w->indexed;
        w->indexed = at;
        w->i = w->count = 0;
        return;
    }
    while (w->i < w->count && w->pos[w->i] < at) w->i++;
}

/* -- records that are not plain ------------------------------------------------------------ */

static void row_put(struct mr_csv_reader *r, uint32_t start, uint32_t end, uint8_t fate)
{
    r->starts[r->rows] = start;
    r->ends[r->rows] = end;
    r->fates[r->rows] = fate;
    r->has_fates |= fate != 0;
    r->rows++;
}

static void row_put_bad(struct mr_csv_reader *r, uint32_t start, uint32_t end, const char *reason)
{
    for (uint32_t c = 0; c < r->column_count; c++) {
        csv_slots_of(r, c)[r->rows] = (struct csv_slot){0};
    }
    r->reasons[r->rows] = reason;
    row_put(r, start, end, CSV_FATE_BAD);
}

/* The values that the cutter holds become a row. */
static void row_put_cut(struct mr_csv_reader *r, csv_cut cut, uint32_t start, uint32_t end)
{
    const struct csv_cutter *c = &r->cutter;
    if (cut != CSV_CUT_DONE) {
        row_put_bad(r, start, end,
                    cut == CSV_CUT_WIDE   ? too_wide
                    : cut == CSV_CUT_LONG ? long_value
                                          : bad_quote);
        return;
    }
    for (uint32_t i = 0; i < r->column_count; i++) {
        csv_slots_of(r, i)[r->rows] = i < c->count ? c->slots[i] : (struct csv_slot){0};
    }
    row_put(r, start, end, c->count == r->column_count ? 0 : CSV_FATE_COUNT);
}

/* A record of the file, or its header; `end` is where its text ends, `next` what follows. */
static csv_step record_take(struct mr_csv_reader *r, csv_cut cut, uint32_t start, uint32_t end,
                            uint32_t next)
{
    if (cut == CSV_CUT_NOMEM) return csv_nomem(r);
    if (r->phase == CSV_HEADER && r->options.has_header) {
        if (cut != CSV_CUT_DONE) {
            return csv_fail(r, MR_E_CORRUPT, CODE_HEADER, start, "the header cannot be read: %s",
                            cut == CSV_CUT_WIDE ? too_wide : bad_quote);
        }
        csv_step step = csv_header_take(r);
        mr_text_reset(&r->cutter.space);
        walk_to(r, next);
        return step;
    }
    if (r->phase == CSV_HEADER) {
        if (cut != CSV_CUT_DONE) r->cutter.count = 0; /* it says nothing about the file's width */
        csv_step step = csv_header_make(r);
        if (step != CSV_STEP_ON) return step;
    }
    row_put_cut(r, cut, start, end);
    walk_to(r, next);
    return CSV_STEP_ON;
}

/* A record that is too long for the limit, as far as it is there. */
static csv_step record_drop(struct mr_csv_reader *r, uint32_t start, uint32_t end, uint32_t next)
{
    if (r->phase == CSV_HEADER && r->options.has_header) {
        return csv_fail(r, MR_E_CORRUPT, CODE_HEADER, start, "the header cannot be read: %s",
                        too_long);
    }
    r->cutter.count = 0;
    if (r->phase == CSV_HEADER) {
        csv_step step = csv_header_make(r);
        if (step != CSV_STEP_ON) return step;
    }
    row_put_bad(r, start, MR_MIN(end, start + SHOWN_BYTES), too_long);
    walk_to(r, next);
    return CSV_STEP_ON;
}

/* Where the line that starts at `at` ends, and what follows. False when that is not there. */
static bool line_find(const struct mr_csv_reader *r, uint32_t at, uint32_t *out_end,
                      uint32_t *out_next)
{
    const char *text = r->text + at;
    const char *sep = r->options.line_sep;
    uint32_t left = r->bytes - at;
    *out_end = *out_next = r->bytes;
    if (sep[0] != '\0') {
        const char *found = memmem(text, left, sep, strlen(sep));
        if (found == NULL) return r->is_last;
        *out_end = (uint32_t)(found - r->text);
        *out_next = *out_end + (uint32_t)strlen(sep);
        return true;
    }
    const char *feed = memchr(text, '\n', left);
    if (feed != NULL) left = (uint32_t)(feed - text);
    bool has_cr = !r->options.is_multi_line || r->line_end == CSV_LINE_END_CR;
    const char *cr = has_cr ? memchr(text, '\r', left) : NULL;
    if (cr != NULL) {
        *out_end = (uint32_t)(cr - r->text);
        *out_next = *out_end + 1;
        if (*out_next == r->bytes) return r->is_last; /* a line feed may follow */
        *out_next += r->text[*out_next] == '\n';
        return true;
    }
    if (feed == NULL) return r->is_last;
    *out_end = (uint32_t)(feed - r->text);
    *out_next = *out_end + 1;
    if (r->line_end == CSV_LINE_END_CRLF && *out_end > at && feed[-1] == '\r') --*out_end;
    return true;
}

/* How far the record that starts at `start` is looked at: the limit and a line end. What becomes of
 * it must not depend on how much text there is behind that. */
static uint32_t record_reach(const struct mr_csv_reader *r, uint32_t start)
{
    uint32_t end_bytes = MR_MAX((uint32_t)strlen(r->options.line_sep), (uint32_t)sizeof "\r\n" - 1);
    return MR_MIN(r->bytes, start + r->options.record_bytes_max + end_bytes);
}

/* Without its end a record can only be too long, or wait. The first line end beyond the limit ends
 * it, quoted or not. */
static csv_step record_wait(struct mr_csv_reader *r)
{
    uint32_t start = r->at;
    if (record_reach(r, start) == r->bytes) return CSV_STEP_MORE;
    r->is_skipping = true;
    return record_drop(r, start, r->bytes, start + r->options.record_bytes_max + 1);
}

/* A comment or a line to skip: no record, so it has any length. */
static csv_step line_pass(struct mr_csv_reader *r)
{
    uint32_t start = r->at, end, next;
    if (!line_find(r, start, &end, &next)) {
        if (record_reach(r, start) == r->bytes) return CSV_STEP_MORE;
        r->is_skipping = true;
        next = start + r->options.record_bytes_max + 1;
    }
    if (r->phase == CSV_SKIP && --r->to_skip == 0) r->phase = CSV_HEADER;
    walk_to(r, next);
    return CSV_STEP_ON;
}

/* The first line end of a document says what its others are. */
static void line_end_find(struct mr_csv_reader *r)
{
    bool is_wanted = r->options.is_multi_line && r->options.line_sep[0] == '\0';
    if (!is_wanted || r->line_end != CSV_LINE_END_UNKNOWN) return;
    for (uint32_t i = r->at; i < r->bytes; i++) {
        if (r->text[i] == '\n') {
            r->line_end = CSV_LINE_END_LF;
            return;
        }
        if (r->text[i] != '\r') continue;
        if (i + 1 == r->bytes && !r->is_last) return;
        bool has_feed = i + 1 < r->bytes && r->text[i + 1] == '\n';
        r->line_end = has_feed ? CSV_LINE_END_CRLF : CSV_LINE_END_CR;
        return;
    }
}

/* The rest of a record or line that was too long. */
static csv_step skip_rest(struct mr_csv_reader *r)
{
    uint32_t end, next;
    line_end_find(r);
    bool is_found = line_find(r, r->at, &end, &next);
    r->is_skipping = !is_found;
    /* Half of a line end may be at the text's end. */
    uint32_t kept = is_found || r->options.line_sep[0] == '\0'
                        ? 0
                        : MR_MIN((uint32_t)strlen(r->options.line_sep) - 1, r->bytes - r->at);
    if (!is_found && kept == 0 && r->text[r->bytes - 1] == '\r' && r->bytes - r->at > 0) kept = 1;
    uint32_t at = next - kept;
    bool is_moving = at > r->at;
    walk_to(r, at);
    return is_found || is_moving ? CSV_STEP_ON : CSV_STEP_MORE;
}

static bool is_blank_line(const char *text, uint32_t bytes)
{
    while (bytes > 0 && (unsigned char)*text <= ' ') text++, bytes--;
    return bytes == 0;
}

static csv_step line_take(struct mr_csv_reader *r)
{
    uint32_t start = r->at, end, next;
    bool is_comment = r->options.comment != '\0' && r->text[start] == r->options.comment;
    if (is_comment || r->phase == CSV_SKIP) return line_pass(r);
    if (!line_find(r, start, &end, &next)) return record_wait(r);
    if (end - start > r->options.record_bytes_max) return record_drop(r, start, end, next);
    if (is_blank_line(r->text + start, end - start)) {
        walk_to(r, next);
        return CSV_STEP_ON;
    }
    csv_cut cut = csv_cut_line(&r->cutter, r->text, start, end);
    return record_take(r, cut, start, end, next);
}

/* The end of a record's text, without the line end that the cutter passed. */
static uint32_t document_end(const struct mr_csv_reader *r, uint32_t start, uint32_t next)
{
    uint32_t end = next;
    size_t sep = strlen(r->options.line_sep);
    if (sep > 0) {
        bool has_end = end - start >= sep && memcmp(r->text + end - sep, r->options.line_sep,
                                                    sep) == 0;
        return has_end ? end - (uint32_t)sep : end;
    }
    if (end > start && r->text[end - 1] == '\n') end--;
    if (end > start && r->text[end - 1] == '\r' && r->line_end != CSV_LINE_END_LF) end--;
    return end;
}

static csv_step document_take(struct mr_csv_reader *r)
{
    uint32_t start = r->at, end, next;
    line_end_find(r);
    uint32_t reach = record_reach(r, start);
    bool is_all = reach == r->bytes;
    bool is_unclear = r->line_end == CSV_LINE_END_UNKNOWN && is_all && !r->is_last &&
                      r->text[reach - 1] == '\r';
    if (is_unclear && r->options.line_sep[0] == '\0') return CSV_STEP_MORE;
    bool is_comment = r->options.comment != '\0' && r->text[start] == r->options.comment;
    if (is_comment || r->phase == CSV_SKIP) return line_pass(r);
    csv_cut cut = csv_cut_document(&r->cutter, r->text, start, reach, r->line_end,
                                   r->is_last && is_all);
    if (cut == CSV_CUT_MORE) return record_wait(r);
    next = r->cutter.end;
    end = document_end(r, start, next);
    if (cut == CSV_CUT_DONE && r->cutter.count == 0) { /* an empty line */
        walk_to(r, next);
        return CSV_STEP_ON;
    }
    if (end - start > r->options.record_bytes_max) return record_drop(r, start, end, next);
    return record_take(r, cut, start, end, next);
}

/* -- the lane ------------------------------------------------------------------------------ */

typedef enum lane_result {
    LANE_DONE,
    LANE_ODD, /* not plain: for the cutter */
    LANE_OUT, /* the index does not reach far enough */
} lane_result;

/* A quoted value that starts at `start`, whose quote is entry *i of the index; *i is then the entry
 * behind its closing quote. */
static inline lane_result lane_quoted(struct mr_csv_reader *r, uint32_t start, uint32_t *i,
                                      struct csv_slot *slot)
{
    const struct csv_walk *w = &r->walk;
    const char *text = r->text;
    char quote = r->options.quote;
    uint32_t k = *i + 1;
    for (;; k++) {
        if (k + 1 >= w->count) return LANE_OUT;
        char c = text[w->pos[k]];
        if (c == quote) break;
        if (c == r->options.escape || c == '\n' || c == '\r') return LANE_ODD;
    }
    uint32_t close = w->pos[k], bytes = close - start - 1;
    if (w->pos[k + 1] != close + 1 || bytes > CSV_SLOT_BYTES) return LANE_ODD;
    if (text[close + 1] == quote || text[close + 1] == r->options.escape) return LANE_ODD;
    *slot = (struct csv_slot){start + 1, bytes == 0 ? CSV_SLOT_EMPTY : bytes};
    *i = k + 1;
    return LANE_DONE;
}

static inline struct csv_slot lane_trim(const struct mr_csv_reader *r, struct csv_slot slot)
{
    const char *text = r->text;
    while (r->options.trims_leading && slot.flags > 0 && (unsigned char)text[slot.at] <= ' ') {
        slot.at++, slot.flags--;
    }
    while (r->options.trims_trailing && slot.flags > 0 &&
           (unsigned char)text[slot.at + slot.flags - 1] <= ' ') {
        slot.flags--;
    }
    return slot;
}

/* What follows the line end at `p`; 0 when the lane does not know. */
static inline uint32_t lane_next(const struct mr_csv_reader *r, uint32_t p)
{
    char c = r->text[p];
    if (c == '\n') return p + 1;
    if (p + 1 >= r->bytes || (r->options.is_multi_line && r->line_end == CSV_LINE_END_LF)) return 0;
    if (r->text[p + 1] == '\n') return p + 2;
    return r->options.is_multi_line ? 0 : p + 1;
}

/* lane_value: the value that starts at `start`. *i is the entry that ends it, a separator or the
 * first byte of a line end, whichever it has to be. */
static inline lane_result lane_value(struct mr_csv_reader *r, uint32_t start, bool is_last_column,
                                     uint32_t *i, struct csv_slot *slot)
{
    const struct csv_walk *w = &r->walk;
    const char *text = r->text;
    const char sep = r->options.sep[0], quote = r->options.quote;
    bool is_quoted = false;
    for (uint32_t k = *i;; k++) {
        if (k >= w->count) return LANE_OUT;
        uint32_t p = w->pos[k];
        char mark = text[p];
        bool is_end = mark == '\n' || mark == '\r';
        if (mark == sep || is_end) {
            if (is_end != is_last_column || p - start > CSV_SLOT_BYTES) return LANE_ODD;
            if (!is_quoted) *slot = (struct csv_slot){start, p - start};
            *i = k;
            return LANE_DONE;
        }
        if (mark == quote && p == start) {
            lane_result result = lane_quoted(r, start, &k, slot);
            if (result != LANE_DONE) return result;
            is_quoted = true;
            k--;
        } else if (mark == quote && r->options.trims_leading) {
            return LANE_ODD;
        }
    }
}

/* lane_run: values that no quote touches, as long as they come and the index surely reaches; the
 * last column is not among them. Returns how many; *start and *i are moved behind them. */
static inline uint32_t lane_run(const struct mr_csv_reader *r, uint32_t *start, uint32_t *i)
{
    const struct csv_walk *w = &r->walk;
    const char *text = r->text;
    const char sep = r->options.sep[0];
    const uint32_t *pos = w->pos + *i;
    const uint32_t most = MR_MIN(r->column_count - 1, w->count - *i);
    struct csv_slot *to = r->slots + r->rows;
    uint32_t from = *start, c = 0;
    for (; c < most; c++, to += r->slot_room) {
        uint32_t p = pos[c];
        if (text[p] != sep) break;
        *to = (struct csv_slot){from, p - from};
        from = p + 1;
    }
    *start = from;
    *i += c;
    return c;
}

/* lane_record: the record at r->at, when it is plain. */
static lane_result lane_record(struct mr_csv_reader *r)
{
    struct csv_walk *w = &r->walk;
    const char *text = r->text;
    const bool trims = r->options.trims_leading || r->options.trims_trailing;
    const uint32_t count = r->column_count, row = r->rows;
    uint32_t start = r->at, i = w->i, c = 0;
    if (text[start] == r->options.comment && text[start] != '\0') return LANE_ODD;
    if (!trims && count > 0) c = lane_run(r, &start, &i);
    struct csv_slot *to = csv_slots_of(r, c) + row;
    for (; c < count; c++, to += r->slot_room) {
        lane_result result = lane_value(r, start, c + 1 == count, &i, to);
        if (result != LANE_DONE) return result;
        if (trims && to->at == start) *to = lane_trim(r, *to);
        start = w->pos[i++] + 1;
    }
    uint32_t end = start - 1, next = lane_next(r, end);
    if (next == 0 || end - r->at > r->options.record_bytes_max) return LANE_ODD;
    bool is_blank = (unsigned char)text[r->at] <= ' ' && is_blank_line(text + r->at, end - r->at);
    if (is_blank) return LANE_ODD;
    i += next > start; /* the line feed behind a carriage return */
    r->starts[row] = r->at;
    r->ends[row] = end;
    r->fates[row] = 0;
    r->rows++;
    r->at = next;
    w->i = i;
    return LANE_DONE;
}

/* lane_records: plain records as long as they come. */
static void lane_records(struct mr_csv_reader *r)
{
    struct csv_walk *w = &r->walk;
    while (r->rows < r->row_room && r->at < r->bytes) {
        lane_result result = w->count == w->i ? LANE_OUT : lane_record(r);
        if (result == LANE_ODD || (result == LANE_OUT && !walk_fill(r))) return;
        if (w->i > w->count) w->i = w->count; /* a line feed in the tile to come */
    }
}

static bool lane_is_on(const struct mr_csv_reader *r)
{
    bool is_plain_end = !r->options.is_multi_line || r->line_end == CSV_LINE_END_LF ||
                        r->line_end == CSV_LINE_END_CRLF;
    bool is_fitting = r->column_count > 0 && r->column_count <= LANE_COLUMNS_MAX &&
                      r->column_count <= r->options.columns_max;
    return r->walk.has_lane && r->phase == CSV_RECORDS && !r->is_skipping && is_plain_end &&
           is_fitting;
}

csv_step csv_walk(struct mr_csv_reader *r)
{
    csv_step step = CSV_STEP_ON;
    while (step == CSV_STEP_ON && r->at < r->bytes && r->rows < r->row_room) {
        if (lane_is_on(r)) {
            lane_records(r);
            if (r->at == r->bytes || r->rows == r->row_room) break;
        }
        if (r->is_skipping) {
            step = skip_rest(r);
        } else {
            step = r->options.is_multi_line ? document_take(r) : line_take(r);
        }
    }
    return step;
}
