/* What the records of each workload say. */
#include "bench/data/workload_impl.h"

/* ---- w1: flat events ---- */

const char mr_work_w1_ddl[] =
    "id BIGINT, kind STRING, user STRING, host STRING, path STRING, created TIMESTAMP, "
    "received TIMESTAMP, status INT, bytes BIGINT, duration INT, price DOUBLE, score DOUBLE";

static const char *const kinds[] = {"\"view\"", "\"click\"", "\"search\"", "\"purchase\""};
static const uint16_t statuses[] = {200, 200, 200, 200, 204, 301, 404, 500};

void mr_work_w1(struct mr_work *work)
{
    uint64_t us = work->lines * 1000 + mr_work_below(work, 1000);
    uint64_t path = mr_rng_next(&work->shape), bytes = mr_rng_next(&work->shape);
    mr_work_key(work, "id");
    mr_work_uint(work, 1000000000 + work->lines);
    mr_work_key(work, "kind");
    mr_work_text(work, MR_WORK_PICK(work, kinds));
    mr_work_key(work, "user");
    mr_work_text(work, "\"u-");
    mr_work_digits(work, mr_work_below(work, MR_WORK_POOL * 10), 8);
    mr_work_text(work, "\"");
    mr_work_key(work, "host");
    mr_work_text(work, "\"host-");
    mr_work_uint(work, mr_work_below(work, 100));
    mr_work_text(work, ".example.org\"");
    mr_work_key(work, "path");
    mr_work_text(work, "\"/item/");
    mr_work_hex(work, path, 4 + (uint32_t)mr_work_below(work, 9));
    mr_work_text(work, "\"");
    mr_work_key(work, "created");
    mr_work_time(work, us);
    mr_work_key(work, "received");
    mr_work_time(work, us + mr_work_below(work, 5000000));
    mr_work_key(work, "status");
    mr_work_uint(work, MR_WORK_PICK(work, statuses));
    mr_work_key(work, "bytes");
    mr_work_uint(work, bytes >> (44 + mr_work_below(work, 16)));
    mr_work_key(work, "duration");
    mr_work_uint(work, mr_work_below(work, 100000));
    mr_work_key(work, "price");
    mr_work_fixed(work, (int64_t)mr_work_below(work, 100000), 2);
    mr_work_key(work, "score");
    mr_work_fixed(work, (int64_t)mr_work_below(work, 2000000) - 1000000, 6);
}

/* ---- w2: wide, with structs of structs ---- */

enum { WIDE_TOP = 16, WIDE_GROUPS = 2, WIDE_GROUP = 6, WIDE_INNER = 6 };

/* Of ten fields the third, sixth and ninth are optional and there in half of the records. */
static bool is_there(struct mr_work *work, uint32_t field)
{
    bool is_absent = mr_work_chance(&work->shape, 50);
    return !(field % 10 % 3 == 2 && field % 10 < 9 && is_absent);
}

static void wide_value(struct mr_work *work, uint32_t field)
{
    uint64_t draw = mr_rng_next(&work->shape);
    switch (field % 4) {
    case 0:
        mr_work_text(work, "\"");
        mr_work_hex(work, draw, 4 + (uint32_t)(draw % 12));
        mr_work_text(work, "-");
        mr_work_hex(work, ~draw, 8);
        mr_work_text(work, "\"");
        break;
    case 1: mr_work_uint(work, draw >> (24 + draw % 32)); break;
    case 2: mr_work_fixed(work, (int64_t)(draw >> 44) - 500000, 3); break;
    default: mr_work_text(work, draw % 2 == 0 ? "true" : "false"); break;
    }
}

static const char *const wide_types[] = {"STRING", "BIGINT", "DOUBLE", "BOOLEAN"};

/* Fields from `field` on as text inside an object; returns whether any was written before. */
static bool wide_fields(struct mr_work *work, uint32_t field, uint32_t count, bool has_some)
{
    for (uint32_t i = field; i < field + count; i++) {
        if (!is_there(work, i)) continue;
        mr_work_text(work, has_some ? ",\"attribute_" : "\"attribute_");
        mr_work_digits(work, i, 2);
        mr_work_text(work, "\":");
        wide_value(work, i);
        has_some = true;
    }
    return has_some;
}

void mr_work_w2(struct mr_work *work)
{
    char key[24];
    uint32_t field = 0;
    for (; field < WIDE_TOP; field++) {
        if (!is_there(work, field)) continue;
        (void)snprintf(key, sizeof key, "attribute_%02u", field);
        mr_work_key(work, key);
        wide_value(work, field);
    }
    for (uint32_t i = 0; i < WIDE_GROUPS; i++) {
        (void)snprintf(key, sizeof key, "group_%u", i);
        mr_work_key(work, key);
        mr_work_text(work, "{");
        bool has_some = wide_fields(work, field, WIDE_GROUP, false);
        field += WIDE_GROUP;
        mr_work_text(work, has_some ? ",\"inner\":{" : "\"inner\":{");
        (void)wide_fields(work, field, WIDE_INNER, false);
        field += WIDE_INNER;
        mr_work_text(work, "}}");
    }
}

static char *wide_ddl(char *at, char *end, uint32_t field, uint32_t count, const char *colon)
{
    for (uint32_t i = field; i < field + count; i++) {
        at += snprintf(at, (size_t)(end - at), "attribute_%02u%s %s, ", i, colon,
                       wide_types[i % 4]);
    }
    return at;
}

void mr_work_w2_ddl(char out[MR_WORK_DDL_MAX])
{
    char *end = out + MR_WORK_DDL_MAX, *at = wide_ddl(out, end, 0, WIDE_TOP, "");
    uint32_t field = WIDE_TOP;
    for (uint32_t i = 0; i < WIDE_GROUPS; i++) {
        at += snprintf(at, (size_t)(end - at), "group_%u STRUCT<", i);
        at = wide_ddl(at, end, field, WIDE_GROUP, ":");
        at += snprintf(at, (size_t)(end - at), "inner: STRUCT<");
        at = wide_ddl(at, end, field + WIDE_GROUP, WIDE_INNER, ":");
        at += snprintf(at - 2, (size_t)(end - at), ">>, ") - 2;
        field += WIDE_GROUP + WIDE_INNER;
    }
    at[-2] = '\0';
}

/* ---- w3: log text ---- */

const char mr_work_w3_ddl[] =
    "time TIMESTAMP, level STRING, service STRING, host STRING, trace STRING, message STRING";

static const char *const levels[] = {"\"DEBUG\"", "\"INFO\"", "\"INFO\"", "\"WARN\"", "\"ERROR\""};
static const char *const services[] = {"\"checkout\"", "\"search\"", "\"gateway\"", "\"billing\""};
static const char *const words[] = {
    "request", "from",   "upstream", "timed",  "out",     "after",  "retrying", "connection",
    "pool",    "is",     "full",     "cache",  "miss",    "for",    "key",      "took",
    "user",    "signed", "in",       "with",   "session", "served", "bytes",    "of",
    "queue",   "length", "above",    "limit",  "flushed", "to",     "disk",     "segment"};
static const char *const wide_words[] = {"Stra\xc3\x9f\x65", "caf\xc3\xa9",
                                         "\xe6\x9d\xb1\xe4\xba\xac",
                                         "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"};
static const char *const escapes[] = {"\\\"quoted\\\"", "C:\\\\temp", "\\n\\tat", "\\u00fcber"};

void mr_work_w3(struct mr_work *work)
{
    mr_work_key(work, "time");
    mr_work_time(work, work->lines * 1000 + mr_work_below(work, 1000));
    mr_work_key(work, "level");
    mr_work_text(work, MR_WORK_PICK(work, levels));
    mr_work_key(work, "service");
    mr_work_text(work, MR_WORK_PICK(work, services));
    mr_work_key(work, "host");
    mr_work_text(work, "\"node-");
    mr_work_digits(work, mr_work_below(work, 200), 3);
    mr_work_text(work, "\"");
    mr_work_key(work, "trace");
    mr_work_text(work, "\"");
    mr_work_hex(work, mr_rng_next(&work->shape), 16);
    mr_work_text(work, "\"");
    mr_work_key(work, "message");
    struct mr_work_member *message = &work->members[work->member_count - 1];
    uint32_t wanted = message->bytes + 200 + (uint32_t)mr_work_below(work, 385);
    mr_work_text(work, "\"");
    while (message->bytes < wanted) {
        uint64_t draw = mr_work_below(work, 100);
        mr_work_text(work, draw < 2   ? MR_WORK_PICK(work, escapes)
                           : draw < 5 ? MR_WORK_PICK(work, wide_words)
                                      : MR_WORK_PICK(work, words));
        mr_work_text(work, " ");
    }
    mr_work_text(work, "end\"");
}

/* ---- w4: numbers ---- */

const char mr_work_w4_ddl[] =
    "id BIGINT, time TIMESTAMP, v0 DOUBLE, v1 DOUBLE, v2 DOUBLE, v3 DOUBLE, v4 DOUBLE, v5 DOUBLE, "
    "v6 DOUBLE, v7 DOUBLE, v8 DOUBLE, v9 DOUBLE";

/* Half of the columns have few digits, as sensors send them; half 15 to 17, as programs print
 * doubles; the last now and then has an exponent. */
void mr_work_w4(struct mr_work *work)
{
    char key[] = "v0";
    mr_work_key(work, "id");
    mr_work_uint(work, work->lines);
    mr_work_key(work, "time");
    mr_work_time(work, work->lines * 1000);
    for (uint32_t i = 0; i < 10; i++) {
        uint64_t draw = mr_rng_next(&work->shape);
        key[1] = (char)('0' + i);
        mr_work_key(work, key);
        if (i < 5) {
            mr_work_fixed(work, (int64_t)(draw >> (44 + draw % 12)) - 2000, 1 + i);
        } else {
            mr_work_fixed(work, (int64_t)(draw >> 8) % (INT64_C(100000000000000) << i % 5),
                          12 + i % 3);
        }
        if (i == 9 && draw % 8 == 0) mr_work_text(work, draw % 16 == 0 ? "e-7" : "E12");
    }
}

/* ---- w5: hostile ---- */

/* Another value of another kind for a member: where the schema wants a number a string, where it
 * wants a string a number, a boolean, null. */
static void drift(struct mr_work *work, struct mr_work_member *member)
{
    static const char *const others[] = {"\"n/a\"", "true", "null", "12.50", "\"-7\"", "1e400"};
    char *value = work->text + member->from;
    value = (char *)memchr(value, ':', member->bytes) + 1;
    const char *other = others[mr_rng_below(&work->fate, MR_COUNT_OF(others))];
    uint32_t room = member->bytes - (uint32_t)(value - (work->text + member->from));
    uint32_t bytes = (uint32_t)strlen(other);
    if (bytes > room) return;
    memcpy(value, other, bytes);
    member->bytes -= room - bytes;
}

static void add_again(struct mr_work *work, const char *key)
{
    mr_work_key(work, key);
    mr_work_uint(work, mr_rng_below(&work->fate, 1000));
}

bool mr_work_hostile(struct mr_work *work)
{
    struct mr_rng *fate = &work->fate;
    uint32_t last = work->member_count - 1;
    if (mr_work_chance(fate, 5)) add_again(work, "status");
    if (mr_work_chance(fate, 10)) add_again(work, "shard_hint");
    if (mr_work_chance(fate, 5)) {
        mr_work_key(work, "context");
        mr_work_text(work, "{\"build\":[1,2,{\"tag\":\"x\\ny\"}],\"note\":null}");
    }
    if (mr_work_chance(fate, 10)) drift(work, &work->members[mr_rng_below(fate, last)]);
    return mr_work_chance(fate, 2);
}

/* ---- clickstream and flat ---- */

const char mr_work_clickstream_ddl[] =
    "event_id STRING, event_time TIMESTAMP, user_id STRING, session_id STRING, event_type STRING, "
    "page STRING, referrer STRING, device STRUCT<os: STRING, browser: STRING, screen: ARRAY<INT>>, "
    "geo STRUCT<country: STRING, city: STRING, lat: DOUBLE, lon: DOUBLE>, price DOUBLE, "
    "quantity INT, tags ARRAY<STRING>, is_bot BOOLEAN";

/* `text` bytes of printable text that `value` decides, of which a share are escapes. */
static void flat_string(struct mr_work *work, uint64_t value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    const struct mr_work_options *options = &work->options;
    struct mr_rng rng;
    char text[2 * MR_WORK_TEXT_MAX + 1];
    uint32_t at = 0;
    mr_rng_init(&rng, value);
    while (at < options->text) {
        uint64_t draw = mr_rng_next(&rng);
        if ((double)(draw >> 11) * 0x1p-53 < options->escapes) {
            text[at++] = '\\';
            text[at++] = "\"\\nt"[draw % 4];
        } else {
            text[at++] = letters[draw % 32];
        }
    }
    text[at] = '\0';
    mr_work_text(work, "\"");
    mr_work_text(work, text);
    mr_work_text(work, "\"");
}

void mr_work_flat(struct mr_work *work)
{
    const struct mr_work_options *options = &work->options;
    char key[24];
    for (uint32_t i = 0; i < options->fields; i++) {
        uint64_t draw = options->distinct > 0 ? mr_work_below(work, options->distinct)
                                              : work->lines;
        struct mr_rng rng;
        mr_rng_init(&rng, draw * MR_WORK_MEMBERS_MAX + i);
        uint64_t value = mr_rng_next(&rng);
        (void)snprintf(key, sizeof key, "field_%03u", i);
        mr_work_key(work, key);
        switch (i % 4) {
        case 0: flat_string(work, value); break;
        case 1: mr_work_uint(work, value >> 32); break;
        case 2: mr_work_fixed(work, (int64_t)(value >> 40), 3); break;
        default: mr_work_time(work, value >> 20); break;
        }
    }
}

void mr_work_flat_ddl(const struct mr_work_options *options, char out[MR_WORK_DDL_MAX])
{
    static const char *const types[] = {"STRING", "BIGINT", "DOUBLE", "TIMESTAMP"};
    char *at = out;
    for (uint32_t i = 0; i < options->fields; i++) {
        at += snprintf(at, (size_t)(out + MR_WORK_DDL_MAX - at), "%sfield_%03u %s",
                       i > 0 ? ", " : "", i, types[i % 4]);
    }
}
