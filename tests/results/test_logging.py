"""A result in its run: which steps it gets, what is said of it, and what it costs without tracking.

What stands in MLflow of each kind of result is read back in ``tests/rows``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from matplotlib.figure import Figure

from tracked import Artifact, Metric, speech, track, tracked_benchmark, tracked_training
from tracked.testing import StoredRun, captured


@pytest.fixture
def runs() -> Iterator[Any]:
    """A store in memory; every warning is said anew."""
    speech.forget()
    with captured() as runs:
        yield runs


def points(run: StoredRun, key: str) -> list[tuple[int, float]]:
    """Steps and values of one metric."""
    return sorted((point.step, point.value) for point in run.points if point.key == key)


def test_a_value_that_was_logged_already_gets_no_second_step(runs):
    """A returned value equal to the last logged one is the same point; another one is the next step."""

    @tracked_training
    def train():
        track.log(acc=0.25)
        track.log(acc=0.5, loss=math.nan, f1=1)
        return {"acc": 0.5, "loss": math.nan, "f1": 2}

    train()
    run = runs["train"]
    assert [(0, 0.25), (1, 0.5)] == points(run, "acc")
    assert [(0, 1), (1, 2)] == points(run, "f1")
    assert 1 == len(points(run, "loss"))


def test_a_history_that_was_logged_already_keeps_its_steps(runs):
    """A returned list stands beside what was logged under its name step by step, never over it."""

    @tracked_training
    def train():
        for loss in (3.0, 2.0):
            track.log(loss=loss)
        return {"loss": [9.0, 8.0]}

    train()
    assert [(0, 3), (1, 2)] == points(runs["train"], "loss")
    assert {"loss": [9.0, 8.0]} == json.loads(runs["train"].artifacts["result.json"])


def test_the_return_annotation_is_read(runs, tmp_path):
    """``-> Annotated[float, Metric("auc")]`` names the number, ``Annotated[str, Artifact]`` makes a path of a text."""
    (tmp_path / "report.txt").write_text("good")

    @tracked_training
    def score() -> Annotated[float, Metric("auc")]:
        return 0.5

    @tracked_training
    async def report() -> Annotated[str, Artifact]:
        return str(tmp_path / "report.txt")

    score()
    with pytest.raises(StopIteration):
        report().send(None)
    assert {"auc": 0.5} == runs["score"].metrics
    assert {"report.txt": b"good"} == runs["report"].artifacts


def test_a_kind_reads_results_by_the_same_rules(runs):
    """What any kind returns is logged by these rules."""

    @tracked_benchmark
    def speed() -> dict[str, Any]:
        return {"latency_ms": 1.5, "device": "cpu"}

    speed()
    assert 1.5 == runs["speed"].metrics["latency_ms"]
    assert "cpu" == runs["speed"].tags["result.device"]


def test_a_result_is_said_once(runs, capsys):
    """What cannot be logged is warned of once, however often it is returned."""

    @tracked_training
    def give():
        return object()

    give()
    give()
    assert 1 == capsys.readouterr().err.count("cannot be logged")


def test_without_tracking_nothing_is_drawn():
    """In a run that is off no figure is drawn and no file made, and the caller gets its value."""

    class Picture(Figure):
        def savefig(self, *args: Any, **kwargs: Any) -> None:
            raise AssertionError

    @tracked_training
    def give() -> Figure:
        return picture

    picture = Picture()
    speech.forget()
    with track.disabled():
        assert picture is give()
        track.figure(picture)
    assert not speech._SAID
