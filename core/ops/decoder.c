#include "core/ops/decoder.h"

#include "core/base/assert.h"
#include "core/format/csv/csv_infer.h"
#include "core/format/json/json_infer.h"

static bool is_json(mr_format_id id)
{
    return id == MR_FORMAT_JSON;
}

mr_status mr_decoder_open(struct mr_decoder *d, struct mr_heap *heap, const struct mr_type *schema,
                          const struct mr_format *format, mr_isa isa, const struct mr_zone *zone,
                          struct mr_err *err)
{
    *d = (struct mr_decoder){.id = format->id};
    switch (format->id) {
    case MR_FORMAT_JSON:
        return mr_json_reader_open(heap, schema, &format->json, mr_json_kernels(isa), zone,
                                   &d->json, err);
    case MR_FORMAT_CSV:
        return mr_csv_reader_open(heap, schema, &format->csv, mr_csv_kernels(isa), zone, &d->csv,
                                  err);
    case MR_FORMAT_TEXT: return mr_text_reader_open(heap, schema, &format->text, &d->text, err);
    case MR_FORMAT_BINARY: return mr_binary_reader_open(heap, schema, &d->binary, err);
    }
    return MR_E_INTERNAL;
}

void mr_decoder_close(struct mr_decoder *d)
{
    switch (d->id) {
    case MR_FORMAT_JSON: mr_json_reader_close(d->json); break;
    case MR_FORMAT_CSV: mr_csv_reader_close(d->csv); break;
    case MR_FORMAT_TEXT: mr_text_reader_close(d->text); break;
    case MR_FORMAT_BINARY: mr_binary_reader_close(d->binary); break;
    }
    d->json = NULL;
}

/* A schema for CSV has no types below its members, so both count flags alike. */
void mr_decoder_want(struct mr_decoder *d, const bool *wanted, bool wants_unknown)
{
    switch (d->id) {
    case MR_FORMAT_JSON: mr_json_reader_want(d->json, wanted, wants_unknown); break;
    case MR_FORMAT_CSV: mr_csv_reader_want(d->csv, wanted, wants_unknown); break;
    case MR_FORMAT_TEXT: break;
    case MR_FORMAT_BINARY: mr_binary_reader_want(d->binary, wanted); break;
    }
}

const struct mr_type *mr_decoder_schema(const struct mr_decoder *d)
{
    switch (d->id) {
    case MR_FORMAT_JSON: return mr_json_reader_schema(d->json);
    case MR_FORMAT_CSV: return mr_csv_reader_schema(d->csv);
    case MR_FORMAT_TEXT: return mr_text_reader_schema(d->text);
    case MR_FORMAT_BINARY: return mr_binary_reader_schema(d->binary);
    }
    return NULL;
}

mr_status mr_decoder_begin(struct mr_decoder *d, const struct mr_source_file *file,
                           struct mr_err *err)
{
    switch (d->id) {
    case MR_FORMAT_JSON: return mr_json_reader_begin(d->json, file->uri, err);
    case MR_FORMAT_CSV: return mr_csv_reader_begin(d->csv, file->uri, err);
    case MR_FORMAT_TEXT: mr_text_reader_begin(d->text); return MR_OK;
    case MR_FORMAT_BINARY:
        mr_binary_reader_begin(d->binary, mr_span_of(file->path), file->modified_us, file->bytes);
        return MR_OK;
    }
    return MR_E_INTERNAL;
}

mr_status mr_decoder_decode(struct mr_decoder *d, const char *text, size_t bytes, bool is_last,
                            struct mr_batch *batch, size_t *out_consumed, struct mr_err *err)
{
    switch (d->id) {
    case MR_FORMAT_JSON:
        return mr_json_reader_decode(d->json, text, bytes, is_last, batch, out_consumed, err);
    case MR_FORMAT_CSV:
        return mr_csv_reader_decode(d->csv, text, bytes, is_last, batch, out_consumed, err);
    case MR_FORMAT_TEXT:
        return mr_text_reader_decode(d->text, text, bytes, is_last, batch, out_consumed, err);
    case MR_FORMAT_BINARY:
        return mr_binary_reader_decode(d->binary, text, bytes, is_last, batch, out_consumed, err);
    }
    return MR_E_INTERNAL;
}

bool mr_decoder_wants_end(const struct mr_decoder *d)
{
    if (d->id == MR_FORMAT_TEXT) return mr_text_reader_wants_end(d->text);
    return d->id == MR_FORMAT_BINARY && mr_binary_reader_wants_end(d->binary);
}

uint32_t mr_decoder_records(const struct mr_decoder *d)
{
    switch (d->id) {
    case MR_FORMAT_JSON: return mr_json_reader_records(d->json);
    case MR_FORMAT_CSV: return mr_csv_reader_records(d->csv);
    case MR_FORMAT_TEXT: return mr_text_reader_records(d->text);
    case MR_FORMAT_BINARY: return mr_binary_reader_records(d->binary);
    }
    return 0;
}

void mr_decoder_count(const struct mr_decoder *d, struct mr_decoder_counters *out)
{
    *out = (struct mr_decoder_counters){0};
    if (d->id == MR_FORMAT_JSON) {
        const struct mr_json_counters *c = mr_json_reader_counters(d->json);
        *out = (struct mr_decoder_counters){c->records, c->rows,    c->malformed,
                                            c->misfits, c->rescued, c->dropped};
    } else if (d->id == MR_FORMAT_CSV) {
        const struct mr_csv_counters *c = mr_csv_reader_counters(d->csv);
        *out = (struct mr_decoder_counters){c->records, c->rows,    c->malformed,
                                            c->misfits, c->rescued, c->dropped};
    } else if (d->id == MR_FORMAT_TEXT) {
        out->records = out->rows = mr_text_reader_rows(d->text);
    } else {
        out->records = out->rows = mr_binary_reader_rows(d->binary);
    }
}

struct mr_span mr_decoder_bad_records(const struct mr_decoder *d)
{
    if (is_json(d->id)) return mr_json_reader_bad_records(d->json);
    if (d->id == MR_FORMAT_CSV) return mr_csv_reader_bad_records(d->csv);
    return (struct mr_span){NULL, 0};
}

bool mr_decoder_has_unknown(const struct mr_decoder *d)
{
    if (is_json(d->id)) return mr_json_reader_has_unknown(d->json);
    return d->id == MR_FORMAT_CSV && mr_csv_reader_has_unknown(d->csv);
}

mr_status mr_decoder_unknown(const struct mr_decoder *d, struct mr_arena *arena,
                             const struct mr_type **out_type, struct mr_err *err)
{
    MR_ASSERT(is_json(d->id) || d->id == MR_FORMAT_CSV);
    return is_json(d->id) ? mr_json_reader_unknown(d->json, arena, out_type, err)
                          : mr_csv_reader_unknown(d->csv, arena, out_type, err);
}

bool mr_decoder_has_misfits(const struct mr_decoder *d)
{
    if (is_json(d->id)) return mr_json_reader_has_misfits(d->json);
    return d->id == MR_FORMAT_CSV && mr_csv_reader_has_misfits(d->csv);
}

mr_status mr_decoder_misfits(const struct mr_decoder *d, struct mr_arena *arena,
                             const struct mr_type **out_type, struct mr_err *err)
{
    MR_ASSERT(is_json(d->id) || d->id == MR_FORMAT_CSV);
    return is_json(d->id) ? mr_json_reader_misfits(d->json, arena, out_type, err)
                          : mr_csv_reader_misfits(d->csv, arena, out_type, err);
}

/* -- samplers ------------------------------------------------------------------------------ */

mr_status mr_sampler_open(struct mr_sampler *s, struct mr_heap *heap,
                          const struct mr_format *format, mr_isa isa, struct mr_err *err)
{
    MR_ASSERT(is_json(format->id) || format->id == MR_FORMAT_CSV);
    *s = (struct mr_sampler){.id = format->id};
    if (is_json(s->id)) {
        return mr_json_infer_open(heap, &format->json, mr_json_kernels(isa), &s->json, err);
    }
    return mr_csv_infer_open(heap, &format->csv, mr_csv_kernels(isa), &s->csv, err);
}

void mr_sampler_close(struct mr_sampler *s)
{
    if (is_json(s->id)) {
        mr_json_infer_close(s->json);
    } else {
        mr_csv_infer_close(s->csv);
    }
    s->json = NULL;
}

mr_status mr_sampler_begin(struct mr_sampler *s, struct mr_err *err)
{
    return is_json(s->id) ? mr_json_infer_begin(s->json, err) : mr_csv_infer_begin(s->csv, err);
}

mr_status mr_sampler_feed(struct mr_sampler *s, const char *text, size_t bytes, bool is_last,
                          size_t *out_consumed, struct mr_err *err)
{
    return is_json(s->id) ? mr_json_infer_feed(s->json, text, bytes, is_last, out_consumed, err)
                          : mr_csv_infer_feed(s->csv, text, bytes, is_last, out_consumed, err);
}

mr_status mr_sampler_type(const struct mr_sampler *s, struct mr_arena *arena,
                          const struct mr_type **out_type, struct mr_err *err)
{
    return is_json(s->id) ? mr_json_infer_type(s->json, arena, out_type, err)
                          : mr_csv_infer_type(s->csv, arena, out_type, err);
}
