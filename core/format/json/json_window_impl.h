/* The window: the part of the pushed text that is indexed at the moment.
 *
 * The index is made in tiles of 64 KiB, so that it and the text it is about stay in the cache while
 * the cursor uses them. Offsets count from the front of the pushed text. When the record at the
 * window's front needs more, the window slides up to it and another tile is added; its arrays grow
 * only when a record is longer than a tile. */
#ifndef MR_CORE_FORMAT_JSON_JSON_WINDOW_IMPL_H
#define MR_CORE_FORMAT_JSON_JSON_WINDOW_IMPL_H

#include "core/format/json/json_cursor_impl.h"
#include "core/mem/heap.h"

struct json_window {
    struct mr_heap *heap;
    const struct mr_json_kernels *kernels;
    mr_json_mode mode;
    const char *text;
    uint32_t bytes;      /* pushed */
    uint32_t first;      /* the bitmaps start at this offset */
    uint32_t end;        /* indexed up to here: first + a multiple of 64, or `bytes` */
    uint32_t count;      /* positions, then the sentinel */
    uint32_t line_count; /* leading positions up to and with the last newline; lines mode */
    uint32_t *pos;
    uint64_t *quotes;
    uint64_t *care;
    uint32_t pos_room; /* entries */
    uint32_t word_room;
    uint32_t utf8_to;    /* text from the current record to here is known to be UTF-8 */
    uint32_t utf8_tried; /* a check up to here was made, right or not */
    struct mr_json_state state;
};

void json_window_init(struct json_window *window, struct mr_heap *heap,
                      const struct mr_json_kernels *kernels, mr_json_mode mode);
void json_window_fini(struct json_window *window);

/* json_window_begin: other text; nothing is indexed yet. */
void json_window_begin(struct json_window *window, const char *text, uint32_t bytes);

/* json_window_restart: goes on at offset `at`, outside any string, whatever came before. */
void json_window_restart(struct json_window *window, struct json_cursor *cursor, uint32_t at);

/* json_window_extend: forgets what lies before offset `from` and the cursor's next terminator, then
 * indexes another tile; the cursor is moved along.
 * *out_is_more  false when all the text was indexed already
 * returns       MR_E_NOMEM */
MR_MUST_USE mr_status json_window_extend(struct json_window *window, struct json_cursor *cursor,
                                         uint32_t from, bool *out_is_more, struct mr_err *err);

/* json_window_utf8: whether the record [from, to) is UTF-8. Checks up to the end of the last whole
 * line at once, and record by record only when that is not right. */
bool json_window_utf8(struct json_window *window, uint32_t from, uint32_t to);

/* json_window_utf8_lines: whether all whole lines from the record at `from` on are UTF-8. */
bool json_window_utf8_lines(struct json_window *window, uint32_t from);

#endif
