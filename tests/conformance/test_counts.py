#!/usr/bin/env python3
"""bench/callgrind/counts.py counts, keeps a record, and tells what moved and what did not.

    test_counts.py COUNTS BUILD
"""
import json
import os
import subprocess
import sys
import tempfile

CASE = "utf8.w1.ref"


def main():
    counts, build = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        record = os.path.join(folder, "counts.json")

        def run(*more):
            done = subprocess.run([sys.executable, counts, "--build", build, "--only", CASE,
                                   "--record", record, *more],
                                  capture_output=True, text=True, check=False)
            print(done.stdout + done.stderr)
            return done.returncode, done.stdout

        code, _ = run("--update")
        if code == 77:
            return 77
        assert code == 0, "the record is not made"
        with open(record, encoding="utf-8") as f:
            kept = json.load(f)
        assert list(kept["counts"]) == [CASE] and kept["counts"][CASE] > 1000000, kept
        code, text = run()
        assert code == 0 and "0 moved" in text, "the same program moved"
        kept["counts"][CASE] = int(kept["counts"][CASE] * 1.05)
        with open(record, "w", encoding="utf-8") as f:
            json.dump(kept, f)
        code, text = run()
        assert code == 1 and "1 moved" in text, "5 % less are not told"
    return 0


if __name__ == "__main__":
    sys.exit(main())
