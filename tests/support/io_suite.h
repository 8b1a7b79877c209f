/* One list of tests for every driver of the seam.
 *
 * A driver's test program says how to open its drivers and calls io_suite_run for each; the
 * suite then checks what core/port/io.h promises, operation by operation, under the directory
 * `root` of that driver. What a driver cannot have (watches in the simulation, timing of a virtual
 * clock) is a flag of the subject. */
#ifndef MR_TESTS_SUPPORT_IO_SUITE_H
#define MR_TESTS_SUPPORT_IO_SUITE_H

#include "core/port/io.h"

struct io_suite_subject {
    const char *name;
    struct mr_io *(*open)(void *ctx); /* a fresh driver; the suite closes it */
    void *ctx;
    const char *root;  /* existing empty directory */
    bool has_no_watch; /* WATCH answers ENOSYS */
};

/* io_suite_run: returns the number of failed tests. */
int io_suite_run(const struct io_suite_subject *subject);

#endif
