/* The page index: bounds of every page of a chunk, and where the pages are.
 *
 *     ColumnIndex  1 null_pages, 2 min_values, 3 max_values, 4 boundary_order, 5 null_counts,
 *                  6 and 7 level histograms, 8 nan_counts
 *     OffsetIndex  1 page_locations: 1 offset, 2 compressed_page_size, 3 first_row_index
 *
 * Both are hints: one that contradicts itself or its chunk is as good as none, and pages are held
 * against it when they are read. Source: parquet-format, PageIndex.md. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_INDEX_H
#define MR_CORE_FORMAT_PARQUET_PQ_INDEX_H

#include "core/format/parquet/pq_chunk_read.h"

struct mr_pq_page_summary {
    bool is_null; /* all of its values are */
    struct mr_pq_summary summary;
};

/* mr_pq_offset_index_read: the pages of a chunk, in file and row order, none chosen; *out_count 0
 * when the index is of no use. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_offset_index_read(struct mr_arena *arena, struct mr_span text,
                                              const struct mr_pq_column_meta *meta, uint64_t rows,
                                              struct mr_pq_page_place **out_pages,
                                              uint32_t *out_count, struct mr_err *err);

/* mr_pq_column_index_read: summaries of `count` pages, borrowed from `text`; *out_is_of_use false
 * when it has not as many. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_column_index_read(struct mr_arena *arena, struct mr_span text,
                                              uint32_t count,
                                              struct mr_pq_page_summary **out_summaries,
                                              bool *out_is_of_use, struct mr_err *err);

#endif
