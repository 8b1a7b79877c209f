/* Sorting lists: by the order of their values, or by a lambda that compares two elements.
 *
 * The lambda's comparisons of all lists are made together: every list is merged bottom-up, each
 * merge in work needs one comparison at a time, and one run of the body makes all of them. */
#include "core/base/checked.h"
#include "core/expr/family_impl.h"
#include "core/expr/lambda_impl.h"
#include "core/expr/list_impl.h"

/* The order that a plain sort follows. */
struct order {
    const struct mr_vec *vec;
    int sign;          /* 1 ascending */
    bool has_nulls_first;
};

static bool is_before(const struct order *order, uint32_t a, uint32_t b)
{
    bool null_a = mr_vec_is_null(order->vec, a), null_b = mr_vec_is_null(order->vec, b);
    if (null_a || null_b) {
        return order->has_nulls_first ? null_a && !null_b : null_b && !null_a;
    }
    return order->sign * mr_compare_at(order->vec, a, order->vec, b) < 0;
}

/* merge_runs: index[from, middle) and [middle, to) into out, equal ones in their order. */
static void merge_runs(const struct order *order, const uint32_t *index, uint32_t from,
                       uint32_t middle, uint32_t to, uint32_t *out)
{
    uint32_t a = from, b = middle;
    for (uint32_t at = from; at < to; at++) {
        bool is_b = b < to && (a == middle || is_before(order, index[b], index[a]));
        out[at] = is_b ? index[b++] : index[a++];
    }
}

static void sort_run(const struct order *order, uint32_t *index, uint32_t *spare, uint32_t count)
{
    uint32_t *from = index, *to = spare;
    for (uint32_t width = 1; width < count; width *= 2) {
        for (uint32_t at = 0; at < count; at += 2 * width) {
            merge_runs(order, from, at, MR_MIN(at + width, count), MR_MIN(at + 2 * width, count),
                       to);
        }
        uint32_t *other = from;
        from = to;
        to = other;
    }
    if (from != index && count > 0) memcpy(index, from, count * sizeof *index);
}

/* plan_all: every element of the wanted lists, in their own order. */
static mr_status plan_all(struct mr_list_plan *plan, struct mr_call *call,
                          const struct mr_operand *list, struct mr_err *err)
{
    MR_TRY(mr_list_begin(plan, call, err));
    MR_EACH_ROW(call->rows, i) {
        if (mr_operand_is_null(list, i)) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        struct mr_list l = mr_operand_list(list, i);
        MR_TRY(mr_list_grow(plan, l.count, err));
        for (uint32_t k = 0; k < l.count; k++) mr_list_put(plan, 0, l.from + k);
        mr_list_close(plan, i);
    }
    return mr_list_offsets(plan, err);
}

mr_status mr_eval_sort_array(struct mr_call *call, struct mr_err *err)
{
    struct mr_list_plan plan;
    const struct mr_operand *list = &call->args[0];
    const struct mr_vec *child = &list->vec.children[0];
    bool is_array_sort = call->expr->function->op == MR_OP_ARRAY_SORT;
    MR_TRY(plan_all(&plan, call, list, err));
    uint32_t *spare = MR_ARENA_ARRAY(call->eval->arena, uint32_t, plan.count);
    if (spare == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < call->out->rows; i++) {
        uint32_t from = plan.offsets[i], count = plan.offsets[i + 1] - from;
        if (count < 2) continue;
        struct order order = {.vec = child, .sign = 1, .has_nulls_first = !is_array_sort};
        if (call->expr->arg_count > 1 && !mr_operand_bool(&call->args[1], i)) {
            order.sign = -1;
            order.has_nulls_first = false;
        }
        sort_run(&order, plan.index + from, spare + from, count);
    }
    return mr_list_child(&plan, &child, 0, err);
}

/* ---- by a lambda ---- */

/* A merge of two neighbouring runs in work. */
struct merge {
    uint32_t row;
    uint32_t a, a_end, b, b_end, at;
};

struct sort {
    struct mr_call *call;
    struct mr_list_plan plan;
    const struct mr_vec *child;
    uint32_t *to; /* what a round writes; plan.index is what it reads */
    struct merge *merges;
    uint32_t merge_count;
    /* Comparisons of one step. */
    uint32_t *left;
    uint32_t *right;
    uint32_t *row_of;
};

/* sort_open: the merges of one round; runs without a partner are copied. */
static void sort_open(struct sort *s, uint32_t width)
{
    s->merge_count = 0;
    for (uint32_t i = 0; i < s->call->out->rows; i++) {
        uint32_t end = s->plan.offsets[i + 1];
        for (uint32_t at = s->plan.offsets[i]; at < end; at += 2 * width) {
            uint32_t middle = MR_MIN(at + width, end), to = MR_MIN(at + 2 * width, end);
            s->merges[s->merge_count++] = (struct merge){i, at, middle, middle, to, at};
        }
    }
}

/* sort_compare: for each merge that has both sides, whether the right one is smaller. */
static mr_status sort_compare(struct sort *s, struct mr_arena *scratch, struct mr_operand *out,
                              struct mr_err *err)
{
    struct mr_eval eval = *s->call->eval;
    struct mr_call call = *s->call;
    struct mr_vec params[2];
    eval.arena = scratch;
    eval.text_at = eval.text_end = NULL;
    eval.text_next_bytes = 0;
    call.eval = &eval;
    for (uint32_t i = 0; i < s->merge_count; i++) {
        s->left[i] = s->plan.index[s->merges[i].b];
        s->right[i] = s->plan.index[s->merges[i].a];
        s->row_of[i] = s->merges[i].row;
    }
    for (uint32_t k = 0; k < 2; k++) {
        struct mr_gather gather = {.eval = &eval, .sources = &s->child,
                                   .index = k == 0 ? s->left : s->right, .rows = s->merge_count};
        MR_TRY(mr_gather_run(&gather, s->child->type, &params[k], err));
    }
    struct mr_lambda_run run = {.call = &call, .rows = s->merge_count, .params = params,
                                .row_of = s->row_of};
    return mr_lambda_run(&run, out, err);
}

/* sort_step: one element of every merge goes to its place. */
static mr_status sort_step(struct sort *s, struct mr_arena *scratch, struct mr_err *err)
{
    struct mr_operand less;
    uint32_t open = 0;
    MR_TRY(sort_compare(s, scratch, &less, err));
    for (uint32_t i = 0; i < s->merge_count; i++) {
        struct merge m = s->merges[i];
        if (mr_operand_is_null(&less, i)) {
            return mr_call_fail(s->call, m.row, 1315, err,
                                "the comparison of two elements is null");
        }
        bool is_b = mr_operand_i64(&less, i) < 0;
        s->to[m.at++] = s->plan.index[is_b ? m.b++ : m.a++];
        s->merges[open++] = m;
    }
    s->merge_count = open;
    return MR_OK;
}

/* sort_drop: merges with one side left copy it and are done. */
static void sort_drop(struct sort *s)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < s->merge_count; i++) {
        struct merge m = s->merges[i];
        if (m.a < m.a_end && m.b < m.b_end) {
            s->merges[open++] = m;
            continue;
        }
        while (m.a < m.a_end) s->to[m.at++] = s->plan.index[m.a++];
        while (m.b < m.b_end) s->to[m.at++] = s->plan.index[m.b++];
    }
    s->merge_count = open;
}

static mr_status sort_round(struct sort *s, uint32_t width, struct mr_err *err)
{
    struct mr_arena scratch;
    uint32_t bufs = s->call->eval->root->bufs.count;
    mr_status status = MR_OK;
    mr_arena_init(&scratch, s->call->eval->arena->heap, 64 << 10);
    sort_open(s, width);
    for (sort_drop(s); s->merge_count > 0 && status == MR_OK; sort_drop(s)) {
        status = sort_step(s, &scratch, err);
        mr_arena_reset(&scratch);
        s->call->eval->root->bufs.count = bufs; /* what the step computed is gone */
    }
    mr_arena_fini(&scratch);
    uint32_t *other = s->plan.index;
    s->plan.index = s->to;
    s->to = other;
    return status;
}

mr_status mr_eval_sort_by(struct mr_call *call, struct mr_err *err)
{
    struct mr_arena *arena = call->eval->arena;
    struct sort s = {.call = call, .child = &call->args[0].vec.children[0]};
    uint32_t most = 0;
    if (call->expr->lambda_count == 0) return mr_eval_sort_array(call, err);
    MR_TRY(plan_all(&s.plan, call, &call->args[0], err));
    s.to = MR_ARENA_ARRAY(arena, uint32_t, s.plan.count);
    s.merges = MR_ARENA_ARRAY(arena, struct merge, s.plan.count);
    s.left = MR_ARENA_ARRAY(arena, uint32_t, s.plan.count);
    s.right = MR_ARENA_ARRAY(arena, uint32_t, s.plan.count);
    s.row_of = MR_ARENA_ARRAY(arena, uint32_t, s.plan.count);
    if (s.to == NULL || s.merges == NULL || s.left == NULL || s.right == NULL ||
        s.row_of == NULL) {
        return mr_eval_nomem(err);
    }
    for (uint32_t i = 0; i < call->out->rows; i++) {
        most = MR_MAX(most, s.plan.offsets[i + 1] - s.plan.offsets[i]);
    }
    for (uint32_t width = 1; width < most; width *= 2) MR_TRY(sort_round(&s, width, err));
    return mr_list_child(&s.plan, &s.child, 0, err);
}
