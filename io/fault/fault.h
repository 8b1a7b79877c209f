/* The fault filter: a driver of the seam over any other one, which makes operations go wrong.
 *
 * A plan has rules; each names kinds of operations, perhaps a pattern of paths, which of the
 * matching operations are meant, and what happens to them. Operations are counted when they are
 * submitted, over all filters that share the plan (control and shards), so that a test can run once
 * without a rule, read the counts, and then let every single operation fail, or die at it.
 *
 *   KIND[|KIND...][@GLOB][#N[+]]=ACTION          rules are separated by ';'
 *
 *   KIND     open close read write sync sync_dir stat link rename rename_new unlink rmdir mkdir
 *            list truncate lock watch, or any
 *   GLOB     of the path (the file's own for read, write, sync ...); * also matches '/'
 *   #N       the N-th matching operation, from 1; #N+ that and all later ones; neither: all
 *   ACTION   EIO, ENOSPC, ...  is not done and answers this error
 *            lost:EIO          is done, and answers this error
 *            short:BYTES       reads or writes at most so many bytes (at least one)
 *            torn:BYTES        a write reaches BYTES bytes far, then the process dies
 *            delay:US          is done so much later
 *            kill, kill-after  the process dies before or after it is done
 *
 * Death is real (SIGKILL) unless the plan has a kill function; then the plan is dead when that has
 * returned and every operation answers EOWNERDEAD. A failed sync poisons its file here as in a real
 * driver (io/posix/poison.h). For tests only: nothing is said about speed. */
#ifndef MR_IO_FAULT_FAULT_H
#define MR_IO_FAULT_FAULT_H

#include <stdatomic.h>

#include "core/base/span.h"
#include "core/mem/heap.h"
#include "core/port/io.h"

enum { MR_FAULT_RULES_MAX = 32, MR_FAULT_GLOB_MAX = 128 };

typedef enum mr_fault_action {
    MR_FAULT_FAIL,
    MR_FAULT_LOST,
    MR_FAULT_SHORT,
    MR_FAULT_TORN,
    MR_FAULT_DELAY,
    MR_FAULT_KILL,
    MR_FAULT_KILL_AFTER,
} mr_fault_action;

struct mr_fault_rule {
    uint32_t kinds;               /* bit per mr_io_kind */
    char glob[MR_FAULT_GLOB_MAX]; /* empty: any path */
    uint64_t first;
    bool persists; /* from `first` on, else only that one */
    mr_fault_action action;
    int os_error;
    uint64_t amount;       /* bytes or microseconds */
    _Atomic uint64_t seen; /* matching operations so far; relaxed: only the number counts */
};

/* Shared by the filters of a process; they must be closed before it goes. */
struct mr_fault {
    struct mr_fault_rule rules[MR_FAULT_RULES_MAX];
    uint32_t rule_count;
    void (*kill)(void *ctx); /* null: SIGKILL */
    void *ctx;
    _Atomic bool is_dead;
    _Atomic uint64_t counts[MR_IO_KIND_COUNT]; /* submitted, by kind; relaxed */
    _Atomic uint64_t hits;                     /* operations that a rule changed; relaxed */
};

/* mr_fault_init: a plan without rules. mr_fault_parse: adds the rules of a text in the form above.
 * returns MR_E_SYNTAX with the column */
void mr_fault_init(struct mr_fault *fault);
MR_MUST_USE mr_status mr_fault_parse(struct mr_fault *fault, struct mr_span text,
                                     struct mr_err *err);

/* mr_fault_total: operations submitted so far that "any" would match. */
uint64_t mr_fault_total(const struct mr_fault *fault);

/* mr_fault_open: a filter over `inner`, which it closes when it is closed, together with every file
 * that was opened through it and not closed (a dead process closes nothing itself). */
MR_MUST_USE mr_status mr_fault_open(struct mr_heap *heap, struct mr_fault *fault,
                                    struct mr_io *inner, struct mr_io **out_io, struct mr_err *err);

/* mr_fault_kind_name: "sync_dir" for MR_IO_SYNC_DIR. */
const char *mr_fault_kind_name(mr_io_kind kind);

#endif
