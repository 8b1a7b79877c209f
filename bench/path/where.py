#!/usr/bin/env python3
"""Where the processor time of a run goes: decode, encode, codec, I/O, page faults, the rest.

    bench/path/where.py [--bytes 300MB] [--work clickstream] [--what table]

`perf record` samples one shard's run by the clock of the processor (no hardware counters needed).
A sample belongs to the source file of its function, which the symbol table of the program tells,
and a file to the part of its folder. Functions that were inlined count where they landed. The C
library's are a part of their own: almost all of it copies strings. JSON lines go to
build-bench/where.jsonl too; the hottest functions are on the standard error.
"""
import argparse
import bisect
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import measure  # noqa: E402  pylint: disable=wrong-import-position

# Folders and libraries of each part, the first that fits.
PARTS = [
    ("decode", ("core/format/json/", "kernels/json/", "kernels/text/")),
    ("encode", ("core/format/parquet/", "kernels/encode/")),
    ("codec", ("kernels/codec/", "libzstd", "libisal", "liblz4", "libsnappy")),
    ("operators", ("core/expr/", "core/ops/", "kernels/select/", "core/batch/")),
    ("libc", ("libc.so",)),
    ("I/O", ("io/", "core/port/", "core/shard/", "liburing")),
]
FAULTS = re.compile(r"fault|clear_page|alloc_anon|_folio|lru_|vma|mprotect|mmap|zap_|unmap|rmqueue")
SAMPLE = re.compile(r"\s*(?P<comm>.+?)\s+\d+\s+cpu-clock:\S*\s+(?P<ip>[0-9a-f]+) (?P<name>.*) "
                    r"\((?P<dso>[^()]*)\)$")
MAPPED = re.compile(r"MMAP2? .*: \[0x(?P<start>[0-9a-f]+)\(0x[0-9a-f]+\) @ (?:0x)?"
                    r"(?P<off>[0-9a-f]+) .*r-xp (?P<path>\S+)$")


def sources():
    """Names of source files, and of global functions, to the source's path in the tree."""
    files, functions = {}, {}
    objects = glob.glob(os.path.join(measure.BUILD, "**", "*.o"), recursive=True)
    for path in objects:
        source = os.path.basename(path)[:-2]
        files[source] = re.sub(r"/[^/]*\.p/", "/", os.path.relpath(path, measure.BUILD))[:-2]
    listed = subprocess.run(["nm", "-A", "--defined-only", *objects], capture_output=True,
                            text=True, check=True).stdout
    for line in listed.splitlines():
        path, kind, name = line.split(":")[0], *line.split()[-2:]
        if kind in "TW":
            functions[name] = files[os.path.basename(path)[:-2]]
    return files, functions


def symbols(program):
    """[(address, function, source)] in order."""
    files, functions = sources()
    found, source = [], ""
    listed = subprocess.run(["readelf", "-sW", program], capture_output=True, text=True,
                            check=True).stdout
    for line in listed.splitlines():
        words = line.split()
        if len(words) < 8 or not words[0].endswith(":"):
            continue
        _, value, _, kind, bind, _, _, name = words[:8]
        if kind == "FILE":
            source = files.get(name, name)
        elif kind == "FUNC":
            found.append((int(value, 16), name,
                          source if bind == "LOCAL" else functions.get(name, "")))
    return sorted(found)


def part_of(place, name):
    if place.startswith("[k"):
        return "page faults" if FAULTS.search(name) else "I/O"
    for part, folders in PARTS:
        if any(place.startswith(f) or os.path.basename(place).startswith(f) for f in folders):
            return part
    return "rest"


def samples(data, program):
    """(source or library, function) of each sample, those before the program's start left out."""
    listed = subprocess.run(["perf", "script", "-i", data, "--show-mmap-events", "-F",
                             "comm,tid,event,ip,sym,dso"], capture_output=True, text=True,
                            check=True).stdout
    known, base = symbols(program), 0
    addresses = [address for address, _, _ in known]
    for line in listed.splitlines():
        mapped, sample = MAPPED.search(line), SAMPLE.match(line)
        if mapped and mapped["path"] == program:
            base = int(mapped["start"], 16) - int(mapped["off"], 16)
        elif sample and not sample["comm"].startswith("python"):
            if sample["dso"] == program:
                at = bisect.bisect_right(addresses, int(sample["ip"], 16) - base) - 1
                yield known[at][2], known[at][1]
            else:
                yield sample["dso"], sample["name"]


def run(options, folder):
    """Samples by part and by function, and the run's processor seconds."""
    source, out, data = (os.path.join(folder, name) for name in ("source", "out", "perf.data"))
    size = measure.make_files(source, options.work, measure.bytes_of(options.bytes), 1)
    _, cpu = measure.run(
        ["perf", "record", "-q", "-o", data, "-F", "997", "-e", "cpu-clock", "--", sys.executable,
         os.path.join(measure.ROOT, "bench", "peers", "engines.py"), "millrace", options.what,
         source, out, "1", measure.ddl_of(options.work)], os.path.join(folder, "log"))
    parts, functions = collections.Counter(), collections.Counter()
    for place, name in samples(data, os.path.realpath(measure.program())):
        parts[part_of(place, name)] += 1
        functions[part_of(place, name), name] += 1
    return parts, functions, cpu, size


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bytes", default="300MB")
    parser.add_argument("--work", default="clickstream")
    parser.add_argument("--what", default="table", choices=["table", "filter"])
    parser.add_argument("--folder", default=None, help="on the disk to measure")
    options = parser.parse_args()
    measure.build()
    measure.adopt()
    results = measure.Results("where")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        parts, functions, cpu, size = run(options, folder)
    total = sum(parts.values())
    for (part, name), count in functions.most_common(25):
        print(f"{100 * count / total:5.1f} %  {part:12} {name}", file=sys.stderr)
    results.add({"bench": "where", "what": options.what, "work": options.work, "bytes": size,
                 "samples": total, "cpu_s": cpu,
                 "shares": {part: round(count / total, 4) for part, count in parts.most_common()}})


if __name__ == "__main__":
    main()
