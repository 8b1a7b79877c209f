/* run, dry-run: a pipeline folder brought up to date.
 *
 * load ─▶ set every flow up (parse, bind, schema, table) ─▶ open them ─▶ run ─▶ summary. dry-run
 * stops after the set-up, which then writes nothing. */
#include <inttypes.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/calendar.h"
#include "core/pipeline/flow_setup.h"
#include "io/files/files_source.h"
#include "kernels/select/select.h"
#include "tools/millrace/folder.h"
#include "tools/millrace/runtime.h"

enum { PROGRESS_US = 10000000 };

struct run {
    struct mr_cli *cli;
    struct mr_runtime runtime;
    struct mr_pipeline pipeline;
    struct mr_setup_env env;
    struct mr_flow_setup *setups; /* [pipeline.dataset_count] */
    struct mr_flow *flows;
    uint32_t setup_count;
    uint32_t flow_count;
    int64_t started_us;
    int64_t stop_us;     /* --duration, monotonic; 0 = none */
    int64_t progress_us; /* when to say something next */
};

static void notice(void *ctx, const char *text)
{
    mr_cli_say(ctx, MR_SAY_WARN, "%s", text);
}

/* ---- set-up ---- */

static mr_status load(struct run *run, struct mr_err *err)
{
    struct mr_cli *cli = run->cli;
    mr_isa isa;
    MR_TRY(mr_runtime_open(&run->runtime, cli, err));
    MR_TRY(mr_isa_parse(mr_span_of(mr_cli_text(cli, "isa")), &isa, err));
    MR_TRY(mr_folder_load(cli, run->runtime.io, cli->args[0], &run->pipeline, err));
    uint32_t count = run->pipeline.dataset_count;
    run->setups = MR_ARENA_ARRAY(&cli->arena, struct mr_flow_setup, count);
    run->flows = MR_ARENA_ARRAY(&cli->arena, struct mr_flow, count);
    if (run->setups == NULL || run->flows == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for flows");
    }
    run->env = (struct mr_setup_env){
        .heap = &run->runtime.heap,
        .io = run->runtime.io,
        .pipeline = &run->pipeline,
        .kernels = mr_json_kernels(isa),
        .select = mr_select_kernels(isa),
        .zone_folder = MR_ZONE_FOLDER,
        .open_source = mr_files_source_open,
        .engine = MR_SPAN("millrace/" MR_VERSION),
        .notice = notice,
        .notice_ctx = cli,
    };
    return MR_OK;
}

static mr_status set_up(struct run *run, struct mr_err *err)
{
    for (uint32_t i = 0; i < run->pipeline.dataset_count; i++) {
        MR_TRY(mr_flow_setup_open(&run->setups[i], &run->env, &run->pipeline.datasets[i], err));
        run->setup_count++;
    }
    return MR_OK;
}

static mr_status open_flows(struct run *run, struct mr_err *err)
{
    for (uint32_t i = 0; i < run->setup_count; i++) {
        struct mr_flow_config config;
        mr_flow_setup_config(&run->setups[i], run->runtime.engine.shards,
                             run->runtime.engine.shard_count, &config);
        MR_TRY(mr_flow_open(&run->flows[i], &config, err));
        run->flow_count++;
    }
    return MR_OK;
}

static void close_all(struct run *run)
{
    for (uint32_t i = 0; i < run->flow_count; i++) mr_flow_close(&run->flows[i]);
    for (uint32_t i = 0; i < run->setup_count; i++) mr_flow_setup_close(&run->setups[i]);
    mr_runtime_close(&run->runtime);
}

/* ---- while it runs ---- */

static void say_progress(struct run *run, const struct mr_flow *flows, uint32_t count)
{
    struct mr_counts sum = {0};
    uint64_t epochs = 0;
    for (uint32_t i = 0; i < count; i++) {
        mr_counts_add(&sum, &flows[i].totals);
        epochs += flows[i].epochs;
    }
    double seconds =
        (double)(mr_io_mono_us(run->runtime.io) - run->started_us) / (double)MR_US_PER_S;
    mr_cli_say(run->cli, MR_SAY_INFO,
               "%.0f s: %" PRIu64 " epochs, %" PRIu64 " rows, %" PRIu64 " rescued, %.1f MB/s",
               seconds, epochs, sum.rows_out, sum.rows_rescued,
               (double)sum.text_bytes_in / 1e6 / seconds);
}

static void tick(void *ctx, struct mr_flow *flows, uint32_t count)
{
    struct run *run = ctx;
    int64_t now_us = mr_io_mono_us(run->runtime.io);
    if (mr_runtime_stop_asked() != 0 || (run->stop_us != 0 && now_us >= run->stop_us)) {
        for (uint32_t i = 0; i < count; i++) mr_flow_stop(&flows[i]);
    }
    if (now_us < run->progress_us) return;
    if (run->progress_us != 0) say_progress(run, flows, count);
    run->progress_us = now_us + PROGRESS_US;
}

/* ---- the end ---- */

static void say_passed_over(struct run *run, const struct mr_flow *flow)
{
    const struct mr_counts *c = &flow->totals;
    if (c->files_corrupt == 0 && c->files_missing == 0) return;
    mr_cli_say(run->cli, MR_SAY_WARN,
               "%s: %" PRIu64 " files were damaged and read up to there, %" PRIu64
               " were gone and passed over",
               flow->config.name, c->files_corrupt, c->files_missing);
}

static void say_summary(struct run *run, double seconds)
{
    for (uint32_t i = 0; i < run->flow_count; i++) {
        const struct mr_flow *flow = &run->flows[i];
        const struct mr_counts *c = &flow->totals;
        char version[32] = "none", bad[48] = "";
        if (flow->version >= 0) (void)snprintf(version, sizeof version, "%" PRId64, flow->version);
        if (flow->config.bad_folder != NULL) {
            (void)snprintf(bad, sizeof bad, " (%" PRIu64 " to badRecordsPath)", c->bad_records);
        }
        mr_cli_say(run->cli, MR_SAY_INFO,
                   "%s: %" PRIu64 " rows in, %" PRIu64 " out, %" PRIu64 " filtered, %" PRIu64
                   " rescued, %" PRIu64 " malformed%s, %" PRIu64 " misfit; %" PRIu64
                   " files (%" PRIu64 " bytes) into %" PRIu64 " (%" PRIu64
                   " bytes); %.1f MB/s; version %s",
                   flow->config.name, c->records_in, c->rows_out, c->rows_filtered, c->rows_rescued,
                   c->rows_malformed_dropped + c->rows_malformed_kept, bad, c->values_misfit,
                   c->files_in, c->bytes_in, c->files_out, c->bytes_out,
                   seconds > 0 ? (double)c->text_bytes_in / 1e6 / seconds : 0.0, version);
        say_passed_over(run, flow);
    }
}

static int finish(struct run *run, uint32_t failed, struct mr_err *err)
{
    say_summary(run, (double)(mr_io_mono_us(run->runtime.io) - run->started_us) / 1e6);
    /* Failures that were dealt with on the way have left their texts behind. */
    *err = (struct mr_err){0};
    if (failed == 0) return MR_EXIT_OK;
    /* All failures are said; the last one is the verb's. */
    uint32_t said = 0;
    for (uint32_t i = 0; i < run->flow_count; i++) {
        if (!run->flows[i].has_failed) continue;
        *err = run->flows[i].err;
        if (++said < failed) mr_cli_print_error(run->cli, err);
    }
    int code = mr_cli_exit_of(err);
    return code == MR_EXIT_REJECTED ? MR_EXIT_FAILED : code;
}

static int run_pipeline(struct run *run, struct mr_err *err)
{
    struct mr_cli *cli = run->cli;
    if (load(run, err) != MR_OK) return mr_cli_exit_of(err);
    run->env.is_continuous = mr_cli_flag(cli, "continuous");
    if (set_up(run, err) != MR_OK ||
        mr_runtime_start(&run->runtime, run->setup_count, err) != MR_OK ||
        open_flows(run, err) != MR_OK) {
        return mr_cli_exit_of(err);
    }
    run->started_us = mr_io_mono_us(run->runtime.io);
    if (mr_cli_text(cli, "duration") != NULL) {
        run->stop_us = run->started_us + mr_cli_int(cli, "duration");
    }
    uint32_t failed = mr_engine_run(&run->runtime.engine, run->flows, run->flow_count, tick, run);
    return finish(run, failed, err);
}

int mr_verb_run(struct mr_cli *cli, struct mr_err *err)
{
    struct run run = {.cli = cli};
    int code = run_pipeline(&run, err);
    close_all(&run);
    return code;
}

/* ---- dry-run ---- */

static int dry_run(struct run *run, struct mr_err *err)
{
    if (load(run, err) != MR_OK) return mr_cli_exit_of(err);
    run->env.is_dry = true;
    if (set_up(run, err) != MR_OK) return mr_cli_exit_of(err);
    for (uint32_t i = 0; i < run->setup_count; i++) {
        struct mr_text ddl;
        mr_text_init(&ddl, &run->runtime.heap);
        mr_schema_write_ddl(run->setups[i].plan->output_schema, &ddl);
        if (mr_text_end(&ddl, err) == MR_OK) {
            (void)fprintf(run->cli->out, "%s (%s)\n", run->setups[i].dataset->full_name, ddl.at);
        }
        mr_text_fini(&ddl);
    }
    return err->status == MR_OK ? MR_EXIT_OK : mr_cli_exit_of(err);
}

int mr_verb_dry_run(struct mr_cli *cli, struct mr_err *err)
{
    struct run run = {.cli = cli};
    int code = dry_run(&run, err);
    close_all(&run);
    return code;
}
