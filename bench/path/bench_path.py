#!/usr/bin/env python3
"""The whole path: clickstream records in JSON files to a table, by millrace and by others.

    build-venv/bin/python bench/path/bench_path.py [--bytes 1GB] [--runs 3] [--engines a,b]

Unit of work: the files that `millrace gen clickstream` makes, in the page cache, read with a given
schema (all fields, nested ones too), written as zstd level 1 Parquet and synced to disk. millrace,
Polars and Spark commit to a Delta table; DuckDB, which has no writer of Delta, makes Parquet files.
Each run is a process of its own, from start to end, into an empty folder; its result is counted and
summed before a speed is reported. Prints one JSON line per engine: median and all runs.
"""
import argparse
import ctypes
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

DDL = ("event_id STRING, event_time TIMESTAMP, user_id STRING, session_id STRING, "
       "event_type STRING, page STRING, referrer STRING, "
       "device STRUCT<os: STRING, browser: STRING, screen: ARRAY<INT>>, "
       "geo STRUCT<country: STRING, city: STRING, lat: DOUBLE, lon: DOUBLE>, "
       "price DOUBLE, quantity INT, tags ARRAY<STRING>, is_bot BOOLEAN")
DUCK = ("{event_id: 'VARCHAR', event_time: 'TIMESTAMPTZ', user_id: 'VARCHAR', "
        "session_id: 'VARCHAR', event_type: 'VARCHAR', page: 'VARCHAR', referrer: 'VARCHAR', "
        "device: 'STRUCT(os VARCHAR, browser VARCHAR, screen INTEGER[])', "
        "geo: 'STRUCT(country VARCHAR, city VARCHAR, lat DOUBLE, lon DOUBLE)', "
        "price: 'DOUBLE', quantity: 'INTEGER', tags: 'VARCHAR[]', is_bot: 'BOOLEAN'}")


def sync_tree(folder):
    """Makes durable what an engine left to the page cache; millrace does so itself."""
    for path, _, names in os.walk(folder):
        for name in [*names, "."]:
            handle = os.open(os.path.join(path, name), os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


def run_millrace(source, out):
    sql = (f"CREATE STREAMING TABLE t AS SELECT * FROM STREAM read_files('{source}', "
           f"format => 'json', rescuedDataColumn => '', schema => '{DDL}');")
    os.makedirs(os.path.join(out, "transformations"))
    with open(os.path.join(out, "spark-pipeline.yml"), "w", encoding="utf-8") as f:
        f.write("name: bench\nstorage: storage\nlibraries:\n"
                "  - glob: {include: transformations/**}\n")
    with open(os.path.join(out, "transformations/t.sql"), "w", encoding="utf-8") as f:
        f.write(sql)
    os.execv(program(), [program(), "-q", "run", out])


def run_duckdb(source, out):
    import duckdb
    duckdb.sql("SET TimeZone = 'UTC'")
    duckdb.sql(f"COPY (SELECT * FROM read_json('{source}/*.json', format='newline_delimited', "
               f"columns={DUCK})) TO '{out}/t' (FORMAT parquet, COMPRESSION zstd, "
               "COMPRESSION_LEVEL 1, PER_THREAD_OUTPUT true)")
    sync_tree(out)


def run_polars(source, out):
    import polars as pl
    schema = {"event_id": pl.String, "event_time": pl.String, "user_id": pl.String,
              "session_id": pl.String, "event_type": pl.String, "page": pl.String,
              "referrer": pl.String,
              "device": pl.Struct({"os": pl.String, "browser": pl.String,
                                   "screen": pl.List(pl.Int32)}),
              "geo": pl.Struct({"country": pl.String, "city": pl.String, "lat": pl.Float64,
                                "lon": pl.Float64}),
              "price": pl.Float64, "quantity": pl.Int32, "tags": pl.List(pl.String),
              "is_bot": pl.Boolean}
    frame = pl.scan_ndjson(f"{source}/*.json", schema=schema).with_columns(
        pl.col("event_time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us",
                                             time_zone="UTC")).collect()
    from deltalake import WriterProperties
    frame.write_delta(f"{out}/t", delta_write_options={"writer_properties": WriterProperties(
        compression="ZSTD", compression_level=1)})
    sync_tree(out)


def run_spark(source, out):
    import spark_oracle
    spark = spark_oracle.session(spark_oracle.jars_folder(ROOT), out)
    spark.conf.set("spark.sql.parquet.compression.codec", "zstd")
    spark.read.schema(DDL.replace(": ", ":")).json(source).write.format("delta").save(f"{out}/t")
    spark.stop()
    sync_tree(out)


RUNS = {"millrace": run_millrace, "duckdb": run_duckdb, "polars": run_polars, "spark": run_spark}
TABLES = {"millrace": "storage/tables/main/default/t"}


def program():
    return os.path.join(ROOT, os.environ.get("MR_PROGRAM", "build-release/millrace"))


def count_result(engine, out):
    """Rows, a sum and a count of nested values of what an engine made, read by DuckDB."""
    import duckdb
    path = os.path.join(out, TABLES.get(engine, "t"))
    return duckdb.sql(f"SELECT count(*), count(DISTINCT event_id), round(sum(price), 2), "
                      f"sum(len(tags)), sum(device.screen[1]) "
                      f"FROM read_parquet('{path}/**/*.parquet')").fetchall()[0]


def count_source(source):
    import duckdb
    return duckdb.sql(f"SELECT count(*), count(DISTINCT event_id), round(sum(price), 2), "
                      f"sum(len(tags)), sum(device.screen[1]) FROM read_json('{source}/*.json', "
                      f"format='newline_delimited', columns={DUCK})").fetchall()[0]


def adopt():
    """Makes this process the parent of orphans, so that the JVM behind Spark is counted too."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(36, 1, 0, 0, 0) != 0:  # PR_SET_CHILD_SUBREAPER
        raise OSError(ctypes.get_errno(), "prctl")


def reap():
    """Waits for whatever processes a run has left, so that their time is counted."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def one_run(engine, source, work):
    out = tempfile.mkdtemp(prefix=engine, dir=work)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run([sys.executable, os.path.abspath(__file__), "--one", engine, source, out],
                          capture_output=True, text=True, check=False, cwd=work)
    seconds = time.monotonic() - began
    reap()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{engine} failed: {done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = count_result(engine, out)
    shutil.rmtree(out)
    return seconds, cpu, result


def versions():
    import duckdb
    import polars
    import pyspark
    ours = json.loads(subprocess.run([program(), "version", "--json"], capture_output=True,
                                     check=True).stdout)
    return {"millrace": f"{ours['version']} {ours['isa']} {ours['compiler']}",
            "duckdb": duckdb.__version__, "polars": polars.__version__,
            "spark": pyspark.__version__}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        models = [line.split(":")[1].strip() for line in f if line.startswith("model name")]
    return f"{len(models)} x {models[0] if models else '?'}, {platform.release()}"


def bench(engine, source, work, runs, wanted, size):
    seconds, cpus = [], []
    for _ in range(runs):
        elapsed, cpu, result = one_run(engine, source, work)
        if result != wanted:
            raise RuntimeError(f"{engine} made {result}, wanted {wanted}")
        seconds.append(elapsed)
        cpus.append(cpu)
    median = statistics.median(seconds)
    print(json.dumps({
        "bench": "path", "engine": engine, "version": versions()[engine], "machine": machine(),
        "work": "clickstream JSON to zstd-1 Parquet, synced", "bytes": size, "rows": wanted[0],
        "seconds": round(median, 3), "mb_per_s": round(size / median / 1e6, 1),
        "cpu_s_per_gb": round(statistics.median(cpus) / size * 1e9, 2),
        "runs": [round(s, 3) for s in seconds], "is_checked": True}), flush=True)


def main():
    if sys.argv[1:2] == ["--one"]:
        RUNS[sys.argv[2]](sys.argv[3], sys.argv[4])
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bytes", default="1GB")
    parser.add_argument("--files", default="16")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engines", default=",".join(RUNS))
    parser.add_argument("--work", default=None, help="a folder on the disk to measure")
    options = parser.parse_args()
    adopt()
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        source = os.path.join(work, "source")
        subprocess.run([program(), "-q", "gen", "clickstream", "--bytes", options.bytes,
                        "--files", options.files, "--out", source], check=True)
        size = sum(os.path.getsize(os.path.join(source, n)) for n in os.listdir(source))
        wanted = count_source(source)
        for engine in options.engines.split(","):
            bench(engine, source, work, options.runs, wanted, size)


if __name__ == "__main__":
    main()
