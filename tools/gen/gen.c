#include "tools/gen/gen.h"

#include "core/base/calendar.h"
#include "tools/gen/gen_impl.h"

static double clamp_share(double share)
{
    if (!(share > 0)) return 0;
    return share > 1 ? 1 : share;
}

void mr_gen_init(struct mr_gen *gen, const struct mr_gen_options *options)
{
    MR_ASSERT(options->kind < MR_GEN_KIND_COUNT);
    MR_ASSERT(options->rate > 0);
    memset(gen, 0, sizeof *gen);
    gen->options = *options;
    gen->options.late = clamp_share(options->late);
    gen->options.duplicates = clamp_share(options->duplicates);
    gen->options.malformed = clamp_share(options->malformed);
    gen->options.reordered = clamp_share(options->reordered);
    gen->day = INT64_MIN;
    mr_rng_init(&gen->shape, options->seed);
    mr_rng_init(&gen->fate, mr_gen_mix(options->seed));
}

const char *mr_gen_kind_name(mr_gen_kind kind)
{
    static const char *const names[MR_GEN_KIND_COUNT] = {"clickstream", "iot", "orders"};
    MR_ASSERT(kind < MR_GEN_KIND_COUNT);
    return names[kind];
}

char *mr_gen_put_time(struct mr_gen *gen, char *at, int64_t us, int digits)
{
    int64_t day = mr_floor_div(us, MR_US_PER_DAY);
    uint64_t rest = (uint64_t)mr_floor_mod(us, MR_US_PER_DAY);
    if (day != gen->day) {
        struct mr_civil civil = mr_civil_of_days(day);
        char *to = put_digits(gen->day_text, (uint64_t)mr_floor_mod(civil.year, 10000), 4);
        *to++ = '-';
        to = put_digits(to, (uint64_t)civil.month, 2);
        *to++ = '-';
        (void)put_digits(to, (uint64_t)civil.day, 2);
        gen->day = day;
    }
    uint64_t second = rest / MR_US_PER_S;
    memcpy(at, gen->day_text, 10);
    at[10] = 'T';
    at = put_digits(at + 11, second / 3600, 2);
    *at++ = ':';
    at = put_digits(at, second / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, second % 60, 2);
    *at++ = '.';
    at = digits == 3 ? put_digits(at, rest % MR_US_PER_S / 1000, 3)
                     : put_digits(at, rest % MR_US_PER_S, 6);
    *at++ = 'Z';
    return at;
}

static bool happens(struct mr_gen *gen, double share)
{
    return share > 0 && mr_rng_unit(&gen->fate) < share;
}

/* The next fresh record, perhaps late. */
static uint32_t make_record(struct mr_gen *gen, char *to)
{
    static char *(*const kinds[MR_GEN_KIND_COUNT])(struct mr_gen *, uint64_t, int64_t, char *) = {
        mr_gen_clickstream, mr_gen_iot, mr_gen_orders};
    uint64_t record = gen->next_record++;
    uint64_t rate = gen->options.rate;
    int64_t us = gen->options.start_us + (int64_t)(record / rate * MR_US_PER_S) +
                 (int64_t)(record % rate * MR_US_PER_S / rate);
    if (happens(gen, gen->options.late)) {
        us -= 1 + (int64_t)mr_rng_below(&gen->fate, (uint64_t)MR_MAX(gen->options.late_max_us, 1));
        gen->counts.late++;
    }
    char *end = kinds[gen->options.kind](gen, record, us, to);
    MR_ASSERT(end - to <= MR_GEN_LINE_MAX);
    return (uint32_t)(end - to);
}

/* What arrives when a writer dies, a field is built by hand, or a log line strays in: never JSON.
 */
static uint32_t damage(struct mr_gen *gen, char *text, uint32_t bytes)
{
    static const char stray[] = "WARN connection reset by peer, retrying";
    switch (mr_rng_below(&gen->fate, 3)) {
    case 0:
        return 1 + (uint32_t)mr_rng_below(&gen->fate, bytes - 1); /* cut before the last brace */
    case 1: *(char *)memchr(text, ':', bytes) = ' '; return bytes;
    default: memcpy(text, stray, sizeof stray - 1); return sizeof stray - 1;
    }
}

static void remember(struct mr_gen *gen, const char *text, uint32_t bytes)
{
    uint32_t slot = gen->recent_count < MR_GEN_RECENT
                        ? gen->recent_count++
                        : (uint32_t)mr_rng_below(&gen->fate, MR_GEN_RECENT);
    memcpy(gen->recent[slot].text, text, bytes);
    gen->recent[slot].bytes = bytes;
}

static uint32_t make_fresh(struct mr_gen *gen, char *to)
{
    uint32_t bytes = make_record(gen, to);
    if (happens(gen, gen->options.malformed)) {
        gen->counts.malformed++;
        return damage(gen, to, bytes);
    }
    gen->counts.distinct++;
    if (gen->options.duplicates > 0) remember(gen, to, bytes);
    return bytes;
}

/* Holds a line back; `held` stays in order of due, the earliest first. */
static void hold(struct mr_gen *gen, const char *text, uint32_t bytes)
{
    uint64_t due = gen->counts.lines + 1 + mr_rng_below(&gen->fate, MR_GEN_HELD);
    uint32_t i = gen->held_count++;
    for (; i > 0 && gen->held[i - 1].due > due; i--) gen->held[i] = gen->held[i - 1];
    memcpy(gen->held[i].text, text, bytes);
    gen->held[i].bytes = bytes;
    gen->held[i].due = due;
    gen->counts.reordered++;
}

static uint32_t release(struct mr_gen *gen, char *to)
{
    uint32_t bytes = gen->held[0].bytes;
    memcpy(to, gen->held[0].text, bytes);
    gen->held_count--;
    memmove(gen->held, gen->held + 1, gen->held_count * sizeof gen->held[0]);
    return bytes;
}

/* Lines that may still be sent beyond those held back. */
static bool has_room(const struct mr_gen *gen)
{
    if (gen->options.bytes > 0) return gen->counts.bytes < gen->options.bytes;
    return gen->counts.lines + gen->held_count < gen->options.rows;
}

bool mr_gen_is_done(const struct mr_gen *gen)
{
    return gen->held_count == 0 && !has_room(gen);
}

static uint32_t next_line(struct mr_gen *gen, char *to)
{
    if (gen->held_count > 0 && (!has_room(gen) || gen->held[0].due <= gen->counts.lines)) {
        return release(gen, to);
    }
    if (gen->recent_count > 0 && happens(gen, gen->options.duplicates)) {
        const struct mr_gen_line *line = &gen->recent[mr_rng_below(&gen->fate, gen->recent_count)];
        memcpy(to, line->text, line->bytes);
        gen->counts.duplicates++;
        return line->bytes;
    }
    uint32_t bytes = make_fresh(gen, to);
    while (gen->held_count < MR_GEN_HELD && happens(gen, gen->options.reordered)) {
        hold(gen, to, bytes);
        if (!has_room(gen)) return release(gen, to);
        bytes = make_fresh(gen, to);
    }
    return bytes;
}

size_t mr_gen_fill(struct mr_gen *gen, char *buf, size_t room, uint64_t lines)
{
    char *at = buf, *end = buf + room;
    MR_ASSERT(room > MR_GEN_LINE_MAX);
    while (lines > 0 && end - at > MR_GEN_LINE_MAX && !mr_gen_is_done(gen)) {
        uint32_t bytes = next_line(gen, at);
        at += bytes;
        *at++ = '\n';
        gen->counts.lines++;
        gen->counts.bytes += bytes + 1;
        lines--;
    }
    return (size_t)(at - buf);
}
