#include "core/base/assert.h"
#include "kernels/select/select.h"

const struct mr_select_kernels *mr_select_kernels(mr_isa isa)
{
    MR_ASSERT(isa < MR_ISA_COUNT);
#if defined(__x86_64__)
    if (isa == MR_ISA_AVX512) return &mr_select_avx512;
    if (isa == MR_ISA_AVX2) return &mr_select_avx2;
#endif
    return &mr_select_ref;
}
