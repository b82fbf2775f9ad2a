"""Autologging of XGBoost and LightGBM in tracked functions."""

import mlflow
import numpy as np
import pytest

from tests.guests.conftest import keys
from tracked import tracked_training

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

values = np.random.default_rng(0).random((40, 2))
labels = (values[:, 0] > 0.5).astype(int)


def trained(name):
    """Trains three rounds, watched on its own data."""
    library = pytest.importorskip(name, reason="`make test-all` installs it")
    if name == "xgboost":
        data = library.DMatrix(values, labels)
        return library.train({"max_depth": 2}, data, 3, evals=[(data, "train")])
    data = library.Dataset(values, labels)
    return library.train({"num_leaves": 3, "verbose": -1}, data, 3, valid_sets=[data], valid_names=["train"])


@pytest.mark.parametrize(("name", "metric"), [("xgboost", "train-rmse"), ("lightgbm", "train-l2")])
def test_training_fills_the_run(name, metric, tree):
    """Each round's metric, the params and the importance of features are in our run, the only one."""
    pytest.importorskip(name, reason="`make test-all` installs it")
    guest = getattr(mlflow, name)
    guest.autolog(log_models=False, log_datasets=False, silent=True)

    @tracked_training
    def train():
        trained(name)
        return {"ours": 1.0}

    try:
        train()
    finally:
        guest.autolog(disable=True)
    run = tree.alone("train")
    assert [0, 1, 2] == sorted(point.step for point in run.points if point.key == metric)
    assert "ours" in keys(run)
    assert {"max_depth", "num_leaves"} & set(run.params)
    assert [name for name in run.artifacts if "importance" in name]
    assert "FINISHED" == run.status
