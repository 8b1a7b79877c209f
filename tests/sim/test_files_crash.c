/* Shown: whole files written by core/port/files survive. For put_new and replace, the process is
 * killed before and after every operation, and the power is cut there in every way with several
 * seeds each: the path then holds nothing new or all of it, never a part; what was reported as done
 * is there after any cut; and the same call, run again after the restart, succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/assert.h"
#include "core/port/files.h"
#include "tests/support/sim.h"

enum { CUT_SEEDS = 12, OPS_MAX = 40 };

struct plan {
    bool replaces;
    bool has_old;
    struct mr_span content;
    const char *path;
};

static mr_status act(struct mr_io *io, const struct plan *plan)
{
    struct mr_err err;
    mr_status status = mr_dir_make(io, "/deep/dir", &err);
    if (status != MR_OK) return status;
    return plan->replaces ? mr_file_replace(io, plan->path, plan->content, &err)
                          : mr_file_put_new(io, plan->path, plan->content, &err);
}

static mr_status run_once(struct mr_simdisk *disk, const struct plan *plan, uint64_t kill_at,
                          bool kill_after, bool *out_died)
{
    const struct mr_sim_options options = {
        .seed = kill_at + 1, .kill_at = kill_at, .kill_after = kill_after};
    struct mr_sim *sim = mr_sim_open(disk, &options);
    struct mr_io *io = mr_sim_io(sim, "control");
    mr_status status = act(io, plan);
    *out_died = mr_sim_is_dead(sim);
    MR_ASSERT(*out_died == (status == MR_E_KILLED));
    mr_io_close(io);
    mr_sim_close(sim);
    return status;
}

static bool is_complete(struct mr_simdisk *disk, const struct plan *plan)
{
    struct mr_span got;
    if (!mr_simdisk_get(disk, plan->path, &got)) {
        assert_false(plan->has_old);
        return false;
    }
    if (mr_span_eq(got, plan->content)) return true;
    assert_true(plan->has_old);
    assert_true(mr_span_is(got, "old"));
    return false;
}

static struct mr_simdisk *fresh_disk(const struct plan *plan)
{
    struct mr_simdisk *disk = mr_simdisk_open();
    if (plan->has_old) mr_simdisk_put(disk, plan->path, MR_SPAN("old"));
    return disk;
}

static void cut_and_check(const struct mr_simdisk *disk, const struct plan *plan,
                          bool must_be_there)
{
    for (uint64_t n = 0; n < (uint64_t)CUT_SEEDS * MR_CUT_COUNT; n++) {
        struct mr_simdisk *copy = mr_simdisk_clone(disk);
        bool died;
        mr_simdisk_cut(copy, (mr_cut)(n % MR_CUT_COUNT), n);
        bool is_there = is_complete(copy, plan);
        if (must_be_there) assert_true(is_there);
        mr_status status = run_once(copy, plan, 0, false, &died);
        assert_int_equal(status, !plan->replaces && is_there ? MR_E_EXISTS : MR_OK);
        assert_true(is_complete(copy, plan));
        mr_simdisk_close(copy);
    }
}

static void sweep(const struct plan *plan)
{
    uint64_t k;
    for (k = 1; k <= OPS_MAX; k++) {
        bool died = false;
        for (int after = 0; after < 2; after++) {
            struct mr_simdisk *disk = fresh_disk(plan);
            mr_status status = run_once(disk, plan, k, after, &died);
            (void)is_complete(disk, plan); /* after a kill alone */
            cut_and_check(disk, plan, status == MR_OK);
            mr_simdisk_close(disk);
        }
        if (!died) break;
    }
    assert_true(k > 7 && k <= OPS_MAX); /* all operations have had their turn */
}

static const char large[20000] = {[0] = 'a', [9999] = 'b', [19999] = 'c'};

static void test_put_new(void **state)
{
    (void)state;
    const struct plan plan = {.content = {large, sizeof large}, .path = "/deep/dir/file"};
    sweep(&plan);
}

static void test_replace(void **state)
{
    (void)state;
    const struct plan plan = {.replaces = true,
                              .has_old = true,
                              .content = {large, sizeof large},
                              .path = "/deep/dir/file"};
    sweep(&plan);
}

static void test_replace_of_nothing(void **state)
{
    (void)state;
    const struct plan plan = {
        .replaces = true, .content = MR_SPAN("short"), .path = "/deep/dir/file"};
    sweep(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_new),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_replace_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
