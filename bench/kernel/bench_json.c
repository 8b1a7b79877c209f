/* Megabytes per second of processor time of the JSON path on one core: the index alone, the UTF-8
 * check alone, and the reader into typed columns, each on every instruction set of the machine, in
 * turn. Unit: input bytes. One JSON line per measurement. Before a speed is printed, counts have to
 * be those of the reference, and of the reader the sums of all columns (column_sums.h) too; a test
 * compares those with a parse by Python.
 *
 *     bench_json --work w1 --bytes 64MB            a workload (bench/data/workload.h)
 *     bench_json --file FILE.ndjson                lines of a file, by the schema inferred from it
 *     ... --only reader --isa avx2 --runs 5        part of it
 *     ... --only sums                              prints the reader's sums instead
 */
#include <stdlib.h>
#include <string.h>

#include "bench/kernel/bench_run.h"
#include "bench/kernel/column_sums.h"
#include "bench/kernel/json_input.h"
#include "core/base/checked.h"

enum { RUNS = 7, TILE = 64 << 10 };

/* What a text consists of, as shares of its bytes; the index decides what stands outside strings.
 */
struct mix {
    double structural; /* { } [ ] : , outside strings, and quotes that open one */
    double escapes;    /* backslashes that quote the byte behind them */
    double wide;       /* bytes of characters that are not ASCII */
};

/* ---- what is measured ---- */

static uint64_t run_index(struct mr_json_input *in, const struct mr_json_kernels *kernels)
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

static uint64_t run_utf8(struct mr_json_input *in, const struct mr_json_kernels *kernels)
{
    return kernels->utf8_check(in->text, in->bytes);
}

static uint64_t run_reader(struct mr_json_input *in, const struct mr_json_kernels *kernels)
{
    return mr_json_input_read(in, kernels, NULL, NULL);
}

typedef uint64_t (*work_fn)(struct mr_json_input *in, const struct mr_json_kernels *kernels);

static const struct bench {
    const char *name;
    work_fn work;
} benches[] = {{"index", run_index}, {"utf8", run_utf8}, {"reader", run_reader}};

/* ---- measuring ---- */

static void add_batch(void *ctx, struct mr_batch *batch)
{
    mr_column_sums_add(ctx, batch);
}

static struct mr_column_sums *sums_of(struct mr_json_input *in, mr_isa isa)
{
    struct mr_column_sums *sums = mr_bench_must(calloc(1, sizeof *sums));
    (void)mr_json_input_read(in, mr_json_kernels(isa), add_batch, sums);
    return sums;
}

static void check_sums(struct mr_json_input *in, const mr_isa *isas, uint32_t isa_count)
{
    struct mr_column_sums *wanted = sums_of(in, MR_ISA_REF);
    for (uint32_t i = 0; i < isa_count; i++) {
        struct mr_column_sums *sums = sums_of(in, isas[i]);
        if (!mr_column_sums_equal(sums, wanted)) mr_bench_die("columns differ from the reference");
        free(sums);
    }
    free(wanted);
}

static bool is_opening(const char *text, size_t at)
{
    char before = at > 0 ? text[at - 1] : '\n';
    return strchr(":,[{ \n", before) != NULL;
}

static struct mix mix_of(const struct mr_json_input *in)
{
    uint64_t structural = 0, escapes = 0, wide = 0;
    bool is_inside = false;
    for (size_t i = 0; i < in->bytes; i++) {
        char byte = in->text[i];
        wide += (uint8_t)byte >= 0x80;
        if (byte == '\n') is_inside = false; /* a broken line ends with its string open */
        if (is_inside && byte == '\\') {
            escapes++;
            i++;
        } else if (byte == '"') {
            structural += !is_inside && is_opening(in->text, i);
            is_inside = !is_inside;
        } else if (!is_inside && byte != '\0' && strchr("{}[]:,", byte) != NULL) {
            structural++;
        }
    }
    double bytes = (double)in->bytes;
    return (struct mix){(double)structural / bytes, (double)escapes / bytes, (double)wide / bytes};
}

static void print_line(const struct mr_json_input *in, const char *name, mr_isa isa, uint64_t count,
                       const struct mix *mix, struct mr_bench_times *times)
{
    mr_bench_head("json");
    (void)printf(",\"what\":\"%s\",\"isa\":\"%s\",\"work\":\"%s\",\"shuffle\":%g", name,
                 mr_isa_name(isa), in->lines > 0 ? mr_work_name(in->work.kind) : "file",
                 in->work.shuffle);
    if (in->work.kind == MR_WORK_FLAT) {
        (void)printf(",\"fields\":%u,\"text\":%u,\"escape_share\":%g,\"distinct\":%llu",
                     in->work.fields, in->work.text, in->work.escapes,
                     (unsigned long long)in->work.distinct);
    }
    (void)printf(",\"bytes\":%zu,\"lines\":%llu,\"structural\":%.4f,\"escapes\":%.4f,"
                 "\"wide\":%.4f,\"count\":%llu",
                 in->bytes, (unsigned long long)in->lines, mix->structural, mix->escapes, mix->wide,
                 (unsigned long long)count);
    mr_bench_rate(times, "mb_s", (double)in->bytes * 1e-6);
    (void)printf(",\"runs\":%u,\"is_checked\":true}\n", times->count);
    (void)fflush(stdout);
}

/* A function of its own, for callgrind to count in it alone (bench/callgrind). */
__attribute__((noinline)) static uint64_t timed_work(struct mr_json_input *in, work_fn work,
                                                     mr_isa isa)
{
    return work(in, mr_json_kernels(isa));
}

static void measure(struct mr_json_input *in, const struct bench *bench, const mr_isa *isas,
                    uint32_t isa_count, uint32_t runs, const struct mix *mix)
{
    struct mr_bench_times times[MR_ISA_COUNT] = {0};
    uint64_t wanted = bench->work(in, mr_json_kernels(MR_ISA_REF));
    for (uint32_t run = 0; run < runs; run++) {
        for (uint32_t i = 0; i < isa_count; i++) {
            double from = mr_bench_cpu_s();
            uint64_t count = timed_work(in, bench->work, isas[i]);
            mr_bench_times_add(&times[i], mr_bench_cpu_s() - from);
            if (count != wanted) mr_bench_die("a count differs from the reference");
        }
    }
    for (uint32_t i = 0; i < isa_count; i++) {
        print_line(in, bench->name, isas[i], wanted, mix, &times[i]);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"only", "isa", "runs", MR_JSON_INPUT_NAMES, NULL};
    struct mr_json_input in;
    struct mr_column_sums *sums;
    mr_isa isas[MR_ISA_COUNT];
    mr_bench_check_arguments(argc, argv, names);
    uint32_t isa_count = mr_bench_isas(argc, argv, isas);
    uint32_t runs = mr_bench_count(argc, argv, "runs", RUNS, MR_BENCH_RUNS_MAX);
    const char *only = mr_bench_argument(argc, argv, "only");
    mr_json_input_open(&in, argc, argv);
    check_sums(&in, isas, isa_count);
    if (only != NULL && strcmp(only, "sums") == 0) {
        sums = sums_of(&in, isas[0]);
        mr_column_sums_print(sums, in.schema);
        free(sums);
    } else {
        const struct mix mix = mix_of(&in);
        for (size_t i = 0; i < MR_COUNT_OF(benches); i++) {
            if (only != NULL && strcmp(only, benches[i].name) != 0) continue;
            measure(&in, &benches[i], isas, isa_count, runs, &mix);
        }
    }
    mr_json_input_close(&in);
    return 0;
}
