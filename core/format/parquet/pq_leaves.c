#include "core/format/parquet/pq_leaves.h"

#include <stdio.h>

#include "core/base/assert.h"

/* A node adds at most two names to a path: `list` and `element`. */
enum { PATH_MAX_NAMES = 2 * MR_TYPE_DEPTH_MAX + 2 };

struct leaf_walk {
    struct mr_pq_leaves *leaves;
    struct mr_arena *arena;
    struct mr_err *err;
    uint32_t path_count;
    struct mr_span path[PATH_MAX_NAMES];
};

bool mr_pq_is_stored(const struct mr_type *type)
{
    if (type->id == MR_TYPE_VOID) return false;
    if (!mr_type_is_nested(type)) return true;
    for (uint32_t i = 0; i < type->field_count; i++) {
        bool is_stored = mr_pq_is_stored(type->fields[i].type);
        if (type->id == MR_TYPE_STRUCT && is_stored) return true;
        if (type->id != MR_TYPE_STRUCT && !is_stored) return false;
    }
    return type->id != MR_TYPE_STRUCT;
}

/* Fewest bytes that hold `precision` digits and a sign: floor(log256(2 * 10^p)) + 1. */
static uint32_t decimal_bytes(unsigned precision)
{
    unsigned __int128 largest = 1;
    for (unsigned i = 0; i < precision; i++) largest *= 10;
    uint32_t bytes = 1;
    while ((largest >> (8 * bytes - 1)) != 0) bytes++;
    return bytes;
}

mr_pq_kind mr_pq_kind_of(const struct mr_type *type, uint32_t *out_fixed_bytes)
{
    *out_fixed_bytes = 0;
    switch (type->id) {
    case MR_TYPE_BOOLEAN: return MR_PQ_BOOLEAN;
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
    case MR_TYPE_INT:
    case MR_TYPE_DATE: return MR_PQ_INT32;
    case MR_TYPE_LONG:
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: return MR_PQ_INT64;
    case MR_TYPE_FLOAT: return MR_PQ_FLOAT;
    case MR_TYPE_DOUBLE: return MR_PQ_DOUBLE;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return MR_PQ_BYTES;
    case MR_TYPE_DECIMAL:
        if (type->precision <= 9) return MR_PQ_INT32;
        if (type->precision <= MR_DECIMAL_LONG_DIGITS) return MR_PQ_INT64;
        *out_fixed_bytes = decimal_bytes(type->precision);
        return MR_PQ_FIXED;
    default: MR_ASSERT(!"a leaf has a physical type"); return MR_PQ_BYTES;
    }
}

const char *mr_pq_path_text(const struct mr_span *path, uint32_t count, char *out, size_t room)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < count && used + 1 < room; i++) {
        int wrote = snprintf(out + used, room - used, "%s%.*s", i == 0 ? "" : ".",
                             (int)path[i].bytes, path[i].text);
        if (wrote > 0) used += (size_t)wrote;
    }
    return out;
}

static const struct mr_span *path_copy(struct leaf_walk *walk)
{
    struct mr_span *copy = MR_ARENA_ARRAY(walk->arena, struct mr_span, walk->path_count);
    if (copy != NULL) memcpy(copy, walk->path, walk->path_count * sizeof *copy);
    return copy;
}

static mr_status walk_refuse(struct leaf_walk *walk, const char *why)
{
    char path[256];
    return mr_err_set(walk->err, MR_E_UNSUPPORTED, 2520, "column %s cannot be stored: %s",
                      mr_pq_path_text(walk->path, walk->path_count, path, sizeof path), why);
}

static mr_status walk_nomem(struct leaf_walk *walk)
{
    return mr_err_set(walk->err, MR_E_NOMEM, 0, "out of memory for a schema's leaves");
}

static mr_status walk_leaf(struct leaf_walk *walk, const struct mr_type *type, unsigned def,
                           unsigned rep)
{
    struct mr_pq_leaf *leaf = &walk->leaves->at[walk->leaves->count++];
    leaf->type = type;
    leaf->kind = mr_pq_kind_of(type, &leaf->fixed_bytes);
    leaf->max_def = (uint8_t)def;
    leaf->max_rep = (uint8_t)rep;
    leaf->path_count = walk->path_count;
    leaf->path = path_copy(walk);
    return leaf->path == NULL ? walk_nomem(walk) : MR_OK;
}

static mr_status walk_field(struct leaf_walk *walk, const struct mr_field *field,
                            struct mr_span name, unsigned def, unsigned rep)
{
    const struct mr_type *type = field->type;
    if (walk->path_count + 3 > PATH_MAX_NAMES) return walk_refuse(walk, "it nests too deep");
    walk->path[walk->path_count++] = name;
    mr_status status = MR_OK;
    if (field->is_nullable) def++;
    switch (type->id) {
    case MR_TYPE_VOID: break;
    case MR_TYPE_STRUCT:
        if (!mr_pq_is_stored(type)) {
            status = walk_refuse(walk, "a struct needs a member that is not void");
        }
        for (uint32_t i = 0; i < type->field_count && status == MR_OK; i++) {
            status = walk_field(walk, &type->fields[i], type->fields[i].name, def, rep);
        }
        break;
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP:
        if (!mr_pq_is_stored(type)) {
            status = walk_refuse(walk, "an array or map of void has no form in Parquet");
            break;
        }
        walk->path[walk->path_count++] =
            type->id == MR_TYPE_ARRAY ? MR_SPAN("list") : MR_SPAN("key_value");
        for (uint32_t i = 0; i < type->field_count && status == MR_OK; i++) {
            static const char *const map_names[2] = {"key", "value"};
            struct mr_span inner =
                type->id == MR_TYPE_ARRAY ? MR_SPAN("element") : mr_span_of(map_names[i]);
            status = walk_field(walk, &type->fields[i], inner, def + 1, rep + 1);
        }
        walk->path_count--;
        break;
    default: status = walk_leaf(walk, type, def, rep); break;
    }
    walk->path_count--;
    return status;
}

static uint32_t stat_columns(const struct mr_type *type)
{
    uint32_t count = 0;
    if (type->id != MR_TYPE_STRUCT) return 1;
    for (uint32_t i = 0; i < type->field_count; i++) count += stat_columns(type->fields[i].type);
    return count;
}

/* Void leaves inside an array's or map's struct are not stored and must not be counted. */
static uint32_t stored_leaves(const struct mr_type *type)
{
    uint32_t count = 0;
    if (!mr_type_is_nested(type)) return type->id == MR_TYPE_VOID ? 0 : 1;
    for (uint32_t i = 0; i < type->field_count; i++) count += stored_leaves(type->fields[i].type);
    return count;
}

/* Walks in the same order as walk_field, so that *leaf counts the leaves that it made. */
static mr_status walk_stats(struct leaf_walk *walk, const struct mr_type *type, uint32_t *leaf)
{
    if (type->id == MR_TYPE_STRUCT) {
        for (uint32_t i = 0; i < type->field_count; i++) {
            walk->path[walk->path_count++] = type->fields[i].name;
            MR_TRY(walk_stats(walk, type->fields[i].type, leaf));
            walk->path_count--;
        }
        return MR_OK;
    }
    struct mr_pq_stat_column *stat = &walk->leaves->stats[walk->leaves->stat_count++];
    bool has_leaf = type->id != MR_TYPE_VOID && !mr_type_is_nested(type);
    *stat = (struct mr_pq_stat_column){.type = type,
                                       .leaf = has_leaf ? *leaf : UINT32_MAX,
                                       .path_count = walk->path_count,
                                       .path = path_copy(walk)};
    *leaf += stored_leaves(type);
    return stat->path == NULL ? walk_nomem(walk) : MR_OK;
}

mr_status mr_pq_leaves_init(struct mr_pq_leaves *leaves, struct mr_arena *arena,
                            const struct mr_type *schema, struct mr_err *err)
{
    struct leaf_walk walk = {.leaves = leaves, .arena = arena, .err = err};
    MR_ASSERT(schema->id == MR_TYPE_STRUCT);
    uint32_t stored = stored_leaves(schema), stats = stat_columns(schema);
    if (stored == 0) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2520,
                          "a Parquet file needs at least one column that is not void");
    }
    *leaves = (struct mr_pq_leaves){
        .at = MR_ARENA_ARRAY(arena, struct mr_pq_leaf, stored),
        .stats = MR_ARENA_ARRAY(arena, struct mr_pq_stat_column, stats),
    };
    if (leaves->at == NULL || leaves->stats == NULL) return walk_nomem(&walk);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        MR_TRY(walk_field(&walk, &schema->fields[i], schema->fields[i].name, 0, 0));
    }
    MR_ASSERT(leaves->count == stored);
    uint32_t leaf = 0;
    walk.path_count = 0;
    MR_TRY(walk_stats(&walk, schema, &leaf));
    MR_ASSERT(leaf == stored && leaves->stat_count == stats);
    return MR_OK;
}
