/* Kill anywhere: nothing is lost, doubled or left over (RELIABILITY.md R1).
 *
 * A reference pipeline runs once undisturbed, which gives the number of its operations. Then, from
 * the same start, it is killed before and after every single one of them, restarted and has to
 * finish; every seventh restart is killed too, at an operation of its recovery. After every death
 * no id may be twice and the log has to be right, after the last life each id is there exactly once
 * and the disk holds nothing that nobody names.
 *
 *   test_every_op before        before every operation
 *   test_every_op after 5       after every fifth operation
 *   test_every_op after 1 123   after operation 123 alone
 *
 * With `crowded` behind these more partitions come mixed than files are open at once, so that rows
 * wait for the end of their epoch. With `bad` the malformed records leave by badRecordsPath; each
 * has to be below it exactly once, and after a death never twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/flow_world.h"

enum { FAILURES_MAX = 10, SECOND_EVERY = 7, SECOND_OPS = 120 };

static struct mr_world_shape reference = {
    .shards = 2,
    .files = 16,
    .records = 12,
    .files_per_trigger = 2,
    .is_partitioned = true,
    .has_gzip = true,
    .has_malformed = true,
    .has_new_column = true,
};

static bool is_after;
static uint64_t stride = 1;
static uint64_t only; /* this point alone; 0 = all */

/* One life that has to go well, of one shard or two, and the audit behind it. */
static bool complete(struct mr_world *w, uint64_t seed, uint32_t claims)
{
    const struct mr_fate undisturbed = {.seed = seed, .shards = 1 + seed % 2};
    struct mr_life life;
    mr_world_live(w, &undisturbed, &life);
    if (life.status != MR_OK) {
        (void)snprintf(w->why, sizeof w->why, "a clean life failed: %.900s", life.err.message);
        return false;
    }
    return mr_world_audit(w, claims);
}

static bool dies(struct mr_world *w, uint64_t seed, uint64_t kill_at, bool kill_after)
{
    const struct mr_fate fate = {.seed = seed, .kill_at = kill_at, .kill_after = kill_after};
    struct mr_life life;
    mr_world_live(w, &fate, &life);
    /* Who dies while it closes its files has done everything. */
    return mr_world_audit(w, life.status == MR_OK ? MR_AUDIT_COMPLETE : 0);
}

static bool try_point(const struct mr_world *start, uint64_t point)
{
    struct mr_world w;
    mr_world_copy(start, &w);
    bool is_right = dies(&w, 1, point, is_after);
    if (is_right && point % SECOND_EVERY == 0) {
        is_right = dies(&w, 2 + point, 1 + point / SECOND_EVERY % SECOND_OPS, !is_after);
    }
    is_right = is_right && complete(&w, 3 + point, MR_AUDIT_COMPLETE | MR_AUDIT_CLEAN);
    if (!is_right) {
        print_error("test_every_op %s 1 %d: %s\n", is_after ? "after" : "before", (int)point,
                    w.why);
    }
    mr_world_close(&w);
    return is_right;
}

static void test_points(void **state)
{
    struct mr_world start, w;
    struct mr_life life;
    const struct mr_fate undisturbed = {.seed = 1};
    uint32_t failures = 0;
    (void)state;
    mr_world_open(&start, &reference, 1);
    mr_world_copy(&start, &w);
    mr_world_live(&w, &undisturbed, &life);
    assert_string_equal(life.status == MR_OK ? "" : life.err.message, "");
    if (!mr_world_audit(&w, MR_AUDIT_COMPLETE | MR_AUDIT_CLEAN)) fail_msg("%s", w.why);
    mr_world_close(&w);
    assert_true(life.epochs_ahead > 0);
    assert_true(life.ops >= (reference.has_bad_path ? 400 : 1000));
    for (uint64_t point = 1; point <= life.ops && failures < FAILURES_MAX; point += stride) {
        if (only == 0 || point == only) failures += !try_point(&start, point);
    }
    print_message("killed %s every %d. of %d operations in %d epochs\n",
                  is_after ? "after" : "before", (int)stride, (int)life.ops, (int)life.epochs);
    mr_world_close(&start);
    assert_int_equal(failures, 0);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_points)};
    if (count > 1 && strcmp(words[count - 1], "bad") == 0) {
        reference.has_bad_path = reference.is_column_hidden = true;
        reference.files_per_trigger = 8;
        count--;
    }
    if (count > 1 && strcmp(words[count - 1], "crowded") == 0) {
        reference.is_crowded = true;
        reference.files = 8;
        reference.files_per_trigger = 4;
        reference.records = 60;
        count--;
    }
    is_after = count > 1 && strcmp(words[1], "after") == 0;
    if (count > 2) stride = strtoull(words[2], NULL, 10);
    if (count > 3) only = strtoull(words[3], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
