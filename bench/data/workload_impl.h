/* Records as lists of members, so that their order is decided when they are written down. */
#ifndef MR_BENCH_DATA_WORKLOAD_IMPL_H
#define MR_BENCH_DATA_WORKLOAD_IMPL_H

#include <string.h>

#include "bench/data/workload.h"
#include "core/base/assert.h"
#include "core/base/checked.h"

enum { MR_WORK_POOL = 10000 }; /* users, hosts, devices that come again */

/* One member at the end of the list; values are appended to it. */
void mr_work_key(struct mr_work *work, const char *key);

void mr_work_text(struct mr_work *work, const char *text);
void mr_work_uint(struct mr_work *work, uint64_t value);
void mr_work_digits(struct mr_work *work, uint64_t value, uint32_t width);
void mr_work_hex(struct mr_work *work, uint64_t value, uint32_t width);

/* mr_work_fixed: value / 10^places with all its places: 5 with 2 is 0.05. */
void mr_work_fixed(struct mr_work *work, int64_t value, uint32_t places);

/* mr_work_time: a string like "2026-01-01T00:00:00.000123Z". `us` after the start of 2026. */
void mr_work_time(struct mr_work *work, uint64_t us);

static inline uint64_t mr_work_below(struct mr_work *work, uint64_t limit)
{
    return mr_rng_below(&work->shape, limit);
}

static inline bool mr_work_chance(struct mr_rng *rng, uint32_t of_100)
{
    return mr_rng_below(rng, 100) < of_100;
}

#define MR_WORK_PICK(work, words) ((words)[mr_work_below((work), MR_COUNT_OF(words))])

/* The members of one record. */
void mr_work_w1(struct mr_work *work);
void mr_work_w2(struct mr_work *work);
void mr_work_w3(struct mr_work *work);
void mr_work_w4(struct mr_work *work);
void mr_work_flat(struct mr_work *work);

/* mr_work_hostile: what w5 does to the members of w1; true when the line is to be broken too. */
bool mr_work_hostile(struct mr_work *work);

extern const char mr_work_w1_ddl[], mr_work_w3_ddl[], mr_work_w4_ddl[], mr_work_clickstream_ddl[];
void mr_work_w2_ddl(char out[MR_WORK_DDL_MAX]);
void mr_work_flat_ddl(const struct mr_work_options *options, char out[MR_WORK_DDL_MAX]);

#endif
