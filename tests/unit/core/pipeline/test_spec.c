/* Shown: a spec is read with all its fields, variables and defaults; whatever else stands in it is
 * refused with its place and, where one is near, the name that was meant; memory may run out
 * anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/base/checked.h"
#include "core/pipeline/spec.h"

static const char *get_variable(void *ctx, const char *name)
{
    (void)ctx;
    if (strcmp(name, "WHO") == 0) return "me";
    if (strcmp(name, "EMPTY") == 0) return "";
    return NULL;
}

static const struct mr_variables variables = {.get = get_variable};

static mr_status read_text(struct mr_arena *arena, const char *text, struct mr_pipeline_spec *spec,
                           struct mr_err *err)
{
    return mr_pipeline_spec_read(arena, mr_span_of(text), "p/spark-pipeline.yml", "p", NULL,
                                 &variables, spec, err);
}

static const char *const full_text =
    "# a comment\n"
    "name: clickstream\n"
    "storage: file:///var/lib/my%20mill\n"
    "catalog: c1\n"
    "schema: s1\n"
    "configuration:\n"
    "  millrace.warehouse: \"w/${WHO}/${NONE:-x}${EMPTY:-y}$${z}\"\n"
    "  plain.version: 1.2.3\n"
    "  plain.address: 127.0.0.1:8080\n"
    "  'quoted': '5'\n"
    "libraries:\n"
    "  - glob:\n"
    "      include: transformations/**\n"
    "  - glob: {include: extra/one.sql}\n"
    "  - glob: {include: /abs/two.sql}\n"
    "  - glob: {include: '**'}\n";

static void test_full(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_pipeline_spec spec;
    struct mr_err err;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    assert_int_equal(read_text(&arena, full_text, &spec, &err), MR_OK);
    assert_string_equal(spec.name, "clickstream");
    assert_string_equal(spec.storage, "/var/lib/my mill");
    assert_false(spec.is_storage_relative);
    assert_string_equal(spec.catalog, "c1");
    assert_string_equal(spec.database, "s1");
    assert_string_equal(spec.folder, "p");
    assert_int_equal(spec.configuration_count, 4);
    assert_true(
        mr_span_is(mr_pipeline_setting(&spec, "millrace.warehouse", MR_SPAN("?")), "w/me/xy${z}"));
    assert_true(mr_span_is(mr_pipeline_setting(&spec, "plain.version", MR_SPAN("?")), "1.2.3"));
    assert_true(
        mr_span_is(mr_pipeline_setting(&spec, "plain.address", MR_SPAN("?")), "127.0.0.1:8080"));
    assert_true(mr_span_is(mr_pipeline_setting(&spec, "quoted", MR_SPAN("?")), "5"));
    assert_true(mr_span_is(mr_pipeline_setting(&spec, "absent", MR_SPAN("?")), "?"));
    assert_int_equal(spec.configuration[0].line, 7);
    assert_int_equal(spec.library_count, 4);
    assert_string_equal(spec.libraries[0].path, "p/transformations");
    assert_true(spec.libraries[0].is_tree);
    assert_int_equal(spec.libraries[0].line, 13);
    assert_int_equal(spec.libraries[0].column, 16);
    assert_string_equal(spec.libraries[1].path, "p/extra/one.sql");
    assert_false(spec.libraries[1].is_tree);
    assert_string_equal(spec.libraries[2].path, "/abs/two.sql");
    assert_string_equal(spec.libraries[3].path, "p");
    assert_true(spec.libraries[3].is_tree);
    mr_arena_fini(&arena);
    assert_int_equal(heap.used_bytes, 0);
}

static void test_defaults(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_pipeline_spec spec;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    assert_int_equal(read_text(&arena, "{name: a, storage: st}", &spec, NULL), MR_OK);
    assert_string_equal(spec.storage, "p/st");
    assert_true(spec.is_storage_relative);
    assert_string_equal(spec.catalog, "main");
    assert_string_equal(spec.database, "default");
    assert_int_equal(spec.configuration_count, 0);
    assert_int_equal(spec.library_count, 0);
    assert_int_equal(read_text(&arena, "{name: a, storage: file:/x}", &spec, NULL), MR_OK);
    assert_string_equal(spec.storage, "/x");
    assert_int_equal(read_text(&arena, "{name: a, storage: file://localhost/x}", &spec, NULL),
                     MR_OK);
    assert_string_equal(spec.storage, "/x");
    mr_arena_fini(&arena);
}

struct refused {
    const char *text;
    mr_status status;
    uint32_t code, line, column, width;
    const char *help; /* part of it; null: not looked at */
};

static const struct refused refused[] = {
    {"name: a\nstorrage: b\n", MR_E_SYNTAX, 6104, 2, 1, 8, "did you mean \"storage\"?"},
    {"name: a\nstorage: b\nflavour: c\n", MR_E_SYNTAX, 6104, 3, 1, 7, "the fields are name"},
    {"name: a\n", MR_E_SYNTAX, 6105, 1, 1, 1, "storage"},
    {"storage: a\n", MR_E_SYNTAX, 6105, 1, 1, 1, "name"},
    {"", MR_E_SYNTAX, 6106, 0, 0, 0, NULL},
    {"- a\n", MR_E_SYNTAX, 6106, 1, 1, 1, NULL},
    {"name: 5\nstorage: b\n", MR_E_SYNTAX, 6106, 1, 7, 1, "\"5\""},
    {"name: [a]\nstorage: b\n", MR_E_SYNTAX, 6106, 1, 7, 3, NULL},
    {"name:\nstorage: b\n", MR_E_SYNTAX, 6106, 1, 6, 1, NULL},
    {"name: ''\nstorage: b\n", MR_E_SYNTAX, 6106, 1, 7, 2, NULL},
    {"name: \"a\\0b\"\nstorage: b\n", MR_E_SYNTAX, 6106, 1, 7, 6, NULL},
    {"name: a\nname: b\nstorage: c\n", MR_E_SYNTAX, 6112, 2, 1, 4, NULL},
    {"name: a\nstorage: b\nschema: c\ndatabase: d\n", MR_E_SYNTAX, 6112, 4, 11, 1, NULL},
    {"name: a\nstorage: s3://x/y\n", MR_E_UNSUPPORTED, 6110, 2, 10, 8, "local folder"},
    {"name: a\nstorage: file://host/y\n", MR_E_SYNTAX, 6110, 2, 10, 13, NULL},
    {"name: a\nstorage: file:///x%2\n", MR_E_SYNTAX, 6110, 2, 10, 11, NULL},
    {"name: a\nstorage: file:///x%00\n", MR_E_SYNTAX, 6110, 2, 10, 12, NULL},
    {"name: a\nstorage: b\ncatalog: c/d\n", MR_E_SYNTAX, 6106, 3, 10, 3, NULL},
    {"name: a\nstorage: b\ndatabase: ..\n", MR_E_SYNTAX, 6106, 3, 11, 2, NULL},
    {"name: ${NONE}\nstorage: b\n", MR_E_NOT_FOUND, 6107, 1, 7, 7, "${NONE:-...}"},
    {"name: ${1}\nstorage: b\n", MR_E_SYNTAX, 6107, 1, 7, 4, "${NAME}"},
    {"name: ${WHO\nstorage: b\n", MR_E_SYNTAX, 6107, 1, 7, 5, NULL},
    {"name: '${'\nstorage: b\n", MR_E_SYNTAX, 6107, 1, 7, 4, NULL},
    {"name: '@file:x'\nstorage: b\n", MR_E_UNSUPPORTED, 6108, 1, 7, 9, NULL},
    {"name: a\nstorage: b\nconfiguration: {k: 5}\n", MR_E_SYNTAX, 6106, 3, 20, 1, "\"5\""},
    {"name: a\nstorage: b\nconfiguration: {k: true}\n", MR_E_SYNTAX, 6106, 3, 20, 4, NULL},
    {"name: a\nstorage: b\nconfiguration: {k: [x]}\n", MR_E_SYNTAX, 6106, 3, 20, 3, NULL},
    {"name: a\nstorage: b\nconfiguration: x\n", MR_E_SYNTAX, 6106, 3, 16, 1, NULL},
    {"name: a\nstorage: b\nconfiguration: {k: x, k: y}\n", MR_E_SYNTAX, 6112, 3, 23, 1, NULL},
    {"name: a\nstorage: b\nlibraries: x\n", MR_E_SYNTAX, 6106, 3, 12, 1, "glob"},
    {"name: a\nstorage: b\nlibraries: [{file: x}]\n", MR_E_SYNTAX, 6104, 3, 14, 4, "glob"},
    {"name: a\nstorage: b\nlibraries: [{glob: x}]\n", MR_E_SYNTAX, 6109, 3, 20, 1, "glob"},
    {"name: a\nstorage: b\nlibraries: [{glob: {include: 'a/*.sql'}}]\n", MR_E_UNSUPPORTED, 6109, 3,
     30, 9, "/**"},
    {"name: a\nstorage: b\nlibraries: [{glob: {include: 'a/**/b/**'}}]\n", MR_E_UNSUPPORTED, 6109,
     3, 30, 11, "/**"},
    {"name: a\nstorage: [b\n", MR_E_SYNTAX, 6103, 3, 1, 1, NULL},
    {"name: a\n\tstorage: b\n", MR_E_SYNTAX, 6103, 2, 1, 1, NULL},
    {"name: a\nstorage: b\n---\nname: c\n", MR_E_SYNTAX, 6103, 4, 1, 1, NULL},
    {"&a [*a]\n", MR_E_SYNTAX, 6106, 1, 1, 7, NULL},
};

static void test_refused(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 0);
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        const struct refused *r = &refused[i];
        struct mr_pipeline_spec spec = {.name = "untouched"};
        struct mr_err err;
        mr_arena_init(&arena, &heap, 0);
        mr_status status = read_text(&arena, r->text, &spec, &err);
        if (status != r->status || err.code != r->code || err.line != r->line ||
            err.column != r->column || err.width != r->width) {
            fail_msg("case %zu: %s MR%u at %u:%u+%u: %s", i, mr_status_name(status), err.code,
                     err.line, err.column, err.width, err.message);
        }
        assert_string_equal(err.origin, "p/spark-pipeline.yml");
        if (r->help != NULL && strstr(err.help, r->help) == NULL) fail_msg("help: %s", err.help);
        assert_string_equal(spec.name, "untouched");
        mr_arena_fini(&arena);
    }
    assert_int_equal(heap.used_bytes, 0);
}

/* What YAML takes for no text, and what only looks like it. */
static void test_kinds(void **state)
{
    (void)state;
    static const char *const no_texts[] = {"1",
                                           "-1",
                                           "+1",
                                           "1_000",
                                           "0x1F",
                                           "0b101",
                                           "1.5",
                                           ".5",
                                           "1.",
                                           "-1.5e+3",
                                           "1:30",
                                           "1:30:00.5",
                                           "2026-01-31",
                                           "2026-1-31 10:00:00",
                                           "2026-01-31T10:00:00Z",
                                           ".inf",
                                           "-.inf",
                                           ".nan",
                                           "~",
                                           "null",
                                           "yes",
                                           "Off",
                                           "TRUE"};
    static const char *const texts[] = {
        "1e5",     "1.2.3",     "_1",   "0x",   "a1",  "1a",    "1:300", "10.0.0.0:80",
        "2026-01", "2026-1-31", "tRUE", "yes!", "1-2", "1.5e3", "/a",    "."};
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_pipeline_spec spec;
    char text[128];
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    for (size_t i = 0; i < MR_COUNT_OF(no_texts); i++) {
        (void)snprintf(text, sizeof text, "name: %s\nstorage: s\n", no_texts[i]);
        if (read_text(&arena, text, &spec, NULL) != MR_E_SYNTAX) fail_msg("%s", no_texts[i]);
    }
    for (size_t i = 0; i < MR_COUNT_OF(texts); i++) {
        (void)snprintf(text, sizeof text, "name: %s\nstorage: s\n", texts[i]);
        if (read_text(&arena, text, &spec, NULL) != MR_OK) fail_msg("%s", texts[i]);
        assert_string_equal(spec.name, texts[i]);
    }
    mr_arena_fini(&arena);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_pipeline_spec spec;
    mr_heap_init(&heap, 0);
    mr_status status = MR_E_NOMEM;
    for (uint64_t n = 1; status == MR_E_NOMEM; n++) {
        struct mr_err err;
        mr_arena_init(&arena, &heap, 64);
        mr_heap_fail_at(&heap, n);
        status = read_text(&arena, full_text, &spec, &err);
        mr_arena_fini(&arena);
        assert_int_equal(heap.used_bytes, 0);
        assert_true(n < 1000);
    }
    assert_int_equal(status, MR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),          cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
