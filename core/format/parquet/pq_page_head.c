#include "core/format/parquet/pq_page_head.h"

#include "core/format/parquet/thrift.h"

static uint32_t get_count32(struct mr_thrift_in *in, mr_thrift_type type)
{
    int64_t value = mr_thrift_get_int(in, type);
    if (value < 0 || value > INT32_MAX) mr_thrift_fail(in, "a number is out of its range");
    return value < 0 ? 0 : (uint32_t)value;
}

/* DataPageHeader, DictionaryPageHeader: 1 num_values, 2 encoding, 3 and 4 level encodings. */
static void data_header_read(struct mr_thrift_in *in, mr_thrift_type type,
                             struct mr_pq_page_header *out)
{
    int16_t id;
    mr_thrift_enter(in, type);
    while (mr_thrift_next(in, &id, &type)) {
        switch (id) {
        case 1: out->entries = get_count32(in, type); break;
        case 2: out->encoding = (int32_t)get_count32(in, type); break;
        case 3:
            if (type == MR_THRIFT_I32) {
                out->def_encoding = (int32_t)get_count32(in, type);
            } else {
                mr_thrift_skip(in, type); /* is_sorted of a dictionary */
            }
            break;
        case 4: out->rep_encoding = (int32_t)get_count32(in, type); break;
        default: mr_thrift_skip(in, type); break;
        }
    }
}

/* DataPageHeaderV2: 1 num_values, 3 num_rows, 4 encoding, 5 and 6 bytes of the levels, 7
 * is_compressed. */
static void data_header_v2_read(struct mr_thrift_in *in, mr_thrift_type type,
                                struct mr_pq_page_header *out)
{
    int16_t id;
    mr_thrift_enter(in, type);
    while (mr_thrift_next(in, &id, &type)) {
        switch (id) {
        case 1: out->entries = get_count32(in, type); break;
        case 3: out->rows = get_count32(in, type); break;
        case 4: out->encoding = (int32_t)get_count32(in, type); break;
        case 5: out->def_bytes = get_count32(in, type); break;
        case 6: out->rep_bytes = get_count32(in, type); break;
        case 7: out->is_compressed = mr_thrift_get_bool(in, type); break;
        default: mr_thrift_skip(in, type); break;
        }
    }
}

mr_status mr_pq_page_header_read(const uint8_t *at, size_t bytes, struct mr_pq_page_header *out,
                                 struct mr_err *err)
{
    struct mr_pq_page_header header = {
        .is_compressed = true, .def_encoding = MR_PQ_RLE, .rep_encoding = MR_PQ_RLE};
    struct mr_thrift_in in;
    mr_thrift_type type;
    int16_t id;
    mr_thrift_open(&in, at, bytes);
    while (mr_thrift_next(&in, &id, &type)) {
        switch (id) {
        case 1: header.type = (mr_pq_page_type)get_count32(&in, type); break;
        case 2: header.raw_bytes = get_count32(&in, type); break;
        case 3: header.stored_bytes = get_count32(&in, type); break;
        case 4:
            header.has_crc = true;
            header.crc = (uint32_t)mr_thrift_get_int(&in, type);
            break;
        case 5:
        case 7: data_header_read(&in, type, &header); break;
        case 8: data_header_v2_read(&in, type, &header); break;
        default: mr_thrift_skip(&in, type); break;
        }
    }
    MR_TRY(mr_thrift_close(&in, "a page header", err));
    header.header_bytes = (uint32_t)(in.at - in.from);
    *out = header;
    return MR_OK;
}
