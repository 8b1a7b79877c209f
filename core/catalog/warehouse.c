#include "core/catalog/warehouse.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/nearest.h"

enum { ERR_TABLE = 1210, ERR_NAME = 1218, DEPTH_MAX = 64 };

static mr_status warehouse_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the names of tables");
}

/* ---- names ---- */

static mr_status check_part(struct mr_span part, struct mr_err *err)
{
    bool is_bad = part.bytes == 0 || part.text[0] == '.' || part.bytes > 255;
    for (size_t i = 0; i < part.bytes; i++) {
        is_bad = is_bad || part.text[i] == '/' || (unsigned char)part.text[i] < 0x20;
    }
    if (!is_bad) return MR_OK;
    return mr_err_set(err, MR_E_INVALID, ERR_NAME, "\"%.*s\" is no name of a table or schema",
                      (int)MR_MIN(part.bytes, (size_t)60), part.text);
}

/* The entry of `folder` that is `name` but for case; the name as it is when there is none, or one
 * of exactly that name. */
static mr_status find_folder(const struct mr_warehouse *warehouse, struct mr_arena *arena,
                             const char *folder, struct mr_span name, const char **out_name,
                             struct mr_err *err)
{
    struct mr_dir_list list;
    *out_name = mr_arena_copy(arena, name);
    if (*out_name == NULL) return warehouse_nomem(err);
    const char *path = mr_arena_format(arena, "%s/%s", folder, *out_name);
    if (path == NULL) return warehouse_nomem(err);
    bool is_there;
    MR_TRY(mr_file_exists(warehouse->io, path, &is_there, err));
    if (is_there) return MR_OK;
    mr_status status = mr_dir_list(warehouse->io, arena, folder, false, &list, err);
    if (status == MR_E_NOT_FOUND) return MR_OK;
    if (status != MR_OK) return status;
    for (uint32_t i = 0; i < list.count; i++) {
        if (!mr_span_ieq(list.entries[i].name, name)) continue;
        *out_name = list.entries[i].name.text;
        break;
    }
    return MR_OK;
}

mr_status mr_warehouse_resolve(const struct mr_warehouse *warehouse, struct mr_arena *arena,
                               const struct mr_span *parts, uint32_t count, bool is_schema,
                               struct mr_table_name *out_name, struct mr_err *err)
{
    uint32_t most = is_schema ? 2 : 3;
    struct mr_table_name name = {0};
    struct mr_span all[3] = {mr_span_of(warehouse->catalog), mr_span_of(warehouse->schema)};
    if (warehouse->path == NULL) {
        mr_err_set(err, MR_E_INVALID, ERR_NAME, "there is no warehouse to look \"%.*s\" up in",
                   (int)parts[count - 1].bytes, parts[count - 1].text);
        mr_err_help(err, "name one with --warehouse DIR, or a pipeline folder with -C DIR");
        return MR_E_INVALID;
    }
    if (count == 0 || count > most) {
        return mr_err_set(err, MR_E_INVALID, ERR_NAME, "a %s's name has at most %u parts, not %u",
                          is_schema ? "schema" : "table", most, count);
    }
    for (uint32_t i = 0; i < count; i++) all[most - count + i] = parts[i];
    for (uint32_t i = 0; i < most; i++) MR_TRY(check_part(all[i], err));
    const char *folder = warehouse->path;
    MR_TRY(find_folder(warehouse, arena, folder, all[0], &name.catalog, err));
    folder = mr_arena_format(arena, "%s/%s", folder, name.catalog);
    if (folder == NULL) return warehouse_nomem(err);
    MR_TRY(find_folder(warehouse, arena, folder, all[1], &name.schema, err));
    folder = mr_arena_format(arena, "%s/%s", folder, name.schema);
    if (folder == NULL) return warehouse_nomem(err);
    name.path = folder;
    if (!is_schema) {
        MR_TRY(find_folder(warehouse, arena, folder, all[2], &name.table, err));
        name.path = mr_arena_format(arena, "%s/%s", folder, name.table);
        if (name.path == NULL) return warehouse_nomem(err);
    }
    *out_name = name;
    return MR_OK;
}

/* ---- what is there ---- */

static mr_status has_log(const struct mr_warehouse *warehouse, struct mr_arena *arena,
                         const char *path, bool *out_has, struct mr_err *err)
{
    const char *log = mr_arena_format(arena, "%s/_delta_log", path);
    if (log == NULL) return warehouse_nomem(err);
    return mr_file_exists(warehouse->io, log, out_has, err);
}

mr_status mr_warehouse_has(const struct mr_warehouse *warehouse, struct mr_arena *arena,
                           const struct mr_table_name *name, bool *out_has, struct mr_err *err)
{
    if (name->table != NULL) return has_log(warehouse, arena, name->path, out_has, err);
    return mr_file_exists(warehouse->io, name->path, out_has, err);
}

mr_status mr_warehouse_list(const struct mr_warehouse *warehouse, struct mr_arena *arena,
                            const char *catalog, const char *schema,
                            struct mr_warehouse_list *out_list, struct mr_err *err)
{
    struct mr_dir_list list;
    *out_list = (struct mr_warehouse_list){0};
    if (warehouse->path == NULL) return MR_OK;
    const char *folder =
        mr_arena_format(arena, "%s%s%s%s%s", warehouse->path, catalog == NULL ? "" : "/",
                        catalog == NULL ? "" : catalog, schema == NULL ? "" : "/",
                        schema == NULL ? "" : schema);
    if (folder == NULL) return warehouse_nomem(err);
    mr_status status = mr_dir_list(warehouse->io, arena, folder, false, &list, err);
    if (status == MR_E_NOT_FOUND) return MR_OK;
    if (status != MR_OK) return status;
    struct mr_span *names = MR_ARENA_ARRAY(arena, struct mr_span, (size_t)list.count + 1);
    if (names == NULL) return warehouse_nomem(err);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct mr_dir_entry *entry = &list.entries[i];
        bool is_one = entry->stat.kind == MR_FILE_DIRECTORY && entry->name.text[0] != '.';
        if (is_one && schema != NULL) {
            const char *path = mr_arena_format(arena, "%s/%s", folder, entry->name.text);
            if (path == NULL) return warehouse_nomem(err);
            MR_TRY(has_log(warehouse, arena, path, &is_one, err));
        }
        if (is_one) names[out_list->count++] = entry->name;
    }
    out_list->names = names;
    return MR_OK;
}

mr_status mr_warehouse_absent(const struct mr_warehouse *warehouse, struct mr_arena *arena,
                              const struct mr_table_name *name, struct mr_err *err)
{
    struct mr_warehouse_list list = {0};
    struct mr_nearest nearest;
    struct mr_err ignored;
    bool is_table = name->table != NULL;
    const char *last = is_table ? name->table : name->schema;
    mr_err_set(err, MR_E_NOT_FOUND, ERR_TABLE, "%s %s.%s%s%s not found",
               is_table ? "table" : "schema", name->catalog, name->schema, is_table ? "." : "",
               is_table ? name->table : "");
    /* The suggestion is a courtesy: without it the error stands as well. */
    mr_status status = mr_warehouse_list(warehouse, arena, name->catalog,
                                         is_table ? name->schema : NULL, &list, &ignored);
    mr_nearest_init(&nearest, mr_span_of(last));
    for (uint32_t i = 0; status == MR_OK && i < list.count; i++) {
        mr_nearest_offer(&nearest, list.names[i]);
    }
    if (nearest.best.bytes > 0) {
        mr_err_help(err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    } else {
        mr_err_help(err, "it would lie at %s", name->path);
    }
    return MR_E_NOT_FOUND;
}

/* ---- removing ---- */

static mr_status call(const struct mr_warehouse *warehouse, mr_io_kind kind, const char *path,
                      const char *path2, const char *doing, struct mr_err *err)
{
    struct mr_io_op op;
    mr_io_op_init(&op, kind);
    op.path = path;
    op.path2 = path2;
    int64_t result = mr_io_call(warehouse->io, &op);
    if (result >= 0) return MR_OK;
    return mr_err_os(err, (int)-result, 0, "cannot %s %s", doing, path);
}

static mr_status remove_tree(const struct mr_warehouse *warehouse, struct mr_heap *heap,
                             const char *path, uint32_t depth, struct mr_err *err)
{
    struct mr_arena arena;
    struct mr_dir_list list;
    if (depth == DEPTH_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 0, "%s is nested deeper than %d folders", path,
                          DEPTH_MAX);
    }
    mr_arena_init(&arena, heap, 0);
    mr_status status = mr_dir_list(warehouse->io, &arena, path, false, &list, err);
    for (uint32_t i = 0; status == MR_OK && i < list.count; i++) {
        const char *below = mr_arena_format(&arena, "%s/%s", path, list.entries[i].name.text);
        if (below == NULL) status = warehouse_nomem(err);
        else if (list.entries[i].stat.kind == MR_FILE_DIRECTORY) {
            status = remove_tree(warehouse, heap, below, depth + 1, err);
        } else {
            status = mr_file_remove(warehouse->io, below, err);
        }
    }
    if (status == MR_OK) status = call(warehouse, MR_IO_RMDIR, path, NULL, "remove", err);
    mr_arena_fini(&arena);
    return status;
}

mr_status mr_warehouse_remove(const struct mr_warehouse *warehouse, struct mr_arena *arena,
                              const struct mr_table_name *name, struct mr_err *err)
{
    const char *folder = mr_dir_of(arena, name->path);
    if (folder == NULL) return warehouse_nomem(err);
    const char *gone = mr_arena_format(arena, "%s/.dropped-%016" PRIx64, folder,
                                       mr_io_random(warehouse->io));
    if (gone == NULL) return warehouse_nomem(err);
    MR_TRY(call(warehouse, MR_IO_RENAME_NEW, name->path, gone, "drop", err));
    MR_TRY(mr_dir_sync(warehouse->io, folder, err));
    return remove_tree(warehouse, arena->heap, gone, 0, err);
}
