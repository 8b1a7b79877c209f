#include "kernels/text/base64.h"

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

bool mr_base64_decode(const char *text, size_t bytes, uint8_t *out, size_t *out_bytes)
{
    size_t digits = bytes, used = 0;
    while (digits > 0 && bytes - digits < 2 && text[digits - 1] == '=') digits--;
    if (bytes % 4 != 0) return false;
    uint32_t bits = 0;
    for (size_t i = 0; i < digits; i++) {
        int value = digit_value(text[i]);
        if (value < 0) return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0) out[used++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    *out_bytes = used;
    return true;
}

size_t mr_base64_encode(const uint8_t *bytes, size_t count, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0;
    for (size_t i = 0; i < count; i += 3) {
        uint32_t bits = (uint32_t)bytes[i] << 16;
        if (i + 1 < count) bits |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < count) bits |= bytes[i + 2];
        out[used++] = digits[bits >> 18];
        out[used++] = digits[bits >> 12 & 63];
        out[used++] = i + 1 < count ? digits[bits >> 6 & 63] : '=';
        out[used++] = i + 2 < count ? digits[bits & 63] : '=';
    }
    return used;
}
