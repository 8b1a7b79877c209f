#include "io/files/glob.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { ERR_GLOB = 2110 };

bool mr_glob_has_magic(struct mr_span text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.text[i] == '\\') {
            i++;
        } else if (text.text[i] != '\0' && strchr("*?[{", text.text[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* ---- compiling ------------------------------------------------------------------------- */

struct expander {
    struct mr_arena *arena;
    struct mr_span *patterns;
    uint32_t count;
    struct mr_err *err;
};

static mr_status glob_fail(struct expander *x, mr_status status, const char *why)
{
    return mr_err_set(x->err, status, ERR_GLOB, "malformed glob: %s", why);
}

/* The position behind the bracket that closes the set or brace at `at`, or 0. */
static size_t set_end(struct mr_span text, size_t at)
{
    size_t i = at + 1;
    if (i < text.bytes && (text.text[i] == '^' || text.text[i] == '!')) i++;
    if (i < text.bytes && text.text[i] == ']') i++; /* a bracket that comes first is a member */
    for (; i < text.bytes; i++) {
        if (text.text[i] == '\\') {
            i++;
        } else if (text.text[i] == ']') {
            return i + 1;
        }
    }
    return 0;
}

static size_t brace_end(struct mr_span text, size_t at)
{
    size_t depth = 0;
    for (size_t i = at; i < text.bytes; i++) {
        char c = text.text[i];
        if (c == '\\') i++;
        if (c == '{') depth++;
        if (c == '}' && --depth == 0) return i + 1;
    }
    return 0;
}

/* The first brace that is not inside a set: its position, or text.bytes. */
static mr_status brace_find(struct expander *x, struct mr_span text, size_t *out)
{
    size_t i = 0;
    while (i < text.bytes && text.text[i] != '{') {
        if (text.text[i] == '\\') {
            i += 2;
        } else if (text.text[i] == '[') {
            i = set_end(text, i);
            if (i == 0) return glob_fail(x, MR_E_INVALID, "a [ is not closed");
        } else {
            i++;
        }
    }
    *out = MR_MIN(i, text.bytes);
    return MR_OK;
}

static mr_status expand(struct expander *x, struct mr_span text);

/* One alternative put in the place of the brace [from, to). */
static mr_status expand_one(struct expander *x, struct mr_span text, size_t from, size_t to,
                            struct mr_span choice)
{
    size_t bytes = from + choice.bytes + (text.bytes - to);
    char *joined = mr_arena_alloc(x->arena, bytes + 1, 1);
    if (joined == NULL) return glob_fail(x, MR_E_NOMEM, "out of memory");
    memcpy(joined, text.text, from);
    memcpy(joined + from, choice.text, choice.bytes);
    memcpy(joined + from + choice.bytes, text.text + to, text.bytes - to);
    joined[bytes] = '\0';
    return expand(x, (struct mr_span){joined, bytes});
}

/* Depth is bounded: each level replaces one of at most MR_GLOB_BYTES_MAX / 2 braces, and the count
 * of alternatives stops the breadth. */
static mr_status expand(struct expander *x, struct mr_span text)
{
    size_t from;
    MR_TRY(brace_find(x, text, &from));
    if (from == text.bytes) {
        if (x->count == MR_GLOB_ALTERNATIVES_MAX) {
            return glob_fail(x, MR_E_LIMIT, "too many alternatives");
        }
        x->patterns[x->count++] = text;
        return MR_OK;
    }
    size_t to = brace_end(text, from), start = from + 1, depth = 0;
    if (to == 0) return glob_fail(x, MR_E_INVALID, "a { is not closed");
    for (size_t i = from + 1; i < to; i++) {
        char c = text.text[i];
        bool is_end = i == to - 1;
        if (is_end || (c == ',' && depth == 0)) {
            MR_TRY(expand_one(x, text, from, to, (struct mr_span){text.text + start, i - start}));
            start = i + 1;
        } else if (c == '\\') {
            i++;
        } else if (c == '{') {
            depth++;
        } else if (c == '}') {
            depth--;
        }
    }
    return MR_OK;
}

mr_status mr_glob_compile(struct mr_arena *arena, struct mr_span text, bool star_crosses,
                          struct mr_glob *out_glob, struct mr_err *err)
{
    struct expander x = {.arena = arena, .err = err};
    size_t braces = 0;
    for (size_t i = 0; i < text.bytes; i++) braces += text.text[i] == '{';
    if (text.bytes > MR_GLOB_BYTES_MAX || braces > 64) {
        return glob_fail(&x, MR_E_LIMIT, "it is too long");
    }
    while (text.bytes > 1 && text.text[text.bytes - 1] == '/') text.bytes--;
    x.patterns = MR_ARENA_ARRAY(arena, struct mr_span, MR_GLOB_ALTERNATIVES_MAX);
    const char *copy = mr_arena_copy(arena, text);
    if (x.patterns == NULL || copy == NULL) return glob_fail(&x, MR_E_NOMEM, "out of memory");
    MR_TRY(expand(&x, (struct mr_span){copy, text.bytes}));
    *out_glob = (struct mr_glob){x.patterns, x.count, star_crosses};
    return MR_OK;
}

const char *mr_glob_base(struct mr_arena *arena, struct mr_span text)
{
    size_t end = 0, used = 0;
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.text[i] == '/') end = i;
        if (text.text[i] == '\\') {
            i++;
        } else if (strchr("*?[{", text.text[i]) != NULL) {
            break;
        }
    }
    char *base = mr_arena_alloc(arena, end + 2, 1);
    if (base == NULL) return NULL;
    for (size_t i = 0; i < end; i++) {
        if (text.text[i] == '\\' && i + 1 < end) i++;
        base[used++] = text.text[i];
    }
    if (used == 0) base[used++] = '/';
    base[used] = '\0';
    return base;
}

/* ---- matching -------------------------------------------------------------------------- */

/* The code point at the front and how many bytes it has; an invalid byte stands for itself. */
static uint32_t point_at(const char *text, size_t bytes, size_t *out_bytes)
{
    const uint8_t *b = (const uint8_t *)text;
    size_t count = b[0] < 0x80 ? 1 : b[0] < 0xc0 ? 1 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
    uint32_t point = count == 1 ? b[0] : b[0] & (0x7fu >> count);
    *out_bytes = 1;
    if (count > bytes) return b[0];
    for (size_t i = 1; i < count; i++) {
        if ((b[i] & 0xc0) != 0x80) return b[0];
        point = point << 6 | (b[i] & 0x3f);
    }
    *out_bytes = count;
    return point;
}

/* Whether `point` is in the set whose bracket is at `at`; the set is closed (compile saw to it). */
static bool set_has(struct mr_span pattern, size_t at, size_t end, uint32_t point)
{
    size_t i = at + 1, width;
    bool is_negated = pattern.text[i] == '^' || pattern.text[i] == '!', has = false;
    if (is_negated) i++;
    while (i < end - 1) {
        if (pattern.text[i] == '\\' && i + 1 < end - 1) i++;
        uint32_t low = point_at(pattern.text + i, end - 1 - i, &width), high = low;
        i += width;
        if (i + 1 < end - 1 && pattern.text[i] == '-') {
            i++;
            if (pattern.text[i] == '\\' && i + 1 < end - 1) i++;
            high = point_at(pattern.text + i, end - 1 - i, &width);
            i += width;
        }
        has |= low <= point && point <= high;
    }
    return has != is_negated;
}

/* Matches one element of the pattern that is no star; both positions move on success. */
static bool element_match(struct mr_span pattern, struct mr_span text, size_t *p, size_t *t)
{
    size_t width;
    if (*t == text.bytes) return false;
    char c = pattern.text[*p];
    uint32_t point = point_at(text.text + *t, text.bytes - *t, &width);
    if (c == '?' || c == '[') {
        size_t end = c == '?' ? *p + 1 : set_end(pattern, *p);
        if (point == '/' || (c == '[' && !set_has(pattern, *p, end, point))) return false;
        *p = end;
        *t += width;
        return true;
    }
    size_t skip = c == '\\' && *p + 1 < pattern.bytes;
    if (pattern.text[*p + skip] != text.text[*t]) return false;
    *p += skip + 1;
    *t += 1;
    return true;
}

static bool extent_reached(struct mr_span text, size_t t, mr_glob_extent extent)
{
    if (t == text.bytes || extent == MR_GLOB_PREFIX) return true;
    return extent == MR_GLOB_ANCESTOR && text.text[t] == '/';
}

static bool pattern_match(struct mr_span pattern, struct mr_span text, bool star_crosses,
                          mr_glob_extent extent)
{
    size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;
    for (;;) {
        if (p == pattern.bytes) {
            if (extent_reached(text, t, extent)) return true;
        } else if (pattern.text[p] == '*') {
            star = ++p;
            star_text = t;
            continue;
        } else if (element_match(pattern, text, &p, &t)) {
            continue;
        }
        /* Back to the last star, which takes one byte more. An earlier star need not be tried: what
         * it could take more of, the last one can take as well. */
        if (star == SIZE_MAX || star_text == text.bytes) return false;
        if (text.text[star_text] == '/' && !star_crosses) return false;
        t = ++star_text;
        p = star;
    }
}

bool mr_glob_match(const struct mr_glob *glob, struct mr_span text, mr_glob_extent extent)
{
    for (uint32_t i = 0; i < glob->count; i++) {
        if (pattern_match(glob->patterns[i], text, glob->star_crosses, extent)) return true;
    }
    return false;
}

/* The part of a pattern that spans as many folders as `folder` has. A '/' inside a set is one of
 * its members and ends nothing. */
static struct mr_span pattern_head(struct mr_span pattern, struct mr_span folder)
{
    size_t parts = 0, end = 0;
    for (size_t i = 0; i < folder.bytes; i++) parts += folder.text[i] == '/';
    while (end < pattern.bytes && (pattern.text[end] != '/' || parts-- != 0)) {
        if (pattern.text[end] == '[') {
            end = set_end(pattern, end);
        } else {
            end += pattern.text[end] == '\\' ? 2 : 1;
        }
    }
    return (struct mr_span){pattern.text, MR_MIN(end, pattern.bytes)};
}

bool mr_glob_may_hold(const struct mr_glob *glob, struct mr_span folder)
{
    if (glob->star_crosses || folder.bytes <= 1) return true;
    for (uint32_t i = 0; i < glob->count; i++) {
        struct mr_span head = pattern_head(glob->patterns[i], folder);
        if (pattern_match(head, folder, false, MR_GLOB_ANCESTOR)) return true;
    }
    return false;
}
