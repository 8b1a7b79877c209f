/* The command line: one table of commands, from which parsing, help, man text and completion come.
 *
 * A verb is a row in commands.c and a function in verb_x.c:
 *
 *     int mr_verb_x(struct mr_cli *cli, struct mr_err *err);
 *
 * It returns an exit code (MR_EXIT_...). After a failure it fills *err and returns
 * mr_cli_exit_of(err); main prints the error, once, in the shape of mr_cli_print_error. Options are
 * asked for by name and always have a value: what was given, else the environment's MILLRACE_NAME,
 * else the table's fallback. Data goes to `out`, everything said to a person through mr_cli_say.
 *
 * The exit codes are a contract: scripts rely on them. */
#ifndef MR_TOOLS_MILLRACE_CLI_H
#define MR_TOOLS_MILLRACE_CLI_H

#include <stdio.h>

#include "core/base/span.h"
#include "core/mem/arena.h"
#include "core/mem/text.h"

enum {
    MR_EXIT_OK = 0,
    MR_EXIT_FAILED = 1,      /* ran and failed: a flow, a query, a test */
    MR_EXIT_USAGE = 2,       /* wrong command line */
    MR_EXIT_REJECTED = 3,    /* configuration or SQL refused before anything ran */
    MR_EXIT_UNREACHABLE = 4, /* an endpoint refused or did not answer */
    MR_EXIT_CORRUPT = 5,     /* damaged state or table */
    MR_EXIT_LOCKED = 6,      /* another process has it */
    MR_EXIT_DRAIN = 7,       /* draining took too long */
};

/* Where the system keeps its time zones. */
#define MR_ZONE_FOLDER "/usr/share/zoneinfo"

enum { MR_CLI_OPTIONS_MAX = 32, MR_CLI_ARGS_MAX = 64 };

typedef enum mr_option_type {
    MR_CLI_FLAG, /* no value; in the environment 1, true, yes, on or their opposites */
    MR_CLI_TEXT,
    MR_CLI_INT,      /* min to max */
    MR_CLI_BYTES,    /* 4096, 10MB (decimal), 64MiB (binary) */
    MR_CLI_DURATION, /* 90 (seconds), 250ms, 1h30m, "5 minutes"; kept in microseconds */
    MR_CLI_RATE,     /* a share from 0 to 1: 0.01 or 1% */
    MR_CLI_CHOICE,   /* one of `value`, separated by | */
    MR_CLI_LIST,     /* a,b,c; may be repeated */
    MR_CLI_PAIRS,    /* key=value; may be repeated */
} mr_option_type;

struct mr_option {
    const char *name;
    char letter; /* short form, 0 = none */
    mr_option_type type;
    const char *value;    /* its placeholder in help; the choices of a CHOICE */
    const char *fallback; /* as it would be written; null = none */
    const char *help;     /* one sentence without a full stop */
    int64_t min, max;     /* INT: bounds; both 0 = none */
};

struct mr_action {
    const char *name;
    const char *summary;
};

struct mr_cli;

struct mr_command {
    const char *name;
    const char *summary;
    int (*run)(struct mr_cli *cli, struct mr_err *err);
    const struct mr_action *actions; /* what the first argument must be, ended by a null name */
    const char *arguments;           /* for help: "DIR" */
    uint32_t args_min, args_max;     /* not counting the action */
    const struct mr_option *options; /* ended by a null name */
    const char *details;             /* paragraphs for `help VERB` */
};

struct mr_option_value {
    bool is_given; /* on the command line or in the environment */
    const char *text;
    int64_t number; /* INT, BYTES, DURATION; FLAG: 0 or 1 */
    double rate;
    const char **items; /* LIST, PAIRS */
    uint32_t item_count;
};

typedef enum mr_say_level { MR_SAY_ERROR, MR_SAY_WARN, MR_SAY_INFO, MR_SAY_DETAIL } mr_say_level;
typedef enum mr_log_format { MR_LOG_TEXT, MR_LOG_JSON, MR_LOG_LOGFMT } mr_log_format;

struct mr_cli {
    struct mr_heap heap;
    struct mr_arena arena;
    FILE *out;                                 /* data */
    FILE *talk;                                /* everything else */
    const char *(*variable)(const char *name); /* the environment */
    const struct mr_command *command;
    const char *action; /* null when the command has none */
    const char *args[MR_CLI_ARGS_MAX];
    uint32_t arg_count;
    struct mr_option_value values[MR_CLI_OPTIONS_MAX];  /* of command->options */
    struct mr_option_value globals[MR_CLI_OPTIONS_MAX]; /* of mr_global_options */
    const char *folder; /* the pipeline folder, once known: error origins count from it too */
    struct mr_span text; /* SQL that is no file; errors of origin `text_origin` quote it */
    const char *text_origin;
    bool is_color;      /* of talk */
    int verbosity;      /* -1 quiet, 0, 1, ... */
    mr_log_format log_format;
};

extern const struct mr_command mr_commands[];
extern const struct mr_option mr_global_options[];

/* mr_command_find: null when there is none of this name. */
const struct mr_command *mr_command_find(struct mr_span name);

void mr_cli_init(struct mr_cli *cli, FILE *out, FILE *talk,
                 const char *(*variable)(const char *name));
void mr_cli_fini(struct mr_cli *cli);

/* mr_cli_parse: fills command, action, arguments and options from the words after the program's
 * name. `--help` anywhere becomes the verb help with that command as its argument.
 * returns MR_E_INVALID with code 6001 */
MR_MUST_USE mr_status mr_cli_parse(struct mr_cli *cli, int count, char *const *words,
                                   struct mr_err *err);

/* Options by name; asking for one that the command's row does not have is a fault of the verb. */
const struct mr_option_value *mr_cli_option(const struct mr_cli *cli, const char *name);
bool mr_cli_flag(const struct mr_cli *cli, const char *name);
const char *mr_cli_text(const struct mr_cli *cli, const char *name); /* null when there is none */
int64_t mr_cli_int(const struct mr_cli *cli, const char *name);      /* also BYTES and DURATION */
double mr_cli_rate(const struct mr_cli *cli, const char *name);

/* mr_cli_say: a line to the person at the terminal, or to the log, as --log-format says. Left out
 * when quieter than asked for; MR_SAY_DETAIL needs -v. */
void mr_cli_say(struct mr_cli *cli, mr_say_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* mr_cli_print_error: the error with its place and, where the origin is a file that can be read,
 * the line with the token underlined:
 *
 *     error[MR1203]: column "amuont" not found in orders
 *       transformations/silver.sql:7:10
 *       7 |   SELECT amuont FROM STREAM orders
 *         |          ^^^^^^
 *       help: did you mean "amount"?
 */
void mr_cli_print_error(struct mr_cli *cli, const struct mr_err *err);

/* mr_cli_quote_from: errors of this origin quote lines of `text`, which is copied. */
void mr_cli_quote_from(struct mr_cli *cli, const char *origin, struct mr_span text);

/* mr_cli_exit_of: the exit code for an error. */
int mr_cli_exit_of(const struct mr_err *err);

/* mr_cli_usage: fills *err with a usage error (6001) that names the verb's help. */
mr_status mr_cli_usage(const struct mr_cli *cli, struct mr_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* mr_option_variable: the environment's name of an option, "MILLRACE_FULL_REFRESH". */
enum { MR_OPTION_VARIABLE_MAX = 64 };
void mr_option_variable(const struct mr_option *option, char out[MR_OPTION_VARIABLE_MAX]);

/* Help, written to cli->out. */
void mr_help_overview(struct mr_cli *cli);
void mr_help_command(struct mr_cli *cli, const struct mr_command *command);
void mr_help_markdown(struct mr_cli *cli);

/* The verbs, in the order of the table. */
int mr_verb_run(struct mr_cli *cli, struct mr_err *err);
int mr_verb_dry_run(struct mr_cli *cli, struct mr_err *err);
int mr_verb_sql(struct mr_cli *cli, struct mr_err *err);
int mr_verb_source(struct mr_cli *cli, struct mr_err *err);
int mr_verb_rescue(struct mr_cli *cli, struct mr_err *err);
int mr_verb_state(struct mr_cli *cli, struct mr_err *err);
int mr_verb_gen(struct mr_cli *cli, struct mr_err *err);
int mr_verb_doctor(struct mr_cli *cli, struct mr_err *err);
int mr_verb_explain(struct mr_cli *cli, struct mr_err *err);
int mr_verb_completion(struct mr_cli *cli, struct mr_err *err);
int mr_verb_version(struct mr_cli *cli, struct mr_err *err);
int mr_verb_help(struct mr_cli *cli, struct mr_err *err);

#endif
