#include "io/posix/poison.h"

#include <errno.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

void mr_poison_init(struct mr_poison *poison, struct mr_heap *heap)
{
    *poison = (struct mr_poison){.heap = heap};
}

void mr_poison_fini(struct mr_poison *poison)
{
    mr_heap_give(poison->heap, poison->bits, poison->words * sizeof *poison->bits);
    poison->bits = NULL;
    poison->words = 0;
}

/* FNV-1a. A collision makes one directory more refuse to be synced: safe. */
static uint64_t path_hash(const char *path)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *path != '\0'; path++) hash = (hash ^ (uint8_t)*path) * UINT64_C(0x100000001b3);
    return hash;
}

static bool has_dir(const struct mr_poison *poison, const char *path)
{
    if (poison->dirs == 0) return false;
    if (poison->dirs > MR_POISON_DIRS_MAX) return true;
    uint64_t hash = path_hash(path);
    for (uint32_t i = 0; i < poison->dirs; i++) {
        if (poison->dir_hashes[i] == hash) return true;
    }
    return false;
}

static void add_dir(struct mr_poison *poison, const char *path)
{
    if (poison->dirs < MR_POISON_DIRS_MAX) poison->dir_hashes[poison->dirs] = path_hash(path);
    if (poison->dirs <= MR_POISON_DIRS_MAX) poison->dirs++;
}

static uint64_t *word_of(const struct mr_poison *poison, int32_t file)
{
    if (file < 0 || (uint32_t)file / 64 >= poison->words) return NULL;
    return &poison->bits[(uint32_t)file / 64];
}

static uint64_t bit_of(int32_t file)
{
    return UINT64_C(1) << ((uint32_t)file % 64);
}

static bool make_room(struct mr_poison *poison, int32_t file)
{
    uint32_t need = (uint32_t)file / 64 + 1;
    if (need <= poison->words) return true;
    uint32_t words = MR_MAX(need, MR_MAX(poison->words * 2, 16u));
    uint64_t *bits = mr_heap_resize(poison->heap, poison->bits, poison->words * sizeof *bits,
                                    words * sizeof *bits);
    if (bits == NULL) return false;
    memset(bits + poison->words, 0, (words - poison->words) * sizeof *bits);
    poison->bits = bits;
    poison->words = words;
    return true;
}

bool mr_poison_refuses(struct mr_poison *poison, const struct mr_io_op *op)
{
    if (op->kind == MR_IO_SYNC_DIR) return has_dir(poison, op->path);
    uint64_t *word = word_of(poison, op->file);
    if (word == NULL || (*word & bit_of(op->file)) == 0) return false;
    if (op->kind == MR_IO_CLOSE) *word &= ~bit_of(op->file);
    return op->kind == MR_IO_WRITE || op->kind == MR_IO_SYNC || op->kind == MR_IO_TRUNCATE;
}

bool mr_poison_learn(struct mr_poison *poison, const struct mr_io_op *op)
{
    if (op->kind == MR_IO_OPEN && op->result >= 0) {
        MR_ASSERT(op->result <= INT32_MAX);
        return make_room(poison, (int32_t)op->result);
    }
    if (op->result >= 0) return true;
    if (op->kind == MR_IO_SYNC) {
        uint64_t *word = word_of(poison, op->file);
        if (word != NULL) *word |= bit_of(op->file);
    } else if (op->kind == MR_IO_SYNC_DIR && op->result != -ENOENT) { /* nothing was there */
        add_dir(poison, op->path);
    }
    return true;
}
