#include "core/base/assert.h"
#include "kernels/encode/bitpack.h"
#include "kernels/encode/encode.h"
#include "kernels/encode/levels.h"
#include "kernels/encode/minmax.h"
#include "kernels/encode/rle.h"

const struct mr_encode_kernels mr_encode_ref = {
    .isa = MR_ISA_REF,
    .rle_u32 = mr_rle_encode_u32,
    .rle_u8 = mr_rle_encode_u8,
    .bitpack_u8 = mr_bitpack_u8,
    .levels_dense = mr_levels_dense,
    .levels_descend = mr_levels_descend,
    .levels_open = mr_levels_open,
    .levels_finish = mr_levels_finish,
    .levels_equal = mr_levels_equal,
    .levels_rows = mr_levels_rows,
    .minmax_i32 = mr_minmax_i32,
    .minmax_i64 = mr_minmax_i64,
    .minmax_f32 = mr_minmax_f32,
    .minmax_f64 = mr_minmax_f64,
};

const struct mr_encode_kernels *mr_encode_kernels(mr_isa isa)
{
    MR_ASSERT(isa < MR_ISA_COUNT);
#if defined(__x86_64__)
    /* The AVX-512 level has no variants of its own. */
    if (isa >= MR_ISA_AVX2 && !mr_isa_has_slow_pext()) return &mr_encode_avx2;
#endif
    return &mr_encode_ref;
}
