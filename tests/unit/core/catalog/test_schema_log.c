/* The schema log on the simulated disk: versions come back as written, after a kill at every
 * operation and any power cut the log is whole and the next version can be written; damage is
 * named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "core/catalog/schema_log.h"
#include "tests/support/sim.h"

struct process {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_sim *sim;
    struct mr_io *io;
    struct mr_err err;
};

static void process_start(struct process *p, struct mr_simdisk *disk, uint64_t kill_at, bool after)
{
    const struct mr_sim_options options = {.seed = 5, .kill_at = kill_at, .kill_after = after};
    mr_heap_init(&p->heap, 0);
    mr_arena_init(&p->arena, &p->heap, 0);
    p->sim = mr_sim_open(disk, &options);
    p->io = mr_sim_io(p->sim, "control");
}

static void process_end(struct process *p)
{
    mr_io_close(p->io);
    mr_sim_close(p->sim);
    mr_arena_fini(&p->arena);
    assert_int_equal(p->heap.used_bytes, 0);
}

static mr_status put(struct process *p, int64_t n)
{
    struct mr_field fields[8];
    for (int64_t i = 0; i <= n; i++) {
        fields[i] = (struct mr_field){
            .name = mr_span_of(mr_arena_format(&p->arena, "c%d", (int)i)),
            .type = mr_type_of(MR_TYPE_LONG),
            .is_nullable = true,
        };
    }
    const struct mr_schema_version version = {
        .version = n,
        .from_epoch = n * 10,
        .at_us = 1234567890,
        .schema = mr_type_struct(&p->arena, fields, (uint32_t)n + 1),
        .reason = MR_SPAN("a \"test\""),
    };
    return mr_schema_log_put(p->io, &p->heap, "/cp/_schemas", &version, &p->err);
}

static void test_versions(void **state)
{
    struct mr_simdisk *disk = mr_simdisk_open();
    struct process p;
    struct mr_schema_version version;
    process_start(&p, disk, 0, false);
    assert_int_equal(mr_schema_log_newest(p.io, &p.arena, "/cp/_schemas", &version, &p.err), MR_OK);
    assert_int_equal(version.version, -1);
    for (int64_t n = 0; n < 4; n++) assert_int_equal(put(&p, n), MR_OK);
    assert_int_equal(put(&p, 3), MR_E_LOCKED);
    assert_int_equal(mr_schema_log_newest(p.io, &p.arena, "/cp/_schemas", &version, &p.err), MR_OK);
    assert_int_equal(version.version, 3);
    assert_int_equal(version.from_epoch, 30);
    assert_int_equal(version.at_us, 1234567890);
    assert_int_equal(version.schema->field_count, 4);
    assert_int_equal(version.partitions->field_count, 0);
    assert_true(mr_span_is(version.reason, "a \"test\""));
    static const int64_t epochs[][2] = {{0, 0}, {9, 0}, {10, 1}, {29, 2}, {30, 3}, {99, 3}};
    for (size_t i = 0; i < MR_COUNT_OF(epochs); i++) {
        assert_int_equal(
            mr_schema_log_at(p.io, &p.arena, "/cp/_schemas", epochs[i][0], &version, &p.err),
            MR_OK);
        assert_int_equal(version.version, epochs[i][1]);
    }
    process_end(&p);
    mr_simdisk_close(disk);
}

static void test_damage(void **state)
{
    static const char *const contents[] = {
        "",
        "v2\n{}",
        "v1\n",
        "v1\n{}",
        "v1\n{\"version\":1,\"from_epoch\":0}",
        "v1\n{\"version\":0,\"from_epoch\":0,\"schema\":{\"type\":\"struct\",\"fields\":[]}}",
        ("v1\n{\"version\":0,\"from_epoch\":0,\"schema\":\"long\",\"partitions\":"
         "{\"type\":\"struct\",\"fields\":[]}}"),
    };
    for (size_t i = 0; i < MR_COUNT_OF(contents); i++) {
        struct mr_simdisk *disk = mr_simdisk_open();
        struct process p;
        struct mr_schema_version version;
        mr_simdisk_put(disk, "/cp/_schemas/0", mr_span_of(contents[i]));
        process_start(&p, disk, 0, false);
        assert_int_equal(mr_schema_log_newest(p.io, &p.arena, "/cp/_schemas", &version, &p.err),
                         MR_E_CORRUPT);
        assert_int_equal(p.err.code, 2203);
        assert_non_null(strstr(p.err.message, "/cp/_schemas/0"));
        process_end(&p);
        mr_simdisk_close(disk);
    }
    struct mr_simdisk *disk = mr_simdisk_open();
    struct process p;
    struct mr_schema_version version;
    mr_simdisk_put(disk, "/cp/_schemas/1", MR_SPAN("v1\n{}"));
    process_start(&p, disk, 0, false);
    assert_int_equal(mr_schema_log_newest(p.io, &p.arena, "/cp/_schemas", &version, &p.err),
                     MR_E_CORRUPT);
    assert_non_null(strstr(p.err.message, "gap"));
    process_end(&p);
    mr_simdisk_close(disk);
}

/* Killed before and after each operation of writing version 1, then every kind of power cut. */
static void test_crashes(void **state)
{
    uint32_t deaths = 0, kept = 0;
    for (uint64_t kill = 1; kill < 100; kill++) {
        struct mr_simdisk *disk = mr_simdisk_open();
        struct process p;
        process_start(&p, disk, 0, false);
        assert_int_equal(put(&p, 0), MR_OK);
        process_end(&p);
        process_start(&p, disk, (kill + 1) / 2, kill % 2 == 0);
        mr_status status = put(&p, 1);
        process_end(&p);
        assert_true(status == MR_OK || status == MR_E_KILLED);
        deaths += status == MR_E_KILLED;
        for (uint64_t cut = 0; cut < 3 * MR_CUT_COUNT; cut++) {
            struct mr_simdisk *copy = mr_simdisk_clone(disk);
            struct mr_schema_version version;
            mr_simdisk_cut(copy, (mr_cut)(cut % MR_CUT_COUNT), cut);
            process_start(&p, copy, 0, false);
            assert_int_equal(mr_schema_log_newest(p.io, &p.arena, "/cp/_schemas", &version, &p.err),
                             MR_OK);
            assert_true(version.version == 1 || (version.version == 0 && status != MR_OK));
            assert_int_equal(version.schema->field_count, version.version + 1);
            kept += version.version == 1;
            if (version.version == 0) assert_int_equal(put(&p, 1), MR_OK);
            process_end(&p);
            mr_simdisk_close(copy);
        }
        mr_simdisk_close(disk);
        if (status == MR_OK) break;
    }
    assert_true(deaths >= 10);
    assert_true(kept > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
