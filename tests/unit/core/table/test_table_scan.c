/* Shown: a scan gives each live file with its path decoded, its partition values and its deletion
 * vector; passes over what a predicate rules out, and counts it; reads deletion vectors from files
 * below the table and elsewhere and refuses damaged ones; and refuses files it cannot reach. */
#include "tests/unit/core/table/log_fixture.h"

#include "core/table/table_scan.h"
#include "kernels/codec/crc.h"
#include "kernels/text/z85.h"

#define FIELDS FIELD("id", "long") "," FIELD("day", "date")
#define STATS(min, max)                                                                            \
    ",'stats':'{\\'numRecords\\':4,\\'minValues\\':{\\'id\\':" min                                 \
    "},\\'maxValues\\':{\\'id\\':" max "},\\'nullCount\\':{\\'id\\':0}}'"
#define FILE_OF(path, day, more)                                                                   \
    "{'add':{'path':'" path "','partitionValues':{'day':" day "},'size':10,'modificationTime':5,"  \
    "'dataChange':true" more "}}\n"

static const struct mr_table_file *find(const struct mr_table_file *files, uint32_t count,
                                        const char *end)
{
    for (uint32_t i = 0; i < count; i++) {
        if (mr_span_ends(mr_span_of(files[i].path), mr_span_of(end))) return &files[i];
    }
    fail_msg("no file %s", end);
    return NULL;
}

static uint32_t scan_all(struct fixture *f, struct mr_table *table,
                         const struct mr_predicate *predicate, struct mr_table_file *files,
                         struct mr_table_scan_counts *out_counts)
{
    struct mr_table_scan *scan = NULL;
    bool has_file = true;
    uint32_t count = 0;
    MUST(f, mr_table_scan_open(table, predicate, &scan, &f->err));
    for (;;) {
        MUST(f, mr_table_scan_next(scan, &f->arena, &files[count], &has_file, &f->err));
        if (!has_file) break;
        assert_true(++count < 8);
    }
    *out_counts = mr_table_scan_counts(scan);
    mr_table_scan_close(scan);
    return count;
}

static void test_files(void **state)
{
    struct fixture *f = *state;
    struct mr_table_file files[8];
    struct mr_table_scan_counts counts;
    char want[MR_TEMPDIR_MAX + 64];
    write_commit(f, 0,
                 PROTOCOL METADATA(FIELDS, "'day'", "")
                     FILE_OF("a%20b/x%25.parquet", "'1970-01-02'", STATS("1", "5"))
                     FILE_OF("day=a:b/y.parquet", "null", ",'stats':'{broken'")
                     FILE_OF("file:///elsewhere/z.parquet", "'1970-01-03'", STATS("6", "9")));
    struct mr_table *table = open_newest(f);
    assert_int_equal(scan_all(f, table, NULL, files, &counts), 3);
    assert_int_equal(counts.files, 3);
    assert_int_equal(counts.bytes, 30);
    const struct mr_table_file *file = find(files, 3, "x%.parquet");
    (void)snprintf(want, sizeof want, "%s/a b/x%%.parquet", f->path);
    assert_string_equal(file->path, want);
    assert_int_equal(file->rows, 4);
    assert_int_equal(file->modified_ms, 5);
    assert_int_equal(file->values[0].u.i64, 1);
    assert_int_equal(file->deleted.storage, 0);
    assert_int_equal(file->base_row_id, MR_DELTA_NONE);
    file = find(files, 3, "day=a:b/y.parquet");
    assert_true(file->values[0].is_null);
    assert_int_equal(file->rows, -1);
    assert_null(file->stats);
    assert_string_equal(find(files, 3, "z.parquet")->path, "/elsewhere/z.parquet");
    struct mr_span name = MR_SPAN("id");
    struct mr_value six = {.type = mr_type_of(MR_TYPE_LONG), .u.i64 = 6};
    struct mr_predicate_term term = {&name, 1, MR_PREDICATE_GE, &six, 1};
    struct mr_predicate predicate = {&term, 1};
    assert_int_equal(scan_all(f, table, &predicate, files, &counts), 2);
    assert_int_equal(counts.skipped_files, 1);
    assert_int_equal(counts.skipped_bytes, 10);
    mr_table_close(table);
}

static void expect_scan_error(struct fixture *f, const char *add, mr_status status, uint32_t code)
{
    struct mr_table_scan *scan = NULL;
    struct mr_table_file file;
    bool has_file = false;
    char text[2048];
    (void)snprintf(text, sizeof text, PROTOCOL METADATA(FIELDS, "'day'", "") "%s", add);
    write_commit(f, 0, text);
    struct mr_table *table = open_newest(f);
    MUST(f, mr_table_scan_open(table, NULL, &scan, &f->err));
    assert_int_equal(mr_table_scan_next(scan, &f->arena, &file, &has_file, &f->err), status);
    assert_int_equal(f->err.code, code);
    mr_table_scan_close(scan);
    mr_table_close(table);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    expect_scan_error(f, FILE_OF("s3://bucket/x", "null", ""), MR_E_UNSUPPORTED, 3124);
    expect_scan_error(f, FILE_OF("abfss:x", "null", ""), MR_E_UNSUPPORTED, 3124);
    expect_scan_error(f, FILE_OF("x%00y", "null", ""), MR_E_UNSUPPORTED, 3124);
    expect_scan_error(f, FILE_OF("x", "'tomorrow'", ""), MR_E_CORRUPT, 3102);
}

/* ---- deletion vectors ---- */

/* Rows 1 and 3: one array container. */
static const uint8_t vector[] = {0xd1, 0xd3, 0x39, 0x64, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                 0x3a, 0x30, 0,    0,    1, 0, 0, 0, 0, 0, 1, 0, 16, 0, 0, 0,
                                 1,    0,    3,    0};

static void write_vector(struct fixture *f, const char *name, char version, uint8_t damage)
{
    uint8_t bytes[7 + 8 + sizeof vector] = {(uint8_t)version};
    uint32_t crc = mr_crc32(0, vector, sizeof vector);
    uint8_t *at = bytes + 7;
    at[3] = sizeof vector;
    memcpy(at + 4, vector, sizeof vector);
    for (int i = 0; i < 4; i++) at[4 + sizeof vector + i] = (uint8_t)(crc >> (24 - 8 * i));
    at[4 + 20] ^= damage;
    write_file(f, name, bytes, sizeof bytes);
}

static mr_status deleted(struct fixture *f, const struct mr_table *table, char storage,
                         const char *place, uint64_t *out_bits)
{
    struct mr_delta_row_set set;
    struct mr_delta_dv dv = {.storage = storage,
                             .place = mr_span_of(place),
                             .off = 7,
                             .bytes = sizeof vector,
                             .cardinality = 2};
    *out_bits = 0;
    MR_TRY(mr_table_deleted(table, &dv, &f->arena, &set, &f->err));
    mr_delta_row_set_add(&set, 0, 64, out_bits);
    return MR_OK;
}

static void test_vectors(void **state)
{
    static const char uuid_file[] = "deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";
    struct fixture *f = *state;
    uint64_t bits;
    char uri[MR_TEMPDIR_MAX + 64], text[sizeof vector / 4 * 5 + 1] = "";
    write_commit(f, 0, PROTOCOL METADATA(FIELDS, "'day'", ""));
    struct mr_table *table = open_newest(f);
    write_vector(f, uuid_file, 1, 0);
    MUST(f, deleted(f, table, 'u', "^-aqEH.-t@S}K{vb[*k^", &bits));
    assert_int_equal(bits, 10);
    (void)snprintf(uri, sizeof uri, "file://%s/other%%20name.bin", f->path);
    assert_int_equal(deleted(f, table, 'p', uri, &bits), MR_E_NOT_FOUND);
    write_vector(f, "other name.bin", 1, 0);
    MUST(f, deleted(f, table, 'p', uri, &bits));
    assert_int_equal(bits, 10);
    mr_z85_encode(vector, sizeof vector, text);
    MUST(f, deleted(f, table, 'i', text, &bits));
    assert_int_equal(bits, 10);
    write_vector(f, "other name.bin", 2, 0);
    assert_int_equal(deleted(f, table, 'p', uri, &bits), MR_E_CORRUPT);
    assert_non_null(strstr(f->err.message, "version 2"));
    assert_non_null(strstr(f->err.origin, "other name.bin"));
    write_vector(f, "other name.bin", 1, 1);
    assert_int_equal(deleted(f, table, 'p', uri, &bits), MR_E_CORRUPT);
    assert_non_null(strstr(f->err.message, "checksum"));
    write_file(f, "other name.bin", "\1\0\0\0\0\0\0", 7);
    assert_int_equal(deleted(f, table, 'p', uri, &bits), MR_E_CORRUPT);
    assert_non_null(strstr(f->err.message, "ends too early"));
    mr_table_close(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_vectors, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
