/* An epoch that runs again looks at its files again: what has changed is in the list and in the
 * entry as it is now, once, in this process and in every later one, with an index and without. */
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

static const char *const overwriting = "allowOverwrites=true";

/* Entries above the fixture's committed offset, again; the names. */
static const char *replan(struct fx *fx)
{
    mr_status status = fx->source->driver->replan(fx->source, fx->committed, fx->offset, &fx->arena,
                                                  &fx->list, &fx->err);
    if (status != MR_OK) fail_msg("replan: %s", fx->err.message);
    assert_int_equal(fx->list.offset, fx->offset);
    return fx_names(fx);
}

static const char *batch(struct fx *fx)
{
    mr_status status = fx->source->driver->batch(fx->source, fx->committed, fx->offset, &fx->arena,
                                                 &fx->list, &fx->err);
    if (status != MR_OK) fail_msg("batch: %s", fx->err.message);
    return fx_names(fx);
}

static const char *entry(struct fx *fx, const char *name)
{
    char path[1200];
    struct mr_span content;
    snprintf(path, sizeof path, "%s/%s", fx->log, name);
    assert_int_equal(mr_file_read(fx->io, &fx->arena, path, 100000, &content, &fx->err), MR_OK);
    return mr_arena_copy(&fx->arena, content);
}

static void entry_put(struct fx *fx, const char *name, const char *lines)
{
    char path[1200];
    assert_int_equal(mr_dir_make(fx->io, fx->log, &fx->err), MR_OK);
    snprintf(path, sizeof path, "%s/%s", fx->log, name);
    assert_int_equal(mr_file_replace(fx->io, path, mr_span_of(lines), &fx->err), MR_OK);
}

static void index_remove(struct fx *fx)
{
    char path[1200];
    fx_close(fx);
    snprintf(path, sizeof path, "%s/files.db", fx->own);
    assert_int_equal(unlink(path), 0);
}

static void test_nothing_changed(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_put(&fx, "b", "22", 2);
    fx_open(&fx, overwriting);
    fx_plan(&fx);
    const char *before = entry(&fx, "0");
    fx_open(&fx, overwriting);
    assert_string_equal(replan(&fx), "a b");
    assert_string_equal(entry(&fx, "0"), before);
    assert_int_equal(fx.notice_count, 0);
    fx_commit(&fx);
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

/* Longer, shorter, only the time, only the size: each is seen, the rest of the entry stays. */
static void test_changed(void **state)
{
    static const struct {
        const char *content;
        int64_t modified_s;
    } changes[] = {{"longer now", 30}, {"", 30}, {"22", 30}, {"22", 1}, {"longer now", 2}};
    for (size_t i = 0; i < MR_COUNT_OF(changes) * 4; i++) {
        bool allows = i % 2 == 0, has_index = i % 4 < 2;
        const char *options = allows ? overwriting : "";
        const char *content = changes[i / 4].content;
        struct fx fx;
        struct mr_source_backlog backlog;
        fx_init(&fx);
        fx_put(&fx, "a", "1", 1);
        fx_put(&fx, "b", "22", 2);
        fx_put(&fx, "c", "333", 3);
        fx_open(&fx, options);
        fx_plan(&fx);
        fx_put(&fx, "b", content, changes[i / 4].modified_s);
        fx_open(&fx, options);
        assert_string_equal(replan(&fx), "a b c");
        assert_int_equal(fx.list.files[1].bytes, strlen(content));
        assert_int_equal(fx.list.files[1].length, strlen(content));
        assert_int_equal(fx.list.files[1].modified_us, changes[i / 4].modified_s * MR_US_PER_S);
        assert_int_equal(fx.list.files[1].index, 1);
        assert_int_equal(fx.list.files[2].bytes, 3);
        assert_int_equal(fx.list.bytes, 4 + strlen(content));
        assert_true(fx_noticed(&fx, "/in/b: changed since it was planned; it is read as it is"));
        assert_int_equal(fx.source->driver->backlog(fx.source, &backlog, &fx.err), MR_OK);
        assert_int_equal(backlog.files, 0);
        assert_int_equal(backlog.seen, 3);
        if (!has_index) index_remove(&fx);
        fx_open(&fx, options); /* what a later process finds */
        assert_string_equal(batch(&fx), "a b c");
        assert_int_equal(fx.list.files[1].bytes, strlen(content));
        fx_commit(&fx);
        ASSERT_STEP(&fx, ""); /* also with allowOverwrites: this version has been read */
        fx_put(&fx, "b", "another", 40);
        ASSERT_STEP(&fx, allows ? "b" : "");
        fx_fini(&fx);
    }
}

/* The newer version was found by a plan before: it is not read a second time. */
static void test_changed_and_discovered(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_open(&fx, overwriting);
    fx_plan(&fx);
    fx_put(&fx, "a", "22", 2);
    fx_put(&fx, "b", "1", 3);
    assert_int_equal(fx.source->driver->fix_end(fx.source, &fx.err), MR_OK);
    assert_string_equal(replan(&fx), "a");
    assert_int_equal(fx.list.files[0].bytes, 2);
    fx_commit(&fx);
    ASSERT_STEP(&fx, "b");
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

/* A file that is gone, or no file any more, is left to who reads it. */
static void test_gone(void **state)
{
    struct fx fx;
    char path[1200];
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_put(&fx, "b", "22", 2);
    fx_put(&fx, "c", "333", 3);
    fx_open(&fx, "");
    fx_plan(&fx);
    fx_remove(&fx, "a");
    fx_remove(&fx, "b");
    snprintf(path, sizeof path, "%s/in/b", fx.dir);
    assert_int_equal(mkdir(path, 0777), 0);
    fx_put(&fx, "c", "4444", 4);
    fx_open(&fx, "");
    assert_string_equal(replan(&fx), "a b c");
    assert_int_equal(fx.list.files[0].bytes, 1);
    assert_int_equal(fx.list.files[1].bytes, 2);
    assert_int_equal(fx.list.files[2].bytes, 4);
    fx_fini(&fx);
}

/* An older version, which another entry has, was put back in place of the newer one: there is
 * nothing left to be read of the epoch. */
static void test_old_version_put_back(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_open(&fx, overwriting);
    ASSERT_STEP(&fx, "a");
    fx_put(&fx, "a", "22", 2);
    fx_plan(&fx);
    assert_string_equal(fx_names(&fx), "a");
    fx_put(&fx, "a", "1", 1);
    fx_open(&fx, overwriting);
    assert_string_equal(replan(&fx), "");
    assert_string_equal(entry(&fx, "1"), "v1");
    assert_true(fx_noticed(&fx, "/in/a: changed since it was planned; this version was read"));
    index_remove(&fx);
    fx_open(&fx, overwriting);
    assert_string_equal(batch(&fx), "");
    fx_commit(&fx);
    ASSERT_STEP(&fx, "");
    fx_put(&fx, "a", "22", 2); /* never read, so it is new */
    ASSERT_STEP(&fx, "a");
    fx_fini(&fx);
}

/* Spark's lines have no size and milliseconds only; what is known is compared. */
static void test_spark_entry(void **state)
{
    struct fx fx;
    char lines[4096], line[1400];
    fx_init(&fx);
    fx_put(&fx, "a", "1", 100);
    fx_put(&fx, "b", "22", 101);
    snprintf(lines, sizeof lines,
             "v1\n{\"path\":\"file://%s/in/a\",\"timestamp\":100000,\"batchId\":0}\n"
             "{\"path\":\"file://%s/in/b\",\"timestamp\":101000,\"batchId\":0}",
             fx.dir, fx.dir);
    entry_put(&fx, "0", lines);
    fx.offset = 0;
    fx_open(&fx, overwriting);
    assert_string_equal(replan(&fx), "a b");
    assert_string_equal(entry(&fx, "0"), lines);
    fx_put(&fx, "a", "longer", 100); /* cannot be told, and needs not: the size of now is taken */
    assert_string_equal(replan(&fx), "a b");
    assert_string_equal(entry(&fx, "0"), lines);
    assert_int_equal(fx.list.files[0].bytes, 6);
    fx_put(&fx, "b", "4444", 102);
    assert_string_equal(replan(&fx), "a b");
    assert_int_equal(fx.list.files[1].bytes, 4);
    snprintf(line, sizeof line,
             "/in/a\",\"timestamp\":100000,\"batchId\":0}\n{\"path\":\"file://%s/in/b\","
             "\"timestamp\":102000,\"batchId\":0,\"bytes\":4,\"modifiedUs\":102000000}",
             fx.dir);
    assert_non_null(strstr(entry(&fx, "0"), line));
    fx_commit(&fx);
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

/* Every tenth entry of Spark's is there in the compact form only. */
static void test_spark_compact(void **state)
{
    struct fx fx;
    char lines[8192] = "v1", line[1400];
    fx_init(&fx);
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        fx_put(&fx, name, "1", 100 + i);
        snprintf(line, sizeof line,
                 "\n{\"path\":\"file://%s/in/%s\",\"timestamp\":%d,\"batchId\":%d}", fx.dir, name,
                 (100 + i) * 1000, i);
        strcat(lines, line);
    }
    entry_put(&fx, "9.compact", lines);
    fx.offset = 9;
    fx.committed = 8;
    fx_put(&fx, "f9", "longer", 200);
    fx_put(&fx, "f3", "longer", 150); /* committed: nobody's business here */
    fx_open(&fx, "");
    assert_string_equal(replan(&fx), "f9");
    assert_int_equal(fx.list.files[0].bytes, 6);
    snprintf(line, sizeof line,
             "\n{\"path\":\"file://%s/in/f9\",\"timestamp\":200000,\"batchId\":9,\"bytes\":6,"
             "\"modifiedUs\":200000000}",
             fx.dir);
    strcpy(strrchr(lines, '\n'), line);
    assert_string_equal(entry(&fx, "9.compact"), lines);
    assert_false(fx_exists(&fx, "cp/sources/0/9"));
    index_remove(&fx);
    fx_open(&fx, overwriting);
    assert_string_equal(batch(&fx), "f9");
    fx_commit(&fx);
    ASSERT_STEP(&fx, "f3");
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

/* An epoch of two entries with two versions of a file: there is one to be read now. */
static void test_two_entries(void **state)
{
    struct fx fx;
    char lines[1400];
    fx_init(&fx);
    for (int i = 0; i < 2; i++) {
        char name[2] = {(char)('0' + i), '\0'};
        snprintf(lines, sizeof lines,
                 "v1\n{\"path\":\"file://%s/in/a\",\"timestamp\":%d,\"batchId\":%d}", fx.dir,
                 (100 + i) * 1000, i);
        entry_put(&fx, name, lines);
    }
    fx.offset = 1;
    for (int64_t modified_s = 101; modified_s <= 102; modified_s++) {
        fx_put(&fx, "a", "22", modified_s);
        fx_open(&fx, overwriting);
        assert_string_equal(replan(&fx), "a");
        assert_int_equal(fx.list.files[0].offset, 1);
        assert_string_equal(entry(&fx, "0"), "v1");
    }
    fx_commit(&fx);
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_changed), cmocka_unit_test(test_changed),
        cmocka_unit_test(test_changed_and_discovered), cmocka_unit_test(test_gone),
        cmocka_unit_test(test_old_version_put_back), cmocka_unit_test(test_spark_entry),
        cmocka_unit_test(test_spark_compact), cmocka_unit_test(test_two_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
