"""Shippers that hang or are behind: real processes, stopped and replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.journals import RUN, by_local_id, expected_points, journal, opened, points
from tracked.journal.folder import Folder
from tracked.process import this_process
from tracked.session import overseer, process, waiting
from tracked.session.crew import Crew
from tracked.session.overseer import Overseer
from tracked.shipper import status
from tracked.shipper.status import Status, Teller, read_status
from tracked.testing import FileBackend

OLDER = """
import sys
from tracked.session.process import main
from tracked.shipper import status
status.versions = lambda: {"tracked": "0.0.1", "mlflow": "3.0.0"}
main(sys.argv[1])
"""


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals").made()


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store.records"


@pytest.fixture
def crew(folder, store, home, mocker):
    mocker.patch("tracked.session.crew._STARTING", 1.0)
    return Crew(folder, f"records://{store}", home, in_process=False)


def wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def is_at_work(folder):
    """Whether a shipper has told that it delivers."""
    return process.is_served(folder) and read_status(folder.status).phase == status.IDLE


def delivered(store):
    return store.exists() and FileBackend(store).runs and by_local_id(FileBackend(store))[RUN].points


def end(folder):
    """End the shipper of this folder."""
    shipper = psutil.Process(read_status(folder.status).pid)
    shipper.terminate()
    shipper.wait(10)


def test_a_stopped_shipper_is_replaced_and_adds_nothing(folder, store, crew, mocker, capsys):
    """One that hangs is ended by whoever waits, which is said; the next one delivers all, once."""
    path = journal(folder, [opened(), *points()], this_process())
    crew.ensure()
    wait_for(lambda: delivered(store) and is_at_work(folder))
    hung = psutil.Process(read_status(folder.status).pid)
    hung.suspend()
    journal(folder, [opened(), *points(count=9)], this_process(), name=path.stem)
    mocker.patch("tracked.session.overseer._AT_WORK", 1.5)
    done = lambda: waiting.acknowledged(path) == path.stat().st_size  # noqa: E731
    assert waiting.wait(done, folder, 60, crew.ensure)
    assert not hung.is_running()
    assert hung.pid != read_status(folder.status).pid
    assert expected_points(9) == list(by_local_id(FileBackend(store))[RUN].points)
    assert 1 == capsys.readouterr().err.count(f"process {hung.pid}, which delivers, gave no sign of life for")
    end(folder)


def test_a_shipper_that_died_is_replaced_while_somebody_waits(folder, store, crew):
    """Kill -9 of the shipper costs who waits a moment, and no record."""
    path = journal(folder, [opened(), *points()], this_process())
    crew.ensure()
    wait_for(lambda: delivered(store) and is_at_work(folder))
    psutil.Process(read_status(folder.status).pid).kill()
    journal(folder, [opened(), *points(count=9)], this_process(), name=path.stem)
    assert waiting.wait(lambda: waiting.acknowledged(path) == path.stat().st_size, folder, 60, crew.ensure)
    assert expected_points(9) == list(by_local_id(FileBackend(store))[RUN].points)
    end(folder)


def test_nobody_else_is_ended(folder, mocker):
    """Whatever a status says: only a process that runs as the shipper of this folder is ever ended."""
    kill = mocker.patch("psutil.Process.kill")
    mocker.patch("tracked.session.overseer._AT_WORK", 0.0)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        for pid, by in (
            (os.getpid(), this_process()),
            (other.pid, this_process()),
            (2**30, this_process()),
            (0, {}),
        ):
            mocker.patch("tracked.shipper.status.os.getpid", return_value=pid)
            mocker.patch("tracked.shipper.status.this_process", return_value=by)
            Teller(folder.status).tell(status.SHIPPING)
            assert not Overseer(folder).end_if_hung()
        other.communicate(b"\n")
    assert 0 == kill.call_count


def test_a_machine_that_slept_ends_nobody(folder, mocker):
    """An old sign counts only after it was looked at for a while."""
    mocker.patch("tracked.session.overseer._is_shipper", return_value=True)
    killed = mocker.patch("tracked.session.overseer._killed", return_value=True)
    Teller(folder.status).tell(status.IDLE)
    morning = read_status(folder.status).time + 8 * 3600
    clock = mocker.patch("time.monotonic", return_value=0.0)
    seer = Overseer(folder)
    mocker.patch("tracked.session.overseer.time.time", return_value=morning)
    for seen, ended in ((0.0, 0), (overseer._LOOK, 0), (overseer._LOOK + 0.1, 1)):
        clock.return_value = seen
        seer.end_if_hung()
        assert ended == killed.call_count


@pytest.mark.parametrize(
    ("phase", "timeout", "patience"),
    [
        (status.SHIPPING, None, 90),
        (status.STARTING, None, 180),
        (status.IDLE, "300", 900),
        (status.IDLE, "x", 90),
    ],
)
def test_one_slow_answer_is_no_hang(monkeypatch, phase, timeout, patience):
    """A shipper has longer than the one request that it may wait for, also where a person made that longer."""
    if timeout:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", timeout)
    assert patience == overseer._patience(Status(phase))


def test_a_newer_version_takes_over(folder, store, crew, home):
    """A writer of a newer version gets a shipper of its own version, though the old one still has writers; once."""
    path = journal(folder, [opened(), *points()], this_process())
    environ = {**os.environ, process.URI: f"records://{store}", process.HOME: str(home)}
    with subprocess.Popen([sys.executable, "-c", OLDER, str(folder.path)], env=environ) as old:
        wait_for(lambda: delivered(store) and is_at_work(folder))
        assert read_status(folder.status).is_outdated
        crew.ensure()
        assert 0 == old.wait(30)
    wait_for(lambda: is_at_work(folder) and read_status(folder.status).pid != old.pid)
    assert not read_status(folder.status).is_outdated
    assert not folder.handover.exists()
    journal(folder, [opened(), *points(count=9)], this_process(), name=path.stem)
    wait_for(lambda: len(by_local_id(FileBackend(store))[RUN].points) == 9)
    assert expected_points(9) == list(by_local_id(FileBackend(store))[RUN].points)
    newer = read_status(folder.status).pid
    crew.ensure()
    time.sleep(0.5)
    assert newer == read_status(folder.status).pid
    end(folder)


def test_the_process_list_says_what_it_is_and_nothing_more(folder, store, crew, monkeypatch):
    """Its command names the folder; it has no terminal, no parent of ours, and Ctrl-C or a hang-up do not reach it."""
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    journal(folder, [opened(), *points()], this_process())
    crew.ensure()
    wait_for(lambda: delivered(store) and is_at_work(folder))
    shipper = psutil.Process(read_status(folder.status).pid)
    assert ["-m", "tracked.session", str(folder.path)] == shipper.cmdline()[1:]
    assert shipper.terminal() is None
    assert not [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE]
    for sent in (signal.SIGINT, signal.SIGHUP):
        os.kill(shipper.pid, sent)
    time.sleep(0.5)
    assert process.is_served(folder)
    shipper.terminate()
    wait_for(lambda: not process.is_served(folder))
