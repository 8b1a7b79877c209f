/* JSON functions: what their resolvers read from constant arguments, for the evaluators. */
#ifndef MR_CORE_EXPR_JSON_IMPL_H
#define MR_CORE_EXPR_JSON_IMPL_H

#include "core/expr/json_codec.h"

struct mr_json_detail {
    const struct mr_json_codec *codec;
    struct mr_json_settings settings;
    const struct mr_type *schema; /* of the lines */
    bool is_wrapped;              /* the value is the lines' only member */
    bool keeps_nulls;             /* to_json: ignoreNullFields = false */
};

#endif
