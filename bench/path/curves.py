#!/usr/bin/env python3
"""How speed goes with what records look like and how they come, one JSON line a point.

    bench/path/curves.py [--bytes 64MB] [--only shuffle,fields]

The reader alone, of lines in memory, by the best instruction set of the machine (bench_json):
    text       bytes of each of 3 strings in records of 12 fields
    fields     fields of a record: strings of 16 bytes, longs, doubles, times
    escapes    percent of the bytes of strings that are escapes, strings of 64 bytes
    shuffle    percent of w1 whose keys come in random order
Encoding too (bench_path, codec off):
    distinct   different values of a column; 0 means that each record has its own
The program itself, clickstream files in the page cache to a synced table:
    shards     threads, one to a core; wall time
    files      how many files the bytes come in; one shard
    epochs     rows an epoch takes, by so many files of 256; one shard

Reader and encoder are checked by their programs; of the program, rows and sums of columns are
compared with the input's (bench/peers/check.py). JSON lines go to build-bench/curves.jsonl too.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "peers"))

import measure  # noqa: E402  pylint: disable=wrong-import-position

if __name__ == "__main__":
    measure.with_peers()

import check  # noqa: E402  pylint: disable=wrong-import-position
import ddl  # noqa: E402  pylint: disable=wrong-import-position
import engines  # noqa: E402  pylint: disable=wrong-import-position

READER = {
    "text": ("flat", [8, 32, 128, 512, 2048], []),
    "fields": ("flat", [4, 12, 40, 120, 250], []),
    "escapes": ("flat", [0, 1, 5, 20, 50], ["--text", "64"]),
    "shuffle": ("w1", [0, 1, 5, 20, 100], []),
}
DISTINCT = [2, 100, 10000, 0]
FILES = [1, 16, 256, 2048]
EPOCH_FILES = [4, 16, 64, 256]


def last_line(*command):
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(text.splitlines()[-1])


def spread_of(line, name):
    return {which: line[f"{name}_{which}"] for which in ("min", "median", "max")}


def reader(name, options, results):
    work, points, more = READER[name]
    for point in points:
        line = last_line(measure.program("bench_json"), "--work", work, "--bytes", options.bytes,
                         "--runs", str(options.runs), "--only", "reader", f"--{name}", str(point),
                         *more)
        results.add({"bench": "curve", "curve": name, "point": point, "isa": line["isa"],
                     "line_bytes": round(line["bytes"] / line["lines"], 1),
                     "mb_s": spread_of(line, "mb_s"), "structural": line["structural"],
                     "is_checked": True})


def distinct(options, results):
    for point in DISTINCT:
        line = last_line(measure.program("bench_path"), "--work", "flat", "--bytes", options.bytes,
                         "--runs", str(options.runs), "--only", "none", "--distinct", str(point))
        results.add({"bench": "curve", "curve": "distinct", "point": point,
                     "line_bytes": round(line["bytes"] / line["lines"], 1),
                     "encode_s_gb": spread_of(line, "encode_s_gb"),
                     "file_share": round(line["file_bytes"] / line["bytes"], 4),
                     "is_checked": True})


class Program:
    """Runs of millrace over files of the clickstream."""

    def __init__(self, options, folder, results):
        self.options = options
        self.folder = folder
        self.results = results
        self.ddl = measure.ddl_of("clickstream")
        self.size = measure.bytes_of(options.program_bytes)

    def source(self, files):
        """A folder of so many files, their bytes, and what a table of them has to sum up to."""
        path = os.path.join(self.folder, f"source-{files}")
        made = measure.make_files(path, "clickstream", self.size, files)
        return path, made, check.truth(path, ddl.read_ddl(self.ddl), None, "")

    def run(self, source, threads, wanted, options=()):
        """(wall, processor seconds) of one run."""
        out = tempfile.mkdtemp(dir=self.folder)
        work = engines.Work("table", source, out, threads, self.ddl)
        command = engines.millrace_folder(work, (), options)
        cores = sorted(os.sched_getaffinity(0))[:threads]
        times = measure.run(command, os.path.join(self.folder, "log"), cores)
        table = os.path.join(out, engines.ENGINES["millrace"][2])
        if check.result(table, wanted[0])[0] != wanted[1]:
            raise RuntimeError(f"{' '.join(command)}: the table has not the rows of the files")
        shutil.rmtree(out)
        return times

    def curve(self, name, points, run_point, labels=None):
        """Rounds over all points; `run_point` gives (bytes, wall, processor seconds)."""
        runs = {point: [] for point in points}
        for _ in range(self.options.runs):
            for point in points:
                runs[point].append(run_point(point))
        for point in points:
            rates = [made / 1e6 / cpu for made, _, cpu in runs[point]]
            walls = [made / 1e6 / wall for made, wall, _ in runs[point]]
            self.results.add({"bench": "curve", "curve": name, "point": point,
                              "label": labels[point] if labels else point,
                              "bytes": runs[point][0][0], "mb_per_cpu_s": measure.spread(rates),
                              "mb_per_s": measure.spread(walls), "is_checked": True})

    def shards(self):
        path, made, wanted = self.source(16)
        threads = list(range(1, len(os.sched_getaffinity(0)) + 1))
        self.curve("shards", threads, lambda count: (made, *self.run(path, count, wanted)))
        shutil.rmtree(path)

    def files(self):
        sources = {count: self.source(count) for count in FILES}
        self.curve("files", FILES, lambda count: (sources[count][1], *self.run(
            sources[count][0], 1, sources[count][2], [("maxFilesPerTrigger", "100000")])))
        for path, _, _ in sources.values():
            shutil.rmtree(path)

    def epochs(self):
        path, made, wanted = self.source(256)
        rows = {count: wanted[1][0] * count // 256 for count in EPOCH_FILES}
        self.curve("epochs", EPOCH_FILES, lambda count: (made, *self.run(
            path, 1, wanted, [("maxFilesPerTrigger", str(count))])), rows)
        shutil.rmtree(path)


def main():
    names = [*READER, "distinct", "shards", "files", "epochs"]
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bytes", default="64MB", help="of reader and encoder")
    parser.add_argument("--program-bytes", default="300MB", help="of the program's curves")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default=",".join(names))
    parser.add_argument("--folder", default=None, help="on the disk to measure")
    options = parser.parse_args()
    measure.build()
    measure.adopt()
    results = measure.Results("curves")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        program = Program(options, folder, results)
        for name in options.only.split(","):
            if name in READER:
                reader(name, options, results)
            elif name == "distinct":
                distinct(options, results)
            else:
                getattr(program, name)()


if __name__ == "__main__":
    main()
