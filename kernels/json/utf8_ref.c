#include <string.h>

#include "kernels/json/json_index.h"

/* sequence_bytes: length of the valid sequence at `at`, 0 when there is none. */
static size_t sequence_bytes(const unsigned char *at, size_t room)
{
    unsigned lead = at[0];
    size_t bytes = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead > 0xf4 || bytes == 0 || bytes > room) return 0;
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
    }
    if (lead == 0xe0 && at[1] < 0xa0) return 0; /* overlong */
    if (lead == 0xed && at[1] > 0x9f) return 0; /* surrogate */
    if (lead == 0xf0 && at[1] < 0x90) return 0; /* overlong */
    if (lead == 0xf4 && at[1] > 0x8f) return 0; /* above U+10FFFF */
    return bytes;
}

bool mr_utf8_check_ref(const char *text, size_t bytes)
{
    size_t at = 0;
    while (at < bytes) {
        uint64_t eight;
        if (bytes - at >= sizeof eight) {
            memcpy(&eight, text + at, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        size_t step = sequence_bytes((const unsigned char *)text + at, bytes - at);
        if (step == 0) return false;
        at += step;
    }
    return true;
}
