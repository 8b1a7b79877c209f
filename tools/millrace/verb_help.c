#include "core/base/nearest.h"
#include "tools/millrace/cli.h"

int mr_verb_help(struct mr_cli *cli, struct mr_err *err)
{
    if (mr_cli_flag(cli, "markdown")) {
        mr_help_markdown(cli);
        return MR_EXIT_OK;
    }
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
