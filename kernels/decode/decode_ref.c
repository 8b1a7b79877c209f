#include "kernels/decode/decode_inl.h"

static void unpack_ref(const uint8_t *in, const uint8_t *end, size_t count, unsigned width,
                       uint32_t *out)
{
    unpack_body(in, end, count, width, out);
}

static uint32_t max_ref(const uint32_t *values, size_t count)
{
    return max_body(values, count);
}

static void levels_ge_ref(const uint8_t *levels, size_t count, uint8_t least, uint64_t *bits)
{
    for (size_t i = 0; i < count; i += 64) {
        bits[i / 64] = levels_ge_word(levels + i, count - i < 64 ? count - i : 64, least);
    }
}

static void levels_slot_ref(const uint8_t *reps, const uint8_t *defs, size_t count, uint8_t rep,
                            uint8_t def, uint64_t *bits)
{
    for (size_t i = 0; i < count; i += 64) {
        size_t part = count - i < 64 ? count - i : 64;
        bits[i / 64] = levels_slot_word(reps + i, defs + i, part, rep, def);
    }
}

static void gather_ref(const void *dict, const uint32_t *codes, size_t count, unsigned log2,
                       void *out)
{
    gather_body(dict, codes, count, log2, out);
}

static void spread_ref(void *values, unsigned log2, size_t present, const uint64_t *validity,
                       size_t rows)
{
    spread_body(values, log2, present, validity, rows);
}

const struct mr_decode_kernels mr_decode_ref = {
    .isa = MR_ISA_REF,
    .unpack_u32 = unpack_ref,
    .max_u32 = max_ref,
    .levels_ge = levels_ge_ref,
    .levels_slot = levels_slot_ref,
    .gather = gather_ref,
    .spread = spread_ref,
};
