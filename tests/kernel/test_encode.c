/* Shown: the encoding kernels against their definitions, bit by bit: packing of every width from 0
 * to 32 at all lengths to two vectors and some large, runs of every shape through the hybrid and
 * back, bounds of hybrid output kept, hybrid input cut anywhere or random never read or written
 * outside, bounds with NaN and zeros, levels for all null patterns; canaries behind outputs. Every
 * variant of this machine gives the reference's bytes, from inputs that end at a page that must not
 * be touched, at all alignments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "kernels/encode/bitpack.h"
#include "kernels/encode/encode.h"
#include "kernels/encode/levels.h"
#include "kernels/encode/minmax.h"
#include "kernels/encode/rle.h"

enum { SEED = 11, CANARY = 0xc3, CANARY_BYTES = 64, LENGTHS = 160 };

/* Not inlined: gcc -O3 takes `count` for a number that may have wrapped around. */
static __attribute__((noinline)) void narrow_to(uint8_t *to, const uint32_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) to[i] = (uint8_t)from[i];
}

static void *take(size_t bytes)
{
    void *at = malloc(bytes == 0 ? 1 : bytes); /* exact, so that a sanitizer sees a step beyond */
    assert_non_null(at);
    return at;
}

/* Bit `i` of a packed array is bit i % 8 of byte i / 8. */
static uint32_t bit_of(const uint8_t *bytes, size_t i)
{
    return bytes[i / 8] >> (i % 8) & 1;
}

static void check_pack(struct mr_rng *rng, size_t count, unsigned width)
{
    size_t bytes = mr_bitpack_bytes(count, width);
    uint32_t *values = take(count * 4), *back = take(count * 4);
    uint8_t *packed = take(bytes), *narrow = take(count), *narrow_back = take(count);
    uint64_t mask = (UINT64_C(1) << width) - 1;
    for (size_t i = 0; i < count; i++) values[i] = (uint32_t)(mr_rng_next(rng) & mask);
    mr_bitpack_u32(values, count, width, packed);
    for (size_t i = 0; i < count * width; i++) {
        assert_int_equal(bit_of(packed, i), values[i / width] >> (i % width) & 1);
    }
    for (size_t i = count * width; i < bytes * 8; i++) assert_int_equal(bit_of(packed, i), 0);
    mr_bitunpack_u32(packed, count, width, back);
    if (count > 0) assert_memory_equal(back, values, count * 4);
    if (width <= 8) {
        uint8_t *again = take(bytes);
        narrow_to(narrow, values, count);
        mr_bitpack_u8(narrow, count, width, again);
        if (bytes > 0) assert_memory_equal(again, packed, bytes);
        mr_bitunpack_u8(packed, count, width, narrow_back);
        if (count > 0) assert_memory_equal(narrow_back, narrow, count);
        free(again);
    }
    free(values);
    free(back);
    free(packed);
    free(narrow);
    free(narrow_back);
}

static void test_bitpack(void **state)
{
    (void)state;
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (unsigned width = 0; width <= MR_BITPACK_WIDTH_MAX; width++) {
        for (size_t count = 0; count < LENGTHS; count++) check_pack(&rng, count, width);
        check_pack(&rng, 5001, width);
    }
    assert_int_equal(mr_bitpack_width(0), 0);
    assert_int_equal(mr_bitpack_width(1), 1);
    assert_int_equal(mr_bitpack_width(255), 8);
    assert_int_equal(mr_bitpack_width(256), 9);
    assert_int_equal(mr_bitpack_width(UINT32_MAX), 32);
}

/* Values with runs of random lengths; `run_max` 1 gives none. */
static void fill_runs(struct mr_rng *rng, uint32_t *values, size_t count, unsigned width,
                      uint32_t run_max)
{
    uint64_t mask = (UINT64_C(1) << width) - 1;
    for (size_t i = 0; i < count;) {
        uint32_t value = (uint32_t)(mr_rng_next(rng) & mask);
        size_t run = 1 + mr_rng_below(rng, run_max);
        for (; run > 0 && i < count; run--) values[i++] = value;
    }
}

static void check_hybrid(struct mr_rng *rng, size_t count, unsigned width, uint32_t run_max)
{
    size_t room = mr_rle_bound(count, width);
    uint32_t *values = take(count * 4), *back = take(count * 4);
    uint8_t *out = take(room + CANARY_BYTES), *narrow = take(count), *narrow_back = take(count);
    fill_runs(rng, values, count, width, run_max);
    memset(out + room, CANARY, CANARY_BYTES);
    size_t bytes = mr_rle_encode_u32(values, count, width, out);
    assert_true(bytes <= room);
    for (int i = 0; i < CANARY_BYTES; i++) assert_int_equal(out[room + (size_t)i], CANARY);
    uint8_t *exact = take(bytes);
    memcpy(exact, out, bytes);
    assert_true(mr_rle_decode_u32(exact, bytes, width, back, count));
    if (count > 0) assert_memory_equal(back, values, count * 4);
    if (width <= 8) {
        narrow_to(narrow, values, count);
        assert_int_equal(mr_rle_encode_u8(narrow, count, width, out), bytes);
        if (bytes > 0) assert_memory_equal(out, exact, bytes);
        assert_true(mr_rle_decode_u8(exact, bytes, width, narrow_back, count));
        if (count > 0) assert_memory_equal(narrow_back, narrow, count);
    }
    free(exact);
    free(values);
    free(back);
    free(out);
    free(narrow);
    free(narrow_back);
}

static void test_hybrid(void **state)
{
    (void)state;
    static const uint32_t runs[] = {1, 3, 9, 20, 70, 1000};
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (unsigned width = 0; width <= MR_BITPACK_WIDTH_MAX; width++) {
        for (size_t r = 0; r < MR_COUNT_OF(runs); r++) {
            for (size_t count = 0; count < LENGTHS; count += 1 + count / 16) {
                check_hybrid(&rng, count, width, runs[r]);
            }
            check_hybrid(&rng, 5003, width, runs[r]);
        }
    }
}

/* The worked bytes of parquet-format's Encodings.md: 0 to 7 in three bits; and a repeated run. */
static void test_hybrid_bytes(void **state)
{
    (void)state;
    static const uint32_t ascending[] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const uint8_t packed[] = {0x03, 0x88, 0xc6, 0xfa}, repeated[] = {0xc8, 0x01, 0x04, 0x01};
    uint8_t out[64];
    uint32_t many[100];
    assert_int_equal(mr_rle_encode_u32(ascending, 8, 3, out), sizeof packed);
    assert_memory_equal(out, packed, sizeof packed);
    for (size_t i = 0; i < MR_COUNT_OF(many); i++) many[i] = 0x104;
    assert_int_equal(mr_rle_encode_u32(many, MR_COUNT_OF(many), 9, out), sizeof repeated);
    assert_memory_equal(out, repeated, sizeof repeated);
    assert_int_equal(mr_rle_encode_repeat(0x104, 100, 9, out), sizeof repeated);
    assert_memory_equal(out, repeated, sizeof repeated);
}

static void test_hybrid_hostile(void **state)
{
    (void)state;
    struct mr_rng rng;
    uint32_t failed = 0;
    mr_rng_init(&rng, SEED);
    for (uint32_t round = 0; round < 20000; round++) {
        size_t bytes = mr_rng_below(&rng, 40), count = mr_rng_below(&rng, 300);
        unsigned width = (unsigned)mr_rng_below(&rng, 33);
        uint8_t *in = take(bytes);
        uint32_t *out = take(count * 4);
        for (size_t i = 0; i < bytes; i++) {
            in[i] = (uint8_t)(mr_rng_next(&rng) & (round % 2 == 0 ? 0x0f : 0xff));
        }
        bool is_good = mr_rle_decode_u32(in, bytes, width, out, count);
        failed += !is_good;
        for (size_t i = 0; is_good && i < count; i++) {
            assert_true((uint64_t)out[i] < UINT64_C(1) << width);
        }
        free(in);
        free(out);
    }
    assert_in_range(failed, 1000, 19999);
}

static void test_minmax(void **state)
{
    (void)state;
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (size_t count = 0; count < LENGTHS; count++) {
        int32_t *a = take(count * 4), low32 = INT32_MAX, high32 = INT32_MIN;
        int64_t *b = take(count * 8), low64 = INT64_MAX, high64 = INT64_MIN;
        double *c = take(count * 8), low = INFINITY, high = -INFINITY, want_low = INFINITY;
        float *d = take(count * 4), low_f = INFINITY, high_f = -INFINITY;
        double want_high = -INFINITY;
        int64_t want_min = INT64_MAX, want_max = INT64_MIN;
        for (size_t i = 0; i < count; i++) {
            a[i] = (int32_t)mr_rng_next(&rng);
            b[i] = a[i];
            c[i] = mr_rng_below(&rng, 3) == 0 ? (double)NAN : (double)a[i];
            d[i] = (float)c[i];
            want_min = MR_MIN(want_min, b[i]);
            want_max = MR_MAX(want_max, b[i]);
            if (!isnan(c[i]) && c[i] < want_low) want_low = c[i];
            if (!isnan(c[i]) && c[i] > want_high) want_high = c[i];
        }
        mr_minmax_i32(a, count, &low32, &high32);
        mr_minmax_i64(b, count, &low64, &high64);
        mr_minmax_f64(c, count, &low, &high);
        mr_minmax_f32(d, count, &low_f, &high_f);
        assert_true(low64 == want_min && high64 == want_max);
        assert_true(count == 0 || (low32 == want_min && high32 == want_max));
        assert_true(low == want_low && high == want_high);
        assert_true(low_f == (float)want_low && high_f == (float)want_high);
        free(a);
        free(b);
        free(c);
        free(d);
    }
}

static void check_levels(struct mr_rng *rng, uint32_t count, uint32_t kind)
{
    uint32_t words = (count + 63) / 64, live = 0;
    uint64_t *validity = take(words * 8);
    uint8_t *def = take(count), *final = take(count);
    uint32_t *dense = take(((size_t)count + 64) * 4), *rows = take((size_t)count * 4);
    for (uint32_t i = 0; i < words; i++) {
        validity[i] = kind == 0   ? UINT64_MAX
                      : kind == 1 ? 0
                      : kind == 2 ? UINT64_C(0x5555555555555555)
                                  : mr_rng_next(rng);
    }
    uint32_t found = mr_levels_dense(validity, count, 3, 4, def, dense);
    for (uint32_t i = 0; i < count; i++) {
        bool is_there = validity[i / 64] >> (i % 64) & 1;
        assert_int_equal(def[i], is_there ? 4 : 3);
        if (is_there) assert_int_equal(dense[live++], i);
    }
    assert_int_equal(found, live);
    /* The same by descending and finishing. */
    assert_int_equal(mr_levels_descend(validity, NULL, NULL, count, 3, rows, final), live);
    assert_int_equal(mr_levels_finish(rows, count, 4, final, rows), live);
    if (count > 0) assert_memory_equal(final, def, count);
    if (live > 0) assert_memory_equal(rows, dense, live * 4);
    free(validity);
    free(def);
    free(final);
    free(dense);
    free(rows);
}

static void test_levels(void **state)
{
    (void)state;
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (uint32_t kind = 0; kind < 4; kind++) {
        for (uint32_t count = 0; count < LENGTHS; count++) check_levels(&rng, count, kind);
        check_levels(&rng, 4096, kind);
    }
    /* An entry that ended above keeps its level and never looks at the bitmap. */
    const uint64_t none = 0;
    const uint32_t in[] = {MR_LEVEL_ENDED, 0, MR_LEVEL_ENDED};
    const uint8_t def[] = {1, 0, 2};
    uint32_t rows[3];
    uint8_t out[3];
    assert_int_equal(mr_levels_descend(&none, in, def, 3, 5, rows, out), 0);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 5);
    assert_int_equal(out[2], 2);
}

/* A list of three, an empty one, one that ended above, one of one: (Melnik et al., section 4). */
static void test_levels_open(void **state)
{
    const uint32_t offsets[] = {0, 3, 3, 4}, rows[] = {0, 1, MR_LEVEL_ENDED, 2};
    const uint8_t def[] = {9, 9, 1, 9}, rep[] = {0, 1, 0, 1};
    const uint32_t want_rows[] = {0, 1, 2, MR_LEVEL_ENDED, MR_LEVEL_ENDED, 3};
    const uint8_t want_def[] = {4, 4, 4, 4, 1, 4}, want_rep[] = {0, 2, 2, 1, 0, 1};
    uint32_t out_rows[6 + 64], count = 2;
    uint8_t out_def[6 + 64], out_rep[6 + 64];
    (void)state;
    assert_int_equal(mr_levels_opened(offsets, rows, 4), 6);
    assert_int_equal(mr_levels_open(offsets, rows, def, rep, 4, 4, 2, out_rows, out_def, out_rep),
                     4);
    assert_memory_equal(out_rows, want_rows, sizeof want_rows);
    assert_memory_equal(out_def, want_def, sizeof want_def);
    assert_memory_equal(out_rep, want_rep, sizeof want_rep);
    assert_int_equal(mr_levels_equal(out_rep, 6, 2), 2);
    const uint8_t reps[] = {0, 2, 2, 0, 1, 0};
    assert_int_equal(mr_levels_rows(reps, 6, &count), 5);
    assert_int_equal(count, 2);
    count = 9;
    assert_int_equal(mr_levels_rows(reps, 6, &count), 6);
    assert_int_equal(count, 3);
}

/* ---- variants -------------------------------------------------------------------------------- */

enum { REGION = 64 << 10, PAGE = 4096, LONG = 4099 };

/* A region whose end may not be passed; inputs are laid so that they end there. */
struct guarded {
    uint8_t *at;
};

static struct guarded guarded_new(void)
{
    uint8_t *at =
        mmap(NULL, REGION + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(at != MAP_FAILED);
    assert_int_equal(mprotect(at + REGION, PAGE, PROT_NONE), 0);
    return (struct guarded){at};
}

static void guarded_free(struct guarded region)
{
    assert_int_equal(munmap(region.at, REGION + PAGE), 0);
}

static void *guarded_last(struct guarded region, size_t bytes)
{
    return region.at + REGION - bytes;
}

static void check_canaries(const uint8_t *at)
{
    for (size_t i = 0; i < CANARY_BYTES; i++) assert_int_equal(at[i], CANARY);
}

/* `skew` moves the output over all alignments; inputs move with their length. */
static void variant_hybrid(const struct mr_encode_kernels *kernels, struct mr_rng *rng,
                           struct guarded region, size_t count, unsigned width, uint32_t run_max,
                           size_t skew)
{
    size_t room = mr_rle_bound(count, width), want_bytes, bytes;
    uint32_t *values = guarded_last(region, count * 4);
    uint8_t *want = take(room), *out = take(skew + room + CANARY_BYTES);
    fill_runs(rng, values, count, width, run_max);
    memset(out, CANARY, skew + room + CANARY_BYTES);
    want_bytes = mr_encode_ref.rle_u32(values, count, width, want);
    bytes = kernels->rle_u32(values, count, width, out + skew);
    assert_int_equal(bytes, want_bytes);
    if (bytes > 0) assert_memory_equal(out + skew, want, bytes);
    check_canaries(out + skew + room);
    if (width <= 8) {
        uint32_t *wide = take(count * 4);
        if (count > 0) memcpy(wide, values, count * 4);
        uint8_t *narrow = guarded_last(region, count);
        size_t packed = mr_bitpack_bytes(count, width);
        narrow_to(narrow, wide, count);
        assert_int_equal(kernels->rle_u8(narrow, count, width, out + skew), bytes);
        if (bytes > 0) assert_memory_equal(out + skew, want, bytes);
        mr_encode_ref.bitpack_u8(narrow, count, width, want);
        memset(out + skew + packed, CANARY, CANARY_BYTES);
        kernels->bitpack_u8(narrow, count, width, out + skew);
        if (packed > 0) assert_memory_equal(out + skew, want, packed);
        check_canaries(out + skew + packed);
        free(wide);
    }
    free(want);
    free(out);
}

static void variant_levels(const struct mr_encode_kernels *kernels, struct mr_rng *rng,
                           struct guarded region, uint32_t count, uint32_t kind)
{
    uint32_t words = (count + 63) / 64, found;
    uint64_t *validity = guarded_last(region, words * sizeof *validity);
    uint8_t *want = take(count), *def = take((size_t)count + CANARY_BYTES);
    uint32_t *want_rows = take(((size_t)count + 64) * 4);
    uint8_t *rows = take(((size_t)count + 64) * 4 + CANARY_BYTES);
    for (uint32_t i = 0; i < words; i++) {
        validity[i] = kind == 0   ? UINT64_MAX
                      : kind == 1 ? 0
                      : kind == 2 ? UINT64_C(0x5555555555555555)
                                  : mr_rng_next(rng) & mr_rng_next(rng);
    }
    memset(def + count, CANARY, CANARY_BYTES);
    memset(rows + ((size_t)count + 64) * 4, CANARY, CANARY_BYTES);
    found = mr_encode_ref.levels_dense(validity, count, 200, 201, want, want_rows);
    assert_int_equal(
        kernels->levels_dense(validity, count, 200, 201, def, (uint32_t *)(void *)rows), found);
    if (count > 0) assert_memory_equal(def, want, count);
    if (found > 0) assert_memory_equal(rows, want_rows, found * sizeof *want_rows);
    check_canaries(def + count);
    check_canaries(rows + ((size_t)count + 64) * 4);
    free(want);
    free(def);
    free(want_rows);
    free(rows);
}

/* Entries of a node under another: some have ended, the others are rows in order with holes. Both
 * descend into the node's bitmap, are finished, and open the node's lists. `skew` moves outputs. */
static void variant_nested(const struct mr_encode_kernels *kernels, struct mr_rng *rng,
                           struct guarded region, uint32_t count, uint32_t kind, uint32_t skew)
{
    const uint32_t room = count * 24 + 128, words = (count * 3 + 64) / 64 + 1;
    const struct mr_encode_kernels *both[] = {&mr_encode_ref, kernels};
    uint64_t *validity = guarded_last(region, words * sizeof *validity);
    uint32_t *rows = take((size_t)count * 4), *offsets = take(((size_t)count * 3 + 2) * 4);
    uint8_t *def = take(count), *rep = take(count), *defs[2], *reps[2];
    uint32_t *outs[2], live[2], row = 0;
    bool has_ended = kind % 2 == 1;
    for (uint32_t i = 0; i < words; i++) validity[i] = mr_rng_next(rng) | mr_rng_next(rng);
    for (uint32_t i = 0; i < count; i++) {
        row += kind < 2 ? 1 : 1 + (uint32_t)mr_rng_below(rng, 2);
        rows[i] = has_ended && mr_rng_below(rng, 4) == 0 ? MR_LEVEL_ENDED : row;
        def[i] = (uint8_t)mr_rng_below(rng, 3);
        rep[i] = (uint8_t)mr_rng_below(rng, 2);
    }
    offsets[0] = 0;
    for (uint32_t i = 0; i < count * 3 + 1; i++) {
        uint32_t most = mr_rng_below(rng, 16) == 0 ? 24 : 4;
        offsets[i + 1] = offsets[i] + (uint32_t)mr_rng_below(rng, most);
    }
    for (uint32_t step = 0; step < 3; step++) {
        const uint32_t *in = kind == 4 && step != 1 ? NULL : rows;
        for (uint32_t v = 0; v < 2; v++) {
            outs[v] = take(room * sizeof **outs);
            defs[v] = memset(take(room + skew), CANARY, room + skew);
            reps[v] = memset(take(room + skew), CANARY, room + skew);
        }
        uint32_t entries = step == 2 ? (uint32_t)mr_levels_opened(offsets, in, count) : count;
        for (uint32_t v = 0; v < 2; v++) {
            uint8_t *out_def = defs[v] + skew;
            if (step == 0) {
                live[v] = both[v]->levels_descend(validity, in, has_ended ? def : NULL, count, 7,
                                                  outs[v], out_def);
            } else if (step == 1) {
                if (count > 0) memcpy(out_def, def, count);
                live[v] = both[v]->levels_finish(rows, count, 9, out_def, outs[v]);
            } else {
                live[v] = both[v]->levels_open(offsets, in, has_ended ? def : NULL,
                                               kind == 2 ? NULL : rep, count, 7, 2, outs[v],
                                               out_def, reps[v] + skew);
                assert_true(entries + CANARY_BYTES <= room);
                check_canaries(out_def + entries + CANARY_BYTES - 1);
            }
        }
        assert_int_equal(live[1], live[0]);
        if (entries > 0) assert_memory_equal(defs[1] + skew, defs[0] + skew, entries);
        uint32_t listed = step == 1 ? live[0] : entries;
        if (listed > 0) assert_memory_equal(outs[1], outs[0], listed * sizeof **outs);
        if (step == 2 && entries > 0) {
            assert_memory_equal(reps[1] + skew, reps[0] + skew, entries);
        }
        for (uint32_t v = 0; v < 2; v++) {
            free(outs[v]);
            free(defs[v]);
            free(reps[v]);
        }
    }
    free(rows);
    free(offsets);
    free(def);
    free(rep);
}

static void variant_counts(const struct mr_encode_kernels *kernels, struct mr_rng *rng,
                           struct guarded region, uint32_t count, uint32_t kind)
{
    uint8_t *levels = guarded_last(region, count);
    for (uint32_t i = 0; i < count; i++) {
        levels[i] = (uint8_t)(kind == 0 ? 0 : mr_rng_below(rng, kind + 1));
    }
    for (uint8_t level = 0; level <= 5; level++) {
        assert_int_equal(kernels->levels_equal(levels, count, level),
                         mr_encode_ref.levels_equal(levels, count, level));
    }
    for (uint32_t rows = 0; rows < 80; rows += 1 + rows / 9) {
        uint32_t want = rows, got = rows;
        uint32_t end = mr_encode_ref.levels_rows(levels, count, &want);
        assert_int_equal(kernels->levels_rows(levels, count, &got), end);
        assert_int_equal(got, want);
    }
}

/* The sign of a zero bound is left open. */
#define VARIANT_MINMAX(name, type, from, to, draw)                                                 \
    static void variant_##name(const struct mr_encode_kernels *kernels, struct mr_rng *rng,        \
                               struct guarded region, size_t count)                                \
    {                                                                                              \
        static const double reals[] = {0.0, -0.0, 1.5, -1.5, NAN, -NAN, INFINITY, -INFINITY};      \
        type *values = guarded_last(region, count * sizeof *values);                               \
        type low = (from), high = (to), want_low = (from), want_high = (to);                       \
        (void)reals;                                                                               \
        for (size_t i = 0; i < count; i++) values[i] = (type)(draw);                               \
        mr_encode_ref.name(values, count, &want_low, &want_high);                                  \
        kernels->name(values, count, &low, &high);                                                 \
        assert_true(low == want_low && high == want_high);                                         \
    }

VARIANT_MINMAX(minmax_i32, int32_t, INT32_MAX, INT32_MIN, mr_rng_next(rng))
VARIANT_MINMAX(minmax_i64, int64_t, INT64_MAX, INT64_MIN, mr_rng_next(rng))
VARIANT_MINMAX(minmax_f32, float, INFINITY, -INFINITY,
               mr_rng_below(rng, 2) == 0 ? reals[mr_rng_below(rng, MR_COUNT_OF(reals))]
                                         : (double)mr_rng_next(rng) - 1e18)
VARIANT_MINMAX(minmax_f64, double, INFINITY, -INFINITY,
               mr_rng_below(rng, 2) == 0 ? reals[mr_rng_below(rng, MR_COUNT_OF(reals))]
                                         : (double)mr_rng_next(rng) - 1e18)

static void variant_all(const struct mr_encode_kernels *kernels)
{
    static const uint32_t runs[] = {1, 9, 20, 70, 1000};
    struct guarded region = guarded_new();
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    for (size_t step = 0; step <= LENGTHS; step++) {
        size_t count = step < LENGTHS ? step : LONG;
        for (unsigned width = 0; width <= MR_BITPACK_WIDTH_MAX; width++) {
            uint32_t run_max = runs[mr_rng_below(&rng, MR_COUNT_OF(runs))];
            variant_hybrid(kernels, &rng, region, count, width, run_max, count % 64);
        }
        for (uint32_t kind = 0; kind < 5; kind++) {
            variant_levels(kernels, &rng, region, (uint32_t)count, kind);
            variant_counts(kernels, &rng, region, (uint32_t)count, kind);
            if (count > REGION / 8 / 4) continue;
            variant_nested(kernels, &rng, region, (uint32_t)count, kind, (uint32_t)count % 64);
        }
        variant_minmax_i32(kernels, &rng, region, count);
        variant_minmax_i64(kernels, &rng, region, count);
        variant_minmax_f32(kernels, &rng, region, count);
        variant_minmax_f64(kernels, &rng, region, count);
    }
    for (unsigned width = 0; width <= MR_BITPACK_WIDTH_MAX; width++) {
        for (size_t r = 0; r < MR_COUNT_OF(runs); r++) {
            for (size_t skew = 0; skew < 64; skew++) {
                variant_hybrid(kernels, &rng, region, LONG + skew, width, runs[r], skew);
            }
        }
    }
    guarded_free(region);
}

static void test_variants(void **state)
{
    (void)state;
    for (int isa = MR_ISA_AVX2; isa <= (int)mr_isa_best(); isa++) {
        const struct mr_encode_kernels *kernels = mr_encode_kernels((mr_isa)isa);
        printf("%s: kernels of %s\n", mr_isa_name((mr_isa)isa), mr_isa_name(kernels->isa));
        variant_all(kernels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bitpack),      cmocka_unit_test(test_hybrid),
        cmocka_unit_test(test_hybrid_bytes), cmocka_unit_test(test_hybrid_hostile),
        cmocka_unit_test(test_minmax),       cmocka_unit_test(test_levels),
        cmocka_unit_test(test_levels_open),  cmocka_unit_test(test_variants),
    };
    printf("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
