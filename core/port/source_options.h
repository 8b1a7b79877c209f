/* Options of a file source: what a user wrote after `=>`, checked and typed.
 *
 * source_options.def is the one table of names, types, defaults and help. A set is made from name
 * and value pairs of text, once, when a query is bound; the source, the schema rules and the
 * decoder each ask it for what they own. Names compare without case, with or without the prefix
 * `cloudFiles.` where the table says so. Of two names for one option the last given wins. */
#ifndef MR_CORE_PORT_SOURCE_OPTIONS_H
#define MR_CORE_PORT_SOURCE_OPTIONS_H

#include "core/mem/arena.h"
#include "core/mem/text.h"

typedef enum mr_source_option_id {
#define MR_SOURCE_OPTION(id, name, is_cloud, type, fallback, values, owner, help) MR_SOURCE_##id,
#include "core/port/source_options.def"
#undef MR_SOURCE_OPTION
    MR_SOURCE_OPTION_COUNT
} mr_source_option_id;

typedef enum mr_source_option_type {
    MR_OPTION_BOOL,
    MR_OPTION_COUNT,
    MR_OPTION_BYTES,
    MR_OPTION_SPAN,
    MR_OPTION_TIME,
    MR_OPTION_TEXT,
    MR_OPTION_CHOICE,
    MR_OPTION_FAMILY,
} mr_source_option_type;

struct mr_source_pair {
    struct mr_span name;
    struct mr_span value;
};

struct mr_source_value {
    bool is_set;         /* a user gave it; otherwise the rest is the default */
    struct mr_span text; /* as written; CHOICE: the spelling of the table */
    int64_t number;      /* BOOL 0 or 1; COUNT; BYTES; SPAN, TIME in microseconds; CHOICE: index */
};

struct mr_source_options {
    struct mr_source_value values[MR_SOURCE_OPTION_COUNT];
    const struct mr_span *ignored; /* names given that have no effect here, as written */
    uint32_t ignored_count;
    const struct mr_span *unknown; /* names not in the table, with validateOptions false */
    uint32_t unknown_count;
};

/* mr_source_options_read: the set for `pairs[count]`; texts are copied into `arena`.
 * returns MR_E_INVALID for an unknown name ("did you mean"), a value that is not of the option's
 * type, or options that contradict each other; err->message names the option */
MR_MUST_USE mr_status mr_source_options_read(struct mr_arena *arena,
                                             const struct mr_source_pair *pairs, uint32_t count,
                                             struct mr_source_options *out_options,
                                             struct mr_err *err);

/* What is set, or the default. `has`: set by the user or by a default that is not empty. */
static inline bool mr_source_has(const struct mr_source_options *o, mr_source_option_id id)
{
    return o->values[id].is_set || o->values[id].text.bytes > 0;
}

static inline bool mr_source_bool(const struct mr_source_options *o, mr_source_option_id id)
{
    return o->values[id].number != 0;
}

static inline int64_t mr_source_number(const struct mr_source_options *o, mr_source_option_id id)
{
    return o->values[id].number;
}

static inline struct mr_span mr_source_text(const struct mr_source_options *o,
                                            mr_source_option_id id)
{
    return o->values[id].text;
}

/* mr_source_interval_read: "14 days", "INTERVAL 1 hour 30 minutes", "2 weeks"; a month has 31 days,
 * as in Spark's watermark delays. In microseconds, not negative.
 * mr_source_bytes_read: "1024", "512m", "10GB"; binary multiples.
 * mr_source_time_read: "2024-05-01", "2024-05-01T10:00:00[.fraction][Z|+hh:mm]"; UTC when it names
 * no zone. All return false for anything else. */
bool mr_source_interval_read(struct mr_span text, int64_t *out_us);
bool mr_source_bytes_read(struct mr_span text, int64_t *out_bytes);
bool mr_source_time_read(struct mr_span text, int64_t *out_us);

/* mr_source_options_write_help: the table as Markdown, for docs. */
void mr_source_options_write_help(struct mr_text *out);

#endif
