"""Rows of other writers' tables, read with our own log replay and Parquet reader, against each
table's case.json: rows or aggregates of the newest version, row counts of every version that can be
read, the change feed, or a refusal. MR_BUILD names the build folder.

The one version that is not read is listed by name with its reason and must be refused."""
import decimal
import glob
import json
import os
import subprocess

import pytest

# Reader features that are refused by name: reading on could give wrong rows.
REFUSED = {"variantType", "variantType-preview", "variantShredding-preview", "catalogOwned",
           "catalogManaged", "blahabl", "geospatial"}

# A deletion vector with a tail that the Z85 standard does not have (see the table's notes).
UNREADABLE = {("kernel-rs/cdf-table-with-dv", "5"): "its text is not Z85"}


def read(*words, code=0):
    program = os.path.join(os.environ["MR_BUILD"], "tests/conformance/delta/delta_read")
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr or done.stdout[:200]
    return done.stderr if code else done.stdout.splitlines()


@pytest.fixture(scope="module")
def cases(shared):
    found = {}
    for path in sorted(glob.glob(f"{shared}/conformance/delta/*/*/case.json")):
        with open(path, encoding="utf-8") as file:
            found[os.path.dirname(path)] = json.load(file)
    assert len(found) == 124
    return found


def name_of(case):
    return f"{case['suite']}/{case['table']}"


def is_refused(case):
    """Whether the right answer is a refusal by a feature's name."""
    protocol = case.get("protocol") or {}
    return bool(set(protocol.get("readerFeatures") or []) & REFUSED) or \
        protocol.get("minReaderVersion", 0) > 3


def of_kind(cases, expect):
    return {path: case for path, case in cases.items()
            if case["expect"] == expect and not is_refused(case)}


def canonical(lines):
    """Rows as comparable texts: numbers by value, not by spelling."""
    return sorted(json.dumps(json.loads(line), sort_keys=False) for line in lines)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def test_rows(cases):
    wrong, passed = [], 0
    for path, case in of_kind(cases, "rows").items():
        got = canonical(read("rows", f"{path}/delta"))
        want = canonical(lines_of(f"{path}/rows.jsonl"))
        passed += got == want
        if got != want:
            wrong.append((name_of(case), len(got), len(want), [g for g in got if g not in want][:2],
                          [w for w in want if w not in got][:2]))
    assert not wrong, "\n".join(map(str, wrong))
    assert passed == 98


def test_aggregates(cases):
    tables = of_kind(cases, "aggregates")
    for path, case in tables.items():
        rows = list(map(json.loads, read("rows", f"{path}/delta")))
        assert len(rows) == case["num_rows"], name_of(case)
        for column, want in case["aggregates"].items():
            values = [row[column] for row in rows if row[column] is not None]
            got = {"nulls": len(rows) - len(values)}
            if "sum" in want:
                numbers = [decimal.Decimal(value) if isinstance(value, str) else value
                           for value in values]
                got.update(min=min(numbers), max=max(numbers), sum=sum(numbers))
            assert {key: decimal.Decimal(value) for key, value in want.items()} == got, \
                (name_of(case), column)
    assert len(tables) == 2


def test_every_version(cases):
    wrong, passed = [], 0
    for path, case in cases.items():
        if is_refused(case):
            continue
        for version, want in case.get("rows_by_version", {}).items():
            if (name_of(case), version) in UNREADABLE:
                message = read("rows", f"{path}/delta", version, code=1)
                assert UNREADABLE[name_of(case), version] in message
                continue
            got = len(read("rows", f"{path}/delta", version))
            passed += got == want
            if got != want:
                wrong.append((name_of(case), version, got, want))
    assert not wrong, "\n".join(map(str, wrong))
    assert passed == 304


def test_skipping_is_sound(cases):
    """No file is passed over for a term that is true for one of its rows."""
    terms = 0
    for path, case in of_kind(cases, "rows").items():
        result = json.loads(read("sound", f"{path}/delta")[0])
        assert result["wrong"] == 0, name_of(case)
        terms += result["terms"]
    assert terms > 50000


def test_skipping_skips(cases):
    """Files that statistics rule out are passed over: 1 ms is added to a cut maximum."""
    def skip(name, *words):
        path = next(path for path in cases if path.endswith(name))
        return json.loads(read("skip", f"{path}/delta", *words)[0])

    basic = "golden/data-skipping-basic-stats-all-types"
    assert skip(basic, "as_int", ">", "0")["skipped"] == 1
    assert skip(basic, "as_int", ">=", "0")["skipped"] == 0
    assert skip(basic + "-columnmapping-name", "as_int", "<", "0")["skipped"] == 1
    assert skip(basic, "as_timestamp", "null")["skipped"] == 1
    parts = skip("kernel-rs/basic_partitioned", "letter", "=", "a")
    assert parts == {"files": 2, "skipped": 4}


def test_change_feeds(cases):
    feeds = 0
    for path, case in cases.items():
        if "cdf_from_version" not in case:
            continue
        got = canonical(read("changes", f"{path}/delta", case["cdf_from_version"]))
        assert got == canonical(lines_of(f"{path}/cdf.jsonl")), name_of(case)
        # Version by version it is the same.
        parts = [row for version in range(case["cdf_from_version"], case["version"] + 1)
                 for row in read("changes", f"{path}/delta", version, version)]
        assert canonical(parts) == got, name_of(case)
        feeds += 1
    assert feeds == 8


def test_change_feed_of_vectors(cases):
    """Rows that only deletion vectors took and gave back (see the notes of the table)."""
    path = next(path for path in cases if path.endswith("kernel-rs/cdf-table-with-dv"))
    rows = [json.loads(row) for row in read("changes", f"{path}/delta", 0, 4)]
    live = set()
    for version, count in list(cases[path]["rows_by_version"].items())[:5]:
        for row in rows:
            if row["_commit_version"] != int(version):
                continue
            value = next(iter(row.values()))
            assert (value in live) == (row["_change_type"] == "delete")
            (live.add if row["_change_type"] == "insert" else live.remove)(value)
        assert len(live) == count
    assert "not Z85" in read("changes", f"{path}/delta", 5, 5, code=1)


def test_refusals(cases):
    refused = 0
    for path, case in cases.items():
        if not (is_refused(case) or case["expect"] == "error"):
            continue
        message = read("rows", f"{path}/delta", code=1)
        protocol = case.get("protocol") or {}
        names = set(protocol.get("readerFeatures") or []) & REFUSED
        version = protocol.get("minReaderVersion", 0)
        if version > 3:
            assert f"version {version}" in message, name_of(case)
        elif names:
            assert any(f'"{name}"' in message for name in names), (name_of(case), message)
        else:
            assert message.startswith(("MR3102", "MR3104")), (name_of(case), message)
        refused += 1
    assert refused == 14
