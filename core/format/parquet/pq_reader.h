/* The Parquet reader: bytes of a whole file in memory in, record batches out.
 *
 *     open ──▶ [project] ──▶ next* (false: no more rows) ──▶ close
 *
 * It serves the control plane (log checkpoints, files of others) and is shaped to be widened: any
 * nesting, PLAIN, dictionary, RLE, delta and split encodings, v1 and v2 pages, all codecs of
 * kernels/codec, INT96 and millisecond or nanosecond timestamps (which become microseconds),
 * two-level lists. Batches own their bytes: nothing points into the file once a batch is made.
 *
 * The file may be hostile. Every length is checked, recursion is bounded, and all memory comes from
 * a heap of the reader's own that ends at memory_bytes (the batch's arena is the caller's and takes
 * a small multiple of what the reader holds at most); whatever is wrong with the file is an error.
 */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_READER_H
#define MR_CORE_FORMAT_PARQUET_PQ_READER_H

#include "core/batch/batch.h"
#include "core/format/parquet/pq_tree.h"

struct mr_pq_reader;

struct mr_pq_reader_limits {
    size_t memory_bytes; /* 0 = 256 MiB */
    uint32_t batch_rows; /* 0 = MR_BATCH_ROWS_MAX, the most */
    bool ignores_crc;    /* page checksums are not looked at: fuzzing gets behind them */
};

/* mr_pq_reader_open: reads the footer. `file` and `codec` are borrowed until close.
 * returns MR_E_CORRUPT, MR_E_UNSUPPORTED, MR_E_LIMIT, MR_E_NOMEM (which may be the file's doing) */
MR_MUST_USE mr_status mr_pq_reader_open(struct mr_heap *heap, struct mr_codec *codec,
                                        struct mr_span file,
                                        const struct mr_pq_reader_limits *limits,
                                        struct mr_pq_reader **out_reader, struct mr_err *err);

/* mr_pq_reader_project: keeps the columns on these paths, each a list of struct members from the
 * top; a path that ends at a struct, array or map keeps all of it, and one that leads into an array
 * or map too. Paths the file has not are left out. Without a call everything is kept. Before the
 * first next. returns MR_E_UNSUPPORTED when a kept column has a type unknown here */
MR_MUST_USE mr_status mr_pq_reader_project(struct mr_pq_reader *reader,
                                           const struct mr_pq_projection *paths,
                                           uint32_t path_count, struct mr_err *err);

/* mr_pq_reader_schema: the kept columns as a struct type; valid until close or another projection.
 * Before any projection and next, all of the file's, or null when it has a type unknown here. */
MR_MUST_USE mr_status mr_pq_reader_schema(struct mr_pq_reader *reader,
                                          const struct mr_type **out_schema, struct mr_err *err);

uint64_t mr_pq_reader_rows(const struct mr_pq_reader *reader);
struct mr_span mr_pq_reader_created_by(const struct mr_pq_reader *reader);

/* mr_pq_reader_next: up to batch_rows rows; a batch never spans row groups. *out_has_rows false:
 * the file is at its end, or no column is kept, and `out` is untouched. The batch lies in `arena`;
 * mr_batch_fini resets that. Its schema is the reader's and has to be done with before close. After
 * an error only close is allowed. */
MR_MUST_USE mr_status mr_pq_reader_next(struct mr_pq_reader *reader, struct mr_arena *arena,
                                        struct mr_batch *out, bool *out_has_rows,
                                        struct mr_err *err);

void mr_pq_reader_close(struct mr_pq_reader *reader); /* null is allowed */

#endif
