#include "core/format/parquet/pq_dict.h"

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { TABLE_FIRST = 512, PROBES_MAX = 128, NO_CODE = -1, FULL = -2 };

void mr_pq_dict_init(struct mr_pq_dict *dict, struct mr_heap *heap, size_t bytes_max)
{
    *dict = (struct mr_pq_dict){.plain = {.heap = heap},
                                .hashes = {.heap = heap},
                                .views = {.heap = heap},
                                .stamps = {.heap = heap},
                                .bytes_max = bytes_max,
                                .heap = heap};
}

void mr_pq_dict_fini(struct mr_pq_dict *dict)
{
    if (dict->heap == NULL) return;
    mr_pq_grow_fini(&dict->plain);
    mr_pq_grow_fini(&dict->hashes);
    mr_pq_grow_fini(&dict->views);
    mr_pq_grow_fini(&dict->stamps);
    if (dict->table != NULL) {
        mr_heap_give(dict->heap, dict->table, ((size_t)dict->mask + 1) * sizeof *dict->table);
    }
    dict->table = NULL;
}

void mr_pq_dict_reset(struct mr_pq_dict *dict)
{
    dict->plain.used = dict->hashes.used = dict->views.used = dict->stamps.used = 0;
    dict->count = 0;
    if (dict->table != NULL) memset(dict->table, 0, ((size_t)dict->mask + 1) * sizeof(uint32_t));
}

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

static inline uint64_t load_u64(const void *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static uint32_t hash_bytes(const char *at, size_t bytes)
{
    uint64_t state = bytes, last = 0;
    if (bytes < 16) {
        memcpy(&last, at, bytes < 8 ? bytes : 8);
        if (bytes >= 8) state = fold_u64(state, load_u64(at + bytes - 8));
        return hash_u64(state, last);
    }
    for (size_t i = 0; i + 16 < bytes; i += 16) {
        state = fold_u64(load_u64(at + i) ^ state, load_u64(at + i + 8));
    }
    return hash_u64(load_u64(at + bytes - 16) ^ state, load_u64(at + bytes - 8));
}

static mr_status table_grow(struct mr_pq_dict *dict, struct mr_err *err)
{
    uint32_t slots = dict->table == NULL ? TABLE_FIRST : (dict->mask + 1) * 4;
    uint32_t *table = mr_heap_zeroed(dict->heap, (size_t)slots * sizeof *table);
    if (table == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a dictionary of %u values",
                          dict->count);
    }
    const uint32_t *hashes = (const uint32_t *)dict->hashes.at;
    for (uint32_t code = 0; code < dict->count; code++) {
        uint32_t slot = hashes[code] & (slots - 1);
        while (table[slot] != 0) slot = (slot + 1) & (slots - 1);
        table[slot] = code + 1;
    }
    if (dict->table != NULL) {
        mr_heap_give(dict->heap, dict->table, ((size_t)dict->mask + 1) * sizeof *table);
    }
    dict->table = table;
    dict->mask = slots - 1;
    return MR_OK;
}

/* Room for one more value; false in *out_fits when the page has none. */
static mr_status dict_reserve(struct mr_pq_dict *dict, size_t bytes, bool *out_fits,
                              struct mr_err *err)
{
    *out_fits = bytes <= dict->bytes_max && dict->plain.used <= dict->bytes_max - bytes;
    if (!*out_fits) return MR_OK;
    if (dict->table == NULL || dict->count >= (dict->mask + 1) / 2) MR_TRY(table_grow(dict, err));
    MR_TRY(mr_pq_grow_reserve(&dict->plain, bytes, err));
    return mr_pq_grow_reserve(&dict->hashes, sizeof(uint32_t), err);
}

static void dict_put(struct mr_pq_dict *dict, uint32_t hash, uint32_t slot, const void *value,
                     size_t bytes)
{
    memcpy(dict->plain.at + dict->plain.used, value, bytes);
    dict->plain.used += bytes;
    ((uint32_t *)dict->hashes.at)[dict->count] = hash;
    dict->hashes.used += sizeof(uint32_t);
    dict->table[slot] = ++dict->count;
}

/* The loop over fixed-width values: SAME(code) compares values[i] with a code's, HASH hashes it. A
 * look at the code before would save the table, but costs a misprediction where few values mix. */
#define DICT_LOOP(WIDTH, VALUE_AT, SAME, HASH)                                                     \
    uint32_t i;                                                                                    \
    for (i = 0; i < count; i++) {                                                                  \
        if (dict->table == NULL || dict->count >= (dict->mask + 1) / 2) {                          \
            MR_TRY(table_grow(dict, err));                                                         \
        }                                                                                          \
        uint32_t hash = HASH, slot = hash & dict->mask, probes = 0, found = 0;                     \
        while ((found = dict->table[slot]) != 0 && !SAME(found - 1) && probes < PROBES_MAX) {      \
            slot = (slot + 1) & dict->mask;                                                        \
            probes++;                                                                              \
        }                                                                                          \
        if (found == 0) {                                                                          \
            bool fits;                                                                             \
            MR_TRY(dict_reserve(dict, WIDTH, &fits, err));                                         \
            if (!fits) break;                                                                      \
            dict_put(dict, hash, slot, VALUE_AT, WIDTH);                                           \
            found = dict->count;                                                                   \
        } else if (probes == PROBES_MAX) {                                                         \
            break;                                                                                 \
        }                                                                                          \
        codes[i] = found - 1;                                                                      \
    }                                                                                              \
    *out_done = i;                                                                                 \
    return MR_OK

mr_status mr_pq_dict_u32(struct mr_pq_dict *dict, const uint32_t *values, uint32_t count,
                         uint32_t *codes, uint32_t *out_done, struct mr_err *err)
{
#define SAME_U32(code) (((const uint32_t *)dict->plain.at)[code] == values[i])
    DICT_LOOP(sizeof(uint32_t), &values[i], SAME_U32, hash_u64(values[i], 0));
}

mr_status mr_pq_dict_u64(struct mr_pq_dict *dict, const uint64_t *values, uint32_t count,
                         uint32_t *codes, uint32_t *out_done, struct mr_err *err)
{
#define SAME_U64(code) (((const uint64_t *)dict->plain.at)[code] == values[i])
    DICT_LOOP(sizeof(uint64_t), &values[i], SAME_U64, hash_u64(values[i], 0));
}

mr_status mr_pq_dict_fixed(struct mr_pq_dict *dict, const uint8_t *values, uint32_t width,
                           uint32_t count, uint32_t *codes, uint32_t *out_done, struct mr_err *err)
{
#define SAME_FIXED(code)                                                                           \
    (memcmp(dict->plain.at + (size_t)(code)*width, values + (size_t)i * width, width) == 0)
    DICT_LOOP(width, values + (size_t)i * width, SAME_FIXED,
              hash_bytes((const char *)values + (size_t)i * width, width));
}

struct mr_span mr_pq_dict_text_at(const struct mr_pq_dict *dict, uint32_t code)
{
    MR_DCHECK(code < dict->count);
    const struct mr_view *view = (const struct mr_view *)dict->views.at + code;
    const char *at = view->bytes <= MR_VIEW_INLINE_MAX
                         ? view->u.inlined
                         : (const char *)dict->plain.at + view->u.ref.off;
    return (struct mr_span){at, view->bytes};
}

/* Two views are the same short text when their words are: what is not used of them is zero. */
static inline bool view_same(const struct mr_view *a, const struct mr_view *b)
{
    return load_u64(a) == load_u64(b) &&
           load_u64((const char *)a + 8) == load_u64((const char *)b + 8);
}

/* Texts of one length above a view's, eight bytes at a time, the last eight overlapping. */
static inline bool long_same(struct mr_span a, struct mr_span b)
{
    if (a.bytes != b.bytes) return false;
    for (size_t i = 0; i + 8 < a.bytes; i += 8) {
        if (load_u64(a.text + i) != load_u64(b.text + i)) return false;
    }
    return load_u64(a.text + a.bytes - 8) == load_u64(b.text + b.bytes - 8);
}

/* Finds a text or its free slot. returns its code, NO_CODE with *out_slot, or FULL. */
static inline int64_t text_find(const struct mr_pq_dict *dict, const struct mr_view *view,
                                struct mr_span value, uint32_t hash, uint32_t *out_slot)
{
    const struct mr_view *views = (const struct mr_view *)dict->views.at;
    const uint32_t *hashes = (const uint32_t *)dict->hashes.at;
    bool is_short = view->bytes <= MR_VIEW_INLINE_MAX;
    uint32_t slot = hash & dict->mask;
    for (uint32_t probes = 0; probes <= PROBES_MAX; probes++) {
        uint32_t found = dict->table[slot];
        if (found == 0) {
            *out_slot = slot;
            return NO_CODE;
        }
        bool is_same = is_short ? view_same(&views[found - 1], view)
                                : hashes[found - 1] == hash &&
                                      long_same(mr_pq_dict_text_at(dict, found - 1), value);
        if (is_same) return found - 1;
        slot = (slot + 1) & dict->mask;
    }
    return FULL;
}

static mr_status text_put(struct mr_pq_dict *dict, struct mr_span value, uint32_t hash,
                          uint32_t slot, struct mr_err *err)
{
    uint32_t bytes = (uint32_t)value.bytes, stamp = 0;
    uint32_t place = (uint32_t)dict->plain.used + (uint32_t)sizeof bytes;
    struct mr_view view = mr_view_of(value.text, bytes, 0, place);
    MR_TRY(mr_pq_grow_add(&dict->views, &view, sizeof view, err));
    MR_TRY(mr_pq_grow_add(&dict->stamps, &stamp, sizeof stamp, err));
    memcpy(dict->plain.at + dict->plain.used, &bytes, sizeof bytes);
    dict->plain.used += sizeof bytes;
    dict_put(dict, hash, slot, value.text, value.bytes);
    return MR_OK;
}

static inline uint32_t text_hash(const struct mr_view *view, struct mr_span value)
{
    if (view->bytes <= MR_VIEW_INLINE_MAX) {
        return hash_u64(load_u64(view), load_u64((const char *)view + 8));
    }
    return hash_bytes(value.text, value.bytes);
}

mr_status mr_pq_dict_text(struct mr_pq_dict *dict, const struct mr_bufs *bufs,
                          const struct mr_view *views, uint32_t count, uint32_t *codes,
                          uint32_t *out_done, struct mr_err *err)
{
    uint32_t i;
    if (dict->table == NULL) MR_TRY(table_grow(dict, err));
    for (i = 0; i < count; i++) {
        struct mr_span value = mr_view_span(bufs, &views[i]);
        uint32_t slot = 0, hash = text_hash(&views[i], value);
        if (dict->count >= (dict->mask + 1) / 2) MR_TRY(table_grow(dict, err));
        int64_t code = text_find(dict, &views[i], value, hash, &slot);
        if (code == NO_CODE) {
            bool fits;
            MR_TRY(dict_reserve(dict, value.bytes + sizeof(uint32_t), &fits, err));
            if (!fits) break;
            MR_TRY(text_put(dict, value, hash, slot, err));
            code = (int64_t)dict->count - 1;
        } else if (code == FULL) {
            break;
        }
        codes[i] = (uint32_t)code;
    }
    *out_done = i;
    return MR_OK;
}
