#include "tools/millrace/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/nearest.h"

enum { ERR_FOLDER = 6203, ERR_DATASET = 6204 };

static const char *variable(void *ctx, const char *name)
{
    return ((struct mr_cli *)ctx)->variable(name);
}

/* The folder as an absolute path, so that tables and checkpoints are the same from anywhere. */
static mr_status find_folder(struct mr_cli *cli, const char *folder, struct mr_err *err)
{
    char path[PATH_MAX];
    if (realpath(folder, path) == NULL) {
        return mr_err_os(err, errno, ERR_FOLDER, "cannot open the pipeline folder %s", folder);
    }
    cli->folder = mr_arena_copy(&cli->arena, mr_span_of(path));
    return cli->folder == NULL ? mr_err_set(err, MR_E_NOMEM, 0, "out of memory") : MR_OK;
}

static bool has_option(const struct mr_cli *cli, const char *name)
{
    const struct mr_option *o = cli->command->options;
    for (; o != NULL && o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0) return true;
    }
    return false;
}

/* --set key=value, as settings that win over the spec's. */
static mr_status read_overrides(struct mr_cli *cli, const struct mr_setting **out_settings,
                                uint32_t *out_count, struct mr_err *err)
{
    if (!has_option(cli, "set")) return MR_OK;
    const struct mr_option_value *pairs = mr_cli_option(cli, "set");
    struct mr_setting *list = MR_ARENA_ARRAY(&cli->arena, struct mr_setting, pairs->item_count);
    if (list == NULL && pairs->item_count > 0) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for settings");
    }
    for (uint32_t i = 0; i < pairs->item_count; i++) {
        const char *equals = strchr(pairs->items[i], '=');
        if (equals == NULL || equals == pairs->items[i]) {
            return mr_cli_usage(cli, err, "--set: \"%s\" is not key=value", pairs->items[i]);
        }
        list[i].name = (struct mr_span){pairs->items[i], (size_t)(equals - pairs->items[i])};
        list[i].value = mr_span_of(equals + 1);
    }
    *out_settings = list;
    *out_count = pairs->item_count;
    return MR_OK;
}

mr_status mr_folder_load(struct mr_cli *cli, struct mr_io *io, const char *folder,
                         struct mr_pipeline *out_pipeline, struct mr_err *err)
{
    const struct mr_setting *overrides = NULL;
    uint32_t override_count = 0;
    struct mr_variables variables = {variable, cli};
    MR_TRY(read_overrides(cli, &overrides, &override_count, err));
    MR_TRY(find_folder(cli, folder, err));
    return mr_pipeline_load(&cli->arena, io, cli->folder, &variables, overrides, override_count,
                            out_pipeline, err);
}

mr_status mr_folder_generation(struct mr_cli *cli, struct mr_io *io,
                               const struct mr_dataset *dataset, const char **out_path,
                               struct mr_err *err)
{
    struct mr_dir_list list;
    long newest = -1;
    *out_path = NULL;
    mr_status status = mr_dir_list(io, &cli->arena, dataset->checkpoint_root, false, &list, err);
    if (status == MR_E_NOT_FOUND) {
        *err = (struct mr_err){0};
        return MR_OK;
    }
    if (status != MR_OK) return status;
    for (uint32_t i = 0; i < list.count; i++) {
        char *end;
        long number = strtol(list.entries[i].name.text, &end, 10);
        if (*end == '\0' && end != list.entries[i].name.text && number > newest) newest = number;
    }
    if (newest < 0) return MR_OK;
    *out_path = mr_arena_format(&cli->arena, "%s/%ld", dataset->checkpoint_root, newest);
    return *out_path == NULL ? mr_err_set(err, MR_E_NOMEM, 0, "out of memory") : MR_OK;
}

mr_status mr_folder_dataset(const struct mr_pipeline *pipeline, const char *name,
                            const struct mr_dataset **out_dataset, struct mr_err *err)
{
    struct mr_nearest nearest;
    struct mr_span wanted = mr_span_of(name);
    mr_nearest_init(&nearest, wanted);
    for (uint32_t i = 0; i < pipeline->dataset_count; i++) {
        const struct mr_dataset *d = &pipeline->datasets[i];
        if (mr_span_ieq(mr_span_of(d->name), wanted) ||
            mr_span_ieq(mr_span_of(d->full_name), wanted)) {
            *out_dataset = d;
            return MR_OK;
        }
        mr_nearest_offer(&nearest, mr_span_of(d->name));
    }
    mr_err_set(err, MR_E_NOT_FOUND, ERR_DATASET, "the pipeline has no table \"%s\"", name);
    if (nearest.best.bytes > 0) {
        mr_err_help(err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    }
    return MR_E_NOT_FOUND;
}
