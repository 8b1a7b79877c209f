/* Datetime patterns: the subset of Spark's pattern letters that options like timestampFormat use.
 *
 *   y, u  year     yyyy wants four digits or more with a sign, yy two digits 2000..2099
 *   M     month    M one or two digits, MM two, MMM "Jan", MMMM "January" (English)
 *   d     day      d one or two digits, dd two
 *   H, h  hour of day 0..23, of half day 1..12; m minute, s second; doubled = two digits
 *   S     fraction reads 1 to 9 digits however many letters, writes as many as letters (max 9)
 *   a     AM or PM
 *   X, x  offset   X +hh[mm], XX +hhmm, XXX +hh:mm; capital also reads and writes Z
 *   Z     offset   Z, ZZ, ZZZ +hhmm; ZZZZ GMT+hh:mm; ZZZZZ as XXX
 *   z, V  zone     reads an offset or UTC, GMT; writes the offset
 *   'text' literal, '' a quote, [ ] an optional part; other characters stand for themselves
 *
 * A missing month or day is 1, missing times are 0. An unknown letter is an error when compiled,
 * not when used. The compiled form is flat and owned by the caller; literals lie within it.
 *
 * Source: Spark 4 "Datetime Patterns for Formatting and Parsing"; java.time DateTimeFormatter. */
#ifndef MR_KERNELS_TEXT_PATTERN_H
#define MR_KERNELS_TEXT_PATTERN_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "kernels/text/number.h"
#include "kernels/text/zone.h"

enum { MR_PATTERN_STEPS_MAX = 64, MR_PATTERN_TEXT_MAX = 128 };

struct mr_pattern_step {
    char letter;   /* a pattern letter, '\'' for literal text, '[' or ']' */
    uint8_t width; /* letters in the run; literal: length */
    uint8_t off;   /* literal: where in `literals`; '[': index of its ']' */
};

struct mr_pattern {
    struct mr_pattern_step steps[MR_PATTERN_STEPS_MAX];
    uint32_t count;
    char literals[MR_PATTERN_TEXT_MAX];
};

/* mr_pattern_compile: returns MR_E_INVALID with the letter that is not known, or MR_E_LIMIT. */
MR_MUST_USE mr_status mr_pattern_compile(struct mr_pattern *pattern, struct mr_span text,
                                         struct mr_err *err);

/* What was read: local time and, if the text names it, the offset. */
struct mr_pattern_time {
    int64_t local_us;
    bool has_offset;
    int32_t offset_s;
};

/* mr_pattern_parse: the whole text must match. */
mr_parse mr_pattern_parse(const struct mr_pattern *pattern, const char *text, size_t bytes,
                          struct mr_pattern_time *out);

/* mr_pattern_parse_utc: the instant; text without an offset is local time in `zone`. */
mr_parse mr_pattern_parse_utc(const struct mr_pattern *pattern, const char *text, size_t bytes,
                              const struct mr_zone *zone, int64_t *out_us);

/* mr_pattern_format: writes `time`; `room` bytes at `out`. Returns the length, or 0 when it does
 * not fit (no pattern writes nothing but the empty one). */
size_t mr_pattern_format(const struct mr_pattern *pattern, const struct mr_pattern_time *time,
                         char *out, size_t room);

#endif
