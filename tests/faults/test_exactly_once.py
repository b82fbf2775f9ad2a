"""The shipper is stopped at every step that it takes; the next one finds the store as if nothing had happened."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from mlflow import MlflowClient

from tests.faults.steps import (
    BAD,
    WANTED,
    At,
    Crash,
    PickyFile,
    PickyMemory,
    busy_journal,
    crash,
    stepping,
    told,
)
from tests.journals import NOW, RUN, aside
from tests.stores import all_runs
from tracked.errors import BackendUnavailable
from tracked.journal.folder import Folder
from tracked.journal.reader import read_window
from tracked.mlflow.backend import MlflowBackend
from tracked.shipper.loop import Shipper

POINTS = [
    "before create 1",
    "after create 1",  # made, and its id not written down
    "after id 2",
    "before log 1",
    "after log 1",  # sent, and not acknowledged
    "after log 4",  # in the middle of a bisect
    "after upload 1",
    "before ack 1",
    "after ack 1",  # acknowledged, and no copy freed
    "after close 1",
]
"""The steps that real processes and real stores are stopped at."""


@pytest.fixture(autouse=True)
def _quick(mocker):
    mocker.patch("tracked.journal.disk.sync_to_disk")


def away() -> None:
    """The store does not answer, once."""
    raise BackendUnavailable("no answer")


def full() -> None:
    """The disk is full, once."""
    raise OSError(errno.ENOSPC, "no space left on device")


def shipped(folder, backend, at=()) -> list[str]:
    """Deliver all by new shippers, of which the first is stopped; gives the steps of that one."""
    step, first = At(*at), backend()
    try:
        with stepping(first, step):
            Shipper(folder, lambda: first).drain()
    except (Crash, BackendUnavailable, OSError):
        Shipper(folder, backend).drain()
    assert step.acted == bool(at)
    return step.seen


def check(folder, runs) -> None:
    """All is in the store, once; what it refuses is aside, and nothing else is left."""
    assert WANTED == told(runs)
    assert {repr(["batch", RUN, [[BAD, "1.0", NOW + 3, 3]], [], []])} == {
        repr(what) for _, what in aside(folder)
    }
    assert [] == folder.journals() == list(folder.files.iterdir())


@pytest.mark.parametrize("stretch", [1 << 20, 300])
@pytest.mark.parametrize("act", [crash, away, full])
def test_stopped_at_any_step_nothing_is_lost_or_doubled(tmp_path, mocker, act, stretch):
    """A crash, a lost answer or a full disk, before or after each effect: every point, run and file is there once."""
    mocker.patch("tracked.shipper.tail.read_window", partial(read_window, size=stretch))
    busy_journal(Folder(tmp_path / "all"))
    steps = shipped(Folder(tmp_path / "all"), PickyMemory)
    assert {point.rpartition(" ")[0] for point in POINTS} <= {*steps}
    for number in range(len(steps)):
        folder, backend = Folder(tmp_path / f"{number}"), PickyMemory()
        busy_journal(folder)
        shipped(folder, lambda backend=backend: backend, (act, number))
        check(folder, backend.runs.values())


def killed(at: str | int, folder: Folder, uri: str) -> int:
    """Deliver the folder by a process that gets kill -9 at this step; gives its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.programs.stopped", str(folder.path), uri, str(at)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    ).returncode


def check_killed(at: str | int, tmp_path) -> None:
    folder, path = Folder(tmp_path / f"{at}"), tmp_path / f"{at}.records"
    busy_journal(folder)
    assert -signal.SIGKILL == killed(at, folder, f"records://{path}")
    backend = PickyFile(path)
    try:
        Shipper(folder, lambda: backend).drain()
        check(folder, backend.runs.values())
    finally:
        os.close(backend._fd)


def test_kill_9_of_the_shipper_at_a_named_step(tmp_path):
    """A shipper's real process that gets kill -9 at one of its steps leaves a store and a folder to go on from."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(partial(check_killed, tmp_path=tmp_path), POINTS))


@pytest.mark.slow
def test_kill_9_of_the_shipper_at_every_step(tmp_path):
    """The same for every step there is."""
    busy_journal(Folder(tmp_path / "all"))
    steps = shipped(Folder(tmp_path / "all"), PickyMemory)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(partial(check_killed, tmp_path=tmp_path), range(len(steps))))


def in_mlflow(uri: str, experiment: str):
    return all_runs(MlflowClient(uri), experiment).values()


@pytest.fixture
def sqlite_uri(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.mark.parametrize(
    "store", ["sqlite", pytest.param("server", marks=[pytest.mark.server, pytest.mark.slow])]
)
def test_real_stores_hold_all_once_wherever_the_shipper_stopped(tmp_path, store, request, templates):
    """MLflow's sqlite store and its server, at each named step: each point, run and file once, as in ours."""
    uri = request.getfixturevalue(f"{store}_uri")
    for number, at in enumerate(POINTS):
        folder, experiment = Folder(tmp_path / f"{number}"), f"stopped {tmp_path.name} {at}"
        busy_journal(folder, experiment)
        shipped(folder, partial(MlflowBackend, uri, templates), (crash, at))
        check(folder, in_mlflow(uri, experiment))


@pytest.mark.slow
@pytest.mark.parametrize("at", ["after create 1", "after log 4", "after upload 1"])
def test_kill_9_of_a_shipper_of_mlflow(tmp_path, sqlite_uri, at):
    """A real process with MLflow in it, killed with -9 in the middle, and another one after it."""
    folder = Folder(tmp_path / "journals")
    busy_journal(folder, "killed")
    assert -signal.SIGKILL == killed(at, folder, sqlite_uri)
    assert 0 == killed("never", folder, sqlite_uri)
    check(folder, in_mlflow(sqlite_uri, "killed"))


@pytest.mark.parametrize("rounds", [12, pytest.param(300, marks=pytest.mark.slow)])
def test_rounds_of_killed_processes_lose_and_double_nothing(rounds):
    """Writers and shippers killed with -9 at any moment, the store down now and then: 0 lost, 0 doubled."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.rounds", str(rounds)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
