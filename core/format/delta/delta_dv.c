#include "core/format/delta/delta_dv.h"

#include <inttypes.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_path.h"
#include "kernels/codec/crc.h"
#include "kernels/text/z85.h"

enum {
    ERR_DV = 3120,
    MAGIC_PORTABLE = 1681511377,
    MAGIC_NATIVE = 1681511376,
    COOKIE_PLAIN = 12346,
    COOKIE_RUNS = 12347,
    OFFSETS_FROM = 4, /* containers, when there are runs */
    ARRAY_MAX = 4096,
    PART_ROWS = 1 << 16,
    BITS_BYTES = PART_ROWS / 8,
    UUID_CHARS = 20,
    FRAME_BYTES = 8, /* size and checksum */
    CONTAINERS_MAX = 1 << 16,
};

typedef enum part_kind { PART_ARRAY, PART_BITS, PART_RUNS } part_kind;

struct mr_delta_rows_part {
    uint64_t key; /* row >> 16 */
    part_kind kind;
    uint32_t count;    /* entries of an array, runs */
    const uint8_t *at; /* little-endian, any alignment */
};

static mr_status damaged(const char *what, struct mr_err *err)
{
    return mr_err_set(err, MR_E_CORRUPT, ERR_DV, "the deletion vector is damaged: %s", what);
}

/* ---- where it lies ---- */

static mr_status relative_path(const struct mr_delta_dv *dv, struct mr_text *out,
                               struct mr_err *err)
{
    uint8_t id[UUID_CHARS / 5 * 4];
    size_t prefix = dv->place.bytes - UUID_CHARS;
    if (dv->place.bytes < UUID_CHARS ||
        !mr_z85_decode(dv->place.text + prefix, UUID_CHARS, id)) {
        return damaged("its file's name is no UUID in Z85", err);
    }
    if (prefix > 0) {
        mr_text_add(out, dv->place.text, prefix);
        mr_text_addc(out, '/');
    }
    mr_text_adds(out, "deletion_vector_");
    for (size_t i = 0; i < sizeof id; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) mr_text_addc(out, '-');
        mr_text_addf(out, "%02x", id[i]);
    }
    mr_text_adds(out, ".bin");
    return MR_OK;
}

mr_status mr_delta_dv_path(const struct mr_delta_dv *dv, struct mr_text *out, bool *out_is_absolute,
                           struct mr_err *err)
{
    size_t from = out->used;
    *out_is_absolute = false;
    if (dv->storage == 'u') {
        MR_TRY(relative_path(dv, out, err));
    } else {
        mr_delta_path_decode(dv->place, out);
    }
    MR_TRY(mr_text_end(out, err));
    struct mr_span path = {out->at + from, out->used - from};
    *out_is_absolute = path.bytes > 0 && path.text[0] == '/';
    if (*out_is_absolute && dv->storage == 'p') return MR_OK;
    if (mr_delta_path_is_inside(path)) return MR_OK;
    return mr_err_set(err, MR_E_UNSUPPORTED, ERR_DV,
                      "the deletion vector lies at \"%.*s\", which is no file of the table",
                      (int)MR_MIN(path.bytes, (size_t)200), path.text);
}

mr_status mr_delta_dv_range(const struct mr_delta_dv *dv, uint64_t *out_off, uint32_t *out_bytes,
                            struct mr_err *err)
{
    int64_t off = dv->off == MR_DELTA_NONE ? 1 : dv->off;
    if (off < 1 || dv->bytes < 4 || dv->bytes > INT32_MAX - FRAME_BYTES) {
        return damaged("its offset or size cannot be", err);
    }
    *out_off = (uint64_t)off;
    *out_bytes = (uint32_t)dv->bytes + FRAME_BYTES;
    return MR_OK;
}

/* ---- bytes to containers ---- */

/* What is left of the bytes; reading past their end fails and stays failed. */
struct cursor {
    const uint8_t *at;
    size_t left;
    bool is_failed;
};

static const uint8_t *take(struct cursor *c, size_t bytes)
{
    const uint8_t *at = c->at;
    if (c->is_failed || bytes > c->left) {
        c->is_failed = true;
        return NULL;
    }
    c->at += bytes;
    c->left -= bytes;
    return at;
}

static uint32_t u16_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint64_t take_number(struct cursor *c, size_t bytes)
{
    const uint8_t *at = take(c, bytes);
    uint64_t value = 0;
    for (size_t i = 0; at != NULL && i < bytes; i++) value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* Containers as they are found, in blocks that double. */
struct parts {
    struct mr_arena *arena;
    struct mr_delta_rows_part *at;
    uint32_t count;
    uint32_t capacity;
    uint64_t cardinality;
};

static struct mr_delta_rows_part *parts_add(struct parts *parts)
{
    if (parts->count == parts->capacity) {
        uint32_t capacity = MR_MAX(parts->capacity * 2, 16u);
        struct mr_delta_rows_part *at =
            MR_ARENA_ARRAY(parts->arena, struct mr_delta_rows_part, capacity);
        if (at == NULL) return NULL;
        if (parts->count > 0) memcpy(at, parts->at, parts->count * sizeof *at);
        parts->at = at;
        parts->capacity = capacity;
    }
    return &parts->at[parts->count++];
}

static bool array_is_right(const struct mr_delta_rows_part *part)
{
    for (uint32_t i = 1; i < part->count; i++) {
        if (u16_at(part->at + 2 * i) <= u16_at(part->at + 2 * i - 2)) return false;
    }
    return true;
}

static bool bits_are_right(const struct mr_delta_rows_part *part, uint32_t cardinality)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < BITS_BYTES; i++) count += (uint32_t)__builtin_popcount(part->at[i]);
    return count == cardinality;
}

static bool runs_are_right(const struct mr_delta_rows_part *part, uint32_t cardinality)
{
    uint32_t count = 0, next = 0;
    for (uint32_t i = 0; i < part->count; i++) {
        uint32_t start = u16_at(part->at + 4 * i), more = u16_at(part->at + 4 * i + 2);
        if (start < next || start + more >= PART_ROWS) return false;
        next = start + more + 1;
        count += more + 1;
    }
    return count == cardinality;
}

static mr_status read_container(struct cursor *c, struct mr_delta_rows_part *part, bool is_runs,
                                uint32_t cardinality, struct mr_err *err)
{
    bool is_right = false;
    if (is_runs) {
        part->kind = PART_RUNS;
        part->count = (uint32_t)take_number(c, 2);
        part->at = take(c, (size_t)part->count * 4);
        is_right = part->at != NULL && runs_are_right(part, cardinality);
    } else if (cardinality <= ARRAY_MAX) {
        part->kind = PART_ARRAY;
        part->count = cardinality;
        part->at = take(c, (size_t)cardinality * 2);
        is_right = part->at != NULL && array_is_right(part);
    } else {
        part->kind = PART_BITS;
        part->at = take(c, BITS_BYTES);
        is_right = part->at != NULL && bits_are_right(part, cardinality);
    }
    if (c->is_failed) return damaged("it ends too early", err);
    return is_right ? MR_OK : damaged("rows are out of order or miscounted", err);
}

/* What stands before the containers of one bitmap. */
struct bitmap_head {
    const uint8_t *start;
    uint32_t count;
    const uint8_t *run_flags; /* null = none are runs */
    const uint8_t *keys;      /* key and cardinality - 1 of each, u16 */
    const uint8_t *offsets;   /* of each from the start, u32; null = not written */
};

static mr_status read_head(struct cursor *c, struct bitmap_head *head, struct mr_err *err)
{
    *head = (struct bitmap_head){.start = c->at};
    uint32_t cookie = (uint32_t)take_number(c, 4);
    if ((cookie & 0xffff) == COOKIE_RUNS) {
        head->count = (cookie >> 16) + 1;
        head->run_flags = take(c, (head->count + 7) / 8);
    } else if (cookie == COOKIE_PLAIN) {
        head->count = (uint32_t)take_number(c, 4);
    } else if (!c->is_failed) {
        return damaged("a bitmap begins with an unknown number", err);
    }
    if (head->count > CONTAINERS_MAX) return damaged("a bitmap has too many containers", err);
    head->keys = take(c, (size_t)head->count * 4);
    if (cookie == COOKIE_PLAIN || head->count >= OFFSETS_FROM) {
        head->offsets = take(c, (size_t)head->count * 4);
    }
    return c->is_failed ? damaged("it ends too early", err) : MR_OK;
}

static bool offset_is_right(const struct bitmap_head *head, uint32_t i, const uint8_t *at)
{
    if (head->offsets == NULL) return true;
    uint32_t off = u16_at(head->offsets + 4 * i) | u16_at(head->offsets + 4 * i + 2) << 16;
    return off == (size_t)(at - head->start);
}

static mr_status read_bitmap(struct cursor *c, uint64_t high, struct parts *parts,
                             struct mr_err *err)
{
    struct bitmap_head head;
    MR_TRY(read_head(c, &head, err));
    for (uint32_t i = 0; i < head.count; i++) {
        uint32_t key = u16_at(head.keys + 4 * i);
        uint32_t cardinality = u16_at(head.keys + 4 * i + 2) + 1;
        bool is_runs = head.run_flags != NULL && (head.run_flags[i / 8] >> (i % 8) & 1);
        if (i > 0 && key <= u16_at(head.keys + 4 * i - 4)) {
            return damaged("containers are out of order", err);
        }
        if (!offset_is_right(&head, i, c->at)) return damaged("a container is not in place", err);
        struct mr_delta_rows_part *part = parts_add(parts);
        if (part == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for deleted rows");
        part->key = high << 16 | key;
        MR_TRY(read_container(c, part, is_runs, cardinality, err));
        parts->cardinality += cardinality;
    }
    return MR_OK;
}

static mr_status read_bitmaps(struct cursor *c, bool is_native, struct parts *parts,
                              struct mr_err *err)
{
    int64_t last = -1;
    uint64_t count = take_number(c, is_native ? 4 : 8);
    for (uint64_t i = 0; i < count && !c->is_failed; i++) {
        uint32_t number = (uint32_t)take_number(c, 4);
        size_t before = c->left;
        int64_t high = is_native ? (int64_t)i : (int64_t)number;
        if (high <= last || high > INT32_MAX) return damaged("bitmaps are out of order", err);
        MR_TRY(read_bitmap(c, (uint64_t)high, parts, err));
        if (is_native && before - c->left != number) {
            return damaged("a bitmap is not as long as it says", err);
        }
        last = high;
    }
    if (c->is_failed) return damaged("it ends too early", err);
    return c->left == 0 ? MR_OK : damaged("bytes follow its end", err);
}

mr_status mr_delta_row_set_decode(struct mr_arena *arena, struct mr_span bytes,
                                  struct mr_delta_row_set *out_set, struct mr_err *err)
{
    struct cursor c = {.at = (const uint8_t *)bytes.text, .left = bytes.bytes};
    struct parts parts = {.arena = arena};
    uint32_t magic = (uint32_t)take_number(&c, 4);
    if (magic == __builtin_bswap32(MAGIC_NATIVE)) {
        return mr_err_set(err, MR_E_UNSUPPORTED, ERR_DV,
                          "the deletion vector is in the old big-endian form, which no writer of "
                          "tables uses");
    }
    if (magic != MAGIC_PORTABLE && magic != MAGIC_NATIVE) {
        return damaged("it begins with an unknown number", err);
    }
    MR_TRY(read_bitmaps(&c, magic == MAGIC_NATIVE, &parts, err));
    *out_set = (struct mr_delta_row_set){parts.at, parts.count, parts.cardinality};
    return MR_OK;
}

/* ---- frames ---- */

static uint32_t big_endian(const char *at)
{
    const uint8_t *b = (const uint8_t *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static mr_status inline_bytes(struct mr_arena *arena, const struct mr_delta_dv *dv,
                              struct mr_span *out, struct mr_err *err)
{
    size_t room = dv->place.bytes / 5 * 4;
    uint8_t *bytes = mr_arena_alloc(arena, room + 1, 8);
    if (bytes == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for deleted rows");
    if (!mr_z85_decode(dv->place.text, dv->place.bytes, bytes)) {
        return damaged("its text is not Z85", err);
    }
    /* Padded to the next multiple of four. */
    if (dv->bytes < 0 || (uint64_t)dv->bytes > room || room - (uint64_t)dv->bytes > 3) {
        return damaged("its text is not as long as its size says", err);
    }
    *out = (struct mr_span){(const char *)bytes, (size_t)dv->bytes};
    return MR_OK;
}

static mr_status framed_bytes(const struct mr_delta_dv *dv, struct mr_span frame,
                              struct mr_span *out, struct mr_err *err)
{
    uint64_t off;
    uint32_t bytes;
    MR_TRY(mr_delta_dv_range(dv, &off, &bytes, err));
    if (frame.bytes != bytes) return damaged("its file ends too early", err);
    if (big_endian(frame.text) != (uint32_t)dv->bytes) {
        return damaged("the size in its file is not the log's", err);
    }
    *out = (struct mr_span){frame.text + 4, bytes - FRAME_BYTES};
    if (big_endian(frame.text + bytes - 4) != mr_crc32(0, out->text, out->bytes)) {
        return damaged("its checksum is wrong", err);
    }
    return MR_OK;
}

mr_status mr_delta_dv_read(struct mr_arena *arena, const struct mr_delta_dv *dv,
                           struct mr_span frame, struct mr_delta_row_set *out_set,
                           struct mr_err *err)
{
    struct mr_span bytes;
    struct mr_delta_row_set set;
    if (dv->storage == 'i') {
        MR_TRY(inline_bytes(arena, dv, &bytes, err));
    } else {
        MR_TRY(framed_bytes(dv, frame, &bytes, err));
    }
    MR_TRY(mr_delta_row_set_decode(arena, bytes, &set, err));
    if (set.cardinality != (uint64_t)dv->cardinality) {
        return damaged("it has not as many rows as the log says", err);
    }
    *out_set = set;
    return MR_OK;
}

/* ---- windows ---- */

/* A window of rows, in positions relative to one container. */
struct window {
    uint64_t *bits;
    int64_t shift; /* position in the window of the container's row 0 */
    uint32_t from; /* rows of the container that are in the window */
    uint32_t to;
};

static void set_row(const struct window *w, uint32_t row)
{
    uint64_t at = (uint64_t)(w->shift + row);
    w->bits[at / 64] |= UINT64_C(1) << (at % 64);
}

static void add_array(const struct mr_delta_rows_part *part, const struct window *w)
{
    uint32_t low = 0, high = part->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (u16_at(part->at + 2 * middle) < w->from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < part->count; low++) {
        uint32_t row = u16_at(part->at + 2 * low);
        if (row >= w->to) return;
        set_row(w, row);
    }
}

static void add_bits(const struct mr_delta_rows_part *part, const struct window *w)
{
    for (uint32_t row = w->from; row < w->to; row++) {
        if (row % 8 == 0 && part->at[row / 8] == 0) {
            row += 7;
        } else if (part->at[row / 8] >> (row % 8) & 1) {
            set_row(w, row);
        }
    }
}

static void add_runs(const struct mr_delta_rows_part *part, const struct window *w)
{
    for (uint32_t i = 0; i < part->count; i++) {
        uint32_t start = u16_at(part->at + 4 * i);
        uint32_t end = MR_MIN(start + u16_at(part->at + 4 * i + 2) + 1, w->to);
        if (start >= w->to) return;
        for (uint32_t row = MR_MAX(start, w->from); row < end; row++) set_row(w, row);
    }
}

static uint32_t first_part(const struct mr_delta_row_set *set, uint64_t key)
{
    uint32_t low = 0, high = set->part_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (set->parts[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void mr_delta_row_set_add(const struct mr_delta_row_set *set, uint64_t first, uint32_t rows,
                          uint64_t *bits)
{
    uint64_t end = first + rows;
    for (uint32_t i = first_part(set, first >> 16); i < set->part_count; i++) {
        const struct mr_delta_rows_part *part = &set->parts[i];
        uint64_t start = part->key << 16;
        if (start >= end) return;
        struct window w = {.bits = bits, .shift = (int64_t)(start - first)};
        w.from = (uint32_t)(first > start ? first - start : 0);
        w.to = (uint32_t)MR_MIN(end - start, (uint64_t)PART_ROWS);
        switch (part->kind) {
        case PART_ARRAY: add_array(part, &w); break;
        case PART_BITS: add_bits(part, &w); break;
        case PART_RUNS: add_runs(part, &w); break;
        }
    }
}
