/* The function table: one row per function or operator, in functions.def.
 *
 * A row says the name, how many arguments, which types it takes and gives, what nulls do, who
 * computes it, and one line for the user; docs/sql.md is made from it
 * (tests/support/sql_functions).
 *
 * Types are letters: i int, l bigint, d double, s string, b boolean, x binary, D date, T timestamp,
 * N timestamp_ntz, z string or binary as given, t timestamp or timestamp_ntz as given, * anything;
 * the last one stands for all further arguments. The result may also be A: the first argument's
 * type, or ?: the row's resolver decides. A resolver sees the arguments after the counting and may
 * cast or rewrite them.
 *
 * Nulls: STRICT functions are null where any argument is, and are only asked for the other rows.
 * OWN functions see all rows of evaluated arguments. LAZY ones evaluate their arguments themselves,
 * for the rows they want. A TOTAL function may be run on any row, selected or not, null or not:
 * then its loops are dense. */
#ifndef MR_CORE_EXPR_FUNCTION_H
#define MR_CORE_EXPR_FUNCTION_H

#include "core/expr/expr.h"

struct mr_call;
struct mr_node;

typedef enum mr_nulls { MR_NULLS_STRICT, MR_NULLS_OWN, MR_NULLS_LAZY } mr_nulls;

typedef enum mr_notation {
    MR_NOTE_CALL,      /* name(a, b) */
    MR_NOTE_INFIX,     /* (a name b) */
    MR_NOTE_PREFIX,    /* (name a) */
    MR_NOTE_POSTFIX,   /* (a name) */
    MR_NOTE_LIKE,      /* a LIKE b */
    MR_NOTE_SUBSCRIPT, /* a[b] */
    MR_NOTE_IF,        /* (IF(a, b, c)) */
    MR_NOTE_TRIM,      /* trim(a), TRIM(BOTH a FROM b) */
} mr_notation;

/* Members of families that share a resolver or an evaluator. */
typedef enum mr_op {
    MR_OP_NONE,
    MR_OP_ADD,
    MR_OP_SUBTRACT,
    MR_OP_MULTIPLY,
    MR_OP_DIVIDE,
    MR_OP_DIV,
    MR_OP_REMAINDER,
    MR_OP_MODULUS, /* result has the divisor's sign */
    MR_OP_NEGATE,
    MR_OP_ABS,
    MR_OP_EQ,
    MR_OP_NE,
    MR_OP_LT,
    MR_OP_LE,
    MR_OP_GT,
    MR_OP_GE,
    MR_OP_SAME, /* <=> */
    MR_OP_ROUND,
    MR_OP_BROUND,
    MR_OP_FLOOR,
    MR_OP_CEIL,
    MR_OP_GREATEST,
    MR_OP_LEAST,
    MR_OP_IS_NULL,
    MR_OP_IS_NOT_NULL,
    MR_OP_TRUE,
    MR_OP_NOT_TRUE,
    MR_OP_FALSE,
    MR_OP_NOT_FALSE,
    MR_OP_BOTH,
    MR_OP_LEADING,
    MR_OP_TRAILING,
    MR_OP_UPPER,
    MR_OP_LOWER,
    MR_OP_CONTAINS,
    MR_OP_STARTS,
    MR_OP_ENDS,
    MR_OP_LEFT,
    MR_OP_RIGHT,
    MR_OP_YEAR,
    MR_OP_QUARTER,
    MR_OP_MONTH,
    MR_OP_DAY,
    MR_OP_WEEKDAY,
    MR_OP_YEARDAY,
    MR_OP_HOUR,
    MR_OP_MINUTE,
    MR_OP_SECOND,
    MR_OP_DATE,
    MR_OP_TIMESTAMP,
    MR_OP_SQRT,
    MR_OP_EXP,
    MR_OP_LN,
    MR_OP_POWER,
    MR_OP_SIGN,
    MR_OP_POSITION,
    MR_OP_REMOVE,
    MR_OP_COMPACT,
    MR_OP_DISTINCT,
    MR_OP_SLICE,
    MR_OP_UNION,
    MR_OP_EXCEPT,
    MR_OP_INTERSECT,
    MR_OP_OVERLAP,
    MR_OP_APPEND,
    MR_OP_PREPEND,
    MR_OP_INSERT,
    MR_OP_SORT,
    MR_OP_KEYS,
    MR_OP_VALUES,
    MR_OP_ENTRIES,
    MR_OP_TRANSFORM,
    MR_OP_FILTER,
    MR_OP_EXISTS,
    MR_OP_FORALL,
    MR_OP_AGGREGATE,
    MR_OP_ZIP_WITH,
    MR_OP_ARRAY_SORT,
    MR_OP_TRANSFORM_KEYS,
    MR_OP_TRANSFORM_VALUES,
    MR_OP_MAP_FILTER,
    MR_OP_MAP_ZIP_WITH,
    MR_OP_REVERSE,
    MR_OP_MD5,
    MR_OP_SHA1,
    MR_OP_SHA2,
    MR_OP_BIT_AND,
    MR_OP_BIT_OR,
    MR_OP_BIT_XOR,
    MR_OP_BIT_NOT,
    MR_OP_SHIFT_LEFT,
    MR_OP_SHIFT_RIGHT,
    MR_OP_SHIFT_UNSIGNED,
    MR_OP_LOG10,
    MR_OP_LOG2,
    MR_OP_LOG1P,
    MR_OP_ATAN2,
    MR_OP_HYPOT,
    MR_OP_NANVL,
    MR_OP_PI,
    MR_OP_E,
    MR_OP_SIN,
    MR_OP_COS,
    MR_OP_TAN,
    MR_OP_COT,
    MR_OP_SEC,
    MR_OP_CSC,
    MR_OP_ASIN,
    MR_OP_ACOS,
    MR_OP_ATAN,
    MR_OP_SINH,
    MR_OP_COSH,
    MR_OP_TANH,
    MR_OP_ASINH,
    MR_OP_ACOSH,
    MR_OP_ATANH,
    MR_OP_CBRT,
    MR_OP_EXPM1,
    MR_OP_RINT,
    MR_OP_DEGREES,
    MR_OP_RADIANS,
    MR_OP_EXTRACT,
    MR_OP_REPLACE,
    MR_OP_SPLIT,
    MR_OP_LOCAL,
    MR_OP_WEEKDAY_MONDAY,
    MR_OP_DAY_NAME,
    MR_OP_MONTH_NAME,
    MR_OP_WEEK_YEAR,
    MR_OP_ISO_WEEKDAY,
    MR_OP_DATE_NUMBER,
    MR_OP_MILLISECOND,
    MR_OP_MICROSECOND,
    MR_OP_FROM_UTC,
    MR_OP_TO_UTC,
    MR_OP_EXTRACT_FIELD,
} mr_op;

enum {
    MR_FN_TOTAL = 1,
    MR_FN_TRY = 2,
    MR_FN_CLOCK = 4,
    MR_FN_LAMBDA = 8,    /* takes lambdas among its arguments */
    MR_FN_GENERATOR = 16, /* gives rows: see generator.h */
    MR_FN_CAPITALS = 32,  /* Spark shows the name in capitals */
    MR_FN_ARGS_ANY = 255
};

/* One resolution under way. args is a private copy that may be changed. */
struct mr_resolve {
    struct mr_expr_builder *builder;
    const struct mr_function *function;
    const struct mr_expr **args;
    uint32_t arg_count;
    const struct mr_type *type;      /* out: the result's type */
    bool is_nullable;                /* preset from the arguments; out */
    const struct mr_lambda *lambdas; /* out: whose captured columns are the last of args */
    uint32_t lambda_count;
    const struct mr_zone *zone;      /* out: as in mr_expr */
    const struct mr_zone *zone_from;
    const void *detail;
    uint32_t shown_count; /* out: columns are named with so many arguments only; 0 = all */
    const struct mr_expr *rewritten; /* out: stands for the call when set */
    bool shows_defaults;             /* out: columns are named with arguments that were added */
    bool is_renamed;                 /* out: columns are named after the rewritten form */
};

typedef mr_status mr_resolve_fn(struct mr_resolve *resolve, struct mr_err *err);
typedef mr_status mr_eval_fn(struct mr_call *call, struct mr_err *err);

/* mr_prepare_fn: makes what a call of constants needs, in the program's arena, once. */
typedef mr_status mr_prepare_fn(struct mr_arena *arena, const struct mr_expr *expr,
                                const void **out_prepared, struct mr_err *err);

struct mr_function {
    const char *name;  /* as called, lower case */
    const char *group; /* heading in docs/sql.md */
    uint8_t args_min;
    uint8_t args_max; /* MR_FN_ARGS_ANY = no limit */
    uint8_t flags;
    uint8_t op; /* which of its family: for the resolver and the evaluator */
    mr_nulls nulls;
    mr_notation notation;
    const char *takes;
    char gives;
    mr_resolve_fn *resolve; /* null: takes and gives say all */
    mr_prepare_fn *prepare; /* null: nothing to prepare */
    mr_eval_fn *eval;       /* null: the resolver rewrites every call */
    const char *usage;
    const char *doc;
};

/* mr_function_find: by name in any case; null when there is none. mr_function_near: the most alike
 * name, null when nothing is close. mr_function_at: the table in order, null past its end. */
const struct mr_function *mr_function_find(struct mr_span name);
const char *mr_function_near(struct mr_span name);
const struct mr_function *mr_function_at(uint32_t index);

/* mr_function_resolve: counts and coerces the arguments and sets the result type.
 * fails as mr_expr_call says */
MR_MUST_USE mr_status mr_function_resolve(struct mr_resolve *resolve, struct mr_err *err);

#endif
