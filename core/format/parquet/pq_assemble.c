#include "core/format/parquet/pq_assemble.h"

#include "core/base/checked.h"
#include "kernels/decode/bits.h"

static mr_status assembly_corrupt(const struct mr_pq_assembly *work,
                                  const struct mr_pq_branch *branch)
{
    struct mr_span name = work->tree->leaves[branch->leaf].name;
    return mr_err_set(work->err, MR_E_CORRUPT, 2510,
                      "column %.*s: its levels do not fit those of its neighbours",
                      (int)MR_MIN(name.bytes, (size_t)100), name.text);
}

static mr_status assembly_nomem(const struct mr_pq_assembly *work, uint32_t rows)
{
    return mr_err_set(work->err, MR_E_NOMEM, 0, "out of memory for a column of %u rows", rows);
}

static uint64_t *bitmap_new(const struct mr_pq_assembly *work, uint32_t rows)
{
    return mr_arena_zeroed(work->arena, mr_bit_words(rows) * sizeof(uint64_t), 64);
}

/* ---- validity -------------------------------------------------------------------------------- */

/* A flat column's rows are its entries. */
static mr_status validity_flat(struct mr_pq_assembly *work, const struct mr_pq_branch *branch,
                               struct mr_vec *vec)
{
    const struct mr_pq_chunk_reader *chunk = &work->chunks[branch->leaf];
    if (chunk->rows != vec->rows) return assembly_corrupt(work, branch);
    if (branch->def == 0) return MR_OK;
    vec->validity = bitmap_new(work, vec->rows);
    if (vec->validity == NULL) return assembly_nomem(work, vec->rows);
    if (chunk->leaf->max_def == 1) {
        memcpy(vec->validity, chunk->out_bits, mr_bit_words(vec->rows) * sizeof(uint64_t));
    } else {
        work->kernels->levels_ge(chunk->out_defs, vec->rows, branch->def, vec->validity);
    }
    return MR_OK;
}

static mr_status bits_reserve(struct mr_pq_assembly *work, struct mr_pq_grow *bits, size_t entries)
{
    bits->used = 0;
    return mr_pq_grow_reserve(bits, (entries + 63) / 64 * sizeof(uint64_t), work->err);
}

/* Bits of the entries that have a place in `branch`, into `bits`. */
static mr_status slots_find(struct mr_pq_assembly *work, const struct mr_pq_branch *branch,
                            const struct mr_pq_chunk_reader *chunk, struct mr_pq_grow *bits)
{
    size_t entries = chunk->entry_defs.used;
    MR_TRY(bits_reserve(work, bits, entries));
    work->kernels->levels_slot(chunk->entry_reps.at, chunk->entry_defs.at, entries, branch->rep,
                               branch->slot_def, (uint64_t *)(void *)bits->at);
    return MR_OK;
}

static mr_status validity_repeated(struct mr_pq_assembly *work, const struct mr_pq_branch *branch,
                                   struct mr_vec *vec)
{
    const struct mr_pq_chunk_reader *chunk = &work->chunks[branch->leaf];
    size_t entries = chunk->entry_defs.used, words = (entries + 63) / 64, row = 0;
    MR_TRY(slots_find(work, branch, chunk, work->slots));
    MR_TRY(bits_reserve(work, work->present, entries));
    const uint64_t *slots = (const uint64_t *)(void *)work->slots->at;
    uint64_t *present = (uint64_t *)(void *)work->present->at;
    work->kernels->levels_ge(chunk->entry_defs.at, entries, branch->def, present);
    if (mr_bits_count(slots, 0, words * 64) != vec->rows) return assembly_corrupt(work, branch);
    vec->validity = bitmap_new(work, vec->rows);
    if (vec->validity == NULL) return assembly_nomem(work, vec->rows);
    for (size_t i = 0; i < words; i++) {
        uint64_t there = mr_bits_squeeze(present[i], slots[i]);
        size_t count = (size_t)__builtin_popcountll(slots[i]);
        mr_bits_append(vec->validity, row, (const uint8_t *)&there, 0, count);
        row += count;
    }
    return MR_OK;
}

static mr_status vec_validity(struct mr_pq_assembly *work, const struct mr_pq_branch *branch,
                              struct mr_vec *vec)
{
    const struct mr_pq_chunk_reader *chunk = &work->chunks[branch->leaf];
    if (mr_pq_chunk_is_flat(chunk)) {
        MR_TRY(validity_flat(work, branch, vec));
    } else {
        MR_TRY(validity_repeated(work, branch, vec));
    }
    if (vec->validity == NULL) return MR_OK;
    vec->null_count = mr_vec_nulls(vec->validity, vec->rows);
    if (vec->null_count == 0) vec->validity = NULL;
    return MR_OK;
}

/* ---- values ---------------------------------------------------------------------------------- */

static mr_status values_bits(struct mr_pq_assembly *work, const void *values, struct mr_vec *vec)
{
    vec->values = bitmap_new(work, vec->rows);
    if (vec->values == NULL) return assembly_nomem(work, vec->rows);
    if (vec->validity != NULL) {
        mr_bits_spread(values, vec->validity, vec->rows, vec->values);
    } else {
        mr_bits_append(vec->values, 0, values, 0, vec->rows);
    }
    return MR_OK;
}

/* Values stand close together; here each goes to its row. */
static mr_status vec_values(struct mr_pq_assembly *work, const struct mr_pq_branch *branch,
                            struct mr_vec *vec)
{
    const struct mr_pq_chunk_reader *chunk = &work->chunks[branch->leaf];
    bool is_flat = mr_pq_chunk_is_flat(chunk);
    uint32_t present = vec->rows - vec->null_count;
    MR_ASSERT(chunk->count == present);
    if (chunk->value_bytes == 0) {
        const void *bits = is_flat ? chunk->out_values : chunk->entry_values.at;
        return values_bits(work, bits, vec);
    }
    vec->values = chunk->out_values;
    if (!is_flat) {
        vec->values =
            mr_arena_alloc(work->arena, (size_t)vec->rows * chunk->value_bytes + MR_PAD, 64);
        if (vec->values == NULL) return assembly_nomem(work, vec->rows);
        size_t bytes = (size_t)present * chunk->value_bytes;
        if (bytes > 0) memcpy(vec->values, chunk->entry_values.at, bytes);
    }
    if (vec->validity != NULL) {
        work->kernels->spread(vec->values, chunk->value_log2, present, vec->validity, vec->rows);
    }
    return MR_OK;
}

/* ---- arrays and maps ------------------------------------------------------------------------- */

/* Offsets: elements that begin before each place. An entry that begins an element but no place
 * belongs to the place before it. */
static mr_status vec_offsets(struct mr_pq_assembly *work, const struct mr_pq_branch *branch,
                             struct mr_vec *vec, uint32_t *out_elements)
{
    const struct mr_pq_chunk_reader *chunk = &work->chunks[branch->leaf];
    size_t words = (chunk->entry_defs.used + 63) / 64;
    uint32_t row = 0, elements = 0;
    vec->offsets = mr_arena_alloc(work->arena, ((size_t)vec->rows + 1) * sizeof(uint32_t), 64);
    if (vec->offsets == NULL) return assembly_nomem(work, vec->rows);
    MR_TRY(slots_find(work, branch, chunk, work->slots));
    MR_TRY(slots_find(work, &branch->children[0], chunk, work->present));
    const uint64_t *places = (const uint64_t *)(void *)work->slots->at;
    const uint64_t *begins = (const uint64_t *)(void *)work->present->at;
    for (size_t i = 0; i < words; i++) {
        uint64_t first = places[i] & -places[i];
        bool is_orphan = row == 0 && (begins[i] & (places[i] == 0 ? ~UINT64_C(0) : first - 1)) != 0;
        if (is_orphan) return assembly_corrupt(work, branch);
        for (uint64_t left = places[i]; left != 0; left &= left - 1) {
            uint64_t below = (left & -left) - 1;
            vec->offsets[row++] = elements + (uint32_t)__builtin_popcountll(begins[i] & below);
        }
        elements += (uint32_t)__builtin_popcountll(begins[i]);
    }
    MR_ASSERT(row == vec->rows); /* vec_validity counted the same */
    vec->offsets[row] = elements;
    for (uint32_t i = 0; i < row && vec->validity != NULL; i++) {
        if (mr_vec_is_null(vec, i) && vec->offsets[i] != vec->offsets[i + 1]) {
            return assembly_corrupt(work, branch);
        }
    }
    *out_elements = elements;
    return MR_OK;
}

/* All null, and what lies below too. */
static void vec_nulls(struct mr_vec *vec)
{
    const struct mr_type *type = vec->type;
    size_t bytes = type->id == MR_TYPE_BOOLEAN ? mr_bit_words(vec->rows) * sizeof(uint64_t)
                                               : (size_t)vec->rows * mr_type_width(type);
    if (type->id != MR_TYPE_VOID) vec->null_count = vec->rows;
    if (vec->rows == 0) vec->validity = NULL;
    if (vec->values != NULL && bytes > 0) memset(vec->values, 0, bytes);
    for (uint32_t i = 0; i < type->field_count; i++) vec_nulls(&vec->children[i]);
}

/* A column that the file has not. */
static mr_status vec_missing(struct mr_pq_assembly *work, const struct mr_type *type, uint32_t rows,
                             struct mr_vec *vec)
{
    MR_TRY(mr_vec_alloc(vec, work->arena, type, rows, true, work->bufs, work->err));
    vec_nulls(vec);
    return MR_OK;
}

mr_status mr_pq_assemble(struct mr_pq_assembly *work, const struct mr_pq_branch *branch,
                         uint32_t rows, struct mr_vec *vec)
{
    const struct mr_type *type = branch->type;
    uint32_t child_rows = rows;
    if (branch->is_missing) return vec_missing(work, type, rows, vec);
    *vec = (struct mr_vec){.type = type, .rows = rows, .bufs = work->bufs};
    MR_TRY(vec_validity(work, branch, vec));
    if (!mr_type_is_nested(type)) return vec_values(work, branch, vec);
    if (type->id != MR_TYPE_STRUCT) MR_TRY(vec_offsets(work, branch, vec, &child_rows));
    vec->children = MR_ARENA_ARRAY(work->arena, struct mr_vec, type->field_count);
    if (vec->children == NULL && type->field_count > 0) return assembly_nomem(work, rows);
    for (uint32_t i = 0; i < type->field_count; i++) {
        MR_TRY(mr_pq_assemble(work, &branch->children[i], child_rows, &vec->children[i]));
    }
    return MR_OK;
}
