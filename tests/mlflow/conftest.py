"""Real stores: sqlite from the template, and the real server of the session."""

import os

import pytest

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from mlflow.tracking import fluent
from mlflow.tracking._tracking_service import utils

from tracked.mlflow.backend import MlflowBackend


@pytest.fixture
def sqlite_uri(tmp_path):
    """An embedded store that does not exist yet."""
    return f"sqlite:///{tmp_path}/store/mlflow.db"


@pytest.fixture(params=["sqlite", pytest.param("server", marks=pytest.mark.server)])
def store_uri(request):
    """Each kind of store in turn."""
    return request.getfixturevalue(f"{request.param}_uri")


@pytest.fixture
def backend(store_uri, templates, monkeypatch):
    """Our backend on each kind of store in turn, as in the shipper's process."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store_uri)
    return MlflowBackend(store_uri, templates)


@pytest.fixture
def clean_mlflow(monkeypatch):
    """MLflow's global state as in a fresh process, and put back afterwards."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID"):
        monkeypatch.setenv(name, "x")  # so that it is put back whatever MLflow does to it
        monkeypatch.delenv(name)
    monkeypatch.setattr(utils, "_tracking_uri", None)
    monkeypatch.setattr(fluent, "_active_experiment_id", None)
