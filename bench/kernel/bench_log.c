/* What opening a table costs: a log of many commits and files, folded into a snapshot.
 *
 *     bench_log --folder DIR [--files 100000] [--commits 10000] [--behind N] [--runs 5]
 *
 * files    live at the end; every fourth file that was added is removed by a later commit
 * behind   commits behind a log checkpoint; default: there is none
 *
 * The log is made in DIR, which must not exist, and removed at the end; its actions have what Spark
 * writes: partition values, statistics of eight columns, commitInfo. One unit is one open; time of
 * the clock, since waiting for the file system is part of it, and processor time. One JSON line,
 * with the heap's highest use while opening and what the open table holds, and the processor time
 * of a scan that passes over all files but one by their statistics. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/kernel/bench_run.h"
#include "core/table/table_scan.h"
#include "io/posix/posix_io.h"

enum { RUNS = 5, PATH_ROOM = 1024 };

struct log {
    const char *folder;
    uint32_t commits;
    uint32_t adds;    /* all in all */
    uint32_t removes; /* of them */
    uint32_t files;   /* live at the end */
};

static const char first_commit[] =
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
    "{\"metaData\":{\"id\":\"5fba94ed-9794-4965-ba6e-6ee3c0d22af9\",\"format\":{\"provider\":"
    "\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":["
    "{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}},"
    "{\\\"name\\\":\\\"column_3\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,"
    "\\\"metadata\\\":{}},"
    "{\\\"name\\\":\\\"day\\\",\\\"type\\\":\\\"date\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}"
    "]}\",\"partitionColumns\":[\"day\"],\"configuration\":{},\"createdTime\":1700000000000}}\n";

static void log_name(const struct log *log, uint32_t version, char *out)
{
    (void)snprintf(out, PATH_ROOM, "%s/_delta_log/%020u.json", log->folder, version);
}

static void path_of(uint32_t file, char *out)
{
    (void)snprintf(out, PATH_ROOM,
                   "day=2024-%02u-%02u/part-%05u-%08x-%04x-4bbb-8ccc-%012x.c000.snappy.parquet",
                   file % 12 + 1, file % 28 + 1, file % 100000, file * 2654435761u, file % 65536,
                   file * 40503u);
}

static void write_add(FILE *out, uint32_t file)
{
    char path[PATH_ROOM];
    path_of(file, path);
    (void)fprintf(out,
                  "{\"add\":{\"path\":\"%s\",\"partitionValues\":{\"day\":\"2024-%02u-%02u\"},"
                  "\"size\":%u,\"modificationTime\":%" PRIu64 ",\"dataChange\":true,\"stats\":"
                  "\"{\\\"numRecords\\\":%u,\\\"minValues\\\":{",
                  path, file % 12 + 1, file % 28 + 1, 1000000 + file,
                  UINT64_C(1700000000000) + file, 1000 + file % 1000);
    for (int side = 0; side < 3; side++) {
        if (side == 1) (void)fputs("},\\\"maxValues\\\":{", out);
        if (side == 2) (void)fputs("},\\\"nullCount\\\":{", out);
        for (uint32_t column = 0; column < 8; column++) {
            uint32_t value = side == 2 ? 0 : file * 8 + column + (side == 1 ? 999 : 0);
            (void)fprintf(out, "%s\\\"column_%u\\\":%u", column == 0 ? "" : ",", column, value);
        }
    }
    (void)fputs("}}\"}}\n", out);
}

static void write_remove(FILE *out, uint32_t file)
{
    char path[PATH_ROOM];
    path_of(file, path);
    (void)fprintf(out,
                  "{\"remove\":{\"path\":\"%s\",\"deletionTimestamp\":%" PRIu64
                  ",\"dataChange\":true,\"extendedFileMetadata\":true,\"partitionValues\":{\"day\":"
                  "\"2024-%02u-%02u\"},\"size\":%u}}\n",
                  path, UINT64_C(1700000000000) + file, file % 12 + 1, file % 28 + 1,
                  1000000 + file);
}

static void write_commit(struct log *log, uint32_t version)
{
    char path[PATH_ROOM];
    log_name(log, version, path);
    FILE *out = mr_bench_must(fopen(path, "w"));
    (void)fprintf(out,
                  "{\"commitInfo\":{\"timestamp\":%" PRIu64 ",\"operation\":\"WRITE\","
                  "\"operationParameters\":{\"mode\":\"Append\"},\"isBlindAppend\":true,"
                  "\"engineInfo\":\"bench\",\"txnId\":\"00000000-0000-4000-8000-%012u\"}}\n",
                  UINT64_C(1700000000000) + version, version);
    if (version == 0) (void)fputs(first_commit, out);
    /* files = adds - adds / 4: the removes lag one commit behind. */
    uint32_t until = (uint32_t)((uint64_t)log->files * 4 / 3 * (version + 1) / log->commits);
    while (log->adds < until) write_add(out, log->adds++);
    while (log->removes < log->adds / 4) write_remove(out, log->removes++ * 4);
    if (fclose(out) != 0) mr_bench_die(path);
}

static void log_make(struct log *log)
{
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/_delta_log", log->folder);
    if (mkdir(log->folder, 0777) != 0 || mkdir(path, 0777) != 0) mr_bench_die(log->folder);
}

static void log_remove(const struct log *log, int64_t checkpoint)
{
    char path[PATH_ROOM];
    for (uint32_t version = 0; version < log->commits; version++) {
        log_name(log, version, path);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/_delta_log/%020" PRId64 ".checkpoint.parquet",
                   log->folder, checkpoint);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/_delta_log/_last_checkpoint", log->folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/_delta_log", log->folder);
    (void)rmdir(path);
    if (rmdir(log->folder) != 0) mr_bench_die("the folder is not empty afterwards");
}

static void must(mr_status status, const struct mr_err *err)
{
    if (status != MR_OK) mr_bench_die(err->message);
}

static void checkpoint_make(struct log *log, struct mr_io *io, struct mr_heap *heap)
{
    struct mr_table *table = NULL;
    struct mr_err err;
    must(mr_table_open(io, heap, log->folder, &table, &err), &err);
    must(mr_table_checkpoint_write(table, &err), &err);
    mr_table_close(table);
}

struct measured {
    struct mr_bench_times wall;
    struct mr_bench_times cpu;
    struct mr_bench_times scan;
    size_t peak_bytes;
    size_t held_bytes;
};

/* The file whose column_3 begins with `value`; of the first files three in four are live. */
static void scan_one(const struct mr_table *table, struct mr_heap *heap, int64_t value,
                     struct measured *out)
{
    struct mr_span name = MR_SPAN("column_3");
    struct mr_value constant = {.type = mr_type_of(MR_TYPE_LONG), .u.i64 = value};
    struct mr_predicate_term term = {&name, 1, MR_PREDICATE_LE, &constant, 1};
    struct mr_predicate predicate = {&term, 1};
    struct mr_table_scan *scan = NULL;
    struct mr_table_file file;
    struct mr_arena arena;
    struct mr_err err;
    bool has_file = true;
    double began = mr_bench_cpu_s();
    mr_arena_init(&arena, heap, 0);
    must(mr_table_scan_open(table, &predicate, &scan, &err), &err);
    while (has_file) must(mr_table_scan_next(scan, &arena, &file, &has_file, &err), &err);
    struct mr_table_scan_counts counts = mr_table_scan_counts(scan);
    if (counts.files != 1) mr_bench_die("the scan does not skip as it should");
    if (counts.skipped_files + 1 != mr_table_snapshot(table)->file_count) mr_bench_die("scan");
    mr_table_scan_close(scan);
    mr_arena_fini(&arena);
    mr_bench_times_add(&out->scan, mr_bench_cpu_s() - began);
}

static void measure_one(const struct log *log, struct mr_io *io, struct measured *out)
{
    struct mr_table *table = NULL;
    struct mr_heap heap;
    struct mr_err err;
    mr_heap_init(&heap, 0);
    double wall = mr_bench_wall_s(), cpu = mr_bench_cpu_s();
    must(mr_table_open(io, &heap, log->folder, &table, &err), &err);
    mr_bench_times_add(&out->cpu, mr_bench_cpu_s() - cpu);
    mr_bench_times_add(&out->wall, mr_bench_wall_s() - wall);
    const struct mr_delta_snapshot *snapshot = mr_table_snapshot(table);
    if (snapshot->version != log->commits - 1) mr_bench_die("the version is wrong");
    if (snapshot->file_count != log->adds - log->removes) mr_bench_die("files are missing");
    out->peak_bytes = heap.peak_bytes;
    out->held_bytes = heap.used_bytes;
    scan_one(table, &heap, 8 * 1 + 3, out);
    mr_table_close(table);
    if (heap.used_bytes != 0) mr_bench_die("memory is left behind");
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"folder", "files", "commits", "behind", "runs", NULL};
    struct mr_heap heap;
    struct mr_io *io = NULL;
    struct mr_err err;
    struct measured measured = {.peak_bytes = 0};
    mr_bench_check_arguments(argc, argv, names);
    const char *folder = mr_bench_argument(argc, argv, "folder");
    if (folder == NULL) mr_bench_die("--folder is missing");
    uint32_t runs = mr_bench_count(argc, argv, "runs", RUNS, MR_BENCH_RUNS_MAX);
    struct log log = {.folder = folder,
                      .files = mr_bench_count(argc, argv, "files", 100000, 100000000),
                      .commits = mr_bench_count(argc, argv, "commits", 10000, 10000000)};
    mr_heap_init(&heap, 0);
    must(mr_posix_open(&heap, &(struct mr_posix_options){.seed = 1}, &io, &err), &err);
    uint32_t behind = mr_bench_count(argc, argv, "behind", log.commits, log.commits);
    uint32_t version = 0;
    log_make(&log);
    while (version < log.commits - behind) write_commit(&log, version++);
    if (version > 0) checkpoint_make(&log, io, &heap);
    int64_t checkpoint = (int64_t)version - 1;
    while (version < log.commits) write_commit(&log, version++);
    for (uint32_t run = 0; run < runs; run++) measure_one(&log, io, &measured);
    mr_io_close(io);
    log_remove(&log, checkpoint);
    mr_bench_head("log");
    (void)printf(",\"files\":%u,\"adds\":%u,\"commits\":%u,\"behind\":%u", log.files, log.adds,
                 log.commits, behind);
    mr_bench_cost(&measured.wall, "wall_s", 1);
    mr_bench_cost(&measured.cpu, "cpu_s", 1);
    mr_bench_cost(&measured.scan, "scan_s", 1);
    (void)printf(",\"peak_mb\":%.1f,\"held_mb\":%.1f,\"runs\":%u,\"is_checked\":true}\n",
                 (double)measured.peak_bytes * 1e-6, (double)measured.held_bytes * 1e-6, runs);
    return 0;
}
