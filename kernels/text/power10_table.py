#!/usr/bin/env python3
"""Writes the table behind power10.h: for each exponent the 128 leading bits of the power of five.

All are cut, but for the reciprocals whose divisor fits into 64 bits: those are rounded up, so that
a product that should be exact is recognised as such (Lemire 2021, section 5).
"""
import sys

FIRST, LAST = -342, 308
ROUNDED_UP = -27


def leading_bits(exponent):
    if exponent >= 0:
        value = 5 ** exponent
        shift = value.bit_length() - 128
        return value >> shift if shift >= 0 else value << -shift
    divisor = 5 ** -exponent
    return (1 << (divisor.bit_length() + 127)) // divisor + (exponent >= ROUNDED_UP)


def main():
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write('#include "kernels/text/power10.h"\n')
        out.write("const struct mr_power5 mr_powers5[MR_POWER5_LAST - MR_POWER5_FIRST + 1] = {\n")
        for exponent in range(FIRST, LAST + 1):
            bits = leading_bits(exponent)
            high, low = bits >> 64, bits & (2 ** 64 - 1)
            out.write(f"{{UINT64_C({high:#018x}), UINT64_C({low:#018x})}},\n")
        out.write("};\n")


if __name__ == "__main__":
    main()
