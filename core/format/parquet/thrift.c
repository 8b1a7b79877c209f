#include "core/format/parquet/thrift.h"

#include "core/base/assert.h"

void mr_thrift_init(struct mr_thrift_out *out, struct mr_text *text)
{
    *out = (struct mr_thrift_out){.text = text};
}

static void put_varint(struct mr_thrift_out *out, uint64_t value)
{
    uint8_t bytes[10];
    size_t count = 0;
    while (value >= 0x80) {
        bytes[count++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[count++] = (uint8_t)value;
    mr_text_add(out->text, bytes, count);
}

static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static void put_field(struct mr_thrift_out *out, int16_t id, mr_thrift_type type)
{
    int16_t *last = &out->last_id[out->depth - 1];
    MR_ASSERT(out->depth > 0 && id > *last);
    int delta = id - *last;
    if (delta <= 15) {
        mr_text_addc(out->text, (char)(delta << 4 | (int)type));
    } else {
        mr_text_addc(out->text, (char)type);
        put_varint(out, zigzag(id));
    }
    *last = id;
}

void mr_thrift_begin(struct mr_thrift_out *out)
{
    MR_ASSERT(out->depth < MR_THRIFT_DEPTH_MAX);
    out->last_id[out->depth++] = 0;
}

void mr_thrift_begin_field(struct mr_thrift_out *out, int16_t id)
{
    put_field(out, id, MR_THRIFT_STRUCT);
    mr_thrift_begin(out);
}

void mr_thrift_end(struct mr_thrift_out *out)
{
    MR_ASSERT(out->depth > 0);
    mr_text_addc(out->text, MR_THRIFT_STOP);
    out->depth--;
}

void mr_thrift_bool(struct mr_thrift_out *out, int16_t id, bool value)
{
    put_field(out, id, value ? MR_THRIFT_TRUE : MR_THRIFT_FALSE);
}

void mr_thrift_i8(struct mr_thrift_out *out, int16_t id, int8_t value)
{
    put_field(out, id, MR_THRIFT_I8);
    mr_text_addc(out->text, (char)value);
}

void mr_thrift_i16(struct mr_thrift_out *out, int16_t id, int16_t value)
{
    put_field(out, id, MR_THRIFT_I16);
    put_varint(out, zigzag(value));
}

void mr_thrift_i32(struct mr_thrift_out *out, int16_t id, int32_t value)
{
    put_field(out, id, MR_THRIFT_I32);
    put_varint(out, zigzag(value));
}

void mr_thrift_i64(struct mr_thrift_out *out, int16_t id, int64_t value)
{
    put_field(out, id, MR_THRIFT_I64);
    put_varint(out, zigzag(value));
}

void mr_thrift_bytes(struct mr_thrift_out *out, int16_t id, struct mr_span value)
{
    put_field(out, id, MR_THRIFT_BINARY);
    mr_thrift_item_bytes(out, value);
}

void mr_thrift_struct(struct mr_thrift_out *out, int16_t id, struct mr_span encoded)
{
    put_field(out, id, MR_THRIFT_STRUCT);
    mr_text_add(out->text, encoded.text, encoded.bytes);
}

void mr_thrift_list(struct mr_thrift_out *out, int16_t id, mr_thrift_type type, uint32_t count)
{
    put_field(out, id, MR_THRIFT_LIST);
    if (count < 15) {
        mr_text_addc(out->text, (char)(count << 4 | (unsigned)type));
    } else {
        mr_text_addc(out->text, (char)(0xf0 | (unsigned)type));
        put_varint(out, count);
    }
}

void mr_thrift_item_bool(struct mr_thrift_out *out, bool value)
{
    mr_text_addc(out->text, value ? MR_THRIFT_TRUE : MR_THRIFT_FALSE);
}

void mr_thrift_item_int(struct mr_thrift_out *out, int64_t value)
{
    put_varint(out, zigzag(value));
}

void mr_thrift_item_bytes(struct mr_thrift_out *out, struct mr_span value)
{
    put_varint(out, value.bytes);
    mr_text_add(out->text, value.text, value.bytes);
}

void mr_thrift_open(struct mr_thrift_in *in, const void *at, size_t bytes)
{
    *in = (struct mr_thrift_in){.from = at, .at = at, .depth = 1};
    in->end = in->at + bytes;
}

void mr_thrift_fail(struct mr_thrift_in *in, const char *error)
{
    if (in->error == NULL) in->error = error;
}

static uint8_t get_byte(struct mr_thrift_in *in)
{
    if (in->error != NULL) return 0;
    if (in->at == in->end) {
        mr_thrift_fail(in, "it ends too early");
        return 0;
    }
    return *in->at++;
}

static uint64_t get_varint(struct mr_thrift_in *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = get_byte(in);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    mr_thrift_fail(in, "a number has too many bytes");
    return 0;
}

static int64_t get_zigzag(struct mr_thrift_in *in)
{
    uint64_t raw = get_varint(in);
    return (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
}

bool mr_thrift_next(struct mr_thrift_in *in, int16_t *id, mr_thrift_type *type)
{
    uint8_t head = get_byte(in);
    if (in->error != NULL) return false;
    if (head == MR_THRIFT_STOP) {
        in->depth--;
        return false;
    }
    int16_t *last = &in->last_id[in->depth - 1];
    int64_t wide = head >> 4 != 0 ? *last + (head >> 4) : get_zigzag(in);
    if ((head & 15) > MR_THRIFT_UUID || wide < 1 || wide > INT16_MAX) {
        mr_thrift_fail(in, "a field has no valid id or type");
    }
    if (in->error != NULL) return false;
    *type = (mr_thrift_type)(head & 15);
    *id = *last = (int16_t)wide;
    return true;
}

bool mr_thrift_get_bool(struct mr_thrift_in *in, mr_thrift_type type)
{
    if (type != MR_THRIFT_TRUE && type != MR_THRIFT_FALSE) mr_thrift_fail(in, "no boolean");
    return type == MR_THRIFT_TRUE;
}

int64_t mr_thrift_get_int(struct mr_thrift_in *in, mr_thrift_type type)
{
    if (type == MR_THRIFT_I8) return (int8_t)get_byte(in);
    if (type < MR_THRIFT_I8 || type > MR_THRIFT_I64) mr_thrift_fail(in, "no integer");
    int64_t value = get_zigzag(in);
    if (type == MR_THRIFT_I32 && (value < INT32_MIN || value > INT32_MAX)) {
        mr_thrift_fail(in, "a number is out of its range");
    }
    return in->error == NULL ? value : 0;
}

struct mr_span mr_thrift_get_bytes(struct mr_thrift_in *in, mr_thrift_type type)
{
    if (type != MR_THRIFT_BINARY) mr_thrift_fail(in, "no string");
    uint64_t bytes = get_varint(in);
    if (bytes > (uint64_t)(in->end - in->at)) mr_thrift_fail(in, "a string ends too early");
    if (in->error != NULL) return (struct mr_span){"", 0};
    struct mr_span span = {(const char *)in->at, (size_t)bytes};
    in->at += bytes;
    return span;
}

void mr_thrift_enter(struct mr_thrift_in *in, mr_thrift_type type)
{
    if (type != MR_THRIFT_STRUCT) mr_thrift_fail(in, "no struct");
    if (in->depth == MR_THRIFT_DEPTH_MAX) mr_thrift_fail(in, "it nests too deep");
    if (in->error == NULL) in->last_id[in->depth++] = 0;
}

uint32_t mr_thrift_get_list(struct mr_thrift_in *in, mr_thrift_type type, mr_thrift_type *element)
{
    if (type != MR_THRIFT_LIST && type != MR_THRIFT_SET) mr_thrift_fail(in, "no list");
    uint8_t head = get_byte(in);
    uint64_t count = head >> 4 == 15 ? get_varint(in) : head >> 4;
    if (count > (uint64_t)(in->end - in->at)) mr_thrift_fail(in, "a list is longer than the rest");
    *element = (mr_thrift_type)(head & 15);
    if (*element == MR_THRIFT_STOP || *element > MR_THRIFT_UUID) {
        if (count > 0) mr_thrift_fail(in, "a list has no valid type");
    }
    return in->error == NULL ? (uint32_t)count : 0;
}

bool mr_thrift_item_get_bool(struct mr_thrift_in *in)
{
    return get_byte(in) == MR_THRIFT_TRUE;
}

static void skip_bytes(struct mr_thrift_in *in, uint64_t bytes)
{
    if (bytes > (uint64_t)(in->end - in->at)) mr_thrift_fail(in, "it ends too early");
    if (in->error == NULL) in->at += bytes;
}

static void skip_item(struct mr_thrift_in *in, mr_thrift_type type)
{
    if (type == MR_THRIFT_TRUE || type == MR_THRIFT_FALSE) {
        (void)get_byte(in);
    } else {
        mr_thrift_skip(in, type);
    }
}

static void skip_map(struct mr_thrift_in *in)
{
    uint64_t count = get_varint(in);
    if (count == 0) return;
    uint8_t types = get_byte(in);
    if (count > (uint64_t)(in->end - in->at)) mr_thrift_fail(in, "a map is longer than the rest");
    for (uint64_t i = 0; i < count && in->error == NULL; i++) {
        skip_item(in, (mr_thrift_type)(types >> 4));
        skip_item(in, (mr_thrift_type)(types & 15));
    }
}

static void skip_nested(struct mr_thrift_in *in, mr_thrift_type type)
{
    mr_thrift_type inner;
    int16_t id;
    if (in->depth == MR_THRIFT_DEPTH_MAX) mr_thrift_fail(in, "it nests too deep");
    if (in->error != NULL) return;
    if (type == MR_THRIFT_STRUCT) {
        mr_thrift_enter(in, type);
        while (mr_thrift_next(in, &id, &inner)) mr_thrift_skip(in, inner);
        return;
    }
    in->depth++; /* lists and maps count as levels too, so that this recursion is bounded */
    if (type == MR_THRIFT_MAP) {
        skip_map(in);
    } else {
        uint32_t count = mr_thrift_get_list(in, type, &inner);
        for (uint32_t i = 0; i < count && in->error == NULL; i++) skip_item(in, inner);
    }
    in->depth--;
}

void mr_thrift_skip(struct mr_thrift_in *in, mr_thrift_type type)
{
    switch (type) {
    case MR_THRIFT_TRUE:
    case MR_THRIFT_FALSE: return;
    case MR_THRIFT_I8: (void)get_byte(in); return;
    case MR_THRIFT_I16:
    case MR_THRIFT_I32:
    case MR_THRIFT_I64: (void)get_varint(in); return;
    case MR_THRIFT_DOUBLE: skip_bytes(in, 8); return;
    case MR_THRIFT_UUID: skip_bytes(in, 16); return;
    case MR_THRIFT_BINARY: (void)mr_thrift_get_bytes(in, type); return;
    case MR_THRIFT_LIST:
    case MR_THRIFT_SET:
    case MR_THRIFT_MAP:
    case MR_THRIFT_STRUCT: skip_nested(in, type); return;
    default: mr_thrift_fail(in, "a value has no valid type"); return;
    }
}

mr_status mr_thrift_close(const struct mr_thrift_in *in, const char *what, struct mr_err *err)
{
    if (in->error == NULL) return MR_OK;
    return mr_err_set(err, MR_E_CORRUPT, 2510, "%s is corrupt after %zu bytes: %s", what,
                      (size_t)(in->at - in->from), in->error);
}
