/* One column of a row group being written: values in, finished pages out.
 *
 *     shredded values ──▶ tile of plain values ──┬─▶ bounds
 *                         (at most 1,024)         ├─▶ dictionary codes   while the dictionary holds
 *                                                 └─▶ plain bytes        from then on
 *     page full ──▶ levels + values ──▶ codec ──▶ CRC, header ──▶ spool of the column
 *
 * A page ends with a row, when it has page_rows rows or page_bytes bytes. A column chunk begins
 * with a dictionary and falls back to plain values in mid-chunk when the dictionary is full; after
 * the first 16 K values, or at the end of a shorter chunk, a dictionary that does not pay is
 * undone, and the chunk has none. The dictionary page is made last and goes first in the file.
 *
 * Bounds are kept per page for the column index, per chunk for the footer, and per file for the
 * table's statistics. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_COLUMN_H
#define MR_CORE_FORMAT_PARQUET_PQ_COLUMN_H

#include "core/format/parquet/pq_bounds.h"
#include "core/format/parquet/pq_dict.h"
#include "core/format/parquet/pq_shred.h"
#include "core/format/parquet/pq_spool.h"
#include "core/mem/slab.h"

enum { MR_PQ_TILE_VALUES = 1024 };

struct mr_codec;

/* What all columns of a writer share: limits, the codec, and room for work on one page at a time.
 */
struct mr_pq_press {
    struct mr_heap *heap;
    struct mr_slab columns; /* over heap: what each column has for itself, mostly small */
    struct mr_codec *codec;
    mr_codec_id codec_id;
    bool is_adaptive; /* a chunk whose first page does not shrink by a tenth is stored as it is */
    uint32_t page_rows;
    uint32_t page_bytes;
    uint32_t dictionary_bytes; /* 0 = no dictionaries */
    struct mr_pq_rack rack;
    struct mr_pq_grow raw;    /* body of a page before the codec */
    struct mr_pq_grow packed; /* and after it */
    struct mr_text header;
    uint64_t tile[MR_PQ_TILE_VALUES * 2] __attribute__((aligned(64))); /* values or views */
    uint32_t codes[MR_PQ_TILE_VALUES];
};

/* A finished data page, for the indexes. Bounds and histograms lie in arrays of the column. */
struct mr_pq_page {
    uint64_t off;          /* within the chunk's data pages */
    uint32_t stored_bytes; /* with the header */
    uint32_t null_count;
    uint64_t first_row;          /* within the row group */
    uint64_t text_bytes;         /* BYTE_ARRAY: plain bytes of the values without lengths */
    uint32_t min_off, min_bytes; /* in column->page_bounds */
    uint32_t max_off, max_bytes;
    bool is_null; /* no value at all */
};

struct mr_pq_column {
    const struct mr_pq_leaf *leaf;
    struct mr_pq_press *press;

    /* The page in progress. */
    struct mr_pq_grow values; /* plain bytes; booleans one byte each */
    struct mr_pq_grow codes;  /* uint32_t each */
    struct mr_pq_grow defs;   /* uint8_t each; empty while all entries are at the maximum */
    struct mr_pq_grow reps;
    uint32_t page_entries;
    uint32_t page_rows;
    uint32_t page_values;
    uint64_t page_text_bytes;
    struct mr_pq_bounds page_bounds_now;

    /* The column chunk in progress. */
    struct mr_pq_dict dict;
    bool is_coding;                   /* values go through the dictionary */
    bool has_index;                   /* every page with values has bounds so far */
    bool is_ascending, is_descending; /* bounds of the pages so far, null pages left out */
    struct mr_pq_bounds last_bounds;  /* of the last page that has some */
    mr_codec_id codec_id;
    struct mr_pq_spool data;
    struct mr_pq_spool dict_page;
    struct mr_pq_grow pages;       /* struct mr_pq_page */
    struct mr_pq_grow page_bounds; /* bytes of the bounds */
    struct mr_pq_grow histograms;  /* uint64_t: per page rep[max_rep + 1], def[max_def + 1] */
    uint64_t *histogram;           /* the same of the whole chunk */
    uint64_t *page_histogram;
    uint32_t page_stamp;
    uint32_t plain_page_count, coded_page_count;
    uint64_t chunk_entries, chunk_rows, chunk_values, chunk_text_bytes;
    uint64_t raw_bytes; /* pages before the codec, with their headers */
    struct mr_pq_bounds chunk_bounds;

    /* The file. */
    struct mr_pq_bounds file_bounds;
    uint64_t file_entries, file_values;
};

/* mr_pq_press_init: what the columns share; `heap` and `codec` are borrowed. */
void mr_pq_press_init(struct mr_pq_press *press, struct mr_heap *heap, uint32_t tile_bytes);
void mr_pq_press_fini(struct mr_pq_press *press);

MR_MUST_USE mr_status mr_pq_column_init(struct mr_pq_column *column, const struct mr_pq_leaf *leaf,
                                        struct mr_pq_press *press, struct mr_arena *arena,
                                        struct mr_err *err);
void mr_pq_column_fini(struct mr_pq_column *column);

/* mr_pq_column_trim: between two chunks: gives back the room they grew to, and takes the press's
 * limits as they are now. */
void mr_pq_column_trim(struct mr_pq_column *column);

/* mr_pq_column_begin: a new column chunk. */
void mr_pq_column_begin(struct mr_pq_column *column);

/* mr_pq_column_append: the leaf's part of one batch. After an error the column is good for fini
 * only. */
MR_MUST_USE mr_status mr_pq_column_append(struct mr_pq_column *column,
                                          const struct mr_pq_shred *shred, struct mr_err *err);

/* mr_pq_column_seal: ends the last page and makes the dictionary page: the chunk is dict_page,
 * data. */
MR_MUST_USE mr_status mr_pq_column_seal(struct mr_pq_column *column, struct mr_err *err);

/* mr_pq_page_write: body (press->raw) through the codec, behind its header, into `spool`.
 * Implemented in pq_page_write.c with the header's layout; *out_bytes counts what was stored. */
struct mr_pq_page_head {
    bool is_dictionary;
    uint32_t entries; /* num_values: with nulls, or dictionary values */
    int32_t encoding;
};
MR_MUST_USE mr_status mr_pq_page_write(struct mr_pq_column *column,
                                       const struct mr_pq_page_head *head,
                                       struct mr_pq_spool *spool, uint32_t *out_bytes,
                                       struct mr_err *err);

#endif
