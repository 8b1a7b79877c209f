"""Sums of columns by readers that no engine under test shares with its writer.

For every leaf of the schema: how many values are present and the sum of their hashes, which does
not depend on order and misses no bit. The truth is what pyarrow reads from the JSON; DuckDB's own
reader of JSON has to agree. A result is read by DuckDB's reader of Parquet, of the files that
delta-rs finds in the table's log when there is one.
"""
import glob
import os

import ddl


def leaf_sums(path, kind):
    """Expressions of SQL for one column."""
    if isinstance(kind, dict):
        return [e for n, t in kind.items() for e in leaf_sums(f"{path}.{n}", t)]
    if isinstance(kind, list):
        return [f"sum(len({path}))",
                f"sum(list_sum(list_transform({path}, lambda x: hash({typed('x', kind[0])})"
                "::HUGEINT)))"]
    return [f"count({path})", f"sum(hash({typed(path, kind)})) FILTER ({path} IS NOT NULL)"]


def typed(path, kind):
    if kind == "TIMESTAMP":
        return f"epoch_us({path})"
    return f"{path}::{ddl.duckdb_type(kind)}"


def query(schema, relation, where=""):
    sums = [e for n, t in schema for e in leaf_sums(n, t)]
    return f"SELECT count(*), {', '.join(sums)} FROM {relation}{where}"


def connection():
    import duckdb  # pylint: disable=import-outside-toplevel
    made = duckdb.connect()
    made.sql("SET TimeZone = 'UTC'")
    return made


def row_of(result):
    return [int(value or 0) for value in result.fetchall()[0]]


def truth(source, schema, projected, where):
    """Sums over the JSON files, by two readers that have to agree."""
    import pyarrow.json as pj  # pylint: disable=import-outside-toplevel
    parse = pj.ParseOptions(explicit_schema=ddl.arrow_schema(schema),
                            unexpected_field_behavior="ignore")
    wanted = [(n, t) for n, t in schema if n in projected] if projected else schema
    total = None
    con = connection()
    for path in sorted(glob.glob(f"{source}/*.json")):
        records = pj.read_json(path, pj.ReadOptions(block_size=8 << 20), parse)
        con.register("records", records)
        one = row_of(con.sql(query(wanted, "records", where)))
        total = one if total is None else [a + b for a, b in zip(total, one)]
    other = row_of(con.sql(query(
        wanted, f"read_json('{source}/*.json', format = 'newline_delimited', "
        f"columns = {ddl.duckdb_columns(schema)})", where)))
    if total != other:
        raise RuntimeError(f"pyarrow and DuckDB read {source} differently:\n{total}\n{other}")
    return wanted, total


def files_of(table):
    if os.path.isdir(os.path.join(table, "_delta_log")):
        from deltalake import DeltaTable  # pylint: disable=import-outside-toplevel
        return [path.removeprefix("file://") for path in DeltaTable(table).file_uris()]
    return sorted(glob.glob(os.path.join(table, "**", "*.parquet"), recursive=True))


def result(table, schema):
    """(sums, bytes of the files) of what an engine made."""
    files = files_of(table)
    names = ", ".join(f"'{name}'" for name in files)
    sums = row_of(connection().sql(query(schema, f"read_parquet([{names}])")))
    return sums, sum(os.path.getsize(name) for name in files)
