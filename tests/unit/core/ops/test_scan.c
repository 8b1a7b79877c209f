/* Shown: a scan over damage gives every record that is whole in front of it and nothing of the one
 * that is not: gzip and zstd cut at every kind of place, with a flipped bit, and plain files that
 * the device stops reading, whole or in ranges; records shorter and longer than a window; with
 * separators of one byte and of several. Without may_be_corrupt it is an error. The order in which
 * reads complete is the simulation's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/mem/text.h"
#include "core/ops/scan.h"
#include "io/fault/fault.h"
#include "kernels/codec/codec.h"
#include "tests/support/sim.h"

#define PATH "/in/a"

/* The decoder's part: takes whole records, asks for more when there is none. */
struct reading {
    struct mr_text text; /* what was taken */
    bool is_corrupt;
    bool has_unended; /* the last record was taken at the range's end, without a separator */
    struct mr_err err;
};

static struct mr_heap outer;

static void wake_nobody(void *ctx)
{
    (void)ctx;
}

static mr_status take_window(struct mr_scan *scan, struct mr_span separator, struct reading *r,
                             bool *out_is_over)
{
    struct mr_scan_window window;
    mr_status status = mr_scan_window(scan, &window, &r->err);
    if (status != MR_OK) return status;
    *out_is_over = window.is_over;
    if (window.is_over) return MR_OK;
    size_t whole = 0;
    const char *at;
    while ((at = memmem(window.text + whole, window.bytes - whole, separator.text,
                        separator.bytes)) != NULL) {
        whole = (size_t)(at - window.text) + separator.bytes;
    }
    r->has_unended = window.is_last && whole < window.bytes;
    if (window.is_last) whole = window.bytes;
    mr_text_add(&r->text, window.text, whole);
    return mr_scan_consume(scan, whole, whole == 0 && !window.is_last, &r->err);
}

/* One range from begin to end. `fault` is a rule of io/fault or null. */
static mr_status read_range(struct mr_simdisk *disk, uint64_t seed, const char *fault,
                            const struct mr_range *range, struct mr_span separator,
                            struct reading *out)
{
    const struct mr_sim_options options = {.seed = seed};
    struct mr_sim *sim = mr_sim_open(disk, &options);
    struct mr_io *io = mr_sim_io(sim, "scan");
    struct mr_fault plan;
    struct mr_heap heap;
    struct mr_pool pool;
    struct mr_scan scan;
    const struct mr_waker waker = {wake_nobody, NULL};
    mr_heap_init(&heap, 0);
    *out = (struct reading){0};
    mr_text_init(&out->text, &outer);
    mr_fault_init(&plan);
    if (fault != NULL) {
        assert_int_equal(mr_fault_parse(&plan, mr_span_of(fault), &out->err), MR_OK);
        assert_int_equal(mr_fault_open(&outer, &plan, io, &io, &out->err), MR_OK);
    }
    assert_int_equal(mr_pool_init(&pool, &heap, MR_SCAN_AHEAD + 3, MR_SCAN_BUF, &out->err), MR_OK);
    mr_scan_init(&scan, io, &heap, &pool, waker);
    mr_scan_begin(&scan, range);
    bool is_over = false;
    mr_status status = MR_OK;
    while (!is_over && (status == MR_OK || status == MR_E_AGAIN)) {
        status = take_window(&scan, separator, out, &is_over);
        if (status == MR_E_AGAIN) (void)mr_io_run(io, -1);
    }
    while (!mr_scan_stop(&scan)) (void)mr_io_run(io, -1);
    out->is_corrupt = scan.is_corrupt;
    mr_scan_fini(&scan);
    mr_pool_fini(&pool);
    mr_io_close(io);
    mr_sim_close(sim);
    assert_int_equal(heap.used_bytes, 0);
    return status;
}

/* Records of letters up to bytes_max long, each with the separator. */
static void records_make(struct mr_rng *rng, struct mr_span separator, uint32_t count,
                         uint32_t bytes_max, struct mr_text *out)
{
    mr_text_reset(out);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bytes = mr_rng_below(rng, bytes_max);
        mr_text_addc(out, '{');
        for (uint64_t b = 0; b < bytes; b++) mr_text_addc(out, "abcdefgh"[mr_rng_below(rng, 8)]);
        mr_text_addc(out, '}');
        mr_text_add(out, separator.text, separator.bytes);
    }
    assert_int_equal(mr_text_end(out, NULL), MR_OK);
}

/* The whole records of the first `bytes` of the text. */
static size_t whole_bytes(struct mr_span text, size_t bytes, struct mr_span separator)
{
    size_t whole = 0;
    const char *at;
    while ((at = memmem(text.text + whole, bytes - whole, separator.text, separator.bytes)) !=
           NULL) {
        whole = (size_t)(at - text.text) + separator.bytes;
    }
    return whole;
}

static struct mr_span pack(mr_codec_id id, struct mr_span text)
{
    const struct mr_codec_limits limits = {0};
    struct mr_codec *codec;
    size_t room = mr_codec_bound(id, text.bytes), packed = 0;
    void *memory = mr_heap_take(&outer, mr_codec_footprint(&limits));
    char *out = mr_heap_take(&outer, room);
    assert_non_null(memory);
    assert_non_null(out);
    assert_int_equal(mr_codec_init(memory, &limits, &codec, NULL), MR_OK);
    assert_int_equal(mr_codec_compress(codec, id, text.text, text.bytes, out, room, &packed, NULL),
                     MR_OK);
    mr_heap_give(&outer, memory, mr_codec_footprint(&limits));
    char *kept = mr_heap_take(&outer, packed);
    assert_non_null(kept);
    memcpy(kept, out, packed);
    mr_heap_give(&outer, out, room);
    return (struct mr_span){kept, packed};
}

/* How many bytes of text the first bytes of a packed file hold, asked of the codec alone. */
static size_t decoded_bytes(struct mr_span packed, size_t bytes)
{
    const struct mr_codec_stream_limits limits = {0};
    mr_stream_kind kind = mr_codec_stream_detect(packed.text, bytes);
    struct mr_codec_stream *stream;
    size_t footprint = mr_codec_stream_footprint(kind, &limits), sum = 0, at = 0;
    void *memory = mr_heap_take(&outer, footprint);
    char out[4096];
    assert_non_null(memory);
    assert_int_equal(mr_codec_stream_init(memory, kind, &limits, &stream, NULL), MR_OK);
    for (;;) {
        size_t taken, given, piece = MR_MIN(bytes - at, (size_t)1000);
        assert_int_equal(mr_codec_stream_step(stream, packed.text + at, piece, out, sizeof out,
                                              &taken, &given, NULL),
                         MR_OK);
        at += taken;
        sum += given;
        if (at == bytes && given < sizeof out) break;
    }
    mr_heap_give(&outer, memory, footprint);
    return sum;
}

static const struct mr_span separators[] = {{"\n", 1}, {"\r\n", 2}, {"<|>", 3}};

static void test_cut(void **state)
{
    static const uint32_t sizes[] = {40, 3000, 300000, 2500000};
    struct mr_text text;
    struct mr_rng rng;
    uint32_t unended = 0;
    mr_text_init(&text, &outer);
    mr_rng_init(&rng, 1);
    for (uint32_t i = 0; i < MR_COUNT_OF(sizes) * 2; i++) {
        struct mr_span separator = separators[i % MR_COUNT_OF(separators)];
        uint32_t size = sizes[i / 2];
        records_make(&rng, separator, 2600000 / size + 1, size, &text);
        struct mr_span plain = mr_text_span(&text);
        struct mr_span packed = pack(i % 2 == 0 ? MR_CODEC_GZIP : MR_CODEC_ZSTD, plain);
        for (uint32_t cut = 0; cut < 4; cut++) {
            struct mr_simdisk *disk = mr_simdisk_open();
            struct reading r;
            size_t bytes = cut == 0   ? packed.bytes
                           : cut == 1 ? packed.bytes - 1
                                      : 30 + mr_rng_below(&rng, packed.bytes - 30);
            mr_simdisk_put(disk, PATH, (struct mr_span){packed.text, bytes});
            const struct mr_range range = {
                .path = PATH, .bytes = bytes, .may_be_corrupt = true};
            assert_int_equal(read_range(disk, cut, NULL, &range, separator, &r), MR_OK);
            size_t decoded = decoded_bytes(packed, bytes);
            size_t whole = whole_bytes(plain, decoded, separator);
            unended += whole < decoded;
            assert_int_equal(r.is_corrupt, cut > 0);
            assert_false(r.has_unended);
            assert_int_equal(r.text.used, whole);
            assert_memory_equal(mr_text_span(&r.text).text, plain.text, whole);
            mr_text_fini(&r.text);
            const struct mr_range strict = {.path = PATH, .bytes = bytes};
            assert_int_equal(read_range(disk, cut, NULL, &strict, separator, &r),
                             cut == 0 ? MR_OK : MR_E_CORRUPT);
            if (cut > 0) assert_non_null(strstr(r.err.origin, PATH));
            mr_text_fini(&r.text);
            mr_simdisk_close(disk);
        }
        mr_heap_give(&outer, (void *)(uintptr_t)packed.text, packed.bytes);
    }
    assert_true(unended > 10); /* records that could have been taken for whole ones */
    mr_text_fini(&text);
}

/* A wrong checksum shows only behind the last byte: all records are there, and so they stay. */
static void test_wrong_checksum(void **state)
{
    struct mr_text text;
    struct mr_rng rng;
    mr_text_init(&text, &outer);
    mr_rng_init(&rng, 2);
    records_make(&rng, separators[0], 60000, 60, &text);
    struct mr_span packed = pack(MR_CODEC_GZIP, mr_text_span(&text));
    ((char *)(uintptr_t)packed.text)[packed.bytes - 8] ^= 1;
    struct mr_simdisk *disk = mr_simdisk_open();
    struct reading r;
    mr_simdisk_put(disk, PATH, packed);
    const struct mr_range range = {.path = PATH, .bytes = packed.bytes, .may_be_corrupt = true};
    assert_int_equal(read_range(disk, 1, NULL, &range, separators[0], &r), MR_OK);
    assert_true(r.is_corrupt);
    assert_int_equal(r.text.used, text.used);
    mr_text_fini(&r.text);
    mr_simdisk_close(disk);
    mr_heap_give(&outer, (void *)(uintptr_t)packed.text, packed.bytes);
    mr_text_fini(&text);
}

/* A device that fails at the n-th read, of a whole file or of a range of it. What is in front of
 * the failure in file order is there, whichever read completes first. */
static void test_unreadable(void **state)
{
    static const char *const errors[] = {"EIO", "EBADMSG", "EUCLEAN"};
    struct mr_text text;
    struct mr_rng rng;
    mr_text_init(&text, &outer);
    mr_rng_init(&rng, 3);
    records_make(&rng, separators[0], 60000, 200, &text);
    struct mr_span plain = mr_text_span(&text);
    assert_true(plain.bytes > 5 * MR_SCAN_READ);
    struct mr_simdisk *disk = mr_simdisk_open();
    mr_simdisk_put(disk, PATH, plain);
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t at = 1 + i % 4;
        bool is_split = i >= 8;
        uint64_t off = is_split ? 700001 : 0;
        char rule[64];
        struct reading r;
        snprintf(rule, sizeof rule, "read#%u+=%s", at, errors[i % MR_COUNT_OF(errors)]);
        struct mr_range range = {.path = PATH,
                                 .off = off,
                                 .bytes = is_split ? 4 * MR_SCAN_READ : plain.bytes,
                                 .is_split = is_split,
                                 .may_be_corrupt = true};
        assert_int_equal(read_range(disk, i, rule, &range, separators[0], &r), MR_OK);
        /* Reads are submitted in file order, a range's from a byte before it. */
        uint64_t start = is_split ? off - 1 : 0, end = start + (at - 1) * (uint64_t)MR_SCAN_READ;
        size_t from = 0;
        if (is_split) from = (size_t)end;
        if (is_split && at > 1) {
            from = (size_t)((const char *)memchr(plain.text + start, '\n', MR_SCAN_READ) + 1 -
                            plain.text);
        }
        size_t whole = whole_bytes(plain, end, separators[0]);
        whole = whole > from ? whole - from : 0;
        assert_true(r.is_corrupt);
        assert_false(r.has_unended);
        assert_int_equal(r.text.used, whole);
        if (whole > 0) {
            assert_memory_equal(mr_text_span(&r.text).text, plain.text + from, whole);
        }
        mr_text_fini(&r.text);
        range.may_be_corrupt = false;
        assert_true(read_range(disk, i, rule, &range, separators[0], &r) != MR_OK);
        assert_non_null(strstr(r.err.message, "cannot read " PATH));
        mr_text_fini(&r.text);
    }
    mr_simdisk_close(disk);
    mr_text_fini(&text);
}

/* Packed bytes that the device stops reading; a file that it cannot even open; and errors that say
 * nothing about content, which are failures whatever the option says. */
static void test_unreadable_otherwise(void **state)
{
    struct mr_text text;
    struct mr_rng rng;
    struct reading r;
    mr_text_init(&text, &outer);
    mr_rng_init(&rng, 4);
    records_make(&rng, separators[0], 100000, 100, &text);
    struct mr_span plain = mr_text_span(&text), packed = pack(MR_CODEC_GZIP, plain);
    struct mr_simdisk *disk = mr_simdisk_open();
    mr_simdisk_put(disk, PATH, packed);
    struct mr_range range = {.path = PATH, .bytes = packed.bytes, .may_be_corrupt = true};
    assert_true(packed.bytes > MR_SCAN_READ);
    assert_int_equal(read_range(disk, 1, "read#2=EIO", &range, separators[0], &r), MR_OK);
    size_t whole = whole_bytes(plain, decoded_bytes(packed, MR_SCAN_READ), separators[0]);
    assert_true(r.is_corrupt);
    assert_int_equal(r.text.used, whole);
    mr_text_fini(&r.text);
    assert_int_equal(read_range(disk, 1, "open=EIO", &range, separators[0], &r), MR_OK);
    assert_true(r.is_corrupt);
    assert_int_equal(r.text.used, 0);
    mr_text_fini(&r.text);
    static const char *const failures[] = {"open=EACCES", "open=ENOENT", "read#1=EACCES",
                                           "read#2=ENOMEM", "read#1=ESTALE"};
    for (uint32_t i = 0; i < MR_COUNT_OF(failures); i++) {
        mr_status status = read_range(disk, i, failures[i], &range, separators[0], &r);
        assert_true(status != MR_OK);
        assert_non_null(strstr(r.err.message, "cannot read " PATH));
        mr_text_fini(&r.text);
    }
    mr_simdisk_close(disk);
    mr_heap_give(&outer, (void *)(uintptr_t)packed.text, packed.bytes);
    mr_text_fini(&text);
}

/* One flipped bit anywhere: what comes is made of ended records, and is all there up to a mebibyte
 * or so before the flip. */
static void test_flipped(void **state)
{
    struct mr_text text;
    struct mr_rng rng;
    mr_text_init(&text, &outer);
    mr_rng_init(&rng, 5);
    records_make(&rng, separators[0], 60000, 60, &text);
    struct mr_span plain = mr_text_span(&text);
    for (uint32_t i = 0; i < 12; i++) {
        struct mr_simdisk *disk = mr_simdisk_open();
        struct reading r;
        struct mr_span packed = pack(i % 2 == 0 ? MR_CODEC_GZIP : MR_CODEC_ZSTD, plain);
        size_t at = 20 + mr_rng_below(&rng, packed.bytes - 20);
        ((char *)(uintptr_t)packed.text)[at] ^= (char)(1 << mr_rng_below(&rng, 8));
        mr_simdisk_put(disk, PATH, packed);
        const struct mr_range range = {.path = PATH, .bytes = packed.bytes, .may_be_corrupt = true};
        assert_int_equal(read_range(disk, i, NULL, &range, separators[0], &r), MR_OK);
        /* These zstd frames have no checksum, so what is wrong may look right. */
        assert_true(r.is_corrupt || i % 2 == 1);
        assert_true(r.is_corrupt ? !r.has_unended : r.text.used == plain.bytes);
        size_t sure = decoded_bytes(packed, MR_MIN(at, (size_t)20));
        if (at > MR_SCAN_READ) sure = decoded_bytes(packed, at - MR_SCAN_READ);
        assert_true(r.text.used >= whole_bytes(plain, sure, separators[0]));
        if (r.is_corrupt && r.text.used > 0) assert_int_equal(r.text.at[r.text.used - 1], '\n');
        mr_text_fini(&r.text);
        mr_simdisk_close(disk);
        mr_heap_give(&outer, (void *)(uintptr_t)packed.text, packed.bytes);
    }
    mr_text_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_wrong_checksum),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_unreadable_otherwise),
        cmocka_unit_test(test_flipped),
    };
    mr_heap_init(&outer, 0);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    if (failures == 0 && outer.used_bytes > 0) return 1;
    return failures;
}
