from __future__ import annotations

import dataclasses
import enum
import math
import sys
from collections import OrderedDict
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, NamedTuple
from unittest.mock import Mock

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pydantic
import pytest

from tracked import Artifact, Ignore, Metric, Secret
from tracked.results import read_result


@dataclasses.dataclass
class Scores:
    acc: float
    note: str = "good"
    inner: object = None


class Pair(NamedTuple):
    loss: float
    acc: float


class Split(enum.Enum):
    VAL = "validation"


class Tensor:
    """A torch scalar, as far as it can be told without torch."""

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


METRICS = [
    (None, {}),
    (0.5, {"result": 0.5}),
    (10**400, {"result": math.inf}),
    (np.float32(0.5), {"result": 0.5}),
    (np.array([[3]]), {"result": 3.0}),
    (Tensor(0.25), {"result": 0.25}),
    ({"acc": 1, "val": {"acc": 2, "deep": {"f1": 3}}}, {"acc": 1, "val/acc": 2, "val/deep/f1": 3}),
    ({1: 2, Split.VAL: 3}, {"1": 2, "VAL": 3}),
    (OrderedDict(acc=1), {"acc": 1}),
    (SimpleNamespace(acc=1), {"acc": 1}),
    (Scores(0.5), {"acc": 0.5}),
    (Scores(0.5, inner=Scores(1)), {"acc": 0.5, "inner/acc": 1}),
    (Pair(1, 2), {"loss": 1, "acc": 2}),
    ((1, 2.5), {"result_0": 1, "result_1": 2.5}),
    ([1, [Pair(2, 3)]], {"result_0": 1, "result_1/loss": 2, "result_1/acc": 3}),
    (({"loss": 1}, {"acc": 2}), {"loss": 1, "acc": 2}),
    ((Pair(1, 2), 5), {"loss": 1, "acc": 2, "result_1": 5}),
    ({"folds": [{"acc": 1}, 7]}, {"folds/acc": 1, "folds/result_1": 7}),
    (pd.Series([1, 2], index=["x", "y"]), {"x": 1, "y": 2}),
    ([], {}),
    ({}, {}),
    ("text", {}),
    (True, {}),
    pytest.param(object(), {}, id="object"),
]


@pytest.mark.parametrize(("value", "metrics"), METRICS, ids=lambda v: str(v)[:40])
def test_numbers_become_metrics(value, metrics):
    """Every number of a result is a metric under its name, wherever it stands."""
    assert metrics == read_result(value).metrics


def test_a_single_number_has_the_name_that_is_asked_for():
    """A lone number is called as ``monitor`` says, else as its annotation does; no other number is."""
    assert {"acc": 0.5} == read_result(0.5, "acc").metrics
    assert {"f1": 0.5} == read_result({"f1": 0.5}, "acc").metrics
    assert {"f1": 0.5} == read_result(0.5, said=(Metric("f1"),)).metrics
    assert {"acc": 0.5} == read_result(0.5, "acc", (Metric("f1"),)).metrics


def test_nan_and_infinities_stay_what_they_are():
    """NaN and the infinities are metrics of their own value."""
    found = read_result({"a": math.nan, "b": math.inf, "c": np.float32("-inf")}).metrics
    assert ["nan", "inf", "-inf"] == [str(value) for value in found.values()]


HISTORIES = [
    ({"loss": [3, 2.5]}, {"loss": [(0, 3), (1, 2.5)]}),
    ({"loss": (3, np.float32(2))}, {"loss": [(0, 3), (1, 2)]}),
    ({"a": {"loss": np.array([3.0, 2.0])}}, {"a/loss": [(0, 3), (1, 2)]}),
    (np.array([3, 2]), {"result": [(0, 3), (1, 2)]}),
    ((1, [2, 3]), {"result_1": [(0, 2), (1, 3)]}),
    (pd.Series([1.5, 2], index=[5, 7]), {"result": [(5, 1.5), (7, 2)]}),
    ({"s": pl.Series([1, 2])}, {"s": [(0, 1), (1, 2)]}),
    ([0.5] * 101, {"result": [(step, 0.5) for step in range(101)]}),
    ({"loss": [1.0] * 10_000}, {"loss": [(step, 1.0) for step in range(10_000)]}),
]


@pytest.mark.parametrize(("value", "histories"), HISTORIES, ids=lambda v: str(v)[:40])
def test_lists_of_numbers_become_histories(value, histories):
    """A list, an array or a numbered series of numbers is a metric with a step for each."""
    assert histories == read_result(value).histories


@pytest.mark.parametrize("value", [[True, False], [1, "a"], ["a"], [], [[1, 2], [3, 4]], [None, 1.0]])
def test_other_lists_are_kept_as_they_are(value):
    """A list inside of a result that is not of numbers alone goes whole into ``result.json``."""
    found = read_result({"x": value})
    assert ({"x": value}, {}, {}) == (found.rest, found.metrics, found.histories)


TAGS = [
    ("text", {"result": "text"}),
    (True, {"result": "True"}),
    (np.bool_(False), {"result": "False"}),
    (Tensor(True), {"result": "True"}),
    ({"kind": "svm", "ok": False, "n": None}, {"result.kind": "svm", "result.ok": "False"}),
    ({"result_dir": "x", "results": "y"}, {"result.result_dir": "x", "result.results": "y"}),
    (("a", 1), {"result_0": "a"}),
    ({"a": {"b": "c"}}, {"result.a/b": "c"}),
    (Path("not there"), {"result": "not there"}),
    (Scores(1), {"result.note": "good"}),
    ({"url": "https://me:pw@host/x"}, {"result.url": "https://***@host/x"}),
    ({"api_key": "abc", "token": 5}, {"result.api_key": "***", "result.token": "***"}),
    ({"x": pydantic.SecretStr("abc")}, {"result.x": "***"}),
]


@pytest.mark.parametrize(("value", "tags"), TAGS, ids=lambda v: str(v)[:40])
def test_texts_and_bools_become_tags(value, tags):
    """Texts and bools are tags below ``result``, without the secrets in them."""
    found = read_result(value)
    assert (tags, {}) == (found.tags, found.remarks)


def test_a_long_text_is_cut_and_kept_whole():
    """A tag holds the beginning and a hash of a long text, ``result.json`` all of it."""
    text = "word " * 2000
    found = read_result({"report": text})
    assert len(found.tags["result.report"]) == 5000
    assert {"report": text} == found.rest


@pytest.mark.parametrize(
    "value", [object(), Mock(), len, int, sys, b"bytes", iter(())], ids=lambda v: type(v).__name__
)
def test_of_anything_else_the_type_is_noted(value):
    """What we cannot read is a tag with its type and one remark that names it; nothing is pickled."""
    found = read_result({"x": value})
    name = found.tags.pop("result.x.type")
    assert name.endswith(type(value).__qualname__)
    assert ({}, {}, [], {}) == (found.tags, found.rest, found.parts, found.metrics)
    (remark,) = found.remarks.values()
    assert f"a returned {name} cannot be logged" in remark


def test_the_rest_has_a_place():
    """Dates, sets and the like are neither metrics nor tags: they are kept in ``result.json``."""
    value = {"day": date(2024, 1, 2), "labels": {"a"}, "z": 1j}
    assert value == read_result(value).rest


class Model(pydantic.BaseModel):
    acc: Annotated[float, Metric("val_acc")]
    hidden: Annotated[int, Ignore] = 1
    word: Annotated[str, Secret] = "abc"
    report: Annotated[str, Artifact("report.txt")] = "nowhere"
    token: Annotated[float, Metric] = 3


@attrs.define
class Attrs:
    acc: Annotated[float, Metric("val_acc")]
    hidden: Annotated[int, Ignore] = 1
    word: Annotated[str, Secret] = "abc"
    report: Annotated[str, Artifact("report.txt")] = "nowhere"
    token: Annotated[float, Metric] = 3


@dataclasses.dataclass
class Data:
    acc: Annotated[float, Metric("val_acc")]
    hidden: Annotated[int, Ignore] = 1
    word: Annotated[str, Secret] = "abc"
    report: Annotated[str, Artifact("report.txt")] = "nowhere"
    token: Annotated[float, Metric] = 3


class Named(NamedTuple):
    acc: Annotated[float, Metric("val_acc")]
    hidden: Annotated[int, Ignore] = 1
    word: Annotated[str, Secret] = "abc"
    report: Annotated[str, Artifact("report.txt")] = "nowhere"
    token: Annotated[float, Metric] = 3


@pytest.mark.parametrize("cls", [Model, Attrs, Data, Named])
def test_markers_of_fields_hold(cls, tmp_path):
    """``Metric`` names, ``Ignore`` leaves out, ``Secret`` hides, ``Artifact`` makes a path of a text."""
    found = read_result({"a": cls(acc=0.5)})
    assert {"a/val_acc": 0.5, "a/token": 3} == found.metrics
    assert {"result.a/word": "***", "result.a/report": "nowhere"} == found.tags

    (tmp_path / "r.txt").touch()
    (part,) = read_result(cls(acc=0.5, report=str(tmp_path / "r.txt"))).parts
    assert (tmp_path / "r.txt", "report.txt") == (part.value, part.name)


def test_markers_of_the_return_annotation_hold(tmp_path):
    """``-> Annotated[str, Artifact]`` is a path, ``Ignore`` is nothing, ``Secret`` is a mask."""
    (tmp_path / "out").mkdir()
    (part,) = read_result(str(tmp_path / "out"), said=(Artifact(),)).parts
    assert (tmp_path / "out", "out") == (part.value, part.name)
    assert read_result(3) != read_result(None) == read_result(3, said=(Ignore(),))
    assert {"result": "***"} == read_result("abc", said=(Secret(),)).tags


def test_a_path_that_exists_is_a_file(tmp_path):
    """A Path is an artifact under its own name; a text is never taken for one."""
    file = tmp_path / "out" / "m.pt"
    file.parent.mkdir()
    file.touch()
    found = read_result({"best": file, "log": str(file), "all": file.parent})
    assert [("m.pt", "best"), ("out", "all")] == [(part.name, part.key) for part in found.parts]
    assert {"result.log": str(file)} == found.tags


@pytest.mark.parametrize("path", [".", "..", "/", "~"])
def test_the_working_folder_is_no_artifact(path, tmp_path, monkeypatch):
    """The working or home folder, and any above, is refused with one remark."""
    monkeypatch.chdir(tmp_path)
    found = read_result(Path(path).expanduser())
    assert [] == found.parts
    assert ["working or home folder" in remark for remark in found.remarks.values()] == [True]


def test_equal_names_do_not_cover_each_other():
    """Results of one name are kept apart by a suffix, and that is said once."""
    found = read_result(({"acc": 1, "a/b": 2, "t": "x"}, {"acc": 3, "a": {"b": 4}, "t": "y"}))
    assert {"acc": 1, "a/b": 2, "acc-2": 3, "a/b-2": 4} == found.metrics
    assert {"result.t": "x", "result.t-2": "y"} == found.tags
    assert len(found.remarks) == 1


def test_at_most_a_thousand_metrics():
    """The first thousand metrics are metrics; the others are in ``result.json``, which is said once."""
    found = read_result({**{f"m{i}": i for i in range(1002)}, "loss": [1, 2]})
    assert len(found.metrics) == 1000
    assert {"m1000": 1000, "m1001": 1001, "loss": [1, 2]} == found.rest
    assert ["more than 1000" in remark for remark in found.remarks.values()] == [True]
    assert len(read_result([float(i) for i in range(2000)]).histories["result"]) == 2000


def test_a_circle_ends():
    """A result that holds itself is read once."""
    circle = {"acc": 1}
    circle["again"] = circle
    found = read_result(circle)
    assert {"acc": 1} == found.metrics
    assert {"result.again.type": "dict"} == found.tags


def test_the_value_itself_is_left_alone():
    """Reading changes nothing of what the caller gets."""
    value = {"a": [1, {"b": 2}], "c": Scores(1)}
    read_result(value)
    assert {"a": [1, {"b": 2}], "c": Scores(1)} == value


def test_an_odd_object_is_no_crash():
    """An object that pretends to have fields, or fails when it is looked at, is noted by its type."""

    class Odd:
        _fields = ("a",)

        def __float__(self):
            raise ZeroDivisionError

        @property
        def item(self):
            raise ZeroDivisionError

        shape = item

    assert read_result(Odd()).tags["result.type"].endswith(".Odd")
