/* Shown: what each kind of commit gives to a change feed: files of changes alone where there are
 * some, else inserts and deletes, and for a file whose deletion vector changed the rows between the
 * two; ranges by version and by moment; and that a feed is refused, with the version, where it was
 * off, where columns do not go together, and where commits are gone. */
#include "tests/unit/core/table/log_fixture.h"

#include <fcntl.h>

#include "core/base/calendar.h"
#include "core/table/table_changes.h"
#include "core/table/table_history.h"

#define ON "'delta.enableChangeDataFeed':'true'"
#define OFF "'delta.enableChangeDataFeed':'false'"
#define DV(place, rows)                                                                            \
    ",'deletionVector':{'storageType':'u','pathOrInlineDv':'" place                                \
    "','offset':1,'sizeInBytes':36,'cardinality':" rows "}"
#define ACTION(kind, path, more)                                                                   \
    "{'" kind "':{'path':'" path "','partitionValues':{'p':'7'},'size':1,'modificationTime':1,"    \
    "'deletionTimestamp':4000000000000,'dataChange':true" more "}}\n"
#define MOVED(kind, path)                                                                          \
    "{'" kind "':{'path':'" path "','partitionValues':{'p':'7'},'size':1,'modificationTime':1,"    \
    "'deletionTimestamp':4000000000000,'dataChange':false}}\n"
#define FIELDS FIELD("id", "long") "," FIELD("p", "integer")

static const struct mr_table_when newest = {.kind = MR_TABLE_NEWEST};

static struct mr_table_when version_of(int64_t version)
{
    return (struct mr_table_when){.kind = MR_TABLE_AT_VERSION, .version = version};
}

static struct mr_table_when ms_of(int64_t ms)
{
    return (struct mr_table_when){.kind = MR_TABLE_AT_TIME, .time_us = ms * MR_US_PER_MS};
}

/* The feed as text: "0+a 1-b 2~c", a pair's vectors as "3-d[new!old]". */
static void feed_text(struct fixture *f, struct mr_table_when from, struct mr_table_when to,
                      struct mr_text *out)
{
    struct mr_table_changes *changes = NULL;
    bool has_piece = true;
    MUST(f, mr_table_changes_open(f->io, &f->heap, f->path, &from, &to, &changes, &f->err));
    for (;;) {
        struct mr_table_piece piece;
        mr_arena_reset(&f->arena);
        MUST(f, mr_table_changes_next(changes, &f->arena, &piece, &has_piece, &f->err));
        if (!has_piece) break;
        assert_int_equal(piece.file.values[0].u.i64, 7);
        const char *name = strrchr(piece.file.path, '/') + 1;
        mr_text_addf(out, "%s%d%c%s", out->used > 0 ? " " : "", (int)piece.version,
                     "~+-"[piece.kind], name);
        if (piece.only.storage == 0 && piece.file.deleted.storage == 0) continue;
        mr_text_addf(out, "[%.*s!%.*s]", (int)piece.only.place.bytes, piece.only.place.text,
                     (int)piece.file.deleted.place.bytes, piece.file.deleted.place.text);
    }
    mr_table_changes_close(changes);
}

static void expect_feed(struct fixture *f, struct mr_table_when from, struct mr_table_when to,
                        const char *want)
{
    struct mr_text out;
    mr_text_init(&out, &f->heap);
    feed_text(f, from, to, &out);
    mr_text_addc(&out, '\0');
    assert_string_equal(out.at, want);
    mr_text_fini(&out);
}

/* Opening, or a step, ends with this error. */
static void expect_refused(struct fixture *f, struct mr_table_when from, struct mr_table_when to,
                           mr_status status, uint32_t code, const char *what)
{
    struct mr_table_changes *changes = NULL;
    struct mr_table_piece piece;
    bool has_piece = true;
    mr_status got =
        mr_table_changes_open(f->io, &f->heap, f->path, &from, &to, &changes, &f->err);
    while (got == MR_OK && has_piece) {
        got = mr_table_changes_next(changes, &f->arena, &piece, &has_piece, &f->err);
    }
    mr_table_changes_close(changes);
    assert_int_equal(got, status);
    assert_int_equal(f->err.code, code);
    if (strstr(f->err.message, what) == NULL) fail_msg("%s", f->err.message);
}

static void write_feed(struct fixture *f)
{
    write_commit(f, 0, PROTOCOL METADATA(FIELDS, "'p'", ON));
    write_commit(f, 1, ACTION("add", "a", "") ACTION("add", "b", DV("x", "1")));
    write_commit(f, 2, MOVED("add", "c") MOVED("remove", "a"));
    write_commit(f, 3,
                 ACTION("add", "d", "") ACTION("remove", "b", DV("x", "1"))
                     ACTION("cdc", "_change_data/e", ""));
    write_commit(f, 4, ACTION("add", "d", DV("y", "1")) ACTION("remove", "d", ""));
    write_commit(f, 5, ACTION("remove", "d", DV("y", "1")) ACTION("add", "d", DV("z", "2"))
                 ACTION("remove", "c", ""));
    write_commit(f, 6, ACTION("remove", "d", DV("z", "2")) ACTION("add", "d", ""));
}

static void test_pieces(void **state)
{
    struct fixture *f = *state;
    write_feed(f);
    expect_feed(f, version_of(0), newest,
                "1+a 1+b[!x] 3~e 4-d[y!] 5-c 5-d[z!y] 5+d[y!z] 6+d[z!]");
    expect_feed(f, version_of(4), version_of(4), "4-d[y!]");
    expect_feed(f, version_of(2), version_of(2), "");
    expect_feed(f, version_of(6), version_of(99), "6+d[z!]");
}

/* The commit's time goes with each of its pieces. */
static void expect_times(struct fixture *f)
{
    struct mr_table_changes *changes = NULL;
    struct mr_table_when from = version_of(0);
    struct mr_table_piece piece;
    bool has_piece = true;
    MUST(f, mr_table_changes_open(f->io, &f->heap, f->path, &from, &newest, &changes, &f->err));
    for (;;) {
        MUST(f, mr_table_changes_next(changes, &f->arena, &piece, &has_piece, &f->err));
        if (!has_piece) break;
        assert_int_equal(piece.time_us, piece.version * MR_US_PER_S);
    }
    mr_table_changes_close(changes);
}

static void test_moments(void **state)
{
    struct fixture *f = *state;
    write_feed(f);
    for (int version = 0; version < 7; version++) {
        char path[MR_TEMPDIR_MAX + 64];
        struct timespec times[2] = {{version, 0}, {version, 0}};
        (void)snprintf(path, sizeof path, "%s/_delta_log/%020d.json", f->path, version);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    expect_times(f);
    expect_feed(f, ms_of(4000), newest, "4-d[y!] 5-c 5-d[z!y] 5+d[y!z] 6+d[z!]");
    expect_feed(f, ms_of(4001), newest, "5-c 5-d[z!y] 5+d[y!z] 6+d[z!]");
    expect_feed(f, ms_of(-5), ms_of(3999), "1+a 1+b[!x] 3~e");
    expect_feed(f, version_of(1), ms_of(1000), "1+a 1+b[!x]");
    expect_feed(f, ms_of(5999), ms_of(9000), "6+d[z!]");
    expect_refused(f, ms_of(6001), newest, MR_E_NOT_FOUND, 3122, "newest is version 6");
    expect_refused(f, version_of(0), ms_of(-1), MR_E_NOT_FOUND, 3122, "no commit");
    expect_refused(f, ms_of(4500), ms_of(4600), MR_E_INVALID, 3123, "before its begin");
    expect_refused(f, version_of(7), newest, MR_E_NOT_FOUND, 3121, "no version 7");
    expect_refused(f, version_of(5), version_of(4), MR_E_INVALID, 3123, "version 4, before");
}

static void test_feed_off(void **state)
{
    struct fixture *f = *state;
    write_feed(f);
    write_commit(f, 7, METADATA(FIELDS, "'p'", OFF));
    write_commit(f, 8, ACTION("add", "g", ""));
    write_commit(f, 9, METADATA(FIELDS, "'p'", ON) ACTION("add", "h", ""));
    expect_refused(f, version_of(4), newest, MR_E_INVALID, 3123, "version 7");
    expect_refused(f, version_of(8), newest, MR_E_INVALID, 3123, "version 8");
    expect_feed(f, version_of(5), version_of(6), "5-c 5-d[z!y] 5+d[y!z] 6+d[z!]");
    expect_feed(f, version_of(9), newest, "9+h");
}

static void test_columns(void **state)
{
    struct fixture *f = *state;
    write_feed(f);
    /* A new column and a wider one go on as one feed. */
    write_commit(f, 7,
                 METADATA(FIELD("id", "long") "," FIELD("p", "integer") "," FIELD("n", "integer"),
                          "'p'", ON));
    write_commit(f, 8,
                 METADATA(FIELD("id", "long") "," FIELD("p", "integer") "," FIELD("n", "long"),
                          "'p'", ON) ACTION("add", "g", ""));
    expect_feed(f, version_of(6), newest, "6+d[z!] 8+g");
    write_commit(f, 9, METADATA(FIELD("id", "string") "," FIELD("p", "integer"), "'p'", ON));
    write_commit(f, 10, ACTION("add", "h", ""));
    expect_refused(f, version_of(7), newest, MR_E_INVALID, 3123, "columns of version 7");
    expect_feed(f, version_of(9), newest, "10+h");
    write_commit(f, 11,
                 METADATA(FIELD("id", "string") "," FIELD("p", "integer"), "'id'", ON));
    expect_refused(f, version_of(10), newest, MR_E_INVALID, 3123, "columns of version 10");
}

static void test_gone(void **state)
{
    struct fixture *f = *state;
    write_feed(f);
    write_commit(f, 7, REMOVE("d"));
    expect_refused(f, version_of(7), newest, MR_E_INVALID, 3123, "partition values");
    struct mr_table *table = open_at(f, 6);
    MUST(f, mr_table_checkpoint_write(table, &f->err));
    mr_table_close(table);
    remove_file(f, "_delta_log/00000000000000000005.json");
    remove_file(f, "_delta_log/00000000000000000004.json");
    expect_refused(f, version_of(4), version_of(6), MR_E_CORRUPT, 3102, "commit 4");
    expect_feed(f, version_of(6), version_of(6), "6+d[z!]");
}

/* ---- memory ---- */

/* Everything that reads a table, once. */
static mr_status read_all(struct fixture *f)
{
    struct mr_table_when from = version_of(0), at = ms_of(4000000000);
    struct mr_table_changes *changes = NULL;
    struct mr_table_history *history = NULL;
    struct mr_table_scan *scan = NULL;
    struct mr_table *table = NULL;
    struct mr_table_piece piece;
    struct mr_table_file file;
    struct mr_table_commit_entry entry;
    struct mr_table_detail detail;
    struct mr_span name = MR_SPAN("id");
    struct mr_predicate_term term = {&name, 1, MR_PREDICATE_IS_NULL, NULL, 0};
    struct mr_predicate predicate = {&term, 1};
    bool has = true;
    mr_status status = mr_table_open_at(f->io, &f->heap, f->path, &at, &table, &f->err);
    if (status == MR_E_NOT_FOUND) {
        status = mr_table_open_at(f->io, &f->heap, f->path, &from, &table, &f->err);
    }
    if (status == MR_OK) status = mr_table_scan_open(table, &predicate, &scan, &f->err);
    while (status == MR_OK && has) {
        status = mr_table_scan_next(scan, &f->arena, &file, &has, &f->err);
    }
    if (status == MR_OK) status = mr_table_history_open(table, &history, &f->err);
    for (has = true; status == MR_OK && has;) {
        status = mr_table_history_next(history, &f->arena, &entry, &has, &f->err);
    }
    if (status == MR_OK) status = mr_table_detail_read(table, &f->arena, &detail, &f->err);
    if (status == MR_OK) {
        status = mr_table_changes_open(f->io, &f->heap, f->path, &from, &newest, &changes, &f->err);
    }
    for (has = true; status == MR_OK && has;) {
        status = mr_table_changes_next(changes, &f->arena, &piece, &has, &f->err);
    }
    mr_table_changes_close(changes);
    mr_table_history_close(history);
    mr_table_scan_close(scan);
    mr_table_close(table);
    mr_arena_fini(&f->arena);
    mr_arena_init(&f->arena, &f->heap, 0);
    return status;
}

static void test_no_memory(void **state)
{
    struct fixture *f = *state;
    mr_status status = MR_E_NOMEM;
    write_feed(f);
    MUST(f, read_all(f)); /* the driver's room for open files has grown then */
    size_t used = f->heap.used_bytes;
    for (uint64_t n = 1; status != MR_OK; n++) {
        f->err.message[0] = '\0';
        mr_heap_fail_at(&f->heap, n);
        status = read_all(f);
        if (status != MR_OK) assert_int_equal(status, MR_E_NOMEM);
        if (status != MR_OK) assert_int_not_equal(f->err.message[0], 0);
        assert_int_equal(f->heap.used_bytes, used);
        assert_true(n < 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_moments, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_feed_off, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_columns, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_gone, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
