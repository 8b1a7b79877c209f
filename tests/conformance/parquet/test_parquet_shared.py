"""The public files of conformance/parquet: rows as their manifest says, errors where it wants them.

MR_BUILD names the build folder that pq_dump is in. Rows of pq_dump are canonical JSON
(tests/support/batch_gen.h), those beside the files are as pyarrow reads them; the types that say
how to compare the two are pyarrow's too."""
import csv
import datetime
import decimal
import json
import math
import os
import struct
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("MR_SHARED") or os.path.join(HERE, "../../../../shared")
FOLDER = os.path.join(SHARED, "conformance/parquet")
decimal.getcontext().prec = 60
if not os.path.isdir(FOLDER):
    pytest.skip("conformance/parquet is not here", allow_module_level=True)
with open(os.path.join(FOLDER, "manifest.json"), encoding="utf-8") as f:
    MANIFEST = {case["file"]: case for case in json.load(f)}

# Spark wrote the year 290000, which its arithmetic of microseconds holds; Arrow's wraps around.
AS_SPARK = {("int96_from_spark.parquet", 5, "a"): "+290000-12-30T23:00:00.000000"}


def path_of(name):
    return os.path.join(FOLDER, name if "/" in name else f"data/{name}")


def dump(name):
    program = os.path.join(os.environ["MR_BUILD"], "tests/conformance/parquet/pq_dump")
    return subprocess.run([program, path_of(name)], capture_output=True, text=True, timeout=120)


def rows(name):
    done = dump(name)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def micros(text):
    """Microseconds since 1970 of an ISO time, of any year, without or with nanoseconds."""
    date, _, time = text.partition("T")
    sign, date = (-1 if date.startswith("-") else 1), date.lstrip("+-")
    year, month, day = (int(part) for part in date.split("-"))
    hour, minute, second = time.rstrip("Z").split(":")
    whole, _, part = second.partition(".")
    year *= sign
    cycles, base = (year - 2000) // 400, 2000 + (year - 2000) % 400
    days = (datetime.date(base, month, day) - datetime.date(1970, 1, 1)).days + cycles * 146097
    seconds = (days * 24 + int(hour)) * 3600 + int(minute) * 60 + int(whole)
    return seconds * 10**6 + int((part + "000000")[:6])


def same_float(bits, want):
    raw = bytes.fromhex(bits)
    got = struct.unpack(">f" if len(raw) == 4 else ">d", raw)[0]
    want = float(want)
    if len(raw) == 4:
        want = struct.unpack(">f", struct.pack(">f", want))[0]
    if math.isnan(want):
        return math.isnan(got)
    return got == want and math.copysign(1, got) == math.copysign(1, want)


def same(type_, got, want):
    if got is None or want is None:
        return got is want
    if pa.types.is_struct(type_):
        return len(got) == type_.num_fields and all(
            same(type_.field(i).type, got[i], want[type_.field(i).name])
            for i in range(type_.num_fields))
    if pa.types.is_map(type_):
        return len(got) == len(want) and all(
            same(type_.key_type, g[0], w[0]) and same(type_.item_type, g[1], w[1])
            for g, w in zip(got, want))
    if pa.types.is_list(type_):
        return len(got) == len(want) and all(
            same(type_.value_type, g, w) for g, w in zip(got, want))
    if pa.types.is_floating(type_):
        return same_float(got, want)
    if pa.types.is_timestamp(type_):
        return int(got) == micros(want)
    if pa.types.is_decimal(type_):
        return decimal.Decimal(got).scaleb(-type_.scale) == decimal.Decimal(want)
    if pa.types.is_binary(type_) or pa.types.is_fixed_size_binary(type_):
        return "0x" + got == want
    if pa.types.is_integer(type_):
        return int(got) == want
    assert pa.types.is_string(type_) or pa.types.is_boolean(type_), type_
    return got == want


@pytest.mark.parametrize("name", [n for n, c in MANIFEST.items() if c["expect"] == "rows"])
def test_rows(name):
    schema = pq.read_schema(path_of(name))
    with open(path_of(name) + ".rows.jsonl", encoding="utf-8") as f:
        want = [json.loads(line) for line in f]
    got = rows(name)
    assert len(got) == len(want) == MANIFEST[name]["rows"]
    for number, (row, expected) in enumerate(zip(got, want)):
        for i, field in enumerate(schema):
            value = AS_SPARK.get((name, number, field.name), expected[field.name])
            assert same(field.type, row[i], value), (number, field.name)


@pytest.mark.parametrize("name", [n for n, c in MANIFEST.items() if c["expect"] == "row count"])
def test_row_count(name):
    assert len(rows(name)) == MANIFEST[name]["rows"]


@pytest.mark.parametrize("name", [n for n, c in MANIFEST.items() if c["expect"] == "error"])
def test_error(name):
    done = dump(name)
    assert done.returncode == 1 and "pq_dump:" in done.stderr
    assert ("encrypted" in done.stderr) == ("unsupported/" in name)


@pytest.mark.parametrize("name", [n for n, c in MANIFEST.items()
                                  if c["expect"] in ("see note", "error or rows")])
def test_no_crash(name):
    assert dump(name).returncode in (0, 1)


@pytest.mark.parametrize("name", ["delta_binary_packed", "delta_byte_array",
                                  "delta_encoding_required_column"])
def test_expected_tables(name):
    """The three that parquet-testing itself gives values for."""
    with open(path_of(f"{name}_expect.csv"), encoding="utf-8") as f:
        lines = list(csv.reader(f))
    got = rows(f"{name}.parquet")
    assert len(got) == len(lines) - 1
    for row, want in zip(got, lines[1:]):
        assert ["" if v is None else v for v in row] == want
