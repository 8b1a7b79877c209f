/* The one command table. A verb is a row here and a file verb_x.c; parsing, help, completion and
 * docs/cli.md follow. Rows are in the order in which help lists them. */
#include "tools/millrace/cli.h"

/* clang-format off */
#define OPTIONS(...) .options = (const struct mr_option[]){__VA_ARGS__, {NULL}}
#define ACTIONS(...) .actions = (const struct mr_action[]){__VA_ARGS__, {NULL}}
/* clang-format on */

const struct mr_option mr_global_options[] = {
    {"quiet", 'q', MR_CLI_FLAG, .help = "say only what went wrong"},
    {"verbose", 'v', MR_CLI_FLAG, .help = "say more"},
    {"color", 0, MR_CLI_CHOICE, "auto|always|never", "auto",
     "colour messages; auto means on a terminal and without NO_COLOR"},
    {"log-format", 0, MR_CLI_CHOICE, "text|json|logfmt", "text", "how messages are written"},
    {"help", 'h', MR_CLI_FLAG, .help = "show the help of the verb"},
    {NULL},
};

/* What every verb that starts shards takes. */
#define RUNTIME_OPTIONS                                                                            \
    {"threads", 't', MR_CLI_INT, "N", NULL, "shards; by default one per core", 0, 256},         \
        {"memory", 0, MR_CLI_BYTES, "SIZE", "256MiB", "memory of a shard"},                     \
        {"io", 0, MR_CLI_CHOICE, "auto|poll", "auto", "auto uses io_uring where there is one"}, \
        {"isa", 0, MR_CLI_CHOICE, "auto|ref|avx2|avx512", "auto", "which kernels to use"},      \
        {"set", 0, MR_CLI_PAIRS, "KEY=VALUE", NULL, "a setting that wins over the spec's"},     \
        {"fault", 0, MR_CLI_TEXT, "RULES", NULL, "for tests: make operations fail (fault.h)"}

const struct mr_command mr_commands[] = {
    {"run", "bring the tables of a pipeline folder up to date", mr_verb_run,
     .arguments = "DIR", .args_min = 1, .args_max = 1,
     OPTIONS({"continuous", 0, MR_CLI_FLAG, .help = "keep going until stopped"},
             {"duration", 0, MR_CLI_DURATION, "TIME", NULL, "stop cleanly after this time"},
             RUNTIME_OPTIONS),
     .details = "Each flow reads what is there now, exactly once, and stops. SIGTERM and SIGINT "
                "finish the epoch at work and then stop."},
    {"dry-run", "everything up to touching data: parse, bind, schemas", mr_verb_dry_run,
     .arguments = "DIR", .args_min = 1, .args_max = 1,
     OPTIONS(RUNTIME_OPTIONS),
     .details = "Prints the columns of every table. The same code as run, and nothing is written."},
    {"sql", "ask the tables, and change them", mr_verb_sql,
     OPTIONS({"command", 'c', MR_CLI_TEXT, "SQL", NULL, "run these statements"},
             {"file", 'f', MR_CLI_TEXT, "FILE", NULL, "run the statements of a file; - is stdin"},
             {"format", 0, MR_CLI_CHOICE, "table|csv|json|ndjson|markdown", "table",
              "how rows are written"},
             {"folder", 'C', MR_CLI_TEXT, "DIR", NULL, "the pipeline folder whose tables to ask"},
             {"warehouse", 0, MR_CLI_TEXT, "DIR", NULL,
              "a folder of catalogs, schemas and tables, instead of -C"},
             RUNTIME_OPTIONS),
     .details = "Without -c and -f statements are typed at a prompt, or come from the standard "
                "input when that is no terminal. Tables are named catalog.schema.table, or by "
                "their path: delta.`/path`. Each query reads one version of each table. Rows go "
                "to the standard output, everything else to the other one."},
    {"source", "look at a source", mr_verb_source,
     ACTIONS({"infer", "print the schema that a table over these files would get, as DDL"}),
     .arguments = "PATH", .args_min = 1, .args_max = 1,
     OPTIONS({"option", 'o', MR_CLI_PAIRS, "NAME=VALUE", NULL,
              "an option of read_files; may be repeated"}),
     .details = "PATH is a folder, a file, or an absolute glob."},
    {"rescue", "rows with data that did not fit the schema", mr_verb_rescue,
     ACTIONS({"list", "count them, by table"}, {"show", "print what was rescued, a line each"}),
     .arguments = "[TABLE]", .args_max = 1,
     OPTIONS({"folder", 'C', MR_CLI_TEXT, "DIR", ".", "the pipeline folder"},
             {"column", 0, MR_CLI_TEXT, "NAME", "_rescued_data", "the rescued-data column"},
             {"limit", 'n', MR_CLI_INT, "N", "100", "lines to print at most", 0, INT64_MAX})},
    {"state", "the checkpoints of a pipeline", mr_verb_state,
     ACTIONS({"inspect", "what they say, and what the next start will do"},
             {"verify", "read every entry with its checksum; exit code 5 when one is damaged"}),
     .arguments = "[TABLE]", .args_max = 1,
     OPTIONS({"folder", 'C', MR_CLI_TEXT, "DIR", ".", "the pipeline folder"}),
     .details = "Nothing is written and no lock is taken."},
    {"gen", "make records for tests and benchmarks", mr_verb_gen,
     ACTIONS({"clickstream", "events of web sessions, nested, about 440 bytes each"},
             {"iot", "measurements of 10,000 devices, about 170 bytes each"},
             {"orders", "orders with their lines, about 360 bytes each"}),
     OPTIONS(
         {"rows", 'n', MR_CLI_INT, "N", "100000", "how many records", 0, INT64_MAX},
         {"bytes", 0, MR_CLI_BYTES, "SIZE", NULL,
          "make about this much instead of a number of rows"},
         {"out", 'o', MR_CLI_TEXT, "DIR", NULL,
          "write files into this folder; without it to the standard output"},
         {"files", 0, MR_CLI_INT, "N", "1", "spread over this many files", 1, 1000000},
         {"prefix", 0, MR_CLI_TEXT, "NAME", NULL,
          "start of the file names; by default the kind of record"},
         {"seed", 0, MR_CLI_INT, "N", "1", "the same seed gives the same bytes", 0, INT64_MAX},
         {"start", 0, MR_CLI_TEXT, "TIME", "2026-01-01T00:00:00Z",
          "event time of the first record"},
         {"rate", 0, MR_CLI_INT, "N", "1000", "records per second of event time", 1, 1000000000},
         {"late", 0, MR_CLI_RATE, "SHARE", "0.01",
          "records whose event time lies behind by up to --late-max"},
         {"late-max", 0, MR_CLI_DURATION, "TIME", "120s", "how late the latest are"},
         {"duplicates", 0, MR_CLI_RATE, "SHARE", "0.01", "records that come again"},
         {"malformed", 0, MR_CLI_RATE, "SHARE", "0", "records that are no JSON"},
         {"reordered", 0, MR_CLI_RATE, "SHARE", "0",
          "records that change places with a later one"}),
     .details = "The same kind, seed and options give the same bytes on every machine."},
    {"doctor", "look at this machine and say what would make it better", mr_verb_doctor,
     .arguments = "[DIR]", .args_max = 1,
     OPTIONS({"json", 0, MR_CLI_FLAG, .help = "one JSON object"}),
     .details =
         "Probes the kernel, the processor, limits, and the file system that DIR (by default "
         "the current folder) lies on. Exit code 1 when something millrace needs is missing."},
    {"explain", "show the page of an error number", mr_verb_explain, .arguments = "[CODE]",
     .args_max = 1,
     OPTIONS({"markdown", 0, MR_CLI_FLAG, .help = "all pages, as docs/errors.md has them"}),
     .details = "CODE is MR1203 or 1203. Without it, all numbers with their titles."},
    {"completion", "print the completion script of a shell", mr_verb_completion,
     ACTIONS({"bash", "source <(millrace completion bash)"},
             {"zsh", "millrace completion zsh > a folder of $fpath, as _millrace"},
             {"fish", "millrace completion fish | source"}),
     .details = "Made from the same table as this help."},
    {"version", "show the version and what is compiled in", mr_verb_version,
     OPTIONS({"json", 0, MR_CLI_FLAG, .help = "one JSON object"})},
    {"help", "show the verbs, or one of them", mr_verb_help, .arguments = "[VERB]", .args_max = 1,
     OPTIONS({"markdown", 0, MR_CLI_FLAG, .help = "all verbs, as docs/cli.md has them"},
             {"source-options", 0, MR_CLI_FLAG,
              .help = "the options of read_files, as docs/options.md has them"})},
    {NULL},
};

const struct mr_command *mr_command_find(struct mr_span name)
{
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        if (mr_span_is(name, c->name)) return c;
    }
    return NULL;
}
