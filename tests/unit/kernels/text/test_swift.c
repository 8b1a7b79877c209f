/* Shown: what the swift forms accept is JSON and has the value that number.h and datetime.h give,
 * to the bit; they accept all that is plain, whatever lies behind the text; lengths 0 to 24,
 * damaged at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"
#include "kernels/text/swift.h"

enum { ROUNDS = 400000, ROOM = 64 };

/* draw_number: like a JSON number, sometimes not quite; what lies behind it is more of the kind. */
static uint32_t draw_number(struct mr_rng *rng, char text[ROOM], bool *out_is_plain)
{
    for (int i = 0; i < ROOM; i++) text[i] = "0123456789.-,}e"[mr_rng_below(rng, 15)];
    uint32_t minus = mr_rng_below(rng, 3) == 0, whole = 1 + (uint32_t)mr_rng_below(rng, 10);
    uint32_t fraction = mr_rng_below(rng, 3) == 0 ? 0 : 1 + (uint32_t)mr_rng_below(rng, 12), at = 0;
    if (minus) text[at++] = '-';
    for (uint32_t i = 0; i < whole; i++) text[at++] = (char)('0' + mr_rng_below(rng, 10));
    if (whole > 1 && text[minus] == '0') text[minus] = '1';
    if (fraction > 0) text[at++] = '.';
    for (uint32_t i = 0; i < fraction; i++) text[at++] = (char)('0' + mr_rng_below(rng, 10));
    *out_is_plain = whole + fraction <= 16;
    if (mr_rng_below(rng, 4) == 0) {
        text[mr_rng_below(rng, at)] = "0.-e: "[mr_rng_below(rng, 6)];
        at -= (uint32_t)mr_rng_below(rng, at);
        *out_is_plain = false;
    }
    return at;
}

static bool is_json_number(const char *text, uint32_t bytes)
{
    uint32_t at = bytes > 0 && text[0] == '-', from = at;
    while (at < bytes && text[at] >= '0' && text[at] <= '9') at++;
    if (at == from || (at > from + 1 && text[from] == '0')) return false;
    if (at == bytes) return true;
    if (text[at++] != '.') return false;
    from = at;
    while (at < bytes && text[at] >= '0' && text[at] <= '9') at++;
    return at > from && at == bytes;
}

static void check_number(const char *text, uint32_t bytes, bool is_plain)
{
    double got, want;
    int64_t got_integer, want_integer;
    bool is_taken = bytes > 0 && mr_swift_double(text, bytes, &got);
    if (is_plain) assert_true(is_taken);
    if (is_taken) {
        assert_true(is_json_number(text, bytes));
        assert_int_equal(mr_double_parse(text, bytes, &want), MR_PARSE_OK);
        if (memcmp(&got, &want, sizeof got) != 0) fail_msg("%.*s: %a", (int)bytes, text, got);
    }
    bool is_integer = memchr(text, '.', bytes) == NULL;
    if (bytes > 0 && mr_swift_i64(text, bytes, &got_integer)) {
        assert_true(is_integer && is_json_number(text, bytes));
        assert_int_equal(mr_i64_parse(text, bytes, &want_integer), MR_PARSE_OK);
        assert_int_equal(got_integer, want_integer);
    } else {
        assert_false(is_plain && is_integer);
    }
}

static void test_numbers(void **state)
{
    char text[ROOM];
    struct mr_rng rng;
    (void)state;
    mr_rng_init(&rng, 11);
    for (int round = 0; round < ROUNDS; round++) {
        bool is_plain;
        uint32_t bytes = draw_number(&rng, text, &is_plain);
        check_number(text, bytes, is_plain);
    }
    static const char *const edges[] = {"0",
                                        "-0",
                                        "0.0",
                                        "-0.0",
                                        "9007199254740993",
                                        "1234567890123456",
                                        "0.123456789012345",
                                        "9999999999999999",
                                        "-1234567.123456789"};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        memset(text, '7', sizeof text);
        memcpy(text, edges[i], strlen(edges[i]));
        check_number(text, (uint32_t)strlen(edges[i]), true);
    }
}

static void test_clock(void **state)
{
    struct mr_rng rng;
    (void)state;
    mr_rng_init(&rng, 12);
    int taken = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char text[ROOM];
        int64_t got, want;
        int used = snprintf(text, sizeof text, "1970-01-01T%02d:%02d:%02d",
                            (int)mr_rng_below(&rng, 26), (int)mr_rng_below(&rng, 62),
                            (int)mr_rng_below(&rng, 62));
        uint32_t digits = (uint32_t)mr_rng_below(&rng, 10);
        if (digits > 0) text[used++] = '.';
        for (uint32_t i = 0; i < digits; i++) text[used++] = (char)('0' + mr_rng_below(&rng, 10));
        memset(text + used, '8', sizeof text - (size_t)used);
        if (mr_rng_below(&rng, 4) == 0) {
            text[11 + mr_rng_below(&rng, 8)] = "0:/;x"[mr_rng_below(&rng, 5)];
        }
        if (!mr_swift_clock(text + 11, (uint32_t)used - 11, &got)) continue;
        taken++;
        assert_int_equal(mr_timestamp_parse(text, (size_t)used, NULL, &want), MR_PARSE_OK);
        if (got != want) fail_msg("%.*s", used, text);
    }
    assert_true(taken > ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
