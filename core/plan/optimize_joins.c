/* The order of inner joins.
 *
 * Joins that hang together without an outer join, a group or a limit between them are one cluster:
 * relations and conditions over all of them. It is put together anew, greedily: of all pairs of
 * parts that a condition connects, the one that gives the fewest rows becomes a join, until one
 * part is left; parts that nothing connects are paired last, the smallest first. The part with
 * fewer rows goes to the right, where a table of it is built.
 *
 * An equality of two relations keeps about rows * rows / keys pairs, where the keys are those of
 * the smaller relation before it was filtered: joins mostly follow a key. Source: Fegaras, "A New
 * Heuristic for Optimizing Large Queries" (1998). */
#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/expr_map.h"
#include "core/expr/function.h"
#include "core/plan/optimize_impl.h"

enum { RELATIONS_MAX = 64 };

struct member {
    struct mr_plan *plan;
    uint32_t first; /* of its columns, in the cluster's order */
    uint32_t width;
    double rows;
    double base;    /* rows before filters */
    uint32_t place; /* of its columns, in those of its part */
};

/* What has been joined so far: at first one member each. */
struct part {
    struct mr_plan *plan; /* null = gone into another */
    uint64_t bits;        /* members */
    double rows;
};

struct cluster {
    struct member members[RELATIONS_MAX];
    struct part parts[RELATIONS_MAX];
    uint32_t count;
    struct exprs conditions; /* over the columns in the cluster's order; null = used */
    uint32_t width;
};

/* ---- taking apart ---- */

static bool is_inner(const struct mr_plan *plan)
{
    return plan->kind == MR_PLAN_JOIN && plan->join == MR_JOIN_INNER;
}

static uint32_t count_members(const struct mr_plan *plan)
{
    if (!is_inner(plan)) return 1;
    return count_members(plan->inputs[0]) + count_members(plan->inputs[1]);
}

static double base_rows(const struct mr_plan *plan)
{
    while (plan->kind == MR_PLAN_FILTER || plan->kind == MR_PLAN_PROJECT) plan = plan->inputs[0];
    return MR_MAX(plan->rows_expected, 1.0);
}

static mr_status take_apart(struct planner *p, struct mr_plan *plan, struct cluster *cluster,
                            struct mr_err *err)
{
    if (!is_inner(plan)) {
        struct member *member = &cluster->members[cluster->count++];
        MR_TRY(mr_optimize_joins(p, plan, &plan, err));
        *member = (struct member){.plan = plan, .first = cluster->width,
                                  .width = plan->schema->field_count,
                                  .rows = MR_MAX(plan->rows_expected, 1.0),
                                  .base = base_rows(plan)};
        cluster->width += member->width;
        return MR_OK;
    }
    uint32_t first = cluster->width;
    MR_TRY(take_apart(p, plan->inputs[0], cluster, err));
    MR_TRY(take_apart(p, plan->inputs[1], cluster, err));
    for (uint32_t i = 0; i < plan->expr_count; i++) {
        const struct mr_expr *moved;
        MR_TRY(mr_expr_shifted(p->builder, plan->exprs[i], 0, first, &moved, err));
        if (!mr_exprs_add(p->arena, &cluster->conditions, moved)) return mr_plan_nomem(err);
    }
    return MR_OK;
}

/* ---- choosing ---- */

/* The members that an expression reads, as bits. */
static uint64_t members_of(const struct cluster *cluster, const struct mr_expr *expr)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < cluster->count; i++) {
        const struct member *m = &cluster->members[i];
        if (mr_expr_any_column(expr, m->first, m->first + m->width)) bits |= UINT64_C(1) << i;
    }
    return bits;
}

static bool is_equality(const struct mr_expr *expr)
{
    return expr->kind == MR_EXPR_CALL &&
           mr_span_eq(mr_span_of(expr->function->name), MR_SPAN("="));
}

/* The keys of an equality: of the smaller relation on its two sides. */
static double keys_of(const struct cluster *cluster, uint64_t bits)
{
    double keys = 0;
    for (uint32_t i = 0; i < cluster->count; i++) {
        if (!(bits >> i & 1)) continue;
        keys = keys == 0 ? cluster->members[i].base : MR_MIN(keys, cluster->members[i].base);
    }
    return MR_MAX(keys, 1.0);
}

/* Rows of a join of two parts; *out_connects: some equality ties them. */
static double rows_of_pair(const struct cluster *cluster, const struct part *a,
                           const struct part *b, bool *out_connects)
{
    double rows = a->rows * b->rows;
    *out_connects = false;
    for (uint32_t i = 0; i < cluster->conditions.count; i++) {
        const struct mr_expr *expr = cluster->conditions.at[i];
        uint64_t bits = expr == NULL ? 0 : members_of(cluster, expr);
        if ((bits & a->bits) == 0 || (bits & b->bits) == 0) continue;
        if ((bits & ~(a->bits | b->bits)) != 0) continue;
        if (!is_equality(expr)) {
            rows *= 0.4;
            continue;
        }
        /* Further equalities mostly belong to the same key. */
        rows /= *out_connects ? 2 : keys_of(cluster, bits);
        *out_connects = true;
    }
    return MR_MAX(rows, 1.0);
}

struct pair {
    uint32_t a, b;
    double rows;
    bool connects;
};

static struct pair choose_pair(const struct cluster *cluster)
{
    struct pair best = {UINT32_MAX, UINT32_MAX, 0, false};
    for (uint32_t a = 0; a < cluster->count; a++) {
        for (uint32_t b = a + 1; b < cluster->count; b++) {
            struct pair pair = {a, b, 0, false};
            if (cluster->parts[a].plan == NULL || cluster->parts[b].plan == NULL) continue;
            pair.rows = rows_of_pair(cluster, &cluster->parts[a], &cluster->parts[b],
                                     &pair.connects);
            bool is_better = best.a == UINT32_MAX || (pair.connects && !best.connects) ||
                             (pair.connects == best.connects && pair.rows < best.rows);
            if (is_better) best = pair;
        }
    }
    return best;
}

/* ---- putting together ---- */

struct renumber {
    const struct cluster *cluster;
    struct mr_expr_builder *builder;
};

static mr_status renumber_column(void *ctx, const struct mr_expr *expr,
                                 const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct renumber *renumber = ctx;
    if (expr->kind != MR_EXPR_COLUMN) return MR_OK;
    const struct cluster *cluster = renumber->cluster;
    uint32_t i = 0;
    while (expr->index - cluster->members[i].first >= cluster->members[i].width) i++;
    const struct member *member = &cluster->members[i];
    return mr_expr_slot(renumber->builder, member->place + (expr->index - member->first),
                        expr->name, expr->type, expr->is_nullable, out_expr, err);
}

/* The conditions that can be judged now, in terms of the new order. */
static mr_status take_conditions(struct planner *p, struct cluster *cluster, uint64_t joined,
                                 struct mr_plan *plan, struct mr_err *err)
{
    struct renumber renumber = {cluster, p->builder};
    struct exprs list = {0};
    for (uint32_t i = 0; i < cluster->conditions.count; i++) {
        const struct mr_expr *expr = cluster->conditions.at[i];
        if (expr == NULL || (members_of(cluster, expr) & ~joined) != 0) continue;
        cluster->conditions.at[i] = NULL;
        MR_TRY(mr_expr_map(p->builder, expr, renumber_column, &renumber, &expr, err));
        if (!mr_exprs_add(p->arena, &list, expr)) return mr_plan_nomem(err);
    }
    plan->exprs = list.at;
    plan->expr_count = list.count;
    return MR_OK;
}

static mr_status join_pair(struct planner *p, struct cluster *cluster, const struct pair *pair,
                           struct mr_err *err)
{
    bool is_swapped = cluster->parts[pair->b].rows > cluster->parts[pair->a].rows;
    struct part *left = &cluster->parts[is_swapped ? pair->b : pair->a];
    struct part *right = &cluster->parts[is_swapped ? pair->a : pair->b];
    const struct mr_type *l = left->plan->schema, *r = right->plan->schema;
    struct mr_plan *join = mr_plan_new(p->arena, MR_PLAN_JOIN, left->plan, right->plan);
    struct mr_field *fields =
        MR_ARENA_ARRAY(p->arena, struct mr_field, (size_t)l->field_count + r->field_count + 1);
    if (join == NULL || fields == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < l->field_count; i++) fields[i] = l->fields[i];
    for (uint32_t i = 0; i < r->field_count; i++) fields[l->field_count + i] = r->fields[i];
    for (uint32_t i = 0; i < cluster->count; i++) {
        if (right->bits >> i & 1) cluster->members[i].place += l->field_count;
    }
    join->join = MR_JOIN_INNER;
    join->rows_expected = pair->rows;
    join->schema = mr_type_struct(p->arena, fields, l->field_count + r->field_count);
    if (join->schema == NULL) return mr_plan_nomem(err);
    *left = (struct part){join, left->bits | right->bits, pair->rows};
    *right = (struct part){0};
    return take_conditions(p, cluster, left->bits, join, err);
}

/* The columns in the order in which they were. */
static mr_status restore_order(struct planner *p, const struct cluster *cluster,
                               const struct mr_type *schema, struct mr_plan **plan,
                               struct mr_err *err)
{
    struct select_item *items =
        MR_ARENA_ARRAY(p->arena, struct select_item, (size_t)cluster->width + 1);
    bool is_same = true;
    if (items == NULL) return mr_plan_nomem(err);
    for (uint32_t m = 0; m < cluster->count; m++) {
        const struct member *member = &cluster->members[m];
        is_same = is_same && member->place == member->first;
        for (uint32_t i = 0; i < member->width; i++) {
            struct select_item *item = &items[member->first + i];
            item->name = schema->fields[member->first + i].name;
            item->metadata = schema->fields[member->first + i].metadata;
            MR_TRY(mr_expr_column(p->builder, (*plan)->schema, member->place + i, &item->expr,
                                  err));
        }
    }
    double rows = (*plan)->rows_expected;
    if (!is_same) MR_TRY(mr_plan_project(p, *plan, items, cluster->width, plan, err));
    (*plan)->rows_expected = rows;
    return MR_OK;
}

static mr_status order_cluster(struct planner *p, struct mr_plan *plan, struct mr_plan **out_plan,
                               struct mr_err *err)
{
    struct cluster *cluster = MR_ARENA_NEW(p->arena, struct cluster);
    const struct mr_type *schema = plan->schema;
    if (cluster == NULL) return mr_plan_nomem(err);
    MR_TRY(take_apart(p, plan, cluster, err));
    for (uint32_t i = 0; i < cluster->count; i++) {
        const struct member *member = &cluster->members[i];
        cluster->parts[i] = (struct part){member->plan, UINT64_C(1) << i, member->rows};
    }
    struct mr_plan *made = NULL;
    for (uint32_t n = 1; n < cluster->count; n++) {
        struct pair pair = choose_pair(cluster);
        MR_TRY(join_pair(p, cluster, &pair, err));
    }
    for (uint32_t i = 0; i < cluster->count; i++) {
        if (cluster->parts[i].plan != NULL) made = cluster->parts[i].plan;
    }
    MR_ASSERT(made != NULL);
    MR_TRY(restore_order(p, cluster, schema, &made, err));
    *out_plan = made;
    return MR_OK;
}

mr_status mr_optimize_joins(struct planner *p, struct mr_plan *plan, struct mr_plan **out_plan,
                            struct mr_err *err)
{
    if (is_inner(plan) && count_members(plan) <= RELATIONS_MAX) {
        return order_cluster(p, plan, out_plan, err);
    }
    for (uint32_t i = 0; i < plan->input_count; i++) {
        MR_TRY(mr_optimize_joins(p, plan->inputs[i], &plan->inputs[i], err));
    }
    *out_plan = plan;
    return MR_OK;
}
