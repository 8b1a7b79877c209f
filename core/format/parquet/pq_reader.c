#include "core/format/parquet/pq_reader.h"

#include "core/base/checked.h"
#include "core/format/parquet/pq_assemble.h"
#include "core/format/parquet/pq_heap.h"

enum {
    MEMORY_BYTES = 256 << 20,
    REQUEST_BYTES = 4 << 20,
    REQUEST_BYTES_MIN = 64 << 10,
    GAP_BYTES = 64 << 10,
    BUDGET_BYTES_MAX = 64 << 20,
};

struct mr_pq_reader {
    struct mr_heap *owner;
    struct mr_pq_heap memory;
    struct mr_arena arena;      /* metadata of its own */
    struct mr_arena tree_arena; /* the projection and its chunks' readers */
    struct mr_codec *codec;
    struct mr_span file; /* when it is in memory */
    bool is_memory;
    struct mr_pq_reader_limits limits;
    struct mr_pq_meta own_meta;
    const struct mr_pq_meta *meta;
    struct mr_pq_tree tree;
    bool has_tree;
    struct mr_pq_chunk_reader *chunks; /* one per leaf of the file; those kept are in use */
    struct mr_pq_ranges ranges;
    const uint32_t *groups; /* null: all */
    uint32_t group_count;
    struct mr_pq_select select;

    uint32_t group; /* place in `groups` of the one being read */
    enum { GROUP_NONE, GROUP_CHOOSING, GROUP_READING, GROUP_ENDING } state;
    uint32_t range; /* of the selection's */
    uint64_t row;   /* next one of the group, in the range or before */

    /* The batch being filled. */
    struct mr_batch building;
    struct mr_pq_filling filling;
    struct mr_pq_grow texts;
    struct mr_pq_grow slots, present; /* scratch of assembly */
    uint32_t leaf;                    /* next one to be stepped */
    bool is_filling;
};

static mr_status reader_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a Parquet reader");
}

/* ---- opening --------------------------------------------------------------------------------- */

static struct mr_pq_reader *reader_new(struct mr_heap *heap, struct mr_codec *codec,
                                       const struct mr_pq_reader_limits *limits)
{
    struct mr_pq_reader *reader = mr_heap_zeroed(heap, sizeof *reader);
    if (reader == NULL) return NULL;
    struct mr_pq_reader_limits *own = &reader->limits;
    *own = *limits;
    if (own->memory_bytes == 0) own->memory_bytes = MEMORY_BYTES;
    if (own->batch_rows == 0 || own->batch_rows > MR_BATCH_ROWS_MAX) {
        own->batch_rows = MR_BATCH_ROWS_MAX;
    }
    if (own->request_bytes == 0) own->request_bytes = REQUEST_BYTES;
    if (own->gap_bytes == 0) own->gap_bytes = GAP_BYTES;
    if (own->kernels == NULL) own->kernels = mr_decode_kernels(mr_isa_best());
    reader->owner = heap;
    mr_pq_heap_init(&reader->memory, heap, own->memory_bytes);
    struct mr_heap *memory = &reader->memory.heap;
    mr_arena_init(&reader->arena, memory, 0);
    mr_arena_init(&reader->tree_arena, memory, 0);
    mr_pq_select_init(&reader->select, memory);
    reader->texts.heap = reader->slots.heap = reader->present.heap = memory;
    reader->codec = codec;
    return reader;
}

mr_status mr_pq_reader_open(struct mr_heap *heap, struct mr_codec *codec, struct mr_span file,
                            const struct mr_pq_reader_limits *limits,
                            struct mr_pq_reader **out_reader, struct mr_err *err)
{
    struct mr_pq_reader *reader = reader_new(heap, codec, limits);
    if (reader == NULL) return reader_nomem(err);
    reader->file = file;
    reader->is_memory = true;
    reader->meta = &reader->own_meta;
    mr_status status = mr_pq_meta_read(&reader->arena, file, &reader->own_meta, err);
    if (status != MR_OK) {
        mr_pq_reader_close(reader);
        return status;
    }
    *out_reader = reader;
    return MR_OK;
}

mr_status mr_pq_reader_open_meta(struct mr_heap *heap, struct mr_codec *codec,
                                 const struct mr_pq_meta *meta,
                                 const struct mr_pq_reader_limits *limits,
                                 struct mr_pq_reader **out_reader, struct mr_err *err)
{
    struct mr_pq_reader *reader = reader_new(heap, codec, limits);
    if (reader == NULL) return reader_nomem(err);
    reader->meta = meta;
    *out_reader = reader;
    return MR_OK;
}

static void tree_drop(struct mr_pq_reader *reader)
{
    for (uint32_t i = 0; reader->chunks != NULL && i < reader->meta->leaf_count; i++) {
        mr_pq_chunk_reader_fini(&reader->chunks[i]);
    }
    mr_pq_ranges_fini(&reader->ranges);
    reader->select.term_count = 0;
    reader->chunks = NULL;
    reader->has_tree = false;
    mr_arena_reset(&reader->tree_arena);
}

static void filling_drop(struct mr_pq_reader *reader)
{
    if (reader->filling.holder != NULL) mr_buf_unref(&reader->filling.holder->buf);
    reader->filling.holder = NULL;
    reader->is_filling = false;
}

void mr_pq_reader_close(struct mr_pq_reader *reader)
{
    if (reader == NULL) return;
    filling_drop(reader);
    reader->ranges.in_flight = 0;
    tree_drop(reader);
    mr_pq_select_fini(&reader->select);
    mr_pq_grow_fini(&reader->texts);
    mr_pq_grow_fini(&reader->slots);
    mr_pq_grow_fini(&reader->present);
    mr_arena_fini(&reader->tree_arena);
    mr_arena_fini(&reader->arena);
    MR_ASSERT(reader->memory.heap.used_bytes == 0); /* all batches are done with */
    mr_heap_give(reader->owner, reader, sizeof *reader);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

/* Ranges are cut so small that the budget holds two of every column, down to a bound. */
static struct mr_pq_ranges_limits ranges_limits(const struct mr_pq_reader *reader, uint32_t leaves)
{
    uint64_t budget = MR_MIN(reader->limits.memory_bytes / 4, (size_t)BUDGET_BYTES_MAX);
    uint64_t share = budget / (2 * (uint64_t)MR_MAX(leaves, 1u));
    uint64_t least = MR_MIN((uint64_t)REQUEST_BYTES_MIN, (uint64_t)reader->limits.request_bytes);
    uint64_t bytes = MR_MIN((uint64_t)reader->limits.request_bytes, MR_MAX(share, least));
    return (struct mr_pq_ranges_limits){.request_bytes = (uint32_t)bytes,
                                        .gap_bytes = reader->limits.gap_bytes,
                                        .budget_bytes = budget};
}

static mr_status chunks_make(struct mr_pq_reader *reader, struct mr_err *err)
{
    struct mr_heap *memory = &reader->memory.heap;
    uint32_t leaf_count = reader->meta->leaf_count, kept = 0;
    struct mr_pq_chunk_reader *chunks =
        MR_ARENA_ARRAY(&reader->tree_arena, struct mr_pq_chunk_reader, leaf_count + 1);
    if (chunks == NULL) return reader_nomem(err);
    for (uint32_t i = 0; i < leaf_count; i++) {
        mr_pq_chunk_reader_init(&chunks[i], memory, &reader->tree.leaves[i]);
        chunks[i].kernels = reader->limits.kernels;
        chunks[i].codec = reader->codec;
        chunks[i].ignores_crc = reader->limits.ignores_crc;
        chunks[i].page_bytes_max = reader->limits.memory_bytes;
        kept += reader->tree.leaves[i].is_kept;
    }
    struct mr_pq_ranges_limits limits = ranges_limits(reader, kept);
    mr_pq_ranges_init(&reader->ranges, memory, reader->is_memory ? &reader->file : NULL, &limits);
    reader->chunks = chunks;
    reader->select.meta = reader->meta;
    reader->select.tree = &reader->tree;
    reader->select.ranges = &reader->ranges;
    reader->has_tree = true;
    return MR_OK;
}

mr_status mr_pq_reader_project(struct mr_pq_reader *reader, const struct mr_pq_projection *paths,
                               uint32_t path_count, struct mr_err *err)
{
    MR_ASSERT(reader->group == 0 && reader->state == GROUP_NONE);
    tree_drop(reader);
    MR_TRY(
        mr_pq_tree_make(&reader->tree_arena, reader->meta, paths, path_count, &reader->tree, err));
    return chunks_make(reader, err);
}

mr_status mr_pq_reader_want(struct mr_pq_reader *reader, const struct mr_pq_wanted *wanted,
                            struct mr_err *err)
{
    MR_ASSERT(reader->group == 0 && reader->state == GROUP_NONE);
    tree_drop(reader);
    MR_TRY(mr_pq_tree_make_as(&reader->tree_arena, reader->meta, wanted, &reader->tree, err));
    return chunks_make(reader, err);
}

void mr_pq_reader_groups(struct mr_pq_reader *reader, const uint32_t *groups, uint32_t count)
{
    MR_ASSERT(reader->group == 0 && reader->state == GROUP_NONE);
    for (uint32_t i = 0; i < count; i++) MR_ASSERT(groups[i] < reader->meta->group_count);
    reader->groups = groups;
    reader->group_count = count;
}

mr_status mr_pq_reader_filter(struct mr_pq_reader *reader, const struct mr_pq_predicate *predicate,
                              struct mr_err *err)
{
    MR_ASSERT(reader->group == 0 && reader->state == GROUP_NONE);
    if (!reader->has_tree) MR_TRY(mr_pq_reader_project(reader, NULL, 0, err));
    struct mr_pq_bound_term *terms =
        MR_ARENA_ARRAY(&reader->tree_arena, struct mr_pq_bound_term, predicate->count + 1);
    if (terms == NULL) return reader_nomem(err);
    MR_TRY(mr_pq_predicate_bind(predicate, &reader->tree, terms, err));
    reader->select.terms = terms;
    reader->select.term_count = predicate->count;
    return MR_OK;
}

void mr_pq_reader_only_rows(struct mr_pq_reader *reader, const struct mr_pq_row_range *ranges,
                            uint32_t count)
{
    MR_ASSERT(reader->group == 0 && reader->state == GROUP_NONE);
    for (uint32_t i = 0; i < count; i++) {
        MR_ASSERT(ranges[i].from < ranges[i].to);
        MR_ASSERT(i == 0 || ranges[i - 1].to <= ranges[i].from);
    }
    reader->select.wanted = ranges;
    reader->select.wanted_count = count;
}

mr_status mr_pq_reader_schema(struct mr_pq_reader *reader, const struct mr_type **out_schema,
                              struct mr_err *err)
{
    if (!reader->has_tree) MR_TRY(mr_pq_reader_project(reader, NULL, 0, err));
    *out_schema = reader->tree.root.type;
    return MR_OK;
}

const struct mr_pq_meta *mr_pq_reader_meta(const struct mr_pq_reader *reader)
{
    return reader->meta;
}

uint64_t mr_pq_reader_rows(const struct mr_pq_reader *reader)
{
    return reader->meta->rows;
}

struct mr_span mr_pq_reader_created_by(const struct mr_pq_reader *reader)
{
    return reader->meta->created_by;
}

/* ---- row groups ------------------------------------------------------------------------------ */

static const struct mr_pq_group_meta *group_meta(const struct mr_pq_reader *reader)
{
    uint32_t group = reader->groups == NULL ? reader->group : reader->groups[reader->group];
    return &reader->meta->groups[group];
}

/* How many spans the kept columns may come to. */
static size_t spans_most(const struct mr_pq_reader *reader)
{
    size_t most = 0;
    for (uint32_t i = 0; i < reader->meta->leaf_count; i++) {
        if (!reader->tree.leaves[i].is_kept) continue;
        most += 2 + (reader->select.pages == NULL ? 0 : reader->select.pages[i].count);
    }
    return most;
}

static mr_status group_read(struct mr_pq_reader *reader, struct mr_err *err)
{
    const struct mr_pq_group_meta *group = group_meta(reader);
    struct mr_heap *memory = &reader->memory.heap;
    uint32_t count = 0;
    size_t bytes = spans_most(reader) * sizeof(struct mr_pq_span);
    struct mr_pq_span *spans = mr_heap_take(memory, bytes);
    if (spans == NULL) return reader_nomem(err);
    for (uint32_t i = 0; i < reader->meta->leaf_count; i++) {
        if (!reader->tree.leaves[i].is_kept) continue;
        mr_pq_select_spans(&reader->select, i, spans, &count);
    }
    mr_status status = mr_pq_ranges_make(&reader->ranges, spans, count, err);
    mr_heap_give(memory, spans, bytes);
    MR_TRY(status);
    for (uint32_t i = 0; i < reader->meta->leaf_count; i++) {
        if (!reader->tree.leaves[i].is_kept) continue;
        struct mr_pq_chunk_plan plan = {.meta = &group->columns[i], .ranges = &reader->ranges};
        if (reader->select.pages != NULL && reader->select.pages[i].count > 0) {
            plan.pages = reader->select.pages[i].at;
            plan.page_count = reader->select.pages[i].count;
        }
        MR_TRY(mr_pq_chunk_reader_begin_group(&reader->chunks[i], &plan, err));
    }
    reader->row = 0;
    reader->range = 0;
    reader->state = GROUP_READING;
    return MR_OK;
}

/* Whether the group has rows left; moves to the range that has. */
static bool group_has_rows(struct mr_pq_reader *reader)
{
    for (; reader->range < mr_pq_select_range_count(&reader->select); reader->range++) {
        const struct mr_pq_row_range *range = mr_pq_select_range(&reader->select, reader->range);
        if (reader->row >= range->to) continue;
        reader->row = MR_MAX(reader->row, range->from);
        return true;
    }
    return false;
}

static void group_end(struct mr_pq_reader *reader)
{
    mr_pq_ranges_stop(&reader->ranges);
    reader->state = GROUP_ENDING;
}

static mr_status group_choose(struct mr_pq_reader *reader, struct mr_err *err)
{
    bool has_rows, needs_bytes;
    MR_TRY(mr_pq_select_group(&reader->select, group_meta(reader), &has_rows, &needs_bytes, err));
    if (!has_rows) {
        group_end(reader);
        return MR_OK;
    }
    reader->state = GROUP_CHOOSING;
    return needs_bytes ? MR_OK : group_read(reader, err);
}

/* One step towards a group with rows left, as the states go:
 *   NONE ──choose──▶ CHOOSING ──finish──▶ READING ──(rows at their end)──▶ ENDING ──▶ NONE, next
 * and from NONE and CHOOSING to ENDING when no row of the group is read. */
static mr_status group_step(struct mr_pq_reader *reader, struct mr_err *err)
{
    bool has_rows;
    switch (reader->state) {
    case GROUP_NONE: return group_choose(reader, err);
    case GROUP_CHOOSING:
        MR_TRY(mr_pq_select_finish(&reader->select, &has_rows, err));
        if (has_rows) return group_read(reader, err);
        group_end(reader);
        return MR_OK;
    case GROUP_READING: group_end(reader); return MR_OK;
    default:
        if (reader->ranges.in_flight > 0) return MR_E_AGAIN; /* memory is being read into */
        reader->state = GROUP_NONE;
        reader->group++;
        return MR_OK;
    }
}

/* ---- batches --------------------------------------------------------------------------------- */

static mr_status batch_begin(struct mr_pq_reader *reader, struct mr_arena *arena, uint32_t rows,
                             struct mr_err *err)
{
    struct mr_batch *batch = &reader->building;
    mr_batch_init(batch, arena, reader->tree.root.type);
    batch->rows = batch->sel_count = rows;
    batch->first_record = group_meta(reader)->first_row + reader->row;
    batch->bufs.count = reader->tree.text_slots + 1;
    reader->texts.used = 0;
    reader->leaf = 0;
    reader->filling.holder = mr_pq_holder_new(&reader->memory.heap);
    if (reader->filling.holder == NULL) return reader_nomem(err);
    reader->filling.batch = batch;
    reader->filling.texts = &reader->texts;
    reader->filling.serial++;
    reader->is_filling = true;
    for (uint32_t i = 0; i < reader->meta->leaf_count; i++) {
        if (!reader->tree.leaves[i].is_kept) continue;
        MR_TRY(mr_pq_chunk_reader_begin(&reader->chunks[i], reader->row, rows, arena, err));
    }
    return MR_OK;
}

static mr_status batch_fill(struct mr_pq_reader *reader, struct mr_err *err)
{
    for (; reader->leaf < reader->meta->leaf_count; reader->leaf++) {
        if (!reader->tree.leaves[reader->leaf].is_kept) continue;
        MR_TRY(mr_pq_chunk_reader_step(&reader->chunks[reader->leaf], &reader->filling, err));
    }
    return MR_OK;
}

static mr_status batch_end(struct mr_pq_reader *reader, struct mr_batch *out, struct mr_err *err)
{
    struct mr_batch *batch = &reader->building;
    const struct mr_pq_branch *root = &reader->tree.root;
    struct mr_pq_assembly work = {.tree = &reader->tree,
                                  .chunks = reader->chunks,
                                  .kernels = reader->limits.kernels,
                                  .slots = &reader->slots,
                                  .present = &reader->present,
                                  .arena = batch->arena,
                                  .bufs = &out->bufs,
                                  .err = err};
    struct mr_vec *cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, root->type->field_count);
    char *texts = mr_arena_alloc(batch->arena, reader->texts.used + MR_PAD, 64);
    if (texts == NULL || cols == NULL) return reader_nomem(err);
    if (reader->texts.used > 0) memcpy(texts, reader->texts.at, reader->texts.used);
    for (uint32_t i = 0; i < root->type->field_count; i++) {
        MR_TRY(mr_pq_assemble(&work, &root->children[i], batch->rows, &cols[i]));
    }
    batch->bufs.at[0] = texts;
    batch->cols = cols;
    batch->input = &reader->filling.holder->buf;
    reader->filling.holder = NULL;
    reader->is_filling = false;
    reader->row += batch->rows;
    *out = *batch;
    return MR_OK;
}

static mr_status next_batch(struct mr_pq_reader *reader, struct mr_arena *arena,
                            struct mr_batch *out, bool *out_has_rows, struct mr_err *err)
{
    uint32_t groups = reader->groups == NULL ? reader->meta->group_count : reader->group_count;
    if (!reader->is_filling) {
        while (reader->state != GROUP_READING || !group_has_rows(reader)) {
            if (reader->group == groups) {
                *out_has_rows = false;
                return MR_OK;
            }
            MR_TRY(group_step(reader, err));
        }
        uint64_t left = mr_pq_select_range(&reader->select, reader->range)->to - reader->row;
        uint32_t rows = (uint32_t)MR_MIN(left, (uint64_t)reader->limits.batch_rows);
        MR_TRY(batch_begin(reader, arena, rows, err));
    }
    MR_ASSERT(reader->building.arena == arena);
    MR_TRY(batch_fill(reader, err));
    MR_TRY(batch_end(reader, out, err));
    *out_has_rows = true;
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
    mr_status status = next_batch(reader, arena, out, out_has_rows, err);
    if (status != MR_OK && status != MR_E_AGAIN) filling_drop(reader);
    return status;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

mr_status mr_pq_reader_ask(struct mr_pq_reader *reader, struct mr_pq_request *out, bool *out_has,
                           struct mr_err *err)
{
    uint32_t index;
    *out_has = false;
    if (!reader->has_tree) return MR_OK;
    MR_TRY(mr_pq_ranges_ask(&reader->ranges, &index, err));
    if (index == UINT32_MAX) return MR_OK;
    const struct mr_pq_range *range = &reader->ranges.ranges[index];
    *out = (struct mr_pq_request){
        .off = range->off, .bytes = range->bytes, .range = index, .at = range->block->at};
    *out_has = true;
    return MR_OK;
}

void mr_pq_reader_fill(struct mr_pq_reader *reader, const struct mr_pq_request *request)
{
    mr_pq_ranges_fill(&reader->ranges, request->range);
}
