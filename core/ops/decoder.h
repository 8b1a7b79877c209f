/* Decoders: text of any format to record batches, behind one interface.
 *
 * A worker pushes the windows of a range through one and gets batches; which reader of core/format
 * does the work is decided once, when it is opened. The calls are those of
 * core/format/json/json_reader.h, which says what each means; a format that has no schema to grow
 * out of (text, binaryFile) never has unknown fields or misfits. One switch per call is all that
 * the seam costs.
 *
 * A sampler is the same for inference. */
#ifndef MR_CORE_OPS_DECODER_H
#define MR_CORE_OPS_DECODER_H

#include "core/batch/batch.h"
#include "core/ops/format.h"
#include "core/port/source.h"
#include "kernels/isa/isa.h"

struct mr_json_reader;
struct mr_csv_reader;
struct mr_text_reader;
struct mr_binary_reader;
struct mr_json_infer;
struct mr_csv_infer;

/* records = rows + dropped; rescued and misfits count records, not values. */
struct mr_decoder_counters {
    uint64_t records;
    uint64_t rows;
    uint64_t malformed;
    uint64_t misfits;
    uint64_t rescued;
    uint64_t dropped;
};

struct mr_decoder {
    mr_format_id id;
    union {
        struct mr_json_reader *json; /* null = closed, whatever the format */
        struct mr_csv_reader *csv;
        struct mr_text_reader *text;
        struct mr_binary_reader *binary;
    };
};

/* mr_decoder_open: a decoder into batches of `schema`. `format` is copied, `zone` borrowed.
 * mr_decoder_close: of one that is closed or zero does nothing. */
MR_MUST_USE mr_status mr_decoder_open(struct mr_decoder *decoder, struct mr_heap *heap,
                                      const struct mr_type *schema, const struct mr_format *format,
                                      mr_isa isa, const struct mr_zone *zone, struct mr_err *err);
void mr_decoder_close(struct mr_decoder *decoder);

/* mr_decoder_want: wanted has a flag for each type below the schema, in pre-order; null = all. */
void mr_decoder_want(struct mr_decoder *decoder, const bool *wanted, bool wants_unknown);

const struct mr_type *mr_decoder_schema(const struct mr_decoder *decoder);

/* mr_decoder_begin: a range of a file starts; `file` is borrowed until the next one. */
MR_MUST_USE mr_status mr_decoder_begin(struct mr_decoder *decoder,
                                       const struct mr_source_file *file, struct mr_err *err);

/* mr_decoder_decode: rows may be left out of the batch's selection, or listed by ordinals. */
MR_MUST_USE mr_status mr_decoder_decode(struct mr_decoder *decoder, const char *text, size_t bytes,
                                        bool is_last, struct mr_batch *batch, size_t *out_consumed,
                                        struct mr_err *err);

/* mr_decoder_wants_end: the range is over and its text has not said so: decode is to be called with
 * no bytes and is_last, since even an empty file is a record. */
bool mr_decoder_wants_end(const struct mr_decoder *decoder);

uint32_t mr_decoder_records(const struct mr_decoder *decoder); /* that the last decode took */
void mr_decoder_count(const struct mr_decoder *decoder, struct mr_decoder_counters *out_counters);
struct mr_span mr_decoder_bad_records(const struct mr_decoder *decoder);

bool mr_decoder_has_unknown(const struct mr_decoder *decoder);
MR_MUST_USE mr_status mr_decoder_unknown(const struct mr_decoder *decoder, struct mr_arena *arena,
                                         const struct mr_type **out_type, struct mr_err *err);
bool mr_decoder_has_misfits(const struct mr_decoder *decoder);
MR_MUST_USE mr_status mr_decoder_misfits(const struct mr_decoder *decoder, struct mr_arena *arena,
                                         const struct mr_type **out_type, struct mr_err *err);

/* A sampler is for formats without a fixed schema. */
struct mr_sampler {
    mr_format_id id;
    union {
        struct mr_json_infer *json;
        struct mr_csv_infer *csv;
    };
};

MR_MUST_USE mr_status mr_sampler_open(struct mr_sampler *sampler, struct mr_heap *heap,
                                      const struct mr_format *format, mr_isa isa,
                                      struct mr_err *err);
void mr_sampler_close(struct mr_sampler *sampler); /* of a zero one does nothing */
MR_MUST_USE mr_status mr_sampler_begin(struct mr_sampler *sampler, struct mr_err *err);
MR_MUST_USE mr_status mr_sampler_feed(struct mr_sampler *sampler, const char *text, size_t bytes,
                                      bool is_last, size_t *out_consumed, struct mr_err *err);
MR_MUST_USE mr_status mr_sampler_type(const struct mr_sampler *sampler, struct mr_arena *arena,
                                      const struct mr_type **out_type, struct mr_err *err);

#endif
