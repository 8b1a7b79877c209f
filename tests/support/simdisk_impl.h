/* Inside of the simulated disk: nodes, names and the log of changes. Nodes are known by index, so
 * that a clone is a copy of arrays; index 0 is the root. */
#ifndef MR_TESTS_SUPPORT_SIMDISK_IMPL_H
#define MR_TESTS_SUPPORT_SIMDISK_IMPL_H

#include "tests/support/simdisk.h"

enum { NAME_BYTES_MAX = 256, NODE_NONE = UINT32_MAX };

struct sim_content {
    uint8_t *at;
    uint64_t bytes;
    uint64_t capacity;
};

struct sim_name {
    char *text;
    uint32_t node;
};

struct sim_names {
    struct sim_name *list;
    uint32_t count;
    uint32_t capacity;
};

struct sim_node {
    mr_file_kind kind;
    uint32_t links; /* names that lead here now */
    uint32_t opens;
    int32_t locked_by; /* handle, or -1 */
    int64_t modified_us;
    struct sim_content now, durable;       /* of a file */
    struct sim_names names, durable_names; /* of a directory */
};

typedef enum sim_change_kind {
    CHANGE_WRITE,
    CHANGE_TRUNCATE,
    CHANGE_SET,
    CHANGE_DROP,
    CHANGE_RENAME
} sim_change_kind;

struct sim_change {
    sim_change_kind kind;
    uint32_t node;    /* the file written, or the directory whose name changes */
    uint32_t to_node; /* of a rename: the directory of the new name */
    uint32_t child;   /* what a set or new name leads to */
    uint64_t off;     /* of a write; new length of a truncation */
    uint64_t bytes;
    uint8_t *data; /* of a write; owned */
    char *name;    /* owned */
    char *to_name; /* owned */
};

struct sim_handle {
    uint32_t node;
    uint32_t owner;
    uint32_t flags;
    bool is_open;
};

struct mr_simdisk {
    struct sim_node *nodes;
    uint32_t node_count, node_capacity;
    struct sim_handle *handles; /* numbers are never used twice */
    uint32_t handle_count, handle_capacity;
    struct sim_change *changes;
    uint32_t change_count, change_capacity;
    uint64_t limit_bytes;
    uint64_t used_bytes;
    uint64_t turn; /* moves the order of listings */
};

/* sim_grow: room for one more element; aborts when out of memory. */
void *sim_grow(void *list, uint32_t count, uint32_t *capacity, size_t size);
void *sim_copy(const void *bytes, size_t count);
char *sim_copy_text(const char *text);

void sim_content_write(struct sim_content *content, uint64_t off, const void *data, uint64_t bytes);
void sim_content_resize(struct sim_content *content, uint64_t bytes);

uint32_t sim_names_find(const struct sim_names *names, const char *text); /* node or NODE_NONE */
void sim_names_set(struct sim_names *names, const char *text, uint32_t node);
void sim_names_drop(struct sim_names *names, const char *text);
void sim_names_free(struct sim_names *names);

uint32_t sim_node_new(struct mr_simdisk *disk, mr_file_kind kind, int64_t now_us);
void sim_node_free(struct sim_node *node);

/* sim_lookup: the node at a path, or a negative errno. sim_parent: the directory that holds its
 * last name, which is copied to out_name. */
int64_t sim_lookup(const struct mr_simdisk *disk, const char *path);
int64_t sim_parent(const struct mr_simdisk *disk, const char *path, char *out_name);

/* The log: record takes over data and names; sync applies and forgets what concerns a node. */
void sim_change_record(struct mr_simdisk *disk, const struct sim_change *change);
void sim_change_free(struct sim_change *change);
void sim_sync_content(struct mr_simdisk *disk, uint32_t node);
void sim_sync_names(struct mr_simdisk *disk, uint32_t node);

#endif
