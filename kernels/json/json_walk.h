/* The walk: records that repeat known text, followed by comparing it.
 *
 * Machine-made JSON says the same things between its values, record after record: `{"id":`, then a
 * value, `,"user":{"name":"`, then a value, `"},"ts":`. Each such piece is an edge: the exact bytes
 * (its literal), the terminators of the structural index that lie in them, and the slot that
 * follows. An edge leads from one state, "behind a value of this kind of this column", to another;
 * state 0 is the start of a record. A record is a path through the edges, found by comparing up to
 * 64 bytes at once, and its values are the slots between. Every byte of a record lies either in a
 * literal, which was parsed when the edge was learned, or in a slot, which whoever converts it has
 * to take whole: so nothing is believed, only predicted.
 *
 * Behind each edge the two that followed it last are tried first, then those of the same state and
 * first key are looked up in a table. The walk stops where no edge fits or where somebody else has
 * to decide, and goes on when asked again. Nothing here knows a schema: columns are numbers.
 *
 *   slot kind   after the literal comes
 *   STRING      text up to the quote in front of the next terminator, which starts the next literal
 *   SCALAR      a number, true, false or null up to the next terminator
 *   ITEMS       strings and scalars separated by commas, up to the closing bracket
 *   NONE        nothing: the value was in the literal (null, an empty object)
 *   OTHER       a value that the caller takes
 *   END         nothing: the literal ended with the record's newline
 *
 * A column that has a slot in this record already is a repeated key, which the walk leaves to the
 * caller. Source: Li et al., "Mison" (PVLDB 2017), speculation on field positions;
 * separators as templates are TECHNIQUES.md 2's. */
#ifndef MR_KERNELS_JSON_JSON_WALK_H
#define MR_KERNELS_JSON_JSON_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    MR_JSON_LITERAL_MAX = 64,
    MR_JSON_OPENS_MAX = 4,
    MR_JSON_NO_EDGE = 0, /* fits nowhere: its literal is a byte that UTF-8 does not have */
    MR_JSON_START = 1,   /* taken before a stream's first record; never looked up */
    MR_JSON_EDGES_OWN = 2,
    MR_JSON_NO_COLUMN = UINT16_MAX,
    MR_JSON_SLOT_BYTES_MAX = (1 << 30) - 1,
};

#define MR_JSON_SLOT_STRING 0x80000000u
#define MR_JSON_SLOT_CARE 0x40000000u
#define MR_JSON_SLOT_ABSENT UINT32_MAX /* in both fields */

typedef enum mr_json_slot_kind {
    MR_JSON_SLOT_IS_STRING,
    MR_JSON_SLOT_IS_SCALAR,
    MR_JSON_SLOT_IS_ITEMS,
    MR_JSON_SLOT_IS_NONE,
    MR_JSON_SLOT_IS_OTHER,
    MR_JSON_SLOT_IS_END,
} mr_json_slot_kind;

/* 128 bytes: the literal is one cache line, the rest another. */
struct mr_json_edge {
    char literal[MR_JSON_LITERAL_MAX];
    uint64_t mask; /* the lowest `bytes` bits */
    uint8_t bytes; /* 1..64 */
    uint8_t terminators;
    uint8_t kind;
    uint8_t open_count;
    uint16_t column; /* of the slot; NONE: must have no value yet, or MR_JSON_NO_COLUMN */
    uint16_t from;   /* state */
    uint16_t to;
    uint16_t next;                     /* edge with the same place in the table */
    uint16_t first, second;            /* edges that followed last */
    uint16_t opens[MR_JSON_OPENS_MAX]; /* columns of objects that begin in the literal */
    uint8_t unused[32];
};

/* A value's text: text[at .. at + (flags & MR_JSON_SLOT_BYTES_MAX)); STRING: it was in quotes;
 * CARE: it holds backslashes or control bytes. Of ITEMS: the first item's number and how many. Of
 * objects only that it is there counts. */
struct mr_json_slot {
    uint32_t at;
    uint32_t flags;
};

struct mr_json_walk_column {
    struct mr_json_slot *slots; /* of rows from row_base on, absent before the walk; of items: of
                                   those taken since then */
    uint32_t item_column;       /* ITEMS: where its items' slots are */
    uint32_t items;             /* of a column of items: taken */
    uint32_t items_max;         /* more do not fit */
};

struct mr_json_walk {
    /* The text and its index; see json_index.h. Bitmaps are readable 8 bytes past their end. */
    const char *text;
    const uint32_t *pos;
    const uint64_t *quotes;
    const uint64_t *care;
    uint32_t first;   /* offset of the bitmaps' first bit */
    uint32_t pos_end; /* terminators before it belong to whole records */
    uint32_t record_bytes_max;
    /* Where the walk is. */
    uint32_t record_at;
    uint32_t p;    /* next byte */
    uint32_t i;    /* next terminator */
    uint32_t edge; /* taken last */
    uint32_t row;  /* of the slots; records taken whole */
    uint32_t row_end;
    /* What it walks on. */
    struct mr_json_edge *edges;
    const uint16_t *table; /* [table_mask + 1] edges by mr_json_walk_place */
    uint32_t table_mask;
    struct mr_json_walk_column *columns;
    uint32_t *row_at; /* [row] where each record starts */
    uint32_t *row_i;  /* its first terminator */
};

typedef enum mr_json_walk_stop {
    MR_JSON_WALK_DONE,  /* at a record's start: `row_end`, or no whole record is left */
    MR_JSON_WALK_MISS,  /* behind `edge` none fits at `p` */
    MR_JSON_WALK_OTHER, /* the value at `p`, behind `edge`, is the caller's, who moves p and i on */
    MR_JSON_WALK_LEAVE, /* this record is the cursor's: a repeated key, a string that is not closed,
                           an item that is no scalar, too many items, too long */
} mr_json_walk_stop;

/* mr_json_walk: takes whole records until it stops. Slots are written as they are met; those of a
 * record that ends in LEAVE or is given up after MISS are the caller's to make absent again.
 * cost  no allocation */
typedef mr_json_walk_stop mr_json_walk_fn(struct mr_json_walk *walk);

/* mr_json_bits: 57 or more bits of a bitmap from bit `i` on. */
static inline uint64_t mr_json_bits(const uint64_t *bits, uint32_t i)
{
    uint64_t word;
    memcpy(&word, (const char *)bits + i / 8, sizeof word);
    return word >> (i % 8);
}

/* mr_json_walk_place: the table's place of edges that leave `state` and whose first key is the one
 * behind `p`. Without a key within some 50 bytes all share one place. */
static inline uint32_t mr_json_walk_place(const struct mr_json_walk *w, uint32_t state, uint32_t p)
{
    /* Of the bits behind the text's end, which may be any, none leads past what is readable. */
    const uint64_t near = (UINT64_C(1) << (MR_JSON_LITERAL_MAX - sizeof(uint64_t))) - 1;
    uint64_t key = 0, quotes = mr_json_bits(w->quotes, p - w->first) & near;
    uint32_t bytes = 0;
    if (w->text[p] == '"') quotes &= quotes - 1; /* it closes the string that was a value */
    uint64_t end = quotes & (quotes - 1);
    if (end != 0) {
        uint32_t open = (uint32_t)__builtin_ctzll(quotes) + 1;
        bytes = (uint32_t)__builtin_ctzll(end) - open;
        memcpy(&key, w->text + p + open, sizeof key);
        if (bytes < sizeof key) key &= (UINT64_C(1) << (bytes * 8)) - 1;
    }
    uint64_t mixed = (key ^ ((uint64_t)state << 40 | bytes)) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 40) & w->table_mask;
}

/* The variants, for the table of json_index.h and for tests. */
mr_json_walk_fn mr_json_walk_ref, mr_json_walk_avx2, mr_json_walk_avx512;

#endif
