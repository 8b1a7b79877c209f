/* Lines of a file of the log, read in windows: a commit of any length takes the memory of its
 * longest line, or 64 KiB.
 *
 *     open --> next* (false: no more lines) --> close
 *
 * A line is valid until the next call. Blank lines are passed over, as mr_delta_line does. */
#ifndef MR_CORE_TABLE_TABLE_LINES_H
#define MR_CORE_TABLE_TABLE_LINES_H

#include "core/base/span.h"
#include "core/mem/heap.h"
#include "core/port/io.h"

struct table_lines {
    struct mr_io *io;
    struct mr_heap *heap;
    const char *path; /* borrowed */
    int32_t file;
    char *at;        /* the window */
    size_t capacity;
    size_t from;     /* first byte not handed out */
    size_t searched; /* no line feed in from .. searched */
    size_t to;       /* end of what was read */
    uint64_t off;    /* of at[0] in the file */
    uint64_t line_off;
    bool is_end; /* the file has no more bytes */
};

/* table_lines_open: returns MR_E_NOT_FOUND when there is no such file; close is allowed then. */
mr_status table_lines_open(struct table_lines *lines, struct mr_io *io, struct mr_heap *heap,
                           const char *path, struct mr_err *err);

/* table_lines_next: *out_has_line false at the end, and *out_line untouched.
 * returns MR_E_IO, MR_E_NOMEM, MR_E_LIMIT for a line of more than 1 GiB */
mr_status table_lines_next(struct table_lines *lines, struct mr_span *out_line, bool *out_has_line,
                           struct mr_err *err);

void table_lines_close(struct table_lines *lines);

#endif
