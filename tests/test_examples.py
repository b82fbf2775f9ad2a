"""What the project shows to newcomers runs as it stands: the examples, and every block of Python in the README."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.stores import all_runs
from tracked import tags as t

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


def run(*command: str | Path) -> str:
    """What a person sees who runs this here; stderr included."""
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, env=dict(os.environ), check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_quickstart_makes_the_tree_that_it_prints() -> None:
    """A sweep of six trials over a training with a metric of each epoch, read back and shown with how to open it."""
    shown = run(ROOT / "examples" / "quickstart.py")
    runs = all_runs(MlflowClient(f"sqlite:///{Path.cwd()}/mlflow.db"), "digits")
    stages = sorted(run.tags[t.STAGE] for run in runs.values())
    assert ["hpo", *["hpo_trial"] * 6, *["training"] * 6] == stages
    assert all(found.name in shown for found in runs.values())
    trainings = [found for found in runs.values() if found.tags[t.STAGE] == "training"]
    assert all(len({p.step for p in found.points if p.key == "acc"}) >= 5 for found in trainings)
    assert f"mlflow ui --backend-store-uri sqlite:///{Path.cwd()}/mlflow.db" in shown
    assert "tracking failed" not in shown


def test_the_seeds_snippets_run_line_for_line() -> None:
    """The description that the project grew from works as written, ``file:./mlruns`` included."""
    shown = run(ROOT / "examples" / "seed.py")
    runs = all_runs(MlflowClient(f"sqlite:///{Path.cwd()}/mlruns/mlflow.db"), "my_experiment")
    by_name = {found.name: found for found in runs.values()}
    assert {"f1": 0.85} == by_name["my_training_run"].metrics
    assert {"learning_rate": "2e-05"} == by_name["my_training_run"].params
    assert by_name["my_training_run"].tags["backbone"] == "distilbert"
    assert "tracking failed" not in shown


def test_coroutines_threads_and_generators_keep_their_points_apart() -> None:
    """Whatever runs at once, each point is in its own run."""
    shown = run(ROOT / "examples" / "async_and_threads.py")
    runs = all_runs(MlflowClient(f"sqlite:///{Path.cwd()}/mlflow.db"), "at-once")
    assert "tracking failed" not in shown
    for found in runs.values():
        hundreds = {int(point.value) // 100 for point in found.points if point.key == "point"}
        assert len(hundreds) <= 1
    assert sum(bool(found.points) for found in runs.values()) >= 13


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][:40])
def test_the_readmes_code_runs(block: str) -> None:
    """What a newcomer copies works."""
    assert "tracking failed" not in run("-c", block)
