/* Maps: entries are two lists side by side; keys are there once and never null. */
#include "core/base/checked.h"
#include "core/expr/family_impl.h"
#include "core/expr/list_impl.h"

/* map_keys, map_values: the map's lists, of one child. */
mr_status mr_eval_map_part(struct mr_call *call, struct mr_err *err)
{
    struct mr_vec *out = call->out;
    const struct mr_operand *map = &call->args[0];
    const struct mr_vec *child = &map->vec.children[call->expr->function->op == MR_OP_VALUES];
    (void)err;
    out->offsets = map->vec.offsets;
    out->children = MR_ARENA_NEW(call->eval->arena, struct mr_vec);
    if (out->children == NULL) return mr_eval_nomem(err);
    *out->children = *child;
    return MR_OK;
}

mr_status mr_eval_map_entries(struct mr_call *call, struct mr_err *err)
{
    struct mr_vec *out = call->out;
    const struct mr_vec *map = &call->args[0].vec;
    out->offsets = map->offsets;
    out->children = MR_ARENA_NEW(call->eval->arena, struct mr_vec);
    if (out->children == NULL) return mr_eval_nomem(err);
    *out->children = (struct mr_vec){.type = out->type->fields[0].type, .bufs = out->bufs,
                                     .rows = map->children[0].rows, .children = map->children};
    return MR_OK;
}

static mr_status key_null(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    return mr_call_fail(call, row, 1315, err, "a key of the map is null");
}

static mr_status key_twice(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    return mr_call_fail(call, row, 1315, err, "a key of the map is there twice");
}

/* A map under construction: its keys may not repeat. */
struct making {
    struct mr_list_plan keys;
    struct mr_list_plan values;
    struct mr_value_set set;
};

static mr_status make_begin(struct making *m, struct mr_call *call, struct mr_err *err)
{
    *m = (struct making){0};
    MR_TRY(mr_list_begin(&m->keys, call, err));
    return mr_list_begin(&m->values, call, err);
}

/* make_row: room for up to `most` entries of a row. */
static mr_status make_row(struct making *m, uint32_t most, struct mr_err *err)
{
    MR_TRY(mr_list_grow(&m->keys, most, err));
    MR_TRY(mr_list_grow(&m->values, most, err));
    return mr_value_set_begin(&m->set, m->keys.call->eval->arena, most, err);
}

static mr_status make_entry(struct making *m, uint32_t row, const struct mr_vec *keys,
                            uint16_t source, uint32_t key_at, uint32_t value_at,
                            struct mr_err *err)
{
    uint32_t entry;
    if (mr_vec_is_null(keys, key_at)) return key_null(m->keys.call, row, err);
    if (!mr_value_set_add(&m->set, keys, key_at, &entry)) {
        return key_twice(m->keys.call, row, err);
    }
    mr_list_put(&m->keys, source, key_at);
    mr_list_put(&m->values, source, value_at);
    return MR_OK;
}

static mr_status make_end(struct making *m, const struct mr_vec *const *keys,
                          const struct mr_vec *const *values, struct mr_err *err)
{
    MR_TRY(mr_list_offsets(&m->keys, err));
    MR_TRY(mr_list_child(&m->keys, keys, 0, err));
    return mr_list_child(&m->values, values, 1, err);
}

mr_status mr_eval_map_from_arrays(struct mr_call *call, struct mr_err *err)
{
    struct making m;
    const struct mr_vec *keys = &call->args[0].vec.children[0];
    const struct mr_vec *values = &call->args[1].vec.children[0];
    MR_TRY(make_begin(&m, call, err));
    MR_EACH_ROW(call->rows, i) {
        struct mr_list k = mr_operand_list(&call->args[0], i);
        struct mr_list v = mr_operand_list(&call->args[1], i);
        if (k.count != v.count) {
            return mr_call_fail(call, i, 1315, err, "%u keys and %u values", k.count, v.count);
        }
        MR_TRY(make_row(&m, k.count, err));
        for (uint32_t n = 0; n < k.count; n++) {
            MR_TRY(make_entry(&m, i, keys, 0, k.from + n, v.from + n, err));
        }
        mr_list_close(&m.keys, i);
    }
    return make_end(&m, &keys, &values, err);
}

/* map_from_entries: null where one of the entries is. */
mr_status mr_eval_map_from_entries(struct mr_call *call, struct mr_err *err)
{
    struct making m;
    const struct mr_vec *entries = &call->args[0].vec.children[0];
    const struct mr_vec *keys = &entries->children[0], *values = &entries->children[1];
    MR_TRY(make_begin(&m, call, err));
    MR_EACH_ROW(call->rows, i) {
        struct mr_list l = mr_operand_list(&call->args[0], i);
        bool has_null = false;
        for (uint32_t k = l.from; k < l.from + l.count; k++) {
            has_null = has_null || mr_vec_is_null(entries, k);
        }
        if (has_null) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        MR_TRY(make_row(&m, l.count, err));
        for (uint32_t k = l.from; k < l.from + l.count; k++) {
            MR_TRY(make_entry(&m, i, keys, 0, k, k, err));
        }
        mr_list_close(&m.keys, i);
    }
    return make_end(&m, &keys, &values, err);
}

mr_status mr_eval_map_concat(struct mr_call *call, struct mr_err *err)
{
    struct making m;
    uint32_t count = call->expr->arg_count;
    const struct mr_vec **keys =
        MR_ARENA_ARRAY(call->eval->arena, const struct mr_vec *, (size_t)count * 2);
    if (keys == NULL) return mr_eval_nomem(err);
    const struct mr_vec **values = keys + count;
    for (uint32_t k = 0; k < count; k++) {
        keys[k] = &call->args[k].vec.children[0];
        values[k] = &call->args[k].vec.children[1];
    }
    MR_TRY(make_begin(&m, call, err));
    MR_EACH_ROW(call->rows, i) {
        uint32_t most = 0;
        for (uint32_t k = 0; k < count; k++) most += mr_operand_list(&call->args[k], i).count;
        MR_TRY(make_row(&m, most, err));
        for (uint32_t k = 0; k < count; k++) {
            struct mr_list l = mr_operand_list(&call->args[k], i);
            for (uint32_t n = l.from; n < l.from + l.count; n++) {
                MR_TRY(make_entry(&m, i, keys[k], (uint16_t)k, n, n, err));
            }
        }
        mr_list_close(&m.keys, i);
    }
    return make_end(&m, keys, values, err);
}

mr_status mr_eval_map_contains(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    const struct mr_operand *map = &call->args[0], *key = &call->args[1];
    const struct mr_vec *keys = &map->vec.children[0];
    MR_EACH_ROW(call->rows, i) {
        struct mr_list l = mr_operand_list(map, i);
        bool is_in = false;
        for (uint32_t k = l.from; k < l.from + l.count && !is_in; k++) {
            is_in = mr_compare_at(keys, k, &key->vec, i & mr_operand_mask(key)) == 0;
        }
        mr_vec_put_bool(call->out, i, is_in);
    }
    return MR_OK;
}
