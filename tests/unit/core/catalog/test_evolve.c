/* Evolution by its table of modes, type widening by Delta's table, hints by path, and every failed
 * allocation. Schemas are written and compared as Spark's SQL text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "core/catalog/evolve.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_err err;
    struct mr_evolve_result result;
};

static void fx_init(struct fixture *fx)
{
    mr_heap_init(&fx->heap, 0);
    mr_arena_init(&fx->arena, &fx->heap, 0);
    fx->err = (struct mr_err){0};
}

static void fx_fini(struct fixture *fx)
{
    mr_arena_fini(&fx->arena);
    assert_int_equal(fx->heap.used_bytes, 0);
}

/* A type from Delta's JSON form, with single quotes for double ones. */
static const struct mr_type *type_of(struct fixture *fx, const char *json)
{
    const struct mr_doc *doc;
    const struct mr_type *type;
    char *text = mr_arena_copy(&fx->arena, mr_span_of(json));
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\'') *at = '"';
    }
    assert_int_equal(mr_doc_read(&fx->arena, mr_span_of(text), &doc, &fx->err), MR_OK);
    assert_int_equal(mr_type_read_json(&fx->arena, doc, &type, &fx->err), MR_OK);
    return type;
}

#define FIELD(name, type) "{'name':'" name "','type':" type ",'nullable':true,'metadata':{}}"
#define STRUCT(fields) "{'type':'struct','fields':[" fields "]}"
#define ARRAY(element) "{'type':'array','elementType':" element ",'containsNull':true}"
#define MAP(value)                                                                                 \
    "{'type':'map','keyType':'string','valueType':" value ",'valueContainsNull':true}"

static void assert_type(struct fixture *fx, const struct mr_type *type, const char *expected)
{
    struct mr_text text;
    mr_text_init(&text, &fx->heap);
    mr_type_write_sql(type, &text);
    assert_int_equal(mr_text_end(&text, &fx->err), MR_OK);
    assert_string_equal(text.at, expected);
    mr_text_fini(&text);
}

static mr_status evolve(struct fixture *fx, mr_evolution mode, bool has_rescued,
                        const char *current, const char *seen)
{
    const struct mr_evolve_input input = {
        .mode = mode,
        .current = type_of(fx, current),
        .seen = type_of(fx, seen),
        .has_rescued_column = has_rescued,
    };
    return mr_schema_evolve(&fx->arena, &input, &fx->result, &fx->err);
}

static const char base[] =
    STRUCT(FIELD("id", "'integer'") "," FIELD("geo", STRUCT(FIELD("city", "'string'"))) "," FIELD(
        "tags", ARRAY(STRUCT(FIELD("k", "'string'")))));

static void test_new_columns(void **state)
{
    struct fixture fx;
    fx_init(&fx);
    const char *seen =
        STRUCT(FIELD("z", "'double'") "," FIELD("GEO", STRUCT(FIELD("lat", "'double'"))) "," FIELD(
            "tags", ARRAY(STRUCT(FIELD("v", "'long'")))) "," FIELD("a", "'string'"));
    assert_int_equal(evolve(&fx, MR_EVOLVE_ADD, true, base, seen), MR_OK);
    assert_int_equal(fx.result.action, MR_EVOLVE_NEXT);
    assert_int_equal(fx.result.added_count, 4);
    assert_type(&fx, fx.result.schema,
                "struct<id:int,geo:struct<city:string,lat:double>,"
                "tags:array<struct<k:string,v:bigint>>,z:double,a:string>");
    assert_true(mr_span_is(fx.result.text,
                           "Encountered unknown fields during parsing: z, GEO.lat, tags.element.v, "
                           "a, which can be fixed by an automatic retry: true"));
    fx_fini(&fx);
}

static void test_modes(void **state)
{
    static const struct {
        mr_evolution mode;
        bool has_rescued;
        mr_evolve_action action;
    } rows[] = {
        {MR_EVOLVE_ADD, true, MR_EVOLVE_NEXT},
        {MR_EVOLVE_ADD, false, MR_EVOLVE_NEXT},
        {MR_EVOLVE_RESCUE, true, MR_EVOLVE_RESCUED},
        {MR_EVOLVE_NONE, true, MR_EVOLVE_RESCUED},
        {MR_EVOLVE_NONE, false, MR_EVOLVE_IGNORED},
        {MR_EVOLVE_ADD_AND_WIDEN, true, MR_EVOLVE_NEXT},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct fixture fx;
        fx_init(&fx);
        assert_int_equal(
            evolve(&fx, rows[i].mode, rows[i].has_rescued, base, STRUCT(FIELD("new", "'long'"))),
            MR_OK);
        assert_int_equal(fx.result.action, rows[i].action);
        assert_true(fx.result.text.bytes > 0);
        fx_fini(&fx);
    }
    struct fixture fx;
    fx_init(&fx);
    assert_int_equal(evolve(&fx, MR_EVOLVE_FAIL, true, base, STRUCT(FIELD("new", "'long'"))),
                     MR_E_SCHEMA);
    assert_int_equal(fx.err.code, 2201);
    assert_string_equal(fx.err.message, "Encountered unknown fields during parsing: new, which can "
                                        "be fixed by an automatic retry: false");
    assert_int_equal(evolve(&fx, MR_EVOLVE_FAIL, true, base, STRUCT(FIELD("id", "'string'"))),
                     MR_OK);
    assert_int_equal(fx.result.action, MR_EVOLVE_RESCUED);
    fx_fini(&fx);
}

/* A known column, only nulls, and partition columns are no news. */
static void test_no_news(void **state)
{
    struct fixture fx;
    fx_init(&fx);
    assert_int_equal(evolve(&fx, MR_EVOLVE_ADD, true, base, STRUCT(FIELD("ID", "'integer'"))),
                     MR_OK);
    assert_int_equal(fx.result.action, MR_EVOLVE_SAME);
    const struct mr_evolve_input input = {
        .mode = MR_EVOLVE_FAIL,
        .current = type_of(&fx, base),
        .seen = type_of(&fx, STRUCT(FIELD("Date", "'string'"))),
        .partitions = type_of(&fx, STRUCT(FIELD("date", "'date'"))),
    };
    assert_int_equal(mr_schema_evolve(&fx.arena, &input, &fx.result, &fx.err), MR_OK);
    assert_int_equal(fx.result.action, MR_EVOLVE_SAME);
    fx_fini(&fx);
}

static void test_widening(void **state)
{
    static const struct {
        const char *from;
        const char *seen;
        const char *to; /* null = stays */
    } rows[] = {
        {"'byte'", "'short'", "smallint"},
        {"'byte'", "'long'", "bigint"},
        {"'integer'", "'long'", "bigint"},
        {"'long'", "'integer'", NULL},
        {"'float'", "'double'", "double"},
        {"'integer'", "'double'", "double"},
        {"'long'", "'double'", NULL},
        {"'date'", "'timestamp_ntz'", "timestamp_ntz"},
        {"'date'", "'timestamp'", NULL},
        {"'integer'", "'string'", NULL},
        {"'decimal(10,2)'", "'decimal(12,2)'", "decimal(12,2)"},
        {"'decimal(10,2)'", "'decimal(10,4)'", "decimal(12,4)"},
        {"'decimal(10,2)'", "'decimal(9,1)'", NULL},
        {"'decimal(38,2)'", "'decimal(38,10)'", NULL},
        {"'integer'", "'decimal(5,2)'", "decimal(12,2)"},
        {"'long'", "'decimal(5,2)'", "decimal(22,2)"},
        {"'boolean'", "'long'", NULL},
        {"'string'", "'long'", NULL},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct fixture fx;
        char current[200], seen[200];
        fx_init(&fx);
        snprintf(current, sizeof current, STRUCT(FIELD("c", "%s")), rows[i].from);
        snprintf(seen, sizeof seen, STRUCT(FIELD("c", "%s")), rows[i].seen);
        assert_int_equal(evolve(&fx, MR_EVOLVE_ADD_AND_WIDEN, true, current, seen), MR_OK);
        if (rows[i].to == NULL) {
            assert_int_not_equal(fx.result.action, MR_EVOLVE_NEXT);
        } else {
            char expected[200];
            snprintf(expected, sizeof expected, "struct<c:%s>", rows[i].to);
            assert_int_equal(fx.result.action, MR_EVOLVE_NEXT);
            assert_int_equal(fx.result.widened_count, 1);
            assert_type(&fx, fx.result.schema, expected);
            /* The mode without widening leaves types alone. */
            assert_int_equal(evolve(&fx, MR_EVOLVE_ADD, true, current, seen), MR_OK);
            assert_int_equal(fx.result.action, MR_EVOLVE_RESCUED);
        }
        fx_fini(&fx);
    }
}

static void test_maps(void **state)
{
    struct fixture fx;
    fx_init(&fx);
    assert_int_equal(
        evolve(&fx, MR_EVOLVE_ADD, true, STRUCT(FIELD("m", MAP(STRUCT(FIELD("x", "'long'"))))),
               STRUCT(FIELD("m", STRUCT(FIELD("some", STRUCT(FIELD("y", "'string'"))))))),
        MR_OK);
    assert_int_equal(fx.result.action, MR_EVOLVE_NEXT);
    assert_type(&fx, fx.result.schema, "struct<m:map<string,struct<x:bigint,y:string>>>");
    fx_fini(&fx);
}

static void test_hints(void **state)
{
    struct fixture fx;
    fx_init(&fx);
    const struct mr_span price[] = {MR_SPAN("Price")}, lat[] = {MR_SPAN("geo"), MR_SPAN("lat")};
    const struct mr_span element[] = {MR_SPAN("tags"), MR_SPAN("element"), MR_SPAN("k")};
    const struct mr_span late[] = {MR_SPAN("later"), MR_SPAN("x")};
    const struct mr_schema_hint hints[] = {
        {price, 1, mr_type_decimal(&fx.arena, 10, 2)},
        {lat, 2, mr_type_of(MR_TYPE_FLOAT)},
        {element, 3, mr_type_of(MR_TYPE_DATE)},
        {late, 2, mr_type_of(MR_TYPE_DATE)},
    };
    const struct mr_type *schema = type_of(
        &fx,
        STRUCT(FIELD("price", "'double'") "," FIELD(
            "geo",
            STRUCT(FIELD("city", "'string'"))) "," FIELD("tags",
                                                         ARRAY(STRUCT(FIELD("k", "'string'"))))));
    const struct mr_type *hinted;
    assert_int_equal(mr_schema_apply_hints(&fx.arena, schema, hints, 4, &hinted, &fx.err), MR_OK);
    assert_type(&fx, hinted,
                "struct<Price:decimal(10,2),geo:struct<city:string,lat:float>,"
                "tags:array<struct<k:date>>,later:struct<x:date>>");
    const struct mr_span wrong[] = {MR_SPAN("price"), MR_SPAN("cents")};
    const struct mr_schema_hint bad = {wrong, 2, mr_type_of(MR_TYPE_INT)};
    assert_int_equal(mr_schema_apply_hints(&fx.arena, schema, &bad, 1, &hinted, &fx.err),
                     MR_E_SCHEMA);
    assert_int_equal(fx.err.code, 2202);

    /* A column that appears later takes the hinted type, nested ones too. */
    const struct mr_evolve_input input = {
        .mode = MR_EVOLVE_ADD,
        .current = schema,
        .seen = type_of(
            &fx, STRUCT(FIELD("later", STRUCT(FIELD("x", "'string'") "," FIELD("y", "'void'"))))),
        .hints = hints,
        .hint_count = 4,
    };
    assert_int_equal(mr_schema_evolve(&fx.arena, &input, &fx.result, &fx.err), MR_OK);
    assert_type(&fx, fx.result.schema->fields[3].type, "struct<x:date,y:string>");

    /* One that a hint named from the start is no news when it first appears. */
    const struct mr_evolve_input first = {
        .mode = MR_EVOLVE_FAIL,
        .current = hinted,
        .seen = type_of(&fx, STRUCT(FIELD("later", STRUCT(FIELD("x", "'date'"))))),
    };
    assert_int_equal(mr_schema_apply_hints(&fx.arena, schema, hints, 4, &hinted, &fx.err), MR_OK);
    assert_int_equal(mr_schema_evolve(&fx.arena, &first, &fx.result, &fx.err), MR_OK);
    assert_int_equal(fx.result.action, MR_EVOLVE_SAME);
    fx_fini(&fx);
}

static void test_default_modes(void **state)
{
    struct fixture fx;
    struct mr_source_options options;
    mr_evolution mode;
    fx_init(&fx);
    assert_int_equal(mr_source_options_read(&fx.arena, NULL, 0, &options, &fx.err), MR_OK);
    assert_int_equal(mr_evolution_of(&options, false, &mode, &fx.err), MR_OK);
    assert_int_equal(mode, MR_EVOLVE_ADD);
    assert_int_equal(mr_evolution_of(&options, true, &mode, &fx.err), MR_OK);
    assert_int_equal(mode, MR_EVOLVE_NONE);
    static const struct {
        const char *text;
        mr_evolution mode;
    } rows[] = {
        {"addNewColumns", MR_EVOLVE_ADD},
        {"addNewColumnsWithTypeWidening", MR_EVOLVE_ADD_AND_WIDEN},
        {"rescue", MR_EVOLVE_RESCUE},
        {"failOnNewColumns", MR_EVOLVE_FAIL},
        {"none", MR_EVOLVE_NONE},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_source_pair pair = {MR_SPAN("schemaEvolutionMode"), mr_span_of(rows[i].text)};
        assert_int_equal(mr_source_options_read(&fx.arena, &pair, 1, &options, &fx.err), MR_OK);
        assert_int_equal(mr_evolution_of(&options, false, &mode, &fx.err), MR_OK);
        assert_int_equal(mode, rows[i].mode);
        bool adds = mode == MR_EVOLVE_ADD || mode == MR_EVOLVE_ADD_AND_WIDEN;
        assert_int_equal(mr_evolution_of(&options, true, &mode, &fx.err),
                         adds ? MR_E_INVALID : MR_OK);
    }
    fx_fini(&fx);
}

static void test_memory(void **state)
{
    bool is_done = false;
    for (uint64_t n = 1; !is_done; n++) {
        struct fixture fx, own;
        fx_init(&fx);
        fx_init(&own);
        const struct mr_evolve_input input = {
            .mode = MR_EVOLVE_ADD,
            .current = type_of(&own, base),
            .seen = type_of(&own, STRUCT(FIELD("a", STRUCT(FIELD("b", ARRAY("'long'")))) "," FIELD(
                                      "geo", STRUCT(FIELD("lat", "'double'"))))),
            .file = MR_SPAN("a.json"),
        };
        mr_arena_fini(&fx.arena);
        mr_arena_init(&fx.arena, &fx.heap, 16);
        mr_heap_fail_at(&fx.heap, n);
        mr_status status = mr_schema_evolve(&fx.arena, &input, &fx.result, &fx.err);
        is_done = status == MR_OK;
        assert_true(is_done || status == MR_E_NOMEM);
        assert_true(n < 200);
        fx_fini(&fx);
        fx_fini(&own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_columns),   cmocka_unit_test(test_modes),
        cmocka_unit_test(test_no_news),       cmocka_unit_test(test_widening),
        cmocka_unit_test(test_maps),          cmocka_unit_test(test_hints),
        cmocka_unit_test(test_default_modes), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
