/* Parts of the CSV reader, for core/format/csv only.
 *
 *   text ─▶ walk: slots, a column of places for each of the file's columns ─▶ convert: vectors
 *               │ records that are not plain                                      │ misfits
 *               ▼                                                                 ▼
 *           cutter ─▶ slots                                                row: fate, rescue
 *
 * A file goes through phases: lines to skip, its header, records. */
#ifndef MR_CORE_FORMAT_CSV_CSV_READER_IMPL_H
#define MR_CORE_FORMAT_CSV_CSV_READER_IMPL_H

#include "core/format/csv/csv_cut_impl.h"
#include "core/format/csv/csv_guess_impl.h"
#include "core/format/csv/csv_reader.h"
#include "kernels/text/swift.h"

typedef enum csv_phase { CSV_SKIP, CSV_HEADER, CSV_RECORDS } csv_phase;

typedef enum csv_step {
    CSV_STEP_ON,
    CSV_STEP_MORE,  /* the next record is not whole */
    CSV_STEP_ERROR, /* r->status */
} csv_step;

/* What is to be looked at in a row besides its values. */
enum {
    CSV_FATE_COUNT = 1,  /* fewer or more values than columns */
    CSV_FATE_BAD = 2,    /* cut wrongly, or over a limit: r->bad_reasons */
    CSV_FATE_MISFIT = 4, /* a value does not fit its column */
    CSV_FATE_RESCUE = 8, /* a column that the schema lacks has a value, and rescue is on */
};

/* A column of the schema. */
struct csv_member {
    const struct mr_type *type;
    struct mr_span name;
    bool is_own;            /* written by the reader: corrupt record, rescued data */
    bool is_skipped;        /* nobody wants it */
    int32_t column;         /* of the file at hand; -1 = it has none */
    struct mr_leaf_type misfit;
    struct mr_swift_date date; /* the last date seen in it */
};

/* A column of the file at hand. */
struct csv_column {
    struct mr_span name;
    int32_t member;  /* -1 = the schema lacks it */
    int32_t unknown; /* in r->unknown; -1 = nobody collects it */
};

/* A column that the schema lacks. */
struct csv_unknown {
    struct mr_span name;
    struct mr_leaf_type type;
};

/* A text that the reader writes into a row; it lies in r->built. */
struct csv_built {
    uint32_t member, row;
    uint32_t at, bytes;
};

struct csv_walk {
    uint32_t *pos; /* [CSV_POS_ROOM]: index entries; those from i to count are not passed */
    uint32_t i, count;
    uint32_t indexed; /* text in front of this is in the index */
    bool is_wide;     /* a byte of the indexed text is not ASCII */
    struct mr_csv_marks marks;
    bool has_lane; /* the dialect is one the lane knows */
};

enum { CSV_TILE = 16 << 10, CSV_POS_ROOM = 2 * CSV_TILE + MR_CSV_POS_SLACK };

struct mr_csv_reader {
    struct mr_heap *heap;
    struct mr_arena arena; /* schema, names */
    struct mr_csv_options options;
    const struct mr_csv_kernels *kernels;
    const struct mr_zone *zone;
    const struct mr_type *schema;
    struct csv_member *members; /* [schema->field_count] */
    int32_t corrupt, rescued;   /* members; -1 = none */
    uint32_t data_count;        /* members that are not own */
    bool is_rescuing;
    bool is_numbered; /* the names of all data members are _c<number> */
    bool wants_unknown;
    uint32_t unknown_max;
    struct csv_unknown *unknown; /* [unknown_count] */
    uint32_t unknown_count, unknown_room;
    struct csv_guesser guesser;
    struct mr_span null_text, empty_text;
    bool is_empty_null; /* the empty value is a null */
    struct mr_csv_counters counters;

    /* The file at hand. */
    struct mr_text file_path;
    csv_phase phase;
    uint32_t to_skip; /* lines */
    bool is_at_start;
    bool is_skipping; /* in a record that was too long */
    csv_line_end line_end;
    struct mr_arena file_arena; /* names of its columns */
    struct csv_column *columns;
    uint32_t column_count;
    bool has_unmatched; /* a column is in no member */

    /* The call at hand. */
    const char *text;
    uint32_t bytes, at;
    bool is_last;
    struct mr_err *err;
    mr_status status;
    struct mr_batch *batch;
    struct csv_walk walk;
    struct csv_cutter cutter;
    uint32_t rows, row_room;
    struct csv_slot *slots; /* [column_count][slot_room] */
    uint32_t slot_room;     /* rows */
    size_t slot_bytes;
    uint32_t *starts, *ends; /* [MR_BATCH_ROWS_MAX]: of the records in the text */
    uint8_t *fates;          /* [MR_BATCH_ROWS_MAX] */
    const char **reasons;    /* [MR_BATCH_ROWS_MAX]: of CSV_FATE_BAD */
    bool has_fates;
    bool is_dirty;     /* the text is not UTF-8 throughout */
    const char *space; /* the cutter's space, in the batch's arena */
    uint32_t space_buffer;
    struct mr_text built; /* texts that the reader writes */
    struct csv_built *builts;
    uint32_t built_count, built_room;
    struct mr_text rescue; /* the row's */
    struct mr_text bad;    /* bad records */
};

/* csv_nomem: sets r->status. */
csv_step csv_nomem(struct mr_csv_reader *r);

/* csv_fail: the same with an error of its own, at an offset of the text. */
csv_step csv_fail(struct mr_csv_reader *r, mr_status status, uint32_t code, uint32_t at,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* csv_walk: records into slots, until there is no room or no whole record. */
csv_step csv_walk(struct mr_csv_reader *r);

/* csv_walk_init: what the dialect's marks are. */
void csv_walk_init(struct mr_csv_reader *r);

/* csv_header_take: the header that the cutter holds, found in text[at .. end).
 * csv_header_make: a file without one, whose first record the cutter holds, is about to be read. */
csv_step csv_header_take(struct mr_csv_reader *r);
csv_step csv_header_make(struct mr_csv_reader *r);

/* csv_convert: the slots of the member's column into its vector; misfits into r->fates. */
void csv_convert(struct mr_csv_reader *r, struct csv_member *member, struct mr_vec *vec);

/* csv_value_put: one value by its type. False when it does not fit. */
bool csv_value_put(struct mr_csv_reader *r, struct csv_member *member, struct mr_vec *vec,
                   uint32_t row, struct mr_span text);

/* csv_slot_text: what the slot says; text is null for a null. */
struct mr_span csv_slot_text(const struct mr_csv_reader *r, const struct csv_slot *slot);

/* csv_build: writes `text`, cleaned, into a member of a row, once the batch is complete. */
bool csv_build(struct mr_csv_reader *r, uint32_t member, uint32_t row, struct mr_span text);

/* csv_clean: the text with U+FFFD for what is not UTF-8. */
void csv_clean(struct mr_text *out, struct mr_span text);

/* csv_rows_judge: the rows with a fate: counters, rescued data, the selection. */
csv_step csv_rows_judge(struct mr_csv_reader *r);

static inline struct csv_slot *csv_slots_of(const struct mr_csv_reader *r, uint32_t column)
{
    return r->slots + (size_t)column * r->slot_room;
}

#endif
