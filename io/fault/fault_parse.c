/* The text form of a fault plan; its grammar is in fault.h. */
#include <errno.h>
#include <string.h>

#include "core/base/checked.h"
#include "io/fault/fault.h"

enum { ERR_USAGE = 6001 };

static const char *const kind_names[MR_IO_KIND_COUNT] = {
    [MR_IO_NOP] = "nop",
    [MR_IO_OPEN] = "open",
    [MR_IO_CLOSE] = "close",
    [MR_IO_READ] = "read",
    [MR_IO_WRITE] = "write",
    [MR_IO_SYNC] = "sync",
    [MR_IO_SYNC_DIR] = "sync_dir",
    [MR_IO_STAT] = "stat",
    [MR_IO_LINK] = "link",
    [MR_IO_RENAME] = "rename",
    [MR_IO_RENAME_NEW] = "rename_new",
    [MR_IO_UNLINK] = "unlink",
    [MR_IO_RMDIR] = "rmdir",
    [MR_IO_MKDIR] = "mkdir",
    [MR_IO_LIST] = "list",
    [MR_IO_TRUNCATE] = "truncate",
    [MR_IO_LOCK] = "lock",
    [MR_IO_WATCH] = "watch",
    [MR_IO_TIMER] = "timer",
};

static const struct {
    const char *name;
    int value;
} os_errors[] = {
    {"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EINTR", EINTR},
    {"EAGAIN", EAGAIN}, {"EACCES", EACCES}, {"EPERM", EPERM},   {"EROFS", EROFS},
    {"ENOENT", ENOENT}, {"EEXIST", EEXIST}, {"EMFILE", EMFILE}, {"ENFILE", ENFILE},
    {"ENOMEM", ENOMEM}, {"EBUSY", EBUSY},   {"ESTALE", ESTALE}, {"EFBIG", EFBIG},
    {"EBADMSG", EBADMSG}, {"EUCLEAN", EUCLEAN},
};

static const struct {
    const char *name;
    mr_fault_action action;
    bool has_amount;
} actions[] = {
    {"short", MR_FAULT_SHORT, true},
    {"torn", MR_FAULT_TORN, true},
    {"delay", MR_FAULT_DELAY, true},
    {"kill", MR_FAULT_KILL, false},
    {"kill-after", MR_FAULT_KILL_AFTER, false},
};

const char *mr_fault_kind_name(mr_io_kind kind)
{
    return kind_names[kind];
}

/* The rest of the text, and where it began. */
struct reader {
    struct mr_span all;
    size_t at;
};

static bool accept(struct reader *r, char c)
{
    if (r->at == r->all.bytes || r->all.text[r->at] != c) return false;
    r->at++;
    return true;
}

/* Everything up to one of the stops, or to the end. */
static struct mr_span word(struct reader *r, const char *stops)
{
    size_t start = r->at;
    while (r->at < r->all.bytes && strchr(stops, r->all.text[r->at]) == NULL) r->at++;
    return (struct mr_span){r->all.text + start, r->at - start};
}

static bool number(struct reader *r, uint64_t *out_value)
{
    size_t start = r->at;
    uint64_t value = 0;
    while (r->at < r->all.bytes && r->all.text[r->at] >= '0' && r->all.text[r->at] <= '9') {
        uint64_t digit = (uint64_t)(r->all.text[r->at++] - '0');
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_add_overflow(value, digit, &value)) return false;
    }
    *out_value = value;
    return r->at > start;
}

static mr_status wrong(const struct reader *r, size_t at, const char *expected, struct mr_err *err)
{
    mr_status status = mr_err_set(err, MR_E_SYNTAX, ERR_USAGE, "fault plan: expected %s at '%.*s'",
                                  expected, (int)(r->all.bytes - at), r->all.text + at);
    if (err != NULL) {
        err->line = 1;
        err->column = (uint32_t)at + 1;
        err->width = 1;
    }
    return status;
}

static mr_status parse_kinds(struct reader *r, uint32_t *out_kinds, struct mr_err *err)
{
    uint32_t kinds = 0;
    do {
        size_t start = r->at;
        struct mr_span name = word(r, "|@#=;");
        uint32_t before = kinds;
        for (uint32_t k = 0; k < MR_IO_KIND_COUNT; k++) {
            if (k == MR_IO_NOP || k == MR_IO_TIMER) continue; /* nothing outside is touched */
            bool is_meant = mr_span_is(name, "any") || mr_span_is(name, kind_names[k]);
            if (is_meant) kinds |= UINT32_C(1) << k;
        }
        if (kinds == before) return wrong(r, start, "a kind of operation", err);
    } while (accept(r, '|'));
    *out_kinds = kinds;
    return MR_OK;
}

static mr_status parse_action(struct reader *r, struct mr_fault_rule *rule, struct mr_err *err)
{
    size_t start = r->at;
    struct mr_span name = word(r, ":;");
    for (size_t i = 0; i < MR_COUNT_OF(actions); i++) {
        if (!mr_span_is(name, actions[i].name)) continue;
        rule->action = actions[i].action;
        if (!actions[i].has_amount) return MR_OK;
        if (accept(r, ':') && number(r, &rule->amount)) return MR_OK;
        return wrong(r, r->at, "a number", err);
    }
    rule->action = MR_FAULT_FAIL;
    if (mr_span_is(name, "lost") && accept(r, ':')) {
        rule->action = MR_FAULT_LOST;
        start = r->at;
        name = word(r, ";");
    }
    for (size_t i = 0; i < MR_COUNT_OF(os_errors); i++) {
        if (!mr_span_is(name, os_errors[i].name)) continue;
        rule->os_error = os_errors[i].value;
        return MR_OK;
    }
    return wrong(r, start, "an action or the name of an error", err);
}

static mr_status parse_rule(struct reader *r, struct mr_fault_rule *rule, struct mr_err *err)
{
    MR_TRY(parse_kinds(r, &rule->kinds, err));
    if (accept(r, '@')) {
        size_t start = r->at;
        struct mr_span glob = word(r, "#=;");
        if (glob.bytes >= sizeof rule->glob) return wrong(r, start, "a shorter pattern", err);
        memcpy(rule->glob, glob.text, glob.bytes);
    }
    rule->first = 1;
    rule->persists = true;
    if (accept(r, '#')) {
        size_t start = r->at;
        if (!number(r, &rule->first) || rule->first == 0) {
            return wrong(r, start, "a number from 1", err);
        }
        rule->persists = accept(r, '+');
    }
    if (!accept(r, '=')) return wrong(r, r->at, "'='", err);
    return parse_action(r, rule, err);
}

void mr_fault_init(struct mr_fault *fault)
{
    memset(fault, 0, sizeof *fault);
}

mr_status mr_fault_parse(struct mr_fault *fault, struct mr_span text, struct mr_err *err)
{
    struct reader reader = {.all = text};
    uint32_t count = fault->rule_count;
    do {
        if (count == MR_FAULT_RULES_MAX) return wrong(&reader, reader.at, "no more rules", err);
        struct mr_fault_rule *rule = &fault->rules[count++];
        memset(rule, 0, sizeof *rule);
        MR_TRY(parse_rule(&reader, rule, err));
    } while (accept(&reader, ';'));
    if (reader.at < text.bytes) return wrong(&reader, reader.at, "';' or the end", err);
    fault->rule_count = count;
    return MR_OK;
}

uint64_t mr_fault_total(const struct mr_fault *fault)
{
    uint64_t total = 0;
    for (uint32_t k = 0; k < MR_IO_KIND_COUNT; k++) {
        if (k == MR_IO_NOP || k == MR_IO_TIMER) continue;
        total += atomic_load_explicit(&fault->counts[k], memory_order_relaxed);
    }
    return total;
}
