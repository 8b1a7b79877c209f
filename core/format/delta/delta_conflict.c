#include "core/format/delta/delta_conflict.h"

static bool dv_equal(const struct mr_delta_dv *a, const struct mr_delta_dv *b)
{
    return a->storage == b->storage &&
           (a->storage == 0 || (mr_span_eq(a->place, b->place) && a->off == b->off));
}

static bool intent_has_read(const struct mr_delta_intent *intent, struct mr_span path)
{
    if (intent->has_read_all) return true;
    for (uint32_t i = 0; i < intent->read_count; i++) {
        if (mr_span_eq(intent->read_paths[i], path)) return true;
    }
    return false;
}

static mr_delta_conflict conflict_of_remove(const struct mr_delta_intent *intent,
                                            const struct mr_delta_file *winner)
{
    for (uint32_t i = 0; i < intent->action_count; i++) {
        const struct mr_delta_action *own = &intent->actions[i];
        if (own->kind != MR_DELTA_REMOVE || !mr_span_eq(own->u.file.path, winner->path)) continue;
        if (dv_equal(&own->u.file.dv, &winner->dv)) return MR_DELTA_CONFLICT_REMOVED;
    }
    bool matters = winner->is_data_change && intent_has_read(intent, winner->path);
    return matters ? MR_DELTA_CONFLICT_REMOVED : MR_DELTA_CONFLICT_NONE;
}

static bool intent_has_txn(const struct mr_delta_intent *intent, struct mr_span app_id)
{
    for (uint32_t i = 0; i < intent->action_count; i++) {
        const struct mr_delta_action *own = &intent->actions[i];
        if (own->kind == MR_DELTA_TXN && mr_span_eq(own->u.txn.app_id, app_id)) return true;
    }
    return false;
}

static bool intent_has_domain(const struct mr_delta_intent *intent, struct mr_span domain)
{
    for (uint32_t i = 0; i < intent->action_count; i++) {
        const struct mr_delta_action *own = &intent->actions[i];
        if (own->kind == MR_DELTA_DOMAIN && mr_span_eq(own->u.domain.domain, domain)) return true;
    }
    return false;
}

mr_delta_conflict mr_delta_conflict_of(const struct mr_delta_intent *intent,
                                       const struct mr_delta_action *winner)
{
    switch (winner->kind) {
    case MR_DELTA_PROTOCOL: return MR_DELTA_CONFLICT_PROTOCOL;
    case MR_DELTA_METADATA: return MR_DELTA_CONFLICT_METADATA;
    case MR_DELTA_TXN:
        if (intent_has_txn(intent, winner->u.txn.app_id)) return MR_DELTA_CONFLICT_TXN;
        break;
    case MR_DELTA_DOMAIN:
        if (intent_has_domain(intent, winner->u.domain.domain)) return MR_DELTA_CONFLICT_DOMAIN;
        break;
    case MR_DELTA_REMOVE: return conflict_of_remove(intent, &winner->u.file);
    case MR_DELTA_ADD:
        if (intent->has_read_all && intent->is_data_change && winner->u.file.is_data_change) {
            return MR_DELTA_CONFLICT_ADDED;
        }
        break;
    case MR_DELTA_CDC:
    case MR_DELTA_COMMIT_INFO:
    case MR_DELTA_SIDECAR:
    case MR_DELTA_OTHER: break;
    }
    return MR_DELTA_CONFLICT_NONE;
}

const char *mr_delta_conflict_text(mr_delta_conflict conflict)
{
    static const char *const texts[] = {
        [MR_DELTA_CONFLICT_NONE] = "nothing conflicts",
        [MR_DELTA_CONFLICT_PROTOCOL] = "the table's protocol was changed",
        [MR_DELTA_CONFLICT_METADATA] = "the table's schema or properties were changed",
        [MR_DELTA_CONFLICT_TXN] = "another run of the same stream committed",
        [MR_DELTA_CONFLICT_DOMAIN] = "the same metadata domain was changed",
        [MR_DELTA_CONFLICT_REMOVED] = "a file that was read or removed here is gone",
        [MR_DELTA_CONFLICT_ADDED] = "files were added to what was read here",
    };
    return texts[conflict];
}
