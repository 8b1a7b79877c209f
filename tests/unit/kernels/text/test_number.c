/* Shown: numbers parse to the same bits as strtod and strtof on hard and random text, decimals
 * round half up and report what they lost, and formatted doubles are the shortest that read back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "kernels/text/base64.h"
#include "kernels/text/number.h"

enum { ROUNDS = 60000 };

static void test_i64(void **state)
{
    (void)state;
    int64_t value = 7;
    assert_int_equal(mr_i64_parse("9223372036854775807", 19, &value), MR_PARSE_OK);
    assert_int_equal(value, INT64_MAX);
    assert_int_equal(mr_i64_parse("-9223372036854775808", 20, &value), MR_PARSE_OK);
    assert_int_equal(value, INT64_MIN);
    assert_int_equal(mr_i64_parse("9223372036854775808", 19, &value), MR_PARSE_OVERFLOW);
    assert_int_equal(mr_i64_parse("-9223372036854775809", 20, &value), MR_PARSE_OVERFLOW);
    assert_int_equal(mr_i64_parse("99999999999999999999999", 23, &value), MR_PARSE_OVERFLOW);
    assert_int_equal(mr_i64_parse("+00012", 6, &value), MR_PARSE_OK);
    assert_int_equal(value, 12);
    const char *const bad[] = {"", "-", "+", "1.0", "1 ", " 1", "1e3", "--1", "0x1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mr_i64_parse(bad[i], strlen(bad[i]), &value), MR_PARSE_SYNTAX);
    }
    assert_int_equal(value, 12);
}

static void check_double(const char *text)
{
    double got = 7, want = strtod(text, NULL);
    float got_float = 7, want_float = strtof(text, NULL);
    assert_int_equal(mr_double_parse(text, strlen(text), &got), MR_PARSE_OK);
    assert_int_equal(mr_float_parse(text, strlen(text), &got_float), MR_PARSE_OK);
    if (memcmp(&got, &want, sizeof got) != 0) fail_msg("%s: %a, not %a", text, got, want);
    if (memcmp(&got_float, &want_float, sizeof got_float) != 0) fail_msg("float %s", text);
}

static void test_double_hard(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0e10",
        "1e22",
        "1e23",
        "9007199254740993",
        "9007199254740992.5",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327208299493627e-324",
        "2.4703282292062328e-324",
        "1e-400",
        "1e400",
        "-1e400",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "123456789012345678901234567890",
        "0.000000000000000000000000000000000000000000000001e48",
        "1.",
        ".5",
        "1e-99999999999999999999",
        "1e99999999999999999999",
        "8.5e15",
        "5e-324",
        "3.4028235677973366e38",
        "1.17549435e-38",
        "16777217.0000000000000000000000000000000000000000000000000000000000000000000001",
        "9007199254740993.00000000000000000000000000000000000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) check_double(texts[i]);
    /* Half way between two doubles, decided by a digit far behind. */
    char text[1200] = "9007199254740993.";
    memset(text + 17, '0', 1000);
    check_double(text);
    strcpy(text + 1017, "1");
    check_double(text);
    double value;
    const char *const bad[] = {"",     ".",     "-",    "e5",  "1e", "1e+",
                               "1..2", "1.2.3", "0x10", "nan", "1 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mr_double_parse(bad[i], strlen(bad[i]), &value), MR_PARSE_SYNTAX);
    }
    assert_int_equal(mr_double_parse_word("-Infinity", 9, &value), MR_PARSE_OK);
    assert_true(isinf(value) && value < 0);
    assert_int_equal(mr_double_parse_word("NaN", 3, &value), MR_PARSE_OK);
    assert_true(isnan(value));
}

static void test_double_random(void **state)
{
    (void)state;
    struct mr_rng rng;
    mr_rng_init(&rng, 42);
    for (int i = 0; i < ROUNDS; i++) {
        char text[128];
        size_t used = 0;
        int whole = (int)(mr_rng_next(&rng) % 25), fraction = (int)(mr_rng_next(&rng) % 25);
        if (mr_rng_next(&rng) % 2 != 0) text[used++] = '-';
        for (int k = 0; k <= whole; k++) text[used++] = (char)('0' + mr_rng_next(&rng) % 10);
        text[used++] = '.';
        for (int k = 0; k <= fraction; k++) text[used++] = (char)('0' + mr_rng_next(&rng) % 10);
        (void)sprintf(text + used, "e%d", (int)(mr_rng_next(&rng) % 700) - 350);
        check_double(text);
    }
}

static void test_double_format(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } known[] = {{0, "0.0"},
                 {-0.0, "-0.0"},
                 {1, "1.0"},
                 {100, "100.0"},
                 {1e7, "1.0E7"},
                 {9999999, "9999999.0"},
                 {12345678, "1.2345678E7"},
                 {0.001, "0.001"},
                 {0.00099, "9.9E-4"},
                 {1.5e-5, "1.5E-5"},
                 {0.1, "0.1"},
                 {1.0 / 3, "0.3333333333333333"},
                 {4.9406564584124654e-324, "4.9E-324"},
                 {1.7976931348623157e308, "1.7976931348623157E308"},
                 {2e23, "2.0E23"},
                 {9007199254740993.0, "9.007199254740992E15"},
                 {0x1p-44, "5.684341886080802E-14"},
                 {123.456, "123.456"},
                 {NAN, "NaN"},
                 {-INFINITY, "-Infinity"}};
    char text[MR_NUMBER_TEXT_MAX];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(mr_double_format(known[i].value, text), strlen(known[i].text));
        assert_string_equal(text, known[i].text);
    }
    assert_int_equal(mr_float_format(0.1f, text), 3);
    assert_string_equal(text, "0.1");
    (void)mr_float_format(3.4028235e38f, text);
    assert_string_equal(text, "3.4028235E38");
    (void)mr_float_format(1.4e-45f, text);
    assert_string_equal(text, "1.4E-45");
    struct mr_rng rng;
    mr_rng_init(&rng, 7);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t bits = mr_rng_next(&rng);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        (void)mr_double_format(value, text);
        double back = strtod(text, NULL);
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void check_decimal(const char *text, unsigned precision, unsigned scale, mr_parse status,
                          const char *want)
{
    __int128 value = 0;
    char got[MR_NUMBER_TEXT_MAX];
    mr_parse found = mr_decimal_parse(text, strlen(text), precision, scale, &value);
    if (found != status) fail_msg("%s as decimal(%u,%u): status %d", text, precision, scale, found);
    if (want == NULL) return;
    assert_int_equal(mr_decimal_format(value, scale, got), strlen(want));
    assert_string_equal(got, want);
}

static void test_decimal(void **state)
{
    (void)state;
    check_decimal("12.345", 10, 2, MR_PARSE_INEXACT, "12.35");
    check_decimal("-12.345", 10, 2, MR_PARSE_INEXACT, "-12.35");
    check_decimal("12.344999", 10, 2, MR_PARSE_INEXACT, "12.34");
    check_decimal("12.340000", 10, 2, MR_PARSE_OK, "12.34");
    check_decimal("0.005", 10, 2, MR_PARSE_INEXACT, "0.01");
    check_decimal("0.00499", 10, 2, MR_PARSE_INEXACT, "0.00");
    check_decimal("0.0005", 10, 2, MR_PARSE_INEXACT, "0.00");
    check_decimal("1e3", 10, 2, MR_PARSE_OK, "1000.00");
    check_decimal("1e-3", 10, 2, MR_PARSE_INEXACT, "0.00");
    check_decimal("1e-999999999999", 10, 2, MR_PARSE_INEXACT, "0.00");
    check_decimal("0e999999999999", 10, 2, MR_PARSE_OK, "0.00");
    check_decimal("1e999999999999", 10, 2, MR_PARSE_OVERFLOW, NULL);
    check_decimal("99.995", 4, 2, MR_PARSE_OVERFLOW, NULL);
    check_decimal("99999999999999999999999999999999999999", 38, 0, MR_PARSE_OK,
                  "99999999999999999999999999999999999999");
    check_decimal("-0.99999999999999999999999999999999999999", 38, 38, MR_PARSE_OK,
                  "-0.99999999999999999999999999999999999999");
    check_decimal("100000000000000000000000000000000000000", 38, 0, MR_PARSE_OVERFLOW, NULL);
    check_decimal("0000000000000000000000000000000000000000000001", 1, 0, MR_PARSE_OK, "1");
    check_decimal("abc", 10, 2, MR_PARSE_SYNTAX, NULL);
    check_decimal("", 10, 2, MR_PARSE_SYNTAX, NULL);
    __int128 value = 0;
    assert_int_equal(mr_decimal_rescale(-12345, 3, 10, 2, &value), MR_PARSE_INEXACT);
    assert_true(value == -1235);
    assert_int_equal(mr_decimal_rescale(5, 1, 10, 0, &value), MR_PARSE_INEXACT);
    assert_true(value == 1);
    assert_int_equal(mr_decimal_rescale(-5, 1, 10, 0, &value), MR_PARSE_INEXACT);
    assert_true(value == -1);
    assert_int_equal(mr_decimal_rescale(1, 0, 38, 38, &value), MR_PARSE_OVERFLOW);
    int64_t precision, scale;
    assert_int_equal(mr_decimal_digits("0012.50", 7, &precision, &scale), MR_PARSE_OK);
    assert_true(precision == 4 && scale == 2);
}

static void test_base64(void **state)
{
    (void)state;
    uint8_t bytes[64], back[80];
    char text[96];
    for (size_t count = 0; count < sizeof bytes; count++) {
        for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(i * 37 + count);
        size_t used = mr_base64_encode(bytes, count, text), got = 99;
        assert_int_equal(used, (count + 2) / 3 * 4);
        assert_true(mr_base64_decode(text, used, back, &got));
        assert_int_equal(got, count);
        assert_memory_equal(back, bytes, count);
    }
    size_t got;
    const char *const bad[] = {"A",    "AAAAA", "A===", "AA=",  "AA=A",
                               "A A=", "AA",    "AAA",  "AA-_", "===="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(mr_base64_decode(bad[i], strlen(bad[i]), back, &got));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i64),           cmocka_unit_test(test_double_hard),
        cmocka_unit_test(test_double_random), cmocka_unit_test(test_double_format),
        cmocka_unit_test(test_decimal),       cmocka_unit_test(test_base64)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
