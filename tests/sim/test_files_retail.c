/* The retail data as it would arrive: its files dropped one by one into a folder, by date and in a
 * random order, a plan after each or after a few, the process ended in between. Each file is taken
 * once, with its size, and the bytes of all plans are the bytes of all files. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/base/rng.h"
#include "io/files/files_source.h"
#include "tests/support/shared.h"
#include "tests/support/sim.h"

enum { FILES = 62 };

struct drop {
    char real[MR_SHARED_PATH_MAX + 64];
    char path[256];
    uint64_t bytes;
    uint32_t taken;
};

struct retail {
    struct drop files[FILES];
    uint32_t count;
    struct mr_simdisk *disk;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_source_options options;
    struct mr_sim *sim;
    struct mr_io *io;
    struct mr_source *source;
    struct mr_err err;
    int64_t offset;
};

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct drop *)a)->path, ((const struct drop *)b)->path);
}

static void retail_init(struct retail *r)
{
    char folder[MR_SHARED_PATH_MAX];
    mr_shared_path("data/retail", folder);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    memset(r, 0, sizeof *r);
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strstr(e->d_name, ".csv") == NULL || r->count == FILES) continue;
        struct drop *file = &r->files[r->count++];
        struct stat st;
        snprintf(file->real, sizeof file->real, "%s/%.60s", folder, e->d_name);
        snprintf(file->path, sizeof file->path, "/in/%.60s", e->d_name);
        assert_int_equal(stat(file->real, &st), 0);
        file->bytes = (uint64_t)st.st_size;
    }
    assert_int_equal(closedir(dir), 0);
    assert_int_equal(r->count, FILES);
    qsort(r->files, r->count, sizeof *r->files, by_path);
    r->disk = mr_simdisk_open();
    mr_simdisk_put(r->disk, "/in/_started", MR_SPAN(""));
    mr_heap_init(&r->heap, 0);
    mr_arena_init(&r->arena, &r->heap, 0);
    r->offset = -1;
}

static void retail_start(struct retail *r, uint64_t seed)
{
    const struct mr_sim_options sim = {.seed = seed};
    r->sim = mr_sim_open(r->disk, &sim);
    r->io = mr_sim_io(r->sim, "control");
    assert_int_equal(mr_source_options_read(&r->arena, NULL, 0, &r->options, &r->err), MR_OK);
    const struct mr_source_spec spec = {
        .heap = &r->heap,
        .io = r->io,
        .path = MR_SPAN("/in/*.csv*"),
        .options = &r->options,
        .log_folder = "/cp/sources/0",
        .own_folder = "/cp/millrace",
        .offset = r->offset,
        .committed = r->offset,
    };
    assert_int_equal(mr_files_source_open(&spec, &r->source, &r->err), MR_OK);
}

static void retail_stop(struct retail *r)
{
    assert_int_equal(r->source->driver->stop(r->source, &r->err), MR_OK);
    r->source->driver->close(r->source);
    mr_io_close(r->io);
    mr_sim_close(r->sim);
}

static void retail_plan(struct retail *r)
{
    const struct mr_source_limits limits = {0};
    struct mr_source_list list;
    assert_int_equal(r->source->driver->plan(r->source, &limits, &r->arena, &list, &r->err), MR_OK);
    assert_int_equal(r->source->driver->harden(r->source, &r->err), MR_OK);
    for (uint32_t i = 0; i < list.count; i++) {
        struct drop key, *file;
        snprintf(key.path, sizeof key.path, "%s", list.files[i].path);
        file = bsearch(&key, r->files, r->count, sizeof key, by_path);
        assert_non_null(file);
        assert_int_equal(list.files[i].bytes, file->bytes);
        file->taken++;
    }
    r->offset = list.offset;
    assert_int_equal(r->source->driver->commit(r->source, r->offset, &r->err), MR_OK);
    mr_arena_reset(&r->arena);
}

/* Drops the files in `order`; a plan follows each with probability 1 / plan_every. */
static void retail_run(struct retail *r, const uint32_t *order, struct mr_rng *rng,
                       uint32_t plan_every)
{
    retail_start(r, 1);
    for (uint32_t i = 0; i < r->count; i++) {
        struct drop *file = &r->files[order[i]];
        assert_true(mr_simdisk_import(r->disk, file->real, file->path));
        if (mr_rng_below(rng, plan_every) == 0) retail_plan(r);
        if (mr_rng_below(rng, 10) == 0) {
            retail_stop(r);
            mr_arena_reset(&r->arena);
            retail_start(r, i + 2);
        }
    }
    retail_plan(r);
    retail_plan(r);
    retail_stop(r);
    for (uint32_t i = 0; i < r->count; i++) assert_int_equal(r->files[i].taken, 1);
    mr_arena_fini(&r->arena);
    assert_int_equal(r->heap.used_bytes, 0);
    mr_simdisk_close(r->disk);
}

static void test_by_date(void **state)
{
    struct retail r;
    struct mr_rng rng;
    uint32_t order[FILES];
    retail_init(&r);
    mr_rng_init(&rng, 1);
    for (uint32_t i = 0; i < FILES; i++) order[i] = i;
    retail_run(&r, order, &rng, 1);
    assert_int_equal(r.offset, FILES - 1); /* each came alone */
}

static void test_random_order(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct retail r;
        struct mr_rng rng;
        uint32_t order[FILES];
        retail_init(&r);
        mr_rng_init(&rng, seed);
        for (uint32_t i = 0; i < FILES; i++) {
            uint32_t j = (uint32_t)mr_rng_below(&rng, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        retail_run(&r, order, &rng, (uint32_t)seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_date),
        cmocka_unit_test(test_random_order),
    };
    char folder[MR_SHARED_PATH_MAX];
    mr_shared_path("data/retail", folder);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
