"""Threads, forks, autolog, models, and a process that only imports MLflow."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import time_ns

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.tracking import fluent
from sklearn.linear_model import LogisticRegression

import tracked
from tests.stores import all_runs
from tracked import session
from tracked.errors import ConfigError
from tracked.mlflow.stores import ensure_store

SEPARATE = """
import sys
import mlflow
assert not [name for name in sys.modules if name.split(".")[0] == "tracked"], "the package was loaded"
assert "tracked_mlflow_plugin" in sys.modules, "the plugin is not installed"
"""


def test_importing_mlflow_does_not_load_the_package():
    """MLflow loads the plugin's own small module, and nothing else of ours."""
    subprocess.run([sys.executable, "-c", SEPARATE], check=True)


def test_two_threads_log_into_runs_of_their_own(tmp_path, durable):
    """Each thread's run has its own points, all of them."""
    uri = durable(f"sqlite:///{tmp_path}/a.db")

    def work(name):
        with mlflow.start_run(run_name=name):
            for step in range(200):
                mlflow.log_metric(name, step, step)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ["one", "two"]))
    assert tracked.sync()
    runs = {run.name: run for run in all_runs(MlflowClient(uri)).values()}
    for name in ("one", "two"):
        assert [(name, i) for i in range(200)] == sorted((p.key, p.step) for p in runs[name].points)


def test_later_values_of_one_step_stay_the_later_ones(tmp_path, durable, monkeypatch):
    """Calls within one millisecond do not make the largest value the latest."""
    durable(f"sqlite:///{tmp_path}/a.db")
    with mlflow.start_run() as run:
        now = time_ns() // 1_000_000
        monkeypatch.setattr(fluent, "get_current_time_millis", lambda: now)
        for value in range(10, 0, -1):
            mlflow.log_metric("x", value)
    assert 1 == mlflow.get_run(run.info.run_id).data.metrics["x"]
    assert 10 == len(MlflowClient().get_metric_history(run.info.run_id, "x"))


def fitted():
    """A small model, fitted."""
    values = np.random.default_rng(1).normal(size=(60, 3))
    return LogisticRegression(C=0.5).fit(values, values[:, 0] > 0)


@pytest.mark.server
@pytest.mark.filterwarnings("ignore:.*Any type hint")
def test_autolog_of_sklearn_and_its_model(server_uri, durable):
    """Autolog writes params, metrics and the model through the durable store, which can be loaded and registered."""
    durable(server_uri, "autolog")
    mlflow.sklearn.autolog(silent=True)
    try:
        with mlflow.start_run() as run:
            fitted()
    finally:
        mlflow.sklearn.autolog(disable=True)
    read = mlflow.get_run(run.info.run_id)
    assert "0.5" == read.data.params["C"]
    assert "training_accuracy_score" in read.data.metrics
    (model,) = read.outputs.model_outputs
    assert mlflow.sklearn.load_model(f"models:/{model.model_id}").C == 0.5
    version = mlflow.register_model(f"models:/{model.model_id}", "of autolog")
    assert read.info.run_id == version.run_id
    assert mlflow.sklearn.load_model("models:/of autolog/1").C == 0.5


@pytest.mark.server
def test_traces_go_to_the_server(server_uri, durable):
    """A trace inside a run is in the store, and names the run as the store does."""
    durable(server_uri, "traces")
    with mlflow.start_run() as run, mlflow.start_span("span") as span:
        span.set_inputs({"x": 1})
    mlflow.flush_trace_async_logging()
    (trace,) = mlflow.search_traces(return_type="list")
    assert ["span"] == [one.name for one in trace.data.spans]
    assert mlflow.get_run(run.info.run_id).info.run_id == trace.info.trace_metadata["mlflow.sourceRun"]


def test_autolog_with_a_local_store(tmp_path, durable):
    """The same on sqlite, where files lie beside the database."""
    durable(f"sqlite:///{tmp_path}/a.db")
    mlflow.sklearn.autolog(silent=True, log_models=False)
    try:
        with mlflow.start_run() as run:
            fitted()
    finally:
        mlflow.sklearn.autolog(disable=True)
    files = [file.path for file in MlflowClient().list_artifacts(run.info.run_id)]
    assert "estimator.html" in files
    assert "0.5" == mlflow.get_run(run.info.run_id).data.params["C"]


def test_a_run_from_elsewhere_is_ended_only_by_who_starts_it(tmp_path, templates, durable):
    """``start_run(run_id=...)`` takes a plain run over, its end included; logging into one by its id does not."""
    uri = f"sqlite:///{tmp_path}/a.db"
    ensure_store(uri, templates)
    plain = MlflowClient(uri)
    continued, touched = (plain.create_run("0").info.run_id for _ in range(2))
    plain.set_terminated(continued, "FAILED")
    durable(uri)
    with mlflow.start_run(run_id=continued):
        mlflow.log_metric("x", 1)
        assert "RUNNING" == plain.get_run(continued).info.status
    MlflowClient().log_metric(touched, "x", 2)
    assert tracked.sync()
    assert {"FINISHED": {"x": 1.0}, "RUNNING": {"x": 2.0}} == {
        run.info.status: run.data.metrics for run in plain.search_runs(["0"])
    }
    MlflowClient().set_terminated(touched)
    assert "FINISHED" == plain.get_run(touched).info.status


def test_durable_is_switched_by_call_by_environment_and_back(tmp_path, durable, monkeypatch):
    """MLflow looks at the durable store while that is wanted, and at the plain one afterwards."""
    uri = durable(f"sqlite:///{tmp_path}/a.db")
    assert f"tracked+{uri}" == mlflow.get_tracking_uri()
    tracked.setup_mlflow(durable=False)
    assert uri == mlflow.get_tracking_uri()
    session.reset()
    monkeypatch.setenv("TRACKED_DURABLE", "1")
    tracked.setup_mlflow(tracking_uri=uri)
    assert f"tracked+{uri}" == mlflow.get_tracking_uri()
    with pytest.raises(ConfigError, match="durable is for http"):
        tracked.setup_mlflow(tracking_uri="databricks", durable=True)


def test_a_process_that_inherits_the_uri_is_durable_too(tmp_path, durable, monkeypatch):
    """``MLFLOW_TRACKING_URI=tracked+...`` alone is enough, and our own runs go to the store behind it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"tracked+sqlite:///{tmp_path}/a.db")
    assert f"sqlite:///{tmp_path}/a.db" == tracked.setup_mlflow()
    assert session.current().is_durable
