"""The same contract over every store: memory, file, sqlite, a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stores import read_run
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for
from tracked.ports import File
from tracked.testing import FileBackend, MemoryBackend
from tracked.testing.contract import BackendContract, Store, opened


class TestMemory(BackendContract):
    @pytest.fixture
    def store(self) -> Store:
        """A dict."""
        backend = MemoryBackend()
        return Store(backend, lambda run_id: backend.runs[run_id])


class TestFile(BackendContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        """A file."""
        path = tmp_path / "store.records"
        # Read by a second object: what counts is what is in the file.
        return Store(FileBackend(path), lambda run_id: FileBackend(path).runs[run_id])


class TestSqlite(BackendContract):
    @pytest.fixture
    def store(self, tmp_path: Path, templates: Path) -> Store:
        """A new database."""
        uri = f"sqlite:///{tmp_path}/mlflow.db"
        return Store(MlflowBackend(uri, templates), lambda run_id: read_run(client_for(uri), run_id))

    def test_artifacts_lie_beside_the_database(self, store: Store, tmp_path: Path) -> None:
        """Whatever the working folder is, the files of a local store are where its database is."""
        run = store.backend.create(opened(), None)
        (tmp_path / "x.txt").write_text("x")
        store.backend.upload(run.run_id, [File("x.txt", tmp_path / "x.txt")])
        assert [tmp_path / "mlartifacts"] == [
            p for p in tmp_path.iterdir() if p.is_dir() and any(p.rglob("x.txt"))
        ]


@pytest.mark.server
class TestServer(BackendContract):
    @pytest.fixture
    def store(self, server_uri: str) -> Store:
        """MLflow's client over http."""
        return Store(MlflowBackend(server_uri), lambda run_id: read_run(client_for(server_uri), run_id))
