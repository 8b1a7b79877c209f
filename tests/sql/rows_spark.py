#!/usr/bin/env python3
"""Shows where Spark gives other rows than a script says: tests/sql/rows_spark.py FILE...

Reads the cases `rows` and `set` of run_sql_test and runs them on a local Spark in ANSI mode. A
difference is not always a mistake: sums of doubles are rounded otherwise in another order, and of
errors only that there is one is compared. Needs pyspark.
"""
import os
import sys


def cases(path):
    """(line, word, tables, query, expected) of each case."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    at = 0
    while at < len(lines):
        if lines[at] == "" or lines[at].startswith("#"):
            at += 1
            continue
        first, word = at + 1, lines[at]
        end = lines.index("----", at)
        tables = [line[3:].split(" ", 1) for line in lines[at + 1:end] if line.startswith("-- ")]
        query = "\n".join(line for line in lines[at + 1:end] if not line.startswith("-- "))
        at = end + 1
        expected = []
        while at < len(lines) and lines[at] != "":
            expected.append(lines[at])
            at += 1
        if word in ("rows", "set"):
            yield first, word, tables, query, expected


def rows_of(spark, tables, query):
    for name, text in tables:
        spark.sql(text).createOrReplaceTempView(name)
    frame = spark.sql(query)
    names = [f"c{i}" for i in range(len(frame.columns))]
    frame = frame.toDF(*names)
    frame = frame.selectExpr(*[f"CAST({name} AS STRING) AS {name}" for name in names])
    return [" | ".join("NULL" if value is None else value for value in row)
            for row in frame.collect()]


def main():
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
    from pyspark.sql import SparkSession  # pylint: disable=import-outside-toplevel
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.sql.shuffle.partitions", "1")
             .config("spark.driver.bindAddress", "127.0.0.1")
             .config("spark.driver.host", "127.0.0.1")
             .config("spark.sql.session.timeZone", "UTC").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    count = differing = 0
    for path in sys.argv[1:]:
        for line, word, tables, query, expected in cases(path):
            count += 1
            try:
                got = rows_of(spark, tables, query)
            except Exception as error:  # pylint: disable=broad-except
                got = ["error " + str(error).split("\n")[0][:150]]
            if word == "set":
                got.sort(key=lambda text: text.encode())
            if not got:
                got = ["no rows"]
            if got == expected or (got[0].startswith("error") and expected[0].startswith("error")):
                continue
            differing += 1
            print(f"{path}:{line}: {query}\n  script: " + "\n          ".join(expected) +
                  "\n  Spark:  " + "\n          ".join(got))
    print(f"{count} cases, {differing} differ")
    spark.stop()


if __name__ == "__main__":
    main()
