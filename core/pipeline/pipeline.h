/* Pipelines: a folder of SQL, read into the datasets it declares.
 *
 * Statements run in the order of the files' paths. SET changes the settings that later statements
 * of all files see; USE and SET CATALOG change where unqualified names go, until the file ends. A
 * dataset's name is resolved to catalog.schema.name, its table lies at <warehouse>/c/s/name and its
 * flow's checkpoint generations at <storage>/_checkpoints/c/s/name/<flow>/<n>. Names compare
 * without regard to case; two datasets of one name are an error that points at both.
 *
 * What a later issue brings (views, several flows, change capture) is refused here by the name of
 * the construct, with its position. Source: SEMANTICS.md 3.1, 3.3; UX.md. */
#ifndef MR_CORE_PIPELINE_PIPELINE_H
#define MR_CORE_PIPELINE_PIPELINE_H

#include "core/pipeline/spec.h"
#include "core/sql/parse.h"

/* A setting as a dataset sees it: from the spec's configuration, then SET, the last one wins. */
struct mr_pipeline_setting_list {
    const struct mr_setting *settings;
    uint32_t count;
};

struct mr_dataset {
    const struct mr_sql_script *script; /* for error positions */
    const struct mr_sql_dataset *statement;
    const char *catalog;
    const char *schema;
    const char *name;
    const char *full_name; /* catalog.schema.name */
    const char *table_path;
    const char *checkpoint_root; /* holds the generations, folders named 0, 1, ... */
    struct mr_pipeline_setting_list settings;
};

struct mr_pipeline {
    struct mr_pipeline_spec spec;
    const char *warehouse;
    const struct mr_dataset *datasets; /* in the order declared */
    uint32_t dataset_count;
};

/* mr_pipeline_load: reads the spec and every SQL file; touches nothing else. All in `arena`.
 * overrides  settings that win over the spec's (`--set`), may be null when count is 0
 * returns what the parts return; SQL errors carry origin, line, column and width */
MR_MUST_USE mr_status mr_pipeline_load(struct mr_arena *arena, struct mr_io *io, const char *folder,
                                       const struct mr_variables *variables,
                                       const struct mr_setting *overrides, uint32_t override_count,
                                       struct mr_pipeline *out_pipeline, struct mr_err *err);

/* mr_dataset_setting: the setting's value for this dataset, or `fallback`. */
struct mr_span mr_dataset_setting(const struct mr_dataset *dataset, const char *name,
                                  struct mr_span fallback);

/* mr_dataset_property: a TBLPROPERTIES value of the dataset, or `fallback`. */
struct mr_span mr_dataset_property(const struct mr_dataset *dataset, const char *name,
                                   struct mr_span fallback);

#endif
