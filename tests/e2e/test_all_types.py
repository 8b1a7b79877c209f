"""Shown, with the program itself: one table with columns of every type, nested ones among them and
nulls at each level, has the same rows for pyarrow, delta-rs, DuckDB and Spark as the JSON that it
was made of: floats bit for bit, times to the microsecond, decimals digit for digit. Delta-rs and
Spark append to it, and the program again, and all of them agree on what is there then."""
import base64
import datetime
import decimal
import json
import math
import random
import struct

import deltalake
import duckdb
import pytest

from pipeline import Pipeline

UTC = datetime.timezone.utc
SCHEMA = """id BIGINT, bool BOOLEAN, i8 TINYINT, i16 SMALLINT, i32 INT, i64 BIGINT, f FLOAT,
  d DOUBLE, m9 DECIMAL(9,2), m18 DECIMAL(18,4), m38 DECIMAL(38,10), s STRING, bin BINARY, day DATE,
  at TIMESTAMP, local TIMESTAMP_NTZ,
  st STRUCT<a: INT, b: STRING, c: STRUCT<d: DOUBLE, e: ARRAY<BIGINT>>>,
  arr ARRAY<INT>, grid ARRAY<ARRAY<STRING>>, mp MAP<STRING, DECIMAL(18,4)>,
  deep ARRAY<STRUCT<k: FLOAT, v: MAP<STRING, ARRAY<STRUCT<x: TIMESTAMP, y: BINARY, z: DATE>>>>>"""
SQL = f"""CREATE OR REFRESH STREAMING TABLE t AS SELECT *
FROM STREAM read_files('landing', format => 'json', schema => '{SCHEMA}');
"""
NAMES = [n.split()[0] for n in
         "id,bool,i8,i16,i32,i64,f,d,m9,m18,m38,s,bin,day,at,local,st,arr,grid,mp,deep".split(",")]


# ---- rows ------------------------------------------------------------------------------------

def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


FLOATS = [0.0, -0.0, 1.5, -1e-45, 3.4028234663852886e38, -1.1754943508222875e-38, math.inf,
          -math.inf, math.nan]
DOUBLES = [0.0, -0.0, 0.1, 5e-324, 1.7976931348623157e308, -2.2250738585072014e-308, math.inf,
           -math.inf, math.nan]
TEXTS = ["", " ", "plain", "zażółć gęślą", "\U0001f600\u0000\u001f\"\\/\b\f\n\r\t", "e\u0301",
         "12 bytes here", "13 bytes here.", "\u2028\u2029\ufeff\uffff", "x" * 5000]
MOMENTS = [datetime.datetime(1970, 1, 1), datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
           datetime.datetime(2026, 2, 28, 12, 0, 0, 123456), datetime.datetime(2400, 2, 29),
           datetime.datetime(1700, 1, 1, 0, 0, 0, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)]


def digits(rng, precision, scale):
    number = rng.choice([10 ** precision - 1, -10 ** precision + 1, 0, 1, -1,
                         rng.randrange(-10 ** precision + 1, 10 ** precision)])
    return decimal.Decimal(number).scaleb(-scale, decimal.Context(prec=50))


def maybe(rng, make):
    return None if rng.random() < 0.2 else make()


def some(rng, make, most=4):
    return [maybe(rng, make) for _ in range(rng.randrange(most))]


def moment(rng):
    return rng.choice(MOMENTS) + datetime.timedelta(microseconds=-rng.randrange(10 ** 6)) \
        if rng.random() < 0.5 else rng.choice(MOMENTS)


def make_inner(rng):
    return {"x": maybe(rng, lambda: moment(rng).replace(tzinfo=UTC)),
            "y": maybe(rng, lambda: rng.randbytes(rng.randrange(20))),
            "z": maybe(rng, lambda: moment(rng).date())}


def make_deep(rng):
    return {"k": maybe(rng, lambda: float32(rng.choice(FLOATS))),
            "v": maybe(rng, lambda: {rng.choice(TEXTS): maybe(rng, lambda: some(
                rng, lambda: make_inner(rng))) for _ in range(rng.randrange(3))})}


def make_row(rng, number):
    makers = {
        "bool": lambda: rng.random() < 0.5,
        "i8": lambda: rng.choice([-128, 127, 0]),
        "i16": lambda: rng.choice([-2 ** 15, 2 ** 15 - 1]),
        "i32": lambda: rng.choice([-2 ** 31, 2 ** 31 - 1, 7]),
        "i64": lambda: rng.choice([-2 ** 63, 2 ** 63 - 1, 2 ** 53 + 1]),
        "f": lambda: rng.choice(FLOATS + [float32(rng.uniform(-1e6, 1e6))]),
        "d": lambda: rng.choice(DOUBLES + [rng.uniform(-1e300, 1e300)]),
        "m9": lambda: digits(rng, 9, 2), "m18": lambda: digits(rng, 18, 4),
        "m38": lambda: digits(rng, 38, 10), "s": lambda: rng.choice(TEXTS),
        "bin": lambda: rng.randbytes(rng.randrange(40)), "day": lambda: moment(rng).date(),
        "at": lambda: moment(rng).replace(tzinfo=UTC), "local": lambda: moment(rng),
        "st": lambda: {"a": maybe(rng, lambda: 5), "b": maybe(rng, lambda: rng.choice(TEXTS)),
                       "c": maybe(rng, lambda: {
                           "d": maybe(rng, lambda: rng.choice(DOUBLES)),
                           "e": maybe(rng, lambda: some(rng, lambda: 2 ** 62 + 1))})},
        "arr": lambda: some(rng, lambda: rng.randrange(-2 ** 31, 2 ** 31), 6),
        "grid": lambda: some(rng, lambda: some(rng, lambda: rng.choice(TEXTS))),
        "mp": lambda: {rng.choice(TEXTS): maybe(rng, lambda: digits(rng, 18, 4))
                       for _ in range(rng.randrange(4))},
        "deep": lambda: some(rng, lambda: make_deep(rng)),
    }
    return {"id": number, **{name: maybe(rng, make) for name, make in makers.items()}}


def to_json(value):
    """A value as JSON text, with all digits of decimals; a null is left out by chance of its name,
    so that both forms of a null are there."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{to_json(v)}" for k, v in value.items()
                              if v is not None or len(k) % 2 == 0 or k not in NAMES) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: '"Infinity"', -math.inf: '"-Infinity"'}.get(value, '"NaN"')
    if isinstance(value, bytes):
        return json.dumps(base64.b64encode(value).decode())
    if isinstance(value, (datetime.datetime, datetime.date)):
        return json.dumps(value.isoformat())
    return json.dumps(value, ensure_ascii=isinstance(value, str) and len(value) % 2 == 0)


def rows_of(first, count):
    """Row `first` has no value but its id, the next one has all of them."""
    rng = random.Random(first)
    rows = [make_row(rng, first + i) for i in range(count)]
    rows[0] = {name: first if name == "id" else None for name in NAMES}
    full = random.Random(first)
    full.random = lambda: 0.9
    rows[1] = make_row(full, first + 1)
    return rows


# ---- what engines give -----------------------------------------------------------------------

MAPS = {"mp", "v"}
SINGLES = {"f", "k"}


def plain(value, name=""):
    """A value of any engine in one form that compares exactly."""
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        form = "<f" if name in SINGLES else "<d"
        return "nan" if math.isnan(value) else struct.pack(form, value).hex()
    if isinstance(value, decimal.Decimal):
        return str(value.normalize(decimal.Context(prec=50)))  # Spark gives 1.00E-10 for 1E-10
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime):
        moved = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
        return (moved - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date):
        return value.toordinal()
    if name in MAPS:
        pairs = value.items() if isinstance(value, dict) else value
        return sorted((k, plain(v, "")) for k, v in pairs)
    if isinstance(value, dict):
        return {k: plain(v, k) for k, v in value.items()}
    return [plain(v) for v in value]


def plain_rows(rows):
    return sorted(({n: plain(row[n], n) for n in NAMES} for row in rows), key=lambda r: r["id"])


def by_duckdb(pipeline):
    """The table's live files, as Delta's log has them, read by DuckDB's own Parquet reader."""
    table = pipeline.table("t")
    files = [table.file_path(add) for add in table.snapshot().adds.values()]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection.execute("SELECT * FROM read_parquet(?)", [files]).to_arrow_table().to_pylist()


def by_spark(spark, pipeline):
    """Times as numbers, because Python's Spark would give them in the machine's zone."""
    frame = spark.read.format("delta").load(pipeline.path("t"))
    rows = [r.asDict(recursive=True) for r in frame.collect()]
    utc = lambda t: None if t is None else t.astimezone(UTC)
    for row in rows:
        row["at"] = utc(row["at"])
        for item in row["deep"] or []:
            for inner in [i for v in ((item or {}).get("v") or {}).values() for i in v or []]:
                if inner is not None:
                    inner["x"] = utc(inner["x"])
    return rows


def by_pyarrow(pipeline):
    """All checks passed but those of others' statistics: delta-rs rounds decimals to floats."""
    table = pipeline.table("t")
    findings = [f for f in table.check() if ".snappy.parquet" not in f]
    assert findings == [], findings
    return table.rows().to_pylist()


def assert_rows(pipeline, rows, spark):
    wanted = plain_rows(rows)
    engines = {
        "pyarrow": lambda: by_pyarrow(pipeline),
        "delta-rs": lambda: deltalake.DeltaTable(pipeline.path("t")).to_pyarrow_table().to_pylist(),
        "duckdb": lambda: by_duckdb(pipeline),
        "spark": lambda: by_spark(spark, pipeline),
    }
    for engine, read in engines.items():
        found = plain_rows(read())
        assert [r["id"] for r in found] == [r["id"] for r in wanted], engine
        for ours, theirs in zip(found, wanted):
            for name in NAMES:
                assert ours[name] == theirs[name], f"{engine}: row {ours['id']}, column {name}"


def land(pipeline, name, rows):
    pipeline.land(name, "".join(to_json(row) + "\n" for row in rows))


@pytest.mark.parametrize("rows", [400])
def test_all_engines(program, spark, tmp_path, rows):
    pipeline = Pipeline(tmp_path, SQL)
    data = rows_of(1, rows)
    land(pipeline, "a.json", data[:rows // 2])
    land(pipeline, "b.json", data[rows // 2:])
    done = program.run("run", tmp_path)
    assert "0 rescued, 0 malformed, 0 misfit" in done.stderr
    assert pipeline.table("t").check() == []
    assert_rows(pipeline, data, spark)

    # delta-rs and Spark append the same rows under other ids, each what it reads itself.
    table = deltalake.DeltaTable(pipeline.path("t"))
    read = table.to_pyarrow_table()
    moved = [n + 10000 for n in read.column("id").to_pylist()]
    index = read.schema.get_field_index("id")
    deltalake.write_deltalake(
        table, read.set_column(index, read.schema.field(index), [moved]), mode="append")
    columns = ", ".join(f"`{n}`" for n in NAMES[1:])
    # As INT96, its default, delta-rs could not read instants beyond the years of nanoseconds.
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    spark.sql(f"INSERT INTO delta.`{pipeline.path('t')}` SELECT id + 20000, {columns} "
              f"FROM delta.`{pipeline.path('t')}` WHERE id < 10000")
    spark.conf.unset("spark.sql.parquet.outputTimestampType")
    again = rows_of(30001, 20)
    land(pipeline, "c.json", again)
    program.run("run", tmp_path)
    more = [{**row, "id": row["id"] + shift} for row in data for shift in (10000, 20000)]
    assert_rows(pipeline, data + more + again, spark)
