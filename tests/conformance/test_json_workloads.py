#!/usr/bin/env python3
"""The workloads of the benchmarks are read as another parser reads them.

    test_json_workloads.py BENCH_DATA BENCH_JSON

For each workload the reader's sums of every column (bench/kernel/column_sums.h), on every
instruction set of the machine, have to be those that Python's json module and Spark's rules for
types give: of hostile records too, whose fields come shuffled, twice, in other types or not at all.
"""
import datetime
import json
import os
import struct
import subprocess
import sys
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))

from ddl import read_ddl  # noqa: E402  pylint: disable=wrong-import-position

# Arguments, and the CRC-32 of the lines: they are the same from every compiler and machine.
WORK = [
    ("w1", 0x6363c6d1),
    ("w1 --shuffle 20", 0x60f63bd8),
    ("w2", 0x53f6c550),
    ("w3", 0xa51ce43e),
    ("w4", 0x7a91be0e),
    ("w5", 0x30c6427d),
    ("clickstream", 0x61b51ae4),
    ("flat --escapes 10 --text 40 --distinct 50", 0x34a1812a),
]
BYTES = "400KB"
START = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Number(str):
    """A number as it was written."""


def long_of(value, bits):
    if isinstance(value, Number) and value.lstrip("-").isdigit():
        number = int(value)
        return number if -(1 << bits - 1) <= number < 1 << bits - 1 else None
    return None


def leaf_sum(kind, value):
    """What a value adds to its column's sum; None when its type has no place for it."""
    if kind == "STRING":
        text = value if isinstance(value, str) else json.dumps(value)
        return zlib.crc32(text.encode())
    if kind in ("BIGINT", "INT"):
        return long_of(value, 64 if kind == "BIGINT" else 32)
    if kind == "DOUBLE" and isinstance(value, Number):
        return struct.unpack("<q", struct.pack("<d", float(value)))[0]
    if kind == "BOOLEAN" and isinstance(value, bool):
        return int(value)
    if kind == "TIMESTAMP" and isinstance(value, str) and not isinstance(value, Number):
        try:
            since = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")) - START
        except ValueError:
            return None
        return (since.days * 86400 + since.seconds) * 1000000 + since.microseconds
    return None


def add(sums, path, kind, value):
    if isinstance(kind, dict):
        for name, member in kind.items():
            inner = value.get(name) if isinstance(value, dict) else None
            add(sums, f"{path}.{name}" if path else name, member, inner)
    elif isinstance(kind, list):
        for item in value if isinstance(value, list) else ():
            add(sums, path, kind[0], item)
        sums.setdefault(path, [0, 0])
    else:
        column = sums.setdefault(path, [0, 0])
        part = None if value is None else leaf_sum(kind, value)
        if part is not None:
            column[0] += 1
            column[1] = (column[1] + part) % (1 << 64)


def wanted_sums(text, schema):
    sums, rows = {}, 0
    add(sums, "", dict(schema), {})
    for line in text.split("\n")[:-1]:
        try:
            record = json.loads(line, parse_int=Number, parse_float=Number)
        except ValueError:
            record = {}
        add(sums, "", dict(schema), record)
        rows += 1
    return rows, sums


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def check(data, bench, work, wanted_crc):
    ddl = run(data, *work, "--ddl").strip()
    text = run(data, *work, "--bytes", BYTES)
    rows, sums = wanted_sums(text, read_ddl(ddl))
    findings = 0
    if zlib.crc32(text.encode()) != wanted_crc:
        print(f"{' '.join(work)}: the lines are others than before")
        findings += 1
    for isa in ("ref", "avx2", "avx512"):
        done = subprocess.run([bench, "--work", *work, "--bytes", BYTES, "--isa", isa, "--only",
                               "sums"], capture_output=True, text=True, check=False)
        if "does not have" in done.stderr:
            continue
        if done.returncode != 0:
            print(f"{' '.join(work)} {isa}: {done.stderr}")
            findings += 1
            continue
        got = json.loads(done.stdout)
        columns = {name: [int(n) for n in pair] for name, pair in got["columns"].items()}
        columns.pop("_rescued_data", None)
        for name in sorted(set(columns) | set(sums)):
            if columns.get(name) != sums.get(name):
                print(f"{' '.join(work)} {isa}: {name} is {columns.get(name)}, wanted "
                      f"{sums.get(name)}")
                findings += 1
        if got["rows"] != rows:
            print(f"{' '.join(work)} {isa}: {got['rows']} rows, wanted {rows}")
            findings += 1
    print(f"{' '.join(work)}: {rows} rows, {len(sums)} columns")
    return findings


def main():
    return 1 if sum(check(*sys.argv[1:], work.split(), crc) for work, crc in WORK) > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
