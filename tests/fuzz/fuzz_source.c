/* Fuzz target: bytes that a file source reads or is given. The first byte chooses: an entry of the
 * list of taken files, a URI, a glob and a path (a zero byte between them), an option and its
 * value. What is asserted: nothing is read or written outside its bounds, a failure names the
 * damage, what is read back can be written and read again, and no memory is left.
 *
 * With clang and -Dfuzz=true it is a libFuzzer target; otherwise see replay.h. */
#include <string.h>

#include "core/base/assert.h"
#include "core/port/source_options.h"
#include "io/files/file_log.h"
#include "io/files/file_uri.h"
#include "io/files/glob.h"
#include "tests/fuzz/replay.h"
#include "tests/support/sim.h"

static mr_status entry_check(void *ctx, const struct mr_log_file *file, struct mr_err *err)
{
    struct mr_arena *arena = ctx;
    struct mr_span again;
    struct mr_span uri = mr_file_uri_of(arena, file->path);
    MR_ASSERT(file->path.text[0] == '/');
    MR_ASSERT(file->path.text[file->path.bytes] == '\0');
    MR_ASSERT(mr_file_uri_read(arena, uri, &again, err) == MR_OK);
    MR_ASSERT(mr_span_eq(again, file->path));
    return MR_OK;
}

static void fuzz_entry(struct mr_heap *heap, struct mr_arena *arena, struct mr_span text)
{
    const struct mr_sim_options options = {.seed = 1};
    struct mr_simdisk *disk = mr_simdisk_open();
    mr_simdisk_put(disk, "/log/0", text);
    struct mr_sim *sim = mr_sim_open(disk, &options);
    struct mr_io *io = mr_sim_io(sim, "control");
    const struct mr_file_log log = {heap, io, "/log"};
    struct mr_err err = {0};
    mr_status status = mr_file_log_read(&log, -1, 0, entry_check, arena, &err);
    MR_ASSERT(status == MR_OK || (status == MR_E_CORRUPT && err.code == 2111));
    MR_ASSERT(status == MR_OK || strstr(err.message, "/log/0") != NULL);
    mr_io_close(io);
    mr_sim_close(sim);
    mr_simdisk_close(disk);
}

static void fuzz_uri(struct mr_arena *arena, struct mr_span text)
{
    struct mr_span path;
    struct mr_err err;
    mr_status status = mr_file_uri_read(arena, text, &path, &err);
    MR_ASSERT(status == MR_OK || status == MR_E_INVALID);
    if (status != MR_OK) return;
    const struct mr_log_file file = {.path = path};
    MR_ASSERT(entry_check(arena, &file, &err) == MR_OK);
}

static void fuzz_glob(struct mr_arena *arena, struct mr_span text)
{
    struct mr_glob glob;
    struct mr_err err;
    const char *cut = memchr(text.text, '\0', text.bytes);
    if (cut == NULL) return;
    struct mr_span pattern = {text.text, (size_t)(cut - text.text)};
    struct mr_span path = {cut + 1, text.bytes - pattern.bytes - 1};
    for (int crosses = 0; crosses <= 1; crosses++) {
        mr_status status = mr_glob_compile(arena, pattern, crosses == 1, &glob, &err);
        MR_ASSERT(status == MR_OK || status == MR_E_INVALID || status == MR_E_LIMIT);
        if (status != MR_OK) continue;
        bool is_whole = mr_glob_match(&glob, path, MR_GLOB_WHOLE);
        bool is_ancestor = mr_glob_match(&glob, path, MR_GLOB_ANCESTOR);
        bool is_prefix = mr_glob_match(&glob, path, MR_GLOB_PREFIX);
        MR_ASSERT(!is_whole || is_ancestor);
        MR_ASSERT(!is_ancestor || is_prefix);
        MR_ASSERT(!is_ancestor || mr_glob_may_hold(&glob, path));
    }
}

static void fuzz_option(struct mr_arena *arena, struct mr_span text)
{
    struct mr_source_options options;
    struct mr_err err = {0};
    const char *equals = memchr(text.text, '=', text.bytes);
    if (equals == NULL) return;
    struct mr_source_pair pair = {.name = {text.text, (size_t)(equals - text.text)}};
    pair.value = (struct mr_span){equals + 1, text.bytes - pair.name.bytes - 1};
    mr_status status = mr_source_options_read(arena, &pair, 1, &options, &err);
    MR_ASSERT(status == MR_OK || (status == MR_E_INVALID && err.code >= 2101 && err.code <= 2103));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct mr_heap heap;
    struct mr_arena arena;
    if (count == 0 || count > 65536) return 0;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    char *copy = mr_arena_copy(&arena, (struct mr_span){(const char *)bytes + 1, count - 1});
    MR_ASSERT(copy != NULL);
    struct mr_span text = {copy, count - 1};
    switch (bytes[0] % 4) {
    case 0: fuzz_entry(&heap, &arena, text); break;
    case 1: fuzz_uri(&arena, text); break;
    case 2: fuzz_glob(&arena, text); break;
    case 3: fuzz_option(&arena, text); break;
    }
    mr_arena_fini(&arena);
    MR_ASSERT(heap.used_bytes == 0);
    return 0;
}
