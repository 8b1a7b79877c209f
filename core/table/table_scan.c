#include "core/table/table_scan.h"

#include <inttypes.h>

#include "core/base/checked.h"
#include "core/format/delta/delta_path.h"
#include "core/table/table_file.h"

struct mr_table_scan {
    const struct mr_table *table;
    struct mr_arena arena;
    struct mr_arena scratch; /* a file that may be skipped */
    struct mr_delta_layout layout;
    struct mr_delta_skip skip;
    struct mr_predicate in_files;
    struct mr_value *values; /* [layout.partition_count], of the file at hand */
    uint32_t cursor;
    struct mr_table_scan_counts counts;
};

/* ---- files of a table ---- */

/* "s3://bucket/x" and "abfss:..." have one, "day=a:b/x" has not. */
static bool has_scheme(struct mr_span path)
{
    for (size_t i = 0; i < path.bytes; i++) {
        char c = path.text[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == ':') return i > 0;
        if (is_letter) continue;
        if (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')) return false;
    }
    return false;
}

mr_status table_file_path(const struct mr_table *table, struct mr_span uri, struct mr_arena *arena,
                          const char **out_path, struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, table->heap);
    mr_delta_path_decode(uri, &text);
    struct mr_span path = mr_text_span(&text);
    bool is_far = path.bytes > 0 &&
                  (has_scheme(path) || memchr(path.text, '\0', path.bytes) != NULL);
    bool is_absolute = path.bytes > 0 && path.text[0] == '/';
    const char *joined = NULL;
    if (!text.is_failed && !is_far) {
        joined = is_absolute ? mr_arena_copy(arena, path)
                             : mr_arena_format(arena, "%s/%.*s", table->path, (int)path.bytes,
                                               path.text);
    }
    mr_text_fini(&text);
    if (is_far) {
        return mr_err_set(err, MR_E_UNSUPPORTED, ERR_FAR_FILE,
                          "the table has a file at %.*s, which this version cannot reach",
                          (int)MR_MIN(uri.bytes, (size_t)300), uri.text);
    }
    if (joined == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a file's path");
    *out_path = joined;
    return MR_OK;
}

/* The file's statistics, or null when there are none or they are damaged: a hint, so that then
 * nothing is known. */
static mr_status read_stats(struct mr_arena *arena, const struct mr_delta_file *file,
                            const struct mr_doc **out_stats, struct mr_err *err)
{
    *out_stats = NULL;
    if (file->stats.bytes == 0) return MR_OK;
    mr_status status = mr_doc_read(arena, file->stats, out_stats, NULL);
    if (status != MR_E_NOMEM) return MR_OK;
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a file's statistics");
}

mr_status table_file_make(const struct mr_table *table, const struct mr_delta_layout *layout,
                          const struct mr_delta_file *file, struct mr_arena *arena,
                          struct mr_table_file *out, struct mr_err *err)
{
    struct mr_value *values =
        MR_ARENA_ARRAY(arena, struct mr_value, (size_t)layout->partition_count + 1);
    if (values == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a file's values");
    struct mr_table_file made = {.bytes = file->bytes < 0 ? 0 : (uint64_t)file->bytes,
                                 .modified_ms = file->time_ms,
                                 .rows = -1,
                                 .values = values,
                                 .deleted = file->dv,
                                 .base_row_id = file->base_row_id,
                                 .row_commit_version = file->row_commit_version};
    MR_TRY(table_file_path(table, file->path, arena, &made.path, err));
    mr_status status = mr_delta_layout_values(arena, layout, file->partition_values, values, err);
    if (status != MR_OK) {
        mr_err_origin(err, made.path);
        return status;
    }
    MR_TRY(read_stats(arena, file, &made.stats, err));
    made.rows = mr_delta_stats_rows(made.stats);
    *out = made;
    return MR_OK;
}

/* ---- the scan ---- */

mr_status mr_table_scan_open(const struct mr_table *table, const struct mr_predicate *predicate,
                             struct mr_table_scan **out_scan, struct mr_err *err)
{
    const struct mr_predicate none = {.term_count = 0};
    struct mr_table_scan *scan = mr_heap_zeroed(table->heap, sizeof *scan);
    if (scan == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a scan");
    scan->table = table;
    mr_arena_init(&scan->arena, table->heap, 0);
    mr_arena_init(&scan->scratch, table->heap, 0);
    mr_status status = mr_delta_layout_make(&scan->arena, &table->snapshot, &scan->layout, err);
    if (status == MR_OK) {
        status = mr_delta_skip_make(&scan->arena, &scan->layout,
                                    predicate == NULL ? &none : predicate, &scan->skip, err);
    }
    if (status == MR_OK) {
        status = mr_delta_skip_in_files(&scan->arena, &scan->skip, &scan->in_files, err);
    }
    if (status == MR_OK) {
        scan->values = MR_ARENA_ARRAY(&scan->arena, struct mr_value,
                                      (size_t)scan->layout.partition_count + 1);
        if (scan->values == NULL) status = mr_err_set(err, MR_E_NOMEM, 0, "out of memory");
    }
    if (status != MR_OK) {
        mr_err_origin(err, table->path);
        mr_table_scan_close(scan);
        return status;
    }
    *out_scan = scan;
    return MR_OK;
}

void mr_table_scan_close(struct mr_table_scan *scan)
{
    if (scan == NULL) return;
    struct mr_heap *heap = scan->table->heap;
    mr_arena_fini(&scan->arena);
    mr_arena_fini(&scan->scratch);
    mr_heap_give(heap, scan, sizeof *scan);
}

const struct mr_delta_layout *mr_table_scan_layout(const struct mr_table_scan *scan)
{
    return &scan->layout;
}

const struct mr_predicate *mr_table_scan_predicate(const struct mr_table_scan *scan)
{
    return &scan->in_files;
}

/* Decided in memory that is used again, since most files may be passed over; and by the partition
 * values first, since statistics cost more to read. */
static mr_status may_have(struct mr_table_scan *scan, const struct mr_delta_file *file,
                          bool *out_may, struct mr_err *err)
{
    const struct mr_doc *stats = NULL;
    *out_may = true;
    if (scan->skip.term_count == 0) return MR_OK;
    mr_arena_reset(&scan->scratch);
    MR_TRY(mr_delta_layout_values(&scan->scratch, &scan->layout, file->partition_values,
                                  scan->values, err));
    *out_may = mr_delta_skip_may(&scan->skip, scan->values, NULL);
    if (!*out_may || !scan->skip.needs_stats) return MR_OK;
    MR_TRY(read_stats(&scan->scratch, file, &stats, err));
    *out_may = mr_delta_skip_may(&scan->skip, scan->values, stats);
    return MR_OK;
}

mr_status mr_table_scan_next(struct mr_table_scan *scan, struct mr_arena *arena,
                             struct mr_table_file *out_file, bool *out_has_file,
                             struct mr_err *err)
{
    struct mr_delta_action action;
    while (mr_delta_snapshot_next(&scan->table->snapshot, &scan->cursor, &action)) {
        struct mr_table_file file;
        bool may = true;
        if (action.kind != MR_DELTA_ADD) continue;
        MR_TRY(may_have(scan, &action.u.file, &may, err));
        if (!may) {
            scan->counts.skipped_files++;
            scan->counts.skipped_bytes += (uint64_t)action.u.file.bytes;
            continue;
        }
        MR_TRY(table_file_make(scan->table, &scan->layout, &action.u.file, arena, &file, err));
        scan->counts.files++;
        scan->counts.bytes += file.bytes;
        *out_file = file;
        *out_has_file = true;
        return MR_OK;
    }
    *out_has_file = false;
    return MR_OK;
}

struct mr_table_scan_counts mr_table_scan_counts(const struct mr_table_scan *scan)
{
    return scan->counts;
}

/* ---- deletion vectors ---- */

static mr_status dv_open(const struct mr_table *table, const struct mr_delta_dv *dv,
                         struct mr_arena *arena, const char **out_path, int32_t *out_file,
                         struct mr_err *err)
{
    struct mr_text name;
    struct mr_io_op op;
    bool is_absolute = false;
    mr_text_init(&name, table->heap);
    mr_status status = mr_delta_dv_path(dv, &name, &is_absolute, err);
    const char *path = NULL;
    if (status == MR_OK) {
        path = mr_arena_format(arena, "%s%s%.*s", is_absolute ? "" : table->path,
                               is_absolute ? "" : "/", (int)name.used, name.at);
        if (path == NULL) status = mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a path");
    }
    mr_text_fini(&name);
    if (status != MR_OK) return status;
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = path;
    op.flags = MR_OPEN_READ;
    int64_t result = mr_io_call(table->io, &op);
    if (result < 0) return mr_err_os(err, (int)-result, ERR_DV, "cannot open %s", path);
    *out_path = path;
    *out_file = (int32_t)result;
    return MR_OK;
}

/* Up to `bytes` bytes at `off`; fewer where the file ends. */
static mr_status read_at(const struct mr_table *table, int32_t file, const char *path, uint64_t off,
                         uint32_t bytes, char *to, uint32_t *out_used, struct mr_err *err)
{
    uint32_t used = 0;
    while (used < bytes) {
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_READ);
        op.file = file;
        op.buf = to + used;
        op.bytes = bytes - used;
        op.off = off + used;
        int64_t result = mr_io_call_again(table->io, &op);
        if (result < 0) return mr_err_os(err, (int)-result, ERR_DV, "cannot read %s", path);
        if (result == 0) break;
        used += (uint32_t)result;
    }
    *out_used = used;
    return MR_OK;
}

static mr_status dv_frame(const struct mr_table *table, int32_t file, const char *path,
                          const struct mr_delta_dv *dv, struct mr_arena *arena,
                          struct mr_span *out, struct mr_err *err)
{
    uint64_t off = 0;
    uint32_t bytes = 0, used = 0;
    char version = 0;
    struct mr_io_stat stat;
    MR_TRY(mr_delta_dv_range(dv, &off, &bytes, err));
    /* The size is the log's word: memory is taken for what the file has. */
    MR_TRY(mr_file_stat(table->io, path, &stat, err));
    if (off > stat.bytes || bytes > stat.bytes - off) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_DV,
                          "the deletion vector is damaged: its file ends too early");
    }
    MR_TRY(read_at(table, file, path, 0, 1, &version, &used, err));
    if (used != 1 || version != 1) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_DV,
                          "the deletion vector is damaged: its file is of version %d, not 1",
                          version);
    }
    char *at = mr_arena_alloc(arena, bytes, 64);
    if (at == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for deleted rows");
    MR_TRY(read_at(table, file, path, off, bytes, at, &used, err));
    *out = (struct mr_span){at, used};
    return MR_OK;
}

mr_status mr_table_deleted(const struct mr_table *table, const struct mr_delta_dv *dv,
                           struct mr_arena *arena, struct mr_delta_row_set *out_set,
                           struct mr_err *err)
{
    const char *path = table->path;
    struct mr_span frame = {NULL, 0};
    mr_status status = MR_OK;
    if (dv->storage != 'i') {
        struct mr_io_op op;
        int32_t file = -1;
        MR_TRY(dv_open(table, dv, arena, &path, &file, err));
        status = dv_frame(table, file, path, dv, arena, &frame, err);
        mr_io_op_init(&op, MR_IO_CLOSE);
        op.file = file;
        (void)mr_io_call(table->io, &op);
    }
    if (status == MR_OK) status = mr_delta_dv_read(arena, dv, frame, out_set, err);
    if (status != MR_OK) mr_err_origin(err, path);
    return status;
}
