/* Statistics of a data file, as the text in `add.stats` that readers skip files by.
 *
 *   {"numRecords":n,"minValues":{..},"maxValues":{..},"nullCount":{..}}      nested as the schema
 *
 * Which columns: the first 32 leaves (delta.dataSkippingNumIndexedCols, -1 = all) or those named in
 * delta.dataSkippingStatsColumns. Numbers, dates, timestamps and strings have bounds; booleans,
 * binary, arrays and maps only null counts. Columns that are NOT NULL always get their null count:
 * the committer checks it.
 *
 * A bound may be wide but never wrong. Strings are cut to 32 UTF-16 units
 * (delta.dataSkippingStringPrefixLength): a minimum to the prefix, a maximum to the prefix and a
 * character above what follows. Timestamps have milliseconds: minima are cut, maxima raised to the
 * next one (Spark cuts both, so that its readers add one; that is still right here). NaN is no
 * JSON and above all numbers, so a column with one has no maximum; infinities have no bound.
 * Source: PROTOCOL.md "Per-file Statistics"; Delta's StatisticsCollection; DELTA.md 1.4. */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_STATS_H
#define MR_CORE_FORMAT_DELTA_DELTA_STATS_H

#include "core/format/delta/delta_action.h"
#include "core/schema/type.h"

enum { MR_DELTA_STRING_UNITS = 32, MR_DELTA_INDEXED_LEAVES = 32 };

struct mr_delta_bound {
    int64_t i64;         /* byte to long, date, timestamps, decimal up to 18 digits */
    __int128 i128;       /* longer decimals */
    double f64;          /* float and double */
    struct mr_span text; /* string: all of it or at least its first 256 bytes */
    uint64_t text_bytes; /* of the whole string */
};

/* One column of the files' schema: structs are walked into, an array or a map is one column. The
 * null count is that of rows in which it, or a struct around it, is null. */
struct mr_delta_leaf_stats {
    bool has_null_count;
    uint64_t null_count;
    bool has_bounds; /* there is a value that is neither null nor NaN */
    bool has_nan;
    struct mr_delta_bound min;
    struct mr_delta_bound max;
};

struct mr_delta_stats_rules {
    int64_t indexed_leaves; /* -1 = all */
    uint32_t string_units;
    struct mr_span columns; /* dataSkippingStatsColumns; null text = not set */
};

/* mr_delta_stats_rules_of: from the table's properties; what is malformed counts as not set. */
struct mr_delta_stats_rules mr_delta_stats_rules_of(const struct mr_delta_metadata *metadata);

/* mr_delta_stats_write: appends the JSON object.
 * schema  of the file: without partition columns
 * leaves  [mr_delta_stats_leaves(schema)], in the order of the schema */
uint32_t mr_delta_stats_leaves(const struct mr_type *schema);
void mr_delta_stats_write(const struct mr_delta_stats_rules *rules, const struct mr_type *schema,
                          uint64_t rows, const struct mr_delta_leaf_stats *leaves,
                          struct mr_text *out);

/* mr_delta_stats_cut: a string bound as above, at most 2 * units long.
 * text        the first bytes of the value, `whole_bytes` of them all in all
 * returns     false when there is no bound of that length, or the text is not UTF-8 */
bool mr_delta_stats_cut(struct mr_span text, uint64_t whole_bytes, uint32_t units, bool is_max,
                        struct mr_text *out);

#endif
