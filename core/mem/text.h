/* Text builders: bytes appended one after another, kept in one growing block of a heap.
 *
 * Appending never fails half-way: once memory is missing `is_failed` stays set, later appends do
 * nothing, and `mr_text_end` reports it. So a long document is written without a check per line. */
#ifndef MR_CORE_MEM_TEXT_H
#define MR_CORE_MEM_TEXT_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "core/mem/heap.h"

struct mr_text {
    struct mr_heap *heap;
    char *at; /* bytes[used], then a zero byte */
    size_t used;
    size_t capacity;
    bool is_failed;
};

void mr_text_init(struct mr_text *text, struct mr_heap *heap);
void mr_text_fini(struct mr_text *text);
void mr_text_reset(struct mr_text *text);

void mr_text_add(struct mr_text *text, const void *bytes, size_t count);
void mr_text_adds(struct mr_text *text, const char *zero_terminated);
void mr_text_addc(struct mr_text *text, char c);
void mr_text_addf(struct mr_text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* mr_text_add_json: the bytes as a JSON string with quotes. Invalid UTF-8 becomes U+FFFD. */
void mr_text_add_json(struct mr_text *text, struct mr_span value);

/* mr_text_end: MR_OK, or MR_E_NOMEM when an append failed. mr_text_span: what is there now. */
MR_MUST_USE mr_status mr_text_end(const struct mr_text *text, struct mr_err *err);
struct mr_span mr_text_span(const struct mr_text *text);

#endif
