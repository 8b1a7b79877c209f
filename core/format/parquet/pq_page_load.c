/* Pages: header, checksum, codec, levels, and the values made ready to be taken. */
#include "core/base/checked.h"
#include "core/format/parquet/pq_chunk_read.h"
#include "kernels/codec/crc.h"
#include "kernels/encode/bitpack.h"

enum { HEADER_FIRST = 1024, HEADER_BYTES_MAX = 16 << 20 };

/* A part of a page and the block that it lies in. */
struct page_part {
    struct mr_span span;
    struct mr_pq_block *block;
};

/* The part of a page's body that goes through the codec: stored[bytes] to raw_bytes. */
static mr_status body_unpack(struct mr_pq_chunk_reader *chunk, struct mr_span stored,
                             size_t raw_bytes, bool is_compressed, struct page_part *out,
                             struct mr_err *err)
{
    mr_codec_id codec = chunk->plan.meta->codec;
    if (!is_compressed || codec == MR_CODEC_NONE) {
        if (stored.bytes != raw_bytes) {
            return mr_pq_chunk_corrupt(chunk, "a page's size is wrong", err);
        }
        *out = (struct page_part){.span = stored, .block = chunk->stored};
        return MR_OK;
    }
    if (raw_bytes > chunk->page_bytes_max) {
        return mr_err_set(err, MR_E_LIMIT, 2512, "a page of %zu bytes is above the limit of %zu",
                          raw_bytes, chunk->page_bytes_max);
    }
    if (!mr_pq_block_renew(&chunk->body, chunk->heap, raw_bytes)) {
        return mr_pq_chunk_nomem(chunk, raw_bytes, err);
    }
    /* A v2 page without values may have nothing to decompress. */
    if (stored.bytes > 0 || raw_bytes > 0) {
        MR_TRY(mr_codec_decompress(chunk->codec, codec, stored.text, stored.bytes, chunk->body->at,
                                   raw_bytes, err));
    }
    *out = (struct page_part){.span = {(const char *)chunk->body->at, raw_bytes},
                              .block = chunk->body};
    return MR_OK;
}

/* ---- levels ---------------------------------------------------------------------------------- */

static mr_status take_prefix(struct mr_pq_chunk_reader *chunk, struct mr_span *page, uint64_t bytes,
                             struct mr_span *out, struct mr_err *err)
{
    if (bytes > page->bytes) {
        return mr_pq_chunk_corrupt(chunk, "levels are longer than their page", err);
    }
    *out = (struct mr_span){page->text, (size_t)bytes};
    page->text += bytes;
    page->bytes -= (size_t)bytes;
    return MR_OK;
}

/* The old encoding has the highest bit first: they become what a packed run would hold. */
static mr_status levels_turn(struct mr_pq_chunk_reader *chunk, struct mr_span in, unsigned width,
                             struct mr_pq_grow *room, struct mr_runs *out, struct mr_err *err)
{
    room->used = 0;
    MR_TRY(mr_pq_grow_reserve(room, in.bytes, err));
    memset(room->at, 0, in.bytes);
    size_t bits = (size_t)chunk->page_entries * width;
    for (size_t i = 0; i < bits; i++) {
        unsigned bit = (uint8_t)in.text[i / 8] >> (7 - i % 8) & 1;
        size_t to = i / width * width + (width - 1 - i % width);
        room->at[to / 8] = (uint8_t)(room->at[to / 8] | bit << to % 8);
    }
    room->used = in.bytes;
    if (!mr_runs_open_packed(out, room->at, in.bytes, width, chunk->page_entries)) {
        return mr_pq_chunk_corrupt(chunk, "levels end too early", err);
    }
    return MR_OK;
}

/* Levels of a v1 page, behind a 4-byte length, or of as many bytes as they need. */
static mr_status levels_open(struct mr_pq_chunk_reader *chunk, int32_t encoding, uint8_t level_max,
                             struct mr_pq_grow *room, struct mr_span *page, struct mr_runs *out,
                             struct mr_err *err)
{
    unsigned width = mr_bitpack_width(level_max);
    struct mr_span part;
    uint32_t bytes;
    if (level_max == 0) return MR_OK;
    if (encoding == MR_PQ_BIT_PACKED) {
        uint64_t needed = ((uint64_t)chunk->page_entries * width + 7) / 8;
        MR_TRY(take_prefix(chunk, page, needed, &part, err));
        return levels_turn(chunk, part, width, room, out, err);
    }
    if (encoding != MR_PQ_RLE) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "a page has level encoding %d, unknown here",
                          encoding);
    }
    MR_TRY(take_prefix(chunk, page, sizeof bytes, &part, err));
    memcpy(&bytes, part.text, sizeof bytes);
    MR_TRY(take_prefix(chunk, page, bytes, &part, err));
    mr_runs_open(out, (const uint8_t *)part.text, part.bytes, width);
    return MR_OK;
}

static mr_status levels_decode(struct mr_pq_chunk_reader *chunk, struct mr_runs *runs,
                               uint8_t level_max, struct mr_pq_grow *levels, struct mr_err *err)
{
    uint32_t count = chunk->page_entries;
    uint8_t highest = 0;
    levels->used = 0;
    MR_TRY(mr_pq_grow_reserve(levels, count, err));
    if (level_max == 0) {
        if (count > 0) memset(levels->at, 0, count);
    } else if (!mr_runs_u8(runs, chunk->kernels, levels->at, count)) {
        return mr_pq_chunk_corrupt(chunk, "levels end too early", err);
    }
    for (uint32_t i = 0; i < count; i++) highest = MR_MAX(highest, levels->at[i]);
    if (highest > level_max) return mr_pq_chunk_corrupt(chunk, "a level is too high", err);
    levels->used = count;
    return MR_OK;
}

/* ---- values ---------------------------------------------------------------------------------- */

static mr_status codes_open(struct mr_pq_chunk_reader *chunk, struct mr_span page,
                            struct mr_err *err)
{
    unsigned width = page.bytes == 0 ? 0 : (uint8_t)page.text[0];
    if (width > MR_BITPACK_WIDTH_MAX) {
        return mr_pq_chunk_corrupt(chunk, "codes are wider than 32 bits", err);
    }
    size_t skip = page.bytes == 0 ? 0 : 1;
    chunk->form = MR_PQ_VALUES_CODED;
    mr_runs_open(&chunk->codes, (const uint8_t *)page.text + skip, page.bytes - skip, width);
    return MR_OK;
}

static mr_status bits_open(struct mr_pq_chunk_reader *chunk, int32_t encoding, struct mr_span page,
                           struct mr_err *err)
{
    uint32_t bytes;
    chunk->form = MR_PQ_VALUES_BITS;
    if (encoding == MR_PQ_PLAIN) {
        uint64_t count = (uint64_t)page.bytes * 8;
        (void)mr_runs_open_packed(&chunk->codes, (const uint8_t *)page.text, page.bytes, 1, count);
        return MR_OK;
    }
    if (encoding != MR_PQ_RLE) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "booleans have encoding %d, unknown here",
                          encoding);
    }
    if (page.bytes < sizeof bytes) {
        return mr_pq_chunk_corrupt(chunk, "runs of bits are missing", err);
    }
    memcpy(&bytes, page.text, sizeof bytes);
    if (bytes > page.bytes - sizeof bytes) {
        return mr_pq_chunk_corrupt(chunk, "runs of bits end too early", err);
    }
    mr_runs_open(&chunk->codes, (const uint8_t *)page.text + sizeof bytes, bytes, 1);
    return MR_OK;
}

static mr_status values_open(struct mr_pq_chunk_reader *chunk, int32_t encoding,
                             const struct page_part *part, struct mr_err *err)
{
    struct mr_span page = part->span;
    const struct mr_pq_decoding with = {.leaf = chunk->leaf,
                                        .kernels = chunk->kernels,
                                        .entries = chunk->page_entries,
                                        .block = &chunk->built,
                                        .heap = chunk->heap,
                                        .lengths = &chunk->lengths};
    chunk->form = MR_PQ_VALUES_PLAIN;
    chunk->held = part->block;
    chunk->length_at = 0;
    if (chunk->leaf->is_levels_only) return MR_OK;
    if (encoding == MR_PQ_RLE_DICTIONARY || encoding == MR_PQ_PLAIN_DICTIONARY) {
        return codes_open(chunk, page, err);
    }
    if (chunk->leaf->kind == MR_PQ_BOOLEAN) return bits_open(chunk, encoding, page, err);
    switch (encoding) {
    case MR_PQ_PLAIN: break;
    case MR_PQ_DELTA_BINARY_PACKED:
        MR_TRY(mr_pq_decode_integers(&with, page, &page, err));
        chunk->held = chunk->built;
        break;
    case MR_PQ_BYTE_STREAM_SPLIT:
        MR_TRY(mr_pq_decode_split(&with, page, &page, err));
        chunk->held = chunk->built;
        break;
    case MR_PQ_DELTA_LENGTH_BYTES:
    case MR_PQ_DELTA_BYTES:
        MR_TRY(mr_pq_decode_texts(&with, page, encoding == MR_PQ_DELTA_BYTES, &page, err));
        if (encoding == MR_PQ_DELTA_BYTES) chunk->held = chunk->built;
        if (chunk->leaf->kind == MR_PQ_BYTES) chunk->form = MR_PQ_VALUES_TEXTS;
        break;
    default:
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "a page has encoding %d, unknown here",
                          encoding);
    }
    chunk->plain = page;
    chunk->base = page.text;
    return MR_OK;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static mr_status data_page_open(struct mr_pq_chunk_reader *chunk,
                                const struct mr_pq_page_header *header, struct mr_span stored,
                                struct mr_err *err)
{
    const struct mr_pq_reading_leaf *leaf = chunk->leaf;
    struct mr_runs reps = {0};
    struct page_part page;
    if (header->type == MR_PQ_DATA_PAGE_V2) {
        struct mr_span levels;
        uint64_t level_bytes = (uint64_t)header->rep_bytes + header->def_bytes;
        if (level_bytes > header->raw_bytes) {
            return mr_pq_chunk_corrupt(chunk, "levels are longer than their page", err);
        }
        MR_TRY(take_prefix(chunk, &stored, header->rep_bytes, &levels, err));
        mr_runs_open(&reps, (const uint8_t *)levels.text, levels.bytes,
                     mr_bitpack_width(leaf->max_rep));
        MR_TRY(take_prefix(chunk, &stored, header->def_bytes, &levels, err));
        mr_runs_open(&chunk->level_runs, (const uint8_t *)levels.text, levels.bytes,
                     mr_bitpack_width(leaf->max_def));
        MR_TRY(body_unpack(chunk, stored, header->raw_bytes - level_bytes, header->is_compressed,
                           &page, err));
    } else {
        MR_TRY(body_unpack(chunk, stored, header->raw_bytes, true, &page, err));
        MR_TRY(levels_open(chunk, header->rep_encoding, leaf->max_rep, &chunk->old_levels[0],
                           &page.span, &reps, err));
        MR_TRY(levels_open(chunk, header->def_encoding, leaf->max_def, &chunk->old_levels[1],
                           &page.span, &chunk->level_runs, err));
    }
    if (!mr_pq_chunk_is_flat(chunk)) {
        MR_TRY(levels_decode(chunk, &reps, leaf->max_rep, &chunk->reps, err));
        MR_TRY(levels_decode(chunk, &chunk->level_runs, leaf->max_def, &chunk->defs, err));
    }
    return values_open(chunk, header->encoding, &page, err);
}

static mr_status data_page(struct mr_pq_chunk_reader *chunk, const struct mr_pq_page_header *header,
                           struct mr_span stored, struct mr_err *err)
{
    if (header->entries > chunk->entries_left) {
        return mr_pq_chunk_corrupt(chunk, "pages hold more values than the column", err);
    }
    chunk->entries_left -= header->entries;
    if (mr_pq_chunk_is_flat(chunk) && header->entries <= chunk->skip) {
        chunk->skip -= header->entries;
        chunk->row += header->entries;
        return MR_OK;
    }
    chunk->page_entries = header->entries;
    chunk->entry = 0;
    chunk->slot_serial = 0;
    mr_status status = data_page_open(chunk, header, stored, err);
    if (status != MR_OK) chunk->page_entries = 0;
    return status;
}

static mr_status dict_page(struct mr_pq_chunk_reader *chunk, const struct mr_pq_page_header *header,
                           struct mr_span stored, struct mr_err *err)
{
    struct page_part page;
    if (chunk->has_dict) return mr_pq_chunk_corrupt(chunk, "it has two dictionaries", err);
    if (header->encoding != MR_PQ_PLAIN && header->encoding != MR_PQ_PLAIN_DICTIONARY) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "a dictionary has encoding %d, unknown here",
                          header->encoding);
    }
    if (chunk->leaf->kind == MR_PQ_BOOLEAN && !chunk->leaf->is_levels_only) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "a dictionary of booleans cannot be read");
    }
    if (chunk->leaf->is_levels_only) return MR_OK;
    MR_TRY(body_unpack(chunk, stored, header->raw_bytes, true, &page, err));
    return mr_pq_dict_make(chunk, page.span, page.block, header->entries, err);
}

/* The header at the cursor: as many bytes as it takes, up to a limit. */
static mr_status header_read(struct mr_pq_chunk_reader *chunk, struct mr_pq_page_header *out,
                             struct mr_err *err)
{
    uint64_t left = mr_pq_cursor_left(&chunk->cursor), wanted = MR_MIN(left, (uint64_t)1);
    for (;;) {
        struct mr_pq_block *block;
        struct mr_span at;
        MR_TRY(mr_pq_cursor_peek(&chunk->cursor, wanted, &at, &block, err));
        mr_status status = mr_pq_page_header_read((const uint8_t *)at.text, at.bytes, out, err);
        mr_pq_block_unref(block);
        if (status == MR_OK || at.bytes == left || at.bytes >= HEADER_BYTES_MAX) return status;
        wanted = MR_MAX((uint64_t)HEADER_FIRST, 2 * (uint64_t)at.bytes);
    }
}

mr_status mr_pq_page_load(struct mr_pq_chunk_reader *chunk, struct mr_err *err)
{
    struct mr_pq_page_header header;
    struct mr_pq_block *block;
    struct mr_span page;
    MR_TRY(header_read(chunk, &header, err));
    uint64_t bytes = (uint64_t)header.header_bytes + header.stored_bytes;
    if (bytes > mr_pq_cursor_left(&chunk->cursor)) {
        return mr_pq_chunk_corrupt(chunk, "a page is larger than its column", err);
    }
    MR_TRY(mr_pq_cursor_peek(&chunk->cursor, bytes, &page, &block, err));
    mr_pq_cursor_pass(&chunk->cursor, bytes);
    mr_pq_block_unref(chunk->stored);
    chunk->stored = block;
    struct mr_span stored = {page.text + header.header_bytes, header.stored_bytes};
    bool has_crc = header.has_crc && !chunk->ignores_crc;
    if (has_crc && mr_crc32(0, stored.text, stored.bytes) != header.crc) {
        return mr_pq_chunk_corrupt(chunk, "a page's checksum (CRC) differs", err);
    }
    switch (header.type) {
    case MR_PQ_DICTIONARY_PAGE: return dict_page(chunk, &header, stored, err);
    case MR_PQ_DATA_PAGE:
    case MR_PQ_DATA_PAGE_V2: return data_page(chunk, &header, stored, err);
    default: return MR_OK; /* index pages and what is yet to be invented are skipped */
    }
}
