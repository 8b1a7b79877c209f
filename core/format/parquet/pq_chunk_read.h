/* Reading one column of a row group: pages in, values and levels out.
 *
 *     begin_group ──▶ begin(rows) ──step*──▶ what was taken ──▶ begin(rows) ...
 *
 * A chunk reader walks the pages of one column and hands out as many rows as asked for; rows that
 * nobody wants are passed, whole pages of them without being decompressed, and with an offset
 * index without being read. It believes nothing: sizes are held against the chunk and the limits,
 * counts against the row group, codes against the dictionary.
 *
 *   flat columns (max_rep 0)  values go straight to their place in the batch, `rows` of room in
 *                             its arena, close together; the levels to a bitmap (max_def 1) or
 *                             bytes. Nothing is decoded ahead of the rows asked for
 *   repeated columns          levels of a page are decoded when it is loaded, since only they say
 *                             where rows end; levels and values are gathered in arrays of the
 *                             reader's, of which pq_assemble.h makes vectors
 *
 * Texts are not copied: views point into the page, the dictionary or the file, which the batch then
 * holds (pq_block.h), as long as the batch has buffers for them; beyond that they are. Data pages
 * v1 and v2, dictionaries, all encodings. A step that returns MR_E_AGAIN is taken again when bytes
 * have come. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_CHUNK_READ_H
#define MR_CORE_FORMAT_PARQUET_PQ_CHUNK_READ_H

#include "core/format/parquet/pq_decode.h"
#include "core/format/parquet/pq_page_head.h"
#include "core/format/parquet/pq_ranges.h"
#include "kernels/decode/runs.h"

/* The batch being filled, and what its texts point into. */
struct mr_pq_filling {
    struct mr_batch *batch;
    struct mr_pq_holder *holder;
    struct mr_pq_grow *texts; /* copied ones; they become buffer 0 */
    uint64_t serial;          /* another for each batch */
};

/* One page by the offset index. */
struct mr_pq_page_place {
    uint64_t off;
    uint64_t first_row; /* in the row group */
    uint32_t bytes;     /* header and body */
    bool is_chosen;
};

struct mr_pq_chunk_plan {
    const struct mr_pq_column_meta *meta;
    struct mr_pq_ranges *ranges;
    const struct mr_pq_page_place *pages; /* null: all, one behind the other */
    uint32_t page_count;
};

typedef enum mr_pq_values {
    MR_PQ_VALUES_PLAIN, /* `plain`, texts of BYTES behind their length */
    MR_PQ_VALUES_TEXTS, /* `plain` with `lengths` */
    MR_PQ_VALUES_BITS,  /* `codes`: booleans */
    MR_PQ_VALUES_CODED, /* `codes`: places in the dictionary */
} mr_pq_values;

struct mr_pq_chunk_reader {
    const struct mr_pq_reading_leaf *leaf;
    const struct mr_decode_kernels *kernels;
    struct mr_codec *codec;
    struct mr_heap *heap;
    size_t page_bytes_max;
    bool ignores_crc;
    uint32_t value_bytes; /* in the column; 0 = bits */
    unsigned value_log2;

    struct mr_pq_chunk_plan plan;
    struct mr_pq_cursor cursor;
    uint32_t next_page; /* of the plan's */
    uint64_t entries_left;
    uint64_t row; /* rows of the group behind the reader */

    /* The page. */
    struct mr_pq_block *stored; /* bytes as they were read: v2 levels, or all of it */
    struct mr_pq_block *body;   /* decompressed */
    struct mr_pq_block *built;  /* decoded to PLAIN */
    struct mr_pq_block *held;   /* whichever of them `plain` lies in; not counted */
    mr_pq_values form;
    struct mr_span plain;  /* not taken yet */
    const char *base;      /* where it began */
    struct mr_pq_grow lengths;
    uint32_t length_at;
    struct mr_runs codes;
    struct mr_runs level_runs;   /* definition levels of flat columns */
    struct mr_pq_grow old_levels[2]; /* BIT_PACKED ones, turned around: of repetition, definition */
    struct mr_pq_grow defs, reps; /* uint8_t per entry, of repeated columns */
    uint32_t page_entries;
    uint32_t entry; /* next one */
    uint32_t slot;  /* the batch's buffer for `plain`, of batch slot_serial */
    uint64_t slot_serial;

    /* The dictionary: values of the column. */
    bool has_dict;
    uint32_t dict_count;
    struct mr_pq_block *dict_values;
    struct mr_pq_block *dict_page; /* texts lie in it, or in the file where it is null */
    const char *dict_base;
    uint64_t dict_serial; /* last batch that holds it */
    struct mr_pq_grow code_room;

    /* What is asked for, and what was taken. */
    uint64_t skip; /* rows to pass first */
    uint32_t want; /* rows still to take */
    bool is_passing; /* within rows to pass, also within the last of them */
    uint32_t rows;
    uint32_t count;     /* values there */
    uint64_t *out_bits; /* flat, max_def 1: validity */
    uint8_t *out_defs;  /* flat, max_def above */
    void *out_values;   /* flat: room for all rows; booleans as bits */
    struct mr_pq_grow entry_defs, entry_reps, entry_values; /* repeated; booleans as bits */
};

static inline bool mr_pq_chunk_is_flat(const struct mr_pq_chunk_reader *chunk)
{
    return chunk->leaf->max_rep == 0;
}

/* mr_pq_chunk_reader_init: everything else zero. */
void mr_pq_chunk_reader_init(struct mr_pq_chunk_reader *chunk, struct mr_heap *heap,
                             const struct mr_pq_reading_leaf *leaf);
void mr_pq_chunk_reader_fini(struct mr_pq_chunk_reader *chunk);

/* mr_pq_chunk_reader_begin_group: the chunk of a row group; the plan is copied, what it points to
 * stays until the next. */
MR_MUST_USE mr_status mr_pq_chunk_reader_begin_group(struct mr_pq_chunk_reader *chunk,
                                                     const struct mr_pq_chunk_plan *plan,
                                                     struct mr_err *err);

/* mr_pq_chunk_reader_begin: the `rows` rows from row `from` of the group on are wanted, into
 * `arena`. Rows are wanted in ascending order. */
MR_MUST_USE mr_status mr_pq_chunk_reader_begin(struct mr_pq_chunk_reader *chunk, uint64_t from,
                                               uint32_t rows, struct mr_arena *arena,
                                               struct mr_err *err);

/* mr_pq_chunk_reader_step: takes them. returns MR_OK when all are there, MR_E_AGAIN while bytes of
 * the file are not, MR_E_CORRUPT when the chunk ends before */
MR_MUST_USE mr_status mr_pq_chunk_reader_step(struct mr_pq_chunk_reader *chunk,
                                              const struct mr_pq_filling *filling,
                                              struct mr_err *err);

/* The parts, in pq_page_load.c and pq_value_take.c. mr_pq_page_load: the next page, or nothing when
 * it was a dictionary or passed. mr_pq_values_take: `count` values behind those taken;
 * mr_pq_values_pass: leaves them out. mr_pq_chunk_corrupt: with the column's name. */
MR_MUST_USE mr_status mr_pq_page_load(struct mr_pq_chunk_reader *chunk, struct mr_err *err);
MR_MUST_USE mr_status mr_pq_values_take(struct mr_pq_chunk_reader *chunk, uint32_t count,
                                        const struct mr_pq_filling *filling, struct mr_err *err);
MR_MUST_USE mr_status mr_pq_values_pass(struct mr_pq_chunk_reader *chunk, uint32_t count,
                                        struct mr_err *err);
MR_MUST_USE mr_status mr_pq_dict_make(struct mr_pq_chunk_reader *chunk, struct mr_span page,
                                      struct mr_pq_block *held, uint32_t count,
                                      struct mr_err *err);
MR_MUST_USE mr_status mr_pq_chunk_corrupt(const struct mr_pq_chunk_reader *chunk, const char *what,
                                          struct mr_err *err);
MR_MUST_USE mr_status mr_pq_chunk_nomem(const struct mr_pq_chunk_reader *chunk, size_t bytes,
                                        struct mr_err *err);

#endif
