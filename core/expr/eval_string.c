/* Strings. What is a part of a value is a view into it; what is new is written once. */
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/letter_case.h"
#include "core/expr/utf8.h"

static const struct mr_view *operand_view(const struct mr_operand *operand, uint32_t row)
{
    return (const struct mr_view *)operand->vec.values + (row & mr_operand_mask(operand));
}

/* put_within: a part of argument `k`, without a copy. */
static void put_within(struct mr_call *call, uint32_t row, uint32_t k, uint32_t off, uint32_t bytes)
{
    const struct mr_operand *a = &call->args[k];
    ((struct mr_view *)call->out->values)[row] =
        mr_view_within(a->vec.bufs, operand_view(a, row), off, bytes);
}

/* status_of: what a failed mr_text_room left in err (never null inside a run). */
static mr_status room_failed(const struct mr_err *err)
{
    return err->status;
}

static mr_status concat_arrays(struct mr_call *call, struct mr_err *err);

mr_status mr_eval_concat(struct mr_call *call, struct mr_err *err)
{
    uint32_t count = call->expr->arg_count;
    if (call->expr->type->id == MR_TYPE_ARRAY) return concat_arrays(call, err);
    MR_EACH_ROW(call->rows, i) {
        size_t bytes = 0;
        for (uint32_t k = 0; k < count; k++) bytes += operand_view(&call->args[k], i)->bytes;
        char *room = mr_text_room(call->eval, bytes, err);
        if (room == NULL) return room_failed(err);
        size_t used = 0;
        for (uint32_t k = 0; k < count; k++) {
            struct mr_span part = mr_operand_span(&call->args[k], i);
            if (part.bytes > 0) memcpy(room + used, part.text, part.bytes);
            used += part.bytes;
        }
        ((struct mr_view *)call->out->values)[i] = mr_text_done(call->eval, room, used);
    }
    return MR_OK;
}

/* concat_arrays: the elements gathered, list after list. */
static mr_status concat_arrays(struct mr_call *call, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    struct mr_vec *out = call->out;
    uint32_t count = call->expr->arg_count, total = 0;
    out->offsets = MR_ARENA_ARRAY(eval->arena, uint32_t, (size_t)out->rows + 1);
    const struct mr_vec **sources = MR_ARENA_ARRAY(eval->arena, const struct mr_vec *, count);
    out->children = MR_ARENA_NEW(eval->arena, struct mr_vec);
    if (out->offsets == NULL || sources == NULL || out->children == NULL) return mr_eval_nomem(err);
    MR_EACH_ROW(call->rows, i) {
        for (uint32_t k = 0; k < count; k++) {
            const struct mr_operand *arg = &call->args[k];
            uint32_t row = i & mr_operand_mask(arg);
            sources[k] = &arg->vec.children[0];
            out->offsets[i + 1] += arg->vec.offsets[row + 1] - arg->vec.offsets[row];
        }
    }
    for (uint32_t i = 0; i < out->rows; i++) out->offsets[i + 1] += out->offsets[i];
    uint16_t *source = MR_ARENA_ARRAY(eval->arena, uint16_t, out->offsets[out->rows]);
    uint32_t *index = MR_ARENA_ARRAY(eval->arena, uint32_t, out->offsets[out->rows]);
    if (source == NULL || index == NULL) return mr_eval_nomem(err);
    MR_EACH_ROW(call->rows, i) {
        total = out->offsets[i];
        for (uint32_t k = 0; k < count; k++) {
            const struct mr_operand *arg = &call->args[k];
            uint32_t row = i & mr_operand_mask(arg);
            for (uint32_t at = arg->vec.offsets[row]; at < arg->vec.offsets[row + 1]; at++) {
                source[total] = (uint16_t)k;
                index[total++] = at;
            }
        }
    }
    struct mr_gather gather = {.eval = eval, .sources = sources, .source = source, .index = index,
                               .rows = out->offsets[out->rows]};
    return mr_gather_run(&gather, out->type->fields[0].type, out->children, err);
}

mr_status mr_eval_concat_ws(struct mr_call *call, struct mr_err *err)
{
    uint32_t count = call->expr->arg_count;
    MR_EACH_ROW(call->rows, i) {
        if (mr_operand_is_null(&call->args[0], i)) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        struct mr_span between = mr_operand_span(&call->args[0], i);
        size_t bytes = between.bytes * count;
        for (uint32_t k = 1; k < count; k++) {
            if (!mr_operand_is_null(&call->args[k], i))
                bytes += operand_view(&call->args[k], i)->bytes;
        }
        char *room = mr_text_room(call->eval, bytes, err);
        if (room == NULL) return room_failed(err);
        size_t used = 0;
        bool is_first = true;
        for (uint32_t k = 1; k < count; k++) {
            if (mr_operand_is_null(&call->args[k], i)) continue;
            struct mr_span part = mr_operand_span(&call->args[k], i);
            if (!is_first && between.bytes > 0) memcpy(room + used, between.text, between.bytes);
            used += is_first ? 0 : between.bytes;
            if (part.bytes > 0) memcpy(room + used, part.text, part.bytes);
            used += part.bytes;
            is_first = false;
        }
        ((struct mr_view *)call->out->values)[i] = mr_text_done(call->eval, room, used);
    }
    return MR_OK;
}

mr_status mr_eval_change_case(struct mr_call *call, struct mr_err *err)
{
    bool is_upper = call->expr->function->op == MR_OP_UPPER;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        char *room = mr_text_room(call->eval, mr_letter_room(text.bytes), err);
        if (room == NULL) return room_failed(err);
        size_t bytes = is_upper ? mr_letter_upper(text, room) : mr_letter_lower(text, room);
        ((struct mr_view *)call->out->values)[i] = mr_text_done(call->eval, room, bytes);
    }
    return MR_OK;
}

mr_status mr_eval_length(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    bool is_binary = call->args[0].vec.type->id == MR_TYPE_BINARY;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        ((int32_t *)call->out->values)[i] = (int32_t)(is_binary ? text.bytes : mr_utf8_count(text));
    }
    return MR_OK;
}

mr_status mr_eval_octets(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        ((int32_t *)call->out->values)[i] = (int32_t)operand_view(&call->args[0], i)->bytes;
    }
    return MR_OK;
}

/* substring_range: first character and number of characters, by the rules of SQL: a start before
 * the text eats into the length. */
static void substring_range(mr_op op, int64_t count, int64_t start, int64_t length,
                            int64_t *out_from, int64_t *out_count)
{
    if (op == MR_OP_LEFT) {
        start = 1;
    } else if (op == MR_OP_RIGHT) {
        start = length <= 0 ? count + 1 : count - MR_MIN(length, count) + 1;
    }
    int64_t from = start > 0 ? start - 1 : start < 0 ? count + start : 0;
    int64_t to = from + MR_MAX(length, 0);
    from = MR_MAX(from, 0);
    to = MR_MIN(to, count);
    *out_from = MR_MIN(from, count);
    *out_count = MR_MAX(to - from, 0);
}

mr_status mr_eval_substring(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    mr_op op = call->expr->function->op;
    const struct mr_operand *args = call->args;
    bool is_binary = args[0].vec.type->id == MR_TYPE_BINARY;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&args[0], i);
        int64_t second = mr_operand_i64(&args[1], i), length = INT32_MAX, from, count;
        if (call->expr->arg_count > 2) length = mr_operand_i64(&args[2], i);
        else if (op != MR_OP_NONE) length = second;
        /* Only a start from the end needs the number of characters. */
        bool is_counted = !is_binary && (second < 0 || op == MR_OP_RIGHT);
        int64_t chars = (int64_t)(is_counted ? mr_utf8_count(text) : text.bytes);
        substring_range(op, chars, second, length, &from, &count);
        uint32_t off = (uint32_t)from, bytes = (uint32_t)count;
        if (!is_binary) {
            off = (uint32_t)mr_utf8_skip(text, (size_t)from);
            struct mr_span rest = {text.text + off, text.bytes - off};
            bytes = (uint32_t)mr_utf8_skip(rest, (size_t)count);
        }
        put_within(call, i, 0, off, bytes);
    }
    return MR_OK;
}

/* set_has: whether the character at `at` is one of `set`'s. */
static bool set_has(struct mr_span set, const char *at, size_t bytes)
{
    for (size_t i = 0; i < set.bytes;) {
        size_t step = mr_utf8_step(set.text + i, set.bytes - i);
        if (step == bytes && memcmp(set.text + i, at, bytes) == 0) return true;
        i += step;
    }
    return false;
}

/* last_step: bytes of the last character. */
static size_t last_step(struct mr_span text)
{
    for (size_t back = MR_MIN(text.bytes, 4u); back > 1; back--) {
        if (mr_utf8_step(text.text + text.bytes - back, back) == back) return back;
    }
    return 1;
}

mr_status mr_eval_trim(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    mr_op op = call->expr->function->op;
    /* trim(characters, s), but btrim(s, characters). */
    uint32_t from = call->expr->arg_count > 1 && op != MR_OP_NONE;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[from], i), set = MR_SPAN(" ");
        if (call->expr->arg_count > 1) set = mr_operand_span(&call->args[1 - from], i);
        uint32_t off = 0;
        while (op != MR_OP_TRAILING && text.bytes > 0) {
            size_t step = mr_utf8_step(text.text, text.bytes);
            if (!set_has(set, text.text, step)) break;
            text.text += step;
            text.bytes -= step;
            off += (uint32_t)step;
        }
        while (op != MR_OP_LEADING && text.bytes > 0) {
            size_t step = last_step(text);
            if (!set_has(set, text.text + text.bytes - step, step)) break;
            text.bytes -= step;
        }
        put_within(call, i, from, off, (uint32_t)text.bytes);
    }
    return MR_OK;
}

/* find: offset of the first `part` in text from `from`, or text.bytes + 1. */
static size_t find(struct mr_span text, struct mr_span part, size_t from)
{
    if (part.bytes == 0) return from;
    if (part.bytes > text.bytes - from) return text.bytes + 1;
    const char *found = memmem(text.text + from, text.bytes - from, part.text, part.bytes);
    return found == NULL ? text.bytes + 1 : (size_t)(found - text.text);
}

mr_status mr_eval_contains(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    mr_op op = call->expr->function->op;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        struct mr_span part = mr_operand_span(&call->args[1], i);
        bool is_in = op == MR_OP_STARTS ? mr_span_starts(text, part)
                     : op == MR_OP_ENDS ? mr_span_ends(text, part)
                                        : find(text, part, 0) <= text.bytes;
        mr_vec_put_bool(call->out, i, is_in);
    }
    return MR_OK;
}

mr_status mr_eval_instr(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        size_t at = find(text, mr_operand_span(&call->args[1], i), 0);
        struct mr_span before = {text.text, MR_MIN(at, text.bytes)};
        ((int32_t *)call->out->values)[i] =
            at > text.bytes ? 0 : (int32_t)mr_utf8_count(before) + 1;
    }
    return MR_OK;
}

/* replaced_bytes: length of the result; hits counted too. */
static size_t replaced_bytes(struct mr_span text, struct mr_span part, struct mr_span by,
                             size_t *out_hits)
{
    size_t hits = 0;
    for (size_t at = find(text, part, 0); part.bytes > 0 && at <= text.bytes;
         at = find(text, part, at + part.bytes)) {
        hits++;
    }
    *out_hits = hits;
    return text.bytes - hits * part.bytes + hits * by.bytes;
}

mr_status mr_eval_replace(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i), by = {"", 0};
        struct mr_span part = mr_operand_span(&call->args[1], i);
        size_t hits, used = 0, from = 0;
        if (call->expr->arg_count > 2) by = mr_operand_span(&call->args[2], i);
        size_t bytes = replaced_bytes(text, part, by, &hits);
        if (hits == 0) {
            put_within(call, i, 0, 0, (uint32_t)text.bytes);
            continue;
        }
        char *room = mr_text_room(call->eval, bytes, err);
        if (room == NULL) return room_failed(err);
        for (; hits > 0; hits--) {
            size_t at = find(text, part, from);
            memcpy(room + used, text.text + from, at - from);
            used += at - from;
            if (by.bytes > 0) memcpy(room + used, by.text, by.bytes);
            used += by.bytes;
            from = at + part.bytes;
        }
        memcpy(room + used, text.text + from, text.bytes - from);
        ((struct mr_view *)call->out->values)[i] = mr_text_done(call->eval, room, bytes);
    }
    return MR_OK;
}
