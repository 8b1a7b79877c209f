/* Shown: the decoding kernels against their definitions and the variants against the reference, at
 * lengths from 0 to a few vectors and some large, from inputs and into outputs of their exact size
 * (a sanitizer sees a step beyond): unpacking of every width, levels to bitmaps, gathers and
 * spreads of every value size for all null patterns. Runs are read in steps of any length and give
 * what the whole-stream decoder gives, as numbers, bytes and bits; streams cut anywhere or random
 * end without a step outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "kernels/decode/bits.h"
#include "kernels/decode/decode.h"
#include "kernels/decode/runs.h"
#include "kernels/encode/bitpack.h"
#include "kernels/encode/rle.h"

enum { SEED = 5, LENGTHS = 140, STREAMS = 400 };

static void *take(size_t bytes)
{
    void *at = calloc(1, bytes == 0 ? 1 : bytes);
    assert_non_null(at);
    return at;
}

static const struct mr_decode_kernels *variant(size_t i)
{
    return mr_decode_kernels(i == 0 ? MR_ISA_REF : mr_isa_best());
}

static size_t length_of(struct mr_rng *rng, size_t i)
{
    return i < LENGTHS ? i : mr_rng_next(rng) % 5000;
}

static void test_unpack(void **state)
{
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (unsigned width = 0; width <= 32; width++) {
        for (size_t n = 0; n < LENGTHS + 5; n++) {
            size_t count = length_of(&rng, n), bytes = mr_bitpack_bytes(count, width);
            uint32_t *values = take(count * 4), *back = take(count * 4);
            uint8_t *packed = take(bytes);
            for (size_t i = 0; i < count; i++) {
                values[i] = (uint32_t)(mr_rng_next(&rng) & ((UINT64_C(1) << width) - 1));
            }
            mr_bitpack_u32(values, count, width, packed);
            for (size_t v = 0; v < 2; v++) {
                memset(back, 0xaa, count * 4);
                variant(v)->unpack_u32(packed, packed + bytes, count, width, back);
                if (count > 0) assert_memory_equal(back, values, count * 4);
            }
            uint32_t max = 0;
            for (size_t i = 0; i < count; i++) max = MR_MAX(max, values[i]);
            assert_int_equal(variant(0)->max_u32(values, count), max);
            assert_int_equal(variant(1)->max_u32(values, count), max);
            free(values);
            free(back);
            free(packed);
        }
    }
}

static void test_levels(void **state)
{
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (size_t n = 0; n < LENGTHS + 50; n++) {
        size_t count = length_of(&rng, n), words = (count + 63) / 64;
        uint8_t *reps = take(count), *defs = take(count), most = n % 5, least = n % 7;
        uint64_t *got = take(words * 8);
        for (size_t i = 0; i < count; i++) {
            reps[i] = (uint8_t)(mr_rng_next(&rng) % (n % 3 == 0 ? 256 : 4));
            defs[i] = (uint8_t)(mr_rng_next(&rng) % (n % 3 == 0 ? 256 : 6));
        }
        for (size_t v = 0; v < 2; v++) {
            memset(got, 0xaa, words * 8);
            variant(v)->levels_ge(defs, count, least, got);
            for (size_t i = 0; i < words * 64; i++) {
                bool want = i < count && defs[i] >= least;
                assert_int_equal(got[i / 64] >> (i % 64) & 1, want);
            }
            memset(got, 0xaa, words * 8);
            variant(v)->levels_slot(reps, defs, count, most, least, got);
            for (size_t i = 0; i < words * 64; i++) {
                bool want = i < count && defs[i] >= least && reps[i] <= most;
                assert_int_equal(got[i / 64] >> (i % 64) & 1, want);
            }
        }
        free(reps);
        free(defs);
        free(got);
    }
}

static uint64_t pattern(struct mr_rng *rng, size_t kind)
{
    switch (kind % 4) {
    case 0: return 0;
    case 1: return ~UINT64_C(0);
    case 2: return UINT64_C(0x5555555555555555);
    default: return mr_rng_next(rng);
    }
}

static void test_gather_and_spread(void **state)
{
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (size_t n = 0; n < 4 * (LENGTHS + 20); n++) {
        size_t rows = length_of(&rng, n / 4), words = (rows + 63) / 64, dict_count = 1 + n % 300;
        unsigned log2 = n % 5;
        size_t bytes = (size_t)1 << log2;
        uint64_t *validity = take(words * 8);
        for (size_t i = 0; i < words; i++) validity[i] = pattern(&rng, n + (n % 7 == 0 ? i : 0));
        size_t present = mr_bits_count(validity, 0, rows), at = 0;
        uint8_t *dict = take(dict_count * bytes), *out = take(rows * bytes);
        uint32_t *codes = take(present * 4);
        for (size_t i = 0; i < dict_count * bytes; i++) dict[i] = (uint8_t)mr_rng_next(&rng);
        for (size_t i = 0; i < present; i++) {
            codes[i] = (uint32_t)(mr_rng_next(&rng) % dict_count);
        }
        for (size_t v = 0; v < 2; v++) {
            memset(out, 0xaa, rows * bytes);
            variant(v)->gather(dict, codes, present, log2, out);
            variant(v)->spread(out, log2, present, validity, rows);
            static const uint8_t zeros[16];
            at = 0;
            for (size_t i = 0; i < rows; i++) {
                bool is_there = validity[i / 64] >> (i % 64) & 1;
                const uint8_t *want = is_there ? dict + codes[at++] * bytes : zeros;
                assert_memory_equal(out + i * bytes, want, bytes);
            }
        }
        free(validity);
        free(dict);
        free(out);
        free(codes);
    }
}

static void test_bits(void **state)
{
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (size_t n = 0; n < 3000; n++) {
        size_t at = mr_rng_next(&rng) % 200, from = mr_rng_next(&rng) % 40;
        size_t count = mr_rng_next(&rng) % 300, bytes = (from + count + 7) / 8;
        size_t words = (at + count + 63) / 64;
        uint8_t *in = take(bytes);
        uint64_t *to = take(words * 8), *filled = take(words * 8);
        for (size_t i = 0; i < bytes; i++) in[i] = (uint8_t)mr_rng_next(&rng);
        mr_bits_append(to, at, in, from, count);
        mr_bits_fill(filled, at, count);
        size_t set = 0;
        for (size_t i = 0; i < words * 64; i++) {
            bool is_in = i >= at && i < at + count;
            bool want = is_in && (in[(from + i - at) / 8] >> ((from + i - at) % 8) & 1);
            assert_int_equal(to[i / 64] >> (i % 64) & 1, want);
            assert_int_equal(filled[i / 64] >> (i % 64) & 1, is_in);
            set += want;
        }
        assert_int_equal(mr_bits_count(to, at, count), set);
        free(in);
        free(to);
        free(filled);
        uint64_t mask = pattern(&rng, n), values = mr_rng_next(&rng), back;
        uint64_t squeezed = mr_bits_squeeze(values, mask);
        mr_bits_spread(&squeezed, &mask, 64, &back);
        assert_int_equal(back, values & mask);
    }
}

/* A stream of random runs, as others may write it: also short runs and cut padding. */
static size_t stream_make(struct mr_rng *rng, unsigned width, size_t count, uint32_t *values,
                          uint8_t *out)
{
    for (size_t i = 0; i < count;) {
        size_t run = 1 + mr_rng_next(rng) % 60;
        bool is_run = mr_rng_next(rng) % 2 == 0;
        uint32_t value = (uint32_t)(mr_rng_next(rng) & ((UINT64_C(1) << width) - 1));
        for (; run > 0 && i < count; run--, i++) {
            uint32_t other = (uint32_t)(mr_rng_next(rng) & ((UINT64_C(1) << width) - 1));
            values[i] = is_run ? value : other;
        }
    }
    return mr_rle_encode_u32(values, count, width, out);
}

static void stream_check(struct mr_rng *rng, const uint8_t *in, size_t bytes, unsigned width,
                         size_t count, const uint32_t *want)
{
    for (size_t v = 0; v < 2; v++) {
        struct mr_runs runs, narrow, bits;
        uint32_t *got = take(count * 4);
        uint8_t *small = take(count);
        uint64_t *set = take((count + 63) / 64 * 8);
        mr_runs_open(&runs, in, bytes, width);
        mr_runs_open(&narrow, in, bytes, width);
        mr_runs_open(&bits, in, bytes, width);
        bool is_whole = true;
        for (size_t at = 0; at < count && is_whole;) {
            size_t wish = 1 + mr_rng_next(rng) % (mr_rng_next(rng) % 900 + 1);
            size_t step = MR_MIN(count - at, wish);
            is_whole = mr_runs_u32(&runs, variant(v), got + at, step);
            if (width <= 8) {
                assert_int_equal(mr_runs_u8(&narrow, variant(v), small + at, step), is_whole);
            }
            if (width <= 1) assert_int_equal(mr_runs_bits(&bits, set, at, step), is_whole);
            at += step;
        }
        if (want != NULL) assert_true(is_whole);
        for (size_t i = 0; i < count && want != NULL; i++) {
            assert_int_equal(got[i], want[i]);
            if (width <= 8) assert_int_equal(small[i], want[i]);
            if (width <= 1) assert_int_equal(set[i / 64] >> (i % 64) & 1, want[i]);
        }
        free(got);
        free(small);
        free(set);
    }
}

static void test_runs(void **state)
{
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (unsigned n = 0; n < STREAMS; n++) {
        unsigned width = n % 33;
        size_t count = mr_rng_next(&rng) % 3000;
        uint32_t *values = take(count * 4);
        uint8_t *out = take(mr_rle_bound(count, width));
        size_t bytes = stream_make(&rng, width, count, values, out);
        uint8_t *exact = take(bytes);
        memcpy(exact, out, bytes);
        stream_check(&rng, exact, bytes, width, count, values);
        size_t cut = bytes == 0 ? 0 : mr_rng_next(&rng) % bytes;
        uint8_t *part = take(cut);
        memcpy(part, out, cut);
        stream_check(&rng, part, cut, width, count, NULL);
        for (size_t i = 0; i < cut; i++) part[i] = (uint8_t)mr_rng_next(&rng);
        stream_check(&rng, part, cut, width, count, NULL);
        free(values);
        free(out);
        free(exact);
        free(part);
    }
}

static void test_packed(void **state)
{
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (unsigned n = 0; n < STREAMS; n++) {
        unsigned width = n % 33;
        size_t count = mr_rng_next(&rng) % 1000, bytes = mr_bitpack_bytes(count, width);
        uint32_t *values = take(count * 4), *got = take(count * 4);
        uint8_t *packed = take(bytes);
        for (size_t i = 0; i < count; i++) {
            values[i] = (uint32_t)(mr_rng_next(&rng) & ((UINT64_C(1) << width) - 1));
        }
        mr_bitpack_u32(values, count, width, packed);
        struct mr_runs runs;
        assert_true(mr_runs_open_packed(&runs, packed, bytes, width, count));
        for (size_t at = 0; at < count;) {
            size_t wish = 1 + mr_rng_next(&rng) % 99, step = MR_MIN(count - at, wish);
            assert_true(mr_runs_u32(&runs, variant(1), got + at, step));
            at += step;
        }
        if (count > 0) assert_memory_equal(got, values, count * 4);
        uint32_t more;
        assert_false(mr_runs_u32(&runs, variant(1), &more, 1));
        if (width > 0) {
            assert_false(mr_runs_open_packed(&runs, packed, bytes, width, bytes * 8 / width + 1));
        }
        free(values);
        free(got);
        free(packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack), cmocka_unit_test(test_levels),
        cmocka_unit_test(test_gather_and_spread), cmocka_unit_test(test_bits),
        cmocka_unit_test(test_runs), cmocka_unit_test(test_packed),
    };
    printf("seed %d, best level %s\n", SEED, mr_isa_name(mr_isa_best()));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
