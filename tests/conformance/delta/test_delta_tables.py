"""Tables of other writers: what core/table makes of their logs, against each table's case.json.

A table is either opened, and then version, live files, bytes, transactions and domains must be
right, or refused with a message that names the reason. Version checksums and the checksum of
_last_checkpoint are held against what the log adds up to. MR_BUILD names the build folder."""
import glob
import json
import os
import re
import shutil
import subprocess

import pytest

# Reader features whose tables this program opens; of any other one the message must name it.
KNOWN = {"columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck",
         "typeWidening", "typeWidening-preview"}


def probe(*words):
    program = os.path.join(os.environ["MR_BUILD"], "tests/conformance/delta/delta_probe")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def cases(shared):
    found = {}
    for path in sorted(glob.glob(f"{shared}/conformance/delta/*/*/case.json")):
        with open(path, encoding="utf-8") as file:
            found[os.path.dirname(path)] = json.load(file)
    assert len(found) == 124
    return found


@pytest.fixture(scope="module")
def states(cases):
    return dict(zip(cases, probe("state", *[f"{path}/delta" for path in cases])))


def is_right_refusal(case, state):
    """Damage is refused as damage, everything else by the name of the feature."""
    if state["code"] in (3101, 3102, 3104):
        return case["expect"] == "error" or "error" in case
    features = set(case.get("protocol", {}).get("readerFeatures", [])) - KNOWN
    version = case.get("protocol", {}).get("minReaderVersion", 0)
    return any(f'"{name}"' in state["error"] for name in features) or \
        (version > 3 and f"version {version}" in state["error"])


def test_every_table(cases, states):
    wrong, opened = [], 0
    for path, case in cases.items():
        state, name = states[path], f"{case['suite']}/{case['table']}"
        if "error" in state:
            if not is_right_refusal(case, state):
                wrong.append((name, state["error"]))
            continue
        if case["expect"] == "error":
            wrong.append((name, "opened, but must be refused"))
            continue
        opened += 1
        seen = {key: state[key] for key in ("version", "live_files", "live_bytes", "txn",
                                            "domain_metadata")}
        seen["live_paths"] = sorted(state["live_paths"])
        want = {key: case[key] for key in ("version", "live_files", "live_bytes")}
        want["txn"] = {app: txn["version"] if isinstance(txn, dict) else txn
                       for app, txn in case["txn"].items()}
        want["domain_metadata"] = {
            domain: value["configuration"] if isinstance(value, dict) else value
            for domain, value in case["domain_metadata"].items()}
        want["live_paths"] = sorted(case["live_paths"]) if "live_paths" in case \
            else seen["live_paths"]
        for key, value in want.items():
            if seen[key] != value:
                wrong.append((name, f"{key}: {str(seen[key])[:200]}, not {str(value)[:200]}"))
    assert not wrong, "\n".join(map(str, wrong))
    assert opened >= 100


def newest_checkpoint(log):
    """Version of the newest log checkpoint whose parts are all there; None when there is none."""
    versions = []
    for name in os.listdir(log):
        parts = re.match(r"(\d{20})\.checkpoint\.\d{10}\.(\d{10})\.parquet$", name)
        if parts:
            version, count = parts.groups()
            if len(glob.glob(f"{log}/{version}.checkpoint.*.{count}.parquet")) == int(count):
                versions.append(int(version))
        elif re.match(r"\d{20}\.checkpoint\..*(json|parquet)$", name):
            versions.append(int(name[:20]))
    return max(versions, default=None)


def test_log_checkpoints_alone(cases, states, tmp_path):
    """The same state comes out when every commit up to the newest log checkpoint is gone."""
    moved = {}
    for path, state in states.items():
        version = newest_checkpoint(f"{path}/delta/_delta_log")
        if "error" in state or version is None:
            continue
        log = tmp_path / str(len(moved)) / "_delta_log"
        shutil.copytree(f"{path}/delta/_delta_log", log)
        for name in os.listdir(log):
            if re.match(r"\d{20}\.json$", name) and int(name[:20]) <= version:
                os.remove(log / name)
        moved[path] = str(log.parent)
    assert len(moved) >= 20
    wrong = []
    for path, state in zip(moved, probe("state", *moved.values())):
        want = dict(states[path])
        for one in (state, want):
            one["live_paths"] = sorted(one.get("live_paths", []))
        if state != want:
            wrong.append((path.split("/delta/", 1)[1], state.get("error"),
                          {key for key in want if state.get(key) != want[key]}))
    assert not wrong, "\n".join(map(str, wrong))


def test_checksums(cases):
    results = dict(zip(cases, probe("checksums", *[f"{path}/delta" for path in cases])))
    checked = sum(result["crc_checked"] for result in results.values())
    different = {os.path.basename(path) for path, result in results.items()
                 if result["crc_different"]}
    hints = [result["hint"] for result in results.values()]
    files = [file for path in cases for file in os.listdir(f"{path}/delta/_delta_log")]
    assert different == {"crc-full"}  # meant to differ
    assert checked == sum(file.endswith(".crc") for file in files) >= 70
    assert "different" not in hints
    assert hints.count("equal") >= 18
