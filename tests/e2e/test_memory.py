"""Shown, with the program itself: --memory holds where there are 200 columns and rows of 500
partitions come mixed, so that a batch goes to far more partitions than files may be open, in memory
and through the spill file, and each partition still makes one file a shard; too little of it is
refused with the amount that would do, and running out of it names the option."""
import collections
import json
import os
import random
import subprocess
import time

import duckdb
import pytest

from pipeline import Pipeline, repeated

MIB = 1 << 20
# What the process has besides its shards' memory: the program and its libraries, the control
# thread's heap with some 10 KiB for each file of the epoch at work.
REST_BYTES = 64 * MIB
TYPES = ("BIGINT", "STRING", "DOUBLE", "BOOLEAN")
COLUMNS = ", ".join(f"c{i} {TYPES[i % 4]}" for i in range(198))
WIDE = f"""CREATE OR REFRESH STREAMING TABLE t PARTITIONED BY (part) AS SELECT *
FROM STREAM read_files('landing', format => 'json', schema => 'id BIGINT, part INT, {COLUMNS}');
"""


def value(rng, i, row):
    return (rng.randrange(10 ** 9), f"text {rng.randrange(100000)}", rng.random(),
            row % 2 == 0)[i % 4]


def wide_rows(first, last, seed):
    rng = random.Random(seed)
    text = []
    for row in range(first, last + 1):
        record = {"id": row, "part": rng.randrange(500)}
        record.update((f"c{i}", value(rng, i, row)) for i in range(198))
        text.append(json.dumps(record))
    return "\n".join(text) + "\n"


def peak_bytes(process):
    """Most memory that the process has had resident, looked at until it ends."""
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
                peak = max([peak] + [int(line.split()[1]) * 1024 for line in f
                                     if line.startswith("VmHWM:")])
        except (OSError, ValueError):
            pass
        time.sleep(0.005)
    return peak


def committed(pipeline):
    """Ids in the files that the log names, and how many of the files each partition has."""
    log = os.path.join(pipeline.path("t"), "_delta_log")
    adds = []
    for name in sorted(os.listdir(log)):
        if name.endswith(".json"):
            with open(os.path.join(log, name), encoding="utf-8") as f:
                adds += [a["add"] for a in map(json.loads, f) if "add" in a]
    files = [os.path.join(pipeline.path("t"), a["path"]) for a in adds]
    ids = duckdb.sql("SELECT id FROM read_parquet(?)", params=[files]).fetchall()
    return [i for (i,) in ids], collections.Counter(a["partitionValues"]["part"] for a in adds)


def is_sanitized(program):
    libraries = subprocess.run(["ldd", program.path], capture_output=True, text=True, check=False)
    return "san" in libraries.stdout


# 24 MiB of rows do not fit a share of 40 MiB, nor what is beside them a share of 128 MiB.
@pytest.mark.parametrize("driver,mib,rows", [("auto", 128, 250), ("poll", 128, 250),
                                             ("auto", 40, 1000)])
def test_many_columns_and_partitions(program, tmp_path, driver, mib, rows):
    if is_sanitized(program):
        pytest.skip("a sanitizer's own memory is not the program's")
    pipeline = Pipeline(tmp_path, WIDE)
    for i in range(6):
        pipeline.land(f"{i}.json", wide_rows(rows * i + 1, rows * i + rows, i))
    run = program.start("run", tmp_path, "--threads=2", f"--memory={mib}MiB", f"--io={driver}")
    peak = peak_bytes(run)
    assert run.wait() == 0, run.stderr.read()
    assert peak <= 2 * mib * MIB + REST_BYTES, f"{peak // MIB} MiB were resident"
    ids, files = committed(pipeline)
    assert repeated(ids, 6 * rows) == ""
    assert len(files) > 450
    assert max(files.values()) <= 2, "a partition has more files than there are shards"
    assert not [name for name in os.listdir(pipeline.path("t")) if name.endswith(".parquet")]


def test_too_little_memory(program, tmp_path):
    pipeline = Pipeline(tmp_path, WIDE)
    pipeline.land("a.json", wide_rows(1, 200, 1))
    refused = program.run("run", tmp_path, "--memory=8MiB", code=None)
    assert refused.returncode != 0
    assert "MR5007" in refused.stderr and "at least 18 MiB are needed" in refused.stderr
    assert "--memory" in refused.stderr
    short = program.run("run", tmp_path, "--memory=18MiB", "--threads=1", code=None)
    assert short.returncode != 0
    assert "out of memory" in short.stderr and "--memory" in short.stderr
    program.run("run", tmp_path)
    assert repeated(pipeline.rows("t").column("id").to_pylist(), 200) == ""
