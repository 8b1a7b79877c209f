/* MD5 of plain bytes (RFC 1321).
 *
 * Broken as a cryptographic hash for twenty years; here only because Delta's `_last_checkpoint`
 * carries one to notice torn writes. "" gives d41d8cd98f00b204e9800998ecf8427e. */
#ifndef MR_KERNELS_HASH_MD5_H
#define MR_KERNELS_HASH_MD5_H

#include <stddef.h>
#include <stdint.h>

enum { MR_MD5_TEXT = 33 };

/* mr_md5_text: the digest as 32 lower-case hexadecimal digits and a zero byte. */
void mr_md5_text(const void *bytes, size_t count, char out[MR_MD5_TEXT]);

#endif
