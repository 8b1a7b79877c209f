#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/pipeline/flow_setup_impl.h"

enum { ERR_BAD_PATH = 1407, CLIMB_MAX = 256 };

/* A folder that bad records must stay out of. */
struct keep_out {
    const char *folder;
    const char *what;
};

static mr_status bad_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a path");
}

/* ---- paths as text ---- */

/* The absolute path without empty parts, "." and "..", which are taken as text. */
static char *normal_path(struct mr_arena *arena, const char *path)
{
    char *out = mr_arena_alloc(arena, strlen(path) + 2, 1), *to = out;
    if (out == NULL) return NULL;
    while (*path != '\0') {
        size_t bytes = strcspn(path, "/");
        bool is_up = bytes == 2 && memcmp(path, "..", 2) == 0;
        while (is_up && to > out && *--to != '/') continue;
        if (bytes > 0 && !is_up && !(bytes == 1 && *path == '.')) {
            *to++ = '/';
            memcpy(to, path, bytes);
            to += bytes;
        }
        path += bytes + (path[bytes] == '/');
    }
    if (to == out) *to++ = '/';
    *to = '\0';
    return out;
}

static bool is_inside(const char *path, const char *folder)
{
    size_t bytes = strlen(folder);
    if (strcmp(folder, "/") == 0) return true;
    return strncmp(path, folder, bytes) == 0 && (path[bytes] == '/' || path[bytes] == '\0');
}

/* Whether files below `path`/<digits> could match a glob that starts with this text. */
static bool is_in_reach(const char *path, const char *glob_start)
{
    size_t bytes = strlen(path), start = strlen(glob_start);
    if (strncmp(path, glob_start, MR_MIN(bytes, start)) != 0) return false;
    if (start <= bytes) return true;
    return glob_start[bytes] == '/' &&
           (glob_start[bytes + 1] == '\0' || isdigit((unsigned char)glob_start[bytes + 1]));
}

/* ---- where a path really is ---- */

/* The nearest folder of the path that exists; "/" always does. */
static mr_status find_existing(struct mr_flow_setup *s, const char *path, const char **out_folder,
                               struct mr_err *err)
{
    for (*out_folder = path; *out_folder != NULL; *out_folder = mr_dir_of(&s->arena, *out_folder)) {
        struct mr_io_stat stat;
        mr_status status = mr_file_stat(s->env->io, *out_folder, &stat, err);
        if (status != MR_E_NOT_FOUND) return status;
        if (strcmp(*out_folder, "/") == 0) return status;
    }
    return bad_nomem(err);
}

/* Whether the existing folder lies in the other one, or is it, links followed. */
static mr_status lies_in(struct mr_flow_setup *s, const char *path, const char *folder,
                         bool *out_is_inside, struct mr_err *err)
{
    struct mr_io_stat wanted, stat, last = {0};
    mr_status status = mr_file_stat(s->env->io, folder, &wanted, err);
    *out_is_inside = false;
    if (status == MR_E_NOT_FOUND) return MR_OK;
    if (status != MR_OK) return status;
    for (int i = 0; i < CLIMB_MAX && !*out_is_inside; i++) {
        MR_TRY(mr_file_stat(s->env->io, path, &stat, err));
        if (stat.inode == last.inode && stat.device == last.device) return MR_OK;
        *out_is_inside = stat.inode == wanted.inode && stat.device == wanted.device;
        last = stat;
        path = mr_arena_format(&s->arena, "%s/..", path);
        if (path == NULL) return bad_nomem(err);
    }
    return MR_OK;
}

/* ---- the checks ---- */

static mr_status refuse(const struct mr_flow_setup *s, const struct keep_out *place,
                        struct mr_err *err)
{
    mr_err_set(err, MR_E_INVALID, ERR_BAD_PATH, "badRecordsPath %s lies in %s, %s", s->bad_folder,
               place->what, place->folder);
    mr_err_help(err, "bad records would be taken for input or for a part of the table; name a "
                     "folder beside it");
    return MR_E_INVALID;
}

static mr_status check_outside(struct mr_flow_setup *s, const struct keep_out *place,
                               struct mr_err *err)
{
    const char *folder = normal_path(&s->arena, place->folder), *existing;
    bool is_link_inside = false;
    if (folder == NULL) return bad_nomem(err);
    if (is_inside(s->bad_folder, folder)) return refuse(s, place, err);
    MR_TRY(find_existing(s, s->bad_folder, &existing, err));
    MR_TRY(lies_in(s, existing, folder, &is_link_inside, err));
    return is_link_inside ? refuse(s, place, err) : MR_OK;
}

/* A source that is named by a glob reads more than one folder. */
static mr_status check_source(struct mr_flow_setup *s, struct mr_err *err)
{
    const struct keep_out place = {s->path.text, "what the source reads"};
    size_t plain = strcspn(place.folder, "*?[{\\");
    if (place.folder[plain] == '\0') return check_outside(s, &place, err);
    const char *start = mr_arena_copy(&s->arena, (struct mr_span){place.folder, plain});
    if (start == NULL) return bad_nomem(err);
    return is_in_reach(s->bad_folder, start) ? refuse(s, &place, err) : MR_OK;
}

static mr_status check(struct mr_flow_setup *s, struct mr_err *err)
{
    const struct keep_out table = {s->dataset->table_path, "the table"};
    const struct keep_out checkpoint = {s->dataset->checkpoint_root, "the checkpoint"};
    struct mr_span value = mr_span_of(mr_format_bad_records_path(&s->format));
    const char *path;
    for (size_t i = 0; i < value.bytes; i++) {
        if ((unsigned char)value.text[i] >= ' ') continue;
        return mr_err_set(err, MR_E_INVALID, ERR_BAD_PATH,
                          "badRecordsPath has a control character at byte %zu", i);
    }
    MR_TRY(mr_setup_place(s, value, &path, err));
    s->bad_folder = normal_path(&s->arena, path);
    if (s->bad_folder == NULL) return bad_nomem(err);
    MR_TRY(check_source(s, err));
    MR_TRY(check_outside(s, &table, err));
    return check_outside(s, &checkpoint, err);
}

mr_status mr_setup_bad_records(struct mr_flow_setup *s, struct mr_err *err)
{
    if (mr_format_bad_records_path(&s->format)[0] == '\0') return MR_OK;
    return mr_setup_locate(s, "badRecordsPath", check(s, err), err);
}

mr_status mr_setup_make_bad_folder(struct mr_flow_setup *s, struct mr_err *err)
{
    if (s->bad_folder == NULL || s->env->is_dry) return MR_OK;
    return mr_setup_locate(s, "badRecordsPath", mr_dir_make(s->env->io, s->bad_folder, err), err);
}
