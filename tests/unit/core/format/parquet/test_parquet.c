/* Shown: what the writer writes the reader gives back, value by value, for random batches of all
 * types over codecs, nestings, null patterns, page and row group sizes; projections keep the right
 * columns; a file cut anywhere or with any byte changed is an error or a file, never more; the n-th
 * allocation failing leaves an error and no memory behind; memory stays in its budget; NOT NULL is
 * enforced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/format/parquet/pq_reader.h"
#include "core/format/parquet/pq_writer.h"
#include "tests/support/batch_gen.h"

enum { SEED = 7, ROUNDS = 24, PIECES = 4 };

struct fixture {
    struct mr_heap heap;
    struct mr_arena schema_arena;
    struct mr_arena arena;
    struct mr_codec *codec;
    void *codec_memory;
    struct mr_text file;
    struct mr_text want; /* a JSON array per row */
    struct mr_text got;
};

static const struct mr_codec_limits codec_limits = {.gzip_level = 1};

static int setup(void **state)
{
    static struct fixture f;
    mr_heap_init(&f.heap, 0);
    mr_arena_init(&f.schema_arena, &f.heap, 0);
    mr_arena_init(&f.arena, &f.heap, 0);
    mr_text_init(&f.file, &f.heap);
    mr_text_init(&f.want, &f.heap);
    mr_text_init(&f.got, &f.heap);
    f.codec_memory = mr_heap_take(&f.heap, mr_codec_footprint(&codec_limits));
    assert_non_null(f.codec_memory);
    assert_int_equal(mr_codec_init(f.codec_memory, &codec_limits, &f.codec, NULL), MR_OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    mr_text_fini(&f->file);
    mr_text_fini(&f->want);
    mr_text_fini(&f->got);
    mr_arena_fini(&f->arena);
    mr_arena_fini(&f->schema_arena);
    mr_heap_give(&f->heap, f->codec_memory, mr_codec_footprint(&codec_limits));
    assert_int_equal(f->heap.used_bytes, 0);
    return 0;
}

static void rows_write(const struct mr_batch *batch, struct mr_text *out)
{
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        for (uint32_t c = 0; c < batch->schema->field_count; c++) {
            if (batch->cols[c].type->id == MR_TYPE_VOID) continue;
            mr_value_write_json(&batch->cols[c], mr_batch_row(batch, i), out);
            mr_text_addc(out, ',');
        }
        mr_text_addc(out, '\n');
    }
}

static void drain(struct mr_pq_writer *writer, struct mr_text *file)
{
    struct mr_pq_piece pieces[PIECES];
    uint32_t count;
    while ((count = mr_pq_writer_take(writer, pieces, PIECES)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(pieces[i].off, file->used);
            mr_text_add(file, pieces[i].at, pieces[i].bytes);
            mr_pq_writer_give(writer, &pieces[i]);
        }
    }
}

static struct mr_batch_gen gen_of(uint32_t number)
{
    static const uint32_t distinct[] = {0, 5, 300};
    struct mr_batch_gen gen = {
        .nulls = (mr_gen_nulls)(number % MR_GEN_NULLS_COUNT),
        .distinct = distinct[number / 2 % MR_COUNT_OF(distinct)],
        .list_max = 1 + number % 4,
        .text_max = number % 5 == 4 ? 3000 : 60,
        .has_selection = number % 3 == 2,
        .is_sorted = number % 4 == 1,
    };
    mr_rng_init(&gen.rng, SEED + number);
    return gen;
}

static struct mr_pq_writer_options options_of(struct fixture *f, uint32_t number)
{
    struct mr_pq_writer_options options = {
        .codec = f->codec,
        .codec_id = (mr_codec_id)(number % MR_CODEC_COUNT),
        .kernels = mr_encode_kernels(number % 4 == 1 ? MR_ISA_REF : mr_isa_best()),
        .is_adaptive = number % 3 != 0,
        .row_group_rows = number % 2 == 0 ? 700 : 0,
        .page_rows = number % 3 == 0 ? 100 : 0,
        .page_bytes = number % 3 == 1 ? 3000 : 0,
        .dictionary_bytes = number % 4 == 3 ? 600 : 0,
        .has_no_dictionary = number % 8 == 4,
        .piece_bytes = 4096,
    };
    return options;
}

/* A row group ended early leaves little behind, whatever rows had made the writer grow to. */
static void flush(struct fixture *f, struct mr_pq_writer *writer, uint32_t sharers)
{
    size_t before = mr_pq_writer_memory(writer);
    assert_int_equal(mr_pq_writer_flush(writer, sharers, NULL), MR_OK);
    drain(writer, &f->file);
    assert_int_equal(mr_pq_writer_flush(writer, sharers, NULL), MR_OK); /* tiles came back */
    assert_true(mr_pq_writer_memory(writer) < before);
}

/* One file of case `number` into f->file, its rows into f->want. */
static const struct mr_type *file_make(struct fixture *f, uint32_t number, uint32_t batches,
                                       uint32_t rows)
{
    struct mr_batch_gen gen = gen_of(number);
    struct mr_pq_writer_options options = options_of(f, number);
    struct mr_pq_writer *writer;
    mr_text_reset(&f->file);
    mr_text_reset(&f->want);
    mr_arena_reset(&f->schema_arena);
    const struct mr_type *schema = mr_batch_gen_schema(&gen, &f->schema_arena, number % 4);
    assert_int_equal(mr_pq_writer_open(&f->heap, schema, &options, &writer, NULL), MR_OK);
    for (uint32_t i = 0; i < batches; i++) {
        struct mr_batch batch;
        mr_batch_gen_make(&gen, &f->arena, schema, rows, &batch);
        assert_int_equal(mr_pq_writer_append(writer, &batch, NULL, NULL), MR_OK);
        rows_write(&batch, &f->want);
        mr_batch_fini(&batch);
        drain(writer, &f->file);
        if (number % 5 == i) flush(f, writer, 1 + number);
    }
    assert_int_equal(mr_pq_writer_seal(writer, NULL), MR_OK);
    drain(writer, &f->file);
    assert_int_equal(mr_pq_writer_bytes(writer), f->file.used);
    mr_pq_writer_close(writer);
    return schema;
}

/* Reads a whole file, its rows as text into f->got when `has_rows`. */
static mr_status file_read(struct fixture *f, struct mr_heap *heap, struct mr_span file,
                           const struct mr_pq_reader_limits *limits, bool has_rows,
                           struct mr_err *err)
{
    struct mr_pq_reader *reader;
    struct mr_arena arena;
    bool is_more = true;
    mr_text_reset(&f->got);
    mr_status status = mr_pq_reader_open(heap, f->codec, file, limits, &reader, err);
    if (status != MR_OK) return status;
    mr_arena_init(&arena, heap, 0);
    while (status == MR_OK && is_more) {
        struct mr_batch batch;
        status = mr_pq_reader_next(reader, &arena, &batch, &is_more, err);
        if (status != MR_OK || !is_more) break;
        mr_batch_check(&batch);
        if (has_rows) rows_write(&batch, &f->got);
        mr_batch_fini(&batch);
    }
    mr_arena_fini(&arena);
    mr_pq_reader_close(reader);
    return status;
}

static void test_round_trip(void **state)
{
    struct fixture *f = *state;
    for (uint32_t number = 0; number < ROUNDS; number++) {
        struct mr_pq_reader_limits limits = {.batch_rows = number % 2 == 0 ? 333 : 0};
        struct mr_err err = {0};
        (void)file_make(f, number, number % 4, 600);
        mr_status status = file_read(f, &f->heap, mr_text_span(&f->file), &limits, true, &err);
        if (status != MR_OK) printf("case %u: %s\n", number, err.message);
        assert_int_equal(status, MR_OK);
        assert_int_equal(f->got.used, f->want.used);
        if (f->want.used > 0) assert_memory_equal(f->got.at, f->want.at, f->want.used);
    }
}

static void test_projection(void **state)
{
    struct fixture *f = *state;
    const struct mr_pq_reader_limits limits = {0};
    struct mr_pq_reader *reader;
    struct mr_field inner[2] = {
        {.name = MR_SPAN("x"), .type = mr_type_of(MR_TYPE_INT), .is_nullable = true},
        {.name = MR_SPAN("y"), .type = mr_type_of(MR_TYPE_STRING), .is_nullable = true}};
    mr_arena_reset(&f->schema_arena);
    struct mr_field fields[3] = {
        {.name = MR_SPAN("a"), .type = mr_type_of(MR_TYPE_LONG), .is_nullable = true},
        {.name = MR_SPAN("b"),
         .type = mr_type_struct(&f->schema_arena, inner, 2),
         .is_nullable = true},
        {.name = MR_SPAN("c"), .type = mr_type_of(MR_TYPE_STRING), .is_nullable = true}};
    const struct mr_type *schema = mr_type_struct(&f->schema_arena, fields, 3);
    struct mr_batch_gen gen = gen_of(1);
    struct mr_pq_writer_options options = options_of(f, 4);
    struct mr_pq_writer *writer;
    struct mr_batch batch, part;
    mr_text_reset(&f->file);
    assert_int_equal(mr_pq_writer_open(&f->heap, schema, &options, &writer, NULL), MR_OK);
    mr_batch_gen_make(&gen, &f->arena, schema, 500, &batch);
    assert_int_equal(mr_pq_writer_append(writer, &batch, NULL, NULL), MR_OK);
    assert_int_equal(mr_pq_writer_seal(writer, NULL), MR_OK);
    drain(writer, &f->file);
    mr_pq_writer_close(writer);

    const struct mr_span b_y[] = {MR_SPAN("b"), MR_SPAN("y")}, c[] = {MR_SPAN("c")};
    const struct mr_span none[] = {MR_SPAN("b"), MR_SPAN("z")}, other[] = {MR_SPAN("q")};
    const struct mr_pq_projection paths[] = {{b_y, 2}, {c, 1}, {none, 2}, {other, 1}};
    struct mr_arena arena;
    bool has_rows;
    mr_arena_init(&arena, &f->heap, 0);
    assert_int_equal(
        mr_pq_reader_open(&f->heap, f->codec, mr_text_span(&f->file), &limits, &reader, NULL),
        MR_OK);
    assert_int_equal(mr_pq_reader_project(reader, paths, MR_COUNT_OF(paths), NULL), MR_OK);
    assert_int_equal(mr_pq_reader_next(reader, &arena, &part, &has_rows, NULL), MR_OK);
    assert_true(has_rows);
    assert_int_equal(part.rows, 500);
    assert_int_equal(part.schema->field_count, 2);
    assert_int_equal(part.schema->fields[0].type->field_count, 1);
    mr_text_reset(&f->want);
    mr_text_reset(&f->got);
    for (uint32_t i = 0; i < 500; i++) {
        struct mr_vec *b = &batch.cols[1];
        mr_text_adds(&f->want, mr_vec_is_null(b, i) ? "null" : "[");
        if (!mr_vec_is_null(b, i)) mr_value_write_json(&b->children[1], i, &f->want);
        if (!mr_vec_is_null(b, i)) mr_text_adds(&f->want, "]");
        mr_value_write_json(&batch.cols[2], i, &f->want);
        mr_value_write_json(&part.cols[0], i, &f->got);
        mr_value_write_json(&part.cols[1], i, &f->got);
    }
    assert_string_equal(f->got.at, f->want.at);
    mr_batch_fini(&part);
    mr_pq_reader_close(reader);
    assert_int_equal(
        mr_pq_reader_open(&f->heap, f->codec, mr_text_span(&f->file), &limits, &reader, NULL),
        MR_OK);
    assert_int_equal(mr_pq_reader_project(reader, &paths[2], 2, NULL), MR_OK);
    assert_int_equal(mr_pq_reader_next(reader, &arena, &part, &has_rows, NULL), MR_OK);
    assert_false(has_rows);
    mr_pq_reader_close(reader);
    mr_arena_fini(&arena);
    mr_batch_fini(&batch);
}

/* Exact copies at the end of their block, so that a read behind them shows. */
static mr_status read_damaged(struct fixture *f, const char *bytes, size_t count,
                              struct mr_err *err)
{
    const struct mr_pq_reader_limits limits = {.memory_bytes = 8 << 20};
    char *apart = malloc(count == 0 ? 1 : count);
    struct mr_heap heap;
    assert_non_null(apart);
    memcpy(apart, bytes, count);
    mr_heap_init(&heap, 64 << 20);
    struct mr_span file = {apart, count};
    mr_status status = file_read(f, &heap, file, &limits, false, err);
    assert_int_equal(heap.used_bytes, 0);
    free(apart);
    return status;
}

static void test_damaged(void **state)
{
    struct fixture *f = *state;
    struct mr_rng rng;
    uint32_t failed = 0;
    mr_rng_init(&rng, SEED);
    for (uint32_t number = 0; number < 10; number++) {
        struct mr_err err;
        (void)file_make(f, number, 1, 80);
        size_t count = f->file.used;
        for (uint32_t cut = 1; cut < count; cut += 1 + cut / 3) {
            assert_int_not_equal(read_damaged(f, f->file.at, count - cut, &err), MR_OK);
            assert_true(err.message[0] != '\0');
        }
        /* The footer gets most of the blows: pages have CRCs. */
        for (uint32_t round = 0; round < 150; round++) {
            size_t from = round % 3 == 0 ? 0 : count / 2;
            size_t at = from + mr_rng_below(&rng, count - from);
            char old = f->file.at[at];
            f->file.at[at] =
                (char)(round % 2 == 0 ? mr_rng_next(&rng) : (uint64_t)old ^ 1u << round % 8);
            failed += read_damaged(f, f->file.at, count, &err) != MR_OK;
            f->file.at[at] = old;
        }
    }
    assert_true(failed > 300);
}

/* Writes and reads case `number` with the heap's n-th allocation failing; true when none did. */
static bool pass_with_failure(struct fixture *f, uint32_t number, uint64_t n)
{
    struct mr_batch_gen gen = gen_of(number);
    struct mr_pq_writer_options options = options_of(f, number);
    const struct mr_pq_reader_limits limits = {.batch_rows = 64};
    struct mr_pq_writer *writer = NULL;
    struct mr_batch batch;
    struct mr_heap heap;
    struct mr_err err = {0};
    mr_arena_reset(&f->schema_arena);
    const struct mr_type *schema = mr_batch_gen_schema(&gen, &f->schema_arena, 2);
    mr_batch_gen_make(&gen, &f->arena, schema, 150, &batch);
    mr_text_reset(&f->file);
    mr_heap_init(&heap, 0);
    mr_heap_fail_at(&heap, n);
    options.row_group_rows = 100;
    mr_status status = mr_pq_writer_open(&heap, schema, &options, &writer, &err);
    for (int i = 0; i < 2 && status == MR_OK; i++) {
        status = mr_pq_writer_append(writer, &batch, NULL, &err);
        if (status == MR_OK && number % 2 == 1) status = mr_pq_writer_flush(writer, 3, &err);
    }
    if (status == MR_OK) status = mr_pq_writer_seal(writer, &err);
    if (status == MR_OK) drain(writer, &f->file);
    if (writer != NULL) mr_pq_writer_close(writer);
    mr_batch_fini(&batch);
    if (status == MR_OK) {
        status = file_read(f, &heap, mr_text_span(&f->file), &limits, false, &err);
    }
    assert_int_equal(heap.used_bytes, 0);
    assert_true(status == MR_OK || status == MR_E_NOMEM);
    assert_true(status == MR_OK || err.status == MR_E_NOMEM);
    assert_true(status == MR_E_NOMEM || heap.fail_at != 0);
    return status == MR_OK;
}

static void test_out_of_memory(void **state)
{
    struct fixture *f = *state;
    static const uint32_t numbers[] = {1, 4};
    for (size_t i = 0; i < MR_COUNT_OF(numbers); i++) {
        uint64_t n = 1;
        while (!pass_with_failure(f, numbers[i], n)) n += 1 + n / 100;
        printf("case %u: %llu allocations failed in turn\n", numbers[i], (unsigned long long)n);
        assert_true(n > 100);
    }
}

static void test_memory_budget(void **state)
{
    struct fixture *f = *state;
    enum { COLUMNS = 50, BUDGET = 4 << 20 };
    struct mr_field fields[COLUMNS];
    struct mr_batch_gen gen = gen_of(0);
    struct mr_pq_writer_options options = {
        .codec = f->codec, .codec_id = MR_CODEC_NONE, .memory_bytes = BUDGET, .piece_bytes = 8192};
    struct mr_pq_writer *writer;
    struct mr_heap heap;
    mr_arena_reset(&f->schema_arena);
    for (uint32_t i = 0; i < COLUMNS; i++) {
        fields[i] =
            (struct mr_field){.name = mr_span_of(mr_arena_format(&f->schema_arena, "c%u", i)),
                              .type = mr_type_of(i % 2 == 0 ? MR_TYPE_LONG : MR_TYPE_STRING),
                              .is_nullable = true};
    }
    const struct mr_type *schema = mr_type_struct(&f->schema_arena, fields, COLUMNS);
    mr_heap_init(&heap, 0);
    mr_text_reset(&f->file);
    assert_int_equal(mr_pq_writer_open(&heap, schema, &options, &writer, NULL), MR_OK);
    struct mr_batch batch;
    mr_batch_gen_make(&gen, &f->arena, schema, 500, &batch);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(mr_pq_writer_append(writer, &batch, NULL, NULL), MR_OK);
        drain(writer, &f->file);
    }
    mr_batch_fini(&batch);
    assert_int_equal(mr_pq_writer_seal(writer, NULL), MR_OK);
    drain(writer, &f->file);
    assert_int_equal(mr_pq_writer_rows(writer), 20000);
    mr_pq_writer_close(writer);
    printf("%zu bytes written, peak %zu of %d\n", f->file.used, heap.peak_bytes, BUDGET);
    assert_true(f->file.used > BUDGET);
    assert_true(heap.peak_bytes < BUDGET * 3 / 2);
}

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    struct mr_pq_writer_options options = options_of(f, 0);
    struct mr_pq_writer *writer;
    struct mr_err err;
    mr_arena_reset(&f->schema_arena);
    const struct mr_type *voids = mr_type_array(&f->schema_arena, mr_type_of(MR_TYPE_VOID), true);
    struct mr_field bad = {.name = MR_SPAN("v"), .type = voids, .is_nullable = true};
    const struct mr_type *schema = mr_type_struct(&f->schema_arena, &bad, 1);
    assert_int_equal(mr_pq_writer_open(&f->heap, schema, &options, &writer, &err),
                     MR_E_UNSUPPORTED);
    bad.type = mr_type_of(MR_TYPE_VOID);
    schema = mr_type_struct(&f->schema_arena, &bad, 1);
    assert_int_equal(mr_pq_writer_open(&f->heap, schema, &options, &writer, &err),
                     MR_E_UNSUPPORTED);
    assert_int_equal(err.code, 2520);

    struct mr_field nullable = {
        .name = MR_SPAN("n"), .type = mr_type_of(MR_TYPE_INT), .is_nullable = true};
    struct mr_field required = nullable;
    required.is_nullable = false;
    const struct mr_type *loose = mr_type_struct(&f->schema_arena, &nullable, 1);
    schema = mr_type_struct(&f->schema_arena, &required, 1);
    struct mr_batch_gen gen = gen_of(1);
    struct mr_batch batch;
    mr_batch_gen_make(&gen, &f->arena, loose, 100, &batch);
    assert_true(batch.cols[0].null_count > 0);
    assert_int_equal(mr_pq_writer_open(&f->heap, schema, &options, &writer, NULL), MR_OK);
    assert_int_equal(mr_pq_writer_append(writer, &batch, NULL, &err), MR_E_SCHEMA);
    assert_int_equal(err.code, 2521);
    mr_pq_writer_close(writer);
    mr_batch_fini(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_projection),
        cmocka_unit_test(test_damaged),       cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_memory_budget), cmocka_unit_test(test_refusals),
    };
    printf("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, setup, teardown);
}
