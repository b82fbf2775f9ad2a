"""Programs that die in every way there is, with the shipper's real process beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import psutil
import pytest

from tests.scripts import PATIENCE, Store, await_
from tracked import tags as t
from tracked.session import place, process
from tracked.session.syncing import undelivered
from tracked.shipper.status import read_status

PROGRAM = """
import os, sys, time
from tracked import track, tracked_training

@tracked_training
def train(n):
    for i in range(n):
        track.log(acc=i)
    print("ready", flush=True)
    {end}

train({points})
"""


@pytest.fixture
def store(tmp_path):
    (tmp_path / "work").mkdir(exist_ok=True)
    return Store(tmp_path / "work")


@pytest.fixture
def folder(store, home):
    """The journal folder that programs of this store write to."""
    return place.folder_for(home, store.uri, os.environ)


@contextmanager
def program(store, end, points, **environ):
    """A program that has logged its points and comes to its end."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(end=end, points=points)],
        env={**os.environ, "TRACKED_TRACKING_URI": store.uri, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        try:
            assert "ready\n" == child.stdout.readline(), child.stderr.read()
            yield child
        finally:
            child.kill()


def sync():
    """``tracked sync``, as a person would call it."""
    done = subprocess.run(
        [sys.executable, "-m", "tracked.cli", "sync"],
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def await_end(store):
    """The only run, once it has ended in the store."""
    await_(
        lambda: store.path.exists() and store.runs and store.runs[0].status != "RUNNING",
        "the run is not closed",
    )
    (run,) = store.runs
    return run


def steps(run):
    return [point.step for point in run.points]


def test_kill_9_loses_nothing_with_the_shipper_alive(store, folder):
    """20,000 points logged, then kill -9: the living shipper delivers each once and ends the run soon."""
    with program(store, "time.sleep(600)", 20_000) as child:
        child.kill()
        child.wait()
        run = await_end(store)
    assert list(range(20_000)) == steps(run)
    assert "KILLED" == run.status
    assert "process ended" in run.tags[t.END_REASON]
    await_(lambda: not folder.journals(), "the journal is still there")


def test_kill_9_loses_nothing_with_a_later_sync(store, folder, monkeypatch):
    """20,000 points logged, kill -9, and nobody there to deliver: ``tracked sync`` brings each once, KILLED."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", store.uri)
    with process.lock_of(folder):  # no shipper can begin
        with program(store, "time.sleep(600)", 20_000) as child:
            child.kill()
            child.wait()
        assert not store.path.exists()
    sync()
    (run,) = store.runs
    assert list(range(20_000)) == steps(run)
    assert "KILLED" == run.status
    sync()
    assert [run] == store.runs


def test_a_killed_shipper_loses_and_doubles_nothing(store, folder, monkeypatch):
    """Writer and shipper are both killed at work: the next one delivers the rest, and nothing twice."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", store.uri)
    monkeypatch.setenv("TRACKED_LINGER", "60")
    with program(store, "time.sleep(600)", 20_000) as child:
        await_(lambda: read_status(folder.status).pid and store.path.exists(), "no shipper began")
        shipper = psutil.Process(read_status(folder.status).pid)
        shipper.kill()
        child.kill()
        child.wait()
    await_(lambda: not shipper.is_running(), "the shipper is still there")
    sync()
    (run,) = store.runs
    assert list(range(20_000)) == sorted(steps(run))
    assert "KILLED" == run.status
    assert 0 == undelivered(folder)


ENDS = [
    ("FINISHED", "pass"),
    ("FINISHED", "sys.exit(0)"),
    ("FAILED", "sys.exit(1)"),
    ("FAILED", "sys.exit('no data')"),
    ("FAILED", "raise ValueError('x')"),
    ("KILLED", "os._exit(3)"),
    ("KILLED", "sys.exit(143)"),
    ("KILLED", "time.sleep(600)  # SIGTERM"),
    ("KILLED", "time.sleep(600)  # SIGINT"),
]


@pytest.mark.parametrize(("status", "end"), ENDS, ids=[end for _, end in ENDS])
def test_every_end_is_told_truly_and_changes_nothing(store, status, end):
    """However a program ends, the store has the true state and every point, and its exit code is what it always was."""
    sent = getattr(signal, end.partition("# ")[2], None)
    codes = []
    for environ in ({}, {"TRACKED_DISABLED": "1"}):
        with program(store, end, 50, **environ) as child:
            if sent:
                child.send_signal(sent)
            child.communicate(timeout=4 * PATIENCE)
            codes.append(child.returncode)
    assert codes[1] == codes[0]
    run = await_end(store)
    assert (status, list(range(50))) == (run.status, steps(run))
