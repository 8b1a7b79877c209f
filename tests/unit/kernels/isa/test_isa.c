/* Shown: levels are found by name, those above the machine's are refused by name, and a family's
 * table for any level is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "kernels/json/json_index.h"

static void test_names(void **state)
{
    (void)state;
    mr_isa isa = MR_ISA_COUNT, best = mr_isa_best();
    struct mr_err err = {0};
    assert_int_equal(mr_isa_parse(MR_SPAN("auto"), &isa, &err), MR_OK);
    assert_int_equal(isa, best);
    for (int i = 0; i < MR_ISA_COUNT; i++) {
        const char *name = mr_isa_name((mr_isa)i);
        mr_status status = mr_isa_parse(mr_span_of(name), &isa, &err);
        assert_int_equal(status, i <= (int)best ? MR_OK : MR_E_UNSUPPORTED);
        if (status == MR_OK) assert_int_equal(isa, i);
        if (status != MR_OK) assert_non_null(strstr(err.message, name));
        assert_non_null(mr_json_kernels((mr_isa)i)->index);
        assert_non_null(mr_json_kernels((mr_isa)i)->utf8_check);
    }
    assert_int_equal(mr_isa_parse(MR_SPAN("sse2"), &isa, &err), MR_E_INVALID);
    assert_non_null(strstr(err.message, "sse2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
