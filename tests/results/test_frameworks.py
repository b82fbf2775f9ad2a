"""Models of real frameworks: what ``track.model`` writes is loaded by the framework itself, and computes the same."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tracked import speech, track
from tracked.results.models import about
from tracked.testing import captured

pytestmark = pytest.mark.slow

rows = np.random.default_rng(0).random((60, 4), dtype=np.float32)
labels = (rows[:, 0] > 0.5).astype(int)
NOT_THERE = "`make test-all` installs it where it can be had"


def framework(name):
    """The framework, or the test is left out."""
    return pytest.importorskip(name, reason=NOT_THERE)


@pytest.fixture
def kept(tmp_path, capsys, monkeypatch):
    """Keeps a model, and gives the files that it became; nothing is pickled, and nothing is complained of."""

    def no_pickle(*_args, **_kwargs):
        raise AssertionError("nothing is pickled")

    def keep(model):
        speech.forget()
        with captured() as runs:
            for name in ("dump", "dumps"):
                monkeypatch.setattr(f"pickle.{name}", no_pickle)
            with track.run("r"):
                track.model(model)
            monkeypatch.undo()
            files = runs["r"].artifacts
        assert "not kept" not in capsys.readouterr().err
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(content)
        return {name: str(tmp_path / name) for name in files}

    return keep


@pytest.mark.filterwarnings("ignore:.*type hint:UserWarning")  # MLflow, of itself
def test_scikit_learn(kept):
    """A pipeline in MLflow's layout, in skops format."""
    import mlflow
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(rows, labels)
    files = kept(model)
    assert {"model/MLmodel", "model/model.skops"} <= set(files)
    loaded = mlflow.sklearn.load_model(str(Path(files["model/MLmodel"]).parent))
    assert np.array_equal(model.predict_proba(rows), loaded.predict_proba(rows))


def test_xgboost(kept):
    """XGBoost's own binary JSON, of the scikit-learn face and of the booster."""
    xgboost = framework("xgboost")
    model = xgboost.XGBClassifier(n_estimators=3).fit(rows, labels)
    assert "parameters" not in about(model)  # an intercept alone tells nothing of trees
    loaded = xgboost.XGBClassifier()
    loaded.load_model(kept(model)["model.ubj"])
    assert np.array_equal(model.predict_proba(rows), loaded.predict_proba(rows))
    data = xgboost.DMatrix(rows)
    booster = xgboost.Booster()
    booster.load_model(kept(model.get_booster())["model.ubj"])
    assert np.array_equal(model.get_booster().predict(data), booster.predict(data))


@pytest.mark.filterwarnings(
    "ignore:X does not have valid feature names:UserWarning"
)  # LightGBM names columns
def test_lightgbm(kept):
    """LightGBM's own text, of the scikit-learn face and of the booster."""
    lightgbm = framework("lightgbm")
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(rows, labels)
    for given in (model, model.booster_):
        loaded = lightgbm.Booster(model_file=kept(given)["model.txt"])
        assert np.allclose(model.predict_proba(rows)[:, 1], loaded.predict(rows), rtol=0, atol=1e-12)


def test_onnx(kept):
    """The serialised proto, which ONNX checks and ONNX Runtime runs."""
    onnx, runtime = framework("onnx"), framework("onnxruntime")
    skl2onnx = framework("skl2onnx")
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(rows, labels)
    path = kept(skl2onnx.to_onnx(model, rows[:1], options={"zipmap": False}))["model.onnx"]
    onnx.checker.check_model(onnx.load(path))
    outputs = runtime.InferenceSession(path).run(None, {"X": rows})
    assert np.allclose(model.predict_proba(rows), outputs[1], atol=1e-6)


def net(torch):
    """Layers that share a weight, a buffer that is no parameter, and a dtype that NumPy does not have."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inside, self.outside = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)
            self.outside.weight = self.inside.weight
            self.norm = torch.nn.BatchNorm1d(4)
            self.small = torch.nn.Linear(4, 2, dtype=torch.bfloat16)

        def forward(self, x):
            return self.small(self.norm(self.outside(self.inside(x))).to(torch.bfloat16))

    return Net().eval()


def test_torch(kept):
    """The weights as safetensors, which ``load_state_dict`` takes as they are; the code stays in the program."""
    torch, _ = framework("torch"), framework("safetensors")
    from safetensors.torch import load_file

    model, loaded = net(torch), net(torch)
    files = kept(model)
    assert ["model.safetensors"] == list(files)
    loaded.load_state_dict(load_file(files["model.safetensors"]))
    assert torch.equal(model(torch.tensor(rows)), loaded(torch.tensor(rows)))


def test_torch_without_safetensors(kept, monkeypatch, capsys):
    """The weights as NumPy's archive, which needs no pickle to be read; a dtype that NumPy lacks is named."""
    torch = framework("torch")
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    model = torch.nn.Linear(4, 2)
    path = kept(model)["model.npz"]
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with np.load(path, allow_pickle=False) as arrays:
        assert np.array_equal(model.weight.detach().numpy(), arrays["weight"])
    with captured() as runs:
        with track.run("r"):
            track.model(model.to(torch.bfloat16))
        assert {} == runs["r"].artifacts
    assert "NumPy has no torch.bfloat16, as weight is: install safetensors" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras with NumPy 2
def test_keras(kept, monkeypatch):
    """Keras's own archive."""
    framework("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = framework("keras")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    loaded = keras.models.load_model(kept(model)["model.keras"])
    assert np.array_equal(model.predict(rows, verbose=0), loaded.predict(rows, verbose=0))
