#include "core/doc/doc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"

struct reader {
    struct mr_arena *arena;
    const char *start;
    const char *at;
    const char *end;
    struct mr_err *err;
    int depth;
};

static mr_status read_value(struct reader *r, struct mr_doc *doc);

static mr_status read_error(struct reader *r, const char *expected)
{
    mr_err_set(r->err, MR_E_CORRUPT, 0, "JSON: expected %s", expected);
    mr_err_at(r->err, (uint64_t)(r->at - r->start));
    return MR_E_CORRUPT;
}

static mr_status read_nomem(struct reader *r)
{
    return mr_err_set(r->err, MR_E_NOMEM, 0, "out of memory for a JSON document");
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) {
        r->at++;
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Four hex digits at `at`; -1 when they are not. */
static int32_t read_hex4(struct reader *r, const char *at)
{
    int32_t value = 0;
    if (r->end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* \uXXXX with its second half when it is a surrogate; a lone one becomes U+FFFD. */
static mr_status read_unicode(struct reader *r, char **to)
{
    int32_t c = read_hex4(r, r->at);
    if (c < 0) return read_error(r, "four hexadecimal digits");
    r->at += 4;
    if (c >= 0xd800 && c < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        int32_t low = read_hex4(r, r->at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            r->at += 6;
            *to = put_utf8(*to,
                           0x10000u + (((uint32_t)c - 0xd800u) << 10) + ((uint32_t)low - 0xdc00u));
            return MR_OK;
        }
    }
    *to = put_utf8(*to, c >= 0xd800 && c < 0xe000 ? 0xfffdu : (uint32_t)c);
    return MR_OK;
}

static mr_status read_escape(struct reader *r, char **to)
{
    if (r->at == r->end) return read_error(r, "an escape");
    char c = *r->at++;
    switch (c) {
    case '"':
    case '\\':
    case '/': *(*to)++ = c; return MR_OK;
    case 'b': *(*to)++ = '\b'; return MR_OK;
    case 'f': *(*to)++ = '\f'; return MR_OK;
    case 'n': *(*to)++ = '\n'; return MR_OK;
    case 'r': *(*to)++ = '\r'; return MR_OK;
    case 't': *(*to)++ = '\t'; return MR_OK;
    case 'u': return read_unicode(r, to);
    default: r->at--; return read_error(r, "an escape");
    }
}

static bool is_plain(char c)
{
    return c != '"' && c != '\\' && (unsigned char)c >= 0x20;
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a word's low byte comes first");

/* Index in memory of the lowest byte with a flag. */
static size_t first_byte(uint64_t flags)
{
    return (size_t)__builtin_ctzll(flags) / 8;
}

/* Flags in the high bit of each byte of a word that is a quote, a backslash or a control character.
 * The lowest flag is right; those above it may be there because of it. */
static uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';
    uint64_t found = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
                     ((word - ones * 0x20) & ~word);
    return found & highs;
}

/* The first quote, backslash or control character, or the end. */
static const char *plain_end(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t found = special_bytes(word);
        if (found != 0) return at + first_byte(found);
    }
    while (at < end && is_plain(*at)) at++;
    return at;
}

/* The closing quote, whatever escapes say; the end, or one past it, when there is none. */
static const char *find_close(const char *at, const char *end)
{
    for (;;) {
        at = plain_end(at, end);
        if (at >= end || *at == '"') return at;
        at += *at == '\\' ? 2 : 1;
        if (at >= end) return at;
    }
}

/* Copies up to the next escape or control character. Statistics are strings of JSON, with an escape
 * every few bytes: whole words are copied and the pointers moved by what counts. */
static void copy_plain(struct reader *r, const char *close, char **to)
{
    while (close - r->at >= 8) {
        uint64_t word;
        memcpy(&word, r->at, sizeof word);
        memcpy(*to, &word, sizeof word);
        uint64_t found = special_bytes(word);
        size_t bytes = found == 0 ? 8 : first_byte(found);
        r->at += bytes;
        *to += bytes;
        if (found != 0) return;
    }
    while (r->at < close && is_plain(*r->at)) *(*to)++ = *r->at++;
}

static mr_status read_string(struct reader *r, struct mr_span *out)
{
    if (r->at == r->end || *r->at != '"') return read_error(r, "a string");
    const char *from = ++r->at;
    const char *close = find_close(from, r->end);
    if (close >= r->end) {
        r->at = r->end;
        return read_error(r, "a closing quote");
    }
    /* Room for the zero, and for a word that is written over the end. */
    char *text = mr_arena_alloc(r->arena, (size_t)(close - from) + 8, 1);
    if (text == NULL) return read_nomem(r);
    char *to = text;
    while (r->at < close) {
        copy_plain(r, close, &to);
        if (r->at == close) break;
        if (*r->at != '\\') return read_error(r, "no control character in a string");
        r->at++;
        MR_TRY(read_escape(r, &to));
    }
    *to = '\0';
    r->at = close + 1;
    *out = (struct mr_span){text, (size_t)(to - text)};
    return MR_OK;
}

static size_t read_digits(struct reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
    return (size_t)(r->at - from);
}

static mr_status read_number(struct reader *r, struct mr_doc *doc)
{
    const char *from = r->at;
    if (*r->at == '-') r->at++;
    const char *whole = r->at;
    size_t digits = read_digits(r);
    if (digits == 0 || (digits > 1 && *whole == '0')) return read_error(r, "a number");
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        if (read_digits(r) == 0) return read_error(r, "digits after the point");
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
        if (read_digits(r) == 0) return read_error(r, "digits of the exponent");
    }
    struct mr_span text = {from, (size_t)(r->at - from)};
    const char *copy = mr_arena_copy(r->arena, text);
    if (copy == NULL) return read_nomem(r);
    doc->kind = MR_DOC_NUMBER;
    doc->text = (struct mr_span){copy, text.bytes};
    return MR_OK;
}

static mr_status read_word(struct reader *r, const char *word, struct mr_doc *doc)
{
    size_t bytes = strlen(word);
    if ((size_t)(r->end - r->at) < bytes || memcmp(r->at, word, bytes) != 0) {
        return read_error(r, "a value");
    }
    r->at += bytes;
    doc->kind = *word == 'n' ? MR_DOC_NULL : MR_DOC_BOOL;
    doc->is_true = *word == 't';
    return MR_OK;
}

static mr_status read_member_key(struct reader *r, struct mr_span *out_key)
{
    skip_blanks(r);
    MR_TRY(read_string(r, out_key));
    skip_blanks(r);
    if (r->at == r->end || *r->at != ':') return read_error(r, "':'");
    r->at++;
    return MR_OK;
}

/* Items of an array or members of an object up to `close`, after the opening character. */
static mr_status read_items(struct reader *r, struct mr_doc *doc, char close)
{
    struct mr_doc **tail = &doc->first;
    if (++r->depth > MR_DOC_DEPTH_MAX) {
        mr_err_set(r->err, MR_E_LIMIT, 0, "JSON nests deeper than %d", MR_DOC_DEPTH_MAX);
        mr_err_at(r->err, (uint64_t)(r->at - r->start));
        return MR_E_LIMIT;
    }
    skip_blanks(r);
    if (r->at < r->end && *r->at == close) {
        r->at++;
        r->depth--;
        return MR_OK;
    }
    for (;;) {
        struct mr_doc *item = MR_ARENA_NEW(r->arena, struct mr_doc);
        if (item == NULL) return read_nomem(r);
        if (close == '}') MR_TRY(read_member_key(r, &item->key));
        MR_TRY(read_value(r, item));
        *tail = item;
        tail = &item->next;
        doc->count++;
        if (r->at < r->end && *r->at == ',') {
            r->at++;
            continue;
        }
        if (r->at == r->end || *r->at != close) {
            return read_error(r, close == '}' ? "',' or '}'" : "',' or ']'");
        }
        r->at++;
        r->depth--;
        return MR_OK;
    }
}

static mr_status read_kind(struct reader *r, struct mr_doc *doc)
{
    if (r->at == r->end) return read_error(r, "a value");
    switch (*r->at) {
    case '{':
        r->at++;
        doc->kind = MR_DOC_OBJECT;
        return read_items(r, doc, '}');
    case '[':
        r->at++;
        doc->kind = MR_DOC_ARRAY;
        return read_items(r, doc, ']');
    case '"': doc->kind = MR_DOC_STRING; return read_string(r, &doc->text);
    case 't': return read_word(r, "true", doc);
    case 'f': return read_word(r, "false", doc);
    case 'n': return read_word(r, "null", doc);
    default:
        if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9')) return read_number(r, doc);
        return read_error(r, "a value");
    }
}

static mr_status read_value(struct reader *r, struct mr_doc *doc)
{
    skip_blanks(r);
    doc->from = r->at;
    MR_TRY(read_kind(r, doc));
    doc->to = r->at;
    skip_blanks(r);
    return MR_OK;
}

mr_status mr_doc_read(struct mr_arena *arena, struct mr_span text, const struct mr_doc **out_doc,
                      struct mr_err *err)
{
    struct reader r = {.arena = arena,
                       .start = text.text,
                       .at = text.text,
                       .end = text.text + text.bytes,
                       .err = err};
    struct mr_doc *doc = MR_ARENA_NEW(arena, struct mr_doc);
    if (doc == NULL) return read_nomem(&r);
    MR_TRY(read_value(&r, doc));
    if (r.at != r.end) return read_error(&r, "the end of the text");
    *out_doc = doc;
    return MR_OK;
}

const struct mr_doc *mr_doc_get(const struct mr_doc *doc, const char *name)
{
    const struct mr_doc *found = NULL;
    if (doc == NULL || doc->kind != MR_DOC_OBJECT) return NULL;
    for (const struct mr_doc *m = doc->first; m != NULL; m = m->next) {
        if (mr_span_is(m->key, name)) found = m;
    }
    return found == NULL || found->kind == MR_DOC_NULL ? NULL : found;
}

struct mr_span mr_doc_string(const struct mr_doc *doc, struct mr_span fallback)
{
    return doc != NULL && doc->kind == MR_DOC_STRING ? doc->text : fallback;
}

int64_t mr_doc_int(const struct mr_doc *doc, int64_t fallback)
{
    if (doc == NULL || doc->kind != MR_DOC_NUMBER) return fallback;
    char *end;
    errno = 0;
    long long value = strtoll(doc->text.text, &end, 10);
    if (errno == 0 && *end == '\0') return value;
    double wide = strtod(doc->text.text, NULL);
    return wide >= -9.2e18 && wide <= 9.2e18 ? (int64_t)wide : fallback;
}

double mr_doc_double(const struct mr_doc *doc, double fallback)
{
    if (doc == NULL || doc->kind != MR_DOC_NUMBER) return fallback;
    return strtod(doc->text.text, NULL);
}

bool mr_doc_bool(const struct mr_doc *doc, bool fallback)
{
    return doc != NULL && doc->kind == MR_DOC_BOOL ? doc->is_true : fallback;
}

void mr_doc_write(const struct mr_doc *doc, struct mr_text *out)
{
    bool is_object = doc->kind == MR_DOC_OBJECT;
    switch (doc->kind) {
    case MR_DOC_NULL: mr_text_adds(out, "null"); return;
    case MR_DOC_BOOL: mr_text_adds(out, doc->is_true ? "true" : "false"); return;
    case MR_DOC_NUMBER: mr_text_add(out, doc->text.text, doc->text.bytes); return;
    case MR_DOC_STRING: mr_text_add_json(out, doc->text); return;
    case MR_DOC_ARRAY:
    case MR_DOC_OBJECT: break;
    }
    mr_text_addc(out, is_object ? '{' : '[');
    for (const struct mr_doc *m = doc->first; m != NULL; m = m->next) {
        if (m != doc->first) mr_text_addc(out, ',');
        if (is_object) {
            mr_text_add_json(out, m->key);
            mr_text_addc(out, ':');
        }
        mr_doc_write(m, out);
    }
    mr_text_addc(out, is_object ? '}' : ']');
}
