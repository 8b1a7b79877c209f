/* Capital and small letters, for all of Unicode.
 *
 * Full mappings as Java's toUpperCase and toLowerCase (and so Spark) do them in no language: one
 * letter may become three (ß to SS, ﬃ to FFI). Of the rules that depend on neighbours there is the
 * one outside of single languages: a capital sigma at the end of a word becomes ς. Bytes that are
 * no UTF-8 are kept. The tables are letter_case.def, ascending, searched by halving; ASCII takes
 * none.
 *
 * Source: Unicode Character Database, UnicodeData.txt and SpecialCasing.txt. */
#ifndef MR_CORE_EXPR_LETTER_CASE_H
#define MR_CORE_EXPR_LETTER_CASE_H

#include "core/base/span.h"

/* mr_letter_room: bytes that a text of so many can become at most. */
static inline size_t mr_letter_room(size_t bytes)
{
    return 3 * bytes;
}

/* Both write to out, which has mr_letter_room(text.bytes), and return the length. */
size_t mr_letter_upper(struct mr_span text, char *out);
size_t mr_letter_lower(struct mr_span text, char *out);

/* mr_letter_title: one character as it begins a word (ß to Ss), at most twelve bytes; returns their
 * number. */
size_t mr_letter_title(struct mr_span letter, char *out);

#endif
