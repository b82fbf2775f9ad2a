"""Of the processes of a distributed job, one tracks."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.scripts import Store, await_, parent_of, values
from tracked import launches, track, tracked_sweep, tracked_training
from tracked import tags as t
from tracked.launches import Launcher, launch
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
    launches.forget()
    yield
    forget()
    launches.forget()


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


ONE_NODE = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "4", "MASTER_PORT": "29500"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "7:1.0"),
        (ONE_NODE, "MASTER_PORT=29500 7:1.0"),
        ({**ONE_NODE, "TORCHELASTIC_RUN_ID": "none"}, "TORCHELASTIC_RUN_ID=none MASTER_PORT=29500 7:1.0"),
        ({**ONE_NODE, "LOCAL_WORLD_SIZE": "2"}, None),
        (
            {**ONE_NODE, "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "a"},
            "TORCHELASTIC_RUN_ID=a MASTER_PORT=29500",
        ),
        ({**TORCHRUN, "TRACKED_JOB": "mine"}, "TRACKED_JOB=mine MASTER_PORT=29500"),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "4", "SLURM_JOB_ID": "5"}, "SLURM_JOB_ID=5"),
        ({"PMI_RANK": "1", "PMI_SIZE": "4"}, None),
    ],
    ids=lambda value: (
        None if value is None or isinstance(value, str) else f"{len(value)}-{'-'.join(value)}"[:60]
    ),
)
def test_what_names_a_launch(environ, expected):
    """What its launcher says, else the launcher itself where all ranks have it for a parent; else nothing does."""
    assert expected == launch(environ, Launcher("7:1.0", is_rank=False))


def test_a_process_that_a_rank_has_started_is_no_rank():
    """It has the variables of the rank, and calls that no other rank makes."""
    assert launch(ONE_NODE, Launcher("7:1.0", is_rank=True)) is None


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

    def test_a_job_that_nothing_names(self, monkeypatch, capfd):
        """Its ranks cannot find rank 0's runs: they run untracked, and one line says what to give."""
        monkeypatch.setenv("TRACKED_RANKS", "metrics")
        monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
        launches.forget()
        with captured() as runs:
            assert {"y": 3} == train(3)
            train(4)
            assert [] == runs.runs
        assert 1 == capfd.readouterr().err.count("TRACKED_JOB")

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


LAUNCHED = """
import os, subprocess, sys
ranks = [subprocess.Popen([sys.executable, 'job.py'], env={**os.environ, 'RANK': str(rank)}) for rank in (2, 1, 0)]
sys.exit(max(rank.wait() for rank in ranks))
"""

JOB = """
import multiprocessing, os
from tracked import track, tracked_sweep, tracked_training

RANK = int(os.environ['RANK'])

@tracked_training
def train(x, rank):
    for i in range(2):
        track.log(loss=x + rank + i)
    track.tag(told_by=rank)
    return {'acc': 0.5}

@tracked_training
def only_here():
    return {'acc': 1.0}

@tracked_sweep(n_trials=2, maximize='acc', seed=1)
def sweep(trial):
    return {'acc': trial.suggest_float('a', 0, 1) + RANK}

if __name__ == '__main__':
    with track.run('job'):
        if RANK == 0:
            only_here()
        for x in (10, 20):
            train(x, RANK)
        track.log(done=1)
    best = sweep().best.value
    assert RANK <= best <= RANK + 1, best
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        pool.map(print, ())
        pool.apply(only_here)
        pool.close(); pool.join()
"""


def test_numbers_of_each_rank(tmp_path):
    """``TRACKED_RANKS=metrics``: they stand in rank 0's runs, the n-th of a name in the n-th; no run is doubled."""
    store = Store(tmp_path)
    (tmp_path / "job.py").write_text(JOB)
    world = {"WORLD_SIZE": "3", "LOCAL_WORLD_SIZE": "3", "TRACKED_RANKS": "metrics"}
    store.python(LAUNCHED, **world)
    expected = ["job", "only_here", "only_here", "sweep", "train", "train", "trial-0", "trial-1"]

    def is_there():
        return 8 == sum(len([key for key in run.metrics if key.startswith("rank/")]) for run in trains())

    def trains():
        return [run for run in store.runs if run.name.startswith("train")]

    await_(lambda: is_there() and len(expected) == len(store.runs), f"{store.runs}")
    assert expected == sorted(
        run.name.rsplit("-", 1)[0] if "trial" not in run.name else run.name for run in store.runs
    )
    for x, run in zip((10, 20), sorted(trains(), key=lambda run: run.params["x"]), strict=True):
        logged = {key: values(run, key) for key in run.metrics}
        losses = {f"rank/{rank}/loss": [x + rank, x + rank + 1.0] for rank in (1, 2)}
        accs = {f"rank/{rank}/acc": [0.5] for rank in (1, 2)}
        assert {"loss": [x, x + 1.0], "acc": [0.5], **losses, **accs} == logged
        assert ("0", "0", "FINISHED") == (run.tags["told_by"], run.params["rank"], run.status)
    assert {"done", "rank/1/done", "rank/2/done"} == set(store["job"].metrics)
    for number in (0, 1):
        trial = store[f"trial-{number}"]
        assert {1, 2} == {round(trial.metrics[f"rank/{rank}/acc"] - trial.metrics["acc"]) for rank in (1, 2)}
        assert [1, 1] == [len(values(trial, f"rank/{rank}/acc")) for rank in (1, 2)]
    assert {"acc", "n_trials"} <= set(store["sweep"].metrics)
    assert not [key for run in store.runs for key in run.metrics if key.count("rank/") > 1]


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


def torchrun(store, folder, **environ):
    """The result of two real processes of one job that talk to each other."""
    pytest.importorskip("torch")
    (folder / "job.py").write_text(TORCH)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "job.py",
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "TRACKED_TRACKING_URI": store.uri, "OMP_NUM_THREADS": "1", **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_torchrun(tmp_path):
    """One tree, the points of one, the result in both, no deadlock."""
    store = Store(tmp_path)
    assert 2 == torchrun(store, tmp_path).count("result 1.0;")
    await_(lambda: 2 == len([run for run in store.runs if run.status == "FINISHED"]), f"{store.runs}")
    assert ("all of it", [1.0] * 3) == (
        parent_of(store.runs, store["train"]),
        values(store["train"], "loss"),
    )
    assert {"0"} == {run.tags[t.RANK] for run in store.runs}


@pytest.mark.slow
def test_torchrun_with_numbers_of_each_rank(tmp_path):
    """The second rank finds the run of the first by itself, and its numbers stand beside."""
    store = Store(tmp_path)
    assert 2 == torchrun(store, tmp_path, TRACKED_RANKS="metrics").count("result 1.0;")
    await_(lambda: "rank/1/loss" in store["train"].metrics, f"{store.runs}")
    assert 2 == len(store.runs)
    assert [1.0] * 3 == values(store["train"], "loss") == values(store["train"], "rank/1/loss")
