/* Shown: the processor quota of a process is the smallest of its group and those above it, in both
 * versions of control groups; what is absent, unlimited or not understood limits nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/millrace/cgroup.h"

static char root[64];

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/cgroup-XXXXXX");
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

/* put: a file below the root, its folders made. */
static void put(const char *path, const char *text)
{
    char command[512];
    (void)snprintf(command, sizeof command,
                   "mkdir -p $(dirname %s/%s) && printf '%%s' '%s' > %s/%s", root, path, text, root,
                   path);
    assert_int_equal(system(command), 0);
}

static void test_none(void **state)
{
    (void)state;
    assert_int_equal(mr_cgroup_cpus(root), UINT32_MAX);
    put("proc/self/cgroup", "0::/\n");
    assert_int_equal(mr_cgroup_cpus(root), UINT32_MAX);
    put("sys/fs/cgroup/cpu.max", "max 100000\n");
    assert_int_equal(mr_cgroup_cpus(root), UINT32_MAX);
    put("proc/self/cgroup", "nonsense\n:\n7\n");
    assert_int_equal(mr_cgroup_cpus(root), UINT32_MAX);
}

static void test_version_2(void **state)
{
    (void)state;
    put("proc/self/cgroup", "0::/a/b\n");
    put("sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
    assert_int_equal(mr_cgroup_cpus(root), 3);
    put("sys/fs/cgroup/a/cpu.max", "250000 100000\n");
    assert_int_equal(mr_cgroup_cpus(root), 3);
    put("sys/fs/cgroup/a/cpu.max", "140000 100000\n");
    assert_int_equal(mr_cgroup_cpus(root), 1);
    put("sys/fs/cgroup/cpu.max", "20000 100000\n");
    assert_int_equal(mr_cgroup_cpus(root), 1);
}

static void test_version_1(void **state)
{
    (void)state;
    put("proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/docker/x\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    assert_int_equal(mr_cgroup_cpus(root), 4); /* the group's own folder is not mounted here */
    put("sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n");
    assert_int_equal(mr_cgroup_cpus(root), 4);
    put("sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "200000\n");
    assert_int_equal(mr_cgroup_cpus(root), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_none, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_version_2, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_version_1, make_root, remove_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
