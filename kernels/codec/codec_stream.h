/* Streaming decompression of input files: gzip and zstd, found by their first bytes.
 *
 * A file source reads compressed ranges and hands them over piece by piece; the stream gives plain
 * bytes into whatever room the caller has. Several gzip members or zstd frames behind each other
 * are one stream, as their tools define it; zero bytes behind the last gzip member are tape padding
 * and are skipped; anything else there is an error.
 *
 *      init ──▶ between ──(first byte)──▶ inside ──(frame ends, checksum right)──▶ between
 *                  └── mr_codec_stream_end: the input may end here, and only here
 *
 * Against bombs, the limits are counted on what came out: total bytes, and the ratio of bytes out
 * to bytes in once a mebibyte has come out. A zstd frame whose window is larger than
 * `window_bytes_max` is refused before anything is allocated for it; nothing is ever allocated here
 * at all: the caller gives footprint bytes. Sources: RFC 1952, RFC 8878. */
#ifndef MR_KERNELS_CODEC_CODEC_STREAM_H
#define MR_KERNELS_CODEC_CODEC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

typedef enum mr_stream_kind {
    MR_STREAM_PLAIN, /* not compressed: bytes pass through and are counted */
    MR_STREAM_GZIP,
    MR_STREAM_ZSTD,
} mr_stream_kind;

enum { MR_STREAM_MAGIC_BYTES = 4, MR_STREAM_WINDOW_DEFAULT = 8 << 20 };

struct mr_codec_stream_limits {
    uint64_t out_bytes_max;    /* 0 = none */
    uint32_t ratio_max;        /* bytes out per byte in; 0 = none */
    uint32_t window_bytes_max; /* zstd; 0 = MR_STREAM_WINDOW_DEFAULT */
};

struct mr_codec_stream;

/* mr_codec_stream_detect: what the first bytes of a file say; MR_STREAM_MAGIC_BYTES are enough,
 * fewer when the file has no more. */
mr_stream_kind mr_codec_stream_detect(const void *first, size_t bytes);

/* mr_codec_stream_footprint: bytes mr_codec_stream_init wants: 120 KB for gzip, for zstd the window
 * and about 400 KB. */
size_t mr_codec_stream_footprint(mr_stream_kind kind, const struct mr_codec_stream_limits *limits);

/* mr_codec_stream_init: makes a stream in `memory`, 64-byte aligned, footprint bytes. */
MR_MUST_USE mr_status mr_codec_stream_init(void *memory, mr_stream_kind kind,
                                           const struct mr_codec_stream_limits *limits,
                                           struct mr_codec_stream **out_stream, struct mr_err *err);

/* mr_codec_stream_step: takes up to in_bytes, gives up to out_capacity. Makes progress whenever
 * there is input and room; `*taken < in_bytes` means that `out` was filled. When it was filled,
 * more may come without further input: step again, with in_bytes 0 if there is none, until it is
 * not. returns MR_OK; MR_E_CORRUPT with err->at = bytes of input before the error; MR_E_LIMIT.
 * After an error the stream stays failed; `*given` then counts what was decoded before it. */
MR_MUST_USE mr_status mr_codec_stream_step(struct mr_codec_stream *stream, const void *in,
                                           size_t in_bytes, void *out, size_t out_capacity,
                                           size_t *taken, size_t *given, struct mr_err *err);

/* mr_codec_stream_end: the input is over. returns MR_E_CORRUPT inside a member or frame. */
MR_MUST_USE mr_status mr_codec_stream_end(const struct mr_codec_stream *stream, struct mr_err *err);

/* Totals so far. */
uint64_t mr_codec_stream_in_bytes(const struct mr_codec_stream *stream);
uint64_t mr_codec_stream_out_bytes(const struct mr_codec_stream *stream);

#endif
