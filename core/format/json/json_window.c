#include "core/format/json/json_window_impl.h"

#include <string.h>

#include "core/base/checked.h"

enum { TILE_BYTES = 64 << 10 };

void json_window_init(struct json_window *window, struct mr_heap *heap,
                      const struct mr_json_kernels *kernels, mr_json_mode mode)
{
    *window = (struct json_window){.heap = heap, .kernels = kernels, .mode = mode};
}

void json_window_fini(struct json_window *window)
{
    mr_heap_give(window->heap, window->pos, window->pos_room * sizeof *window->pos);
    mr_heap_give(window->heap, window->quotes, window->word_room * sizeof *window->quotes);
    mr_heap_give(window->heap, window->care, window->word_room * sizeof *window->care);
    window->pos = NULL;
    window->quotes = window->care = NULL;
    window->pos_room = window->word_room = 0;
}

void json_window_begin(struct json_window *window, const char *text, uint32_t bytes)
{
    window->text = text;
    window->bytes = bytes;
    window->end = window->first = window->count = window->line_count = 0;
    window->utf8_to = window->utf8_tried = 0;
    window->state = (struct mr_json_state){0};
}

static void cursor_point(struct json_cursor *cursor, const struct json_window *window)
{
    cursor->text = window->text;
    cursor->pos = window->pos;
    cursor->quotes = window->quotes;
    cursor->care = window->care;
    cursor->first = window->first;
    cursor->word_count = (window->end - window->first + 63) / 64;
    cursor->is_lines = window->mode == MR_JSON_LINES;
}

void json_window_restart(struct json_window *window, struct json_cursor *cursor, uint32_t at)
{
    window->end = window->first = at;
    window->count = window->line_count = 0;
    window->state = (struct mr_json_state){0};
    cursor->i = 0;
    cursor_point(cursor, window);
}

static void window_slide(struct json_window *window, struct json_cursor *cursor, uint32_t from)
{
    uint32_t words = (window->end - window->first + 63) / 64;
    uint32_t shift = MR_MIN((from - window->first) / 64, words);
    uint32_t passed = MR_MIN(cursor->i, window->count);
    if (shift > 0) {
        memmove(window->quotes, window->quotes + shift, (words - shift) * sizeof(uint64_t));
        memmove(window->care, window->care + shift, (words - shift) * sizeof(uint64_t));
        window->first = MR_MIN(window->first + shift * 64, window->end);
    }
    if (passed > 0) {
        window->count -= passed;
        window->line_count -= MR_MIN(passed, window->line_count);
        memmove(window->pos, window->pos + passed, window->count * sizeof(uint32_t));
    }
    cursor->i = 0;
}

static mr_status words_reserve(struct json_window *window, uint32_t words, struct mr_err *err)
{
    if (words <= window->word_room) return MR_OK;
    uint32_t room = MR_MAX(words, window->word_room * 2);
    size_t old_bytes = window->word_room * sizeof(uint64_t), new_bytes = room * sizeof(uint64_t);
    uint64_t *quotes = mr_heap_take(window->heap, new_bytes);
    uint64_t *care = mr_heap_take(window->heap, new_bytes);
    if (quotes == NULL || care == NULL) {
        mr_heap_give(window->heap, quotes, new_bytes);
        mr_heap_give(window->heap, care, new_bytes);
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the index of %u words", words);
    }
    if (old_bytes > 0) {
        memcpy(quotes, window->quotes, old_bytes);
        memcpy(care, window->care, old_bytes);
    }
    mr_heap_give(window->heap, window->quotes, old_bytes);
    mr_heap_give(window->heap, window->care, old_bytes);
    window->quotes = quotes;
    window->care = care;
    window->word_room = room;
    return MR_OK;
}

static mr_status pos_reserve(struct json_window *window, uint32_t entries, struct mr_err *err)
{
    if (entries <= window->pos_room) return MR_OK;
    uint32_t room = MR_MAX(entries, window->pos_room + window->pos_room / 2);
    uint32_t *pos = mr_heap_resize(window->heap, window->pos, window->pos_room * sizeof *pos,
                                   room * sizeof *pos);
    if (pos == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for %u index entries", entries);
    }
    window->pos = pos;
    window->pos_room = room;
    return MR_OK;
}

mr_status json_window_extend(struct json_window *window, struct json_cursor *cursor, uint32_t from,
                             bool *out_is_more, struct mr_err *err)
{
    *out_is_more = window->end < window->bytes;
    window_slide(window, cursor, from);
    uint32_t bytes = MR_MIN(window->bytes - window->end, (uint32_t)TILE_BYTES);
    uint32_t word = (window->end - window->first) / 64;
    MR_TRY(words_reserve(window, word + (bytes + 63) / 64 + 1, err));
    MR_TRY(pos_reserve(window, window->count + bytes + MR_JSON_POS_SLACK + 1, err));
    if (bytes > 0) {
        window->count += window->kernels->index(
            window->text + window->end, bytes, window->mode, window->end, &window->state,
            window->pos + window->count, window->quotes + word, window->care + word);
        window->end += bytes;
    }
    window->pos[window->count] = UINT32_MAX;
    uint32_t last = window->count;
    while (last > window->line_count && window->text[window->pos[last - 1]] != '\n') last--;
    window->line_count = window->mode == MR_JSON_LINES ? last : 0;
    cursor_point(cursor, window);
    return MR_OK;
}

bool json_window_utf8(struct json_window *window, uint32_t from, uint32_t to)
{
    if (window->state.wide == 0 || to <= window->utf8_to) return true;
    uint32_t whole = window->line_count > 0 ? window->pos[window->line_count - 1] : to;
    if (whole > MR_MAX(to, window->utf8_tried)) {
        window->utf8_tried = whole;
        if (window->kernels->utf8_check(window->text + from, whole - from)) {
            window->utf8_to = whole;
            return true;
        }
    }
    return window->kernels->utf8_check(window->text + from, to - from);
}

bool json_window_utf8_lines(struct json_window *window, uint32_t from)
{
    MR_DCHECK(window->line_count > 0);
    uint32_t whole = window->pos[window->line_count - 1];
    if (window->state.wide == 0 || whole <= window->utf8_to) return true;
    if (whole <= window->utf8_tried) return false;
    window->utf8_tried = whole;
    if (!window->kernels->utf8_check(window->text + from, whole - from)) return false;
    window->utf8_to = whole;
    return true;
}
