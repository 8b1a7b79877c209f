/* A file source over a real folder of the test's own: `in` is its tree, `cp` the checkpoint. The
 * fixture keeps the offsets that a driver would have written. Failures end the test. */
#ifndef MR_TESTS_UNIT_IO_FILES_FILES_FIXTURE_H
#define MR_TESTS_UNIT_IO_FILES_FILES_FIXTURE_H

#include "core/port/source.h"
#include "tests/support/tempdir.h"

enum { NOTICES_MAX = 16 };

struct fx {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_io *io;
    struct mr_err err;
    struct mr_source_options options;
    struct mr_source *source;
    struct mr_source_list list;
    char dir[MR_TEMPDIR_MAX];
    char path[1024]; /* what the source is opened on */
    char log[1024];
    char own[1024];
    int64_t offset;
    int64_t committed;
    bool is_followed;
    char notices[NOTICES_MAX][512];
    uint32_t notice_count;
};

void fx_init(struct fx *fx);
void fx_close(struct fx *fx); /* the source; fx_fini: everything, nothing may have leaked */
void fx_fini(struct fx *fx);

/* fx_open: (again) at the fixture's offsets, with options as "name=value;name=value".
 * fx_try_open: the same, giving the status. */
void fx_open(struct fx *fx, const char *options);
mr_status fx_try_open(struct fx *fx, const char *options);

/* fx_put: a file below in/, its folders too, with a modification time in seconds. fx_remove: takes
 * it away. fx_exists: whether there is something at a path below the fixture's folder. */
void fx_put(struct fx *fx, const char *name, const char *content, int64_t modified_s);
void fx_remove(struct fx *fx, const char *name);
bool fx_exists(struct fx *fx, const char *name);

/* fx_names: the list's names below in/, joined by blanks. fx_plan: fills the list. fx_step: plan
 * and commit; the names. fx_noticed: whether a notice had this part. */
const char *fx_names(struct fx *fx);
void fx_plan(struct fx *fx);
void fx_commit(struct fx *fx);
const char *fx_step(struct fx *fx);
bool fx_noticed(const struct fx *fx, const char *part);

#define ASSERT_STEP(fx, names) assert_string_equal(fx_step(fx), names)

#endif
