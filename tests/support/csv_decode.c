#include "tests/support/csv_decode.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "tests/support/json_decode.h"

static void batch_check(const struct mr_csv_reader *reader, const struct mr_batch *batch)
{
    struct mr_span bad = mr_csv_reader_bad_records(reader);
    uint32_t lines = 0;
    mr_batch_check(batch);
    MR_ASSERT(batch->rows == mr_csv_reader_records(reader));
    for (size_t i = 0; i < bad.bytes; i++) lines += bad.text[i] == '\n';
    MR_ASSERT(bad.bytes == 0 || lines == batch->rows - batch->sel_count);
}

mr_status mr_csv_push_all(struct mr_csv_reader *reader, struct mr_heap *heap, struct mr_span input,
                          size_t step, struct mr_text *out, struct mr_text *bad,
                          struct mr_err *err)
{
    struct mr_arena arena;
    size_t at = 0, bytes = step == 0 ? input.bytes : MR_MIN(step, input.bytes);
    bool is_done = false;
    mr_status status = MR_OK;
    mr_arena_init(&arena, heap, 0);
    while (status == MR_OK && !is_done) {
        struct mr_batch batch;
        size_t consumed = 0;
        bool is_last = at + bytes == input.bytes;
        char *copy = malloc(bytes + MR_PAD);
        MR_ASSERT(copy != NULL);
        if (bytes > 0) memcpy(copy, input.text + at, bytes);
        memset(copy + bytes, '"', MR_PAD);
        mr_batch_init(&batch, &arena, mr_csv_reader_schema(reader));
        status = mr_csv_reader_decode(reader, copy, bytes, is_last, &batch, &consumed, err);
        if (status == MR_OK) {
            struct mr_span lines = mr_csv_reader_bad_records(reader);
            batch_check(reader, &batch);
            mr_batch_write_json(&batch, out);
            mr_text_add(bad, lines.text, lines.bytes);
            bool is_moving = consumed > 0 || mr_csv_reader_records(reader) > 0;
            MR_ASSERT(consumed <= bytes && (!is_last || is_moving || bytes == 0));
            at += consumed;
            is_done = at == input.bytes;
            if (consumed > 0) bytes = step == 0 ? input.bytes - at : MR_MIN(step, input.bytes - at);
            if (!is_moving) bytes = MR_MIN(bytes + step, input.bytes - at);
        }
        mr_batch_fini(&batch);
        free(copy);
    }
    mr_arena_fini(&arena);
    return status;
}
