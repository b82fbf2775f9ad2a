"""Real stores: sqlite from the template, and one real server for the session."""

import importlib.util
import os
from pathlib import Path

import pytest

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# By its path: how pytest was started decides whether `tests` can be imported.
_spec = importlib.util.spec_from_file_location("servers", Path(__file__).parents[1] / "servers.py")
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    """Where the finished empty database is kept, for all tests."""
    return tmp_path_factory.mktemp("templates")


@pytest.fixture
def sqlite_uri(tmp_path):
    """An embedded store that does not exist yet."""
    return f"sqlite:///{tmp_path}/store/mlflow.db"


@pytest.fixture(scope="session")
def server_uri(tmp_path_factory):
    """A real MLflow server."""
    with servers.mlflow_server(tmp_path_factory.mktemp("server")) as uri:
        yield uri


@pytest.fixture(params=["sqlite", pytest.param("server", marks=pytest.mark.server)])
def store_uri(request):
    """Each kind of store in turn."""
    return request.getfixturevalue(f"{request.param}_uri")


@pytest.fixture
def backend(store_uri, templates):
    """Our backend on each kind of store in turn."""
    from tracked.mlflow.backend import MlflowBackend

    return MlflowBackend(store_uri, templates)


@pytest.fixture
def clean_mlflow(monkeypatch):
    """MLflow's global state as in a fresh process, and put back afterwards."""
    from mlflow.tracking import fluent
    from mlflow.tracking._tracking_service import utils

    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID"):
        monkeypatch.setenv(name, "x")  # so that it is put back whatever MLflow does to it
        monkeypatch.delenv(name)
    monkeypatch.setattr(utils, "_tracking_uri", None)
    monkeypatch.setattr(fluent, "_active_experiment_id", None)
