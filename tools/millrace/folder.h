/* A pipeline folder as verbs open it: by its absolute path, with the environment's variables and
 * the settings of --set. */
#ifndef MR_TOOLS_MILLRACE_FOLDER_H
#define MR_TOOLS_MILLRACE_FOLDER_H

#include "core/pipeline/pipeline.h"
#include "tools/millrace/cli.h"

/* mr_folder_load: the pipeline in `folder`; sets cli->folder. The verb has the option --set, or
 * not. All memory is cli->arena's. */
MR_MUST_USE mr_status mr_folder_load(struct mr_cli *cli, struct mr_io *io, const char *folder,
                                     struct mr_pipeline *out_pipeline, struct mr_err *err);

/* mr_folder_generation: the folder of a dataset's newest checkpoint generation, or null when it has
 * none. returns MR_E_IO and the like when it cannot be looked at */
MR_MUST_USE mr_status mr_folder_generation(struct mr_cli *cli, struct mr_io *io,
                                           const struct mr_dataset *dataset, const char **out_path,
                                           struct mr_err *err);

/* mr_folder_dataset: the dataset of a name, with or without catalog and schema; an unknown name is
 * an error with the nearest one. */
MR_MUST_USE mr_status mr_folder_dataset(const struct mr_pipeline *pipeline, const char *name,
                                        const struct mr_dataset **out_dataset, struct mr_err *err);

#endif
