#include "core/format/parquet/pq_writer.h"

#include "core/base/checked.h"
#include "core/format/parquet/pq_heap.h"
#include "core/format/parquet/pq_shred.h"

enum {
    ROW_GROUP_ROWS = 1000 * 1000,
    ROW_GROUP_BYTES = 32 << 20,
    ROWS_ENOUGH = 100 * 1000, /* and BYTES_ENOUGH */
    BYTES_ENOUGH = 8 << 20,
    PAGE_ROWS = 20 * 1000,
    PAGE_BYTES = 1 << 20,
    PAGE_BYTES_MIN = 4 << 10,
    MEMORY_BYTES = 256 << 20,
    PIECE_BYTES = 64 << 10,
    FREE_TILES_KEPT = 16,
    SHARE_FOR_PAGES = 4, /* pages in progress may take this part of the budget */
};

struct mr_pq_writer {
    struct mr_heap *owner; /* of this struct */
    struct mr_pq_heap memory;
    struct mr_arena arena;   /* schema, leaves, columns: for the writer's life */
    struct mr_arena scratch; /* levels of one column of one batch */
    struct mr_pq_writer_options options;
    const struct mr_type *schema;
    struct mr_pq_leaves leaves;
    struct mr_pq_column *columns; /* one per leaf */
    uint64_t *stat_nulls;         /* per statistics column without a leaf */
    struct mr_pq_press press;
    struct mr_pq_footer footer;
    struct mr_pq_spool output; /* made, not taken */
    uint64_t output_off;       /* file offset of output.first */
    uint64_t rows;
    uint64_t group_rows;
    uint32_t taken_count;
    bool ends_early; /* row groups: nobody asked for a size of theirs */
    bool is_sealed;
    bool is_failed;
};

static void options_default(struct mr_pq_writer_options *options)
{
    if (options->row_group_rows == 0) options->row_group_rows = ROW_GROUP_ROWS;
    if (options->row_group_bytes == 0) options->row_group_bytes = ROW_GROUP_BYTES;
    if (options->page_rows == 0) options->page_rows = PAGE_ROWS;
    if (options->page_bytes == 0) options->page_bytes = PAGE_BYTES;
    if (options->dictionary_bytes == 0) options->dictionary_bytes = PAGE_BYTES;
    if (options->has_no_dictionary) options->dictionary_bytes = 0;
    if (options->memory_bytes == 0) options->memory_bytes = MEMORY_BYTES;
    if (options->sharers == 0) options->sharers = 1;
    if (options->piece_bytes == 0) options->piece_bytes = PIECE_BYTES;
}

/* Pages and dictionaries of all columns together get a part of the budget, so they shrink with the
 * number of columns times the writers that share it. A dictionary takes about twice its bytes with
 * its table. */
static void press_limits(struct mr_pq_writer *writer)
{
    const struct mr_pq_writer_options *options = &writer->options;
    uint64_t share = options->memory_bytes / SHARE_FOR_PAGES / options->sharers /
                     writer->leaves.count;
    share = MR_MAX(share, (uint64_t)PAGE_BYTES_MIN);
    struct mr_pq_press *press = &writer->press;
    press->codec = options->codec;
    press->kernels = options->kernels != NULL ? options->kernels : mr_encode_kernels(MR_ISA_REF);
    press->codec_id = options->codec_id;
    press->is_adaptive = options->is_adaptive;
    press->page_rows = options->page_rows;
    press->page_bytes = (uint32_t)MR_MIN(share / 2, (uint64_t)options->page_bytes);
    press->dictionary_bytes = (uint32_t)MR_MIN(share / 4, (uint64_t)options->dictionary_bytes);
}

static mr_status writer_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a Parquet writer");
}

static mr_status writer_init(struct mr_pq_writer *writer, const struct mr_type *schema,
                             struct mr_err *err)
{
    struct mr_heap *heap = &writer->memory.heap;
    mr_arena_init(&writer->arena, heap, 0);
    mr_arena_init(&writer->scratch, heap, 0);
    mr_pq_footer_init(&writer->footer, heap);
    mr_pq_press_init(&writer->press, heap, writer->options.piece_bytes);
    writer->schema = mr_type_clone(&writer->arena, schema);
    if (writer->schema == NULL) return writer_nomem(err);
    MR_TRY(mr_pq_leaves_init(&writer->leaves, &writer->arena, writer->schema, err));
    press_limits(writer);
    uint32_t leaves = writer->leaves.count;
    writer->columns = MR_ARENA_ARRAY(&writer->arena, struct mr_pq_column, leaves);
    writer->stat_nulls = MR_ARENA_ARRAY(&writer->arena, uint64_t, writer->leaves.stat_count);
    if (writer->columns == NULL || writer->stat_nulls == NULL) return writer_nomem(err);
    for (uint32_t i = 0; i < leaves; i++) {
        MR_TRY(mr_pq_column_init(&writer->columns[i], &writer->leaves.at[i], &writer->press,
                                 &writer->arena, err));
    }
    return mr_pq_spool_add(&writer->output, &writer->press.rack, MR_PQ_MAGIC, MR_PQ_MAGIC_BYTES,
                           err);
}

mr_status mr_pq_writer_open(struct mr_heap *heap, const struct mr_type *schema,
                            const struct mr_pq_writer_options *options,
                            struct mr_pq_writer **out_writer, struct mr_err *err)
{
    MR_ASSERT(options->codec != NULL && options->piece_bytes % 4096 == 0);
    struct mr_pq_writer *writer = mr_heap_zeroed(heap, sizeof *writer);
    if (writer == NULL) return writer_nomem(err);
    writer->owner = heap;
    mr_pq_heap_init(&writer->memory, heap, 0);
    writer->options = *options;
    writer->ends_early = options->row_group_rows == 0 && options->row_group_bytes == 0;
    options_default(&writer->options);
    mr_status status = writer_init(writer, schema, err);
    if (status != MR_OK) {
        mr_pq_writer_close(writer);
        return status;
    }
    *out_writer = writer;
    return MR_OK;
}

void mr_pq_writer_close(struct mr_pq_writer *writer)
{
    if (writer == NULL) return;
    MR_ASSERT(writer->taken_count == 0);
    for (uint32_t i = 0; writer->columns != NULL && i < writer->leaves.count; i++) {
        mr_pq_column_fini(&writer->columns[i]);
    }
    mr_pq_spool_clear(&writer->output, &writer->press.rack);
    mr_pq_press_fini(&writer->press);
    mr_pq_footer_fini(&writer->footer);
    mr_arena_fini(&writer->scratch);
    mr_arena_fini(&writer->arena);
    MR_ASSERT(writer->memory.heap.used_bytes == 0);
    mr_heap_give(writer->owner, writer, sizeof *writer);
}

/* ---- rows in --------------------------------------------------------------------------------- */

static mr_status on_leaf(void *ctx, uint32_t leaf, const struct mr_pq_shred *shred,
                         struct mr_err *err)
{
    struct mr_pq_writer *writer = ctx;
    return mr_pq_column_append(&writer->columns[leaf], shred, err);
}

static void on_stat(void *ctx, uint32_t stat, uint32_t null_count)
{
    struct mr_pq_writer *writer = ctx;
    writer->stat_nulls[stat] += null_count;
}

/* Empties the scratch arena. When it took several blocks, one of their size together replaces them,
 * so that batches of one shape soon allocate nothing. */
static void scratch_reset(struct mr_arena *scratch)
{
    size_t bytes = mr_arena_bytes(scratch);
    mr_arena_reset(scratch);
    if (mr_arena_bytes(scratch) == bytes) return;
    struct mr_heap *heap = scratch->heap;
    mr_arena_fini(scratch);
    mr_arena_init(scratch, heap, bytes);
}

/* Bytes the writer needs for what it has not given away yet. */
static size_t writer_live_bytes(const struct mr_pq_writer *writer)
{
    const struct mr_pq_rack *rack = &writer->press.rack;
    return writer->memory.heap.used_bytes - (size_t)rack->free_count * rack->tile_bytes;
}

static uint64_t group_bytes(const struct mr_pq_writer *writer)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < writer->leaves.count; i++) bytes += writer->columns[i].data.bytes;
    return bytes;
}

static mr_status group_seal(struct mr_pq_writer *writer, struct mr_err *err)
{
    struct mr_pq_rack *rack = &writer->press.rack;
    if (writer->group_rows == 0) return MR_OK;
    for (uint32_t i = 0; i < writer->leaves.count; i++) {
        struct mr_pq_column *column = &writer->columns[i];
        uint64_t off = writer->output_off + writer->output.bytes;
        MR_TRY(mr_pq_column_seal(column, err));
        MR_TRY(mr_pq_footer_chunk(&writer->footer, column, off, err));
        MR_TRY(mr_pq_spool_move(&writer->output, rack, &column->dict_page, err));
        MR_TRY(mr_pq_spool_move(&writer->output, rack, &column->data, err));
        mr_pq_column_begin(column);
    }
    MR_TRY(mr_pq_footer_group(&writer->footer, writer->group_rows, err));
    writer->group_rows = 0;
    mr_pq_rack_trim(rack, FREE_TILES_KEPT);
    return MR_OK;
}

/* Where nobody says how large a row group has to be, it ends when it is large enough for those who
 * read it, and another batch would begin a page: until then its pages wait in memory, and less of
 * that is touched, and is written sooner. */
static bool group_is_full(const struct mr_pq_writer *writer, uint32_t batch_rows)
{
    const struct mr_pq_writer_options *options = &writer->options;
    uint64_t bytes = group_bytes(writer);
    if (writer->group_rows >= options->row_group_rows || bytes >= options->row_group_bytes ||
        writer_live_bytes(writer) >= options->memory_bytes) {
        return true;
    }
    return writer->ends_early && writer->group_rows >= ROWS_ENOUGH && bytes >= BYTES_ENOUGH &&
           writer->group_rows % options->page_rows + batch_rows > options->page_rows;
}

static mr_status batch_append(struct mr_pq_writer *writer, const struct mr_batch *batch,
                              const uint32_t *cols, struct mr_err *err)
{
    struct mr_pq_path root = {
        .count = batch->sel_count, .live = batch->sel_count, .rows = batch->sel};
    struct mr_pq_shredder shredder = {.arena = &writer->scratch,
                                      .kernels = writer->press.kernels,
                                      .on_leaf = on_leaf,
                                      .on_stat = on_stat,
                                      .ctx = writer};
    for (uint32_t i = 0; i < writer->schema->field_count; i++) {
        const struct mr_field *field = &writer->schema->fields[i];
        const struct mr_vec *vec = &batch->cols[cols == NULL ? i : cols[i]];
        MR_ASSERT(vec->type == field->type || mr_type_equal(vec->type, field->type));
        mr_status status = mr_pq_shred_column(&shredder, field, vec, &root, err);
        scratch_reset(&writer->scratch);
        MR_TRY(status);
    }
    writer->rows += batch->sel_count;
    writer->group_rows += batch->sel_count;
    return group_is_full(writer, batch->sel_count) ? group_seal(writer, err) : MR_OK;
}

mr_status mr_pq_writer_append(struct mr_pq_writer *writer, const struct mr_batch *batch,
                              const uint32_t *cols, struct mr_err *err)
{
    MR_ASSERT(!writer->is_sealed && !writer->is_failed);
    if (batch->sel_count == 0) return MR_OK;
    mr_status status = batch_append(writer, batch, cols, err);
    writer->is_failed = status != MR_OK;
    return status;
}

/* Gives back all that rows have made the columns grow to. */
static void writer_trim(struct mr_pq_writer *writer)
{
    struct mr_pq_press *press = &writer->press;
    for (uint32_t i = 0; i < writer->leaves.count; i++) mr_pq_column_trim(&writer->columns[i]);
    (void)mr_slab_trim(&press->columns); /* all of theirs is back */
    mr_pq_rack_trim(&press->rack, 0);
    mr_pq_grow_fini(&press->raw);
    mr_pq_grow_fini(&press->packed);
    mr_pq_grow_fini(&press->marks);
    mr_arena_fini(&writer->scratch);
    mr_arena_init(&writer->scratch, &writer->memory.heap, 0);
}

mr_status mr_pq_writer_flush(struct mr_pq_writer *writer, uint32_t sharers, struct mr_err *err)
{
    MR_ASSERT(!writer->is_sealed && !writer->is_failed && sharers > 0);
    mr_status status = group_seal(writer, err);
    writer->is_failed = status != MR_OK;
    if (status != MR_OK) return status;
    writer->options.sharers = sharers;
    press_limits(writer);
    writer_trim(writer);
    return MR_OK;
}

static mr_status writer_end(struct mr_pq_writer *writer, struct mr_err *err)
{
    const struct mr_pq_writer_options *options = &writer->options;
    struct mr_text text;
    MR_TRY(group_seal(writer, err));
    writer_trim(writer);
    mr_text_init(&text, &writer->memory.heap);
    uint64_t off = writer->output_off + writer->output.bytes;
    mr_status status = mr_pq_footer_write(&writer->footer, writer->schema, writer->leaves.count,
                                          options->has_field_ids, options->pairs,
                                          options->pair_count, off, &text, err);
    if (status == MR_OK) {
        struct mr_span footer = mr_text_span(&text);
        status =
            mr_pq_spool_add(&writer->output, &writer->press.rack, footer.text, footer.bytes, err);
    }
    mr_text_fini(&text);
    mr_pq_footer_fini(&writer->footer);
    return status;
}

mr_status mr_pq_writer_seal(struct mr_pq_writer *writer, struct mr_err *err)
{
    MR_ASSERT(!writer->is_sealed && !writer->is_failed);
    mr_status status = writer_end(writer, err);
    writer->is_sealed = status == MR_OK;
    writer->is_failed = status != MR_OK;
    return status;
}

/* ---- bytes out ------------------------------------------------------------------------------- */

uint32_t mr_pq_writer_take(struct mr_pq_writer *writer, struct mr_pq_piece *out, uint32_t max)
{
    uint32_t count = 0;
    for (; count < max && writer->output.first != NULL; count++) {
        const struct mr_pq_tile *first = writer->output.first;
        bool is_full = first->used == writer->press.rack.tile_bytes;
        if (!is_full && !writer->is_sealed) break;
        MR_ASSERT(is_full || first->next == NULL);
        struct mr_pq_tile *tile = mr_pq_spool_pop(&writer->output);
        out[count] = (struct mr_pq_piece){
            .at = tile->at, .bytes = tile->used, .off = writer->output_off, .tile = tile};
        writer->output_off += tile->used;
        writer->taken_count++;
    }
    return count;
}

void mr_pq_writer_give(struct mr_pq_writer *writer, const struct mr_pq_piece *piece)
{
    MR_ASSERT(writer->taken_count > 0);
    writer->taken_count--;
    mr_pq_rack_give(&writer->press.rack, piece->tile);
}

uint64_t mr_pq_writer_bytes(const struct mr_pq_writer *writer)
{
    return writer->output_off + writer->output.bytes + group_bytes(writer);
}

uint64_t mr_pq_writer_rows(const struct mr_pq_writer *writer)
{
    return writer->rows;
}

size_t mr_pq_writer_memory(const struct mr_pq_writer *writer)
{
    return writer->memory.heap.used_bytes + sizeof *writer;
}

uint32_t mr_pq_writer_stat_count(const struct mr_pq_writer *writer)
{
    return writer->leaves.stat_count;
}

void mr_pq_writer_stats(const struct mr_pq_writer *writer, uint32_t index, struct mr_pq_stats *out)
{
    MR_ASSERT(writer->is_sealed && index < writer->leaves.stat_count);
    const struct mr_pq_stat_column *stat = &writer->leaves.stats[index];
    *out = (struct mr_pq_stats){.type = stat->type,
                                .path = stat->path,
                                .path_count = stat->path_count,
                                .null_count = writer->stat_nulls[index]};
    if (stat->leaf == UINT32_MAX) return;
    const struct mr_pq_column *column = &writer->columns[stat->leaf];
    out->null_count = column->file_entries - column->file_values;
    if (column->file_bounds.has_any) out->bounds = &column->file_bounds;
}
