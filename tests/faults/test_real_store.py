"""The named few faults that meet real MLflow: a killed process, and a server that is not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.servers import free_port, mlflow_server
from tests.stores import all_runs
from tracked import tags as t
from tracked.testing import StoredRun

POINTS = 20_000
LOGS_AND_WAITS = f"""
    import time
    from tracked import track, tracked_training

    @tracked_training
    def train():
        for i in range({POINTS}):
            track.log(loss=i * 0.5)
        print("acknowledged", flush=True)
        time.sleep(600)

    train()
"""


def start(code: str, **environ: str) -> subprocess.Popen[str]:
    """A process of its own that runs this code."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True)


def killed_after_acknowledgement(code: str, **environ: str) -> None:
    """Run the code until it says that all is acknowledged, and kill it with -9."""
    with start(code, **environ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "acknowledged\n"
        process.kill()
        assert process.wait() == -signal.SIGKILL


def sync(**environ: str) -> subprocess.CompletedProcess[str]:
    """``tracked sync``, as a person would call it."""
    command = [sys.executable, "-m", "tracked.cli", "sync"]
    return subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)


def the_run(uri: str, status: str, patience: float = 90) -> StoredRun:
    """The one run of the store, once it has this status."""
    deadline = time.monotonic() + patience
    # Whoever opens a database that is not there makes it, and MLflow cannot bear two that do so at once.
    while uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        assert time.monotonic() < deadline, f"there is no {uri}"
        time.sleep(0.1)
    while time.monotonic() < deadline:
        runs = [run for run in all_runs(MlflowClient(uri)).values() if run.status == status]
        if runs:
            assert len(runs) == 1
            return runs[0]
        time.sleep(0.5)
    raise AssertionError(f"no run became {status}")


def check_whole(run: StoredRun) -> None:
    """Every acknowledged point is there, once."""
    found = sorted((point.step, point.value) for point in run.points)
    assert [(i, i * 0.5) for i in range(POINTS)] == found
    assert t.END_REASON in run.tags


def test_the_living_shipper_delivers_a_killed_process_and_says_so(tmp_path: Path) -> None:
    """Kill -9 after 20,000 acknowledged points loses none, doubles none, and the run becomes KILLED."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    killed_after_acknowledgement(LOGS_AND_WAITS, TRACKED_TRACKING_URI=uri)
    check_whole(the_run(uri, "KILLED"))


def test_a_later_sync_delivers_what_a_killed_machine_left(tmp_path: Path, home: Path) -> None:
    """Where the shipper died with its process, ``tracked sync`` delivers all, once, and closes the run."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    killed_after_acknowledgement(LOGS_AND_WAITS, TRACKED_TRACKING_URI=uri, TRACKED_SHIPPER="thread")
    done = sync(TRACKED_TRACKING_URI=uri)
    assert done.returncode == 0, done.stderr
    check_whole(the_run(uri, "KILLED", patience=1))
    assert not list(home.rglob("*.journal"))


@pytest.mark.server
def test_a_server_that_is_down_costs_one_line_and_gets_everything_later(tmp_path: Path) -> None:
    """Training ends at once with its own result; when the server comes, everything arrives, once."""
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    code = """
        from tracked import track, tracked_training

        @tracked_training
        def train():
            for i in range(100):
                track.log(loss=i)
            return 42

        print(train())
    """
    started = time.monotonic()
    command = [sys.executable, "-c", textwrap.dedent(code)]
    environ = {**os.environ, "TRACKED_TRACKING_URI": uri}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (0, "42\n") == (done.returncode, done.stdout)
    kept = [line for line in done.stderr.splitlines() if "are kept in" in line]
    assert len(kept) == 1
    assert "tracked sync" in kept[0]
    assert time.monotonic() - started < 40
    with mlflow_server(tmp_path, port=port):
        sync(TRACKED_TRACKING_URI=uri)
        run = the_run(uri, "FINISHED")
    assert len(run.points) == 101
    assert run.metrics["result"] == 42
