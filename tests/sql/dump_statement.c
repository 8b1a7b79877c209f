#include "tests/sql/dump_ast.h"

static void dump_flag(bool is_set, const char *word, struct mr_text *out)
{
    if (is_set) mr_text_addf(out, " %s", word);
}

static void dump_paths(const char *word, const struct mr_sql_names *names, struct mr_text *out)
{
    if (names->count == 0) return;
    mr_text_addf(out, " (%s ", word);
    dump_names(names, " ", out);
    mr_text_addc(out, ')');
}

static void dump_text(const char *word, struct mr_span text, struct mr_text *out)
{
    mr_text_addf(out, " (%s ", word);
    dump_string(text, out);
    mr_text_addc(out, ')');
}

static void dump_rule(const char *word, const struct mr_sql_expr *expr, struct mr_text *out)
{
    if (expr == NULL) return;
    mr_text_addf(out, " (%s ", word);
    dump_expr(expr, out);
    mr_text_addc(out, ')');
}

static void dump_pairs(const char *word, const struct mr_sql_properties *list, struct mr_text *out)
{
    if (list->first == NULL) return;
    mr_text_addf(out, " (%s", word);
    for (const struct mr_sql_property *p = list->first; p != NULL; p = p->next) {
        mr_text_addc(out, ' ');
        dump_string(p->key, out);
        mr_text_addc(out, '=');
        dump_string(p->value, out);
    }
    mr_text_addc(out, ')');
}

static void dump_column(const struct mr_sql_column *c, struct mr_text *out)
{
    mr_text_adds(out, " (column ");
    dump_name(c->name->text, out);
    if (c->type != NULL) {
        mr_text_addc(out, ' ');
        mr_type_write_sql(c->type, out);
    }
    dump_flag(c->is_not_null, "not-null", out);
    dump_flag(c->is_primary_key, "primary-key", out);
    if (c->comment.bytes > 0) dump_text("comment", c->comment, out);
    dump_rule("default", c->default_expr, out);
    dump_rule("generated", c->generated, out);
    dump_paths("mask", &c->mask, out);
    mr_text_addc(out, ')');
}

static void dump_constraint(const struct mr_sql_constraint *c, struct mr_text *out)
{
    static const char *const kinds[] = {"expect", "check", "primary-key"};
    static const char *const violations[] = {NULL, "drop-row", "fail-update", NULL};
    mr_text_addf(out, " (%s", kinds[c->kind]);
    if (c->name != NULL) {
        mr_text_addc(out, ' ');
        dump_name(c->name->text, out);
    }
    if (c->expr != NULL) {
        mr_text_addc(out, ' ');
        dump_expr(c->expr, out);
        dump_text("text", c->text, out);
    }
    if (c->columns.count > 0) dump_paths("columns", &c->columns, out);
    dump_flag(violations[c->violation] != NULL, violations[c->violation], out);
    if (c->violation == MR_SQL_VIOLATION_QUARANTINE) dump_paths("into", &c->quarantine, out);
    mr_text_addc(out, ')');
}

static void dump_cdc(const struct mr_sql_cdc *cdc, struct mr_text *out)
{
    mr_text_adds(out, cdc->is_once ? " (cdc once " : " (cdc ");
    dump_relation(cdc->source, out);
    dump_paths("keys", &cdc->keys, out);
    dump_rule("delete-when", cdc->delete_when, out);
    dump_rule("truncate-when", cdc->truncate_when, out);
    dump_rule("sequence-by", cdc->sequence_by, out);
    if (cdc->has_columns) {
        dump_paths(cdc->is_columns_except ? "columns-except" : "columns", &cdc->columns, out);
    }
    if (cdc->scd_type != 0) mr_text_addf(out, " scd-%u", cdc->scd_type);
    if (cdc->has_history) {
        dump_paths(cdc->is_history_except ? "history-except" : "history", &cdc->history, out);
    }
    dump_flag(cdc->is_ignoring_nulls, "ignore-nulls", out);
    dump_paths("on", &cdc->ignore_nulls, out);
    mr_text_addc(out, ')');
}

static void dump_storage(const struct mr_sql_dataset *d, struct mr_text *out)
{
    if (d->using_pos.line != 0) dump_text("using", d->using_format, out);
    if (d->partitioned_by.first != NULL) {
        mr_text_adds(out, " (partitioned-by");
        for (const struct mr_sql_expr *e = d->partitioned_by.first; e != NULL; e = e->next) {
            mr_text_addc(out, ' ');
            dump_expr(e, out);
        }
        mr_text_addc(out, ')');
    }
    dump_flag(d->is_cluster_by_auto, "cluster-by-auto", out);
    dump_paths("cluster-by", &d->cluster_by, out);
    if (d->comment_pos.line != 0) dump_text("comment", d->comment, out);
    if (d->location_pos.line != 0) dump_text("location", d->location, out);
    if (d->schedule.bytes != 0) dump_text("schedule", d->schedule, out);
    if (d->refresh_policy.bytes != 0) dump_text("refresh-policy", d->refresh_policy, out);
    dump_paths("row-filter", &d->row_filter, out);
    dump_pairs("properties", &d->properties, out);
    dump_pairs("options", &d->options, out);
}

static void dump_dataset(const struct mr_sql_dataset *d, struct mr_text *out)
{
    static const char *const kinds[] = {"streaming-table", "materialized-view", "view",
                                        "streaming-view", "table"};
    mr_text_addf(out, "(%s ", kinds[d->kind]);
    dump_names(&d->name, ".", out);
    dump_flag(d->is_or_refresh, "or-refresh", out);
    dump_flag(d->is_or_replace, "or-replace", out);
    dump_flag(d->is_private, "private", out);
    dump_flag(d->is_temporary, "temporary", out);
    dump_flag(d->is_live, "live", out);
    dump_flag(d->is_if_not_exists, "if-not-exists", out);
    for (const struct mr_sql_column *c = d->columns.first; c != NULL; c = c->next) {
        dump_column(c, out);
    }
    for (const struct mr_sql_constraint *c = d->constraints.first; c != NULL; c = c->next) {
        dump_constraint(c, out);
    }
    dump_storage(d, out);
    dump_flag(d->is_once, "once", out);
    if (d->query != NULL) {
        mr_text_addc(out, ' ');
        dump_query(d->query, out);
    }
    if (d->cdc != NULL) dump_cdc(d->cdc, out);
    mr_text_addc(out, ')');
}

static void dump_flow(const struct mr_sql_flow *f, struct mr_text *out)
{
    mr_text_adds(out, "(flow");
    if (f->name.count > 0) {
        mr_text_addc(out, ' ');
        dump_names(&f->name, ".", out);
    }
    if (f->comment.bytes > 0) dump_text("comment", f->comment, out);
    mr_text_adds(out, " (into ");
    dump_names(&f->target, ".", out);
    mr_text_addc(out, ')');
    dump_flag(f->is_once, "once", out);
    dump_flag(f->is_by_name, "by-name", out);
    dump_rule("replace-where", f->replace_where, out);
    if (f->query != NULL) {
        mr_text_addc(out, ' ');
        dump_query(f->query, out);
    }
    if (f->cdc != NULL) dump_cdc(f->cdc, out);
    mr_text_addc(out, ')');
}

static void dump_sink(const struct mr_sql_sink *s, struct mr_text *out)
{
    mr_text_adds(out, "(sink ");
    dump_names(&s->name, ".", out);
    dump_flag(s->is_if_not_exists, "if-not-exists", out);
    dump_text("using", s->using_format, out);
    dump_pairs("options", &s->options, out);
    mr_text_addc(out, ')');
}

static void dump_words(const char *word, const struct mr_sql_names *names, struct mr_text *out)
{
    mr_text_addf(out, "(%s ", word);
    dump_names(names, ".", out);
    mr_text_addc(out, ')');
}

static void dump_statement(const struct mr_sql_statement *s, struct mr_text *out)
{
    switch (s->kind) {
    case MR_SQL_STATEMENT_DATASET: dump_dataset(s->dataset, out); break;
    case MR_SQL_STATEMENT_FLOW: dump_flow(s->flow, out); break;
    case MR_SQL_STATEMENT_SINK: dump_sink(s->sink, out); break;
    case MR_SQL_STATEMENT_SET:
        mr_text_adds(out, "(set ");
        dump_string(s->set->key, out);
        mr_text_addc(out, ' ');
        dump_string(s->set->value, out);
        mr_text_addc(out, ')');
        break;
    case MR_SQL_STATEMENT_SET_CATALOG: dump_words("set-catalog", &s->name, out); break;
    case MR_SQL_STATEMENT_USE: dump_words("use", &s->name, out); break;
    case MR_SQL_STATEMENT_USE_CATALOG: dump_words("use-catalog", &s->name, out); break;
    case MR_SQL_STATEMENT_QUERY: dump_query(s->query, out); break;
    default: dump_command(s, out); break;
    }
}

void dump_script(const struct mr_sql_script *script, struct mr_text *out)
{
    for (const struct mr_sql_statement *s = script->first; s != NULL; s = s->next) {
        if (s != script->first) mr_text_addc(out, '\n');
        dump_statement(s, out);
    }
}
