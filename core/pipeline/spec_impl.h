/* Reading the nodes of a spec: texts with their variables, and errors at their place.
 *
 * The YAML document is libyaml's; it allocates for itself, bounded by the size of the text. What
 * leaves here is copied into the reader's arena. Aliases may make a document cyclic, so nothing
 * walks it deeper than the shape of a spec says. */
#ifndef MR_CORE_PIPELINE_SPEC_IMPL_H
#define MR_CORE_PIPELINE_SPEC_IMPL_H

#include <yaml.h>

#include "core/pipeline/spec.h"

struct spec_reader {
    struct mr_arena *arena;
    struct mr_io *io;
    const struct mr_variables *variables;
    const char *origin;
    const char *folder;
    yaml_document_t doc;
    struct mr_err *err;
};

/* mr_spec_fail: an error at the node; returns `status`. */
mr_status mr_spec_fail(struct spec_reader *reader, const yaml_node_t *node, mr_status status,
                       uint32_t code, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* mr_spec_nomem: MR_E_NOMEM about the spec. */
mr_status mr_spec_nomem(struct spec_reader *reader);

/* mr_spec_raw: the characters of a scalar as they stand; 0 bytes for other nodes. */
struct mr_span mr_spec_raw(const yaml_node_t *node);

/* mr_spec_text: the text of a scalar, variables and @file: replaced, zero-terminated. `what` names
 * the field in messages. Refuses other nodes and plain scalars that YAML takes for a number, a
 * boolean, a date or null, and texts with a zero byte in them. */
MR_MUST_USE mr_status mr_spec_text(struct spec_reader *reader, const yaml_node_t *node,
                                   const char *what, struct mr_span *out_text);

/* mr_spec_path: `path` counted from the pipeline's folder; null when out of memory. */
const char *mr_spec_path(struct spec_reader *reader, const char *path);

/* mr_spec_join: `path` counted from `folder`; null when out of memory. */
const char *mr_spec_join(struct mr_arena *arena, const char *folder, const char *path);

#endif
