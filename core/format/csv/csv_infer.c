/* A reader whose schema is empty: every column is unknown to it, and those it collects. */
#include "core/format/csv/csv_infer.h"

#include "core/format/csv/csv_reader_impl.h"

struct mr_csv_infer {
    struct mr_heap *heap;
    struct mr_arena arena; /* of the batches, which have no columns */
    struct mr_csv_reader *reader;
};

mr_status mr_csv_infer_open(struct mr_heap *heap, const struct mr_csv_options *options,
                            const struct mr_csv_kernels *kernels, struct mr_csv_infer **out_infer,
                            struct mr_err *err)
{
    static const struct mr_type nothing = {.id = MR_TYPE_STRUCT};
    struct mr_csv_infer *infer = mr_heap_zeroed(heap, sizeof *infer);
    if (infer == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for inference");
    struct mr_csv_options own = *options;
    own.rescued_column[0] = own.corrupt_column[0] = own.bad_records_path[0] = '\0';
    own.is_enforce_set = false;
    infer->heap = heap;
    mr_arena_init(&infer->arena, heap, 0);
    mr_status status = mr_csv_reader_open(heap, &nothing, &own, kernels, NULL, &infer->reader, err);
    if (status != MR_OK) {
        mr_csv_infer_close(infer);
        return status;
    }
    infer->reader->unknown_max = own.columns_max;
    *out_infer = infer;
    return MR_OK;
}

void mr_csv_infer_close(struct mr_csv_infer *infer)
{
    if (infer == NULL) return;
    mr_csv_reader_close(infer->reader);
    mr_arena_fini(&infer->arena);
    mr_heap_give(infer->heap, infer, sizeof *infer);
}

mr_status mr_csv_infer_begin(struct mr_csv_infer *infer, struct mr_err *err)
{
    return mr_csv_reader_begin(infer->reader, (struct mr_span){0}, err);
}

mr_status mr_csv_infer_feed(struct mr_csv_infer *infer, const char *text, size_t bytes,
                            bool is_last, size_t *out_consumed, struct mr_err *err)
{
    size_t at = 0, consumed = 0;
    bool is_moving = true;
    while (is_moving) {
        struct mr_batch batch;
        mr_batch_init(&batch, &infer->arena, mr_csv_reader_schema(infer->reader));
        mr_status status = mr_csv_reader_decode(infer->reader, text + at, bytes - at, is_last,
                                                &batch, &consumed, err);
        if (status != MR_OK && err != NULL && err->has_at) mr_err_at(err, err->at + at);
        at += consumed;
        is_moving = status == MR_OK && consumed > 0 && at < bytes;
        mr_batch_fini(&batch);
        if (status != MR_OK) return status;
    }
    *out_consumed = at;
    return MR_OK;
}

mr_status mr_csv_infer_type(const struct mr_csv_infer *infer, struct mr_arena *arena,
                            const struct mr_type **out_type, struct mr_err *err)
{
    return mr_csv_reader_unknown(infer->reader, arena, out_type, err);
}

uint64_t mr_csv_infer_records(const struct mr_csv_infer *infer)
{
    return mr_csv_reader_counters(infer->reader)->records;
}
