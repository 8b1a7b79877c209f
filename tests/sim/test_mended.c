/* Files of an epoch that was begun are mended before it runs again (RELIABILITY.md R1).
 *
 * A first life dies with offsets/0 written and nothing prepared. All plain files get more records
 * then, among them a field that is new, so that the epoch is cut and planned once more on its way.
 * The next life is killed at every operation, with a power cut now and then, and as long as nothing
 * is prepared the files may be mended again. In the end each record of each file as it last was is
 * in the table exactly once: with allowOverwrites too, where a version that was taken and forgotten
 * would be read a second time.
 *
 *   test_mended 5        at every fifth operation
 *   test_mended 1 123    at operation 123 alone */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/flow_world.h"

#define CHECKPOINT MR_WORLD_CHECKPOINTS "/main/default/t/t/0"

enum { FAILURES_MAX = 10 };

static uint64_t stride = 1;
static uint64_t only; /* this point alone; 0 = all */

static bool is_there(const struct mr_world *w, const char *path)
{
    struct mr_span content;
    return mr_simdisk_get(w->disk, path, &content);
}

static void mend_all(struct mr_world *w)
{
    uint32_t mended = 0;
    for (uint32_t i = 0; i < w->files; i++) mended += mr_world_mend(w, i);
    assert_true(mended > 0);
}

/* A world in which epoch 0 was begun and not prepared, and its files have been mended since. */
static void open_mended(bool allows_overwrites, struct mr_world *out_world)
{
    const struct mr_world_shape shape = {
        .shards = 2,
        .files = 6,
        .records = 12,
        .has_gzip = true,
        .has_malformed = true,
        .has_new_column = true,
        .range_bytes = 512,
        .allows_overwrites = allows_overwrites,
    };
    struct mr_world base;
    mr_world_open(&base, &shape, 1);
    for (uint64_t kill = 1;; kill++) {
        const struct mr_fate fate = {.seed = 1, .kill_at = kill};
        struct mr_life life;
        mr_world_copy(&base, out_world);
        mr_world_live(out_world, &fate, &life);
        assert_true(life.is_dead);
        bool is_begun = is_there(out_world, CHECKPOINT "/offsets/0");
        if (is_begun && is_there(out_world, CHECKPOINT "/millrace/staged/0.1")) break;
        mr_world_close(out_world);
    }
    assert_false(is_there(out_world, CHECKPOINT "/millrace/prepared/0"));
    mr_world_close(&base);
    mend_all(out_world);
}

static bool try_point(const struct mr_world *start, uint64_t point)
{
    struct mr_world w;
    struct mr_life life;
    const struct mr_fate fate = {
        .seed = 2, .kill_at = point, .kill_after = start->shape.allows_overwrites};
    const struct mr_fate undisturbed = {.seed = 3 + point};
    bool is_cut = point % 3 == 0;
    mr_world_copy(start, &w);
    mr_world_live(&w, &fate, &life);
    bool is_right = mr_world_audit(&w, life.status == MR_OK ? MR_AUDIT_COMPLETE : 0);
    if (is_cut) mr_simdisk_cut(w.disk, (mr_cut)(point % MR_CUT_COUNT), point);
    if (point % 2 == 0 && !is_there(&w, CHECKPOINT "/millrace/prepared/0")) mend_all(&w);
    if (is_right) {
        mr_world_live(&w, &undisturbed, &life);
        is_right = life.status == MR_OK;
        if (!is_right) (void)snprintf(w.why, sizeof w.why, "failed: %.900s", life.err.message);
    }
    is_right =
        is_right && mr_world_audit(&w, MR_AUDIT_COMPLETE | (is_cut ? 0 : MR_AUDIT_CLEAN));
    if (!is_right) print_error("test_mended 1 %d: %s\n", (int)point, w.why);
    mr_world_close(&w);
    return is_right;
}

static void test_points(bool allows_overwrites)
{
    struct mr_world start, w;
    struct mr_life life;
    const struct mr_fate undisturbed = {.seed = 2};
    uint32_t failures = 0;
    open_mended(allows_overwrites, &start);
    mr_world_copy(&start, &w);
    mr_world_live(&w, &undisturbed, &life);
    assert_string_equal(life.status == MR_OK ? "" : life.err.message, "");
    if (!mr_world_audit(&w, MR_AUDIT_COMPLETE | MR_AUDIT_CLEAN)) fail_msg("%s", w.why);
    mr_world_close(&w);
    for (uint64_t point = 1; point <= life.ops && failures < FAILURES_MAX; point += stride) {
        if (only == 0 || point == only) failures += !try_point(&start, point);
    }
    print_message("killed at every %d. of %d operations\n", (int)stride, (int)life.ops);
    mr_world_close(&start);
    assert_int_equal(failures, 0);
}

static void test_each_file_once(void **state)
{
    (void)state;
    test_points(false);
}

static void test_overwrites_allowed(void **state)
{
    (void)state;
    test_points(true);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_file_once),
        cmocka_unit_test(test_overwrites_allowed),
    };
    if (count > 1) stride = strtoull(words[1], NULL, 10);
    if (count > 2) only = strtoull(words[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
