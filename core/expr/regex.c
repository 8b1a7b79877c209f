#include "core/expr/regex.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/base/checked.h"

struct mr_regex {
    pcre2_code *code;
    uint32_t groups;
};

static_assert(sizeof(PCRE2_SIZE) == sizeof(size_t), "offsets are handed out as they are");

static void *arena_take(size_t bytes, void *arena)
{
    return mr_arena_alloc(arena, bytes, 16);
}

/* What an arena gave goes with it. */
static void arena_keep(void *at, void *arena)
{
    (void)at;
    (void)arena;
}

static mr_status regex_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a regular expression");
}

static mr_status regex_bad(struct mr_span pattern, size_t at, const char *why, struct mr_err *err)
{
    return mr_err_set(err, MR_E_TYPE, 1314, "the regular expression '%.*s' is malformed at %zu: %s",
                      (int)MR_MIN(pattern.bytes, 100u), pattern.text, at + 1, why);
}

/* One pattern on its way from Java's spelling to PCRE2's. */
struct translation {
    struct mr_span from;
    size_t at;
    char *to;
    size_t used;
    bool is_in_set;
    bool is_quoted; /* between \Q and \E */
};

static bool is_hex4(struct mr_span from, size_t at)
{
    for (size_t k = at; k < at + 4; k++) {
        if (k >= from.bytes || !isxdigit((unsigned char)from.text[k])) return false;
    }
    return true;
}

static void take(struct translation *t, size_t bytes)
{
    memcpy(t->to + t->used, t->from.text + t->at, bytes);
    t->used += bytes;
    t->at += bytes;
}

/* escape: a backslash and what belongs to it. */
static void take_escape(struct translation *t)
{
    char next = t->at + 1 < t->from.bytes ? t->from.text[t->at + 1] : '\0';
    if (next == 'Q') t->is_quoted = true;
    if (next == 'u' && is_hex4(t->from, t->at + 2)) {
        memcpy(t->to + t->used, "\\x{", 3);
        memcpy(t->to + t->used + 3, t->from.text + t->at + 2, 4);
        t->to[t->used + 7] = '}';
        t->used += 8;
        t->at += 6;
        return;
    }
    take(t, MR_MIN(t->from.bytes - t->at, 2u));
}

/* has_flag_u: "(?" with U among its flags. */
static bool has_flag_u(struct mr_span from, size_t at)
{
    if (from.bytes - at < 3 || memcmp(from.text + at, "(?", 2) != 0) return false;
    for (at += 2; at < from.bytes; at++) {
        char c = from.text[at];
        if (c == 'U') return true;
        if (!isalpha((unsigned char)c) && c != '-') break;
    }
    return false;
}

static const char *translate_one(struct translation *t)
{
    char c = t->from.text[t->at];
    if (t->is_quoted) {
        bool is_end = t->from.bytes - t->at >= 2 && memcmp(t->from.text + t->at, "\\E", 2) == 0;
        t->is_quoted = !is_end;
        take(t, is_end ? 2 : 1);
        return NULL;
    }
    if (c == '\\') {
        take_escape(t);
        return NULL;
    }
    bool is_and = t->from.bytes - t->at >= 2 && memcmp(t->from.text + t->at, "&&", 2) == 0;
    if (t->is_in_set && is_and) return "a set that is the intersection of two is not supported";
    if (t->is_in_set && c == '[') return "a set inside a set is not supported";
    if (!t->is_in_set && has_flag_u(t->from, t->at)) return "the flag U is not supported";
    if (c == '[') {
        t->is_in_set = true;
        take(t, 1);
        if (t->at < t->from.bytes && t->from.text[t->at] == '^') take(t, 1);
        if (t->at < t->from.bytes && t->from.text[t->at] == ']') take(t, 1); /* a member */
        return NULL;
    }
    if (c == ']') t->is_in_set = false;
    take(t, 1);
    return NULL;
}

static mr_status translate(struct mr_arena *arena, struct mr_span pattern, struct mr_span *out,
                           struct mr_err *err)
{
    struct translation t = {.from = pattern};
    t.to = mr_arena_alloc(arena, pattern.bytes * 2 + 1, 1);
    if (t.to == NULL) return regex_nomem(err);
    while (t.at < pattern.bytes) {
        const char *why = translate_one(&t);
        if (why != NULL) return regex_bad(pattern, t.at, why, err);
    }
    *out = (struct mr_span){t.to, t.used};
    return MR_OK;
}

mr_status mr_regex_compile(struct mr_arena *arena, struct mr_span pattern,
                           const struct mr_regex **out_regex, struct mr_err *err)
{
    struct mr_span text;
    MR_TRY(translate(arena, pattern, &text, err));
    struct mr_regex *regex = MR_ARENA_NEW(arena, struct mr_regex);
    pcre2_general_context *general = pcre2_general_context_create(arena_take, arena_keep, arena);
    pcre2_compile_context *how = general == NULL ? NULL : pcre2_compile_context_create(general);
    if (regex == NULL || how == NULL) return regex_nomem(err);
    pcre2_set_newline(how, PCRE2_NEWLINE_ANYCRLF);
    int code = 0;
    PCRE2_SIZE at = 0;
    regex->code = pcre2_compile((PCRE2_SPTR)text.text, text.bytes,
                                PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &at, how);
    if (regex->code == NULL) {
        char why[160];
        if (code == PCRE2_ERROR_HEAP_FAILED || code == PCRE2_ERROR_NOMEMORY) {
            return regex_nomem(err);
        }
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
        return regex_bad(pattern, at, why, err);
    }
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &regex->groups);
    *out_regex = regex;
    return MR_OK;
}

uint32_t mr_regex_groups(const struct mr_regex *regex)
{
    return regex->groups;
}

int32_t mr_regex_group(const struct mr_regex *regex, struct mr_span name)
{
    char text[64];
    if (name.bytes >= sizeof text) return -1;
    memcpy(text, name.text, name.bytes);
    text[name.bytes] = '\0';
    int number = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)text);
    return number < 0 ? -1 : number;
}

mr_status mr_regex_room_init(struct mr_regex_room *room, struct mr_arena *arena,
                             struct mr_err *err)
{
    *room = (struct mr_regex_room){.arena = arena};
    room->general = pcre2_general_context_create(arena_take, arena_keep, arena);
    if (room->general != NULL) room->limits = pcre2_match_context_create(room->general);
    if (room->limits == NULL) return regex_nomem(err);
    pcre2_set_match_limit(room->limits, MR_REGEX_STEPS_MAX);
    pcre2_set_heap_limit(room->limits, MR_REGEX_KIB_MAX);
    return MR_OK;
}

mr_status mr_regex_find(struct mr_regex_room *room, const struct mr_regex *regex,
                        struct mr_span text, size_t from, const size_t **out_at,
                        struct mr_err *err)
{
    if (room->data == NULL || room->data_groups < regex->groups + 1) {
        room->data = pcre2_match_data_create(regex->groups + 1, room->general);
        room->data_groups = regex->groups + 1;
        if (room->data == NULL) return regex_nomem(err);
    }
    *out_at = NULL;
    if (from > text.bytes) return MR_OK;
    int found = pcre2_match(regex->code, (PCRE2_SPTR)(text.text == NULL ? "" : text.text),
                            text.bytes, from, 0, room->data, room->limits);
    if (found == PCRE2_ERROR_NOMATCH) return MR_OK;
    if (found == PCRE2_ERROR_NOMEMORY) return regex_nomem(err);
    if (found < 0) {
        char why[160];
        pcre2_get_error_message(found, (PCRE2_UCHAR *)why, sizeof why);
        return mr_err_set(err, MR_E_LIMIT, 1317, "a regular expression gave up: %s", why);
    }
    size_t *at = pcre2_get_ovector_pointer(room->data);
    /* Groups behind the last that took part are not written. */
    for (uint32_t g = (uint32_t)found; g <= regex->groups; g++) {
        at[2 * g] = at[2 * g + 1] = SIZE_MAX;
    }
    *out_at = at;
    return MR_OK;
}
