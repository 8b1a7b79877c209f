#include "core/format/parquet/pq_reader.h"

#include "core/base/checked.h"
#include "core/format/parquet/pq_chunk_read.h"
#include "core/format/parquet/pq_heap.h"

enum { MEMORY_BYTES = 256 << 20 };

struct mr_pq_reader {
    struct mr_heap *owner;
    struct mr_pq_heap memory;
    struct mr_arena arena;      /* metadata */
    struct mr_arena tree_arena; /* the projection and its chunks' readers */
    struct mr_codec *codec;
    struct mr_span file;
    struct mr_pq_meta meta;
    struct mr_pq_tree tree;
    struct mr_pq_chunk_reader *chunks; /* one per leaf of the file; those kept are in use */
    struct mr_pq_grow texts;           /* long texts of the batch */
    uint32_t batch_rows;
    bool ignores_crc;
    uint32_t group; /* the one being read */
    uint64_t group_rows_left;
    bool has_tree;
    bool is_in_group;
};

static mr_status reader_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a Parquet reader");
}

mr_status mr_pq_reader_open(struct mr_heap *heap, struct mr_codec *codec, struct mr_span file,
                            const struct mr_pq_reader_limits *limits,
                            struct mr_pq_reader **out_reader, struct mr_err *err)
{
    struct mr_pq_reader *reader = mr_heap_zeroed(heap, sizeof *reader);
    if (reader == NULL) return reader_nomem(err);
    size_t memory_bytes = limits->memory_bytes == 0 ? (size_t)MEMORY_BYTES : limits->memory_bytes;
    reader->owner = heap;
    mr_pq_heap_init(&reader->memory, heap, memory_bytes);
    mr_arena_init(&reader->arena, &reader->memory.heap, 0);
    mr_arena_init(&reader->tree_arena, &reader->memory.heap, 0);
    reader->texts.heap = &reader->memory.heap;
    reader->codec = codec;
    reader->file = file;
    reader->ignores_crc = limits->ignores_crc;
    reader->batch_rows = limits->batch_rows == 0 || limits->batch_rows > MR_BATCH_ROWS_MAX
                             ? MR_BATCH_ROWS_MAX
                             : limits->batch_rows;
    mr_status status = mr_pq_meta_read(&reader->arena, file, &reader->meta, err);
    if (status != MR_OK) {
        mr_pq_reader_close(reader);
        return status;
    }
    *out_reader = reader;
    return MR_OK;
}

static void tree_drop(struct mr_pq_reader *reader)
{
    for (uint32_t i = 0; reader->chunks != NULL && i < reader->meta.leaf_count; i++) {
        mr_pq_chunk_reader_fini(&reader->chunks[i]);
    }
    reader->chunks = NULL;
    reader->has_tree = false;
    mr_arena_reset(&reader->tree_arena);
}

void mr_pq_reader_close(struct mr_pq_reader *reader)
{
    if (reader == NULL) return;
    tree_drop(reader);
    mr_pq_grow_fini(&reader->texts);
    mr_arena_fini(&reader->tree_arena);
    mr_arena_fini(&reader->arena);
    MR_ASSERT(reader->memory.heap.used_bytes == 0);
    mr_heap_give(reader->owner, reader, sizeof *reader);
}

mr_status mr_pq_reader_project(struct mr_pq_reader *reader, const struct mr_pq_projection *paths,
                               uint32_t path_count, struct mr_err *err)
{
    MR_ASSERT(reader->group == 0 && !reader->is_in_group);
    tree_drop(reader);
    MR_TRY(
        mr_pq_tree_make(&reader->tree_arena, &reader->meta, paths, path_count, &reader->tree, err));
    reader->chunks =
        MR_ARENA_ARRAY(&reader->tree_arena, struct mr_pq_chunk_reader, reader->meta.leaf_count + 1);
    if (reader->chunks == NULL) return reader_nomem(err);
    for (uint32_t i = 0; i < reader->meta.leaf_count; i++) {
        mr_pq_chunk_reader_init(&reader->chunks[i], &reader->memory.heap, reader->codec,
                                &reader->tree.leaves[i]);
        reader->chunks[i].ignores_crc = reader->ignores_crc;
    }
    reader->has_tree = true;
    return MR_OK;
}

mr_status mr_pq_reader_schema(struct mr_pq_reader *reader, const struct mr_type **out_schema,
                              struct mr_err *err)
{
    if (!reader->has_tree) MR_TRY(mr_pq_reader_project(reader, NULL, 0, err));
    *out_schema = reader->tree.root.type;
    return MR_OK;
}

uint64_t mr_pq_reader_rows(const struct mr_pq_reader *reader)
{
    return reader->meta.rows;
}

struct mr_span mr_pq_reader_created_by(const struct mr_pq_reader *reader)
{
    return reader->meta.created_by;
}

/* ---- putting columns together ---------------------------------------------------------------- */

struct assembly {
    struct mr_pq_reader *reader;
    struct mr_arena *arena;
    const struct mr_bufs *bufs;
    struct mr_err *err;
};

static mr_status assembly_corrupt(const struct assembly *work, const struct mr_pq_branch *branch)
{
    struct mr_span name = work->reader->tree.leaves[branch->leaf].name;
    return mr_err_set(work->err, MR_E_CORRUPT, 2510,
                      "column %.*s: its levels do not fit those of its neighbours",
                      (int)MR_MIN(name.bytes, (size_t)100), name.text);
}

static mr_status assembly_nomem(const struct assembly *work, uint32_t rows)
{
    return mr_err_set(work->err, MR_E_NOMEM, 0, "out of memory for a column of %u rows", rows);
}

/* Whether entry i of a leaf has a place in the branch. */
static inline bool has_slot(const struct mr_pq_branch *branch,
                            const struct mr_pq_chunk_reader *chunk, size_t i)
{
    return chunk->out_reps.at[i] <= branch->rep && chunk->out_defs.at[i] >= branch->slot_def;
}

/* The validity of a branch by the levels of its first leaf, which has to give `rows` places. */
static mr_status vec_validity(struct assembly *work, const struct mr_pq_branch *branch,
                              struct mr_vec *vec)
{
    const struct mr_pq_chunk_reader *chunk = &work->reader->chunks[branch->leaf];
    size_t entries = chunk->out_defs.used;
    uint32_t row = 0;
    uint64_t *validity =
        mr_arena_zeroed(work->arena, mr_bit_words(vec->rows) * sizeof(uint64_t), 64);
    if (validity == NULL) return assembly_nomem(work, vec->rows);
    for (size_t i = 0; i < entries; i++) {
        if (!has_slot(branch, chunk, i)) continue;
        if (row == vec->rows) return assembly_corrupt(work, branch);
        if (chunk->out_defs.at[i] >= branch->def) mr_bit_set(validity, row);
        row++;
    }
    if (row != vec->rows) return assembly_corrupt(work, branch);
    vec->null_count = mr_vec_nulls(validity, vec->rows);
    if (vec->null_count > 0) vec->validity = validity;
    return MR_OK;
}

/* Values stand close together in the chunk's output; here each goes to its row. */
static mr_status vec_values(struct assembly *work, const struct mr_pq_branch *branch,
                            struct mr_vec *vec)
{
    const struct mr_pq_chunk_reader *chunk = &work->reader->chunks[branch->leaf];
    size_t width = mr_pq_value_bytes(chunk->leaf), at = 0;
    bool is_bits = vec->type->id == MR_TYPE_BOOLEAN;
    size_t bytes = is_bits ? mr_bit_words(vec->rows) * sizeof(uint64_t) : vec->rows * width;
    vec->values = mr_arena_zeroed(work->arena, bytes, 64);
    if (vec->values == NULL) return assembly_nomem(work, vec->rows);
    MR_ASSERT(chunk->out_values.used == (vec->rows - vec->null_count) * width);
    if (vec->validity == NULL && !is_bits) {
        if (bytes > 0) memcpy(vec->values, chunk->out_values.at, bytes);
        return MR_OK;
    }
    for (uint32_t row = 0; row < vec->rows; row++) {
        if (mr_vec_is_null(vec, row)) continue;
        const uint8_t *value = chunk->out_values.at + at;
        if (is_bits && *value != 0) mr_bit_set(vec->values, row);
        if (!is_bits) memcpy((char *)vec->values + row * width, value, width);
        at += width;
    }
    return MR_OK;
}

/* Offsets of an array or map: entries that begin an element, between those that begin a place. */
static mr_status vec_offsets(struct assembly *work, const struct mr_pq_branch *branch,
                             struct mr_vec *vec, uint32_t *out_elements)
{
    const struct mr_pq_chunk_reader *chunk = &work->reader->chunks[branch->leaf];
    const struct mr_pq_branch *element = &branch->children[0];
    size_t entries = chunk->out_defs.used;
    uint32_t row = 0, elements = 0;
    vec->offsets = mr_arena_zeroed(work->arena, ((size_t)vec->rows + 1) * sizeof(uint32_t), 64);
    if (vec->offsets == NULL) return assembly_nomem(work, vec->rows);
    for (size_t i = 0; i < entries; i++) {
        if (has_slot(branch, chunk, i)) vec->offsets[row++] = elements;
        /* A second element of a list that has none, or of no list at all, is refused. */
        bool is_element = has_slot(element, chunk, i);
        if (is_element && row == 0) return assembly_corrupt(work, branch);
        elements += is_element;
    }
    MR_ASSERT(row == vec->rows); /* vec_validity counted the same */
    vec->offsets[row] = elements;
    for (uint32_t i = 0; i < row; i++) {
        if (mr_vec_is_null(vec, i) && vec->offsets[i] != vec->offsets[i + 1]) {
            return assembly_corrupt(work, branch);
        }
    }
    *out_elements = elements;
    return MR_OK;
}

static mr_status vec_assemble(struct assembly *work, const struct mr_pq_branch *branch,
                              uint32_t rows, struct mr_vec *vec)
{
    const struct mr_type *type = branch->type;
    uint32_t child_rows = rows;
    *vec = (struct mr_vec){.type = type, .rows = rows, .bufs = work->bufs};
    MR_TRY(vec_validity(work, branch, vec));
    if (!mr_type_is_nested(type)) return vec_values(work, branch, vec);
    if (type->id != MR_TYPE_STRUCT) MR_TRY(vec_offsets(work, branch, vec, &child_rows));
    vec->children = MR_ARENA_ARRAY(work->arena, struct mr_vec, type->field_count);
    if (vec->children == NULL && type->field_count > 0) return assembly_nomem(work, rows);
    for (uint32_t i = 0; i < type->field_count; i++) {
        MR_TRY(vec_assemble(work, &branch->children[i], child_rows, &vec->children[i]));
    }
    return MR_OK;
}

/* ---- batches --------------------------------------------------------------------------------- */

static mr_status group_begin(struct mr_pq_reader *reader, struct mr_err *err)
{
    const struct mr_pq_group_meta *group = &reader->meta.groups[reader->group];
    for (uint32_t i = 0; i < reader->meta.leaf_count; i++) {
        if (!reader->tree.leaves[i].is_kept) continue;
        MR_TRY(mr_pq_chunk_reader_begin(&reader->chunks[i], reader->file, &group->columns[i], err));
    }
    reader->group_rows_left = group->rows;
    reader->is_in_group = true;
    return MR_OK;
}

static mr_status batch_read(struct mr_pq_reader *reader, uint32_t rows, struct mr_arena *arena,
                            struct mr_batch *batch, struct mr_err *err)
{
    const struct mr_pq_branch *root = &reader->tree.root;
    struct assembly work = {.reader = reader, .arena = arena, .bufs = &batch->bufs, .err = err};
    reader->texts.used = 0;
    for (uint32_t i = 0; i < reader->meta.leaf_count; i++) {
        if (!reader->tree.leaves[i].is_kept) continue;
        MR_TRY(mr_pq_chunk_reader_take(&reader->chunks[i], rows, &reader->texts, err));
    }
    mr_batch_init(batch, arena, root->type);
    batch->rows = batch->sel_count = rows;
    batch->cols = MR_ARENA_ARRAY(arena, struct mr_vec, root->type->field_count);
    char *texts = mr_arena_alloc(arena, reader->texts.used + MR_PAD, 64);
    if (texts == NULL || (batch->cols == NULL && root->type->field_count > 0)) {
        return assembly_nomem(&work, rows);
    }
    if (reader->texts.used > 0) memcpy(texts, reader->texts.at, reader->texts.used);
    (void)mr_batch_add_buf(batch, texts);
    for (uint32_t i = 0; i < root->type->field_count; i++) {
        MR_TRY(vec_assemble(&work, &root->children[i], rows, &batch->cols[i]));
    }
    return MR_OK;
}

mr_status mr_pq_reader_next(struct mr_pq_reader *reader, struct mr_arena *arena,
                            struct mr_batch *out, bool *out_has_rows, struct mr_err *err)
{
    if (!reader->has_tree) MR_TRY(mr_pq_reader_project(reader, NULL, 0, err));
    if (reader->tree.root.type->field_count == 0) { /* nothing would bound the number of rows */
        *out_has_rows = false;
        return MR_OK;
    }
    while (!reader->is_in_group || reader->group_rows_left == 0) {
        if (reader->is_in_group) reader->group++;
        reader->is_in_group = false;
        if (reader->group >= reader->meta.group_count) {
            *out_has_rows = false;
            return MR_OK;
        }
        MR_TRY(group_begin(reader, err));
    }
    uint32_t rows = (uint32_t)MR_MIN(reader->group_rows_left, (uint64_t)reader->batch_rows);
    MR_TRY(batch_read(reader, rows, arena, out, err));
    reader->group_rows_left -= rows;
    *out_has_rows = true;
    return MR_OK;
}
