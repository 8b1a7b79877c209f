/* Fuzz target: any bytes as a pipeline spec. What is asserted: nothing reads or writes outside its
 * bounds, no memory is left, a spec that is taken has what every pipeline needs, and an error has a
 * text and stays within the file. Built as fuzz_json is. */
#include <string.h>

#include "core/base/assert.h"
#include "core/pipeline/spec.h"
#include "tests/fuzz/replay.h"

static const char *get_variable(void *ctx, const char *name)
{
    (void)ctx;
    return name[0] == 'A' ? "value" : name[0] == 'B' ? "" : NULL;
}

static uint32_t lines_of(struct mr_span text)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < text.bytes; i++) lines += text.text[i] == '\n' || text.text[i] == '\r';
    return lines;
}

static void check_spec(const struct mr_pipeline_spec *spec)
{
    MR_ASSERT(spec->name[0] != '\0' && spec->storage[0] != '\0');
    MR_ASSERT(strchr(spec->catalog, '/') == NULL && strchr(spec->database, '/') == NULL);
    for (uint32_t i = 0; i < spec->configuration_count; i++) {
        const struct mr_setting *setting = &spec->configuration[i];
        MR_ASSERT(strlen(setting->name.text) == setting->name.bytes);
        MR_ASSERT(strlen(setting->value.text) == setting->value.bytes);
    }
    for (uint32_t i = 0; i < spec->library_count; i++) {
        MR_ASSERT(spec->libraries[i].path[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const struct mr_variables variables = {.get = get_variable};
    struct mr_span text = {(const char *)bytes, count};
    struct mr_pipeline_spec spec;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_err err = {0};
    mr_heap_init(&heap, 64 << 20);
    mr_arena_init(&arena, &heap, 0);
    if (mr_pipeline_spec_read(&arena, text, "spec", "folder", NULL, &variables, &spec, &err) ==
        MR_OK) {
        check_spec(&spec);
    } else {
        MR_ASSERT(err.message[0] != '\0');
        /* libyaml counts U+0085, U+2028 and U+2029 as line ends too, three bytes at most each. */
        MR_ASSERT(err.line <= lines_of(text) + count);
    }
    mr_arena_fini(&arena);
    MR_ASSERT(heap.used_bytes == 0);
    return 0;
}
