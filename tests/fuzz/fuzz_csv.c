/* Fuzz target: any bytes through the CSV reader and inference. The first three bytes choose
 * options, schema and how the text is cut; the rest is the text. What is asserted: nothing reads
 * or writes outside its bounds, batches hold their invariants, counters add up, the lane on all
 * instruction sets and cuts agrees with the cutter alone, and no memory is left.
 *
 * With clang and -Dfuzz=true it is a libFuzzer target; otherwise a plain program that replays the
 * files and folders it is given and mutates each a little, as a regression test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/csv/csv_infer.h"
#include "tests/fuzz/replay.h"
#include "tests/support/csv_decode.h"
#include "tests/support/type_text.h"

static const char *const schemas[] = {
    "a bigint, b string, _corrupt_record string",
    "a double, b decimal(20,3), c int, d date, t timestamp, s string",
    "_c0 string, _c1 smallint, _c2 boolean",
    "a string, x binary, f float, n timestamp_ntz",
};

static void options_of(const uint8_t *bits, struct mr_csv_options *o)
{
    mr_csv_options_init(o);
    o->is_multi_line = bits[0] & 1;
    o->has_header = bits[0] & 2;
    o->trims_leading = bits[0] & 4;
    o->trims_trailing = bits[0] & 8;
    o->infers_column_types = bits[0] & 16;
    o->is_case_sensitive = bits[0] & 32;
    o->comment = bits[0] & 64 ? '#' : '\0';
    o->escape = bits[0] & 128 ? '"' : '\\';
    o->escape_escape = bits[1] & 4 ? '|' : o->escape == '"' ? '\0' : '\\';
    o->stray_quote = (mr_csv_stray_quote)((bits[1] >> 3) % 5);
    o->mode = bits[2] & 1 ? MR_CSV_DROPMALFORMED : MR_CSV_PERMISSIVE;
    o->record_bytes_max = bits[2] & 2 ? 1024 : 1 << 20;
    o->columns_max = bits[2] & 4 ? 4 : MR_CSV_COLUMNS_DEFAULT;
    o->value_chars_max = bits[2] & 8 ? 9 : -1;
    o->skip_rows = bits[2] & 16 ? 1 : 0;
    if (bits[2] & 32) memcpy(o->rescued_column, "_rescued", 9);
    if (bits[2] & 64) memcpy(o->bad_records_path, "bad", 4);
    if (bits[2] & 128) memcpy(o->null_value, "NA", 3);
    if (bits[1] & 64) memcpy(o->line_sep, ";;", 3);
    if (bits[1] & 128) {
        memcpy(o->sep, "||", 3);
        o->sep_bytes = 2;
    }
}

static void read_text(const struct mr_csv_options *options, const char *columns, mr_isa isa,
                      struct mr_span text, size_t step, struct mr_text *rows)
{
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_csv_reader *reader;
    struct mr_text bad;
    const struct mr_type *type;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    type = mr_type_from_text(&arena, columns);
    MR_ASSERT(mr_csv_reader_open(&heap, type, options, mr_csv_kernels(isa), NULL, &reader, NULL) ==
              MR_OK);
    MR_ASSERT(mr_csv_reader_begin(reader, MR_SPAN("file"), NULL) == MR_OK);
    mr_text_init(&bad, &heap);
    /* A header that cannot be one ends the file; the lane must meet the same. */
    mr_status status = mr_csv_push_all(reader, &heap, text, step, rows, &bad, NULL);
    MR_ASSERT(status == MR_OK || (options->has_header && status == MR_E_CORRUPT));
    mr_text_add(rows, bad.at, bad.used);
    mr_text_addf(rows, "%d", (int)status);
    mr_text_fini(&bad);
    const struct mr_csv_counters *c = mr_csv_reader_counters(reader);
    MR_ASSERT(c->records == c->rows + c->dropped);
    MR_ASSERT(mr_csv_reader_misfits(reader, &arena, &type, NULL) == MR_OK);
    mr_schema_write_ddl(type, rows);
    MR_ASSERT(mr_csv_reader_unknown(reader, &arena, &type, NULL) == MR_OK);
    mr_schema_write_ddl(type, rows);
    mr_csv_reader_close(reader);
    mr_arena_fini(&arena);
    MR_ASSERT(heap.used_bytes == 0);
}

static void infer_text(const struct mr_csv_options *options, struct mr_span text)
{
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_csv_infer *infer;
    const struct mr_type *type;
    size_t consumed;
    char *copy = malloc(text.bytes + MR_PAD);
    MR_ASSERT(copy != NULL);
    if (text.bytes > 0) memcpy(copy, text.text, text.bytes);
    memset(copy + text.bytes, '"', MR_PAD);
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    MR_ASSERT(mr_csv_infer_open(&heap, options, mr_csv_kernels(mr_isa_best()), &infer, NULL) ==
              MR_OK);
    MR_ASSERT(mr_csv_infer_begin(infer, NULL) == MR_OK);
    mr_status status = mr_csv_infer_feed(infer, copy, text.bytes, true, &consumed, NULL);
    MR_ASSERT(status == MR_OK ? consumed == text.bytes : options->has_header);
    MR_ASSERT(mr_csv_infer_type(infer, &arena, &type, NULL) == MR_OK);
    mr_csv_infer_close(infer);
    mr_arena_fini(&arena);
    MR_ASSERT(heap.used_bytes == 0);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct mr_csv_options options;
    struct mr_heap heap;
    struct mr_text want, got;
    if (count < 3 || count > 1 << 16) return 0;
    options_of(bytes, &options);
    struct mr_span text = {(const char *)bytes + 3, count - 3};
    const char *columns = schemas[bytes[1] & 3];
    mr_heap_init(&heap, 0);
    mr_text_init(&want, &heap);
    struct mr_csv_options by_cutter = options;
    by_cutter.has_no_lane = true;
    read_text(&by_cutter, columns, MR_ISA_REF, text, 0, &want);
    for (int isa = 0; isa <= (int)mr_isa_best(); isa++) {
        mr_text_init(&got, &heap);
        size_t step = 1 + bytes[2] % 37 + text.bytes / 3;
        read_text(&options, columns, (mr_isa)isa, text, step, &got);
        MR_ASSERT(mr_span_eq(mr_text_span(&got), mr_text_span(&want)));
        mr_text_fini(&got);
    }
    mr_text_fini(&want);
    infer_text(&options, text);
    return 0;
}
