/* Texts in bulk: what the loops over views share.
 *
 * A range finds the smallest and the largest of many texts by their first 16 bytes as one number
 * each; only ties of longer texts look further. It points into the batch, so its ends are taken
 * over (mr_pq_bounds_add_text) before the batch goes. Everything that reads a text may read up to
 * MR_PAD bytes behind it. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_TEXT_H
#define MR_CORE_FORMAT_PARQUET_PQ_TEXT_H

#include "core/batch/vec.h"

typedef unsigned __int128 mr_pq_text_key;

struct mr_pq_text_range {
    mr_pq_text_key min_key, max_key;
    struct mr_span min, max; /* min.text null: no text so far */
};

static inline uint64_t mr_pq_load_u64(const void *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* mr_pq_text_key_of: the first 16 bytes, the first one highest, zeros behind a shorter text. */
static inline mr_pq_text_key mr_pq_text_key_of(const char *text, size_t bytes)
{
    uint64_t high = __builtin_bswap64(mr_pq_load_u64(text));
    uint64_t low = __builtin_bswap64(mr_pq_load_u64(text + 8));
    if (bytes < 16) {
        if (bytes <= 8) low = 0;
        if (bytes > 8) low &= UINT64_MAX << 8 * (16 - bytes);
        if (bytes < 8) high &= bytes == 0 ? 0 : UINT64_MAX << 8 * (8 - bytes);
    }
    return (mr_pq_text_key)high << 64 | low;
}

/* Order of texts whose keys are equal. */
static inline int mr_pq_text_order(struct mr_span a, struct mr_span b)
{
    size_t shared = a.bytes < b.bytes ? a.bytes : b.bytes;
    int order = shared <= 16 ? 0 : memcmp(a.text + 16, b.text + 16, shared - 16);
    return order != 0 ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

static inline void mr_pq_text_range_add(struct mr_pq_text_range *range, mr_pq_text_key key,
                                        struct mr_span text)
{
    bool is_first = range->min.text == NULL;
    if (is_first || key < range->min_key ||
        (key == range->min_key && mr_pq_text_order(text, range->min) < 0)) {
        range->min_key = key;
        range->min = text;
    }
    if (is_first || key > range->max_key ||
        (key == range->max_key && mr_pq_text_order(text, range->max) > 0)) {
        range->max_key = key;
        range->max = text;
    }
}

/* mr_pq_text_at: the bytes behind a view, and a hint that those of a view further on are next. */
static inline const char *mr_pq_text_at(const struct mr_bufs *bufs, const struct mr_view *view)
{
    bool is_short = view->bytes <= MR_VIEW_INLINE_MAX;
    const char *apart = bufs->at[is_short ? 0 : view->u.ref.buffer];
    return is_short ? view->u.inlined : apart + view->u.ref.off;
}

static inline void mr_pq_text_expect(const struct mr_bufs *bufs, const struct mr_view *view)
{
    const char *text = mr_pq_text_at(bufs, view);
    __builtin_prefetch(text);
    __builtin_prefetch(text + view->bytes); /* few texts lie in one cache line */
}

#endif
