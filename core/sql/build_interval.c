/* Intervals: months, days and microseconds, kept apart because a month has no fixed length.
 *
 * Read here: INTERVAL n unit [n unit ...], INTERVAL '1-2' YEAR TO MONTH and the like, and the text
 * form '1 day 2 hours' that options use too. Only seconds, milliseconds may have a fraction. */
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/sql/build_impl.h"
#include "core/sql/parse.h"

typedef enum unit {
    UNIT_YEAR,
    UNIT_MONTH,
    UNIT_WEEK,
    UNIT_DAY,
    UNIT_HOUR,
    UNIT_MINUTE,
    UNIT_SECOND,
    UNIT_MILLISECOND,
    UNIT_MICROSECOND,
    UNIT_COUNT,
} unit;

static const char *const unit_words[UNIT_COUNT] = {
    "year", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond",
};

static const int64_t unit_us[UNIT_COUNT] = {
    [UNIT_HOUR] = 3600 * MR_US_PER_S, [UNIT_MINUTE] = 60 * MR_US_PER_S,
    [UNIT_SECOND] = MR_US_PER_S,      [UNIT_MILLISECOND] = MR_US_PER_MS,
    [UNIT_MICROSECOND] = 1,
};

/* UNIT_COUNT when the word is none; a plural s is allowed. */
static unit unit_of(struct mr_span word)
{
    struct mr_span single = word;
    if (single.bytes > 1 && (single.text[single.bytes - 1] | 0x20) == 's') single.bytes--;
    for (unsigned u = 0; u < UNIT_COUNT; u++) {
        if (mr_span_ieq(single, mr_span_of(unit_words[u]))) return (unit)u;
    }
    return UNIT_COUNT;
}

bool mr_sql_word_is_unit(struct mr_span word)
{
    return unit_of(word) != UNIT_COUNT;
}

/* Reads "123" or "1.5" into whole and millionths; false when malformed or too large. */
static bool amount_read(struct mr_span text, int64_t *out_whole, int64_t *out_millionths)
{
    int64_t whole = 0, millionths = 0, place = 100000;
    size_t i = 0;
    for (; i < text.bytes && text.text[i] != '.'; i++) {
        if (text.text[i] < '0' || text.text[i] > '9') return false;
        if (__builtin_mul_overflow(whole, INT64_C(10), &whole) ||
            __builtin_add_overflow(whole, (int64_t)(text.text[i] - '0'), &whole)) {
            return false;
        }
    }
    if (text.bytes == 0 || (i == 0 && text.bytes == 1)) return false;
    for (i++; i < text.bytes; i++) {
        if (text.text[i] < '0' || text.text[i] > '9' || (place == 0 && text.text[i] != '0')) {
            return false;
        }
        millionths += place * (text.text[i] - '0');
        place /= 10;
    }
    *out_whole = whole;
    *out_millionths = millionths;
    return true;
}

static bool add32(int32_t *sum, int64_t count, int64_t each)
{
    int64_t more, total;
    if (__builtin_mul_overflow(count, each, &more)) return false;
    if (__builtin_add_overflow((int64_t)*sum, more, &total)) return false;
    if (total > INT32_MAX || total < INT32_MIN) return false;
    *sum = (int32_t)total;
    return true;
}

static bool interval_plus(struct mr_sql_interval *interval, int sign, struct mr_span amount, unit u)
{
    int64_t whole, millionths, more;
    if (!amount_read(amount, &whole, &millionths)) return false;
    whole *= sign;
    millionths *= sign;
    if (millionths != 0 && u != UNIT_SECOND && u != UNIT_MILLISECOND) return false;
    if (u <= UNIT_MONTH) return add32(&interval->months, whole, u == UNIT_YEAR ? 12 : 1);
    if (u <= UNIT_DAY) return add32(&interval->days, whole, u == UNIT_WEEK ? 7 : 1);
    if (__builtin_mul_overflow(whole, unit_us[u], &more)) return false;
    more += u == UNIT_SECOND ? millionths : millionths / 1000;
    return !__builtin_add_overflow(interval->us, more, &interval->us);
}

/* The next word without blanks; empty at the end. A sign is a word of its own. */
static struct mr_span word_next(struct mr_span *rest)
{
    *rest = mr_span_trim(*rest);
    size_t bytes = 0;
    if (rest->bytes > 0 && (rest->text[0] == '-' || rest->text[0] == '+')) bytes = 1;
    while (bytes != 1 || (rest->text[0] != '-' && rest->text[0] != '+')) {
        if (bytes >= rest->bytes || rest->text[bytes] == ' ' || rest->text[bytes] == '\t') break;
        bytes++;
    }
    struct mr_span word = {rest->text, bytes};
    rest->text += bytes;
    rest->bytes -= bytes;
    return word;
}

bool mr_sql_interval_read(struct mr_span text, struct mr_sql_interval *out_interval)
{
    struct mr_sql_interval interval = {0};
    struct mr_span rest = text, word = word_next(&rest);
    bool is_some = false;
    if (mr_span_ieq(word, MR_SPAN("interval"))) word = word_next(&rest);
    for (; word.bytes > 0; word = word_next(&rest)) {
        int sign = 1;
        if (mr_span_is(word, "-") || mr_span_is(word, "+")) {
            sign = word.text[0] == '-' ? -1 : 1;
            word = word_next(&rest);
        }
        unit u = unit_of(word_next(&rest));
        if (u == UNIT_COUNT || !interval_plus(&interval, sign, word, u)) return false;
        is_some = true;
    }
    if (is_some) *out_interval = interval;
    return is_some;
}

/* '1 10:20:30.5' with the units from DAY to SECOND: one number for each, in order. */
static bool range_read(struct mr_span text, unit from, unit to, int sign,
                       struct mr_sql_interval *interval)
{
    if (text.bytes > 0 && (text.text[0] == '-' || text.text[0] == '+')) {
        if (text.text[0] == '-') sign = -sign;
        text.text++;
        text.bytes--;
    }
    for (unsigned u = from; u <= to; u++) {
        if (u == UNIT_WEEK) continue;
        size_t digits = 0;
        while (digits < text.bytes && ((text.text[digits] >= '0' && text.text[digits] <= '9') ||
                                       (u == UNIT_SECOND && text.text[digits] == '.'))) {
            digits++;
        }
        if (!interval_plus(interval, sign, (struct mr_span){text.text, digits}, (unit)u))
            return false;
        text.text += digits;
        text.bytes -= digits;
        if (u == to) break;
        char separator = u == UNIT_YEAR ? '-' : u == UNIT_DAY ? ' ' : ':';
        if (text.bytes == 0 || text.text[0] != separator) return false;
        text.text++;
        text.bytes--;
    }
    return text.bytes == 0;
}

static struct mr_sql_expr *interval_fail(struct mr_sql_parser *p, struct mr_sql_pos pos)
{
    mr_sql_fail(p, pos, MR_E_SYNTAX, 1005, "this is not an interval");
    mr_sql_fail_help(p, "write a number and a unit, such as INTERVAL 10 MINUTES or "
                        "INTERVAL '1 day 12 hours'");
    return NULL;
}

struct mr_sql_expr *mr_sql_interval_new(struct mr_sql_parser *p, const struct mr_sql_token *word)
{
    struct mr_sql_expr *expr = mr_sql_expr_new(p, MR_SQL_EXPR_LITERAL, word->pos);
    if (expr != NULL) expr->literal = MR_SQL_LITERAL_INTERVAL;
    return expr;
}

/* The literal's text is all that was written. */
static struct mr_sql_expr *interval_extend(struct mr_sql_parser *p, struct mr_sql_expr *expr,
                                           struct mr_sql_pos to)
{
    expr->pos = mr_sql_pos_join(expr->pos, to);
    expr->text = (struct mr_span){p->source.text + expr->pos.off, expr->pos.bytes};
    return expr;
}

struct mr_sql_expr *mr_sql_interval_add(struct mr_sql_parser *p, struct mr_sql_expr *interval,
                                        int sign, const struct mr_sql_token *amount,
                                        const struct mr_sql_token *unit_word)
{
    struct mr_span text = amount->text;
    if (interval == NULL) return NULL;
    if (text.text[0] == '\'' || text.text[0] == '"' || (text.text[0] | 0x20) == 'r') {
        if (!mr_sql_unquote(p, amount, &text)) return NULL;
        text = mr_span_trim(text);
        if (text.bytes > 0 && (text.text[0] == '-' || text.text[0] == '+')) {
            if (text.text[0] == '-') sign = -sign;
            text = mr_span_trim((struct mr_span){text.text + 1, text.bytes - 1});
        }
    }
    if (!interval_plus(&interval->interval, sign, text, unit_of(unit_word->text))) {
        return interval_fail(p, mr_sql_pos_join(amount->pos, unit_word->pos));
    }
    return interval_extend(p, interval, unit_word->pos);
}

struct mr_sql_expr *mr_sql_interval_text(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                         int sign, const struct mr_sql_token *string)
{
    struct mr_sql_expr *expr = mr_sql_interval_new(p, word);
    struct mr_span text;
    if (expr == NULL || !mr_sql_unquote(p, string, &text)) return NULL;
    struct mr_sql_interval read;
    if (!mr_sql_interval_read(text, &read)) return interval_fail(p, string->pos);
    bool is_lost =
        sign < 0 && (read.months == INT32_MIN || read.days == INT32_MIN || read.us == INT64_MIN);
    if (is_lost) return interval_fail(p, string->pos);
    expr->interval = (struct mr_sql_interval){read.months * sign, read.days * sign, read.us * sign};
    return interval_extend(p, expr, string->pos);
}

struct mr_sql_expr *mr_sql_interval_range(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                          int sign, const struct mr_sql_token *string,
                                          const struct mr_sql_token *from,
                                          const struct mr_sql_token *to)
{
    struct mr_sql_expr *expr = mr_sql_interval_new(p, word);
    struct mr_span text;
    if (expr == NULL || !mr_sql_unquote(p, string, &text)) return NULL;
    unit first = unit_of(from->text), last = unit_of(to->text);
    bool is_months = first == UNIT_YEAR && last == UNIT_MONTH;
    bool is_time = first >= UNIT_DAY && first < last && last <= UNIT_SECOND;
    if ((!is_months && !is_time) ||
        !range_read(mr_span_trim(text), first, last, sign, &expr->interval)) {
        return interval_fail(p, mr_sql_pos_join(string->pos, to->pos));
    }
    return interval_extend(p, expr, to->pos);
}
