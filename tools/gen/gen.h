/* Record generators: lines of JSON that look like what real sources send.
 *
 * The same kind, seed and options give the same bytes on every machine. Records follow each other
 * in event time at `rate` per second; then the line is perhaps made late (its time lies back), held
 * back for a few lines (reordered), sent again (duplicate) or damaged (malformed: no JSON at all).
 * Every fresh record has an id of its own (event_id, order_id; of iot device and time, but for a
 * late record that happens to meet another), so that whoever reads them can count: `distinct` in
 * the counts is how many different records were sent undamaged.
 *
 * Kinds: clickstream (events of web sessions, nested, some fields null or absent, escapes and
 * UTF-8), iot (10,000 devices), orders (order_id counts from 1, the total is the sum of the lines).
 * No file, clock or allocation: the caller brings the memory. */
#ifndef MR_TOOLS_GEN_GEN_H
#define MR_TOOLS_GEN_GEN_H

#include "core/base/rng.h"
#include "core/base/span.h"

enum { MR_GEN_LINE_MAX = 2048, MR_GEN_RECENT = 64, MR_GEN_HELD = 16 };

typedef enum mr_gen_kind {
    MR_GEN_CLICKSTREAM,
    MR_GEN_IOT,
    MR_GEN_ORDERS,
    MR_GEN_KIND_COUNT
} mr_gen_kind;

struct mr_gen_options {
    mr_gen_kind kind;
    uint64_t seed;
    uint64_t rows;       /* lines; ignored when bytes is set */
    uint64_t bytes;      /* stops with the line that reaches this; 0 = rows count */
    int64_t start_us;    /* event time of the first record */
    uint64_t rate;       /* records per second of event time, > 0 */
    int64_t late_max_us; /* a late record lies back by 1 us to this */
    double late;         /* shares of lines, 0 to 1 */
    double duplicates;
    double malformed;
    double reordered;
};

struct mr_gen_counts {
    uint64_t lines;
    uint64_t bytes;
    uint64_t distinct; /* undamaged records with different ids */
    uint64_t late;
    uint64_t duplicates;
    uint64_t malformed;
    uint64_t reordered;
};

struct mr_gen_line {
    char text[MR_GEN_LINE_MAX];
    uint32_t bytes;
    uint64_t due; /* held lines: the line number from which on it is sent */
};

struct mr_gen {
    struct mr_gen_options options;
    struct mr_gen_counts counts;
    struct mr_rng shape; /* what records say */
    struct mr_rng fate;  /* what happens to them */
    uint64_t next_record;
    int64_t day;       /* of the text in day_text */
    char day_text[16]; /* "2026-01-01" */
    uint32_t recent_count;
    uint32_t held_count;
    struct mr_gen_line recent[MR_GEN_RECENT]; /* of which duplicates are taken */
    struct mr_gen_line held[MR_GEN_HELD];     /* in order of due */
};

/* mr_gen_init: rates are clamped to [0, 1]. */
void mr_gen_init(struct mr_gen *gen, const struct mr_gen_options *options);

/* mr_gen_fill: writes whole lines, each with its line end, as many as fit, and at most `lines`.
 * buf      `room` bytes, room >= MR_GEN_LINE_MAX + 1
 * returns  bytes written; 0 when the stream is at its end */
size_t mr_gen_fill(struct mr_gen *gen, char *buf, size_t room, uint64_t lines);

/* mr_gen_is_done: nothing more will come. */
bool mr_gen_is_done(const struct mr_gen *gen);

const char *mr_gen_kind_name(mr_gen_kind kind);

#endif
