#include "core/format/parquet/pq_dict.h"

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/parquet/pq_text.h"

enum {
    TABLE_FIRST = 512,
    TABLE_SPARSE = 4096, /* slots up to which a table is at most an eighth full */
    TABLE_LOOSE = 32768, /* and a quarter; above, half */
    TABLE_NEAR = 4096,   /* slots that stay in the nearest cache */
    PROBES_MAX = 128,
    BLOCK = 64, /* texts that go through the table side by side */
    AHEAD = 24, /* and how far ahead of hashing their bytes are asked for */
};

void mr_pq_dict_init(struct mr_pq_dict *dict, struct mr_heap *heap, size_t bytes_max)
{
    *dict = (struct mr_pq_dict){
        .plain = {.heap = heap}, .places = {.heap = heap}, .bytes_max = bytes_max, .heap = heap};
}

static size_t table_bytes(const struct mr_pq_dict *dict)
{
    return ((size_t)dict->mask + 2) * sizeof *dict->table;
}

void mr_pq_dict_drop(struct mr_pq_dict *dict)
{
    if (dict->heap == NULL) return;
    mr_pq_grow_fini(&dict->plain);
    mr_pq_grow_fini(&dict->places);
    if (dict->table != NULL) mr_heap_give(dict->heap, dict->table, table_bytes(dict));
    dict->table = NULL;
    dict->count = dict->min_code = dict->max_code = 0;
}

void mr_pq_dict_fini(struct mr_pq_dict *dict)
{
    mr_pq_dict_drop(dict);
}

void mr_pq_dict_reset(struct mr_pq_dict *dict)
{
    dict->plain.used = dict->places.used = 0;
    dict->count = dict->min_code = dict->max_code = 0;
    if (dict->table != NULL) memset(dict->table, 0, table_bytes(dict));
}

/* ---- hashes ---------------------------------------------------------------------------------- */

/* Hashes are for this table alone: nothing stored depends on them. The product of two 64-bit words
 * folded to 32 bits, as in wyhash (Wang Yi). */
static inline uint64_t fold_u64(uint64_t a, uint64_t b)
{
    unsigned __int128 product =
        (unsigned __int128)(a ^ UINT64_C(0x9e3779b97f4a7c15)) * (b ^ UINT64_C(0xd1342543de82ef95));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint32_t hash_u64(uint64_t a, uint64_t b)
{
    uint64_t folded = fold_u64(a, b);
    return (uint32_t)(folded ^ folded >> 32);
}

/* No two values have the same hash: it is the value. */
static inline uint32_t hash_u32(uint32_t value)
{
    value *= UINT32_C(0x9e3779b1);
    value ^= value >> 15;
    value *= UINT32_C(0x85ebca77);
    return value ^ value >> 16;
}

static inline uint64_t fold_at(uint64_t state, const char *a, const char *b)
{
    return fold_u64(mr_pq_load_u64(a) ^ state, mr_pq_load_u64(b));
}

/* Eight bytes and more. Up to 64 all take the same steps, over words from both ends that overlap or
 * coincide in a shorter text: lengths that alternate would cost a misprediction each. */
static inline uint32_t hash_long(const char *at, size_t bytes)
{
    size_t last = bytes - 8, one = MR_MIN(last, (size_t)8), two = MR_MIN(last, (size_t)16);
    size_t three = MR_MIN(last, (size_t)24);
    const char *end = at + last;
    uint64_t state = bytes;
    if (bytes > 64) {
        for (size_t i = 0; i + 16 < bytes; i += 16) state = fold_at(state, at + i, at + i + 8);
    } else {
        state = fold_at(state, at, at + one) ^ fold_at(1, at + two, at + three) ^
                fold_at(2, end - three, end - two);
    }
    return hash_u64(mr_pq_load_u64(end - one) ^ state, mr_pq_load_u64(end));
}

static uint32_t hash_bytes(const char *at, size_t bytes)
{
    uint64_t word = 0;
    if (bytes >= 8) return hash_long(at, bytes);
    memcpy(&word, at, bytes);
    return hash_u64(word, bytes);
}

static inline uint32_t hash_short(const struct mr_view *view)
{
    return hash_u64(mr_pq_load_u64(view), mr_pq_load_u64((const char *)view + 8));
}

static inline uint32_t hash_text(const struct mr_view *view, const char *text)
{
    return view->bytes <= MR_VIEW_INLINE_MAX ? hash_short(view) : hash_long(text, view->bytes);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* A value on its way into the dictionary. */
struct dict_value {
    const void *at;
    uint32_t bytes;
    uint32_t hash;
    bool is_text;
};

/* How many values a table of `slots` slots may hold. Where the page is small, tables are too: they
 * are sparse only while they take no more than the page. */
static uint32_t table_values(const struct mr_pq_dict *dict, uint32_t slots)
{
    bool is_cheap = (size_t)slots * sizeof(struct mr_pq_slot) * 4 <= dict->bytes_max;
    uint32_t share = is_cheap && slots <= TABLE_SPARSE  ? 8
                     : is_cheap && slots <= TABLE_LOOSE ? 4
                                                        : 2;
    return slots / share;
}

static mr_status table_grow(struct mr_pq_dict *dict, struct mr_err *err)
{
    uint32_t slots = dict->table == NULL ? TABLE_FIRST : (dict->mask + 1) * 2;
    while (table_values(dict, slots) <= dict->count) slots *= 2;
    struct mr_pq_slot *table = mr_heap_zeroed(dict->heap, ((size_t)slots + 1) * sizeof *table);
    if (table == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a dictionary of %u values",
                          dict->count);
    }
    for (uint32_t i = 0; dict->table != NULL && i <= dict->mask; i++) {
        if (dict->table[i].code == 0) continue;
        uint32_t slot = dict->table[i].hash & (slots - 1);
        while (table[slot].code != 0) slot = (slot + 1) & (slots - 1);
        table[slot] = dict->table[i];
    }
    if (dict->table != NULL) mr_heap_give(dict->heap, dict->table, table_bytes(dict));
    dict->table = table;
    dict->mask = slots - 1;
    dict->grow_at = table_values(dict, slots);
    return MR_OK;
}

static mr_status table_begin(struct mr_pq_dict *dict, struct mr_err *err)
{
    return dict->table == NULL ? table_grow(dict, err) : MR_OK;
}

/* What a loop reads of the dictionary, in registers: codes that are stored could be anything to the
 * compiler. Taken again after dict_meet. */
struct dict_look {
    const struct mr_pq_slot *table;
    const uint8_t *plain;
    const uint32_t *places;
    uint32_t mask;
};

static inline struct dict_look dict_look_at(const struct mr_pq_dict *dict)
{
    return (struct dict_look){.table = dict->table,
                              .plain = dict->plain.at,
                              .places = (const uint32_t *)dict->places.at,
                              .mask = dict->mask};
}

/* The code + 1 that one of the first two slots of a hash has, or 0. */
static inline uint32_t look_peek(const struct dict_look *look, uint32_t hash)
{
    const struct mr_pq_slot *slot = &look->table[hash & look->mask];
    uint32_t second = slot[1].hash == hash ? slot[1].code : 0;
    return slot[0].hash == hash ? slot[0].code : second;
}

static bool value_same(const struct mr_pq_dict *dict, const struct dict_value *value, uint32_t code)
{
    if (!value->is_text) {
        return memcmp(dict->plain.at + (size_t)code * value->bytes, value->at, value->bytes) == 0;
    }
    struct mr_span text = mr_pq_dict_text_at(dict, code);
    if (text.bytes != value->bytes) return false;
    return text.bytes == 0 || memcmp(text.text, value->at, text.bytes) == 0;
}

static void text_note_order(struct mr_pq_dict *dict, struct mr_span text)
{
    uint32_t code = dict->count - 1;
    struct mr_span min = mr_pq_dict_text_at(dict, dict->min_code);
    struct mr_span max = mr_pq_dict_text_at(dict, dict->max_code);
    if (code == 0 || mr_span_compare(text, min) < 0) dict->min_code = code;
    if (code == 0 || mr_span_compare(text, max) > 0) dict->max_code = code;
}

static mr_status value_put(struct mr_pq_dict *dict, const struct dict_value *value,
                           struct mr_pq_slot *slot, struct mr_err *err)
{
    if (value->is_text) {
        uint32_t place = (uint32_t)dict->plain.used;
        MR_TRY(mr_pq_grow_reserve(&dict->plain, sizeof place + value->bytes, err));
        MR_TRY(mr_pq_grow_add(&dict->places, &place, sizeof place, err));
        memcpy(dict->plain.at + dict->plain.used, &value->bytes, sizeof value->bytes);
        dict->plain.used += sizeof value->bytes;
    }
    MR_TRY(mr_pq_grow_add(&dict->plain, value->at, value->bytes, err));
    *slot = (struct mr_pq_slot){value->hash, ++dict->count};
    if (value->is_text) text_note_order(dict, (struct mr_span){value->at, value->bytes});
    return MR_OK;
}

/* Looks a value up all along its probe and adds it when it is new. *out_code is its code + 1, or 0
 * when the dictionary is full. */
static __attribute__((noinline)) mr_status dict_meet(struct mr_pq_dict *dict,
                                                     const struct dict_value *value,
                                                     uint32_t *out_code, struct mr_err *err)
{
    size_t bytes = value->bytes + (value->is_text ? sizeof(uint32_t) : 0);
    if (dict->count >= dict->grow_at) MR_TRY(table_grow(dict, err));
    uint32_t slot = value->hash & dict->mask;
    *out_code = 0;
    for (uint32_t probes = 0; probes <= PROBES_MAX; probes++) {
        const struct mr_pq_slot *found = &dict->table[slot];
        if (found->code == 0) {
            if (bytes > dict->bytes_max || dict->plain.used > dict->bytes_max - bytes) return MR_OK;
            MR_TRY(value_put(dict, value, &dict->table[slot], err));
            *out_code = dict->count;
            return MR_OK;
        }
        if (found->hash == value->hash && value_same(dict, value, found->code - 1)) {
            *out_code = found->code;
            return MR_OK;
        }
        slot = (slot + 1) & dict->mask;
    }
    return MR_OK;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The loop over values of a fixed width: SAME says whether the code found is the value's own. */
#define DICT_LOOP(WIDTH, VALUE_AT, SAME, HASH)                                                     \
    uint32_t i;                                                                                    \
    MR_TRY(table_begin(dict, err));                                                                \
    struct dict_look look = dict_look_at(dict);                                                    \
    for (i = 0; i < count; i++) {                                                                  \
        uint32_t hash = HASH, code = look_peek(&look, hash);                                       \
        if (__builtin_expect(code == 0 || !(SAME), 0)) {                                           \
            struct dict_value value = {.at = VALUE_AT, .bytes = WIDTH, .hash = hash};              \
            MR_TRY(dict_meet(dict, &value, &code, err));                                           \
            if (code == 0) break;                                                                  \
            look = dict_look_at(dict);                                                             \
        }                                                                                          \
        codes[i] = code - 1;                                                                       \
    }                                                                                              \
    *out_done = i;                                                                                 \
    return MR_OK

mr_status mr_pq_dict_u32(struct mr_pq_dict *dict, const uint32_t *values, uint32_t count,
                         uint32_t *codes, uint32_t *out_done, struct mr_err *err)
{
    DICT_LOOP(sizeof(uint32_t), &values[i], true, hash_u32(values[i]));
}

static inline __attribute__((always_inline)) mr_status
dict_u64(struct mr_pq_dict *dict, const uint64_t *values, uint32_t count, const uint32_t *hashes,
         uint32_t *codes, uint32_t *out_done, struct mr_err *err)
{
    DICT_LOOP(sizeof(uint64_t), &values[i],
              ((const uint64_t *)(const void *)look.plain)[code - 1] == values[i],
              hashes == NULL ? hash_u64(values[i], 0) : hashes[i]);
}

/* Hashes first while the table is beyond the nearest cache, so that its slots come side by side. */
mr_status mr_pq_dict_u64(struct mr_pq_dict *dict, const uint64_t *values, uint32_t count,
                         uint32_t *codes, uint32_t *out_done, struct mr_err *err)
{
    uint32_t hashes[BLOCK];
    if (dict->table == NULL || dict->mask < TABLE_NEAR) {
        return dict_u64(dict, values, count, NULL, codes, out_done, err);
    }
    *out_done = 0;
    for (uint32_t from = 0, coded; from < count; from += coded) {
        uint32_t step = MR_MIN(count - from, (uint32_t)BLOCK);
        for (uint32_t i = 0; i < step; i++) {
            hashes[i] = hash_u64(values[from + i], 0);
            __builtin_prefetch(&dict->table[hashes[i] & dict->mask]);
        }
        MR_TRY(dict_u64(dict, values + from, step, hashes, codes + from, &coded, err));
        *out_done = from + coded;
        if (coded < step) break;
    }
    return MR_OK;
}

mr_status mr_pq_dict_fixed(struct mr_pq_dict *dict, const uint8_t *values, uint32_t width,
                           uint32_t count, uint32_t *codes, uint32_t *out_done, struct mr_err *err)
{
    DICT_LOOP(width, values + (size_t)i * width,
              memcmp(look.plain + (size_t)(code - 1) * width, values + (size_t)i * width, width) ==
                  0,
              hash_bytes((const char *)values + (size_t)i * width, width));
}

/* ---- texts ----------------------------------------------------------------------------------- */

#define LOW(bytes) ((bytes) >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * ((bytes) % 8))) - 1)
#define SHORT_MASK(bytes)                                                                          \
    {                                                                                              \
        LOW(4 + (bytes)), LOW((bytes) < 4 ? 0 : (bytes)-4)                                         \
    }

/* Which bytes of the two words of a short text, length first, are its own. */
static const uint64_t short_masks[MR_VIEW_INLINE_MAX + 1][2] = {
    SHORT_MASK(0),  SHORT_MASK(1),  SHORT_MASK(2),  SHORT_MASK(3), SHORT_MASK(4),
    SHORT_MASK(5),  SHORT_MASK(6),  SHORT_MASK(7),  SHORT_MASK(8), SHORT_MASK(9),
    SHORT_MASK(10), SHORT_MASK(11), SHORT_MASK(12),
};

/* Not 0 when two texts of one length above a view's differ; steps as in hash_long. */
static inline uint64_t long_differs(const uint8_t *a, const char *b, uint32_t bytes)
{
#define DIFFER(off) (mr_pq_load_u64(a + (off)) ^ mr_pq_load_u64(b + (off)))
    uint32_t last = bytes - 8, one = MR_MIN(last, 8u), two = MR_MIN(last, 16u);
    uint32_t three = MR_MIN(last, 24u);
    uint64_t differ = DIFFER(0) | DIFFER(last);
    if (bytes > 64) {
        for (uint32_t i = 8; i < last; i += 8) differ |= DIFFER(i);
        return differ;
    }
    return differ | DIFFER(one) | DIFFER(two) | DIFFER(three) | DIFFER(last - one) |
           DIFFER(last - two) | DIFFER(last - three);
#undef DIFFER
}

/* Whether the text at `plain`, a length and bytes, is this one. A short text is the same as its
 * view, byte for byte. */
static inline bool short_same(const uint8_t *plain, const struct mr_view *view)
{
    const uint64_t *mask = short_masks[view->bytes];
    uint64_t low = mr_pq_load_u64(plain) ^ mr_pq_load_u64(view);
    uint64_t high = mr_pq_load_u64(plain + 8) ^ mr_pq_load_u64((const char *)view + 8);
    return ((low & mask[0]) | (high & mask[1])) == 0;
}

static inline bool text_same(const uint8_t *plain, const struct mr_view *view, const char *text)
{
    if (view->bytes <= MR_VIEW_INLINE_MAX) return short_same(plain, view);
    uint32_t bytes;
    memcpy(&bytes, plain, sizeof bytes);
    return bytes == view->bytes && long_differs(plain + sizeof bytes, text, bytes) == 0;
}

/* Nothing but short texts, which lie in their views: one step for each. */
static mr_status short_texts(struct mr_pq_dict *dict, const struct mr_view *views, uint32_t count,
                             uint32_t *codes, uint32_t *out_done, struct mr_err *err)
{
    struct dict_look look = dict_look_at(dict);
    uint32_t i;
    for (i = 0; i < count; i++) {
        uint32_t hash = hash_short(&views[i]), code = look_peek(&look, hash);
        if (__builtin_expect(code == 0, 0) ||
            __builtin_expect(!short_same(look.plain + look.places[code - 1], &views[i]), 0)) {
            struct dict_value value = {views[i].u.inlined, views[i].bytes, hash, true};
            MR_TRY(dict_meet(dict, &value, &code, err));
            if (code == 0) break;
            look = dict_look_at(dict);
        }
        codes[i] = code - 1;
    }
    *out_done = i;
    return MR_OK;
}

/* One block of texts: hashes, then slots, then bytes, each step asking for what the next one reads,
 * so that a dictionary beyond the nearest cache costs its latency once a block. */
static mr_status text_block(struct mr_pq_dict *dict, const struct mr_bufs *bufs,
                            const struct mr_view *views, uint32_t count, uint32_t left,
                            uint32_t *codes, uint32_t *out_done, struct mr_err *err)
{
    uint32_t hashes[BLOCK], i;
    struct dict_look look = dict_look_at(dict);
    for (i = 0; i < count; i++) {
        mr_pq_text_expect(bufs, &views[MR_MIN(i + AHEAD, left - 1)]);
        hashes[i] = hash_text(&views[i], mr_pq_text_at(bufs, &views[i]));
        __builtin_prefetch(&look.table[hashes[i] & look.mask]);
    }
    for (i = 0; i < count; i++) {
        codes[i] = look_peek(&look, hashes[i]);
        if (codes[i] != 0) __builtin_prefetch(look.plain + look.places[codes[i] - 1]);
    }
    for (i = 0; i < count; i++) {
        const char *text = mr_pq_text_at(bufs, &views[i]);
        uint32_t code = codes[i];
        if (__builtin_expect(code == 0, 0) ||
            __builtin_expect(!text_same(look.plain + look.places[code - 1], &views[i], text), 0)) {
            struct dict_value value = {text, views[i].bytes, hashes[i], true};
            MR_TRY(dict_meet(dict, &value, &code, err));
            if (code == 0) break;
            look = dict_look_at(dict);
        }
        codes[i] = code - 1;
    }
    *out_done = i;
    return MR_OK;
}

mr_status mr_pq_dict_text(struct mr_pq_dict *dict, const struct mr_bufs *bufs,
                          const struct mr_view *views, uint32_t count, uint32_t *codes,
                          uint32_t *out_done, struct mr_err *err)
{
    uint32_t longest = 0;
    MR_TRY(table_begin(dict, err));
    for (uint32_t i = 0; i < count; i++) longest = MR_MAX(longest, views[i].bytes);
    if (longest <= MR_VIEW_INLINE_MAX && dict->mask < TABLE_NEAR) {
        return short_texts(dict, views, count, codes, out_done, err);
    }
    *out_done = 0;
    for (uint32_t from = 0, coded; from < count; from += coded) {
        uint32_t step = MR_MIN(count - from, (uint32_t)BLOCK);
        MR_TRY(text_block(dict, bufs, views + from, step, count - from, codes + from, &coded, err));
        *out_done = from + coded;
        if (coded < step) break;
    }
    return MR_OK;
}
