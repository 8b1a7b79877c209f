/* The cursor: walks JSON values along the structural index and checks every byte on its way.
 *
 * All positions are offsets into `text`. `i` is the next terminator that has not been passed; a
 * value that starts at `q` ends before pos[i], unless it is an object or array and starts there.
 * Functions return the offset behind what they took, or JSON_FAIL with the reason noted. A record
 * that the caller knows to be complete has a terminator behind its last value, so no function
 * looks past the text; a sentinel that no offset equals follows the last terminator. */
#ifndef MR_CORE_FORMAT_JSON_JSON_CURSOR_IMPL_H
#define MR_CORE_FORMAT_JSON_JSON_CURSOR_IMPL_H

#include "core/base/assert.h"
#include "core/base/span.h"
#include "core/format/json/json_options.h"
#include "kernels/json/json_index.h"

#define JSON_FAIL UINT32_MAX

struct json_cursor {
    const char *text;
    const uint32_t *pos; /* ends with a sentinel of UINT32_MAX */
    uint32_t i;
    const uint64_t *quotes; /* bit 0 of word 0 is about text[first] */
    const uint64_t *care;
    uint32_t first;
    uint32_t word_count;
    bool is_lines; /* newline ends a record: it is no blank */
    uint32_t depth_max;
    const struct mr_json_options *options;
    const char *reason; /* why the last function failed */
    uint32_t reason_at;
};

static inline uint32_t json_fail(struct json_cursor *c, uint32_t at, const char *reason)
{
    c->reason = reason;
    c->reason_at = at;
    return JSON_FAIL;
}

static inline bool json_is_blank(const struct json_cursor *c, char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || (byte == '\n' && !c->is_lines);
}

static inline uint32_t json_blanks(const struct json_cursor *c, uint32_t at)
{
    while (json_is_blank(c, c->text[at])) at++;
    return at;
}

/* json_quote_at: the first string quote at or after `at`; JSON_FAIL when the index has none. */
static inline uint32_t json_quote_at(const struct json_cursor *c, uint32_t at)
{
    uint32_t bit = at - c->first, word = bit / 64;
    if (word >= c->word_count) return JSON_FAIL;
    uint64_t bits = c->quotes[word] >> (bit % 64) << (bit % 64);
    while (bits == 0) {
        if (++word == c->word_count) return JSON_FAIL;
        bits = c->quotes[word];
    }
    return c->first + word * 64 + (uint32_t)__builtin_ctzll(bits);
}

/* json_needs_care: whether a backslash or control byte lies in [from, to). */
static inline bool json_needs_care(const struct json_cursor *c, uint32_t from, uint32_t to)
{
    if (from == to) return false;
    uint32_t bit = from - c->first, last_bit = to - 1 - c->first;
    uint32_t word = bit / 64, last = last_bit / 64;
    uint64_t bits = c->care[word] >> (bit % 64) << (bit % 64);
    while (word < last) {
        if (bits != 0) return true;
        bits = c->care[++word];
    }
    return bits << (63 - last_bit % 64) != 0;
}

/* json_string_end: behind the closing quote of the string whose opening quote is at `q`. */
static inline uint32_t json_string_end(struct json_cursor *c, uint32_t q)
{
    uint32_t end = json_quote_at(c, q + 1);
    if (end >= c->pos[c->i]) return json_fail(c, q, "the string is not closed");
    return end + 1;
}

typedef enum json_token {
    JSON_TOKEN_BAD,
    JSON_TOKEN_NULL,
    JSON_TOKEN_TRUE,
    JSON_TOKEN_FALSE,
    JSON_TOKEN_INTEGER,
    JSON_TOKEN_REAL,
    JSON_TOKEN_WORD, /* NaN, Infinity and kin */
} json_token;

/* json_scalar: the token at `q` that is neither string nor container.
 * returns the offset behind it; *out_token is never JSON_TOKEN_BAD then */
uint32_t json_scalar(struct json_cursor *c, uint32_t q, json_token *out_token);

/* json_token_of: what a text without blanks around it is; JSON_TOKEN_BAD when it is no scalar. */
json_token json_token_of(const struct json_cursor *c, struct mr_span text);

/* json_string_check: json_string_end, and the escapes within are right. */
uint32_t json_string_check(struct json_cursor *c, uint32_t q);

/* json_escapes_check: whether the escapes and control bytes in [from, to) are right. */
bool json_escapes_check(struct json_cursor *c, uint32_t from, uint32_t to);

/* json_unescape: the string's content [from, to) with escapes resolved; lone surrogates become
 * U+FFFD. `out` has to - from bytes.
 * returns the length, or JSON_FAIL */
uint32_t json_unescape(struct json_cursor *c, uint32_t from, uint32_t to, char *out);

/* json_colon: from behind a key's closing quote to the start of its value. */
static inline uint32_t json_colon(struct json_cursor *c, uint32_t at)
{
    at = json_blanks(c, at);
    if (c->text[at] != ':') return json_fail(c, at, "a colon is missing behind the name");
    return json_blanks(c, at + 1);
}

/* json_open: passes the opening bracket at `q`; returns the first offset behind it that is no
 * blank. json_close: when that is the closing bracket, passes it. */
uint32_t json_open(struct json_cursor *c, uint32_t q);
bool json_close(struct json_cursor *c, uint32_t at, char bracket);

/* json_next: behind a member or item that ended at `end`: passes the comma or closing bracket.
 * *out_is_closed tells which; returns the start of the next one, or the offset behind the bracket.
 */
uint32_t json_next(struct json_cursor *c, uint32_t end, char bracket, bool *out_is_closed);

/* json_skip: checks the value at `q`, `depth` containers deep, and passes it. No recursion. */
uint32_t json_skip(struct json_cursor *c, uint32_t q, uint32_t depth);

#endif
