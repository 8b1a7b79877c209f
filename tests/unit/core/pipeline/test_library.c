/* Shown: the spec is found in its folder, both names at once are refused; libraries name the files
 * below a folder in order, each once, without hidden ones; other kinds of files and missing ones
 * are refused by name at their line; @file: reads a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/pipeline/spec.h"
#include "io/posix/posix_io.h"
#include "tests/support/tempdir.h"

struct fixture {
    char folder[MR_TEMPDIR_MAX];
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_io *io;
};

static int setup(void **state)
{
    static struct fixture f;
    mr_tempdir_make(f.folder);
    mr_heap_init(&f.heap, 0);
    mr_arena_init(&f.arena, &f.heap, 0);
    assert_int_equal(mr_posix_open(&f.heap, &(struct mr_posix_options){.seed = 1}, &f.io, NULL),
                     MR_OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    f->io->driver->close(f->io);
    mr_arena_fini(&f->arena);
    assert_int_equal(f->heap.used_bytes, 0);
    mr_tempdir_remove(f->folder);
    return 0;
}

static void put(struct fixture *f, const char *name, const char *content)
{
    const char *path = mr_arena_format(&f->arena, "%s/%s", f->folder, name);
    assert_int_equal(mr_dir_make(f->io, mr_dir_of(&f->arena, path), NULL), MR_OK);
    assert_int_equal(mr_file_replace(f->io, path, mr_span_of(content), NULL), MR_OK);
}

static const char *const spec_text =
    "name: a\nstorage: s\nlibraries:\n- glob: {include: t/**}\n- glob: {include: t/b.sql}\n";

static mr_status load(struct fixture *f, const struct mr_library_file **files, uint32_t *count,
                      struct mr_err *err)
{
    struct mr_pipeline_spec spec;
    const char *folder = mr_arena_format(&f->arena, "%s//", f->folder);
    MR_TRY(mr_pipeline_spec_load(&f->arena, f->io, folder, NULL, &spec, err));
    return mr_pipeline_library_files(&f->arena, f->io, &spec, files, count, err);
}

static void test_files(void **state)
{
    struct fixture *f = *state;
    const struct mr_library_file *files;
    uint32_t count;
    struct mr_err err;
    put(f, "spark-pipeline.yml", spec_text);
    put(f, "t/b.sql", "");
    put(f, "t/a/z.sql", "");
    put(f, "t/c.sql", "");
    put(f, "t/.hidden.txt", "");
    put(f, "t/.git/x.txt", "");
    assert_int_equal(load(f, &files, &count, &err), MR_OK);
    assert_int_equal(count, 3);
    assert_string_equal(files[0].label, "t/a/z.sql");
    assert_string_equal(files[1].label, "t/b.sql");
    assert_string_equal(files[2].label, "t/c.sql");
    assert_int_equal(strncmp(files[0].path, f->folder, strlen(f->folder)), 0);
    put(f, "t/d.py", "");
    assert_int_equal(load(f, &files, &count, &err), MR_E_UNSUPPORTED);
    assert_int_equal(err.code, 6111);
    assert_int_equal(err.line, 4);
    assert_non_null(strstr(err.message, "t/d.py"));
}

static void test_missing(void **state)
{
    struct fixture *f = *state;
    const struct mr_library_file *files;
    uint32_t count;
    struct mr_err err;
    assert_int_equal(load(f, &files, &count, &err), MR_E_NOT_FOUND);
    assert_int_equal(err.code, 6101);
    put(f, "spark-pipeline.yaml", spec_text);
    assert_int_equal(load(f, &files, &count, &err), MR_E_NOT_FOUND);
    assert_int_equal(err.code, 6113);
    assert_int_equal(err.line, 4);
    put(f, "t/b.sql/x.sql", "");
    assert_int_equal(load(f, &files, &count, &err), MR_E_NOT_FOUND);
    assert_int_equal(err.line, 5);
    put(f, "t/e.txt", "");
    assert_int_equal(load(f, &files, &count, &err), MR_E_UNSUPPORTED);
    assert_int_equal(err.code, 6109);
    put(f, "spark-pipeline.yaml", "name: a\nstorage: s\n");
    assert_int_equal(load(f, &files, &count, &err), MR_E_NOT_FOUND);
    assert_int_equal(err.code, 6113);
    put(f, "spark-pipeline.yml", spec_text);
    assert_int_equal(load(f, &files, &count, &err), MR_E_INVALID);
    assert_int_equal(err.code, 6102);
}

static void test_text_file(void **state)
{
    struct fixture *f = *state;
    struct mr_pipeline_spec spec;
    struct mr_err err;
    put(f, "spark-pipeline.yml", "name: '@file:secret/n'\nstorage: s\n");
    put(f, "secret/n", "word\r\n");
    assert_int_equal(mr_pipeline_spec_load(&f->arena, f->io, f->folder, NULL, &spec, &err), MR_OK);
    assert_string_equal(spec.name, "word");
    put(f, "spark-pipeline.yml", "name: '@file:gone'\nstorage: s\n");
    assert_int_equal(mr_pipeline_spec_load(&f->arena, f->io, f->folder, NULL, &spec, &err),
                     MR_E_NOT_FOUND);
    assert_int_equal(err.code, 6108);
    assert_int_equal(err.line, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
