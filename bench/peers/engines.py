"""One piece of work by one engine, in a process of its own:

    engines.py ENGINE start|table|filter|follow SOURCE OUT THREADS DDL

`start` only gets ready, `table` reads all columns of the JSON files in SOURCE, `filter` keeps rows
by two predicates and projects five columns, `follow` is `table` until a signal, as files come. The
result goes below OUT: zstd level 1 Parquet, or a Delta table of it, synced to disk. Each engine is
used as its own documentation would have it, with the schema given, and with as many threads as
asked for.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

import ddl  # noqa: E402  pylint: disable=wrong-import-position
import measure  # noqa: E402  pylint: disable=wrong-import-position

# 4 % of the clickstream: purchases (6 %) of one piece (11 of 16).
KEPT = "event_type = 'purchase' AND quantity = 1"
PROJECTED = ["event_id", "event_time", "user_id", "price", "quantity"]
# What makes millrace press every page: a table property and its value.
EVERY_PAGE = ("millrace.parquet.compression", "full")


class Work:
    """What is to be done."""

    def __init__(self, what, source, out, threads, schema_text):
        self.what = what
        self.source = source
        self.out = out
        self.threads = int(threads)
        self.schema_text = schema_text
        self.schema = ddl.read_ddl(schema_text)
        self.is_filter = what == "filter"

    def columns(self):
        return ", ".join(PROJECTED) if self.is_filter else "*"

    def where(self):
        return f" WHERE {KEPT}" if self.is_filter else ""


def millrace_folder(work, properties=(), options=()):
    """Writes a pipeline folder below OUT; returns the command that runs it. `properties` are of the
    table, `options` of read_files, both pairs of names and texts."""
    is_following = work.what == "follow"
    properties, options = list(properties), list(options)
    if is_following:
        properties.append(("millrace.epoch.minInterval", "0"))
        options.append(("useNotifications", "true"))
    pairs = ", ".join(f"'{name}' = '{value}'" for name, value in properties)
    more = "".join(f", {name} => '{value}'" for name, value in options)
    sql = (f"CREATE STREAMING TABLE t{f' TBLPROPERTIES ({pairs})' if pairs else ''} AS "
           f"SELECT {work.columns()} FROM STREAM read_files('{work.source}', format => 'json', "
           f"rescuedDataColumn => '', schema => '{work.schema_text}'{more}){work.where()};")
    os.makedirs(os.path.join(work.out, "transformations"))
    with open(os.path.join(work.out, "spark-pipeline.yml"), "w", encoding="utf-8") as f:
        f.write("name: bench\nstorage: storage\nlibraries:\n"
                "  - glob: {include: transformations/**}\n")
    with open(os.path.join(work.out, "transformations/t.sql"), "w", encoding="utf-8") as f:
        f.write(sql)
    return [measure.program(), "-q", "run", "-t", str(work.threads),
            *(["--continuous"] if is_following else []), work.out]


def millrace(work, properties=()):
    command = [measure.program(), "version"]
    if work.what != "start":
        command = millrace_folder(work, properties)
    os.execv(command[0], command)


def millrace_every_page(work):
    millrace(work, [EVERY_PAGE])


def duckdb(work):
    import duckdb as engine
    engine.sql("SET TimeZone = 'UTC'")
    engine.sql(f"SET threads = {work.threads}")
    if work.what != "start":
        engine.sql(f"COPY (SELECT {work.columns()} FROM read_json('{work.source}/*.json', "
                   f"format = 'newline_delimited', columns = {ddl.duckdb_columns(work.schema)})"
                   f"{work.where()}) TO '{work.out}/t' (FORMAT parquet, COMPRESSION zstd, "
                   "COMPRESSION_LEVEL 1, PER_THREAD_OUTPUT true)")


def polars(work):
    os.environ["POLARS_MAX_THREADS"] = str(work.threads)
    import polars as pl
    if work.what == "start":
        return
    schema = {n: ddl.polars_type(t) for n, t in work.schema}
    times = [pl.col(n).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC")
             for n, t in work.schema if t == "TIMESTAMP"]
    frame = pl.scan_ndjson(f"{work.source}/*.json", schema=schema)
    if work.is_filter:
        frame = frame.filter((pl.col("event_type") == "purchase") & (pl.col("quantity") == 1))
    frame = frame.with_columns(times)
    if work.is_filter:
        frame = frame.select(PROJECTED)
    os.makedirs(f"{work.out}/t")
    frame.sink_parquet(f"{work.out}/t/part.parquet", compression="zstd", compression_level=1)


def datafusion(work):
    import datafusion as df
    context = df.SessionContext(df.SessionConfig().with_target_partitions(work.threads))
    if work.what == "start":
        return
    context.register_json("s", work.source, schema=ddl.arrow_schema(work.schema),
                          file_extension=".json")
    context.sql(f"COPY (SELECT {work.columns()} FROM s{work.where()}) TO '{work.out}/t/' STORED "
                "AS PARQUET OPTIONS ('format.compression' 'zstd(1)')").collect()


def clickhouse(work):
    import chdb
    if work.what == "start":
        chdb.query("SELECT 1")
        return
    columns = ", ".join(f"{n} {ddl.chdb_type(t)}" for n, t in work.schema)
    os.makedirs(f"{work.out}/t")
    chdb.query(f"INSERT INTO FUNCTION file('{work.out}/t/part.parquet', Parquet) "
               f"SELECT {work.columns()} FROM file('{work.source}/*.json', JSONEachRow, "
               f"$${columns}$$){work.where()} SETTINGS max_threads = {work.threads}, "
               "date_time_input_format = 'best_effort', "
               "output_format_parquet_compression_method = 'zstd', "
               "output_format_compression_level = 1")


def deltalake(work):
    """pyarrow's reader of JSON and delta-rs's writer, block by block."""
    import deltalake as dl
    import pyarrow as pa
    import pyarrow.json as pj
    pa.set_cpu_count(work.threads)
    os.environ["RAYON_NUM_THREADS"] = str(work.threads)
    if work.what == "start":
        return
    schema = ddl.arrow_schema(work.schema)
    parse = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    read = pj.ReadOptions(block_size=8 << 20)

    def batches():
        for name in sorted(os.listdir(work.source)):
            yield from pj.open_json(os.path.join(work.source, name), read, parse)

    dl.write_deltalake(f"{work.out}/t", pa.RecordBatchReader.from_batches(schema, batches()),
                       writer_properties=dl.WriterProperties(compression="ZSTD",
                                                             compression_level=1))


def spark_session(work):
    """As the targets say: fewer partitions than its defaults, which would flatter us."""
    import spark_oracle
    spark = spark_oracle.session(spark_oracle.jars_folder(ROOT), work.out)
    spark.conf.set("spark.sql.parquet.compression.codec", "zstd")
    spark.conf.set("spark.sql.shuffle.partitions", "4")
    spark.conf.set("spark.databricks.delta.snapshotPartitions", "1")
    return spark


def spark_stream(work, spark):
    frame = spark.readStream.schema(work.schema_text).json(work.source)
    if work.is_filter:
        frame = frame.where(KEPT).select(*PROJECTED)
    return (frame.writeStream.format("delta")
            .option("checkpointLocation", f"{work.out}/checkpoint"))


def spark(work):
    session = spark_session(work)
    if work.what == "follow":
        spark_stream(work, session).start(f"{work.out}/t").awaitTermination()
    elif work.what != "start":
        (spark_stream(work, session).trigger(availableNow=True).start(f"{work.out}/t")
         .awaitTermination())
    session.stop()


# By name: the function, the package that has to be there, and where its table lies.
ENGINES = {
    "millrace": (millrace, None, "storage/tables/main/default/t"),
    "millrace-every-page": (millrace_every_page, None, "storage/tables/main/default/t"),
    "duckdb": (duckdb, "duckdb", "t"),
    "datafusion": (datafusion, "datafusion", "t"),
    "clickhouse": (clickhouse, "chdb", "t"),
    "deltalake": (deltalake, "deltalake", "t"),
    "polars": (polars, "polars", "t"),
    "spark": (spark, "pyspark", "t"),
}
# pyarrow has no filter before it has read all; nobody would do that with it.
CANNOT = {("deltalake", "filter")}


def main():
    name, *rest = sys.argv[1:]
    work = Work(*rest)
    ENGINES[name][0](work)
    measure.sync_tree(work.out)


if __name__ == "__main__":
    main()
