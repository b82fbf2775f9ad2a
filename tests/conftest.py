"""Every test has a home of its own, no settings from outside, and leaves no session behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.servers import mlflow_server
from tracked import session
from tracked.context import has_ended, open_runs

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
# How long an example takes says more of the machine than of the code: figures belong to the benchmarks.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
_FOREIGN = ("TRACKED_", "MLFLOW_", "AZUREML_", "COLAB_", "KAGGLE_")
_KEPT = ("MLFLOW_DISABLE_TELEMETRY", "MLFLOW_ALLOW_FILE_STORE")


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ready sqlite databases, made once for all tests."""
    folder = tmp_path_factory.getbasetemp() / "templates"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def server_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One real MLflow server for all tests that do not end it: each uses experiments of its own."""
    with mlflow_server(tmp_path_factory.mktemp("server")) as uri:
        yield uri


@pytest.fixture
def home(tmp_path: Path, templates: Path) -> Path:
    """The home of this test."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "templates").symlink_to(templates)
    return folder


@pytest.fixture(autouse=True)
def _alone(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith(_FOREIGN) and name not in _KEPT:
            monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKED_HOME", str(home))
    monkeypatch.setenv("TRACKED_LINGER", "1")
    # A process for each test that has a run at the root: tests/provenance is about those.
    monkeypatch.setenv("TRACKED_PROVENANCE", "0")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    _forget_mlflow(monkeypatch)
    session.reset()
    yield
    session.reset()
    for run in open_runs():
        # What a test has left open on purpose must not be taken for what is around the next one.
        has_ended(run)


def _forget_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier test told a loaded MLflow is not this test's set-up."""
    for module, name in (
        ("mlflow.tracking._tracking_service.utils", "_tracking_uri"),
        ("mlflow.tracking.fluent", "_active_experiment_id"),
    ):
        if module in sys.modules:
            monkeypatch.setattr(sys.modules[module], name, None)
