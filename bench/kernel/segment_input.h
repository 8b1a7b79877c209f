/* What bench_segment writes: batches in memory, made from a description of columns or decoded from
 * a file of JSON lines. Texts of a column lie apart from one another in a buffer, as they do in an
 * input text, and values come in no order, except that timestamps ascend. Aborts on any failure. */
#ifndef MR_BENCH_KERNEL_SEGMENT_INPUT_H
#define MR_BENCH_KERNEL_SEGMENT_INPUT_H

#include "core/batch/batch.h"

typedef enum bench_text {
    BENCH_TEXT_SHORT, /* "u-048605": 3 to 12 bytes */
    BENCH_TEXT_PATH,  /* "/products/814/reviews?page=5": 25 to 35 bytes */
    BENCH_TEXT_UUID,  /* 36 bytes */
} bench_text;

struct mr_json_reader;

struct bench_column {
    const char *name;
    mr_type_id type;
    bench_text text;
    uint32_t distinct;     /* 0 = every row its own */
    uint32_t null_percent; /* of rows, at random */
};

struct bench_input {
    struct mr_arena arena;
    const struct mr_type *schema;
    const uint32_t *cols; /* null: columns of the batches are those of the schema */
    struct mr_batch *batches;
    uint32_t batch_count;
    uint64_t rows;
    uint64_t value_count; /* of all leaves, nulls and empty lists counting as one */
    char *text;           /* JSON: the file, and who decoded it */
    struct mr_json_reader *reader;
};

void bench_input_make(struct bench_input *input, struct mr_heap *heap,
                      const struct bench_column *columns, uint32_t count, uint64_t rows);
void bench_input_json(struct bench_input *input, struct mr_heap *heap, const char *path);

/* bench_input_column: column *col of `all` as an input of its own, which borrows everything. */
void bench_input_column(struct bench_input *all, const uint32_t *col, struct bench_input *one);

/* bench_input_touch: reads all of one batch's columns once; returns something made of them. */
uint64_t bench_input_touch(const struct bench_input *input, uint32_t batch);
void bench_input_fini(struct bench_input *input);

#endif
