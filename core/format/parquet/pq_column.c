#include "core/format/parquet/pq_column.h"

#include "core/base/checked.h"
#include "core/format/parquet/pq_tile.h"
#include "kernels/encode/bitpack.h"
#include "kernels/encode/rle.h"

static mr_status page_seal(struct mr_pq_column *column, struct mr_err *err);

enum {
    SLICE_ROWS = 1024,
    DICT_TRIAL_VALUES = 16 * 1024, /* when a dictionary has to have shown that it pays */
    DICT_NEW_PARTS = 8,            /* given up when more than 7 of 8 of them were new */
};

static_assert(sizeof(uint64_t) * MR_PQ_TILE_VALUES * 2 == MR_PQ_TILE_BYTES, "a tile of views fits");

void mr_pq_press_init(struct mr_pq_press *press, struct mr_heap *heap, uint32_t tile_bytes)
{
    press->heap = heap;
    mr_slab_init(&press->columns, heap);
    mr_pq_rack_init(&press->rack, heap, tile_bytes);
    press->raw = press->packed = (struct mr_pq_grow){.heap = heap};
    mr_text_init(&press->header, heap);
}

void mr_pq_press_fini(struct mr_pq_press *press)
{
    if (press->heap == NULL) return;
    mr_pq_rack_trim(&press->rack, 0);
    mr_pq_grow_fini(&press->raw);
    mr_pq_grow_fini(&press->packed);
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
    column->page_stamp++;
    mr_pq_bounds_reset(&column->page_bounds_now);
    memset(column->page_histogram, 0, histogram_buckets(column) * sizeof(uint64_t));
}

void mr_pq_column_begin(struct mr_pq_column *column)
{
    const struct mr_pq_press *press = column->press;
    MR_ASSERT(column->data.bytes == 0 && column->dict_page.bytes == 0);
    mr_pq_dict_reset(&column->dict);
    column->is_coding = press->dictionary_bytes > 0 && column->leaf->kind != MR_PQ_BOOLEAN;
    column->has_index = column->is_ascending = column->is_descending = true;
    mr_pq_bounds_reset(&column->last_bounds);
    column->codec_id = press->codec_id;
    column->pages.used = column->page_bounds.used = column->histograms.used = 0;
    column->plain_page_count = column->coded_page_count = 0;
    column->chunk_entries = column->chunk_rows = column->chunk_values = 0;
    column->chunk_text_bytes = column->raw_bytes = 0;
    mr_pq_bounds_reset(&column->chunk_bounds);
    memset(column->histogram, 0, histogram_buckets(column) * sizeof(uint64_t));
    page_begin(column);
}

/* ---- values ---------------------------------------------------------------------------------- */

static uint32_t plain_width(const struct mr_pq_leaf *leaf)
{
    switch (leaf->kind) {
    case MR_PQ_BOOLEAN: return 1; /* packed when the page ends */
    case MR_PQ_INT32:
    case MR_PQ_FLOAT: return 4;
    case MR_PQ_FIXED: return leaf->fixed_bytes;
    default: return 8;
    }
}

static uint64_t texts_bytes(const struct mr_view *views, uint32_t count)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) bytes += views[i].bytes;
    return bytes;
}

static mr_status plain_add_texts(struct mr_pq_column *column, const struct mr_bufs *bufs,
                                 const struct mr_view *views, uint32_t count, struct mr_err *err)
{
    size_t bytes = texts_bytes(views, count);
    MR_TRY(mr_pq_grow_reserve(&column->values, bytes + (size_t)count * 4, err));
    uint8_t *out = column->values.at + column->values.used;
    for (uint32_t i = 0; i < count; i++) {
        struct mr_span value = mr_view_span(bufs, &views[i]);
        memcpy(out, &views[i].bytes, 4);
        memcpy(out + 4, value.text, value.bytes);
        out += 4 + value.bytes;
        mr_pq_bounds_add_text(&column->page_bounds_now, value);
    }
    column->values.used += bytes + (size_t)count * 4;
    column->page_text_bytes += bytes;
    return MR_OK;
}

static mr_status dict_code(struct mr_pq_column *column, const struct mr_bufs *bufs,
                           const struct mr_pq_tile_values *tile, uint32_t *out_done,
                           struct mr_err *err)
{
    struct mr_pq_dict *dict = &column->dict;
    uint32_t *codes = column->press->codes;
    switch (column->leaf->kind) {
    case MR_PQ_INT32:
    case MR_PQ_FLOAT: return mr_pq_dict_u32(dict, tile->at, tile->count, codes, out_done, err);
    case MR_PQ_INT64:
    case MR_PQ_DOUBLE: return mr_pq_dict_u64(dict, tile->at, tile->count, codes, out_done, err);
    case MR_PQ_FIXED:
        return mr_pq_dict_fixed(dict, tile->at, column->leaf->fixed_bytes, tile->count, codes,
                                out_done, err);
    default: return mr_pq_dict_text(dict, bufs, tile->at, tile->count, codes, out_done, err);
    }
}

/* Bounds of texts by dictionary: each distinct value of a page is looked at once. */
static void coded_text_bounds(struct mr_pq_column *column, uint32_t count)
{
    const uint32_t *codes = column->press->codes;
    for (uint32_t i = 0; i < count; i++) {
        if (!mr_pq_dict_stamp(&column->dict, codes[i], column->page_stamp)) continue;
        mr_pq_bounds_add_text(&column->page_bounds_now,
                              mr_pq_dict_text_at(&column->dict, codes[i]));
    }
}

/* The page's codes become plain values; no page with codes has been written. */
static mr_status dict_undo(struct mr_pq_column *column, struct mr_err *err)
{
    const uint32_t *codes = (const uint32_t *)column->codes.at;
    const char *plain = (const char *)column->dict.plain.at;
    uint32_t width = plain_width(column->leaf);
    size_t count = column->codes.used / sizeof *codes;
    MR_ASSERT(column->values.used == 0 && column->coded_page_count == 0);
    for (size_t i = 0; i < count; i++) {
        struct mr_span value = {plain + (size_t)codes[i] * width, width};
        if (column->leaf->kind == MR_PQ_BYTES) {
            value = mr_pq_dict_text_at(&column->dict, codes[i]);
            uint32_t bytes = (uint32_t)value.bytes;
            MR_TRY(mr_pq_grow_add(&column->values, &bytes, sizeof bytes, err));
        }
        MR_TRY(mr_pq_grow_add(&column->values, value.text, value.bytes, err));
    }
    column->codes.used = 0;
    column->is_coding = false;
    mr_pq_dict_reset(&column->dict);
    return MR_OK;
}

/* Codes values rows[from] to rows[from + count - 1]. *out_done is less when the dictionary is full.
 */
static mr_status values_code(struct mr_pq_column *column, const struct mr_pq_shred *shred,
                             uint32_t from, uint32_t count, uint32_t *out_done, struct mr_err *err)
{
    struct mr_pq_press *press = column->press;
    const struct mr_vec *vec = shred->vec;
    bool is_text = column->leaf->kind == MR_PQ_BYTES;
    for (uint32_t done = 0, step, coded; done < count; done += step) {
        step = MR_MIN(count - done, (uint32_t)MR_PQ_TILE_VALUES);
        struct mr_pq_tile_values tile =
            mr_pq_tile_load(column->leaf, vec, shred->rows, from + done, step, press->tile);
        MR_TRY(dict_code(column, vec->bufs, &tile, &coded, err));
        *out_done = done + coded;
        if (coded < step) return MR_OK;
        MR_TRY(mr_pq_grow_add(&column->codes, press->codes, step * sizeof(uint32_t), err));
        if (is_text) {
            coded_text_bounds(column, step);
            column->page_text_bytes += texts_bytes(tile.at, step);
        } else {
            mr_pq_tile_bounds(column->leaf, &tile, &column->page_bounds_now);
        }
    }
    *out_done = count;
    return MR_OK;
}

static mr_status values_plain(struct mr_pq_column *column, const struct mr_pq_shred *shred,
                              uint32_t from, uint32_t count, struct mr_err *err)
{
    const struct mr_vec *vec = shred->vec;
    for (uint32_t done = 0, step; done < count; done += step) {
        step = MR_MIN(count - done, (uint32_t)MR_PQ_TILE_VALUES);
        struct mr_pq_tile_values tile =
            mr_pq_tile_load(column->leaf, vec, shred->rows, from + done, step, column->press->tile);
        if (column->leaf->kind == MR_PQ_BYTES) {
            MR_TRY(plain_add_texts(column, vec->bufs, tile.at, step, err));
            continue;
        }
        mr_pq_tile_bounds(column->leaf, &tile, &column->page_bounds_now);
        MR_TRY(mr_pq_grow_add(&column->values, tile.at, (size_t)step * plain_width(column->leaf),
                              err));
    }
    return MR_OK;
}

static bool dict_is_poor(const struct mr_pq_column *column)
{
    return (uint64_t)column->dict.count * DICT_NEW_PARTS >
           (column->chunk_values + column->page_values) * (DICT_NEW_PARTS - 1);
}

/* Ends coding before the values that come next: undone when it did not pay and nothing was written
 * with it, else the page ends here, with its codes. */
static mr_status dict_leave(struct mr_pq_column *column, struct mr_err *err)
{
    if (column->coded_page_count == 0 && dict_is_poor(column)) return dict_undo(column, err);
    if (column->page_entries > 0) MR_TRY(page_seal(column, err));
    column->is_coding = false;
    return MR_OK;
}

/* The values of one slice of rows. A slice whose values do not all fit the dictionary is plain as a
 * whole: what its first values left in the page's bounds is taken back. */
static mr_status values_add(struct mr_pq_column *column, const struct mr_pq_shred *shred,
                            uint32_t from, uint32_t count, struct mr_err *err)
{
    if (column->is_coding) {
        struct mr_pq_bounds bounds = column->page_bounds_now;
        uint64_t text_bytes = column->page_text_bytes;
        size_t codes_used = column->codes.used;
        uint32_t done = 0;
        MR_TRY(values_code(column, shred, from, count, &done, err));
        if (done == count) {
            column->page_values += count;
            return MR_OK;
        }
        column->page_bounds_now = bounds;
        column->page_text_bytes = text_bytes;
        column->codes.used = codes_used;
        MR_TRY(dict_leave(column, err));
    }
    MR_TRY(values_plain(column, shred, from, count, err));
    column->page_values += count;
    return MR_OK;
}

/* ---- levels ---------------------------------------------------------------------------------- */

static void histogram_add(uint64_t *histogram, const uint8_t *levels, uint8_t level_max,
                          uint32_t count)
{
    if (level_max == 1) { /* a sum instead of a counter in memory for each */
        uint32_t ones = 0;
        for (uint32_t i = 0; i < count; i++) ones += levels[i];
        histogram[0] += count - ones;
        histogram[1] += ones;
        return;
    }
    for (uint32_t i = 0; i < count; i++) histogram[levels[i]]++;
}

/* Adds `count` entries; `def` and `rep` may be null as in struct mr_pq_shred. */
static mr_status levels_add(struct mr_pq_column *column, const uint8_t *def, const uint8_t *rep,
                            uint32_t count, struct mr_err *err)
{
    uint8_t max_def = column->leaf->max_def, max_rep = column->leaf->max_rep;
    uint64_t *rep_histogram = column->page_histogram;
    uint64_t *def_histogram = rep_histogram + max_rep + 1;
    if (max_rep > 0) {
        MR_TRY(mr_pq_grow_reserve(&column->reps, count, err));
        if (rep == NULL) memset(column->reps.at + column->reps.used, 0, count);
        if (rep != NULL) memcpy(column->reps.at + column->reps.used, rep, count);
        histogram_add(rep_histogram, column->reps.at + column->reps.used, max_rep, count);
        column->reps.used += count;
    } else {
        rep_histogram[0] += count;
    }
    if (def == NULL) {
        def_histogram[max_def] += count;
    } else {
        histogram_add(def_histogram, def, max_def, count);
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
static mr_status levels_write(struct mr_pq_grow *raw, const struct mr_pq_grow *levels,
                              uint8_t level_max, uint32_t entries, struct mr_err *err)
{
    if (level_max == 0) return MR_OK;
    unsigned width = mr_bitpack_width(level_max);
    MR_TRY(mr_pq_grow_reserve(raw, 4 + mr_rle_bound(entries, width), err));
    uint8_t *out = raw->at + raw->used;
    uint32_t bytes =
        (uint32_t)(levels->used == 0 ? mr_rle_encode_repeat(level_max, entries, width, out + 4)
                                     : mr_rle_encode_u8(levels->at, entries, width, out + 4));
    memcpy(out, &bytes, 4);
    raw->used += 4 + bytes;
    return MR_OK;
}

static mr_status values_write(struct mr_pq_column *column, struct mr_err *err)
{
    struct mr_pq_grow *raw = &column->press->raw;
    size_t codes = column->codes.used / sizeof(uint32_t);
    if (column->is_coding) {
        unsigned width = mr_bitpack_width(column->dict.count == 0 ? 0 : column->dict.count - 1);
        MR_TRY(mr_pq_grow_reserve(raw, 1 + mr_rle_bound(codes, width), err));
        raw->at[raw->used++] = (uint8_t)width;
        raw->used += mr_rle_encode_u32((const uint32_t *)column->codes.at, codes, width,
                                       raw->at + raw->used);
        return MR_OK;
    }
    if (column->leaf->kind != MR_PQ_BOOLEAN) {
        return mr_pq_grow_add(raw, column->values.at, column->values.used, err);
    }
    size_t bytes = mr_bitpack_bytes(column->values.used, 1);
    MR_TRY(mr_pq_grow_reserve(raw, bytes, err));
    mr_bitpack_u8(column->values.at, column->values.used, 1, raw->at + raw->used);
    raw->used += bytes;
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

static mr_status page_seal(struct mr_pq_column *column, struct mr_err *err)
{
    struct mr_pq_grow *raw = &column->press->raw;
    struct mr_pq_page_head head = {
        .entries = column->page_entries,
        .encoding = column->is_coding ? MR_PQ_RLE_DICTIONARY : MR_PQ_PLAIN,
    };
    uint64_t off = column->data.bytes;
    uint32_t stored_bytes;
    raw->used = 0;
    MR_TRY(levels_write(raw, &column->reps, column->leaf->max_rep, column->page_entries, err));
    MR_TRY(levels_write(raw, &column->defs, column->leaf->max_def, column->page_entries, err));
    MR_TRY(values_write(column, err));
    MR_TRY(mr_pq_page_write(column, &head, &column->data, &stored_bytes, err));
    MR_TRY(page_note(column, off, stored_bytes, err));
    page_begin(column);
    return MR_OK;
}

/* Whether codes take more room than the values themselves; asked where a chunk ends. */
static bool dict_is_larger(const struct mr_pq_column *column)
{
    uint64_t values = column->page_values;
    uint64_t plain = column->leaf->kind == MR_PQ_BYTES ? column->page_text_bytes + values * 4
                                                       : values * plain_width(column->leaf);
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
static uint32_t slice_end(const struct mr_pq_shred *shred, uint32_t from, uint32_t *rows)
{
    if (shred->rep == NULL) {
        *rows = MR_MIN(*rows, shred->count - from);
        return from + *rows;
    }
    uint32_t seen = 0, at = from;
    for (; at < shred->count; at++) {
        if (shred->rep[at] == 0 && seen++ == *rows) break;
    }
    *rows = MR_MIN(*rows, seen);
    return at;
}

static uint32_t slice_values(const struct mr_pq_shred *shred, uint32_t from, uint32_t to,
                             uint8_t max_def)
{
    if (shred->def == NULL) return to - from;
    uint32_t values = 0;
    for (uint32_t i = from; i < to; i++) values += shred->def[i] == max_def;
    return values;
}

/* Average bytes of a row's texts, so that a slice does not carry a page far beyond its limit. */
static uint64_t shred_row_bytes(const struct mr_pq_column *column, const struct mr_pq_shred *shred)
{
    const struct mr_view *views = shred->vec->values;
    uint64_t bytes = 0;
    if (column->leaf->kind != MR_PQ_BYTES || shred->count == 0) return 0;
    if (shred->rows == NULL) {
        bytes = texts_bytes(views, shred->live);
    } else {
        for (uint32_t i = 0; i < shred->live; i++) bytes += views[shred->rows[i]].bytes;
    }
    return bytes / shred->count + 4;
}

/* The first look at a dictionary: given up when nearly all values are new. */
static mr_status dict_trial(struct mr_pq_column *column, struct mr_err *err)
{
    bool is_due = column->page_values >= DICT_TRIAL_VALUES || page_is_full(column);
    if (!column->is_coding || column->coded_page_count > 0 || !is_due) return MR_OK;
    return dict_is_poor(column) ? dict_undo(column, err) : MR_OK;
}

mr_status mr_pq_column_append(struct mr_pq_column *column, const struct mr_pq_shred *shred,
                              struct mr_err *err)
{
    uint8_t max_def = column->leaf->max_def;
    uint64_t row_bytes = shred_row_bytes(column, shred);
    for (uint32_t from = 0, value = 0; from < shred->count;) {
        uint32_t rows = slice_rows(column, row_bytes);
        uint32_t to = slice_end(shred, from, &rows);
        uint32_t values = slice_values(shred, from, to, max_def);
        MR_TRY(values_add(column, shred, value, values, err));
        MR_TRY(levels_add(column, shred->def == NULL ? NULL : shred->def + from,
                          shred->rep == NULL ? NULL : shred->rep + from, to - from, err));
        column->page_rows += rows;
        column->file_entries += to - from;
        column->file_values += values;
        from = to;
        value += values;
        MR_TRY(dict_trial(column, err));
        if (page_is_full(column)) MR_TRY(page_seal(column, err));
    }
    return MR_OK;
}

mr_status mr_pq_column_seal(struct mr_pq_column *column, struct mr_err *err)
{
    struct mr_pq_press *press = column->press;
    if (column->is_coding && column->coded_page_count == 0 && dict_is_larger(column)) {
        MR_TRY(dict_undo(column, err));
    }
    if (column->page_entries > 0) MR_TRY(page_seal(column, err));
    if (column->coded_page_count > 0) {
        struct mr_pq_page_head head = {
            .is_dictionary = true, .entries = column->dict.count, .encoding = MR_PQ_PLAIN};
        uint32_t stored_bytes;
        press->raw.used = 0;
        MR_TRY(mr_pq_grow_add(&press->raw, column->dict.plain.at, column->dict.plain.used, err));
        MR_TRY(mr_pq_page_write(column, &head, &column->dict_page, &stored_bytes, err));
    }
    mr_pq_bounds_merge(&column->file_bounds, &column->chunk_bounds, column->leaf);
    return MR_OK;
}
