/* Help from the command table: one screen of verbs, one of a verb, and docs/cli.md. */
#include "core/base/checked.h"
#include "tools/millrace/cli.h"

enum { OPTION_COLUMN = 30, HELP_COLUMNS = 96 };

/* Words of a paragraph in lines that start at `indent`; the first starts at column `at`. */
static void put_wrapped(FILE *to, const char *text, size_t indent, size_t at)
{
    for (bool is_first = true; *text != '\0'; is_first = false) {
        size_t bytes = strcspn(text, " ");
        if (!is_first && at + 1 + bytes > HELP_COLUMNS) {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!is_first) {
            fputc(' ', to);
            at++;
        }
        fwrite(text, 1, bytes, to);
        at += bytes;
        text += bytes + strspn(text + bytes, " ");
    }
    fputc('\n', to);
}

static const char *value_of(const struct mr_option *option)
{
    return option->type == MR_CLI_FLAG ? NULL : option->value;
}

static void put_option(FILE *to, const struct mr_option *option)
{
    char left[96], right[512], variable[MR_OPTION_VARIABLE_MAX];
    char letter[8] = "    ";
    if (option->letter != 0) (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    const char *value = value_of(option);
    size_t used = (size_t)snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name,
                                   value == NULL ? "" : " ", value == NULL ? "" : value);
    mr_option_variable(option, variable);
    bool has_fallback = option->fallback != NULL;
    (void)snprintf(right, sizeof right, "%s%s%s%s [%s]", option->help,
                   has_fallback ? " (default " : "", has_fallback ? option->fallback : "",
                   has_fallback ? ")" : "", variable);
    fputs(left, to);
    if (used + 2 > OPTION_COLUMN) {
        fputc('\n', to);
        used = 0;
    }
    fprintf(to, "%*s", (int)(OPTION_COLUMN - used), "");
    put_wrapped(to, right, OPTION_COLUMN, OPTION_COLUMN);
}

static void put_options(FILE *to, const char *title, const struct mr_option *options)
{
    if (options == NULL || options->name == NULL) return;
    fprintf(to, "\n%s:\n", title);
    for (; options->name != NULL; options++) put_option(to, options);
}

static void put_usage(FILE *to, const struct mr_command *command)
{
    fprintf(to, "millrace %s", command->name);
    for (const struct mr_action *a = command->actions; a != NULL && a->name != NULL; a++) {
        fprintf(to, "%s%s", a == command->actions ? " " : "|", a->name);
    }
    if (command->arguments != NULL) fprintf(to, " %s", command->arguments);
    if (command->options != NULL) fputs(" [OPTIONS]", to);
    fputc('\n', to);
}

void mr_help_command(struct mr_cli *cli, const struct mr_command *command)
{
    FILE *to = cli->out;
    fputs("usage: ", to);
    put_usage(to, command);
    fprintf(to, "\n%s\n", command->summary);
    if (command->actions != NULL) fputc('\n', to);
    for (const struct mr_action *a = command->actions; a != NULL && a->name != NULL; a++) {
        fprintf(to, "  %-14s %s\n", a->name, a->summary);
    }
    put_options(to, "options", command->options);
    put_options(to, "everywhere", mr_global_options);
    if (command->details == NULL) return;
    fputc('\n', to);
    put_wrapped(to, command->details, 0, 0);
}

void mr_help_overview(struct mr_cli *cli)
{
    FILE *to = cli->out;
    fputs("usage: millrace VERB [ARGUMENTS] [OPTIONS]\n\n"
          "Streams records into Delta tables, exactly once.\n\nverbs:\n",
          to);
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        fprintf(to, "  %-12s ", c->name);
        put_wrapped(to, c->summary, 15, 15);
    }
    put_options(to, "everywhere", mr_global_options);
    fputs("\n`millrace help VERB` says more. Every option has a variable of the environment, shown "
          "in\n"
          "brackets. Exit codes: 0 ok, 1 failed, 2 usage, 3 configuration or SQL rejected,\n"
          "4 unreachable, 5 corruption found, 6 locked by another process, 7 drain timed out.\n",
          to);
}

static void put_cell(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') fputc('\\', to);
        fputc(*text, to);
    }
}

static void put_markdown_options(FILE *to, const struct mr_option *options)
{
    if (options == NULL || options->name == NULL) return;
    fputs("\n| option | | default | variable |\n|---|---|---|---|\n", to);
    for (; options->name != NULL; options++) {
        char variable[MR_OPTION_VARIABLE_MAX];
        const char *value = value_of(options);
        mr_option_variable(options, variable);
        fputs("| `", to);
        if (options->letter != 0) fprintf(to, "-%c`, `", options->letter);
        fprintf(to, "--%s", options->name);
        if (value != NULL) fputc(' ', to);
        if (value != NULL) put_cell(to, value);
        fputs("` | ", to);
        put_cell(to, options->help);
        const char *quote = options->fallback == NULL ? "" : "`";
        fprintf(to, " | %s%s%s | `%s` |\n", quote,
                options->fallback == NULL ? "" : options->fallback, quote, variable);
    }
}

void mr_help_markdown(struct mr_cli *cli)
{
    FILE *to = cli->out;
    fputs("# Verbs\n\nMade by `docs/make` from the table in `tools/millrace/commands.c`.\n"
          "\nExit codes: 0 ok, 1 ran and failed, 2 usage, 3 configuration or SQL rejected, "
          "4 endpoint unreachable, 5 corruption found, 6 locked by another process, "
          "7 drain timed out, 130 and 143 by signal. Data goes to the standard output, messages to "
          "the standard error.\n\n## everywhere\n",
          to);
    put_markdown_options(to, mr_global_options);
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        fprintf(to, "\n## %s\n\n    ", c->name);
        put_usage(to, c);
        fprintf(to, "\n%s.\n", c->summary);
        if (c->actions != NULL) fputs("\n| | |\n|---|---|\n", to);
        for (const struct mr_action *a = c->actions; a != NULL && a->name != NULL; a++) {
            fprintf(to, "| `%s` | %s |\n", a->name, a->summary);
        }
        put_markdown_options(to, c->options);
        if (c->details != NULL) fprintf(to, "\n%s\n", c->details);
    }
}
