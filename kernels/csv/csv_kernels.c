#include "core/base/assert.h"
#include "kernels/csv/csv_index.h"

static const struct mr_csv_kernels tables[MR_ISA_COUNT] = {
    [MR_ISA_REF] = {MR_ISA_REF, mr_csv_index_ref},
#if defined(__x86_64__)
    [MR_ISA_AVX2] = {MR_ISA_AVX2, mr_csv_index_avx2},
    [MR_ISA_AVX512] = {MR_ISA_AVX512, mr_csv_index_avx512},
#else
    [MR_ISA_AVX2] = {MR_ISA_REF, mr_csv_index_ref},
    [MR_ISA_AVX512] = {MR_ISA_REF, mr_csv_index_ref},
#endif
};

const struct mr_csv_kernels *mr_csv_kernels(mr_isa isa)
{
    MR_ASSERT(isa < MR_ISA_COUNT);
    return &tables[isa];
}
