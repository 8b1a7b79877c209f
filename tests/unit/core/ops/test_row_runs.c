/* Shown: rows of any schema that were kept aside as bytes come back as the same columns, and bytes
 * that are cut anywhere are refused. Runs give every row back once, partition by partition and in
 * the order in which it came, whether it waited in memory or in the file, with rows larger than
 * any buffer among them and through short and interrupted operations; what the file gives back
 * changed is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "core/ops/row_runs.h"
#include "io/fault/fault.h"
#include "tests/support/batch_gen.h"
#include "tests/support/sim.h"

/* ---- rows as bytes --------------------------------------------------------------------------- */

static void write_row(const struct mr_batch *batch, uint32_t row, struct mr_text *out)
{
    for (uint32_t c = 0; c < batch->schema->field_count; c++) {
        mr_value_write_json(&batch->cols[c], row, out);
        mr_text_addc(out, '\n');
    }
}

/* Every cut of the bytes is refused, without a look behind the end. */
static void check_cuts(struct mr_heap *heap, struct mr_span bytes, uint32_t rows,
                       const struct mr_type *schema)
{
    struct mr_arena arena;
    mr_arena_init(&arena, heap, 0);
    for (size_t cut = 0; cut < bytes.bytes; cut += 1 + bytes.bytes / 97) {
        struct mr_batch batch;
        char *copy = mr_heap_take(heap, cut);
        memcpy(copy, bytes.text, cut);
        mr_batch_init(&batch, &arena, schema);
        assert_int_equal(mr_run_rows_read((struct mr_span){copy, cut}, rows, &batch, NULL),
                         MR_E_CORRUPT);
        mr_batch_fini(&batch);
        mr_heap_give(heap, copy, cut);
    }
    mr_arena_fini(&arena);
}

static void check_rows(struct mr_batch_gen *gen, struct mr_heap *heap, uint32_t rows)
{
    struct mr_arena types, arena, back_arena;
    struct mr_batch batch, back;
    struct mr_text bytes, expected, found;
    mr_arena_init(&types, heap, 0);
    mr_arena_init(&arena, heap, 0);
    mr_arena_init(&back_arena, heap, 0);
    mr_text_init(&bytes, heap);
    mr_text_init(&expected, heap);
    mr_text_init(&found, heap);
    const struct mr_type *schema = mr_batch_gen_schema(gen, &types, 3);
    mr_batch_gen_make(gen, &arena, schema, rows, &batch);
    for (uint32_t i = 0; i < batch.sel_count; i++) {
        mr_run_row_put(&batch, mr_batch_row(&batch, i), &bytes);
        write_row(&batch, mr_batch_row(&batch, i), &expected);
    }
    assert_int_equal(mr_text_end(&bytes, NULL), MR_OK);
    mr_batch_init(&back, &back_arena, schema);
    assert_int_equal(mr_run_rows_read(mr_text_span(&bytes), batch.sel_count, &back, NULL), MR_OK);
    mr_batch_check(&back);
    assert_int_equal(back.rows, batch.sel_count);
    for (uint32_t i = 0; i < back.rows; i++) write_row(&back, i, &found);
    assert_true(mr_span_eq(mr_text_span(&expected), mr_text_span(&found)));
    check_cuts(heap, mr_text_span(&bytes), batch.sel_count, schema);
    mr_batch_fini(&back);
    mr_batch_fini(&batch);
    mr_text_fini(&bytes);
    mr_text_fini(&expected);
    mr_text_fini(&found);
    mr_arena_fini(&types);
    mr_arena_fini(&arena);
    mr_arena_fini(&back_arena);
}

static void test_rows(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct mr_heap heap;
        struct mr_batch_gen gen = {.nulls = (mr_gen_nulls)(seed % MR_GEN_NULLS_COUNT),
                                   .list_max = 4,
                                   .text_max = 40,
                                   .has_selection = seed % 3 == 0};
        mr_heap_init(&heap, 0);
        mr_rng_init(&gen.rng, seed);
        check_rows(&gen, &heap, 1 + (uint32_t)mr_rng_below(&gen.rng, 60));
        assert_int_equal(heap.used_bytes, 0);
    }
}

/* ---- runs ------------------------------------------------------------------------------------ */

enum { PARTITIONS = 37, LONG_EVERY = 997, LONG_BYTES = 200 << 10, SHORT_BYTES = 60 };

struct fixture {
    struct mr_simdisk *disk;
    struct mr_sim *sim;
    struct mr_fault fault;
    struct mr_heap heap;
    struct mr_io *io;
    struct mr_arena types;
    struct mr_staged_list staged;
    struct mr_kept runs;
    uint32_t next; /* number of the row that comes next */
    char text[LONG_BYTES];
    struct mr_err err;
};

static void wake(void *ctx)
{
    (void)ctx;
}

static void fixture_init(struct fixture *f, const char *rule)
{
    const struct mr_sim_options options = {.seed = 1, .turns_max = 1000000};
    memset(f, 0, sizeof *f);
    f->disk = mr_simdisk_open();
    mr_simdisk_put(f->disk, "/t/keep", MR_SPAN("x"));
    f->sim = mr_sim_open(f->disk, &options);
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->types, &f->heap, 0);
    f->io = mr_sim_io(f->sim, "shard");
    mr_fault_init(&f->fault);
    if (rule != NULL) {
        assert_int_equal(mr_fault_parse(&f->fault, mr_span_of(rule), &f->err), MR_OK);
        assert_int_equal(mr_fault_open(&f->heap, &f->fault, f->io, &f->io, &f->err), MR_OK);
    }
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = "/t/list";
    op.flags = MR_OPEN_WRITE | MR_OPEN_CREATE;
    f->staged.file = (int32_t)mr_io_call(f->io, &op);
    assert_true(f->staged.file >= 0);
    const struct mr_field fields[] = {
        {MR_SPAN("row"), mr_type_of(MR_TYPE_INT), true, {0}},
        {MR_SPAN("text"), mr_type_of(MR_TYPE_STRING), true, {0}},
    };
    const struct mr_kept_config config = {.io = f->io,
                                          .heap = &f->heap,
                                          .waker = {wake, NULL},
                                          .table_path = "/t",
                                          .schema = mr_type_struct(&f->types, fields, 2)};
    mr_kept_init(&f->runs, &config);
    mr_kept_begin(&f->runs, &f->staged);
    for (uint32_t i = 0; i < sizeof f->text; i++) f->text[i] = (char)('a' + i % 26);
}

static void fixture_fini(struct fixture *f)
{
    while (!mr_kept_stop(&f->runs)) (void)mr_io_run(f->io, -1);
    mr_kept_fini(&f->runs);
    mr_arena_fini(&f->types);
    mr_io_close(f->io);
    mr_sim_close(f->sim);
    mr_simdisk_close(f->disk);
    assert_int_equal(f->heap.used_bytes, 0);
}

static uint32_t text_bytes(uint32_t row)
{
    return row % LONG_EVERY == 5 ? LONG_BYTES : row % SHORT_BYTES;
}

static uint32_t partition_of(uint32_t row)
{
    return row * 7 % PARTITIONS;
}

/* `count` rows, one by one. */
static void add(struct fixture *f, uint32_t count)
{
    struct mr_arena arena;
    mr_arena_init(&arena, &f->heap, 0);
    for (uint32_t end = f->next + count; f->next < end; f->next++) {
        int32_t number = (int32_t)f->next;
        struct mr_view view = mr_view_of(f->text, text_bytes(f->next), 0, 0);
        struct mr_batch batch;
        uint32_t at = 0;
        mr_batch_init(&batch, &arena, f->runs.config.schema);
        (void)mr_batch_add_buf(&batch, f->text);
        struct mr_vec cols[] = {
            {.type = batch.schema->fields[0].type, .rows = 1, .values = &number},
            {.type = batch.schema->fields[1].type, .rows = 1, .values = &view, .bufs = &batch.bufs},
        };
        batch.cols = cols;
        batch.rows = batch.sel_count = 1;
        assert_int_equal(mr_kept_keep(&f->runs, partition_of(f->next), &f->err), MR_OK);
        assert_int_equal(mr_kept_add(&f->runs, &batch, partition_of(f->next), NULL, 1, &at,
                                     &f->err), MR_OK);
        assert_int_equal(at, 1);
    }
    mr_arena_fini(&arena);
}

static mr_status spill(struct fixture *f)
{
    mr_status status = mr_kept_spill(&f->runs, &f->err);
    while (status == MR_E_AGAIN) {
        (void)mr_io_run(f->io, -1);
        status = mr_kept_step(&f->runs, &f->err);
    }
    if (status == MR_OK) assert_int_equal(f->runs.bytes, 0);
    return status;
}

static mr_status next(struct fixture *f, struct mr_batch **batch, uint32_t *partition)
{
    mr_status status;
    while ((status = mr_kept_next(&f->runs, batch, partition, &f->err)) == MR_E_AGAIN) {
        (void)mr_io_run(f->io, -1);
    }
    return status;
}

/* All rows come, those of each partition in order, and partitions in order. */
static void check_all(struct fixture *f)
{
    struct mr_batch *batch;
    uint32_t partition = 0, before = 0, count = 0;
    int32_t row = -1;
    for (;;) {
        assert_int_equal(next(f, &batch, &partition), MR_OK);
        if (batch->rows == 0) break;
        mr_batch_check(batch);
        assert_true(count == 0 || partition >= before);
        if (partition != before) row = -1;
        before = partition;
        for (uint32_t i = 0; i < batch->rows; i++, count++) {
            int32_t number = ((const int32_t *)batch->cols[0].values)[i];
            struct mr_span text = mr_vec_span(&batch->cols[1], i);
            assert_true(number > row);
            row = number;
            assert_int_equal(partition_of((uint32_t)number), partition);
            assert_int_equal(text.bytes, text_bytes((uint32_t)number));
            assert_memory_equal(text.text, f->text, text.bytes);
        }
    }
    assert_int_equal(count, f->next);
}

static void test_memory_alone(void **state)
{
    static struct fixture f;
    (void)state;
    fixture_init(&f, NULL);
    add(&f, 5000);
    uint64_t ops = mr_sim_op_count(f.sim);
    check_all(&f);
    assert_int_equal(mr_sim_op_count(f.sim), ops);
    fixture_fini(&f);
}

static void test_file(void **state)
{
    static const char *const rules[] = {
        NULL, "write=short:1000", "read=short:777", "write#3=EINTR;read#5=EAGAIN",
        "read=short:1;write#2=short:5"};
    static struct fixture f;
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(rules); i++) {
        fixture_init(&f, rules[i]);
        for (uint32_t run = 0; run < 4; run++) {
            add(&f, i == 4 ? 150 : 3000);
            assert_int_equal(spill(&f), MR_OK);
        }
        add(&f, 700);
        check_all(&f);
        fixture_fini(&f);
    }
}

/* Nobody but this process can reach the file, and an epoch later it is another. */
static void test_no_name(void **state)
{
    static struct fixture f;
    struct mr_span text;
    char path[300];
    (void)state;
    fixture_init(&f, NULL);
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        add(&f, 1000);
        assert_int_equal(spill(&f), MR_OK);
        (void)snprintf(path, sizeof path, "%s", f.runs.path);
        assert_false(mr_simdisk_get(f.disk, path, &text));
        assert_true(mr_simdisk_get(f.disk, "/t/list", &text));
        assert_non_null(memmem(text.text, text.bytes, path + 3, strlen(path + 3)));
        while (!mr_kept_stop(&f.runs)) (void)mr_io_run(f.io, -1);
        assert_int_equal(f.runs.bytes, 0);
        mr_kept_begin(&f.runs, &f.staged);
        f.next = 0;
    }
    fixture_fini(&f);
}

static void test_changed(void **state)
{
    static struct fixture f;
    struct mr_batch *batch;
    uint32_t partition;
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        fixture_init(&f, NULL);
        add(&f, 3000);
        assert_int_equal(spill(&f), MR_OK);
        struct mr_run_head *head = &f.runs.runs[0].next;
        uint32_t *const words[] = {&head->magic, &head->bytes, &head->rows, &head->crc};
        *words[i] ^= 1;
        assert_int_equal(next(&f, &batch, &partition), MR_E_CORRUPT);
        assert_int_equal(f.err.code, 5107);
        fixture_fini(&f);
    }
}

static void test_failures(void **state)
{
    static struct fixture f;
    static const char *const rules[] = {"write#1=EIO", "open#2=EACCES", "unlink#1=EIO",
                                        "write#2=ENOSPC", "write#3=EIO"};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(rules); i++) {
        fixture_init(&f, rules[i]);
        add(&f, 3000);
        assert_int_not_equal(spill(&f), MR_OK);
        assert_int_equal(f.err.code, 5107);
        assert_non_null(strstr(f.err.message, "/t/runs-"));
        fixture_fini(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_memory_alone),
        cmocka_unit_test(test_file),    cmocka_unit_test(test_no_name),
        cmocka_unit_test(test_changed), cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
