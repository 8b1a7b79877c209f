#include "core/format/text/text_reader.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "kernels/json/json_index.h"
#include "kernels/text/number.h"

enum { CODE_OPTION = 2321, CODE_SCHEMA = 2322, CODE_LONG = 2323 };

struct mr_text_reader {
    struct mr_heap *heap;
    struct mr_arena arena;
    const struct mr_type *schema;
    struct mr_text_options options;
    uint64_t rows;
    bool is_at_start;
    bool is_done; /* the file's one record is out */
    /* The call at hand. */
    const char *text;
    uint32_t bytes, at;
    bool is_last;
    struct mr_batch *batch;
    uint32_t count; /* records */
};

static mr_status nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the text reader");
}

/* -- options ------------------------------------------------------------------------------- */

void mr_text_options_init(struct mr_text_options *options)
{
    *options = (struct mr_text_options){.record_bytes_max = MR_TEXT_RECORD_BYTES_DEFAULT};
}

static const char *const option_names[] = {"wholeText", "lineSep", "maxRecordBytes", "encoding",
                                           "charset"};

bool mr_text_option_is_known(struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(option_names); i++) {
        if (mr_span_ieq(name, mr_span_of(option_names[i]))) return true;
    }
    return false;
}

static mr_status refuse(struct mr_span name, struct mr_span value, mr_status status,
                        const char *wanted, struct mr_err *err)
{
    return mr_err_set(err, status, CODE_OPTION, "the text option %.*s cannot be \"%.*s\": %s",
                      (int)name.bytes, name.text, (int)MR_MIN(value.bytes, (size_t)100),
                      value.text, wanted);
}

mr_status mr_text_options_set(struct mr_text_options *options, struct mr_span name,
                              struct mr_span value, struct mr_err *err)
{
    if (mr_span_ieq(name, MR_SPAN("wholeText"))) {
        bool is_true = mr_span_ieq(value, MR_SPAN("true"));
        if (!is_true && !mr_span_ieq(value, MR_SPAN("false"))) {
            return refuse(name, value, MR_E_INVALID, "it is true or false", err);
        }
        options->is_whole = is_true;
    } else if (mr_span_ieq(name, MR_SPAN("lineSep"))) {
        if (value.bytes >= sizeof options->line_sep || memchr(value.text, '\0', value.bytes)) {
            return refuse(name, value, MR_E_INVALID, "it is too long or has a zero byte", err);
        }
        memcpy(options->line_sep, value.text, value.bytes);
        options->line_sep[value.bytes] = '\0';
    } else if (mr_span_ieq(name, MR_SPAN("maxRecordBytes"))) {
        int64_t bytes;
        if (mr_i64_parse(value.text, value.bytes, &bytes) != MR_PARSE_OK || bytes < 1024 ||
            bytes > INT64_C(1) << 30) {
            return refuse(name, value, MR_E_INVALID, "it is a number of bytes from 1024 to 1 GiB",
                          err);
        }
        options->record_bytes_max = (uint32_t)bytes;
    } else if (mr_text_option_is_known(name)) {
        bool is_utf8 = mr_span_ieq(value, MR_SPAN("UTF-8")) ||
                       mr_span_ieq(value, MR_SPAN("UTF8")) ||
                       mr_span_ieq(value, MR_SPAN("US-ASCII"));
        if (!is_utf8) return refuse(name, value, MR_E_UNSUPPORTED, "only UTF-8 is read", err);
    } else {
        return mr_err_set(err, MR_E_INVALID, CODE_OPTION, "there is no text option \"%.*s\"",
                          (int)MR_MIN(name.bytes, (size_t)100), name.text);
    }
    return MR_OK;
}

/* -- life ---------------------------------------------------------------------------------- */

const struct mr_type *mr_text_schema(void)
{
    static const struct mr_type string = {.id = MR_TYPE_STRING};
    static const struct mr_field value = {{"value", 5}, &string, true, {NULL, 0}};
    static const struct mr_type schema = {
        .id = MR_TYPE_STRUCT, .field_count = 1, .fields = &value};
    return &schema;
}

mr_status mr_text_reader_open(struct mr_heap *heap, const struct mr_type *schema,
                              const struct mr_text_options *options,
                              struct mr_text_reader **out_reader, struct mr_err *err)
{
    if (schema->field_count != 1 || schema->fields[0].type->id != MR_TYPE_STRING) {
        mr_err_set(err, MR_E_TYPE, CODE_SCHEMA,
                   "files of format text have one column, a STRING: the schema has %u columns%s",
                   schema->field_count, schema->field_count == 1 ? " of another type" : "");
        return MR_E_TYPE;
    }
    struct mr_text_reader *r = mr_heap_zeroed(heap, sizeof *r);
    if (r == NULL) return nomem(err);
    r->heap = heap;
    r->options = *options;
    mr_arena_init(&r->arena, heap, 0);
    r->schema = mr_type_clone(&r->arena, schema);
    if (r->schema == NULL) {
        mr_text_reader_close(r);
        return nomem(err);
    }
    *out_reader = r;
    return MR_OK;
}

void mr_text_reader_close(struct mr_text_reader *r)
{
    if (r == NULL) return;
    mr_arena_fini(&r->arena);
    mr_heap_give(r->heap, r, sizeof *r);
}

const struct mr_type *mr_text_reader_schema(const struct mr_text_reader *r)
{
    return r->schema;
}

void mr_text_reader_begin(struct mr_text_reader *r)
{
    r->is_at_start = true;
    r->is_done = false;
}

/* -- decode -------------------------------------------------------------------------------- */

/* The record at r->at: where it ends, and what follows. False when its end is not there. */
static bool record_find(const struct mr_text_reader *r, uint32_t *out_end, uint32_t *out_next)
{
    const char *text = r->text + r->at, *sep = r->options.line_sep;
    uint32_t left = r->bytes - r->at;
    *out_end = *out_next = r->bytes;
    if (r->options.is_whole) return r->is_last;
    if (sep[0] != '\0') {
        const char *found = memmem(text, left, sep, strlen(sep));
        if (found == NULL) return r->is_last;
        *out_end = (uint32_t)(found - r->text);
        *out_next = *out_end + (uint32_t)strlen(sep);
        return true;
    }
    const char *feed = memchr(text, '\n', left);
    const char *cr = memchr(text, '\r', feed == NULL ? left : (size_t)(feed - text));
    if (cr == NULL && feed == NULL) return r->is_last;
    *out_end = (uint32_t)((cr == NULL ? feed : cr) - r->text);
    *out_next = *out_end + 1;
    if (cr == NULL) return true;
    if (*out_next == r->bytes) return r->is_last; /* a line feed may follow */
    *out_next += r->text[*out_next] == '\n';
    return true;
}

/* Bytes that are not UTF-8 are replaced, in a block of the batch. */
static bool value_put(struct mr_text_reader *r, struct mr_vec *vec, uint32_t off, uint32_t bytes)
{
    static const char mark[] = "\xef\xbf\xbd";
    struct mr_view *view = (struct mr_view *)vec->values + r->count;
    const char *text = r->text + off;
    *view = mr_view_of(text, bytes, 0, off);
    if (mr_utf8_check_ref(text, bytes)) return true;
    if (r->batch->bufs.count == MR_BUFS_MAX) return false;
    char *clean = mr_arena_alloc(r->batch->arena, (size_t)bytes * 3, 1);
    uint32_t used = 0;
    if (clean == NULL) return false;
    for (uint32_t at = 0; at < bytes;) {
        uint32_t width = 1, room = MR_MIN(bytes - at, 4u);
        while (width <= room && !mr_utf8_check_ref(text + at, width)) width++;
        bool is_char = width <= room;
        memcpy(clean + used, is_char ? text + at : mark, is_char ? width : 3);
        used += is_char ? width : 3;
        at += is_char ? width : 1;
    }
    uint32_t buffer = mr_batch_add_buf(r->batch, clean);
    *view = mr_view_of(clean, used, buffer, 0);
    return true;
}

static mr_status start_mark(struct mr_text_reader *r, bool *out_waits)
{
    uint32_t bytes = MR_MIN(r->bytes, 3u);
    bool is_like = bytes > 0 && memcmp(r->text, "\xef\xbb\xbf", bytes) == 0;
    *out_waits = r->is_at_start && is_like && bytes < 3 && !r->is_last;
    if (r->is_at_start && is_like && bytes == 3) r->at = 3;
    r->is_at_start &= bytes == 0 || *out_waits;
    return MR_OK;
}

static mr_status records_take(struct mr_text_reader *r, struct mr_vec *vec, struct mr_err *err)
{
    uint32_t end, next;
    while (r->count < MR_BATCH_ROWS_MAX && (r->at < r->bytes || r->options.is_whole)) {
        bool is_found = record_find(r, &end, &next);
        if ((is_found ? end : r->bytes) - r->at > r->options.record_bytes_max) {
            mr_err_set(err, MR_E_LIMIT, CODE_LONG, "a record is longer than maxRecordBytes, %u",
                       r->options.record_bytes_max);
            mr_err_at(err, r->at);
            return MR_E_LIMIT;
        }
        if (!is_found || r->is_done) return MR_OK;
        if (!value_put(r, vec, r->at, end - r->at)) return nomem(err);
        r->count++;
        r->at = next;
        r->is_done = r->options.is_whole;
        if (r->batch->bufs.count == MR_BUFS_MAX) return MR_OK;
    }
    return MR_OK;
}

mr_status mr_text_reader_decode(struct mr_text_reader *r, const char *text, size_t bytes,
                                bool is_last, struct mr_batch *batch, size_t *out_consumed,
                                struct mr_err *err)
{
    bool waits;
    if (bytes >= UINT32_MAX / 2) {
        return mr_err_set(err, MR_E_LIMIT, 0, "text is pushed in parts below 2 GiB");
    }
    r->text = text;
    r->bytes = (uint32_t)bytes;
    r->at = r->count = 0;
    r->is_last = is_last;
    r->batch = batch;
    batch->schema = r->schema;
    (void)mr_batch_add_buf(batch, text);
    batch->cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, 1);
    if (batch->cols == NULL) return nomem(err);
    uint32_t room = MR_MIN(r->bytes + 1, (uint32_t)MR_BATCH_ROWS_MAX);
    MR_TRY(mr_vec_alloc(&batch->cols[0], batch->arena, r->schema->fields[0].type, room, false,
                        &batch->bufs, err));
    MR_TRY(start_mark(r, &waits));
    if (!waits) MR_TRY(records_take(r, &batch->cols[0], err));
    batch->cols[0].rows = batch->rows = batch->sel_count = r->count;
    batch->sel = NULL;
    r->rows += r->count;
    *out_consumed = r->at;
    return MR_OK;
}

bool mr_text_reader_wants_end(const struct mr_text_reader *r)
{
    return r->options.is_whole && !r->is_done;
}

uint32_t mr_text_reader_records(const struct mr_text_reader *r)
{
    return r->count;
}

uint64_t mr_text_reader_rows(const struct mr_text_reader *r)
{
    return r->rows;
}
