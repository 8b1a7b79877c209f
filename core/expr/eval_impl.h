/* How nodes of a program are run on one batch: the pattern all evaluators follow.
 *
 * An evaluator gets a `mr_call`: its arguments as operands, an output vector with room for every
 * row, and the rows to compute. The frame around it (call.c) has done the rest for a STRICT
 * function: intersected the arguments' validity into the output's, and left out null rows, unless
 * the function is TOTAL, when `rows` may be all rows whatever they hold. Null counts are settled
 * afterwards.
 *
 * An operand is a vector, or one value that stands for all rows (is_constant, rows = 1): index it
 * with `row & mr_operand_mask(op)`. A call of constants runs once and is constant itself.
 *
 * Rows are a selection cut from another (`within`): what was computed for a wider selection serves
 * a narrower one, which is how shared subexpressions and short-circuits go together. */
#ifndef MR_CORE_EXPR_EVAL_IMPL_H
#define MR_CORE_EXPR_EVAL_IMPL_H

#include "core/batch/batch.h"
#include "core/expr/expr.h"
#include "core/expr/function.h"
#include "core/expr/order.h"
#include "core/expr/program.h"
#include "kernels/select/select.h"

struct mr_rows {
    const uint32_t *at; /* ascending; null pointer = 0 .. count - 1 */
    uint32_t count;
    const struct mr_rows *within; /* null for the batch's selection */
};

struct mr_operand {
    struct mr_vec vec;
    bool is_constant;
};

/* A node of the graph. Arguments are indexes of earlier nodes. */
struct mr_node {
    const struct mr_expr *expr;
    const uint32_t *args;
    const void *prepared;
    uint32_t hash;
};

struct mr_program {
    struct mr_arena *arena; /* `own`, or that of the program this one is a part of */
    struct mr_arena own;
    struct mr_heap *heap;
    struct mr_node *nodes;
    uint32_t node_count;
    uint32_t *roots;
    uint32_t root_count;
};

struct mr_memo {
    struct mr_operand operand;
    const struct mr_rows *rows; /* null pointer = not computed */
};

/* One run: on the stack, everything it points to in the batch's arena. */
struct mr_eval {
    const struct mr_program *program;
    const struct mr_program_context *context;
    const struct mr_select_kernels *select;
    struct mr_batch *batch;
    struct mr_batch *root; /* whose bufs views point into: `batch`, or what it was made from */
    struct mr_arena *arena;
    struct mr_memo *memos;   /* [node_count] */
    char *text_at;           /* free bytes of the newest block for computed strings */
    char *text_end;
    char *text_base;
    uint32_t text_buffer;    /* its index in batch->bufs */
    size_t text_next_bytes;
};

struct mr_call {
    struct mr_eval *eval;
    const struct mr_node *node;
    const struct mr_expr *expr;
    const void *prepared;
    const struct mr_rows *selected; /* the rows whose value counts */
    const struct mr_rows *rows;     /* the rows to compute */
    const struct mr_operand *args;  /* null for LAZY functions */
    const uint32_t *record_of;      /* inside lists: the batch's row of an element; null = itself */
    struct mr_vec *out;
};

/* MR_EACH_ROW: `for` over rows; `i` is the row. The test for a dense selection is the same every
 * time round, so the compiler or the branch predictor takes it out. */
#define MR_EACH_ROW(rows_, i)                                                                      \
    for (uint32_t k_##i = 0, i = 0;                                                                \
         k_##i < (rows_)->count && (i = (rows_)->at == NULL ? k_##i : (rows_)->at[k_##i], true);   \
         k_##i++)

static inline uint32_t mr_operand_mask(const struct mr_operand *operand)
{
    return operand->is_constant ? 0 : UINT32_MAX;
}

static inline bool mr_operand_is_null(const struct mr_operand *operand, uint32_t row)
{
    return mr_vec_is_null(&operand->vec, row & mr_operand_mask(operand));
}

static inline struct mr_span mr_operand_span(const struct mr_operand *operand, uint32_t row)
{
    return mr_vec_span(&operand->vec, row & mr_operand_mask(operand));
}

static inline int64_t mr_operand_i64(const struct mr_operand *operand, uint32_t row)
{
    return mr_vec_i64(&operand->vec, row & mr_operand_mask(operand));
}

static inline bool mr_operand_bool(const struct mr_operand *operand, uint32_t row)
{
    return mr_bit_get(operand->vec.values, row & mr_operand_mask(operand));
}

/* mr_operand_decimal: the unscaled value at either width. */
static inline mr_i128 mr_operand_decimal(const struct mr_operand *operand, uint32_t row)
{
    row &= mr_operand_mask(operand);
    return mr_decimal_is_long(operand->vec.type) ? ((const int64_t *)operand->vec.values)[row]
                                                 : ((const mr_i128 *)operand->vec.values)[row];
}

static inline void mr_vec_put_decimal(struct mr_vec *vec, uint32_t row, mr_i128 value)
{
    if (mr_decimal_is_long(vec->type)) ((int64_t *)vec->values)[row] = (int64_t)value;
    else ((mr_i128 *)vec->values)[row] = value;
}

static inline void mr_vec_put_bool(struct mr_vec *vec, uint32_t row, bool value)
{
    uint64_t *word = (uint64_t *)vec->values + row / 64;
    *word = (*word & ~(UINT64_C(1) << row % 64)) | (uint64_t)value << row % 64;
}

/* mr_vec_put_i64: an integer-like value, narrowed to the vector's width. */
static inline void mr_vec_put_i64(struct mr_vec *vec, uint32_t row, int64_t value)
{
    switch (mr_type_width(vec->type)) {
    case 1: ((int8_t *)vec->values)[row] = (int8_t)value; break;
    case 2: ((int16_t *)vec->values)[row] = (int16_t)value; break;
    case 4: ((int32_t *)vec->values)[row] = (int32_t)value; break;
    default: ((int64_t *)vec->values)[row] = value; break;
    }
}

/* mr_eval_node: the value of node `id` for `rows`, which must live as long as the run. */
MR_MUST_USE mr_status mr_eval_node(struct mr_eval *eval, uint32_t id, const struct mr_rows *rows,
                                   struct mr_operand *out_operand, struct mr_err *err);

/* mr_eval_arg: argument `k` of a LAZY call. */
static inline mr_status mr_eval_arg(struct mr_call *call, uint32_t k, const struct mr_rows *rows,
                                    struct mr_operand *out_operand, struct mr_err *err)
{
    return mr_eval_node(call->eval, call->node->args[k], rows, out_operand, err);
}

/* mr_call_bad: one row has no value. Under MR_MODE_ANSI an error that adds expression and record to
 * the text; otherwise the row becomes null and all is well. */
MR_MUST_USE mr_status mr_call_bad(struct mr_call *call, uint32_t row, uint32_t code,
                                  struct mr_err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* mr_call_fail: the same, an error in every mode: what Spark raises with and without ANSI. */
MR_MUST_USE mr_status mr_call_fail(struct mr_call *call, uint32_t row, uint32_t code,
                                   struct mr_err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* mr_call_null: the row is null. Makes the validity bitmap when there is none yet. */
MR_MUST_USE mr_status mr_call_null(struct mr_call *call, uint32_t row, struct mr_err *err);

/* mr_eval_nomem: the error of every failed allocation of a run. */
mr_status mr_eval_nomem(struct mr_err *err);

/* mr_eval_bits: cleared bitmap for the batch's rows. mr_eval_rows: the rows of `rows` whose bit is
 * set, as a selection within `rows`. */
uint64_t *mr_eval_bits(struct mr_eval *eval, uint32_t rows);
MR_MUST_USE mr_status mr_eval_rows(struct mr_eval *eval, const struct mr_rows *rows,
                                   const uint64_t *bits, const struct mr_rows **out_rows,
                                   struct mr_err *err);

/* mr_eval_truth: a boolean operand as two bitmaps over all rows: is true, is false (neither =
 * null). Both have room for the batch's rows. */
void mr_eval_truth(const struct mr_operand *operand, uint32_t rows, uint64_t *out_true,
                   uint64_t *out_false);

/* Computed strings. mr_text_room: `bytes` writable bytes, or null with err set. What was written
 * there becomes a value with mr_text_done, which keeps only what it uses; one value at a time. */
char *mr_text_room(struct mr_eval *eval, size_t bytes, struct mr_err *err);
struct mr_view mr_text_done(struct mr_eval *eval, const char *text, size_t bytes);

/* mr_eval_put_text: copies the span into the output row. */
MR_MUST_USE mr_status mr_eval_put_text(struct mr_call *call, uint32_t row, struct mr_span text,
                                       struct mr_err *err);

/* mr_view_within: the view of `bytes` bytes at `off` of the value behind `view`, without a copy. */
struct mr_view mr_view_within(const struct mr_bufs *bufs, const struct mr_view *view, uint32_t off,
                              uint32_t bytes);

/* Gathering: out row i is row index[i] of sources[source[i]]; MR_GATHER_NULL makes it null. Works
 * for every type; lists are copied with their elements. */
enum { MR_GATHER_NULL = 0xffff };
struct mr_gather {
    struct mr_eval *eval;
    const struct mr_vec *const *sources;
    const uint16_t *source; /* [rows]; null pointer = all from sources[0] */
    const uint32_t *index;  /* [rows] */
    uint32_t rows;
};
MR_MUST_USE mr_status mr_gather_run(const struct mr_gather *gather, const struct mr_type *type,
                                    struct mr_vec *out, struct mr_err *err);

/* mr_operand_null: one null of the type, standing for all rows. */
MR_MUST_USE mr_status mr_operand_null(struct mr_eval *eval, const struct mr_type *type,
                                      struct mr_operand *out_operand, struct mr_err *err);

/* mr_eval_out: room for a result of the call's type over the batch's rows, for LAZY functions. */
MR_MUST_USE mr_status mr_eval_out(struct mr_call *call, bool has_validity, struct mr_err *err);

/* mr_value_text: an argument's value for a message, cut to `room`. */
const char *mr_value_text(const struct mr_operand *operand, uint32_t row, char *out, size_t room);

enum { MR_VALUE_TEXT_MAX = 96 };

/* mr_timestamp_text: local time as a cast to string writes it: "2021-09-08 11:11:11.25", as many
 * fraction digits as needed. At most MR_TIME_TEXT_MAX bytes; returns the length. */
size_t mr_timestamp_text(int64_t local_us, char *out);

/* mr_program_compile_part: a program of its own for the body of a lambda, in `arena`. */
MR_MUST_USE mr_status mr_program_compile_part(struct mr_arena *arena, const struct mr_expr *expr,
                                              const struct mr_program **out_program,
                                              struct mr_err *err);

/* Kinds that are no functions (eval_case.c, eval_cast.c). */
mr_eval_fn mr_eval_case, mr_eval_in, mr_eval_cast;
mr_prepare_fn mr_prepare_in;

#endif
