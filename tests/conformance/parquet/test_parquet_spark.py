"""Files of pq_cases read by Spark: every value, and filters that use bounds and page indexes.

Spark reads a file and writes what it saw; pyarrow reads that, and it has to be the expected rows
bit for bit."""
import glob

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from test_parquet import CASES, columns, expected_columns, folder  # noqa: F401 (a fixture)

pyspark = pytest.importorskip("pyspark")


SETTINGS = {
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.compression.codec": "none",
    "spark.sql.parquet.enableVectorizedReader": "true",
    "spark.sql.parquet.enableNestedColumnVectorizedReader": "true",
}


@pytest.fixture(autouse=True)
def parquet_settings(spark):
    """The session of all tests, with settings of this module's while one of them runs."""
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    yield
    for name in SETTINGS:
        spark.conf.unset(name)


@pytest.mark.parametrize("number", range(0, CASES, 3))
def test_values(folder, spark, tmp_path, number):  # noqa: F811
    path = f"{folder}/case-{number:03}.parquet"
    # Nested columns go through both of Spark's readers.
    spark.conf.set("spark.sql.parquet.enableVectorizedReader", str(number % 2 == 0).lower())
    spark.conf.set("spark.sql.parquet.enableNestedColumnVectorizedReader", "true")
    seen = str(tmp_path / "seen")
    spark.read.parquet(path).coalesce(1).write.parquet(seen)
    files = glob.glob(f"{seen}/part-*.parquet")
    schema = pq.read_schema(path)
    want = expected_columns(folder, number, len(schema))
    if not want[0]:
        assert sum(pq.read_table(f).num_rows for f in files) == 0
        return
    assert len(files) == 1
    table = pq.read_table(files[0])
    assert table.column_names == schema.names
    for name, got, expected in zip(schema.names, columns(table), want):
        assert got == expected, f"case {number} column {name}"


@pytest.mark.parametrize("number", [1, 15, 24])
def test_filters(folder, spark, number):  # noqa: F811
    path = f"{folder}/case-{number:03}.parquet"
    spark.conf.set("spark.sql.parquet.enableVectorizedReader", "true")
    table = pq.read_table(path)
    frame = spark.read.parquet(path)
    for name in ("c1", "c3", "c4", "c6", "c7", "c10", "c12", "c25"):
        column = table.column(name).drop_null()
        if len(column) == 0:
            continue
        value = column[len(column) // 3]
        if value.as_py() != value.as_py():
            continue
        want = pc.sum(pc.equal(column, value)).as_py()
        literal = value.as_py()
        if name == "c10":  # Python's way to the JVM would take old dates for Julian ones
            literal = pyspark.sql.functions.expr(f"timestamp_micros({value.value}L)")
        assert frame.filter(frame[name] == literal).count() == want, name
        nulls = table.column(name).null_count
        assert frame.filter(frame[name].isNull()).count() == nulls, name
