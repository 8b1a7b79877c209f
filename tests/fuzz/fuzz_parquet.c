/* Fuzz target: any bytes through the Parquet reader. The first byte chooses the batch size and
 * whether page checksums are believed, the rest is the file. What is asserted: nothing reads or
 * writes outside its bounds, memory stays under the limit and all comes back, batches hold their
 * invariants, and errors have a text. Built as fuzz_json is: for libFuzzer, or to replay its
 * corpus. */
#include <stdlib.h>

#include "core/format/parquet/pq_reader.h"
#include "tests/fuzz/replay.h"

enum { MEMORY_BYTES = 4 << 20, BATCHES_MAX = 200 };

static void batches_read(struct mr_pq_reader *reader, struct mr_heap *heap)
{
    struct mr_arena arena;
    struct mr_err err = {0};
    bool has_rows = true;
    mr_arena_init(&arena, heap, 0);
    for (int i = 0; i < BATCHES_MAX && has_rows; i++) {
        struct mr_batch batch;
        if (mr_pq_reader_next(reader, &arena, &batch, &has_rows, &err) != MR_OK) {
            MR_ASSERT(err.message[0] != '\0');
            break;
        }
        if (!has_rows) break;
        mr_batch_check(&batch);
        mr_batch_fini(&batch);
    }
    mr_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const struct mr_codec_limits levels = {0};
    struct mr_pq_reader_limits limits = {.memory_bytes = MEMORY_BYTES};
    struct mr_pq_reader *reader;
    struct mr_codec *codec;
    struct mr_heap heap;
    struct mr_err err = {0};
    if (count == 0) return 0;
    limits.batch_rows = bytes[0] >> 1;
    limits.ignores_crc = bytes[0] % 2 == 1;
    mr_heap_init(&heap, 0);
    void *memory = mr_heap_take(&heap, mr_codec_footprint(&levels));
    MR_ASSERT(memory != NULL);
    mr_status status = mr_codec_init(memory, &levels, &codec, &err);
    MR_ASSERT(status == MR_OK);
    size_t used = heap.used_bytes;
    struct mr_span file = {(const char *)bytes + 1, count - 1};
    status = mr_pq_reader_open(&heap, codec, file, &limits, &reader, &err);
    MR_ASSERT(status == MR_OK || err.message[0] != '\0');
    if (status == MR_OK) {
        batches_read(reader, &heap);
        mr_pq_reader_close(reader);
    }
    MR_ASSERT(heap.used_bytes == used);
    /* The batch's arena is the caller's: a view for each level byte is the most it takes beside. */
    MR_ASSERT(heap.peak_bytes - used < (size_t)40 * MEMORY_BYTES);
    mr_heap_give(&heap, memory, mr_codec_footprint(&levels));
    return 0;
}
