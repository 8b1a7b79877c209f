/* Shown: a table is created once, its commits follow one another, parts are committed once per
 * stream, two handles on one table see each other and rebase, evolution and enforcement work at the
 * commit, versions replaced by others are noticed and committed again, and a log that is damaged is
 * refused with the version it is about. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/port/files.h"
#include "core/table/table.h"
#include "io/posix/posix_io.h"
#include "tests/support/tempdir.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_io *io;
    char folder[MR_TEMPDIR_MAX];
    char path[MR_TEMPDIR_MAX + 16];
    struct mr_err err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct mr_posix_options options = {.seed = 1};
    mr_tempdir_make(f->folder);
    (void)snprintf(f->path, sizeof f->path, "%s/table", f->folder);
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->arena, &f->heap, 0);
    assert_int_equal(mr_posix_open(&f->heap, &options, &f->io, NULL), MR_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    mr_io_close(f->io);
    mr_arena_fini(&f->arena);
    assert_int_equal(f->heap.used_bytes, 0);
    mr_tempdir_remove(f->folder);
    free(f);
    return 0;
}

#define MUST(f, call)                                                                              \
    do {                                                                                           \
        mr_status must_ = (call);                                                                  \
        if (must_ != MR_OK) print_error("%s: %s\n", mr_status_name(must_), (f)->err.message);      \
        assert_int_equal(must_, MR_OK);                                                            \
    } while (0)

static const struct mr_type *schema_of(struct fixture *f, const struct mr_field *fields,
                                       uint32_t count)
{
    const struct mr_type *type = mr_type_struct(&f->arena, fields, count);
    assert_non_null(type);
    return type;
}

static struct mr_field field(const char *name, const struct mr_type *type, bool is_nullable)
{
    return (struct mr_field){.name = mr_span_of(name), .type = type, .is_nullable = is_nullable};
}

static const struct mr_type *plain_schema(struct fixture *f)
{
    struct mr_field fields[] = {field("id", mr_type_of(MR_TYPE_LONG), true),
                                field("name", mr_type_of(MR_TYPE_STRING), true)};
    return schema_of(f, fields, 2);
}

static struct mr_table *create(struct fixture *f, const struct mr_type *schema)
{
    struct mr_delta_property properties[] = {{MR_SPAN("delta.appendOnly"), MR_SPAN("true")}};
    struct mr_table_spec spec = {.schema = schema,
                                 .comment = MR_SPAN("a \"comment\""),
                                 .properties = properties,
                                 .property_count = 1,
                                 .engine = MR_SPAN("test")};
    struct mr_table *table = NULL;
    MUST(f, mr_table_create(f->io, &f->heap, f->path, &spec, &table, &f->err));
    return table;
}

static struct mr_table *open_table(struct fixture *f)
{
    struct mr_table *table = NULL;
    MUST(f, mr_table_open(f->io, &f->heap, f->path, &table, &f->err));
    return table;
}

/* A commit with one file `name`; app may be null. */
static mr_status append(struct fixture *f, struct mr_table *table, const char *name,
                        const char *app, int64_t epoch, struct mr_table_committed *out)
{
    struct mr_table_add add = {.path = mr_span_of(name),
                               .bytes = 10,
                               .modified_ms = 1,
                               .stats = MR_SPAN("{\"numRecords\":3}")};
    struct mr_table_part part = {
        .app_id = mr_span_of(app), .version = epoch, .adds = &add, .add_count = 1};
    struct mr_table_commit commit = {.parts = &part,
                                     .part_count = 1,
                                     .operation = MR_SPAN("STREAMING UPDATE"),
                                     .engine = MR_SPAN("test")};
    return mr_table_commit(table, &commit, out, &f->err);
}

static void test_create_open(void **state)
{
    struct fixture *f = *state;
    struct mr_table *table = create(f, plain_schema(f)), *again = NULL;
    const struct mr_delta_snapshot *s = mr_table_snapshot(table);
    assert_int_equal(s->version, 0);
    assert_int_equal(s->protocol.min_writer, 2);
    assert_int_equal(s->file_count, 0);
    assert_true(mr_span_is(s->metadata.description, "a \"comment\""));
    assert_true(mr_span_is(mr_delta_property(&s->metadata, "delta.appendOnly"), "true"));
    assert_true(mr_type_equal(s->schema, plain_schema(f)));
    struct mr_table_spec spec = {.schema = plain_schema(f), .engine = MR_SPAN("test")};
    assert_int_equal(mr_table_create(f->io, &f->heap, f->path, &spec, &again, &f->err),
                     MR_E_EXISTS);
    assert_int_equal(f->err.code, 3109);
    again = open_table(f);
    assert_true(mr_span_eq(mr_table_snapshot(again)->metadata.id, s->metadata.id));
    mr_table_close(again);
    mr_table_close(table);
}

static void test_absent(void **state)
{
    struct fixture *f = *state;
    struct mr_table *table = NULL;
    assert_int_equal(mr_table_open(f->io, &f->heap, f->path, &table, &f->err), MR_E_NOT_FOUND);
    assert_int_equal(f->err.code, 3101);
}

static void test_once_per_stream(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_table *table = create(f, plain_schema(f));
    MUST(f, append(f, table, "a.parquet", "app", 0, &done));
    assert_int_equal(done.version, 1);
    assert_false(done.was_there);
    MUST(f, append(f, table, "b.parquet", "app", 0, &done));
    assert_true(done.was_there);
    MUST(f, append(f, table, "b.parquet", "app", 1, &done));
    assert_int_equal(done.version, 2);
    assert_int_equal(mr_table_txn(table, MR_SPAN("app")), 1);
    assert_int_equal(mr_table_snapshot(table)->file_count, 2);
    assert_int_equal(mr_table_snapshot(table)->file_bytes, 20);
    mr_table_close(table);
    table = open_table(f);
    assert_int_equal(mr_table_snapshot(table)->version, 2);
    assert_int_equal(mr_table_txn(table, MR_SPAN("app")), 1);
    assert_int_equal(mr_table_txn(table, MR_SPAN("other")), MR_DELTA_NONE);
    MUST(f, append(f, table, "b.parquet", "app", 1, &done));
    assert_true(done.was_there);
    mr_table_close(table);
}

/* Two parts of which the table has one already: only the other goes in. */
static void test_parts(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_table *table = create(f, plain_schema(f));
    MUST(f, append(f, table, "a.parquet", "one", 5, &done));
    struct mr_table_add adds[] = {{.path = MR_SPAN("a.parquet"), .bytes = 1},
                                  {.path = MR_SPAN("b.parquet"), .bytes = 2}};
    struct mr_table_part parts[] = {
        {.app_id = MR_SPAN("one"), .version = 5, .adds = &adds[0], .add_count = 1},
        {.app_id = MR_SPAN("two"), .version = 0, .adds = &adds[1], .add_count = 1}};
    struct mr_table_commit commit = {.parts = parts,
                                     .part_count = 2,
                                     .operation = MR_SPAN("STREAMING UPDATE"),
                                     .engine = MR_SPAN("test")};
    MUST(f, mr_table_commit(table, &commit, &done, &f->err));
    assert_int_equal(done.version, 2);
    assert_int_equal(mr_table_snapshot(table)->file_bytes, 12);
    assert_int_equal(mr_table_txn(table, MR_SPAN("two")), 0);
    mr_table_close(table);
}

static void test_two_handles(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_table *a = create(f, plain_schema(f)), *b = open_table(f);
    for (int i = 0; i < 10; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%d.parquet", i);
        MUST(f, append(f, i % 2 ? a : b, name, i % 2 ? "a" : "b", i, &done));
        assert_int_equal(done.version, i + 1);
    }
    MUST(f, mr_table_refresh(a, &f->err));
    MUST(f, mr_table_refresh(b, &f->err));
    assert_int_equal(mr_table_snapshot(a)->file_count, 10);
    assert_int_equal(mr_table_snapshot(b)->file_count, 10);
    mr_table_close(a);
    mr_table_close(b);
}

static void test_evolution(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_table *table = create(f, plain_schema(f)), *other = open_table(f);
    struct mr_field fields[] = {field("id", mr_type_of(MR_TYPE_LONG), true),
                                field("at", mr_type_of(MR_TYPE_TIMESTAMP_NTZ), true)};
    struct mr_table_add add = {.path = MR_SPAN("n.parquet"), .bytes = 1};
    struct mr_table_part part = {.app_id = MR_SPAN("x"), .adds = &add, .add_count = 1};
    struct mr_table_commit commit = {.parts = &part,
                                     .part_count = 1,
                                     .schema = schema_of(f, fields, 2),
                                     .operation = MR_SPAN("STREAMING UPDATE"),
                                     .engine = MR_SPAN("test")};
    assert_int_equal(mr_table_commit(table, &commit, &done, &f->err), MR_E_SCHEMA);
    assert_int_equal(f->err.code, 3107);
    assert_non_null(strstr(f->err.message, "\"at\""));
    commit.may_add_columns = true;
    MUST(f, mr_table_commit(table, &commit, &done, &f->err));
    const struct mr_delta_snapshot *s = mr_table_snapshot(table);
    assert_int_equal(s->schema->field_count, 3);
    assert_int_equal(s->protocol.min_reader, 3);
    assert_int_equal(s->protocol.reader_count, 1);
    /* The other handle's rows of the old schema still fit. */
    MUST(f, append(f, other, "o.parquet", "y", 0, &done));
    assert_int_equal(mr_table_snapshot(other)->schema->field_count, 3);
    /* Spelling counts, and a type does not change. */
    fields[1].name = MR_SPAN("AT");
    part.version = 1;
    commit.schema = schema_of(f, fields, 2);
    assert_int_equal(mr_table_commit(table, &commit, &done, &f->err), MR_E_SCHEMA);
    fields[1] = field("at", mr_type_of(MR_TYPE_STRING), true);
    commit.schema = schema_of(f, fields, 2);
    assert_int_equal(mr_table_commit(table, &commit, &done, &f->err), MR_E_SCHEMA);
    assert_int_equal(f->err.code, 3106);
    assert_string_equal(f->err.message,
                        "column \"at\" is timestamp_ntz in the table, but string in the rows");
    mr_table_close(table);
    mr_table_close(other);
}

/* A table whose types may grow takes the wider rows; the narrower ones of a writer that had looked
 * before are refused, not filed as what they are not. */
static void test_widening(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_delta_property on = {MR_SPAN("delta.enableTypeWidening"), MR_SPAN("true")};
    struct mr_field fields[] = {field("n", mr_type_of(MR_TYPE_INT), true)};
    struct mr_table_spec spec = {.schema = schema_of(f, fields, 1),
                                 .properties = &on,
                                 .property_count = 1,
                                 .engine = MR_SPAN("test")};
    struct mr_table *table = NULL;
    MUST(f, mr_table_create(f->io, &f->heap, f->path, &spec, &table, &f->err));
    struct mr_table *other = open_table(f);
    struct mr_table_add add = {.path = MR_SPAN("n.parquet"), .bytes = 1};
    struct mr_table_part part = {.app_id = MR_SPAN("x"), .adds = &add, .add_count = 1};
    struct mr_table_commit narrow = {.parts = &part,
                                     .part_count = 1,
                                     .schema = spec.schema,
                                     .may_add_columns = true,
                                     .operation = MR_SPAN("STREAMING UPDATE"),
                                     .engine = MR_SPAN("test")};
    struct mr_table_commit wide = narrow;
    fields[0].type = mr_type_of(MR_TYPE_LONG);
    wide.schema = schema_of(f, fields, 1);
    wide.may_add_columns = false;
    assert_int_equal(mr_table_commit(table, &wide, &done, &f->err), MR_E_SCHEMA);
    assert_int_equal(f->err.code, 3106);
    wide.may_add_columns = true;
    MUST(f, mr_table_commit(table, &wide, &done, &f->err));
    assert_int_equal(done.version, 1);
    part.app_id = MR_SPAN("y");
    assert_int_equal(mr_table_commit(other, &narrow, &done, &f->err), MR_E_SCHEMA);
    assert_string_equal(f->err.message, "column \"n\" is bigint in the table, but int in the rows");
    mr_table_close(other);
    other = open_table(f);
    assert_int_equal(mr_table_snapshot(other)->version, 1);
    MUST(f, mr_table_can_append(other, &f->err));
    const struct mr_field *n = mr_table_snapshot(other)->schema->fields;
    assert_int_equal(n->type->id, MR_TYPE_LONG);
    assert_true(mr_span_is(n->metadata, "{\"delta.typeChanges\":[{\"fromType\":\"integer\","
                                        "\"toType\":\"long\"}]}"));
    mr_table_close(other);
    mr_table_close(table);
}

static void test_not_null_and_paths(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_field fields[] = {field("id", mr_type_of(MR_TYPE_LONG), false),
                                field("name", mr_type_of(MR_TYPE_STRING), true)};
    struct mr_table *table = create(f, schema_of(f, fields, 2));
    struct mr_table_add add = {.path = MR_SPAN("n.parquet"),
                               .bytes = 1,
                               .stats = MR_SPAN("{\"numRecords\":3,\"nullCount\":{\"id\":2}}")};
    struct mr_table_part part = {.app_id = MR_SPAN("x"), .adds = &add, .add_count = 1};
    struct mr_table_commit commit = {.parts = &part,
                                     .part_count = 1,
                                     .operation = MR_SPAN("STREAMING UPDATE"),
                                     .engine = MR_SPAN("test")};
    assert_int_equal(mr_table_commit(table, &commit, &done, &f->err), MR_E_SCHEMA);
    assert_int_equal(f->err.code, 3108);
    add.stats = MR_SPAN("{\"numRecords\":3,\"nullCount\":{\"id\":0}}");
    const char *const outside[] = {"/n", "../n", "a/../../n", "file:/n", "s3://b/n", ""};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        add.path = mr_span_of(outside[i]);
        assert_int_equal(mr_table_commit(table, &commit, &done, &f->err), MR_E_INVALID);
        assert_int_equal(f->err.code, 3114);
    }
    add.path = MR_SPAN("a b%.parquet");
    MUST(f, mr_table_commit(table, &commit, &done, &f->err));
    uint32_t cursor = 0;
    struct mr_delta_action action;
    while (mr_delta_snapshot_next(mr_table_snapshot(table), &cursor, &action)) {
        if (action.kind == MR_DELTA_ADD) {
            assert_true(mr_span_is(action.u.file.path, "a%20b%25.parquet"));
        }
    }
    mr_table_close(table);
}

static void log_name(struct fixture *f, int version, char *out, size_t bytes)
{
    (void)snprintf(out, bytes, "%s/_delta_log/%020d.json", f->path, version);
}

static void write_log(struct fixture *f, int version, const char *content)
{
    char path[MR_TEMPDIR_MAX + 64];
    log_name(f, version, path, sizeof path);
    MUST(f, mr_file_replace(f->io, path, mr_span_of(content), &f->err));
}

/* Another program renames its file over a version of ours, as Spark can on a local disk. */
static void test_overwritten(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_table *table = create(f, plain_schema(f));
    MUST(f, append(f, table, "a.parquet", "app", 0, &done));
    MUST(f, append(f, table, "b.parquet", "app", 1, &done));
    assert_int_equal(done.overwritten, 0);
    write_log(f, 2,
              "{\"commitInfo\":{\"operation\":\"WRITE\"}}\n"
              "{\"add\":{\"path\":\"theirs.parquet\",\"partitionValues\":{},\"size\":100,"
              "\"modificationTime\":1,\"dataChange\":true}}\n");
    MUST(f, append(f, table, "c.parquet", "app", 2, &done));
    assert_int_equal(done.overwritten, 1);
    assert_int_equal(done.version, 4);
    assert_int_equal(mr_table_snapshot(table)->file_bytes, 10 + 10 + 10 + 100);
    assert_int_equal(mr_table_txn(table, MR_SPAN("app")), 2);
    mr_table_close(table);
    table = open_table(f);
    assert_int_equal(mr_table_snapshot(table)->file_count, 4);
    assert_int_equal(mr_table_txn(table, MR_SPAN("app")), 2);
    mr_table_close(table);
}

static void test_damage(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_table *table = create(f, plain_schema(f));
    char path[MR_TEMPDIR_MAX + 64];
    for (int i = 0; i < 3; i++) MUST(f, append(f, table, "a.parquet", "app", i, &done));
    mr_table_close(table);
    write_log(f, 2, "{\"add\":{\"path\":\"x\",");
    assert_int_equal(mr_table_open(f->io, &f->heap, f->path, &table, &f->err), MR_E_CORRUPT);
    assert_non_null(strstr(f->err.origin, "00002.json"));
    log_name(f, 2, path, sizeof path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mr_table_open(f->io, &f->heap, f->path, &table, &f->err), MR_E_CORRUPT);
    assert_int_equal(f->err.code, 3102);
    assert_non_null(strstr(f->err.message, "commit 2 "));
    log_name(f, 0, path, sizeof path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mr_table_open(f->io, &f->heap, f->path, &table, &f->err), MR_E_CORRUPT);
    assert_int_equal(f->err.code, 3104);
}

static bool log_has(struct fixture *f, const char *name)
{
    char path[MR_TEMPDIR_MAX + 96];
    bool is_there = false;
    (void)snprintf(path, sizeof path, "%s/_delta_log/%s", f->path, name);
    MUST(f, mr_file_exists(f->io, path, &is_there, &f->err));
    return is_there;
}

static void test_upkeep(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_table *table = create(f, plain_schema(f));
    for (int i = 0; i < 25; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%d.parquet", i);
        MUST(f, append(f, table, name, "app", i, &done));
        MUST(f, mr_table_upkeep(table, &f->err));
    }
    assert_true(log_has(f, "00000000000000000010.checkpoint.parquet"));
    assert_true(log_has(f, "00000000000000000020.checkpoint.parquet"));
    assert_false(log_has(f, "00000000000000000015.checkpoint.parquet"));
    assert_true(log_has(f, "_last_checkpoint"));
    mr_table_close(table);
}

/* A process ends before its version's checksum is due: the next one of the same program writes it,
 * when the commit is old enough; another program does not. */
static void test_inherited_checksum(void **state)
{
    static const char first[] = "00000000000000000001.crc";
    struct fixture *f = *state;
    struct mr_table_committed done;
    char path[MR_TEMPDIR_MAX + 96];
    struct mr_table *table = create(f, plain_schema(f));
    MUST(f, append(f, table, "a.parquet", "app", 0, &done));
    MUST(f, mr_table_upkeep(table, &f->err));
    mr_table_close(table);
    for (int i = 0; i < 3; i++) {
        assert_false(log_has(f, first));
        table = open_table(f);
        MUST(f, mr_table_inherit(table, i == 1 ? MR_SPAN("testament/1") : MR_SPAN("test/2"),
                                 &f->err));
        MUST(f, mr_table_upkeep(table, &f->err));
        mr_table_close(table);
        struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000}};
        (void)snprintf(path, sizeof path, "%s/_delta_log/00000000000000000001.json", f->path);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    assert_true(log_has(f, first));
    table = open_table(f);
    MUST(f, mr_table_inherit(table, MR_SPAN("test"), &f->err));
    MUST(f, mr_table_upkeep(table, &f->err));
    mr_table_close(table);
}

/* Properties that ask for features, as version pairs or lists, and those refused by name. */
static void test_properties(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *key, *value, *protocol;
    } cases[] = {
        {"delta.enableChangeDataFeed", "true", "{\"minReaderVersion\":1,\"minWriterVersion\":4}"},
        {"delta.enableChangeDataFeed", "false", "{\"minReaderVersion\":1,\"minWriterVersion\":2}"},
        {"delta.feature.appendOnly", "supported",
         "{\"minReaderVersion\":1,\"minWriterVersion\":2}"},
        {"delta.enableInCommitTimestamps", "TRUE",
         "{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":[\"appendOnly\","
         "\"invariants\",\"inCommitTimestamp\"]}"},
        {"delta.enableDeletionVectors", "true",
         "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
         "[\"deletionVectors\"],\"writerFeatures\":[\"appendOnly\",\"invariants\","
         "\"deletionVectors\"]}"},
        {"delta.enableRowTracking", "true", NULL},
        {"delta.columnMapping.mode", "name", NULL},
        {"delta.constraints.positive", "id > 0", NULL},
        {"delta.feature.brandNew", "supported", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_delta_property property = {mr_span_of(cases[i].key), mr_span_of(cases[i].value)};
        struct mr_table_spec spec = {.schema = plain_schema(f),
                                     .properties = &property,
                                     .property_count = 1,
                                     .engine = MR_SPAN("test")};
        struct mr_table *table = NULL;
        struct mr_text text;
        (void)snprintf(f->path, sizeof f->path, "%s/t%zu", f->folder, i);
        mr_status status = mr_table_create(f->io, &f->heap, f->path, &spec, &table, &f->err);
        if (cases[i].protocol == NULL) {
            assert_int_equal(status, MR_E_UNSUPPORTED);
            assert_int_equal(access(f->path, F_OK), -1);
            continue;
        }
        assert_int_equal(status, MR_OK);
        mr_text_init(&text, &f->heap);
        mr_delta_protocol_encode(&mr_table_snapshot(table)->protocol, &text);
        assert_string_equal(text.at, cases[i].protocol);
        mr_text_fini(&text);
        mr_table_close(table);
    }
}

/* In-commit times rise, also when the clock does not and after a start from a log checkpoint. */
static void test_in_commit_times(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_delta_property property = {MR_SPAN("delta.enableInCommitTimestamps"),
                                         MR_SPAN("true")};
    struct mr_table_spec spec = {.schema = plain_schema(f),
                                 .properties = &property,
                                 .property_count = 1,
                                 .engine = MR_SPAN("test")};
    struct mr_table *table = NULL;
    MUST(f, mr_table_create(f->io, &f->heap, f->path, &spec, &table, &f->err));
    int64_t before = mr_table_snapshot(table)->in_commit_ms;
    for (int i = 0; i < 9; i++) {
        MUST(f, append(f, table, "a.parquet", "app", i, &done));
        assert_true(mr_table_snapshot(table)->in_commit_ms > before);
        before = mr_table_snapshot(table)->in_commit_ms;
    }
    int64_t future = before + 1000000000;
    char text[200];
    (void)snprintf(text, sizeof text, "{\"commitInfo\":{\"inCommitTimestamp\":%lld}}\n",
                   (long long)future);
    write_log(f, 10, text);
    for (int i = 11; i < 21; i++) {
        MUST(f, append(f, table, "a.parquet", "app", i, &done));
        assert_int_equal(mr_table_snapshot(table)->in_commit_ms, ++future);
    }
    MUST(f, mr_table_upkeep(table, &f->err));
    assert_true(log_has(f, "00000000000000000020.checkpoint.parquet"));
    mr_table_close(table);
    table = open_table(f);
    MUST(f, append(f, table, "a.parquet", "app", 30, &done));
    assert_int_equal(mr_table_snapshot(table)->in_commit_ms, future + 1);
    mr_table_close(table);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    struct mr_table_committed done;
    struct mr_table *table = create(f, plain_schema(f));
    write_log(f, 1,
              "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
              "\"writerFeatures\":[\"rowTracking\"]}}\n");
    assert_int_equal(append(f, table, "a.parquet", "app", 0, &done), MR_E_UNSUPPORTED);
    assert_int_equal(f->err.code, 3103);
    assert_non_null(strstr(f->err.message, "rowTracking"));
    mr_table_close(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_once_per_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_handles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_evolution, setup, teardown),
        cmocka_unit_test_setup_teardown(test_widening, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_null_and_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overwritten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upkeep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_inherited_checksum, setup, teardown),
        cmocka_unit_test_setup_teardown(test_properties, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_commit_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
