#include "core/format/delta/delta_widen.h"

#include "core/base/checked.h"

enum { ERR_TYPE = 3106 };

static const char *const changes_key = "delta.typeChanges";

/* Digits that a decimal needs in front of the point to take the type in; -1 = it never does. */
static int whole_digits(const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
    case MR_TYPE_INT: return 10;
    case MR_TYPE_LONG: return 20;
    case MR_TYPE_DECIMAL: return type->precision - type->scale;
    default: return -1;
    }
}

static bool widens_to_decimal(const struct mr_type *from, const struct mr_type *to)
{
    int whole = whole_digits(from);
    int scale = from->id == MR_TYPE_DECIMAL ? from->scale : 0;
    if (whole < 0 || to->scale < scale || to->precision - to->scale < whole) return false;
    return from->id != MR_TYPE_DECIMAL || to->precision > from->precision;
}

bool mr_delta_type_widens(const struct mr_type *from, const struct mr_type *to)
{
    bool is_small =
        from->id == MR_TYPE_BYTE || from->id == MR_TYPE_SHORT || from->id == MR_TYPE_INT;
    switch (to->id) {
    case MR_TYPE_SHORT:
    case MR_TYPE_INT:
    case MR_TYPE_LONG: return is_small && from->id < to->id;
    case MR_TYPE_DOUBLE: return is_small || from->id == MR_TYPE_FLOAT;
    case MR_TYPE_DECIMAL: return widens_to_decimal(from, to);
    case MR_TYPE_TIMESTAMP_NTZ: return from->id == MR_TYPE_DATE;
    default: return false;
    }
}

void mr_delta_change_write(const struct mr_type *from, const struct mr_type *to,
                           struct mr_span path, struct mr_text *out)
{
    mr_text_adds(out, out->used > 0 ? ",{\"fromType\":" : "{\"fromType\":");
    mr_type_write_json(from, out);
    mr_text_adds(out, ",\"toType\":");
    mr_type_write_json(to, out);
    if (path.bytes > 0) {
        mr_text_adds(out, ",\"fieldPath\":");
        mr_text_add_json(out, path);
    }
    mr_text_addc(out, '}');
}

/* The changes so far, and `items`, in brackets. */
static void write_changes(const struct mr_doc *held, struct mr_span items, struct mr_text *out)
{
    mr_text_addc(out, '[');
    for (const struct mr_doc *item = held == NULL ? NULL : held->first; item; item = item->next) {
        mr_doc_write(item, out);
        mr_text_addc(out, ',');
    }
    mr_text_add(out, items.text, items.bytes);
    mr_text_addc(out, ']');
}

static void write_metadata(const struct mr_doc *metadata, const struct mr_doc *held,
                           struct mr_span items, struct mr_text *out)
{
    mr_text_addc(out, '{');
    for (const struct mr_doc *m = metadata == NULL ? NULL : metadata->first; m; m = m->next) {
        if (mr_span_is(m->key, changes_key)) continue;
        mr_text_add_json(out, m->key);
        mr_text_addc(out, ':');
        mr_doc_write(m, out);
        mr_text_addc(out, ',');
    }
    mr_text_add_json(out, mr_span_of(changes_key));
    mr_text_addc(out, ':');
    write_changes(held, items, out);
    mr_text_addc(out, '}');
}

mr_status mr_delta_changes_add(struct mr_arena *arena, struct mr_span metadata,
                               struct mr_span items, struct mr_span *out_metadata,
                               struct mr_err *err)
{
    const struct mr_doc *doc = NULL;
    struct mr_text text;
    if (metadata.bytes > 0) MR_TRY(mr_doc_read(arena, metadata, &doc, err));
    const struct mr_doc *held = mr_doc_get(doc, changes_key);
    if ((doc != NULL && doc->kind != MR_DOC_OBJECT) ||
        (held != NULL && held->kind != MR_DOC_ARRAY)) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_TYPE,
                          "the metadata of a column has no list of type changes: %.*s",
                          (int)MR_MIN(metadata.bytes, (size_t)200), metadata.text);
    }
    mr_text_init(&text, arena->heap);
    write_metadata(doc, held, items, &text);
    mr_status status = mr_text_end(&text, err);
    if (status == MR_OK) {
        const char *copy = mr_arena_copy(arena, mr_text_span(&text));
        *out_metadata = (struct mr_span){copy, text.used};
        if (copy == NULL) status = mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a schema");
    }
    mr_text_fini(&text);
    return status;
}
