/* Status and error context.
 *
 * A function that can fail returns `mr_status` and takes `struct mr_err *err` last. Outputs are
 * written only on success, `err` only on failure. The status says what kind of failure it was and
 * decides what callers do; the context says where and why, and is what a person reads.
 *
 * `code` is the number behind MRnnnn, declared once in errors.def, 0 while none fits. The ranges:
 * 1000 SQL and expressions, 2000 sources and formats, 3000 tables, 4000 checkpoints and state,
 * 5000 engine and input/output, 6000 configuration and command line.
 *
 * Position fields are filled as far as they make sense: SQL errors carry line, column and width of
 * the token, text formats the byte offset `at`, Delta errors name version and action in `message`.
 * A bad record is data, not an error: it never ends up here. */
#ifndef MR_CORE_BASE_ERR_H
#define MR_CORE_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum mr_status {
#define MR_STATUS(name, text) MR_##name,
#include "core/base/status.def"
#undef MR_STATUS
    MR_STATUS_COUNT
} mr_status;

#define MR_MUST_USE __attribute__((warn_unused_result))

enum { MR_ERR_ORIGIN_MAX = 512, MR_ERR_MESSAGE_MAX = 1024, MR_ERR_HELP_MAX = 512 };

struct mr_err {
    mr_status status;
    uint32_t code;   /* nnnn of MRnnnn; 0 = none */
    int os_error;    /* errno behind it, for the message only; 0 = none */
    uint32_t line;   /* from 1; 0 = no position */
    uint32_t column; /* from 1, in characters */
    uint32_t width;  /* characters of the offending token, at least 1 when line is set */
    uint64_t at;     /* byte offset in origin; meaningful when has_at */
    bool has_at;
    char origin[MR_ERR_ORIGIN_MAX]; /* file, table or URL the error is about; may be empty */
    char message[MR_ERR_MESSAGE_MAX];
    char help[MR_ERR_HELP_MAX]; /* what would fix it; may be empty */
};

/* mr_err_set: fills *err (which may be null) and returns `status`, so that a failing function can
 * end with `return mr_err_set(err, MR_E_..., nnnn, "...")`. Texts that do not fit are cut. */
mr_status mr_err_set(struct mr_err *err, mr_status status, uint32_t code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* mr_err_os: the same for a failed system call; `os_error` is errno, positive. The status follows
 * from it (ENOENT is MR_E_NOT_FOUND, ENOSPC and EDQUOT MR_E_NOSPACE, ...) and its text is added. */
mr_status mr_err_os(struct mr_err *err, int os_error, uint32_t code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* mr_err_help: sets the line that says what would fix it. */
void mr_err_help(struct mr_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* mr_err_origin: names the file, table or URL, unless one is named already. */
void mr_err_origin(struct mr_err *err, const char *origin);

/* mr_err_at: the byte offset in the origin. */
void mr_err_at(struct mr_err *err, uint64_t at);

/* mr_status_of_os: the status for an errno value; never MR_E_AGAIN, which says that something is
 * under way and will be told. */
mr_status mr_status_of_os(int os_error);

/* mr_status_name, mr_status_text: "MR_E_IO" and "input/output error". */
const char *mr_status_name(mr_status status);
const char *mr_status_text(mr_status status);

/* mr_err_can_retry: whether the same request may succeed later without a person's help. */
bool mr_err_can_retry(mr_status status);

/* MR_TRY: leaves the function with the status of a failed call; for functions with nothing to
 * undo. */
#define MR_TRY(call)                                                                               \
    do {                                                                                           \
        mr_status mr_try_status_ = (call);                                                         \
        if (mr_try_status_ != MR_OK) return mr_try_status_;                                        \
    } while (0)

#endif
