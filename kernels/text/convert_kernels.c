#include "core/base/assert.h"
#include "kernels/text/convert.h"

const struct mr_convert_kernels *mr_convert_kernels(mr_isa isa)
{
    MR_ASSERT(isa < MR_ISA_COUNT);
#if defined(__x86_64__)
    if (isa >= MR_ISA_AVX2) return &mr_convert_avx2;
#endif
    return &mr_convert_ref;
}
