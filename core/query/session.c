#include "core/query/session.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/port/zone_file.h"
#include "core/query/relation.h"
#include "core/query/session_impl.h"

mr_status mr_query_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a statement");
}

mr_status mr_query_refuse(struct mr_err *err, const struct mr_sql_pos *pos, const char *construct)
{
    mr_err_set(err, MR_E_UNSUPPORTED, ERR_UNSUPPORTED, "%s is not supported here in this version",
               construct);
    return mr_sql_locate(pos, MR_E_UNSUPPORTED, err);
}

mr_status mr_query_note(struct mr_query *query, struct mr_err *err, const char *fmt, ...)
{
    char text[MR_ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    query->note = mr_arena_copy(&query->arena, mr_span_of(text));
    return query->note == NULL ? mr_query_nomem(err) : MR_OK;
}

void mr_query_builder(struct mr_query *query, struct mr_expr_builder *out_builder)
{
    mr_expr_builder_init(out_builder, &query->arena, query->session->zone,
                         query->session->is_ansi);
    out_builder->zones = &query->session->zones;
}

/* ---- sessions ---- */

mr_status mr_session_set_zone(struct mr_session *session, struct mr_span name, struct mr_err *err)
{
    return mr_zone_load(session->config.io, &session->arena, session->config.zone_folder, name,
                        &session->zone, err);
}

/* A zone that an expression names. */
static mr_status find_zone(void *state, struct mr_span name, const struct mr_zone **out_zone,
                           struct mr_err *err)
{
    struct mr_session *session = state;
    return mr_zone_load(session->config.io, &session->arena, session->config.zone_folder, name,
                        out_zone, err);
}

mr_status mr_session_init(struct mr_session *session, const struct mr_session_config *config,
                          struct mr_err *err)
{
    *session = (struct mr_session){.config = *config, .is_ansi = true};
    mr_arena_init(&session->arena, config->heap, 0);
    session->zones = (struct mr_zone_finder){find_zone, session};
    session->warehouse = (struct mr_warehouse){.io = config->io,
                                               .path = config->warehouse,
                                               .catalog = config->catalog,
                                               .schema = config->schema};
    if (config->zone == NULL) return MR_OK;
    mr_status status = mr_session_set_zone(session, mr_span_of(config->zone), err);
    if (status != MR_OK) mr_session_fini(session);
    return status;
}

void mr_session_fini(struct mr_session *session)
{
    mr_arena_fini(&session->arena);
}

/* ---- statements ---- */

static mr_status begin_any(struct mr_query *query, const struct mr_sql_script *script,
                           const struct mr_sql_statement *s, struct mr_err *err)
{
    switch (s->kind) {
    case MR_SQL_STATEMENT_QUERY: return mr_query_select(query, script, s->query, err);
    case MR_SQL_STATEMENT_EXPLAIN: return mr_query_explain(query, script, s->explain, err);
    case MR_SQL_STATEMENT_SHOW: return mr_query_show(query, s->show, err);
    case MR_SQL_STATEMENT_SET: return mr_query_set(query, s->set, err);
    case MR_SQL_STATEMENT_SET_CATALOG:
    case MR_SQL_STATEMENT_USE_CATALOG: return mr_query_use(query, &s->name, true, err);
    case MR_SQL_STATEMENT_USE: return mr_query_use(query, &s->name, false, err);
    case MR_SQL_STATEMENT_DROP: return mr_query_drop(query, s->drop, err);
    case MR_SQL_STATEMENT_CREATE_SCHEMA:
        return mr_query_create_schema(query, s->create_schema, err);
    case MR_SQL_STATEMENT_DESCRIBE: return mr_query_describe(query, s->describe, err);
    case MR_SQL_STATEMENT_INSERT: return mr_query_refuse(err, &s->pos, "INSERT");
    case MR_SQL_STATEMENT_ALTER: return mr_query_refuse(err, &s->pos, "ALTER TABLE");
    case MR_SQL_STATEMENT_DATASET: return mr_query_refuse(err, &s->pos, "CREATE of a dataset");
    case MR_SQL_STATEMENT_FLOW: return mr_query_refuse(err, &s->pos, "CREATE FLOW");
    case MR_SQL_STATEMENT_SINK: return mr_query_refuse(err, &s->pos, "CREATE SINK");
    }
    MR_ASSERT(!"every kind of statement is handled above");
    return MR_E_INTERNAL;
}

/* The control thread runs completions itself and asks again after them. */
static void wake_nobody(void *ctx)
{
    (void)ctx;
}

mr_status mr_session_begin(struct mr_session *session, const struct mr_sql_script *script,
                           const struct mr_sql_statement *statement, struct mr_query *out_query,
                           struct mr_err *err)
{
    struct mr_query *query = out_query;
    if (err != NULL) *err = (struct mr_err){0};
    *query = (struct mr_query){.session = session};
    mr_heap_init(&query->heap, session->config.memory_bytes);
    mr_arena_init(&query->arena, &query->heap, 0);
    query->env = (struct mr_query_env){
        .heap = &query->heap,
        .io = session->config.io,
        .context = {.now_us = mr_io_now_us(session->config.io),
                    .zone = session->zone,
                    .select = session->config.select},
        .waker = {wake_nobody, NULL},
        .seed = mr_io_random(session->config.io)};
    mr_status status = begin_any(query, script, statement, err);
    if (status != MR_OK) {
        if (err != NULL && err->line != 0) mr_err_origin(err, script->origin.text);
        mr_query_end(query);
    }
    return status;
}

/* ---- rows ---- */

mr_status mr_query_next(struct mr_query *query, struct mr_batch **out_batch, mr_pull *out_pull,
                        struct mr_err *err)
{
    if (query->root == NULL) {
        *out_pull = MR_PULL_END;
        return MR_OK;
    }
    MR_TRY(mr_operator_next(query->root, out_batch, out_pull, err));
    if (*out_pull == MR_PULL_ROWS) query->rows += (*out_batch)->sel_count;
    return MR_OK;
}

void mr_query_end(struct mr_query *query)
{
    while (!mr_operator_stop(query->root)) (void)mr_io_run(query->env.io, -1);
    mr_operator_fini(query->root);
    mr_query_close_relations(query);
    mr_arena_fini(&query->arena);
    query->root = NULL;
}
