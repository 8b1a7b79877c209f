#include "kernels/isa/isa.h"

#include "core/base/assert.h"

static const char *const names[MR_ISA_COUNT] = {"ref", "avx2", "avx512"};

mr_isa mr_isa_best(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul");
    bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
    if (has_avx2 && has_avx512) return MR_ISA_AVX512;
    if (has_avx2) return MR_ISA_AVX2;
#endif
    return MR_ISA_REF;
}

bool mr_isa_has_slow_pext(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_is("znver1") || __builtin_cpu_is("znver2");
#else
    return false;
#endif
}

const char *mr_isa_name(mr_isa isa)
{
    MR_ASSERT(isa < MR_ISA_COUNT);
    return names[isa];
}

mr_status mr_isa_parse(struct mr_span text, mr_isa *out_isa, struct mr_err *err)
{
    mr_isa best = mr_isa_best();
    if (mr_span_is(text, "auto")) {
        *out_isa = best;
        return MR_OK;
    }
    for (int i = 0; i < MR_ISA_COUNT; i++) {
        if (!mr_span_is(text, names[i])) continue;
        if ((mr_isa)i > best) {
            return mr_err_set(err, MR_E_UNSUPPORTED, 0,
                              "this machine does not have the instructions of \"%s\"; its best "
                              "level is \"%s\"",
                              names[i], names[best]);
        }
        *out_isa = (mr_isa)i;
        return MR_OK;
    }
    return mr_err_set(err, MR_E_INVALID, 0,
                      "\"%.*s\" is no instruction set; use auto, ref, avx2 or avx512",
                      (int)text.bytes, text.text);
}
