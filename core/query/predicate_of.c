/* Filters as predicates: what statistics can judge of a scan's filter. */
#include "core/base/assert.h"
#include "core/expr/function.h"
#include "core/query/relation.h"

struct making {
    struct mr_arena *arena;
    const struct mr_plan *scan;
    struct mr_predicate_term *terms;
    uint32_t count;
    bool is_nomem;
};

/* Names from the top to a column or a member of structs in one; null when it is none. */
static const struct mr_span *path_of(struct making *m, const struct mr_expr *expr,
                                     uint32_t *out_count)
{
    uint32_t count = 0;
    const struct mr_expr *base = expr;
    for (; base->kind == MR_EXPR_FIELD; base = base->args[0], count++) {
        if (base->args[0]->type->id != MR_TYPE_STRUCT) return NULL;
    }
    if (base->kind != MR_EXPR_COLUMN) return NULL;
    struct mr_span *path = MR_ARENA_ARRAY(m->arena, struct mr_span, (size_t)count + 1);
    if (path == NULL) {
        m->is_nomem = true;
        return NULL;
    }
    *out_count = count + 1;
    for (base = expr; base->kind == MR_EXPR_FIELD; base = base->args[0]) {
        path[count--] = base->args[0]->type->fields[base->index].name;
    }
    path[0] = m->scan->schema->fields[base->index].name;
    return path;
}

static bool is_constant(const struct mr_expr *expr)
{
    return expr->kind == MR_EXPR_LITERAL && !expr->value.is_null;
}

static void add(struct making *m, const struct mr_expr *column, mr_predicate_op op,
                const struct mr_expr *const *constants, uint32_t count)
{
    uint32_t path_count = 0;
    const struct mr_span *path = path_of(m, column, &path_count);
    struct mr_value *values = MR_ARENA_ARRAY(m->arena, struct mr_value, (size_t)count + 1);
    if (values == NULL) m->is_nomem = true;
    if (path == NULL || values == NULL) return;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_constant(constants[i])) return;
        if (!mr_type_equal(constants[i]->type, column->type)) return;
        values[i] = constants[i]->value;
    }
    m->terms[m->count++] = (struct mr_predicate_term){
        .path = path, .path_count = path_count, .op = op, .values = values, .value_count = count};
}

static void add_comparison(struct making *m, const struct mr_expr *expr, mr_predicate_op op,
                           mr_predicate_op mirrored)
{
    if (is_constant(expr->args[1])) add(m, expr->args[0], op, &expr->args[1], 1);
    else if (is_constant(expr->args[0])) add(m, expr->args[1], mirrored, &expr->args[0], 1);
}

static void add_conjunct(struct making *m, const struct mr_expr *expr)
{
    static const struct {
        const char *name;
        mr_predicate_op op, mirrored;
    } comparisons[] = {
        {"=", MR_PREDICATE_EQ, MR_PREDICATE_EQ},  {"<>", MR_PREDICATE_NE, MR_PREDICATE_NE},
        {"<", MR_PREDICATE_LT, MR_PREDICATE_GT},  {"<=", MR_PREDICATE_LE, MR_PREDICATE_GE},
        {">", MR_PREDICATE_GT, MR_PREDICATE_LT},  {">=", MR_PREDICATE_GE, MR_PREDICATE_LE},
    };
    if (expr->kind == MR_EXPR_IN) {
        add(m, expr->args[0], MR_PREDICATE_IN, expr->args + 1, expr->arg_count - 1);
        return;
    }
    if (expr->kind != MR_EXPR_CALL) return;
    struct mr_span name = mr_span_of(expr->function->name);
    if (mr_span_eq(name, MR_SPAN("is null"))) {
        add(m, expr->args[0], MR_PREDICATE_IS_NULL, NULL, 0);
    }
    if (mr_span_eq(name, MR_SPAN("is not null"))) {
        add(m, expr->args[0], MR_PREDICATE_IS_NOT_NULL, NULL, 0);
    }
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        if (!mr_span_eq(name, mr_span_of(comparisons[i].name))) continue;
        add_comparison(m, expr, comparisons[i].op, comparisons[i].mirrored);
    }
}

mr_status mr_query_predicate(struct mr_arena *arena, const struct mr_plan *scan,
                             const struct mr_predicate **out_predicate, struct mr_err *err)
{
    struct making m = {.arena = arena, .scan = scan};
    struct mr_predicate *predicate = MR_ARENA_NEW(arena, struct mr_predicate);
    m.terms = MR_ARENA_ARRAY(arena, struct mr_predicate_term, (size_t)scan->filter_count + 1);
    m.is_nomem = predicate == NULL || m.terms == NULL;
    for (uint32_t i = 0; i < scan->filter_count && !m.is_nomem; i++) {
        add_conjunct(&m, scan->filter[i]);
    }
    if (m.is_nomem) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a filter");
    *predicate = (struct mr_predicate){m.terms, m.count};
    *out_predicate = m.count == 0 ? NULL : predicate;
    return MR_OK;
}
