/* The Thrift compact protocol, as far as Parquet's metadata needs it.
 *
 * Writer: fields are appended to a text builder in ascending id order; a missing block shows once,
 * in mr_text_end. Reader: a cursor over untrusted bytes that never reads past their end, never
 * nests deeper than MR_THRIFT_DEPTH_MAX, allocates nothing, and after its first error answers every
 * call with zero, so that a parser checks once at the end. A list's count is at most the bytes
 * left, as each element takes at least one, which bounds what callers allocate for it.
 *
 *     struct   = field* 0x00
 *     field    = (id delta << 4 | type) value        when 1 <= delta <= 15
 *              | type, zigzag varint id, value       otherwise
 *     bool     = no bytes: the type says it (1 true, 2 false); in lists one byte
 *     i8       = one byte;  i16, i32, i64 = zigzag varint;  double = 8 bytes, little-endian
 *     binary   = varint length, bytes
 *     list     = (count << 4 | type) | 0xf0 | type, varint count;  then the elements
 *     map      = 0x00 | varint count, (key type << 4 | value type), then the pairs
 *
 * Source: Apache Thrift, doc/specs/thrift-compact-protocol.md. */
#ifndef MR_CORE_FORMAT_PARQUET_THRIFT_H
#define MR_CORE_FORMAT_PARQUET_THRIFT_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "core/mem/text.h"

enum { MR_THRIFT_DEPTH_MAX = 24 };

typedef enum mr_thrift_type {
    MR_THRIFT_STOP = 0,
    MR_THRIFT_TRUE = 1,
    MR_THRIFT_FALSE = 2,
    MR_THRIFT_I8 = 3,
    MR_THRIFT_I16 = 4,
    MR_THRIFT_I32 = 5,
    MR_THRIFT_I64 = 6,
    MR_THRIFT_DOUBLE = 7,
    MR_THRIFT_BINARY = 8,
    MR_THRIFT_LIST = 9,
    MR_THRIFT_SET = 10,
    MR_THRIFT_MAP = 11,
    MR_THRIFT_STRUCT = 12,
    MR_THRIFT_UUID = 13,
} mr_thrift_type;

struct mr_thrift_out {
    struct mr_text *text;
    uint32_t depth;
    int16_t last_id[MR_THRIFT_DEPTH_MAX];
};

/* mr_thrift_init: a writer at the end of `text`. Every struct, the outermost too, is between
 * begin (as a list element or the root) or begin_field, and end. */
void mr_thrift_init(struct mr_thrift_out *out, struct mr_text *text);
void mr_thrift_begin(struct mr_thrift_out *out);
void mr_thrift_begin_field(struct mr_thrift_out *out, int16_t id);
void mr_thrift_end(struct mr_thrift_out *out);

void mr_thrift_bool(struct mr_thrift_out *out, int16_t id, bool value);
void mr_thrift_i8(struct mr_thrift_out *out, int16_t id, int8_t value);
void mr_thrift_i16(struct mr_thrift_out *out, int16_t id, int16_t value);
void mr_thrift_i32(struct mr_thrift_out *out, int16_t id, int32_t value);
void mr_thrift_i64(struct mr_thrift_out *out, int16_t id, int64_t value);
void mr_thrift_bytes(struct mr_thrift_out *out, int16_t id, struct mr_span value);

/* mr_thrift_struct: a struct field whose bytes, end included, were written before by another
 * writer. */
void mr_thrift_struct(struct mr_thrift_out *out, int16_t id, struct mr_span encoded);

/* mr_thrift_list: the head of a list; `count` elements follow by begin/end or the item calls. */
void mr_thrift_list(struct mr_thrift_out *out, int16_t id, mr_thrift_type type, uint32_t count);
void mr_thrift_item_bool(struct mr_thrift_out *out, bool value);
void mr_thrift_item_int(struct mr_thrift_out *out, int64_t value); /* i16, i32 and i64 */
void mr_thrift_item_bytes(struct mr_thrift_out *out, struct mr_span value);

struct mr_thrift_in {
    const uint8_t *from;
    const uint8_t *at;
    const uint8_t *end;
    uint32_t depth;
    const char *error; /* null = none yet */
    int16_t last_id[MR_THRIFT_DEPTH_MAX];
};

/* mr_thrift_open: a reader at the first byte of a struct's fields. */
void mr_thrift_open(struct mr_thrift_in *in, const void *at, size_t bytes);

/* mr_thrift_next: the next field of the struct the reader is in; false at its end (and after an
 * error), which also leaves the struct. The value has to be taken or skipped before the next call.
 */
bool mr_thrift_next(struct mr_thrift_in *in, int16_t *id, mr_thrift_type *type);

/* Values of a field or element of the type `type` as mr_thrift_next or _get_list gave it. A value
 * of another kind than asked for is an error. */
bool mr_thrift_get_bool(struct mr_thrift_in *in, mr_thrift_type type);
int64_t mr_thrift_get_int(struct mr_thrift_in *in, mr_thrift_type type);
struct mr_span mr_thrift_get_bytes(struct mr_thrift_in *in, mr_thrift_type type); /* borrowed */
void mr_thrift_enter(struct mr_thrift_in *in, mr_thrift_type type);               /* a struct */
uint32_t mr_thrift_get_list(struct mr_thrift_in *in, mr_thrift_type type, mr_thrift_type *element);
bool mr_thrift_item_get_bool(struct mr_thrift_in *in);
void mr_thrift_skip(struct mr_thrift_in *in, mr_thrift_type type);

/* mr_thrift_fail: makes the reader fail with a reason of the caller's. */
void mr_thrift_fail(struct mr_thrift_in *in, const char *error);

/* mr_thrift_close: MR_OK, or MR_E_CORRUPT with `what` and the byte of the first error. */
MR_MUST_USE mr_status mr_thrift_close(const struct mr_thrift_in *in, const char *what,
                                      struct mr_err *err);

#endif
