#include <string.h>

#include "core/base/checked.h"
#include "core/format/json/json_cursor_impl.h"
#include "kernels/text/number.h"

enum { BITS_WORDS = MR_JSON_DEPTH_MAX / 64 };

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* number_token: RFC 8259 section 6. */
static json_token number_token(const char *at, const char *end, bool allows_leading_zeros)
{
    json_token token = JSON_TOKEN_INTEGER;
    if (at < end && *at == '-') at++;
    const char *first = at;
    while (at < end && is_digit(*at)) at++;
    if (at == first) return JSON_TOKEN_BAD;
    if (*first == '0' && at - first > 1 && !allows_leading_zeros) return JSON_TOKEN_BAD;
    if (at < end && *at == '.') {
        token = JSON_TOKEN_REAL;
        first = ++at;
        while (at < end && is_digit(*at)) at++;
        if (at == first) return JSON_TOKEN_BAD;
    }
    if (at < end && (*at | 32) == 'e') {
        token = JSON_TOKEN_REAL;
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        first = at;
        while (at < end && is_digit(*at)) at++;
        if (at == first) return JSON_TOKEN_BAD;
    }
    return at == end ? token : JSON_TOKEN_BAD;
}

static bool is_number_word(struct mr_span text)
{
    static const char *const words[] = {"NaN", "Infinity", "+Infinity", "-Infinity",
                                        "INF", "+INF",     "-INF"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (mr_span_is(text, words[i])) return true;
    }
    return false;
}

json_token json_token_of(const struct json_cursor *c, struct mr_span text)
{
    if (is_digit(text.text[0]) || text.text[0] == '-') {
        json_token token =
            number_token(text.text, text.text + text.bytes, c->options->allows_leading_zeros);
        if (token != JSON_TOKEN_BAD) return token;
    }
    if (mr_span_is(text, "null")) return JSON_TOKEN_NULL;
    if (mr_span_is(text, "true")) return JSON_TOKEN_TRUE;
    if (mr_span_is(text, "false")) return JSON_TOKEN_FALSE;
    return c->options->allows_words && is_number_word(text) ? JSON_TOKEN_WORD : JSON_TOKEN_BAD;
}

uint32_t json_scalar(struct json_cursor *c, uint32_t q, json_token *out_token)
{
    uint32_t end = c->pos[c->i];
    if (end == UINT32_MAX || end <= q) return json_fail(c, q, "a value is missing");
    while (end > q && json_is_blank(c, c->text[end - 1])) end--;
    if (end == q) return json_fail(c, q, "a value is missing");
    *out_token = json_token_of(c, (struct mr_span){c->text + q, end - q});
    if (*out_token == JSON_TOKEN_BAD) return json_fail(c, q, "the value is not JSON");
    return end;
}

/* -- strings ------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (is_digit(c)) return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* hex4: four hex digits at `at`; -1 when they are not there. */
static int32_t hex4(const char *at, const char *end)
{
    int32_t value = 0;
    if (end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

static char *put_code_point(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

/* unescape_hex: \uXXXX with *at behind the u; a surrogate takes its other half along. */
static bool unescape_hex(const char **at, const char *end, char **out)
{
    int32_t first = hex4(*at, end);
    if (first < 0) return false;
    *at += 4;
    uint32_t point = (uint32_t)first;
    if (first >= 0xd800 && first <= 0xdfff) {
        point = 0xfffd;
        bool has_next = first <= 0xdbff && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u';
        int32_t second = has_next ? hex4(*at + 2, end) : -1;
        if (second >= 0xdc00 && second <= 0xdfff) {
            point = 0x10000 + (((uint32_t)first - 0xd800) << 10) + ((uint32_t)second - 0xdc00);
            *at += 6;
        }
    }
    *out = put_code_point(*out, point);
    return true;
}

static char escape_value(const struct mr_json_options *options, char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '\'': return options->allows_single_quotes || options->allows_any_escape ? c : '\0';
    default: return options->allows_any_escape ? c : '\0';
    }
}

/* care_at: the first backslash or control byte in [at, to), else `to`. */
static uint32_t care_at(const struct json_cursor *c, uint32_t at, uint32_t to)
{
    uint32_t bit = at - c->first, word = bit / 64, last = (to - 1 - c->first) / 64;
    uint64_t bits = c->care[word] >> (bit % 64) << (bit % 64);
    while (bits == 0 && word < last) bits = c->care[++word];
    if (bits == 0) return to;
    return MR_MIN(c->first + word * 64 + (uint32_t)__builtin_ctzll(bits), to);
}

uint32_t json_unescape(struct json_cursor *c, uint32_t from, uint32_t to, char *out)
{
    const char *at = c->text + from, *end = c->text + to;
    char *first = out;
    while (at < end) {
        const char *plain_end = c->text + care_at(c, (uint32_t)(at - c->text), to);
        memcpy(out, at, (size_t)(plain_end - at));
        out += plain_end - at;
        at = plain_end;
        if (at == end) break;
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 && !c->options->allows_control_chars) {
            return json_fail(c, (uint32_t)(at - c->text), "a control character in a string");
        }
        if (byte != '\\') {
            *out++ = *at++;
            continue;
        }
        const char *escape = at++;
        char plain = at == end || *at == 'u' ? '\0' : escape_value(c->options, *at);
        bool is_right = plain != '\0';
        if (is_right) {
            *out++ = plain;
            at++;
        } else if (at < end && *at == 'u') {
            at++;
            is_right = unescape_hex(&at, end, &out);
        }
        if (!is_right) {
            return json_fail(c, (uint32_t)(escape - c->text), "an escape that JSON does not have");
        }
    }
    return (uint32_t)(out - first);
}

/* string_check_care: the string has escapes or control bytes; resolves it piece by piece. An escape
 * is never cut: pieces end before a backslash or behind a plain byte. */
static uint32_t string_check_care(struct json_cursor *c, uint32_t from, uint32_t to)
{
    char out[16];
    for (uint32_t at = from; at < to;) {
        if (c->text[at] != '\\') {
            bool is_control = (unsigned char)c->text[at] < 0x20;
            if (is_control && !c->options->allows_control_chars) {
                return json_fail(c, at, "a control character in a string");
            }
            at++;
            continue;
        }
        uint32_t bytes = at + 1 < to && c->text[at + 1] == 'u' ? 6 : 2;
        if (bytes > to - at) return json_fail(c, at, "an escape that JSON does not have");
        if (json_unescape(c, at, at + bytes, out) == JSON_FAIL) return JSON_FAIL;
        at += bytes;
    }
    return to;
}

bool json_escapes_check(struct json_cursor *c, uint32_t from, uint32_t to)
{
    return string_check_care(c, from, to) != JSON_FAIL;
}

uint32_t json_string_check(struct json_cursor *c, uint32_t q)
{
    uint32_t end = json_string_end(c, q);
    if (end == JSON_FAIL || !json_needs_care(c, q + 1, end - 1)) return end;
    return string_check_care(c, q + 1, end - 1) == JSON_FAIL ? JSON_FAIL : end;
}

/* -- containers ---------------------------------------------------------------------------- */

uint32_t json_open(struct json_cursor *c, uint32_t q)
{
    if (c->pos[c->i] != q) return json_fail(c, q, "a bracket inside a value");
    c->i++;
    return json_blanks(c, q + 1);
}

bool json_close(struct json_cursor *c, uint32_t at, char bracket)
{
    if (c->pos[c->i] != at || c->text[at] != bracket) return false;
    c->i++;
    return true;
}

uint32_t json_next(struct json_cursor *c, uint32_t end, char bracket, bool *out_is_closed)
{
    uint32_t at = json_blanks(c, end);
    if (c->pos[c->i] != at) return json_fail(c, at, "a comma or closing bracket is missing");
    char found = c->text[at];
    c->i++;
    *out_is_closed = found == bracket;
    if (found == bracket) return at + 1;
    if (found != ',') return json_fail(c, at, "a bracket that does not fit the open one");
    return json_blanks(c, at + 1);
}

static uint32_t key_skip(struct json_cursor *c, uint32_t q)
{
    if (c->text[q] != '"') return json_fail(c, q, "a member's name in quotes is missing");
    uint32_t end = json_string_check(c, q);
    return end == JSON_FAIL ? JSON_FAIL : json_colon(c, end);
}

/* Which containers are open around the skipped value: a bit each, 1 = object. */
struct open_kinds {
    uint64_t words[BITS_WORDS];
    uint32_t depth;
};

static bool kinds_is_object(const struct open_kinds *kinds)
{
    uint32_t top = kinds->depth - 1;
    return kinds->words[top / 64] >> (top % 64) & 1;
}

static void kinds_push(struct open_kinds *kinds, bool is_object)
{
    uint64_t bit = UINT64_C(1) << (kinds->depth % 64);
    uint64_t *word = &kinds->words[kinds->depth / 64];
    *word = is_object ? *word | bit : *word & ~bit;
    kinds->depth++;
}

/* skip_into: opens containers from `q` on until a scalar or an empty container has been passed. */
static uint32_t skip_into(struct json_cursor *c, uint32_t q, uint32_t depth,
                          struct open_kinds *kinds)
{
    json_token token;
    for (;;) {
        char first = c->text[q];
        if (first == '"') return json_string_check(c, q);
        if (first != '{' && first != '[') return json_scalar(c, q, &token);
        if (depth + kinds->depth >= c->depth_max) {
            return json_fail(c, q, "objects and arrays are nested too deep (limit 256)");
        }
        q = json_open(c, q);
        if (q == JSON_FAIL) return JSON_FAIL;
        if (json_close(c, q, first == '{' ? '}' : ']')) return q + 1;
        kinds_push(kinds, first == '{');
        if (first == '{') q = key_skip(c, q);
        if (q == JSON_FAIL) return JSON_FAIL;
    }
}

uint32_t json_skip(struct json_cursor *c, uint32_t q, uint32_t depth)
{
    struct open_kinds kinds;
    kinds.depth = 0;
    for (;;) {
        uint32_t end = skip_into(c, q, depth, &kinds);
        bool is_closed = true;
        while (end != JSON_FAIL && is_closed) {
            if (kinds.depth == 0) return end;
            end = json_next(c, end, kinds_is_object(&kinds) ? '}' : ']', &is_closed);
            if (end != JSON_FAIL && is_closed) kinds.depth--;
        }
        if (end == JSON_FAIL) return JSON_FAIL;
        q = kinds_is_object(&kinds) ? key_skip(c, end) : end;
        if (q == JSON_FAIL) return JSON_FAIL;
    }
}
