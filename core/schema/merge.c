#include "core/schema/merge.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { LONG_AS_DECIMAL_DIGITS = 20 };

static mr_status nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory while merging schemas");
}

static bool is_exact(mr_type_id id)
{
    return id == MR_TYPE_LONG || id == MR_TYPE_DECIMAL;
}

static struct mr_leaf_type as_decimal(struct mr_leaf_type t)
{
    if (t.id == MR_TYPE_DECIMAL) return t;
    return (struct mr_leaf_type){MR_TYPE_DECIMAL, LONG_AS_DECIMAL_DIGITS, 0};
}

struct mr_leaf_type mr_leaf_merge(struct mr_leaf_type a, struct mr_leaf_type b)
{
    if (a.id == MR_TYPE_VOID) return b;
    if (b.id == MR_TYPE_VOID) return a;
    if (a.id == b.id && a.precision == b.precision && a.scale == b.scale) return a;
    if (is_exact(a.id) && is_exact(b.id)) {
        a = as_decimal(a);
        b = as_decimal(b);
        int whole = MR_MAX(a.precision - a.scale, b.precision - b.scale);
        int scale = MR_MAX(a.scale, b.scale);
        if (whole + scale > MR_DECIMAL_PRECISION_MAX) return (struct mr_leaf_type){MR_TYPE_DOUBLE};
        return (struct mr_leaf_type){MR_TYPE_DECIMAL, (uint8_t)(whole + scale), (uint8_t)scale};
    }
    bool is_number =
        (is_exact(a.id) || a.id == MR_TYPE_DOUBLE) && (is_exact(b.id) || b.id == MR_TYPE_DOUBLE);
    return (struct mr_leaf_type){is_number ? MR_TYPE_DOUBLE : MR_TYPE_STRING};
}

static struct mr_leaf_type leaf_of(const struct mr_type *type)
{
    return (struct mr_leaf_type){type->id, type->precision, type->scale};
}

static mr_status structs_merge(struct mr_arena *arena, const struct mr_type *a,
                               const struct mr_type *b, const struct mr_type **out_type,
                               struct mr_err *err)
{
    uint32_t count = a->field_count;
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, count + b->field_count);
    if (fields == NULL && count + b->field_count > 0) return nomem(err);
    if (count > 0) memcpy(fields, a->fields, count * sizeof *fields);
    for (uint32_t i = 0; i < b->field_count; i++) {
        int32_t at = mr_type_find(a, b->fields[i].name, false);
        if (at < 0) {
            fields[count++] = b->fields[i];
        } else {
            MR_TRY(mr_type_merge(arena, fields[at].type, b->fields[i].type, &fields[at].type, err));
        }
    }
    *out_type = mr_type_struct(arena, fields, count);
    return *out_type == NULL ? nomem(err) : MR_OK;
}

mr_status mr_type_merge(struct mr_arena *arena, const struct mr_type *a, const struct mr_type *b,
                        const struct mr_type **out_type, struct mr_err *err)
{
    const struct mr_type *element;
    *out_type = a;
    if (b->id == MR_TYPE_VOID) return MR_OK;
    *out_type = b;
    if (a->id == MR_TYPE_VOID) return MR_OK;
    if (a->id == MR_TYPE_STRUCT && b->id == MR_TYPE_STRUCT) {
        return structs_merge(arena, a, b, out_type, err);
    }
    if (a->id == MR_TYPE_ARRAY && b->id == MR_TYPE_ARRAY) {
        MR_TRY(mr_type_merge(arena, a->fields[0].type, b->fields[0].type, &element, err));
        *out_type = mr_type_array(arena, element, true);
    } else if (mr_type_is_nested(a) || mr_type_is_nested(b)) {
        *out_type = mr_type_equal(a, b) ? a : mr_type_of(MR_TYPE_STRING);
    } else {
        struct mr_leaf_type merged = mr_leaf_merge(leaf_of(a), leaf_of(b));
        *out_type = merged.id == MR_TYPE_DECIMAL
                        ? mr_type_decimal(arena, merged.precision, merged.scale)
                        : mr_type_of(merged.id);
    }
    return *out_type == NULL ? nomem(err) : MR_OK;
}

/* -- adding columns ------------------------------------------------------------------------ */

static mr_status columns_add(struct mr_arena *arena, const struct mr_type *base,
                             const struct mr_type *added, const struct mr_type **out_type,
                             bool *is_changed, struct mr_err *err)
{
    uint32_t count = base->field_count;
    bool is_struct = base->id == MR_TYPE_STRUCT;
    *out_type = base;
    if (!mr_type_is_nested(base) || !mr_type_is_nested(added)) return MR_OK;
    /* A map's values were seen as an array's elements by who does not know that it is a map. */
    if (is_struct != (added->id == MR_TYPE_STRUCT)) return MR_OK;
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, count + added->field_count);
    if (fields == NULL && count + added->field_count > 0) return nomem(err);
    if (count > 0) memcpy(fields, base->fields, count * sizeof *fields);
    bool is_mine = false;
    for (uint32_t i = 0; i < added->field_count; i++) {
        int32_t at = is_struct ? mr_type_find(base, added->fields[i].name, false)
                               : (int32_t)count - (int32_t)added->field_count + (int32_t)i;
        if (at >= 0) {
            MR_TRY(columns_add(arena, fields[at].type, added->fields[i].type, &fields[at].type,
                               &is_mine, err));
        } else if (is_struct) {
            fields[count] = added->fields[i];
            fields[count++].is_nullable = true;
            is_mine = true;
        }
    }
    if (!is_mine) return MR_OK;
    *is_changed = true;
    if (base->id == MR_TYPE_STRUCT) {
        *out_type = mr_type_struct(arena, fields, count);
    } else if (base->id == MR_TYPE_ARRAY) {
        *out_type = mr_type_array(arena, fields[0].type, base->fields[0].is_nullable);
    } else {
        *out_type = mr_type_map(arena, fields[0].type, fields[1].type, base->fields[1].is_nullable);
    }
    return *out_type == NULL ? nomem(err) : MR_OK;
}

mr_status mr_type_add_columns(struct mr_arena *arena, const struct mr_type *base,
                              const struct mr_type *added, const struct mr_type **out_type,
                              bool *out_is_changed, struct mr_err *err)
{
    bool is_changed = false;
    MR_ASSERT(base->id == MR_TYPE_STRUCT && added->id == MR_TYPE_STRUCT);
    MR_TRY(columns_add(arena, base, added, out_type, &is_changed, err));
    if (out_is_changed != NULL) *out_is_changed = is_changed;
    return MR_OK;
}

/* -- order --------------------------------------------------------------------------------- */

static int field_compare(const void *a, const void *b)
{
    return mr_span_compare(((const struct mr_field *)a)->name, ((const struct mr_field *)b)->name);
}

const struct mr_type *mr_type_sorted(struct mr_arena *arena, const struct mr_type *type)
{
    if (!mr_type_is_nested(type)) return type;
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, type->field_count);
    if (fields == NULL && type->field_count > 0) return NULL;
    for (uint32_t i = 0; i < type->field_count; i++) {
        fields[i] = type->fields[i];
        fields[i].type = mr_type_sorted(arena, type->fields[i].type);
        if (fields[i].type == NULL) return NULL;
    }
    if (type->id == MR_TYPE_STRUCT) {
        if (type->field_count > 1) {
            qsort(fields, type->field_count, sizeof *fields, field_compare);
        }
        return mr_type_struct(arena, fields, type->field_count);
    }
    if (type->id == MR_TYPE_ARRAY) {
        return mr_type_array(arena, fields[0].type, fields[0].is_nullable);
    }
    return mr_type_map(arena, fields[0].type, fields[1].type, fields[1].is_nullable);
}
