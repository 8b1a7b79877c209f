/* Page headers: what stands in front of each page of a column chunk. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_PAGE_HEAD_H
#define MR_CORE_FORMAT_PARQUET_PQ_PAGE_HEAD_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/format/parquet/pq_format.h"

struct mr_pq_page_header {
    mr_pq_page_type type;
    uint32_t raw_bytes;
    uint32_t stored_bytes;
    bool has_crc;
    uint32_t crc;
    uint32_t entries;
    uint32_t rows; /* v2 */
    int32_t encoding;
    int32_t def_encoding; /* v1 */
    int32_t rep_encoding;
    uint32_t def_bytes; /* v2 */
    uint32_t rep_bytes;
    bool is_compressed;
    uint32_t header_bytes;
};

/* mr_pq_page_header_read: the header at at[bytes], which may end before it does.
 * returns MR_E_CORRUPT */
MR_MUST_USE mr_status mr_pq_page_header_read(const uint8_t *at, size_t bytes,
                                             struct mr_pq_page_header *out, struct mr_err *err);

#endif
