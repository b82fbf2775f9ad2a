"""Optuna's own ``MLflowCallback`` in a tracked sweep that owns its loop."""

import mlflow
import optuna
import pytest

from tests.guests.conftest import keys
from tracked import tags as t
from tracked import tracked_sweep

integration = pytest.importorskip("optuna_integration", reason="`make test-all` installs it")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def callback():
    """Reports to where MLflow points, in an experiment named after the study, as it likes to."""
    return integration.MLflowCallback(tracking_uri=mlflow.get_tracking_uri(), metric_name="y")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_its_runs_are_children_of_the_sweep(n_jobs, tree, callback):
    """A run for each trial, in the sweep's experiment and under it, also from the threads of ``n_jobs=2``."""

    @tracked_sweep
    def sweep():
        study = optuna.create_study(study_name=f"{tree.experiment} study")
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), 4, n_jobs=n_jobs, callbacks=[callback])
        return study

    sweep()
    run, trials = tree.of("sweep")
    assert ["0", "1", "2", "3"] == sorted(trial.name for trial in trials)
    assert [{"y"}] * 4 == [keys(trial) for trial in trials]
    assert all("x" in trial.params for trial in trials)
    assert ({"FINISHED"}, "FINISHED") == ({trial.status for trial in trials}, run.status)
    assert [] == tree.read(f"{tree.experiment} study")
    assert n_jobs == 2 or not any(t.PARENT_GUESSED in trial.tags for trial in trials)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_an_objective_logs_is_in_its_trial(n_jobs, tree, callback):
    """``track_in_mlflow`` opens a run for each objective; the callback, which sets an experiment, goes on with it."""

    @tracked_sweep
    def sweep():
        @callback.track_in_mlflow()
        def objective(trial):
            mlflow.log_metric("number", trial.number)
            return trial.suggest_float("x", 0, 1)

        study = optuna.create_study(study_name=f"{tree.experiment} study")
        study.optimize(objective, 3, n_jobs=n_jobs, callbacks=[callback])
        return study

    sweep()
    _, trials = tree.of("sweep")
    assert {"0": 0.0, "1": 1.0, "2": 2.0} == {trial.name: trial.metrics["number"] for trial in trials}
    assert [{"number", "y"}] * 3 == [keys(trial) for trial in trials]


def test_an_objective_that_raises_leaves_nothing_running(tree, callback):
    """The exception comes out; the sweep and the trial that it broke are FAILED."""

    @tracked_sweep
    def sweep():
        @callback.track_in_mlflow()
        def objective(trial):
            raise ZeroDivisionError

        optuna.create_study().optimize(objective, 2, callbacks=[callback])

    with pytest.raises(ZeroDivisionError):
        sweep()
    run, (trial,) = tree.of("sweep")
    assert ("FAILED", "FAILED") == (run.status, trial.status)
