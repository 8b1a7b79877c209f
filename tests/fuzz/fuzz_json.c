/* Fuzz target: any bytes through the JSON reader and inference. The first two bytes choose options,
 * schema and how the text is cut; the rest is the text. What is asserted: nothing reads or writes
 * outside its bounds, batches hold their invariants, counters add up, the fast lane on all
 * instruction sets and cuts agrees with the cursor alone, and no memory is left.
 *
 * With clang and -Dfuzz=true it is a libFuzzer target; otherwise a plain program that replays the
 * files and folders it is given and mutates each a little, as a regression test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/json/json_infer.h"
#include "tests/fuzz/replay.h"
#include "tests/support/json_decode.h"
#include "tests/support/type_text.h"

static const char *const schemas[] = {
    "a bigint, b string, _corrupt_record string",
    "a double, b struct<a:decimal(20,3),c:array<string>>, id int, d date, t timestamp",
    "b map<string,array<struct<a:smallint,b:float>>>, x binary, a boolean, n timestamp_ntz",
    "a string",
};

static void options_of(uint8_t bits, uint8_t more, struct mr_json_options *options)
{
    mr_json_options_init(options);
    options->is_multi_line = bits & 1;
    options->allows_comments = bits & 2;
    options->allows_unquoted_names = bits & 4;
    options->allows_control_chars = bits & 8;
    options->allows_single_quotes = bits & 16;
    options->is_case_sensitive = bits & 32;
    options->infers_column_types = bits & 64;
    options->record_bytes_max = more & 4 ? 1024 : 1 << 20;
    options->mode = more & 8 ? MR_JSON_DROPMALFORMED : MR_JSON_PERMISSIVE;
    if (bits & 128) memcpy(options->rescued_column, "_rescued", 9);
    if (more & 16) memcpy(options->line_sep, "||", 3);
    if (more & 32) memcpy(options->bad_records_path, "bad", 4);
}

/* want_some: of the schema's members those whose bit in `bits` is set, whole. */
static void want_some(struct mr_json_reader *reader, const struct mr_type *type, size_t bits)
{
    bool wanted[64] = {false};
    uint32_t at = 0;
    MR_ASSERT(mr_type_below(type) <= MR_COUNT_OF(wanted));
    for (uint32_t i = 0; i < type->field_count; i++) {
        uint32_t count = 1 + mr_type_below(type->fields[i].type);
        memset(wanted + at, bits >> (i % 8) & 1, count);
        at += count;
    }
    mr_json_reader_want(reader, bits % 3 == 0 ? NULL : wanted, bits % 2 == 0);
}

static void read_text(const struct mr_json_options *options, const char *columns, mr_isa isa,
                      struct mr_span text, size_t step, struct mr_text *rows)
{
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_json_reader *reader;
    struct mr_text bad;
    const struct mr_type *unknown;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    const struct mr_type *type = mr_type_from_text(&arena, columns);
    MR_ASSERT(mr_json_reader_open(&heap, type, options, mr_json_kernels(isa), NULL, &reader,
                                  NULL) == MR_OK);
    want_some(reader, type, text.bytes);
    MR_ASSERT(mr_json_reader_begin(reader, MR_SPAN("file"), NULL) == MR_OK);
    mr_text_init(&bad, &heap);
    MR_ASSERT(mr_json_push_bad(reader, &heap, text, step, rows, &bad, NULL) == MR_OK);
    mr_text_add(rows, bad.at, bad.used);
    mr_text_fini(&bad);
    const struct mr_json_counters *c = mr_json_reader_counters(reader);
    MR_ASSERT(c->records == c->rows + c->dropped);
    MR_ASSERT(mr_json_reader_unknown(reader, &arena, &unknown, NULL) == MR_OK);
    mr_schema_write_ddl(unknown, rows);
    mr_json_reader_close(reader);
    mr_arena_fini(&arena);
    MR_ASSERT(heap.used_bytes == 0);
}

static void infer_text(const struct mr_json_options *options, struct mr_span text)
{
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_json_infer *infer;
    const struct mr_type *type;
    size_t consumed;
    char *copy = malloc(text.bytes + MR_PAD);
    MR_ASSERT(copy != NULL);
    if (text.bytes > 0) memcpy(copy, text.text, text.bytes);
    memset(copy + text.bytes, '"', MR_PAD);
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    MR_ASSERT(mr_json_infer_open(&heap, options, mr_json_kernels(mr_isa_best()), &infer, NULL) ==
              MR_OK);
    MR_ASSERT(mr_json_infer_feed(infer, copy, text.bytes, true, &consumed, NULL) == MR_OK);
    MR_ASSERT(consumed == text.bytes);
    MR_ASSERT(mr_json_infer_type(infer, &arena, &type, NULL) == MR_OK);
    mr_json_infer_close(infer);
    mr_arena_fini(&arena);
    MR_ASSERT(heap.used_bytes == 0);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct mr_json_options options;
    struct mr_heap heap;
    struct mr_text want, got;
    if (count < 2 || count > 1 << 16) return 0;
    options_of(bytes[0], bytes[1], &options);
    struct mr_span text = {(const char *)bytes + 2, count - 2};
    const char *columns = schemas[bytes[1] & 3];
    mr_heap_init(&heap, 0);
    mr_text_init(&want, &heap);
    struct mr_json_options by_cursor = options;
    by_cursor.has_no_lane = true;
    read_text(&by_cursor, columns, MR_ISA_REF, text, 0, &want);
    for (int isa = 0; isa <= (int)mr_isa_best(); isa++) {
        mr_text_init(&got, &heap);
        size_t step = 1 + (bytes[1] >> 6) * 37 + text.bytes / 3;
        read_text(&options, columns, (mr_isa)isa, text, step, &got);
        MR_ASSERT(mr_span_eq(mr_text_span(&got), mr_text_span(&want)));
        mr_text_fini(&got);
    }
    mr_text_fini(&want);
    infer_text(&options, text);
    return 0;
}
