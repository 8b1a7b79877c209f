"""What the tests in Python share. Run by tools/check; by hand:

    MR_PROGRAM=build-debug/millrace build-venv/bin/python -m pytest -c tests/pytest.ini \\
        tests/conformance
"""
import os
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

import spark_oracle  # noqa: E402  pylint: disable=wrong-import-position


class Program:
    """The program under test; run() gives a CompletedProcess with text outputs."""

    def __init__(self, path):
        self.path = path

    def run(self, *words, code=0, timeout=120, env=None, cwd=None):
        done = subprocess.run([self.path, *map(str, words)], capture_output=True, text=True,
                              timeout=timeout, check=False, cwd=cwd,
                              env={**os.environ, **(env or {})})
        assert code is None or done.returncode == code, \
            f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr[-4000:]}"
        return done

    def start(self, *words, **options):
        return subprocess.Popen([self.path, *map(str, words)], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **options)


@pytest.fixture(scope="session")
def program():
    wanted = os.environ.get("MR_PROGRAM")
    for path in [wanted] if wanted else ["build-release/millrace", "build/millrace"]:
        path = os.path.join(ROOT, path)
        if os.access(path, os.X_OK):
            return Program(path)
    pytest.skip("no program: build it, or set MR_PROGRAM")


@pytest.fixture(scope="session")
def shared():
    """Folder of test data that is not part of the project."""
    path = os.environ.get("MR_SHARED") or os.path.join(ROOT, "..", "shared")
    if not os.path.isdir(os.path.join(path, "data")):
        pytest.skip("no shared test data: set MR_SHARED")
    return path


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    jars = spark_oracle.jars_folder(ROOT)
    if not os.path.isdir(jars):
        pytest.skip("no jars of Delta for Spark: set MR_SPARK_JARS")
    if shutil.which("java") is None:
        pytest.skip("no Java")
    session = spark_oracle.session(jars, str(tmp_path_factory.mktemp("spark")))
    yield session
    session.stop()
