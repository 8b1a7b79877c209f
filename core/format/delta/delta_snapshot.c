#include "core/format/delta/delta_snapshot.h"

#include <inttypes.h>
#include <stdalign.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_path.h"
#include "core/format/delta/delta_protocol.h"

enum { ERR_LOG = 3102, SLOTS_MIN = 64, NUMBERS_MAX = 7, TEXTS_MAX = 5, DEAD_BYTES_MIN = 1 << 16 };

/* A packed action; numbers[number_count], text_bytes[text_count] and the texts follow. */
struct mr_delta_record {
    uint64_t hash;
    uint32_t bytes;
    uint8_t kind;
    uint8_t storage; /* of the deletion vector */
    uint8_t number_count : 4;
    uint8_t text_count : 4;
    uint8_t flag; /* is_data_change or is_removed */
    int64_t numbers[];
};

/* What a record is made from and taken apart to. */
struct parts {
    int64_t numbers[NUMBERS_MAX];
    struct mr_span texts[TEXTS_MAX];
    uint8_t number_count;
    uint8_t text_count;
    uint8_t storage;
    bool flag;
};

static mr_status snapshot_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the state of a table");
}

void mr_delta_snapshot_init(struct mr_delta_snapshot *snapshot, struct mr_heap *heap)
{
    *snapshot = (struct mr_delta_snapshot){
        .heap = heap, .version = -1, .expire_ms = INT64_MIN, .in_commit_ms = MR_DELTA_NONE};
    mr_arena_init(&snapshot->protocol_arena, heap, 0);
    mr_arena_init(&snapshot->metadata_arena, heap, 0);
    mr_arena_init(&snapshot->records, heap, 0);
}

void mr_delta_snapshot_fini(struct mr_delta_snapshot *snapshot)
{
    if (snapshot->heap == NULL) return;
    mr_arena_fini(&snapshot->protocol_arena);
    mr_arena_fini(&snapshot->metadata_arena);
    mr_arena_fini(&snapshot->records);
    mr_heap_give(snapshot->heap, snapshot->slots, snapshot->slot_count * sizeof *snapshot->slots);
    *snapshot = (struct mr_delta_snapshot){.heap = NULL};
}

/* ---- records ---- */

static uint64_t hash_bytes(uint64_t hash, const char *text, size_t bytes)
{
    /* FNV-1a over bytes; mixed once at the end, since probing uses the low bits. */
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t hash_end(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

/* Adds and removes share keys; txns and domains have their own. */
static uint64_t hash_space(mr_delta_kind kind)
{
    return kind == MR_DELTA_REMOVE ? MR_DELTA_ADD : (uint64_t)kind;
}

static uint32_t *record_lengths(const struct mr_delta_record *record)
{
    return (uint32_t *)(uintptr_t)(record->numbers + record->number_count);
}

static struct mr_delta_record *record_make(struct mr_arena *arena, mr_delta_kind kind,
                                           uint64_t hash, const struct parts *parts)
{
    size_t bytes = sizeof(struct mr_delta_record) + parts->number_count * sizeof(int64_t) +
                   parts->text_count * sizeof(uint32_t);
    for (uint8_t i = 0; i < parts->text_count; i++) bytes += parts->texts[i].bytes;
    if (bytes > UINT32_MAX - 1) return NULL;
    struct mr_delta_record *record = mr_arena_alloc(arena, bytes, alignof(int64_t));
    if (record == NULL) return NULL;
    *record = (struct mr_delta_record){.hash = hash,
                                       .bytes = (uint32_t)bytes,
                                       .kind = (uint8_t)kind,
                                       .storage = parts->storage,
                                       .number_count = parts->number_count & 15,
                                       .text_count = parts->text_count & 15,
                                       .flag = parts->flag};
    memcpy(record->numbers, parts->numbers, parts->number_count * sizeof(int64_t));
    uint32_t *lengths = record_lengths(record);
    char *to = (char *)(lengths + parts->text_count);
    for (uint8_t i = 0; i < parts->text_count; i++) {
        struct mr_span text = parts->texts[i];
        lengths[i] = text.text == NULL ? UINT32_MAX : (uint32_t)text.bytes;
        if (text.bytes > 0) memcpy(to, text.text, text.bytes);
        to += text.bytes;
    }
    return record;
}

static void record_open(const struct mr_delta_record *record, struct parts *out)
{
    static const int64_t absent[NUMBERS_MAX] = {0, 0, MR_DELTA_NONE, MR_DELTA_NONE, MR_DELTA_NONE,
                                                0, 0};
    const uint32_t *lengths = record_lengths(record);
    const char *at = (const char *)(lengths + record->text_count);
    *out = (struct parts){.number_count = record->number_count,
                          .text_count = record->text_count,
                          .storage = record->storage,
                          .flag = record->flag != 0};
    memcpy(out->numbers, absent, sizeof absent);
    memcpy(out->numbers, record->numbers, record->number_count * sizeof(int64_t));
    for (uint8_t i = 0; i < record->text_count; i++) {
        if (lengths[i] == UINT32_MAX) continue;
        out->texts[i] = (struct mr_span){at, lengths[i]};
        at += lengths[i];
    }
}

static void file_parts(const struct mr_delta_file *file, struct parts *out)
{
    bool is_plain = file->dv.storage == 0 && file->base_row_id == MR_DELTA_NONE &&
                    file->row_commit_version == MR_DELTA_NONE;
    *out = (struct parts){
        .numbers = {file->bytes, file->time_ms, file->base_row_id, file->row_commit_version,
                    file->dv.off, file->dv.bytes, file->dv.cardinality},
        .texts = {file->path, file->partition_values, file->stats, file->tags, file->dv.place},
        .number_count = is_plain ? 2 : NUMBERS_MAX,
        .text_count = is_plain ? 4 : TEXTS_MAX,
        .storage = (uint8_t)file->dv.storage,
        .flag = file->is_data_change};
}

static void file_of_parts(const struct parts *parts, struct mr_delta_file *out)
{
    *out = (struct mr_delta_file){.path = parts->texts[0],
                                  .partition_values = parts->texts[1],
                                  .stats = parts->texts[2],
                                  .tags = parts->texts[3],
                                  .bytes = parts->numbers[0],
                                  .time_ms = parts->numbers[1],
                                  .base_row_id = parts->numbers[2],
                                  .row_commit_version = parts->numbers[3],
                                  .is_data_change = parts->flag,
                                  .dv = {.storage = (char)parts->storage,
                                         .place = parts->texts[4],
                                         .off = parts->numbers[4],
                                         .bytes = parts->numbers[5],
                                         .cardinality = parts->numbers[6]}};
}

static void action_parts(const struct mr_delta_action *action, struct parts *out)
{
    if (action->kind == MR_DELTA_TXN) {
        const struct mr_delta_txn *txn = &action->u.txn;
        *out = (struct parts){.numbers = {txn->version, txn->updated_ms},
                              .texts = {txn->app_id},
                              .number_count = 2,
                              .text_count = 1};
    } else if (action->kind == MR_DELTA_DOMAIN) {
        const struct mr_delta_domain *domain = &action->u.domain;
        *out = (struct parts){.texts = {domain->domain, domain->configuration},
                              .text_count = 2,
                              .flag = domain->is_removed};
    } else {
        file_parts(&action->u.file, out);
    }
}

static void record_action(const struct mr_delta_record *record, struct mr_delta_action *out)
{
    struct parts parts;
    record_open(record, &parts);
    out->kind = (mr_delta_kind)record->kind;
    if (out->kind == MR_DELTA_TXN) {
        out->u.txn = (struct mr_delta_txn){
            .app_id = parts.texts[0], .version = parts.numbers[0], .updated_ms = parts.numbers[1]};
    } else if (out->kind == MR_DELTA_DOMAIN) {
        out->u.domain = (struct mr_delta_domain){
            .domain = parts.texts[0], .configuration = parts.texts[1], .is_removed = parts.flag};
    } else {
        file_of_parts(&parts, &out->u.file);
    }
}

void mr_delta_dv_write(const struct mr_delta_dv *dv, struct mr_text *out)
{
    if (dv->storage == 0) return;
    mr_text_addc(out, dv->storage);
    mr_text_add(out, dv->place.text, dv->place.bytes);
    if (dv->off != MR_DELTA_NONE) mr_text_addf(out, "@%" PRId64, dv->off);
}

/* The key as bytes; for files the decoded path, a zero byte and the deletion vector. */
static void key_write(const struct mr_delta_action *action, struct mr_text *out)
{
    mr_text_addc(out, (char)hash_space(action->kind));
    switch (action->kind) {
    case MR_DELTA_TXN:
        mr_text_add(out, action->u.txn.app_id.text, action->u.txn.app_id.bytes);
        break;
    case MR_DELTA_DOMAIN:
        mr_text_add(out, action->u.domain.domain.text, action->u.domain.domain.bytes);
        break;
    default:
        mr_delta_path_decode(action->u.file.path, out);
        mr_text_addc(out, '\0');
        mr_delta_dv_write(&action->u.file.dv, out);
        break;
    }
}

/* ---- the table of keys ---- */

/* Whether the record has the key; both texts are written again only when hashes agree. */
static bool record_has_key(const struct mr_delta_snapshot *s, const struct mr_delta_record *record,
                           uint64_t hash, struct mr_span key, bool *is_failed)
{
    struct mr_delta_action action;
    struct mr_text text;
    if (record->hash != hash) return false;
    record_action(record, &action);
    mr_text_init(&text, s->heap);
    key_write(&action, &text);
    bool is_same = mr_span_eq(mr_text_span(&text), key);
    *is_failed = *is_failed || text.is_failed;
    mr_text_fini(&text);
    return is_same;
}

/* The slot of the key, or the empty one where it belongs. Needs an empty slot. */
static uint32_t slot_of(const struct mr_delta_snapshot *s, uint64_t hash, struct mr_span key,
                        bool *is_failed)
{
    uint32_t mask = s->slot_count - 1, slot = (uint32_t)hash & mask;
    while (s->slots[slot] != NULL && !record_has_key(s, s->slots[slot], hash, key, is_failed)) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

static void slots_insert(struct mr_delta_record **slots, uint32_t slot_count,
                         struct mr_delta_record *record)
{
    uint32_t slot = (uint32_t)record->hash & (slot_count - 1);
    while (slots[slot] != NULL) slot = (slot + 1) & (slot_count - 1);
    slots[slot] = record;
}

static mr_status slots_grow(struct mr_delta_snapshot *s, struct mr_err *err)
{
    if (s->used < s->slot_count / 4 * 3) return MR_OK;
    if (s->slot_count >= UINT32_C(1) << 31) return snapshot_nomem(err);
    uint32_t count = s->slot_count == 0 ? SLOTS_MIN : s->slot_count * 2;
    struct mr_delta_record **slots = mr_heap_zeroed(s->heap, count * sizeof *slots);
    if (slots == NULL) return snapshot_nomem(err);
    for (uint32_t i = 0; i < s->slot_count; i++) {
        if (s->slots[i] != NULL) slots_insert(slots, count, s->slots[i]);
    }
    mr_heap_give(s->heap, s->slots, s->slot_count * sizeof *slots);
    s->slots = slots;
    s->slot_count = count;
    return MR_OK;
}

static void count_record(struct mr_delta_snapshot *s, const struct mr_delta_record *record, int by)
{
    uint64_t delta = (uint64_t)(int64_t)by;
    s->live_bytes += delta * record->bytes;
    switch ((mr_delta_kind)record->kind) {
    case MR_DELTA_ADD:
        s->file_count += delta;
        s->file_bytes += delta * (uint64_t)record->numbers[0];
        break;
    case MR_DELTA_REMOVE: s->remove_count += delta; break;
    case MR_DELTA_TXN: s->txn_count += delta; break;
    default: s->domain_count += delta; break;
    }
}

static bool is_expired(const struct mr_delta_snapshot *s, const struct mr_delta_record *record)
{
    if (record->kind == MR_DELTA_DOMAIN) return record->flag != 0;
    return record->kind == MR_DELTA_REMOVE && record->numbers[1] < s->expire_ms;
}

/* Moves what is alive to a new arena and drops the rest. */
static mr_status records_move(struct mr_delta_snapshot *s, struct mr_err *err)
{
    struct mr_arena arena;
    struct mr_delta_record **slots = mr_heap_zeroed(s->heap, s->slot_count * sizeof *slots);
    if (slots == NULL) return snapshot_nomem(err);
    mr_arena_init(&arena, s->heap, 0);
    for (uint32_t i = 0; i < s->slot_count; i++) {
        struct mr_delta_record *record = s->slots[i];
        if (record == NULL || is_expired(s, record)) continue;
        struct mr_delta_record *copy = mr_arena_alloc(&arena, record->bytes, alignof(int64_t));
        if (copy == NULL) {
            mr_arena_fini(&arena);
            mr_heap_give(s->heap, slots, s->slot_count * sizeof *slots);
            return snapshot_nomem(err);
        }
        memcpy(copy, record, record->bytes);
        slots_insert(slots, s->slot_count, copy);
    }
    for (uint32_t i = 0; i < s->slot_count; i++) {
        if (s->slots[i] == NULL || !is_expired(s, s->slots[i])) continue;
        count_record(s, s->slots[i], -1);
        s->used--;
    }
    mr_heap_give(s->heap, s->slots, s->slot_count * sizeof *slots);
    mr_arena_fini(&s->records);
    s->slots = slots;
    s->records = arena;
    s->dead_bytes = 0;
    return MR_OK;
}

static mr_status apply_keyed(struct mr_delta_snapshot *s, const struct mr_delta_action *action,
                             struct mr_err *err)
{
    struct parts parts;
    struct mr_text key;
    bool is_failed = false;
    MR_TRY(slots_grow(s, err));
    mr_text_init(&key, s->heap);
    key_write(action, &key);
    struct mr_span span = mr_text_span(&key);
    uint64_t hash = hash_end(hash_bytes(hash_start, span.text, span.bytes));
    uint32_t slot = slot_of(s, hash, span, &is_failed);
    is_failed = is_failed || key.is_failed;
    mr_text_fini(&key);
    action_parts(action, &parts);
    struct mr_delta_record *record =
        is_failed ? NULL : record_make(&s->records, action->kind, hash, &parts);
    if (record == NULL) return snapshot_nomem(err);
    if (s->slots[slot] == NULL) {
        s->used++;
    } else {
        count_record(s, s->slots[slot], -1);
        s->dead_bytes += s->slots[slot]->bytes;
    }
    s->slots[slot] = record;
    count_record(s, record, 1);
    if (is_expired(s, record)) s->dead_bytes += record->bytes; /* goes with the next move */
    if (s->dead_bytes <= s->live_bytes + DEAD_BYTES_MIN) return MR_OK;
    return records_move(s, err);
}

/* ---- protocol and metadata ---- */

static bool span_clone(struct mr_arena *arena, struct mr_span from, struct mr_span *out)
{
    *out = from;
    if (from.text == NULL) return true;
    out->text = mr_arena_copy(arena, from);
    return out->text != NULL;
}

static bool spans_clone(struct mr_arena *arena, const struct mr_span *from, uint32_t count,
                        const struct mr_span **out)
{
    *out = NULL;
    if (from == NULL) return true;
    struct mr_span *copy = MR_ARENA_ARRAY(arena, struct mr_span, (size_t)count + 1);
    if (copy == NULL) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!span_clone(arena, from[i], &copy[i])) return false;
    }
    *out = copy;
    return true;
}

bool mr_delta_protocol_clone(struct mr_arena *arena, const struct mr_delta_protocol *from,
                             struct mr_delta_protocol *out)
{
    *out = *from;
    return spans_clone(arena, from->reader_features, from->reader_count, &out->reader_features) &&
           spans_clone(arena, from->writer_features, from->writer_count, &out->writer_features);
}

bool mr_delta_metadata_clone(struct mr_arena *arena, const struct mr_delta_metadata *from,
                             struct mr_delta_metadata *out)
{
    *out = *from;
    struct mr_delta_property *list =
        MR_ARENA_ARRAY(arena, struct mr_delta_property, (size_t)from->property_count + 1);
    if (list == NULL) return false;
    out->properties = list;
    for (uint32_t i = 0; i < from->property_count; i++) {
        if (!span_clone(arena, from->properties[i].key, &list[i].key)) return false;
        if (!span_clone(arena, from->properties[i].value, &list[i].value)) return false;
    }
    return span_clone(arena, from->id, &out->id) && span_clone(arena, from->name, &out->name) &&
           span_clone(arena, from->description, &out->description) &&
           span_clone(arena, from->schema, &out->schema) &&
           spans_clone(arena, from->partition_columns, from->partition_count,
                       &out->partition_columns);
}

static mr_status apply_protocol(struct mr_delta_snapshot *s, const struct mr_delta_protocol *from,
                                struct mr_err *err)
{
    mr_arena_reset(&s->protocol_arena);
    s->has_protocol = false;
    if (!mr_delta_protocol_clone(&s->protocol_arena, from, &s->protocol)) {
        return snapshot_nomem(err);
    }
    s->has_protocol = true;
    return MR_OK;
}

static mr_status apply_metadata(struct mr_delta_snapshot *s, const struct mr_delta_metadata *from,
                                struct mr_err *err)
{
    mr_arena_reset(&s->metadata_arena);
    s->has_metadata = false;
    s->schema = NULL;
    if (!mr_delta_metadata_clone(&s->metadata_arena, from, &s->metadata)) {
        return snapshot_nomem(err);
    }
    s->has_metadata = true;
    return MR_OK;
}

/* ---- the interface ---- */

mr_status mr_delta_snapshot_apply(struct mr_delta_snapshot *snapshot,
                                  const struct mr_delta_action *action, struct mr_err *err)
{
    switch (action->kind) {
    case MR_DELTA_PROTOCOL: return apply_protocol(snapshot, &action->u.protocol, err);
    case MR_DELTA_METADATA: return apply_metadata(snapshot, &action->u.metadata, err);
    case MR_DELTA_ADD:
    case MR_DELTA_REMOVE:
    case MR_DELTA_TXN:
    case MR_DELTA_DOMAIN: return apply_keyed(snapshot, action, err);
    case MR_DELTA_COMMIT_INFO:
        if (action->u.commit_info.in_commit_ms != MR_DELTA_NONE) {
            snapshot->in_commit_ms = action->u.commit_info.in_commit_ms;
        }
        return MR_OK;
    case MR_DELTA_CDC:
    case MR_DELTA_SIDECAR:
    case MR_DELTA_OTHER: break;
    }
    return MR_OK;
}

mr_status mr_delta_snapshot_replay(struct mr_delta_snapshot *snapshot, struct mr_arena *scratch,
                                   struct mr_span text,
                                   void (*seen)(void *ctx, const struct mr_delta_action *action),
                                   void *seen_ctx, struct mr_err *err)
{
    struct mr_span rest = text, line;
    while (mr_delta_line(&rest, &line)) {
        struct mr_delta_action action;
        mr_arena_reset(scratch);
        mr_status status = mr_delta_action_decode(scratch, line, &action, err);
        if (status == MR_OK && seen != NULL) seen(seen_ctx, &action);
        if (status == MR_OK) status = mr_delta_snapshot_apply(snapshot, &action, err);
        if (status != MR_OK) {
            if (err != NULL) mr_err_at(err, (uint64_t)(line.text - text.text));
            return status;
        }
    }
    return MR_OK;
}

static mr_status schema_read(struct mr_delta_snapshot *s, struct mr_err *err)
{
    const struct mr_doc *doc = NULL;
    const struct mr_type *schema = NULL;
    mr_status status = mr_doc_read(&s->metadata_arena, s->metadata.schema, &doc, err);
    if (status == MR_OK) status = mr_type_read_json(&s->metadata_arena, doc, &schema, err);
    if (status != MR_OK) return status;
    if (schema->id != MR_TYPE_STRUCT) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "the table's schema is no struct");
    }
    s->schema = schema;
    return MR_OK;
}

mr_status mr_delta_snapshot_settle(struct mr_delta_snapshot *snapshot, struct mr_err *err)
{
    if (!snapshot->has_protocol) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "the table's log has no protocol action");
    }
    if (!snapshot->has_metadata) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "the table's log has no metaData action");
    }
    MR_TRY(mr_delta_can_read(&snapshot->protocol, err));
    return snapshot->schema == NULL ? schema_read(snapshot, err) : MR_OK;
}

bool mr_delta_snapshot_next(const struct mr_delta_snapshot *snapshot, uint32_t *cursor,
                            struct mr_delta_action *out_action)
{
    while (*cursor < snapshot->slot_count) {
        const struct mr_delta_record *record = snapshot->slots[(*cursor)++];
        if (record == NULL || is_expired(snapshot, record)) continue;
        record_action(record, out_action);
        return true;
    }
    return false;
}

int64_t mr_delta_snapshot_txn(const struct mr_delta_snapshot *snapshot, struct mr_span app_id)
{
    const unsigned char space = MR_DELTA_TXN;
    if (snapshot->slot_count == 0) return MR_DELTA_NONE;
    uint64_t hash = hash_bytes(hash_start, (const char *)&space, 1);
    hash = hash_end(hash_bytes(hash, app_id.text, app_id.bytes));
    uint32_t mask = snapshot->slot_count - 1, slot = (uint32_t)hash & mask;
    for (; snapshot->slots[slot] != NULL; slot = (slot + 1) & mask) {
        struct mr_delta_action action;
        if (snapshot->slots[slot]->hash != hash) continue;
        record_action(snapshot->slots[slot], &action);
        if (action.kind == MR_DELTA_TXN && mr_span_eq(action.u.txn.app_id, app_id)) {
            return action.u.txn.version;
        }
    }
    return MR_DELTA_NONE;
}
