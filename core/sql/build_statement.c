#include "core/sql/build_statement_impl.h"

#include "core/base/checked.h"
#include "core/sql/name_set_impl.h"

static void fail_twice(struct mr_sql_parser *p, struct mr_sql_pos pos, const char *clause)
{
    mr_sql_fail(p, pos, MR_E_SYNTAX, 1008, "%s is given twice", clause);
}

/* ---- the parts of a column list ---- */

struct mr_sql_elements mr_sql_elements_column(struct mr_sql_column *column)
{
    return (struct mr_sql_elements){.columns = mr_sql_columns_add(mr_sql_columns_none(), column)};
}

struct mr_sql_elements mr_sql_elements_constraint(struct mr_sql_constraint *constraint)
{
    struct mr_sql_elements elements = {0};
    if (constraint == NULL) return elements;
    elements.constraints =
        (struct mr_sql_constraints){.first = constraint, .last = constraint, .count = 1};
    return elements;
}

struct mr_sql_elements mr_sql_elements_join(struct mr_sql_elements a,
                                            const struct mr_sql_elements *b)
{
    a.columns = mr_sql_columns_add(a.columns, b->columns.first);
    struct mr_sql_constraint *more = b->constraints.first;
    if (more == NULL) return a;
    if (a.constraints.first == NULL)
        a.constraints.first = more;
    else
        a.constraints.last->next = more;
    a.constraints.last = more;
    a.constraints.count++;
    return a;
}

struct mr_sql_violated mr_sql_violation_none(void)
{
    return (struct mr_sql_violated){.violation = MR_SQL_VIOLATION_KEEP};
}

struct mr_sql_violated mr_sql_violation_new(mr_sql_violation violation)
{
    return (struct mr_sql_violated){.violation = violation};
}

struct mr_sql_violated mr_sql_violation_into(struct mr_sql_names table)
{
    return (struct mr_sql_violated){.violation = MR_SQL_VIOLATION_QUARANTINE, .into = table};
}

struct mr_sql_constraint *
mr_sql_constraint_rule(struct mr_sql_parser *p, const struct mr_sql_token *word,
                       mr_sql_constraint_kind kind, struct mr_sql_name *name,
                       const struct mr_sql_token *begin, struct mr_sql_expr *expr,
                       const struct mr_sql_token *end, struct mr_sql_violated violated)
{
    struct mr_sql_constraint *constraint = MR_SQL_NEW(p, struct mr_sql_constraint);
    if (constraint == NULL || name == NULL || expr == NULL) return NULL;
    const char *from = begin->text.text + begin->text.bytes;
    constraint->kind = kind;
    constraint->name = name;
    constraint->expr = expr;
    constraint->text = mr_span_trim((struct mr_span){from, (size_t)(end->text.text - from)});
    constraint->violation = violated.violation;
    constraint->quarantine = violated.into;
    constraint->pos = mr_sql_pos_join(word->pos, end->pos);
    return constraint;
}

struct mr_sql_constraint *mr_sql_constraint_key(struct mr_sql_parser *p,
                                                const struct mr_sql_token *word,
                                                struct mr_sql_name *name,
                                                struct mr_sql_names columns,
                                                const struct mr_sql_token *end)
{
    struct mr_sql_constraint *constraint = MR_SQL_NEW(p, struct mr_sql_constraint);
    if (constraint == NULL) return NULL;
    constraint->kind = MR_SQL_CONSTRAINT_PRIMARY_KEY;
    constraint->name = name;
    constraint->columns = columns;
    constraint->pos = mr_sql_pos_join(word->pos, end->pos);
    return constraint;
}

/* ---- datasets ---- */

struct mr_sql_kind mr_sql_kind_new(mr_sql_dataset_kind kind, bool is_live)
{
    return (struct mr_sql_kind){.kind = kind, .is_live = is_live};
}

struct mr_sql_dataset *mr_sql_dataset_new(struct mr_sql_parser *p, int replace, int scope,
                                          struct mr_sql_kind kind, bool is_if_not_exists,
                                          struct mr_sql_names name)
{
    struct mr_sql_dataset *d = MR_SQL_NEW(p, struct mr_sql_dataset);
    if (d == NULL) return NULL;
    d->kind = kind.kind;
    d->is_live = kind.is_live;
    d->is_or_refresh = replace == MR_SQL_REPLACE_REFRESH;
    d->is_or_replace = replace == MR_SQL_REPLACE_REPLACE;
    d->is_private = scope == MR_SQL_SCOPE_PRIVATE;
    d->is_temporary = scope == MR_SQL_SCOPE_TEMPORARY;
    d->is_if_not_exists = is_if_not_exists;
    d->name = name;
    if (replace != MR_SQL_REPLACE_NONE && is_if_not_exists) {
        mr_sql_fail(p, name.pos, MR_E_SYNTAX, 1008, "OR %s and IF NOT EXISTS exclude each other",
                    d->is_or_refresh ? "REFRESH" : "REPLACE");
    }
    return d;
}

static void check_constraints(struct mr_sql_parser *p, const struct mr_sql_constraints *list)
{
    struct mr_name_set names;
    mr_name_set_init(&names, p->arena->heap, false);
    for (const struct mr_sql_constraint *c = list->first; c != NULL && p->status == MR_OK;
         c = c->next) {
        if (c->name == NULL) continue;
        mr_name_added added = mr_name_set_add(&names, c->name->text);
        if (added == MR_NAME_NO_MEMORY) mr_sql_fail_memory(p);
        if (added != MR_NAME_REPEATED) continue;
        mr_sql_fail(p, c->name->pos, MR_E_SYNTAX, 1007, "constraint \"%.*s\" appears twice",
                    (int)MR_MIN(c->name->text.bytes, (size_t)128), c->name->text.text);
    }
    mr_name_set_fini(&names);
}

struct mr_sql_dataset *mr_sql_dataset_elements(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                               const struct mr_sql_elements *elements,
                                               const struct mr_sql_token *end)
{
    if (d == NULL || p->status != MR_OK) return NULL;
    if (d->has_columns) fail_twice(p, end->pos, "the column list");
    d->has_columns = true;
    d->columns = elements->columns;
    d->constraints = elements->constraints;
    mr_sql_check_columns(p, &d->columns);
    check_constraints(p, &d->constraints);
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_using(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                            const struct mr_sql_name *format)
{
    if (d == NULL || format == NULL) return NULL;
    if (d->using_pos.line != 0) fail_twice(p, format->pos, "USING");
    d->using_format = format->text;
    d->using_pos = format->pos;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_partition(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                                struct mr_sql_exprs exprs)
{
    if (d == NULL || exprs.first == NULL) return NULL;
    if (d->partitioned_by.first != NULL) fail_twice(p, exprs.first->pos, "PARTITIONED BY");
    d->partitioned_by = exprs;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_cluster(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                              const struct mr_sql_token *word,
                                              struct mr_sql_names names)
{
    if (d == NULL) return NULL;
    bool is_taken = d->cluster_by.first != NULL || d->is_cluster_by_auto;
    if (is_taken) fail_twice(p, word->pos, "CLUSTER BY");
    d->cluster_by = names;
    d->is_cluster_by_auto = names.first == NULL;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_comment(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                              struct mr_sql_string comment)
{
    if (d == NULL) return NULL;
    if (d->comment_pos.line != 0) fail_twice(p, comment.pos, "COMMENT");
    d->comment = comment.text;
    d->comment_pos = comment.pos;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_location(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                               struct mr_sql_string path)
{
    if (d == NULL) return NULL;
    if (d->location_pos.line != 0) fail_twice(p, path.pos, "LOCATION");
    d->location = path.text;
    d->location_pos = path.pos;
    return d;
}

static void check_properties(struct mr_sql_parser *p, struct mr_sql_properties list)
{
    struct mr_name_set keys;
    mr_name_set_init(&keys, p->arena->heap, true);
    for (const struct mr_sql_property *a = list.first; a != NULL && p->status == MR_OK;
         a = a->next) {
        mr_name_added added = mr_name_set_add(&keys, a->key);
        if (added == MR_NAME_NO_MEMORY) mr_sql_fail_memory(p);
        if (added != MR_NAME_REPEATED) continue;
        mr_sql_fail(p, a->key_pos, MR_E_SYNTAX, 1008, "property \"%.*s\" is given twice",
                    (int)MR_MIN(a->key.bytes, (size_t)128), a->key.text);
    }
    mr_name_set_fini(&keys);
}

struct mr_sql_dataset *mr_sql_dataset_properties(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                                 struct mr_sql_properties properties)
{
    if (d == NULL || properties.first == NULL) return NULL;
    if (d->properties.first != NULL) fail_twice(p, properties.first->key_pos, "TBLPROPERTIES");
    check_properties(p, properties);
    d->properties = properties;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_options(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                              struct mr_sql_properties options)
{
    if (d == NULL || options.first == NULL) return NULL;
    if (d->options.first != NULL) fail_twice(p, options.first->key_pos, "OPTIONS");
    check_properties(p, options);
    d->options = options;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_schedule(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                               const struct mr_sql_token *text)
{
    if (d == NULL) return NULL;
    if (d->schedule.bytes != 0) fail_twice(p, text->pos, "SCHEDULE");
    d->schedule = text->text;
    d->schedule_pos = text->pos;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_refresh(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                              const struct mr_sql_token *word,
                                              const struct mr_sql_name *first,
                                              const struct mr_sql_name *second)
{
    static const char *const policies[] = {"AUTO", "INCREMENTAL", "FULL"};
    if (d == NULL || first == NULL) return NULL;
    if (d->refresh_policy.bytes != 0) fail_twice(p, word->pos, "REFRESH POLICY");
    bool is_known = false;
    for (size_t i = 0; i < MR_COUNT_OF(policies); i++) {
        is_known |= mr_span_ieq(first->text, mr_span_of(policies[i]));
    }
    bool is_strict = second != NULL && mr_span_ieq(second->text, MR_SPAN("STRICT")) &&
                     mr_span_ieq(first->text, MR_SPAN("INCREMENTAL"));
    if (!is_known || (second != NULL && !is_strict)) {
        mr_sql_fail(p, is_known ? second->pos : first->pos, MR_E_SYNTAX, 1002,
                    "expected AUTO, INCREMENTAL, INCREMENTAL STRICT or FULL");
    }
    d->refresh_pos = mr_sql_pos_join(first->pos, second == NULL ? first->pos : second->pos);
    d->refresh_policy = (struct mr_span){p->source.text + d->refresh_pos.off, d->refresh_pos.bytes};
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_row_filter(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                                 struct mr_sql_names function)
{
    if (d == NULL) return NULL;
    if (d->row_filter.first != NULL) fail_twice(p, function.pos, "ROW FILTER");
    d->row_filter = function;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_query(struct mr_sql_dataset *d, struct mr_sql_query *query)
{
    if (d != NULL) d->query = query;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_flow(struct mr_sql_dataset *d, struct mr_sql_query *query,
                                           bool is_once)
{
    if (d == NULL) return NULL;
    d->query = query;
    d->is_once = is_once;
    return d;
}

struct mr_sql_dataset *mr_sql_dataset_cdc(struct mr_sql_dataset *d, struct mr_sql_cdc *cdc,
                                          struct mr_sql_relation *source, bool is_once)
{
    if (d == NULL || cdc == NULL) return NULL;
    cdc->source = source;
    cdc->is_once = is_once;
    d->cdc = cdc;
    return d;
}

/* ---- flows ---- */

struct mr_sql_flow *mr_sql_flow_insert(struct mr_sql_parser *p, struct mr_sql_names target,
                                       bool is_once, bool is_by_name,
                                       struct mr_sql_expr *replace_where,
                                       struct mr_sql_query *query)
{
    struct mr_sql_flow *flow = MR_SQL_NEW(p, struct mr_sql_flow);
    if (flow == NULL) return NULL;
    flow->target = target;
    flow->is_once = is_once;
    flow->is_by_name = is_by_name;
    flow->replace_where = replace_where;
    flow->query = query;
    return flow;
}

struct mr_sql_flow *mr_sql_flow_cdc(struct mr_sql_parser *p, struct mr_sql_names target,
                                    struct mr_sql_cdc *cdc, struct mr_sql_relation *source,
                                    bool is_once)
{
    struct mr_sql_flow *flow = MR_SQL_NEW(p, struct mr_sql_flow);
    if (flow == NULL || cdc == NULL) return NULL;
    cdc->source = source;
    cdc->is_once = is_once;
    flow->target = target;
    flow->is_once = is_once;
    flow->cdc = cdc;
    return flow;
}

struct mr_sql_cdc *mr_sql_cdc_new(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                  struct mr_sql_names keys)
{
    struct mr_sql_cdc *cdc = MR_SQL_NEW(p, struct mr_sql_cdc);
    if (cdc == NULL) return NULL;
    cdc->keys = keys;
    cdc->pos = mr_sql_pos_join(word->pos, keys.pos);
    return cdc;
}

struct mr_sql_cdc *mr_sql_cdc_delete(struct mr_sql_cdc *cdc, struct mr_sql_expr *when)
{
    if (cdc != NULL) cdc->delete_when = when;
    return cdc;
}

struct mr_sql_cdc *mr_sql_cdc_truncate(struct mr_sql_cdc *cdc, struct mr_sql_expr *when)
{
    if (cdc != NULL) cdc->truncate_when = when;
    return cdc;
}

struct mr_sql_cdc *mr_sql_cdc_sequence(struct mr_sql_cdc *cdc, struct mr_sql_expr *by)
{
    if (cdc != NULL) cdc->sequence_by = by;
    return cdc;
}

struct mr_sql_cdc *mr_sql_cdc_columns(struct mr_sql_cdc *cdc, bool is_except,
                                      struct mr_sql_names names)
{
    if (cdc == NULL) return NULL;
    cdc->has_columns = true;
    cdc->is_columns_except = is_except;
    cdc->columns = names;
    return cdc;
}

struct mr_sql_cdc *mr_sql_cdc_history(struct mr_sql_cdc *cdc, bool is_except,
                                      struct mr_sql_names names)
{
    if (cdc == NULL) return NULL;
    cdc->has_history = true;
    cdc->is_history_except = is_except;
    cdc->history = names;
    return cdc;
}

struct mr_sql_cdc *mr_sql_cdc_scd(struct mr_sql_parser *p, struct mr_sql_cdc *cdc,
                                  const struct mr_sql_token *type)
{
    if (cdc == NULL) return NULL;
    if (mr_span_is(type->text, "1"))
        cdc->scd_type = 1;
    else if (mr_span_is(type->text, "2"))
        cdc->scd_type = 2;
    else
        mr_sql_fail(p, type->pos, MR_E_SYNTAX, 1002, "expected SCD TYPE 1 or SCD TYPE 2");
    return cdc;
}

struct mr_sql_cdc *mr_sql_cdc_ignore(struct mr_sql_cdc *cdc, struct mr_sql_names names)
{
    if (cdc == NULL) return NULL;
    cdc->is_ignoring_nulls = true;
    cdc->ignore_nulls = names;
    return cdc;
}

/* ---- statements ---- */

struct mr_sql_statement *mr_sql_statement_new(struct mr_sql_parser *p, mr_sql_statement_kind kind)
{
    struct mr_sql_statement *statement = MR_SQL_NEW(p, struct mr_sql_statement);
    if (statement != NULL) statement->kind = kind;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_query(struct mr_sql_parser *p, struct mr_sql_query *query)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_QUERY);
    if (statement != NULL) statement->query = query;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_dataset(struct mr_sql_parser *p,
                                                  struct mr_sql_dataset *dataset)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_DATASET);
    if (statement != NULL) statement->dataset = dataset;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_flow(struct mr_sql_parser *p, struct mr_sql_names name,
                                               struct mr_sql_string comment,
                                               struct mr_sql_flow *flow)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_FLOW);
    if (statement == NULL || flow == NULL) return NULL;
    flow->name = name;
    flow->comment = comment.text;
    statement->flow = flow;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_sink(struct mr_sql_parser *p, bool is_if_not_exists,
                                               struct mr_sql_names name,
                                               const struct mr_sql_name *format,
                                               struct mr_sql_properties options)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_SINK);
    struct mr_sql_sink *sink = MR_SQL_NEW(p, struct mr_sql_sink);
    if (statement == NULL || sink == NULL || format == NULL) return NULL;
    check_properties(p, options);
    sink->is_if_not_exists = is_if_not_exists;
    sink->name = name;
    sink->using_format = format->text;
    sink->using_pos = format->pos;
    sink->options = options;
    statement->sink = sink;
    return statement;
}

/* Quotes of either kind around the whole are taken off; nothing inside them is an escape. */
static struct mr_span setting_bare(struct mr_span text)
{
    text = mr_span_trim(text);
    if (text.bytes < 2) return text;
    char first = text.text[0], last = text.text[text.bytes - 1];
    if (first != last || (first != '\'' && first != '"' && first != '`')) return text;
    return (struct mr_span){text.text + 1, text.bytes - 2};
}

struct mr_sql_statement *mr_sql_statement_set(struct mr_sql_parser *p,
                                              const struct mr_sql_token *text)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_SET);
    struct mr_sql_property *set = MR_SQL_NEW(p, struct mr_sql_property);
    if (statement == NULL || set == NULL) return NULL;
    struct mr_span rest = {text->text.text + 3, text->text.bytes - 3};
    const char *equals = rest.bytes == 0 ? NULL : memchr(rest.text, '=', rest.bytes);
    size_t key_bytes = equals == NULL ? rest.bytes : (size_t)(equals - rest.text);
    set->key = setting_bare((struct mr_span){rest.text, key_bytes});
    set->key_pos = text->pos;
    if (equals != NULL) {
        set->value = setting_bare((struct mr_span){equals + 1, rest.bytes - key_bytes - 1});
        set->value_pos = text->pos;
    }
    if (set->key.bytes == 0) {
        mr_sql_fail(p, text->pos, MR_E_SYNTAX, 1002, "SET needs a key");
        mr_sql_fail_help(p, "write SET key = value");
    }
    statement->set = set;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_name(struct mr_sql_parser *p, mr_sql_statement_kind kind,
                                               struct mr_sql_names name)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, kind);
    if (statement == NULL) return NULL;
    statement->name = name;
    if (name.count > 2) {
        mr_sql_fail(p, name.pos, MR_E_SYNTAX, 1002, "expected a schema, or catalog.schema");
    }
    return statement;
}
