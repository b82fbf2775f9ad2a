"""The pytest plugin, in projects of other people: run as pytest runs it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = """
from tracked import setup_mlflow, track, tracked_training

@tracked_training
def train(lr, steps=5):
    for step in range(steps):
        track.log(acc=step)
    return {"acc": 0.9}
"""


class Project:
    """Somebody's project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "training.py").write_text(CODE)
        (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.']\n")

    def test(self, source: str, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run pytest on this source."""
        (self.folder / "test_it.py").write_text(f"from training import *\n{source}")
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-v",
                "-p",
                "no:tracked",
                "-p",
                "tracked_pytest_plugin",
                *options,
            ],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TRACKED_PROVENANCE": "0", **environ},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)


def passes(done: subprocess.CompletedProcess[str], many: int = 1) -> bool:
    assert f"{many} passed" in done.stdout, done.stdout + done.stderr
    return True


IN_MEMORY = """
import os
import pytest
from tracked import session

def test_a_test_looks_at_its_runs(tracked_runs):
    setup_mlflow(experiment_name="of one")
    assert train(0.1) == {"acc": 0.9}
    assert tracked_runs["train"].params == {"lr": "0.1", "steps": "5"}

def test_and_at_no_others(tracked_runs):
    assert tracked_runs.runs == []
    setup_mlflow(tracking_uri="http://127.0.0.1:9")
    train(0.2)
    assert tracked_runs["train"].experiment == "Default"

def test_without_a_fixture():
    train(0.1)
    assert session.current().uri == "memory:pytest"
    setup_mlflow(tracking_uri="http://127.0.0.1:9")
    train(0.2)
    assert session.current().uri == "memory:pytest"
    assert "MLFLOW_RUN_ID" not in os.environ

@pytest.mark.parametrize("step", [None, 3])
def test_a_server_that_is_down(tracked_faults, step):
    tracked_faults.server_down(at_step=step)
    assert train(0.1) == {"acc": 0.9}
    arrived = tracked_faults.runs.runs
    assert len(arrived) == (step is not None)
    assert all(point.step < 3 for run in arrived for point in run.points)
    tracked_faults.server_up()
    run = tracked_faults.runs["train"]
    assert run.status == "FINISHED"
    assert sorted(point.step for point in run.points) == [0, 1, 2, 3, 4, 5]

def test_a_disk_that_is_full(tracked_faults, capsys):
    with track.run("work"):
        track.log(acc=1)
        tracked_faults.disk_full()
        track.log(acc=2)
        track.log(acc=3)
        tracked_faults.disk_free()
        track.log(acc=4)
    assert [point.value for point in tracked_faults.runs["work"].points] == [1, 4]
    assert capsys.readouterr().err.count("No space left") == 1
"""


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """One run of all tests above, where everything else says that runs go to a server."""
    project = Project(tmp_path_factory.mktemp("project"))
    (project.folder / "tracked.toml").write_text("tracking_uri = 'http://127.0.0.1:1'\n")
    done = project.test(IN_MEMORY, TRACKED_TRACKING_URI="http://127.0.0.1:9", MLFLOW_RUN_ID="0" * 32)
    left = {path.name for path in project.folder.iterdir()} - {"__pycache__", ".pytest_cache"}
    assert {"pyproject.toml", "test_it.py", "tracked.toml", "training.py"} == left
    return done


def passed(done: subprocess.CompletedProcess[str], *tests: str) -> bool:
    assert all(f"::{test} PASSED" in done.stdout for test in tests), done.stdout + done.stderr
    return True


def test_a_test_looks_at_its_runs(in_memory):
    """``tracked_runs`` holds the runs of this test and of no other, and forgets what the test has set up."""
    assert passed(in_memory, "test_a_test_looks_at_its_runs", "test_and_at_no_others")


def test_no_test_reaches_a_server_by_accident(in_memory):
    """Whatever code, files and variables say, and without a fixture: runs go to memory, and nothing to the disk."""
    assert passed(in_memory, "test_without_a_fixture")


def test_a_server_that_is_down(in_memory):
    """From the start or from a step on: the code does not notice, and what was kept arrives when it is up again."""
    assert passed(in_memory, "test_a_server_that_is_down[None]", "test_a_server_that_is_down[3]")


def test_a_disk_that_is_full(in_memory):
    """The code goes on, and says so once; what comes when there is room again is kept."""
    assert passed(in_memory, "test_a_disk_that_is_full")


def test_off_is_off(project):
    """``--tracked=off``: functions are plain ones, and tests that look at runs are skipped."""
    done = project.test(
        "def test_plain():\n    assert type(train).__name__ == 'function'\n    train(0.1)\n"
        "def test_runs(tracked_runs): raise AssertionError\n",
        "--tracked=off",
    )
    assert "1 passed, 1 skipped" in done.stdout


def test_real_is_what_is_set_up(project):
    """``--tracked=real`` leaves the project's own set-up alone."""
    uri = f"records://{project.folder}/store.records"
    source = (
        "def test_it(): train(1); from tracked import session; assert 'records:' in session.current().uri"
    )
    assert passes(project.test(source, "--tracked=real", TRACKED_TRACKING_URI=uri))
    assert (project.folder / "store.records").exists()


def test_an_unknown_mode_is_refused(project):
    """A typing error does not make tests write anywhere."""
    done = project.test("def test_it(): pass", "--tracked=reel")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "'memory', 'off', 'real'" in done.stderr


@pytest.mark.slow
def test_a_real_store(project):
    """``tracked_store`` is a database of MLflow's for this test, with MLflow's own calls in the same run."""
    source = """
import mlflow

@tracked_training
def by_hand():
    mlflow.log_metric("plain", 1)

def test_one(tracked_store):
    train(0.1)
    by_hand()
    plain, run = tracked_store.runs
    assert run.data.metrics == {"acc": 0.9}
    assert plain.data.metrics == {"plain": 1}
    assert mlflow.get_tracking_uri() == tracked_store.uri

def test_two(tracked_store):
    assert tracked_store.runs == []
"""
    assert passes(project.test(source, "-p", "no:warnings"), 2)
    assert not (project.folder / "mlruns").exists()


def test_it_costs_nothing_where_it_is_not_used(project):
    """Nothing of ours is imported, and nothing is left in the environment."""
    source = "import sys\ndef test_it(): assert not [name for name in sys.modules if name.split('.')[0] == 'tracked']"
    (project.folder / "training.py").write_text("")
    assert passes(project.test(source))


def test_pytest_finds_it():
    """It is an entry point of the package, under the name by which it is switched off."""
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.entry-points.pytest11]\ntracked = "tracked_pytest_plugin"' in declared
    installed = entry_points(group="pytest11", name="tracked")
    assert {"tracked_pytest_plugin"} >= {one.value for one in installed}
