/* Inside the reader: state shared by its record loop for lines and the one for documents. */
#ifndef MR_CORE_FORMAT_JSON_JSON_READER_IMPL_H
#define MR_CORE_FORMAT_JSON_JSON_READER_IMPL_H

#include "core/format/json/json_decoder_impl.h"
#include "core/format/json/json_lane_impl.h"
#include "core/format/json/json_lenient_impl.h"
#include "core/format/json/json_reader.h"
#include "core/format/json/json_window_impl.h"

/* Where in a document the reader is; lines stay in START but for SKIP.
 *
 *   START --[--> ITEM_FIRST --value--> SEPARATOR --,--> ITEM --value--> SEPARATOR
 *   START --value--> AFTER        ITEM_FIRST, SEPARATOR --]--> AFTER
 *   any --break that has no end--> SKIP: the rest of the document, or of the line */
typedef enum json_phase {
    JSON_START,
    JSON_ITEM_FIRST,
    JSON_ITEM,
    JSON_SEPARATOR,
    JSON_AFTER,
    JSON_SKIP,
} json_phase;

/* What a step of the record loop came to. */
typedef enum json_step {
    JSON_STEP_ON,    /* something was taken; go on */
    JSON_STEP_WAIT,  /* more text, or another batch, is needed */
    JSON_STEP_ERROR, /* d.status or the error is set */
} json_step;

/* Inference's own lane; see json_probe.c. */
struct json_probe {
    bool is_on;
    struct mr_arena arena; /* of the lane */
    struct json_node root;
    void *values; /* where the converters write what nobody reads */
    uint64_t *validity;
    uint64_t version; /* of the shape that the lane was made of */
    uint64_t records; /* that there were then */
    uint32_t wait;    /* for so many more before it is made anew */
};

struct mr_json_reader {
    struct mr_heap *heap;
    struct mr_arena arena; /* schema and nodes */
    struct mr_json_options options;
    const struct mr_type *schema;
    struct json_node root;
    int32_t corrupt; /* members of the schema, -1 = none */
    int32_t rescued;
    struct json_decoder d;
    struct json_lane lane;
    struct json_probe probe;
    struct json_window window; /* over the pushed text */
    struct json_window side;   /* over a record that was copied */
    struct json_shape unknown;
    struct json_shape misfits;
    struct mr_text file_path;
    struct mr_text strict; /* what json_lenient_rewrite made */
    struct mr_text bad;    /* lines for badRecordsPath */
    struct mr_json_counters counters;
    json_phase phase;
    bool is_at_start;       /* of the input: a byte order mark may follow */
    uint32_t items_done;    /* of the array in the current line */
    struct mr_vec *columns; /* of the batch in work */
    struct mr_batch *batch;
    uint32_t *ordinals;
    uint32_t rows;
    uint32_t row_room;
    uint32_t rows_max; /* of a batch, by the schema's width */
    uint32_t records;  /* taken in this decode */
    const char *text;
    uint32_t bytes;
    uint32_t at; /* consumed */
    bool is_last;
    struct mr_err *err;
};

/* json_row_value: the value at `q` of the decoder's cursor into the next row, `depth` containers
 * deep. Nothing is counted until json_row_keep; json_row_undo takes it back.
 * returns the offset behind it; JSON_FAIL when malformed (taken back) or d.status is set */
uint32_t json_row_value(struct mr_json_reader *r, uint32_t q, uint32_t depth);
void json_row_undo(struct mr_json_reader *r);

/* json_row_keep: the row just decoded is a record whose text is `record`.
 * json_row_malformed: a record that is no JSON, found out at byte `at` of the pushed text. */
MR_MUST_USE json_step json_row_keep(struct mr_json_reader *r, struct mr_span record);
MR_MUST_USE json_step json_row_malformed(struct mr_json_reader *r, struct mr_span record,
                                         uint32_t at, const char *reason);

/* json_row_rescued: what the decoder rescued into the next row. False when out of memory. */
bool json_row_rescued(struct mr_json_reader *r);

typedef enum json_line {
    JSON_LINE_DONE,
    JSON_LINE_BAD,  /* cursor.reason says why; items before the break are kept */
    JSON_LINE_FULL, /* the batch is full; items_done says how far it came */
    JSON_LINE_ERROR,
} json_line;

/* json_line_rows: the line whose first byte that is no blank is at `p` of the decoder's cursor: a
 * record, or with allow_items an array of records of which items_done are done with; to its
 * newline. */
json_line json_line_rows(struct mr_json_reader *r, uint32_t p, bool allow_items);

/* json_side_rows: the same for text that is copied into the batch first and gets its newline. */
json_line json_side_rows(struct mr_json_reader *r, struct mr_span text, bool allow_items);

/* json_span: bytes [from, to) of the pushed text. json_span_prefix: what is kept of text whose end
 * is not known; no record limit is smaller. */
enum { JSON_PREFIX_BYTES = 1024 };

static inline struct mr_span json_span(const struct mr_json_reader *r, uint32_t from, uint32_t to)
{
    return (struct mr_span){r->text + from, to - from};
}

struct mr_span json_span_prefix(const struct mr_json_reader *r, uint32_t from);

/* json_probe_renew: a lane by what inference has seen so far, when it has seen enough that is new.
 * False when out of memory. */
bool json_probe_renew(struct mr_json_reader *r);

/* json_restart: indexes anew from r->at on, whatever state the index was in. */
MR_MUST_USE json_step json_restart(struct mr_json_reader *r);

/* One step of the record loop; r->at moves on. */
json_step json_lines_step(struct mr_json_reader *r);
json_step json_separated_step(struct mr_json_reader *r); /* lineSep is set */
json_step json_document_step(struct mr_json_reader *r);

/* json_bad_is_full: so many lines for badRecordsPath are there that the batch ends: a file that is
 * bad throughout leaves in steps of this size. */
enum { JSON_BAD_BYTES = 256 << 10 };

static inline bool json_bad_is_full(const struct mr_json_reader *r)
{
    return r->bad.used >= JSON_BAD_BYTES;
}

static inline json_step json_nomem(struct mr_json_reader *r)
{
    r->d.status = MR_E_NOMEM;
    return JSON_STEP_ERROR;
}

#endif
