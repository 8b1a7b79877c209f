/* The dictionary of one column chunk: distinct values in the order they came, and a table to find
 * them.
 *
 * Values lie in `plain` exactly as the dictionary page stores them, so the page costs nothing to
 * make. The table is open addressing with linear probing; a slot holds a 32-bit hash and a code, so
 * that a value's bytes are looked at once, when it is the right one. Two slots are tried without a
 * branch, and small tables are kept sparse, because what a probe costs is its misprediction.
 *
 *     empty ──▶ on ──(value does not fit, or a probe runs too long)──▶ full: no further codes
 *
 * Full is not an error: the column falls back to plain values from there on. The limits are the
 * bytes of the page and the length of a probe, so that keys which collide on purpose cost a bounded
 * time. Source: parquet-format, Encodings.md, "Dictionary Encoding". */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_DICT_H
#define MR_CORE_FORMAT_PARQUET_PQ_DICT_H

#include "core/batch/vec.h"
#include "core/format/parquet/pq_grow.h"

struct mr_pq_slot {
    uint32_t hash;
    uint32_t code; /* + 1; 0 = free, and then hash is 0 too */
};

struct mr_pq_dict {
    struct mr_pq_grow plain;  /* the dictionary page's body */
    struct mr_pq_grow places; /* uint32_t per code of a text: its length and bytes, in plain */
    struct mr_pq_slot *table; /* [mask + 2]; the last is never taken */
    uint32_t mask;
    uint32_t grow_at; /* values at which the table has to grow */
    uint32_t count;
    uint32_t min_code, max_code; /* of texts: the smallest and the largest */
    size_t bytes_max;
    struct mr_heap *heap;
};

void mr_pq_dict_init(struct mr_pq_dict *dict, struct mr_heap *heap, size_t bytes_max);
void mr_pq_dict_fini(struct mr_pq_dict *dict);

/* mr_pq_dict_reset: empty again, for the next column chunk; keeps its memory. */
void mr_pq_dict_reset(struct mr_pq_dict *dict);

/* mr_pq_dict_drop: empty again, and its memory given back: it is not wanted soon. */
void mr_pq_dict_drop(struct mr_pq_dict *dict);

/* mr_pq_dict_u32, _u64, _fixed, _text: codes[i] for values[i], in order, adding what is new.
 * `fixed` are values of `width` bytes behind one another; texts are views into bufs. *out_done <
 * count says that the dictionary is full and values from *out_done on have no code. returns
 * MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_dict_u32(struct mr_pq_dict *dict, const uint32_t *values,
                                     uint32_t count, uint32_t *codes, uint32_t *out_done,
                                     struct mr_err *err);
MR_MUST_USE mr_status mr_pq_dict_u64(struct mr_pq_dict *dict, const uint64_t *values,
                                     uint32_t count, uint32_t *codes, uint32_t *out_done,
                                     struct mr_err *err);
MR_MUST_USE mr_status mr_pq_dict_fixed(struct mr_pq_dict *dict, const uint8_t *values,
                                       uint32_t width, uint32_t count, uint32_t *codes,
                                       uint32_t *out_done, struct mr_err *err);
MR_MUST_USE mr_status mr_pq_dict_text(struct mr_pq_dict *dict, const struct mr_bufs *bufs,
                                      const struct mr_view *views, uint32_t count, uint32_t *codes,
                                      uint32_t *out_done, struct mr_err *err);

/* mr_pq_dict_text_at: the value behind a text's code; readable MR_PAD bytes further. */
static inline struct mr_span mr_pq_dict_text_at(const struct mr_pq_dict *dict, uint32_t code)
{
    const char *at = (const char *)dict->plain.at + ((const uint32_t *)dict->places.at)[code];
    uint32_t bytes;
    MR_DCHECK(code < dict->count);
    memcpy(&bytes, at, sizeof bytes);
    return (struct mr_span){at + sizeof bytes, bytes};
}

#endif
