/* Fuzz target: any bytes as a deletion vector. What is asserted: nothing reads outside the bytes,
 * memory is a small multiple of them and all comes back, and a set that decodes gives as many rows
 * as it says, in whatever windows it is asked. Built as fuzz_json is: for libFuzzer, or to replay
 * its corpus. */
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/format/delta/delta_dv.h"
#include "tests/fuzz/replay.h"

enum { WINDOW = 4096, WINDOWS_MAX = 80 };

static uint64_t count_rows(const struct mr_delta_row_set *set)
{
    uint64_t bits[WINDOW / 64], count = 0;
    for (uint64_t first = 0; first < (uint64_t)WINDOW * WINDOWS_MAX; first += WINDOW) {
        memset(bits, 0, sizeof bits);
        mr_delta_row_set_add(set, first, WINDOW, bits);
        for (int i = 0; i < WINDOW / 64; i++) count += (uint64_t)__builtin_popcountll(bits[i]);
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_delta_row_set set;
    struct mr_err err = {0};
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    struct mr_span span = {(const char *)bytes, count};
    mr_status status = mr_delta_row_set_decode(&arena, span, &set, &err);
    MR_ASSERT(status == MR_OK || err.message[0] != '\0');
    if (status == MR_OK) MR_ASSERT(count_rows(&set) <= set.cardinality);
    MR_ASSERT(heap.peak_bytes < 16384 + 64 * count);
    mr_arena_fini(&arena);
    MR_ASSERT(heap.used_bytes == 0);
    return 0;
}
