#include "tools/millrace/sql_prompt.h"

#include <stdlib.h>
#include <string.h>

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
#include <editline/readline.h>

enum { HISTORY_MAX = 10000 };

/* libedit's completion has no context of its own. */
static const struct mr_prompt *completing;
static struct mr_prompt_names found;

static char *next_name(const char *word, int state)
{
    static uint32_t at;
    size_t bytes = strlen(word);
    if (state == 0) {
        at = 0;
        found = completing->names(completing->ctx);
    }
    for (; at < found.count; at++) {
        if (strncasecmp(found.at[at], word, bytes) != 0) continue;
        return strdup(found.at[at++]);
    }
    return NULL;
}

static char **complete(const char *word, int from, int to)
{
    (void)from;
    (void)to;
    rl_attempted_completion_over = 1; /* no names of files */
    return rl_completion_matches(word, next_name);
}

static bool is_word(const char *line, const char *word)
{
    size_t bytes = strlen(line);
    while (bytes > 0 && (line[bytes - 1] == ' ' || line[bytes - 1] == ';')) bytes--;
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

bool mr_prompt_is_there(void)
{
    return true;
}

void mr_prompt_run(struct mr_cli *cli, const struct mr_prompt *prompt)
{
    const char *path = history_path(cli);
    struct mr_text text;
    char *line;
    mr_text_init(&text, &cli->heap);
    completing = prompt;
    rl_readline_name = "millrace";
    rl_attempted_completion_function = complete;
    using_history();
    stifle_history(HISTORY_MAX);
    if (path != NULL) (void)read_history(path);
    while ((line = readline(text.used == 0 ? "millrace> " : "      ... ")) != NULL) {
        bool ends = text.used == 0 && (is_word(line, "exit") || is_word(line, "quit"));
        if (!ends && line[0] != '\0') {
            if (text.used > 0) mr_text_addc(&text, '\n');
            mr_text_adds(&text, line);
            (void)add_history(line);
        }
        free(line);
        if (ends) break;
        if (mr_prompt_is_complete(mr_text_span(&text))) run_typed(cli, prompt, &text);
    }
    if (path != NULL) (void)write_history(path);
    mr_text_fini(&text);
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
