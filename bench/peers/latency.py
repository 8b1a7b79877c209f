#!/usr/bin/env python3
"""From a file's rename into place to the version of the table that has its rows.

    bench/peers/latency.py [--seconds 60] [--engines millrace,deltalake,spark]

A file of 100 records comes every 100 ms into the folder that `run --continuous` (with
millrace.epoch.minInterval 0) or a Spark stream follows. The time taken is from the rename to the
appearance of the log entry, seen through inotify, whose add actions bring the sum of rows past the
file's last. delta-rs has no stream: its figure is the append call alone, of the same records at the
same pace. The first files and --warm seconds do not count. Afterwards rows and sums of columns of
the table have to be those of all files (check.py). JSON lines go to build-bench/latency.jsonl too.
"""
import argparse
import ctypes
import itertools
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import measure  # noqa: E402  pylint: disable=wrong-import-position

if __name__ == "__main__":
    measure.with_peers()

import check  # noqa: E402  pylint: disable=wrong-import-position
import ddl  # noqa: E402  pylint: disable=wrong-import-position
import engines  # noqa: E402  pylint: disable=wrong-import-position

FILE_ROWS = 100
EVERY_S = 0.1
ENTRY = re.compile(r"(\d{20})\.json")
FIRST_FILES = 5  # waited for one by one, so that starting and warming up are over
WAIT_S = 300


class Feed:
    """The files and when each was renamed into place."""

    def __init__(self, folder, count):
        self.staging = os.path.join(folder, "staging")
        self.landing = os.path.join(folder, "landing")
        os.makedirs(self.staging)
        os.makedirs(self.landing)
        text = subprocess.run([measure.program("bench_data"), "clickstream", "--bytes",
                               str(count * FILE_ROWS * 600)], capture_output=True, check=True)
        lines = text.stdout.splitlines(keepends=True)
        self.texts = [b"".join(lines[i * FILE_ROWS:(i + 1) * FILE_ROWS]) for i in range(count)]
        self.times = []

    def land(self):
        number = len(self.times)
        name = f"file-{number:06}.json"
        path = os.path.join(self.staging, name)
        with open(path, "wb") as f:
            f.write(self.texts[number])
        os.rename(path, os.path.join(self.landing, name))
        self.times.append(time.monotonic())

    def land_all(self):
        """The rest at its pace."""
        began = time.monotonic()
        for i in itertools.count():
            if len(self.times) == len(self.texts):
                return
            time.sleep(max(0.0, began + i * EVERY_S - time.monotonic()))
            self.land()


class Watch(threading.Thread):
    """Sees log entries appear."""

    def __init__(self, log):
        super().__init__(daemon=True)
        self.log = log
        self.times = {}
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.handle = self.libc.inotify_init1(os.O_CLOEXEC)
        created, moved_to = 0x100, 0x80
        if self.libc.inotify_add_watch(self.handle, log.encode(), created | moved_to) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")
        self.is_done = False

    def run(self):
        while not self.is_done:
            if not select.select([self.handle], [], [], 0.2)[0]:
                continue
            events, now, at = os.read(self.handle, 65536), time.monotonic(), 0
            while at < len(events):
                _, _, _, bytes_ = struct.unpack_from("iIII", events, at)
                name = events[at + 16:at + 16 + bytes_].rstrip(b"\0").decode()
                at += 16 + bytes_
                if ENTRY.fullmatch(name):
                    self.times.setdefault(int(ENTRY.fullmatch(name).group(1)), now)


def rows_added(log, version):
    total = 0
    with open(os.path.join(log, f"{version:020}.json"), encoding="utf-8") as f:
        for line in f:
            stats = json.loads(line).get("add", {}).get("stats")
            total += json.loads(stats)["numRecords"] if stats else 0
    return total


def rows_visible(log):
    if not os.path.isdir(log):
        return 0
    return sum(rows_added(log, int(name[:20])) for name in os.listdir(log) if ENTRY.fullmatch(name))


def wait_for(rows, log, process):
    until = time.monotonic() + WAIT_S
    while rows_visible(log) < rows:
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{rows_visible(log)} rows instead of {rows}")
        time.sleep(0.05)


def delays(feed, watch, log, from_file):
    """Milliseconds of each file from `from_file` on. Versions older than the watch are left out."""
    found, total, file = [], 0, 0
    for version in sorted(int(n[:20]) for n in os.listdir(log) if ENTRY.fullmatch(n)):
        total += rows_added(log, version)
        while file < len(feed.times) and total >= (file + 1) * FILE_ROWS:
            if file >= from_file and version in watch.times:
                found.append(1000 * (watch.times[version] - feed.times[file]))
            file += 1
    return found


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]


def follow(name, feed, folder, warm_files):
    """A stream that follows the folder."""
    out = os.path.join(folder, "out")
    table = os.path.join(out, engines.ENGINES[name][2])
    log = os.path.join(table, "_delta_log")
    schema_text = measure.ddl_of("clickstream")
    with open(os.path.join(folder, "log"), "wb") as errors:
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            [sys.executable, os.path.join(HERE, "engines.py"), name, "follow", feed.landing, out,
             str(len(os.sched_getaffinity(0))), schema_text], stdout=errors, stderr=errors)
    try:
        for i in range(FIRST_FILES):
            feed.land()
            wait_for((i + 1) * FILE_ROWS, log, process)
        watch = Watch(log)
        watch.start()
        feed.land_all()
        wait_for(len(feed.texts) * FILE_ROWS, log, process)
        watch.is_done = True
        watch.join()
    except RuntimeError as e:
        with open(os.path.join(folder, "log"), encoding="utf-8", errors="replace") as f:
            raise RuntimeError(f"{name}: {e}\n{f.read()[-3000:]}") from e
    finally:
        process.send_signal(signal.SIGTERM)
        _, cpu = measure.wait_all(process)
    return table, delays(feed, watch, log, warm_files), cpu


def append(_, feed, folder, warm_files):
    """delta-rs: each file's records by one call; only the call is timed."""
    import deltalake  # pylint: disable=import-outside-toplevel
    import pyarrow.json as pj  # pylint: disable=import-outside-toplevel
    schema_text = measure.ddl_of("clickstream")
    parse = pj.ParseOptions(explicit_schema=ddl.arrow_schema(ddl.read_ddl(schema_text)))
    table, found = os.path.join(folder, "t"), []
    writer = deltalake.WriterProperties(compression="ZSTD", compression_level=1)
    before = time.process_time()
    for i in range(len(feed.texts)):
        feed.land()
        records = pj.read_json(os.path.join(feed.landing, f"file-{i:06}.json"),
                               parse_options=parse)
        began = time.monotonic()
        deltalake.write_deltalake(table, records, mode="append", writer_properties=writer)
        took = time.monotonic() - began
        if i >= warm_files:
            found.append(1000 * took)
        time.sleep(max(0.0, EVERY_S - took))
    return table, found, time.process_time() - before


WAYS = {"millrace": follow, "deltalake": append, "spark": follow}


def bench(name, options, results):
    warm_files = FIRST_FILES + int(options.warm / EVERY_S)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        feed = Feed(folder, warm_files + int(options.seconds / EVERY_S))
        table, found, cpu = WAYS[name](name, feed, folder, warm_files)
        schema_text = measure.ddl_of("clickstream")
        wanted = check.truth(feed.landing, ddl.read_ddl(schema_text), None, "")
        if check.result(table, wanted[0])[0] != wanted[1]:
            raise RuntimeError(f"{name}: the table has not the rows of the files")
        results.add({"bench": "latency", "engine": name, "files": len(found),
                     "file_rows": FILE_ROWS, "every_ms": 1000 * EVERY_S,
                     "what": "append call" if name == "deltalake" else "rename to version",
                     "p50_ms": percentile(found, 50), "p99_ms": percentile(found, 99),
                     "max_ms": max(found), "min_ms": min(found), "cpu_s": cpu,
                     "is_checked": True})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm", type=float, default=10)
    parser.add_argument("--engines", default=",".join(WAYS))
    parser.add_argument("--folder", default=None, help="on the disk to measure")
    options = parser.parse_args()
    measure.build()
    measure.adopt()
    results = measure.Results("latency")
    for name in options.engines.split(","):
        bench(name, options, results)


if __name__ == "__main__":
    main()
