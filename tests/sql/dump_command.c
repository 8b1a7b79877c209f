/* Statements about tables, as nested lists of words; see dump_ast.h. */
#include "tests/sql/dump_ast.h"

static void flag(bool is_set, const char *word, struct mr_text *out)
{
    if (is_set) mr_text_addf(out, " %s", word);
}

static void words(const struct mr_sql_names *names, struct mr_text *out)
{
    if (names->count == 0) return;
    mr_text_addc(out, ' ');
    dump_names(names, ".", out);
}

static void text(const char *word, struct mr_span span, struct mr_text *out)
{
    mr_text_addf(out, " %s=", word);
    dump_string(span, out);
}

static void dump_show(const struct mr_sql_show *show, struct mr_text *out)
{
    static const char *const kinds[] = {
        [MR_SQL_SHOW_TABLES] = "tables",       [MR_SQL_SHOW_SCHEMAS] = "schemas",
        [MR_SQL_SHOW_CATALOGS] = "catalogs",   [MR_SQL_SHOW_FUNCTIONS] = "functions",
        [MR_SQL_SHOW_COLUMNS] = "columns",     [MR_SQL_SHOW_PROPERTIES] = "properties",
        [MR_SQL_SHOW_CREATE] = "create-table", [MR_SQL_SHOW_PARTITIONS] = "partitions",
    };
    mr_text_addf(out, "(show %s", kinds[show->what]);
    words(&show->name, out);
    if (show->has_pattern) text("like", show->pattern, out);
    if (show->key.bytes > 0) text("key", show->key, out);
    mr_text_addc(out, ')');
}

static void dump_describe(const struct mr_sql_describe *describe, struct mr_text *out)
{
    static const char *const kinds[] = {"table", "history", "detail"};
    mr_text_addf(out, "(describe %s", kinds[describe->what]);
    flag(describe->is_extended, "extended", out);
    words(&describe->name, out);
    if (describe->limit != NULL) {
        mr_text_adds(out, " limit ");
        dump_expr(describe->limit, out);
    }
    mr_text_addc(out, ')');
}

static void dump_insert(const struct mr_sql_insert *insert, struct mr_text *out)
{
    mr_text_adds(out, "(insert");
    flag(insert->is_overwrite, "overwrite", out);
    flag(insert->is_by_name, "by-name", out);
    words(&insert->name, out);
    if (insert->columns.count > 0) {
        mr_text_adds(out, " (columns ");
        dump_names(&insert->columns, " ", out);
        mr_text_addc(out, ')');
    }
    mr_text_addc(out, ' ');
    dump_query(insert->query, out);
    mr_text_addc(out, ')');
}

static void dump_alter(const struct mr_sql_alter *alter, struct mr_text *out)
{
    static const char *const kinds[] = {"set", "unset", "add"};
    mr_text_addf(out, "(alter %s", kinds[alter->what]);
    flag(alter->is_if_exists, "if-exists", out);
    words(&alter->name, out);
    for (const struct mr_sql_property *p = alter->properties.first; p != NULL; p = p->next) {
        mr_text_addc(out, ' ');
        dump_string(p->key, out);
        if (alter->what != MR_SQL_ALTER_SET_PROPERTIES) continue;
        mr_text_addc(out, '=');
        dump_string(p->value, out);
    }
    for (const struct mr_sql_added *a = alter->added.first; a != NULL; a = a->next) {
        mr_text_adds(out, " (");
        dump_name(a->column->name->text, out);
        mr_text_addc(out, ' ');
        mr_type_write_sql(a->column->type, out);
        flag(a->column->is_not_null, "not-null", out);
        if (a->column->comment.bytes > 0) text("comment", a->column->comment, out);
        flag(a->is_first, "first", out);
        if (a->after != NULL) text("after", a->after->text, out);
        mr_text_addc(out, ')');
    }
    mr_text_addc(out, ')');
}

void dump_command(const struct mr_sql_statement *s, struct mr_text *out)
{
    static const char *const objects[] = {"table", "view", "schema"};
    switch (s->kind) {
    case MR_SQL_STATEMENT_EXPLAIN:
        mr_text_adds(out, "(explain");
        flag(s->explain->is_analyze, "analyze", out);
        flag(s->explain->is_extended, "extended", out);
        mr_text_addc(out, ' ');
        dump_query(s->explain->query, out);
        mr_text_addc(out, ')');
        break;
    case MR_SQL_STATEMENT_SHOW: dump_show(s->show, out); break;
    case MR_SQL_STATEMENT_DESCRIBE: dump_describe(s->describe, out); break;
    case MR_SQL_STATEMENT_INSERT: dump_insert(s->insert, out); break;
    case MR_SQL_STATEMENT_DROP:
        mr_text_addf(out, "(drop %s", objects[s->drop->what]);
        flag(s->drop->is_if_exists, "if-exists", out);
        flag(s->drop->is_cascade, "cascade", out);
        words(&s->drop->name, out);
        mr_text_addc(out, ')');
        break;
    case MR_SQL_STATEMENT_CREATE_SCHEMA:
        mr_text_adds(out, "(create schema");
        flag(s->create_schema->is_if_not_exists, "if-not-exists", out);
        words(&s->create_schema->name, out);
        mr_text_addc(out, ')');
        break;
    case MR_SQL_STATEMENT_ALTER: dump_alter(s->alter, out); break;
    default: mr_text_adds(out, "(unknown)"); break;
    }
}
