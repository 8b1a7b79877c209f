#include "bench/data/workload.h"

#include <stdlib.h>

#include "bench/data/workload_impl.h"

/* ---- options ---- */

static const char *const names[MR_WORK_KIND_COUNT] = {"w1", "w2",          "w3",  "w4",
                                                      "w5", "clickstream", "flat"};

const char *mr_work_name(mr_work_kind kind)
{
    MR_ASSERT(kind < MR_WORK_KIND_COUNT);
    return names[kind];
}

void mr_work_options_init(struct mr_work_options *options)
{
    *options = (struct mr_work_options){
        .kind = MR_WORK_W1, .seed = 1, .bytes = 64000000, .fields = 12, .text = 16};
}

static bool kind_find(const char *name, mr_work_kind *out_kind)
{
    for (uint32_t i = 0; i < MR_WORK_KIND_COUNT; i++) {
        if (strcmp(names[i], name) != 0) continue;
        *out_kind = (mr_work_kind)i;
        return true;
    }
    return false;
}

/* "300", "300MB", "2GB": units of 1000. */
static bool number_read(const char *text, double max, double *out_value)
{
    static const char units[] = "KMGT";
    char *end;
    double value = strtod(text, &end);
    const char *unit = *end == '\0' ? NULL : strchr(units, *end);
    if (end == text) return false;
    if (unit != NULL) {
        for (const char *at = units; at <= unit; at++) value *= 1000;
        end += end[1] == 'B' ? 2 : 1;
    }
    if (*end != '\0' || !(value >= 0 && value <= max)) return false;
    *out_value = value;
    return true;
}

bool mr_work_set(struct mr_work_options *options, const char *name, const char *value)
{
    double number;
    if (strcmp(name, "work") == 0) return kind_find(value, &options->kind);
    bool is_share = strcmp(name, "shuffle") == 0 || strcmp(name, "escapes") == 0;
    if (!number_read(value, is_share ? 100 : 1e15, &number)) return false;
    if (strcmp(name, "seed") == 0) {
        options->seed = (uint64_t)number;
    } else if (strcmp(name, "bytes") == 0) {
        options->bytes = (uint64_t)number;
    } else if (strcmp(name, "shuffle") == 0) {
        options->shuffle = number / 100;
    } else if (strcmp(name, "escapes") == 0) {
        options->escapes = number / 100;
    } else if (strcmp(name, "distinct") == 0) {
        options->distinct = (uint64_t)number;
    } else if (strcmp(name, "fields") == 0 && number >= 1 && number <= MR_WORK_MEMBERS_MAX) {
        options->fields = (uint32_t)number;
    } else if (strcmp(name, "text") == 0 && number <= MR_WORK_TEXT_MAX) {
        options->text = (uint32_t)number;
    } else {
        return false;
    }
    return true;
}

void mr_work_init(struct mr_work *work, const struct mr_work_options *options)
{
    const struct mr_gen_options gen = {.kind = MR_GEN_CLICKSTREAM,
                                       .seed = options->seed,
                                       .bytes = MR_MAX(options->bytes, 1),
                                       .start_us = INT64_C(1767225600000000),
                                       .rate = 1000};
    work->options = *options;
    work->lines = work->bytes = 0;
    work->member_count = 0;
    mr_rng_init(&work->shape, options->seed);
    mr_rng_init(&work->fate, ~options->seed);
    mr_gen_init(&work->gen, &gen);
}

/* ---- members ---- */

static void append(struct mr_work *work, const char *text, size_t bytes)
{
    struct mr_work_member *last = &work->members[work->member_count - 1];
    size_t at = last->from + last->bytes;
    MR_ASSERT(work->member_count > 0);
    MR_ASSERT(at + bytes <= sizeof work->text);
    memcpy(work->text + at, text, bytes);
    last->bytes += (uint32_t)bytes;
}

void mr_work_text(struct mr_work *work, const char *text)
{
    append(work, text, strlen(text));
}

void mr_work_key(struct mr_work *work, const char *key)
{
    struct mr_work_member *members = work->members;
    uint32_t at = work->member_count++;
    MR_ASSERT(at < MR_COUNT_OF(work->members));
    members[at].from = at == 0 ? 0 : members[at - 1].from + members[at - 1].bytes;
    members[at].bytes = 0;
    append(work, "\"", 1);
    mr_work_text(work, key);
    append(work, "\":", 2);
}

void mr_work_digits(struct mr_work *work, uint64_t value, uint32_t width)
{
    char digits[20];
    MR_ASSERT(width <= sizeof digits);
    for (uint32_t i = width; i > 0; i--) {
        digits[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    append(work, digits, width);
}

void mr_work_uint(struct mr_work *work, uint64_t value)
{
    uint32_t width = 1;
    for (uint64_t rest = value / 10; rest > 0; rest /= 10) width++;
    mr_work_digits(work, value, width);
}

void mr_work_hex(struct mr_work *work, uint64_t value, uint32_t width)
{
    for (uint32_t i = 0; i < width; i++) {
        append(work, &"0123456789abcdef"[value >> 60], 1);
        value <<= 4;
    }
}

void mr_work_fixed(struct mr_work *work, int64_t value, uint32_t places)
{
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value, power = 1;
    for (uint32_t i = 0; i < places; i++) power *= 10;
    if (value < 0) append(work, "-", 1);
    mr_work_uint(work, size / power);
    append(work, ".", 1);
    mr_work_digits(work, size % power, places);
}

void mr_work_time(struct mr_work *work, uint64_t us)
{
    static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t second = us / 1000000, day = second / 86400 % 365;
    uint32_t month = 0;
    while (day >= month_days[month]) day -= month_days[month++];
    mr_work_text(work, "\"2026-");
    mr_work_digits(work, month + 1, 2);
    append(work, "-", 1);
    mr_work_digits(work, day + 1, 2);
    append(work, "T", 1);
    mr_work_digits(work, second / 3600 % 24, 2);
    append(work, ":", 1);
    mr_work_digits(work, second / 60 % 60, 2);
    append(work, ":", 1);
    mr_work_digits(work, second % 60, 2);
    append(work, ".", 1);
    mr_work_digits(work, us % 1000000, 6);
    mr_work_text(work, "Z\"");
}

/* ---- lines ---- */

static void shuffle(struct mr_work *work)
{
    for (uint32_t i = work->member_count; i > 1; i--) {
        uint32_t pick = (uint32_t)mr_rng_below(&work->fate, i);
        struct mr_work_member member = work->members[pick];
        work->members[pick] = work->members[i - 1];
        work->members[i - 1] = member;
    }
}

static char *put_blanks(struct mr_work *work, char *at, bool has_blanks)
{
    if (has_blanks && mr_work_chance(&work->fate, 30)) *at++ = ' ';
    return at;
}

/* The members between braces; with has_blanks now and then a space where JSON allows one. */
static char *put_record(struct mr_work *work, char *at, bool has_blanks)
{
    *at++ = '{';
    for (uint32_t i = 0; i < work->member_count; i++) {
        const struct mr_work_member *member = &work->members[i];
        const char *text = work->text + member->from;
        size_t key_bytes = (size_t)((const char *)memchr(text, ':', member->bytes) - text) + 1;
        if (i > 0) *at++ = ',';
        at = put_blanks(work, at, has_blanks);
        memcpy(at, text, key_bytes);
        at = put_blanks(work, at + key_bytes, has_blanks);
        memcpy(at, text + key_bytes, member->bytes - key_bytes);
        at = put_blanks(work, at + member->bytes - key_bytes, has_blanks);
    }
    *at++ = '}';
    return at;
}

static char *put_line(struct mr_work *work, char *at)
{
    static void (*const makers[MR_WORK_KIND_COUNT])(struct mr_work *) = {
        [MR_WORK_W1] = mr_work_w1, [MR_WORK_W2] = mr_work_w2, [MR_WORK_W3] = mr_work_w3,
        [MR_WORK_W4] = mr_work_w4, [MR_WORK_W5] = mr_work_w1, [MR_WORK_FLAT] = mr_work_flat};
    bool is_hostile = work->options.kind == MR_WORK_W5;
    char *from = at;
    work->member_count = 0;
    makers[work->options.kind](work);
    bool is_broken = is_hostile && mr_work_hostile(work);
    double draw = mr_rng_unit(&work->fate);
    if (is_hostile || draw < work->options.shuffle) shuffle(work);
    at = put_record(work, at, is_hostile);
    if (is_broken) at = from + 1 + mr_rng_below(&work->fate, (uint64_t)(at - from) - 1);
    return at;
}

size_t mr_work_fill(struct mr_work *work, char *buf, size_t room)
{
    char *at = buf, *end = buf + room;
    MR_ASSERT(room > MR_WORK_LINE_MAX);
    if (work->options.kind == MR_WORK_CLICKSTREAM) {
        size_t bytes = mr_gen_fill(&work->gen, buf, room, UINT64_MAX);
        work->lines = work->gen.counts.lines;
        return bytes;
    }
    while (end - at > MR_WORK_LINE_MAX && work->bytes < work->options.bytes) {
        char *from = at;
        at = put_line(work, at);
        *at++ = '\n';
        work->lines++;
        work->bytes += (uint64_t)(at - from);
    }
    return (size_t)(at - buf);
}

void mr_work_ddl(const struct mr_work_options *options, char out[MR_WORK_DDL_MAX])
{
    static const char *const texts[MR_WORK_KIND_COUNT] = {
        [MR_WORK_W1] = mr_work_w1_ddl, [MR_WORK_W3] = mr_work_w3_ddl,
        [MR_WORK_W4] = mr_work_w4_ddl, [MR_WORK_W5] = mr_work_w1_ddl,
        [MR_WORK_CLICKSTREAM] = mr_work_clickstream_ddl};
    if (options->kind == MR_WORK_FLAT) {
        mr_work_flat_ddl(options, out);
    } else if (options->kind == MR_WORK_W2) {
        mr_work_w2_ddl(out);
    } else {
        (void)snprintf(out, MR_WORK_DDL_MAX, "%s", texts[options->kind]);
    }
}
