/* What is said: messages, errors with their place, exit codes. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "tools/millrace/cli.h"

enum { QUOTED_LINE_MAX = 400 };

static const char *paint(const struct mr_cli *cli, const char *code)
{
    return cli->is_color ? code : "";
}

#define RED "\033[1;31m"
#define YELLOW "\033[33m"
#define BLUE "\033[34m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* Text from outside, with control characters made visible, so that nothing it holds can talk to
 * the terminal. Tabs become blanks. */
static void put_clean(FILE *to, struct mr_span text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned char c = (unsigned char)text.text[i];
        if (c == '\t')
            fputc(' ', to);
        else if (c == '\n')
            fputc('\n', to);
        else if (c < 0x20 || c == 0x7f)
            fprintf(to, "\\x%02x", c);
        else if (c == 0xc2 && i + 1 < text.bytes && (unsigned char)text.text[i + 1] < 0xa0) {
            fprintf(to, "\\x%02x", (unsigned char)text.text[++i]);
        } else
            fputc(c, to);
    }
}

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static void add_logfmt(struct mr_text *line, const char *name, struct mr_span value)
{
    mr_text_addf(line, " %s=", name);
    mr_text_add_json(line, value);
}

/* One line for machines: level, message and, for errors, where and what helps. */
static void log_line(struct mr_cli *cli, mr_say_level level, struct mr_span message,
                     const struct mr_err *err)
{
    struct mr_text line;
    bool is_json = cli->log_format == MR_LOG_JSON;
    char code[16], number[24];
    mr_text_init(&line, &cli->heap);
    mr_text_addf(&line, is_json ? "{\"level\":\"%s\"" : "level=%s", level_names[level]);
    struct {
        const char *name;
        struct mr_span value;
    } fields[6] = {{"msg", message}};
    size_t count = 1;
    if (err != NULL && err->code != 0) {
        (void)snprintf(code, sizeof code, "MR%04" PRIu32, err->code);
        fields[count].name = "code", fields[count++].value = mr_span_of(code);
    }
    if (err != NULL && err->origin[0] != '\0') {
        fields[count].name = "origin", fields[count++].value = mr_span_of(err->origin);
    }
    if (err != NULL && err->line > 0) {
        (void)snprintf(number, sizeof number, "%" PRIu32 ":%" PRIu32, err->line, err->column);
        fields[count].name = "at", fields[count++].value = mr_span_of(number);
    }
    if (err != NULL && err->help[0] != '\0') {
        fields[count].name = "help", fields[count++].value = mr_span_of(err->help);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_json) {
            mr_text_addf(&line, ",\"%s\":", fields[i].name);
            mr_text_add_json(&line, fields[i].value);
        } else {
            add_logfmt(&line, fields[i].name, fields[i].value);
        }
    }
    fprintf(cli->talk, "%.*s%s\n", (int)mr_text_span(&line).bytes, mr_text_span(&line).text,
            is_json ? "}" : "");
    mr_text_fini(&line);
}

void mr_cli_say(struct mr_cli *cli, mr_say_level level, const char *fmt, ...)
{
    va_list args;
    char text[2048];
    int needed = level == MR_SAY_DETAIL ? 1 : level == MR_SAY_INFO ? 0 : -1;
    if (cli->verbosity < needed) return;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (cli->log_format != MR_LOG_TEXT) {
        log_line(cli, level, mr_span_of(text), NULL);
        return;
    }
    const char *plain = paint(cli, PLAIN);
    if (level == MR_SAY_WARN) fprintf(cli->talk, "%swarning%s: ", paint(cli, YELLOW), plain);
    if (level == MR_SAY_ERROR) fprintf(cli->talk, "%serror%s: ", paint(cli, RED), plain);
    put_clean(cli->talk, mr_span_of(text));
    fputc('\n', cli->talk);
}

/* The line of a file, without its end; false when the file cannot be read or has no such line. */
static bool find_line(struct mr_cli *cli, const char *path, uint32_t line, struct mr_span *out)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t room = 0;
    ssize_t bytes = -1;
    if (file == NULL) return false;
    do {
        bytes = getline(&text, &room, file);
    } while (bytes >= 0 && --line > 0);
    while (bytes > 0 && (text[bytes - 1] == '\n' || text[bytes - 1] == '\r')) bytes--;
    bool is_found = bytes >= 0 && bytes <= QUOTED_LINE_MAX;
    if (is_found) {
        out->bytes = (size_t)bytes;
        out->text = mr_arena_copy(&cli->arena, (struct mr_span){text, (size_t)bytes});
        is_found = out->text != NULL;
    }
    free(text);
    fclose(file);
    return is_found;
}

/* How wide the first `count` characters of the line are on the terminal. */
static size_t columns_of(struct mr_span line, uint32_t count)
{
    size_t columns = 0;
    for (size_t i = 0; i < line.bytes; i++) {
        unsigned char c = (unsigned char)line.text[i];
        if ((c & 0xc0) == 0x80) continue;
        if (count-- == 0) break;
        columns += c != '\t' && (c < 0x20 || c == 0x7f) ? 4 : 1;
    }
    return columns;
}

/* Line `number` of a text, from 1. */
static bool line_of(struct mr_span text, uint32_t number, struct mr_span *out_line)
{
    for (;;) {
        const char *end = text.bytes == 0 ? NULL : memchr(text.text, '\n', text.bytes);
        size_t bytes = end == NULL ? text.bytes : (size_t)(end - text.text);
        *out_line = (struct mr_span){text.text, bytes};
        if (--number == 0) return bytes <= QUOTED_LINE_MAX;
        if (end == NULL) return false;
        text = (struct mr_span){end + 1, text.bytes - bytes - 1};
    }
}

static void quote_line(struct mr_cli *cli, const struct mr_err *err)
{
    struct mr_span line;
    char path[2 * MR_ERR_ORIGIN_MAX], number[16];
    bool is_text = cli->text_origin != NULL && strcmp(cli->text_origin, err->origin) == 0;
    bool is_found = is_text ? line_of(cli->text, err->line, &line)
                            : find_line(cli, err->origin, err->line, &line);
    if (!is_found && !is_text && cli->folder != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", cli->folder, err->origin);
        is_found = find_line(cli, path, err->line, &line);
    }
    if (!is_found) return;
    int width = snprintf(number, sizeof number, "%" PRIu32, err->line);
    fprintf(cli->talk, "  %s%s |%s   ", paint(cli, BLUE), number, paint(cli, PLAIN));
    put_clean(cli->talk, line);
    uint32_t column = MR_MAX(err->column, 1u) - 1;
    size_t skip = columns_of(line, column);
    size_t carets = columns_of(line, column + MR_MAX(err->width, 1u)) - skip;
    fprintf(cli->talk, "\n  %s%*s |%s   %*s%s", paint(cli, BLUE), width, "", paint(cli, PLAIN),
            (int)skip, "", paint(cli, RED));
    for (size_t i = 0; i < MR_MAX(carets, (size_t)1); i++) fputc('^', cli->talk);
    fprintf(cli->talk, "%s\n", paint(cli, PLAIN));
}

static void print_place(struct mr_cli *cli, const struct mr_err *err)
{
    if (err->origin[0] == '\0') return;
    fputs("  ", cli->talk);
    put_clean(cli->talk, mr_span_of(err->origin));
    if (err->line > 0) {
        fprintf(cli->talk, ":%" PRIu32 ":%" PRIu32 "\n", err->line, MR_MAX(err->column, 1u));
        quote_line(cli, err);
    } else if (err->has_at) {
        fprintf(cli->talk, ", byte %" PRIu64 "\n", err->at);
    } else {
        fputc('\n', cli->talk);
    }
}

void mr_cli_print_error(struct mr_cli *cli, const struct mr_err *err)
{
    if (cli->log_format != MR_LOG_TEXT) {
        log_line(cli, MR_SAY_ERROR, mr_span_of(err->message), err);
        return;
    }
    fprintf(cli->talk, "%serror", paint(cli, RED));
    if (err->code != 0) fprintf(cli->talk, "[MR%04" PRIu32 "]", err->code);
    fprintf(cli->talk, "%s: %s", paint(cli, PLAIN), paint(cli, BOLD));
    put_clean(cli->talk, mr_span_of(err->message));
    fprintf(cli->talk, "%s\n", paint(cli, PLAIN));
    print_place(cli, err);
    if (err->help[0] == '\0') return;
    fputs("  help: ", cli->talk);
    put_clean(cli->talk, mr_span_of(err->help));
    fputc('\n', cli->talk);
}

void mr_cli_quote_from(struct mr_cli *cli, const char *origin, struct mr_span text)
{
    const char *copy = mr_arena_copy(&cli->arena, text);
    cli->text_origin = copy == NULL ? NULL : mr_arena_copy(&cli->arena, mr_span_of(origin));
    cli->text = (struct mr_span){copy, copy == NULL ? 0 : text.bytes};
}

int mr_cli_exit_of(const struct mr_err *err)
{
    if (err->code == 6001) return MR_EXIT_USAGE;
    if (err->status == MR_E_LOCKED) return MR_EXIT_LOCKED;
    uint32_t range = err->code / 1000;
    /* A checkpoint in a format of the future is as unusable as a damaged one. */
    bool is_unusable = err->status == MR_E_UNSUPPORTED && range == 4;
    if (is_unusable || (err->status == MR_E_CORRUPT && (range == 3 || range == 4))) {
        return MR_EXIT_CORRUPT;
    }
    bool is_option = range == 2 && (err->status == MR_E_INVALID || err->status == MR_E_UNSUPPORTED);
    bool is_config = range == 1 || range == 6 || is_option;
    return is_config ? MR_EXIT_REJECTED : MR_EXIT_FAILED;
}

mr_status mr_cli_usage(const struct mr_cli *cli, struct mr_err *err, const char *fmt, ...)
{
    va_list args;
    char message[MR_ERR_MESSAGE_MAX];
    va_start(args, fmt);
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    mr_status status = mr_err_set(err, MR_E_INVALID, 6001, "%s", message);
    const char *verb = cli->command == NULL ? NULL : cli->command->name;
    mr_err_help(err, "see `millrace help%s%s`", verb == NULL ? "" : " ", verb == NULL ? "" : verb);
    return status;
}
