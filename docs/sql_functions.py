#!/usr/bin/env python3
"""Prints docs/sql.md: docs/sql_head.md and a table of functions per group, from the function table
of core/expr/functions.def; docs/sql_aggregates.md and the aggregate and window functions, from
aggregates.def and window_functions.def.

usage: docs/sql_functions.py >docs/sql.md"""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
STRING = r'"((?:[^"\\]|\\.)*)"'
ROW = re.compile(r"^MR_FUNCTION\(" + STRING + ", " + STRING + ", .*, " + STRING + ", " + STRING
                 + r"\)$")


SHORT_ROW = re.compile(r"^MR_(?:AGGREGATE|WINDOW)\(" + STRING + ", .*, " + STRING + ", " + STRING
                       + r"\)$")


def plain(text):
    return text.replace('\\"', '"').replace("\\\\", "\\").replace("|", "\\|")


def print_short_table(name, title):
    """A table of rows that have no group; what is only known by name is left out."""
    print(f"\n### {title}\n\n| form | meaning |\n|---|---|")
    with open(os.path.join(HERE, "..", "core", "expr", name), encoding="utf-8") as rows:
        for line in rows:
            row = SHORT_ROW.match(line)
            if row is None and line.startswith("MR_"):
                raise SystemExit(f"not a row of {name}: {line}")
            if row is not None and row[3] != "Not offered.":
                print(f"| `{plain(row[2])}` | {plain(row[3])} |")


def main():
    groups = {}
    with open(os.path.join(HERE, "..", "core", "expr", "functions.def"), encoding="utf-8") as rows:
        for line in rows:
            if not line.startswith("MR_FUNCTION("):
                continue
            row = ROW.match(line)
            if row is None:
                raise SystemExit(f"not a row of the function table: {line}")
            groups.setdefault(row[2], []).append((plain(row[3]), plain(row[4])))
    with open(os.path.join(HERE, "sql_head.md"), encoding="utf-8") as head:
        print(head.read(), end="")
    for group, functions in groups.items():
        print(f"\n### {group}\n\n| form | meaning |\n|---|---|")
        for usage, doc in functions:
            print(f"| `{usage}` | {doc} |")
    with open(os.path.join(HERE, "sql_aggregates.md"), encoding="utf-8") as text:
        print("\n" + text.read(), end="")
    print_short_table("aggregates.def", "Aggregate functions")
    print_short_table("window_functions.def", "Window functions")


main()
