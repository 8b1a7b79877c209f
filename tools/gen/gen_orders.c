#include "tools/gen/gen_impl.h"

static const struct mr_span statuses[] = {MR_SPAN("placed"), MR_SPAN("paid"), MR_SPAN("shipped"),
                                          MR_SPAN("delivered"), MR_SPAN("cancelled")};
static const struct mr_span currencies[] = {MR_SPAN("EUR"), MR_SPAN("USD"), MR_SPAN("GBP")};
static const struct mr_span streets[] = {MR_SPAN("Hauptstra\xc3\x9f"
                                                 "e"),
                                         MR_SPAN("Main Street"), MR_SPAN("Rua Augusta"),
                                         MR_SPAN("Rue de l'\xc3\x89glise"),
                                         MR_SPAN("\\\"The Mews\\\"")};
static const struct mr_span cities[] = {MR_SPAN("Berlin"), MR_SPAN("Boston"), MR_SPAN("Porto"),
                                        MR_SPAN("Orl\xc3\xa9"
                                                "ans"),
                                        MR_SPAN("Leeds")};

/* Lines of an order; returns the sum in *total, in cents. */
static char *put_items(char *at, struct mr_rng *rng, uint32_t count, uint64_t *total)
{
    at = PUT(at, ",\"items\":[");
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bits = mr_rng_next(rng);
        uint64_t cents = 99 + take_below(&bits, 30000), quantity = 1 + take_below(&bits, 4);
        at = put_span(at, i == 0 ? MR_SPAN("{\"sku\":\"SKU-") : MR_SPAN(",{\"sku\":\"SKU-"));
        at = put_digits(at, take_below(&bits, 20000), 6);
        at = PUT(at, "\",\"quantity\":");
        at = put_uint(at, quantity);
        at = PUT(at, ",\"unit_price\":");
        at = put_fixed(at, (int64_t)cents, 2);
        at = PUT(at, "}");
        *total += cents * quantity;
    }
    return PUT(at, "]");
}

static char *put_shipping(char *at, uint64_t *bits)
{
    uint32_t place = take_below(bits, MR_COUNT_OF(cities));
    at = PUT(at, ",\"shipping\":{\"street\":\"");
    at = put_span(at, streets[place]);
    *at++ = ' ';
    at = put_uint(at, 1 + take_below(bits, 200));
    at = PUT(at, "\",\"city\":\"");
    at = put_span(at, cities[place]);
    at = PUT(at, "\",\"zip\":\"");
    at = put_digits(at, take_below(bits, 65536), 5);
    return PUT(at, "\"}");
}

char *mr_gen_orders(struct mr_gen *gen, uint64_t record, int64_t us, char *at)
{
    uint64_t bits = mr_rng_next(&gen->shape), more = mr_rng_next(&gen->shape), total = 0;
    at = PUT(at, "{\"order_id\":");
    at = put_uint(at, record + 1);
    at = PUT(at, ",\"order_time\":\"");
    at = mr_gen_put_time(gen, at, us, 6);
    at = PUT(at, "\",\"customer_id\":");
    at = put_uint(at, 1 + take_below(&bits, 50000));
    at = PUT(at, ",\"status\":\"");
    at = put_span(at, statuses[take_below(&bits, MR_COUNT_OF(statuses))]);
    at = PUT(at, "\",\"currency\":\"");
    at = put_span(at, currencies[take_below(&bits, MR_COUNT_OF(currencies))]);
    at = PUT(at, "\"");
    at = put_items(at, &gen->shape, 1 + take_below(&bits, 4), &total);
    at = PUT(at, ",\"total\":");
    at = put_fixed(at, (int64_t)total, 2);
    at = put_shipping(at, &more);
    return take_below(&more, 5) == 0 ? PUT(at, ",\"note\":\"leave it at the door\\n(thanks)\"}")
                                     : PUT(at, ",\"note\":null}");
}
