/* Writes generated records to files or the standard output. A file gets its name when it is
 * complete, so that a pipeline that watches the folder never sees half of one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "kernels/text/datetime.h"
#include "tools/gen/gen.h"
#include "tools/millrace/cli.h"

enum { GEN_BUFFER_BYTES = 1 << 20, GEN_PATH_MAX = 4096 };

struct gen_run {
    struct mr_cli *cli;
    struct mr_gen *gen;
    char *buffer;
    const char *folder;
    const char *prefix;
    uint64_t files;
    struct mr_err *err;
};

static mr_status write_all(struct gen_run *run, int file, const char *name, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        ssize_t written = write(file, run->buffer + at, bytes - at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return mr_err_os(run->err, errno, 5001, "cannot write %s", name);
        at += (size_t)written;
    }
    return MR_OK;
}

/* Lines go out until so many lines, or so many bytes, have been made in all. */
static mr_status write_lines(struct gen_run *run, int file, const char *name, uint64_t lines_end,
                             uint64_t bytes_end)
{
    const struct mr_gen_counts *counts = &run->gen->counts;
    while (!mr_gen_is_done(run->gen) && counts->lines < lines_end && counts->bytes < bytes_end) {
        uint64_t left = bytes_end - counts->bytes;
        size_t room = GEN_BUFFER_BYTES;
        if (left < GEN_BUFFER_BYTES - MR_GEN_LINE_MAX) room = (size_t)left + MR_GEN_LINE_MAX + 1;
        size_t bytes = mr_gen_fill(run->gen, run->buffer, room, lines_end - counts->lines);
        MR_TRY(write_all(run, file, name, bytes));
    }
    return MR_OK;
}

static mr_status write_file(struct gen_run *run, uint64_t index)
{
    char path[GEN_PATH_MAX], temporary[GEN_PATH_MAX];
    const struct mr_gen_options *options = &run->gen->options;
    bool is_last = index + 1 == run->files, is_by_bytes = options->bytes > 0;
    uint64_t total = is_by_bytes ? options->bytes : options->rows;
    uint64_t end =
        is_last ? UINT64_MAX : (uint64_t)((unsigned __int128)total * (index + 1) / run->files);
    int bytes =
        snprintf(path, sizeof path, "%s/%s-%05" PRIu64 ".json", run->folder, run->prefix, index);
    int hidden = snprintf(temporary, sizeof temporary, "%s/.%s-%05" PRIu64 ".tmp", run->folder,
                          run->prefix, index);
    if (bytes < 0 || hidden < 0 || bytes >= GEN_PATH_MAX || hidden >= GEN_PATH_MAX) {
        return mr_err_set(run->err, MR_E_LIMIT, 5002, "path is too long: %s", run->folder);
    }
    int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) return mr_err_os(run->err, errno, 5001, "cannot create %s", temporary);
    mr_status status = write_lines(run, file, temporary, is_by_bytes ? UINT64_MAX : end,
                                   is_by_bytes ? end : UINT64_MAX);
    if (close(file) != 0 && status == MR_OK) {
        status = mr_err_os(run->err, errno, 5001, "cannot write %s", temporary);
    }
    if (status == MR_OK && link(temporary, path) != 0) {
        status = mr_err_os(run->err, errno, 5001, "cannot create %s", path);
        if (errno == EEXIST) mr_err_help(run->err, "choose another --prefix or --out");
    }
    (void)unlink(temporary);
    return status;
}

static mr_status write_files(struct gen_run *run)
{
    if (mkdir(run->folder, 0777) != 0 && errno != EEXIST) {
        return mr_err_os(run->err, errno, 5001, "cannot make %s", run->folder);
    }
    for (uint64_t i = 0; i < run->files; i++) MR_TRY(write_file(run, i));
    return MR_OK;
}

static mr_status read_options(struct mr_cli *cli, struct mr_gen_options *options,
                              struct mr_err *err)
{
    struct mr_gen_options o = {.seed = (uint64_t)mr_cli_int(cli, "seed"),
                               .rows = (uint64_t)mr_cli_int(cli, "rows"),
                               .rate = (uint64_t)mr_cli_int(cli, "rate"),
                               .late_max_us = mr_cli_int(cli, "late-max"),
                               .late = mr_cli_rate(cli, "late"),
                               .duplicates = mr_cli_rate(cli, "duplicates"),
                               .malformed = mr_cli_rate(cli, "malformed"),
                               .reordered = mr_cli_rate(cli, "reordered")};
    if (mr_cli_text(cli, "bytes") != NULL) o.bytes = (uint64_t)mr_cli_int(cli, "bytes");
    while (strcmp(cli->action, mr_gen_kind_name(o.kind)) != 0) o.kind++;
    const char *start = mr_cli_text(cli, "start");
    if (mr_timestamp_parse(start, strlen(start), NULL, &o.start_us) != MR_PARSE_OK) {
        return mr_cli_usage(cli, err, "--start: \"%s\" is no time like 2026-01-01T00:00:00Z",
                            start);
    }
    *options = o;
    return MR_OK;
}

int mr_verb_gen(struct mr_cli *cli, struct mr_err *err)
{
    struct mr_gen_options options;
    struct gen_run run = {.cli = cli,
                          .err = err,
                          .folder = mr_cli_text(cli, "out"),
                          .prefix = mr_cli_text(cli, "prefix"),
                          .files = (uint64_t)mr_cli_int(cli, "files")};
    if (read_options(cli, &options, err) != MR_OK) return mr_cli_exit_of(err);
    if (run.prefix == NULL) run.prefix = cli->action;
    if (run.prefix[0] == '\0' || run.prefix[0] == '.' || strchr(run.prefix, '/') != NULL) {
        (void)mr_cli_usage(cli, err, "--prefix: \"%s\" cannot start a file name", run.prefix);
        return mr_cli_exit_of(err);
    }
    run.gen = MR_ARENA_NEW(&cli->arena, struct mr_gen);
    run.buffer = mr_arena_alloc(&cli->arena, GEN_BUFFER_BYTES, 64);
    if (run.gen == NULL || run.buffer == NULL) {
        (void)mr_err_set(err, MR_E_NOMEM, 0, "out of memory");
        return MR_EXIT_FAILED;
    }
    mr_gen_init(run.gen, &options);
    mr_status status = run.folder == NULL ? write_lines(&run, STDOUT_FILENO, "the standard output",
                                                        UINT64_MAX, UINT64_MAX)
                                          : write_files(&run);
    if (status != MR_OK) return mr_cli_exit_of(err);
    const struct mr_gen_counts *c = &run.gen->counts;
    mr_cli_say(cli, MR_SAY_INFO,
               "%s: %" PRIu64 " lines, %" PRIu64 " bytes, %" PRIu64 " distinct records, %" PRIu64
               " duplicates, %" PRIu64 " malformed, %" PRIu64 " late, %" PRIu64 " reordered",
               cli->action, c->lines, c->bytes, c->distinct, c->duplicates, c->malformed, c->late,
               c->reordered);
    return MR_EXIT_OK;
}
