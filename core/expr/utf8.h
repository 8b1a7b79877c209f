/* UTF-8 by code points. Text in columns is valid UTF-8 as a rule; where it is not, a byte that
 * starts no sequence, and a sequence cut short, count as one character each, so that every walk
 * ends and stays inside. */
#ifndef MR_CORE_EXPR_UTF8_H
#define MR_CORE_EXPR_UTF8_H

#include "core/base/span.h"

/* mr_utf8_step: bytes of the character at `at`, which has `left` > 0 bytes. */
static inline size_t mr_utf8_step(const char *at, size_t left)
{
    unsigned char c = (unsigned char)*at;
    size_t want = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
    if (want > left) return 1;
    for (size_t i = 1; i < want; i++) {
        if (((unsigned char)at[i] & 0xc0) != 0x80) return 1;
    }
    return want;
}

/* mr_utf8_count: characters of a text. */
static inline size_t mr_utf8_count(struct mr_span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.bytes; count++) i += mr_utf8_step(text.text + i, text.bytes - i);
    return count;
}

/* mr_utf8_skip: byte offset of character `n`, at most text.bytes. */
static inline size_t mr_utf8_skip(struct mr_span text, size_t n)
{
    size_t i = 0;
    for (; n > 0 && i < text.bytes; n--) i += mr_utf8_step(text.text + i, text.bytes - i);
    return i;
}

/* mr_utf8_read: the code point at `at`, whose mr_utf8_step is `bytes`; a stray byte is itself. */
static inline uint32_t mr_utf8_read(const char *at, size_t bytes)
{
    const unsigned char *u = (const unsigned char *)at;
    switch (bytes) {
    case 1: return u[0];
    case 2: return (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
    case 3: return (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
    default:
        return (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
    }
}

/* mr_utf8_write: at most four bytes; returns their number. */
static inline size_t mr_utf8_write(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

#endif
