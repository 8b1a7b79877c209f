/* Shown: every variant of the select kernels equals the reference bit for bit: all types and
 * operations, NaN and signed zeros among them, lengths 0 to two words and some, all alignments a
 * value can have; bitmaps into rows and rows cut by bitmaps from empty to full. Outputs end in
 * canaries, values MR_PAD bytes before a page that must not be touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/rng.h"
#include "core/base/span.h"
#include "kernels/select/select.h"

enum { ROWS_MAX = 400, WORDS_MAX = ROWS_MAX / 64 + 2, REGION = 2 * 4096 };

static const uint64_t canary = UINT64_C(0xC0FFEEC0FFEE);
static const uint32_t widths[MR_SELECT_TYPES] = {1, 2, 4, 8, 4, 8};

/* guarded: a region whose end may not be passed. */
static char *guarded(void)
{
    char *region =
        mmap(NULL, REGION + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(region != MAP_FAILED);
    assert_int_equal(mprotect(region + REGION, 4096, PROT_NONE), 0);
    return region;
}

static void fill(struct mr_rng *rng, mr_select_type type, void *out, uint32_t rows)
{
    static const double reals[] = {0.0, -0.0, 1.5, -1.5, NAN, -NAN, INFINITY, -INFINITY, 1e-300};
    for (uint32_t i = 0; i < rows; i++) {
        int64_t small = (int64_t)mr_rng_below(rng, 5) - 2;
        if (mr_rng_below(rng, 8) == 0) small = small < 0 ? INT64_MIN : INT64_MAX;
        double real = reals[mr_rng_below(rng, sizeof reals / sizeof *reals)];
        switch (type) {
        case MR_SELECT_I8: ((int8_t *)out)[i] = (int8_t)(small >> 56 ^ small); break;
        case MR_SELECT_I16: ((int16_t *)out)[i] = (int16_t)(small >> 48 ^ small); break;
        case MR_SELECT_I32: ((int32_t *)out)[i] = (int32_t)(small >> 32 ^ small); break;
        case MR_SELECT_I64: ((int64_t *)out)[i] = small; break;
        case MR_SELECT_F32: ((float *)out)[i] = (float)real; break;
        default: ((double *)out)[i] = real;
        }
    }
}

static void check_compare(const struct mr_select_kernels *kernels, mr_select_type type,
                          const char *a, const char *b, uint32_t rows)
{
    uint64_t want[WORDS_MAX], got[WORDS_MAX];
    for (int op = 0; op < MR_SELECT_OPS; op++) {
        for (uint32_t w = 0; w < WORDS_MAX; w++) want[w] = got[w] = canary;
        mr_select_ref.compare[type][op](a, b, rows, want);
        kernels->compare[type][op](a, b, rows, got);
        assert_memory_equal(want, got, sizeof want);
        assert_true(got[(rows + 63) / 64] == canary);
    }
}

static void test_compare(void **state)
{
    const struct mr_select_kernels *kernels = *state;
    char *region_a = guarded(), *region_b = guarded();
    struct mr_rng rng;
    mr_rng_init(&rng, 3);
    for (int type = 0; type < MR_SELECT_TYPES; type++) {
        uint32_t width = widths[type];
        for (uint32_t rows = 0; rows <= 140; rows++) {
            char *a = region_a + REGION - MR_PAD - rows * width;
            char *b = region_b + REGION - MR_PAD - rows * width;
            fill(&rng, (mr_select_type)type, a, rows);
            fill(&rng, (mr_select_type)type, b, rows == 0 ? 1 : rows);
            check_compare(kernels, (mr_select_type)type, a, b, rows);
        }
        for (uint32_t shift = 0; shift < 64; shift += width) {
            fill(&rng, (mr_select_type)type, region_a + shift, ROWS_MAX);
            fill(&rng, (mr_select_type)type, region_b, ROWS_MAX);
            check_compare(kernels, (mr_select_type)type, region_a + shift, region_b, ROWS_MAX);
        }
    }
    assert_int_equal(munmap(region_a, REGION + 4096), 0);
    assert_int_equal(munmap(region_b, REGION + 4096), 0);
}

static void test_order_of_reals(void **state)
{
    const struct mr_select_kernels *kernels = *state;
    double a[16] = {NAN, 1.0, NAN, INFINITY, -0.0, 0.0}, b[16] = {NAN, NAN, 1.0, NAN, 0.0, -0.0};
    uint64_t same, below;
    kernels->compare[MR_SELECT_F64][MR_SELECT_EQ](a, b, 6, &same);
    kernels->compare[MR_SELECT_F64][MR_SELECT_LT](a, b, 6, &below);
    assert_int_equal(same, 1 | 1 << 4 | 1 << 5);
    assert_int_equal(below, 1 << 1 | 1 << 3);
}

static void test_rows_and_cut(void **state)
{
    const struct mr_select_kernels *kernels = *state;
    struct mr_rng rng;
    mr_rng_init(&rng, 5);
    for (uint32_t rows = 0; rows <= ROWS_MAX; rows++) {
        uint64_t bits[WORDS_MAX];
        uint32_t want[ROWS_MAX + 17], got[ROWS_MAX + 17], cut[ROWS_MAX + 17];
        uint32_t every = (uint32_t)mr_rng_below(&rng, 5);
        for (uint32_t w = 0; w < WORDS_MAX; w++) {
            uint64_t any = mr_rng_next(&rng);
            bits[w] = every == 0 ? 0 : every == 1 ? UINT64_MAX : every == 2 ? any & any >> 3 : any;
        }
        got[rows + 16] = cut[rows + 16] = 77;
        uint32_t count = mr_select_ref.rows(bits, rows, want);
        assert_int_equal(kernels->rows(bits, rows, got), count);
        assert_memory_equal(want, got, count * sizeof *want);
        assert_int_equal(got[rows + 16], 77);
        for (uint32_t w = 0; w < WORDS_MAX; w++) bits[w] = mr_rng_next(&rng) | bits[w] >> 1;
        uint32_t kept = mr_select_ref.cut(bits, want, count, want);
        assert_int_equal(kernels->cut(bits, got, count, cut), kept);
        assert_memory_equal(want, cut, kept * sizeof *want);
        assert_int_equal(cut[rows + 16], 77);
        assert_int_equal(kernels->cut(bits, got, count, got), kept); /* in place */
        assert_memory_equal(want, got, kept * sizeof *want);
    }
}

int main(void)
{
    int failed = 0;
    for (mr_isa isa = MR_ISA_REF; isa <= mr_isa_best(); isa++) {
        void *kernels = (void *)mr_select_kernels(isa);
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_prestate(test_compare, kernels),
            cmocka_unit_test_prestate(test_order_of_reals, kernels),
            cmocka_unit_test_prestate(test_rows_and_cut, kernels),
        };
        print_message("%s\n", mr_isa_name(isa));
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}
