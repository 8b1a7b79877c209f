/* Shown, with real threads over the POSIX driver: a shard answers what is posted, runs steps of
 * all classes without starving any, fires timers in order, counts and names a slow step, performs
 * file operations through a crew without waiting, sleeps when idle, stops when asked; a driver
 * that cannot be opened is an error of the start; so is every missing piece of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/shard/exchange.h"
#include "io/posix/posix_io.h"
#include "numa/topology.h"
#include "tests/support/tempdir.h"

enum { ADD, RUN_STEPS, SET_TIMERS, WRITE_FILE, ANSWER };

struct counted {
    struct mr_step step;
    uint64_t left;
    uint64_t ran;
    bool is_slow;
};

struct bench {
    struct mr_heap heap, shard_heap;
    struct mr_crew *crew;
    struct mr_io *io; /* control's */
    struct mr_bell bell;
    struct mr_shard shard;
    struct counted steps[3];
    struct mr_timer timers[3];
    int fired[3], fired_count;
    struct mr_io_op op;
    char path[600];
    bool must_fail;
};

static void answer(struct mr_shard *shard, uint64_t value)
{
    struct mr_desc desc = {.kind = ANSWER, .words = {value}};
    assert_true(mr_shard_report(shard, &desc));
}

static bool count_step(struct mr_step *self, struct mr_shard *shard)
{
    struct counted *counted = (struct counted *)self;
    counted->ran++;
    if (counted->is_slow) {
        int64_t end = mr_io_mono_us(shard->io) + 3000;
        while (mr_io_mono_us(shard->io) < end) continue;
    }
    if (--counted->left > 0) return true;
    answer(shard, counted->ran);
    return false;
}

static void timer_fired(struct mr_timer *self, struct mr_shard *shard)
{
    struct bench *b = shard->owner;
    assert_true(self->due_us <= mr_shard_now_us(shard));
    b->fired[b->fired_count++] = (int)(self - b->timers);
    if (b->fired_count == 2) answer(shard, 2);
}

static void written(struct mr_io_op *op, void *ctx)
{
    struct bench *b = ctx;
    if (op->kind == MR_IO_OPEN) {
        int32_t file = (int32_t)op->result;
        mr_io_op_init(op, MR_IO_WRITE);
        op->file = file;
        op->buf = b->path;
        op->bytes = 5;
        op->done = written;
        op->ctx = b;
        mr_io_submit(b->shard.io, op);
    } else {
        answer(&b->shard, (uint64_t)op->result);
    }
}

static void receive(struct mr_shard *shard, const struct mr_desc *desc, void *ctx)
{
    struct bench *b = ctx;
    int64_t now = mr_shard_now_us(shard);
    switch (desc->kind) {
    case ADD: answer(shard, desc->words[0] + 1); break;
    case RUN_STEPS:
        for (int i = 0; i < 3; i++) mr_shard_ready(shard, &b->steps[i].step);
        for (int i = 0; i < 3; i++) mr_shard_ready(shard, &b->steps[i].step);
        break;
    case SET_TIMERS:
        mr_shard_timer_set(shard, &b->timers[0], now + 6000);
        mr_shard_timer_set(shard, &b->timers[1], now + 2000);
        mr_shard_timer_set(shard, &b->timers[2], now + 4000);
        mr_shard_timer_set(shard, &b->timers[1], now + 9000);
        mr_shard_timer_clear(shard, &b->timers[2]);
        mr_shard_timer_clear(shard, &b->timers[2]);
        break;
    default:
        mr_io_op_init(&b->op, MR_IO_OPEN);
        b->op.path = b->path;
        b->op.flags = MR_OPEN_WRITE | MR_OPEN_CREATE;
        b->op.done = written;
        b->op.ctx = b;
        mr_io_submit(shard->io, &b->op);
    }
}

static mr_status open_io(struct mr_shard *shard, void *ctx, struct mr_io **out_io,
                         struct mr_err *err)
{
    struct bench *b = ctx;
    (void)shard;
    if (b->must_fail) return mr_err_set(err, MR_E_UNSUPPORTED, 5003, "no driver today");
    const struct mr_posix_options options = {.crew = b->crew, .seed = 1};
    return mr_posix_open(&b->shard_heap, &options, out_io, err);
}

static uint64_t await(struct bench *b)
{
    struct mr_desc desc;
    for (;;) {
        mr_bell_arm(&b->bell);
        bool has_one = mr_shard_next(&b->shard, &desc);
        (void)mr_io_run(b->io, has_one ? 0 : -1);
        mr_bell_disarm(&b->bell);
        if (has_one) return desc.words[0];
    }
}

static void post(struct bench *b, uint32_t kind, uint64_t value)
{
    struct mr_desc desc = {.kind = kind, .words = {value}};
    assert_true(mr_shard_post(&b->shard, &desc));
}

static int set_up(void **state)
{
    static struct bench bench;
    static char dir[MR_TEMPDIR_MAX];
    struct bench *b = &bench;
    const struct mr_posix_options options = {.seed = 1};
    memset(b, 0, sizeof *b);
    mr_heap_init(&b->heap, 0);
    mr_heap_init(&b->shard_heap, 0);
    mr_tempdir_make(dir);
    (void)snprintf(b->path, sizeof b->path, "%s/file", dir);
    assert_int_equal(mr_crew_open(&b->heap, 1, &b->crew, NULL), MR_OK);
    assert_int_equal(mr_posix_open(&b->heap, &options, &b->io, NULL), MR_OK);
    mr_bell_init(&b->bell, b->io);
    const struct mr_shard_options shard_options = {
        .cpu = MR_CPU_ANY, .control = &b->bell, .receive = receive, .ctx = b, .ring_slots = 4};
    assert_int_equal(mr_shard_init(&b->shard, &b->heap, &shard_options, NULL), MR_OK);
    b->shard.owner = b;
    for (int i = 0; i < 3; i++) {
        b->steps[i] = (struct counted){.left = 1000};
        b->steps[i].step = (struct mr_step){count_step, (mr_class)i, "count"};
        b->timers[i].fire = timer_fired;
    }
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    mr_shard_fini(&b->shard);
    mr_io_close(b->io);
    mr_crew_close(b->crew);
    *strrchr(b->path, '/') = '\0';
    mr_tempdir_remove(b->path);
    return b->heap.used_bytes + b->shard_heap.used_bytes == 0 ? 0 : -1;
}

static void start(struct bench *b)
{
    assert_int_equal(mr_shard_start(&b->shard, open_io, b, NULL), MR_OK);
}

static void stop(struct bench *b)
{
    mr_shard_stop(&b->shard);
    mr_shard_join(&b->shard);
    mr_shard_release(&b->shard);
}

static void test_answers(void **state)
{
    struct bench *b = *state;
    start(b);
    for (uint64_t i = 0; i < 2000; i++) {
        post(b, ADD, i);
        assert_int_equal(await(b), i + 1);
    }
    stop(b);
}

static void test_full_ring(void **state)
{
    struct bench *b = *state;
    struct mr_desc desc = {.kind = ADD};
    for (int i = 0; i < 4; i++) post(b, ADD, 41); /* before the start: they wait */
    assert_false(mr_shard_post(&b->shard, &desc));
    start(b);
    for (int i = 0; i < 4; i++) assert_int_equal(await(b), 42);
    stop(b);
}

static void test_classes(void **state)
{
    struct bench *b = *state;
    start(b);
    post(b, RUN_STEPS, 0);
    for (int i = 0; i < 3; i++) assert_int_equal(await(b), 1000);
    stop(b);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b->shard.stats.steps[i], 1000);
        assert_int_equal(b->steps[i].ran, 1000);
    }
}

static void test_timers(void **state)
{
    struct bench *b = *state;
    start(b);
    post(b, SET_TIMERS, 0);
    assert_int_equal(await(b), 2);
    stop(b);
    assert_int_equal(b->fired_count, 2);
    assert_int_equal(b->fired[0], 0);
    assert_int_equal(b->fired[1], 1);
    assert_true(b->shard.stats.sleeps > 0);
}

static void test_watchdog(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 3; i++) b->steps[i].left = 1;
    b->steps[1].is_slow = true;
    b->steps[1].step.name = "slow one";
    start(b);
    post(b, RUN_STEPS, 0);
    for (int i = 0; i < 3; i++) assert_int_equal(await(b), 1);
    stop(b);
    assert_true(b->shard.stats.steps_over >= 1);
    assert_true(b->shard.stats.step_us_max >= 3000);
    assert_string_equal(b->shard.stats.step_worst, "slow one");
}

static void test_files(void **state)
{
    struct bench *b = *state;
    start(b);
    post(b, WRITE_FILE, 0);
    assert_int_equal(await(b), 5);
    stop(b);
}

static void test_failed_start(void **state)
{
    struct bench *b = *state;
    struct mr_err err;
    b->must_fail = true;
    assert_int_equal(mr_shard_start(&b->shard, open_io, b, &err), MR_E_UNSUPPORTED);
    assert_string_equal(err.message, "no driver today");
    b->must_fail = false;
    start(b);
    stop(b);
}

static void test_withdraw(void **state)
{
    struct bench *b = *state;
    struct mr_shard *shard = &b->shard;
    struct mr_step *steps[3];
    for (int i = 0; i < 3; i++) {
        steps[i] = &b->steps[i].step;
        steps[i]->class_of = MR_CLASS_STREAM;
        b->steps[i].left = 2;
    }
    mr_shard_begin(shard, b->io);
    for (int removed = 0; removed < 3; removed++) {
        for (int i = 0; i < 3; i++) mr_shard_ready(shard, steps[i]);
        mr_shard_withdraw(shard, steps[removed]);
        mr_shard_withdraw(shard, steps[removed]);
        assert_true(mr_shard_turn(shard));
        for (int i = 0; i < 3; i++) {
            assert_int_equal(b->steps[i].ran, i == removed ? 0 : 2);
            b->steps[i].ran = 0;
            b->steps[i].left = 2;
        }
        struct mr_desc desc;
        while (mr_shard_next(shard, &desc)) continue;
    }
    mr_shard_stop(shard);
    assert_false(mr_shard_turn(shard));
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct mr_shard shards[2];
    struct mr_shard *const both[] = {&shards[0], &shards[1]};
    const struct mr_shard_options options = {.cpu = MR_CPU_ANY, .receive = receive};
    bool has_all = false;
    for (uint64_t n = 1; !has_all; n++) {
        struct mr_heap heap;
        struct mr_mesh mesh = {0};
        mr_heap_init(&heap, 0);
        mr_heap_fail_at(&heap, n);
        mr_status status = mr_shard_init(&shards[0], &heap, &options, NULL);
        if (status == MR_OK) {
            status = mr_shard_init(&shards[1], &heap, &options, NULL);
            if (status == MR_OK) {
                status = mr_mesh_init(&mesh, &heap, both, 2, 4, 4, NULL);
                if (status == MR_OK) mr_mesh_fini(&mesh);
                mr_shard_fini(&shards[1]);
            }
            mr_shard_fini(&shards[0]);
        }
        assert_int_equal(heap.used_bytes, 0);
        has_all = status == MR_OK;
        if (!has_all) assert_int_equal(status, MR_E_NOMEM);
        assert_true(n < 100);
    }
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(test_answers),      ONE(test_full_ring), ONE(test_classes),
        ONE(test_timers),       ONE(test_watchdog),  ONE(test_files),
        ONE(test_failed_start), ONE(test_withdraw),  cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
