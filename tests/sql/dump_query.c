#include "tests/sql/dump_ast.h"

static void dump_list(const char *word, const struct mr_sql_exprs *list, struct mr_text *out)
{
    if (list->first == NULL) return;
    mr_text_addf(out, " (%s", word);
    for (const struct mr_sql_expr *e = list->first; e != NULL; e = e->next) {
        mr_text_addc(out, ' ');
        dump_expr(e, out);
    }
    mr_text_addc(out, ')');
}

static void dump_one(const char *word, const struct mr_sql_expr *expr, struct mr_text *out)
{
    if (expr == NULL) return;
    mr_text_addf(out, " (%s ", word);
    dump_expr(expr, out);
    mr_text_addc(out, ')');
}

static void dump_items(const struct mr_sql_items *items, struct mr_text *out)
{
    for (const struct mr_sql_item *i = items->first; i != NULL; i = i->next) {
        mr_text_addc(out, ' ');
        if (i->alias.count > 0) mr_text_adds(out, "(as ");
        dump_expr(i->expr, out);
        if (i->alias.count == 0) continue;
        mr_text_addc(out, ' ');
        dump_names(&i->alias, " ", out);
        mr_text_addc(out, ')');
    }
}

static void dump_select(const struct mr_sql_query *q, struct mr_text *out)
{
    static const char *const groups[] = {
        [MR_SQL_GROUP_BY] = "group",
        [MR_SQL_GROUP_ROLLUP] = "rollup",
        [MR_SQL_GROUP_CUBE] = "cube",
    };
    mr_text_adds(out, q->is_distinct ? "(select-distinct" : "(select");
    dump_items(&q->items, out);
    if (q->from != NULL) {
        mr_text_adds(out, " (from ");
        dump_relation(q->from, out);
        mr_text_addc(out, ')');
    }
    dump_one("where", q->where, out);
    if (q->grouping == MR_SQL_GROUP_ALL)
        mr_text_adds(out, " (group-all)");
    else if (q->grouping != MR_SQL_GROUP_NONE)
        dump_list(groups[q->grouping], &q->group_by, out);
    dump_one("having", q->having, out);
    dump_one("qualify", q->qualify, out);
}

static void dump_set(const struct mr_sql_query *q, struct mr_text *out)
{
    static const char *const words[] = {
        [MR_SQL_QUERY_UNION] = "union",
        [MR_SQL_QUERY_EXCEPT] = "except",
        [MR_SQL_QUERY_INTERSECT] = "intersect",
        [MR_SQL_QUERY_NESTED] = "nested",
    };
    mr_text_addf(out, "(%s%s ", words[q->kind], q->is_all ? "-all" : "");
    dump_query(q->left, out);
    if (q->right == NULL) return;
    mr_text_addc(out, ' ');
    dump_query(q->right, out);
}

static void dump_order(const struct mr_sql_orders *orders, struct mr_text *out)
{
    if (orders->first == NULL) return;
    mr_text_adds(out, " (order");
    for (const struct mr_sql_order *o = orders->first; o != NULL; o = o->next) {
        mr_text_adds(out, o->is_descending ? " (desc " : " (asc ");
        dump_expr(o->expr, out);
        mr_text_adds(out, o->is_nulls_first ? " nulls-first)" : " nulls-last)");
    }
    mr_text_addc(out, ')');
}

void dump_query(const struct mr_sql_query *q, struct mr_text *out)
{
    if (q->ctes.first != NULL) mr_text_adds(out, "(with");
    for (const struct mr_sql_cte *c = q->ctes.first; c != NULL; c = c->next) {
        mr_text_adds(out, " (");
        dump_name(c->name->text, out);
        if (c->columns.count > 0) {
            mr_text_adds(out, " <");
            dump_names(&c->columns, " ", out);
            mr_text_addc(out, '>');
        }
        mr_text_addc(out, ' ');
        dump_query(c->query, out);
        mr_text_addc(out, ')');
    }
    if (q->ctes.first != NULL) mr_text_addc(out, ' ');
    if (q->kind == MR_SQL_QUERY_SELECT) {
        dump_select(q, out);
    } else if (q->kind == MR_SQL_QUERY_VALUES) {
        mr_text_adds(out, "(values");
        for (const struct mr_sql_expr *e = q->rows.first; e != NULL; e = e->next) {
            mr_text_addc(out, ' ');
            dump_expr(e, out);
        }
    } else {
        dump_set(q, out);
    }
    dump_order(&q->order_by, out);
    dump_one("limit", q->limit, out);
    dump_one("offset", q->offset, out);
    mr_text_addc(out, ')');
    if (q->ctes.first != NULL) mr_text_addc(out, ')');
}

/* ---- relations ---- */

static void dump_properties(const struct mr_sql_properties *list, struct mr_text *out)
{
    if (list->first == NULL) return;
    mr_text_adds(out, " (with");
    for (const struct mr_sql_property *p = list->first; p != NULL; p = p->next) {
        mr_text_addc(out, ' ');
        dump_string(p->key, out);
        mr_text_addc(out, '=');
        dump_string(p->value, out);
    }
    mr_text_addc(out, ')');
}

static void dump_join(const struct mr_sql_relation *r, struct mr_text *out)
{
    static const char *const words[] = {"inner", "cross", "left", "right", "full", "semi", "anti"};
    mr_text_addf(out, "(%s%s-join ", r->is_natural ? "natural-" : "", words[r->join]);
    dump_relation(r->left, out);
    mr_text_addc(out, ' ');
    dump_relation(r->right, out);
    dump_one("on", r->on, out);
    if (r->using_names.count > 0) {
        mr_text_adds(out, " (using ");
        dump_names(&r->using_names, " ", out);
        mr_text_addc(out, ')');
    }
}

static void dump_kind(const struct mr_sql_relation *r, struct mr_text *out)
{
    switch (r->kind) {
    case MR_SQL_RELATION_TABLE:
        mr_text_adds(out, "(table ");
        dump_names(&r->name, ".", out);
        break;
    case MR_SQL_RELATION_FUNCTION:
        mr_text_adds(out, "(call ");
        dump_names(&r->name, ".", out);
        for (const struct mr_sql_expr *e = r->args.first; e != NULL; e = e->next) {
            mr_text_addc(out, ' ');
            dump_expr(e, out);
        }
        break;
    case MR_SQL_RELATION_SUBQUERY:
        mr_text_addc(out, '(');
        dump_query(r->query, out);
        break;
    case MR_SQL_RELATION_NESTED:
        mr_text_adds(out, "(nested ");
        dump_relation(r->left, out);
        break;
    case MR_SQL_RELATION_JOIN: dump_join(r, out); break;
    case MR_SQL_RELATION_LATERAL_VIEW:
        mr_text_adds(out, r->is_outer ? "(lateral-view-outer " : "(lateral-view ");
        dump_relation(r->left, out);
        mr_text_addc(out, ' ');
        dump_names(&r->name, ".", out);
        for (const struct mr_sql_expr *e = r->args.first; e != NULL; e = e->next) {
            mr_text_addc(out, ' ');
            dump_expr(e, out);
        }
        break;
    }
}

void dump_relation(const struct mr_sql_relation *r, struct mr_text *out)
{
    if (r->is_lateral) mr_text_adds(out, "(lateral ");
    if (r->is_stream) mr_text_adds(out, "(stream ");
    dump_kind(r, out);
    dump_properties(&r->options, out);
    dump_one("version", r->version_as_of, out);
    dump_one("timestamp", r->timestamp_as_of, out);
    if (r->watermark != NULL) {
        dump_one("watermark", r->watermark->expr, out);
        if (r->watermark->alias != NULL) {
            mr_text_adds(out, " as ");
            dump_name(r->watermark->alias->text, out);
        }
        dump_one("delay", r->watermark->delay, out);
        dump_one("idle", r->watermark->idle, out);
    }
    if (r->dedup != NULL) {
        dump_list(r->dedup->is_within_watermark ? "dedup-within" : "dedup", &r->dedup->keys, out);
    }
    if (r->alias != NULL) {
        mr_text_adds(out, " as ");
        dump_name(r->alias->text, out);
    }
    if (r->columns.count > 0) {
        mr_text_adds(out, " <");
        dump_names(&r->columns, " ", out);
        mr_text_addc(out, '>');
    }
    mr_text_addc(out, ')');
    if (r->is_stream) mr_text_addc(out, ')');
    if (r->is_lateral) mr_text_addc(out, ')');
}
