/* JSON text: scanning values one by one, paths into them, and writing it.
 *
 * For functions that look at a few members of a text; records of a stream go through
 * core/format/json. The scanner is strict but for what Spark's own allows: single quotes, and
 * control characters in strings. Depth is limited; nothing recurses deeper than that.
 *
 * Paths are Hive's, as get_json_object has them: $ .name ['name'] [n] [*] .* */
#ifndef MR_CORE_EXPR_JSON_TEXT_H
#define MR_CORE_EXPR_JSON_TEXT_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "core/batch/vec.h"
#include "core/mem/arena.h"
#include "core/mem/text.h"
#include "kernels/text/zone.h"

enum { MR_JSON_TEXT_DEPTH_MAX = 128, MR_JSON_STEPS_MAX = 64 };

/* mr_json_skip: the offset behind the value at `at` (blanks in front are passed); SIZE_MAX when
 * there is none. */
size_t mr_json_skip(struct mr_span text, size_t at);

/* mr_json_is_value: whether the text is one value and blanks. */
bool mr_json_is_value(struct mr_span text);

/* mr_json_blanks: the first offset from `at` that is no blank. */
size_t mr_json_blanks(struct mr_span text, size_t at);

/* mr_json_string: the content of the string at `at`, unescaped into out; *out_end behind it. False
 * when it is malformed. */
bool mr_json_string(struct mr_span text, size_t at, struct mr_text *out, size_t *out_end);

typedef enum mr_json_step_kind { MR_JSON_NAME, MR_JSON_INDEX, MR_JSON_ALL } mr_json_step_kind;

struct mr_json_step {
    mr_json_step_kind kind;
    struct mr_span name;
    uint64_t index;
};

struct mr_json_path {
    struct mr_json_step steps[MR_JSON_STEPS_MAX];
    uint32_t count;
};

/* mr_json_path_read: false when the text is no path. Names are borrowed. */
bool mr_json_path_read(struct mr_span text, struct mr_json_path *out_path);

/* mr_json_find: what is at the path, as text: a string without its quotes, other values as compact
 * JSON; several as an array. False when nothing is, or the text is malformed. */
bool mr_json_find(struct mr_span text, const struct mr_json_path *path, struct mr_text *out);

/* mr_json_write: a value of a column as JSON, as to_json writes it: null members of structs are
 * left out unless asked for, times are ISO 8601 in `zone`. */
void mr_json_write(const struct mr_vec *vec, uint32_t row, const struct mr_zone *zone,
                   bool keeps_nulls, struct mr_text *out);

#endif
