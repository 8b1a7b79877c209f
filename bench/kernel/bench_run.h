/* What the benchmark programs share: their arguments, time, spread, and the head of a JSON line.
 *
 * Time is processor time of the calling thread, so that a busy machine disturbs it less; variants
 * that are compared run in turn, round by round. A line has the minimum, median and maximum. */
#ifndef MR_BENCH_KERNEL_BENCH_RUN_H
#define MR_BENCH_KERNEL_BENCH_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kernels/isa/isa.h"

enum { MR_BENCH_RUNS_MAX = 64 };

struct mr_bench_times {
    double s[MR_BENCH_RUNS_MAX];
    uint32_t count;
};

/* mr_bench_cpu_s: processor seconds of this thread. mr_bench_wall_s: of the clock. */
double mr_bench_cpu_s(void);
double mr_bench_wall_s(void);

/* mr_bench_die: says what is wrong and ends the program. mr_bench_must: unless `at` is there. */
_Noreturn void mr_bench_die(const char *what);
void *mr_bench_must(void *at);

/* mr_bench_argument: the value behind `--name` in argv, or null. Every argument that no name asked
 * for is an error that mr_bench_check_arguments reports; `names` ends with null. */
const char *mr_bench_argument(int argc, char **argv, const char *name);
void mr_bench_check_arguments(int argc, char **argv, const char *const *names);
uint32_t mr_bench_count(int argc, char **argv, const char *name, uint32_t otherwise, uint32_t max);

/* mr_bench_isas: the levels to run: one with --isa, otherwise all of this machine, ascending.
 * returns how many */
uint32_t mr_bench_isas(int argc, char **argv, mr_isa out_isas[MR_ISA_COUNT]);

void mr_bench_times_add(struct mr_bench_times *times, double seconds);

/* mr_bench_rate: prints `"NAME_min":..,"NAME_median":..,"NAME_max":..` of amount / seconds. */
void mr_bench_rate(struct mr_bench_times *times, const char *name, double amount);

/* mr_bench_cost: the same of seconds / amount. */
void mr_bench_cost(struct mr_bench_times *times, const char *name, double amount);

/* mr_bench_head: `{"bench":NAME,"machine":..,"compiler":..,"flags":..`; the caller goes on. */
void mr_bench_head(const char *name);

#endif
