/* Parts of a flow's setup, for core/pipeline only. */
#ifndef MR_CORE_PIPELINE_FLOW_SETUP_IMPL_H
#define MR_CORE_PIPELINE_FLOW_SETUP_IMPL_H

#include "core/pipeline/flow_setup.h"

/* mr_setup_schema: finds the read schema: given, from the log, or inferred; and the partition
 * columns of the path. Fills setup->data, partitions, schema_version. */
MR_MUST_USE mr_status mr_setup_schema(struct mr_flow_setup *setup, struct mr_err *err);

/* mr_setup_widen: struct mr_planner's hook; ctx is the setup. */
mr_status mr_setup_widen(void *ctx, const struct mr_type *const *unknown, uint32_t count,
                         int64_t epoch, const struct mr_flow_plan **out_plan, struct mr_err *err);

/* mr_setup_wants_new_columns: whether fields that the schema lacks cut an epoch in this mode. */
bool mr_setup_wants_new_columns(const struct mr_flow_setup *setup);

/* mr_setup_zones: the session's time zone and the source's. returns MR_E_INVALID for a name that
 * the system's database does not have */
MR_MUST_USE mr_status mr_setup_zones(struct mr_flow_setup *setup, struct mr_err *err);

/* mr_setup_zone_find: a zone that a query names: find of mr_zone_finder, over the setup. */
MR_MUST_USE mr_status mr_setup_zone_find(void *setup, struct mr_span name,
                                         const struct mr_zone **out_zone, struct mr_err *err);

/* mr_setup_wants_wider: whether values that misfit cut an epoch in this mode. */
bool mr_setup_wants_wider(const struct mr_flow_setup *setup);

/* mr_setup_place: a local path of an option or call: absolute, or counted from the pipeline's
 * folder. returns MR_E_UNSUPPORTED, without a position, for what is no local path */
MR_MUST_USE mr_status mr_setup_place(struct mr_flow_setup *setup, struct mr_span path,
                                     const char **out_path, struct mr_err *err);

/* mr_setup_bad_records: badRecordsPath into setup->bad_folder; refused where its files would be
 * read as input or lie in the table or the checkpoint. mr_setup_make_bad_folder: makes the folder,
 * unless this is a dry run. */
MR_MUST_USE mr_status mr_setup_bad_records(struct mr_flow_setup *setup, struct mr_err *err);
MR_MUST_USE mr_status mr_setup_make_bad_folder(struct mr_flow_setup *setup, struct mr_err *err);

/* mr_setup_plan: binds the query over setup->data and makes setup->plan. */
MR_MUST_USE mr_status mr_setup_plan(struct mr_flow_setup *setup, struct mr_err *err);

/* mr_setup_open_table: opens the table when it is there and checks that it is this pipeline's.
 * mr_setup_fit_table: makes the plan's output fit it, in its spelling, new columns allowed.
 * mr_setup_create_table: makes it when it is not there, unless this is a dry run. */
MR_MUST_USE mr_status mr_setup_open_table(struct mr_flow_setup *setup, struct mr_err *err);
MR_MUST_USE mr_status mr_setup_fit_table(struct mr_flow_setup *setup, struct mr_flow_plan *plan,
                                         struct mr_err *err);
MR_MUST_USE mr_status mr_setup_create_table(struct mr_flow_setup *setup, struct mr_err *err);

/* mr_setup_error_at: an error at a position of the dataset's SQL. */
mr_status mr_setup_error_at(const struct mr_flow_setup *setup, const struct mr_sql_pos *pos,
                            mr_status status, uint32_t code, struct mr_err *err, const char *fmt,
                            ...) __attribute__((format(printf, 6, 7)));

/* mr_setup_locate: gives an error of an option the position of its value. */
mr_status mr_setup_locate(const struct mr_flow_setup *setup, const char *option, mr_status status,
                          struct mr_err *err);

#endif
