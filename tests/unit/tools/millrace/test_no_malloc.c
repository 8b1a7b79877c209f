/* Shown: between the first epoch and the last no shard takes memory from the system: malloc and its
 * kin, mmap and munmap are counted here by thread while the program's own `run` reads plain and
 * compressed files over eight epochs into a partitioned table, with io_uring and without. That the
 * count works is shown too: a thread named like a shard that allocates is seen. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/span.h"
#include "kernels/codec/codec.h"
#include "tests/support/tempdir.h"
#include "tools/millrace/cli.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* The sanitizers bring their own malloc. */
int main(void)
{
    return 77;
}
#else

enum { FILES = 16, EPOCHS = FILES / 2, ROWS = 1500, PATH_MAX_BYTES = 1024, WAIT_US = 200 };

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);
void __libc_free(void *block);

/* ---- the count ---- */

static _Atomic bool is_armed;
static _Atomic uint64_t seen;
static _Atomic(const char *) first_seen;

static void note(const char *what)
{
    char name[16] = "";
    if (!atomic_load(&is_armed)) return;
    (void)prctl(PR_GET_NAME, name);
    if (strncmp(name, "shard", 5) != 0) return;
    if (atomic_fetch_add(&seen, 1) == 0) atomic_store(&first_seen, what);
}

void *malloc(size_t bytes)
{
    note("malloc");
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    note("calloc");
    return __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
    note("realloc");
    return __libc_realloc(block, bytes);
}

void *memalign(size_t align, size_t bytes)
{
    note("memalign");
    return __libc_memalign(align, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    note("aligned_alloc");
    return __libc_memalign(align, bytes);
}

int posix_memalign(void **out_block, size_t align, size_t bytes)
{
    note("posix_memalign");
    *out_block = __libc_memalign(align, bytes);
    return *out_block == NULL ? ENOMEM : 0;
}

void free(void *block)
{
    if (block != NULL) note("free");
    __libc_free(block);
}

void *mmap(void *at, size_t bytes, int protection, int flags, int file, off_t off)
{
    note("mmap");
    return (void *)syscall(SYS_mmap, at, bytes, protection, flags, file, off);
}

int munmap(void *at, size_t bytes)
{
    note("munmap");
    return (int)syscall(SYS_munmap, at, bytes);
}

/* ---- the pipeline ---- */

static char root[MR_TEMPDIR_MAX];

static void put(const char *name, const void *bytes, size_t count)
{
    char path[PATH_MAX_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* Rows with texts that need rewriting, nested values, a field that the schema lacks, values that
 * misfit and a line that is no JSON. */
static size_t make_rows(char *out, size_t room, int file)
{
    size_t used = 0;
    for (int i = 0; i < ROWS; i++) {
        int id = file * ROWS + i;
        used += (size_t)snprintf(out + used, room - used,
                                 "{\"id\":%d,\"part\":%d,\"t\":\"text \\\"%d\\\" of some length, "
                                 "\\u00e4%d\",\"s\":{\"a\":%d.25,\"b\":[%d,2,3]}%s}\n",
                                 id, i % 7, i, id, i, i,
                                 i % 50 == 0   ? ",\"new\":{\"x\":1}"
                                 : i % 70 == 1 ? ",\"at\":\"no time\""
                                               : ",\"at\":\"2026-01-02T03:04:05Z\"");
    }
    used += (size_t)snprintf(out + used, room - used, "no JSON\n");
    assert_true(used < room);
    return used;
}

static void make_file(int number)
{
    static const struct mr_codec_limits limits = {.gzip_level = 1};
    const size_t room = 1 << 20;
    char name[64], *rows = malloc(room), *packed = malloc(2 * room);
    size_t bytes = make_rows(rows, room, number), packed_bytes;
    void *memory = aligned_alloc(64, mr_codec_footprint(&limits) + 64);
    struct mr_codec *codec;
    assert_int_equal(mr_codec_init(memory, &limits, &codec, NULL), MR_OK);
    assert_int_equal(mr_codec_compress(codec, MR_CODEC_GZIP, rows, bytes, packed, 2 * room,
                                       &packed_bytes, NULL),
                     MR_OK);
    bool is_packed = number % 2 == 1;
    (void)snprintf(name, sizeof name, "landing/%d.json%s", number, is_packed ? ".gz" : "");
    put(name, is_packed ? packed : rows, is_packed ? packed_bytes : bytes);
    free(memory);
    free(packed);
    free(rows);
}

static void make_pipeline(void)
{
    static const char spec[] = "name: test\nstorage: storage\nlibraries:\n"
                               "  - glob: {include: transformations/**}\n";
    static const char sql[] =
        "CREATE OR REFRESH STREAMING TABLE t PARTITIONED BY (part) AS\n"
        "SELECT *, upper(t) AS u FROM STREAM read_files('landing', format => 'json',\n"
        "  maxFilesPerTrigger => 2, schemaEvolutionMode => 'rescue',\n"
        "  schema => 'id BIGINT, part INT, t STRING, s STRUCT<a: DOUBLE, b: ARRAY<INT>>,\n"
        "    at TIMESTAMP') WHERE id % 10 <> 3;\n";
    static const char *const folders[] = {"transformations", "landing"};
    for (int i = 0; i < 2; i++) {
        char path[PATH_MAX_BYTES];
        (void)snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        assert_int_equal(mkdir(path, 0777), 0);
    }
    put("spark-pipeline.yml", spec, sizeof spec - 1);
    put("transformations/all.sql", sql, sizeof sql - 1);
    for (int i = 0; i < FILES; i++) make_file(i);
}

/* ---- the run ---- */

static bool has_version(int version)
{
    char path[PATH_MAX_BYTES];
    (void)snprintf(path, sizeof path, "%s/storage/tables/main/default/t/_delta_log/%020d.json",
                   root, version);
    return access(path, F_OK) == 0;
}

static _Atomic bool has_ended;

/* Version 0 makes the table, each epoch adds one. */
static void *watch(void *arg)
{
    int *armed_at = arg;
    while (!atomic_load(&has_ended) && !has_version(1)) (void)usleep(WAIT_US);
    atomic_store(&is_armed, true);
    *armed_at = 1;
    while (has_version(*armed_at + 1)) ++*armed_at;
    while (!atomic_load(&has_ended) && !has_version(EPOCHS)) (void)usleep(WAIT_US);
    atomic_store(&is_armed, false);
    return NULL;
}

static const char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static void run_counted(const char *io)
{
    struct mr_cli cli;
    struct mr_err err = {0};
    pthread_t watcher;
    int armed_at = 0;
    char *words[] = {(char *)(uintptr_t) "run", root, (char *)(uintptr_t) "--threads=2",
                     (char *)(uintptr_t)io};
    mr_tempdir_make(root);
    make_pipeline();
    atomic_store(&seen, 0);
    atomic_store(&has_ended, false);
    assert_int_equal(pthread_create(&watcher, NULL, watch, &armed_at), 0);
    mr_cli_init(&cli, stdout, stderr, no_variable);
    assert_int_equal(mr_cli_parse(&cli, 4, words, &err), MR_OK);
    int code = cli.command->run(&cli, &err);
    if (code != MR_EXIT_OK) print_message("%s\n", err.message);
    assert_int_equal(code, MR_EXIT_OK);
    atomic_store(&has_ended, true);
    assert_int_equal(pthread_join(watcher, NULL), 0);
    mr_cli_fini(&cli);
    assert_true(has_version(EPOCHS) && !has_version(EPOCHS + 1));
    assert_true(armed_at < EPOCHS); /* or nothing was watched */
    print_message("%s: epochs %d to %d counted\n", io, armed_at, EPOCHS - 1);
    if (atomic_load(&seen) > 0) print_message("first seen: %s\n", atomic_load(&first_seen));
    assert_int_equal(atomic_load(&seen), 0);
    mr_tempdir_remove(root);
}

static void test_auto(void **state)
{
    (void)state;
    run_counted("--io=auto");
}

static void test_poll(void **state)
{
    (void)state;
    run_counted("--io=poll");
}

static void *allocate(void *arg)
{
    (void)arg;
    (void)prctl(PR_SET_NAME, "shard 0");
    void *volatile block = malloc(100);
    free(block);
    return NULL;
}

static void test_count(void **state)
{
    (void)state;
    pthread_t thread;
    atomic_store(&is_armed, true);
    assert_int_equal(pthread_create(&thread, NULL, allocate, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    atomic_store(&is_armed, false);
    assert_true(atomic_load(&seen) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_auto),
        cmocka_unit_test(test_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
