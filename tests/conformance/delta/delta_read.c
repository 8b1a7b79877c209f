/* Rows of a Delta table through core/table and the Parquet reader, for the Python tests beside it.
 *
 *   delta_read rows TABLE [VERSION]      canonical rows, one JSON object a line, in no order
 *   delta_read at TABLE MICROSECONDS     the same of the version of that moment
 *   delta_read changes TABLE FROM [TO]   the change feed of these versions; rows have the columns
 *                                        _change_type and _commit_version behind the table's
 *   delta_read changes-at TABLE FROM     the same from a moment on, in microseconds
 *   delta_read sound TABLE               holds rows' values against what their file is skipped by
 *   delta_read skip TABLE COLUMN OP [CONSTANT]   how many files are left and passed over for it;
 *                                        the constant is the text of a partition value
 *
 * Exit code 1 with the error on stderr when a call fails. The canonical form is that of the
 * conformance data: columns in schema order, decimals as text, maps as lists of pairs sorted by
 * key. The Parquet reader is asked for what the layout says: names or ids, types, and columns that
 * a file may lack. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/parquet/pq_reader.h"
#include "core/port/files.h"
#include "core/table/table_changes.h"
#include "io/posix/posix_io.h"
#include "kernels/text/number.h"

#define FILE_BYTES_MAX (UINT64_C(1) << 31)

enum { CHECKED_ROWS = 300 /* of a batch */, PATH_MAX_STEPS = 8 };

struct hand {
    struct mr_heap heap;
    struct mr_arena arena;      /* of a file */
    struct mr_arena rows_arena; /* of a batch */
    struct mr_arena entries;    /* of a row: maps being sorted, terms being checked */
    struct mr_io *io;
    struct mr_codec *codec;
    struct mr_err err;
    struct mr_text line;
};

static void must(struct hand *h, mr_status status)
{
    if (status == MR_OK) return;
    fprintf(stderr, "MR%04u %s: %s (%s)\n", h->err.code, mr_status_name(status), h->err.message,
            h->err.origin);
    exit(1);
}

/* ---- values ---- */

static void print_f64(struct mr_text *out, double value, bool is_single)
{
    char text[MR_NUMBER_TEXT_MAX];
    size_t bytes = is_single ? mr_float_format((float)value, text) : mr_double_format(value, text);
    bool is_word = text[bytes - 1] == 'N' || text[bytes - 1] == 'y';
    mr_text_addf(out, is_word ? "\"%s\"" : "%s", text);
}

static void print_time(struct mr_text *out, int64_t value, mr_type_id id)
{
    char text[MR_TIME_TEXT_MAX];
    if (id == MR_TYPE_DATE) {
        (void)mr_date_format(value, text);
    } else {
        (void)mr_time_format(value, 6, id == MR_TYPE_TIMESTAMP ? "Z" : "", text);
    }
    mr_text_addf(out, "\"%s\"", text);
}

static void print_decimal(struct mr_text *out, __int128 value, unsigned scale)
{
    char text[MR_NUMBER_TEXT_MAX];
    (void)mr_decimal_format(value, scale, text);
    mr_text_addf(out, "\"%s\"", text);
}

static void print_text(struct mr_text *out, struct mr_span text, mr_type_id id)
{
    if (id == MR_TYPE_STRING) {
        mr_text_add_json(out, text);
        return;
    }
    mr_text_adds(out, "\"0x");
    for (size_t i = 0; i < text.bytes; i++) mr_text_addf(out, "%02x", (uint8_t)text.text[i]);
    mr_text_addc(out, '"');
}

static void print_constant(struct mr_text *out, const struct mr_value *value)
{
    if (value->is_null) {
        mr_text_adds(out, "null");
        return;
    }
    switch (value->type->id) {
    case MR_TYPE_BOOLEAN: mr_text_adds(out, value->u.boolean ? "true" : "false"); break;
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE: print_f64(out, value->u.f64, value->type->id == MR_TYPE_FLOAT); break;
    case MR_TYPE_DECIMAL: print_decimal(out, value->u.i128, value->type->scale); break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: print_text(out, value->u.text, value->type->id); break;
    case MR_TYPE_DATE:
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: print_time(out, value->u.i64, value->type->id); break;
    default: mr_text_addf(out, "%" PRId64, value->u.i64); break;
    }
}

static struct mr_value value_at(const struct mr_vec *vec, uint32_t row)
{
    struct mr_value value = {.type = vec->type};
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: value.u.boolean = mr_bit_get(vec->values, row); break;
    case MR_TYPE_FLOAT: value.u.f64 = (double)((const float *)vec->values)[row]; break;
    case MR_TYPE_DOUBLE: value.u.f64 = ((const double *)vec->values)[row]; break;
    case MR_TYPE_DECIMAL:
        value.u.i128 = mr_decimal_is_long(vec->type) ? mr_vec_i64(vec, row)
                                                     : ((const __int128 *)vec->values)[row];
        break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: value.u.text = mr_vec_span(vec, row); break;
    default: value.u.i64 = mr_vec_i64(vec, row); break;
    }
    return value;
}

/* ---- nested values ---- */

static void print_value(struct hand *h, struct mr_text *out, const struct mr_vec *vec, uint32_t row,
                        const struct mr_type *type);

/* Members have the table's names in `type` and the file's in the column. */
static void print_struct(struct hand *h, struct mr_text *out, const struct mr_vec *vec,
                         uint32_t row, const struct mr_type *type)
{
    mr_text_addc(out, '{');
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (i > 0) mr_text_addc(out, ',');
        mr_text_add_json(out, type->fields[i].name);
        mr_text_addc(out, ':');
        print_value(h, out, &vec->children[i], row, type->fields[i].type);
    }
    mr_text_addc(out, '}');
}

static void print_array(struct hand *h, struct mr_text *out, const struct mr_vec *vec, uint32_t row,
                        const struct mr_type *type)
{
    mr_text_addc(out, '[');
    for (uint32_t i = vec->offsets[row]; i < vec->offsets[row + 1]; i++) {
        if (i > vec->offsets[row]) mr_text_addc(out, ',');
        print_value(h, out, &vec->children[0], i, type->fields[0].type);
    }
    mr_text_addc(out, ']');
}

static int entry_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_map(struct hand *h, struct mr_text *out, const struct mr_vec *vec, uint32_t row,
                      const struct mr_type *type)
{
    uint32_t first = vec->offsets[row], count = vec->offsets[row + 1] - first;
    char **entries = MR_ARENA_ARRAY(&h->entries, char *, (size_t)count + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct mr_text entry;
        mr_text_init(&entry, &h->heap);
        for (uint32_t side = 0; side < 2; side++) {
            mr_text_addc(&entry, side == 0 ? '[' : ',');
            print_value(h, &entry, &vec->children[side], first + i, type->fields[side].type);
        }
        mr_text_addc(&entry, ']');
        entries[i] = mr_arena_copy(&h->entries, mr_text_span(&entry));
        mr_text_fini(&entry);
    }
    if (count > 0) qsort(entries, count, sizeof *entries, entry_order);
    mr_text_addc(out, '[');
    for (uint32_t i = 0; i < count; i++) mr_text_addf(out, i > 0 ? ",%s" : "%s", entries[i]);
    mr_text_addc(out, ']');
}

static void print_value(struct hand *h, struct mr_text *out, const struct mr_vec *vec, uint32_t row,
                        const struct mr_type *type)
{
    if (type->id == MR_TYPE_VOID || mr_vec_is_null(vec, row)) {
        mr_text_adds(out, "null");
        return;
    }
    struct mr_value value;
    switch (type->id) {
    case MR_TYPE_STRUCT: print_struct(h, out, vec, row, type); break;
    case MR_TYPE_ARRAY: print_array(h, out, vec, row, type); break;
    case MR_TYPE_MAP: print_map(h, out, vec, row, type); break;
    default:
        value = value_at(vec, row);
        print_constant(out, &value);
        break;
    }
}

/* ---- files ---- */

struct checked {
    uint64_t terms;
    uint64_t wrong;
};

struct file_rows {
    const struct mr_delta_layout *layout;
    const struct mr_table_file *file;
    const struct mr_table_piece *piece; /* of a change feed; else null */
    struct mr_delta_row_set deleted;
    struct mr_delta_row_set only; /* when the piece has such */
    struct checked *checked;      /* rows are checked, not printed; or null */
};

static void print_change(struct hand *h, const struct mr_table_piece *piece,
                         const struct mr_batch *batch, uint32_t row)
{
    mr_text_adds(&h->line, ",\"_change_type\":");
    if (piece->kind == MR_TABLE_CHANGES) { /* the last of the wanted columns */
        const struct mr_vec *vec = &batch->cols[batch->schema->field_count - 1];
        print_value(h, &h->line, vec, row, vec->type);
    } else {
        mr_text_adds(&h->line, piece->kind == MR_TABLE_INSERT ? "\"insert\"" : "\"delete\"");
    }
    mr_text_addf(&h->line, ",\"_commit_version\":%" PRId64, piece->version);
}

static void print_row(struct hand *h, const struct file_rows *rows, const struct mr_batch *batch,
                      uint32_t row)
{
    const struct mr_delta_layout *layout = rows->layout;
    uint32_t column = 0;
    mr_arena_reset(&h->entries);
    mr_text_reset(&h->line);
    mr_text_addc(&h->line, '{');
    for (uint32_t i = 0; i < layout->schema->field_count; i++) {
        const struct mr_field *field = &layout->schema->fields[i];
        int32_t partition = mr_delta_layout_partition(layout, i);
        if (i > 0) mr_text_addc(&h->line, ',');
        mr_text_add_json(&h->line, field->name);
        mr_text_addc(&h->line, ':');
        if (partition >= 0) {
            print_constant(&h->line, &rows->file->values[partition]);
        } else {
            print_value(h, &h->line, &batch->cols[column++], row, field->type);
        }
    }
    if (rows->piece != NULL) print_change(h, rows->piece, batch, row);
    mr_text_adds(&h->line, "}\n");
    must(h, mr_text_end(&h->line, &h->err));
    (void)fwrite(h->line.at, 1, h->line.used, stdout);
}

/* ---- soundness ---- */

/* Terms that are true for the value, whose file must therefore not be skipped for them. */
static void check_value(struct hand *h, const struct file_rows *rows, const struct mr_span *path,
                        uint32_t path_count, const struct mr_value *value, struct checked *checked)
{
    static const mr_predicate_op ops[] = {MR_PREDICATE_EQ, MR_PREDICATE_LE, MR_PREDICATE_GE,
                                          MR_PREDICATE_IN, MR_PREDICATE_IS_NOT_NULL};
    for (size_t i = 0; i < (value->is_null ? 1 : MR_COUNT_OF(ops)); i++) {
        struct mr_delta_skip skip;
        struct mr_predicate_term term = {.path = path, .path_count = path_count, .op = ops[i]};
        struct mr_predicate predicate = {&term, 1};
        if (value->is_null) term.op = MR_PREDICATE_IS_NULL;
        if (term.op < MR_PREDICATE_IS_NULL) {
            term.values = value;
            term.value_count = 1;
        }
        must(h, mr_delta_skip_make(&h->entries, rows->layout, &predicate, &skip, &h->err));
        checked->terms++;
        if (mr_delta_skip_may(&skip, rows->file->values, rows->file->stats)) continue;
        checked->wrong++;
        fprintf(stderr, "%s: column %.*s, operator %d\n", rows->file->path,
                (int)path[path_count - 1].bytes, path[path_count - 1].text, (int)term.op);
    }
}

/* A column, and below it the members of structs; null where a struct around it is. */
static void check_column(struct hand *h, const struct file_rows *rows, const struct mr_vec *vec,
                         uint32_t row, bool is_there, struct mr_span *path, uint32_t depth,
                         const struct mr_field *field, struct checked *checked)
{
    struct mr_value value = {.type = field->type, .is_null = true};
    bool is_nested = mr_type_is_nested(field->type);
    is_there = is_there && !mr_vec_is_null(vec, row);
    path[depth++] = field->name;
    if (is_there && !is_nested) value = value_at(vec, row);
    if (!is_there || !is_nested) check_value(h, rows, path, depth, &value, checked);
    if (field->type->id != MR_TYPE_STRUCT || depth == PATH_MAX_STEPS) return;
    for (uint32_t i = 0; i < field->type->field_count; i++) {
        check_column(h, rows, &vec->children[i], row, is_there, path, depth,
                     &field->type->fields[i], checked);
    }
}

static void check_row(struct hand *h, const struct file_rows *rows, const struct mr_batch *batch,
                      uint32_t row, struct checked *checked)
{
    struct mr_span path[PATH_MAX_STEPS];
    uint32_t column = 0;
    mr_arena_reset(&h->entries);
    for (uint32_t i = 0; i < rows->layout->schema->field_count; i++) {
        const struct mr_field *field = &rows->layout->schema->fields[i];
        int32_t partition = mr_delta_layout_partition(rows->layout, i);
        if (partition >= 0) {
            path[0] = field->name;
            check_value(h, rows, path, 1, &rows->file->values[partition], checked);
        } else {
            check_column(h, rows, &batch->cols[column++], row, true, path, 0, field, checked);
        }
    }
}

/* ---- rows ---- */

/* The columns in data files; a file of changes has one more. */
static const struct mr_type *wanted_of(struct hand *h, const struct file_rows *rows)
{
    const struct mr_type *wanted = NULL;
    must(h, mr_delta_layout_wanted(&h->arena, rows->layout, NULL, 0, &wanted, &h->err));
    if (rows->piece == NULL || rows->piece->kind != MR_TABLE_CHANGES) return wanted;
    uint32_t count = wanted->field_count;
    struct mr_field *fields = MR_ARENA_ARRAY(&h->arena, struct mr_field, (size_t)count + 1);
    memcpy(fields, wanted->fields, count * sizeof *fields);
    fields[count] = (struct mr_field){
        .name = MR_SPAN("_change_type"), .type = mr_type_of(MR_TYPE_STRING), .is_nullable = true};
    return mr_type_struct(&h->arena, fields, count + 1);
}

static void print_file(struct hand *h, const struct file_rows *rows)
{
    const struct mr_pq_reader_limits limits = {0};
    struct mr_pq_reader *reader = NULL;
    struct mr_span content;
    bool has_rows = false;
    struct mr_pq_wanted wanted = {
        .schema = wanted_of(h, rows),
        .by_field_id = rows->layout->mapping == MR_DELTA_MAPPING_ID};
    must(h, mr_file_read(h->io, &h->arena, rows->file->path, FILE_BYTES_MAX, &content, &h->err));
    mr_status status = mr_pq_reader_open(&h->heap, h->codec, content, &limits, &reader, &h->err);
    if (status == MR_OK) status = mr_pq_reader_want(reader, &wanted, &h->err);
    while (status == MR_OK) {
        struct mr_batch batch;
        uint64_t deleted[MR_BATCH_ROWS_MAX / 64] = {0}, only[MR_BATCH_ROWS_MAX / 64] = {0};
        bool has_only = rows->piece != NULL && rows->piece->only.storage != 0;
        status = mr_pq_reader_next(reader, &h->rows_arena, &batch, &has_rows, &h->err);
        if (status != MR_OK || !has_rows) break;
        mr_delta_row_set_add(&rows->deleted, batch.first_record, batch.rows, deleted);
        if (has_only) mr_delta_row_set_add(&rows->only, batch.first_record, batch.rows, only);
        for (uint32_t i = 0; i < batch.rows; i++) {
            if (mr_bit_get(deleted, i) || (has_only && !mr_bit_get(only, i))) continue;
            if (rows->checked == NULL) {
                print_row(h, rows, &batch, i);
            } else if (i < CHECKED_ROWS) {
                check_row(h, rows, &batch, i, rows->checked);
            }
        }
        mr_batch_fini(&batch);
    }
    if (status != MR_OK) mr_err_origin(&h->err, rows->file->path);
    must(h, status);
    mr_pq_reader_close(reader);
}

static void print_rows(struct hand *h, const char *path, const struct mr_table_when *when,
                       struct checked *checked)
{
    struct mr_table *table = NULL;
    struct mr_table_scan *scan = NULL;
    must(h, mr_table_open_at(h->io, &h->heap, path, when, &table, &h->err));
    must(h, mr_table_scan_open(table, NULL, &scan, &h->err));
    for (;;) {
        struct mr_table_file file;
        struct file_rows rows = {
            .layout = mr_table_scan_layout(scan), .file = &file, .checked = checked};
        bool has_file = false;
        mr_arena_reset(&h->arena);
        must(h, mr_table_scan_next(scan, &h->arena, &file, &has_file, &h->err));
        if (!has_file) break;
        if (file.deleted.storage != 0) {
            must(h, mr_table_deleted(table, &file.deleted, &h->arena, &rows.deleted, &h->err));
        }
        print_file(h, &rows);
    }
    mr_table_scan_close(scan);
    mr_table_close(table);
}

static void print_changes(struct hand *h, const char *path, const struct mr_table_when *from,
                          const struct mr_table_when *to)
{
    struct mr_table_changes *changes = NULL;
    must(h, mr_table_changes_open(h->io, &h->heap, path, from, to, &changes, &h->err));
    const struct mr_table *table = mr_table_changes_table(changes);
    for (;;) {
        struct mr_table_piece piece;
        struct file_rows rows = {
            .layout = mr_table_changes_layout(changes), .file = &piece.file, .piece = &piece};
        bool has_piece = false;
        mr_arena_reset(&h->arena);
        must(h, mr_table_changes_next(changes, &h->arena, &piece, &has_piece, &h->err));
        if (!has_piece) break;
        if (piece.file.deleted.storage != 0) {
            must(h, mr_table_deleted(table, &piece.file.deleted, &h->arena, &rows.deleted,
                                     &h->err));
        }
        if (piece.only.storage != 0) {
            must(h, mr_table_deleted(table, &piece.only, &h->arena, &rows.only, &h->err));
        }
        print_file(h, &rows);
    }
    mr_table_changes_close(changes);
}

/* ---- skipping ---- */

static mr_predicate_op op_of(const char *text)
{
    static const char *const ops[] = {"=", "<>", "<", "<=", ">", ">=", "in", "null", "present"};
    for (size_t i = 0; i < MR_COUNT_OF(ops); i++) {
        if (strcmp(text, ops[i]) == 0) return (mr_predicate_op)i;
    }
    fprintf(stderr, "unknown operator %s\n", text);
    exit(2);
}

static void print_skip(struct hand *h, const char *path, const char *column, const char *op,
                       const char *constant)
{
    struct mr_table *table = NULL;
    struct mr_table_scan *scan = NULL;
    struct mr_span names[16];
    struct mr_value value;
    uint32_t count = 0;
    for (const char *at = column; at != NULL && count < MR_COUNT_OF(names); count++) {
        const char *dot = strchr(at, '.');
        names[count] = dot == NULL ? mr_span_of(at) : (struct mr_span){at, (size_t)(dot - at)};
        at = dot == NULL ? NULL : dot + 1;
    }
    must(h, mr_table_open(h->io, &h->heap, path, &table, &h->err));
    struct mr_predicate_term term = {.path = names, .path_count = count, .op = op_of(op)};
    if (constant != NULL) {
        const struct mr_type *type =
            mr_predicate_type(mr_table_snapshot(table)->schema, names, count);
        must(h, mr_delta_partition_value(mr_span_of(constant), type, &value, &h->err));
        term.values = &value;
        term.value_count = 1;
    }
    struct mr_predicate predicate = {&term, 1};
    struct mr_table_file file;
    bool has_file = true;
    must(h, mr_table_scan_open(table, &predicate, &scan, &h->err));
    while (has_file) must(h, mr_table_scan_next(scan, &h->arena, &file, &has_file, &h->err));
    struct mr_table_scan_counts counts = mr_table_scan_counts(scan);
    printf("{\"files\":%" PRIu64 ",\"skipped\":%" PRIu64 "}\n", counts.files,
           counts.skipped_files);
    mr_table_scan_close(scan);
    mr_table_close(table);
}

/* ---- verbs ---- */

static int run(struct hand *h, int argc, char **argv)
{
    struct mr_table_when when = {.kind = MR_TABLE_NEWEST};
    if (argc >= 3 && strcmp(argv[1], "rows") == 0) {
        if (argc > 3) {
            when = (struct mr_table_when){.kind = MR_TABLE_AT_VERSION,
                                          .version = strtoll(argv[3], NULL, 10)};
        }
        print_rows(h, argv[2], &when, NULL);
    } else if (argc == 3 && strcmp(argv[1], "sound") == 0) {
        struct checked checked = {0, 0};
        print_rows(h, argv[2], &when, &checked);
        printf("{\"terms\":%" PRIu64 ",\"wrong\":%" PRIu64 "}\n", checked.terms, checked.wrong);
    } else if (argc == 4 && strcmp(argv[1], "at") == 0) {
        when = (struct mr_table_when){.kind = MR_TABLE_AT_TIME,
                                      .time_us = strtoll(argv[3], NULL, 10)};
        print_rows(h, argv[2], &when, NULL);
    } else if (argc >= 4 && strncmp(argv[1], "changes", 7) == 0) {
        struct mr_table_when from = {
            .kind = argv[1][7] == '\0' ? MR_TABLE_AT_VERSION : MR_TABLE_AT_TIME,
            .version = strtoll(argv[3], NULL, 10),
            .time_us = strtoll(argv[3], NULL, 10)};
        if (argc > 4) {
            when.kind = MR_TABLE_AT_VERSION;
            when.version = strtoll(argv[4], NULL, 10);
        }
        print_changes(h, argv[2], &from, &when);
    } else if (argc >= 5 && strcmp(argv[1], "skip") == 0) {
        print_skip(h, argv[2], argv[3], argv[4], argc > 5 ? argv[5] : NULL);
    } else {
        fprintf(stderr, "usage: delta_read rows|at|sound|changes|changes-at|skip TABLE ...\n");
        return 2;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct mr_codec_limits limits = {0};
    struct hand h = {.err = {.code = 0}};
    mr_heap_init(&h.heap, 0);
    mr_arena_init(&h.arena, &h.heap, 0);
    mr_arena_init(&h.rows_arena, &h.heap, 0);
    mr_arena_init(&h.entries, &h.heap, 0);
    mr_text_init(&h.line, &h.heap);
    void *memory = mr_heap_take(&h.heap, mr_codec_footprint(&limits));
    must(&h, mr_codec_init(memory, &limits, &h.codec, &h.err));
    must(&h, mr_posix_open(&h.heap, &(struct mr_posix_options){.seed = 1}, &h.io, &h.err));
    int code = run(&h, argc, argv);
    mr_io_close(h.io);
    mr_heap_give(&h.heap, memory, mr_codec_footprint(&limits));
    mr_text_fini(&h.line);
    mr_arena_fini(&h.rows_arena);
    mr_arena_fini(&h.entries);
    mr_arena_fini(&h.arena);
    return code;
}
