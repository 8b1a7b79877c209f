"""Files of pq_cases read by pyarrow and DuckDB: every value bit for bit, bounds, indexes, CRCs.

MR_BUILD names the build folder that pq_cases is in. The expected rows are canonical JSON
(tests/support/batch_gen.h): floats by their bits, integers, times and unscaled decimals as text, so
that nothing is rounded on the way to the comparison."""
import decimal
import glob
import json
import os
import struct
import subprocess

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

CASES = 40
decimal.getcontext().prec = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("pq")
    program = os.path.join(os.environ["MR_BUILD"], "tests/conformance/parquet/pq_cases")
    subprocess.run([program, str(path)], check=True)
    assert len(glob.glob(f"{path}/case-*.parquet")) == CASES
    return path


def float_bits(array, type_, kind):
    """Bits of floats as Arrow holds them; Python's own floats would lose the payload of a NaN."""
    width = type_.bit_width // 8
    data = array.buffers()[1]
    data = b"" if data is None else data.to_pybytes()
    out = []
    for i in range(len(array)):
        at = (array.offset + i) * width
        out.append(None if not array[i].is_valid else data[at:at + width][::-1].hex())
    return out


def canonical(array):
    """An Arrow array as the JSON form of batch_gen.h."""
    type_ = array.type
    if pa.types.is_dictionary(type_):
        return canonical(array.dictionary_decode())
    if pa.types.is_floating(type_):
        return float_bits(array, type_, "f")
    if pa.types.is_struct(type_):
        members = [canonical(m) for m in array.flatten()]
        return [list(v) if ok else None
                for ok, v in zip(array.is_valid().to_pylist(), zip(*members))]
    if pa.types.is_map(type_):
        keys, items = canonical(array.keys), canonical(array.items)
        return lists_of(array, [list(p) for p in zip(keys, items)])
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return lists_of(array, canonical(array.values))
    if pa.types.is_decimal(type_):
        return [None if v is None else str(int(v.scaleb(type_.scale))) for v in array.to_pylist()]
    if pa.types.is_integer(type_):
        return [None if v is None else str(v) for v in array.to_pylist()]
    if pa.types.is_timestamp(type_):
        return [None if v is None else str(v) for v in array.cast(pa.int64()).to_pylist()]
    if pa.types.is_date32(type_):
        return [None if v is None else str(v) for v in array.cast(pa.int32()).to_pylist()]
    if pa.types.is_binary(type_):
        return [None if v is None else v.hex() for v in array.to_pylist()]
    assert pa.types.is_boolean(type_) or pa.types.is_string(type_), type_
    return array.to_pylist()


def lists_of(array, values):
    offsets = array.offsets.to_pylist()
    return [values[offsets[i]:offsets[i + 1]] if ok else None
            for i, ok in enumerate(array.is_valid().to_pylist())]


def columns(table):
    return [sum((canonical(c) for c in table.column(i).chunks), [])
            for i in range(table.num_columns)]


def expected_columns(folder, number, count):
    with open(f"{folder}/case-{number:03}.rows", encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    return [[row[i] for row in rows] for i in range(count)]


@pytest.mark.parametrize("number", range(CASES))
def test_pyarrow_values(folder, number):
    path = f"{folder}/case-{number:03}.parquet"
    table = pq.read_table(path, page_checksum_verification=True)
    got = columns(table)
    want = expected_columns(folder, number, table.num_columns)
    for name, g, w in zip(table.column_names, got, want):
        assert g == w, f"case {number} column {name} of {table.schema.field(name).type}"


def stat_value(type_name, value):
    """A bound in canonical form as something that compares like the type."""
    if value is None:
        return None
    if type_name in ("float", "double"):
        raw = bytes.fromhex(value)
        return struct.unpack(">f" if len(raw) == 4 else ">d", raw)[0]
    if type_name == "string":
        return value.encode()
    if type_name == "binary":
        return bytes.fromhex(value)
    return value if isinstance(value, bool) else int(value)


def flatten(want, path, schema, arrays):
    """The values of a statistics column: through struct members, None where one above is null."""
    if not path:
        return want
    index = schema.get_field_index(path[0])
    return flatten([None if v is None else v[index] for v in want], path[1:],
                   schema.field(index).type, arrays)


@pytest.mark.parametrize("number", range(CASES))
def test_file_statistics(folder, number):
    """What the writer tells Delta: exact null counts, exact bounds."""
    schema = pq.read_schema(f"{folder}/case-{number:03}.parquet")
    want = expected_columns(folder, number, len(schema))
    rows = len(want[0])
    with open(f"{folder}/case-{number:03}.stats", encoding="utf-8") as f:
        stats = [json.loads(line) for line in f]
    for stat in stats:
        name, kind = stat["path"][0], stat["type"]
        if kind == "void":
            assert name not in schema.names and stat["null_count"] == rows
            continue
        index = schema.get_field_index(name)
        values = flatten(want[index], stat["path"][1:], schema.field(index).type, None)
        assert stat["null_count"] == sum(v is None for v in values), stat
        if kind in ("array", "map"):
            assert stat["min"] is None and stat["max"] is None
            continue
        there = [stat_value(kind, v) for v in values if v is not None]
        there = [v for v in there if v == v]
        if not there:
            assert stat["min"] is None and stat["max"] is None, stat
            continue
        low, high = min(there), max(there)
        for bound, got in ((low, stat["min"]), (high, stat["max"])):
            if isinstance(bound, bytes) and len(bound) > 256:
                assert got is None
            else:
                assert stat_value(kind, got) == bound, (stat, bound)


def leaf_values(array):
    """The values of each leaf of an Arrow array, in the file's order, without nulls."""
    type_ = array.type
    if pa.types.is_struct(type_):
        return [leaf for m in array.flatten() for leaf in leaf_values(m)]
    if pa.types.is_map(type_):
        return leaf_values(array.keys) + leaf_values(array.items)
    if pa.types.is_list(type_):
        return leaf_values(array.flatten())
    return [array.drop_null()]


@pytest.mark.parametrize("number", range(CASES))
def test_footer(folder, number):
    path = f"{folder}/case-{number:03}.parquet"
    options = json.load(open(f"{folder}/case-{number:03}.options", encoding="utf-8"))
    meta = pq.ParquetFile(path).metadata
    assert meta.created_by == "millrace version 0.1.0"
    pairs = meta.metadata or {}
    assert pairs.get(b"millrace.case") == ("ä = 1".encode() if options["pairs"] else None)
    schema = meta.schema
    for g in range(meta.num_row_groups):
        group = meta.row_group(g)
        table = pq.ParquetFile(path).read_row_group(g)
        assert group.num_rows == table.num_rows
        leaves = []
        for i in range(table.num_columns):
            per_chunk = [leaf_values(c) for c in table.column(i).chunks]
            leaves += [pa.chunked_array(list(cs)) for cs in zip(*per_chunk)]
        assert len(leaves) == group.num_columns
        for i in range(group.num_columns):
            check_chunk(group.column(i), schema.column(i), leaves[i], options)


def check_chunk(chunk, leaf, values, options):
    codec = {"none": "UNCOMPRESSED", "lz4_raw": "LZ4"}.get(options["codec"],
                                                           options["codec"].upper())
    assert chunk.compression == codec or (options["adaptive"] and
                                          chunk.compression == "UNCOMPRESSED")
    assert chunk.has_offset_index
    assert options["dictionary"] or not chunk.has_dictionary_page
    stats = chunk.statistics
    assert stats is not None and stats.null_count == chunk.num_values - len(values)
    type_ = values.type
    if len(values) == 0:
        assert not stats.has_min_max and chunk.has_column_index
        return
    if pa.types.is_floating(type_):
        values = values.filter(pc.invert(pc.is_nan(values)))
        if len(values) == 0:
            assert not stats.has_min_max
            return
        low, high = stats.min, stats.max
        got = pc.min_max(values).as_py()
        assert low == got["min"] and high == got["max"]
        assert low != 0 or struct.pack(">d", low) == struct.pack(">d", -0.0)
        assert high != 0 or struct.pack(">d", high) == struct.pack(">d", 0.0)
        return
    if pa.types.is_string(type_) or pa.types.is_binary(type_):
        raw = [v if isinstance(v, bytes) else v.encode() for v in values.to_pylist()]
        low, high = [v if isinstance(v, bytes) else v.encode()
                     for v in (stats.min_raw, stats.max_raw)]
        assert low <= min(raw) and max(raw) <= high
        assert len(low) <= 64 and len(high) <= 64
        assert len(min(raw)) > 64 or low == min(raw)
        assert len(max(raw)) > 64 or high == max(raw)
        if pa.types.is_string(type_):
            low.decode(), high.decode()
        return
    got = pc.min_max(values).as_py() if not pa.types.is_boolean(type_) else {
        "min": min(values.to_pylist()), "max": max(values.to_pylist())}
    assert stats.min == got["min"] and stats.max == got["max"], (leaf.path, type_)


def test_crc_is_verified(folder, tmp_path):
    """A flipped bit in a page is found by its CRC, so the CRCs above were there and right."""
    raw = bytearray(open(f"{folder}/case-001.parquet", "rb").read())
    meta = pq.ParquetFile(f"{folder}/case-001.parquet").metadata
    column = meta.row_group(0).column(2)
    raw[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(raw)
    with pytest.raises(OSError, match="(?i)crc|checksum"):
        pq.read_table(bad, page_checksum_verification=True)


@pytest.mark.parametrize("number", range(CASES))
def test_duckdb_values(folder, number):
    import duckdb
    path = f"{folder}/case-{number:03}.parquet"
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    table = con.execute(f"SELECT * FROM read_parquet('{path}')").to_arrow_table()
    want = expected_columns(folder, number, table.num_columns)
    for name, g, w in zip(table.column_names, columns(table), want):
        assert g == w, f"case {number} column {name} of {table.schema.field(name).type}"


@pytest.mark.parametrize("number", range(0, CASES, 3))
def test_duckdb_filters(folder, number):
    """Row groups and pages are skipped by their bounds, and no row is lost by it."""
    import duckdb
    path = f"{folder}/case-{number:03}.parquet"
    con = duckdb.connect()
    table = pq.read_table(path)
    for name in ("c1", "c3", "c8", "c10"):
        column = table.column(name).drop_null()
        if len(column) == 0:
            continue
        value = column[len(column) // 2]
        want = pc.sum(pc.equal(column, value)).as_py()
        query = f"SELECT count(*) FROM read_parquet('{path}') WHERE {name} = $v"
        assert con.execute(query, {"v": value.as_py()}).fetchone()[0] == want, name


@pytest.mark.parametrize("number", range(CASES))
def test_bounds_say_whether_they_are_exact(folder, number):
    import duckdb
    path = f"{folder}/case-{number:03}.parquet"
    con = duckdb.connect()
    rows = con.execute(
        "SELECT type, stats_min_value, stats_max_value, min_is_exact, max_is_exact, "
        f"path_in_schema, row_group_id FROM parquet_metadata('{path}')").fetchall()
    table = pq.ParquetFile(path)
    for kind, low, high, is_min_exact, is_max_exact, name, group in rows:
        if low is None and high is None:
            continue
        if kind != "BYTE_ARRAY":
            assert is_min_exact and is_max_exact, name
            continue
        if "," in name or name not in ("c8", "c9"):
            continue
        column = table.read_row_group(group, columns=[name]).column(0).drop_null()
        raw = [v.encode() if isinstance(v, str) else v for v in column.to_pylist()]
        assert is_min_exact == (len(min(raw)) <= 64) and is_max_exact == (len(max(raw)) <= 64)


@pytest.mark.parametrize("number", range(4))
def test_size_beside_pyarrow(folder, tmp_path, number):
    """No larger than what pyarrow makes of the same rows with zstd-1, dictionaries and indexes."""
    ours, theirs = f"{folder}/size-{number}.parquet", tmp_path / "theirs.parquet"
    pq.write_table(pq.read_table(ours), theirs, compression="zstd", compression_level=1,
                   store_schema=False, write_page_index=True, write_page_checksum=True)
    for_indexes = 200 * pq.ParquetFile(ours).metadata.num_columns  # level counts, which it has not
    a, b = os.path.getsize(ours), os.path.getsize(theirs)
    assert a <= b + for_indexes, f"{a} bytes beside {b}"
    # What the codec spares itself as tables have it costs a tenth at most, and no value.
    adaptive = f"{folder}/adaptive-{number}.parquet"
    c = os.path.getsize(adaptive)
    assert c <= 1.1 * a, f"{c} bytes beside {a}"
    got, want = pq.read_table(adaptive, page_checksum_verification=True), pq.read_table(ours)
    assert columns(got) == columns(want)


def test_efforts_read_by_duckdb(folder):
    """zstd's raw blocks and frames without repeats, beside the same rows at level 1."""
    import duckdb
    for number in range(4):
        a, b = (duckdb.connect().execute(f"SELECT * FROM read_parquet('{folder}/{name}-{number}"
                                         ".parquet')").to_arrow_table()
                for name in ("size", "adaptive"))
        assert columns(a) == columns(b)


# ---- files of others, read here ------------------------------------------------------------------


def dump(path):
    program = os.path.join(os.environ["MR_BUILD"], "tests/conformance/parquet/pq_dump")
    out = subprocess.run([program, str(path)], check=True, capture_output=True).stdout
    return [json.loads(line) for line in out.decode().splitlines()]


def rows_of(table):
    return [list(row) for row in zip(*columns(table))]


@pytest.mark.parametrize("number", range(0, CASES, 4))
@pytest.mark.parametrize("options", [
    {"compression": "zstd"},
    {"compression": "snappy", "data_page_version": "2.0"},
    {"compression": "gzip", "data_page_version": "2.0", "data_page_size": 1000},
    {"compression": "lz4", "use_dictionary": False, "data_page_size": 500},
    {"compression": "none", "dictionary_pagesize_limit": 300, "version": "1.0"},
], ids=str)
def test_reads_pyarrow(folder, tmp_path, number, options):
    table = pq.read_table(f"{folder}/case-{number:03}.parquet")
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=700, write_page_checksum=True, **options)
    assert dump(path) == rows_of(pq.read_table(path))


@pytest.mark.parametrize("encoding, names", [
    ("DELTA_BINARY_PACKED", ["c3", "c4", "c11", "c12"]),
    ("DELTA_LENGTH_BYTE_ARRAY", ["c7", "c8"]),
    ("DELTA_BYTE_ARRAY", ["c7", "c8"]),
    ("BYTE_STREAM_SPLIT", ["c3", "c4", "c5", "c6", "c17"]),
])
def test_reads_encodings(folder, tmp_path, encoding, names):
    for number in (3, 9, 24):
        table = pq.read_table(f"{folder}/case-{number:03}.parquet")
        names = [n for n in names if n in table.column_names]
        kept = [n for n in names if encoding_fits(encoding, table.schema.field(n).type)]
        assert kept
        part = table.select(kept)
        path = tmp_path / f"e{number}.parquet"
        pq.write_table(part, path, use_dictionary=False, data_page_version="2.0",
                       column_encoding={n: encoding for n in kept})
        used = pq.ParquetFile(path).metadata.row_group(0).column(0).encodings
        assert encoding in used
        assert dump(path) == rows_of(part)


def encoding_fits(encoding, type_):
    is_text = pa.types.is_string(type_) or pa.types.is_binary(type_)
    if encoding in ("DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
        return is_text
    if encoding == "DELTA_BINARY_PACKED":
        return pa.types.is_integer(type_) or pa.types.is_timestamp(type_)
    return not is_text and not pa.types.is_boolean(type_)


def test_reads_old_forms(tmp_path):
    """INT96, milliseconds and nanoseconds, unsigned integers, two-level lists."""
    stamps = pa.array([0, -1, 1_600_000_000_123_456_789, None], pa.timestamp("ns", "UTC"))
    table = pa.table({
        "t96": stamps, "u8": pa.array([0, 255, 7, None], pa.uint8()),
        "u32": pa.array([0, 2**32 - 1, 7, None], pa.uint32()),
        "u64": pa.array([0, 2**64 - 1, 7, None], pa.uint64()),
        "l": pa.array([[1, None], [], None, [3]], pa.list_(pa.int32())),
    })
    path = tmp_path / "old.parquet"
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, version="2.6",
                   use_compliant_nested_type=False)
    us = ["0", "-1", "1600000000123456", None]
    rest = rows_of(table.drop_columns(["t96"]))
    assert dump(path) == [[t, *r] for t, r in zip(us, rest)]
    for unit, factor in (("ms", 10**6), ("us", 10**3), ("ns", 1)):
        part = pa.table({"t": stamps.cast(pa.timestamp(unit, "UTC"), safe=False)})
        pq.write_table(part, path, version="2.6")
        want = [None if v is None else str(v * factor // 1000)
                for v in part.column(0).cast(pa.int64()).to_pylist()]
        assert [r[0] for r in dump(path)] == want


def test_reads_duckdb(folder, tmp_path):
    import duckdb
    for number in (1, 6, 11):
        source, path = f"{folder}/case-{number:03}.parquet", tmp_path / f"d{number}.parquet"
        con = duckdb.connect()
        con.execute(f"COPY (SELECT * FROM read_parquet('{source}')) TO '{path}' "
                    "(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)")
        assert dump(path) == rows_of(pq.read_table(source))


# ---- predicates on files of others ---------------------------------------------------------------


OPS = {"eq": pc.equal, "lt": pc.less, "ge": pc.greater_equal}


def filtered(path, column, op, *values):
    """Numbers of the rows that are read with a predicate."""
    program = os.path.join(os.environ["MR_BUILD"], "tests/conformance/parquet/pq_dump")
    words = [program, str(path), column, op, *(str(v) for v in values)]
    out = subprocess.run(words, check=True, capture_output=True).stdout
    return [json.loads(line)[0] for line in out.decode().splitlines()]


def some_table(rows):
    """Columns in runs, so that pages differ, with nulls, NaN and both zeros."""
    index = pa.array(range(rows), pa.int64())
    floats = [None if i % 97 == 0 else float("nan") if i % 89 == 5 else (i // 300) - 5.0
              for i in range(rows)]
    return pa.table({
        "i": pc.divide(index, 10), "u": pc.cast(pc.divide(index, 7), pa.uint32()),
        "f": pa.array(floats, pa.float64()), "g": pa.array(floats, pa.float32()),
        "s": pa.array([None if i % 13 == 0 else f"text {i // 50:05} and more"
                       for i in range(rows)]),
        "d": pa.array([decimal.Decimal(i // 20).scaleb(-2) for i in range(rows)],
                      pa.decimal128(12, 2)),
        "n": pa.array([None if i < rows // 2 else i for i in range(rows)], pa.int32())})


def check_filters(path, table, values):
    """Every row that matches is read; says how many rows were left out."""
    left_out = 0
    for column, words in values.items():
        array = table.column(column)
        for word, value in words:
            for op, function in OPS.items():
                want = pc.indices_nonzero(pc.fill_null(function(array, value), False)).to_pylist()
                got = filtered(path, column, op, word)
                assert set(want) <= set(got), (column, op, word)
                left_out += table.num_rows - len(got)
        nulls = pc.indices_nonzero(pc.is_null(array)).to_pylist()
        assert set(nulls) <= set(filtered(path, column, "null"))
        left_out += table.num_rows - len(filtered(path, column, "null"))
    return left_out


VALUES = {"i": [("17", 17), ("-1", -1)], "u": [("40", 40), ("4000000000", 4000000000)],
          "f": [("-3", -3.0), ("99", 99.0)], "g": [("-3", -3.0), ("-0.0", -0.0)],
          "s": [("text 00011 and more", "text 00011 and more"), ("u", "u")],
          "d": [("55", decimal.Decimal("0.55"))], "n": [("2500", 2500)]}


@pytest.mark.parametrize("options", [
    {"write_page_index": True, "data_page_size": 400, "write_batch_size": 100},
    {"row_group_size": 500}, {"write_statistics": False, "row_group_size": 500}], ids=str)
def test_filters_of_pyarrow(tmp_path, options):
    table = some_table(4000)
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, **options)
    left_out = check_filters(path, table, VALUES)
    assert (left_out == 0) == (options.get("write_statistics") is False)


def test_filters_of_duckdb(tmp_path):
    """With bloom filters, which find values that lie between the bounds of every row group."""
    import duckdb
    table = some_table(6000)
    path = tmp_path / "d.parquet"
    con = duckdb.connect()
    con.register("t", table)
    con.execute(f"COPY t TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    table = pq.read_table(path)
    assert check_filters(path, table, VALUES) > 0
    shuffled = tmp_path / "shuffled.parquet"
    con.execute("COPY (SELECT 'k' || (i * 7919 % 300) AS k, (i * 7919 % 300) * 2 AS v "
                f"FROM range(20000) r(i)) TO '{shuffled}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    table = pq.read_table(shuffled)
    for column, there, absent in (("k", "k77", "k77x"), ("v", 154, 155)):
        want = pc.indices_nonzero(pc.equal(table.column(column), there)).to_pylist()
        assert want and set(want) <= set(filtered(shuffled, column, "eq", there))
        assert filtered(shuffled, column, "eq", absent) == []
