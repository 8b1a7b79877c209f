#include "core/format/parquet/pq_column.h"

#include "core/base/checked.h"
#include "core/format/parquet/thrift.h"
#include "kernels/codec/crc.h"

/* A page that does not shrink to 10 of 11 parts is not worth its decompression. */
enum { GAIN_PARTS = 11, GAIN_KEPT = 10 };

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

static mr_status page_pack(struct mr_pq_column *column, bool is_dictionary, struct mr_span body,
                           struct mr_err *err)
{
    struct mr_pq_press *press = column->press;
    size_t bound = mr_codec_bound(column->codec_id, body.bytes);
    press->packed.used = 0;
    MR_TRY(mr_pq_grow_reserve(&press->packed, bound, err));
    MR_TRY(mr_codec_compress(press->codec, column->codec_id, body.text, body.bytes,
                             press->packed.at, bound, &press->packed.used, err));
    bool is_first = !is_dictionary && column->pages.used == 0;
    if (press->is_adaptive && is_first && column->codec_id != MR_CODEC_NONE &&
        press->packed.used * GAIN_PARTS > body.bytes * GAIN_KEPT) {
        column->codec_id = MR_CODEC_NONE;
    }
    return MR_OK;
}

mr_status mr_pq_page_write(struct mr_pq_column *column, const struct mr_pq_page_head *head,
                           struct mr_span body, struct mr_pq_spool *spool, uint32_t *out_bytes,
                           struct mr_err *err)
{
    struct mr_pq_press *press = column->press;
    struct mr_span stored = body;
    if (body.bytes > INT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 2522, "one row makes a page of %zu bytes, above 2 GiB",
                          body.bytes);
    }
    if (column->codec_id != MR_CODEC_NONE)
        MR_TRY(page_pack(column, head->is_dictionary, body, err));
    if (column->codec_id != MR_CODEC_NONE) {
        stored = (struct mr_span){(const char *)press->packed.at, press->packed.used};
    }
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
