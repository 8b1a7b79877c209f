#include "bench/kernel/bench_run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/checked.h"

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double mr_bench_cpu_s(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double mr_bench_wall_s(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

void mr_bench_die(const char *what)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void *mr_bench_must(void *at)
{
    if (at == NULL) mr_bench_die("out of memory");
    return at;
}

/* ---- arguments ---- */

const char *mr_bench_argument(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, name) == 0) return argv[i + 1];
    }
    return NULL;
}

void mr_bench_check_arguments(int argc, char **argv, const char *const *names)
{
    for (int i = 1; i < argc; i += 2) {
        const char *const *name = names;
        if (strncmp(argv[i], "--", 2) == 0 && i + 1 < argc) {
            while (*name != NULL && strcmp(*name, argv[i] + 2) != 0) name++;
            if (*name != NULL) continue;
        }
        (void)fprintf(stderr, "bench: cannot make sense of \"%s\"; options, each with a value:",
                      argv[i]);
        for (name = names; *name != NULL; name++) (void)fprintf(stderr, " --%s", *name);
        (void)fputc('\n', stderr);
        exit(2);
    }
}

uint32_t mr_bench_count(int argc, char **argv, const char *name, uint32_t otherwise, uint32_t max)
{
    const char *text = mr_bench_argument(argc, argv, name);
    if (text == NULL) return otherwise;
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > max) {
        (void)fprintf(stderr, "bench: --%s: \"%s\" is no number from 1 to %u\n", name, text, max);
        exit(2);
    }
    return (uint32_t)value;
}

uint32_t mr_bench_isas(int argc, char **argv, mr_isa out_isas[MR_ISA_COUNT])
{
    const char *text = mr_bench_argument(argc, argv, "isa");
    uint32_t count = 0;
    if (text == NULL) {
        for (int isa = 0; isa <= (int)mr_isa_best(); isa++) out_isas[count++] = (mr_isa)isa;
        return count;
    }
    struct mr_err err = {0};
    if (mr_isa_parse(mr_span_of(text), &out_isas[0], &err) != MR_OK) mr_bench_die(err.message);
    return 1;
}

/* ---- spread ---- */

void mr_bench_times_add(struct mr_bench_times *times, double seconds)
{
    uint32_t i = times->count;
    if (i == MR_BENCH_RUNS_MAX) mr_bench_die("too many runs");
    for (; i > 0 && times->s[i - 1] > seconds; i--) times->s[i] = times->s[i - 1];
    times->s[i] = seconds;
    times->count++;
}

static void print_spread(const char *name, double min, double median, double max)
{
    (void)printf(",\"%s_min\":%.6g,\"%s_median\":%.6g,\"%s_max\":%.6g", name, min, name, median,
                 name, max);
}

void mr_bench_rate(struct mr_bench_times *times, const char *name, double amount)
{
    print_spread(name, amount / times->s[times->count - 1], amount / times->s[times->count / 2],
                 amount / times->s[0]);
}

void mr_bench_cost(struct mr_bench_times *times, const char *name, double amount)
{
    print_spread(name, times->s[0] / amount, times->s[times->count / 2] / amount,
                 times->s[times->count - 1] / amount);
}

/* ---- the head of a line ---- */

static void machine_read(char *out, size_t room)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    (void)snprintf(out, room, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "model name", 10) != 0) continue;
        const char *name = strchr(line, ':');
        if (name != NULL) (void)snprintf(out, room, "%s", name + 2);
        break;
    }
    if (file != NULL) (void)fclose(file);
    out[strcspn(out, "\"\\\n")] = '\0';
}

void mr_bench_head(const char *name)
{
    char machine[128];
    machine_read(machine, sizeof machine);
#if defined(__clang__)
    const char *compiler = "clang " __clang_version__;
#else
    const char *compiler = "gcc " __VERSION__;
#endif
    (void)printf("{\"bench\":\"%s\",\"machine\":\"%s\",\"compiler\":\"%s\",\"flags\":\"%s\"", name,
                 machine, compiler, MR_BENCH_FLAGS);
}
