"""One real sqlite store for each module; each test writes to an experiment of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

import tracked
from tests.stores import all_runs
from tracked.testing import StoredRun


class Written:
    """What this test has written, read by MLflow alone."""

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri, self.experiment = uri, experiment

    @property
    def client(self) -> MlflowClient:
        """MLflow's own client."""
        return MlflowClient(self.uri)

    @property
    def runs(self) -> list[StoredRun]:
        """All runs, after delivery."""
        assert tracked.sync(60)
        return list(all_runs(self.client, self.experiment).values())

    def __getitem__(self, name: str) -> StoredRun:
        """The one run of this name, or of a function of this name."""
        (found,) = (run for run in self.runs if name in (run.name, run.name.rpartition("-")[0]))
        return found

    def named(self, *names: str) -> list[StoredRun]:
        """The runs of these names, in their order."""
        by_name = {run.name: run for run in self.runs}
        return [by_name[name] for name in names]


@pytest.fixture(scope="module")
def module_store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URI of a store that all tests of a module share."""
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"


@pytest.fixture
def experiment(request: pytest.FixtureRequest) -> str:
    """An experiment of this test's own."""
    return request.node.name[:100]


@pytest.fixture
def use(module_store: str, experiment: str) -> Callable[..., Written]:
    """Sets the store up; the shipper is a thread here, since a process for each test would cost seconds."""

    def set_up(uri: str = module_store) -> Written:
        tracked.configure(shipper="thread")
        tracked.setup_mlflow(experiment, tracking_uri=uri)
        return Written(uri, experiment)

    return set_up


@pytest.fixture
def store(use: Callable[..., Written]) -> Iterator[Written]:
    """The module's store, set up."""
    written = use()
    yield written
    tracked.sync(60)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder with weights and what does not belong into an archive."""
    folder = tmp_path / "drive" / "deep" / "checkpoint"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * 8)
    (folder / "config.json").write_text("{}")
    (folder / "train.log").write_text("left out")
    return folder
