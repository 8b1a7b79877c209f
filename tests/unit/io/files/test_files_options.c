/* The file source's options over real folders: every one by what it takes and what it leaves;
 * links, FIFOs and odd names; partition columns; cleaning; notifications,
 * asked for and as hints. */
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
#include "io/files/files_source.h"

/* ---- options --------------------------------------------------------------------------- */

static void test_overwrites(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a", "1", 100);
    fx_open(&fx, "allowOverwrites=true");
    ASSERT_STEP(&fx, "a");
    ASSERT_STEP(&fx, "");
    fx_put(&fx, "a", "22", 200);
    ASSERT_STEP(&fx, "a");
    assert_int_equal(fx.list.bytes, 2);
    fx_put(&fx, "a", "1", 100); /* a version that was read: put back */
    ASSERT_STEP(&fx, "");
    fx_open(&fx, "allowOverwrites=false");
    fx_put(&fx, "a", "4444", 400);
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

static void test_existing(void **state)
{
    struct fx fx;
    char path[1200];
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_put(&fx, "sub/b", "1", 2);
    fx_open(&fx, "includeExistingFiles=false");
    ASSERT_STEP(&fx, "");
    fx_put(&fx, "c", "1", 3);
    fx_open(&fx, "includeExistingFiles=true"); /* only looked at on the very first start */
    ASSERT_STEP(&fx, "c");
    fx_close(&fx);
    snprintf(path, sizeof path, "%s/files.db", fx.own);
    assert_int_equal(unlink(path), 0);
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);

    fx_init(&fx);
    fx_open(&fx, "");
    fx_close(&fx);
    fx_put(&fx, "late", "1", 1);
    fx_open(&fx, "includeExistingFiles=false"); /* too late to take effect */
    ASSERT_STEP(&fx, "late");
    fx_fini(&fx);
}

static void test_filters(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a.json", "1", 1000);
    fx_put(&fx, "b.csv", "1", 2000);
    fx_put(&fx, "c.json", "1", 3000);
    fx_put(&fx, "d/e.json", "1", 4000);
    fx_put(&fx, "_SUCCESS", "1", 1);
    fx_put(&fx, ".hidden.json", "1", 1);
    fx_put(&fx, "_tmp/x.json", "1", 1);
    fx_put(&fx, "half.json._COPYING_", "1", 1);
    fx_put(&fx, "_k=1/y.json", "1", 5000);
    fx_open(&fx, "pathGlobFilter=*.{json,ndjson}");
    ASSERT_STEP(&fx, "a.json c.json d/e.json _k=1/y.json");
    fx_open(&fx, "fileNamePattern=[^a]*");
    ASSERT_STEP(&fx, "b.csv");
    fx_fini(&fx);

    fx_init(&fx);
    fx_put(&fx, "a", "1", 1000);
    fx_put(&fx, "b", "1", 2000);
    fx_put(&fx, "c", "1", 3000);
    fx_open(&fx, "modifiedAfter=1970-01-01T00:16:40Z;modifiedBefore=1970-01-01T00:50:00Z");
    ASSERT_STEP(&fx, "b");
    fx_fini(&fx);

    fx_init(&fx);
    fx_put(&fx, "a", "1", 1000);
    fx_put(&fx, "b", "1", 2000);
    fx_put(&fx, "c", "1", 3000);
    fx_open(&fx, "latestFirst=true;maxFilesPerTrigger=2");
    ASSERT_STEP(&fx, "c b");
    fx_put(&fx, "d", "1", 4000);
    ASSERT_STEP(&fx, "d a");
    fx_fini(&fx);
}

static void set_path(struct fx *fx, const char *glob)
{
    snprintf(fx->path, sizeof fx->path, "%s/in/%s", fx->dir, glob);
}

static void test_globs(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "x/2024/a.json", "1", 1);
    fx_put(&fx, "x/2025/b.json", "1", 2);
    fx_put(&fx, "x/deep/2025/c.json", "1", 3);
    fx_put(&fx, "y/2025.json", "1", 4);
    set_path(&fx, "*/2025");
    fx_open(&fx, "useStrictGlobber=true");
    ASSERT_STEP(&fx, "x/2025/b.json");
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "x/deep/2025/c.json y/2025.json");
    set_path(&fx, "{x,y}/202?/*.json");
    fx_open(&fx, "useStrictGlobber=true");
    ASSERT_STEP(&fx, "x/2024/a.json");
    set_path(&fx, "x/2024/a.json"); /* one file */
    fx.offset = fx.committed = -1;
    snprintf(fx.log, sizeof fx.log, "%s/cp2/sources/0", fx.dir);
    snprintf(fx.own, sizeof fx.own, "%s/cp2/millrace", fx.dir);
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "x/2024/a.json");
    set_path(&fx, "[a");
    assert_int_equal(fx_try_open(&fx, ""), MR_E_INVALID);
    set_path(&fx, "nowhere");
    assert_int_equal(fx_try_open(&fx, ""), MR_E_NOT_FOUND);
    assert_non_null(strstr(fx.err.message, "nowhere does not exist"));
    set_path(&fx, "../cp");
    assert_int_equal(fx_try_open(&fx, ""), MR_E_INVALID);
    fx_fini(&fx);
}

static void test_file_age(void **state)
{
    struct fx fx;
    const int64_t day = 86400;
    fx_init(&fx);
    fx_put(&fx, "ancient", "1", 1 * day);
    fx_put(&fx, "a", "1", 100 * day);
    fx_open(&fx, "maxFileAge=14 days");
    ASSERT_STEP(&fx, "ancient a");   /* the first listing takes everything */
    fx_put(&fx, "b", "1", 80 * day); /* older than the newest by more than the age */
    fx_put(&fx, "c", "1", 90 * day);
    ASSERT_STEP(&fx, "c");
    struct mr_source_backlog backlog;
    assert_int_equal(fx.source->driver->backlog(fx.source, &backlog, &fx.err), MR_OK);
    fx_open(&fx, "maxFileAge=14 days"); /* ancient is forgotten and not found again */
    ASSERT_STEP(&fx, "");
    fx_close(&fx);
    char path[1200];
    snprintf(path, sizeof path, "%s/files.db", fx.own);
    assert_int_equal(unlink(path), 0);
    fx_open(&fx, "maxFileAge=14 days");
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

static void test_clean_delete(void **state)
{
    struct fx fx;
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_open(&fx, "cleanSource=DELETE;cleanSource.retentionDuration=7 days");
    ASSERT_STEP(&fx, "a");
    assert_true(fx_exists(&fx, "in/a")); /* not yet */
    fx_fini(&fx);
}

static bool count_row(void *ctx, const struct mr_source_state *state)
{
    uint32_t *counts = ctx;
    counts[0]++;
    counts[1] += strcmp(state->ingestion_state, "COMMITTED") == 0;
    counts[2] += state->archive_mode != NULL && strcmp(state->archive_mode, "MOVE") == 0;
    counts[3] += strcmp(state->ingestion_state, "PROCESSING") == 0;
    counts[4] += strcmp(state->ingestion_state, "DISCOVERED") == 0;
    return true;
}

static void test_clean_move(void **state)
{
    struct fx fx;
    char options[1200];
    fx_init(&fx);
    fx_put(&fx, "sub/a", "1", 1);
    fx_put(&fx, "b", "1", 2);
    fx_put(&fx, "c", "1", 3);
    snprintf(options, sizeof options,
             "cleanSource=MOVE;cleanSource.retentionDuration=0 seconds;"
             "cleanSource.moveDestination=%s/done",
             fx.dir);
    fx_open(&fx, options);
    fx_plan(&fx);
    fx_put(&fx, "b", "changed", 9); /* after it was planned: stays */
    fx_commit(&fx);
    assert_true(fx_exists(&fx, "done/sub/a"));
    assert_true(fx_exists(&fx, "done/c"));
    assert_false(fx_exists(&fx, "in/c"));
    assert_true(fx_exists(&fx, "in/b"));
    assert_true(fx_noticed(&fx, "in/b: cleanSource leaves it: it has changed"));
    uint32_t counts[5] = {0};
    assert_int_equal(fx.source->driver->states(fx.source, count_row, counts, &fx.err), MR_OK);
    assert_int_equal(counts[0], 3);
    assert_int_equal(counts[1], 3);
    assert_int_equal(counts[2], 2);
    fx_put(&fx, "c", "again", 30); /* a path counts once, moved or not */
    ASSERT_STEP(&fx, "");

    snprintf(options, sizeof options, "cleanSource=MOVE;cleanSource.moveDestination=%s/in/done",
             fx.dir);
    assert_int_equal(fx_try_open(&fx, options), MR_E_INVALID);
    assert_int_equal(fx.err.code, 2103);
    fx_fini(&fx);
}

static void test_states(void **state)
{
    struct fx fx;
    uint32_t counts[5] = {0};
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_put(&fx, "b", "1", 2);
    fx_put(&fx, "c", "1", 3);
    fx_open(&fx, "maxFilesPerTrigger=1");
    ASSERT_STEP(&fx, "a");
    fx_plan(&fx);
    assert_int_equal(fx.source->driver->states(fx.source, count_row, counts, &fx.err), MR_OK);
    assert_int_equal(counts[0], 3);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[3], 1);
    assert_int_equal(counts[4], 1);
    fx_fini(&fx);
}

static void test_hostile_entries(void **state)
{
    struct fx fx;
    char path[1200], outside[1200];
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    snprintf(outside, sizeof outside, "%s/secret", fx.dir);
    FILE *file = fopen(outside, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    snprintf(path, sizeof path, "%s/in/link.json", fx.dir);
    assert_int_equal(symlink(outside, path), 0);
    snprintf(path, sizeof path, "%s/in/up", fx.dir);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/in/pipe.json", fx.dir);
    assert_int_equal(mkfifo(path, 0666), 0);
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "a");
    assert_true(fx_noticed(&fx, "in/link.json: left out: it is a symbolic link"));
    assert_true(fx_noticed(&fx, "in/up: left out: it is a symbolic link"));
    assert_true(fx_noticed(&fx, "in/pipe.json: left out: it is no regular file"));
    uint32_t notices = fx.notice_count;
    ASSERT_STEP(&fx, "");
    assert_int_equal(fx.notice_count, notices); /* told once */
    fx_fini(&fx);
}

/* A pending file that turns into a link is left out; a link that the user named is followed. */
static void test_links_in_time(void **state)
{
    struct fx fx;
    char path[1200];
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_put(&fx, "b", "1", 2);
    fx_open(&fx, "maxFilesPerTrigger=1");
    ASSERT_STEP(&fx, "a");
    assert_true(fx.list.files[0].refuses_links);
    fx_remove(&fx, "b");
    snprintf(path, sizeof path, "%s/in/b", fx.dir);
    assert_int_equal(symlink("a", path), 0);
    ASSERT_STEP(&fx, "");
    snprintf(fx.path, sizeof fx.path, "%s/in/b", fx.dir);
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "b");
    assert_int_equal(fx.list.files[0].bytes, 1);
    assert_false(fx.list.files[0].refuses_links);
    fx_fini(&fx);
}

static void test_odd_names(void **state)
{
    static const char *const names[] = {
        "a b",      "100%",      "q?m#x",           "\xc3\xa9t\xc3\xa9",
        "\xff\xfe", "new\nline", "tab\t\"quoted\"", "{x}",
    };
    struct fx fx;
    char path[1200];
    fx_init(&fx);
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) fx_put(&fx, names[i], "1", 1);
    fx_open(&fx, "");
    fx_plan(&fx);
    assert_int_equal(fx.list.count, MR_COUNT_OF(names));
    fx_commit(&fx);
    fx_close(&fx);
    snprintf(path, sizeof path, "%s/files.db", fx.own);
    assert_int_equal(unlink(path), 0);
    fx_open(&fx, ""); /* names come back from the list byte for byte */
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

static void test_vanished(void **state)
{
    struct fx fx;
    struct mr_source_backlog backlog;
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_put(&fx, "b", "1", 2);
    fx_put(&fx, "c", "1", 3);
    fx_open(&fx, "maxFilesPerTrigger=1");
    ASSERT_STEP(&fx, "a");
    fx_remove(&fx, "b");
    fx_put(&fx, "c", "333", 4); /* rewritten while it waited: its last version is read */
    ASSERT_STEP(&fx, "c");
    assert_int_equal(fx.list.bytes, 3);
    assert_true(fx_noticed(&fx, "in/b: gone before it was read"));
    assert_int_equal(fx.source->driver->backlog(fx.source, &backlog, &fx.err), MR_OK);
    assert_int_equal(backlog.vanished, 1);
    assert_int_equal(backlog.files, 0);
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

static void test_partitions(void **state)
{
    struct fx fx;
    const struct mr_source_limits limits = {0};
    fx_init(&fx);
    fx_put(&fx, "date=2024-05-01/n=1/a.json", "1", 1);
    fx_put(&fx, "date=2024-05-02/n=9999999999/b.json", "1", 2);
    fx_put(&fx, "date=__HIVE_DEFAULT_PARTITION__/n=7/c%20=x%3Ay/c.json", "1", 3);
    fx_open(&fx, "");
    assert_int_equal(fx.source->driver->sample(fx.source, &limits, &fx.arena, &fx.list, &fx.err),
                     MR_OK);
    assert_int_equal(fx.list.count, 3);
    const struct mr_type *type = fx.list.partitions;
    assert_int_equal(type->field_count, 3);
    int32_t date = mr_type_find(type, MR_SPAN("DATE"), false);
    int32_t n = mr_type_find(type, MR_SPAN("n"), true);
    assert_int_equal(type->fields[date].type->id, MR_TYPE_DATE);
    assert_int_equal(type->fields[n].type->id, MR_TYPE_LONG);
    fx_plan(&fx);
    const struct mr_source_file *c = &fx.list.files[2];
    assert_int_equal(c->part_count, 3);
    assert_null(c->parts[0].value.text);
    assert_true(mr_span_is(c->parts[1].value, "7"));
    assert_true(mr_span_is(c->parts[2].name, "c "));
    assert_true(mr_span_is(c->parts[2].value, "x:y"));

    fx.offset = -1;
    fx_open(&fx, "partitionColumns=n, missing");
    fx_plan(&fx);
    assert_int_equal(fx.list.files[0].part_count, 2);
    assert_true(mr_span_is(fx.list.files[0].parts[0].value, "1"));
    assert_null(fx.list.files[0].parts[1].value.text);
    fx.offset = -1;
    fx_open(&fx, "partitionColumns=");
    fx_plan(&fx);
    assert_int_equal(fx.list.files[0].part_count, 0);
    fx_fini(&fx);
}

static void test_sample(void **state)
{
    struct fx fx;
    const struct mr_source_limits three = {.files_max = 3}, bytes = {.bytes_max = 15};
    fx_init(&fx);
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%02d", i);
        fx_put(&fx, name, "1234567890", 1000 + (i * 7) % 20);
    }
    fx_open(&fx, "");
    assert_int_equal(fx.source->driver->sample(fx.source, &three, &fx.arena, &fx.list, &fx.err),
                     MR_OK);
    assert_string_equal(fx_names(&fx), "f17 f14 f11"); /* 7i mod 20 = 19, 18, 17 */
    assert_int_equal(fx.source->driver->sample(fx.source, &bytes, &fx.arena, &fx.list, &fx.err),
                     MR_OK);
    assert_string_equal(fx_names(&fx), "f17 f14");
    fx_plan(&fx);
    assert_int_equal(fx.list.count, 20); /* sampling takes nothing */
    fx_fini(&fx);
}

/* ---- notifications --------------------------------------------------------------------- */

static void test_notifications(void **state)
{
    struct fx fx;
    char from[1200], to[1200];
    fx_init(&fx);
    fx_put(&fx, "a", "1", 1);
    fx_put(&fx, "sub/b", "1", 2);
    fx_open(&fx, "useNotifications=true;backfillInterval=1 day");
    ASSERT_STEP(&fx, "a sub/b");
    fx_put(&fx, "sub/c", "1", 3);
    fx_put(&fx, "_hidden", "1", 3);
    ASSERT_STEP(&fx, "sub/c");
    fx_put(&fx, "fresh/deep/d", "1", 4); /* folders that are not watched yet */
    ASSERT_STEP(&fx, "fresh/deep/d");
    fx_put(&fx, "fresh/deep/e", "1", 5);
    ASSERT_STEP(&fx, "fresh/deep/e");
    snprintf(from, sizeof from, "%s/staged", fx.dir);
    snprintf(to, sizeof to, "%s/in/moved", fx.dir);
    FILE *file = fopen(from, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(from, to), 0);
    ASSERT_STEP(&fx, "moved");
    ASSERT_STEP(&fx, "");
    fx_fini(&fx);
}

/* Followed without useNotifications: what the watch tells is found at once, what it does not tell
 * (a second name, given by link) by the next listing; a tree too wide to be watched is listed. */
static void test_hints(void **state)
{
    enum { FOLDERS = 1030 };
    struct fx fx;
    char from[1200], to[1200], name[32];
    fx_init(&fx);
    fx.is_followed = true;
    fx_put(&fx, "a", "1", 1);
    fx_open(&fx, "");
    ASSERT_STEP(&fx, "a");
    fx_put(&fx, "b", "1", 2);
    ASSERT_STEP(&fx, "b");
    fx_put(&fx, "fresh/c", "1", 3);
    ASSERT_STEP(&fx, "fresh/c");
    snprintf(from, sizeof from, "%s/staged", fx.dir);
    snprintf(to, sizeof to, "%s/in/linked", fx.dir);
    FILE *file = fopen(from, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(link(from, to), 0);
    const char *names = "";
    for (int i = 0; i < 1000 && *names == '\0'; i++) {
        names = fx_step(&fx);
        if (*names == '\0') (void)usleep(10000);
    }
    assert_string_equal(names, "linked");
    for (int i = 0; i < FOLDERS; i++) {
        snprintf(name, sizeof name, "many/%d/x", i);
        fx_put(&fx, name, "1", 10 + i);
    }
    assert_int_equal(strlen(fx_step(&fx)) > 0, 1);
    assert_int_equal(fx.list.count, 1000); /* maxFilesPerTrigger */
    fx_plan(&fx);
    assert_int_equal(fx.list.count, FOLDERS - 1000);
    fx_commit(&fx);
    fx_put(&fx, "many/7/y", "1", 5);
    ASSERT_STEP(&fx, "many/7/y");
    assert_int_equal(fx.notice_count, 0);
    fx_fini(&fx);
}

static void test_formats(void **state)
{
    assert_string_equal(mr_files_format_of(MR_SPAN("a.json")), "json");
    assert_string_equal(mr_files_format_of(MR_SPAN("a.ndjson.gz")), "json");
    assert_string_equal(mr_files_format_of(MR_SPAN("a.csv.zst")), "csv");
    assert_null(mr_files_format_of(MR_SPAN("a.gz")));
    assert_null(mr_files_format_of(MR_SPAN("README")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overwrites),      cmocka_unit_test(test_existing),
        cmocka_unit_test(test_filters),         cmocka_unit_test(test_globs),
        cmocka_unit_test(test_file_age),        cmocka_unit_test(test_clean_delete),
        cmocka_unit_test(test_clean_move),      cmocka_unit_test(test_states),
        cmocka_unit_test(test_hostile_entries), cmocka_unit_test(test_links_in_time),
        cmocka_unit_test(test_odd_names),       cmocka_unit_test(test_vanished),
        cmocka_unit_test(test_partitions),      cmocka_unit_test(test_sample),
        cmocka_unit_test(test_notifications),   cmocka_unit_test(test_hints),
        cmocka_unit_test(test_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
