#include "core/sql/ast.h"

const char *mr_sql_op_text(mr_sql_op op)
{
    static const char *const texts[MR_SQL_OP_COUNT] = {
        [MR_SQL_OP_NONE] = "",
        [MR_SQL_OP_NEGATE] = "-",
        [MR_SQL_OP_PLUS] = "+",
        [MR_SQL_OP_BIT_NOT] = "~",
        [MR_SQL_OP_NOT] = "NOT",
        [MR_SQL_OP_ADD] = "+",
        [MR_SQL_OP_SUBTRACT] = "-",
        [MR_SQL_OP_MULTIPLY] = "*",
        [MR_SQL_OP_DIVIDE] = "/",
        [MR_SQL_OP_MODULO] = "%",
        [MR_SQL_OP_DIV] = "DIV",
        [MR_SQL_OP_CONCAT] = "||",
        [MR_SQL_OP_BIT_AND] = "&",
        [MR_SQL_OP_BIT_OR] = "|",
        [MR_SQL_OP_BIT_XOR] = "^",
        [MR_SQL_OP_SHIFT_LEFT] = "<<",
        [MR_SQL_OP_SHIFT_RIGHT] = ">>",
        [MR_SQL_OP_SHIFT_RIGHT_UNSIGNED] = ">>>",
        [MR_SQL_OP_EQ] = "=",
        [MR_SQL_OP_NE] = "!=",
        [MR_SQL_OP_LT] = "<",
        [MR_SQL_OP_LE] = "<=",
        [MR_SQL_OP_GT] = ">",
        [MR_SQL_OP_GE] = ">=",
        [MR_SQL_OP_EQ_NULL_SAFE] = "<=>",
        [MR_SQL_OP_IS_NULL] = "IS NULL",
        [MR_SQL_OP_IS_TRUE] = "IS TRUE",
        [MR_SQL_OP_IS_FALSE] = "IS FALSE",
        [MR_SQL_OP_IS_UNKNOWN] = "IS UNKNOWN",
        [MR_SQL_OP_LIKE] = "LIKE",
        [MR_SQL_OP_ILIKE] = "ILIKE",
        [MR_SQL_OP_RLIKE] = "RLIKE",
    };
    return texts[op];
}
