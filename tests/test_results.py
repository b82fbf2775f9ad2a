from __future__ import annotations

import dataclasses
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import Mock

import numpy as np
import pytest

from tracked.results import Result, read_result


@dataclasses.dataclass
class Scores:
    acc: float
    note: str = "good"
    inner: object = None


class Pair(NamedTuple):
    loss: float
    acc: float


METRICS = [
    (None, {}),
    (0.5, {"result": 0.5}),
    (np.float32(0.5), {"result": 0.5}),
    (np.array([[3]]), {"result": 3.0}),
    ({"acc": 1, "val": {"acc": 2, "deep": {"f1": 3}}}, {"acc": 1, "val/acc": 2, "val/deep/f1": 3}),
    ({1: 2}, {"1": 2}),
    (OrderedDict(acc=1), {"acc": 1}),
    (Scores(0.5), {"acc": 0.5}),
    (Scores(0.5, inner=Scores(1)), {"acc": 0.5, "inner/acc": 1}),
    (Pair(1, 2), {"loss": 1, "acc": 2}),
    ((1, 2.5), {"result_0": 1, "result_1": 2.5}),
    ([1, [2, 3]], {"result_0": 1, "result_1/result_0": 2, "result_1/result_1": 3}),
    (({"loss": 1}, {"acc": 2}), {"loss": 1, "acc": 2}),
    ((Pair(1, 2), 5), {"loss": 1, "acc": 2, "result_1": 5}),
    ({"folds": [{"acc": 1}, 7]}, {"folds/acc": 1, "folds/result_1": 7}),
    ([], {}),
    ({}, {}),
    ("text", {}),
    (True, {}),
    (object(), {}),
]


@pytest.mark.parametrize(("value", "metrics"), METRICS, ids=lambda v: str(v)[:40])
def test_numbers_become_metrics(value, metrics):
    """Every number of a result is a metric under its name, wherever it stands."""
    assert metrics == read_result(value).metrics


def test_a_single_number_has_the_name_that_is_monitored():
    """``monitor`` names a lone number, and no other."""
    assert {"acc": 0.5} == read_result(0.5, "acc").metrics
    assert {"f1": 0.5} == read_result({"f1": 0.5}, "acc").metrics


TAGS = [
    ("text", {"result": "text"}),
    (True, {"result": "True"}),
    ({"kind": "svm", "ok": False, "n": None}, {"result.kind": "svm", "result.ok": "False"}),
    ({"result_dir": "x", "results": "y"}, {"result.result_dir": "x", "result.results": "y"}),
    (("a", 1), {"result_0": "a"}),
    ({"a": {"b": "c"}}, {"result.a/b": "c"}),
    (SimpleNamespace(), {"result.type": "SimpleNamespace"}),
    ({"model": Mock()}, {"result.model.type": "Mock"}),
    (Path("not there"), {"result": "not there"}),
    (Scores(1), {"result.note": "good"}),
]


@pytest.mark.parametrize(("value", "tags"), TAGS, ids=lambda v: str(v)[:40])
def test_texts_and_the_rest_become_tags(value, tags):
    """Texts and bools are tags below ``result``; of what we cannot read the type is noted, and nothing is pickled."""
    assert tags == read_result(value).tags


def test_a_path_that_exists_is_a_file(tmp_path):
    """A Path is an artifact; a text is never taken for one; files of one name do not cover each other."""
    paths = [tmp_path / name for name in ("a/m.pt", "b/m.pt", "c.txt")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert Result(files={"m.pt": paths[0]}) == read_result(paths[0])
    found = read_result({"best": paths[0], "last": paths[1], "log": str(paths[2])})
    assert {"m.pt": paths[0], "last/m.pt": paths[1]} == found.files
    assert {"result.log": str(paths[2])} == found.tags


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

    assert {"result.type": Odd.__qualname__} == read_result(Odd()).tags
