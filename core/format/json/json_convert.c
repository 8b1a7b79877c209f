/* The lane's second phase: slots to values, one column at a time.
 *
 * Every type has its plain form, which kernels/text/convert.h takes; a slot that has another goes
 * through the cursor's own leaf functions, and what those refuse ends the run. */
#include "core/base/assert.h"
#include "core/format/json/json_reader_impl.h"
#include "kernels/text/convert.h"

static_assert(sizeof(struct mr_json_slot) == sizeof(uint32_t[2]) &&
                  MR_JSON_SLOT_STRING == MR_SLOT_QUOTED && MR_JSON_SLOT_CARE == MR_SLOT_CARE &&
                  MR_JSON_SLOT_BYTES_MAX == MR_SLOT_BYTES && MR_JSON_SLOT_ABSENT == MR_SLOT_NONE,
              "the walk's slots are those of the converters");

/* -- the general way ----------------------------------------------------------------------- */

static bool text_put(struct mr_json_reader *r, struct json_node *node, uint32_t row,
                     const struct mr_json_slot *slot)
{
    struct json_decoder *d = &r->d;
    uint32_t bytes = slot->flags & MR_JSON_SLOT_BYTES_MAX;
    const char *text = d->cursor.text + slot->at;
    bool is_view = (slot->flags & MR_JSON_SLOT_CARE) == 0;
    if (!is_view) {
        bytes = json_decoder_string(d, slot->at, slot->at + bytes, &text);
        if (bytes == JSON_FAIL) return false;
    }
    if (node->type->id != MR_TYPE_STRING) {
        return json_put_text(d, node, row, (struct mr_span){text, bytes});
    }
    ((struct mr_view *)node->vec->values)[row] =
        is_view ? json_text_view(d, slot->at, bytes) : json_space_view(d, text, bytes);
    mr_bit_set(node->vec->validity, row);
    return true;
}

/* slot_put: any slot, with its bit; false when the cursor has to look at the record. */
static bool slot_put(struct mr_json_reader *r, struct json_node *node, uint32_t row,
                     const struct mr_json_slot *slot)
{
    struct json_decoder *d = &r->d;
    if ((slot->flags & MR_JSON_SLOT_STRING) != 0) return text_put(r, node, row, slot);
    struct mr_span text = {d->cursor.text + slot->at, slot->flags};
    while (text.bytes > 0 && json_is_blank(&d->cursor, text.text[text.bytes - 1])) text.bytes--;
    if (text.bytes == 0) return false;
    json_token token = json_token_of(&d->cursor, text);
    if (token == JSON_TOKEN_BAD) return false;
    return json_put_scalar(d, node, row, token, text);
}

/* -- whole columns ------------------------------------------------------------------------- */

/* form_of: the converter of a type's plain values; MR_CONVERT_FORMS when it has none. */
static mr_convert_form form_of(const struct mr_json_options *options, const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_STRING: return MR_CONVERT_STRING;
    case MR_TYPE_BOOLEAN: return MR_CONVERT_BOOLEAN;
    case MR_TYPE_INT: return MR_CONVERT_INT;
    case MR_TYPE_LONG: return MR_CONVERT_LONG;
    case MR_TYPE_DOUBLE: return MR_CONVERT_DOUBLE;
    case MR_TYPE_DECIMAL: return mr_decimal_is_long(type) ? MR_CONVERT_DECIMAL : MR_CONVERT_FORMS;
    case MR_TYPE_DATE: return options->has_date_format ? MR_CONVERT_FORMS : MR_CONVERT_DATE;
    case MR_TYPE_TIMESTAMP:
        return options->has_timestamp_format ? MR_CONVERT_FORMS : MR_CONVERT_TIME;
    case MR_TYPE_TIMESTAMP_NTZ:
        return options->has_ntz_format ? MR_CONVERT_FORMS : MR_CONVERT_TIME;
    default: return MR_CONVERT_FORMS;
    }
}

uint32_t json_lane_present(const struct mr_json_slot *slots, uint32_t count, uint32_t *out)
{
    uint32_t present = 0;
    for (uint32_t k = 0; k < count; k++) {
        out[present] = k;
        present += slots[k].flags != MR_JSON_SLOT_ABSENT;
    }
    return present;
}

uint32_t json_lane_convert(struct mr_json_reader *r, uint32_t number, uint32_t count,
                           uint64_t *misfits)
{
    struct json_lane *lane = &r->lane;
    struct json_node *node = lane->columns[number].node;
    const struct mr_json_slot *slots = lane->walk.columns[number].slots;
    const struct mr_type *type = node->type;
    mr_convert_form form = form_of(&r->options, type);
    bool is_ntz = type->id == MR_TYPE_TIMESTAMP_NTZ;
    const struct mr_convert c = {
        .text = lane->walk.text,
        .slots = (const uint32_t (*)[2])slots,
        .count = count,
        .row = lane->columns[number].base,
        .values = node->vec->values,
        .validity = node->vec->validity,
        .rest = lane->rest_slots,
        .buffer = r->d.buffer,
        .buffer_off = r->d.buffer_off,
        .precision = type->precision,
        .scale = type->scale,
        .takes_zulu = !is_ntz,
        .takes_local = is_ntz || r->d.zone == NULL,
        .date = &r->d.date,
    };
    uint32_t rest = form == MR_CONVERT_FORMS
                        ? json_lane_present(slots, count, lane->rest_slots)
                        : mr_convert_kernels(r->window.kernels->isa)->form[form](&c);
    for (uint32_t i = 0; i < rest; i++) {
        uint32_t k = lane->rest_slots[i];
        if (slot_put(r, node, c.row + k, &slots[k])) continue;
        if (misfits == NULL) return k;
        mr_bit_set(misfits, k);
    }
    return count;
}

bool json_lane_try(struct mr_json_reader *r, uint32_t number, uint32_t row)
{
    const struct json_lane_column *column = &r->lane.columns[number];
    struct json_node *node = column->node;
    bool fits = slot_put(r, node, column->base + row, &r->lane.walk.columns[number].slots[row]);
    mr_bit_clear(node->vec->validity, column->base + row);
    return fits;
}

/* slot_is_json: any slot of a column that is only checked. */
static bool slot_is_json(struct mr_json_reader *r, const struct mr_json_slot *slot)
{
    struct json_cursor *c = &r->d.cursor;
    uint32_t bytes = slot->flags & MR_JSON_SLOT_BYTES_MAX;
    if ((slot->flags & MR_JSON_SLOT_STRING) != 0) {
        return json_escapes_check(c, slot->at, slot->at + bytes);
    }
    struct mr_span text = {c->text + slot->at, bytes};
    while (text.bytes > 0 && json_is_blank(c, text.text[text.bytes - 1])) text.bytes--;
    return text.bytes > 0 && json_token_of(c, text) != JSON_TOKEN_BAD;
}

uint32_t json_lane_check(struct mr_json_reader *r, uint32_t number, uint32_t count,
                         uint64_t *misfits)
{
    struct json_lane *lane = &r->lane;
    const struct mr_json_slot *slots = lane->walk.columns[number].slots;
    const struct mr_convert c = {.text = lane->walk.text,
                                 .slots = (const uint32_t (*)[2])slots,
                                 .count = count,
                                 .rest = lane->rest_slots};
    uint32_t rest = mr_convert_kernels(r->window.kernels->isa)->form[MR_CONVERT_NUMBER](&c);
    for (uint32_t i = 0; i < rest; i++) {
        uint32_t k = lane->rest_slots[i];
        if (slot_is_json(r, &slots[k])) continue;
        if (misfits == NULL) return k;
        mr_bit_set(misfits, k);
    }
    return count;
}
