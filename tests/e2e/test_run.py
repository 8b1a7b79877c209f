"""Shown, with the program itself: files become rows, each once, over several runs and random kills;
refused SQL and specs; locks; draining; other engines read and append."""
import datetime
import gzip
import json
import os
import signal
import subprocess
import time
import zlib

import deltalake
import duckdb
import pytest

from pipeline import Pipeline, repeated

WIKIPEDIA = """CREATE OR REFRESH STREAMING TABLE edits AS
SELECT time, page, `user`, isRobot, countryName, added, deleted, delta, metroCode
FROM STREAM read_files('landing', format => 'json', schema => 'time TIMESTAMP, page STRING,
  `user` STRING, isRobot BOOLEAN, countryName STRING, added BIGINT, deleted BIGINT, delta BIGINT,
  metroCode STRING');
"""
IDS = """CREATE OR REFRESH STREAMING TABLE t AS SELECT id, v
FROM STREAM read_files('landing', format => 'json', schema => 'id BIGINT, v STRING');
"""
INFERRED = """CREATE OR REFRESH STREAMING TABLE t AS SELECT *
FROM STREAM read_files('landing', format => 'json');
"""


def lines(first, last, **more):
    return "".join(json.dumps({"id": i, "v": f"v{i}", **more}) + "\n"
                   for i in range(first, last + 1))


def ids(pipeline, name="t"):
    return pipeline.rows(name).column("id").to_pylist()


def test_wikipedia(program, shared, tmp_path):
    source = os.path.join(shared, "data/events/wikipedia-edits.ndjson.gz")
    pipeline = Pipeline(tmp_path, WIKIPEDIA)
    with open(source, "rb") as f:
        pipeline.land("edits.json.gz", f.read())
    program.run("run", tmp_path)
    ours = pipeline.rows("edits")
    with gzip.open(source, "rt", encoding="utf-8") as f:
        wanted = [json.loads(line) for line in f]
    for row in wanted:
        row["time"] = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00"))
        if row["metroCode"] is not None:
            row["metroCode"] = str(row["metroCode"])
    key = lambda row: json.dumps(row, default=str, sort_keys=True)
    assert sorted(map(key, ours.to_pylist())) == \
        sorted(key({n: row[n] for n in ours.schema.names}) for row in wanted)
    theirs = deltalake.DeltaTable(pipeline.path("edits")).to_pyarrow_table()
    duck = duckdb.sql("SELECT count(*), sum(added), sum(deleted), count(DISTINCT page) FROM theirs")
    assert duck.fetchall() == [(39244, 9385573, 394298, 35143)]


def test_runs_pick_up_only_what_is_new(program, tmp_path):
    pipeline = Pipeline(tmp_path, IDS)
    pipeline.land("a.json", lines(1, 1000))
    pipeline.land("sub/b.json", lines(1001, 1500))
    program.run("run", tmp_path)
    version = pipeline.table("t").versions[-1]
    program.run("run", tmp_path)
    assert pipeline.table("t").versions[-1] == version
    pipeline.land("c.json.gz", gzip.compress(lines(1501, 2000).encode()))
    program.run("run", tmp_path)
    assert repeated(ids(pipeline), 2000) == ""


def test_no_files(program, tmp_path):
    pipeline = Pipeline(tmp_path, IDS)
    program.run("run", tmp_path)
    pipeline.land("a.json", lines(1, 10))
    program.run("run", tmp_path)
    assert repeated(ids(pipeline), 10) == ""


def test_filter_and_project(program, tmp_path):
    pipeline = Pipeline(tmp_path, """CREATE STREAMING TABLE t AS
        SELECT id, upper(v) AS loud, id * 2 AS twice, _metadata.file_name AS file
        FROM STREAM read_files('landing', format => 'json', schema => 'id BIGINT, v STRING')
        WHERE id > 10 AND v <> 'v15';""")
    pipeline.land("a.json", lines(1, 20))
    program.run("run", tmp_path)
    wanted = [{"id": i, "loud": f"V{i}", "twice": 2 * i, "file": "a.json"}
              for i in range(11, 21) if i != 15]
    assert sorted(pipeline.rows("t").to_pylist(), key=lambda r: r["id"]) == wanted


def test_rescued_and_malformed(program, tmp_path):
    pipeline = Pipeline(tmp_path, """CREATE STREAMING TABLE t AS SELECT *
        FROM STREAM read_files('landing', format => 'json', schemaHints => 'id BIGINT');""")
    pipeline.land("a.json", lines(1, 5) + '{"id":"six","v":"x"}\n{"id":7,"v":\n')
    done = program.run("run", tmp_path)
    rows = pipeline.rows("t").to_pylist()
    assert len(rows) == 7
    rescued = [r["_rescued_data"] for r in rows if r["_rescued_data"] is not None]
    assert len(rescued) == 2 and any('"six"' in r for r in rescued)
    assert "2" in done.stderr


def test_new_column(program, tmp_path):
    pipeline = Pipeline(tmp_path, INFERRED)
    pipeline.land("a.json", lines(1, 10))
    program.run("run", tmp_path)
    pipeline.land("b.json", lines(11, 20, extra=1.5))
    program.run("run", tmp_path)
    rows = pipeline.rows("t").to_pylist()
    assert repeated([r["id"] for r in rows], 20) == ""
    assert {r["extra"] for r in rows if r["id"] > 10} == {1.5}
    assert {r["extra"] for r in rows if r["id"] <= 10} == {None}


def test_corrupt_file_among_good_ones(program, tmp_path):
    """The records that are whole in front of the damage, each as it was, and nothing else."""
    pipeline = Pipeline(tmp_path, IDS.replace("schema =>", "ignoreCorruptFiles => true, schema =>"))
    cut = gzip.compress(lines(100, 5000).encode())[:-200]
    pipeline.land("a.json", lines(1, 10))
    pipeline.land("b.json.gz", cut)
    pipeline.land("c.json", lines(11, 20))
    done = program.run("run", tmp_path)
    whole = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(cut).split(b"\n")
    assert whole[-1] != b"" and len(whole) > 4000
    wanted = [json.loads(line) for line in lines(1, 20).splitlines() + whole[:-1]]
    assert sorted(pipeline.rows("t").to_pylist(), key=lambda r: r["id"]) == wanted
    assert "1 files were damaged" in done.stderr


def test_dry_run_touches_nothing(program, tmp_path):
    pipeline = Pipeline(tmp_path, IDS)
    pipeline.land("a.json", lines(1, 10))
    program.run("dry-run", tmp_path)
    assert not os.path.exists(pipeline.path("t"))
    assert not os.path.exists(os.path.join(tmp_path, "storage"))


@pytest.mark.parametrize("verb", ["run", "dry-run"])
def test_refused_sql(program, tmp_path, verb):
    pipeline = Pipeline(tmp_path, IDS.replace("SELECT id, v", "SELECT\n  idd, v"))
    done = program.run(verb, tmp_path, code=3)
    assert "error[MR1" in done.stderr
    assert "transformations/all.sql:2:3" in done.stderr
    assert "  2 |     idd, v\n    |     ^^^\n" in done.stderr
    assert "did you mean" in done.stderr
    assert not os.path.exists(pipeline.path("t"))


def test_refused_spec(program, tmp_path):
    Pipeline(tmp_path, IDS).put("spark-pipeline.yml", "name: x\nstorrage: y\n")
    done = program.run("run", tmp_path, code=3)
    assert "error[MR6104]" in done.stderr and "spark-pipeline.yml:2:1" in done.stderr
    assert "  2 |   storrage: y\n    |   ^^^^^^^^\n" in done.stderr


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def committed(pipeline, name="t"):
    try:
        return pipeline.table(name).rows().num_rows
    except (FileNotFoundError, IndexError):
        return 0


def test_continuous_drains_on_sigterm(program, tmp_path):
    pipeline = Pipeline(tmp_path, IDS)
    pipeline.land("a.json", lines(1, 10))
    process = program.start("run", "--continuous", tmp_path)
    try:
        wait_for(lambda: committed(pipeline) == 10)
        pipeline.land("b.json", lines(11, 20))
        wait_for(lambda: committed(pipeline) == 20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()
    assert repeated(ids(pipeline), 20) == ""


def test_duration(program, tmp_path):
    pipeline = Pipeline(tmp_path, IDS)
    pipeline.land("a.json", lines(1, 10))
    began = time.monotonic()
    program.run("run", "--continuous", "--duration", "2s", tmp_path)
    assert 1.5 < time.monotonic() - began < 20
    assert repeated(ids(pipeline), 10) == ""


def test_lock(program, tmp_path):
    pipeline = Pipeline(tmp_path, IDS)
    pipeline.land("a.json", lines(1, 10))
    process = program.start("run", "--continuous", tmp_path)
    try:
        wait_for(lambda: committed(pipeline) == 10)
        done = program.run("run", tmp_path, code=6)
        assert "error[MR" in done.stderr
    finally:
        process.terminate()
        process.communicate(timeout=20)


def run_killed(program, pipeline, kills):
    """Runs to the end, killed so many times on the way; gives how often it really was."""
    deaths = 0
    while deaths < kills:
        process = program.start("run", pipeline.folder)
        try:
            process.wait(0.005 + deaths * 37 % 29 / 250)
            assert process.returncode == 0, process.stderr.read()
            break
        except subprocess.TimeoutExpired:
            process.kill()
            deaths += 1
        finally:
            process.communicate()
    program.run("run", pipeline.folder, timeout=600)
    return deaths


def test_killed_at_random(program, tmp_path):
    """Each input row is in the table once, however often the program is killed. MR_KILLS and
    MR_ROWS make it longer."""
    rows, kills = int(os.environ.get("MR_ROWS", "200000")), int(os.environ.get("MR_KILLS", "12"))
    pipeline = Pipeline(tmp_path, """CREATE STREAMING TABLE t AS
        SELECT order_id AS id, total, items
        FROM STREAM read_files('landing', format => 'json', maxFilesPerTrigger => 2,
          schema => 'order_id BIGINT, total DECIMAL(12,2), items ARRAY<STRUCT<sku: STRING,
                     quantity: INT, unit_price: DECIMAL(10,2)>>');""")
    program.run("gen", "orders", "--rows", rows, "--files", 200, "--late", 0, "--duplicates", 0,
                "--out", pipeline.landing)
    deaths = run_killed(program, pipeline, kills)
    assert deaths >= (kills if "MR_KILLS" in os.environ else kills / 2)
    assert repeated(ids(pipeline), rows) == ""


def test_others_append(program, tmp_path):
    pipeline = Pipeline(tmp_path, IDS)
    pipeline.land("a.json", lines(1, 10))
    program.run("run", tmp_path)
    table = deltalake.DeltaTable(pipeline.path("t"))
    deltalake.write_deltalake(table, table.to_pyarrow_table().slice(0, 0), mode="append")
    rows = duckdb.sql("SELECT id + 10 AS id, 'd' || id AS v FROM range(1, 11) r(id)").arrow()
    deltalake.write_deltalake(pipeline.path("t"), rows, mode="append")
    pipeline.land("b.json", lines(21, 30))
    program.run("run", tmp_path)
    assert repeated(ids(pipeline), 30) == ""


NESTED = """CREATE STREAMING TABLE t AS SELECT *
FROM STREAM read_files('landing', format => 'json', schema => 'id BIGINT, b BOOLEAN, f FLOAT,
  d DOUBLE, m DECIMAL(38,10), s STRING, day DATE, at TIMESTAMP, local TIMESTAMP_NTZ,
  a ARRAY<STRUCT<x: INT, y: ARRAY<STRING>>>, k MAP<STRING, BIGINT>');
"""


def test_spark_reads_and_appends(program, spark, tmp_path):
    pipeline = Pipeline(tmp_path, NESTED)
    pipeline.land("a.json", json.dumps({
        "id": 1, "b": True, "f": 0.1, "d": -1e-300, "m": 12345678901234567890.0123456789,
        "s": "zażółć \U0001f600 \"q\"", "day": "2026-02-28",
        "at": "2026-01-01T00:00:00.123456+02:00",
        "local": "2026-01-01T12:00:00.000001", "a": [{"x": 1, "y": ["p", None]}, None],
        "k": {"one": 1, "none": None}}) + '\n{"id":2}\n')
    program.run("run", tmp_path)
    ours = sorted(pipeline.rows("t").to_pylist(), key=lambda r: r["id"])
    theirs = spark.sql(f"SELECT * FROM delta.`{pipeline.path('t')}` ORDER BY id").collect()
    assert [r["id"] for r in theirs] == [1, 2]
    first = theirs[0].asDict(recursive=True)
    for name in ("b", "f", "d", "m", "s", "day", "local", "a"):
        assert first[name] == ours[0][name], name
    assert first["k"] == dict(ours[0]["k"])
    assert theirs[0]["at"].astimezone(datetime.timezone.utc) == ours[0]["at"]
    assert all(v is None for k, v in theirs[1].asDict().items() if k != "id")
    spark.sql(f"INSERT INTO delta.`{pipeline.path('t')}` (id, s) VALUES (3, 'spark')")
    pipeline.land("b.json", '{"id":4}\n')
    program.run("run", tmp_path)
    assert repeated(ids(pipeline), 4) == ""
    assert spark.sql(f"SELECT count(*) FROM delta.`{pipeline.path('t')}`").first()[0] == 4
