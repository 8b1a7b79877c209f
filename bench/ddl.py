"""Schemas as `bench_data KIND --ddl` prints them, and what they are called elsewhere.

A schema is a list of (name, type). A type is a word of SQL ("BIGINT"), [type] for an array, or a
dict of names to types for a struct.
"""


def split_outside(text, mark):
    """Splits at marks that are in no angle brackets."""
    parts, depth, part = [], 0, ""
    for byte in text:
        depth += {"<": 1, ">": -1}.get(byte, 0)
        if byte == mark and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += byte
    return parts + [part]


def read_ddl(text, mark=" "):
    fields = []
    for field in split_outside(text, ","):
        name, kind = field.strip().split(mark, 1)
        fields.append((name, read_type(kind.strip())))
    return fields


def read_type(text):
    if text.startswith("STRUCT<"):
        return dict(read_ddl(text[7:-1], ":"))
    if text.startswith("ARRAY<"):
        return [read_type(text[6:-1])]
    return text


def duckdb_type(kind):
    if isinstance(kind, dict):
        return "STRUCT(" + ", ".join(f"{n} {duckdb_type(t)}" for n, t in kind.items()) + ")"
    if isinstance(kind, list):
        return duckdb_type(kind[0]) + "[]"
    return {"STRING": "VARCHAR", "INT": "INTEGER", "TIMESTAMP": "TIMESTAMPTZ"}.get(kind, kind)


def duckdb_columns(schema):
    return "{" + ", ".join(f"{n}: '{duckdb_type(t)}'" for n, t in schema) + "}"


def chdb_type(kind):
    if isinstance(kind, dict):
        return "Tuple(" + ", ".join(f"{n} {chdb_type(t)}" for n, t in kind.items()) + ")"
    if isinstance(kind, list):
        return f"Array({chdb_type(kind[0])})"
    word = {"STRING": "String", "BIGINT": "Int64", "INT": "Int32", "DOUBLE": "Float64",
            "BOOLEAN": "Bool", "TIMESTAMP": "DateTime64(6, 'UTC')"}[kind]
    return f"Nullable({word})"


def arrow_type(kind):
    import pyarrow as pa  # pylint: disable=import-outside-toplevel
    if isinstance(kind, dict):
        return pa.struct([(n, arrow_type(t)) for n, t in kind.items()])
    if isinstance(kind, list):
        return pa.list_(arrow_type(kind[0]))
    return {"STRING": pa.string(), "BIGINT": pa.int64(), "INT": pa.int32(),
            "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(),
            "TIMESTAMP": pa.timestamp("us", "UTC")}[kind]


def arrow_schema(schema):
    import pyarrow as pa  # pylint: disable=import-outside-toplevel
    return pa.schema([(n, arrow_type(t)) for n, t in schema])


def polars_type(kind):
    """Times are text to Polars' reader; it makes times of them in a second step."""
    import polars as pl  # pylint: disable=import-outside-toplevel
    if isinstance(kind, dict):
        return pl.Struct({n: polars_type(t) for n, t in kind.items()})
    if isinstance(kind, list):
        return pl.List(polars_type(kind[0]))
    return {"STRING": pl.String, "BIGINT": pl.Int64, "INT": pl.Int32, "DOUBLE": pl.Float64,
            "BOOLEAN": pl.Boolean, "TIMESTAMP": pl.String}[kind]
