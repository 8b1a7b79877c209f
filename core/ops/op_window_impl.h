/* Windows: what the files of the window operator share.
 *
 * Rows are sorted by partition and order; `ids` lists them so, and `sorted` holds what functions
 * read (orders, arguments, filters) by position in that list. Two bitmaps say where partitions and
 * peers begin. Then the rows are given, a batch at a time, with the value of each function.
 *
 *   TAKE --(input ended)--> ORDER --(all in order)--> [BLOCKS] --> GIVE --> END
 *
 * A function's frame is a range of positions within the partition, whose ends only move forward
 * from row to row. An aggregate whose frame begins with the partition is fed as the end moves. One
 * whose start moves adds up blocks: states of 64 rows and of 64 such blocks are made once, for
 * functions whose states merge; others are computed anew for each row. */
#ifndef MR_CORE_OPS_OP_WINDOW_IMPL_H
#define MR_CORE_OPS_OP_WINDOW_IMPL_H

#include "core/expr/aggregate_state.h"
#include "core/ops/op_sorter_impl.h"

enum window_phase { WINDOW_TAKE, WINDOW_ORDER, WINDOW_BLOCKS, WINDOW_GIVE };

enum { BLOCK_BITS = 6, BLOCK_ROWS = 1 << BLOCK_BITS, LEVELS = 2 };

struct window_call {
    const struct mr_op_window_call *from;
    bool is_aggregate; /* else a place in the partition, or a value of another row */
    struct mr_aggregate agg;
    uint32_t first_arg; /* column of `sorted` */
    uint32_t arg_count; /* of rows */
    uint32_t filter;    /* column of `sorted`; UINT32_MAX = none */
    int64_t constant;   /* lag, lead, nth_value, ntile */
    bool ignores_nulls;
    uint32_t *present;  /* ignores_nulls: positions of values that are not null */
    uint32_t *before;   /* [position] how many of them lie in front */
    uint32_t present_count;
    char *state;        /* fed with [fed_from, fed_to) */
    uint32_t fed_from, fed_to;
    bool has_blocks;
    char *blocks[LEVELS];
    uint32_t block_count[LEVELS];
    uint32_t frame_from, frame_to; /* of the row before, of the same partition */
    uint32_t frame_partition;
};

struct window {
    struct mr_operator op;
    struct mr_op_window_spec spec;
    struct mr_arena arena;
    enum window_phase phase;
    struct mr_program *program; /* partitions, orders, arguments, filters */
    uint32_t column_count;      /* of the program */
    uint32_t input_count;
    struct sorter sorter;
    struct mr_row_store sorted;
    uint32_t *ids;
    uint32_t rows; /* of the whole input */
    uint32_t done; /* put in order; later: given */
    uint64_t *starts_partition, *starts_peers;
    struct window_call *calls;
    uint32_t blocks_call, blocks_done; /* BLOCKS: where it goes on */
    /* of the row that is given */
    uint32_t partition, partition_end, peers, peers_end, dense;
    struct op_out out, part;
    uint32_t sequence[MR_STORE_CHUNK_ROWS]; /* 0, 1, 2, ... */
};

/* window_frame: *out_from .. *out_to, the frame of the row at `position`. */
void window_frame(struct window *self, struct window_call *call, uint32_t position,
                  uint32_t *out_from, uint32_t *out_to);

/* window_fold: rows [from, to) into a state. */
MR_MUST_USE mr_status window_fold(struct window *self, struct window_call *call, char *state,
                                  uint32_t from, uint32_t to, struct mr_err *err);

/* window_blocks: makes states of blocks, so many per call; *out_is_done: all are there. */
MR_MUST_USE mr_status window_blocks(struct window *self, bool *out_is_done, struct mr_err *err);

/* window_value: the function's value for the row at `position`, appended to the column. */
MR_MUST_USE mr_status window_value(struct window *self, struct window_call *call,
                                   uint32_t position, struct mr_vec *out, struct mr_err *err);

/* window_next_start: the first set bit behind `position`, or the number of rows. */
uint32_t window_next_start(const struct window *self, const uint64_t *starts, uint32_t position);

#endif
