/* The segment writer: record batches in, the bytes of one Parquet file out, no I/O.
 *
 *     open ──▶ append* ──▶ seal ──▶ close          take / give at any time after open
 *
 * A batch is shredded column by column into pages (pq_column.h); a row group is sealed when it has
 * row_group_rows rows or row_group_bytes bytes, or when the writer holds more than memory_bytes;
 * when neither is given, near the end of a page once it has
 * 100,000 rows and 8 MiB.
 * Sealed row groups become output: pieces of equal size with ascending file offsets, which the
 * caller takes, writes in any order and as asynchronously as it likes, and gives back. Only the
 * last piece after `seal` is short. Pieces that are not given back count as memory of the writer.
 *
 * The writer keeps no view of a batch after append returns. Its memory comes from the heap it was
 * opened with, grows with the first row group and then stays; memory_bytes bounds it, except that
 * one row is never split and each column needs a page. Pages shrink so that all columns fit the
 * budget, or its part when several writers share one. After an error only `close` is allowed;
 * nothing of the file is usable.
 *
 * The file is the same for the same batches, options and schema: no time, no randomness.
 * Format: pq_format.h. Encodings: PLAIN, and RLE_DICTIONARY where it pays; v1 data pages. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_WRITER_H
#define MR_CORE_FORMAT_PARQUET_PQ_WRITER_H

#include "core/batch/batch.h"
#include "core/format/parquet/pq_bounds.h"
#include "core/format/parquet/pq_footer.h"
#include "kernels/encode/encode.h"

struct mr_pq_writer;

struct mr_pq_writer_options {
    struct mr_codec *codec; /* borrowed, the shard's; its zstd and gzip levels apply */
    const struct mr_encode_kernels *kernels; /* borrowed; null = the reference */
    mr_codec_id codec_id;
    bool is_adaptive;         /* less work for the codec where it gains little: pq_page_write.c */
    uint64_t row_group_rows;  /* 0 = 1,000,000 */
    uint64_t row_group_bytes; /* 0 = 32 MiB, after compression */
    uint32_t page_rows;       /* 0 = 20,000 */
    uint32_t page_bytes;      /* 0 = 1 MiB, before compression */
    bool has_no_dictionary;
    uint32_t dictionary_bytes;      /* 0 = 1 MiB */
    uint64_t memory_bytes;          /* 0 = 256 MiB */
    uint32_t sharers;               /* writers that memory_bytes is for, so far; 0 = 1 */
    uint32_t piece_bytes;           /* of output; a multiple of 4096; 0 = 64 KiB */
    bool has_field_ids;             /* write the field ids that the schema's metadata holds */
    const struct mr_pq_pair *pairs; /* key-value metadata of the footer; borrowed until seal */
    uint32_t pair_count;
};

/* mr_pq_writer_open: a writer for files of `schema` (a struct without the table's partition
 * columns; copied). Void columns have no place in the file. Nothing is written before the first
 * append or seal. returns MR_E_UNSUPPORTED for a type Parquet cannot hold, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_writer_open(struct mr_heap *heap, const struct mr_type *schema,
                                        const struct mr_pq_writer_options *options,
                                        struct mr_pq_writer **out_writer, struct mr_err *err);

/* mr_pq_writer_append: the selected rows of a batch. Column i of the file is batch->cols[cols[i]],
 * of the same type; cols null means i. Cost: one pass per column; no allocation in the long run.
 * returns MR_E_SCHEMA for a null in a column that is NOT NULL, MR_E_NOMEM, MR_E_LIMIT */
MR_MUST_USE mr_status mr_pq_writer_append(struct mr_pq_writer *writer, const struct mr_batch *batch,
                                          const uint32_t *cols, struct mr_err *err);

/* mr_pq_writer_seal: no more rows; the footer is written. A file without rows is valid. */
MR_MUST_USE mr_status mr_pq_writer_seal(struct mr_pq_writer *writer, struct mr_err *err);

/* mr_pq_writer_flush: ends the row group and gives back all that the columns grew to; what stays is
 * output that has not been taken and given back, and a little per column. From here on `sharers`
 * writers share memory_bytes. */
MR_MUST_USE mr_status mr_pq_writer_flush(struct mr_pq_writer *writer, uint32_t sharers,
                                         struct mr_err *err);

struct mr_pq_piece {
    const uint8_t *at;       /* 64-byte aligned */
    uint32_t bytes;          /* piece_bytes, but for the last of the file */
    uint64_t off;            /* in the file */
    struct mr_pq_tile *tile; /* the writer's own */
};

/* mr_pq_writer_take: up to `max` finished pieces, in order of their offsets; after seal also the
 * last, short one. Returns how many. mr_pq_writer_give: the piece is written and its memory free.
 */
uint32_t mr_pq_writer_take(struct mr_pq_writer *writer, struct mr_pq_piece *out, uint32_t max);
void mr_pq_writer_give(struct mr_pq_writer *writer, const struct mr_pq_piece *piece);

/* mr_pq_writer_bytes: bytes of the file so far: output made plus what the open row group holds;
 * after seal the file's size. mr_pq_writer_rows: rows appended. mr_pq_writer_memory: bytes it has
 * from its heap now. */
uint64_t mr_pq_writer_bytes(const struct mr_pq_writer *writer);
uint64_t mr_pq_writer_rows(const struct mr_pq_writer *writer);
size_t mr_pq_writer_memory(const struct mr_pq_writer *writer);

/* Statistics of the file for one column of the table's schema, in schema order: struct members are
 * columns, an array or a map is one column without bounds. */
struct mr_pq_stats {
    const struct mr_type *type;
    const struct mr_span *path; /* member names; path_count of them */
    uint32_t path_count;
    uint64_t null_count;               /* rows where it, or a struct around it, is null */
    const struct mr_pq_bounds *bounds; /* as its type says; null when there are none (all null, NaN
                                        * only, array, map, void) */
};

/* mr_pq_writer_stat_count, _stats: valid after seal, until close. */
uint32_t mr_pq_writer_stat_count(const struct mr_pq_writer *writer);
void mr_pq_writer_stats(const struct mr_pq_writer *writer, uint32_t index, struct mr_pq_stats *out);

/* mr_pq_writer_close: frees everything; null is allowed. All pieces have to be back. */
void mr_pq_writer_close(struct mr_pq_writer *writer);

#endif
