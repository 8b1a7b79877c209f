#include "core/format/parquet/pq_select.h"

#include "core/base/checked.h"

enum { FILTER_BYTES_MAX = 32 << 20 };

void mr_pq_select_init(struct mr_pq_select *select, struct mr_heap *heap)
{
    *select = (struct mr_pq_select){.rows = {.heap = heap}};
    mr_arena_init(&select->arena, heap, 0);
}

void mr_pq_select_fini(struct mr_pq_select *select)
{
    mr_pq_grow_fini(&select->rows);
    mr_arena_fini(&select->arena);
}

static mr_status select_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the choice of pages");
}

/* ---- rows ------------------------------------------------------------------------------------ */

static mr_status rows_add(struct mr_pq_grow *rows, uint64_t from, uint64_t to, struct mr_err *err)
{
    struct mr_pq_row_range range = {from, to};
    size_t count = rows->used / sizeof range;
    struct mr_pq_row_range *at = (struct mr_pq_row_range *)(void *)rows->at;
    if (from >= to) return MR_OK;
    if (count > 0 && at[count - 1].to == from) {
        at[count - 1].to = to;
        return MR_OK;
    }
    return mr_pq_grow_add(rows, &range, sizeof range, err);
}

/* The rows of the group that somebody asked for. */
static mr_status rows_wanted(struct mr_pq_select *select, struct mr_err *err)
{
    uint64_t first = select->group->first_row, rows = select->group->rows;
    select->rows.used = 0;
    if (select->wanted == NULL) return rows_add(&select->rows, 0, rows, err);
    for (uint32_t i = 0; i < select->wanted_count; i++) {
        const struct mr_pq_row_range *range = &select->wanted[i];
        uint64_t from = MR_MAX(range->from, first), to = MR_MIN(range->to, first + rows);
        if (from < to) MR_TRY(rows_add(&select->rows, from - first, to - first, err));
    }
    return MR_OK;
}

/* select->rows becomes what it has in common with `other`, which it takes the room of. */
static mr_status rows_intersect(struct mr_pq_select *select, const struct mr_pq_grow *other,
                                struct mr_err *err)
{
    struct mr_pq_grow out = {.heap = select->rows.heap};
    const struct mr_pq_row_range *b = (const struct mr_pq_row_range *)(const void *)other->at;
    size_t count = other->used / sizeof *b;
    mr_status status = MR_OK;
    for (uint32_t i = 0, k = 0; i < mr_pq_select_range_count(select) && k < count;) {
        const struct mr_pq_row_range *a = mr_pq_select_range(select, i);
        status = rows_add(&out, MR_MAX(a->from, b[k].from), MR_MIN(a->to, b[k].to), err);
        if (status != MR_OK) break;
        if (a->to < b[k].to) {
            i++;
        } else {
            k++;
        }
    }
    mr_pq_grow_fini(&select->rows);
    select->rows = out;
    return status;
}

static bool is_whole(const struct mr_pq_select *select)
{
    const struct mr_pq_row_range *first = mr_pq_select_range(select, 0);
    return mr_pq_select_range_count(select) == 1 && first->from == 0 &&
           first->to == select->group->rows;
}

/* ---- the footer ------------------------------------------------------------------------------ */

static const struct mr_pq_column_meta *column_of(const struct mr_pq_select *select, uint32_t leaf)
{
    return &select->group->columns[leaf];
}

static bool is_of_use(const struct mr_pq_select *select, const struct mr_pq_bound_term *term)
{
    return !term->is_missing && !term->is_unknown && select->tree->leaves[term->leaf].max_rep == 0;
}

static bool group_may_match(const struct mr_pq_select *select)
{
    for (uint32_t i = 0; i < select->term_count; i++) {
        const struct mr_pq_bound_term *term = &select->terms[i];
        if (term->is_missing && term->term->op != MR_PQ_IS_NULL) return false;
        if (!is_of_use(select, term)) continue;
        const struct mr_pq_reading_leaf *leaf = &select->tree->leaves[term->leaf];
        struct mr_pq_facts facts =
            mr_pq_facts_of(leaf, &select->meta->nodes[leaf->node],
                           &column_of(select, term->leaf)->summary, select->group->rows);
        if (!mr_pq_term_may_match(term->term, leaf, &facts)) return false;
    }
    return true;
}

/* ---- indexes and filters --------------------------------------------------------------------- */

/* The bloom filter of a term's column; one of unknown length is read from memory only. */
static struct mr_pq_place filter_of(const struct mr_pq_select *select,
                                    const struct mr_pq_bound_term *term)
{
    const struct mr_pq_column_meta *column = column_of(select, term->leaf);
    struct mr_pq_place place = {.off = column->bloom_off, .bytes = column->bloom_bytes};
    bool can_say = term->term->op == MR_PQ_EQ || term->term->op == MR_PQ_IN;
    uint64_t left = select->ranges->memory.bytes - column->bloom_off;
    if (place.off == 0 || !can_say || !is_of_use(select, term)) return (struct mr_pq_place){0};
    if (select->ranges->is_memory) {
        place.bytes = (uint32_t)MR_MIN(left, (uint64_t)UINT32_MAX);
    } else if (place.bytes > FILTER_BYTES_MAX) {
        place.bytes = 0;
    }
    return place;
}

static bool has_index(const struct mr_pq_column_meta *column)
{
    return column->column_index.bytes > 0 && column->offset_index.bytes > 0;
}

static void place_want(struct mr_pq_place place, struct mr_pq_span *spans, uint32_t *count)
{
    if (place.bytes == 0) return;
    spans[(*count)++] = (struct mr_pq_span){.off = place.off, .bytes = place.bytes};
}

static mr_status indexes_want(struct mr_pq_select *select, struct mr_err *err)
{
    uint32_t leaves = select->meta->leaf_count, count = 0;
    struct mr_pq_span *spans = MR_ARENA_ARRAY(&select->arena, struct mr_pq_span,
                                              leaves + 2 * (size_t)select->term_count + 1);
    if (spans == NULL) return select_nomem(err);
    for (uint32_t i = 0; i < select->term_count; i++) {
        const struct mr_pq_bound_term *term = &select->terms[i];
        if (!is_of_use(select, term)) continue;
        place_want(filter_of(select, term), spans, &count);
        const struct mr_pq_column_meta *column = column_of(select, term->leaf);
        if (has_index(column)) place_want(column->column_index, spans, &count);
    }
    for (uint32_t i = 0; i < leaves && select->has_terms_index; i++) {
        if (!select->tree->leaves[i].is_kept) continue;
        place_want(column_of(select, i)->offset_index, spans, &count);
    }
    return mr_pq_ranges_make(select->ranges, spans, count, err);
}

mr_status mr_pq_select_group(struct mr_pq_select *select, const struct mr_pq_group_meta *group,
                             bool *out_has_rows, bool *out_needs_bytes, struct mr_err *err)
{
    mr_arena_reset(&select->arena);
    select->group = group;
    select->pages = NULL;
    select->has_terms_index = select->has_filters = false;
    *out_has_rows = *out_needs_bytes = false;
    MR_TRY(rows_wanted(select, err));
    if (mr_pq_select_range_count(select) == 0 || !group_may_match(select)) return MR_OK;
    *out_has_rows = true;
    for (uint32_t i = 0; i < select->term_count; i++) {
        if (!is_of_use(select, &select->terms[i])) continue;
        select->has_terms_index |= has_index(column_of(select, select->terms[i].leaf));
        select->has_filters |= filter_of(select, &select->terms[i]).bytes > 0;
    }
    if (!is_whole(select)) select->has_terms_index = true; /* pages can be left out */
    *out_needs_bytes = select->has_terms_index || select->has_filters;
    return *out_needs_bytes ? indexes_want(select, err) : MR_OK;
}

/* ---- by what was read ------------------------------------------------------------------------ */

/* The bytes of a place; the block holds them and is the caller's to give up. */
static mr_status place_peek(const struct mr_pq_select *select, struct mr_pq_place place,
                            struct mr_span *out, struct mr_pq_block **out_block,
                            struct mr_err *err)
{
    struct mr_pq_cursor cursor;
    mr_pq_cursor_open(&cursor, select->ranges, place.off, place.bytes);
    return mr_pq_cursor_peek(&cursor, place.bytes, out, out_block, err);
}

static mr_status place_wait(const struct mr_pq_select *select, struct mr_pq_place place,
                            struct mr_err *err)
{
    struct mr_pq_block *block;
    struct mr_span text;
    if (place.bytes == 0) return MR_OK;
    MR_TRY(place_peek(select, place, &text, &block, err));
    mr_pq_block_unref(block);
    return MR_OK;
}

static mr_status indexes_wait(const struct mr_pq_select *select, struct mr_err *err)
{
    for (uint32_t i = 0; i < select->term_count; i++) {
        const struct mr_pq_bound_term *term = &select->terms[i];
        if (!is_of_use(select, term)) continue;
        MR_TRY(place_wait(select, filter_of(select, term), err));
        const struct mr_pq_column_meta *column = column_of(select, term->leaf);
        if (has_index(column)) MR_TRY(place_wait(select, column->column_index, err));
    }
    for (uint32_t i = 0; i < select->meta->leaf_count && select->has_terms_index; i++) {
        if (!select->tree->leaves[i].is_kept) continue;
        MR_TRY(place_wait(select, column_of(select, i)->offset_index, err));
    }
    return MR_OK;
}

static mr_status filters_apply(const struct mr_pq_select *select, bool *out_may_match,
                               struct mr_err *err)
{
    *out_may_match = true;
    for (uint32_t i = 0; i < select->term_count && *out_may_match; i++) {
        const struct mr_pq_bound_term *term = &select->terms[i];
        struct mr_pq_place place = {0};
        struct mr_pq_block *block;
        struct mr_span text;
        if (is_of_use(select, term)) place = filter_of(select, term);
        if (place.bytes == 0) continue;
        MR_TRY(place_peek(select, place, &text, &block, err));
        *out_may_match =
            mr_pq_term_may_be_in(term->term, &select->tree->leaves[term->leaf], text);
        mr_pq_block_unref(block);
    }
    return MR_OK;
}

static mr_status pages_read(struct mr_pq_select *select, struct mr_err *err)
{
    uint32_t leaves = select->meta->leaf_count;
    select->pages = MR_ARENA_ARRAY(&select->arena, struct mr_pq_pages, leaves + 1);
    if (select->pages == NULL) return select_nomem(err);
    for (uint32_t i = 0; i < leaves; i++) {
        const struct mr_pq_column_meta *column = column_of(select, i);
        struct mr_pq_block *block;
        struct mr_span text;
        if (!select->tree->leaves[i].is_kept || column->offset_index.bytes == 0) continue;
        MR_TRY(place_peek(select, column->offset_index, &text, &block, err));
        mr_status status =
            mr_pq_offset_index_read(&select->arena, text, column, select->group->rows,
                                    &select->pages[i].at, &select->pages[i].count, err);
        mr_pq_block_unref(block);
        MR_TRY(status);
    }
    return MR_OK;
}

static uint64_t page_end(const struct mr_pq_select *select, const struct mr_pq_pages *pages,
                         uint32_t page)
{
    return page + 1 < pages->count ? pages->at[page + 1].first_row : select->group->rows;
}

/* The rows of the pages of which the column index says that they may match. */
static mr_status term_rows(struct mr_pq_select *select, const struct mr_pq_bound_term *term,
                           struct mr_span index, struct mr_pq_grow *out, bool *out_is_of_use,
                           struct mr_err *err)
{
    const struct mr_pq_reading_leaf *leaf = &select->tree->leaves[term->leaf];
    const struct mr_pq_pages *pages = &select->pages[term->leaf];
    struct mr_pq_page_summary *summaries;
    MR_TRY(mr_pq_column_index_read(&select->arena, index, pages->count, &summaries, out_is_of_use,
                                   err));
    for (uint32_t i = 0; i < pages->count && *out_is_of_use; i++) {
        uint64_t from = pages->at[i].first_row, to = page_end(select, pages, i);
        struct mr_pq_facts facts = mr_pq_facts_of(leaf, &select->meta->nodes[leaf->node],
                                                  &summaries[i].summary, to - from);
        if (summaries[i].is_null) facts.null_count = (int64_t)(to - from);
        if (mr_pq_term_may_match(term->term, leaf, &facts)) {
            MR_TRY(rows_add(out, from, to, err));
        }
    }
    return MR_OK;
}

static mr_status term_apply(struct mr_pq_select *select, const struct mr_pq_bound_term *term,
                            struct mr_err *err)
{
    const struct mr_pq_column_meta *column = column_of(select, term->leaf);
    struct mr_pq_grow rows = {.heap = select->rows.heap};
    struct mr_pq_block *block;
    struct mr_span index;
    bool is_of_use;
    if (!has_index(column) || select->pages[term->leaf].count == 0) return MR_OK;
    MR_TRY(place_peek(select, column->column_index, &index, &block, err));
    mr_status status = term_rows(select, term, index, &rows, &is_of_use, err);
    mr_pq_block_unref(block);
    if (status == MR_OK && is_of_use) status = rows_intersect(select, &rows, err);
    mr_pq_grow_fini(&rows);
    return status;
}

/* Pages that overlap a range of rows. */
static void pages_choose(struct mr_pq_select *select, struct mr_pq_pages *pages)
{
    uint32_t range = 0, count = mr_pq_select_range_count(select);
    for (uint32_t i = 0; i < pages->count && range < count; i++) {
        while (range < count && mr_pq_select_range(select, range)->to <= pages->at[i].first_row) {
            range++;
        }
        pages->at[i].is_chosen = range < count && mr_pq_select_range(select, range)->from <
                                                      page_end(select, pages, i);
    }
}

mr_status mr_pq_select_finish(struct mr_pq_select *select, bool *out_has_rows, struct mr_err *err)
{
    MR_TRY(indexes_wait(select, err));
    MR_TRY(filters_apply(select, out_has_rows, err));
    if (!*out_has_rows || !select->has_terms_index) return MR_OK;
    MR_TRY(pages_read(select, err));
    for (uint32_t i = 0; i < select->term_count; i++) {
        if (!is_of_use(select, &select->terms[i])) continue;
        MR_TRY(term_apply(select, &select->terms[i], err));
    }
    *out_has_rows = mr_pq_select_range_count(select) > 0;
    if (!*out_has_rows) return MR_OK;
    if (is_whole(select)) {
        select->pages = NULL;
        return MR_OK;
    }
    for (uint32_t i = 0; i < select->meta->leaf_count; i++) pages_choose(select, &select->pages[i]);
    return MR_OK;
}

void mr_pq_select_spans(const struct mr_pq_select *select, uint32_t leaf, struct mr_pq_span *spans,
                        uint32_t *count)
{
    const struct mr_pq_column_meta *column = column_of(select, leaf);
    const struct mr_pq_pages *pages = select->pages == NULL ? NULL : &select->pages[leaf];
    double rows = (double)select->group->rows;
    if (pages == NULL || pages->count == 0) {
        spans[(*count)++] = (struct mr_pq_span){.off = column->off, .bytes = column->bytes};
        return;
    }
    if (pages->at[0].off > column->off) {
        spans[(*count)++] = (struct mr_pq_span){.off = column->off,
                                                .bytes = pages->at[0].off - column->off};
    }
    for (uint32_t i = 0; i < pages->count; i++) {
        if (!pages->at[i].is_chosen) continue;
        spans[(*count)++] =
            (struct mr_pq_span){.off = pages->at[i].off,
                                .bytes = pages->at[i].bytes,
                                .urgency = (double)pages->at[i].first_row / rows};
    }
}
