/* Writes a workload (workload.h) to the standard output, or with --ddl its schema:
 *
 *     bench_data w1 --bytes 300MB --shuffle 5 > w1.json
 */
#include <stdlib.h>
#include <string.h>

#include "bench/data/workload.h"

enum { ROOM = MR_WORK_LINE_MAX + (1 << 20) };

static int usage(const char *word)
{
    (void)fprintf(stderr,
                  "bench_data: cannot make sense of \"%s\"\n"
                  "usage: bench_data w1|w2|w3|w4|w5|clickstream|flat [--bytes N] [--seed N]\n"
                  "       [--shuffle PERCENT] [--fields N] [--text BYTES] [--escapes PERCENT]\n"
                  "       [--distinct N] [--ddl]\n",
                  word);
    return 2;
}

static int write_lines(const struct mr_work_options *options)
{
    struct mr_work *work = malloc(sizeof *work);
    char *room = malloc(ROOM);
    if (work == NULL || room == NULL) {
        perror("bench_data");
        return 1;
    }
    mr_work_init(work, options);
    for (size_t bytes; (bytes = mr_work_fill(work, room, ROOM)) > 0;) {
        if (fwrite(room, 1, bytes, stdout) != bytes) {
            perror("bench_data");
            return 1;
        }
    }
    free(room);
    free(work);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct mr_work_options options;
    char ddl[MR_WORK_DDL_MAX];
    bool wants_ddl = false;
    mr_work_options_init(&options);
    if (argc < 2 || !mr_work_set(&options, "work", argv[1])) return usage(argc < 2 ? "" : argv[1]);
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--ddl") == 0) {
            wants_ddl = true;
        } else if (strncmp(argv[i], "--", 2) != 0 || i + 1 == argc ||
                   !mr_work_set(&options, argv[i] + 2, argv[i + 1])) {
            return usage(argv[i]);
        } else {
            i++;
        }
    }
    if (!wants_ddl) return write_lines(&options);
    mr_work_ddl(&options, ddl);
    return puts(ddl) >= 0 ? 0 : 1;
}
