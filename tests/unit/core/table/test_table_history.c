/* Shown: a table's commits come newest first with what their commitInfo says, or nothing of it, and
 * with the times that time travel goes by; and the detail of a table has its files, features of old
 * versions too, and clustering columns by the table's names. */
#include "tests/unit/core/table/log_fixture.h"

#include <fcntl.h>

#include "core/base/calendar.h"
#include "core/table/table_history.h"

static void set_time(struct fixture *f, int version, int64_t s)
{
    char path[MR_TEMPDIR_MAX + 64];
    struct timespec times[2] = {{s, 0}, {s, 0}};
    (void)snprintf(path, sizeof path, "%s/_delta_log/%020d.json", f->path, version);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void expect_span(struct mr_span span, const char *want)
{
    if (want == NULL) {
        assert_null(span.text);
        return;
    }
    assert_int_equal(span.bytes, strlen(want));
    assert_memory_equal(span.text, want, span.bytes);
}

static const char full_info[] =
    "{'commitInfo':{'timestamp':5,'userId':'7','userName':'ann','operation':'WRITE',"
    "'operationParameters':{'mode':'Append'},'job':{'jobId':'1'},'notebook':{'notebookId':'2'},"
    "'clusterId':'c','readVersion':0,'isolationLevel':'Serializable','isBlindAppend':true,"
    "'operationMetrics':{'numFiles':'1'},'userMetadata':'note','engineInfo':'e/1'}}\n";

static void test_history(void **state)
{
    struct fixture *f = *state;
    struct mr_table_history *history = NULL;
    struct mr_table_commit_entry entries[5];
    bool has_entry = true;
    uint32_t count = 0;
    write_commit(f, 0, PROTOCOL METADATA(FIELD("id", "long"), "", ""));
    write_commit(f, 1, full_info);
    write_commit(f, 2, "{'commitInfo':{'operation':7,'isBlindAppend':false}}\n" ADD("a"));
    write_commit(f, 3, ADD("b"));
    for (int version = 0; version < 4; version++) set_time(f, version, 100 - version);
    struct mr_table *table = open_at(f, 2);
    MUST(f, mr_table_history_open(table, &history, &f->err));
    for (;; count++) {
        MUST(f, mr_table_history_next(history, &f->arena, &entries[count], &has_entry, &f->err));
        if (!has_entry) break;
        assert_true(count < 4);
    }
    assert_int_equal(count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(entries[i].version, 2 - i);
        assert_int_equal(entries[i].time_us, 100 * MR_US_PER_S + (2 - i) * MR_US_PER_MS);
    }
    expect_span(entries[0].operation, NULL);
    assert_true(entries[0].has_blind_append && !entries[0].is_blind_append);
    assert_int_equal(entries[0].read_version, MR_DELTA_NONE);
    expect_span(entries[1].user_id, "7");
    expect_span(entries[1].user_name, "ann");
    expect_span(entries[1].operation, "WRITE");
    expect_span(entries[1].parameters, "{\"mode\":\"Append\"}");
    expect_span(entries[1].job, "{\"jobId\":\"1\"}");
    expect_span(entries[1].notebook, "{\"notebookId\":\"2\"}");
    expect_span(entries[1].cluster_id, "c");
    expect_span(entries[1].isolation_level, "Serializable");
    expect_span(entries[1].metrics, "{\"numFiles\":\"1\"}");
    expect_span(entries[1].user_metadata, "note");
    expect_span(entries[1].engine, "e/1");
    assert_int_equal(entries[1].read_version, 0);
    assert_true(entries[1].has_blind_append && entries[1].is_blind_append);
    assert_false(entries[2].has_blind_append);
    expect_span(entries[2].engine, NULL);
    mr_table_history_close(history);
    mr_table_close(table);
}

static void test_detail(void **state)
{
    static const char *const features[] = {"appendOnly", "changeDataFeed", "checkConstraints",
                                           "columnMapping", "generatedColumns", "invariants"};
    struct fixture *f = *state;
    struct mr_table_detail detail;
    write_commit(f, 0,
                 "{'protocol':{'minReaderVersion':2,'minWriterVersion':5}}\n"
                 "{'metaData':{'id':'t','name':'n','description':'d','createdTime':7,"
                 "'schemaString':'{\\'type\\':\\'struct\\',\\'fields\\':[" FIELD("p", "date")
                 ",{\\'name\\':\\'s\\',\\'type\\':{\\'type\\':\\'struct\\',\\'fields\\':["
                 "{\\'name\\':\\'x\\',\\'type\\':\\'long\\',\\'nullable\\':true,\\'metadata\\':{}}"
                 "]},\\'nullable\\':true,\\'metadata\\':{}}]}','partitionColumns':['p'],"
                 "'configuration':{'k':'v'}}}\n"
                 "{'domainMetadata':{'domain':'delta.clustering','configuration':"
                 "'{\\'clusteringColumns\\':[[\\'s\\',\\'x\\'],[\\'gone\\']]}','removed':false}}\n"
                 ADD("a") ADD("b"));
    set_time(f, 0, 50);
    struct mr_table *table = open_newest(f);
    MUST(f, mr_table_detail_read(table, &f->arena, &detail, &f->err));
    expect_span(detail.id, "t");
    expect_span(detail.name, "n");
    expect_span(detail.description, "d");
    assert_string_equal(detail.location, f->path);
    assert_int_equal(detail.created_us, 7000);
    assert_int_equal(detail.modified_us, 50 * MR_US_PER_S);
    assert_int_equal(detail.partition_count, 1);
    expect_span(detail.partition_columns[0], "p");
    assert_int_equal(detail.clustering_count, 1);
    expect_span(detail.clustering_columns[0], "s.x");
    assert_int_equal(detail.file_count, 2);
    assert_int_equal(detail.bytes, 20);
    assert_int_equal(detail.property_count, 1);
    expect_span(detail.properties[0].value, "v");
    assert_int_equal(detail.min_reader, 2);
    assert_int_equal(detail.min_writer, 5);
    assert_int_equal(detail.feature_count, 6);
    for (uint32_t i = 0; i < 6; i++) expect_span(detail.features[i], features[i]);
    mr_table_close(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_history, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_detail, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
