"""Stores that MLflow's own API reaches, set up with and without ``durable``, and the runs that came to lie there."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import mlflow
import pytest
from mlflow import MlflowClient

import tracked
from tests.scripts import called
from tests.stores import all_runs
from tracked import tags as t
from tracked.mlflow.durable import reach
from tracked.mlflow.following import TrackedExperiment
from tracked.mlflow.stores import ensure_store
from tracked.testing import StoredRun


class Tree:
    """The runs of one experiment, as plain MLflow reads them."""

    def __init__(self, uri: str, *, durable: bool) -> None:
        self.uri, self.durable = uri, durable
        self.experiment = f"guests {uuid4().hex[:8]}"
        self.client = MlflowClient(uri)

    def read(self, experiment: str | None = None) -> list[StoredRun]:
        """All of them, after delivery; none may be left running."""
        assert tracked.sync()
        runs = list(all_runs(self.client, experiment or self.experiment).values())
        assert {run.name: "RUNNING" for run in runs if run.status == "RUNNING"} == {}
        return runs

    def of(self, name: str) -> tuple[StoredRun, list[StoredRun]]:
        """The run of the function of this name, and those right under it."""
        runs = self.read()
        (run,) = called(runs, name)
        return run, [other for other in runs if other.tags.get(t.MLFLOW_PARENT) == run.run_id]

    def alone(self, name: str) -> StoredRun:
        """The run of the function of this name, which is the only one of the experiment."""
        (run,) = self.read()
        assert [run] == called([run], name)
        return run


def keys(run: StoredRun) -> set[str]:
    """The names of its metrics."""
    return {point.key for point in run.points}


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("durable", marks=pytest.mark.slow),
        pytest.param("server", marks=[pytest.mark.server, pytest.mark.slow]),
    ]
)
def tree(request, tmp_path, templates, monkeypatch) -> Iterator[Tree]:
    """A set-up: an embedded store, the same with ``durable``, and a server with ``durable``."""
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")  # MLflow is loaded here anyway
    for name in (
        "MLFLOW_TRACKING_URI",
        "MLFLOW_EXPERIMENT_ID",
        "MLFLOW_EXPERIMENT_NAME",
        "MLFLOW_NESTED_RUN",
    ):
        monkeypatch.setenv(name, "x")  # so that it is put back whatever guests do to it
        monkeypatch.delenv(name)
    monkeypatch.setattr(TrackedExperiment, "followed", None)
    monkeypatch.setattr(reach, "REMEMBERED", 0.0)
    is_server = request.param == "server"
    uri = request.getfixturevalue("server_uri") if is_server else f"sqlite:///{tmp_path}/store.db"
    ensure_store(uri, templates)
    made = Tree(uri, durable=request.param != "sqlite")
    tracked.setup_mlflow(made.experiment, tracking_uri=uri, durable=made.durable)
    yield made
    assert mlflow.active_run() is None
