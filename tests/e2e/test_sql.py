"""Shown: `millrace sql` over tables of a pipeline and of others: rows in each format, time travel,
statements about tables, errors with place and exit code, a query while the table grows; every table
of the conformance set is read to its end, or refused by name."""
import csv
import io
import json
import os
import subprocess

import pytest

from pipeline import Pipeline

SQL = """CREATE STREAMING TABLE t AS SELECT id, v, upper(name) AS name
FROM STREAM read_files('landing', format => 'json',
                       schema => 'id BIGINT, v DOUBLE, name STRING');
"""


def lines(first, last):
    return "".join(json.dumps({"id": i, "v": i / 2, "name": f"n{i % 3}"}) + "\n"
                   for i in range(first, last + 1))


@pytest.fixture
def grown(program, tmp_path):
    """A pipeline whose table has versions 1 (10 rows) and 2 (1,000 rows)."""
    pipeline = Pipeline(tmp_path, SQL)
    pipeline.land("a.json", lines(1, 10))
    program.run("run", tmp_path)
    pipeline.land("b.json", lines(11, 1000))
    program.run("run", tmp_path)
    return pipeline


def ask(program, *words, code=0, **more):
    done = program.run("sql", *words, code=code, **more)
    return done.stdout


def table_rows(text):
    """Cells of the format `csv`, without the header."""
    return list(csv.reader(io.StringIO(text)))[1:]


def test_rows_in_each_format(program, grown):
    query = ("SELECT id, name, CASE WHEN id = 2 THEN NULL ELSE v END AS v FROM t WHERE id < 3 "
             "ORDER BY id")
    asks = {f: ask(program, "-C", grown.folder, "--format", f, "-c", query)
            for f in ("table", "csv", "markdown", "json", "ndjson")}
    assert asks["table"].splitlines() == [
        " id | name |    v", "----+------+------", "  1 | N1   |  0.5", "  2 | N2   | NULL"]
    assert asks["csv"] == "id,name,v\n1,N1,0.5\n2,N2,\n"
    assert asks["markdown"].splitlines()[2:] == ["| 1 | N1 | 0.5 |", "| 2 | N2 | NULL |"]
    assert json.loads(asks["json"])[0] == {"id": 1, "name": "N1", "v": 0.5}
    assert [json.loads(line)["id"] for line in asks["ndjson"].splitlines()] == [1, 2]


def test_time_travel(program, grown):
    def count(suffix):
        return table_rows(ask(program, "-C", grown.folder, "--format", "csv", "-c",
                              f"SELECT count(*), sum(id) FROM t {suffix}"))
    assert count("") == [["1000", "500500"]]
    assert count("VERSION AS OF 1") == [["10", "55"]]
    assert count("VERSION AS OF 0") == [["0", ""]]
    history = table_rows(ask(program, "-C", grown.folder, "--format", "csv", "-c",
                             "DESCRIBE HISTORY t"))
    assert [row[0] for row in history] == ["2", "1", "0"]
    assert count(f"TIMESTAMP AS OF '{history[1][1]}'") == [["10", "55"]]
    done = program.run("sql", "-C", grown.folder, "-c", "SELECT * FROM t VERSION AS OF 7", code=1)
    assert "MR3121" in done.stderr


def test_statements_about_tables(program, grown):
    script = "SHOW TABLES; DESCRIBE t; SHOW COLUMNS IN t; DESCRIBE DETAIL t; SHOW CREATE TABLE t"
    text = ask(program, "-C", grown.folder, "--format", "csv", "-c", script)
    for part in ("default,t,false", "id,bigint", "name,string", "delta,", "USING delta"):
        assert part in text
    warehouse = os.path.join(grown.folder, "storage", "tables")
    ask(program, "--warehouse", warehouse, "-c", "CREATE SCHEMA extra; USE extra; SHOW TABLES")
    done = program.run("sql", "--warehouse", warehouse, "-c", "DROP SCHEMA main.default", code=3)
    assert "MR1219" in done.stderr and "CASCADE" in done.stderr
    ask(program, "--warehouse", warehouse, "-c", "DROP TABLE t; DROP SCHEMA extra")
    assert os.listdir(os.path.join(warehouse, "main")) == ["default"]
    assert os.listdir(os.path.join(warehouse, "main", "default")) == []


def test_errors_point_at_the_token(program, grown):
    done = program.run("sql", "-C", grown.folder, "-c", "SELECT id,\n  naem FROM t", code=3)
    assert "error[MR1203]" in done.stderr and "command line:2:3" in done.stderr
    assert "  naem FROM t" in done.stderr and 'did you mean "name"?' in done.stderr
    done = program.run("sql", "-C", grown.folder, "-c", "SELECT 1 / (id - 5) FROM t", code=1)
    assert "MR1311" in done.stderr
    done = program.run("sql", "-C", grown.folder, "-c", "SELECT * FROM nothing", code=3)
    assert "MR1210" in done.stderr
    done = program.run("sql", "-c", "SELECT * FROM nothing", code=3)
    assert "--warehouse" in done.stderr


def test_a_file_and_the_standard_input(program, grown, tmp_path):
    path = tmp_path / "q.sql"
    path.write_text("USE default; SELECT max(id) FROM t", encoding="utf-8")
    by_file = ask(program, "-C", grown.folder, "--format", "csv", "-f", str(path))
    assert by_file == "max(id)\n1000\n"
    by_path = f"SELECT count(*) AS n FROM delta.`{grown.path('t')}`"
    done = subprocess.run([program.path, "sql", "--format", "csv"], input=by_path, text=True,
                          capture_output=True, check=True)
    assert done.stdout == "n\n1000\n"


def test_a_small_limit_is_an_error_by_name(program, grown):
    done = program.run("sql", "-C", grown.folder, "--memory", "24MiB", "-c",
                       "SELECT id % 2000000, collect_list(id) FROM range(3000000) GROUP BY 1",
                       code=1)
    assert "MR1221" in done.stderr and "HashAggregate" in done.stderr


def cases():
    root = os.environ.get("MR_SHARED") or os.path.join(
        os.path.dirname(__file__), "..", "..", "..", "shared")
    folder = os.path.join(root, "conformance", "delta")
    for path, _, names in sorted(os.walk(folder)):
        if "case.json" in names:
            yield os.path.relpath(path, folder)


@pytest.mark.parametrize("name", list(cases()) or ["none"])
def test_conformance(program, shared, name):
    if name == "none":
        pytest.skip("no shared test data: set MR_SHARED")
    folder = os.path.join(shared, "conformance", "delta", name)
    with open(os.path.join(folder, "case.json"), encoding="utf-8") as f:
        case = json.load(f)
    path = os.path.join(folder, "delta")
    query = f"SELECT * FROM delta.`{path}`"
    if case["expect"] == "log state":
        pytest.skip("the set has no data files of this table")
    done = program.run("sql", "--format", "ndjson", "--memory", "1GiB", "-c", query, code=None)
    if case["expect"] == "error":
        assert done.returncode != 0 and "error[MR" in done.stderr
        return
    if done.returncode != 0:
        # A reader feature that this program does not have is refused by its name.
        assert "MR3103" in done.stderr or "MR3120" in done.stderr, done.stderr
        return
    rows = done.stdout.count("\n")
    if case["expect"] == "rows":
        with open(os.path.join(folder, "rows.jsonl"), encoding="utf-8") as f:
            assert rows == sum(1 for _ in f)
    else:
        assert rows == case["num_rows"]
    count = table_rows(ask(program, "--format", "csv", "-c",
                           f"SELECT count(*) FROM delta.`{path}`"))
    assert count == [[str(rows)]]
