/* LIKE: % is any run of characters, _ one character, the escape quotes the next.
 *
 * A constant pattern is compiled once: into literal pieces when it has no _, which covers prefix%,
 * %suffix, %part% and exact texts by memcmp and memmem; else it is walked. The walk is the greedy
 * one: on a mismatch it goes back to the last % and lets it take one character more. */
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/utf8.h"

struct like_token {
    enum { LIKE_TEXT, LIKE_ONE, LIKE_ANY } kind;
    struct mr_span text; /* LIKE_TEXT: one character */
};

struct like {
    struct like_token *tokens;
    uint32_t count;
};

static mr_status like_malformed(struct mr_span pattern, const char *why, struct mr_err *err)
{
    return mr_err_set(err, MR_E_TYPE, 1314, "the LIKE pattern '%.*s' %s",
                      (int)MR_MIN(pattern.bytes, 80u), pattern.text, why);
}

static mr_status like_compile(struct mr_arena *arena, struct mr_span pattern, struct mr_span escape,
                              struct like *like, struct mr_err *err)
{
    if (mr_utf8_count(escape) != 1) {
        return like_malformed(pattern, "needs an escape of one character", err);
    }
    like->count = 0;
    like->tokens = MR_ARENA_ARRAY(arena, struct like_token, pattern.bytes);
    if (like->tokens == NULL) return mr_eval_nomem(err);
    for (size_t i = 0; i < pattern.bytes;) {
        size_t step = mr_utf8_step(pattern.text + i, pattern.bytes - i);
        struct mr_span one = {pattern.text + i, step};
        struct like_token *token = &like->tokens[like->count];
        i += step;
        if (mr_span_eq(one, escape)) {
            if (i == pattern.bytes) return like_malformed(pattern, "ends with its escape", err);
            step = mr_utf8_step(pattern.text + i, pattern.bytes - i);
            one = (struct mr_span){pattern.text + i, step};
            i += step;
            if (!mr_span_is(one, "%") && !mr_span_is(one, "_") && !mr_span_eq(one, escape)) {
                return like_malformed(pattern, "quotes a character that needs no escape", err);
            }
            *token = (struct like_token){LIKE_TEXT, one};
        } else if (mr_span_is(one, "%")) {
            if (like->count > 0 && token[-1].kind == LIKE_ANY) continue;
            token->kind = LIKE_ANY;
        } else if (mr_span_is(one, "_")) {
            token->kind = LIKE_ONE;
        } else {
            *token = (struct like_token){LIKE_TEXT, one};
        }
        like->count++;
    }
    return MR_OK;
}

static bool like_match(const struct like *like, struct mr_span text)
{
    size_t at = 0, retry_at = 0;
    uint32_t token = 0, retry_token = UINT32_MAX;
    while (at < text.bytes || token < like->count) {
        if (token < like->count && like->tokens[token].kind == LIKE_ANY) {
            retry_token = ++token;
            retry_at = at;
            if (token == like->count) return true;
            continue;
        }
        if (token < like->count && at < text.bytes) {
            const struct like_token *t = &like->tokens[token];
            size_t step = t->kind == LIKE_ONE ? mr_utf8_step(text.text + at, text.bytes - at)
                                              : t->text.bytes;
            bool is_match = t->kind == LIKE_ONE ||
                            (step <= text.bytes - at &&
                             memcmp(text.text + at, t->text.text, step) == 0);
            if (is_match) {
                at += step;
                token++;
                continue;
            }
        }
        if (retry_token == UINT32_MAX || retry_at >= text.bytes) return false;
        retry_at += mr_utf8_step(text.text + retry_at, text.bytes - retry_at);
        at = retry_at;
        token = retry_token;
    }
    return true;
}

/* A constant pattern without _: the texts between its %, in order. */
struct like_pieces {
    struct like like;
    bool has_one;      /* then the pieces are not used */
    bool any_first;    /* starts with % */
    bool any_last;
    uint32_t count;
    struct mr_span *pieces;
};

static mr_status pieces_make(struct mr_arena *arena, struct like_pieces *p, struct mr_err *err)
{
    const struct like *like = &p->like;
    p->pieces = MR_ARENA_ARRAY(arena, struct mr_span, (size_t)like->count + 1);
    if (p->pieces == NULL) return mr_eval_nomem(err);
    p->any_first = like->count > 0 && like->tokens[0].kind == LIKE_ANY;
    p->any_last = like->count > 0 && like->tokens[like->count - 1].kind == LIKE_ANY;
    for (uint32_t i = 0; i < like->count;) {
        char *text = mr_arena_alloc(arena, 4 * (size_t)(like->count - i) + 1, 1);
        size_t bytes = 0;
        if (text == NULL) return mr_eval_nomem(err);
        for (; i < like->count && like->tokens[i].kind == LIKE_TEXT; i++) {
            memcpy(text + bytes, like->tokens[i].text.text, like->tokens[i].text.bytes);
            bytes += like->tokens[i].text.bytes;
        }
        p->has_one = p->has_one || (i < like->count && like->tokens[i].kind == LIKE_ONE);
        if (bytes > 0) p->pieces[p->count++] = (struct mr_span){text, bytes};
        i++;
    }
    return MR_OK;
}

static bool pieces_match(const struct like_pieces *p, struct mr_span text)
{
    uint32_t from = 0, to = p->count;
    if (p->count == 0) return p->any_first || text.bytes == 0;
    if (!p->any_first) {
        struct mr_span first = p->pieces[0];
        if (!mr_span_starts(text, first)) return false;
        text.text += first.bytes;
        text.bytes -= first.bytes;
        from = 1;
        if (to == 1) return p->any_last || text.bytes == 0;
    }
    if (!p->any_last) {
        struct mr_span last = p->pieces[to - 1];
        if (!mr_span_ends(text, last)) return false;
        text.bytes -= last.bytes;
        to--;
    }
    for (; from < to; from++) {
        const char *found = memmem(text.text, text.bytes, p->pieces[from].text,
                                   p->pieces[from].bytes);
        if (found == NULL) return false;
        size_t used = (size_t)(found - text.text) + p->pieces[from].bytes;
        text.text += used;
        text.bytes -= used;
    }
    return true;
}

mr_status mr_prepare_like(struct mr_arena *arena, const struct mr_expr *expr,
                          const void **out_prepared, struct mr_err *err)
{
    struct mr_span escape = MR_SPAN("\\");
    *out_prepared = NULL;
    for (uint32_t k = 1; k < expr->arg_count; k++) {
        if (expr->args[k]->kind != MR_EXPR_LITERAL || expr->args[k]->value.is_null) return MR_OK;
    }
    if (expr->arg_count > 2) escape = expr->args[2]->value.u.text;
    struct like_pieces *p = MR_ARENA_NEW(arena, struct like_pieces);
    if (p == NULL) return mr_eval_nomem(err);
    MR_TRY(like_compile(arena, expr->args[1]->value.u.text, escape, &p->like, err));
    MR_TRY(pieces_make(arena, p, err));
    *out_prepared = p;
    return MR_OK;
}

mr_status mr_eval_like(struct mr_call *call, struct mr_err *err)
{
    const struct like_pieces *p = call->prepared;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i), escape = MR_SPAN("\\");
        struct like like;
        if (p != NULL) {
            bool is_match = p->has_one ? like_match(&p->like, text) : pieces_match(p, text);
            mr_vec_put_bool(call->out, i, is_match);
            continue;
        }
        if (call->expr->arg_count > 2) escape = mr_operand_span(&call->args[2], i);
        MR_TRY(like_compile(call->eval->arena, mr_operand_span(&call->args[1], i), escape, &like,
                            err));
        mr_vec_put_bool(call->out, i, like_match(&like, text));
    }
    return MR_OK;
}
