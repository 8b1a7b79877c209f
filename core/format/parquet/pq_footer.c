#include "core/format/parquet/pq_footer.h"

#include "core/base/checked.h"

enum { FORMAT_VERSION = 2 };

void mr_pq_footer_init(struct mr_pq_footer *footer, struct mr_heap *heap)
{
    *footer = (struct mr_pq_footer){.chunks = {.heap = heap}, .groups = {.heap = heap}};
    mr_text_init(&footer->metas, heap);
    mr_text_init(&footer->column_indexes, heap);
    mr_text_init(&footer->offset_indexes, heap);
}

void mr_pq_footer_fini(struct mr_pq_footer *footer)
{
    mr_text_fini(&footer->metas);
    mr_text_fini(&footer->column_indexes);
    mr_text_fini(&footer->offset_indexes);
    mr_pq_grow_fini(&footer->chunks);
    mr_pq_grow_fini(&footer->groups);
}

/* ---- one column chunk ------------------------------------------------------------------------ */

/* Statistics: 3 null_count, 5 max_value, 6 min_value, 7 is_max_value_exact, 8 is_min_value_exact.
 */
static void statistics_write(struct mr_thrift_out *out, int16_t id,
                             const struct mr_pq_column *column)
{
    const struct mr_pq_bounds *bounds = &column->chunk_bounds;
    struct mr_pq_plain_bound min, max;
    bool has_min = bounds->has_any && mr_pq_bound_encode(&bounds->min, false, column->leaf, &min);
    bool has_max = bounds->has_any && mr_pq_bound_encode(&bounds->max, true, column->leaf, &max);
    mr_thrift_begin_field(out, id);
    mr_thrift_i64(out, 3, (int64_t)(column->chunk_entries - column->chunk_values));
    if (has_max) mr_thrift_bytes(out, 5, (struct mr_span){(const char *)max.at, max.bytes});
    if (has_min) mr_thrift_bytes(out, 6, (struct mr_span){(const char *)min.at, min.bytes});
    if (has_max) mr_thrift_bool(out, 7, max.is_exact);
    if (has_min) mr_thrift_bool(out, 8, min.is_exact);
    mr_thrift_end(out);
}

static void histogram_write(struct mr_thrift_out *out, int16_t id, const uint64_t *histogram,
                            size_t buckets, size_t stride, size_t pages)
{
    mr_thrift_list(out, id, MR_THRIFT_I64, (uint32_t)(buckets * pages));
    for (size_t page = 0; page < pages; page++) {
        for (size_t i = 0; i < buckets; i++) {
            mr_thrift_item_int(out, (int64_t)histogram[page * stride + i]);
        }
    }
}

/* Level histograms of `pages` pages (or of the chunk as one), left out where null counts say as
 * much. */
static void histograms_write(struct mr_thrift_out *out, int16_t rep_id, int16_t def_id,
                             const struct mr_pq_leaf *leaf, const uint64_t *histograms,
                             size_t pages)
{
    size_t reps = (size_t)leaf->max_rep + 1, defs = (size_t)leaf->max_def + 1;
    if (leaf->max_rep > 0) histogram_write(out, rep_id, histograms, reps, reps + defs, pages);
    if (leaf->max_def > 1) {
        histogram_write(out, def_id, histograms + reps, defs, reps + defs, pages);
    }
}

/* SizeStatistics: 1 unencoded_byte_array_data_bytes, 2 and 3 the histograms. */
static void size_statistics_write(struct mr_thrift_out *out, int16_t id,
                                  const struct mr_pq_column *column)
{
    mr_thrift_begin_field(out, id);
    if (column->leaf->kind == MR_PQ_BYTES) {
        mr_thrift_i64(out, 1, (int64_t)column->chunk_text_bytes);
    }
    histograms_write(out, 2, 3, column->leaf, column->histogram, 1);
    mr_thrift_end(out);
}

static void encodings_write(struct mr_thrift_out *out, int16_t id,
                            const struct mr_pq_column *column)
{
    bool has_levels = column->leaf->max_rep > 0 || column->leaf->max_def > 0;
    bool is_coded = column->coded_page_count > 0;
    /* The dictionary page is PLAIN too. */
    mr_thrift_list(out, id, MR_THRIFT_I32, 1 + has_levels + is_coded);
    mr_thrift_item_int(out, MR_PQ_PLAIN);
    if (has_levels) mr_thrift_item_int(out, MR_PQ_RLE);
    if (is_coded) mr_thrift_item_int(out, MR_PQ_RLE_DICTIONARY);
}

static void page_encoding_write(struct mr_thrift_out *out, int32_t page_type, int32_t encoding,
                                uint32_t count)
{
    mr_thrift_begin(out);
    mr_thrift_i32(out, 1, page_type);
    mr_thrift_i32(out, 2, encoding);
    mr_thrift_i32(out, 3, (int32_t)count);
    mr_thrift_end(out);
}

static void encoding_stats_write(struct mr_thrift_out *out, int16_t id,
                                 const struct mr_pq_column *column)
{
    bool is_coded = column->coded_page_count > 0, is_plain = column->plain_page_count > 0;
    mr_thrift_list(out, id, MR_THRIFT_STRUCT, (is_coded ? 2 : 0) + is_plain);
    if (is_coded) {
        page_encoding_write(out, MR_PQ_DICTIONARY_PAGE, MR_PQ_PLAIN, 1);
        page_encoding_write(out, MR_PQ_DATA_PAGE, MR_PQ_RLE_DICTIONARY, column->coded_page_count);
    }
    if (is_plain) {
        page_encoding_write(out, MR_PQ_DATA_PAGE, MR_PQ_PLAIN, column->plain_page_count);
    }
}

/* ColumnMetaData: 1 type, 2 encodings, 3 path, 4 codec, 5 num_values, 6 and 7 sizes, 9 and 11
 * offsets, 12 statistics, 13 encoding_stats, 16 size_statistics. */
static void meta_write(struct mr_text *text, const struct mr_pq_column *column, uint64_t off)
{
    const struct mr_pq_leaf *leaf = column->leaf;
    struct mr_thrift_out out;
    mr_thrift_init(&out, text);
    mr_thrift_begin(&out);
    mr_thrift_i32(&out, 1, leaf->kind);
    encodings_write(&out, 2, column);
    mr_thrift_list(&out, 3, MR_THRIFT_BINARY, leaf->path_count);
    for (uint32_t i = 0; i < leaf->path_count; i++) mr_thrift_item_bytes(&out, leaf->path[i]);
    mr_thrift_i32(&out, 4, mr_pq_codec_number(column->codec_id));
    mr_thrift_i64(&out, 5, (int64_t)column->chunk_entries);
    mr_thrift_i64(&out, 6, (int64_t)column->raw_bytes);
    mr_thrift_i64(&out, 7, (int64_t)(column->dict_page.bytes + column->data.bytes));
    mr_thrift_i64(&out, 9, (int64_t)(off + column->dict_page.bytes));
    if (column->dict_page.bytes > 0) mr_thrift_i64(&out, 11, (int64_t)off);
    statistics_write(&out, 12, column);
    encoding_stats_write(&out, 13, column);
    size_statistics_write(&out, 16, column);
    mr_thrift_end(&out);
}

static struct mr_span page_bound(const struct mr_pq_column *column, uint32_t off, uint32_t bytes)
{
    if (bytes == 0) return (struct mr_span){"", 0}; /* of a page of nulls, or an empty text */
    return (struct mr_span){(const char *)column->page_bounds.at + off, bytes};
}

/* ColumnIndex: 1 null_pages, 2 min_values, 3 max_values, 4 boundary_order, 5 null_counts, 6 and 7
 * level histograms. */
static void column_index_write(struct mr_text *text, const struct mr_pq_column *column)
{
    const struct mr_pq_page *pages = (const struct mr_pq_page *)column->pages.at;
    uint32_t count = (uint32_t)(column->pages.used / sizeof *pages);
    struct mr_thrift_out out;
    mr_thrift_init(&out, text);
    mr_thrift_begin(&out);
    mr_thrift_list(&out, 1, MR_THRIFT_TRUE, count);
    for (uint32_t i = 0; i < count; i++) mr_thrift_item_bool(&out, pages[i].is_null);
    mr_thrift_list(&out, 2, MR_THRIFT_BINARY, count);
    for (uint32_t i = 0; i < count; i++) {
        mr_thrift_item_bytes(&out, page_bound(column, pages[i].min_off, pages[i].min_bytes));
    }
    mr_thrift_list(&out, 3, MR_THRIFT_BINARY, count);
    for (uint32_t i = 0; i < count; i++) {
        mr_thrift_item_bytes(&out, page_bound(column, pages[i].max_off, pages[i].max_bytes));
    }
    mr_thrift_i32(&out, 4,
                  column->is_ascending    ? MR_PQ_ASCENDING
                  : column->is_descending ? MR_PQ_DESCENDING
                                          : MR_PQ_UNORDERED);
    mr_thrift_list(&out, 5, MR_THRIFT_I64, count);
    for (uint32_t i = 0; i < count; i++) mr_thrift_item_int(&out, pages[i].null_count);
    histograms_write(&out, 6, 7, column->leaf, (const uint64_t *)column->histograms.at, count);
    mr_thrift_end(&out);
}

/* OffsetIndex: 1 list of PageLocation {1 offset, 2 size with header, 3 first row}, 2 text bytes. */
static void offset_index_write(struct mr_text *text, const struct mr_pq_column *column,
                               uint64_t data_off)
{
    const struct mr_pq_page *pages = (const struct mr_pq_page *)column->pages.at;
    uint32_t count = (uint32_t)(column->pages.used / sizeof *pages);
    struct mr_thrift_out out;
    mr_thrift_init(&out, text);
    mr_thrift_begin(&out);
    mr_thrift_list(&out, 1, MR_THRIFT_STRUCT, count);
    for (uint32_t i = 0; i < count; i++) {
        mr_thrift_begin(&out);
        mr_thrift_i64(&out, 1, (int64_t)(data_off + pages[i].off));
        mr_thrift_i32(&out, 2, (int32_t)pages[i].stored_bytes);
        mr_thrift_i64(&out, 3, (int64_t)pages[i].first_row);
        mr_thrift_end(&out);
    }
    if (column->leaf->kind == MR_PQ_BYTES) {
        mr_thrift_list(&out, 2, MR_THRIFT_I64, count);
        for (uint32_t i = 0; i < count; i++) {
            mr_thrift_item_int(&out, (int64_t)pages[i].text_bytes);
        }
    }
    mr_thrift_end(&out);
}

mr_status mr_pq_footer_chunk(struct mr_pq_footer *footer, const struct mr_pq_column *column,
                             uint64_t off, struct mr_err *err)
{
    size_t metas = footer->metas.used, columns = footer->column_indexes.used;
    size_t offsets = footer->offset_indexes.used;
    meta_write(&footer->metas, column, off);
    if (column->has_index) column_index_write(&footer->column_indexes, column);
    offset_index_write(&footer->offset_indexes, column, off + column->dict_page.bytes);
    MR_TRY(mr_text_end(&footer->metas, err));
    MR_TRY(mr_text_end(&footer->column_indexes, err));
    MR_TRY(mr_text_end(&footer->offset_indexes, err));
    struct mr_pq_chunk chunk = {
        .meta_bytes = (uint32_t)(footer->metas.used - metas),
        .column_index_bytes = (uint32_t)(footer->column_indexes.used - columns),
        .offset_index_bytes = (uint32_t)(footer->offset_indexes.used - offsets),
        .off = off,
        .stored_bytes = column->dict_page.bytes + column->data.bytes,
        .raw_bytes = column->raw_bytes,
    };
    return mr_pq_grow_add(&footer->chunks, &chunk, sizeof chunk, err);
}

mr_status mr_pq_footer_group(struct mr_pq_footer *footer, uint64_t rows, struct mr_err *err)
{
    const struct mr_pq_group *groups = (const struct mr_pq_group *)footer->groups.at;
    size_t noted = 0;
    for (size_t i = 0; i < footer->groups.used / sizeof *groups; i++) {
        noted += groups[i].chunk_count;
    }
    struct mr_pq_group group = {
        .rows = rows,
        .chunk_count = (uint32_t)(footer->chunks.used / sizeof(struct mr_pq_chunk) - noted)};
    return mr_pq_grow_add(&footer->groups, &group, sizeof group, err);
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Where the next chunk's parts of the texts lie, as the footer is written. */
struct footer_cursor {
    const struct mr_pq_chunk *chunk;
    const char *meta;
    uint64_t column_index_off;
    uint64_t offset_index_off;
};

/* ColumnChunk: 2 file_offset (0: no copy of the metadata outside the footer), 3 meta_data, 4 and 5
 * offset index, 6 and 7 column index. */
static void chunk_write(struct mr_thrift_out *out, struct footer_cursor *at)
{
    const struct mr_pq_chunk *chunk = at->chunk++;
    mr_thrift_begin(out);
    mr_thrift_i64(out, 2, 0);
    mr_thrift_struct(out, 3, (struct mr_span){at->meta, chunk->meta_bytes});
    mr_thrift_i64(out, 4, (int64_t)at->offset_index_off);
    mr_thrift_i32(out, 5, (int32_t)chunk->offset_index_bytes);
    if (chunk->column_index_bytes > 0) {
        mr_thrift_i64(out, 6, (int64_t)at->column_index_off);
        mr_thrift_i32(out, 7, (int32_t)chunk->column_index_bytes);
    }
    mr_thrift_end(out);
    at->meta += chunk->meta_bytes;
    at->column_index_off += chunk->column_index_bytes;
    at->offset_index_off += chunk->offset_index_bytes;
}

/* RowGroup: 1 columns, 2 total_byte_size, 3 num_rows, 5 file_offset, 6 total_compressed_size,
 * 7 ordinal. */
static void group_write(struct mr_thrift_out *out, const struct mr_pq_group *group,
                        uint32_t ordinal, struct footer_cursor *at)
{
    uint64_t raw_bytes = 0, stored_bytes = 0, off = at->chunk->off;
    for (uint32_t i = 0; i < group->chunk_count; i++) {
        raw_bytes += at->chunk[i].raw_bytes;
        stored_bytes += at->chunk[i].stored_bytes;
    }
    mr_thrift_begin(out);
    mr_thrift_list(out, 1, MR_THRIFT_STRUCT, group->chunk_count);
    for (uint32_t i = 0; i < group->chunk_count; i++) chunk_write(out, at);
    mr_thrift_i64(out, 2, (int64_t)raw_bytes);
    mr_thrift_i64(out, 3, (int64_t)group->rows);
    mr_thrift_i64(out, 5, (int64_t)off);
    mr_thrift_i64(out, 6, (int64_t)stored_bytes);
    if (ordinal <= INT16_MAX) mr_thrift_i16(out, 7, (int16_t)ordinal);
    mr_thrift_end(out);
}

static void pairs_write(struct mr_thrift_out *out, int16_t id, const struct mr_pq_pair *pairs,
                        uint32_t count)
{
    mr_thrift_list(out, id, MR_THRIFT_STRUCT, count);
    for (uint32_t i = 0; i < count; i++) {
        mr_thrift_begin(out);
        mr_thrift_bytes(out, 1, pairs[i].key);
        mr_thrift_bytes(out, 2, pairs[i].value);
        mr_thrift_end(out);
    }
}

/* The TypeDefinedOrder member of ColumnOrder for each leaf: bounds are valid as defined by type. */
static void orders_write(struct mr_thrift_out *out, int16_t id, uint32_t leaves)
{
    mr_thrift_list(out, id, MR_THRIFT_STRUCT, leaves);
    for (uint32_t i = 0; i < leaves; i++) {
        mr_thrift_begin(out);
        mr_thrift_begin_field(out, 1);
        mr_thrift_end(out);
        mr_thrift_end(out);
    }
}

mr_status mr_pq_footer_write(struct mr_pq_footer *footer, const struct mr_type *schema,
                             uint32_t leaf_count, bool has_field_ids,
                             const struct mr_pq_pair *pairs, uint32_t pair_count, uint64_t off,
                             struct mr_text *text, struct mr_err *err)
{
    const struct mr_pq_group *groups = (const struct mr_pq_group *)footer->groups.at;
    uint32_t group_count = (uint32_t)(footer->groups.used / sizeof *groups);
    size_t from = text->used;
    struct footer_cursor at = {
        .chunk = (const struct mr_pq_chunk *)footer->chunks.at,
        .meta = mr_text_span(&footer->metas).text,
        .column_index_off = off,
        .offset_index_off = off + footer->column_indexes.used,
    };
    mr_text_add(text, mr_text_span(&footer->column_indexes).text, footer->column_indexes.used);
    mr_text_add(text, mr_text_span(&footer->offset_indexes).text, footer->offset_indexes.used);
    size_t meta_from = text->used;
    uint64_t rows = 0;
    for (uint32_t i = 0; i < group_count; i++) rows += groups[i].rows;
    struct mr_thrift_out out;
    mr_thrift_init(&out, text);
    mr_thrift_begin(&out); /* FileMetaData */
    mr_thrift_i32(&out, 1, FORMAT_VERSION);
    MR_TRY(mr_pq_schema_write(&out, 2, schema, has_field_ids, footer->chunks.heap, err));
    mr_thrift_i64(&out, 3, (int64_t)rows);
    mr_thrift_list(&out, 4, MR_THRIFT_STRUCT, group_count);
    for (uint32_t i = 0; i < group_count; i++) group_write(&out, &groups[i], i, &at);
    if (pair_count > 0) pairs_write(&out, 5, pairs, pair_count);
    mr_thrift_bytes(&out, 6, MR_SPAN("millrace version " MR_VERSION));
    orders_write(&out, 7, leaf_count);
    mr_thrift_end(&out);
    MR_TRY(mr_text_end(text, err));
    size_t meta_bytes = text->used - meta_from;
    if (meta_bytes > INT32_MAX || text->used - from > INT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 2522, "a Parquet footer of %zu bytes is too large",
                          meta_bytes);
    }
    uint32_t length = (uint32_t)meta_bytes;
    mr_text_add(text, &length, sizeof length);
    mr_text_add(text, MR_PQ_MAGIC, MR_PQ_MAGIC_BYTES);
    return mr_text_end(text, err);
}
