"""Eight processes write one table at once, two of them delta-rs: versions follow one another, and
every row is there once (R7's local part). MR_FAST=1 makes fewer commits."""
import json
import os
import subprocess
import sys

import deltalake

from read_table import Table

WRITERS, OTHERS = 6, 2
COMMITS = 25 if os.environ.get("MR_FAST") else 250
ROWS = 3

# delta-rs gives up when its listing misses a name that was made meanwhile; it then tries again, and
# its transaction says whether the commit had been made.
DELTA_RS = """
import sys
import deltalake, pyarrow as pa
path, app, first, commits, rows = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
schema = pa.schema([("id", pa.int64()), ("name", pa.string()), ("part", pa.string()),
                    ("at", pa.timestamp("us", "UTC")), ("price", pa.decimal128(10, 2))])

def commit(table, i):
    data = [{"id": first + i * rows + k, "part": "rs"} for k in range(rows)]
    properties = deltalake.CommitProperties(
        max_commit_retries=10000, app_transactions=[deltalake.Transaction(app, i)])
    deltalake.write_deltalake(table, pa.Table.from_pylist(data, schema), mode="append",
                              commit_properties=properties)

table, i = None, 0
for attempt in range(commits + 1000):
    try:
        if table is None:
            table = deltalake.DeltaTable(path)
            stored = table.transaction_version(app)
            i = 0 if stored is None else stored + 1
        if i == commits:
            break
        commit(table, i)
        i += 1
    except deltalake.exceptions.DeltaError as error:
        if "found gap" not in str(error):
            raise
        table = None
else:
    sys.exit("no luck")
"""


def test_many_writers(tmp_path):
    path = str(tmp_path / "table")
    program = os.path.join(os.environ["MR_BUILD"], "tests/conformance/delta/delta_probe")
    subprocess.run([program, "create", path], check=True)
    running = []
    for writer in range(WRITERS):
        first = writer * COMMITS * ROWS
        running.append(subprocess.Popen(
            [program, "load", path, f"writer-{writer}", str(COMMITS), str(first), str(ROWS)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for writer in range(WRITERS, WRITERS + OTHERS):
        first = writer * COMMITS * ROWS
        running.append(subprocess.Popen(
            [sys.executable, "-c", DELTA_RS, path, f"writer-{writer}", str(first), str(COMMITS),
             str(ROWS)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    conflicts = 0
    for process in running:
        out, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors
        if out.strip():
            counts = json.loads(out)
            conflicts += counts["conflicts"]
            assert counts["overwritten"] == 0
    commits = (WRITERS + OTHERS) * COMMITS
    print("conflicts", conflicts)
    assert conflicts > 0
    table = Table(path)
    assert table.check() == []
    log = sorted(name for name in os.listdir(f"{path}/_delta_log") if name.endswith(".json")
                 and not name.startswith("."))
    assert log == [f"{version:020d}.json" for version in range(commits + 1)]
    assert sorted(table.rows().column("id").to_pylist()) == list(range(commits * ROWS))
    theirs = deltalake.DeltaTable(path)
    assert theirs.version() == commits
    assert sorted(theirs.to_pyarrow_table(columns=["id"]).column("id").to_pylist()) == \
        list(range(commits * ROWS))
    done = subprocess.run([program, "state", path], capture_output=True, text=True, check=True)
    state = json.loads(done.stdout)
    assert state["version"] == commits and state["live_files"] == commits
    assert state["txn"] == {f"writer-{n}": COMMITS - 1 for n in range(WRITERS + OTHERS)}
