#include "core/format/delta/delta_skip.h"

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

struct mr_delta_skip_term {
    const struct mr_predicate_term *term;
    const struct mr_type *type;
    const struct mr_span *names; /* [term->path_count] in files */
    int32_t partition;           /* or -1 */
    bool was_widened;            /* older files may have another type */
};

/* ---- looking columns up ---- */

static bool was_widened(const struct mr_field *field)
{
    struct mr_span key = MR_SPAN("\"delta.typeChanges\"");
    return field->metadata.bytes > 0 &&
           memmem(field->metadata.text, field->metadata.bytes, key.text, key.bytes) != NULL;
}

static mr_status term_make(struct mr_arena *arena, const struct mr_delta_layout *layout,
                           const struct mr_predicate_term *term, struct mr_delta_skip_term *out,
                           bool *out_is_known, struct mr_err *err)
{
    const struct mr_type *logical = layout->schema, *physical = layout->physical;
    struct mr_span *names = MR_ARENA_ARRAY(arena, struct mr_span, (size_t)term->path_count + 1);
    if (names == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a predicate");
    *out_is_known = false;
    *out = (struct mr_delta_skip_term){.term = term, .names = names, .partition = -1};
    for (uint32_t i = 0; i < term->path_count; i++) {
        int32_t at = logical->id == MR_TYPE_STRUCT ? mr_type_find(logical, term->path[i], true)
                                                   : -1;
        if (at < 0) return MR_OK;
        const struct mr_field *field = &logical->fields[at];
        names[i] = physical->fields[at].name;
        out->was_widened = was_widened(field);
        logical = field->type;
        physical = physical->fields[at].type;
        if (i == 0) out->partition = mr_delta_layout_partition(layout, (uint32_t)at);
    }
    out->type = logical;
    *out_is_known = true;
    return MR_OK;
}

mr_status mr_delta_skip_make(struct mr_arena *arena, const struct mr_delta_layout *layout,
                             const struct mr_predicate *predicate, struct mr_delta_skip *out_skip,
                             struct mr_err *err)
{
    struct mr_delta_skip skip = {.term_count = 0};
    struct mr_delta_skip_term *terms =
        MR_ARENA_ARRAY(arena, struct mr_delta_skip_term, (size_t)predicate->term_count + 1);
    if (terms == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a predicate");
    for (uint32_t i = 0; i < predicate->term_count; i++) {
        bool is_known = false;
        struct mr_delta_skip_term *term = &terms[skip.term_count];
        MR_TRY(term_make(arena, layout, &predicate->terms[i], term, &is_known, err));
        if (!is_known) continue;
        skip.term_count++;
        skip.needs_stats = skip.needs_stats || term->partition < 0;
    }
    skip.terms = terms;
    *out_skip = skip;
    return MR_OK;
}

mr_status mr_delta_skip_in_files(struct mr_arena *arena, const struct mr_delta_skip *skip,
                                 struct mr_predicate *out_predicate, struct mr_err *err)
{
    uint32_t count = 0;
    struct mr_predicate_term *terms =
        MR_ARENA_ARRAY(arena, struct mr_predicate_term, (size_t)skip->term_count + 1);
    if (terms == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a predicate");
    for (uint32_t i = 0; i < skip->term_count; i++) {
        if (skip->terms[i].partition >= 0) continue;
        terms[count] = *skip->terms[i].term;
        terms[count++].path = skip->terms[i].names;
    }
    *out_predicate = (struct mr_predicate){terms, count};
    return MR_OK;
}

/* ---- statistics ---- */

int64_t mr_delta_stats_rows(const struct mr_doc *stats)
{
    int64_t rows = mr_doc_int(mr_doc_get(stats, "numRecords"), -1);
    return rows < 0 ? -1 : rows;
}

bool mr_delta_stats_are_tight(const struct mr_doc *stats)
{
    return mr_doc_bool(mr_doc_get(stats, "tightBounds"), true);
}

/* stats[list][names...], or null. */
static const struct mr_doc *stat_of(const struct mr_doc *stats, const char *list,
                                    const struct mr_span *names, uint32_t count)
{
    const struct mr_doc *at = mr_doc_get(stats, list);
    for (uint32_t i = 0; i < count && at != NULL; i++) {
        const struct mr_doc *found = NULL;
        bool is_object = at->kind == MR_DOC_OBJECT;
        for (const struct mr_doc *m = is_object ? at->first : NULL; m != NULL; m = m->next) {
            if (mr_span_eq(m->key, names[i])) found = m;
        }
        at = found;
    }
    return at;
}

static bool float_bound(const struct mr_doc *doc, bool is_max, bool is_single, bool was_widened,
                        double *out)
{
    double wide = 0;
    float narrow = 0;
    if (doc->kind != MR_DOC_NUMBER) return false;
    mr_parse parsed = mr_double_parse(doc->text.text, doc->text.bytes, &wide);
    mr_parse single = mr_float_parse(doc->text.text, doc->text.bytes, &narrow);
    if (parsed == MR_PARSE_SYNTAX || single == MR_PARSE_SYNTAX) return false;
    *out = is_single ? (double)narrow : wide;
    if (is_single || !was_widened) return true;
    *out = is_max ? MR_MAX(wide, (double)narrow) : MR_MIN(wide, (double)narrow);
    return true;
}

/* Statistics have milliseconds and a zone; without one nobody knows which was meant. */
static bool timestamp_bound(struct mr_span text, mr_type_id id, bool is_max, int64_t *out)
{
    struct mr_timestamp_scan scan;
    if (mr_timestamp_scan(text.text, text.bytes, &scan) != MR_PARSE_OK) return false;
    if (scan.region != NULL) return false;
    if (id == MR_TYPE_TIMESTAMP && !scan.has_offset) return false;
    int64_t offset_us = scan.has_offset ? scan.offset_s * MR_US_PER_S : 0;
    if (__builtin_sub_overflow(scan.local_us, offset_us, out)) return false;
    return !is_max || !__builtin_add_overflow(*out, MR_US_PER_MS, out);
}

static bool time_bound(const struct mr_doc *doc, mr_type_id id, bool is_max, int64_t *out)
{
    int32_t days;
    if (doc->kind != MR_DOC_STRING) return false;
    if (id != MR_TYPE_DATE) return timestamp_bound(doc->text, id, is_max, out);
    if (mr_date_parse(doc->text.text, doc->text.bytes, &days) != MR_PARSE_OK) return false;
    *out = days;
    return true;
}

static bool bound_of(const struct mr_doc *doc, const struct mr_type *type, bool is_max,
                     bool was_widened, struct mr_value *out)
{
    *out = (struct mr_value){.type = type};
    if (doc == NULL) return false;
    switch (type->id) {
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
    case MR_TYPE_INT:
    case MR_TYPE_LONG:
        return doc->kind == MR_DOC_NUMBER &&
               mr_i64_parse(doc->text.text, doc->text.bytes, &out->u.i64) == MR_PARSE_OK;
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE:
        return float_bound(doc, is_max, type->id == MR_TYPE_FLOAT, was_widened, &out->u.f64);
    case MR_TYPE_DECIMAL:
        return doc->kind == MR_DOC_NUMBER &&
               mr_decimal_parse(doc->text.text, doc->text.bytes, type->precision, type->scale,
                                &out->u.i128) == MR_PARSE_OK;
    case MR_TYPE_DATE:
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: return time_bound(doc, type->id, is_max, &out->u.i64);
    case MR_TYPE_STRING: out->u.text = doc->text; return doc->kind == MR_DOC_STRING;
    default: return false;
    }
}

void mr_delta_stats_range(const struct mr_doc *stats, const struct mr_span *names,
                          uint32_t name_count, const struct mr_type *type, bool was_widened,
                          struct mr_predicate_range *out_range)
{
    int64_t rows = mr_delta_stats_rows(stats);
    int64_t nulls = mr_doc_int(stat_of(stats, "nullCount", names, name_count), -1);
    struct mr_predicate_range range = {.type = type,
                                       .may_have_nulls = nulls != 0,
                                       .may_have_values = rows < 0 || nulls != rows,
                                       .may_have_nan = true};
    range.has_min = bound_of(stat_of(stats, "minValues", names, name_count), type, false,
                             was_widened, &range.min);
    range.has_max = bound_of(stat_of(stats, "maxValues", names, name_count), type, true,
                             was_widened, &range.max);
    *out_range = range;
}

bool mr_delta_skip_may(const struct mr_delta_skip *skip, const struct mr_value *values,
                       const struct mr_doc *stats)
{
    for (uint32_t i = 0; i < skip->term_count; i++) {
        const struct mr_delta_skip_term *term = &skip->terms[i];
        struct mr_predicate_range range;
        if (term->partition >= 0) {
            const struct mr_value *value = &values[term->partition];
            range = (struct mr_predicate_range){.type = term->type,
                                                .may_have_nulls = value->is_null,
                                                .may_have_values = !value->is_null,
                                                .may_have_nan = true,
                                                .has_min = true,
                                                .has_max = true,
                                                .min = *value,
                                                .max = *value};
        } else if (stats == NULL) {
            continue;
        } else {
            mr_delta_stats_range(stats, term->names, term->term->path_count, term->type,
                                 term->was_widened, &range);
        }
        if (!mr_predicate_term_may(term->term, &range)) return false;
    }
    return true;
}
