#include "core/port/op_list.h"

#include <errno.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

void mr_op_list_add(struct mr_op_list *list, struct mr_io_op *op)
{
    op->next = NULL;
    if (list->first == NULL) {
        list->first = op;
    } else {
        list->last->next = op;
    }
    list->last = op;
}

struct mr_io_op *mr_op_list_take(struct mr_op_list *list)
{
    struct mr_io_op *first = list->first;
    list->first = NULL;
    list->last = NULL;
    return first;
}

void mr_op_list_join(struct mr_op_list *list, struct mr_io_op *chain)
{
    while (chain != NULL) {
        struct mr_io_op *next = chain->next;
        mr_op_list_add(list, chain);
        chain = next;
    }
}

void mr_timers_add(struct mr_io_op **timers, struct mr_io_op *op, int64_t now_us)
{
    MR_ASSERT(op->kind == MR_IO_TIMER);
    uint64_t deadline;
    if (__builtin_add_overflow((uint64_t)now_us, op->off, &deadline)) deadline = UINT64_MAX;
    op->off = deadline;
    while (*timers != NULL && (*timers)->off <= deadline) timers = &(*timers)->next;
    op->next = *timers;
    *timers = op;
}

void mr_timers_due(struct mr_io_op **timers, int64_t now_us, struct mr_op_list *out)
{
    while (*timers != NULL && (*timers)->off <= (uint64_t)now_us) {
        struct mr_io_op *op = *timers;
        *timers = op->next;
        op->result = 0;
        mr_op_list_add(out, op);
    }
}

bool mr_timers_cancel(struct mr_io_op **timers, struct mr_io_op *op, struct mr_op_list *out)
{
    while (*timers != NULL && *timers != op) timers = &(*timers)->next;
    if (*timers == NULL) return false;
    *timers = op->next;
    op->result = -ECANCELED;
    mr_op_list_add(out, op);
    return true;
}

int64_t mr_timers_wait(const struct mr_io_op *timers, int64_t now_us, int64_t wait_us)
{
    if (timers == NULL) return wait_us;
    uint64_t now = (uint64_t)now_us;
    uint64_t left = timers->off <= now ? 0 : timers->off - now;
    if (left > (uint64_t)INT64_MAX) left = (uint64_t)INT64_MAX;
    if (wait_us >= 0 && wait_us <= (int64_t)left) return wait_us;
    return (int64_t)left;
}
