#include "core/format/parquet/pq_column.h"

#include "core/base/checked.h"
#include "core/format/parquet/thrift.h"
#include "kernels/codec/crc.h"

/* A page that does not shrink to 10 of 11 parts is not worth its decompression, and one that the
 * full effort makes no smaller than 10 of 11 parts of the fast one is not worth that. What a trial
 * finds holds for a number of pages. */
enum { GAIN_PARTS = 11, GAIN_KEPT = 10, TRIAL_PAGES = 64 };

/* PageHeader of parquet.thrift: 1 type, 2 uncompressed size, 3 compressed size, 4 CRC,
 * 5 DataPageHeader {1 num_values, 2 encoding, 3 and 4 level encodings},
 * 7 DictionaryPageHeader {1 num_values, 2 encoding}. */
static void header_write(const struct mr_pq_page_head *head, size_t raw_bytes, size_t packed_bytes,
                         uint32_t crc, struct mr_text *text)
{
    struct mr_thrift_out out;
    mr_thrift_init(&out, text);
    mr_thrift_begin(&out);
    mr_thrift_i32(&out, 1, head->is_dictionary ? MR_PQ_DICTIONARY_PAGE : MR_PQ_DATA_PAGE);
    mr_thrift_i32(&out, 2, (int32_t)raw_bytes);
    mr_thrift_i32(&out, 3, (int32_t)packed_bytes);
    mr_thrift_i32(&out, 4, (int32_t)crc);
    mr_thrift_begin_field(&out, head->is_dictionary ? 7 : 5);
    mr_thrift_i32(&out, 1, (int32_t)head->entries);
    mr_thrift_i32(&out, 2, head->encoding);
    if (!head->is_dictionary) {
        mr_thrift_i32(&out, 3, MR_PQ_RLE);
        mr_thrift_i32(&out, 4, MR_PQ_RLE);
    }
    mr_thrift_end(&out);
    mr_thrift_end(&out);
}

static bool is_gain(size_t small, size_t large)
{
    return small * GAIN_PARTS <= large * GAIN_KEPT;
}

static mr_status body_pack(struct mr_pq_press *press, mr_codec_id codec_id, mr_codec_effort effort,
                           struct mr_span body, struct mr_err *err)
{
    size_t bound = mr_codec_bound(codec_id, body.bytes);
    press->packed.used = 0;
    MR_TRY(mr_pq_grow_reserve(&press->packed, bound, err));
    return mr_codec_compress_as(press->codec, codec_id, effort, body.text, body.bytes,
                                press->packed.at, bound, &press->packed.used, err);
}

/* Packs with what the last trial found, or makes one: the full effort against none and, when more
 * pages follow, against the fast one. What is left for the last page of a chunk may be a few rows,
 * which say little about whole pages. */
static mr_status body_try(struct mr_pq_column *column, struct mr_pq_effort *effort,
                          struct mr_span body, struct mr_err *err)
{
    struct mr_pq_press *press = column->press;
    bool is_first = column->pages.used == 0, is_alone = is_first && column->is_sealing;
    bool is_due = effort->pages == 0 && (is_first || !column->is_sealing);
    size_t fast_bytes = SIZE_MAX;
    if (is_due) {
        if (column->codec_id == MR_CODEC_ZSTD && !is_alone) {
            MR_TRY(body_pack(press, column->codec_id, MR_EFFORT_FAST, body, err));
            fast_bytes = press->packed.used;
        }
        effort->now = MR_EFFORT_FULL;
    }
    if (effort->now != MR_EFFORT_STORE) {
        MR_TRY(body_pack(press, column->codec_id, effort->now, body, err));
    }
    if (effort->now != MR_EFFORT_STORE && !is_gain(press->packed.used, body.bytes)) {
        effort->now = MR_EFFORT_STORE;
    } else if (is_due && fast_bytes != SIZE_MAX && !is_gain(press->packed.used, fast_bytes)) {
        effort->now = MR_EFFORT_FAST; /* from the next page on */
    }
    if (is_due && !is_alone) effort->pages = TRIAL_PAGES;
    return MR_OK;
}

/* The codec is the chunk's, and pages of one without a codec cannot have one later. So it is left
 * out only by the first page of a chunk without a dictionary; zstd stores others in raw blocks. */
static mr_status page_pack(struct mr_pq_column *column, const struct mr_pq_page_head *head,
                           struct mr_span body, struct mr_err *err)
{
    struct mr_pq_press *press = column->press;
    struct mr_pq_effort once = {0}, *effort = &once;
    bool is_zstd = column->codec_id == MR_CODEC_ZSTD;
    bool is_first = !head->is_dictionary && column->pages.used == 0;
    if (!press->is_adaptive) return body_pack(press, column->codec_id, MR_EFFORT_FULL, body, err);
    if (!head->is_dictionary) effort = &column->efforts[column->is_coding];
    MR_TRY(body_try(column, effort, body, err));
    if (effort->now != MR_EFFORT_STORE) return MR_OK;
    if (is_first && !(is_zstd && column->is_coding)) {
        column->codec_id = MR_CODEC_NONE;
        return MR_OK;
    }
    return body_pack(press, column->codec_id, MR_EFFORT_STORE, body, err);
}

mr_status mr_pq_page_write(struct mr_pq_column *column, const struct mr_pq_page_head *head,
                           struct mr_span body, struct mr_pq_spool *spool, uint32_t *out_bytes,
                           struct mr_err *err)
{
    struct mr_pq_press *press = column->press;
    struct mr_span stored = body;
    struct mr_pq_effort *effort = &column->efforts[column->is_coding];
    if (body.bytes > INT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 2522, "one row makes a page of %zu bytes, above 2 GiB",
                          body.bytes);
    }
    if (column->codec_id != MR_CODEC_NONE) MR_TRY(page_pack(column, head, body, err));
    if (column->codec_id != MR_CODEC_NONE) {
        stored = (struct mr_span){(const char *)press->packed.at, press->packed.used};
    }
    if (!head->is_dictionary && effort->pages > 0) effort->pages--;
    mr_text_reset(&press->header);
    header_write(head, body.bytes, stored.bytes, mr_crc32(0, stored.text, stored.bytes),
                 &press->header);
    MR_TRY(mr_text_end(&press->header, err));
    struct mr_span header = mr_text_span(&press->header);
    MR_TRY(mr_pq_spool_add(spool, &press->rack, header.text, header.bytes, err));
    MR_TRY(mr_pq_spool_add(spool, &press->rack, stored.text, stored.bytes, err));
    column->raw_bytes += header.bytes + body.bytes;
    *out_bytes = (uint32_t)(header.bytes + stored.bytes);
    return MR_OK;
}
