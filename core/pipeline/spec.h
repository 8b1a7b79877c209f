/* The spec of a pipeline: what `spark-pipeline.yml` in its folder says.
 *
 *     name: clickstream                  required
 *     storage: pipeline-storage          required; file:///..., absolute, or from the folder
 *     catalog: main                      optional
 *     database: default                  optional; `schema` is another word for it
 *     configuration: {key: "text"}       optional, texts only
 *     libraries:                         a list of {glob: {include: PATH}}; PATH is a file, or a
 *                                        folder, a slash and two stars: all files below it
 *
 * The layout is that of Spark Declarative Pipelines; a relative storage and ${...} are additions.
 * In every text `${NAME}` is a variable of the environment (an error when unset), `${NAME:-text}`
 * has a default for unset and empty ones, `$${` stands for `${`; a text that starts with `@file:`
 * is replaced by the content of that file, less one line end. Whatever else stands in the file is
 * an error with line and column, and the name that was probably meant.
 *
 * Everything returned lives in the caller's arena; paths count from the process's folder, so that
 * core/port takes them as they are.
 * Source: Spark 4.2 `pyspark.pipelines.cli`, unpack_pipeline_spec. */
#ifndef MR_CORE_PIPELINE_SPEC_H
#define MR_CORE_PIPELINE_SPEC_H

#include "core/port/files.h"

enum { MR_SPEC_BYTES_MAX = 1 << 20, MR_SPEC_LIBRARY_DEPTH_MAX = 32 };

/* The environment: the value of a variable, or null when it is not set. */
struct mr_variables {
    const char *(*get)(void *ctx, const char *name);
    void *ctx;
};

struct mr_setting {
    struct mr_span name;
    struct mr_span value; /* both zero-terminated */
    uint32_t line;        /* in the spec; 0 = from elsewhere */
};

struct mr_library {
    const char *path; /* a file, or a folder when is_tree */
    bool is_tree;     /* was written folder/ and two stars: all files below it */
    uint32_t line;
    uint32_t column;
};

struct mr_pipeline_spec {
    const char *origin; /* path of the spec file */
    const char *folder; /* the pipeline's folder */
    const char *name;
    const char *storage;                    /* a path; relative only when `folder` is */
    bool is_storage_relative;               /* as written in the spec; `lint` flags it */
    const char *catalog;                    /* "main" unless given */
    const char *database;                   /* "default" unless given */
    const struct mr_setting *configuration; /* in the order written, names distinct */
    uint32_t configuration_count;
    const struct mr_library *libraries;
    uint32_t library_count;
};

/* mr_pipeline_spec_read: the spec in `text`.
 * origin     name of the file, for messages
 * folder     what relative paths count from
 * io         reads what `@file:` names; null refuses it
 * variables  null: none is set
 * returns MR_E_SYNTAX for malformed YAML and whatever the rules above refuse, MR_E_UNSUPPORTED for
 *         a storage that is no local path, with line and column; MR_E_LIMIT, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pipeline_spec_read(struct mr_arena *arena, struct mr_span text,
                                            const char *origin, const char *folder,
                                            struct mr_io *io, const struct mr_variables *variables,
                                            struct mr_pipeline_spec *out_spec, struct mr_err *err);

/* mr_pipeline_spec_load: finds spark-pipeline.yml or .yaml in `folder` and reads it; both are an
 * error. */
MR_MUST_USE mr_status mr_pipeline_spec_load(struct mr_arena *arena, struct mr_io *io,
                                            const char *folder,
                                            const struct mr_variables *variables,
                                            struct mr_pipeline_spec *out_spec, struct mr_err *err);

/* mr_pipeline_setting: the value of a configuration key, or `fallback`. */
struct mr_span mr_pipeline_setting(const struct mr_pipeline_spec *spec, const char *name,
                                   struct mr_span fallback);

struct mr_library_file {
    const char *path;  /* from the process's folder */
    const char *label; /* from the pipeline's folder, for messages */
};

/* mr_pipeline_library_files: the SQL files that the libraries name, sorted by path, each once.
 * Names that start with a dot are passed over, links to folders are not followed.
 * returns MR_E_UNSUPPORTED for a file that is no .sql, by name; MR_E_NOT_FOUND for a library that
 *         is not there, or when there is no file at all; MR_E_LIMIT, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pipeline_library_files(struct mr_arena *arena, struct mr_io *io,
                                                const struct mr_pipeline_spec *spec,
                                                const struct mr_library_file **out_files,
                                                uint32_t *out_count, struct mr_err *err);

#endif
