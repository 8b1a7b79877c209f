/* Workloads: the lines of JSON that figures are about, named with every figure.
 *
 *   w1           flat events: 12 fields, about 250 bytes: 4 strings, 4 integers, 2 times, 2 doubles
 *   w2           wide: 40 fields, about 900 bytes, 30 % of them optional, structs in structs
 *   w3           log text: 6 fields, messages of 200 to 600 bytes, some escapes and non-ASCII
 *   w4           numbers: 10 doubles of few and of many digits, a time, an id
 *   w5           hostile: w1 with shuffled keys, spaces, drifting types, unknown fields, keys that
 *                come twice, broken lines
 *   clickstream  what `millrace gen clickstream` makes: nested, fields null or absent
 *   flat         as many fields as asked for, strings of the length asked for: for curves
 *
 * The same options give the same bytes on every machine. All draws for what records say are made
 * whether or not they are shuffled: with another `shuffle` the same records come in other order of
 * keys. No file, clock or allocation. */
#ifndef MR_BENCH_DATA_WORKLOAD_H
#define MR_BENCH_DATA_WORKLOAD_H

#include <stdio.h>

#include "core/base/rng.h"
#include "tools/gen/gen.h"

enum {
    MR_WORK_MEMBERS_MAX = 256,
    MR_WORK_TEXT_MAX = 4096, /* of a string of `flat` */
    MR_WORK_LINE_MAX = 1 << 20,
    MR_WORK_DDL_MAX = 16 << 10,
};

typedef enum mr_work_kind {
    MR_WORK_W1,
    MR_WORK_W2,
    MR_WORK_W3,
    MR_WORK_W4,
    MR_WORK_W5,
    MR_WORK_CLICKSTREAM,
    MR_WORK_FLAT,
    MR_WORK_KIND_COUNT
} mr_work_kind;

struct mr_work_options {
    mr_work_kind kind;
    uint64_t seed;
    uint64_t bytes;    /* stops with the line that reaches this */
    double shuffle;    /* share of records with keys in random order, 0 to 1; w1 to w4, flat */
    uint32_t fields;   /* flat: how many, in turn string, long, double, timestamp; 1 to 256 */
    uint32_t text;     /* flat: bytes of a string; up to 4096 */
    double escapes;    /* flat: share of the strings' bytes that are escapes, 0 to 1 */
    uint64_t distinct; /* flat: different values of a column; 0 = each record its own */
};

struct mr_work_member {
    uint32_t from; /* in text; with its key and colon */
    uint32_t bytes;
};

struct mr_work {
    struct mr_work_options options;
    uint64_t lines;
    uint64_t bytes;
    struct mr_rng shape; /* what records say */
    struct mr_rng fate;  /* in what form */
    struct mr_work_member members[MR_WORK_MEMBERS_MAX + 4];
    uint32_t member_count;
    char text[MR_WORK_LINE_MAX];
    struct mr_gen gen; /* clickstream */
};

/* mr_work_options_init: w1, 64 MB, seed 1; flat: 12 fields, strings of 16 bytes. */
void mr_work_options_init(struct mr_work_options *options);

/* mr_work_set: one option by name and text ("work" "w1", "bytes" "64MB", "shuffle" "5" in percent);
 * false when the name or the value is none. */
bool mr_work_set(struct mr_work_options *options, const char *name, const char *value);

void mr_work_init(struct mr_work *work, const struct mr_work_options *options);

/* mr_work_fill: whole lines, as many as fit.
 * buf      `room` bytes, room >= MR_WORK_LINE_MAX + 1
 * returns  bytes written; 0 at the end */
size_t mr_work_fill(struct mr_work *work, char *buf, size_t room);

const char *mr_work_name(mr_work_kind kind);

/* mr_work_ddl: the schema of the records, without fields that are unknown on purpose. */
void mr_work_ddl(const struct mr_work_options *options, char out[MR_WORK_DDL_MAX]);

#endif
