#include "kernels/codec/codec.h"

#if MR_HAS_BROTLI
#include <brotli/decode.h>
#endif
#include <isa-l/igzip_lib.h>
#include <lz4.h>
#include <snappy-c.h>
#include <string.h>
#include <strings.h>
#define ZSTD_STATIC_LINKING_ONLY /* contexts in memory of ours: ZSTD_initStaticCCtx and DCtx */
#include <zstd.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum {
    CODEC_BYTES_MAX = INT32_MAX,
    ALIGN = 64,
    ZSTD_FAST_LEVEL = -1000, /* a search step so long that nothing is found */
    ZSTD_RAW_HEAD = 9,       /* magic, descriptor, size of the content in 4 bytes */
    ZSTD_RAW_BLOCK_HEAD = 3,
    ZSTD_RAW_BLOCK = 128 << 10,
};

struct mr_codec {
    ZSTD_CCtx *zstd_out;
    ZSTD_DCtx *zstd_in;
    struct isal_zstream *gzip_out;
    struct inflate_state *gzip_in;
    void *gzip_level_buf;
    void *lz4_state;
    int zstd_level;
    int gzip_level;
};

static const char *const codec_names[MR_CODEC_UNKNOWN] = {
    [MR_CODEC_NONE] = "none",       [MR_CODEC_SNAPPY] = "snappy", [MR_CODEC_GZIP] = "gzip",
    [MR_CODEC_LZ4_RAW] = "lz4_raw", [MR_CODEC_ZSTD] = "zstd",     [MR_CODEC_LZ4_HADOOP] = "lz4",
    [MR_CODEC_BROTLI] = "brotli",
};

static const uint32_t gzip_level_bytes[MR_GZIP_LEVEL_MAX + 1] = {
    ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT};

const char *mr_codec_name(mr_codec_id id)
{
    return (unsigned)id < MR_CODEC_UNKNOWN ? codec_names[id] : "?";
}

int mr_codec_find(const char *name)
{
    for (int id = 0; id < MR_CODEC_COUNT; id++) {
        if (strcasecmp(name, codec_names[id]) == 0) return id;
    }
    return strcasecmp(name, "uncompressed") == 0 ? MR_CODEC_NONE : -1;
}

/* The parts of a codec's memory, in order, each rounded up to ALIGN. */
struct codec_parts {
    size_t zstd_out, zstd_in, gzip_out, gzip_in, gzip_level_buf, lz4_state;
    size_t total;
};

static int zstd_level_of(const struct mr_codec_limits *limits)
{
    return limits->zstd_level == 0 ? MR_ZSTD_LEVEL_DEFAULT : limits->zstd_level;
}

static bool codec_parts_of(const struct mr_codec_limits *limits, struct codec_parts *out)
{
    int level = zstd_level_of(limits);
    if (level < 1 || level > MR_ZSTD_LEVEL_MAX) return false;
    if (limits->gzip_level < 0 || limits->gzip_level > MR_GZIP_LEVEL_MAX) return false;
    *out = (struct codec_parts){
        .zstd_out = mr_align_up(ZSTD_estimateCCtxSize(level), ALIGN),
        .zstd_in = mr_align_up(ZSTD_estimateDCtxSize(), ALIGN),
        .gzip_out = mr_align_up(sizeof(struct isal_zstream), ALIGN),
        .gzip_in = mr_align_up(sizeof(struct inflate_state), ALIGN),
        .gzip_level_buf = mr_align_up(gzip_level_bytes[limits->gzip_level] + 1, ALIGN),
        .lz4_state = mr_align_up((size_t)LZ4_sizeofState(), ALIGN),
    };
    out->total = mr_align_up(sizeof(struct mr_codec), ALIGN) + out->zstd_out + out->zstd_in +
                 out->gzip_out + out->gzip_in + out->gzip_level_buf + out->lz4_state;
    return true;
}

size_t mr_codec_footprint(const struct mr_codec_limits *limits)
{
    struct codec_parts parts;
    return codec_parts_of(limits, &parts) ? parts.total : 0;
}

static void *part_take(char **at, size_t bytes)
{
    void *part = *at;
    *at += bytes;
    return part;
}

mr_status mr_codec_init(void *memory, const struct mr_codec_limits *limits,
                        struct mr_codec **out_codec, struct mr_err *err)
{
    struct codec_parts parts;
    MR_ASSERT((uintptr_t)memory % ALIGN == 0);
    if (!codec_parts_of(limits, &parts)) {
        return mr_err_set(err, MR_E_INVALID, 2501,
                          "compression level zstd %d or gzip %d is out of range",
                          limits->zstd_level, limits->gzip_level);
    }
    char *at = memory;
    struct mr_codec *codec = part_take(&at, mr_align_up(sizeof *codec, ALIGN));
    codec->zstd_level = zstd_level_of(limits);
    codec->gzip_level = limits->gzip_level;
    codec->zstd_out = ZSTD_initStaticCCtx(part_take(&at, parts.zstd_out), parts.zstd_out);
    codec->zstd_in = ZSTD_initStaticDCtx(part_take(&at, parts.zstd_in), parts.zstd_in);
    codec->gzip_out = part_take(&at, parts.gzip_out);
    codec->gzip_in = memset(part_take(&at, parts.gzip_in), 0, parts.gzip_in);
    codec->gzip_level_buf = part_take(&at, parts.gzip_level_buf);
    codec->lz4_state = part_take(&at, parts.lz4_state);
    MR_ASSERT(at == (char *)memory + parts.total);
    if (codec->zstd_out == NULL || codec->zstd_in == NULL) {
        return mr_err_set(err, MR_E_INTERNAL, 2501, "zstd refused %zu + %zu bytes for its state",
                          parts.zstd_out, parts.zstd_in);
    }
    *out_codec = codec;
    return MR_OK;
}

size_t mr_codec_bound(mr_codec_id id, size_t bytes)
{
    MR_ASSERT(bytes <= CODEC_BYTES_MAX);
    switch (id) {
    case MR_CODEC_SNAPPY: return snappy_max_compressed_length(bytes);
    /* Stored deflate: 5 bytes per 64 KiB - 1, then ISA-L's own slack, header and trailer. */
    case MR_CODEC_GZIP: return bytes + (bytes / 32768 + 1) * 5 + 1024;
    case MR_CODEC_LZ4_RAW: return bytes + bytes / 255 + 16;
    case MR_CODEC_ZSTD: return ZSTD_COMPRESSBOUND(bytes); /* more than raw blocks take */
    default: return bytes;
    }
}

static void put_le(uint8_t *out, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> (8 * i));
}

/* Each compress_ function gives the number of bytes written, 0 for failure. */

/* A frame of raw blocks (RFC 8878, 3.1.1): a single segment, so that the content's size is the
 * window's; each block's head is its size, type 0 and whether it is the last. */
static size_t store_zstd(const uint8_t *in, size_t in_bytes, uint8_t *out)
{
    size_t from = 0;
    uint8_t *at = out + ZSTD_RAW_HEAD;
    put_le(out, ZSTD_MAGICNUMBER, 4);
    out[4] = 2 << 6 | 1 << 5;
    put_le(out + 5, (uint32_t)in_bytes, 4);
    do {
        size_t step = MR_MIN(in_bytes - from, (size_t)ZSTD_RAW_BLOCK);
        bool is_last = from + step == in_bytes;
        put_le(at, (uint32_t)step << 3 | is_last, ZSTD_RAW_BLOCK_HEAD);
        if (step > 0) memcpy(at + ZSTD_RAW_BLOCK_HEAD, in + from, step);
        at += ZSTD_RAW_BLOCK_HEAD + step;
        from += step;
    } while (from < in_bytes);
    return (size_t)(at - out);
}

static size_t compress_zstd(struct mr_codec *codec, mr_codec_effort effort, const void *in,
                            size_t in_bytes, void *out, size_t capacity)
{
    if (effort == MR_EFFORT_STORE) return store_zstd(in, in_bytes, out);
    ZSTD_CCtx *zstd = codec->zstd_out;
    bool is_fast = effort == MR_EFFORT_FAST;
    /* Left to itself, zstd leaves Huffman out at its fast levels. */
    size_t got = ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel,
                                        is_fast ? ZSTD_FAST_LEVEL : codec->zstd_level);
    if (!ZSTD_isError(got)) {
        got = ZSTD_CCtx_setParameter(zstd, ZSTD_c_literalCompressionMode,
                                     is_fast ? ZSTD_lcm_huffman : ZSTD_lcm_auto);
    }
    if (!ZSTD_isError(got)) got = ZSTD_compress2(zstd, out, capacity, in, in_bytes);
    return ZSTD_isError(got) ? 0 : got;
}

static size_t compress_lz4(struct mr_codec *codec, const void *in, size_t in_bytes, void *out,
                           size_t capacity)
{
    int room = (int)MR_MIN(capacity, (size_t)CODEC_BYTES_MAX);
    int got = LZ4_compress_fast_extState(codec->lz4_state, in, out, (int)in_bytes, room, 1);
    return got <= 0 ? 0 : (size_t)got;
}

static size_t compress_gzip(struct mr_codec *codec, const void *in, size_t in_bytes, void *out,
                            size_t capacity)
{
    struct isal_zstream *stream = codec->gzip_out;
    isal_deflate_stateless_init(stream);
    stream->level = (uint32_t)codec->gzip_level;
    stream->level_buf = codec->gzip_level_buf;
    stream->level_buf_size = gzip_level_bytes[codec->gzip_level];
    stream->gzip_flag = IGZIP_GZIP;
    stream->end_of_stream = 1;
    stream->next_in = (uint8_t *)(uintptr_t)in; /* only read */
    stream->avail_in = (uint32_t)in_bytes;
    stream->next_out = out;
    stream->avail_out = (uint32_t)MR_MIN(capacity, (size_t)UINT32_MAX);
    /* The stateless form stores what does not shrink, so that mr_codec_bound holds. */
    if (isal_deflate_stateless(stream) != COMP_OK) return 0;
    return stream->total_out;
}

static size_t compress_snappy(const void *in, size_t in_bytes, void *out, size_t capacity)
{
    size_t got = capacity;
    return snappy_compress(in, in_bytes, out, &got) == SNAPPY_OK ? got : 0;
}

mr_status mr_codec_compress(struct mr_codec *codec, mr_codec_id id, const void *in, size_t in_bytes,
                            void *out, size_t out_capacity, size_t *out_bytes, struct mr_err *err)
{
    return mr_codec_compress_as(codec, id, MR_EFFORT_FULL, in, in_bytes, out, out_capacity,
                                out_bytes, err);
}

mr_status mr_codec_compress_as(struct mr_codec *codec, mr_codec_id id, mr_codec_effort effort,
                               const void *in, size_t in_bytes, void *out, size_t out_capacity,
                               size_t *out_bytes, struct mr_err *err)
{
    if (in_bytes > CODEC_BYTES_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 2502, "%zu bytes are too many for one compressed block",
                          in_bytes);
    }
    MR_ASSERT(out_capacity >= mr_codec_bound(id, in_bytes));
    size_t got = 0;
    switch (id) {
    case MR_CODEC_ZSTD: got = compress_zstd(codec, effort, in, in_bytes, out, out_capacity); break;
    case MR_CODEC_LZ4_RAW: got = compress_lz4(codec, in, in_bytes, out, out_capacity); break;
    case MR_CODEC_GZIP: got = compress_gzip(codec, in, in_bytes, out, out_capacity); break;
    case MR_CODEC_SNAPPY: got = compress_snappy(in, in_bytes, out, out_capacity); break;
    default:
        if (in_bytes > 0) memcpy(out, in, in_bytes);
        *out_bytes = in_bytes;
        return MR_OK;
    }
    if (got == 0) {
        return mr_err_set(err, MR_E_INTERNAL, 2501, "%s could not compress %zu bytes",
                          mr_codec_name(id), in_bytes);
    }
    *out_bytes = got;
    return MR_OK;
}

/* Each decompress_ function gives the number of bytes written, SIZE_MAX for corrupt input. */
static size_t decompress_gzip(struct mr_codec *codec, const void *in, size_t in_bytes, void *out,
                              size_t out_bytes)
{
    struct inflate_state *state = codec->gzip_in;
    isal_inflate_init(state);
    state->next_in = (uint8_t *)(uintptr_t)in; /* only read */
    state->avail_in = (uint32_t)in_bytes;
    state->next_out = out;
    state->avail_out = (uint32_t)out_bytes;
    do { /* one turn per gzip member */
        isal_inflate_reset(state);
        state->crc_flag = ISAL_GZIP;
        if (isal_inflate(state) != ISAL_DECOMP_OK) return SIZE_MAX;
        if (state->block_state != ISAL_BLOCK_FINISH) return SIZE_MAX;
    } while (state->avail_in > 0);
    return out_bytes - state->avail_out;
}

static size_t decompress_lz4(const void *in, size_t in_bytes, void *out, size_t out_bytes)
{
    int got = LZ4_decompress_safe(in, out, (int)in_bytes, (int)out_bytes);
    return got < 0 ? SIZE_MAX : (size_t)got;
}

static uint32_t get_big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* One frame of Hadoop's: how much it gives, then pieces, each behind its compressed size, until
 * there is that much. *taken of the input belong to it. */
static bool decompress_lz4_frame(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes,
                                 size_t *taken, size_t *given)
{
    size_t at = 4, done = 0;
    if (in_bytes < 4 || get_big_endian(in) > out_bytes) return false;
    size_t wanted = get_big_endian(in);
    while (done < wanted) {
        if (in_bytes - at < 4) return false;
        size_t piece = get_big_endian(in + at);
        at += 4;
        if (piece > in_bytes - at) return false;
        size_t got = decompress_lz4(in + at, piece, out + done, wanted - done);
        if (got == SIZE_MAX || got == 0) return false;
        done += got;
        at += piece;
    }
    *taken = at;
    *given = done;
    return true;
}

static size_t decompress_lz4_hadoop(const uint8_t *in, size_t in_bytes, uint8_t *out,
                                    size_t out_bytes)
{
    size_t at = 0, done = 0, taken, given;
    while (at < in_bytes) {
        if (!decompress_lz4_frame(in + at, in_bytes - at, out + done, out_bytes - done, &taken,
                                  &given)) {
            return decompress_lz4(in, in_bytes, out, out_bytes);
        }
        at += taken;
        done += given;
    }
    return done;
}

static size_t decompress_brotli(const void *in, size_t in_bytes, void *out, size_t out_bytes)
{
#if MR_HAS_BROTLI
    size_t got = out_bytes;
    bool is_done =
        BrotliDecoderDecompress(in_bytes, in, &got, out) == BROTLI_DECODER_RESULT_SUCCESS;
    return is_done ? got : SIZE_MAX;
#else
    (void)in;
    (void)in_bytes;
    (void)out;
    (void)out_bytes;
    return SIZE_MAX;
#endif
}

bool mr_codec_can_read(mr_codec_id id)
{
#if !MR_HAS_BROTLI
    if (id == MR_CODEC_BROTLI) return false;
#endif
    return (unsigned)id < MR_CODEC_UNKNOWN;
}

static size_t decompress_snappy(const void *in, size_t in_bytes, void *out, size_t out_bytes)
{
    size_t got = 0;
    if (snappy_uncompressed_length(in, in_bytes, &got) != SNAPPY_OK || got != out_bytes) {
        return SIZE_MAX;
    }
    return snappy_uncompress(in, in_bytes, out, &got) == SNAPPY_OK ? got : SIZE_MAX;
}

mr_status mr_codec_decompress(struct mr_codec *codec, mr_codec_id id, const void *in,
                              size_t in_bytes, void *out, size_t out_bytes, struct mr_err *err)
{
    if (in_bytes > CODEC_BYTES_MAX || out_bytes > CODEC_BYTES_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 2502, "%zu bytes are too many for one compressed block",
                          MR_MAX(in_bytes, out_bytes));
    }
    MR_ASSERT(mr_codec_can_read(id));
    size_t got = SIZE_MAX;
    switch (id) {
    case MR_CODEC_ZSTD:
        got = ZSTD_decompressDCtx(codec->zstd_in, out, out_bytes, in, in_bytes);
        break;
    case MR_CODEC_LZ4_RAW: got = decompress_lz4(in, in_bytes, out, out_bytes); break;
    case MR_CODEC_GZIP: got = decompress_gzip(codec, in, in_bytes, out, out_bytes); break;
    case MR_CODEC_SNAPPY: got = decompress_snappy(in, in_bytes, out, out_bytes); break;
    case MR_CODEC_LZ4_HADOOP: got = decompress_lz4_hadoop(in, in_bytes, out, out_bytes); break;
    case MR_CODEC_BROTLI: got = decompress_brotli(in, in_bytes, out, out_bytes); break;
    default:
        if (in_bytes == out_bytes && in_bytes > 0) memcpy(out, in, in_bytes);
        got = in_bytes;
        break;
    }
    if (got == out_bytes) return MR_OK;
    return mr_err_set(err, MR_E_CORRUPT, 2503,
                      "%zu bytes of %s do not decompress to the %zu bytes they should", in_bytes,
                      mr_codec_name(id), out_bytes);
}
