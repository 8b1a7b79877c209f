/* The Parquet reader: bytes of a file in, record batches out.
 *
 *     open ──▶ [project | want] [filter] [groups] ──▶ next* (false: no more rows) ──▶ close
 *
 * It does no I/O. Opened on a whole file in memory every byte is there; opened on metadata it says
 * which ranges of the file it needs next (ask), the caller reads them in any order and says so
 * (fill), and `next` answers MR_E_AGAIN until it can go on. Metadata may be shared: row groups are
 * the unit of parallel work, and readers on several shards take different ones of the same file.
 *
 * It reads any nesting, v1 and v2 pages, all encodings, all codecs of kernels/codec, INT96 and
 * millisecond or nanosecond timestamps (which become microseconds), half floats, lists and maps of
 * older writers. Row groups and pages that cannot hold a row of interest are left out by their
 * bounds and bloom filters (pq_predicate.h); rows that do not match still come where that was not
 * certain. A batch's rows are neighbours in the file: row i is record first_record + i of it.
 *
 * Texts are views into the pages, the dictionaries or the file's memory; the batch holds those by
 * its `input`, so batches have to be done with before the reader is closed, and the file's memory
 * has to stay until then. The file may be hostile. Every length is checked, recursion is bounded,
 * and all memory comes from a heap of the reader's own that ends at memory_bytes (the batch's arena
 * is the caller's and takes a small multiple of what the reader holds at most); whatever is wrong
 * with the file is an error. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_READER_H
#define MR_CORE_FORMAT_PARQUET_PQ_READER_H

#include "core/batch/batch.h"
#include "core/format/parquet/pq_select.h"
#include "kernels/decode/decode.h"

struct mr_pq_reader;

struct mr_pq_reader_limits {
    size_t memory_bytes;    /* 0 = 256 MiB */
    uint32_t batch_rows;    /* 0 = MR_BATCH_ROWS_MAX, the most */
    uint32_t request_bytes; /* the most of one range; 0 = 4 MiB */
    uint32_t gap_bytes;     /* read along rather than skipped; 0 = 64 KiB */
    bool ignores_crc;       /* page checksums are not looked at: fuzzing gets behind them */
    const struct mr_decode_kernels *kernels; /* null = the machine's best */
};

/* mr_pq_reader_open: reads the footer. `file` and `codec` are borrowed until close.
 * returns MR_E_CORRUPT, MR_E_UNSUPPORTED, MR_E_LIMIT, MR_E_NOMEM (which may be the file's doing) */
MR_MUST_USE mr_status mr_pq_reader_open(struct mr_heap *heap, struct mr_codec *codec,
                                        struct mr_span file,
                                        const struct mr_pq_reader_limits *limits,
                                        struct mr_pq_reader **out_reader, struct mr_err *err);

/* mr_pq_reader_open_meta: on metadata read by mr_pq_footer_read, borrowed until close. */
MR_MUST_USE mr_status mr_pq_reader_open_meta(struct mr_heap *heap, struct mr_codec *codec,
                                             const struct mr_pq_meta *meta,
                                             const struct mr_pq_reader_limits *limits,
                                             struct mr_pq_reader **out_reader, struct mr_err *err);

/* mr_pq_reader_project: keeps the columns on these paths, each a list of struct members from the
 * top; a path that ends at a struct, array or map keeps all of it, and one that leads into an array
 * or map too. Paths the file has not are left out. Without a call everything is kept. Before the
 * first next. returns MR_E_UNSUPPORTED when a kept column has a type unknown here */
MR_MUST_USE mr_status mr_pq_reader_project(struct mr_pq_reader *reader,
                                           const struct mr_pq_projection *paths,
                                           uint32_t path_count, struct mr_err *err);

/* mr_pq_reader_want: instead, the file is read as a schema (pq_tree.h), which is borrowed until
 * close. returns MR_E_SCHEMA when a column's type cannot become the wanted one */
MR_MUST_USE mr_status mr_pq_reader_want(struct mr_pq_reader *reader,
                                        const struct mr_pq_wanted *wanted, struct mr_err *err);

/* mr_pq_reader_groups: only these row groups are read, in this order. `groups` is borrowed until
 * close. Before the first next. */
void mr_pq_reader_groups(struct mr_pq_reader *reader, const uint32_t *groups, uint32_t count);

/* mr_pq_reader_filter: rows that certainly do not match are left out where bounds, indexes and
 * filters show it. The predicate, borrowed until close, is about columns that are kept. After
 * project or want, before the first next. returns MR_E_SCHEMA for a column that is not kept */
MR_MUST_USE mr_status mr_pq_reader_filter(struct mr_pq_reader *reader,
                                          const struct mr_pq_predicate *predicate,
                                          struct mr_err *err);

/* mr_pq_reader_only_rows: nothing but these rows of the file, ascending ranges without overlap,
 * borrowed until close. For columns that are looked at only where others matched: a reader for the
 * filter's columns finds the rows, another reads the rest. Before the first next. */
void mr_pq_reader_only_rows(struct mr_pq_reader *reader, const struct mr_pq_row_range *ranges,
                            uint32_t count);

/* mr_pq_reader_schema: the kept columns as a struct type; valid until close or another projection.
 * Before any projection and next, all of the file's, or null when it has a type unknown here. */
MR_MUST_USE mr_status mr_pq_reader_schema(struct mr_pq_reader *reader,
                                          const struct mr_type **out_schema, struct mr_err *err);

const struct mr_pq_meta *mr_pq_reader_meta(const struct mr_pq_reader *reader);
uint64_t mr_pq_reader_rows(const struct mr_pq_reader *reader);
struct mr_span mr_pq_reader_created_by(const struct mr_pq_reader *reader);

/* mr_pq_reader_next: up to batch_rows rows; a batch never spans row groups. *out_has_rows false:
 * the file is at its end, or no column is kept, and `out` is untouched. The batch lies in `arena`;
 * mr_batch_fini resets that. Its schema is the reader's and has to be done with before close, as
 * has the batch. After an error only close is allowed, but for
 * MR_E_AGAIN  bytes are missing: call again with the same arena, left alone meanwhile, when ranges
 *             were filled */
MR_MUST_USE mr_status mr_pq_reader_next(struct mr_pq_reader *reader, struct mr_arena *arena,
                                        struct mr_batch *out, bool *out_has_rows,
                                        struct mr_err *err);

/* Bytes of the file that are wanted: `bytes` from `off`, to be read to `at`. */
struct mr_pq_request {
    uint64_t off;
    uint32_t bytes;
    uint32_t range;
    void *at;
};

/* mr_pq_reader_ask: the next range to read, each is given once; *out_has false: none now. Asking
 * makes sense after open and after next; how many are in flight at a time is the caller's to say,
 * and the reader's memory bounds it. returns MR_E_NOMEM
 * mr_pq_reader_fill: a request's bytes are there. */
MR_MUST_USE mr_status mr_pq_reader_ask(struct mr_pq_reader *reader, struct mr_pq_request *out,
                                       bool *out_has, struct mr_err *err);
void mr_pq_reader_fill(struct mr_pq_reader *reader, const struct mr_pq_request *request);

/* mr_pq_reader_close: null is allowed; requests that were not filled will not be. */
void mr_pq_reader_close(struct mr_pq_reader *reader);

#endif
