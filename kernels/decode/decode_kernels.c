#include "core/base/assert.h"
#include "kernels/decode/decode.h"

const struct mr_decode_kernels *mr_decode_kernels(mr_isa isa)
{
    MR_ASSERT(isa < MR_ISA_COUNT);
#if defined(__x86_64__)
    /* The AVX-512 level has no variants of its own. */
    if (isa >= MR_ISA_AVX2) return &mr_decode_avx2;
#endif
    return &mr_decode_ref;
}
