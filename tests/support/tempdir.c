#include "tests/support/tempdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

void mr_tempdir_make(char out_path[MR_TEMPDIR_MAX])
{
    const char *parent = getenv("TMPDIR");
    int bytes = snprintf(out_path, MR_TEMPDIR_MAX, "%s/millrace-test-XXXXXX",
                         parent == NULL || parent[0] == '\0' ? "/tmp" : parent);
    if (bytes >= MR_TEMPDIR_MAX || mkdtemp(out_path) == NULL) {
        perror("mkdtemp");
        abort();
    }
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void mr_tempdir_remove(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0) perror(path);
}
