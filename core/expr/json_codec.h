/* What from_json and schema_of_json need from the tiers above: a reader of JSON text into columns,
 * and one of types in SQL's words.
 *
 * Expressions are a tier below the formats, so the functions live here and their reader comes as
 * this table, through the builder. Whoever makes a builder for queries sets it; without it the two
 * functions are refused by name. The table is constant and outlives all expressions. */
#ifndef MR_CORE_EXPR_JSON_CODEC_H
#define MR_CORE_EXPR_JSON_CODEC_H

#include "core/batch/batch.h"
#include "core/expr/expr.h"
#include "kernels/isa/isa.h"

/* Options as name, value, name, value, ... */
struct mr_json_settings {
    const struct mr_span *texts; /* [2 * count] */
    uint32_t count;
};

struct mr_json_codec {
    /* read_type: "STRUCT<a: INT>" or "a INT, b STRING", which is a struct. */
    mr_status (*read_type)(struct mr_arena *arena, struct mr_span text,
                           const struct mr_type **out_type, struct mr_err *err);

    /* check: whether the options are ones of from_json. fails MR_E_INVALID, MR_E_UNSUPPORTED */
    mr_status (*check)(const struct mr_json_settings *settings, struct mr_err *err);

    /* infer: the type of one document. fails MR_E_CORRUPT when it is malformed */
    mr_status (*infer)(struct mr_arena *arena, const struct mr_json_settings *settings,
                       struct mr_span text, const struct mr_type **out_type, struct mr_err *err);

    /* open: a reader of lines, each an object of `schema`'s members. */
    mr_status (*open)(struct mr_heap *heap, const struct mr_type *schema,
                      const struct mr_json_settings *settings, mr_isa isa,
                      const struct mr_zone *zone, void **out_reader, struct mr_err *err);

    /* decode: up to MR_BATCH_ROWS_MAX lines from the front of the text into a batch over `arena`; a
     * row of nulls for a malformed one. `text` is readable MR_PAD further.
     * fails MR_E_CORRUPT in mode FAILFAST */
    mr_status (*decode)(void *reader, struct mr_span text, struct mr_batch *batch,
                        size_t *out_consumed, struct mr_err *err);
    void (*close)(void *reader); /* null is allowed */
};

#endif
