/* What is on the disk, read without the help of what wrote it: see flow_world.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/parquet/pq_reader.h"
#include "tests/sim/flow_world.h"

enum { AUDITOR = 4712, PATH_BYTES = 512, FILES_MAX = 512, EPOCHS_MAX = 1024 };

struct named_file {
    char path[PATH_BYTES];
    bool is_named; /* by the table's log */
};

struct audit {
    struct mr_world *world;
    uint32_t claims;
    uint8_t *seen; /* [ids + 1] how often each id is in the table */
    uint64_t nulls;
    uint8_t *bad_seen; /* [malformed + 1] how often each is below badRecordsPath */
    uint64_t bad_twice;
    uint32_t bad_torn;  /* lines that are not whole */
    uint32_t bad_empty; /* files, which only an attempt that was given up would leave */
    int64_t version;
    int64_t epoch;            /* newest txn */
    struct named_file *files; /* data files on the disk */
    uint32_t file_count;
    uint32_t strays; /* temporary files and staged lists */
    char stray[PATH_BYTES];
    int64_t offsets, commits; /* newest entries; -1 = none */
};

__attribute__((format(printf, 2, 3))) static bool wrong(struct audit *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(a->world->why, sizeof a->world->why, fmt, args);
    va_end(args);
    return false;
}

/* ---- a walk over JSON text ---- */

static const char *after_string(const char *at)
{
    for (at++; *at != '"'; at++) at += *at == '\\';
    return at + 1;
}

static const char *after_value(const char *at)
{
    int depth = 0;
    do {
        if (*at == '"') {
            at = after_string(at);
            continue;
        }
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') depth--;
        at++;
    } while (depth > 0 || (*at != ',' && *at != '}' && *at != ']' && *at != '\0' && *at != ':'));
    return at;
}

/* The value of a member of the object that starts at `at`; null when it has none. */
static const char *member(const char *at, const char *name)
{
    size_t bytes = strlen(name);
    if (at == NULL || *at != '{') return NULL;
    for (at++; *at == '"'; at += *at == ',') {
        const char *key = at + 1, *value = after_string(at) + 1;
        if (strncmp(key, name, bytes) == 0 && key[bytes] == '"') return value;
        at = after_value(value);
    }
    return NULL;
}

static int64_t number(const char *value, int64_t missing)
{
    if (value == NULL) return missing;
    return strtoll(*value == '"' ? value + 1 : value, NULL, 10);
}

/* A string's content without escapes; control characters do not occur in what is asked for. */
static void text_of(const char *value, char *out, size_t room)
{
    size_t used = 0;
    MR_ASSERT(value != NULL && *value == '"');
    for (value++; *value != '"' && used + 1 < room; value++) {
        if (*value == '\\') value++;
        out[used++] = *value;
    }
    out[used] = '\0';
}

static void percent_decode(char *text)
{
    char *to = text;
    for (; *text != '\0'; text++) {
        if (*text == '%') {
            char digits[3] = {text[1], text[2], '\0'};
            *to++ = (char)strtol(digits, NULL, 16);
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* ---- the tree ---- */

struct listing {
    char (*names)[256];
    mr_file_kind *kinds;
    uint32_t count;
};

static int list_name(void *ctx, const char *name, const struct mr_io_stat *stat)
{
    struct listing *l = ctx;
    if (l->count == FILES_MAX) return -ENOMEM;
    (void)snprintf(l->names[l->count], sizeof l->names[0], "%s", name);
    l->kinds[l->count++] = stat->kind;
    return 0;
}

static bool ends_in(const char *text, const char *end)
{
    size_t bytes = strlen(text), tail = strlen(end);
    return bytes >= tail && strcmp(text + bytes - tail, end) == 0;
}

/* ---- bad records ---- */

/* The number of the record in a line; 0 = the line is not whole. */
static uint64_t bad_number(const char *line, size_t bytes)
{
    static const char key[] = "\"record\":\"{\\\"bad\\\": ", tail[] = ", no JSON\"}";
    const char *at = memmem(line, bytes, key, sizeof key - 1);
    bool is_whole = at != NULL && strncmp(line, "{\"path\":\"file:/", 15) == 0 &&
                    memcmp(line + bytes - (sizeof tail - 1), tail, sizeof tail - 1) == 0;
    return is_whole ? strtoull(at + sizeof key - 1, NULL, 10) : 0;
}

static void read_bad(struct audit *a, const char *path)
{
    struct mr_span text;
    bool is_there = mr_simdisk_get(a->world->disk, path, &text);
    MR_ASSERT(is_there);
    a->bad_empty += text.bytes == 0;
    while (text.bytes > 0) {
        const char *feed = memchr(text.text, '\n', text.bytes);
        size_t bytes = feed == NULL ? text.bytes : (size_t)(feed - text.text);
        uint64_t number = feed == NULL ? 0 : bad_number(text.text, bytes);
        if (number == 0 || number > a->world->malformed) {
            a->bad_torn++;
        } else if (a->bad_seen[number]++ > 0) {
            a->bad_twice = number;
        }
        bytes += feed != NULL;
        text.text += bytes;
        text.bytes -= bytes;
    }
}

static bool check_bad(struct audit *a)
{
    const struct mr_world *w = a->world;
    if (a->bad_twice > 0) return wrong(a, "malformed record %" PRIu64 " is twice", a->bad_twice);
    if ((a->claims & MR_AUDIT_COMPLETE) == 0) return true;
    if (a->bad_torn > 0) return wrong(a, "%u bad records are torn", a->bad_torn);
    for (uint64_t number = 1; number <= w->malformed; number++) {
        if (a->bad_seen[number] == w->shape.has_bad_path) continue;
        return wrong(a, "malformed record %" PRIu64 " is %s", number,
                     w->shape.has_bad_path ? "lost" : "there");
    }
    return true;
}

static void note_file(struct audit *a, const char *folder, const char *name)
{
    char path[PATH_BYTES];
    int64_t entry;
    char *end;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (ends_in(folder, "/bad_records")) {
        read_bad(a, path);
        return;
    }
    if (ends_in(name, ".parquet") && strstr(folder, "_delta_log") == NULL) {
        MR_ASSERT(a->file_count < FILES_MAX);
        strcpy(a->files[a->file_count].path, path);
        a->files[a->file_count++].is_named = false;
    } else if (ends_in(folder, "_delta_log")) {
        return; /* others write here too: what one left behind is not ours to remove */
    } else if (ends_in(name, ".tmp") || ends_in(folder, "millrace/staged")) {
        if (a->strays++ == 0) strcpy(a->stray, path);
    }
    entry = strtoll(name, &end, 10);
    if (*end != '\0' || end == name || strstr(folder, "_schemas") != NULL) return;
    if (ends_in(folder, "/0/offsets")) a->offsets = MR_MAX(a->offsets, entry);
    if (ends_in(folder, "/0/commits")) a->commits = MR_MAX(a->commits, entry);
}

static void walk(struct audit *a, const char *folder)
{
    struct listing l = {.names = malloc(FILES_MAX * sizeof *l.names),
                        .kinds = malloc(FILES_MAX * sizeof *l.kinds)};
    struct mr_io_list list = {.entry = list_name, .ctx = &l};
    struct mr_io_op op;
    char path[PATH_BYTES];
    MR_ASSERT(l.names != NULL && l.kinds != NULL);
    mr_io_op_init(&op, MR_IO_LIST);
    op.path = folder;
    op.list = &list;
    (void)mr_simdisk_perform(a->world->disk, AUDITOR, &op, 0);
    for (uint32_t i = 0; i < l.count; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, l.names[i]);
        if (l.kinds[i] == MR_FILE_DIRECTORY) {
            walk(a, path);
        } else {
            note_file(a, folder, l.names[i]);
        }
    }
    free(l.names);
    free(l.kinds);
}

/* ---- data files ---- */

static bool count_rows(struct audit *a, const struct mr_batch *batch, const char *path,
                       int64_t *low, int64_t *high)
{
    const struct mr_vec *vec = &batch->cols[0];
    const int64_t *ids = vec->values;
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (mr_vec_is_null(vec, i)) {
            a->nulls++;
            continue;
        }
        if (ids[i] < 1 || (uint64_t)ids[i] > a->world->ids) {
            return wrong(a, "id %" PRId64 " in %s was never produced", ids[i], path);
        }
        if (a->seen[ids[i]]++ > 0) {
            return wrong(a, "id %" PRId64 " is there twice, now in %s", ids[i], path);
        }
        *low = MR_MIN(*low, ids[i]);
        *high = MR_MAX(*high, ids[i]);
    }
    return true;
}

static bool read_rows(struct audit *a, struct mr_pq_reader *reader, const char *path,
                      uint64_t *rows, int64_t *low, int64_t *high)
{
    static const struct mr_span name = {"id", 2};
    const struct mr_pq_projection id = {&name, 1};
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_batch batch;
    struct mr_err err;
    bool has_rows = false, is_right = true;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    mr_status status = mr_pq_reader_project(reader, &id, 1, &err);
    while (status == MR_OK && is_right) {
        status = mr_pq_reader_next(reader, &arena, &batch, &has_rows, &err);
        if (status != MR_OK || !has_rows) break;
        *rows += batch.rows;
        is_right = count_rows(a, &batch, path, low, high);
        mr_batch_fini(&batch);
    }
    mr_arena_fini(&arena);
    if (status != MR_OK) return wrong(a, "%s: %s", path, err.message);
    return is_right;
}

static bool check_data(struct audit *a, struct mr_span content, const char *path, uint64_t *rows,
                       int64_t *low, int64_t *high)
{
    const struct mr_codec_limits limits = {0};
    const struct mr_pq_reader_limits bounds = {0};
    struct mr_pq_reader *reader = NULL;
    struct mr_codec *codec = NULL;
    struct mr_heap heap;
    struct mr_err err;
    mr_heap_init(&heap, 0);
    /* The reader may look past the end of its text. */
    char *copy = mr_heap_take(&heap, content.bytes);
    void *memory = mr_heap_take(&heap, mr_codec_footprint(&limits));
    MR_ASSERT(copy != NULL && memory != NULL);
    memcpy(copy, content.text, content.bytes);
    mr_status status = mr_codec_init(memory, &limits, &codec, &err);
    if (status == MR_OK) {
        status = mr_pq_reader_open(&heap, codec, (struct mr_span){copy, content.bytes}, &bounds,
                                   &reader, &err);
    }
    bool is_right = status == MR_OK ? read_rows(a, reader, path, rows, low, high)
                                    : wrong(a, "%s: %s", path, err.message);
    mr_pq_reader_close(reader);
    mr_heap_give(&heap, copy, content.bytes);
    mr_heap_give(&heap, memory, mr_codec_footprint(&limits));
    return is_right;
}

/* One add action: the file is there, as long and with as many rows as it says. */
static bool check_add(struct audit *a, const char *add, uint64_t *out_rows)
{
    char relative[PATH_BYTES / 2], path[PATH_BYTES], stats[4096] = "";
    struct mr_span content;
    uint64_t rows = 0;
    int64_t low = INT64_MAX, high = INT64_MIN;
    text_of(member(add, "path"), relative, sizeof relative);
    percent_decode(relative);
    (void)snprintf(path, sizeof path, MR_WORLD_TABLE "/%s", relative);
    if (!mr_simdisk_get(a->world->disk, path, &content)) {
        return wrong(a, "the log names %s, which is not there", path);
    }
    if ((int64_t)content.bytes != number(member(add, "size"), -1)) {
        return wrong(a, "%s has %zu bytes, not what the log says", path, content.bytes);
    }
    for (uint32_t i = 0; i < a->file_count; i++) {
        if (strcmp(a->files[i].path, path) != 0) continue;
        if (a->files[i].is_named) return wrong(a, "the log names %s twice", path);
        a->files[i].is_named = true;
    }
    if (!check_data(a, content, path, &rows, &low, &high)) return false;
    text_of(member(add, "stats"), stats, sizeof stats);
    if ((int64_t)rows != number(member(stats, "numRecords"), -1)) {
        return wrong(a, "%s has %" PRIu64 " rows, not what its statistics say", path, rows);
    }
    if (low <= high && (number(member(member(stats, "minValues"), "id"), -1) != low ||
                        number(member(member(stats, "maxValues"), "id"), -1) != high)) {
        return wrong(a, "%s has ids %" PRId64 " to %" PRId64 ", not as %s", path, low, high, stats);
    }
    *out_rows += rows;
    return true;
}

/* ---- the log ---- */

static bool check_version(struct audit *a, int64_t version, char *text)
{
    int64_t written = -1;
    uint64_t rows = 0;
    bool has_txn = false;
    char *rest = text;
    if (!ends_in(text, "\n")) return wrong(a, "version %" PRId64 " ends within a line", version);
    for (char *line = strsep(&rest, "\n"); line != NULL && *line != '\0';
         line = strsep(&rest, "\n")) {
        const char *add = member(line, "add"), *txn = member(line, "txn");
        const char *info = member(line, "commitInfo");
        if (*after_value(line) != '\0') return wrong(a, "version %" PRId64 " is torn", version);
        if (member(line, "remove") != NULL) return wrong(a, "something was removed");
        if (add != NULL && !check_add(a, add, &rows)) return false;
        if (info != NULL) {
            written = number(member(member(info, "operationMetrics"), "numOutputRows"), 0);
        }
        if (txn == NULL) continue;
        int64_t epoch = number(member(txn, "version"), -1);
        if (has_txn || epoch != a->epoch + 1) {
            return wrong(a, "version %" PRId64 " brings epoch %" PRId64 " after %" PRId64, version,
                         epoch, a->epoch);
        }
        a->epoch = epoch;
        has_txn = true;
    }
    if (rows > 0 && !has_txn) return wrong(a, "version %" PRId64 " has rows, no txn", version);
    if (written >= 0 && (uint64_t)written != rows) {
        return wrong(a, "version %" PRId64 " says %" PRId64 " rows and has %" PRIu64, version,
                     written, rows);
    }
    return true;
}

static bool check_log(struct audit *a)
{
    char path[PATH_BYTES];
    struct mr_span content;
    for (a->version = 0;; a->version++) {
        (void)snprintf(path, sizeof path, MR_WORLD_TABLE "/_delta_log/%020" PRId64 ".json",
                       a->version);
        if (!mr_simdisk_get(a->world->disk, path, &content)) break;
        char *text = strndup(content.text, content.bytes);
        MR_ASSERT(text != NULL);
        bool is_right = check_version(a, a->version, text);
        free(text);
        if (!is_right) return false;
    }
    /* A later version behind a gap would never be read. */
    for (int64_t v = a->version + 1; v < a->version + 5; v++) {
        (void)snprintf(path, sizeof path, MR_WORLD_TABLE "/_delta_log/%020" PRId64 ".json", v);
        if (mr_simdisk_get(a->world->disk, path, &content)) {
            return wrong(a, "version %" PRId64 " is there, %" PRId64 " is not", v, a->version);
        }
    }
    return true;
}

/* ---- the claims ---- */

static bool is_wanted(const struct mr_world *w, uint64_t id)
{
    return !w->shape.has_filter || id % 5 != 0;
}

static bool check_complete(struct audit *a)
{
    const struct mr_world *w = a->world;
    uint64_t nulls = w->shape.has_filter || w->shape.has_bad_path ? 0 : w->malformed;
    for (uint64_t id = 1; id <= w->ids; id++) {
        if (a->seen[id] == is_wanted(w, id)) continue;
        return wrong(a, "id %" PRIu64 " is %s", id, a->seen[id] ? "there" : "lost");
    }
    if (a->nulls != nulls) {
        return wrong(a, "%" PRIu64 " rows of malformed records, not %" PRIu64, a->nulls, nulls);
    }
    if (a->offsets != a->commits || a->commits != a->epoch) {
        return wrong(a, "offsets %" PRId64 ", commits %" PRId64 ", txn %" PRId64, a->offsets,
                     a->commits, a->epoch);
    }
    return true;
}

static bool check_clean(struct audit *a)
{
    for (uint32_t i = 0; i < a->file_count; i++) {
        if (!a->files[i].is_named) return wrong(a, "%s is named nowhere", a->files[i].path);
    }
    if (a->bad_empty > 0) return wrong(a, "%u files without bad records", a->bad_empty);
    if (a->strays > 0) return wrong(a, "%u files left behind, %s", a->strays, a->stray);
    return true;
}

static bool check(struct audit *a)
{
    walk(a, MR_WORLD_FOLDER "/storage");
    walk(a, MR_WORLD_BAD);
    if (!check_bad(a)) return false;
    if (!check_log(a)) return false;
    for (uint64_t id = 1; id <= a->world->ids; id++) {
        if (a->seen[id] > 0 && !is_wanted(a->world, id)) {
            return wrong(a, "id %" PRIu64 " should have been dropped", id);
        }
    }
    if (a->offsets > a->commits + 1 || a->commits > a->offsets || a->commits > a->epoch) {
        return wrong(a, "offsets %" PRId64 ", commits %" PRId64 ", txn %" PRId64, a->offsets,
                     a->commits, a->epoch);
    }
    if ((a->claims & MR_AUDIT_COMPLETE) != 0 && !check_complete(a)) return false;
    return (a->claims & MR_AUDIT_CLEAN) == 0 || check_clean(a);
}

bool mr_world_audit(struct mr_world *world, uint32_t claims)
{
    struct audit a = {.world = world, .claims = claims, .epoch = -1, .offsets = -1, .commits = -1};
    a.seen = calloc(world->ids + 1, 1);
    a.bad_seen = calloc(world->malformed + 1, 1);
    a.files = calloc(FILES_MAX, sizeof *a.files);
    MR_ASSERT(a.seen != NULL && a.bad_seen != NULL && a.files != NULL);
    bool is_right = check(&a);
    free(a.seen);
    free(a.bad_seen);
    free(a.files);
    return is_right;
}
