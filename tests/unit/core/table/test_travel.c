/* Shown: a table opens at each version that can be put together and stays there; a moment finds
 * the version of its time, by files' times made to rise and by in-commit timestamps; compactions of
 * the log are used when they are right and passed over when they are not; a hole names its version;
 * lines longer than a window and commits of many windows are read whole. */
#include "tests/unit/core/table/log_fixture.h"

#include <fcntl.h>

#include "core/base/calendar.h"

#define SCHEMA METADATA(FIELD("id", "long"), "", "")

/* Versions 0 to 4: files a, b, c come; at 3 b goes; 4 brings d. */
static void write_versions(struct fixture *f)
{
    write_commit(f, 0, PROTOCOL SCHEMA ADD("a"));
    write_commit(f, 1, ADD("b"));
    write_commit(f, 2, ADD("c"));
    write_commit(f, 3, REMOVE("b"));
    write_commit(f, 4, ADD("d"));
}

static void expect_files(struct fixture *f, const struct mr_table *table, int64_t version,
                         const char *want)
{
    uint32_t cursor = 0;
    struct mr_delta_action action;
    char found[64] = "";
    const struct mr_delta_snapshot *s = mr_table_snapshot(table);
    assert_int_equal(s->version, version);
    while (mr_delta_snapshot_next(s, &cursor, &action)) {
        if (action.kind != MR_DELTA_ADD) continue;
        assert_int_equal(action.u.file.path.bytes, 1);
        found[strlen(found)] = action.u.file.path.text[0];
    }
    assert_int_equal(strlen(found), strlen(want));
    for (const char *at = want; *at != '\0'; at++) assert_non_null(strchr(found, *at));
    (void)f;
}

static void expect_version(struct fixture *f, int64_t version, const char *want)
{
    struct mr_table *table = open_at(f, version);
    expect_files(f, table, version, want);
    mr_table_close(table);
}

static void expect_no(struct fixture *f, struct mr_table_when when, uint32_t code,
                      const char *what)
{
    struct mr_table *table = NULL;
    assert_int_equal(mr_table_open_at(f->io, &f->heap, f->path, &when, &table, &f->err),
                     MR_E_NOT_FOUND);
    assert_int_equal(f->err.code, code);
    if (strstr(f->err.message, what) == NULL) fail_msg("%s", f->err.message);
}

static struct mr_table_when at_version(int64_t version)
{
    return (struct mr_table_when){.kind = MR_TABLE_AT_VERSION, .version = version};
}

static void test_versions(void **state)
{
    static const char *const want[] = {"a", "ab", "abc", "ac", "acd"};
    struct fixture *f = *state;
    write_versions(f);
    for (int64_t version = 0; version < 5; version++) expect_version(f, version, want[version]);
    expect_no(f, at_version(5), 3121, "newest is 4");
    expect_no(f, at_version(-1), 3121, "no version -1");
    struct mr_table *pinned = open_at(f, 4), *newest = open_newest(f);
    write_commit(f, 5, ADD("e"));
    MUST(f, mr_table_refresh(pinned, &f->err));
    MUST(f, mr_table_refresh(newest, &f->err));
    expect_files(f, pinned, 4, "acd");
    expect_files(f, newest, 5, "acde");
    mr_table_close(pinned);
    mr_table_close(newest);
}

static void test_cleaned(void **state)
{
    struct fixture *f = *state;
    write_versions(f);
    struct mr_table *table = open_newest(f);
    MUST(f, mr_table_checkpoint_write(table, &f->err));
    mr_table_close(table);
    write_commit(f, 5, ADD("e"));
    remove_file(f, "_delta_log/00000000000000000000.json");
    remove_file(f, "_delta_log/00000000000000000001.json");
    expect_version(f, 5, "acde");
    expect_version(f, 4, "acd");
    expect_no(f, at_version(3), 3121, "the oldest one is 4");
    /* A hole behind the checkpoint is named. */
    write_commit(f, 7, ADD("g"));
    assert_int_equal(mr_table_open(f->io, &f->heap, f->path, &table, &f->err), MR_E_CORRUPT);
    assert_non_null(strstr(f->err.message, "commit 6 of the table's log is missing"));
    expect_version(f, 5, "acde");
}

/* ---- moments ---- */

static void set_time(struct fixture *f, int version, int64_t ms)
{
    char path[MR_TEMPDIR_MAX + 64];
    struct timespec times[2] = {{ms / 1000, ms % 1000 * 1000000}, {ms / 1000, ms % 1000 * 1000000}};
    (void)snprintf(path, sizeof path, "%s/_delta_log/%020d.json", f->path, version);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static struct mr_table_when at_ms(int64_t ms)
{
    return (struct mr_table_when){.kind = MR_TABLE_AT_TIME, .time_us = ms * MR_US_PER_MS};
}

static void expect_time(struct fixture *f, int64_t ms, int64_t version)
{
    struct mr_table_when when = at_ms(ms);
    struct mr_table *table = NULL;
    MUST(f, mr_table_open_at(f->io, &f->heap, f->path, &when, &table, &f->err));
    assert_int_equal(mr_table_snapshot(table)->version, version);
    mr_table_close(table);
}

static void test_file_times(void **state)
{
    /* Version 2's clock went back: it counts as a millisecond after version 1. */
    static const int64_t times[] = {1000, 2000, 1500, 2500, 3000};
    struct fixture *f = *state;
    write_versions(f);
    for (int version = 0; version < 5; version++) set_time(f, version, times[version]);
    expect_time(f, 1000, 0);
    expect_time(f, 1999, 0);
    expect_time(f, 2000, 1);
    expect_time(f, 2001, 2);
    expect_time(f, 2499, 2);
    expect_time(f, 2999, 3);
    expect_time(f, 3000, 4);
    expect_no(f, at_ms(999), 3122, "before the first version of the table that can be read, 0 of");
    expect_no(f, at_ms(3001), 3122, "after the newest version");
    expect_no(f, at_ms(3001), 3122, "4 of 1970-01-01T00:00:03.000Z");
}

#define TIMED_PROTOCOL                                                                             \
    "{'protocol':{'minReaderVersion':1,'minWriterVersion':7,'writerFeatures':"                     \
    "['inCommitTimestamp']}}\n"
#define INFO(ms) "{'commitInfo':{'inCommitTimestamp':" ms ",'operation':'WRITE'}}\n"

static void test_commit_times(void **state)
{
    struct fixture *f = *state;
    write_versions(f);
    write_commit(f, 3,
                 INFO("5000") TIMED_PROTOCOL METADATA(
                     FIELD("id", "long"), "",
                     "'delta.enableInCommitTimestamps':'true',"
                     "'delta.inCommitTimestampEnablementVersion':'3',"
                     "'delta.inCommitTimestampEnablementTimestamp':'5000'") REMOVE("b"));
    write_commit(f, 4, INFO("6000") ADD("d"));
    write_commit(f, 5, INFO("7000") ADD("e"));
    for (int version = 0; version < 6; version++) set_time(f, version, 9000 + version);
    for (int version = 0; version < 3; version++) set_time(f, version, 1000 * (version + 1));
    expect_time(f, 3000, 2);
    expect_time(f, 4999, 2);
    expect_time(f, 5000, 3);
    expect_time(f, 6999, 4);
    expect_time(f, 7000, 5);
    expect_no(f, at_ms(7001), 3122, "after the newest");
    expect_no(f, at_ms(10), 3122, "before the first");
    /* A log checkpoint alone has no time, which only commits need. */
    struct mr_table *table = open_at(f, 4);
    MUST(f, mr_table_checkpoint_write(table, &f->err));
    mr_table_close(table);
    for (int version = 0; version < 5; version++) {
        char name[64];
        (void)snprintf(name, sizeof name, "_delta_log/%020d.json", version);
        remove_file(f, name);
    }
    expect_version(f, 4, "acd");
    expect_time(f, 7000, 5);
}

/* ---- compactions ---- */

static const char compaction[] = "00000000000000000001.00000000000000000003.compacted.json";

static void test_compaction(void **state)
{
    struct fixture *f = *state;
    write_versions(f);
    /* Only the compaction knows of z. */
    write_log(f, compaction, ADD("c") ADD("z") REMOVE("b"));
    expect_version(f, 4, "aczd");
    expect_version(f, 3, "acz");
    expect_version(f, 2, "abc");
    write_log(f, "00000000000000000001.00000000000000000009.compacted.json", ADD("y"));
    write_log(f, "00000000000000000000.00000000000000000000.compacted.json", ADD("y"));
    expect_version(f, 4, "aczd");
    struct mr_table *table = open_newest(f);
    expect_files(f, table, 4, "aczd");
    write_commit(f, 5, ADD("e"));
    MUST(f, mr_table_refresh(table, &f->err));
    expect_files(f, table, 5, "aczde");
    mr_table_close(table);
}

static void test_bad_compaction(void **state)
{
    struct fixture *f = *state;
    write_versions(f);
    write_log(f, compaction, ADD("z") "{'add':");
    expect_version(f, 4, "acd");
    write_log(f, compaction, ADD("z") ADD("b") REMOVE("b"));
    expect_version(f, 4, "acd");
    remove_file(f, "_delta_log/00000000000000000002.json");
    struct mr_table *table = NULL;
    assert_int_equal(mr_table_open(f->io, &f->heap, f->path, &table, &f->err), MR_E_CORRUPT);
    assert_non_null(strstr(f->err.message, "commit 2"));
}

/* ---- windows ---- */

static void test_long_lines(void **state)
{
    enum { FILES = 3000, LONG = 300000 };
    struct fixture *f = *state;
    char name[] = "_delta_log/00000000000000000001.json";
    char *text = malloc((size_t)FILES * 200 + LONG + 200), *at = text;
    write_commit(f, 0, PROTOCOL SCHEMA);
    for (int i = 0; i < FILES; i++) {
        at += sprintf(at, "{\"add\":{\"path\":\"file-%d\",\"partitionValues\":{},", i);
        at += sprintf(at, "\"size\":%d,\"modificationTime\":1,\"dataChange\":true}}%s", i,
                      i % 3 ? "\n" : "\r\n\n");
        if (i != FILES / 2) continue;
        at += sprintf(at, "{\"txn\":{\"appId\":\"");
        memset(at, 'x', LONG);
        at += LONG;
        at += sprintf(at, "\",\"version\":7}}\n");
    }
    write_file(f, name, text, (size_t)(at - text) - 1); /* no line feed at the end */
    struct mr_table *table = open_newest(f);
    assert_int_equal(mr_table_snapshot(table)->file_count, FILES);
    assert_int_equal(mr_table_snapshot(table)->file_bytes, FILES * (FILES - 1) / 2);
    assert_int_equal(mr_table_snapshot(table)->txn_count, 1);
    mr_table_close(table);
    /* An error has the line's place in the file. */
    size_t off = strlen("{\"add\":{}}\n");
    memcpy(at - off, "x {\"add\":{}", off);
    write_file(f, name, text, (size_t)(at - text) - 1);
    assert_int_equal(mr_table_open(f->io, &f->heap, f->path, &table, &f->err), MR_E_CORRUPT);
    assert_true(f->err.has_at);
    assert_in_range(f->err.at, (size_t)(at - text) - 200, (size_t)(at - text));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_versions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_cleaned, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_file_times, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_commit_times, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_compaction, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_bad_compaction, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_long_lines, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
