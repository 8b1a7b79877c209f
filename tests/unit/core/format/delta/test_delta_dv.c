/* Shown: deletion vectors in each container kind and both forms give back the rows they were made
 * of, whatever window is asked for; names of their files are made as the protocol's sample says;
 * sizes, checksums, counts and order are checked; cut or changed bytes give an error or rows that
 * are still in order, never a wild read (the sanitizers watch). */
#include "tests/unit/core/format/delta/delta_fixture.h"

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/batch/vec.h"
#include "core/format/delta/delta_dv.h"
#include "kernels/codec/crc.h"
#include "kernels/text/z85.h"

enum { PART = 1 << 16, PARTS = 5, ROWS = PART * PARTS, MAGIC = 1681511377, NATIVE = 1681511376 };

static void add_number(struct mr_text *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) mr_text_addc(out, (char)(value >> (8 * i)));
}

static uint32_t count_part(const uint64_t *rows, uint32_t part)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < PART; i++) count += mr_bit_get(rows, part * PART + i);
    return count;
}

/* Runs of one container: counted when `out` is null, else written. */
static uint32_t add_runs(const uint64_t *rows, uint32_t part, struct mr_text *out)
{
    uint32_t runs = 0;
    for (uint32_t i = 0; i < PART; i++) {
        if (!mr_bit_get(rows, part * PART + i)) continue;
        uint32_t start = i;
        while (i + 1 < PART && mr_bit_get(rows, part * PART + i + 1)) i++;
        runs++;
        if (out == NULL) continue;
        add_number(out, start, 2);
        add_number(out, i - start, 2);
    }
    return runs;
}

static void add_container(const uint64_t *rows, uint32_t part, bool is_runs, struct mr_text *out)
{
    uint32_t count = count_part(rows, part);
    if (is_runs) {
        add_number(out, add_runs(rows, part, NULL), 2);
        (void)add_runs(rows, part, out);
    } else if (count <= 4096) {
        for (uint32_t i = 0; i < PART; i++) {
            if (mr_bit_get(rows, part * PART + i)) add_number(out, i, 2);
        }
    } else {
        mr_text_add(out, (const char *)rows + part * (PART / 8), PART / 8);
    }
}

/* A bitmap of the containers that have rows; those whose bit is set in `runs` as runs. */
static void add_bitmap(struct fixture *f, const uint64_t *rows, uint32_t runs, struct mr_text *out)
{
    uint32_t parts[PARTS], count = 0;
    struct mr_text bodies;
    for (uint32_t part = 0; part < PARTS; part++) {
        if (count_part(rows, part) > 0) parts[count++] = part;
    }
    size_t start = out->used;
    if (runs != 0) {
        add_number(out, 12347 | (count - 1) << 16, 4);
        add_number(out, runs, (count + 7) / 8);
    } else {
        add_number(out, 12346, 4);
        add_number(out, count, 4);
    }
    for (uint32_t i = 0; i < count; i++) {
        add_number(out, parts[i], 2);
        add_number(out, count_part(rows, parts[i]) - 1, 2);
    }
    mr_text_init(&bodies, &f->heap);
    bool has_offsets = runs == 0 || count >= 4;
    size_t behind = out->used - start + (has_offsets ? count * 4 : 0);
    for (uint32_t i = 0; i < count; i++) {
        if (has_offsets) add_number(out, behind + bodies.used, 4);
        add_container(rows, parts[i], runs >> i & 1, &bodies);
    }
    mr_text_add(out, bodies.at, bodies.used);
    mr_text_fini(&bodies);
}

static void add_vector(struct fixture *f, const uint64_t *rows, uint32_t runs, bool is_native,
                       uint32_t high, struct mr_text *out)
{
    add_number(out, is_native ? NATIVE : MAGIC, 4);
    add_number(out, 1, is_native ? 4 : 8);
    size_t at = out->used;
    add_number(out, high, 4);
    add_bitmap(f, rows, runs, out);
    uint32_t bytes = (uint32_t)(out->used - at - 4);
    if (is_native) memcpy(out->at + at, &bytes, 4);
}

static uint64_t *rows_make(struct fixture *f, uint64_t seed)
{
    struct mr_rng rng;
    uint64_t *rows = MR_ARENA_ARRAY(&f->arena, uint64_t, ROWS / 64);
    mr_rng_init(&rng, seed);
    for (int i = 0; i < 3000; i++) mr_bit_set(rows, (uint32_t)mr_rng_below(&rng, PART));
    for (int i = 0; i < 30000; i++) mr_bit_set(rows, PART + (uint32_t)mr_rng_below(&rng, PART));
    for (uint32_t i = 0; i < 9000; i++) mr_bit_set(rows, 2 * PART + 100 + i + i / 3000 * 500);
    mr_bit_set(rows, 3 * PART);
    mr_bit_set(rows, 3 * PART + PART - 1);
    for (uint32_t i = 0; i < PART && seed % 2 == 0; i++) mr_bit_set(rows, 4 * PART + i);
    return rows;
}

static void check_windows(const struct mr_delta_row_set *set, const uint64_t *rows, uint64_t shift,
                          uint64_t seed)
{
    struct mr_rng rng;
    static uint64_t bits[ROWS / 64 + 2];
    mr_rng_init(&rng, seed);
    for (int i = 0; i < 60; i++) {
        uint64_t first = mr_rng_below(&rng, ROWS + 100);
        uint32_t count = (uint32_t)mr_rng_below(&rng, i < 30 ? 200 : 2 * PART);
        memset(bits, 0, sizeof bits);
        mr_delta_row_set_add(set, shift + first, count, bits);
        for (uint32_t k = 0; k < count; k++) {
            bool want = first + k < ROWS && mr_bit_get(rows, (uint32_t)(first + k));
            assert_int_equal(mr_bit_get(bits, k), want);
        }
        assert_false(mr_bit_get(bits, count));
    }
}

static void test_rows(void **state)
{
    struct fixture *f = *state;
    for (uint64_t round = 0; round < 12; round++) {
        struct mr_delta_row_set set;
        const uint64_t *rows = rows_make(f, round);
        bool is_native = round % 3 == 2;
        uint32_t runs = round % 4 == 0 ? 0 : round % 4 == 1 ? 4 : 29, high = is_native ? 0 : 7;
        mr_text_reset(&f->text);
        add_vector(f, rows, runs, is_native, high, &f->text);
        assert_int_equal(
            mr_delta_row_set_decode(&f->arena, mr_text_span(&f->text), &set, &f->err), MR_OK);
        uint64_t count = 0;
        for (uint32_t part = 0; part < PARTS; part++) count += count_part(rows, part);
        assert_int_equal(set.cardinality, count);
        check_windows(&set, rows, (uint64_t)high << 32, round);
        static uint64_t none[4];
        mr_delta_row_set_add(&set, 0, high == 0 ? 0 : 200, none);
        mr_delta_row_set_add(&set, (uint64_t)9 << 32, 200, none);
        for (int i = 0; i < 4; i++) assert_int_equal(none[i], 0);
        mr_arena_reset(&f->arena);
    }
}

static void test_damage(void **state)
{
    struct fixture *f = *state;
    struct mr_rng rng;
    struct mr_delta_row_set set;
    uint64_t rows[ROWS / 64] = {0x8000000000000013, 0, 0xff};
    rows[3 * PART / 64] = 0xfff0;
    add_vector(f, rows, 2, false, 0, &f->text);
    struct mr_span whole = mr_text_span(&f->text);
    for (size_t bytes = 0; bytes < whole.bytes; bytes++) {
        char *copy = malloc(bytes + 1); /* of the exact size, for the sanitizer */
        memcpy(copy, whole.text, bytes);
        assert_int_equal(
            mr_delta_row_set_decode(&f->arena, (struct mr_span){copy, bytes}, &set, &f->err),
            MR_E_CORRUPT);
        assert_int_equal(f->err.code, 3120);
        free(copy);
    }
    mr_rng_init(&rng, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits[4] = {0};
        size_t at = mr_rng_below(&rng, whole.bytes);
        char old = f->text.at[at];
        f->text.at[at] = (char)mr_rng_next(&rng);
        if (mr_delta_row_set_decode(&f->arena, whole, &set, &f->err) == MR_OK) {
            mr_delta_row_set_add(&set, 0, 256, bits);
        }
        f->text.at[at] = old;
        mr_arena_reset(&f->arena);
    }
    mr_text_addc(&f->text, 0);
    assert_int_equal(mr_delta_row_set_decode(&f->arena, mr_text_span(&f->text), &set, &f->err),
                     MR_E_CORRUPT);
    assert_non_null(strstr(f->err.message, "follow"));
}

/* The frame of the vector in f->text as a file has it. */
static struct mr_span frame_of(struct fixture *f)
{
    struct mr_text frame;
    mr_text_init(&frame, &f->heap);
    uint32_t crc = mr_crc32(0, f->text.at, f->text.used);
    for (int i = 24; i >= 0; i -= 8) mr_text_addc(&frame, (char)(f->text.used >> i));
    mr_text_add(&frame, f->text.at, f->text.used);
    for (int i = 24; i >= 0; i -= 8) mr_text_addc(&frame, (char)(crc >> i));
    struct mr_span copy = {mr_arena_copy(&f->arena, mr_text_span(&frame)), frame.used};
    mr_text_fini(&frame);
    return copy;
}

static void expect_damage(struct fixture *f, const struct mr_delta_dv *dv, struct mr_span frame,
                          const char *what)
{
    struct mr_delta_row_set set;
    assert_int_equal(mr_delta_dv_read(&f->arena, dv, frame, &set, &f->err), MR_E_CORRUPT);
    assert_int_equal(f->err.code, 3120);
    assert_non_null(strstr(f->err.message, what));
}

static void test_frame(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_row_set set;
    uint64_t rows[ROWS / 64] = {0x13}, off;
    uint32_t bytes;
    add_vector(f, rows, 0, false, 0, &f->text);
    struct mr_span frame = frame_of(f);
    struct mr_delta_dv dv = {.storage = 'u',
                             .off = MR_DELTA_NONE,
                             .bytes = (int64_t)f->text.used,
                             .cardinality = 3};
    assert_int_equal(mr_delta_dv_range(&dv, &off, &bytes, &f->err), MR_OK);
    assert_int_equal(off, 1);
    assert_int_equal(bytes, frame.bytes);
    assert_int_equal(mr_delta_dv_read(&f->arena, &dv, frame, &set, &f->err), MR_OK);
    check_windows(&set, rows, 0, 1);
    dv.cardinality = 4;
    expect_damage(f, &dv, frame, "as many rows");
    dv.cardinality = 3;
    ((char *)(uintptr_t)frame.text)[20] ^= 1;
    expect_damage(f, &dv, frame, "checksum");
    ((char *)(uintptr_t)frame.text)[3] ^= 1;
    expect_damage(f, &dv, frame, "size in its file");
    frame.bytes--;
    expect_damage(f, &dv, frame, "ends too early");
    dv.bytes = 3;
    assert_int_equal(mr_delta_dv_range(&dv, &off, &bytes, &f->err), MR_E_CORRUPT);
}

static void test_inline(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_row_set set;
    uint64_t rows[ROWS / 64] = {0x8000000000000013};
    char text[256];
    add_vector(f, rows, 0, false, 0, &f->text);
    struct mr_delta_dv dv = {.storage = 'i', .off = MR_DELTA_NONE, .cardinality = 4};
    dv.bytes = (int64_t)f->text.used;
    while (f->text.used % 4 != 0) mr_text_addc(&f->text, 0);
    mr_z85_encode((const uint8_t *)f->text.at, f->text.used, text);
    dv.place = (struct mr_span){text, f->text.used / 4 * 5};
    const struct mr_span none = {NULL, 0};
    assert_int_equal(mr_delta_dv_read(&f->arena, &dv, none, &set, &f->err), MR_OK);
    check_windows(&set, rows, 0, 1);
    dv.bytes += 4;
    expect_damage(f, &dv, none, "as long as");
    dv.place.bytes--;
    expect_damage(f, &dv, none, "Z85");
}

static void test_names(void **state)
{
    struct fixture *f = *state;
    bool is_absolute = true;
    struct mr_delta_dv dv = {.storage = 'u', .place = MR_SPAN("ab^-aqEH.-t@S}K{vb[*k^")};
    assert_int_equal(mr_delta_dv_path(&dv, &f->text, &is_absolute, &f->err), MR_OK);
    assert_false(is_absolute);
    expect_text(f, "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
    dv = (struct mr_delta_dv){.storage = 'p', .place = MR_SPAN("file:///a%20b/c.bin")};
    assert_int_equal(mr_delta_dv_path(&dv, &f->text, &is_absolute, &f->err), MR_OK);
    assert_true(is_absolute);
    expect_text(f, "/a b/c.bin");
    dv.place = MR_SPAN("s3://bucket/c.bin");
    assert_int_equal(mr_delta_dv_path(&dv, &f->text, &is_absolute, &f->err), MR_E_UNSUPPORTED);
    dv = (struct mr_delta_dv){.storage = 'u', .place = MR_SPAN("../^-aqEH.-t@S}K{vb[*k^")};
    mr_text_reset(&f->text);
    assert_int_not_equal(mr_delta_dv_path(&dv, &f->text, &is_absolute, &f->err), MR_OK);
    dv.place = MR_SPAN("short");
    assert_int_equal(mr_delta_dv_path(&dv, &f->text, &is_absolute, &f->err), MR_E_CORRUPT);
}

static void test_z85(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    uint8_t back[8];
    char text[10];
    mr_z85_encode(bytes, sizeof bytes, text);
    assert_memory_equal(text, "HelloWorld", 10);
    assert_true(mr_z85_decode(text, 10, back));
    assert_memory_equal(back, bytes, 8);
    assert_false(mr_z85_decode(text, 9, back));
    assert_true(mr_z85_decode("%nSc0", 5, back)); /* 2^32 - 1 */
    assert_false(mr_z85_decode("%nSc1", 5, back));
    assert_false(mr_z85_decode("####\"", 5, back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_damage, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_frame, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_inline, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_names, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_z85),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
