#include "core/format/parquet/pq_column.h"

#include "core/base/checked.h"
#include "core/format/parquet/pq_tile.h"
#include "kernels/encode/bitpack.h"
#include "kernels/encode/encode.h"
#include "kernels/encode/rle.h"

enum {
    SLICE_ROWS = 1024,
    DICT_SKIPPED_CHUNKS = 7, /* after a chunk whose dictionary did not pay */
};

static_assert(sizeof(uint64_t) * MR_PQ_TILE_VALUES * 2 == MR_PQ_TILE_BYTES, "a tile of views fits");

void mr_pq_press_init(struct mr_pq_press *press, struct mr_heap *heap, uint32_t tile_bytes)
{
    press->heap = heap;
    mr_slab_init(&press->columns, heap);
    mr_pq_rack_init(&press->rack, heap, tile_bytes);
    press->raw = press->packed = press->marks = (struct mr_pq_grow){.heap = heap};
    mr_text_init(&press->header, heap);
}

void mr_pq_press_fini(struct mr_pq_press *press)
{
    if (press->heap == NULL) return;
    mr_pq_rack_trim(&press->rack, 0);
    mr_pq_grow_fini(&press->raw);
    mr_pq_grow_fini(&press->packed);
    mr_pq_grow_fini(&press->marks);
    mr_text_fini(&press->header);
    mr_slab_fini(&press->columns);
}

mr_status mr_pq_column_init(struct mr_pq_column *column, const struct mr_pq_leaf *leaf,
                            struct mr_pq_press *press, struct mr_arena *arena, struct mr_err *err)
{
    struct mr_heap *heap = &press->columns.heap;
    struct mr_pq_grow empty = {.heap = heap};
    size_t buckets = (size_t)leaf->max_rep + leaf->max_def + 2;
    *column = (struct mr_pq_column){.leaf = leaf,
                                    .press = press,
                                    .values = empty,
                                    .codes = empty,
                                    .defs = empty,
                                    .reps = empty,
                                    .pages = empty,
                                    .page_bounds = empty,
                                    .histograms = empty};
    column->histogram = MR_ARENA_ARRAY(arena, uint64_t, buckets);
    column->page_histogram = MR_ARENA_ARRAY(arena, uint64_t, buckets);
    if (column->histogram == NULL || column->page_histogram == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a column's counters");
    }
    mr_pq_dict_init(&column->dict, heap, press->dictionary_bytes);
    mr_pq_column_begin(column);
    return MR_OK;
}

static void column_give(struct mr_pq_column *column)
{
    mr_pq_grow_fini(&column->values);
    mr_pq_grow_fini(&column->codes);
    mr_pq_grow_fini(&column->defs);
    mr_pq_grow_fini(&column->reps);
    mr_pq_grow_fini(&column->pages);
    mr_pq_grow_fini(&column->page_bounds);
    mr_pq_grow_fini(&column->histograms);
    mr_pq_dict_fini(&column->dict);
}

void mr_pq_column_fini(struct mr_pq_column *column)
{
    if (column->press == NULL) return;
    mr_pq_spool_clear(&column->data, &column->press->rack);
    mr_pq_spool_clear(&column->dict_page, &column->press->rack);
    column_give(column);
}

void mr_pq_column_trim(struct mr_pq_column *column)
{
    MR_ASSERT(column->chunk_entries == 0 && column->page_entries == 0);
    column_give(column);
    mr_pq_dict_init(&column->dict, &column->press->columns.heap, column->press->dictionary_bytes);
    mr_pq_column_begin(column);
}

static size_t histogram_buckets(const struct mr_pq_column *column)
{
    return (size_t)column->leaf->max_rep + column->leaf->max_def + 2;
}

static void page_begin(struct mr_pq_column *column)
{
    column->values.used = column->codes.used = column->defs.used = column->reps.used = 0;
    column->page_entries = column->page_rows = column->page_values = 0;
    column->page_text_bytes = 0;
    mr_pq_bounds_reset(&column->page_bounds_now);
    memset(column->page_histogram, 0, histogram_buckets(column) * sizeof(uint64_t));
}

void mr_pq_column_begin(struct mr_pq_column *column)
{
    const struct mr_pq_press *press = column->press;
    MR_ASSERT(column->data.bytes == 0 && column->dict_page.bytes == 0);
    mr_pq_dict_reset(&column->dict);
    column->is_coding = press->dictionary_bytes > 0 && column->leaf->kind != MR_PQ_BOOLEAN &&
                        column->dict_skips == 0;
    column->has_tried_dict = column->is_coding;
    if (column->dict_skips > 0) column->dict_skips--;
    column->has_index = column->is_ascending = column->is_descending = true;
    mr_pq_bounds_reset(&column->last_bounds);
    column->codec_id = press->codec_id;
    column->is_sealing = false;
    column->pages.used = column->page_bounds.used = column->histograms.used = 0;
    column->plain_page_count = column->coded_page_count = 0;
    column->chunk_entries = column->chunk_rows = column->chunk_values = 0;
    column->chunk_text_bytes = column->raw_bytes = 0;
    mr_pq_bounds_reset(&column->chunk_bounds);
    memset(column->histogram, 0, histogram_buckets(column) * sizeof(uint64_t));
    page_begin(column);
}

/* ---- levels ---------------------------------------------------------------------------------- */

/* Level by level, since there are few: a counter in memory for each entry waits for the one before.
 */
static void histogram_add(const struct mr_encode_kernels *kernels, uint64_t *histogram,
                          const uint8_t *levels, uint8_t level_max, uint32_t count)
{
    uint32_t rest = count;
    for (uint8_t level = 0; level < level_max && rest > 0; level++) {
        uint32_t found = kernels->levels_equal(levels, count, level);
        histogram[level] += found;
        rest -= found;
    }
    histogram[level_max] += rest;
}

/* Adds `count` entries; `def` and `rep` may be null as in struct mr_pq_shred. */
static mr_status levels_add(struct mr_pq_column *column, const uint8_t *def, const uint8_t *rep,
                            uint32_t count, struct mr_err *err)
{
    const struct mr_encode_kernels *kernels = column->press->kernels;
    uint8_t max_def = column->leaf->max_def, max_rep = column->leaf->max_rep;
    uint64_t *rep_histogram = column->page_histogram;
    uint64_t *def_histogram = rep_histogram + max_rep + 1;
    if (max_rep > 0) {
        MR_TRY(mr_pq_grow_reserve(&column->reps, count, err));
        if (rep == NULL) memset(column->reps.at + column->reps.used, 0, count);
        if (rep != NULL) memcpy(column->reps.at + column->reps.used, rep, count);
        histogram_add(kernels, rep_histogram, column->reps.at + column->reps.used, max_rep, count);
        column->reps.used += count;
    } else {
        rep_histogram[0] += count;
    }
    if (def == NULL) {
        def_histogram[max_def] += count;
    } else {
        histogram_add(kernels, def_histogram, def, max_def, count);
    }
    if (max_def > 0 && (def != NULL || column->defs.used > 0)) {
        uint32_t missing = column->page_entries - (uint32_t)column->defs.used;
        MR_TRY(mr_pq_grow_reserve(&column->defs, (size_t)missing + count, err));
        uint8_t *out = column->defs.at + column->defs.used;
        memset(out, max_def, missing);
        if (def == NULL) memset(out + missing, max_def, count);
        if (def != NULL) memcpy(out + missing, def, count);
        column->defs.used += (size_t)missing + count;
    }
    column->page_entries += count;
    return MR_OK;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* [length, levels] behind the page's body; all_same: every entry has the highest level. */
static mr_status levels_write(struct mr_pq_press *press, const struct mr_pq_grow *levels,
                              uint8_t level_max, uint32_t entries, struct mr_err *err)
{
    struct mr_pq_grow *raw = &press->raw;
    if (level_max == 0) return MR_OK;
    unsigned width = mr_bitpack_width(level_max);
    MR_TRY(mr_pq_grow_reserve(raw, 4 + mr_rle_bound(entries, width), err));
    uint8_t *out = raw->at + raw->used;
    uint32_t bytes =
        (uint32_t)(levels->used == 0 ? mr_rle_encode_repeat(level_max, entries, width, out + 4)
                                     : press->kernels->rle_u8(levels->at, entries, width, out + 4));
    memcpy(out, &bytes, 4);
    raw->used += 4 + bytes;
    return MR_OK;
}

/* The body of the page: the levels are in press->raw. Few bytes of them go in front of plain
 * values, which then are not moved; otherwise the values follow them. */
static mr_status body_make(struct mr_pq_column *column, struct mr_span *out, struct mr_err *err)
{
    struct mr_pq_grow *raw = &column->press->raw;
    bool has_values = column->values.used > 0;
    const uint8_t *values = has_values ? column->values.at + MR_PQ_HEAD : NULL;
    size_t bytes = has_values ? column->values.used - MR_PQ_HEAD : 0;
    size_t codes = column->codes.used / sizeof(uint32_t);
    bool is_plain = !column->is_coding && column->leaf->kind != MR_PQ_BOOLEAN;
    if (is_plain && has_values && raw->used <= MR_PQ_HEAD) {
        uint8_t *at = column->values.at + MR_PQ_HEAD - raw->used;
        if (raw->used > 0) memcpy(at, raw->at, raw->used);
        *out = (struct mr_span){(const char *)at, raw->used + bytes};
        return MR_OK;
    }
    if (column->is_coding) {
        unsigned width = mr_bitpack_width(column->dict.count == 0 ? 0 : column->dict.count - 1);
        MR_TRY(mr_pq_grow_reserve(raw, 1 + mr_rle_bound(codes, width), err));
        raw->at[raw->used++] = (uint8_t)width;
        raw->used += column->press->kernels->rle_u32((const uint32_t *)column->codes.at, codes,
                                                     width, raw->at + raw->used);
    } else if (is_plain) {
        MR_TRY(mr_pq_grow_add(raw, values, bytes, err));
    } else {
        MR_TRY(mr_pq_grow_reserve(raw, mr_bitpack_bytes(bytes, 1), err));
        column->press->kernels->bitpack_u8(values, bytes, 1, raw->at + raw->used);
        raw->used += mr_bitpack_bytes(bytes, 1);
    }
    *out = (struct mr_span){(const char *)raw->at, raw->used};
    return MR_OK;
}

static void page_note_order(struct mr_pq_column *column)
{
    const struct mr_pq_bounds *last = &column->last_bounds, *now = &column->page_bounds_now;
    if (last->has_any) {
        int min = mr_pq_bound_compare(&last->min, &now->min, column->leaf);
        int max = mr_pq_bound_compare(&last->max, &now->max, column->leaf);
        if (min > 0 || max > 0) column->is_ascending = false;
        if (min < 0 || max < 0) column->is_descending = false;
    }
    column->last_bounds = *now;
}

/* Bounds of the sealed page, for the column index. */
static mr_status page_note_bounds(struct mr_pq_column *column, struct mr_pq_page *page,
                                  struct mr_err *err)
{
    struct mr_pq_plain_bound min, max;
    const struct mr_pq_bounds *bounds = &column->page_bounds_now;
    page->is_null = column->page_values == 0;
    if (page->is_null) return MR_OK;
    if (!bounds->has_any || !mr_pq_bound_encode(&bounds->min, false, column->leaf, &min) ||
        !mr_pq_bound_encode(&bounds->max, true, column->leaf, &max)) {
        column->has_index = false;
        return MR_OK;
    }
    page_note_order(column);
    page->min_off = (uint32_t)column->page_bounds.used;
    page->min_bytes = min.bytes;
    MR_TRY(mr_pq_grow_add(&column->page_bounds, min.at, min.bytes, err));
    page->max_off = (uint32_t)column->page_bounds.used;
    page->max_bytes = max.bytes;
    return mr_pq_grow_add(&column->page_bounds, max.at, max.bytes, err);
}

static mr_status page_note(struct mr_pq_column *column, uint64_t off, uint32_t stored_bytes,
                           struct mr_err *err)
{
    size_t buckets = histogram_buckets(column);
    struct mr_pq_page page = {.off = off,
                              .stored_bytes = stored_bytes,
                              .null_count = column->page_entries - column->page_values,
                              .first_row = column->chunk_rows,
                              .text_bytes = column->page_text_bytes};
    MR_TRY(page_note_bounds(column, &page, err));
    MR_TRY(mr_pq_grow_add(&column->pages, &page, sizeof page, err));
    MR_TRY(mr_pq_grow_add(&column->histograms, column->page_histogram, buckets * sizeof(uint64_t),
                          err));
    for (size_t i = 0; i < buckets; i++) column->histogram[i] += column->page_histogram[i];
    mr_pq_bounds_merge(&column->chunk_bounds, &column->page_bounds_now, column->leaf);
    column->chunk_entries += column->page_entries;
    column->chunk_rows += column->page_rows;
    column->chunk_values += column->page_values;
    column->chunk_text_bytes += column->page_text_bytes;
    *(column->is_coding ? &column->coded_page_count : &column->plain_page_count) += 1;
    return MR_OK;
}

mr_status mr_pq_page_seal(struct mr_pq_column *column, struct mr_err *err)
{
    struct mr_pq_grow *raw = &column->press->raw;
    struct mr_pq_page_head head = {
        .entries = column->page_entries,
        .encoding = column->is_coding ? MR_PQ_RLE_DICTIONARY : MR_PQ_PLAIN,
    };
    uint64_t off = column->data.bytes;
    uint32_t stored_bytes;
    struct mr_span body;
    raw->used = 0;
    if (column->is_coding && column->leaf->kind == MR_PQ_BYTES) {
        MR_TRY(mr_pq_values_coded_bounds(column, err));
    }
    MR_TRY(levels_write(column->press, &column->reps, column->leaf->max_rep, column->page_entries,
                        err));
    MR_TRY(levels_write(column->press, &column->defs, column->leaf->max_def, column->page_entries,
                        err));
    MR_TRY(body_make(column, &body, err));
    MR_TRY(mr_pq_page_write(column, &head, body, &column->data, &stored_bytes, err));
    MR_TRY(page_note(column, off, stored_bytes, err));
    page_begin(column);
    return MR_OK;
}

/* Whether codes take more room than the values themselves; asked where a chunk ends. */
static bool dict_is_larger(const struct mr_pq_column *column)
{
    uint64_t values = column->page_values;
    uint64_t plain = column->leaf->kind == MR_PQ_BYTES ? column->page_text_bytes + values * 4
                                                       : values * mr_pq_plain_width(column->leaf);
    unsigned width = mr_bitpack_width(column->dict.count == 0 ? 0 : column->dict.count - 1);
    return column->dict.plain.used + mr_bitpack_bytes(values, width) >= plain;
}

/* ---- batches --------------------------------------------------------------------------------- */

static bool page_is_full(const struct mr_pq_column *column)
{
    const struct mr_pq_press *press = column->press;
    size_t bytes = column->values.used + column->codes.used + column->defs.used + column->reps.used;
    return column->page_rows >= press->page_rows || bytes >= press->page_bytes;
}

/* Rows that the next slice may have: what the page has room for, by rows and, for texts, by the
 * average length in this batch. */
static uint32_t slice_rows(const struct mr_pq_column *column, uint64_t row_bytes)
{
    const struct mr_pq_press *press = column->press;
    uint64_t rows = MR_MIN((uint32_t)SLICE_ROWS, press->page_rows - column->page_rows);
    if (row_bytes > 0) {
        uint64_t used = column->values.used + column->codes.used;
        uint64_t room = used < press->page_bytes ? press->page_bytes - used : 0;
        rows = MR_MIN(rows, room / row_bytes + 1);
    }
    return (uint32_t)rows;
}

/* Where a slice of at most `rows` rows ends that begins at entry `from`. */
static uint32_t slice_end(const struct mr_encode_kernels *kernels, const struct mr_pq_shred *shred,
                          uint32_t from, uint32_t *rows)
{
    if (shred->rep != NULL) {
        return from + kernels->levels_rows(shred->rep + from, shred->count - from, rows);
    }
    *rows = MR_MIN(*rows, shred->count - from);
    return from + *rows;
}

/* Average bytes of a row's texts, so that a slice does not carry a page far beyond its limit; while
 * codes stand for them, by the dictionary. */
static uint64_t shred_row_bytes(const struct mr_pq_column *column, const struct mr_pq_shred *shred)
{
    const struct mr_pq_dict *dict = &column->dict;
    if (column->leaf->kind != MR_PQ_BYTES || shred->count == 0) return 0;
    if (column->is_coding && dict->count > 0) return dict->plain.used / dict->count;
    return mr_pq_texts_bytes(shred->vec->values, shred->rows, shred->live) / shred->count + 4;
}

/* A look at a dictionary that no page has been written with: undone when it does not pay. */
static mr_status dict_trial(struct mr_pq_column *column, struct mr_err *err)
{
    if (!column->is_coding || column->coded_page_count > 0) return MR_OK;
    return mr_pq_values_is_poor(column, page_is_full(column)) ? mr_pq_values_undo(column, err)
                                                              : MR_OK;
}

mr_status mr_pq_column_append(struct mr_pq_column *column, const struct mr_pq_shred *shred,
                              struct mr_err *err)
{
    const struct mr_encode_kernels *kernels = column->press->kernels;
    uint8_t max_def = column->leaf->max_def;
    uint64_t row_bytes = shred_row_bytes(column, shred);
    for (uint32_t from = 0, value = 0; from < shred->count;) {
        uint32_t rows = slice_rows(column, row_bytes);
        uint32_t to = slice_end(kernels, shred, from, &rows), values = to - from;
        if (shred->def != NULL) {
            values = kernels->levels_equal(shred->def + from, to - from, max_def);
        }
        MR_TRY(mr_pq_values_add(column, shred, value, values, err));
        MR_TRY(levels_add(column, shred->def == NULL ? NULL : shred->def + from,
                          shred->rep == NULL ? NULL : shred->rep + from, to - from, err));
        column->page_rows += rows;
        column->file_entries += to - from;
        column->file_values += values;
        from = to;
        value += values;
        MR_TRY(dict_trial(column, err));
        if (page_is_full(column)) MR_TRY(mr_pq_page_seal(column, err));
    }
    return MR_OK;
}

mr_status mr_pq_column_seal(struct mr_pq_column *column, struct mr_err *err)
{
    column->is_sealing = true;
    if (column->is_coding && column->coded_page_count == 0 && dict_is_larger(column)) {
        MR_TRY(mr_pq_values_undo(column, err));
    }
    if (column->page_entries > 0) MR_TRY(mr_pq_page_seal(column, err));
    if (column->coded_page_count > 0) {
        struct mr_pq_page_head head = {
            .is_dictionary = true, .entries = column->dict.count, .encoding = MR_PQ_PLAIN};
        struct mr_span body = {(const char *)column->dict.plain.at, column->dict.plain.used};
        uint32_t stored_bytes;
        MR_TRY(mr_pq_page_write(column, &head, body, &column->dict_page, &stored_bytes, err));
    }
    if (column->plain_page_count > column->coded_page_count && column->has_tried_dict) {
        column->dict_skips = DICT_SKIPPED_CHUNKS;
    }
    mr_pq_bounds_merge(&column->file_bounds, &column->chunk_bounds, column->leaf);
    return MR_OK;
}
