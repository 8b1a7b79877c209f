"""Shown, with the program itself: inference, hints, five evolution modes with the schema log and
the rescued data they leave, parser modes, partition columns from paths, `_metadata`, compressed
input, and real event streams whose every value equals Python's."""
import glob
import gzip
import json
import os

import pytest

from pipeline import Pipeline, repeated

TABLE = "CREATE OR REFRESH STREAMING TABLE t AS SELECT * FROM STREAM read_files('landing'%s);\n"


def make(tmp_path, *options, table=TABLE):
    return Pipeline(tmp_path, table % "".join(", " + o for o in ("format => 'json'",) + options))


def land(pipeline, name, *records):
    pipeline.land(name, "".join(json.dumps(r) + "\n" for r in records))


def schema_log(pipeline):
    folder = os.path.join(pipeline.folder, "storage/_checkpoints/main/default/t/t/0/_schemas")
    return [sorted(f["name"] for f in read_version(os.path.join(folder, n))["fields"])
            for n in sorted(os.listdir(folder), key=int)]


def read_version(path):
    with open(path, encoding="utf-8") as f:
        assert f.readline() == "v1\n"
        return json.load(f)["schema"]


def rescued(row):
    return json.loads(row["_rescued_data"]) if row["_rescued_data"] else {}


@pytest.mark.parametrize("threads", [1, 2])
def test_add_new_columns_mid_run(program, tmp_path, threads):
    """Several epochs in one run, new fields in the middle: picked up without an operator."""
    pipeline = make(tmp_path, "maxFilesPerTrigger => 1", "schemaHints => 'id INT'",
                    "`schemaInference.sampleSize.numFiles` => 1")
    for i in range(6):
        more = {"extra": {"a": i}} if i == 4 else {"extra": {"a": i, "b": "x"}} if i == 2 else {}
        path = os.path.join(pipeline.landing, f"{i}.json")
        land(pipeline, f"{i}.json", *({"id": i * 10 + k, "v": "x", **more} for k in range(1, 11)))
        # The sample is the newest file, which lacks the fields; files are read oldest first.
        os.utime(path, (2_000_000_000 - i, 2_000_000_000 - i))
    program.run("run", tmp_path, "--threads", str(threads))
    rows = pipeline.rows("t").to_pylist()
    assert repeated([r["id"] for r in rows], 60) == ""
    for row in rows:
        batch = (row["id"] - 1) // 10
        assert row["extra"] == {4: {"a": 4, "b": None}, 2: {"a": 2, "b": "x"}}.get(batch)
        assert rescued(row) == {}
    log = schema_log(pipeline)
    assert log[0] == ["id", "v"] and log[-1] == ["extra", "id", "v"] and len(log) == 3


def two_runs(program, tmp_path, mode, code=0):
    pipeline = make(tmp_path, f"schemaEvolutionMode => '{mode}'", "schemaHints => 'id INT'")
    land(pipeline, "a.json", {"id": 1, "v": "x"})
    program.run("run", tmp_path)
    land(pipeline, "b.json", {"id": 2, "v": "y", "extra": 5}, {"id": "three", "v": "z"})
    done = program.run("run", tmp_path, code=code)
    return pipeline, done


def test_mode_add_new_columns(program, tmp_path):
    pipeline, _ = two_runs(program, tmp_path, "addNewColumns")
    rows = {r["v"]: r for r in pipeline.rows("t").to_pylist()}
    assert rows["y"]["extra"] == 5 and rows["x"]["extra"] is None
    assert rows["z"]["id"] is None and rescued(rows["z"])["id"] == "three"
    assert schema_log(pipeline) == [["id", "v"], ["extra", "id", "v"]]


def test_mode_rescue(program, tmp_path):
    pipeline, _ = two_runs(program, tmp_path, "rescue")
    rows = {r["v"]: r for r in pipeline.rows("t").to_pylist()}
    assert "extra" not in rows["y"] and rescued(rows["y"])["extra"] == 5
    assert rescued(rows["z"])["id"] == "three"
    assert rescued(rows["y"])["_file_path"].endswith("b.json")
    assert schema_log(pipeline) == [["id", "v"]]


def test_mode_fail_on_new_columns(program, tmp_path):
    pipeline, done = two_runs(program, tmp_path, "failOnNewColumns", code=1)
    assert "extra" in done.stderr
    assert pipeline.rows("t").column("v").to_pylist() == ["x"]
    assert schema_log(pipeline) == [["id", "v"]]
    # It does not get past the file until that is mended.
    program.run("run", tmp_path, code=1)
    land(pipeline, "b.json", {"id": 2, "v": "y"}, {"id": 3, "v": "z"}, {"id": 4, "v": "and more"})
    program.run("run", tmp_path)
    assert sorted(pipeline.rows("t").column("id").to_pylist()) == [1, 2, 3, 4]


def test_mode_none(program, tmp_path):
    pipeline, _ = two_runs(program, tmp_path, "none")
    rows = {r["v"]: r for r in pipeline.rows("t").to_pylist()}
    assert set(rows) == {"x", "y", "z"} and "extra" not in rows["y"]
    assert schema_log(pipeline) == [["id", "v"]]


def test_mode_widening_without_the_table(program, tmp_path):
    """A table that does not widen its types: new columns come, what is too wide is rescued."""
    pipeline = make(tmp_path, "schemaEvolutionMode => 'addNewColumnsWithTypeWidening'",
                    "schemaHints => 'id INT'")
    land(pipeline, "a.json", {"id": 1})
    program.run("run", tmp_path)
    land(pipeline, "b.json", {"id": 99999999999, "extra": 1})
    program.run("run", tmp_path)
    rows = pipeline.rows("t").to_pylist()
    assert sorted(r["id"] or 0 for r in rows) == [0, 1]
    assert any(rescued(r).get("id") == 99999999999 and r["extra"] == 1 for r in rows)


def test_explicit_schema_refuses_new_columns(program, tmp_path):
    pipeline = make(tmp_path, "schema => 'id INT'", "schemaEvolutionMode => 'addNewColumns'")
    land(pipeline, "a.json", {"id": 1})
    done = program.run("run", tmp_path, code=3)
    assert "schemaEvolutionMode" in done.stderr or "addNewColumns" in done.stderr


def test_all_strings(program, tmp_path):
    pipeline = make(tmp_path, "inferColumnTypes => false")
    land(pipeline, "a.json", {"n": 1, "o": {"a": [1, 2]}, "b": True})
    program.run("run", tmp_path)
    (row,) = pipeline.rows("t").to_pylist()
    assert (row["n"], row["b"]) == ("1", "true") and json.loads(row["o"]) == {"a": [1, 2]}


BROKEN = '{"id":1,"v":"a"}\n{"id":2,"v":\n{"id":"x","v":"c"}\n'


def test_parser_modes(program, tmp_path):
    seen = {}
    for mode in ("PERMISSIVE", "DROPMALFORMED", "FAILFAST"):
        pipeline = make(tmp_path / mode, "schema => 'id INT, v STRING, _corrupt_record STRING'",
                        f"mode => '{mode}'")
        pipeline.land("a.json", BROKEN)
        done = program.run("run", tmp_path / mode, code=1 if mode == "FAILFAST" else 0)
        rows = [] if mode == "FAILFAST" else pipeline.rows("t").to_pylist()
        seen[mode] = [(r["id"], r["v"], r["_corrupt_record"]) for r in rows]
        if mode == "FAILFAST":
            assert "a.json" in done.stderr
    assert sorted(seen["PERMISSIVE"], key=str) == sorted(
        [(1, "a", None), (None, None, '{"id":2,"v":'), (None, "c", '{"id":"x","v":"c"}')], key=str)
    assert seen["DROPMALFORMED"] == [(1, "a", None)]


def test_partitions_and_metadata(program, tmp_path):
    pipeline = Pipeline(tmp_path, """CREATE STREAMING TABLE t PARTITIONED BY (day) AS
        SELECT id, day, region, _metadata.file_name AS name, _metadata.file_size AS size,
               _metadata.file_path AS path
        FROM STREAM read_files('landing', format => 'json', schema => 'id INT');""")
    for i, (day, region) in enumerate([("2024-05-01", "a b"), ("2024-05-02", "ü%3F")]):
        land(pipeline, f"day={day}/region={region}/f {i}%.json", {"id": i})
    program.run("run", tmp_path)
    rows = sorted(pipeline.rows("t").to_pylist(), key=lambda r: r["id"])
    assert [str(r["day"]) for r in rows] == ["2024-05-01", "2024-05-02"]
    assert [r["region"] for r in rows] == ["a b", "ü?"]
    # Names are escaped, as Spark shows them.
    assert [r["name"] for r in rows] == ["f%200%25.json", "f%201%25.json"]
    assert {r["size"] for r in rows} == {len('{"id": 0}\n')}
    assert all(r["path"].startswith("file:/") and "%25" in r["path"] for r in rows)


def test_compressed(program, tmp_path):
    pipeline = make(tmp_path, "schema => 'id INT'")
    text = "".join(json.dumps({"id": i}) + "\n" for i in range(1, 1001)).encode()
    pipeline.land("a.json.gz", gzip.compress(text[:5000]) + gzip.compress(text[5000:]))
    program.run("run", tmp_path)
    assert repeated(pipeline.rows("t").column("id").to_pylist(), 1000) == ""


def test_file_that_grows(program, tmp_path):
    """Only what was there when the file was planned is read, once."""
    pipeline = make(tmp_path, "schema => 'id INT'")
    land(pipeline, "a.json", {"id": 1})
    program.run("run", tmp_path)
    with open(os.path.join(pipeline.landing, "a.json"), "a", encoding="utf-8") as f:
        f.write('{"id": 2}\n')
    program.run("run", tmp_path)
    assert pipeline.rows("t").column("id").to_pylist() == [1]


def same(ours, theirs):
    """A row of ours against a record of Python's: absent members are null, numbers equal."""
    if isinstance(theirs, dict):
        if ours is None:
            return all(v is None for v in theirs.values())
        if isinstance(ours, str):
            return json.loads(ours) == theirs
        return all(same(ours.get(k), v) for k, v in theirs.items())
    if isinstance(theirs, list):
        if isinstance(ours, str):
            return json.loads(ours) == theirs
        return len(ours or []) == len(theirs) and all(map(same, ours or [], theirs))
    if isinstance(ours, str) and not isinstance(theirs, str) and theirs is not None:
        return json.loads(ours) == theirs
    return ours == theirs


def test_github_events(program, shared, tmp_path):
    with gzip.open(os.path.join(shared, "data/events/github-events.ndjson.gz")) as f:
        text = f.read()
    pipeline = make(tmp_path)
    pipeline.land("events.json", text)
    program.run("run", tmp_path)
    rows = {r["id"]: r for r in pipeline.rows("t").to_pylist()}
    wanted = [json.loads(line) for line in text.splitlines()]
    assert len(rows) == len({w["id"] for w in wanted})
    for record in wanted:
        assert same(rows[record["id"]], record), record["id"]
    assert all(r["_rescued_data"] is None for r in rows.values())


def test_no_leftovers(program, tmp_path):
    """After clean runs nothing is staged and no temporary name is left."""
    pipeline = make(tmp_path, "maxFilesPerTrigger => 1", "schema => 'id INT'")
    for i in range(12):
        land(pipeline, f"{i}.json", {"id": i})
    program.run("run", tmp_path)
    storage = os.path.join(pipeline.folder, "storage")
    assert glob.glob(f"{storage}/**/staged/*", recursive=True) == []
    assert glob.glob(f"{storage}/**/.*.tmp", recursive=True, include_hidden=True) == []


PRUNED = """CREATE OR REFRESH STREAMING TABLE t AS SELECT id, geo.country, tags[0] AS tag
FROM STREAM read_files('landing', format => 'json', mode => 'FAILFAST', schema =>
  'id INT, geo STRUCT<country STRING, lat DOUBLE>, tags ARRAY<STRING>, other DECIMAL(9,2),
   kind STRING')
WHERE kind = 'a';
"""


def test_only_what_is_read_has_to_fit(program, tmp_path):
    """Values of columns that no one reads are only checked to be JSON, as where Spark prunes."""
    pipeline = Pipeline(tmp_path, PRUNED)
    unread = [1.25, "text", {"a": [1]}, [1, {}], None, True, "es\\caped \u00e9", -12]
    records = [{"id": i, "geo": {"lat": unread[i % 8], "country": f"c{i}"},
                "tags": [f"t{i}"] if i % 3 else None, "new": unread[i % 7],
                "kind": "ab"[i % 2], "other": unread[(i + 3) % 8]} for i in range(500)]
    land(pipeline, "a.json", *records)
    program.run("run", tmp_path)
    wanted = [(r["id"], r["geo"]["country"], r["tags"] and r["tags"][0])
              for r in records if r["kind"] == "a"]
    rows = pipeline.rows("t").to_pylist()
    assert sorted((r["id"], r["country"], r["tag"]) for r in rows) == wanted
    # What is read has to fit, and all of it has to be JSON.
    for text in ('{"id":"x","kind":"a"}\n', '{"id":1,"other":01,"kind":"a"}\n'):
        pipeline.land("b.json", text)
        assert "b.json" in program.run("run", tmp_path, code=1).stderr
