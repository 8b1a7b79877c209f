#include "core/port/io.h"

#include <errno.h>
#include <string.h>

#include "core/base/assert.h"

uint32_t mr_io_run(struct mr_io *io, int64_t wait_us)
{
    uint32_t count = 0;
    struct mr_io_op *op = io->driver->poll(io, wait_us);
    while (op != NULL) {
        struct mr_io_op *next = op->next;
        op->next = NULL;
        if (op->done != NULL) op->done(op, op->ctx);
        op = next;
        count++;
    }
    return count;
}

static void call_done(struct mr_io_op *op, void *ctx)
{
    (void)op;
    *(bool *)ctx = true;
}

int64_t mr_io_call(struct mr_io *io, struct mr_io_op *op)
{
    bool is_done = false;
    op->done = call_done;
    op->ctx = &is_done;
    mr_io_submit(io, op);
    while (!is_done) (void)mr_io_run(io, -1);
    return op->result;
}

int64_t mr_io_call_again(struct mr_io *io, struct mr_io_op *op)
{
    int64_t result = mr_io_call(io, op);
    for (int i = 1; (result == -EINTR || result == -EAGAIN) && i < MR_IO_AGAIN_MAX; i++) {
        result = mr_io_call(io, op);
    }
    return result;
}

void mr_io_op_init(struct mr_io_op *op, mr_io_kind kind)
{
    MR_ASSERT(kind < MR_IO_KIND_COUNT);
    memset(op, 0, sizeof *op);
    op->kind = kind;
    op->file = -1;
    op->buf_index = -1;
}
