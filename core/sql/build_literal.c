/* Literals: from the text of a token to a value.
 *
 * String escapes are Spark's: \0 \b \n \r \t \Z, \uXXXX, \UXXXXXXXX, three octal digits; \% and \_
 * keep their backslash for LIKE; any other \c is c; a doubled quote is one quote. Numbers keep
 * their digits, without the suffix: what they are worth is decided where their type is known. */
#include "core/base/checked.h"
#include "core/sql/build_impl.h"

/* Writes a code point as UTF-8; 0 bytes when it is none. */
static size_t utf8_put(char *out, uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return 0;
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; point >>= 6) out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(lead[length] | point);
    return length;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

/* Reads exactly `count` digits of a base; false when there are fewer. */
static bool digits_read(const char *at, const char *end, int count, int base, uint32_t *out)
{
    uint32_t value = 0;
    if (end - at < count) return false;
    for (int i = 0; i < count; i++) {
        if (digit_of(at[i]) >= base) return false;
        value = value * (uint32_t)base + (uint32_t)digit_of(at[i]);
    }
    *out = value;
    return true;
}

/* Replaces the escape behind a backslash at *at; returns the bytes written. */
static size_t escape_put(const char **at, const char *end, char *out)
{
    static const char from[] = "0bnrtZ";
    static const char to[] = "\0\b\n\r\t\032";
    const char *s = *at;
    uint32_t point = 0;
    bool is_octal = digits_read(s, end, 3, 8, &point) && *s <= '1';
    bool is_wide = !is_octal && ((*s == 'u' && digits_read(s + 1, end, 4, 16, &point)) ||
                                 (*s == 'U' && digits_read(s + 1, end, 8, 16, &point)));
    size_t written = is_octal || is_wide ? utf8_put(out, point) : 0;
    if (written > 0) {
        *at = s + (is_octal ? 3 : *s == 'u' ? 5 : 9);
        return written;
    }
    *at = s + 1;
    const char *known = memchr(from, *s, sizeof from - 1);
    if (known != NULL) {
        out[0] = to[known - from];
        return 1;
    }
    if (*s == '%' || *s == '_') {
        out[0] = '\\';
        out[1] = *s;
        return 2;
    }
    out[0] = *s;
    return 1;
}

bool mr_sql_unquote(struct mr_sql_parser *p, const struct mr_sql_token *token,
                    struct mr_span *out_value)
{
    const char *at = token->text.text, *end = at + token->text.bytes - 1;
    bool is_raw = *at == 'r' || *at == 'R';
    char quote = at[is_raw];
    at += is_raw + 1;
    char *out = mr_sql_new(p, (size_t)(end - at) + 1);
    size_t used = 0;
    if (out == NULL) return false;
    while (at < end) {
        if (!is_raw && *at == '\\' && at + 1 < end) {
            at++;
            used += escape_put(&at, end, out + used);
        } else if (!is_raw && *at == quote) {
            out[used++] = quote;
            at += 2;
        } else {
            out[used++] = *at++;
        }
    }
    *out_value = (struct mr_span){out, used};
    return true;
}

static struct mr_sql_expr *literal_new(struct mr_sql_parser *p, mr_sql_literal_kind kind,
                                       struct mr_span text, struct mr_sql_pos pos)
{
    struct mr_sql_expr *expr = mr_sql_expr_new(p, MR_SQL_EXPR_LITERAL, pos);
    if (expr == NULL) return NULL;
    expr->literal = kind;
    expr->text = text;
    return expr;
}

struct mr_sql_expr *mr_sql_literal_word(struct mr_sql_parser *p, mr_sql_literal_kind kind,
                                        const struct mr_sql_token *token)
{
    struct mr_span text = {NULL, 0};
    if (kind == MR_SQL_LITERAL_BOOLEAN) text = mr_sql_string_word(p, token).text;
    return literal_new(p, kind, text, token->pos);
}

struct mr_sql_expr *mr_sql_literal_number(struct mr_sql_parser *p, const struct mr_sql_token *token)
{
    static const char suffixes[] = "LSYFD";
    static const mr_sql_literal_kind kinds[] = {MR_SQL_LITERAL_LONG, MR_SQL_LITERAL_SHORT,
                                                MR_SQL_LITERAL_BYTE, MR_SQL_LITERAL_FLOAT,
                                                MR_SQL_LITERAL_DOUBLE};
    struct mr_span text = token->text;
    bool has_point = memchr(text.text, '.', text.bytes) != NULL;
    bool has_exponent = false;
    for (size_t i = 0; i < text.bytes; i++) has_exponent |= (text.text[i] | 0x20) == 'e';
    char last = (char)(text.text[text.bytes - 1] & ~0x20);
    const char *suffix = last >= 'A' ? memchr(suffixes, last, sizeof suffixes - 1) : NULL;
    mr_sql_literal_kind kind = has_exponent ? MR_SQL_LITERAL_DOUBLE
                               : has_point  ? MR_SQL_LITERAL_DECIMAL
                                            : MR_SQL_LITERAL_INTEGER;
    if (last == 'D' && (text.text[text.bytes - 2] | 0x20) == 'b') {
        kind = MR_SQL_LITERAL_DECIMAL;
        text.bytes -= 2;
    } else if (suffix != NULL) {
        kind = kinds[suffix - suffixes];
        text.bytes--;
    }
    bool is_whole =
        kind == MR_SQL_LITERAL_LONG || kind == MR_SQL_LITERAL_SHORT || kind == MR_SQL_LITERAL_BYTE;
    if (is_whole && (has_point || has_exponent)) {
        mr_sql_fail(p, token->pos, MR_E_SYNTAX, 1005, "suffix %c is for whole numbers", last);
        return NULL;
    }
    return literal_new(p, kind, text, token->pos);
}

struct mr_sql_expr *mr_sql_literal_binary(struct mr_sql_parser *p, const struct mr_sql_token *token)
{
    const char *digits = token->text.text + 2;
    size_t count = token->text.bytes - 3;
    size_t bytes = (count + 1) / 2, odd = count % 2;
    char *out = mr_sql_new(p, bytes + 1);
    if (out == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        int digit = digit_of(digits[i]);
        if (digit > 15) {
            mr_sql_fail(p, token->pos, MR_E_SYNTAX, 1005, "'%c' is not a hexadecimal digit",
                        digits[i] >= 0x20 && digits[i] < 0x7f ? digits[i] : '?');
            return NULL;
        }
        out[(i + odd) / 2] = (char)(out[(i + odd) / 2] << 4 | digit);
    }
    return literal_new(p, MR_SQL_LITERAL_BINARY, (struct mr_span){out, bytes}, token->pos);
}

struct mr_sql_expr *mr_sql_literal_string(struct mr_sql_parser *p, struct mr_sql_string string)
{
    return string.is_set ? literal_new(p, MR_SQL_LITERAL_STRING, string.text, string.pos) : NULL;
}

struct mr_sql_expr *mr_sql_literal_typed(struct mr_sql_parser *p, mr_sql_literal_kind kind,
                                         const struct mr_sql_token *word,
                                         const struct mr_sql_token *string)
{
    struct mr_span text;
    if (!mr_sql_unquote(p, string, &text)) return NULL;
    return literal_new(p, kind, text, mr_sql_pos_join(word->pos, string->pos));
}
