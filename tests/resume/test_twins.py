"""The same work begun by several processes at once, or while another one is at it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from mlflow import MlflowClient

from tests.resume.programs import TWIN
from tests.scripts import Store, await_
from tests.servers import mlflow_server
from tests.stores import all_runs
from tracked import tags as t
from tracked import track, tracked_training
from tracked.testing import captured

PATIENCE = 240.0
"""Seconds: sixteen processes that load MLflow take minutes on a busy machine."""


class Barrier:
    """Processes that make the same call at the same moment."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        (folder / "twin.py").write_text(TWIN)

    def start(self, number, uri, seconds=0.5, *, preload=False, **options):
        """Start so many; they wait until :meth:`go`."""
        environ = {**os.environ, "TRACKED_TRACKING_URI": uri, "WORK_SECONDS": str(seconds)}
        command = [sys.executable, str(self.folder / "twin.py"), str(self.folder), repr(options)]
        for index in range(number):
            with self._said(index).open("w") as said:
                self.processes.append(
                    subprocess.Popen(
                        command, env={**environ, "PRELOAD": "1" * preload}, stdout=said, stderr=said
                    )
                )
        return self

    def _said(self, index):
        return self.folder / f"said-{index}"

    def open(self):
        """Release them, once all have started."""
        until = time.monotonic() + PATIENCE
        while len(list(self.folder.glob("ready-*"))) < len(self.processes):
            assert time.monotonic() < until, "they start"
            time.sleep(0.05)
        (self.folder / "go").touch()

    def results(self):
        """What each call gave back; all of them have to succeed, and nothing may have failed beside."""
        codes = [process.wait(PATIENCE) for process in self.processes]
        said = [self._said(index).read_text() for index in range(len(codes))]
        assert [0] * len(codes) == codes, said
        assert not any("tracking failed" in one or "runs without knowing" in one for one in said), said
        return [next(line for line in one.splitlines() if line.isdecimal()) for one in said]

    def go(self):
        """Release them; what each call gave back."""
        self.open()
        return self.results()

    @property
    def ran(self):
        """The processes in which the function ran, in order."""
        path = self.folder / "ran"
        return list(map(int, path.read_text().split())) if path.exists() else []

    def end(self):
        """Whatever a test came to, nobody is left waiting."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def barrier(tmp_path):
    """Ends the processes that it started."""
    barrier = Barrier(tmp_path)
    yield barrier
    barrier.end()


@pytest.fixture
def store(tmp_path):
    """The store of the processes, in a file."""
    return Store(tmp_path)


def kept(store):
    """The runs that anybody sees."""
    return [run for run in store.runs if not run.is_deleted]


def test_of_sixteen_at_once_one_runs(barrier, store):
    """Exactly one process runs the function, the others get its result; one run is left, and no lost claim is seen."""
    assert ["42"] * 16 == barrier.start(16, store.uri, on_existing="resume").go()
    assert len(barrier.ran) == 1
    (run,) = kept(store)
    assert (run.status, run.metrics["result"]) == ("FINISHED", 42)
    assert run.params[f"{t.CLAIM}1"] == run.tags[t.LOCAL_ID]


@pytest.mark.slow
def test_reuse_may_wait_too(barrier, store):
    """With on_existing="reuse" and twin="wait", four at once are one run and four results."""
    assert ["42"] * 4 == barrier.start(4, store.uri, on_existing="reuse", twin="wait").go()
    assert len(barrier.ran) == len(kept(store)) == 1


def test_a_twin_that_dies_is_gone_on_with(barrier, store):
    """Of those that waited one takes the run of a killed process over: the same run, attempt 2; the other waits on."""
    barrier.start(3, store.uri, 2, on_existing="resume").open()
    await_(lambda: barrier.ran, "one runs")
    os.kill(barrier.ran[0], signal.SIGKILL)
    codes = sorted(process.wait(PATIENCE) for process in barrier.processes)
    assert ([-signal.SIGKILL, 0, 0], 2) == (codes, len(barrier.ran))
    (run,) = kept(store)
    assert (run.status, run.tags[t.ATTEMPT]) == ("FINISHED", "2")


def counted(body=lambda: None, **options):
    """A function that waits for its twins and counts its calls."""
    calls = []

    @tracked_training(on_existing="resume", key="x", **options)
    def work(x=1) -> int:
        calls.append(threading.get_ident())
        body()
        return 42

    return work, calls


def test_threads_of_one_process_are_twins_too():
    """Four threads make the same call: one runs the function, all have its result."""
    work, calls = counted(lambda: time.sleep(0.3))
    with captured() as store, ThreadPoolExecutor(4) as pool:
        assert [42] * 4 == list(pool.map(lambda _: work(), range(4)))
        assert len(kept(store)) == 1
    assert len(calls) == 1


@pytest.mark.parametrize("how", ["join", "new"])
def test_whoever_does_not_wait_runs_too(how):
    """With twin="join" two log into one run, which the first one ends; with "new" each has a run of its own."""
    both_run = threading.Barrier(2, timeout=30)
    # The barrier gives each a number of its own: points that are equal to the millisecond are one, as in MLflow.
    work, calls = counted(lambda: track.log(who=both_run.wait()), twin=how)
    with captured() as store, ThreadPoolExecutor(2) as pool:
        assert [42] * 2 == list(pool.map(lambda _: work(), range(2)))
        runs = kept(store)
    assert len(calls) == 2
    assert ["FINISHED"] * (1 if how == "join" else 2) == [run.status for run in runs]
    assert [0, 1] == sorted(p.value for run in runs for p in run.points if p.key == "who")
    assert all(run.metrics["result"] == 42 for run in runs)


def test_coroutines_of_one_loop_are_twins_too():
    """The loop goes on while one waits for the other."""
    calls = []

    @tracked_training(on_existing="resume", key="x")
    async def work(x=1) -> int:
        calls.append(x)
        await asyncio.sleep(0.3)
        return 42

    async def both():
        return await asyncio.gather(work(), work())

    with captured():
        assert [42, 42] == asyncio.run(both())
    assert [1] == calls


def test_a_call_does_not_wait_for_itself(capsys):
    """Recursion with the same arguments, and a second generator beside one that stands still, run as new ones."""
    depth = []

    @tracked_training(on_existing="resume", key="x")
    def again(x=1) -> int:
        depth.append(1)
        return again() if len(depth) == 1 else 42

    @tracked_training(on_existing="resume", key="x")
    def steps(x=1):
        yield x
        yield x

    with captured() as store:
        assert again() == 42
        assert [(1, 1), (1, 1)] == list(zip(steps(), steps(), strict=False))
        assert {"FINISHED"} == {run.status for run in store.runs if "again" in run.name}
    assert "called inside a call of itself" in capsys.readouterr().err


def test_who_waits_says_so_once(capsys):
    """One line names the run that is waited for and the way out."""
    work, _ = counted(lambda: time.sleep(0.5))
    with captured(), ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: work(), range(2)))
    assert capsys.readouterr().err.count("work waits: run") == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "server"])
def test_of_sixteen_at_once_one_runs_on_a_real_store(barrier, tmp_path, templates, kind):
    """The same on a database and on MLflow's server: one runs, the others get its result, one run is to be seen."""
    with ExitStack() as stack:
        uri = f"sqlite:///{tmp_path}/store/mlflow.db"
        if kind == "server":
            uri = stack.enter_context(mlflow_server(tmp_path))
        results = barrier.start(16, uri, preload=True, on_existing="resume").go()
        assert (["42"] * 16, 1) == (results, len(barrier.ran))
        (run,) = all_runs(MlflowClient(uri)).values()
        assert (run.status, run.metrics["result"]) == ("FINISHED", 42)
