/* The values of a column on their way into its page: through the dictionary while that pays, plain
 * otherwise. Both take a tile at a time. */
#include "core/base/checked.h"
#include "core/format/parquet/pq_column.h"
#include "core/format/parquet/pq_text.h"
#include "core/format/parquet/pq_tile.h"

enum {
    TRIAL_VALUES = 2048,        /* when a dictionary's size is guessed for the first time */
    DICT_TEXTS_MAX = 32 * 1024, /* distinct texts that are worth a dictionary */
    DICT_NEW_PARTS = 16,        /* and at most 15 of 16 in a full page may be new */
    AHEAD = 24,                 /* texts whose bytes are asked for early */
    TEXT_STEP = 32,             /* bytes copied at once */
};

static_assert(sizeof(uint64_t) * MR_PQ_TILE_VALUES * 2 == MR_PQ_TILE_BYTES, "a tile of views fits");

uint32_t mr_pq_plain_width(const struct mr_pq_leaf *leaf)
{
    switch (leaf->kind) {
    case MR_PQ_BOOLEAN: return 1; /* packed when the page ends */
    case MR_PQ_INT32:
    case MR_PQ_FLOAT: return 4;
    case MR_PQ_FIXED: return leaf->fixed_bytes;
    default: return 8;
    }
}

uint64_t mr_pq_texts_bytes(const struct mr_view *views, const uint32_t *rows, uint32_t count)
{
    uint64_t bytes = 0;
    if (rows == NULL) {
        for (uint32_t i = 0; i < count; i++) bytes += views[i].bytes;
    } else {
        for (uint32_t i = 0; i < count; i++) bytes += views[rows[i]].bytes;
    }
    return bytes;
}

static void bounds_add_range(struct mr_pq_bounds *bounds, const struct mr_pq_text_range *range)
{
    if (range->min.text == NULL) return;
    mr_pq_bounds_add_text(bounds, range->min);
    mr_pq_bounds_add_text(bounds, range->max);
}

/* ---- plain ----------------------------------------------------------------------------------- */

/* A text with its length in front; up to 64 bytes behind it are overwritten. The view of a short
 * text is what the file has. */
static inline uint8_t *text_put(uint8_t *out, const struct mr_view *view, const char *text)
{
    uint32_t bytes = view->bytes;
    if (bytes <= MR_VIEW_INLINE_MAX) {
        memcpy(out, view, sizeof *view);
        return out + 4 + bytes;
    }
    memcpy(out, &bytes, 4);
    memcpy(out + 4, text, TEXT_STEP);
    if (bytes > TEXT_STEP) memcpy(out + 4 + TEXT_STEP, text + TEXT_STEP, TEXT_STEP);
    if (bytes > 2 * TEXT_STEP) memcpy(out + 4, text, bytes);
    return out + 4 + bytes;
}

static mr_status plain_add_texts(struct mr_pq_column *column, const struct mr_bufs *bufs,
                                 const struct mr_view *views, uint32_t count, struct mr_err *err)
{
    size_t bytes = mr_pq_texts_bytes(views, NULL, count);
    struct mr_pq_text_range range = {0};
    MR_TRY(mr_pq_grow_reserve(&column->values, bytes + (size_t)count * 4 + MR_PAD, err));
    uint8_t *out = column->values.at + column->values.used;
    for (uint32_t i = 0; i < count; i++) {
        const char *text = mr_pq_text_at(bufs, &views[i]);
        mr_pq_text_expect(bufs, &views[MR_MIN(i + AHEAD, count - 1)]);
        out = text_put(out, &views[i], text);
        mr_pq_text_range_add(&range, mr_pq_text_key_of(text, views[i].bytes),
                             (struct mr_span){text, views[i].bytes});
    }
    bounds_add_range(&column->page_bounds_now, &range);
    column->values.used += bytes + (size_t)count * 4;
    column->page_text_bytes += bytes;
    return MR_OK;
}

/* The first values of a page leave room in front for its levels. */
static mr_status plain_begin(struct mr_pq_column *column, struct mr_err *err)
{
    if (column->values.used > 0) return MR_OK;
    MR_TRY(mr_pq_grow_reserve(&column->values, MR_PQ_HEAD, err));
    column->values.used = MR_PQ_HEAD;
    return MR_OK;
}

static mr_status values_plain(struct mr_pq_column *column, const struct mr_pq_shred *shred,
                              uint32_t from, uint32_t count, struct mr_err *err)
{
    const struct mr_vec *vec = shred->vec;
    MR_TRY(plain_begin(column, err));
    for (uint32_t done = 0, step; done < count; done += step) {
        step = MR_MIN(count - done, (uint32_t)MR_PQ_TILE_VALUES);
        struct mr_pq_tile_values tile =
            mr_pq_tile_load(column->leaf, vec, shred->rows, from + done, step, column->press->tile);
        if (column->leaf->kind == MR_PQ_BYTES) {
            MR_TRY(plain_add_texts(column, vec->bufs, tile.at, step, err));
            continue;
        }
        mr_pq_tile_bounds(column->press->kernels, column->leaf, &tile, &column->page_bounds_now);
        MR_TRY(mr_pq_grow_add(&column->values, tile.at,
                              (size_t)step * mr_pq_plain_width(column->leaf), err));
    }
    return MR_OK;
}

/* ---- coded ----------------------------------------------------------------------------------- */

static mr_status dict_code(struct mr_pq_column *column, const struct mr_bufs *bufs,
                           const struct mr_pq_tile_values *tile, uint32_t *codes,
                           uint32_t *out_done, struct mr_err *err)
{
    struct mr_pq_dict *dict = &column->dict;
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

/* Codes values from to from + count - 1. *out_done is less when the dictionary is full. */
static mr_status values_code(struct mr_pq_column *column, const struct mr_pq_shred *shred,
                             uint32_t from, uint32_t count, uint32_t *out_done, struct mr_err *err)
{
    struct mr_pq_press *press = column->press;
    struct mr_pq_grow *codes = &column->codes;
    const struct mr_vec *vec = shred->vec;
    for (uint32_t done = 0, step, coded; done < count; done += step) {
        step = MR_MIN(count - done, (uint32_t)MR_PQ_TILE_VALUES);
        struct mr_pq_tile_values tile =
            mr_pq_tile_load(column->leaf, vec, shred->rows, from + done, step, press->tile);
        MR_TRY(mr_pq_grow_reserve(codes, step * sizeof(uint32_t), err));
        MR_TRY(dict_code(column, vec->bufs, &tile, (uint32_t *)(codes->at + codes->used), &coded,
                         err));
        *out_done = done + coded;
        if (coded < step) return MR_OK;
        codes->used += step * sizeof(uint32_t);
        if (column->leaf->kind == MR_PQ_BYTES) {
            column->page_text_bytes += mr_pq_texts_bytes(tile.at, NULL, step);
        } else {
            mr_pq_tile_bounds(press->kernels, column->leaf, &tile, &column->page_bounds_now);
        }
    }
    *out_done = count;
    return MR_OK;
}

mr_status mr_pq_values_undo(struct mr_pq_column *column, struct mr_err *err)
{
    const uint32_t *codes = (const uint32_t *)column->codes.at;
    const struct mr_pq_dict *dict = &column->dict;
    uint32_t width = mr_pq_plain_width(column->leaf);
    size_t count = column->codes.used / sizeof *codes;
    bool is_text = column->leaf->kind == MR_PQ_BYTES;
    MR_ASSERT(column->values.used == 0 && column->coded_page_count == 0);
    MR_TRY(plain_begin(column, err));
    if (is_text) MR_TRY(mr_pq_values_coded_bounds(column, err));
    for (size_t i = 0; i < count; i++) {
        struct mr_span value = {(const char *)dict->plain.at + (size_t)codes[i] * width, width};
        if (is_text) { /* with its length, which lies in front of it */
            value = mr_pq_dict_text_at(dict, codes[i]);
            value = (struct mr_span){value.text - 4, value.bytes + 4};
        }
        MR_TRY(mr_pq_grow_add(&column->values, value.text, value.bytes, err));
    }
    column->codes.used = 0;
    column->is_coding = false;
    mr_pq_dict_drop(&column->dict);
    return MR_OK;
}

bool mr_pq_values_is_poor(const struct mr_pq_column *column, bool is_page_full)
{
    const struct mr_pq_dict *dict = &column->dict;
    uint64_t values = column->chunk_values + column->page_values;
    uint64_t distinct = dict->count, repeats = values - distinct;
    if (distinct * 2 < values) return false;
    if (is_page_full && distinct * DICT_NEW_PARTS > values * (DICT_NEW_PARTS - 1)) return true;
    if (values < TRIAL_VALUES) return false;
    /* Of n values drawn from N alike, about n * n / 2N are repeats. A look that comes early is what
     * makes columns of their own values cheap. Numbers are worth coding while they fit the page,
     * since no codec finds what repeats far apart; texts the codec makes small by itself, sooner
     * than a dictionary beyond the caches. */
    uint64_t worth = dict->bytes_max / (dict->plain.used / distinct);
    if (column->leaf->kind == MR_PQ_BYTES) worth = MR_MIN(worth, (uint64_t)DICT_TEXTS_MAX);
    return values * values > 2 * repeats * worth;
}

/* Whether a code is among codes[count]. */
static bool codes_have(const uint32_t *codes, size_t count, uint32_t code)
{
    for (size_t from = 0; from < count; from += MR_PQ_TILE_VALUES) {
        size_t to = MR_MIN(count, from + MR_PQ_TILE_VALUES);
        uint32_t found = 0;
        for (size_t i = from; i < to; i++) found |= codes[i] == code;
        if (found != 0) return true;
    }
    return false;
}

/* Most pages of a column in no order have the chunk's smallest and largest text so far, and then
 * those are the bounds. Otherwise each text that the page has is looked at once, in the order of
 * the dictionary. */
mr_status mr_pq_values_coded_bounds(struct mr_pq_column *column, struct mr_err *err)
{
    const struct mr_pq_dict *dict = &column->dict;
    const uint32_t *codes = (const uint32_t *)column->codes.at;
    size_t count = column->codes.used / sizeof *codes;
    struct mr_pq_bounds *bounds = &column->page_bounds_now;
    struct mr_pq_grow *marks = &column->press->marks;
    struct mr_pq_text_range range = {0};
    if (count == 0) return MR_OK;
    if (codes_have(codes, count, dict->min_code) && codes_have(codes, count, dict->max_code)) {
        mr_pq_bounds_add_text(bounds, mr_pq_dict_text_at(dict, dict->min_code));
        mr_pq_bounds_add_text(bounds, mr_pq_dict_text_at(dict, dict->max_code));
        return MR_OK;
    }
    marks->used = 0;
    MR_TRY(mr_pq_grow_reserve(marks, dict->count, err));
    memset(marks->at, 0, dict->count);
    for (size_t i = 0; i < count; i++) marks->at[codes[i]] = 1;
    for (uint32_t code = 0; code < dict->count; code++) {
        if (marks->at[code] == 0) continue;
        struct mr_span text = mr_pq_dict_text_at(dict, code);
        mr_pq_text_range_add(&range, mr_pq_text_key_of(text.text, text.bytes), text);
    }
    bounds_add_range(bounds, &range);
    return MR_OK;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Ends coding before the values that come next: undone when it did not pay and nothing was written
 * with it, else the page ends here, with its codes. */
static mr_status dict_leave(struct mr_pq_column *column, struct mr_err *err)
{
    if (column->coded_page_count == 0 && mr_pq_values_is_poor(column, true)) {
        return mr_pq_values_undo(column, err);
    }
    if (column->page_entries > 0) MR_TRY(mr_pq_page_seal(column, err));
    column->is_coding = false;
    return MR_OK;
}

/* A slice whose values do not all fit the dictionary is plain as a whole: what its first values
 * left in the page's bounds is taken back. */
mr_status mr_pq_values_add(struct mr_pq_column *column, const struct mr_pq_shred *shred,
                           uint32_t from, uint32_t count, struct mr_err *err)
{
    if (column->is_coding) {
        struct mr_pq_bounds bounds;
        bool is_text = column->leaf->kind == MR_PQ_BYTES;
        uint64_t text_bytes = column->page_text_bytes;
        size_t codes_used = column->codes.used;
        uint32_t done = 0;
        if (!is_text) bounds = column->page_bounds_now;
        MR_TRY(values_code(column, shred, from, count, &done, err));
        if (done == count) {
            column->page_values += count;
            return MR_OK;
        }
        if (!is_text) column->page_bounds_now = bounds;
        column->page_text_bytes = text_bytes;
        column->codes.used = codes_used;
        MR_TRY(dict_leave(column, err));
    }
    MR_TRY(values_plain(column, shred, from, count, err));
    column->page_values += count;
    return MR_OK;
}
