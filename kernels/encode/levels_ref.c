#include "kernels/encode/levels.h"

#include <string.h>

uint32_t mr_levels_dense(const uint64_t *validity, uint32_t count, uint8_t absent, uint8_t present,
                         uint8_t *out_def, uint32_t *out_rows)
{
    uint32_t found = 0;
    uint8_t step = (uint8_t)(present - absent);
    for (uint32_t from = 0; from < count; from += 64) {
        uint32_t rows = count - from < 64 ? count - from : 64;
        uint64_t bits = validity[from / 64];
        if (rows < 64) bits &= (UINT64_C(1) << rows) - 1;
        if (bits == UINT64_MAX) {
            memset(out_def + from, present, 64);
            for (uint32_t i = 0; i < 64; i++) out_rows[found + i] = from + i;
            found += 64;
            continue;
        }
        for (uint32_t i = 0; i < rows; i++) {
            uint32_t bit = (uint32_t)(bits >> i & 1);
            out_def[from + i] = (uint8_t)(absent + (bit != 0 ? step : 0));
            out_rows[found] = from + i;
            found += bit;
        }
    }
    return found;
}

uint32_t mr_levels_descend(const uint64_t *validity, const uint32_t *rows, const uint8_t *def,
                           uint32_t count, uint8_t absent, uint32_t *out_rows, uint8_t *out_def)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows == NULL ? i : rows[i];
        if (row == MR_LEVEL_ENDED) {
            out_rows[i] = row;
            out_def[i] = def[i];
        } else if ((validity[row / 64] >> (row % 64) & 1) == 0) {
            out_rows[i] = MR_LEVEL_ENDED;
            out_def[i] = absent;
        } else {
            out_rows[i] = row;
            live++;
        }
    }
    return live;
}

uint32_t mr_levels_finish(const uint32_t *rows, uint32_t count, uint8_t present, uint8_t *def,
                          uint32_t *out_rows)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        if (row != MR_LEVEL_ENDED) {
            def[i] = present;
            out_rows[live++] = row;
        }
    }
    return live;
}
