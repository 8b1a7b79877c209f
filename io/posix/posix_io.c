#include "io/posix/posix_io.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/rng.h"
#include "io/posix/poison.h"
#include "io/posix/posix_call.h"

enum { WATCHES_MAX = 16 };

/* An open watch file. Armed: it has been read to its end, so what comes now is news. */
struct posix_watch {
    int32_t file;
    bool is_armed;
};

struct posix_io {
    struct mr_io io; /* first: the seam's pointer is this object's */
    struct mr_heap *heap;
    struct mr_crew *own_crew; /* null when shared or in direct mode */
    struct mr_crew_port port; /* port.crew is null in direct mode */
    bool lends_syncs_only;    /* to the crew; the rest is direct */
    struct mr_poison poison;
    struct mr_op_list done;
    struct mr_io_op *timers;
    struct mr_rng rng;
    uint32_t in_flight; /* at the crew */
    int wake_file;
    struct posix_watch watches[WATCHES_MAX]; /* those behind the last place never wake */
    uint32_t watch_count;
};

static struct posix_io *self_of(struct mr_io *io)
{
    return (struct posix_io *)io;
}

static struct posix_watch *find_watch(struct posix_io *self, int32_t file)
{
    for (uint32_t i = 0; i < self->watch_count; i++) {
        if (self->watches[i].file == file) return &self->watches[i];
    }
    return NULL;
}

/* Follows watch files, so that a sleep can end with news in one of them. */
static void note_watch(struct posix_io *self, const struct mr_io_op *op)
{
    if (op->kind == MR_IO_WATCH && op->result >= 0) {
        int32_t file = (int32_t)op->result;
        if (find_watch(self, file) != NULL || self->watch_count == WATCHES_MAX) return;
        self->watches[self->watch_count++] = (struct posix_watch){file, true};
        return;
    }
    if (op->kind != MR_IO_READ && op->kind != MR_IO_CLOSE) return;
    struct posix_watch *watch = find_watch(self, op->file);
    if (watch == NULL) return;
    if (op->kind == MR_IO_CLOSE) {
        *watch = self->watches[--self->watch_count];
    } else if (op->result == -EAGAIN) {
        watch->is_armed = true;
    }
}

/* A performed operation, in the owner's thread, before anything else is submitted. */
static void settle(struct posix_io *self, struct mr_io_op *op)
{
    if (!mr_poison_learn(&self->poison, op)) {
        (void)close((int)op->result); /* opened a moment ago, nothing written */
        op->result = -ENOMEM;
    }
    note_watch(self, op);
    mr_op_list_add(&self->done, op);
}

static bool goes_to_crew(const struct posix_io *self, const struct mr_io_op *op)
{
    if (self->port.crew == NULL) return false;
    if (!self->lends_syncs_only) return true;
    return op->kind == MR_IO_SYNC || op->kind == MR_IO_SYNC_DIR;
}

static void posix_submit(struct mr_io *io, struct mr_io_op *op)
{
    struct posix_io *self = self_of(io);
    if (op->kind == MR_IO_TIMER) {
        mr_timers_add(&self->timers, op, mr_posix_mono_us());
    } else if (mr_poison_refuses(&self->poison, op)) {
        op->result = -EIO;
        mr_op_list_add(&self->done, op);
    } else if (goes_to_crew(self, op)) {
        self->in_flight++;
        mr_crew_submit(&self->port, op);
    } else {
        op->result = mr_posix_perform(op);
        settle(self, op);
    }
}

static void collect(struct posix_io *self)
{
    if (self->timers != NULL) mr_timers_due(&self->timers, mr_posix_mono_us(), &self->done);
    if (self->in_flight == 0) return;
    struct mr_io_op *op = mr_crew_reap(&self->port);
    while (op != NULL) {
        struct mr_io_op *next = op->next;
        self->in_flight--;
        settle(self, op);
        op = next;
    }
}

static void read_wake(struct posix_io *self)
{
    uint64_t rung;
    ssize_t got = read(self->wake_file, &rung, sizeof rung);
    MR_ASSERT(got == (ssize_t)sizeof rung || errno == EAGAIN || errno == EINTR);
}

/* A watch with news ends one sleep and is then left out until its owner has read it to the end: who
 * has no time for it now is not kept awake. */
static void sleep_until(struct posix_io *self, int64_t wait_us)
{
    struct pollfd files[1 + WATCHES_MAX] = {{.fd = self->wake_file, .events = POLLIN}};
    struct posix_watch *watches[1 + WATCHES_MAX];
    nfds_t count = 1;
    for (uint32_t i = 0; i < self->watch_count; i++) {
        if (!self->watches[i].is_armed) continue;
        watches[count] = &self->watches[i];
        files[count++] = (struct pollfd){.fd = self->watches[i].file, .events = POLLIN};
    }
    struct timespec limit = {.tv_sec = wait_us / MR_US_PER_S,
                             .tv_nsec = wait_us % MR_US_PER_S * 1000};
    /* An interrupted sleep is an early return, which the seam allows. */
    int ready = ppoll(files, count, wait_us < 0 ? NULL : &limit, NULL);
    MR_ASSERT(ready >= 0 || errno == EINTR);
    if (ready <= 0) return;
    if (files[0].revents != 0) read_wake(self);
    for (nfds_t i = 1; i < count; i++) {
        if (files[i].revents != 0) watches[i]->is_armed = false;
    }
}

static struct mr_io_op *posix_poll(struct mr_io *io, int64_t wait_us)
{
    struct posix_io *self = self_of(io);
    collect(self);
    if (self->done.first == NULL && wait_us != 0) {
        if (self->timers != NULL) {
            wait_us = mr_timers_wait(self->timers, mr_posix_mono_us(), wait_us);
        }
        sleep_until(self, wait_us);
        collect(self);
    }
    return mr_op_list_take(&self->done);
}

static void posix_wake(struct mr_io *io)
{
    const uint64_t one = 1;
    ssize_t put;
    do {
        put = write(self_of(io)->wake_file, &one, sizeof one);
    } while (put < 0 && errno == EINTR);
    MR_ASSERT(put == (ssize_t)sizeof one || errno == EAGAIN);
}

static void posix_cancel(struct mr_io *io, struct mr_io_op *op)
{
    struct posix_io *self = self_of(io);
    if (op->kind == MR_IO_TIMER) (void)mr_timers_cancel(&self->timers, op, &self->done);
}

static int64_t posix_now_us(struct mr_io *io)
{
    (void)io;
    return mr_posix_now_us();
}

static int64_t posix_mono_us(struct mr_io *io)
{
    (void)io;
    return mr_posix_mono_us();
}

static uint64_t posix_random(struct mr_io *io)
{
    return mr_rng_next(&self_of(io)->rng);
}

static void posix_close(struct mr_io *io)
{
    struct posix_io *self = self_of(io);
    MR_ASSERT(self->in_flight == 0);
    MR_ASSERT(self->timers == NULL);
    MR_ASSERT(self->done.first == NULL);
    mr_crew_close(self->own_crew);
    mr_poison_fini(&self->poison);
    if (self->wake_file >= 0) (void)close(self->wake_file);
    mr_heap_give(self->heap, self, sizeof *self);
}

static const struct mr_io_driver posix_driver = {
    .name = "posix",
    .submit = posix_submit,
    .poll = posix_poll,
    .wake = posix_wake,
    .cancel = posix_cancel,
    .now_us = posix_now_us,
    .mono_us = posix_mono_us,
    .random = posix_random,
    .close = posix_close,
};

mr_status mr_posix_open(struct mr_heap *heap, const struct mr_posix_options *options,
                        struct mr_io **out_io, struct mr_err *err)
{
    mr_status status = MR_OK;
    struct posix_io *self = mr_heap_zeroed(heap, sizeof *self);
    if (self == NULL) return mr_err_set(err, MR_E_NOMEM, 5003, "out of memory for the file driver");
    self->io.driver = &posix_driver;
    self->heap = heap;
    mr_poison_init(&self->poison, heap);
    mr_rng_init(&self->rng, mr_posix_seed(options->seed));
    self->wake_file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (self->wake_file < 0) {
        status = mr_err_os(err, errno, 5003, "cannot make an eventfd for the file driver");
    } else if (options->crew == NULL && options->helpers > 0) {
        status = mr_crew_open(heap, options->helpers, &self->own_crew, err);
    }
    if (status != MR_OK) {
        posix_close(&self->io);
        return status;
    }
    struct mr_crew *crew = options->crew != NULL ? options->crew : self->own_crew;
    mr_crew_port_init(&self->port, crew, self->wake_file);
    *out_io = &self->io;
    return MR_OK;
}

void mr_posix_lend_syncs(struct mr_io *io, struct mr_crew *crew)
{
    struct posix_io *self = self_of(io);
    MR_ASSERT(io->driver == &posix_driver && self->in_flight == 0);
    MR_ASSERT(self->port.crew == NULL || self->lends_syncs_only);
    mr_crew_port_init(&self->port, crew, self->wake_file);
    self->lends_syncs_only = true;
}
