#include "io/posix/crew.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "io/posix/posix_call.h"

struct mr_crew {
    struct mr_heap *heap;
    pthread_mutex_t mutex;
    pthread_cond_t has_work;
    struct mr_crew_port *first; /* queue of ports with something waiting */
    struct mr_crew_port *last;
    bool is_closing;
    uint32_t members;
    pthread_t threads[MR_CREW_MEMBERS_MAX];
};

static void queue_port(struct mr_crew *crew, struct mr_crew_port *port)
{
    MR_ASSERT(!port->is_queued);
    port->is_queued = true;
    port->next = NULL;
    if (crew->first == NULL) {
        crew->first = port;
    } else {
        crew->last->next = port;
    }
    crew->last = port;
}

/* The next operation of the port at the head, which goes to the tail if it has more. */
static struct mr_io_op *next_op(struct mr_crew *crew, struct mr_crew_port **out_port)
{
    struct mr_crew_port *port = crew->first;
    struct mr_io_op *op = port->waiting.first;
    crew->first = port->next;
    port->is_queued = false;
    port->waiting.first = op->next;
    if (port->waiting.first != NULL) queue_port(crew, port);
    *out_port = port;
    return op;
}

static void wake_owner(int wake_file)
{
    const uint64_t one = 1;
    ssize_t put;
    do {
        put = write(wake_file, &one, sizeof one);
    } while (put < 0 && errno == EINTR);
    MR_ASSERT(put == (ssize_t)sizeof one || errno == EAGAIN); /* EAGAIN: rung 2^64 - 1 times */
}

static void *member_main(void *arg)
{
    struct mr_crew *crew = arg;
    (void)pthread_mutex_lock(&crew->mutex);
    for (;;) {
        while (crew->first == NULL && !crew->is_closing) {
            (void)pthread_cond_wait(&crew->has_work, &crew->mutex);
        }
        if (crew->first == NULL) break;
        struct mr_crew_port *port;
        struct mr_io_op *op = next_op(crew, &port);
        (void)pthread_mutex_unlock(&crew->mutex);
        int64_t result = mr_posix_perform(op);
        (void)pthread_mutex_lock(&crew->mutex);
        op->result = result;
        bool is_first = port->finished.first == NULL;
        mr_op_list_add(&port->finished, op);
        /* Under the mutex: once the owner has reaped this it may close the eventfd. */
        if (is_first) wake_owner(port->wake_file);
    }
    (void)pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

static mr_status start_members(struct mr_crew *crew, uint32_t members, struct mr_err *err)
{
    sigset_t all, before;
    int failed = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (failed == 0 && crew->members < members) {
        failed = pthread_create(&crew->threads[crew->members], NULL, member_main, crew);
        if (failed == 0) crew->members++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0) return MR_OK;
    return mr_err_os(err, failed, 5003, "cannot start a thread for file operations");
}

mr_status mr_crew_open(struct mr_heap *heap, uint32_t members, struct mr_crew **out_crew,
                       struct mr_err *err)
{
    if (members == 0 || members > MR_CREW_MEMBERS_MAX) {
        return mr_err_set(err, MR_E_INVALID, 5003,
                          "%u helper threads: between 1 and %d are possible", members,
                          MR_CREW_MEMBERS_MAX);
    }
    struct mr_crew *crew = mr_heap_zeroed(heap, sizeof *crew);
    if (crew == NULL) return mr_err_set(err, MR_E_NOMEM, 5003, "out of memory for helper threads");
    crew->heap = heap;
    (void)pthread_mutex_init(&crew->mutex, NULL);
    (void)pthread_cond_init(&crew->has_work, NULL);
    mr_status status = start_members(crew, members, err);
    if (status != MR_OK) {
        mr_crew_close(crew);
        return status;
    }
    *out_crew = crew;
    return MR_OK;
}

void mr_crew_close(struct mr_crew *crew)
{
    if (crew == NULL) return;
    (void)pthread_mutex_lock(&crew->mutex);
    crew->is_closing = true;
    (void)pthread_cond_broadcast(&crew->has_work);
    (void)pthread_mutex_unlock(&crew->mutex);
    for (uint32_t i = 0; i < crew->members; i++) (void)pthread_join(crew->threads[i], NULL);
    (void)pthread_cond_destroy(&crew->has_work);
    (void)pthread_mutex_destroy(&crew->mutex);
    mr_heap_give(crew->heap, crew, sizeof *crew);
}

void mr_crew_port_init(struct mr_crew_port *port, struct mr_crew *crew, int wake_file)
{
    *port = (struct mr_crew_port){.crew = crew, .wake_file = wake_file};
}

void mr_crew_submit(struct mr_crew_port *port, struct mr_io_op *op)
{
    struct mr_crew *crew = port->crew;
    (void)pthread_mutex_lock(&crew->mutex);
    MR_ASSERT(!crew->is_closing);
    mr_op_list_add(&port->waiting, op);
    if (!port->is_queued) queue_port(crew, port);
    (void)pthread_cond_signal(&crew->has_work);
    (void)pthread_mutex_unlock(&crew->mutex);
}

struct mr_io_op *mr_crew_reap(struct mr_crew_port *port)
{
    struct mr_crew *crew = port->crew;
    (void)pthread_mutex_lock(&crew->mutex);
    struct mr_io_op *chain = mr_op_list_take(&port->finished);
    (void)pthread_mutex_unlock(&crew->mutex);
    return chain;
}
