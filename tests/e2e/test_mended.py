"""Shown, with the program itself: a file that an epoch failed on is mended and the epoch runs
again: it is read as it is then, once, whoever began the epoch, millrace or Spark."""
import glob
import json
import os

import pytest

from pipeline import Pipeline, repeated

SQL = """CREATE OR REFRESH STREAMING TABLE t AS SELECT *
FROM STREAM read_files('landing', format => 'json', mode => 'FAILFAST'%s);
"""
SCHEMA = "schema => 'id BIGINT, v STRING'"


def make(folder, *options):
    return Pipeline(folder, SQL % "".join(", " + o for o in options))


def lines(first, last, filler=0):
    return "".join(json.dumps({"id": i, "v": f"v{i}" + "x" * filler}) + "\n"
                   for i in range(first, last + 1))


def ids(pipeline):
    return pipeline.rows("t").column("id").to_pylist()


def checkpoint(pipeline, *parts):
    return os.path.join(pipeline.folder, "storage/_checkpoints/main/default/t/t/0", *parts)


@pytest.mark.parametrize("overwrites", ["true", "false"])
@pytest.mark.parametrize("rows", [0, 1, 2, 40_000])
def test_mended(program, tmp_path, rows, overwrites):
    """Shorter, longer, and so long that it is read in ranges."""
    pipeline = make(tmp_path, SCHEMA, f"allowOverwrites => {overwrites}")
    pipeline.land("a.json", '{"id": 1,')
    done = program.run("run", tmp_path, code=1)
    assert "a.json" in done.stderr
    pipeline.land("a.json", lines(1, rows, 1000 if rows > 2 else 0))
    done = program.run("run", tmp_path)
    assert "a.json: changed since it was planned" in done.stderr
    assert repeated(ids(pipeline), rows) == ""
    program.run("run", tmp_path)
    assert repeated(ids(pipeline), rows) == ""
    assert pipeline.table("t").check() == []
    # From here on it is a version that has been read.
    pipeline.land("a.json", lines(rows + 1, rows + 2))
    program.run("run", tmp_path)
    assert repeated(ids(pipeline), rows + (2 if overwrites == "true" else 0)) == ""


def test_mended_among_others(program, tmp_path):
    """What has not changed is read as planned; the epoch keeps its number and its other files."""
    pipeline = make(tmp_path, SCHEMA)
    pipeline.land("a.json", lines(1, 100))
    program.run("run", tmp_path)
    for i in range(1, 10):
        pipeline.land(f"b{i}.json", lines(i * 100 + 1, i * 100 + 100) + ("{" if i == 5 else ""))
    program.run("run", tmp_path, code=1)
    program.run("run", tmp_path, code=1)
    pipeline.land("b5.json", lines(501, 600))
    pipeline.land("c.json", lines(1001, 1100))
    program.run("run", tmp_path)
    assert repeated(ids(pipeline), 1100) == ""
    assert sorted(os.path.basename(p) for p in glob.glob(checkpoint(pipeline, "commits", "*"))) \
        == ["0", "1", "2"]


def test_gone(program, tmp_path):
    """A file that was taken and is gone still stops the flow, until it is back."""
    pipeline = make(tmp_path, SCHEMA)
    path = pipeline.land("a.json", "{")
    program.run("run", tmp_path, code=1)
    os.remove(path)
    assert "a.json" in program.run("run", tmp_path, code=1).stderr
    pipeline.land("a.json", lines(1, 3))
    program.run("run", tmp_path)
    assert repeated(ids(pipeline), 3) == ""


def run_spark(spark, pipeline, is_good=True):
    query = (spark.readStream.schema("id BIGINT, v STRING").option("mode", "FAILFAST")
             .json(pipeline.landing).writeStream.format("delta").outputMode("append")
             .option("checkpointLocation", checkpoint(pipeline)).trigger(availableNow=True)
             .start(pipeline.path("t")))
    try:
        query.awaitTermination(120)
    except Exception:  # pylint: disable=broad-except
        assert not is_good
        return
    assert is_good and query.exception() is None


@pytest.mark.parametrize("before", [0, 9])
def test_begun_by_spark(program, spark, tmp_path, before):
    """With nine entries before it, Spark's own is there in the compact form only."""
    pipeline = make(tmp_path, SCHEMA, "allowOverwrites => true")
    program.run("run", tmp_path)
    for i in range(before):
        pipeline.land(f"{i}.json", lines(i + 1, i + 1))
        run_spark(spark, pipeline)
    pipeline.land("a.json", lines(before + 1, before + 1) + "{")
    run_spark(spark, pipeline, is_good=False)
    form = f"{before}.compact" if before == 9 else f"{before}"
    assert os.path.exists(checkpoint(pipeline, "sources/0", form))
    assert not os.path.exists(checkpoint(pipeline, "commits", str(before)))
    pipeline.land("a.json", lines(before + 1, before + 5))
    program.run("run", tmp_path)
    assert repeated(ids(pipeline), before + 5) == ""
    pipeline.land("b.json", lines(before + 6, before + 7))
    run_spark(spark, pipeline)
    program.run("run", tmp_path)
    assert repeated(pipeline.table("t").rows().column("id").to_pylist(), before + 7) == ""


def test_committed_by_spark(program, spark, tmp_path):
    """Spark died between its table's commit and its own: the epoch's rows are there, so what was
    written into the file after them is another version, and none of the epoch's."""
    pipeline = make(tmp_path, SCHEMA, "allowOverwrites => true")
    program.run("run", tmp_path)
    pipeline.land("a.json", lines(1, 2))
    run_spark(spark, pipeline)
    for path in glob.glob(checkpoint(pipeline, "commits", "*"), recursive=True) + \
            glob.glob(checkpoint(pipeline, "commits", ".*.crc")):
        os.remove(path)
    pipeline.land("a.json", lines(3, 5))
    program.run("run", tmp_path)
    assert repeated(pipeline.table("t").rows().column("id").to_pylist(), 5) == ""
    program.run("run", tmp_path)
    assert repeated(pipeline.table("t").rows().column("id").to_pylist(), 5) == ""
