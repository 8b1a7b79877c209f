"""A Spark session with Delta, as an oracle. It takes some six seconds to start: one serves a run.

The jars come by tests/support/spark/pom.xml; tools/check copies them to build-jars and names the
folder in MR_SPARK_JARS.
"""
import glob
import os


def jars_folder(root):
    return os.environ.get("MR_SPARK_JARS") or os.path.join(root, "build-jars")


def session(jars, work):
    """A local session whose files are all below `work`."""
    from pyspark.sql import SparkSession  # pylint: disable=import-outside-toplevel
    # The name of a machine or container need not be known to any name service.
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
    found = sorted(glob.glob(os.path.join(jars, "delta-*.jar")) +
                   glob.glob(os.path.join(jars, "unitycatalog-*.jar")))
    settings = {
        "spark.driver.extraClassPath": ":".join(found),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": os.path.join(work, "warehouse"),
        "spark.local.dir": os.path.join(work, "local"),
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.shuffle.partitions": "2",
    }
    builder = SparkSession.builder.master("local[2]").appName("oracle")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark
