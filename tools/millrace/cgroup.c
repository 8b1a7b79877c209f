#include "tools/millrace/cgroup.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"

enum { GROUP_PATH = 4096 };

/* quota_cpus: whole processors, rounded to the nearest: 1.5 is 2, 1.4 is 1. */
static uint32_t quota_cpus(int64_t quota_us, int64_t period_us)
{
    if (quota_us <= 0 || period_us <= 0) return UINT32_MAX;
    int64_t cpus = (quota_us + period_us / 2) / period_us;
    return (uint32_t)MR_MAX(MR_MIN(cpus, INT64_C(1000000)), INT64_C(1));
}

/* read_line: the first line of the file `name` in `folder`. */
static bool read_line(const char *folder, const char *name, char *out, int bytes)
{
    char path[2 * GROUP_PATH];
    int used = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (used < 0 || (size_t)used >= sizeof path) return false;
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    bool has_line = fgets(out, bytes, file) != NULL;
    (void)fclose(file);
    return has_line;
}

static int64_t read_number(const char *folder, const char *name)
{
    char line[64];
    int64_t value;
    if (!read_line(folder, name, line, sizeof line)) return -1;
    return sscanf(line, "%" SCNd64, &value) == 1 ? value : -1;
}

/* The quota of one group, whose folder is `folder`. Version 2 has both numbers in one file. */
static uint32_t group_cpus(const char *folder, bool is_v1)
{
    char line[64];
    int64_t quota_us, period_us;
    if (is_v1) {
        return quota_cpus(read_number(folder, "cpu.cfs_quota_us"),
                          read_number(folder, "cpu.cfs_period_us"));
    }
    if (!read_line(folder, "cpu.max", line, sizeof line)) return UINT32_MAX;
    if (sscanf(line, "%" SCNd64 " %" SCNd64, &quota_us, &period_us) != 2) return UINT32_MAX;
    return quota_cpus(quota_us, period_us);
}

/* The smallest quota from the group `path` up to the mount's root. */
static uint32_t path_cpus(const char *mount, char *path, bool is_v1)
{
    char folder[2 * GROUP_PATH];
    uint32_t cpus = UINT32_MAX;
    for (;;) {
        int used = snprintf(folder, sizeof folder, "%s%s", mount, path);
        if (used < 0 || (size_t)used >= sizeof folder) return cpus;
        uint32_t allowed = group_cpus(folder, is_v1);
        cpus = MR_MIN(cpus, allowed);
        char *slash = strrchr(path, '/');
        if (slash == NULL) return cpus;
        *slash = '\0';
    }
}

/* A line of proc/self/cgroup: "0::/path" of version 2, "4:cpu,cpuacct:/path" of version 1. */
static uint32_t line_cpus(const char *root, char *line)
{
    char mount[GROUP_PATH], *names = strchr(line, ':');
    char *path = names == NULL ? NULL : strchr(names + 1, ':');
    if (path == NULL) return UINT32_MAX;
    *path++ = '\0';
    names++;
    path[strcspn(path, "\n")] = '\0';
    if (strcmp(path, "/") == 0) *path = '\0';
    if (*names == '\0') {
        (void)snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root);
        return path_cpus(mount, path, false);
    }
    bool is_cpu = false;
    for (char *rest = names, *name; (name = strsep(&rest, ",")) != NULL;) {
        is_cpu |= strcmp(name, "cpu") == 0;
    }
    if (!is_cpu) return UINT32_MAX;
    (void)snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/cpu", root);
    return path_cpus(mount, path, true);
}

uint32_t mr_cgroup_cpus(const char *root)
{
    char path[GROUP_PATH], line[GROUP_PATH];
    uint32_t cpus = UINT32_MAX;
    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    if (file == NULL) return cpus;
    while (fgets(line, sizeof line, file) != NULL) {
        uint32_t allowed = line_cpus(root, line);
        cpus = MR_MIN(cpus, allowed);
    }
    (void)fclose(file);
    return cpus;
}
