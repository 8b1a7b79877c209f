/* Scans of Parquet files: the reader of core/format/parquet fed by operations of a shard.
 *
 *   begin --> OPENING --> (STAT) --> TAIL --> (FOOTER) --> READY --(stop)--> CLOSING --> IDLE
 *
 * A scan belongs to one shard and reads one file after another. The footer is found in the last
 * 64 KiB, or read by itself when it is longer; a file whose metadata is known already (another row
 * group of it, perhaps on another shard) is only opened. Then up to MR_PQ_SCAN_FLIGHT of the ranges
 * that the reader asks for are in flight at a time, and go on being read while a batch is looked
 * at. A read that comes short is continued; a file that ends before its size says so, or whose
 * device fails, is an error of the scan. Nothing blocks: what is not there yet is MR_E_AGAIN, and
 * the waker is called after each completion that may let the owner go on. Batches have to be done
 * with before the scan is stopped. */
#ifndef MR_CORE_OPS_PQ_SCAN_H
#define MR_CORE_OPS_PQ_SCAN_H

#include "core/format/parquet/pq_heap.h"
#include "core/format/parquet/pq_reader.h"
#include "core/ops/scan.h"

enum { MR_PQ_SCAN_FLIGHT = 4 };

struct mr_pq_scan_file {
    const char *path;              /* to open; outlives the scan of it */
    uint64_t bytes;                /* of the file as a table's log has it; 0 = ask the system */
    const struct mr_pq_meta *meta; /* known already, outlives the scan of it; null = read it */
};

struct mr_pq_scan_read {
    struct mr_io_op op;
    struct mr_pq_scan *scan;
    struct mr_pq_request request;
    uint32_t got;   /* bytes there */
    uint32_t again; /* times in a row that it was interrupted */
    bool is_busy;
};

struct mr_pq_scan {
    struct mr_io *io;
    struct mr_heap *heap;
    struct mr_codec *codec;
    struct mr_waker waker;
    struct mr_pq_reader_limits limits;
    struct mr_pq_scan_file file;
    enum {
        MR_PQ_SCAN_IDLE,
        MR_PQ_SCAN_OPENING,
        MR_PQ_SCAN_STAT,
        MR_PQ_SCAN_TAIL,
        MR_PQ_SCAN_FOOTER,
        MR_PQ_SCAN_READY,
        MR_PQ_SCAN_CLOSING,
    } state;
    struct mr_io_op control; /* open, stat and close */
    struct mr_io_stat stat;
    int32_t fd;
    struct mr_pq_scan_read reads[MR_PQ_SCAN_FLIGHT]; /* the first also reads tail and footer */
    struct mr_pq_heap meta_heap;                     /* bounds what a footer may take */
    struct mr_arena arena;                           /* metadata and the footer's bytes */
    struct mr_pq_meta own_meta;
    const struct mr_pq_meta *meta; /* null until known */
    struct mr_pq_reader *reader;
    bool must_stop;
    mr_status status;    /* of the first failure */
    struct mr_err error; /* belongs to it */
    uint64_t bytes_read; /* of the file, for the counters */
};

/* mr_pq_scan_init: idle; codec and limits' kernels are borrowed until fini. */
void mr_pq_scan_init(struct mr_pq_scan *scan, struct mr_io *io, struct mr_heap *heap,
                     struct mr_codec *codec, const struct mr_pq_reader_limits *limits,
                     struct mr_waker waker);
void mr_pq_scan_fini(struct mr_pq_scan *scan); /* must be idle */

/* mr_pq_scan_begin: starts on a file; the scan must be idle. */
void mr_pq_scan_begin(struct mr_pq_scan *scan, const struct mr_pq_scan_file *file);

/* mr_pq_scan_open: the reader, once the file's metadata is there: the caller projects, filters and
 * chooses row groups with it before the first next. It is closed by stop.
 * returns MR_OK; MR_E_AGAIN while operations are in flight; a failure of the file */
MR_MUST_USE mr_status mr_pq_scan_open(struct mr_pq_scan *scan, struct mr_pq_reader **out_reader,
                                      struct mr_err *err);

/* mr_pq_scan_next: as mr_pq_reader_next; the scan is open. */
MR_MUST_USE mr_status mr_pq_scan_next(struct mr_pq_scan *scan, struct mr_arena *arena,
                                      struct mr_batch *out, bool *out_has_rows,
                                      struct mr_err *err);

/* mr_pq_scan_stop: gives the file up. returns true once nothing is in flight any more and the file
 * is closed; call again after completions until it does. */
bool mr_pq_scan_stop(struct mr_pq_scan *scan);

#endif
