/* Reading one column chunk: pages in, entries (levels and values) out.
 *
 *     at a page's end ──(next header, CRC, codec, levels)──▶ in a page ──(entries taken)──▶ ...
 *
 * A chunk reader walks the pages of one column of one row group and hands out the entries of as
 * many rows as asked for. It believes nothing: sizes are held against the chunk, counts against the
 * row group, codes against the dictionary, and everything it allocates comes from the reader's
 * limited heap. Data pages v1 and v2, dictionaries, all encodings of pq_decode.h. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_CHUNK_READ_H
#define MR_CORE_FORMAT_PARQUET_PQ_CHUNK_READ_H

#include "core/format/parquet/pq_decode.h"

struct mr_pq_chunk_reader {
    const struct mr_pq_reading_leaf *leaf;
    struct mr_codec *codec;
    bool ignores_crc;
    const struct mr_pq_column_meta *meta;
    const uint8_t *at; /* next page header */
    const uint8_t *end;
    uint64_t entries_left; /* of pages not loaded yet */

    /* The page. */
    struct mr_pq_grow body;       /* decompressed */
    struct mr_pq_grow defs, reps; /* uint8_t per entry; empty when the maximum is 0 */
    struct mr_pq_grow codes;      /* uint32_t per value */
    struct mr_pq_grow plain_room;
    struct mr_span plain; /* values not taken yet, when not coded */
    bool is_coded;
    uint32_t page_entries;
    uint32_t entry; /* next one */
    uint32_t code;  /* next one */

    /* The dictionary, decoded: values of the column; texts as views into dict_texts. */
    bool has_dict;
    uint32_t dict_count;
    struct mr_pq_grow dict_values;
    struct mr_pq_grow dict_texts;

    /* What was taken for the batch. */
    struct mr_pq_grow out_defs, out_reps; /* uint8_t per entry, both always filled */
    struct mr_pq_grow out_values;
};

void mr_pq_chunk_reader_init(struct mr_pq_chunk_reader *chunk, struct mr_heap *heap,
                             struct mr_codec *codec, const struct mr_pq_reading_leaf *leaf);
void mr_pq_chunk_reader_fini(struct mr_pq_chunk_reader *chunk);

/* mr_pq_chunk_reader_begin: the chunk of `meta` in `file`. */
MR_MUST_USE mr_status mr_pq_chunk_reader_begin(struct mr_pq_chunk_reader *chunk,
                                               struct mr_span file,
                                               const struct mr_pq_column_meta *meta,
                                               struct mr_err *err);

/* mr_pq_chunk_reader_take: the entries of the next `rows` rows into out_defs, out_reps, out_values,
 * which are emptied first. Long texts go behind `texts`.
 * returns MR_E_CORRUPT when the chunk ends before */
MR_MUST_USE mr_status mr_pq_chunk_reader_take(struct mr_pq_chunk_reader *chunk, uint32_t rows,
                                              struct mr_pq_grow *texts, struct mr_err *err);

#endif
