/* Shown: a checkpoint keeps Spark's layout, survives reopening at every step, refuses a second
 * process, another table, holes and every damaged byte, and keeps only the newest epochs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/checkpoint/checkpoint.h"
#include "core/port/files.h"
#include "io/posix/posix_io.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_io *io;
    char path[64];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct mr_posix_options options = {.seed = 1};
    strcpy(f->path, "/tmp/mr_checkpoint_XXXXXX");
    assert_non_null(mkdtemp(f->path));
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->arena, &f->heap, 0);
    assert_int_equal(mr_posix_open(&f->heap, &options, &f->io, NULL), MR_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[100];
    mr_io_close(f->io);
    mr_arena_fini(&f->arena);
    assert_int_equal(f->heap.used_bytes, 0);
    (void)snprintf(command, sizeof command, "rm -rf %s", f->path);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void open_again(struct fixture *f, struct mr_checkpoint *c)
{
    struct mr_err err = {0};
    mr_checkpoint_close(c);
    mr_status status = mr_checkpoint_open(c, f->io, &f->heap, f->path, &err);
    if (status != MR_OK) print_error("%s\n", err.message);
    assert_int_equal(status, MR_OK);
}

static const struct mr_offsets_entry sample = {
    .watermark_ms = 5,
    .batch_time_ms = 1700000000000,
    .source_count = 2,
    .sources = {MR_SPAN("{\"logOffset\":0}"), MR_SPAN("-")},
};

static void test_life(void **state)
{
    struct fixture *f = *state;
    struct mr_checkpoint c = {.lock = -1}, other;
    struct mr_offsets_entry entry;
    struct mr_span json;
    int64_t watermark;
    char id[MR_UUID_TEXT];
    open_again(f, &c);
    strcpy(id, c.id);
    assert_int_equal(mr_checkpoint_open(&other, f->io, &f->heap, f->path, NULL), MR_E_LOCKED);
    for (int64_t epoch = 0; epoch < 3; epoch++) {
        assert_int_equal(mr_checkpoint_put_offsets(&c, epoch, &sample, NULL), MR_OK);
        open_again(f, &c);
        assert_true(c.newest_offsets == epoch && c.newest_commit == epoch - 1 && !c.is_prepared);
        assert_int_equal(mr_checkpoint_put_prepared(&c, epoch, MR_SPAN("{\"a\":1}"), NULL), MR_OK);
        open_again(f, &c);
        assert_true(c.is_prepared);
        assert_int_equal(mr_checkpoint_put_commit(&c, epoch, epoch * 10, NULL), MR_OK);
        open_again(f, &c);
        assert_int_equal(c.newest_commit, epoch);
        assert_string_equal(c.id, id);
    }
    assert_int_equal(mr_checkpoint_get_offsets(&c, &f->arena, 1, &entry, NULL), MR_OK);
    assert_int_equal(entry.batch_time_ms, sample.batch_time_ms);
    assert_int_equal(entry.source_count, 2);
    assert_true(mr_span_is(entry.sources[1], "-"));
    assert_int_equal(mr_checkpoint_get_prepared(&c, &f->arena, 2, &json, NULL), MR_OK);
    assert_true(mr_span_is(json, "{\"a\":1}"));
    assert_int_equal(mr_checkpoint_get_commit(&c, &f->arena, 2, &watermark, NULL), MR_OK);
    assert_int_equal(watermark, 20);
    assert_int_equal(mr_checkpoint_get_commit(&c, &f->arena, 3, &watermark, NULL), MR_E_NOT_FOUND);
    assert_int_equal(mr_checkpoint_target(&c, MR_SPAN("t1"), NULL), MR_OK);
    assert_int_equal(mr_checkpoint_target(&c, MR_SPAN("t1"), NULL), MR_OK);
    assert_int_equal(mr_checkpoint_target(&c, MR_SPAN("t2"), NULL), MR_E_CONFLICT);
    mr_checkpoint_close(&c);
}

static void test_withdraw_and_retain(void **state)
{
    struct fixture *f = *state;
    struct mr_checkpoint c = {.lock = -1};
    struct mr_dir_list list;
    open_again(f, &c);
    for (int64_t epoch = 0; epoch < MR_CHECKPOINT_RETAIN + 5; epoch++) {
        assert_int_equal(mr_checkpoint_put_offsets(&c, epoch, &sample, NULL), MR_OK);
        assert_int_equal(mr_checkpoint_put_prepared(&c, epoch, MR_SPAN("{}"), NULL), MR_OK);
        if (epoch == 1) {
            assert_int_equal(mr_checkpoint_withdraw(&c, epoch, NULL), MR_OK);
            open_again(f, &c);
            assert_true(!c.is_prepared && c.newest_offsets == 1);
            assert_int_equal(mr_checkpoint_put_prepared(&c, epoch, MR_SPAN("{}"), NULL), MR_OK);
        }
        assert_int_equal(mr_checkpoint_put_commit(&c, epoch, 0, NULL), MR_OK);
    }
    assert_int_equal(mr_checkpoint_retain(&c, NULL), MR_OK);
    const char *path = mr_checkpoint_path(&c, &f->arena, "offsets");
    assert_int_equal(mr_dir_list(f->io, &f->arena, path, false, &list, NULL), MR_OK);
    assert_int_equal(list.count, MR_CHECKPOINT_RETAIN);
    open_again(f, &c);
    mr_checkpoint_close(&c);
}

/* Flips every byte of a file in turn and expects `read` to refuse each. */
static void flip_all(struct fixture *f, const char *path, struct mr_checkpoint *c,
                     mr_status (*read)(struct mr_checkpoint *, struct mr_arena *))
{
    struct mr_span whole;
    struct mr_arena arena;
    mr_arena_init(&arena, &f->heap, 0);
    assert_int_equal(mr_file_read(f->io, &arena, path, 1 << 20, &whole, NULL), MR_OK);
    char *bytes = (char *)(uintptr_t)whole.text;
    for (size_t i = 0; i <= whole.bytes; i++) {
        struct mr_span damaged = {bytes, i < whole.bytes ? whole.bytes : whole.bytes - 1};
        if (i < whole.bytes) bytes[i] ^= 1;
        assert_int_equal(mr_file_replace(f->io, path, damaged, NULL), MR_OK);
        if (read(c, &f->arena) == MR_OK) fail_msg("byte %zu of %s changed unseen", i, path);
        if (i < whole.bytes) bytes[i] ^= 1;
    }
    assert_int_equal(mr_file_replace(f->io, path, whole, NULL), MR_OK);
    assert_int_equal(read(c, &f->arena), MR_OK);
    mr_arena_fini(&arena);
}

static mr_status read_offsets(struct mr_checkpoint *c, struct mr_arena *arena)
{
    struct mr_offsets_entry entry;
    return mr_checkpoint_get_offsets(c, arena, 0, &entry, NULL);
}

static mr_status read_prepared(struct mr_checkpoint *c, struct mr_arena *arena)
{
    struct mr_span json;
    return mr_checkpoint_get_prepared(c, arena, 0, &json, NULL);
}

static void test_damage(void **state)
{
    struct fixture *f = *state;
    struct mr_checkpoint c = {.lock = -1};
    open_again(f, &c);
    assert_int_equal(mr_checkpoint_put_offsets(&c, 0, &sample, NULL), MR_OK);
    assert_int_equal(mr_checkpoint_put_prepared(&c, 0, MR_SPAN("{\"a\":[1,2]}"), NULL), MR_OK);
    flip_all(f, mr_checkpoint_path(&c, &f->arena, "offsets/0"), &c, read_offsets);
    flip_all(f, mr_checkpoint_path(&c, &f->arena, "millrace/prepared/0"), &c, read_prepared);
    const char *metadata = mr_checkpoint_path(&c, &f->arena, "metadata");
    mr_checkpoint_close(&c);
    assert_int_equal(mr_file_remove(f->io, metadata, NULL), MR_OK);
    assert_int_equal(mr_checkpoint_open(&c, f->io, &f->heap, f->path, NULL), MR_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, setup, teardown),
        cmocka_unit_test_setup_teardown(test_withdraw_and_retain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
