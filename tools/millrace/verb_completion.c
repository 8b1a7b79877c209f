/* Completion scripts, made from the command table. Choices complete; DIR and FILE values complete
 * as paths; everything else is left to the person. */
#include "tools/millrace/cli.h"

static void put_options_of(FILE *to, const struct mr_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        fprintf(to, " --%s", options->name);
        if (options->letter != 0) fprintf(to, " -%c", options->letter);
    }
}

static void put_actions_of(FILE *to, const struct mr_command *command)
{
    for (const struct mr_action *a = command->actions; a != NULL && a->name != NULL; a++) {
        fprintf(to, " %s", a->name);
    }
}

static void put_verbs(FILE *to)
{
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++)
        fprintf(to, " %s", c->name);
}

/* "a|b|c" as "a b c". */
static void put_choices(FILE *to, const char *choices)
{
    for (; *choices != '\0'; choices++) fputc(*choices == '|' ? ' ' : *choices, to);
}

static void put_bash_values(FILE *to, const struct mr_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (options->type != MR_CLI_CHOICE) continue;
        fprintf(to, "    --%s) COMPREPLY=($(compgen -W \"", options->name);
        put_choices(to, options->value);
        fputs("\" -- \"$word\")); return ;;\n", to);
    }
}

static void put_bash(FILE *to)
{
    fputs("_millrace() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= i\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in -*) ;; *) verb=${COMP_WORDS[i]}; break ;; esac\n"
          "    done\n"
          "    case $before in\n",
          to);
    put_bash_values(to, mr_global_options);
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        put_bash_values(to, c->options);
    }
    fputs("    esac\n    local words\n    case $verb in\n    '') words=\"", to);
    put_verbs(to);
    fputs("\" ;;\n    help) words=\"", to);
    put_verbs(to);
    fputs("\" ;;\n", to);
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        if (strcmp(c->name, "help") == 0) continue;
        fprintf(to, "    %s) words=\"", c->name);
        put_actions_of(to, c);
        put_options_of(to, c->options);
        fputs("\" ;;\n", to);
    }
    fputs("    esac\n    case $word in -*) words=\"$words", to);
    put_options_of(to, mr_global_options);
    fputs("\" ;; esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
          "    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$word\"))\n"
          "}\n"
          "complete -o filenames -F _millrace millrace\n",
          to);
}

/* Text within single quotes of zsh or fish. */
static void put_quoted(FILE *to, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else if (strchr(special, *text) != NULL)
            fprintf(to, "\\%c", *text);
        else
            fputc(*text, to);
    }
}

static void put_zsh_option(FILE *to, const struct mr_option *option)
{
    fprintf(to, " '--%s[", option->name);
    put_quoted(to, option->help, "[]:\\");
    fputc(']', to);
    if (option->type == MR_CLI_CHOICE) {
        fprintf(to, ":%s:(", option->name);
        put_choices(to, option->value);
        fputc(')', to);
    } else if (option->type != MR_CLI_FLAG) {
        fprintf(to, ":%s:_files", option->value);
    }
    fputc('\'', to);
}

static void put_zsh(FILE *to)
{
    fputs("#compdef millrace\n_millrace() {\n  local -a verbs\n  verbs=(", to);
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        fprintf(to, "\n    '%s:", c->name);
        put_quoted(to, c->summary, ":\\");
        fputc('\'', to);
    }
    fputs(")\n  if (( CURRENT == 2 )); then _describe verb verbs; return; fi\n"
          "  case $words[2] in\n",
          to);
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        fprintf(to, "  %s) _arguments '1: :(%s)'", c->name, c->name);
        if (c->actions != NULL) {
            fputs(" '2: :(", to);
            put_actions_of(to, c);
            fputs(")'", to);
        }
        for (const struct mr_option *o = c->options; o != NULL && o->name != NULL; o++) {
            put_zsh_option(to, o);
        }
        for (const struct mr_option *o = mr_global_options; o->name != NULL; o++) {
            put_zsh_option(to, o);
        }
        fputs(" '*: :_files' ;;\n", to);
    }
    fputs("  esac\n}\n_millrace \"$@\"\n", to);
}

static void put_fish_options(FILE *to, const char *verb, const struct mr_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        fputs("complete -c millrace", to);
        if (verb != NULL) fprintf(to, " -n '__fish_seen_subcommand_from %s'", verb);
        fprintf(to, " -l %s", options->name);
        if (options->letter != 0) fprintf(to, " -s %c", options->letter);
        if (options->type != MR_CLI_FLAG) fputs(" -r", to);
        if (options->type == MR_CLI_CHOICE) {
            fputs(" -a '", to);
            put_choices(to, options->value);
            fputc('\'', to);
        }
        fputs(" -d '", to);
        put_quoted(to, options->help, "\\");
        fputs("'\n", to);
    }
}

static void put_fish(FILE *to)
{
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        fprintf(to, "complete -c millrace -n __fish_use_subcommand -f -a %s -d '", c->name);
        put_quoted(to, c->summary, "\\");
        fputs("'\n", to);
        if (c->actions != NULL) {
            fprintf(to, "complete -c millrace -n '__fish_seen_subcommand_from %s' -f -a '",
                    c->name);
            put_actions_of(to, c);
            fputs("'\n", to);
        }
        put_fish_options(to, c->name, c->options);
    }
    put_fish_options(to, NULL, mr_global_options);
}

int mr_verb_completion(struct mr_cli *cli, struct mr_err *err)
{
    (void)err;
    switch (cli->action[0]) {
    case 'b': put_bash(cli->out); break;
    case 'z': put_zsh(cli->out); break;
    default: put_fish(cli->out); break;
    }
    return MR_EXIT_OK;
}
