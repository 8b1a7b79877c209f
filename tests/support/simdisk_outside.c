/* The simulated disk seen by the test: files put there and looked at, trees moved in and out. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "tests/support/simdisk_impl.h"

enum { OWNER_TEST = UINT32_MAX };

static int64_t perform(struct mr_simdisk *disk, struct mr_io_op *op)
{
    return mr_simdisk_perform(disk, OWNER_TEST, op, 0);
}

/* Makes the directories before the last name as far as they are missing, and syncs each: before
 * the file is there, and after. */
static void sync_parents(struct mr_simdisk *disk, const char *path)
{
    char *copy = sim_copy_text(path);
    sim_sync_names(disk, 0);
    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        struct mr_io_op op;
        *slash = '\0';
        mr_io_op_init(&op, MR_IO_MKDIR);
        op.path = copy;
        (void)perform(disk, &op); /* there already is fine */
        int64_t node = sim_lookup(disk, copy);
        MR_ASSERT(node >= 0);
        sim_sync_names(disk, (uint32_t)node);
        *slash = '/';
    }
    free(copy);
    sim_sync_names(disk, 0);
}

void mr_simdisk_put(struct mr_simdisk *disk, const char *path, struct mr_span content)
{
    struct mr_io_op op;
    sync_parents(disk, path);
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = path;
    op.flags = MR_OPEN_WRITE | MR_OPEN_CREATE | MR_OPEN_TRUNCATE;
    int64_t file = perform(disk, &op);
    MR_ASSERT(file >= 0);
    uint32_t node = disk->handles[file - 3].node;
    mr_io_op_init(&op, MR_IO_WRITE);
    op.file = (int32_t)file;
    op.buf = (void *)(uintptr_t)content.text;
    op.bytes = (uint32_t)content.bytes;
    int64_t wrote = perform(disk, &op);
    MR_ASSERT(wrote == (int64_t)content.bytes);
    op.kind = MR_IO_CLOSE;
    (void)perform(disk, &op);
    sim_sync_content(disk, node);
    sync_parents(disk, path);
}

void mr_simdisk_touch(struct mr_simdisk *disk, const char *path, int64_t modified_us)
{
    int64_t node = sim_lookup(disk, path);
    MR_ASSERT(node >= 0);
    disk->nodes[node].modified_us = modified_us;
}

bool mr_simdisk_get(struct mr_simdisk *disk, const char *path, struct mr_span *out_content)
{
    int64_t node = sim_lookup(disk, path);
    if (node < 0 || disk->nodes[node].kind != MR_FILE_REGULAR) return false;
    const struct sim_content *now = &disk->nodes[node].now;
    *out_content = (struct mr_span){(const char *)now->at, now->bytes};
    return true;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < count; i++) hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Sums over the names of a directory do not depend on their order. */
static uint64_t hash_node(const struct mr_simdisk *disk, uint32_t index)
{
    const struct sim_node *node = &disk->nodes[index];
    uint64_t sum = mix((uint64_t)node->kind + 1, node->now.at, node->now.bytes);
    for (uint32_t i = 0; i < node->names.count; i++) {
        const struct sim_name *name = &node->names.list[i];
        uint64_t child = hash_node(disk, name->node);
        sum += mix(child ^ UINT64_C(0xcbf29ce484222325), name->text, strlen(name->text));
    }
    return sum;
}

uint64_t mr_simdisk_hash(const struct mr_simdisk *disk)
{
    return hash_node(disk, 0);
}

bool mr_simdisk_import(struct mr_simdisk *disk, const char *real_path, const char *path)
{
    FILE *file = fopen(real_path, "rb");
    if (file == NULL) return false;
    struct sim_content content = {0};
    char buf[65536];
    size_t got;
    while ((got = fread(buf, 1, sizeof buf, file)) > 0) {
        sim_content_write(&content, content.bytes, buf, got);
    }
    bool is_good = ferror(file) == 0;
    (void)fclose(file);
    if (is_good) mr_simdisk_put(disk, path, (struct mr_span){(char *)content.at, content.bytes});
    free(content.at);
    return is_good;
}

static bool export_file(const struct sim_content *content, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) return false;
    bool is_good =
        content->bytes == 0 || fwrite(content->at, 1, content->bytes, file) == content->bytes;
    return fclose(file) == 0 && is_good;
}

static bool export_dir(const struct mr_simdisk *disk, uint32_t index, const char *real_dir)
{
    const struct sim_names *names = &disk->nodes[index].names;
    for (uint32_t i = 0; i < names->count; i++) {
        char path[MR_PATH_MAX];
        const struct sim_node *child = &disk->nodes[names->list[i].node];
        int bytes = snprintf(path, sizeof path, "%s/%s", real_dir, names->list[i].text);
        if (bytes >= (int)sizeof path) return false;
        bool is_good = child->kind == MR_FILE_DIRECTORY
                           ? mkdir(path, 0777) == 0 && export_dir(disk, names->list[i].node, path)
                           : export_file(&child->now, path);
        if (!is_good) return false;
    }
    return true;
}

bool mr_simdisk_export(struct mr_simdisk *disk, const char *path, const char *real_dir)
{
    int64_t node = sim_lookup(disk, path);
    return node >= 0 && export_dir(disk, (uint32_t)node, real_dir);
}
