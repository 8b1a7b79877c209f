/* A directory of a test's own, removed with everything in it at the end. */
#ifndef MR_TESTS_SUPPORT_TEMPDIR_H
#define MR_TESTS_SUPPORT_TEMPDIR_H

#include <stddef.h>

enum { MR_TEMPDIR_MAX = 512 };

/* mr_tempdir_make: under $TMPDIR or /tmp; aborts when that fails.
 * mr_tempdir_remove: recursively. */
void mr_tempdir_make(char out_path[MR_TEMPDIR_MAX]);
void mr_tempdir_remove(const char *path);

#endif
