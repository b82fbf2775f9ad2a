"""No server, a dead process, refused data: what MLflow's own calls have acknowledged arrives, once."""

import os
import signal
import subprocess
import sys
import time

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

import tracked
from tests.mlflow.durable.relay import relay
from tests.servers import free_port
from tests.stores import all_runs
from tracked import session, tracked_training
from tracked.mlflow.client import client_for
from tracked.session.syncing import sync_all


def until_delivered(patience=60):
    """Wait for a shipper that may be between two tries."""
    deadline = time.monotonic() + patience
    while not tracked.sync():
        assert time.monotonic() < deadline, session.current().status()
        time.sleep(0.2)


def script_without_a_server(folder):
    """A script that knows nothing of the outage."""
    mlflow.set_experiment("offline")
    with mlflow.start_run(run_name="outer") as outer:
        mlflow.log_param("p", 1)
        for step in range(200):
            mlflow.log_metric("loss", step / 2, step)
        (folder / "file.txt").write_text("as it was")
        mlflow.log_artifact(folder / "file.txt", "deep/down")
        (folder / "file.txt").write_text("changed later")
        with mlflow.start_run(nested=True, run_name="inner") as inner:
            mlflow.log_metrics({"a": 1, "b": 2})
    return outer.info.run_id, inner.info.run_id


@pytest.mark.server
def test_a_script_runs_through_without_a_server_and_all_arrives_later(tmp_path, server_uri, durable):
    """With the server down from the start nothing waits, and later everything is there, once."""
    port = free_port()
    uri = durable(f"http://127.0.0.1:{port}")
    began = time.monotonic()
    outer, inner = script_without_a_server(tmp_path)
    read = mlflow.get_run(outer)
    assert ("RUNNING" != read.info.status, {"p": "1"}, 99.5) == (
        True,
        read.data.params,
        read.data.metrics["loss"],
    )
    assert 200 == len(MlflowClient().get_metric_history(outer, "loss"))
    with pytest.raises(MlflowException) as told:
        mlflow.search_runs()
    assert "TEMPORARILY_UNAVAILABLE" == told.value.error_code
    assert time.monotonic() - began < 10
    with relay(port, server_uri):
        until_delivered()
        runs = {run.name: run for run in all_runs(MlflowClient(uri), "offline").values()}
        assert {"outer", "inner"} == set(runs)
        assert [(i, i / 2) for i in range(200)] == sorted((p.step, p.value) for p in runs["outer"].points)
        assert b"as it was" == runs["outer"].artifacts["deep/down/file.txt"]
        assert runs["outer"].run_id == runs["inner"].tags["mlflow.parentRunId"]
        assert {"FINISHED"} == {run.status for run in runs.values()}
        _local_ids_still_lead_there(outer, inner, runs)


def _local_ids_still_lead_there(outer, inner, runs):
    assert runs["outer"].run_id == mlflow.get_run(outer).info.run_id
    children = mlflow.search_runs(
        experiment_names=["offline"],
        filter_string=f"tags.`mlflow.parentRunId` = '{outer}'",
        output_format="list",
    )
    assert [runs["inner"].run_id] == [run.info.run_id for run in children]
    MlflowClient().log_metric(inner, "by local id", 1)
    MlflowClient().log_metric(runs["inner"].run_id, "by that of the store", 2)
    data = mlflow.get_run(inner).data
    assert (1, 2) == (data.metrics["by local id"], data.metrics["by that of the store"])
    assert f"/runs/{runs['outer'].run_id}" in tracked.get_mlflow_run_url("1", outer)


def test_plain_calls_inside_a_tracked_function_wait_for_nobody(durable):
    """Without a server, raw logging lands in the tracked run and a plain run becomes its child, at once."""
    durable(f"http://127.0.0.1:{free_port()}", "ours")

    @tracked_training
    def train():
        run = tracked.track.current()
        mlflow.log_metric("raw", 1)
        with mlflow.start_run() as child:
            mlflow.log_metric("below", 2)
        return run.ref.run, child

    began = time.monotonic()
    mine, child = train()
    assert time.monotonic() - began < 5
    assert {"raw": 1.0} == mlflow.get_run(mine).data.metrics
    assert mine == child.data.tags["mlflow.parentRunId"]
    assert mlflow.get_run(mine).info.experiment_id == child.info.experiment_id


LOGS_AND_DIES = """
import os, signal, mlflow

with mlflow.start_run(run_name="killed"):
    for step in range(2000):
        mlflow.log_metric("loss", step * 0.5, step)
    mlflow.log_text("kept", "file.txt")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_nine_loses_nothing_and_the_script_need_not_know_us(tmp_path, templates):
    """A script that only has the URI in its environment is killed: all is there, and the run is KILLED."""
    uri = f"sqlite:///{tmp_path}/a.db"
    environ = {**os.environ, "MLFLOW_TRACKING_URI": f"tracked+{uri}", "TRACKED_SHIPPER": "thread"}
    done = subprocess.run([sys.executable, "-c", LOGS_AND_DIES], env=environ, check=False)
    assert -signal.SIGKILL == done.returncode
    tracked.setup_mlflow(tracking_uri=uri)
    assert [(0, 0)] == [(report.left, report.aside) for report in sync_all()]
    (run,) = all_runs(client_for(uri)).values()
    assert [(i, i * 0.5) for i in range(2000)] == sorted((p.step, p.value) for p in run.points)
    assert ("killed", "KILLED", b"kept") == (run.name, run.status, run.artifacts["file.txt"])


def test_what_the_store_refuses_is_put_aside_alone(tmp_path, durable):
    """Data for a run that was deleted meanwhile is kept with the reason, and costs nobody else anything."""
    uri = durable(f"sqlite:///{tmp_path}/a.db")
    with mlflow.start_run(run_name="gone") as gone:
        mlflow.log_metric("x", 1)
    with mlflow.start_run(run_name="well"):
        mlflow.delete_run(gone.info.run_id)
        MlflowClient().log_metric(gone.info.run_id, "x", 2)
        mlflow.log_metric("x", 3)
    until_delivered()
    (run,) = all_runs(MlflowClient(uri)).values()
    assert ("well", {"x": 3.0}) == (run.name, run.metrics)
    assert b"must be in the 'active' state" in session.current().folder.aside.read_bytes()
