/* A look at this machine: each check prints what it found and, when something is amiss, what fixes
 * it. The probes make the calls they ask about; those on the file system work on two files of their
 * own that are removed again. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "kernels/isa/isa.h"
#include "numa/topology.h"
#include "tools/millrace/cgroup.h"
#include "tools/millrace/cli.h"

typedef enum check_result { CHECK_OK, CHECK_WARN, CHECK_FAIL } check_result;

struct doctor {
    struct mr_cli *cli;
    bool is_json;
    uint32_t count;
    uint32_t failed;
    const char *folder;
};

static void put_json(FILE *to, struct mr_heap *heap, const char *value)
{
    struct mr_text text;
    mr_text_init(&text, heap);
    mr_text_add_json(&text, mr_span_of(value));
    fprintf(to, "%.*s", (int)mr_text_span(&text).bytes, mr_text_span(&text).text);
    mr_text_fini(&text);
}

/* One finding; `fix` is null when nothing is to be done. */
static void report(struct doctor *doctor, check_result result, const char *name, const char *fix,
                   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void report(struct doctor *doctor, check_result result, const char *name, const char *fix,
                   const char *fmt, ...)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    FILE *to = doctor->cli->out;
    char found[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(found, sizeof found, fmt, args);
    va_end(args);
    if (result == CHECK_FAIL) doctor->failed++;
    if (doctor->is_json) {
        fprintf(to,
                "%s{\"check\":\"%s\",\"result\":\"%s\",\"found\":", doctor->count == 0 ? "" : ",",
                name, words[result]);
        put_json(to, &doctor->cli->heap, found);
        if (fix != NULL) fputs(",\"fix\":", to);
        if (fix != NULL) put_json(to, &doctor->cli->heap, fix);
        fputc('}', to);
    } else {
        fprintf(to, "%-4s  %-16s %s\n", words[result], name, found);
        if (fix != NULL) fprintf(to, "      %-16s fix: %s\n", "", fix);
    }
    doctor->count++;
}

static void check_kernel(struct doctor *doctor)
{
    struct utsname name;
    unsigned major = 0, minor = 0;
    if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2) {
        report(doctor, CHECK_WARN, "kernel", NULL, "release unknown");
    } else if (major < 5 || (major == 5 && minor < 10)) {
        report(doctor, CHECK_WARN, "kernel", "5.10 or later has all that millrace can use",
               "%s %s %s", name.sysname, name.release, name.machine);
    } else {
        report(doctor, CHECK_OK, "kernel", NULL, "%s %s %s", name.sysname, name.release,
               name.machine);
    }
}

/* Asks for a ring of one entry; 120 bytes of zeros are valid parameters. */
static void check_uring(struct doctor *doctor)
{
    char parameters[120] = {0};
    long ring = syscall(SYS_io_uring_setup, 1u, parameters);
    if (ring >= 0) {
        (void)close((int)ring);
        report(doctor, MR_WITH_URING ? CHECK_OK : CHECK_WARN, "io_uring",
               MR_WITH_URING ? NULL : "build with liburing-dev installed",
               MR_WITH_URING ? "available" : "available, but not compiled in");
    } else if (errno == EPERM) {
        report(doctor, CHECK_WARN, "io_uring",
               "sysctl kernel.io_uring_disabled=0, or allow it in the container's seccomp profile",
               "forbidden; plain system calls are used instead");
    } else {
        report(doctor, CHECK_WARN, "io_uring", "a kernel of 5.10 or later has it",
               "not available (%s); plain system calls are used instead", strerror(errno));
    }
}

static void check_processor(struct doctor *doctor)
{
    uint32_t cores = 0;
    struct mr_err err;
    mr_isa isa = mr_isa_best();
    report(doctor, CHECK_OK, "kernels", NULL, "%s", mr_isa_name(isa));
    uint32_t quota = mr_cgroup_cpus("");
    if (mr_topology_cores(&cores, &err) == MR_OK && quota < cores) {
        report(doctor, CHECK_OK, "cores", NULL,
               "%" PRIu32 " for this process, of which a quota allows %" PRIu32, cores, quota);
    } else if (cores > 0) {
        report(doctor, CHECK_OK, "cores", NULL, "%" PRIu32 " for this process", cores);
    } else {
        report(doctor, CHECK_WARN, "cores", NULL, "%s", err.message);
    }
}

static void check_memory(struct doctor *doctor)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    double gib = (double)pages * (double)page_bytes / 1073741824.0;
    FILE *limit = fopen("/sys/fs/cgroup/memory.max", "re");
    uint64_t bytes = 0;
    if (limit != NULL && fscanf(limit, "%" SCNu64, &bytes) == 1) {
        gib = MR_MIN(gib, (double)bytes / 1073741824.0);
    }
    if (limit != NULL) (void)fclose(limit);
    report(doctor, gib < 0.5 ? CHECK_WARN : CHECK_OK, "memory",
           gib < 0.5 ? "give the machine or container at least 512 MiB" : NULL, "%.1f GiB", gib);
}

static void check_limit(struct doctor *doctor, int which, const char *name, rlim_t wanted,
                        const char *fix)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)which, &limit) != 0) {
        report(doctor, CHECK_WARN, name, NULL, "unknown: %s", strerror(errno));
        return;
    }
    bool is_enough = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted;
    if (limit.rlim_cur == RLIM_INFINITY) {
        report(doctor, CHECK_OK, name, NULL, "no limit");
    } else {
        report(doctor, is_enough ? CHECK_OK : CHECK_WARN, name, is_enough ? NULL : fix, "%" PRIu64,
               (uint64_t)limit.rlim_cur);
    }
}

static void check_watches(struct doctor *doctor)
{
    uint64_t watches = 0;
    FILE *file = fopen("/proc/sys/fs/inotify/max_user_watches", "re");
    bool is_read = file != NULL && fscanf(file, "%" SCNu64, &watches) == 1;
    if (file != NULL) (void)fclose(file);
    if (!is_read) {
        report(doctor, CHECK_WARN, "inotify", "new files are found by listing", "not available");
    } else {
        bool is_enough = watches >= 8192;
        report(doctor, is_enough ? CHECK_OK : CHECK_WARN, "inotify",
               is_enough ? NULL : "sysctl fs.inotify.max_user_watches=65536", "%" PRIu64 " watches",
               watches);
    }
}

static void check_clock(struct doctor *doctor)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[32] = "?";
    if (gmtime_r(&now, &utc) != NULL) (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    bool is_sane = now > (time_t)1735689600; /* 2025-01-01: this program is younger */
    report(doctor, is_sane ? CHECK_OK : CHECK_FAIL, "clock",
           is_sane ? NULL : "set the clock: commits are stamped with it", "%s", text);
}

static const char *file_system_name(long magic)
{
    static const struct {
        long magic;
        const char *name;
    } known[] = {{0xef53, "ext"},       {0x58465342, "xfs"},  {0x9123683e, "btrfs"},
                 {0x01021994, "tmpfs"}, {0x6969, "nfs"},      {0x794c7630, "overlay"},
                 {0x2fc12fc1, "zfs"},   {0x65735546, "fuse"}, {0xfe534d42, "smb"},
                 {0xff534d42, "cifs"},  {0x01021997, "9p"},   {0xf2f52010, "f2fs"}};
    for (size_t i = 0; i < MR_COUNT_OF(known); i++) {
        if (known[i].magic == (magic & 0xffffffffL)) return known[i].name;
    }
    return "unknown";
}

static void check_file_system(struct doctor *doctor)
{
    struct statfs fs;
    if (statfs(doctor->folder, &fs) != 0) {
        report(doctor, CHECK_FAIL, "folder", "name a folder that exists and may be read", "%s: %s",
               doctor->folder, strerror(errno));
        return;
    }
    const char *name = file_system_name((long)fs.f_type);
    double free_gib = (double)fs.f_bavail * (double)fs.f_bsize / 1073741824.0;
    bool is_remote =
        strcmp(name, "nfs") == 0 || strcmp(name, "smb") == 0 || strcmp(name, "cifs") == 0;
    bool is_volatile = strcmp(name, "tmpfs") == 0;
    report(doctor,
           is_remote     ? CHECK_FAIL
           : is_volatile ? CHECK_WARN
                         : CHECK_OK,
           "file system",
           is_remote     ? "put tables and checkpoints on a local disk"
           : is_volatile ? "tables here are gone after a restart of the machine"
                         : NULL,
           "%s", name);
    report(doctor, free_gib < 1 ? CHECK_WARN : CHECK_OK, "free space",
           free_gib < 1 ? "free some space" : NULL, "%.1f GiB", free_gib);
}

/* Whether giving a name twice fails the second time, by link(2) and by renameat2(2): what commits
 * of several processes rely on. */
static void check_names(struct doctor *doctor, const char *first, const char *second)
{
    const char *fix = "put tables on a file system with hard links: ext4, XFS, Btrfs";
    int linked = link(first, second);
    int error = errno;
    if (linked != 0) {
        report(doctor, CHECK_FAIL, "put if absent", fix, "link(2): %s", strerror(error));
        return;
    }
    bool is_refused = link(first, second) != 0 && errno == EEXIST;
    report(doctor, is_refused ? CHECK_OK : CHECK_FAIL, "put if absent", is_refused ? NULL : fix,
           is_refused ? "link(2) refuses a name that exists"
                      : "link(2) replaced a name that exists");
    long renamed = syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, 1u);
    bool is_kept = renamed != 0 && errno == EEXIST;
    report(doctor, is_kept ? CHECK_OK : CHECK_WARN, "rename", NULL,
           is_kept ? "renameat2(2) refuses a name that exists"
                   : "no RENAME_NOREPLACE here; link(2) is used instead");
}

static void check_durability(struct doctor *doctor, int file)
{
    struct timespec from, to;
    char block[4096] = {0};
    int failed = 0;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < 8 && failed == 0; i++) {
        if (pwrite(file, block, sizeof block, 0) != (ssize_t)sizeof block)
            failed = errno;
        else if (fdatasync(file) != 0)
            failed = errno;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    if (failed != 0) {
        report(doctor, CHECK_FAIL, "sync", "check the disk", "write and fdatasync: %s",
               strerror(failed));
    } else {
        report(doctor, ms / 8 > 50 ? CHECK_WARN : CHECK_OK, "sync",
               ms / 8 > 50 ? "a faster disk makes commits faster" : NULL, "%.2f ms each", ms / 8);
    }
}

static void check_folder(struct doctor *doctor)
{
    char first[4096], second[4096 + 8];
    int bytes =
        snprintf(first, sizeof first, "%s/.millrace-doctor-%ld", doctor->folder, (long)getpid());
    if (bytes < 0 || (size_t)bytes >= sizeof first) return;
    (void)snprintf(second, sizeof second, "%s.2", first);
    int file = open(first, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        report(doctor, CHECK_FAIL, "write", "name a folder that this user may write to", "%s: %s",
               doctor->folder, strerror(errno));
        return;
    }
    check_names(doctor, first, second);
    check_durability(doctor, file);
    (void)close(file);
    (void)unlink(second);
    (void)unlink(first);
}

int mr_verb_doctor(struct mr_cli *cli, struct mr_err *err)
{
    struct doctor doctor = {.cli = cli,
                            .is_json = mr_cli_flag(cli, "json"),
                            .folder = cli->arg_count > 0 ? cli->args[0] : "."};
    if (doctor.is_json) fputs("{\"checks\":[", cli->out);
    check_kernel(&doctor);
    check_uring(&doctor);
    check_processor(&doctor);
    check_memory(&doctor);
    check_limit(&doctor, RLIMIT_NOFILE, "open files", 1024, "ulimit -n 65536");
    check_limit(&doctor, RLIMIT_MEMLOCK, "locked memory", 8 << 20,
                "ulimit -l unlimited, for io_uring before Linux 5.12");
    check_watches(&doctor);
    check_clock(&doctor);
    check_file_system(&doctor);
    check_folder(&doctor);
    if (doctor.is_json) fprintf(cli->out, "],\"failed\":%" PRIu32 "}\n", doctor.failed);
    if (doctor.failed == 0) return MR_EXIT_OK;
    (void)mr_err_set(err, MR_E_UNSUPPORTED, 6002, "%" PRIu32 " of %" PRIu32 " checks failed",
                     doctor.failed, doctor.count);
    return MR_EXIT_FAILED;
}
