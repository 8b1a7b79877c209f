#include "core/format/delta/delta_schema.h"

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/nearest.h"
#include "core/format/delta/delta_path.h"
#include "core/format/delta/delta_widen.h"

enum { ERR_TYPE = 3106, ERR_COLUMN = 3107, ERR_NOT_NULL = 3108, ERR_DEFINITION = 3110 };

/* Where in the schema we are, for messages: a list of names from the inside out. */
struct place {
    const struct place *outer;
    struct mr_span name;
};

struct fitter {
    struct mr_arena *arena;
    unsigned allowed;          /* mr_delta_allow */
    const struct place *field; /* the nearest struct member around the place at hand */
    struct mr_text *changes;   /* of that member's type: items of delta.typeChanges */
    struct mr_err *err;
};

static mr_status fit_nomem(struct fitter *f)
{
    return mr_err_set(f->err, MR_E_NOMEM, 0, "out of memory for a schema");
}

static void place_write(const struct place *place, struct mr_text *out)
{
    if (place->outer != NULL) {
        place_write(place->outer, out);
        mr_text_addc(out, '.');
    }
    mr_text_add(out, place->name.text, place->name.bytes);
}

/* Fails with a message that starts with the column's path; `detail` is what follows. */
static mr_status fit_fail(struct fitter *f, uint32_t code, const struct place *place,
                          const char *detail)
{
    struct mr_text path;
    mr_text_init(&path, f->arena->heap);
    place_write(place, &path);
    struct mr_span text = mr_text_span(&path);
    mr_err_set(f->err, MR_E_SCHEMA, code, "column \"%.*s\" %s",
               (int)MR_MIN(text.bytes, (size_t)200), text.text, detail);
    mr_text_fini(&path);
    return MR_E_SCHEMA;
}

static mr_status fail_type(struct fitter *f, const struct place *place, const struct mr_type *table,
                           const struct mr_type *incoming)
{
    struct mr_text detail;
    mr_text_init(&detail, f->arena->heap);
    mr_text_adds(&detail, "is ");
    mr_type_write_sql(table, &detail);
    mr_text_adds(&detail, " in the table, but ");
    mr_type_write_sql(incoming, &detail);
    mr_text_adds(&detail, " in the rows");
    mr_status status = fit_fail(f, ERR_TYPE, place, detail.at == NULL ? "" : detail.at);
    mr_err_help(f->err, "cast the column in the query, or write into another column");
    mr_text_fini(&detail);
    return status;
}

static mr_status fail_unknown(struct fitter *f, const struct place *place,
                              const struct mr_type *table)
{
    struct mr_nearest nearest;
    mr_nearest_init(&nearest, place->name);
    for (uint32_t i = 0; i < table->field_count; i++) {
        mr_nearest_offer(&nearest, table->fields[i].name);
    }
    mr_status status = fit_fail(f, ERR_COLUMN, place, "is not in the table");
    if (nearest.best.bytes > 0) {
        mr_err_help(f->err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    } else {
        mr_err_help(f->err, "leave the column out, or let the table take on new columns");
    }
    return status;
}

static mr_status fit_type(struct fitter *f, const struct place *place, const struct mr_type *table,
                          const struct mr_type *incoming, struct mr_delta_fit *out);

/* A copy of `type` with other field types; the type itself when nothing differs. */
static const struct mr_type *with_fields(struct fitter *f, const struct mr_type *type,
                                         const struct mr_field *fields, uint32_t count)
{
    bool is_same = count == type->field_count;
    for (uint32_t i = 0; is_same && i < count; i++) {
        is_same = fields[i].type == type->fields[i].type &&
                  mr_span_eq(fields[i].name, type->fields[i].name);
    }
    if (is_same) return type;
    struct mr_type *copy = MR_ARENA_NEW(f->arena, struct mr_type);
    struct mr_field *kept = MR_ARENA_ARRAY(f->arena, struct mr_field, (size_t)count + 1);
    if (copy == NULL || kept == NULL) return NULL;
    if (count > 0) memcpy(kept, fields, count * sizeof *fields);
    *copy = *type;
    copy->fields = kept;
    copy->field_count = count;
    return copy;
}

/* Everything but the void columns inside `type`, which no file holds. */
static mr_status fit_new(struct fitter *f, const struct place *place, const struct mr_type *type)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        struct place inner = {place, type->fields[i].name};
        if (type->fields[i].type->id == MR_TYPE_VOID) {
            return fit_fail(f, ERR_TYPE, &inner, "is void: its type is not known yet");
        }
        MR_TRY(fit_new(f, &inner, type->fields[i].type));
    }
    return MR_OK;
}

struct struct_fit {
    struct mr_field *merged;
    struct mr_field *written;
    uint32_t merged_count;
    uint32_t written_count;
};

/* A column that both have; a change of type is recorded with the member that it is nearest to. */
static mr_status fit_common(struct fitter *f, const struct place *place, struct mr_field *merged,
                            const struct mr_type *incoming, struct mr_field *written)
{
    struct fitter inner = *f;
    struct mr_delta_fit fit;
    struct mr_text changes;
    mr_text_init(&changes, f->arena->heap);
    inner.field = place;
    inner.changes = &changes;
    mr_status status = fit_type(&inner, place, merged->type, incoming, &fit);
    if (status == MR_OK) status = mr_text_end(&changes, f->err);
    if (status == MR_OK) {
        merged->type = fit.merged;
        written->name = merged->name;
        written->type = fit.written;
    }
    if (status == MR_OK && changes.used > 0) {
        status = mr_delta_changes_add(f->arena, merged->metadata, mr_text_span(&changes),
                                      &merged->metadata, f->err);
    }
    mr_text_fini(&changes);
    return status;
}

static mr_status fit_member(struct fitter *f, const struct place *outer,
                            const struct mr_type *table, const struct mr_field *field,
                            struct struct_fit *fit)
{
    struct place place = {outer, field->name};
    int32_t at = mr_type_find(table, field->name, false);
    struct mr_field *written = &fit->written[fit->written_count];
    if (field->type->id == MR_TYPE_VOID) return MR_OK;
    *written = *field;
    if (at < 0) {
        if ((f->allowed & MR_DELTA_ALLOW_COLUMNS) == 0) return fail_unknown(f, &place, table);
        MR_TRY(fit_new(f, &place, field->type));
        fit->merged[fit->merged_count] = *field;
        fit->merged[fit->merged_count++].is_nullable = true;
    } else {
        MR_TRY(fit_common(f, &place, &fit->merged[at], field->type, written));
    }
    fit->written_count++;
    return MR_OK;
}

static mr_status check_missing(struct fitter *f, const struct place *outer,
                               const struct mr_type *table, const struct mr_type *incoming)
{
    for (uint32_t i = 0; i < table->field_count; i++) {
        struct place place = {outer, table->fields[i].name};
        if (table->fields[i].is_nullable) continue;
        int32_t at = mr_type_find(incoming, table->fields[i].name, false);
        if (at >= 0 && incoming->fields[at].type->id != MR_TYPE_VOID) continue;
        return fit_fail(f, ERR_NOT_NULL, &place, "is NOT NULL in the table, but not in the rows");
    }
    return MR_OK;
}

static mr_status fit_struct(struct fitter *f, const struct place *place,
                            const struct mr_type *table, const struct mr_type *incoming,
                            struct mr_delta_fit *out)
{
    size_t room = (size_t)table->field_count + incoming->field_count + 1;
    struct struct_fit fit = {.merged = MR_ARENA_ARRAY(f->arena, struct mr_field, room),
                             .written = MR_ARENA_ARRAY(f->arena, struct mr_field, room),
                             .merged_count = table->field_count};
    if (fit.merged == NULL || fit.written == NULL) return fit_nomem(f);
    if (table->field_count > 0) {
        memcpy(fit.merged, table->fields, table->field_count * sizeof *fit.merged);
    }
    MR_TRY(check_missing(f, place, table, incoming));
    for (uint32_t i = 0; i < incoming->field_count; i++) {
        MR_TRY(fit_member(f, place, table, &incoming->fields[i], &fit));
    }
    out->merged = with_fields(f, table, fit.merged, fit.merged_count);
    out->written = with_fields(f, incoming, fit.written, fit.written_count);
    return out->merged == NULL || out->written == NULL ? fit_nomem(f) : MR_OK;
}

/* Arrays and maps: element, or key and value. */
static mr_status fit_nested(struct fitter *f, const struct place *outer,
                            const struct mr_type *table, const struct mr_type *incoming,
                            struct mr_delta_fit *out)
{
    struct mr_field merged[2], written[2];
    MR_ASSERT(table->field_count <= 2 && table->field_count == incoming->field_count);
    for (uint32_t i = 0; i < table->field_count; i++) {
        struct place place = {outer, table->fields[i].name};
        struct mr_delta_fit inner;
        MR_TRY(fit_type(f, &place, table->fields[i].type, incoming->fields[i].type, &inner));
        merged[i] = table->fields[i];
        merged[i].type = inner.merged;
        written[i] = incoming->fields[i];
        written[i].type = inner.written;
    }
    out->merged = with_fields(f, table, merged, table->field_count);
    out->written = with_fields(f, incoming, written, incoming->field_count);
    return out->merged == NULL || out->written == NULL ? fit_nomem(f) : MR_OK;
}

/* Where the place is, seen from the nearest struct member: "element", "value.element", or "". */
static void inner_path_write(const struct place *place, const struct place *field,
                             struct mr_text *out)
{
    if (place == field) return;
    inner_path_write(place->outer, field, out);
    if (place->outer != field) mr_text_addc(out, '.');
    mr_text_add(out, place->name.text, place->name.bytes);
}

/* The table's type grows to the rows'. */
static mr_status fit_wider(struct fitter *f, const struct place *place, const struct mr_type *table,
                           const struct mr_type *incoming, struct mr_delta_fit *out)
{
    struct mr_text path;
    mr_text_init(&path, f->arena->heap);
    inner_path_write(place, f->field, &path);
    mr_delta_change_write(table, incoming, mr_text_span(&path), f->changes);
    mr_status status = mr_text_end(&path, f->err);
    mr_text_fini(&path);
    *out = (struct mr_delta_fit){incoming, incoming};
    return status;
}

static mr_status fit_type(struct fitter *f, const struct place *place, const struct mr_type *table,
                          const struct mr_type *incoming, struct mr_delta_fit *out)
{
    bool may_widen = (f->allowed & MR_DELTA_ALLOW_WIDER) != 0;
    bool is_same = table->id == incoming->id && table->precision == incoming->precision &&
                   table->scale == incoming->scale;
    if (may_widen && mr_delta_type_widens(table, incoming)) {
        return fit_wider(f, place, table, incoming, out);
    }
    if (!is_same) return fail_type(f, place, table, incoming);
    if (table->id == MR_TYPE_STRUCT) return fit_struct(f, place, table, incoming, out);
    if (mr_type_is_nested(table)) return fit_nested(f, place, table, incoming, out);
    *out = (struct mr_delta_fit){table, incoming};
    return MR_OK;
}

/* Two names that differ in nothing but case cannot both find a column. */
static mr_status check_names(const struct mr_type *type, struct mr_err *err)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        struct mr_span name = type->fields[i].name;
        if (type->id == MR_TYPE_STRUCT && mr_type_find(type, name, false) != (int32_t)i) {
            return mr_err_set(err, MR_E_SCHEMA, ERR_DEFINITION, "column \"%.*s\" occurs twice",
                              (int)MR_MIN(name.bytes, (size_t)80), name.text);
        }
        MR_TRY(check_names(type->fields[i].type, err));
    }
    return MR_OK;
}

mr_status mr_delta_schema_fit(struct mr_arena *arena, const struct mr_type *table,
                              const struct mr_type *incoming, unsigned allowed,
                              struct mr_delta_fit *out_fit, struct mr_err *err)
{
    struct fitter f = {.arena = arena, .allowed = allowed, .err = err};
    struct mr_delta_fit fit;
    MR_ASSERT(table->id == MR_TYPE_STRUCT && incoming->id == MR_TYPE_STRUCT);
    MR_TRY(check_names(incoming, err));
    MR_TRY(fit_struct(&f, NULL, table, incoming, &fit));
    *out_fit = fit;
    return MR_OK;
}

/* Characters that Parquet and Delta refuse in names unless columns are mapped. */
static mr_status check_fields(const struct mr_type *type, struct mr_err *err)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        struct mr_span name = type->fields[i].name;
        int shown = (int)MR_MIN(name.bytes, (size_t)80);
        bool is_bad = name.bytes == 0;
        for (size_t k = 0; k < name.bytes; k++) {
            is_bad = is_bad || name.text[k] == '\0' || strchr(" ,;{}()\n\t=", name.text[k]) != NULL;
        }
        if (is_bad) {
            return mr_err_set(err, MR_E_SCHEMA, ERR_DEFINITION,
                              "column name \"%.*s\" is empty or has one of \" ,;{}()=\", a tab or "
                              "a line feed",
                              shown, name.text);
        }
        if (type->fields[i].type->id == MR_TYPE_VOID) {
            return mr_err_set(err, MR_E_SCHEMA, ERR_DEFINITION,
                              "column \"%.*s\" has no type (void)", shown, name.text);
        }
        MR_TRY(check_fields(type->fields[i].type, err));
    }
    return MR_OK;
}

static mr_status check_partition(const struct mr_type *schema, const struct mr_span *columns,
                                 uint32_t index, struct mr_err *err)
{
    struct mr_span name = columns[index];
    int shown = (int)MR_MIN(name.bytes, (size_t)80);
    int32_t at = mr_type_find(schema, name, true);
    if (at < 0) {
        return mr_err_set(err, MR_E_SCHEMA, ERR_DEFINITION,
                          "partition column \"%.*s\" is not in the schema", shown, name.text);
    }
    if (!mr_delta_partition_type_ok(schema->fields[at].type)) {
        return mr_err_set(err, MR_E_SCHEMA, ERR_DEFINITION,
                          "partition column \"%.*s\" is of type %s, which cannot partition a table",
                          shown, name.text, mr_type_name(schema->fields[at].type->id));
    }
    for (uint32_t i = 0; i < index; i++) {
        if (!mr_span_eq(columns[i], name)) continue;
        return mr_err_set(err, MR_E_SCHEMA, ERR_DEFINITION,
                          "partition column \"%.*s\" is named twice", shown, name.text);
    }
    return MR_OK;
}

mr_status mr_delta_schema_check(const struct mr_type *schema,
                                const struct mr_span *partition_columns, uint32_t partition_count,
                                struct mr_err *err)
{
    MR_TRY(check_names(schema, err));
    MR_TRY(check_fields(schema, err));
    for (uint32_t i = 0; i < partition_count; i++) {
        MR_TRY(check_partition(schema, partition_columns, i, err));
    }
    if (partition_count < schema->field_count) return MR_OK;
    return mr_err_set(err, MR_E_SCHEMA, ERR_DEFINITION,
                      "a table needs at least one column that is no partition column");
}
