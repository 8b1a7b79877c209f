/* Shown: what the reader of queries does beside reading a whole file. Files of random rows, of
 * small row groups and pages, are read by ranges that come in any order and late, from any subset
 * of row groups, only at chosen rows, and with predicates: always the rows that a plain read gives,
 * none that matches is missing, and bounds and indexes do leave rows out. Read as a wanted schema,
 * missing members are null and values widened. Allocations fail in turn without a leak. Bytes that
 * never come leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/parquet/pq_reader.h"
#include "core/format/parquet/pq_writer.h"
#include "tests/support/batch_gen.h"

enum { SEED = 23, FILES = 6, PREDICATES = 10, FLIGHT = 4, ROWS = 1500, FLAT_COLUMNS = 18 };

struct fixture {
    struct mr_heap heap;
    struct mr_codec *codec;
    void *codec_memory;
    struct mr_arena schema_arena;
    struct mr_arena arena;
    struct mr_text file;
    struct mr_rng rng;
};

static const struct mr_codec_limits codec_limits = {.gzip_level = 1};

static int setup(void **state)
{
    static struct fixture f;
    mr_heap_init(&f.heap, 0);
    f.codec_memory = mr_heap_take(&f.heap, mr_codec_footprint(&codec_limits));
    assert_non_null(f.codec_memory);
    assert_int_equal(mr_codec_init(f.codec_memory, &codec_limits, &f.codec, NULL), MR_OK);
    mr_arena_init(&f.schema_arena, &f.heap, 0);
    mr_arena_init(&f.arena, &f.heap, 0);
    mr_text_init(&f.file, &f.heap);
    mr_rng_init(&f.rng, SEED);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    mr_text_fini(&f->file);
    mr_arena_fini(&f->schema_arena);
    mr_arena_fini(&f->arena);
    mr_heap_give(&f->heap, f->codec_memory, mr_codec_footprint(&codec_limits));
    return f->heap.used_bytes == 0 ? 0 : 1;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void drain(struct mr_pq_writer *writer, struct mr_text *file)
{
    struct mr_pq_piece piece;
    while (mr_pq_writer_take(writer, &piece, 1) > 0) {
        mr_text_add(file, piece.at, piece.bytes);
        mr_pq_writer_give(writer, &piece);
    }
}

static void file_make(struct fixture *f, uint32_t number)
{
    struct mr_batch_gen gen = {.nulls = (mr_gen_nulls)(number % 3),
                               .distinct = number % 3 == 0 ? 0 : 40,
                               .list_max = 3,
                               .text_max = number % 4 == 3 ? 900 : 30,
                               .is_sorted = number % 2 == 0};
    const struct mr_pq_writer_options options = {
        .codec = f->codec,
        .codec_id = number % 2 == 0 ? MR_CODEC_NONE : MR_CODEC_ZSTD,
        .kernels = mr_encode_kernels(mr_isa_best()),
        .row_group_rows = number % 4 == 0 ? 0 : 500,
        .page_rows = number % 5 == 4 ? 0 : 60,
        .dictionary_bytes = number % 4 == 1 ? 500 : 0,
        .piece_bytes = 4096};
    struct mr_pq_writer *writer;
    struct mr_batch batch;
    mr_rng_init(&gen.rng, SEED + number);
    mr_arena_reset(&f->schema_arena);
    mr_text_reset(&f->file);
    const struct mr_type *schema = mr_batch_gen_schema(&gen, &f->schema_arena, number % 3);
    assert_int_equal(mr_pq_writer_open(&f->heap, schema, &options, &writer, NULL), MR_OK);
    for (uint32_t rows = 0; rows < ROWS; rows += 300) {
        mr_batch_gen_make(&gen, &f->arena, schema, 300, &batch);
        assert_int_equal(mr_pq_writer_append(writer, &batch, NULL, NULL), MR_OK);
        mr_batch_fini(&batch);
        drain(writer, &f->file);
    }
    assert_int_equal(mr_pq_writer_seal(writer, NULL), MR_OK);
    drain(writer, &f->file);
    mr_pq_writer_close(writer);
}

/* The rows of a read: text of each, and its number in the file. */
struct rows {
    struct mr_text text;
    uint32_t count;
    uint32_t offs[ROWS + 1];
    uint64_t numbers[ROWS];
};

static void rows_init(struct rows *rows, struct fixture *f)
{
    memset(rows, 0, sizeof *rows);
    mr_text_init(&rows->text, &f->heap);
}

static void rows_add(struct rows *rows, const struct mr_batch *batch)
{
    mr_batch_check(batch);
    for (uint32_t i = 0; i < batch->rows; i++) {
        assert_true(rows->count < ROWS);
        rows->numbers[rows->count] = batch->first_record + i;
        for (uint32_t c = 0; c < batch->schema->field_count; c++) {
            mr_value_write_json(&batch->cols[c], i, &rows->text);
            mr_text_addc(&rows->text, ',');
        }
        rows->offs[++rows->count] = (uint32_t)rows->text.used;
    }
}

static void rows_same(const struct rows *got, uint32_t i, const struct rows *want, uint32_t k)
{
    uint32_t bytes = want->offs[k + 1] - want->offs[k];
    assert_int_equal(got->numbers[i], want->numbers[k]);
    assert_int_equal(got->offs[i + 1] - got->offs[i], bytes);
    assert_memory_equal(got->text.at + got->offs[i], want->text.at + want->offs[k], bytes);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A reader over metadata, whose bytes come from f->file: requests are answered in any order, some
 * of them late. */
struct source {
    struct fixture *f;
    struct mr_heap *heap;
    struct mr_arena arena;
    struct mr_pq_meta meta;
    struct mr_pq_reader *reader;
    struct mr_pq_request flight[FLIGHT];
    uint32_t count;
    uint32_t request_max;
    uint64_t bytes_read;
};

static mr_status source_open(struct source *source, struct fixture *f, struct mr_heap *heap,
                             const struct mr_pq_reader_limits *limits)
{
    struct mr_span file = mr_text_span(&f->file);
    *source = (struct source){.f = f, .heap = heap, .request_max = limits->request_bytes};
    mr_arena_init(&source->arena, heap, 0);
    mr_status status = mr_pq_meta_read(&source->arena, file, &source->meta, NULL);
    if (status == MR_OK) {
        status = mr_pq_reader_open_meta(heap, f->codec, &source->meta, limits, &source->reader,
                                        NULL);
    }
    if (status != MR_OK) mr_arena_fini(&source->arena);
    return status;
}

static void source_close(struct source *source)
{
    mr_pq_reader_close(source->reader);
    mr_arena_fini(&source->arena);
}

static mr_status source_turn(struct source *source)
{
    struct fixture *f = source->f;
    bool has = true;
    while (source->count < FLIGHT && has) {
        struct mr_pq_request *request = &source->flight[source->count];
        MR_TRY(mr_pq_reader_ask(source->reader, request, &has, NULL));
        if (!has) break;
        assert_true(request->bytes > 0 && request->off + request->bytes <= f->file.used);
        if (source->request_max > 0) assert_true(request->bytes <= source->request_max);
        source->count++;
    }
    if (source->count == 0 || mr_rng_below(&f->rng, 4) == 0) return MR_OK;
    uint32_t i = (uint32_t)mr_rng_below(&f->rng, source->count);
    struct mr_pq_request *request = &source->flight[i];
    memcpy(request->at, f->file.at + request->off, request->bytes);
    mr_pq_reader_fill(source->reader, request);
    source->bytes_read += request->bytes;
    *request = source->flight[--source->count];
    return MR_OK;
}

/* All rows of a reader, over memory when `source` is null. */
static mr_status rows_read(struct mr_pq_reader *reader, struct source *source, struct mr_heap *heap,
                           struct rows *out)
{
    struct mr_arena arena;
    bool has_rows = true;
    mr_status status = MR_OK;
    mr_arena_init(&arena, heap, 0);
    while (has_rows) {
        struct mr_batch batch;
        status = mr_pq_reader_next(reader, &arena, &batch, &has_rows, NULL);
        if (status == MR_E_AGAIN) {
            assert_non_null(source);
            status = source_turn(source);
            if (status != MR_OK) break;
            continue;
        }
        if (status != MR_OK) break;
        if (!has_rows) break;
        if (out != NULL) rows_add(out, &batch);
        mr_batch_fini(&batch);
    }
    mr_arena_fini(&arena);
    return status;
}

static void plain_read(struct fixture *f, struct rows *out)
{
    const struct mr_pq_reader_limits limits = {0};
    struct mr_pq_reader *reader;
    rows_init(out, f);
    assert_int_equal(
        mr_pq_reader_open(&f->heap, f->codec, mr_text_span(&f->file), &limits, &reader, NULL),
        MR_OK);
    assert_int_equal(rows_read(reader, NULL, &f->heap, out), MR_OK);
    mr_pq_reader_close(reader);
    assert_int_equal(out->count, ROWS);
}

static struct mr_pq_reader_limits limits_of(struct fixture *f)
{
    return (struct mr_pq_reader_limits){
        .batch_rows = 1 + (uint32_t)mr_rng_below(&f->rng, 900),
        .request_bytes = 100 + (uint32_t)mr_rng_below(&f->rng, 20000),
        .gap_bytes = 1 + (uint32_t)mr_rng_below(&f->rng, 3000),
        .kernels = mr_decode_kernels(mr_rng_below(&f->rng, 2) == 0 ? MR_ISA_REF : mr_isa_best())};
}

static void test_ranges(void **state)
{
    struct fixture *f = *state;
    for (uint32_t number = 0; number < FILES; number++) {
        static struct rows want, got;
        struct mr_pq_reader_limits limits = limits_of(f);
        struct source source;
        file_make(f, number);
        plain_read(f, &want);
        rows_init(&got, f);
        assert_int_equal(source_open(&source, f, &f->heap, &limits), MR_OK);
        assert_int_equal(rows_read(source.reader, &source, &f->heap, &got), MR_OK);
        source_close(&source);
        assert_int_equal(got.count, want.count);
        for (uint32_t i = 0; i < got.count; i++) rows_same(&got, i, &want, i);
        mr_text_fini(&want.text);
        mr_text_fini(&got.text);
    }
}

/* Row groups one by one, the last first. */
static void test_groups(void **state)
{
    struct fixture *f = *state;
    static struct rows want, got;
    const struct mr_pq_reader_limits limits = {.batch_rows = 333};
    struct source source;
    file_make(f, 5);
    plain_read(f, &want);
    rows_init(&got, f);
    assert_int_equal(source_open(&source, f, &f->heap, &limits), MR_OK);
    const struct mr_pq_meta *meta = mr_pq_reader_meta(source.reader);
    assert_true(meta->group_count >= 3);
    for (uint32_t i = meta->group_count; i-- > 0;) {
        struct mr_pq_reader *reader;
        assert_int_equal(
            mr_pq_reader_open_meta(&f->heap, f->codec, meta, &limits, &reader, NULL), MR_OK);
        mr_pq_reader_groups(reader, &i, 1);
        struct source part = {.f = f, .reader = reader};
        uint32_t from = got.count;
        assert_int_equal(rows_read(reader, &part, &f->heap, &got), MR_OK);
        mr_pq_reader_close(reader);
        assert_int_equal(got.count - from, meta->groups[i].rows);
        for (uint32_t k = from; k < got.count; k++) {
            rows_same(&got, k, &want, (uint32_t)got.numbers[k]);
            assert_int_equal(got.numbers[k], meta->groups[i].first_row + k - from);
        }
    }
    assert_int_equal(got.count, ROWS);
    source_close(&source);
    mr_text_fini(&want.text);
    mr_text_fini(&got.text);
}

/* Nothing but the rows asked for, and less is read for them. */
static void test_only_rows(void **state)
{
    struct fixture *f = *state;
    for (uint32_t number = 0; number < 2 * FILES; number++) {
        static struct rows want, got;
        struct mr_pq_reader_limits limits = limits_of(f);
        struct mr_pq_row_range ranges[40];
        struct source source;
        uint32_t count = 0;
        file_make(f, number % FILES);
        plain_read(f, &want);
        uint64_t step = 1 + mr_rng_below(&f->rng, 300), row = mr_rng_below(&f->rng, step);
        while (count < MR_COUNT_OF(ranges) && row < ROWS + 5) {
            uint64_t to = row + 1 + mr_rng_below(&f->rng, step);
            ranges[count++] = (struct mr_pq_row_range){row, to};
            row = to + mr_rng_below(&f->rng, step);
        }
        rows_init(&got, f);
        assert_int_equal(source_open(&source, f, &f->heap, &limits), MR_OK);
        mr_pq_reader_only_rows(source.reader, ranges, count);
        assert_int_equal(rows_read(source.reader, &source, &f->heap, &got), MR_OK);
        source_close(&source);
        uint32_t at = 0;
        for (uint32_t i = 0; i < count; i++) {
            for (uint64_t r = ranges[i].from; r < MR_MIN(ranges[i].to, (uint64_t)ROWS); r++) {
                assert_true(at < got.count);
                rows_same(&got, at++, &want, (uint32_t)r);
            }
        }
        assert_int_equal(at, got.count);
        mr_text_fini(&want.text);
        mr_text_fini(&got.text);
    }
}

/* ---- predicates ------------------------------------------------------------------------------ */

/* A flat column's value as a constant. */
static bool constant_at(const struct mr_vec *vec, uint32_t row, struct mr_arena *arena,
                        union mr_pq_constant *out)
{
    if (mr_vec_is_null(vec, row)) return false;
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: out->i64 = mr_bit_get(vec->values, row); break;
    case MR_TYPE_FLOAT: out->f64 = (double)((const float *)vec->values)[row]; break;
    case MR_TYPE_DOUBLE: out->f64 = ((const double *)vec->values)[row]; break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: {
        struct mr_span span = mr_vec_span(vec, row);
        out->text = (struct mr_span){mr_arena_copy(arena, span), span.bytes};
        break;
    }
    case MR_TYPE_DECIMAL:
        if (!mr_decimal_is_long(vec->type)) {
            memcpy(&out->i128, (const char *)vec->values + (size_t)row * 16, 16);
            break;
        } /* fall through */
    default: out->i64 = mr_vec_i64(vec, row); break;
    }
    return true;
}

/* Order of two values, NaN above all. */
static int value_order(const struct mr_type *type, const union mr_pq_constant *a,
                       const union mr_pq_constant *b)
{
    if (type->id == MR_TYPE_FLOAT || type->id == MR_TYPE_DOUBLE) {
        if (isnan(a->f64) || isnan(b->f64)) return (int)isnan(a->f64) - (int)isnan(b->f64);
        return (a->f64 > b->f64) - (a->f64 < b->f64);
    }
    if (type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY) {
        size_t bytes = MR_MIN(a->text.bytes, b->text.bytes);
        int order = bytes == 0 ? 0 : memcmp(a->text.text, b->text.text, bytes);
        if (order != 0) return order;
        return (a->text.bytes > b->text.bytes) - (a->text.bytes < b->text.bytes);
    }
    if (type->id == MR_TYPE_DECIMAL && !mr_decimal_is_long(type)) {
        return (a->i128 > b->i128) - (a->i128 < b->i128);
    }
    return (a->i64 > b->i64) - (a->i64 < b->i64);
}

static bool value_matches(const struct mr_pq_term *term, const struct mr_type *type,
                          const union mr_pq_constant *value)
{
    if (term->op == MR_PQ_IS_NULL) return value == NULL;
    if (value == NULL) return false;
    if (term->op == MR_PQ_IS_NOT_NULL) return true;
    for (uint32_t i = 0; i < term->constant_count; i++) {
        int order = value_order(type, value, &term->constants[i]);
        if ((term->op == MR_PQ_EQ || term->op == MR_PQ_IN) && order == 0) return true;
        if (term->op == MR_PQ_LT && order < 0) return true;
        if (term->op == MR_PQ_LE && order <= 0) return true;
        if (term->op == MR_PQ_GT && order > 0) return true;
        if (term->op == MR_PQ_GE && order >= 0) return true;
    }
    return false;
}

/* All values of the flat columns of the file. */
struct table {
    const struct mr_type *types[FLAT_COLUMNS];
    union mr_pq_constant values[FLAT_COLUMNS][ROWS];
    bool is_there[FLAT_COLUMNS][ROWS];
};

static void table_read(struct fixture *f, struct mr_pq_reader *reader, struct mr_arena *arena,
                       struct table *out)
{
    struct mr_arena batch_arena;
    bool has_rows = true;
    mr_arena_init(&batch_arena, &f->heap, 0);
    for (;;) {
        struct mr_batch batch;
        assert_int_equal(mr_pq_reader_next(reader, &batch_arena, &batch, &has_rows, NULL), MR_OK);
        if (!has_rows) break;
        for (uint32_t c = 0; c < FLAT_COLUMNS; c++) {
            out->types[c] = batch.schema->fields[c].type;
            for (uint32_t i = 0; i < batch.rows; i++) {
                uint64_t row = batch.first_record + i;
                out->is_there[c][row] =
                    constant_at(&batch.cols[c], i, arena, &out->values[c][row]);
            }
        }
        mr_batch_fini(&batch);
    }
    mr_arena_fini(&batch_arena);
}

struct query {
    char names[3][8];
    struct mr_span paths[3];
    union mr_pq_constant constants[3][4];
    struct mr_pq_term terms[3];
    uint32_t columns[3];
    struct mr_pq_predicate predicate;
};

static void query_make(struct fixture *f, const struct table *table, struct query *out)
{
    out->predicate = (struct mr_pq_predicate){.terms = out->terms,
                                              .count = 1 + (uint32_t)mr_rng_below(&f->rng, 3)};
    for (uint32_t i = 0; i < out->predicate.count; i++) {
        uint32_t column = (uint32_t)mr_rng_below(&f->rng, FLAT_COLUMNS), count = 0;
        (void)snprintf(out->names[i], sizeof out->names[i], "c%u", column);
        out->paths[i] = mr_span_of(out->names[i]);
        out->columns[i] = column;
        mr_pq_compare op = (mr_pq_compare)mr_rng_below(&f->rng, MR_PQ_IS_NOT_NULL + 1);
        uint32_t most = op == MR_PQ_IN ? 4 : op < MR_PQ_IN ? 1 : 0;
        for (int tries = 0; tries < 100 && count < most; tries++) {
            uint64_t row = mr_rng_below(&f->rng, ROWS);
            if (!table->is_there[column][row]) continue;
            union mr_pq_constant *constant = &out->constants[i][count++];
            *constant = table->values[column][row];
            bool is_text = table->types[column]->id == MR_TYPE_STRING ||
                           table->types[column]->id == MR_TYPE_BINARY;
            if (is_text && constant->text.bytes > 0 && mr_rng_below(&f->rng, 2) == 0) {
                constant->text.bytes--; /* a value that is perhaps not there */
            }
        }
        out->terms[i] = (struct mr_pq_term){.path = &out->paths[i],
                                            .path_count = 1,
                                            .op = op,
                                            .constants = out->constants[i],
                                            .constant_count = count};
    }
}

/* Each row of `want` that matches is among `got`; returns how many of all rows were left out. */
static uint32_t query_check(const struct query *query, const struct table *table,
                            const struct rows *got, const struct rows *want)
{
    uint32_t at = 0;
    for (uint32_t row = 0; row < ROWS; row++) {
        bool is_match = true;
        for (uint32_t i = 0; i < query->predicate.count; i++) {
            uint32_t c = query->columns[i];
            is_match &= value_matches(&query->terms[i], table->types[c],
                                      table->is_there[c][row] ? &table->values[c][row] : NULL);
        }
        bool is_read = at < got->count && got->numbers[at] == row;
        if (is_match) assert_true(is_read);
        if (is_read) rows_same(got, at++, want, row);
    }
    assert_int_equal(at, got->count);
    return ROWS - got->count;
}

static void test_predicates(void **state)
{
    struct fixture *f = *state;
    static struct table table;
    uint64_t left_out = 0;
    for (uint32_t number = 0; number < FILES; number++) {
        static struct rows want, got;
        const struct mr_pq_reader_limits plain = {0};
        struct mr_pq_reader *reader;
        struct mr_arena arena;
        mr_arena_init(&arena, &f->heap, 0);
        file_make(f, number);
        plain_read(f, &want);
        struct mr_span file = mr_text_span(&f->file);
        assert_int_equal(mr_pq_reader_open(&f->heap, f->codec, file, &plain, &reader, NULL), MR_OK);
        table_read(f, reader, &arena, &table);
        for (uint32_t i = 0; i < PREDICATES; i++) {
            struct mr_pq_reader_limits limits = limits_of(f);
            struct source source;
            struct query query;
            query_make(f, &table, &query);
            rows_init(&got, f);
            assert_int_equal(source_open(&source, f, &f->heap, &limits), MR_OK);
            assert_int_equal(mr_pq_reader_filter(source.reader, &query.predicate, NULL), MR_OK);
            assert_int_equal(rows_read(source.reader, &source, &f->heap, &got), MR_OK);
            source_close(&source);
            left_out += query_check(&query, &table, &got, &want);
            mr_text_fini(&got.text);
        }
        mr_pq_reader_close(reader);
        mr_arena_fini(&arena);
        mr_text_fini(&want.text);
    }
    printf("%llu of %llu rows left out\n", (unsigned long long)left_out,
           (unsigned long long)ROWS * FILES * PREDICATES);
    assert_true(left_out > (uint64_t)ROWS * FILES * PREDICATES / 10);
}

/* ---- wanted schemas -------------------------------------------------------------------------- */

enum { WIDE_ROWS = 200 };

/* A file of known values; its columns carry field ids 1, 2, ... */
static void wide_make(struct fixture *f)
{
    static const char *const types[] = {"byte",  "short",        "integer",       "long",
                                        "float", "date",         "decimal(9,2)",  "decimal(18,3)",
                                        "timestamp", "timestamp_ntz"};
    const struct mr_pq_writer_options options = {
        .codec = f->codec, .kernels = mr_encode_kernels(mr_isa_best()), .has_field_ids = true};
    struct mr_batch_gen gen = {.nulls = MR_GEN_NULLS_SOME, .distinct = 30};
    struct mr_pq_writer *writer;
    struct mr_batch batch;
    struct mr_field fields[MR_COUNT_OF(types) + 1], inner;
    struct mr_arena *arena = &f->schema_arena;
    mr_arena_reset(arena);
    mr_text_reset(&f->file);
    for (uint32_t i = 0; i < MR_COUNT_OF(types); i++) {
        const struct mr_doc *doc;
        char *quoted = mr_arena_format(arena, "\"%s\"", types[i]);
        assert_int_equal(mr_doc_read(arena, mr_span_of(quoted), &doc, NULL), MR_OK);
        fields[i] = (struct mr_field){
            .name = mr_span_of(mr_arena_format(arena, "a%u", i)),
            .metadata = mr_span_of(mr_arena_format(arena, "{\"parquet.field.id\":%u}", i + 1)),
            .is_nullable = true};
        assert_int_equal(mr_type_read_json(arena, doc, &fields[i].type, NULL), MR_OK);
    }
    inner = (struct mr_field){
        .name = MR_SPAN("x"), .type = mr_type_of(MR_TYPE_STRING), .is_nullable = true};
    fields[MR_COUNT_OF(types)] = (struct mr_field){
        .name = MR_SPAN("s"), .type = mr_type_struct(arena, &inner, 1), .is_nullable = true};
    const struct mr_type *schema = mr_type_struct(arena, fields, MR_COUNT_OF(types) + 1);
    mr_rng_init(&gen.rng, SEED);
    assert_int_equal(mr_pq_writer_open(&f->heap, schema, &options, &writer, NULL), MR_OK);
    mr_batch_gen_make(&gen, &f->arena, schema, WIDE_ROWS, &batch);
    assert_int_equal(mr_pq_writer_append(writer, &batch, NULL, NULL), MR_OK);
    mr_batch_fini(&batch);
    assert_int_equal(mr_pq_writer_seal(writer, NULL), MR_OK);
    drain(writer, &f->file);
    mr_pq_writer_close(writer);
}

static struct mr_pq_reader *wide_open(struct fixture *f)
{
    const struct mr_pq_reader_limits limits = {0};
    struct mr_pq_reader *reader;
    assert_int_equal(
        mr_pq_reader_open(&f->heap, f->codec, mr_text_span(&f->file), &limits, &reader, NULL),
        MR_OK);
    return reader;
}

/* The one wanted column of type `text` beside the file's own, by name or by id. */
static mr_status wide_status(struct fixture *f, struct mr_field field, bool by_id)
{
    struct mr_pq_reader *reader = wide_open(f);
    const struct mr_pq_wanted wanted = {.schema = mr_type_struct(&f->schema_arena, &field, 1),
                                        .by_field_id = by_id};
    struct mr_err err;
    mr_status status = mr_pq_reader_want(reader, &wanted, &err);
    if (status != MR_OK) assert_int_equal(err.code, 2513);
    mr_pq_reader_close(reader);
    return status;
}

static double number_at(const struct mr_vec *vec, uint32_t row)
{
    double value;
    switch (vec->type->id) {
    case MR_TYPE_FLOAT: return (double)((const float *)vec->values)[row];
    case MR_TYPE_DOUBLE: return ((const double *)vec->values)[row];
    case MR_TYPE_DATE: return (double)mr_vec_i64(vec, row) * 86400e6;
    default: break;
    }
    if (vec->type->id == MR_TYPE_DECIMAL && !mr_decimal_is_long(vec->type)) {
        value = (double)((const __int128 *)vec->values)[row];
    } else {
        value = (double)mr_vec_i64(vec, row);
    }
    for (unsigned i = 0; vec->type->id == MR_TYPE_DECIMAL && i < vec->type->scale; i++) value /= 10;
    return value;
}

static void wide_compare(struct fixture *f, uint32_t column, const struct mr_type *type, bool by_id)
{
    struct mr_pq_reader *plain = wide_open(f), *wide = wide_open(f);
    struct mr_arena arenas[2];
    struct mr_batch batches[2];
    bool has_rows;
    char name[8];
    (void)snprintf(name, sizeof name, by_id ? "other" : "A%u", column); /* another case, too */
    struct mr_field field = {.name = mr_span_of(name), .type = type};
    field.metadata = mr_span_of(
        mr_arena_format(&f->schema_arena, "{\"delta.columnMapping.id\":%u}", column + 1));
    const struct mr_pq_wanted wanted = {.schema = mr_type_struct(&f->schema_arena, &field, 1),
                                        .by_field_id = by_id};
    for (int i = 0; i < 2; i++) mr_arena_init(&arenas[i], &f->heap, 0);
    assert_int_equal(mr_pq_reader_want(wide, &wanted, NULL), MR_OK);
    assert_int_equal(mr_pq_reader_next(plain, &arenas[0], &batches[0], &has_rows, NULL), MR_OK);
    assert_int_equal(mr_pq_reader_next(wide, &arenas[1], &batches[1], &has_rows, NULL), MR_OK);
    mr_batch_check(&batches[1]);
    assert_ptr_equal(batches[1].schema, wanted.schema);
    const struct mr_vec *from = &batches[0].cols[column], *to = &batches[1].cols[0];
    assert_int_equal(to->rows, from->rows);
    for (uint32_t i = 0; i < to->rows; i++) {
        assert_int_equal(mr_vec_is_null(from, i), mr_vec_is_null(to, i));
        if (mr_vec_is_null(from, i)) continue;
        double a = number_at(from, i), b = number_at(to, i);
        assert_true(a == b || fabs(a - b) <= fabs(a) * 1e-12 || (isnan(a) && isnan(b)));
    }
    for (int i = 0; i < 2; i++) mr_batch_fini(&batches[i]);
    for (int i = 0; i < 2; i++) mr_arena_fini(&arenas[i]);
    mr_pq_reader_close(plain);
    mr_pq_reader_close(wide);
}

static void test_widening(void **state)
{
    struct fixture *f = *state;
    struct mr_arena *arena = &f->schema_arena;
    wide_make(f);
    const struct {
        uint32_t column;
        const struct mr_type *type;
        bool is_taken;
    } cases[] = {
        {0, mr_type_of(MR_TYPE_SHORT), true},    {0, mr_type_of(MR_TYPE_LONG), true},
        {0, mr_type_of(MR_TYPE_DOUBLE), true},   {0, mr_type_decimal(arena, 3, 0), true},
        {0, mr_type_decimal(arena, 30, 4), true}, {0, mr_type_decimal(arena, 4, 2), false},
        {0, mr_type_of(MR_TYPE_FLOAT), false},   {1, mr_type_of(MR_TYPE_INT), true},
        {1, mr_type_of(MR_TYPE_BYTE), false},    {2, mr_type_of(MR_TYPE_LONG), true},
        {2, mr_type_of(MR_TYPE_DOUBLE), true},   {2, mr_type_decimal(arena, 12, 2), true},
        {2, mr_type_of(MR_TYPE_STRING), false},  {3, mr_type_decimal(arena, 19, 0), true},
        {3, mr_type_of(MR_TYPE_DOUBLE), false},  {3, mr_type_of(MR_TYPE_INT), false},
        {4, mr_type_of(MR_TYPE_DOUBLE), true},   {5, mr_type_of(MR_TYPE_TIMESTAMP_NTZ), true},
        {5, mr_type_of(MR_TYPE_TIMESTAMP), false}, {6, mr_type_decimal(arena, 12, 4), true},
        {6, mr_type_decimal(arena, 38, 10), true}, {6, mr_type_decimal(arena, 9, 1), false},
        {6, mr_type_decimal(arena, 9, 2), true}, {7, mr_type_decimal(arena, 18, 3), true},
        {7, mr_type_decimal(arena, 19, 3), true}, {7, mr_type_decimal(arena, 18, 4), false},
        {8, mr_type_of(MR_TYPE_TIMESTAMP_NTZ), true}, {9, mr_type_of(MR_TYPE_TIMESTAMP), true},
        {8, mr_type_of(MR_TYPE_DATE), false},    {9, mr_type_of(MR_TYPE_LONG), false},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "a%u", cases[i].column);
        struct mr_field field = {.name = mr_span_of(name), .type = cases[i].type};
        assert_int_equal(wide_status(f, field, false), cases[i].is_taken ? MR_OK : MR_E_SCHEMA);
        if (!cases[i].is_taken) continue;
        wide_compare(f, cases[i].column, cases[i].type, false);
        wide_compare(f, cases[i].column, cases[i].type, true);
    }
}

/* A struct of which only members are wanted that the file has not is null where it was. */
static void test_missing(void **state)
{
    struct fixture *f = *state;
    struct mr_arena arenas[2], *arena = &f->schema_arena;
    struct mr_batch plain, got;
    bool has_rows;
    wide_make(f);
    struct mr_field inner = {
        .name = MR_SPAN("later"), .type = mr_type_of(MR_TYPE_LONG), .is_nullable = true};
    struct mr_field fields[] = {
        {.name = MR_SPAN("none"),
         .type = mr_type_map(arena, mr_type_of(MR_TYPE_STRING), mr_type_of(MR_TYPE_BOOLEAN), true)},
        {.name = MR_SPAN("s"), .type = mr_type_struct(arena, &inner, 1)},
        {.name = MR_SPAN("a3"), .type = mr_type_of(MR_TYPE_LONG)}};
    const struct mr_pq_wanted wanted = {.schema = mr_type_struct(arena, fields, 3)};
    struct mr_pq_reader *a = wide_open(f), *b = wide_open(f);
    for (int i = 0; i < 2; i++) mr_arena_init(&arenas[i], &f->heap, 0);
    assert_int_equal(mr_pq_reader_want(b, &wanted, NULL), MR_OK);
    assert_int_equal(mr_pq_reader_next(a, &arenas[0], &plain, &has_rows, NULL), MR_OK);
    assert_int_equal(mr_pq_reader_next(b, &arenas[1], &got, &has_rows, NULL), MR_OK);
    mr_batch_check(&got);
    assert_int_equal(got.rows, WIDE_ROWS);
    assert_int_equal(got.cols[0].null_count, WIDE_ROWS);
    assert_int_equal(got.cols[1].children[0].null_count, WIDE_ROWS);
    assert_true(got.cols[1].null_count > 0 && got.cols[1].null_count < WIDE_ROWS);
    for (uint32_t i = 0; i < WIDE_ROWS; i++) {
        assert_int_equal(mr_vec_is_null(&got.cols[1], i), mr_vec_is_null(&plain.cols[10], i));
    }
    mr_batch_fini(&plain);
    mr_batch_fini(&got);
    for (int i = 0; i < 2; i++) mr_arena_fini(&arenas[i]);
    mr_pq_reader_close(a);
    mr_pq_reader_close(b);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void test_out_of_memory(void **state)
{
    struct fixture *f = *state;
    file_make(f, 5);
    const struct mr_span path = MR_SPAN("c3");
    const union mr_pq_constant zero = {.i64 = 0};
    const struct mr_pq_term term = {
        .path = &path, .path_count = 1, .op = MR_PQ_GT, .constants = &zero, .constant_count = 1};
    const struct mr_pq_predicate predicate = {.terms = &term, .count = 1};
    for (uint64_t n = 1;; n += 1 + n / 60) {
        const struct mr_pq_reader_limits limits = {.request_bytes = 3000, .batch_rows = 200};
        struct mr_heap heap;
        struct source source;
        mr_heap_init(&heap, 0);
        mr_heap_fail_at(&heap, n);
        mr_status status = source_open(&source, f, &heap, &limits);
        if (status == MR_OK) {
            status = mr_pq_reader_filter(source.reader, &predicate, NULL);
            if (status == MR_OK) status = rows_read(source.reader, &source, &heap, NULL);
            source_close(&source);
        }
        assert_int_equal(heap.used_bytes, 0);
        if (heap.fail_at != 0) {
            assert_int_equal(status, MR_OK);
            printf("%llu allocations failed in turn\n", (unsigned long long)n);
            return;
        }
        assert_int_equal(status, MR_E_NOMEM);
    }
}

/* A reader is given up while ranges are wanted, and others on their way. */
static void test_given_up(void **state)
{
    struct fixture *f = *state;
    file_make(f, 5);
    for (uint32_t turns = 0; turns < 40; turns++) {
        const struct mr_pq_reader_limits limits = {.request_bytes = 2000};
        struct mr_arena arena;
        struct source source;
        struct mr_batch batch;
        bool has_rows;
        mr_arena_init(&arena, &f->heap, 0);
        assert_int_equal(source_open(&source, f, &f->heap, &limits), MR_OK);
        for (uint32_t i = 0; i < turns; i++) {
            mr_status status =
                mr_pq_reader_next(source.reader, &arena, &batch, &has_rows, NULL);
            assert_true(status == MR_OK || status == MR_E_AGAIN);
            if (status == MR_OK && has_rows) mr_batch_fini(&batch);
            assert_int_equal(source_turn(&source), MR_OK);
        }
        source_close(&source);
        mr_arena_fini(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),     cmocka_unit_test(test_groups),
        cmocka_unit_test(test_only_rows),  cmocka_unit_test(test_predicates),
        cmocka_unit_test(test_widening),   cmocka_unit_test(test_missing),
        cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_given_up),
    };
    printf("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, setup, teardown);
}
