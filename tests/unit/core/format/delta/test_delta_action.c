/* Shown: every kind of action survives decoding and encoding, what is unknown is passed over, what
 * is malformed is refused with the field's name, and conflicts follow the table in
 * delta_conflict.h row by row. */
#include "tests/unit/core/format/delta/delta_fixture.h"

#include "core/format/delta/delta_conflict.h"

/* Lines whose encoding must be the line itself. */
static const char *const lines[] = {
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n",
    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[],"
    "\"writerFeatures\":[\"appendOnly\",\"x\"]}}\n",
    "{\"metaData\":{\"id\":\"i\",\"name\":\"n\",\"description\":\"d\",\"format\":{\"provider\":"
    "\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\"}\","
    "\"partitionColumns\":[\"a\",\"b\"],\"configuration\":{\"k\":\"v\",\"l\":\"\"},"
    "\"createdTime\":5}}\n",
    "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
    "\"schemaString\":\"s\",\"partitionColumns\":[],\"configuration\":{}}}\n",
    "{\"add\":{\"path\":\"a%20b\",\"partitionValues\":{\"a\":null,\"b\":\"1\"},\"size\":7,"
    "\"modificationTime\":8,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":1}\","
    "\"tags\":{\"t\":\"u\"},\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"ab\","
    "\"offset\":1,\"sizeInBytes\":2,\"cardinality\":3},\"baseRowId\":4,"
    "\"defaultRowCommitVersion\":9}}\n",
    "{\"remove\":{\"path\":\"p\",\"deletionTimestamp\":1,\"dataChange\":false,"
    "\"extendedFileMetadata\":true,\"partitionValues\":{},\"size\":3}}\n",
    "{\"remove\":{\"path\":\"p\",\"deletionTimestamp\":1,\"dataChange\":true}}\n",
    "{\"cdc\":{\"path\":\"_change_data/c\",\"partitionValues\":{},\"size\":3,"
    "\"dataChange\":false}}\n",
    "{\"txn\":{\"appId\":\"q\",\"version\":-3,\"lastUpdated\":2}}\n",
    "{\"txn\":{\"appId\":\"\",\"version\":9223372036854775807}}\n",
    "{\"domainMetadata\":{\"domain\":\"d\",\"configuration\":\"{}\",\"removed\":true}}\n",
    "{\"commitInfo\":{\"timestamp\":1,\"x\":[1,{\"y\":null}],\"txnId\":\"t\"}}\n",
};

static void test_round_trip(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct mr_delta_action action;
        struct mr_span text = mr_span_of(lines[i]), line;
        assert_true(mr_delta_line(&text, &line));
        MUST(f, mr_delta_action_decode(&f->arena, line, &action, &f->err));
        assert_int_not_equal(action.kind, MR_DELTA_OTHER);
        mr_delta_action_encode(&action, &f->text);
        expect_text(f, lines[i]);
    }
}

static void test_unknown(void **state)
{
    struct fixture *f = *state;
    static const char *const unknown[] = {"{}", "{\"newThing\":{\"path\":1}}", "{\"add\":null}",
                                          "{\"checkpointMetadata\":{}}"};
    struct mr_delta_action action;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        MUST(f, mr_delta_action_decode(&f->arena, mr_span_of(unknown[i]), &action, &f->err));
        assert_int_equal(action.kind, MR_DELTA_OTHER);
    }
    MUST(f, mr_delta_action_decode(&f->arena,
                                   MR_SPAN("{\"txn\":{\"new\":{},\"appId\":\"a\",\"version\":1}}"),
                                   &action, &f->err));
    assert_int_equal(action.kind, MR_DELTA_TXN);
}

static void test_malformed(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line;
        const char *word;
    } cases[] = {
        {"[1]", "object"},
        {"{\"add\":{\"size\":1}}", "path"},
        {"{\"add\":{\"path\":\"\",\"size\":1}}", "path"},
        {"{\"add\":{\"path\":\"a\"}}", "size"},
        {"{\"add\":{\"path\":\"a\",\"size\":-1}}", "size"},
        {"{\"add\":{\"path\":\"a\",\"size\":1,\"deletionVector\":{\"storageType\":\"x\"}}}",
         "storageType"},
        {"{\"txn\":{\"version\":1}}", "appId"},
        {"{\"txn\":{\"appId\":\"a\",\"version\":\"1\"}}", "version"},
        {"{\"protocol\":{\"minReaderVersion\":1}}", "minWriterVersion"},
        {"{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[1]}}",
         "list"},
        {"{\"metaData\":{\"id\":\"a\"}}", "schemaString"},
        {"{\"domainMetadata\":{}}", "domain"},
    };
    struct mr_delta_action action;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            mr_delta_action_decode(&f->arena, mr_span_of(cases[i].line), &action, &f->err),
            MR_E_CORRUPT);
        assert_int_equal(f->err.code, 3102);
        assert_non_null(strstr(f->err.message, cases[i].word));
    }
}

static void test_lines(void **state)
{
    struct mr_span text = MR_SPAN("\n a \r\n\n\nb"), line;
    (void)state;
    assert_true(mr_delta_line(&text, &line) && mr_span_is(line, "a"));
    assert_true(mr_delta_line(&text, &line) && mr_span_is(line, "b"));
    assert_false(mr_delta_line(&text, &line));
}

/* ---- conflicts ---- */

static struct mr_delta_action txn(const char *app)
{
    return (struct mr_delta_action){.kind = MR_DELTA_TXN, .u.txn.app_id = mr_span_of(app)};
}

static struct mr_delta_action domain(const char *name)
{
    return (struct mr_delta_action){.kind = MR_DELTA_DOMAIN, .u.domain.domain = mr_span_of(name)};
}

static struct mr_delta_action file(mr_delta_kind kind, const char *path, bool is_data_change)
{
    return (struct mr_delta_action){
        .kind = kind, .u.file = {.path = mr_span_of(path), .is_data_change = is_data_change}};
}

static void test_conflicts(void **state)
{
    struct mr_delta_action own[] = {txn("us"), domain("d"), file(MR_DELTA_REMOVE, "gone", true)};
    struct mr_span read[] = {MR_SPAN("read")};
    struct mr_delta_intent append = {.actions = own, .action_count = 1, .is_data_change = true};
    struct mr_delta_intent merge = {.actions = own,
                                    .action_count = 3,
                                    .read_paths = read,
                                    .read_count = 1,
                                    .is_data_change = true};
    struct mr_delta_intent overwrite = {.has_read_all = true, .is_data_change = true};
    struct mr_delta_intent rearrange = {
        .actions = &own[2], .action_count = 1, .has_read_all = true};
    struct mr_delta_action dv = file(MR_DELTA_REMOVE, "gone", true);
    dv.u.file.dv = (struct mr_delta_dv){.storage = 'u', .place = MR_SPAN("x"), .off = 1};
    const struct {
        struct mr_delta_action winner;
        mr_delta_conflict append, merge, overwrite, rearrange;
    } matrix[] = {
        {{.kind = MR_DELTA_PROTOCOL}, 1, 1, 1, 1},
        {{.kind = MR_DELTA_METADATA}, 2, 2, 2, 2},
        {txn("us"), MR_DELTA_CONFLICT_TXN, MR_DELTA_CONFLICT_TXN, 0, 0},
        {txn("them"), 0, 0, 0, 0},
        {domain("d"), 0, MR_DELTA_CONFLICT_DOMAIN, 0, 0},
        {domain("e"), 0, 0, 0, 0},
        {file(MR_DELTA_REMOVE, "gone", true), 0, 5, 5, 5},
        {file(MR_DELTA_REMOVE, "gone", false), 0, 5, 0, 5},
        {dv, 0, 0, 5, 5},
        {file(MR_DELTA_REMOVE, "read", true), 0, 5, 5, 5},
        {file(MR_DELTA_REMOVE, "read", false), 0, 0, 0, 0},
        {file(MR_DELTA_REMOVE, "other", true), 0, 0, 5, 5},
        {file(MR_DELTA_ADD, "new", true), 0, 0, 6, 0},
        {file(MR_DELTA_ADD, "new", false), 0, 0, 0, 0},
        {file(MR_DELTA_CDC, "c", true), 0, 0, 0, 0},
        {{.kind = MR_DELTA_COMMIT_INFO}, 0, 0, 0, 0},
        {{.kind = MR_DELTA_OTHER}, 0, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof matrix / sizeof *matrix; i++) {
        assert_int_equal(mr_delta_conflict_of(&append, &matrix[i].winner), matrix[i].append);
        assert_int_equal(mr_delta_conflict_of(&merge, &matrix[i].winner), matrix[i].merge);
        assert_int_equal(mr_delta_conflict_of(&overwrite, &matrix[i].winner), matrix[i].overwrite);
        assert_int_equal(mr_delta_conflict_of(&rearrange, &matrix[i].winner), matrix[i].rearrange);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_round_trip), WITH_FIXTURE(test_unknown),   WITH_FIXTURE(test_malformed),
        WITH_FIXTURE(test_lines),      WITH_FIXTURE(test_conflicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
