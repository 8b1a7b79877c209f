/* Random worlds, random fates (RELIABILITY.md R6).
 *
 * A seed says everything: how the pipeline looks (shards, partitions, triggers, gzip, malformed
 * records, filters, a column that comes later, small ranges), and what happens to its first lives:
 * kills, faults of all kinds, full disks, memory that runs out, clocks that jump, power cuts
 * between lives, files that appear while a continuous life runs. After each life the disk is
 * audited; then an undisturbed one has to complete the table. Some seeds run twice and must leave
 * the same trace.
 *
 *   test_swarm              200 seeds
 *   test_swarm 1000 5000    5000 seeds from the 1000th
 *   test_swarm 1234 1       one seed, with what happens in it */
#include <inttypes.h>
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

enum { SEEDS = 200, TWICE_EVERY = 10, LIVES_MAX = 4, FAILURES_MAX = 5, RULE_BYTES = 128 };

static uint64_t first_seed = 1;
static uint64_t seed_count = SEEDS;
static uint64_t seed_now;

static void on_abort(int number)
{
    char text[64];
    (void)number;
    int bytes = snprintf(text, sizeof text, "again: test_swarm %" PRIu64 " 1\n", seed_now);
    (void)!write(STDERR_FILENO, text, (size_t)bytes);
}

static uint32_t below(struct mr_rng *rng, uint32_t limit)
{
    return (uint32_t)mr_rng_below(rng, limit);
}

static struct mr_world_shape random_shape(struct mr_rng *rng)
{
    static const uint64_t range_bytes[] = {0, 0, 100, 700, 4096};
    struct mr_world_shape shape = {
        .shards = 1 + below(rng, 4),
        .files = 1 + below(rng, 12),
        .late_files = below(rng, 2) * below(rng, 8),
        .records = 1 + below(rng, below(rng, 6) == 0 ? 400 : 30),
        .files_per_trigger = below(rng, 5),
        .is_partitioned = below(rng, 2),
        .has_gzip = below(rng, 2),
        .has_malformed = below(rng, 2),
        .has_filter = below(rng, 3) == 0,
        .has_new_column = below(rng, 2),
        .has_bad_path = below(rng, 2),
        .is_column_hidden = below(rng, 2),
        .is_eager = below(rng, 2),
    };
    shape.range_bytes = range_bytes[below(rng, MR_COUNT_OF(range_bytes))];
    return shape;
}

/* One rule of the fault filter, or two. */
static void random_rule(struct mr_rng *rng, char *out, size_t room)
{
    static const char *const kinds[] = {"any",  "write",    "sync",       "sync_dir",
                                        "open", "link",     "read",       "write|sync|link",
                                        "list", "truncate", "open|mkdir", "unlink|rename"};
    static const char *const places[] = {
        "",         "",           "",            "@*_delta_log*", "@*.parquet", "@*files.db*",
        "@*offsets*", "@*prepared*", "@*bad*"};
    static const char *const actions[] = {
        "EIO",       "ENOSPC",  "EINTR",    "EAGAIN", "EDQUOT",     "lost:EIO",    "short:1",
        "short:100", "torn:10", "torn:512", "kill",   "kill-after", "delay:700000"};
    size_t used = 0;
    for (uint32_t i = 0; i <= below(rng, 2); i++) {
        used += (size_t)snprintf(out + used, room - used, "%s%s%s#%u%s=%s", i > 0 ? ";" : "",
                                 kinds[below(rng, MR_COUNT_OF(kinds))],
                                 places[below(rng, MR_COUNT_OF(places))],
                                 1 + below(rng, 1u << below(rng, 9)), below(rng, 5) == 0 ? "+" : "",
                                 actions[below(rng, MR_COUNT_OF(actions))]);
    }
}

static struct mr_fate random_fate(struct mr_rng *rng, char *rule)
{
    struct mr_fate fate = {.seed = mr_rng_next(rng), .is_continuous = below(rng, 2)};
    if (below(rng, 3) == 0) fate.shards = 1 + below(rng, 4);
    if (below(rng, 4) == 0)
        fate.jump_us = (int64_t)mr_rng_below(rng, UINT64_C(1) << below(rng, 55));
    switch (below(rng, 8)) {
    case 0: break;
    case 1:
    case 2:
    case 3:
        fate.kill_at = 1 + below(rng, 1200);
        fate.kill_after = below(rng, 2);
        break;
    case 4: fate.room_bytes = 1 + below(rng, 200000); break;
    case 5: fate.take_fails = 1 + below(rng, 3000); break;
    default: random_rule(rng, rule, RULE_BYTES); fate.fault = rule;
    }
    return fate;
}

static void tell(const struct mr_fate *fate, const struct mr_life *life)
{
    if (seed_count > 1) return;
    print_message(
        "  life: %s%u shards, kill %d, fault %s, room %d, take %d, jump %" PRId64 " -> %s %s\n",
        fate->is_continuous ? "continuous, " : "", fate->shards, (int)fate->kill_at,
        fate->fault == NULL ? "-" : fate->fault, (int)fate->room_bytes, (int)fate->take_fails,
        fate->jump_us, mr_status_name(life->status), life->err.message);
}

struct outcome {
    bool is_right;
    uint64_t trace;
    uint64_t ops;
    uint32_t deaths, failures;
};

static bool live(struct mr_world *w, const struct mr_fate *fate, struct mr_life *life,
                 struct outcome *out)
{
    mr_world_live(w, fate, life);
    tell(fate, life);
    out->trace = out->trace * UINT64_C(0x100000001b3) ^ life->trace;
    out->ops += life->ops;
    out->deaths += life->is_dead;
    out->failures += life->status != MR_OK && !life->is_dead;
    if (life->status != MR_E_INTERNAL) return true;
    (void)snprintf(w->why, sizeof w->why, "a bug: %.900s", life->err.message);
    return false;
}

static bool run_lives(struct mr_world *w, struct mr_rng *rng, struct outcome *out)
{
    struct mr_life life;
    struct mr_fate undisturbed = {.seed = mr_rng_next(rng)};
    uint32_t lives = below(rng, LIVES_MAX + 1);
    for (uint32_t i = 0; i < lives; i++) {
        char rule[RULE_BYTES];
        struct mr_fate fate = random_fate(rng, rule);
        if (!live(w, &fate, &life, out)) return false;
        if (below(rng, 3) == 0) {
            mr_simdisk_cut(w->disk, (mr_cut)below(rng, MR_CUT_COUNT), mr_rng_next(rng));
        }
        if (!mr_world_audit(w, 0)) return false;
    }
    while (w->files < w->shape.files + w->shape.late_files) mr_world_produce(w);
    if (!live(w, &undisturbed, &life, out)) return false;
    if (life.status == MR_OK) return mr_world_audit(w, MR_AUDIT_COMPLETE);
    (void)snprintf(w->why, sizeof w->why, "a clean life failed: %.900s", life.err.message);
    return false;
}

static struct outcome run_seed(uint64_t seed)
{
    struct outcome out = {0};
    struct mr_world w;
    struct mr_rng rng;
    seed_now = seed;
    mr_rng_init(&rng, seed);
    struct mr_world_shape shape = random_shape(&rng);
    mr_world_open(&w, &shape, mr_rng_next(&rng));
    out.is_right = run_lives(&w, &rng, &out);
    out.trace ^= mr_simdisk_hash(w.disk);
    if (!out.is_right) print_error("test_swarm %" PRIu64 " 1: %s\n", seed, w.why);
    mr_world_close(&w);
    return out;
}

static void test_seeds(void **state)
{
    uint64_t ops = 0;
    uint32_t failures = 0, deaths = 0, failed_lives = 0;
    (void)state;
    for (uint64_t i = 0; i < seed_count && failures < FAILURES_MAX; i++) {
        struct outcome out = run_seed(first_seed + i);
        failures += !out.is_right;
        deaths += out.deaths;
        failed_lives += out.failures;
        ops += out.ops;
        if (i % TWICE_EVERY != 0) continue;
        struct outcome again = run_seed(first_seed + i);
        if (again.trace == out.trace) continue;
        print_error("test_swarm %" PRIu64 " 1: another trace the second time\n", first_seed + i);
        failures++;
    }
    print_message("%" PRIu64 " seeds: %" PRIu64 " operations, %u deaths, %u failed lives\n",
                  seed_count, ops, deaths, failed_lives);
    assert_int_equal(failures, 0);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds)};
    if (count > 1) first_seed = strtoull(words[1], NULL, 10);
    if (count > 2) seed_count = strtoull(words[2], NULL, 10);
    (void)signal(SIGABRT, on_abort);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
