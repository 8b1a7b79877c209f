/* Shown: on columns of drawn, plain and damaged values, every variant of the converters writes the
 * same values, the same validity and the same rest as the reference, at every count and first row
 * around a word's end; a value taken is the one that number.h, datetime.h and strtod give, and what
 * machines write is taken. The text ends MR_PAD bytes before a page that must not be touched;
 * behind values, validity and rest are canaries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/rng.h"
#include "core/base/span.h"
#include "kernels/text/convert.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

enum {
    SLOTS_MAX = 150,
    ROWS_MAX = SLOTS_MAX + 130,
    TEXT_MAX = SLOTS_MAX * 48,
    ROUNDS = 3000,
    PRECISION = 12,
    SCALE = 4,
};

#define CANARY UINT64_C(0xC0FFEEC0FFEEC0FF)

struct column {
    uint32_t slots[SLOTS_MAX][2];
    bool must_take[SLOTS_MAX]; /* drawn as what machines write */
    char text[TEXT_MAX];
    uint32_t bytes;
    uint32_t count;
};

struct outcome {
    uint64_t values[2 * ROWS_MAX + 1];
    uint64_t validity[ROWS_MAX / 64 + 2];
    uint32_t rest[SLOTS_MAX + 1];
    uint32_t rest_count;
};

static bool chance(struct mr_rng *rng, uint32_t of)
{
    return mr_rng_below(rng, of) == 0;
}

/* -- drawing ------------------------------------------------------------------------------- */

static void add(struct column *col, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int bytes = vsnprintf(col->text + col->bytes, sizeof col->text - col->bytes, format, args);
    va_end(args);
    assert_true(bytes >= 0 && col->bytes + (uint32_t)bytes < sizeof col->text);
    col->bytes += (uint32_t)bytes;
}

static void add_digits(struct mr_rng *rng, struct column *col, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) add(col, "%u", (unsigned)mr_rng_below(rng, 10));
}

/* draw_number: *out_is_plain says that the form has to take it. */
static uint32_t draw_number(struct mr_rng *rng, struct column *col, mr_convert_form form,
                            bool *out_is_plain)
{
    static const char *const edges[] = {
        "0", "-0", "2147483647", "-2147483648", "2147483648", "9223372036854775807",
        "9223372036854775808", "-9223372036854775807", "9999999999999999999", "0.0", "-0.0",
        "1.7976931348623157", "9007199254740993", "0.12345678901234567", "123456789012345.6789",
        "1234567890123456.7", "99999999.9999", "99999999.99999", "-", "", ".5", "5.", "01", "1e5",
        "null", "true", "false", "fals", "nul", "- 1", "1 ", "+1"};
    *out_is_plain = false;
    if (chance(rng, 6)) {
        add(col, "%s", edges[mr_rng_below(rng, sizeof edges / sizeof edges[0])]);
        return 0;
    }
    bool is_integer = form == MR_CONVERT_INT || form == MR_CONVERT_LONG;
    uint32_t whole = (uint32_t)mr_rng_below(rng, is_integer ? 21 : 12);
    uint32_t fraction = is_integer && !chance(rng, 12) ? 0 : (uint32_t)mr_rng_below(rng, 12);
    if (chance(rng, 3)) add(col, "-");
    add(col, "%u", 1 + (unsigned)mr_rng_below(rng, 9));
    add_digits(rng, col, whole);
    if (fraction > 0) add(col, ".");
    add_digits(rng, col, fraction);
    uint32_t digits = 1 + whole + fraction;
    *out_is_plain = form == MR_CONVERT_INT    ? digits <= 9 && fraction == 0
                    : form == MR_CONVERT_LONG ? digits <= 18 && fraction == 0
                    : form == MR_CONVERT_DECIMAL
                        ? whole + 1 <= PRECISION - SCALE && fraction <= SCALE
                        : digits <= 15;
    return 0;
}

static uint32_t draw_time(struct mr_rng *rng, struct column *col, mr_convert_form form,
                          bool *out_is_plain)
{
    static const int years[] = {1969, 1970, 2000, 2026, 1900, 9999, 0, 2024};
    bool is_odd = chance(rng, 12);
    int year = years[mr_rng_below(rng, 8)], month = 1 + (int)mr_rng_below(rng, 12);
    add(col, "%04d-%02d-%02d", year, month, 1 + (int)mr_rng_below(rng, is_odd ? 32 : 28));
    *out_is_plain = !is_odd;
    if (form == MR_CONVERT_DATE) return MR_SLOT_QUOTED;
    add(col, "%c%02d:%02d:%02d", "T "[mr_rng_below(rng, 2)],
        (int)mr_rng_below(rng, is_odd ? 30 : 24), (int)mr_rng_below(rng, is_odd ? 70 : 60),
        (int)mr_rng_below(rng, is_odd ? 70 : 60));
    uint32_t digits = (uint32_t)mr_rng_below(rng, is_odd ? 12 : 10);
    if (digits > 0 || is_odd) add(col, ".");
    add_digits(rng, col, digits);
    if (chance(rng, 2)) add(col, "Z");
    return MR_SLOT_QUOTED;
}

static uint32_t draw_value(struct mr_rng *rng, struct column *col, mr_convert_form form,
                           bool *out_is_plain)
{
    uint32_t flags;
    switch (form) {
    case MR_CONVERT_STRING:
        for (uint64_t n = mr_rng_below(rng, 20); n > 0; n--) add(col, "%c", (int)('a' + n));
        *out_is_plain = true;
        return MR_SLOT_QUOTED;
    case MR_CONVERT_BOOLEAN:
        add(col, "%s", chance(rng, 2) ? "true" : "false");
        *out_is_plain = true;
        return 0;
    case MR_CONVERT_DATE:
    case MR_CONVERT_TIME: return draw_time(rng, col, form, out_is_plain);
    case MR_CONVERT_DECIMAL:
        flags = draw_number(rng, col, form, out_is_plain);
        return chance(rng, 2) ? flags : flags | MR_SLOT_QUOTED;
    default: return draw_number(rng, col, form, out_is_plain);
    }
}

static void draw_slot(struct mr_rng *rng, struct column *col, mr_convert_form form)
{
    uint32_t k = col->count++, from = col->bytes;
    bool is_plain = false;
    if (chance(rng, 8)) {
        col->slots[k][0] = col->slots[k][1] = MR_SLOT_NONE;
        col->must_take[k] = false;
        return;
    }
    uint32_t flags = draw_value(rng, col, form, &is_plain);
    if (chance(rng, 10) && col->bytes > from) {
        col->text[from + mr_rng_below(rng, col->bytes - from)] = "0.-e: Zt/"[mr_rng_below(rng, 9)];
        is_plain = false;
    }
    if (chance(rng, 40)) {
        flags ^= chance(rng, 2) ? MR_SLOT_QUOTED : MR_SLOT_QUOTED | MR_SLOT_CARE;
        is_plain = false;
    }
    col->slots[k][0] = from;
    col->slots[k][1] = flags | (col->bytes - from);
    col->must_take[k] = is_plain;
    add(col, "%c", "\",}1.-"[mr_rng_below(rng, 6)]);
}

/* -- running ------------------------------------------------------------------------------- */

static char *text_place(const struct column *col)
{
    static char *guarded;
    size_t room = (TEXT_MAX + 2 * MR_PAD + 4095) & ~(size_t)4095;
    if (guarded == NULL) {
        char *region =
            mmap(NULL, room + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(region != MAP_FAILED);
        assert_int_equal(mprotect(region + room, 4096, PROT_NONE), 0);
        guarded = region + room;
    }
    return memcpy(guarded - MR_PAD - col->bytes, col->text, col->bytes);
}

static size_t width_of(mr_convert_form form)
{
    return form == MR_CONVERT_STRING                              ? 16
           : form == MR_CONVERT_INT || form == MR_CONVERT_DATE    ? 4
           : form == MR_CONVERT_BOOLEAN || form == MR_CONVERT_NUMBER ? 0
                                                                  : 8;
}

static void run(const struct mr_convert_kernels *kernels, mr_convert_form form, struct mr_convert c,
                struct outcome *out)
{
    struct mr_swift_date date = {0};
    uint32_t rows = c.row + c.count;
    memset(out, 0x5a, sizeof *out);
    memset(out->validity, 0, sizeof out->validity);
    size_t used = form == MR_CONVERT_BOOLEAN ? (rows + 63) / 64 * 8 : rows * width_of(form);
    out->validity[(rows + 63) / 64] = CANARY;
    out->rest[c.count] = (uint32_t)CANARY;
    memcpy((char *)out->values + used, &(uint64_t){CANARY}, sizeof(uint64_t));
    c.values = out->values;
    c.validity = out->validity;
    c.rest = out->rest;
    c.date = &date;
    out->rest_count = kernels->form[form](&c);
    assert_true(out->rest_count <= c.count);
    assert_true(out->validity[(rows + 63) / 64] == CANARY);
    assert_int_equal(out->rest[c.count], (uint32_t)CANARY);
    assert_memory_equal((char *)out->values + used, &(uint64_t){CANARY}, sizeof(uint64_t));
}

static bool is_taken(const struct outcome *out, uint32_t k)
{
    for (uint32_t i = 0; i < out->rest_count; i++) {
        if (out->rest[i] == k) return false;
    }
    return true;
}

static bool has_row(const struct outcome *out, uint32_t row)
{
    return out->validity[row / 64] >> (row % 64) & 1;
}

/* check_number: what was taken is JSON and the value that the general parsers give. */
static void check_number(mr_convert_form form, const struct outcome *out, uint32_t row,
                         const char *text, uint32_t bytes)
{
    char copy[64];
    int64_t integer;
    __int128 decimal;
    double real, libc;
    const char *first = text + (*text == '-');
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    assert_true(*first >= '0' && *first <= '9' && (*first != '0' || first[1] < '0' ||
                                                   first[1] > '9' || first + 1 == text + bytes));
    switch (form) {
    case MR_CONVERT_INT:
        assert_int_equal(mr_i64_parse(text, bytes, &integer), MR_PARSE_OK);
        assert_int_equal(((const int32_t *)out->values)[row], integer);
        break;
    case MR_CONVERT_LONG:
        assert_int_equal(mr_i64_parse(text, bytes, &integer), MR_PARSE_OK);
        assert_true(((const int64_t *)out->values)[row] == integer);
        break;
    case MR_CONVERT_DOUBLE:
        assert_int_equal(mr_double_parse(text, bytes, &real), MR_PARSE_OK);
        libc = strtod(copy, NULL);
        assert_memory_equal((const double *)out->values + row, &real, sizeof real);
        assert_memory_equal(&libc, &real, sizeof real);
        break;
    default:
        assert_int_equal(mr_decimal_parse(text, bytes, PRECISION, SCALE, &decimal), MR_PARSE_OK);
        assert_true(((const int64_t *)out->values)[row] == (int64_t)decimal);
    }
}

static void check_time(mr_convert_form form, const struct outcome *out, uint32_t row,
                       const char *text, uint32_t bytes)
{
    int64_t us;
    int32_t days;
    if (form == MR_CONVERT_DATE) {
        assert_int_equal(mr_date_parse(text, bytes, &days), MR_PARSE_OK);
        assert_int_equal(((const int32_t *)out->values)[row], days);
        return;
    }
    assert_int_equal(mr_timestamp_parse(text, bytes, NULL, &us), MR_PARSE_OK);
    if (((const int64_t *)out->values)[row] != us) fail_msg("%.*s", (int)bytes, text);
}

static void check_taken(mr_convert_form form, const struct outcome *out, const struct mr_convert *c,
                        uint32_t k)
{
    const char *text = c->text + c->slots[k][0];
    uint32_t row = c->row + k, bytes = c->slots[k][1] & MR_SLOT_BYTES;
    const char *view = (const char *)out->values + 16 * (size_t)row;
    if (form == MR_CONVERT_NUMBER) return;
    assert_true(has_row(out, row));
    switch (form) {
    case MR_CONVERT_STRING:
        assert_memory_equal(view, &bytes, 4);
        assert_memory_equal(view + 4, text, bytes <= 12 ? bytes : 4);
        if (bytes > 12) {
            uint32_t place[2] = {c->buffer, c->buffer_off + c->slots[k][0]};
            assert_memory_equal(view + 8, place, sizeof place);
        }
        break;
    case MR_CONVERT_BOOLEAN:
        assert_int_equal(out->values[row / 64] >> (row % 64) & 1, bytes == 4);
        break;
    case MR_CONVERT_DATE:
    case MR_CONVERT_TIME: check_time(form, out, row, text, bytes); break;
    default: check_number(form, out, row, text, bytes);
    }
}

static void check(mr_convert_form form, const struct outcome *out, const struct mr_convert *c,
                  const struct column *col, uint64_t *taken)
{
    for (uint32_t k = 0; k < c->count; k++) {
        bool is_there = c->slots[k][1] != MR_SLOT_NONE;
        if (!is_there || !is_taken(out, k)) {
            if (form != MR_CONVERT_NUMBER) assert_false(has_row(out, c->row + k));
            if (col->must_take[k]) {
                fail_msg("form %d: %.*s", (int)form, (int)(c->slots[k][1] & MR_SLOT_BYTES),
                         c->text + c->slots[k][0]);
            }
            continue;
        }
        check_taken(form, out, c, k);
        ++*taken;
    }
}

/* same_values: of rows that have one; those of others are unspecified. */
static void same_values(mr_convert_form form, const struct outcome *got, const struct outcome *want,
                        const struct mr_convert *c)
{
    size_t width = width_of(form);
    for (uint32_t row = c->row; row < c->row + c->count; row++) {
        if (!has_row(want, row)) continue;
        if (form == MR_CONVERT_BOOLEAN) {
            uint64_t differing = got->values[row / 64] ^ want->values[row / 64];
            assert_false(differing >> (row % 64) & 1);
        }
        size_t at = row * width;
        assert_memory_equal((const char *)got->values + at, (const char *)want->values + at, width);
    }
}

static void one_round(struct mr_rng *rng, mr_convert_form form, uint64_t *taken)
{
    static struct column col;
    static struct outcome want, got;
    col.count = col.bytes = 0;
    uint32_t count = (uint32_t)mr_rng_below(rng, chance(rng, 4) ? SLOTS_MAX + 1 : 12);
    bool has_zulu = chance(rng, 2);
    while (col.count < count) draw_slot(rng, &col, form);
    struct mr_convert c = {.text = text_place(&col),
                           .slots = (const uint32_t (*)[2])col.slots,
                           .count = count,
                           .row = (uint32_t)mr_rng_below(rng, 130),
                           .buffer = 3,
                           .buffer_off = 77,
                           .precision = PRECISION,
                           .scale = SCALE,
                           .takes_zulu = true,
                           .takes_local = true};
    run(&mr_convert_ref, form, c, &want);
    check(form, &want, &c, &col, taken);
    if (form == MR_CONVERT_TIME) {
        c.takes_zulu = has_zulu;
        c.takes_local = !has_zulu;
        run(&mr_convert_ref, form, c, &want);
    }
    for (int isa = 1; isa <= (int)mr_isa_best(); isa++) {
        run(mr_convert_kernels((mr_isa)isa), form, c, &got);
        assert_int_equal(got.rest_count, want.rest_count);
        assert_memory_equal(got.rest, want.rest, want.rest_count * sizeof want.rest[0]);
        assert_memory_equal(got.validity, want.validity, sizeof want.validity);
        same_values(form, &got, &want, &c);
    }
}

static void test_forms(void **state)
{
    struct mr_rng rng;
    (void)state;
    mr_rng_init(&rng, 21);
    for (mr_convert_form form = 0; form < MR_CONVERT_FORMS; form++) {
        uint64_t taken = 0;
        for (int round = 0; round < ROUNDS; round++) one_round(&rng, form, &taken);
        assert_true(taken > ROUNDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms)};
    print_message("seed 21\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
