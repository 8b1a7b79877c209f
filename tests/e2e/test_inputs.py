"""Shown, with the program itself: input packed with zstd, in all the ways its tools pack; documents
(multiLine) of one object or an array of them, longer than a window, packed or not; each record is a
row once, over several runs."""
import gzip
import json

import pytest
import zstandard

from pipeline import Pipeline, repeated

SQL = """CREATE OR REFRESH STREAMING TABLE t AS SELECT *
FROM STREAM read_files('landing', format => 'json', schema => 'id BIGINT, v STRING'%s);
"""
DOCUMENTS = ", multiLine => true"


def records(first, last):
    return [{"id": i, "v": f"line\n\"{i}\" ] }} , [" * (i % 4)} for i in range(first, last + 1)]


def lines(first, last):
    return "".join(json.dumps(r) + "\n" for r in records(first, last)).encode()


def assert_rows(pipeline, count):
    rows = sorted(pipeline.rows("t").to_pylist(), key=lambda r: r["id"])
    assert repeated([r["id"] for r in rows], count) == ""
    assert rows == records(1, count)


def streamed(text):
    """As `zstd -c` packs a pipe: the frame does not say how long it is."""
    packer = zstandard.ZstdCompressor(level=19, write_checksum=True).compressobj()
    return packer.compress(text) + packer.flush()


def threaded(text):
    return zstandard.ZstdCompressor(level=3, threads=2).compress(text)


def skippable(text):
    """A frame that is passed over (RFC 8878, 3.1.2) between two others."""
    half = text.index(b"\n", len(text) // 2) + 1
    return zstandard.compress(text[:half - 5]) + b"\x50\x2a\x4d\x18\x05\x00\x00\x00notes" + \
        zstandard.compress(text[half - 5:])


def framed(text):
    """A frame for every piece of a file, cut anywhere."""
    return b"".join(zstandard.compress(text[at:at + 99991]) for at in range(0, len(text), 99991))


@pytest.mark.parametrize("pack", [zstandard.compress, streamed, threaded, skippable, framed])
def test_zstd(program, tmp_path, pack):
    pipeline = Pipeline(tmp_path, SQL % "")
    pipeline.land("a.json.zst", pack(lines(1, 60000)))
    pipeline.land("b.json", lines(60001, 60010))
    program.run("run", tmp_path)
    assert_rows(pipeline, 60010)
    pipeline.land("c.json.zst", pack(lines(60011, 60020)))
    pipeline.land("d.json.gz", gzip.compress(lines(60021, 60030)))
    pipeline.land("named-otherwise", pack(lines(60031, 60040)))
    program.run("run", tmp_path)
    assert_rows(pipeline, 60040)


def test_written_by_spark(program, spark, tmp_path):
    """Files that Spark itself wrote and packed."""
    pipeline = Pipeline(tmp_path, SQL % "")
    folder = str(tmp_path / "landing" / "spark")
    rows = [(r["id"], r["v"]) for r in records(1, 500)]
    frame = spark.createDataFrame(rows, "id BIGINT, v STRING")
    for codec, part in (("gzip", "id <= 250"), ("none", "id > 250")):
        frame.where(part).write.mode("append").option("compression", codec).json(folder)
    program.run("run", tmp_path)
    assert_rows(pipeline, 500)


def test_empty_inputs(program, tmp_path):
    pipeline = Pipeline(tmp_path, SQL % "")
    pipeline.land("a.json.zst", zstandard.compress(b""))
    pipeline.land("b.json.gz", gzip.compress(b""))
    pipeline.land("c.json", b"")
    pipeline.land("d.json", b"\n \n")
    pipeline.land("e.json", lines(1, 3)[:-1])
    program.run("run", tmp_path)
    assert_rows(pipeline, 3)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_documents(program, tmp_path, pack):
    pipeline = Pipeline(tmp_path, SQL % DOCUMENTS)
    pipeline.land("one.json", pack(json.dumps(records(1, 1)[0], indent=2).encode()))
    pipeline.land("many.json", pack(json.dumps(records(2, 40000), indent=1).encode()))
    pipeline.land("dense.json", pack(json.dumps(records(40001, 40100)).encode()))
    pipeline.land("none.json", pack(b"[]"))
    pipeline.land("empty.json", pack(b""))
    done = program.run("run", tmp_path)
    assert " 0 malformed" in done.stderr
    assert_rows(pipeline, 40100)
    pipeline.land("more.json", pack(b"\xef\xbb\xbf" + json.dumps(records(40101, 40102)).encode()))
    program.run("run", tmp_path)
    assert_rows(pipeline, 40102)


def test_documents_as_spark_reads_them(program, spark, tmp_path):
    """Whole documents: the same rows as Spark's, one of them malformed."""
    pipeline = Pipeline(tmp_path, """CREATE STREAMING TABLE t AS SELECT * FROM STREAM
        read_files('landing', format => 'json', multiLine => true,
                   schema => 'id BIGINT, v STRING, n STRUCT<a: ARRAY<DOUBLE>>');""")
    documents = [json.dumps({"id": 1, "v": "x\ny", "n": {"a": [1.5, None]}}, indent=4),
                 json.dumps([{"id": 2}, {"id": 3, "n": None}, {"v": "z", "id": None}], indent=0),
                 "\n\n" + json.dumps({"id": 5, "other": [1, {"b": 2}]}) + "\n\n", '{"id": 6, "v": ']
    for i, document in enumerate(documents):
        pipeline.land(f"{i}.json", document)
    program.run("run", tmp_path)
    key = lambda row: json.dumps(row, sort_keys=True)
    ours = [dict(r) for r in pipeline.rows("t").to_pylist()]
    theirs = spark.read.schema("id BIGINT, v STRING, n STRUCT<a: ARRAY<DOUBLE>>") \
        .option("multiLine", "true").json(pipeline.landing).collect()
    assert len(ours) == 6
    assert sorted(map(key, ours)) == sorted(key(r.asDict(recursive=True)) for r in theirs)
