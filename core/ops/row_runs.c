#include "core/ops/row_runs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/checked.h"
#include "kernels/codec/crc.h"

enum {
    ERR_RUNS = 5107,
    MAGIC = 0x4e55524d, /* "MRUN" */
    CHUNK_FIRST = 512,  /* with its own fields; each of a partition is twice as large */
    CHUNK_LAST = 16 << 10,
    CHUNK_ROWS = 1024,
    FRAME_ROWS = MR_BATCH_ROWS_MAX,
    OUT_BYTES = 128 << 10,
    PARTS_FIRST = 64,
    RUNS_FIRST = 16,
};

/* The head is in front of the rows, as in the file. */
struct mr_run_chunk {
    struct mr_run_chunk *next;
    uint32_t capacity; /* of at */
    struct mr_run_head head; /* bytes and rows count what is in `at` */
    char at[];
};
static_assert(offsetof(struct mr_run_chunk, at) ==
                  offsetof(struct mr_run_chunk, head) + sizeof(struct mr_run_head),
              "one frame");

static mr_status runs_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_RUNS, "out of memory for rows of further partitions");
}

void mr_kept_init(struct mr_kept *runs, const struct mr_kept_config *config)
{
    *runs = (struct mr_kept){.config = *config, .file = -1};
    mr_text_init(&runs->row, config->heap);
    mr_arena_init(&runs->arena, config->heap, 1024);
    mr_arena_init(&runs->columns, config->heap, 0);
}

/* ---- chunks ---------------------------------------------------------------------------------- */

static size_t chunk_bytes(const struct mr_run_chunk *chunk)
{
    return sizeof *chunk + chunk->capacity;
}

static void chunk_give(struct mr_kept *runs, struct mr_run_chunk *chunk)
{
    if (chunk == NULL) return;
    runs->bytes -= chunk_bytes(chunk);
    mr_heap_give(runs->config.heap, chunk, chunk_bytes(chunk));
}

static struct mr_run_chunk *chunk_pop(struct mr_run_part *part)
{
    struct mr_run_chunk *chunk = part->first;
    if (chunk == NULL) return NULL;
    part->first = chunk->next;
    if (part->first == NULL) part->last = NULL;
    return chunk;
}

static void give_up_buffers(struct mr_kept *runs)
{
    mr_heap_give(runs->config.heap, runs->out, runs->out == NULL ? 0 : OUT_BYTES);
    mr_heap_give(runs->config.heap, runs->frame, runs->frame_bytes);
    runs->out = runs->frame = NULL;
    runs->frame_bytes = 0;
    runs->out_used = 0;
}

/* All that an epoch has kept. */
static void forget(struct mr_kept *runs)
{
    mr_batch_fini(&runs->batch);
    mr_arena_fini(&runs->columns);
    mr_arena_init(&runs->columns, runs->config.heap, 0);
    chunk_give(runs, runs->direct);
    chunk_give(runs, runs->held);
    runs->direct = runs->held = NULL;
    for (uint32_t i = 0; i < runs->part_count; i++) {
        struct mr_run_chunk *chunk;
        while ((chunk = chunk_pop(&runs->parts[i])) != NULL) chunk_give(runs, chunk);
    }
    MR_ASSERT(runs->bytes == 0);
    mr_heap_give(runs->config.heap, runs->parts, runs->part_count * sizeof *runs->parts);
    runs->parts = NULL;
    runs->part_count = runs->part_at = runs->run_at = 0;
    give_up_buffers(runs);
    mr_text_fini(&runs->row);
    mr_text_init(&runs->row, runs->config.heap);
    mr_arena_fini(&runs->arena);
    mr_arena_init(&runs->arena, runs->config.heap, 1024);
    runs->runs = NULL;
    runs->run_count = runs->run_capacity = 0;
    runs->rows = 0;
    runs->state = MR_KEPT_RESTING;
}

void mr_kept_fini(struct mr_kept *runs)
{
    if (runs->config.heap == NULL) return;
    MR_ASSERT(!runs->is_busy && runs->file < 0);
    forget(runs);
    mr_text_fini(&runs->row);
    mr_arena_fini(&runs->arena);
    mr_arena_fini(&runs->columns);
    runs->config.heap = NULL;
}

void mr_kept_begin(struct mr_kept *runs, struct mr_staged_list *staged)
{
    MR_ASSERT(!runs->is_busy && runs->file < 0);
    forget(runs);
    runs->staged = staged;
    runs->file_bytes = 0;
}

/* ---- rows in --------------------------------------------------------------------------------- */

mr_status mr_kept_keep(struct mr_kept *runs, uint32_t partition, struct mr_err *err)
{
    if (partition >= runs->part_count) {
        uint32_t count = MR_MAX(runs->part_count, (uint32_t)PARTS_FIRST);
        while (count <= partition) count *= 2;
        size_t old_bytes = runs->part_count * sizeof *runs->parts;
        void *grown = mr_heap_resize(runs->config.heap, runs->parts, old_bytes,
                                     count * sizeof *runs->parts);
        if (grown == NULL) return runs_nomem(err);
        memset((char *)grown + old_bytes, 0, count * sizeof *runs->parts - old_bytes);
        runs->parts = grown;
        runs->part_count = count;
    }
    runs->parts[partition].is_kept = true;
    return MR_OK;
}

/* A chunk for `bytes` more behind the part's last; they grow, so that a partition with a row or two
 * takes little and one with many makes few. */
static struct mr_run_chunk *chunk_new(struct mr_kept *runs, struct mr_run_part *part, size_t bytes)
{
    size_t whole = part->last == NULL ? CHUNK_FIRST : chunk_bytes(part->last) * 2;
    whole = MR_MAX(MR_MIN(whole, (size_t)CHUNK_LAST), sizeof(struct mr_run_chunk) + bytes);
    struct mr_run_chunk *chunk = mr_heap_take(runs->config.heap, whole);
    if (chunk == NULL) return NULL;
    *chunk = (struct mr_run_chunk){.capacity = (uint32_t)(whole - sizeof *chunk)};
    runs->bytes += whole;
    if (part->last != NULL) part->last->next = chunk;
    if (part->first == NULL) part->first = chunk;
    part->last = chunk;
    return chunk;
}

static mr_status add_row(struct mr_kept *runs, struct mr_run_part *part, struct mr_err *err)
{
    struct mr_span row = mr_text_span(&runs->row);
    struct mr_run_chunk *chunk = part->last;
    bool has_room = chunk != NULL && chunk->capacity - chunk->head.bytes >= row.bytes &&
                    chunk->head.rows < CHUNK_ROWS;
    if (row.bytes > INT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, ERR_RUNS, "one row has %zu bytes, above 2 GiB",
                          row.bytes);
    }
    if (!has_room) chunk = chunk_new(runs, part, row.bytes);
    if (chunk == NULL) return runs_nomem(err);
    if (row.bytes > 0) memcpy(chunk->at + chunk->head.bytes, row.text, row.bytes);
    chunk->head.bytes += (uint32_t)row.bytes;
    chunk->head.rows++;
    runs->rows++;
    return MR_OK;
}

mr_status mr_kept_add(struct mr_kept *runs, const struct mr_batch *batch, uint32_t partition,
                      const uint32_t *sel, uint32_t sel_count, uint32_t *row_at,
                      struct mr_err *err)
{
    MR_ASSERT(runs->state == MR_KEPT_RESTING && mr_kept_has(runs, partition));
    if (runs->out == NULL) runs->out = mr_heap_take(runs->config.heap, OUT_BYTES);
    if (runs->out == NULL) return runs_nomem(err);
    for (; *row_at < sel_count; ++*row_at) {
        mr_text_reset(&runs->row);
        mr_run_row_put(batch, sel == NULL ? *row_at : sel[*row_at], &runs->row);
        MR_TRY(mr_text_end(&runs->row, err));
        MR_TRY(add_row(runs, &runs->parts[partition], err));
    }
    return MR_OK;
}

/* ---- operations ------------------------------------------------------------------------------ */

static void op_done(struct mr_io_op *op, void *ctx)
{
    struct mr_kept *runs = ctx;
    (void)op;
    runs->is_busy = false;
    runs->config.waker.wake(runs->config.waker.ctx);
}

static void submit(struct mr_kept *runs, mr_io_kind kind, mr_kept_state state)
{
    MR_ASSERT(!runs->is_busy);
    mr_io_op_init(&runs->op, kind);
    runs->op.file = runs->file;
    runs->op.path = runs->path;
    runs->op.done = op_done;
    runs->op.ctx = runs;
    runs->state = state;
    runs->is_busy = true;
}

static void submit_moving(struct mr_kept *runs, mr_io_kind kind, mr_kept_state state, int32_t file,
                          void *buf, size_t bytes, uint64_t off)
{
    submit(runs, kind, state);
    runs->op.file = file;
    runs->op.buf = buf;
    runs->op.bytes = (uint32_t)bytes;
    runs->op.off = off;
    runs->done_bytes = runs->again = 0;
    mr_io_submit(runs->config.io, &runs->op);
}

static mr_status op_failed(const struct mr_kept *runs, int64_t os_error, struct mr_err *err)
{
    static const char *const verbs[] = {
        [MR_KEPT_NOTING] = "note the name of", [MR_KEPT_OPENING] = "create",
        [MR_KEPT_UNLINKING] = "unlink",        [MR_KEPT_WRITING] = "write",
        [MR_KEPT_READING] = "read",            [MR_KEPT_CLOSING] = "close",
    };
    return mr_err_os(err, (int)os_error, ERR_RUNS, "cannot %s %s", verbs[runs->state], runs->path);
}

/* Goes on with a write or read that has moved a part. returns MR_E_AGAIN until all has */
static mr_status move_on(struct mr_kept *runs, struct mr_err *err)
{
    struct mr_io_op *op = &runs->op;
    bool is_interrupted = op->result == -EINTR || op->result == -EAGAIN;
    if (op->result < 0 && !(is_interrupted && ++runs->again < MR_IO_AGAIN_MAX)) {
        return op_failed(runs, -op->result, err);
    }
    if (op->result == 0) return op_failed(runs, op->kind == MR_IO_READ ? EIO : ENOSPC, err);
    if (op->result > 0) {
        runs->again = 0;
        runs->done_bytes += (uint32_t)op->result;
        if ((uint32_t)op->result == op->bytes) return MR_OK;
        op->buf = (char *)op->buf + op->result;
        op->bytes -= (uint32_t)op->result;
        op->off += (uint64_t)op->result;
    }
    runs->is_busy = true;
    mr_io_submit(runs->config.io, op);
    return MR_E_AGAIN;
}

/* ---- to the file ----------------------------------------------------------------------------- */

static uint32_t head_crc(const struct mr_run_head *head)
{
    return mr_crc32c(0, head, offsetof(struct mr_run_head, crc));
}

/* Chunks from the part's first on that go into one frame, at least one. */
static struct mr_run_head measure_frame(const struct mr_run_part *part, uint32_t partition)
{
    struct mr_run_head head = {.magic = MAGIC, .partition = partition};
    for (const struct mr_run_chunk *c = part->first; c != NULL; c = c->next) {
        bool is_too_much = (size_t)head.bytes + c->head.bytes > MR_KEPT_FRAME ||
                           head.rows + c->head.rows > FRAME_ROWS;
        if (c != part->first && is_too_much) break;
        head.bytes += c->head.bytes;
        head.rows += c->head.rows;
    }
    return head;
}

/* A frame is ready to be written; that of the first partition of a run stays known. */
static void note_frame(struct mr_kept *runs, const struct mr_run_head *head)
{
    if (runs->run.end == runs->run.off && runs->out_used == 0) runs->run.next = *head;
}

static void put_frame(struct mr_kept *runs, struct mr_run_part *part, struct mr_run_head head)
{
    char *start = runs->out + runs->out_used, *at = start + sizeof head;
    head.crc = head_crc(&head);
    for (uint32_t rows = 0; rows < head.rows;) {
        struct mr_run_chunk *chunk = chunk_pop(part);
        rows += chunk->head.rows;
        memcpy(at, chunk->at, chunk->head.bytes);
        at += chunk->head.bytes;
        chunk_give(runs, chunk);
    }
    head.crc = mr_crc32c(head.crc, start + sizeof head, head.bytes);
    memcpy(start, &head, sizeof head);
    note_frame(runs, &head);
    runs->out_used = (uint32_t)(at - runs->out);
}

static void submit_frames(struct mr_kept *runs, void *at, size_t bytes)
{
    submit_moving(runs, MR_IO_WRITE, MR_KEPT_WRITING, runs->file, at, bytes, runs->run.end);
}

/* The run is in the file. */
static mr_status end_run(struct mr_kept *runs, struct mr_err *err)
{
    if (runs->run_count == runs->run_capacity) {
        uint32_t capacity = MR_MAX(runs->run_capacity * 2, (uint32_t)RUNS_FIRST);
        struct mr_run *grown = MR_ARENA_ARRAY(&runs->arena, struct mr_run, capacity);
        if (grown == NULL) return runs_nomem(err);
        if (runs->run_count > 0) memcpy(grown, runs->runs, runs->run_count * sizeof *grown);
        runs->runs = grown;
        runs->run_capacity = capacity;
    }
    runs->runs[runs->run_count++] = runs->run;
    runs->file_bytes = runs->run.end;
    runs->part_at = 0;
    runs->state = MR_KEPT_RESTING;
    return MR_OK;
}

/* Fills the buffer with frames and writes it, until the chunks are gone. A frame that is larger
 * than the buffer is one chunk, which has its head in front already. */
static mr_status write_more(struct mr_kept *runs, struct mr_err *err)
{
    for (; runs->part_at < runs->part_count; runs->part_at++) {
        struct mr_run_part *part = &runs->parts[runs->part_at];
        while (part->first != NULL) {
            struct mr_run_head head = measure_frame(part, runs->part_at);
            size_t bytes = sizeof head + head.bytes;
            if (bytes > OUT_BYTES - runs->out_used && runs->out_used > 0) {
                submit_frames(runs, runs->out, runs->out_used);
                return MR_E_AGAIN;
            }
            if (bytes > OUT_BYTES) {
                runs->direct = chunk_pop(part);
                MR_ASSERT(runs->direct->head.bytes == head.bytes);
                head.crc = mr_crc32c(head_crc(&head), runs->direct->at, head.bytes);
                runs->direct->head = head;
                note_frame(runs, &head);
                submit_frames(runs, &runs->direct->head, bytes);
                return MR_E_AGAIN;
            }
            put_frame(runs, part, head);
        }
    }
    if (runs->out_used == 0) return end_run(runs, err);
    submit_frames(runs, runs->out, runs->out_used);
    return MR_E_AGAIN;
}

static mr_status written(struct mr_kept *runs, struct mr_err *err)
{
    MR_TRY(move_on(runs, err));
    runs->run.end += runs->done_bytes;
    if (runs->direct != NULL) {
        chunk_give(runs, runs->direct);
        runs->direct = NULL;
    } else {
        runs->out_used = 0;
    }
    return write_more(runs, err);
}

/* A name beside those of data files, which a restart takes from the staged list. */
static mr_status note_name(struct mr_kept *runs, struct mr_err *err)
{
    uint64_t a = mr_io_random(runs->config.io), b = mr_io_random(runs->config.io);
    runs->path = mr_arena_format(&runs->arena, "%s/runs-%05u-%016" PRIx64 "%016" PRIx64 ".parquet",
                                 runs->config.table_path, runs->config.shard, a, b);
    runs->line = runs->path == NULL
                     ? NULL
                     : mr_arena_format(&runs->arena, "%s\n",
                                       runs->path + strlen(runs->config.table_path) + 1);
    if (runs->line == NULL) return runs_nomem(err);
    size_t bytes = strlen(runs->line);
    submit_moving(runs, MR_IO_WRITE, MR_KEPT_NOTING, runs->staged->file, runs->line, bytes,
                  runs->staged->off);
    runs->staged->off += bytes;
    return MR_E_AGAIN;
}

static mr_status open_file(struct mr_kept *runs)
{
    submit(runs, MR_IO_OPEN, MR_KEPT_OPENING);
    runs->op.flags = MR_OPEN_READ | MR_OPEN_WRITE | MR_OPEN_CREATE | MR_OPEN_EXCLUSIVE;
    runs->is_named = true;
    mr_io_submit(runs->config.io, &runs->op);
    return MR_E_AGAIN;
}

static mr_status unlink_file(struct mr_kept *runs)
{
    submit(runs, MR_IO_UNLINK, MR_KEPT_UNLINKING);
    mr_io_submit(runs->config.io, &runs->op);
    return MR_E_AGAIN;
}

mr_status mr_kept_spill(struct mr_kept *runs, struct mr_err *err)
{
    MR_ASSERT(runs->state == MR_KEPT_RESTING && runs->bytes > 0);
    runs->part_at = 0;
    runs->run = (struct mr_run){.off = runs->file_bytes, .end = runs->file_bytes};
    return runs->file < 0 ? note_name(runs, err) : write_more(runs, err);
}

mr_status mr_kept_step(struct mr_kept *runs, struct mr_err *err)
{
    if (runs->is_busy) return MR_E_AGAIN;
    switch (runs->state) {
    case MR_KEPT_NOTING: MR_TRY(move_on(runs, err)); return open_file(runs);
    case MR_KEPT_OPENING:
        if (runs->op.result < 0) return op_failed(runs, -runs->op.result, err);
        runs->file = (int32_t)runs->op.result;
        return unlink_file(runs);
    case MR_KEPT_UNLINKING:
        if (runs->op.result < 0) return op_failed(runs, -runs->op.result, err);
        runs->is_named = false;
        return write_more(runs, err);
    case MR_KEPT_WRITING: return written(runs, err);
    case MR_KEPT_RESTING:
    case MR_KEPT_READING: /* mr_kept_next goes on */
    case MR_KEPT_CLOSING: break;
    }
    return MR_OK;
}

/* ---- and back -------------------------------------------------------------------------------- */

static mr_status runs_corrupt(const struct mr_kept *runs, uint64_t off, struct mr_err *err)
{
    return mr_err_set(err, MR_E_CORRUPT, ERR_RUNS,
                      "rows that waited in %s (byte %" PRIu64 ") came back changed", runs->path,
                      off);
}

/* Reads a frame's rows and, in one go, the head behind them. */
static mr_status read_frame(struct mr_kept *runs, const struct mr_run *run, struct mr_err *err)
{
    uint64_t off = run->off + sizeof run->next;
    size_t bytes = run->next.bytes;
    if (run->next.magic != MAGIC || bytes > run->end - off) return runs_corrupt(runs, off, err);
    bytes += off + bytes < run->end ? sizeof run->next : 0;
    if (bytes > runs->frame_bytes) {
        mr_heap_give(runs->config.heap, runs->frame, runs->frame_bytes);
        runs->frame_bytes = 0;
        runs->frame = mr_heap_take(runs->config.heap, bytes);
        if (runs->frame == NULL) return runs_nomem(err);
        runs->frame_bytes = bytes;
    }
    submit_moving(runs, MR_IO_READ, MR_KEPT_READING, runs->file, runs->frame, bytes, off);
    return MR_E_AGAIN;
}

static mr_status give_rows(struct mr_kept *runs, struct mr_span rows, uint32_t count,
                           struct mr_batch **out_batch, uint32_t *out_partition, struct mr_err *err)
{
    MR_TRY(mr_run_rows_read(rows, count, &runs->batch, err));
    *out_batch = &runs->batch;
    *out_partition = runs->part_at;
    return MR_OK;
}

/* The frame that was read becomes a batch, and what follows it the run's next one. */
static mr_status take_frame(struct mr_kept *runs, struct mr_batch **out_batch,
                            uint32_t *out_partition, struct mr_err *err)
{
    MR_TRY(move_on(runs, err));
    struct mr_run *run = &runs->runs[runs->run_at];
    struct mr_run_head head = run->next;
    uint64_t off = run->off;
    runs->state = MR_KEPT_RESTING;
    run->off += sizeof head + head.bytes;
    if (run->off < run->end) memcpy(&run->next, runs->frame + head.bytes, sizeof run->next);
    if (mr_crc32c(head_crc(&head), runs->frame, head.bytes) != head.crc) {
        return runs_corrupt(runs, off, err);
    }
    struct mr_span rows = {runs->frame, head.bytes};
    return give_rows(runs, rows, head.rows, out_batch, out_partition, err);
}

mr_status mr_kept_next(struct mr_kept *runs, struct mr_batch **out_batch, uint32_t *out_partition,
                       struct mr_err *err)
{
    if (runs->is_busy) return MR_E_AGAIN;
    if (runs->state == MR_KEPT_READING) return take_frame(runs, out_batch, out_partition, err);
    MR_ASSERT(runs->state == MR_KEPT_RESTING);
    if (runs->batch.arena != NULL) mr_batch_fini(&runs->batch);
    mr_batch_init(&runs->batch, &runs->columns, runs->config.schema);
    chunk_give(runs, runs->held);
    runs->held = NULL;
    for (; runs->part_at < runs->part_count; runs->part_at++, runs->run_at = 0) {
        for (; runs->run_at < runs->run_count; runs->run_at++) {
            const struct mr_run *run = &runs->runs[runs->run_at];
            bool is_its = run->off < run->end && run->next.partition == runs->part_at;
            if (is_its) return read_frame(runs, run, err);
        }
        runs->held = chunk_pop(&runs->parts[runs->part_at]);
        if (runs->held == NULL) continue;
        struct mr_span rows = {runs->held->at, runs->held->head.bytes};
        return give_rows(runs, rows, runs->held->head.rows, out_batch, out_partition, err);
    }
    *out_batch = &runs->batch;
    return MR_OK;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* A name that could not be removed is in the staged list. */
bool mr_kept_stop(struct mr_kept *runs)
{
    if (runs->is_busy) return false;
    if (runs->state == MR_KEPT_OPENING) {
        if (runs->op.result >= 0) runs->file = (int32_t)runs->op.result;
        if (runs->op.result < 0) runs->is_named = false;
    }
    if (runs->state == MR_KEPT_CLOSING) runs->file = -1;
    runs->state = MR_KEPT_RESTING;
    if (runs->is_named) {
        runs->is_named = false;
        (void)unlink_file(runs);
        return false;
    }
    if (runs->file >= 0) {
        submit(runs, MR_IO_CLOSE, MR_KEPT_CLOSING);
        mr_io_submit(runs->config.io, &runs->op);
        return false;
    }
    forget(runs);
    return true;
}
