/* Shown: every variant of the CSV index equals the reference bit for bit: lengths 0 to two vectors
 * and one, all 64 alignments, dense and sparse marks, marks that are the same byte; outputs end in
 * canaries, text at a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/rng.h"
#include "core/base/span.h"
#include "kernels/csv/csv_index.h"

enum { TEXT_MAX = 4096, POS_ROOM = TEXT_MAX + MR_CSV_POS_SLACK };

static const uint32_t canary = 0xC0FFEEu;

struct outcome {
    uint32_t count;
    bool is_wide;
    uint32_t pos[POS_ROOM + 1];
};

/* The text ends MR_PAD bytes before a page that must not be touched. */
static char *text_place(size_t bytes)
{
    static char *guarded;
    if (guarded == NULL) {
        char *region =
            mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(region != MAP_FAILED);
        assert_int_equal(mprotect(region + 2 * 4096, 4096, PROT_NONE), 0);
        guarded = region + 2 * 4096;
    }
    return guarded - MR_PAD - bytes;
}

static void fill(struct mr_rng *rng, char *text, size_t bytes, int style)
{
    static const char *const alphabets[] = {"\"\\\n\r,a1", ",,,,\n", "abcdefghijklmnopqrstuvwxyz,",
                                            "\"\"a,\n",    "a\xc3\xa9\x80\xff,"};
    const char *alphabet = alphabets[style % 5];
    for (size_t i = 0; i < bytes; i++) text[i] = alphabet[mr_rng_below(rng, strlen(alphabet))];
}

static void run(mr_csv_index_fn *index, const char *text, uint32_t bytes,
                const struct mr_csv_marks *marks, struct outcome *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i <= POS_ROOM; i++) out->pos[i] = canary;
    out->count = index(text, bytes, marks, 1000, out->pos, &out->is_wide);
    assert_int_equal(out->pos[bytes + MR_CSV_POS_SLACK], canary);
}

static void compare(mr_csv_index_fn *index, const char *text, uint32_t bytes, int style)
{
    static const struct mr_csv_marks marks[] = {{{',', '"', '\\', '\n', '\r'}},
                                                {{',', '"', '"', '\n', '\n'}},
                                                {{'\t', '\xc3', '\0', '\n', '\r'}}};
    static struct outcome want, got;
    run(mr_csv_index_ref, text, bytes, &marks[style % 3], &want);
    run(index, text, bytes, &marks[style % 3], &got);
    assert_int_equal(got.count, want.count);
    assert_int_equal(got.is_wide, want.is_wide);
    assert_memory_equal(got.pos, want.pos, want.count * sizeof want.pos[0]);
}

static void test_index(void **state)
{
    static char room[TEXT_MAX + 2 * MR_PAD] __attribute__((aligned(64)));
    mr_isa isa = (mr_isa) * (const int *)*state;
    struct mr_rng rng;
    mr_rng_init(&rng, 12);
    if (isa > mr_isa_best()) skip();
    const struct mr_csv_kernels *kernels = mr_csv_kernels(isa);
    assert_int_equal(kernels->isa, isa);
    for (uint32_t bytes = 0; bytes <= 129; bytes++) {
        for (int style = 0; style < 30; style++) {
            char *text = text_place(bytes);
            fill(&rng, text, bytes, style);
            compare(kernels->index, text, bytes, style);
        }
    }
    for (uint32_t align = 0; align < 64; align++) {
        for (int style = 0; style < 15; style++) {
            uint32_t bytes = TEXT_MAX - 64 - (uint32_t)mr_rng_below(&rng, 200);
            fill(&rng, room + align, bytes, style);
            compare(kernels->index, room + align, bytes, style);
        }
    }
}

/* The reference itself, against what a person reads. */
static void test_reference(void **state)
{
    static const struct mr_csv_marks marks = {{',', '"', '\\', '\n', '\r'}};
    uint32_t pos[32 + MR_CSV_POS_SLACK];
    char text[64] = "a,\"b\\c\"\r\nd";
    bool is_wide = false;
    (void)state;
    static const uint32_t want[] = {11, 12, 14, 16, 17, 18};
    assert_int_equal(mr_csv_index_ref(text, 10, &marks, 10, pos, &is_wide), 6);
    assert_memory_equal(pos, want, sizeof want);
    assert_false(is_wide);
    text[9] = (char)0xe4;
    assert_int_equal(mr_csv_index_ref(text, 10, &marks, 10, pos, &is_wide), 6);
    assert_true(is_wide);
}

int main(void)
{
    static const int isas[] = {MR_ISA_REF, MR_ISA_AVX2, MR_ISA_AVX512};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        {"test_index_ref", test_index, NULL, NULL, (void *)&isas[0]},
        {"test_index_avx2", test_index, NULL, NULL, (void *)&isas[1]},
        {"test_index_avx512", test_index, NULL, NULL, (void *)&isas[2]},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
