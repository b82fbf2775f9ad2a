"""Programs whose server fails before, in and after their work: the same result, no wait, one line, and all arrives.

MLflow's real server behind a wire of ours, the shipper's real process beside the program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.faults.proxy import proxy
from tests.scripts import await_
from tests.servers import mlflow_server
from tests.stores import all_runs
from tracked.session import place, process
from tracked.session.kept import undelivered
from tracked.shipper import status
from tracked.shipper.status import read_status

PROGRAM = """
import sys, time
began = time.perf_counter()
from tracked import track, tracked_training

slowest = 0.0

@tracked_training
def train(steps):
    global slowest
    print(f"begun after {time.perf_counter() - began:.3f}", flush=True)
    for i in range(steps):
        at = time.perf_counter()
        track.log(acc=i)
        slowest = max(slowest, time.perf_counter() - at)
        time.sleep(0.01)
    return steps

print(f"result {train(int(sys.argv[1]))}, slowest call {slowest:.3f}", flush=True)
"""
STEPS = 300
pytestmark = [pytest.mark.slow, pytest.mark.server]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("outage")) as uri:
        yield uri


@pytest.fixture
def wire(server):
    with proxy(server) as found:
        yield found


@pytest.fixture
def folder(wire, home, monkeypatch):
    """The journal folder of the programs of this test."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", wire.uri)
    monkeypatch.setenv("TRACKED_EXPERIMENT", f"port {wire.port}")
    monkeypatch.setenv("TRACKED_LINGER", "0")
    return place.folder_for(home, wire.uri, os.environ)


@contextmanager
def program(tmp_path: Path):
    """The program, begun."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    command = [sys.executable, str(script), str(STEPS)]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        yield child
        child.kill()


def ended(child) -> tuple[str, float]:
    """What it said on stderr, and how long its end took; its work was not disturbed."""
    begun, result = child.stdout.readline(), child.stdout.readline()
    at = time.monotonic()
    assert float(begun.removeprefix("begun after ")) < 5.0
    what, _, slowest = result.partition(", slowest call ")
    assert f"result {STEPS}" == what, child.stderr.read()
    assert float(slowest) < 1.0
    out, err = child.communicate(timeout=120)
    assert (0, "") == (child.returncode, out)
    return err, time.monotonic() - at


def check(wire, folder):
    """In the end everything is there, once, and nobody had to ask for it."""
    until = time.monotonic() + 150
    while time.monotonic() < until and undelivered(folder):
        time.sleep(0.2)
    client = MlflowClient(wire.uri)
    await_(
        lambda: [run.status for run in all_runs(client, f"port {wire.port}").values()] == ["FINISHED"],
        "no end",
    )
    (run,) = all_runs(client, f"port {wire.port}").values()
    assert [(i, float(i)) for i in range(STEPS)] == sorted(
        (p.step, p.value) for p in run.points if p.key == "acc"
    )
    await_(lambda: not process.is_served(folder), "the shipper does not go")


def kept(err: str) -> list[str]:
    return [line for line in err.splitlines() if "are kept in" in line]


def test_a_server_that_is_down_at_the_start_is_not_waited_for(wire, folder, tmp_path):
    """The work begins at once; when the server comes in the middle, everything arrives."""
    with program(tmp_path) as child:
        await_(lambda: read_status(folder.status).phase == status.WAITING, "the outage is not seen")
        wire.mend()
        ended(child)
    check(wire, folder)


def test_an_outage_in_the_middle_is_not_noticed(wire, folder, tmp_path):
    """Connections are cut under way, and mended before the end."""
    wire.mend()
    with program(tmp_path) as child:
        await_(lambda: read_status(folder.status).phase in (status.SHIPPING, status.IDLE), "nothing is sent")
        for _ in range(3):
            wire.cut()
            time.sleep(0.3)
            wire.mend()
            time.sleep(0.3)
        ended(child)
    check(wire, folder)


def test_a_server_that_is_down_at_the_end_costs_one_line(wire, folder, tmp_path):
    """The program ends soon, says once what is kept and why; the shipper goes on by itself when the server is back."""
    wire.mend()
    with program(tmp_path) as child:
        await_(lambda: read_status(folder.status).phase in (status.SHIPPING, status.IDLE), "nothing is sent")
        wire.cut()
        err, seconds = ended(child)
    assert seconds < 20
    (line,) = kept(err)
    assert str(folder.path) in line
    assert "tracked sync" in line
    assert "refused" in line
    wire.mend()
    check(wire, folder)


def test_a_black_hole_costs_no_more_than_its_time(wire, folder, tmp_path):
    """A server that accepts and never answers is waited for a bounded time at the end, and named; later all arrives."""
    wire.swallow()
    with program(tmp_path) as child:
        err, seconds = ended(child)
    assert seconds < 60
    assert 1 == len(kept(err))
    wire.mend()
    check(wire, folder)


def test_sixteen_writers_have_one_shipper(wire, folder, tmp_path):
    """However many processes begin together, one delivers for all of them, each point once, and then goes."""
    wire.mend()
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    writers = [
        subprocess.Popen([sys.executable, str(script), "100"], stdout=subprocess.DEVNULL) for _ in range(16)
    ]
    pids = set()
    while any(writer.poll() is None for writer in writers):
        if process.is_served(folder):
            pids.add(read_status(folder.status).pid)
        time.sleep(0.02)
    assert [0] * 16 == [writer.returncode for writer in writers]
    assert 1 == len(pids - {0})
    until = time.monotonic() + 60
    while undelivered(folder) and time.monotonic() < until:
        time.sleep(0.2)
    runs = all_runs(MlflowClient(wire.uri), f"port {wire.port}").values()
    assert 16 == len(runs)
    for run in runs:
        assert list(range(100)) == sorted(point.step for point in run.points if point.key == "acc")
