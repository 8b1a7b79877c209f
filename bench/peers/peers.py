#!/usr/bin/env python3
"""JSON files to a table, by millrace and by others, side by side on the same files.

    bench/peers/peers.py [--bytes 300MB] [--rounds 3] [--what table,filter,shards]
                         [--engines a,b] [--work clickstream] [--cores 0,1]

table   JSON to typed columns to zstd-1 Parquet or Delta, synced
filter  4 % of the rows and 5 columns of them, the same way (clickstream only)
shards  table with one thread on one core and with two on two, wall time

The files lie in the page cache. Engines run in turn, round by round, each run a process of its own
that is pinned to the same cores; an engine whose package is not there is skipped by name. Before a
figure counts, rows and sums of all columns of the result have to be those of the input (check.py).
Processor time is of all threads and children. What only starting costs (interpreter, imports, a
JVM) is measured apart and taken off, in favour of whoever starts slowly; both are printed. Minimum,
median and maximum of the rounds; JSON lines go to build-bench/peers.jsonl too.
"""
import argparse
import importlib.metadata
import importlib.util
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import measure  # noqa: E402  pylint: disable=wrong-import-position

if __name__ == "__main__":
    measure.with_peers()

import check  # noqa: E402  pylint: disable=wrong-import-position
import ddl  # noqa: E402  pylint: disable=wrong-import-position
import engines  # noqa: E402  pylint: disable=wrong-import-position

SCALING = ["millrace", "duckdb"]


def versions():
    found = {}
    for package in ("duckdb", "datafusion", "chdb", "deltalake", "polars", "pyspark"):
        if importlib.util.find_spec(package) is not None:
            found[package] = importlib.metadata.version(package)
    return found


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.cores = [int(core) for core in options.cores.split(",")]
        self.source = os.path.join(folder, "source")
        self.versions = versions()
        self.starts = {}

    def make_source(self):
        self.ddl = measure.ddl_of(self.options.work)
        self.bytes = measure.make_files(self.source, self.options.work,
                                        measure.bytes_of(self.options.bytes), self.options.files)

    def engines(self, what):
        """Those that can do it here, in order; says which are left out and why."""
        for name in self.options.engines.split(","):
            _, package, _ = engines.ENGINES[name]
            if package is not None and package not in self.versions:
                print(f"peers: {name} is skipped, there is no {package}", file=sys.stderr)
            elif name == "millrace-every-page" and engines.EVERY_PAGE is None:
                print(f"peers: {name} is skipped, there is no such option yet", file=sys.stderr)
            elif (name, what) not in engines.CANNOT:
                yield name

    def run(self, name, what, cores, wanted=None):
        """One run: (wall, processor seconds, bytes of the files)."""
        out = tempfile.mkdtemp(prefix=name, dir=self.folder)
        command = [sys.executable, os.path.join(HERE, "engines.py"), name, what, self.source, out,
                   str(len(cores)), self.ddl]
        wall, cpu = measure.run(command, os.path.join(self.folder, "log"), cores)
        made = 0
        if wanted is not None:
            schema, sums = wanted
            got, made = check.result(os.path.join(out, engines.ENGINES[name][2]), schema)
            if got != sums:
                raise RuntimeError(f"{name} {what} made\n{got}, wanted\n{sums}")
        shutil.rmtree(out)
        return wall, cpu, made

    def start_of(self, name):
        """Processor seconds of getting ready, the median of three."""
        if name not in self.starts:
            cpus = [self.run(name, "start", self.cores)[1] for _ in range(3)]
            self.starts[name] = measure.spread(cpus)["median"]
        return self.starts[name]

    def wanted(self, what):
        is_filter = what == "filter"
        return check.truth(self.source, ddl.read_ddl(self.ddl),
                           engines.PROJECTED if is_filter else None,
                           f" WHERE {engines.KEPT}" if is_filter else "")

    def compare(self, what, results):
        """All engines in turn."""
        wanted = self.wanted(what)
        names = list(self.engines(what))
        runs = {name: [] for name in names}
        for _ in range(self.options.rounds):
            for name in names:
                runs[name].append(self.run(name, what, self.cores, wanted))
        for name in names:
            start = self.start_of(name)
            net = [max(cpu - start, 1e-3) for _, cpu, _ in runs[name]]
            results.add({
                "bench": "peers", "what": what, "engine": name, "versions": self.versions,
                "work": self.options.work, "bytes": self.bytes, "rows": wanted[1][0],
                "cores": len(self.cores), "file_bytes": runs[name][-1][2], "start_cpu_s": start,
                "wall_s": measure.spread([wall for wall, _, _ in runs[name]]),
                "cpu_s": measure.spread([cpu for _, cpu, _ in runs[name]]),
                "mb_per_cpu_s": measure.spread([self.bytes / 1e6 / cpu for cpu in net]),
                "rounds": self.options.rounds, "is_checked": True})

    def scale(self, results):
        """One core against all of them."""
        wanted = self.wanted("table")
        names = [name for name in self.engines("table") if name in SCALING]
        runs = {(name, count): [] for name in names for count in (1, len(self.cores))}
        for _ in range(self.options.rounds):
            for name, count in runs:
                runs[name, count].append(self.run(name, "table", self.cores[:count], wanted)[0])
        for name in names:
            one, more = runs[name, 1], runs[name, len(self.cores)]
            results.add({
                "bench": "shards", "engine": name, "versions": self.versions,
                "work": self.options.work, "bytes": self.bytes, "cores": len(self.cores),
                "one_wall_s": measure.spread(one), "all_wall_s": measure.spread(more),
                "times": measure.spread([a / b for a, b in zip(one, more)]),
                "rounds": self.options.rounds, "is_checked": True})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bytes", default="300MB")
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--what", default="table,filter,shards")
    parser.add_argument("--engines", default=",".join(engines.ENGINES))
    parser.add_argument("--work", default="clickstream")
    parser.add_argument("--cores", default=",".join(map(str, sorted(os.sched_getaffinity(0)))))
    parser.add_argument("--folder", default=None, help="on the disk to measure")
    parser.add_argument("--name", default="peers", help="of the file in build-bench")
    options = parser.parse_args()
    measure.build()
    measure.adopt()
    results = measure.Results(options.name)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(options, folder)
        bench.make_source()
        for what in options.what.split(","):
            if what == "shards":
                bench.scale(results)
            elif what == "table" or options.work == "clickstream":
                bench.compare(what, results)


if __name__ == "__main__":
    main()
