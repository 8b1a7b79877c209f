/* Bytes per second of the JSON path on one core, over a file of lines given as argument: the index
 * alone, the UTF-8 check alone, and the reader into typed columns by the inferred schema, each on
 * every instruction set of the machine. Unit: input bytes. One JSON line per measurement with the
 * best and the median of the runs; before speed is reported, counts are checked against the
 * reference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/checked.h"
#include "core/format/json/json_infer.h"

enum { RUNS = 7, TILE = 64 << 10, SAMPLE = 1 << 20 };

struct input {
    char *text;
    size_t bytes;
    struct mr_heap heap;
    struct mr_arena arena;
    const struct mr_type *schema;
    struct mr_json_options options;
};

static double now_s(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int time_compare(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return one < other ? -1 : one > other;
}

static uint64_t run_index(struct input *in, const struct mr_json_kernels *kernels)
{
    static uint32_t pos[TILE + MR_JSON_POS_SLACK];
    static uint64_t quotes[TILE / 64], care[TILE / 64];
    struct mr_json_state state = {0};
    uint64_t count = 0;
    for (size_t at = 0; at < in->bytes; at += TILE) {
        uint32_t bytes = (uint32_t)MR_MIN(in->bytes - at, (size_t)TILE);
        count += kernels->index(in->text + at, bytes, MR_JSON_LINES, 0, &state, pos, quotes, care);
    }
    return count;
}

static uint64_t run_utf8(struct input *in, const struct mr_json_kernels *kernels)
{
    return kernels->utf8_check(in->text, in->bytes);
}

static uint64_t run_reader(struct input *in, const struct mr_json_kernels *kernels)
{
    struct mr_json_reader *reader;
    struct mr_err err = {0};
    size_t at = 0;
    if (mr_json_reader_open(&in->heap, in->schema, &in->options, kernels, NULL, &reader, &err) !=
        MR_OK)
        abort();
    while (at < in->bytes) {
        struct mr_batch batch;
        size_t bytes = MR_MIN(in->bytes - at, (size_t)SAMPLE * 2), consumed;
        mr_batch_init(&batch, &in->arena, in->schema);
        mr_status status = mr_json_reader_decode(reader, in->text + at, bytes,
                                                 at + bytes == in->bytes, &batch, &consumed, &err);
        if (status != MR_OK) abort();
        at += consumed;
        mr_batch_fini(&batch);
    }
    uint64_t rows = mr_json_reader_counters(reader)->rows;
    mr_json_reader_close(reader);
    return rows;
}

typedef uint64_t (*work_fn)(struct input *in, const struct mr_json_kernels *kernels);

static void measure(struct input *in, const char *name, work_fn work)
{
    uint64_t wanted = work(in, mr_json_kernels(MR_ISA_REF));
    for (int isa = 0; isa <= (int)mr_isa_best(); isa++) {
        double times[RUNS];
        for (int i = 0; i < RUNS; i++) {
            double from = now_s();
            if (work(in, mr_json_kernels((mr_isa)isa)) != wanted) abort();
            times[i] = now_s() - from;
        }
        qsort(times, RUNS, sizeof times[0], time_compare);
        double gb = (double)in->bytes * 1e-9;
        printf("{\"bench\":\"%s\",\"isa\":\"%s\",\"bytes\":%zu,\"count\":%llu,\"best_gb_s\":%.3f,"
               "\"median_gb_s\":%.3f}\n",
               name, mr_isa_name((mr_isa)isa), in->bytes, (unsigned long long)wanted, gb / times[0],
               gb / times[RUNS / 2]);
    }
}

static void input_open(struct input *in, const char *path)
{
    struct mr_json_infer *infer;
    size_t consumed;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) abort();
    in->bytes = (size_t)ftell(file);
    rewind(file);
    in->text = aligned_alloc(64, (in->bytes + 2 * MR_PAD) & ~(size_t)63);
    if (in->text == NULL || fread(in->text, 1, in->bytes, file) != in->bytes) abort();
    (void)fclose(file);
    mr_heap_init(&in->heap, 0);
    mr_arena_init(&in->arena, &in->heap, 0);
    mr_json_options_init(&in->options);
    in->options.infers_column_types = in->options.infers_timestamp = true;
    if (mr_json_infer_open(&in->heap, &in->options, mr_json_kernels(MR_ISA_REF), &infer, NULL) !=
        MR_OK)
        abort();
    if (mr_json_infer_feed(infer, in->text, MR_MIN(in->bytes, (size_t)SAMPLE), false, &consumed,
                           NULL) != MR_OK)
        abort();
    static struct mr_arena types;
    mr_arena_init(&types, &in->heap, 0);
    if (mr_json_infer_type(infer, &types, &in->schema, NULL) != MR_OK) abort();
    mr_json_infer_close(infer);
}

int main(int argc, char **argv)
{
    struct input in = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE.ndjson\n", argv[0]);
        return 2;
    }
    input_open(&in, argv[1]);
    measure(&in, "json_index", run_index);
    measure(&in, "utf8_check", run_utf8);
    measure(&in, "json_reader", run_reader);
    return 0;
}
