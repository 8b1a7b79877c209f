#include "core/format/csv/csv_cut_impl.h"

#include <string.h>

#include "core/base/checked.h"

enum {
    CH_SEP = 256, /* the separator, however long it is */
    CH_NL = 257,  /* the end of a line */
    CH_NONE = -2, /* never met: a character that is off */
    PREV_NONE = 0,
    SLOTS_MIN = 32,
    DEPTH_MAX = 200, /* stray quotes within one value that are looked at one in the other */
};

/* Steps return false at the end of the text, which is also how a malformed record ends: then
 * `status` says so. */

void csv_cutter_init(struct csv_cutter *c, struct mr_heap *heap,
                     const struct mr_csv_options *options)
{
    *c = (struct csv_cutter){.options = options, .heap = heap};
    mr_text_init(&c->space, heap);
    c->quote = options->quote == '\0' ? CH_NONE : options->quote;
    c->escape = options->escape;
    c->escape_escape = options->escape_escape;
}

void csv_cutter_fini(struct csv_cutter *c)
{
    mr_text_fini(&c->space);
    mr_heap_give(c->heap, c->slots, c->room * sizeof *c->slots);
    c->slots = NULL;
    c->room = 0;
}

/* -- characters ---------------------------------------------------------------------------- */

/* Bytes of the line end at `at`; 0 = none. */
static uint32_t line_end_bytes(const struct csv_cutter *c)
{
    const char *at = c->text + c->at;
    uint32_t left = c->limit - c->at;
    if (!c->is_document) return 0;
    if (c->options->line_sep[0] != '\0') {
        uint32_t bytes = (uint32_t)strlen(c->options->line_sep);
        return bytes <= left && memcmp(at, c->options->line_sep, bytes) == 0 ? bytes : 0;
    }
    if (*at == '\n') return 1;
    if (*at != '\r') return 0;
    if (c->line_end == CSV_LINE_END_CR) return 1;
    return c->line_end == CSV_LINE_END_CRLF && left > 1 && at[1] == '\n' ? 2 : 0;
}

static bool next(struct csv_cutter *c)
{
    const struct mr_csv_options *o = c->options;
    if (c->at == c->limit) return false;
    const char *at = c->text + c->at;
    uint32_t end = line_end_bytes(c);
    if (end > 0) {
        c->ch = CH_NL;
        c->at += end;
    } else if (*at == o->sep[0] && c->limit - c->at >= o->sep_bytes &&
               memcmp(at, o->sep, o->sep_bytes) == 0) {
        c->ch = CH_SEP;
        c->at += o->sep_bytes;
    } else {
        c->ch = (unsigned char)*at;
        c->at++;
    }
    return true;
}

static bool is_blank(int32_t ch)
{
    return ch >= 0 && ch <= ' ';
}

/* A separator or a line's end. */
static bool is_stop(int32_t ch)
{
    return ch == CH_SEP || ch == CH_NL;
}

static void append(struct csv_cutter *c, int32_t ch)
{
    const struct mr_csv_options *o = c->options;
    if (ch == CH_SEP) {
        mr_text_add(&c->space, o->sep, o->sep_bytes);
    } else if (ch == CH_NL) {
        /* Within quotes every kind of line end is one line feed, unless a user named the end. */
        mr_text_adds(&c->space, o->line_sep[0] == '\0' ? "\n" : o->line_sep);
    } else if (ch != CH_NONE) {
        mr_text_addc(&c->space, (char)ch);
    }
}

static void prepend_quote(struct csv_cutter *c)
{
    mr_text_addc(&c->space, (char)c->quote);
    if (c->space.is_failed) return;
    char *at = c->space.at + c->value;
    memmove(at + 1, at, c->space.used - c->value - 1);
    *at = (char)c->quote;
}

static size_t length(const struct csv_cutter *c)
{
    return c->space.used - c->value;
}

/* Appends from the character at hand up to a separator or line end. When the text ends first, the
 * character at hand is still the first one: what the end of the text means depends on it. */
static bool append_value(struct csv_cutter *c)
{
    int32_t first = c->ch;
    while (!is_stop(c->ch)) {
        append(c, c->ch);
        if (next(c)) continue;
        c->ch = first;
        return false;
    }
    return true;
}

/* Appends up to a quote or an escape, in the same way. */
static bool append_quoted(struct csv_cutter *c)
{
    int32_t first = c->ch;
    while (c->ch != c->quote && c->ch != c->escape && c->ch != c->escape_escape) {
        append(c, c->ch);
        if (next(c)) continue;
        c->ch = first;
        return false;
    }
    return true;
}

static bool skip_blanks(struct csv_cutter *c)
{
    while (is_blank(c->ch) && c->ch != c->quote) {
        if (!next(c)) return false;
    }
    return true;
}

/* -- values -------------------------------------------------------------------------------- */

static bool fail(struct csv_cutter *c, csv_cut status)
{
    if (c->status == CSV_CUT_DONE) c->status = status;
    return false;
}

static bool put_slot(struct csv_cutter *c, struct csv_slot slot)
{
    if (c->count == c->options->columns_max) return fail(c, CSV_CUT_WIDE);
    if (c->count == c->room) {
        uint32_t room = MR_MAX(c->room * 2, (uint32_t)SLOTS_MIN);
        struct csv_slot *slots = mr_heap_resize(c->heap, c->slots, c->room * sizeof *slots,
                                                room * sizeof *slots);
        if (slots == NULL) return fail(c, CSV_CUT_NOMEM);
        c->slots = slots;
        c->room = room;
    }
    c->slots[c->count++] = slot;
    return true;
}

static bool put_null(struct csv_cutter *c)
{
    return put_slot(c, (struct csv_slot){0});
}

/* Characters, not bytes: what maxCharsPerColumn counts. */
static int64_t chars_of(const char *at, size_t bytes)
{
    int64_t count = 0;
    for (size_t i = 0; i < bytes; i++) count += ((unsigned char)at[i] & 0xc0) != 0x80;
    return count;
}

/* The value at work is complete. */
static bool put_value(struct csv_cutter *c)
{
    size_t from = c->value;
    if (c->space.is_failed) return fail(c, CSV_CUT_NOMEM);
    while (c->trims && c->space.used > from &&
           (unsigned char)c->space.at[c->space.used - 1] <= ' ') {
        c->space.used--;
    }
    size_t bytes = length(c);
    int64_t most = c->options->value_chars_max;
    if (most >= 0 && (int64_t)bytes > most && chars_of(c->space.at + from, bytes) > most) {
        return fail(c, CSV_CUT_LONG);
    }
    c->value = c->space.used;
    if (c->is_null) return put_null(c);
    if (bytes == 0) return put_slot(c, (struct csv_slot){0, c->is_quoted ? CSV_SLOT_EMPTY : 0});
    return put_slot(c, (struct csv_slot){(uint32_t)from, (uint32_t)bytes | CSV_SLOT_SPACE});
}

static void begin_value(struct csv_cutter *c)
{
    c->space.used = c->value;
    c->prev = PREV_NONE;
    c->depth = 0;
    c->is_unescaped = c->is_null = c->trims = false;
    c->is_quoted = c->ch == c->quote;
}

/* -- quoted values ------------------------------------------------------------------------- */

static bool cut_quoted(struct csv_cutter *c);

static bool goes_until_separator(const struct csv_cutter *c)
{
    return c->options->stray_quote != MR_CSV_STOP_AT_CLOSING_QUOTE &&
           c->options->stray_quote != MR_CSV_RAISE_ERROR;
}

static bool cut_inner(struct csv_cutter *c)
{
    if (++c->depth > DEPTH_MAX) return fail(c, CSV_CUT_BAD);
    bool is_on = cut_quoted(c);
    c->depth--;
    return is_on;
}

/* The value is null, whatever follows up to the separator. */
static bool skip_value(struct csv_cutter *c)
{
    c->is_null = true;
    return append_value(c);
}

/* What began with a quote turns out to be no quoted value. */
static bool cut_rest(struct csv_cutter *c)
{
    if (c->options->stray_quote == MR_CSV_SKIP_VALUE) return skip_value(c);
    prepend_quote(c);
    if (!next(c)) return false;
    c->trims = c->options->trims_trailing;
    return append_value(c);
}

/* The values in front of the last separator within the quotes are values of their own. */
static bool back_to_separator(struct csv_cutter *c)
{
    const struct mr_csv_options *o = c->options;
    while (length(c) > 0) {
        char *from = c->space.at + c->value;
        const char *sep = memmem(from, length(c), o->sep, o->sep_bytes);
        if (sep == NULL) break;
        size_t bytes = (size_t)(sep - from), end = c->space.used;
        c->space.used = c->value + bytes;
        c->is_quoted = true;
        if (!put_value(c)) return false;
        c->value += o->sep_bytes;
        c->space.used = end;
    }
    return true;
}

/* A stray quote with `ch` behind it. */
static bool stray_quote(struct csv_cutter *c)
{
    c->is_unescaped = true;
    switch (c->options->stray_quote) {
    case MR_CSV_RAISE_ERROR: return fail(c, CSV_CUT_BAD);
    case MR_CSV_SKIP_VALUE: return skip_value(c);
    case MR_CSV_BACK_TO_DELIMITER:
        if (!back_to_separator(c)) return false;
        append(c, c->ch);
        c->prev = PREV_NONE;
        return cut_inner(c);
    case MR_CSV_STOP_AT_DELIMITER:
    case MR_CSV_STOP_AT_CLOSING_QUOTE:
        append(c, c->quote);
        append(c, c->ch);
        c->prev = c->ch;
        return cut_inner(c);
    }
    return false;
}

static bool cut_escaping(struct csv_cutter *c);

/* A stray quote with an escape behind it. */
static bool stray_escape(struct csv_cutter *c)
{
    if (c->options->stray_quote == MR_CSV_RAISE_ERROR) return fail(c, CSV_CUT_BAD);
    if (c->options->stray_quote == MR_CSV_SKIP_VALUE) return skip_value(c);
    append(c, c->quote);
    c->prev = c->ch;
    if (++c->depth > DEPTH_MAX) return fail(c, CSV_CUT_BAD);
    bool is_on = cut_escaping(c);
    c->depth--;
    return is_on;
}

/* A quote or an escape within quotes. */
static bool cut_escape(struct csv_cutter *c)
{
    if (c->ch == c->escape && c->prev == c->escape_escape && c->escape_escape != '\0') {
        append(c, c->escape);
        c->ch = PREV_NONE;
    } else if (c->prev == c->escape) {
        if (c->ch == c->quote) {
            append(c, c->quote);
            c->ch = PREV_NONE;
        } else {
            append(c, c->prev);
        }
    } else if (c->ch == c->quote && c->prev == c->quote) {
        append(c, c->quote);
    } else if (c->prev == c->quote) {
        return stray_escape(c);
    }
    return true;
}

/* Up to a separator, escapes being taken away on the way. */
static bool cut_escaping(struct csv_cutter *c)
{
    while (!is_stop(c->ch)) {
        if (c->ch == c->quote || c->ch == c->escape) {
            if (!cut_escape(c)) return false;
        } else if (c->prev == c->quote) {
            return stray_escape(c);
        } else {
            append(c, c->ch);
        }
        c->prev = c->ch;
        if (!next(c)) return false;
    }
    return true;
}

/* Up to the closing quote and one character further. *out_is_over: the value is complete. */
static bool cut_inside(struct csv_cutter *c, bool *out_is_over)
{
    *out_is_over = true;
    for (;;) {
        if (c->prev == c->quote && (is_blank(c->ch) || is_stop(c->ch))) break;
        bool is_special = c->ch == c->quote || c->ch == c->escape;
        if (!is_special && c->prev == c->quote) return stray_quote(c);
        if (is_special) {
            if (!cut_escape(c)) return false;
        } else {
            if (c->prev == c->escape && c->escape != '\0') append(c, c->escape);
            if (!append_quoted(c)) return false;
        }
        c->prev = c->ch;
        if (!next(c)) return false;
        if (is_special && c->is_unescaped && is_stop(c->ch)) return true;
    }
    *out_is_over = false;
    return true;
}

/* Blanks behind the closing quote are no part of the value; what follows them makes it stray. */
static bool cut_behind(struct csv_cutter *c)
{
    uint32_t from = c->at - 1;
    while (is_blank(c->ch)) {
        if (!next(c)) return false;
    }
    if (is_stop(c->ch)) return true;
    if (c->options->stray_quote == MR_CSV_RAISE_ERROR) return fail(c, CSV_CUT_BAD);
    append(c, c->quote);
    mr_text_add(&c->space, c->text + from, c->at - 1 - from);
    if (goes_until_separator(c) || (c->ch != c->quote && c->ch != c->escape)) append(c, c->ch);
    c->prev = c->ch;
    return cut_inner(c);
}

/* From the opening quote on, or from a character behind a stray one. */
static bool cut_quoted(struct csv_cutter *c)
{
    bool is_over;
    if (c->prev != PREV_NONE && goes_until_separator(c)) return cut_rest(c);
    if (!next(c) || !cut_inside(c, &is_over)) return false;
    if (is_over) return true;
    if (is_blank(c->ch) && !cut_behind(c)) return false;
    return is_stop(c->ch) ? true : fail(c, CSV_CUT_BAD);
}

/* The common form: no escapes within, a separator or line end right behind the closing quote. */
static bool cut_plain(struct csv_cutter *c, bool *out_is_plain)
{
    const char *text = c->text;
    *out_is_plain = false;
    for (uint32_t at = c->at; at < c->limit; at++) {
        int32_t ch = (unsigned char)text[at];
        int32_t behind = at + 1 < c->limit ? (unsigned char)text[at + 1] : CH_NONE;
        if (ch == c->quote) {
            uint32_t from = c->at, back = c->at;
            if ((unsigned char)text[at - 1] == c->escape) return true;
            c->at = at + 1;
            if (!next(c)) {
                c->at = back;
                return true;
            }
            if (!is_stop(c->ch)) {
                c->at = back;
                c->ch = c->quote;
                return true;
            }
            mr_text_add(&c->space, text + from, at - from);
            *out_is_plain = true;
            return true;
        }
        if (ch == c->escape && (behind == c->escape_escape || behind == c->quote)) return true;
        if (c->is_document && (ch == '\n' || ch == '\r')) return true;
    }
    return true;
}

/* -- records ------------------------------------------------------------------------------- */

static bool cut_value(struct csv_cutter *c)
{
    begin_value(c);
    if (c->ch == c->quote) {
        bool is_plain;
        if (!cut_plain(c, &is_plain) || (!is_plain && !cut_quoted(c))) return false;
        bool is_given_back = c->is_unescaped && length(c) == 0 &&
                             c->options->stray_quote == MR_CSV_BACK_TO_DELIMITER;
        return is_given_back || put_value(c);
    }
    c->trims = c->options->trims_trailing;
    return append_value(c) && put_value(c);
}

static bool cut_values(struct csv_cutter *c)
{
    bool is_leading = c->options->trims_leading;
    if (is_leading && !skip_blanks(c)) return false;
    while (c->ch != CH_NL) {
        if (is_leading && !skip_blanks(c)) return false;
        if (!(is_stop(c->ch) ? put_null(c) : cut_value(c))) return false;
        if (c->ch == CH_NL) break;
        begin_value(c);
        if (!next(c)) return false;
        if (c->ch == CH_NL && !put_null(c)) return false;
    }
    return true;
}

/* The text ended within a value, or behind a separator. */
static void cut_end(struct csv_cutter *c)
{
    bool is_closed = c->ch == c->quote && c->prev == c->quote;
    bool has_value = false;
    if (!is_closed) {
        if (c->ch == c->quote && c->is_quoted && !c->is_unescaped) append(c, c->quote);
        has_value = c->prev != PREV_NONE && !is_stop(c->ch) &&
                    (c->options->comment == '\0' || c->ch != c->options->comment);
    }
    if (length(c) > 0 || is_closed || has_value) {
        (void)put_value(c);
    } else {
        (void)put_null(c);
    }
}

static void cutter_begin(struct csv_cutter *c, const char *text, uint32_t at, uint32_t limit)
{
    c->text = text;
    c->at = c->start = at;
    c->limit = limit;
    c->count = 0;
    c->value = c->space.used;
    c->status = CSV_CUT_DONE;
    c->ch = c->prev = PREV_NONE;
    c->is_quoted = c->is_unescaped = c->is_null = c->trims = false;
}

csv_cut csv_cut_line(struct csv_cutter *c, const char *text, uint32_t at, uint32_t limit)
{
    cutter_begin(c, text, at, limit);
    c->is_document = false;
    c->end = limit;
    if (!next(c)) return CSV_CUT_DONE;
    if (!cut_values(c) && c->status == CSV_CUT_DONE) cut_end(c);
    return c->status;
}

/* Behind the next line end, quoted or not: where the record after a malformed one starts. */
static bool skip_line(struct csv_cutter *c)
{
    while (c->ch != CH_NL) {
        if (!next(c)) return false;
    }
    return true;
}

csv_cut csv_cut_document(struct csv_cutter *c, const char *text, uint32_t at, uint32_t limit,
                         csv_line_end line_end, bool is_last)
{
    size_t space = c->space.used;
    cutter_begin(c, text, at, limit);
    c->is_document = true;
    c->line_end = line_end;
    bool is_whole = next(c) && cut_values(c);
    if (!is_whole && c->status != CSV_CUT_DONE && c->status != CSV_CUT_NOMEM) {
        is_whole = skip_line(c);
    }
    if (!is_whole && !is_last && c->status != CSV_CUT_NOMEM) {
        c->space.used = space;
        return CSV_CUT_MORE;
    }
    if (!is_whole && c->status == CSV_CUT_DONE && c->at > at) cut_end(c);
    c->end = c->at;
    return c->status;
}
