/* Which rows of a row group are read, and which pages of its columns hold them.
 *
 *     bounds of the group ─▶ [spans ─▶ bytes there ─▶ bloom filters ─▶ page bounds] ─▶ rows, pages
 *
 * Rows that nobody asked for and rows that certainly do not match are left out: whole groups by
 * the footer alone, then by bloom filters, then pages by the page index, which are read only where
 * they can say something. What is left is a list of ranges of rows; a column with an offset index
 * reads the pages that overlap them, one without reads all and passes rows. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_SELECT_H
#define MR_CORE_FORMAT_PARQUET_PQ_SELECT_H

#include "core/format/parquet/pq_index.h"
#include "core/format/parquet/pq_predicate.h"

struct mr_pq_row_range {
    uint64_t from;
    uint64_t to; /* behind the last */
};

struct mr_pq_pages {
    struct mr_pq_page_place *at;
    uint32_t count; /* 0 = all of the chunk is read */
};

struct mr_pq_select {
    const struct mr_pq_meta *meta;
    const struct mr_pq_tree *tree;
    struct mr_pq_ranges *ranges;
    const struct mr_pq_bound_term *terms;
    uint32_t term_count;
    const struct mr_pq_row_range *wanted; /* of the file, ascending; null: all */
    uint32_t wanted_count;

    /* The group. */
    const struct mr_pq_group_meta *group;
    struct mr_arena arena;
    struct mr_pq_grow rows;    /* struct mr_pq_row_range of the group, ascending, not empty */
    struct mr_pq_pages *pages; /* by leaf; null: no column has chosen pages */
    bool has_terms_index;
    bool has_filters;
};

/* mr_pq_select_init: the rest of the fields is the caller's to set. */
void mr_pq_select_init(struct mr_pq_select *select, struct mr_heap *heap);
void mr_pq_select_fini(struct mr_pq_select *select);

/* mr_pq_select_group: turns to a group; *out_has_rows false when none of its rows is read as far as
 * the footer knows. *out_needs_bytes: with indexes or filters more can be said; they are wanted of
 * the ranges then, and mr_pq_select_finish has to be called. */
MR_MUST_USE mr_status mr_pq_select_group(struct mr_pq_select *select,
                                         const struct mr_pq_group_meta *group, bool *out_has_rows,
                                         bool *out_needs_bytes, struct mr_err *err);

/* mr_pq_select_finish: by what has been read. returns MR_E_AGAIN while it is on its way */
MR_MUST_USE mr_status mr_pq_select_finish(struct mr_pq_select *select, bool *out_has_rows,
                                          struct mr_err *err);

/* mr_pq_select_spans: what has to be read of a leaf's chunk behind *count of spans, which have room
 * for a span for each page and two more. */
void mr_pq_select_spans(const struct mr_pq_select *select, uint32_t leaf, struct mr_pq_span *spans,
                        uint32_t *count);

static inline uint32_t mr_pq_select_range_count(const struct mr_pq_select *select)
{
    return (uint32_t)(select->rows.used / sizeof(struct mr_pq_row_range));
}

static inline const struct mr_pq_row_range *mr_pq_select_range(const struct mr_pq_select *select,
                                                               uint32_t i)
{
    return (const struct mr_pq_row_range *)(const void *)select->rows.at + i;
}

#endif
