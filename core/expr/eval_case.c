/* CASE, IN and coalesce: rows go only where they are wanted. */
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"

/* A choice under way: which branch each row takes. */
struct choice {
    struct mr_call *call;
    struct mr_vec *values;       /* [branch_count] results */
    const struct mr_vec **sources;
    uint32_t branch_count;
    uint16_t *source;            /* [rows] branch, MR_GATHER_NULL until one is taken */
    uint32_t *index;             /* [rows] */
    const struct mr_rows *open;  /* rows that no branch has taken */
    uint64_t *is_true;
    uint64_t *is_false;
};

static mr_status choice_begin(struct choice *choice, struct mr_call *call, uint32_t branches,
                              struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    uint32_t rows = eval->batch->rows;
    *choice = (struct choice){.call = call, .open = call->selected};
    choice->values = MR_ARENA_ARRAY(eval->arena, struct mr_vec, branches);
    choice->sources = MR_ARENA_ARRAY(eval->arena, const struct mr_vec *, branches);
    choice->source = mr_arena_alloc(eval->arena, rows * sizeof(uint16_t), 64);
    choice->index = MR_ARENA_ARRAY(eval->arena, uint32_t, rows);
    choice->is_true = mr_eval_bits(eval, rows);
    choice->is_false = mr_eval_bits(eval, rows);
    if (choice->values == NULL || choice->sources == NULL || choice->source == NULL ||
        choice->index == NULL || choice->is_true == NULL || choice->is_false == NULL) {
        return mr_eval_nomem(err);
    }
    memset(choice->source, 0xff, rows * sizeof(uint16_t));
    return MR_OK;
}

/* choice_take: the rows take the value of argument `k`. */
static mr_status choice_take(struct choice *choice, const struct mr_operand *value,
                             const struct mr_rows *rows)
{
    uint32_t branch = choice->branch_count++;
    choice->values[branch] = value->vec;
    choice->sources[branch] = &choice->values[branch];
    MR_EACH_ROW(rows, i) {
        choice->source[i] = (uint16_t)branch;
        choice->index[i] = i & mr_operand_mask(value);
    }
    return MR_OK;
}

static mr_status choice_end(struct choice *choice, struct mr_err *err)
{
    struct mr_gather gather = {.eval = choice->call->eval, .sources = choice->sources,
                               .source = choice->source, .index = choice->index,
                               .rows = choice->call->eval->batch->rows};
    return mr_gather_run(&gather, choice->call->expr->type, choice->call->out, err);
}

/* choice_close: the rows of `open` whose bit is clear stay open. */
static mr_status choice_close(struct choice *choice, uint64_t *taken, struct mr_err *err)
{
    uint32_t words = mr_bit_words(choice->call->eval->batch->rows);
    for (uint32_t w = 0; w < words; w++) taken[w] = ~taken[w];
    return mr_eval_rows(choice->call->eval, choice->open, taken, &choice->open, err);
}

mr_status mr_eval_case(struct mr_call *call, struct mr_err *err)
{
    struct choice choice;
    struct mr_operand operand;
    uint32_t count = call->expr->arg_count, rows = call->eval->batch->rows;
    MR_TRY(choice_begin(&choice, call, count / 2 + 1, err));
    for (uint32_t k = 0; k + 1 < count && choice.open->count > 0; k += 2) {
        const struct mr_rows *taken;
        MR_TRY(mr_eval_arg(call, k, choice.open, &operand, err));
        mr_eval_truth(&operand, rows, choice.is_true, choice.is_false);
        MR_TRY(mr_eval_rows(call->eval, choice.open, choice.is_true, &taken, err));
        if (taken->count == 0) continue;
        MR_TRY(mr_eval_arg(call, k + 1, taken, &operand, err));
        MR_TRY(choice_take(&choice, &operand, taken));
        MR_TRY(choice_close(&choice, choice.is_true, err));
    }
    if (count % 2 != 0 && choice.open->count > 0) {
        MR_TRY(mr_eval_arg(call, count - 1, choice.open, &operand, err));
        MR_TRY(choice_take(&choice, &operand, choice.open));
    }
    return choice_end(&choice, err);
}

mr_status mr_eval_coalesce(struct mr_call *call, struct mr_err *err)
{
    struct choice choice;
    uint32_t count = call->expr->arg_count;
    MR_TRY(choice_begin(&choice, call, count, err));
    for (uint32_t k = 0; k < count && choice.open->count > 0; k++) {
        struct mr_operand operand;
        MR_TRY(mr_eval_arg(call, k, choice.open, &operand, err));
        if (k == 0 && !operand.is_constant && operand.vec.null_count == 0) {
            *call->out = operand.vec;
            return MR_OK;
        }
        memset(choice.is_true, 0, mr_bit_words(call->eval->batch->rows) * sizeof(uint64_t));
        MR_EACH_ROW(choice.open, i) {
            if (!mr_operand_is_null(&operand, i)) mr_bit_set(choice.is_true, i);
        }
        MR_TRY(choice_take(&choice, &operand, choice.open)); /* nulls may be taken over later */
        MR_TRY(choice_close(&choice, choice.is_true, err));
    }
    return choice_end(&choice, err);
}

/* The constants of an IN list, ascending: searched by halving. Others are compared one by one. */
struct in_set {
    struct mr_vec values;
    uint32_t count;
    bool has_null;
};

static void in_put(struct mr_vec *vec, struct mr_bufs *bufs, uint32_t row,
                   const struct mr_value *value)
{
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: mr_vec_put_bool(vec, row, value->u.boolean); break;
    case MR_TYPE_FLOAT: ((float *)vec->values)[row] = (float)value->u.f64; break;
    case MR_TYPE_DOUBLE: ((double *)vec->values)[row] = value->u.f64; break;
    case MR_TYPE_DECIMAL: mr_vec_put_decimal(vec, row, value->u.i128); break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: {
        /* All long strings lie behind one base, so that one buffer serves for any number. */
        uint32_t off = 0;
        if (value->u.text.bytes > MR_VIEW_INLINE_MAX)
            off = (uint32_t)(value->u.text.text - bufs->at[0]);
        ((struct mr_view *)vec->values)[row] =
            mr_view_of(value->u.text.text, (uint32_t)value->u.text.bytes, 0, off);
        break;
    }
    default: mr_vec_put_i64(vec, row, value->u.i64); break;
    }
}

/* in_pool: the list's long strings copied one after another; text spans then point there. */
static char *in_pool(struct mr_arena *arena, const struct mr_expr *expr)
{
    size_t bytes = 0;
    for (uint32_t k = 1; k < expr->arg_count; k++) {
        const struct mr_value *value = &expr->args[k]->value;
        if (!value->is_null) bytes += value->u.text.bytes;
    }
    return bytes > UINT32_MAX ? NULL : mr_arena_alloc(arena, bytes + 1, 64);
}

static void in_sort(struct in_set *set, uint32_t *order)
{
    /* Insertion with halving: lists are short, and made once per flow. */
    for (uint32_t i = 1; i < set->count; i++) {
        uint32_t value = order[i], lo = 0, hi = i;
        while (lo < hi) {
            uint32_t mid = (lo + hi) / 2;
            if (mr_compare_at(&set->values, order[mid], &set->values, value) <= 0) lo = mid + 1;
            else hi = mid;
        }
        memmove(order + lo + 1, order + lo, (i - lo) * sizeof *order);
        order[lo] = value;
    }
}

struct in_prepared {
    struct in_set set;
    uint32_t *order;
    struct mr_bufs bufs;
};

mr_status mr_prepare_in(struct mr_arena *arena, const struct mr_expr *expr,
                        const void **out_prepared, struct mr_err *err)
{
    const struct mr_type *type = expr->args[0]->type;
    *out_prepared = NULL;
    for (uint32_t k = 1; k < expr->arg_count; k++) {
        if (expr->args[k]->kind != MR_EXPR_LITERAL) return MR_OK;
    }
    if (mr_type_is_nested(type) || type->id == MR_TYPE_VOID) return MR_OK;
    bool is_text = type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY;
    struct in_prepared *prepared = MR_ARENA_NEW(arena, struct in_prepared);
    char *pool = is_text ? in_pool(arena, expr) : NULL;
    if (prepared == NULL || (is_text && pool == NULL)) return mr_eval_nomem(err);
    struct in_set *set = &prepared->set;
    prepared->bufs = (struct mr_bufs){.at = {pool}, .count = 1};
    prepared->order = MR_ARENA_ARRAY(arena, uint32_t, expr->arg_count);
    MR_TRY(mr_vec_alloc(&set->values, arena, type, expr->arg_count, false, &prepared->bufs, err));
    if (prepared->order == NULL) return mr_eval_nomem(err);
    for (uint32_t k = 1; k < expr->arg_count; k++) {
        struct mr_value value = expr->args[k]->value;
        if (value.is_null) {
            set->has_null = true;
            continue;
        }
        if (is_text && value.u.text.bytes > 0) {
            memcpy(pool, value.u.text.text, value.u.text.bytes);
            value.u.text.text = pool;
            pool += value.u.text.bytes;
        }
        in_put(&set->values, &prepared->bufs, set->count, &value);
        prepared->order[set->count] = set->count;
        set->count++;
    }
    in_sort(set, prepared->order);
    *out_prepared = prepared;
    return MR_OK;
}

static bool in_has(const struct in_prepared *prepared, const struct mr_vec *vec, uint32_t row)
{
    uint32_t lo = 0, hi = prepared->set.count;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        int order = mr_compare_at(&prepared->set.values, prepared->order[mid], vec, row);
        if (order == 0) return true;
        if (order < 0) lo = mid + 1;
        else hi = mid;
    }
    return false;
}

/* in_each: the list's members compared one after another, each only for rows still undecided. */
static mr_status in_each(struct mr_call *call, const struct mr_operand *value,
                         const struct mr_rows *rows, struct mr_err *err)
{
    uint64_t *is_open = mr_eval_bits(call->eval, call->eval->batch->rows);
    uint64_t *saw_null = mr_eval_bits(call->eval, call->eval->batch->rows);
    if (is_open == NULL || saw_null == NULL) return mr_eval_nomem(err);
    MR_EACH_ROW(rows, i) mr_bit_set(is_open, i);
    for (uint32_t k = 1; k < call->expr->arg_count && rows->count > 0; k++) {
        struct mr_operand member;
        MR_TRY(mr_eval_arg(call, k, rows, &member, err));
        MR_EACH_ROW(rows, i) {
            if (mr_operand_is_null(&member, i)) {
                mr_bit_set(saw_null, i);
            } else if (mr_compare_at(&value->vec, i & mr_operand_mask(value), &member.vec,
                                     i & mr_operand_mask(&member)) == 0) {
                mr_vec_put_bool(call->out, i, true);
                mr_bit_set(call->out->validity, i);
                mr_bit_clear(is_open, i);
            }
        }
        MR_TRY(mr_eval_rows(call->eval, rows, is_open, &rows, err));
    }
    MR_EACH_ROW(rows, i) {
        if (!mr_bit_get(saw_null, i)) mr_bit_set(call->out->validity, i);
    }
    return MR_OK;
}

mr_status mr_eval_in(struct mr_call *call, struct mr_err *err)
{
    struct mr_operand value;
    const struct in_prepared *prepared = call->prepared;
    MR_TRY(mr_eval_arg(call, 0, call->selected, &value, err));
    MR_TRY(mr_eval_out(call, true, err));
    uint64_t *present = mr_eval_bits(call->eval, call->eval->batch->rows);
    if (present == NULL) return mr_eval_nomem(err);
    if (prepared == NULL) {
        const struct mr_rows *rows;
        MR_EACH_ROW(call->selected, i) {
            if (!mr_operand_is_null(&value, i)) mr_bit_set(present, i);
        }
        MR_TRY(mr_eval_rows(call->eval, call->selected, present, &rows, err));
        return in_each(call, &value, rows, err);
    }
    MR_EACH_ROW(call->selected, i) {
        if (mr_operand_is_null(&value, i)) continue;
        bool is_found = in_has(prepared, &value.vec, i & mr_operand_mask(&value));
        if (!is_found && prepared->set.has_null) continue;
        mr_vec_put_bool(call->out, i, is_found);
        mr_bit_set(call->out->validity, i);
    }
    return MR_OK;
}
