/* Lists under construction, and sets of values: what the array and map functions share. */
#ifndef MR_CORE_EXPR_LIST_IMPL_H
#define MR_CORE_EXPR_LIST_IMPL_H

#include "core/expr/eval_impl.h"

/* A list column being put together from elements of other columns. Rows come in ascending order;
 * those that are left out have no elements. */
struct mr_list_plan {
    struct mr_call *call;
    uint32_t *offsets; /* [rows + 1] */
    uint16_t *source;  /* element: source vector, or MR_GATHER_NULL */
    uint32_t *index;   /* and its row there */
    uint32_t count;
    uint32_t room;
};

MR_MUST_USE mr_status mr_list_begin(struct mr_list_plan *plan, struct mr_call *call,
                                    struct mr_err *err);
MR_MUST_USE mr_status mr_list_grow(struct mr_list_plan *plan, uint32_t more, struct mr_err *err);

/* mr_list_put: appends an element; mr_list_grow has made room for it. */
static inline void mr_list_put(struct mr_list_plan *plan, uint16_t source, uint32_t index)
{
    MR_DCHECK(plan->count < plan->room);
    plan->source[plan->count] = source;
    plan->index[plan->count++] = index;
}

/* mr_list_close: the list of `row` has all its elements. */
static inline void mr_list_close(struct mr_list_plan *plan, uint32_t row)
{
    plan->offsets[row + 1] = plan->count;
}

/* mr_list_end: the call's output: an array of the elements gathered from sources.
 * mr_list_end_as: child `k` only, for maps; the offsets must have been taken over. */
MR_MUST_USE mr_status mr_list_end(struct mr_list_plan *plan, const struct mr_vec *const *sources,
                                  struct mr_err *err);
MR_MUST_USE mr_status mr_list_offsets(struct mr_list_plan *plan, struct mr_err *err);
MR_MUST_USE mr_status mr_list_child(struct mr_list_plan *plan, const struct mr_vec *const *sources,
                                    uint32_t k, struct mr_err *err);

/* The elements of row `row` of a list operand. */
struct mr_list {
    uint32_t from;
    uint32_t count;
};

static inline struct mr_list mr_operand_list(const struct mr_operand *operand, uint32_t row)
{
    row &= mr_operand_mask(operand);
    return (struct mr_list){operand->vec.offsets[row],
                            operand->vec.offsets[row + 1] - operand->vec.offsets[row]};
}

/* A set of values of one type, null among them. */
struct mr_value_set {
    struct mr_arena *arena;
    uint32_t *slots; /* entry + 1 */
    uint32_t mask;
    const struct mr_vec **vecs; /* entries */
    uint32_t *rows;
    uint32_t count;
    uint32_t room;
};

/* mr_value_set_begin: empty, with room for `most` values. */
MR_MUST_USE mr_status mr_value_set_begin(struct mr_value_set *set, struct mr_arena *arena,
                                         uint32_t most, struct mr_err *err);

/* mr_value_set_find: the entry equal to the value, or -1. mr_value_set_add: false when it was
 * there; *out_entry is its entry either way. */
int64_t mr_value_set_find(const struct mr_value_set *set, const struct mr_vec *vec, uint32_t row);
bool mr_value_set_add(struct mr_value_set *set, const struct mr_vec *vec, uint32_t row,
                      uint32_t *out_entry);

#endif
