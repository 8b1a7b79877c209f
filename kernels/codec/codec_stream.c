#include "kernels/codec/codec_stream.h"

#include <isa-l/igzip_lib.h>
#include <string.h>
#define ZSTD_STATIC_LINKING_ONLY /* a stream in memory of ours: ZSTD_initStaticDStream */
#include <zstd.h>
#include <zstd_errors.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum {
    ALIGN = 64,
    STEP_BYTES_MAX = 1 << 30,
    RATIO_FROM_BYTES = 1 << 20,
    STAGE_BYTES = 32 << 10,
    STAGE_HISTORY = 64
};

/* ISA-L reads up to 8 bytes ahead and, at the end of a member, steps back over what it did not
 * need, even into the piece before. So input goes through a stage that keeps the bytes already read
 * in front of those to come. */
struct gzip_stage {
    struct inflate_state inflate;
    uint32_t at;  /* next byte to read, >= STAGE_HISTORY */
    uint32_t end; /* behind the last byte */
    uint8_t bytes[STAGE_HISTORY + STAGE_BYTES];
};

struct mr_codec_stream {
    mr_stream_kind kind;
    struct mr_codec_stream_limits limits;
    uint64_t in_bytes;
    uint64_t out_bytes;
    bool is_inside;  /* a member or frame has begun and not ended */
    bool has_member; /* gzip: at least one member has begun */
    bool is_padding; /* gzip: a zero byte was seen behind a member; only more of them may follow */
    bool is_failed;
    struct gzip_stage *gzip;
    ZSTD_DStream *zstd;
};

static size_t window_of(const struct mr_codec_stream_limits *limits)
{
    return limits->window_bytes_max == 0 ? (size_t)MR_STREAM_WINDOW_DEFAULT
                                         : limits->window_bytes_max;
}

mr_stream_kind mr_codec_stream_detect(const void *first, size_t bytes)
{
    static const uint8_t gzip[2] = {0x1f, 0x8b}, zstd[4] = {0x28, 0xb5, 0x2f, 0xfd};
    const uint8_t *at = first;
    if (bytes >= sizeof gzip && memcmp(at, gzip, sizeof gzip) == 0) return MR_STREAM_GZIP;
    if (bytes < sizeof zstd) return MR_STREAM_PLAIN;
    if (memcmp(at, zstd, sizeof zstd) == 0) return MR_STREAM_ZSTD;
    /* A zstd file may begin with a skippable frame: 0x184D2A50 to 0x184D2A5F, little-endian. */
    bool is_skippable = (at[0] & 0xf0) == 0x50 && at[1] == 0x2a && at[2] == 0x4d && at[3] == 0x18;
    return is_skippable ? MR_STREAM_ZSTD : MR_STREAM_PLAIN;
}

size_t mr_codec_stream_footprint(mr_stream_kind kind, const struct mr_codec_stream_limits *limits)
{
    size_t head = mr_align_up(sizeof(struct mr_codec_stream), ALIGN);
    switch (kind) {
    case MR_STREAM_GZIP: return head + mr_align_up(sizeof(struct gzip_stage), ALIGN);
    case MR_STREAM_ZSTD:
        return head + mr_align_up(ZSTD_estimateDStreamSize(window_of(limits)), ALIGN);
    default: return head;
    }
}

mr_status mr_codec_stream_init(void *memory, mr_stream_kind kind,
                               const struct mr_codec_stream_limits *limits,
                               struct mr_codec_stream **out_stream, struct mr_err *err)
{
    size_t head = mr_align_up(sizeof(struct mr_codec_stream), ALIGN);
    size_t rest = mr_codec_stream_footprint(kind, limits) - head;
    struct mr_codec_stream *stream = memory;
    MR_ASSERT((uintptr_t)memory % ALIGN == 0);
    *stream = (struct mr_codec_stream){.kind = kind, .limits = *limits};
    if (kind == MR_STREAM_GZIP) {
        stream->gzip = (struct gzip_stage *)((char *)memory + head);
        memset(stream->gzip, 0, sizeof *stream->gzip); /* init leaves fields as they are */
        stream->gzip->at = stream->gzip->end = STAGE_HISTORY;
        isal_inflate_init(&stream->gzip->inflate);
    }
    if (kind == MR_STREAM_ZSTD) {
        stream->zstd = ZSTD_initStaticDStream((char *)memory + head, rest);
        size_t window = window_of(limits);
        int window_log = 63 - __builtin_clzll(window);
        if (stream->zstd == NULL || window < 1024 ||
            ZSTD_isError(ZSTD_DCtx_setParameter(stream->zstd, ZSTD_d_windowLogMax, window_log))) {
            return mr_err_set(err, MR_E_INVALID, 2501, "a zstd window of %zu bytes is not possible",
                              window);
        }
    }
    *out_stream = stream;
    return MR_OK;
}

static mr_status stream_corrupt(const struct mr_codec_stream *stream, const char *what,
                                struct mr_err *err)
{
    mr_status status = mr_err_set(err, MR_E_CORRUPT, 2503, "compressed input is corrupt: %s", what);
    uint32_t unread = stream->gzip == NULL ? 0 : stream->gzip->end - stream->gzip->at;
    mr_err_at(err, stream->in_bytes - unread);
    return status;
}

static const char *gzip_error_text(int error)
{
    switch (error) {
    case ISAL_INVALID_WRAPPER: return "no gzip header";
    case ISAL_UNSUPPORTED_METHOD: return "gzip method is not deflate";
    case ISAL_INCORRECT_CHECKSUM: return "gzip checksum or length differs";
    default: return "invalid deflate data";
    }
}

/* Takes input into the stage. returns the number of bytes taken. */
static size_t gzip_fill(struct gzip_stage *stage, const uint8_t *in, size_t in_bytes)
{
    if (stage->end == sizeof stage->bytes || stage->at == stage->end) {
        uint32_t from = stage->at - STAGE_HISTORY;
        memmove(stage->bytes, stage->bytes + from, stage->end - from);
        stage->at -= from;
        stage->end -= from;
    }
    size_t taken = MR_MIN(in_bytes, sizeof stage->bytes - stage->end);
    if (taken > 0) memcpy(stage->bytes + stage->end, in, taken);
    stage->end += (uint32_t)taken;
    return taken;
}

/* Between members: skips padding and begins the next member if there is one. */
static mr_status gzip_begin(struct mr_codec_stream *stream, struct mr_err *err)
{
    struct gzip_stage *stage = stream->gzip;
    while (stream->has_member && stage->at < stage->end && stage->bytes[stage->at] == 0) {
        stream->is_padding = true;
        stage->at++;
    }
    if (stage->at == stage->end) return MR_OK;
    if (stream->is_padding) return stream_corrupt(stream, "bytes behind the last gzip member", err);
    isal_inflate_reset(&stage->inflate);
    stage->inflate.crc_flag = ISAL_GZIP;
    stream->is_inside = stream->has_member = true;
    return MR_OK;
}

/* One member, or what fits of it. */
static mr_status gzip_step(struct mr_codec_stream *stream, const uint8_t *in, size_t in_bytes,
                           void *out, size_t out_capacity, size_t *taken, size_t *given,
                           struct mr_err *err)
{
    struct gzip_stage *stage = stream->gzip;
    struct inflate_state *inflate = &stage->inflate;
    *taken = gzip_fill(stage, in, in_bytes);
    *given = 0;
    stream->in_bytes += *taken;
    if (!stream->is_inside) MR_TRY(gzip_begin(stream, err));
    if (!stream->is_inside) return MR_OK;
    inflate->next_in = stage->bytes + stage->at;
    inflate->avail_in = stage->end - stage->at;
    inflate->next_out = out;
    inflate->avail_out = (uint32_t)MR_MIN(out_capacity, (size_t)STEP_BYTES_MAX);
    int result = isal_inflate(inflate);
    *given = (size_t)(inflate->next_out - (uint8_t *)out);
    if (result < 0) return stream_corrupt(stream, gzip_error_text(result), err);
    MR_ASSERT(inflate->next_in >= stage->bytes);
    stage->at = (uint32_t)(inflate->next_in - stage->bytes);
    if (inflate->block_state == ISAL_BLOCK_FINISH) stream->is_inside = false;
    return MR_OK;
}

static mr_status zstd_step(struct mr_codec_stream *stream, const uint8_t *in, size_t in_bytes,
                           void *out, size_t out_capacity, size_t *taken, size_t *given,
                           struct mr_err *err)
{
    ZSTD_inBuffer from = {in, in_bytes, 0};
    ZSTD_outBuffer to = {out, out_capacity, 0};
    size_t left = ZSTD_decompressStream(stream->zstd, &to, &from);
    if (ZSTD_isError(left)) {
        if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge) {
            mr_status status = mr_err_set(
                err, MR_E_LIMIT, 2504, "a zstd frame needs a window above the limit of %zu bytes",
                window_of(&stream->limits));
            mr_err_at(err, stream->in_bytes);
            return status;
        }
        return stream_corrupt(stream, ZSTD_getErrorName(left), err);
    }
    /* Asked between two frames without input, zstd answers with the size of the next header. */
    if (from.pos > 0 || to.pos > 0) stream->is_inside = left != 0;
    *taken = from.pos;
    *given = to.pos;
    stream->in_bytes += *taken;
    return MR_OK;
}

static mr_status plain_step(struct mr_codec_stream *stream, const uint8_t *in, size_t in_bytes,
                            void *out, size_t out_capacity, size_t *taken, size_t *given)
{
    size_t bytes = MR_MIN(in_bytes, out_capacity);
    if (bytes > 0) memcpy(out, in, bytes);
    *taken = *given = bytes;
    stream->in_bytes += bytes;
    return MR_OK;
}

static mr_status stream_count(struct mr_codec_stream *stream, struct mr_err *err)
{
    const struct mr_codec_stream_limits *limits = &stream->limits;
    mr_status status = MR_OK;
    if (limits->out_bytes_max != 0 && stream->out_bytes > limits->out_bytes_max) {
        status = mr_err_set(err, MR_E_LIMIT, 2504, "compressed input holds more than %llu bytes",
                            (unsigned long long)limits->out_bytes_max);
    } else if (limits->ratio_max != 0 && stream->out_bytes > RATIO_FROM_BYTES &&
               stream->out_bytes / limits->ratio_max > stream->in_bytes) {
        status = mr_err_set(err, MR_E_LIMIT, 2504,
                            "compressed input grows more than %u times when decompressed",
                            limits->ratio_max);
    }
    if (status != MR_OK) mr_err_at(err, stream->in_bytes);
    return status;
}

static mr_status stream_step(struct mr_codec_stream *stream, const uint8_t *in, size_t in_bytes,
                             uint8_t *out, size_t out_capacity, size_t *taken, size_t *given,
                             struct mr_err *err)
{
    mr_status status;
    switch (stream->kind) {
    case MR_STREAM_GZIP:
        status = gzip_step(stream, in, in_bytes, out, out_capacity, taken, given, err);
        break;
    case MR_STREAM_ZSTD:
        status = zstd_step(stream, in, in_bytes, out, out_capacity, taken, given, err);
        break;
    default: status = plain_step(stream, in, in_bytes, out, out_capacity, taken, given); break;
    }
    if (status != MR_OK) return status;
    stream->out_bytes += *given;
    return stream_count(stream, err);
}

/* Whether everything taken has been read, so that only more input can bring more output. */
static bool stream_is_drained(const struct mr_codec_stream *stream)
{
    return stream->gzip == NULL || stream->gzip->at == stream->gzip->end;
}

mr_status mr_codec_stream_step(struct mr_codec_stream *stream, const void *in, size_t in_bytes,
                               void *out, size_t out_capacity, size_t *taken, size_t *given,
                               struct mr_err *err)
{
    size_t took = 0, gave = 0;
    if (in == NULL) in = "";
    MR_ASSERT(out_capacity > 0);
    if (stream->is_failed) {
        return mr_err_set(err, MR_E_CORRUPT, 2503, "compressed input failed before this point");
    }
    for (;;) {
        size_t step_taken = 0, step_given = 0;
        mr_status status =
            stream_step(stream, (const uint8_t *)in + took, in_bytes - took, (uint8_t *)out + gave,
                        out_capacity - gave, &step_taken, &step_given, err);
        if (status != MR_OK) {
            stream->is_failed = true;
            *given = gave + step_given;
            return status;
        }
        took += step_taken;
        gave += step_given;
        if (gave == out_capacity) break;
        if (step_given == 0 && took == in_bytes && stream_is_drained(stream)) break;
    }
    *taken = took;
    *given = gave;
    return MR_OK;
}

mr_status mr_codec_stream_end(const struct mr_codec_stream *stream, struct mr_err *err)
{
    if (stream->is_failed) {
        return mr_err_set(err, MR_E_CORRUPT, 2503, "compressed input failed before its end");
    }
    if (stream->is_inside || !stream_is_drained(stream)) {
        return stream_corrupt(stream, "it ends in the middle of a member or frame", err);
    }
    return MR_OK;
}

uint64_t mr_codec_stream_in_bytes(const struct mr_codec_stream *stream)
{
    return stream->in_bytes;
}

uint64_t mr_codec_stream_out_bytes(const struct mr_codec_stream *stream)
{
    return stream->out_bytes;
}
