#include "io/files/path_parts.h"

#include <string.h>

#include "core/base/checked.h"
#include "io/files/file_uri.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

enum { ERR_PARTS = 2110, PARTS_MAX = 64 };

static const struct mr_span hive_null = {"__HIVE_DEFAULT_PARTITION__", 26};

static mr_status parts_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_PARTS, "out of memory for partition columns");
}

mr_status mr_parts_rule_of(struct mr_arena *arena, const struct mr_source_options *options,
                           struct mr_parts_rule *out_rule, struct mr_err *err)
{
    struct mr_parts_rule rule = {.mode = MR_PARTS_INFERRED};
    struct mr_span list = mr_source_text(options, MR_SOURCE_PARTITION_COLUMNS);
    if (mr_source_bool(options, MR_SOURCE_RECURSIVE)) rule.mode = MR_PARTS_NONE;
    if (mr_source_has(options, MR_SOURCE_PARTITION_COLUMNS)) {
        struct mr_span *names = MR_ARENA_ARRAY(arena, struct mr_span, PARTS_MAX);
        if (names == NULL) return parts_nomem(err);
        for (size_t at = 0; at <= list.bytes;) {
            const char *comma = memchr(list.text + at, ',', list.bytes - at);
            size_t end = comma == NULL ? list.bytes : (size_t)(comma - list.text);
            struct mr_span name = mr_span_trim((struct mr_span){list.text + at, end - at});
            at = end + 1;
            if (name.bytes == 0) continue;
            if (rule.name_count == PARTS_MAX) {
                return mr_err_set(err, MR_E_LIMIT, ERR_PARTS, "more than %d partition columns",
                                  PARTS_MAX);
            }
            names[rule.name_count++] = name;
        }
        rule.names = names;
        rule.mode = rule.name_count == 0 ? MR_PARTS_NONE : MR_PARTS_LISTED;
    }
    *out_rule = rule;
    return MR_OK;
}

/* "key=value" of one folder as a part; false when it is none. */
static bool part_read(struct mr_arena *arena, struct mr_span folder, struct mr_source_part *out,
                      bool *out_failed)
{
    const char *equals = memchr(folder.text, '=', folder.bytes);
    if (equals == NULL || equals == folder.text) return false;
    struct mr_span key = {folder.text, (size_t)(equals - folder.text)};
    struct mr_span value = {equals + 1, folder.bytes - key.bytes - 1};
    char *key_text = mr_arena_copy(arena, key), *value_text = mr_arena_copy(arena, value);
    if (key_text == NULL || value_text == NULL) {
        *out_failed = true;
        return false;
    }
    out->name = (struct mr_span){key_text, mr_unescape(key_text, key.bytes)};
    out->value = (struct mr_span){value_text, mr_unescape(value_text, value.bytes)};
    if (mr_span_eq(out->value, hive_null)) out->value = (struct mr_span){NULL, 0};
    return true;
}

/* All key=value folders of the path, at most PARTS_MAX; the last of equal keys wins. */
static mr_status parts_scan(struct mr_arena *arena, const char *path, size_t base_bytes,
                            struct mr_source_part *parts, uint32_t *out_count, struct mr_err *err)
{
    uint32_t count = 0;
    const char *at = path + base_bytes;
    for (;;) {
        while (*at == '/') at++;
        const char *slash = strchr(at, '/');
        struct mr_source_part part;
        bool failed = false;
        if (slash == NULL) break; /* the file's own name */
        struct mr_span folder = {at, (size_t)(slash - at)};
        at = slash;
        if (!part_read(arena, folder, &part, &failed)) {
            if (failed) return parts_nomem(err);
            continue;
        }
        uint32_t same = 0;
        while (same < count && !mr_span_ieq(parts[same].name, part.name)) same++;
        if (same == PARTS_MAX) break;
        parts[same] = part;
        count = MR_MAX(count, same + 1);
    }
    *out_count = count;
    return MR_OK;
}

mr_status mr_parts_read(struct mr_arena *arena, const struct mr_parts_rule *rule, size_t base_bytes,
                        struct mr_source_file *file, struct mr_err *err)
{
    struct mr_source_part found[PARTS_MAX];
    uint32_t found_count = 0;
    file->part_count = 0;
    file->parts = NULL;
    if (rule->mode == MR_PARTS_NONE) return MR_OK;
    MR_TRY(parts_scan(arena, file->path, base_bytes, found, &found_count, err));
    uint32_t count = rule->mode == MR_PARTS_LISTED ? rule->name_count : found_count;
    if (count == 0) return MR_OK;
    struct mr_source_part *parts = MR_ARENA_ARRAY(arena, struct mr_source_part, count);
    if (parts == NULL) return parts_nomem(err);
    if (rule->mode == MR_PARTS_INFERRED) {
        memcpy(parts, found, count * sizeof *parts);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            parts[i].name = rule->names[i];
            for (uint32_t j = 0; j < found_count; j++) {
                if (mr_span_ieq(found[j].name, rule->names[i])) parts[i].value = found[j].value;
            }
        }
    }
    file->parts = parts;
    file->part_count = count;
    return MR_OK;
}

/* ---- types ----------------------------------------------------------------------------- */

/* Rungs of the ladder; a column's rung is the widest of its values'. */
typedef enum rung {
    RUNG_NULL,
    RUNG_INT,
    RUNG_LONG,
    RUNG_DECIMAL,
    RUNG_DOUBLE,
    RUNG_DATE,
    RUNG_TIMESTAMP,
    RUNG_STRING,
} rung;

static rung rung_of_number(struct mr_span value)
{
    int64_t number;
    double real;
    size_t digits = 0;
    bool is_integer = true, has_digit = false;
    for (size_t i = 0; i < value.bytes; i++) {
        char c = value.text[i];
        bool is_digit = c >= '0' && c <= '9', is_sign = c == '-' || c == '+';
        if (!is_digit && !is_sign && c != '.' && (c | 32) != 'e') return RUNG_STRING;
        digits += is_digit;
        has_digit |= is_digit;
        is_integer &= is_digit || (is_sign && i == 0);
    }
    if (!has_digit) return RUNG_STRING;
    if (is_integer) {
        mr_parse parsed = mr_i64_parse(value.text, value.bytes, &number);
        if (parsed == MR_PARSE_OK) {
            return number >= INT32_MIN && number <= INT32_MAX ? RUNG_INT : RUNG_LONG;
        }
        if (digits <= MR_DECIMAL_PRECISION_MAX) return RUNG_DECIMAL;
    }
    mr_parse parsed = mr_double_parse(value.text, value.bytes, &real);
    return parsed == MR_PARSE_SYNTAX ? RUNG_STRING : RUNG_DOUBLE;
}

static rung rung_of(struct mr_span value)
{
    int32_t days;
    int64_t us;
    if (value.text == NULL) return RUNG_NULL;
    rung number = rung_of_number(value);
    if (number != RUNG_STRING) return number;
    /* A bare year parses as a date but was a number above; "2024-05" and longer forms are dates. */
    if (mr_date_parse(value.text, value.bytes, &days) == MR_PARSE_OK &&
        memchr(value.text, 'T', value.bytes) == NULL &&
        memchr(value.text, ':', value.bytes) == NULL) {
        return RUNG_DATE;
    }
    if (mr_timestamp_parse(value.text, value.bytes, NULL, &us) == MR_PARSE_OK) {
        return RUNG_TIMESTAMP;
    }
    return RUNG_STRING;
}

static rung rung_wider(rung a, rung b)
{
    rung low = MR_MIN(a, b), high = MR_MAX(a, b);
    if (low == RUNG_NULL || low == high) return high;
    if (high <= RUNG_DOUBLE) return high;
    if (low == RUNG_DATE && high == RUNG_TIMESTAMP) return high;
    return RUNG_STRING;
}

static const struct mr_type *rung_type(struct mr_arena *arena, rung r)
{
    switch (r) {
    case RUNG_INT: return mr_type_of(MR_TYPE_INT);
    case RUNG_LONG: return mr_type_of(MR_TYPE_LONG);
    case RUNG_DECIMAL: return mr_type_decimal(arena, MR_DECIMAL_PRECISION_MAX, 0);
    case RUNG_DOUBLE: return mr_type_of(MR_TYPE_DOUBLE);
    case RUNG_DATE: return mr_type_of(MR_TYPE_DATE);
    case RUNG_TIMESTAMP: return mr_type_of(MR_TYPE_TIMESTAMP);
    case RUNG_NULL:
    case RUNG_STRING: break;
    }
    return mr_type_of(MR_TYPE_STRING);
}

struct part_column {
    struct mr_span name;
    rung widest;
};

static uint32_t column_of(struct part_column *columns, uint32_t *count, struct mr_span name)
{
    uint32_t i = 0;
    while (i < *count && !mr_span_ieq(columns[i].name, name)) i++;
    if (i == *count && i < PARTS_MAX) {
        columns[i] = (struct part_column){name, RUNG_NULL};
        *count = i + 1;
    }
    return i;
}

mr_status mr_parts_type(struct mr_arena *arena, const struct mr_parts_rule *rule,
                        const struct mr_source_file *files, uint32_t count,
                        const struct mr_type **out_type, struct mr_err *err)
{
    struct part_column columns[PARTS_MAX];
    struct mr_field fields[PARTS_MAX];
    uint32_t column_count = 0;
    for (uint32_t i = 0; i < rule->name_count; i++) {
        (void)column_of(columns, &column_count, rule->names[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < files[i].part_count; j++) {
            const struct mr_source_part *part = &files[i].parts[j];
            uint32_t at = column_of(columns, &column_count, part->name);
            if (at == PARTS_MAX) continue;
            columns[at].widest = rung_wider(columns[at].widest, rung_of(part->value));
        }
    }
    for (uint32_t i = 0; i < column_count; i++) {
        fields[i] = (struct mr_field){.name = columns[i].name, .is_nullable = true};
        fields[i].type = rung_type(arena, columns[i].widest);
        if (fields[i].type == NULL) return parts_nomem(err);
    }
    const struct mr_type *type = mr_type_struct(arena, fields, column_count);
    if (type == NULL) return parts_nomem(err);
    *out_type = type;
    return MR_OK;
}
