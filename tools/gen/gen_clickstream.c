#include "tools/gen/gen_impl.h"

static const struct mr_span pages[] = {
    MR_SPAN("/"),
    MR_SPAN("/products/espresso-machine-classic-"),
    MR_SPAN("/products/running-shoes-trail-edition-"),
    MR_SPAN("/search?q=caf\xc3\xa9+cr\xc3\xa8me&page="),
    MR_SPAN("/cart"),
    MR_SPAN("/checkout/payment"),
    MR_SPAN("/account/orders/"),
    MR_SPAN("/produkte/gr\xc3\xb6\xc3\x9f"
            "e-"),
    MR_SPAN("/blog/2026/how-to-choose-a-\\\"good\\\"-tent-"),
    MR_SPAN("/\xe8\xa3\xbd\xe5\x93\x81/"),
};
static const bool page_has_number[] = {false, true, true, true, false,
                                       false, true, true, true, true};

static const struct mr_span referrers[] = {
    MR_SPAN("https://www.google.com/search?q=running+shoes"),
    MR_SPAN("https://duckduckgo.com/"),
    MR_SPAN("https://news.ycombinator.com/item?id=40000000"),
    MR_SPAN("https://t.co/a1B2c3D4e5"),
    MR_SPAN("https:\\/\\/www.example.com\\/landing?utm_source=mail&utm_campaign=spring"),
};

static const struct mr_span systems[] = {MR_SPAN("Windows"), MR_SPAN("macOS"), MR_SPAN("Android"),
                                         MR_SPAN("iOS"), MR_SPAN("Linux")};
static const struct mr_span browsers[] = {MR_SPAN("Chrome 131"), MR_SPAN("Safari 18.1"),
                                          MR_SPAN("Firefox 133"), MR_SPAN("Edge 131"),
                                          MR_SPAN("Samsung Internet 26")};
static const struct mr_span screens[] = {MR_SPAN("[1920,1080]"), MR_SPAN("[2560,1440]"),
                                         MR_SPAN("[390,844]"), MR_SPAN("[412,915]"),
                                         MR_SPAN("[1366,768]")};

static const struct {
    struct mr_span country, city;
    int32_t lat, lon; /* millionths of a degree */
} places[] = {
    {MR_SPAN("DE"), MR_SPAN("M\xc3\xbcnchen"), 48137154, 11576124},
    {MR_SPAN("US"), MR_SPAN("New York"), 40712776, -74005974},
    {MR_SPAN("BR"), MR_SPAN("S\xc3\xa3o Paulo"), -23550520, -46633309},
    {MR_SPAN("JP"), MR_SPAN("\xe6\x9d\xb1\xe4\xba\xac"), 35689487, 139691706},
    {MR_SPAN("FR"), MR_SPAN("Paris"), 48856614, 2352222},
    {MR_SPAN("IN"), MR_SPAN("Bengaluru"), 12971599, 77594563},
    {MR_SPAN("GB"), MR_SPAN("London"), 51507351, -127758},
    {MR_SPAN("ZA"), MR_SPAN("Cape Town"), -33924869, 18424055},
};

static const struct mr_span tags[] = {
    MR_SPAN("\"returning\""),       MR_SPAN("\"newsletter\""),
    MR_SPAN("\"a/b:variant-2\""),   MR_SPAN("\"50\\\" screen\""),
    MR_SPAN("\"promo\\\\spring\""), MR_SPAN("\"caf\\u00e9\""),
    MR_SPAN("\"mobile app\""),      MR_SPAN("\"\xf0\x9f\x8e\x81 gift\""),
};

enum event_type { PAGE_VIEW, CLICK, SEARCH, ADD_TO_CART, PURCHASE, SIGNUP, LOGOUT };

static const struct {
    struct mr_span name;
    uint32_t up_to; /* of 1000 */
} event_types[] = {
    [PAGE_VIEW] = {MR_SPAN("page_view"), 520}, [CLICK] = {MR_SPAN("click"), 740},
    [SEARCH] = {MR_SPAN("search"), 810},       [ADD_TO_CART] = {MR_SPAN("add_to_cart"), 900},
    [PURCHASE] = {MR_SPAN("purchase"), 960},   [SIGNUP] = {MR_SPAN("signup"), 980},
    [LOGOUT] = {MR_SPAN("logout"), 1000},
};

static enum event_type pick_event(uint32_t of_1000)
{
    enum event_type type = PAGE_VIEW;
    while (of_1000 >= event_types[type].up_to) type++;
    return type;
}

/* A version 8 UUID (RFC 9562, 5.8) that no other record of this seed has. */
static char *put_event_id(char *at, uint64_t seed, uint64_t record)
{
    uint64_t high = mr_gen_mix(record ^ seed << 40), low = mr_gen_mix(high ^ seed);
    at = put_hex(at, high >> 32, 8);
    *at++ = '-';
    at = put_hex(at, high >> 16, 4);
    at = PUT(at, "-8");
    at = put_hex(at, low >> 52, 3);
    at = PUT(at, "-a");
    at = put_hex(at, low >> 40, 3);
    *at++ = '-';
    at = put_hex(at, high, 4);
    return put_hex(at, low, 8);
}

static char *put_page(char *at, uint64_t *bits, uint64_t *more)
{
    uint32_t page = take_below(bits, MR_COUNT_OF(pages));
    at = PUT(at, ",\"page\":\"");
    at = put_span(at, pages[page]);
    if (page_has_number[page]) at = put_uint(at, take_below(more, 5000));
    at = PUT(at, "\"");
    uint32_t kind = take_below(bits, 10);
    if (kind < 6) {
        at = PUT(at, ",\"referrer\":\"");
        at = put_span(at, referrers[take_below(more, MR_COUNT_OF(referrers))]);
        return PUT(at, "\"");
    }
    return kind < 9 ? PUT(at, ",\"referrer\":null") : at; /* the rest have no such field */
}

static char *put_device(char *at, uint64_t *bits)
{
    at = PUT(at, ",\"device\":{\"os\":\"");
    at = put_span(at, systems[take_below(bits, MR_COUNT_OF(systems))]);
    at = PUT(at, "\",\"browser\":\"");
    at = put_span(at, browsers[take_below(bits, MR_COUNT_OF(browsers))]);
    at = PUT(at, "\",\"screen\":");
    at = put_span(at, screens[take_below(bits, MR_COUNT_OF(screens))]);
    return PUT(at, "}");
}

static char *put_geo(char *at, uint64_t user, uint64_t *bits)
{
    uint32_t place = (uint32_t)(mr_gen_mix(user) % MR_COUNT_OF(places));
    at = PUT(at, ",\"geo\":{\"country\":\"");
    at = put_span(at, places[place].country);
    at = PUT(at, "\",\"city\":\"");
    at = put_span(at, places[place].city);
    at = PUT(at, "\",\"lat\":");
    at = put_fixed(at, places[place].lat + (int64_t)take_below(bits, 65536) - 32768, 6);
    at = PUT(at, ",\"lon\":");
    at = put_fixed(at, places[place].lon + (int64_t)take_below(bits, 65536) - 32768, 6);
    return PUT(at, "}");
}

/* Prices where something has one; elsewhere null or absent, as sources do it. */
static char *put_price(char *at, enum event_type type, uint64_t *bits)
{
    bool has_price = type == ADD_TO_CART || type == PURCHASE;
    uint32_t part = take_below(bits, 65536), quantity = take_below(bits, 16);
    if (!has_price) return part & 1 ? PUT(at, ",\"price\":null") : at;
    at = PUT(at, ",\"price\":");
    at = put_fixed(at, 199 + part, 2);
    at = PUT(at, ",\"quantity\":");
    return put_uint(at, quantity < 11 ? 1 : quantity - 9);
}

static char *put_tags(char *at, uint64_t *bits)
{
    uint32_t count = take_below(bits, 4), from = take_below(bits, MR_COUNT_OF(tags));
    at = PUT(at, ",\"tags\":[");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) *at++ = ',';
        at = put_span(at, tags[(from + 3 * i) % MR_COUNT_OF(tags)]);
    }
    return PUT(at, "]");
}

char *mr_gen_clickstream(struct mr_gen *gen, uint64_t record, int64_t us, char *at)
{
    struct mr_rng *rng = &gen->shape;
    uint64_t a = mr_rng_next(rng), b = mr_rng_next(rng), c = mr_rng_next(rng);
    uint64_t d = mr_rng_next(rng), e = mr_rng_next(rng);
    /* The square makes few users busy and many rare: 100,000 of them. */
    uint64_t share = e >> 40, user = (share * share >> 24) * 100000 >> 24;
    enum event_type type = pick_event(take_below(&a, 1000));
    at = PUT(at, "{\"event_id\":\"");
    at = put_event_id(at, gen->options.seed, record);
    at = PUT(at, "\",\"event_time\":\"");
    at = mr_gen_put_time(gen, at, us, 3);
    at = PUT(at, "\",\"user_id\":\"u-");
    at = put_digits(at, user, 6);
    at = PUT(at, "\",\"session_id\":\"s-");
    at = put_hex(at, mr_gen_mix(user + (uint64_t)(us / 1800000000) * 1000003), 12);
    at = PUT(at, "\",\"event_type\":\"");
    at = put_span(at, event_types[type].name);
    at = PUT(at, "\"");
    at = put_page(at, &a, &b);
    at = put_device(at, &c);
    at = put_geo(at, user, &d);
    at = put_price(at, type, &d);
    at = put_tags(at, &b);
    return take_below(&e, 100) < 3 ? PUT(at, ",\"is_bot\":true}") : PUT(at, ",\"is_bot\":false}");
}
