/* Every operation fails, once and from then on (RELIABILITY.md R3, R4).
 *
 * The reference pipeline runs with one rule of the fault filter: its k-th operation, or all from
 * the k-th on, answers an error, answers an error although it was done, or moves one byte only. The
 * process has to end (the simulation counts its turns), either well or with a clear error; then an
 * undisturbed one has to complete the table. After a failed sync the power is cut as well, so that
 * what was believed durable is gone: nothing may have been acknowledged that needs it.
 *
 *   test_every_fault 9             every 9th operation, a few of the faults in turn
 *   test_every_fault 1 123         operation 123 alone, with every fault
 *   test_every_fault all           every operation, every fault
 *
 * With `bad` behind these the malformed records leave by badRecordsPath. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "tests/sim/flow_world.h"

enum { FAILURES_MAX = 10, FAULTS_PER_POINT = 2 };

static struct mr_world_shape reference = {
    .shards = 2,
    .files = 10,
    .records = 12,
    .files_per_trigger = 3,
    .is_partitioned = true,
    .has_gzip = true,
    .has_malformed = true,
    .has_new_column = true,
};

static const char *const faults[] = {
    "=EIO",    "+=ENOSPC",   "=lost:EIO", "+=EIO",     "=short:1",     "=ENOSPC",
    "+=EINTR", "=EDQUOT",    "=EINTR",    "+=short:1", "=EAGAIN",      "+=EAGAIN",
    "=EACCES", "+=lost:EIO", "=EMFILE",   "+=EDQUOT",  "=lost:ENOSPC",
};

static uint64_t stride = 1;
static uint64_t only;
static bool is_all;
static char now[128]; /* the rule at work, for whoever aborts */

static void on_abort(int number)
{
    (void)number;
    (void)!write(STDERR_FILENO, now, strlen(now));
    (void)!write(STDERR_FILENO, "\n", 1);
}

static bool finding(struct mr_world *w, const char *what, const struct mr_err *err)
{
    (void)snprintf(w->why, sizeof w->why, "%s: %.800s", what, err->message);
    return false;
}

/* How the disturbed life ended, and what it left. */
static bool check_end(struct mr_world *w, const struct mr_life *life)
{
    if (life->status == MR_OK) return mr_world_audit(w, MR_AUDIT_COMPLETE);
    if (life->status == MR_E_INTERNAL) return finding(w, "a fault became a bug", &life->err);
    if (life->err.code == 0) return finding(w, "an error without a code", &life->err);
    if (life->err.message[0] == '\0') return finding(w, "an error without a text", &life->err);
    return mr_world_audit(w, 0);
}

static bool complete(struct mr_world *w, uint64_t seed, uint32_t claims)
{
    const struct mr_fate undisturbed = {.seed = seed};
    struct mr_life life;
    mr_world_live(w, &undisturbed, &life);
    if (life.status != MR_OK) return finding(w, "a clean life failed", &life.err);
    return mr_world_audit(w, MR_AUDIT_COMPLETE | claims);
}

static bool try_rule(const struct mr_world *start, const char *rule, bool is_cut, uint64_t *hits)
{
    const struct mr_fate fate = {.seed = 1, .fault = rule};
    struct mr_world w;
    struct mr_life life;
    mr_world_copy(start, &w);
    (void)snprintf(now, sizeof now, "at work: %s", rule);
    mr_world_live(&w, &fate, &life);
    bool is_right = check_end(&w, &life);
    *hits += life.hits > 0;
    if (is_right && is_cut) {
        mr_simdisk_cut(w.disk, MR_CUT_KEEP_NONE, 1);
        is_right = mr_world_audit(&w, 0);
    }
    is_right = is_right && complete(&w, 2, 0);
    if (!is_right) print_error("test_every_fault %s (%s): %s\n", rule, life.err.message, w.why);
    mr_world_close(&w);
    return is_right;
}

static uint64_t reference_ops(struct mr_world *start)
{
    const struct mr_fate undisturbed = {.seed = 1, .fault = "any#999999999=EIO"};
    struct mr_world w;
    struct mr_life life;
    mr_world_open(start, &reference, 1);
    mr_world_copy(start, &w);
    mr_world_live(&w, &undisturbed, &life);
    mr_world_close(&w);
    assert_int_equal(life.status, MR_OK);
    return life.ops;
}

static void test_points(void **state)
{
    struct mr_world start;
    uint64_t ops = reference_ops(&start), tries = 0, hits = 0;
    uint32_t failures = 0, turn = 0;
    char rule[64];
    (void)state;
    for (uint64_t point = stride; point <= ops && failures < FAILURES_MAX; point += stride) {
        if (only != 0 && point != only) continue;
        uint32_t count = is_all || only != 0 ? MR_COUNT_OF(faults) : FAULTS_PER_POINT;
        for (uint32_t i = 0; i < count; i++) {
            const char *fault = faults[turn++ % MR_COUNT_OF(faults)];
            (void)snprintf(rule, sizeof rule, "any#%d%s", (int)point, fault);
            failures += !try_rule(&start, rule, false, &hits);
            tries++;
        }
    }
    print_message("%d operations, %d faults tried, %d met\n", (int)ops, (int)tries, (int)hits);
    mr_world_close(&start);
    assert_int_equal(failures, 0);
    assert_true(only != 0 || hits * 2 > tries);
}

static void test_syncs(void **state)
{
    static const char *const kinds[] = {"sync", "sync_dir", "sync|sync_dir"};
    struct mr_world start;
    uint32_t failures = 0, tries = 0;
    (void)state;
    (void)reference_ops(&start);
    for (uint32_t k = 0; k < MR_COUNT_OF(kinds) && only == 0; k++) {
        uint64_t hits = 1, before = 0;
        for (uint64_t point = 1; hits > before && failures < FAILURES_MAX; point += stride) {
            char rule[64];
            const char *fault = faults[tries % 4 == 1 ? 0 : tries % 4]; /* EIO, lost, for ever */
            before = hits;
            (void)snprintf(rule, sizeof rule, "%s#%d%s", kinds[k], (int)point, fault);
            failures += !try_rule(&start, rule, true, &hits);
            tries++;
        }
    }
    print_message("%u syncs failed\n", tries);
    mr_world_close(&start);
    assert_int_equal(failures, 0);
}

/* An input file that is gone when it is to be read is no empty file. */
static void test_vanished(void **state)
{
    struct mr_world start;
    uint64_t hits = 1, before = 0;
    uint32_t failures = 0;
    (void)state;
    (void)reference_ops(&start);
    for (int point = 1; hits > before && failures < FAILURES_MAX; point++) {
        char rule[64];
        before = hits;
        (void)snprintf(rule, sizeof rule, "open@*landing*#%d=ENOENT", point);
        failures += !try_rule(&start, rule, false, &hits);
    }
    mr_world_close(&start);
    assert_int_equal(failures, 0);
    assert_true(hits > reference.files);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_points), cmocka_unit_test(test_syncs),
                                       cmocka_unit_test(test_vanished)};
    if (count > 1 && strcmp(words[count - 1], "bad") == 0) {
        reference.has_bad_path = reference.is_column_hidden = true;
        reference.files_per_trigger = 5;
        count--;
    }
    is_all = count > 1 && strcmp(words[1], "all") == 0;
    if (count > 1 && !is_all) stride = strtoull(words[1], NULL, 10);
    if (count > 2) only = strtoull(words[2], NULL, 10);
    (void)signal(SIGABRT, on_abort);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
