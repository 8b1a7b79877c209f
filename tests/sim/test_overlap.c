/* Two epochs at once: whatever goes wrong with either harms neither.
 *
 * Files are taken one by one, so that nearly every epoch is read while the one before is sealed and
 * committed. Another writer takes the version of epoch N away, for each N, with a schema that the
 * rows do not fit: N is taken back, N + 1 with it, and once the schema is mended both come exactly
 * once. A field that is new in N + 1 is met while N is committed, and that life is killed at its
 * operations, with power cuts. A file of N + 1 that cannot be read fails the flow after N is
 * committed. A life is stopped while it reads ahead, and leaves nothing behind. Each test counts
 * the lives in which the epochs did overlap at that moment, and wants some.
 *
 *   test_overlap 5        kills at every fifth operation */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/flow_world.h"

enum { SEEDS = 12, FAILURES_MAX = 10 };

static uint64_t stride = 1;

static const struct mr_world_shape one_by_one = {
    .shards = 2,
    .files = 6,
    .records = 12,
    .files_per_trigger = 1,
    .is_partitioned = true,
    .has_malformed = true,
    .has_bad_path = true,
    .is_eager = true,
};

/* One life that has to go well, and the audit behind it. */
static bool complete(struct mr_world *w, uint64_t seed, uint32_t claims)
{
    const struct mr_fate undisturbed = {.seed = seed};
    struct mr_life life;
    mr_world_live(w, &undisturbed, &life);
    if (life.status == MR_OK) return mr_world_audit(w, claims | MR_AUDIT_COMPLETE);
    (void)snprintf(w->why, sizeof w->why, "a clean life failed: %.900s", life.err.message);
    return false;
}

static void undisturbed_life(struct mr_world *w, uint64_t seed, struct mr_life *out_life)
{
    const struct mr_fate undisturbed = {.seed = seed};
    mr_world_live(w, &undisturbed, out_life);
    assert_string_equal(out_life->status == MR_OK ? "" : out_life->err.message, "");
    if (!mr_world_audit(w, MR_AUDIT_COMPLETE | MR_AUDIT_CLEAN)) fail_msg("%s", w->why);
}

static void test_epochs_overlap(void **state)
{
    struct mr_world w;
    struct mr_life life;
    (void)state;
    mr_world_open(&w, &one_by_one, 1);
    undisturbed_life(&w, 1, &life);
    assert_int_equal(life.epochs, one_by_one.files);
    assert_true(life.epochs_ahead >= one_by_one.files / 2);
    mr_world_close(&w);
}

/* The version of epoch `version` - 1 goes to another writer, who puts things right later. */
static bool lose_version(uint64_t seed, int64_t version, uint32_t *ahead)
{
    struct mr_world w;
    struct mr_life life;
    const struct mr_fate fate = {.seed = seed, .rival_version = version};
    bool is_cut = seed % 3 == 0;
    mr_world_open(&w, &one_by_one, 1);
    mr_world_live(&w, &fate, &life);
    bool is_right = life.status == MR_E_SCHEMA || life.status == MR_E_CONFLICT;
    (void)snprintf(w.why, sizeof w.why, "the rival won, and the flow said: %.900s",
                   life.err.message);
    is_right = is_right && life.epochs == (uint64_t)version - 1 && mr_world_audit(&w, 0);
    *ahead += life.ends_ahead;
    if (is_cut) mr_simdisk_cut(w.disk, (mr_cut)(seed % MR_CUT_COUNT), seed);
    mr_world_rival(&w, version + 1, true);
    is_right = is_right && complete(&w, seed + 1, is_cut ? 0 : MR_AUDIT_CLEAN);
    if (!is_right) print_error("seed %d, version %d: %s\n", (int)seed, (int)version, w.why);
    mr_world_close(&w);
    return is_right;
}

static void test_withdrawn(void **state)
{
    uint32_t ahead = 0, failures = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        for (int64_t version = 1; version <= one_by_one.files; version++) {
            failures += !lose_version(seed, version, &ahead);
        }
    }
    print_message("%u of %u epochs were taken back with the next one read\n", ahead,
                  SEEDS * one_by_one.files);
    assert_int_equal(failures, 0);
    assert_true(ahead > SEEDS);
}

static bool kill_at(const struct mr_world *start, uint64_t seed, uint64_t point)
{
    struct mr_world w;
    struct mr_life life;
    const struct mr_fate fate = {.seed = seed, .kill_at = point, .kill_after = point % 2 == 0};
    bool is_cut = point % 3 > 0;
    mr_world_copy(start, &w);
    mr_world_live(&w, &fate, &life);
    if (is_cut) mr_simdisk_cut(w.disk, (mr_cut)(point % MR_CUT_COUNT), point);
    bool is_right = mr_world_audit(&w, 0) && complete(&w, point, is_cut ? 0 : MR_AUDIT_CLEAN);
    if (!is_right) print_error("seed %d, operation %d: %s\n", (int)seed, (int)point, w.why);
    mr_world_close(&w);
    return is_right;
}

/* The file in the middle has a field that the newest one, which the schema is inferred from, has
 * not. Of the schedules one in which it is met ahead is killed everywhere. */
static void test_cut_ahead(void **state)
{
    struct mr_world_shape shape = one_by_one;
    struct mr_world start;
    struct mr_life life = {0};
    uint32_t failures = 0;
    uint64_t seed = 0;
    (void)state;
    shape.files = 4;
    shape.has_new_column = shape.is_column_hidden = true;
    mr_world_open(&start, &shape, 1);
    while (life.ahead_cuts == 0 && seed < 4 * SEEDS) {
        struct mr_world w;
        mr_world_copy(&start, &w);
        undisturbed_life(&w, ++seed, &life);
        mr_world_close(&w);
    }
    assert_true(life.ahead_cuts > 0);
    for (uint64_t point = 1; point <= life.ops && failures < FAILURES_MAX; point += stride) {
        failures += !kill_at(&start, seed, point);
    }
    print_message("killed at every %d. of %d operations\n", (int)stride, (int)life.ops);
    mr_world_close(&start);
    assert_int_equal(failures, 0);
}

static void test_failure_ahead(void **state)
{
    uint32_t ahead = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct mr_fate fate = {.seed = seed, .fault = "read@*landing/0002*=EIO"};
        struct mr_world_shape shape = one_by_one;
        struct mr_world w;
        struct mr_life life;
        shape.is_column_hidden = true; /* inference does not read the file */
        mr_world_open(&w, &shape, 1);
        mr_world_live(&w, &fate, &life);
        assert_int_equal(life.status, MR_E_IO);
        assert_int_equal(life.epochs, 2);
        ahead += life.ahead_cuts > 0;
        if (!mr_world_audit(&w, 0) || !complete(&w, 100 + seed, MR_AUDIT_CLEAN)) {
            fail_msg("seed %d: %s", (int)seed, w.why);
        }
        mr_world_close(&w);
    }
    print_message("%u of %u failures came while the epoch before was at work\n", ahead, SEEDS);
    assert_true(ahead > 0);
}

static void test_stop(void **state)
{
    uint64_t ahead = 0;
    uint32_t early = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct mr_fate fate = {
            .seed = seed, .is_continuous = true, .stop_ticks = 1 + (uint32_t)(seed % 3)};
        struct mr_world_shape shape = one_by_one;
        struct mr_world w;
        struct mr_life life;
        shape.files = 20;
        mr_world_open(&w, &shape, 1);
        mr_world_live(&w, &fate, &life);
        assert_string_equal(life.status == MR_OK ? "" : life.err.message, "");
        ahead += life.epochs_ahead;
        early += life.epochs < shape.files;
        if (!mr_world_audit(&w, MR_AUDIT_CLEAN) || !complete(&w, 100 + seed, MR_AUDIT_CLEAN)) {
            fail_msg("seed %d: %s", (int)seed, w.why);
        }
        mr_world_close(&w);
    }
    print_message("%u of %u lives stopped early, %d epochs were read ahead\n", early, SEEDS,
                  (int)ahead);
    assert_true(early > 0 && ahead > 0);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epochs_overlap), cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_cut_ahead),      cmocka_unit_test(test_failure_ahead),
        cmocka_unit_test(test_stop),
    };
    if (count > 1) stride = strtoull(words[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
