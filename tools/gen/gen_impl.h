/* Appending text fast: no format strings, no floating point; shared by the kinds of records. */
#ifndef MR_TOOLS_GEN_GEN_IMPL_H
#define MR_TOOLS_GEN_GEN_IMPL_H

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "tools/gen/gen.h"

/* One record: its number decides the id, `us` is its event time. Writes at most MR_GEN_LINE_MAX
 * bytes without line end and returns where it stopped. */
char *mr_gen_clickstream(struct mr_gen *gen, uint64_t record, int64_t us, char *at);
char *mr_gen_iot(struct mr_gen *gen, uint64_t record, int64_t us, char *at);
char *mr_gen_orders(struct mr_gen *gen, uint64_t record, int64_t us, char *at);

/* mr_gen_put_time: "2026-01-01T00:00:00.123Z", with 3 or 6 digits. */
char *mr_gen_put_time(struct mr_gen *gen, char *at, int64_t us, int digits);

/* mr_gen_mix: a bijection of 64-bit numbers without visible order (splitmix64's finalizer). */
static inline uint64_t mr_gen_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static inline char *put_span(char *at, struct mr_span text)
{
    memcpy(at, text.text, text.bytes);
    return at + text.bytes;
}

#define PUT(at, literal) put_span((at), MR_SPAN(literal))

static inline char *put_uint(char *at, uint64_t value)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0) *at++ = digits[--count];
    return at;
}

/* Exactly `width` digits, zeros in front. */
static inline char *put_digits(char *at, uint64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + width;
}

static inline char *put_hex(char *at, uint64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    return at + width;
}

/* value / 10^places, for places of 1 to 6: -1234567 with 6 is -1.234567. */
static inline char *put_fixed(char *at, int64_t value, int places)
{
    static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    uint64_t size = value < 0 ? (uint64_t)-value : (uint64_t)value;
    if (value < 0) *at++ = '-';
    at = put_uint(at, size / powers[places]);
    *at++ = '.';
    return put_digits(at, size % powers[places], places);
}

/* One draw serves several small choices: the low bits of `bits` are used up from the right. */
static inline uint32_t take_below(uint64_t *bits, uint32_t limit)
{
    uint32_t part = (uint32_t)(*bits & 0xffff);
    *bits >>= 16;
    return part * limit >> 16;
}

#endif
