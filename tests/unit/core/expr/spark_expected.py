#!/usr/bin/env python3
"""Asks Spark what the expressions of spark_cases.txt give, and writes spark_expected.tsv.

usage: spark_expected.py (needs pyspark 4 and Java; takes some minutes)
Each line: prefix expression, type, column name, then per row the value cast to string, \\N for
null or !nnnn for an error, where nnnn is the code millrace has for it. A refused expression has
the type "!". Rows are asked one by one where the whole fails."""
import os
import re
import sys

from pyspark.sql import SparkSession

HERE = os.path.dirname(os.path.abspath(__file__))
CODES = {"CAST_INVALID_INPUT": 1312, "CAST_OVERFLOW": 1312, "CANNOT_PARSE_TIMESTAMP": 1312,
         "ARITHMETIC_OVERFLOW": 1310, "BINARY_ARITHMETIC_OVERFLOW": 1310, "DIVIDE_BY_ZERO": 1311,
         "REMAINDER_BY_ZERO": 1311, "INVALID_ARRAY_INDEX": 1313,
         "INVALID_ARRAY_INDEX_IN_ELEMENT_AT": 1313, "INVALID_INDEX_OF_ZERO": 1313}
INFIX = {"+", "-", "*", "/", "%", "div", "=", "<>", "<", "<=", ">", ">=", "<=>", "||", "and", "or"}
TOKEN = re.compile(r"""\s*(\(|\)|'(?:\\.|[^'\\])*'|"[^"]*"|[a-z_]+<[^ ]*>"""
                   r"""|decimal\(\d+,\d+\)|[^\s()]+)""")


def parse(text):
    tokens = TOKEN.findall(text)

    def one():
        token = tokens.pop(0)
        if token != "(":
            return token
        out = []
        while tokens[0] != ")":
            out.append(one())
        tokens.pop(0)
        return out
    return one()


def sql(e):
    if isinstance(e, str):
        return e
    if not e:
        return "array()"
    head, args = e[0].strip('"'), e[1:]
    if head in ("cast", "try_cast"):
        return f"{head}({sql(args[0])} as {args[1]})"
    if head in ("date", "timestamp", "timestamp_ntz") and args[0].startswith("'"):
        return f"{head}{args[0]}"
    if head == ".":
        value = f"({sql(args[0])})" if isinstance(args[0], list) else args[0]
        return f"{value}.{args[1]}"
    args = [sql(a) for a in args]
    if head == "case" or head == "switch":
        out = "case" if head == "case" else f"case {args.pop(0)}"
        while len(args) > 1:
            out += f" when {args.pop(0)} then {args.pop(0)}"
        return out + (f" else {args[0]}" if args else "") + " end"
    if head == "in":
        return f"({args[0]} in ({', '.join(args[1:])}))"
    if head == "between":
        return f"({args[0]} between {args[1]} and {args[2]})"
    if head == "is distinct from":
        return f"({args[0]} is distinct from {args[1]})"
    if head.startswith("is ") or head == "not":
        return f"({args[0]} {head})" if head != "not" else f"(not {args[0]})"
    if head == "[]":
        return f"{args[0]}[{args[1]}]"
    if head == "like":
        return f"({args[0]} like {args[1]}" + (f" escape {args[2]})" if len(args) > 2 else ")")
    if head in INFIX:
        return f"(- {args[0]})" if len(args) == 1 else "(" + f" {head} ".join(args) + ")"
    return f"{head}({', '.join(args)})"


def escape(value):
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def error_code(e):
    found = re.search(r"\[([A-Z_]+)", str(e))
    name = found.group(1) if found else ""
    if name == "NUMERIC_VALUE_OUT_OF_RANGE":
        return "!"
    if name not in CODES:
        print("unknown error", name, str(e)[:200], file=sys.stderr)
    return f"!{CODES.get(name, '')}"


def evaluate(spark, view, expression, rows):
    text = sql(parse(expression))
    try:
        frame = spark.sql(f"select {text} from {view}")
    except Exception:
        return ["!", ""]
    kind, name = frame.schema.fields[0].dataType.simpleString(), frame.columns[0]
    query = f"select cast({text} as string) as v from {view}"
    try:
        got = [r.v for r in spark.sql(query + " order by row_id").collect()]
        return [kind, name] + [escape(v) for v in got]
    except Exception:
        pass
    out = [kind, name]
    for row in range(rows):
        try:
            out.append(escape(spark.sql(f"{query} where row_id = {row}").collect()[0].v))
        except Exception as e:
            out.append(error_code(e))
    return out


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.driver.memory", "1g")
             .config("spark.sql.shuffle.partitions", "1").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    texts, columns, rows = {}, [], 0
    out = open(os.path.join(HERE, "spark_expected.tsv"), "w")
    view_is_made = False
    for line in open(os.path.join(HERE, "spark_cases.txt")):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        if line.startswith("text "):
            name, cells = line[5:].split(" = ", 1)
            texts[name] = [None if c == "\\N" else c for c in cells.split("|")]
            rows = len(texts[name])
        elif line.startswith("column "):
            columns.append(line[7:].split(" = ", 1))
        elif line.startswith("zone "):
            spark.conf.set("spark.sql.session.timeZone", line[5:])
            print(line, file=out)
            continue
        else:
            if not view_is_made:
                names = ["row_id"] + list(texts)
                values = [tuple([r] + [texts[n][r] for n in texts]) for r in range(rows)]
                schema = "row_id int, " + ", ".join(f"`{n}` string" for n in texts)
                frame = spark.createDataFrame(values, schema).select(*[f"`{n}`" for n in names])
                for name, expression in columns:
                    frame = frame.selectExpr("*", f"{sql(parse(expression))} as `{name}`")
                frame.localCheckpoint().createOrReplaceTempView("rows")
                view_is_made = True
            print("\t".join([line] + evaluate(spark, "rows", line, rows)), file=out, flush=True)
            continue
        print(line, file=out)


main()
