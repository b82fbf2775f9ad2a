"""Of the processes of a distributed job, one tracks."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.scripts import Store, await_, parent_of, values
from tracked import tags as t
from tracked import track, tracked_sweep, tracked_training
from tracked.ranks import forget, own_rank, rank
from tracked.testing import captured

TORCHRUN = {"WORLD_SIZE": "4", "LOCAL_RANK": "1", "RANK": "1", "MASTER_PORT": "29500"}


@pytest.fixture(autouse=True)
def _no_job(monkeypatch):
    """The tests themselves may run in one."""
    for name in list(os.environ):
        if name.startswith(("SLURM_", "OMPI_", "PMI_")) or name in TORCHRUN:
            monkeypatch.delenv(name)
    forget()
    yield
    forget()


def become(monkeypatch, environ):
    """From now on, this is that process of a job."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    forget()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        (TORCHRUN, 1),
        ({"RANK": "0", "WORLD_SIZE": "2"}, 0),
        ({"RANK": "0", "WORLD_SIZE": "1"}, None),
        ({"RANK": "3"}, None),
        ({"RANK": "major", "WORLD_SIZE": "4"}, None),
        ({"RANK": "-1", "WORLD_SIZE": "4"}, None),
        ({"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4"}, 2),
        ({"PMI_RANK": "2", "PMI_SIZE": "4"}, 2),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "4"}, 3),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "4"}, 3),
    ],
)
def test_launchers(environ, expected):
    """Each tells rank and size in variables of its own; what is none of them is no job."""
    assert expected == rank(environ)


@pytest.mark.parametrize(
    "environ",
    [
        {"SLURM_PROCID": "0", "SLURM_NTASKS": "1", "SLURM_ARRAY_TASK_ID": "7"},
        {"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "1"},
        {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "4"},
    ],
    ids=["a member of an array", "one of several steps of one task", "an interactive allocation"],
)
def test_one_task_is_no_distributed_job(environ):
    """SLURM starts single processes too: each of them tracks."""
    assert rank(environ) is None


def test_the_innermost_launcher_decides():
    """``srun`` starts one ``torchrun`` a node, and that the processes: the rank among all is torch's."""
    srun = {"SLURM_PROCID": "1", "SLURM_NTASKS": "2"}
    assert 0 == rank({**srun, "RANK": "0", "WORLD_SIZE": "8"})
    assert rank({**srun, "RANK": "0", "WORLD_SIZE": "1"}) is None


def test_processes_that_found_each_other_without_a_launcher(monkeypatch):
    """``torch.multiprocessing.spawn`` sets no variables: a torch that is loaded and initialised is asked."""
    is_up = [False]
    torch = SimpleNamespace(is_initialized=lambda: is_up[0], get_rank=lambda: 2, get_world_size=lambda: 4)
    monkeypatch.setitem(sys.modules, "torch.distributed", torch)
    assert rank({}) is None
    is_up[0] = True
    assert 2 == rank({})
    monkeypatch.setitem(sys.modules, "torch.distributed", SimpleNamespace())
    assert rank({}) is None


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_variables_are_read_once_a_process(monkeypatch):
    """Each call asks, and looking variables up costs microseconds; a forked process may be told its own."""
    become(monkeypatch, TORCHRUN)
    assert 1 == own_rank()
    monkeypatch.setenv("RANK", "3")
    assert 1 == own_rank()
    child = os.fork()
    if child == 0:
        os._exit(own_rank() or 0)
    assert 3 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@tracked_training
def train(x):
    """What every rank runs."""
    track.log(x=x)
    with track.run("inside"):
        track.tag(a="b")
    return {"y": x}


class TestOtherRanks:
    @pytest.fixture(autouse=True)
    def _rank_one(self, monkeypatch):
        become(monkeypatch, TORCHRUN)

    def test_a_function_runs_and_nothing_is_recorded(self, capfd):
        """Its result is the same; not a word is said."""
        with captured() as runs:
            assert {"y": 3} == train(3)
            track.log(x=1)
            assert track.current() is None
            assert [] == runs.runs
        assert ("", "") == capfd.readouterr()

    def test_a_sweep_runs(self):
        """A function that needs ``trial`` gets it."""

        @tracked_sweep(n_trials=2, maximize="y", seed=1)
        def sweep(trial):
            return {"y": trial.suggest_float("x", 0, 1)}

        with captured() as runs:
            assert 0 < sweep().best.value <= 1
            assert [] == runs.runs

    def test_all_ranks_if_wanted(self, monkeypatch):
        """``TRACKED_RANKS=all``: a run each, which tells its rank."""
        monkeypatch.setenv("TRACKED_RANKS", "all")
        with captured() as runs:
            train(3)
            assert ({"x": 3.0, "y": 3.0}, "1") == (runs["train"].metrics, runs["train"].tags[t.RANK])

    def test_a_run_in_the_environment_is_left_to_rank_zero(self, monkeypatch):
        """All ranks have it there, and all would write the same points."""
        carrier = {}
        with captured() as runs:
            monkeypatch.delenv("RANK")
            forget()
            with track.run("launcher"):
                track.inject(carrier)
                context = carrier["TRACKED_CONTEXT"]
            become(monkeypatch, {"RANK": "1", "TRACKED_CONTEXT": context})
            track.log(loss=1)
            train(1)
            assert ["launcher"] == [run.name for run in runs.runs]
            assert {} == runs["launcher"].metrics

    def test_metrics_of_a_rank_if_wanted(self, monkeypatch):
        """``track.extract(os.environ)`` logs into the run of whoever launched the job; calls inside open no run."""
        carrier = {}
        with captured() as runs:
            monkeypatch.delenv("RANK")
            forget()
            with track.run("launcher"):
                track.inject(carrier)
            become(monkeypatch, {"RANK": "1", **carrier})
            with track.extract(os.environ):
                track.log({"rank/1/loss": 0.5})
                train(2)
            assert ["launcher"] == [run.name for run in runs.runs]
            assert 0.5 == runs["launcher"].metrics["rank/1/loss"]


def test_rank_zero_tracks(monkeypatch):
    """It is as if it were alone, but for a tag."""
    become(monkeypatch, {**TORCHRUN, "RANK": "0"})
    with captured() as runs:
        train(3)
        assert ({"x": 3.0, "y": 3.0}, "0") == (runs["train"].metrics, runs["train"].tags[t.RANK])


PROGRAM = """
import multiprocessing, os, sys
from tracked import track, tracked_training

@tracked_training
def train(x):
    track.log(x=x)
    return os.environ['RANK']

if __name__ == '__main__':
    train(1)
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        assert [os.environ['RANK']] == pool.map(train, [2])
        pool.close(); pool.join()
    assert 'torch' not in sys.modules
"""


def test_four_processes(tmp_path):
    """One run a call, not one a rank; what a rank starts has its rank: one run there too."""
    store = Store(tmp_path)
    for number in range(4):
        store.python(PROGRAM, **{**TORCHRUN, "RANK": str(number)})
    await_(lambda: 2 == len([run for run in store.runs if run.status == "FINISHED"]), f"{store.runs}")
    assert [("1", [1.0]), ("2", [2.0])] == sorted((run.params["x"], values(run, "x")) for run in store.runs)


TORCH = """
import torch
import torch.distributed as dist
from tracked import track, tracked_training

@tracked_training
def train(steps):
    for step in range(steps):
        loss = torch.ones(1) * dist.get_rank()
        dist.all_reduce(loss)
        track.log(loss=loss.item())
    return loss.item()

dist.init_process_group("gloo")
with track.run("all of it"):
    print(f"result {train(3)};", end="", flush=True)
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_torchrun(tmp_path):
    """Two real processes that talk to each other: one tree, the points of one, the result in both, no deadlock."""
    pytest.importorskip("torch")
    store = Store(tmp_path)
    (tmp_path / "job.py").write_text(TORCH)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "job.py",
    ]
    environ = {**os.environ, "TRACKED_TRACKING_URI": store.uri, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 2 == done.stdout.count("result 1.0;")
    await_(lambda: 2 == len([run for run in store.runs if run.status == "FINISHED"]), f"{store.runs}")
    assert ("all of it", [1.0] * 3) == (
        parent_of(store.runs, store["train"]),
        values(store["train"], "loss"),
    )
    assert {"0"} == {run.tags[t.RANK] for run in store.runs}
