"""The same calls through the durable store and through MLflow's own: the runs are equal."""

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

import tracked
from tests.stores import all_runs
from tracked.mlflow.stores import ensure_store

NOW = 1_700_000_000_000


def fluent(folder):
    """What scripts do, in every form that writes to a run."""
    mlflow.set_experiment("contract")
    with mlflow.start_run(run_name="outer", tags={"team": "a"}, description="words"):
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"depth": 3, "long": "x" * 7000})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step)
        mlflow.log_metrics({"acc": 0.5, "bad": float("nan"), "far": float("inf")}, step=2)
        mlflow.log_metric("acc", 0.25, step=1)
        mlflow.log_metric("late", 1, synchronous=False)
        mlflow.log_metric("same", 3, step=1, timestamp=NOW)
        mlflow.log_metric("same", 3, step=1, timestamp=NOW)
        mlflow.set_tag("note", "first")
        mlflow.set_tags({"note": "second", "more": 1})
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"a": 1}, "a.json")
        mlflow.log_artifacts(folder, "folder")
        with mlflow.start_run(nested=True, run_name="inner"):
            mlflow.log_metric("loss", 2)
    with pytest.raises(ValueError, match="mine"), mlflow.start_run(run_name="failed"):
        raise ValueError("mine")


def client(folder):
    """The same by the client that loggers of libraries use."""
    api = MlflowClient()
    experiment = api.create_experiment("by client")
    run = api.create_run(experiment, start_time=NOW, tags={"k": "v"}, run_name="client").info.run_id
    api.log_batch(
        run,
        [Metric("m", step / 3, NOW + step, step) for step in range(1500)],
        [Param(f"p{i}", str(i)) for i in range(150)],
        [RunTag("t", "1")],
    )
    api.log_metric(run, "m", 9.0, step=2000)
    api.set_tag(run, "mlflow.runName", "renamed")
    api.log_artifact(run, f"{folder}/one.txt", "there")
    api.set_terminated(run, "KILLED", NOW + 9)
    with mlflow.start_run(run_id=run):
        mlflow.log_metric("again", 1)


def refused(folder):
    """Calls that MLflow refuses with its own exception, in code that goes on."""
    with mlflow.start_run(run_name="refused"):
        mlflow.log_param("p", 1)
        for number, call in enumerate(
            (
                lambda: mlflow.log_param("p", 2),
                lambda: mlflow.log_params({"q": 1, "p": 3}),
                lambda: mlflow.log_metric("a@b", 1),
                lambda: mlflow.log_metric("none", "no number"),
                lambda: mlflow.set_tag("", "x"),
                lambda: MlflowClient().create_run("0", run_name="a", tags={"mlflow.runName": "b"}),
                lambda: MlflowClient().get_run("0" * 32),
                lambda: MlflowClient().log_metric("0" * 32, "x", 1),
                lambda: mlflow.set_experiment(experiment_id="99"),
            )
        ):
            with pytest.raises(MlflowException) as told:
                call()
            mlflow.set_tag(f"code {number}", told.value.error_code)


def shown(run, names):
    """What has to be equal: all but times that the clock gave, and what we write beside."""
    points = sorted((p.key, p.step, str(p.value), p.time if p.time <= NOW + 2000 else 0) for p in run.points)
    tags = {k: names.get(v, v) for k, v in run.tags.items() if not k.startswith("tracked.")}
    files = {k: v for k, v in run.artifacts.items() if not k.startswith(".tracked")}
    return run.name, run.status, run.params, tags, points, files, run.experiment


def stored(uri):
    """All runs of the store, in the order of their names."""
    api = MlflowClient(uri)
    runs = {}
    for experiment in api.search_experiments():
        runs |= all_runs(api, experiment.name)
    names = {run_id: f"the run {run.name}" for run_id, run in runs.items()}
    return sorted((shown(run, names) for run in runs.values()), key=lambda told: told[0])


@pytest.mark.parametrize("calls", [fluent, client, refused])
def test_runs_are_as_plain_mlflow_makes_them(calls, tmp_path, templates, durable, monkeypatch):
    """Params, tags, histories, states, names, files, nesting and refusals are the same as without the journal."""
    folder = tmp_path / "files"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.txt").write_text("1")
    (folder / "sub" / "two.txt").write_text("2")
    plain, ours = f"sqlite:///{tmp_path}/plain/a.db", f"sqlite:///{tmp_path}/ours/a.db"
    ensure_store(plain, templates)
    mlflow.set_tracking_uri(plain)
    calls(folder)
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
    durable(ours)
    calls(folder)
    assert tracked.sync()
    assert stored(plain) == stored(ours)
