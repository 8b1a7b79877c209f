"""Shown, with the program itself: ignoreCorruptFiles keeps the records that are whole in front of
the damage and invents none, for each packing, way of separating records and kind of damage; without
it the run fails and names the file."""
import gzip
import json
import re
import zlib

import pytest
import zstandard

from pipeline import Pipeline

SQL = """CREATE OR REFRESH STREAMING TABLE t AS SELECT *
FROM STREAM read_files('landing', format => 'json',
  schema => 'id BIGINT, v STRING, _corrupt_record STRING'%s);
"""
IGNORE = ", ignoreCorruptFiles => true"


def record(i):
    return {"id": i * 1000003, "v": f"v{i}" * (i % 7)}


def row(i):
    return (record(i)["id"], record(i)["v"], None)


def rows_of(pipeline):
    return sorted((r["id"], r["v"], r["_corrupt_record"])
                  for r in pipeline.rows("t").to_pylist())


def text_of(form, count):
    if form == "multiLine":
        return json.dumps([record(i) for i in range(1, count + 1)], indent=1).encode()
    separator = {"lines": "\n", "lineSep": "<|>"}[form]
    return "".join(json.dumps(record(i)) + separator for i in range(1, count + 1)).encode()


def whole_of(form, text):
    """How many records end in the text. An item of an array does with what follows it."""
    if form == "multiLine":
        return len(re.findall(rb"\}\s*[,\]]", text))
    return text.count({"lines": b"\n", "lineSep": b"<|>"}[form])


def unpack(kind, packed):
    if kind == "gz":
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed)
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)


OPTIONS = {"lines": "", "lineSep": ", lineSep => '<|>'", "multiLine": ", multiLine => true"}


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("form", OPTIONS)
def test_cut(program, tmp_path, kind, form):
    """Cut at many places in front of a window's end and behind it, most of them in a record."""
    text = text_of(form, 40000)
    packed = gzip.compress(text, 6) if kind == "gz" else \
        zstandard.ZstdCompressor(level=3).compress(text)
    cuts = [len(packed) * n // 10 for n in range(3, 10)] + [len(packed) - 1, len(packed) - 2]
    wanted, torn = [], 0
    pipeline = Pipeline(tmp_path, SQL % (OPTIONS[form] + IGNORE))
    for i, cut in enumerate(cuts):
        pipeline.land(f"{i}.json.{kind}", packed[:cut])
        decoded = unpack(kind, packed[:cut])
        whole = whole_of(form, decoded)
        torn += not decoded.endswith((b"\n", b"<|>", b","))
        wanted += [row(i) for i in range(1, whole + 1)]
    pipeline.land("whole.json", text_of(form, 10))
    done = program.run("run", tmp_path)
    assert torn > 3 and len(text) > 1 << 20
    assert rows_of(pipeline) == sorted(wanted + [row(i) for i in range(1, 11)])
    assert f"{len(cuts)} files were damaged" in done.stderr


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_cut_is_an_error(program, tmp_path, kind):
    text = text_of("lines", 1000)
    packed = gzip.compress(text) if kind == "gz" else zstandard.compress(text)
    pipeline = Pipeline(tmp_path, SQL % "")
    pipeline.land(f"a.json.{kind}", packed[:-20])
    done = program.run("run", tmp_path, code=1)
    assert "error[MR2503]" in done.stderr and f"a.json.{kind}" in done.stderr
    pipeline.land(f"a.json.{kind}", packed)
    program.run("run", tmp_path)
    assert rows_of(pipeline) == sorted(row(i) for i in range(1, 1001))


def test_unreadable(program, tmp_path):
    """A device that fails behind the first mebibyte of a file, and at once in another."""
    pipeline = Pipeline(tmp_path, SQL % IGNORE)
    text = text_of("lines", 60000)
    assert len(text) > 2 << 20
    pipeline.land("a.json", text)
    pipeline.land("b.json", text_of("lines", 10))
    pipeline.land("c.json", text_of("lines", 10))
    fault = "--fault=read@*/a.json#2+=EIO;read@*/b.json=EIO"
    done = program.run("run", tmp_path, "--threads", "1", fault)
    whole = whole_of("lines", text[:1 << 20])
    assert rows_of(pipeline) == sorted([row(i) for i in range(1, whole + 1)] +
                                       [row(i) for i in range(1, 11)])
    assert "2 files were damaged" in done.stderr


def test_unreadable_is_an_error(program, tmp_path):
    pipeline = Pipeline(tmp_path, SQL % "")
    pipeline.land("a.json", text_of("lines", 10))
    done = program.run("run", tmp_path, "--fault=read@*/a.json=EIO", code=1)
    assert "error[MR2001]" in done.stderr and "a.json" in done.stderr
    program.run("run", tmp_path)
    assert rows_of(pipeline) == sorted(row(i) for i in range(1, 11))
