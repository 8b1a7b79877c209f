"""Shown, with the program itself: badRecordsPath takes each malformed record once, across runs,
kills and full disks, and the table has the rest; a folder where it may not be is refused."""
import collections
import gzip
import json
import os
import random
import re
import resource
import signal
import stat
import subprocess

import pytest

from pipeline import Pipeline, repeated
from test_crash import orphans, small_disk

SQL = """CREATE OR REFRESH STREAMING TABLE t AS SELECT *
FROM STREAM read_files('landing', format => 'json', maxFilesPerTrigger => 2,
  schema => 'id BIGINT, v STRING', badRecordsPath => 'bad');
"""
RUN = ["run", "--memory", "64MiB"]
NAME = re.compile(r"\d{8}T\d{6}/bad_records/part-\d{5}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
                  r"\.json")


def sql(**options):
    more = "".join(f", {name} => '{value}'" for name, value in options.items())
    return SQL.replace(", badRecordsPath", f"{more}, badRecordsPath")


def land(pipeline, files, rows):
    """Every third line is no JSON and carries a number of its own; returns rows and bad ones."""
    good = bad = 0
    for i in range(files):
        text = []
        for k in range(rows):
            if k % 3 == 2:
                bad += 1
                text.append(f'{{"bad": {bad}, "v": "\u00e9" no JSON\n')
            else:
                good += 1
                text.append(json.dumps({"id": good, "v": f"v{good}"}) + "\n")
        pipeline.land(f"{i:03}.json", "".join(text))
    return good, bad


def bad_lines(pipeline, folder="bad"):
    """All lines below the folder; nothing else is there."""
    found = []
    root = os.path.join(pipeline.folder, folder)
    for at, _, names in os.walk(root):
        for name in names:
            path = os.path.join(at, name)
            assert NAME.fullmatch(os.path.relpath(path, root)), path
            with open(path, encoding="utf-8") as f:
                found += [json.loads(line) for line in f]
    return found


def bad_numbers(pipeline):
    return [int(re.match(r'{"bad": (\d+), ', line["record"])[1]) for line in bad_lines(pipeline)]


def check(pipeline, good, bad):
    assert repeated(pipeline.rows("t").column("id").to_pylist(), good) == ""
    assert repeated(bad_numbers(pipeline), bad) == ""
    assert orphans(pipeline) == []


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DROPMALFORMED", "FAILFAST"])
def test_records_and_rows(program, tmp_path, mode):
    pipeline = Pipeline(tmp_path, sql(mode=mode))
    pipeline.land("a.json", b'{"id":1,"v":"a"}\n{"id":2,"v":"b"}\n{"id":3,"v":\n'
                            b'{"id":"four","v":"x"}\n\xff\n')
    pipeline.land("sub/b.json", '{"id":5}\nplain "t\u00e9xt"\n')
    done = program.run(*RUN, tmp_path)
    assert sorted(r["id"] for r in pipeline.rows("t").to_pylist()) == [1, 2, 5]
    a, b = (f"file:{tmp_path}/landing/{name}" for name in ["a.json", "sub/b.json"])
    seen = [(line["path"], line["record"], line["reason"]) for line in bad_lines(pipeline)]
    assert sorted(seen) == \
        sorted([(a, '{"id":3,"v":', "a value is missing"),
                (a, '{"id":"four","v":"x"}', "a value does not fit its column"),
                (a, "\ufffd", "the record is not UTF-8"),
                (b, 'plain "t\u00e9xt"', "the value is not JSON")])
    assert "7 rows in, 3 out, 0 filtered, 0 rescued, 4 malformed (4 to badRecordsPath), 1 misfit" \
        in done.stderr
    before = bad_lines(pipeline)
    program.run(*RUN, tmp_path)
    assert bad_lines(pipeline) == before
    pipeline.land("c.json", '{"id":6}\n{"id":\n')
    program.run(*RUN, tmp_path)
    assert len(bad_lines(pipeline)) == 5
    assert sorted(r["id"] for r in pipeline.rows("t").to_pylist()) == [1, 2, 5, 6]


def test_rescued_values_are_no_bad_records(program, tmp_path):
    pipeline = Pipeline(tmp_path, """CREATE STREAMING TABLE t AS SELECT * FROM STREAM
        read_files('landing', format => 'json', schemaHints => 'id BIGINT',
          badRecordsPath => 'bad');""")
    pipeline.land("a.json", '{"id":1}\n{"id":"two"}\n{"id":3,\n')
    done = program.run(*RUN, tmp_path)
    rows = pipeline.rows("t").to_pylist()
    assert [r["id"] for r in rows] == [1, None]
    assert json.loads(rows[1]["_rescued_data"])["id"] == "two"
    assert [line["record"] for line in bad_lines(pipeline)] == ['{"id":3,']
    assert "1 rescued, 1 malformed (1 to badRecordsPath)" in done.stderr


def test_good_input_leaves_nothing(program, tmp_path):
    pipeline = Pipeline(tmp_path, SQL)
    pipeline.land("a.json", '{"id":1}\n')
    program.run("dry-run", tmp_path)
    assert not os.path.exists(tmp_path / "bad")
    program.run(*RUN, tmp_path)
    assert os.listdir(tmp_path / "bad") == []


def test_absolute_path_and_gzip(program, tmp_path):
    out = tmp_path / "elsewhere" / "deep"
    pipeline = Pipeline(tmp_path / "p", SQL.replace("'bad'", f"'file://{out}'"))
    pipeline.land("a.json.gz", gzip.compress(b'{"id":1}\n[\n{"id":2}\n'))
    program.run(*RUN, tmp_path / "p")
    assert [line["record"] for line in bad_lines(pipeline, out)] == ["["]


@pytest.mark.parametrize("path", ["landing", "landing/bad", "bad/../landing/./x", "inside/x",
                                  "storage/tables/main/default/t/bad",
                                  "storage/_checkpoints/main/default/t/t/bad", "a\tb",
                                  "s3://b/bad"])
@pytest.mark.parametrize("verb", ["run", "dry-run"])
def test_refused_places(program, tmp_path, path, verb):
    pipeline = Pipeline(tmp_path, SQL.replace("'bad'", f"'{path}'"))
    pipeline.land("a.json", '{"id":1}\n{\n')
    os.mkdir(tmp_path / "landing" / "below")
    os.symlink(tmp_path / "landing" / "below", tmp_path / "inside")
    done = program.run(verb, tmp_path, code=3)
    assert ("error[MR1404]" if "s3" in path else "error[MR1407]") in done.stderr
    assert "transformations/all.sql:3:" in done.stderr
    assert not os.path.exists(pipeline.path("t")) and os.listdir(tmp_path / "landing/below") == []


@pytest.mark.parametrize("glob, path, is_fine", [
    ("land*", "bad", True), ("land*", "landing/bad", False), ("*", "bad", False),
    ("land{ing,ed}/*.json", "landed/x", False), ("land{ing,ed}/*.json", "bad", True)])
def test_globs(program, tmp_path, glob, path, is_fine):
    text = SQL.replace("'landing'", f"'{glob}'").replace("'bad'", f"'{path}'")
    pipeline = Pipeline(tmp_path, text)
    pipeline.land("a.json", '{"id":1}\n{\n')
    done = program.run("dry-run", tmp_path, code=None)
    assert (done.returncode == 0) == is_fine, done.stderr
    assert is_fine or "MR1407" in done.stderr


def test_killed_anywhere(program, tmp_path):
    pipeline = Pipeline(tmp_path, SQL)
    good, bad = land(pipeline, 5, 3000)
    dice = random.Random(7)
    deaths, points = 0, int(os.environ.get("MR_POINTS", "20"))
    for point in sorted(dice.sample(range(1, 420), points)):
        for folder in ["storage", "bad"]:
            subprocess.run(["rm", "-rf", os.path.join(tmp_path, folder)], check=True)
        rule = f"any#{point}={dice.choice(['kill', 'kill-after'])}"
        done = program.run(*RUN, tmp_path, "--threads=2", f"--fault={rule}", code=None)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        deaths += done.returncode != 0
        counts = collections.Counter(bad_numbers_whole(pipeline))
        assert all(count == 1 for count in counts.values()), rule
        program.run(*RUN, tmp_path, f"--threads={dice.choice([1, 2])}")
        check(pipeline, good, bad)
    assert deaths > points / 2


def bad_numbers_whole(pipeline):
    """As bad_numbers, of a process that was killed: the last line of a file may be cut."""
    found = []
    for at, _, names in os.walk(os.path.join(pipeline.folder, "bad")):
        for name in names:
            with open(os.path.join(at, name), encoding="utf-8", errors="replace") as f:
                for line in f:
                    if line.endswith("}\n"):
                        record = json.loads(line)["record"]
                        found.append(int(re.match(r'{"bad": (\d+), ', record)[1]))
    return found


@pytest.mark.parametrize("rule", ["write@*/bad/*#2+=ENOSPC", "sync@*/bad/*#1=EIO",
                                  "sync_dir@*/bad/*#2=EIO", "open@*/bad/*#2=EACCES",
                                  "mkdir@*/bad/*#1=EROFS", "write@*.bad#1=ENOSPC",
                                  "sync@*.bad#1=EIO"])
def test_failed_operation(program, tmp_path, rule):
    pipeline = Pipeline(tmp_path, SQL)
    good, bad = land(pipeline, 4, 6000)
    done = program.run(*RUN, tmp_path, f"--fault={rule}", code=None)
    assert done.returncode in (1, 4, 5), done.stderr
    assert "error[MR5106]" in done.stderr and f"{tmp_path}/bad" in done.stderr, done.stderr
    program.run(*RUN, tmp_path)
    check(pipeline, good, bad)


def test_no_permission(program, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    pipeline = Pipeline(tmp_path, SQL)
    good, bad = land(pipeline, 1, 30)
    os.mkdir(tmp_path / "bad")
    os.chmod(tmp_path / "bad", stat.S_IRUSR | stat.S_IXUSR)
    done = program.run(*RUN, tmp_path, code=None)
    assert done.returncode != 0 and "Permission denied" in done.stderr
    assert f"{tmp_path}/bad" in done.stderr
    os.chmod(tmp_path / "bad", stat.S_IRWXU)
    program.run(*RUN, tmp_path)
    check(pipeline, good, bad)


def test_full_disk(program, tmp_path):
    pipeline = Pipeline(tmp_path, SQL)
    good, bad = land(pipeline, 6, 12000)
    with small_disk(str(tmp_path / "bad"), "1m"):
        done = program.run(*RUN, tmp_path, code=None)
        assert done.returncode != 0 and "No space left" in done.stderr
        assert f"{tmp_path}/bad" in done.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", tmp_path / "bad"], check=True)
        program.run(*RUN, tmp_path)
        check(pipeline, good, bad)


def interrupted(program, tmp_path):
    """A pipeline that was killed with bad records of an open epoch on the disk."""
    pipeline = Pipeline(tmp_path / "p", SQL)
    counts = land(pipeline, 1, 3000)
    done = program.run(*RUN, tmp_path / "p", "--fault=link@*prepared*#1=kill", code=None)
    assert done.returncode == -signal.SIGKILL
    assert len(bad_lines(pipeline)) == counts[1]
    return pipeline, counts


def test_moved_pipeline(program, tmp_path):
    """The folder was moved between the kill and the restart: what was left is found there. (The
    epoch cannot run again, because its input has other names by now.)"""
    pipeline, _ = interrupted(program, tmp_path)
    os.rename(tmp_path / "p", tmp_path / "q")
    pipeline = Pipeline(tmp_path / "q", SQL)
    done = program.run(*RUN, tmp_path / "q", code=None)
    assert done.returncode != 0 and f"{tmp_path}/p/landing" in done.stderr
    assert bad_lines(pipeline) == []


def test_changed_path_is_an_error(program, tmp_path):
    pipeline, (good, bad) = interrupted(program, tmp_path)
    for text in [SQL.replace("'bad'", "'other'"), SQL.replace(", badRecordsPath => 'bad'", "")]:
        pipeline.put("transformations/all.sql", text)
        done = program.run(*RUN, tmp_path / "p", code=None)
        assert done.returncode != 0 and "error[MR4103]" in done.stderr, done.stderr
        assert f"{tmp_path}/p/bad/" in done.stderr
    pipeline.put("transformations/all.sql", SQL)
    program.run(*RUN, tmp_path / "p")
    check(pipeline, good, bad)


def test_memory_is_bounded(program, tmp_path):
    """150 MB of lines that are all bad, within the memory of a few."""
    pipeline = Pipeline(tmp_path, SQL)
    line = '{"bad": %d, "v": "' + "x" * 40 + '" no JSON\n'
    count = 0
    for i in range(2):
        pipeline.land(f"{i}.json", "".join(line % (count + k + 1) for k in range(600000)))
        count += 600000
    limit = lambda: resource.setrlimit(resource.RLIMIT_DATA, (600 << 20, 600 << 20))
    process = program.start(*RUN, tmp_path, "--threads=1", preexec_fn=limit)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert f"{count} malformed ({count} to badRecordsPath)" in said
    seen = bad_numbers(pipeline)
    assert len(seen) == count and sum(seen) == count * (count + 1) // 2
