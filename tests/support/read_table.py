#!/usr/bin/env python3
"""Reads a Delta table knowing nothing of millrace: the log is replayed here, files are read by
pyarrow. Besides the rows it gives findings: what the protocol forbids and a reader may overlook.

    read_table.py TABLE            counts, versions and findings; exit code 1 when there are any

    table = read_table.Table(path)
    table.rows()                   pyarrow.Table of the newest version
    table.check()                  list of findings, [] is good

Column mapping and deletion vectors are refused: millrace does not write them.
"""
import decimal
import json
import os
import re
import sys
import urllib.parse

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

COMMIT = re.compile(r"^(\d{20})\.json$")
CHECKPOINT = re.compile(r"^(\d{20})\.checkpoint\.parquet$")
ACTIONS = {"add", "remove", "metaData", "protocol", "txn", "commitInfo", "domainMetadata", "cdc"}
SCALARS = {
    "string": pa.string(), "binary": pa.binary(), "boolean": pa.bool_(), "byte": pa.int8(),
    "short": pa.int16(), "integer": pa.int32(), "long": pa.int64(), "float": pa.float32(),
    "double": pa.float64(), "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"),
    "timestamp_ntz": pa.timestamp("us"), "void": pa.null(),
}


def arrow_type(delta):
    """The Arrow type for a type of a table's schema."""
    if isinstance(delta, str):
        found = re.match(r"decimal\((\d+),\s*(-?\d+)\)$", delta)
        return pa.decimal128(*map(int, found.groups())) if found else SCALARS[delta]
    if delta["type"] == "struct":
        return pa.struct([arrow_field(f) for f in delta["fields"]])
    if delta["type"] == "array":
        return pa.list_(pa.field("element", arrow_type(delta["elementType"]),
                                 delta["containsNull"]))
    if delta["type"] == "map":
        return pa.map_(arrow_type(delta["keyType"]),
                       pa.field("value", arrow_type(delta["valueType"]),
                                delta["valueContainsNull"]))
    raise ValueError(f"unknown type {delta}")


def arrow_field(field):
    return pa.field(field["name"], arrow_type(field["type"]), field["nullable"])


class Snapshot:
    """State of a table after some version: what replay keeps."""

    def __init__(self):
        self.version = -1
        self.protocol = None
        self.metadata = None
        self.adds = {}
        self.txns = {}
        self.domains = {}

    def apply(self, action):
        kind, value = next(iter(action.items()))
        if kind == "add":
            self.adds[value["path"]] = value
        elif kind == "remove":
            self.adds.pop(value["path"], None)
        elif kind == "metaData":
            self.metadata = value
        elif kind == "protocol":
            self.protocol = value
        elif kind == "txn":
            self.txns[value["appId"]] = value["version"]
        elif kind == "domainMetadata":
            self.domains[value["domain"]] = value


class Table:
    def __init__(self, path):
        self.path = path
        self.log = os.path.join(path, "_delta_log")
        names = sorted(os.listdir(self.log))
        self.versions = [int(m.group(1)) for m in map(COMMIT.match, names) if m]
        self.checkpoints = [int(m.group(1)) for m in map(CHECKPOINT.match, names) if m]
        self.findings = []

    def actions(self, version):
        with open(os.path.join(self.log, f"{version:020d}.json"), encoding="utf-8") as f:
            return [json.loads(line) for line in f.read().split("\n") if line]

    def from_checkpoint(self, version):
        """The snapshot that a checkpoint file holds."""
        snapshot = Snapshot()
        snapshot.version = version
        path = os.path.join(self.log, f"{version:020d}.checkpoint.parquet")
        for row in pq.read_table(path).to_pylist():
            for kind, value in row.items():
                if value is not None and kind in ACTIONS and kind != "remove":
                    snapshot.apply({kind: plain(value)})
        return snapshot

    def snapshot(self, version=None):
        """Replays the log from its start, or from the newest checkpoint when the start is gone."""
        last = self.versions[-1] if version is None else version
        if self.versions and self.versions[0] == 0:
            snapshot, first = Snapshot(), 0
        else:
            snapshot = self.from_checkpoint(max(c for c in self.checkpoints if c <= last))
            first = snapshot.version + 1
        for v in range(first, last + 1):
            for action in self.actions(v):
                snapshot.apply(action)
            snapshot.version = v
        return snapshot

    def schema(self, snapshot):
        if snapshot.metadata.get("configuration", {}).get("delta.columnMapping.mode",
                                                          "none") != "none":
            raise NotImplementedError("column mapping")
        fields = json.loads(snapshot.metadata["schemaString"])["fields"]
        return pa.schema([arrow_field(f) for f in fields])

    def file_path(self, add):
        path = urllib.parse.unquote(add["path"])
        return path if os.path.isabs(path) else os.path.join(self.path, path)

    def read_file(self, add, schema, partitions):
        if add.get("deletionVector"):
            raise NotImplementedError("deletion vectors")
        # Spark still writes INT96, of nanoseconds that would not reach beyond the year 2262.
        content = pq.ParquetFile(self.file_path(add), coerce_int96_timestamp_unit="us").read()
        columns = []
        for field in schema:
            if field.name in partitions:
                text = add["partitionValues"].get(field.name)
                columns.append(partition_column(text, field.type, content.num_rows))
            elif field.name in content.schema.names:
                columns.append(content.column(field.name).cast(field.type))
            else:
                columns.append(pa.nulls(content.num_rows, field.type))
        return pa.table(columns, schema=pa.schema([f.with_nullable(True) for f in schema]))

    def rows(self, version=None):
        snapshot = self.snapshot(version)
        schema, partitions = self.schema(snapshot), snapshot.metadata["partitionColumns"]
        parts = [self.read_file(add, schema, partitions) for add in snapshot.adds.values()]
        empty = pa.schema([f.with_nullable(True) for f in schema]).empty_table()
        return pa.concat_tables([empty, *parts])

    def find(self, what):
        self.findings.append(what)

    def check(self):
        """All findings about log, checkpoints and files."""
        self.findings = []
        self.check_versions()
        state = Snapshot()
        for version in self.versions:
            if version == 0 or state.version >= 0:
                self.check_commit(version, state)
        for version in self.checkpoints:
            self.check_checkpoint(version)
        self.check_last_checkpoint()
        snapshot = self.snapshot()
        for add in snapshot.adds.values():
            self.check_file(add, snapshot)
        return self.findings

    def check_versions(self):
        if not self.versions:
            self.find("no commit")
            return
        first, last = self.versions[0], self.versions[-1]
        holes = sorted(set(range(first, last + 1)) - set(self.versions))
        if holes:
            self.find(f"versions {holes} are missing")
        if first != 0 and not self.checkpoints:
            self.find(f"the log starts at {first} without a checkpoint")
        for name in os.listdir(self.log):
            if not (COMMIT.match(name) or CHECKPOINT.match(name) or
                    re.match(r"^(_last_checkpoint|_staged_commits|\d{20}\.crc|\..*)$", name)):
                self.find(f"stray file _delta_log/{name}")

    def check_commit(self, version, state):
        try:
            actions = self.actions(version)
        except ValueError as e:
            self.find(f"version {version}: {e}")
            return
        seen, infos = set(), 0
        for action in actions:
            if len(action) != 1 or not set(action) <= ACTIONS:
                self.find(f"version {version}: line with {sorted(action)}")
                continue
            kind, value = next(iter(action.items()))
            infos += kind == "commitInfo"
            key = (kind, value.get("path") or value.get("appId") or value.get("domain"))
            if key in seen:
                self.find(f"version {version}: two of {key}")
            seen.add(key)
            self.check_action(version, kind, value, state)
            state.apply(action)
        if infos != 1:
            self.find(f"version {version}: {infos} commitInfo actions")
        if version == 0 and (state.protocol is None or state.metadata is None):
            self.find("version 0 lacks protocol or metaData")
        state.version = version

    def check_action(self, version, kind, value, state):
        if kind == "txn" and value["version"] <= state.txns.get(value["appId"], -1):
            self.find(f"version {version}: txn of {value['appId']} goes from "
                      f"{state.txns[value['appId']]} to {value['version']}")
        if kind == "remove" and value["path"] not in state.adds:
            self.find(f"version {version}: removes {value['path']}, which is not there")
        if kind != "add":
            return
        if value["path"] in state.adds:
            self.find(f"version {version}: adds {value['path']} again")
        if state.metadata is not None:
            wanted = sorted(state.metadata["partitionColumns"])
            if sorted(value["partitionValues"]) != wanted:
                self.find(f"version {version}: {value['path']} has partition values for "
                          f"{sorted(value['partitionValues'])}, not {wanted}")

    def check_checkpoint(self, version):
        """A checkpoint says what replaying all commits up to it says."""
        if not self.versions or self.versions[0] != 0 or version > self.versions[-1]:
            return
        held, replayed = self.from_checkpoint(version), self.snapshot(version)
        if set(held.adds) != set(replayed.adds):
            self.find(f"checkpoint {version}: files differ from the log's: "
                      f"{sorted(set(held.adds) ^ set(replayed.adds))[:5]}")
        if held.txns != replayed.txns:
            self.find(f"checkpoint {version}: txns {held.txns}, the log says {replayed.txns}")
        for name in ("schemaString", "partitionColumns", "id"):
            if held.metadata is None or held.metadata[name] != replayed.metadata[name]:
                self.find(f"checkpoint {version}: metaData.{name} differs from the log's")
        if held.protocol is None or any(held.protocol.get(k) != v
                                        for k, v in replayed.protocol.items()):
            self.find(f"checkpoint {version}: protocol differs from the log's")

    def check_last_checkpoint(self):
        path = os.path.join(self.log, "_last_checkpoint")
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as f:
            version = json.load(f)["version"]
        if version not in self.checkpoints:
            self.find(f"_last_checkpoint names version {version}, which has no checkpoint")

    def check_file(self, add, snapshot):
        path = self.file_path(add)
        if not os.path.exists(path):
            self.find(f"{add['path']} is missing")
            return
        if os.path.getsize(path) != add["size"]:
            self.find(f"{add['path']} has {os.path.getsize(path)} bytes, the log says "
                      f"{add['size']}")
        content = self.read_file(add, self.schema(snapshot), snapshot.metadata["partitionColumns"])
        self.check_partition_columns(add, path, content, snapshot.metadata["partitionColumns"])
        if add.get("stats"):
            stats = json.loads(add["stats"], parse_float=decimal.Decimal)
            self.check_stats(add["path"], stats, content)

    def check_partition_columns(self, add, path, content, partitions):
        """A file may hold its partition columns (Spark writes them); then they say the same."""
        stored = pq.ParquetFile(path, coerce_int96_timestamp_unit="us")
        for name in set(stored.schema_arrow.names) & set(partitions):
            wanted = content.column(name)
            if not stored.read(columns=[name]).column(name).cast(wanted.type).equals(wanted):
                self.find(f"{add['path']}: partition column {name} differs from the log's value")

    def check_stats(self, path, stats, content):
        if stats.get("numRecords", content.num_rows) != content.num_rows:
            self.find(f"{path} has {content.num_rows} rows, its stats say {stats['numRecords']}")
        for name, column in leaves(content):
            nulls = at(stats.get("nullCount"), name)
            if nulls is not None and nulls != column.null_count:
                self.find(f"{path}: {'.'.join(name)} has {column.null_count} nulls, "
                          f"its stats say {nulls}")
            low, high = at(stats.get("minValues"), name), at(stats.get("maxValues"), name)
            for bound, is_low in ((low, True), (high, False)):
                if bound is not None and not bounds(column, bound, is_low):
                    self.find(f"{path}: {'.'.join(name)} goes beyond its "
                              f"{'minimum' if is_low else 'maximum'} {bound}")


def plain(value):
    """Maps of a checkpoint come as lists of pairs; and absent members are null there."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if v is not None or k == "deletionVector"}
    if isinstance(value, list) and value and all(isinstance(v, tuple) for v in value):
        return {k: plain(v) for k, v in value}
    if isinstance(value, list) and not value:
        return EmptyMapOrList()
    return value


class EmptyMapOrList(list):
    """An empty map and an empty list look alike in Arrow's Python form; this is both."""

    def get(self, _, fallback=None):
        return fallback


def partition_column(text, wanted, count):
    """A partition value as a column: text cast to the type, "" and null are null."""
    if text is None or text == "":
        return pa.nulls(count, wanted)
    value = pa.array([text])
    if pa.types.is_timestamp(wanted):
        text = text.replace("T", " ").rstrip("Z")
        value = pc.strptime(pa.array([text.split(".")[0]]), "%Y-%m-%d %H:%M:%S", "us")
        fraction = int((text.split(".") + ["0"])[1].ljust(6, "0"))
        value = pc.cast(pc.add(pc.cast(value, pa.int64()), fraction), pa.timestamp("us"))
        value = value.cast(pa.int64()).cast(wanted)
    return pa.repeat(value.cast(wanted)[0], count)


def leaves(table):
    """(path of names, column) of each leaf that is not below a list or map."""
    def walk(name, column):
        if pa.types.is_struct(column.type):
            for field in column.type:
                yield from walk((*name, field.name), pc.struct_field(column, [field.name]))
        elif not pa.types.is_nested(column.type):
            yield name, column
    for name in table.schema.names:
        yield from walk((name,), table.column(name))


def at(tree, name):
    for part in name:
        if not isinstance(tree, dict) or part not in tree:
            return None
        tree = tree[part]
    return tree


def bounds(column, bound, is_low):
    """Whether every value is on the right side of a bound from the statistics. A bound of a
    timestamp is cut to milliseconds, so its maximum counts to the end of that millisecond."""
    column = column.drop_null()
    if len(column) == 0 or pa.types.is_boolean(column.type) or pa.types.is_binary(column.type):
        return True
    if pa.types.is_timestamp(column.type):
        text = bound.replace("T", " ").rstrip("Z")
        text = re.sub(r"[+-]\d\d:\d\d$", "", text)
        limit = partition_column(text, column.type, 1)[0]
        limit = limit.value + (0 if is_low else 999)
        column = column.cast(pa.int64())
    elif pa.types.is_floating(column.type):
        limit = pa.scalar(float(bound)).cast(column.type).as_py()
        column = column.filter(pc.invert(pc.is_nan(column)))
        if len(column) == 0 or limit != limit:
            return True  # for Spark NaN is above all numbers, so it may be a maximum
    elif pa.types.is_string(column.type):
        # A maximum may be cut short when what is cut is made up for; bytes decide, not letters.
        values = [v.encode() for v in column.to_pylist()]
        limit = bound.encode()
        return min(values) >= limit if is_low else max(values) <= limit
    elif pa.types.is_decimal(column.type):
        limit = decimal.Decimal(bound)
    else:
        limit = pa.scalar(str(bound)).cast(column.type).as_py()
    low, high = pc.min_max(column).as_py()["min"], pc.min_max(column).as_py()["max"]
    return low >= limit if is_low else high <= limit


def main():
    table = Table(sys.argv[1])
    findings = table.check()
    snapshot = table.snapshot()
    print(f"{table.rows().num_rows} rows in {len(snapshot.adds)} files, version "
          f"{snapshot.version}, {len(table.checkpoints)} checkpoints, txns {snapshot.txns}")
    for finding in findings:
        print(f"finding: {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
