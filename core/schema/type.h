/* Logical types and schemas.
 *
 * A type is an immutable tree in an arena; a schema is a struct type. Arrays have one field named
 * `element`, maps two, `key` and `value`; their `is_nullable` is Spark's containsNull. Names
 * compare without regard to ASCII case unless said otherwise, as in Spark.
 *
 * Physical form of a column of each type (core/batch): boolean one bit; byte, short, int, date
 * int8/16/32/32; long, timestamp, timestamp_ntz int64 (microseconds); float, double IEEE;
 * intervals int32 months or int64 microseconds, which no table holds;
 * decimal(p,s) the unscaled integer, int64 when p <= 18 and int128 above; string and binary 16-byte
 * views. Source: Spark SQL data types; Delta PROTOCOL.md "Schema Serialization Format". */
#ifndef MR_CORE_SCHEMA_TYPE_H
#define MR_CORE_SCHEMA_TYPE_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "core/doc/doc.h"
#include "core/mem/arena.h"
#include "core/mem/text.h"

typedef enum mr_type_id {
    MR_TYPE_VOID, /* type of NULL; every value is null */
    MR_TYPE_BOOLEAN,
    MR_TYPE_BYTE,
    MR_TYPE_SHORT,
    MR_TYPE_INT,
    MR_TYPE_LONG,
    MR_TYPE_FLOAT,
    MR_TYPE_DOUBLE,
    MR_TYPE_DECIMAL,
    MR_TYPE_STRING,
    MR_TYPE_BINARY,
    MR_TYPE_DATE,
    MR_TYPE_TIMESTAMP,
    MR_TYPE_TIMESTAMP_NTZ,
    MR_TYPE_MONTHS, /* interval of years and months */
    MR_TYPE_SPAN,   /* interval of days and times */
    MR_TYPE_STRUCT,
    MR_TYPE_ARRAY,
    MR_TYPE_MAP,
    MR_TYPE_COUNT
} mr_type_id;

enum { MR_DECIMAL_PRECISION_MAX = 38, MR_DECIMAL_LONG_DIGITS = 18, MR_TYPE_DEPTH_MAX = 64 };

/* Units of intervals: months have the first two, spans the others. */
enum {
    MR_UNIT_YEAR,
    MR_UNIT_MONTH,
    MR_UNIT_DAY,
    MR_UNIT_HOUR,
    MR_UNIT_MINUTE,
    MR_UNIT_SECOND,
};

struct mr_type;

struct mr_field {
    struct mr_span name;
    const struct mr_type *type;
    bool is_nullable;
    struct mr_span metadata; /* JSON object as text; empty = {} */
};

struct mr_type {
    mr_type_id id;
    uint8_t precision; /* decimal: 1..38; intervals: their first unit */
    uint8_t scale;     /* decimal: 0..precision; intervals: their last unit */
    uint32_t field_count;
    const struct mr_field *fields; /* struct: members; array: element; map: key, value */
};

/* mr_type_of: the type of an id that needs nothing else (not decimal, struct, array, map); lives
 * for ever. */
const struct mr_type *mr_type_of(mr_type_id id);

/* mr_type_interval: of units first..last, both of months or both of spans; lives for ever.
 * mr_type_of gives the widest. */
const struct mr_type *mr_type_interval(unsigned first, unsigned last);

/* The rest are made in an arena; null when out of memory. Fields are copied, their names not. */
const struct mr_type *mr_type_decimal(struct mr_arena *arena, unsigned precision, unsigned scale);
const struct mr_type *mr_type_struct(struct mr_arena *arena, const struct mr_field *fields,
                                     uint32_t count);
const struct mr_type *mr_type_array(struct mr_arena *arena, const struct mr_type *element,
                                    bool has_nulls);
const struct mr_type *mr_type_map(struct mr_arena *arena, const struct mr_type *key,
                                  const struct mr_type *value, bool has_nulls);

/* mr_type_clone: a deep copy into `arena`, names and metadata included; null when out of memory. */
const struct mr_type *mr_type_clone(struct mr_arena *arena, const struct mr_type *type);

/* mr_type_equal: same shape, names (exact case) and types; nullability and metadata are ignored. */
bool mr_type_equal(const struct mr_type *a, const struct mr_type *b);

/* mr_type_find: position of the struct's member, by exact or case-blind name; -1 when absent. */
int32_t mr_type_find(const struct mr_type *type, struct mr_span name, bool is_case_sensitive);

/* mr_type_width: bytes of one value in a column; 0 for boolean (bits) and for nested types. */
uint32_t mr_type_width(const struct mr_type *type);

static inline bool mr_type_is_nested(const struct mr_type *type)
{
    return type->id >= MR_TYPE_STRUCT;
}

static inline bool mr_decimal_is_long(const struct mr_type *type)
{
    return type->precision <= MR_DECIMAL_LONG_DIGITS;
}

/* mr_type_leaves: number of leaf columns, arrays and maps walked into; void counts as one. */
uint32_t mr_type_leaves(const struct mr_type *type);

/* mr_type_below: number of types below this one: members, elements, keys, values, and theirs. They
 * are numbered in pre-order where somebody needs a flag for each. */
uint32_t mr_type_below(const struct mr_type *type);

/* mr_type_name: "bigint"; for nested and decimal types the bare word ("decimal", "struct"). */
const char *mr_type_name(mr_type_id id);

/* mr_unit_name: "day". */
const char *mr_unit_name(unsigned unit);

/* mr_type_write_sql: the type as Spark's SQL text: "struct<a:bigint,b:array<string>>". Struct
 * member names that are no plain identifiers are quoted with backticks.
 * mr_schema_write_ddl: a struct's members as DDL: "a BIGINT, b DECIMAL(10,2) NOT NULL". */
void mr_type_write_sql(const struct mr_type *type, struct mr_text *out);
void mr_schema_write_ddl(const struct mr_type *schema, struct mr_text *out);

/* mr_type_write_json: Delta's and Spark's JSON form.
 * mr_type_read_json: reads it. returns MR_E_CORRUPT for malformed documents, MR_E_UNSUPPORTED with
 * the type's name for a type this program has not. */
void mr_type_write_json(const struct mr_type *type, struct mr_text *out);
MR_MUST_USE mr_status mr_type_read_json(struct mr_arena *arena, const struct mr_doc *doc,
                                        const struct mr_type **out_type, struct mr_err *err);

#endif
