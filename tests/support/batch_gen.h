/* Random record batches of any schema, and their rows as JSON, for tests of formats.
 *
 * The same seed gives the same batches. Values are drawn to meet the edges: zeros of both signs,
 * NaN with payloads, infinities, extreme integers and decimals, dates far out, empty and long
 * texts, texts of all UTF-8 lengths and without any order; nulls at every level, empty lists and
 * maps. A column is drawn from few values or from many, by its position, so that dictionaries hold,
 * fill and fail. */
#ifndef MR_TESTS_SUPPORT_BATCH_GEN_H
#define MR_TESTS_SUPPORT_BATCH_GEN_H

#include "core/base/rng.h"
#include "core/batch/batch.h"

typedef enum mr_gen_nulls {
    MR_GEN_NULLS_NONE,
    MR_GEN_NULLS_SOME, /* one in five */
    MR_GEN_NULLS_MOST, /* nine in ten */
    MR_GEN_NULLS_ALL,
    MR_GEN_NULLS_COUNT
} mr_gen_nulls;

struct mr_batch_gen {
    struct mr_rng rng;
    mr_gen_nulls nulls;
    uint32_t distinct;  /* values of a column are drawn from this many; 0 = no limit */
    uint32_t list_max;  /* longest list */
    uint32_t text_max;  /* longest text, bytes */
    bool has_selection; /* about half of the rows are selected */
    bool is_sorted;     /* long and timestamp columns ascend */
    uint64_t next_sorted;
};

/* mr_batch_gen_make: a batch of `rows` rows in `arena`; mr_batch_fini ends it. Aborts when out of
 * memory. */
void mr_batch_gen_make(struct mr_batch_gen *gen, struct mr_arena *arena,
                       const struct mr_type *schema, uint32_t rows, struct mr_batch *out);

/* mr_batch_gen_schema: a schema of every type and of nested ones, member names c0, c1, ...; with
 * `depth` levels of random nesting in the last ones. */
const struct mr_type *mr_batch_gen_schema(struct mr_batch_gen *gen, struct mr_arena *arena,
                                          uint32_t depth);

/* mr_value_write_json: one value so that nothing is lost: integers, dates, times and unscaled
 * decimals as JSON strings of digits, float and double as strings of their bits in hex, binary in
 * hex, struct as an array of its members, map as an array of pairs. */
void mr_value_write_json(const struct mr_vec *vec, uint32_t row, struct mr_text *out);

#endif
