/* Times as text: a pattern is cut where a letter stands that kernels/text/pattern.h does not know;
 * the pieces between are that one's. */
#include <stdio.h>

#include "core/base/checked.h"
#include "core/expr/time_impl.h"

const char *const mr_day_names[7] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                     "Friday", "Saturday", "Sunday"};

struct piece {
    char letter; /* of ours; 0: `pattern` */
    uint8_t width;
    struct mr_pattern pattern;
};

struct mr_time_format {
    struct piece *pieces;
    uint32_t count;
};

/* width_max: of our letters; 0 for others. */
static uint8_t width_max(char letter)
{
    switch (letter) {
    case 'E':
    case 'Q':
    case 'q':
    case 'G': return 4;
    case 'D': return 3;
    case 'k':
    case 'K': return 2;
    default: return 0;
    }
}

static mr_status add_pattern(struct mr_time_format *format, struct mr_span text,
                             struct mr_err *err)
{
    struct mr_err why = {0};
    if (text.bytes == 0) return MR_OK;
    mr_status status = mr_pattern_compile(&format->pieces[format->count].pattern, text, &why);
    if (status != MR_OK) return mr_err_set(err, MR_E_TYPE, 1314, "%s", why.message);
    format->count++;
    return MR_OK;
}

/* cut: the text in pieces; brackets mean nothing when a time is written. */
static mr_status cut(struct mr_time_format *format, const char *text, size_t bytes,
                     struct mr_err *err)
{
    size_t from = 0, at = 0;
    bool is_quoted = false;
    while (at < bytes) {
        char c = text[at];
        if (c == '\'') is_quoted = !is_quoted;
        uint8_t most = is_quoted ? 0 : width_max(c);
        bool is_bracket = !is_quoted && (c == '[' || c == ']');
        if (most == 0 && !is_bracket) {
            at++;
            continue;
        }
        size_t end = at + 1;
        while (!is_bracket && end < bytes && text[end] == c) end++;
        MR_TRY(add_pattern(format, (struct mr_span){text + from, at - from}, err));
        if (!is_bracket) {
            if (end - at > most) {
                return mr_err_set(err, MR_E_TYPE, 1314,
                                  "too many letters '%c' in the datetime pattern \"%.*s\"", c,
                                  (int)bytes, text);
            }
            format->pieces[format->count].letter = c;
            format->pieces[format->count++].width = (uint8_t)(end - at);
        }
        from = at = end;
    }
    return add_pattern(format, (struct mr_span){text + from, bytes - from}, err);
}

mr_status mr_time_format_compile(struct mr_arena *arena, struct mr_span pattern,
                                 const struct mr_time_format **out_format, struct mr_err *err)
{
    struct mr_time_format *format = MR_ARENA_NEW(arena, struct mr_time_format);
    char *copy = mr_arena_copy(arena, pattern); /* literals lie in the pieces, messages here */
    size_t most = MR_MIN(pattern.bytes, (size_t)MR_TIME_FORMAT_MAX) + 1;
    if (pattern.bytes > MR_TIME_FORMAT_MAX) {
        return mr_err_set(err, MR_E_TYPE, 1314, "a datetime pattern of more than %d bytes",
                          MR_TIME_FORMAT_MAX);
    }
    uint32_t pieces = 1;
    for (size_t i = 0; i + 1 < most; i++) pieces += width_max(pattern.text[i]) > 0 ||
                                                     pattern.text[i] == '[' ||
                                                     pattern.text[i] == ']';
    if (format != NULL) format->pieces = MR_ARENA_ARRAY(arena, struct piece, 2 * pieces);
    if (format == NULL || copy == NULL || format->pieces == NULL) return mr_eval_nomem(err);
    MR_TRY(cut(format, copy, pattern.bytes, err));
    *out_format = format;
    return MR_OK;
}

static size_t write_ours(const struct piece *piece, int64_t local_us, char *out, size_t room)
{
    static const char *const quarters[] = {"1st quarter", "2nd quarter", "3rd quarter",
                                           "4th quarter"};
    int64_t days = mr_floor_div(local_us, MR_US_PER_DAY);
    struct mr_civil c = mr_civil_of_days(days);
    int hour = (int)(mr_floor_mod(local_us, MR_US_PER_DAY) / (3600 * MR_US_PER_S));
    int quarter = (c.month - 1) / 3, width = piece->width;
    const char *day = mr_day_names[mr_floor_mod(days + 3, 7)];
    switch (piece->letter) {
    case 'E': return (size_t)snprintf(out, room, "%.*s", width < 4 ? 3 : 16, day);
    case 'D':
        return (size_t)snprintf(out, room, "%0*d", width,
                                (int)(days - mr_days_of_civil(c.year, 1, 1)) + 1);
    case 'Q':
    case 'q':
        if (width == 4) return (size_t)snprintf(out, room, "%s", quarters[quarter]);
        if (width == 3) return (size_t)snprintf(out, room, "Q%d", quarter + 1);
        return (size_t)snprintf(out, room, "%0*d", width, quarter + 1);
    case 'G':
        if (width == 4) {
            return (size_t)snprintf(out, room, "%s", c.year > 0 ? "Anno Domini" : "Before Christ");
        }
        return (size_t)snprintf(out, room, "%s", c.year > 0 ? "AD" : "BC");
    case 'k': return (size_t)snprintf(out, room, "%0*d", width, hour == 0 ? 24 : hour);
    default: return (size_t)snprintf(out, room, "%0*d", width, hour % 12);
    }
}

size_t mr_time_format_write(const struct mr_time_format *format, int64_t local_us,
                            int32_t offset_s, char *out)
{
    struct mr_pattern_time time = {.local_us = local_us, .has_offset = true, .offset_s = offset_s};
    size_t used = 0;
    for (uint32_t i = 0; i < format->count; i++) {
        const struct piece *piece = &format->pieces[i];
        size_t room = MR_TIME_FORMAT_MAX - used;
        size_t bytes = piece->letter != 0
                           ? write_ours(piece, local_us, out + used, room)
                           : mr_pattern_format(&piece->pattern, &time, out + used, room);
        if (bytes == 0 || bytes >= room) return 0;
        used += bytes;
    }
    return used;
}
