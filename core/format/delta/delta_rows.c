#include "core/format/delta/delta_rows.h"

#include <inttypes.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "kernels/text/number.h"

enum { ERR_LOG = 3102 };

static mr_status rows_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a log checkpoint");
}

/* ---- schema ---- */

/* The checkpoint's schema in the JSON that schemas are written in, shortened: l long, i int, s
 * string, b boolean, m map of strings, a list of strings, {..} struct. */
static const char rows_spec[] =
    "txn{appId:s,version:l,lastUpdated:l},"
    "add{path:s,partitionValues:m,size:l,modificationTime:l,dataChange:b,tags:m,"
    "deletionVector{storageType:s,pathOrInlineDv:s,offset:i,sizeInBytes:i,cardinality:l},"
    "baseRowId:l,defaultRowCommitVersion:l,stats:s},"
    "remove{path:s,deletionTimestamp:l,dataChange:b,extendedFileMetadata:b,partitionValues:m,size:"
    "l,"
    "deletionVector{storageType:s,pathOrInlineDv:s,offset:i,sizeInBytes:i,cardinality:l},"
    "baseRowId:l,defaultRowCommitVersion:l},"
    "metaData{id:s,name:s,description:s,format{provider:s,options:m},schemaString:s,"
    "partitionColumns:a,configuration:m,createdTime:l},"
    "protocol{minReaderVersion:i,minWriterVersion:i,readerFeatures:a,writerFeatures:a},"
    "domainMetadata{domain:s,configuration:s,removed:b}";

static const struct mr_type *spec_leaf(struct mr_arena *arena, char letter)
{
    const struct mr_type *string = mr_type_of(MR_TYPE_STRING);
    switch (letter) {
    case 'l': return mr_type_of(MR_TYPE_LONG);
    case 'i': return mr_type_of(MR_TYPE_INT);
    case 'b': return mr_type_of(MR_TYPE_BOOLEAN);
    case 'm': return mr_type_map(arena, string, string, true);
    case 'a': return mr_type_array(arena, string, true);
    default: MR_ASSERT(letter == 's'); return string;
    }
}

/* Members up to the closing brace or the end; *at is left behind it. */
static const struct mr_type *spec_struct(struct mr_arena *arena, const char **at)
{
    struct mr_field fields[16];
    uint32_t count = 0;
    for (;;) {
        size_t bytes = strcspn(*at, ":{");
        MR_ASSERT(count < MR_COUNT_OF(fields));
        fields[count] = (struct mr_field){.name = {*at, bytes}, .is_nullable = true};
        *at += bytes + 1;
        if ((*at)[-1] == '{') {
            fields[count].type = spec_struct(arena, at);
        } else {
            fields[count].type = spec_leaf(arena, *(*at)++);
        }
        if (fields[count++].type == NULL) return NULL;
        if (**at == ',') {
            ++*at;
            continue;
        }
        if (**at == '}') ++*at;
        return mr_type_struct(arena, fields, count);
    }
}

const struct mr_type *mr_delta_rows_schema(struct mr_arena *arena)
{
    const char *at = rows_spec;
    return spec_struct(arena, &at);
}

/* ---- documents to columns ---- */

/* A column that grows; its arrays move to larger ones in the batch's arena. */
struct column {
    const struct mr_type *type;
    uint32_t rows;
    uint32_t capacity;
    uint64_t *validity;
    void *values;
    uint32_t *offsets;
    struct column *children;
};

struct filler {
    struct mr_arena *arena;
    struct mr_text *strings;
};

static size_t values_bytes(const struct mr_type *type, uint32_t rows)
{
    if (type->id == MR_TYPE_BOOLEAN) return mr_bit_words(rows) * sizeof(uint64_t);
    return (size_t)mr_type_width(type) * rows;
}

/* A larger copy of an array, the rest cleared. */
static bool array_grow(struct mr_arena *arena, void **array, size_t old_bytes, size_t new_bytes)
{
    void *grown = mr_arena_zeroed(arena, new_bytes, 64);
    if (grown == NULL) return false;
    if (old_bytes > 0) memcpy(grown, *array, old_bytes);
    *array = grown;
    return true;
}

static bool column_reserve(struct filler *f, struct column *c)
{
    if (c->rows < c->capacity) return true;
    uint32_t old = c->capacity, capacity = MR_MAX(old * 2, 64u);
    void *validity = c->validity, *offsets = c->offsets;
    if (!array_grow(f->arena, &validity, mr_bit_words(old) * 8, mr_bit_words(capacity) * 8)) {
        return false;
    }
    c->validity = validity;
    if (!mr_type_is_nested(c->type) && !array_grow(f->arena, &c->values, values_bytes(c->type, old),
                                                   values_bytes(c->type, capacity))) {
        return false;
    }
    if (c->type->id == MR_TYPE_ARRAY || c->type->id == MR_TYPE_MAP) {
        size_t old_bytes = old == 0 ? 0 : ((size_t)old + 1) * sizeof(uint32_t);
        if (!array_grow(f->arena, &offsets, old_bytes, ((size_t)capacity + 1) * sizeof(uint32_t))) {
            return false;
        }
        c->offsets = offsets;
    }
    c->capacity = capacity;
    return true;
}

static bool column_init(struct filler *f, struct column *c, const struct mr_type *type)
{
    *c = (struct column){.type = type};
    if (!mr_type_is_nested(type)) return true;
    c->children = MR_ARENA_ARRAY(f->arena, struct column, type->field_count);
    if (c->children == NULL) return false;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (!column_init(f, &c->children[i], type->fields[i].type)) return false;
    }
    return true;
}

static bool column_add(struct filler *f, struct column *c, const struct mr_doc *doc);

static bool kind_fits(const struct mr_type *type, const struct mr_doc *doc)
{
    if (doc == NULL) return false;
    switch (type->id) {
    case MR_TYPE_STRUCT:
    case MR_TYPE_MAP: return doc->kind == MR_DOC_OBJECT;
    case MR_TYPE_ARRAY: return doc->kind == MR_DOC_ARRAY;
    case MR_TYPE_STRING: return doc->kind == MR_DOC_STRING;
    case MR_TYPE_BOOLEAN: return doc->kind == MR_DOC_BOOL;
    default: return doc->kind == MR_DOC_NUMBER;
    }
}

static bool add_items(struct filler *f, struct column *c, const struct mr_doc *doc)
{
    for (const struct mr_doc *m = doc->first; m != NULL; m = m->next) {
        if (c->type->id == MR_TYPE_MAP) {
            struct mr_doc key = {.kind = MR_DOC_STRING, .text = m->key};
            if (!column_add(f, &c->children[0], &key)) return false;
        }
        uint32_t value = c->type->id == MR_TYPE_MAP ? 1 : 0;
        if (!column_add(f, &c->children[value], m)) return false;
    }
    return true;
}

static void add_string(struct filler *f, struct column *c, uint32_t row, struct mr_span text)
{
    size_t off = f->strings->used;
    if (off > UINT32_MAX - text.bytes) {
        f->strings->is_failed = true;
        return;
    }
    struct mr_view view = mr_view_of(text.text, (uint32_t)text.bytes, 0, (uint32_t)off);
    if (text.bytes > MR_VIEW_INLINE_MAX) mr_text_add(f->strings, text.text, text.bytes);
    ((struct mr_view *)c->values)[row] = view;
}

static void add_scalar(struct filler *f, struct column *c, uint32_t row, const struct mr_doc *doc)
{
    switch (c->type->id) {
    case MR_TYPE_STRING: add_string(f, c, row, doc->text); break;
    case MR_TYPE_BOOLEAN:
        if (doc->is_true) mr_bit_set(c->values, row);
        break;
    case MR_TYPE_INT: ((int32_t *)c->values)[row] = (int32_t)mr_doc_int(doc, 0); break;
    default: ((int64_t *)c->values)[row] = mr_doc_int(doc, 0); break;
    }
}

/* Appends the value, or null when it is absent or of another kind. */
static bool column_add(struct filler *f, struct column *c, const struct mr_doc *doc)
{
    if (!column_reserve(f, c)) return false;
    uint32_t row = c->rows++;
    bool is_there = kind_fits(c->type, doc);
    if (is_there) mr_bit_set(c->validity, row);
    if (c->type->id == MR_TYPE_STRUCT) {
        for (uint32_t i = 0; i < c->type->field_count; i++) {
            char name[64];
            struct mr_span key = c->type->fields[i].name;
            MR_ASSERT(key.bytes < sizeof name);
            memcpy(name, key.text, key.bytes);
            name[key.bytes] = '\0';
            const struct mr_doc *member = is_there ? mr_doc_get(doc, name) : NULL;
            if (!column_add(f, &c->children[i], member)) return false;
        }
    } else if (mr_type_is_nested(c->type)) {
        if (is_there && !add_items(f, c, doc)) return false;
        c->offsets[row + 1] = c->children[0].rows;
    } else if (is_there) {
        add_scalar(f, c, row, doc);
    }
    return true;
}

static bool column_vec(struct filler *f, const struct column *c, const struct mr_bufs *bufs,
                       struct mr_vec *out)
{
    *out = (struct mr_vec){.type = c->type,
                           .rows = c->rows,
                           .validity = c->validity,
                           .values = c->values,
                           .offsets = c->offsets,
                           .bufs = bufs};
    if (c->rows > 0) out->null_count = mr_vec_nulls(c->validity, c->rows);
    if (!mr_type_is_nested(c->type)) return true;
    out->children = MR_ARENA_ARRAY(f->arena, struct mr_vec, c->type->field_count);
    if (out->children == NULL) return false;
    for (uint32_t i = 0; i < c->type->field_count; i++) {
        /* A list of no elements at all still has arrays to point to. */
        if (!column_reserve(f, &c->children[i])) return false;
        if (!column_vec(f, &c->children[i], bufs, &out->children[i])) return false;
    }
    return true;
}

/* ---- snapshot to batches ---- */

void mr_delta_rows_init(struct mr_delta_rows *rows, struct mr_heap *heap,
                        const struct mr_delta_snapshot *snapshot, const struct mr_type *schema)
{
    *rows = (struct mr_delta_rows){.snapshot = snapshot, .schema = schema};
    mr_arena_init(&rows->scratch, heap, 0);
    mr_text_init(&rows->line, heap);
    mr_text_init(&rows->strings, heap);
}

void mr_delta_rows_fini(struct mr_delta_rows *rows)
{
    if (rows->snapshot == NULL) return;
    mr_arena_fini(&rows->scratch);
    mr_text_fini(&rows->line);
    mr_text_fini(&rows->strings);
}

static bool rows_action(struct mr_delta_rows *rows, struct mr_delta_action *out)
{
    if (rows->step == 0) {
        rows->step++;
        *out = (struct mr_delta_action){.kind = MR_DELTA_PROTOCOL,
                                        .u.protocol = rows->snapshot->protocol};
        return true;
    }
    if (rows->step == 1) {
        rows->step++;
        *out = (struct mr_delta_action){.kind = MR_DELTA_METADATA,
                                        .u.metadata = rows->snapshot->metadata};
        return true;
    }
    if (!mr_delta_snapshot_next(rows->snapshot, &rows->cursor, out)) return false;
    if (out->kind == MR_DELTA_ADD || out->kind == MR_DELTA_REMOVE) {
        out->u.file.is_data_change = false; /* the checkpoint itself changes nothing */
    }
    rows->add_count += out->kind == MR_DELTA_ADD;
    return true;
}

static mr_status rows_add(struct mr_delta_rows *rows, struct filler *f, struct column *root,
                          const struct mr_delta_action *action, struct mr_err *err)
{
    const struct mr_doc *doc = NULL;
    mr_text_reset(&rows->line);
    mr_arena_reset(&rows->scratch);
    mr_delta_action_encode(action, &rows->line);
    MR_TRY(mr_text_end(&rows->line, err));
    MR_TRY(mr_doc_read(&rows->scratch, mr_text_span(&rows->line), &doc, err));
    if (!column_add(f, root, doc)) return rows_nomem(err);
    return mr_text_end(&rows->strings, err);
}

mr_status mr_delta_rows_next(struct mr_delta_rows *rows, struct mr_arena *arena,
                             struct mr_batch *out_batch, struct mr_err *err)
{
    struct filler f = {.arena = arena, .strings = &rows->strings};
    struct mr_delta_action action;
    struct column root;
    struct mr_vec vec;
    mr_text_reset(&rows->strings);
    if (!column_init(&f, &root, rows->schema) || !column_reserve(&f, &root)) {
        return rows_nomem(err);
    }
    while (root.rows < MR_BATCH_ROWS_MAX && rows_action(rows, &action)) {
        MR_TRY(rows_add(rows, &f, &root, &action, err));
    }
    mr_batch_init(out_batch, arena, rows->schema);
    out_batch->rows = out_batch->sel_count = root.rows;
    out_batch->bufs =
        (struct mr_bufs){.at = {rows->strings.at == NULL ? "" : rows->strings.at}, .count = 1};
    for (uint32_t i = 0; i < rows->schema->field_count; i++) {
        if (!column_reserve(&f, &root.children[i])) return rows_nomem(err);
    }
    if (!column_vec(&f, &root, &out_batch->bufs, &vec)) return rows_nomem(err);
    out_batch->cols = vec.children;
    rows->row_count += root.rows;
    return MR_OK;
}

/* ---- batches to actions ---- */

static void write_time(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    char text[MR_TIME_TEXT_MAX];
    size_t bytes;
    if (vec->type->id == MR_TYPE_DATE) {
        bytes = mr_date_format(mr_vec_i64(vec, row), text);
    } else {
        const char *zone = vec->type->id == MR_TYPE_TIMESTAMP ? "Z" : "";
        bytes = mr_time_format(mr_vec_i64(vec, row), 6, zone, text);
    }
    mr_text_add_json(out, (struct mr_span){text, bytes});
}

static void write_scalar(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    char text[MR_NUMBER_TEXT_MAX];
    size_t bytes = 0;
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN:
        mr_text_adds(out, mr_bit_get(vec->values, row) ? "true" : "false");
        return;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: mr_text_add_json(out, mr_vec_span(vec, row)); return;
    case MR_TYPE_DATE:
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: write_time(vec, row, out); return;
    case MR_TYPE_FLOAT: bytes = mr_float_format(((const float *)vec->values)[row], text); break;
    case MR_TYPE_DOUBLE: bytes = mr_double_format(((const double *)vec->values)[row], text); break;
    case MR_TYPE_DECIMAL:
        bytes =
            mr_decimal_format(mr_decimal_is_long(vec->type) ? mr_vec_i64(vec, row)
                                                            : ((const __int128 *)vec->values)[row],
                              vec->type->scale, text);
        break;
    default: bytes = mr_i64_format(mr_vec_i64(vec, row), text); break;
    }
    bool is_json =
        text[0] == '-' ? text[1] >= '0' && text[1] <= '9' : text[0] >= '0' && text[0] <= '9';
    if (is_json) {
        mr_text_add(out, text, bytes);
    } else {
        mr_text_adds(out, "null"); /* NaN and infinities */
    }
}

static bool is_stats(struct mr_span name)
{
    return mr_span_is(name, "stats") || mr_span_is(name, "stats_parsed");
}

static void write_struct(const struct mr_vec *vec, uint32_t row, bool without_stats,
                         struct mr_text *out)
{
    bool has_any = false;
    mr_text_addc(out, '{');
    for (uint32_t i = 0; i < vec->type->field_count; i++) {
        if (mr_vec_is_null(&vec->children[i], row)) continue;
        if (without_stats && is_stats(vec->type->fields[i].name)) continue;
        if (has_any) mr_text_addc(out, ',');
        has_any = true;
        mr_text_add_json(out, vec->type->fields[i].name);
        mr_text_addc(out, ':');
        mr_delta_value_write(&vec->children[i], row, out);
    }
    mr_text_addc(out, '}');
}

static void write_list(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    bool is_map = vec->type->id == MR_TYPE_MAP;
    mr_text_addc(out, is_map ? '{' : '[');
    for (uint32_t i = vec->offsets[row]; i < vec->offsets[row + 1]; i++) {
        if (i > vec->offsets[row]) mr_text_addc(out, ',');
        if (is_map) {
            mr_delta_value_write(&vec->children[0], i, out);
            mr_text_addc(out, ':');
        }
        mr_delta_value_write(&vec->children[is_map ? 1 : 0], i, out);
    }
    mr_text_addc(out, is_map ? '}' : ']');
}

void mr_delta_value_write(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    if (mr_vec_is_null(vec, row)) {
        mr_text_adds(out, "null");
        return;
    }
    switch (vec->type->id) {
    case MR_TYPE_STRUCT: write_struct(vec, row, false, out); break;
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: write_list(vec, row, out); break;
    default: write_scalar(vec, row, out); break;
    }
}

/* The row as an action's line: the one struct that is there. Statistics are most of its bytes and
 * text already, so they go into the action as they are (add_stats) and not through the line. */
static void row_line(const struct mr_batch *batch, uint32_t row, struct mr_text *line)
{
    mr_text_reset(line);
    mr_text_addc(line, '{');
    for (uint32_t i = 0; i < batch->schema->field_count; i++) {
        if (mr_vec_is_null(&batch->cols[i], row)) continue;
        if (line->used > 1) mr_text_addc(line, ',');
        mr_text_add_json(line, batch->schema->fields[i].name);
        mr_text_addc(line, ':');
        if (batch->cols[i].type->id == MR_TYPE_STRUCT) {
            bool is_add = mr_span_is(batch->schema->fields[i].name, "add");
            write_struct(&batch->cols[i], row, is_add, line);
        } else {
            mr_delta_value_write(&batch->cols[i], row, line);
        }
    }
    mr_text_addc(line, '}');
}

/* The member of add that is there in this row; null when there is none. */
static const struct mr_vec *add_member(const struct mr_batch *batch, uint32_t row, const char *name)
{
    int32_t add = mr_type_find(batch->schema, MR_SPAN("add"), true);
    if (add < 0 || batch->cols[add].type->id != MR_TYPE_STRUCT) return NULL;
    const struct mr_vec *vec = &batch->cols[add];
    int32_t at = mr_type_find(vec->type, mr_span_of(name), true);
    if (at < 0 || mr_vec_is_null(&vec->children[at], row)) return NULL;
    return &vec->children[at];
}

/* Statistics as text, or made from the struct in tables that keep only that. */
static void add_stats(const struct mr_batch *batch, uint32_t row, struct mr_text *made,
                      struct mr_delta_action *action)
{
    if (action->kind != MR_DELTA_ADD) return;
    const struct mr_vec *text = add_member(batch, row, "stats");
    if (text != NULL && text->type->id == MR_TYPE_STRING && mr_vec_span(text, row).bytes > 0) {
        action->u.file.stats = mr_vec_span(text, row);
        return;
    }
    const struct mr_vec *parsed = add_member(batch, row, "stats_parsed");
    if (parsed == NULL) return;
    mr_text_reset(made);
    mr_delta_value_write(parsed, row, made);
    action->u.file.stats = mr_text_span(made);
}

mr_status mr_delta_rows_apply(struct mr_delta_snapshot *snapshot, struct mr_arena *scratch,
                              const struct mr_batch *batch,
                              void (*seen)(void *ctx, const struct mr_delta_action *action),
                              void *seen_ctx, struct mr_err *err)
{
    struct mr_text line, stats;
    mr_status status = MR_OK;
    mr_text_init(&line, scratch->heap);
    mr_text_init(&stats, scratch->heap);
    for (uint32_t row = 0; row < batch->rows && status == MR_OK; row++) {
        struct mr_delta_action action;
        mr_arena_reset(scratch);
        row_line(batch, row, &line);
        status = mr_text_end(&line, err);
        if (status == MR_OK) {
            status = mr_delta_action_decode(scratch, mr_text_span(&line), &action, err);
        }
        if (status != MR_OK) break;
        add_stats(batch, row, &stats, &action);
        if (stats.is_failed) {
            status = rows_nomem(err);
            break;
        }
        if (seen != NULL) seen(seen_ctx, &action);
        status = mr_delta_snapshot_apply(snapshot, &action, err);
    }
    mr_text_fini(&line);
    mr_text_fini(&stats);
    return status;
}
