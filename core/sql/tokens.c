#include "core/base/checked.h"
#include "core/sql/lexer_impl.h"

#include "core/sql/grammar.h"

/* ---- cutting ---- */

/* Where the scan is, in lines and characters. */
struct place {
    const char *at;
    uint32_t line;
    uint32_t column;
};

static void place_move(struct place *place, const char *to)
{
    for (; place->at < to; place->at++) {
        if (*place->at == '\n') {
            place->line++;
            place->column = 1;
        } else if (((unsigned char)*place->at & 0xc0) != 0x80) {
            place->column++;
        }
    }
}

static uint32_t width_of(struct mr_span text)
{
    uint32_t width = 0;
    for (size_t i = 0; i < text.bytes && text.text[i] != '\n'; i++) {
        width += ((unsigned char)text.text[i] & 0xc0) != 0x80;
    }
    return MR_MAX(width, 1u);
}

static mr_status scan_fail(int kind, const struct mr_sql_pos *pos, struct mr_span text,
                           struct mr_err *err)
{
    static const char *const open_names[] = {"string", "quoted name", "comment"};
    unsigned char c = (unsigned char)text.text[0];
    mr_status status;
    if (kind != MR_SQL_SCAN_BAD_BYTE) {
        status = mr_err_set(err, MR_E_SYNTAX, 1001, "the %s that begins here never ends",
                            open_names[MR_SQL_SCAN_OPEN_STRING - kind]);
    } else if (c > 0x20 && c < 0x7f) {
        status = mr_err_set(err, MR_E_SYNTAX, 1001, "unexpected character '%c'", c);
        if (c == '$') {
            mr_err_help(err, "${name} stands for a value of the pipeline's configuration; it is "
                             "replaced before parsing, here it was not");
        }
    } else {
        status = mr_err_set(err, MR_E_SYNTAX, 1001, "unexpected byte 0x%02x", c);
    }
    if (err == NULL) return status;
    err->line = pos->line;
    err->column = pos->column;
    err->width = 1;
    mr_err_at(err, pos->off);
    return status;
}

/* Length of the valid UTF-8 sequence at `s`, 0 when there is none (RFC 3629). */
static size_t utf8_length(const unsigned char *s, size_t bytes)
{
    if (s[0] < 0x80) return 1;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || length > bytes) return 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high) return 0;
    for (size_t i = 2; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
    }
    return length;
}

static mr_status text_check(struct mr_span text, struct mr_err *err)
{
    struct place place = {text.text, 1, 1};
    size_t length;
    for (size_t i = 0; i < text.bytes; i += length) {
        length = utf8_length((const unsigned char *)text.text + i, text.bytes - i);
        if (length > 0) continue;
        place_move(&place, text.text + i);
        struct mr_sql_pos pos = {.line = place.line, .column = place.column, .off = i};
        mr_status status =
            scan_fail(MR_SQL_SCAN_BAD_BYTE, &pos, (struct mr_span){text.text + i, 1}, err);
        mr_err_help(err, "SQL text is UTF-8");
        return status;
    }
    return MR_OK;
}

/* Behind the byte order mark, if there is one. */
static const char *text_start(struct mr_span text)
{
    return text.text + (mr_span_starts(text, MR_SPAN("\xef\xbb\xbf")) ? 3 : 0);
}

static size_t tokens_count(struct mr_span text)
{
    const char *at = text_start(text), *end = text.text + text.bytes;
    size_t count = 0;
    for (;;) {
        int kind = mr_sql_scan(&at, end);
        if (kind == MR_SQL_SCAN_END || kind < MR_SQL_SCAN_BLANK) return count + 1;
        count += kind != MR_SQL_SCAN_BLANK;
    }
}

mr_status mr_sql_tokenize(struct mr_arena *arena, struct mr_span text,
                          struct mr_sql_tokens *out_tokens, struct mr_err *err)
{
    MR_TRY(text_check(text, err));
    struct mr_sql_token *tokens = MR_ARENA_ARRAY(arena, struct mr_sql_token, tokens_count(text));
    struct place place = {text_start(text), 1, 1};
    const char *at = place.at, *end = text.text + text.bytes;
    size_t count = 0;
    if (tokens == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory while parsing SQL");
    for (;;) {
        const char *from = at;
        int kind = mr_sql_scan(&at, end);
        if (kind == MR_SQL_SCAN_BLANK) continue;
        place_move(&place, from);
        struct mr_span word = {from, (size_t)(at - from)};
        struct mr_sql_pos pos = {.line = place.line,
                                 .column = place.column,
                                 .width = width_of(word),
                                 .off = (size_t)(from - text.text),
                                 .bytes = word.bytes};
        if (kind < 0) return scan_fail(kind, &pos, word, err);
        if (kind == MR_SQL_T_ID) kind = mr_sql_keyword(word);
        tokens[count] = (struct mr_sql_token){.kind = kind, .pos = pos, .text = word};
        if (kind == MR_SQL_SCAN_END) break;
        count++;
    }
    *out_tokens = (struct mr_sql_tokens){.at = tokens, .count = count};
    return MR_OK;
}

/* ---- soft keywords ---- */

/* What is known when a token is judged: the tokens before it are final, those after are raw. */
struct soft {
    struct mr_sql_token *out; /* judged so far */
    size_t used;
    struct mr_sql_token *at; /* the one in question */
    size_t left;             /* tokens after it */
    int clause;              /* SELECT, FROM, WHERE .. last seen */
    int statement;           /* the word that begins the statement; EXPLAIN begins none */
    unsigned angles;         /* open ARRAY<, MAP<, STRUCT< */
    bool is_cdc;             /* AUTO CDC or APPLY CHANGES stands in this statement */
};

static int kind_before(const struct soft *s, size_t back)
{
    return s->used >= back ? s->out[s->used - back].kind : 0;
}

static int kind_after(const struct soft *s, size_t ahead)
{
    return ahead <= s->left ? s->at[ahead].kind : 0;
}

static bool is_word(const struct mr_sql_token *token)
{
    char c = token->kind == 0 || token->text.bytes == 0 ? ' ' : token->text.text[0];
    return token->kind == MR_SQL_T_ID ||
           (token->kind != MR_SQL_T_STRING && token->kind != MR_SQL_T_BINARY &&
            token->kind != MR_SQL_T_UNIT && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')));
}

static bool is_number(int kind)
{
    return kind == MR_SQL_T_INTEGER || kind == MR_SQL_T_NUMBER;
}

/* Whether a name may end with this token; one that is no keyword here is not known to be none yet.
 */
static bool is_name_end(int kind)
{
    return kind == MR_SQL_T_ID || kind == MR_SQL_T_QUOTED ||
           (mr_sql_keyword_is_open(kind) && kind != MR_SQL_T_BY && kind != MR_SQL_T_ALL);
}

/* Whether a value may end with this token, so that an infix word may follow. */
static bool is_value_end(int kind)
{
    if (is_name_end(kind)) return true;
    switch (kind) {
    case MR_SQL_T_STRING:
    case MR_SQL_T_INTEGER:
    case MR_SQL_T_NUMBER:
    case MR_SQL_T_BINARY:
    case MR_SQL_T_UNIT:
    case MR_SQL_T_RP:
    case MR_SQL_T_RB:
    case MR_SQL_T_END:
    case MR_SQL_T_NULL:
    case MR_SQL_T_TRUE:
    case MR_SQL_T_FALSE: return true;
    default: return false;
    }
}

/* INTERVAL is one when an amount and a unit, or a string, follow; marks the units. */
static bool soft_interval(struct soft *s)
{
    size_t i = 1;
    bool has_part = false;
    for (;;) {
        size_t amount = i;
        if (!has_part && (kind_after(s, i) == MR_SQL_T_DASH || kind_after(s, i) == MR_SQL_T_PLUS)) {
            amount++;
        }
        int kind = kind_after(s, amount);
        if (!is_number(kind) && kind != MR_SQL_T_STRING) return has_part;
        struct mr_sql_token *unit = &s->at[amount + 1]; /* at least the one that ends the text */
        if (unit->kind != MR_SQL_T_ID || !mr_sql_word_is_unit(unit->text)) {
            return has_part || kind == MR_SQL_T_STRING;
        }
        unit->kind = MR_SQL_T_UNIT;
        has_part = true;
        i = amount + 2;
        struct mr_sql_token *to = kind_after(s, i) == MR_SQL_T_TO ? &s->at[i + 1] : NULL;
        if (to == NULL || to->kind != MR_SQL_T_ID || !mr_sql_word_is_unit(to->text)) continue;
        to->kind = MR_SQL_T_UNIT;
        return true;
    }
}

static bool soft_stream(const struct soft *s)
{
    int before = kind_before(s, 1);
    bool is_place = before == MR_SQL_T_FROM || before == MR_SQL_T_JOIN ||
                    (before == MR_SQL_T_COMMA && s->clause == MR_SQL_T_FROM);
    if (!is_place) return false;
    int after = kind_after(s, 1);
    if (after == MR_SQL_T_LP || after == MR_SQL_T_QUOTED) return true;
    return s->left > 0 && is_word(&s->at[1]) && !mr_sql_keyword_is_reserved(after);
}

static bool is_one_of(int kind, int a, int b, int c, int d)
{
    return kind == a || kind == b || kind == c || kind == d;
}

static bool soft_exists(const struct soft *s)
{
    if (kind_before(s, 1) == MR_SQL_T_NOT && kind_before(s, 2) == MR_SQL_T_IF) return true;
    if (kind_before(s, 1) == MR_SQL_T_IF) return true;
    int inside = kind_after(s, 2);
    return kind_after(s, 1) == MR_SQL_T_LP &&
           is_one_of(inside, MR_SQL_T_SELECT, MR_SQL_T_WITH, MR_SQL_T_VALUES, MR_SQL_T_LP);
}

static bool is_first(const struct soft *s)
{
    int before = kind_before(s, 1);
    return s->used == 0 || before == MR_SQL_T_SEMICOLON;
}

/* The words of statements about tables are names everywhere else. */
static bool soft_command(const struct soft *s)
{
    int after = kind_after(s, 1), before = kind_before(s, 1);
    bool is_last = after == 0 || after == MR_SQL_T_SEMICOLON || after == MR_SQL_T_DOT;
    bool describes = s->statement == MR_SQL_T_DESCRIBE || s->statement == MR_SQL_T_DESC;
    switch (s->at->kind) {
    case MR_SQL_T_ALTER:
    case MR_SQL_T_DESCRIBE:
    case MR_SQL_T_EXPLAIN:
    case MR_SQL_T_SHOW: return is_first(s) && after != 0;
    case MR_SQL_T_ANALYZE: return before == MR_SQL_T_EXPLAIN;
    case MR_SQL_T_EXTENDED:
        return before == MR_SQL_T_EXPLAIN ||
               (describes && !is_last &&
                is_one_of(before, MR_SQL_T_DESCRIBE, MR_SQL_T_DESC, MR_SQL_T_TABLE, 0));
    case MR_SQL_T_DETAIL:
        return !is_last && (before == MR_SQL_T_DESCRIBE || before == MR_SQL_T_DESC);
    case MR_SQL_T_CATALOGS:
    case MR_SQL_T_DATABASES:
    case MR_SQL_T_FUNCTIONS:
    case MR_SQL_T_NAMESPACES:
    case MR_SQL_T_PARTITIONS:
    case MR_SQL_T_SCHEMAS:
    case MR_SQL_T_TABLES: return before == MR_SQL_T_SHOW;
    case MR_SQL_T_ADD:
    case MR_SQL_T_UNSET: return s->statement == MR_SQL_T_ALTER && is_name_end(before);
    case MR_SQL_T_COLUMN: return before == MR_SQL_T_ADD;
    case MR_SQL_T_CASCADE: return s->statement == MR_SQL_T_DROP && is_name_end(before);
    case MR_SQL_T_OVERWRITE: return before == MR_SQL_T_INSERT;
    default: return true;
    }
}

/* Whether a soft keyword is meant as one. */
static bool soft_is_keyword(struct soft *s)
{
    int after = kind_after(s, 1), before = kind_before(s, 1);
    bool is_as_of = after == MR_SQL_T_AS && kind_after(s, 2) == MR_SQL_T_OF && is_name_end(before);
    switch (s->at->kind) {
    case MR_SQL_T_CAST:
    case MR_SQL_T_TRY_CAST:
    case MR_SQL_T_EXTRACT: return after == MR_SQL_T_LP;
    case MR_SQL_T_DATE:
    case MR_SQL_T_TIMESTAMP_LTZ:
    case MR_SQL_T_TIMESTAMP_NTZ: return after == MR_SQL_T_STRING;
    case MR_SQL_T_TIMESTAMP: return after == MR_SQL_T_STRING || is_as_of;
    case MR_SQL_T_VERSION: return is_as_of;
    case MR_SQL_T_KEYS: return s->is_cdc && s->clause == MR_SQL_T_FROM;
    case MR_SQL_T_OFFSET: return is_value_end(before) && is_number(after);
    case MR_SQL_T_EXISTS: return soft_exists(s);
    case MR_SQL_T_IF:
        return (after == MR_SQL_T_NOT && kind_after(s, 2) == MR_SQL_T_EXISTS) ||
               (after == MR_SQL_T_EXISTS &&
                (s->statement == MR_SQL_T_DROP || s->statement == MR_SQL_T_ALTER));
    case MR_SQL_T_INTERVAL: return soft_interval(s);
    case MR_SQL_T_STREAM: return soft_stream(s);
    case MR_SQL_T_LEFT:
    case MR_SQL_T_RIGHT:
    case MR_SQL_T_FULL:
        return is_one_of(after, MR_SQL_T_JOIN, MR_SQL_T_OUTER, MR_SQL_T_SEMI, MR_SQL_T_ANTI);
    case MR_SQL_T_INNER:
    case MR_SQL_T_CROSS:
    case MR_SQL_T_SEMI:
    case MR_SQL_T_ANTI: return after == MR_SQL_T_JOIN;
    case MR_SQL_T_NATURAL:
        return is_one_of(after, MR_SQL_T_JOIN, MR_SQL_T_INNER, MR_SQL_T_LEFT, MR_SQL_T_RIGHT) ||
               after == MR_SQL_T_FULL || after == MR_SQL_T_CROSS;
    case MR_SQL_T_MINUS:
        return is_one_of(after, MR_SQL_T_SELECT, MR_SQL_T_ALL, MR_SQL_T_DISTINCT, MR_SQL_T_LP);
    case MR_SQL_T_RLIKE: return is_value_end(before) || before == MR_SQL_T_NOT;
    default: return soft_command(s);
    }
}

/* Makes one token of all up to where `is_end` says; returns how many it swallowed. */
static size_t swallow(struct soft *s, int kind, bool (*is_end)(int kind))
{
    size_t ahead = 1;
    while (ahead <= s->left && !is_end(s->at[ahead].kind)) ahead++;
    const struct mr_sql_token *last = &s->at[ahead - 1];
    s->at->kind = kind;
    s->at->text.bytes = (size_t)(last->text.text + last->text.bytes - s->at->text.text);
    s->at->pos.bytes = s->at->text.bytes;
    s->at->pos.width = width_of(s->at->text);
    return ahead - 1;
}

static bool is_statement_end(int kind)
{
    return kind == MR_SQL_T_SEMICOLON || kind == 0;
}

static bool is_schedule_end(int kind)
{
    return is_statement_end(kind) || kind == MR_SQL_T_AS || kind == MR_SQL_T_COMMENT ||
           kind == MR_SQL_T_TBLPROPERTIES || kind == MR_SQL_T_CLUSTER || kind == MR_SQL_T_FLOW ||
           kind == MR_SQL_T_PARTITIONED || kind == MR_SQL_T_WITH;
}

static bool is_schedule(const struct soft *s)
{
    if (s->at->kind != MR_SQL_T_SCHEDULE || s->left == 0) return false;
    int before = kind_before(s, 1);
    struct mr_span word = s->at[1].text;
    return before != MR_SQL_T_LP && before != MR_SQL_T_COMMA && before != MR_SQL_T_SELECT &&
           (mr_span_ieq(word, MR_SPAN("EVERY")) || mr_span_ieq(word, MR_SPAN("CRON")) ||
            mr_span_ieq(word, MR_SPAN("REFRESH")));
}

/* > > without a blank is a shift, unless brackets of a type are open. */
static size_t soft_angle(struct soft *s)
{
    if (s->angles > 0) {
        s->angles--;
        return 0;
    }
    size_t more = 0;
    while (more < 2 && kind_after(s, more + 1) == MR_SQL_T_GT &&
           s->at[more + 1].pos.off == s->at->pos.off + more + 1) {
        more++;
    }
    if (more == 0) return 0;
    s->at->kind = more == 1 ? MR_SQL_T_SHR : MR_SQL_T_USHR;
    s->at->text.bytes += more;
    s->at->pos.bytes += more;
    s->at->pos.width += (uint32_t)more;
    return more;
}

static size_t soft_judge(struct soft *s)
{
    int before = kind_before(s, 1);
    bool begins = is_first(s);
    if (is_word(s->at) && s->at->kind != MR_SQL_T_ID) {
        if (before == MR_SQL_T_DOT || kind_after(s, 1) == MR_SQL_T_FATARROW ||
            !soft_is_keyword(s)) {
            s->at->kind = MR_SQL_T_ID;
        }
    }
    if (begins) s->statement = s->at->kind;
    switch (s->at->kind) {
    case MR_SQL_T_SET:
        return begins && kind_after(s, 1) != MR_SQL_T_CATALOG
                   ? swallow(s, MR_SQL_T_SETTING, is_statement_end)
                   : 0;
    case MR_SQL_T_SCHEDULE:
        return is_schedule(s) ? swallow(s, MR_SQL_T_SCHEDULE_TEXT, is_schedule_end) : 0;
    case MR_SQL_T_SELECT:
    case MR_SQL_T_FROM:
    case MR_SQL_T_WHERE:
    case MR_SQL_T_GROUP:
    case MR_SQL_T_ON:
    case MR_SQL_T_ORDER: s->clause = s->at->kind; return 0;
    case MR_SQL_T_LT:
        if (before == MR_SQL_T_ARRAY || before == MR_SQL_T_MAP || before == MR_SQL_T_STRUCT) {
            s->angles++;
        }
        return 0;
    case MR_SQL_T_GT: return soft_angle(s);
    case MR_SQL_T_CDC:
    case MR_SQL_T_CHANGES:
        s->is_cdc |= before == MR_SQL_T_AUTO || before == MR_SQL_T_APPLY;
        return 0;
    case MR_SQL_T_SEMICOLON:
        s->angles = 0;
        s->is_cdc = false;
        return 0;
    default: return 0;
    }
}

void mr_sql_soften(struct mr_sql_tokens *tokens)
{
    struct soft s = {.out = tokens->at};
    for (size_t i = 0; i < tokens->count; i++) {
        s.at = &tokens->at[i];
        s.left = tokens->count - i - 1;
        size_t swallowed = soft_judge(&s);
        s.out[s.used++] = *s.at;
        i += swallowed;
    }
    s.out[s.used] = tokens->at[tokens->count];
    tokens->count = s.used;
}
