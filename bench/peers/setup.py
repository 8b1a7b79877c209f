#!/usr/bin/env python3
"""Sets the peers up from their packages: PyPI's into the venv build-peers, Spark's jars into
build-jars as the tests have them. Does nothing when all is there.

    bench/peers/setup.py
"""
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WANTED = os.path.join(ROOT, "bench", "peers", "requirements.txt")
POM = os.path.join(ROOT, "tests", "support", "spark", "pom.xml")


def is_made(folder, source):
    """Whether `folder` was made from what `source` says now."""
    stamp = os.path.join(folder, "bench.stamp")
    with open(source, encoding="utf-8") as f:
        wanted = f.read()
    try:
        with open(stamp, encoding="utf-8") as f:
            return f.read() == wanted
    except FileNotFoundError:
        return False


def make(name, source, *commands):
    folder = os.path.join(ROOT, name)
    if is_made(folder, source):
        return
    print(f"peers: {name} from {os.path.relpath(source, ROOT)}", file=sys.stderr)
    for command in commands:
        subprocess.run([word.replace("FOLDER", folder) for word in command], check=True, cwd=ROOT)
    shutil.copyfile(source, os.path.join(folder, "bench.stamp"))


def main():
    make("build-peers", WANTED, [sys.executable, "-m", "venv", "FOLDER"],
         ["FOLDER/bin/pip", "install", "-q", "--disable-pip-version-check", "-r", WANTED])
    make("build-jars", POM, ["mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies",
                             "-DincludeScope=runtime", "-DoutputDirectory=FOLDER"])


if __name__ == "__main__":
    main()
