#include "tools/gen/gen_impl.h"

enum { DEVICES = 10000 };

/* A device keeps its place; what it measures wanders with the hour and a little noise. */
char *mr_gen_iot(struct mr_gen *gen, uint64_t record, int64_t us, char *at)
{
    (void)record;
    uint64_t bits = mr_rng_next(&gen->shape), noise = mr_rng_next(&gen->shape);
    uint64_t device = bits % DEVICES;
    uint64_t place = mr_gen_mix(device + (gen->options.seed << 20));
    bits /= DEVICES;
    /* A triangle over the day, coldest at midnight: -600 to 600 hundredths of a degree. */
    int64_t minute = (us / 60000000 % 1440 + 1440) % 1440;
    int64_t warmth = (minute < 720 ? minute : 1440 - minute) * 1200 / 720 - 600;
    at = PUT(at, "{\"device_id\":\"dev-");
    at = put_digits(at, device, 5);
    at = PUT(at, "\",\"ts\":\"");
    at = mr_gen_put_time(gen, at, us, 6);
    at = PUT(at, "\",\"temperature\":");
    at = put_fixed(at, 1500 + (int64_t)(place % 800) + warmth + take_below(&noise, 200) - 100, 2);
    at = PUT(at, ",\"humidity\":");
    at = put_fixed(at, 3000 + take_below(&noise, 5000), 2);
    at = PUT(at, ",\"pressure\":");
    at = put_fixed(at, 98500 + take_below(&noise, 4500), 2);
    at = PUT(at, ",\"battery\":");
    at = put_uint(at, 5 + take_below(&noise, 96));
    at = PUT(at, ",\"location\":{\"lat\":");
    at = put_fixed(at, (int64_t)(place >> 8 & 0xfffffff) % 120000000 - 60000000, 6);
    at = PUT(at, ",\"lon\":");
    at = put_fixed(at, (int64_t)(place >> 36) % 180000000 - 90000000, 6);
    return PUT(at, "}}");
}
