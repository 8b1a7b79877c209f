/* Shown: hostile records cost no more than their limit and no more stack than 64 KiB: a line of a
 * million brackets, one of a million members, one over 16 MiB, and a schema as deep as schemas go.
 * What follows them is read. (R21; sanitizers need a larger stack, and get one.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "tests/support/json_decode.h"
#include "tests/support/type_text.h"

#if defined(__SANITIZE_ADDRESS__)
enum { STACK_BYTES = 1 << 20 };
#else
enum { STACK_BYTES = 64 << 10 };
#endif

struct job {
    struct mr_heap heap;
    struct mr_json_reader *reader;
    struct mr_text in, out;
    mr_status status;
};

static void *job_run(void *arg)
{
    struct job *job = arg;
    job->status =
        mr_json_push_all(job->reader, &job->heap, mr_text_span(&job->in), 0, &job->out, NULL);
    return NULL;
}

static void job_init(struct job *job, const char *columns)
{
    struct mr_json_options options;
    struct mr_arena arena;
    memset(job, 0, sizeof *job);
    mr_heap_init(&job->heap, 0);
    mr_text_init(&job->in, &job->heap);
    mr_text_init(&job->out, &job->heap);
    mr_json_options_init(&options);
    mr_arena_init(&arena, &job->heap, 0);
    assert_int_equal(mr_json_reader_open(&job->heap, mr_type_from_text(&arena, columns), &options,
                                         mr_json_kernels(mr_isa_best()), NULL, &job->reader, NULL),
                     MR_OK);
    mr_arena_fini(&arena);
}

/* job_check: runs on a small stack; `want` is what comes out. */
static void job_check(struct job *job, const char *want, uint64_t malformed)
{
    pthread_attr_t attr;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstacksize(&attr, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attr, job_run, job), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attr), 0);
    assert_int_equal(job->status, MR_OK);
    mr_text_addc(&job->out, '\0');
    assert_string_equal(job->out.at, want);
    assert_int_equal(mr_json_reader_counters(job->reader)->malformed, malformed);
    mr_json_reader_close(job->reader);
    mr_text_fini(&job->in);
    mr_text_fini(&job->out);
    assert_int_equal(job->heap.used_bytes, 0);
}

static void test_brackets(void **state)
{
    (void)state;
    static const char brackets[] = "[{";
    for (int i = 0; i < 2; i++) {
        struct job job;
        job_init(&job, "a bigint");
        mr_text_adds(&job.in, "{\"a\":1}\n{\"x\":");
        for (int k = 0; k < 1000000; k++) mr_text_addc(&job.in, brackets[i]);
        mr_text_adds(&job.in, "\n{\"a\":2}\n");
        job_check(&job, "{\"a\":1}\n{\"a\":null}\n{\"a\":2}\n", 1);
    }
}

static void test_members(void **state)
{
    (void)state;
    struct job job;
    job_init(&job, "a bigint");
    mr_text_adds(&job.in, "{\"a\":1");
    for (int k = 0; k < 1000000; k++) mr_text_addf(&job.in, ",\"_%x\":0", k);
    mr_text_adds(&job.in, "}\n{\"a\":2}\n");
    job_check(&job, "{\"a\":1}\n{\"a\":2}\n", 0);
}

static void test_long_record(void **state)
{
    (void)state;
    struct job job;
    job_init(&job, "a bigint, b string");
    mr_text_adds(&job.in, "{\"a\":1,\"b\":\"");
    for (int k = 0; k < 1 << 20; k++) mr_text_adds(&job.in, "seventeen bytes, ");
    mr_text_adds(&job.in, "\"}\n{\"a\":2}\n");
    job_check(&job, "{\"a\":null,\"b\":null}\n{\"a\":2,\"b\":null}\n", 1);
}

static void test_deep_schema(void **state)
{
    (void)state;
    struct job job;
    enum { DEPTH = MR_TYPE_DEPTH_MAX - 2 };
    struct mr_heap heap;
    struct mr_text columns, want;
    mr_heap_init(&heap, 0);
    mr_text_init(&columns, &heap);
    mr_text_init(&want, &heap);
    mr_text_adds(&columns, "s ");
    for (int i = 0; i < DEPTH; i++) mr_text_adds(&columns, i % 2 != 0 ? "array<" : "struct<s:");
    mr_text_adds(&columns, "decimal(38,3)");
    for (int i = 0; i < DEPTH; i++) mr_text_addc(&columns, '>');
    mr_text_addc(&columns, '\0');
    job_init(&job, columns.at);
    mr_text_adds(&want, "{\"s\":");
    for (int i = 0; i < DEPTH; i++) mr_text_adds(&want, i % 2 != 0 ? "[" : "{\"s\":");
    mr_text_adds(&want, "\"1.250\"");
    for (int i = DEPTH - 1; i >= 0; i--) mr_text_addc(&want, i % 2 != 0 ? ']' : '}');
    mr_text_adds(&want, "}\n");
    mr_text_add(&job.in, want.at, want.used);
    mr_text_addc(&want, '\0');
    job_check(&job, want.at, 0);
    mr_text_fini(&columns);
    mr_text_fini(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brackets), cmocka_unit_test(test_members),
        cmocka_unit_test(test_long_record), cmocka_unit_test(test_deep_schema)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
