/* Shown: what text scripts (tests/sql) cannot say about the parser. Positions of nodes; the tree
 * outlives the text; nesting of every kind ends in an error, not in a stack overflow, also on a
 * stack of 64 KiB; long flat lists are no nesting; the n-th failed allocation is reported as such
 * and leaves nothing behind, and the next parse works. */
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/sql/parse.h"

static void test_positions(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    const struct mr_sql_script *script;
    char text[] = "-- größe\nSELECT a.b +\n  upper('ß') AS x,\n (c) FROM t;\nUSE d";
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    assert_int_equal(mr_sql_parse(&arena, mr_span_of(text), "f.sql", &script, NULL), MR_OK);
    memset(text, '!', sizeof text - 1);
    assert_int_equal(script->count, 2);
    assert_string_equal(script->origin.text, "f.sql");
    const struct mr_sql_expr *sum = script->first->query->items.first->expr;
    const struct mr_sql_expr *call = sum->args.last;
    const struct mr_sql_expr *parens = script->first->query->items.last->expr;
    assert_int_equal(sum->pos.line, 2);
    assert_int_equal(sum->pos.column, 8);
    assert_int_equal(sum->pos.width, 3); /* cut at the end of the line */
    assert_memory_equal(script->text.text + sum->pos.off, "a.b +\n  upper('ß')", sum->pos.bytes);
    assert_int_equal(call->pos.line, 3);
    assert_int_equal(call->pos.column, 3);
    assert_int_equal(call->pos.width, 10); /* characters, not bytes */
    assert_int_equal(parens->pos.column, 2);
    assert_int_equal(parens->pos.width, 3);
    assert_int_equal(script->last->pos.line, 5);
    assert_int_equal(script->last->pos.bytes, 5);
    mr_arena_fini(&arena);
    assert_int_equal(heap.used_bytes, 0);
}

/* `count` times `open`, then `middle`, then `count` times `close`. */
static char *nest(const char *head, const char *open, const char *middle, const char *close,
                  size_t count)
{
    size_t bytes = strlen(head) + (strlen(open) + strlen(close)) * count + strlen(middle) + 1;
    char *text = malloc(bytes), *at = text;
    assert_non_null(text);
    at += strlen(strcpy(at, head));
    for (size_t i = 0; i < count; i++) at += strlen(strcpy(at, open));
    at += strlen(strcpy(at, middle));
    for (size_t i = 0; i < count; i++) at += strlen(strcpy(at, close));
    return text;
}

static const struct {
    const char *head, *open, *middle, *close;
} nestings[] = {
    {"SELECT ", "(", "1", ")"},
    {"SELECT ", "+", "1", ""},
    {"SELECT ", "- ", "1", ""},
    {"SELECT ", "NOT ", "a", ""},
    {"SELECT ", "1 + ", "1", ""},
    {"SELECT ", "1 + (", "1", ")"},
    {"SELECT ", "a || ", "a", ""},
    {"SELECT ", "f(", "1", ")"},
    {"SELECT ", "a[", "1", "]"},
    {"SELECT a", "[1]", "", ""},
    {"SELECT a", ".b", "", ""},
    {"SELECT f(a)", ".b", "", ""},
    {"SELECT a", "::INT", "", ""},
    {"SELECT ", "CAST(", "1", " AS INT)"},
    {"SELECT ", "CASE WHEN a THEN ", "1", " END"},
    {"SELECT ", "CASE ", "1", " WHEN 1 THEN 1 END"},
    {"SELECT ", "(SELECT ", "1", ")"},
    {"SELECT * FROM ", "(SELECT * FROM ", "t", ")"},
    {"SELECT * FROM ", "(", "t", ")"},
    {"SELECT * FROM t", " JOIN t", "", ""},
    {"SELECT 1", " UNION SELECT 1", "", ""},
    {"SELECT 1 WHERE ", "EXISTS (SELECT 1 WHERE ", "a", ")"},
    {"SELECT 1 WHERE ", "a IN (SELECT 1 WHERE ", "a", ")"},
    {"SELECT ", "f(x -> ", "x", ")"},
    {"SELECT ", "f(x => ", "x", ")"},
    {"SELECT a::", "ARRAY<", "INT", ">"},
    {"SELECT a::", "STRUCT<a: ", "INT", ">"},
    {"SELECT a::", "MAP<INT, ", "INT", ">"},
    {"", "(", "SELECT 1", ")"},
    {"", "WITH a AS (", "SELECT 1", ") SELECT 1"},
};

static mr_status parse_once(const char *text, struct mr_err *err)
{
    struct mr_heap heap;
    struct mr_arena arena;
    const struct mr_sql_script *script;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    mr_status status = mr_sql_parse(&arena, mr_span_of(text), "f.sql", &script, err);
    mr_arena_fini(&arena);
    return heap.used_bytes == 0 ? status : MR_E_INTERNAL;
}

static void *run_nestings(void *out_failed)
{
    struct mr_err *err = calloc(1, sizeof *err);
    int *failed = out_failed;
    for (size_t i = 0; i < sizeof nestings / sizeof nestings[0]; i++) {
        char *text =
            nest(nestings[i].head, nestings[i].open, nestings[i].middle, nestings[i].close, 100000);
        mr_status status = parse_once(text, err);
        if (status != MR_E_SYNTAX || err->code != 1003) *failed = (int)i + 1;
        free(text);
    }
    free(err);
    return NULL;
}

static void test_nesting(void **state)
{
    (void)state;
    int failed = 0;
    run_nestings(&failed);
    assert_int_equal(failed, 0);
}

/* Sanitizers need more room for each frame than a shard's stack gives. */
static void test_nesting_on_a_small_stack(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#else
    pthread_attr_t attr;
    pthread_t thread;
    int failed = 0;
    size_t bytes = 64 << 10;
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstacksize(&attr, bytes > (size_t)PTHREAD_STACK_MIN
                                                          ? bytes
                                                          : (size_t)PTHREAD_STACK_MIN),
                     0);
    assert_int_equal(pthread_create(&thread, &attr, run_nestings, &failed), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(failed, 0);
    pthread_attr_destroy(&attr);
#endif
}

static void test_within_the_limit(void **state)
{
    (void)state;
    struct mr_err err = {0};
    for (size_t i = 0; i < sizeof nestings / sizeof nestings[0]; i++) {
        char *text =
            nest(nestings[i].head, nestings[i].open, nestings[i].middle, nestings[i].close, 60);
        mr_status status = parse_once(text, &err);
        if (status != MR_OK) print_error("%.40s: %s\n", text, err.message);
        assert_int_equal(status, MR_OK);
        free(text);
    }
}

static void test_flat_lists(void **state)
{
    static const char *const parts[][3] = {
        {"SELECT ", "a, ", "a"},
        {"SELECT a WHERE ", "a = 1 AND ", "b"},
        {"SELECT a WHERE ", "a = 1 OR ", "b"},
        {"SELECT f(", "a, ", "a)"},
        {"SELECT a IN (", "1, ", "1)"},
        {"SELECT CASE ", "WHEN a THEN 1 ", "END"},
        {"VALUES ", "(1, 2), ", "(3, 4)"},
        {"", "SELECT 1; ", ""},
        {"", "; ", ""},
        {"SELECT ", "'a' ", "'b'"},
        {"SELECT * FROM t WHERE a IN (", "1, ", "1)"},
        {"SELECT ", "a.b, ", "c"},
    };
    (void)state;
    struct mr_err err = {0};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *text = nest(parts[i][0], parts[i][1], parts[i][2], "", 50000);
        mr_status status = parse_once(text, &err);
        if (status != MR_OK) print_error("%.40s: %s\n", text, err.message);
        assert_int_equal(status, MR_OK);
        free(text);
    }
}

/* Many names, all different: looking for repeated ones must not compare each with each. */
static void test_many_names(void **state)
{
    enum { COUNT = 100000, BYTES = COUNT * 24 };
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    const struct mr_type *schema;
    struct mr_err err = {0};
    char *text = malloc(BYTES);
    size_t used = 0;
    assert_non_null(text);
    for (int i = 0; i < COUNT; i++) {
        used += (size_t)snprintf(text + used, BYTES - used, "%sc%d INT", i > 0 ? ", " : "", i);
    }
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    assert_int_equal(mr_sql_parse_schema(&arena, (struct mr_span){text, used}, &schema, NULL),
                     MR_OK);
    assert_int_equal(schema->field_count, COUNT);
    used += (size_t)snprintf(text + used, BYTES - used, ", C777 INT");
    assert_int_equal(mr_sql_parse_schema(&arena, (struct mr_span){text, used}, &schema, &err),
                     MR_E_SYNTAX);
    assert_string_equal(err.message, "column \"C777\" appears twice");
    mr_arena_fini(&arena);
    assert_int_equal(heap.used_bytes, 0);
    free(text);
}

static void test_text_limit(void **state)
{
    (void)state;
    struct mr_err err = {0};
    char *text = malloc(MR_SQL_TEXT_MAX + 2);
    assert_non_null(text);
    memset(text, ' ', MR_SQL_TEXT_MAX + 1);
    text[MR_SQL_TEXT_MAX + 1] = '\0';
    assert_int_equal(parse_once(text, &err), MR_E_SYNTAX);
    assert_int_equal(err.code, 1003);
    text[MR_SQL_TEXT_MAX] = '\0';
    assert_int_equal(parse_once(text, &err), MR_OK);
    free(text);
}

static void test_bytes(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    const struct mr_sql_script *script;
    struct mr_err err = {0};
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    assert_int_equal(mr_sql_parse(&arena, MR_SPAN("SELECT a\0b"), "f", &script, &err), MR_E_SYNTAX);
    assert_int_equal(err.code, 1001);
    assert_int_equal(err.column, 9);
    assert_int_equal(mr_sql_parse(&arena, MR_SPAN("SELECT '\xff'"), "f", &script, &err),
                     MR_E_SYNTAX);
    assert_string_equal(err.message, "unexpected byte 0xff");
    assert_int_equal(err.at, 8);
    assert_int_equal(mr_sql_parse(&arena, MR_SPAN("\xef\xbb\xbfSELECT 1"), "f", &script, &err),
                     MR_OK);
    mr_arena_fini(&arena);
}

/* Everything the parser allocates for, good and bad. */
static const char *const sweep_texts[] = {
    "CREATE OR REFRESH STREAMING TABLE a.b.c (id INT NOT NULL COMMENT 'x', s STRUCT<x: INT, y: "
    "ARRAY<MAP<STRING, DECIMAL(10,2)>>>, CONSTRAINT k EXPECT (id > 0 AND id < 10 OR id IS NULL) ON "
    "VIOLATION DROP ROW) PARTITIONED BY (id) CLUSTER BY (s.x) COMMENT 'a' 'b' TBLPROPERTIES ('a' = "
    "'b', c.d = -1) AS SELECT *, t.* EXCEPT (a.b), CAST(`q``q` AS DATE) d, x::INT[0].y, CASE a "
    "WHEN "
    "1 THEN 2 ELSE X'12' END, f(k => 'v', (x, y) -> x + y), INTERVAL 1 DAY, sum(a) FILTER (WHERE "
    "b) "
    "OVER (PARTITION BY c ORDER BY d) FROM STREAM read_files('p', format => 'json') WATERMARK ts "
    "DELAY OF INTERVAL 1 HOUR DEDUPLICATE BY (id) AS t LEFT JOIN (SELECT 1) u USING (id) LATERAL "
    "VIEW explode(a) e AS x, y WHERE a BETWEEN 1 AND 2 AND b IN (1, 2) AND c LIKE 'x' ESCAPE '!' "
    "GROUP BY a HAVING b ORDER BY c DESC LIMIT 1; SET a = b; USE c.d; CREATE FLOW f AS AUTO CDC "
    "INTO "
    "t FROM STREAM s KEYS (k) SEQUENCE BY e COLUMNS * EXCEPT (z); CREATE SINK s USING kafka "
    "OPTIONS "
    "('a' = 'b'); WITH a AS (VALUES (1, 2)) (SELECT 1 LIMIT 1) UNION ALL SELECT 2 LIMIT 2",
    "SELECT a FORM t",
    "CREATE STREAMING TABLE t (a INT, A INT)",
    "SELECT 'x",
};

static void test_allocation_failures(void **state)
{
    (void)state;
    unsigned points = 0;
    for (size_t i = 0; i < sizeof sweep_texts / sizeof sweep_texts[0]; i++) {
        struct mr_span text = mr_span_of(sweep_texts[i]);
        mr_status expected = i == 0 ? MR_OK : MR_E_SYNTAX, status = MR_E_NOMEM;
        for (uint64_t n = 1; status == MR_E_NOMEM; n++) {
            struct mr_heap heap;
            struct mr_arena arena;
            const struct mr_sql_script *script;
            struct mr_err err = {0};
            mr_heap_init(&heap, 0);
            mr_heap_fail_at(&heap, n);
            /* The smallest blocks, so that there are many allocations to fail. */
            mr_arena_init(&arena, &heap, 1);
            arena.next_bytes = 1;
            status = mr_sql_parse(&arena, text, "f.sql", &script, &err);
            if (status == MR_E_NOMEM) {
                assert_int_equal(err.status, MR_E_NOMEM);
                mr_arena_reset(&arena);
                status = mr_sql_parse(&arena, text, "f.sql", &script, &err);
                assert_int_equal(status, expected);
                status = MR_E_NOMEM;
                points++;
            }
            mr_arena_fini(&arena);
            assert_int_equal(heap.used_bytes, 0);
        }
        assert_int_equal(status, expected);
    }
    assert_true(points > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_nesting_on_a_small_stack),
        cmocka_unit_test(test_within_the_limit),
        cmocka_unit_test(test_flat_lists),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_text_limit),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
