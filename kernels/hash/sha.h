/* SHA-1 and SHA-2 of plain bytes (FIPS 180-4), for the SQL functions of these names.
 *
 * "" gives da39a3ee5e6b4b0d3255bfef95601890afd80709 with 160 bits. SHA-1 is here because queries
 * ask for it, not because it is safe. */
#ifndef MR_KERNELS_HASH_SHA_H
#define MR_KERNELS_HASH_SHA_H

#include <stddef.h>
#include <stdint.h>

enum { MR_SHA_TEXT_MAX = 129 };

/* mr_sha_text: the digest of `bits` bits, 160, 224, 256, 384 or 512, as lower-case hexadecimal
 * digits and a zero byte; returns their number, bits / 4. */
size_t mr_sha_text(unsigned bits, const void *bytes, size_t count, char out[MR_SHA_TEXT_MAX]);

#endif
