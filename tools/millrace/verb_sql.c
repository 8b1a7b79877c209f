/* sql: statements against a warehouse, from -c, from a file, or typed at a prompt.
 *
 * Statements run one after another; the first that fails ends the verb, except at the prompt. Rows
 * go to the standard output as they come, everything else to the other one. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/function.h"
#include "core/query/session.h"
#include "core/sql/parse.h"
#include "kernels/select/select.h"
#include "tools/millrace/folder.h"
#include "tools/millrace/runtime.h"
#include "tools/millrace/sql_print.h"
#include "tools/millrace/sql_prompt.h"

enum { ERR_STOPPED = 1223, ERR_FILE = 6206 };

struct sql_run {
    struct mr_cli *cli;
    struct mr_runtime runtime;
    struct mr_session session;
    mr_print_format format;
    bool was_running; /* the failure came while rows were made */
};

/* ---- one statement ---- */

static mr_status print_rows(struct sql_run *run, struct mr_query *query,
                            struct mr_printer *printer, struct mr_err *err)
{
    for (;;) {
        struct mr_batch *batch = NULL;
        mr_pull pull;
        if (mr_runtime_stop_asked() != 0) {
            return mr_err_set(err, MR_E_CANCELED, ERR_STOPPED, "the statement was stopped");
        }
        MR_TRY(mr_query_next(query, &batch, &pull, err));
        if (pull == MR_PULL_END) return mr_printer_end(printer, err);
        if (pull == MR_PULL_ROWS) MR_TRY(mr_printer_add(printer, batch, err));
        if (pull == MR_PULL_WAIT) (void)mr_io_run(run->runtime.io, -1);
    }
}

static mr_status run_query(struct sql_run *run, struct mr_query *query, struct mr_err *err)
{
    struct mr_printer printer;
    if (query->note != NULL) mr_cli_say(run->cli, MR_SAY_INFO, "%s", query->note);
    if (query->schema == NULL) return MR_OK;
    mr_status status = mr_printer_begin(&printer, run->cli->out, run->format, &query->heap,
                                        &query->env.context, query->schema, err);
    if (status == MR_OK) status = print_rows(run, query, &printer, err);
    mr_printer_fini(&printer);
    return status;
}

/* All statements of a text. `origin` is what errors call it. */
static mr_status run_text(void *ctx, struct mr_span text, const char *origin, struct mr_err *err)
{
    struct sql_run *run = ctx;
    const struct mr_sql_script *script;
    struct mr_arena arena;
    mr_arena_init(&arena, &run->cli->heap, 0);
    mr_status status = mr_sql_parse(&arena, text, origin, &script, err);
    const struct mr_sql_statement *s = status == MR_OK ? script->first : NULL;
    for (; s != NULL && status == MR_OK; s = s->next) {
        struct mr_query query;
        status = mr_session_begin(&run->session, script, s, &query, err);
        if (status != MR_OK) break;
        status = run_query(run, &query, err);
        run->was_running = status != MR_OK;
        mr_query_end(&query);
    }
    if (status != MR_OK && err->line != 0) mr_cli_quote_from(run->cli, origin, text);
    mr_arena_fini(&arena);
    return status;
}

/* ---- where statements come from ---- */

static mr_status read_stream(FILE *file, struct mr_text *out, const char *name,
                             struct mr_err *err)
{
    char bytes[1 << 16];
    size_t count;
    while ((count = fread(bytes, 1, sizeof bytes, file)) > 0) mr_text_add(out, bytes, count);
    if (ferror(file)) return mr_err_os(err, errno, ERR_FILE, "cannot read %s", name);
    return mr_text_end(out, err);
}

static mr_status run_file(struct sql_run *run, const char *path, struct mr_err *err)
{
    struct mr_text text;
    FILE *file = path == NULL ? stdin : fopen(path, "rb");
    const char *name = path == NULL ? "standard input" : path;
    if (file == NULL) return mr_err_os(err, errno, ERR_FILE, "cannot open %s", path);
    mr_text_init(&text, &run->cli->heap);
    mr_status status = read_stream(file, &text, name, err);
    if (path != NULL) (void)fclose(file);
    if (status == MR_OK) status = run_text(run, mr_text_span(&text), name, err);
    mr_text_fini(&text);
    return status;
}

/* Names of tables in the current schema, functions and the words of queries. */
static struct mr_prompt_names prompt_names(void *ctx)
{
    static const char *const words[] = {
        "SELECT",   "FROM",     "WHERE", "GROUP BY", "HAVING", "ORDER BY",    "LIMIT", "JOIN",
        "DESCRIBE", "EXPLAIN",  "SHOW",  "TABLES",   "WITH",   "UNION",       "USE",
        "INSERT INTO",
        "DISTINCT", "VERSION AS OF", "TIMESTAMP AS OF", "DESCRIBE HISTORY",
    };
    struct sql_run *run = ctx;
    struct mr_session *session = &run->session;
    struct mr_warehouse_list list = {0};
    const struct mr_function *function;
    uint32_t count = 0, functions = 0;
    /* A completion that cannot list tables completes the rest. */
    if (mr_warehouse_list(&session->warehouse, &run->cli->arena, session->warehouse.catalog,
                          session->warehouse.schema, &list, NULL) != MR_OK) {
        list.count = 0;
    }
    while (mr_function_at(functions) != NULL) functions++;
    const char **names = MR_ARENA_ARRAY(&run->cli->arena, const char *,
                                        (size_t)list.count + functions + MR_COUNT_OF(words));
    if (names == NULL) return (struct mr_prompt_names){0};
    for (uint32_t i = 0; i < list.count; i++) names[count++] = list.names[i].text;
    for (size_t i = 0; i < MR_COUNT_OF(words); i++) names[count++] = words[i];
    for (uint32_t i = 0; (function = mr_function_at(i)) != NULL; i++) {
        if (function->name[0] >= 'a' && function->name[0] <= 'z') names[count++] = function->name;
    }
    return (struct mr_prompt_names){names, count};
}

static mr_status run_all(struct sql_run *run, struct mr_err *err)
{
    struct mr_cli *cli = run->cli;
    const char *text = mr_cli_text(cli, "command"), *file = mr_cli_text(cli, "file");
    if (text != NULL) return run_text(run, mr_span_of(text), "command line", err);
    if (file != NULL) return run_file(run, strcmp(file, "-") == 0 ? NULL : file, err);
    if (!isatty(STDIN_FILENO) || !mr_prompt_is_there()) return run_file(run, NULL, err);
    struct mr_prompt prompt = {run_text, prompt_names, run};
    mr_prompt_run(cli, &prompt);
    return MR_OK;
}

/* ---- the session ---- */

static mr_print_format format_of(const char *text)
{
    static const char *const names[] = {
        [MR_PRINT_TABLE] = "table", [MR_PRINT_CSV] = "csv",       [MR_PRINT_MARKDOWN] = "markdown",
        [MR_PRINT_JSON] = "json",   [MR_PRINT_NDJSON] = "ndjson",
    };
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        if (strcmp(text, names[i]) == 0) return (mr_print_format)i;
    }
    MR_ASSERT(!"the command table has no other format");
    return MR_PRINT_TABLE;
}

static mr_status absolute(struct mr_cli *cli, const char *folder, const char **out_path,
                          struct mr_err *err)
{
    char path[PATH_MAX];
    if (realpath(folder, path) == NULL) {
        return mr_err_os(err, errno, ERR_FILE, "cannot open the warehouse %s", folder);
    }
    *out_path = mr_arena_copy(&cli->arena, mr_span_of(path));
    return *out_path == NULL ? mr_err_set(err, MR_E_NOMEM, 0, "out of memory") : MR_OK;
}

/* The warehouse of --warehouse, else that of the pipeline folder of -C. */
static mr_status find_warehouse(struct sql_run *run, struct mr_session_config *config,
                                struct mr_err *err)
{
    struct mr_cli *cli = run->cli;
    const char *warehouse = mr_cli_text(cli, "warehouse"), *folder = mr_cli_text(cli, "folder");
    struct mr_pipeline pipeline;
    if (warehouse != NULL) return absolute(cli, warehouse, &config->warehouse, err);
    if (folder == NULL) return MR_OK;
    MR_TRY(mr_folder_load(cli, run->runtime.io, folder, &pipeline, err));
    config->warehouse = pipeline.warehouse;
    config->catalog = pipeline.spec.catalog;
    config->schema = pipeline.spec.database;
    return MR_OK;
}

static mr_status open_session(struct sql_run *run, struct mr_err *err)
{
    struct mr_cli *cli = run->cli;
    struct mr_session_config config = {
        .heap = &cli->heap,
        .io = run->runtime.io,
        .catalog = "main",
        .schema = "default",
        .zone_folder = MR_ZONE_FOLDER,
        .engine = mr_span_of("millrace/" MR_VERSION),
        .memory_bytes = (size_t)mr_cli_int(cli, "memory"),
        .select = mr_select_kernels(mr_isa_best()),
    };
    MR_TRY(find_warehouse(run, &config, err));
    return mr_session_init(&run->session, &config, err);
}

int mr_verb_sql(struct mr_cli *cli, struct mr_err *err)
{
    struct sql_run run = {.cli = cli, .format = format_of(mr_cli_text(cli, "format"))};
    mr_status status = mr_runtime_open(&run.runtime, cli, err);
    if (status == MR_OK) status = open_session(&run, err);
    if (status == MR_OK) {
        status = run_all(&run, err);
        mr_session_fini(&run.session);
    }
    mr_runtime_close(&run.runtime);
    if (status == MR_OK) return MR_EXIT_OK;
    /* What fails on a row was not refused: it ran. */
    int code = mr_cli_exit_of(err);
    return run.was_running && code == MR_EXIT_REJECTED ? MR_EXIT_FAILED : code;
}
