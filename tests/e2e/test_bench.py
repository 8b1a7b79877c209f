"""Shown: the peers' check sees a table that differs from its input in one value, a row or a null,
and passes what millrace makes, of a filter too; delays are from a file to the version of its rows.
"""
import json
import os
import sys

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "bench", "peers")]

import check  # noqa: E402  pylint: disable=wrong-import-position
import ddl  # noqa: E402  pylint: disable=wrong-import-position
import engines  # noqa: E402  pylint: disable=wrong-import-position
import latency  # noqa: E402  pylint: disable=wrong-import-position
import measure  # noqa: E402  pylint: disable=wrong-import-position


@pytest.fixture(name="source", scope="module")
def make_source(tmp_path_factory):
    """A folder of clickstream files, and the schema of their records as text."""
    if not os.access(measure.program("bench_data"), os.X_OK):
        pytest.skip("no bench_data in the build: build it, or set MR_BUILD")
    folder = str(tmp_path_factory.mktemp("bench") / "source")
    measure.make_files(folder, "clickstream", 1000000, 2)
    return folder, measure.ddl_of("clickstream")


def changed(records, name, change):
    """The records with one column changed."""
    values = records[name].to_pylist()
    change(values)
    field = records.schema.field(name)
    at = records.schema.get_field_index(name)
    return records.set_column(at, field, pa.chunked_array([pa.array(values, field.type)]))


def raise_number(values):
    at = next(i for i, value in enumerate(values) if value)
    values[at] += 1e-9


def alter_item(values):
    next(items for items in values if items)[0] += "x"


def lose_member(values):
    values[5]["lat"] = None


@pytest.mark.parametrize("name,change", [("price", raise_number), ("tags", alter_item),
                                         ("geo", lose_member), (None, None)])
def test_the_check_sees_one_value(source, tmp_path, name, change):
    folder, schema_text = source
    schema = ddl.read_ddl(schema_text)
    wanted, sums = check.truth(folder, schema, None, "")
    parse = pj.ParseOptions(explicit_schema=ddl.arrow_schema(schema))
    records = pa.concat_tables(pj.read_json(os.path.join(folder, file), parse_options=parse)
                               for file in sorted(os.listdir(folder)))
    pq.write_table(records, tmp_path / "t.parquet")
    assert check.result(str(tmp_path), wanted)[0] == sums
    other = changed(records, name, change) if name else records.slice(1)
    pq.write_table(other, tmp_path / "t.parquet")
    assert check.result(str(tmp_path), wanted)[0] != sums


@pytest.mark.parametrize("what", ["table", "filter"])
def test_the_table_of_millrace_passes(source, tmp_path, program, what):
    folder, schema_text = source
    work = engines.Work(what, folder, str(tmp_path / "p"), 1, schema_text)
    command = engines.millrace_folder(work)
    program.run(*command[1:])
    projected, where = None, ""
    if work.is_filter:
        projected, where = engines.PROJECTED, work.where()
    wanted, sums = check.truth(folder, work.schema, projected, where)
    table = os.path.join(work.out, engines.ENGINES["millrace"][2])
    assert check.result(table, wanted)[0] == sums
    assert sums[0] > 50


def test_delays_are_to_the_version_that_has_the_rows(tmp_path):
    class Times:
        def __init__(self, times):
            self.times = times

    def commit(version, rows):
        add = {"add": {"stats": json.dumps({"numRecords": rows})}}
        path = tmp_path / f"{version:020}.json"
        path.write_text(json.dumps({"commitInfo": {}}) + "\n" + json.dumps(add) + "\n")

    for version, files in enumerate([1, 2, 1]):
        commit(version, files * latency.FILE_ROWS)
    feed = Times([10.0, 10.1, 10.2, 10.3])
    watch = Times({1: 10.25, 2: 10.5})
    found = latency.delays(feed, watch, str(tmp_path), 1)
    assert [round(delay) for delay in found] == [150, 50, 200]
    assert latency.rows_visible(str(tmp_path)) == 4 * latency.FILE_ROWS
