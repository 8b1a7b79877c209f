/* The file source over real folders: what it takes and when, the list and its forms, recovery after
 * each kind of stop, damage to index and list. */
#include <sys/stat.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/io/files/files_fixture.h"

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/port/files.h"
#include "io/files/file_log.h"

/* ---- taking files ---------------------------------------------------------------------- */

static void test_each_once(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "b.json", "{}", 100);
    fx_put(&fx, "a.json", "{}", 200);
    fx_put(&fx, "deep/er/c.json", "{}", 50);
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "deep/er/c.json b.json a.json");
    ASSERT_STEP(&fx, "");
    fx_put(&fx, "a.json", "rewritten", 300);
    fx_put(&fx, "old.json", "{}", 10); /* older than all before: still new */
    ASSERT_STEP(&fx, "old.json");
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

static void test_list_contents(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a b.json", "12345", 100);
    fx_open(&fx, "");
    fx_plan(&fx);
    assert_int_equal(fx.list.count, 1);
    const struct mr_source_file *file = &fx.list.files[0];
    char uri[1200];
    snprintf(uri, sizeof uri, "file://%s/in/a%%20b.json", fx.dir);
    assert_true(mr_span_starts(file->uri, MR_SPAN("file:/")));
    assert_string_equal(file->uri.text + strlen("file:"), uri + strlen("file://"));
    assert_true(mr_span_is(file->name, "a%20b.json"));
    assert_int_equal(file->bytes, 5);
    assert_int_equal(file->length, 5);
    assert_int_equal(file->start, 0);
    assert_int_equal(file->modified_us, 100 * MR_US_PER_S);
    assert_int_equal(file->offset, 0);
    assert_int_equal(fx.list.bytes, 5);

    char path[1200];
    struct mr_span content;
    snprintf(path, sizeof path, "%s/0", fx.log);
    assert_int_equal(mr_file_read(fx.io, &fx.arena, path, 10000, &content, &fx.err), MR_OK);
    char expected[2400];
    snprintf(expected, sizeof expected,
             "v1\n{\"path\":\"%s\",\"timestamp\":100000,\"batchId\":0,\"bytes\":5,"
             "\"modifiedUs\":100000000}",
             uri);
    assert_string_equal(content.text, expected);
    fx_fini(&fx);
}

static void test_limits(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a", "1234567890", 1);
    fx_put(&fx, "b", "1234567890", 2);
    fx_put(&fx, "c", "1234567890", 3);
    fx_put(&fx, "d", "1234567890", 4);
    fx_put(&fx, "e", "1234567890", 5);
    fx_open(&fx, "maxFilesPerTrigger=2");
    ASSERT_STEP(&fx, "a b");
    fx_open(&fx, "maxBytesPerTrigger=11"); /* soft: passed by the second file */
    ASSERT_STEP(&fx, "c d");
    const struct mr_source_limits one = {.files_max = 1};
    assert_int_equal(fx.source->driver->plan(fx.source, &one, &fx.arena, &fx.list, &fx.err), MR_OK);
    assert_string_equal(fx_names(&fx), "e");
    fx_fini(&fx);
}

static void test_backlog(void **state)
{
    struct fx fx;
    struct mr_source_backlog backlog;
    fx_init(&fx);
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        fx_put(&fx, name, "123", 100 + i);
    }
    fx_open(&fx, "maxFilesPerTrigger=2");
    ASSERT_STEP(&fx, "f0 f1");
    assert_int_equal(fx.source->driver->backlog(fx.source, &backlog, &fx.err), MR_OK);
    assert_int_equal(backlog.files, 3);
    assert_int_equal(backlog.bytes, 9);
    assert_int_equal(backlog.seen, 2);
    fx_open(&fx, "maxFilesPerTrigger=2"); /* the backlog outlives the process */
    assert_int_equal(fx.source->driver->backlog(fx.source, &backlog, &fx.err), MR_OK);
    assert_int_equal(backlog.files, 3);
    ASSERT_STEP(&fx, "f2 f3");
    ASSERT_STEP(&fx, "f4");
    fx_fini(&fx);
}

static void test_available_now(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_put(&fx, "b", "1", 2);
    fx_put(&fx, "c", "1", 3);
    fx_open(&fx, "maxFilesPerTrigger=2");
    assert_int_equal(fx.source->driver->fix_end(fx.source, &fx.err), MR_OK);
    ASSERT_STEP(&fx, "a b");
    fx_put(&fx, "d", "1", 4);
    ASSERT_STEP(&fx, "c");
    ASSERT_STEP(&fx, ""); /* d came too late */
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "d");
    fx_fini(&fx);
}

/* ---- recovery -------------------------------------------------------------------------- */

/* A plan without offsets/N is forgotten; with it the same batch comes again. */
static void test_recovery(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_put(&fx, "b", "22", 2);
    fx_open(&fx, "maxFilesPerTrigger=1");
    ASSERT_STEP(&fx, "a");
    fx_plan(&fx);
    assert_string_equal(fx_names(&fx), "b");

    fx.offset = 0; /* offsets/1 was never written */
    fx_put(&fx, "0", "0", 0);
    fx_open(&fx, "maxFilesPerTrigger=9");
    fx_plan(&fx);
    assert_string_equal(fx_names(&fx), "0 b");

    fx_put(&fx, "b", "longer now", 3); /* the batch keeps its sizes */
    fx_open(&fx, "");
    assert_int_equal(fx.source->driver->batch(fx.source, 0, 1, &fx.arena, &fx.list, &fx.err),
                     MR_OK);
    assert_string_equal(fx_names(&fx), "0 b");
    assert_int_equal(fx.list.files[1].bytes, 2);
    assert_int_equal(fx.list.files[1].index, 1);
    assert_int_equal(fx.source->driver->batch(fx.source, -1, 1, &fx.arena, &fx.list, &fx.err),
                     MR_OK);
    assert_string_equal(fx_names(&fx), "a 0 b");
    fx_commit(&fx);
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

static void test_trim(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_open(&fx, "");
    fx_plan(&fx);
    assert_int_equal(fx.source->driver->trim(fx.source, -1, &fx.err), MR_OK);
    fx.offset = -1;
    assert_false(fx_exists(&fx, "cp/sources/0/0"));
    ASSERT_STEP(&fx, "a");
    fx_fini(&fx);
}

static void spoil(struct fx *fx, const char *name, long at)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", fx->own, name);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    int c = fgetc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_true(fputc(c ^ 0x10, file) != EOF);
    assert_int_equal(fclose(file), 0);
}

/* The index is lost, older than the list, or has a flipped bit anywhere: nothing is read twice. */
static void test_index_damage(void **state)
{
    struct fx fx;
    char command[1200];
    fx_init(&fx);
    for (int i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%03d", i);
        fx_put(&fx, name, "123", 100 + i);
    }
    fx_open(&fx, "maxFilesPerTrigger=100");
    for (int i = 0; i < 3; i++) (void)fx_step(&fx);
    fx_close(&fx);

    snprintf(command, sizeof command, "%s/files.db", fx.own);
    assert_int_equal(unlink(command), 0);
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "");
    fx_close(&fx);

    struct stat st;
    assert_int_equal(stat(command, &st), 0);
    uint32_t rebuilt = 0;
    for (long at = 0; at < st.st_size; at += 1021) {
        fx.notice_count = 0;
        spoil(&fx, "files.db", at);
        fx_open(&fx, "");
        struct mr_source_limits limits = {0};
        mr_status status =
            fx.source->driver->plan(fx.source, &limits, &fx.arena, &fx.list, &fx.err);
        if (status == MR_OK) {
            assert_int_equal(fx.list.count, 0);
        } else { /* found while running: the next start repairs it */
            assert_int_equal(status, MR_E_CORRUPT);
            assert_int_equal(fx.err.code, 2112);
            fx_close(&fx);
            assert_int_equal(unlink(command), 0);
            fx_open(&fx, "");
            ASSERT_STEP(&fx, "");
        }
        rebuilt += fx_noticed(&fx, "made anew") || status != MR_OK;
        fx_close(&fx);
    }
    assert_true(rebuilt > 10);
    fx_fini(&fx);
}

static void test_damaged_list(void **state)
{
    struct fx fx;
    char path[1200];
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "a");
    fx_close(&fx);
    snprintf(path, sizeof path, "%s/files.db", fx.own);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/0", fx.log);
    static const char *const contents[] = {
        "",
        "v2\n",
        "v1\n{\"path\":\"file:///a\"}",
        "v1\nnonsense",
        "v1\n{\"path\":\"s3://b/a\",\"timestamp\":1,\"batchId\":0}",
        "v1\n{\"path\":\"file:///a/../../b\",\"timestamp\":1,\"batchId\":0}",
        "v1\n{\"path\":\"file:///a%00b\",\"timestamp\":1,\"batchId\":0}",
        "v1\n{\"path\":\"file:///a\",\"timestamp\":99999999999999999,\"batchId\":0}",
    };
    for (size_t i = 0; i < MR_COUNT_OF(contents); i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(contents[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(fx_try_open(&fx, ""), MR_E_CORRUPT);
        assert_int_equal(fx.err.code, 2111);
        assert_non_null(strstr(fx.err.message, "/cp/sources/0/0"));
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fx_try_open(&fx, ""), MR_E_CORRUPT);
    assert_non_null(strstr(fx.err.message, "is missing"));
    fx_fini(&fx);
}

/* 25 entries, a clean stop: the form Spark reads; the index can be rebuilt from it. */
static void test_compact(void **state)
{
    struct fx fx;
    char path[1200];
    fx_init(&fx);
    fx_open(&fx, "");
    for (int i = 0; i < 25; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%02d", i);
        fx_put(&fx, name, "x", 100 + i);
        ASSERT_STEP(&fx, name);
    }
    assert_int_equal(fx.source->driver->stop(fx.source, &fx.err), MR_OK);
    assert_true(fx_exists(&fx, "cp/sources/0/19.compact"));
    assert_false(fx_exists(&fx, "cp/sources/0/9.compact"));
    assert_int_equal(fx.source->driver->stop(fx.source, &fx.err), MR_OK);
    fx_close(&fx);
    for (int i = 0; i < 19; i++) { /* as Spark would: expired entries go */
        snprintf(path, sizeof path, "%s/%d", fx.log, i);
        assert_int_equal(unlink(path), 0);
    }
    snprintf(path, sizeof path, "%s/files.db", fx.own);
    assert_int_equal(unlink(path), 0);
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "");
    assert_int_equal(fx.source->driver->batch(fx.source, 18, 20, &fx.arena, &fx.list, &fx.err),
                     MR_OK);
    assert_string_equal(fx_names(&fx), "f19 f20");
    fx_fini(&fx);
}

/* A run without end does not fill the folder. */
static void test_long_run(void **state)
{
    struct fx fx;
    struct mr_log_extent extent;
    char path[1200];
    fx_init(&fx);
    fx_open(&fx, "maxFilesPerTrigger=1");
    for (int i = 0; i < 320; i++) {
        snprintf(path, sizeof path, "f%03d", i);
        fx_put(&fx, path, "x", 100 + i);
    }
    for (int i = 0; i < 320; i++) assert_int_equal(strlen(fx_step(&fx)), 4);
    const struct mr_file_log log = {&fx.heap, fx.io, fx.log};
    assert_int_equal(mr_file_log_look(&log, fx.offset, &extent, &fx.err), MR_OK);
    assert_int_equal(extent.newest_compact, 299);
    assert_true(extent.plain_count < 130);
    fx_close(&fx);
    snprintf(path, sizeof path, "%s/files.db", fx.own);
    assert_int_equal(unlink(path), 0);
    fx_open(&fx, ""); /* made anew from the compact form and what follows it */
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

/* What Spark wrote has no sizes and milliseconds only. */
static void test_spark_entry(void **state)
{
    struct fx fx;
    char path[1200];
    fx_init(&fx);
    fx_put(&fx, "a.json", "12", 100);
    fx_put(&fx, "b.json", "12", 101);
    assert_int_equal(mr_dir_make(fx.io, fx.log, &fx.err), MR_OK);
    snprintf(path, sizeof path, "%s/0", fx.log);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "v1\n{\"path\":\"file://%s/in/a.json\",\"timestamp\":100000,\"batchId\":0}",
            fx.dir);
    assert_int_equal(fclose(file), 0);
    fx.offset = fx.committed = 0;
    fx_open(&fx, "allowOverwrites=true;includeExistingFiles=false");
    ASSERT_STEP(&fx, "b.json");
    assert_int_equal(fx.source->driver->batch(fx.source, -1, 0, &fx.arena, &fx.list, &fx.err),
                     MR_OK);
    assert_string_equal(fx_names(&fx), "a.json");
    assert_int_equal(fx.list.files[0].bytes, 2);
    fx_fini(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),     cmocka_unit_test(test_list_contents),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_backlog),
        cmocka_unit_test(test_available_now), cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_trim),          cmocka_unit_test(test_index_damage),
        cmocka_unit_test(test_damaged_list),  cmocka_unit_test(test_compact),
        cmocka_unit_test(test_long_run),      cmocka_unit_test(test_spark_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
