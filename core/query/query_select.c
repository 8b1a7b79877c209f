/* SELECT and EXPLAIN: from text to plan to operators. */
#include <string.h>

#include "core/plan/optimize.h"
#include "core/plan/physical.h"
#include "core/query/relation.h"
#include "core/query/session_impl.h"

static mr_status make_plan(struct mr_query *query, const struct mr_sql_script *script,
                           const struct mr_sql_query *select, struct mr_err *err)
{
    struct mr_expr_builder builder;
    struct mr_plan_catalog catalog = {.find = mr_query_find_relation, .ctx = query};
    mr_query_builder(query, &builder);
    return mr_plan_query(&builder, &catalog, script, select, &query->plan, err);
}

static mr_status optimize(struct mr_query *query, struct mr_err *err)
{
    struct mr_expr_builder builder;
    mr_query_builder(query, &builder);
    return mr_plan_optimize(&builder, query->plan, &query->plan, err);
}

mr_status mr_query_run(struct mr_query *query, struct mr_err *err)
{
    struct mr_expr_builder builder;
    struct mr_scan_sources sources = {.open = mr_query_open_scan, .ctx = query};
    mr_query_builder(query, &builder);
    query->schema = query->plan->schema;
    return mr_physical_open(&query->env, &builder, &sources, query->plan, &query->root, err);
}

mr_status mr_query_select(struct mr_query *query, const struct mr_sql_script *script,
                          const struct mr_sql_query *select, struct mr_err *err)
{
    MR_TRY(make_plan(query, script, select, err));
    MR_TRY(optimize(query, err));
    return mr_query_run(query, err);
}

/* ---- EXPLAIN ---- */

/* A text as rows of one column, a line each. */
static mr_status explain_rows(struct mr_query *query, struct mr_text *text, struct mr_err *err)
{
    struct mr_rows rows;
    struct mr_span rest = mr_text_span(text);
    query->root = NULL;
    mr_rows_begin(&rows, query, "plan STRING NOT NULL", err);
    while (rest.bytes > 0) {
        const char *end = memchr(rest.text, '\n', rest.bytes);
        size_t bytes = end == NULL ? rest.bytes : (size_t)(end - rest.text);
        mr_rows_text(&rows, (struct mr_span){rest.text, bytes});
        bytes += end != NULL;
        rest = (struct mr_span){rest.text + bytes, rest.bytes - bytes};
    }
    return mr_rows_end(&rows);
}

/* Runs the query to its end and forgets its rows. */
static mr_status run_all(struct mr_query *query, struct mr_err *err)
{
    for (;;) {
        struct mr_batch *batch;
        mr_pull pull;
        MR_TRY(mr_operator_next(query->root, &batch, &pull, err));
        if (pull == MR_PULL_END) return MR_OK;
        if (pull == MR_PULL_WAIT) (void)mr_io_run(query->env.io, -1);
    }
}

static mr_status explain(struct mr_query *query, const struct mr_sql_script *script,
                         const struct mr_sql_explain *explain, struct mr_text *out,
                         struct mr_err *err)
{
    MR_TRY(make_plan(query, script, explain->query, err));
    if (explain->is_extended) {
        mr_text_adds(out, "== As written ==\n");
        mr_plan_write(query->plan, out);
        mr_text_adds(out, "\n== Optimized ==\n");
    }
    MR_TRY(optimize(query, err));
    if (!explain->is_analyze) mr_plan_write(query->plan, out);
    query->env.is_measured = explain->is_analyze;
    MR_TRY(mr_query_run(query, err));
    if (explain->is_analyze) MR_TRY(run_all(query, err));
    if (explain->is_extended) mr_text_adds(out, "\n== Operators ==\n");
    if (explain->is_extended || explain->is_analyze) {
        mr_physical_write(query->root, explain->is_analyze, out);
    }
    return mr_text_end(out, err);
}

mr_status mr_query_explain(struct mr_query *query, const struct mr_sql_script *script,
                           const struct mr_sql_explain *statement, struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, &query->heap);
    mr_status status = explain(query, script, statement, &text, err);
    while (!mr_operator_stop(query->root)) (void)mr_io_run(query->env.io, -1);
    mr_operator_fini(query->root);
    query->root = NULL;
    query->env.is_measured = false;
    if (status == MR_OK) status = explain_rows(query, &text, err);
    mr_text_fini(&text);
    return status;
}
