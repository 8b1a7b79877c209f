/* Regular expressions: Java's, as Spark has them, run by PCRE2 with limits.
 *
 * The two agree on nearly everything that people write. What means something else in PCRE2 is
 * refused when the expression is compiled, instead of matching other texts: sets inside sets
 * ([a-z&&[^b]], [a[bc]]) and the flag U. \uXXXX is translated. Letters of (?i) are paired for all
 * of Unicode, in Java for ASCII only.
 *
 * A match may take MR_REGEX_STEPS_MAX steps and MR_REGEX_KIB_MAX of memory; beyond, it is an error
 * and never a wrong answer. Memory is an arena's: that of the program for compiled expressions,
 * that of the batch for matching.
 *
 * Source: java.util.regex.Pattern; pcre2api(3), pcre2pattern(3). */
#ifndef MR_CORE_EXPR_REGEX_H
#define MR_CORE_EXPR_REGEX_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "core/mem/arena.h"

enum { MR_REGEX_STEPS_MAX = 10000000, MR_REGEX_KIB_MAX = 65536 };

struct mr_regex;

/* mr_regex_compile: in `arena`. fails MR_E_TYPE 1314 with the place in the pattern */
MR_MUST_USE mr_status mr_regex_compile(struct mr_arena *arena, struct mr_span pattern,
                                       const struct mr_regex **out_regex, struct mr_err *err);

/* mr_regex_groups: how many groups it has, besides the whole match. */
uint32_t mr_regex_groups(const struct mr_regex *regex);

/* mr_regex_group: the number of a named group; -1 when there is none. */
int32_t mr_regex_group(const struct mr_regex *regex, struct mr_span name);

/* Room for matching, for any number of expressions; gone with its arena. */
struct mr_regex_room {
    struct mr_arena *arena;
    void *general;
    void *limits;
    void *data;
    uint32_t data_groups;
};

MR_MUST_USE mr_status mr_regex_room_init(struct mr_regex_room *room, struct mr_arena *arena,
                                         struct mr_err *err);

/* mr_regex_find: the first match at or behind `from`.
 * out_at  pairs of offsets in the room: [2 * group] start and end, SIZE_MAX for a group that took
 *         no part; null when nothing matches
 * fails   MR_E_LIMIT 1317 */
MR_MUST_USE mr_status mr_regex_find(struct mr_regex_room *room, const struct mr_regex *regex,
                                    struct mr_span text, size_t from, const size_t **out_at,
                                    struct mr_err *err);

#endif
