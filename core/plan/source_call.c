#include "core/plan/source_call.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/base/checked.h"

enum { ERR_CALL = 1401 };

mr_status mr_sql_error_at(struct mr_err *err, const struct mr_sql_pos *pos, mr_status status,
                          uint32_t code, const char *fmt, ...)
{
    char text[MR_ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mr_err_set(err, status, code, "%s", text);
    if (err != NULL) {
        err->line = pos->line;
        err->column = pos->column;
        err->width = MR_MAX(pos->width, 1u);
    }
    return status;
}

/* The text of a literal, a signed number included. returns false for anything else. */
static bool literal_text(struct mr_arena *arena, const struct mr_sql_expr *expr,
                         struct mr_span *out_text)
{
    if (expr->kind == MR_SQL_EXPR_UNARY && expr->op == MR_SQL_OP_NEGATE) {
        const struct mr_sql_expr *arg = expr->args.first;
        if (arg->kind != MR_SQL_EXPR_LITERAL || arg->literal == MR_SQL_LITERAL_STRING) return false;
        const char *text = mr_arena_format(arena, "-%.*s", (int)arg->text.bytes, arg->text.text);
        *out_text = mr_span_of(text);
        return text != NULL;
    }
    if (expr->kind != MR_SQL_EXPR_LITERAL || expr->literal == MR_SQL_LITERAL_NULL) return false;
    *out_text = expr->text;
    return true;
}

struct call_reader {
    struct mr_arena *arena;
    struct mr_source_pair *pairs;
    struct mr_sql_pos *positions;
    uint32_t count;
    struct mr_err *err;
};

static mr_status add_pair(struct call_reader *r, struct mr_span name,
                          const struct mr_sql_expr *value)
{
    struct mr_span text;
    if (!literal_text(r->arena, value, &text)) {
        return mr_sql_error_at(r->err, &value->pos, MR_E_INVALID, ERR_CALL,
                               "the value of option %.*s is no literal", (int)name.bytes,
                               name.text);
    }
    for (uint32_t i = 0; i < r->count; i++) {
        if (!mr_span_ieq(r->pairs[i].name, name)) continue;
        return mr_sql_error_at(r->err, &value->pos, MR_E_INVALID, ERR_CALL,
                               "option %.*s is given twice", (int)name.bytes, name.text);
    }
    r->pairs[r->count] = (struct mr_source_pair){name, text};
    r->positions[r->count++] = value->pos;
    return MR_OK;
}

/* map('name', 'value', ...) of cloud_files. */
static mr_status read_map(struct call_reader *r, const struct mr_sql_expr *map)
{
    if (map->kind != MR_SQL_EXPR_CALL || !mr_span_ieq(map->name.first->text, MR_SPAN("map")) ||
        map->args.count % 2 != 0) {
        return mr_sql_error_at(r->err, &map->pos, MR_E_INVALID, ERR_CALL,
                               "the options of cloud_files are map('name', 'value', ...)");
    }
    for (const struct mr_sql_expr *e = map->args.first; e != NULL; e = e->next->next) {
        struct mr_span name;
        if (!literal_text(r->arena, e, &name)) {
            return mr_sql_error_at(r->err, &e->pos, MR_E_INVALID, ERR_CALL,
                                   "the name of an option is no literal");
        }
        MR_TRY(add_pair(r, name, e->next));
    }
    return MR_OK;
}

static mr_status read_args(struct call_reader *r, const struct mr_sql_relation *relation,
                           bool is_cloud, struct mr_source_call *call)
{
    uint32_t position = 0;
    for (const struct mr_sql_expr *arg = relation->args.first; arg != NULL; arg = arg->next) {
        if (arg->kind == MR_SQL_EXPR_NAMED_ARG) {
            MR_TRY(add_pair(r, arg->name.first->text, arg->args.first));
            continue;
        }
        if (position == 0 && literal_text(r->arena, arg, &call->path)) {
            call->path_pos = arg->pos;
        } else if (is_cloud && position == 1) {
            MR_TRY(add_pair(r, MR_SPAN("format"), arg));
        } else if (is_cloud && position == 2) {
            MR_TRY(read_map(r, arg));
        } else {
            return mr_sql_error_at(r->err, &arg->pos, MR_E_INVALID, ERR_CALL,
                                   "expected a path first and then options as name => value");
        }
        position++;
    }
    return MR_OK;
}

/* How many pairs the arguments can make at most. */
static uint32_t pairs_max(const struct mr_sql_relation *relation)
{
    uint32_t count = relation->args.count;
    for (const struct mr_sql_expr *arg = relation->args.first; arg != NULL; arg = arg->next) {
        count += arg->args.count;
    }
    return count;
}

mr_status mr_source_call_read(struct mr_arena *arena, const struct mr_sql_relation *relation,
                              struct mr_source_call *out_call, struct mr_err *err)
{
    struct mr_source_call call = {.pos = relation->pos};
    struct call_reader r = {.arena = arena, .err = err};
    if (relation->kind != MR_SQL_RELATION_FUNCTION || relation->name.count != 1) {
        return mr_sql_error_at(err, &relation->pos, MR_E_UNSUPPORTED, 1402,
                               "a stream reads from read_files(...) in this version");
    }
    struct mr_span name = relation->name.first->text;
    bool is_cloud = mr_span_ieq(name, MR_SPAN("cloud_files"));
    if (!is_cloud && !mr_span_ieq(name, MR_SPAN("read_files"))) {
        return mr_sql_error_at(err, &relation->name.pos, MR_E_UNSUPPORTED, 1402,
                               "source %.*s is not supported in this version", (int)name.bytes,
                               name.text);
    }
    uint32_t capacity = pairs_max(relation);
    r.pairs = MR_ARENA_ARRAY(arena, struct mr_source_pair, capacity);
    r.positions = MR_ARENA_ARRAY(arena, struct mr_sql_pos, capacity);
    if (capacity > 0 && (r.pairs == NULL || r.positions == NULL)) {
        return mr_err_set(err, MR_E_NOMEM, ERR_CALL, "out of memory for a source");
    }
    MR_TRY(read_args(&r, relation, is_cloud, &call));
    if (call.path.bytes == 0) {
        return mr_sql_error_at(err, &relation->pos, MR_E_INVALID, ERR_CALL,
                               "%.*s needs a path as its first argument", (int)name.bytes,
                               name.text);
    }
    call.pairs = r.pairs;
    call.pair_pos = r.positions;
    call.count = r.count;
    call.is_cloud_files = is_cloud;
    *out_call = call;
    return MR_OK;
}
