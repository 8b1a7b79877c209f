/* From words to a command with its values. */
#include <ctype.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/nearest.h"
#include "tools/millrace/cli.h"
#include "tools/millrace/cli_value.h"

void mr_option_variable(const struct mr_option *option, char out[MR_OPTION_VARIABLE_MAX])
{
    int bytes = snprintf(out, MR_OPTION_VARIABLE_MAX, "MILLRACE_%s", option->name);
    MR_ASSERT(bytes > 0 && bytes < MR_OPTION_VARIABLE_MAX);
    for (char *c = out; *c != '\0'; c++) *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

void mr_cli_init(struct mr_cli *cli, FILE *out, FILE *talk, const char *(*variable)(const char *))
{
    memset(cli, 0, sizeof *cli);
    mr_heap_init(&cli->heap, 0);
    mr_arena_init(&cli->arena, &cli->heap, 0);
    cli->out = out;
    cli->talk = talk;
    cli->variable = variable;
}

void mr_cli_fini(struct mr_cli *cli)
{
    mr_arena_fini(&cli->arena);
}

static struct mr_option_value *find_value(struct mr_cli *cli, const char *name, size_t bytes,
                                          char letter, const struct mr_option **out_option)
{
    const struct mr_option *tables[2] = {cli->command == NULL ? NULL : cli->command->options,
                                         mr_global_options};
    struct mr_option_value *values[2] = {cli->values, cli->globals};
    for (int t = 0; t < 2; t++) {
        for (uint32_t i = 0; tables[t] != NULL && tables[t][i].name != NULL; i++) {
            const struct mr_option *option = &tables[t][i];
            bool is_it = letter != 0 ? option->letter == letter
                                     : mr_span_is((struct mr_span){name, bytes}, option->name);
            if (!is_it) continue;
            MR_ASSERT(i < MR_CLI_OPTIONS_MAX);
            *out_option = option;
            return &values[t][i];
        }
    }
    return NULL;
}

const struct mr_option_value *mr_cli_option(const struct mr_cli *cli, const char *name)
{
    const struct mr_option *option;
    struct mr_option_value *value =
        find_value((struct mr_cli *)(uintptr_t)cli, name, strlen(name), 0, &option);
    MR_ASSERT(value != NULL);
    return value;
}

bool mr_cli_flag(const struct mr_cli *cli, const char *name)
{
    return mr_cli_option(cli, name)->number != 0;
}

const char *mr_cli_text(const struct mr_cli *cli, const char *name)
{
    return mr_cli_option(cli, name)->text;
}

int64_t mr_cli_int(const struct mr_cli *cli, const char *name)
{
    return mr_cli_option(cli, name)->number;
}

double mr_cli_rate(const struct mr_cli *cli, const char *name)
{
    return mr_cli_option(cli, name)->rate;
}

static mr_status fail_unknown_option(struct mr_cli *cli, struct mr_span name, struct mr_err *err)
{
    struct mr_nearest nearest;
    mr_nearest_init(&nearest, name);
    const struct mr_option *tables[2] = {cli->command == NULL ? NULL : cli->command->options,
                                         mr_global_options};
    for (int t = 0; t < 2; t++) {
        for (const struct mr_option *o = tables[t]; o != NULL && o->name != NULL; o++) {
            mr_nearest_offer(&nearest, mr_span_of(o->name));
        }
    }
    mr_status status = mr_cli_usage(cli, err, "unknown option --%.*s", (int)name.bytes, name.text);
    if (nearest.best.bytes > 0) {
        mr_err_help(err, "did you mean --%.*s?", (int)nearest.best.bytes, nearest.best.text);
    }
    return status;
}

/* A value may be attached; otherwise it is the next word, except for flags. */
static mr_status take_value(struct mr_cli *cli, const struct mr_option *option,
                            struct mr_option_value *value, const char *attached,
                            char *const **words, char *const *end, struct mr_err *err)
{
    char source[MR_OPTION_VARIABLE_MAX];
    (void)snprintf(source, sizeof source, "--%s", option->name);
    value->is_given = true;
    if (option->type == MR_CLI_FLAG) {
        if (attached != NULL) return mr_cli_usage(cli, err, "%s takes no value", source);
        value->number++;
        value->text = "1";
        return MR_OK;
    }
    if (attached == NULL) {
        if (*words == end) {
            return mr_cli_usage(cli, err, "%s needs a value: %s", source, option->value);
        }
        attached = *(*words)++;
    }
    return mr_value_read(cli, option, source, attached, value, err);
}

static mr_status take_long(struct mr_cli *cli, const char *word, char *const **words,
                           char *const *end, struct mr_err *err)
{
    const struct mr_option *option;
    size_t bytes = strcspn(word, "=");
    struct mr_option_value *value = find_value(cli, word, bytes, 0, &option);
    if (value == NULL) return fail_unknown_option(cli, (struct mr_span){word, bytes}, err);
    return take_value(cli, option, value, word[bytes] == '=' ? word + bytes + 1 : NULL, words, end,
                      err);
}

/* "-qv", "-n5", "-n 5". */
static mr_status take_short(struct mr_cli *cli, const char *word, char *const **words,
                            char *const *end, struct mr_err *err)
{
    for (; *word != '\0'; word++) {
        const struct mr_option *option;
        struct mr_option_value *value = find_value(cli, NULL, 0, *word, &option);
        if (value == NULL) return mr_cli_usage(cli, err, "unknown option -%c", *word);
        bool is_flag = option->type == MR_CLI_FLAG;
        const char *attached = is_flag || word[1] == '\0' ? NULL : word + 1;
        MR_TRY(take_value(cli, option, value, attached, words, end, err));
        if (!is_flag) return MR_OK;
    }
    return MR_OK;
}

static mr_status take_command(struct mr_cli *cli, const char *word, struct mr_err *err)
{
    struct mr_nearest nearest;
    cli->command = mr_command_find(mr_span_of(word));
    if (cli->command != NULL) return MR_OK;
    mr_nearest_init(&nearest, mr_span_of(word));
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        mr_nearest_offer(&nearest, mr_span_of(c->name));
    }
    mr_status status = mr_cli_usage(cli, err, "unknown verb \"%s\"", word);
    if (nearest.best.bytes > 0) {
        mr_err_help(err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    }
    return status;
}

static mr_status take_action(struct mr_cli *cli, const char *word, struct mr_err *err)
{
    struct mr_nearest nearest;
    mr_nearest_init(&nearest, mr_span_of(word));
    for (const struct mr_action *a = cli->command->actions; a->name != NULL; a++) {
        if (strcmp(a->name, word) == 0) {
            cli->action = a->name;
            return MR_OK;
        }
        mr_nearest_offer(&nearest, mr_span_of(a->name));
    }
    mr_status status = mr_cli_usage(cli, err, "%s: unknown \"%s\"", cli->command->name, word);
    if (nearest.best.bytes > 0) {
        mr_err_help(err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    }
    return status;
}

static mr_status take_plain(struct mr_cli *cli, const char *word, struct mr_err *err)
{
    if (cli->command == NULL) return take_command(cli, word, err);
    if (cli->command->actions != NULL && cli->action == NULL) return take_action(cli, word, err);
    if (cli->arg_count >= cli->command->args_max || cli->arg_count == MR_CLI_ARGS_MAX) {
        return mr_cli_usage(cli, err, "%s: one argument too many: \"%s\"", cli->command->name,
                            word);
    }
    cli->args[cli->arg_count++] = word;
    return MR_OK;
}

static mr_status take_words(struct mr_cli *cli, char *const *words, char *const *end,
                            struct mr_err *err)
{
    bool is_plain_only = false;
    while (words < end) {
        const char *word = *words++;
        if (is_plain_only || word[0] != '-' || word[1] == '\0') {
            MR_TRY(take_plain(cli, word, err));
        } else if (strcmp(word, "--") == 0) {
            is_plain_only = true;
        } else if (word[1] == '-') {
            MR_TRY(take_long(cli, word + 2, &words, end, err));
        } else {
            MR_TRY(take_short(cli, word + 1, &words, end, err));
        }
    }
    return MR_OK;
}

/* What the command line left open: first the environment, then the table. */
static mr_status fill_table(struct mr_cli *cli, const struct mr_option *options,
                            struct mr_option_value *values, struct mr_err *err)
{
    for (uint32_t i = 0; options != NULL && options[i].name != NULL; i++) {
        char name[MR_OPTION_VARIABLE_MAX];
        if (values[i].is_given) continue;
        mr_option_variable(&options[i], name);
        const char *text = cli->variable(name);
        values[i].is_given = text != NULL;
        if (text == NULL) text = options[i].fallback;
        if (text != NULL) MR_TRY(mr_value_read(cli, &options[i], name, text, &values[i], err));
    }
    return MR_OK;
}

static mr_status check_complete(struct mr_cli *cli, struct mr_err *err)
{
    const struct mr_command *command = cli->command;
    if (command->actions != NULL && cli->action == NULL) {
        struct mr_text names;
        mr_text_init(&names, &cli->heap);
        for (const struct mr_action *a = command->actions; a->name != NULL; a++) {
            mr_text_addf(&names, "%s%s", a == command->actions ? "" : ", ", a->name);
        }
        mr_status status = mr_cli_usage(cli, err, "%s: say what: %.*s", command->name,
                                        (int)mr_text_span(&names).bytes, mr_text_span(&names).text);
        mr_text_fini(&names);
        return status;
    }
    if (cli->arg_count < command->args_min) {
        return mr_cli_usage(cli, err, "%s: missing argument: %s", command->name,
                            command->arguments);
    }
    return MR_OK;
}

/* Global options decide how everything after them is said, errors included. */
static void apply_globals(struct mr_cli *cli)
{
    const char *color = mr_cli_text(cli, "color");
    const char *format = mr_cli_text(cli, "log-format");
    cli->verbosity = mr_cli_flag(cli, "quiet") ? -1 : (int)mr_cli_int(cli, "verbose");
    if (color != NULL && strcmp(color, "auto") != 0) cli->is_color = color[0] == 'a';
    cli->log_format = format == NULL || format[0] == 't' ? MR_LOG_TEXT
                      : format[0] == 'j'                 ? MR_LOG_JSON
                                                         : MR_LOG_LOGFMT;
}

static void turn_into_help(struct mr_cli *cli)
{
    const char *name = cli->command == NULL ? NULL : cli->command->name;
    memset(cli->values, 0, sizeof cli->values);
    cli->command = mr_command_find(MR_SPAN("help"));
    cli->action = NULL;
    cli->arg_count = name == NULL ? 0 : 1;
    cli->args[0] = name;
}

mr_status mr_cli_parse(struct mr_cli *cli, int count, char *const *words, struct mr_err *err)
{
    bool wants_help = count == 0;
    if (count > 0 && strcmp(words[0], "--version") == 0) {
        cli->command = mr_command_find(MR_SPAN("version"));
        count--, words++;
    }
    mr_status status = take_words(cli, words, words + count, err);
    mr_status globals =
        fill_table(cli, mr_global_options, cli->globals, status == MR_OK ? err : NULL);
    apply_globals(cli);
    if (status == MR_OK) status = globals;
    if (status != MR_OK) return status;
    wants_help = wants_help || mr_cli_flag(cli, "help") || cli->command == NULL;
    if (wants_help) turn_into_help(cli);
    MR_TRY(fill_table(cli, cli->command->options, cli->values, err));
    return wants_help ? MR_OK : check_complete(cli, err);
}
