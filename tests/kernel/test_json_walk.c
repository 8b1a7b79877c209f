/* Shown: on generated and mutated records every variant of the walk stops at the same place, for
 * the same reason and with the same slots as the reference; slots of plain records are the values
 * that were written; what is not plain (repeated keys, quotes and brackets where a value should be)
 * is left. The text ends MR_PAD bytes before a page that must not be touched, the columns' slots
 * before a canary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/rng.h"
#include "core/base/span.h"
#include "kernels/json/json_index.h"

/* Columns 0..5 are scalars and strings, 6 an array whose items are column 7. A state is 1 + 2 *
 * column, one more behind a string, as in the reader. */
enum {
    VALUES = 6,
    LIST = 6,
    ITEMS = 7,
    COLUMNS = 8,
    RECORDS = 12,
    TEXT_MAX = 8192,
    EDGES_MAX = 512,
    TABLE = 128,
    ITEMS_MAX = 24,
    ROUNDS = 3000,
};

static const char *const keys[COLUMNS - 1] = {"id", "user_name", "a", "ts", "\xc3\xa9t\xc3\xa9",
                                              "a_rather_long_name_of_a_column", "tags"};

struct text {
    char at[TEXT_MAX + MR_PAD];
    uint32_t bytes;
};

static void add(struct text *text, const char *more)
{
    size_t bytes = strlen(more);
    assert_true(text->bytes + bytes < TEXT_MAX);
    memcpy(text->at + text->bytes, more, bytes);
    text->bytes += (uint32_t)bytes;
}

/* -- edges --------------------------------------------------------------------------------- */

struct edges {
    struct mr_json_edge at[EDGES_MAX];
    uint16_t table[TABLE];
    uint32_t count;
};

/* Edges lie in the table by where the walk would look, so the text's own bitmaps are needed, with
 * what follows behind a record's end. */
static void edge_put(struct edges *edges, const char *literal, const char *behind,
                     struct mr_json_edge edge)
{
    struct mr_json_walk walk = {0};
    struct text text = {0};
    uint32_t pos[TEXT_MAX + MR_JSON_POS_SLACK];
    uint64_t quotes[TEXT_MAX / 64 + 1] = {0}, care[TEXT_MAX / 64 + 1] = {0};
    struct mr_json_state state = {0};
    bool closes = literal[0] == '"';
    add(&text, closes ? "\"v" : "1");
    uint32_t p = text.bytes;
    add(&text, literal);
    edge.terminators = (uint8_t)mr_json_index_ref(text.at, text.bytes, MR_JSON_LINES, 0, &state,
                                                  pos, quotes, care);
    add(&text, behind);
    state = (struct mr_json_state){0};
    (void)mr_json_index_ref(text.at, text.bytes, MR_JSON_LINES, 0, &state, pos, quotes, care);
    edge.bytes = (uint8_t)strlen(literal);
    edge.mask = edge.bytes == 64 ? UINT64_MAX : (UINT64_C(1) << edge.bytes) - 1;
    memcpy(edge.literal, literal, edge.bytes);
    walk.text = text.at;
    walk.quotes = quotes;
    walk.table_mask = TABLE - 1;
    uint32_t place = mr_json_walk_place(&walk, edge.from, p);
    edge.next = edges->table[place];
    assert_true(edges->count < EDGES_MAX);
    edges->at[edges->count] = edge;
    edges->table[place] = (uint16_t)edges->count++;
}

/* edges_from: all that may follow a state whose value is closed by `close`. */
static void edges_from(struct edges *edges, uint32_t from, const char *close)
{
    char literal[80];
    const char *sep = from == 0 ? "{" : ",";
    for (uint32_t column = 0; column <= LIST; column++) {
        struct mr_json_edge edge = {.from = (uint16_t)from, .column = (uint16_t)column};
        (void)snprintf(literal, sizeof literal, "%s%s\"%s\":", close, sep, keys[column]);
        size_t bytes = strlen(literal);
        edge.to = (uint16_t)(1 + 2 * column);
        if (column == LIST) {
            edge.kind = MR_JSON_SLOT_IS_ITEMS;
            strcpy(literal + bytes, "[");
            edge_put(edges, literal, "", edge);
            continue;
        }
        edge.kind = MR_JSON_SLOT_IS_SCALAR;
        edge_put(edges, literal, "", edge);
        edge.kind = MR_JSON_SLOT_IS_NONE;
        strcpy(literal + bytes, "null");
        edge_put(edges, literal, "", edge);
        edge.kind = MR_JSON_SLOT_IS_STRING;
        edge.to++;
        strcpy(literal + bytes, "\"");
        edge_put(edges, literal, "", edge);
    }
    if (from == 0) return;
    (void)snprintf(literal, sizeof literal, "%s}\n", close);
    const struct mr_json_edge end = {.from = (uint16_t)from,
                                     .kind = MR_JSON_SLOT_IS_END,
                                     .column = MR_JSON_NO_COLUMN};
    edge_put(edges, literal, "", end);
    for (uint32_t column = 0; column <= LIST; column++) {
        char behind[80];
        (void)snprintf(behind, sizeof behind, "{\"%s\":", keys[column]);
        edge_put(edges, literal, behind, end);
    }
}

static void edges_make(struct edges *edges, struct mr_rng *rng)
{
    memset(edges, 0, sizeof *edges);
    edges->count = MR_JSON_EDGES_OWN;
    edges->at[MR_JSON_NO_EDGE].literal[0] = (char)0xff;
    edges->at[MR_JSON_NO_EDGE].bytes = 1;
    edges->at[MR_JSON_NO_EDGE].mask = 1;
    edges_from(edges, 0, "");
    /* Only some, so that others miss. */
    for (uint32_t column = 0; column <= LIST; column++) {
        if (mr_rng_below(rng, 60) > 0) edges_from(edges, 1 + 2 * column, "");
        if (column != LIST && mr_rng_below(rng, 60) > 0) edges_from(edges, 2 + 2 * column, "\"");
    }
}

/* -- records ------------------------------------------------------------------------------- */

static void add_value(struct mr_rng *rng, struct text *text, bool is_item)
{
    static const char *const values[] = {"1",      "-22.5", "true",        "\"\"",      "\"x\"",
                                         "\"a,b\"", "\"{]\"", "\"\\\"q\\\\\"", "\"\xc3\xa9\"",
                                         "null",   "[1]",   "{}"};
    uint64_t kind = mr_rng_below(rng, 400);
    if (kind >= 390) { /* longer than the bits one look at a bitmap gives */
        add(text, "\"");
        for (uint64_t n = mr_rng_below(rng, 140); n > 0; n--) add(text, n == 70 ? "\\n" : "y");
        add(text, "\"");
        return;
    }
    add(text, values[kind < 385 ? kind % 10 : is_item ? 0 : 10 + kind % 2]);
}

static void add_record(struct mr_rng *rng, struct text *text)
{
    uint64_t start = mr_rng_below(rng, LIST + 1), count = mr_rng_below(rng, LIST + 1);
    add(text, "{");
    for (uint64_t i = 0; i <= count; i++) {
        uint64_t column = (start + i) % (LIST + 1);
        if (mr_rng_below(rng, 200) == 0) column = mr_rng_below(rng, LIST + 1);
        add(text, i == 0 ? "\"" : ",\"");
        add(text, keys[column]);
        add(text, "\":");
        if (column != LIST) {
            add_value(rng, text, false);
            continue;
        }
        add(text, "[");
        for (uint64_t n = mr_rng_below(rng, 4), k = 0; k < n; k++) {
            if (k > 0) add(text, mr_rng_below(rng, 2) == 0 ? ", " : ",");
            add_value(rng, text, true);
        }
        add(text, "]");
    }
    add(text, "}\n");
}

static void text_make(struct mr_rng *rng, struct text *text)
{
    memset(text, 0, sizeof *text);
    for (int i = 0; i < RECORDS; i++) add_record(rng, text);
    if (mr_rng_below(rng, 2) == 0) return;
    for (uint64_t n = mr_rng_below(rng, 6); n > 0; n--) {
        text->at[mr_rng_below(rng, text->bytes)] = "\"\\{}[],:\n 1"[mr_rng_below(rng, 11)];
    }
}

/* -- walking ------------------------------------------------------------------------------- */

static char *guarded;

static const char *text_place(const struct text *text)
{
    size_t room = (TEXT_MAX + 2 * MR_PAD + 4095) & ~(size_t)4095;
    if (guarded == NULL) {
        char *region =
            mmap(NULL, room + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(region != MAP_FAILED);
        assert_int_equal(mprotect(region + room, 4096, PROT_NONE), 0);
        guarded = region + room;
    }
    char *at = guarded - MR_PAD - text->bytes;
    memcpy(at, text->at, text->bytes);
    return at;
}

struct outcome {
    struct mr_json_walk walk;
    mr_json_walk_stop stop;
    struct mr_json_slot slots[COLUMNS][ITEMS_MAX + 1]; /* rows are fewer than items */
    uint32_t items;
    uint32_t row_at[RECORDS + 1], row_i[RECORDS + 1];
    struct edges edges;
};

static void run(mr_json_walk_fn *walk, const struct edges *edges, const char *text, uint32_t bytes,
                const uint32_t *pos, uint32_t pos_end, const uint64_t *quotes,
                const uint64_t *care, struct outcome *out)
{
    struct mr_json_walk_column columns[COLUMNS];
    memset(out, 0, sizeof *out);
    memset(out->slots, 0xff, sizeof out->slots);
    out->edges = *edges;
    for (uint32_t i = 0; i < COLUMNS; i++) {
        columns[i] = (struct mr_json_walk_column){.slots = out->slots[i], .item_column = ITEMS,
                                                  .items_max = ITEMS_MAX};
    }
    out->walk = (struct mr_json_walk){.text = text,
                                      .pos = pos,
                                      .quotes = quotes,
                                      .care = care,
                                      .pos_end = pos_end,
                                      .record_bytes_max = 300,
                                      .edge = MR_JSON_START,
                                      .row_end = RECORDS,
                                      .edges = out->edges.at,
                                      .table = out->edges.table,
                                      .table_mask = TABLE - 1,
                                      .columns = columns,
                                      .row_at = out->row_at,
                                      .row_i = out->row_i};
    out->stop = walk(&out->walk);
    out->items = columns[ITEMS].items;
    for (uint32_t i = 0; i < COLUMNS; i++) {
        assert_int_equal(out->slots[i][ITEMS_MAX].at, UINT32_MAX);
    }
    assert_true(out->walk.p <= bytes);
}

/* check_values: slots of whole rows hold what a value's text can be. */
static void check_values(const struct outcome *out, const char *text)
{
    for (uint32_t row = 0; row < out->walk.row; row++) {
        for (uint32_t column = 0; column < VALUES; column++) {
            struct mr_json_slot slot = out->slots[column][row];
            if (slot.flags == MR_JSON_SLOT_ABSENT) continue;
            uint32_t bytes = slot.flags & MR_JSON_SLOT_BYTES_MAX;
            char before = text[slot.at - 1], behind = text[slot.at + bytes];
            bool is_string = (slot.flags & MR_JSON_SLOT_STRING) != 0;
            assert_int_equal(before, is_string ? '"' : ':');
            if (is_string) assert_int_equal(behind, '"');
            if (!is_string) assert_true(behind == ',' || behind == '}' || behind == '\n' ||
                                        behind == ']' || behind == '[' || behind == '{');
            bool has_escape = memchr(text + slot.at, '\\', bytes) != NULL;
            if (is_string) assert_int_equal((slot.flags & MR_JSON_SLOT_CARE) != 0, has_escape);
        }
    }
}

static void test_variants(void **state)
{
    static struct outcome want, got;
    static struct edges edges;
    static struct text text;
    static uint32_t pos[TEXT_MAX + MR_JSON_POS_SLACK + 1];
    static uint64_t quotes[TEXT_MAX / 64 + 2], care[TEXT_MAX / 64 + 2];
    struct mr_rng rng;
    uint32_t rows = 0, stops[4] = {0};
    (void)state;
    mr_rng_init(&rng, 5);
    for (int round = 0; round < ROUNDS; round++) {
        struct mr_json_state index_state = {0};
        edges_make(&edges, &rng);
        text_make(&rng, &text);
        const char *at = text_place(&text);
        uint32_t count = mr_json_index_ref(at, text.bytes, MR_JSON_LINES, 0, &index_state, pos,
                                           quotes, care);
        pos[count] = UINT32_MAX;
        while (count > 0 && at[pos[count - 1]] != '\n') count--;
        run(mr_json_walk_ref, &edges, at, text.bytes, pos, count, quotes, care, &want);
        check_values(&want, at);
        rows += want.walk.row;
        stops[want.stop]++;
        for (int isa = 1; isa <= (int)mr_isa_best(); isa++) {
            run(mr_json_kernels((mr_isa)isa)->walk, &edges, at, text.bytes, pos, count, quotes,
                care, &got);
            assert_int_equal(got.stop, want.stop);
            assert_int_equal(got.walk.p, want.walk.p);
            assert_int_equal(got.walk.i, want.walk.i);
            assert_int_equal(got.walk.row, want.walk.row);
            assert_int_equal(got.walk.edge, want.walk.edge);
            assert_int_equal(got.items, want.items);
            assert_memory_equal(got.slots, want.slots, sizeof want.slots);
            assert_memory_equal(got.row_at, want.row_at, sizeof want.row_at);
            assert_memory_equal(got.row_i, want.row_i, sizeof want.row_i);
            assert_memory_equal(&got.edges, &want.edges, sizeof want.edges);
        }
    }
    /* Of each kind enough to have been looked at. */
    assert_true(rows > ROUNDS && stops[MR_JSON_WALK_DONE] > 0);
    assert_true(stops[MR_JSON_WALK_MISS] > ROUNDS / 20 && stops[MR_JSON_WALK_LEAVE] > ROUNDS / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_variants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
