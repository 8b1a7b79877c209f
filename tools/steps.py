#!/usr/bin/env python3
"""The steps of tools/check, which installs the packages first and then runs this.

    steps.py full|fast

Each build is a folder build-NAME beside the sources and is kept, so that a second run only does
what changed. A step that fails is reported with the end of its log and the others still run. Tests
are counted one by one: those of meson from its log, those of pytest from its report.
"""
import concurrent.futures
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JOBS = str(os.cpu_count() or 2)
LOG_LINES = 40

# Meson builds: name, compiler, options, test arguments (None: build only). A test of the suite
# `slow` runs in the release build of the full check only; the suite `threads` is what TSan watches.
DEBUG = ("debug", "gcc", ["--buildtype=debug", "-Db_sanitize=address,undefined"])
RELEASE = ("release", "gcc", ["--buildtype=release"])
CLANG = ("clang", "clang", ["--buildtype=debugoptimized"])
THREADS = ("tsan", "gcc", ["--buildtype=debug", "-Db_sanitize=thread"])
FUZZ = ("fuzz", "clang", ["--buildtype=debugoptimized", "-Dfuzz=true", "-Db_lundef=false",
                          "-Db_sanitize=address,undefined"])
FUZZ_SECONDS = int(os.environ.get("MR_FUZZ_SECONDS", "30"))


class Check:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.names_failed = []
        self.names_skipped = []
        self.began = time.monotonic()

    def say(self, text):
        seconds = int(time.monotonic() - self.began)
        print(f"[{seconds // 60:2d}:{seconds % 60:02d}] {text}", file=sys.stderr, flush=True)

    def count(self, name, result):
        if result == "passed":
            self.passed += 1
        elif result == "skipped":
            self.skipped += 1
            self.names_skipped.append(name)
        else:
            self.failed += 1
            self.names_failed.append(name)

    def run(self, name, command, log, env=None, quiet=False):
        """Runs a command with its output in a log; on failure shows the end of it."""
        os.makedirs(os.path.dirname(log), exist_ok=True)
        with open(log, "wb") as out:
            try:
                code = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
                                      env={**os.environ, **(env or {})}, check=False).returncode
            except OSError as e:
                out.write(f"{command[0]}: {e}\n".encode())
                code = 127
        if code != 0 and not quiet:
            self.say(f"{name}: FAILED (exit code {code}), {os.path.relpath(log, ROOT)} ends with:")
            with open(log, encoding="utf-8", errors="replace") as f:
                sys.stderr.write("".join(f.readlines()[-LOG_LINES:]))
        return code == 0

    def end(self):
        for name in self.names_skipped:
            self.say(f"skipped: {name}")
        for name in self.names_failed:
            self.say(f"FAILED: {name}")
        seconds = int(time.monotonic() - self.began)
        self.say(f"took {seconds // 60} min {seconds % 60} s")
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed else 0


def folder(name):
    return os.path.join(ROOT, "build-" + name)


def build(check, kind, targets=()):
    """Configures if need be and compiles all, or the targets; counts as one test. Says whether
    tests can run."""
    name, compiler, options = kind
    where = folder(name)
    check.say(f"build-{name}: {compiler} {' '.join(options)}")
    log = os.path.join(folder("logs"), f"build-{name}.log")
    is_ok = True
    if not os.path.exists(os.path.join(where, "build.ninja")):
        shutil.rmtree(where, ignore_errors=True)
        is_ok = check.run(f"build-{name}", ["meson", "setup", where, ROOT, *options], log,
                          env={"CC": compiler})
    if is_ok:
        is_ok = check.run(f"build-{name}", ["ninja", "-C", where, "-j", JOBS, *targets], log)
    check.count(f"build-{name}", "passed" if is_ok else "failed")
    return is_ok


RESULTS = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}


def show_failed_test(check, label, record):
    check.say(f"{label}: FAILED")
    lines = (record.get("stdout") or "").split("\n") + (record.get("stderr") or "").split("\n")
    sys.stderr.write("\n".join(lines[-LOG_LINES:]) + "\n")


def meson_tests(check, kind, arguments):
    name = kind[0]
    where = folder(name)
    check.say(f"build-{name}: tests {' '.join(arguments)}")
    results = os.path.join(where, "meson-logs", "testlog.json")
    if os.path.exists(results):
        os.remove(results)
    is_ok = check.run(f"build-{name}: tests",
                      ["meson", "test", "-C", where, "--no-rebuild", "--num-processes", JOBS,
                       "--timeout-multiplier", "5", "--print-errorlogs", *arguments],
                      os.path.join(folder("logs"), f"test-{name}.log"), quiet=True,
                      env={"UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
                           "TSAN_OPTIONS": "halt_on_error=1"})
    failed_before, seen = check.failed, 0
    if os.path.exists(results):
        with open(results, encoding="utf-8") as f:
            records = [json.loads(line) for line in f if line.strip()]
        seen = len(records)
        for record in records:
            label = f"build-{name}: {record['name']}"
            result = RESULTS.get(record["result"], "failed")
            check.count(label, result)
            if result == "failed":
                show_failed_test(check, label, record)
    if seen == 0 or (not is_ok and check.failed == failed_before):
        check.say(f"build-{name}: meson test gave no results, see build-logs/test-{name}.log")
        check.count(f"build-{name}: tests", "failed")


def fuzz(check):
    """Every fuzz target for a while, as many at a time as there are processors. What a target finds
    stays in build-fuzz; new inputs go to a corpus there, which later runs start from."""
    targets = sorted(name[:-2] for name in os.listdir(os.path.join(ROOT, "tests", "fuzz"))
                     if name.startswith("fuzz_") and name.endswith(".c"))
    if not build(check, FUZZ, [f"tests/fuzz/{target}" for target in targets]):
        return
    check.say(f"build-fuzz: {len(targets)} targets, {FUZZ_SECONDS} s each")
    with concurrent.futures.ThreadPoolExecutor(int(JOBS)) as pool:
        for target, is_ok in zip(targets, pool.map(lambda t: fuzz_one(check, t), targets)):
            check.count(f"build-fuzz: {target}", "passed" if is_ok else "failed")


def fuzz_one(check, target):
    grown = os.path.join(folder("fuzz"), "corpus", target)
    found = os.path.join(folder("fuzz"), "found", target, "")
    os.makedirs(grown, exist_ok=True)
    os.makedirs(found, exist_ok=True)
    corpus = os.path.join(ROOT, "tests", "fuzz", target.replace("fuzz_", "corpus_", 1))
    return check.run(f"build-fuzz: {target}",
                     [os.path.join(folder("fuzz"), "tests", "fuzz", target),
                      f"-max_total_time={FUZZ_SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
                      f"-artifact_prefix={found}", grown, corpus],
                     os.path.join(folder("logs"), f"{target}.log"))


def stamp_of(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def is_fresh(where, stamp):
    try:
        with open(os.path.join(where, ".stamp"), encoding="utf-8") as f:
            return f.read() == stamp
    except OSError:
        return False


def made_once(check, name, source, make):
    """A folder made from `source`, kept while that does not change; counts as one test."""
    where, stamp = folder(name), stamp_of(os.path.join(ROOT, source))
    is_ok = is_fresh(where, stamp)
    if not is_ok:
        check.say(f"build-{name}: from {source}")
        shutil.rmtree(where, ignore_errors=True)
        is_ok = make(where, os.path.join(folder("logs"), f"{name}.log"))
        if is_ok:
            with open(os.path.join(where, ".stamp"), "w", encoding="utf-8") as f:
                f.write(stamp)
    check.count(f"build-{name}", "passed" if is_ok else "failed")
    return is_ok


def venv(check):
    requirements = os.path.join(ROOT, "tests/support/requirements.txt")

    def make(where, log):
        return (check.run("venv", [sys.executable, "-m", "venv", where], log) and
                check.run("venv", [os.path.join(where, "bin/pip"), "install", "-q",
                                   "--disable-pip-version-check", "-r", requirements], log))
    return made_once(check, "venv", "tests/support/requirements.txt", make)


def jars(check):
    def make(where, log):
        return check.run("jars", ["mvn", "-q", "-B", "-f", "tests/support/spark/pom.xml",
                                  "dependency:copy-dependencies", "-DincludeScope=runtime",
                                  f"-DoutputDirectory={where}"], log)
    return made_once(check, "jars", "tests/support/spark/pom.xml", make)


def pytest(check, has_jars):
    """The tests in Python: the program from outside, its tables read by other engines."""
    report = os.path.join(folder("logs"), "pytest.xml")
    if os.path.exists(report):
        os.remove(report)
    check.say("interop: pytest tests")
    env = {"MR_PROGRAM": os.path.join(folder("release"), "millrace"),
           "MR_BUILD": folder("release"),
           "PYTHONPATH": os.path.join(ROOT, "tests/support"),
           "PYTHONDONTWRITEBYTECODE": "1"}
    if has_jars:
        env["MR_SPARK_JARS"] = folder("jars")
    is_ok = check.run("interop", [os.path.join(folder("venv"), "bin/python"), "-m", "pytest", "-q",
                                  "-p", "no:cacheprovider", "-c", "tests/pytest.ini",
                                  f"--junitxml={report}", "tests"],
                      os.path.join(folder("logs"), "pytest.log"), env=env)
    if not os.path.exists(report):
        check.count("interop: pytest", "failed")
        return
    failed_before = check.failed
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"interop: {case.get('classname')}.{case.get('name')}"
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            check.count(name, "failed")
        elif "skipped" in kinds:
            reason = case.find("skipped").get("message", "")
            check.count(f"{name}: {reason}", "skipped")
        else:
            check.count(name, "passed")
    if not is_ok and check.failed == failed_before:
        check.count("interop: pytest", "failed")


def has_tests(kind, suite):
    """Whether a build has tests in this suite."""
    path = os.path.join(folder(kind[0]), "meson-info", "intro-tests.json")
    with open(path, encoding="utf-8") as f:
        return any(s.split(":")[-1] == suite for t in json.load(f) for s in t["suite"])


def fast(check):
    if build(check, DEBUG):
        meson_tests(check, DEBUG, ["--no-suite", "slow"])


def full(check):
    if build(check, DEBUG):
        meson_tests(check, DEBUG, ["--no-suite", "slow"])
    is_released = build(check, RELEASE)
    if is_released:
        meson_tests(check, RELEASE, [])
    build(check, CLANG)
    if build(check, THREADS) and has_tests(THREADS, "threads"):
        meson_tests(check, THREADS, ["--suite", "threads"])
    fuzz(check)
    has_venv, has_jars = venv(check), jars(check)
    if has_venv and is_released:
        pytest(check, has_jars)


def main():
    check = Check()
    {"fast": fast, "full": full}[sys.argv[1]](check)
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
