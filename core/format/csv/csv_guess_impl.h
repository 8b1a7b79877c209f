/* The type that a column's values seem to have; core/format/csv only.
 *
 * The ladder of Spark's CSV inference, per value: int, bigint, decimal of whole numbers, double,
 * date, timestamp, boolean, string. A column begins as void and takes the narrowest type that holds
 * what it was and what came; numbers widen, a date among timestamps is a timestamp when both have
 * their default forms, and everything else that differs is a string. Nulls change nothing.
 * Source: SEMANTICS.md 1.4; Spark 4 CSVInferSchema. */
#ifndef MR_CORE_FORMAT_CSV_CSV_GUESS_IMPL_H
#define MR_CORE_FORMAT_CSV_CSV_GUESS_IMPL_H

#include "core/format/csv/csv_options.h"
#include "core/schema/merge.h"

struct csv_guesser {
    const struct mr_csv_options *options;
    bool infers; /* false: everything is a string */
};

/* csv_guess_add: the value, which is no null, joins what the column was so far. */
void csv_guess_add(const struct csv_guesser *g, struct mr_leaf_type *type, struct mr_span text);

/* csv_guess_type: as a type; void is a string in the end. Null when out of memory. */
const struct mr_type *csv_guess_type(struct mr_arena *arena, struct mr_leaf_type type);

/* csv_real: a double as Java reads it: blanks around it, a letter d or f behind it, and the texts
 * that the options give for what is no number. */
bool csv_real(const struct mr_csv_options *options, struct mr_span text, double *out);

/* csv_number_plain: the text without the commas between thousands, in `room`; text itself when it
 * has none. Its text is null when it is longer than the room. */
struct mr_span csv_number_plain(struct mr_span text, char *room, size_t room_bytes);

#endif
