/* The scanner: one token of SQL from its first byte. re2c makes the C file from this at build time.
 *
 * The text ends with a zero byte at `end`, which is how the automaton stops: there is no refill.
 * Words are told from keywords afterwards (keyword.c). Bytes of 0x80 and above count as letters,
 * so that names may be in any script. Bracketed comments nest, as in Spark. */
#include "core/sql/lexer_impl.h"

#include "core/sql/grammar.h"

/* Past the end of a comment whose opening has been read, or null when it never ends. */
static const char *comment_end(const char *at, const char *end)
{
    unsigned depth = 1;
    while (at + 1 < end) {
        if (at[0] == '*' && at[1] == '/') {
            at += 2;
            if (--depth == 0) return at;
        } else if (at[0] == '/' && at[1] == '*') {
            at += 2;
            depth++;
        } else {
            at++;
        }
    }
    return NULL;
}

/* tidy: long - the table of tokens is one list. */
int mr_sql_scan(const char **cursor, const char *end)
{
    const char *YYCURSOR = *cursor;
    const char *YYMARKER;
    int kind;

    /*!re2c
    re2c:define:YYCTYPE = "unsigned char";
    re2c:yyfill:enable = 0;
    re2c:indent:string = "    ";

    digit    = [0-9];
    letter   = [A-Za-z_\x80-\xff];
    word     = (letter | digit)*;
    exponent = [eE] [+-]? digit+;
    fraction = digit+ "." digit* | "." digit+;
    suffix   = [lLsSyYdDfF] | 'bd';
    any      = [^\x00];

    single   = "'" ([^'\\\x00] | "\\" any | "''")* "'";
    double   = "\"" ([^"\\\x00] | "\\" any | "\"\"")* "\"";

    "\x00"  { if (YYCURSOR > end) { kind = MR_SQL_SCAN_END; YYCURSOR = end; goto done; }
              kind = MR_SQL_SCAN_BAD_BYTE; goto done; }
    [ \t\r\n\f\v]+          { kind = MR_SQL_SCAN_BLANK; goto done; }
    "--" ("\\\n" | [^\n\x00])* { kind = MR_SQL_SCAN_BLANK; goto done; }
    "/*"    { const char *after = comment_end(YYCURSOR, end);
              if (after == NULL) { kind = MR_SQL_SCAN_OPEN_COMMENT; goto done; }
              YYCURSOR = after; kind = MR_SQL_SCAN_BLANK; goto done; }

    single | double         { kind = MR_SQL_T_STRING; goto done; }
    'r' "'" [^'\x00]* "'"   { kind = MR_SQL_T_STRING; goto done; }
    'r' "\"" [^"\x00]* "\"" { kind = MR_SQL_T_STRING; goto done; }
    'x' "'" [^'\x00]* "'"   { kind = MR_SQL_T_BINARY; goto done; }
    'r'? ["'] | 'x' "'"     { kind = MR_SQL_SCAN_OPEN_STRING; goto done; }
    "`" ([^`\x00] | "``")* "`" { kind = MR_SQL_T_QUOTED; goto done; }
    "`"                     { kind = MR_SQL_SCAN_OPEN_NAME; goto done; }

    digit+                  { kind = MR_SQL_T_INTEGER; goto done; }
    digit+ exponent? suffix | digit+ exponent { kind = MR_SQL_T_NUMBER; goto done; }
    fraction exponent? suffix?   { kind = MR_SQL_T_NUMBER; goto done; }
    (letter | digit) word   { kind = MR_SQL_T_ID; goto done; }

    "("   { kind = MR_SQL_T_LP; goto done; }
    ")"   { kind = MR_SQL_T_RP; goto done; }
    "["   { kind = MR_SQL_T_LB; goto done; }
    "]"   { kind = MR_SQL_T_RB; goto done; }
    ","   { kind = MR_SQL_T_COMMA; goto done; }
    "."   { kind = MR_SQL_T_DOT; goto done; }
    ";"   { kind = MR_SQL_T_SEMICOLON; goto done; }
    "::"  { kind = MR_SQL_T_DCOLON; goto done; }
    ":"   { kind = MR_SQL_T_COLON; goto done; }
    "->"  { kind = MR_SQL_T_ARROW; goto done; }
    "=>"  { kind = MR_SQL_T_FATARROW; goto done; }
    "<=>" { kind = MR_SQL_T_NSEQ; goto done; }
    "<>" | "!=" { kind = MR_SQL_T_NE; goto done; }
    "<=" | "!>" { kind = MR_SQL_T_LE; goto done; }
    ">=" | "!<" { kind = MR_SQL_T_GE; goto done; }
    "=" | "==" { kind = MR_SQL_T_EQ; goto done; }
    "<"   { kind = MR_SQL_T_LT; goto done; }
    ">"   { kind = MR_SQL_T_GT; goto done; }
    "<<"  { kind = MR_SQL_T_SHL; goto done; }
    "+"   { kind = MR_SQL_T_PLUS; goto done; }
    "-"   { kind = MR_SQL_T_DASH; goto done; }
    "*"   { kind = MR_SQL_T_STAR; goto done; }
    "/"   { kind = MR_SQL_T_SLASH; goto done; }
    "%"   { kind = MR_SQL_T_PERCENT; goto done; }
    "||"  { kind = MR_SQL_T_CONCAT; goto done; }
    "|"   { kind = MR_SQL_T_PIPE; goto done; }
    "&"   { kind = MR_SQL_T_AMPERSAND; goto done; }
    "^"   { kind = MR_SQL_T_HAT; goto done; }
    "~"   { kind = MR_SQL_T_TILDE; goto done; }
    "!"   { kind = MR_SQL_T_NOT; goto done; }
    *     { kind = MR_SQL_SCAN_BAD_BYTE; goto done; }
    */
done:
    *cursor = YYCURSOR;
    return kind;
}
