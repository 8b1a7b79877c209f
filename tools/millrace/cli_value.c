#include "tools/millrace/cli_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/base/nearest.h"

struct unit {
    const char *name;
    double size;
};

static const struct unit byte_units[] = {
    {"", 1},
    {"b", 1},
    {"k", 1e3},
    {"kb", 1e3},
    {"m", 1e6},
    {"mb", 1e6},
    {"g", 1e9},
    {"gb", 1e9},
    {"t", 1e12},
    {"tb", 1e12},
    {"ki", 1024},
    {"kib", 1024},
    {"mi", 1048576},
    {"mib", 1048576},
    {"gi", 1073741824},
    {"gib", 1073741824},
    {"ti", 1099511627776},
    {"tib", 1099511627776},
    {NULL, 0},
};

static const struct unit time_units[] = {
    {"us", 1},
    {"ms", 1e3},
    {"s", 1e6},
    {"sec", 1e6},
    {"second", 1e6},
    {"seconds", 1e6},
    {"m", 60e6},
    {"min", 60e6},
    {"minute", 60e6},
    {"minutes", 60e6},
    {"h", 3600e6},
    {"hour", 3600e6},
    {"hours", 3600e6},
    {"d", 86400e6},
    {"day", 86400e6},
    {"days", 86400e6},
    {"", 1e6},
    {"millisecond", 1e3},
    {"milliseconds", 1e3},
    {NULL, 0},
};

/* One number with its unit at *at; *at moves behind it and blanks. */
static bool read_quantity(const char **at, const struct unit *units, double *out)
{
    char *end, word[16];
    size_t bytes = 0;
    if (**at < '0' || **at > '9') return false;
    double number = strtod(*at, &end);
    while (*end == ' ') end++;
    while (bytes + 1 < sizeof word &&
           ((*end >= 'a' && *end <= 'z') || (*end >= 'A' && *end <= 'Z'))) {
        word[bytes++] = *end++;
    }
    word[bytes] = '\0';
    while (*end == ' ') end++;
    for (; units->name != NULL; units++) {
        if (strcasecmp(units->name, word) != 0) continue;
        *out = number * units->size;
        *at = end;
        return isfinite(*out);
    }
    return false;
}

bool mr_bytes_read(const char *text, int64_t *out_bytes)
{
    double bytes;
    if (!read_quantity(&text, byte_units, &bytes) || *text != '\0' || bytes >= 9e18) return false;
    *out_bytes = (int64_t)bytes;
    return true;
}

bool mr_duration_read(const char *text, int64_t *out_us)
{
    double sum = 0, part;
    do {
        if (!read_quantity(&text, time_units, &part)) return false;
        sum += part;
    } while (*text != '\0');
    if (sum >= 9e18) return false;
    *out_us = (int64_t)sum;
    return true;
}

static mr_status fail_value(struct mr_cli *cli, const char *source, const char *text,
                            const char *wanted, struct mr_err *err)
{
    return mr_cli_usage(cli, err, "%s: \"%s\" is not %s", source, text, wanted);
}

static mr_status read_flag(struct mr_cli *cli, const char *source, const char *text,
                           struct mr_option_value *value, struct mr_err *err)
{
    static const char *const words[][2] = {
        {"0", "1"}, {"false", "true"}, {"no", "yes"}, {"off", "on"}, {"", "1"}};
    for (size_t i = 0; i < MR_COUNT_OF(words); i++) {
        for (int is_on = 0; is_on < 2; is_on++) {
            if (strcasecmp(words[i][is_on], text) != 0) continue;
            value->number = is_on;
            return MR_OK;
        }
    }
    return fail_value(cli, source, text, "yes or no", err);
}

static mr_status read_int(struct mr_cli *cli, const struct mr_option *option, const char *source,
                          const char *text, struct mr_option_value *value, struct mr_err *err)
{
    char *end;
    errno = 0;
    int64_t number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0) {
        return fail_value(cli, source, text, "a whole number", err);
    }
    bool has_bounds = option->min != 0 || option->max != 0;
    if (has_bounds && (number < option->min || number > option->max)) {
        return mr_cli_usage(cli, err, "%s: %" PRId64 " is not between %" PRId64 " and %" PRId64,
                            source, number, option->min, option->max);
    }
    value->number = number;
    return MR_OK;
}

static mr_status read_rate(struct mr_cli *cli, const char *source, const char *text,
                           struct mr_option_value *value, struct mr_err *err)
{
    char *end;
    double rate = strtod(text, &end);
    if (*end == '%') {
        rate /= 100;
        end++;
    }
    if (end == text || *end != '\0' || !(rate >= 0 && rate <= 1)) {
        return fail_value(cli, source, text, "a share like 0.01 or 1%", err);
    }
    value->rate = rate;
    return MR_OK;
}

static mr_status read_choice(struct mr_cli *cli, const struct mr_option *option, const char *source,
                             const char *text, struct mr_err *err)
{
    struct mr_nearest nearest;
    mr_nearest_init(&nearest, mr_span_of(text));
    for (const char *at = option->value; *at != '\0';) {
        struct mr_span choice = {at, strcspn(at, "|")};
        if (mr_span_is(choice, text)) return MR_OK;
        mr_nearest_offer(&nearest, choice);
        at += choice.bytes + (at[choice.bytes] == '|');
    }
    mr_status status = fail_value(cli, source, text, option->value, err);
    if (nearest.best.bytes > 0) {
        mr_err_help(err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    }
    return status;
}

static mr_status add_item(struct mr_cli *cli, struct mr_option_value *value, struct mr_span item,
                          struct mr_err *err)
{
    const char **grown = MR_ARENA_ARRAY(&cli->arena, const char *, value->item_count + 1);
    char *copy = mr_arena_copy(&cli->arena, item);
    if (grown == NULL || copy == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory while reading the command line");
    }
    if (value->item_count > 0) memcpy(grown, value->items, value->item_count * sizeof *grown);
    grown[value->item_count++] = copy;
    value->items = grown;
    return MR_OK;
}

static mr_status read_list(struct mr_cli *cli, const char *source, const char *text,
                           struct mr_option_value *value, struct mr_err *err)
{
    for (const char *at = text;; at++) {
        struct mr_span item = mr_span_trim((struct mr_span){at, strcspn(at, ",")});
        if (item.bytes == 0) return fail_value(cli, source, text, "a list like a,b,c", err);
        MR_TRY(add_item(cli, value, item, err));
        at += strcspn(at, ",");
        if (*at == '\0') return MR_OK;
    }
}

static mr_status read_pair(struct mr_cli *cli, const char *source, const char *text,
                           struct mr_option_value *value, struct mr_err *err)
{
    if (text[0] == '=' || strchr(text, '=') == NULL) {
        return fail_value(cli, source, text, "a pair like key=value", err);
    }
    return add_item(cli, value, mr_span_of(text), err);
}

mr_status mr_value_read(struct mr_cli *cli, const struct mr_option *option, const char *source,
                        const char *text, struct mr_option_value *value, struct mr_err *err)
{
    mr_status status = MR_OK;
    switch (option->type) {
    case MR_CLI_FLAG: status = read_flag(cli, source, text, value, err); break;
    case MR_CLI_TEXT: break;
    case MR_CLI_INT: status = read_int(cli, option, source, text, value, err); break;
    case MR_CLI_BYTES:
        if (!mr_bytes_read(text, &value->number)) {
            status = fail_value(cli, source, text, "a size like 4096, 10MB or 64MiB", err);
        }
        break;
    case MR_CLI_DURATION:
        if (!mr_duration_read(text, &value->number)) {
            status = fail_value(cli, source, text, "a time like 90, 250ms or 1h30m", err);
        }
        break;
    case MR_CLI_RATE: status = read_rate(cli, source, text, value, err); break;
    case MR_CLI_CHOICE: status = read_choice(cli, option, source, text, err); break;
    case MR_CLI_LIST: status = read_list(cli, source, text, value, err); break;
    case MR_CLI_PAIRS: status = read_pair(cli, source, text, value, err); break;
    }
    if (status != MR_OK) return status;
    value->text = text;
    return MR_OK;
}
