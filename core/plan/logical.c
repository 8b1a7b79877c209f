#include "core/plan/logical.h"

struct mr_plan *mr_plan_new(struct mr_arena *arena, mr_plan_kind kind, struct mr_plan *left,
                            struct mr_plan *right)
{
    struct mr_plan *plan = MR_ARENA_NEW(arena, struct mr_plan);
    if (plan == NULL) return NULL;
    plan->kind = kind;
    plan->inputs[0] = left;
    plan->inputs[1] = right;
    plan->input_count = left == NULL ? 0 : right == NULL ? 1 : 2;
    plan->limit = -1;
    plan->rows_wanted = -1;
    if (left != NULL) plan->schema = left->schema;
    return plan;
}
