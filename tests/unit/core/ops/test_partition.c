/* Shown: the router splits a batch exactly as a plain grouping by value does, for random batches
 * with nulls, strings long and short, signed zeros and selections; ids are stable in an epoch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/base/rng.h"
#include "core/ops/partition.h"

static const char *const names[] = {"", "a", "de", "a longer name than a view holds", "a longer x"};

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena, types;
    const struct mr_type *schema;
    struct mr_rng rng;
};

static void fixture_init(struct fixture *f, uint64_t seed)
{
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->arena, &f->heap, 0);
    mr_arena_init(&f->types, &f->heap, 0);
    struct mr_field fields[] = {
        {MR_SPAN("s"), mr_type_of(MR_TYPE_STRING), true, {0}},
        {MR_SPAN("d"), mr_type_of(MR_TYPE_DOUBLE), true, {0}},
        {MR_SPAN("n"), mr_type_of(MR_TYPE_INT), true, {0}},
    };
    f->schema = mr_type_struct(&f->types, fields, 3);
    mr_rng_init(&f->rng, seed);
}

static void fill_batch(struct fixture *f, struct mr_batch *batch, uint32_t rows)
{
    static const double doubles[] = {0.0, -0.0, 1.5};
    mr_batch_init(batch, &f->arena, f->schema);
    batch->rows = rows;
    batch->cols = MR_ARENA_ARRAY(&f->arena, struct mr_vec, 3);
    for (uint32_t c = 0; c < 3; c++) {
        struct mr_vec *vec = &batch->cols[c];
        assert_int_equal(
            mr_vec_alloc(vec, &f->arena, f->schema->fields[c].type, rows, true, &batch->bufs, NULL),
            MR_OK);
        for (uint32_t i = 0; i < rows; i++) {
            if (mr_rng_below(&f->rng, 6) == 0) continue;
            mr_bit_set(vec->validity, i);
            const char *name = names[mr_rng_below(&f->rng, 5)];
            uint32_t length = (uint32_t)strlen(name);
            uint32_t buffer = length > 12 ? mr_batch_add_buf(batch, name) : 0;
            if (buffer == MR_BUFS_MAX) length = 1, buffer = 0;
            if (c == 0) ((struct mr_view *)vec->values)[i] = mr_view_of(name, length, buffer, 0);
            if (c == 1) ((double *)vec->values)[i] = doubles[mr_rng_below(&f->rng, 3)];
            if (c == 2) ((int32_t *)vec->values)[i] = (int32_t)i;
        }
        vec->null_count = mr_vec_nulls(vec->validity, rows);
    }
    uint32_t *sel = mr_arena_alloc(&f->arena, rows * sizeof *sel, 8);
    for (uint32_t i = 0; i < rows; i++) {
        if (mr_rng_below(&f->rng, 3) > 0) sel[batch->sel_count++] = i;
    }
    batch->sel = sel;
    mr_batch_check(batch);
}

static void row_text(const struct mr_batch *batch, uint32_t row, char out[64])
{
    struct mr_span s = {"~", 1};
    double d = -1;
    if (!mr_vec_is_null(&batch->cols[0], row)) s = mr_vec_span(&batch->cols[0], row);
    if (!mr_vec_is_null(&batch->cols[1], row)) d = ((double *)batch->cols[1].values)[row] + 0.0;
    (void)snprintf(out, 64, "%.*s|%g", (int)s.bytes, s.text, d == 0 ? 0.0 : d);
}

static void test_split(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_router router;
    const uint32_t columns[] = {0, 1};
    static char keys[64][64];
    fixture_init(&f, 7);
    mr_router_init(&router, &f.heap, columns, 2);
    for (int round = 0; round < 300; round++) {
        struct mr_batch batch;
        struct mr_routed *parts;
        uint32_t count, rows = 0;
        if (round % 50 == 0) {
            mr_router_reset(&router);
            memset(keys, 0, sizeof keys);
        }
        fill_batch(&f, &batch, 1 + (uint32_t)mr_rng_below(&f.rng, 40));
        assert_int_equal(mr_router_split(&router, &batch, &parts, &count, NULL), MR_OK);
        for (uint32_t p = 0; p < count; p++) {
            assert_true(parts[p].sel_count > 0 && parts[p].partition < router.count);
            for (uint32_t i = 0; i < parts[p].sel_count; i++) {
                char text[64];
                row_text(&batch, parts[p].sel[i], text);
                if (keys[parts[p].partition][0] == 0) strcpy(keys[parts[p].partition], text);
                assert_string_equal(keys[parts[p].partition], text);
                assert_true(i == 0 || parts[p].sel[i - 1] < parts[p].sel[i]);
            }
            rows += parts[p].sel_count;
        }
        assert_int_equal(rows, batch.sel_count);
        for (uint32_t a = 0; a < router.count; a++) {
            for (uint32_t b = 0; b < a; b++) {
                assert_true(keys[a][0] == 0 || strcmp(keys[a], keys[b]) != 0);
            }
        }
        mr_batch_fini(&batch);
    }
    mr_router_fini(&router);
    mr_arena_fini(&f.arena);
    mr_arena_fini(&f.types);
    assert_int_equal(f.heap.used_bytes, 0);
}

static void test_whole(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_router router;
    struct mr_batch batch;
    struct mr_routed *parts;
    uint32_t count;
    fixture_init(&f, 9);
    mr_router_init(&router, &f.heap, NULL, 0);
    fill_batch(&f, &batch, 20);
    assert_int_equal(mr_router_split(&router, &batch, &parts, &count, NULL), MR_OK);
    assert_int_equal(count, 1);
    assert_ptr_equal(parts[0].sel, batch.sel);
    assert_int_equal(parts[0].sel_count, batch.sel_count);
    mr_batch_fini(&batch);
    mr_router_fini(&router);
    mr_arena_fini(&f.arena);
    mr_arena_fini(&f.types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_split), cmocka_unit_test(test_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
