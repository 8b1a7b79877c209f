#include <stdlib.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_layout.h"
#include "core/format/delta/delta_protocol.h"
#include "core/table/table_history.h"
#include "core/table/table_impl.h"

static mr_status detail_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the detail of a table");
}

/* ---- features ---- */

static int name_order(const void *a, const void *b)
{
    return mr_span_compare(*(const struct mr_span *)a, *(const struct mr_span *)b);
}

static bool has_name(const struct mr_span *names, uint32_t count, struct mr_span name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (mr_span_eq(names[i], name)) return true;
    }
    return false;
}

static mr_status detail_features(const struct mr_delta_protocol *protocol, struct mr_arena *arena,
                                 struct mr_table_detail *out, struct mr_err *err)
{
    static const char *const known[] = {
#define MR_DELTA_FEATURE(name, is_reader, can_read, can_write) name,
#include "core/format/delta/features.def"
#undef MR_DELTA_FEATURE
    };
    size_t room = MR_COUNT_OF(known) + protocol->reader_count + (size_t)protocol->writer_count;
    struct mr_span *names = MR_ARENA_ARRAY(arena, struct mr_span, room);
    uint32_t count = 0;
    if (names == NULL) return detail_nomem(err);
    for (size_t i = 0; i < MR_COUNT_OF(known); i++) {
        if (mr_delta_has_feature(protocol, known[i])) names[count++] = mr_span_of(known[i]);
    }
    for (uint32_t i = 0; i < protocol->writer_count; i++) {
        struct mr_span name = protocol->writer_features[i];
        if (!has_name(names, count, name)) names[count++] = name;
    }
    for (uint32_t i = 0; i < protocol->reader_count; i++) {
        struct mr_span name = protocol->reader_features[i];
        if (!has_name(names, count, name)) names[count++] = name;
    }
    qsort(names, count, sizeof *names, name_order);
    out->features = names;
    out->feature_count = count;
    return MR_OK;
}

/* ---- clustering ---- */

/* A path of physical names as the table's names with dots; an empty span when it leads nowhere. */
static mr_status logical_path(const struct mr_delta_layout *layout, const struct mr_doc *path,
                              struct mr_arena *arena, struct mr_span *out, struct mr_err *err)
{
    const struct mr_type *logical = layout->schema, *physical = layout->physical;
    const char *joined = "";
    *out = (struct mr_span){NULL, 0};
    for (const struct mr_doc *step = path->first; step != NULL; step = step->next) {
        if (step->kind != MR_DOC_STRING || physical->id != MR_TYPE_STRUCT) return MR_OK;
        int32_t at = mr_type_find(physical, step->text, true);
        if (at < 0) return MR_OK;
        struct mr_span name = logical->fields[at].name;
        joined = mr_arena_format(arena, "%s%s%.*s", joined, joined[0] == '\0' ? "" : ".",
                                 (int)name.bytes, name.text);
        if (joined == NULL) return detail_nomem(err);
        logical = logical->fields[at].type;
        physical = physical->fields[at].type;
    }
    *out = mr_span_of(joined);
    return MR_OK;
}

static mr_status clustering_of(const struct mr_table *table, struct mr_span configuration,
                               struct mr_arena *arena, struct mr_table_detail *out,
                               struct mr_err *err)
{
    const struct mr_doc *doc = NULL;
    struct mr_delta_layout layout;
    /* Another program's domain: what does not read is not shown. */
    mr_status status = mr_doc_read(arena, configuration, &doc, NULL);
    if (status == MR_E_NOMEM) return detail_nomem(err);
    const struct mr_doc *list = status == MR_OK ? mr_doc_get(doc, "clusteringColumns") : NULL;
    if (list == NULL || list->kind != MR_DOC_ARRAY) return MR_OK;
    MR_TRY(mr_delta_layout_make(arena, &table->snapshot, &layout, err));
    struct mr_span *columns = MR_ARENA_ARRAY(arena, struct mr_span, (size_t)list->count + 1);
    if (columns == NULL) return detail_nomem(err);
    out->clustering_columns = columns;
    for (const struct mr_doc *path = list->first; path != NULL; path = path->next) {
        struct mr_span name = {NULL, 0};
        if (path->kind == MR_DOC_ARRAY) MR_TRY(logical_path(&layout, path, arena, &name, err));
        if (name.bytes > 0) columns[out->clustering_count++] = name;
    }
    return MR_OK;
}

static mr_status detail_clustering(const struct mr_table *table, struct mr_arena *arena,
                                   struct mr_table_detail *out, struct mr_err *err)
{
    struct mr_delta_action action;
    uint32_t cursor = 0;
    if (table->snapshot.domain_count == 0) return MR_OK;
    while (mr_delta_snapshot_next(&table->snapshot, &cursor, &action)) {
        if (action.kind != MR_DELTA_DOMAIN) continue;
        if (!mr_span_is(action.u.domain.domain, "delta.clustering")) continue;
        return clustering_of(table, action.u.domain.configuration, arena, out, err);
    }
    return MR_OK;
}

/* ---- the rest ---- */

static mr_status detail_time(struct mr_table *table, struct mr_table_detail *out,
                             struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_io_stat stat;
    int64_t ms = table->snapshot.in_commit_ms;
    out->modified_us = MR_DELTA_NONE;
    if (table_has_times(table) && ms != MR_DELTA_NONE) {
        if (__builtin_mul_overflow(ms, MR_US_PER_MS, &out->modified_us)) {
            out->modified_us = INT64_MAX;
        }
        return MR_OK;
    }
    table_commit_path(table, table->snapshot.version, path);
    mr_status status = mr_file_stat(table->io, path, &stat, err);
    if (status == MR_E_NOT_FOUND) return MR_OK; /* cleaned up behind its log checkpoint */
    if (status != MR_OK) return status;
    out->modified_us = stat.modified_us - mr_floor_mod(stat.modified_us, MR_US_PER_MS);
    return MR_OK;
}

mr_status mr_table_detail_read(struct mr_table *table, struct mr_arena *arena,
                               struct mr_table_detail *out_detail, struct mr_err *err)
{
    const struct mr_delta_snapshot *s = &table->snapshot;
    const struct mr_delta_metadata *metadata = &s->metadata;
    struct mr_table_detail detail = {.id = metadata->id,
                                     .name = metadata->name,
                                     .description = metadata->description,
                                     .location = table->path,
                                     .created_us = MR_DELTA_NONE,
                                     .partition_columns = metadata->partition_columns,
                                     .partition_count = metadata->partition_count,
                                     .file_count = s->file_count,
                                     .bytes = s->file_bytes,
                                     .properties = metadata->properties,
                                     .property_count = metadata->property_count,
                                     .min_reader = s->protocol.min_reader,
                                     .min_writer = s->protocol.min_writer};
    int64_t created_us;
    if (metadata->created_ms != MR_DELTA_NONE &&
        !__builtin_mul_overflow(metadata->created_ms, MR_US_PER_MS, &created_us)) {
        detail.created_us = created_us;
    }
    MR_TRY(detail_features(&s->protocol, arena, &detail, err));
    MR_TRY(detail_clustering(table, arena, &detail, err));
    mr_status status = detail_time(table, &detail, err);
    if (status != MR_OK) {
        mr_err_origin(err, table->path);
        return status;
    }
    *out_detail = detail;
    return MR_OK;
}
