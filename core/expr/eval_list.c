/* Arrays: most functions choose elements, by place or by value, and gather them. */
#include "core/base/checked.h"
#include "core/expr/family_impl.h"
#include "core/expr/list_impl.h"

static bool same_value(const struct mr_vec *a, uint32_t row_a, const struct mr_operand *b,
                       uint32_t row_b)
{
    return !mr_vec_is_null(a, row_a) &&
           mr_compare_at(a, row_a, &b->vec, row_b & mr_operand_mask(b)) == 0;
}

/* array_contains and array_position. */
mr_status mr_eval_list_find(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *list = &call->args[0], *value = &call->args[1];
    const struct mr_vec *child = &list->vec.children[0];
    bool is_position = call->expr->function->op == MR_OP_POSITION;
    MR_EACH_ROW(call->rows, i) {
        struct mr_list l = mr_operand_list(list, i);
        uint32_t k = 0;
        bool has_null = false;
        for (; k < l.count && !same_value(child, l.from + k, value, i); k++) {
            has_null = has_null || mr_vec_is_null(child, l.from + k);
        }
        if (is_position) {
            ((int64_t *)call->out->values)[i] = k < l.count ? (int64_t)k + 1 : 0;
        } else if (k == l.count && has_null) {
            MR_TRY(mr_call_null(call, i, err));
        } else {
            mr_vec_put_bool(call->out, i, k < l.count);
        }
    }
    return MR_OK;
}

/* slice_range: elements from..from + count of a list of n. */
static mr_status slice_range(struct mr_call *call, uint32_t row, uint32_t n, uint32_t *out_from,
                             uint32_t *out_count, struct mr_err *err)
{
    int64_t start = mr_operand_i64(&call->args[1], row);
    int64_t count = mr_operand_i64(&call->args[2], row);
    if (start == 0) {
        return mr_call_fail(call, row, 1315, err, "a slice from 0, but the first element is 1,");
    }
    if (count < 0) return mr_call_fail(call, row, 1315, err, "a slice has a negative length");
    int64_t from = start > 0 ? start - 1 : (int64_t)n + start;
    bool is_empty = from < 0 || from >= (int64_t)n;
    *out_from = is_empty ? 0 : (uint32_t)from;
    *out_count = is_empty ? 0 : (uint32_t)MR_MIN(count, (int64_t)n - from);
    return MR_OK;
}

/* pick_row: the elements of one list that array_remove and its like keep. */
static mr_status pick_row(struct mr_list_plan *plan, struct mr_call *call, uint32_t row,
                          struct mr_value_set *set, struct mr_err *err)
{
    const struct mr_vec *child = &call->args[0].vec.children[0];
    struct mr_list l = mr_operand_list(&call->args[0], row);
    uint32_t entry, from, count;
    switch ((mr_op)call->expr->function->op) {
    case MR_OP_REMOVE:
        for (uint32_t k = l.from; k < l.from + l.count; k++) {
            if (!same_value(child, k, &call->args[1], row)) mr_list_put(plan, 0, k);
        }
        return MR_OK;
    case MR_OP_COMPACT:
        for (uint32_t k = l.from; k < l.from + l.count; k++) {
            if (!mr_vec_is_null(child, k)) mr_list_put(plan, 0, k);
        }
        return MR_OK;
    case MR_OP_DISTINCT:
        MR_TRY(mr_value_set_begin(set, call->eval->arena, l.count, err));
        for (uint32_t k = l.from; k < l.from + l.count; k++) {
            if (mr_value_set_add(set, child, k, &entry)) mr_list_put(plan, 0, k);
        }
        return MR_OK;
    case MR_OP_SLICE:
        MR_TRY(slice_range(call, row, l.count, &from, &count, err));
        for (uint32_t k = 0; k < count; k++) mr_list_put(plan, 0, l.from + from + k);
        return MR_OK;
    default:
        for (uint32_t k = l.count; k > 0; k--) mr_list_put(plan, 0, l.from + k - 1);
        return MR_OK;
    }
}

mr_status mr_eval_list_pick(struct mr_call *call, struct mr_err *err)
{
    struct mr_list_plan plan;
    struct mr_value_set set = {0};
    const struct mr_vec *child = &call->args[0].vec.children[0];
    MR_TRY(mr_list_begin(&plan, call, err));
    MR_EACH_ROW(call->rows, i) {
        MR_TRY(mr_list_grow(&plan, mr_operand_list(&call->args[0], i).count, err));
        MR_TRY(pick_row(&plan, call, i, &set, err));
        mr_list_close(&plan, i);
    }
    return mr_list_end(&plan, &child, err);
}

/* set_row: one row of array_union, array_except, array_intersect. */
static mr_status set_row(struct mr_list_plan *plan, struct mr_call *call, uint32_t row,
                         struct mr_value_set *seen, struct mr_value_set *other,
                         struct mr_err *err)
{
    const struct mr_vec *a = &call->args[0].vec.children[0], *b = &call->args[1].vec.children[0];
    struct mr_list x = mr_operand_list(&call->args[0], row);
    struct mr_list y = mr_operand_list(&call->args[1], row);
    mr_op op = call->expr->function->op;
    uint32_t entry;
    MR_TRY(mr_list_grow(plan, x.count + y.count, err));
    MR_TRY(mr_value_set_begin(seen, call->eval->arena, x.count + y.count, err));
    MR_TRY(mr_value_set_begin(other, call->eval->arena, y.count, err));
    for (uint32_t k = 0; op != MR_OP_UNION && k < y.count; k++) {
        (void)mr_value_set_add(other, b, y.from + k, &entry);
    }
    for (uint32_t k = 0; k < x.count; k++) {
        bool is_in = op != MR_OP_UNION && mr_value_set_find(other, a, x.from + k) >= 0;
        if (op == MR_OP_EXCEPT ? is_in : op == MR_OP_INTERSECT && !is_in) continue;
        if (mr_value_set_add(seen, a, x.from + k, &entry)) mr_list_put(plan, 0, x.from + k);
    }
    for (uint32_t k = 0; op == MR_OP_UNION && k < y.count; k++) {
        if (mr_value_set_add(seen, b, y.from + k, &entry)) mr_list_put(plan, 1, y.from + k);
    }
    return MR_OK;
}

mr_status mr_eval_list_set(struct mr_call *call, struct mr_err *err)
{
    struct mr_list_plan plan;
    struct mr_value_set seen = {0}, other = {0};
    const struct mr_vec *sources[2] = {&call->args[0].vec.children[0],
                                       &call->args[1].vec.children[0]};
    MR_TRY(mr_list_begin(&plan, call, err));
    MR_EACH_ROW(call->rows, i) {
        MR_TRY(set_row(&plan, call, i, &seen, &other, err));
        mr_list_close(&plan, i);
    }
    return mr_list_end(&plan, sources, err);
}

mr_status mr_eval_list_overlap(struct mr_call *call, struct mr_err *err)
{
    struct mr_value_set set = {0};
    const struct mr_vec *a = &call->args[0].vec.children[0], *b = &call->args[1].vec.children[0];
    MR_EACH_ROW(call->rows, i) {
        struct mr_list x = mr_operand_list(&call->args[0], i);
        struct mr_list y = mr_operand_list(&call->args[1], i);
        bool has_null = false, is_in = false;
        uint32_t entry;
        MR_TRY(mr_value_set_begin(&set, call->eval->arena, x.count, err));
        for (uint32_t k = x.from; k < x.from + x.count; k++) {
            if (mr_vec_is_null(a, k)) has_null = true;
            else (void)mr_value_set_add(&set, a, k, &entry);
        }
        for (uint32_t k = y.from; k < y.from + y.count && !is_in; k++) {
            if (mr_vec_is_null(b, k)) has_null = true;
            else is_in = mr_value_set_find(&set, b, k) >= 0;
        }
        mr_vec_put_bool(call->out, i, is_in);
        if (!is_in && has_null && x.count > 0 && y.count > 0) MR_TRY(mr_call_null(call, i, err));
    }
    return MR_OK;
}

static void put_list(struct mr_list_plan *plan, struct mr_list l)
{
    for (uint32_t k = 0; k < l.count; k++) mr_list_put(plan, 0, l.from + k);
}

static void put_nulls(struct mr_list_plan *plan, int64_t count)
{
    for (; count > 0; count--) mr_list_put(plan, MR_GATHER_NULL, 0);
}

/* insert_row: array_insert; the place counts from 1, or from the end: -1 is behind the last. */
static mr_status insert_row(struct mr_list_plan *plan, struct mr_call *call, uint32_t row,
                            struct mr_list l, uint32_t value_row, struct mr_err *err)
{
    int64_t at = mr_operand_i64(&call->args[1], row), n = l.count;
    if (at == 0) {
        return mr_call_fail(call, row, 1313, err, "index 0, but the first element is 1,");
    }
    int64_t place = at > 0 ? at - 1 : n + at + 1;
    int64_t padding = at > 0 ? MR_MAX(place - n, 0) : MR_MAX(-place, 0);
    if (padding + n + 1 > INT32_MAX - 15) {
        return mr_call_fail(call, row, 1315, err, "an array of %lld elements",
                            (long long)(padding + n + 1));
    }
    MR_TRY(mr_list_grow(plan, (uint32_t)(padding + n + 1), err));
    uint32_t before = place < 0 ? 0 : (uint32_t)MR_MIN(place, n);
    put_list(plan, (struct mr_list){l.from, before});
    if (at > 0) put_nulls(plan, padding);
    mr_list_put(plan, 1, value_row);
    if (at < 0) put_nulls(plan, padding);
    put_list(plan, (struct mr_list){l.from + before, l.count - before});
    return MR_OK;
}

mr_status mr_eval_list_add(struct mr_call *call, struct mr_err *err)
{
    struct mr_list_plan plan;
    mr_op op = call->expr->function->op;
    const struct mr_operand *list = &call->args[0];
    const struct mr_operand *value = &call->args[op == MR_OP_INSERT ? 2 : 1];
    const struct mr_vec *sources[2] = {&list->vec.children[0], &value->vec};
    MR_TRY(mr_list_begin(&plan, call, err));
    MR_EACH_ROW(call->rows, i) {
        bool is_null = mr_operand_is_null(list, i) ||
                       (op == MR_OP_INSERT && mr_operand_is_null(&call->args[1], i));
        if (is_null) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        struct mr_list l = mr_operand_list(list, i);
        uint32_t value_row = i & mr_operand_mask(value);
        if (op == MR_OP_INSERT) {
            MR_TRY(insert_row(&plan, call, i, l, value_row, err));
        } else {
            MR_TRY(mr_list_grow(&plan, l.count + 1, err));
            if (op == MR_OP_PREPEND) mr_list_put(&plan, 1, value_row);
            put_list(&plan, l);
            if (op == MR_OP_APPEND) mr_list_put(&plan, 1, value_row);
        }
        mr_list_close(&plan, i);
    }
    return mr_list_end(&plan, sources, err);
}

/* array_min and array_max: of the elements that are not null. */
mr_status mr_eval_list_extreme(struct mr_call *call, struct mr_err *err)
{
    uint32_t rows = call->out->rows;
    const struct mr_vec *child = &call->args[0].vec.children[0];
    int sign = call->expr->function->op == MR_OP_GREATEST ? 1 : -1;
    uint16_t *source = mr_arena_alloc(call->eval->arena, rows * sizeof *source, 64);
    uint32_t *index = MR_ARENA_ARRAY(call->eval->arena, uint32_t, rows);
    if (source == NULL || index == NULL) return mr_eval_nomem(err);
    memset(source, 0xff, rows * sizeof *source);
    MR_EACH_ROW(call->rows, i) {
        struct mr_list l = mr_operand_list(&call->args[0], i);
        for (uint32_t k = l.from; k < l.from + l.count; k++) {
            if (mr_vec_is_null(child, k)) continue;
            if (source[i] == 0 && sign * mr_compare_at(child, k, child, index[i]) <= 0) continue;
            source[i] = 0;
            index[i] = k;
        }
    }
    struct mr_gather gather = {.eval = call->eval, .sources = &child, .source = source,
                               .index = index, .rows = rows};
    return mr_gather_run(&gather, call->expr->type, call->out, err);
}

mr_status mr_eval_list_repeat(struct mr_call *call, struct mr_err *err)
{
    struct mr_list_plan plan;
    const struct mr_operand *value = &call->args[0];
    const struct mr_vec *source = &value->vec;
    MR_TRY(mr_list_begin(&plan, call, err));
    MR_EACH_ROW(call->rows, i) {
        if (mr_operand_is_null(&call->args[1], i)) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        int64_t count = MR_MAX(mr_operand_i64(&call->args[1], i), 0);
        MR_TRY(mr_list_grow(&plan, (uint32_t)count, err));
        for (; count > 0; count--) mr_list_put(&plan, 0, i & mr_operand_mask(value));
        mr_list_close(&plan, i);
    }
    return mr_list_end(&plan, &source, err);
}

/* flatten: null where one of the inner arrays is. */
mr_status mr_eval_flatten(struct mr_call *call, struct mr_err *err)
{
    struct mr_list_plan plan;
    const struct mr_vec *inner = &call->args[0].vec.children[0], *child = inner->children;
    MR_TRY(mr_list_begin(&plan, call, err));
    MR_EACH_ROW(call->rows, i) {
        struct mr_list l = mr_operand_list(&call->args[0], i);
        bool has_null = false;
        for (uint32_t k = l.from; k < l.from + l.count; k++) {
            has_null = has_null || mr_vec_is_null(inner, k);
        }
        if (has_null) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        for (uint32_t k = l.from; k < l.from + l.count; k++) {
            struct mr_list part = {inner->offsets[k], inner->offsets[k + 1] - inner->offsets[k]};
            MR_TRY(mr_list_grow(&plan, part.count, err));
            put_list(&plan, part);
        }
        mr_list_close(&plan, i);
    }
    return mr_list_end(&plan, &child, err);
}

/* join_bytes: length of the joined text; nulls are left out, or stand as `null`. */
static size_t join_bytes(const struct mr_vec *child, struct mr_list l, struct mr_span between,
                         const struct mr_span *null)
{
    size_t bytes = 0, parts = 0;
    for (uint32_t k = l.from; k < l.from + l.count; k++) {
        bool is_null = mr_vec_is_null(child, k);
        if (is_null && null == NULL) continue;
        bytes += is_null ? null->bytes : mr_vec_span(child, k).bytes;
        parts++;
    }
    return bytes + (parts > 1 ? (parts - 1) * between.bytes : 0);
}

mr_status mr_eval_array_join(struct mr_call *call, struct mr_err *err)
{
    const struct mr_vec *child = &call->args[0].vec.children[0];
    bool has_null_text = call->expr->arg_count > 2;
    MR_EACH_ROW(call->rows, i) {
        struct mr_list l = mr_operand_list(&call->args[0], i);
        struct mr_span between = mr_operand_span(&call->args[1], i), null = {0};
        if (has_null_text) null = mr_operand_span(&call->args[2], i);
        const struct mr_span *shown = has_null_text ? &null : NULL;
        char *room = mr_text_room(call->eval, join_bytes(child, l, between, shown), err);
        size_t used = 0;
        bool is_first = true;
        if (room == NULL) return err->status;
        for (uint32_t k = l.from; k < l.from + l.count; k++) {
            bool is_null = mr_vec_is_null(child, k);
            if (is_null && !has_null_text) continue;
            struct mr_span part = is_null ? null : mr_vec_span(child, k);
            if (!is_first && between.bytes > 0) memcpy(room + used, between.text, between.bytes);
            used += is_first ? 0 : between.bytes;
            if (part.bytes > 0) memcpy(room + used, part.text, part.bytes);
            used += part.bytes;
            is_first = false;
        }
        ((struct mr_view *)call->out->values)[i] = mr_text_done(call->eval, room, used);
    }
    return MR_OK;
}

/* zip_offsets: as many structs as the longest array has elements. */
static mr_status zip_offsets(struct mr_call *call, struct mr_err *err)
{
    struct mr_vec *out = call->out;
    uint64_t total = 0;
    out->offsets = MR_ARENA_ARRAY(call->eval->arena, uint32_t, (size_t)out->rows + 1);
    if (out->offsets == NULL) return mr_eval_nomem(err);
    MR_EACH_ROW(call->rows, i) {
        uint32_t most = 0;
        for (uint32_t k = 0; k < call->expr->arg_count; k++) {
            most = MR_MAX(most, mr_operand_list(&call->args[k], i).count);
        }
        total += most;
        if (total > INT32_MAX) {
            return mr_err_set(err, MR_E_LIMIT, 1310, "the lists of one batch are too long");
        }
        out->offsets[i + 1] = most;
    }
    for (uint32_t i = 0; i < out->rows; i++) out->offsets[i + 1] += out->offsets[i];
    return MR_OK;
}

mr_status mr_eval_arrays_zip(struct mr_call *call, struct mr_err *err)
{
    struct mr_arena *arena = call->eval->arena;
    struct mr_vec *out = call->out;
    uint32_t count = call->expr->arg_count;
    MR_TRY(zip_offsets(call, err));
    uint32_t total = out->offsets[out->rows];
    const struct mr_type *element = out->type->fields[0].type;
    uint16_t *source = MR_ARENA_ARRAY(arena, uint16_t, total);
    uint32_t *index = MR_ARENA_ARRAY(arena, uint32_t, total);
    out->children = MR_ARENA_NEW(arena, struct mr_vec);
    if (source == NULL || index == NULL || out->children == NULL) return mr_eval_nomem(err);
    *out->children = (struct mr_vec){.type = element, .rows = total, .bufs = out->bufs};
    out->children->children = MR_ARENA_ARRAY(arena, struct mr_vec, count);
    if (out->children->children == NULL) return mr_eval_nomem(err);
    for (uint32_t k = 0; k < count; k++) {
        const struct mr_vec *child = &call->args[k].vec.children[0];
        memset(source, 0xff, total * sizeof *source);
        MR_EACH_ROW(call->rows, i) {
            struct mr_list l = mr_operand_list(&call->args[k], i);
            for (uint32_t n = 0; n < l.count; n++) {
                source[out->offsets[i] + n] = 0;
                index[out->offsets[i] + n] = l.from + n;
            }
        }
        struct mr_gather gather = {.eval = call->eval, .sources = &child, .source = source,
                                   .index = index, .rows = total};
        MR_TRY(mr_gather_run(&gather, child->type, &out->children->children[k], err));
    }
    return MR_OK;
}
