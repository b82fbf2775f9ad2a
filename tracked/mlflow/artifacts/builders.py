"""Builders of artifact repositories that plugins bring, and what some of them do not understand.

Some were made for an earlier MLflow, and take the artifacts' URI only.  Azure's before 1.61 is one: under MLflow 3.2
and later every call for an artifact fails in it.  What is registered in its place hands over what it takes; that is
done only once it has failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.store.artifact import artifact_repository_registry
from mlflow.tracking._tracking_service import utils

from ..aliases import ARTIFACTS

Builder = Callable[..., Any]
_MADE_OF = ("_service_context", "_experiment_name", "_run_id", "path")
"""What Azure's client for the files of a run is made of."""


def repository_of(client: MlflowClient, run_id: str) -> Any:
    """MLflow's own choice of a repository for this run, with the store's address and login."""
    if _is_kept_here(run_id):
        uri = client.get_run(run_id).info.artifact_uri
        return artifact_repository_registry.get_artifact_repository(uri, tracking_uri=client.tracking_uri)
    return _in_its_workspace(client, _chosen(client, run_id))


def _chosen(client: MlflowClient, run_id: str) -> Any:
    # There is no public way.
    choose = client._tracking_client._get_artifact_repo  # noqa: SLF001
    try:
        return choose(run_id)
    except TypeError as error:
        scheme = urlsplit(client.get_run(run_id).info.artifact_uri).scheme
        if "unexpected keyword argument" not in str(error) or not _eased(scheme):
            raise
    return choose(run_id)


def _in_its_workspace(client: MlflowClient, repository: Any) -> Any:
    """Azure's builder looks where MLflow is pointed, whichever store it is told: let it be the client's workspace."""
    files: Any = getattr(repository, "artifacts", None)
    if all(hasattr(files, name) for name in _MADE_OF):
        theirs, *names = (getattr(files, name) for name in _MADE_OF)
        ours = getattr(client._tracking_client.store, "service_context", theirs)  # noqa: SLF001 - as above
        if ours is not theirs:
            repository.artifacts = type(files)(ours, *names)
    return repository


def _is_kept_here(run_id: str) -> bool:
    """Whether MLflow remembers a repository of the durable store: a shipper in a thread would wait for itself."""
    remembered = getattr(utils, "_artifact_repos_cache", {}).get(run_id)
    return str(getattr(remembered, "artifact_uri", "")).startswith(ARTIFACTS)


def _eased(scheme: str) -> bool:
    """Register, for this scheme, a builder that takes what MLflow gives; whether MLflow let us."""
    registry: Any = getattr(artifact_repository_registry, "_artifact_repository_registry", None)
    built: Builder | None = getattr(registry, "_registry", {}).get(scheme)
    if built is None:
        return False
    builder = built

    def eased(artifact_uri: str, **_: Any) -> Any:
        return builder(artifact_uri)

    registry.register(scheme, eased)
    return True
