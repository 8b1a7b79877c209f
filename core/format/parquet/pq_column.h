/* One column of a row group being written: values in, finished pages out.
 *
 *     shredded values ──▶ tile of plain values ──┬─▶ bounds
 *                         (at most 1,024)         ├─▶ dictionary codes   while the dictionary holds
 *                                                 └─▶ plain bytes        from then on
 *     page full ──▶ levels + values ──▶ codec ──▶ CRC, header ──▶ spool of the column
 *
 * A page ends with a row, when it has page_rows rows or page_bytes bytes. A column chunk begins
 * with a dictionary and falls back to plain values in mid-chunk when the dictionary is full. While
 * no page has been written with it, a dictionary that does not pay is undone, and the chunk has
 * none; then, or when most of a chunk was plain, the next chunks of the column do not try
 * (pq_values.c). The dictionary page is made last and goes first in the file.
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
#include "kernels/codec/codec.h"

enum {
    MR_PQ_TILE_VALUES = 1024,
    MR_PQ_HEAD = 16, /* room in front of plain values for levels that hardly take any */
};

struct mr_encode_kernels;

/* What all columns of a writer share: limits, the codec, and room for work on one page at a time.
 */
struct mr_pq_press {
    struct mr_heap *heap;
    struct mr_slab columns; /* over heap: what each column has for itself, mostly small */
    struct mr_codec *codec;
    const struct mr_encode_kernels *kernels;
    mr_codec_id codec_id;
    bool is_adaptive; /* the codec works as hard as its pages have shown to be worth */
    uint32_t page_rows;
    uint32_t page_bytes;
    uint32_t dictionary_bytes; /* 0 = no dictionaries */
    struct mr_pq_rack rack;
    struct mr_pq_grow raw;    /* levels of a page, and its body where values are not in place */
    struct mr_pq_grow packed; /* and after it */
    struct mr_pq_grow marks;  /* uint8_t per code of the page being sealed */
    struct mr_text header;
    uint64_t tile[MR_PQ_TILE_VALUES * 2] __attribute__((aligned(64))); /* values or views */
};

/* What a trial found out about the pages of a column, and for how many more it holds. */
struct mr_pq_effort {
    mr_codec_effort now;
    uint32_t pages;
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
    struct mr_pq_grow values; /* MR_PQ_HEAD bytes, then plain ones; booleans one byte each */
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
    bool has_tried_dict;              /* they did at the chunk's begin */
    uint32_t dict_skips;              /* chunks to come that do not try */
    bool has_index;                   /* every page with values has bounds so far */
    bool is_ascending, is_descending; /* bounds of the pages so far, null pages left out */
    struct mr_pq_bounds last_bounds;  /* of the last page that has some */
    mr_codec_id codec_id;
    bool is_sealing;                /* the page in progress is the chunk's last */
    struct mr_pq_effort efforts[2]; /* of plain pages, of coded ones; kept from chunk to chunk */
    struct mr_pq_spool data;
    struct mr_pq_spool dict_page;
    struct mr_pq_grow pages;       /* struct mr_pq_page */
    struct mr_pq_grow page_bounds; /* bytes of the bounds */
    struct mr_pq_grow histograms;  /* uint64_t: per page rep[max_rep + 1], def[max_def + 1] */
    uint64_t *histogram;           /* the same of the whole chunk */
    uint64_t *page_histogram;
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

/* ---- between the files of the column --------------------------------------------------------- */

/* mr_pq_values_add: values from to from + count - 1 of a shred, coded or plain; ends the page when
 * the dictionary is full (pq_values.c). mr_pq_values_undo: the page's codes become plain values and
 * the dictionary goes; no page with codes has been written. */
MR_MUST_USE mr_status mr_pq_values_add(struct mr_pq_column *column, const struct mr_pq_shred *shred,
                                       uint32_t from, uint32_t count, struct mr_err *err);
MR_MUST_USE mr_status mr_pq_values_undo(struct mr_pq_column *column, struct mr_err *err);

/* mr_pq_values_is_poor: whether the dictionary, by what came so far, will not pay. */
bool mr_pq_values_is_poor(const struct mr_pq_column *column, bool is_page_full);

/* mr_pq_values_coded_bounds: bounds of the page's texts, from its codes. */
MR_MUST_USE mr_status mr_pq_values_coded_bounds(struct mr_pq_column *column, struct mr_err *err);

/* mr_pq_plain_width: bytes of a plain value, 1 for booleans. mr_pq_texts_bytes: of all views, or of
 * those in rows[count]. */
uint32_t mr_pq_plain_width(const struct mr_pq_leaf *leaf);
uint64_t mr_pq_texts_bytes(const struct mr_view *views, const uint32_t *rows, uint32_t count);

/* mr_pq_page_seal: the page in progress becomes a finished one. */
MR_MUST_USE mr_status mr_pq_page_seal(struct mr_pq_column *column, struct mr_err *err);

/* mr_pq_page_write: a body through the codec, behind its header, into `spool`.
 * Implemented in pq_page_write.c with the header's layout; *out_bytes counts what was stored. */
struct mr_pq_page_head {
    bool is_dictionary;
    uint32_t entries; /* num_values: with nulls, or dictionary values */
    int32_t encoding;
};
MR_MUST_USE mr_status mr_pq_page_write(struct mr_pq_column *column,
                                       const struct mr_pq_page_head *head, struct mr_span body,
                                       struct mr_pq_spool *spool, uint32_t *out_bytes,
                                       struct mr_err *err);

#endif
