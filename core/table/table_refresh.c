/* Looking again: what others committed, and whether what we committed is still there.
 *
 * A version's file never changes once it has its name, unless another program replaces it. So the
 * identity of the newest file and of our last few ones is compared at every refresh; when one
 * differs, the content decides: our txnId is in it, or the version was taken from us. */
#include "core/table/table_impl.h"

#include <inttypes.h>

#include "core/base/assert.h"
#include "core/table/table_lines.h"

static bool identity_equal(const struct identity *a, const struct identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes;
}

/* The JSON borrows its line, which goes when the file is closed. */
static mr_status keep_json(struct mr_arena *arena, struct mr_span *json, struct mr_err *err)
{
    struct mr_span line = *json;
    *json = (struct mr_span){NULL, 0};
    if (arena == NULL) return MR_OK;
    const char *copy = mr_arena_copy(arena, line);
    if (copy == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a commitInfo");
    *json = (struct mr_span){copy, line.bytes};
    return MR_OK;
}

mr_status table_read_info(struct mr_table *table, int64_t version, struct mr_arena *arena,
                          struct mr_delta_commit_info *out, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct table_lines lines;
    struct mr_span line;
    bool has_line = true;
    *out = (struct mr_delta_commit_info){.in_commit_ms = MR_DELTA_NONE};
    table_commit_path(table, version, path);
    mr_status status = table_lines_open(&lines, table->io, table->heap, path, err);
    while (status == MR_OK) {
        struct mr_delta_action action;
        status = table_lines_next(&lines, &line, &has_line, err);
        if (status != MR_OK || !has_line) break;
        mr_arena_reset(&table->scratch);
        status = mr_delta_action_decode(&table->scratch, line, &action, err);
        if (status != MR_OK || action.kind != MR_DELTA_COMMIT_INFO) continue;
        *out = action.u.commit_info;
        status = keep_json(arena, &out->json, err);
        break;
    }
    table_lines_close(&lines);
    if (status != MR_OK) mr_err_origin(err, path);
    return status;
}

mr_status table_owner(struct mr_table *table, int64_t version, const char *txn_id, owner *out,
                      struct mr_err *err)
{
    struct mr_delta_commit_info info;
    mr_status status = table_read_info(table, version, NULL, &info, err);
    if (status == MR_E_NOT_FOUND) {
        *out = OWNER_NOBODY;
        return MR_OK;
    }
    if (status == MR_OK) *out = mr_span_is(info.txn_id, txn_id) ? OWNER_US : OWNER_OTHERS;
    return status;
}

mr_status table_read_time(struct mr_table *table, struct mr_err *err)
{
    struct mr_delta_commit_info info;
    MR_TRY(table_read_info(table, table->snapshot.version, NULL, &info, err));
    table->snapshot.in_commit_ms = info.in_commit_ms;
    return MR_OK;
}

/* ---- our last commits ---- */

void table_own_forget(struct mr_table *table, struct own_commit *own)
{
    mr_heap_give(table->heap, own->body, own->body_bytes);
    *own = (struct own_commit){.version = -1};
}

void table_own_remember(struct mr_table *table, int64_t version, const char *txn_id,
                        struct mr_span body)
{
    struct own_commit *own = &table->own[table->own_next++ % OWN_COMMITS];
    table_own_forget(table, own);
    own->version = version;
    own->file = table->head;
    memcpy(own->txn_id, txn_id, sizeof own->txn_id);
    if (body.bytes == 0 || body.bytes > OWN_BYTES_MAX) return;
    own->body = mr_heap_take(table->heap, body.bytes);
    if (own->body == NULL) return;
    memcpy(own->body, body.text, body.bytes);
    own->body_bytes = body.bytes;
}

struct own_commit *table_own_lost(struct mr_table *table)
{
    for (uint32_t i = 0; i < OWN_COMMITS; i++) {
        if (table->own[i].version >= 0 && table->own[i].is_lost) return &table->own[i];
    }
    return NULL;
}

/* Marks those of ours that were replaced; the snapshot then holds what is not in the log. */
static mr_status own_check(struct mr_table *table, struct mr_err *err)
{
    for (uint32_t i = 0; i < OWN_COMMITS; i++) {
        struct own_commit *own = &table->own[i];
        struct identity now;
        owner whose = OWNER_US;
        if (own->version < 0 || own->is_lost) continue;
        mr_status status = table_identity(table, own->version, &now, err);
        if (status == MR_E_NOT_FOUND) { /* cleaned up behind a log checkpoint */
            table_own_forget(table, own);
            continue;
        }
        if (status != MR_OK) return status;
        if (own->file.inode != 0 && identity_equal(&now, &own->file)) continue;
        MR_TRY(table_owner(table, own->version, own->txn_id, &whose, err));
        if (whose == OWNER_OTHERS) {
            own->is_lost = true;
            table->is_stale = true;
            table->overwritten++;
        } else if (whose == OWNER_US) {
            own->file = now;
        }
    }
    return MR_OK;
}

/* ---- refresh ---- */

/* The newest commit's file is the one that was read; otherwise everything is read again. */
static mr_status head_check(struct mr_table *table, struct mr_err *err)
{
    struct identity now;
    if (table->head.inode == 0) return MR_OK;
    mr_status status = table_identity(table, table->snapshot.version, &now, err);
    if (status != MR_OK && status != MR_E_NOT_FOUND) return status;
    if (status == MR_E_NOT_FOUND || !identity_equal(&now, &table->head)) table->is_stale = true;
    return MR_OK;
}

static mr_status reload(struct mr_table *table, struct mr_err *err)
{
    char id[MR_UUID_TEXT * 2] = "";
    struct mr_span old = table->snapshot.metadata.id;
    bool had_id = table->snapshot.has_metadata && old.bytes < sizeof id;
    if (had_id && old.bytes > 0) memcpy(id, old.text, old.bytes);
    /* Loading passes over the whole log: nothing of it is news. */
    void (*seen)(void *, const struct mr_delta_action *) = table->seen;
    table->seen = NULL;
    mr_status status = table_load(table, err);
    table->seen = seen;
    if (status != MR_OK) return status;
    if (!had_id || mr_span_is(table->snapshot.metadata.id, id)) return MR_OK;
    return mr_err_set(err, MR_E_CONFLICT, ERR_CHANGED,
                      "the table was dropped and made again: its id was %s and is %.*s now", id,
                      (int)table->snapshot.metadata.id.bytes, table->snapshot.metadata.id.text);
}

static mr_status refresh_commits(struct mr_table *table, struct mr_err *err)
{
    for (;;) {
        mr_status status = table_read_commit(table, table->snapshot.version + 1, err);
        if (status == MR_E_NOT_FOUND) break;
        if (status != MR_OK) {
            table->is_stale = true;
            return status;
        }
    }
    return mr_delta_snapshot_settle(&table->snapshot, err);
}

mr_status mr_table_refresh(struct mr_table *table, struct mr_err *err)
{
    if (table->pinned != INT64_MAX) return MR_OK;
    mr_status status = own_check(table, err);
    if (status == MR_OK && !table->is_stale) status = head_check(table, err);
    if (status == MR_OK && table->is_stale) {
        status = reload(table, err);
    } else if (status == MR_OK) {
        status = refresh_commits(table, err);
    }
    if (status != MR_OK) mr_err_origin(err, table->path);
    return status;
}
