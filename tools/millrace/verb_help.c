#include "core/base/nearest.h"
#include "core/port/source_options.h"
#include "tools/millrace/cli.h"

static int help_source_options(struct mr_cli *cli, struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, &cli->heap);
    mr_text_adds(&text, "# Options of a file source\n\nMade by `docs/make` from "
                        "`core/port/source_options.def`. They are named arguments of `read_files`, "
                        "or options of `format(\"cloudFiles\")`, there with the prefix "
                        "`cloudFiles.`; names compare without case.\n\n");
    mr_source_options_write_help(&text);
    mr_status status = mr_text_end(&text, err);
    if (status == MR_OK) fwrite(text.at, 1, text.used, cli->out);
    mr_text_fini(&text);
    return status == MR_OK ? MR_EXIT_OK : mr_cli_exit_of(err);
}

int mr_verb_help(struct mr_cli *cli, struct mr_err *err)
{
    if (mr_cli_flag(cli, "markdown")) {
        mr_help_markdown(cli);
        return MR_EXIT_OK;
    }
    if (mr_cli_flag(cli, "source-options")) return help_source_options(cli, err);
    if (cli->arg_count == 0) {
        mr_help_overview(cli);
        return MR_EXIT_OK;
    }
    const struct mr_command *command = mr_command_find(mr_span_of(cli->args[0]));
    if (command != NULL) {
        mr_help_command(cli, command);
        return MR_EXIT_OK;
    }
    (void)mr_cli_usage(cli, err, "unknown verb \"%s\"", cli->args[0]);
    struct mr_nearest nearest;
    mr_nearest_init(&nearest, mr_span_of(cli->args[0]));
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        mr_nearest_offer(&nearest, mr_span_of(c->name));
    }
    if (nearest.best.bytes > 0) {
        mr_err_help(err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    }
    return mr_cli_exit_of(err);
}
