/* Commits: see the diagram in table.h. Everything is decided anew from the newest snapshot at each
 * attempt, so a lost race costs one reading of the winner's file. */
#include "core/table/table_render.h"

#include <inttypes.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_conflict.h"
#include "core/format/delta/delta_protocol.h"

enum { PAUSE_FIRST_US = 500, PAUSE_DOUBLINGS_MAX = 8 };

/* What others did since the commit began. */
struct witness {
    const struct mr_table_commit *commit;
    bool has_seen[MR_DELTA_CONFLICT_ADDED + 1];
};

static void witness_seen(void *ctx, const struct mr_delta_action *winner)
{
    struct witness *w = ctx;
    for (uint32_t i = 0; i < w->commit->part_count; i++) {
        const struct mr_table_part *part = &w->commit->parts[i];
        struct mr_delta_action txn = {.kind = MR_DELTA_TXN,
                                      .u.txn = {part->app_id, part->version, MR_DELTA_NONE}};
        struct mr_delta_intent intent = {
            .actions = &txn, .action_count = part->app_id.bytes > 0, .is_data_change = true};
        w->has_seen[mr_delta_conflict_of(&intent, winner)] = true;
    }
}

/* ---- putting one version ---- */

/* Writes info and body beside the place of `version`. */
static mr_status begin_version(struct mr_table *table, int64_t version,
                               const struct rendered *rendered, struct mr_file_put *put,
                               struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_text content;
    mr_text_init(&content, table->heap);
    mr_text_add(&content, rendered->info.at, rendered->info.used);
    if (rendered->body.used > 0) mr_text_add(&content, rendered->body.at, rendered->body.used);
    table_commit_path(table, version, path);
    mr_status status = mr_text_end(&content, err);
    if (status == MR_OK) {
        status = mr_file_put_begin(put, table->io, path, mr_text_span(&content), err);
    }
    mr_text_fini(&content);
    return status;
}

/* Puts info and body as `version`; `commit` is whose hook is called, or null.
 * returns MR_OK: it is there, durable, and ours; MR_E_EXISTS: it is somebody else's */
static mr_status put_version(struct mr_table *table, int64_t version,
                             const struct rendered *rendered, const struct mr_table_commit *commit,
                             struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_file_put put;
    struct mr_err first = {0};
    owner whose = OWNER_NOBODY;
    MR_TRY(begin_version(table, version, rendered, &put, err));
    if (commit != NULL && commit->before != NULL) {
        mr_status status = commit->before(commit->before_ctx, err);
        MR_ASSERT(status != MR_E_EXISTS);
        if (status != MR_OK) {
            mr_file_put_drop(&put);
            return status;
        }
    }
    mr_status status = mr_file_put_end(&put, &first);
    if (status == MR_OK) return MR_OK;
    /* The answer may have been lost on the way, so look before saying no. */
    if (status != MR_E_KILLED &&
        table_owner(table, version, rendered->txn_id, &whose, NULL) == MR_OK) {
        if (whose == OWNER_OTHERS) return MR_E_EXISTS;
        if (whose == OWNER_US) {
            table_log_path(table, "", path);
            if (mr_dir_sync(table->io, path, &first) == MR_OK) return MR_OK;
            return mr_err_set(err, MR_E_IO, ERR_NOT_DURABLE,
                              "version %" PRId64
                              " is committed, but not known to be durable: %.600s",
                              version, first.message);
        }
    }
    if (err != NULL) *err = first;
    return status;
}

/* The version is in the log; whatever fails from here on only costs a new load. */
static void fold_version(struct mr_table *table, int64_t version, const struct rendered *rendered)
{
    struct identity file = {0};
    table->snapshot.version = version;
    table->head = (struct identity){0};
    if (mr_delta_snapshot_replay(&table->snapshot, &table->scratch, mr_text_span(&rendered->info),
                                 NULL, NULL, NULL) != MR_OK ||
        mr_delta_snapshot_replay(&table->snapshot, &table->scratch, mr_text_span(&rendered->body),
                                 NULL, NULL, NULL) != MR_OK ||
        mr_delta_snapshot_settle(&table->snapshot, NULL) != MR_OK ||
        table_identity(table, version, &file, NULL) != MR_OK) {
        table->is_stale = true;
    }
    table->head = file;
    table->own_newest = version;
    if (!table->is_stale) table_crc_plan(table, rendered->txn_id);
    struct mr_span none = {NULL, 0};
    table_own_remember(table, version, rendered->txn_id,
                       rendered->changes_schema ? none : mr_text_span(&rendered->body));
}

/* A pause before the next try, random up to a bound that doubles, so that writers spread out. */
static mr_status pause_after(struct mr_table *table, uint32_t conflicts, struct mr_err *err)
{
    struct mr_io_op op;
    if (conflicts < 2) return MR_OK;
    uint64_t bound = (uint64_t)PAUSE_FIRST_US << MR_MIN(conflicts - 2, PAUSE_DOUBLINGS_MAX);
    mr_io_op_init(&op, MR_IO_TIMER);
    op.off = mr_io_random(table->io) % bound;
    int64_t result = mr_io_call(table->io, &op);
    if (result < 0) return mr_err_os(err, (int)-result, 5001, "cannot wait for the next version");
    return MR_OK;
}

/* ---- commits of ours that were replaced ---- */

/* The lines of a lost commit that still have to go in: transactions only if they are newer. */
static mr_status lost_lines(struct mr_table *table, const struct own_commit *own,
                            struct rendered *out, struct mr_err *err)
{
    struct mr_span rest = {own->body, own->body_bytes}, line;
    mr_text_reset(&out->body);
    while (mr_delta_line(&rest, &line)) {
        struct mr_delta_action action;
        mr_arena_reset(&table->scratch);
        MR_TRY(mr_delta_action_decode(&table->scratch, line, &action, err));
        if (action.kind == MR_DELTA_TXN) {
            int64_t stored = mr_delta_snapshot_txn(&table->snapshot, action.u.txn.app_id);
            if (stored != MR_DELTA_NONE && stored >= action.u.txn.version) continue;
        }
        mr_text_add(&out->body, line.text, line.bytes);
        mr_text_addc(&out->body, '\n');
    }
    return mr_text_end(&out->body, err);
}

/* Commits what was lost as the next version. returns MR_E_EXISTS when another writer was faster */
static mr_status lost_put(struct mr_table *table, struct own_commit *own,
                          const struct mr_table_commit *commit, struct rendered *rendered,
                          struct mr_err *err)
{
    int64_t version = table->snapshot.version + 1;
    if (own->body == NULL) {
        return mr_err_set(err, MR_E_CONFLICT, ERR_OVERWRITTEN,
                          "version %" PRId64 " of the table was committed here and then replaced "
                          "by another program; it cannot be committed again",
                          own->version);
    }
    MR_TRY(mr_delta_can_append(&table->snapshot, err));
    MR_TRY(lost_lines(table, own, rendered, err));
    rendered->changes_schema = false;
    MR_TRY(table_render_info(table, commit, rendered, err));
    MR_TRY(put_version(table, version, rendered, NULL, err));
    table_own_forget(table, own);
    fold_version(table, version, rendered);
    return MR_OK;
}

/* ---- the loop ---- */

/* What to say when the commit does not fit the table as it is now. */
static mr_status explain(const struct witness *w, mr_status status, struct mr_err *err)
{
    bool has_changed =
        w->has_seen[MR_DELTA_CONFLICT_METADATA] || w->has_seen[MR_DELTA_CONFLICT_PROTOCOL];
    if (!has_changed || (status != MR_E_SCHEMA && status != MR_E_UNSUPPORTED)) return status;
    struct mr_err why = {0};
    if (err != NULL) why = *err;
    mr_delta_conflict conflict = w->has_seen[MR_DELTA_CONFLICT_METADATA]
                                     ? MR_DELTA_CONFLICT_METADATA
                                     : MR_DELTA_CONFLICT_PROTOCOL;
    return mr_err_set(err, MR_E_CONFLICT, ERR_CHANGED, "%s by another writer meanwhile: %.700s",
                      mr_delta_conflict_text(conflict), why.message);
}

/* Everything was there before: make sure that it also stays. */
static mr_status settle_known(struct mr_table *table, struct mr_table_committed *out,
                              struct mr_err *err)
{
    char log[MR_PATH_MAX];
    table_log_path(table, "", log);
    MR_TRY(mr_dir_sync(table->io, log, err));
    out->was_there = true;
    out->version = table->snapshot.version;
    return MR_OK;
}

/* What became of one attempt. */
typedef enum step {
    STEP_DONE,
    STEP_BEATEN, /* another writer took the version */
    STEP_MENDED, /* a lost commit of ours was committed again; the commit itself is still to do */
} step;

static mr_status step_of(mr_status status, step done, step *out_step)
{
    *out_step = status == MR_E_EXISTS ? STEP_BEATEN : done;
    return status == MR_E_EXISTS ? MR_OK : status;
}

static mr_status attempt(struct mr_table *table, const struct mr_table_commit *commit,
                         const struct witness *witness, struct rendered *rendered,
                         struct mr_table_committed *out, step *out_step, struct mr_err *err)
{
    *out_step = STEP_DONE;
    MR_TRY(mr_table_refresh(table, err));
    struct own_commit *lost = table_own_lost(table);
    if (lost != NULL) {
        return step_of(lost_put(table, lost, commit, rendered, err), STEP_MENDED, out_step);
    }
    mr_status status = table_render(table, commit, rendered, err);
    if (status != MR_OK) return explain(witness, status, err);
    if (rendered->part_count == 0 && !rendered->changes_schema) {
        return settle_known(table, out, err);
    }
    if (witness->has_seen[MR_DELTA_CONFLICT_TXN]) {
        return mr_err_set(err, MR_E_CONFLICT, ERR_TWO_RUNS,
                          "another process commits to the table under the same stream id");
    }
    MR_TRY(table_render_info(table, commit, rendered, err));
    out->version = table->snapshot.version + 1;
    status = put_version(table, out->version, rendered, commit, err);
    if (status == MR_OK) fold_version(table, out->version, rendered);
    return step_of(status, STEP_DONE, out_step);
}

static mr_status commit_loop(struct mr_table *table, const struct mr_table_commit *commit,
                             struct rendered *rendered, struct mr_table_committed *out,
                             struct mr_err *err)
{
    struct witness witness = {.commit = commit};
    table->seen_ctx = &witness;
    for (uint32_t i = 0; i < ATTEMPTS_MAX; i++) {
        step made = STEP_DONE;
        MR_TRY(attempt(table, commit, &witness, rendered, out, &made, err));
        if (made == STEP_DONE) return MR_OK;
        table->seen = witness_seen; /* from the second look on, what is new came in between */
        if (made == STEP_MENDED) continue;
        out->conflicts++;
        MR_TRY(pause_after(table, out->conflicts, err));
    }
    return mr_err_set(err, MR_E_CONFLICT, ERR_CONTENTION,
                      "other writers took %u versions in a row before this commit", out->conflicts);
}

mr_status mr_table_commit(struct mr_table *table, const struct mr_table_commit *commit,
                          struct mr_table_committed *out_committed, struct mr_err *err)
{
    struct rendered rendered;
    struct mr_table_committed committed = {.version = -1};
    MR_ASSERT(commit->part_count > 0 || commit->schema != NULL);
    MR_ASSERT(table->pinned == INT64_MAX);
    rendered_init(&rendered, table->heap);
    mr_status status = commit_loop(table, commit, &rendered, &committed, err);
    table->seen = NULL;
    table->seen_ctx = NULL;
    rendered_fini(&rendered);
    if (status != MR_OK) {
        mr_err_origin(err, table->path);
        return status;
    }
    committed.overwritten = table->overwritten;
    table->overwritten = 0;
    *out_committed = committed;
    return MR_OK;
}
