/* Shown: every codec gives back what it got, at all sizes around its block limits and for bytes
 * that do and do not compress; damaged, cut and lying input is an error and writes nothing behind
 * the output; CRCs equal their definitions and published check values at all lengths and
 * alignments; streams read several members and frames in pieces of any size, tell a clean end from
 * a cut one, and stop at their limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "kernels/codec/codec.h"
#include "kernels/codec/codec_stream.h"
#include "kernels/codec/crc.h"

enum { SEED = 20, CANARY = 0xa5, CANARY_BYTES = 64 };

static void *take(size_t bytes)
{
    void *memory = aligned_alloc(64, mr_align_up(bytes + 1, 64));
    assert_non_null(memory);
    return memory;
}

static struct mr_codec *codec_new(int zstd_level, int gzip_level)
{
    struct mr_codec_limits limits = {.zstd_level = zstd_level, .gzip_level = gzip_level};
    struct mr_codec *codec;
    size_t bytes = mr_codec_footprint(&limits);
    assert_true(bytes > 0);
    assert_int_equal(mr_codec_init(take(bytes), &limits, &codec, NULL), MR_OK);
    return codec;
}

static void fill(struct mr_rng *rng, uint8_t *at, size_t bytes, int kind)
{
    for (size_t i = 0; i < bytes; i++) {
        if (kind == 0) at[i] = (uint8_t)mr_rng_next(rng);
        if (kind == 1) at[i] = (uint8_t)("abcd"[mr_rng_below(rng, 4)]);
        if (kind == 2) at[i] = 0;
    }
}

static void round_trip(struct mr_codec *codec, mr_codec_id id, mr_codec_effort effort,
                       const uint8_t *in, size_t bytes)
{
    size_t room = mr_codec_bound(id, bytes), packed_bytes = 0;
    uint8_t *packed = take(room + CANARY_BYTES), *out = take(bytes + CANARY_BYTES);
    memset(packed + room, CANARY, CANARY_BYTES);
    memset(out + bytes, CANARY, CANARY_BYTES);
    assert_int_equal(
        mr_codec_compress_as(codec, id, effort, in, bytes, packed, room, &packed_bytes, NULL),
        MR_OK);
    if (id == MR_CODEC_ZSTD && effort == MR_EFFORT_STORE) {
        size_t blocks = bytes == 0 ? 1 : (bytes + (128 << 10) - 1) / (128 << 10);
        assert_int_equal(packed_bytes, bytes + 9 + 3 * blocks);
    }
    assert_int_equal(mr_codec_decompress(codec, id, packed, packed_bytes, out, bytes, NULL), MR_OK);
    assert_memory_equal(in, out, bytes);
    if (bytes > 0) {
        struct mr_err err;
        assert_int_equal(mr_codec_decompress(codec, id, packed, packed_bytes, out, bytes - 1, &err),
                         MR_E_CORRUPT);
        assert_int_equal(err.code, 2503);
        assert_int_not_equal(
            mr_codec_decompress(codec, id, packed, packed_bytes - 1, out, bytes, NULL), MR_OK);
    }
    for (int i = 0; i < CANARY_BYTES; i++) {
        assert_int_equal(packed[room + (size_t)i], CANARY);
        assert_int_equal(out[bytes + (size_t)i], CANARY);
    }
    free(packed);
    free(out);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 7, 63, 1000, 65535, 65536, 65537, 300000, 1 << 20};
    struct mr_codec *codecs[] = {codec_new(0, 0), codec_new(3, 1), codec_new(9, 3)};
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    uint8_t *in = take(1 << 20);
    for (size_t c = 0; c < MR_COUNT_OF(codecs); c++) {
        for (int id = 0; id < MR_CODEC_COUNT; id++) {
            for (size_t s = 0; s < MR_COUNT_OF(sizes); s++) {
                for (int kind = 0; kind < 3; kind++) {
                    fill(&rng, in, sizes[s], kind);
                    for (int effort = MR_EFFORT_FULL; effort <= MR_EFFORT_STORE; effort++) {
                        round_trip(codecs[c], (mr_codec_id)id, (mr_codec_effort)effort, in,
                                   sizes[s]);
                    }
                }
            }
        }
        free(codecs[c]);
    }
    free(in);
}

/* Random letters of four take two bits each: the fast effort finds that, and an effort leaves
 * nothing behind for the next call. */
static void test_fast(void **state)
{
    (void)state;
    enum { BYTES = 1 << 18 };
    struct mr_codec *codec = codec_new(1, 0);
    struct mr_rng rng;
    size_t room = mr_codec_bound(MR_CODEC_ZSTD, BYTES), full, fast, again;
    uint8_t *in = take(BYTES), *packed = take(room);
    mr_rng_init(&rng, SEED);
    fill(&rng, in, BYTES, 1);
    assert_int_equal(mr_codec_compress(codec, MR_CODEC_ZSTD, in, BYTES, packed, room, &full, NULL),
                     MR_OK);
    assert_int_equal(mr_codec_compress_as(codec, MR_CODEC_ZSTD, MR_EFFORT_FAST, in, BYTES, packed,
                                          room, &fast, NULL),
                     MR_OK);
    assert_int_equal(mr_codec_compress(codec, MR_CODEC_ZSTD, in, BYTES, packed, room, &again, NULL),
                     MR_OK);
    printf("%zu bytes in full, %zu fast\n", full, fast);
    assert_in_range(fast, BYTES / 4, BYTES / 4 + BYTES / 50);
    assert_int_equal(full, again);
    free(in);
    free(packed);
    free(codec);
}

static void test_damaged(void **state)
{
    (void)state;
    enum { BYTES = 5000 };
    struct mr_codec *codec = codec_new(1, 1);
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    uint8_t *in = take(BYTES), *out = take(BYTES + CANARY_BYTES), *packed = take(20000);
    fill(&rng, in, BYTES, 1);
    memset(out + BYTES, CANARY, CANARY_BYTES);
    for (int id = MR_CODEC_SNAPPY; id < MR_CODEC_COUNT; id++) {
        size_t bytes;
        assert_int_equal(
            mr_codec_compress(codec, (mr_codec_id)id, in, BYTES, packed, 20000, &bytes, NULL),
            MR_OK);
        for (int round = 0; round < 2000; round++) {
            size_t at = mr_rng_below(&rng, bytes);
            uint8_t old = packed[at];
            packed[at] = (uint8_t)mr_rng_next(&rng);
            (void)!mr_codec_decompress(codec, (mr_codec_id)id, packed, bytes, out, BYTES, NULL);
            packed[at] = old;
        }
        assert_int_equal(
            mr_codec_decompress(codec, (mr_codec_id)id, packed, bytes, out, BYTES, NULL), MR_OK);
        assert_memory_equal(in, out, BYTES);
    }
    for (int i = 0; i < CANARY_BYTES; i++) assert_int_equal(out[BYTES + i], CANARY);
    free(in);
    free(out);
    free(packed);
    free(codec);
}

/* Behind its size in Hadoop's form: the frame's, then the piece's, big-endian. */
static size_t lz4_frame(struct mr_codec *codec, const uint8_t *in, size_t in_bytes, uint8_t *out)
{
    size_t bytes;
    assert_int_equal(mr_codec_compress(codec, MR_CODEC_LZ4_RAW, in, in_bytes, out + 8,
                                       mr_codec_bound(MR_CODEC_LZ4_RAW, in_bytes), &bytes, NULL),
                     MR_OK);
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(in_bytes >> (24 - 8 * i));
        out[4 + i] = (uint8_t)(bytes >> (24 - 8 * i));
    }
    return bytes + 8;
}

/* Hadoop's LZ4 in one frame, in two, and as the bare block that others wrote under its name. */
static void test_lz4_hadoop(void **state)
{
    (void)state;
    enum { BYTES = 3000 };
    struct mr_codec *codec = codec_new(1, 1);
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    uint8_t *in = take(BYTES), *out = take(BYTES), *packed = take(20000);
    fill(&rng, in, BYTES, 1);
    for (size_t first = 0; first <= BYTES; first += 1000) {
        size_t bytes = first == 0 ? 0 : lz4_frame(codec, in, first, packed);
        if (first < BYTES) bytes += lz4_frame(codec, in + first, BYTES - first, packed + bytes);
        memset(out, 0, BYTES);
        assert_int_equal(
            mr_codec_decompress(codec, MR_CODEC_LZ4_HADOOP, packed, bytes, out, BYTES, NULL),
            MR_OK);
        assert_memory_equal(in, out, BYTES);
        for (int round = 0; round < 1000; round++) {
            size_t at = mr_rng_below(&rng, bytes);
            uint8_t old = packed[at];
            packed[at] = (uint8_t)mr_rng_next(&rng);
            (void)!mr_codec_decompress(codec, MR_CODEC_LZ4_HADOOP, packed, bytes, out, BYTES,
                                       NULL);
            packed[at] = old;
        }
    }
    size_t bytes = lz4_frame(codec, in, BYTES, packed);
    assert_int_equal(mr_codec_decompress(codec, MR_CODEC_LZ4_HADOOP, packed + 8, bytes - 8, out,
                                         BYTES, NULL),
                     MR_OK);
    assert_memory_equal(in, out, BYTES);
    free(in);
    free(out);
    free(packed);
    free(codec);
}

static void test_brotli(void **state)
{
    (void)state;
    static const uint8_t hello[] = "\x0b\x02\x80hello\x03";
    if (!mr_codec_can_read(MR_CODEC_BROTLI)) skip();
    struct mr_codec *codec = codec_new(1, 1);
    uint8_t out[6];
    assert_int_equal(mr_codec_decompress(codec, MR_CODEC_BROTLI, hello, 9, out, 5, NULL), MR_OK);
    assert_memory_equal(out, "hello", 5);
    for (size_t bytes = 0; bytes < 9; bytes++) {
        assert_int_equal(mr_codec_decompress(codec, MR_CODEC_BROTLI, hello, bytes, out, 5, NULL),
                         MR_E_CORRUPT);
    }
    assert_int_equal(mr_codec_decompress(codec, MR_CODEC_BROTLI, hello, 9, out, 4, NULL),
                     MR_E_CORRUPT);
    assert_int_equal(mr_codec_decompress(codec, MR_CODEC_BROTLI, hello, 9, out, 6, NULL),
                     MR_E_CORRUPT);
    free(codec);
}

static void test_names_and_levels(void **state)
{
    (void)state;
    struct mr_codec_limits bad = {.zstd_level = 20};
    struct mr_codec *codec;
    struct mr_err err;
    char memory[64] __attribute__((aligned(64)));
    for (int id = 0; id < MR_CODEC_COUNT; id++) {
        assert_int_equal(mr_codec_find(mr_codec_name((mr_codec_id)id)), id);
    }
    assert_int_equal(mr_codec_find("UNCOMPRESSED"), MR_CODEC_NONE);
    assert_int_equal(mr_codec_find("lzo"), -1);
    assert_int_equal(mr_codec_footprint(&bad), 0);
    assert_int_equal(mr_codec_init(memory, &bad, &codec, &err), MR_E_INVALID);
    assert_int_equal(err.code, 2501);
}

static void test_crc(void **state)
{
    (void)state;
    struct mr_rng rng;
    uint8_t bytes[600];
    mr_rng_init(&rng, SEED);
    assert_int_equal(mr_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(mr_crc32c(0, "123456789", 9), 0xe3069283);
    fill(&rng, bytes, sizeof bytes, 0);
    for (size_t from = 0; from < 64; from++) {
        for (size_t length = 0; length < 500; length += 1 + length / 9) {
            uint32_t seed = (uint32_t)mr_rng_next(&rng);
            assert_int_equal(mr_crc32(seed, bytes + from, length),
                             mr_crc32_ref(seed, bytes + from, length));
            assert_int_equal(mr_crc32c(seed, bytes + from, length),
                             mr_crc32c_ref(seed, bytes + from, length));
        }
    }
}

/* Feeds `in` in pieces of in_step into room of out_step. returns the status; *out_bytes what came.
 */
static mr_status stream_all(mr_stream_kind kind, const struct mr_codec_stream_limits *limits,
                            const uint8_t *in, size_t in_bytes, size_t in_step, uint8_t *out,
                            size_t out_room, size_t out_step, size_t *out_bytes, struct mr_err *err)
{
    struct mr_codec_stream *stream;
    void *memory = take(mr_codec_stream_footprint(kind, limits));
    mr_status status = mr_codec_stream_init(memory, kind, limits, &stream, err);
    size_t at = 0, got = 0;
    while (status == MR_OK) {
        size_t taken = 0, given = 0, room = MR_MIN(out_step, out_room - got);
        size_t piece = MR_MIN(in_step, in_bytes - at);
        assert_true(room > 0);
        uint8_t *apart = malloc(piece == 0 ? 1 : piece); /* no neighbours: a read beside it shows */
        assert_non_null(apart);
        memcpy(apart, in + at, piece);
        status = mr_codec_stream_step(stream, apart, piece, out + got, room, &taken, &given, err);
        free(apart);
        if (status != MR_OK) break;
        assert_true(taken <= piece && given <= room);
        assert_true(taken == piece || given == room);
        at += taken;
        got += given;
        if (at == in_bytes && given < room) break;
    }
    if (status == MR_OK) {
        assert_int_equal(mr_codec_stream_in_bytes(stream), in_bytes);
        assert_int_equal(mr_codec_stream_out_bytes(stream), got);
        status = mr_codec_stream_end(stream, err);
    }
    *out_bytes = got;
    free(memory);
    return status;
}

enum { PARTS = 3, PART_BYTES = 12000, PACKED_ROOM = 400000 };

/* Three members or frames of random letters behind each other. */
static size_t pack_parts(mr_codec_id id, uint8_t *plain, uint8_t *packed)
{
    struct mr_codec *codec = codec_new(1, 1);
    struct mr_rng rng;
    size_t packed_bytes = 0;
    mr_rng_init(&rng, SEED);
    fill(&rng, plain, (size_t)PARTS * PART_BYTES, 1);
    for (int part = 0; part < PARTS; part++) {
        size_t bytes;
        assert_int_equal(mr_codec_compress(codec, id, plain + part * PART_BYTES, PART_BYTES,
                                           packed + packed_bytes, PACKED_ROOM - packed_bytes,
                                           &bytes, NULL),
                         MR_OK);
        packed_bytes += bytes;
    }
    free(codec);
    return packed_bytes;
}

static void check_stream(mr_codec_id id, mr_stream_kind kind)
{
    static const size_t steps[] = {1, 7, 1000, 65536};
    struct mr_codec_stream_limits limits = {0};
    size_t room = (size_t)PARTS * PART_BYTES, got;
    uint8_t *plain = take(room), *packed = take(PACKED_ROOM), *out = take(room + 10);
    size_t bytes = pack_parts(id, plain, packed);
    assert_int_equal(mr_codec_stream_detect(packed, bytes), kind);
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        for (size_t o = 0; o < MR_COUNT_OF(steps); o++) {
            assert_int_equal(stream_all(kind, &limits, packed, bytes, steps[i], out, room + 10,
                                        steps[o], &got, NULL),
                             MR_OK);
            assert_int_equal(got, room);
            assert_memory_equal(out, plain, room);
        }
    }
    for (size_t cut = 1; cut < 200; cut += 13) {
        struct mr_err err;
        assert_int_equal(
            stream_all(kind, &limits, packed, bytes - cut, 4096, out, room + 10, 4096, &got, &err),
            MR_E_CORRUPT);
        assert_int_equal(err.code, 2503);
    }
    if (kind == MR_STREAM_ZSTD) {
        memcpy(packed + bytes, "none", 4); /* frames carry no checksum here: break the structure */
        bytes += 4;
    } else {
        packed[bytes / 2] ^= 0x10;
    }
    assert_int_equal(
        stream_all(kind, &limits, packed, bytes, 4096, out, room + 10, 4096, &got, NULL),
        MR_E_CORRUPT);
    free(plain);
    free(packed);
    free(out);
}

static void test_streams(void **state)
{
    (void)state;
    check_stream(MR_CODEC_GZIP, MR_STREAM_GZIP);
    check_stream(MR_CODEC_ZSTD, MR_STREAM_ZSTD);
}

static void test_gzip_ends(void **state)
{
    (void)state;
    struct mr_codec_stream_limits limits = {0};
    size_t room = (size_t)PARTS * PART_BYTES + 10, got;
    uint8_t *plain = take(room), *packed = take(PACKED_ROOM), *out = take(room);
    size_t bytes = pack_parts(MR_CODEC_GZIP, plain, packed);
    struct mr_err err;
    memset(packed + bytes, 0, 1000); /* padding */
    assert_int_equal(
        stream_all(MR_STREAM_GZIP, &limits, packed, bytes + 1000, 777, out, room, 4096, &got, NULL),
        MR_OK);
    assert_int_equal(got, PARTS * PART_BYTES);
    packed[bytes + 500] = 'x';
    assert_int_equal(
        stream_all(MR_STREAM_GZIP, &limits, packed, bytes + 1000, 777, out, room, 4096, &got, &err),
        MR_E_CORRUPT);
    assert_int_equal(err.at, bytes + 500);
    assert_int_equal(mr_codec_stream_detect("{\"a\":1}", 7), MR_STREAM_PLAIN);
    assert_int_equal(mr_codec_stream_detect("\x1f", 1), MR_STREAM_PLAIN);
    assert_int_equal(
        stream_all(MR_STREAM_PLAIN, &limits, plain, 5000, 100, out, room, 99, &got, NULL), MR_OK);
    assert_memory_equal(out, plain, 5000);
    free(plain);
    free(packed);
    free(out);
}

static void test_limits(void **state)
{
    (void)state;
    enum { BYTES = 8 << 20 };
    struct mr_codec *codec = codec_new(1, 1);
    uint8_t *plain = take(BYTES), *packed = take(mr_codec_bound(MR_CODEC_GZIP, BYTES));
    uint8_t *out = take(BYTES + 10);
    struct mr_err err;
    size_t bytes, got;
    memset(plain, 0, BYTES);
    for (int round = 0; round < 2; round++) {
        mr_codec_id id = round == 0 ? MR_CODEC_GZIP : MR_CODEC_ZSTD;
        mr_stream_kind kind = round == 0 ? MR_STREAM_GZIP : MR_STREAM_ZSTD;
        assert_int_equal(mr_codec_compress(codec, id, plain, BYTES, packed,
                                           mr_codec_bound(id, BYTES), &bytes, NULL),
                         MR_OK);
        struct mr_codec_stream_limits ratio = {.ratio_max = 100};
        assert_int_equal(
            stream_all(kind, &ratio, packed, bytes, 4096, out, BYTES + 10, 65536, &got, &err),
            MR_E_LIMIT);
        assert_int_equal(err.code, 2504);
        assert_true(got <= 2 << 20);
        struct mr_codec_stream_limits cap = {.out_bytes_max = 100000};
        assert_int_equal(
            stream_all(kind, &cap, packed, bytes, 4096, out, BYTES + 10, 4096, &got, &err),
            MR_E_LIMIT);
        assert_true(got <= 100000);
        struct mr_codec_stream_limits enough = {.ratio_max = 100000, .out_bytes_max = BYTES};
        assert_int_equal(
            stream_all(kind, &enough, packed, bytes, 4096, out, BYTES + 10, 65536, &got, NULL),
            MR_OK);
    }
    /* A frame header that asks for a window of 128 MiB (RFC 8878, 3.1.1.1.2). */
    static const uint8_t wide[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, (27 - 10) << 3, 0x01, 0x00, 0x00};
    struct mr_codec_stream_limits limits = {0};
    assert_int_equal(
        stream_all(MR_STREAM_ZSTD, &limits, wide, sizeof wide, 4, out, BYTES, 4096, &got, &err),
        MR_E_LIMIT);
    assert_int_equal(err.code, 2504);
    free(plain);
    free(packed);
    free(out);
    free(codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_fast),
        cmocka_unit_test(test_damaged),    cmocka_unit_test(test_names_and_levels),
        cmocka_unit_test(test_crc),        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_gzip_ends),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_lz4_hadoop), cmocka_unit_test(test_brotli),
    };
    printf("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
