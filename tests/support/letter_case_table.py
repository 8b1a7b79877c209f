#!/usr/bin/env python3
"""Writes core/expr/letter_case.def: Unicode's case mappings as this Python's database has them.

usage: letter_case_table.py > core/expr/letter_case.def
Runs of letters with one distance are put together, every letter or every second one."""
import sys
import unicodedata


def runs(pairs):
    out = []
    for c, d in pairs:
        delta = d - c
        if out:
            first, last, step, other = out[-1]
            gap = c - last
            if other == delta and gap in (1, 2) and (step == gap or first == last):
                out[-1] = (first, c, gap, delta)
                continue
        out.append((c, c, 1, delta))
    return out


def table(name, convert):
    single, several = [], []
    for c in range(0x80, 0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        to = convert(chr(c))
        if to == chr(c):
            continue
        if len(to) == 1:
            single.append((c, ord(to)))
        else:
            several.append((c, [ord(x) for x in to]))
    for first, last, step, delta in runs(single):
        print(f"MR_{name}_RUN(0x{first:04x}, 0x{last:04x}, {step}, {delta})")
    for c, to in several:
        to += [0] * (3 - len(to))
        print(f"MR_{name}_LONG(0x{c:04x}, " + ", ".join(f"0x{x:04x}" for x in to) + ")")


print("/* Made by tests/support/letter_case_table.py from Unicode "
      f"{unicodedata.unidata_version}; do not edit.\n"
      " * RUN(first, last, step, distance): letters that become another one.\n"
      " * LONG(letter, a, b, c): a letter that becomes two or three (0 = none). */")
table("UPPER", str.upper)
table("LOWER", str.lower)
sys.exit(0)
