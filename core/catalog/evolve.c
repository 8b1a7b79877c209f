#include "core/catalog/evolve.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/mem/text.h"

enum { ERR_MODE = 2103, ERR_NEW_COLUMNS = 2201, ERR_HINT = 2202 };

static mr_status evolve_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_NEW_COLUMNS, "out of memory while merging schemas");
}

mr_status mr_evolution_of(const struct mr_source_options *options, bool is_schema_given,
                          mr_evolution *out_mode, struct mr_err *err)
{
    mr_evolution mode = is_schema_given ? MR_EVOLVE_NONE : MR_EVOLVE_ADD;
    if (mr_source_has(options, MR_SOURCE_EVOLUTION)) {
        mode = (mr_evolution)mr_source_number(options, MR_SOURCE_EVOLUTION);
    }
    if (is_schema_given && (mode == MR_EVOLVE_ADD || mode == MR_EVOLVE_ADD_AND_WIDEN)) {
        struct mr_span text = mr_source_text(options, MR_SOURCE_EVOLUTION);
        mr_status status =
            mr_err_set(err, MR_E_INVALID, ERR_MODE,
                       "schemaEvolutionMode %.*s cannot add columns to a schema that "
                       "is given",
                       (int)text.bytes, text.text);
        mr_err_help(err,
                    "leave the schema out and fix types with schemaHints, or use the mode none,"
                    " rescue or failOnNewColumns");
        return status;
    }
    *out_mode = mode;
    return MR_OK;
}

/* ---- wider types ----------------------------------------------------------------------- */

/* Digits in front of the point that a decimal needs to hold the integer type; 0 = no integer. */
static unsigned integer_digits(mr_type_id id)
{
    switch (id) {
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
    case MR_TYPE_INT: return 10;
    case MR_TYPE_LONG: return 20;
    default: return 0;
    }
}

static const struct mr_type *decimal_widen(struct mr_arena *arena, const struct mr_type *from,
                                           const struct mr_type *seen)
{
    unsigned from_scale = from->id == MR_TYPE_DECIMAL ? from->scale : 0;
    unsigned from_whole =
        from->id == MR_TYPE_DECIMAL ? from->precision - from_scale : integer_digits(from->id);
    unsigned seen_scale = seen->id == MR_TYPE_DECIMAL ? seen->scale : 0;
    unsigned seen_whole =
        seen->id == MR_TYPE_DECIMAL ? seen->precision - seen_scale : integer_digits(seen->id);
    unsigned whole = MR_MAX(from_whole, seen_whole), scale = MR_MAX(from_scale, seen_scale);
    if (from_whole == 0 || seen_whole == 0 || whole + scale > MR_DECIMAL_PRECISION_MAX) return NULL;
    if (from->id == MR_TYPE_DECIMAL && whole == from_whole && scale == from_scale) return NULL;
    return mr_type_decimal(arena, whole + scale, scale);
}

const struct mr_type *mr_type_widen(struct mr_arena *arena, const struct mr_type *from,
                                    const struct mr_type *seen)
{
    bool from_is_integer = integer_digits(from->id) > 0;
    if (from_is_integer && integer_digits(seen->id) > 0) return seen->id > from->id ? seen : NULL;
    if (from_is_integer && from->id != MR_TYPE_LONG && seen->id == MR_TYPE_DOUBLE) return seen;
    if (from->id == MR_TYPE_FLOAT && seen->id == MR_TYPE_DOUBLE) return seen;
    if (from->id == MR_TYPE_DATE && seen->id == MR_TYPE_TIMESTAMP_NTZ) return seen;
    if (from->id == MR_TYPE_DECIMAL || (from_is_integer && seen->id == MR_TYPE_DECIMAL)) {
        return decimal_widen(arena, from, seen);
    }
    return NULL;
}

/* ---- merging --------------------------------------------------------------------------- */

/* Dotted name of the place at hand, one part per level. */
struct place {
    const struct place *above;
    struct mr_span name;
};

struct merger {
    struct mr_arena *arena;
    const struct mr_evolve_input *input;
    bool adds;
    bool widens;
    uint32_t added_count;
    uint32_t widened_count;
    uint32_t misfit_count; /* neither added nor widened */
    struct mr_text added;  /* names, for the message */
    struct mr_err *err;
};

static void place_write(const struct place *place, struct mr_text *out)
{
    if (place->above != NULL) {
        place_write(place->above, out);
        mr_text_addc(out, '.');
    }
    mr_text_add(out, place->name.text, place->name.bytes);
}

static bool hint_is_at(const struct mr_schema_hint *hint, const struct place *place)
{
    uint32_t left = hint->path_count;
    for (; place != NULL && left > 0; place = place->above) {
        if (!mr_span_ieq(hint->path[--left], place->name)) return false;
    }
    return place == NULL && left == 0;
}

/* The type of a column that is new: hinted, or as seen; only nulls so far make it a string. */
static mr_status fresh_type(struct merger *m, const struct place *place, const struct mr_type *seen,
                            const struct mr_type **out, struct mr_err *err)
{
    struct mr_field *fields;
    for (uint32_t i = 0; i < m->input->hint_count; i++) {
        if (!hint_is_at(&m->input->hints[i], place)) continue;
        *out = m->input->hints[i].type;
        return MR_OK;
    }
    *out = seen->id == MR_TYPE_VOID ? mr_type_of(MR_TYPE_STRING) : seen;
    if (!mr_type_is_nested(seen) || seen->field_count == 0) return MR_OK;
    fields = MR_ARENA_ARRAY(m->arena, struct mr_field, seen->field_count);
    if (fields == NULL) return evolve_nomem(err);
    for (uint32_t i = 0; i < seen->field_count; i++) {
        struct place below = {place, seen->fields[i].name};
        fields[i] = seen->fields[i];
        if (seen->id == MR_TYPE_STRUCT) fields[i].is_nullable = true;
        MR_TRY(fresh_type(m, &below, seen->fields[i].type, &fields[i].type, err));
    }
    if (seen->id == MR_TYPE_STRUCT) {
        *out = mr_type_struct(m->arena, fields, seen->field_count);
    } else if (seen->id == MR_TYPE_ARRAY) {
        *out = mr_type_array(m->arena, fields[0].type, true);
    } else {
        *out = mr_type_map(m->arena, fields[0].type, fields[1].type, true);
    }
    return *out == NULL ? evolve_nomem(err) : MR_OK;
}

static mr_status type_merge(struct merger *m, const struct place *place, const struct mr_type *own,
                            const struct mr_type *seen, const struct mr_type **out,
                            struct mr_err *err);

static void added_note(struct merger *m, const struct place *place)
{
    if (m->added_count++ > 0) mr_text_adds(&m->added, ", ");
    place_write(place, &m->added);
}

static bool is_partition(const struct merger *m, const struct place *place)
{
    const struct mr_type *partitions = m->input->partitions;
    return place->above == NULL && partitions != NULL &&
           mr_type_find(partitions, place->name, false) >= 0;
}

static mr_status struct_merge(struct merger *m, const struct place *place,
                              const struct mr_type *own, const struct mr_type *seen,
                              const struct mr_type **out, struct mr_err *err)
{
    uint32_t count = own->field_count;
    bool is_changed = false;
    struct mr_field *fields =
        MR_ARENA_ARRAY(m->arena, struct mr_field, (size_t)count + seen->field_count + 1);
    if (fields == NULL) return evolve_nomem(err);
    if (count > 0) memcpy(fields, own->fields, count * sizeof *fields);
    for (uint32_t i = 0; i < seen->field_count; i++) {
        const struct mr_field *field = &seen->fields[i];
        struct place below = {place, field->name};
        uint32_t at = 0;
        while (at < count && !mr_span_ieq(fields[at].name, field->name)) at++;
        if (at < count) {
            const struct mr_type *merged;
            MR_TRY(type_merge(m, &below, fields[at].type, field->type, &merged, err));
            is_changed |= merged != fields[at].type;
            fields[at].type = merged;
            continue;
        }
        if (is_partition(m, &below)) continue;
        added_note(m, &below);
        if (!m->adds) continue;
        fields[count] = (struct mr_field){.name = field->name, .is_nullable = true};
        MR_TRY(fresh_type(m, &below, field->type, &fields[count].type, err));
        count++;
        is_changed = true;
    }
    *out = is_changed ? mr_type_struct(m->arena, fields, count) : own;
    return *out == NULL ? evolve_nomem(err) : MR_OK;
}

/* Arrays and maps: the members at the same position. */
static mr_status inner_merge(struct merger *m, const struct place *place, const struct mr_type *own,
                             const struct mr_type *seen, const struct mr_type **out,
                             struct mr_err *err)
{
    const struct mr_type *inner[2] = {0};
    bool is_changed = false;
    for (uint32_t i = 0; i < own->field_count; i++) {
        struct place below = {place, own->fields[i].name};
        MR_TRY(type_merge(m, &below, own->fields[i].type, seen->fields[i].type, &inner[i], err));
        is_changed |= inner[i] != own->fields[i].type;
    }
    *out = own;
    if (!is_changed) return MR_OK;
    *out = own->id == MR_TYPE_ARRAY
               ? mr_type_array(m->arena, inner[0], own->fields[0].is_nullable)
               : mr_type_map(m->arena, inner[0], inner[1], own->fields[1].is_nullable);
    return *out == NULL ? evolve_nomem(err) : MR_OK;
}

static mr_status type_merge(struct merger *m, const struct place *place, const struct mr_type *own,
                            const struct mr_type *seen, const struct mr_type **out,
                            struct mr_err *err)
{
    *out = own;
    if (seen->id == MR_TYPE_VOID) return MR_OK;
    if (own->id == MR_TYPE_STRUCT && seen->id == MR_TYPE_STRUCT) {
        return struct_merge(m, place, own, seen, out, err);
    }
    if (mr_type_is_nested(own) && own->id == seen->id) {
        return inner_merge(m, place, own, seen, out, err);
    }
    /* An object read into a map, as who does not know the map sees it: each member is a value. */
    if (own->id == MR_TYPE_MAP && seen->id == MR_TYPE_STRUCT) {
        const struct mr_type *value = own->fields[1].type;
        struct place below = {place, own->fields[1].name};
        for (uint32_t i = 0; i < seen->field_count; i++) {
            MR_TRY(type_merge(m, &below, value, seen->fields[i].type, &value, err));
        }
        if (value == own->fields[1].type) return MR_OK;
        *out = mr_type_map(m->arena, own->fields[0].type, value, own->fields[1].is_nullable);
        return *out == NULL ? evolve_nomem(err) : MR_OK;
    }
    if (mr_type_equal(own, seen)) return MR_OK;
    const struct mr_type *wider = NULL;
    if (!mr_type_is_nested(own) && !mr_type_is_nested(seen)) {
        wider = mr_type_widen(m->arena, own, seen);
    }
    if (wider == NULL || !m->widens) {
        m->misfit_count++;
        return MR_OK;
    }
    m->widened_count++;
    *out = wider;
    return MR_OK;
}

/* ---- the policy ------------------------------------------------------------------------ */

static mr_status text_keep(struct merger *m, struct mr_text *text, struct mr_span *out,
                           struct mr_err *err)
{
    if (text->is_failed) return evolve_nomem(err);
    struct mr_span span = mr_text_span(text);
    *out = (struct mr_span){mr_arena_copy(m->arena, span), span.bytes};
    return out->text == NULL ? evolve_nomem(err) : MR_OK;
}

/* "Encountered unknown fields during parsing: a, b.c, which can be fixed by an automatic retry:
 * true": the first words of Auto Loader's UnknownFieldException, so that a search finds them. */
static mr_status sentence(struct merger *m, mr_evolve_action action, struct mr_span *out,
                          struct mr_err *err)
{
    struct mr_text text;
    struct mr_span file = m->input->file;
    mr_text_init(&text, m->arena->heap);
    if (m->added_count > 0) {
        mr_text_adds(&text, "Encountered unknown fields during parsing: ");
        mr_text_add(&text, m->added.at, m->added.used);
    }
    if (m->widened_count > 0) {
        mr_text_addf(&text, "%s%u column type%s widened", m->added_count > 0 ? "; " : "",
                     m->widened_count, m->widened_count == 1 ? "" : "s");
    }
    if (m->added_count == 0 && m->widened_count == 0) {
        mr_text_addf(&text, "Encountered %u value type%s that the schema has not", m->misfit_count,
                     m->misfit_count == 1 ? "" : "s");
    }
    if (file.bytes > 0) mr_text_addf(&text, " (in %.*s)", (int)file.bytes, file.text);
    mr_text_adds(&text, action == MR_EVOLVE_NEXT
                            ? ", which can be fixed by an automatic retry: true"
                        : action == MR_EVOLVE_RESCUED ? "; kept in the rescued-data column"
                                                      : "; ignored");
    mr_status status = text_keep(m, &text, out, err);
    mr_text_fini(&text);
    return status;
}

static mr_status refuse(const struct merger *m, struct mr_err *err)
{
    if (m->added.is_failed) return evolve_nomem(err);
    mr_status status =
        mr_err_set(err, MR_E_SCHEMA, ERR_NEW_COLUMNS,
                   "Encountered unknown fields during parsing: %s, which can be fixed by an "
                   "automatic retry: false",
                   m->added.at);
    char origin[MR_ERR_ORIGIN_MAX];
    size_t bytes = MR_MIN(m->input->file.bytes, sizeof origin - 1);
    memcpy(origin, bytes > 0 ? m->input->file.text : "", bytes);
    origin[bytes] = '\0';
    mr_err_origin(err, origin);
    mr_err_help(err, "schemaEvolutionMode is failOnNewColumns: add the columns to the schema, or "
                     "take the file away");
    return status;
}

static mr_status decide(struct merger *m, const struct mr_type *merged,
                        struct mr_evolve_result *out, struct mr_err *err)
{
    const struct mr_evolve_input *in = m->input;
    struct mr_evolve_result result = {.action = MR_EVOLVE_SAME, .schema = in->current};
    if (in->mode == MR_EVOLVE_FAIL && m->added_count > 0) return refuse(m, err);
    if (m->adds && m->added_count + m->widened_count > 0) {
        result.action = MR_EVOLVE_NEXT;
        result.schema = merged;
        result.added_count = m->added_count;
        result.widened_count = m->widened_count;
    } else if (m->added_count + m->misfit_count > 0) {
        result.action = in->has_rescued_column ? MR_EVOLVE_RESCUED : MR_EVOLVE_IGNORED;
    }
    if (result.action != MR_EVOLVE_SAME) MR_TRY(sentence(m, result.action, &result.text, err));
    *out = result;
    return MR_OK;
}

mr_status mr_schema_evolve(struct mr_arena *arena, const struct mr_evolve_input *input,
                           struct mr_evolve_result *out_result, struct mr_err *err)
{
    struct merger m = {.arena = arena, .input = input};
    const struct mr_type *merged = NULL;
    MR_ASSERT(input->current->id == MR_TYPE_STRUCT);
    MR_ASSERT(input->seen->id == MR_TYPE_STRUCT);
    m.adds = input->mode == MR_EVOLVE_ADD || input->mode == MR_EVOLVE_ADD_AND_WIDEN;
    m.widens = input->mode == MR_EVOLVE_ADD_AND_WIDEN;
    mr_text_init(&m.added, arena->heap);
    mr_status status = struct_merge(&m, NULL, input->current, input->seen, &merged, err);
    if (status == MR_OK && m.added.is_failed) status = evolve_nomem(err);
    if (status == MR_OK) status = decide(&m, merged, out_result, err);
    mr_text_fini(&m.added);
    return status;
}

/* ---- hints ----------------------------------------------------------------------------- */

struct hinter {
    struct mr_arena *arena;
    const struct mr_schema_hint *hint;
};

static mr_status hint_refuse(const struct hinter *h, uint32_t depth, struct mr_err *err)
{
    struct mr_span name = h->hint->path[depth], first = h->hint->path[0];
    return mr_err_set(err, MR_E_SCHEMA, ERR_HINT,
                      "schemaHints: \"%.*s\" of the hint on \"%.*s\" is no member of what is there",
                      (int)name.bytes, name.text, (int)first.bytes, first.text);
}

/* The type at path[depth..] and below: structs all the way to the hint's type. */
static mr_status hint_make(const struct hinter *h, uint32_t depth, const struct mr_type **out,
                           struct mr_err *err)
{
    const struct mr_type *type = h->hint->type;
    for (uint32_t i = h->hint->path_count; i > depth; i--) {
        struct mr_field field = {.name = h->hint->path[i - 1], .type = type, .is_nullable = true};
        type = mr_type_struct(h->arena, &field, 1);
        if (type == NULL) return evolve_nomem(err);
    }
    *out = type;
    return MR_OK;
}

static mr_status hint_apply(const struct hinter *h, uint32_t depth, const struct mr_type *type,
                            const struct mr_type **out, struct mr_err *err)
{
    if (depth == h->hint->path_count) {
        *out = h->hint->type;
        return MR_OK;
    }
    /* A sample with nothing but nulls or text here says nothing against a struct. */
    if (type->id == MR_TYPE_VOID || type->id == MR_TYPE_STRING)
        return hint_make(h, depth, out, err);
    if (!mr_type_is_nested(type)) return hint_refuse(h, depth, err);
    struct mr_span name = h->hint->path[depth];
    uint32_t count = type->field_count, at = 0;
    struct mr_field *fields = MR_ARENA_ARRAY(h->arena, struct mr_field, (size_t)count + 1);
    if (fields == NULL) return evolve_nomem(err);
    if (count > 0) memcpy(fields, type->fields, count * sizeof *fields);
    while (at < count && !mr_span_ieq(fields[at].name, name)) at++;
    if (at < count) {
        MR_TRY(hint_apply(h, depth + 1, fields[at].type, &fields[at].type, err));
    } else {
        if (type->id != MR_TYPE_STRUCT) return hint_refuse(h, depth, err);
        fields[count++] = (struct mr_field){.is_nullable = true};
        MR_TRY(hint_make(h, depth + 1, &fields[at].type, err));
    }
    if (type->id == MR_TYPE_STRUCT) {
        fields[at].name = name;
        *out = mr_type_struct(h->arena, fields, count);
    } else if (type->id == MR_TYPE_ARRAY) {
        *out = mr_type_array(h->arena, fields[0].type, fields[0].is_nullable);
    } else {
        *out = mr_type_map(h->arena, fields[0].type, fields[1].type, fields[1].is_nullable);
    }
    return *out == NULL ? evolve_nomem(err) : MR_OK;
}

mr_status mr_schema_apply_hints(struct mr_arena *arena, const struct mr_type *schema,
                                const struct mr_schema_hint *hints, uint32_t hint_count,
                                const struct mr_type **out_schema, struct mr_err *err)
{
    const struct mr_type *type = schema;
    for (uint32_t i = 0; i < hint_count; i++) {
        const struct hinter h = {arena, &hints[i]};
        MR_ASSERT(hints[i].path_count > 0);
        MR_TRY(hint_apply(&h, 0, type, &type, err));
    }
    *out_schema = type;
    return MR_OK;
}
