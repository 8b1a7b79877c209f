/* The version and what is compiled in. MR_VERSION and MR_WITH_... come from the build. */
#include "core/base/checked.h"
#include "kernels/isa/isa.h"
#include "tools/millrace/cli.h"

static const struct {
    const char *name;
    bool is_there;
    const char *without; /* what is missing then */
} features[] = {
    {"io_uring", MR_WITH_URING, "shards use plain system calls and helper threads"},
    {"hwloc", MR_WITH_HWLOC, "shards are placed by the operating system"},
    {"isal", MR_WITH_ISAL, "no gzip"},
    {"zstd", MR_WITH_ZSTD, "no zstd"},
    {"lz4", MR_WITH_LZ4, "no lz4"},
    {"snappy", MR_WITH_SNAPPY, "no snappy"},
    {"sqlite", MR_WITH_SQLITE, "no index of known files"},
    {"yaml", MR_WITH_YAML, "no pipeline specs"},
};

int mr_verb_version(struct mr_cli *cli, struct mr_err *err)
{
    bool is_json = mr_cli_flag(cli, "json");
    (void)err;
    if (is_json) {
        fprintf(cli->out, "{\"version\":\"%s\",\"compiler\":\"%s\",\"isa\":\"%s\",\"features\":{",
                MR_VERSION, MR_COMPILER, mr_isa_name(mr_isa_best()));
        for (size_t i = 0; i < MR_COUNT_OF(features); i++) {
            fprintf(cli->out, "%s\"%s\":%s", i == 0 ? "" : ",", features[i].name,
                    features[i].is_there ? "true" : "false");
        }
        fputs("}}\n", cli->out);
        return MR_EXIT_OK;
    }
    fprintf(cli->out, "millrace %s (%s, kernels %s)\n", MR_VERSION, MR_COMPILER,
            mr_isa_name(mr_isa_best()));
    for (size_t i = 0; i < MR_COUNT_OF(features); i++) {
        if (features[i].is_there)
            fprintf(cli->out, "  with %s\n", features[i].name);
        else
            fprintf(cli->out, "  without %s: %s\n", features[i].name, features[i].without);
    }
    return MR_EXIT_OK;
}
