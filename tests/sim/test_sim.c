/* Shown: the simulation runs control and shards on one thread with the shards' own code; the same
 * seed gives the same trace and another seed another one; a process can die at every operation and
 * its shards unwind; a deadlock is found and named instead of hanging. The load: shards that write
 * files piece by piece and report to control, which lists what is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/port/files.h"
#include "core/shard/shard.h"
#include "tests/support/sim.h"

enum { SHARDS = 3, PIECES = 5, SEEDS = 200, WROTE = 1 };

struct writer {
    struct mr_shard shard;
    struct mr_step step;
    struct mr_io_op op;
    char path[32];
    int32_t file;
    int pieces;
    int64_t failed;
    bool is_waiting;
    bool has_reported;
};

struct world {
    struct mr_heap heap;
    struct mr_simdisk *disk;
    struct mr_sim *sim;
    struct mr_io *io;
    struct mr_bell bell;
    struct writer writers[SHARDS];
};

static void op_done(struct mr_io_op *op, void *ctx)
{
    struct writer *w = ctx;
    w->is_waiting = false;
    if (op->result < 0) {
        w->failed = op->result;
    } else if (op->kind == MR_IO_OPEN) {
        w->file = (int32_t)op->result;
    } else if (op->kind == MR_IO_WRITE) {
        w->pieces++;
    }
    mr_shard_ready(&w->shard, &w->step);
}

static void report(struct writer *w)
{
    struct mr_desc desc = {.kind = WROTE, .from = w->shard.options.index};
    w->has_reported = mr_shard_report(&w->shard, &desc);
}

/* Opens, writes PIECES pieces, reports; after a failure it reports at once. */
static bool write_step(struct mr_step *self, struct mr_shard *shard)
{
    struct writer *w = shard->owner;
    (void)self;
    if (w->is_waiting || w->has_reported) return false;
    if (w->failed < 0 || w->pieces == PIECES) {
        report(w);
        return !w->has_reported;
    }
    mr_io_op_init(&w->op, w->file < 0 ? MR_IO_OPEN : MR_IO_WRITE);
    w->op.path = w->file < 0 ? w->path : NULL;
    w->op.file = w->file;
    w->op.flags = MR_OPEN_WRITE | MR_OPEN_CREATE;
    w->op.buf = w->path;
    w->op.bytes = 4;
    w->op.off = (uint64_t)w->pieces * 4;
    w->op.done = op_done;
    w->op.ctx = w;
    w->is_waiting = true;
    mr_io_submit(shard->io, &w->op);
    return false;
}

static void receive(struct mr_shard *shard, const struct mr_desc *desc, void *ctx)
{
    struct writer *w = shard->owner;
    (void)desc;
    (void)ctx;
    mr_shard_ready(shard, &w->step);
}

static bool turn(void *ctx)
{
    return mr_shard_turn(ctx);
}

static void open_world(struct world *world, uint64_t seed, uint64_t kill_at, bool kill_after)
{
    static const char *const names[SHARDS] = {"shard0", "shard1", "shard2"};
    const struct mr_sim_options options = {
        .seed = seed, .kill_at = kill_at, .kill_after = kill_after};
    memset(world, 0, sizeof *world);
    mr_heap_init(&world->heap, 0);
    world->disk = mr_simdisk_open();
    world->sim = mr_sim_open(world->disk, &options);
    world->io = mr_sim_io(world->sim, "control");
    mr_bell_init(&world->bell, world->io);
    for (uint32_t i = 0; i < SHARDS; i++) {
        struct writer *w = &world->writers[i];
        const struct mr_shard_options shard_options = {
            .index = i, .control = &world->bell, .receive = receive};
        assert_int_equal(mr_shard_init(&w->shard, &world->heap, &shard_options, NULL), MR_OK);
        w->shard.owner = w;
        w->file = -1;
        w->step = (struct mr_step){write_step, MR_CLASS_STREAM, "write"};
        (void)snprintf(w->path, sizeof w->path, "/f%u", i);
        struct mr_io *io = mr_sim_io(world->sim, names[i]);
        mr_shard_begin(&w->shard, io);
        mr_sim_steps(io, turn, &w->shard);
    }
}

static void close_world(struct world *world)
{
    for (int i = 0; i < SHARDS; i++) {
        struct writer *w = &world->writers[i];
        mr_shard_stop(&w->shard);
        while (w->shard.is_running) (void)mr_io_run(world->io, 1000);
        mr_io_close(w->shard.io);
        mr_shard_fini(&w->shard);
    }
    mr_io_close(world->io);
    mr_sim_close(world->sim);
    mr_simdisk_close(world->disk);
    assert_int_equal(world->heap.used_bytes, 0);
}

/* Control's part. returns how many shards reported that they had written all */
static int run_load(struct world *world)
{
    struct mr_desc go = {.kind = WROTE}, desc;
    int reported = 0, good = 0;
    for (int i = 0; i < SHARDS; i++) assert_true(mr_shard_post(&world->writers[i].shard, &go));
    while (reported < SHARDS) {
        mr_bell_arm(&world->bell);
        int before = reported;
        for (int i = 0; i < SHARDS; i++) reported += mr_shard_next(&world->writers[i].shard, &desc);
        (void)mr_io_run(world->io, reported > before ? 0 : -1);
        mr_bell_disarm(&world->bell);
    }
    for (int i = 0; i < SHARDS; i++) good += world->writers[i].pieces == PIECES;
    return good;
}

static void test_run(void **state)
{
    (void)state;
    struct world world;
    struct mr_span got;
    open_world(&world, 1, 0, false);
    assert_int_equal(run_load(&world), SHARDS);
    for (int i = 0; i < SHARDS; i++) {
        assert_true(mr_simdisk_get(world.disk, world.writers[i].path, &got));
        assert_int_equal(got.bytes, PIECES * 4);
    }
    assert_int_equal(mr_sim_op_count(world.sim), SHARDS * (PIECES + 1));
    close_world(&world);
}

static void test_same_seed_same_trace(void **state)
{
    (void)state;
    uint64_t hashes[SEEDS];
    struct world world;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        for (int again = 0; again < 2; again++) {
            open_world(&world, seed, seed % 10, seed % 2 == 1);
            (void)run_load(&world);
            uint64_t hash = mr_sim_trace_hash(world.sim);
            if (again) assert_int_equal(hash, hashes[seed]);
            hashes[seed] = hash;
            close_world(&world);
        }
        if (seed % 10 == 1 || seed % 10 == 2) continue; /* died before seeds could differ */
        for (uint64_t i = 0; i < seed; i++) assert_int_not_equal(hashes[i], hashes[seed]);
    }
}

static void test_death_at_every_operation(void **state)
{
    (void)state;
    struct world world;
    for (uint64_t k = 1; k <= SHARDS * (PIECES + 1); k++) {
        for (int after = 0; after < 2; after++) {
            open_world(&world, k, k, after);
            int good = run_load(&world);
            assert_true(mr_sim_is_dead(world.sim));
            assert_int_equal(mr_sim_op_count(world.sim), k - 1 + (uint64_t)after);
            assert_true(good < SHARDS);
            int died = 0;
            for (int i = 0; i < SHARDS; i++) died += world.writers[i].failed == -EOWNERDEAD;
            assert_int_equal(died, SHARDS - good);
            bool exists = false;
            assert_int_equal(mr_file_exists(world.io, "/f0", &exists, NULL), MR_E_KILLED);
            close_world(&world);
        }
    }
}

static void test_deadlock_is_found(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct world world;
        (void)signal(SIGABRT, SIG_DFL);
        (void)fclose(stderr);
        open_world(&world, 1, 0, false);
        (void)mr_io_run(world.io, -1); /* nobody has anything to do */
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* An hour of virtual time passes at once; the wall clock can be set back, the other one cannot. */
static void test_clocks(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1, 0, false);
    int64_t mono = mr_io_mono_us(world.io), wall = mr_io_now_us(world.io);
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_TIMER);
    op.off = UINT64_C(3600000000);
    assert_int_equal(mr_io_call(world.io, &op), 0);
    assert_true(mr_io_mono_us(world.io) >= mono + INT64_C(3600000000));
    mr_sim_jump(world.sim, -INT64_C(7200000000));
    assert_true(mr_io_now_us(world.io) < wall);
    close_world(&world);
}

/* Control that only ever looks, and never sleeps, still sees its shards get on. */
static void test_polls_that_do_not_sleep(void **state)
{
    (void)state;
    struct world world;
    struct mr_desc go = {.kind = WROTE}, desc;
    int reported = 0;
    open_world(&world, 3, 0, false);
    for (int i = 0; i < SHARDS; i++) assert_true(mr_shard_post(&world.writers[i].shard, &go));
    for (int turns = 0; reported < SHARDS; turns++) {
        assert_true(turns < 1000000);
        (void)mr_io_run(world.io, 0);
        for (int i = 0; i < SHARDS; i++) reported += mr_shard_next(&world.writers[i].shard, &desc);
    }
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polls_that_do_not_sleep),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_same_seed_same_trace),
        cmocka_unit_test(test_death_at_every_operation),
        cmocka_unit_test(test_deadlock_is_found),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
