"""Shown, with the program itself: the property that says how hard the codec works is in the files,
both ways give the same rows to other readers, and another word is refused by name."""
import glob
import json
import random

import duckdb
import pyarrow.parquet as pq

from pipeline import Pipeline

SQL = """CREATE OR REFRESH STREAMING TABLE t {properties} AS SELECT id, kind, note
FROM STREAM read_files('landing', format => 'json',
  schema => 'id BIGINT, kind STRING, note STRING');
"""
ROWS = 30000


def landed(pipeline):
    """Numbers without order, a few words, and texts that repeat: each for another effort."""
    draw = random.Random(5)
    rows = [{"id": draw.getrandbits(63), "kind": draw.choice("abc"),
             "note": f"line {i // 7} of the same story"} for i in range(ROWS)]
    pipeline.land("a.json", "".join(json.dumps(row) + "\n" for row in rows))
    return rows


def codecs(pipeline):
    [path] = glob.glob(pipeline.path("t") + "/*.parquet")
    meta = pq.ParquetFile(path).metadata
    return {meta.row_group(0).column(i).path_in_schema: meta.row_group(0).column(i).compression
            for i in range(meta.num_columns)}


def test_compression_property(program, tmp_path):
    seen = {}
    for word in ("adaptive", "full"):
        properties = f"TBLPROPERTIES ('millrace.parquet.compression' = '{word}')"
        pipeline = Pipeline(tmp_path / word, SQL.format(properties=properties))
        rows = landed(pipeline)
        program.run("run", tmp_path / word)
        seen[word] = codecs(pipeline)
        key = lambda row: json.dumps(row, sort_keys=True)
        wanted = sorted(map(key, rows))
        assert sorted(map(key, pipeline.rows("t").to_pylist())) == wanted
        files = f"read_parquet('{pipeline.path('t')}/*.parquet')"
        duck = duckdb.sql(f"SELECT id, kind, note FROM {files}").fetchall()
        assert sorted(key(dict(zip(("id", "kind", "note"), row))) for row in duck) == wanted
    assert seen["adaptive"] == {"id": "UNCOMPRESSED", "kind": "ZSTD", "note": "ZSTD"}
    assert seen["full"] == {"id": "ZSTD", "kind": "ZSTD", "note": "ZSTD"}


def test_default_is_adaptive(program, tmp_path):
    pipeline = Pipeline(tmp_path, SQL.format(properties=""))
    landed(pipeline)
    program.run("run", tmp_path)
    assert codecs(pipeline)["id"] == "UNCOMPRESSED"


def test_another_word_is_refused(program, tmp_path):
    properties = "TBLPROPERTIES ('millrace.parquet.compression' = 'some')"
    pipeline = Pipeline(tmp_path, SQL.format(properties=properties))
    landed(pipeline)
    done = program.run("run", tmp_path, code=None)
    assert done.returncode != 0
    assert "millrace.parquet.compression" in done.stderr and '"some"' in done.stderr
