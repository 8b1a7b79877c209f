/* Literals from their tokens. */
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/expr_impl.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

static mr_status literal_range(struct mr_span token, const char *type, struct mr_err *err)
{
    return mr_err_set(err, MR_E_SYNTAX, 1307, "%.*s is out of range for %s",
                      (int)MR_MIN(token.bytes, 80u), token.text, type);
}

static mr_status literal_syntax(struct mr_span token, const char *type, struct mr_err *err)
{
    return mr_err_set(err, MR_E_SYNTAX, 1307, "\"%.*s\" is no %s literal",
                      (int)MR_MIN(token.bytes, 80u), token.text, type);
}

static mr_status number_decimal(struct mr_expr_builder *builder, struct mr_span token,
                                const struct mr_expr **out_expr, struct mr_err *err)
{
    int64_t precision, scale;
    if (mr_decimal_digits(token.text, token.bytes, &precision, &scale) == MR_PARSE_SYNTAX) {
        return literal_syntax(token, "decimal", err);
    }
    if (scale < 0) {
        precision -= scale;
        scale = 0;
    }
    precision = MR_MAX(MR_MAX(precision, scale), 1);
    if (precision > MR_DECIMAL_PRECISION_MAX) return literal_range(token, "DECIMAL(38)", err);
    struct mr_value value = {
        .type = mr_type_decimal(builder->arena, (unsigned)precision, (unsigned)scale)};
    if (value.type == NULL) return mr_expr_nomem(err);
    mr_parse parse = mr_decimal_parse(token.text, token.bytes, (unsigned)precision,
                                      (unsigned)scale, &value.u.i128);
    if (parse != MR_PARSE_OK) return literal_range(token, "DECIMAL(38)", err);
    return mr_expr_literal(builder, &value, out_expr, err);
}

static mr_status number_double(struct mr_expr_builder *builder, struct mr_span token,
                               mr_type_id id, const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_value value = {.type = mr_type_of(id)};
    mr_parse parse;
    if (id == MR_TYPE_FLOAT) {
        float narrow = 0;
        parse = mr_float_parse(token.text, token.bytes, &narrow);
        value.u.f64 = narrow;
    } else {
        parse = mr_double_parse(token.text, token.bytes, &value.u.f64);
    }
    if (parse == MR_PARSE_SYNTAX) return literal_syntax(token, "number", err);
    if (__builtin_isinf(value.u.f64)) {
        return literal_range(token, id == MR_TYPE_FLOAT ? "FLOAT" : "DOUBLE", err);
    }
    return mr_expr_literal(builder, &value, out_expr, err);
}

/* number_integer: id VOID picks int, bigint or decimal by size. */
static mr_status number_integer(struct mr_expr_builder *builder, struct mr_span token,
                                mr_type_id id, const struct mr_expr **out_expr, struct mr_err *err)
{
    static const int64_t most[] = {[MR_TYPE_BYTE] = INT8_MAX, [MR_TYPE_SHORT] = INT16_MAX,
                                   [MR_TYPE_INT] = INT32_MAX, [MR_TYPE_LONG] = INT64_MAX};
    struct mr_value value = {0};
    mr_parse parse = mr_i64_parse(token.text, token.bytes, &value.u.i64);
    if (parse == MR_PARSE_SYNTAX) return literal_syntax(token, "integer", err);
    if (id == MR_TYPE_VOID) {
        if (parse == MR_PARSE_OVERFLOW) return number_decimal(builder, token, out_expr, err);
        bool is_int = value.u.i64 >= INT32_MIN && value.u.i64 <= INT32_MAX;
        id = is_int ? MR_TYPE_INT : MR_TYPE_LONG;
    }
    value.type = mr_type_of(id);
    if (parse == MR_PARSE_OVERFLOW || value.u.i64 > most[id] || value.u.i64 < -most[id] - 1) {
        return literal_range(token, mr_type_name(id), err);
    }
    return mr_expr_literal(builder, &value, out_expr, err);
}

mr_status mr_expr_number(struct mr_expr_builder *builder, struct mr_span token,
                         const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_span body = token;
    char last = 0;
    if (token.bytes > 1) last = (char)(token.text[token.bytes - 1] & ~0x20);
    bool has_suffix = last >= 'A' && last <= 'Z';
    if (has_suffix) body.bytes--;
    if (last == 'D' && body.bytes > 1 && (body.text[body.bytes - 1] & ~0x20) == 'B') {
        body.bytes--;
        return number_decimal(builder, body, out_expr, err);
    }
    switch (has_suffix ? last : 0) {
    case 'L': return number_integer(builder, body, MR_TYPE_LONG, out_expr, err);
    case 'S': return number_integer(builder, body, MR_TYPE_SHORT, out_expr, err);
    case 'Y': return number_integer(builder, body, MR_TYPE_BYTE, out_expr, err);
    case 'D': return number_double(builder, body, MR_TYPE_DOUBLE, out_expr, err);
    case 'F': return number_double(builder, body, MR_TYPE_FLOAT, out_expr, err);
    case 0: break;
    default: return literal_syntax(token, "number", err);
    }
    bool has_point = false, has_exponent = false;
    for (size_t i = 0; i < token.bytes; i++) {
        has_point = has_point || token.text[i] == '.';
        has_exponent = has_exponent || (token.text[i] & ~0x20) == 'E';
    }
    if (has_exponent) return number_double(builder, token, MR_TYPE_DOUBLE, out_expr, err);
    if (has_point) return number_decimal(builder, token, out_expr, err);
    return number_integer(builder, token, MR_TYPE_VOID, out_expr, err);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static mr_status literal_hex(struct mr_expr_builder *builder, struct mr_span text,
                             const struct mr_expr **out_expr, struct mr_err *err)
{
    size_t bytes = (text.bytes + 1) / 2;
    char *out = mr_arena_alloc(builder->arena, bytes + 1, 1);
    if (out == NULL) return mr_expr_nomem(err);
    memset(out, 0, bytes + 1);
    for (size_t i = 0; i < text.bytes; i++) {
        int digit = hex_digit(text.text[i]);
        if (digit < 0) return literal_syntax(text, "hexadecimal", err);
        /* An odd first digit stands alone: X'F' is 0F. */
        size_t at = (i + text.bytes % 2) / 2;
        out[at] = (char)((unsigned char)out[at] << 4 | digit);
    }
    struct mr_value value = {.type = mr_type_of(MR_TYPE_BINARY), .u.text = {out, bytes}};
    return mr_expr_literal(builder, &value, out_expr, err);
}

mr_status mr_expr_text_literal(struct mr_expr_builder *builder, const struct mr_type *type,
                               struct mr_span text, const struct mr_expr **out_expr,
                               struct mr_err *err)
{
    if (type->id == MR_TYPE_BINARY) return literal_hex(builder, text, out_expr, err);
    MR_ASSERT(mr_type_is_time(type));
    struct mr_span trimmed = mr_span_trim(text);
    struct mr_value value = {.type = type};
    mr_parse parse;
    if (type->id == MR_TYPE_DATE) {
        int32_t days = 0;
        parse = mr_date_parse(trimmed.text, trimmed.bytes, &days);
        value.u.i64 = days;
    } else if (type->id == MR_TYPE_TIMESTAMP) {
        parse = mr_timestamp_parse(trimmed.text, trimmed.bytes, builder->zone, &value.u.i64);
    } else {
        parse = mr_timestamp_ntz_parse(trimmed.text, trimmed.bytes, true, &value.u.i64);
    }
    if (parse == MR_PARSE_OVERFLOW) return literal_range(text, mr_type_name(type->id), err);
    if (parse == MR_PARSE_SYNTAX) return literal_syntax(text, mr_type_name(type->id), err);
    struct mr_expr draft = {.kind = MR_EXPR_LITERAL, .type = type, .value = value,
                            .is_deterministic = true, .is_constant = true};
    if (type->id == MR_TYPE_TIMESTAMP) {
        char local_text[MR_TIME_TEXT_MAX];
        int64_t local = value.u.i64;
        (void)mr_zone_to_local(builder->zone, local,
                               &local); /* beyond 64 bits it is shown in UTC */
        draft.name.bytes = mr_timestamp_text(local, local_text);
        draft.name.text =
            mr_arena_copy(builder->arena, (struct mr_span){local_text, draft.name.bytes});
        if (draft.name.text == NULL) return mr_expr_nomem(err);
    }
    return mr_expr_finish(builder, draft, NULL, 0, out_expr, err);
}
