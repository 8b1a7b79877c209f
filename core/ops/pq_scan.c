#include "core/ops/pq_scan.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"

enum { ERR_READ = 2001, ERR_CORRUPT = 2510, ERR_LIMIT = 2512, MEMORY_BYTES = 256 << 20 };

static void control_done(struct mr_io_op *op, void *ctx);
static void read_done(struct mr_io_op *op, void *ctx);

void mr_pq_scan_init(struct mr_pq_scan *scan, struct mr_io *io, struct mr_heap *heap,
                     struct mr_codec *codec, const struct mr_pq_reader_limits *limits,
                     struct mr_waker waker)
{
    *scan = (struct mr_pq_scan){.io = io,
                                .heap = heap,
                                .codec = codec,
                                .waker = waker,
                                .limits = *limits,
                                .fd = -1,
                                .status = MR_OK};
    if (scan->limits.memory_bytes == 0) scan->limits.memory_bytes = MEMORY_BYTES;
    mr_pq_heap_init(&scan->meta_heap, heap, scan->limits.memory_bytes);
    mr_arena_init(&scan->arena, &scan->meta_heap.heap, 0);
}

void mr_pq_scan_fini(struct mr_pq_scan *scan)
{
    MR_ASSERT(scan->state == MR_PQ_SCAN_IDLE && scan->reader == NULL);
    mr_arena_fini(&scan->arena);
}

/* Keeps the first failure; `status` is one that has filled scan->error in, unless one was there. */
static void scan_failed(struct mr_pq_scan *scan, mr_status status, const struct mr_err *err)
{
    if (scan->status != MR_OK) return;
    scan->status = status;
    scan->error = *err;
}

static void scan_failed_os(struct mr_pq_scan *scan, int64_t result)
{
    struct mr_err err = {0};
    mr_status status =
        mr_err_os(&err, (int)-result, ERR_READ, "cannot read %s", scan->file.path);
    scan_failed(scan, status, &err);
}

/* ---- operations ------------------------------------------------------------------------------ */

static void submit_control(struct mr_pq_scan *scan, mr_io_kind kind)
{
    mr_io_op_init(&scan->control, kind);
    scan->control.done = control_done;
    scan->control.ctx = scan;
    scan->control.file = scan->fd;
    if (kind != MR_IO_CLOSE) scan->control.path = scan->file.path;
    if (kind == MR_IO_OPEN) scan->control.flags = MR_OPEN_READ;
    if (kind == MR_IO_STAT) scan->control.stat = &scan->stat;
    mr_io_submit(scan->io, &scan->control);
}

static void submit_read(struct mr_pq_scan_read *read)
{
    struct mr_pq_scan *scan = read->scan;
    mr_io_op_init(&read->op, MR_IO_READ);
    read->op.file = scan->fd;
    read->op.buf = (char *)read->request.at + read->got;
    read->op.bytes = read->request.bytes - read->got;
    read->op.off = read->request.off + read->got;
    read->op.done = read_done;
    read->op.ctx = read;
    read->is_busy = true;
    mr_io_submit(scan->io, &read->op);
}

static void start_read(struct mr_pq_scan *scan, struct mr_pq_scan_read *read)
{
    read->scan = scan;
    read->got = read->again = 0;
    submit_read(read);
}

static bool is_in_flight(const struct mr_pq_scan *scan)
{
    for (uint32_t i = 0; i < MR_PQ_SCAN_FLIGHT; i++) {
        if (scan->reads[i].is_busy) return true;
    }
    return false;
}

/* Ranges that the reader asks for, as many as may be in flight. */
static void submit_ranges(struct mr_pq_scan *scan)
{
    for (uint32_t i = 0; i < MR_PQ_SCAN_FLIGHT; i++) {
        struct mr_pq_scan_read *read = &scan->reads[i];
        struct mr_err err = {0};
        bool has;
        if (read->is_busy) continue;
        if (scan->status != MR_OK || scan->must_stop) return;
        mr_status status = mr_pq_reader_ask(scan->reader, &read->request, &has, &err);
        /* What the budget has no memory for now is asked for again when ranges were passed. */
        if (status != MR_OK && !is_in_flight(scan)) scan_failed(scan, status, &err);
        if (status != MR_OK || !has) return;
        start_read(scan, read);
    }
}

/* ---- the footer ------------------------------------------------------------------------------ */

/* Reads the last `bytes` bytes in front of `end` to memory of the arena. */
static mr_status footer_start(struct mr_pq_scan *scan, uint64_t off, uint64_t bytes,
                              struct mr_err *err)
{
    struct mr_pq_scan_read *read = &scan->reads[0];
    char *at = bytes > scan->limits.memory_bytes
                   ? NULL
                   : mr_arena_alloc(&scan->arena, (size_t)bytes + 1, 64);
    if (at == NULL) {
        return mr_err_set(err, MR_E_LIMIT, ERR_LIMIT,
                          "%s: a footer of %llu bytes is above the memory of a reader",
                          scan->file.path, (unsigned long long)bytes);
    }
    read->request = (struct mr_pq_request){.off = off, .bytes = (uint32_t)bytes, .at = at};
    start_read(scan, read);
    return MR_OK;
}

static mr_status tail_start(struct mr_pq_scan *scan, struct mr_err *err)
{
    uint64_t bytes = MR_MIN(scan->file.bytes, (uint64_t)MR_PQ_TAIL_GUESS);
    scan->state = MR_PQ_SCAN_TAIL;
    if (bytes == 0) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_CORRUPT, "%s is empty: no Parquet file",
                          scan->file.path);
    }
    return footer_start(scan, scan->file.bytes - bytes, bytes, err);
}

static mr_status reader_open(struct mr_pq_scan *scan, struct mr_err *err)
{
    MR_TRY(mr_pq_reader_open_meta(scan->heap, scan->codec, scan->meta, &scan->limits,
                                  &scan->reader, err));
    scan->state = MR_PQ_SCAN_READY;
    return MR_OK;
}

static mr_status meta_open(struct mr_pq_scan *scan, struct mr_span footer, uint64_t off,
                           struct mr_err *err)
{
    MR_TRY(mr_pq_footer_read(&scan->arena, footer, off, &scan->own_meta, err));
    scan->meta = &scan->own_meta;
    return reader_open(scan, err);
}

/* The tail is there, and perhaps the footer with it. */
static mr_status tail_done(struct mr_pq_scan *scan, struct mr_err *err)
{
    const struct mr_pq_request *request = &scan->reads[0].request;
    struct mr_span tail = {request->at, request->bytes};
    struct mr_pq_place place;
    MR_TRY(mr_pq_footer_place(tail, scan->file.bytes, &place, err));
    if (place.off < request->off) {
        scan->state = MR_PQ_SCAN_FOOTER;
        return footer_start(scan, place.off, place.bytes, err);
    }
    struct mr_span footer = {tail.text + (place.off - request->off), place.bytes};
    return meta_open(scan, footer, place.off, err);
}

static mr_status footer_done(struct mr_pq_scan *scan, struct mr_err *err)
{
    const struct mr_pq_request *request = &scan->reads[0].request;
    return meta_open(scan, (struct mr_span){request->at, request->bytes}, request->off, err);
}

/* ---- completions ----------------------------------------------------------------------------- */

/* A read is whole; what it was for goes on. */
static void read_whole(struct mr_pq_scan *scan, struct mr_pq_scan_read *read)
{
    struct mr_err err = {0};
    mr_status status = MR_OK;
    if (scan->must_stop || scan->status != MR_OK) return;
    switch (scan->state) {
    case MR_PQ_SCAN_TAIL: status = tail_done(scan, &err); break;
    case MR_PQ_SCAN_FOOTER: status = footer_done(scan, &err); break;
    default: mr_pq_reader_fill(scan->reader, &read->request); break;
    }
    if (status != MR_OK) scan_failed(scan, status, &err);
}

static void read_done(struct mr_io_op *op, void *ctx)
{
    struct mr_pq_scan_read *read = ctx;
    struct mr_pq_scan *scan = read->scan;
    struct mr_err err = {0};
    read->is_busy = false;
    scan->waker.wake(scan->waker.ctx);
    bool is_interrupted = op->result == -EINTR || op->result == -EAGAIN;
    if (is_interrupted && !scan->must_stop && ++read->again < MR_IO_AGAIN_MAX) {
        submit_read(read);
        return;
    }
    if (op->result < 0) {
        scan_failed_os(scan, op->result);
        return;
    }
    if (op->result == 0) {
        mr_status status = mr_err_set(
            &err, MR_E_CORRUPT, ERR_CORRUPT, "%s ends at byte %llu, before its size says",
            scan->file.path, (unsigned long long)(read->request.off + read->got));
        scan_failed(scan, status, &err);
        return;
    }
    read->again = 0;
    read->got += (uint32_t)op->result;
    scan->bytes_read += (uint64_t)op->result;
    if (read->got < read->request.bytes && !scan->must_stop) {
        submit_read(read);
        return;
    }
    if (read->got == read->request.bytes) read_whole(scan, read);
}

static mr_status file_known(struct mr_pq_scan *scan, struct mr_err *err)
{
    if (scan->meta != NULL) return reader_open(scan, err);
    if (scan->file.bytes != 0) return tail_start(scan, err);
    scan->state = MR_PQ_SCAN_STAT;
    submit_control(scan, MR_IO_STAT);
    return MR_OK;
}

static void control_done(struct mr_io_op *op, void *ctx)
{
    struct mr_pq_scan *scan = ctx;
    struct mr_err err = {0};
    mr_status status = MR_OK;
    scan->waker.wake(scan->waker.ctx);
    if (scan->state == MR_PQ_SCAN_CLOSING) {
        scan->fd = -1;
        scan->state = MR_PQ_SCAN_IDLE;
        return;
    }
    bool is_open = scan->state == MR_PQ_SCAN_OPENING;
    if (is_open && op->result >= 0) scan->fd = (int32_t)op->result;
    if (op->result < 0) scan_failed_os(scan, op->result);
    if (scan->status != MR_OK || scan->must_stop) {
        scan->state = MR_PQ_SCAN_READY; /* nothing is in flight; there is no reader */
        return;
    }
    if (is_open) {
        status = file_known(scan, &err);
    } else {
        scan->file.bytes = scan->stat.bytes;
        status = tail_start(scan, &err);
    }
    if (status != MR_OK) scan_failed(scan, status, &err);
}

/* ---- the owner's side ------------------------------------------------------------------------ */

void mr_pq_scan_begin(struct mr_pq_scan *scan, const struct mr_pq_scan_file *file)
{
    MR_ASSERT(scan->state == MR_PQ_SCAN_IDLE && scan->reader == NULL);
    scan->file = *file;
    scan->meta = file->meta;
    scan->must_stop = false;
    scan->status = MR_OK;
    scan->state = MR_PQ_SCAN_OPENING;
    submit_control(scan, MR_IO_OPEN);
}

static mr_status scan_failure(const struct mr_pq_scan *scan, struct mr_err *err)
{
    if (err != NULL) *err = scan->error;
    return scan->status;
}

mr_status mr_pq_scan_open(struct mr_pq_scan *scan, struct mr_pq_reader **out_reader,
                          struct mr_err *err)
{
    MR_ASSERT(scan->state != MR_PQ_SCAN_IDLE && !scan->must_stop);
    if (scan->status != MR_OK) return scan_failure(scan, err);
    if (scan->state != MR_PQ_SCAN_READY) return MR_E_AGAIN;
    *out_reader = scan->reader;
    return MR_OK;
}

mr_status mr_pq_scan_next(struct mr_pq_scan *scan, struct mr_arena *arena, struct mr_batch *out,
                          bool *out_has_rows, struct mr_err *err)
{
    MR_ASSERT(scan->reader != NULL && !scan->must_stop);
    if (scan->status != MR_OK) return scan_failure(scan, err);
    mr_status status = mr_pq_reader_next(scan->reader, arena, out, out_has_rows, err);
    if (status != MR_OK && status != MR_E_AGAIN) {
        struct mr_err own = {0};
        scan_failed(scan, status, err == NULL ? &own : err);
        return status;
    }
    submit_ranges(scan);
    if (status == MR_E_AGAIN && scan->status != MR_OK) return scan_failure(scan, err);
    MR_ASSERT(status == MR_OK || is_in_flight(scan));
    return status;
}

bool mr_pq_scan_stop(struct mr_pq_scan *scan)
{
    scan->must_stop = true;
    if (scan->state == MR_PQ_SCAN_IDLE) return true;
    bool is_control_busy = scan->state == MR_PQ_SCAN_OPENING || scan->state == MR_PQ_SCAN_STAT ||
                           scan->state == MR_PQ_SCAN_CLOSING;
    if (is_control_busy || is_in_flight(scan)) return false;
    mr_pq_reader_close(scan->reader);
    scan->reader = NULL;
    scan->meta = NULL;
    mr_arena_reset(&scan->arena);
    if (scan->fd < 0) {
        scan->state = MR_PQ_SCAN_IDLE;
        return true;
    }
    scan->state = MR_PQ_SCAN_CLOSING;
    submit_control(scan, MR_IO_CLOSE);
    return false;
}
