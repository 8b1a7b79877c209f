#include "core/base/nearest.h"

#include "core/base/checked.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void mr_nearest_init(struct mr_nearest *nearest, struct mr_span wanted)
{
    size_t slips = wanted.bytes < 3 ? 1 : wanted.bytes / 3;
    *nearest = (struct mr_nearest){.wanted = wanted, .distance = slips + 1};
}

/* Three rows of the alignment table are alive at a time: this one, the one above (for insertions,
 * deletions, replacements) and the one above that (for swaps). */
static size_t alignment(struct mr_span a, struct mr_span b)
{
    size_t rows[3][MR_NEAREST_BYTES_MAX + 1];
    size_t *above2 = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.bytes; j++) above[j] = j;
    for (size_t i = 1; i <= a.bytes; i++) {
        char x = lower(a.text[i - 1]);
        row[0] = i;
        for (size_t j = 1; j <= b.bytes; j++) {
            char y = lower(b.text[j - 1]);
            size_t best = MR_MIN(above[j], row[j - 1]) + 1;
            best = MR_MIN(best, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.text[j - 2]) && lower(a.text[i - 2]) == y) {
                best = MR_MIN(best, above2[j - 2] + 1);
            }
            row[j] = best;
        }
        size_t *free_row = above2;
        above2 = above;
        above = row;
        row = free_row;
    }
    return above[b.bytes];
}

void mr_nearest_offer(struct mr_nearest *nearest, struct mr_span candidate)
{
    if (nearest->wanted.bytes > MR_NEAREST_BYTES_MAX || candidate.bytes > MR_NEAREST_BYTES_MAX) {
        return;
    }
    size_t distance = alignment(nearest->wanted, candidate);
    if (distance >= nearest->distance || distance >= nearest->wanted.bytes) return;
    nearest->best = candidate;
    nearest->distance = distance;
}
