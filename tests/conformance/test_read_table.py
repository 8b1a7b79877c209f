"""Shown: the independent reader agrees with delta-rs and Spark on tables that they write, and its
checks find each kind of damage. Without this the tests that lean on it would prove nothing."""
import datetime
import decimal
import json
import os
import shutil

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from read_table import Table


def sample(first, count):
    numbers = list(range(first, first + count))
    return pa.table({
        "id": pa.array(numbers, pa.int64()),
        "name": pa.array([None if n % 5 == 0 else f"näme {n}" for n in numbers]),
        "part": pa.array([None if n % 7 == 0 else f"p {n % 3}/%" for n in numbers]),
        "price": pa.array([decimal.Decimal(n) / 100 for n in numbers], pa.decimal128(10, 2)),
        "at": pa.array([datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) +
                        datetime.timedelta(microseconds=n) for n in numbers],
                       pa.timestamp("us", "UTC")),
        "nested": pa.array([{"a": float(n), "b": [n, None]} for n in numbers],
                           pa.struct([("a", pa.float64()), ("b", pa.list_(pa.int32()))])),
    })


def rows_of(table):
    return sorted(table.to_pylist(), key=lambda row: row["id"])


@pytest.fixture
def path(tmp_path):
    path = str(tmp_path / "table")
    deltalake.write_deltalake(path, sample(0, 50), partition_by=["part"])
    deltalake.write_deltalake(path, sample(50, 50), mode="append")
    table = deltalake.DeltaTable(path)
    table.create_checkpoint()
    table.delete("id >= 90")
    deltalake.write_deltalake(path, sample(100, 10), mode="append")
    return path


def test_agrees_with_delta_rs(path):
    table = Table(path)
    assert table.check() == []
    ours = table.rows()
    theirs = deltalake.DeltaTable(path).to_pyarrow_table()
    assert rows_of(ours) == rows_of(theirs.select(ours.schema.names))
    assert ours.num_rows == 100
    assert table.rows(0).num_rows == 50


def test_agrees_without_early_commits(path):
    whole = rows_of(Table(path).rows())
    for version in (0, 1):
        os.remove(os.path.join(path, "_delta_log", f"{version:020d}.json"))
    table = Table(path)
    assert table.check() == []
    assert rows_of(table.rows()) == whole


def test_agrees_with_spark(spark, tmp_path):
    path = str(tmp_path / "table")
    spark.sql(f"CREATE TABLE delta.`{path}` (id BIGINT, d DATE, t TIMESTAMP, f FLOAT, "
              "m MAP<STRING, INT>, p DATE) USING delta PARTITIONED BY (p)")
    spark.sql(f"INSERT INTO delta.`{path}` VALUES (1, DATE'2026-01-01', "
              "TIMESTAMP'2026-01-01 00:00:00.123456Z', 0.1, map('k', 1), DATE'2026-02-01'), "
              "(2, NULL, NULL, NULL, NULL, NULL)")
    table = Table(path)
    assert table.check() == []
    assert rows_of(table.rows()) == [
        {"id": 1, "d": datetime.date(2026, 1, 1),
         "t": datetime.datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=datetime.timezone.utc),
         "f": pa.scalar(0.1, pa.float32()).as_py(), "m": [("k", 1)],
         "p": datetime.date(2026, 2, 1)},
        {"id": 2, "d": None, "t": None, "f": None, "m": None, "p": None}]


def edit_commit(path, version, edit):
    """Rewrites a commit through edit(list of actions) -> list of actions."""
    name = os.path.join(path, "_delta_log", f"{version:020d}.json")
    with open(name, encoding="utf-8") as f:
        actions = [json.loads(line) for line in f if line.strip()]
    with open(name, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(a) + "\n" for a in edit(actions))


def edit_stats(change):
    def edit(actions):
        for action in actions:
            if "add" in action:
                stats = json.loads(action["add"]["stats"])
                change(stats)
                action["add"]["stats"] = json.dumps(stats)
        return actions
    return edit


def first_file(path):
    return Table(path).file_path(next(iter(Table(path).snapshot().adds.values())))


def damage_hole(path):
    os.remove(os.path.join(path, "_delta_log", f"{2:020d}.json"))
    shutil.copy(os.path.join(path, "_delta_log", f"{3:020d}.json"),
                os.path.join(path, "_delta_log", f"{4:020d}.json"))


def damage_missing(path):
    os.remove(first_file(path))


def damage_size(path):
    with open(first_file(path), "rb") as f:
        content = f.read()
    table = pq.read_table(first_file(path))
    pq.write_table(table, first_file(path), compression="none")
    assert os.path.getsize(first_file(path)) != len(content)


def damage_again(path):
    edit_commit(path, 3, lambda actions: actions + [
        {"add": next(iter(Table(path).snapshot(1).adds.values()))}])


def damage_stray(path):
    with open(os.path.join(path, "_delta_log", "notes.txt"), "w", encoding="utf-8") as f:
        f.write("?")


def damage_last_checkpoint(path):
    with open(os.path.join(path, "_delta_log", "_last_checkpoint"), "w", encoding="utf-8") as f:
        f.write('{"version":7,"size":1}')


DAMAGES = {
    "missing.": (damage_hole, "versions [2] are missing"),
    "gone": (damage_missing, "is missing"),
    "size": (damage_size, "bytes, the log says"),
    "again": (damage_again, "again"),
    "stray": (damage_stray, "stray file"),
    "last_checkpoint": (damage_last_checkpoint, "which has no checkpoint"),
    "rows": (lambda p: edit_commit(p, 3, edit_stats(
        lambda s: s.update(numRecords=s["numRecords"] + 1))), "its stats say"),
    "nulls": (lambda p: edit_commit(p, 3, edit_stats(
        lambda s: s["nullCount"].update(id=1))), "nulls, its stats say"),
    "maximum": (lambda p: edit_commit(p, 3, edit_stats(
        lambda s: s["maxValues"].update(id=s["minValues"]["id"] - 1))), "maximum"),
    "minimum of time": (lambda p: edit_commit(p, 3, edit_stats(
        lambda s: s["minValues"].update(at="2026-01-01T00:00:00.001Z"))), "minimum"),
    "two actions": (lambda p: edit_commit(p, 3, lambda a: [{**a[0], "txn": {}}, *a[1:]]),
                    "line with"),
    "no info": (lambda p: edit_commit(p, 3, lambda a: [x for x in a if "commitInfo" not in x]),
                "0 commitInfo"),
    "txn": (lambda p: [edit_commit(p, v, lambda a: a + [{"txn": {"appId": "a", "version": 5}}])
                       for v in (2, 3)], "txn of a goes from 5 to 5"),
    "partition": (lambda p: edit_commit(p, 3, lambda a: [
        x if "add" not in x else {"add": {**x["add"], "partitionValues": {}}} for x in a]),
        "partition values"),
    "checkpoint": (lambda p: edit_commit(p, 1, lambda a: [x for x in a if "add" not in x]),
                   "checkpoint 1: files differ"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_finds_damage(path, name):
    damage, wanted = DAMAGES[name]
    damage(path)
    table = Table(path)
    if name == "missing.":
        table.check_versions()
        findings = table.findings
    else:
        findings = table.check()
    assert any(wanted in finding for finding in findings), findings


@pytest.mark.parametrize("off, wanted",
                         [("0", []), ("1e-10", ["minimum"]), ("-1e-10", ["maximum"])])
def test_decimal_bounds_are_exact(tmp_path, off, wanted):
    """A bound that is wrong in the last of 38 digits, which no float can tell."""
    path = str(tmp_path / "table")
    value = decimal.Decimal("1234567890123456789012345678.0123456789")
    deltalake.write_deltalake(path, pa.table({"m": pa.array([value], pa.decimal128(38, 10))}))
    with decimal.localcontext(prec=50):
        bound = value + decimal.Decimal(off)

    def edit(actions):
        for action in actions:
            if "add" in action:
                action["add"]["stats"] = (f'{{"numRecords":1,"minValues":{{"m":{bound}}},'
                                          f'"maxValues":{{"m":{bound}}},"nullCount":{{"m":0}}}}')
        return actions
    edit_commit(path, 0, edit)
    findings = Table(path).check()
    assert len(findings) == len(wanted)
    assert all(part in finding for part, finding in zip(wanted, findings)), findings
