/* Aggregates that keep many values: collect_list, collect_set, mode, string_agg. */
#include "core/base/checked.h"
#include "core/expr/aggregate_impl.h"
#include "core/expr/order.h"
#include "core/expr/value_code.h"

/* Bytes that grow, with the number of values in them. */
struct list_state {
    char *at;
    size_t used;
    size_t capacity;
    uint64_t count;
};

static mr_status list_add(struct mr_aggregate *agg, struct list_state *list, struct mr_span bytes,
                          struct mr_err *err)
{
    size_t wanted = list->used + bytes.bytes;
    if (wanted > list->capacity) {
        void *at = list->at;
        MR_TRY(mr_block_grow(agg, &at, &list->capacity, list->used, wanted, err));
        list->at = at;
    }
    if (bytes.bytes > 0) memcpy(list->at + list->used, bytes.text, bytes.bytes);
    list->used = wanted;
    return MR_OK;
}

static void list_drop(struct mr_aggregate *agg, void *state)
{
    struct list_state *list = state;
    mr_blocks_give(&agg->blocks, list->at, list->capacity);
    *list = (struct list_state){0};
}

static mr_status code_in_scratch(struct mr_aggregate *agg, const struct mr_vec *vec, uint32_t row,
                                 struct mr_err *err)
{
    mr_text_reset(&agg->scratch);
    mr_value_encode(vec, row, &agg->scratch);
    return mr_text_end(&agg->scratch, err);
}

/* ---- collect_list: codes, one behind the other ---- */

static mr_status list_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                           uint32_t row, struct mr_err *err)
{
    struct list_state *list = state;
    if (mr_vec_is_null(&args[0], row)) return MR_OK;
    MR_TRY(code_in_scratch(agg, &args[0], row, err));
    MR_TRY(list_add(agg, list, mr_text_span(&agg->scratch), err));
    list->count++;
    return MR_OK;
}

static void list_save(struct mr_aggregate *agg, void *state, struct mr_text *out)
{
    (void)agg;
    const struct list_state *list = state;
    mr_text_add(out, &list->count, sizeof list->count);
    mr_text_add(out, list->at, list->used);
}

static mr_status list_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                           struct mr_err *err)
{
    struct list_state *list = state;
    uint64_t count;
    memcpy(&count, saved.text, sizeof count);
    MR_TRY(list_add(agg, list,
                    (struct mr_span){saved.text + sizeof count, saved.bytes - sizeof count}, err));
    list->count += count;
    return MR_OK;
}

static mr_status list_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                             struct mr_text_area *area, struct mr_err *err)
{
    (void)agg;
    const struct list_state *list = state;
    const char *at = list->at;
    if (list->count > INT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "a list of %s has too many elements",
                          agg->function->name);
    }
    MR_TRY(mr_column_grow(&out->children[0], area->arena, (uint32_t)list->count, err));
    for (uint64_t i = 0; i < list->count; i++) {
        MR_TRY(mr_value_decode(&at, &out->children[0], area, err));
    }
    mr_column_close_list(out);
    return MR_OK;
}

AGG_BY_ROW(list)

const struct mr_aggregate_kind mr_kind_list = {
    .state_bytes = sizeof(struct list_state), .scatter = list_scatter, .reduce = list_reduce,
    .save = list_save, .load = list_load, .drop = list_drop, .finish = list_finish};

/* ---- sets with counts: collect_set, mode ----
 * Entries lie in the list, each a count, a length and a code, rounded up to 8 bytes; slots[] holds
 * their places plus one. */

struct set_state {
    struct list_state entries;
    size_t *slots;
    size_t slot_count;
};
static_assert(sizeof(struct set_state) % 16 == 0, "states are aligned to 16");

struct set_entry {
    uint64_t rows;
    uint64_t bytes; /* of the code behind */
};

static size_t entry_bytes(const struct set_entry *entry)
{
    return sizeof *entry + mr_align_up(entry->bytes, 8);
}

static struct mr_span entry_code(const struct set_entry *entry)
{
    return (struct mr_span){(const char *)(entry + 1), entry->bytes};
}

static struct set_entry *entry_at(const struct set_state *set, size_t place)
{
    return (struct set_entry *)(void *)(set->entries.at + place);
}

/* set_slot: the slot of the code, or the free one where it belongs. */
static size_t *set_slot(const struct set_state *set, struct mr_span code)
{
    size_t mask = set->slot_count - 1;
    size_t slot = mr_hash_bytes(code.text, code.bytes, 0) & mask;
    while (set->slots[slot] != 0) {
        if (mr_span_eq(entry_code(entry_at(set, set->slots[slot] - 1)), code)) break;
        slot = (slot + 1) & mask;
    }
    return &set->slots[slot];
}

static mr_status set_grow(struct mr_aggregate *agg, struct set_state *set, struct mr_err *err)
{
    size_t before = set->slot_count, after = MR_MAX(before * 2, (size_t)8);
    size_t *slots = mr_blocks_take(&agg->blocks, after * sizeof *slots);
    if (slots == NULL) return mr_aggregate_nomem(agg, err);
    memset(slots, 0, after * sizeof *slots);
    mr_blocks_give(&agg->blocks, set->slots, before * sizeof *slots);
    set->slots = slots;
    set->slot_count = after;
    for (size_t place = 0; place < set->entries.used;) {
        const struct set_entry *entry = entry_at(set, place);
        *set_slot(set, entry_code(entry)) = place + 1;
        place += entry_bytes(entry);
    }
    return MR_OK;
}

static mr_status set_add(struct mr_aggregate *agg, struct set_state *set, struct mr_span code,
                         uint64_t rows, struct mr_err *err)
{
    if ((set->entries.count + 1) * 2 > set->slot_count) MR_TRY(set_grow(agg, set, err));
    size_t *slot = set_slot(set, code);
    if (*slot != 0) {
        entry_at(set, *slot - 1)->rows += rows;
        return MR_OK;
    }
    static const char zeros[8];
    struct set_entry entry = {.rows = rows, .bytes = code.bytes};
    size_t place = set->entries.used, padding = entry_bytes(&entry) - sizeof entry - code.bytes;
    MR_TRY(list_add(agg, &set->entries, (struct mr_span){(char *)&entry, sizeof entry}, err));
    MR_TRY(list_add(agg, &set->entries, code, err));
    MR_TRY(list_add(agg, &set->entries, (struct mr_span){zeros, padding}, err));
    set->entries.count++;
    *slot = place + 1;
    return MR_OK;
}

static mr_status set_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                          uint32_t row, struct mr_err *err)
{
    if (mr_vec_is_null(&args[0], row)) return MR_OK;
    MR_TRY(code_in_scratch(agg, &args[0], row, err));
    return set_add(agg, state, mr_text_span(&agg->scratch), 1, err);
}

static void set_save(struct mr_aggregate *agg, void *state, struct mr_text *out)
{
    (void)agg;
    const struct set_state *set = state;
    mr_text_add(out, set->entries.at, set->entries.used);
}

static mr_status set_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                          struct mr_err *err)
{
    for (size_t place = 0; place < saved.bytes;) {
        struct set_entry entry;
        memcpy(&entry, saved.text + place, sizeof entry);
        struct mr_span code = {saved.text + place + sizeof entry, entry.bytes};
        MR_TRY(set_add(agg, state, code, entry.rows, err));
        place += entry_bytes(&entry);
    }
    return MR_OK;
}

static void set_drop(struct mr_aggregate *agg, void *state)
{
    struct set_state *set = state;
    mr_blocks_give(&agg->blocks, set->slots, set->slot_count * sizeof *set->slots);
    list_drop(agg, &set->entries);
    set->slots = NULL;
    set->slot_count = 0;
}

static mr_status set_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                            struct mr_text_area *area, struct mr_err *err)
{
    (void)agg;
    const struct set_state *set = state;
    MR_TRY(mr_column_grow(&out->children[0], area->arena, (uint32_t)set->entries.count, err));
    for (size_t place = 0; place < set->entries.used;) {
        const struct set_entry *entry = entry_at(set, place);
        const char *code = entry_code(entry).text;
        MR_TRY(mr_value_decode(&code, &out->children[0], area, err));
        place += entry_bytes(entry);
    }
    mr_column_close_list(out);
    return MR_OK;
}

static mr_status mode_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                             struct mr_text_area *area, struct mr_err *err)
{
    (void)agg;
    const struct set_state *set = state;
    const struct set_entry *best = NULL;
    for (size_t place = 0; place < set->entries.used;) {
        const struct set_entry *entry = entry_at(set, place);
        bool is_smaller =
            best != NULL && mr_span_compare(entry_code(entry), entry_code(best)) < 0;
        if (best == NULL || entry->rows > best->rows ||
            (entry->rows == best->rows && is_smaller)) {
            best = entry;
        }
        place += entry_bytes(entry);
    }
    if (best == NULL) return mr_column_append_nulls(out, area, 1, err);
    const char *code = entry_code(best).text;
    return mr_value_decode(&code, out, area, err);
}

AGG_BY_ROW(set)

const struct mr_aggregate_kind mr_kind_set = {
    .state_bytes = sizeof(struct set_state), .scatter = set_scatter, .reduce = set_reduce,
    .save = set_save, .load = set_load, .drop = set_drop, .finish = set_finish};
const struct mr_aggregate_kind mr_kind_mode = {
    .state_bytes = sizeof(struct set_state), .scatter = set_scatter, .reduce = set_reduce,
    .save = set_save, .load = set_load, .drop = set_drop, .finish = mode_finish};

/* ---- string_agg: the text so far, with delimiters ---- */

static mr_status text_join(struct mr_aggregate *agg, struct list_state *list, struct mr_span text,
                           struct mr_err *err)
{
    if (list->count > 0) MR_TRY(list_add(agg, list, agg->delimiter, err));
    return list_add(agg, list, text, err);
}

static mr_status text_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                           uint32_t row, struct mr_err *err)
{
    struct list_state *list = state;
    if (mr_vec_is_null(&args[0], row)) return MR_OK;
    MR_TRY(text_join(agg, list, mr_vec_span(&args[0], row), err));
    list->count++;
    return MR_OK;
}

static mr_status text_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                           struct mr_err *err)
{
    struct list_state *list = state;
    uint64_t count;
    memcpy(&count, saved.text, sizeof count);
    if (count == 0) return MR_OK;
    MR_TRY(text_join(agg, list,
                     (struct mr_span){saved.text + sizeof count, saved.bytes - sizeof count},
                     err));
    list->count += count;
    return MR_OK;
}

static mr_status text_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                             struct mr_text_area *area, struct mr_err *err)
{
    (void)agg;
    const struct list_state *list = state;
    if (list->count == 0) return mr_column_append_nulls(out, area, 1, err);
    return mr_column_append_text(out, area, (struct mr_span){list->at, list->used}, err);
}

AGG_BY_ROW(text)

const struct mr_aggregate_kind mr_kind_text = {
    .state_bytes = sizeof(struct list_state), .scatter = text_scatter, .reduce = text_reduce,
    .save = list_save, .load = text_load, .drop = list_drop, .finish = text_finish};
