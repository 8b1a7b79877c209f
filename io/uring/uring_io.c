#include "io/uring/uring_io.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/port/op_list.h"
#include "io/posix/poison.h"
#include "io/posix/posix_call.h"
#include "io/uring/uring_entry.h"

enum { ENTRIES = 256, STATX_SLOTS = 32, BUFFERS_MAX = 64, WATCHES_MAX = 16, ERR_URING = 5006 };

/* The kernel takes at most 1 GiB as one registered buffer. */
#define BUFFER_BYTES ((size_t)1 << 30)

/* user_data: an operation's address, or one of these tags in its lowest bits. */
enum { TAG_OP = 0, TAG_STAT = 1, TAG_WAKE = 2, TAG_MASK = 3 };

struct uring_io {
    struct mr_io io; /* first */
    struct mr_heap *heap;
    struct io_uring ring;
    bool has_ring;
    uint64_t opcodes; /* bit per IORING_OP_* the kernel has */
    struct mr_crew *own_crew;
    struct mr_crew_port port;
    struct mr_poison poison;
    struct mr_op_list backlog; /* wait until the ring has room for their completions */
    struct mr_op_list done;
    struct mr_io_op *timers;
    struct mr_rng rng;
    uint32_t in_ring; /* operations, without the read of the eventfd */
    uint32_t in_ring_max;
    uint32_t in_crew;
    int wake_file;
    uint64_t wake_count; /* what the ring reads from it */
    bool is_woken;       /* and no sleeping poll has returned since */
    bool is_reading_wake;
    char *region;
    size_t region_bytes;          /* 0: not registered */
    int32_t watches[WATCHES_MAX]; /* open watch files: see ring_can */
    uint32_t watch_count;
    struct mr_statx_slot slots[STATX_SLOTS];
    struct mr_statx_slot *free_slot;
};

static struct uring_io *self_of(struct mr_io *io)
{
    return (struct uring_io *)io;
}

/* ---- into the ring ---- */

static struct io_uring_sqe *next_entry(struct uring_io *self)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);
    while (sqe == NULL) {
        int submitted = io_uring_submit(&self->ring);
        MR_ASSERT(submitted >= 0 || submitted == -EINTR || submitted == -EAGAIN ||
                  submitted == -EBUSY);
        sqe = io_uring_get_sqe(&self->ring);
    }
    return sqe;
}

static void read_wake(struct uring_io *self)
{
    struct io_uring_sqe *sqe = next_entry(self);
    io_uring_prep_read(sqe, self->wake_file, &self->wake_count, sizeof self->wake_count, 0);
    io_uring_sqe_set_data64(sqe, TAG_WAKE);
    self->is_reading_wake = true;
}

/* The registered buffer that holds all bytes of a read or write, or -1. */
static int32_t buffer_of(const struct uring_io *self, const struct mr_io_op *op)
{
    if (op->buf_index < 0 || self->region_bytes == 0) return -1;
    const char *at = op->buf;
    if (at < self->region || at >= self->region + self->region_bytes) return -1;
    size_t off = (size_t)(at - self->region);
    if (op->bytes > self->region_bytes - off) return -1;
    if (off % BUFFER_BYTES + op->bytes > BUFFER_BYTES) return -1;
    return (int32_t)(off / BUFFER_BYTES);
}

static bool is_watch(const struct uring_io *self, int32_t file)
{
    for (uint32_t i = 0; i < self->watch_count; i++) {
        if (self->watches[i] == file) return true;
    }
    return false;
}

/* Follows watch files; an operation that opened one too many is undone. */
static void note_watch(struct uring_io *self, struct mr_io_op *op)
{
    if (op->kind == MR_IO_WATCH && op->result >= 0 && !is_watch(self, (int32_t)op->result)) {
        if (self->watch_count < WATCHES_MAX) {
            self->watches[self->watch_count++] = (int32_t)op->result;
        } else {
            (void)close((int)op->result);
            op->result = -EMFILE;
        }
    } else if (op->kind == MR_IO_CLOSE && op->result >= 0) {
        uint32_t i = 0;
        while (i < self->watch_count && self->watches[i] != op->file) i++;
        if (i < self->watch_count) self->watches[i] = self->watches[--self->watch_count];
    }
}

/* A ring would let the read of an empty watch wait for ever, where the seam answers EAGAIN. */
static bool ring_can(const struct uring_io *self, const struct mr_io_op *op)
{
    int opcode = mr_uring_opcode(op);
    if (opcode < 0 || (self->opcodes >> opcode & 1) == 0) return false;
    if (op->kind == MR_IO_READ && is_watch(self, op->file)) return false;
    return op->kind != MR_IO_STAT || self->free_slot != NULL;
}

static void ring_add(struct uring_io *self, struct mr_io_op *op)
{
    struct mr_statx_slot *slot = NULL;
    struct io_uring_sqe *sqe = next_entry(self);
    if (op->kind == MR_IO_STAT) {
        slot = self->free_slot;
        self->free_slot = slot->next_free;
        slot->op = op;
    }
    mr_uring_fill(sqe, op, slot, buffer_of(self, op));
    uint64_t tagged =
        slot != NULL ? (uint64_t)(uintptr_t)slot | TAG_STAT : (uint64_t)(uintptr_t)op | TAG_OP;
    io_uring_sqe_set_data64(sqe, tagged);
    self->in_ring++;
}

static void start(struct uring_io *self, struct mr_io_op *op)
{
    if (!ring_can(self, op)) {
        self->in_crew++;
        mr_crew_submit(&self->port, op);
    } else if (self->in_ring < self->in_ring_max) {
        ring_add(self, op);
    } else {
        mr_op_list_add(&self->backlog, op);
    }
}

static void uring_submit(struct mr_io *io, struct mr_io_op *op)
{
    struct uring_io *self = self_of(io);
    if (op->kind == MR_IO_TIMER) {
        mr_timers_add(&self->timers, op, mr_posix_mono_us());
    } else if (mr_poison_refuses(&self->poison, op)) {
        op->result = -EIO;
        mr_op_list_add(&self->done, op);
    } else {
        start(self, op);
    }
}

/* ---- out of it ---- */

static void settle(struct uring_io *self, struct mr_io_op *op)
{
    if (!mr_poison_learn(&self->poison, op)) {
        (void)close((int)op->result);
        op->result = -ENOMEM;
    }
    note_watch(self, op);
    mr_op_list_add(&self->done, op);
}

/* An operation came back. Interrupted ones start again, except fsync (asked once only) and close
 * (which has happened). */
static void op_back(struct uring_io *self, struct mr_io_op *op, int32_t result)
{
    self->in_ring--;
    if (result == -EINTR && op->kind != MR_IO_SYNC && op->kind != MR_IO_CLOSE) {
        start(self, op);
        return;
    }
    op->result = result == -EINTR && op->kind == MR_IO_CLOSE ? 0 : result;
    settle(self, op);
}

static void entry_back(struct uring_io *self, uint64_t tagged, int32_t result)
{
    void *at = (void *)(uintptr_t)(tagged & ~(uint64_t)TAG_MASK);
    if (tagged == TAG_WAKE) {
        self->is_woken = true;
        self->is_reading_wake = false;
    } else if ((tagged & TAG_MASK) == TAG_STAT) {
        struct mr_statx_slot *slot = at;
        if (result == 0) *slot->op->stat = mr_uring_stat(&slot->answer);
        slot->next_free = self->free_slot;
        self->free_slot = slot;
        op_back(self, slot->op, result);
    } else {
        op_back(self, at, result);
    }
}

static void reap_ring(struct uring_io *self)
{
    struct io_uring_cqe *cqe;
    /* Runs the deferred work of the kernel when its flag says that there is some. */
    while (io_uring_peek_cqe(&self->ring, &cqe) == 0) {
        uint64_t tagged = io_uring_cqe_get_data64(cqe);
        int32_t result = cqe->res;
        io_uring_cqe_seen(&self->ring, cqe);
        entry_back(self, tagged, result);
    }
    while (self->backlog.first != NULL && self->in_ring < self->in_ring_max) {
        struct mr_io_op *op = self->backlog.first;
        self->backlog.first = op->next;
        start(self, op);
    }
}

static void reap_crew(struct uring_io *self)
{
    struct mr_io_op *op = self->in_crew == 0 ? NULL : mr_crew_reap(&self->port);
    while (op != NULL) {
        struct mr_io_op *next = op->next;
        self->in_crew--;
        settle(self, op);
        op = next;
    }
}

static void collect(struct uring_io *self)
{
    if (self->timers != NULL) mr_timers_due(&self->timers, mr_posix_mono_us(), &self->done);
    reap_ring(self);
    reap_crew(self);
}

/* Submits what has been added; errors that pass are met by the next poll. */
static void submit_all(struct uring_io *self)
{
    if (io_uring_sq_ready(&self->ring) == 0) return;
    int submitted = io_uring_submit(&self->ring);
    MR_ASSERT(submitted >= 0 || submitted == -EINTR || submitted == -EAGAIN || submitted == -EBUSY);
}

/* Submits and sleeps in one system call, until a completion, the eventfd's among them. */
static void sleep_until(struct uring_io *self, int64_t wait_us)
{
    struct __kernel_timespec limit = {.tv_sec = wait_us / MR_US_PER_S,
                                      .tv_nsec = wait_us % MR_US_PER_S * 1000};
    struct io_uring_cqe *cqe;
    if (!self->is_reading_wake) read_wake(self);
    int count = wait_us < 0 ? io_uring_submit_and_wait(&self->ring, 1)
                            : io_uring_submit_and_wait_timeout(&self->ring, &cqe, 1, &limit, NULL);
    MR_ASSERT(count >= 0 || count == -ETIME || count == -EINTR || count == -EAGAIN ||
              count == -EBUSY);
}

static struct mr_io_op *uring_poll(struct mr_io *io, int64_t wait_us)
{
    struct uring_io *self = self_of(io);
    collect(self);
    if (self->done.first == NULL && wait_us != 0) {
        if (self->timers != NULL) {
            wait_us = mr_timers_wait(self->timers, mr_posix_mono_us(), wait_us);
        }
        if (!self->is_woken) sleep_until(self, wait_us);
        collect(self);
        self->is_woken = false;
    }
    submit_all(self);
    return mr_op_list_take(&self->done);
}

static void uring_wake(struct mr_io *io)
{
    const uint64_t one = 1;
    ssize_t put;
    do {
        put = write(self_of(io)->wake_file, &one, sizeof one);
    } while (put < 0 && errno == EINTR);
    MR_ASSERT(put == (ssize_t)sizeof one);
}

static void uring_cancel(struct mr_io *io, struct mr_io_op *op)
{
    struct uring_io *self = self_of(io);
    if (op->kind == MR_IO_TIMER) (void)mr_timers_cancel(&self->timers, op, &self->done);
}

static int64_t uring_now_us(struct mr_io *io)
{
    (void)io;
    return mr_posix_now_us();
}

static int64_t uring_mono_us(struct mr_io *io)
{
    (void)io;
    return mr_posix_mono_us();
}

static uint64_t uring_random(struct mr_io *io)
{
    return mr_rng_next(&self_of(io)->rng);
}

/* ---- open and close ---- */

/* The kernel may still write to wake_count: the read must have ended before that memory goes. */
static void end_wake(struct uring_io *self)
{
    if (self->is_reading_wake) uring_wake(&self->io);
    while (self->is_reading_wake) {
        int count = io_uring_submit_and_wait(&self->ring, 1);
        MR_ASSERT(count >= 0 || count == -EINTR);
        reap_ring(self);
    }
}

static void uring_close(struct mr_io *io)
{
    struct uring_io *self = self_of(io);
    MR_ASSERT(self->in_ring == 0 && self->backlog.first == NULL);
    MR_ASSERT(self->in_crew == 0);
    MR_ASSERT(self->timers == NULL);
    MR_ASSERT(self->done.first == NULL);
    if (self->has_ring) {
        end_wake(self);
        io_uring_queue_exit(&self->ring);
    }
    mr_crew_close(self->own_crew);
    mr_poison_fini(&self->poison);
    if (self->wake_file >= 0) (void)close(self->wake_file);
    mr_heap_give(self->heap, self, sizeof *self);
}

static const struct mr_io_driver uring_driver = {
    .name = "uring",
    .submit = uring_submit,
    .poll = uring_poll,
    .wake = uring_wake,
    .cancel = uring_cancel,
    .now_us = uring_now_us,
    .mono_us = uring_mono_us,
    .random = uring_random,
    .close = uring_close,
};

/* Newest flags first; a kernel that does not know them says EINVAL. */
static int ring_init(struct uring_io *self, uint32_t entries, bool is_plain)
{
    static const uint32_t flags[] = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        0,
    };
    int failed = -EINVAL;
    for (size_t i = is_plain ? MR_COUNT_OF(flags) - 1 : 0;
         i < MR_COUNT_OF(flags) && failed == -EINVAL; i++) {
        struct io_uring_params params = {.flags = flags[i] | IORING_SETUP_CLAMP};
        failed = io_uring_queue_init_params(entries, &self->ring, &params);
        if (failed == 0) self->in_ring_max = params.cq_entries - 1; /* one for the eventfd */
    }
    self->has_ring = failed == 0;
    return failed;
}

static int probe(struct uring_io *self)
{
    struct io_uring_probe *probe = io_uring_get_probe_ring(&self->ring);
    if (probe == NULL) return -ENOSYS; /* before 5.6: not worth a ring */
    for (int op = 0; op < 64 && op <= probe->last_op; op++) {
        if (io_uring_opcode_supported(probe, op)) self->opcodes |= UINT64_C(1) << op;
    }
    io_uring_free_probe(probe);
    return 0;
}

static void register_region(struct uring_io *self, char *region, size_t bytes)
{
    struct iovec buffers[BUFFERS_MAX];
    size_t count = (bytes + BUFFER_BYTES - 1) / BUFFER_BYTES;
    if (region == NULL || count > BUFFERS_MAX) return;
    for (size_t i = 0; i < count; i++) {
        size_t off = i * BUFFER_BYTES;
        buffers[i] = (struct iovec){region + off, MR_MIN(bytes - off, BUFFER_BYTES)};
    }
    if (io_uring_register_buffers(&self->ring, buffers, (unsigned)count) != 0) return;
    self->region = region;
    self->region_bytes = bytes;
}

static mr_status ring_open(struct uring_io *self, const struct mr_uring_options *options,
                           struct mr_err *err)
{
    int failed =
        ring_init(self, options->entries == 0 ? ENTRIES : options->entries, options->is_plain);
    if (failed == 0) failed = probe(self);
    if (failed == -ENOSYS || failed == -EPERM || failed == -EACCES) {
        (void)mr_err_os(err, -failed, ERR_URING, "the kernel refuses io_uring");
        if (err != NULL) err->status = MR_E_UNSUPPORTED;
        return MR_E_UNSUPPORTED;
    }
    if (failed != 0) return mr_err_os(err, -failed, ERR_URING, "cannot set up an io_uring");
    register_region(self, options->region, options->region_bytes);
    return MR_OK;
}

mr_status mr_uring_open(struct mr_heap *heap, const struct mr_uring_options *options,
                        struct mr_io **out_io, struct mr_err *err)
{
    struct uring_io *self = mr_heap_zeroed(heap, sizeof *self);
    if (self == NULL) return mr_err_set(err, MR_E_NOMEM, 5003, "out of memory for the file driver");
    self->io.driver = &uring_driver;
    self->heap = heap;
    mr_poison_init(&self->poison, heap);
    mr_rng_init(&self->rng, mr_posix_seed(options->seed));
    for (uint32_t i = 0; i < STATX_SLOTS; i++) {
        self->slots[i].next_free = self->free_slot;
        self->free_slot = &self->slots[i];
    }
    mr_status status = MR_OK;
    self->wake_file = eventfd(0, EFD_CLOEXEC); /* blocking: the ring's read waits for a count */
    if (self->wake_file < 0) {
        status = mr_err_os(err, errno, 5003, "cannot make an eventfd for the file driver");
    }
    if (status == MR_OK) status = ring_open(self, options, err);
    if (status == MR_OK && options->crew == NULL) {
        status = mr_crew_open(heap, 1, &self->own_crew, err);
    }
    if (status != MR_OK) {
        uring_close(&self->io);
        return status;
    }
    struct mr_crew *crew = options->crew != NULL ? options->crew : self->own_crew;
    mr_crew_port_init(&self->port, crew, self->wake_file);
    *out_io = &self->io;
    return MR_OK;
}

bool mr_uring_has_region(const struct mr_io *io)
{
    return ((const struct uring_io *)io)->region_bytes > 0;
}
