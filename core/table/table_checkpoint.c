/* Off the commit path: log checkpoints, their hint, and version checksums.
 *
 * A checkpoint is written to a temporary name beside its place, synced and renamed, so that a name
 * that is there is complete. It goes out row batch by row batch through the Parquet writer, so
 * memory is that of the snapshot and the writer's budget. Two processes may write the same one:
 * both say the same. Nothing here is needed for a table to be right; a failure leaves it a little
 * slower to open. */
#include "core/table/table_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_crc.h"
#include "core/format/delta/delta_hint.h"
#include "core/format/delta/delta_protocol.h"
#include "core/format/delta/delta_rows.h"
#include "core/format/parquet/pq_writer.h"
#include "kernels/text/number.h"

enum { ERR_FILE = 5001, WRITER_BYTES = 64 << 20, PIECES = 16, HINT_BYTES_MAX = 16 << 20 };

/* ---- one file, written piece by piece ---- */

struct output {
    struct mr_table *table;
    int32_t file;
    char temporary[MR_PATH_MAX];
};

static mr_status output_call(struct output *o, struct mr_io_op *op, const char *verb,
                             struct mr_err *err)
{
    int64_t result = mr_io_call(o->table->io, op);
    if (result >= 0) return MR_OK;
    return mr_err_os(err, (int)-result, ERR_FILE, "cannot %s %s", verb, o->temporary);
}

static mr_status output_open(struct output *o, struct mr_err *err)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = o->temporary;
    op.flags = MR_OPEN_WRITE | MR_OPEN_CREATE | MR_OPEN_EXCLUSIVE;
    MR_TRY(output_call(o, &op, "make", err));
    o->file = (int32_t)op.result;
    return MR_OK;
}

static mr_status output_write(struct output *o, const struct mr_pq_piece *piece, struct mr_err *err)
{
    uint32_t done = 0;
    while (done < piece->bytes) {
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_WRITE);
        op.file = o->file;
        op.buf = (void *)(uintptr_t)(piece->at + done);
        op.bytes = piece->bytes - done;
        op.off = piece->off + done;
        MR_TRY(output_call(o, &op, "write", err));
        if (op.result == 0) {
            return mr_err_set(err, MR_E_IO, ERR_FILE, "cannot write %s", o->temporary);
        }
        done += (uint32_t)op.result;
    }
    return MR_OK;
}

static mr_status output_sync(struct output *o, struct mr_err *err)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_SYNC);
    op.file = o->file;
    return output_call(o, &op, "sync", err);
}

static void output_close(struct output *o)
{
    struct mr_io_op op;
    if (o->file < 0) return;
    mr_io_op_init(&op, MR_IO_CLOSE);
    op.file = o->file;
    (void)mr_io_call(o->table->io, &op);
    o->file = -1;
}

/* Gives the finished file its name, durably. */
static mr_status output_name(struct output *o, const char *path, struct mr_err *err)
{
    char log[MR_PATH_MAX];
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_RENAME);
    op.path = o->temporary;
    op.path2 = path;
    MR_TRY(output_call(o, &op, "rename", err));
    table_log_path(o->table, "", log);
    return mr_dir_sync(o->table->io, log, err);
}

/* ---- the checkpoint ---- */

static mr_status drain(struct mr_pq_writer *writer, struct output *o, struct mr_err *err)
{
    struct mr_pq_piece pieces[PIECES];
    mr_status status = MR_OK;
    for (;;) {
        uint32_t count = mr_pq_writer_take(writer, pieces, PIECES);
        for (uint32_t i = 0; i < count; i++) {
            if (status == MR_OK) status = output_write(o, &pieces[i], err);
            mr_pq_writer_give(writer, &pieces[i]);
        }
        if (count == 0 || status != MR_OK) return status;
    }
}

static mr_status write_rows(struct mr_delta_rows *rows, struct mr_arena *arena,
                            struct mr_pq_writer *writer, struct output *o, struct mr_err *err)
{
    for (;;) {
        struct mr_batch batch;
        mr_arena_reset(arena);
        MR_TRY(mr_delta_rows_next(rows, arena, &batch, err));
        if (batch.rows == 0) break;
        MR_TRY(mr_pq_writer_append(writer, &batch, NULL, err));
        MR_TRY(drain(writer, o, err));
    }
    MR_TRY(mr_pq_writer_seal(writer, err));
    MR_TRY(drain(writer, o, err));
    return output_sync(o, err);
}

/* Everything that has to be given back, whatever happened. */
struct checkpoint {
    struct mr_arena schema_arena;
    struct mr_arena batch_arena;
    struct mr_delta_rows rows;
    struct mr_pq_writer *writer;
    void *codec_memory;
    size_t codec_bytes;
    struct output output;
};

static void checkpoint_fini(struct checkpoint *c, struct mr_heap *heap)
{
    output_close(&c->output);
    mr_pq_writer_close(c->writer);
    mr_heap_give(heap, c->codec_memory, c->codec_bytes);
    mr_delta_rows_fini(&c->rows);
    mr_arena_fini(&c->batch_arena);
    mr_arena_fini(&c->schema_arena);
}

static mr_status checkpoint_open(struct mr_table *table, struct checkpoint *c, struct mr_err *err)
{
    const struct mr_codec_limits limits = {0};
    struct mr_codec *codec = NULL;
    const struct mr_type *schema = mr_delta_rows_schema(&c->schema_arena);
    c->codec_bytes = mr_codec_footprint(&limits);
    c->codec_memory = mr_heap_take(table->heap, c->codec_bytes);
    if (schema == NULL || c->codec_memory == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a log checkpoint");
    }
    MR_TRY(mr_codec_init(c->codec_memory, &limits, &codec, err));
    struct mr_pq_writer_options options = {.codec = codec,
                                           .codec_id = MR_CODEC_SNAPPY,
                                           .memory_bytes = WRITER_BYTES,
                                           .row_group_bytes = WRITER_BYTES / 2};
    MR_TRY(mr_pq_writer_open(table->heap, schema, &options, &c->writer, err));
    mr_delta_rows_init(&c->rows, table->heap, &table->snapshot, schema);
    (void)snprintf(c->output.temporary, MR_PATH_MAX,
                   "%s/_delta_log/.%020" PRId64 ".checkpoint.%016" PRIx64 ".tmp", table->path,
                   table->snapshot.version, mr_io_random(table->io));
    return output_open(&c->output, err);
}

static mr_status hint_write(struct mr_table *table, const struct checkpoint *c, uint64_t bytes,
                            struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_text text;
    struct mr_delta_hint hint = {.version = table->snapshot.version,
                                 .rows = c->rows.row_count,
                                 .bytes = bytes,
                                 .add_count = c->rows.add_count};
    mr_text_init(&text, table->heap);
    mr_arena_reset(&table->scratch);
    mr_status status = mr_delta_hint_write(&table->scratch, &hint, &text, err);
    table_log_path(table, "_last_checkpoint", path);
    if (status == MR_OK) {
        status = mr_file_replace(table->io, path, mr_text_span(&text), err);
    }
    mr_text_fini(&text);
    return status;
}

static mr_status checkpoint_run(struct mr_table *table, struct checkpoint *c, const char *path,
                                struct mr_err *err)
{
    MR_TRY(checkpoint_open(table, c, err));
    mr_status status = write_rows(&c->rows, &c->batch_arena, c->writer, &c->output, err);
    output_close(&c->output);
    if (status == MR_OK) status = output_name(&c->output, path, err);
    if (status != MR_OK) {
        /* A leftover starts with a dot, and nobody reads it. */
        mr_status removed = mr_file_remove(table->io, c->output.temporary, NULL);
        (void)removed;
        return status;
    }
    table->checkpoint_version = table->snapshot.version;
    return hint_write(table, c, mr_pq_writer_bytes(c->writer), err);
}

/* The version that `_last_checkpoint` names; -1 when there is none or it does not read. */
static int64_t hint_version(struct mr_table *table)
{
    char path[MR_PATH_MAX];
    struct mr_span content;
    const struct mr_doc *doc = NULL;
    table_log_path(table, "_last_checkpoint", path);
    mr_arena_reset(&table->scratch);
    if (mr_file_read(table->io, &table->scratch, path, HINT_BYTES_MAX, &content, NULL) != MR_OK) {
        return -1;
    }
    if (mr_doc_read(&table->scratch, content, &doc, NULL) != MR_OK) return -1;
    return mr_doc_int(mr_doc_get(doc, "version"), -1);
}

static int64_t checkpoint_interval(const struct mr_table *table)
{
    struct mr_span text = mr_delta_property(&table->snapshot.metadata, "delta.checkpointInterval");
    int64_t interval;
    if (mr_i64_parse(text.text, text.bytes, &interval) != MR_PARSE_OK) return INTERVAL_DEFAULT;
    return interval > 0 ? interval : INTERVAL_DEFAULT;
}

bool mr_table_checkpoint_due(const struct mr_table *table)
{
    int64_t version = table->snapshot.version, interval = checkpoint_interval(table);
    int64_t gap = version - MR_MAX(table->checkpoint_version, INT64_C(0));
    if (table->is_stale || gap < interval) return false;
    /* Whoever commits a round version writes it; others step in when that did not happen. */
    return (table->own_newest == version && version % interval == 0) || gap >= 2 * interval;
}

mr_status mr_table_checkpoint_write(struct mr_table *table, struct mr_err *err)
{
    char path[MR_PATH_MAX], name[64];
    bool is_there = false;
    if (table->is_stale) MR_TRY(mr_table_refresh(table, err));
    table->checkpoint_version = MR_MAX(table->checkpoint_version, hint_version(table));
    int64_t version = table->snapshot.version;
    int64_t round = version / checkpoint_interval(table) * checkpoint_interval(table);
    if (table->checkpoint_version >= round && round > 0) return MR_OK; /* another process did */
    MR_TRY(mr_delta_can_append(&table->snapshot, err));
    (void)snprintf(name, sizeof name, "%020" PRId64 ".checkpoint.parquet", version);
    table_log_path(table, name, path);
    MR_TRY(mr_file_exists(table->io, path, &is_there, err));
    if (is_there) {
        table->checkpoint_version = version;
        return MR_OK;
    }
    struct checkpoint c = {.output = {.table = table, .file = -1}};
    mr_arena_init(&c.schema_arena, table->heap, 0);
    mr_arena_init(&c.batch_arena, table->heap, 0);
    mr_status status = checkpoint_run(table, &c, path, err);
    checkpoint_fini(&c, table->heap);
    if (status != MR_OK) mr_err_origin(err, table->path);
    return status;
}

/* ---- version checksums ----
 *
 * A folder that is listed while names are added may show N.crc and not N.json, which is older: the
 * listing had passed the place. Some readers (delta-kernel-rs) then fail, so a checksum waits until
 * no listing from before its commit can still be under way. With quick commits five a second get
 * its checksum; the others have none, which is fine. A process does not wait for that at its end:
 * the next one finds a version of ours that has none (mr_table_inherit). */

void table_crc_plan(struct mr_table *table, const char *txn_id)
{
    if (table->crc_version >= 0) return; /* one is waiting: it would never be old enough */
    mr_text_reset(&table->crc);
    mr_delta_crc_write(&table->snapshot, mr_span_of(txn_id), &table->crc);
    if (table->crc.is_failed) return;
    table->crc_version = table->snapshot.version;
    table->crc_after_us = mr_io_mono_us(table->io) + CRC_DELAY_US;
}

/* How long a commit's file has been there; by the wall clock, so 0 when that was set back. */
static mr_status commit_age(struct mr_table *table, int64_t *out_us, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_io_stat stat;
    table_commit_path(table, table->snapshot.version, path);
    MR_TRY(mr_file_stat(table->io, path, &stat, err));
    *out_us = MR_MAX(mr_io_now_us(table->io) - stat.modified_us, INT64_C(0));
    return MR_OK;
}

/* "millrace/" of an engineInfo: other versions of a program are the same program. */
static struct mr_span program_of(struct mr_span engine)
{
    const char *slash = engine.bytes == 0 ? NULL : memchr(engine.text, '/', engine.bytes);
    return slash == NULL ? engine : (struct mr_span){engine.text, (size_t)(slash - engine.text)};
}

static mr_status crc_inherit(struct mr_table *table, struct mr_arena *arena, struct mr_span engine,
                             struct mr_err *err)
{
    struct mr_delta_commit_info info;
    const struct mr_doc *doc;
    int64_t age_us;
    MR_TRY(table_read_info(table, table->snapshot.version, arena, &info, err));
    if (info.json.bytes == 0 || mr_doc_read(arena, info.json, &doc, NULL) != MR_OK) return MR_OK;
    struct mr_span by = mr_doc_string(mr_doc_get(doc, "engineInfo"), MR_SPAN(""));
    if (by.bytes == 0 || !mr_span_eq(program_of(by), program_of(engine))) return MR_OK;
    const char *txn_id = mr_arena_copy(arena, info.txn_id);
    if (txn_id == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a checksum");
    MR_TRY(commit_age(table, &age_us, err));
    table_crc_plan(table, txn_id);
    table->crc_after_us -= age_us;
    return MR_OK;
}

mr_status mr_table_inherit(struct mr_table *table, struct mr_span engine, struct mr_err *err)
{
    char path[MR_PATH_MAX], name[64];
    bool is_there;
    struct mr_arena arena;
    (void)snprintf(name, sizeof name, "%020" PRId64 ".crc", table->snapshot.version);
    table_log_path(table, name, path);
    MR_TRY(mr_file_exists(table->io, path, &is_there, err));
    if (is_there) return MR_OK;
    mr_arena_init(&arena, table->heap, 0);
    mr_status status = crc_inherit(table, &arena, engine, err);
    mr_arena_fini(&arena);
    return status == MR_E_NOT_FOUND ? MR_OK : status;
}

static mr_status crc_write(struct mr_table *table, struct mr_err *err)
{
    char path[MR_PATH_MAX], name[64];
    int64_t version = table->crc_version;
    if (version < 0 || mr_io_mono_us(table->io) < table->crc_after_us) return MR_OK;
    table->crc_version = -1;
    for (uint32_t i = 0; i < OWN_COMMITS; i++) {
        if (table->own[i].version == version && table->own[i].is_lost) return MR_OK;
    }
    (void)snprintf(name, sizeof name, "%020" PRId64 ".crc", version);
    table_log_path(table, name, path);
    mr_status status = mr_file_put_new(table->io, path, mr_text_span(&table->crc), err);
    return status == MR_E_EXISTS ? MR_OK : status;
}

mr_status mr_table_upkeep(struct mr_table *table, struct mr_err *err)
{
    mr_status status = crc_write(table, err);
    if (status == MR_OK && mr_table_checkpoint_due(table)) {
        status = mr_table_checkpoint_write(table, err);
    }
    return status;
}
