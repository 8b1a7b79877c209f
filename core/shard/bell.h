/* Bells: how a sleeping thread is woken, and none is left asleep with work in its rings.
 *
 * A thread that wants to sleep arms its bell, looks into its rings once more, and only then polls.
 * Who has published something for it rings the bell; only the first ring at an armed bell costs a
 * system call. Both sides exchange the same word, and exchanges of one word are totally ordered:
 * either the ringer comes first, then the sleeper's exchange acquires what it had published and the
 * second look finds it; or the sleeper comes first, and the ringer sees ARMED and wakes it. */
#ifndef MR_CORE_SHARD_BELL_H
#define MR_CORE_SHARD_BELL_H

#include <stdalign.h>
#include <stdatomic.h>

#include "core/port/io.h"

struct mr_bell {
    alignas(64) _Atomic uint32_t word; /* 0, or 1 = armed */
    struct mr_io *io; /* the owner's; set before it is first armed, read only when armed */
};

void mr_bell_init(struct mr_bell *bell, struct mr_io *io);

/* Owner. mr_bell_arm: look into every ring between this and the poll that sleeps. mr_bell_disarm:
 * after the poll. */
void mr_bell_arm(struct mr_bell *bell);
void mr_bell_disarm(struct mr_bell *bell);

/* mr_bell_ring: after publishing, any thread; wakes the owner when it sleeps or is about to. */
void mr_bell_ring(struct mr_bell *bell);

#endif
