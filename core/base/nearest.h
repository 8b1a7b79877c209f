/* The nearest name, for "did you mean": columns, functions, options, keys of a spec.
 *
 * Offer every candidate; the best is the one with the fewest insertions, deletions, replacements
 * and swaps of neighbours (optimal string alignment, Damerau 1964), ASCII case ignored, if they are
 * few enough to be a slip: at most one per three characters. The first of equals wins. Nothing is
 * allocated.
 *
 *     struct mr_nearest nearest;
 *     mr_nearest_init(&nearest, wanted);
 *     for (...) mr_nearest_offer(&nearest, mr_span_of(names[i]));
 *     if (nearest.best.bytes > 0) mr_err_help(err, "did you mean \"%.*s\"?", ...); */
#ifndef MR_CORE_BASE_NEAREST_H
#define MR_CORE_BASE_NEAREST_H

#include "core/base/span.h"

/* Longer names are neither looked for nor offered. */
enum { MR_NEAREST_BYTES_MAX = 64 };

struct mr_nearest {
    struct mr_span wanted; /* borrowed */
    struct mr_span best;   /* borrowed from the offers; 0 bytes = none is near enough */
    size_t distance;       /* of best; the largest still acceptable + 1 while there is none */
};

void mr_nearest_init(struct mr_nearest *nearest, struct mr_span wanted);
void mr_nearest_offer(struct mr_nearest *nearest, struct mr_span candidate);

#endif
