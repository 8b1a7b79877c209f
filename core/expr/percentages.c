/* The constant percentages of percentile and percentile_approx. */
#include "core/expr/aggregate_impl.h"
#include "core/expr/program.h"

static mr_status percentages_take(const struct mr_vec *vec, uint32_t from, uint32_t count,
                                  const char *name, struct mr_percentages *out, struct mr_err *err)
{
    if (count > MR_PERCENTAGES_MAX) {
        return mr_err_set(err, MR_E_INVALID, 1315, "%s takes %d percentages at most", name,
                          MR_PERCENTAGES_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        double p = mr_vec_is_null(vec, from + i) ? -1 : ((const double *)vec->values)[from + i];
        if (!(p >= 0 && p <= 1)) {
            return mr_err_set(err, MR_E_INVALID, 1315, "the percentages of %s are between 0 and 1",
                              name);
        }
        out->at[i] = p;
    }
    out->count = count;
    return MR_OK;
}

static mr_status percentages_of(const struct mr_vec *vec, const char *name,
                                struct mr_percentages *out, struct mr_err *err)
{
    out->is_list = vec->type->id == MR_TYPE_ARRAY;
    if (!out->is_list) return percentages_take(vec, 0, 1, name, out, err);
    if (mr_vec_is_null(vec, 0)) {
        return mr_err_set(err, MR_E_INVALID, 1315, "the percentages of %s are null", name);
    }
    return percentages_take(&vec->children[0], vec->offsets[0], vec->offsets[1], name, out, err);
}

mr_status mr_percentages_read(struct mr_heap *heap, const struct mr_zone *zone,
                              const struct mr_expr *expr, const char *name,
                              struct mr_percentages *out, struct mr_err *err)
{
    const struct mr_type no_columns = {.id = MR_TYPE_STRUCT};
    struct mr_program_context context = {.zone = zone};
    struct mr_program *program = NULL;
    struct mr_arena arena;
    struct mr_batch batch;
    struct mr_vec col;
    mr_arena_init(&arena, heap, 0);
    mr_batch_init(&batch, &arena, &no_columns);
    batch.rows = batch.sel_count = 1;
    mr_status status = mr_program_compile(arena.heap, &expr, 1, &program, err);
    if (status == MR_OK) status = mr_program_run(program, &context, &batch, &col, err);
    if (status == MR_OK) status = percentages_of(&col, name, out, err);
    mr_program_fini(program);
    mr_arena_fini(&arena);
    return status;
}
