/* Shown: words, the environment and the table's fallbacks give the right values of every type, in
 * that order of precedence; wrong ones are refused with the name that was meant; errors print in
 * the documented shape, in colour, for machines, and with hostile text made harmless; exit codes
 * follow from errors; every row of the table is complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/checked.h"
#include "tools/millrace/cli.h"
#include "tools/millrace/cli_value.h"

static const char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static const char *some_variables(const char *name)
{
    if (strcmp(name, "MILLRACE_ROWS") == 0) return "12";
    if (strcmp(name, "MILLRACE_SEED") == 0) return "13";
    if (strcmp(name, "MILLRACE_QUIET") == 0) return "yes";
    return NULL;
}

struct fixture {
    struct mr_cli cli;
    char *text;
    size_t bytes;
};

static void begin(struct fixture *f, const char *(*variable)(const char *))
{
    FILE *talk = open_memstream(&f->text, &f->bytes);
    assert_non_null(talk);
    mr_cli_init(&f->cli, talk, talk, variable);
}

static void end(struct fixture *f)
{
    fclose(f->cli.talk);
    mr_cli_fini(&f->cli);
    free(f->text);
}

static mr_status parse(struct mr_cli *cli, const char *line, char *copy, struct mr_err *err)
{
    char *words[32], *rest = NULL;
    int count = 0;
    strcpy(copy, line);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    return mr_cli_parse(cli, count, words, err);
}

static void test_values(void **state)
{
    (void)state;
    struct fixture f;
    char copy[256];
    begin(&f, some_variables);
    assert_int_equal(parse(&f.cli,
                           "gen iot --seed=5 -vn7 --late 2% --late-max 1h30m --bytes 3KiB "
                           "--color always -q",
                           copy, NULL),
                     MR_OK);
    assert_string_equal(f.cli.command->name, "gen");
    assert_string_equal(f.cli.action, "iot");
    assert_int_equal(mr_cli_int(&f.cli, "seed"), 5);
    assert_int_equal(mr_cli_int(&f.cli, "rows"), 7);
    assert_true(mr_cli_rate(&f.cli, "late") > 0.0199 && mr_cli_rate(&f.cli, "late") < 0.0201);
    assert_int_equal(mr_cli_int(&f.cli, "late-max"), INT64_C(5400) * 1000000);
    assert_int_equal(mr_cli_int(&f.cli, "bytes"), 3072);
    assert_int_equal(mr_cli_int(&f.cli, "files"), 1);
    assert_null(mr_cli_text(&f.cli, "out"));
    assert_true(mr_cli_option(&f.cli, "seed")->is_given);
    assert_false(mr_cli_option(&f.cli, "files")->is_given);
    assert_true(f.cli.is_color);
    assert_int_equal(f.cli.verbosity, -1);
    end(&f);
    begin(&f, some_variables);
    assert_int_equal(parse(&f.cli, "gen iot --seed 1", copy, NULL), MR_OK);
    assert_int_equal(mr_cli_int(&f.cli, "rows"), 12);
    assert_int_equal(mr_cli_int(&f.cli, "seed"), 1);
    assert_int_equal(f.cli.verbosity, -1);
    end(&f);
    begin(&f, no_variable);
    assert_int_equal(parse(&f.cli, "--log-format logfmt -vv doctor -- -x", copy, NULL), MR_OK);
    assert_int_equal(f.cli.arg_count, 1);
    assert_string_equal(f.cli.args[0], "-x");
    assert_int_equal(f.cli.verbosity, 2);
    assert_int_equal(f.cli.log_format, MR_LOG_LOGFMT);
    end(&f);
}

static void test_help(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"", NULL},   {"--help", NULL},    {"gen --help", "gen"},  {"gen -h iot", "gen"},
        {"-q", NULL}, {"help gen", "gen"}, {"doctor -h a b", NULL}};
    for (size_t i = 0; i < MR_COUNT_OF(lines) - 1; i++) {
        struct fixture f;
        char copy[256];
        begin(&f, no_variable);
        assert_int_equal(parse(&f.cli, lines[i][0], copy, NULL), MR_OK);
        assert_string_equal(f.cli.command->name, "help");
        assert_int_equal(f.cli.arg_count, lines[i][1] != NULL);
        if (lines[i][1] != NULL) assert_string_equal(f.cli.args[0], lines[i][1]);
        end(&f);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"gne", "unknown verb \"gne\"", "did you mean \"gen\"?"},
        {"frobnicate", "unknown verb", "see `millrace help`"},
        {"gen", "gen: say what: clickstream, iot, orders", "see `millrace help gen`"},
        {"gen iott", "gen: unknown \"iott\"", "did you mean \"iot\"?"},
        {"gen iot extra", "one argument too many: \"extra\"", "help gen"},
        {"gen iot --rowz 5", "unknown option --rowz", "did you mean --rows?"},
        {"gen iot -z", "unknown option -z", "help gen"},
        {"gen iot --rows", "--rows needs a value: N", "help gen"},
        {"gen iot --rows 5x", "--rows: \"5x\" is not a whole number", "help gen"},
        {"gen iot --rows -1", "--rows: -1 is not between 0 and", "help gen"},
        {"gen iot --rows 99999999999999999999", "is not a whole number", "help gen"},
        {"gen iot --late 1.5", "is not a share", "help gen"},
        {"gen iot --late nan", "is not a share", "help gen"},
        {"gen iot --bytes 5XB", "is not a size", "help gen"},
        {"gen iot --late-max 5parsecs", "is not a time", "help gen"},
        {"--color sometimes version", "\"sometimes\" is not auto|always|never", "help"},
        {"--color alwys version", "\"alwys\" is not", "did you mean \"always\"?"},
        {"version --json=1", "--json takes no value", "help version"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct fixture f;
        struct mr_err err = {0};
        char copy[256];
        begin(&f, no_variable);
        assert_int_equal(parse(&f.cli, cases[i][0], copy, &err), MR_E_INVALID);
        assert_int_equal(err.code, 6001);
        assert_int_equal(mr_cli_exit_of(&err), MR_EXIT_USAGE);
        if (strstr(err.message, cases[i][1]) == NULL) fail_msg("%s: %s", cases[i][0], err.message);
        if (strstr(err.help, cases[i][2]) == NULL) fail_msg("%s: help %s", cases[i][0], err.help);
        end(&f);
    }
}

static void test_quantities(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value; /* -1 = refused */
    } times[] = {{"0", 0},
                 {"90", 90000000},
                 {"250ms", 250000},
                 {"1h30m", INT64_C(5400000000)},
                 {"5 minutes", 300000000},
                 {"1.5s", 1500000},
                 {"2d", INT64_C(172800000000)},
                 {"7us", 7},
                 {"", -1},
                 {"s", -1},
                 {"-5s", -1},
                 {"5 s x", -1},
                 {"1e400", -1}},
      sizes[] = {{"0", 0},
                 {"4096", 4096},
                 {"10MB", 10000000},
                 {"64MiB", 67108864},
                 {"1k", 1000},
                 {"1.5 GB", 1500000000},
                 {"2ti", INT64_C(2199023255552)},
                 {"", -1},
                 {"MB", -1},
                 {"-1", -1},
                 {"5 MBs", -1},
                 {"10MB5", -1},
                 {"99999999 TB", -1}};
    for (size_t i = 0; i < MR_COUNT_OF(times); i++) {
        int64_t us = -1;
        assert_int_equal(mr_duration_read(times[i].text, &us), times[i].value >= 0);
        assert_int_equal(us, times[i].value);
    }
    for (size_t i = 0; i < MR_COUNT_OF(sizes); i++) {
        int64_t bytes = -1;
        assert_int_equal(mr_bytes_read(sizes[i].text, &bytes), sizes[i].value >= 0);
        assert_int_equal(bytes, sizes[i].value);
    }
}

static void test_lists(void **state)
{
    (void)state;
    static const struct mr_option list = {"list", 0, MR_CLI_LIST, "A,B"},
                                  pairs = {"pairs", 0, MR_CLI_PAIRS, "K=V"};
    struct mr_option_value value = {0}, set = {0};
    struct fixture f;
    begin(&f, no_variable);
    assert_int_equal(mr_value_read(&f.cli, &list, "--list", "a, b", &value, NULL), MR_OK);
    assert_int_equal(mr_value_read(&f.cli, &list, "--list", "c", &value, NULL), MR_OK);
    assert_int_equal(value.item_count, 3);
    assert_string_equal(value.items[1], "b");
    assert_string_equal(value.items[2], "c");
    assert_int_equal(mr_value_read(&f.cli, &list, "--list", "a,,b", &value, NULL), MR_E_INVALID);
    assert_int_equal(mr_value_read(&f.cli, &list, "--list", "", &value, NULL), MR_E_INVALID);
    assert_int_equal(mr_value_read(&f.cli, &pairs, "--set", "k=a,b=c", &set, NULL), MR_OK);
    assert_string_equal(set.items[0], "k=a,b=c");
    assert_int_equal(mr_value_read(&f.cli, &pairs, "--set", "k", &set, NULL), MR_E_INVALID);
    assert_int_equal(mr_value_read(&f.cli, &pairs, "--set", "=v", &set, NULL), MR_E_INVALID);
    end(&f);
}

static struct mr_err column_error(const char *origin)
{
    struct mr_err err;
    (void)mr_err_set(&err, MR_E_NOT_FOUND, 1203, "column \"%s\" not found", "amuont");
    mr_err_help(&err, "did you mean \"amount\"?");
    mr_err_origin(&err, origin);
    err.line = 2;
    err.column = 10;
    err.width = 6;
    return err;
}

static void test_error_shape(void **state)
{
    (void)state;
    char path[] = "/tmp/test_cli_XXXXXX";
    static const char text[] = "-- \xc3\xa4\n  S\xc3\xa4LECT amuont FROM x\n";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, sizeof text - 1), sizeof text - 1);
    close(file);
    struct fixture f;
    char wanted[512];
    struct mr_err err = column_error(path);
    begin(&f, no_variable);
    mr_cli_print_error(&f.cli, &err);
    fflush(f.cli.talk);
    (void)snprintf(wanted, sizeof wanted,
                   "error[MR1203]: column \"amuont\" not found\n  %s:2:10\n"
                   "  2 |     S\xc3\xa4LECT amuont FROM x\n    |            ^^^^^^\n"
                   "  help: did you mean \"amount\"?\n",
                   path);
    assert_string_equal(f.text, wanted);
    end(&f);
    /* The same, found from the pipeline's folder. */
    begin(&f, no_variable);
    err = column_error(path + strlen("/tmp/"));
    f.cli.folder = "/tmp";
    mr_cli_print_error(&f.cli, &err);
    fflush(f.cli.talk);
    assert_non_null(strstr(f.text, "  2 |     S\xc3\xa4LECT amuont"));
    end(&f);
    unlink(path);
    /* Gone: the place alone. */
    begin(&f, no_variable);
    mr_cli_print_error(&f.cli, &err);
    fflush(f.cli.talk);
    assert_null(strchr(f.text, '|'));
    end(&f);
}

static void test_error_formats(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_err err = column_error("gone.sql");
    begin(&f, no_variable);
    f.cli.log_format = MR_LOG_JSON;
    mr_cli_print_error(&f.cli, &err);
    f.cli.log_format = MR_LOG_LOGFMT;
    mr_cli_print_error(&f.cli, &err);
    fflush(f.cli.talk);
    assert_string_equal(f.text,
                        "{\"level\":\"error\",\"msg\":\"column \\\"amuont\\\" not found\","
                        "\"code\":\"MR1203\",\"origin\":\"gone.sql\",\"at\":\"2:10\","
                        "\"help\":\"did you mean \\\"amount\\\"?\"}\n"
                        "level=error msg=\"column \\\"amuont\\\" not found\" code=\"MR1203\" "
                        "origin=\"gone.sql\" at=\"2:10\" help=\"did you mean \\\"amount\\\"?\"\n");
    end(&f);
    begin(&f, no_variable);
    (void)mr_err_set(&err, MR_E_CORRUPT, 0, "bad\033[2Jname\tx\x7f");
    mr_err_origin(&err, "a.json");
    mr_err_at(&err, 17);
    mr_cli_print_error(&f.cli, &err);
    fflush(f.cli.talk);
    assert_string_equal(f.text, "error: bad\\x1b[2Jname x\\x7f\n  a.json, byte 17\n");
    end(&f);
    begin(&f, no_variable);
    f.cli.is_color = true;
    mr_cli_print_error(&f.cli, &err);
    fflush(f.cli.talk);
    assert_non_null(strstr(f.text, "\033[1;31merror\033[0m: \033[1mbad\\x1b"));
    end(&f);
}

static void test_say(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, no_variable);
    mr_cli_say(&f.cli, MR_SAY_DETAIL, "hidden");
    mr_cli_say(&f.cli, MR_SAY_INFO, "shown %d", 1);
    f.cli.verbosity = -1;
    mr_cli_say(&f.cli, MR_SAY_INFO, "hidden");
    mr_cli_say(&f.cli, MR_SAY_WARN, "warned");
    f.cli.verbosity = 1;
    f.cli.log_format = MR_LOG_JSON;
    mr_cli_say(&f.cli, MR_SAY_DETAIL, "more");
    fflush(f.cli.talk);
    assert_string_equal(f.text,
                        "shown 1\nwarning: warned\n{\"level\":\"debug\",\"msg\":\"more\"}\n");
    end(&f);
}

static void test_exit_codes(void **state)
{
    (void)state;
    static const struct {
        mr_status status;
        uint32_t code;
        int exit_code;
    } cases[] = {{MR_E_INVALID, 6001, 2}, {MR_E_SYNTAX, 6104, 3},  {MR_E_TYPE, 1301, 3},
                 {MR_E_LOCKED, 4003, 6},  {MR_E_CORRUPT, 4002, 5}, {MR_E_UNSUPPORTED, 4002, 5},
                 {MR_E_CORRUPT, 3002, 5}, {MR_E_CORRUPT, 2503, 1}, {MR_E_IO, 5001, 1},
                 {MR_E_NOMEM, 0, 1}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_err err;
        (void)mr_err_set(&err, cases[i].status, cases[i].code, "x");
        assert_int_equal(mr_cli_exit_of(&err), cases[i].exit_code);
    }
}

static void check_options(const struct mr_option *options, const struct mr_command *command)
{
    uint32_t count = 0;
    for (const struct mr_option *o = options; o != NULL && o->name != NULL; o++, count++) {
        struct mr_option_value value = {0};
        struct fixture f;
        assert_non_null(o->help);
        assert_true(strlen(o->name) < 40);
        if (o->type != MR_CLI_FLAG) assert_non_null(o->value);
        begin(&f, no_variable);
        f.cli.command = command;
        if (o->fallback != NULL) {
            assert_int_equal(mr_value_read(&f.cli, o, o->name, o->fallback, &value, NULL), MR_OK);
        }
        end(&f);
        for (const struct mr_option *g = mr_global_options; g->name != NULL; g++) {
            if (g == o) continue;
            assert_string_not_equal(g->name, o->name);
            assert_true(g->letter == 0 || g->letter != o->letter);
        }
        for (const struct mr_option *p = options; p < o; p++) {
            assert_string_not_equal(p->name, o->name);
            assert_true(p->letter == 0 || p->letter != o->letter);
        }
    }
    assert_true(count < MR_CLI_OPTIONS_MAX);
}

static void test_table(void **state)
{
    (void)state;
    for (const struct mr_command *c = mr_commands; c->name != NULL; c++) {
        assert_non_null(c->summary);
        assert_non_null(c->run);
        assert_true(c->args_min <= c->args_max && c->args_max <= MR_CLI_ARGS_MAX);
        assert_int_equal(c->args_max > 0, c->arguments != NULL);
        assert_ptr_equal(mr_command_find(mr_span_of(c->name)), c);
        check_options(c->options, c);
    }
    check_options(mr_global_options, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),        cmocka_unit_test(test_help),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_quantities),
        cmocka_unit_test(test_lists),         cmocka_unit_test(test_error_shape),
        cmocka_unit_test(test_error_formats), cmocka_unit_test(test_say),
        cmocka_unit_test(test_exit_codes),    cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
