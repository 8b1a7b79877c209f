#include "core/table/table_changes.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_path.h"
#include "core/format/delta/delta_widen.h"
#include "core/table/table_file.h"
#include "core/table/table_lines.h"
#include "core/table/table_time.h"

/* A file action of the commit at hand. */
struct change {
    struct mr_delta_file file;
    struct mr_span path; /* decoded */
    uint32_t position;   /* in the commit */
    mr_delta_kind kind;
};

struct mr_table_changes {
    struct mr_heap *heap;
    struct mr_table *table; /* pinned at the last version */
    struct mr_arena arena;  /* what holds for the whole range */
    struct mr_delta_layout layout;
    struct log_times times;
    int64_t next_version;
    int64_t last_version;

    struct mr_arena commit_arena; /* the commit at hand */
    struct change *changes;
    uint32_t change_count;
    uint32_t change_capacity;
    bool has_cdc;
    uint32_t cursor;
    const struct change *pair; /* a remove and its add of which the INSERT is still to come */
    int64_t version;
    int64_t time_us;
};

static mr_status changes_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a change feed");
}

/* ---- the range ---- */

static mr_status no_such(const struct mr_table_when *when, int64_t newest, struct mr_err *err)
{
    char text[MR_TIME_TEXT_MAX];
    if (when->kind == MR_TABLE_AT_VERSION) {
        return mr_err_set(err, MR_E_NOT_FOUND, ERR_NO_VERSION,
                          "the table has no version %" PRId64 "; the newest is %" PRId64,
                          when->version, newest);
    }
    (void)mr_time_format(when->time_us, 6, "Z", text);
    return mr_err_set(err, MR_E_NOT_FOUND, ERR_NO_TIME,
                      "the table has no commit on that side of %s; the newest is version %" PRId64,
                      text, newest);
}

/* The first version at or after the moment, with is_from; else the last one at or before it. */
static mr_status resolve(struct mr_table *table, const struct log_times *times,
                         const struct mr_table_when *when, bool is_from, int64_t *out_version,
                         struct mr_err *err)
{
    int64_t newest = table->snapshot.version;
    uint32_t count = 0;
    *out_version = when->version;
    if (when->kind == MR_TABLE_NEWEST) *out_version = newest;
    if (when->kind == MR_TABLE_AT_TIME) {
        /* From: behind all commits that are strictly before the moment. */
        int64_t us = is_from ? when->time_us - 1 : when->time_us;
        MR_TRY(table_times_find(table, times, mr_floor_div(us, MR_US_PER_MS), &count, err));
        uint32_t index = is_from ? count : count - 1;
        bool is_there = is_from ? count < times->count : count > 0;
        if (!is_there) return no_such(when, newest, err);
        *out_version = times->commits[index].version;
    }
    if (!is_from) *out_version = MR_MIN(*out_version, newest);
    if (*out_version < 0 || *out_version > newest) return no_such(when, newest, err);
    return MR_OK;
}

static bool feed_is_on(const struct mr_delta_metadata *metadata)
{
    struct mr_span on = mr_delta_property(metadata, "delta.enableChangeDataFeed");
    return mr_span_ieq(on, MR_SPAN("true"));
}

static mr_status feed_off(int64_t version, struct mr_err *err)
{
    return mr_err_set(err, MR_E_INVALID, ERR_NO_FEED,
                      "the table kept no change feed at version %" PRId64
                      ": delta.enableChangeDataFeed was not true",
                      version);
}

/* Whether files of `old` can be read as `now`: what both have is the same or has widened. */
static bool type_reads(const struct mr_type *old, const struct mr_type *now)
{
    if (old->id != now->id || !mr_type_is_nested(old)) {
        return mr_type_equal(old, now) || mr_delta_type_widens(old, now) ||
               old->id == MR_TYPE_VOID;
    }
    if (old->id != MR_TYPE_STRUCT) {
        for (uint32_t i = 0; i < old->field_count; i++) {
            if (!type_reads(old->fields[i].type, now->fields[i].type)) return false;
        }
        return true;
    }
    for (uint32_t i = 0; i < old->field_count; i++) {
        int32_t at = mr_type_find(now, old->fields[i].name, true);
        if (at >= 0 && !type_reads(old->fields[i].type, now->fields[at].type)) return false;
    }
    return true;
}

static bool partitions_equal(const struct mr_delta_layout *a, const struct mr_delta_layout *b)
{
    if (a->partition_count != b->partition_count) return false;
    for (uint32_t i = 0; i < a->partition_count; i++) {
        if (!mr_span_eq(a->physical->fields[a->partitions[i]].name,
                        b->physical->fields[b->partitions[i]].name)) {
            return false;
        }
    }
    return true;
}

/* Whether a version's metadata goes with the feed: it is on, and its files read as the last's. */
static mr_status check_metadata(struct mr_table_changes *c, struct mr_delta_snapshot *at,
                                int64_t version, struct mr_err *err)
{
    struct mr_delta_layout layout;
    if (!feed_is_on(&at->metadata)) return feed_off(version, err);
    MR_TRY(mr_delta_layout_make(&c->commit_arena, at, &layout, err));
    bool is_same = partitions_equal(&layout, &c->layout) &&
                   layout.mapping == c->layout.mapping &&
                   type_reads(layout.physical, c->layout.physical);
    if (is_same) return MR_OK;
    return mr_err_set(err, MR_E_INVALID, ERR_NO_FEED,
                      "the columns of version %" PRId64 " cannot be read as those of version "
                      "%" PRId64 ", so there is no change feed over both",
                      version, c->last_version);
}

static mr_status check_first(struct mr_table_changes *c, struct mr_io *io, const char *path,
                             int64_t first, struct mr_err *err)
{
    struct mr_table_when when = {.kind = MR_TABLE_AT_VERSION, .version = first};
    struct mr_table *table = NULL;
    MR_TRY(mr_table_open_at(io, c->heap, path, &when, &table, err));
    mr_status status = check_metadata(c, &table->snapshot, first, err);
    mr_table_close(table);
    return status;
}

static mr_status open_range(struct mr_table_changes *c, struct mr_io *io, const char *path,
                            const struct mr_table_when *from, const struct mr_table_when *to,
                            struct mr_err *err)
{
    struct mr_table_when when = {.kind = MR_TABLE_AT_VERSION};
    struct log_files files;
    MR_TRY(mr_table_open(io, c->heap, path, &c->table, err));
    MR_TRY(table_list_log(c->table, &c->arena, true, &files, err));
    table_times_of(c->table, &files, &c->times);
    MR_TRY(resolve(c->table, &c->times, from, true, &c->next_version, err));
    MR_TRY(resolve(c->table, &c->times, to, false, &c->last_version, err));
    if (c->last_version < c->next_version) {
        return mr_err_set(err, MR_E_INVALID, ERR_NO_FEED,
                          "the range of changes ends with version %" PRId64
                          ", before its begin at version %" PRId64,
                          c->last_version, c->next_version);
    }
    if (c->last_version < c->table->snapshot.version) {
        mr_table_close(c->table);
        c->table = NULL;
        when.version = c->last_version;
        MR_TRY(mr_table_open_at(io, c->heap, path, &when, &c->table, err));
    }
    MR_TRY(mr_delta_layout_make(&c->arena, &c->table->snapshot, &c->layout, err));
    return check_first(c, io, path, c->next_version, err);
}

mr_status mr_table_changes_open(struct mr_io *io, struct mr_heap *heap, const char *path,
                                const struct mr_table_when *from, const struct mr_table_when *to,
                                struct mr_table_changes **out_changes, struct mr_err *err)
{
    struct mr_table_changes *c = mr_heap_zeroed(heap, sizeof *c);
    if (c == NULL) return changes_nomem(err);
    c->heap = heap;
    mr_arena_init(&c->arena, heap, 0);
    mr_arena_init(&c->commit_arena, heap, 0);
    mr_status status = open_range(c, io, path, from, to, err);
    if (status != MR_OK) {
        mr_err_origin(err, path);
        mr_table_changes_close(c);
        return status;
    }
    *out_changes = c;
    return MR_OK;
}

void mr_table_changes_close(struct mr_table_changes *changes)
{
    if (changes == NULL) return;
    struct mr_heap *heap = changes->heap;
    mr_table_close(changes->table);
    mr_heap_give(heap, changes->changes, changes->change_capacity * sizeof *changes->changes);
    mr_arena_fini(&changes->commit_arena);
    mr_arena_fini(&changes->arena);
    mr_heap_give(heap, changes, sizeof *changes);
}

const struct mr_table *mr_table_changes_table(const struct mr_table_changes *changes)
{
    return changes->table;
}

const struct mr_delta_layout *mr_table_changes_layout(const struct mr_table_changes *changes)
{
    return &changes->layout;
}

/* ---- one commit ---- */

static mr_status add_change(struct mr_table_changes *c, struct mr_span line, struct mr_err *err)
{
    struct mr_delta_action action;
    struct mr_text path;
    if (c->change_count == c->change_capacity) {
        uint32_t capacity = MR_MAX(c->change_capacity * 2, 64u);
        struct change *grown = mr_heap_resize(c->heap, c->changes,
                                              c->change_capacity * sizeof *grown,
                                              capacity * sizeof *grown);
        if (grown == NULL) return changes_nomem(err);
        c->changes = grown;
        c->change_capacity = capacity;
    }
    const char *copy = mr_arena_copy(&c->commit_arena, line);
    if (copy == NULL) return changes_nomem(err);
    line.text = copy;
    MR_TRY(mr_delta_action_decode(&c->commit_arena, line, &action, err));
    mr_text_init(&path, c->heap);
    mr_delta_path_decode(action.u.file.path, &path);
    const char *decoded = mr_arena_copy(&c->commit_arena, mr_text_span(&path));
    size_t bytes = path.used;
    bool is_failed = path.is_failed || decoded == NULL;
    mr_text_fini(&path);
    if (is_failed) return changes_nomem(err);
    c->changes[c->change_count] = (struct change){
        .file = action.u.file, .path = {decoded, bytes}, .position = c->change_count,
        .kind = action.kind};
    c->change_count++;
    return MR_OK;
}

/* Whether a commit's metaData goes with the feed. The action's texts are in table->scratch. */
static mr_status see_metadata(struct mr_table_changes *c, const struct mr_delta_action *action,
                              struct mr_err *err)
{
    struct mr_delta_snapshot alone;
    const struct mr_delta_action protocol = {.kind = MR_DELTA_PROTOCOL,
                                             .u.protocol = c->table->snapshot.protocol};
    mr_delta_snapshot_init(&alone, c->heap);
    mr_status status = mr_delta_snapshot_apply(&alone, &protocol, err);
    if (status == MR_OK) status = mr_delta_snapshot_apply(&alone, action, err);
    if (status == MR_OK) status = mr_delta_snapshot_settle(&alone, err);
    if (status == MR_OK) status = check_metadata(c, &alone, c->version, err);
    mr_delta_snapshot_fini(&alone);
    return status;
}

static mr_status see_line(struct mr_table_changes *c, struct mr_span line, struct mr_err *err)
{
    struct mr_delta_action action;
    mr_arena_reset(&c->table->scratch);
    MR_TRY(mr_delta_action_decode(&c->table->scratch, line, &action, err));
    switch (action.kind) {
    case MR_DELTA_METADATA: return see_metadata(c, &action, err);
    case MR_DELTA_CDC: c->has_cdc = true; return add_change(c, line, err);
    case MR_DELTA_ADD:
    case MR_DELTA_REMOVE:
        return action.u.file.is_data_change ? add_change(c, line, err) : MR_OK;
    default: return MR_OK;
    }
}

static int change_order(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    int order = mr_span_compare(x->path, y->path);
    if (order != 0) return order;
    /* The remove of a path before its add. */
    if (x->kind != y->kind) return x->kind == MR_DELTA_REMOVE ? -1 : 1;
    return x->position < y->position ? -1 : 1;
}

static mr_status see_commit(struct mr_table_changes *c, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct table_lines lines;
    struct mr_span line = {NULL, 0};
    bool has_line = true;
    table_commit_path(c->table, c->version, path);
    mr_status status = table_lines_open(&lines, c->table->io, c->heap, path, err);
    while (status == MR_OK) {
        status = table_lines_next(&lines, &line, &has_line, err);
        if (status != MR_OK || !has_line) break;
        status = see_line(c, line, err);
        if (status != MR_OK && err != NULL && !err->has_at) mr_err_at(err, lines.line_off);
    }
    table_lines_close(&lines);
    if (status == MR_E_NOT_FOUND) {
        return mr_err_set(err, MR_E_NOT_FOUND, ERR_NO_VERSION,
                          "commit %" PRId64 " of the table was cleaned up, and its changes with it",
                          c->version);
    }
    if (status != MR_OK) mr_err_origin(err, path);
    return status;
}

static mr_status next_commit(struct mr_table_changes *c, struct mr_err *err)
{
    int64_t ms = 0;
    mr_arena_reset(&c->commit_arena);
    c->change_count = c->cursor = 0;
    c->has_cdc = false;
    c->version = c->next_version++;
    MR_TRY(see_commit(c, err));
    int64_t index = c->version - (c->times.count > 0 ? c->times.commits[0].version : 0);
    if (index < 0 || index >= c->times.count) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG,
                          "commit %" PRId64 " of the table's log is missing", c->version);
    }
    MR_TRY(table_time_of(c->table, &c->times, (uint32_t)index, &ms, err));
    if (__builtin_mul_overflow(ms, MR_US_PER_MS, &c->time_us)) c->time_us = INT64_MAX;
    if (!c->has_cdc && c->change_count > 1) {
        qsort(c->changes, c->change_count, sizeof *c->changes, change_order);
    }
    return MR_OK;
}

/* ---- pieces ---- */

static mr_status piece_of(struct mr_table_changes *c, const struct change *change,
                          mr_table_change kind, struct mr_arena *arena,
                          struct mr_table_piece *out, struct mr_err *err)
{
    const struct mr_delta_file *file = &change->file;
    if (c->layout.partition_count > 0 && file->partition_values.bytes == 0) {
        return mr_err_set(err, MR_E_INVALID, ERR_NO_FEED,
                          "version %" PRId64 " removes %.*s without its partition values, so its "
                          "rows cannot be given",
                          c->version, (int)MR_MIN(change->path.bytes, (size_t)200),
                          change->path.text);
    }
    *out = (struct mr_table_piece){.kind = kind, .version = c->version, .time_us = c->time_us};
    return table_file_make(c->table, &c->layout, file, arena, &out->file, err);
}

/* A remove and, behind it, the add of the same path: the rows that only one of their vectors names.
 * Those of the new one went, those of the old one are back. */
static mr_status pair_of(struct mr_table_changes *c, const struct change *removed,
                         mr_table_change kind, struct mr_arena *arena, struct mr_table_piece *out,
                         struct mr_err *err)
{
    const struct change *added = removed + 1;
    MR_TRY(piece_of(c, added, kind, arena, out, err));
    bool is_delete = kind == MR_TABLE_DELETE;
    out->only = is_delete ? added->file.dv : removed->file.dv;
    out->file.deleted = is_delete ? removed->file.dv : added->file.dv;
    return MR_OK;
}

static mr_status take_pair(struct mr_table_changes *c, const struct change *removed,
                           struct mr_arena *arena, struct mr_table_piece *out,
                           bool *out_has_piece, struct mr_err *err)
{
    c->cursor++;
    bool may_return = removed->file.dv.storage != 0;
    bool may_go = removed[1].file.dv.storage != 0;
    *out_has_piece = may_go || may_return;
    if (may_go && may_return) c->pair = removed;
    if (may_go) return pair_of(c, removed, MR_TABLE_DELETE, arena, out, err);
    return may_return ? pair_of(c, removed, MR_TABLE_INSERT, arena, out, err) : MR_OK;
}

/* Takes the next actions; *out_has_piece false when they give nothing. */
static mr_status take_change(struct mr_table_changes *c, struct mr_arena *arena,
                             struct mr_table_piece *out, bool *out_has_piece, struct mr_err *err)
{
    const struct change *change = &c->changes[c->cursor++];
    *out_has_piece = true;
    if (c->has_cdc) {
        *out_has_piece = change->kind == MR_DELTA_CDC;
        return *out_has_piece ? piece_of(c, change, MR_TABLE_CHANGES, arena, out, err) : MR_OK;
    }
    bool is_pair = c->cursor < c->change_count && change->kind == MR_DELTA_REMOVE &&
                   change[1].kind == MR_DELTA_ADD && mr_span_eq(change->path, change[1].path);
    if (is_pair) return take_pair(c, change, arena, out, out_has_piece, err);
    mr_table_change kind = change->kind == MR_DELTA_ADD ? MR_TABLE_INSERT : MR_TABLE_DELETE;
    return piece_of(c, change, kind, arena, out, err);
}

static mr_status step(struct mr_table_changes *c, struct mr_arena *arena,
                      struct mr_table_piece *out, bool *out_has_piece, struct mr_err *err)
{
    const struct change *pair = c->pair;
    c->pair = NULL;
    *out_has_piece = pair != NULL;
    if (pair != NULL) return pair_of(c, pair, MR_TABLE_INSERT, arena, out, err);
    if (c->cursor < c->change_count) return take_change(c, arena, out, out_has_piece, err);
    return next_commit(c, err);
}

mr_status mr_table_changes_next(struct mr_table_changes *changes, struct mr_arena *arena,
                                struct mr_table_piece *out_piece, bool *out_has_piece,
                                struct mr_err *err)
{
    struct mr_table_changes *c = changes;
    bool has_piece = false;
    while (!has_piece && (c->pair != NULL || c->cursor < c->change_count ||
                          c->next_version <= c->last_version)) {
        mr_status status = step(c, arena, out_piece, &has_piece, err);
        if (status != MR_OK) {
            mr_err_origin(err, c->table->path);
            return status;
        }
    }
    *out_has_piece = has_piece;
    return MR_OK;
}
