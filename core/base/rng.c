#include "core/base/rng.h"

#include "core/base/assert.h"

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void mr_rng_init(struct mr_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        rng->s[i] = z ^ (z >> 31);
    }
}

uint64_t mr_rng_next(struct mr_rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t mr_rng_below(struct mr_rng *rng, uint64_t limit)
{
    MR_ASSERT(limit > 0);
    unsigned __int128 wide = (unsigned __int128)mr_rng_next(rng) * limit;
    if ((uint64_t)wide < limit) {
        uint64_t floor = -limit % limit;
        while ((uint64_t)wide < floor) wide = (unsigned __int128)mr_rng_next(rng) * limit;
    }
    return (uint64_t)(wide >> 64);
}

double mr_rng_unit(struct mr_rng *rng)
{
    return (double)(mr_rng_next(rng) >> 11) * 0x1.0p-53;
}
