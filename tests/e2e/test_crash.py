"""Shown, with the program itself: whichever operation it dies at, on either driver, and whatever
the disk does, the next run completes the table with each row once. Sizes are small by default:

    MR_POINTS=500   kill points per driver (default 20)
    MR_KILLS, MR_ROWS   of test_run.py's random kills
"""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

from pipeline import Pipeline, repeated

SQL = """CREATE OR REFRESH STREAMING TABLE t PARTITIONED BY (p) AS SELECT id, p, v
FROM STREAM read_files('landing', format => 'json', maxFilesPerTrigger => 2,
  schema => 'id BIGINT, p STRING, v STRING');
"""
POINTS = int(os.environ.get("MR_POINTS", "20"))
RUN = ["run", "--memory", "64MiB"]


def lines(first, last, filler=0):
    return "".join(json.dumps({"id": i, "p": f"p {i % 3}", "v": f"{i} " + "x" * filler}) + "\n"
                   for i in range(first, last + 1))


def land(pipeline, files, rows, filler=0):
    for i in range(files):
        pipeline.land(f"{i:03}.json", lines(i * rows + 1, (i + 1) * rows, filler))
    return files * rows


def ids(pipeline):
    return pipeline.rows("t").column("id").to_pylist()


def data_files(pipeline):
    table = pipeline.table("t")
    return {table.file_path(add) for add in table.snapshot().adds.values()}


def orphans(pipeline):
    """Data files and temporary files that nobody names, but for what lies in the table's log."""
    named, found = data_files(pipeline), []
    for folder, _, names in os.walk(os.path.join(pipeline.folder, "storage")):
        for name in names:
            path = os.path.join(folder, name)
            is_data = name.endswith(".parquet") and "_delta_log" not in folder
            if (is_data and path not in named) or folder.endswith("millrace/staged"):
                found.append(path)
            elif name.endswith(".tmp") and "_delta_log" not in folder:
                found.append(path)
    return found


def test_orphans_are_found(program, tmp_path):
    """The look for files left behind sees one."""
    pipeline = Pipeline(tmp_path, SQL)
    land(pipeline, 1, 10)
    program.run(*RUN, tmp_path)
    assert orphans(pipeline) == []
    stray = os.path.join(pipeline.path("t"), "stray.parquet")
    shutil.copy(next(iter(data_files(pipeline))), stray)
    assert orphans(pipeline) == [stray]


def operations(program, folder, driver):
    """How many operations a whole run has: the first that it does not get to."""
    low, high = 1, 4096
    while low < high:
        middle = (low + high) // 2
        shutil.rmtree(os.path.join(folder, "storage"), ignore_errors=True)
        done = program.run(*RUN, folder, f"--io={driver}", f"--fault=any#{middle}=kill", code=None)
        low, high = (low, middle) if done.returncode == 0 else (middle + 1, high)
    return low


@pytest.mark.parametrize("driver", ["poll", "auto"])
def test_killed_at_operation(program, tmp_path, driver):
    pipeline = Pipeline(tmp_path, SQL)
    rows = land(pipeline, 4, 500)
    count = operations(program, tmp_path, driver)
    assert count > 200
    dice = random.Random(4711)
    deaths = 0
    for point in sorted(dice.sample(range(1, count), min(POINTS, count - 1))):
        verb = dice.choice(["kill", "kill-after", "torn:20"])
        shutil.rmtree(os.path.join(tmp_path, "storage"), ignore_errors=True)
        kind = "write" if verb == "torn:20" else "any"
        done = program.run(*RUN, tmp_path, f"--io={driver}", "--threads=2",
                           f"--fault={kind}#{point}={verb}", code=None)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        deaths += done.returncode != 0
        program.run(*RUN, tmp_path, f"--io={driver}", "--threads=2")
        assert repeated(ids(pipeline), rows) == "", f"{verb} at {point}"
        assert orphans(pipeline) == [], f"{verb} at {point}"
    assert deaths > POINTS / 4


@pytest.mark.parametrize("rule", ["write@*.parquet#2+=ENOSPC", "sync@*.parquet#1=EIO",
                                  "sync_dir@*_delta_log*#3=EIO", "link@*prepared*#2=EIO",
                                  "read@*landing*#3=EIO", "open@*landing*#3=ENOENT",
                                  "write#30+=EAGAIN"])
def test_failed_operation(program, tmp_path, rule):
    """A clear error and a code, then nothing is missing."""
    pipeline = Pipeline(tmp_path, SQL)
    rows = land(pipeline, 4, 500)
    done = program.run(*RUN, tmp_path, f"--fault={rule}", code=None, timeout=60)
    assert done.returncode in (1, 4, 5), done.stderr
    assert re.search(r"error\[MR\d{4}\]", done.stderr), done.stderr
    program.run(*RUN, tmp_path)
    assert repeated(ids(pipeline), rows) == ""
    assert orphans(pipeline) == []


@contextlib.contextmanager
def small_disk(folder, size):
    os.makedirs(folder, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


@pytest.mark.parametrize("driver", ["poll", "auto"])
def test_full_disk(program, tmp_path, driver):
    """The disk fills while the table grows: an error that says so, nothing lost; with room made
    the same command completes it. Three times, as the room is given in steps."""
    pipeline = Pipeline(tmp_path, SQL.replace("maxFilesPerTrigger => 2", "maxFilesPerTrigger => 1"))
    dice = random.Random(1)
    rows = 0
    for i in range(12):
        text = "".join(json.dumps({"id": rows + k + 1, "p": f"p {k % 3}",
                                   "v": dice.randbytes(100).hex()}) + "\n" for k in range(2000))
        rows += 2000
        pipeline.land(f"{i:03}.json", text)
    storage = os.path.join(tmp_path, "storage")
    with small_disk(storage, "1m"):
        failures, before = 0, -1
        for size in ["1m", "2m", "3m", "64m"]:
            subprocess.run(["mount", "-o", f"remount,size={size}", storage], check=True)
            done = program.run(*RUN, tmp_path, f"--io={driver}", code=None, timeout=60)
            if done.returncode != 0:
                failures += 1
                assert re.search(r"error\[MR\d{4}\]", done.stderr), done.stderr
                assert "space" in done.stderr, done.stderr
            if os.path.isdir(os.path.join(pipeline.path("t"), "_delta_log")):
                seen = ids(pipeline)
                assert len(set(seen)) == len(seen) >= before
                before = len(seen)
        assert failures >= 2
        assert done.returncode == 0, done.stderr
        assert repeated(ids(pipeline), rows) == ""
        assert orphans(pipeline) == []


def test_sigterm_commits_the_epoch_at_work(program, tmp_path):
    """A run that is asked to stop ends well, with whole epochs; the next one does the rest."""
    pipeline = Pipeline(tmp_path, SQL)
    rows = land(pipeline, 30, 4000, filler=100)
    process = program.start(*RUN, tmp_path)
    log = os.path.join(pipeline.path("t"), "_delta_log")
    try:
        while not os.path.exists(os.path.join(log, f"{2:020}.json")):
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()
    seen = ids(pipeline)
    assert 0 < len(seen) and len(seen) % 4000 == 0
    assert orphans(pipeline) == []
    program.run(*RUN, tmp_path)
    assert repeated(ids(pipeline), rows) == ""


def test_shards_make_no_difference(program, tmp_path):
    """One, two and four shards give the same rows, from files large enough to be split."""
    tables = []
    for shards in [1, 2, 4]:
        folder = tmp_path / str(shards)
        pipeline = Pipeline(folder, SQL)
        rows = land(pipeline, 2, 20000, filler=2000)
        assert os.path.getsize(os.path.join(pipeline.landing, "000.json")) > 32 << 20
        program.run(*RUN, folder, f"--threads={shards}")
        assert repeated(ids(pipeline), rows) == ""
        tables.append(pipeline.rows("t").sort_by("id"))
        shutil.rmtree(pipeline.landing)
    assert tables[0].equals(tables[1]) and tables[0].equals(tables[2])
