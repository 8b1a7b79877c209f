/* Shown: the newest action on a key counts, also across paths that are spelled differently and
 * across deletion vectors; memory follows what is live and not the length of the log; removes
 * expire; protocols are refused by the feature's name; a log checkpoint's rows give the same
 * snapshot; and every failing allocation is reported and leaks nothing. */
#include "tests/unit/core/format/delta/delta_fixture.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/format/delta/delta_crc.h"
#include "core/format/delta/delta_protocol.h"
#include "core/format/delta/delta_rows.h"

#define SCHEMA                                                                                     \
    "{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"id\\\",\\\"type\\\":"          \
    "\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}"

static const char head[] =
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
    "{\"metaData\":{\"id\":\"t\",\"schemaString\":\"" SCHEMA "\",\"partitionColumns\":[],"
    "\"configuration\":{\"delta.appendOnly\":\"false\"}}}\n";

static void replay(struct fixture *f, struct mr_delta_snapshot *s, const char *text)
{
    MUST(f, mr_delta_snapshot_replay(s, &f->scratch, mr_span_of(text), NULL, NULL, &f->err));
}

static void test_newest_counts(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_snapshot s;
    mr_delta_snapshot_init(&s, &f->heap);
    replay(f, &s, head);
    replay(f, &s,
           "{\"add\":{\"path\":\"a%20b\",\"partitionValues\":{},\"size\":10}}\n"
           "{\"add\":{\"path\":\"c\",\"partitionValues\":{},\"size\":5}}\n"
           "{\"txn\":{\"appId\":\"q\",\"version\":7}}\n"
           "{\"txn\":{\"appId\":\"r\",\"version\":1}}\n"
           "{\"domainMetadata\":{\"domain\":\"d\",\"configuration\":\"1\",\"removed\":false}}\n");
    replay(f, &s,
           "{\"remove\":{\"path\":\"%61%20%62\",\"deletionTimestamp\":50,\"dataChange\":true}}\n"
           "{\"remove\":{\"path\":\"never\",\"deletionTimestamp\":50,\"dataChange\":true}}\n"
           "{\"add\":{\"path\":\"c\",\"partitionValues\":{},\"size\":6}}\n"
           "{\"txn\":{\"appId\":\"q\",\"version\":3}}\n"
           "{\"domainMetadata\":{\"domain\":\"d\",\"configuration\":\"\",\"removed\":true}}\n");
    MUST(f, mr_delta_snapshot_settle(&s, &f->err));
    assert_int_equal(s.file_count, 1);
    assert_int_equal(s.file_bytes, 6);
    assert_int_equal(s.remove_count, 2);
    assert_int_equal(s.txn_count, 2);
    assert_int_equal(mr_delta_snapshot_txn(&s, MR_SPAN("q")), 3);
    assert_int_equal(mr_delta_snapshot_txn(&s, MR_SPAN("r")), 1);
    assert_int_equal(mr_delta_snapshot_txn(&s, MR_SPAN("c")), MR_DELTA_NONE);
    assert_int_equal(s.schema->field_count, 1);
    uint32_t cursor = 0, seen = 0;
    struct mr_delta_action action;
    while (mr_delta_snapshot_next(&s, &cursor, &action)) {
        assert_int_not_equal(action.kind, MR_DELTA_DOMAIN); /* it was removed */
        seen++;
    }
    assert_int_equal(seen, 1 + 2 + 2);
    mr_delta_snapshot_fini(&s);
}

/* The same path with another vector is another logical file. */
static void test_deletion_vectors(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_snapshot s;
    mr_delta_snapshot_init(&s, &f->heap);
    replay(f, &s, head);
    replay(f, &s, "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":10}}\n");
    replay(f, &s,
           "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":10,\"deletionVector\":"
           "{\"storageType\":\"u\",\"pathOrInlineDv\":\"x\",\"offset\":1,\"sizeInBytes\":3,"
           "\"cardinality\":2}}}\n"
           "{\"remove\":{\"path\":\"a\",\"deletionTimestamp\":1,\"dataChange\":true}}\n");
    assert_int_equal(s.file_count, 1);
    uint32_t cursor = 0;
    struct mr_delta_action action;
    bool has_vector = false;
    while (mr_delta_snapshot_next(&s, &cursor, &action)) {
        if (action.kind != MR_DELTA_ADD) continue;
        has_vector = action.u.file.dv.storage == 'u' && action.u.file.dv.cardinality == 2;
        mr_delta_dv_write(&action.u.file.dv, &f->text);
        expect_text(f, "ux@1");
    }
    assert_true(has_vector);
    mr_delta_snapshot_fini(&s);
}

static void test_memory(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_snapshot s;
    char text[512];
    mr_delta_snapshot_init(&s, &f->heap);
    replay(f, &s, head);
    s.expire_ms = 1000000;
    /* 20,000 generations of 10 files: each adds 10 and removes the 10 before it. */
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(text, sizeof text,
                       "{\"add\":{\"path\":\"part-%d\",\"partitionValues\":{},\"size\":1}}\n"
                       "{\"remove\":{\"path\":\"part-%d\",\"deletionTimestamp\":%d,"
                       "\"dataChange\":true}}\n",
                       i, i - 10, i);
        replay(f, &s, text);
    }
    assert_int_equal(s.file_count, 10);
    assert_true(f->heap.peak_bytes < 1 << 20);
    mr_delta_snapshot_fini(&s);
}

static void test_protocols(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *protocol;
        const char *properties;
        bool can_read, can_write;
        const char *word;
    } cases[] = {
        {"\"minReaderVersion\":1,\"minWriterVersion\":6", "", true, true, NULL},
        {"\"minReaderVersion\":2,\"minWriterVersion\":5", "", true, true, NULL},
        {"\"minReaderVersion\":2,\"minWriterVersion\":5", "\"delta.columnMapping.mode\":\"name\"",
         true, false, "columnMapping"},
        {"\"minReaderVersion\":1,\"minWriterVersion\":3",
         "\"delta.constraints.positive\":\"id > 0\"", true, false, "positive"},
        {"\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"timestampNtz\"],"
         "\"writerFeatures\":[\"timestampNtz\",\"domainMetadata\"]",
         "", true, true, NULL},
        {"\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"brandNew\"],"
         "\"writerFeatures\":[\"brandNew\"]",
         "", false, false, "brandNew"},
        {"\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":[\"rowTracking\"]", "",
         true, false, "rowTracking"},
        {"\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"catalogManaged\"],"
         "\"writerFeatures\":[\"catalogManaged\"]",
         "", false, false, "catalogManaged"},
        /* Its newest commits lie elsewhere, whatever lists say. */
        {"\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["
         "\"coordinatedCommits-preview\"]",
         "", false, false, "coordinatedCommits-preview"},
        {"\"minReaderVersion\":4,\"minWriterVersion\":7", "", false, false, "version 4"},
        {"\"minReaderVersion\":1,\"minWriterVersion\":8", "", true, false, "version 8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_delta_snapshot s;
        char text[1024];
        (void)snprintf(text, sizeof text,
                       "{\"protocol\":{%s}}\n{\"metaData\":{\"id\":\"t\",\"schemaString\":\"" SCHEMA
                       "\",\"partitionColumns\":[],\"configuration\":{%s}}}\n",
                       cases[i].protocol, cases[i].properties);
        mr_delta_snapshot_init(&s, &f->heap);
        replay(f, &s, text);
        mr_status status = mr_delta_snapshot_settle(&s, &f->err);
        assert_int_equal(status == MR_OK, cases[i].can_read);
        if (status == MR_OK) status = mr_delta_can_append(&s, &f->err);
        assert_int_equal(status, cases[i].can_write ? MR_OK : MR_E_UNSUPPORTED);
        if (status != MR_OK) assert_non_null(strstr(f->err.message, cases[i].word));
        mr_delta_snapshot_fini(&s);
    }
}

static void test_missing(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_snapshot s;
    mr_delta_snapshot_init(&s, &f->heap);
    assert_int_equal(mr_delta_snapshot_settle(&s, &f->err), MR_E_CORRUPT);
    replay(f, &s, "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n");
    assert_int_equal(mr_delta_snapshot_settle(&s, &f->err), MR_E_CORRUPT);
    assert_non_null(strstr(f->err.message, "metaData"));
    mr_delta_snapshot_fini(&s);
}

/* ---- log checkpoints ---- */

static void state_text(struct fixture *f, const struct mr_delta_snapshot *s, struct mr_text *out)
{
    /* Order of the walk depends on the table's size only; both have the same. */
    uint32_t cursor = 0;
    struct mr_delta_action action;
    (void)f;
    mr_delta_protocol_encode(&s->protocol, out);
    mr_delta_metadata_encode(&s->metadata, out);
    while (mr_delta_snapshot_next(s, &cursor, &action)) {
        if (action.kind <= MR_DELTA_REMOVE) action.u.file.is_data_change = false;
        if (action.kind == MR_DELTA_REMOVE) {
            action.u.file.stats = action.u.file.tags = (struct mr_span){NULL, 0};
        }
        mr_delta_action_encode(&action, out);
    }
}

static void fill_many(struct fixture *f, struct mr_delta_snapshot *s, int count)
{
    char text[512];
    replay(f, s, head);
    for (int i = 0; i < count; i++) {
        (void)snprintf(text, sizeof text,
                       "{\"add\":{\"path\":\"p=%d/file-%d.parquet\",\"partitionValues\":{\"p\":%s},"
                       "\"size\":%d,\"modificationTime\":5,\"dataChange\":true,\"stats\":"
                       "\"{\\\"numRecords\\\":%d}\",\"tags\":{\"a\":\"b\"}}}\n",
                       i % 3, i, i % 3 ? "\"1\"" : "null", i, i);
        replay(f, s, text);
    }
    replay(
        f, s,
        "{\"add\":{\"path\":\"dv\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"
        "\"dataChange\":true,\"deletionVector\":{\"storageType\":\"i\",\"pathOrInlineDv\":\"zz\","
        "\"sizeInBytes\":3,\"cardinality\":2}}}\n"
        "{\"remove\":{\"path\":\"r\",\"deletionTimestamp\":77,\"dataChange\":true}}\n"
        "{\"remove\":{\"path\":\"x\",\"deletionTimestamp\":78,\"dataChange\":true,"
        "\"extendedFileMetadata\":true,\"partitionValues\":{\"p\":\"2\"},\"size\":4}}\n"
        "{\"txn\":{\"appId\":\"q\",\"version\":7,\"lastUpdated\":3}}\n"
        "{\"txn\":{\"appId\":\"\",\"version\":8}}\n"
        "{\"domainMetadata\":{\"domain\":\"d\",\"configuration\":\"{}\",\"removed\":false}}\n");
}

/* Snapshot to batches and back; returns the status of whatever failed first. */
static mr_status through_rows(struct fixture *f, const struct mr_delta_snapshot *from,
                              struct mr_delta_snapshot *to, uint64_t *out_rows)
{
    struct mr_arena arena, schema_arena;
    struct mr_delta_rows rows;
    struct mr_batch batch = {.rows = 0};
    mr_arena_init(&arena, &f->heap, 0);
    mr_arena_init(&schema_arena, &f->heap, 0);
    const struct mr_type *schema = mr_delta_rows_schema(&schema_arena);
    mr_status status = schema == NULL ? MR_E_NOMEM : MR_OK;
    mr_delta_rows_init(&rows, &f->heap, from, schema);
    while (status == MR_OK) {
        status = mr_delta_rows_next(&rows, &arena, &batch, &f->err);
        if (status != MR_OK || batch.rows == 0) break;
        mr_batch_check(&batch);
        status = mr_delta_rows_apply(to, &f->scratch, &batch, NULL, NULL, &f->err);
        mr_arena_reset(&arena);
    }
    *out_rows = rows.row_count;
    mr_delta_rows_fini(&rows);
    mr_arena_fini(&schema_arena);
    mr_arena_fini(&arena);
    return status;
}

static void check_rows(struct fixture *f, int count)
{
    struct mr_delta_snapshot from, to;
    struct mr_text other;
    uint64_t rows = 0;
    mr_text_init(&other, &f->heap);
    mr_delta_snapshot_init(&from, &f->heap);
    mr_delta_snapshot_init(&to, &f->heap);
    fill_many(f, &from, count);
    MUST(f, through_rows(f, &from, &to, &rows));
    MUST(f, mr_delta_snapshot_settle(&to, &f->err));
    assert_int_equal(rows, (uint64_t)count + 1 + 2 + 2 + 1 + 2);
    assert_int_equal(to.file_count, from.file_count);
    assert_int_equal(to.file_bytes, from.file_bytes);
    assert_int_equal(to.remove_count, 2);
    assert_int_equal(mr_delta_snapshot_txn(&to, MR_SPAN("q")), 7);
    assert_int_equal(mr_delta_snapshot_txn(&to, MR_SPAN("")), 8);
    if (from.slot_count == to.slot_count && count < 100) {
        state_text(f, &from, &f->text);
        state_text(f, &to, &other);
        expect_text(f, other.at);
    }
    mr_delta_snapshot_fini(&from);
    mr_delta_snapshot_fini(&to);
    mr_text_fini(&other);
}

static void test_rows(void **state)
{
    check_rows(*state, 0);
    check_rows(*state, 20);
    check_rows(*state, MR_BATCH_ROWS_MAX - 8);
    check_rows(*state, MR_BATCH_ROWS_MAX + 1000);
}

static void test_crc(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_snapshot s;
    mr_delta_snapshot_init(&s, &f->heap);
    fill_many(f, &s, 3);
    MUST(f, mr_delta_snapshot_settle(&s, &f->err));
    mr_delta_crc_write(&s, MR_SPAN("id"), &f->text);
    MUST(f, mr_delta_crc_check(&s, &f->scratch, mr_text_span(&f->text), &f->err));
    replay(f, &s, "{\"add\":{\"path\":\"more\",\"partitionValues\":{},\"size\":0}}\n");
    assert_int_equal(mr_delta_crc_check(&s, &f->scratch, mr_text_span(&f->text), &f->err),
                     MR_E_CORRUPT);
    assert_non_null(strstr(f->err.message, "numFiles"));
    mr_delta_snapshot_fini(&s);
}

/* Fails the n-th allocation of a whole round: fill, rows, apply, settle; n = 1, 2, ... */
static void test_no_memory(void **state)
{
    struct fixture *f = *state;
    for (uint64_t n = 1;; n++) {
        struct mr_delta_snapshot from, to;
        struct mr_text text;
        uint64_t rows = 0;
        mr_delta_snapshot_init(&from, &f->heap);
        mr_delta_snapshot_init(&to, &f->heap);
        mr_text_init(&text, &f->heap);
        mr_heap_fail_at(&f->heap, n);
        mr_status status = MR_OK;
        for (size_t i = 0; i < 2 && status == MR_OK; i++) {
            struct mr_span content = i == 0 ? MR_SPAN(head)
                                            : MR_SPAN("{\"add\":{\"path\":\"more\","
                                                      "\"partitionValues\":{\"a\":\"b\"},"
                                                      "\"size\":0}}\n{\"txn\":{\"appId\":\"q\","
                                                      "\"version\":1}}\n");
            status = mr_delta_snapshot_replay(&from, &f->scratch, content, NULL, NULL, &f->err);
        }
        if (status == MR_OK) status = through_rows(f, &from, &to, &rows);
        if (status == MR_OK) status = mr_delta_snapshot_settle(&to, &f->err);
        bool has_failed = f->heap.fail_at == 0;
        f->heap.fail_at = 0;
        if (has_failed) assert_int_equal(status, MR_E_NOMEM);
        if (!has_failed) assert_int_equal(status, MR_OK);
        mr_delta_snapshot_fini(&from);
        mr_delta_snapshot_fini(&to);
        mr_text_fini(&text);
        mr_arena_fini(&f->scratch);
        mr_arena_init(&f->scratch, &f->heap, 0);
        assert_int_equal(f->heap.used_bytes, 0);
        if (!has_failed) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_newest_counts), WITH_FIXTURE(test_deletion_vectors),
        WITH_FIXTURE(test_memory),        WITH_FIXTURE(test_protocols),
        WITH_FIXTURE(test_missing),       WITH_FIXTURE(test_rows),
        WITH_FIXTURE(test_crc),           WITH_FIXTURE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
