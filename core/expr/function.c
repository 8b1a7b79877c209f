#include "core/expr/function.h"

#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"

static const struct mr_function functions[] = {
#define MR_FUNCTION(name_, group_, min_, max_, nulls_, flags_, note_, op_, takes_, gives_,         \
                    resolve_, prepare_, eval_, usage_, doc_)                                       \
    {.name = name_, .group = group_, .args_min = min_, .args_max = max_, .flags = flags_,          \
     .op = MR_OP_##op_, .nulls = MR_NULLS_##nulls_, .notation = MR_NOTE_##note_, .takes = takes_,  \
     .gives = gives_, .resolve = resolve_, .prepare = prepare_, .eval = eval_, .usage = usage_,    \
     .doc = doc_},
#include "core/expr/functions.def"
#undef MR_FUNCTION
};

const struct mr_function *mr_function_at(uint32_t index)
{
    return index < MR_COUNT_OF(functions) ? &functions[index] : NULL;
}

const struct mr_function *mr_function_find(struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(functions); i++) {
        if (mr_span_ieq(name, mr_span_of(functions[i].name))) return &functions[i];
    }
    return NULL;
}

enum { NEAR_NAME_MAX = 32, NEAR_EDITS_MAX = 2 };

/* edits: Levenshtein's distance of two short names, by one row of his table. */
static uint32_t edits(struct mr_span a, struct mr_span b)
{
    uint32_t row[NEAR_NAME_MAX + 1];
    if (a.bytes > NEAR_NAME_MAX || b.bytes > NEAR_NAME_MAX) return UINT32_MAX;
    for (uint32_t j = 0; j <= b.bytes; j++) row[j] = j;
    for (uint32_t i = 0; i < a.bytes; i++) {
        uint32_t diagonal = row[0];
        row[0] = i + 1;
        for (uint32_t j = 0; j < b.bytes; j++) {
            uint32_t above = row[j + 1];
            uint32_t change = diagonal + ((a.text[i] | 0x20) != (b.text[j] | 0x20));
            row[j + 1] = MR_MIN(change, MR_MIN(above, row[j]) + 1);
            diagonal = above;
        }
    }
    return row[b.bytes];
}

const char *mr_function_near(struct mr_span name)
{
    const char *found = NULL;
    uint32_t least = NEAR_EDITS_MAX + 1;
    for (size_t i = 0; i < MR_COUNT_OF(functions); i++) {
        struct mr_span other = mr_span_of(functions[i].name);
        uint32_t distance = edits(name, other);
        if (distance < least && distance < other.bytes / 2) {
            least = distance;
            found = functions[i].name;
        }
    }
    return found;
}

static mr_status count_wrong(const struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_function *f = resolve->function;
    if (f->args_min == f->args_max) {
        return mr_err_set(err, MR_E_TYPE, 1303, "%s takes %u argument%s, not %u", f->name,
                          f->args_min, f->args_min == 1 ? "" : "s", resolve->arg_count);
    }
    if (f->args_max == MR_FN_ARGS_ANY) {
        return mr_err_set(err, MR_E_TYPE, 1303, "%s takes at least %u argument%s, not %u", f->name,
                          f->args_min, f->args_min == 1 ? "" : "s", resolve->arg_count);
    }
    return mr_err_set(err, MR_E_TYPE, 1303, "%s takes %u to %u arguments, not %u", f->name,
                      f->args_min, f->args_max, resolve->arg_count);
}

static mr_type_id type_of_letter(char letter)
{
    switch (letter) {
    case 'b': return MR_TYPE_BOOLEAN;
    case 'y': return MR_TYPE_BYTE;
    case 'h': return MR_TYPE_SHORT;
    case 'i':
    case 'n': return MR_TYPE_INT;
    case 'l': return MR_TYPE_LONG;
    case 'f': return MR_TYPE_FLOAT;
    case 'd': return MR_TYPE_DOUBLE;
    case 'x': return MR_TYPE_BINARY;
    case 'D': return MR_TYPE_DATE;
    case 'N': return MR_TYPE_TIMESTAMP_NTZ;
    case 'T':
    case 't': return MR_TYPE_TIMESTAMP;
    default: MR_ASSERT(letter == 's' || letter == 'z'); return MR_TYPE_STRING;
    }
}

static mr_status argument_wrong(const struct mr_resolve *resolve, uint32_t k, mr_type_id wanted,
                                struct mr_err *err)
{
    char want[MR_TYPE_TEXT_MAX], got[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s as argument %u, not %s",
                      resolve->function->name,
                      mr_type_describe(mr_type_of(wanted), want, sizeof want), k + 1,
                      mr_type_describe(resolve->args[k]->type, got, sizeof got));
}

static mr_status take_letter(struct mr_resolve *resolve, uint32_t k, char letter,
                             struct mr_err *err)
{
    const struct mr_type *from = resolve->args[k]->type;
    if (resolve->args[k]->kind == MR_EXPR_LAMBDA) {
        if (resolve->function->flags & MR_FN_LAMBDA) return MR_OK;
        return mr_err_set(err, MR_E_TYPE, 1301, "%s takes no lambda function as argument %u",
                          resolve->function->name, k + 1);
    }
    if (letter == '*' || (letter == 'z' && from->id == MR_TYPE_BINARY) ||
        (letter == 't' && from->id == MR_TYPE_TIMESTAMP_NTZ)) {
        return MR_OK;
    }
    mr_type_id wanted = type_of_letter(letter);
    bool is_narrow = letter != 'n' || !mr_type_is_number(from) ||
                     (from->id >= MR_TYPE_BYTE && from->id <= MR_TYPE_INT);
    if (!is_narrow || !mr_cast_is_implicit(from, mr_type_of(wanted))) {
        return argument_wrong(resolve, k, wanted, err);
    }
    return mr_expr_implicit(resolve->builder, resolve->args[k], mr_type_of(wanted),
                            &resolve->args[k], err);
}

mr_status mr_function_resolve(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_function *function = resolve->function;
    bool has_limit = function->args_max != MR_FN_ARGS_ANY;
    if (function->flags & MR_FN_GENERATOR) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 1004,
                          "%s gives rows: it may not stand inside an expression", function->name);
    }
    if (resolve->arg_count < function->args_min ||
        (has_limit && resolve->arg_count > function->args_max)) {
        return count_wrong(resolve, err);
    }
    size_t letters = strlen(function->takes);
    for (uint32_t k = 0; k < resolve->arg_count; k++) {
        char letter = function->takes[MR_MIN(k, letters - 1)];
        MR_TRY(take_letter(resolve, k, letter, err));
        resolve->is_nullable = resolve->is_nullable || resolve->args[k]->is_nullable;
    }
    if (function->flags & MR_FN_TRY) resolve->is_nullable = true;
    if (!resolve->builder->is_ansi) resolve->is_nullable = true;
    if (function->gives == 'A') resolve->type = resolve->args[0]->type;
    else if (function->gives != '?') resolve->type = mr_type_of(type_of_letter(function->gives));
    if (function->resolve != NULL) MR_TRY(function->resolve(resolve, err));
    MR_ASSERT(resolve->rewritten != NULL || resolve->type != NULL);
    return MR_OK;
}
