#include "core/ops/segment.h"

#include <errno.h>
#include <string.h>

#include "core/base/assert.h"

enum { ERR_SEGMENT = 5101 };

static void control_done(struct mr_io_op *op, void *ctx);

static void submit_control(struct mr_segment *s, mr_io_kind kind)
{
    mr_io_op_init(&s->control, kind);
    s->control.file = s->file;
    s->control.path = s->path;
    s->control.done = control_done;
    s->control.ctx = s;
    if (kind == MR_IO_WRITE) {
        s->control.file = s->staged->file;
        s->control.buf = s->line;
        s->control.bytes = (uint32_t)strlen(s->line);
        s->control.off = s->staged->off;
        s->staged->off += s->control.bytes;
    }
    if (kind == MR_IO_OPEN) {
        s->control.flags = MR_OPEN_WRITE | MR_OPEN_CREATE | MR_OPEN_EXCLUSIVE;
    }
    mr_io_submit(s->io, &s->control);
}

void mr_segment_begin(struct mr_segment *segment, struct mr_io *io, struct mr_waker waker,
                      struct mr_pq_writer *writer, struct mr_staged_list *staged, char *path,
                      size_t root_bytes, char *line)
{
    *segment = (struct mr_segment){.io = io,
                                   .waker = waker,
                                   .state = MR_SEGMENT_NOTING,
                                   .writer = writer,
                                   .staged = staged,
                                   .path = path,
                                   .root_bytes = root_bytes,
                                   .folder_at = root_bytes,
                                   .line = line,
                                   .file = -1};
    submit_control(segment, MR_IO_WRITE);
}

static bool is_writing(const struct mr_segment *s)
{
    for (int i = 0; i < MR_SEGMENT_WRITES; i++) {
        if (s->writes[i].is_busy) return true;
    }
    return false;
}

static void fail(struct mr_segment *s, int64_t os_error, const char *what)
{
    if (s->os_error != 0) return;
    s->os_error = os_error;
    s->failed = what;
}

/* After a failure or a stop: close the file when there is one and nothing is in flight. */
static void wind_down(struct mr_segment *s)
{
    if (is_writing(s) || s->state == MR_SEGMENT_FAILED) return;
    if (s->file < 0) {
        s->state = MR_SEGMENT_FAILED;
        return;
    }
    s->state = MR_SEGMENT_CLOSING;
    submit_control(s, MR_IO_CLOSE);
}

/* Makes the next missing folder level of the path, or opens the file when there is none. The path
 * is cut at the level's slash while the operation runs. */
static void next_folder(struct mr_segment *s)
{
    char *slash = strchr(s->path + s->folder_at + 1, '/');
    if (slash == NULL) {
        s->state = MR_SEGMENT_OPENING;
        submit_control(s, MR_IO_OPEN);
        return;
    }
    s->state = MR_SEGMENT_FOLDERS;
    s->folder_at = (size_t)(slash - s->path);
    *slash = '\0';
    submit_control(s, MR_IO_MKDIR);
}

static void write_done(struct mr_io_op *op, void *ctx);

static void submit_write(struct mr_segment_write *write)
{
    struct mr_segment *s = write->segment;
    mr_io_op_init(&write->op, MR_IO_WRITE);
    write->op.file = s->file;
    write->op.buf = (void *)(uintptr_t)(write->piece.at + write->done_bytes);
    write->op.bytes = write->piece.bytes - write->done_bytes;
    write->op.off = write->piece.off + write->done_bytes;
    write->op.done = write_done;
    write->op.ctx = write;
    mr_io_submit(s->io, &write->op);
}

static void release_write(struct mr_segment_write *write)
{
    mr_pq_writer_give(write->segment->writer, &write->piece);
    write->is_busy = false;
}

static void write_done(struct mr_io_op *op, void *ctx)
{
    struct mr_segment_write *write = ctx;
    struct mr_segment *s = write->segment;
    s->waker.wake(s->waker.ctx);
    bool is_interrupted = op->result == -EINTR || op->result == -EAGAIN;
    if (is_interrupted && s->os_error == 0 && ++write->again < MR_IO_AGAIN_MAX) {
        submit_write(write);
        return;
    }
    if (op->result <= 0) {
        fail(s, op->result == 0 ? EIO : -op->result, "write");
        release_write(write);
        wind_down(s);
        return;
    }
    write->again = 0;
    write->done_bytes += (uint32_t)op->result;
    if (write->done_bytes < write->piece.bytes && s->os_error == 0) {
        submit_write(write);
        return;
    }
    release_write(write);
    if (s->os_error != 0 || s->is_stopping) {
        wind_down(s);
    } else {
        mr_segment_push(s);
    }
}

void mr_segment_push(struct mr_segment *s)
{
    if (s->state != MR_SEGMENT_OPEN && s->state != MR_SEGMENT_SEALING) return;
    for (int i = 0; i < MR_SEGMENT_WRITES; i++) {
        struct mr_segment_write *write = &s->writes[i];
        if (write->is_busy) continue;
        if (mr_pq_writer_take(s->writer, &write->piece, 1) == 0) break;
        MR_ASSERT(write->piece.off == s->bytes);
        write->segment = s;
        write->is_busy = true;
        write->done_bytes = write->again = 0;
        s->bytes += write->piece.bytes;
        submit_write(write);
    }
    if (s->state == MR_SEGMENT_SEALING && !is_writing(s)) {
        s->state = MR_SEGMENT_SYNCING;
        submit_control(s, MR_IO_SYNC);
    }
}

static void control_failed(struct mr_segment *s, int64_t os_error)
{
    static const char *const verbs[] = {
        [MR_SEGMENT_NOTING] = "note the name of", [MR_SEGMENT_FOLDERS] = "make the folder of",
        [MR_SEGMENT_OPENING] = "create",          [MR_SEGMENT_SYNCING] = "sync",
        [MR_SEGMENT_CLOSING] = "close",
    };
    fail(s, os_error, verbs[s->state]);
    if (s->state == MR_SEGMENT_CLOSING) {
        s->file = -1;
        s->state = MR_SEGMENT_FAILED;
        return;
    }
    wind_down(s);
}

/* The name was written in part. Nothing at all is a disk that takes no more. */
static void note_rest(struct mr_segment *s)
{
    struct mr_io_op *op = &s->control;
    if (op->result == 0) {
        control_failed(s, ENOSPC);
        return;
    }
    op->buf = (char *)op->buf + op->result;
    op->bytes -= (uint32_t)op->result;
    op->off += (uint64_t)op->result;
    mr_io_submit(s->io, op);
}

static void control_done(struct mr_io_op *op, void *ctx)
{
    struct mr_segment *s = ctx;
    s->waker.wake(s->waker.ctx);
    if (s->state == MR_SEGMENT_FOLDERS) {
        s->path[s->folder_at] = '/';
        if (op->result == -EEXIST) op->result = 0;
    }
    if (op->result < 0) {
        control_failed(s, -op->result);
        return;
    }
    if (s->state == MR_SEGMENT_OPENING) s->file = (int32_t)op->result;
    if (s->state == MR_SEGMENT_NOTING && (uint64_t)op->result < op->bytes) {
        note_rest(s);
        return;
    }
    if (s->state == MR_SEGMENT_CLOSING) {
        s->file = -1;
        s->state = s->os_error == 0 && !s->is_stopping ? MR_SEGMENT_DONE : MR_SEGMENT_FAILED;
        return;
    }
    if (s->is_stopping) {
        wind_down(s);
        return;
    }
    switch (s->state) {
    case MR_SEGMENT_NOTING:
    case MR_SEGMENT_FOLDERS: next_folder(s); return;
    case MR_SEGMENT_OPENING:
        s->state = s->must_seal ? MR_SEGMENT_SEALING : MR_SEGMENT_OPEN;
        mr_segment_push(s);
        return;
    case MR_SEGMENT_SYNCING:
        s->state = MR_SEGMENT_CLOSING;
        submit_control(s, MR_IO_CLOSE);
        return;
    default: MR_ASSERT(!"no control operation in this state");
    }
}

void mr_segment_seal(struct mr_segment *s)
{
    MR_ASSERT(!s->must_seal);
    s->must_seal = true;
    if (s->state != MR_SEGMENT_OPEN) return;
    s->state = MR_SEGMENT_SEALING;
    mr_segment_push(s);
}

bool mr_segment_is_moving(const struct mr_segment *s)
{
    if (s->state == MR_SEGMENT_DONE || s->state == MR_SEGMENT_FAILED) return false;
    return s->state != MR_SEGMENT_OPEN || is_writing(s);
}

bool mr_segment_stop(struct mr_segment *s)
{
    if (s->state == MR_SEGMENT_DONE || s->state == MR_SEGMENT_FAILED) return true;
    bool is_first = !s->is_stopping;
    s->is_stopping = true;
    bool is_idle = s->state == MR_SEGMENT_OPEN || s->state == MR_SEGMENT_SEALING;
    if (is_first && is_idle && s->os_error == 0) wind_down(s);
    return s->state == MR_SEGMENT_FAILED;
}

mr_status mr_segment_error(const struct mr_segment *s, struct mr_err *err)
{
    MR_ASSERT(s->state == MR_SEGMENT_FAILED && s->os_error != 0);
    return mr_err_os(err, (int)s->os_error, ERR_SEGMENT, "cannot %s %s", s->failed, s->path);
}
