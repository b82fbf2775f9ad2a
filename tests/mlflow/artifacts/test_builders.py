"""A plugin whose builder of artifact repositories was made for an earlier MLflow."""

from __future__ import annotations

import pytest
from mlflow.store.artifact import artifact_repository_registry as registry
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from tracked.mlflow.artifacts.repository import Repository
from tracked.mlflow.client import client_for

SCHEME = "madeearlier"


@pytest.fixture
def early(monkeypatch, tmp_path, sqlite_uri, templates):
    """A run whose artifacts such a plugin keeps, its client, and how the plugin was called."""
    ours = registry._artifact_repository_registry
    monkeypatch.setattr(ours, "_registry", dict(ours._registry))
    called = []

    def builder(artifact_uri):
        called.append(artifact_uri)
        return LocalArtifactRepository(artifact_uri.removeprefix(f"{SCHEME}:"))

    ours.register(SCHEME, builder)
    client = client_for(sqlite_uri, templates)
    experiment = client.create_experiment("early", f"{SCHEME}://{tmp_path}/there")
    return client, client.create_run(experiment).info.run_id, called


def test_it_works_all_the_same(early, tmp_path):
    """What MLflow hands over and the builder does not take is left out; files go both ways."""
    client, run_id, called = early
    source = tmp_path / "a.txt"
    source.write_text("hello")
    repository = Repository(client, run_id)
    repository.put(source, "deep/a.txt")
    assert b"hello" == Repository(client, run_id).read("deep/a.txt")
    assert called


def test_another_mistake_of_a_plugin_is_not_hidden(early):
    """Only arguments that a builder does not know are left out."""
    client, run_id, _ = early

    def broken(artifact_uri, **_):
        raise TypeError("mine")

    registry._artifact_repository_registry.register(SCHEME, broken)
    with pytest.raises(Exception, match="mine"):
        Repository(client, run_id)
    assert registry._artifact_repository_registry._registry[SCHEME] is broken
