#include "core/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
#define MR_STATUS(name, text) "MR_" #name,
#include "core/base/status.def"
#undef MR_STATUS
};

static const char *const status_texts[] = {
#define MR_STATUS(name, text) text,
#include "core/base/status.def"
#undef MR_STATUS
};

const char *mr_status_name(mr_status status)
{
    return (unsigned)status < MR_STATUS_COUNT ? status_names[status] : "MR_E_?";
}

const char *mr_status_text(mr_status status)
{
    return (unsigned)status < MR_STATUS_COUNT ? status_texts[status] : "unknown status";
}

mr_status mr_status_of_os(int os_error)
{
    switch (os_error) {
    case 0: return MR_OK;
    case ENOENT:
    case ENOTDIR: return MR_E_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY: return MR_E_EXISTS;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return MR_E_NOSPACE;
    case EACCES:
    case EPERM:
    case EROFS: return MR_E_PERMISSION;
    case ENOMEM: return MR_E_NOMEM;
    case EMFILE:
    case ENFILE: return MR_E_LIMIT;
    case EINVAL:
    case ENAMETOOLONG: return MR_E_INVALID;
    case ENOSYS:
    case EOPNOTSUPP: return MR_E_UNSUPPORTED;
    case ECANCELED: return MR_E_CANCELED;
    case EOWNERDEAD: return MR_E_KILLED;
    default: return MR_E_IO;
    }
}

static void err_fill(struct mr_err *err, mr_status status, uint32_t code, const char *fmt,
                     va_list args)
{
    if (err == NULL) return;
    memset(err, 0, sizeof *err);
    err->status = status;
    err->code = code;
    (void)vsnprintf(err->message, sizeof err->message, fmt, args);
}

mr_status mr_err_set(struct mr_err *err, mr_status status, uint32_t code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    err_fill(err, status, code, fmt, args);
    va_end(args);
    return status;
}

mr_status mr_err_os(struct mr_err *err, int os_error, uint32_t code, const char *fmt, ...)
{
    mr_status status = mr_status_of_os(os_error);
    va_list args;
    va_start(args, fmt);
    err_fill(err, status, code, fmt, args);
    va_end(args);
    if (err != NULL) {
        size_t used = strlen(err->message);
        err->os_error = os_error;
        (void)snprintf(err->message + used, sizeof err->message - used, ": %s",
                       os_error == EOWNERDEAD ? status_texts[MR_E_KILLED] : strerror(os_error));
    }
    return status;
}

void mr_err_help(struct mr_err *err, const char *fmt, ...)
{
    if (err == NULL) return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err->help, sizeof err->help, fmt, args);
    va_end(args);
}

void mr_err_origin(struct mr_err *err, const char *origin)
{
    if (err == NULL || err->origin[0] != '\0') return;
    (void)snprintf(err->origin, sizeof err->origin, "%s", origin);
}

void mr_err_at(struct mr_err *err, uint64_t at)
{
    if (err == NULL) return;
    err->at = at;
    err->has_at = true;
}

bool mr_err_can_retry(mr_status status)
{
    switch (status) {
    case MR_E_AGAIN:
    case MR_E_IO:
    case MR_E_NOSPACE:
    case MR_E_NOMEM:
    case MR_E_CONFLICT:
    case MR_E_LIMIT: return true;
    default: return false;
    }
}
