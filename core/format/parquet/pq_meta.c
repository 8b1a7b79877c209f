#include "core/format/parquet/pq_meta.h"

#include "core/base/checked.h"
#include "core/format/parquet/thrift.h"
#include "core/schema/type.h"

static const char not_negative[] = "a count, size or offset is negative";

static uint64_t get_count(struct mr_thrift_in *in, mr_thrift_type type)
{
    int64_t value = mr_thrift_get_int(in, type);
    if (value < 0) mr_thrift_fail(in, not_negative);
    return value < 0 ? 0 : (uint64_t)value;
}

/* An optional count that is of no use when it makes no sense: -1. */
static int64_t get_tally(struct mr_thrift_in *in, mr_thrift_type type)
{
    int64_t value = mr_thrift_get_int(in, type);
    return value < 0 ? -1 : value;
}

static uint32_t get_count32(struct mr_thrift_in *in, mr_thrift_type type)
{
    uint64_t value = get_count(in, type);
    if (value > INT32_MAX) mr_thrift_fail(in, "a number is out of its range");
    return (uint32_t)value;
}

/* ---- schema ---------------------------------------------------------------------------------- */

/* DecimalType, TimestampType, TimeType, IntType: the members that matter here. */
static void logical_body_read(struct mr_thrift_in *in, struct mr_pq_node *node)
{
    mr_thrift_type type;
    int16_t id;
    while (mr_thrift_next(in, &id, &type)) {
        bool is_time =
            node->logical == MR_PQ_LOGICAL_TIMESTAMP || node->logical == MR_PQ_LOGICAL_TIME;
        if (node->logical == MR_PQ_LOGICAL_DECIMAL && (id == 1 || id == 2)) {
            *(id == 1 ? &node->scale : &node->precision) = (int32_t)get_count32(in, type);
        } else if (is_time && id == 1) {
            node->is_utc = mr_thrift_get_bool(in, type);
        } else if (is_time && id == 2) {
            mr_thrift_enter(in, type);
            while (mr_thrift_next(in, &id, &type)) {
                node->unit = id <= MR_PQ_NANOS ? (uint8_t)id : 0;
                mr_thrift_skip(in, type);
            }
        } else if (node->logical == MR_PQ_LOGICAL_INTEGER && id == 1) {
            node->bit_width = (uint8_t)mr_thrift_get_int(in, type);
        } else if (node->logical == MR_PQ_LOGICAL_INTEGER && id == 2) {
            node->is_signed = mr_thrift_get_bool(in, type);
        } else {
            mr_thrift_skip(in, type);
        }
    }
}

static void logical_read(struct mr_thrift_in *in, mr_thrift_type type, struct mr_pq_node *node)
{
    int16_t id;
    mr_thrift_enter(in, type);
    while (mr_thrift_next(in, &id, &type)) {
        node->logical = id < UINT8_MAX ? (uint8_t)id : UINT8_MAX;
        mr_thrift_enter(in, type);
        logical_body_read(in, node);
    }
}

static void node_read(struct mr_thrift_in *in, struct mr_pq_node *node)
{
    mr_thrift_type type;
    int16_t id;
    bool has_kind = false;
    *node = (struct mr_pq_node){.converted = MR_PQ_CONVERTED_NONE, .field_id = -1};
    mr_thrift_enter(in, MR_THRIFT_STRUCT);
    while (mr_thrift_next(in, &id, &type)) {
        switch (id) {
        case 1:
            node->kind = (mr_pq_kind)get_count32(in, type);
            has_kind = true;
            break;
        case 2: node->fixed_bytes = get_count32(in, type); break;
        case 3: node->repetition = (mr_pq_repetition)get_count32(in, type); break;
        case 4: node->name = mr_thrift_get_bytes(in, type); break;
        case 5: node->children = get_count32(in, type); break;
        case 6: node->converted = (int32_t)get_count32(in, type); break;
        case 7: node->scale = (int32_t)get_count32(in, type); break;
        case 8: node->precision = (int32_t)get_count32(in, type); break;
        case 9: node->field_id = (int32_t)get_tally(in, type); break;
        case 10: logical_read(in, type, node); break;
        default: mr_thrift_skip(in, type); break;
        }
    }
    node->is_leaf = has_kind;
    if (has_kind && node->children > 0) mr_thrift_fail(in, "a column has both values and members");
    if (node->repetition > MR_PQ_REPEATED) mr_thrift_fail(in, "a column has no valid repetition");
    if (node->is_leaf && node->kind > MR_PQ_FIXED) mr_thrift_fail(in, "a column has no valid type");
}

static mr_status nodes_read(struct mr_thrift_in *in, mr_thrift_type type, struct mr_arena *arena,
                            struct mr_pq_meta *meta, struct mr_err *err)
{
    mr_thrift_type element;
    uint32_t count = mr_thrift_get_list(in, type, &element);
    if (count > 0 && element != MR_THRIFT_STRUCT) mr_thrift_fail(in, "the schema is no list");
    meta->nodes = MR_ARENA_ARRAY(arena, struct mr_pq_node, count);
    if (meta->nodes == NULL && count > 0) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a schema of %u nodes", count);
    }
    for (uint32_t i = 0; i < count && in->error == NULL; i++) node_read(in, &meta->nodes[i]);
    meta->node_count = in->error == NULL ? count : 0;
    return MR_OK;
}

/* Turns the flat list into a tree: where each subtree ends, and which leaf each node begins with.
 */
static mr_status nodes_link(struct mr_pq_meta *meta, struct mr_err *err)
{
    struct {
        uint32_t node;
        uint32_t left; /* children still to come */
    } open[2 * MR_TYPE_DEPTH_MAX];
    uint32_t depth = 0;
    for (uint32_t i = 0; i < meta->node_count; i++) {
        struct mr_pq_node *node = &meta->nodes[i];
        if (i > 0 && depth == 0) break;
        if (i > 0) open[depth - 1].left--;
        node->leaf = meta->leaf_count;
        node->next = i + 1;
        if (node->is_leaf) meta->leaf_count++;
        if (depth == MR_COUNT_OF(open)) {
            return mr_err_set(err, MR_E_LIMIT, 2512, "the schema nests too deep");
        }
        open[depth].node = i;
        open[depth++].left = node->children;
        while (depth > 0 && open[depth - 1].left == 0) meta->nodes[open[--depth].node].next = i + 1;
    }
    if (meta->node_count == 0 || depth > 0 || meta->nodes[0].is_leaf ||
        meta->nodes[0].next != meta->node_count) {
        return mr_err_set(err, MR_E_CORRUPT, 2510, "the footer's schema is no single tree");
    }
    return MR_OK;
}

/* ---- row groups ------------------------------------------------------------------------------ */

/* Statistics: 1 max and 2 min (deprecated), 3 null_count, 5 max_value, 6 min_value, 9 nan_count. */
static void summary_read(struct mr_thrift_in *in, struct mr_pq_summary *out)
{
    struct mr_span old_min = {0}, old_max = {0};
    mr_thrift_type type;
    int16_t id;
    while (mr_thrift_next(in, &id, &type)) {
        switch (id) {
        case 1: old_max = mr_thrift_get_bytes(in, type); break;
        case 2: old_min = mr_thrift_get_bytes(in, type); break;
        case 3: out->null_count = get_tally(in, type); break;
        case 5: out->max = mr_thrift_get_bytes(in, type); break;
        case 6: out->min = mr_thrift_get_bytes(in, type); break;
        case 9: out->nan_count = get_tally(in, type); break;
        default: mr_thrift_skip(in, type); break;
        }
    }
    if (out->min.text != NULL || out->max.text != NULL) return;
    out->is_deprecated = true;
    out->min = old_min;
    out->max = old_max;
}

static void column_read(struct mr_thrift_in *in, struct mr_pq_column_meta *column)
{
    uint64_t data_off = 0, dict_off = 0;
    mr_thrift_type type;
    int16_t id;
    column->codec = MR_CODEC_NONE;
    while (mr_thrift_next(in, &id, &type)) {
        switch (id) {
        case 1: column->kind = (mr_pq_kind)get_count32(in, type); break;
        case 4:
            column->codec_number = (int32_t)get_count32(in, type);
            column->codec = mr_pq_codec_of(column->codec_number);
            break;
        case 5: column->entries = get_count(in, type); break;
        case 7: column->bytes = get_count(in, type); break;
        case 9: data_off = get_count(in, type); break;
        case 11: dict_off = get_count(in, type); break;
        case 12:
            mr_thrift_enter(in, type);
            summary_read(in, &column->summary);
            break;
        case 14: column->bloom_off = get_count(in, type); break;
        case 15: column->bloom_bytes = get_count32(in, type); break;
        default: mr_thrift_skip(in, type); break;
        }
    }
    /* Some writers store 0 for "no dictionary". */
    column->off = dict_off > 0 && dict_off < data_off ? dict_off : data_off;
}

/* A place of an index or filter that is none is as good as no index. */
static void place_check(struct mr_pq_place *place, uint64_t file_bytes)
{
    if (place->off > file_bytes || place->bytes > file_bytes - place->off) place->bytes = 0;
}

/* ColumnChunk: 1 file_path, 3 meta_data, 4 to 7 places of the indexes, 8 crypto_metadata. */
static void chunk_read(struct mr_thrift_in *in, uint64_t file_bytes, bool *is_encrypted,
                       struct mr_pq_column_meta *column)
{
    bool has_meta = false;
    mr_thrift_type type;
    int16_t id;
    column->summary.null_count = column->summary.nan_count = -1;
    mr_thrift_enter(in, MR_THRIFT_STRUCT);
    while (mr_thrift_next(in, &id, &type)) {
        switch (id) {
        case 3:
            mr_thrift_enter(in, type);
            column_read(in, column);
            has_meta = true;
            break;
        case 4: column->offset_index.off = get_count(in, type); break;
        case 5: column->offset_index.bytes = get_count32(in, type); break;
        case 6: column->column_index.off = get_count(in, type); break;
        case 7: column->column_index.bytes = get_count32(in, type); break;
        default:
            if (id == 1) mr_thrift_fail(in, "a column lies in another file");
            if (id == 8) *is_encrypted = true;
            mr_thrift_skip(in, type);
            break;
        }
    }
    if (!has_meta && !*is_encrypted) mr_thrift_fail(in, "a column has no metadata");
    if (column->off > file_bytes || column->bytes > file_bytes - column->off) {
        mr_thrift_fail(in, "a column lies outside of the file");
    }
    place_check(&column->offset_index, file_bytes);
    place_check(&column->column_index, file_bytes);
    if (column->bloom_off >= file_bytes) column->bloom_off = 0;
}

struct meta_walk {
    struct mr_thrift_in in;
    struct mr_arena *arena;
    struct mr_pq_meta *meta;
    uint64_t file_bytes;
    bool is_encrypted;
    struct mr_err *err;
};

static mr_status walk_nomem(struct meta_walk *walk, uint32_t count)
{
    return mr_err_set(walk->err, MR_E_NOMEM, 0, "out of memory for the metadata of %u columns",
                      count);
}

static mr_status group_read(struct meta_walk *walk, struct mr_pq_group_meta *group)
{
    struct mr_thrift_in *in = &walk->in;
    mr_thrift_type type, element;
    int16_t id;
    mr_thrift_enter(in, MR_THRIFT_STRUCT);
    while (mr_thrift_next(in, &id, &type)) {
        if (id == 3) {
            group->rows = get_count(in, type);
        } else if (id == 2) {
            group->bytes = get_count(in, type);
        } else if (id == 1) {
            uint32_t count = mr_thrift_get_list(in, type, &element);
            if (count != walk->meta->leaf_count || (count > 0 && element != MR_THRIFT_STRUCT)) {
                mr_thrift_fail(in, "a row group has not the schema's columns");
                break;
            }
            group->columns = MR_ARENA_ARRAY(walk->arena, struct mr_pq_column_meta, count);
            if (group->columns == NULL && count > 0) return walk_nomem(walk, count);
            for (uint32_t i = 0; i < count && in->error == NULL; i++) {
                chunk_read(in, walk->file_bytes, &walk->is_encrypted, &group->columns[i]);
            }
        } else {
            mr_thrift_skip(in, type);
        }
    }
    if (group->columns == NULL && walk->meta->leaf_count > 0) {
        mr_thrift_fail(in, "a row group has no columns");
    }
    return MR_OK;
}

static mr_status groups_read(struct meta_walk *walk, mr_thrift_type type)
{
    mr_thrift_type element;
    struct mr_pq_meta *meta = walk->meta;
    uint32_t count = mr_thrift_get_list(&walk->in, type, &element);
    if (meta->node_count == 0 || (count > 0 && element != MR_THRIFT_STRUCT)) {
        mr_thrift_fail(&walk->in, "row groups come before the schema");
        return MR_OK;
    }
    meta->groups = MR_ARENA_ARRAY(walk->arena, struct mr_pq_group_meta, count);
    if (meta->groups == NULL && count > 0) return walk_nomem(walk, count);
    for (uint32_t i = 0; i < count && walk->in.error == NULL; i++) {
        MR_TRY(group_read(walk, &meta->groups[i]));
        if (meta->groups[i].rows > UINT64_MAX / 2 - meta->rows) {
            mr_thrift_fail(&walk->in, "row counts overflow");
        }
        meta->groups[i].first_row = meta->rows;
        meta->rows += meta->groups[i].rows;
    }
    meta->group_count = count;
    return MR_OK;
}

/* Field 7 of FileMetaData, list<ColumnOrder>: one for each leaf. */
static void orders_read(struct mr_thrift_in *in, mr_thrift_type type, struct mr_pq_meta *meta)
{
    mr_thrift_type element;
    uint32_t count = mr_thrift_get_list(in, type, &element), node = 0;
    if (count > 0 && element != MR_THRIFT_STRUCT) mr_thrift_fail(in, "orders are no structs");
    for (uint32_t i = 0; i < count && in->error == NULL; i++) {
        int16_t id, order = 0;
        mr_thrift_enter(in, MR_THRIFT_STRUCT);
        while (mr_thrift_next(in, &id, &type)) {
            order = id < UINT8_MAX ? id : UINT8_MAX;
            mr_thrift_skip(in, type);
        }
        while (node < meta->node_count && !meta->nodes[node].is_leaf) node++;
        if (node < meta->node_count) meta->nodes[node++].order = (uint8_t)order;
    }
}

/* Before its version 1.2.9 parquet-mr left the dictionary's header out of a chunk's size: so many
 * bytes more may belong to it (PARQUET-816). Versions were not written then, or begin with 1.0 to
 * 1.2. */
static void chunks_mend(struct mr_pq_meta *meta, uint64_t file_bytes)
{
    enum { DICT_HEADER_BYTES_MAX = 100 };
    struct mr_span by = meta->created_by;
    bool is_old = mr_span_is(by, "parquet-mr") ||
                  mr_span_starts(by, MR_SPAN("parquet-mr version 1.0.")) ||
                  mr_span_starts(by, MR_SPAN("parquet-mr version 1.1.")) ||
                  mr_span_starts(by, MR_SPAN("parquet-mr version 1.2."));
    for (uint32_t g = 0; is_old && g < meta->group_count; g++) {
        for (uint32_t i = 0; i < meta->leaf_count; i++) {
            struct mr_pq_column_meta *column = &meta->groups[g].columns[i];
            uint64_t behind = file_bytes - column->off - column->bytes;
            column->bytes += MR_MIN(behind, (uint64_t)DICT_HEADER_BYTES_MAX);
        }
    }
}

/* FileMetaData: 2 schema, 4 row_groups, 6 created_by, 7 column_orders, 8 encryption_algorithm.
 * Field 3, the row count, has to agree. */
static mr_status file_meta_read(struct meta_walk *walk)
{
    struct mr_thrift_in *in = &walk->in;
    uint64_t rows = 0;
    mr_thrift_type type;
    int16_t id;
    while (mr_thrift_next(in, &id, &type)) {
        switch (id) {
        case 2:
            if (walk->meta->node_count > 0) {
                mr_thrift_fail(in, "it has two schemas");
                break;
            }
            MR_TRY(nodes_read(in, type, walk->arena, walk->meta, walk->err));
            if (in->error == NULL) MR_TRY(nodes_link(walk->meta, walk->err));
            break;
        case 3: rows = get_count(in, type); break;
        case 4: MR_TRY(groups_read(walk, type)); break;
        case 6: walk->meta->created_by = mr_thrift_get_bytes(in, type); break;
        case 7: orders_read(in, type, walk->meta); break;
        default: mr_thrift_skip(in, type); break;
        }
    }
    if (in->error == NULL && walk->meta->node_count == 0) mr_thrift_fail(in, "it has no schema");
    if (in->error == NULL && rows != walk->meta->rows) {
        mr_thrift_fail(in, "row groups do not add up to the rows of the file");
    }
    if (in->error == NULL) chunks_mend(walk->meta, walk->file_bytes);
    return mr_thrift_close(in, "the footer", walk->err);
}

mr_status mr_pq_footer_place(struct mr_span tail, uint64_t file_bytes, struct mr_pq_place *out,
                             struct mr_err *err)
{
    bool is_short = file_bytes < MR_PQ_MAGIC_BYTES + MR_PQ_TAIL_BYTES ||
                    tail.bytes < MR_PQ_MAGIC_BYTES + MR_PQ_TAIL_BYTES;
    const char *at = is_short ? "" : tail.text + tail.bytes - MR_PQ_TAIL_BYTES;
    uint32_t meta_bytes;
    if (!is_short && memcmp(at + 4, "PARE", MR_PQ_MAGIC_BYTES) == 0) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "the file's footer is encrypted");
    }
    if (is_short || memcmp(at + 4, MR_PQ_MAGIC, MR_PQ_MAGIC_BYTES) != 0) {
        return mr_err_set(err, MR_E_CORRUPT, 2510, "this is no whole Parquet file");
    }
    memcpy(&meta_bytes, at, sizeof meta_bytes);
    if (meta_bytes > file_bytes - MR_PQ_TAIL_BYTES - MR_PQ_MAGIC_BYTES) {
        return mr_err_set(err, MR_E_CORRUPT, 2510, "a footer of %u bytes is larger than the file",
                          meta_bytes);
    }
    *out = (struct mr_pq_place){.off = file_bytes - MR_PQ_TAIL_BYTES - meta_bytes,
                                .bytes = meta_bytes};
    return MR_OK;
}

mr_status mr_pq_footer_read(struct mr_arena *arena, struct mr_span footer, uint64_t footer_off,
                            struct mr_pq_meta *out, struct mr_err *err)
{
    *out = (struct mr_pq_meta){0};
    struct meta_walk walk = {.arena = arena, .meta = out, .file_bytes = footer_off, .err = err};
    mr_thrift_open(&walk.in, footer.text, footer.bytes);
    MR_TRY(file_meta_read(&walk));
    if (walk.is_encrypted) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "a column of the file is encrypted");
    }
    return MR_OK;
}

mr_status mr_pq_meta_read(struct mr_arena *arena, struct mr_span file, struct mr_pq_meta *out,
                          struct mr_err *err)
{
    struct mr_pq_place place;
    MR_TRY(mr_pq_footer_place(file, file.bytes, &place, err));
    struct mr_span footer = {file.text + place.off, place.bytes};
    return mr_pq_footer_read(arena, footer, place.off, out, err);
}
