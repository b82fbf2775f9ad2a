"""MLflow's own calls through the durable store, with the shipper in a thread: MLflow is loaded here anyway."""

import mlflow
import pytest

import tracked
from tracked.mlflow.durable import reach
from tracked.mlflow.following import TrackedExperiment


@pytest.fixture
def durable(clean_mlflow, monkeypatch):
    """Sets up a store, durable."""
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # as in a shipper's own process
    monkeypatch.setattr(TrackedExperiment, "followed", None)
    monkeypatch.setattr(reach, "REMEMBERED", 0.0)

    def set_up(uri, experiment=None):
        tracked.setup_mlflow(experiment, tracking_uri=uri, durable=True)
        return uri

    yield set_up
    while mlflow.active_run() is not None:
        mlflow.end_run()
