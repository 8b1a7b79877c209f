#include "io/fault/fault.h"

#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/port/op_list.h"
#include "io/posix/poison.h"

/* An operation that is held back, or on whose completion something more will happen. */
struct changed {
    struct mr_io_op *op;
    const struct mr_fault_rule *rule;
    uint32_t bytes; /* what the operation asked for */
    bool is_held;
    int64_t due_us; /* of a held one */
    struct changed *next;
};

/* An open file and the rules whose pattern its path matches. */
struct open_file {
    int32_t file;
    uint32_t rules;
};

struct fault_io {
    struct mr_io io; /* first */
    struct mr_heap *heap;
    struct mr_fault *fault;
    struct mr_io *inner;
    struct mr_poison poison;
    struct mr_op_list done;
    struct changed *changed;
    struct open_file *files;
    uint32_t file_count, file_capacity;
};

static struct fault_io *self_of(struct mr_io *io)
{
    return (struct fault_io *)io;
}

/* Death may come from any filter of the plan: the flag is all they share. Relaxed: who sees it a
 * little later has only lived a little longer. */
static bool is_dead(const struct fault_io *self)
{
    return atomic_load_explicit(&self->fault->is_dead, memory_order_relaxed);
}

static void die(struct fault_io *self)
{
    struct mr_fault *fault = self->fault;
    if (fault->kill == NULL) (void)raise(SIGKILL);
    if (!is_dead(self)) fault->kill(fault->ctx);
    atomic_store_explicit(&fault->is_dead, true, memory_order_relaxed);
}

/* ---- rules ---- */

static uint32_t rules_of_path(const struct mr_fault *fault, const char *path)
{
    uint32_t rules = 0;
    for (uint32_t i = 0; i < fault->rule_count; i++) {
        const char *glob = fault->rules[i].glob;
        if (glob[0] == '\0' || fnmatch(glob, path, 0) == 0) rules |= UINT32_C(1) << i;
    }
    return rules;
}

static struct open_file *file_find(const struct fault_io *self, int32_t file)
{
    for (uint32_t i = 0; i < self->file_count; i++) {
        if (self->files[i].file == file) return &self->files[i];
    }
    return NULL;
}

/* The rules whose pattern fits: by the path of the operation, else by that of its file. */
static uint32_t rules_of_op(const struct fault_io *self, const struct mr_io_op *op)
{
    const struct open_file *file = file_find(self, op->file);
    uint32_t rules = op->path != NULL ? rules_of_path(self->fault, op->path)
                     : file != NULL   ? file->rules
                                      : rules_of_path(self->fault, "");
    if (op->path2 != NULL) rules |= rules_of_path(self->fault, op->path2);
    return rules;
}

/* Counts the operation at every rule that matches; the first one whose turn it is, is meant. */
static const struct mr_fault_rule *rule_for(struct fault_io *self, const struct mr_io_op *op)
{
    struct mr_fault *fault = self->fault;
    const struct mr_fault_rule *meant = NULL;
    uint32_t rules = fault->rule_count == 0 ? 0 : rules_of_op(self, op);
    atomic_fetch_add_explicit(&fault->counts[op->kind], 1, memory_order_relaxed);
    for (uint32_t i = 0; i < fault->rule_count; i++) {
        struct mr_fault_rule *rule = &fault->rules[i];
        if ((rules >> i & 1) == 0 || (rule->kinds >> op->kind & 1) == 0) continue;
        uint64_t n = atomic_fetch_add_explicit(&rule->seen, 1, memory_order_relaxed) + 1;
        bool is_turn = n == rule->first || (rule->persists && n > rule->first);
        if (is_turn && meant == NULL) meant = rule;
    }
    if (meant != NULL) atomic_fetch_add_explicit(&fault->hits, 1, memory_order_relaxed);
    return meant;
}

/* ---- open files ---- */

static void file_add(struct fault_io *self, const struct mr_io_op *op)
{
    if (file_find(self, (int32_t)op->result) != NULL) return; /* one more watch */
    if (self->file_count == self->file_capacity) {
        uint32_t capacity = MR_MAX(self->file_capacity * 2, 16u);
        struct open_file *files = mr_heap_resize(
            self->heap, self->files, self->file_capacity * sizeof *files, capacity * sizeof *files);
        MR_ASSERT(files != NULL); /* of the filter's own heap, which no test limits */
        self->files = files;
        self->file_capacity = capacity;
    }
    self->files[self->file_count++] =
        (struct open_file){(int32_t)op->result, rules_of_path(self->fault, op->path)};
}

static void file_remove(struct fault_io *self, int32_t file)
{
    struct open_file *found = file_find(self, file);
    if (found != NULL) *found = self->files[--self->file_count];
}

/* ---- operations ---- */

static void answer(struct fault_io *self, struct mr_io_op *op, int64_t result)
{
    op->result = result;
    mr_op_list_add(&self->done, op);
}

static struct changed *note_change(struct fault_io *self, struct mr_io_op *op,
                                   const struct mr_fault_rule *rule)
{
    struct changed *changed = mr_heap_zeroed(self->heap, sizeof *changed);
    MR_ASSERT(changed != NULL);
    *changed = (struct changed){.op = op, .rule = rule, .bytes = op->bytes, .next = self->changed};
    self->changed = changed;
    return changed;
}

static void fail(struct fault_io *self, struct mr_io_op *op, int os_error)
{
    op->result = -(int64_t)os_error;
    bool is_noted = mr_poison_learn(&self->poison, op);
    MR_ASSERT(is_noted);
    mr_op_list_add(&self->done, op);
}

static void hold(struct fault_io *self, struct mr_io_op *op, const struct mr_fault_rule *rule)
{
    struct changed *changed = note_change(self, op, rule);
    changed->is_held = true;
    changed->due_us = mr_io_mono_us(self->inner) + (int64_t)rule->amount;
}

static void submit_changed(struct fault_io *self, struct mr_io_op *op,
                           const struct mr_fault_rule *rule)
{
    bool moves_bytes = op->kind == MR_IO_READ || op->kind == MR_IO_WRITE;
    switch (rule->action) {
    case MR_FAULT_FAIL: fail(self, op, rule->os_error); return;
    case MR_FAULT_DELAY: hold(self, op, rule); return;
    case MR_FAULT_KILL:
        die(self);
        answer(self, op, -EOWNERDEAD);
        return;
    case MR_FAULT_SHORT:
        if (!moves_bytes) break;
        (void)note_change(self, op, rule);
        op->bytes = (uint32_t)MR_MIN((uint64_t)op->bytes, MR_MAX(rule->amount, UINT64_C(1)));
        break;
    case MR_FAULT_TORN:
        if (op->kind != MR_IO_WRITE) break;
        (void)note_change(self, op, rule);
        op->bytes = (uint32_t)MR_MIN((uint64_t)op->bytes, rule->amount);
        break;
    default: (void)note_change(self, op, rule);
    }
    mr_io_submit(self->inner, op);
}

static void fault_submit(struct mr_io *io, struct mr_io_op *op)
{
    struct fault_io *self = self_of(io);
    if (op->kind == MR_IO_NOP || op->kind == MR_IO_TIMER) {
        if (is_dead(self)) {
            answer(self, op, -EOWNERDEAD);
        } else {
            mr_io_submit(self->inner, op);
        }
    } else if (is_dead(self)) {
        answer(self, op, -EOWNERDEAD);
    } else if (mr_poison_refuses(&self->poison, op)) {
        answer(self, op, -EIO);
    } else {
        const struct mr_fault_rule *rule = rule_for(self, op);
        if (rule == NULL) {
            mr_io_submit(self->inner, op);
        } else {
            submit_changed(self, op, rule);
        }
    }
}

/* The record of a changed operation that comes back, taken off the list; null for others. */
static struct changed *take_changed(struct fault_io *self, const struct mr_io_op *op)
{
    struct changed **link = &self->changed;
    while (*link != NULL && (*link)->op != op) link = &(*link)->next;
    struct changed *changed = *link;
    if (changed != NULL) *link = changed->next;
    return changed;
}

static void apply_after(struct fault_io *self, const struct changed *changed)
{
    struct mr_io_op *op = changed->op;
    op->bytes = changed->bytes;
    switch (changed->rule->action) {
    case MR_FAULT_TORN:
    case MR_FAULT_KILL_AFTER: die(self); break;
    case MR_FAULT_LOST: {
        op->result = -(int64_t)changed->rule->os_error;
        bool is_noted = mr_poison_learn(&self->poison, op);
        MR_ASSERT(is_noted);
        break;
    }
    default: break;
    }
}

/* A completed operation of the inner driver: follows files, then what its rule still asks for. */
static void settle(struct fault_io *self, struct mr_io_op *op)
{
    bool opens = op->kind == MR_IO_OPEN || op->kind == MR_IO_WATCH;
    if (opens && op->result >= 0) {
        file_add(self, op);
        bool is_noted = mr_poison_learn(&self->poison, op);
        MR_ASSERT(is_noted);
    } else if (op->kind == MR_IO_CLOSE && op->result >= 0) {
        file_remove(self, op->file);
    }
    struct changed *changed = take_changed(self, op);
    if (changed != NULL) {
        apply_after(self, changed);
        mr_heap_give(self->heap, changed, sizeof *changed);
    }
    answer(self, op, is_dead(self) ? -EOWNERDEAD : op->result);
}

/* Submits what has been held long enough; all of it when dead, as answers.
 * returns the time until the next one, or wait_us when that is shorter (-1 = for ever) */
static int64_t let_go(struct fault_io *self, int64_t wait_us)
{
    struct changed **link = &self->changed;
    while (*link != NULL) {
        struct changed *changed = *link;
        int64_t left = changed->is_held ? changed->due_us - mr_io_mono_us(self->inner) : INT64_MAX;
        bool must_go = changed->is_held && (left <= 0 || is_dead(self));
        if (!must_go) {
            if (wait_us < 0 || left < wait_us) wait_us = left == INT64_MAX ? wait_us : left;
            link = &changed->next;
            continue;
        }
        *link = changed->next;
        if (is_dead(self)) {
            answer(self, changed->op, -EOWNERDEAD);
        } else {
            mr_io_submit(self->inner, changed->op);
        }
        mr_heap_give(self->heap, changed, sizeof *changed);
    }
    return wait_us;
}

static struct mr_io_op *fault_poll(struct mr_io *io, int64_t wait_us)
{
    struct fault_io *self = self_of(io);
    wait_us = let_go(self, wait_us);
    struct mr_io_op *op = self->inner->driver->poll(self->inner, self->done.first ? 0 : wait_us);
    while (op != NULL) {
        struct mr_io_op *next = op->next;
        settle(self, op);
        op = next;
    }
    return mr_op_list_take(&self->done);
}

static void fault_wake(struct mr_io *io)
{
    mr_io_wake(self_of(io)->inner);
}

static void fault_cancel(struct mr_io *io, struct mr_io_op *op)
{
    if (op->kind == MR_IO_TIMER) mr_io_cancel(self_of(io)->inner, op);
}

static int64_t fault_now_us(struct mr_io *io)
{
    return mr_io_now_us(self_of(io)->inner);
}

static int64_t fault_mono_us(struct mr_io *io)
{
    return mr_io_mono_us(self_of(io)->inner);
}

static uint64_t fault_random(struct mr_io *io)
{
    return mr_io_random(self_of(io)->inner);
}

static void fault_close(struct mr_io *io)
{
    struct fault_io *self = self_of(io);
    MR_ASSERT(self->changed == NULL);
    MR_ASSERT(self->done.first == NULL);
    for (uint32_t i = 0; i < self->file_count; i++) {
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_CLOSE);
        op.file = self->files[i].file;
        (void)mr_io_call(self->inner, &op);
    }
    mr_io_close(self->inner);
    mr_poison_fini(&self->poison);
    mr_heap_give(self->heap, self->files, self->file_capacity * sizeof *self->files);
    mr_heap_give(self->heap, self, sizeof *self);
}

static const struct mr_io_driver fault_driver = {
    .name = "fault",
    .submit = fault_submit,
    .poll = fault_poll,
    .wake = fault_wake,
    .cancel = fault_cancel,
    .now_us = fault_now_us,
    .mono_us = fault_mono_us,
    .random = fault_random,
    .close = fault_close,
};

mr_status mr_fault_open(struct mr_heap *heap, struct mr_fault *fault, struct mr_io *inner,
                        struct mr_io **out_io, struct mr_err *err)
{
    struct fault_io *self = mr_heap_zeroed(heap, sizeof *self);
    if (self == NULL)
        return mr_err_set(err, MR_E_NOMEM, 5003, "out of memory for the fault filter");
    self->io.driver = &fault_driver;
    self->heap = heap;
    self->fault = fault;
    self->inner = inner;
    mr_poison_init(&self->poison, heap);
    *out_io = &self->io;
    return MR_OK;
}
