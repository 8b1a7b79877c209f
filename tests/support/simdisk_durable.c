/* The durable side of the simulated disk: the log of changes, syncs, power cuts, clones. */
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/rng.h"
#include "tests/support/simdisk_impl.h"

void *sim_grow(void *list, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) return list;
    *capacity = MR_MAX(*capacity * 2, 16u);
    void *grown = realloc(list, *capacity * size);
    MR_ASSERT(grown != NULL);
    return grown;
}

void *sim_copy(const void *bytes, size_t count)
{
    void *copy = malloc(count + 1);
    MR_ASSERT(copy != NULL);
    if (count > 0) memcpy(copy, bytes, count);
    return copy;
}

char *sim_copy_text(const char *text)
{
    return text == NULL ? NULL : sim_copy(text, strlen(text) + 1);
}

void sim_content_resize(struct sim_content *content, uint64_t bytes)
{
    if (bytes > content->capacity) {
        content->capacity = MR_MAX(bytes, content->capacity * 2);
        content->at = realloc(content->at, content->capacity);
        MR_ASSERT(content->at != NULL);
    }
    if (bytes > content->bytes) memset(content->at + content->bytes, 0, bytes - content->bytes);
    content->bytes = bytes;
}

void sim_content_write(struct sim_content *content, uint64_t off, const void *data, uint64_t bytes)
{
    if (bytes == 0) return;
    if (off + bytes > content->bytes) sim_content_resize(content, off + bytes);
    memcpy(content->at + off, data, bytes);
}

static uint32_t position_of(const struct sim_names *names, const char *text)
{
    uint32_t i = 0;
    while (i < names->count && strcmp(names->list[i].text, text) != 0) i++;
    return i;
}

uint32_t sim_names_find(const struct sim_names *names, const char *text)
{
    uint32_t i = position_of(names, text);
    return i < names->count ? names->list[i].node : NODE_NONE;
}

void sim_names_set(struct sim_names *names, const char *text, uint32_t node)
{
    uint32_t i = position_of(names, text);
    if (i == names->count) {
        names->list = sim_grow(names->list, names->count, &names->capacity, sizeof *names->list);
        names->list[names->count++] = (struct sim_name){.text = sim_copy_text(text)};
    }
    names->list[i].node = node;
}

void sim_names_drop(struct sim_names *names, const char *text)
{
    uint32_t i = position_of(names, text);
    if (i == names->count) return;
    free(names->list[i].text);
    names->list[i] = names->list[--names->count];
}

void sim_names_free(struct sim_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) free(names->list[i].text);
    free(names->list);
    *names = (struct sim_names){0};
}

static struct sim_names names_copy(const struct sim_names *names)
{
    struct sim_names copy = {0};
    for (uint32_t i = 0; i < names->count; i++) {
        sim_names_set(&copy, names->list[i].text, names->list[i].node);
    }
    return copy;
}

static struct sim_content content_copy(const struct sim_content *content)
{
    struct sim_content copy = {0};
    sim_content_write(&copy, 0, content->at, content->bytes);
    return copy;
}

void sim_node_free(struct sim_node *node)
{
    free(node->now.at);
    free(node->durable.at);
    sim_names_free(&node->names);
    sim_names_free(&node->durable_names);
    *node = (struct sim_node){.locked_by = -1};
}

/* ---- the log ---- */

void sim_change_record(struct mr_simdisk *disk, const struct sim_change *change)
{
    disk->changes =
        sim_grow(disk->changes, disk->change_count, &disk->change_capacity, sizeof *disk->changes);
    disk->changes[disk->change_count++] = *change;
}

void sim_change_free(struct sim_change *change)
{
    free(change->data);
    free(change->name);
    free(change->to_name);
}

static bool is_content(const struct sim_change *change)
{
    return change->kind == CHANGE_WRITE || change->kind == CHANGE_TRUNCATE;
}

static void apply_name(struct mr_simdisk *disk, const struct sim_change *change)
{
    struct sim_names *names = &disk->nodes[change->node].durable_names;
    if (change->kind == CHANGE_SET) {
        sim_names_set(names, change->name, change->child);
        return;
    }
    sim_names_drop(names, change->name);
    if (change->kind == CHANGE_RENAME) {
        sim_names_set(&disk->nodes[change->to_node].durable_names, change->to_name, change->child);
    }
}

static void apply(struct mr_simdisk *disk, const struct sim_change *change)
{
    struct sim_content *durable = &disk->nodes[change->node].durable;
    if (change->kind == CHANGE_WRITE) {
        sim_content_write(durable, change->off, change->data, change->bytes);
    } else if (change->kind == CHANGE_TRUNCATE) {
        sim_content_resize(durable, change->off);
    } else {
        apply_name(disk, change);
    }
}

/* Applies and forgets the changes of a node's content, or of its names. */
static void sync_changes(struct mr_simdisk *disk, uint32_t node, bool of_content)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < disk->change_count; i++) {
        struct sim_change *change = &disk->changes[i];
        bool concerns =
            change->node == node || (change->kind == CHANGE_RENAME && change->to_node == node);
        if (concerns && is_content(change) == of_content) {
            apply(disk, change);
            sim_change_free(change);
        } else {
            disk->changes[kept++] = *change;
        }
    }
    disk->change_count = kept;
}

void sim_sync_content(struct mr_simdisk *disk, uint32_t node)
{
    sync_changes(disk, node, true);
}

void sim_sync_names(struct mr_simdisk *disk, uint32_t node)
{
    sync_changes(disk, node, false);
}

uint64_t mr_simdisk_pending(const struct mr_simdisk *disk)
{
    return disk->change_count;
}

/* ---- power cuts ---- */

/* A write of which each sector reached the platter or not. */
static void apply_torn(struct mr_simdisk *disk, const struct sim_change *change, uint64_t sector,
                       struct mr_rng *rng)
{
    struct sim_content *durable = &disk->nodes[change->node].durable;
    for (uint64_t at = change->off, end = change->off + change->bytes; at < end;) {
        uint64_t next = MR_MIN((at / sector + 1) * sector, end);
        if (mr_rng_below(rng, 2) == 1) {
            sim_content_write(durable, at, change->data + (at - change->off), next - at);
        }
        at = next;
    }
}

static bool is_kept(mr_cut how, uint32_t index, uint32_t mark, struct mr_rng *rng)
{
    switch (how) {
    case MR_CUT_KEEP_NONE: return false;
    case MR_CUT_KEEP_ALL: return true;
    case MR_CUT_PREFIX: return index < mark;
    case MR_CUT_DROP_ONE: return index != mark;
    default: return mr_rng_below(rng, 2) == 1;
    }
}

static void keep_some(struct mr_simdisk *disk, mr_cut how, struct mr_rng *rng)
{
    uint32_t count = disk->change_count;
    uint32_t mark = (uint32_t)mr_rng_below(rng, (uint64_t)count + 1);
    uint64_t sector = how == MR_CUT_TORN_512 ? 512 : how == MR_CUT_TORN_4096 ? 4096 : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct sim_change *change = &disk->changes[i];
        if (sector != 0 && change->kind == CHANGE_WRITE) {
            apply_torn(disk, change, sector, rng);
        } else if (is_kept(how, i, mark, rng)) {
            apply(disk, change);
        }
        sim_change_free(change);
    }
    disk->change_count = 0;
}

static void mark_reachable(const struct mr_simdisk *disk, uint32_t node, uint32_t *links)
{
    if (links[node]++ > 0) return;
    const struct sim_names *names = &disk->nodes[node].durable_names;
    for (uint32_t i = 0; i < names->count; i++) mark_reachable(disk, names->list[i].node, links);
}

void mr_simdisk_cut(struct mr_simdisk *disk, mr_cut how, uint64_t seed)
{
    struct mr_rng rng;
    MR_ASSERT(how < MR_CUT_COUNT);
    mr_rng_init(&rng, seed);
    keep_some(disk, how, &rng);
    for (uint32_t i = 0; i < disk->handle_count; i++) disk->handles[i].is_open = false;
    uint32_t *links = calloc(disk->node_count, sizeof *links);
    MR_ASSERT(links != NULL);
    mark_reachable(disk, 0, links);
    disk->used_bytes = 0;
    for (uint32_t i = 0; i < disk->node_count; i++) {
        struct sim_node *node = &disk->nodes[i];
        if (links[i] == 0) {
            sim_node_free(node);
            continue;
        }
        node->links = links[i];
        node->opens = 0;
        node->locked_by = -1;
        free(node->now.at);
        node->now = content_copy(&node->durable);
        sim_names_free(&node->names);
        node->names = names_copy(&node->durable_names);
        disk->used_bytes += node->now.bytes;
    }
    free(links);
}

/* ---- clones ---- */

struct mr_simdisk *mr_simdisk_clone(const struct mr_simdisk *disk)
{
    struct mr_simdisk *copy = sim_copy(disk, sizeof *disk);
    copy->nodes = NULL;
    copy->node_capacity = 0;
    copy->handles = NULL;
    copy->handle_capacity = 0;
    copy->handle_count = 0;
    copy->changes = NULL;
    copy->change_capacity = 0;
    for (uint32_t i = 0; i < disk->node_count; i++) {
        const struct sim_node *node = &disk->nodes[i];
        copy->nodes = sim_grow(copy->nodes, i, &copy->node_capacity, sizeof *copy->nodes);
        copy->nodes[i] = *node;
        copy->nodes[i].opens = 0;
        copy->nodes[i].locked_by = -1;
        copy->nodes[i].now = content_copy(&node->now);
        copy->nodes[i].durable = content_copy(&node->durable);
        copy->nodes[i].names = names_copy(&node->names);
        copy->nodes[i].durable_names = names_copy(&node->durable_names);
    }
    for (uint32_t i = 0; i < disk->change_count; i++) {
        struct sim_change change = disk->changes[i];
        if (change.data != NULL) change.data = sim_copy(change.data, change.bytes);
        change.name = sim_copy_text(change.name);
        change.to_name = sim_copy_text(change.to_name);
        copy->changes = sim_grow(copy->changes, i, &copy->change_capacity, sizeof *copy->changes);
        copy->changes[i] = change;
    }
    return copy;
}
