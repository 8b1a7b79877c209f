/* Shown: slips of one or two letters, swaps and case find the meant name; other words find none;
 * the first of equals wins; overlong names are left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/base/checked.h"
#include "core/base/nearest.h"

static const char *const names[] = {"name",   "storage",       "catalog",   "database",
                                    "schema", "configuration", "libraries", "amount"};

static struct mr_span nearest_of(const char *word)
{
    struct mr_nearest nearest;
    mr_nearest_init(&nearest, mr_span_of(word));
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        mr_nearest_offer(&nearest, mr_span_of(names[i]));
    }
    return nearest.best;
}

static void test_found(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"amuont", "amount"},      {"nam", "name"},
        {"naem", "name"},          {"Storrage", "storage"},
        {"CATALOG", "catalog"},    {"datbase", "database"},
        {"libaries", "libraries"}, {"configuraton", "configuration"},
        {"shcema", "schema"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_span best = nearest_of(cases[i][0]);
        assert_int_equal(best.bytes, strlen(cases[i][1]));
        assert_memory_equal(best.text, cases[i][1], best.bytes);
    }
}

static void test_not_found(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "x", "zz", "frobnicate", "store"};
    char overlong[2 * MR_NEAREST_BYTES_MAX] = {0};
    memset(overlong, 'a', sizeof overlong - 1);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(nearest_of(cases[i]).bytes, 0);
    }
    assert_int_equal(nearest_of(overlong).bytes, 0);
}

static void test_first_of_equals(void **state)
{
    (void)state;
    struct mr_nearest nearest;
    mr_nearest_init(&nearest, MR_SPAN("cat"));
    mr_nearest_offer(&nearest, MR_SPAN("bat"));
    mr_nearest_offer(&nearest, MR_SPAN("hat"));
    assert_true(mr_span_is(nearest.best, "bat"));
    assert_int_equal(nearest.distance, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_first_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
