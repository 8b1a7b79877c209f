/* Shown: types merge by Spark's inference rules at every depth, and new columns are added behind
 * the old ones without changing what is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/base/checked.h"
#include "core/schema/merge.h"
#include "tests/support/type_text.h"

static void check_ddl(const struct mr_type *type, struct mr_heap *heap, const char *want)
{
    struct mr_text ddl;
    mr_text_init(&ddl, heap);
    mr_schema_write_ddl(type, &ddl);
    mr_text_addc(&ddl, '\0');
    assert_string_equal(ddl.at, want);
    mr_text_fini(&ddl);
}

static void test_merge(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a bigint", "a double, B string", "a double, B string"},
        {"a decimal(10,2)", "a bigint", "a decimal(22,2)"},
        {"a decimal(38,0)", "a decimal(3,2)", "a double"},
        {"a decimal(5,1)", "a decimal(4,3)", "a decimal(7,3)"},
        {"a void", "a date", "a date"},
        {"a date", "a timestamp", "a string"},
        {"s struct<x:int>", "S struct<y:int,X:int>", "s struct<x:int,y:int>"},
        {"l array<bigint>", "l array<double>", "l array<double>"},
        {"l array<bigint>", "l struct<x:int>", "l string"},
        {"m map<string,int>", "m map<string,int>", "m map<string,int>"},
        {"m map<string,int>", "m map<string,date>", "m string"},
    };
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        const struct mr_type *merged;
        assert_int_equal(mr_type_merge(&arena, mr_type_from_text(&arena, cases[i][0]),
                                       mr_type_from_text(&arena, cases[i][1]), &merged, NULL),
                         MR_OK);
        check_ddl(merged, &heap, cases[i][2]);
    }
    mr_arena_fini(&arena);
}

static void test_add_columns(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"b int, a string", "c date, A bigint", "b int, a string, c date"},
        {"s struct<x:int>", "s struct<y:struct<z:date>>", "s struct<x:int,y:struct<z:date>>"},
        {"l array<struct<x:int>>", "l array<struct<y:int>>", "l array<struct<x:int,y:int>>"},
        {"m map<string,struct<x:int>>", "m array<struct<y:int>>",
         "m map<string,struct<x:int,y:int>>"},
        {"s string", "s struct<y:int>", "s string"},
        {"s struct<x:int>", "s struct<x:string>", "s struct<x:int>"},
    };
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        const struct mr_type *type;
        bool is_changed;
        assert_int_equal(mr_type_add_columns(&arena, mr_type_from_text(&arena, cases[i][0]),
                                             mr_type_from_text(&arena, cases[i][1]), &type,
                                             &is_changed, NULL),
                         MR_OK);
        check_ddl(type, &heap, cases[i][2]);
        assert_int_equal(is_changed, i < 4);
    }
    check_ddl(
        mr_type_sorted(&arena, mr_type_from_text(&arena, "b int, B int, a struct<d:int,c:int>")),
        &heap, "B int, a struct<c:int,d:int>, b int");
    mr_arena_fini(&arena);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena, scratch;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    const struct mr_type *a = mr_type_from_text(&arena, "s struct<x:bigint>, l array<bigint>");
    const struct mr_type *b = mr_type_from_text(&arena, "s struct<y:int>, l array<double>, z int");
    const struct mr_type *type;
    mr_arena_init(&scratch, &heap, 64);
    mr_status status = MR_E_NOMEM;
    int failures = 0;
    for (uint64_t n = 1; status == MR_E_NOMEM; n++) {
        mr_arena_fini(&scratch);
        mr_arena_init(&scratch, &heap, 64);
        mr_heap_fail_at(&heap, n);
        status = mr_type_merge(&scratch, a, b, &type, NULL);
        if (status == MR_OK) status = mr_type_add_columns(&scratch, a, b, &type, NULL, NULL);
        failures += status == MR_E_NOMEM;
    }
    assert_int_equal(status, MR_OK);
    assert_in_range(failures, 2, 100);
    mr_arena_fini(&scratch);
    mr_arena_fini(&arena);
    assert_int_equal(heap.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_merge),
                                       cmocka_unit_test(test_add_columns),
                                       cmocka_unit_test(test_out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
