/* source infer: the schema that a table over these files would get, as DDL.
 *
 * The path and options become the same SQL that a pipeline would hold, and go the same way up to
 * the schema; nothing is written. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipeline/flow_setup.h"
#include "io/files/files_source.h"
#include "io/posix/posix_io.h"
#include "tools/millrace/cli.h"

static void add_string(struct mr_text *sql, struct mr_span text)
{
    mr_text_addc(sql, '\'');
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.text[i] == '\'' || text.text[i] == '\\') mr_text_addc(sql, '\\');
        mr_text_addc(sql, text.text[i]);
    }
    mr_text_addc(sql, '\'');
}

static mr_status write_sql(struct mr_cli *cli, struct mr_text *sql, struct mr_err *err)
{
    const struct mr_option_value *pairs = mr_cli_option(cli, "option");
    char path[PATH_MAX];
    /* A glob has no real path; it must be absolute already then. */
    const char *real = realpath(cli->args[0], path);
    mr_text_adds(sql, "CREATE STREAMING TABLE t AS SELECT * FROM STREAM read_files(");
    add_string(sql, mr_span_of(real == NULL ? cli->args[0] : real));
    mr_text_adds(sql, ", format => 'json'");
    for (uint32_t i = 0; i < pairs->item_count; i++) {
        const char *equals = strchr(pairs->items[i], '=');
        if (equals == NULL || equals == pairs->items[i]) {
            return mr_cli_usage(cli, err, "--option: \"%s\" is not name=value", pairs->items[i]);
        }
        mr_text_addf(sql, ", `%.*s` => ", (int)(equals - pairs->items[i]), pairs->items[i]);
        add_string(sql, mr_span_of(equals + 1));
    }
    mr_text_adds(sql, ")");
    return mr_text_end(sql, err);
}

static mr_status print_schema(struct mr_cli *cli, const struct mr_flow_setup *setup,
                              struct mr_err *err)
{
    struct mr_text ddl;
    mr_text_init(&ddl, &cli->heap);
    mr_schema_write_ddl(setup->data, &ddl);
    mr_status status = mr_text_end(&ddl, err);
    if (status == MR_OK) (void)fprintf(cli->out, "%s\n", ddl.at);
    mr_text_fini(&ddl);
    return status;
}

static mr_status infer(struct mr_cli *cli, struct mr_io *io, struct mr_err *err)
{
    const struct mr_sql_script *script;
    struct mr_text sql;
    struct mr_pipeline pipeline = {.spec = {.name = "source", .folder = "."}};
    struct mr_setup_env env = {.heap = &cli->heap,
                               .io = io,
                               .pipeline = &pipeline,
                               .kernels = mr_json_kernels(mr_isa_best()),
                               .open_source = mr_files_source_open,
                               .is_dry = true};
    struct mr_flow_setup setup;
    mr_text_init(&sql, &cli->heap);
    mr_status status = write_sql(cli, &sql, err);
    if (status == MR_OK) {
        status = mr_sql_parse(&cli->arena, mr_text_span(&sql), "command line", &script, err);
    }
    mr_text_fini(&sql);
    if (status != MR_OK) return status;
    /* Names under which nothing is there: no table, no checkpoint. */
    struct mr_dataset dataset = {.script = script,
                                 .statement = script->first->dataset,
                                 .full_name = "the source",
                                 .name = "t",
                                 .table_path = "/nonexistent/t",
                                 .checkpoint_root = "/nonexistent/t"};
    MR_TRY(mr_flow_setup_open(&setup, &env, &dataset, err));
    status = print_schema(cli, &setup, err);
    mr_flow_setup_close(&setup);
    return status;
}

int mr_verb_source(struct mr_cli *cli, struct mr_err *err)
{
    struct mr_posix_options options = {0};
    struct mr_io *io;
    if (mr_posix_open(&cli->heap, &options, &io, err) != MR_OK) return mr_cli_exit_of(err);
    mr_status status = infer(cli, io, err);
    mr_io_close(io);
    return status == MR_OK ? MR_EXIT_OK : mr_cli_exit_of(err);
}
