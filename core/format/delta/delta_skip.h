/* Skipping: may a file have a row for which a predicate is true?
 *
 * What is known of a file is in its action: partition values, which are exact, and statistics,
 * which are bounds. Statistics are read with doubt:
 *
 *   absent, malformed, or of a type without bounds   nothing is known
 *   strings                a minimum is cut, a maximum cut and raised: both are bounds all the same
 *   timestamps             cut to milliseconds, so a maximum is up to 999 us low: one ms is added
 *   float and double       NaN is in no bound, so it may always be there
 *   double, once float     the text may be a float's shortest: the wider of both readings counts
 *   nullCount              with deletion vectors still right at 0 and at numRecords, as used here
 * Source: PROTOCOL.md "Per-file Statistics"; DELTA.md 1.4. */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_SKIP_H
#define MR_CORE_FORMAT_DELTA_DELTA_SKIP_H

#include "core/format/delta/delta_layout.h"
#include "core/schema/predicate.h"

struct mr_delta_skip_term;

/* A predicate with its columns looked up. */
struct mr_delta_skip {
    const struct mr_delta_skip_term *terms;
    uint32_t term_count;
    bool needs_stats;
};

/* mr_delta_skip_make: `predicate` and `layout` are borrowed for as long as the answer is used;
 * terms about unknown columns are left out. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_delta_skip_make(struct mr_arena *arena,
                                         const struct mr_delta_layout *layout,
                                         const struct mr_predicate *predicate,
                                         struct mr_delta_skip *out_skip, struct mr_err *err);

/* mr_delta_skip_may: whether the file may have such a row. `values` are its partition values,
 * `stats` its statistics, parsed, or null. */
bool mr_delta_skip_may(const struct mr_delta_skip *skip, const struct mr_value *values,
                       const struct mr_doc *stats);

/* mr_delta_skip_in_files: those of the terms that are about columns in data files, by the files'
 * names: for whoever skips parts of a file. Shares the predicate's constants.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_delta_skip_in_files(struct mr_arena *arena,
                                             const struct mr_delta_skip *skip,
                                             struct mr_predicate *out_predicate,
                                             struct mr_err *err);

/* mr_delta_stats_rows: numRecords; -1 when absent. */
int64_t mr_delta_stats_rows(const struct mr_doc *stats);

/* mr_delta_stats_are_tight: false when bounds include deleted rows. */
bool mr_delta_stats_are_tight(const struct mr_doc *stats);

/* mr_delta_stats_range: what the statistics say about a column. `names` is its path in the files'
 * names, `type` the table's. */
void mr_delta_stats_range(const struct mr_doc *stats, const struct mr_span *names,
                          uint32_t name_count, const struct mr_type *type, bool was_widened,
                          struct mr_predicate_range *out_range);

#endif
