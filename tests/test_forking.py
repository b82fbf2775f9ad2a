"""A forked child never finds a lock of ours held for ever, whatever other threads were at when it was made."""

import os
import signal
import threading
import time

import pytest

from tracked import session as sessions
from tracked import track
from tracked.mlflow import client
from tracked.run import Run
from tracked.testing import captured

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
_PATIENCE = 10.0


class Held:
    """A lock that another thread holds."""

    def __init__(self, lock) -> None:
        self._lock, self._holds, self._over = lock, threading.Event(), threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._hold)
        self._thread.start()
        self._holds.wait()

    def _hold(self):
        with self._lock:
            self._holds.set()
            self._over.wait()

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def ends(work):
    """Whether a forked child comes to the end of this work, and nothing is raised in it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)  # also when it raised: the rest of the tests is not the child's
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


@pytest.mark.parametrize(
    "lock", [lambda run: run._lock, lambda run: run.inputs.lock, lambda run: run.story.lock]
)
def test_a_run_that_was_being_written_to(lock):
    """A child goes on logging into the run around it while a thread of its parent was logging."""

    def work():
        track.log(x=1)
        track.params(a=1)
        with track.run("child"):
            pass

    with captured(), track.run("r") as run:
        assert isinstance(run, Run)
        with Held(lock(run)):
            assert ends(work)


def test_a_shipper_that_was_being_started():
    """A child opens runs while a thread of its parent was starting the shipper, or making the session."""

    def work():
        with track.run("child"):
            pass
        sessions.reset()
        sessions.current()

    with captured(), track.run("r"), Held(sessions.current().crew._lock), Held(sessions._LOCK):
        assert ends(work)


def test_a_store_that_was_being_opened(tmp_path, templates):
    """A child asks a store while a thread of its parent was making MLflow's client of one."""
    with Held(client._LOCK):
        assert ends(lambda: client.client_for(f"sqlite:///{tmp_path}/mlflow.db", templates))
