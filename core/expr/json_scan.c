#include <ctype.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/expr/json_text.h"
#include "core/expr/utf8.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

size_t mr_json_blanks(struct mr_span text, size_t at)
{
    while (at < text.bytes && is_blank(text.text[at])) at++;
    return at;
}

/* skip_string: behind the string at `at`, in either kind of quotes. */
static size_t skip_string(struct mr_span text, size_t at)
{
    char quote = text.text[at++];
    for (; at < text.bytes && text.text[at] != quote; at++) {
        if (text.text[at] != '\\') continue;
        if (++at >= text.bytes || strchr("\"\\/bfnrtu'", text.text[at]) == NULL) return SIZE_MAX;
        if (text.text[at] != 'u') continue;
        for (int k = 0; k < 4; k++) {
            if (++at >= text.bytes || !isxdigit((unsigned char)text.text[at])) return SIZE_MAX;
        }
    }
    return at < text.bytes ? at + 1 : SIZE_MAX;
}

static size_t digits(struct mr_span text, size_t at)
{
    while (at < text.bytes && isdigit((unsigned char)text.text[at])) at++;
    return at;
}

static size_t skip_number(struct mr_span text, size_t at)
{
    if (text.text[at] == '-') at++;
    size_t first = at;
    at = digits(text, at);
    if (at == first || (text.text[first] == '0' && at > first + 1)) return SIZE_MAX;
    if (at < text.bytes && text.text[at] == '.') {
        first = ++at;
        at = digits(text, at);
        if (at == first) return SIZE_MAX;
    }
    if (at < text.bytes && (text.text[at] | 32) == 'e') {
        at++;
        if (at < text.bytes && (text.text[at] == '+' || text.text[at] == '-')) at++;
        first = at;
        at = digits(text, at);
        if (at == first) return SIZE_MAX;
    }
    return at;
}

static size_t skip_scalar(struct mr_span text, size_t at)
{
    static const char *const words[] = {"true", "false", "null"};
    char c = text.text[at];
    if (c == '"' || c == '\'') return skip_string(text, at);
    if (c == '-' || isdigit((unsigned char)c)) at = skip_number(text, at);
    else {
        size_t from = at;
        at = SIZE_MAX;
        for (size_t i = 0; i < MR_COUNT_OF(words); i++) {
            size_t bytes = strlen(words[i]);
            bool is_it = text.bytes - from >= bytes &&
                         memcmp(text.text + from, words[i], bytes) == 0;
            if (is_it) at = from + bytes;
        }
    }
    /* A word or number ends where one may end. */
    if (at < text.bytes && (isalnum((unsigned char)text.text[at]) || text.text[at] == '_' ||
                            text.text[at] == '.' || text.text[at] == '-')) {
        return SIZE_MAX;
    }
    return at;
}

/* skip_name: behind a member's name and its colon. */
static size_t skip_name(struct mr_span text, size_t at)
{
    if (at >= text.bytes || (text.text[at] != '"' && text.text[at] != '\'')) return SIZE_MAX;
    at = skip_string(text, at);
    if (at == SIZE_MAX) return SIZE_MAX;
    at = mr_json_blanks(text, at);
    return at < text.bytes && text.text[at] == ':' ? mr_json_blanks(text, at + 1) : SIZE_MAX;
}

size_t mr_json_skip(struct mr_span text, size_t at)
{
    char closers[MR_JSON_TEXT_DEPTH_MAX];
    uint32_t depth = 0;
    for (;;) {
        at = mr_json_blanks(text, at);
        if (at >= text.bytes) return SIZE_MAX;
        char c = text.text[at];
        bool is_open = c == '{' || c == '[', is_empty = false;
        if (is_open) {
            if (depth == MR_JSON_TEXT_DEPTH_MAX) return SIZE_MAX;
            closers[depth++] = c == '{' ? '}' : ']';
            at = mr_json_blanks(text, at + 1);
            is_empty = at < text.bytes && text.text[at] == closers[depth - 1];
            if (!is_empty) {
                if (c == '{') at = skip_name(text, at);
                if (at == SIZE_MAX) return SIZE_MAX;
                continue;
            }
        } else {
            at = skip_scalar(text, at);
            if (at == SIZE_MAX) return SIZE_MAX;
        }
        /* Behind a value, or at the bracket of an empty list. */
        for (;;) {
            if (depth == 0) return at;
            if (!is_empty) at = mr_json_blanks(text, at);
            is_empty = false;
            if (at >= text.bytes) return SIZE_MAX;
            if (text.text[at] == closers[depth - 1]) {
                depth--;
                at++;
                continue;
            }
            if (text.text[at] != ',') return SIZE_MAX;
            at = mr_json_blanks(text, at + 1);
            if (closers[depth - 1] == '}') at = skip_name(text, at);
            if (at == SIZE_MAX) return SIZE_MAX;
            break;
        }
    }
}

bool mr_json_is_value(struct mr_span text)
{
    size_t at = mr_json_skip(text, 0);
    return at != SIZE_MAX && mr_json_blanks(text, at) == text.bytes;
}

static uint32_t hex4(const char *at)
{
    uint32_t value = 0;
    for (int k = 0; k < 4; k++) {
        char c = at[k];
        value = value * 16 + (uint32_t)(isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    return value;
}

/* put_escape: the escape at `at`, behind its backslash; returns the offset behind it. */
static size_t put_escape(struct mr_span text, size_t at, struct mr_text *out)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    char c = text.text[at], utf8[4];
    const char *known = strchr(from, c);
    if (c != 'u') {
        mr_text_addc(out, known == NULL ? c : to[known - from]);
        return at + 1;
    }
    uint32_t point = hex4(text.text + at + 1);
    at += 5;
    bool is_high = point >= 0xd800 && point < 0xdc00;
    if (is_high && text.bytes - at >= 6 && text.text[at] == '\\' && text.text[at + 1] == 'u') {
        uint32_t low = hex4(text.text + at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + low - 0xdc00;
            at += 6;
        }
    }
    if (point >= 0xd800 && point < 0xe000) point = '?'; /* half a pair: as Java encodes it */
    mr_text_add(out, utf8, mr_utf8_write(point, utf8));
    return at;
}

bool mr_json_string(struct mr_span text, size_t at, struct mr_text *out, size_t *out_end)
{
    if (at >= text.bytes || (text.text[at] != '"' && text.text[at] != '\'')) return false;
    size_t end = skip_string(text, at);
    if (end == SIZE_MAX) return false;
    for (at++; at < end - 1;) {
        if (text.text[at] == '\\') {
            at = put_escape(text, at + 1, out);
            continue;
        }
        size_t from = at;
        while (at < end - 1 && text.text[at] != '\\') at++;
        mr_text_add(out, text.text + from, at - from);
    }
    *out_end = end;
    return true;
}

/* ---- paths ---- */

static bool path_add(struct mr_json_path *path, mr_json_step_kind kind, struct mr_span name,
                     uint64_t index)
{
    if (path->count == MR_JSON_STEPS_MAX) return false;
    path->steps[path->count++] = (struct mr_json_step){kind, name, index};
    return true;
}

/* path_bracket: behind '['. */
static bool path_bracket(struct mr_span text, size_t *at, struct mr_json_path *path)
{
    size_t from = *at;
    if (from >= text.bytes) return false;
    if (text.text[from] == '*') {
        *at = from + 2;
        return from + 1 < text.bytes && text.text[from + 1] == ']' &&
               path_add(path, MR_JSON_ALL, (struct mr_span){0}, 0);
    }
    if (text.text[from] == '\'') {
        const char *end = memchr(text.text + from + 1, '\'', text.bytes - from - 1);
        if (end == NULL) return false;
        struct mr_span name = {text.text + from + 1, (size_t)(end - text.text) - from - 1};
        size_t behind = (size_t)(end - text.text) + 1;
        *at = behind + 1;
        if (behind >= text.bytes || text.text[behind] != ']' || name.bytes == 0) return false;
        return path_add(path, MR_JSON_NAME, name, 0);
    }
    uint64_t index = 0;
    size_t end = digits(text, from);
    if (end == from || end - from > 9 || end >= text.bytes || text.text[end] != ']') return false;
    for (size_t k = from; k < end; k++) index = index * 10 + (uint64_t)(text.text[k] - '0');
    *at = end + 1;
    return path_add(path, MR_JSON_INDEX, (struct mr_span){0}, index);
}

bool mr_json_path_read(struct mr_span text, struct mr_json_path *out_path)
{
    out_path->count = 0;
    if (text.bytes == 0 || text.text[0] != '$') return false;
    for (size_t at = 1; at < text.bytes;) {
        char c = text.text[at++];
        if (c == '[') {
            if (!path_bracket(text, &at, out_path)) return false;
            continue;
        }
        if (c != '.' || at >= text.bytes) return false;
        size_t from = at;
        while (at < text.bytes && text.text[at] != '.' && text.text[at] != '[') at++;
        struct mr_span name = {text.text + from, at - from};
        if (name.bytes == 0) return false;
        bool is_all = mr_span_is(name, "*");
        if (!path_add(out_path, is_all ? MR_JSON_ALL : MR_JSON_NAME, name, 0)) return false;
    }
    return true;
}

/* ---- finding ---- */

/* One search: the text, what was found, how often, and whether the text is broken. */
struct find {
    struct mr_span text;
    const struct mr_json_path *path;
    struct mr_text *out;
    uint32_t count;
    bool is_bad;
    bool is_quoted; /* strings are written as JSON */
};

/* copy_value: the value as compact JSON; returns the offset behind it. */
static size_t copy_value(struct find *f, size_t at)
{
    size_t end = mr_json_skip(f->text, at);
    if (end == SIZE_MAX) {
        f->is_bad = true;
        return SIZE_MAX;
    }
    while (at < end) {
        char c = f->text.text[at];
        if (c == '"' || c == '\'') {
            struct mr_text plain;
            size_t behind;
            mr_text_init(&plain, f->out->heap);
            (void)mr_json_string(f->text, at, &plain, &behind);
            mr_text_add_json(f->out, mr_text_span(&plain));
            f->out->is_failed = f->out->is_failed || plain.is_failed;
            mr_text_fini(&plain);
            at = behind;
            continue;
        }
        if (!is_blank(c)) mr_text_addc(f->out, c);
        at++;
    }
    return end;
}

static size_t find_at(struct find *f, size_t at, uint32_t step);

static size_t take_value(struct find *f, size_t at)
{
    size_t end;
    bool is_string = f->text.text[at] == '"' || f->text.text[at] == '\'';
    if (f->count > 0) mr_text_addc(f->out, ',');
    f->count++;
    if (!is_string || f->is_quoted) return copy_value(f, at);
    if (mr_json_string(f->text, at, f->out, &end)) return end;
    f->is_bad = true;
    return SIZE_MAX;
}

static size_t bad(struct find *f)
{
    f->is_bad = true;
    return SIZE_MAX;
}

static bool is_null(struct mr_span text, size_t at)
{
    return text.bytes - at >= 4 && memcmp(text.text + at, "null", 4) == 0;
}

/* name_is: whether the member's name at `at` is the step's. */
static bool name_is(struct find *f, size_t at, struct mr_span name)
{
    size_t end = skip_string(f->text, at);
    if (end == SIZE_MAX) return false;
    struct mr_span raw = {f->text.text + at + 1, end - at - 2};
    if (raw.bytes == 0 || memchr(raw.text, '\\', raw.bytes) == NULL) return mr_span_eq(raw, name);
    struct mr_text plain;
    mr_text_init(&plain, f->out->heap);
    bool is_it = mr_json_string(f->text, at, &plain, &end) &&
                 mr_span_eq(mr_text_span(&plain), name);
    mr_text_fini(&plain);
    return is_it;
}

/* find_in_object: the first member of that name counts, or all with [*]. */
static size_t find_in_object(struct find *f, size_t at, uint32_t step)
{
    const struct mr_json_step *s = &f->path->steps[step];
    uint32_t before = f->count;
    at = mr_json_blanks(f->text, at + 1);
    if (at < f->text.bytes && f->text.text[at] == '}') return at + 1;
    for (;;) {
        size_t value = skip_name(f->text, at);
        if (value == SIZE_MAX || value >= f->text.bytes) return bad(f);
        bool is_it = s->kind == MR_JSON_ALL ||
                     (s->kind == MR_JSON_NAME && f->count == before && name_is(f, at, s->name) &&
                      !is_null(f->text, value));
        at = is_it ? find_at(f, value, step + 1) : mr_json_skip(f->text, value);
        if (at == SIZE_MAX) return bad(f);
        at = mr_json_blanks(f->text, at);
        if (at >= f->text.bytes) return bad(f);
        if (f->text.text[at] == '}') return at + 1;
        if (f->text.text[at] != ',') return bad(f);
        at = mr_json_blanks(f->text, at + 1);
    }
}

static size_t find_in_array(struct find *f, size_t at, uint32_t step)
{
    const struct mr_json_step *s = &f->path->steps[step];
    at = mr_json_blanks(f->text, at + 1);
    if (at < f->text.bytes && f->text.text[at] == ']') return at + 1;
    for (uint64_t i = 0;; i++) {
        bool is_it = s->kind == MR_JSON_ALL || (s->kind == MR_JSON_INDEX && i == s->index);
        if (at >= f->text.bytes) return bad(f);
        at = is_it ? find_at(f, at, step + 1) : mr_json_skip(f->text, at);
        if (at == SIZE_MAX) return bad(f);
        at = mr_json_blanks(f->text, at);
        if (at >= f->text.bytes) return bad(f);
        if (f->text.text[at] == ']') return at + 1;
        if (f->text.text[at] != ',') return bad(f);
        at = mr_json_blanks(f->text, at + 1);
    }
}

/* find_at: step `step` of the path from the value at `at`; returns the offset behind the value.
 * Recursion is as deep as the path. */
static size_t find_at(struct find *f, size_t at, uint32_t step)
{
    at = mr_json_blanks(f->text, at);
    if (at >= f->text.bytes) return bad(f);
    if (step == f->path->count) return take_value(f, at);
    char c = f->text.text[at];
    bool wants_array = f->path->steps[step].kind != MR_JSON_NAME;
    bool wants_object = f->path->steps[step].kind != MR_JSON_INDEX;
    if (c == '{' && wants_object) return find_in_object(f, at, step);
    if (c == '[' && wants_array) return find_in_array(f, at, step);
    return mr_json_skip(f->text, at);
}

bool mr_json_find(struct mr_span text, const struct mr_json_path *path, struct mr_text *out)
{
    struct find f = {.text = text, .path = path, .out = out};
    for (uint32_t i = 0; i < path->count; i++) {
        f.is_quoted = f.is_quoted || path->steps[i].kind == MR_JSON_ALL;
    }
    size_t from = out->used;
    if (f.is_quoted) mr_text_addc(out, '[');
    size_t end = find_at(&f, 0, 0);
    if (end == SIZE_MAX || f.is_bad || f.count == 0) return false;
    if (!f.is_quoted) return true;
    if (f.count > 1) {
        mr_text_addc(out, ']');
    } else if (!out->is_failed) { /* one alone stands without the brackets */
        memmove(out->at + from, out->at + from + 1, out->used - from - 1);
        out->used--;
    }
    return true;
}
