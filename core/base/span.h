/* Byte spans: a pointer and a length, borrowed. Text in a span is UTF-8 and not zero-terminated. */
#ifndef MR_CORE_BASE_SPAN_H
#define MR_CORE_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Every buffer and column vector is readable this many bytes past its end. */
#define MR_PAD 64

struct mr_span {
    const char *text;
    size_t bytes;
};

#define MR_SPAN(literal) ((struct mr_span){(literal), sizeof(literal) - 1})

static inline struct mr_span mr_span_of(const char *text)
{
    return (struct mr_span){text, text == NULL ? 0 : strlen(text)};
}

static inline bool mr_span_eq(struct mr_span a, struct mr_span b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.text, b.text, a.bytes) == 0);
}

static inline bool mr_span_is(struct mr_span a, const char *literal)
{
    return mr_span_eq(a, mr_span_of(literal));
}

/* mr_span_ieq: equal without regard to ASCII case (names in SQL). */
bool mr_span_ieq(struct mr_span a, struct mr_span b);

/* mr_span_compare: by bytes, unsigned, a prefix before its extensions; <0, 0, >0. */
int mr_span_compare(struct mr_span a, struct mr_span b);

bool mr_span_starts(struct mr_span a, struct mr_span prefix);
bool mr_span_ends(struct mr_span a, struct mr_span suffix);

/* mr_span_trim: without ASCII blanks at both ends. */
struct mr_span mr_span_trim(struct mr_span a);

#endif
