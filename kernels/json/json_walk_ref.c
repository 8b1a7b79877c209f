#include "kernels/json/json_walk.h"

/* The bytes a literal has, and no others. */
#define LITERAL_IS(at, edge) (memcmp((at), (edge)->literal, (edge)->bytes) == 0)

#include "kernels/json/json_walk_inl.h"

mr_json_walk_stop mr_json_walk_ref(struct mr_json_walk *walk)
{
    return walk_records(walk);
}
