/* Many files: what a start and a plan without news cost when a source has taken N files long ago.
 * With 20,000 in every run and 1,000,000 with MR_LONG (suite "long"); the time of a start must not
 * grow with N, and is printed. The index is filled through the list and its rebuild, which is timed
 * too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/calendar.h"
#include "core/port/files.h"
#include "io/files/file_log.h"
#include "io/files/files_source.h"
#include "tests/unit/io/files/files_fixture.h"

enum { FILES_PER_ENTRY = 1000 };

static double now_s(struct fx *fx)
{
    return (double)mr_io_mono_us(fx->io) / MR_US_PER_S;
}

/* Entries as earlier runs would have left them; the files themselves are long gone. */
static void entries_write(struct fx *fx, int64_t files)
{
    const struct mr_file_log log = {&fx->heap, fx->io, fx->log};
    struct mr_text text;
    assert_int_equal(mr_dir_make(fx->io, fx->log, &fx->err), MR_OK);
    mr_text_init(&text, &fx->heap);
    for (int64_t at = 0; at < files; at += FILES_PER_ENTRY) {
        int64_t entry = at / FILES_PER_ENTRY;
        mr_text_reset(&text);
        mr_text_adds(&text, "v1");
        for (int64_t i = at; i < at + FILES_PER_ENTRY && i < files; i++) {
            char path[1200];
            int bytes = snprintf(path, sizeof path, "%s/in/year=2024/part-%08d.json", fx->dir,
                                 (int)((i * 7919) % files));
            const struct mr_log_file file = {
                .path = {path, (size_t)bytes},
                .modified_us = (1700000000 + i) * MR_US_PER_S,
                .has_bytes = true,
                .bytes = 1000,
                .entry = entry,
            };
            mr_file_log_write_line(&text, &file);
        }
        assert_int_equal(mr_file_log_put(&log, entry, false, mr_text_span(&text), &fx->err), MR_OK);
        fx->offset = fx->committed = entry;
    }
    mr_text_fini(&text);
}

/* Seconds of a start with a plan and one new file, with N files behind it. */
static double start_cost(int64_t files)
{
    struct fx fx;
    struct mr_source_backlog backlog;
    fx_init(&fx);
    entries_write(&fx, files);
    double began = now_s(&fx);
    fx_open(&fx, ""); /* without an index: it is made from the list */
    double rebuilt = now_s(&fx) - began;
    fx_close(&fx);
    fx_put(&fx, "new.json", "{}", 1800000000);
    began = now_s(&fx);
    fx_open(&fx, "");
    double opened = now_s(&fx) - began;
    ASSERT_STEP(&fx, "new.json");
    double cost = now_s(&fx) - began;
    assert_int_equal(fx.source->driver->backlog(fx.source, &backlog, &fx.err), MR_OK);
    assert_int_equal(backlog.seen, files + 1);
    print_message("%d files: index made in %.2f s, start %.4f s, with the first batch %.4f s\n",
                  (int)files, rebuilt, opened, cost);
    began = now_s(&fx);
    assert_int_equal(fx.source->driver->stop(fx.source, &fx.err), MR_OK);
    print_message("clean stop %.2f s\n", now_s(&fx) - began);
    fx_fini(&fx);
    return cost;
}

static void test_start_cost(void **state)
{
    const char *is_long = getenv("MR_LONG");
    double few = start_cost(1000);
    double many = start_cost(is_long == NULL ? 20000 : 1000000);
    assert_true(many < 2.0);
    /* Twenty (or a thousand) times the files: far less than that in time. */
    assert_true(many < few * 5 + 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_start_cost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
