"""Shown, with the program itself: in the mode addNewColumnsWithTypeWidening a table with the
property delta.enableTypeWidening follows values that its types do not hold, old rows stay, later
starts go on with the wider types, and Spark reads all of it; a table without the property keeps its
types, and such values are rescued."""
import json

from pipeline import Pipeline

SQL = """CREATE OR REFRESH STREAMING TABLE t {properties} AS SELECT *
FROM STREAM read_files('landing', format => 'json', schemaHints => 'n INT',
  schemaEvolutionMode => 'addNewColumnsWithTypeWidening');
"""
ON = SQL.format(properties="TBLPROPERTIES ('delta.enableTypeWidening' = 'true')")
OFF = SQL.format(properties="")
BIG = 99999999999


def rows(pipeline):
    return sorted(pipeline.rows("t").to_pylist(), key=lambda r: r["id"])


def land(pipeline, name, *records):
    pipeline.land(name, "".join(json.dumps(r) + "\n" for r in records))


def fields(pipeline):
    schema = json.loads(pipeline.table("t").snapshot().metadata["schemaString"])
    return {f["name"]: f for f in schema["fields"]}


def widened(program, tmp_path):
    """A pipeline whose table has grown in its second run and taken more rows in a third."""
    pipeline = Pipeline(tmp_path, ON)
    land(pipeline, "a.json", {"id": 1, "n": 7}, {"id": 2, "n": -8})
    program.run("run", tmp_path)
    assert fields(pipeline)["n"]["type"] == "integer"
    land(pipeline, "b.json", {"id": 3, "n": BIG}, {"id": 4, "n": 9})
    program.run("run", tmp_path)
    land(pipeline, "c.json", {"id": 5, "n": -BIG})
    program.run("run", tmp_path)
    return pipeline


def test_table_follows(program, tmp_path):
    pipeline = widened(program, tmp_path)
    protocol = pipeline.table("t").snapshot().protocol
    assert (protocol["minReaderVersion"], protocol["minWriterVersion"]) == (3, 7)
    assert "typeWidening" in protocol["readerFeatures"]
    assert "typeWidening" in protocol["writerFeatures"]
    field = fields(pipeline)["n"]
    assert field["type"] == "long"
    assert field["metadata"]["delta.typeChanges"] == [{"fromType": "integer", "toType": "long"}]
    found = rows(pipeline)
    assert [(r["id"], r["n"]) for r in found] == [(1, 7), (2, -8), (3, BIG), (4, 9), (5, -BIG)]
    assert all(r["_rescued_data"] is None for r in found)


def test_without_the_property(program, tmp_path):
    pipeline = Pipeline(tmp_path, OFF)
    land(pipeline, "a.json", {"id": 1, "n": 7})
    program.run("run", tmp_path)
    # The property is for who makes the table: one that is there does not take it on.
    pipeline.put("transformations/all.sql", ON)
    land(pipeline, "b.json", {"id": 2, "n": BIG})
    program.run("run", tmp_path)
    assert fields(pipeline)["n"]["type"] == "integer"
    found = rows(pipeline)
    assert [(r["id"], r["n"]) for r in found] == [(1, 7), (2, None)]
    assert str(BIG) in found[1]["_rescued_data"]


def test_spark_reads_and_appends(program, spark, tmp_path):
    pipeline = widened(program, tmp_path)
    table = f"delta.`{pipeline.path('t')}`"
    theirs = spark.sql(f"SELECT id, n FROM {table} ORDER BY id").collect()
    assert [tuple(r) for r in theirs] == [(1, 7), (2, -8), (3, BIG), (4, 9), (5, -BIG)]
    assert spark.sql(f"SELECT count(*) FROM {table} WHERE n > 8").first()[0] == 2
    spark.sql(f"INSERT INTO {table} (id, n) VALUES (6, {BIG + 1})")
    land(pipeline, "d.json", {"id": 7, "n": 1})
    program.run("run", tmp_path)
    assert spark.sql(f"SELECT sum(n) FROM {table}").first()[0] == 7 - 8 + 9 + BIG + 1 + 1
