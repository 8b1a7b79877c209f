/* Functions of regular expressions. A constant pattern is compiled once per program; one that comes
 * from a column, whenever it differs from the row's before. */
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/list_impl.h"
#include "core/expr/regex.h"
#include "core/expr/utf8.h"

mr_status mr_prepare_regex(struct mr_arena *arena, const struct mr_expr *expr,
                           const void **out_prepared, struct mr_err *err)
{
    const struct mr_expr *pattern = expr->args[1];
    const struct mr_regex *regex;
    *out_prepared = NULL;
    if (pattern->kind != MR_EXPR_LITERAL || pattern->value.is_null) return MR_OK;
    MR_TRY(mr_regex_compile(arena, pattern->value.u.text, &regex, err));
    *out_prepared = regex;
    return MR_OK;
}

/* A call's matching: the pattern of the row at hand. */
struct search {
    struct mr_call *call;
    struct mr_regex_room room;
    const struct mr_regex *regex;
    struct mr_span pattern; /* what `regex` was compiled from */
};

static mr_status search_begin(struct search *s, struct mr_call *call, struct mr_err *err)
{
    *s = (struct search){.call = call, .regex = call->prepared};
    return mr_regex_room_init(&s->room, call->eval->arena, err);
}

static mr_status search_row(struct search *s, uint32_t row, struct mr_err *err)
{
    if (s->call->prepared != NULL) return MR_OK;
    struct mr_span pattern = mr_operand_span(&s->call->args[1], row);
    if (s->regex != NULL && mr_span_eq(pattern, s->pattern)) return MR_OK;
    char *copy = mr_arena_copy(s->call->eval->arena, pattern); /* views may lie in the row */
    if (copy == NULL) return mr_eval_nomem(err);
    s->pattern = (struct mr_span){copy, pattern.bytes};
    return mr_regex_compile(s->call->eval->arena, s->pattern, &s->regex, err);
}

static mr_status search_find(struct search *s, uint32_t row, struct mr_span text, size_t from,
                             const size_t **out_at, struct mr_err *err)
{
    mr_status status = mr_regex_find(&s->room, s->regex, text, from, out_at, err);
    if (status != MR_E_LIMIT) return status;
    return mr_call_fail(s->call, row, 1317, err,
                        "a regular expression took more than %d steps or %d KiB",
                        MR_REGEX_STEPS_MAX, MR_REGEX_KIB_MAX);
}

/* next_from: where to look on behind a match: one character on when it was empty. */
static size_t next_from(struct mr_span text, const size_t *at)
{
    if (at[1] > at[0]) return at[1];
    if (at[1] >= text.bytes) return text.bytes + 1;
    return at[1] + mr_utf8_step(text.text + at[1], text.bytes - at[1]);
}

/* put_part: bytes of the row's text, without a copy. */
static struct mr_view part_of(const struct mr_call *call, uint32_t row, size_t from, size_t to)
{
    const struct mr_operand *a = &call->args[0];
    const struct mr_view *view =
        (const struct mr_view *)a->vec.values + (row & mr_operand_mask(a));
    return mr_view_within(a->vec.bufs, view, (uint32_t)from, (uint32_t)(to - from));
}

static void put_part(struct mr_call *call, uint32_t row, size_t from, size_t to)
{
    ((struct mr_view *)call->out->values)[row] = part_of(call, row, from, to);
}

mr_status mr_eval_rlike(struct mr_call *call, struct mr_err *err)
{
    struct search s;
    MR_TRY(search_begin(&s, call, err));
    MR_EACH_ROW(call->rows, i) {
        const size_t *at;
        MR_TRY(search_row(&s, i, err));
        MR_TRY(search_find(&s, i, mr_operand_span(&call->args[0], i), 0, &at, err));
        mr_vec_put_bool(call->out, i, at != NULL);
    }
    return MR_OK;
}

/* group_of: the group that a row asks for. */
static mr_status group_of(struct search *s, uint32_t row, uint32_t *out_group, struct mr_err *err)
{
    struct mr_call *call = s->call;
    int64_t group = call->expr->arg_count > 2 ? mr_operand_i64(&call->args[2], row) : 1;
    if (group < 0 || group > mr_regex_groups(s->regex)) {
        return mr_call_fail(call, row, 1315, err, "group %lld of a regular expression with %u",
                            (long long)group, mr_regex_groups(s->regex));
    }
    *out_group = (uint32_t)group;
    return MR_OK;
}

mr_status mr_eval_regexp_extract(struct mr_call *call, struct mr_err *err)
{
    struct search s;
    MR_TRY(search_begin(&s, call, err));
    MR_EACH_ROW(call->rows, i) {
        const size_t *at;
        uint32_t group;
        MR_TRY(search_row(&s, i, err));
        MR_TRY(group_of(&s, i, &group, err));
        MR_TRY(search_find(&s, i, mr_operand_span(&call->args[0], i), 0, &at, err));
        bool is_there = at != NULL && at[2 * group] != SIZE_MAX;
        put_part(call, i, is_there ? at[2 * group] : 0, is_there ? at[2 * group + 1] : 0);
    }
    return MR_OK;
}

mr_status mr_eval_regexp_substr(struct mr_call *call, struct mr_err *err)
{
    struct search s;
    MR_TRY(search_begin(&s, call, err));
    MR_EACH_ROW(call->rows, i) {
        const size_t *at;
        MR_TRY(search_row(&s, i, err));
        MR_TRY(search_find(&s, i, mr_operand_span(&call->args[0], i), 0, &at, err));
        if (at == NULL) MR_TRY(mr_call_null(call, i, err));
        else put_part(call, i, at[0], at[1]);
    }
    return MR_OK;
}

/* regexp_count and regexp_instr. */
mr_status mr_eval_regexp_count(struct mr_call *call, struct mr_err *err)
{
    struct search s;
    bool is_place = call->expr->function->op == MR_OP_POSITION;
    MR_TRY(search_begin(&s, call, err));
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        const size_t *at;
        int32_t count = 0;
        MR_TRY(search_row(&s, i, err));
        MR_TRY(search_find(&s, i, text, 0, &at, err));
        if (is_place && at != NULL) {
            count = (int32_t)mr_utf8_count((struct mr_span){text.text, at[0]}) + 1;
        }
        while (!is_place && at != NULL) {
            count++;
            MR_TRY(search_find(&s, i, text, next_from(text, at), &at, err));
        }
        ((int32_t *)call->out->values)[i] = count;
    }
    return MR_OK;
}

/* Texts that are parts of the rows' texts, list after list. */
struct parts {
    struct mr_list_plan plan; /* for its offsets; index and source are not used */
    struct mr_view *views;
    uint32_t room;
};

static mr_status parts_add(struct parts *p, struct mr_view view, struct mr_err *err)
{
    if (p->plan.count == p->room) {
        uint32_t room = MR_MAX(2 * p->room, 256u);
        if (room > INT32_MAX / 2) {
            return mr_err_set(err, MR_E_LIMIT, 1310, "the lists of one batch are too long");
        }
        struct mr_view *views =
            mr_arena_alloc(p->plan.call->eval->arena, room * sizeof *views, 64);
        if (views == NULL) return mr_eval_nomem(err);
        if (p->room > 0) memcpy(views, p->views, p->room * sizeof *views);
        p->views = views;
        p->room = room;
    }
    p->views[p->plan.count++] = view;
    return MR_OK;
}

static mr_status parts_end(struct parts *p, struct mr_err *err)
{
    MR_TRY(mr_list_offsets(&p->plan, err));
    struct mr_vec *out = p->plan.call->out;
    if (p->views == NULL) {
        p->views = mr_arena_zeroed(p->plan.call->eval->arena, sizeof *p->views, 64);
        if (p->views == NULL) return mr_eval_nomem(err);
    }
    out->children[0] = (struct mr_vec){.type = out->type->fields[0].type, .rows = p->plan.count,
                                       .values = p->views,
                                       .bufs = &p->plan.call->eval->root->bufs};
    return MR_OK;
}

mr_status mr_eval_regexp_extract_all(struct mr_call *call, struct mr_err *err)
{
    struct search s;
    struct parts parts = {0};
    MR_TRY(search_begin(&s, call, err));
    MR_TRY(mr_list_begin(&parts.plan, call, err));
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        const size_t *at;
        uint32_t group;
        MR_TRY(search_row(&s, i, err));
        MR_TRY(group_of(&s, i, &group, err));
        MR_TRY(search_find(&s, i, text, 0, &at, err));
        while (at != NULL) {
            bool is_there = at[2 * group] != SIZE_MAX;
            MR_TRY(parts_add(&parts, part_of(call, i, is_there ? at[2 * group] : 0,
                                             is_there ? at[2 * group + 1] : 0), err));
            MR_TRY(search_find(&s, i, text, next_from(text, at), &at, err));
        }
        mr_list_close(&parts.plan, i);
    }
    return parts_end(&parts, err);
}

/* split_row: Java's split: an empty match at the front splits nothing off; with a limit the rest
 * stays in the last part. */
static mr_status split_row(struct search *s, struct parts *parts, uint32_t row, struct mr_err *err)
{
    struct mr_call *call = s->call;
    struct mr_span text = mr_operand_span(&call->args[0], row);
    int64_t limit = mr_operand_i64(&call->args[2], row), count = 0;
    size_t from = 0;
    const size_t *at;
    MR_TRY(search_find(s, row, text, 0, &at, err));
    while (at != NULL && (limit <= 0 || count + 1 < limit)) {
        size_t next = next_from(text, at);
        bool is_empty_front = at[1] == 0;
        /* An empty match at the very end ends the last part, which is then empty. */
        if (!is_empty_front) {
            size_t to = at[0], behind = at[1];
            MR_TRY(parts_add(parts, part_of(call, row, from, to), err));
            from = behind;
            count++;
        }
        MR_TRY(search_find(s, row, text, next, &at, err));
    }
    return parts_add(parts, part_of(call, row, from, text.bytes), err);
}

/* split_chars: an empty pattern splits between all characters. */
static mr_status split_chars(struct mr_call *call, struct parts *parts, uint32_t row,
                             struct mr_err *err)
{
    struct mr_span text = mr_operand_span(&call->args[0], row);
    int64_t limit = mr_operand_i64(&call->args[2], row), count = 0;
    if (text.bytes == 0) return parts_add(parts, part_of(call, row, 0, 0), err);
    for (size_t at = 0; at < text.bytes && (limit <= 0 || count < limit); count++) {
        bool is_last = limit > 0 && count + 1 == limit;
        size_t step = is_last ? text.bytes - at : mr_utf8_step(text.text + at, text.bytes - at);
        MR_TRY(parts_add(parts, part_of(call, row, at, at + step), err));
        at += step;
    }
    return MR_OK;
}

mr_status mr_eval_split(struct mr_call *call, struct mr_err *err)
{
    struct search s;
    struct parts parts = {0};
    MR_TRY(search_begin(&s, call, err));
    MR_TRY(mr_list_begin(&parts.plan, call, err));
    MR_EACH_ROW(call->rows, i) {
        MR_TRY(search_row(&s, i, err));
        if (mr_operand_span(&call->args[1], i).bytes == 0) {
            MR_TRY(split_chars(call, &parts, i, err));
        } else {
            MR_TRY(split_row(&s, &parts, i, err));
        }
        mr_list_close(&parts.plan, i);
    }
    return parts_end(&parts, err);
}

/* ---- regexp_replace ---- */

/* reference: the group that a `$` in a replacement names; what it takes of the text is *used.
 * returns -1 when it is malformed or there is no such group */
static int32_t reference(const struct mr_regex *regex, struct mr_span by, size_t at, size_t *used)
{
    if (at + 1 >= by.bytes) return -1;
    if (by.text[at + 1] == '{') {
        const char *end = memchr(by.text + at, '}', by.bytes - at);
        if (end == NULL) return -1;
        *used = (size_t)(end - by.text) + 1 - at;
        return mr_regex_group(regex, (struct mr_span){by.text + at + 2, *used - 3});
    }
    uint32_t group = (uint32_t)(by.text[at + 1] - '0'), groups = mr_regex_groups(regex);
    if (group > 9 || group > groups) return -1;
    *used = 2;
    /* Further digits belong to the number as long as there is such a group. */
    while (at + *used < by.bytes) {
        uint32_t digit = (uint32_t)(by.text[at + *used] - '0');
        if (digit > 9 || group * 10 + digit > groups) break;
        group = group * 10 + digit;
        (*used)++;
    }
    return (int32_t)group;
}

/* put_replacement: appends what stands for a match. */
static mr_status put_replacement(struct search *s, uint32_t row, struct mr_span text,
                                 struct mr_span by, const size_t *at, struct mr_text *out,
                                 struct mr_err *err)
{
    for (size_t k = 0; k < by.bytes;) {
        if (by.text[k] == '\\' && k + 1 < by.bytes) {
            mr_text_addc(out, by.text[k + 1]);
            k += 2;
            continue;
        }
        if (by.text[k] != '$' && by.text[k] != '\\') {
            mr_text_addc(out, by.text[k++]);
            continue;
        }
        size_t used = 0;
        int32_t group = by.text[k] == '$' ? reference(s->regex, by, k, &used) : -1;
        if (group < 0) {
            return mr_call_fail(s->call, row, 1315, err,
                                "a replacement that names no group of the regular expression");
        }
        if (at[2 * group] != SIZE_MAX) {
            mr_text_add(out, text.text + at[2 * group], at[2 * group + 1] - at[2 * group]);
        }
        k += used;
    }
    return MR_OK;
}

static mr_status replace_row(struct search *s, uint32_t row, size_t from, struct mr_text *out,
                             struct mr_err *err)
{
    struct mr_span text = mr_operand_span(&s->call->args[0], row);
    struct mr_span by = mr_operand_span(&s->call->args[2], row);
    const size_t *at;
    size_t copied = 0;
    MR_TRY(search_find(s, row, text, from, &at, err));
    if (at == NULL) {
        put_part(s->call, row, 0, text.bytes);
        return MR_OK;
    }
    mr_text_reset(out);
    while (at != NULL) {
        mr_text_add(out, text.text + copied, at[0] - copied);
        MR_TRY(put_replacement(s, row, text, by, at, out, err));
        copied = at[1];
        MR_TRY(search_find(s, row, text, next_from(text, at), &at, err));
    }
    mr_text_add(out, text.text + copied, text.bytes - copied);
    MR_TRY(mr_text_end(out, err));
    return mr_eval_put_text(s->call, row, mr_text_span(out), err);
}

mr_status mr_eval_regexp_replace(struct mr_call *call, struct mr_err *err)
{
    struct search s;
    struct mr_text out;
    mr_status status = search_begin(&s, call, err);
    if (status != MR_OK) return status;
    mr_text_init(&out, call->eval->arena->heap);
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        int64_t start = mr_operand_i64(&call->args[3], i);
        if (start <= 0) {
            status = mr_call_fail(call, i, 1315, err, "position %lld", (long long)start);
            break;
        }
        size_t from = mr_utf8_skip(text, (size_t)start - 1);
        bool is_behind = start > 1 && from == text.bytes;
        status = search_row(&s, i, err);
        if (status == MR_OK && is_behind) put_part(call, i, 0, text.bytes);
        else if (status == MR_OK) status = replace_row(&s, i, from, &out, err);
        if (status != MR_OK) break;
    }
    mr_text_fini(&out);
    return status;
}
