"""Shown: a stateless stream moves from Spark to millrace and back on one checkpoint and one table,
after clean stops; every row is there once."""
import json
import os

from pipeline import Pipeline, repeated

TABLE = """CREATE OR REFRESH STREAMING TABLE t AS SELECT *
FROM STREAM read_files('landing', format => 'json', schema => 'id BIGINT, v STRING');
"""


def land(pipeline, name, first, last):
    pipeline.land(name, "".join(json.dumps({"id": i, "v": f"v{i}"}) + "\n"
                                for i in range(first, last + 1)))


def run_spark(spark, pipeline):
    checkpoint = os.path.join(pipeline.folder, "storage/_checkpoints/main/default/t/t/0")
    query = (spark.readStream.schema("id BIGINT, v STRING").json(pipeline.landing)
             .writeStream.format("delta").outputMode("append")
             .option("checkpointLocation", checkpoint).trigger(availableNow=True)
             .start(pipeline.path("t")))
    query.awaitTermination(120)
    assert query.exception() is None


def test_spark_to_millrace_and_back(program, spark, tmp_path):
    pipeline = Pipeline(tmp_path, TABLE)
    steps = ["spark", "spark", "millrace", "millrace", "spark", "millrace", "spark"]
    for i, engine in enumerate(steps):
        land(pipeline, f"f{i}.json", i * 100 + 1, (i + 1) * 100)
        if engine == "spark":
            run_spark(spark, pipeline)
        else:
            program.run("run", tmp_path)
        rows = pipeline.table("t").rows().column("id").to_pylist()
        assert repeated(rows, (i + 1) * 100) == "", f"after step {i}, {engine}"
    assert pipeline.table("t").check() == []
