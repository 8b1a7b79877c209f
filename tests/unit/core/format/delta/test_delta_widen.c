/* Shown: of all pairs of types exactly those of the protocol widen, in a table that allows it and
 * in no other; a narrower type is refused in both; the change is recorded with the nearest struct
 * member, behind the older ones, and other metadata stays; every failed allocation is an error. */
#include "tests/unit/core/format/delta/delta_fixture.h"

#include <stdio.h>

#include "core/format/delta/delta_protocol.h"
#include "core/format/delta/delta_schema.h"
#include "core/format/delta/delta_widen.h"

#define S(fields) "{'type':'struct','fields':[" fields "]}"
#define F(name, type) "{'name':'" name "','type':" type "}"
#define BOTH (MR_DELTA_ALLOW_COLUMNS | MR_DELTA_ALLOW_WIDER)

/* Written down from the protocol's list, not from the code's rule. */
static const struct {
    const char *from;
    const char *to;
} allowed_pairs[] = {
    {"byte", "short"},
    {"byte", "integer"},
    {"byte", "long"},
    {"short", "integer"},
    {"short", "long"},
    {"integer", "long"},
    {"float", "double"},
    {"byte", "double"},
    {"short", "double"},
    {"integer", "double"},
    {"date", "timestamp_ntz"},
    {"byte", "decimal(10,0)"},
    {"short", "decimal(10,0)"},
    {"integer", "decimal(10,0)"},
    {"byte", "decimal(12,2)"},
    {"short", "decimal(12,2)"},
    {"integer", "decimal(12,2)"},
    {"byte", "decimal(20,0)"},
    {"short", "decimal(20,0)"},
    {"integer", "decimal(20,0)"},
    {"long", "decimal(20,0)"},
    {"byte", "decimal(21,2)"},
    {"short", "decimal(21,2)"},
    {"integer", "decimal(21,2)"},
    {"byte", "decimal(22,2)"},
    {"short", "decimal(22,2)"},
    {"integer", "decimal(22,2)"},
    {"long", "decimal(22,2)"},
    {"decimal(9,0)", "decimal(10,0)"},
    {"decimal(9,0)", "decimal(11,2)"},
    {"decimal(9,0)", "decimal(12,2)"},
    {"decimal(9,0)", "decimal(20,0)"},
    {"decimal(9,0)", "decimal(21,2)"},
    {"decimal(9,0)", "decimal(22,2)"},
    {"decimal(10,0)", "decimal(12,2)"},
    {"decimal(10,0)", "decimal(20,0)"},
    {"decimal(10,0)", "decimal(21,2)"},
    {"decimal(10,0)", "decimal(22,2)"},
    {"decimal(11,2)", "decimal(12,2)"},
    {"decimal(11,2)", "decimal(21,2)"},
    {"decimal(11,2)", "decimal(22,2)"},
    {"decimal(12,2)", "decimal(21,2)"},
    {"decimal(12,2)", "decimal(22,2)"},
    {"decimal(20,0)", "decimal(22,2)"},
    {"decimal(21,2)", "decimal(22,2)"},
};

static const char *const types[] = {
    "boolean",       "byte",          "short",         "integer",       "long",
    "float",         "double",        "string",        "binary",        "date",
    "timestamp",     "timestamp_ntz", "decimal(9,0)",  "decimal(10,0)", "decimal(11,2)",
    "decimal(12,2)", "decimal(20,0)", "decimal(21,2)", "decimal(22,2)",
};

static bool is_listed(const char *from, const char *to)
{
    for (size_t i = 0; i < sizeof allowed_pairs / sizeof *allowed_pairs; i++) {
        if (strcmp(allowed_pairs[i].from, from) == 0 && strcmp(allowed_pairs[i].to, to) == 0) {
            return true;
        }
    }
    return false;
}

static const struct mr_type *one_column(struct fixture *f, const char *type)
{
    char quoted[128];
    (void)snprintf(quoted, sizeof quoted, S(F("c", "'%s'")), type);
    return schema_of(f, quoted);
}

static void check_pair(struct fixture *f, const char *from, const char *to)
{
    const struct mr_type *table = one_column(f, from), *incoming = one_column(f, to);
    struct mr_delta_fit fit;
    char wanted[256];
    mr_status without =
        mr_delta_schema_fit(&f->arena, table, incoming, MR_DELTA_ALLOW_COLUMNS, &fit, &f->err);
    assert_int_equal(without, strcmp(from, to) == 0 ? MR_OK : MR_E_SCHEMA);
    mr_status status = mr_delta_schema_fit(&f->arena, table, incoming, BOTH, &fit, &f->err);
    if (strcmp(from, to) == 0) {
        assert_int_equal(status, MR_OK);
        assert_ptr_equal(fit.merged, table);
        return;
    }
    if (!is_listed(from, to)) {
        if (status == MR_OK) print_error("%s became %s\n", from, to);
        assert_int_equal(status, MR_E_SCHEMA);
        assert_int_equal(f->err.code, 3106);
        return;
    }
    if (status != MR_OK) print_error("%s did not become %s\n", from, to);
    assert_int_equal(status, MR_OK);
    assert_true(mr_type_equal(fit.merged, incoming));
    assert_true(mr_type_equal(fit.written, incoming));
    (void)snprintf(wanted, sizeof wanted,
                   "{\"delta.typeChanges\":[{\"fromType\":\"%s\",\"toType\":\"%s\"}]}", from, to);
    assert_true(mr_span_is(fit.merged->fields[0].metadata, wanted));
}

static void test_pairs(void **state)
{
    struct fixture *f = *state;
    size_t count = sizeof types / sizeof *types;
    for (size_t i = 0; i < count * count; i++) check_pair(f, types[i / count], types[i % count]);
}

static void expect_merged(struct fixture *f, const struct mr_type *table, const char *incoming,
                          const char *wanted)
{
    struct mr_delta_fit fit;
    struct mr_text plain;
    MUST(f, mr_delta_schema_fit(&f->arena, table, schema_of(f, incoming), BOTH, &fit, &f->err));
    mr_text_init(&plain, &f->heap);
    mr_type_write_json(schema_of(f, wanted), &plain);
    mr_type_write_json(fit.merged, &f->text);
    expect_text(f, plain.at);
    mr_text_fini(&plain);
}

static void test_history(void **state)
{
    struct fixture *f = *state;
    const struct mr_type *table =
        schema_of(f, S("{'name':'n','type':'short','metadata':{'comment':'a \\'n','delta."
                       "typeChanges':[{'fromType':'byte','toType':'short'}],'z':[1.50]}}"));
    expect_merged(f, table, S(F("N", "'long'")),
                  S("{'name':'n','type':'long','metadata':{'comment':'a \\'n','z':[1.50],"
                    "'delta.typeChanges':[{'fromType':'byte','toType':'short'},"
                    "{'fromType':'short','toType':'long'}]}}"));
    table = schema_of(f, S("{'name':'n','type':'short','metadata':{'delta.typeChanges':{}}}"));
    struct mr_delta_fit fit;
    assert_int_equal(mr_delta_schema_fit(&f->arena, table, schema_of(f, S(F("n", "'long'"))), BOTH,
                                         &fit, &f->err),
                     MR_E_CORRUPT);
}

static void test_nested(void **state)
{
    struct fixture *f = *state;
    expect_merged(f, schema_of(f, S(F("s", S(F("n", "'integer'") "," F("x", "'string'"))))),
                  S(F("s", S(F("n", "'long'")))),
                  S(F("s", S("{'name':'n','type':'long','metadata':{'delta.typeChanges':["
                             "{'fromType':'integer','toType':'long'}]}}," F("x", "'string'")))));
    expect_merged(
        f,
        schema_of(f, S(F("m", "{'type':'map','keyType':'byte','valueType':{'type':'array',"
                              "'elementType':'float','containsNull':true},"
                              "'valueContainsNull':true}"))),
        S(F("m", "{'type':'map','keyType':'long','valueType':{'type':'array',"
                 "'elementType':'double','containsNull':true},'valueContainsNull':true}")),
        S("{'name':'m','type':{'type':'map','keyType':'long','valueType':{'type':'array',"
          "'elementType':'double','containsNull':true},'valueContainsNull':true},"
          "'metadata':{'delta.typeChanges':["
          "{'fromType':'byte','toType':'long','fieldPath':'key'},"
          "{'fromType':'float','toType':'double','fieldPath':'value.element'}]}}"));
    /* A struct in an array is nearer than the array's own field. */
    expect_merged(
        f,
        schema_of(f, S(F("a", "{'type':'array','elementType':" S(
                                  F("d", "'date'")) ","
                                                    "'containsNull':true}"))),
        S(F("a",
            "{'type':'array','elementType':" S(F("d", "'timestamp_ntz'")) ","
                                                                          "'containsNull':true}")),
        S(F("a", "{'type':'array','elementType':" S(
                     "{'name':'d','type':'timestamp_ntz','metadata':{'delta.typeChanges':["
                     "{'fromType':'date','toType':'timestamp_ntz'}]}}") ",'containsNull':true}")));
}

static void test_protocol(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_property on = {MR_SPAN("delta.enableTypeWidening"), MR_SPAN("true")};
    struct mr_delta_snapshot s = {.metadata = {.properties = &on, .property_count = 1}};
    MUST(f, mr_delta_protocol_for(&f->arena, one_column(f, "long"), &on, 1, &s.protocol, &f->err));
    assert_int_equal(s.protocol.min_reader, 3);
    assert_int_equal(s.protocol.min_writer, 7);
    assert_int_equal(s.protocol.reader_count, 1);
    assert_true(mr_span_is(s.protocol.reader_features[0], "typeWidening"));
    assert_true(mr_delta_has_feature(&s.protocol, "typeWidening"));
    s.schema = one_column(f, "long");
    MUST(f, mr_delta_can_append(&s, &f->err));
    assert_true(mr_delta_may_widen(&s));
    on.value = MR_SPAN("false");
    assert_false(mr_delta_may_widen(&s));
    on.value = MR_SPAN("true");
    s.protocol = (struct mr_delta_protocol){.min_reader = 1, .min_writer = 2};
    assert_false(mr_delta_may_widen(&s));
}

static void test_out_of_memory(void **state)
{
    struct fixture *f = *state;
    const struct mr_type *table = schema_of(
        f, S("{'name':'m','type':{'type':'map','keyType':'byte','valueType':'byte',"
             "'valueContainsNull':true},'metadata':{'delta.typeChanges':[{'fromType':'byte',"
             "'toType':'short','fieldPath':'value'}]}}"));
    const struct mr_type *incoming =
        schema_of(f, S(F("m", "{'type':'map','keyType':'long','valueType':'long',"
                              "'valueContainsNull':true}")));
    mr_status status = MR_E_NOMEM;
    uint64_t n = 0;
    for (; status == MR_E_NOMEM; n++) {
        struct mr_heap heap;
        struct mr_arena arena;
        struct mr_delta_fit fit;
        mr_heap_init(&heap, 0);
        mr_arena_init(&arena, &heap, 0);
        mr_heap_fail_at(&heap, n + 1);
        status = mr_delta_schema_fit(&arena, table, incoming, BOTH, &fit, &f->err);
        mr_arena_fini(&arena);
        assert_int_equal(heap.used_bytes, 0);
    }
    assert_int_equal(status, MR_OK);
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_pairs),    WITH_FIXTURE(test_history),       WITH_FIXTURE(test_nested),
        WITH_FIXTURE(test_protocol), WITH_FIXTURE(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("delta_widen", tests, NULL, NULL);
}
