#!/usr/bin/env python3
"""Measures everything that docs/performance.md shows and rewrites its tables.

    bench/refresh.py                      all of it, sizes for a quiet machine: about two hours
    bench/refresh.py --quick              small inputs and few rounds, to see that it works
    bench/refresh.py --only peers,where   some parts: kernels, roofline, peers, peers-w1, latency,
                                          where, curves
    bench/refresh.py --only none          rewrites the tables from the last results in build-bench
"""
import argparse
import json
import os
import subprocess
import sys

import measure
import tables

HERE = os.path.dirname(os.path.abspath(__file__))
WORKS = ("w1", "w2", "w3", "w4", "w5", "clickstream")


class Sizes:
    def __init__(self, is_quick):
        self.kernel = "10MB" if is_quick else "64MB"
        self.program = "20MB" if is_quick else "300MB"
        self.runs = "3" if is_quick else "7"
        self.path = "60MB" if is_quick else "2GB"
        self.rounds = "1" if is_quick else "5"
        self.seconds = "10" if is_quick else "60"


def lines_of(name, *arguments):
    text = subprocess.run([measure.program(name), *arguments], capture_output=True, text=True,
                          check=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def kernels(sizes):
    results = measure.Results("kernels")
    for work in WORKS:
        for name in ("bench_json", "bench_path"):
            for line in lines_of(name, "--work", work, "--bytes", sizes.kernel, "--runs",
                                 sizes.runs):
                results.add(line)
    for line in lines_of("bench_segment"):
        results.add(line)


def roofline(sizes):
    results = measure.Results("roofline")
    for line in lines_of("bench_roofline", "--runs", sizes.runs, "--folder", measure.BUILD):
        results.add(line)
    for work in ("w1", "clickstream"):
        common = ("--work", work, "--bytes", sizes.kernel, "--runs", sizes.runs)
        results.add(lines_of("bench_json", *common, "--only", "index")[-1])
        results.add(lines_of("bench_path", *common, "--only", "none")[-1])


def script(*words):
    subprocess.run([sys.executable, os.path.join(HERE, words[0]), *words[1:]], check=True)


def peers(sizes):
    script("peers/peers.py", "--bytes", sizes.path, "--rounds", sizes.rounds)


def peers_w1(sizes):
    script("peers/peers.py", "--bytes", sizes.path, "--rounds", sizes.rounds, "--work", "w1",
           "--what", "table", "--name", "peers-w1", "--engines",
           "millrace,millrace-every-page,duckdb,datafusion,clickhouse,deltalake,polars")


def latency(sizes):
    script("peers/latency.py", "--seconds", sizes.seconds)


def where(sizes):
    results = []
    for work, what in (("clickstream", "table"), ("clickstream", "filter"), ("w1", "table")):
        script("path/where.py", "--bytes", sizes.path, "--work", work, "--what", what)
        results += measure.read_results("where")
    kept = measure.Results("where")
    for line in results:
        kept.add(line)


def curves(sizes):
    script("path/curves.py", "--bytes", sizes.kernel, "--program-bytes", sizes.program, "--runs",
           sizes.runs)


PARTS = {"kernels": kernels, "roofline": roofline, "where": where, "curves": curves,
         "peers": peers, "peers-w1": peers_w1, "latency": latency}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(PARTS))
    options = parser.parse_args()
    sizes = Sizes(options.quick)
    measure.build()
    for name in options.only.split(","):
        if name != "none":
            PARTS[name](sizes)
            tables.refresh()
    tables.refresh()


if __name__ == "__main__":
    main()
