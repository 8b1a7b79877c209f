/* A shard on a thread of its own: start with a handshake, turn until stopped, stay until released.
 *
 * A thread that has left its loop keeps its driver open until mr_shard_fini: a peer or control may
 * have found its bell armed and be about to wake it through that driver. */
#include <signal.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/shard/shard.h"
#include "numa/topology.h"

struct mr_shard_thread {
    pthread_t id;
    pthread_mutex_t mutex;
    pthread_cond_t has_changed;
    bool is_decided; /* status holds */
    bool has_ended;  /* left its loop, or never had one */
    bool may_close;
    mr_status status;
    struct mr_err err;
    struct mr_shard *shard;
    mr_shard_open_io open;
    void *ctx;
};

static void decide(struct mr_shard_thread *thread, mr_status status)
{
    (void)pthread_mutex_lock(&thread->mutex);
    thread->status = status;
    thread->is_decided = true;
    thread->has_ended = status != MR_OK;
    (void)pthread_cond_broadcast(&thread->has_changed);
    (void)pthread_mutex_unlock(&thread->mutex);
}

static void set_flag(struct mr_shard_thread *thread, bool *flag)
{
    (void)pthread_mutex_lock(&thread->mutex);
    *flag = true;
    (void)pthread_cond_broadcast(&thread->has_changed);
    (void)pthread_mutex_unlock(&thread->mutex);
}

static void await_flag(struct mr_shard_thread *thread, const bool *flag)
{
    (void)pthread_mutex_lock(&thread->mutex);
    while (!*flag) (void)pthread_cond_wait(&thread->has_changed, &thread->mutex);
    (void)pthread_mutex_unlock(&thread->mutex);
}

static void *shard_main(void *arg)
{
    struct mr_shard_thread *thread = arg;
    struct mr_shard *shard = thread->shard;
    struct mr_io *io = NULL;
    char name[16]; /* as top and perf show it */
    (void)snprintf(name, sizeof name, "shard %u", shard->options.index);
    (void)pthread_setname_np(pthread_self(), name);
    mr_status status = mr_cpu_pin(shard->options.cpu, &thread->err);
    if (status == MR_OK) status = thread->open(shard, thread->ctx, &io, &thread->err);
    if (status == MR_OK) mr_shard_begin(shard, io);
    decide(thread, status);
    if (status != MR_OK) return NULL;
    while (mr_shard_turn(shard)) continue;
    set_flag(thread, &thread->has_ended);
    await_flag(thread, &thread->may_close);
    mr_io_close(io);
    return NULL;
}

static void thread_free(struct mr_shard *shard)
{
    struct mr_shard_thread *thread = shard->thread;
    shard->thread = NULL;
    (void)pthread_cond_destroy(&thread->has_changed);
    (void)pthread_mutex_destroy(&thread->mutex);
    mr_heap_give(shard->heap, thread, sizeof *thread);
}

/* Signals are the main thread's: a shard starts with all of them blocked. */
static int create_blocked(struct mr_shard_thread *thread)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread->id, NULL, shard_main, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

mr_status mr_shard_start(struct mr_shard *shard, mr_shard_open_io open, void *ctx,
                         struct mr_err *err)
{
    MR_ASSERT(shard->thread == NULL);
    struct mr_shard_thread *thread = mr_heap_zeroed(shard->heap, sizeof *thread);
    if (thread == NULL) return mr_err_set(err, MR_E_NOMEM, 5003, "out of memory for a shard");
    thread->shard = shard;
    thread->open = open;
    thread->ctx = ctx;
    shard->thread = thread;
    (void)pthread_mutex_init(&thread->mutex, NULL);
    (void)pthread_cond_init(&thread->has_changed, NULL);
    int failed = create_blocked(thread);
    if (failed != 0) {
        thread_free(shard);
        return mr_err_os(err, failed, 5003, "cannot start the thread of shard %u",
                         shard->options.index);
    }
    await_flag(thread, &thread->is_decided);
    mr_status status = thread->status;
    if (status == MR_OK) return MR_OK;
    if (err != NULL) *err = thread->err;
    mr_shard_release(shard);
    return status;
}

void mr_shard_join(struct mr_shard *shard)
{
    MR_ASSERT(shard->thread != NULL);
    await_flag(shard->thread, &shard->thread->has_ended);
}

void mr_shard_release(struct mr_shard *shard)
{
    if (shard->thread == NULL) return;
    mr_shard_join(shard);
    set_flag(shard->thread, &shard->thread->may_close);
    (void)pthread_join(shard->thread->id, NULL);
    thread_free(shard);
}
