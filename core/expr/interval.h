/* Intervals as values: months, and spans of microseconds, with the units they are shown in.
 *
 * The two kinds never meet: a month has no length. The text is ANSI's, as Spark writes it:
 * INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1 02:03:04.5' DAY TO SECOND; the first unit takes all
 * that is above it, units behind the last are cut. */
#ifndef MR_CORE_EXPR_INTERVAL_H
#define MR_CORE_EXPR_INTERVAL_H

#include "core/base/span.h"
#include "core/schema/type.h"

enum { MR_INTERVAL_TEXT_MAX = 80 };

/* mr_interval_format: at most MR_INTERVAL_TEXT_MAX bytes; returns the length. */
size_t mr_interval_format(const struct mr_type *type, int64_t value, char *out);

/* mr_interval_cut: the value without what its last unit does not show. */
int64_t mr_interval_cut(const struct mr_type *type, int64_t value);

/* mr_interval_parse: what mr_interval_format writes for the type, with or without its words; the
 * units have to be the type's. False when it is malformed or too large. */
bool mr_interval_parse(const struct mr_type *type, struct mr_span text, int64_t *out_value);

#endif
