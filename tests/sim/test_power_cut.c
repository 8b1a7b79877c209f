/* The power fails anywhere: nothing is lost or doubled (RELIABILITY.md R2).
 *
 * The reference pipeline is killed after an operation and the power cut in all the ways that the
 * simulated disk knows: of the changes that no sync has covered, none, all, a prefix, subsets, all
 * but one are on the platter, or subsets whose writes are torn. From each disk that comes out, and
 * that was not met before, a new process has to finish. At every other point the restart is killed
 * as well, without a cut in between, so that what it found but did not write is cut too. Files that
 * no log names may stay behind.
 *
 *   test_power_cut 9       from the 9th operation on, every 9th
 *   test_power_cut 1 123   operation 123 alone
 *
 * With `bad` behind these the malformed records leave by badRecordsPath: its files are what others
 * read without a log, so none of them may stay behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/flow_world.h"

enum { FAILURES_MAX = 10, ROUNDS = 2, HASHES_MAX = 1 << 16, SECOND_OPS = 160 };

static struct mr_world_shape reference = {
    .shards = 2,
    .files = 10,
    .records = 12,
    .files_per_trigger = 2,
    .is_partitioned = true,
    .has_gzip = true,
    .has_malformed = true,
    .has_new_column = true,
};

struct counts {
    uint32_t points;
    uint32_t states;
    uint32_t tried; /* that were not met before */
    uint32_t failures;
};

static uint64_t stride = 1;
static uint64_t only;
static uint64_t met[HASHES_MAX];

/* Whether this disk has been met before; remembers it. */
static bool is_known(uint64_t hash)
{
    uint64_t at = hash % HASHES_MAX;
    while (met[at] != 0 && met[at] != hash) at = (at + 1) % HASHES_MAX;
    bool was_there = met[at] == hash;
    met[at] = hash;
    return was_there;
}

static bool complete(struct mr_world *w, uint64_t seed)
{
    const struct mr_fate undisturbed = {.seed = seed};
    struct mr_life life;
    if (!mr_world_audit(w, 0)) return false;
    mr_world_live(w, &undisturbed, &life);
    if (life.status == MR_OK) return mr_world_audit(w, MR_AUDIT_COMPLETE);
    (void)snprintf(w->why, sizeof w->why, "a clean life failed: %.900s", life.err.message);
    return false;
}

/* All cuts of the disk as it is now. */
static void cut(const struct mr_world *dead, uint64_t point, const char *when, struct counts *c)
{
    for (uint32_t i = 0; i < MR_CUT_COUNT * ROUNDS; i++) {
        mr_cut how = (mr_cut)(i % MR_CUT_COUNT);
        uint64_t seed = point * 100 + i;
        struct mr_world w;
        if (i >= MR_CUT_COUNT && how <= MR_CUT_KEEP_ALL) continue;
        mr_world_copy(dead, &w);
        mr_simdisk_cut(w.disk, how, seed);
        c->states++;
        if (!is_known(mr_simdisk_hash(w.disk))) {
            c->tried++;
            if (!complete(&w, seed + 7)) {
                print_error("test_power_cut 1 %d: %s, cut %d, seed %d: %s\n", (int)point, when,
                            (int)how, (int)seed, w.why);
                c->failures++;
            }
        }
        mr_world_close(&w);
    }
}

static void live_until(struct mr_world *w, uint64_t seed, uint64_t kill_at)
{
    const struct mr_fate fate = {.seed = seed, .kill_at = kill_at, .kill_after = true};
    struct mr_life life;
    mr_world_live(w, &fate, &life);
}

static void test_points(void **state)
{
    struct mr_world start, w;
    struct mr_life life;
    struct counts c = {0};
    const struct mr_fate undisturbed = {.seed = 1};
    (void)state;
    mr_world_open(&start, &reference, 1);
    mr_world_copy(&start, &w);
    mr_world_live(&w, &undisturbed, &life);
    mr_world_close(&w);
    assert_int_equal(life.status, MR_OK);
    assert_true(life.epochs_ahead > 0);
    for (uint64_t point = stride; point <= life.ops && c.failures < FAILURES_MAX; point += stride) {
        if (only != 0 && point != only) continue;
        c.points++;
        mr_world_copy(&start, &w);
        live_until(&w, 1, point);
        cut(&w, point, "killed", &c);
        if (point / stride % 2 == 0 || only != 0) {
            live_until(&w, 2 + point, 1 + point * 31 % SECOND_OPS);
            cut(&w, point, "killed twice", &c);
        }
        mr_world_close(&w);
    }
    print_message("cut at %u of %d operations: %u disks, %u different ones\n", c.points,
                  (int)life.ops, c.states, c.tried);
    mr_world_close(&start);
    assert_int_equal(c.failures, 0);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_points)};
    if (count > 1 && strcmp(words[count - 1], "bad") == 0) {
        reference.has_bad_path = reference.is_column_hidden = true;
        reference.files_per_trigger = 5;
        count--;
    }
    if (count > 1) stride = strtoull(words[1], NULL, 10);
    if (count > 2) only = strtoull(words[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
