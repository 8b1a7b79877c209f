/* The probe: inference over records that look like those it has seen.
 *
 * Inference is a reader whose schema is empty: every field is one that it lacks, and the cursor
 * merges each value into the shape of what was seen. But a record whose fields are all there, with
 * values that are of their types already, adds nothing; that is nearly every one. So after the
 * first records inference makes a lane by the shape, whose columns are never made but only checked:
 * a record stays with it if each value adds nothing to its field's type. Any other is the cursor's,
 * and when the shape has grown by that, the lane is made anew after a while. An older lane is never
 * wrong, since shapes only widen: what added nothing then adds nothing now. */
#include <string.h>

#include "core/base/checked.h"
#include "core/format/json/json_reader_impl.h"
#include "kernels/text/convert.h"

enum { WAIT_MIN = 32, WAIT_MAX = 4096 };

static void nodes_skip(struct json_node *node)
{
    for (uint32_t i = 0; i < node->child_count; i++) {
        node->children[i].is_skipped = true;
        nodes_skip(&node->children[i]);
    }
}

static bool probe_make(struct mr_json_reader *r)
{
    struct json_probe *probe = &r->probe;
    size_t rows = MR_MAX(JSON_LANE_ITEMS_MAX, JSON_LANE_ROWS_MAX);
    r->lane.is_on = false;
    probe->root = (struct json_node){0};
    mr_arena_reset(&probe->arena);
    const struct mr_type *type = json_shape_raw_type(&r->unknown, &probe->arena);
    probe->values = MR_ARENA_ARRAY(&probe->arena, uint64_t, rows);
    probe->validity = MR_ARENA_ARRAY(&probe->arena, uint64_t, mr_bit_words((uint32_t)rows));
    if (type == NULL || probe->values == NULL || probe->validity == NULL) return false;
    if (json_node_init(&probe->root, &probe->arena, type, false, NULL) != MR_OK) return false;
    if (json_lane_init(&r->lane, &probe->arena, &probe->root, NULL) != MR_OK) return false;
    r->lane.is_probe = true;
    nodes_skip(&probe->root);
    json_lane_skip(&r->lane);
    return true;
}

bool json_probe_renew(struct mr_json_reader *r)
{
    struct json_probe *probe = &r->probe;
    uint64_t records = r->counters.records;
    probe->wait = MR_MAX(probe->wait, (uint32_t)WAIT_MIN);
    if (r->unknown.version == probe->version || records < probe->records + probe->wait) return true;
    if (!probe_make(r)) {
        r->d.status = MR_E_NOMEM;
        return false;
    }
    probe->version = r->unknown.version;
    probe->records = records;
    probe->wait = MR_MIN(probe->wait * 2, (uint32_t)WAIT_MAX);
    return true;
}

/* -- values that add nothing --------------------------------------------------------------- */

/* form_of: the converter that takes only values of a field's type. */
static mr_convert_form form_of(const struct mr_json_options *options, const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_BOOLEAN: return MR_CONVERT_BOOLEAN;
    case MR_TYPE_LONG: return MR_CONVERT_LONG;
    case MR_TYPE_DOUBLE: return MR_CONVERT_DOUBLE;
    case MR_TYPE_TIMESTAMP:
        return options->has_timestamp_format ? MR_CONVERT_FORMS : MR_CONVERT_TIME;
    default: return MR_CONVERT_FORMS;
    }
}

/* adds_nothing: a slot that the converter did not take: null, or a number of another form. */
static bool adds_nothing(const struct mr_json_reader *r, const struct mr_type *type,
                         const struct mr_json_slot *slot)
{
    const struct json_cursor *c = &r->d.cursor;
    struct mr_span text = {r->lane.walk.text + slot->at, slot->flags & MR_JSON_SLOT_BYTES_MAX};
    if ((slot->flags & MR_JSON_SLOT_STRING) != 0) return text.bytes == 0;
    while (text.bytes > 0 && json_is_blank(c, text.text[text.bytes - 1])) text.bytes--;
    if (text.bytes == 0) return false;
    json_token token = json_token_of(c, text);
    bool is_number = token == JSON_TOKEN_INTEGER || token == JSON_TOKEN_REAL;
    return token == JSON_TOKEN_NULL || (type->id == MR_TYPE_DOUBLE && is_number);
}

uint32_t json_probe_check(struct mr_json_reader *r, uint32_t number, uint32_t count,
                          uint64_t *misfits)
{
    struct json_lane *lane = &r->lane;
    const struct mr_type *type = lane->columns[number].node->type;
    const struct mr_json_slot *slots = lane->walk.columns[number].slots;
    mr_convert_form form = form_of(&r->options, type);
    const struct mr_convert c = {.text = lane->walk.text,
                                 .slots = (const uint32_t (*)[2])slots,
                                 .count = count,
                                 .values = r->probe.values,
                                 .validity = r->probe.validity,
                                 .rest = lane->rest_slots,
                                 .takes_zulu = true,
                                 .takes_local = true,
                                 .date = &r->d.date};
    if (type->id == MR_TYPE_STRING) return json_lane_check(r, number, count, misfits);
    uint32_t rest = form == MR_CONVERT_FORMS
                        ? json_lane_present(slots, count, lane->rest_slots)
                        : mr_convert_kernels(r->window.kernels->isa)->form[form](&c);
    for (uint32_t i = 0; i < rest; i++) {
        uint32_t k = lane->rest_slots[i];
        if (adds_nothing(r, type, &slots[k])) continue;
        if (misfits == NULL) return k;
        mr_bit_set(misfits, k);
    }
    return count;
}
