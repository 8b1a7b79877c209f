/* The lenient form of JSON, rewritten as the strict one.
 *
 * The cursor and its index know strict JSON only; that is what keeps them fast. A record they
 * refuse is tried again here when options allow more: names and strings in single quotes, names
 * without quotes, comments of both kinds. The value is copied as strict JSON, byte by byte, and
 * then read like any other. (Leniency inside tokens, such as NaN or unknown escapes, needs no
 * rewriting: the cursor asks the options.) */
#ifndef MR_CORE_FORMAT_JSON_JSON_LENIENT_IMPL_H
#define MR_CORE_FORMAT_JSON_JSON_LENIENT_IMPL_H

#include "core/format/json/json_options.h"
#include "core/mem/text.h"

/* json_lenient_is_on: whether any option asks for rewriting. */
bool json_lenient_is_on(const struct mr_json_options *options);

/* json_lenient_rewrite: the first value in `text` and the blanks and comments before it.
 * out      the value as strict JSON, as far as this could be found out without a full parse
 * returns  bytes of `text` up to the end of the value; 0 when it has no end */
size_t json_lenient_rewrite(const struct mr_json_options *options, struct mr_span text,
                            struct mr_text *out);

/* json_lenient_blanks: bytes of blanks and, if allowed, whole comments in front of `text`. A line
 * comment may end with the text only when nothing can follow it, is_whole. */
size_t json_lenient_blanks(const struct mr_json_options *options, struct mr_span text,
                           bool is_whole);

#endif
