#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_path.h"
#include "core/port/files.h"
#include "core/stream/flow_impl.h"

enum { ERR_OPEN = 4103, STAGED_BYTES_MAX = 1 << 30 };

static mr_status open_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_OPEN, "out of memory for a flow");
}

/* ---- offsets ---- */

static mr_status read_offset(struct mr_flow *flow, int64_t epoch, int64_t *out_offset,
                             struct mr_offsets_entry *out_entry, struct mr_err *err)
{
    const struct mr_doc *doc;
    MR_TRY(mr_checkpoint_get_offsets(&flow->checkpoint, &flow->arena, epoch, out_entry, err));
    if (out_entry->source_count == 1 && !mr_span_is(out_entry->sources[0], "-") &&
        mr_doc_read(&flow->arena, out_entry->sources[0], &doc, NULL) == MR_OK) {
        const struct mr_doc *offset = mr_doc_get(doc, "logOffset");
        if (offset != NULL && offset->kind == MR_DOC_NUMBER) {
            *out_offset = mr_doc_int(offset, -1);
            return MR_OK;
        }
    }
    mr_err_set(err, MR_E_UNSUPPORTED, ERR_OPEN,
               "offsets/%" PRId64 " of %s does not name one file source", epoch,
               flow->checkpoint.path);
    mr_err_help(err, "the checkpoint was written by a query with other sources; its sources may "
                     "not change, start over with --full-refresh");
    return MR_E_UNSUPPORTED;
}

/* Offsets, batch time and watermark of the epoch that recovery found, and where it starts. */
static mr_status load_offsets(struct mr_flow *flow, const struct mr_recovery *recovery,
                              struct mr_err *err)
{
    struct mr_offsets_entry entry = {0};
    struct mr_flow_reading *reading = mr_flow_reading_of(flow, recovery->epoch);
    flow->start_offset = -1;
    if (flow->checkpoint.newest_commit >= 0) {
        MR_TRY(read_offset(flow, flow->checkpoint.newest_commit, &flow->start_offset, &entry, err));
        MR_TRY(mr_checkpoint_get_commit(&flow->checkpoint, &flow->arena,
                                        flow->checkpoint.newest_commit, &flow->watermark_ms, err));
    }
    flow->planned_offset = flow->start_offset;
    if (recovery->verb == MR_RECOVERY_NEXT) return MR_OK;
    reading->epoch = recovery->epoch;
    MR_TRY(read_offset(flow, recovery->epoch, &reading->end_offset, &entry, err));
    flow->planned_offset = reading->end_offset;
    reading->batch_us = entry.batch_time_ms * MR_US_PER_MS;
    flow->watermark_ms = entry.watermark_ms;
    return MR_OK;
}

/* ---- what a killed epoch left behind ---- */

/* The next name of a staged list. Several names are being noted at once, each at its own place, so
 * a kill leaves holes of zeros, and a power cut lines without their head or tail. What is not whole
 * is skipped: a file is made only after its line was written. returns false at the end */
static bool next_staged(struct mr_span *rest, struct mr_span *out_name)
{
    const char *feed;
    while ((feed = memchr(rest->text, '\n', rest->bytes)) != NULL) {
        struct mr_span line = {rest->text, (size_t)(feed - rest->text)};
        const char *zero = memrchr(line.text, '\0', line.bytes);
        rest->bytes -= line.bytes + 1;
        rest->text = feed + 1;
        if (zero != NULL) line = (struct mr_span){zero + 1, (size_t)(feed - zero - 1)};
        if (!mr_span_ends(line, MR_SPAN(".parquet")) || !mr_delta_path_is_inside(line)) continue;
        *out_name = line;
        return true;
    }
    return false;
}

static mr_status unlink_staged(struct mr_flow *flow, const char *list_path, struct mr_err *err)
{
    struct mr_span rest, name;
    MR_TRY(mr_file_read(flow->config.io, &flow->arena, list_path, STAGED_BYTES_MAX, &rest, err));
    while (next_staged(&rest, &name)) {
        const char *path = mr_arena_format(
            &flow->arena, "%s/%.*s", mr_table_path(flow->config.table), (int)name.bytes, name.text);
        if (path == NULL) return open_nomem(err);
        MR_TRY(mr_file_remove(flow->config.io, path, err));
    }
    return MR_OK;
}

/* The folder may have gone with all that was in it. */
static mr_status unlink_bad_at(struct mr_flow *flow, const char *folder, struct mr_span relative,
                               struct mr_err *err)
{
    const char *path = mr_arena_format(&flow->arena, "%s/%.*s", folder, (int)relative.bytes,
                                       relative.text);
    const char *parent = path == NULL ? NULL : mr_dir_of(&flow->arena, path);
    if (parent == NULL) return open_nomem(err);
    MR_TRY(mr_file_remove(flow->config.io, path, err));
    mr_status status = mr_dir_sync(flow->config.io, parent, err);
    return status == MR_E_NOT_FOUND ? MR_OK : status;
}

/* The bad records of an epoch that runs again go, durably: they will come once more. Only what lies
 * below badRecordsPath is touched. When that is another folder by now, the old one must not hold
 * them any more (it was moved, or somebody has removed them). */
static mr_status unlink_bad(struct mr_flow *flow, const char *list_path, struct mr_err *err)
{
    struct mr_span text, folder, relative;
    bool exists = false;
    MR_TRY(mr_file_read(flow->config.io, &flow->arena, list_path, STAGED_BYTES_MAX, &text, err));
    if (!mr_bad_records_list_read(text, &folder, &relative)) return MR_OK;
    const char *now = flow->config.bad_folder;
    if (now != NULL) MR_TRY(unlink_bad_at(flow, now, relative, err));
    if (now != NULL && mr_span_is(folder, now)) return MR_OK;
    const char *path = mr_arena_format(&flow->arena, "%.*s/%.*s", (int)folder.bytes, folder.text,
                                       (int)relative.bytes, relative.text);
    if (path == NULL) return open_nomem(err);
    MR_TRY(mr_file_exists(flow->config.io, path, &exists, err));
    if (!exists) return MR_OK;
    mr_err_set(err, MR_E_CONFLICT, ERR_OPEN,
               "%s holds bad records of an epoch that runs again, and badRecordsPath is %s", path,
               now == NULL ? "not set any more" : now);
    mr_err_help(err, "remove the file, or set badRecordsPath back: the same records would be in "
                     "both places");
    return MR_E_CONFLICT;
}

/* Staged lists are named <epoch>.<shard>, those of bad records <epoch>.<shard>.bad. Committed
 * epochs' lists just go; the list of an epoch that is to be finished stays until it is; of any
 * other the files go first. */
mr_status mr_flow_clean_staged(struct mr_flow *flow, int64_t keep, struct mr_err *err)
{
    struct mr_dir_list list;
    const char *folder = mr_checkpoint_path(&flow->checkpoint, &flow->arena, "millrace/staged");
    if (folder == NULL) return open_nomem(err);
    MR_TRY(mr_dir_list(flow->config.io, &flow->arena, folder, false, &list, err));
    for (uint32_t i = 0; i < list.count; i++) {
        char *end;
        int64_t epoch = strtoll(list.entries[i].name.text, &end, 10);
        if (*end != '.') continue;
        bool is_committed = epoch <= flow->checkpoint.newest_commit;
        if (!is_committed && epoch <= keep) continue;
        const char *path =
            mr_arena_format(&flow->arena, "%s/%s", folder, list.entries[i].name.text);
        if (path == NULL) return open_nomem(err);
        if (!is_committed) {
            bool is_bad = mr_span_ends(list.entries[i].name, MR_SPAN(".bad"));
            MR_TRY(is_bad ? unlink_bad(flow, path, err) : unlink_staged(flow, path, err));
        }
        MR_TRY(mr_file_remove(flow->config.io, path, err));
    }
    return MR_OK;
}

/* ---- opening ---- */

static mr_status open_source(struct mr_flow *flow, struct mr_err *err)
{
    struct mr_source_spec spec = flow->config.source;
    spec.heap = flow->config.heap;
    spec.io = flow->config.io;
    spec.log_folder = mr_checkpoint_path(&flow->checkpoint, &flow->own, "sources/0");
    spec.own_folder = mr_checkpoint_path(&flow->checkpoint, &flow->own, "millrace");
    if (spec.log_folder == NULL || spec.own_folder == NULL) return open_nomem(err);
    spec.offset = flow->planned_offset;
    spec.committed = flow->start_offset;
    spec.is_followed = flow->config.is_continuous;
    return flow->config.open_source(&spec, &flow->source, err);
}

/* Loads what the newest epoch needs so that its first request can be performed. */
static mr_status resume(struct mr_flow *flow, const struct mr_recovery *recovery,
                        struct mr_err *err)
{
    struct mr_span json;
    struct mr_arena *arena = &mr_flow_reading_of(flow, recovery->epoch)->arena;
    mr_epoch_init(&flow->epoch, recovery, flow->config.shard_count, 1);
    switch (recovery->verb) {
    case MR_RECOVERY_NEXT: return MR_OK;
    case MR_RECOVERY_FINISH:
        MR_TRY(
            mr_checkpoint_get_prepared(&flow->checkpoint, arena, recovery->epoch, &json, err));
        MR_TRY(mr_prepared_read(arena, json, &flow->prepared, err));
        if (flow->prepared.epoch != recovery->epoch ||
            !mr_span_is(flow->prepared.app_id, flow->checkpoint.id)) {
            return mr_err_set(err, MR_E_CORRUPT, ERR_OPEN,
                              "prepared/%" PRId64 " of %s belongs to another epoch or query",
                              recovery->epoch, flow->checkpoint.path);
        }
        flow->request = MR_EPOCH_DO_COMMIT_TABLES;
        return MR_OK;
    case MR_RECOVERY_RERUN: break;
    }
    MR_TRY(mr_flow_plan_again(flow, err));
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_OFFSETS_DONE);
    return MR_OK;
}

/* What the checkpoint will say builds on the table as it was found: whoever made the table or its
 * newest version may have died before its name was durable. */
static mr_status sync_table(struct mr_flow *flow, struct mr_err *err)
{
    const char *log =
        mr_arena_format(&flow->own, "%s/_delta_log", mr_table_path(flow->config.table));
    return log == NULL ? open_nomem(err) : mr_dir_sync(flow->config.io, log, err);
}

/* Upkeep that the last process left undone. Nothing depends on it. */
static void inherit(struct mr_flow *flow)
{
    struct mr_err ignored;
    mr_status status = mr_table_inherit(flow->config.table, flow->config.engine, &ignored);
    flow->upkeep_failures += status != MR_OK;
    flow->inherits = status == MR_OK;
}

static mr_status recover(struct mr_flow *flow, struct mr_err *err)
{
    struct mr_recovery recovery;
    const struct mr_delta_snapshot *table = mr_table_snapshot(flow->config.table);
    MR_TRY(sync_table(flow, err));
    inherit(flow);
    MR_TRY(mr_checkpoint_target(&flow->checkpoint, table->metadata.id, err));
    MR_TRY(mr_recovery_decide(flow->checkpoint.newest_offsets, flow->checkpoint.is_prepared,
                              flow->checkpoint.newest_commit, &recovery, err));
    MR_TRY(load_offsets(flow, &recovery, err));
    if (recovery.verb == MR_RECOVERY_FINISH) flow->finished = recovery.epoch;
    MR_TRY(mr_flow_clean_staged(flow, flow->finished, err));
    MR_TRY(open_source(flow, err));
    MR_TRY(resume(flow, &recovery, err));
    if (flow->config.is_continuous) return MR_OK;
    return flow->source->driver->fix_end(flow->source, err);
}

mr_status mr_flow_open(struct mr_flow *flow, const struct mr_flow_config *config,
                       struct mr_err *err)
{
    MR_ASSERT(config->shard_count > 0 && config->range_bytes > 0);
    *flow = (struct mr_flow){
        .config = *config, .plan = config->plan, .version = -1, .unsettled = MR_EPOCH_NONE,
        .finished = MR_EPOCH_NONE};
    flow->checkpoint.lock = -1;
    mr_arena_init(&flow->own, config->heap, 0);
    mr_arena_init(&flow->arena, config->heap, 0);
    for (uint32_t i = 0; i < MR_WORKER_EPOCHS; i++) {
        mr_arena_init(&flow->readings[i].arena, config->heap, 0);
    }
    mr_text_init(&flow->json, config->heap);
    flow->links = mr_heap_zeroed(config->heap, config->shard_count * sizeof *flow->links);
    mr_status status = flow->links == NULL ? open_nomem(err) : MR_OK;
    if (status == MR_OK) {
        status = mr_checkpoint_open(&flow->checkpoint, config->io, config->heap,
                                    config->checkpoint_path, err);
    }
    if (status == MR_OK) status = recover(flow, err);
    if (status != MR_OK) mr_flow_close(flow);
    return status;
}

void mr_flow_close(struct mr_flow *flow)
{
    MR_ASSERT(!flow->has_workers);
    if (flow->source != NULL) flow->source->driver->close(flow->source);
    flow->source = NULL;
    mr_checkpoint_close(&flow->checkpoint);
    if (flow->links != NULL) {
        mr_heap_give(flow->config.heap, flow->links,
                     flow->config.shard_count * sizeof *flow->links);
    }
    flow->links = NULL;
    mr_text_fini(&flow->json);
    for (uint32_t i = 0; i < MR_WORKER_EPOCHS; i++) mr_arena_fini(&flow->readings[i].arena);
    mr_arena_fini(&flow->arena);
    mr_arena_fini(&flow->own);
}
