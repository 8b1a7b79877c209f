"""Shown, with the program itself: CSV, text and whole files as input. The retail days, every second
one packed, read as Auto Loader would, give the totals that were computed for them; columns go by
header, new ones join the table, what does not fit is rescued; every row of random CSV is what Spark
and an independent parser make of it; formats that cannot be read are refused by name."""
import csv
import glob
import gzip
import io
import json
import os
import random
import re
import shutil
import signal
import time

import duckdb
import pytest

from pipeline import Pipeline, repeated

TABLE = "CREATE OR REFRESH STREAMING TABLE t AS SELECT * FROM STREAM %s;\n"


def make(tmp_path, form, *options, call="read_files('landing'%s)"):
    options = (f"format => '{form}'",) + options
    return Pipeline(tmp_path, TABLE % (call % "".join(", " + o for o in options)))


def rescued(row):
    return json.loads(row["_rescued_data"]) if row["_rescued_data"] else {}


# ---- the retail days ----

def retail(shared):
    return sorted(glob.glob(os.path.join(shared, "data", "retail", "*.csv*")),
                  key=os.path.basename)


def expected(shared, rows):
    """The queries of expected.json over our rows, which are called t."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.register("t", rows)
    with open(os.path.join(shared, "data", "retail", "expected.json"), encoding="utf-8") as f:
        for query in json.load(f):
            sql = re.sub(r"read_csv\(.*?filename=true\)", "t", query["sql"])
            found = database.execute(sql)
            names = [column[0] for column in found.description]
            got = [dict(zip(names, row)) for row in found.fetchall()]
            yield query["name"], json.loads(json.dumps(got, default=str)), query["result"]


@pytest.mark.parametrize("options", [
    ("escape => '\"'",),
    ("escape => '\"'", "multiLine => true"),
    ("escape => '\"'", "header => true", "schema => 'InvoiceNo STRING, StockCode STRING, "
     "Description STRING, Quantity INT, InvoiceDate TIMESTAMP, UnitPrice DOUBLE, "
     "CustomerID DOUBLE, Country STRING'")])
def test_retail(program, shared, tmp_path, options):
    pipeline = make(tmp_path, "csv", *options)
    days = retail(shared)
    for at in range(0, len(days), 31):  # in two runs
        for path in days[at:at + 31]:
            shutil.copy(path, pipeline.landing)
        program.run("run", tmp_path)
    rows = pipeline.rows("t")
    assert str(rows.schema.field("Quantity").type) == "int32"
    assert str(rows.schema.field("UnitPrice").type) == "double"
    assert str(rows.schema.field("InvoiceNo").type) == "string"
    for name, got, want in expected(shared, rows):
        assert got == want, name


def test_retail_as_strings(program, shared, tmp_path):
    """cloud_files infers no types; every text is the file's."""
    pipeline = Pipeline(tmp_path, TABLE % "cloud_files('landing', 'csv', map('escape', '\"'))")
    want = []
    for path in retail(shared)[:6]:
        shutil.copy(path, pipeline.landing)
        opened = gzip.open if path.endswith(".gz") else open
        with opened(path, "rt", encoding="utf-8", newline="") as f:
            want += [{k: v or None for k, v in row.items()} for row in csv.DictReader(f)]
    program.run("run", tmp_path)
    rows = pipeline.rows("t").to_pylist()
    assert all(row.pop("_rescued_data") is None for row in rows)
    key = lambda row: json.dumps(row, sort_keys=True)
    assert sorted(map(key, rows)) == sorted(map(key, want))


def test_killed(program, shared, tmp_path):
    """Ended by SIGKILL again and again while it reads: each row once."""
    pipeline = make(tmp_path, "csv", "escape => '\"'", "maxFilesPerTrigger => 3",
                    "schemaHints => 'CustomerID DOUBLE'")
    for path in retail(shared):
        shutil.copy(path, pipeline.landing)
    rng = random.Random(3)
    for _ in range(8):
        running = program.start("run", str(tmp_path))
        time.sleep(rng.uniform(0.02, 0.5))
        running.send_signal(signal.SIGKILL)
        running.wait()
        running.stdout.close()
        running.stderr.close()
    program.run("run", tmp_path)
    for name, got, want in expected(shared, pipeline.rows("t")):
        assert got == want, name


# ---- CSV ----

def test_header_evolves(program, tmp_path):
    pipeline = make(tmp_path, "csv")
    pipeline.land("a.csv", "id,name\n1,x\n2,\n")
    program.run("run", tmp_path)
    pipeline.land("b.csv", "extra,id\n2.5,3\n,4\n")
    pipeline.land("c.csv", "id,name\nfour,y\n6,z\n8\n9,u,more\n")
    program.run("run", tmp_path)
    rows = {r["id"]: r for r in pipeline.rows("t").to_pylist() if r["id"] is not None}
    assert set(rows) == {1, 2, 3, 4, 6, 8, 9}
    assert rows[3]["extra"] == 2.5 and rows[3]["name"] is None and rows[1]["extra"] is None
    assert rows[2]["name"] is None and rows[8]["name"] is None
    odd = [r for r in pipeline.rows("t").to_pylist() if r["id"] is None]
    assert len(odd) == 1 and rescued(odd[0])["id"] == "four"
    assert rescued(rows[9])["_c2"] == "more" and rescued(rows[8]) == {}


def test_rescue_and_widen(program, tmp_path):
    """A value that does not fit is rescued; where types may widen, the column does."""
    sql = ("CREATE OR REFRESH STREAMING TABLE t TBLPROPERTIES ('delta.enableTypeWidening' = "
           "'true') AS SELECT * FROM STREAM read_files('landing', format => 'csv', "
           "schemaEvolutionMode => 'addNewColumnsWithTypeWidening');\n")
    pipeline = Pipeline(tmp_path, sql)
    pipeline.land("a.csv", "id,v\n1,10\n")
    program.run("run", tmp_path)
    pipeline.land("b.csv", "id,v\n2,5000000000\n")
    program.run("run", tmp_path)
    pipeline.land("c.csv", "id,v\n3,word\n")
    program.run("run", tmp_path)
    rows = {r["id"]: r for r in pipeline.rows("t").to_pylist()}
    assert str(pipeline.rows("t").schema.field("v").type) == "int64"
    assert rows[1]["v"] == 10 and rows[2]["v"] == 5000000000 and rows[3]["v"] is None
    assert rescued(rows[3])["v"] == "word"


def test_no_header(program, tmp_path):
    pipeline = make(tmp_path, "csv", "header => false", "sep => '\\t'")
    pipeline.land("a.tsv", "1\tx\n2\ty\n")
    program.run("run", tmp_path)
    assert pipeline.rows("t").column_names == ["_c0", "_c1", "_rescued_data"]
    assert repeated(pipeline.rows("t")["_c0"].to_pylist(), 2) == ""


def test_bad_records(program, tmp_path):
    pipeline = make(tmp_path, "csv", "schema => 'id INT, v STRING'", "badRecordsPath => 'bad'")
    pipeline.land("a.csv", "1,x\ntwo,y\n3,z,w\n4,v\n")
    program.run("run", tmp_path)
    assert pipeline.rows("t").to_pylist() == [{"id": 1, "v": "x"}, {"id": 4, "v": "v"}]
    bad = [json.loads(line) for path in glob.glob(str(tmp_path / "bad/*/bad_records/*"))
           for line in open(path, encoding="utf-8")]
    assert [b["record"] for b in bad] == ["two,y", "3,z,w"]


def test_failfast(program, tmp_path):
    pipeline = make(tmp_path, "csv", "schema => 'id INT'", "mode => 'FAILFAST'")
    pipeline.land("a.csv", "1\nx\n")
    done = program.run("run", tmp_path, code=None)
    assert done.returncode != 0 and "MR2314" in done.stderr and "a.csv" in done.stderr


def test_split_file(program, tmp_path):
    """A file of several ranges, without a header: each record once."""
    pipeline = make(tmp_path, "csv", "schema => 'id BIGINT, v STRING'")
    count = 1_400_000
    pipeline.land("a.csv", "".join(f"{i},\"value, {i} of many\"\n" for i in range(1, count + 1)))
    assert os.path.getsize(os.path.join(pipeline.landing, "a.csv")) > 32 << 20
    program.run("run", tmp_path, "--threads", "2")
    assert repeated(pipeline.rows("t")["id"].to_pylist(), count) == ""


FIELDS = ["", "a", "7", "-12", "2.5", "1e3", "2024-02-29", "2024-02-29 10:11:12", "true", "x y",
          "q\"q", "a,b", "\\", "caf\u00e9", " pad ", "12345678901234567890", "NaN", "-0",
          "1,234.5", "+3"]


def random_csv(seed, count):
    rng, out = random.Random(seed), io.StringIO()
    writer = csv.writer(out, lineterminator="\n", doublequote=True)
    writer.writerow(["id", "a", "b", "c"])
    for i in range(count):
        writer.writerow([i] + [rng.choice(FIELDS) for _ in range(3)])
    return out.getvalue()


@pytest.mark.parametrize("types", [
    "STRING, b STRING, c STRING", "INT, b DOUBLE, c DATE", "FLOAT, b TIMESTAMP_NTZ, "
    "c DECIMAL(30,3)", "SMALLINT, b BIGINT, c TINYINT", "DECIMAL(10,2), b TIMESTAMP, c BOOLEAN"])
def test_as_spark(program, spark, tmp_path, types):
    """Typed rows of random CSV, value by value, with misfits as nulls."""
    text = random_csv(11, 3000)
    schema = "id BIGINT, a " + types
    pipeline = make(tmp_path, "csv", f"schema => '{schema}'", "header => true", "escape => '\"'")
    pipeline.land("a.csv", text)
    program.run("run", tmp_path)
    theirs = spark.read.schema(schema).option("header", "true").option("escape", '"') \
        .csv(pipeline.landing).collect()
    key = lambda row: row["id"]
    ours = sorted(pipeline.rows("t").to_pylist(), key=key)
    plain = lambda v: v.replace(tzinfo=None) if hasattr(v, "tzinfo") else v
    shown = lambda v: v if v is None else repr(plain(v))
    for mine, other in zip(ours, sorted((r.asDict() for r in theirs), key=key)):
        assert {k: shown(v) for k, v in mine.items()} == {k: shown(v) for k, v in other.items()}
    assert len(ours) == len(theirs) == 3000


def test_inferred_as_spark(program, spark, tmp_path):
    """The types of columns whose values come from a few kinds."""
    rng = random.Random(5)
    kinds = [["1", "-20"], ["1", "3000000000"], ["1", "2.5"], ["1.5", "NaN"], ["true", "FALSE"],
             ["2024-01-02"], ["2024-01-02", "2024-01-02 03:04:05"], ["2024-01-02T03:04:05Z"],
             ["1", "x"], ["12345678901234567890", "5"], ["", "4"], ["", ""], ["true", "1"],
             ["2024-01-02", "7"], ["1e5", "3"], ["00012", "3"], ["1,5", "2"]]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"k{i}" for i in range(len(kinds))] + ["last"])
    for i in range(40):
        writer.writerow([rng.choice(k) for k in kinds] + [i])
    pipeline = make(tmp_path, "csv", "escape => '\"'")
    pipeline.land("a.csv", out.getvalue())
    program.run("run", tmp_path)
    theirs = spark.read.option("header", "true").option("inferSchema", "true") \
        .option("escape", '"').csv(pipeline.landing).schema
    with open(os.path.join(pipeline.path("t"), "_delta_log", "0" * 20 + ".json"),
              encoding="utf-8") as f:
        actions = [json.loads(line) for line in f]
    schema = next(a["metaData"]["schemaString"] for a in actions if "metaData" in a)
    ours = {f["name"]: f["type"] for f in json.loads(schema)["fields"]}
    del ours["_rescued_data"]
    theirs = {f.name: f.dataType.jsonValue() for f in theirs}
    assert {k: (v, theirs[k]) for k, v in ours.items() if v != theirs[k]} == {}


# ---- text and whole files ----

def test_text(program, tmp_path):
    pipeline = make(tmp_path, "text")
    pipeline.land("a.txt", b"one\r\n\ntwo,\"x\r\xff\nlast")
    pipeline.land("b.txt.gz", gzip.compress("f\u00fcnf\n".encode()))
    pipeline.land("c.txt", b"")
    program.run("run", tmp_path)
    rows = pipeline.rows("t")
    assert rows.column_names == ["value"]
    assert sorted(rows["value"].to_pylist()) == sorted(
        ["one", "", "two,\"x", "\ufffd", "last", "f\u00fcnf"])


def test_text_whole(program, tmp_path):
    pipeline = make(tmp_path, "text", "wholeText => true")
    pipeline.land("a.txt", "x\ny\n" * 300000)
    pipeline.land("b.txt", b"")
    program.run("run", tmp_path)
    assert sorted(pipeline.rows("t")["value"].to_pylist()) == ["", "x\ny\n" * 300000]


def test_whole_files(program, tmp_path):
    pipeline = make(tmp_path, "binaryFile")
    files = {"a b.bin": bytes(range(256)) * 9000, "c.gz": gzip.compress(b"packed"), "empty": b""}
    for name, content in files.items():
        path = pipeline.land(name, content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    program.run("run", tmp_path)
    rows = {r["path"]: r for r in pipeline.rows("t").to_pylist()}
    for name, content in files.items():
        row = rows.pop("file:" + os.path.join(pipeline.landing, name))
        assert row["content"] == content and row["length"] == len(content)
        assert row["modificationTime"].timestamp() == 1_700_000_000
    assert not rows


def test_whole_files_without_content(program, tmp_path):
    sql = TABLE.replace("*", "length, path") % "read_files('landing', format => 'binaryFile')"
    pipeline = Pipeline(tmp_path, sql)
    pipeline.land("a", b"x" * 5_000_000)
    pipeline.land("b", b"")
    program.run("run", tmp_path)
    assert sorted(pipeline.rows("t")["length"].to_pylist()) == [0, 5_000_000]


@pytest.mark.parametrize("form", ["avro", "orc", "xml", "parquet"])
def test_refused(program, tmp_path, form):
    pipeline = make(tmp_path, form)
    pipeline.land("a", b"x")
    done = program.run("run", tmp_path, code=None)
    assert done.returncode != 0
    assert "MR2320" in done.stderr and f"format {form} cannot be read" in done.stderr
