/* Test data that is not part of the project: $MR_SHARED, or a folder `shared` beside the project.
 * A test whose data is not there ends as skipped, with the name of what it missed. */
#ifndef MR_TESTS_SUPPORT_SHARED_H
#define MR_TESTS_SUPPORT_SHARED_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MR_SHARED_PATH_MAX = 4096, MR_TEST_SKIPPED = 77 };

/* mr_shared_path: the path of `name`, "data/events/wikipedia-edits.ndjson.gz", or exit code 77. */
static inline void mr_shared_path(const char *name, char out[MR_SHARED_PATH_MAX])
{
    const char *folder = getenv("MR_SHARED");
    if (folder == NULL || folder[0] == '\0') folder = MR_SOURCE_ROOT "/../shared";
    int bytes = snprintf(out, MR_SHARED_PATH_MAX, "%s/%s", folder, name);
    if (bytes > 0 && bytes < MR_SHARED_PATH_MAX && access(out, R_OK) == 0) return;
    fprintf(stderr, "skipped: no shared test data %s; set MR_SHARED\n", name);
    exit(MR_TEST_SKIPPED);
}

#endif
