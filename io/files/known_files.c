#include "io/files/known_files.h"

#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/port/files.h"
#include "io/files/index_vfs.h"

enum { ERR_INDEX = 2112, INDEX_FORM = 1, WAL_PAGES_MAX = 1000 };

/* Statements, prepared when first used. */
typedef enum stmt_id {
    STMT_BEGIN,
    STMT_COMMIT,
    STMT_FACT_GET,
    STMT_FACT_SET,
    STMT_ASK,
    STMT_FORGET,
    STMT_DISCOVER,
    STMT_TAKE_PENDING,
    STMT_TAKE,
    STMT_UNTAKE,
    STMT_UNTAKE_COMMITTED,
    STMT_COMMIT_FILES,
    STMT_PENDING_OLDEST,
    STMT_PENDING_NEWEST,
    STMT_PENDING_SUM,
    STMT_EXPIRE,
    STMT_DUE,
    STMT_ARCHIVE,
    STMT_STATES,
    STMT_ENTRIES,
    STMT_COUNT
} stmt_id;

static const char *const stmt_texts[STMT_COUNT] = {
    [STMT_BEGIN] = "BEGIN IMMEDIATE",
    [STMT_COMMIT] = "COMMIT",
    [STMT_FACT_GET] = "SELECT value FROM facts WHERE id = ?1",
    [STMT_FACT_SET] = "INSERT INTO facts(id, value) VALUES(?1, ?2) "
                      "ON CONFLICT(id) DO UPDATE SET value = excluded.value",
    [STMT_ASK] = "SELECT modified, coarse, log_offset FROM files WHERE path = ?1",
    [STMT_FORGET] = "DELETE FROM files WHERE path = ?1 AND log_offset IS NULL",
    [STMT_DISCOVER] = "INSERT OR IGNORE INTO files(path, modified, bytes, discovered) "
                      "VALUES(?1, ?2, ?3, ?4)",
    [STMT_TAKE_PENDING] = "UPDATE files SET log_offset = ?3, planned = ?4, bytes = ?5 "
                          "WHERE path = ?1 AND modified = ?2 AND log_offset IS NULL",
    [STMT_TAKE] = "INSERT INTO files(path, modified, coarse, bytes, discovered, planned, "
                  "log_offset, committed) VALUES(?1, ?2, ?6, ?5, ?4, ?4, ?3, ?7) "
                  "ON CONFLICT(path, modified) DO UPDATE SET log_offset = excluded.log_offset",
    [STMT_UNTAKE] = "UPDATE files SET log_offset = NULL, planned = NULL "
                    "WHERE committed IS NULL AND log_offset > ?1",
    [STMT_UNTAKE_COMMITTED] = "UPDATE files SET log_offset = NULL, planned = NULL, "
                              "committed = NULL, archived = NULL WHERE log_offset > ?1",
    [STMT_COMMIT_FILES] = "UPDATE files SET committed = ?2 "
                          "WHERE committed IS NULL AND log_offset BETWEEN 0 AND ?1",
    [STMT_PENDING_OLDEST] = "SELECT path, modified, bytes FROM files WHERE committed IS NULL AND "
                            "log_offset IS NULL AND (modified, path) > (?1, ?2) "
                            "ORDER BY modified, path LIMIT 1",
    [STMT_PENDING_NEWEST] = "SELECT path, modified, bytes FROM files WHERE committed IS NULL AND "
                            "log_offset IS NULL AND (modified, path) < (?1, ?2) "
                            "ORDER BY modified DESC, path DESC LIMIT 1",
    [STMT_PENDING_SUM] = "SELECT count(*), coalesce(sum(bytes), 0) FROM files "
                         "WHERE committed IS NULL AND log_offset IS NULL",
    [STMT_EXPIRE] = "DELETE FROM files WHERE committed IS NOT NULL AND modified < ?1",
    [STMT_DUE] = "SELECT path, modified, bytes, coarse, committed FROM files "
                 "WHERE committed IS NOT NULL AND archived IS NULL AND log_offset >= 0 "
                 "AND committed <= ?1 AND (committed, path) > (?2, ?3) "
                 "ORDER BY committed, path LIMIT 1",
    [STMT_ARCHIVE] = "UPDATE files SET archived = ?3, archive_mode = ?4 "
                     "WHERE path = ?1 AND modified = ?2",
    [STMT_STATES] = "SELECT path, bytes, modified, discovered, planned, committed, log_offset, "
                    "archived, archive_mode FROM files ORDER BY path, modified",
    [STMT_ENTRIES] = "SELECT path, modified, bytes, coarse, log_offset FROM files "
                     "WHERE log_offset BETWEEN 0 AND ?1",
};

struct mr_known {
    struct mr_heap *heap;
    struct mr_index_vfs vfs;
    bool has_vfs;
    bool is_changing; /* between begin and end */
    int wal_pages;    /* after the last transaction */
    bool has_due_index;
    bool has_age_index;
    sqlite3 *db;
    sqlite3_stmt *stmts[STMT_COUNT];
    char path[MR_PATH_MAX]; /* of the row handed out last */
};

/* ---- calls ----------------------------------------------------------------------------- */

static mr_status index_status(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM: return MR_E_NOMEM;
    case SQLITE_FULL: return MR_E_NOSPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: return MR_E_CORRUPT; /* our statements are fixed: the tables are not ours */
    default: return MR_E_IO;
    }
}

/* A failed call: the system's reason where there is one, else SQLite's. */
static mr_status index_fail(struct mr_known *known, int code, const char *doing, struct mr_err *err)
{
    int os_error = known->vfs.os_error;
    int full_code = known->db == NULL ? code : sqlite3_extended_errcode(known->db);
    known->vfs.os_error = 0;
    if (full_code == SQLITE_IOERR_DATA) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_INDEX,
                          "cannot %s the index of known files: a page's checksum is wrong", doing);
    }
    if (os_error != 0) {
        return mr_err_os(err, os_error, ERR_INDEX, "cannot %s the index of known files", doing);
    }
    return mr_err_set(err, index_status(code), ERR_INDEX, "cannot %s the index of known files: %s",
                      doing, known->db == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(known->db));
}

static mr_status stmt_take(struct mr_known *known, stmt_id id, sqlite3_stmt **out,
                           struct mr_err *err)
{
    if (known->stmts[id] == NULL) {
        int code = sqlite3_prepare_v3(known->db, stmt_texts[id], -1, SQLITE_PREPARE_PERSISTENT,
                                      &known->stmts[id], NULL);
        if (code != SQLITE_OK) return index_fail(known, code, "use", err);
    }
    *out = known->stmts[id];
    return MR_OK;
}

static int bind_path(sqlite3_stmt *stmt, int at, struct mr_span path)
{
    return sqlite3_bind_text(stmt, at, path.text, (int)path.bytes, SQLITE_STATIC);
}

/* Runs a statement that gives no row; bindings are cleared because they borrow. */
static mr_status stmt_run(struct mr_known *known, sqlite3_stmt *stmt, struct mr_err *err)
{
    mr_status status = MR_OK;
    int code = sqlite3_step(stmt);
    if (code != SQLITE_DONE && code != SQLITE_ROW) status = index_fail(known, code, "change", err);
    (void)sqlite3_reset(stmt); /* repeats the code of step */
    (void)sqlite3_clear_bindings(stmt);
    return status;
}

static mr_status exec(struct mr_known *known, const char *sql, const char *doing,
                      struct mr_err *err)
{
    int code = sqlite3_exec(known->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? MR_OK : index_fail(known, code, doing, err);
}

/* ---- opening --------------------------------------------------------------------------- */

static mr_status pragma_get(struct mr_known *known, const char *sql, int64_t *out,
                            struct mr_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(known->db, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
        if (code == SQLITE_ROW) *out = sqlite3_column_int64(stmt, 0);
    }
    mr_status status = code == SQLITE_ROW ? MR_OK : index_fail(known, code, "read", err);
    (void)sqlite3_finalize(stmt);
    return status;
}

static mr_status tables_make(struct mr_known *known, struct mr_err *err)
{
    return exec(known,
                "BEGIN IMMEDIATE;"
                "CREATE TABLE files(path TEXT NOT NULL, modified INTEGER NOT NULL,"
                " coarse INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL,"
                " discovered INTEGER NOT NULL, planned INTEGER, committed INTEGER,"
                " archived INTEGER, archive_mode TEXT, log_offset INTEGER,"
                " PRIMARY KEY(path, modified)) WITHOUT ROWID;"
                "CREATE INDEX files_open ON files(log_offset, modified, path, bytes)"
                " WHERE committed IS NULL;"
                "CREATE TABLE facts(id INTEGER PRIMARY KEY, value INTEGER NOT NULL);"
                "PRAGMA user_version = 1;"
                "COMMIT",
                "make", err);
}

static mr_status index_check(struct mr_known *known, struct mr_err *err)
{
    int64_t form = 0, page_bytes = 0, tables = 0;
    int reserved = -1;
    MR_TRY(pragma_get(known, "PRAGMA user_version", &form, err));
    MR_TRY(pragma_get(known, "SELECT count(*) FROM sqlite_schema", &tables, err));
    if (form == 0 && tables == 0) MR_TRY(tables_make(known, err));
    MR_TRY(pragma_get(known, "PRAGMA page_size", &page_bytes, err));
    MR_TRY(pragma_get(known, "PRAGMA user_version", &form, err));
    (void)sqlite3_file_control(known->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (form == INDEX_FORM && page_bytes == MR_INDEX_PAGE_BYTES &&
        reserved == MR_INDEX_RESERVED_BYTES) {
        return MR_OK;
    }
    return mr_err_set(err, MR_E_CORRUPT, ERR_INDEX, "the index of known files has another form");
}

/* In the place of SQLite's own, which would sync the log and the index within a transaction. */
static int wal_grew(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct mr_known *known = ctx;
    (void)db;
    (void)name;
    known->wal_pages = pages;
    return SQLITE_OK;
}

static mr_status index_open(struct mr_known *known, const char *path, struct mr_err *err)
{
    int reserved = MR_INDEX_RESERVED_BYTES;
    int code = sqlite3_open_v2(path, &known->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                               known->vfs.name);
    if (code != SQLITE_OK) return index_fail(known, code, "open", err);
    (void)sqlite3_extended_result_codes(known->db, 0);
    code = sqlite3_file_control(known->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (code != SQLITE_OK) return index_fail(known, code, "open", err);
    MR_TRY(exec(known,
                "PRAGMA page_size = 8192; PRAGMA locking_mode = EXCLUSIVE;"
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384",
                "open", err));
    (void)sqlite3_wal_hook(known->db, wal_grew, known);
    return index_check(known, err);
}

mr_status mr_known_open(struct mr_heap *heap, struct mr_io *io, const char *path,
                        struct mr_known **out_known, struct mr_err *err)
{
    struct mr_known *known = mr_heap_zeroed(heap, sizeof *known);
    if (known == NULL) {
        return mr_err_set(err, MR_E_NOMEM, ERR_INDEX, "out of memory for the index of known files");
    }
    known->heap = heap;
    mr_status status = mr_index_vfs_open(&known->vfs, io, err);
    known->has_vfs = status == MR_OK;
    if (status == MR_OK) status = index_open(known, path, err);
    if (status == MR_OK) {
        *out_known = known;
    } else {
        mr_known_close(known);
    }
    return status;
}

void mr_known_close(struct mr_known *known)
{
    if (known == NULL) return;
    for (int i = 0; i < STMT_COUNT; i++) (void)sqlite3_finalize(known->stmts[i]);
    int code = sqlite3_close(known->db);
    MR_ASSERT(code == SQLITE_OK); /* only unfinished statements can refuse */
    if (known->has_vfs) mr_index_vfs_close(&known->vfs);
    mr_heap_give(known->heap, known, sizeof *known);
}

mr_status mr_known_remove(struct mr_io *io, const char *path, struct mr_err *err)
{
    static const char *const suffixes[] = {"", "-wal", "-journal"};
    char name[MR_PATH_MAX];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        int bytes = snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        if (bytes < 0 || (size_t)bytes >= sizeof name) {
            return mr_err_set(err, MR_E_LIMIT, ERR_INDEX, "path is too long: %.200s", path);
        }
        MR_TRY(mr_file_remove(io, name, err));
    }
    return MR_OK;
}

/* ---- transactions and facts ------------------------------------------------------------ */

static mr_status simple_run(struct mr_known *known, stmt_id id, struct mr_err *err)
{
    sqlite3_stmt *stmt;
    MR_TRY(stmt_take(known, id, &stmt, err));
    return stmt_run(known, stmt, err);
}

mr_status mr_known_begin(struct mr_known *known, struct mr_err *err)
{
    MR_ASSERT(!known->is_changing);
    MR_TRY(simple_run(known, STMT_BEGIN, err));
    known->is_changing = true;
    return MR_OK;
}

mr_status mr_known_end(struct mr_known *known, struct mr_err *err)
{
    MR_ASSERT(known->is_changing);
    MR_TRY(simple_run(known, STMT_COMMIT, err));
    known->is_changing = false;
    return MR_OK;
}

mr_status mr_known_tidy(struct mr_known *known, struct mr_err *err)
{
    MR_ASSERT(!known->is_changing);
    if (known->wal_pages < WAL_PAGES_MAX) return MR_OK;
    known->wal_pages = 0;
    return exec(known, "PRAGMA wal_checkpoint(PASSIVE)", "sync", err);
}

void mr_known_rollback(struct mr_known *known)
{
    if (!known->is_changing) return;
    known->is_changing = false;
    /* SQLite may have rolled back by itself after an I/O error; then this says so and is fine. */
    (void)sqlite3_exec(known->db, "ROLLBACK", NULL, NULL, NULL);
    known->vfs.os_error = 0;
}

mr_status mr_known_get(struct mr_known *known, mr_known_fact fact, int64_t fallback,
                       int64_t *out_value, struct mr_err *err)
{
    sqlite3_stmt *stmt;
    mr_status status = MR_OK;
    MR_TRY(stmt_take(known, STMT_FACT_GET, &stmt, err));
    (void)sqlite3_bind_int(stmt, 1, (int)fact);
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        *out_value = sqlite3_column_int64(stmt, 0);
    } else if (code == SQLITE_DONE) {
        *out_value = fallback;
    } else {
        status = index_fail(known, code, "read", err);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

mr_status mr_known_set(struct mr_known *known, mr_known_fact fact, int64_t value,
                       struct mr_err *err)
{
    sqlite3_stmt *stmt;
    MR_TRY(stmt_take(known, STMT_FACT_SET, &stmt, err));
    (void)sqlite3_bind_int(stmt, 1, (int)fact);
    (void)sqlite3_bind_int64(stmt, 2, value);
    return stmt_run(known, stmt, err);
}

/* ---- files ----------------------------------------------------------------------------- */

mr_status mr_known_ask(struct mr_known *known, const char *path, int64_t modified_us,
                       bool any_version, mr_known_answer *out_answer, struct mr_err *err)
{
    mr_known_answer answer = MR_KNOWN_NEW;
    sqlite3_stmt *stmt;
    mr_status status = MR_OK;
    int code;
    MR_TRY(stmt_take(known, STMT_ASK, &stmt, err));
    (void)bind_path(stmt, 1, mr_span_of(path));
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t row_us = sqlite3_column_int64(stmt, 0), asked_us = modified_us;
        if (sqlite3_column_type(stmt, 2) == SQLITE_NULL) {
            if (answer != MR_KNOWN_TAKEN) answer = MR_KNOWN_PENDING;
            continue;
        }
        if (sqlite3_column_int(stmt, 1) != 0) {
            asked_us = mr_floor_div(asked_us, MR_US_PER_MS) * MR_US_PER_MS;
        }
        if (any_version || row_us == asked_us) answer = MR_KNOWN_TAKEN;
        if (answer == MR_KNOWN_NEW) answer = MR_KNOWN_CHANGED;
    }
    if (code != SQLITE_DONE) status = index_fail(known, code, "read", err);
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    if (status == MR_OK) *out_answer = answer;
    return status;
}

mr_status mr_known_forget(struct mr_known *known, const char *path, struct mr_err *err)
{
    sqlite3_stmt *stmt;
    MR_TRY(stmt_take(known, STMT_FORGET, &stmt, err));
    (void)bind_path(stmt, 1, mr_span_of(path));
    return stmt_run(known, stmt, err);
}

mr_status mr_known_discover(struct mr_known *known, const struct mr_known_row *row, int64_t now_us,
                            struct mr_err *err)
{
    sqlite3_stmt *stmt;
    MR_ASSERT(known->is_changing);
    MR_TRY(mr_known_forget(known, row->path.text, err));
    MR_TRY(stmt_take(known, STMT_DISCOVER, &stmt, err));
    (void)bind_path(stmt, 1, row->path);
    (void)sqlite3_bind_int64(stmt, 2, row->modified_us);
    (void)sqlite3_bind_int64(stmt, 3, (int64_t)row->bytes);
    (void)sqlite3_bind_int64(stmt, 4, now_us);
    return stmt_run(known, stmt, err);
}

mr_status mr_known_take(struct mr_known *known, const struct mr_known_row *row, int64_t offset,
                        int64_t now_us, struct mr_err *err)
{
    sqlite3_stmt *stmt;
    MR_ASSERT(known->is_changing);
    for (stmt_id id = STMT_TAKE_PENDING; id <= STMT_TAKE; id++) {
        MR_TRY(stmt_take(known, id, &stmt, err));
        (void)bind_path(stmt, 1, row->path);
        (void)sqlite3_bind_int64(stmt, 2, row->modified_us);
        (void)sqlite3_bind_int64(stmt, 3, offset);
        (void)sqlite3_bind_int64(stmt, 4, now_us);
        (void)sqlite3_bind_int64(stmt, 5, (int64_t)row->bytes);
        if (id == STMT_TAKE) {
            (void)sqlite3_bind_int(stmt, 6, row->is_coarse);
            if (offset == MR_KNOWN_EXISTING) (void)sqlite3_bind_int64(stmt, 7, now_us);
        }
        MR_TRY(stmt_run(known, stmt, err));
        if (id == STMT_TAKE_PENDING) {
            if (sqlite3_changes(known->db) > 0) return MR_OK;
            MR_TRY(mr_known_forget(known, row->path.text, err));
        }
    }
    return MR_OK;
}

mr_status mr_known_untake(struct mr_known *known, int64_t end, struct mr_err *err)
{
    int64_t last, committed, seen;
    sqlite3_stmt *stmt;
    MR_ASSERT(known->is_changing);
    MR_TRY(mr_known_get(known, MR_KNOWN_LAST, -1, &last, err));
    MR_TRY(mr_known_get(known, MR_KNOWN_COMMITTED, -1, &committed, err));
    if (last <= end) return MR_OK;
    /* Commits above the end: an older checkpoint was put back. Rare, and reads the whole index. */
    stmt_id id = committed > end ? STMT_UNTAKE_COMMITTED : STMT_UNTAKE;
    MR_TRY(stmt_take(known, id, &stmt, err));
    (void)sqlite3_bind_int64(stmt, 1, end);
    MR_TRY(stmt_run(known, stmt, err));
    MR_TRY(mr_known_get(known, MR_KNOWN_SEEN, 0, &seen, err));
    seen -= sqlite3_changes(known->db);
    MR_TRY(mr_known_set(known, MR_KNOWN_SEEN, MR_MAX(seen, INT64_C(0)), err));
    if (committed > end) MR_TRY(mr_known_set(known, MR_KNOWN_COMMITTED, end, err));
    return mr_known_set(known, MR_KNOWN_LAST, end, err);
}

mr_status mr_known_harden(struct mr_known *known, struct mr_err *err)
{
    MR_ASSERT(!known->is_changing);
    return exec(known, "PRAGMA wal_checkpoint(TRUNCATE)", "sync", err);
}

mr_status mr_known_commit(struct mr_known *known, int64_t end, int64_t now_us, struct mr_err *err)
{
    sqlite3_stmt *stmt;
    MR_ASSERT(known->is_changing);
    MR_TRY(stmt_take(known, STMT_COMMIT_FILES, &stmt, err));
    (void)sqlite3_bind_int64(stmt, 1, end);
    (void)sqlite3_bind_int64(stmt, 2, now_us);
    MR_TRY(stmt_run(known, stmt, err));
    return mr_known_set(known, MR_KNOWN_COMMITTED, end, err);
}

/* The row at hand, its path copied so that the statement can be reset. */
static void row_copy(struct mr_known *known, sqlite3_stmt *stmt, struct mr_known_row *out)
{
    size_t bytes = (size_t)sqlite3_column_bytes(stmt, 0);
    MR_ASSERT(bytes < sizeof known->path);
    memcpy(known->path, sqlite3_column_text(stmt, 0), bytes);
    known->path[bytes] = '\0';
    *out = (struct mr_known_row){
        .path = {known->path, bytes},
        .modified_us = sqlite3_column_int64(stmt, 1),
        .bytes = (uint64_t)sqlite3_column_int64(stmt, 2),
    };
}

/* Steps once and gives the row, or an empty one; `out_extra` takes column 4 where there is one. */
static mr_status row_step(struct mr_known *known, sqlite3_stmt *stmt, struct mr_known_row *out_row,
                          int64_t *out_extra, struct mr_err *err)
{
    mr_status status = MR_OK;
    struct mr_known_row row = {0};
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        row_copy(known, stmt, &row);
        if (out_extra != NULL) {
            row.is_coarse = sqlite3_column_int(stmt, 3) != 0;
            *out_extra = sqlite3_column_int64(stmt, 4);
        }
    } else if (code != SQLITE_DONE) {
        status = index_fail(known, code, "read", err);
    }
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    if (status == MR_OK) *out_row = row;
    return status;
}

mr_status mr_known_pending(struct mr_known *known, bool newest_first, int64_t after_us,
                           struct mr_span after_path, struct mr_known_row *out_row,
                           struct mr_err *err)
{
    sqlite3_stmt *stmt;
    bool is_first = after_path.text == NULL;
    MR_TRY(stmt_take(known, newest_first ? STMT_PENDING_NEWEST : STMT_PENDING_OLDEST, &stmt, err));
    if (is_first) after_us = newest_first ? INT64_MAX : INT64_MIN;
    (void)sqlite3_bind_int64(stmt, 1, after_us);
    (void)bind_path(stmt, 2, is_first ? MR_SPAN("") : after_path);
    return row_step(known, stmt, out_row, NULL, err);
}

mr_status mr_known_pending_sum(struct mr_known *known, uint64_t *out_files, uint64_t *out_bytes,
                               struct mr_err *err)
{
    sqlite3_stmt *stmt;
    mr_status status = MR_OK;
    MR_TRY(stmt_take(known, STMT_PENDING_SUM, &stmt, err));
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        *out_files = (uint64_t)sqlite3_column_int64(stmt, 0);
        *out_bytes = (uint64_t)sqlite3_column_int64(stmt, 1);
    } else {
        status = index_fail(known, code, "read", err);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

/* ---- age and cleaning ------------------------------------------------------------------ */

mr_status mr_known_expire(struct mr_known *known, int64_t floor_us, struct mr_err *err)
{
    sqlite3_stmt *stmt;
    MR_ASSERT(known->is_changing);
    if (!known->has_age_index) {
        MR_TRY(
            exec(known, "CREATE INDEX IF NOT EXISTS files_age ON files(modified)", "change", err));
        known->has_age_index = true;
    }
    MR_TRY(stmt_take(known, STMT_EXPIRE, &stmt, err));
    (void)sqlite3_bind_int64(stmt, 1, floor_us);
    MR_TRY(stmt_run(known, stmt, err));
    return mr_known_set(known, MR_KNOWN_AGE_FLOOR, floor_us, err);
}

mr_status mr_known_due(struct mr_known *known, int64_t before_us, int64_t *inout_after_us,
                       struct mr_span after_path, struct mr_known_row *out_row, struct mr_err *err)
{
    sqlite3_stmt *stmt;
    if (!known->has_due_index) {
        MR_TRY(exec(known,
                    "CREATE INDEX IF NOT EXISTS files_due ON files(committed, path) "
                    "WHERE committed IS NOT NULL AND archived IS NULL AND log_offset >= 0",
                    "change", err));
        known->has_due_index = true;
    }
    MR_TRY(stmt_take(known, STMT_DUE, &stmt, err));
    (void)sqlite3_bind_int64(stmt, 1, before_us);
    (void)sqlite3_bind_int64(stmt, 2, *inout_after_us);
    (void)bind_path(stmt, 3, after_path);
    return row_step(known, stmt, out_row, inout_after_us, err);
}

mr_status mr_known_archive(struct mr_known *known, const struct mr_known_row *row, int64_t now_us,
                           const char *mode, struct mr_err *err)
{
    sqlite3_stmt *stmt;
    MR_ASSERT(known->is_changing);
    MR_TRY(stmt_take(known, STMT_ARCHIVE, &stmt, err));
    (void)bind_path(stmt, 1, row->path);
    (void)sqlite3_bind_int64(stmt, 2, row->modified_us);
    (void)sqlite3_bind_int64(stmt, 3, now_us);
    (void)sqlite3_bind_text(stmt, 4, mode, -1, SQLITE_STATIC);
    return stmt_run(known, stmt, err);
}

/* ---- walking --------------------------------------------------------------------------- */

static int64_t column_time(sqlite3_stmt *stmt, int column)
{
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL) return INT64_MIN;
    return sqlite3_column_int64(stmt, column);
}

static struct mr_source_state state_of(sqlite3_stmt *stmt)
{
    struct mr_source_state state = {
        .path = (const char *)sqlite3_column_text(stmt, 0),
        .bytes = (uint64_t)sqlite3_column_int64(stmt, 1),
        .create_us = sqlite3_column_int64(stmt, 2),
        .discovery_us = sqlite3_column_int64(stmt, 3),
        .processed_us = column_time(stmt, 4),
        .commit_us = column_time(stmt, 5),
        .ingestion_state = "DISCOVERED",
        .archive_us = column_time(stmt, 7),
        .archive_mode = (const char *)sqlite3_column_text(stmt, 8),
    };
    int64_t offset = column_time(stmt, 6);
    if (offset >= 0) {
        state.ingestion_state = state.commit_us == INT64_MIN ? "PROCESSING" : "COMMITTED";
    } else if (offset == MR_KNOWN_EXISTING) {
        state.ingestion_state = "EXISTING";
        state.processed_us = state.commit_us = INT64_MIN;
    }
    return state;
}

mr_status mr_known_states(struct mr_known *known,
                          bool (*row)(void *ctx, const struct mr_source_state *state), void *ctx,
                          struct mr_err *err)
{
    sqlite3_stmt *stmt;
    mr_status status = MR_OK;
    int code;
    MR_TRY(stmt_take(known, STMT_STATES, &stmt, err));
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct mr_source_state state = state_of(stmt);
        if (!row(ctx, &state)) break;
    }
    if (code != SQLITE_DONE && code != SQLITE_ROW) status = index_fail(known, code, "read", err);
    (void)sqlite3_reset(stmt);
    return status;
}

mr_status mr_known_entries(struct mr_known *known, int64_t end,
                           bool (*row)(void *ctx, const struct mr_known_row *row, int64_t entry),
                           void *ctx, struct mr_err *err)
{
    sqlite3_stmt *stmt;
    mr_status status = MR_OK;
    int code;
    MR_TRY(stmt_take(known, STMT_ENTRIES, &stmt, err));
    (void)sqlite3_bind_int64(stmt, 1, end);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct mr_known_row out;
        row_copy(known, stmt, &out);
        out.is_coarse = sqlite3_column_int(stmt, 3) != 0;
        if (!row(ctx, &out, sqlite3_column_int64(stmt, 4))) break;
    }
    if (code != SQLITE_DONE && code != SQLITE_ROW) status = index_fail(known, code, "read", err);
    (void)sqlite3_reset(stmt);
    return status;
}
