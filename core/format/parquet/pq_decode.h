/* Decoding of what is neither PLAIN nor dictionary codes: into PLAIN form, or lengths of texts.
 *
 * Two steps keep encodings and types apart. A page of integer deltas or of split bytes becomes
 * PLAIN values when it is loaded, text deltas become lengths and the bytes of the texts one behind
 * the other; pq_convert.h makes values of a column from either. All lengths come from outside and
 * are checked before use. Source: parquet-format, Encodings.md. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_DECODE_H
#define MR_CORE_FORMAT_PARQUET_PQ_DECODE_H

#include "core/format/parquet/pq_block.h"
#include "core/format/parquet/pq_grow.h"
#include "core/format/parquet/pq_tree.h"
#include "kernels/decode/decode.h"

/* What a page is decoded with and into. */
struct mr_pq_decoding {
    const struct mr_pq_reading_leaf *leaf;
    const struct mr_decode_kernels *kernels;
    uint32_t entries;           /* of the page: no more values than that */
    struct mr_pq_block **block; /* renewed for what is decoded */
    struct mr_heap *heap;
    struct mr_pq_grow *lengths; /* uint32_t, of text deltas */
};

/* mr_pq_decode_delta: DELTA_BINARY_PACKED integers, their low 4 or 8 bytes, to *block; *count of
 * them, at most `most`; *taken is the bytes they took.
 * returns MR_E_CORRUPT, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_decode_delta(const struct mr_decode_kernels *kernels,
                                         struct mr_span page, unsigned value_bytes, uint32_t most,
                                         struct mr_pq_block **block, struct mr_heap *heap,
                                         uint32_t *count, size_t *taken, struct mr_err *err);

/* mr_pq_decode_integers: DELTA_BINARY_PACKED to PLAIN. */
MR_MUST_USE mr_status mr_pq_decode_integers(const struct mr_pq_decoding *with, struct mr_span page,
                                            struct mr_span *out, struct mr_err *err);

/* mr_pq_decode_split: BYTE_STREAM_SPLIT to PLAIN. */
MR_MUST_USE mr_status mr_pq_decode_split(const struct mr_pq_decoding *with, struct mr_span page,
                                         struct mr_span *out, struct mr_err *err);

/* mr_pq_decode_texts: DELTA_LENGTH_BYTE_ARRAY, with has_prefixes DELTA_BYTE_ARRAY. `out` is all
 * texts, in the page itself or in *block; their lengths go to with->lengths. Texts of a fixed
 * length become PLAIN and have no lengths. */
MR_MUST_USE mr_status mr_pq_decode_texts(const struct mr_pq_decoding *with, struct mr_span page,
                                         bool has_prefixes, struct mr_span *out,
                                         struct mr_err *err);

/* mr_pq_plain_bytes: of one PLAIN value; 0 for BYTES, which have a length, and for booleans. */
uint32_t mr_pq_plain_bytes(const struct mr_pq_reading_leaf *leaf);

#endif
