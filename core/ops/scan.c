#include "core/ops/scan.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { ERR_READ = 2001 };

static void control_done(struct mr_io_op *op, void *ctx);
static void read_done(struct mr_io_op *op, void *ctx);

void mr_scan_init(struct mr_scan *scan, struct mr_io *io, struct mr_heap *heap,
                  struct mr_pool *pool, struct mr_waker waker)
{
    MR_ASSERT(pool->buf_bytes >= MR_SCAN_BUF);
    *scan = (struct mr_scan){.io = io, .heap = heap, .pool = pool, .waker = waker, .file = -1};
}

void mr_scan_fini(struct mr_scan *scan)
{
    MR_ASSERT(scan->state == MR_SCAN_IDLE);
    mr_heap_give(scan->heap, scan->joined, scan->joined_capacity);
    scan->joined = NULL;
}

static void submit_control(struct mr_scan *scan, mr_io_kind kind)
{
    mr_io_op_init(&scan->control, kind);
    scan->control.done = control_done;
    scan->control.ctx = scan;
    scan->control.file = scan->file;
    if (kind == MR_IO_OPEN) {
        scan->control.path = scan->range->path;
        scan->control.flags = MR_OPEN_READ;
        if (scan->range->refuses_links) scan->control.flags |= MR_OPEN_NOFOLLOW;
    }
    mr_io_submit(scan->io, &scan->control);
}

/* Where reads may go: to the range's end at full speed; past it, for the end of the last record of
 * a split range, one small read at a time. */
static uint32_t next_read_bytes(const struct mr_scan *scan)
{
    const struct mr_range *range = scan->range;
    uint64_t end = range->bytes == UINT64_MAX ? UINT64_MAX : range->off + range->bytes;
    if (scan->submit_off < end) {
        return (uint32_t)MR_MIN((uint64_t)MR_SCAN_READ, end - scan->submit_off);
    }
    return range->is_split && scan->take_off == scan->submit_off ? MR_SCAN_HEADROOM : 0;
}

static void submit_read(struct mr_scan_read *read)
{
    struct mr_scan *scan = read->scan;
    uint32_t held = read->buf->used;
    mr_io_op_init(&read->op, MR_IO_READ);
    read->op.file = scan->file;
    read->op.buf = read->buf->at + MR_SCAN_HEADROOM + held;
    read->op.bytes = read->wanted - held;
    read->op.off = read->off + held;
    read->op.buf_index = (int32_t)read->buf->index;
    read->op.done = read_done;
    read->op.ctx = read;
    read->is_busy = true;
    mr_io_submit(scan->io, &read->op);
}

static void submit_reads(struct mr_scan *scan)
{
    for (uint32_t i = 0; i < MR_SCAN_AHEAD; i++) {
        struct mr_scan_read *read = &scan->reads[(scan->read_head + i) % MR_SCAN_AHEAD];
        if (read->buf != NULL) continue;
        uint32_t bytes = next_read_bytes(scan);
        if (bytes == 0 || scan->is_at_end || scan->os_error != 0) return;
        read->buf = mr_pool_acquire(scan->pool);
        if (read->buf == NULL) return;
        read->scan = scan;
        read->off = scan->submit_off;
        read->wanted = bytes;
        read->again = 0;
        read->is_damaged = false;
        scan->submit_off += bytes;
        submit_read(read);
    }
}

/* Content that is lost, as far as errors tell: not a right, a limit or a connection. */
static bool is_damage(const struct mr_scan *scan, int64_t result)
{
    bool is_lost = result == -EIO || result == -EBADMSG || result == -EUCLEAN;
    return is_lost && scan->range->may_be_corrupt;
}

static void read_done(struct mr_io_op *op, void *ctx)
{
    struct mr_scan_read *read = ctx;
    struct mr_scan *scan = read->scan;
    read->is_busy = false;
    scan->waker.wake(scan->waker.ctx);
    bool is_interrupted = op->result == -EINTR || op->result == -EAGAIN;
    if (is_interrupted && !scan->must_stop && ++read->again < MR_IO_AGAIN_MAX) {
        submit_read(read);
        return;
    }
    if (is_damage(scan, op->result)) {
        read->is_full = read->is_damaged = true;
        scan->is_at_end = true; /* nothing behind it is read any more */
        return;
    }
    if (op->result < 0) {
        if (scan->os_error == 0) scan->os_error = -op->result;
        return;
    }
    read->again = 0;
    read->buf->used += (uint32_t)op->result;
    scan->bytes_read += (uint64_t)op->result;
    if (op->result == 0) scan->is_at_end = true;
    if (op->result > 0 && read->buf->used < read->wanted && !scan->must_stop) {
        submit_read(read);
        return;
    }
    read->is_full = true;
}

static void control_done(struct mr_io_op *op, void *ctx)
{
    struct mr_scan *scan = ctx;
    scan->waker.wake(scan->waker.ctx);
    if (scan->state == MR_SCAN_CLOSING) {
        scan->file = -1;
        scan->state = MR_SCAN_IDLE;
        return;
    }
    MR_ASSERT(scan->state == MR_SCAN_OPENING);
    scan->state = MR_SCAN_READING;
    if (op->result >= 0) {
        scan->file = (int32_t)op->result;
    } else if (op->result == -ENOENT && scan->range->may_vanish) {
        scan->is_at_end = scan->is_missing = true;
    } else if (is_damage(scan, op->result)) {
        scan->is_at_end = scan->is_corrupt = true;
    } else {
        scan->os_error = -op->result;
    }
}

void mr_scan_begin(struct mr_scan *scan, const struct mr_range *range)
{
    MR_ASSERT(scan->state == MR_SCAN_IDLE && scan->window == NULL);
    scan->range = range;
    scan->state = MR_SCAN_OPENING;
    scan->is_skipping = range->is_split && range->off > 0;
    /* One byte earlier: when it is a line feed, a record starts right at the range's start. */
    scan->submit_off = scan->take_off = range->off - (scan->is_skipping ? 1 : 0);
    scan->is_at_end = scan->must_stop = scan->is_last = scan->is_sniffed = false;
    scan->wants_more = scan->is_corrupt = scan->is_damaged = scan->is_missing = false;
    scan->os_error = 0;
    scan->text = NULL;
    scan->text_bytes = 0;
    scan->read_head = 0;
    submit_control(scan, MR_IO_OPEN);
}

static bool is_in_flight(const struct mr_scan *scan)
{
    for (uint32_t i = 0; i < MR_SCAN_AHEAD; i++) {
        if (scan->reads[i].is_busy) return true;
    }
    return false;
}

static void drop_buffers(struct mr_scan *scan)
{
    for (uint32_t i = 0; i < MR_SCAN_AHEAD; i++) {
        struct mr_scan_read *read = &scan->reads[i];
        mr_buf_unref(read->buf);
        read->buf = NULL;
        read->is_full = false;
    }
    mr_buf_unref(scan->window);
    mr_buf_unref(scan->packed);
    scan->window = scan->packed = NULL;
    mr_heap_give(scan->heap, scan->joined, scan->joined_capacity);
    scan->joined = NULL;
    scan->joined_capacity = 0;
    scan->text = NULL;
    scan->text_bytes = 0;
    mr_heap_give(scan->heap, scan->stream_memory, scan->stream_bytes);
    scan->stream_memory = NULL;
    scan->stream = NULL;
}

bool mr_scan_stop(struct mr_scan *scan)
{
    scan->must_stop = true;
    if (scan->state == MR_SCAN_IDLE) return true;
    if (scan->state != MR_SCAN_READING || is_in_flight(scan)) return false;
    drop_buffers(scan);
    if (scan->file < 0) {
        scan->state = MR_SCAN_IDLE;
        return true;
    }
    scan->state = MR_SCAN_CLOSING;
    submit_control(scan, MR_IO_CLOSE);
    return false;
}

/* The next read in file order, when it is complete. */
static struct mr_scan_read *next_read(struct mr_scan *scan)
{
    struct mr_scan_read *read = &scan->reads[scan->read_head];
    return read->is_full ? read : NULL;
}

/* Takes the read's buffer over; its bytes lie at [HEADROOM, HEADROOM + used). */
static struct mr_buf *take_read(struct mr_scan *scan, struct mr_scan_read *read)
{
    struct mr_buf *buf = read->buf;
    scan->take_off = read->off + buf->used;
    scan->is_damaged = read->is_damaged;
    read->buf = NULL;
    read->is_full = false;
    scan->read_head = (scan->read_head + 1) % MR_SCAN_AHEAD;
    return buf;
}

/* Puts what is left of the window in front of the `fresh` bytes at `at` in `buf`, which becomes the
 * window; by the headroom when it fits, in a block of its own otherwise. Takes over `buf`. */
static mr_status extend_window(struct mr_scan *scan, struct mr_buf *buf, char *at, size_t fresh,
                               struct mr_err *err)
{
    size_t left = scan->text_bytes, room = (size_t)(at - (char *)buf->at);
    if (left <= room) {
        if (left > 0) memcpy(at - left, scan->text, left);
        mr_buf_unref(scan->window);
        scan->window = buf;
        mr_heap_give(scan->heap, scan->joined, scan->joined_capacity);
        scan->joined = NULL;
        scan->joined_capacity = 0;
        scan->text = at - left;
        scan->text_bytes = left + fresh;
        return MR_OK;
    }
    size_t capacity = MR_MAX(scan->joined_capacity, (size_t)1);
    while (capacity < left + fresh) capacity *= 2;
    char *joined = mr_heap_take(scan->heap, capacity);
    if (joined == NULL) {
        mr_buf_unref(buf);
        return mr_err_set(err, MR_E_NOMEM, ERR_READ, "no memory for a record of %zu bytes in %s",
                          left, scan->range->path);
    }
    memcpy(joined, scan->text, left);
    memcpy(joined + left, at, fresh);
    mr_heap_give(scan->heap, scan->joined, scan->joined_capacity);
    mr_buf_unref(scan->window);
    mr_buf_unref(buf);
    scan->window = NULL;
    scan->joined = joined;
    scan->joined_capacity = capacity;
    scan->text = joined;
    scan->text_bytes = left + fresh;
    return MR_OK;
}

/* Cuts fresh bytes of a split range at its start and end. `from` is their file offset. */
static void cut_split(struct mr_scan *scan, uint64_t from, char **at, size_t *fresh)
{
    uint64_t end = scan->range->off + scan->range->bytes;
    if (scan->is_skipping && *fresh > 0) {
        char *feed = memchr(*at, '\n', *fresh);
        size_t skipped = feed == NULL ? *fresh : (size_t)(feed + 1 - *at);
        scan->is_skipping = feed == NULL;
        *at += skipped;
        *fresh -= skipped;
        from += skipped;
        /* The first record behind the cut belongs to the next range, or to the one after. */
        if (from >= end) {
            scan->is_last = true;
            *fresh = 0;
            return;
        }
    }
    if (scan->range->bytes == UINT64_MAX || from + *fresh < end) return;
    size_t inside = from >= end ? 0 : (size_t)(end - 1 - from);
    char *feed = memchr(*at + inside, '\n', *fresh - inside);
    if (feed == NULL) return;
    *fresh = (size_t)(feed + 1 - *at);
    scan->is_last = true;
}

static mr_status open_stream(struct mr_scan *scan, const struct mr_buf *buf, struct mr_err *err)
{
    scan->is_sniffed = true;
    mr_stream_kind kind = mr_codec_stream_detect(buf->at + MR_SCAN_HEADROOM, buf->used);
    if (kind == MR_STREAM_PLAIN || scan->range->is_split || scan->is_raw) return MR_OK;
    scan->stream_bytes = mr_codec_stream_footprint(kind, &scan->limits);
    scan->stream_memory = mr_heap_take(scan->heap, scan->stream_bytes);
    if (scan->stream_memory == NULL) {
        return mr_err_set(err, MR_E_NOMEM, ERR_READ, "no memory to decompress %s",
                          scan->range->path);
    }
    return mr_codec_stream_init(scan->stream_memory, kind, &scan->limits, &scan->stream, err);
}

static bool is_input_over(const struct mr_scan *scan)
{
    return scan->reads[scan->read_head].buf == NULL &&
           (scan->is_at_end || next_read_bytes(scan) == 0);
}

/* Fills to[0 .. MR_SCAN_READ) from the compressed bytes that are there; *out_used also counts what
 * came before damage. */
static mr_status inflate_into(struct mr_scan *scan, char *to, size_t *out_used, struct mr_err *err)
{
    while (*out_used < MR_SCAN_READ) {
        size_t taken = 0, given = 0;
        if (scan->packed == NULL) {
            struct mr_scan_read *read = scan->is_damaged ? NULL : next_read(scan);
            if (scan->is_damaged) {
                return mr_err_set(err, MR_E_CORRUPT, ERR_READ, "compressed input cannot be read");
            }
            if (read == NULL) return MR_OK;
            scan->packed = take_read(scan, read);
            scan->packed_at = 0;
            submit_reads(scan);
        }
        mr_status status = mr_codec_stream_step(
            scan->stream, scan->packed->at + MR_SCAN_HEADROOM + scan->packed_at,
            scan->packed->used - scan->packed_at, to + *out_used, MR_SCAN_READ - *out_used, &taken,
            &given, err);
        *out_used += given;
        if (status != MR_OK) return status;
        scan->packed_at += (uint32_t)taken;
        /* Output that filled the room may have more behind it without further input. */
        if (scan->packed_at == scan->packed->used && *out_used < MR_SCAN_READ) {
            mr_buf_unref(scan->packed);
            scan->packed = NULL;
        }
    }
    return MR_OK;
}

/* More bytes of a compressed file. */
static mr_status inflate_more(struct mr_scan *scan, struct mr_err *err)
{
    struct mr_buf *out = mr_pool_acquire(scan->pool);
    size_t out_used = 0;
    if (out == NULL) return MR_E_AGAIN;
    char *to = (char *)out->at + MR_SCAN_HEADROOM;
    mr_status status = inflate_into(scan, to, &out_used, err);
    bool is_over = scan->packed == NULL && is_input_over(scan);
    if (status == MR_OK && out_used == 0 && !is_over) {
        mr_buf_unref(out);
        return MR_E_AGAIN;
    }
    if (status == MR_OK && is_over) {
        status = mr_codec_stream_end(scan->stream, err);
        scan->is_last = status == MR_OK;
    }
    if (status == MR_E_CORRUPT && scan->range->may_be_corrupt) {
        scan->is_corrupt = true;
        status = MR_OK;
    }
    if (status != MR_OK) {
        mr_buf_unref(out);
        mr_err_origin(err, scan->range->path);
        return status;
    }
    return extend_window(scan, out, to, out_used, err);
}

/* More bytes of a plain file. */
static mr_status take_more(struct mr_scan *scan, struct mr_err *err)
{
    struct mr_scan_read *read = next_read(scan);
    if (read == NULL) {
        if (!is_input_over(scan)) {
            submit_reads(scan);
            return MR_E_AGAIN;
        }
        scan->is_last = true;
        return MR_OK;
    }
    uint64_t from = read->off;
    struct mr_buf *buf = take_read(scan, read);
    if (!scan->is_sniffed) {
        mr_status status = open_stream(scan, buf, err);
        if (status != MR_OK || scan->stream != NULL) {
            scan->packed = buf;
            scan->packed_at = 0;
            return status == MR_OK ? inflate_more(scan, err) : status;
        }
    }
    char *at = (char *)buf->at + MR_SCAN_HEADROOM;
    size_t fresh = buf->used;
    if (scan->range->is_split) cut_split(scan, from, &at, &fresh);
    scan->is_corrupt = scan->is_damaged && !scan->is_last;
    submit_reads(scan);
    return extend_window(scan, buf, at, fresh, err);
}

static mr_status window_more(struct mr_scan *scan, struct mr_err *err)
{
    size_t before = scan->text_bytes;
    while (!scan->is_last && !scan->is_corrupt && scan->text_bytes == before) {
        MR_TRY(scan->stream != NULL ? inflate_more(scan, err) : take_more(scan, err));
    }
    scan->wants_more = false;
    return MR_OK;
}

/* The decoder has seen all that damage left and waits for more: what it left over is no record. */
static void drop_tail(struct mr_scan *scan)
{
    scan->text_bytes = 0;
    scan->wants_more = false;
    scan->is_last = true;
}

static mr_status range_over(struct mr_scan_window *out_window)
{
    *out_window = (struct mr_scan_window){.is_last = true, .is_over = true};
    return MR_OK;
}

mr_status mr_scan_window(struct mr_scan *scan, struct mr_scan_window *out_window,
                         struct mr_err *err)
{
    if (scan->state == MR_SCAN_OPENING || scan->state == MR_SCAN_CLOSING) return MR_E_AGAIN;
    if (scan->state == MR_SCAN_IDLE) return range_over(out_window);
    if (scan->os_error != 0) {
        return mr_err_os(err, (int)scan->os_error, ERR_READ, "cannot read %s", scan->range->path);
    }
    if (scan->file >= 0) submit_reads(scan);
    bool is_waiting = !scan->is_last && (scan->text_bytes == 0 || scan->wants_more);
    if (is_waiting && !scan->is_corrupt) {
        MR_TRY(window_more(scan, err));
        is_waiting = scan->text_bytes == 0 && !scan->is_last;
    }
    if (is_waiting && scan->is_corrupt) drop_tail(scan);
    if (scan->is_last && scan->text_bytes == 0) {
        return mr_scan_stop(scan) ? range_over(out_window) : MR_E_AGAIN;
    }
    *out_window = (struct mr_scan_window){.text = scan->text,
                                          .bytes = scan->text_bytes,
                                          .buf = scan->window,
                                          .is_last = scan->is_last};
    return MR_OK;
}

mr_status mr_scan_consume(struct mr_scan *scan, size_t bytes, bool wants_more, struct mr_err *err)
{
    MR_ASSERT(bytes <= scan->text_bytes);
    scan->text += bytes;
    scan->text_bytes -= bytes;
    scan->wants_more = wants_more;
    if (wants_more && scan->is_last) {
        return mr_err_set(err, MR_E_INTERNAL, ERR_READ,
                          "the decoder left %zu bytes at the end of %s", scan->text_bytes,
                          scan->range->path);
    }
    return MR_OK;
}
