#include "core/ops/op_sorter_impl.h"

#include "core/expr/value_code.h"

enum {
    PREFIX_BYTES = 16,
    NULL_FIRST = 0x00,
    PRESENT = 0x01,
    NULL_LAST = 0xff,
    KEEP_MIN = MR_BATCH_ROWS_MAX, /* twice as many come before rows are dropped */
    INSERTION_MAX = 8,
    TOP_MAX = 1 << 16, /* larger limits keep everything: one call may not copy that many */
};

/* key_bytes: of a key of fixed width; 0 = not. */
static uint32_t key_bytes(const struct sorter_key *key)
{
    uint32_t width = key->type->id == MR_TYPE_BOOLEAN ? 1 : mr_type_width(key->type);
    bool is_plain = !mr_type_is_nested(key->type) && key->type->id != MR_TYPE_STRING &&
                    key->type->id != MR_TYPE_BINARY && width > 0 && width <= 8;
    return is_plain ? width + key->is_nullable : 0;
}

static bool all_fixed(const struct sorter_key *keys, uint32_t count)
{
    uint32_t bytes = 0;
    for (uint32_t k = 0; k < count; k++) {
        if (key_bytes(&keys[k]) == 0) return false;
        bytes += key_bytes(&keys[k]);
    }
    return bytes <= PREFIX_BYTES;
}

mr_status sorter_init(struct sorter *sorter, struct mr_query_env *env,
                      const struct mr_type *const *types, uint32_t type_count,
                      const struct sorter_key *keys, uint32_t key_count, uint64_t limit,
                      struct mr_err *err)
{
    *sorter = (struct sorter){.env = env, .types = types, .type_count = type_count, .keys = keys,
                              .key_count = key_count, .limit = limit,
                              .is_fixed = all_fixed(keys, key_count)};
    mr_arena_init(&sorter->arena, env->heap, 0);
    mr_text_init(&sorter->text, env->heap);
    mr_text_init(&sorter->bar_code, env->heap);
    sorter->sorted = mr_heap_take(env->heap, MR_BATCH_ROWS_MAX * sizeof *sorter->sorted);
    if (sorter->sorted == NULL) return op_nomem(err);
    return mr_row_store_init(&sorter->store, env->heap, types, type_count, err);
}

static void give_lists(struct sorter *sorter)
{
    struct mr_heap *heap = sorter->env->heap;
    mr_heap_give(heap, sorter->codes, sorter->code_capacity * sizeof *sorter->codes);
    mr_heap_give(heap, sorter->runs, sorter->run_capacity * sizeof *sorter->runs);
    mr_heap_give(heap, sorter->tree, 2 * sorter->leaves * sizeof *sorter->tree);
    sorter->codes = NULL;
    sorter->runs = NULL;
    sorter->tree = NULL;
    sorter->code_capacity = sorter->run_capacity = sorter->run_count = sorter->leaves = 0;
}

void sorter_fini(struct sorter *sorter)
{
    if (sorter->env == NULL) return;
    struct mr_heap *heap = sorter->env->heap;
    give_lists(sorter);
    mr_heap_give(heap, sorter->sorted, MR_BATCH_ROWS_MAX * sizeof *sorter->sorted);
    mr_text_fini(&sorter->text);
    mr_text_fini(&sorter->bar_code);
    mr_row_store_fini(&sorter->store);
    mr_arena_fini(&sorter->arena);
    *sorter = (struct sorter){0};
}

/* ---- keys ---- */

static uint64_t word_at(const char *text)
{
    uint64_t word;
    memcpy(&word, text, 8);
    return __builtin_bswap64(word);
}

/* entry_of: the entry's prefix from a whole key, zeros behind it. */
static struct sorter_entry entry_of(struct mr_span code, uint32_t row)
{
    char prefix[PREFIX_BYTES] = {0};
    memcpy(prefix, code.text, MR_MIN(code.bytes, (size_t)PREFIX_BYTES));
    return (struct sorter_entry){word_at(prefix), word_at(prefix + 8), row};
}

/* encode: the whole key of a row. */
static void encode(struct sorter *sorter, const struct mr_vec *key_cols, uint32_t row)
{
    struct mr_text *out = &sorter->text;
    mr_text_reset(out);
    for (uint32_t k = 0; k < sorter->key_count; k++) {
        const struct sorter_key *key = &sorter->keys[k];
        if (mr_vec_is_null(&key_cols[k], row)) {
            mr_text_addc(out, (char)(key->is_nulls_first ? NULL_FIRST : NULL_LAST));
            continue;
        }
        size_t from = out->used;
        mr_value_encode(&key_cols[k], row, out);
        if (out->is_failed || !key->is_descending) continue;
        for (size_t i = from + 1; i < out->used; i++) out->at[i] = (char)~out->at[i];
    }
}

/* fixed_word: a value of a fixed width as a number whose order is the value's. */
static uint64_t fixed_word(const struct mr_vec *vec, uint32_t row, uint32_t width)
{
    uint64_t sign = UINT64_C(1) << (8 * width - 1), word = 0;
    if (vec->type->id == MR_TYPE_BOOLEAN) return mr_bit_get(vec->values, row);
    if (vec->type->id == MR_TYPE_FLOAT || vec->type->id == MR_TYPE_DOUBLE) {
        bool is_double = vec->type->id == MR_TYPE_DOUBLE;
        double value =
            is_double ? ((const double *)vec->values)[row] : ((const float *)vec->values)[row];
        float narrow = (float)(value + 0.0);
        value += 0.0;
        if (value != value) return UINT64_MAX >> (64 - 8 * width); /* above all */
        if (is_double) memcpy(&word, &value, sizeof value);
        else memcpy(&word, &narrow, sizeof narrow);
        word = word & sign ? ~word : word ^ sign;
    } else {
        word = (uint64_t)mr_vec_i64(vec, row) ^ sign;
    }
    return width == 8 ? word : word & ((UINT64_C(1) << 8 * width) - 1);
}

/* fixed_entries: the whole keys of the rows, a column at a time. */
static void fixed_entries(struct sorter *sorter, const struct mr_vec *key_cols,
                          const uint32_t *at, uint32_t count, uint32_t first)
{
    unsigned room = 8 * PREFIX_BYTES;
    for (uint32_t i = 0; i < count; i++) sorter->sorted[i] = (struct sorter_entry){0, 0, first + i};
    for (uint32_t k = 0; k < sorter->key_count; k++) {
        const struct sorter_key *key = &sorter->keys[k];
        uint32_t bytes = key_bytes(key), width = bytes - key->is_nullable;
        uint64_t flip = key->is_descending ? UINT64_MAX >> (64 - 8 * width) : 0;
        unsigned null_byte = key->is_nulls_first ? NULL_FIRST : NULL_LAST;
        room -= 8 * bytes;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t row = at == NULL ? i : at[i];
            unsigned __int128 word;
            if (key->is_nullable && mr_vec_is_null(&key_cols[k], row)) {
                word = (unsigned __int128)null_byte << 8 * width;
            } else {
                word = fixed_word(&key_cols[k], row, width) ^ flip;
                if (key->is_nullable) word |= (unsigned __int128)PRESENT << 8 * width;
            }
            word <<= room;
            sorter->sorted[i].high |= (uint64_t)(word >> 64);
            sorter->sorted[i].low |= (uint64_t)word;
        }
    }
}

/* ---- order ---- */

static struct mr_span code_of(const struct sorter *sorter, uint32_t row)
{
    struct mr_span code;
    memcpy(&code.bytes, sorter->codes[row], sizeof code.bytes);
    code.text = sorter->codes[row] + sizeof code.bytes;
    return code;
}

/* is_before: strictly; of equal keys the row that came first. */
static bool is_before(const struct sorter *sorter, const struct sorter_entry *a,
                      const struct sorter_entry *b)
{
    if (a->high != b->high) return a->high < b->high;
    if (a->low != b->low) return a->low < b->low;
    if (!sorter->is_fixed) {
        int order = mr_span_compare(code_of(sorter, a->row), code_of(sorter, b->row));
        if (order != 0) return order < 0;
    }
    return a->row < b->row;
}

static void insertion_sort(const struct sorter *sorter, struct sorter_entry *at, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct sorter_entry moved = at[i];
        uint32_t to = i;
        for (; to > 0 && is_before(sorter, &moved, &at[to - 1]); to--) at[to] = at[to - 1];
        at[to] = moved;
    }
}

/* merge: from[0 .. half) and from[half .. count), each sorted, into `to`. */
static void merge(const struct sorter *sorter, const struct sorter_entry *from, uint32_t half,
                  uint32_t count, struct sorter_entry *to)
{
    uint32_t a = 0, b = half;
    if (half == count || is_before(sorter, &from[half - 1], &from[half])) {
        memcpy(to, from, count * sizeof *to);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        bool takes_b = a == half || (b < count && is_before(sorter, &from[b], &from[a]));
        to[i] = takes_b ? from[b++] : from[a++];
    }
}

/* sort_entries: in sorter->sorted, by merging runs of doubling length to and fro with `other`.
 * returns where the sorted entries lie */
static struct sorter_entry *sort_entries(struct sorter *sorter, uint32_t count,
                                         struct sorter_entry *other)
{
    struct sorter_entry *from = sorter->sorted;
    for (uint32_t at = 0; at < count; at += INSERTION_MAX) {
        insertion_sort(sorter, from + at, MR_MIN(count - at, (uint32_t)INSERTION_MAX));
    }
    for (uint32_t length = INSERTION_MAX; length < count; length *= 2) {
        for (uint32_t at = 0; at < count; at += 2 * length) {
            uint32_t both = MR_MIN(count - at, 2 * length);
            merge(sorter, from + at, MR_MIN(both, length), both, other + at);
        }
        struct sorter_entry *swap = from;
        from = other;
        other = swap;
    }
    return from;
}

/* ---- taking rows in ---- */

static mr_status room_for_codes(struct sorter *sorter, uint32_t rows, struct mr_err *err)
{
    if (rows <= sorter->code_capacity) return MR_OK;
    uint32_t capacity = MR_MAX(rows, sorter->code_capacity * 2);
    char **codes = mr_heap_resize(sorter->env->heap, sorter->codes,
                                  sorter->code_capacity * sizeof *codes,
                                  capacity * sizeof *codes);
    if (codes == NULL) return op_nomem(err);
    sorter->codes = codes;
    sorter->code_capacity = capacity;
    return MR_OK;
}

static mr_status keep_code(struct sorter *sorter, struct mr_span code, uint32_t row,
                           struct mr_err *err)
{
    char *at = mr_arena_alloc(&sorter->arena, sizeof code.bytes + code.bytes, 8);
    if (at == NULL) return op_nomem(err);
    memcpy(at, &code.bytes, sizeof code.bytes);
    memcpy(at + sizeof code.bytes, code.text, code.bytes);
    sorter->codes[row] = at;
    return MR_OK;
}

/* is_barred: whether the row whose whole key is in `text`, or in the entry, is not wanted. */
static bool is_barred(const struct sorter *sorter, const struct sorter_entry *entry,
                      struct mr_span code)
{
    if (!sorter->has_bar) return false;
    if (entry->high != sorter->bar.high) return entry->high > sorter->bar.high;
    if (entry->low != sorter->bar.low) return entry->low > sorter->bar.low;
    return sorter->is_fixed || mr_span_compare(code, mr_text_span(&sorter->bar_code)) >= 0;
}

/* take_fixed, take_coded: entries in sorter->sorted for the rows that are wanted, kept[] lists
 * those. returns their number */
static uint32_t take_fixed(struct sorter *sorter, const struct mr_vec *key_cols,
                           const uint32_t *at, uint32_t count, uint32_t *kept)
{
    uint32_t first = sorter->store.rows, taken = 0;
    fixed_entries(sorter, key_cols, at, count, first);
    for (uint32_t i = 0; i < count; i++) {
        struct sorter_entry entry = sorter->sorted[i];
        if (is_barred(sorter, &entry, (struct mr_span){0})) continue;
        entry.row = first + taken;
        kept[taken] = at == NULL ? i : at[i];
        sorter->sorted[taken++] = entry;
    }
    return taken;
}

static mr_status take_coded(struct sorter *sorter, const struct mr_vec *key_cols,
                            const uint32_t *at, uint32_t count, uint32_t *kept,
                            uint32_t *out_taken, struct mr_err *err)
{
    uint32_t first = sorter->store.rows, taken = 0;
    MR_TRY(room_for_codes(sorter, first + count, err));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = at == NULL ? i : at[i];
        encode(sorter, key_cols, row);
        MR_TRY(mr_text_end(&sorter->text, err));
        struct mr_span code = mr_text_span(&sorter->text);
        struct sorter_entry entry = entry_of(code, first + taken);
        if (is_barred(sorter, &entry, code)) continue;
        MR_TRY(keep_code(sorter, code, entry.row, err));
        kept[taken] = row;
        sorter->sorted[taken++] = entry;
    }
    *out_taken = taken;
    return MR_OK;
}

/* add_run: the first `count` entries of sorter->sorted as a run. */
static mr_status add_run(struct sorter *sorter, uint32_t count, struct mr_err *err)
{
    if (sorter->run_count == sorter->run_capacity) {
        uint32_t capacity = MR_MAX(sorter->run_capacity * 2, 16u);
        struct sorter_run *runs =
            mr_heap_resize(sorter->env->heap, sorter->runs, sorter->run_capacity * sizeof *runs,
                           capacity * sizeof *runs);
        if (runs == NULL) return op_nomem(err);
        sorter->runs = runs;
        sorter->run_capacity = capacity;
    }
    struct sorter_entry *at = mr_arena_alloc(&sorter->arena, count * sizeof *at, 8);
    if (at == NULL) return op_nomem(err);
    struct sorter_entry *sorted = sort_entries(sorter, count, at);
    if (sorted != at) memcpy(at, sorted, count * sizeof *at);
    sorter->runs[sorter->run_count++] = (struct sorter_run){.at = at, .count = count};
    return MR_OK;
}

static mr_status keep_best(struct sorter *sorter, struct mr_err *err);

mr_status sorter_add(struct sorter *sorter, const struct mr_vec *cols,
                     const struct mr_vec *key_cols, const uint32_t *at, uint32_t count,
                     struct mr_arena *arena, struct mr_err *err)
{
    uint32_t taken = 0;
    uint32_t *kept = mr_arena_alloc(arena, (count + 1) * sizeof *kept, 64);
    if (kept == NULL) return op_nomem(err);
    if (count > MR_STORE_ROWS_MAX - sorter->store.rows) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "more than %u rows to sort", MR_STORE_ROWS_MAX);
    }
    if (sorter->is_fixed) taken = take_fixed(sorter, key_cols, at, count, kept);
    else MR_TRY(take_coded(sorter, key_cols, at, count, kept, &taken, err));
    if (taken == 0) return MR_OK;
    MR_TRY(mr_row_store_append(&sorter->store, cols, kept, taken, err));
    MR_TRY(add_run(sorter, taken, err));
    bool has_limit = sorter->limit <= TOP_MAX;
    uint64_t most = 2 * MR_MAX(sorter->limit, (uint64_t)KEEP_MIN);
    return has_limit && sorter->store.rows > most ? keep_best(sorter, err) : MR_OK;
}

/* ---- giving rows out ---- */

/* node_of: the next entry of a run, or its end. */
static struct sorter_node node_of(struct sorter *sorter, uint32_t run)
{
    struct sorter_node node = {{UINT64_MAX, UINT64_MAX, MR_STORE_NO_ROW}, run};
    if (run >= sorter->run_count) return node;
    struct sorter_run *from = &sorter->runs[run];
    if (from->done < from->count) node.entry = from->at[from->done++];
    return node;
}

/* wins: against another run's entry; a run that has ended loses. */
static inline bool wins(const struct sorter *sorter, const struct sorter_node *a,
                        const struct sorter_node *b)
{
    if (a->entry.high != b->entry.high) return a->entry.high < b->entry.high;
    if (a->entry.row == MR_STORE_NO_ROW || b->entry.row == MR_STORE_NO_ROW) {
        return b->entry.row == MR_STORE_NO_ROW;
    }
    return is_before(sorter, &a->entry, &b->entry);
}

mr_status sorter_begin(struct sorter *sorter, struct mr_err *err)
{
    uint32_t leaves = 1;
    while (leaves < sorter->run_count) leaves *= 2;
    struct sorter_node *tree = mr_heap_take(sorter->env->heap, 2 * leaves * sizeof *tree);
    if (tree == NULL) return op_nomem(err);
    sorter->tree = tree;
    sorter->leaves = leaves;
    struct sorter_node *winners = mr_heap_take(sorter->env->heap, 2 * leaves * sizeof *tree);
    if (winners == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < leaves; i++) winners[leaves + i] = node_of(sorter, i);
    for (uint32_t n = leaves - 1; n > 0; n--) {
        bool is_left = wins(sorter, &winners[2 * n], &winners[2 * n + 1]);
        winners[n] = winners[2 * n + !is_left];
        tree[n] = winners[2 * n + is_left];
    }
    sorter->first = winners[1];
    mr_heap_give(sorter->env->heap, winners, 2 * leaves * sizeof *tree);
    return MR_OK;
}

/* replay: the winner's run sends its next entry, which meets the losers on its way up. */
static void replay(struct sorter *sorter)
{
    struct sorter_node node = node_of(sorter, sorter->first.run);
    for (uint32_t n = (sorter->leaves + node.run) / 2; n > 0; n /= 2) {
        if (!wins(sorter, &sorter->tree[n], &node)) continue;
        struct sorter_node loser = node;
        node = sorter->tree[n];
        sorter->tree[n] = loser;
    }
    sorter->first = node;
}

uint32_t sorter_next(struct sorter *sorter, uint32_t *ids, uint32_t count)
{
    uint32_t given = 0;
    for (; given < count && sorter->first.entry.row != MR_STORE_NO_ROW; given++) {
        ids[given] = sorter->first.entry.row;
        replay(sorter);
    }
    return given;
}

/* best_of: the first `count` entries in their order, with their rows as they are in the store. */
static void best_of(struct sorter *sorter, struct sorter_entry *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        at[i] = sorter->first.entry;
        replay(sorter);
    }
}

/* best_into: the first `limit` rows, in their order, into a new sorter as one sorted run. */
static mr_status best_into(struct sorter *sorter, struct sorter *best, struct mr_err *err)
{
    uint32_t count = (uint32_t)sorter->limit;
    struct sorter_entry *at = mr_arena_alloc(&best->arena, count * sizeof *at, 8);
    uint32_t *rows = mr_arena_alloc(&sorter->arena, count * sizeof *rows, 8);
    best->runs = mr_heap_take(best->env->heap, sizeof *best->runs);
    if (best->runs != NULL) best->run_capacity = best->run_count = 1;
    if (at == NULL || rows == NULL || best->runs == NULL) return op_nomem(err);
    best->runs[0] = (struct sorter_run){.at = at, .count = count};
    MR_TRY(sorter_begin(sorter, err));
    best_of(sorter, at, count);
    if (!sorter->is_fixed) MR_TRY(room_for_codes(best, count, err));
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = at[i].row;
        at[i].row = i;
        if (!sorter->is_fixed) MR_TRY(keep_code(best, code_of(sorter, rows[i]), i, err));
    }
    MR_TRY(mr_row_store_copy(&best->store, &sorter->store, rows, count, err));
    best->bar = at[count - 1];
    best->has_bar = true;
    if (sorter->is_fixed) return MR_OK;
    struct mr_span code = code_of(best, count - 1);
    mr_text_add(&best->bar_code, code.text, code.bytes);
    return mr_text_end(&best->bar_code, err);
}

static mr_status keep_best(struct sorter *sorter, struct mr_err *err)
{
    struct sorter best;
    mr_status status = sorter_init(&best, sorter->env, sorter->types, sorter->type_count,
                                   sorter->keys, sorter->key_count, sorter->limit, err);
    if (status == MR_OK) status = best_into(sorter, &best, err);
    if (status != MR_OK) {
        sorter_fini(&best);
        return status;
    }
    sorter_fini(sorter);
    *sorter = best;
    return MR_OK;
}

size_t sorter_bytes(const struct sorter *sorter)
{
    return mr_arena_bytes(&sorter->arena) + mr_row_store_bytes(&sorter->store) +
           sorter->code_capacity * sizeof *sorter->codes;
}
