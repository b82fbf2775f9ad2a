"""Odd numbers, keys and texts, and what stands in MLflow of them."""

from __future__ import annotations

import enum
import json
import math
from typing import Any

import pytest

from tests.rows.acts import on_both, on_sqlite, points
from tracked import tags as t
from tracked import track, tracked_sweep, tracked_training
from tracked.inputs import Inputs
from tracked.params import original_key


@on_both()
@tracked_training
def not_finite() -> dict[str, float]:
    track.log(loss=1.0)
    track.log(loss=math.nan)
    track.log({"top@1": math.inf}, step=7)
    return {"lowest": -math.inf}


def test_nan_and_infinities(runs_of_both):
    """NaN stays NaN; a tag says which infinity it was, since MLflow cuts it to its largest number."""
    run = runs_of_both["not_finite"]
    assert [(0, "1.0"), (1, "nan")] == points(run, "loss")
    assert run.metrics["lowest"] < -1e300
    assert ("inf at step 7", "-inf at step 0") == tuple(
        run.tags[t.INFINITE + k] for k in ("top_x40_1", "lowest")
    )


@on_sqlite()
@tracked_sweep(n_trials=3, maximize="acc", seed=1)
def with_nan(trial: Any) -> dict[str, float]:
    """Only the second trial has a number."""
    trial.suggest_float("x", 0, 1)
    return {"acc": 0.5 if trial.number == 1 else math.nan}


def test_nan_is_never_the_best(runs):
    """A trial whose objective is NaN loses against any other."""
    sweep = runs["with_nan"]
    assert ("1", 0.5) == (sweep.tags[t.BEST_TRIAL_NUMBER], sweep.metrics["acc"])
    assert 1 == runs.results["with_nan"].best.number


class Split(enum.Enum):
    VAL = "validation"


@on_sqlite({1: "a", "1": "b", Split.VAL: "c", None: "d"})
@tracked_training
def odd_keys(config: Any) -> dict[Any, float]:
    track.log({2: 0.5})  # type: ignore[dict-item]
    return {1: 1, "1": 2, Split.VAL: 3}


def test_keys_that_are_no_text(runs):
    """Keys are their ``str``, an enum's its name; of two equal ones the second has a suffix, which is said once."""
    run = runs["odd_keys"]
    assert {"config.1": "a", "config.1-2": "b", "config.VAL": "c", "config.None": "d"} == run.params
    assert {"1": 1, "1-2": 2, "VAL": 3, "2": 0.5} == run.metrics
    assert 1 == runs.said.count("two params have one name")
    assert 1 == runs.said.count("two returned values are called '1'")


REFUSED = ("f1@0.5", "a(b)", "a,b%", "a//b", "../up", "", "line\nbreak", "_x40_")


@on_both(dict.fromkeys(REFUSED, 1))
@tracked_training
def refused(config: Any) -> dict[str, bool]:
    track.log(dict.fromkeys(REFUSED, 0.5))
    track.params(dict.fromkeys(REFUSED, 2))
    track.tag(dict.fromkeys(REFUSED, "label"))
    track.artifact(b"bytes", "f1@0.5/a, b%.bin")
    return {f"ok {key}": True for key in REFUSED}


def test_refused_characters(runs_of_both):
    """Keys that MLflow refuses are written otherwise, each in its own way, and can be read back."""
    run = runs_of_both["refused"]
    prefixed = {original_key(key) for key in run.params.keys() - {"config"}}
    assert {*REFUSED, *(f"config.{key}" for key in REFUSED)} == prefixed
    assert dict.fromkeys(REFUSED, 0.5) == {original_key(key): value for key, value in run.metrics.items()}
    tags = {original_key(key): value for key, value in run.tags.items()}
    assert dict.fromkeys(REFUSED, "label").items() <= tags.items()
    assert {f"result.ok {key}": "True" for key in REFUSED}.items() <= tags.items()
    assert {"f1@0.5/a, b%.bin": b"bytes"} == run.artifacts


@on_both("naïve 数 🎈", größe=3)
@tracked_training(name="größe-数")
def alphabets(text: str, **kwargs: int) -> None:
    track.log({"größe µ": 0.5})
    track.tag({"größe": "数"})
    track.note("naïve 🎈")
    track.artifact("数".encode(), "größe/数.txt")


def test_other_alphabets(runs_of_both):
    """Names, keys, values, notes and artifacts in any alphabet are what they were."""
    run = runs_of_both["größe-数"]
    assert ({"text": "naïve 数 🎈", "größe": "3"}, {"größe µ": 0.5}) == (run.params, run.metrics)
    assert "数" == run.tags["größe"]
    assert run.tags[t.MLFLOW_NOTE].startswith("naïve 🎈")
    assert {"größe/数.txt": "数".encode()} == run.artifacts


LONG = "x" * 20_000


@on_both(LONG + "!", list(range(5000)))
@tracked_training
def long_values(text: str, numbers: list[int]) -> None:
    track.params(prompt=LONG, words=["w" * 9] * 2000)


def test_long_values(runs_of_both):
    """A param is the first part and a hash, as long as MLflow takes it; ``params.json`` has the whole."""
    run = runs_of_both["long_values"]
    assert dict.fromkeys(("text", "numbers", "prompt", "words"), 6000) == {
        k: len(v) for k, v in run.params.items()
    }
    assert all("... sha256:" in value for value in run.params.values())
    whole = json.loads(run.artifacts["params.json"])
    assert (LONG + "!", LONG) == (whole["text"], whole["prompt"])
    assert (list(range(5000)), ["w" * 9] * 2000) == (json.loads(whole["numbers"]), json.loads(whole["words"]))


@on_both()
@tracked_training
def changes(lr: float = 0.1, k: int = 7) -> None:
    track.params(lr=0.2, k=7.0, new=1)


@on_both()
@tracked_training
def changes_elsewhere(lr: float = 0.1, k: int = 7) -> None:
    run = track.current()
    assert run is not None
    run.inputs = Inputs()  # as in a process that the run travelled to: only the store can know what was there
    track.params(lr=0.3, k=7.0, new=1)


@pytest.mark.parametrize(("name", "later"), [("changes", "0.2"), ("changes_elsewhere", "0.3")])
def test_a_param_that_changes(runs_of_both, name, later):
    """The first value stays, a later one is a tag, ``7`` and ``7.0`` are one value, and the run goes on."""
    run = runs_of_both[name]
    assert {"lr": "0.1", "k": "7", "new": "1"} == run.params
    changed = {key: value for key, value in run.tags.items() if key.startswith(t.PARAM_CHANGED)}
    assert {t.param_changed("lr"): later} == changed
    assert "FINISHED" == run.status
    assert 1 == runs_of_both.said.count("params are written once: 'lr'")
