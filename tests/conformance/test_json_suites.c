/* Shown: JSONTestSuite to the letter and simdjson's jsonchecker with the exceptions of its README,
 * by the record reader itself with every leniency off, on each instruction set and pushed whole
 * and in small pieces. A document is accepted when nothing in it is malformed and it holds one
 * value. Then each file once more among the lines of NDJSON between two good records: these arrive,
 * the counts add up, and a rejected one leaves a malformed record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "tests/support/json_decode.h"
#include "tests/support/shared.h"
#include "tests/support/type_text.h"

static char suites[MR_SHARED_PATH_MAX];
static const char two_columns[] = "good bigint, a string";

struct file {
    char name[300];
    char *text;
    size_t bytes;
};

static void file_read(const char *folder, const char *name, struct file *out)
{
    char path[MR_SHARED_PATH_MAX + 600];
    (void)snprintf(path, sizeof path, "%s/%s/%s", suites, folder, name);
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long bytes = ftell(file);
    assert_true(bytes >= 0);
    rewind(file);
    out->text = malloc((size_t)bytes + 1);
    out->bytes = fread(out->text, 1, (size_t)bytes, file);
    assert_int_equal(out->bytes, bytes);
    (void)fclose(file);
}

static void options_strict(struct mr_json_options *options)
{
    mr_json_options_init(options);
    options->allows_single_quotes = false;
    options->allows_words = false;
}

/* read_text: counters of a text; its rows as JSON in `rows`. */
static struct mr_json_counters read_text(const struct mr_json_options *options, mr_isa isa,
                                         const char *columns, struct mr_span text, size_t step,
                                         struct mr_text *rows)
{
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_json_reader *reader;
    struct mr_err err = {0};
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    const struct mr_type *schema = mr_type_from_text(&arena, columns);
    assert_int_equal(
        mr_json_reader_open(&heap, schema, options, mr_json_kernels(isa), NULL, &reader, &err),
        MR_OK);
    assert_int_equal(mr_json_push_all(reader, &heap, text, step, rows, &err), MR_OK);
    struct mr_json_counters counters = *mr_json_reader_counters(reader);
    mr_json_reader_close(reader);
    mr_arena_fini(&arena);
    assert_int_equal(heap.used_bytes, 0);
    return counters;
}

static bool is_accepted(const struct file *file, bool is_lines)
{
    struct mr_json_options options;
    bool is_right = false;
    options_strict(&options);
    options.is_multi_line = !is_lines;
    for (int isa = 0; isa <= (int)mr_isa_best(); isa++) {
        size_t small = file->bytes < 4096 ? 5 : 20000;
        for (size_t step = 0; step <= small; step += small) {
            struct mr_heap heap;
            struct mr_text rows;
            mr_heap_init(&heap, 0);
            mr_text_init(&rows, &heap);
            struct mr_span text = {file->text, file->bytes};
            struct mr_json_counters counters =
                read_text(&options, (mr_isa)isa, two_columns, text, step, &rows);
            bool is_ok = counters.malformed == 0 &&
                         (is_lines ? counters.documents > 0 : counters.documents == 1);
            if (isa > 0 || step > 0) assert_int_equal(is_ok, is_right);
            is_right = is_ok;
            mr_text_fini(&rows);
        }
    }
    return is_right;
}

/* check_ingested: the file as it is between two good lines; newlines in it split it. */
static void check_ingested(const struct file *file, bool is_json)
{
    struct mr_heap heap;
    struct mr_text text, rows;
    struct mr_json_options options;
    options_strict(&options);
    mr_heap_init(&heap, 0);
    mr_text_init(&text, &heap);
    mr_text_init(&rows, &heap);
    mr_text_adds(&text, "{\"good\":1}\n");
    mr_text_add(&text, file->text, file->bytes);
    mr_text_adds(&text, "\n{\"good\":2}\n");
    struct mr_json_counters counters =
        read_text(&options, mr_isa_best(), two_columns, mr_text_span(&text), 0, &rows);
    mr_text_addc(&rows, '\0');
    assert_non_null(strstr(rows.at, "{\"good\":1,"));
    assert_non_null(strstr(rows.at, "{\"good\":2,"));
    assert_int_equal(counters.records, counters.rows);
    bool is_blank = strspn(text.at + 11, " \t\n") >= file->bytes;
    if (!is_json && !is_blank && counters.malformed == 0) fail_msg("%s: not noticed", file->name);
    mr_text_fini(&rows);
    mr_text_fini(&text);
}

typedef int (*verdict_fn)(const char *name); /* 1 accept, 0 reject, -1 free */

static int suite_verdict(const char *name)
{
    return name[0] == 'y' ? 1 : name[0] == 'n' ? 0 : -1;
}

static int checker_verdict(const char *name)
{
    if (strstr(name, "_EXCLUDE") != NULL || strncmp(name, "pass", 4) == 0) return 1;
    if (strstr(name, "_toolarge") != NULL || strcmp(name, "fail73.json") == 0) return -1;
    return 0;
}

static void check_folder(const char *folder, verdict_fn verdict, int wanted_count)
{
    char path[MR_SHARED_PATH_MAX + 100];
    (void)snprintf(path, sizeof path, "%s/%s", suites, folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    int count = 0, wrong = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strstr(entry->d_name, "json") == NULL) continue;
        struct file file;
        file_read(folder, entry->d_name, &file);
        bool is_lines = strstr(entry->d_name, ".ndjson") != NULL;
        bool is_json = is_accepted(&file, is_lines);
        int wanted = verdict(entry->d_name);
        if (wanted >= 0 && is_json != (wanted == 1)) {
            print_message("%s: %s\n", entry->d_name, is_json ? "accepted" : "rejected");
            wrong++;
        }
        if (!is_lines) check_ingested(&file, is_json);
        free(file.text);
        count++;
    }
    (void)closedir(dir);
    assert_int_equal(wrong, 0);
    assert_true(count >= wanted_count);
}

static void test_json_test_suite(void **state)
{
    (void)state;
    check_folder("JSONTestSuite", suite_verdict, 214);
}

static void test_jsonchecker(void **state)
{
    (void)state;
    check_folder("simdjson-jsonchecker", checker_verdict, 74);
}

/* The odd values of the transform suite, a document [value] as the record {"a": [value]} with a
 * column array<string>: what this reader makes of them, kept. Numbers keep their text, of equal
 * keys the last one wins, NFC and NFD names differ, half surrogates become U+FFFD, and text that is
 * not UTF-8 is malformed. */
static void test_transform(void **state)
{
    (void)state;
    static const struct {
        const char *name, *schema, *row;
    } known[] = {
        {"number_-9223372036854775808", "a array<string>", "{\"a\":[\"-9223372036854775808\"]}\n"},
        {"number_-9223372036854775809", "a array<string>", "{\"a\":[\"-9223372036854775809\"]}\n"},
        {"number_1.000000000000000005", "a array<double>", "{\"a\":[1.0]}\n"},
        {"number_1000000000000000", "a array<bigint>", "{\"a\":[1000000000000000]}\n"},
        {"number_1e-999", "a array<double>", "{\"a\":[0.0]}\n"},
        {"number_1e6", "a array<double>", "{\"a\":[1000000.0]}\n"},
        {"number_9223372036854775808", "a array<bigint>", "{\"a\":null}\n"},
        {"object_key_nfc_nfd", "\xc3\xa9 string, e\xcc\x81 string",
         "{\"\xc3\xa9\":\"NFC\",\"e\xcc\x81\":\"NFD\"}\n"},
        {"object_same_key_different_values", "a int", "{\"a\":2}\n"},
        {"object_same_key_same_value", "a int", "{\"a\":1}\n"},
        {"string_1_escaped_invalid_codepoint", "a array<string>", "{\"a\":[\"\xef\xbf\xbd\"]}\n"},
        {"string_1_invalid_codepoint", "a array<string>", "{\"a\":null}\n"},
        {"string_2_invalid_codepoints", "a array<string>", "{\"a\":null}\n"},
        {"string_3_escaped_invalid_codepoints", "a array<string>",
         "{\"a\":[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]}\n"},
        {"string_with_escaped_NULL", "a array<string>", "{\"a\":[\"A\\u0000B\"]}\n"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(known); i++) {
        struct file file;
        struct mr_heap heap;
        struct mr_text text, rows;
        struct mr_json_options options;
        char name[128];
        options_strict(&options);
        options.is_multi_line = true;
        mr_heap_init(&heap, 0);
        mr_text_init(&text, &heap);
        mr_text_init(&rows, &heap);
        (void)snprintf(name, sizeof name, "%s.json", known[i].name);
        file_read("JSONTestSuite-transform", name, &file);
        if (file.text[0] != '{') mr_text_adds(&text, "{\"a\":");
        mr_text_add(&text, file.text, file.bytes);
        if (file.text[0] != '{') mr_text_adds(&text, "}");
        (void)read_text(&options, mr_isa_best(), known[i].schema, mr_text_span(&text), 0, &rows);
        mr_text_addc(&rows, '\0');
        assert_string_equal(rows.at, known[i].row);
        free(file.text);
        mr_text_fini(&rows);
        mr_text_fini(&text);
    }
}

int main(void)
{
    mr_shared_path("conformance/json", suites);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_json_test_suite),
                                       cmocka_unit_test(test_jsonchecker),
                                       cmocka_unit_test(test_transform)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
