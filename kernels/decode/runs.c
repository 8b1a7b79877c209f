#include "kernels/decode/runs.h"

#include <string.h>

#include "kernels/decode/bits.h"

enum { NARROW_STEP = 512 };

void mr_runs_open(struct mr_runs *runs, const uint8_t *at, size_t bytes, unsigned width)
{
    *runs = (struct mr_runs){.at = at, .end = at + bytes, .width = width};
}

bool mr_runs_open_packed(struct mr_runs *runs, const uint8_t *at, size_t bytes, unsigned width,
                         uint64_t count)
{
    mr_runs_open(runs, at, bytes, width);
    runs->is_packed = true;
    runs->left = count;
    return width == 0 || (uint64_t)bytes * 8 / width >= count;
}

static bool runs_varint(struct mr_runs *runs, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35 && runs->at < runs->end; shift += 7) {
        uint8_t byte = *runs->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* The next run. The last packed one may be cut short of its padding by some writers: what its bytes
 * do not hold is left out. */
static bool runs_next(struct mr_runs *runs)
{
    uint64_t head;
    if (runs->is_packed && runs->bit > 0) runs->at++;
    runs->bit = 0;
    if (!runs_varint(runs, &head)) return false;
    size_t bytes = (size_t)(runs->end - runs->at), value_bytes = (runs->width + 7) / 8;
    runs->is_packed = head & 1;
    runs->left = head >> 1;
    if (runs->is_packed) {
        uint64_t held = runs->width == 0 ? UINT64_MAX : (uint64_t)bytes * 8 / runs->width;
        runs->left = runs->left * 8 < held ? runs->left * 8 : held;
    } else {
        if (value_bytes > bytes) return false;
        runs->value = 0;
        memcpy(&runs->value, runs->at, value_bytes);
        if (runs->width < 32) runs->value &= (UINT32_C(1) << runs->width) - 1;
        runs->at += value_bytes;
    }
    return runs->left > 0; /* an empty run brings nothing and would never end */
}

/* The spare values, then whole groups, then a group whose rest is spared. At most `count` values,
 * all of the packed run. */
static void packed_take(struct mr_runs *runs, const struct mr_decode_kernels *kernels,
                        uint32_t *out, size_t count)
{
    while (count > 0 && runs->spare_at < runs->spare_count) {
        *out++ = runs->spare[runs->spare_at++];
        count--;
    }
    size_t whole = count / 8 * 8, rest = count % 8;
    kernels->unpack_u32(runs->at, runs->end, whole, runs->width, out);
    runs->at += whole / 8 * runs->width;
    runs->left -= whole;
    if (rest == 0) return;
    unsigned group = runs->left < 8 ? (unsigned)runs->left : 8;
    kernels->unpack_u32(runs->at, runs->end, group, runs->width, runs->spare);
    size_t bytes = (size_t)(runs->end - runs->at);
    runs->at += bytes < runs->width ? bytes : runs->width;
    runs->left -= group;
    memcpy(out + whole, runs->spare, rest * sizeof *out);
    runs->spare_at = (unsigned)rest;
    runs->spare_count = group;
}

bool mr_runs_u32(struct mr_runs *runs, const struct mr_decode_kernels *kernels, uint32_t *out,
                 size_t count)
{
    while (count > 0) {
        uint64_t there = runs->left + (runs->spare_count - runs->spare_at);
        if (there == 0) {
            if (!runs_next(runs)) return false;
            continue;
        }
        size_t take = there < count ? (size_t)there : count;
        if (runs->is_packed) {
            packed_take(runs, kernels, out, take);
        } else {
            for (size_t i = 0; i < take; i++) out[i] = runs->value;
            runs->left -= take;
        }
        out += take;
        count -= take;
    }
    return true;
}

bool mr_runs_u8(struct mr_runs *runs, const struct mr_decode_kernels *kernels, uint8_t *out,
                size_t count)
{
    uint32_t wide[NARROW_STEP];
    while (count > 0) {
        size_t take = count < NARROW_STEP ? count : NARROW_STEP;
        bool is_run = !runs->is_packed && runs->left > 0;
        if (is_run) {
            take = runs->left < count ? (size_t)runs->left : count;
            memset(out, (int)runs->value, take);
            runs->left -= take;
        } else if (!mr_runs_u32(runs, kernels, wide, take)) {
            return false;
        }
        for (size_t i = 0; i < take && !is_run; i++) out[i] = (uint8_t)wide[i];
        out += take;
        count -= take;
    }
    return true;
}

bool mr_runs_bits(struct mr_runs *runs, uint64_t *bits, size_t at, size_t count)
{
    while (count > 0) {
        if (runs->left == 0) {
            if (!runs_next(runs)) return false;
            continue;
        }
        size_t take = runs->left < count ? (size_t)runs->left : count;
        if (!runs->is_packed) {
            if (runs->value != 0) mr_bits_fill(bits, at, take);
        } else if (runs->width > 0) {
            mr_bits_append(bits, at, runs->at, runs->bit, take);
            runs->at += (runs->bit + take) / 8;
            runs->bit = (runs->bit + take) % 8;
        }
        runs->left -= take;
        at += take;
        count -= take;
    }
    return true;
}
