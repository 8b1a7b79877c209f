"""Tables made here are read and appended to by delta-rs and Spark, and then again by us.

delta_probe writes (its top comment says what row n looks like); delta-rs, DuckDB over the files
and the independent reader of tests/support must give the same rows, and every state must pass
the protocol checks."""
import datetime
import decimal
import json
import os
import subprocess

import deltalake
import duckdb
import pyarrow as pa
import pytest

from read_table import Table

PARTS = [None, "a b/%=é", "plain"]
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def probe(*words):
    program = os.path.join(os.environ["MR_BUILD"], "tests/conformance/delta/delta_probe")
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def row(n, first, ntz):
    at = START + datetime.timedelta(microseconds=n * 1001)
    return {"id": n, "name": None if n % 5 == 0 else f"name {n}", "part": PARTS[first // 10 % 3],
            "at": at.replace(tzinfo=None) if ntz else at, "price": decimal.Decimal(n).scaleb(-2)}


def rows(ranges, ntz=False):
    return [row(n, first, ntz) for first, count in ranges for n in range(first, first + count)]


def by_id(table):
    return sorted(table.to_pylist(), key=lambda r: r["id"])


def arrow(ranges, ntz=False):
    zone = None if ntz else "UTC"
    schema = pa.schema([("id", pa.int64()), ("name", pa.string()), ("part", pa.string()),
                        ("at", pa.timestamp("us", zone)), ("price", pa.decimal128(10, 2))])
    return pa.Table.from_pylist(rows(ranges, ntz), schema)


def check(path, ranges, ntz=False):
    """All readers agree on the rows."""
    want = sorted(rows(ranges, ntz), key=lambda r: r["id"])
    independent = Table(path)
    assert independent.check() == []
    assert by_id(independent.rows()) == want
    table = deltalake.DeltaTable(path)
    assert by_id(table.to_pyarrow_table()) == want
    files = [uri.removeprefix("file://") for uri in table.file_uris()]
    ids = duckdb.sql("SELECT id FROM read_parquet($files, hive_partitioning = false) ORDER BY id",
                     params={"files": files}).fetchall()
    assert [n for (n,) in ids] == [r["id"] for r in want]
    (state,) = probe("state", path)
    assert state["version"] == table.version()
    assert state["live_files"] == len(files)


@pytest.mark.parametrize("ntz", [False, True])
def test_delta_rs(tmp_path, ntz):
    path = str(tmp_path / "table")
    probe("create", path, *(["ntz"] if ntz else []))
    table = deltalake.DeltaTable(path)
    assert table.metadata().description == "made by a test"
    assert table.metadata().configuration == {"quality": "bronze"}
    assert table.metadata().partition_columns == ["part"]
    ranges = [(0, 10), (10, 10), (20, 10)]
    for epoch, (first, count) in enumerate(ranges):
        probe("append", path, "app", epoch, first, count)
    check(path, ranges, ntz)
    more = [(30, 10), (40, 10)]
    deltalake.write_deltalake(path, arrow(more, ntz), mode="append")
    check(path, ranges + more, ntz)
    (done,) = probe("append", path, "app", 2, 20, 10)
    assert done["was_there"]
    probe("append", path, "app", 3, 50, 10)
    ranges = ranges + more + [(50, 10)]
    check(path, ranges, ntz)
    # delta-rs rewrites the files; what we know must follow its removes.
    deltalake.DeltaTable(path).optimize.compact()
    check(path, ranges, ntz)
    probe("append", path, "app", 4, 60, 10)
    check(path, ranges + [(60, 10)], ntz)
    assert deltalake.DeltaTable(path).transaction_version("app") == 4


def test_statistics_skip_no_row(tmp_path):
    """Filters on every column give what a scan without statistics gives."""
    path = str(tmp_path / "table")
    probe("create", path)
    for epoch in range(6):
        probe("append", path, "app", epoch, epoch * 10, 10)
    table = deltalake.DeltaTable(path)
    adds = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    assert sorted(add["min.id"] for add in adds) == [0, 10, 20, 30, 40, 50]
    assert all(add["num_records"] == 10 and add["null_count.name"] == 2 for add in adds)
    everything = table.to_pyarrow_dataset().to_table().to_pylist()
    for r in everything:
        for column in ("id", "at", "price"):
            found = table.to_pyarrow_table(filters=[(column, "=", r[column])]).to_pylist()
            assert found == [o for o in everything if o[column] == r[column]]


def test_log_checkpoint_by_others(tmp_path):
    """Ours is read when the commits under it are gone; theirs beside ours does no harm."""
    path = str(tmp_path / "table")
    probe("create", path)
    probe("load", path, "app", 25, 0, 10)
    log = f"{path}/_delta_log"
    assert os.path.exists(f"{log}/{20:020d}.checkpoint.parquet")
    with open(f"{log}/_last_checkpoint", encoding="utf-8") as file:
        hint = json.load(file)
    assert hint["version"] == 20 and hint["numOfAddFiles"] == 20
    for version in range(20):
        os.remove(f"{log}/{version:020d}.json")
    ranges = [(n * 10, 10) for n in range(25)]
    want = rows(ranges)
    table = deltalake.DeltaTable(path)
    assert by_id(table.to_pyarrow_table()) == want
    assert table.transaction_version("app") == 24
    assert table.metadata().configuration == {"quality": "bronze"}
    (state,) = probe("state", path)
    assert state["live_files"] == 25 and state["txn"] == {"app": 24}
    probe("append", path, "app", 25, 250, 10)
    # One by delta-rs, and no commit below it.
    table = deltalake.DeltaTable(path)
    table.create_checkpoint()
    for version in range(20, 26):
        os.remove(f"{log}/{version:020d}.json")
    (state,) = probe("state", path)
    assert state["version"] == 26 and state["live_files"] == 26 and state["txn"] == {"app": 25}
    probe("append", path, "app", 26, 260, 10)
    assert by_id(deltalake.DeltaTable(path).to_pyarrow_table()) == rows(
        [(n * 10, 10) for n in range(27)])


def test_damaged_checkpoint(tmp_path):
    """An older one, or the commits, stand in for a checkpoint that does not read."""
    path = str(tmp_path / "table")
    probe("create", path)
    probe("load", path, "app", 25, 0, 10)
    newest = f"{path}/_delta_log/{20:020d}.checkpoint.parquet"
    with open(newest, "r+b") as file:
        file.truncate(os.path.getsize(newest) // 2)
    (state,) = probe("state", path)
    assert state["live_files"] == 25
    for version in range(10):
        os.remove(f"{path}/_delta_log/{version:020d}.json")
    (state,) = probe("state", path)
    assert state["live_files"] == 25
    os.remove(f"{path}/_delta_log/{10:020d}.checkpoint.parquet")
    (state,) = probe("state", path)
    assert state["code"] == 3104


def test_spark(tmp_path, spark):
    path = str(tmp_path / "table")
    probe("create", path)
    ranges = [(0, 10), (10, 10), (20, 10)]
    for epoch, (first, count) in enumerate(ranges):
        probe("append", path, "app", epoch, first, count)
    spark.conf.set("spark.sql.session.timeZone", "UTC")

    def spark_rows():
        found = spark.read.format("delta").load(path).orderBy("id").collect()
        return [(r["id"], r["name"], r["part"], r["price"]) for r in found]

    def want(all_ranges):
        return [(r["id"], r["name"], r["part"], r["price"]) for r in rows(all_ranges)]

    assert spark_rows() == want(ranges)
    for r in rows(ranges)[::7]:
        moment = r["at"].strftime("%Y-%m-%d %H:%M:%S.%f")
        frame = spark.read.format("delta").load(path).where(f"at = TIMESTAMP '{moment}'")
        assert [f["id"] for f in frame.collect()] == [r["id"]]
    deltalake.write_deltalake(str(tmp_path / "more"), arrow([(30, 10)]))
    spark.read.format("delta").load(str(tmp_path / "more")).write.format("delta") \
        .mode("append").save(path)
    assert spark_rows() == want(ranges + [(30, 10)])
    probe("append", path, "app", 3, 40, 10)
    assert spark_rows() == want(ranges + [(30, 10), (40, 10)])
    assert Table(path).check() == []
    for epoch in range(4, 14):
        probe("append", path, "app", epoch, epoch * 10 + 10, 10)
    assert os.path.exists(f"{path}/_delta_log/{10:020d}.checkpoint.parquet")
    assert len(spark_rows()) == 150
