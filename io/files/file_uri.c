#include "io/files/file_uri.h"

#include <string.h>

#include "core/base/checked.h"

enum { ERR_NAME = 2114 };

static const struct mr_span scheme = {"file://", 7};

/* Length of a valid UTF-8 sequence at the front, its code point in *out; 0 when there is none. */
static size_t utf8_take(const uint8_t *b, size_t bytes, uint32_t *out)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t count = b[0] < 0x80             ? 1
                   : (b[0] & 0xe0) == 0xc0 ? 2
                   : (b[0] & 0xf0) == 0xe0 ? 3
                   : (b[0] & 0xf8) == 0xf0 ? 4
                                           : 0;
    if (count == 0 || count > bytes) return 0;
    uint32_t point = count == 1 ? b[0] : b[0] & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((b[i] & 0xc0) != 0x80) return 0;
        point = point << 6 | (b[i] & 0x3f);
    }
    if (point < lowest[count] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return 0;
    *out = point;
    return count;
}

static bool point_is_plain(uint32_t point)
{
    if (point < 0x80) {
        if ((point >= '0' && point <= '9') || ((point | 32) >= 'a' && (point | 32) <= 'z')) {
            return true;
        }
        return point != 0 && strchr("_-!.~'()*,;:$&+=@/", (int)point) != NULL;
    }
    bool is_blank = point <= 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200a) ||
                    point == 0x2028 || point == 0x2029 || point == 0x202f || point == 0x205f ||
                    point == 0x3000;
    return !is_blank;
}

void mr_file_uri_write(struct mr_text *out, struct mr_span path)
{
    mr_text_add(out, scheme.text, scheme.bytes);
    for (size_t i = 0; i < path.bytes;) {
        uint32_t point = 0;
        size_t count = utf8_take((const uint8_t *)path.text + i, path.bytes - i, &point);
        if (count > 0 && point_is_plain(point)) {
            mr_text_add(out, path.text + i, count);
            i += count;
            continue;
        }
        for (size_t end = i + MR_MAX(count, (size_t)1); i < end; i++) {
            mr_text_addf(out, "%%%02X", (unsigned)(uint8_t)path.text[i]);
        }
    }
}

struct mr_span mr_file_uri_of(struct mr_arena *arena, struct mr_span path)
{
    struct mr_text text;
    struct mr_span uri = {NULL, 0};
    mr_text_init(&text, arena->heap);
    mr_file_uri_write(&text, path);
    if (!text.is_failed) {
        struct mr_span written = mr_text_span(&text);
        uri = (struct mr_span){mr_arena_copy(arena, written), written.bytes};
    }
    mr_text_fini(&text);
    return uri;
}

struct mr_span mr_file_uri_short(struct mr_arena *arena, struct mr_span path)
{
    struct mr_span uri = mr_file_uri_of(arena, path);
    if (uri.text == NULL) return uri;
    char *text = (char *)(uintptr_t)uri.text + 2; /* "file:" moves over the two slashes */
    memmove(text, "file:", 5);
    return (struct mr_span){text, uri.bytes - 2};
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t mr_unescape(char *text, size_t bytes)
{
    size_t used = 0;
    for (size_t i = 0; i < bytes; i++) {
        int high = text[i] == '%' && i + 2 < bytes ? hex_of(text[i + 1]) : -1;
        int low = high >= 0 ? hex_of(text[i + 2]) : -1;
        if (low >= 0) {
            text[used++] = (char)(high << 4 | low);
            i += 2;
        } else {
            text[used++] = text[i];
        }
    }
    return used;
}

static bool escapes_are_valid(struct mr_span uri)
{
    for (size_t i = 0; i < uri.bytes; i++) {
        if (uri.text[i] != '%') continue;
        if (i + 2 >= uri.bytes) return false;
        if (hex_of(uri.text[i + 1]) < 0 || hex_of(uri.text[i + 2]) < 0) return false;
    }
    return true;
}

static bool has_parent_part(const char *path)
{
    for (const char *at = strstr(path, "/.."); at != NULL; at = strstr(at + 1, "/..")) {
        if (at[3] == '/' || at[3] == '\0') return true;
    }
    return false;
}

mr_status mr_file_uri_read(struct mr_arena *arena, struct mr_span uri, struct mr_span *out_path,
                           struct mr_err *err)
{
    struct mr_span rest = uri;
    if (mr_span_starts(uri, MR_SPAN("file:"))) rest = (struct mr_span){uri.text + 5, uri.bytes - 5};
    if (mr_span_starts(rest, MR_SPAN("///")))
        rest = (struct mr_span){rest.text + 2, rest.bytes - 2};
    bool is_path = rest.bytes > 0 && rest.text[0] == '/' &&
                   !(rest.bytes > 1 && rest.text[1] == '/') && escapes_are_valid(rest);
    if (!is_path) {
        return mr_err_set(err, MR_E_INVALID, ERR_NAME, "\"%.*s\" is no local file's URI",
                          (int)MR_MIN(uri.bytes, (size_t)300), uri.text);
    }
    char *path = mr_arena_copy(arena, rest);
    if (path == NULL) return mr_err_set(err, MR_E_NOMEM, ERR_NAME, "out of memory for a path");
    size_t bytes = mr_unescape(path, rest.bytes);
    path[bytes] = '\0';
    bool is_hostlike = bytes > 1 && path[1] == '/';
    if (strlen(path) != bytes || bytes >= 4096 || is_hostlike || has_parent_part(path)) {
        return mr_err_set(err, MR_E_INVALID, ERR_NAME, "\"%.*s\" is no usable path",
                          (int)MR_MIN(uri.bytes, (size_t)300), uri.text);
    }
    *out_path = (struct mr_span){path, bytes};
    return MR_OK;
}
