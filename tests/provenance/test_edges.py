"""Values that one call returned and another one was given join their runs, and nothing else does."""

from __future__ import annotations

import gc
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tracked import tags as t
from tracked import tracked_conversion, tracked_sweep, tracked_training
from tracked.context import RunRef
from tracked.provenance import edges
from tracked.testing import captured


class Model:
    """An object that knows weak references."""


@dataclass
class Fitted:
    """A result with a part that counts."""

    model: Model
    acc: float = 0.5


@pytest.fixture(autouse=True)
def _told(monkeypatch):
    monkeypatch.setenv("TRACKED_PROVENANCE", "1")


@tracked_training
def use(value, other=None):
    """Is given something."""


def inputs(run):
    """The runs that it names, by argument."""
    return json.loads(run.tags.get(t.INPUT_RUNS, "{}"))


ARRAY, MODEL, FITTED = np.zeros(3), Model(), Fitted(Model())


@pytest.mark.parametrize(
    ("result", "given"),
    [
        pytest.param(MODEL, MODEL, id="an object"),
        pytest.param((MODEL, 0.5), MODEL, id="one of a tuple"),
        pytest.param({"model": MODEL, "acc": 0.5}, [MODEL], id="one of a dict, in a list"),
        pytest.param(FITTED, FITTED, id="a dataclass"),
        pytest.param(FITTED, FITTED.model, id="a field"),
        pytest.param(ARRAY, ARRAY, id="an array"),
        pytest.param(Path("out/model.onnx"), Path("out/model.onnx"), id="a path"),
        pytest.param(Path("/out/model.onnx"), Path("/out/model.onnx"), id="an absolute path"),
    ],
)
def test_a_value_leads_to_the_run_that_made_it(result, given):
    """An object, what is directly in a result, and a path by where it leads; told by the name of the argument."""

    @tracked_training
    def make():
        return result

    with captured() as runs:
        make()
        use(3, given)
        assert {"other": [runs["make"].run_id]} == inputs(runs["use"])


def test_a_path_is_where_it_leads(monkeypatch, tmp_path):
    """A relative path is the file that it meant when it was returned, and not one of the same name elsewhere."""
    edges.remember(Path("model.onnx"), RunRef("1" * 32, "", ""))
    assert edges.maker_of(Path.cwd() / "model.onnx")
    monkeypatch.chdir(tmp_path)
    assert edges.maker_of(Path("model.onnx")) is None


@pytest.mark.parametrize("value", [7, 0.5, "model.onnx", None, True, b"x", int, len], ids=str)
def test_what_is_equal_by_chance_joins_nothing(value):
    """Numbers, texts, classes and functions are shared by all: to be given one says nothing."""

    @tracked_training
    def make():
        return value

    with captured() as runs:
        make()
        use(value)
        assert {} == inputs(runs["use"])


def test_another_object_in_the_same_place_is_another():
    """Neither an equal array nor one that got the memory of the first is taken for it."""
    edges.remember(ARRAY, RunRef("1" * 32, "", ""))
    assert edges.maker_of(ARRAY)
    assert edges.maker_of(ARRAY.copy()) is None
    stale = Model()
    edges._MADE[id(stale)] = edges._MADE[id(ARRAY)]
    assert edges.maker_of(stale) is None
    for _ in range(1000):
        made = Model()
        assert edges.maker_of(made) is None
        edges.remember(made, RunRef("2" * 32, "", ""))
        del made


def test_nothing_is_kept_alive():
    """A result that nobody holds is gone, and so is what was known of it; of paths only the last thousand are known."""
    gc.collect()
    before = len(edges._MADE)
    for number in range(2000):
        edges.remember([Model(), Path(str(number))], RunRef("1" * 32, "", ""))
    gc.collect()
    assert before == len(edges._MADE)
    assert len(edges._PATHS) <= 1000
    assert edges.maker_of(Path("1999"))
    assert edges.maker_of(Path("1")) is None


def test_the_later_maker_counts():
    """Who trains a model further gives it back as theirs; what they were given it by stays told in their own run."""

    @tracked_training
    def make():
        return Model()

    @tracked_training
    def tune(model):
        return model

    with captured() as runs:
        use(tune(make()))
        assert {"model": [runs["make"].run_id]} == inputs(runs["tune"])
        assert {"value": [runs["tune"].run_id]} == inputs(runs["use"])


def test_a_sweep_leads_on_to_what_is_made_of_it(tmp_path):
    """Sweep, training of its best, conversion: each names the one before; the conversion stands under its source."""

    @tracked_sweep(n_trials=2, maximize="acc", seed=1)
    def search(trial):
        return {"acc": trial.suggest_float("x", 0, 1)}

    @tracked_training
    def train(best):
        return Model()

    @tracked_conversion
    def convert(model):
        (tmp_path / "model.bin").write_bytes(b"model")
        return tmp_path / "model.bin"

    with captured() as runs:
        swept = search()
        path = convert(train(swept))
        use(path)
        ids = {run.name.rpartition("-")[0]: run.run_id for run in runs.runs}
        assert {"best": [ids["search"]]} == inputs(runs["train"])
        assert {"model": [ids["train"]]} == inputs(runs["convert"])
        assert {"value": [ids["convert"]]} == inputs(runs["use"])
        tags = runs["convert"].tags
        assert (ids["train"], ids["train"]) == (tags[t.SOURCE_RUN], tags[t.MLFLOW_PARENT])


def test_a_run_of_another_store_is_not_named():
    """What was recorded elsewhere has no id here."""

    @tracked_training
    def make():
        return MODEL

    with captured():
        make()
    with captured() as runs:
        use(MODEL)
        assert {} == inputs(runs["use"])


def test_reading_an_argument_runs_nothing_of_it():
    """An object that does things when it is asked for an attribute is not asked."""

    class Lazy:
        def __getattr__(self, name):
            asked.append(name)
            raise AttributeError(name)

    asked = []
    edges.runs_in({"lazy": Lazy(), "more": [Lazy()]})
    assert [] == [name for name in asked if not name.startswith("__")]


@tracked_training
def give(path):
    """Returns a path and a number."""
    return {"acc": 0.5, "path": path}


def test_what_cannot_be_remembered_is_logged_all_the_same(tmp_path, monkeypatch):
    """A path that means nothing any more, since the working folder is gone, costs no other part of a result."""
    (tmp_path / "gone").mkdir()
    with captured() as runs:
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        give(Path("model.bin"))
        monkeypatch.chdir(tmp_path)
        assert {"acc": 0.5} == runs["give"].metrics
