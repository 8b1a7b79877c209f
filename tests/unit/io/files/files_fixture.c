#include "tests/unit/io/files/files_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/files/files_source.h"
#include "io/posix/posix_io.h"

static void fx_notice(void *ctx, const char *text)
{
    struct fx *fx = ctx;
    assert_true(fx->notice_count < NOTICES_MAX);
    snprintf(fx->notices[fx->notice_count++], sizeof fx->notices[0], "%s", text);
}

bool fx_noticed(const struct fx *fx, const char *part)
{
    for (uint32_t i = 0; i < fx->notice_count; i++) {
        if (strstr(fx->notices[i], part) != NULL) return true;
    }
    return false;
}

void fx_init(struct fx *fx)
{
    const struct mr_posix_options posix = {.seed = 7};
    memset(fx, 0, sizeof *fx);
    mr_heap_init(&fx->heap, 0);
    mr_arena_init(&fx->arena, &fx->heap, 0);
    assert_int_equal(mr_posix_open(&fx->heap, &posix, &fx->io, &fx->err), MR_OK);
    mr_tempdir_make(fx->dir);
    snprintf(fx->path, sizeof fx->path, "%s/in", fx->dir);
    snprintf(fx->log, sizeof fx->log, "%s/cp/sources/0", fx->dir);
    snprintf(fx->own, sizeof fx->own, "%s/cp/millrace", fx->dir);
    assert_int_equal(mkdir(fx->path, 0777), 0);
    fx->offset = fx->committed = -1;
}

void fx_close(struct fx *fx)
{
    if (fx->source != NULL) fx->source->driver->close(fx->source);
    fx->source = NULL;
}

void fx_fini(struct fx *fx)
{
    fx_close(fx);
    mr_arena_fini(&fx->arena);
    mr_io_close(fx->io);
    assert_int_equal(fx->heap.used_bytes, 0);
    mr_tempdir_remove(fx->dir);
}

mr_status fx_try_open(struct fx *fx, const char *options)
{
    struct mr_source_pair pairs[8];
    uint32_t count = 0;
    for (const char *at = options; *at != '\0';) {
        size_t bytes = strcspn(at, ";");
        const char *equals = memchr(at, '=', bytes);
        pairs[count++] = (struct mr_source_pair){{at, (size_t)(equals - at)},
                                                 {equals + 1, (size_t)(at + bytes - equals - 1)}};
        at += bytes + (at[bytes] == ';');
    }
    fx_close(fx);
    MR_TRY(mr_source_options_read(&fx->arena, pairs, count, &fx->options, &fx->err));
    const struct mr_source_spec spec = {
        .heap = &fx->heap,
        .io = fx->io,
        .path = mr_span_of(fx->path),
        .options = &fx->options,
        .log_folder = fx->log,
        .own_folder = fx->own,
        .offset = fx->offset,
        .committed = fx->committed,
        .is_followed = fx->is_followed,
        .notice = fx_notice,
        .notice_ctx = fx,
    };
    return mr_files_source_open(&spec, &fx->source, &fx->err);
}

void fx_open(struct fx *fx, const char *options)
{
    mr_status status = fx_try_open(fx, options);
    if (status != MR_OK) fail_msg("open: %s", fx->err.message);
}

void fx_put(struct fx *fx, const char *name, const char *content, int64_t modified_s)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/in/%s", fx->dir, name);
    for (char *slash = strchr(path + strlen(fx->dir) + 4, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    const struct timespec times[2] = {{modified_s, 0}, {modified_s, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

void fx_remove(struct fx *fx, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/in/%s", fx->dir, name);
    assert_int_equal(unlink(path), 0);
}

bool fx_exists(struct fx *fx, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", fx->dir, name);
    return access(path, F_OK) == 0;
}

const char *fx_names(struct fx *fx)
{
    struct mr_text text;
    mr_text_init(&text, &fx->heap);
    size_t skip = strlen(fx->dir) + 4;
    for (uint32_t i = 0; i < fx->list.count; i++) {
        if (i > 0) mr_text_addc(&text, ' ');
        mr_text_adds(&text, fx->list.files[i].path + skip);
    }
    assert_int_equal(mr_text_end(&text, &fx->err), MR_OK);
    const char *out = mr_arena_copy(&fx->arena, mr_text_span(&text));
    mr_text_fini(&text);
    return out == NULL ? "" : out;
}

void fx_plan(struct fx *fx)
{
    const struct mr_source_limits limits = {0};
    mr_status status =
        fx->source->driver->plan(fx->source, &limits, &fx->arena, &fx->list, &fx->err);
    if (status == MR_OK) status = fx->source->driver->harden(fx->source, &fx->err);
    if (status != MR_OK) fail_msg("plan: %s", fx->err.message);
    assert_true(fx->list.count > 0 ? fx->list.offset == fx->offset + 1
                                   : fx->list.offset == fx->offset);
    fx->offset = fx->list.offset;
}

void fx_commit(struct fx *fx)
{
    mr_status status = fx->source->driver->commit(fx->source, fx->offset, &fx->err);
    if (status != MR_OK) fail_msg("commit: %s", fx->err.message);
    fx->committed = fx->offset;
}

const char *fx_step(struct fx *fx)
{
    fx_plan(fx);
    const char *names = fx_names(fx);
    if (fx->list.count > 0) fx_commit(fx);
    return names;
}
