#include "core/format/parquet/pq_index.h"

#include "core/format/parquet/thrift.h"

static mr_status index_nomem(uint32_t pages, struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for an index of %u pages", pages);
}

/* ---- where pages are ------------------------------------------------------------------------- */

static void place_read(struct mr_thrift_in *in, struct mr_pq_page_place *page)
{
    mr_thrift_type type;
    int16_t id;
    mr_thrift_enter(in, MR_THRIFT_STRUCT);
    while (mr_thrift_next(in, &id, &type)) {
        int64_t value = id >= 1 && id <= 3 ? mr_thrift_get_int(in, type) : 0;
        if (id < 1 || id > 3) mr_thrift_skip(in, type);
        if (value < 0 || (id == 2 && value > UINT32_MAX)) mr_thrift_fail(in, "out of range");
        if (id == 1) page->off = (uint64_t)value;
        if (id == 2) page->bytes = (uint32_t)value;
        if (id == 3) page->first_row = (uint64_t)value;
    }
}

/* Pages follow each other inside the chunk and begin with row 0. */
static bool places_fit(const struct mr_pq_page_place *pages, uint32_t count,
                       const struct mr_pq_column_meta *meta, uint64_t rows)
{
    uint64_t end = meta->off + meta->bytes, from = meta->off;
    if (count == 0 || pages[0].first_row != 0) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (pages[i].off < from || pages[i].off > end || pages[i].bytes > end - pages[i].off ||
            pages[i].bytes == 0 || pages[i].first_row >= rows) {
            return false;
        }
        if (i > 0 && pages[i].first_row <= pages[i - 1].first_row) return false;
        from = pages[i].off + pages[i].bytes;
    }
    return true;
}

mr_status mr_pq_offset_index_read(struct mr_arena *arena, struct mr_span text,
                                  const struct mr_pq_column_meta *meta, uint64_t rows,
                                  struct mr_pq_page_place **out_pages, uint32_t *out_count,
                                  struct mr_err *err)
{
    struct mr_pq_page_place *pages = NULL;
    struct mr_thrift_in in;
    mr_thrift_type type, element;
    uint32_t count = 0;
    int16_t id;
    mr_thrift_open(&in, text.text, text.bytes);
    while (mr_thrift_next(&in, &id, &type)) {
        if (id != 1 || pages != NULL) {
            mr_thrift_skip(&in, type);
            continue;
        }
        count = mr_thrift_get_list(&in, type, &element);
        if (count > 0 && element != MR_THRIFT_STRUCT) mr_thrift_fail(&in, "no pages");
        pages = MR_ARENA_ARRAY(arena, struct mr_pq_page_place, count);
        if (pages == NULL && count > 0) return index_nomem(count, err);
        for (uint32_t i = 0; i < count && in.error == NULL; i++) place_read(&in, &pages[i]);
    }
    bool fits = in.error == NULL && places_fit(pages, count, meta, rows);
    *out_pages = pages;
    *out_count = fits ? count : 0;
    return MR_OK;
}

/* ---- what is in them ------------------------------------------------------------------------- */

/* One list of the column index; each has an element for every page. */
static void list_read(struct mr_thrift_in *in, int16_t id, mr_thrift_type type,
                      struct mr_pq_page_summary *out, uint32_t count, unsigned *seen)
{
    mr_thrift_type element;
    uint32_t there = mr_thrift_get_list(in, type, &element);
    if (there != count) mr_thrift_fail(in, "not as many as pages");
    for (uint32_t i = 0; i < count && in->error == NULL; i++) {
        struct mr_pq_summary *summary = &out[i].summary;
        int64_t value = 0;
        switch (id) {
        case 1: out[i].is_null = mr_thrift_item_get_bool(in); break;
        case 2: summary->min = mr_thrift_get_bytes(in, element); break;
        case 3: summary->max = mr_thrift_get_bytes(in, element); break;
        default:
            value = mr_thrift_get_int(in, element);
            *(id == 5 ? &summary->null_count : &summary->nan_count) = value < 0 ? -1 : value;
            break;
        }
    }
    *seen |= 1u << id;
}

mr_status mr_pq_column_index_read(struct mr_arena *arena, struct mr_span text, uint32_t count,
                                  struct mr_pq_page_summary **out_summaries, bool *out_is_of_use,
                                  struct mr_err *err)
{
    enum { NEEDED = 1u << 1 | 1u << 2 | 1u << 3 };
    struct mr_thrift_in in;
    mr_thrift_type type;
    unsigned seen = 0;
    int16_t id;
    struct mr_pq_page_summary *out = MR_ARENA_ARRAY(arena, struct mr_pq_page_summary, count);
    if (out == NULL && count > 0) return index_nomem(count, err);
    for (uint32_t i = 0; i < count; i++) out[i].summary.null_count = out[i].summary.nan_count = -1;
    mr_thrift_open(&in, text.text, text.bytes);
    while (mr_thrift_next(&in, &id, &type)) {
        bool is_list = (id >= 1 && id <= 3) || id == 5 || id == 8;
        if (is_list) {
            list_read(&in, id, type, out, count, &seen);
        } else {
            mr_thrift_skip(&in, type);
        }
    }
    *out_summaries = out;
    *out_is_of_use = in.error == NULL && (seen & NEEDED) == NEEDED;
    return MR_OK;
}
