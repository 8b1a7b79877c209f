/* Instruction sets: what this processor can do, and how kernels are chosen by it.
 *
 * A kernel family has a portable reference and perhaps variants for AVX2 and AVX-512. Each family
 * offers its functions as a constant table per level, `mr_<family>_kernels(isa)`, which the program
 * asks for once at start and passes on by pointer; a level without its own variant gets the next
 * lower one. `--isa=ref|avx2|avx512` forces a level, in the program as in tests and benchmarks.
 *
 * The AVX-512 level means F, BW, DQ, VL, VBMI and VBMI2 (Ice Lake, Zen 4): byte compress is what
 * the index kernel is built on. AVX2 comes with BMI1, BMI2 and carry-less multiply (Haswell). */
#ifndef MR_KERNELS_ISA_ISA_H
#define MR_KERNELS_ISA_ISA_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/span.h"

typedef enum mr_isa { MR_ISA_REF, MR_ISA_AVX2, MR_ISA_AVX512, MR_ISA_COUNT } mr_isa;

/* mr_isa_best: the highest level that processor and operating system support. */
mr_isa mr_isa_best(void);

/* mr_isa_has_slow_pext: parallel bit extract and deposit take microcode (AMD before Zen 3); kernels
 * that live on them are then slower than the reference. */
bool mr_isa_has_slow_pext(void);

const char *mr_isa_name(mr_isa isa);

/* mr_isa_parse: "ref", "avx2", "avx512", or "auto" for the best.
 * returns MR_E_INVALID for another word, MR_E_UNSUPPORTED when this machine lacks the level */
MR_MUST_USE mr_status mr_isa_parse(struct mr_span text, mr_isa *out_isa, struct mr_err *err);

#endif
