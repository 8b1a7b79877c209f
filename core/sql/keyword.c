#include "core/base/checked.h"
#include "core/sql/lexer_impl.h"

#include "core/sql/grammar.h"

#define MR_SQL_T_REGEXP MR_SQL_T_RLIKE /* two words, one meaning */

enum { CLASS_RESERVED, CLASS_OPEN, CLASS_SOFT };

static const struct {
    const char *word;
    int token;
    int class;
} keywords[] = {
#define MR_SQL_KEYWORD(word, class) {#word, MR_SQL_T_##word, CLASS_##class},
#include "core/sql/keywords.def"
#undef MR_SQL_KEYWORD
};

static const struct {
    int token;
    const char *name;
} other_names[] = {
    {0, "end of statement"},
    {MR_SQL_T_ID, "a name"},
    {MR_SQL_T_QUOTED, "a name"},
    {MR_SQL_T_STRING, "a string"},
    {MR_SQL_T_INTEGER, "a whole number"},
    {MR_SQL_T_NUMBER, "a number"},
    {MR_SQL_T_BINARY, "X'..'"},
    {MR_SQL_T_UNIT, "a unit of time"},
    {MR_SQL_T_SETTING, "SET key = value"},
    {MR_SQL_T_SCHEDULE_TEXT, "SCHEDULE"},
    {MR_SQL_T_LP, "'('"},
    {MR_SQL_T_RP, "')'"},
    {MR_SQL_T_LB, "'['"},
    {MR_SQL_T_RB, "']'"},
    {MR_SQL_T_COMMA, "','"},
    {MR_SQL_T_DOT, "'.'"},
    {MR_SQL_T_SEMICOLON, "';'"},
    {MR_SQL_T_COLON, "':'"},
    {MR_SQL_T_DCOLON, "'::'"},
    {MR_SQL_T_ARROW, "'->'"},
    {MR_SQL_T_FATARROW, "'=>'"},
    {MR_SQL_T_EQ, "'='"},
    {MR_SQL_T_LT, "'<'"},
    {MR_SQL_T_GT, "'>'"},
    {MR_SQL_T_NE, "'<>'"},
    {MR_SQL_T_STAR, "'*'"},
    {MR_SQL_T_PLUS, "'+'"},
    {MR_SQL_T_DASH, "'-'"},
};

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* A keyword's order against a word, without regard to case. */
static int keyword_compare(const char *keyword, struct mr_span word)
{
    size_t i = 0;
    for (; i < word.bytes && keyword[i] != '\0'; i++) {
        int order = (unsigned char)keyword[i] - (unsigned char)upper(word.text[i]);
        if (order != 0) return order;
    }
    return (keyword[i] != '\0') - (i < word.bytes);
}

int mr_sql_keyword(struct mr_span word)
{
    size_t low = 0, high = MR_COUNT_OF(keywords);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = keyword_compare(keywords[middle].word, word);
        if (order == 0) return keywords[middle].token;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return MR_SQL_T_ID;
}

static bool is_of_class(int token, int class)
{
    for (size_t i = 0; i < MR_COUNT_OF(keywords); i++) {
        if (keywords[i].token == token) return keywords[i].class == class;
    }
    return false;
}

bool mr_sql_keyword_is_reserved(int token)
{
    return is_of_class(token, CLASS_RESERVED);
}

bool mr_sql_keyword_is_open(int token)
{
    return is_of_class(token, CLASS_OPEN);
}

const char *mr_sql_keyword_text(int token)
{
    for (size_t i = 0; i < MR_COUNT_OF(keywords); i++) {
        if (keywords[i].token == token && token != MR_SQL_T_REGEXP) return keywords[i].word;
    }
    return token == MR_SQL_T_RLIKE ? "RLIKE" : NULL;
}

const char *mr_sql_token_name(int token)
{
    for (size_t i = 0; i < MR_COUNT_OF(other_names); i++) {
        if (other_names[i].token == token) return other_names[i].name;
    }
    const char *word = mr_sql_keyword_text(token);
    return word != NULL ? word : "an operator";
}
