#include "core/ops/bad_records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"

enum { ERR_BAD = 5106, TIME_BYTES = 15 /* yyyyMMdd'T'HHmmss */ };

typedef enum place {
    PLACE_LIST,
    PLACE_STAGED, /* the list's folder */
    PLACE_FOLDER, /* badRecordsPath */
    PLACE_TIME,
    PLACE_RECORDS,
    PLACE_FILE,
} place;

static_assert(PLACE_FILE + 1 == MR_BAD_RECORDS_PATHS, "a path for every place");

/* The control operations, one at a time, in this order. */
static const struct {
    mr_io_kind kind;
    place place;
    const char *verb;
} steps[] = {
    /* opening: the name is durable before there is a file of that name */
    {MR_IO_OPEN, PLACE_LIST, "create"},
    {MR_IO_WRITE, PLACE_LIST, "write"},
    {MR_IO_SYNC, PLACE_LIST, "sync"},
    {MR_IO_CLOSE, PLACE_LIST, "close"},
    {MR_IO_SYNC_DIR, PLACE_STAGED, "sync directory"},
    {MR_IO_MKDIR, PLACE_TIME, "make directory"},
    {MR_IO_MKDIR, PLACE_RECORDS, "make directory"},
    {MR_IO_OPEN, PLACE_FILE, "create"},
    /* closing */
    {MR_IO_SYNC, PLACE_FILE, "sync"},
    {MR_IO_CLOSE, PLACE_FILE, "close"},
    {MR_IO_SYNC_DIR, PLACE_RECORDS, "sync directory"},
    {MR_IO_SYNC_DIR, PLACE_TIME, "sync directory"},
    {MR_IO_SYNC_DIR, PLACE_FOLDER, "sync directory"},
    /* stopping */
    {MR_IO_CLOSE, PLACE_LIST, "close"},
    {MR_IO_CLOSE, PLACE_FILE, "close"},
    {MR_IO_UNLINK, PLACE_FILE, "remove"},
    {MR_IO_SYNC_DIR, PLACE_RECORDS, "sync directory"},
};

enum {
    STEP_OPEN = 0,
    STEP_OPENED = 8,  /* the first of closing */
    STEP_CLOSED = 13, /* the first of stopping */
    STEP_COUNT = MR_COUNT_OF(steps),
};

static mr_status bad_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_BAD, "out of memory for bad records");
}

static void advance(struct mr_bad_records *b);
static void drain(struct mr_bad_records *b);

static bool is_writing(const struct mr_bad_records *b)
{
    for (int i = 0; i < MR_BAD_RECORDS_BUFS; i++) {
        if (b->writes[i].is_busy) return true;
    }
    return false;
}

static void fail(struct mr_bad_records *b, int64_t os_error, const char *verb, const char *path)
{
    if (b->os_error != 0) return;
    b->os_error = os_error;
    b->failed = verb;
    b->failed_path = path;
}

/* ---- control operations ---- */

/* What stopping has no use for: the file was never to be made, or it is to stay. */
static bool is_skipped(const struct mr_bad_records *b)
{
    if (b->state != MR_BAD_STOPPING) return false;
    if (steps[b->step].kind == MR_IO_CLOSE) {
        return (steps[b->step].place == PLACE_LIST ? b->list : b->file) < 0;
    }
    return b->keeps_files || !b->may_exist;
}

/* Goes on from a step that has been done or has no use. */
static void step_done(struct mr_bad_records *b)
{
    b->step++;
    if (b->step == STEP_OPENED && b->state == MR_BAD_OPENING) {
        b->state = MR_BAD_OPEN;
        drain(b);
    } else if (b->step == STEP_CLOSED && b->state == MR_BAD_CLOSING) {
        b->state = MR_BAD_SEALED;
    } else {
        advance(b);
    }
}

static bool is_interrupted(const struct mr_io_op *op)
{
    return op->kind == MR_IO_WRITE && (op->result == -EINTR || op->result == -EAGAIN);
}

/* The list's text was written in part, or not yet. */
static bool goes_on(struct mr_bad_records *b)
{
    struct mr_io_op *op = &b->control;
    if (b->state == MR_BAD_STOPPING) return false;
    if (is_interrupted(op)) return ++b->again < MR_IO_AGAIN_MAX;
    if (op->kind != MR_IO_WRITE || op->result <= 0 || (uint64_t)op->result == op->bytes) {
        return false;
    }
    op->buf = (char *)op->buf + op->result;
    op->bytes -= (uint32_t)op->result;
    op->off += (uint64_t)op->result;
    b->again = 0;
    return true;
}

/* The step's answer, where some errors are fine. returns a positive errno, 0 = done */
static int64_t error_of(const struct mr_io_op *op)
{
    if (op->kind == MR_IO_WRITE && op->result == 0) return ENOSPC;
    if (op->result >= 0) return 0;
    if (op->kind == MR_IO_MKDIR && op->result == -EEXIST) return 0;
    return -op->result;
}

static void control_done(struct mr_io_op *op, void *ctx)
{
    struct mr_bad_records *b = ctx;
    bool is_list = op->path == b->paths[PLACE_LIST];
    b->config->waker.wake(b->config->waker.ctx);
    if (goes_on(b)) {
        mr_io_submit(b->config->io, op);
        return;
    }
    b->is_control_busy = false;
    if (op->kind == MR_IO_OPEN && op->result >= 0) {
        *(is_list ? &b->list : &b->file) = (int32_t)op->result;
    }
    if (op->kind == MR_IO_CLOSE) *(is_list ? &b->list : &b->file) = -1;
    int64_t error = error_of(op);
    if (b->state == MR_BAD_STOPPING && b->step < STEP_CLOSED) {
        advance(b);
        return;
    }
    if (b->state == MR_BAD_STOPPING) {
        /* Gone already, or never made; and a close that failed harms nobody now. */
        if (error == ENOENT || op->kind == MR_IO_CLOSE) error = 0;
        if (error != 0) fail(b, error, steps[b->step].verb, op->path);
        step_done(b);
        return;
    }
    if (error != 0) {
        fail(b, error, steps[b->step].verb, op->path);
        return;
    }
    step_done(b);
}

static void submit_step(struct mr_bad_records *b)
{
    struct mr_io_op *op = &b->control;
    mr_io_op_init(op, steps[b->step].kind);
    op->path = b->paths[steps[b->step].place];
    op->file = steps[b->step].place == PLACE_LIST ? b->list : b->file;
    op->done = control_done;
    op->ctx = b;
    if (op->kind == MR_IO_OPEN) {
        bool is_file = steps[b->step].place == PLACE_FILE;
        op->flags = MR_OPEN_WRITE | MR_OPEN_CREATE;
        op->flags |= is_file ? MR_OPEN_EXCLUSIVE : MR_OPEN_TRUNCATE;
        b->may_exist = b->may_exist || is_file;
    }
    if (op->kind == MR_IO_WRITE) {
        op->buf = (void *)(uintptr_t)b->note.text;
        op->bytes = (uint32_t)b->note.bytes;
    }
    b->again = 0;
    b->is_control_busy = true;
    mr_io_submit(b->config->io, op);
}

/* The next control operation, unless something is in flight that it has to wait for. */
static void advance(struct mr_bad_records *b)
{
    if (b->is_control_busy) return;
    if (b->state == MR_BAD_STOPPING) {
        if (is_writing(b)) return;
        if (b->step < STEP_CLOSED) b->step = STEP_CLOSED;
        while (b->step < STEP_COUNT && is_skipped(b)) b->step++;
        if (b->step == STEP_COUNT) {
            b->state = MR_BAD_STOPPED;
            return;
        }
    }
    submit_step(b);
}

/* ---- records ---- */

static void write_done(struct mr_io_op *op, void *ctx);

static void submit_write(struct mr_bad_records_write *w)
{
    struct mr_bad_records *b = w->owner;
    mr_io_op_init(&w->op, MR_IO_WRITE);
    w->op.file = b->file;
    w->op.buf = w->at + w->done_bytes;
    w->op.bytes = w->used - w->done_bytes;
    w->op.off = w->off + w->done_bytes;
    w->op.done = write_done;
    w->op.ctx = w;
    w->is_busy = true;
    mr_io_submit(b->config->io, &w->op);
}

/* The buffer that fills goes out, the other one fills. */
static void flush(struct mr_bad_records *b)
{
    struct mr_bad_records_write *w = &b->writes[b->filling];
    w->off = b->bytes;
    w->done_bytes = w->again = 0;
    b->bytes += w->used;
    b->filling = (b->filling + 1) % MR_BAD_RECORDS_BUFS;
    submit_write(w);
}

/* Takes over what there is room for. */
static void fill(struct mr_bad_records *b)
{
    while (b->rest.bytes > 0) {
        struct mr_bad_records_write *w = &b->writes[b->filling];
        if (w->is_busy) return;
        size_t bytes = MR_MIN(b->rest.bytes, (size_t)(MR_BAD_RECORDS_BUF - w->used));
        memcpy(w->at + w->used, b->rest.text, bytes);
        for (size_t i = 0; i < bytes; i++) b->records += b->rest.text[i] == '\n';
        w->used += (uint32_t)bytes;
        b->rest.text += bytes;
        b->rest.bytes -= bytes;
        if (w->used < MR_BAD_RECORDS_BUF) return;
        if (b->state != MR_BAD_OPEN) return;
        flush(b);
    }
}

/* The file is open: full buffers go out, and when it is to be sealed, all of them. */
static void drain(struct mr_bad_records *b)
{
    if (b->state != MR_BAD_OPEN || b->os_error != 0) return;
    struct mr_bad_records_write *w = &b->writes[b->filling];
    if (!w->is_busy && w->used == MR_BAD_RECORDS_BUF) flush(b);
    fill(b);
    if (!b->must_seal || b->rest.bytes > 0) return;
    w = &b->writes[b->filling];
    if (!w->is_busy && w->used > 0) flush(b);
    if (is_writing(b)) return;
    b->state = MR_BAD_CLOSING;
    advance(b);
}

static void write_done(struct mr_io_op *op, void *ctx)
{
    struct mr_bad_records_write *w = ctx;
    struct mr_bad_records *b = w->owner;
    bool is_open = b->state == MR_BAD_OPEN && b->os_error == 0;
    b->config->waker.wake(b->config->waker.ctx);
    w->is_busy = false;
    if (op->result > 0) {
        w->done_bytes += (uint32_t)op->result;
        w->again = 0;
    } else if (!is_interrupted(op) || ++w->again == MR_IO_AGAIN_MAX) {
        fail(b, op->result == 0 ? ENOSPC : -op->result, "write", b->paths[PLACE_FILE]);
        is_open = false;
    }
    if (is_open && w->done_bytes < w->used) {
        submit_write(w);
        return;
    }
    w->used = 0;
    if (is_open) drain(b);
    if (b->state == MR_BAD_STOPPING) advance(b);
}

/* ---- the epoch ---- */

void mr_bad_records_init(struct mr_bad_records *bad, const struct mr_bad_records_config *config)
{
    *bad = (struct mr_bad_records){.config = config, .list = -1, .file = -1};
    mr_arena_init(&bad->arena, config->heap, 1024);
}

static bool is_at_rest(const struct mr_bad_records *b)
{
    return b->state == MR_BAD_IDLE || b->state == MR_BAD_EMPTY || b->state == MR_BAD_SEALED ||
           b->state == MR_BAD_STOPPED;
}

void mr_bad_records_fini(struct mr_bad_records *bad)
{
    if (bad->config == NULL) return;
    MR_ASSERT(is_at_rest(bad) && !bad->is_control_busy);
    mr_arena_fini(&bad->arena);
    mr_heap_give(bad->config->heap, bad->memory, MR_BAD_RECORDS_BUFS * MR_BAD_RECORDS_BUF);
    bad->config = NULL;
}

void mr_bad_records_begin(struct mr_bad_records *bad, int64_t epoch, int64_t batch_us)
{
    MR_ASSERT(is_at_rest(bad) && !bad->is_control_busy);
    struct mr_bad_records fresh = {.config = bad->config,
                                   .state = MR_BAD_EMPTY,
                                   .epoch = epoch,
                                   .batch_us = batch_us,
                                   .arena = bad->arena,
                                   .list = -1,
                                   .file = -1,
                                   .memory = bad->memory};
    *bad = fresh;
    mr_arena_reset(&bad->arena);
}

/* "20250101T000000" of the batch time. */
static void name_time(const struct mr_bad_records *b, char out[MR_TIME_TEXT_MAX])
{
    int64_t second = mr_floor_div(b->batch_us, MR_US_PER_S);
    struct mr_civil day = mr_civil_of_days(mr_floor_div(second, 86400));
    unsigned rest = (unsigned)mr_floor_mod(second, 86400);
    (void)snprintf(out, MR_TIME_TEXT_MAX, "%04" PRId64 "%02d%02dT%02u%02u%02u", day.year, day.month,
                   day.day, rest / 3600, rest / 60 % 60, rest % 60);
}

static mr_status name_places(struct mr_bad_records *b, struct mr_err *err)
{
    const struct mr_bad_records_config *config = b->config;
    uint64_t high = mr_io_random(config->io), low = mr_io_random(config->io);
    char time[MR_TIME_TEXT_MAX];
    name_time(b, time);
    b->paths[PLACE_STAGED] = config->staged_folder;
    b->paths[PLACE_FOLDER] = config->folder;
    b->paths[PLACE_LIST] = mr_arena_format(&b->arena, "%s/%" PRId64 ".%u.bad",
                                           config->staged_folder, b->epoch, config->shard);
    b->paths[PLACE_TIME] = mr_arena_format(&b->arena, "%s/%s", config->folder, time);
    b->paths[PLACE_RECORDS] = mr_arena_format(&b->arena, "%s/%s/bad_records", config->folder, time);
    const char *name = mr_arena_format(
        &b->arena, "part-%05u-%08x-%04x-4%03x-a%03x-%012" PRIx64 ".json", config->shard,
        (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
        (unsigned)(low >> 48 & 0xfff), low & UINT64_C(0xffffffffffff));
    for (int i = 0; i < PLACE_FILE; i++) {
        if (b->paths[i] == NULL || name == NULL) return bad_nomem(err);
    }
    b->paths[PLACE_FILE] = mr_arena_format(&b->arena, "%s/%s", b->paths[PLACE_RECORDS], name);
    const char *note =
        mr_arena_format(&b->arena, "%s\n%s/bad_records/%s\n", config->folder, time, name);
    if (b->paths[PLACE_FILE] == NULL || note == NULL) return bad_nomem(err);
    b->note = mr_span_of(note);
    return MR_OK;
}

static mr_status open_file(struct mr_bad_records *b, struct mr_err *err)
{
    static_assert(STEP_COUNT == 17, "the first steps of closing and stopping are where they were");
    MR_ASSERT(b->config->folder != NULL);
    MR_TRY(name_places(b, err));
    if (b->memory == NULL) {
        b->memory = mr_heap_take(b->config->heap, MR_BAD_RECORDS_BUFS * MR_BAD_RECORDS_BUF);
    }
    if (b->memory == NULL) return bad_nomem(err);
    for (int i = 0; i < MR_BAD_RECORDS_BUFS; i++) {
        b->writes[i] = (struct mr_bad_records_write){
            .owner = b, .at = b->memory + (size_t)i * MR_BAD_RECORDS_BUF};
    }
    b->state = MR_BAD_OPENING;
    b->step = STEP_OPEN;
    advance(b);
    return MR_OK;
}

mr_status mr_bad_records_push(struct mr_bad_records *bad, struct mr_span lines, struct mr_err *err)
{
    MR_ASSERT(bad->rest.bytes == 0 && !bad->must_seal);
    MR_ASSERT(bad->state >= MR_BAD_EMPTY && bad->state <= MR_BAD_OPEN);
    if (lines.bytes == 0) return MR_OK;
    if (bad->state == MR_BAD_EMPTY) MR_TRY(open_file(bad, err));
    bad->rest = lines;
    fill(bad);
    return MR_OK;
}

bool mr_bad_records_is_busy(const struct mr_bad_records *bad)
{
    return bad->rest.bytes > 0;
}

void mr_bad_records_seal(struct mr_bad_records *bad)
{
    MR_ASSERT(bad->state >= MR_BAD_EMPTY && bad->state <= MR_BAD_OPEN && !bad->must_seal);
    bad->must_seal = true;
    if (bad->state == MR_BAD_EMPTY) bad->state = MR_BAD_SEALED;
    drain(bad);
}

void mr_bad_records_stop(struct mr_bad_records *bad, bool keeps_files)
{
    if (bad->state == MR_BAD_STOPPED) return;
    bad->state = MR_BAD_STOPPING;
    bad->keeps_files = keeps_files;
    bad->rest = (struct mr_span){0};
    bad->os_error = 0;
    advance(bad);
}

mr_status mr_bad_records_step(struct mr_bad_records *bad, struct mr_err *err)
{
    if (bad->state == MR_BAD_STOPPING) return MR_E_AGAIN;
    if (bad->os_error != 0) {
        mr_status status = mr_err_os(err, (int)bad->os_error, ERR_BAD, "cannot %s %s", bad->failed,
                                     bad->failed_path);
        mr_err_help(err, "bad records of the source go below badRecordsPath, %s; nothing of the "
                         "epoch is visible, the next run reads the same input again",
                    bad->config->folder);
        return status;
    }
    return bad->state == MR_BAD_CLOSING || (bad->must_seal && bad->state < MR_BAD_CLOSING)
               ? MR_E_AGAIN
               : MR_OK;
}

/* ---- the list ---- */

static bool take_line(struct mr_span *rest, struct mr_span *out_line)
{
    const char *feed = memchr(rest->text, '\n', rest->bytes);
    if (feed == NULL) return false;
    *out_line = (struct mr_span){rest->text, (size_t)(feed - rest->text)};
    rest->bytes -= out_line->bytes + 1;
    rest->text = feed + 1;
    return out_line->bytes > 0 && memchr(out_line->text, '\0', out_line->bytes) == NULL;
}

bool mr_bad_records_list_read(struct mr_span text, struct mr_span *out_folder,
                              struct mr_span *out_relative)
{
    const struct mr_span middle = MR_SPAN("/bad_records/part-");
    if (!take_line(&text, out_folder) || !take_line(&text, out_relative)) return false;
    struct mr_span name = *out_relative;
    if (text.bytes > 0 || name.bytes <= TIME_BYTES) return false;
    if (memchr(name.text, '/', TIME_BYTES) != NULL) return false;
    name.text += TIME_BYTES;
    name.bytes -= TIME_BYTES;
    if (!mr_span_starts(name, middle) || !mr_span_ends(name, MR_SPAN(".json"))) return false;
    return memchr(name.text + middle.bytes, '/', name.bytes - middle.bytes) == NULL;
}
