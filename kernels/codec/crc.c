#include "kernels/codec/crc.h"

#include <isa-l/crc.h>

#include "core/base/checked.h"

enum { STEP_BYTES_MAX = 1 << 30 }; /* ISA-L's Castagnoli takes an int length */

uint32_t mr_crc32(uint32_t crc, const void *at, size_t bytes)
{
    return bytes == 0 ? crc : crc32_gzip_refl(crc, at, bytes);
}

uint32_t mr_crc32c(uint32_t crc, const void *at, size_t bytes)
{
    /* The argument is not const in ISA-L's header; the bytes are only read. */
    unsigned char *next = (unsigned char *)(uintptr_t)at;
    crc = ~crc;
    while (bytes > 0) {
        size_t step = MR_MIN(bytes, (size_t)STEP_BYTES_MAX);
        crc = crc32_iscsi(next, (int)step, crc);
        next += step;
        bytes -= step;
    }
    return ~crc;
}

static uint32_t crc_ref(uint32_t crc, uint32_t reflected_polynomial, const uint8_t *at,
                        size_t bytes)
{
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (reflected_polynomial & -(crc & 1));
        }
    }
    return ~crc;
}

uint32_t mr_crc32_ref(uint32_t crc, const void *at, size_t bytes)
{
    return crc_ref(crc, UINT32_C(0xedb88320), at, bytes);
}

uint32_t mr_crc32c_ref(uint32_t crc, const void *at, size_t bytes)
{
    return crc_ref(crc, UINT32_C(0x82f63b78), at, bytes);
}
