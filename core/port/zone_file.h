/* Time zones by name: an offset such as +02:00, or a file of the system's database. */
#ifndef MR_CORE_PORT_ZONE_FILE_H
#define MR_CORE_PORT_ZONE_FILE_H

#include "core/mem/arena.h"
#include "core/port/io.h"
#include "kernels/text/zone.h"

/* mr_zone_load: the zone of a name; null for UTC. The zone and its file's bytes lie in `arena`.
 * `folder` holds the database; null = only offsets are known. Waits for I/O.
 * fails MR_E_INVALID 1406 */
MR_MUST_USE mr_status mr_zone_load(struct mr_io *io, struct mr_arena *arena, const char *folder,
                                   struct mr_span name, const struct mr_zone **out_zone,
                                   struct mr_err *err);

#endif
