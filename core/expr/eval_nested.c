/* Arrays, maps and structs. */
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"

/* map_find: the entry of `row` whose key equals the operand's value; the last one wins. */
static bool map_find(const struct mr_vec *map, uint32_t row, const struct mr_operand *key,
                     uint32_t key_row, uint32_t *out_entry)
{
    for (uint32_t at = map->offsets[row + 1]; at > map->offsets[row]; at--) {
        if (mr_vec_is_null(&map->children[0], at - 1)) continue;
        if (mr_compare_at(&map->children[0], at - 1, &key->vec,
                          key_row & mr_operand_mask(key)) == 0) {
            *out_entry = at - 1;
            return true;
        }
    }
    return false;
}

static mr_status index_bad(struct mr_call *call, uint32_t row, int64_t index, uint32_t count,
                           struct mr_err *err)
{
    bool is_zero = index == 0 && call->expr->function->op == MR_OP_ADD;
    if (is_zero && call->expr->mode != MR_MODE_ANSI) {
        return mr_err_set(err, MR_E_ARITHMETIC, 1313, "index 0 in %s: the first element is 1",
                          call->expr->function->name);
    }
    if (is_zero) return mr_call_bad(call, row, 1313, err, "index 0, but the first element is 1,");
    return mr_call_bad(call, row, 1313, err, "index %lld outside of an array of %u elements",
                       (long long)index, count);
}

mr_status mr_eval_subscript(struct mr_call *call, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    const struct mr_operand *nested = &call->args[0], *key = &call->args[1];
    uint32_t rows = call->out->rows;
    bool is_map = nested->vec.type->id == MR_TYPE_MAP;
    bool from_one = call->expr->function->op == MR_OP_ADD;
    uint16_t *source = mr_arena_alloc(eval->arena, rows * sizeof *source, 64);
    uint32_t *index = MR_ARENA_ARRAY(eval->arena, uint32_t, rows);
    if (source == NULL || index == NULL) return mr_eval_nomem(err);
    memset(source, 0xff, rows * sizeof *source);
    MR_EACH_ROW(call->rows, i) {
        uint32_t row = i & mr_operand_mask(nested);
        if (is_map) {
            if (map_find(&nested->vec, row, key, i, &index[i])) source[i] = 0;
            continue;
        }
        int64_t at = mr_operand_i64(key, i);
        uint32_t from = nested->vec.offsets[row], count = nested->vec.offsets[row + 1] - from;
        int64_t place = !from_one ? at : at < 0 ? at + count : at - 1;
        if (place < 0 || place >= count) {
            MR_TRY(index_bad(call, i, at, count, err));
            continue;
        }
        source[i] = 0;
        index[i] = from + (uint32_t)place;
    }
    const struct mr_vec *child = &nested->vec.children[is_map ? 1 : 0];
    struct mr_gather gather = {.eval = eval, .sources = &child, .source = source, .index = index,
                               .rows = rows};
    return mr_gather_run(&gather, call->expr->type, call->out, err);
}

mr_status mr_eval_size(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    const struct mr_operand *a = &call->args[0];
    MR_EACH_ROW(call->rows, i) {
        uint32_t row = i & mr_operand_mask(a);
        ((int32_t *)call->out->values)[i] =
            (int32_t)(a->vec.offsets[row + 1] - a->vec.offsets[row]);
    }
    return MR_OK;
}

/* entries: `per_row` elements for each computed row, taken from arguments first, first + step, ...
 */
static mr_status entries(struct mr_call *call, uint32_t per_row, uint32_t first, uint32_t step,
                         const struct mr_type *type, struct mr_vec *out, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    size_t total = call->out->offsets[call->out->rows];
    uint16_t *source = MR_ARENA_ARRAY(eval->arena, uint16_t, total);
    uint32_t *index = MR_ARENA_ARRAY(eval->arena, uint32_t, total);
    const struct mr_vec **sources = MR_ARENA_ARRAY(eval->arena, const struct mr_vec *, per_row);
    if (source == NULL || index == NULL || sources == NULL) return mr_eval_nomem(err);
    for (uint32_t k = 0; k < per_row; k++) {
        const struct mr_operand *arg = &call->args[first + k * step];
        sources[k] = &arg->vec;
        MR_EACH_ROW(call->rows, i) {
            source[call->out->offsets[i] + k] = (uint16_t)k;
            index[call->out->offsets[i] + k] = i & mr_operand_mask(arg);
        }
    }
    struct mr_gather gather = {.eval = eval, .sources = sources, .source = source, .index = index,
                               .rows = (uint32_t)total};
    return mr_gather_run(&gather, type, out, err);
}

/* list_offsets: `per_row` elements at computed rows, none elsewhere. */
static mr_status list_offsets(struct mr_call *call, uint32_t per_row, struct mr_err *err)
{
    struct mr_vec *out = call->out;
    out->offsets = MR_ARENA_ARRAY(call->eval->arena, uint32_t, (size_t)out->rows + 1);
    out->children = MR_ARENA_ARRAY(call->eval->arena, struct mr_vec, out->type->field_count);
    if (out->offsets == NULL || out->children == NULL) return mr_eval_nomem(err);
    if ((uint64_t)per_row * call->rows->count > INT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "the lists of one batch are too long");
    }
    MR_EACH_ROW(call->rows, i) out->offsets[i + 1] = per_row;
    for (uint32_t i = 0; i < out->rows; i++) out->offsets[i + 1] += out->offsets[i];
    return MR_OK;
}

mr_status mr_eval_array(struct mr_call *call, struct mr_err *err)
{
    uint32_t per_row = call->expr->arg_count;
    MR_TRY(list_offsets(call, per_row, err));
    return entries(call, per_row, 0, 1, call->expr->type->fields[0].type, &call->out->children[0],
                   err);
}

mr_status mr_eval_map(struct mr_call *call, struct mr_err *err)
{
    uint32_t per_row = call->expr->arg_count / 2;
    MR_EACH_ROW(call->rows, i) {
        for (uint32_t k = 0; k < per_row; k++) {
            const struct mr_operand *key = &call->args[2 * k];
            if (mr_operand_is_null(key, i)) {
                return mr_err_set(err, MR_E_ARITHMETIC, 1315, "a key of map() is null");
            }
            for (uint32_t other = 0; other < k; other++) {
                const struct mr_operand *before = &call->args[2 * other];
                if (mr_compare_at(&key->vec, i & mr_operand_mask(key), &before->vec,
                                  i & mr_operand_mask(before)) == 0) {
                    return mr_err_set(err, MR_E_ARITHMETIC, 1315, "a key of map() is there twice");
                }
            }
        }
    }
    MR_TRY(list_offsets(call, per_row, err));
    const struct mr_field *fields = call->expr->type->fields;
    MR_TRY(entries(call, per_row, 0, 2, fields[0].type, &call->out->children[0], err));
    return entries(call, per_row, 1, 2, fields[1].type, &call->out->children[1], err);
}

mr_status mr_eval_struct(struct mr_call *call, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    struct mr_vec *out = call->out;
    bool is_named = call->expr->function->op == MR_OP_ADD;
    uint32_t *index = MR_ARENA_ARRAY(eval->arena, uint32_t, out->rows);
    out->children = MR_ARENA_ARRAY(eval->arena, struct mr_vec, out->type->field_count);
    if (out->children == NULL || index == NULL) return mr_eval_nomem(err);
    for (uint32_t k = 0; k < out->type->field_count; k++) {
        const struct mr_operand *arg = &call->args[is_named ? 2 * k + 1 : k];
        const struct mr_vec *source = &arg->vec;
        if (!arg->is_constant || out->rows == 1) { /* a member is the column itself */
            out->children[k] = *source;
            continue;
        }
        struct mr_gather gather = {.eval = eval, .sources = &source, .index = index,
                                   .rows = out->rows};
        MR_TRY(mr_gather_run(&gather, source->type, &out->children[k], err));
    }
    return MR_OK;
}
