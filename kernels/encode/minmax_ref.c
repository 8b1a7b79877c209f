#include "kernels/encode/minmax.h"

/* Four bounds side by side break the chain from one comparison to the next. For floats, a
 * comparison with NaN is false, so NaN never becomes a bound. */
#define MINMAX(name, type)                                                                         \
    void name(const type *values, size_t count, type *min, type *max)                              \
    {                                                                                              \
        type low[4] = {*min, *min, *min, *min}, high[4] = {*max, *max, *max, *max};                \
        size_t i = 0;                                                                              \
        for (; i + 4 <= count; i += 4) {                                                           \
            for (size_t k = 0; k < 4; k++) {                                                       \
                low[k] = values[i + k] < low[k] ? values[i + k] : low[k];                          \
                high[k] = values[i + k] > high[k] ? values[i + k] : high[k];                       \
            }                                                                                      \
        }                                                                                          \
        for (; i < count; i++) {                                                                   \
            low[0] = values[i] < low[0] ? values[i] : low[0];                                      \
            high[0] = values[i] > high[0] ? values[i] : high[0];                                   \
        }                                                                                          \
        for (size_t k = 1; k < 4; k++) {                                                           \
            low[0] = low[k] < low[0] ? low[k] : low[0];                                            \
            high[0] = high[k] > high[0] ? high[k] : high[0];                                       \
        }                                                                                          \
        *min = low[0];                                                                             \
        *max = high[0];                                                                            \
    }

MINMAX(mr_minmax_i32, int32_t)
MINMAX(mr_minmax_i64, int64_t)
MINMAX(mr_minmax_f32, float)
MINMAX(mr_minmax_f64, double)
