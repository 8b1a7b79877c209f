/* Fuzz target: any bytes as the lines of a table's log. What is asserted: nothing reads outside
 * the bytes, all memory comes back, an error has a text; and for a log that is a table, that its
 * layout, its files' values, statistics and deletion vectors are read or refused, and that files
 * are counted as they are listed. Built as fuzz_json is: for libFuzzer, or to replay its corpus. */
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/format/delta/delta_dv.h"
#include "core/format/delta/delta_protocol.h"
#include "core/format/delta/delta_skip.h"
#include "tests/fuzz/replay.h"

static void read_vector(struct mr_arena *arena, const struct mr_delta_dv *dv, struct mr_err *err)
{
    const struct mr_span none = {NULL, 0};
    struct mr_delta_row_set set;
    struct mr_text path;
    bool is_absolute = false;
    mr_text_init(&path, arena->heap);
    if (dv->storage == 'i') {
        mr_status status = mr_delta_dv_read(arena, dv, none, &set, err);
        MR_ASSERT(status == MR_OK || err->message[0] != '\0');
    } else if (dv->storage != 0 && mr_delta_dv_path(dv, &path, &is_absolute, err) == MR_OK) {
        MR_ASSERT(path.used > 0);
    }
    mr_text_fini(&path);
}

/* Every column of the table, also those that the statistics have not. */
static void read_stats(struct mr_arena *arena, const struct mr_delta_layout *layout,
                       struct mr_span text, struct mr_err *err)
{
    const struct mr_doc *stats = NULL;
    if (text.bytes == 0 || mr_doc_read(arena, text, &stats, err) != MR_OK) return;
    for (uint32_t i = 0; i < layout->schema->field_count; i++) {
        struct mr_predicate_range range;
        struct mr_predicate_term term = {.op = MR_PREDICATE_EQ, .value_count = 1};
        mr_delta_stats_range(stats, &layout->physical->fields[i].name, 1,
                             layout->schema->fields[i].type, true, &range);
        if (!range.has_max || !range.may_have_values) continue;
        term.values = &range.max;
        MR_ASSERT(mr_predicate_term_may(&term, &range) || range.has_min);
    }
}

static void read_files(struct mr_arena *arena, const struct mr_delta_snapshot *snapshot,
                       struct mr_err *err)
{
    struct mr_delta_layout layout;
    struct mr_delta_action action;
    uint32_t cursor = 0;
    uint64_t count = 0;
    if (mr_delta_layout_make(arena, snapshot, &layout, err) != MR_OK) return;
    struct mr_value *values =
        MR_ARENA_ARRAY(arena, struct mr_value, (size_t)layout.partition_count + 1);
    MR_ASSERT(values != NULL);
    while (mr_delta_snapshot_next(snapshot, &cursor, &action)) {
        if (action.kind != MR_DELTA_ADD) continue;
        const struct mr_delta_file *file = &action.u.file;
        mr_status status =
            mr_delta_layout_values(arena, &layout, file->partition_values, values, err);
        MR_ASSERT(status == MR_OK || err->message[0] != '\0');
        read_stats(arena, &layout, file->stats, err);
        read_vector(arena, &file->dv, err);
        count++;
    }
    MR_ASSERT(count == snapshot->file_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct mr_heap heap;
    struct mr_arena scratch, arena;
    struct mr_delta_snapshot snapshot;
    struct mr_err err = {0};
    struct mr_span text = {(const char *)bytes, count};
    mr_heap_init(&heap, 0);
    mr_arena_init(&scratch, &heap, 0);
    mr_arena_init(&arena, &heap, 0);
    mr_delta_snapshot_init(&snapshot, &heap);
    mr_status status = mr_delta_snapshot_replay(&snapshot, &scratch, text, NULL, NULL, &err);
    if (status == MR_OK) status = mr_delta_snapshot_settle(&snapshot, &err);
    MR_ASSERT(status == MR_OK || err.message[0] != '\0');
    if (status == MR_OK) read_files(&arena, &snapshot, &err);
    mr_delta_snapshot_fini(&snapshot);
    mr_arena_fini(&arena);
    mr_arena_fini(&scratch);
    MR_ASSERT(heap.used_bytes == 0);
    return 0;
}
