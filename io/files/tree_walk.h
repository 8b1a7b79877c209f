/* Walking a folder tree for the files of a source.
 *
 * Depth first, each folder's names in byte order, so that a walk over the same tree is the same
 * walk. Memory is bounded by the largest single folder (its names, about 40 bytes each) and the
 * names of folders still to be visited. As in Spark, names that start with '.' or '_' are hidden
 * (unless they are key=value), so are those that end in "._COPYING_".
 *
 * Links below the root are never followed: one that stays inside leads to what the walk visits
 * anyway, one that does not would leave the root. They, devices, sockets and FIFOs are named to
 * `skipped`, which must remember if it wants to tell once. */
#ifndef MR_IO_FILES_TREE_WALK_H
#define MR_IO_FILES_TREE_WALK_H

#include "core/port/io.h"
#include "io/files/glob.h"

struct mr_walk {
    struct mr_heap *heap;
    struct mr_io *io;
    const char *root;                  /* a folder or one file; may itself be a link */
    const struct mr_glob *glob;        /* whole paths that are meant; null = all below root */
    mr_glob_extent extent;             /* of `glob` */
    const struct mr_glob *name_filter; /* base names; null = all */
    bool wants_stat;                   /* otherwise stat has the kind only */
    /* A file that is meant. Another status than MR_OK ends the walk with it. */
    mr_status (*file)(void *ctx, const char *path, const struct mr_io_stat *stat,
                      struct mr_err *err);
    /* A folder that is entered; may be null. */
    mr_status (*folder)(void *ctx, const char *path, struct mr_err *err);
    /* Something that is meant and cannot be read: why is "a link", "no regular file", ... */
    void (*skipped)(void *ctx, const char *path, const char *why);
    void *ctx;
};

/* mr_walk_run: MR_E_NOT_FOUND when the root is absent; folders that vanish under way are fine. */
MR_MUST_USE mr_status mr_walk_run(const struct mr_walk *walk, struct mr_err *err);

/* mr_walk_name_is_hidden: by the rule above. */
bool mr_walk_name_is_hidden(struct mr_span name);

/* mr_walk_wants: whether a walk would offer this path, by its names alone: for paths that a
 * notification brought. */
bool mr_walk_wants(const struct mr_walk *walk, const char *path);

#endif
