/* Functions that take lambdas: the elements of all selected lists go through the body at once. */
#include "core/base/checked.h"
#include "core/expr/family_impl.h"
#include "core/expr/lambda_impl.h"
#include "core/expr/list_impl.h"

/* The elements that a call works on. */
struct elements {
    struct mr_call *call;
    struct mr_vec list;   /* argument 0, a list for each row of the output */
    uint32_t count;       /* elements, wanted or not */
    uint32_t *row_of;     /* [count] */
    uint32_t *sel;        /* wanted elements; null = all */
    uint32_t sel_count;
    const struct mr_rows *rows; /* whose list is there */
};

/* list_rows: the call's rows where `list` is not null; the others become null. */
static mr_status list_rows(struct mr_call *call, const struct mr_vec *list,
                           const struct mr_rows **out_rows, struct mr_err *err)
{
    *out_rows = call->rows;
    if (list->null_count == 0 || list->validity == NULL) return MR_OK;
    MR_EACH_ROW(call->rows, i) {
        if (mr_vec_is_null(list, i)) MR_TRY(mr_call_null(call, i, err));
    }
    return mr_eval_rows(call->eval, call->rows, list->validity, out_rows, err);
}

static mr_status elements_of(struct elements *e, struct mr_call *call, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    uint32_t rows = call->out->rows;
    *e = (struct elements){.call = call};
    MR_TRY(mr_operand_spread(eval, &call->args[0], rows, &e->list, err));
    MR_TRY(list_rows(call, &e->list, &e->rows, err));
    e->count = e->list.offsets[rows];
    e->row_of = mr_arena_alloc(eval->arena, (e->count + (size_t)1) * sizeof(uint32_t), 64);
    if (e->row_of == NULL) return mr_eval_nomem(err);
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t at = e->list.offsets[i]; at < e->list.offsets[i + 1]; at++) e->row_of[at] = i;
    }
    MR_EACH_ROW(e->rows, i) wanted += e->list.offsets[i + 1] - e->list.offsets[i];
    e->sel_count = wanted;
    if (wanted == e->count) return MR_OK;
    e->sel = mr_arena_alloc(eval->arena, (wanted + (size_t)1) * sizeof(uint32_t), 64);
    if (e->sel == NULL) return mr_eval_nomem(err);
    wanted = 0;
    MR_EACH_ROW(e->rows, i) {
        for (uint32_t at = e->list.offsets[i]; at < e->list.offsets[i + 1]; at++) {
            e->sel[wanted++] = at;
        }
    }
    return MR_OK;
}

/* positions: of each element within its list, from 0. */
static mr_status positions(struct elements *e, struct mr_vec *out, struct mr_err *err)
{
    struct mr_eval *eval = e->call->eval;
    MR_TRY(mr_vec_alloc(out, eval->arena, mr_type_of(MR_TYPE_INT), e->count, false,
                        &eval->root->bufs, err));
    for (uint32_t at = 0; at < e->count; at++) {
        ((int32_t *)out->values)[at] = (int32_t)(at - e->list.offsets[e->row_of[at]]);
    }
    return MR_OK;
}

/* body_of: the first lambda over the elements; `out` has a value for each. */
static mr_status body_of(struct elements *e, struct mr_vec *out, struct mr_err *err)
{
    const struct mr_lambda *lambda = &e->call->expr->lambdas[0];
    struct mr_vec params[MR_LAMBDA_PARAMS_MAX];
    struct mr_operand operand;
    params[0] = e->list.children[0];
    if (lambda->param_count > 1) {
        if (e->list.type->id == MR_TYPE_MAP) params[1] = e->list.children[1];
        else MR_TRY(positions(e, &params[1], err));
    }
    struct mr_lambda_run run = {.call = e->call, .rows = e->count, .params = params,
                                .row_of = e->row_of, .sel = e->sel, .sel_count = e->sel_count};
    MR_TRY(mr_lambda_run(&run, &operand, err));
    return mr_operand_spread(e->call->eval, &operand, e->count, out, err);
}

/* keys_check: what transform_keys made has to be keys. */
static mr_status keys_check(struct elements *e, const struct mr_vec *keys, struct mr_err *err)
{
    struct mr_value_set set = {0};
    MR_EACH_ROW(e->rows, i) {
        uint32_t from = e->list.offsets[i], to = e->list.offsets[i + 1], entry;
        MR_TRY(mr_value_set_begin(&set, e->call->eval->arena, to - from, err));
        for (uint32_t at = from; at < to; at++) {
            if (mr_vec_is_null(keys, at)) {
                return mr_call_fail(e->call, i, 1315, err, "a key of the map is null");
            }
            if (!mr_value_set_add(&set, keys, at, &entry)) {
                return mr_call_fail(e->call, i, 1315, err, "a key of the map is there twice");
            }
        }
    }
    return MR_OK;
}

mr_status mr_eval_transform(struct mr_call *call, struct mr_err *err)
{
    struct elements e;
    struct mr_vec *out = call->out, body;
    mr_op op = call->expr->function->op;
    MR_TRY(elements_of(&e, call, err));
    MR_TRY(body_of(&e, &body, err));
    if (op == MR_OP_TRANSFORM_KEYS) MR_TRY(keys_check(&e, &body, err));
    out->offsets = e.list.offsets;
    out->children = MR_ARENA_ARRAY(call->eval->arena, struct mr_vec, out->type->field_count);
    if (out->children == NULL) return mr_eval_nomem(err);
    for (uint32_t k = 0; k < e.list.type->field_count; k++) out->children[k] = e.list.children[k];
    out->children[op == MR_OP_TRANSFORM_VALUES] = body;
    return MR_OK;
}

mr_status mr_eval_filter(struct mr_call *call, struct mr_err *err)
{
    struct elements e;
    struct mr_list_plan plan;
    struct mr_vec body;
    MR_TRY(elements_of(&e, call, err));
    MR_TRY(body_of(&e, &body, err));
    MR_TRY(mr_list_begin(&plan, call, err));
    MR_TRY(mr_list_grow(&plan, e.count, err));
    MR_EACH_ROW(e.rows, i) {
        for (uint32_t at = e.list.offsets[i]; at < e.list.offsets[i + 1]; at++) {
            bool is_true = !mr_vec_is_null(&body, at) && mr_bit_get(body.values, at);
            if (is_true) mr_list_put(&plan, 0, at);
        }
        mr_list_close(&plan, i);
    }
    MR_TRY(mr_list_offsets(&plan, err));
    for (uint32_t k = 0; k < e.list.type->field_count; k++) {
        const struct mr_vec *child = &e.list.children[k];
        MR_TRY(mr_list_child(&plan, &child, k, err));
    }
    return MR_OK;
}

/* exists is OR over the list, forall is AND: both of three values. */
mr_status mr_eval_exists(struct mr_call *call, struct mr_err *err)
{
    struct elements e;
    struct mr_vec body;
    bool decides = call->expr->function->op == MR_OP_EXISTS;
    MR_TRY(elements_of(&e, call, err));
    MR_TRY(body_of(&e, &body, err));
    MR_EACH_ROW(e.rows, i) {
        bool has_null = false, is_decided = false;
        for (uint32_t at = e.list.offsets[i]; at < e.list.offsets[i + 1] && !is_decided; at++) {
            if (mr_vec_is_null(&body, at)) has_null = true;
            else is_decided = mr_bit_get(body.values, at) == decides;
        }
        mr_vec_put_bool(call->out, i, is_decided == decides);
        if (!is_decided && has_null) MR_TRY(mr_call_null(call, i, err));
    }
    return MR_OK;
}

/* ---- aggregate ---- */

/* The rows whose lists have an element left, with what they have come to. */
struct fold {
    struct mr_call *call;
    struct elements e;
    uint32_t count;    /* rows still at work */
    uint32_t *row_of;  /* [count] the call's row */
    struct mr_vec acc; /* [count] */
};

/* fold_step: element `step` of the lists of the fold's rows, merged into acc. */
static mr_status fold_step(struct fold *f, uint32_t step, struct mr_err *err)
{
    struct mr_eval *eval = f->call->eval;
    uint32_t *index = mr_arena_alloc(eval->arena, (f->count + (size_t)1) * sizeof *index, 64);
    struct mr_vec params[2];
    struct mr_operand operand;
    if (index == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < f->count; i++) index[i] = f->e.list.offsets[f->row_of[i]] + step;
    const struct mr_vec *child = &f->e.list.children[0];
    struct mr_gather gather = {.eval = eval, .sources = &child, .index = index, .rows = f->count};
    params[0] = f->acc;
    MR_TRY(mr_gather_run(&gather, child->type, &params[1], err));
    struct mr_lambda_run run = {.call = f->call, .rows = f->count, .params = params,
                                .row_of = f->row_of};
    MR_TRY(mr_lambda_run(&run, &operand, err));
    return mr_operand_spread(eval, &operand, f->count, &f->acc, err);
}

/* fold_keep: rows with more than `step` elements go on; the values of the others are noted in
 * `parts`, a vector for each step at which some ended. */
static mr_status fold_keep(struct fold *f, uint32_t step, struct mr_vec *part, uint16_t *source,
                           uint32_t *at_row, uint16_t part_number, struct mr_err *err)
{
    struct mr_eval *eval = f->call->eval;
    uint32_t kept = 0;
    uint32_t *index = mr_arena_alloc(eval->arena, (f->count + (size_t)1) * sizeof *index, 64);
    uint32_t *row_of = mr_arena_alloc(eval->arena, (f->count + (size_t)1) * sizeof *row_of, 64);
    if (index == NULL || row_of == NULL) return mr_eval_nomem(err);
    *part = f->acc;
    for (uint32_t i = 0; i < f->count; i++) {
        uint32_t row = f->row_of[i];
        if (f->e.list.offsets[row + 1] - f->e.list.offsets[row] > step) {
            index[kept] = i;
            row_of[kept++] = row;
        } else {
            source[row] = part_number;
            at_row[row] = i;
        }
    }
    const struct mr_vec *acc = part;
    struct mr_gather gather = {.eval = eval, .sources = &acc, .index = index, .rows = kept};
    MR_TRY(mr_gather_run(&gather, f->acc.type, &f->acc, err));
    f->row_of = row_of;
    f->count = kept;
    return MR_OK;
}

/* fold_ends: whether some list ends before element `step`. */
static bool fold_ends(const struct fold *f, uint32_t step)
{
    for (uint32_t i = 0; i < f->count; i++) {
        uint32_t row = f->row_of[i];
        if (f->e.list.offsets[row + 1] - f->e.list.offsets[row] <= step) return true;
    }
    return false;
}

/* fold_finish: the second lambda over what all rows came to. */
static mr_status fold_finish(struct fold *f, struct mr_vec *all, struct mr_err *err)
{
    struct mr_call *call = f->call;
    struct mr_vec *out = call->out;
    uint64_t *validity = out->validity;
    struct mr_operand operand = {.vec = *all};
    if (call->expr->lambda_count > 1) {
        struct mr_lambda_run run = {.call = call, .which = 1, .rows = out->rows, .params = all,
                                    .sel = (uint32_t *)(uintptr_t)f->e.rows->at,
                                    .sel_count = f->e.rows->count};
        MR_TRY(mr_lambda_run(&run, &operand, err));
    }
    MR_TRY(mr_operand_spread(call->eval, &operand, out->rows, out, err));
    if (validity == NULL) return MR_OK;
    const uint64_t *inner = out->validity;
    for (uint32_t w = 0; w < mr_bit_words(out->rows); w++) {
        validity[w] &= inner == NULL ? UINT64_MAX : inner[w];
    }
    out->validity = validity;
    return MR_OK;
}

mr_status mr_eval_aggregate(struct mr_call *call, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    struct fold f = {.call = call};
    uint32_t rows = call->out->rows, most = 0, parts = 0;
    MR_TRY(elements_of(&f.e, call, err));
    MR_TRY(mr_operand_spread(eval, &call->args[1], rows, &f.acc, err));
    MR_EACH_ROW(f.e.rows, i) {
        most = MR_MAX(most, f.e.list.offsets[i + 1] - f.e.list.offsets[i]);
    }
    uint32_t parts_max = MR_MIN(most, rows) + 1;
    struct mr_vec *part = MR_ARENA_ARRAY(eval->arena, struct mr_vec, parts_max);
    const struct mr_vec **sources = MR_ARENA_ARRAY(eval->arena, const struct mr_vec *, parts_max);
    uint16_t *source = mr_arena_alloc(eval->arena, rows * sizeof *source, 64);
    uint32_t *at_row = MR_ARENA_ARRAY(eval->arena, uint32_t, rows);
    f.row_of = MR_ARENA_ARRAY(eval->arena, uint32_t, rows);
    if (part == NULL || sources == NULL || source == NULL || at_row == NULL || f.row_of == NULL) {
        return mr_eval_nomem(err);
    }
    memset(source, 0xff, rows * sizeof *source);
    struct mr_vec first = f.acc;
    const struct mr_vec *start = &first;
    MR_EACH_ROW(f.e.rows, i) f.row_of[f.count++] = i;
    struct mr_gather gather = {.eval = eval, .sources = &start, .index = f.row_of,
                               .rows = f.count};
    MR_TRY(mr_gather_run(&gather, first.type, &f.acc, err));
    for (uint32_t step = 0; f.count > 0; step++) {
        if (fold_ends(&f, step)) {
            sources[parts] = &part[parts];
            MR_TRY(fold_keep(&f, step, &part[parts], source, at_row, (uint16_t)parts, err));
            parts++;
        }
        if (f.count > 0) MR_TRY(fold_step(&f, step, err));
    }
    struct mr_vec all;
    gather = (struct mr_gather){.eval = eval, .sources = sources, .source = source,
                                .index = at_row, .rows = rows};
    MR_TRY(mr_gather_run(&gather, first.type, &all, err));
    return fold_finish(&f, &all, err);
}

/* ---- two lists ---- */

/* zip_params: the elements of the plan from both lists, null where one is shorter. */
static mr_status zip_param(struct mr_list_plan *plan, const struct mr_vec *child,
                           const uint32_t *index, struct mr_vec *out, struct mr_err *err)
{
    struct mr_eval *eval = plan->call->eval;
    uint16_t *source = mr_arena_alloc(eval->arena, (plan->count + (size_t)1) * sizeof *source, 64);
    if (source == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < plan->count; i++) {
        source[i] = index[i] == UINT32_MAX ? MR_GATHER_NULL : 0;
    }
    struct mr_gather gather = {.eval = eval, .sources = &child, .source = source, .index = index,
                               .rows = plan->count};
    return mr_gather_run(&gather, child->type, out, err);
}

/* Two lists side by side: for each new element its place in either, UINT32_MAX for none. */
struct zip {
    struct mr_list_plan plan; /* index: of list a; source unused */
    uint32_t *index_b;
    uint32_t *row_of;
    uint32_t room;
};

static mr_status zip_grow(struct zip *z, uint32_t more, struct mr_err *err)
{
    struct mr_arena *arena = z->plan.call->eval->arena;
    MR_TRY(mr_list_grow(&z->plan, more, err));
    if (z->room == z->plan.room) return MR_OK;
    uint32_t *index_b = mr_arena_alloc(arena, z->plan.room * sizeof *index_b, 64);
    uint32_t *row_of = mr_arena_alloc(arena, z->plan.room * sizeof *row_of, 64);
    if (index_b == NULL || row_of == NULL) return mr_eval_nomem(err);
    if (z->plan.count > 0) {
        memcpy(index_b, z->index_b, z->plan.count * sizeof *index_b);
        memcpy(row_of, z->row_of, z->plan.count * sizeof *row_of);
    }
    z->index_b = index_b;
    z->row_of = row_of;
    z->room = z->plan.room;
    return MR_OK;
}

static void zip_put(struct zip *z, uint32_t row, uint32_t a, uint32_t b)
{
    z->index_b[z->plan.count] = b;
    z->row_of[z->plan.count] = row;
    mr_list_put(&z->plan, 0, a);
}

static mr_status zip_maps(struct zip *z, struct mr_call *call, uint32_t row, struct mr_list a,
                          struct mr_list b, struct mr_value_set *set, struct mr_err *err)
{
    const struct mr_vec *keys_a = &call->args[0].vec.children[0];
    const struct mr_vec *keys_b = &call->args[1].vec.children[0];
    uint32_t entry, first = z->plan.count;
    MR_TRY(mr_value_set_begin(set, call->eval->arena, a.count + b.count, err));
    for (uint32_t k = 0; k < a.count; k++) {
        if (mr_value_set_add(set, keys_a, a.from + k, &entry)) {
            zip_put(z, row, a.from + k, UINT32_MAX);
        }
    }
    for (uint32_t k = 0; k < b.count; k++) {
        if (mr_value_set_add(set, keys_b, b.from + k, &entry)) {
            zip_put(z, row, UINT32_MAX, b.from + k);
        } else {
            z->index_b[first + entry] = b.from + k;
        }
    }
    return MR_OK;
}

/* zip_plan: the pairs of all rows where both lists are there. */
static mr_status zip_plan(struct zip *z, struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0], *b = &call->args[1];
    bool is_map = a->vec.type->id == MR_TYPE_MAP;
    struct mr_value_set set = {0};
    MR_TRY(mr_list_begin(&z->plan, call, err));
    MR_EACH_ROW(call->rows, i) {
        if (mr_operand_is_null(a, i) || mr_operand_is_null(b, i)) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        struct mr_list x = mr_operand_list(a, i), y = mr_operand_list(b, i);
        MR_TRY(zip_grow(z, x.count + y.count, err));
        if (is_map) MR_TRY(zip_maps(z, call, i, x, y, &set, err));
        for (uint32_t k = 0; !is_map && k < MR_MAX(x.count, y.count); k++) {
            zip_put(z, i, k < x.count ? x.from + k : UINT32_MAX,
                    k < y.count ? y.from + k : UINT32_MAX);
        }
        mr_list_close(&z->plan, i);
    }
    return mr_list_offsets(&z->plan, err);
}

/* zip_keys: each new entry's key, from whichever map has it. */
static mr_status zip_keys(struct zip *z, struct mr_vec *out, struct mr_err *err)
{
    struct mr_call *call = z->plan.call;
    const struct mr_vec *sources[2] = {&call->args[0].vec.children[0],
                                       &call->args[1].vec.children[0]};
    size_t room = z->plan.count + (size_t)1;
    uint16_t *source = mr_arena_alloc(call->eval->arena, room * sizeof *source, 64);
    uint32_t *index = mr_arena_alloc(call->eval->arena, room * sizeof *index, 64);
    if (source == NULL || index == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < z->plan.count; i++) {
        bool is_b = z->plan.index[i] == UINT32_MAX;
        source[i] = is_b;
        index[i] = is_b ? z->index_b[i] : z->plan.index[i];
    }
    struct mr_gather gather = {.eval = call->eval, .sources = sources, .source = source,
                               .index = index, .rows = z->plan.count};
    return mr_gather_run(&gather, sources[0]->type, out, err);
}

mr_status mr_eval_zip_with(struct mr_call *call, struct mr_err *err)
{
    struct zip z = {0};
    struct mr_vec params[MR_LAMBDA_PARAMS_MAX], *param = params;
    struct mr_operand operand;
    bool is_map = call->args[0].vec.type->id == MR_TYPE_MAP;
    MR_TRY(zip_plan(&z, call, err));
    if (is_map) MR_TRY(zip_keys(&z, param++, err));
    MR_TRY(zip_param(&z.plan, &call->args[0].vec.children[is_map], z.plan.index, param++, err));
    MR_TRY(zip_param(&z.plan, &call->args[1].vec.children[is_map], z.index_b, param++, err));
    struct mr_lambda_run run = {.call = call, .rows = z.plan.count, .params = params,
                                .row_of = z.row_of};
    if (is_map) call->out->children[0] = params[0];
    if (z.plan.count == 0) {
        MR_TRY(mr_operand_null(call->eval, call->out->type->fields[is_map].type, &operand, err));
    } else {
        MR_TRY(mr_lambda_run(&run, &operand, err));
    }
    return mr_operand_spread(call->eval, &operand, z.plan.count, &call->out->children[is_map],
                             err);
}
