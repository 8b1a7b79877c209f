#include "core/expr/letter_case.h"

#include "core/base/checked.h"
#include "core/expr/utf8.h"

struct letter_run {
    uint32_t first, last, step;
    int32_t distance;
};

struct letter_long {
    uint32_t letter, to[3];
};

#define MR_UPPER_RUN(first, last, step, distance)
#define MR_UPPER_LONG(letter, a, b, c)
#define MR_LOWER_RUN(first, last, step, distance)
#define MR_LOWER_LONG(letter, a, b, c)

#undef MR_UPPER_RUN
static const struct letter_run upper_runs[] = {
#define MR_UPPER_RUN(first, last, step, distance) {first, last, step, distance},
#include "core/expr/letter_case.def"
#undef MR_UPPER_RUN
#define MR_UPPER_RUN(first, last, step, distance)
};

#undef MR_UPPER_LONG
static const struct letter_long upper_longs[] = {
#define MR_UPPER_LONG(letter, a, b, c) {letter, {a, b, c}},
#include "core/expr/letter_case.def"
#undef MR_UPPER_LONG
#define MR_UPPER_LONG(letter, a, b, c)
};

#undef MR_LOWER_RUN
static const struct letter_run lower_runs[] = {
#define MR_LOWER_RUN(first, last, step, distance) {first, last, step, distance},
#include "core/expr/letter_case.def"
#undef MR_LOWER_RUN
#define MR_LOWER_RUN(first, last, step, distance)
};

#undef MR_LOWER_LONG
static const struct letter_long lower_longs[] = {
#define MR_LOWER_LONG(letter, a, b, c) {letter, {a, b, c}},
#include "core/expr/letter_case.def"
#undef MR_LOWER_LONG
};

/* One direction's tables. */
struct letter_table {
    const struct letter_run *runs;
    size_t run_count;
    const struct letter_long *longs;
    size_t long_count;
    char from, to; /* the ASCII letters that change */
};

static const struct letter_table upper = {upper_runs, MR_COUNT_OF(upper_runs), upper_longs,
                                          MR_COUNT_OF(upper_longs), 'a', 'z'};
static const struct letter_table lower = {lower_runs, MR_COUNT_OF(lower_runs), lower_longs,
                                          MR_COUNT_OF(lower_longs), 'A', 'Z'};

enum { SIGMA = 0x3a3, SIGMA_FINAL = 0x3c2 };

/* map_long: the letters that `c` becomes when they are several; null for others. */
static const struct letter_long *map_long(const struct letter_table *table, uint32_t c)
{
    size_t lo = 0, hi = table->long_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (table->longs[mid].letter == c) return &table->longs[mid];
        if (table->longs[mid].letter < c) lo = mid + 1;
        else hi = mid;
    }
    return NULL;
}

static uint32_t map_one(const struct letter_table *table, uint32_t c)
{
    size_t lo = 0, hi = table->run_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const struct letter_run *run = &table->runs[mid];
        if (c < run->first) hi = mid;
        else if (c > run->last) lo = mid + 1;
        else return (c - run->first) % run->step == 0 ? (uint32_t)((int32_t)c + run->distance) : c;
    }
    return c;
}

/* is_cased: a letter that has another case. */
static bool is_cased(uint32_t c)
{
    if (c < 0x80) return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    return map_one(&upper, c) != c || map_one(&lower, c) != c || map_long(&upper, c) != NULL;
}

static bool is_cased_at(struct mr_span text, size_t at)
{
    if (at >= text.bytes) return false;
    size_t step = mr_utf8_step(text.text + at, text.bytes - at);
    if (step == 1 && (unsigned char)text.text[at] >= 0x80) return false;
    return is_cased(mr_utf8_read(text.text + at, step));
}

static size_t change(const struct letter_table *table, struct mr_span text, char *out)
{
    size_t used = 0;
    bool after_cased = false;
    for (size_t i = 0; i < text.bytes;) {
        char ascii = text.text[i];
        if ((unsigned char)ascii < 0x80) {
            bool is_changed = ascii >= table->from && ascii <= table->to;
            out[used++] = is_changed ? (char)(ascii ^ 0x20) : ascii;
            after_cased = is_cased((unsigned char)ascii);
            i++;
            continue;
        }
        size_t step = mr_utf8_step(text.text + i, text.bytes - i);
        uint32_t c = mr_utf8_read(text.text + i, step);
        const struct letter_long *several = step == 1 ? NULL : map_long(table, c);
        if (step == 1) {
            out[used++] = ascii; /* a stray byte */
            after_cased = false;
            i++;
            continue;
        }
        i += step;
        if (several != NULL) {
            for (int k = 0; k < 3 && several->to[k] != 0; k++) {
                used += mr_utf8_write(several->to[k], out + used);
            }
        } else if (c == SIGMA && table == &lower && after_cased && !is_cased_at(text, i)) {
            used += mr_utf8_write(SIGMA_FINAL, out + used);
        } else {
            used += mr_utf8_write(map_one(table, c), out + used);
        }
        after_cased = is_cased(c);
    }
    return used;
}

size_t mr_letter_upper(struct mr_span text, char *out)
{
    return change(&upper, text, out);
}

size_t mr_letter_lower(struct mr_span text, char *out)
{
    return change(&lower, text, out);
}

/* Four digraphs have a form of their own at the beginning of a word. */
static uint32_t title_of(uint32_t c)
{
    if (c >= 0x1c4 && c <= 0x1cc) return c <= 0x1c6 ? 0x1c5 : c <= 0x1c9 ? 0x1c8 : 0x1cb;
    if (c >= 0x1f1 && c <= 0x1f3) return 0x1f2;
    return map_one(&upper, c);
}

size_t mr_letter_title(struct mr_span letter, char *out)
{
    unsigned char first = (unsigned char)letter.text[0];
    size_t used = 0;
    if (first < 0x80 || letter.bytes == 1) {
        out[0] = (char)(first >= 'a' && first <= 'z' ? first ^ 0x20 : first);
        return 1;
    }
    uint32_t c = mr_utf8_read(letter.text, letter.bytes);
    const struct letter_long *several = map_long(&upper, c);
    for (int k = 0; several != NULL && k < 3 && several->to[k] != 0; k++) {
        uint32_t part = several->to[k];
        bool is_ascii = part < 0x80;
        if (k > 0 && is_ascii) part |= part >= 'A' && part <= 'Z' ? 0x20 : 0;
        else if (k > 0) part = map_one(&lower, part);
        used += mr_utf8_write(part, out + used);
    }
    return used > 0 ? used : mr_utf8_write(title_of(c), out);
}
