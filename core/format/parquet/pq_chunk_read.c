#include "core/format/parquet/pq_chunk_read.h"

#include "core/base/checked.h"
#include "core/format/parquet/pq_convert.h"
#include "kernels/decode/bits.h"

enum { LEVELS_STEP = 4096 };

mr_status mr_pq_chunk_corrupt(const struct mr_pq_chunk_reader *chunk, const char *what,
                              struct mr_err *err)
{
    struct mr_span name = chunk->leaf->name;
    return mr_err_set(err, MR_E_CORRUPT, 2510, "column %.*s: %s",
                      (int)MR_MIN(name.bytes, (size_t)100), name.text, what);
}

mr_status mr_pq_chunk_nomem(const struct mr_pq_chunk_reader *chunk, size_t bytes,
                            struct mr_err *err)
{
    struct mr_span name = chunk->leaf->name;
    return mr_err_set(err, MR_E_NOMEM, 0, "column %.*s: out of memory for %zu bytes",
                      (int)MR_MIN(name.bytes, (size_t)100), name.text, bytes);
}

static struct mr_pq_grow *chunk_grows(struct mr_pq_chunk_reader *chunk, size_t i)
{
    struct mr_pq_grow *grows[] = {
        &chunk->lengths,    &chunk->old_levels[0], &chunk->old_levels[1], &chunk->defs,
        &chunk->reps,       &chunk->code_room,     &chunk->entry_defs,    &chunk->entry_reps,
        &chunk->entry_values};
    return i < MR_COUNT_OF(grows) ? grows[i] : NULL;
}

void mr_pq_chunk_reader_init(struct mr_pq_chunk_reader *chunk, struct mr_heap *heap,
                             const struct mr_pq_reading_leaf *leaf)
{
    struct mr_pq_grow *grow;
    *chunk = (struct mr_pq_chunk_reader){.leaf = leaf, .heap = heap};
    for (size_t i = 0; (grow = chunk_grows(chunk, i)) != NULL; i++) grow->heap = heap;
    if (!leaf->is_kept) return;
    chunk->value_bytes = mr_pq_value_bytes(leaf);
    chunk->value_log2 =
        chunk->value_bytes == 0 ? 0 : (unsigned)__builtin_ctz(chunk->value_bytes);
}

static void pages_drop(struct mr_pq_chunk_reader *chunk)
{
    struct mr_pq_block **blocks[] = {&chunk->stored, &chunk->body, &chunk->built,
                                     &chunk->dict_values, &chunk->dict_page};
    for (size_t i = 0; i < MR_COUNT_OF(blocks); i++) {
        mr_pq_block_unref(*blocks[i]);
        *blocks[i] = NULL;
    }
    chunk->held = NULL;
    chunk->page_entries = chunk->entry = 0;
    chunk->has_dict = false;
    chunk->dict_count = 0;
    chunk->dict_serial = 0;
}

void mr_pq_chunk_reader_fini(struct mr_pq_chunk_reader *chunk)
{
    struct mr_pq_grow *grow;
    pages_drop(chunk);
    for (size_t i = 0; (grow = chunk_grows(chunk, i)) != NULL; i++) mr_pq_grow_fini(grow);
}

mr_status mr_pq_chunk_reader_begin_group(struct mr_pq_chunk_reader *chunk,
                                         const struct mr_pq_chunk_plan *plan, struct mr_err *err)
{
    const struct mr_pq_column_meta *meta = plan->meta;
    pages_drop(chunk);
    chunk->plan = *plan;
    chunk->entries_left = meta->entries;
    chunk->next_page = 0;
    chunk->row = 0;
    if (meta->kind != chunk->leaf->kind) {
        return mr_pq_chunk_corrupt(chunk, "the column's type is not the schema's", err);
    }
    if (!mr_codec_can_read(meta->codec)) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511,
                          "compression codec %d (%s) cannot be read here", meta->codec_number,
                          mr_codec_name(meta->codec));
    }
    /* With chosen pages, what lies before the first of all is the dictionary. */
    uint64_t bytes = plan->pages == NULL     ? meta->bytes
                     : plan->page_count == 0 ? 0
                                             : plan->pages[0].off - meta->off;
    mr_pq_cursor_open(&chunk->cursor, plan->ranges, meta->off, bytes);
    return MR_OK;
}

mr_status mr_pq_chunk_reader_begin(struct mr_pq_chunk_reader *chunk, uint64_t from, uint32_t rows,
                                   struct mr_arena *arena, struct mr_err *err)
{
    const struct mr_pq_reading_leaf *leaf = chunk->leaf;
    MR_ASSERT(from >= chunk->row);
    chunk->skip = from - chunk->row;
    chunk->is_passing = chunk->skip > 0;
    chunk->want = rows;
    chunk->rows = chunk->count = 0;
    chunk->entry_defs.used = chunk->entry_reps.used = chunk->entry_values.used = 0;
    if (!mr_pq_chunk_is_flat(chunk)) return MR_OK;
    bool is_bits = chunk->value_bytes == 0;
    size_t bytes = is_bits ? mr_bit_words(rows) * sizeof(uint64_t)
                           : (size_t)rows * chunk->value_bytes;
    chunk->out_values = is_bits ? mr_arena_zeroed(arena, bytes, 64)
                                : mr_arena_alloc(arena, bytes, 64);
    if (chunk->out_values == NULL) return mr_pq_chunk_nomem(chunk, bytes, err);
    if (leaf->max_def == 1) {
        chunk->out_bits = mr_arena_zeroed(arena, mr_bit_words(rows) * sizeof(uint64_t), 64);
        if (chunk->out_bits == NULL) return mr_pq_chunk_nomem(chunk, rows, err);
    }
    if (leaf->max_def > 1) {
        chunk->out_defs = mr_arena_alloc(arena, rows, 64);
        if (chunk->out_defs == NULL) return mr_pq_chunk_nomem(chunk, rows, err);
    }
    return MR_OK;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* The chosen page that holds the next row wanted. */
static mr_status page_seek(struct mr_pq_chunk_reader *chunk, struct mr_err *err)
{
    const struct mr_pq_chunk_plan *plan = &chunk->plan;
    uint64_t row = chunk->row + chunk->skip;
    uint32_t page = chunk->next_page;
    while (page + 1 < plan->page_count && plan->pages[page + 1].first_row <= row) page++;
    if (page >= plan->page_count || plan->pages[page].first_row < chunk->row ||
        plan->pages[page].first_row > row || !plan->pages[page].is_chosen) {
        return mr_pq_chunk_corrupt(chunk, "its offset index does not fit its pages", err);
    }
    chunk->skip = row - plan->pages[page].first_row;
    chunk->row = plan->pages[page].first_row;
    chunk->next_page = page + 1;
    mr_pq_cursor_pass(&chunk->cursor, mr_pq_cursor_left(&chunk->cursor));
    mr_pq_cursor_open(&chunk->cursor, plan->ranges, plan->pages[page].off, plan->pages[page].bytes);
    return MR_OK;
}

static mr_status page_next(struct mr_pq_chunk_reader *chunk, struct mr_err *err)
{
    if (mr_pq_cursor_left(&chunk->cursor) == 0) {
        if (chunk->plan.pages == NULL) {
            return mr_pq_chunk_corrupt(chunk, "it ends before its row group does", err);
        }
        MR_TRY(page_seek(chunk, err));
    }
    return mr_pq_page_load(chunk, err);
}

/* Whether the row begun last may go on in a page to come: pages of an offset index begin rows. */
static bool row_may_go_on(const struct mr_pq_chunk_reader *chunk)
{
    bool has_more = chunk->entries_left > 0 && mr_pq_cursor_left(&chunk->cursor) > 0;
    return !mr_pq_chunk_is_flat(chunk) && chunk->plan.pages == NULL && has_more;
}

/* ---- flat columns ---------------------------------------------------------------------------- */

static uint32_t levels_count(const uint8_t *levels, uint32_t count, uint8_t max, uint8_t *highest)
{
    uint32_t present = 0;
    uint8_t high = 0;
    for (uint32_t i = 0; i < count; i++) {
        present += levels[i] == max;
        high = MR_MAX(high, levels[i]);
    }
    *highest = high;
    return present;
}

/* Levels of `count` entries to `bits` or `defs` at `at`; *present of them have a value. */
static mr_status flat_levels(struct mr_pq_chunk_reader *chunk, uint32_t count, uint64_t *bits,
                             uint8_t *defs, uint32_t at, uint32_t *present, struct mr_err *err)
{
    const struct mr_pq_reading_leaf *leaf = chunk->leaf;
    bool is_whole = true;
    uint8_t highest = 0;
    *present = count;
    if (leaf->max_def == 1) {
        is_whole = mr_runs_bits(&chunk->level_runs, bits, at, count);
        *present = (uint32_t)mr_bits_count(bits, at, is_whole ? count : 0);
    } else if (leaf->max_def > 1) {
        is_whole = mr_runs_u8(&chunk->level_runs, chunk->kernels, defs + at, count);
        *present = levels_count(defs + at, is_whole ? count : 0, leaf->max_def, &highest);
    }
    if (!is_whole) return mr_pq_chunk_corrupt(chunk, "levels end too early", err);
    if (highest > leaf->max_def) return mr_pq_chunk_corrupt(chunk, "a level is too high", err);
    return MR_OK;
}

static mr_status flat_pass(struct mr_pq_chunk_reader *chunk, struct mr_err *err)
{
    uint32_t left = chunk->page_entries - chunk->entry, present;
    uint32_t step = (uint32_t)MR_MIN((uint64_t)MR_MIN(left, (uint32_t)LEVELS_STEP), chunk->skip);
    uint64_t bits[LEVELS_STEP / 64] = {0};
    uint8_t defs[LEVELS_STEP];
    if (left <= chunk->skip) { /* all of the page that is left */
        step = left;
    } else {
        MR_TRY(flat_levels(chunk, step, bits, defs, 0, &present, err));
        MR_TRY(mr_pq_values_pass(chunk, present, err));
    }
    chunk->entry += step;
    chunk->skip -= step;
    chunk->row += step;
    return MR_OK;
}

static mr_status flat_take(struct mr_pq_chunk_reader *chunk, const struct mr_pq_filling *filling,
                           struct mr_err *err)
{
    uint32_t left = chunk->page_entries - chunk->entry, step = MR_MIN(left, chunk->want), present;
    MR_TRY(flat_levels(chunk, step, chunk->out_bits, chunk->out_defs, chunk->rows, &present, err));
    MR_TRY(mr_pq_values_take(chunk, present, filling, err));
    chunk->entry += step;
    chunk->want -= step;
    chunk->rows += step;
    chunk->row += step;
    return MR_OK;
}

static mr_status flat_step(struct mr_pq_chunk_reader *chunk, const struct mr_pq_filling *filling,
                           struct mr_err *err)
{
    while (chunk->want > 0) {
        if (chunk->entry == chunk->page_entries) {
            MR_TRY(page_next(chunk, err));
        } else if (chunk->skip > 0) {
            MR_TRY(flat_pass(chunk, err));
        } else {
            MR_TRY(flat_take(chunk, filling, err));
        }
    }
    return MR_OK;
}

/* ---- repeated columns ------------------------------------------------------------------------ */

/* Where in the page the rows end that may still begin: at most `most` of them; *begun counts. */
static uint32_t rows_end(const struct mr_pq_chunk_reader *chunk, uint64_t most, uint32_t *begun)
{
    uint32_t at = chunk->entry;
    *begun = 0;
    for (; at < chunk->page_entries; at++) {
        if (chunk->reps.at[at] != 0) continue;
        if (*begun == most) break;
        ++*begun;
    }
    return at;
}

static uint32_t entries_present(const struct mr_pq_chunk_reader *chunk, uint32_t to)
{
    uint8_t highest;
    return levels_count(chunk->defs.at + chunk->entry, to - chunk->entry, chunk->leaf->max_def,
                        &highest);
}

static mr_status repeated_pass(struct mr_pq_chunk_reader *chunk, struct mr_err *err)
{
    uint32_t begun, to = rows_end(chunk, chunk->skip, &begun);
    MR_TRY(mr_pq_values_pass(chunk, entries_present(chunk, to), err));
    chunk->entry = to;
    chunk->skip -= begun;
    chunk->row += begun;
    if (to < chunk->page_entries) chunk->is_passing = false;
    return MR_OK;
}

/* *is_done: the next row begins in this page. */
static mr_status repeated_take(struct mr_pq_chunk_reader *chunk,
                               const struct mr_pq_filling *filling, bool *is_done,
                               struct mr_err *err)
{
    uint32_t from = chunk->entry, begun, to = rows_end(chunk, chunk->want, &begun);
    if (from < to && chunk->entry_reps.used == 0 && chunk->reps.at[from] != 0) {
        return mr_pq_chunk_corrupt(chunk, "it begins in the middle of a row", err);
    }
    MR_TRY(mr_pq_grow_add(&chunk->entry_defs, chunk->defs.at + from, to - from, err));
    MR_TRY(mr_pq_grow_add(&chunk->entry_reps, chunk->reps.at + from, to - from, err));
    MR_TRY(mr_pq_values_take(chunk, entries_present(chunk, to), filling, err));
    chunk->entry = to;
    chunk->want -= begun;
    chunk->rows += begun;
    chunk->row += begun;
    *is_done = to < chunk->page_entries;
    return MR_OK;
}

static mr_status repeated_step(struct mr_pq_chunk_reader *chunk,
                               const struct mr_pq_filling *filling, struct mr_err *err)
{
    for (bool is_done = false; !is_done;) {
        if (chunk->entry == chunk->page_entries) {
            if (chunk->want == 0 && !row_may_go_on(chunk)) return MR_OK;
            if (chunk->plan.pages != NULL && chunk->skip == 0) chunk->is_passing = false;
            MR_TRY(page_next(chunk, err));
        } else if (chunk->is_passing) {
            MR_TRY(repeated_pass(chunk, err));
        } else {
            MR_TRY(repeated_take(chunk, filling, &is_done, err));
        }
    }
    return MR_OK;
}

mr_status mr_pq_chunk_reader_step(struct mr_pq_chunk_reader *chunk,
                                  const struct mr_pq_filling *filling, struct mr_err *err)
{
    if (mr_pq_chunk_is_flat(chunk)) return flat_step(chunk, filling, err);
    return repeated_step(chunk, filling, err);
}
