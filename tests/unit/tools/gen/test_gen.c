/* Shown: the same seed gives the same bytes however they are asked for; every undamaged line is a
 * JSON object of the documented fields and types, every damaged one is refused; ids are distinct
 * but for the duplicates; the counts are what a reader counts; rates and sizes are near what was
 * asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/checked.h"
#include "core/doc/doc.h"
#include "tools/gen/gen.h"

enum { ROWS = 5000, ROOM = 4 << 20 };

struct output {
    struct mr_gen gen;
    char *text;
    size_t bytes;
};

static const struct mr_gen_options plain = {.seed = 7,
                                            .rows = ROWS,
                                            .rate = 1000,
                                            .start_us = INT64_C(1767225600000000),
                                            .late_max_us = 120000000};

static void run(struct output *out, const struct mr_gen_options *options, uint64_t step)
{
    out->text = malloc(ROOM);
    out->bytes = 0;
    assert_non_null(out->text);
    mr_gen_init(&out->gen, options);
    while (!mr_gen_is_done(&out->gen)) {
        size_t bytes = mr_gen_fill(&out->gen, out->text + out->bytes, ROOM - out->bytes, step);
        assert_true(bytes > 0);
        out->bytes += bytes;
    }
    assert_int_equal(mr_gen_fill(&out->gen, out->text, ROOM, step), 0);
    assert_int_equal(out->gen.counts.bytes, out->bytes);
}

static void test_same_bytes(void **state)
{
    (void)state;
    for (int kind = 0; kind < MR_GEN_KIND_COUNT; kind++) {
        struct mr_gen_options options = plain;
        struct output a, b, c;
        options.kind = (mr_gen_kind)kind;
        options.late = options.duplicates = options.malformed = options.reordered = 0.1;
        run(&a, &options, UINT64_MAX);
        run(&b, &options, 17);
        options.seed++;
        run(&c, &options, UINT64_MAX);
        assert_int_equal(a.bytes, b.bytes);
        assert_memory_equal(a.text, b.text, a.bytes);
        assert_true(a.bytes != c.bytes || memcmp(a.text, c.text, a.bytes) != 0);
        free(a.text);
        free(b.text);
        free(c.text);
    }
}

/* Fields with their kinds; a lower-case kind may be null or absent. */
struct field {
    const char *name;
    char kind; /* s n b a o */
};

static const struct field fields[MR_GEN_KIND_COUNT][16] = {
    {{"event_id", 'S'},
     {"event_time", 'S'},
     {"user_id", 'S'},
     {"session_id", 'S'},
     {"event_type", 'S'},
     {"page", 'S'},
     {"referrer", 's'},
     {"device", 'O'},
     {"geo", 'O'},
     {"price", 'n'},
     {"quantity", 'n'},
     {"tags", 'A'},
     {"is_bot", 'B'}},
    {{"device_id", 'S'},
     {"ts", 'S'},
     {"temperature", 'N'},
     {"humidity", 'N'},
     {"pressure", 'N'},
     {"battery", 'N'},
     {"location", 'O'}},
    {{"order_id", 'N'},
     {"order_time", 'S'},
     {"customer_id", 'N'},
     {"status", 'S'},
     {"currency", 'S'},
     {"items", 'A'},
     {"total", 'N'},
     {"shipping", 'O'},
     {"note", 's'}},
};

static void check_fields(const struct mr_doc *doc, mr_gen_kind kind)
{
    static const char letters[] = {
        [MR_DOC_NULL] = '0',   [MR_DOC_BOOL] = 'B',  [MR_DOC_NUMBER] = 'N',
        [MR_DOC_STRING] = 'S', [MR_DOC_ARRAY] = 'A', [MR_DOC_OBJECT] = 'O'};
    uint32_t known = 0;
    for (const struct field *f = fields[kind]; f->name != NULL; f++) {
        const struct mr_doc *value = mr_doc_get(doc, f->name);
        bool is_optional = f->kind >= 'a';
        for (const struct mr_doc *m = doc->first; m != NULL; m = m->next) {
            known += mr_span_is(m->key, f->name);
        }
        if (value == NULL && is_optional) continue;
        assert_non_null(value);
        assert_int_equal(letters[value->kind], is_optional ? f->kind - 'a' + 'A' : f->kind);
    }
    assert_int_equal(known, doc->count);
}

static int id_order(const void *a, const void *b)
{
    return mr_span_compare(*(const struct mr_span *)a, *(const struct mr_span *)b);
}

/* What a reader counts: damaged lines, distinct ids. */
static void read_back(const struct output *out, mr_gen_kind kind, uint64_t *damaged,
                      uint64_t *distinct)
{
    static const char *const id_names[] = {"event_id", "ts", "order_id"};
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_span *ids = calloc(ROWS, sizeof *ids);
    size_t count = 0;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    *damaged = *distinct = 0;
    for (const char *at = out->text, *end = at + out->bytes; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const struct mr_doc *doc;
        struct mr_span line = {at, (size_t)(stop - at)};
        at = stop + 1;
        if (mr_doc_read(&arena, line, &doc, NULL) != MR_OK || doc->kind != MR_DOC_OBJECT) {
            ++*damaged;
            continue;
        }
        check_fields(doc, kind);
        ids[count++] = mr_doc_get(doc, id_names[kind])->text;
    }
    qsort(ids, count, sizeof *ids, id_order);
    for (size_t i = 0; i < count; i++) *distinct += i == 0 || id_order(&ids[i - 1], &ids[i]) != 0;
    free(ids);
    mr_arena_fini(&arena);
}

static void test_records(void **state)
{
    (void)state;
    static const uint32_t bytes_each[] = {440, 170, 360};
    for (int kind = 0; kind < MR_GEN_KIND_COUNT; kind++) {
        struct mr_gen_options options = plain;
        struct output out;
        uint64_t damaged, distinct;
        options.kind = (mr_gen_kind)kind;
        options.duplicates = 0.05;
        options.malformed = 0.02;
        options.reordered = 0.03;
        run(&out, &options, UINT64_MAX);
        const struct mr_gen_counts *counts = &out.gen.counts;
        read_back(&out, options.kind, &damaged, &distinct);
        assert_int_equal(counts->lines, ROWS);
        assert_int_equal(damaged, counts->malformed);
        assert_int_equal(distinct, counts->distinct);
        assert_int_equal(counts->distinct + counts->malformed + counts->duplicates, ROWS);
        assert_in_range(counts->duplicates, ROWS * 4 / 100, ROWS * 6 / 100);
        assert_in_range(counts->malformed, ROWS / 100, ROWS * 3 / 100);
        assert_in_range(counts->reordered, ROWS * 2 / 100, ROWS * 4 / 100);
        assert_int_equal(counts->late, 0);
        assert_in_range(out.bytes / ROWS, bytes_each[kind] - 30, bytes_each[kind] + 30);
        free(out.text);
    }
}

/* Orders count from 1, so that order and lateness show. */
static void test_order(void **state)
{
    (void)state;
    for (int is_shuffled = 0; is_shuffled < 2; is_shuffled++) {
        struct mr_gen_options options = plain;
        struct output out;
        uint64_t breaks = 0, late = 0, last = 0;
        char last_time[32] = "";
        options.kind = MR_GEN_ORDERS;
        options.late = is_shuffled ? 0.02 : 0;
        options.reordered = is_shuffled ? 0.02 : 0;
        run(&out, &options, UINT64_MAX);
        for (const char *at = out.text; at < out.text + out.bytes; at = strchr(at, '\n') + 1) {
            unsigned long long id;
            char time[32];
            assert_int_equal(sscanf(at, "{\"order_id\":%llu,\"order_time\":\"%31[^\"]", &id, time),
                             2);
            breaks += id != last + 1;
            late += id == last + 1 && strcmp(time, last_time) < 0;
            last = id;
            strcpy(last_time, time);
        }
        assert_int_equal(breaks > 0, is_shuffled);
        assert_int_equal(late > 0, is_shuffled);
        assert_int_equal(out.gen.counts.late > 0, is_shuffled);
        free(out.text);
    }
}

static void test_bytes(void **state)
{
    (void)state;
    struct mr_gen_options options = plain;
    struct output out;
    options.bytes = 100000;
    options.rows = 1;
    options.reordered = 0.5;
    run(&out, &options, UINT64_MAX);
    assert_in_range(out.bytes, options.bytes, options.bytes + (MR_GEN_HELD + 1) * MR_GEN_LINE_MAX);
    assert_int_equal(out.text[out.bytes - 1], '\n');
    free(out.text);
    options.bytes = options.rows = 0;
    mr_gen_init(&out.gen, &options);
    assert_true(mr_gen_is_done(&out.gen));
}

/* All lines damaged, all held back, all repeated: extremes still end. */
static void test_extremes(void **state)
{
    (void)state;
    struct mr_gen_options options = plain;
    struct output out;
    options.late = options.duplicates = options.malformed = options.reordered = 1;
    run(&out, &options, UINT64_MAX);
    assert_int_equal(out.gen.counts.malformed, ROWS);
    assert_int_equal(out.gen.counts.distinct, 0);
    free(out.text);
    options.malformed = 0;
    run(&out, &options, UINT64_MAX);
    assert_int_equal(out.gen.counts.lines, ROWS);
    assert_true(out.gen.counts.distinct >= 1);
    free(out.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_records),
        cmocka_unit_test(test_order),      cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
