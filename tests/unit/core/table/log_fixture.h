/* What tests of reading tables share: a table whose log is written line by line. */
#ifndef MR_TESTS_UNIT_CORE_TABLE_LOG_FIXTURE_H
#define MR_TESTS_UNIT_CORE_TABLE_LOG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/port/files.h"
#include "core/table/table_travel.h"
#include "io/posix/posix_io.h"
#include "tests/support/tempdir.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_io *io;
    char path[MR_TEMPDIR_MAX];
    struct mr_err err;
};

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char log[MR_TEMPDIR_MAX + 16];
    mr_tempdir_make(f->path);
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->arena, &f->heap, 0);
    assert_int_equal(
        mr_posix_open(&f->heap, &(struct mr_posix_options){.seed = 1}, &f->io, NULL), MR_OK);
    (void)snprintf(log, sizeof log, "%s/_delta_log", f->path);
    assert_int_equal(mkdir(log, 0777), 0);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    mr_io_close(f->io);
    mr_arena_fini(&f->arena);
    assert_int_equal(f->heap.used_bytes, 0);
    mr_tempdir_remove(f->path);
    free(f);
    return 0;
}

#define MUST(f, call)                                                                              \
    do {                                                                                           \
        mr_status must_ = (call);                                                                  \
        if (must_ != MR_OK) print_error("%s: %s\n", mr_status_name(must_), (f)->err.message);      \
        assert_int_equal(must_, MR_OK);                                                            \
    } while (0)

/* A file below the table's folder. */
static inline void write_file(struct fixture *f, const char *name, const void *bytes, size_t count)
{
    char path[MR_TEMPDIR_MAX + 128];
    (void)snprintf(path, sizeof path, "%s/%s", f->path, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    assert_int_equal(fclose(out), 0);
}

static inline void remove_file(struct fixture *f, const char *name)
{
    char path[MR_TEMPDIR_MAX + 128];
    (void)snprintf(path, sizeof path, "%s/%s", f->path, name);
    assert_int_equal(unlink(path), 0);
}

/* A file of the log; `lines` have single quotes for double ones. */
static inline void write_log(struct fixture *f, const char *name, const char *lines)
{
    char path[128], *text = strdup(lines);
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\'') *at = '"';
    }
    (void)snprintf(path, sizeof path, "_delta_log/%s", name);
    write_file(f, path, text, strlen(text));
    free(text);
}

static inline void write_commit(struct fixture *f, int version, const char *lines)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%020d.json", version);
    write_log(f, name, lines);
}

#define PROTOCOL "{'protocol':{'minReaderVersion':1,'minWriterVersion':2}}\n"

/* A metaData line; schema fields and configuration as JSON with single quotes, the schema's own
 * quotes doubled by the caller's escapes. */
#define METADATA(fields, partitions, configuration)                                                \
    "{'metaData':{'id':'t','format':{'provider':'parquet','options':{}},'schemaString':'{"         \
    "\\'type\\':\\'struct\\',\\'fields\\':[" fields "]}','partitionColumns':[" partitions          \
    "],'configuration':{" configuration "}}}\n"
#define FIELD(name, type)                                                                          \
    "{\\'name\\':\\'" name "\\',\\'type\\':\\'" type "\\',\\'nullable\\':true,\\'metadata\\':{}}"
#define ADD(path)                                                                                  \
    "{'add':{'path':'" path "','partitionValues':{},'size':10,'modificationTime':1,"              \
    "'dataChange':true}}\n"
#define REMOVE(path)                                                                               \
    "{'remove':{'path':'" path "','deletionTimestamp':4000000000000,'dataChange':true}}\n"

static inline struct mr_table *open_at(struct fixture *f, int64_t version)
{
    struct mr_table_when when = {.kind = MR_TABLE_AT_VERSION, .version = version};
    struct mr_table *table = NULL;
    MUST(f, mr_table_open_at(f->io, &f->heap, f->path, &when, &table, &f->err));
    return table;
}

static inline struct mr_table *open_newest(struct fixture *f)
{
    struct mr_table *table = NULL;
    MUST(f, mr_table_open(f->io, &f->heap, f->path, &table, &f->err));
    return table;
}

#endif
