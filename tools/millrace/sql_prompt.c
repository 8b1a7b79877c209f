#include "tools/millrace/sql_prompt.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "tools/millrace/runtime.h"

/* Where the text of a quote or comment that begins at `at` ends; `end` when it does not. */
static const char *skip_quoted(const char *at, const char *end)
{
    char quote = *at++;
    for (; at < end && *at != quote; at++) {
        if (*at == '\\' && quote != '`' && at + 1 < end) at++;
    }
    return at;
}

bool mr_prompt_is_complete(struct mr_span text)
{
    const char *at = text.text, *end = text.text + text.bytes;
    bool is_complete = false;
    for (; at < end; at++) {
        bool has_next = at + 1 < end;
        if (*at == '\'' || *at == '"' || *at == '`') {
            at = skip_quoted(at, end);
            if (at == end) return false;
            is_complete = false;
        } else if (*at == '-' && has_next && at[1] == '-') {
            while (at + 1 < end && at[1] != '\n') at++;
        } else if (*at == '/' && has_next && at[1] == '*') {
            const char *close = NULL;
            for (const char *c = at + 2; close == NULL && c + 1 < end; c++) {
                if (c[0] == '*' && c[1] == '/') close = c + 1;
            }
            if (close == NULL) return false;
            at = close;
        } else if (*at == ';') {
            is_complete = true;
        } else if (*at != ' ' && *at != '\t' && *at != '\n' && *at != '\r') {
            is_complete = false;
        }
    }
    return is_complete;
}

#if MR_WITH_EDIT
#include <histedit.h>

enum { HISTORY_MAX = 10000, LISTED_MAX = 100 };

/* A prompt at work: the editor's client data. */
struct editing {
    const struct mr_prompt *prompt;
    FILE *talk;
    bool is_continued; /* a statement has begun on an earlier line */
};

static struct editing *editing_of(EditLine *editor)
{
    struct editing *editing = NULL;
    (void)el_get(editor, EL_CLIENTDATA, &editing);
    return editing;
}

static char *prompt_text(EditLine *editor)
{
    static const char first[] = "millrace> ", more[] = "      ... ";
    /* The editor only reads it, but takes it without const. */
    return (char *)(uintptr_t)(editing_of(editor)->is_continued ? more : first);
}

/* ---- completion ---- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool begins_with(const char *name, struct mr_span word)
{
    return strlen(name) >= word.bytes && strncasecmp(name, word.text, word.bytes) == 0;
}

static size_t common_bytes(const char *a, const char *b, size_t most)
{
    size_t i = 0;
    while (i < most && a[i] != '\0' && strncasecmp(a + i, b + i, 1) == 0) i++;
    return i;
}

static void list_names(FILE *talk, const struct mr_prompt_names *names, struct mr_span word)
{
    uint32_t shown = 0;
    (void)fputc('\n', talk);
    for (uint32_t i = 0; i < names->count && shown < LISTED_MAX; i++) {
        if (!begins_with(names->at[i], word)) continue;
        (void)fprintf(talk, "%s  ", names->at[i]);
        shown++;
    }
    (void)fputc('\n', talk);
}

/* What all names that begin with the word go on with is put in; where that is nothing they are
 * listed. */
static unsigned char complete(EditLine *editor, int key)
{
    const struct editing *editing = editing_of(editor);
    const LineInfo *line = el_line(editor);
    const char *from = line->cursor;
    const char *found = NULL;
    size_t common = 0;
    (void)key;
    while (from > line->buffer && is_name_char(from[-1])) from--;
    struct mr_span word = {from, (size_t)(line->cursor - from)};
    struct mr_prompt_names names = editing->prompt->names(editing->prompt->ctx);
    for (uint32_t i = 0; i < names.count; i++) {
        if (!begins_with(names.at[i], word)) continue;
        common = found == NULL ? strlen(names.at[i]) : common_bytes(found, names.at[i], common);
        if (found == NULL) found = names.at[i];
    }
    char text[256];
    if (found == NULL || word.bytes == 0 || common >= sizeof text) return CC_ERROR;
    if (common == word.bytes) {
        list_names(editing->talk, &names, word);
        return CC_REDISPLAY;
    }
    memcpy(text, found + word.bytes, common - word.bytes);
    text[common - word.bytes] = '\0';
    return el_insertstr(editor, text) == 0 ? CC_REFRESH : CC_ERROR;
}

/* ---- lines ---- */

static bool is_word(const char *line, const char *word)
{
    size_t bytes = strlen(line);
    while (bytes > 0 && strchr(" ;\n", line[bytes - 1]) != NULL) bytes--;
    return bytes == strlen(word) && strncasecmp(line, word, bytes) == 0;
}

static const char *history_path(struct mr_cli *cli)
{
    const char *home = cli->variable("HOME");
    return home == NULL ? NULL : mr_arena_format(&cli->arena, "%s/.millrace_history", home);
}

static void run_typed(struct mr_cli *cli, const struct mr_prompt *prompt, struct mr_text *text)
{
    struct mr_err err = {0};
    mr_runtime_forget_stop();
    if (prompt->run(prompt->ctx, mr_text_span(text), "prompt", &err) != MR_OK) {
        mr_cli_print_error(cli, &err);
    }
    mr_runtime_forget_stop();
    mr_text_reset(text);
}

static void read_lines(struct mr_cli *cli, struct editing *editing, EditLine *editor,
                       History *history_of, HistEvent *event)
{
    struct mr_text text;
    const char *line;
    int count;
    mr_text_init(&text, &cli->heap);
    while ((line = el_gets(editor, &count)) != NULL && count > 0) {
        bool begins = text.used == 0;
        if (begins && (is_word(line, "exit") || is_word(line, "quit"))) break;
        if (begins && is_word(line, "")) continue;
        mr_text_add(&text, line, (size_t)count);
        (void)history(history_of, event, H_ENTER, line);
        if (mr_prompt_is_complete(mr_text_span(&text))) run_typed(cli, editing->prompt, &text);
        editing->is_continued = text.used > 0;
    }
    mr_text_fini(&text);
}

bool mr_prompt_is_there(void)
{
    return true;
}

void mr_prompt_run(struct mr_cli *cli, const struct mr_prompt *prompt)
{
    struct editing editing = {.prompt = prompt, .talk = cli->talk};
    const char *path = history_path(cli);
    EditLine *editor = el_init("millrace", stdin, cli->out, cli->talk);
    History *past = history_init();
    HistEvent event;
    if (editor == NULL || past == NULL) {
        mr_cli_say(cli, MR_SAY_ERROR, "the terminal cannot be used for a prompt");
    } else {
        (void)history(past, &event, H_SETSIZE, HISTORY_MAX);
        (void)el_set(editor, EL_CLIENTDATA, &editing);
        (void)el_set(editor, EL_PROMPT, prompt_text);
        (void)el_set(editor, EL_EDITOR, "emacs");
        (void)el_set(editor, EL_HIST, history, past);
        (void)el_set(editor, EL_ADDFN, "complete", "complete a name", complete);
        (void)el_set(editor, EL_BIND, "^I", "complete", NULL);
        if (path != NULL) (void)history(past, &event, H_LOAD, path);
        read_lines(cli, &editing, editor, past, &event);
        if (path != NULL) (void)history(past, &event, H_SAVE, path);
    }
    if (past != NULL) history_end(past);
    if (editor != NULL) el_end(editor);
}
#else
bool mr_prompt_is_there(void)
{
    return false;
}

void mr_prompt_run(struct mr_cli *cli, const struct mr_prompt *prompt)
{
    (void)cli;
    (void)prompt;
}
#endif
