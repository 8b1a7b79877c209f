/* The reader behind from_json: core/format/json, and types in SQL's words. */
#ifndef MR_CORE_SQL_JSON_TEXTS_H
#define MR_CORE_SQL_JSON_TEXTS_H

#include "core/expr/json_codec.h"

const struct mr_json_codec *mr_sql_json_codec(void);

#endif
