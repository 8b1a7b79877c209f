#!/usr/bin/env python3
"""Instruction counts of the kernels, which a busy machine does not disturb.

    bench/callgrind/counts.py                      compares with counts.json, says what moved
    bench/callgrind/counts.py --only reader.w1     some of them
    bench/callgrind/counts.py --update             makes the record anew, or those of --only

Each case is a benchmark program over a small workload that is the same everywhere, run once under
valgrind's callgrind, which counts in the measured functions alone. Instructions are no time, but
for one program and compiler they are the same to a few thousandths on every machine: what moves by
more than 2 % was changed. Valgrind knows no AVX-512, so levels are ref and avx2. The exit code is 1
when something moved, 77 without valgrind.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RECORD = os.path.join(HERE, "counts.json")
LEVELS = ("ref", "avx2")
BYTES = 1000000
WORKS = ("w1", "w2", "w3", "w4", "w5", "clickstream")
# Of a kind of case: its program, the functions to count in, how often they do the work (for its
# check bench_path does it once more), further arguments and the workloads.
KINDS = {
    "index": ("bench_json", ["timed_work"], 1, ["--only", "index"], ["w1", "w3"]),
    "utf8": ("bench_json", ["timed_work"], 1, ["--only", "utf8"], ["w1", "w3"]),
    "reader": ("bench_json", ["timed_work"], 1, ["--only", "reader"], [*WORKS, "w1-20"]),
    "encode": ("bench_path", ["timed_append", "timed_seal"], 2, ["--only", "none"], WORKS),
    "zstd": ("bench_path", ["timed_append", "timed_seal"], 2, ["--only", "zstd"], ["clickstream"]),
}


def cases(only):
    """(name, kind, workload, shuffled percent, level) of all, or of those that contain `only`."""
    for kind, (_, _, _, _, works) in KINDS.items():
        for work in works:
            name, _, shuffle = work.partition("-")
            for level in LEVELS:
                case = f"{kind}.{work}.{level}"
                if only in case:
                    yield case, kind, name, shuffle or "0", level


def count(build, kind, work, shuffle, level):
    """Instructions, and the line of the program."""
    program, functions, times, arguments, _ = KINDS[kind]
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
               *(f"--toggle-collect={f}" for f in functions),
               os.path.join(build, "bench", "kernel", program), "--work", work, "--bytes",
               str(BYTES), "--shuffle", shuffle, "--isa", level, "--runs", "1", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    if done.returncode != 0 or found is None or int(found.group(1)) == 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    return int(found.group(1)) // times, json.loads(done.stdout.splitlines()[-1])


def read_record(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return {"compiler": "", "flags": "", "bytes": BYTES, "counts": {}}


def compare(name, new, old, limit):
    """Prints a line; says whether the count moved."""
    per_byte = new / BYTES
    if old is None:
        print(f"{name:28} {per_byte:8.2f} a byte   new", flush=True)
        return True
    change = 100 * (new - old) / old
    moved = abs(change) > limit
    print(f"{name:28} {per_byte:8.2f} a byte {change:+7.2f} %{'   moved' if moved else ''}",
          flush=True)
    return moved


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build-release"))
    parser.add_argument("--only", default="", help="cases whose names contain this")
    parser.add_argument("--record", default=RECORD)
    parser.add_argument("--limit", type=float, default=2, help="percent")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("counts: there is no valgrind here", file=sys.stderr)
        return 77
    record = read_record(options.record)
    moved, line = [], None
    for name, kind, work, shuffle, level in cases(options.only):
        new, line = count(options.build, kind, work, shuffle, level)
        if compare(name, new, record["counts"].get(name), options.limit):
            moved.append(name)
        if options.update:
            record["counts"][name] = new
    if line is None:
        print(f"counts: no case contains \"{options.only}\"", file=sys.stderr)
        return 2
    if (line["compiler"], line["flags"]) != (record["compiler"], record["flags"]):
        print(f"built by {line['compiler']} {line['flags']}, the record by "
              f"{record['compiler']} {record['flags']}: other counts are to be expected")
    if options.update:
        record.update(compiler=line["compiler"], flags=line["flags"], bytes=BYTES)
        with open(options.record, "w", encoding="utf-8") as f:
            json.dump(record, f, indent=1, sort_keys=True)
            f.write("\n")
        return 0
    print(f"{len(moved)} moved by more than {options.limit:g} %")
    return 1 if moved else 0


if __name__ == "__main__":
    sys.exit(main())
