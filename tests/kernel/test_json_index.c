/* Shown: every variant of the JSON index and of the UTF-8 check equals the reference bit for bit:
 * lengths 0 to two vectors and one, all 64 alignments, text given whole and in two pieces, both
 * modes, dense quotes, backslashes and newlines; outputs end in canaries, text at a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/rng.h"
#include "core/base/span.h"
#include "kernels/json/json_index.h"

enum { TEXT_MAX = 4096, WORDS_MAX = TEXT_MAX / 64 + 1, POS_ROOM = TEXT_MAX + MR_JSON_POS_SLACK };

static const uint32_t canary = 0xC0FFEEu;

struct outcome {
    uint32_t count;
    uint32_t pos[POS_ROOM + 1];
    uint64_t quotes[WORDS_MAX + 1];
    uint64_t care[WORDS_MAX + 1];
    struct mr_json_state state;
};

/* The text ends MR_PAD bytes before a page that must not be touched. */
static char *guarded;

static char *text_place(size_t bytes)
{
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
    static const char *const alphabets[] = {"\"\\\n,{}[]: a1", "\"\\",
                                            "\\\\\\\\\"",      "abcdefghijklmnop,",
                                            "\"abc\n\"\"",     "{}[],\n\t\r\x01\x1f\x7f\xc3\xa9",
                                            /* what differs from a terminator in one bit */
                                            ",{}[]\f\v\x1b\x1d*;=|\xac\xdb\xdd\xfb\xfd\n"};
    const char *alphabet = alphabets[style % 7];
    for (size_t i = 0; i < bytes; i++) text[i] = alphabet[mr_rng_below(rng, strlen(alphabet))];
}

static void run(mr_json_index_fn *index, const char *text, uint32_t bytes, uint32_t cut,
                mr_json_mode mode, struct outcome *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i <= POS_ROOM; i++) out->pos[i] = canary;
    uint32_t words = (bytes + 63) / 64;
    out->quotes[words] = out->care[words] = canary;
    if (cut > 0) {
        out->count = index(text, cut, mode, 0, &out->state, out->pos, out->quotes, out->care);
    }
    out->count += index(text + cut, bytes - cut, mode, cut, &out->state, out->pos + out->count,
                        out->quotes + cut / 64, out->care + cut / 64);
    assert_int_equal(out->quotes[words], canary);
    assert_int_equal(out->care[words], canary);
    assert_int_equal(out->pos[bytes + MR_JSON_POS_SLACK], canary);
}

static void compare(const struct mr_json_kernels *kernels, const char *text, uint32_t bytes,
                    uint32_t cut, mr_json_mode mode)
{
    static struct outcome want, got;
    run(mr_json_index_ref, text, bytes, 0, mode, &want);
    run(kernels->index, text, bytes, cut, mode, &got);
    assert_int_equal(got.count, want.count);
    assert_memory_equal(got.pos, want.pos, want.count * sizeof want.pos[0]);
    assert_memory_equal(got.quotes, want.quotes, (bytes + 63) / 64 * 8);
    assert_memory_equal(got.care, want.care, (bytes + 63) / 64 * 8);
    assert_true(got.state.in_string == want.state.in_string);
    assert_true(got.state.escaped == want.state.escaped);
    assert_true((got.state.wide != 0) == (want.state.wide != 0));
}

static const struct mr_json_kernels *variant(const void *state)
{
    mr_isa isa = (mr_isa) * (const int *)state;
    if (isa > mr_isa_best()) return NULL;
    assert_int_equal(mr_json_kernels(isa)->isa, isa);
    return mr_json_kernels(isa);
}

static void test_index(void **state)
{
    const struct mr_json_kernels *kernels = variant(*state);
    struct mr_rng rng;
    mr_rng_init(&rng, 11);
    if (kernels == NULL) skip();
    for (uint32_t bytes = 0; bytes <= 129; bytes++) {
        for (int style = 0; style < 28; style++) {
            char *text = text_place(bytes);
            fill(&rng, text, bytes, style);
            uint32_t cut = style % 3 == 0 ? bytes / 64 * 64 : 0;
            compare(kernels, text, bytes, cut, MR_JSON_LINES);
            compare(kernels, text, bytes, cut, MR_JSON_DOCUMENT);
        }
    }
    static char room[TEXT_MAX + 2 * MR_PAD] __attribute__((aligned(64)));
    for (uint32_t align = 0; align < 64; align++) {
        for (int style = 0; style < 7; style++) {
            uint32_t bytes = TEXT_MAX - 64 - (uint32_t)mr_rng_below(&rng, 200);
            fill(&rng, room + align, bytes, style);
            uint32_t cut = (uint32_t)mr_rng_below(&rng, bytes / 64) * 64;
            compare(kernels, room + align, bytes, cut, MR_JSON_LINES);
            compare(kernels, room + align, bytes, cut, MR_JSON_DOCUMENT);
        }
    }
}

static void test_utf8(void **state)
{
    const struct mr_json_kernels *kernels = variant(*state);
    struct mr_rng rng;
    mr_rng_init(&rng, 12);
    if (kernels == NULL) skip();
    static const char *const parts[] = {"a",
                                        "\xc3\xa9",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        "\xed\x9f\xbf",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xf0\x90\x80\x80",
                                        "zzzzzzzzzzzzzzzzzzzz"};
    int valid_count = 0;
    for (int round = 0; round < 40000; round++) {
        char made[1024];
        bool is_long = round % 3 == 0; /* mostly ASCII, of which many steps are passed at once */
        size_t bytes = 0, wanted = mr_rng_below(&rng, is_long ? 800 : 160);
        while (bytes < wanted) {
            uint64_t kind = mr_rng_below(&rng, is_long ? 60 : 9);
            const char *part = parts[kind < 8 ? kind : 8];
            memcpy(made + bytes, part, strlen(part));
            bytes += strlen(part);
        }
        if (round % 2 != 0 && bytes > 0) {
            size_t at = mr_rng_below(&rng, bytes);
            made[at] = (char)mr_rng_next(&rng);
            if (round % 4 == 1) bytes = at + 1;
        }
        char *text = text_place(bytes);
        memcpy(text, made, bytes);
        bool want = mr_utf8_check_ref(text, bytes);
        if (kernels->utf8_check(text, bytes) != want) fail_msg("round %d", round);
        valid_count += want;
    }
    assert_in_range(valid_count, 20000, 39000);
}

/* Every code point, and every pair and many triples of bytes, against the definition. */
static void test_utf8_ref(void **state)
{
    (void)state;
    char text[8 + MR_PAD] = {0};
    for (uint32_t c = 0; c < 0x120000; c++) {
        bool is_valid = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
        int bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (int i = bytes - 1; i > 0; i--)
            text[i] = (char)(0x80 | (c >> 6 * (bytes - 1 - i) & 0x3f));
        static const int leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
        text[0] = (char)(leads[bytes] | c >> 6 * (bytes - 1));
        assert_int_equal(mr_utf8_check_ref(text, (size_t)bytes), is_valid);
        if (bytes > 1) assert_false(mr_utf8_check_ref(text, (size_t)bytes - 1));
    }
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",
                                      "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf5\x80\x80\x80",
                                      "\xff",         "\xc3\x28",         "\xe2\x82\x28"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(mr_utf8_check_ref(bad[i], strlen(bad[i])));
    }
}

int main(void)
{
    static int levels[] = {MR_ISA_REF, MR_ISA_AVX2, MR_ISA_AVX512};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_utf8_ref),
                                       cmocka_unit_test_prestate(test_index, &levels[0]),
                                       cmocka_unit_test_prestate(test_utf8, &levels[0]),
                                       cmocka_unit_test_prestate(test_index, &levels[1]),
                                       cmocka_unit_test_prestate(test_utf8, &levels[1]),
                                       cmocka_unit_test_prestate(test_index, &levels[2]),
                                       cmocka_unit_test_prestate(test_utf8, &levels[2])};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
