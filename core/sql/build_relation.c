#include "core/base/checked.h"
#include "core/sql/build_query_impl.h"

struct mr_sql_asof mr_sql_asof_none(void)
{
    return (struct mr_sql_asof){0};
}

struct mr_sql_asof mr_sql_asof_new(struct mr_sql_expr *version, struct mr_sql_expr *timestamp)
{
    return (struct mr_sql_asof){.version = version, .timestamp = timestamp};
}

struct mr_sql_alias mr_sql_alias_none(void)
{
    return (struct mr_sql_alias){0};
}

struct mr_sql_alias mr_sql_alias_new(struct mr_sql_name *name, struct mr_sql_names columns)
{
    return (struct mr_sql_alias){.name = name, .columns = columns};
}

struct mr_sql_join mr_sql_join_new(mr_sql_join_kind kind, bool is_natural)
{
    return (struct mr_sql_join){.kind = kind, .is_natural = is_natural};
}

struct mr_sql_join_on mr_sql_join_on_none(void)
{
    return (struct mr_sql_join_on){0};
}

struct mr_sql_join_on mr_sql_join_on_new(struct mr_sql_expr *on, struct mr_sql_names using_names)
{
    return (struct mr_sql_join_on){.on = on, .using_names = using_names};
}

static struct mr_sql_relation *relation_new(struct mr_sql_parser *p, mr_sql_relation_kind kind,
                                            struct mr_sql_pos pos)
{
    struct mr_sql_relation *relation = MR_SQL_NEW(p, struct mr_sql_relation);
    if (relation == NULL) return NULL;
    relation->kind = kind;
    relation->pos = pos;
    relation->depth = 1;
    return relation;
}

static unsigned list_depth(struct mr_sql_exprs list)
{
    unsigned depth = 0;
    for (const struct mr_sql_expr *e = list.first; e != NULL; e = e->next) {
        depth = MR_MAX(depth, e->depth);
    }
    return depth;
}

static struct mr_sql_relation *relation_settle(struct mr_sql_parser *p, struct mr_sql_relation *r)
{
    if (r == NULL || p->status != MR_OK) return NULL;
    unsigned depth = list_depth(r->args);
    const struct mr_sql_expr *single[] = {r->version_as_of, r->timestamp_as_of, r->on};
    for (size_t i = 0; i < MR_COUNT_OF(single); i++) {
        if (single[i] != NULL) depth = MR_MAX(depth, single[i]->depth);
    }
    if (r->query != NULL) depth = MR_MAX(depth, r->query->depth);
    if (r->left != NULL) depth = MR_MAX(depth, r->left->depth);
    if (r->right != NULL) depth = MR_MAX(depth, r->right->depth);
    if (r->watermark != NULL) depth = MR_MAX(depth, r->watermark->expr->depth);
    unsigned keys = r->dedup == NULL ? 0 : list_depth(r->dedup->keys);
    depth = MR_MAX(depth, keys);
    if (depth >= MR_SQL_DEPTH_MAX) {
        mr_sql_fail(p, r->pos, MR_E_SYNTAX, 1003, "FROM is nested deeper than %d",
                    MR_SQL_DEPTH_MAX);
        return NULL;
    }
    r->depth = (uint16_t)(depth + 1);
    return r;
}

struct mr_sql_relation *mr_sql_relation_table(struct mr_sql_parser *p, struct mr_sql_names name,
                                              struct mr_sql_properties options,
                                              struct mr_sql_asof asof)
{
    struct mr_sql_relation *r = relation_new(p, MR_SQL_RELATION_TABLE, name.pos);
    if (r == NULL) return NULL;
    r->name = name;
    r->options = options;
    r->version_as_of = asof.version;
    r->timestamp_as_of = asof.timestamp;
    return relation_settle(p, r);
}

struct mr_sql_relation *mr_sql_relation_call(struct mr_sql_parser *p, struct mr_sql_names name,
                                             struct mr_sql_exprs args,
                                             const struct mr_sql_token *end)
{
    struct mr_sql_relation *r =
        relation_new(p, MR_SQL_RELATION_FUNCTION, mr_sql_pos_join(name.pos, end->pos));
    if (r == NULL) return NULL;
    r->name = name;
    r->args = args;
    return relation_settle(p, r);
}

struct mr_sql_relation *mr_sql_relation_stream(struct mr_sql_relation *relation,
                                               const struct mr_sql_token *word,
                                               const struct mr_sql_token *end)
{
    if (relation == NULL) return NULL;
    relation->is_stream = true;
    relation->pos = mr_sql_pos_join(word->pos, end == NULL ? relation->pos : end->pos);
    return relation;
}

struct mr_sql_relation *mr_sql_relation_options(struct mr_sql_relation *relation,
                                                struct mr_sql_properties options)
{
    if (relation != NULL && options.first != NULL) relation->options = options;
    return relation;
}

struct mr_sql_relation *mr_sql_relation_query(struct mr_sql_parser *p, struct mr_sql_query *query)
{
    if (query == NULL) return NULL;
    struct mr_sql_relation *r = relation_new(p, MR_SQL_RELATION_SUBQUERY, query->pos);
    if (r != NULL) r->query = query;
    return relation_settle(p, r);
}

struct mr_sql_relation *mr_sql_relation_nested(struct mr_sql_parser *p,
                                               const struct mr_sql_token *begin,
                                               struct mr_sql_relation *relation,
                                               const struct mr_sql_token *end)
{
    if (relation == NULL) return NULL;
    struct mr_sql_relation *r =
        relation_new(p, MR_SQL_RELATION_NESTED, mr_sql_pos_join(begin->pos, end->pos));
    if (r != NULL) r->left = relation;
    return relation_settle(p, r);
}

struct mr_sql_relation *mr_sql_relation_lateral(struct mr_sql_relation *relation)
{
    if (relation != NULL) relation->is_lateral = true;
    return relation;
}

struct mr_sql_relation *mr_sql_relation_join(struct mr_sql_parser *p, struct mr_sql_relation *left,
                                             struct mr_sql_join join, struct mr_sql_relation *right,
                                             struct mr_sql_join_on on)
{
    if (left == NULL || right == NULL) return NULL;
    struct mr_sql_relation *r =
        relation_new(p, MR_SQL_RELATION_JOIN, mr_sql_pos_join(left->pos, right->pos));
    if (r == NULL) return NULL;
    r->left = left;
    r->right = right;
    r->join = join.kind;
    r->is_natural = join.is_natural;
    r->on = on.on;
    r->using_names = on.using_names;
    return relation_settle(p, r);
}

struct mr_sql_relation *mr_sql_relation_view(struct mr_sql_parser *p, struct mr_sql_relation *left,
                                             bool is_outer, struct mr_sql_names name,
                                             struct mr_sql_exprs args,
                                             const struct mr_sql_token *end,
                                             struct mr_sql_name *alias, struct mr_sql_names columns)
{
    if (left == NULL) return NULL;
    struct mr_sql_relation *r =
        relation_new(p, MR_SQL_RELATION_LATERAL_VIEW, mr_sql_pos_join(name.pos, end->pos));
    if (r == NULL) return NULL;
    r->left = left;
    r->is_outer = is_outer;
    r->name = name;
    r->args = args;
    r->alias = alias;
    r->columns = columns;
    return relation_settle(p, r);
}

struct mr_sql_relation *mr_sql_relation_finish(struct mr_sql_parser *p,
                                               struct mr_sql_relation *relation,
                                               struct mr_sql_watermark *watermark,
                                               struct mr_sql_dedup *dedup,
                                               struct mr_sql_alias alias)
{
    if (relation == NULL) return NULL;
    relation->watermark = watermark;
    relation->dedup = dedup;
    relation->alias = alias.name;
    relation->columns = alias.columns;
    return relation_settle(p, relation);
}

struct mr_sql_watermark *mr_sql_watermark_new(struct mr_sql_parser *p, struct mr_sql_expr *expr,
                                              struct mr_sql_name *alias, struct mr_sql_expr *delay,
                                              struct mr_sql_expr *idle)
{
    if (expr == NULL || delay == NULL) return NULL;
    struct mr_sql_watermark *watermark = MR_SQL_NEW(p, struct mr_sql_watermark);
    if (watermark == NULL) return NULL;
    watermark->expr = expr;
    watermark->alias = alias;
    watermark->delay = delay;
    watermark->idle = idle;
    return watermark;
}

struct mr_sql_dedup *mr_sql_dedup_new(struct mr_sql_parser *p, struct mr_sql_exprs keys,
                                      bool is_within_watermark)
{
    struct mr_sql_dedup *dedup = MR_SQL_NEW(p, struct mr_sql_dedup);
    if (dedup == NULL) return NULL;
    dedup->keys = keys;
    dedup->is_within_watermark = is_within_watermark;
    return dedup;
}
