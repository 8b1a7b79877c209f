/* Which columns, and which parts of them, an expression reads. */
#include "core/expr/expr.h"

/* number_of: the number of member `index` among the types below `type`, in pre-order from 0. */
static uint32_t number_of(const struct mr_type *type, uint32_t index)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < index; i++) number += 1 + mr_type_below(type->fields[i].type);
    return number;
}

/* mark_path: a column or a member of structs in one. Sets the flags of all that lead there; true
 * with the place behind the last one's flag and its type, when only structs were passed. */
static bool mark_path(const struct mr_expr *expr, const struct mr_type *schema, uint32_t columns,
                      bool *wanted, uint32_t *out_below)
{
    uint32_t number;
    if (expr->kind == MR_EXPR_COLUMN) {
        if (expr->index >= columns) return false;
        number = number_of(schema, expr->index);
    } else {
        const struct mr_type *parent = expr->args[0]->type;
        uint32_t below;
        if (parent->id != MR_TYPE_STRUCT) return false;
        if (expr->args[0]->kind != MR_EXPR_COLUMN && expr->args[0]->kind != MR_EXPR_FIELD) {
            return false;
        }
        if (!mark_path(expr->args[0], schema, columns, wanted, &below)) return false;
        number = below + number_of(parent, expr->index);
    }
    wanted[number] = true;
    *out_below = number + 1;
    return true;
}

void mr_expr_reads(const struct mr_expr *expr, const struct mr_type *schema, uint32_t columns,
                     bool *wanted)
{
    uint32_t below;
    bool is_path = expr->kind == MR_EXPR_COLUMN || expr->kind == MR_EXPR_FIELD;
    if (is_path && mark_path(expr, schema, columns, wanted, &below)) {
        uint32_t count = mr_type_below(expr->type);
        for (uint32_t i = 0; i < count; i++) wanted[below + i] = true;
        return;
    }
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        mr_expr_reads(expr->args[i], schema, columns, wanted);
    }
}
