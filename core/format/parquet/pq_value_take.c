/* Values of the page at hand to the column's array, or past it. */
#include "core/base/checked.h"
#include "core/format/parquet/pq_chunk_read.h"
#include "core/format/parquet/pq_convert.h"
#include "kernels/decode/bits.h"

enum { CODES_STEP = 4096, BITS_STEP = 4096 };

/* ---- room ------------------------------------------------------------------------------------ */

/* Where the next `count` values go. */
static mr_status values_room(struct mr_pq_chunk_reader *chunk, uint32_t count, void **out,
                             struct mr_err *err)
{
    struct mr_pq_grow *grow = &chunk->entry_values;
    size_t at = (size_t)chunk->count * chunk->value_bytes;
    if (mr_pq_chunk_is_flat(chunk)) {
        *out = (char *)chunk->out_values + at;
        return MR_OK;
    }
    MR_TRY(mr_pq_grow_reserve(grow, (size_t)count * chunk->value_bytes, err));
    *out = grow->at + at;
    grow->used = at + (size_t)count * chunk->value_bytes;
    return MR_OK;
}

/* The bitmap that the next `count` booleans go to, zero where they go. */
static mr_status bits_room(struct mr_pq_chunk_reader *chunk, uint32_t count, uint64_t **out,
                           struct mr_err *err)
{
    struct mr_pq_grow *grow = &chunk->entry_values;
    if (mr_pq_chunk_is_flat(chunk)) {
        *out = chunk->out_values;
        return MR_OK;
    }
    size_t bytes = ((size_t)chunk->count + count + 63) / 64 * sizeof(uint64_t);
    if (bytes > grow->used) {
        size_t more = bytes - grow->used;
        MR_TRY(mr_pq_grow_reserve(grow, more, err));
        memset(grow->at + grow->used, 0, more);
        grow->used = bytes;
    }
    *out = (uint64_t *)(void *)grow->at;
    return MR_OK;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool filling_hold(const struct mr_pq_filling *filling, struct mr_pq_block *block)
{
    struct mr_pq_holder *holder = filling->holder;
    if (block == NULL) return true;
    if (holder->count == MR_BUFS_MAX) return false;
    holder->blocks[holder->count++] = mr_pq_block_ref(block);
    return true;
}

/* The batch's buffer for the page's texts; MR_BUFS_MAX when it has no more. */
static uint32_t page_slot(struct mr_pq_chunk_reader *chunk, const struct mr_pq_filling *filling)
{
    struct mr_batch *batch = filling->batch;
    if (chunk->slot_serial == filling->serial) return chunk->slot;
    chunk->slot_serial = filling->serial;
    chunk->slot = MR_BUFS_MAX;
    if (batch->bufs.count < MR_BUFS_MAX && filling_hold(filling, chunk->held)) {
        chunk->slot = mr_batch_add_buf(batch, chunk->base);
    }
    return chunk->slot;
}

/* Whether the batch holds the dictionary, so that its views can be taken as they are. */
static bool dict_is_held(struct mr_pq_chunk_reader *chunk, const struct mr_pq_filling *filling)
{
    if (chunk->leaf->text_slot == 0) return false;
    if (chunk->dict_serial == filling->serial) return true;
    if (!filling_hold(filling, chunk->dict_page)) return false;
    filling->batch->bufs.at[chunk->leaf->text_slot] = chunk->dict_base;
    chunk->dict_serial = filling->serial;
    return true;
}

/* Long texts of views[count], at their place behind `base`, go behind the copied ones. */
static mr_status texts_copy(struct mr_view *views, uint32_t count, const char *base,
                            struct mr_pq_grow *texts, struct mr_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        struct mr_view *view = &views[i];
        if (view->bytes <= MR_VIEW_INLINE_MAX) continue;
        if (texts->used > UINT32_MAX - view->bytes) {
            return mr_err_set(err, MR_E_LIMIT, 2512, "a batch holds more than 4 GiB of texts");
        }
        uint32_t off = (uint32_t)texts->used;
        MR_TRY(mr_pq_grow_add(texts, base + view->u.ref.off, view->bytes, err));
        view->u.ref.buffer = 0;
        view->u.ref.off = off;
    }
    return MR_OK;
}

static mr_status texts_take(struct mr_pq_chunk_reader *chunk, uint32_t count,
                            const struct mr_pq_filling *filling, struct mr_view *out,
                            struct mr_err *err)
{
    const uint32_t *lengths = NULL;
    if (chunk->form == MR_PQ_VALUES_TEXTS) {
        if (count > chunk->lengths.used / sizeof *lengths - chunk->length_at) {
            return mr_pq_chunk_corrupt(chunk, "texts are missing", err);
        }
        lengths = (const uint32_t *)(void *)chunk->lengths.at + chunk->length_at;
        chunk->length_at += count;
    }
    uint32_t slot = page_slot(chunk, filling);
    MR_TRY(mr_pq_convert_texts(chunk->leaf, &chunk->plain, lengths, count, chunk->base,
                               slot == MR_BUFS_MAX ? 0 : slot, out, err));
    if (slot < MR_BUFS_MAX) return MR_OK;
    return texts_copy(out, count, chunk->base, filling->texts, err);
}

/* UUIDs as texts have their bytes nowhere yet. */
static mr_status uuids_take(struct mr_pq_chunk_reader *chunk, uint32_t count,
                            const struct mr_pq_filling *filling, struct mr_view *out,
                            struct mr_err *err)
{
    struct mr_pq_grow *texts = filling->texts;
    size_t bytes = (size_t)count * MR_PQ_UUID_TEXT;
    if ((size_t)count * chunk->leaf->fixed_bytes > chunk->plain.bytes) {
        return mr_pq_chunk_corrupt(chunk, "values are missing", err);
    }
    if (texts->used > UINT32_MAX - bytes) {
        return mr_err_set(err, MR_E_LIMIT, 2512, "a batch holds more than 4 GiB of texts");
    }
    MR_TRY(mr_pq_grow_reserve(texts, bytes, err));
    for (uint32_t i = 0; i < count; i++, texts->used += MR_PQ_UUID_TEXT) {
        char *at = (char *)texts->at + texts->used;
        mr_pq_uuid_write((const uint8_t *)chunk->plain.text, at);
        out[i] = mr_view_of(at, MR_PQ_UUID_TEXT, 0, (uint32_t)texts->used);
        chunk->plain.text += chunk->leaf->fixed_bytes;
        chunk->plain.bytes -= chunk->leaf->fixed_bytes;
    }
    return MR_OK;
}

/* ---- the dictionary -------------------------------------------------------------------------- */

static mr_status dict_uuids(struct mr_pq_chunk_reader *chunk, struct mr_span page, uint32_t count,
                            struct mr_view *out, struct mr_err *err)
{
    size_t bytes = (size_t)count * MR_PQ_UUID_TEXT;
    if ((size_t)count * chunk->leaf->fixed_bytes > page.bytes) {
        return mr_pq_chunk_corrupt(chunk, "values are missing", err);
    }
    if (bytes > UINT32_MAX || !mr_pq_block_renew(&chunk->dict_page, chunk->heap, bytes)) {
        return mr_pq_chunk_nomem(chunk, bytes, err);
    }
    char *at = (char *)chunk->dict_page->at;
    chunk->dict_base = at;
    for (uint32_t i = 0; i < count; i++, at += MR_PQ_UUID_TEXT) {
        mr_pq_uuid_write((const uint8_t *)page.text + (size_t)i * chunk->leaf->fixed_bytes, at);
        out[i] = mr_view_of(at, MR_PQ_UUID_TEXT, 0, (uint32_t)(at - chunk->dict_base));
    }
    return MR_OK;
}

mr_status mr_pq_dict_make(struct mr_pq_chunk_reader *chunk, struct mr_span page,
                          struct mr_pq_block *held, uint32_t count, struct mr_err *err)
{
    const struct mr_pq_reading_leaf *leaf = chunk->leaf;
    /* A value takes a byte at least; only one of no bytes takes none. */
    if (count > (uint64_t)page.bytes + 1) {
        return mr_pq_chunk_corrupt(chunk, "a dictionary is shorter than its count", err);
    }
    size_t bytes = (size_t)count * chunk->value_bytes;
    if (!mr_pq_block_renew(&chunk->dict_values, chunk->heap, bytes)) {
        return mr_pq_chunk_nomem(chunk, bytes, err);
    }
    void *out = chunk->dict_values->at;
    if (leaf->convert == MR_PQ_TO_UUID) {
        MR_TRY(dict_uuids(chunk, page, count, out, err));
    } else if (mr_pq_is_viewed(leaf)) {
        mr_pq_block_unref(chunk->dict_page);
        chunk->dict_page = mr_pq_block_ref(held);
        chunk->dict_base = page.text;
        MR_TRY(mr_pq_convert_texts(leaf, &page, NULL, count, page.text, leaf->text_slot, out, err));
    } else {
        MR_TRY(mr_pq_convert_values(leaf, &page, count, out, err));
    }
    chunk->dict_count = count;
    chunk->has_dict = true;
    return MR_OK;
}

/* The next codes, each a place in the dictionary. */
static mr_status codes_next(struct mr_pq_chunk_reader *chunk, uint32_t count, uint32_t **out,
                            struct mr_err *err)
{
    struct mr_pq_grow *room = &chunk->code_room;
    MR_TRY(mr_pq_grow_reserve(room, CODES_STEP * sizeof **out, err));
    *out = (uint32_t *)(void *)room->at;
    if (!mr_runs_u32(&chunk->codes, chunk->kernels, *out, count)) {
        return mr_pq_chunk_corrupt(chunk, "codes end too early", err);
    }
    if (!chunk->has_dict) {
        return mr_pq_chunk_corrupt(chunk, "codes come without a dictionary", err);
    }
    if (count > 0 && chunk->kernels->max_u32(*out, count) >= chunk->dict_count) {
        return mr_pq_chunk_corrupt(chunk, "a code is beyond its dictionary", err);
    }
    return MR_OK;
}

static mr_status codes_take(struct mr_pq_chunk_reader *chunk, uint32_t count,
                            const struct mr_pq_filling *filling, char *out, struct mr_err *err)
{
    bool is_text = mr_pq_is_viewed(chunk->leaf) || chunk->leaf->convert == MR_PQ_TO_UUID;
    bool is_copied = is_text && count > 0 && chunk->has_dict && !dict_is_held(chunk, filling);
    while (count > 0) {
        uint32_t step = MR_MIN(count, (uint32_t)CODES_STEP), *codes;
        MR_TRY(codes_next(chunk, step, &codes, err));
        chunk->kernels->gather(chunk->dict_values->at, codes, step, chunk->value_log2, out);
        if (is_copied) {
            MR_TRY(texts_copy((struct mr_view *)(void *)out, step, chunk->dict_base, filling->texts,
                              err));
        }
        out += (size_t)step * chunk->value_bytes;
        count -= step;
    }
    return MR_OK;
}

/* ---- taking and passing ---------------------------------------------------------------------- */

static mr_status bits_take(struct mr_pq_chunk_reader *chunk, uint32_t count, struct mr_err *err)
{
    uint64_t *bits;
    MR_TRY(bits_room(chunk, count, &bits, err));
    if (!mr_runs_bits(&chunk->codes, bits, chunk->count, count)) {
        return mr_pq_chunk_corrupt(chunk, "bits are missing", err);
    }
    chunk->count += count;
    return MR_OK;
}

mr_status mr_pq_values_take(struct mr_pq_chunk_reader *chunk, uint32_t count,
                            const struct mr_pq_filling *filling, struct mr_err *err)
{
    void *out;
    if (chunk->leaf->is_levels_only || count == 0) return MR_OK;
    if (chunk->form == MR_PQ_VALUES_BITS) return bits_take(chunk, count, err);
    MR_TRY(values_room(chunk, count, &out, err));
    if (chunk->form == MR_PQ_VALUES_CODED) {
        MR_TRY(codes_take(chunk, count, filling, out, err));
    } else if (chunk->leaf->convert == MR_PQ_TO_UUID) {
        MR_TRY(uuids_take(chunk, count, filling, out, err));
    } else if (mr_pq_is_viewed(chunk->leaf)) {
        MR_TRY(texts_take(chunk, count, filling, out, err));
    } else {
        MR_TRY(mr_pq_convert_values(chunk->leaf, &chunk->plain, count, out, err));
    }
    chunk->count += count;
    return MR_OK;
}

mr_status mr_pq_values_pass(struct mr_pq_chunk_reader *chunk, uint32_t count, struct mr_err *err)
{
    const uint32_t *lengths = NULL;
    if (chunk->leaf->is_levels_only) return MR_OK;
    while (count > 0 && chunk->form == MR_PQ_VALUES_CODED) {
        uint32_t step = MR_MIN(count, (uint32_t)CODES_STEP), *codes;
        MR_TRY(codes_next(chunk, step, &codes, err));
        count -= step;
    }
    while (count > 0 && chunk->form == MR_PQ_VALUES_BITS) {
        uint64_t bits[BITS_STEP / 64] = {0};
        uint32_t step = MR_MIN(count, (uint32_t)BITS_STEP);
        if (!mr_runs_bits(&chunk->codes, bits, 0, step)) {
            return mr_pq_chunk_corrupt(chunk, "bits are missing", err);
        }
        count -= step;
    }
    if (count == 0) return MR_OK;
    if (chunk->form == MR_PQ_VALUES_TEXTS) {
        if (count > chunk->lengths.used / sizeof *lengths - chunk->length_at) {
            return mr_pq_chunk_corrupt(chunk, "texts are missing", err);
        }
        lengths = (const uint32_t *)(void *)chunk->lengths.at + chunk->length_at;
        chunk->length_at += count;
    }
    return mr_pq_skip_plain(chunk->leaf, &chunk->plain, lengths, count, err);
}
