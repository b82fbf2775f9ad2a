from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tracked import speech, track, tracked_training
from tracked.testing import captured


@pytest.fixture
def runs(monkeypatch):
    """A store in memory, without safetensors: what looks like a tensor here is none; every warning is said anew."""
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    speech.forget()
    with captured() as runs:
        yield runs


def doubled(x):
    """A function of the program itself."""
    return 2 * x


@pytest.fixture
def fitted():
    return LogisticRegression().fit([[0], [1]], [0, 1])


def returning(value, **options):
    """A tracked function that returns this value."""

    @tracked_training(**options)
    def give():
        return value

    return give


def test_a_model_that_is_not_asked_for_is_told_by_its_class(runs, fitted, capsys):
    """Of a returned model class and number of parameters are noted, nothing is saved, and nothing is warned of."""
    returning({"clf": fitted, "acc": 0.5})()
    (run,) = runs.runs
    assert run.tags["result.clf.type"].endswith(".LogisticRegression")
    assert "2" == run.tags["result.clf.parameters"]
    assert ({}, {"acc": 0.5}) == (run.artifacts, run.metrics)
    assert "cannot be logged" not in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:.*type hint:UserWarning")  # MLflow, of itself
def test_a_scikit_learn_model_is_saved_by_mlflow(runs, fitted, tmp_path):
    """With ``model=True`` a model is saved in MLflow's layout without pickle, and works when it is loaded."""
    import mlflow

    returning(fitted, model=True)()
    (run,) = runs.runs
    assert "model/MLmodel" in run.artifacts
    assert not [name for name in run.artifacts if name.endswith((".pkl", ".pickle", ".joblib"))]
    for name, content in run.artifacts.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    loaded = mlflow.sklearn.load_model(str(tmp_path / "model"))
    assert [0, 1] == list(loaded.predict([[0], [1]]))


@pytest.mark.filterwarnings("ignore:.*type hint:UserWarning")  # MLflow, of itself
def test_a_pipeline_with_types_of_its_own_is_saved(runs, fitted):
    """What the program itself put into a model is trusted to be saved."""
    import mlflow  # noqa: F401

    returning({"pipe": make_pipeline(FunctionTransformer(doubled), fitted)}, model=True)()
    (run,) = runs.runs
    assert "pipe/MLmodel" in run.artifacts


def test_without_mlflow_a_scikit_learn_model_is_not_saved(runs, fitted, monkeypatch, capsys):
    """Where the program has not loaded MLflow, it is not loaded for a model; what to do is said once."""
    monkeypatch.delitem(sys.modules, "mlflow", raising=False)
    with track.run("r"):
        track.model(fitted)
        track.model(fitted)
    assert {} == runs["r"].artifacts
    assert 1 == capsys.readouterr().err.count("`import mlflow` before")


class Tensor:
    """A tensor as far as weights need one."""

    def __init__(self, values):
        self.values = np.array(values)

    def numpy(self):
        return self.values

    def numel(self):
        return self.values.size

    def detach(self):
        return self

    cpu = clone = detach


class Module:
    """A module as far as it can be told without torch."""

    __module__ = "torch.nn.modules.module"

    def state_dict(self):
        return {"layer.weight": Tensor([[1.0, 2.0]]), "layer.bias": Tensor([3.0])}

    def parameters(self):
        return iter(self.state_dict().values())

    def __reduce__(self):
        raise AssertionError("nothing is pickled")


class Net(Module):
    pass


class Booster:
    __module__ = "xgboost.core"

    def save_model(self, path):
        Path(path).write_text("trees")


def test_of_a_torch_module_the_weights_are_kept(runs):
    """The weights of a module are arrays in a file; its code stays in the program."""
    returning({"net": Net()}, model=True)()
    (run,) = runs.runs
    assert "3" == run.tags["result.net.parameters"]
    weights = np.load(io.BytesIO(run.artifacts["net.npz"]))
    assert [[1.0, 2.0]] == weights["layer.weight"].tolist()


def test_a_library_writes_its_own_format(runs):
    """A model whose library has a format of its own is written in it."""
    with track.run("r"):
        track.model(Booster(), "best")
    assert {"best.ubj": b"trees"} == runs["r"].artifacts


def test_what_is_no_model_is_not_saved(runs, capsys):
    """An unknown object is not pickled, whoever asks."""
    with track.run("r"):
        track.model(object())
    assert {} == runs["r"].artifacts
    assert "is no model that can be saved without pickle" in capsys.readouterr().err


def test_checkpoints_stand_by_their_step(runs, tmp_path):
    """A checkpoint is a path, bytes or a model under its step, with the metric that it was measured at."""
    (tmp_path / "last.pt").write_bytes(b"weights")
    with track.run("r"):
        track.log(acc=0.5)
        track.checkpoint(tmp_path / "last.pt", step=3, monitor="acc")
        track.checkpoint(b"state")
        track.checkpoint(Net(), step=4)
    files = runs["r"].artifacts
    assert b"weights" == files["checkpoints/step-3/last.pt"]
    assert b'{"step": 3, "monitor": "acc", "value": 0.5}' == files["checkpoints/step-3/checkpoint.json"]
    assert b"state" == files["checkpoints/checkpoint.bin"]
    assert "checkpoints/step-4/model.npz" in files
