"""Real JSON documents and NDJSON, every value equal to what Python's json reads.

json_rows infers a schema and decodes by it; each value it prints is compared with Python's at the
same place. Where records disagree about a type the column is a string and holds the source text,
which is parsed again here. Standard library only. Usage: test_json_values.py JSON_ROWS SHARED
"""

import gzip
import json
import math
import os
import subprocess
import sys
from decimal import Decimal

DOCUMENTS = [
    "apache_builds", "canada", "citm_catalog", "github_events",
    "google_maps_api_compact_response", "gsoc-2018", "numbers", "repeat", "twitter",
    "twitterescaped", "twitter_api_compact_response", "update-center",
]


class Comparison:
    """Counts values and notes the first few differences."""

    def __init__(self, name):
        self.name = name
        self.values = 0
        self.differences = []

    def differ(self, path, ours, theirs):
        if len(self.differences) < 5:
            self.differences.append(f"{path}: {ours!r:.200}, not {theirs!r:.200}")

    def compare(self, path, ours, theirs):
        if isinstance(theirs, dict) and isinstance(ours, dict):
            self.compare_object(path, ours, theirs)
        elif isinstance(theirs, list) and isinstance(ours, list):
            if len(ours) != len(theirs):
                self.differ(path, ours, theirs)
            for i, (one, other) in enumerate(zip(ours, theirs)):
                self.compare(f"{path}[{i}]", one, other)
        else:
            self.values += 1
            if not self.is_equal(ours, theirs):
                self.differ(path, ours, theirs)

    def compare_object(self, path, ours, theirs):
        for key, value in theirs.items():
            if key in ours:
                self.compare(f"{path}.{key}", ours[key], value)
            elif not is_void(value):
                self.differ(f"{path}.{key}", None, value)
        for key, value in ours.items():
            if key not in theirs and value is not None:
                self.differ(f"{path}.{key}", value, None)

    @staticmethod
    def is_equal(ours, theirs):
        if isinstance(theirs, str):
            return ours == theirs
        if isinstance(ours, str) and theirs is not None:
            if isinstance(theirs, (int, float)) and not isinstance(theirs, bool):
                return Decimal(ours) == Decimal(theirs) or float(ours) == theirs
            return json.loads(ours) == theirs
        if isinstance(theirs, (int, float)) and not isinstance(theirs, bool):
            return (not isinstance(ours, bool) and ours is not None and ours == theirs
                    and math.copysign(1, ours) == math.copysign(1, theirs))
        return ours is theirs or ours == theirs


def is_void(value):
    """Values of which inference keeps no column: empty structs, at any depth of arrays."""
    if isinstance(value, dict):
        return all(is_void(v) for v in value.values())
    if isinstance(value, list):
        return all(is_void(v) for v in value)
    return value is None


def rows_of(program, mode, text, is_pushed):
    arguments = [program, mode] + (["pushed"] if is_pushed else [])
    done = subprocess.run(arguments, input=text, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{arguments}: {done.stderr.decode()}")
    lines = done.stdout.split(b"\n")
    rows = [json.loads(line) for line in lines[1:] if line]
    for row in rows:
        rescued = row.pop("_rescued_data", None)
        if rescued is not None:
            extra = json.loads(rescued)
            extra.pop("_file_path", None)
            merge(row, extra)
    return rows


def merge(row, extra):
    """Puts rescued members back to where they were."""
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(row.get(key), dict):
            merge(row[key], value)
        else:
            row[key] = value


def check(program, name, mode, text, wanted):
    comparison = Comparison(name)
    for is_pushed in (False, True):
        rows = rows_of(program, mode, text, is_pushed)
        if len(rows) != len(wanted):
            sys.exit(f"{name}: {len(rows)} rows, not {len(wanted)}")
        for i, (ours, theirs) in enumerate(zip(rows, wanted)):
            comparison.compare(f"{name}[{i}]", ours, theirs)
    print(f"{name}: {len(wanted)} rows, {comparison.values} values")
    for difference in comparison.differences:
        print("  " + difference)
    return not comparison.differences and comparison.values > 0


def document(program, folder, name):
    with open(os.path.join(folder, name + ".json"), "rb") as file:
        text = file.read()
    value = json.loads(text)
    if isinstance(value, list) and not isinstance(value[0], dict):
        text, value = b'{"value":' + text + b"}", {"value": value}
    return check(program, name, "document", text, value if isinstance(value, list) else [value])


def lines(program, path, wrap):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        records = [line for line in file.read().split(b"\n") if line.strip()]
    if wrap:
        records = [b'{"line":' + record.strip() + b"}" for record in records]
    wanted = [json.loads(record) for record in records]
    return check(program, os.path.basename(path), "lines", b"\n".join(records), wanted)


def main():
    program, shared = sys.argv[1:]
    shared = os.environ.get("MR_SHARED") or shared
    folder = os.path.join(shared, "data", "json")
    if not os.path.isdir(folder):
        print(f"skipped: no shared test data {folder}; set MR_SHARED")
        sys.exit(77)
    results = [document(program, folder, name) for name in DOCUMENTS]
    results.append(lines(program, os.path.join(folder, "amazon_cellphones.ndjson"), True))
    for name in ("github-events", "wikipedia-edits"):
        path = os.path.join(shared, "data", "events", name + ".ndjson.gz")
        results.append(lines(program, path, False))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
