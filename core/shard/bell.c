#include "core/shard/bell.h"

void mr_bell_init(struct mr_bell *bell, struct mr_io *io)
{
    atomic_init(&bell->word, 0);
    bell->io = io;
}

void mr_bell_arm(struct mr_bell *bell)
{
    /* Pairs with the exchange in mr_bell_ring, see the header. */
    (void)atomic_exchange_explicit(&bell->word, 1, memory_order_acq_rel);
}

void mr_bell_disarm(struct mr_bell *bell)
{
    /* An unneeded wake is harmless, so nothing need be ordered here: the next look into the rings
     * acquires by itself. */
    atomic_store_explicit(&bell->word, 0, memory_order_relaxed);
}

void mr_bell_ring(struct mr_bell *bell)
{
    /* Pairs with the exchange in mr_bell_arm. */
    if (atomic_exchange_explicit(&bell->word, 0, memory_order_acq_rel) == 1) mr_io_wake(bell->io);
}
