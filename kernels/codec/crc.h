/* CRC-32 and CRC-32C of plain bytes.
 *
 * Two polynomials, both reflected, both with the usual inversion at start and end, so that 0 is the
 * state before the first byte and the value of no bytes at all; a result may be passed back in to
 * go on. Parquet pages and gzip members carry CRC-32 (0x04C11DB7); the logs of state and
 * checkpoints carry CRC-32C (0x1EDC6F41, Castagnoli), which is also what Kafka uses. "123456789"
 * gives 0xCBF43926 and 0xE3069283.
 *
 * The `_ref` pair works byte by byte from its definition and is what the tests hold ISA-L against.
 */
#ifndef MR_KERNELS_CODEC_CRC_H
#define MR_KERNELS_CODEC_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t mr_crc32(uint32_t crc, const void *at, size_t bytes);
uint32_t mr_crc32c(uint32_t crc, const void *at, size_t bytes);

uint32_t mr_crc32_ref(uint32_t crc, const void *at, size_t bytes);
uint32_t mr_crc32c_ref(uint32_t crc, const void *at, size_t bytes);

#endif
