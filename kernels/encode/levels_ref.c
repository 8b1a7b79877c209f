#include "kernels/encode/levels.h"

#include <stdbool.h>
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
            continue;
        }
        bool is_present = (validity[row / 64] >> (row % 64) & 1) != 0;
        out_rows[i] = is_present ? row : MR_LEVEL_ENDED;
        out_def[i] = absent;
        live += is_present;
    }
    return live;
}

uint64_t mr_levels_opened(const uint32_t *offsets, const uint32_t *rows, uint32_t count)
{
    uint64_t entries = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows == NULL ? i : rows[i];
        uint32_t elements = row == MR_LEVEL_ENDED ? 0 : offsets[row + 1] - offsets[row];
        entries += elements == 0 ? 1 : elements;
    }
    return entries;
}

uint32_t mr_levels_open(const uint32_t *offsets, const uint32_t *rows, const uint8_t *def,
                        const uint8_t *rep, uint32_t count, uint8_t empty, uint8_t level,
                        uint32_t *out_rows, uint8_t *out_def, uint8_t *out_rep)
{
    uint32_t live = 0, at = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows == NULL ? i : rows[i];
        bool has_ended = row == MR_LEVEL_ENDED;
        uint32_t from = has_ended ? 0 : offsets[row];
        uint32_t elements = has_ended ? 0 : offsets[row + 1] - from;
        out_rep[at] = rep == NULL ? 0 : rep[i];
        out_rows[at] = elements == 0 ? MR_LEVEL_ENDED : from;
        out_def[at++] = has_ended ? def[i] : empty;
        for (uint32_t k = 1; k < elements; k++) {
            out_rows[at] = from + k;
            out_rep[at] = level;
            out_def[at++] = empty;
        }
        live += elements;
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

uint32_t mr_levels_equal(const uint8_t *levels, uint32_t count, uint8_t level)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) found += levels[i] == level;
    return found;
}

uint32_t mr_levels_rows(const uint8_t *rep, uint32_t count, uint32_t *rows)
{
    uint32_t seen = 0, at = 0;
    for (; at < count; at++) {
        if (rep[at] == 0 && seen++ == *rows) return at;
    }
    *rows = seen;
    return at;
}
