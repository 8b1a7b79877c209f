#include "core/format/json/json_lenient_impl.h"

#include <string.h>

struct lexer {
    const struct mr_json_options *options;
    const char *at;
    const char *end;
    struct mr_text *out;
    uint32_t depth;
};

bool json_lenient_is_on(const struct mr_json_options *options)
{
    return options->allows_single_quotes || options->allows_unquoted_names ||
           options->allows_comments;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* comment_end: behind the comment at `at`, or `at` when there is none or it does not end. */
static const char *comment_end(const char *at, const char *end, bool is_whole)
{
    if (*at == '#' || (end - at >= 2 && at[0] == '/' && at[1] == '/')) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        return line != NULL ? line + 1 : is_whole ? end : at;
    }
    if (end - at >= 4 && at[0] == '/' && at[1] == '*') {
        const char *close = memmem(at + 2, (size_t)(end - at - 2), "*/", 2);
        return close == NULL ? at : close + 2;
    }
    return at;
}

size_t json_lenient_blanks(const struct mr_json_options *options, struct mr_span text,
                           bool is_whole)
{
    const char *at = text.text, *end = text.text + text.bytes;
    while (at < end) {
        const char *next = is_blank(*at)              ? at + 1
                           : options->allows_comments ? comment_end(at, end, is_whole)
                                                      : at;
        if (next == at) break;
        at = next;
    }
    return (size_t)(at - text.text);
}

/* skip_blanks: one blank stands for all, so that no two tokens grow together. */
static void skip_blanks(struct lexer *lex)
{
    size_t bytes = json_lenient_blanks(
        lex->options, (struct mr_span){lex->at, (size_t)(lex->end - lex->at)}, true);
    if (bytes > 0) mr_text_addc(lex->out, ' ');
    lex->at += bytes;
}

/* take_string: a string in either kind of quotes, out in double quotes. */
static bool take_string(struct lexer *lex)
{
    char quote = *lex->at++;
    const char *plain = lex->at; /* from here on nothing is out yet */
    mr_text_addc(lex->out, '"');
    for (; lex->at < lex->end && *lex->at != quote; lex->at++) {
        bool is_newline = *lex->at == '\n' && lex->options->allows_control_chars;
        bool is_escape = *lex->at == '\\';
        if (*lex->at != '"' && !is_newline && !is_escape) continue;
        if (is_escape && lex->end - lex->at < 2) return false;
        if (is_escape && *++lex->at != '\'') continue;
        mr_text_add(lex->out, plain, (size_t)(lex->at - is_escape - plain));
        plain = lex->at; /* the quote, or an apostrophe without its backslash */
        if (*plain == '"') mr_text_addc(lex->out, '\\');
        if (!is_newline) continue;
        mr_text_adds(lex->out, "\\n");
        plain++;
    }
    if (lex->at == lex->end) return false;
    mr_text_add(lex->out, plain, (size_t)(lex->at - plain));
    lex->at++;
    mr_text_addc(lex->out, '"');
    return true;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

/* take_word: a bare run of bytes; a name when a colon follows, else a token for the cursor. */
static bool take_word(struct lexer *lex)
{
    const char *first = lex->at;
    while (lex->at < lex->end && strchr(",:{}[]\"'/#", *lex->at) == NULL && !is_blank(*lex->at)) {
        lex->at++;
    }
    size_t bytes = (size_t)(lex->at - first);
    if (bytes == 0) return false;
    struct mr_span rest = {lex->at, (size_t)(lex->end - lex->at)};
    const char *next = lex->at + json_lenient_blanks(lex->options, rest, true);
    bool is_name = lex->options->allows_unquoted_names && next < lex->end && *next == ':' &&
                   (*first < '0' || *first > '9');
    for (size_t i = 0; i < bytes && is_name; i++) is_name = is_name_byte(first[i]);
    if (is_name) mr_text_addc(lex->out, '"');
    mr_text_add(lex->out, first, bytes);
    if (is_name) mr_text_addc(lex->out, '"');
    return true;
}

static bool take_next(struct lexer *lex)
{
    char c = *lex->at;
    if (c == '"' || (c == '\'' && lex->options->allows_single_quotes)) return take_string(lex);
    if (strchr("{}[],:", c) == NULL || c == '\0') return take_word(lex);
    lex->depth += c == '{' || c == '[';
    if ((c == '}' || c == ']') && lex->depth-- == 0) return false;
    mr_text_addc(lex->out, c);
    lex->at++;
    return true;
}

size_t json_lenient_rewrite(const struct mr_json_options *options, struct mr_span text,
                            struct mr_text *out)
{
    struct lexer lex = {options, text.text, text.text + text.bytes, out, 0};
    mr_text_reset(out);
    do {
        skip_blanks(&lex);
        if (lex.at == lex.end || !take_next(&lex)) return 0;
    } while (lex.depth > 0);
    return (size_t)(lex.at - text.text);
}
