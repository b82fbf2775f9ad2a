"""What a decorated function returns as values, and what stands in MLflow of it."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import attrs
import numpy as np
import pydantic

from tests.rows.acts import drawn, on_both, on_sqlite, points, results_told
from tracked import Ignore, Metric, Secret, track, tracked_training


@on_sqlite()
@tracked_training
def nothing() -> None: ...


def test_nothing(runs):
    """``None`` is logged nowhere, and nothing is said of it."""
    run = runs["nothing"]
    assert ({}, {}, {}) == (run.metrics, run.artifacts, results_told(run))
    assert f"in run {run.name}" not in runs.said


class Scalar:
    """A number of torch, as far as it can be told without torch."""

    def item(self) -> float:
        """The number."""
        return 0.25


@on_sqlite()
def numbers() -> None:
    """One run for each kind of number."""
    for value in (0.5, 3, np.float32(0.5), np.int64(3), np.array([[7.0]]), Scalar()):

        @tracked_training
        def number(kind, given=value):
            return given

        number(type(value).__name__)


def test_a_number(runs):
    """A number of Python, NumPy or torch is the metric ``result``."""
    expected = {"float": 0.5, "int": 3, "float32": 0.5, "int64": 3, "ndarray": 7, "Scalar": 0.25}
    assert expected == {run.params["kind"]: run.metrics["result"] for run in runs.called("number")}


@on_sqlite()
@tracked_training(monitor="f1")
def monitored() -> Annotated[float, Metric("auc")]:
    """Has two names to choose from."""
    return 0.5


@on_sqlite()
@tracked_training
def annotated() -> Annotated[float, Metric("auc")]:
    """Has one name."""
    return 0.5


def test_the_name_of_a_number(runs):
    """A lone number is called by the option ``monitor``, else by the annotation."""
    assert ({"f1": 0.5}, {"auc": 0.5}) == (runs["monitored"].metrics, runs["annotated"].metrics)


@on_sqlite()
@tracked_training
def both_bools() -> tuple[bool, Any]:
    """One of Python and one of NumPy."""
    return True, np.bool_(False)


def test_a_bool(runs):
    """A bool is a tag and no number."""
    run = runs["both_bools"]
    assert ({}, {"result_0": "True", "result_1": "False"}) == (run.metrics, results_told(run))


@on_both()
@tracked_training
def mapping() -> dict[str, Any]:
    """One of everything."""
    track.log(acc=0.5)
    Path("weights.bin").write_bytes(b"weights")
    return {
        "acc": 0.5,
        "val": {"f1@0.5": np.float32(0.25), "ok": True, "note": "good", "größe µ": 3},
        "val|note": "naïve",
        "nothing": None,
        "classes": ["a", "b"],
        "long": "x" * 9000,
        "weights": Path("weights.bin"),
        "picture": drawn(),
        "token": "abc",
    }


def test_a_mapping(runs_of_both):
    """Numbers are metrics, texts and bools tags, paths and figures artifacts, ``None`` nothing, the rest JSON."""
    run = runs_of_both["mapping"]
    assert {"acc": 0.5, "val/f1_x40_0.5": 0.25, "val/größe µ": 3} == run.metrics
    assert [(0, "0.5")] == points(run, "acc")  # logged and returned: once
    told = results_told(run)
    assert 5000 == len(told["result.long"])
    assert {
        "result.val/ok": "True",
        "result.val/note": "good",
        "result.val_x7c_note": "naïve",
        "result.token": "***",
        "result.long": told["result.long"],
    } == told
    assert {"weights.bin", "picture.png", "result.json"} == run.artifacts.keys()
    assert b"weights" == run.artifacts["weights.bin"]
    assert {"classes": ["a", "b"], "long": "x" * 9000} == json.loads(run.artifacts["result.json"])
    assert "FINISHED" == run.status


@on_both()
@tracked_training
def histories() -> dict[str, Any]:
    """One that fits, one that does not, and one that was logged as it went."""
    track.log(seen=9)
    return {"loss": [3.0, 2.0, math.nan], "long": [0.5] * 10_001, "seen": [1.0, 2.0]}


def test_a_history(runs_of_both):
    """A list of numbers is a metric with its steps; a longer one is a file; what was logged keeps its own steps."""
    run = runs_of_both["histories"]
    assert [(0, "3.0"), (1, "2.0"), (2, "nan")] == points(run, "loss")
    assert [(0, "9.0")] == points(run, "seen")
    assert {"loss", "seen"} == run.metrics.keys()
    assert [0.5] * 10_001 == json.loads(run.artifacts["long.json"])
    assert {"seen": [1.0, 2.0]} == json.loads(run.artifacts["result.json"])


@dataclasses.dataclass
class Data:
    acc: Annotated[float, Metric("val_acc")]
    hidden: Annotated[int, Ignore] = 1
    word: Annotated[str, Secret] = "abc"


class Model(pydantic.BaseModel):
    acc: Annotated[float, Metric("val_acc")]
    hidden: Annotated[int, Ignore] = 1
    word: Annotated[str, Secret] = "abc"


@attrs.define
class Attrs:
    acc: Annotated[float, Metric("val_acc")]
    hidden: Annotated[int, Ignore] = 1
    word: Annotated[str, Secret] = "abc"


class Named(NamedTuple):
    acc: Annotated[float, Metric("val_acc")]
    hidden: Annotated[int, Ignore] = 1
    word: Annotated[str, Secret] = "abc"


@on_sqlite()
@tracked_training
def records() -> dict[str, Any]:
    """One of each library."""
    return {cls.__name__: cls(acc=0.5) for cls in (Data, Model, Attrs, Named)}


def test_records(runs):
    """The fields of a record are read as a mapping is, and their markers are heard."""
    run = runs["records"]
    names = ("Data", "Model", "Attrs", "Named")
    assert {f"{name}/val_acc": 0.5 for name in names} == run.metrics
    assert {f"result.{name}/word": "***" for name in names} == results_told(run)


@on_sqlite()
@tracked_training
def sequence() -> Any:
    """A mapping, a record, and what has no name."""
    return {"loss": 1}, Named(2), 3, "text", [4, None, drawn()]


def test_a_tuple(runs):
    """Elements are logged by their type; those without a name are called ``result_0`` and so on."""
    run = runs["sequence"]
    assert {"loss": 1, "val_acc": 2, "result_2": 3, "result_4/result_0": 4} == run.metrics
    assert {"result_3": "text", "result.word": "***"} == results_told(run)
    assert ["result_4/result_2.png"] == list(run.artifacts)


class Unpickled:
    """Tells on whoever pickles it."""

    def __reduce__(self) -> Any:
        raise AssertionError("nothing is pickled")


@on_both()
@tracked_training
def other() -> dict[str, Any]:
    return {"x": Unpickled(), "f1@0.5": Unpickled()}


def test_anything_else(runs_of_both):
    """Of an object without a rule the type is a tag, which is said once; nothing is pickled."""
    run, name = runs_of_both["other"], f"{__name__}.Unpickled"
    assert {"result.x.type": name, "result.f1_x40_0.5.type": name} == results_told(run)
    assert ({}, {}) == (run.metrics, run.artifacts)
    assert 1 == runs_of_both.said.count(f"a returned {name} cannot be logged")
    assert "only its type is noted, as result.f1_x40_0.5.type" in runs_of_both.said


@on_sqlite()
@tracked_training
def many() -> dict[str, float]:
    return {f"m{i}": float(i) for i in range(1002)}


def test_at_most_a_thousand_metrics(runs):
    """The first thousand numbers are metrics, the others are in ``result.json``."""
    assert {f"m{i}": float(i) for i in range(1000)} == runs["many"].metrics
    assert {"m1000": 1000.0, "m1001": 1001.0} == json.loads(runs["many"].artifacts["result.json"])
