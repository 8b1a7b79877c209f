#include "core/checkpoint/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/doc/doc.h"
#include "core/port/files.h"
#include "kernels/codec/crc.h"

enum { ENTRY_BYTES_MAX = 1 << 30, ERR_DAMAGED = 4002 };

static mr_status checkpoint_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a checkpoint entry");
}

static mr_status damaged(const char *path, const char *what, struct mr_err *err)
{
    mr_err_set(err, MR_E_CORRUPT, ERR_DAMAGED, "%s is damaged: %s", path, what);
    mr_err_help(err, "restore the file from a backup, or see `millrace state inspect`");
    return MR_E_CORRUPT;
}

void mr_uuid_make(struct mr_io *io, char out[MR_UUID_TEXT])
{
    uint64_t high = mr_io_random(io), low = mr_io_random(io);
    high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    (void)snprintf(out, MR_UUID_TEXT, "%08x-%04x-%04x-%04x-%012" PRIx64, (unsigned)(high >> 32),
                   (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff),
                   (unsigned)(low >> 48), low & UINT64_C(0xffffffffffff));
}

char *mr_checkpoint_path(const struct mr_checkpoint *checkpoint, struct mr_arena *arena,
                         const char *fmt, ...)
{
    char part[256];
    va_list args;
    va_start(args, fmt);
    int bytes = vsnprintf(part, sizeof part, fmt, args);
    va_end(args);
    MR_ASSERT(bytes > 0 && (size_t)bytes < sizeof part);
    return mr_arena_format(arena, "%s/%s", checkpoint->path, part);
}

/* A scratch arena and a path in it: what nearly every call here needs. */
struct scratch {
    struct mr_arena arena;
    char *path;
};

static mr_status scratch_init(struct scratch *s, const struct mr_checkpoint *checkpoint,
                              const char *folder, int64_t epoch, struct mr_err *err)
{
    mr_arena_init(&s->arena, checkpoint->heap, 0);
    s->path = epoch < 0 ? mr_checkpoint_path(checkpoint, &s->arena, "%s", folder)
                        : mr_checkpoint_path(checkpoint, &s->arena, "%s/%" PRId64, folder, epoch);
    if (s->path != NULL) return MR_OK;
    mr_arena_fini(&s->arena);
    return checkpoint_nomem(err);
}

/* An entry's name is its epoch in decimal and nothing else; others (temporary, .crc) are ignored.
 */
static bool entry_epoch(struct mr_span name, int64_t *out_epoch)
{
    int64_t epoch = 0;
    if (name.bytes == 0 || name.bytes > 18) return false;
    for (size_t i = 0; i < name.bytes; i++) {
        if (name.text[i] < '0' || name.text[i] > '9') return false;
        epoch = epoch * 10 + (name.text[i] - '0');
    }
    *out_epoch = epoch;
    return true;
}

static mr_status newest_entry(const struct mr_checkpoint *checkpoint, const char *folder,
                              int64_t *out_newest, struct mr_err *err)
{
    struct scratch s;
    struct mr_dir_list list;
    int64_t newest = MR_EPOCH_NONE, epoch;
    MR_TRY(scratch_init(&s, checkpoint, folder, -1, err));
    mr_status status = mr_dir_list(checkpoint->io, &s.arena, s.path, false, &list, err);
    if (status == MR_OK) {
        for (uint32_t i = 0; i < list.count; i++) {
            if (entry_epoch(list.entries[i].name, &epoch)) newest = MR_MAX(newest, epoch);
        }
    }
    mr_arena_fini(&s.arena);
    if (status != MR_OK && status != MR_E_NOT_FOUND) return status;
    *out_newest = newest;
    return MR_OK;
}

static mr_status read_id(struct mr_checkpoint *checkpoint, struct mr_arena *arena, const char *path,
                         struct mr_err *err)
{
    struct mr_span content;
    const struct mr_doc *doc;
    MR_TRY(mr_file_read(checkpoint->io, arena, path, ENTRY_BYTES_MAX, &content, err));
    if (mr_doc_read(arena, content, &doc, NULL) != MR_OK) return damaged(path, "no JSON", err);
    struct mr_span id = mr_doc_string(mr_doc_get(doc, "id"), MR_SPAN(""));
    if (id.bytes != MR_UUID_TEXT - 1) return damaged(path, "it holds no query id", err);
    memcpy(checkpoint->id, id.text, MR_UUID_TEXT);
    return MR_OK;
}

static mr_status make_id(struct mr_checkpoint *checkpoint, struct mr_arena *arena, const char *path,
                         struct mr_err *err)
{
    mr_uuid_make(checkpoint->io, checkpoint->id);
    const char *text = mr_arena_format(arena, "{\"id\":\"%s\"}", checkpoint->id);
    if (text == NULL) return checkpoint_nomem(err);
    return mr_file_put_new(checkpoint->io, path, mr_span_of(text), err);
}

/* Reads the newest entries and the query id; makes the id when nothing is there yet. */
static mr_status checkpoint_load(struct mr_checkpoint *checkpoint, bool may_make,
                                 struct mr_err *err)
{
    struct scratch s;
    int64_t newest_prepared = MR_EPOCH_NONE;
    MR_TRY(newest_entry(checkpoint, "offsets", &checkpoint->newest_offsets, err));
    MR_TRY(newest_entry(checkpoint, "commits", &checkpoint->newest_commit, err));
    MR_TRY(newest_entry(checkpoint, "millrace/prepared", &newest_prepared, err));
    checkpoint->is_prepared = newest_prepared >= 0 && newest_prepared == checkpoint->newest_offsets;
    MR_TRY(scratch_init(&s, checkpoint, "metadata", -1, err));
    mr_status status = read_id(checkpoint, &s.arena, s.path, err);
    if (status == MR_E_NOT_FOUND && may_make) {
        if (checkpoint->newest_offsets >= 0 || checkpoint->newest_commit >= 0) {
            status = damaged(s.path, "it is missing although offsets or commits have entries", err);
        } else {
            status = make_id(checkpoint, &s.arena, s.path, err);
        }
    }
    mr_arena_fini(&s.arena);
    return status;
}

static mr_status take_lock(struct mr_checkpoint *checkpoint, struct mr_err *err)
{
    struct scratch s;
    struct mr_io_op op;
    MR_TRY(scratch_init(&s, checkpoint, "millrace/lock", -1, err));
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = s.path;
    op.flags = MR_OPEN_READ | MR_OPEN_WRITE | MR_OPEN_CREATE;
    int64_t file = mr_io_call(checkpoint->io, &op);
    mr_status status = MR_OK;
    if (file < 0) {
        status = mr_err_os(err, (int)-file, 4003, "cannot open %s", s.path);
    } else {
        checkpoint->lock = (int32_t)file;
        mr_io_op_init(&op, MR_IO_LOCK);
        op.file = checkpoint->lock;
        int64_t result = mr_io_call(checkpoint->io, &op);
        if (result == -EWOULDBLOCK) {
            status = mr_err_set(err, MR_E_LOCKED, 4003,
                                "another process runs the flow of checkpoint %s", checkpoint->path);
            mr_err_help(err, "stop it first; a crashed process leaves no lock behind");
        } else if (result < 0) {
            status = mr_err_os(err, (int)-result, 4003, "cannot lock %s", s.path);
        }
    }
    mr_arena_fini(&s.arena);
    return status;
}

static mr_status checkpoint_init(struct mr_checkpoint *checkpoint, struct mr_io *io,
                                 struct mr_heap *heap, const char *path, struct mr_err *err)
{
    memset(checkpoint, 0, sizeof *checkpoint);
    checkpoint->io = io;
    checkpoint->heap = heap;
    checkpoint->lock = -1;
    checkpoint->newest_offsets = checkpoint->newest_commit = MR_EPOCH_NONE;
    if (strlen(path) + 300 >= sizeof checkpoint->path) {
        return mr_err_set(err, MR_E_LIMIT, ERR_DAMAGED, "checkpoint path is too long: %.200s",
                          path);
    }
    strcpy(checkpoint->path, path);
    return MR_OK;
}

/* Temporary files of a process that was killed. Only the owner of the lock removes them: of the
 * others none can be in the middle of writing one here. */
static mr_status sweep_folder(struct mr_checkpoint *checkpoint, const char *folder,
                              struct mr_err *err)
{
    struct scratch s;
    struct mr_dir_list list = {0};
    MR_TRY(scratch_init(&s, checkpoint, folder, -1, err));
    mr_status status = mr_dir_list(checkpoint->io, &s.arena, s.path, false, &list, err);
    if (status == MR_E_NOT_FOUND) status = MR_OK;
    for (uint32_t i = 0; status == MR_OK && i < list.count; i++) {
        struct mr_span name = list.entries[i].name;
        if (name.text[0] != '.' || !mr_span_ends(name, MR_SPAN(".tmp"))) continue;
        char *path = mr_arena_format(&s.arena, "%s/%s", s.path, name.text);
        status = path == NULL ? checkpoint_nomem(err) : mr_file_remove(checkpoint->io, path, err);
    }
    mr_arena_fini(&s.arena);
    return status;
}

static mr_status sweep(struct mr_checkpoint *checkpoint, struct mr_err *err)
{
    static const char *const folders[] = {".",         "_schemas", "offsets",          "commits",
                                          "sources/0", "millrace", "millrace/prepared"};
    for (size_t i = 0; i < MR_COUNT_OF(folders); i++) {
        MR_TRY(sweep_folder(checkpoint, folders[i], err));
    }
    return MR_OK;
}

mr_status mr_checkpoint_open(struct mr_checkpoint *checkpoint, struct mr_io *io,
                             struct mr_heap *heap, const char *path, struct mr_err *err)
{
    static const char *const folders[] = {"offsets", "commits", "sources/0", "millrace/prepared",
                                          "millrace/staged"};
    MR_TRY(checkpoint_init(checkpoint, io, heap, path, err));
    for (size_t i = 0; i < MR_COUNT_OF(folders); i++) {
        struct scratch s;
        MR_TRY(scratch_init(&s, checkpoint, folders[i], -1, err));
        mr_status status = mr_dir_make(io, s.path, err);
        /* Entries that are found are built on; who wrote them may have died before the sync. */
        if (status == MR_OK) status = mr_dir_sync(io, s.path, err);
        mr_arena_fini(&s.arena);
        if (status != MR_OK) return status;
    }
    mr_status status = take_lock(checkpoint, err);
    if (status == MR_OK) status = sweep(checkpoint, err);
    if (status == MR_OK) status = checkpoint_load(checkpoint, true, err);
    if (status != MR_OK) mr_checkpoint_close(checkpoint);
    return status;
}

mr_status mr_checkpoint_look(struct mr_checkpoint *checkpoint, struct mr_io *io,
                             struct mr_heap *heap, const char *path, struct mr_err *err)
{
    MR_TRY(checkpoint_init(checkpoint, io, heap, path, err));
    return checkpoint_load(checkpoint, false, err);
}

void mr_checkpoint_close(struct mr_checkpoint *checkpoint)
{
    struct mr_io_op op;
    if (checkpoint->io == NULL || checkpoint->lock < 0) return;
    mr_file_put_drop(&checkpoint->offsets_put);
    mr_file_put_drop(&checkpoint->prepared_put);
    mr_file_put_drop(&checkpoint->commit_put);
    mr_io_op_init(&op, MR_IO_CLOSE);
    op.file = checkpoint->lock;
    (void)mr_io_call(checkpoint->io, &op);
    checkpoint->lock = -1;
}

mr_status mr_checkpoint_target(struct mr_checkpoint *checkpoint, struct mr_span table_id,
                               struct mr_err *err)
{
    struct scratch s;
    struct mr_span content;
    const struct mr_doc *doc = NULL;
    MR_TRY(scratch_init(&s, checkpoint, "millrace/target", -1, err));
    mr_status status =
        mr_file_read(checkpoint->io, &s.arena, s.path, ENTRY_BYTES_MAX, &content, err);
    if (status == MR_E_NOT_FOUND) {
        const char *text =
            mr_arena_format(&s.arena, "{\"tableId\":\"%.*s\"}", (int)table_id.bytes, table_id.text);
        status = text == NULL ? checkpoint_nomem(err)
                              : mr_file_put_new(checkpoint->io, s.path, mr_span_of(text), err);
    } else if (status == MR_OK) {
        if (mr_doc_read(&s.arena, content, &doc, NULL) != MR_OK) {
            status = damaged(s.path, "no JSON", err);
        } else if (!mr_span_eq(mr_doc_string(mr_doc_get(doc, "tableId"), MR_SPAN("")), table_id)) {
            status = mr_err_set(err, MR_E_CONFLICT, 4004,
                                "checkpoint %s belongs to another table than the one there now",
                                checkpoint->path);
            mr_err_help(err, "the table was replaced; bring the old one back, or start over with "
                             "--full-refresh");
        }
    }
    mr_arena_fini(&s.arena);
    return status;
}

static uint32_t offsets_crc(const struct mr_offsets_entry *entry)
{
    char head[64];
    int bytes = snprintf(head, sizeof head, "%" PRId64 " %" PRId64 "\n", entry->watermark_ms,
                         entry->batch_time_ms);
    uint32_t crc = mr_crc32c(0, head, (size_t)bytes);
    for (uint32_t i = 0; i < entry->source_count; i++) {
        crc = mr_crc32c(crc, entry->sources[i].text, entry->sources[i].bytes);
        crc = mr_crc32c(crc, "\n", 1);
    }
    return crc;
}

mr_status mr_checkpoint_begin_offsets(struct mr_checkpoint *checkpoint, int64_t epoch,
                                      const struct mr_offsets_entry *entry, struct mr_err *err)
{
    struct scratch s;
    struct mr_text text;
    MR_ASSERT(epoch == checkpoint->newest_offsets + 1);
    MR_ASSERT(checkpoint->newest_commit == checkpoint->newest_offsets);
    MR_ASSERT(entry->source_count >= 1 && entry->source_count <= MR_CHECKPOINT_SOURCES_MAX);
    MR_ASSERT(checkpoint->offsets_put.state == MR_FILE_PUT_EMPTY);
    MR_TRY(scratch_init(&s, checkpoint, "offsets", epoch, err));
    mr_text_init(&text, checkpoint->heap);
    mr_text_addf(&text,
                 "v1\n{\"batchWatermarkMs\":%" PRId64 ",\"batchTimestampMs\":%" PRId64
                 ",\"conf\":{\"millrace.crc32c\":\"%08x\"}}",
                 entry->watermark_ms, entry->batch_time_ms, offsets_crc(entry));
    for (uint32_t i = 0; i < entry->source_count; i++) {
        mr_text_addc(&text, '\n');
        mr_text_add(&text, entry->sources[i].text, entry->sources[i].bytes);
    }
    mr_status status = mr_text_end(&text, err);
    if (status == MR_OK) {
        status = mr_file_put_begin(&checkpoint->offsets_put, checkpoint->io, s.path,
                                   mr_text_span(&text), err);
    }
    mr_text_fini(&text);
    mr_arena_fini(&s.arena);
    return status;
}

mr_status mr_checkpoint_name_offsets(struct mr_checkpoint *checkpoint, struct mr_err *err)
{
    MR_ASSERT(checkpoint->offsets_put.state == MR_FILE_PUT_WRITTEN);
    MR_TRY(mr_file_put_name(&checkpoint->offsets_put, err));
    if (checkpoint->offsets_put.existed) return mr_file_put_end(&checkpoint->offsets_put, err);
    checkpoint->newest_offsets++;
    checkpoint->is_prepared = false;
    return MR_OK;
}

mr_status mr_checkpoint_end_offsets(struct mr_checkpoint *checkpoint, struct mr_err *err)
{
    MR_ASSERT(checkpoint->offsets_put.state != MR_FILE_PUT_WRITTEN);
    return mr_file_put_end(&checkpoint->offsets_put, err);
}

mr_status mr_checkpoint_put_offsets(struct mr_checkpoint *checkpoint, int64_t epoch,
                                    const struct mr_offsets_entry *entry, struct mr_err *err)
{
    MR_TRY(mr_checkpoint_begin_offsets(checkpoint, epoch, entry, err));
    MR_TRY(mr_checkpoint_name_offsets(checkpoint, err));
    return mr_checkpoint_end_offsets(checkpoint, err);
}

mr_status mr_checkpoint_begin_prepared(struct mr_checkpoint *checkpoint, int64_t epoch,
                                       struct mr_span json, struct mr_err *err)
{
    struct scratch s;
    struct mr_text text;
    MR_ASSERT(epoch == checkpoint->newest_offsets && !checkpoint->is_prepared);
    MR_ASSERT(checkpoint->newest_commit == epoch - 1);
    MR_ASSERT(checkpoint->prepared_put.state == MR_FILE_PUT_EMPTY);
    MR_TRY(scratch_init(&s, checkpoint, "millrace/prepared", epoch, err));
    mr_text_init(&text, checkpoint->heap);
    mr_text_addf(&text, "v1 %08x %zu\n", mr_crc32c(0, json.text, json.bytes), json.bytes);
    mr_text_add(&text, json.text, json.bytes);
    mr_status status = mr_text_end(&text, err);
    if (status == MR_OK) {
        status = mr_file_put_begin(&checkpoint->prepared_put, checkpoint->io, s.path,
                                   mr_text_span(&text), err);
    }
    mr_text_fini(&text);
    mr_arena_fini(&s.arena);
    return status;
}

mr_status mr_checkpoint_end_prepared(struct mr_checkpoint *checkpoint, struct mr_err *err)
{
    MR_ASSERT(checkpoint->prepared_put.state == MR_FILE_PUT_WRITTEN);
    MR_TRY(mr_checkpoint_end_offsets(checkpoint, err));
    MR_TRY(mr_file_put_end(&checkpoint->prepared_put, err));
    checkpoint->is_prepared = true;
    return MR_OK;
}

mr_status mr_checkpoint_put_prepared(struct mr_checkpoint *checkpoint, int64_t epoch,
                                     struct mr_span json, struct mr_err *err)
{
    MR_TRY(mr_checkpoint_begin_prepared(checkpoint, epoch, json, err));
    return mr_checkpoint_end_prepared(checkpoint, err);
}

mr_status mr_checkpoint_begin_commit(struct mr_checkpoint *checkpoint, int64_t epoch,
                                     int64_t next_watermark_ms, struct mr_err *err)
{
    struct scratch s;
    char text[96];
    MR_ASSERT(epoch == checkpoint->newest_offsets && epoch == checkpoint->newest_commit + 1);
    MR_ASSERT(checkpoint->commit_put.state == MR_FILE_PUT_EMPTY);
    MR_TRY(scratch_init(&s, checkpoint, "commits", epoch, err));
    (void)snprintf(text, sizeof text, "v1\n{\"nextBatchWatermarkMs\":%" PRId64 "}",
                   next_watermark_ms);
    mr_status status = mr_file_put_begin(&checkpoint->commit_put, checkpoint->io, s.path,
                                         mr_span_of(text), err);
    mr_arena_fini(&s.arena);
    return status;
}

mr_status mr_checkpoint_end_commit(struct mr_checkpoint *checkpoint, struct mr_err *err)
{
    MR_ASSERT(checkpoint->is_prepared);
    MR_ASSERT(checkpoint->commit_put.state == MR_FILE_PUT_WRITTEN);
    MR_TRY(mr_file_put_end(&checkpoint->commit_put, err));
    checkpoint->newest_commit++;
    return MR_OK;
}

mr_status mr_checkpoint_put_commit(struct mr_checkpoint *checkpoint, int64_t epoch,
                                   int64_t next_watermark_ms, struct mr_err *err)
{
    MR_TRY(mr_checkpoint_begin_commit(checkpoint, epoch, next_watermark_ms, err));
    return mr_checkpoint_end_commit(checkpoint, err);
}

mr_status mr_checkpoint_withdraw(struct mr_checkpoint *checkpoint, int64_t epoch,
                                 struct mr_err *err)
{
    struct scratch s;
    struct mr_io_op op;
    MR_ASSERT(checkpoint->is_prepared && epoch == checkpoint->newest_offsets);
    MR_TRY(scratch_init(&s, checkpoint, "millrace/prepared", epoch, err));
    char *aside = mr_arena_format(&s.arena, "%s.withdrawn", s.path);
    char *folder = mr_checkpoint_path(checkpoint, &s.arena, "millrace/prepared");
    mr_status status = aside == NULL || folder == NULL ? checkpoint_nomem(err) : MR_OK;
    if (status == MR_OK) {
        mr_io_op_init(&op, MR_IO_RENAME);
        op.path = s.path;
        op.path2 = aside;
        int64_t result = mr_io_call(checkpoint->io, &op);
        if (result < 0) {
            status = mr_err_os(err, (int)-result, ERR_DAMAGED, "cannot withdraw %s", s.path);
        }
    }
    if (status == MR_OK) status = mr_dir_sync(checkpoint->io, folder, err);
    if (status == MR_OK) checkpoint->is_prepared = false;
    mr_arena_fini(&s.arena);
    return status;
}

/* Splits off the text up to the next line feed. */
static struct mr_span next_line(struct mr_span *rest)
{
    const char *end = memchr(rest->text, '\n', rest->bytes);
    struct mr_span line = {rest->text, end == NULL ? rest->bytes : (size_t)(end - rest->text)};
    size_t taken = end == NULL ? rest->bytes : line.bytes + 1;
    rest->text += taken;
    rest->bytes -= taken;
    return line;
}

/* Reads an entry and checks its first line; *out_rest is what follows, *out_path for messages. */
static mr_status read_entry(struct mr_checkpoint *checkpoint, struct mr_arena *arena,
                            const char *folder, int64_t epoch, const char **out_path,
                            struct mr_span *out_first, struct mr_span *out_rest, struct mr_err *err)
{
    char *path = mr_checkpoint_path(checkpoint, arena, "%s/%" PRId64, folder, epoch);
    if (path == NULL) return checkpoint_nomem(err);
    MR_TRY(mr_file_read(checkpoint->io, arena, path, ENTRY_BYTES_MAX, out_rest, err));
    *out_first = next_line(out_rest);
    *out_path = path;
    if (mr_span_is(*out_first, "v1") || mr_span_starts(*out_first, MR_SPAN("v1 "))) return MR_OK;
    mr_err_set(err, mr_span_starts(*out_first, MR_SPAN("v")) ? MR_E_UNSUPPORTED : MR_E_CORRUPT,
               ERR_DAMAGED, "%s has format \"%.*s\", this program reads v1", path,
               (int)MR_MIN(out_first->bytes, (size_t)20), out_first->text);
    return err == NULL ? MR_E_CORRUPT : err->status;
}

/* A JSON object with an exact integer member. */
static mr_status need_int(const struct mr_doc *doc, const char *name, const char *path,
                          int64_t *out_value, struct mr_err *err)
{
    const struct mr_doc *value = mr_doc_get(doc, name);
    if (value == NULL || value->kind != MR_DOC_NUMBER)
        return damaged(path, "a value is missing", err);
    *out_value = mr_doc_int(value, 0);
    return MR_OK;
}

/* Ours has the checksum; Spark's has none and always some setting of its own. */
static bool offsets_crc_fits(const struct mr_offsets_entry *entry, const struct mr_doc *conf)
{
    struct mr_span crc = mr_doc_string(mr_doc_get(conf, "millrace.crc32c"), MR_SPAN(""));
    if (crc.bytes > 0) return strtoul(crc.text, NULL, 16) == offsets_crc(entry);
    for (const struct mr_doc *m = conf == NULL ? NULL : conf->first; m != NULL; m = m->next) {
        if (mr_span_starts(m->key, MR_SPAN("spark."))) return true;
    }
    return false;
}

mr_status mr_checkpoint_get_offsets(struct mr_checkpoint *checkpoint, struct mr_arena *arena,
                                    int64_t epoch, struct mr_offsets_entry *out_entry,
                                    struct mr_err *err)
{
    const char *path;
    struct mr_span first, rest;
    const struct mr_doc *doc;
    struct mr_offsets_entry entry = {0};
    MR_TRY(read_entry(checkpoint, arena, "offsets", epoch, &path, &first, &rest, err));
    if (mr_doc_read(arena, next_line(&rest), &doc, NULL) != MR_OK) {
        return damaged(path, "its second line is no JSON", err);
    }
    MR_TRY(need_int(doc, "batchWatermarkMs", path, &entry.watermark_ms, err));
    MR_TRY(need_int(doc, "batchTimestampMs", path, &entry.batch_time_ms, err));
    while (rest.bytes > 0) {
        if (entry.source_count == MR_CHECKPOINT_SOURCES_MAX) {
            return damaged(path, "it names too many sources", err);
        }
        entry.sources[entry.source_count++] = next_line(&rest);
    }
    if (entry.source_count == 0) return damaged(path, "it names no source", err);
    if (!offsets_crc_fits(&entry, mr_doc_get(doc, "conf"))) {
        return damaged(path, "its checksum does not match", err);
    }
    *out_entry = entry;
    return MR_OK;
}

mr_status mr_checkpoint_get_prepared(struct mr_checkpoint *checkpoint, struct mr_arena *arena,
                                     int64_t epoch, struct mr_span *out_json, struct mr_err *err)
{
    const char *path;
    struct mr_span first, rest;
    unsigned crc;
    size_t bytes;
    MR_TRY(read_entry(checkpoint, arena, "millrace/prepared", epoch, &path, &first, &rest, err));
    const char *head = mr_arena_copy(arena, first);
    if (head == NULL) return checkpoint_nomem(err);
    if (sscanf(head, "v1 %8x %zu", &crc, &bytes) != 2) {
        return damaged(path, "its first line does not read", err);
    }
    if (bytes != rest.bytes) return damaged(path, "its length is wrong", err);
    if (mr_crc32c(0, rest.text, rest.bytes) != crc) {
        return damaged(path, "its checksum does not match", err);
    }
    *out_json = rest;
    return MR_OK;
}

mr_status mr_checkpoint_get_commit(struct mr_checkpoint *checkpoint, struct mr_arena *arena,
                                   int64_t epoch, int64_t *out_next_watermark_ms,
                                   struct mr_err *err)
{
    const char *path;
    struct mr_span first, rest;
    const struct mr_doc *doc;
    MR_TRY(read_entry(checkpoint, arena, "commits", epoch, &path, &first, &rest, err));
    if (mr_doc_read(arena, next_line(&rest), &doc, NULL) != MR_OK) {
        return damaged(path, "its second line is no JSON", err);
    }
    return need_int(doc, "nextBatchWatermarkMs", path, out_next_watermark_ms, err);
}

static mr_status retain_folder(struct mr_checkpoint *checkpoint, const char *folder,
                               struct mr_err *err)
{
    struct scratch s;
    struct mr_dir_list list;
    int64_t epoch, oldest = checkpoint->newest_commit - MR_CHECKPOINT_RETAIN;
    MR_TRY(scratch_init(&s, checkpoint, folder, -1, err));
    mr_status status = mr_dir_list(checkpoint->io, &s.arena, s.path, false, &list, err);
    for (uint32_t i = 0; status == MR_OK && i < list.count; i++) {
        if (!entry_epoch(list.entries[i].name, &epoch) || epoch > oldest) continue;
        char *path = mr_checkpoint_path(checkpoint, &s.arena, "%s/%" PRId64, folder, epoch);
        status = path == NULL ? checkpoint_nomem(err) : mr_file_remove(checkpoint->io, path, err);
    }
    mr_arena_fini(&s.arena);
    return status;
}

mr_status mr_checkpoint_retain(struct mr_checkpoint *checkpoint, struct mr_err *err)
{
    /* Commits go last: a crash in between leaves older commits, never offsets without them. */
    MR_TRY(retain_folder(checkpoint, "offsets", err));
    MR_TRY(retain_folder(checkpoint, "millrace/prepared", err));
    return retain_folder(checkpoint, "commits", err);
}
