/* For test_json_values.py: infers the schema of JSON on standard input and prints it as DDL, then
 * every row as canonical JSON. Argument: `lines` or `document`; `pushed` cuts the text in pieces.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/format/json/json_infer.h"
#include "tests/support/json_decode.h"

enum { STEP = 100003 };

static struct mr_span input_read(struct mr_text *text)
{
    char part[65536];
    for (size_t count = fread(part, 1, sizeof part, stdin); count > 0;
         count = fread(part, 1, sizeof part, stdin)) {
        mr_text_add(text, part, count);
    }
    return mr_text_span(text);
}

static mr_status rows_print(struct mr_heap *heap, struct mr_json_options *options,
                            struct mr_span text, size_t step, struct mr_err *err)
{
    struct mr_arena arena;
    struct mr_text out;
    struct mr_json_infer *infer;
    struct mr_json_reader *reader;
    const struct mr_json_kernels *kernels = mr_json_kernels(mr_isa_best());
    const struct mr_type *type;
    size_t consumed;
    char *padded = calloc(1, text.bytes + MR_PAD);
    if (padded == NULL) abort();
    memcpy(padded, text.text, text.bytes);
    mr_arena_init(&arena, heap, 0);
    mr_text_init(&out, heap);
    MR_TRY(mr_json_infer_open(heap, options, kernels, &infer, err));
    MR_TRY(mr_json_infer_feed(infer, padded, text.bytes, true, &consumed, err));
    MR_TRY(mr_json_infer_type(infer, &arena, &type, err));
    mr_schema_write_ddl(type, &out);
    mr_text_addc(&out, '\n');
    MR_TRY(mr_json_reader_open(heap, type, options, kernels, NULL, &reader, err));
    MR_TRY(mr_json_push_all(reader, heap, text, step, &out, err));
    (void)fwrite(out.at, 1, out.used, stdout);
    mr_json_reader_close(reader);
    mr_json_infer_close(infer);
    mr_text_fini(&out);
    mr_arena_fini(&arena);
    free(padded);
    return MR_OK;
}

int main(int argc, char **argv)
{
    struct mr_heap heap;
    struct mr_text text;
    struct mr_json_options options;
    struct mr_err err = {0};
    mr_heap_init(&heap, 0);
    mr_text_init(&text, &heap);
    mr_json_options_init(&options);
    options.infers_column_types = true;
    options.is_multi_line = argc > 1 && strcmp(argv[1], "document") == 0;
    memcpy(options.rescued_column, "_rescued_data", sizeof "_rescued_data");
    size_t step = argc > 2 ? STEP : 0;
    if (rows_print(&heap, &options, input_read(&text), step, &err) != MR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    mr_text_fini(&text);
    return 0;
}
