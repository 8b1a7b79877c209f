/* Compression of whole blocks: plain bytes in, plain bytes out.
 *
 * One `struct mr_codec` per shard holds the working state of every codec, so that nothing is set up
 * or allocated per page: the caller asks for the footprint, gives the memory, and passes the codec
 * along. It belongs to one thread and carries nothing over from one call to the next, so any number
 * of writers and readers of that shard may share it. (snappy is the exception to "nothing
 * allocated": its C interface takes a table of at most 64 KiB from malloc inside each compress
 * call.)
 *
 * zstd (RFC 8878) is the default of tables, level 1; gzip (RFC 1952) is written and read by ISA-L
 * with its header and trailer; lz4_raw is a bare LZ4 block, as in Parquet's LZ4_RAW; snappy is the
 * raw format without framing. The sizes of both sides are known to the caller, as Parquet's page
 * headers give them: a block that does not decompress to exactly that size is corrupt, and no input
 * makes a call write past it. Streams of unknown length are codec_stream.h.
 *
 * Two more are only decompressed. lz4_hadoop, Parquet's deprecated LZ4, is blocks of LZ4 behind
 * their sizes as Hadoop writes them, or a bare block as others understood it; which one is found
 * out by trying. brotli (RFC 7932) is there when the program was built with its library, which
 * takes its window of at most 16 MiB from malloc inside the call. */
#ifndef MR_KERNELS_CODEC_CODEC_H
#define MR_KERNELS_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

typedef enum mr_codec_id {
    MR_CODEC_NONE,
    MR_CODEC_SNAPPY,
    MR_CODEC_GZIP,
    MR_CODEC_LZ4_RAW,
    MR_CODEC_ZSTD,
    MR_CODEC_COUNT, /* of those that are also written */
    MR_CODEC_LZ4_HADOOP = MR_CODEC_COUNT,
    MR_CODEC_BROTLI,
    MR_CODEC_UNKNOWN
} mr_codec_id;

enum { MR_ZSTD_LEVEL_DEFAULT = 1, MR_ZSTD_LEVEL_MAX = 19, MR_GZIP_LEVEL_MAX = 3 };

/* What a block is worth to zstd; the other codecs know FULL alone. All three are frames that any
 * reader of zstd takes.
 *   FULL    the codec's level
 *   FAST    next to no search for repeats, only as few bits as each byte needs (Huffman): under
 * half the time, and hardly less of a gain where the bytes are random from a small alphabet STORE
 * raw blocks, 12 bytes and 3 for each 128 KiB more than the input */
typedef enum mr_codec_effort { MR_EFFORT_FULL, MR_EFFORT_FAST, MR_EFFORT_STORE } mr_codec_effort;

struct mr_codec_limits {
    int zstd_level; /* 1..19; 0 = the default, 1 */
    int gzip_level; /* ISA-L's 0..3; 0 is its fastest */
};

struct mr_codec;

/* mr_codec_footprint: bytes that mr_codec_init wants for these levels (2 MB at the default; zstd's
 * high levels take up to 90). 0 when a level is out of range. */
size_t mr_codec_footprint(const struct mr_codec_limits *limits);

/* mr_codec_init: makes a codec in `memory`, 64-byte aligned, footprint bytes, which has to outlive
 * it. There is nothing to undo: the caller frees the memory. */
MR_MUST_USE mr_status mr_codec_init(void *memory, const struct mr_codec_limits *limits,
                                    struct mr_codec **out_codec, struct mr_err *err);

/* mr_codec_bound: the most bytes that compressing `bytes` bytes can give. */
size_t mr_codec_bound(mr_codec_id id, size_t bytes);

/* mr_codec_compress: in[in_bytes] to out[*out_bytes], with room for mr_codec_bound. in_bytes is
 * less than 2 GiB, Parquet's page limit. returns MR_E_LIMIT when the input is larger than that,
 * MR_E_INTERNAL when a library fails. */
MR_MUST_USE mr_status mr_codec_compress(struct mr_codec *codec, mr_codec_id id, const void *in,
                                        size_t in_bytes, void *out, size_t out_capacity,
                                        size_t *out_bytes, struct mr_err *err);

/* mr_codec_compress_as: the same with an effort. */
MR_MUST_USE mr_status mr_codec_compress_as(struct mr_codec *codec, mr_codec_id id,
                                           mr_codec_effort effort, const void *in, size_t in_bytes,
                                           void *out, size_t out_capacity, size_t *out_bytes,
                                           struct mr_err *err);

/* mr_codec_can_read: whether mr_codec_decompress knows the codec in this build. */
bool mr_codec_can_read(mr_codec_id id);

/* mr_codec_decompress: in[in_bytes] to exactly out[out_bytes]; other lengths are MR_E_CORRUPT. The
 * codec is one that can be read. */
MR_MUST_USE mr_status mr_codec_decompress(struct mr_codec *codec, mr_codec_id id, const void *in,
                                          size_t in_bytes, void *out, size_t out_bytes,
                                          struct mr_err *err);

/* mr_codec_name: "zstd", "snappy", "lz4_raw", "gzip", "none", ... mr_codec_find: the other way, -1
 * for a name of none that is written; "uncompressed" is taken for "none". */
const char *mr_codec_name(mr_codec_id id);
int mr_codec_find(const char *name);

#endif
