#include "core/format/parquet/pq_dict.h"

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { TABLE_FIRST = 512, PROBES_MAX = 128, NO_CODE = -1, FULL = -2 };

void mr_pq_dict_init(struct mr_pq_dict *dict, struct mr_heap *heap, size_t bytes_max)
{
    *dict = (struct mr_pq_dict){.plain = {.heap = heap},
                                .hashes = {.heap = heap},
                                .places = {.heap = heap},
                                .stamps = {.heap = heap},
                                .bytes_max = bytes_max,
                                .heap = heap};
}

void mr_pq_dict_fini(struct mr_pq_dict *dict)
{
    if (dict->heap == NULL) return;
    mr_pq_grow_fini(&dict->plain);
    mr_pq_grow_fini(&dict->hashes);
    mr_pq_grow_fini(&dict->places);
    mr_pq_grow_fini(&dict->stamps);
    if (dict->table != NULL) {
        mr_heap_give(dict->heap, dict->table, ((size_t)dict->mask + 1) * sizeof *dict->table);
    }
    dict->table = NULL;
}

void mr_pq_dict_reset(struct mr_pq_dict *dict)
{
    dict->plain.used = dict->hashes.used = dict->places.used = dict->stamps.used = 0;
    dict->count = 0;
    if (dict->table != NULL) memset(dict->table, 0, ((size_t)dict->mask + 1) * sizeof(uint32_t));
}

/* Hashes are for this table alone: nothing stored depends on them. The product of two 64-bit words
 * folded to 32 bits, as in wyhash (Wang Yi). */
static inline uint32_t hash_u64(uint64_t a, uint64_t b)
{
    unsigned __int128 product =
        (unsigned __int128)(a ^ UINT64_C(0x9e3779b97f4a7c15)) * (b ^ UINT64_C(0xd1342543de82ef95));
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
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
    uint64_t a = bytes, b = 0;
    if (bytes < 8) {
        memcpy(&b, at, bytes);
        return hash_u64(a, b);
    }
    for (size_t i = 0; i + 8 < bytes; i += 8) a = hash_u64(a, load_u64(at + i)) | a << 32;
    return hash_u64(a, load_u64(at + bytes - 8));
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

/* The loop over fixed-width values: SAME(code) compares values[i] with a code's, HASH hashes it. */
#define DICT_LOOP(WIDTH, VALUE_AT, SAME, HASH)                                                     \
    uint32_t last = dict->last, i;                                                                 \
    for (i = 0; i < count; i++) {                                                                  \
        if (dict->count > 0 && SAME(last)) {                                                       \
            codes[i] = last;                                                                       \
            continue;                                                                              \
        }                                                                                          \
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
        codes[i] = last = found - 1;                                                               \
    }                                                                                              \
    dict->last = last;                                                                             \
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
    uint32_t place = ((const uint32_t *)dict->places.at)[code], bytes;
    memcpy(&bytes, dict->plain.at + place, sizeof bytes);
    return (struct mr_span){(const char *)dict->plain.at + place + sizeof bytes, bytes};
}

/* Finds a text or its free slot. returns its code, NO_CODE with *out_slot, or FULL. */
static int64_t text_find(const struct mr_pq_dict *dict, struct mr_span value, uint32_t hash,
                         uint32_t *out_slot)
{
    const uint32_t *hashes = (const uint32_t *)dict->hashes.at;
    uint32_t slot = hash & dict->mask;
    for (uint32_t probes = 0; probes <= PROBES_MAX; probes++) {
        uint32_t found = dict->table[slot];
        if (found == 0) {
            *out_slot = slot;
            return NO_CODE;
        }
        if (hashes[found - 1] == hash && mr_span_eq(mr_pq_dict_text_at(dict, found - 1), value)) {
            return found - 1;
        }
        slot = (slot + 1) & dict->mask;
    }
    return FULL;
}

static mr_status text_put(struct mr_pq_dict *dict, struct mr_span value, uint32_t hash,
                          uint32_t slot, struct mr_err *err)
{
    uint32_t bytes = (uint32_t)value.bytes, place = (uint32_t)dict->plain.used, stamp = 0;
    MR_TRY(mr_pq_grow_add(&dict->places, &place, sizeof place, err));
    MR_TRY(mr_pq_grow_add(&dict->stamps, &stamp, sizeof stamp, err));
    memcpy(dict->plain.at + place, &bytes, sizeof bytes);
    dict->plain.used += sizeof bytes;
    dict_put(dict, hash, slot, value.text, value.bytes);
    return MR_OK;
}

/* Whether two views of one batch are the same text for certain: short ones by their words. */
static inline bool view_same(const struct mr_view *a, const struct mr_view *b)
{
    return load_u64(a) == load_u64(b) &&
           load_u64((const char *)a + 8) == load_u64((const char *)b + 8);
}

mr_status mr_pq_dict_text(struct mr_pq_dict *dict, const struct mr_bufs *bufs,
                          const struct mr_view *views, uint32_t count, uint32_t *codes,
                          uint32_t *out_done, struct mr_err *err)
{
    uint32_t i;
    if (dict->table == NULL) MR_TRY(table_grow(dict, err));
    for (i = 0; i < count; i++) {
        if (i > 0 && view_same(&views[i], &views[i - 1])) {
            codes[i] = codes[i - 1];
            continue;
        }
        struct mr_span value = mr_view_span(bufs, &views[i]);
        uint32_t slot = 0, hash = hash_bytes(value.text, value.bytes);
        if (dict->count >= (dict->mask + 1) / 2) MR_TRY(table_grow(dict, err));
        int64_t code = text_find(dict, value, hash, &slot);
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
