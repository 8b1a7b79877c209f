/* Shown: on generated and mutated records every instruction set gives the same rows, counters and
 * unknown fields as the reference, however the text is cut, in lines and in documents (R18);
 * inference gives the same types by the lane as by the cursor alone; and when any one allocation
 * fails the reader says so, leaves nothing behind and works again (R5).
 * MR_ROUNDS=n makes it longer; the seed is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/format/json/json_infer.h"
#include "tests/support/json_decode.h"
#include "tests/support/type_text.h"

#ifdef MR_DEBUG
enum { ROUNDS = 250 };
#else
enum { ROUNDS = 6000 }; /* 240,000 records on each instruction set (R18) */
#endif
enum { RECORDS = 40 };

/* The second has no lists: there the lane keeps rows of records with misfits. */
static const char *const schemas[] = {
    "id bigint, name string, ok boolean, price decimal(10,2), score double, at timestamp, "
    "day date, raw binary, geo struct<lat:double,lon:float,tags:array<string>>, "
    "m map<string,struct<x:int,y:string>>, l array<array<smallint>>, _corrupt_record string",
    "id bigint, name string, ok boolean, price decimal(10,2), score double, at timestamp, "
    "day date, raw string, geo struct<lat:double,lon:int,tags:string,y:struct<x:int>>, "
    "_corrupt_record string"};

/* -- generated text ------------------------------------------------------------------------ */

static void add_string(struct mr_rng *rng, struct mr_text *out)
{
    static const char *const parts[] = {"plain",
                                        "\\n",
                                        "\\u00e9",
                                        "\xc3\xa9",
                                        "\\ud83d\\ude00",
                                        ",",
                                        "{",
                                        "]",
                                        "\\\"",
                                        "\\\\",
                                        "2021-09-08",
                                        "a long run of text that fills views ",
                                        ":"};
    mr_text_addc(out, '"');
    for (uint64_t n = mr_rng_below(rng, 4); n > 0; n--)
        mr_text_adds(out, parts[mr_rng_below(rng, 13)]);
    mr_text_addc(out, '"');
}

static void add_value(struct mr_rng *rng, struct mr_text *out, int depth)
{
    static const char *const scalars[] = {"null",
                                          "true",
                                          "false",
                                          "0",
                                          "-12",
                                          "1.5",
                                          "1e3",
                                          "123456789012345678901",
                                          "\"2021-09-08T11:12:13Z\"",
                                          "\"AQID\"",
                                          "NaN",
                                          "9.99"};
    uint64_t kind = mr_rng_below(rng, depth > 3 ? 7 : 10);
    if (kind < 5) {
        mr_text_adds(out, scalars[mr_rng_below(rng, 12)]);
    } else if (kind < 7) {
        add_string(rng, out);
    } else {
        bool is_object = kind < 9;
        uint64_t count = mr_rng_below(rng, 4);
        static const char *const keys[] = {"lat", "lon", "tags", "x", "y", "new", "X", "k\\u0041"};
        mr_text_addc(out, is_object ? '{' : '[');
        for (uint64_t i = 0; i < count; i++) {
            if (i > 0) mr_text_adds(out, mr_rng_below(rng, 3) == 0 ? " , " : ",");
            if (is_object) mr_text_addf(out, "\"%s\":", keys[mr_rng_below(rng, 8)]);
            add_value(rng, out, depth + 1);
        }
        mr_text_addc(out, is_object ? '}' : ']');
    }
}

static void add_record(struct mr_rng *rng, struct mr_text *out)
{
    static const char *const keys[] = {"id",  "name", "ok", "price", "score", "at",   "day",
                                       "raw", "geo",  "m",  "l",     "extra", "Name", "i\\u0064"};
    uint64_t count = mr_rng_below(rng, 9);
    mr_text_addc(out, '{');
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0) mr_text_addc(out, ',');
        mr_text_addf(out, "\"%s\": ", keys[mr_rng_below(rng, 14)]);
        add_value(rng, out, 0);
    }
    mr_text_addc(out, '}');
}

static void add_blank(struct mr_rng *rng, struct mr_text *out)
{
    if (mr_rng_below(rng, 4) == 0) mr_text_adds(out, mr_rng_below(rng, 8) == 0 ? "\t \r" : " ");
}

/* add_member: a key and a value that its column mostly takes, blanks around. */
static void add_member(struct mr_rng *rng, struct mr_text *out, const char *key, const char *value)
{
    add_blank(rng, out);
    mr_text_addf(out, "\"%s\"", key);
    add_blank(rng, out);
    mr_text_addc(out, ':');
    add_blank(rng, out);
    if (mr_rng_below(rng, 24) == 0) {
        add_value(rng, out, 3);
    } else {
        mr_text_adds(out, value);
    }
    add_blank(rng, out);
}

/* add_hostile: members in any order, now and then one twice, unknown, or of another kind. */
static void add_hostile(struct mr_rng *rng, struct mr_text *out)
{
    static const char *const members[][2] = {
        {"id", "12345678901234567"},
        {"name", "\"a name\""},
        {"ok", "true"},
        {"price", "12.50"},
        {"score", "-1.25"},
        {"at", "\"2021-09-08T11:12:13.25Z\""},
        {"day", "\"2021-09-08\""},
        {"raw", "\"AQID\""},
        {"geo", "{\"lat\":1.5, \"lon\" :2,\"tags\":null}"},
        {"geo", "{\"new\":[1,{\"x\":2}],\"lat\":3 , \"y\":{\"x\": 4 } }"},
        {"extra", "[1, {\"a\": \"b\"}]"},
        {"other", "7"},
        {"NAME", "\"of another case\""},
        {"l", "[[1,2] ,[]]"},
        {"a name that is longer than what is looked at at once, which is 57 bytes", "1"}};
    uint64_t start = mr_rng_below(rng, 15), stride = 1 + mr_rng_below(rng, 14);
    uint64_t count = 4 + mr_rng_below(rng, 8);
    mr_text_addc(out, '{');
    for (uint64_t i = 0; i < count; i++) {
        const char *const *member = members[(start + i * stride) % MR_COUNT_OF(members)];
        if (i > 0) mr_text_addc(out, ',');
        add_member(rng, out, member[0], member[1]);
    }
    mr_text_addc(out, '}');
    add_blank(rng, out);
}

static void add_text(struct mr_rng *rng, bool is_document, struct mr_text *out)
{
    static const char breakers[] = "\"\\{}[],:\n\r\t '/*\x01\xff\x80\xe2"
                                   "0tn";
    size_t from = 0, bytes = 0;
    bool is_hostile = mr_rng_below(rng, 2) == 0;
    if (is_document) mr_text_addc(out, '[');
    for (int i = 0; i < RECORDS; i++) {
        if (i > 0) mr_text_addc(out, is_document ? ',' : '\n');
        size_t at = out->used;
        /* Often the last one again, so that there is something to predict. */
        if (bytes > 0 && mr_rng_below(rng, is_hostile ? 12 : 3) > (is_hostile ? 10u : 0)) {
            for (size_t k = 0; k < bytes; k++) mr_text_addc(out, out->at[from + k]);
        } else if (is_hostile) {
            add_hostile(rng, out);
        } else {
            add_record(rng, out);
        }
        from = at;
        bytes = out->used - at;
    }
    if (is_document) mr_text_addc(out, ']');
    for (uint64_t n = mr_rng_below(rng, 12); n > 0 && out->used > 0; n--) {
        out->at[mr_rng_below(rng, out->used)] = breakers[mr_rng_below(rng, sizeof breakers - 1)];
    }
}

/* -- reading ------------------------------------------------------------------------------- */

struct outcome {
    struct mr_text rows;
    struct mr_text unknown;
    struct mr_json_counters counters;
};

enum { TYPES_MAX = 64 };

/* What of the schema is asked for. */
struct wishes {
    bool wanted[TYPES_MAX];
    bool is_all;
    bool wants_unknown;
    const char *columns;
};

/* wish_for: draws flags for the types below `type`, from number *at on; true when one is set. */
static bool wish_for(struct mr_rng *rng, const struct mr_type *type, bool is_whole,
                     struct wishes *wishes, uint32_t *at)
{
    bool has_one = false;
    for (uint32_t i = 0; mr_type_is_nested(type) && i < type->field_count; i++) {
        const struct mr_type *below = type->fields[i].type;
        uint32_t number = (*at)++;
        bool is_struct = below->id == MR_TYPE_STRUCT;
        bool is_wanted = is_whole || mr_rng_below(rng, 2) == 0;
        bool has_below = wish_for(rng, below, is_whole || (is_wanted && !is_struct), wishes, at);
        wishes->wanted[number] = is_wanted || (is_struct && has_below);
        if (!is_struct && !is_wanted) memset(wishes->wanted + number, 0, *at - number);
        has_one |= wishes->wanted[number];
    }
    return has_one;
}

static void wishes_draw(struct mr_rng *rng, struct wishes *wishes)
{
    struct mr_heap heap;
    struct mr_arena arena;
    uint32_t at = 0;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    wishes->columns = schemas[mr_rng_below(rng, MR_COUNT_OF(schemas))];
    const struct mr_type *type = mr_type_from_text(&arena, wishes->columns);
    assert_true(mr_type_below(type) <= TYPES_MAX);
    (void)wish_for(rng, type, false, wishes, &at);
    assert_int_equal(at, mr_type_below(type));
    wishes->is_all = mr_rng_below(rng, 3) == 0;
    wishes->wants_unknown = mr_rng_below(rng, 2) == 0;
    mr_arena_fini(&arena);
}

static mr_status read_all(struct mr_heap *heap, const struct mr_json_options *options,
                          const struct wishes *wishes, mr_isa isa, struct mr_span text,
                          size_t step, struct outcome *out)
{
    struct mr_arena arena;
    struct mr_json_reader *reader = NULL;
    const struct mr_type *type;
    mr_heap_init(heap, heap->limit_bytes); /* keeps nothing but the limit */
    mr_arena_init(&arena, heap, 0);
    type = mr_type_from_text(&arena, wishes->columns);
    mr_status status =
        mr_json_reader_open(heap, type, options, mr_json_kernels(isa), NULL, &reader, NULL);
    if (status == MR_OK) {
        mr_json_reader_want(reader, wishes->is_all ? NULL : wishes->wanted, wishes->wants_unknown);
        status = mr_json_reader_begin(reader, MR_SPAN("f"), NULL);
    }
    if (status == MR_OK) status = mr_json_push_all(reader, heap, text, step, &out->rows, NULL);
    if (status == MR_OK) status = mr_json_reader_unknown(reader, &arena, &type, NULL);
    if (status == MR_OK) mr_schema_write_ddl(type, &out->unknown);
    if (status == MR_OK) status = mr_json_reader_misfits(reader, &arena, &type, NULL);
    if (status == MR_OK) mr_text_adds(&out->unknown, "; ");
    if (status == MR_OK) mr_schema_write_ddl(type, &out->unknown);
    if (status == MR_OK) out->counters = *mr_json_reader_counters(reader);
    mr_json_reader_close(reader);
    mr_arena_fini(&arena);
    return status;
}

static void outcome_init(struct outcome *out, struct mr_heap *heap)
{
    memset(out, 0, sizeof *out);
    mr_text_init(&out->rows, heap);
    mr_text_init(&out->unknown, heap);
}

static void outcome_fini(struct outcome *out)
{
    mr_text_fini(&out->rows);
    mr_text_fini(&out->unknown);
}

static void options_draw(struct mr_rng *rng, struct mr_json_options *options)
{
    mr_json_options_init(options);
    options->infers_column_types = true;
    options->is_multi_line = mr_rng_below(rng, 2) == 0;
    options->mode = mr_rng_below(rng, 3) == 0 ? MR_JSON_DROPMALFORMED : MR_JSON_PERMISSIVE;
    options->is_case_sensitive = mr_rng_below(rng, 2) == 0;
    options->allows_comments = mr_rng_below(rng, 4) == 0;
    options->allows_control_chars = mr_rng_below(rng, 4) == 0;
    options->allows_single_quotes = mr_rng_below(rng, 2) == 0;
    if (mr_rng_below(rng, 2) == 0) strcpy(options->rescued_column, "_rescued_data");
}

/* show: the texts from the first line on in which they differ. */
static void show(const char *what, const struct mr_text *got, const struct mr_text *want)
{
    size_t at = 0, line = 0;
    while (at < got->used && at < want->used && got->at[at] == want->at[at]) {
        if (got->at[at++] == '\n') line = at;
    }
    if (at == got->used && at == want->used) return;
    int got_bytes = (int)MR_MIN(got->used - line, (size_t)2000);
    int want_bytes = (int)MR_MIN(want->used - line, (size_t)2000);
    fprintf(stderr, "%s\n%.*s\n-- not\n%.*s\n", what, got_bytes, got->at + line, want_bytes,
            want->at + line);
}

static void compare(const struct mr_json_options *options, struct mr_rng *rng, struct mr_span text,
                    uint64_t round)
{
    struct mr_heap texts, heap;
    struct outcome want, got;
    struct wishes wishes;
    wishes_draw(rng, &wishes);
    mr_heap_init(&texts, 0);
    mr_heap_init(&heap, 0);
    outcome_init(&want, &texts);
    struct mr_json_options by_cursor = *options;
    by_cursor.has_no_lane = true;
    assert_int_equal(read_all(&heap, &by_cursor, &wishes, MR_ISA_REF, text, 0, &want), MR_OK);
    for (int isa = 0; isa <= (int)mr_isa_best(); isa++) {
        outcome_init(&got, &texts);
        size_t step = 500 + mr_rng_below(rng, 5000);
        assert_int_equal(read_all(&heap, options, &wishes, (mr_isa)isa, text, step, &got), MR_OK);
        assert_int_equal(heap.used_bytes, 0);
        bool is_equal = mr_span_eq(mr_text_span(&got.rows), mr_text_span(&want.rows)) &&
                        mr_span_eq(mr_text_span(&got.unknown), mr_text_span(&want.unknown)) &&
                        memcmp(&got.counters, &want.counters, sizeof got.counters) == 0;
        if (!is_equal) {
            show("rows", &got.rows, &want.rows);
            show("unknown", &got.unknown, &want.unknown);
            fprintf(stderr, "%.*s\n", (int)text.bytes, text.text);
            fail_msg("round %" PRIu64 ", isa %d, step %zu", round, isa, step);
        }
        outcome_fini(&got);
    }
    outcome_fini(&want);
}

static void test_variants_agree(void **state)
{
    (void)state;
    struct mr_rng rng;
    const char *wanted = getenv("MR_ROUNDS");
    uint64_t rounds = wanted == NULL ? ROUNDS : strtoull(wanted, NULL, 10);
    for (uint64_t round = 0; round < rounds; round++) {
        struct mr_heap heap;
        struct mr_text text;
        struct mr_json_options options;
        mr_rng_init(&rng, round);
        mr_heap_init(&heap, 0);
        mr_text_init(&text, &heap);
        options_draw(&rng, &options);
        add_text(&rng, options.is_multi_line, &text);
        compare(&options, &rng, mr_text_span(&text), round);
        mr_text_fini(&text);
    }
}

/* -- inference ----------------------------------------------------------------------------- */

static void feed(struct mr_json_infer *infer, struct mr_span text, size_t step)
{
    char *copy = calloc(1, text.bytes + MR_PAD);
    size_t at = 0, end = 0, consumed;
    memcpy(copy, text.text, text.bytes);
    assert_int_equal(mr_json_infer_begin(infer, NULL), MR_OK);
    do {
        end = MR_MIN(end + step, text.bytes);
        assert_int_equal(mr_json_infer_feed(infer, copy + at, end - at, end == text.bytes,
                                            &consumed, NULL),
                         MR_OK);
        at += consumed;
    } while (end < text.bytes);
    free(copy);
}

/* infer_text: what is inferred from the texts, the first of them again and again. */
static void infer_text(const struct mr_json_options *options, mr_isa isa, struct mr_span one,
                       struct mr_span other, size_t step, struct mr_text *out)
{
    static const char order[] = "00010110";
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_json_infer *infer;
    const struct mr_type *type;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    assert_int_equal(mr_json_infer_open(&heap, options, mr_json_kernels(isa), &infer, NULL), MR_OK);
    for (size_t i = 0; order[i] != '\0'; i++) feed(infer, order[i] == '0' ? one : other, step);
    assert_int_equal(mr_json_infer_type(infer, &arena, &type, NULL), MR_OK);
    mr_schema_write_ddl(type, out);
    mr_text_addf(out, "; %" PRIu64 " records, %" PRIu64 " malformed", mr_json_infer_records(infer),
                 mr_json_infer_malformed(infer));
    mr_json_infer_close(infer);
    mr_arena_fini(&arena);
    assert_int_equal(heap.used_bytes, 0);
}

static void infer_options_draw(struct mr_rng *rng, struct mr_json_options *options)
{
    options_draw(rng, options);
    options->is_multi_line = mr_rng_below(rng, 8) == 0;
    options->infers_column_types = mr_rng_below(rng, 4) > 0;
    options->infers_timestamp = mr_rng_below(rng, 3) > 0;
    options->prefers_decimal = mr_rng_below(rng, 4) == 0;
    options->primitives_as_string = mr_rng_below(rng, 6) == 0;
    options->drops_all_null_fields = mr_rng_below(rng, 3) == 0;
}

/* Inference by the lane gives the types and counts that it gives by the cursor alone. */
static void test_inference_agrees(void **state)
{
    (void)state;
    const char *wanted = getenv("MR_ROUNDS");
    uint64_t rounds = wanted == NULL ? ROUNDS / 4 : strtoull(wanted, NULL, 10);
    for (uint64_t round = 0; round < rounds; round++) {
        struct mr_rng rng;
        struct mr_heap heap;
        struct mr_text one, other, want, got;
        struct mr_json_options options;
        mr_rng_init(&rng, round ^ 0x5eed);
        mr_heap_init(&heap, 0);
        mr_text_init(&one, &heap);
        mr_text_init(&other, &heap);
        mr_text_init(&want, &heap);
        infer_options_draw(&rng, &options);
        add_text(&rng, options.is_multi_line, &one);
        add_text(&rng, options.is_multi_line, &other);
        options.has_no_lane = true;
        infer_text(&options, MR_ISA_REF, mr_text_span(&one), mr_text_span(&other), SIZE_MAX / 2,
                   &want);
        options.has_no_lane = false;
        for (int isa = 0; isa <= (int)mr_isa_best(); isa++) {
            mr_text_init(&got, &heap);
            infer_text(&options, (mr_isa)isa, mr_text_span(&one), mr_text_span(&other),
                       500 + mr_rng_below(&rng, 5000), &got);
            if (!mr_span_eq(mr_text_span(&got), mr_text_span(&want))) {
                show("types", &got, &want);
                fprintf(stderr, "%.*s\n----\n%.*s\n", (int)one.used, one.at, (int)other.used,
                        other.at);
                fail_msg("inference, round %" PRIu64 ", isa %d", round, isa);
            }
            mr_text_fini(&got);
        }
        mr_text_fini(&one);
        mr_text_fini(&other);
        mr_text_fini(&want);
    }
}

/* -- out of memory ------------------------------------------------------------------------- */

static mr_status infer_all(struct mr_heap *heap, const struct mr_json_options *options,
                           struct mr_span text)
{
    struct mr_json_infer *infer = NULL;
    struct mr_arena arena;
    const struct mr_type *type;
    size_t consumed;
    char *copy = calloc(1, text.bytes + MR_PAD);
    memcpy(copy, text.text, text.bytes);
    mr_arena_init(&arena, heap, 0);
    mr_status status =
        mr_json_infer_open(heap, options, mr_json_kernels(mr_isa_best()), &infer, NULL);
    if (status == MR_OK) {
        status = mr_json_infer_feed(infer, copy, text.bytes, true, &consumed, NULL);
    }
    if (status == MR_OK) status = mr_json_infer_type(infer, &arena, &type, NULL);
    mr_json_infer_close(infer);
    mr_arena_fini(&arena);
    free(copy);
    return status;
}

static mr_status read_failing(struct mr_heap *heap, const struct mr_json_options *options,
                              struct mr_span text, uint64_t seed, struct outcome *out)
{
    struct mr_arena arena;
    struct mr_heap plain;
    struct mr_json_reader *reader = NULL;
    mr_heap_init(&plain, 0);
    mr_arena_init(&arena, &plain, 0);
    const struct mr_type *type = mr_type_from_text(&arena, schemas[seed % 2]);
    mr_status status = mr_json_reader_open(heap, type, options, mr_json_kernels(mr_isa_best()),
                                           NULL, &reader, NULL);
    if (status == MR_OK) status = mr_json_reader_begin(reader, MR_SPAN("f"), NULL);
    if (status == MR_OK) status = mr_json_push_all(reader, heap, text, 0, &out->rows, NULL);
    mr_json_reader_close(reader);
    mr_arena_fini(&arena);
    return status;
}

static uint64_t sweep(const struct mr_json_options *options, struct mr_span text, bool is_infer,
                      uint64_t seed)
{
    mr_status status = MR_E_NOMEM;
    uint64_t points = 0;
    for (uint64_t n = 1; status == MR_E_NOMEM; n++, points++) {
        struct mr_heap heap, texts;
        struct outcome out;
        mr_heap_init(&heap, 0);
        mr_heap_init(&texts, 0);
        outcome_init(&out, &texts);
        mr_heap_fail_at(&heap, n);
        status =
            is_infer ? infer_all(&heap, options, text)
                     : read_failing(&heap, options, text, seed, &out);
        assert_true(status == MR_OK || status == MR_E_NOMEM);
        assert_int_equal(heap.used_bytes, 0);
        outcome_fini(&out);
    }
    assert_int_equal(status, MR_OK);
    return points;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    uint64_t points = 0;
    for (uint64_t seed = 1000; seed < 1040; seed++) {
        struct mr_rng rng;
        struct mr_heap heap;
        struct mr_text text;
        struct mr_json_options options;
        mr_rng_init(&rng, seed);
        mr_heap_init(&heap, 0);
        mr_text_init(&text, &heap);
        options_draw(&rng, &options);
        add_text(&rng, options.is_multi_line, &text);
        points += sweep(&options, mr_text_span(&text), false, seed);
        points += sweep(&options, mr_text_span(&text), true, seed);
        mr_text_fini(&text);
    }
    print_message("%" PRIu64 " failed allocations\n", points);
    assert_true(points > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_variants_agree),
                                       cmocka_unit_test(test_inference_agrees),
                                       cmocka_unit_test(test_out_of_memory)};
    print_message("seeds 0 to MR_ROUNDS - 1, 1000 to 1039\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
