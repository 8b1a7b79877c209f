#include "core/table/table_history.h"

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/table/table_time.h"

struct mr_table_history {
    struct mr_table *table;
    struct mr_arena arena;
    struct log_times times;
    uint32_t left; /* commits that were not given yet: the first ones */
};

mr_status mr_table_history_open(struct mr_table *table, struct mr_table_history **out_history,
                                struct mr_err *err)
{
    struct log_files files;
    struct mr_table_history *history = mr_heap_zeroed(table->heap, sizeof *history);
    if (history == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a history");
    history->table = table;
    mr_arena_init(&history->arena, table->heap, 0);
    mr_status status = table_list_log(table, &history->arena, true, &files, err);
    if (status != MR_OK) {
        mr_err_origin(err, table->path);
        mr_table_history_close(history);
        return status;
    }
    table_times_of(table, &files, &history->times);
    const struct log_times *times = &history->times;
    history->left = times->count;
    while (history->left > 0 &&
           times->commits[history->left - 1].version > table->snapshot.version) {
        history->left--;
    }
    *out_history = history;
    return MR_OK;
}

void mr_table_history_close(struct mr_table_history *history)
{
    if (history == NULL) return;
    struct mr_heap *heap = history->table->heap;
    mr_arena_fini(&history->arena);
    mr_heap_give(heap, history, sizeof *history);
}

static struct mr_span text_of(const struct mr_doc *info, const char *name)
{
    return mr_doc_string(mr_doc_get(info, name), (struct mr_span){NULL, 0});
}

static struct mr_span object_of(const struct mr_doc *info, const char *name)
{
    const struct mr_doc *doc = mr_doc_get(info, name);
    if (doc == NULL || doc->kind != MR_DOC_OBJECT) return (struct mr_span){NULL, 0};
    return (struct mr_span){doc->from, (size_t)(doc->to - doc->from)};
}

/* Fields of another kind than they should be count as missing: nothing depends on them. */
static void entry_fill(const struct mr_doc *info, struct mr_table_commit_entry *out)
{
    const struct mr_doc *blind = mr_doc_get(info, "isBlindAppend");
    out->read_version = mr_doc_int(mr_doc_get(info, "readVersion"), MR_DELTA_NONE);
    out->has_blind_append = blind != NULL && blind->kind == MR_DOC_BOOL;
    out->is_blind_append = mr_doc_bool(blind, false);
    out->user_id = text_of(info, "userId");
    out->user_name = text_of(info, "userName");
    out->operation = text_of(info, "operation");
    out->parameters = object_of(info, "operationParameters");
    out->job = object_of(info, "job");
    out->notebook = object_of(info, "notebook");
    out->cluster_id = text_of(info, "clusterId");
    out->isolation_level = text_of(info, "isolationLevel");
    out->metrics = object_of(info, "operationMetrics");
    out->user_metadata = text_of(info, "userMetadata");
    out->engine = text_of(info, "engineInfo");
}

mr_status mr_table_history_next(struct mr_table_history *history, struct mr_arena *arena,
                                struct mr_table_commit_entry *out_entry, bool *out_has_entry,
                                struct mr_err *err)
{
    struct mr_delta_commit_info info;
    const struct mr_doc *doc = NULL;
    *out_has_entry = history->left > 0;
    if (history->left == 0) return MR_OK;
    const struct log_commit *commit = &history->times.commits[history->left - 1];
    struct mr_table_commit_entry entry = {.version = commit->version};
    MR_TRY(table_read_info(history->table, commit->version, arena, &info, err));
    if (info.json.text != NULL) MR_TRY(mr_doc_read(arena, info.json, &doc, err));
    entry_fill(doc, &entry);
    bool is_kept = commit->version >= history->times.kept_from &&
                   info.in_commit_ms != MR_DELTA_NONE;
    int64_t ms = is_kept ? info.in_commit_ms : commit->modified_ms;
    if (__builtin_mul_overflow(ms, MR_US_PER_MS, &entry.time_us)) entry.time_us = INT64_MAX;
    history->left--;
    *out_entry = entry;
    return MR_OK;
}
