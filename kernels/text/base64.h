/* Base64 and bytes (RFC 4648 section 4, the standard alphabet), as Spark's JSON reader takes it:
 * with its padding and without blanks. Unused bits of the last digit are ignored. */
#ifndef MR_KERNELS_TEXT_BASE64_H
#define MR_KERNELS_TEXT_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* mr_base64_room: bytes that `bytes` of text can decode to at most. */
static inline size_t mr_base64_room(size_t bytes)
{
    return bytes / 4 * 3 + 3;
}

/* mr_base64_decode: false when the text is not base64; `out` has mr_base64_room(bytes). */
bool mr_base64_decode(const char *text, size_t bytes, uint8_t *out, size_t *out_bytes);

/* mr_base64_encode: with padding; `out` has (bytes + 2) / 3 * 4. Returns the length. */
size_t mr_base64_encode(const uint8_t *bytes, size_t count, char *out);

#endif
