/* millrace: streams records into Delta tables. The verbs are in commands.c. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/millrace/cli.h"

static const char *environment(const char *name)
{
    return getenv(name);
}

/* Colours by default only where a person looks: a terminal that is not told otherwise. */
static bool wants_color(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no_color != NULL && no_color[0] != '\0') return false;
    return isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

/* Data that did not reach the output is a failure, whatever the verb said. */
static int flush_data(struct mr_cli *cli, int code)
{
    struct mr_err err;
    if (fflush(cli->out) == 0 && !ferror(cli->out)) return code;
    (void)mr_err_os(&err, errno == 0 ? EIO : errno, 0, "cannot write to the standard output");
    mr_cli_print_error(cli, &err);
    return code == MR_EXIT_OK ? MR_EXIT_FAILED : code;
}

int main(int argc, char **argv)
{
    struct mr_cli cli;
    struct mr_err err = {0};
    mr_cli_init(&cli, stdout, stderr, environment);
    cli.is_color = wants_color();
    int code = MR_EXIT_USAGE;
    if (mr_cli_parse(&cli, argc - 1, argv + 1, &err) == MR_OK) code = cli.command->run(&cli, &err);
    /* A verb that succeeded has dealt with what failed on the way. */
    if (code != MR_EXIT_OK && err.status != MR_OK) mr_cli_print_error(&cli, &err);
    code = flush_data(&cli, code);
    mr_cli_fini(&cli);
    return code;
}
