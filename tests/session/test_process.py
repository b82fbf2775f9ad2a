from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import filelock
import orjson
import psutil
import pytest

from tests.journals import ELSEWHERE, RUN, by_local_id, expected_points, journal, opened, points
from tracked.journal import disk
from tracked.journal.folder import Folder, sign_of
from tracked.process import this_process
from tracked.session import process
from tracked.session.backends import IN_MEMORY
from tracked.shipper import status
from tracked.testing import FileBackend

SECRET = "token-in-the-environment"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals").made()


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store.records"


def wait_for(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_shipper_is_a_process_of_its_own_that_delivers_and_goes(folder, store, home, monkeypatch):
    """It is nobody's child, delivers, keeps its secrets off its command line and the disk, and ends when not needed."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", SECRET)
    monkeypatch.setenv("TRACKED_LINGER", "0")
    path = journal(folder, [opened(), *points()], this_process())
    process.start(folder, f"records://{store}", home)
    wait_for(
        lambda: store.exists() and FileBackend(store).runs and by_local_id(FileBackend(store))[RUN].points
    )
    assert process.is_served(folder)
    shipper = psutil.Process(status.read_status(folder.status).pid)
    assert os.getpid() not in [parent.pid for parent in shipper.parents()]
    assert os.getsid(0) != os.getsid(shipper.pid)
    assert SECRET not in " ".join(shipper.cmdline())
    path.unlink()
    shipper.wait(20)
    assert not process.is_served(folder)
    assert expected_points() == list(by_local_id(FileBackend(store))[RUN].points)
    told = [file.read_bytes() for file in folder.path.rglob("*") if file.is_file()]
    assert not any(SECRET.encode() in content for content in told)


def test_what_a_person_makes_of_warnings_is_not_the_shippers(folder, monkeypatch):
    """Warnings are errors in many a test run; MLflow's own would be the end of its store in our process."""
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    program = "import warnings; warnings.warn('deprecated'); open('went on', 'w').close()"
    process.launch([sys.executable, "-c", program], folder, {})
    wait_for((folder.path / "went on").exists)


def test_a_second_shipper_leaves_at_once(folder, store, home):
    """One folder has one shipper: whoever comes second ends without a word and without touching the store."""
    environ = {**os.environ, process.URI: f"records://{store}", process.HOME: str(home)}
    with process.lock_of(folder):
        done = subprocess.run(
            [sys.executable, "-m", "tracked.session", str(folder.path)],
            env=environ,
            capture_output=True,
            timeout=30,
            check=True,
        )
    assert (b"", b"") == (done.stdout, done.stderr)
    assert not store.exists()


def test_who_serves_holds_the_lock(folder):
    """Whether a folder is served can be asked by anybody, and asking does not disturb."""
    assert not process.is_served(folder)
    with process.lock_of(folder):
        assert process.is_served(folder)
        assert process.is_served(folder)
    assert not process.is_served(folder)


def test_serving_a_served_folder_is_refused(folder, home):
    """The loop runs under the lock only."""
    with process.lock_of(folder), pytest.raises(filelock.Timeout):
        process.serve(folder, "memory:second", home, threading.Event())


def test_a_writer_at_the_last_moment_is_served(folder, home, mocker, monkeypatch):
    """A record of somebody who saw the lock, in the moment before it was released, is delivered."""
    monkeypatch.setenv("TRACKED_LINGER", "0")
    mocker.patch("tracked.shipper.loop.PACE", 0.01)
    real = process.Shipper.serve
    rounds = []

    def serve(shipper, linger):
        real(shipper, linger)
        if not rounds:
            journal(folder, [opened(), *points()])
        rounds.append(linger)

    mocker.patch.object(process.Shipper, "serve", serve)
    process.serve(folder, "memory:late", home, threading.Event())
    assert 2 == len(rounds)
    assert expected_points() == list(by_local_id(IN_MEMORY.pop("memory:late"))[RUN].points)


def test_the_shipper_does_not_take_part_in_the_user_s_runs(folder, home, monkeypatch, mocker):
    """Variables that say which run this process is in are not handed to the shipper; credentials are."""
    for name in ("TRACKED_CONTEXT", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    run = mocker.patch("subprocess.run")
    process.start(folder, "records:///x", home)
    environ = run.call_args.kwargs["env"]
    assert not {"TRACKED_CONTEXT", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"} & set(environ)
    assert ("x", "records:///x", str(home)) == (
        environ["AWS_SECRET_ACCESS_KEY"],
        environ[process.URI],
        environ[process.HOME],
    )
    assert "records:///x" not in " ".join(run.call_args.args[0])


def test_beside_a_shipper_of_another_host_one_stands_by(folder, store, home, monkeypatch):
    """It vouches for the writers here, which the other cannot see, is there once, and goes when the other is gone."""
    monkeypatch.setenv("TRACKED_LINGER", "0")
    monkeypatch.setattr(process, "_SIGN", 0.1)
    path = journal(folder, [opened(), *points()], this_process())
    disk.replace(folder.status, orjson.dumps({"phase": "idle", "by": ELSEWHERE}))
    with process.lock_of(folder):
        assert not process.is_served(folder)
        stop = threading.Event()
        standing = threading.Thread(target=process.stand_by, args=(folder, stop), daemon=True)
        standing.start()
        wait_for(sign_of(path).exists)
        assert process.is_served(folder)
        with pytest.raises(filelock.Timeout):
            process.stand_by(folder, stop)
        assert not store.exists()
    standing.join(20)
    assert not standing.is_alive()


def test_nobody_stands_by_without_a_writer_to_vouch_for(folder, home):
    """A host where nothing is tracked any more needs no process."""
    path = journal(folder, [opened()], ELSEWHERE)
    disk.replace(folder.status, orjson.dumps({"phase": "idle", "by": ELSEWHERE}))
    with process.lock_of(folder):
        process.stand_by(folder, threading.Event())
    assert not sign_of(path).exists()


def test_whoever_stood_by_delivers_when_the_other_host_is_gone(folder, store, home, monkeypatch):
    """A shipper's host may go at any moment: the next host's process delivers, without a call of the user's."""
    monkeypatch.setenv("TRACKED_LINGER", "0")
    path = journal(folder, [opened(), *points()], this_process())
    disk.replace(folder.status, orjson.dumps({"phase": "idle", "by": ELSEWHERE}))
    with process.lock_of(folder):
        process.start(folder, f"records://{store}", home)
        wait_for(sign_of(path).exists)
    wait_for(lambda: store.exists() and FileBackend(store).runs)
    wait_for(lambda: by_local_id(FileBackend(store))[RUN].points)
    path.unlink()
    wait_for(lambda: not process.is_served(folder))
