#include "core/base/assert.h"
#include "kernels/json/json_index.h"

static const struct mr_json_kernels tables[MR_ISA_COUNT] = {
    [MR_ISA_REF] = {MR_ISA_REF, mr_json_index_ref, mr_utf8_check_ref, mr_json_walk_ref},
#if defined(__x86_64__)
    [MR_ISA_AVX2] = {MR_ISA_AVX2, mr_json_index_avx2, mr_utf8_check_avx2, mr_json_walk_avx2},
    [MR_ISA_AVX512] = {MR_ISA_AVX512, mr_json_index_avx512, mr_utf8_check_avx512,
                       mr_json_walk_avx512},
#else
    [MR_ISA_AVX2] = {MR_ISA_REF, mr_json_index_ref, mr_utf8_check_ref, mr_json_walk_ref},
    [MR_ISA_AVX512] = {MR_ISA_REF, mr_json_index_ref, mr_utf8_check_ref, mr_json_walk_ref},
#endif
};

const struct mr_json_kernels *mr_json_kernels(mr_isa isa)
{
    MR_ASSERT(isa < MR_ISA_COUNT);
    return &tables[isa];
}
