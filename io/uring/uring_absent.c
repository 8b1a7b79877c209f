/* Stands in for the driver in builds without liburing. */
#include "io/uring/uring_io.h"

mr_status mr_uring_open(struct mr_heap *heap, const struct mr_uring_options *options,
                        struct mr_io **out_io, struct mr_err *err)
{
    (void)heap;
    (void)options;
    (void)out_io;
    return mr_err_set(err, MR_E_UNSUPPORTED, 5006, "this program was built without io_uring");
}

bool mr_uring_has_region(const struct mr_io *io)
{
    (void)io;
    return false;
}
