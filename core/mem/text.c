#include "core/mem/text.h"

#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"

void mr_text_init(struct mr_text *text, struct mr_heap *heap)
{
    *text = (struct mr_text){.heap = heap};
}

void mr_text_fini(struct mr_text *text)
{
    if (text->heap != NULL) mr_heap_give(text->heap, text->at, text->capacity);
    *text = (struct mr_text){.heap = text->heap};
}

void mr_text_reset(struct mr_text *text)
{
    text->used = 0;
    text->is_failed = false;
}

static bool text_reserve(struct mr_text *text, size_t count)
{
    size_t needed;
    if (text->is_failed) return false;
    if (!mr_size_add(text->used, count, &needed) || !mr_size_add(needed, 1, &needed)) {
        text->is_failed = true;
        return false;
    }
    if (needed <= text->capacity) return true;
    size_t capacity = MR_MAX(MR_MAX(needed, text->capacity * 2), (size_t)256);
    char *moved = mr_heap_resize(text->heap, text->at, text->capacity, capacity);
    if (moved == NULL) {
        text->is_failed = true;
        return false;
    }
    text->at = moved;
    text->capacity = capacity;
    return true;
}

void mr_text_add(struct mr_text *text, const void *bytes, size_t count)
{
    if (!text_reserve(text, count)) return;
    if (count > 0) memcpy(text->at + text->used, bytes, count);
    text->used += count;
    text->at[text->used] = '\0';
}

void mr_text_adds(struct mr_text *text, const char *zero_terminated)
{
    mr_text_add(text, zero_terminated, strlen(zero_terminated));
}

void mr_text_addc(struct mr_text *text, char c)
{
    mr_text_add(text, &c, 1);
}

void mr_text_addf(struct mr_text *text, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int bytes = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (bytes >= 0 && text_reserve(text, (size_t)bytes)) {
        (void)vsnprintf(text->at + text->used, (size_t)bytes + 1, fmt, again);
        text->used += (size_t)bytes;
    }
    va_end(again);
}

/* Length of the valid UTF-8 sequence at the span's start, 0 when there is none (RFC 3629). */
static size_t utf8_length(const unsigned char *s, size_t bytes)
{
    if (s[0] < 0x80) return 1;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || length > bytes) return 0;
    unsigned char low = 0x80, high = 0xbf;
    if (s[0] == 0xe0) low = 0xa0;
    if (s[0] == 0xed) high = 0x9f;
    if (s[0] == 0xf0) low = 0x90;
    if (s[0] == 0xf4) high = 0x8f;
    if (s[1] < low || s[1] > high) return 0;
    for (size_t i = 2; i < length; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf) return 0;
    }
    return length;
}

static void text_add_escape(struct mr_text *text, unsigned char c)
{
    switch (c) {
    case '"': mr_text_adds(text, "\\\""); break;
    case '\\': mr_text_adds(text, "\\\\"); break;
    case '\n': mr_text_adds(text, "\\n"); break;
    case '\r': mr_text_adds(text, "\\r"); break;
    case '\t': mr_text_adds(text, "\\t"); break;
    default: mr_text_addf(text, "\\u%04x", c); break;
    }
}

void mr_text_add_json(struct mr_text *text, struct mr_span value)
{
    const unsigned char *s = (const unsigned char *)value.text;
    mr_text_addc(text, '"');
    size_t plain = 0;
    for (size_t i = 0; i < value.bytes;) {
        size_t length = utf8_length(s + i, value.bytes - i);
        if (length > 0 && s[i] >= 0x20 && s[i] != '"' && s[i] != '\\') {
            i += length;
            continue;
        }
        mr_text_add(text, s + plain, i - plain);
        if (length == 0) {
            mr_text_adds(text, "\xef\xbf\xbd");
        } else {
            text_add_escape(text, s[i]);
        }
        plain = ++i;
    }
    if (plain < value.bytes) mr_text_add(text, s + plain, value.bytes - plain);
    mr_text_addc(text, '"');
}

mr_status mr_text_end(const struct mr_text *text, struct mr_err *err)
{
    if (!text->is_failed) return MR_OK;
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory after %zu bytes of text", text->used);
}

struct mr_span mr_text_span(const struct mr_text *text)
{
    return (struct mr_span){text->at == NULL ? "" : text->at, text->used};
}
