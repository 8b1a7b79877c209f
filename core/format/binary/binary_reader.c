#include "core/format/binary/binary_reader.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { CODE_SCHEMA = 2324, CODE_LARGE = 2325 };

typedef enum binary_column {
    COLUMN_PATH,
    COLUMN_TIME,
    COLUMN_LENGTH,
    COLUMN_CONTENT,
} binary_column;

struct mr_binary_reader {
    struct mr_heap *heap;
    struct mr_arena arena;
    const struct mr_type *schema;
    int32_t *columns; /* of each member: its binary_column; -1 = nobody wants it */
    bool wants_content;
    uint64_t rows;
    uint32_t records; /* of the last decode */
    bool is_done;     /* the file's record is out */
    struct mr_span path;
    int64_t modified_us;
    uint64_t bytes;
};

static mr_status nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the reader of whole files");
}

const struct mr_type *mr_binary_schema(void)
{
    static const struct mr_type string = {.id = MR_TYPE_STRING};
    static const struct mr_type time = {.id = MR_TYPE_TIMESTAMP};
    static const struct mr_type number = {.id = MR_TYPE_LONG};
    static const struct mr_type binary = {.id = MR_TYPE_BINARY};
    static const struct mr_field fields[] = {{{"path", 4}, &string, true, {NULL, 0}},
                                             {{"modificationTime", 16}, &time, true, {NULL, 0}},
                                             {{"length", 6}, &number, true, {NULL, 0}},
                                             {{"content", 7}, &binary, true, {NULL, 0}}};
    static const struct mr_type schema = {
        .id = MR_TYPE_STRUCT, .field_count = 4, .fields = fields};
    return &schema;
}

static mr_status columns_find(struct mr_binary_reader *r, struct mr_err *err)
{
    const struct mr_type *all = mr_binary_schema();
    r->columns = MR_ARENA_ARRAY(&r->arena, int32_t, r->schema->field_count + 1u);
    if (r->columns == NULL) return nomem(err);
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        const struct mr_field *field = &r->schema->fields[m];
        int32_t column = mr_type_find(all, field->name, false);
        if (column < 0 || field->type->id != all->fields[column].type->id) {
            mr_err_set(err, MR_E_TYPE, CODE_SCHEMA,
                       "format binaryFile has no column %.*s of type %s", (int)field->name.bytes,
                       field->name.text, mr_type_name(field->type->id));
            mr_err_help(err, "it has path STRING, modificationTime TIMESTAMP, length BIGINT, "
                             "content BINARY");
            return MR_E_TYPE;
        }
        r->columns[m] = column;
        r->wants_content |= column == COLUMN_CONTENT;
    }
    return MR_OK;
}

mr_status mr_binary_reader_open(struct mr_heap *heap, const struct mr_type *schema,
                                struct mr_binary_reader **out_reader, struct mr_err *err)
{
    struct mr_binary_reader *r = mr_heap_zeroed(heap, sizeof *r);
    if (r == NULL) return nomem(err);
    r->heap = heap;
    mr_arena_init(&r->arena, heap, 0);
    r->schema = mr_type_clone(&r->arena, schema);
    mr_status status = r->schema == NULL ? nomem(err) : columns_find(r, err);
    if (status != MR_OK) {
        mr_binary_reader_close(r);
        return status;
    }
    *out_reader = r;
    return MR_OK;
}

void mr_binary_reader_close(struct mr_binary_reader *r)
{
    if (r == NULL) return;
    mr_arena_fini(&r->arena);
    mr_heap_give(r->heap, r, sizeof *r);
}

void mr_binary_reader_want(struct mr_binary_reader *r, const bool *wanted)
{
    if (wanted == NULL) return;
    r->wants_content = false;
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        if (!wanted[m]) r->columns[m] = -1;
        r->wants_content |= r->columns[m] == COLUMN_CONTENT;
    }
}

const struct mr_type *mr_binary_reader_schema(const struct mr_binary_reader *r)
{
    return r->schema;
}

void mr_binary_reader_begin(struct mr_binary_reader *r, struct mr_span path, int64_t modified_us,
                            uint64_t bytes)
{
    r->path = path;
    r->modified_us = modified_us;
    r->bytes = bytes;
    r->is_done = false;
}

static mr_status put_path(struct mr_binary_reader *r, struct mr_batch *batch, struct mr_vec *vec,
                          struct mr_err *err)
{
    const char *text = mr_arena_format(batch->arena, "file:%.*s", (int)r->path.bytes, r->path.text);
    if (text == NULL) return nomem(err);
    uint32_t buffer = mr_batch_add_buf(batch, text);
    *(struct mr_view *)vec->values =
        mr_view_of(text, (uint32_t)r->path.bytes + 5, buffer, 0);
    return MR_OK;
}

/* The file's row, `text` being all of it when its content is wanted. */
static mr_status row_make(struct mr_binary_reader *r, const char *text, uint32_t bytes,
                          struct mr_batch *batch, struct mr_err *err)
{
    for (uint32_t m = 0; m < r->schema->field_count; m++) {
        struct mr_vec *vec = &batch->cols[m];
        vec->null_count = r->columns[m] < 0;
        if (r->columns[m] >= 0) mr_bit_set(vec->validity, 0);
        switch (r->columns[m]) {
        case COLUMN_PATH: MR_TRY(put_path(r, batch, vec, err)); break;
        case COLUMN_TIME: *(int64_t *)vec->values = r->modified_us; break;
        case COLUMN_LENGTH: *(int64_t *)vec->values = (int64_t)r->bytes; break;
        case COLUMN_CONTENT: *(struct mr_view *)vec->values = mr_view_of(text, bytes, 0, 0); break;
        default: break;
        }
    }
    return MR_OK;
}

mr_status mr_binary_reader_decode(struct mr_binary_reader *r, const char *text, size_t bytes,
                                  bool is_last, struct mr_batch *batch, size_t *out_consumed,
                                  struct mr_err *err)
{
    uint32_t count = r->schema->field_count;
    if (r->wants_content && (bytes > MR_BINARY_BYTES_MAX || r->bytes > MR_BINARY_BYTES_MAX)) {
        mr_err_set(err, MR_E_LIMIT, CODE_LARGE, "a file of %" PRIu64 " bytes is no record: at most "
                   "1 GiB", r->bytes);
        mr_err_help(err, "leave the column content out, or such files by pathGlobFilter");
        return MR_E_LIMIT;
    }
    r->records = is_last && !r->is_done;
    batch->schema = r->schema;
    (void)mr_batch_add_buf(batch, text);
    batch->cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, MR_MAX(count, 1u));
    if (batch->cols == NULL) return nomem(err);
    for (uint32_t m = 0; m < count; m++) {
        MR_TRY(mr_vec_alloc(&batch->cols[m], batch->arena, r->schema->fields[m].type, r->records,
                            true, &batch->bufs, err));
    }
    if (r->records > 0) MR_TRY(row_make(r, text, (uint32_t)bytes, batch, err));
    r->is_done = is_last;
    r->rows += r->records;
    batch->rows = batch->sel_count = r->records;
    batch->sel = NULL;
    /* A byte is kept for the text that is the last. */
    *out_consumed = is_last ? bytes : r->wants_content || bytes == 0 ? 0 : bytes - 1;
    return MR_OK;
}

bool mr_binary_reader_wants_end(const struct mr_binary_reader *r)
{
    return !r->is_done;
}

uint32_t mr_binary_reader_records(const struct mr_binary_reader *r)
{
    return r->records;
}

uint64_t mr_binary_reader_rows(const struct mr_binary_reader *r)
{
    return r->rows;
}
