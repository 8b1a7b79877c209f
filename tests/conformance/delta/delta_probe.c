/* The hands of the Python tests beside it: opens, makes, fills and checks tables, one verb a run.
 *
 *   delta_probe state TABLE...                 a line of JSON per table: what the log adds up to
 *   delta_probe checksums TABLE                holds every N.crc and _last_checkpoint against ours
 *   delta_probe create TABLE [ntz]             a table of id, name, part, at, price by part
 *   delta_probe append TABLE APP EPOCH FIRST ROWS    rows FIRST.. as one file and one commit
 *   delta_probe load TABLE APP COMMITS FIRST ROWS    that many commits of ROWS rows each
 *
 * Exit code 1 with the error on stderr when a call fails. Row n of a table: name is null for every
 * fifth, else "name n"; part is one of null, "a b/%=\u00e9", "plain", by the commit's first row;
 * at is n milliseconds and n microseconds after 2026; price is n cents. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/calendar.h"
#include "core/format/delta/delta_crc.h"
#include "core/format/delta/delta_hint.h"
#include "core/format/delta/delta_path.h"
#include "core/format/delta/delta_protocol.h"
#include "core/format/delta/delta_stats.h"
#include "core/format/parquet/pq_writer.h"
#include "core/port/files.h"
#include "core/table/table.h"
#include "io/posix/posix_io.h"

enum { COLUMNS = 5, FILE_COLUMNS = 4, PART = 2, ROWS_MAX = 4000 };

static const int64_t start_us = INT64_C(1767225600000000); /* 2026-01-01 */

struct probe {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_io *io;
    struct mr_err err;
};

static void must(struct probe *p, mr_status status)
{
    if (status == MR_OK) return;
    fprintf(stderr, "MR%04u %s: %s (%s)\n", p->err.code, mr_status_name(status), p->err.message,
            p->err.origin);
    exit(1);
}

static void print_json(struct mr_text *out)
{
    printf("%s\n", out->at);
    mr_text_fini(out);
}

/* ---- state ---- */

static void state_files(const struct mr_delta_snapshot *s, struct mr_text *out)
{
    uint32_t cursor = 0, count = 0;
    struct mr_delta_action action;
    mr_text_adds(out, ",\"live_paths\":[");
    while (mr_delta_snapshot_next(s, &cursor, &action)) {
        struct mr_text name;
        if (action.kind != MR_DELTA_ADD) continue;
        mr_text_init(&name, s->heap);
        mr_text_add(&name, action.u.file.path.text, action.u.file.path.bytes);
        if (action.u.file.dv.storage != 0) {
            mr_text_adds(&name, " dv=");
            mr_delta_dv_write(&action.u.file.dv, &name);
        }
        if (count++ > 0) mr_text_addc(out, ',');
        mr_text_add_json(out, mr_text_span(&name));
        mr_text_fini(&name);
    }
    mr_text_addc(out, ']');
}

static void state_keyed(const struct mr_delta_snapshot *s, mr_delta_kind kind, const char *name,
                        struct mr_text *out)
{
    uint32_t cursor = 0, count = 0;
    struct mr_delta_action action;
    mr_text_addf(out, ",\"%s\":{", name);
    while (mr_delta_snapshot_next(s, &cursor, &action)) {
        if (action.kind != kind) continue;
        if (count++ > 0) mr_text_addc(out, ',');
        if (kind == MR_DELTA_TXN) {
            mr_text_add_json(out, action.u.txn.app_id);
            mr_text_addf(out, ":%" PRId64, action.u.txn.version);
        } else {
            mr_text_add_json(out, action.u.domain.domain);
            mr_text_addc(out, ':');
            mr_text_add_json(out, action.u.domain.configuration);
        }
    }
    mr_text_addc(out, '}');
}

static void state_print(struct probe *p, const char *path)
{
    struct mr_table *table = NULL;
    struct mr_text out;
    mr_text_init(&out, &p->heap);
    mr_status status = mr_table_open(p->io, &p->heap, path, &table, &p->err);
    if (status != MR_OK) {
        mr_text_addf(&out, "{\"status\":\"%s\",\"code\":%u,\"error\":", mr_status_name(status),
                     p->err.code);
        mr_text_add_json(&out, mr_span_of(p->err.message));
        mr_text_addc(&out, '}');
        print_json(&out);
        return;
    }
    const struct mr_delta_snapshot *s = mr_table_snapshot(table);
    mr_text_addf(&out,
                 "{\"version\":%" PRId64 ",\"live_files\":%" PRIu64 ",\"live_bytes\":%" PRIu64
                 ",\"can_append\":%s,\"protocol\":",
                 s->version, s->file_count, s->file_bytes,
                 mr_table_can_append(table, NULL) == MR_OK ? "true" : "false");
    mr_delta_protocol_encode(&s->protocol, &out);
    mr_text_adds(&out, ",\"schema\":");
    mr_text_add(&out, s->metadata.schema.text, s->metadata.schema.bytes);
    state_files(s, &out);
    state_keyed(s, MR_DELTA_TXN, "txn", &out);
    state_keyed(s, MR_DELTA_DOMAIN, "domain_metadata", &out);
    mr_text_addc(&out, '}');
    mr_table_close(table);
    print_json(&out);
}

/* ---- checksums ---- */

static bool read_log(struct probe *p, const char *path, const char *name, struct mr_span *out)
{
    char file[MR_PATH_MAX];
    (void)snprintf(file, sizeof file, "%s/_delta_log/%s", path, name);
    mr_status status = mr_file_read(p->io, &p->arena, file, UINT64_C(1) << 30, out, &p->err);
    if (status != MR_OK && status != MR_E_NOT_FOUND) must(p, status);
    return status == MR_OK;
}

/* Every version from 0 on that has both a commit and a checksum. */
static void check_versions(struct probe *p, const char *path, uint32_t *checked, uint32_t *differ)
{
    struct mr_delta_snapshot s;
    struct mr_arena scratch;
    mr_delta_snapshot_init(&s, &p->heap);
    mr_arena_init(&scratch, &p->heap, 0);
    for (int64_t v = 0;; v++) {
        char name[64];
        struct mr_span content;
        (void)snprintf(name, sizeof name, "%020" PRId64 ".json", v);
        if (!read_log(p, path, name, &content)) break;
        /* Tables that do not read are another test's. */
        if (mr_delta_snapshot_replay(&s, &scratch, content, NULL, NULL, NULL) != MR_OK) break;
        (void)snprintf(name, sizeof name, "%020" PRId64 ".crc", v);
        if (!read_log(p, path, name, &content)) continue;
        ++*checked;
        *differ += mr_delta_crc_check(&s, &scratch, content, &p->err) != MR_OK;
    }
    mr_arena_fini(&scratch);
    mr_delta_snapshot_fini(&s);
}

static void checksums_print(struct probe *p, const char *path)
{
    uint32_t checked = 0, differ = 0;
    struct mr_span content;
    const struct mr_doc *doc = NULL;
    const char *hint = "absent";
    check_versions(p, path, &checked, &differ);
    if (read_log(p, path, "_last_checkpoint", &content) &&
        mr_doc_read(&p->arena, content, &doc, NULL) == MR_OK) {
        char md5[MR_MD5_TEXT];
        struct mr_span theirs = mr_doc_string(mr_doc_get(doc, "checksum"), MR_SPAN(""));
        must(p, mr_delta_canonical_md5(&p->arena, doc, md5, &p->err));
        if (theirs.bytes > 0) hint = mr_span_is(theirs, md5) ? "equal" : "different";
    }
    printf("{\"crc_checked\":%u,\"crc_different\":%u,\"hint\":\"%s\"}\n", checked, differ, hint);
}

/* ---- tables of our own ---- */

static void fields_of(struct mr_field *fields, bool has_ntz, struct probe *p)
{
    const char *const names[COLUMNS] = {"id", "name", "part", "at", "price"};
    const struct mr_type *const types[COLUMNS] = {
        mr_type_of(MR_TYPE_LONG), mr_type_of(MR_TYPE_STRING), mr_type_of(MR_TYPE_STRING),
        mr_type_of(has_ntz ? MR_TYPE_TIMESTAMP_NTZ : MR_TYPE_TIMESTAMP),
        mr_type_decimal(&p->arena, 10, 2)};
    for (int i = 0; i < COLUMNS; i++) {
        fields[i] =
            (struct mr_field){.name = mr_span_of(names[i]), .type = types[i], .is_nullable = true};
    }
}

static void create(struct probe *p, const char *path, bool has_ntz)
{
    struct mr_field fields[COLUMNS];
    struct mr_span part = MR_SPAN("part");
    struct mr_table *table = NULL;
    fields_of(fields, has_ntz, p);
    struct mr_delta_property properties[] = {{MR_SPAN("quality"), MR_SPAN("bronze")}};
    struct mr_table_spec spec = {.schema = mr_type_struct(&p->arena, fields, COLUMNS),
                                 .partition_columns = &part,
                                 .partition_count = 1,
                                 .comment = MR_SPAN("made by a test"),
                                 .properties = properties,
                                 .property_count = 1,
                                 .engine = MR_SPAN("millrace-test")};
    must(p, mr_table_create(p->io, &p->heap, path, &spec, &table, &p->err));
    mr_table_close(table);
}

/* Rows first.. of the columns that are in files. */
static void fill_batch(struct probe *p, struct mr_batch *batch, const struct mr_type *schema,
                       int64_t first, uint32_t rows, char *strings)
{
    size_t used = 0;
    mr_batch_init(batch, &p->arena, schema);
    batch->rows = batch->sel_count = rows;
    batch->bufs = (struct mr_bufs){.at = {strings}, .count = 1};
    batch->cols = MR_ARENA_ARRAY(&p->arena, struct mr_vec, FILE_COLUMNS);
    for (int i = 0; i < FILE_COLUMNS; i++) {
        must(p, mr_vec_alloc(&batch->cols[i], &p->arena, schema->fields[i].type, rows, i == 1,
                             &batch->bufs, &p->err));
        batch->cols[i].rows = rows;
    }
    for (uint32_t i = 0; i < rows; i++) {
        int64_t n = first + i;
        ((int64_t *)batch->cols[0].values)[i] = n;
        ((int64_t *)batch->cols[2].values)[i] = start_us + n * 1001;
        ((int64_t *)batch->cols[3].values)[i] = n;
        if (n % 5 == 0) {
            batch->cols[1].null_count++;
            continue;
        }
        int bytes = snprintf(strings + used, 64, "name %" PRId64, n);
        mr_bit_set(batch->cols[1].validity, i);
        ((struct mr_view *)batch->cols[1].values)[i] =
            mr_view_of(strings + used, (uint32_t)bytes, 0, (uint32_t)used);
        used += (size_t)bytes;
    }
}

static void bound_of(const struct mr_pq_stats *from, const union mr_pq_bound *bound,
                     struct mr_delta_bound *out)
{
    if (from->type->id == MR_TYPE_STRING) {
        out->text_bytes = bound->text.bytes;
        out->text = (struct mr_span){bound->text.at, bound->text.bytes};
    } else {
        out->i64 = bound->i64;
    }
}

static void stats_of(const struct mr_pq_writer *writer, const struct mr_type *schema,
                     struct mr_text *out)
{
    struct mr_delta_leaf_stats leaves[FILE_COLUMNS] = {0};
    const struct mr_delta_metadata none = {.property_count = 0};
    struct mr_delta_stats_rules rules = mr_delta_stats_rules_of(&none);
    for (uint32_t i = 0; i < FILE_COLUMNS; i++) {
        struct mr_pq_stats stats;
        mr_pq_writer_stats(writer, i, &stats);
        leaves[i].has_null_count = true;
        leaves[i].null_count = stats.null_count;
        leaves[i].has_bounds = stats.bounds != NULL;
        if (stats.bounds == NULL) continue;
        bound_of(&stats, &stats.bounds->min, &leaves[i].min);
        bound_of(&stats, &stats.bounds->max, &leaves[i].max);
    }
    mr_delta_stats_write(&rules, schema, mr_pq_writer_rows(writer), leaves, out);
}

/* One Parquet file, whole, and its statistics. */
static void parquet_of(struct probe *p, const struct mr_type *schema, const struct mr_batch *batch,
                       struct mr_text *out_file, struct mr_text *out_stats)
{
    const struct mr_codec_limits limits = {0};
    struct mr_codec *codec = NULL;
    struct mr_pq_writer *writer = NULL;
    struct mr_pq_piece piece;
    size_t bytes = mr_codec_footprint(&limits);
    void *memory = mr_heap_take(&p->heap, bytes);
    must(p, mr_codec_init(memory, &limits, &codec, &p->err));
    struct mr_pq_writer_options options = {
        .codec = codec, .codec_id = MR_CODEC_ZSTD, .memory_bytes = 8 << 20};
    must(p, mr_pq_writer_open(&p->heap, schema, &options, &writer, &p->err));
    must(p, mr_pq_writer_append(writer, batch, NULL, &p->err));
    must(p, mr_pq_writer_seal(writer, &p->err));
    while (mr_pq_writer_take(writer, &piece, 1) == 1) {
        mr_text_add(out_file, piece.at, piece.bytes);
        mr_pq_writer_give(writer, &piece);
    }
    stats_of(writer, schema, out_stats);
    mr_pq_writer_close(writer);
    mr_heap_give(&p->heap, memory, bytes);
}

static struct mr_span part_of(int64_t first)
{
    const struct mr_span parts[] = {{NULL, 0}, MR_SPAN("a b/%=\xc3\xa9"), MR_SPAN("plain")};
    return parts[first / 10 % 3];
}

/* Writes the data file durably below the table and describes it. */
static void add_of(struct probe *p, struct mr_table *table, const char *app, int64_t first,
                   uint32_t rows, struct mr_table_add *out)
{
    struct mr_field fields[COLUMNS], kept[FILE_COLUMNS];
    struct mr_batch batch;
    struct mr_text file, stats, name, values;
    struct mr_span column = MR_SPAN("part"), value = part_of(first);
    char path[MR_PATH_MAX], *strings = mr_arena_alloc(&p->arena, (size_t)rows * 64 + 64, 64);
    fields_of(fields, mr_delta_schema_has(mr_table_snapshot(table)->schema, MR_TYPE_TIMESTAMP_NTZ),
              p);
    for (int i = 0, k = 0; i < COLUMNS; i++) {
        if (i != PART) kept[k++] = fields[i];
    }
    const struct mr_type *schema = mr_type_struct(&p->arena, kept, FILE_COLUMNS);
    mr_text_init(&file, &p->heap);
    mr_text_init(&stats, &p->heap);
    mr_text_init(&name, &p->heap);
    mr_text_init(&values, &p->heap);
    fill_batch(p, &batch, schema, first, rows, strings);
    parquet_of(p, schema, &batch, &file, &stats);
    mr_delta_partition_dir(column, value, &name);
    (void)snprintf(path, sizeof path, "%s/%s", mr_table_path(table), name.at);
    must(p, mr_dir_make(p->io, path, &p->err));
    mr_text_addf(&name, "/%s-%" PRId64 "-%016" PRIx64 ".parquet", app, first, mr_io_random(p->io));
    (void)snprintf(path, sizeof path, "%s/%s", mr_table_path(table), name.at);
    must(p, mr_file_put_new(p->io, path, mr_text_span(&file), &p->err));
    mr_delta_partition_json(&column, &value, 1, &values);
    *out = (struct mr_table_add){
        .path = {mr_arena_copy(&p->arena, mr_text_span(&name)), name.used},
        .partition_values = {mr_arena_copy(&p->arena, mr_text_span(&values)), values.used},
        .bytes = file.used,
        .modified_ms = mr_io_now_us(p->io) / MR_US_PER_MS,
        .stats = {mr_arena_copy(&p->arena, mr_text_span(&stats)), stats.used}};
    mr_text_fini(&file);
    mr_text_fini(&stats);
    mr_text_fini(&name);
    mr_text_fini(&values);
}

static void append(struct probe *p, struct mr_table *table, const char *app, int64_t epoch,
                   int64_t first, uint32_t rows, struct mr_table_committed *out)
{
    struct mr_table_add add;
    add_of(p, table, app, first, rows, &add);
    struct mr_table_part part = {
        .app_id = mr_span_of(app), .version = epoch, .adds = &add, .add_count = 1};
    struct mr_table_commit commit = {.parts = &part,
                                     .part_count = 1,
                                     .operation = MR_SPAN("STREAMING UPDATE"),
                                     .parameters = MR_SPAN("{\"outputMode\":\"Append\"}"),
                                     .metrics = MR_SPAN("{\"numAddedFiles\":\"1\"}"),
                                     .engine = MR_SPAN("millrace-test")};
    must(p, mr_table_commit(table, &commit, out, &p->err));
    must(p, mr_table_upkeep(table, &p->err));
}

static void load(struct probe *p, const char *path, const char *app, int64_t epoch, int64_t commits,
                 int64_t first, uint32_t rows)
{
    struct mr_table *table = NULL;
    uint64_t conflicts = 0, overwritten = 0;
    must(p, mr_table_open(p->io, &p->heap, path, &table, &p->err));
    for (int64_t i = 0; i < commits; i++) {
        struct mr_table_committed done;
        mr_arena_reset(&p->arena);
        append(p, table, app, epoch + i, first + i * rows, rows, &done);
        conflicts += done.conflicts;
        overwritten += done.overwritten;
        if (commits == 1) {
            printf("{\"version\":%" PRId64 ",\"was_there\":%s}\n", done.version,
                   done.was_there ? "true" : "false");
        }
    }
    if (commits > 1) {
        printf("{\"conflicts\":%" PRIu64 ",\"overwritten\":%" PRIu64 "}\n", conflicts, overwritten);
    }
    mr_table_close(table);
}

static int usage(void)
{
    fprintf(stderr, "usage: delta_probe state|checksums|create|append|load TABLE ...\n");
    return 2;
}

static int run(struct probe *p, int argc, char **argv)
{
    const char *verb = argc > 2 ? argv[1] : "";
    if (strcmp(verb, "state") == 0) {
        for (int i = 2; i < argc; i++) state_print(p, argv[i]);
    } else if (strcmp(verb, "checksums") == 0) {
        for (int i = 2; i < argc; i++) checksums_print(p, argv[i]);
    } else if (strcmp(verb, "create") == 0) {
        create(p, argv[2], argc > 3 && strcmp(argv[3], "ntz") == 0);
    } else if (strcmp(verb, "append") == 0 && argc == 7 && atoll(argv[6]) <= ROWS_MAX) {
        load(p, argv[2], argv[3], atoll(argv[4]), 1, atoll(argv[5]), (uint32_t)atoll(argv[6]));
    } else if (strcmp(verb, "load") == 0 && argc == 7 && atoll(argv[6]) <= ROWS_MAX) {
        load(p, argv[2], argv[3], 0, atoll(argv[4]), atoll(argv[5]), (uint32_t)atoll(argv[6]));
    } else {
        return usage();
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct probe p = {.io = NULL};
    struct mr_posix_options options = {.seed = 0};
    mr_heap_init(&p.heap, 0);
    mr_arena_init(&p.arena, &p.heap, 0);
    must(&p, mr_posix_open(&p.heap, &options, &p.io, &p.err));
    int code = run(&p, argc, argv);
    mr_io_close(p.io);
    mr_arena_fini(&p.arena);
    return code;
}
