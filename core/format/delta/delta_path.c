#include "core/format/delta/delta_path.h"

#include "core/base/calendar.h"
#include "kernels/text/number.h"

static const char hex_digits[] = "0123456789ABCDEF";

static void add_percent(unsigned char c, struct mr_text *out)
{
    char text[3] = {'%', hex_digits[c >> 4], hex_digits[c & 15]};
    mr_text_add(out, text, sizeof text);
}

static bool is_alnum(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Characters that a URI's path may hold as they are; a colon could be taken for a scheme's. */
static bool is_uri_plain(unsigned char c)
{
    return is_alnum(c) || (c != '\0' && strchr("/-._~=!$&'()*+,;@", c) != NULL);
}

void mr_delta_path_encode(struct mr_span path, struct mr_text *out)
{
    for (size_t i = 0; i < path.bytes; i++) {
        unsigned char c = (unsigned char)path.text[i];
        if (is_uri_plain(c)) {
            mr_text_addc(out, (char)c);
        } else {
            add_percent(c, out);
        }
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* "file:/x", "file:///x" and "file://localhost/x" are /x. */
static struct mr_span without_scheme(struct mr_span uri)
{
    const char *at = uri.text, *end = uri.text + uri.bytes;
    if (!mr_span_starts(uri, MR_SPAN("file:/"))) return uri;
    at += 5;
    if (end - at >= 2 && at[1] == '/') {
        const char *slash = memchr(at + 2, '/', (size_t)(end - at) - 2);
        if (slash != NULL) at = slash;
    }
    return (struct mr_span){at, (size_t)(end - at)};
}

void mr_delta_path_decode(struct mr_span uri, struct mr_text *out)
{
    struct mr_span path = without_scheme(uri);
    while (path.bytes > 0) {
        const char *percent = memchr(path.text, '%', path.bytes);
        size_t plain = percent == NULL ? path.bytes : (size_t)(percent - path.text);
        mr_text_add(out, path.text, plain);
        path = (struct mr_span){path.text + plain, path.bytes - plain};
        if (path.bytes == 0) return;
        char c = '%';
        size_t taken = 1;
        if (path.bytes > 2) {
            int high = hex_digit(path.text[1]), low = hex_digit(path.text[2]);
            if (high >= 0 && low >= 0) {
                c = (char)(high * 16 + low);
                taken = 3;
            }
        }
        mr_text_addc(out, c);
        path = (struct mr_span){path.text + taken, path.bytes - taken};
    }
}

bool mr_delta_path_is_inside(struct mr_span path)
{
    if (path.bytes == 0 || path.text[0] == '/') return false;
    if (memchr(path.text, '\0', path.bytes) != NULL) return false;
    size_t part = 0;
    for (size_t i = 0; i <= path.bytes; i++) {
        if (i < path.bytes && path.text[i] != '/') {
            if (path.text[i] == ':' && part == 0) return false; /* a scheme */
            continue;
        }
        size_t bytes = i - part;
        if (bytes == 2 && memcmp(path.text + part, "..", 2) == 0) return false;
        part = i + 1;
    }
    return true;
}

bool mr_delta_partition_type_ok(const struct mr_type *type)
{
    return !mr_type_is_nested(type) && type->id != MR_TYPE_VOID && type->id != MR_TYPE_BINARY;
}

static __int128 decimal_value(const struct mr_vec *vec, uint32_t row)
{
    if (mr_decimal_is_long(vec->type)) return mr_vec_i64(vec, row);
    return ((const __int128 *)vec->values)[row];
}

bool mr_delta_partition_text(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    char text[MR_NUMBER_TEXT_MAX + MR_TIME_TEXT_MAX];
    size_t bytes = 0;
    if (mr_vec_is_null(vec, row)) return false;
    MR_ASSERT(mr_delta_partition_type_ok(vec->type));
    switch (vec->type->id) {
    case MR_TYPE_STRING: {
        struct mr_span value = mr_vec_span(vec, row);
        mr_text_add(out, value.text, value.bytes);
        return value.bytes > 0;
    }
    case MR_TYPE_BOOLEAN:
        mr_text_adds(out, mr_bit_get(vec->values, row) ? "true" : "false");
        return true;
    case MR_TYPE_FLOAT: bytes = mr_float_format(((const float *)vec->values)[row], text); break;
    case MR_TYPE_DOUBLE: bytes = mr_double_format(((const double *)vec->values)[row], text); break;
    case MR_TYPE_DECIMAL:
        bytes = mr_decimal_format(decimal_value(vec, row), vec->type->scale, text);
        break;
    case MR_TYPE_DATE: bytes = mr_date_format(mr_vec_i64(vec, row), text); break;
    case MR_TYPE_TIMESTAMP: bytes = mr_time_format(mr_vec_i64(vec, row), 6, "Z", text); break;
    case MR_TYPE_TIMESTAMP_NTZ: bytes = mr_time_format(mr_vec_i64(vec, row), 6, "", text); break;
    default: bytes = mr_i64_format(mr_vec_i64(vec, row), text); break;
    }
    mr_text_add(out, text, bytes);
    return true;
}

/* Hive's list, and the zero byte, which no file system takes. */
static bool is_dir_plain(unsigned char c)
{
    return c >= 0x20 && c != 0x7f && strchr("\"#%'*/:=?\\{[]^", c) == NULL;
}

static void dir_escape(struct mr_span text, struct mr_text *out)
{
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned char c = (unsigned char)text.text[i];
        if (is_dir_plain(c)) {
            mr_text_addc(out, (char)c);
        } else {
            add_percent(c, out);
        }
    }
}

void mr_delta_partition_dir(struct mr_span column, struct mr_span value, struct mr_text *out)
{
    dir_escape(column, out);
    mr_text_addc(out, '=');
    if (value.bytes == 0) {
        mr_text_adds(out, MR_DELTA_NULL_PARTITION);
    } else {
        dir_escape(value, out);
    }
}

void mr_delta_partition_json(const struct mr_span *columns, const struct mr_span *values,
                             uint32_t count, struct mr_text *out)
{
    mr_text_addc(out, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) mr_text_addc(out, ',');
        mr_text_add_json(out, columns[i]);
        mr_text_addc(out, ':');
        if (values[i].bytes == 0) {
            mr_text_adds(out, "null");
        } else {
            mr_text_add_json(out, values[i]);
        }
    }
    mr_text_addc(out, '}');
}
