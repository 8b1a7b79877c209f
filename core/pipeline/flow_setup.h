/* Flow setup: from a dataset's SQL to everything its flow needs to run.
 *
 *   statement ─▶ source call ─▶ options ─▶ read schema ─▶ bound query ─▶ programs ─▶ plan
 *
 * The read schema is the one given, or the newest of the schema log, or inferred from a sample and
 * then written as version 0. When a worker meets fields that the schema lacks, `widen` (the flow's
 * planner) applies the evolution mode, writes the next version, and makes the next plan; the old
 * one stays valid until the setup is closed.
 *
 * A dry run does the same up to the plan and writes nothing. */
#ifndef MR_CORE_PIPELINE_FLOW_SETUP_H
#define MR_CORE_PIPELINE_FLOW_SETUP_H

#include "core/catalog/evolve.h"
#include "core/pipeline/pipeline.h"
#include "core/plan/source_call.h"
#include "core/sql/bind.h"
#include "core/stream/flow.h"

/* What is the same for all flows of a run. */
struct mr_setup_env {
    struct mr_heap *heap;
    struct mr_io *io;
    const struct mr_pipeline *pipeline;
    const struct mr_json_kernels *kernels;
    const struct mr_select_kernels *select;
    const char *zone_folder; /* of the system's TZif files; null = offsets only */
    mr_source_open open_source;
    struct mr_span engine; /* "millrace/0.1.0" */
    size_t worker_bytes_max;
    bool is_continuous;
    bool is_dry; /* write nothing */
    /* Told what a person should know and what fails nothing. */
    void (*notice)(void *ctx, const char *text);
    void *notice_ctx;
};

struct mr_flow_setup {
    const struct mr_setup_env *env;
    const struct mr_dataset *dataset;
    struct mr_arena arena; /* everything below, for the life of the setup */
    struct mr_source_call call;
    struct mr_source_options options;
    struct mr_format format;
    struct mr_span path; /* of the source: absolute or from the process's folder */
    const char *bad_folder; /* badRecordsPath, absolute; null = not set */
    bool is_schema_given;
    mr_evolution evolution;
    bool is_settled;            /* new fields that still come are left to the rescued-data column */
    bool is_wide_settled;       /* the same for values that misfit */
    const struct mr_zone *zone; /* of the session; null = UTC */
    const struct mr_zone *read_zone; /* of text in the source that names none */
    struct mr_schema_hint *hints;
    uint32_t hint_count;
    const struct mr_type *data;       /* columns of the records, without rescued and constants */
    const struct mr_type *partitions; /* columns from the path; null = none */
    uint32_t visible_count;           /* columns of the plan's scan schema that * gives */
    int64_t schema_version;           /* of the schema log; -1 = given */
    const char *checkpoint_path;      /* of the newest generation */
    const char *schema_folder;        /* of the schema log */
    struct mr_flow_plan *plan;        /* the newest */
    struct mr_table *table;           /* null in a dry run of a table that is not there yet */
};

/* mr_flow_setup_open: everything up to the plan; opens or, unless dry, creates the table.
 * Errors carry the SQL's position where they come from it. */
MR_MUST_USE mr_status mr_flow_setup_open(struct mr_flow_setup *setup,
                                         const struct mr_setup_env *env,
                                         const struct mr_dataset *dataset, struct mr_err *err);
void mr_flow_setup_close(struct mr_flow_setup *setup); /* the flow is closed */

/* mr_flow_setup_config: what mr_flow_open takes. */
void mr_flow_setup_config(struct mr_flow_setup *setup, struct mr_shard *const *shards,
                          uint32_t shard_count, struct mr_flow_config *out_config);

#endif
