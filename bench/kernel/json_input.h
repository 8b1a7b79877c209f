/* The lines of JSON that a benchmark reads, in memory, with their schema: a workload made on the
 * spot, or a file with the schema that is inferred from it. Ends the program on any failure. */
#ifndef MR_BENCH_KERNEL_JSON_INPUT_H
#define MR_BENCH_KERNEL_JSON_INPUT_H

#include "bench/data/workload.h"
#include "core/format/json/json_reader.h"

/* The names of arguments that decide the input, for mr_bench_check_arguments. */
#define MR_JSON_INPUT_NAMES                                                                        \
    "file", "work", "bytes", "seed", "shuffle", "text", "escapes", "distinct", "fields"

struct mr_json_input {
    char *text; /* readable MR_PAD further */
    size_t bytes;
    uint64_t lines; /* 0: a file's, not counted */
    struct mr_work_options work;
    struct mr_heap heap;
    struct mr_arena types;
    const struct mr_type *schema; /* of the records; the reader may add a column */
    struct mr_json_options options;
};

void mr_json_input_open(struct mr_json_input *in, int argc, char **argv);
void mr_json_input_close(struct mr_json_input *in);

/* What is done with a batch, which is recycled then. */
typedef void mr_json_input_fn(void *ctx, struct mr_batch *batch);

/* mr_json_input_read: all batches of the text to `use`, unless that is null.
 * returns the number of rows */
uint64_t mr_json_input_read(struct mr_json_input *in, const struct mr_json_kernels *kernels,
                            mr_json_input_fn *use, void *ctx);

#endif
