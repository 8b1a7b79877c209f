#!/usr/bin/env python3
"""TPC-H's queries by millrace and by DuckDB over the same Delta tables.

    bench/tpch/tpch.py [--scale 1] [--rounds 3] [--queries 1,3,6] [--folder DIR]

The tables are made once in build-bench/tpch-SCALE (tpchgen-cli, then delta-rs). Both read the same
Parquet files: millrace as a Delta table, DuckDB by a list of its files. Results are compared row by
row, numbers to 7 digits, in the order of ORDER BY where rows differ in it. Processor time of the
whole process and its wall time, median of the rounds; DuckDB's start is taken off, ours is not.
"""
import argparse
import csv
import glob
import io
import json
import math
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import measure  # noqa: E402  pylint: disable=wrong-import-position

if __name__ == "__main__":
    measure.with_peers()

import deltalake  # noqa: E402  pylint: disable=wrong-import-position
import pyarrow as pa  # noqa: E402  pylint: disable=wrong-import-position
import pyarrow.parquet  # noqa: E402  pylint: disable=wrong-import-position

TABLES = ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"]

DUCK = """
import duckdb, sys, csv
con = duckdb.connect()
con.execute("SET threads = %(threads)d")
%(views)s
if len(sys.argv) > 1:
    rows = con.execute(open(sys.argv[1]).read()).fetchall()
    csv.writer(sys.stdout, lineterminator="\\n").writerows(
        [["" if v is None else v for v in row] for row in rows])
"""


def plain(table):
    """Types that both have: no views, no dictionaries, days instead of what Arrow has more."""
    fields = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_string_view(kind) or pa.types.is_large_string(kind):
            kind = pa.string()
        fields.append(pa.field(field.name, kind))
    return table.cast(pa.schema(fields))


def make(folder, scale):
    """The tables, unless they are there."""
    warehouse = os.path.join(folder, "main", "default")
    if os.path.exists(os.path.join(folder, "done")):
        return warehouse
    raw = os.path.join(folder, "raw")
    os.makedirs(raw, exist_ok=True)
    generator = os.path.join(os.path.dirname(sys.executable), "tpchgen-cli")
    subprocess.run([generator, "parquet", "--scale-factor", str(scale), "--output-dir", raw],
                   check=True)
    for name in TABLES:
        found = sorted(glob.glob(os.path.join(raw, f"{name}.parquet")))
        table = plain(pa.concat_tables([pa.parquet.read_table(f) for f in found]))
        deltalake.write_deltalake(os.path.join(warehouse, name), table, mode="overwrite")
        for path in found:
            os.remove(path)
    with open(os.path.join(folder, "done"), "w", encoding="utf-8"):
        pass
    return warehouse


def run(command):
    """Output, processor and wall seconds of a command."""
    before = os.times()
    begun = before.elapsed
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = os.times()
    cpu = (after.children_user - before.children_user
           + after.children_system - before.children_system)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-2000:])
    return done.stdout, cpu, after.elapsed - begun


def cells(text):
    """Rows of a CSV text, numbers as such; a line of nothing is one null."""
    rows = []
    for row in csv.reader(io.StringIO(text)):
        out = []
        for cell in row or [""]:
            try:
                out.append(float(cell))
            except ValueError:
                out.append(cell)
        rows.append(tuple(out))
    return rows


def is_same(got, want):
    """Averages of decimals have few digits here, as in Spark, and are doubles in DuckDB."""
    if len(got) != len(want):
        return False
    for a, b in zip(got, want):
        if len(a) != len(b):
            return False
        for x, y in zip(a, b):
            if isinstance(x, float) and isinstance(y, float):
                if not math.isclose(x, y, rel_tol=1e-7, abs_tol=1e-6):
                    return False
            elif x != y:
                return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", default=",".join(str(i) for i in range(1, 23)))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--folder")
    options = parser.parse_args()
    folder = options.folder or os.path.join(measure.ROOT, "build-bench", f"tpch-{options.scale:g}")
    warehouse = make(folder, options.scale)
    views = "\n".join(
        f"con.execute(\"CREATE VIEW {name} AS SELECT * FROM read_parquet("
        f"'{warehouse}/{name}/*.parquet')\")" for name in TABLES)
    duck = [sys.executable, "-c", DUCK % {"views": views, "threads": options.threads}]
    _, start, _ = run(duck)
    wrong = 0
    for number in (int(n) for n in options.queries.split(",")):
        path = os.path.join(HERE, "queries", f"q{number:02}.sql")
        ours_command = [measure.program(), "sql", "-q", "--warehouse", folder, "--format", "csv",
                        "--memory", "4GiB", "-f", path]
        figures = {"query": number}
        try:
            ours, theirs = [], []
            for _ in range(options.rounds):
                text, cpu, wall = run(ours_command)
                ours.append((cpu, wall))
                expected, duck_cpu, duck_wall = run([*duck, path])
                theirs.append((max(duck_cpu - start, 0), duck_wall))
            got = cells(text)[1:]
            want = cells(expected)
            figures["rows"] = len(got)
            figures["is_right"] = (is_same(got, want)
                                   or is_same(sorted(got, key=str), sorted(want, key=str)))
            if figures["is_right"]:
                for name, runs in (("millrace", ours), ("duckdb", theirs)):
                    figures[f"{name}_cpu_s"] = round(statistics.median(r[0] for r in runs), 3)
                    figures[f"{name}_wall_s"] = round(statistics.median(r[1] for r in runs), 3)
            else:
                figures["first_difference"] = str(next(
                    ((a, b) for a, b in zip(got, want) if a != b), (len(got), len(want))))
        except RuntimeError as error:
            figures["is_right"] = False
            figures["error"] = str(error)[:300]
        wrong += not figures["is_right"]
        print(json.dumps(figures), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
