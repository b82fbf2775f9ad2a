"""What Optuna's own MLflow integration promises, and where it fails: held by sweeps.

``n_jobs`` of 1, 2 and 4 with the right parent, and a failed trial that is FAILED, are in ``test_sweep.py``.
"""

import time

import pytest
from mlflow import MlflowClient

import tracked
from tests.servers import free_port
from tests.stores import all_runs
from tracked import session, track, tracked_sweep
from tracked import tags as t
from tracked.errors import MetricNotFound
from tracked.journal.reader import read_window
from tracked.records import Closed, Opened
from tracked.testing import captured


def test_names_and_several_objectives(tmp_path):
    """Each trial is ``trial-<number>`` under its sweep and has each objective under its own name, in a real store."""

    @tracked_sweep(n_trials=3, maximize="acc", minimize=("latency", "size"), n_jobs=2, name="names")
    def search(trial):
        return trial.suggest_float("x", 0, 1), 5.0, 7.0

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    tracked.setup_mlflow("sweeps", tracking_uri=uri)
    search()
    assert tracked.sync()
    runs = all_runs(MlflowClient(uri), "sweeps").values()
    (sweep,) = [run for run in runs if run.tags[t.STAGE] == "hpo"]
    trials = [run for run in runs if run.tags[t.STAGE] == "hpo_trial"]
    assert ("names", {"trial-0", "trial-1", "trial-2"}) == (sweep.name, {run.name for run in trials})
    assert {sweep.run_id} == {run.tags[t.MLFLOW_PARENT] for run in trials}
    assert {("acc", "latency", "size")} == {tuple(sorted(run.metrics)) for run in trials}
    assert {(5.0, 7.0)} == {(run.metrics["latency"], run.metrics["size"]) for run in trials}


def test_long_tags_and_params():
    """A choice and a tag that are longer than the store takes cost no trial; the whole texts are kept."""
    choice = "layer " * 2000

    @tracked_sweep(n_trials=2, maximize="acc", sampler="random")
    def search(trial):
        track.tag(note=choice)
        return {"acc": float(len(trial.suggest_categorical("layers", [choice])))}

    with captured() as runs:
        assert {"complete"} == {trial.state for trial in search().trials}
        trials = [run for run in runs.runs if run.tags[t.STAGE] == "hpo_trial"]
        sweep = runs["search"]
    for run in trials:
        assert len(run.params["layers"]) <= 6000
        assert len(run.tags["note"]) <= 8000
        assert choice.encode() in run.artifacts.values()
    assert len(sweep.params["best_layers"]) <= 6000
    assert 2.0 == sweep.metrics["n_complete_trials"]


def test_a_dead_server(monkeypatch):
    """All trials run at their own pace, and each of their ends is in a file."""
    monkeypatch.setenv("TRACKED_EXIT_TIMEOUT", "0.1")
    tracked.setup_mlflow(tracking_uri=f"http://127.0.0.1:{free_port()}")

    @tracked_sweep(n_trials=5, maximize="acc", n_jobs=2, sampler="random")
    def search(trial):
        return {"acc": trial.suggest_float("x", 0, 1)}

    began = time.monotonic()
    assert 5 == len(search().trials)
    assert time.monotonic() - began < 10
    records = [record for _, record in read_window(session.current().journal.path, 0, ended=False).records]
    opened = {record.run for record in records if isinstance(record, Opened)}
    assert 6 == len(opened)
    assert {(run, "FINISHED") for run in opened} == {
        (record.run, record.status) for record in records if isinstance(record, Closed)
    }


def test_an_error_that_nobody_catches():
    """The trial and the sweep are there and FAILED, and what was tried before is FINISHED."""

    @tracked_sweep(n_trials=4, maximize="acc")
    def search(trial):
        if trial.number == 2:
            raise OSError("no more room")
        return {"acc": trial.suggest_float("x", 0, 1)}

    with captured() as runs:
        with pytest.raises(OSError, match="no more room"):
            search()
        ends = {
            run.name.rpartition("-")[0] + run.tags.get(t.TRIAL_NUMBER, ""): run.status for run in runs.runs
        }
    assert {"search": "FAILED", "trial0": "FINISHED", "trial1": "FINISHED", "trial2": "FAILED"} == ends


def test_a_metric_of_another_name_keeps_the_trials():
    """The error names what was logged, and has the trials."""

    @tracked_sweep(n_trials=2, maximize="accuracy")
    def search(trial):
        return {"acc": trial.suggest_float("x", 0, 1)}

    with captured(), pytest.raises(MetricNotFound, match="metrics that were: acc") as raised:
        search()
    assert 2 == len(raised.value.sweep.trials)
