/* Typed expressions: what the binder builds from SQL text and what a program (program.h) runs.
 *
 * An expression is an immutable tree of nodes in an arena. The constructors below are the only way
 * to make one. They do what Spark 4 does when it analyses a query in ANSI mode: find the function,
 * resolve the types, insert the implicit casts (numeric widening, decimal precision and scale with
 * allowPrecisionLoss = true, strings to the other operand's type, date to timestamp), refuse what
 * does not fit with an error that names the types, and replace constant parts by their value.
 * So a node that exists is well typed, and its type never changes.
 *
 * Operators are functions too: `+`, `=`, `and`, `like`, `is null`, `[]` are looked up in the same
 * table as `upper` (function.h). Only what a table cannot express has its own kind: a literal, a
 * column, a member of a struct, a cast, CASE and IN.
 *
 * A part that fails when folded (1/0) stays as it is and fails when a row reaches it, because
 * `CASE WHEN false THEN 1/0 END` is no error. Whether errors raise at all is fixed per node when it
 * is made: builder.is_ansi, or try_ forms, which give null.
 *
 * Errors here have a code and a message, and err->at unset: the binder knows the token and adds the
 * position. Failing constructors leave *out_expr alone; memory is the arena's.
 *
 * Source: Spark 4 AnsiTypeCoercion, DecimalPrecisionTypeCoercion, Cast (behaviour, not code);
 * SEMANTICS 5.3. Where Spark and this differ, docs/sql.md says so. */
#ifndef MR_CORE_EXPR_EXPR_H
#define MR_CORE_EXPR_EXPR_H

#include "core/base/err.h"
#include "core/mem/arena.h"
#include "core/mem/text.h"
#include "core/schema/value.h"

struct mr_zone;
struct mr_function;
struct mr_lambda;
struct mr_json_codec;

enum { MR_EXPR_DEPTH_MAX = 256, MR_EXPR_ARGS_MAX = 8192, MR_EXPR_SIZE_MAX = 100000 };

typedef enum mr_expr_kind {
    MR_EXPR_LITERAL, /* value */
    MR_EXPR_COLUMN,  /* member `index` of the batch's schema */
    MR_EXPR_FIELD,   /* member `index` of the struct args[0]; of an array of structs: elementwise */
    MR_EXPR_CALL,    /* function over args */
    MR_EXPR_CAST,    /* args[0] to type, under `mode` */
    MR_EXPR_CASE,    /* args: when, then, when, then, ..., [else] */
    MR_EXPR_IN,      /* args[0] is one of args[1..], all of one type */
    MR_EXPR_PARAM,   /* parameter `index` of a lambda, while its body is being built */
    MR_EXPR_LAMBDA,  /* args: body, parameters; an argument of a call under construction */
} mr_expr_kind;

/* What a value that cannot be computed becomes: an error; Spark 3's answer (integers wrap, the rest
 * is null); null (try_cast, try_add, ...). */
typedef enum mr_expr_mode { MR_MODE_ANSI, MR_MODE_LEGACY, MR_MODE_TRY } mr_expr_mode;

struct mr_expr {
    mr_expr_kind kind;
    mr_expr_mode mode;
    const struct mr_type *type;
    bool is_nullable;      /* false: never null for any input */
    bool is_deterministic; /* same inputs, same value, within one epoch */
    bool is_constant;      /* no column below, and no use of the epoch's clock */
    bool is_implicit;      /* a cast that no one wrote: not shown in the text */
    uint16_t depth;        /* 1 for a leaf */
    uint32_t size;         /* nodes below and this one, shared ones counted each time */
    uint32_t index;        /* MR_EXPR_COLUMN, MR_EXPR_FIELD */
    uint32_t arg_count;
    const struct mr_expr *const *args;
    const struct mr_function *function; /* MR_EXPR_CALL */
    const struct mr_lambda *lambdas;    /* MR_EXPR_CALL: [lambda_count]; see lambda.h */
    uint32_t lambda_count;
    const struct mr_zone *zone;      /* MR_EXPR_CALL: of a constant zone name; null = UTC */
    const struct mr_zone *zone_from; /* and a second one */
    const void *detail;              /* what else constant arguments say, for the evaluator */
    struct mr_span name;           /* column or member as declared; function as called; a
                                      timestamp literal's local time */
    struct mr_value value;         /* MR_EXPR_LITERAL */
    const struct mr_expr *written; /* what the user wrote, when folded or rewritten; else null */
};

/* Time zones by name, from whoever reads the system's database. `find` gives a zone that lives as
 * long as the expressions' arena; null for UTC.
 * fails  MR_E_INVALID for a name that is not known */
struct mr_zone_finder {
    mr_status (*find)(void *state, struct mr_span name, const struct mr_zone **out_zone,
                      struct mr_err *err);
    void *state;
};

/* What the constructors need. All borrowed; `zone` outlives the expressions only while they are
 * built (folded casts between text and timestamps use it); null means UTC. */
struct mr_expr_builder {
    struct mr_arena *arena;
    const struct mr_zone *zone;
    bool is_ansi;
    const struct mr_zone_finder *zones; /* null: offsets only */
    const struct mr_json_codec *json;   /* null: no from_json; see json_codec.h */
    uint32_t param_count; /* parameters of lambdas made so far */
};

void mr_expr_builder_init(struct mr_expr_builder *builder, struct mr_arena *arena,
                          const struct mr_zone *zone, bool is_ansi);

/* Literals. mr_expr_number takes the token as written: "12", "-7", "1.50" (decimal), "2e3"
 * (double), with the suffixes L S Y F D BD. mr_expr_text_literal is DATE'..', TIMESTAMP'..',
 * TIMESTAMP_NTZ'..' and X'..' (type binary). The text of strings is borrowed.
 * fails MR_E_SYNTAX 1307: out of range or not of that form */
MR_MUST_USE mr_status mr_expr_literal(struct mr_expr_builder *builder, const struct mr_value *value,
                                      const struct mr_expr **out_expr, struct mr_err *err);
MR_MUST_USE mr_status mr_expr_null(struct mr_expr_builder *builder, const struct mr_expr **out_expr,
                                   struct mr_err *err);
MR_MUST_USE mr_status mr_expr_bool(struct mr_expr_builder *builder, bool value,
                                   const struct mr_expr **out_expr, struct mr_err *err);
MR_MUST_USE mr_status mr_expr_string(struct mr_expr_builder *builder, struct mr_span value,
                                     const struct mr_expr **out_expr, struct mr_err *err);
MR_MUST_USE mr_status mr_expr_number(struct mr_expr_builder *builder, struct mr_span token,
                                     const struct mr_expr **out_expr, struct mr_err *err);
MR_MUST_USE mr_status mr_expr_text_literal(struct mr_expr_builder *builder,
                                           const struct mr_type *type, struct mr_span text,
                                           const struct mr_expr **out_expr, struct mr_err *err);

/* mr_expr_reads: sets the flags of what the expression reads of the first `columns` members of
 * `schema`: a flag for each type below it, in pre-order; of a struct's member that is read alone,
 * its own and its parents'. Flags that are set stay. */
void mr_expr_reads(const struct mr_expr *expr, const struct mr_type *schema, uint32_t columns,
                     bool *wanted);

/* mr_expr_column: member `index` of `schema`, the struct type of the batches to come. */
MR_MUST_USE mr_status mr_expr_column(struct mr_expr_builder *builder, const struct mr_type *schema,
                                     uint32_t index, const struct mr_expr **out_expr,
                                     struct mr_err *err);

/* mr_expr_field: `child.name`: a struct's member (names are case-blind), the members of an array of
 * structs as an array, or a map's value of that key.
 * fails MR_E_TYPE 1305 with the nearest names */
MR_MUST_USE mr_status mr_expr_field(struct mr_expr_builder *builder, const struct mr_expr *child,
                                    struct mr_span name, const struct mr_expr **out_expr,
                                    struct mr_err *err);

/* mr_expr_call: a function or operator by its name in the table, in any case: "upper", "+", "and",
 * "not", "is null", "like", "[]" (subscript), "||". "and", "or", "||" and comparable functions take
 * any number of arguments, so a long chain needs no depth: pass it flat.
 * fails MR_E_NOT_FOUND 1302 (with the nearest name as help), MR_E_TYPE 1301, 1303 */
MR_MUST_USE mr_status mr_expr_call(struct mr_expr_builder *builder, struct mr_span name,
                                   const struct mr_expr *const *args, uint32_t arg_count,
                                   const struct mr_expr **out_expr, struct mr_err *err);

/* mr_expr_cast: CAST(child AS type), `::` (mode MR_MODE_ANSI follows the builder) or try_cast
 * (MR_MODE_TRY). `type` outlives the expression. fails MR_E_TYPE 1304 */
MR_MUST_USE mr_status mr_expr_cast(struct mr_expr_builder *builder, const struct mr_expr *child,
                                   const struct mr_type *type, mr_expr_mode mode,
                                   const struct mr_expr **out_expr, struct mr_err *err);

/* mr_expr_assign: the cast that storing a value into a column of `type` does under Spark's ANSI
 * store assignment: anything into string, between numbers (overflow raises), between date and
 * timestamps, members of structs by position, but no string into a number. fails MR_E_TYPE 1308 */
MR_MUST_USE mr_status mr_expr_assign(struct mr_expr_builder *builder, const struct mr_expr *child,
                                     const struct mr_type *type, const struct mr_expr **out_expr,
                                     struct mr_err *err);

/* mr_expr_case: CASE WHEN whens[0] THEN thens[0] ... ELSE otherwise END. With `operand` (may be
 * null) each when is compared to it. `otherwise` null means ELSE NULL. */
MR_MUST_USE mr_status mr_expr_case(struct mr_expr_builder *builder, const struct mr_expr *operand,
                                   const struct mr_expr *const *whens,
                                   const struct mr_expr *const *thens, uint32_t count,
                                   const struct mr_expr *otherwise,
                                   const struct mr_expr **out_expr, struct mr_err *err);

/* mr_expr_in: value IN (list). Wrap in "not" for NOT IN. mr_expr_between: lo <= value <= hi. */
MR_MUST_USE mr_status mr_expr_in(struct mr_expr_builder *builder, const struct mr_expr *value,
                                 const struct mr_expr *const *list, uint32_t count,
                                 const struct mr_expr **out_expr, struct mr_err *err);
MR_MUST_USE mr_status mr_expr_between(struct mr_expr_builder *builder, const struct mr_expr *value,
                                      const struct mr_expr *lo, const struct mr_expr *hi,
                                      const struct mr_expr **out_expr, struct mr_err *err);

/* mr_expr_write_sql: the expression as SQL text in Spark's spelling: "(price * quantity)",
 * "CAST(geo.lat AS STRING)"; strings without quotes.
 * mr_expr_write_name: the name of a column that has no alias: the same, but a member of a column
 * is its bare name, and a cast of a column is that column's name. */
void mr_expr_write_sql(const struct mr_expr *expr, struct mr_text *out);
void mr_expr_write_name(const struct mr_expr *expr, struct mr_text *out);

/* mr_expr_same: equal structure: same kinds, functions, types, columns, values and modes. */
bool mr_expr_same(const struct mr_expr *a, const struct mr_expr *b);

/* mr_expr_columns: sets bits[index] for every column of the schema that the expression reads. */
void mr_expr_columns(const struct mr_expr *expr, uint64_t *bits);

#endif
