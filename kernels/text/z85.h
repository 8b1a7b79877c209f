/* Z85 and bytes: five characters for four bytes, big-endian, in ZeroMQ's alphabet of 85 (RFC 32).
 * Delta writes the UUIDs of deletion vector files and inline deletion vectors so. */
#ifndef MR_KERNELS_TEXT_Z85_H
#define MR_KERNELS_TEXT_Z85_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* mr_z85_decode: false when the length is no multiple of 5, a character is not in the alphabet, or
 * a group is above 32 bits; `out` has chars / 5 * 4 bytes. */
bool mr_z85_decode(const char *text, size_t chars, uint8_t *out);

/* mr_z85_encode: `count` is a multiple of 4; `out` has count / 4 * 5 characters. */
void mr_z85_encode(const uint8_t *bytes, size_t count, char *out);

#endif
