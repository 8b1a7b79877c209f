#include "core/port/source_options.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/base/nearest.h"
#include "kernels/text/datetime.h"

enum { ERR_UNKNOWN = 2101, ERR_VALUE = 2102, ERR_CONFLICT = 2103 };

typedef enum option_owner {
    OWNER_SOURCE,
    OWNER_SCHEMA,
    OWNER_FORMAT,
    OWNER_CLOUD,
} option_owner;

struct option_row {
    const char *name;
    bool is_cloud; /* cloudFiles.<name> means it too */
    mr_source_option_type type;
    const char *fallback;
    const char *values;
    option_owner owner;
    const char *help;
};

static const struct option_row option_rows[] = {
#define MR_SOURCE_OPTION(id, name, is_cloud, type, fallback, values, owner, help)                  \
    {name, is_cloud, MR_OPTION_##type, fallback, values, OWNER_##owner, help},
#include "core/port/source_options.def"
#undef MR_SOURCE_OPTION
};

static_assert(MR_COUNT_OF(option_rows) == MR_SOURCE_OPTION_COUNT, "one row for each option");

static const struct mr_span cloud_prefix = {"cloudFiles.", 11};

/* Two names of one option: what the second sets, the first holds. */
static const struct {
    mr_source_option_id alias;
    mr_source_option_id id;
} option_aliases[] = {
    {MR_SOURCE_NAME_PATTERN, MR_SOURCE_GLOB_FILTER},
    {MR_SOURCE_INFER_SCHEMA, MR_SOURCE_INFER_TYPES},
    {MR_SOURCE_DELIMITER, MR_SOURCE_SEP},
    {MR_SOURCE_CHARSET, MR_SOURCE_ENCODING},
};

/* ---- values ---------------------------------------------------------------------------- */

static struct mr_span word_take(struct mr_span *rest)
{
    struct mr_span text = mr_span_trim(*rest);
    size_t end = 0;
    while (end < text.bytes && text.text[end] != ' ' && text.text[end] != '\t') end++;
    *rest = (struct mr_span){text.text + end, text.bytes - end};
    return (struct mr_span){text.text, end};
}

/* The leading digits of a word as a number; false when there are none or too many. */
static bool digits_take(struct mr_span *word, int64_t *out)
{
    int64_t value = 0;
    size_t used = 0;
    while (used < word->bytes && word->text[used] >= '0' && word->text[used] <= '9') {
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_add_overflow(value, word->text[used] - '0', &value)) return false;
        used++;
    }
    if (used == 0) return false;
    *word = (struct mr_span){word->text + used, word->bytes - used};
    *out = value;
    return true;
}

static bool interval_unit(struct mr_span word, int64_t *out_us)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {
        {"microsecond", 1},
        {"millisecond", MR_US_PER_MS},
        {"second", MR_US_PER_S},
        {"minute", 60 * MR_US_PER_S},
        {"hour", 3600 * MR_US_PER_S},
        {"day", MR_US_PER_DAY},
        {"week", 7 * MR_US_PER_DAY},
        {"month", 31 * MR_US_PER_DAY},
        {"year", 12 * 31 * MR_US_PER_DAY},
    };
    if (word.bytes > 1 && (word.text[word.bytes - 1] | 32) == 's') word.bytes--;
    for (size_t i = 0; i < MR_COUNT_OF(units); i++) {
        if (!mr_span_ieq(word, mr_span_of(units[i].name))) continue;
        *out_us = units[i].us;
        return true;
    }
    return false;
}

bool mr_source_interval_read(struct mr_span text, int64_t *out_us)
{
    struct mr_span rest = text, first = word_take(&rest);
    int64_t total = 0;
    bool is_first = true;
    if (!mr_span_ieq(first, MR_SPAN("interval"))) rest = text;
    for (;;) {
        struct mr_span word = word_take(&rest);
        int64_t count, unit;
        if (word.bytes == 0) break;
        if (!digits_take(&word, &count)) return false;
        if (word.bytes == 0) word = word_take(&rest);
        if (!interval_unit(word, &unit)) return false;
        if (__builtin_mul_overflow(count, unit, &count)) return false;
        if (__builtin_add_overflow(total, count, &total)) return false;
        is_first = false;
    }
    if (is_first) return false;
    *out_us = total;
    return true;
}

bool mr_source_bytes_read(struct mr_span text, int64_t *out_bytes)
{
    static const char letters[] = "kmgtp";
    struct mr_span word = mr_span_trim(text);
    int64_t value, factor = 1;
    if (!digits_take(&word, &value)) return false;
    word = mr_span_trim(word);
    if (word.bytes > 0 && (word.text[0] | 32) != 'b') {
        const char *letter = strchr(letters, word.text[0] | 32);
        if (letter == NULL || *letter == '\0') return false;
        factor = INT64_C(1) << (10 * (letter - letters + 1));
        word = (struct mr_span){word.text + 1, word.bytes - 1};
    }
    if (word.bytes == 1 && (word.text[0] | 32) == 'b') word.bytes = 0;
    if (word.bytes != 0) return false;
    return !__builtin_mul_overflow(value, factor, out_bytes);
}

bool mr_source_time_read(struct mr_span text, int64_t *out_us)
{
    struct mr_span word = mr_span_trim(text);
    struct mr_zone utc = mr_zone_fixed(0);
    return mr_timestamp_parse(word.text, word.bytes, &utc, out_us) == MR_PARSE_OK;
}

static bool bool_read(struct mr_span text, int64_t *out)
{
    bool is_true = mr_span_ieq(text, MR_SPAN("true"));
    if (!is_true && !mr_span_ieq(text, MR_SPAN("false"))) return false;
    *out = is_true;
    return true;
}

/* The choice `text` is of a comma list: its position, and the list's spelling in *inout. */
static bool choice_read(const char *values, struct mr_span *inout, int64_t *out)
{
    int64_t index = 0;
    for (const char *at = values; *at != '\0'; index++) {
        size_t bytes = strcspn(at, ",");
        struct mr_span choice = {at, bytes};
        if (mr_span_ieq(choice, *inout)) {
            *inout = choice;
            *out = index;
            return true;
        }
        at += bytes + (at[bytes] == ',');
    }
    return false;
}

static bool value_read(const struct option_row *row, struct mr_source_value *value)
{
    struct mr_span text = mr_span_trim(value->text);
    switch (row->type) {
    case MR_OPTION_BOOL: return bool_read(text, &value->number);
    case MR_OPTION_COUNT:
        return digits_take(&text, &value->number) && text.bytes == 0 && value->number > 0;
    case MR_OPTION_BYTES: return mr_source_bytes_read(text, &value->number) && value->number > 0;
    case MR_OPTION_SPAN: return mr_source_interval_read(text, &value->number);
    case MR_OPTION_TIME: return mr_source_time_read(text, &value->number);
    case MR_OPTION_CHOICE:
        value->text = text;
        return choice_read(row->values, &value->text, &value->number);
    case MR_OPTION_TEXT:
    case MR_OPTION_FAMILY: return true;
    }
    return false;
}

static const char *type_wants(const struct option_row *row)
{
    switch (row->type) {
    case MR_OPTION_BOOL: return "true or false";
    case MR_OPTION_COUNT: return "a positive number";
    case MR_OPTION_BYTES: return "a number of bytes such as 512m or 10g";
    case MR_OPTION_SPAN: return "an interval such as 1 day or 30 minutes";
    case MR_OPTION_TIME: return "a timestamp such as 2024-05-01T10:00:00Z";
    case MR_OPTION_CHOICE: return row->values;
    case MR_OPTION_TEXT:
    case MR_OPTION_FAMILY: break;
    }
    return "text";
}

/* ---- sets ------------------------------------------------------------------------------ */

static const struct option_row *row_find(struct mr_span name)
{
    bool has_prefix = name.bytes > cloud_prefix.bytes &&
                      mr_span_ieq((struct mr_span){name.text, cloud_prefix.bytes}, cloud_prefix);
    struct mr_span bare = name;
    if (has_prefix) {
        bare.text += cloud_prefix.bytes;
        bare.bytes -= cloud_prefix.bytes;
    }
    for (size_t i = 0; i < MR_COUNT_OF(option_rows); i++) {
        const struct option_row *row = &option_rows[i];
        struct mr_span row_name = mr_span_of(row->name);
        struct mr_span head = bare;
        if (has_prefix && !row->is_cloud) continue;
        if (row->type == MR_OPTION_FAMILY) head.bytes = MR_MIN(head.bytes, row_name.bytes);
        if (mr_span_ieq(head, row_name)) return row;
    }
    return NULL;
}

static mr_status unknown_fail(struct mr_span name, struct mr_err *err)
{
    struct mr_nearest nearest;
    struct mr_span bare = name;
    if (name.bytes > cloud_prefix.bytes &&
        mr_span_ieq((struct mr_span){name.text, cloud_prefix.bytes}, cloud_prefix)) {
        bare = (struct mr_span){name.text + cloud_prefix.bytes, name.bytes - cloud_prefix.bytes};
    }
    mr_nearest_init(&nearest, bare);
    for (size_t i = 0; i < MR_COUNT_OF(option_rows); i++) {
        mr_nearest_offer(&nearest, mr_span_of(option_rows[i].name));
    }
    mr_status status = mr_err_set(err, MR_E_INVALID, ERR_UNKNOWN, "unknown option \"%.*s\"",
                                  (int)name.bytes, name.text);
    if (nearest.best.bytes > 0) {
        mr_err_help(err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    } else {
        mr_err_help(err, "validateOptions => false lets unknown options pass");
    }
    return status;
}

struct set_builder {
    struct mr_source_options set;
    struct mr_span *ignored; /* room for each pair, both */
    struct mr_span *unknown;
};

static mr_status set_take(struct set_builder *b, struct mr_arena *arena,
                          const struct mr_source_pair *pair, struct mr_err *err)
{
    const struct option_row *row = row_find(pair->name);
    struct mr_source_value value = {.is_set = true};
    struct mr_span name = {mr_arena_copy(arena, pair->name), pair->name.bytes};
    value.text = (struct mr_span){mr_arena_copy(arena, pair->value), pair->value.bytes};
    if (name.text == NULL || value.text.text == NULL) {
        return mr_err_set(err, MR_E_NOMEM, ERR_VALUE, "out of memory for an option");
    }
    if (row == NULL) {
        b->unknown[b->set.unknown_count++] = name;
        return MR_OK;
    }
    if (!value_read(row, &value)) {
        return mr_err_set(err, MR_E_INVALID, ERR_VALUE,
                          "option %.*s: \"%.*s\" is not what it takes: %s", (int)name.bytes,
                          name.text, (int)pair->value.bytes, pair->value.text, type_wants(row));
    }
    if (row->owner == OWNER_CLOUD) b->ignored[b->set.ignored_count++] = name;
    size_t index = (size_t)(row - option_rows);
    b->set.values[index] = value;
    for (size_t i = 0; i < MR_COUNT_OF(option_aliases); i++) {
        if (option_aliases[i].alias == index) b->set.values[option_aliases[i].id] = value;
    }
    return MR_OK;
}

static mr_status conflict(const char *text, struct mr_err *err)
{
    return mr_err_set(err, MR_E_INVALID, ERR_CONFLICT, "%s", text);
}

static mr_status set_check(const struct mr_source_options *o, struct mr_err *err)
{
    struct mr_span clean = mr_source_text(o, MR_SOURCE_CLEAN);
    if (mr_source_has(o, MR_SOURCE_MAX_FILE_AGE) &&
        mr_source_number(o, MR_SOURCE_MAX_FILE_AGE) < 14 * MR_US_PER_DAY) {
        return conflict("option maxFileAge must be at least 14 days", err);
    }
    if (mr_span_is(clean, "DELETE") &&
        mr_source_number(o, MR_SOURCE_CLEAN_RETENTION) < 7 * MR_US_PER_DAY) {
        return conflict(
            "cleanSource DELETE needs a cleanSource.retentionDuration of at least 7 days", err);
    }
    if (mr_span_is(clean, "MOVE") && !mr_source_has(o, MR_SOURCE_CLEAN_MOVE_TO)) {
        return conflict("cleanSource MOVE needs cleanSource.moveDestination", err);
    }
    if (mr_source_has(o, MR_SOURCE_BACKFILL) && !mr_source_bool(o, MR_SOURCE_NOTIFICATIONS)) {
        return conflict("backfillInterval needs useNotifications: listing finds everything anyway",
                        err);
    }
    if (mr_source_has(o, MR_SOURCE_MODIFIED_AFTER) && mr_source_has(o, MR_SOURCE_MODIFIED_BEFORE) &&
        mr_source_number(o, MR_SOURCE_MODIFIED_AFTER) >=
            mr_source_number(o, MR_SOURCE_MODIFIED_BEFORE)) {
        return conflict("modifiedAfter is not before modifiedBefore: no file can pass", err);
    }
    if (o->values[MR_SOURCE_SCHEMA].is_set && o->values[MR_SOURCE_SCHEMA_HINTS].is_set) {
        return conflict("schemaHints are for an inferred schema: give schema or schemaHints", err);
    }
    return MR_OK;
}

static void defaults_set(struct mr_source_options *set)
{
    for (size_t i = 0; i < MR_COUNT_OF(option_rows); i++) {
        struct mr_source_value *value = &set->values[i];
        value->text = mr_span_of(option_rows[i].fallback);
        if (value->text.bytes == 0) continue;
        bool is_read = value_read(&option_rows[i], value);
        MR_ASSERT(is_read); /* the table's defaults are of their types */
    }
}

mr_status mr_source_options_read(struct mr_arena *arena, const struct mr_source_pair *pairs,
                                 uint32_t count, struct mr_source_options *out_options,
                                 struct mr_err *err)
{
    struct set_builder b = {0};
    b.ignored = MR_ARENA_ARRAY(arena, struct mr_span, count + 1u);
    b.unknown = MR_ARENA_ARRAY(arena, struct mr_span, count + 1u);
    if (b.ignored == NULL || b.unknown == NULL) {
        return mr_err_set(err, MR_E_NOMEM, ERR_VALUE, "out of memory for options");
    }
    defaults_set(&b.set);
    for (uint32_t i = 0; i < count; i++) MR_TRY(set_take(&b, arena, &pairs[i], err));
    if (b.set.unknown_count > 0 && mr_source_bool(&b.set, MR_SOURCE_VALIDATE)) {
        return unknown_fail(b.unknown[0], err);
    }
    MR_TRY(set_check(&b.set, err));
    b.set.ignored = b.ignored;
    b.set.unknown = b.unknown;
    *out_options = b.set;
    return MR_OK;
}

/* ---- help ------------------------------------------------------------------------------ */

static void row_write(const struct option_row *row, struct mr_text *out)
{
    static const char *const types[] = {"true/false", "number", "bytes",  "interval",
                                        "timestamp",  "text",   "choice", "any"};
    mr_text_addf(out, "| %s%s | %s | ", row->name, row->type == MR_OPTION_FAMILY ? "*" : "",
                 types[row->type]);
    if (row->fallback[0] != '\0') mr_text_addf(out, "`%s`", row->fallback);
    mr_text_addf(out, " | %s", row->help);
    if (row->type == MR_OPTION_CHOICE) {
        mr_text_adds(out, ": ");
        for (const char *at = row->values; *at != '\0'; at++) {
            mr_text_addc(out, *at);
            if (*at == ',') mr_text_addc(out, ' ');
        }
    }
    mr_text_adds(out, " |\n");
}

void mr_source_options_write_help(struct mr_text *out)
{
    static const char *const titles[] = {
        "Finding files",
        "Schema",
        "Reading records",
        "Cloud storage: accepted, without effect on a file system",
    };
    for (unsigned owner = OWNER_SOURCE; owner <= OWNER_CLOUD; owner++) {
        mr_text_addf(out,
                     "%s### %s\n\n| option | type | default | what it does |\n"
                     "| --- | --- | --- | --- |\n",
                     owner == OWNER_SOURCE ? "" : "\n", titles[owner]);
        for (size_t i = 0; i < MR_COUNT_OF(option_rows); i++) {
            if (option_rows[i].owner == owner) row_write(&option_rows[i], out);
        }
    }
}
