#include <stdio.h>

#include "core/base/assert.h"
#include "core/mem/text.h"
#include "core/pipeline/spec_impl.h"

enum { VARIABLE_NAME_MAX = 128, TEXT_FILE_MAX = 1 << 16 };

mr_status mr_spec_fail(struct spec_reader *reader, const yaml_node_t *node, mr_status status,
                       uint32_t code, const char *fmt, ...)
{
    struct mr_err *err = reader->err;
    char message[MR_ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    status = mr_err_set(err, status, code, "%s", message);
    mr_err_origin(err, reader->origin);
    if (err == NULL || node == NULL) return status;
    err->line = (uint32_t)node->start_mark.line + 1;
    err->column = (uint32_t)node->start_mark.column + 1;
    err->width = 1;
    if (node->end_mark.line == node->start_mark.line &&
        node->end_mark.column > node->start_mark.column) {
        err->width = (uint32_t)(node->end_mark.column - node->start_mark.column);
    }
    return status;
}

mr_status mr_spec_nomem(struct spec_reader *reader)
{
    return mr_spec_fail(reader, NULL, MR_E_NOMEM, 0, "out of memory while reading the spec");
}

struct mr_span mr_spec_raw(const yaml_node_t *node)
{
    if (node == NULL || node->type != YAML_SCALAR_NODE) return (struct mr_span){"", 0};
    return (struct mr_span){(const char *)node->data.scalar.value, node->data.scalar.length};
}

const char *mr_spec_join(struct mr_arena *arena, const char *folder, const char *path)
{
    if (path[0] == '/' || strcmp(folder, ".") == 0) {
        return mr_arena_copy(arena, mr_span_of(path));
    }
    return mr_arena_format(arena, "%s/%s", folder, path);
}

const char *mr_spec_path(struct spec_reader *reader, const char *path)
{
    return mr_spec_join(reader->arena, reader->folder, path);
}

static bool is_one_of(struct mr_span text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (mr_span_is(text, *words)) return true;
    }
    return false;
}

/* How many of the first characters are in `set`. */
static size_t run_of(struct mr_span text, size_t from, const char *set)
{
    size_t i = from;
    while (i < text.bytes && text.text[i] != '\0' && strchr(set, text.text[i]) != NULL) i++;
    return i - from;
}

#define DIGITS "0123456789"

/* YAML 1.1 int and float, as PyYAML resolves them: 1_000, 0x1f, 0b1, 1.5, .5, 1.5e+3, 1:30:00. */
static bool is_number(struct mr_span text)
{
    size_t at = run_of(text, 0, "+-");
    if (at > 1 || at == text.bytes) return false;
    if (text.bytes - at > 2 && text.text[at] == '0' && strchr("xb", text.text[at + 1]) != NULL) {
        const char *set = text.text[at + 1] == 'x' ? DIGITS "abcdefABCDEF_" : "01_";
        return at + 2 + run_of(text, at + 2, set) == text.bytes;
    }
    if (strchr(DIGITS ".", text.text[at]) == NULL) return false;
    size_t whole = run_of(text, at, DIGITS "_");
    at += whole;
    while (whole > 0 && at < text.bytes && text.text[at] == ':') {
        size_t digits = run_of(text, at + 1, DIGITS);
        if (digits < 1 || digits > 2) return false;
        at += 1 + digits;
    }
    if (at == text.bytes) return whole > 0;
    if (text.text[at] != '.') return false;
    size_t fraction = run_of(text, at + 1, DIGITS "_");
    at += 1 + fraction;
    if (whole + fraction == 0) return false;
    if (at < text.bytes && (text.text[at] == 'e' || text.text[at] == 'E')) {
        if (run_of(text, at + 1, "+-") != 1) return false;
        at += 2 + run_of(text, at + 2, DIGITS);
    }
    return at == text.bytes;
}

/* YAML 1.1 timestamp: 2026-01-31 or 2026-1-31 followed by a time. */
static bool is_date(struct mr_span text)
{
    size_t year = run_of(text, 0, DIGITS);
    if (year != 4 || text.bytes < 8 || text.text[4] != '-') return false;
    size_t month = run_of(text, 5, DIGITS);
    if (month < 1 || month > 2 || 5 + month >= text.bytes || text.text[5 + month] != '-') {
        return false;
    }
    size_t at = 6 + month, day = run_of(text, at, DIGITS);
    at += day;
    if (at == text.bytes) return month == 2 && day == 2;
    return day >= 1 && day <= 2 && strchr("Tt \t", text.text[at]) != NULL;
}

/* What YAML 1.1 takes a plain scalar for, when it is no text. */
static const char *plain_kind(struct mr_span text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const booleans[] = {"true", "True", "TRUE", "false", "False", "FALSE", "yes",
                                           "Yes",  "YES",  "no",   "No",    "NO",    "on",    "On",
                                           "ON",   "off",  "Off",  "OFF",   NULL};
    static const char *const floats[] = {".inf",  ".Inf", ".INF", "+.inf", "-.inf", "-.Inf",
                                         "-.INF", ".nan", ".NaN", ".NAN",  NULL};
    if (is_one_of(text, nulls)) return "null";
    if (is_one_of(text, booleans)) return "a boolean";
    if (is_one_of(text, floats) || is_number(text)) return "a number";
    if (is_date(text)) return "a date";
    return NULL;
}

static bool is_name_char(char c, bool is_first)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (!is_first && c >= '0' && c <= '9');
}

/* The text behind "${": NAME} or NAME:-default}; *at moves behind it. */
static mr_status add_variable(struct spec_reader *reader, const yaml_node_t *node,
                              struct mr_span raw, size_t *at, struct mr_text *out)
{
    char name[VARIABLE_NAME_MAX];
    size_t bytes = 0, i = *at;
    while (i < raw.bytes && bytes + 1 < sizeof name && is_name_char(raw.text[i], bytes == 0)) {
        name[bytes++] = raw.text[i++];
    }
    name[bytes] = '\0';
    const char *end = memchr(raw.text + i, '}', raw.bytes - i);
    bool has_default = raw.bytes - i >= 2 && memcmp(raw.text + i, ":-", 2) == 0;
    if (bytes == 0 || end == NULL || (!has_default && raw.text[i] != '}')) {
        mr_status status = mr_spec_fail(reader, node, MR_E_SYNTAX, 6107, "malformed variable");
        mr_err_help(reader->err, "write ${NAME} or ${NAME:-default}, and $${ for a plain ${");
        return status;
    }
    const char *value = NULL;
    if (reader->variables != NULL) value = reader->variables->get(reader->variables->ctx, name);
    if (value == NULL && !has_default) {
        mr_status status = mr_spec_fail(reader, node, MR_E_NOT_FOUND, 6107,
                                        "the environment variable %s is not set", name);
        mr_err_help(reader->err, "set it, or give a default: ${%s:-...}", name);
        return status;
    }
    if (has_default && (value == NULL || value[0] == '\0')) {
        mr_text_add(out, raw.text + i + 2, (size_t)(end - raw.text) - i - 2);
    } else {
        mr_text_adds(out, value);
    }
    *at = (size_t)(end - raw.text) + 1;
    return MR_OK;
}

static mr_status add_expanded(struct spec_reader *reader, const yaml_node_t *node,
                              struct mr_span raw, struct mr_text *out)
{
    size_t at = 0;
    while (at < raw.bytes) {
        size_t rest = raw.bytes - at;
        if (rest >= 3 && memcmp(raw.text + at, "$${", 3) == 0) {
            mr_text_adds(out, "${");
            at += 3;
        } else if (rest >= 2 && memcmp(raw.text + at, "${", 2) == 0) {
            at += 2;
            MR_TRY(add_variable(reader, node, raw, &at, out));
        } else {
            mr_text_addc(out, raw.text[at++]);
        }
    }
    return MR_OK;
}

/* The content of the file that `@file:path` names, less one line end. */
static mr_status read_text_file(struct spec_reader *reader, const yaml_node_t *node,
                                const char *path, struct mr_span *out_text)
{
    struct mr_err err;
    struct mr_span content;
    if (reader->io == NULL) {
        return mr_spec_fail(reader, node, MR_E_UNSUPPORTED, 6108, "@file: cannot be used here");
    }
    path = mr_spec_path(reader, path);
    if (path == NULL) return mr_spec_nomem(reader);
    mr_status status = mr_file_read(reader->io, reader->arena, path, TEXT_FILE_MAX, &content, &err);
    if (status != MR_OK) return mr_spec_fail(reader, node, status, 6108, "%s", err.message);
    if (mr_span_ends(content, MR_SPAN("\n"))) content.bytes--;
    if (mr_span_ends(content, MR_SPAN("\r"))) content.bytes--;
    *out_text = content;
    return MR_OK;
}

static mr_status check_text_node(struct spec_reader *reader, const yaml_node_t *node,
                                 const char *what)
{
    if (node->type != YAML_SCALAR_NODE) {
        return mr_spec_fail(reader, node, MR_E_SYNTAX, 6106, "%s must be a text, not a %s", what,
                            node->type == YAML_MAPPING_NODE ? "mapping" : "list");
    }
    struct mr_span raw = mr_spec_raw(node);
    if (memchr(raw.text, '\0', raw.bytes) != NULL) {
        return mr_spec_fail(reader, node, MR_E_SYNTAX, 6106, "%s has a zero byte in it", what);
    }
    const char *kind = plain_kind(raw);
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || kind == NULL) return MR_OK;
    mr_status status =
        mr_spec_fail(reader, node, MR_E_SYNTAX, 6106, "%s must be a text, not %s", what, kind);
    mr_err_help(reader->err, "write it in quotes: \"%.*s\"", (int)raw.bytes, raw.text);
    return status;
}

mr_status mr_spec_text(struct spec_reader *reader, const yaml_node_t *node, const char *what,
                       struct mr_span *out_text)
{
    struct mr_text text;
    MR_ASSERT(node != NULL);
    MR_TRY(check_text_node(reader, node, what));
    mr_text_init(&text, reader->arena->heap);
    mr_status status = add_expanded(reader, node, mr_spec_raw(node), &text);
    struct mr_span value = mr_text_span(&text);
    if (status == MR_OK && text.is_failed) status = mr_spec_nomem(reader);
    if (status == MR_OK && mr_span_starts(value, MR_SPAN("@file:"))) {
        status = read_text_file(reader, node, value.text + strlen("@file:"), &value);
    }
    if (status == MR_OK && value.bytes > 0 && memchr(value.text, '\0', value.bytes) != NULL) {
        status =
            mr_spec_fail(reader, node, MR_E_SYNTAX, 6108, "the file for %s has a zero byte", what);
    }
    if (status == MR_OK) {
        const char *copy = mr_arena_copy(reader->arena, value);
        if (copy == NULL)
            status = mr_spec_nomem(reader);
        else
            *out_text = (struct mr_span){copy, value.bytes};
    }
    mr_text_fini(&text);
    return status;
}
