/* Shown: shards as the program starts them: each on its own thread with its own region, a heap and
 * a buffer pool in it, and its own ring with the region registered. The chained exchanges of
 * exchange_load run over them, asleep and woken through the rings; then each shard writes and reads
 * a file through its pool's buffers. Skipped (77) where the kernel refuses io_uring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/assert.h"
#include "core/mem/buddy.h"
#include "io/uring/uring_io.h"
#include "numa/region.h"
#include "numa/topology.h"
#include "tests/support/exchange_load.h"
#include "tests/support/tempdir.h"

enum { REGION_BYTES = 4 << 20, BUF_BYTES = 1 << 20, ROUNDS = 20, ANSWER = 7 };

static char root[MR_TEMPDIR_MAX];

static mr_status open_io(struct mr_shard *shard, void *ctx, struct mr_io **out_io,
                         struct mr_err *err)
{
    const struct mr_uring_options options = {.crew = ctx, .seed = 1};
    struct load_shard *s = shard->owner;
    return mr_uring_open(&s->heap, &options, out_io, err);
}

static void test_exchange(void **state)
{
    (void)state;
    const struct mr_uring_options io_options = {.seed = 1};
    const struct load_options options = {.shards = 3,
                                         .epochs = 10,
                                         .items = 300,
                                         .ring_slots = 2,
                                         .credits = 2,
                                         .buffers = 4,
                                         .slow_shard = 0,
                                         .slow_us = 40};
    struct mr_heap heap;
    struct mr_io *io;
    struct mr_crew *crew;
    struct load *load = malloc(sizeof *load);
    uint32_t reported = 0;
    mr_heap_init(&heap, 0);
    assert_int_equal(mr_crew_open(&heap, 1, &crew, NULL), MR_OK);
    assert_int_equal(mr_uring_open(&heap, &io_options, &io, NULL), MR_OK);
    load_init(load, &options, io);
    for (uint32_t i = 0; i < options.shards; i++) {
        assert_int_equal(mr_shard_start(&load->shards[i].shard, open_io, crew, NULL), MR_OK);
    }
    for (;;) {
        mr_bell_arm(&load->bell);
        if (load_finished(load, &reported)) break;
        (void)mr_io_run(io, -1);
    }
    for (uint32_t i = 0; i < options.shards; i++) mr_shard_stop(&load->shards[i].shard);
    for (uint32_t i = 0; i < options.shards; i++) mr_shard_join(&load->shards[i].shard);
    assert_int_equal(load_check(load), 0);
    load_fini(load);
    free(load);
    mr_io_close(io);
    mr_crew_close(crew);
}

/* ---- files through a shard's own pool ---- */

struct writer {
    struct mr_region region;
    struct mr_buddy buddy;
    struct mr_pool pool;
    struct mr_shard shard;
    struct mr_io_op op;
    struct mr_buf *buf;
    char path[MR_TEMPDIR_MAX + 16];
    int32_t file;
    int round;
    bool is_registered;
};

static void next_op(struct writer *w, mr_io_kind kind);

/* open, then write a buffer and read it back in turn, then answer. */
static void op_done(struct mr_io_op *op, void *ctx)
{
    struct writer *w = ctx;
    if (op->kind == MR_IO_OPEN) {
        MR_ASSERT(op->result >= 0);
        w->file = (int32_t)op->result;
        next_op(w, MR_IO_WRITE);
    } else if (op->kind == MR_IO_WRITE) {
        MR_ASSERT(op->result == BUF_BYTES);
        memset(w->buf->at, 0, BUF_BYTES);
        next_op(w, MR_IO_READ);
    } else if (op->kind == MR_IO_READ) {
        MR_ASSERT(op->result == BUF_BYTES);
        for (int i = 0; i < BUF_BYTES; i++) MR_ASSERT(w->buf->at[i] == (uint8_t)w->round);
        w->round++;
        next_op(w, w->round < ROUNDS ? MR_IO_WRITE : MR_IO_CLOSE);
    } else {
        const struct mr_desc desc = {.kind = ANSWER, .words = {(uint64_t)op->result}};
        mr_buf_unref(w->buf);
        bool has_room = mr_shard_report(&w->shard, &desc);
        MR_ASSERT(has_room);
    }
}

static void next_op(struct writer *w, mr_io_kind kind)
{
    mr_io_op_init(&w->op, kind);
    w->op.path = kind == MR_IO_OPEN ? w->path : NULL;
    w->op.flags = MR_OPEN_READ | MR_OPEN_WRITE | MR_OPEN_CREATE;
    w->op.file = w->file;
    w->op.buf = w->buf->at;
    w->op.bytes = BUF_BYTES;
    w->op.buf_index = (int32_t)w->buf->index;
    w->op.done = op_done;
    w->op.ctx = w;
    if (kind == MR_IO_WRITE) memset(w->buf->at, w->round, BUF_BYTES);
    mr_io_submit(w->shard.io, &w->op);
}

static void receive(struct mr_shard *shard, const struct mr_desc *desc, void *ctx)
{
    struct writer *w = shard->owner;
    (void)desc;
    (void)ctx;
    w->buf = mr_pool_acquire(&w->pool);
    next_op(w, MR_IO_OPEN);
}

static mr_status open_writer(struct mr_shard *shard, void *ctx, struct mr_io **out_io,
                             struct mr_err *err)
{
    struct writer *w = shard->owner;
    (void)ctx;
    const struct mr_uring_options options = {
        .region = w->region.at, .region_bytes = w->region.bytes, .seed = 1};
    mr_status status = mr_uring_open(&w->buddy.heap, &options, out_io, err);
    if (status == MR_OK) w->is_registered = mr_uring_has_region(*out_io);
    return status;
}

static void test_files(void **state)
{
    (void)state;
    static struct writer writers[2];
    struct mr_place places[2];
    struct mr_heap heap;
    struct mr_io *io;
    struct mr_bell bell;
    struct mr_desc desc;
    const struct mr_uring_options io_options = {.seed = 1};
    mr_heap_init(&heap, 0);
    assert_int_equal(mr_uring_open(&heap, &io_options, &io, NULL), MR_OK);
    mr_bell_init(&bell, io);
    assert_int_equal(mr_topology_place(2, places, NULL), MR_OK);
    for (uint32_t i = 0; i < 2; i++) {
        struct writer *w = &writers[i];
        const struct mr_shard_options options = {
            .index = i, .cpu = places[i].cpu, .control = &bell, .receive = receive};
        (void)snprintf(w->path, sizeof w->path, "%s/f%u", root, i);
        assert_int_equal(mr_region_map(REGION_BYTES, places[i].node, &w->region, NULL), MR_OK);
        assert_int_equal(mr_region_touch(&w->region, w->region.bytes, NULL), MR_OK);
        assert_int_equal(mr_buddy_init(&w->buddy, w->region.at, w->region.bytes, NULL), MR_OK);
        assert_int_equal(mr_pool_init(&w->pool, &w->buddy.heap, 2, BUF_BYTES, NULL), MR_OK);
        assert_int_equal(mr_shard_init(&w->shard, &heap, &options, NULL), MR_OK);
        w->shard.owner = w;
        assert_int_equal(mr_shard_start(&w->shard, open_writer, NULL, NULL), MR_OK);
        desc = (struct mr_desc){.kind = ANSWER};
        assert_true(mr_shard_post(&w->shard, &desc));
    }
    for (int answered = 0; answered < 2;) {
        mr_bell_arm(&bell);
        int before = answered;
        for (int i = 0; i < 2; i++) answered += mr_shard_next(&writers[i].shard, &desc);
        (void)mr_io_run(io, answered > before ? 0 : -1);
    }
    for (int i = 0; i < 2; i++) {
        struct writer *w = &writers[i];
        if (!w->is_registered) print_message("shard %d: region not registered\n", i);
        mr_shard_stop(&w->shard);
        mr_shard_join(&w->shard);
        mr_shard_fini(&w->shard);
        mr_pool_fini(&w->pool);
        assert_int_equal(w->buddy.heap.used_bytes, 0);
        mr_buddy_fini(&w->buddy);
        mr_region_unmap(&w->region);
    }
    mr_io_close(io);
    assert_int_equal(heap.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_files),
    };
    const struct mr_uring_options options = {.seed = 1};
    struct mr_heap heap;
    struct mr_io *io = NULL;
    mr_heap_init(&heap, 0);
    mr_status status = mr_uring_open(&heap, &options, &io, NULL);
    if (status == MR_E_UNSUPPORTED) return 77;
    mr_io_close(io);
    mr_tempdir_make(root);
    int failed = (status != MR_OK) + cmocka_run_group_tests(tests, NULL, NULL);
    mr_tempdir_remove(root);
    return failed;
}
