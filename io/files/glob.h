/* Globs: which paths a source means.
 *
 *   ?       one character, never '/'         [abc] [a-z] [^a]   one of a set, or none of it
 *   *       any number of characters         {ab,c{d,e}}        any of the texts, may nest
 *   \c      the character c itself
 *
 * Strict, as in Spark: '*' stays within one folder, and a path is meant when it, or a folder above
 * it, matches. Not strict, Auto Loader's default: '*' also crosses '/', and a path is meant when
 * some prefix of it matches ("in/2024*" means "in/2024-05/a.json" and "in/2024.json"). Braces are
 * expanded when compiling, so matching is a walk with one backtracking point and no recursion:
 * O(pattern * text) at worst. Characters are UTF-8 code points, an invalid byte is one character.
 */
#ifndef MR_IO_FILES_GLOB_H
#define MR_IO_FILES_GLOB_H

#include "core/mem/arena.h"

enum { MR_GLOB_ALTERNATIVES_MAX = 1024, MR_GLOB_BYTES_MAX = 4096 };

typedef enum mr_glob_extent {
    MR_GLOB_WHOLE,    /* the whole text */
    MR_GLOB_ANCESTOR, /* the whole text, or a part that a '/' follows */
    MR_GLOB_PREFIX,   /* any part from the start */
} mr_glob_extent;

struct mr_glob {
    const struct mr_span *patterns; /* patterns[count], without braces */
    uint32_t count;
    bool star_crosses; /* '*' matches '/' too */
};

/* mr_glob_has_magic: whether the text has an unescaped * ? [ or {. */
bool mr_glob_has_magic(struct mr_span text);

/* mr_glob_compile: into `arena`.
 * returns MR_E_INVALID for an unclosed [ or {, MR_E_LIMIT for too many alternatives */
MR_MUST_USE mr_status mr_glob_compile(struct mr_arena *arena, struct mr_span text,
                                      bool star_crosses, struct mr_glob *out_glob,
                                      struct mr_err *err);

bool mr_glob_match(const struct mr_glob *glob, struct mr_span text, mr_glob_extent extent);

/* mr_glob_may_hold: whether something below the folder can match: for a strict glob, whether the
 * folder's parts match the first parts of a pattern; otherwise always. */
bool mr_glob_may_hold(const struct mr_glob *glob, struct mr_span folder);

/* mr_glob_base: the folder above the first part with magic, unescaped, in `arena`: where a walk
 * starts. "/in/a*b/c" gives "/in"; null when out of memory. */
const char *mr_glob_base(struct mr_arena *arena, struct mr_span text);

#endif
