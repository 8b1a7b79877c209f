/* Fuzz target: any bytes through the Parquet reader. The first byte chooses how: the batch size,
 * whether page checksums are believed, the file in memory or by ranges, whole or some columns, with
 * predicates or as a wanted schema; the rest is the file. What is asserted: nothing reads or writes
 * outside its bounds, requests lie inside the file, memory stays under the limit and all of it
 * comes back, batches hold their invariants, and errors have a text. Built as fuzz_json is: for
 * libFuzzer, or to replay its corpus. */
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/parquet/pq_reader.h"
#include "tests/fuzz/replay.h"

enum { MEMORY_BYTES = 4 << 20, BATCHES_MAX = 200, TERMS_MAX = 8, STEPS_MAX = 20000 };

/* How the first byte has it. */
struct way {
    bool is_by_ranges;
    bool is_filtered;
    bool is_wanted;
    bool is_projected;
};

struct fuzz {
    struct mr_heap *heap;
    struct mr_span file;
    struct mr_pq_reader *reader;
    struct mr_arena arena;
    struct way way;
};

/* All ranges that are wanted now, the last asked for first. */
static bool ranges_fill(struct fuzz *fuzz)
{
    struct mr_pq_request requests[8];
    struct mr_err err = {0};
    uint32_t count = 0;
    bool has = true;
    while (count < MR_COUNT_OF(requests)) {
        if (mr_pq_reader_ask(fuzz->reader, &requests[count], &has, &err) != MR_OK) return false;
        if (!has) break;
        MR_ASSERT(requests[count].off + requests[count].bytes <= fuzz->file.bytes);
        count++;
    }
    for (uint32_t i = count; i-- > 0;) {
        memcpy(requests[i].at, fuzz->file.text + requests[i].off, requests[i].bytes);
        mr_pq_reader_fill(fuzz->reader, &requests[i]);
    }
    return count > 0;
}

static void batches_read(struct fuzz *fuzz)
{
    struct mr_arena arena;
    struct mr_err err = {0};
    bool has_rows = true;
    mr_arena_init(&arena, fuzz->heap, 0);
    for (int i = 0, steps = 0; i < BATCHES_MAX && steps < STEPS_MAX; steps++) {
        struct mr_batch batch;
        mr_status status = mr_pq_reader_next(fuzz->reader, &arena, &batch, &has_rows, &err);
        if (status == MR_E_AGAIN) {
            MR_ASSERT(fuzz->way.is_by_ranges);
            if (!ranges_fill(fuzz)) break; /* only for want of memory: tests show that it goes on */
            continue;
        }
        MR_ASSERT(status == MR_OK || err.message[0] != '\0');
        if (status != MR_OK || !has_rows) break;
        mr_batch_check(&batch);
        mr_batch_fini(&batch);
        i++;
    }
    mr_arena_fini(&arena);
}

/* The type that a column is widened to, where there is one. */
static const struct mr_type *wider(struct mr_arena *arena, const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT: return mr_type_of(MR_TYPE_INT);
    case MR_TYPE_INT: return mr_type_of(MR_TYPE_DOUBLE);
    case MR_TYPE_LONG: return mr_type_decimal(arena, 38, 6);
    case MR_TYPE_FLOAT: return mr_type_of(MR_TYPE_DOUBLE);
    case MR_TYPE_DATE: return mr_type_of(MR_TYPE_TIMESTAMP_NTZ);
    case MR_TYPE_BINARY: return mr_type_of(MR_TYPE_STRING);
    case MR_TYPE_DECIMAL:
        if (type->precision > 36) return type;
        return mr_type_decimal(arena, type->precision + 2u, type->scale + 1u);
    default: return type;
    }
}

/* The file's columns widened, the first one under a name that the file has not. */
static mr_status want_wider(struct fuzz *fuzz, const struct mr_type *schema, struct mr_err *err)
{
    struct mr_field *fields =
        MR_ARENA_ARRAY(&fuzz->arena, struct mr_field, schema->field_count + 1);
    MR_ASSERT(fields != NULL);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        struct mr_field field = schema->fields[i];
        field.name = mr_span_of(mr_arena_copy(&fuzz->arena, field.name));
        field.type = mr_type_clone(&fuzz->arena, wider(&fuzz->arena, field.type));
        fields[i] = field;
    }
    fields[schema->field_count] = (struct mr_field){
        .name = MR_SPAN("\x01no such column"), .type = fields[0].type, .is_nullable = true};
    struct mr_pq_wanted wanted = {
        .schema = mr_type_struct(&fuzz->arena, fields, schema->field_count + 1)};
    return mr_pq_reader_want(fuzz->reader, &wanted, err);
}

/* A term for each of the first columns, of every kind in turn. */
static mr_status filter(struct fuzz *fuzz, const struct mr_type *schema, struct mr_err *err)
{
    struct mr_pq_term *terms = MR_ARENA_ARRAY(&fuzz->arena, struct mr_pq_term, TERMS_MAX);
    struct mr_pq_predicate *predicate = MR_ARENA_NEW(&fuzz->arena, struct mr_pq_predicate);
    union mr_pq_constant *constants =
        MR_ARENA_ARRAY(&fuzz->arena, union mr_pq_constant, TERMS_MAX);
    MR_ASSERT(terms != NULL && predicate != NULL && constants != NULL);
    uint32_t count = MR_MIN(schema->field_count, (uint32_t)TERMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_type *type = schema->fields[i].type;
        bool is_text = type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY;
        mr_pq_compare op = (mr_pq_compare)((fuzz->file.bytes + i) % (MR_PQ_IS_NOT_NULL + 1));
        constants[i].i128 = (__int128)i * 1000;
        if (is_text) constants[i].text = MR_SPAN("m");
        terms[i] = (struct mr_pq_term){.path = &schema->fields[i].name,
                                       .path_count = 1,
                                       .op = op,
                                       .constants = &constants[i],
                                       .constant_count = op <= MR_PQ_IN};
    }
    *predicate = (struct mr_pq_predicate){.terms = terms, .count = count};
    return mr_pq_reader_filter(fuzz->reader, predicate, err);
}

static mr_status prepare(struct fuzz *fuzz, struct mr_err *err)
{
    const struct mr_type *schema;
    MR_TRY(mr_pq_reader_schema(fuzz->reader, &schema, err));
    if (fuzz->way.is_wanted && schema->field_count > 0) {
        MR_TRY(want_wider(fuzz, schema, err));
    } else if (fuzz->way.is_projected && schema->field_count > 0) {
        struct mr_span name = mr_span_of(mr_arena_copy(&fuzz->arena, schema->fields[0].name));
        struct mr_pq_projection path = {.names = &name, .count = 1};
        MR_TRY(mr_pq_reader_project(fuzz->reader, &path, 1, err));
    }
    MR_TRY(mr_pq_reader_schema(fuzz->reader, &schema, err));
    return fuzz->way.is_filtered ? filter(fuzz, schema, err) : MR_OK;
}

static void read_all(struct fuzz *fuzz, struct mr_codec *codec,
                     const struct mr_pq_reader_limits *limits)
{
    struct mr_pq_meta meta;
    struct mr_err err = {0};
    mr_status status;
    if (fuzz->way.is_by_ranges) {
        status = mr_pq_meta_read(&fuzz->arena, fuzz->file, &meta, &err);
        if (status == MR_OK) {
            status = mr_pq_reader_open_meta(fuzz->heap, codec, &meta, limits, &fuzz->reader, &err);
        }
    } else {
        status = mr_pq_reader_open(fuzz->heap, codec, fuzz->file, limits, &fuzz->reader, &err);
    }
    MR_ASSERT(status == MR_OK || err.message[0] != '\0');
    if (status != MR_OK) return;
    status = prepare(fuzz, &err);
    MR_ASSERT(status == MR_OK || err.message[0] != '\0');
    if (status == MR_OK) batches_read(fuzz);
    mr_pq_reader_close(fuzz->reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const struct mr_codec_limits levels = {0};
    struct mr_pq_reader_limits limits = {.memory_bytes = MEMORY_BYTES};
    struct mr_codec *codec;
    struct mr_heap heap;
    struct mr_err err = {0};
    if (count == 0) return 0;
    limits.batch_rows = bytes[0] >> 5 == 7 ? 0 : 1 + 50 * (bytes[0] >> 5);
    limits.ignores_crc = (bytes[0] & 1) != 0;
    limits.request_bytes = (bytes[0] & 0x20) != 0 ? 300 : 0;
    limits.kernels = mr_decode_kernels((bytes[0] & 0x40) != 0 ? MR_ISA_REF : mr_isa_best());
    mr_heap_init(&heap, (size_t)64 * MEMORY_BYTES);
    void *memory = mr_heap_take(&heap, mr_codec_footprint(&levels));
    MR_ASSERT(memory != NULL);
    mr_status status = mr_codec_init(memory, &levels, &codec, &err);
    MR_ASSERT(status == MR_OK);
    size_t used = heap.used_bytes;
    struct fuzz fuzz = {.heap = &heap,
                        .file = {(const char *)bytes + 1, count - 1},
                        .way = {.is_by_ranges = (bytes[0] & 2) != 0,
                                .is_filtered = (bytes[0] & 4) != 0,
                                .is_wanted = (bytes[0] & 8) != 0,
                                .is_projected = (bytes[0] & 16) != 0}};
    mr_arena_init(&fuzz.arena, &heap, 0);
    read_all(&fuzz, codec, &limits);
    mr_arena_fini(&fuzz.arena);
    MR_ASSERT(heap.used_bytes == used);
    /* The batch's arena is the caller's: a view for each level byte is the most it takes beside. */
    MR_ASSERT(heap.peak_bytes - used < (size_t)40 * MEMORY_BYTES);
    mr_heap_give(&heap, memory, mr_codec_footprint(&levels));
    return 0;
}
