/* state inspect, state verify: what the checkpoints of a pipeline say, and whether they read.
 *
 * inspect prints one block a table: ids, newest entries, what the next start will do. verify reads
 * every entry with its checksum, the source's lists and the schema log, and exits 5 naming the
 * first file that is damaged. Both write nothing and take no lock. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/calendar.h"
#include "core/catalog/schema_log.h"
#include "core/checkpoint/checkpoint.h"
#include "core/stream/prepared.h"
#include "io/posix/posix_io.h"
#include "tools/millrace/folder.h"

struct state_run {
    struct mr_cli *cli;
    struct mr_io *io;
    struct mr_pipeline pipeline;
    struct mr_err *err;
    uint64_t entries; /* read by verify */
};

static const char *recovery_text(const struct mr_recovery *recovery)
{
    switch (recovery->verb) {
    case MR_RECOVERY_NEXT: return "begin epoch";
    case MR_RECOVERY_FINISH: return "finish prepared epoch";
    case MR_RECOVERY_RERUN: return "run again epoch";
    }
    return "?";
}

static mr_status inspect_checkpoint(struct state_run *run, const struct mr_dataset *dataset,
                                    struct mr_checkpoint *checkpoint)
{
    FILE *out = run->cli->out;
    struct mr_recovery recovery;
    struct mr_offsets_entry entry;
    struct mr_schema_version schema;
    (void)fprintf(out, "%s\n  checkpoint  %s\n  query id    %s\n", dataset->full_name,
                  checkpoint->path, checkpoint->id);
    (void)fprintf(out, "  offsets     %" PRId64 "\n  commits     %" PRId64 "\n  prepared    %s\n",
                  checkpoint->newest_offsets, checkpoint->newest_commit,
                  checkpoint->is_prepared ? "yes" : "no");
    if (checkpoint->newest_offsets >= 0) {
        char time[MR_TIME_TEXT_MAX];
        MR_TRY(mr_checkpoint_get_offsets(checkpoint, &run->cli->arena, checkpoint->newest_offsets,
                                         &entry, run->err));
        mr_time_format(entry.batch_time_ms * MR_US_PER_MS, 3, "Z", time);
        (void)fprintf(out, "  batch time  %s\n  source      %.*s\n", time,
                      (int)entry.sources[0].bytes, entry.sources[0].text);
    }
    const char *folder = mr_checkpoint_path(checkpoint, &run->cli->arena, "_schemas");
    if (folder == NULL) return mr_err_set(run->err, MR_E_NOMEM, 0, "out of memory");
    MR_TRY(mr_schema_log_newest(run->io, &run->cli->arena, folder, &schema, run->err));
    if (schema.version >= 0) {
        (void)fprintf(out, "  schema      version %" PRId64 " from epoch %" PRId64 " (%.*s)\n",
                      schema.version, schema.from_epoch, (int)schema.reason.bytes,
                      schema.reason.text);
    }
    MR_TRY(mr_recovery_decide(checkpoint->newest_offsets, checkpoint->is_prepared,
                              checkpoint->newest_commit, &recovery, run->err));
    (void)fprintf(out, "  next start  %s %" PRId64 "\n", recovery_text(&recovery), recovery.epoch);
    return MR_OK;
}

/* Reads every entry of a folder with `read`. */
static mr_status verify_entries(struct state_run *run, struct mr_checkpoint *checkpoint,
                                const char *folder,
                                mr_status (*read)(struct mr_checkpoint *, struct mr_arena *,
                                                  int64_t, struct mr_err *))
{
    struct mr_dir_list list;
    struct mr_arena arena;
    const char *path = mr_checkpoint_path(checkpoint, &run->cli->arena, "%s", folder);
    if (path == NULL) return mr_err_set(run->err, MR_E_NOMEM, 0, "out of memory");
    mr_status status = mr_dir_list(run->io, &run->cli->arena, path, false, &list, run->err);
    if (status == MR_E_NOT_FOUND) return MR_OK;
    mr_arena_init(&arena, &run->cli->heap, 0);
    for (uint32_t i = 0; status == MR_OK && i < list.count; i++) {
        char *end;
        int64_t epoch = strtoll(list.entries[i].name.text, &end, 10);
        if (*end != '\0') continue;
        mr_arena_reset(&arena);
        status = read(checkpoint, &arena, epoch, run->err);
        run->entries++;
    }
    mr_arena_fini(&arena);
    return status;
}

static mr_status read_offsets(struct mr_checkpoint *checkpoint, struct mr_arena *arena,
                              int64_t epoch, struct mr_err *err)
{
    struct mr_offsets_entry entry;
    return mr_checkpoint_get_offsets(checkpoint, arena, epoch, &entry, err);
}

static mr_status read_prepared(struct mr_checkpoint *checkpoint, struct mr_arena *arena,
                               int64_t epoch, struct mr_err *err)
{
    struct mr_span json;
    struct mr_prepared prepared;
    MR_TRY(mr_checkpoint_get_prepared(checkpoint, arena, epoch, &json, err));
    return mr_prepared_read(arena, json, &prepared, err);
}

static mr_status read_commit(struct mr_checkpoint *checkpoint, struct mr_arena *arena,
                             int64_t epoch, struct mr_err *err)
{
    int64_t watermark_ms;
    return mr_checkpoint_get_commit(checkpoint, arena, epoch, &watermark_ms, err);
}

static mr_status verify_schemas(struct state_run *run, struct mr_checkpoint *checkpoint)
{
    struct mr_schema_version version;
    const char *folder = mr_checkpoint_path(checkpoint, &run->cli->arena, "_schemas");
    if (folder == NULL) return mr_err_set(run->err, MR_E_NOMEM, 0, "out of memory");
    MR_TRY(mr_schema_log_newest(run->io, &run->cli->arena, folder, &version, run->err));
    for (int64_t n = 0; n < version.version; n++) {
        struct mr_schema_version older;
        MR_TRY(mr_schema_log_read(run->io, &run->cli->arena, folder, n, &older, run->err));
        run->entries++;
    }
    run->entries += version.version >= 0;
    return MR_OK;
}

static mr_status verify_checkpoint(struct state_run *run, const struct mr_dataset *dataset,
                                   struct mr_checkpoint *checkpoint)
{
    struct mr_recovery recovery;
    run->entries = 0;
    MR_TRY(verify_entries(run, checkpoint, "offsets", read_offsets));
    MR_TRY(verify_entries(run, checkpoint, "millrace/prepared", read_prepared));
    MR_TRY(verify_entries(run, checkpoint, "commits", read_commit));
    MR_TRY(verify_schemas(run, checkpoint));
    MR_TRY(mr_recovery_decide(checkpoint->newest_offsets, checkpoint->is_prepared,
                              checkpoint->newest_commit, &recovery, run->err));
    (void)fprintf(run->cli->out, "%s: %" PRIu64 " entries are sound\n", dataset->full_name,
                  run->entries);
    return MR_OK;
}

static mr_status visit(struct state_run *run, const struct mr_dataset *dataset)
{
    struct mr_checkpoint checkpoint;
    const char *path;
    MR_TRY(mr_folder_generation(run->cli, run->io, dataset, &path, run->err));
    if (path == NULL) {
        (void)fprintf(run->cli->out, "%s: no checkpoint yet\n", dataset->full_name);
        return MR_OK;
    }
    MR_TRY(mr_checkpoint_look(&checkpoint, run->io, &run->cli->heap, path, run->err));
    return strcmp(run->cli->action, "verify") == 0 ? verify_checkpoint(run, dataset, &checkpoint)
                                                   : inspect_checkpoint(run, dataset, &checkpoint);
}

static mr_status visit_all(struct state_run *run)
{
    struct mr_cli *cli = run->cli;
    const struct mr_dataset *only = NULL;
    MR_TRY(mr_folder_load(cli, run->io, mr_cli_text(cli, "folder"), &run->pipeline, run->err));
    if (cli->arg_count > 0) {
        MR_TRY(mr_folder_dataset(&run->pipeline, cli->args[0], &only, run->err));
    }
    for (uint32_t i = 0; i < run->pipeline.dataset_count; i++) {
        const struct mr_dataset *dataset = &run->pipeline.datasets[i];
        if (only == NULL || only == dataset) MR_TRY(visit(run, dataset));
    }
    return MR_OK;
}

int mr_verb_state(struct mr_cli *cli, struct mr_err *err)
{
    struct mr_posix_options options = {0};
    struct state_run run = {.cli = cli, .err = err};
    if (mr_posix_open(&cli->heap, &options, &run.io, err) != MR_OK) return mr_cli_exit_of(err);
    mr_status status = visit_all(&run);
    mr_io_close(run.io);
    return status == MR_OK ? MR_EXIT_OK : mr_cli_exit_of(err);
}
