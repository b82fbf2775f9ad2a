"""scikit-learn's autologging in tracked functions, in their thread and in others."""

from concurrent.futures import ThreadPoolExecutor

import mlflow
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from tests.guests.conftest import keys
from tracked import tags as t
from tracked import track, tracked_training

pytestmark = pytest.mark.filterwarnings("ignore")

values = np.random.default_rng(0).random((20, 2))
labels = values[:, 0] > 0.5


@pytest.fixture(autouse=True)
def autolog():
    """Autologging is on, without models, which take seconds each."""
    mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)
    yield
    mlflow.sklearn.autolog(disable=True)


def test_a_fit_fills_the_run(tree):
    """Params, metrics and figures of a fit are in our run, beside our own, and no other run is made."""

    @tracked_training
    def train(c: float = 0.5):
        return {"ours": LogisticRegression(C=c).fit(values, labels).score(values, labels)}

    train()
    run = tree.alone("train")
    assert ("0.5", "0.5") == (run.params["c"], run.params["C"])
    assert {"training_accuracy_score", "ours"} <= keys(run)
    assert "estimator.html" in run.artifacts
    assert "FINISHED" == run.status


def test_a_fit_that_fails_fails_the_function_only_by_its_own_error(tree):
    """The user's own exception comes out, and the run is FAILED with what was logged before."""

    @tracked_training
    def train():
        track.log(before=1)
        LogisticRegression().fit(values, labels[:3])

    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        train()
    run = tree.alone("train")
    assert ("FAILED", {"before"}) == (run.status, keys(run))


@pytest.mark.slow
def test_a_grid_search_makes_children_of_our_run(tree):
    """The best result of a search is in our run, and its candidates are children of it."""

    @tracked_training
    def train():
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(values, labels)

    train()
    run, candidates = tree.of("train")
    assert "best_C" in run.params
    assert {"0.1", "1.0"} == {candidate.params["C"] for candidate in candidates}
    assert {"FINISHED"} == {candidate.status for candidate in candidates}


def test_fits_in_a_pool_are_children(tree):
    """Fits in threads that do not know their run make no orphan: what MLflow opens for them stands under ours."""

    @tracked_training
    def train():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda c: LogisticRegression(C=c).fit(values, labels).C, [0.1, 0.2, 0.3]))

    train()
    run, fits = tree.of("train")
    assert 1 + len(fits) == len(tree.read())
    assert any("training_accuracy_score" in keys(fit) for fit in fits)
    assert {("FINISHED", "true")} == {(fit.status, fit.tags[t.PARENT_GUESSED]) for fit in fits}
    assert "FINISHED" == run.status


def test_each_fit_has_a_run_of_its_own_where_each_is_a_tracked_call(tree):
    """Two tracked calls in a row each get the data of their own fit."""

    @tracked_training
    def fit(c: float):
        LogisticRegression(C=c).fit(values, labels)

    @tracked_training
    def train():
        fit(0.1)
        fit(0.2)

    train()
    _, fits = tree.of("train")
    assert {"0.1", "0.2"} == {fit.params["C"] for fit in fits}
