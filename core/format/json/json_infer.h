/* Schema inference over a sample of JSON text.
 *
 * The sample is pushed like a reader's input and read by the same rules: what a reader would call
 * malformed is left out here too. What remains is merged value by value (SEMANTICS.md 1.4):
 *
 *   null, ""                     void: a string in the end, or left out with dropFieldIfAllNull
 *   integer of 64 bits           bigint; larger: decimal of its digits, double above 38
 *   other number                 double, or decimal with prefersDecimal
 *   true, false                  boolean
 *   string                       string; timestamp with inferTimestamp, decimal with prefersDecimal
 *   object                       struct, members sorted by name; an empty one is left out
 *   array                        array of its items' merged type
 *
 * and values that do not go together are strings. Without inferColumnTypes every column is a
 * string, objects and arrays included; primitivesAsString keeps their structure. Names that differ
 * in case only are one column, spelled as first seen. */
#ifndef MR_CORE_FORMAT_JSON_JSON_INFER_H
#define MR_CORE_FORMAT_JSON_JSON_INFER_H

#include "core/format/json/json_reader.h"

struct mr_json_infer;

/* mr_json_infer_open: `options` is copied, `kernels` borrowed. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_json_infer_open(struct mr_heap *heap,
                                         const struct mr_json_options *options,
                                         const struct mr_json_kernels *kernels,
                                         struct mr_json_infer **out_infer, struct mr_err *err);
void mr_json_infer_close(struct mr_json_infer *infer); /* null is allowed */

/* mr_json_infer_begin: the next file of the sample starts. */
MR_MUST_USE mr_status mr_json_infer_begin(struct mr_json_infer *infer, struct mr_err *err);

/* mr_json_infer_feed: as mr_json_reader_decode, all that is whole in the text at once.
 * *out_consumed  0: more text is needed
 * returns        MR_E_CORRUPT in mode FAILFAST for a malformed record, MR_E_NOMEM */
MR_MUST_USE mr_status mr_json_infer_feed(struct mr_json_infer *infer, const char *text,
                                         size_t bytes, bool is_last, size_t *out_consumed,
                                         struct mr_err *err);

/* mr_json_infer_type: a struct type in `arena` of what was fed so far. */
MR_MUST_USE mr_status mr_json_infer_type(const struct mr_json_infer *infer, struct mr_arena *arena,
                                         const struct mr_type **out_type, struct mr_err *err);

/* mr_json_infer_records, mr_json_infer_malformed: what the sample had. */
uint64_t mr_json_infer_records(const struct mr_json_infer *infer);
uint64_t mr_json_infer_malformed(const struct mr_json_infer *infer);

#endif
