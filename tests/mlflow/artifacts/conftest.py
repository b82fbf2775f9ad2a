"""A run on each kind of store."""

from __future__ import annotations

import pytest

from tests.mlflow.artifacts.places import Place
from tracked.mlflow.backend import MlflowBackend


@pytest.fixture
def place(backend, tmp_path):
    """A run to send files to, on each kind of store in turn."""
    return Place(backend, tmp_path / "copies")


@pytest.fixture
def local_place(sqlite_uri, templates, tmp_path):
    """The same on a folder of this machine only."""
    return Place(MlflowBackend(sqlite_uri, templates), tmp_path / "copies")


@pytest.fixture
def server_place(server_uri, tmp_path):
    """The same over http only."""
    return Place(MlflowBackend(server_uri), tmp_path / "copies")
