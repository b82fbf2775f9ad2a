"""What the project shows to newcomers runs as it stands: the examples, and every block of Python in the README."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.stores import all_runs
from tracked import tags as t
from tracked.testing import StoredRun

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


STAGES = ["", "benchmark", "conversion", "hpo", *["hpo_trial"] * 6, *["training"] * 7]
"""Of the quickstart's runs: around all, then the benchmark, the conversion, the sweep, and the final training."""


def stored() -> list[StoredRun]:
    """The runs in the local store."""
    return list(all_runs(MlflowClient(f"sqlite:///{Path.cwd()}/mlflow.db"), "digits").values())


def the(runs: list[StoredRun], stage: str) -> StoredRun:
    """The one run of this stage."""
    (found,) = (run for run in runs if run.tags.get(t.STAGE, "") == stage)
    return found


def code_of(example: str) -> list[str]:
    """Lines of code: no blank ones, no comments, no docstring."""
    source = (ROOT / "examples" / f"{example}.py").read_text(encoding="utf-8")
    docstring = ast.parse(source).body[0].end_lineno
    lines = (line.strip() for line in source.splitlines()[docstring:])
    return [line for line in lines if line and not line.startswith("#")]


def test_the_quickstart_makes_the_tree_that_it_prints() -> None:
    """Sweep, final training, benchmark and a conversion that gives what the model gave, in one tree that is shown."""
    shown = run(ROOT / "examples" / "quickstart.py")
    runs = stored()
    assert sorted(found.tags.get(t.STAGE, "") for found in runs) == STAGES
    assert {"FINISHED"} == {found.status for found in runs}
    assert all(found.name in shown for found in runs)
    trainings = [found for found in runs if found.tags.get(t.STAGE) == "training"]
    assert all(len({p.step for p in found.points if p.key == "acc"}) >= 5 for found in trainings)
    below = [the(runs, stage) for stage in ("hpo", "benchmark", "conversion")]
    assert {the(runs, "").run_id} == {found.tags[t.MLFLOW_PARENT] for found in below}
    assert {"latency_batch_1_ms", "latency_batch_64_ms"} <= set(the(runs, "benchmark").metrics)
    converted = the(runs, "conversion")
    assert 1.0 == converted.metrics["smoke_test_passed"]
    assert 0 <= converted.metrics["max_abs_error"] < 1e-4
    assert {"model.onnx"} == set(converted.artifacts)
    assert f"mlflow ui --backend-store-uri sqlite:///{Path.cwd()}/mlflow.db" in shown
    assert "tracking failed" not in shown


def test_the_same_by_hand_makes_the_same_tree() -> None:
    """With MLflow alone the same stages are there, and the figures are called the same."""
    run(ROOT / "examples" / "handwritten.py")
    runs = stored()
    assert sorted(found.tags.get(t.STAGE, "") for found in runs) == STAGES
    assert {"latency_batch_1_ms", "latency_batch_64_ms"} <= set(the(runs, "benchmark").metrics)
    assert 1.0 == the(runs, "conversion").metrics["smoke_test_passed"]
    assert {"model.onnx"} == set(the(runs, "conversion").artifacts)


def test_the_quickstart_is_short() -> None:
    """At most 30 lines of code, of which at most 8 are about tracking; by hand it is more than twice as many."""
    lines, by_hand = code_of("quickstart"), code_of("handwritten")
    assert len(lines) <= 30
    assert sum("track" in line for line in lines) <= 8
    told = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{len(lines)} lines of code" in told
    assert f"{len(by_hand)} lines" in told
    assert len(by_hand) > 2 * len(lines)
    assert sum("mlflow" in line for line in by_hand) > 3 * sum("track" in line for line in lines)


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
