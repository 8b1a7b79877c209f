#include "core/base/checked.h"
#include "core/expr/list_impl.h"
#include "core/expr/order.h"

mr_status mr_list_begin(struct mr_list_plan *plan, struct mr_call *call, struct mr_err *err)
{
    *plan = (struct mr_list_plan){.call = call};
    plan->offsets =
        MR_ARENA_ARRAY(call->eval->arena, uint32_t, (size_t)call->out->rows + 1);
    return plan->offsets == NULL ? mr_eval_nomem(err) : MR_OK;
}

mr_status mr_list_grow(struct mr_list_plan *plan, uint32_t more, struct mr_err *err)
{
    struct mr_arena *arena = plan->call->eval->arena;
    uint64_t wanted = (uint64_t)plan->count + more;
    if (wanted <= plan->room) return MR_OK;
    if (wanted > INT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "the lists of one batch are too long");
    }
    uint32_t room = (uint32_t)MR_MAX(wanted, MR_MIN(2 * (uint64_t)plan->room, INT32_MAX));
    room = MR_MAX(room, 64u);
    uint16_t *source = mr_arena_alloc(arena, room * sizeof *source, 64);
    uint32_t *index = mr_arena_alloc(arena, room * sizeof *index, 64);
    if (source == NULL || index == NULL) return mr_eval_nomem(err);
    if (plan->count > 0) {
        memcpy(source, plan->source, plan->count * sizeof *source);
        memcpy(index, plan->index, plan->count * sizeof *index);
    }
    plan->source = source;
    plan->index = index;
    plan->room = room;
    return MR_OK;
}

mr_status mr_list_offsets(struct mr_list_plan *plan, struct mr_err *err)
{
    struct mr_vec *out = plan->call->out;
    for (uint32_t i = 0; i < out->rows; i++) {
        plan->offsets[i + 1] = MR_MAX(plan->offsets[i], plan->offsets[i + 1]);
    }
    out->offsets = plan->offsets;
    out->children =
        MR_ARENA_ARRAY(plan->call->eval->arena, struct mr_vec, out->type->field_count);
    return out->children == NULL ? mr_eval_nomem(err) : MR_OK;
}

mr_status mr_list_child(struct mr_list_plan *plan, const struct mr_vec *const *sources, uint32_t k,
                        struct mr_err *err)
{
    struct mr_vec *out = plan->call->out;
    struct mr_gather gather = {.eval = plan->call->eval, .sources = sources,
                               .source = plan->source, .index = plan->index,
                               .rows = plan->count};
    return mr_gather_run(&gather, out->type->fields[k].type, &out->children[k], err);
}

mr_status mr_list_end(struct mr_list_plan *plan, const struct mr_vec *const *sources,
                      struct mr_err *err)
{
    MR_TRY(mr_list_offsets(plan, err));
    return mr_list_child(plan, sources, 0, err);
}

/* ---- sets ---- */

mr_status mr_value_set_begin(struct mr_value_set *set, struct mr_arena *arena, uint32_t most,
                             struct mr_err *err)
{
    uint32_t slots = 16;
    set->count = 0;
    set->arena = arena;
    while (slots < 2 * (uint64_t)most) slots *= 2;
    if (most > set->room || set->slots == NULL) {
        set->room = slots / 2;
        set->slots = mr_arena_alloc(arena, slots * sizeof *set->slots, 64);
        set->rows = mr_arena_alloc(arena, set->room * sizeof *set->rows, 64);
        set->vecs = mr_arena_alloc(arena, set->room * sizeof *set->vecs, 64);
        if (set->slots == NULL || set->rows == NULL || set->vecs == NULL) {
            return mr_eval_nomem(err);
        }
    }
    set->mask = slots - 1;
    memset(set->slots, 0, slots * sizeof *set->slots);
    return MR_OK;
}

/* set_slot: where the value is, or would be. */
static uint32_t set_slot(const struct mr_value_set *set, const struct mr_vec *vec, uint32_t row)
{
    uint64_t hash = 0;
    mr_hash_rows(vec, &row, 1, &hash);
    uint32_t slot = (uint32_t)hash & set->mask;
    while (set->slots[slot] != 0) {
        uint32_t entry = set->slots[slot] - 1;
        if (mr_same_at(set->vecs[entry], set->rows[entry], vec, row)) break;
        slot = (slot + 1) & set->mask;
    }
    return slot;
}

int64_t mr_value_set_find(const struct mr_value_set *set, const struct mr_vec *vec, uint32_t row)
{
    return (int64_t)set->slots[set_slot(set, vec, row)] - 1;
}

bool mr_value_set_add(struct mr_value_set *set, const struct mr_vec *vec, uint32_t row,
                      uint32_t *out_entry)
{
    uint32_t slot = set_slot(set, vec, row);
    if (set->slots[slot] != 0) {
        *out_entry = set->slots[slot] - 1;
        return false;
    }
    MR_DCHECK(set->count < set->room);
    *out_entry = set->count;
    set->vecs[set->count] = vec;
    set->rows[set->count] = row;
    set->slots[slot] = ++set->count;
    return true;
}
