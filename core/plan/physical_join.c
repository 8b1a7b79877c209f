/* How a join is run: which of its conditions are keys, and which side is taken in. */
#include "core/base/checked.h"
#include "core/expr/expr_map.h"
#include "core/expr/function.h"
#include "core/plan/physical_impl.h"

/* A side is taken in in place of the other when it is expected to be so much smaller: what is
 * expected is a guess, and changing sides costs a projection. */
enum { SWAP_RATIO = 2 };

struct sides {
    struct mr_expr_builder *builder;
    uint32_t left_count, right_count;
};

static mr_status join_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a join");
}

/* to_right: a column of the right side, over that side alone. */
static mr_status to_right(void *ctx, const struct mr_expr *expr, const struct mr_expr **out_expr,
                          struct mr_err *err)
{
    const struct sides *sides = ctx;
    if (expr->kind != MR_EXPR_COLUMN) return MR_OK;
    return mr_expr_slot(sides->builder, expr->index - sides->left_count, expr->name, expr->type,
                        expr->is_nullable, out_expr, err);
}

/* to_swapped: a column of either side, where the right's come first. */
static mr_status to_swapped(void *ctx, const struct mr_expr *expr, const struct mr_expr **out_expr,
                            struct mr_err *err)
{
    const struct sides *sides = ctx;
    if (expr->kind != MR_EXPR_COLUMN) return MR_OK;
    uint32_t index = expr->index < sides->left_count ? expr->index + sides->right_count
                                                     : expr->index - sides->left_count;
    return mr_expr_slot(sides->builder, index, expr->name, expr->type, expr->is_nullable,
                        out_expr, err);
}

/* is_key: whether the condition compares the left side with the right one; gives both. The
 * comparison of IN does, whatever its two sides read. */
static bool is_key(const struct sides *sides, const struct mr_expr *expr, bool is_in,
                   const struct mr_expr **out_left, const struct mr_expr **out_right)
{
    uint32_t middle = sides->left_count, end = middle + sides->right_count;
    bool is_equality = expr->kind == MR_EXPR_CALL && expr->function->op == MR_OP_EQ &&
                       expr->arg_count == 2 && expr->is_deterministic;
    if (!is_equality) return false;
    for (uint32_t k = 0; k < 2; k++) {
        const struct mr_expr *left = expr->args[k], *right = expr->args[1 - k];
        bool has_right = mr_expr_any_column(right, middle, end);
        if (mr_expr_any_column(left, middle, end) || mr_expr_any_column(right, 0, middle)) continue;
        if (!has_right && !is_in) continue;
        *out_left = left;
        *out_right = right;
        return true;
    }
    return false;
}

/* split: conditions into keys and the rest. The keys of the right are over the right alone. */
static mr_status split(const struct sides *sides, const struct mr_plan *plan,
                       struct mr_op_join_spec *spec, struct mr_err *err)
{
    struct mr_arena *arena = sides->builder->arena;
    uint32_t count = plan->expr_count, keys = 0, rest = 0;
    const struct mr_expr **left = MR_ARENA_ARRAY(arena, const struct mr_expr *, count);
    const struct mr_expr **right = MR_ARENA_ARRAY(arena, const struct mr_expr *, count);
    const struct mr_expr **others = MR_ARENA_ARRAY(arena, const struct mr_expr *, count);
    if (left == NULL || right == NULL || others == NULL) return join_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        bool is_in = i == 0 && plan->is_null_aware;
        bool fits = is_key(sides, plan->exprs[i], is_in, &left[keys], &right[keys]);
        if (fits) {
            MR_TRY(mr_expr_map(sides->builder, right[keys], to_right, (void *)sides, &right[keys],
                               err));
            keys++;
        } else if (is_in) {
            return mr_err_set(err, MR_E_UNSUPPORTED, 1004,
                              "IN over a subquery needs a value that is compared with a column of "
                              "the subquery");
        } else {
            others[rest++] = plan->exprs[i];
        }
    }
    spec->left_keys = left;
    spec->right_keys = right;
    spec->key_count = keys;
    spec->residual = others;
    spec->residual_count = rest;
    return MR_OK;
}

static bool may_swap(const struct mr_plan *plan)
{
    double left = plan->inputs[0]->rows_expected, right = plan->inputs[1]->rows_expected;
    return plan->join <= MR_JOIN_FULL && left > 0 && right > SWAP_RATIO * left;
}

/* swap: the left side is taken in: keys change places, conditions are over the right's columns and
 * then the left's, and a projection puts the columns back. */
static mr_status swap(struct physical *p, const struct sides *sides, const struct mr_plan *plan,
                      struct join_choice *out, struct mr_err *err)
{
    static const mr_op_join_kind swapped[] = {[MR_OP_JOIN_INNER] = MR_OP_JOIN_INNER,
                                              [MR_OP_JOIN_LEFT] = MR_OP_JOIN_RIGHT,
                                              [MR_OP_JOIN_RIGHT] = MR_OP_JOIN_LEFT,
                                              [MR_OP_JOIN_FULL] = MR_OP_JOIN_FULL};
    struct mr_op_join_spec *spec = &out->spec;
    struct mr_arena *arena = p->builder->arena;
    uint32_t count = sides->left_count + sides->right_count;
    const struct mr_expr **rest = MR_ARENA_ARRAY(arena, const struct mr_expr *,
                                                 spec->residual_count);
    const struct mr_expr **back = MR_ARENA_ARRAY(arena, const struct mr_expr *, count);
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, count);
    if (rest == NULL || back == NULL || fields == NULL) return join_nomem(err);
    for (uint32_t i = 0; i < spec->residual_count; i++) {
        MR_TRY(mr_expr_map(p->builder, spec->residual[i], to_swapped, (void *)sides, &rest[i],
                           err));
    }
    for (uint32_t i = 0; i < count; i++) {
        bool is_left = i < sides->left_count;
        uint32_t at = is_left ? i + sides->right_count : i - sides->left_count;
        const struct mr_field *field = &plan->schema->fields[i];
        fields[at] = *field;
        MR_TRY(mr_expr_slot(p->builder, at, field->name, field->type, field->is_nullable, &back[i],
                            err));
    }
    const struct mr_expr *const *left_keys = spec->left_keys;
    spec->left_keys = spec->right_keys;
    spec->right_keys = left_keys;
    spec->residual = rest;
    spec->kind = swapped[spec->kind];
    spec->schema = mr_type_struct(arena, fields, count);
    out->is_swapped = true;
    out->back = back;
    return spec->schema == NULL ? join_nomem(err) : MR_OK;
}

mr_status mr_physical_join(struct physical *p, const struct mr_plan *plan,
                           struct join_choice *out, struct mr_err *err)
{
    static const mr_op_join_kind kinds[] = {
        [MR_JOIN_INNER] = MR_OP_JOIN_INNER, [MR_JOIN_LEFT] = MR_OP_JOIN_LEFT,
        [MR_JOIN_RIGHT] = MR_OP_JOIN_RIGHT, [MR_JOIN_FULL] = MR_OP_JOIN_FULL,
        [MR_JOIN_SEMI] = MR_OP_JOIN_SEMI,   [MR_JOIN_ANTI] = MR_OP_JOIN_ANTI,
        [MR_JOIN_MARK] = MR_OP_JOIN_MARK,   [MR_JOIN_SINGLE] = MR_OP_JOIN_SINGLE};
    struct sides sides = {.builder = p->builder,
                          .left_count = plan->inputs[0]->schema->field_count,
                          .right_count = plan->inputs[1]->schema->field_count};
    *out = (struct join_choice){.spec = {.kind = kinds[plan->join], .schema = plan->schema,
                                         .is_null_aware = plan->is_null_aware}};
    MR_TRY(split(&sides, plan, &out->spec, err));
    return may_swap(plan) ? swap(p, &sides, plan, out, err) : MR_OK;
}
