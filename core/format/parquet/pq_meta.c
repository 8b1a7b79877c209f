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
    *node = (struct mr_pq_node){.converted = MR_PQ_CONVERTED_NONE};
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
            column->codec_number = (int64_t)get_count32(in, type);
            column->codec = mr_pq_codec_of(column->codec_number);
            break;
        case 5: column->entries = get_count(in, type); break;
        case 7: column->bytes = get_count(in, type); break;
        case 9: data_off = get_count(in, type); break;
        case 11: dict_off = get_count(in, type); break;
        default: mr_thrift_skip(in, type); break;
        }
    }
    /* Some writers store 0 for "no dictionary". */
    column->off = dict_off > 0 && dict_off < data_off ? dict_off : data_off;
}

static void chunk_read(struct mr_thrift_in *in, uint64_t file_bytes, bool *is_encrypted,
                       struct mr_pq_column_meta *column)
{
    bool has_meta = false;
    mr_thrift_type type;
    int16_t id;
    mr_thrift_enter(in, MR_THRIFT_STRUCT);
    while (mr_thrift_next(in, &id, &type)) {
        if (id == 3) {
            mr_thrift_enter(in, type);
            column_read(in, column);
            has_meta = true;
        } else {
            if (id == 1) mr_thrift_fail(in, "a column lies in another file");
            if (id == 8) *is_encrypted = true;
            mr_thrift_skip(in, type);
        }
    }
    if (!has_meta && !*is_encrypted) mr_thrift_fail(in, "a column has no metadata");
    if (column->off > file_bytes || column->bytes > file_bytes - column->off) {
        mr_thrift_fail(in, "a column lies outside of the file");
    }
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
        meta->rows += meta->groups[i].rows;
    }
    meta->group_count = count;
    return MR_OK;
}

/* FileMetaData: 2 schema, 4 row_groups, 6 created_by. Field 3, the row count, has to agree. */
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
        default: mr_thrift_skip(in, type); break;
        }
    }
    if (in->error == NULL && walk->meta->node_count == 0) mr_thrift_fail(in, "it has no schema");
    if (in->error == NULL && rows != walk->meta->rows) {
        mr_thrift_fail(in, "row groups do not add up to the rows of the file");
    }
    return mr_thrift_close(in, "the footer", walk->err);
}

mr_status mr_pq_meta_read(struct mr_arena *arena, struct mr_span file, struct mr_pq_meta *out,
                          struct mr_err *err)
{
    bool is_short = file.bytes < MR_PQ_MAGIC_BYTES + MR_PQ_TAIL_BYTES;
    const char *tail = is_short ? "" : file.text + file.bytes - MR_PQ_TAIL_BYTES;
    uint32_t meta_bytes;
    if (!is_short && memcmp(tail + 4, "PARE", MR_PQ_MAGIC_BYTES) == 0) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "the file's footer is encrypted");
    }
    if (is_short || memcmp(tail + 4, MR_PQ_MAGIC, MR_PQ_MAGIC_BYTES) != 0) {
        return mr_err_set(err, MR_E_CORRUPT, 2510, "this is no whole Parquet file");
    }
    memcpy(&meta_bytes, tail, sizeof meta_bytes);
    if (meta_bytes > file.bytes - MR_PQ_TAIL_BYTES - MR_PQ_MAGIC_BYTES) {
        return mr_err_set(err, MR_E_CORRUPT, 2510, "a footer of %u bytes is larger than the file",
                          meta_bytes);
    }
    *out = (struct mr_pq_meta){0};
    struct meta_walk walk = {.arena = arena, .meta = out, .err = err};
    walk.file_bytes = file.bytes - MR_PQ_TAIL_BYTES - meta_bytes;
    mr_thrift_open(&walk.in, tail - meta_bytes, meta_bytes);
    MR_TRY(file_meta_read(&walk));
    if (walk.is_encrypted) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "a column of the file is encrypted");
    }
    return MR_OK;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* DataPageHeader, DictionaryPageHeader: 1 num_values, 2 encoding, 3 and 4 level encodings. */
static void data_header_read(struct mr_thrift_in *in, mr_thrift_type type,
                             struct mr_pq_page_header *out)
{
    int16_t id;
    mr_thrift_enter(in, type);
    while (mr_thrift_next(in, &id, &type)) {
        switch (id) {
        case 1: out->entries = get_count32(in, type); break;
        case 2: out->encoding = (int32_t)get_count32(in, type); break;
        case 3:
            if (type == MR_THRIFT_I32) {
                out->def_encoding = (int32_t)get_count32(in, type);
            } else {
                mr_thrift_skip(in, type); /* is_sorted of a dictionary */
            }
            break;
        case 4: out->rep_encoding = (int32_t)get_count32(in, type); break;
        default: mr_thrift_skip(in, type); break;
        }
    }
}

/* DataPageHeaderV2: 1 num_values, 4 encoding, 5 and 6 bytes of the levels, 7 is_compressed. */
static void data_header_v2_read(struct mr_thrift_in *in, mr_thrift_type type,
                                struct mr_pq_page_header *out)
{
    int16_t id;
    mr_thrift_enter(in, type);
    while (mr_thrift_next(in, &id, &type)) {
        switch (id) {
        case 1: out->entries = get_count32(in, type); break;
        case 4: out->encoding = (int32_t)get_count32(in, type); break;
        case 5: out->def_bytes = get_count32(in, type); break;
        case 6: out->rep_bytes = get_count32(in, type); break;
        case 7: out->is_compressed = mr_thrift_get_bool(in, type); break;
        default: mr_thrift_skip(in, type); break;
        }
    }
}

mr_status mr_pq_page_header_read(const uint8_t *at, size_t bytes, struct mr_pq_page_header *out,
                                 struct mr_err *err)
{
    struct mr_thrift_in in;
    mr_thrift_type type;
    int16_t id;
    *out = (struct mr_pq_page_header){
        .is_compressed = true, .def_encoding = MR_PQ_RLE, .rep_encoding = MR_PQ_RLE};
    mr_thrift_open(&in, at, bytes);
    while (mr_thrift_next(&in, &id, &type)) {
        switch (id) {
        case 1: out->type = (mr_pq_page_type)get_count32(&in, type); break;
        case 2: out->raw_bytes = get_count32(&in, type); break;
        case 3: out->stored_bytes = get_count32(&in, type); break;
        case 4:
            out->has_crc = true;
            out->crc = (uint32_t)mr_thrift_get_int(&in, type);
            break;
        case 5:
        case 7: data_header_read(&in, type, out); break;
        case 8: data_header_v2_read(&in, type, out); break;
        default: mr_thrift_skip(&in, type); break;
        }
    }
    out->header_bytes = (uint32_t)(in.at - in.from);
    if (in.error == NULL && out->stored_bytes > (size_t)(in.end - in.at)) {
        mr_thrift_fail(&in, "the page is larger than its column");
    }
    return mr_thrift_close(&in, "a page header", err);
}
