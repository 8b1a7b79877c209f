/* What the machine itself can do, to hold figures against: copying memory, in cache and out of it,
 * and what a durable commit costs on the disk of a folder. One JSON line each.
 *
 *     bench_roofline [--folder DIR] [--runs 7]         DIR: on the disk to measure, default here
 *
 * memcpy   32 KiB to 32 KiB, 1 MiB to 1 MiB, and 256 MiB to 256 MiB; processor time
 * sync     4 KiB appended to a file and fdatasync; time of the clock, 50 times a run
 * commit   4 KiB written to a new file, fdatasync, link to the name, fsync of the folder: the way
 *          of an entry of a table's log; time of the clock, 50 times a run
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/kernel/bench_run.h"
#include "core/base/checked.h"

enum { RUNS = 7, SYNCS = 50, ENTRY_BYTES = 4096, PATH_ROOM = 512 };

static const size_t copy_bytes[] = {(size_t)32 << 10, (size_t)1 << 20, (size_t)256 << 20};

static void copy_measure(size_t bytes, uint32_t runs)
{
    struct mr_bench_times times = {0};
    size_t repeats = ((size_t)512 << 20) / bytes;
    char *from = mr_bench_must(aligned_alloc(4096, bytes));
    char *to = mr_bench_must(aligned_alloc(4096, bytes));
    memset(from, 1, bytes);
    memset(to, 2, bytes);
    for (uint32_t run = 0; run < runs; run++) {
        double began = mr_bench_cpu_s();
        for (size_t i = 0; i < repeats; i++) {
            from[i % bytes] = (char)(run + i);
            memcpy(to, from, bytes);
            __asm__ volatile("" : : "r"(to) : "memory"); /* the copy has to be made */
        }
        mr_bench_times_add(&times, mr_bench_cpu_s() - began);
        if (memcmp(to, from, bytes) != 0) mr_bench_die("the copy differs");
    }
    mr_bench_head("roofline");
    (void)printf(",\"what\":\"memcpy\",\"bytes\":%zu", bytes);
    mr_bench_rate(&times, "gb_s", (double)(bytes * repeats) * 1e-9);
    (void)printf(",\"runs\":%u,\"is_checked\":true}\n", runs);
    free(from);
    free(to);
}

static int file_open(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC, 0666);
    if (file < 0) mr_bench_die(path);
    return file;
}

static void entry_write(int file)
{
    static const char entry[ENTRY_BYTES] = {'{'};
    if (write(file, entry, sizeof entry) != (ssize_t)sizeof entry) mr_bench_die("write");
    if (fdatasync(file) != 0) mr_bench_die("fdatasync");
}

static void sync_run(const char *folder)
{
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/bench-sync", folder);
    int file = file_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    for (int i = 0; i < SYNCS; i++) entry_write(file);
    (void)close(file);
    (void)unlink(path);
}

static void commit_run(const char *folder)
{
    char temporary[PATH_ROOM], path[PATH_ROOM];
    int place = file_open(folder, O_RDONLY | O_DIRECTORY);
    (void)snprintf(temporary, sizeof temporary, "%s/bench-commit.tmp", folder);
    for (int i = 0; i < SYNCS; i++) {
        (void)snprintf(path, sizeof path, "%s/bench-commit-%d", folder, i);
        int file = file_open(temporary, O_WRONLY | O_CREAT | O_TRUNC);
        entry_write(file);
        (void)close(file);
        if (link(temporary, path) != 0 || unlink(temporary) != 0) mr_bench_die(path);
        if (fsync(place) != 0) mr_bench_die("fsync");
    }
    for (int i = 0; i < SYNCS; i++) {
        (void)snprintf(path, sizeof path, "%s/bench-commit-%d", folder, i);
        if (unlink(path) != 0) mr_bench_die("an entry is gone");
    }
    (void)close(place);
}

static void disk_measure(const char *name, void (*run_once)(const char *), const char *folder,
                         uint32_t runs)
{
    struct mr_bench_times times = {0};
    for (uint32_t run = 0; run < runs; run++) {
        double began = mr_bench_wall_s();
        run_once(folder);
        mr_bench_times_add(&times, mr_bench_wall_s() - began);
    }
    mr_bench_head("roofline");
    (void)printf(",\"what\":\"%s\",\"bytes\":%d", name, ENTRY_BYTES);
    mr_bench_cost(&times, "ms", SYNCS * 1e-3);
    (void)printf(",\"runs\":%u,\"is_checked\":true}\n", runs);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"folder", "runs", NULL};
    mr_bench_check_arguments(argc, argv, names);
    const char *folder = mr_bench_argument(argc, argv, "folder");
    uint32_t runs = mr_bench_count(argc, argv, "runs", RUNS, MR_BENCH_RUNS_MAX);
    if (folder == NULL) folder = ".";
    for (size_t i = 0; i < MR_COUNT_OF(copy_bytes); i++) copy_measure(copy_bytes[i], runs);
    disk_measure("sync", sync_run, folder, runs);
    disk_measure("commit", commit_run, folder, runs);
    return 0;
}
