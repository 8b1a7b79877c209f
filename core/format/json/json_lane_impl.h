/* The fast lane: records that look like earlier ones, taken in two phases.
 *
 *   walk ─▶ slots of up to a few hundred records ─▶ convert, column by column ─▶ rows
 *     │ no edge fits: learn it from the text                │ a value its type cannot hold
 *     ▼                                                     ▼
 *   the cursor takes the record: a key nobody knows, a repeated key, anything that is not plain
 *
 * The walk (kernels/json/json_walk.h) finds each value's text by comparing what lies between values
 * with what lay there before; the first record with another piece teaches it. Converting checks
 * each value whole. Whatever the lane is not sure of, it takes back and leaves to the cursor, so
 * that rows, counters, rescued data and errors are the cursor's in every case: the lane only ever
 * writes values that the cursor would have written. Where it has to give up often it makes its
 * runs shorter and then rests for a while, so input that is wrong throughout costs little more than
 * the cursor alone.
 *
 * Where too many different pieces lie between values to be learned (shuffled keys, blanks), records
 * are taken by their keys (json_keyed.c): slots, too, found with a look-up each. Of records taken
 * either way, one with a value that its column cannot hold need not end the run: where every record
 * becomes a row and no column's rows depend on each other, the cursor makes that row anew. */
#ifndef MR_CORE_FORMAT_JSON_JSON_LANE_IMPL_H
#define MR_CORE_FORMAT_JSON_JSON_LANE_IMPL_H

#include "core/format/json/json_column_impl.h"
#include "core/format/json/json_cursor_impl.h"
#include "kernels/json/json_index.h"

struct mr_json_reader;

enum {
    JSON_LANE_ROWS_MAX = 256, /* of one run */
    JSON_LANE_ITEMS_MAX = 1024,
    JSON_LANE_EXTRAS_MAX = 256, /* fields that the schema lacks */
    JSON_LANE_FOUND_MAX = 1024,
    JSON_LANE_NONE = UINT16_MAX,
};

/* How the walk and the cursor share a column's work. */
typedef enum json_lane_kind {
    JSON_LANE_VALUE,  /* a scalar: a slot for each row that has one */
    JSON_LANE_OBJECT, /* a slot says that it is there */
    JSON_LANE_LIST,   /* an array of scalars */
    JSON_LANE_ITEM,   /* its items */
    JSON_LANE_CURSOR, /* another list: the cursor decodes it where the walk meets it */
    JSON_LANE_INSIDE, /* a column in one of those, or in one that is skipped */
    JSON_LANE_SKIP,   /* whatever it is, it is only checked; fields that the schema lacks, too */
} json_lane_kind;

/* Beside a column of the walk: what it means. */
struct json_lane_column {
    struct json_node *node;
    json_lane_kind kind;
    uint16_t parent; /* the column that it is a member or item of; JSON_LANE_NONE = the record */
    uint8_t depth;   /* containers around its value */
    uint32_t base;   /* batch row, or item, of slots[0] in this run */
};

/* A field that the schema lacks, until its record is known to stay. */
struct json_lane_found {
    uint32_t row;    /* of the run */
    uint32_t object; /* the column that it is a member of; JSON_LANE_NONE = the record */
    struct mr_span name;
    uint32_t q; /* its value, what is behind it, and the value's first terminator */
    uint32_t end;
    uint32_t i;
    bool is_new; /* no name of the object differs in case only */
};

struct json_lane {
    bool is_on;
    bool ignores_unknown; /* fields that the schema lacks are skipped: they get columns here */
    bool is_probe;        /* of inference: see json_probe.c */
    struct mr_arena *arena;
    const struct json_node *root;
    struct mr_json_walk walk;
    struct json_lane_column *columns; /* [column_count], those of unknown fields at the end */
    uint32_t column_count;
    uint32_t schema_count; /* without those */
    struct mr_json_edge *edges;
    uint32_t edge_count; /* with the unused one */
    uint32_t edge_room;
    uint16_t *table;
    uint32_t row_base; /* batch row of the run's first record */
    uint32_t rows_max; /* of a run, by memory */
    uint32_t run_rows; /* of the next run: fewer while runs break */
    uint32_t rest;     /* records that the cursor takes before the lane is tried again */
    uint32_t rest_next;
    uint32_t lost; /* records left to the cursor, of the last ones in a row */
    uint32_t keyed_rest; /* records to be taken by their keys before edges are tried anew */
    uint32_t keyed_rows; /* of the run: taken by their keys */
    bool has_lists;      /* rows of some column have to be made in order */
    uint32_t *rest_slots; /* of a column in work: those that are not plain */
    uint64_t misfits[JSON_LANE_ROWS_MAX / 64]; /* rows of the run that are the cursor's */
    struct json_lane_found *found; /* [JSON_LANE_FOUND_MAX], in order of rows */
    uint32_t found_count;
};

/* json_lane_init: for the columns of `root`, from `arena`; off when there are too many.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status json_lane_init(struct json_lane *lane, struct mr_arena *arena,
                                     struct json_node *root, struct mr_err *err);

/* json_lane_skip: after nodes have been marked as skipped. json_lane_extra: the column of a field
 * that the object of column `parent` lacks; null when there is none left. */
void json_lane_skip(struct json_lane *lane);
struct json_node *json_lane_extra(struct json_lane *lane, uint32_t parent, struct mr_span name);

/* json_lane_learn: the edge for what follows at the walk's place, where none fits.
 * returns false when the cursor has to take it. json_lane_forget: all edges. */
bool json_lane_learn(struct json_lane *lane);
void json_lane_forget(struct json_lane *lane);

/* json_lane_convert: the first `count` slots of column `number`, a VALUE or ITEM, to values.
 * misfits  null, or a bitmap where slots are marked that its type cannot hold or that are not JSON
 * returns  the first one that is such; `count` when all could be converted, or with `misfits`.
 *          d->status is set when memory lacks
 * json_lane_check: the same for a column that is skipped: whether its slots are JSON. */
uint32_t json_lane_convert(struct mr_json_reader *r, uint32_t number, uint32_t count,
                           uint64_t *misfits);
uint32_t json_lane_check(struct mr_json_reader *r, uint32_t number, uint32_t count,
                         uint64_t *misfits);

/* json_lane_present: lists the slots that have a value; returns how many there are. */
uint32_t json_lane_present(const struct mr_json_slot *slots, uint32_t count, uint32_t *out);

/* json_probe_check: the same for a column of a probe: whether its slots add nothing to its type. */
uint32_t json_probe_check(struct mr_json_reader *r, uint32_t number, uint32_t count,
                          uint64_t *misfits);

/* json_lane_try: whether the slot in a row of a VALUE fits; the row stays null. */
bool json_lane_try(struct mr_json_reader *r, uint32_t number, uint32_t row);

/* json_lane_other: a value of column `number` at the walk's place for the cursor, in the middle of
 * a plain record. False when it is not plain either. */
bool json_lane_other(struct mr_json_reader *r, uint32_t number);

/* json_lane_keyed: the rest of the record in work by its keys; the walk moves to the next record.
 * returns false when it is the cursor's; what it put is the caller's to take back */
bool json_lane_keyed(struct mr_json_reader *r);

/* json_lane_run: takes records from r->at on, which is a whole record's start, as long as they are
 * plain; the cursor's place follows.
 * returns whether the record at r->at is one for the cursor; d.status is set when memory lacks */
bool json_lane_run(struct mr_json_reader *r);

#endif
