#include "core/table/table_log.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_path.h"
#include "core/format/delta/delta_rows.h"
#include "core/ops/pq_scan.h"
#include "core/table/table_lines.h"

enum { VERSION_DIGITS = 20, PART_DIGITS = 10 };

/* ---- the folder ---- */

/* `digits` decimal digits at the span's start; -1 when there are others. */
static int64_t digits_of(struct mr_span text, size_t digits)
{
    int64_t value = 0;
    if (text.bytes < digits) return -1;
    for (size_t i = 0; i < digits; i++) {
        char c = text.text[i];
        if (c < '0' || c > '9') return -1;
        if (__builtin_mul_overflow(value, 10, &value)) return -1;
        if (__builtin_add_overflow(value, c - '0', &value)) return -1;
    }
    return value;
}

static struct mr_span tail(struct mr_span text, size_t from)
{
    return (struct mr_span){text.text + from, text.bytes - from};
}

/* "0000000001.0000000003.parquet": part 1 of 3. */
static bool part_of(struct mr_span rest, int64_t *out_part, int64_t *out_parts)
{
    if (rest.bytes != 2 * PART_DIGITS + 9) return false;
    *out_part = digits_of(rest, PART_DIGITS);
    *out_parts = digits_of(tail(rest, PART_DIGITS + 1), PART_DIGITS);
    return *out_part > 0 && *out_parts > 0 && rest.text[PART_DIGITS] == '.' &&
           mr_span_is(tail(rest, 2 * PART_DIGITS + 1), ".parquet");
}

/* Notes entry `i` as a checkpoint if it completes one; parts come sorted by number. */
static void note_checkpoint(const struct mr_dir_list *list, uint32_t i, int64_t version,
                            struct mr_span rest, struct log_files *out)
{
    int64_t part, parts, first_part, first_parts;
    struct log_checkpoint found = {.version = version, .files = &list->entries[i], .count = 1};
    if (part_of(rest, &part, &parts)) {
        if (part != parts || parts > (int64_t)i + 1) return;
        struct mr_span first = list->entries[i + 1 - (uint32_t)parts].name;
        if (digits_of(first, VERSION_DIGITS) != version) return;
        if (first.bytes != VERSION_DIGITS + 12 + rest.bytes) return;
        if (!part_of(tail(first, VERSION_DIGITS + 12), &first_part, &first_parts)) return;
        if (first_part != 1 || first_parts != parts) return;
        found.files -= parts - 1;
        found.count = (uint32_t)parts;
    } else if (mr_span_ends(rest, MR_SPAN(".json"))) {
        found.is_json = true;
    } else if (!mr_span_is(rest, "parquet") && !mr_span_ends(rest, MR_SPAN(".parquet"))) {
        return;
    }
    out->checkpoints[out->checkpoint_count++] = found;
}

/* "<20 digits>.compacted.json" behind the first version's digits and a dot. */
static void note_compaction(const struct mr_dir_list *list, uint32_t i, int64_t version,
                            struct mr_span rest, struct log_files *out)
{
    int64_t last = digits_of(rest, VERSION_DIGITS);
    if (last <= version || !mr_span_is(tail(rest, VERSION_DIGITS), ".compacted.json")) return;
    out->compactions[out->compaction_count++] =
        (struct log_compaction){version, last, list->entries[i].name.text};
}

static void note_commit(const struct mr_dir_list *list, uint32_t i, int64_t version,
                        struct log_files *out)
{
    int64_t modified_ms = mr_floor_div(list->entries[i].stat.modified_us, MR_US_PER_MS);
    out->commits[out->commit_count++] = (struct log_commit){version, modified_ms};
    out->last_commit = MR_MAX(out->last_commit, version);
}

mr_status table_list_log(struct mr_table *table, struct mr_arena *arena, bool with_times,
                         struct log_files *out, struct mr_err *err)
{
    char log[MR_PATH_MAX];
    struct mr_dir_list list;
    table_log_path(table, "", log);
    MR_TRY(mr_dir_list(table->io, arena, log, with_times, &list, err));
    size_t room = (size_t)list.count + 1;
    *out = (struct log_files){.last_commit = -1};
    out->commits = MR_ARENA_ARRAY(arena, struct log_commit, room);
    out->checkpoints = MR_ARENA_ARRAY(arena, struct log_checkpoint, room);
    out->compactions = MR_ARENA_ARRAY(arena, struct log_compaction, room);
    if (out->commits == NULL || out->checkpoints == NULL || out->compactions == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the log of %s", table->path);
    }
    for (uint32_t i = 0; i < list.count; i++) {
        struct mr_span name = list.entries[i].name;
        int64_t version = digits_of(name, VERSION_DIGITS);
        if (version < 0) continue;
        struct mr_span rest = tail(name, VERSION_DIGITS);
        if (mr_span_is(rest, ".json")) {
            note_commit(&list, i, version, out);
        } else if (mr_span_starts(rest, MR_SPAN(".checkpoint."))) {
            note_checkpoint(&list, i, version, tail(rest, 12), out);
        } else if (rest.bytes > 1 && rest.text[0] == '.') {
            note_compaction(&list, i, version, tail(rest, 1), out);
        }
    }
    return MR_OK;
}

/* ---- reading ---- */

/* Names of sidecars, collected while the checkpoint's own rows pass by. */
struct sidecars {
    struct mr_arena arena;
    const char **names;
    uint32_t count;
    uint32_t capacity;
    bool is_failed;
};

static void sidecar_seen(void *ctx, const struct mr_delta_action *action)
{
    struct sidecars *s = ctx;
    if (action->kind != MR_DELTA_SIDECAR) return;
    if (s->count == s->capacity) {
        uint32_t capacity = MR_MAX(s->capacity * 2, 16u);
        const char **grown = MR_ARENA_ARRAY(&s->arena, const char *, capacity);
        s->is_failed = s->is_failed || grown == NULL;
        if (grown == NULL) return;
        if (s->count > 0) memcpy(grown, s->names, s->count * sizeof *grown);
        s->names = grown;
        s->capacity = capacity;
    }
    const char *name = mr_arena_copy(&s->arena, action->u.file.path);
    s->is_failed = s->is_failed || name == NULL;
    if (name != NULL) s->names[s->count++] = name;
}

/* The columns that count. Structs of parsed values are left out where the text is there as well,
 * since they may hold types that this program does not have. */
static const struct mr_span path_names[][2] = {
    {{"txn", 3}},
    {{"protocol", 8}},
    {{"metaData", 8}},
    {{"domainMetadata", 14}},
    {{"sidecar", 7}},
    {{"add", 3}, {"path", 4}},
    {{"add", 3}, {"partitionValues", 15}},
    {{"add", 3}, {"size", 4}},
    {{"add", 3}, {"modificationTime", 16}},
    {{"add", 3}, {"dataChange", 10}},
    {{"add", 3}, {"stats", 5}},
    {{"add", 3}, {"tags", 4}},
    {{"add", 3}, {"deletionVector", 14}},
    {{"add", 3}, {"baseRowId", 9}},
    {{"add", 3}, {"defaultRowCommitVersion", 23}},
    {{"remove", 6}, {"path", 4}},
    {{"remove", 6}, {"deletionTimestamp", 17}},
    {{"remove", 6}, {"dataChange", 10}},
    {{"remove", 6}, {"extendedFileMetadata", 20}},
    {{"remove", 6}, {"partitionValues", 15}},
    {{"remove", 6}, {"size", 4}},
    {{"remove", 6}, {"deletionVector", 14}},
    {{"remove", 6}, {"baseRowId", 9}},
    {{"remove", 6}, {"defaultRowCommitVersion", 23}},
    {{"add", 3}, {"stats_parsed", 12}}, /* the last: see project */
};

static mr_status project(struct mr_pq_reader *reader, struct mr_err *err)
{
    enum { PATHS = MR_COUNT_OF(path_names) };
    struct mr_pq_projection paths[PATHS];
    const struct mr_type *schema = NULL;
    for (uint32_t i = 0; i < PATHS; i++) {
        paths[i] = (struct mr_pq_projection){path_names[i], path_names[i][1].bytes > 0 ? 2 : 1};
    }
    MR_TRY(mr_pq_reader_project(reader, paths, PATHS - 1, err));
    MR_TRY(mr_pq_reader_schema(reader, &schema, err));
    int32_t add = mr_type_find(schema, MR_SPAN("add"), true);
    if (add < 0 || schema->fields[add].type->id != MR_TYPE_STRUCT) return MR_OK;
    if (mr_type_find(schema->fields[add].type, MR_SPAN("stats"), true) >= 0) return MR_OK;
    return mr_pq_reader_project(reader, paths, PATHS, err);
}

/* What is under way is waited for here: the control thread has nothing else to do meanwhile. */
static mr_status scan_next(struct mr_table *table, struct mr_pq_scan *scan, struct mr_arena *arena,
                           struct mr_batch *out, bool *out_has_rows, struct mr_err *err)
{
    for (;;) {
        mr_status status = mr_pq_scan_next(scan, arena, out, out_has_rows, err);
        if (status != MR_E_AGAIN) return status;
        (void)mr_io_run(table->io, -1);
    }
}

static mr_status read_rows(struct mr_table *table, struct mr_pq_scan *scan, struct mr_arena *arena,
                           struct sidecars *sidecars, struct mr_err *err)
{
    struct mr_pq_reader *reader = NULL;
    mr_status status;
    while ((status = mr_pq_scan_open(scan, &reader, err)) == MR_E_AGAIN) {
        (void)mr_io_run(table->io, -1);
    }
    if (status == MR_OK) status = project(reader, err);
    while (status == MR_OK) {
        struct mr_batch batch;
        bool has_rows = false;
        status = scan_next(table, scan, arena, &batch, &has_rows, err);
        if (status != MR_OK || !has_rows) break;
        status = mr_delta_rows_apply(&table->snapshot, &table->scratch, &batch, sidecar_seen,
                                     sidecars, err);
        mr_batch_fini(&batch);
    }
    return status;
}

static void wake_nobody(void *ctx)
{
    (void)ctx;
}

/* The file is read by ranges, a few in flight: it is never held as a whole. */
static mr_status read_parquet(struct mr_table *table, const char *path, struct sidecars *sidecars,
                              struct mr_err *err)
{
    const struct mr_codec_limits codec_limits = {0};
    const struct mr_pq_reader_limits limits = {0};
    const struct mr_pq_scan_file file = {.path = path};
    struct mr_codec *codec = NULL;
    struct mr_pq_scan scan;
    struct mr_arena arena;
    size_t bytes = mr_codec_footprint(&codec_limits);
    void *memory = mr_heap_take(table->heap, bytes);
    if (memory == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a codec");
    mr_status status = mr_codec_init(memory, &codec_limits, &codec, err);
    if (status == MR_OK) {
        mr_arena_init(&arena, table->heap, 0);
        mr_pq_scan_init(&scan, table->io, table->heap, codec, &limits,
                        (struct mr_waker){wake_nobody, NULL});
        mr_pq_scan_begin(&scan, &file);
        status = read_rows(table, &scan, &arena, sidecars, err);
        while (!mr_pq_scan_stop(&scan)) (void)mr_io_run(table->io, -1);
        mr_pq_scan_fini(&scan);
        mr_arena_fini(&arena);
    }
    mr_heap_give(table->heap, memory, bytes);
    return status;
}

mr_status table_read_lines(struct mr_table *table, struct mr_delta_snapshot *into,
                           const char *path,
                           void (*seen)(void *ctx, const struct mr_delta_action *action),
                           void *seen_ctx, struct mr_err *err)
{
    struct table_lines lines;
    struct mr_span line = {NULL, 0};
    bool has_line = true;
    mr_status status = table_lines_open(&lines, table->io, table->heap, path, err);
    while (status == MR_OK) {
        status = table_lines_next(&lines, &line, &has_line, err);
        if (status != MR_OK || !has_line) break;
        status = mr_delta_snapshot_replay(into, &table->scratch, line, seen, seen_ctx, err);
        if (status != MR_OK && err != NULL) mr_err_at(err, lines.line_off);
    }
    table_lines_close(&lines);
    if (status != MR_OK) mr_err_origin(err, path);
    return status;
}

static mr_status read_file(struct mr_table *table, const char *name, bool is_json,
                           struct sidecars *sidecars, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    table_log_path(table, name, path);
    if (is_json) {
        return table_read_lines(table, &table->snapshot, path, sidecar_seen, sidecars, err);
    }
    mr_status status = read_parquet(table, path, sidecars, err);
    if (status != MR_OK) mr_err_origin(err, path);
    return status;
}

/* A sidecar is named by its file alone; other forms lead elsewhere. */
static mr_status read_sidecar(struct mr_table *table, struct sidecars *sidecars, uint32_t index,
                              struct mr_err *err)
{
    char name[512];
    struct mr_text decoded;
    mr_text_init(&decoded, table->heap);
    mr_delta_path_decode(mr_span_of(sidecars->names[index]), &decoded);
    struct mr_span file = mr_text_span(&decoded);
    bool is_plain = !decoded.is_failed && file.bytes > 0 && file.bytes < 256 &&
                    memchr(file.text, '/', file.bytes) == NULL && mr_delta_path_is_inside(file);
    (void)snprintf(name, sizeof name, "_sidecars/%.*s", (int)MR_MIN(file.bytes, (size_t)256),
                   file.text);
    mr_text_fini(&decoded);
    if (!is_plain) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG,
                          "a log checkpoint names a sidecar outside of _sidecars");
    }
    return read_file(table, name, false, sidecars, err);
}

mr_status table_read_checkpoint(struct mr_table *table, const struct log_checkpoint *checkpoint,
                                struct mr_err *err)
{
    struct sidecars sidecars = {.count = 0};
    mr_status status = MR_OK;
    mr_arena_init(&sidecars.arena, table->heap, 0);
    for (uint32_t i = 0; i < checkpoint->count && status == MR_OK; i++) {
        status =
            read_file(table, checkpoint->files[i].name.text, checkpoint->is_json, &sidecars, err);
    }
    /* Sidecars hold adds and removes only; one that names others would go on for ever. */
    uint32_t count = sidecars.count;
    for (uint32_t i = 0; i < count && status == MR_OK; i++) {
        status = read_sidecar(table, &sidecars, i, err);
    }
    if (status == MR_OK && sidecars.is_failed) {
        status = mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a log checkpoint");
    }
    mr_arena_fini(&sidecars.arena);
    if (status == MR_OK && !(table->snapshot.has_protocol && table->snapshot.has_metadata)) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG,
                          "the log checkpoint of version %" PRId64 " has no protocol or metaData",
                          checkpoint->version);
    }
    return status;
}
