"""What the benchmark scripts share: processor time of a run with all its children, spread, machine.

A run is a process of its own. Its processor time is what the kernel says of it and of every process
it has left behind (the JVM behind Spark), user and system, from wait4: kernel workers of its rings
are threads of the process and are in it.
"""
import ctypes
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("MR_BUILD", "build-release"))
PEERS = os.path.join(ROOT, "build-peers")


def program(name="millrace"):
    """A program of the release build: millrace itself or a benchmark."""
    folder = {"millrace": "", "bench_data": "bench/data"}.get(name, "bench/kernel")
    return os.path.join(BUILD, folder, name)


def build():
    """Makes the programs, in a release build."""
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        subprocess.run(["meson", "setup", BUILD, ROOT, "--buildtype=release"], check=True,
                       stdout=subprocess.DEVNULL)
    targets = ["millrace", "bench/data/bench_data"] + [
        f"bench/kernel/bench_{name}" for name in ("json", "path", "roofline", "segment")]
    subprocess.run(["ninja", "-C", BUILD, *targets], check=True, stdout=subprocess.DEVNULL)


def with_peers():
    """Goes on in the venv of the peers, which is made when it is not there."""
    if not sys.executable.startswith(PEERS):
        setup = os.path.join(ROOT, "bench", "peers", "setup.py")
        subprocess.run([sys.executable, setup], check=True)
        python = os.path.join(PEERS, "bin", "python")
        os.execv(python, [python, *sys.argv])


def ddl_of(work):
    """The schema of a workload."""
    return subprocess.run([program("bench_data"), work, "--ddl"], capture_output=True, text=True,
                          check=True).stdout.strip()


def make_files(folder, work, size, count):
    """`count` files of a workload of `size` bytes in all, their lines whole; the bytes made."""
    os.makedirs(folder)
    total = 0
    for i in range(count):
        path = os.path.join(folder, f"part-{i:05}.json")
        with open(path, "wb") as out:
            subprocess.run([program("bench_data"), work, "--bytes", str(size // count), "--seed",
                            str(i + 1)], stdout=out, check=True)
        total += os.path.getsize(path)
    return total


def bytes_of(text):
    """"300MB" as a number; units of 1000."""
    for unit, power in (("KB", 1), ("MB", 2), ("GB", 3), ("TB", 4)):
        if text.upper().endswith(unit):
            return int(float(text[:-2]) * 1000 ** power)
    return int(text)


def machine():
    model = platform.processor() or platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        names = [line.split(":")[1].strip() for line in f if line.startswith("model name")]
    return f"{len(names)} x {names[0] if names else model}, {platform.release()}"


def commit():
    """The commit the tree is at, with + when files other than the page of figures differ."""
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True,
                              check=False).stdout.strip()
    return git("rev-parse", "--short=12", "HEAD") + ("+" if git(
        "status", "--short", "--", ".", ":!docs/performance.md") else "")


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def adopt():
    """Makes this process the parent of orphans, so that whatever a run leaves is waited for."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(36, 1, 0, 0, 0) != 0:  # PR_SET_CHILD_SUBREAPER
        raise OSError(ctypes.get_errno(), "prctl")


def wait_all(process):
    """Waits for a process and all orphans; (exit code, processor seconds)."""
    seconds, code = 0.0, None
    while True:
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return code, seconds
        seconds += usage.ru_utime + usage.ru_stime
        if pid == process.pid:
            code = os.waitstatus_to_exitcode(status)
            process.returncode = code


def run(command, log, cores=None, env=None):
    """(wall seconds, processor seconds) of a command; raises with the end of its log."""
    def pin():
        if cores:
            os.sched_setaffinity(0, cores)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    began = time.monotonic()
    with open(log, "wb") as out:
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdout=out, stderr=subprocess.STDOUT, preexec_fn=pin,
            env={**os.environ, **(env or {})})
        code, cpu = wait_all(process)
    wall = time.monotonic() - began
    if code != 0:
        with open(log, encoding="utf-8", errors="replace") as f:
            raise RuntimeError(f"{' '.join(command)}: exit code {code}\n{f.read()[-3000:]}")
    return wall, cpu


def sync_tree(folder):
    """Makes durable what an engine left to the page cache; millrace does so itself."""
    for path, _, names in os.walk(folder):
        for name in [*names, "."]:
            handle = os.open(os.path.join(path, name), os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


class Results:
    """JSON lines, to the standard output and to a file of their kind that tables are made from."""

    def __init__(self, name):
        folder = os.path.join(ROOT, "build-bench")
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, name + ".jsonl")
        self.common = {"machine": machine(), "commit": commit(), "load": os.getloadavg()[0]}
        with open(self.path, "w", encoding="utf-8"):
            pass

    def add(self, line):
        text = json.dumps({**line, **self.common})
        print(text, flush=True)
        with open(self.path, "a", encoding="utf-8") as f:
            f.write(text + "\n")


def read_results(name):
    """The lines of a kind, or none."""
    try:
        with open(os.path.join(ROOT, "build-bench", name + ".jsonl"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]
    except FileNotFoundError:
        return []
