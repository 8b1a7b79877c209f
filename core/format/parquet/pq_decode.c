#include "core/format/parquet/pq_decode.h"

#include "core/base/checked.h"

enum { DELTA_STEP = 256 }; /* values unpacked at a time */

static mr_status decode_corrupt(const char *what, struct mr_err *err)
{
    return mr_err_set(err, MR_E_CORRUPT, 2510, "a page's values are corrupt: %s", what);
}

static mr_status decode_nomem(size_t bytes, struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for %zu bytes of a page", bytes);
}

uint32_t mr_pq_plain_bytes(const struct mr_pq_reading_leaf *leaf)
{
    switch (leaf->kind) {
    case MR_PQ_INT32:
    case MR_PQ_FLOAT: return 4;
    case MR_PQ_INT64:
    case MR_PQ_DOUBLE: return 8;
    case MR_PQ_INT96: return 12;
    case MR_PQ_FIXED: return leaf->fixed_bytes;
    default: return 0;
    }
}

/* ---- integer deltas -------------------------------------------------------------------------- */

static bool get_varint(struct mr_span *page, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && page->bytes > 0; shift += 7) {
        uint8_t byte = (uint8_t)*page->text++;
        page->bytes--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static int64_t zigzag(uint64_t raw)
{
    return (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
}

/* Deltas of more than 32 bits: rare, and one by one. */
static uint64_t unpack_u64(const uint8_t *in, size_t bit, unsigned width)
{
    uint64_t value = 0;
    for (unsigned got = 0; got < width;) {
        unsigned skip = (unsigned)(bit % 8), take = MR_MIN(8 - skip, width - got);
        uint64_t part = (uint64_t)(in[bit / 8] >> skip) & ((1u << take) - 1);
        value |= part << got;
        got += take;
        bit += take;
    }
    return value;
}

struct delta_walk {
    const struct mr_decode_kernels *kernels;
    struct mr_span page;
    unsigned value_bytes;
    uint64_t value; /* the running one */
    uint64_t min_delta;
    uint8_t *out;
    uint32_t count;
    uint32_t done;
};

static void delta_store(struct delta_walk *walk)
{
    memcpy(walk->out + (size_t)walk->done * walk->value_bytes, &walk->value, walk->value_bytes);
    walk->done++;
}

/* `count` values of a miniblock, a multiple of eight or its last. */
static void delta_values(struct delta_walk *walk, const uint8_t *in, uint64_t from, unsigned width,
                         uint32_t count)
{
    uint32_t deltas[DELTA_STEP];
    if (width > 32) {
        for (uint32_t i = 0; i < count; i++) {
            walk->value += walk->min_delta + unpack_u64(in, (from + i) * width, width);
            delta_store(walk);
        }
        return;
    }
    const uint8_t *end = (const uint8_t *)walk->page.text + walk->page.bytes;
    walk->kernels->unpack_u32(in + from / 8 * width, end, count, width, deltas);
    if (walk->value_bytes == sizeof(uint64_t)) {
        uint64_t *out = (uint64_t *)(void *)walk->out + walk->done;
        for (uint32_t i = 0; i < count; i++) out[i] = walk->value += walk->min_delta + deltas[i];
    } else {
        uint32_t *out = (uint32_t *)(void *)walk->out + walk->done;
        uint32_t value = (uint32_t)walk->value, least = (uint32_t)walk->min_delta;
        for (uint32_t i = 0; i < count; i++) out[i] = value += least + deltas[i];
        walk->value = value;
    }
    walk->done += count;
}

/* One block: min delta, a width per miniblock, the miniblocks. */
static mr_status delta_block(struct delta_walk *walk, uint64_t minis, uint64_t mini_values,
                             struct mr_err *err)
{
    uint64_t raw;
    if (!get_varint(&walk->page, &raw) || walk->page.bytes < minis) {
        return decode_corrupt("a block of deltas ends too early", err);
    }
    walk->min_delta = (uint64_t)zigzag(raw);
    const uint8_t *widths = (const uint8_t *)walk->page.text;
    walk->page.text += minis;
    walk->page.bytes -= minis;
    for (uint64_t m = 0; m < minis && walk->done < walk->count; m++) {
        unsigned width = widths[m];
        size_t mini_bytes = mini_values / 8 * width;
        if (width > 64 || mini_bytes > walk->page.bytes) {
            return decode_corrupt("a miniblock of deltas ends too early", err);
        }
        const uint8_t *in = (const uint8_t *)walk->page.text;
        uint64_t here = MR_MIN(mini_values, (uint64_t)(walk->count - walk->done));
        for (uint64_t i = 0; i < here; i += DELTA_STEP) {
            delta_values(walk, in, i, width, (uint32_t)MR_MIN(here - i, (uint64_t)DELTA_STEP));
        }
        walk->page.text += mini_bytes;
        walk->page.bytes -= mini_bytes;
    }
    return MR_OK;
}

mr_status mr_pq_decode_delta(const struct mr_decode_kernels *kernels, struct mr_span page,
                             unsigned value_bytes, uint32_t most, struct mr_pq_block **block,
                             struct mr_heap *heap, uint32_t *count, size_t *taken,
                             struct mr_err *err)
{
    uint64_t values, minis, total, first;
    size_t page_bytes = page.bytes;
    if (!get_varint(&page, &values) || !get_varint(&page, &minis) || !get_varint(&page, &total) ||
        !get_varint(&page, &first)) {
        return decode_corrupt("the head of deltas ends too early", err);
    }
    if (values == 0 || values > 1 << 20 || minis == 0 || minis > values || values % minis != 0 ||
        values / minis % 8 != 0 || total > most) {
        return decode_corrupt("the head of deltas contradicts itself", err);
    }
    size_t bytes = (size_t)total * value_bytes;
    if (!mr_pq_block_renew(block, heap, bytes)) return decode_nomem(bytes, err);
    struct delta_walk walk = {.kernels = kernels,
                              .page = page,
                              .value_bytes = value_bytes,
                              .value = (uint64_t)zigzag(first),
                              .out = (*block)->at,
                              .count = (uint32_t)total};
    if (total > 0) delta_store(&walk);
    while (walk.done < walk.count) MR_TRY(delta_block(&walk, minis, values / minis, err));
    *count = walk.count;
    *taken = page_bytes - walk.page.bytes;
    return MR_OK;
}

mr_status mr_pq_decode_integers(const struct mr_pq_decoding *with, struct mr_span page,
                                struct mr_span *out, struct mr_err *err)
{
    unsigned width = mr_pq_plain_bytes(with->leaf);
    uint32_t count;
    size_t taken;
    if (with->leaf->kind != MR_PQ_INT32 && with->leaf->kind != MR_PQ_INT64) {
        return decode_corrupt("deltas of something that is no integer", err);
    }
    MR_TRY(mr_pq_decode_delta(with->kernels, page, width, with->entries, with->block, with->heap,
                              &count, &taken, err));
    *out = (struct mr_span){(const char *)(*with->block)->at, (size_t)count * width};
    return MR_OK;
}

/* ---- split bytes ----------------------------------------------------------------------------- */

/* Eight values of eight bytes at a time: a matrix of bytes is turned by swapping ever smaller
 * blocks of it. returns how many values were joined. */
static size_t split_join8(const uint8_t *in, size_t count, uint8_t *out)
{
    static const uint64_t masks[] = {0x00000000ffffffff, 0x0000ffff0000ffff, 0x00ff00ff00ff00ff};
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        uint64_t rows[8];
        for (size_t k = 0; k < 8; k++) memcpy(&rows[k], in + k * count + i, sizeof rows[k]);
        for (unsigned step = 0; step < 3; step++) {
            unsigned far = 4u >> step, shift = 8 * far;
            for (unsigned k = 0; k < 8; k++) {
                if ((k & far) != 0) continue;
                uint64_t swap = ((rows[k] >> shift) ^ rows[k + far]) & masks[step];
                rows[k + far] ^= swap;
                rows[k] ^= swap << shift;
            }
        }
        memcpy(out + i * 8, rows, sizeof rows);
    }
    return i;
}

mr_status mr_pq_decode_split(const struct mr_pq_decoding *with, struct mr_span page,
                             struct mr_span *out, struct mr_err *err)
{
    size_t width = mr_pq_plain_bytes(with->leaf);
    if (width == 0 || with->leaf->kind == MR_PQ_INT96 || page.bytes % width != 0) {
        return decode_corrupt("split bytes of a wrong type or length", err);
    }
    size_t count = page.bytes / width;
    if (!mr_pq_block_renew(with->block, with->heap, page.bytes)) {
        return decode_nomem(page.bytes, err);
    }
    uint8_t *to = (*with->block)->at;
    const uint8_t *from = (const uint8_t *)page.text;
    size_t done = 0;
    if (width == sizeof(uint64_t)) done = split_join8(from, count, to);
    for (size_t k = 0; k < width; k++) {
        for (size_t i = done; i < count; i++) to[i * width + k] = from[k * count + i];
    }
    *out = (struct mr_span){(const char *)to, page.bytes};
    return MR_OK;
}

/* ---- text deltas ----------------------------------------------------------------------------- */

struct text_walk {
    const struct mr_pq_decoding *with;
    struct mr_pq_block *prefixes; /* uint32_t each */
    struct mr_pq_block *lengths;
    uint32_t count;
    struct mr_span page; /* suffixes */
};

static uint32_t number_at(const struct mr_pq_block *block, uint32_t i)
{
    return block == NULL ? 0 : ((const uint32_t *)(const void *)block->at)[i];
}

static mr_status text_lengths(struct text_walk *walk, bool has_prefixes, struct mr_err *err)
{
    const struct mr_pq_decoding *with = walk->with;
    uint32_t prefixes = 0;
    size_t taken = 0;
    if (has_prefixes) {
        MR_TRY(mr_pq_decode_delta(with->kernels, walk->page, sizeof(uint32_t), with->entries,
                                  &walk->prefixes, with->heap, &prefixes, &taken, err));
        walk->page.text += taken;
        walk->page.bytes -= taken;
    }
    MR_TRY(mr_pq_decode_delta(with->kernels, walk->page, sizeof(uint32_t), with->entries,
                              &walk->lengths, with->heap, &walk->count, &taken, err));
    walk->page.text += taken;
    walk->page.bytes -= taken;
    if (has_prefixes && prefixes != walk->count) {
        return decode_corrupt("prefixes and suffixes of texts differ in number", err);
    }
    return MR_OK;
}

/* Holds every length against what is there. *total is the bytes of all texts. */
static mr_status text_check(const struct text_walk *walk, uint64_t *total, struct mr_err *err)
{
    const struct mr_pq_reading_leaf *leaf = walk->with->leaf;
    uint64_t before = 0, suffixes = 0;
    *total = 0;
    for (uint32_t i = 0; i < walk->count; i++) {
        uint64_t prefix = number_at(walk->prefixes, i), suffix = number_at(walk->lengths, i);
        suffixes += suffix;
        bool is_wrong = leaf->kind == MR_PQ_FIXED && prefix + suffix != leaf->fixed_bytes;
        if (prefix > before || suffixes > walk->page.bytes || is_wrong) {
            return decode_corrupt("a text's length is wrong", err);
        }
        before = prefix + suffix;
        *total += before;
    }
    return MR_OK;
}

/* Texts put together from the front of the one before and their own rest. */
static mr_status text_build(struct text_walk *walk, uint64_t total, struct mr_span *out,
                            struct mr_err *err)
{
    const struct mr_pq_decoding *with = walk->with;
    if (total > UINT32_MAX) return mr_err_set(err, MR_E_LIMIT, 2512, "a page of 4 GiB of texts");
    if (!mr_pq_block_renew(with->block, with->heap, total)) return decode_nomem(total, err);
    uint8_t *at = (*with->block)->at, *before = at;
    const char *suffix = walk->page.text;
    for (uint32_t i = 0; i < walk->count; i++) {
        uint32_t shared = number_at(walk->prefixes, i), rest = number_at(walk->lengths, i);
        memmove(at, before, shared);
        memcpy(at + shared, suffix, rest);
        suffix += rest;
        before = at;
        at += (size_t)shared + rest;
    }
    *out = (struct mr_span){(const char *)(*with->block)->at, total};
    return MR_OK;
}

static mr_status texts_decode(struct text_walk *walk, bool has_prefixes, struct mr_span *out,
                              struct mr_err *err)
{
    const struct mr_pq_decoding *with = walk->with;
    uint64_t total;
    MR_TRY(text_lengths(walk, has_prefixes, err));
    MR_TRY(text_check(walk, &total, err));
    if (has_prefixes) {
        MR_TRY(text_build(walk, total, out, err));
    } else {
        *out = (struct mr_span){walk->page.text, total};
    }
    with->lengths->used = 0;
    if (with->leaf->kind == MR_PQ_FIXED) return MR_OK;
    MR_TRY(mr_pq_grow_reserve(with->lengths, (size_t)walk->count * sizeof(uint32_t), err));
    uint32_t *lengths = (uint32_t *)(void *)with->lengths->at;
    for (uint32_t i = 0; i < walk->count; i++) {
        lengths[i] = number_at(walk->prefixes, i) + number_at(walk->lengths, i);
    }
    with->lengths->used = (size_t)walk->count * sizeof(uint32_t);
    return MR_OK;
}

mr_status mr_pq_decode_texts(const struct mr_pq_decoding *with, struct mr_span page,
                             bool has_prefixes, struct mr_span *out, struct mr_err *err)
{
    struct text_walk walk = {.with = with, .page = page};
    if (with->leaf->kind != MR_PQ_BYTES && with->leaf->kind != MR_PQ_FIXED) {
        return decode_corrupt("text deltas of something that is no text", err);
    }
    mr_status status = texts_decode(&walk, has_prefixes, out, err);
    mr_pq_block_unref(walk.prefixes);
    mr_pq_block_unref(walk.lengths);
    return status;
}
