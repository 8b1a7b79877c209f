/* Shown: types survive the JSON form of Delta and Spark, print as SQL, clone, compare and find
 * members; unknown and malformed types are refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/schema/type.h"

static const char *const nested_json =
    "{\"type\":\"struct\",\"fields\":["
    "{\"name\":\"id\",\"type\":\"long\",\"nullable\":false,\"metadata\":{\"comment\":\"k\"}},"
    "{\"name\":\"a b\",\"type\":\"decimal(10,2)\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"elementType\":\"string\","
    "\"containsNull\":true},\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":"
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":\"timestamp_ntz\",\"nullable\":true,"
    "\"metadata\":{}}]},\"valueContainsNull\":false},\"nullable\":true,\"metadata\":{}}]}";

static void test_json_round_trip(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_text out;
    const struct mr_doc *doc;
    const struct mr_type *type;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    mr_text_init(&out, &heap);
    assert_int_equal(mr_doc_read(&arena, mr_span_of(nested_json), &doc, NULL), MR_OK);
    assert_int_equal(mr_type_read_json(&arena, doc, &type, NULL), MR_OK);
    mr_type_write_json(type, &out);
    assert_string_equal(mr_text_span(&out).text, nested_json);
    mr_text_reset(&out);
    mr_schema_write_ddl(type, &out);
    assert_string_equal(mr_text_span(&out).text,
                        "id bigint NOT NULL, `a b` decimal(10,2), tags array<string>, "
                        "m map<string,struct<x:timestamp_ntz>>");
    const struct mr_type *copy = mr_type_clone(&arena, type);
    assert_true(mr_type_equal(copy, type));
    assert_int_equal(mr_type_find(type, MR_SPAN("TAGS"), false), 2);
    assert_int_equal(mr_type_find(type, MR_SPAN("TAGS"), true), -1);
    assert_int_equal(mr_type_leaves(type), 5);
    mr_text_fini(&out);
    mr_arena_fini(&arena);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mr_status status;
    } cases[] = {{"\"geometry\"", MR_E_UNSUPPORTED},      {"\"decimal(39,2)\"", MR_E_UNSUPPORTED},
                 {"\"decimal(5,6)\"", MR_E_UNSUPPORTED},  {"7", MR_E_CORRUPT},
                 {"{\"type\":\"struct\"}", MR_E_CORRUPT}, {"{\"type\":\"udt\"}", MR_E_UNSUPPORTED},
                 {"{\"type\":\"array\"}", MR_E_CORRUPT}};
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mr_doc *doc;
        const struct mr_type *type;
        assert_int_equal(mr_doc_read(&arena, mr_span_of(cases[i].text), &doc, NULL), MR_OK);
        assert_int_equal(mr_type_read_json(&arena, doc, &type, NULL), cases[i].status);
    }
    mr_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_round_trip),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
