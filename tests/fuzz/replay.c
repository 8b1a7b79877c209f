#include "tests/fuzz/replay.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/rng.h"

enum { FILE_BYTES_MAX = 1 << 16, MUTATIONS = 20, PATH_BYTES = 4096 };

static int file_count;

static void mutate(struct mr_rng *rng, uint8_t *bytes, size_t *count)
{
    static const char tokens[] = "\"\\{}[],:\n\r\t '/*#0-+.eE1tfnNI\x80\xc3\xff";
    for (uint64_t n = 1 + mr_rng_below(rng, 4); n > 0 && *count > 0; n--) {
        size_t at = mr_rng_below(rng, *count);
        switch (mr_rng_below(rng, 4)) {
        case 0: bytes[at] = (uint8_t)mr_rng_next(rng); break;
        case 1: bytes[at] = (uint8_t)tokens[mr_rng_below(rng, sizeof tokens - 1)]; break;
        case 2: /* drop one */
            memmove(bytes + at, bytes + at + 1, *count - at - 1);
            (*count)--;
            break;
        default: /* cut, or repeat one */
            if (mr_rng_below(rng, 4) == 0) {
                *count = at;
            } else if (*count < FILE_BYTES_MAX) {
                memmove(bytes + at + 1, bytes + at, *count - at);
                (*count)++;
            }
        }
    }
}

/* run_copy: on memory of the exact size, so that a sanitizer sees a read beyond. */
static void run_copy(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count + 1);
    if (copy == NULL) abort();
    memcpy(copy, bytes, count);
    (void)LLVMFuzzerTestOneInput(copy, count);
    free(copy);
}

static int run_file(const char *path)
{
    static uint8_t original[FILE_BYTES_MAX], changed[FILE_BYTES_MAX + 1];
    const char *wanted = getenv("MR_MUTATIONS");
    long mutations = wanted == NULL ? MUTATIONS : strtol(wanted, NULL, 10);
    struct mr_rng rng;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 1;
    size_t count = fread(original, 1, sizeof original, file);
    (void)fclose(file);
    run_copy(original, count);
    mr_rng_init(&rng, count);
    for (long i = 0; i < mutations; i++) {
        size_t changed_count = count;
        memcpy(changed, original, count);
        mutate(&rng, changed, &changed_count);
        run_copy(changed, changed_count);
    }
    file_count++;
    return 0;
}

static int run_path(const char *path)
{
    struct stat info;
    char inner[PATH_BYTES];
    int failed = 0;
    if (stat(path, &info) != 0) return 1;
    if (!S_ISDIR(info.st_mode)) return run_file(path);
    DIR *dir = opendir(path);
    if (dir == NULL) return 1;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        failed += run_path(inner);
    }
    (void)closedir(dir);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) failed += run_path(argv[i]);
    printf("%d files replayed, %d not readable\n", file_count, failed);
    return failed > 0 || file_count == 0;
}
