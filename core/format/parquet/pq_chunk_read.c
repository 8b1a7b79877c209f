#include "core/format/parquet/pq_chunk_read.h"

#include "core/base/checked.h"
#include "kernels/codec/crc.h"
#include "kernels/encode/bitpack.h"
#include "kernels/encode/rle.h"

static mr_status chunk_corrupt(const struct mr_pq_chunk_reader *chunk, const char *what,
                               struct mr_err *err)
{
    struct mr_span name = chunk->leaf->name;
    return mr_err_set(err, MR_E_CORRUPT, 2510, "column %.*s: %s",
                      (int)MR_MIN(name.bytes, (size_t)100), name.text, what);
}

static struct mr_pq_grow *chunk_grows(struct mr_pq_chunk_reader *chunk, size_t i)
{
    struct mr_pq_grow *grows[] = {&chunk->body,       &chunk->defs,       &chunk->reps,
                                  &chunk->codes,      &chunk->plain_room, &chunk->dict_values,
                                  &chunk->dict_texts, &chunk->out_defs,   &chunk->out_reps,
                                  &chunk->out_values};
    return i < MR_COUNT_OF(grows) ? grows[i] : NULL;
}

void mr_pq_chunk_reader_init(struct mr_pq_chunk_reader *chunk, struct mr_heap *heap,
                             struct mr_codec *codec, const struct mr_pq_reading_leaf *leaf)
{
    struct mr_pq_grow *grow;
    *chunk = (struct mr_pq_chunk_reader){.leaf = leaf, .codec = codec};
    for (size_t i = 0; (grow = chunk_grows(chunk, i)) != NULL; i++) grow->heap = heap;
}

void mr_pq_chunk_reader_fini(struct mr_pq_chunk_reader *chunk)
{
    struct mr_pq_grow *grow;
    for (size_t i = 0; (grow = chunk_grows(chunk, i)) != NULL; i++) mr_pq_grow_fini(grow);
}

mr_status mr_pq_chunk_reader_begin(struct mr_pq_chunk_reader *chunk, struct mr_span file,
                                   const struct mr_pq_column_meta *meta, struct mr_err *err)
{
    chunk->meta = meta;
    chunk->at = (const uint8_t *)file.text + meta->off;
    chunk->end = chunk->at + meta->bytes;
    chunk->entries_left = meta->entries;
    chunk->page_entries = chunk->entry = 0;
    chunk->has_dict = false;
    if (meta->kind != chunk->leaf->kind) {
        return chunk_corrupt(chunk, "the column's type is not the schema's", err);
    }
    if (!mr_codec_can_read(meta->codec)) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511,
                          "compression codec %lld (%s) cannot be read here",
                          (long long)meta->codec_number, mr_codec_name(meta->codec));
    }
    return MR_OK;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* The part of a page's body that goes through the codec: stored[bytes] to raw_bytes. */
static mr_status body_unpack(struct mr_pq_chunk_reader *chunk, struct mr_span stored,
                             size_t raw_bytes, bool is_compressed, struct mr_span *out,
                             struct mr_err *err)
{
    if (!is_compressed || chunk->meta->codec == MR_CODEC_NONE) {
        if (stored.bytes != raw_bytes) return chunk_corrupt(chunk, "a page's size is wrong", err);
        *out = stored;
        return MR_OK;
    }
    chunk->body.used = 0;
    MR_TRY(mr_pq_grow_reserve(&chunk->body, raw_bytes + MR_PAD, err));
    /* A v2 page without values may have nothing to decompress. */
    if (stored.bytes > 0 || raw_bytes > 0) {
        MR_TRY(mr_codec_decompress(chunk->codec, chunk->meta->codec, stored.text, stored.bytes,
                                   chunk->body.at, raw_bytes, err));
    }
    *out = (struct mr_span){(const char *)chunk->body.at, raw_bytes};
    return MR_OK;
}

static mr_status levels_decode(struct mr_pq_chunk_reader *chunk, struct mr_span in,
                               uint8_t level_max, struct mr_pq_grow *levels, struct mr_err *err)
{
    levels->used = 0;
    if (level_max == 0) return MR_OK;
    unsigned width = mr_bitpack_width(level_max);
    MR_TRY(mr_pq_grow_reserve(levels, chunk->page_entries, err));
    if (!mr_rle_decode_u8((const uint8_t *)in.text, in.bytes, width, levels->at,
                          chunk->page_entries)) {
        return chunk_corrupt(chunk, "levels end too early", err);
    }
    levels->used = chunk->page_entries;
    for (uint32_t i = 0; i < chunk->page_entries; i++) {
        if (levels->at[i] > level_max) return chunk_corrupt(chunk, "a level is too high", err);
    }
    return MR_OK;
}

/* v1: a 4-byte length in front of the levels. */
static mr_status levels_split(struct mr_pq_chunk_reader *chunk, uint8_t level_max,
                              struct mr_span *page, struct mr_span *out, struct mr_err *err)
{
    uint32_t bytes;
    *out = (struct mr_span){page->text, 0};
    if (level_max == 0) return MR_OK;
    if (page->bytes < sizeof bytes) return chunk_corrupt(chunk, "levels are missing", err);
    memcpy(&bytes, page->text, sizeof bytes);
    if (bytes > page->bytes - sizeof bytes) {
        return chunk_corrupt(chunk, "levels are longer than their page", err);
    }
    *out = (struct mr_span){page->text + sizeof bytes, bytes};
    page->text += sizeof bytes + bytes;
    page->bytes -= sizeof bytes + bytes;
    return MR_OK;
}

static mr_status codes_decode(struct mr_pq_chunk_reader *chunk, struct mr_span page, uint32_t count,
                              struct mr_err *err)
{
    chunk->codes.used = 0;
    chunk->code = 0;
    if (!chunk->has_dict) return chunk_corrupt(chunk, "codes come without a dictionary", err);
    if (count == 0) return MR_OK;
    MR_TRY(mr_pq_grow_reserve(&chunk->codes, (size_t)count * sizeof(uint32_t), err));
    uint32_t *codes = (uint32_t *)chunk->codes.at;
    unsigned width = page.bytes == 0 ? 0 : (uint8_t)page.text[0];
    if (page.bytes == 0 || width > MR_BITPACK_WIDTH_MAX ||
        !mr_rle_decode_u32((const uint8_t *)page.text + 1, page.bytes - 1, width, codes, count)) {
        return chunk_corrupt(chunk, "codes end too early", err);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (codes[i] >= chunk->dict_count) {
            return chunk_corrupt(chunk, "a code is beyond its dictionary", err);
        }
    }
    chunk->codes.used = (size_t)count * sizeof(uint32_t);
    return MR_OK;
}

static mr_status values_load(struct mr_pq_chunk_reader *chunk, int32_t encoding,
                             struct mr_span page, struct mr_err *err)
{
    uint32_t count = 0;
    if (chunk->defs.used == 0) count = chunk->page_entries;
    for (size_t i = 0; i < chunk->defs.used; i++) {
        count += chunk->defs.at[i] == chunk->leaf->max_def;
    }
    chunk->is_coded = encoding == MR_PQ_RLE_DICTIONARY || encoding == MR_PQ_PLAIN_DICTIONARY;
    if (chunk->is_coded) return codes_decode(chunk, page, count, err);
    return mr_pq_decode_plain(chunk->leaf, encoding, count, page, &chunk->plain_room, &chunk->plain,
                              err);
}

static mr_status data_page_load(struct mr_pq_chunk_reader *chunk,
                                const struct mr_pq_page_header *header, struct mr_span stored,
                                struct mr_err *err)
{
    struct mr_span page, reps, defs;
    const struct mr_pq_reading_leaf *leaf = chunk->leaf;
    bool is_v2 = header->type == MR_PQ_DATA_PAGE_V2;
    if (header->entries > chunk->entries_left) {
        return chunk_corrupt(chunk, "pages hold more values than the column", err);
    }
    chunk->page_entries = header->entries;
    chunk->entry = 0;
    if (is_v2) {
        uint64_t level_bytes = (uint64_t)header->rep_bytes + header->def_bytes;
        if (level_bytes > stored.bytes || level_bytes > header->raw_bytes) {
            return chunk_corrupt(chunk, "levels are longer than their page", err);
        }
        reps = (struct mr_span){stored.text, header->rep_bytes};
        defs = (struct mr_span){stored.text + header->rep_bytes, header->def_bytes};
        stored.text += level_bytes;
        stored.bytes -= level_bytes;
        MR_TRY(body_unpack(chunk, stored, header->raw_bytes - level_bytes, header->is_compressed,
                           &page, err));
    } else {
        if ((leaf->max_rep > 0 && header->rep_encoding != MR_PQ_RLE) ||
            (leaf->max_def > 0 && header->def_encoding != MR_PQ_RLE)) {
            return mr_err_set(err, MR_E_UNSUPPORTED, 2511,
                              "a page has level encoding %d or %d, unknown here",
                              header->rep_encoding, header->def_encoding);
        }
        MR_TRY(body_unpack(chunk, stored, header->raw_bytes, true, &page, err));
        MR_TRY(levels_split(chunk, leaf->max_rep, &page, &reps, err));
        MR_TRY(levels_split(chunk, leaf->max_def, &page, &defs, err));
    }
    MR_TRY(levels_decode(chunk, reps, leaf->max_rep, &chunk->reps, err));
    MR_TRY(levels_decode(chunk, defs, leaf->max_def, &chunk->defs, err));
    MR_TRY(values_load(chunk, header->encoding, page, err));
    chunk->entries_left -= header->entries;
    return MR_OK;
}

static mr_status dict_load(struct mr_pq_chunk_reader *chunk, const struct mr_pq_page_header *header,
                           struct mr_span stored, struct mr_err *err)
{
    struct mr_span page, plain;
    if (chunk->has_dict) return chunk_corrupt(chunk, "it has two dictionaries", err);
    if (header->encoding != MR_PQ_PLAIN && header->encoding != MR_PQ_PLAIN_DICTIONARY) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "a dictionary has encoding %d, unknown here",
                          header->encoding);
    }
    MR_TRY(body_unpack(chunk, stored, header->raw_bytes, true, &page, err));
    /* A value takes a bit at least, or no byte but then there is one value only. */
    if (header->entries > 8 * (uint64_t)page.bytes + 1) {
        return chunk_corrupt(chunk, "a dictionary is shorter than its count", err);
    }
    MR_TRY(mr_pq_decode_plain(chunk->leaf, MR_PQ_PLAIN, header->entries, page, &chunk->plain_room,
                              &plain, err));
    chunk->dict_values.used = chunk->dict_texts.used = 0;
    MR_TRY(mr_pq_take_values(chunk->leaf, &plain, header->entries, &chunk->dict_values,
                             &chunk->dict_texts, err));
    chunk->dict_count = header->entries;
    chunk->has_dict = true;
    return MR_OK;
}

static mr_status page_load(struct mr_pq_chunk_reader *chunk, struct mr_err *err)
{
    struct mr_pq_page_header header;
    if (chunk->at == chunk->end) {
        return chunk_corrupt(chunk, "it ends before its row group does", err);
    }
    MR_TRY(mr_pq_page_header_read(chunk->at, (size_t)(chunk->end - chunk->at), &header, err));
    struct mr_span stored = {(const char *)chunk->at + header.header_bytes, header.stored_bytes};
    chunk->at += header.header_bytes + header.stored_bytes;
    bool has_crc = header.has_crc && !chunk->ignores_crc;
    if (has_crc && mr_crc32(0, stored.text, stored.bytes) != header.crc) {
        return chunk_corrupt(chunk, "a page's checksum (CRC) differs", err);
    }
    switch (header.type) {
    case MR_PQ_DICTIONARY_PAGE: return dict_load(chunk, &header, stored, err);
    case MR_PQ_DATA_PAGE:
    case MR_PQ_DATA_PAGE_V2: return data_page_load(chunk, &header, stored, err);
    default: return MR_OK; /* index pages and what is yet to be invented are skipped */
    }
}

/* ---- entries --------------------------------------------------------------------------------- */

static mr_status coded_take(struct mr_pq_chunk_reader *chunk, uint32_t count,
                            struct mr_pq_grow *texts, struct mr_err *err)
{
    if (count == 0) return MR_OK;
    const uint32_t *codes = (const uint32_t *)chunk->codes.at + chunk->code;
    uint32_t width = mr_pq_value_bytes(chunk->leaf);
    MR_TRY(mr_pq_grow_reserve(&chunk->out_values, (size_t)count * width, err));
    uint8_t *out = chunk->out_values.at + chunk->out_values.used;
    const struct mr_bufs bufs = {.at = {(const char *)chunk->dict_texts.at}, .count = 1};
    MR_ASSERT(chunk->code + (size_t)count <= chunk->codes.used / sizeof *codes);
    for (uint32_t i = 0; i < count; i++, out += width) {
        memcpy(out, chunk->dict_values.at + (size_t)codes[i] * width, width);
        if (chunk->leaf->convert != MR_PQ_TO_TEXT) continue;
        struct mr_view *view = (struct mr_view *)out;
        if (view->bytes <= MR_VIEW_INLINE_MAX) continue;
        MR_TRY(mr_pq_take_text(mr_view_span(&bufs, view), texts, view, err));
    }
    chunk->out_values.used += (size_t)count * width;
    chunk->code += count;
    return MR_OK;
}

static mr_status levels_take(struct mr_pq_grow *out, const struct mr_pq_grow *levels, uint32_t from,
                             uint32_t count, struct mr_err *err)
{
    if (levels->used > 0) return mr_pq_grow_add(out, levels->at + from, count, err);
    MR_TRY(mr_pq_grow_reserve(out, count, err));
    memset(out->at + out->used, 0, count);
    out->used += count;
    return MR_OK;
}

/* Entries from chunk->entry to `to` of the page go out. */
static mr_status entries_take(struct mr_pq_chunk_reader *chunk, uint32_t to,
                              struct mr_pq_grow *texts, struct mr_err *err)
{
    uint32_t from = chunk->entry, count = to - from, values = count;
    if (chunk->defs.used > 0) {
        values = 0;
        for (uint32_t i = from; i < to; i++) values += chunk->defs.at[i] == chunk->leaf->max_def;
    }
    MR_TRY(levels_take(&chunk->out_defs, &chunk->defs, from, count, err));
    MR_TRY(levels_take(&chunk->out_reps, &chunk->reps, from, count, err));
    chunk->entry = to;
    if (chunk->is_coded) return coded_take(chunk, values, texts, err);
    return mr_pq_take_values(chunk->leaf, &chunk->plain, values, &chunk->out_values, texts, err);
}

/* Where in the page the rows end that may still begin: *rows of them; counts those that begin. */
static uint32_t rows_end(const struct mr_pq_chunk_reader *chunk, uint32_t *rows)
{
    if (chunk->reps.used == 0) {
        uint32_t step = MR_MIN(*rows, chunk->page_entries - chunk->entry);
        *rows -= step;
        return chunk->entry + step;
    }
    uint32_t at = chunk->entry;
    for (; at < chunk->page_entries; at++) {
        if (chunk->reps.at[at] != 0) continue;
        if (*rows == 0) break;
        --*rows;
    }
    return at;
}

mr_status mr_pq_chunk_reader_take(struct mr_pq_chunk_reader *chunk, uint32_t rows,
                                  struct mr_pq_grow *texts, struct mr_err *err)
{
    bool is_repeated = chunk->leaf->max_rep > 0;
    chunk->out_defs.used = chunk->out_reps.used = chunk->out_values.used = 0;
    for (;;) {
        if (chunk->entry == chunk->page_entries) {
            /* The last row of a repeated column may go on in the next page. */
            if (rows == 0 && (!is_repeated || chunk->entries_left == 0)) break;
            MR_TRY(page_load(chunk, err));
            continue;
        }
        uint32_t to = rows_end(chunk, &rows);
        bool is_done = to < chunk->page_entries || (rows == 0 && !is_repeated);
        MR_TRY(entries_take(chunk, to, texts, err));
        if (is_done) break;
    }
    if (chunk->out_reps.used > 0 && chunk->out_reps.at[0] != 0) {
        return chunk_corrupt(chunk, "it begins in the middle of a row", err);
    }
    return MR_OK;
}
