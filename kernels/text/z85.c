#include "kernels/text/z85.h"

#include <string.h>

#include "core/base/assert.h"

static const char alphabet[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

static_assert(sizeof alphabet == 86, "85 characters and a zero");

static int digit_of(char c)
{
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);
    return at == NULL ? -1 : (int)(at - alphabet);
}

bool mr_z85_decode(const char *text, size_t chars, uint8_t *out)
{
    if (chars % 5 != 0) return false;
    for (size_t i = 0; i < chars; i += 5) {
        uint64_t value = 0;
        for (size_t k = 0; k < 5; k++) {
            int digit = digit_of(text[i + k]);
            if (digit < 0) return false;
            value = value * 85 + (uint64_t)digit;
        }
        if (value > UINT32_MAX) return false;
        for (size_t k = 0; k < 4; k++) *out++ = (uint8_t)(value >> (24 - 8 * k));
    }
    return true;
}

void mr_z85_encode(const uint8_t *bytes, size_t count, char *out)
{
    MR_ASSERT(count % 4 == 0);
    for (size_t i = 0; i < count; i += 4, out += 5) {
        uint32_t value = (uint32_t)bytes[i] << 24 | (uint32_t)bytes[i + 1] << 16 |
                         (uint32_t)bytes[i + 2] << 8 | bytes[i + 3];
        for (size_t k = 5; k > 0; k--, value /= 85) out[k - 1] = alphabet[value % 85];
    }
}
