/* Parquet's layout and the numbers of its metadata.
 *
 *     "PAR1"
 *     row group 0:  column 0: [dictionary page] data page ... ;  column 1: ...
 *     row group 1:  ...
 *     column index of each column chunk, then offset index of each
 *     file metadata (Thrift compact)
 *     its length, 4 bytes little-endian, "PAR1"
 *
 *     page       = page header (Thrift), then compressed_page_size bytes; the CRC is over those
 *     v1 body    = after decompression: [4-byte length, repetition levels] [4-byte length,
 *                  definition levels] values; levels are left out when their maximum is 0
 *     levels     = RLE/bit-packing hybrid of kernels/encode/rle.h, as wide as the maximum needs
 *     dictionary = distinct values, PLAIN;  codes = 1 byte width, then the hybrid
 *
 * Nesting: a leaf's definition level counts how many optional and repeated nodes on its path are
 * there; its repetition level says at which repeated node a new element begins (0 = a new row).
 * Arrays have three levels (`list` / `element`), maps `key_value` with `key` and `value`.
 * Source: apache/parquet-format, README, parquet.thrift, Encodings, LogicalTypes, PageIndex (2.11);
 * Melnik et al., "Dremel" (2010). */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_FORMAT_H
#define MR_CORE_FORMAT_PARQUET_PQ_FORMAT_H

#include <stdint.h>

#include "kernels/codec/codec.h"

#define MR_PQ_MAGIC "PAR1"
enum { MR_PQ_MAGIC_BYTES = 4, MR_PQ_TAIL_BYTES = 8, MR_PQ_LEVEL_MAX = 255 };

typedef enum mr_pq_kind {
    MR_PQ_BOOLEAN = 0,
    MR_PQ_INT32 = 1,
    MR_PQ_INT64 = 2,
    MR_PQ_INT96 = 3, /* read only: nanoseconds of a day and a Julian day */
    MR_PQ_FLOAT = 4,
    MR_PQ_DOUBLE = 5,
    MR_PQ_BYTES = 6, /* BYTE_ARRAY: 4-byte length, bytes */
    MR_PQ_FIXED = 7, /* FIXED_LEN_BYTE_ARRAY */
} mr_pq_kind;

typedef enum mr_pq_repetition {
    MR_PQ_REQUIRED = 0,
    MR_PQ_OPTIONAL = 1,
    MR_PQ_REPEATED = 2,
} mr_pq_repetition;

typedef enum mr_pq_encoding {
    MR_PQ_PLAIN = 0,
    MR_PQ_PLAIN_DICTIONARY = 2, /* old name of RLE_DICTIONARY; PLAIN in dictionary pages */
    MR_PQ_RLE = 3,
    MR_PQ_BIT_PACKED = 4, /* old level encoding */
    MR_PQ_DELTA_BINARY_PACKED = 5,
    MR_PQ_DELTA_LENGTH_BYTES = 6,
    MR_PQ_DELTA_BYTES = 7,
    MR_PQ_RLE_DICTIONARY = 8,
    MR_PQ_BYTE_STREAM_SPLIT = 9,
} mr_pq_encoding;

typedef enum mr_pq_page_type {
    MR_PQ_DATA_PAGE = 0,
    MR_PQ_INDEX_PAGE = 1,
    MR_PQ_DICTIONARY_PAGE = 2,
    MR_PQ_DATA_PAGE_V2 = 3,
} mr_pq_page_type;

/* ConvertedType, the older form of LogicalType: still read by everyone, so both are written. */
typedef enum mr_pq_converted {
    MR_PQ_CONVERTED_NONE = -1,
    MR_PQ_UTF8 = 0,
    MR_PQ_MAP = 1,
    MR_PQ_MAP_KEY_VALUE = 2,
    MR_PQ_LIST = 3,
    MR_PQ_ENUM = 4,
    MR_PQ_DECIMAL = 5,
    MR_PQ_DATE = 6,
    MR_PQ_TIME_MILLIS = 7,
    MR_PQ_TIME_MICROS = 8,
    MR_PQ_TIMESTAMP_MILLIS = 9,
    MR_PQ_TIMESTAMP_MICROS = 10,
    MR_PQ_UINT_8 = 11,
    MR_PQ_UINT_16 = 12,
    MR_PQ_UINT_32 = 13,
    MR_PQ_UINT_64 = 14,
    MR_PQ_INT_8 = 15,
    MR_PQ_INT_16 = 16,
    MR_PQ_INT_32 = 17,
    MR_PQ_INT_64 = 18,
    MR_PQ_JSON = 19,
    MR_PQ_BSON = 20,
    MR_PQ_INTERVAL = 21,
} mr_pq_converted;

/* Field ids of the LogicalType union. */
enum {
    MR_PQ_LOGICAL_STRING = 1,
    MR_PQ_LOGICAL_MAP = 2,
    MR_PQ_LOGICAL_LIST = 3,
    MR_PQ_LOGICAL_ENUM = 4,
    MR_PQ_LOGICAL_DECIMAL = 5,
    MR_PQ_LOGICAL_DATE = 6,
    MR_PQ_LOGICAL_TIME = 7,
    MR_PQ_LOGICAL_TIMESTAMP = 8,
    MR_PQ_LOGICAL_INTEGER = 10,
    MR_PQ_LOGICAL_UNKNOWN = 11,
    MR_PQ_LOGICAL_JSON = 12,
    MR_PQ_LOGICAL_BSON = 13,
    MR_PQ_LOGICAL_UUID = 14,
    MR_PQ_LOGICAL_FLOAT16 = 15,
};

enum { MR_PQ_MILLIS = 1, MR_PQ_MICROS = 2, MR_PQ_NANOS = 3 }; /* TimeUnit union */

typedef enum mr_pq_order {
    MR_PQ_UNORDERED = 0,
    MR_PQ_ASCENDING = 1,
    MR_PQ_DESCENDING = 2,
} mr_pq_order;

/* mr_pq_codec_number: CompressionCodec of the format for a codec. mr_pq_codec_of: the codec for a
 * number, or MR_CODEC_UNKNOWN when there is none here (LZO). */
static inline int32_t mr_pq_codec_number(mr_codec_id id)
{
    switch (id) {
    case MR_CODEC_SNAPPY: return 1;
    case MR_CODEC_GZIP: return 2;
    case MR_CODEC_ZSTD: return 6;
    case MR_CODEC_LZ4_RAW: return 7;
    default: return 0;
    }
}

static inline mr_codec_id mr_pq_codec_of(int64_t number)
{
    switch (number) {
    case 0: return MR_CODEC_NONE;
    case 1: return MR_CODEC_SNAPPY;
    case 2: return MR_CODEC_GZIP;
    case 4: return MR_CODEC_BROTLI;
    case 5: return MR_CODEC_LZ4_HADOOP;
    case 6: return MR_CODEC_ZSTD;
    case 7: return MR_CODEC_LZ4_RAW;
    default: return MR_CODEC_UNKNOWN;
    }
}

#endif
