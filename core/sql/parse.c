#include "core/sql/parse.h"

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/sql/grammar.h"
#include "core/sql/syntax_impl.h"

/* One text being parsed: its tokens, and the memory of the generated parser. */
struct run {
    struct mr_sql_parser p;
    struct mr_sql_tokens tokens;
    void *parser;
    size_t parser_bytes;
    const char *origin;
    struct mr_err *err;
};

static void run_fini(struct run *run)
{
    mr_heap_give(run->p.arena->heap, run->parser, run->parser_bytes);
    run->parser = NULL;
}

/* Copies the text into the arena and cuts it. */
static mr_status run_init(struct run *run, struct mr_arena *arena, struct mr_span text,
                          const char *origin, struct mr_err *err)
{
    *run = (struct run){.p = {.arena = arena, .err = err}, .origin = origin, .err = err};
    mr_status status = MR_OK;
    if (text.bytes > MR_SQL_TEXT_MAX) {
        status = mr_err_set(err, MR_E_SYNTAX, 1003, "SQL text has %zu bytes; at most %d are read",
                            text.bytes, MR_SQL_TEXT_MAX);
        goto out;
    }
    const char *copy = mr_arena_copy(arena, text);
    run->parser_bytes = mr_sql_grammar_bytes();
    run->parser = copy == NULL ? NULL : mr_heap_take(arena->heap, run->parser_bytes);
    if (run->parser == NULL) {
        status = mr_err_set(err, MR_E_NOMEM, 0, "out of memory while parsing SQL");
        goto out;
    }
    run->p.source = (struct mr_span){copy, text.bytes};
    status = mr_sql_tokenize(arena, run->p.source, &run->tokens, err);
    if (status == MR_OK) mr_sql_soften(&run->tokens);
    if (status != MR_OK) run_fini(run);
out:
    if (status != MR_OK && origin != NULL) mr_err_origin(err, origin);
    return status;
}

/* Feeds tokens from[0..count) and the end; brackets are counted so that depth has a limit of its
 * own, far below the parser's stack. */
static mr_status run_feed(struct run *run, int begin, const struct mr_sql_token *from, size_t count)
{
    struct mr_sql_parser *p = &run->p;
    const struct mr_sql_token end = {.kind = 0, .pos = from[count].pos, .text = {"", 0}};
    unsigned depth = 0;
    size_t i = 0;
    p->from = p->at = from;
    mr_sql_grammarInit(run->parser);
    mr_sql_grammar(run->parser, begin, from, p);
    for (; i <= count && p->status == MR_OK; i++) {
        const struct mr_sql_token *token = i == count ? &end : &from[i];
        p->at = token;
        if (token->kind == MR_SQL_T_LP || token->kind == MR_SQL_T_LB) depth++;
        if ((token->kind == MR_SQL_T_RP || token->kind == MR_SQL_T_RB) && depth > 0) depth--;
        if (depth > MR_SQL_DEPTH_MAX) mr_sql_depth_fail(p);
        if (p->status == MR_OK) mr_sql_grammar(run->parser, token->kind, token, p);
    }
    if (p->is_syntax) {
        MR_ASSERT(i > 0);
        p->is_syntax = false;
        mr_sql_syntax_report(p, run->parser, begin, from, count, i - 1);
    }
    if (p->status != MR_OK && run->origin != NULL) mr_err_origin(run->err, run->origin);
    return p->status;
}

/* Where the statement that begins at token `at` ends: at a semicolon or behind the last token. */
static size_t statement_end(const struct mr_sql_tokens *tokens, size_t at)
{
    while (at < tokens->count && tokens->at[at].kind != MR_SQL_T_SEMICOLON) at++;
    return at;
}

static void script_add(struct mr_sql_script *script, struct mr_sql_statement *statement)
{
    if (script->first == NULL)
        script->first = statement;
    else
        script->last->next = statement;
    script->last = statement;
    script->count++;
}

mr_status mr_sql_parse(struct mr_arena *arena, struct mr_span text, const char *origin,
                       const struct mr_sql_script **out_script, struct mr_err *err)
{
    struct run run;
    MR_TRY(run_init(&run, arena, text, origin, err));
    struct mr_sql_script *script = MR_SQL_NEW(&run.p, struct mr_sql_script);
    const char *name = script == NULL ? NULL : mr_arena_copy(arena, mr_span_of(origin));
    if (name == NULL) {
        mr_sql_fail_memory(&run.p);
        goto out;
    }
    script->text = run.p.source;
    script->origin = mr_span_of(name);
    for (size_t at = 0; at < run.tokens.count;) {
        size_t end = statement_end(&run.tokens, at);
        const struct mr_sql_token *first = &run.tokens.at[at];
        if (end > at) {
            if (run_feed(&run, MR_SQL_T_BEGIN_STATEMENT, first, end - at) != MR_OK) goto out;
            MR_ASSERT(run.p.statement != NULL);
            run.p.statement->pos = mr_sql_pos_join(first->pos, run.tokens.at[end - 1].pos);
            script_add(script, run.p.statement);
        }
        at = end + 1;
    }
    *out_script = script;
out:
    run_fini(&run);
    return run.p.status;
}

mr_status mr_sql_parse_expr(struct mr_arena *arena, struct mr_span text, const char *origin,
                            const struct mr_sql_expr **out_expr, struct mr_err *err)
{
    struct run run;
    MR_TRY(run_init(&run, arena, text, origin, err));
    mr_status status = run_feed(&run, MR_SQL_T_BEGIN_EXPR, run.tokens.at, run.tokens.count);
    if (status == MR_OK) *out_expr = run.p.expr;
    run_fini(&run);
    return status;
}

/* Types and schemas name no origin: the caller knows which option held them. */
static mr_status parse_typed(struct mr_arena *arena, struct mr_span text, int begin,
                             const struct mr_type **out_type, struct mr_err *err)
{
    struct run run;
    MR_TRY(run_init(&run, arena, text, NULL, err));
    mr_status status = run_feed(&run, begin, run.tokens.at, run.tokens.count);
    if (status == MR_OK) *out_type = run.p.type;
    run_fini(&run);
    return status;
}

mr_status mr_sql_parse_type(struct mr_arena *arena, struct mr_span text,
                            const struct mr_type **out_type, struct mr_err *err)
{
    return parse_typed(arena, text, MR_SQL_T_BEGIN_TYPE, out_type, err);
}

mr_status mr_sql_parse_schema(struct mr_arena *arena, struct mr_span ddl,
                              const struct mr_type **out_schema, struct mr_err *err)
{
    return parse_typed(arena, ddl, MR_SQL_T_BEGIN_SCHEMA, out_schema, err);
}

/* Copies the parts of a path from their list to an array. */
static const struct mr_span *path_array(struct mr_arena *arena, const struct mr_sql_names *names)
{
    struct mr_span *path = MR_ARENA_ARRAY(arena, struct mr_span, names->count);
    uint32_t count = 0;
    if (path == NULL) return NULL;
    for (const struct mr_sql_name *n = names->first; n != NULL; n = n->next) {
        path[count++] = n->text;
    }
    return path;
}

mr_status mr_sql_parse_hints(struct mr_arena *arena, struct mr_span text,
                             struct mr_sql_hints *out_hints, struct mr_err *err)
{
    struct run run;
    MR_TRY(run_init(&run, arena, text, NULL, err));
    mr_status status = run_feed(&run, MR_SQL_T_BEGIN_HINTS, run.tokens.at, run.tokens.count);
    struct mr_sql_hint *hints = NULL;
    uint32_t count = 0;
    if (status != MR_OK) goto out;
    hints = MR_ARENA_ARRAY(arena, struct mr_sql_hint, run.p.hints.count);
    for (const struct mr_sql_column *c = run.p.hints.first; c != NULL && hints != NULL;
         c = c->next) {
        hints[count] = (struct mr_sql_hint){.path = path_array(arena, &c->path),
                                            .path_count = c->path.count,
                                            .type = c->type,
                                            .is_not_null = c->is_not_null,
                                            .pos = c->pos};
        if (hints[count++].path == NULL) hints = NULL;
    }
    if (hints == NULL) {
        status = mr_err_set(err, MR_E_NOMEM, 0, "out of memory while parsing SQL");
        goto out;
    }
    *out_hints = (struct mr_sql_hints){.hints = hints, .count = count};
out:
    run_fini(&run);
    return status;
}
