#include "core/table/table_lines.h"

#include "core/base/checked.h"

enum { ERR_FILE = 5001, WINDOW_BYTES = 64 << 10, LINE_BYTES_MAX = 1 << 30 };

mr_status table_lines_open(struct table_lines *lines, struct mr_io *io, struct mr_heap *heap,
                           const char *path, struct mr_err *err)
{
    struct mr_io_op op;
    *lines = (struct table_lines){.io = io, .heap = heap, .path = path, .file = -1};
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = path;
    op.flags = MR_OPEN_READ;
    int64_t result = mr_io_call(io, &op);
    if (result < 0) return mr_err_os(err, (int)-result, ERR_FILE, "cannot open %s", path);
    lines->file = (int32_t)result;
    return MR_OK;
}

void table_lines_close(struct table_lines *lines)
{
    struct mr_io_op op;
    mr_heap_give(lines->heap, lines->at, lines->capacity);
    lines->at = NULL;
    if (lines->file < 0) return;
    mr_io_op_init(&op, MR_IO_CLOSE);
    op.file = lines->file;
    (void)mr_io_call(lines->io, &op);
    lines->file = -1;
}

/* Room behind what is there: by moving the cut line to the front, or by a larger window. */
static mr_status make_room(struct table_lines *lines, struct mr_err *err)
{
    size_t held = lines->to - lines->from;
    if (lines->from > 0) {
        memmove(lines->at, lines->at + lines->from, held);
        lines->off += lines->from;
        lines->searched -= lines->from;
        lines->from = 0;
        lines->to = held;
    }
    if (held < lines->capacity) return MR_OK;
    size_t capacity = MR_MAX(lines->capacity * 2, (size_t)WINDOW_BYTES);
    if (capacity > LINE_BYTES_MAX) {
        return mr_err_set(err, MR_E_LIMIT, ERR_FILE, "%s has a line of more than 1 GiB",
                          lines->path);
    }
    char *at = mr_heap_resize(lines->heap, lines->at, lines->capacity, capacity);
    if (at == NULL) {
        return mr_err_set(err, MR_E_NOMEM, ERR_FILE, "out of memory at %s", lines->path);
    }
    lines->at = at;
    lines->capacity = capacity;
    return MR_OK;
}

static mr_status read_more(struct table_lines *lines, struct mr_err *err)
{
    struct mr_io_op op;
    MR_TRY(make_room(lines, err));
    mr_io_op_init(&op, MR_IO_READ);
    op.file = lines->file;
    op.buf = lines->at + lines->to;
    op.bytes = (uint32_t)(lines->capacity - lines->to);
    op.off = lines->off + lines->to;
    int64_t result = mr_io_call_again(lines->io, &op);
    if (result < 0) return mr_err_os(err, (int)-result, ERR_FILE, "cannot read %s", lines->path);
    lines->to += (size_t)result;
    lines->is_end = result == 0;
    return MR_OK;
}

/* The bytes up to the next line feed, which is passed over, or to the end of the file. */
static mr_status take_line(struct table_lines *lines, struct mr_span *out, struct mr_err *err)
{
    for (;;) {
        const char *feed = NULL;
        if (lines->to > lines->searched) {
            feed = memchr(lines->at + lines->searched, '\n', lines->to - lines->searched);
        }
        if (feed != NULL || lines->is_end) {
            size_t end = feed == NULL ? lines->to : (size_t)(feed - lines->at);
            *out = (struct mr_span){lines->at + lines->from, end - lines->from};
            lines->line_off = lines->off + lines->from;
            lines->from = lines->searched = MR_MIN(end + 1, lines->to);
            return MR_OK;
        }
        lines->searched = lines->to;
        MR_TRY(read_more(lines, err));
    }
}

mr_status table_lines_next(struct table_lines *lines, struct mr_span *out_line, bool *out_has_line,
                           struct mr_err *err)
{
    struct mr_span line = {NULL, 0};
    do {
        if (lines->is_end && lines->from == lines->to) {
            *out_has_line = false;
            return MR_OK;
        }
        MR_TRY(take_line(lines, &line, err));
        line = mr_span_trim(line);
    } while (line.bytes == 0);
    *out_line = line;
    *out_has_line = true;
    return MR_OK;
}
