/* Seeded random numbers: xoshiro256** by Blackman and Vigna (2018), seeded through splitmix64.
 * The same seed gives the same sequence on every machine. Not for secrets. */
#ifndef MR_CORE_BASE_RNG_H
#define MR_CORE_BASE_RNG_H

#include <stdint.h>

struct mr_rng {
    uint64_t s[4];
};

void mr_rng_init(struct mr_rng *rng, uint64_t seed);
uint64_t mr_rng_next(struct mr_rng *rng);

/* mr_rng_below: uniform in [0, limit), limit > 0, without modulo bias (Lemire 2019). */
uint64_t mr_rng_below(struct mr_rng *rng, uint64_t limit);

/* mr_rng_unit: uniform in [0, 1). */
double mr_rng_unit(struct mr_rng *rng);

#endif
