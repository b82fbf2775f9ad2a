"""MLflow's own global state follows ours: raw MLflow calls go to the same store and experiment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from . import loaded
from .aliases import durable_uri, experiment_alias, is_durable
from .stores import artifact_root, ensure_store


class Followed(NamedTuple):
    """The experiment of raw MLflow calls that name none."""

    uri: str
    name: str


class TrackedExperiment:
    """MLflow's default experiment, while its store is ours: asked for at the first call that needs it.

    So nothing is asked of a server when the set-up is made, and the experiment is made by the get-or-create
    that does not lose races.  ``mlflow.set_experiment`` and ``MLFLOW_EXPERIMENT_ID`` still win, as they should.
    """

    followed: Followed | None = None
    _ids: dict[Followed, str] = {}  # noqa: RUF012 - one for the process, like MLflow's own state

    def in_context(self) -> bool:
        """Whether MLflow still looks at the store that was set up."""
        followed, utils = TrackedExperiment.followed, loaded.module("mlflow.tracking")
        return followed is not None and utils is not None and utils.get_tracking_uri() == followed.uri

    def get_experiment_id(self) -> str:
        """The id of the experiment, made if it is missing.

        Raises:
            BackendUnavailable: the store does not answer.
        """
        from .client import client_for, experiment_id  # noqa: PLC0415 - loads MLflow

        followed = TrackedExperiment.followed
        if followed is None:
            raise LookupError("no experiment is set up")
        if is_durable(followed.uri):
            return experiment_alias(followed.name)
        if followed not in self._ids:
            client = client_for(followed.uri)
            self._ids[followed] = experiment_id(client, followed.name, artifact_root(followed.uri))
        return self._ids[followed]


def follow(
    uri: str, experiment_name: str | None = None, templates: Path | None = None, *, durable: bool = False
) -> None:
    """Point a loaded MLflow at this store and experiment; without a loaded one, do nothing.

    Nothing is asked of a server.  ``experiment_name=None`` leaves the active experiment as it is.  With ``durable``
    MLflow is pointed at the durable store before this one.

    Raises:
        ConfigError: there is no durable store before this one.
        OSError: a new sqlite store cannot be laid down.
    """
    fluent, tracking = loaded.fluent(), loaded.module("mlflow.tracking")
    if fluent is None or tracking is None:
        return
    ensure_store(uri, templates)
    uri = durable_uri(uri) if durable else uri
    if tracking.get_tracking_uri() != uri:
        tracking.set_tracking_uri(uri)
    if experiment_name is not None:
        TrackedExperiment.followed = Followed(uri, experiment_name)
        _forget_experiment(fluent, experiment_name)
        _register()


def _forget_experiment(fluent: Any, name: str) -> None:
    """Take back what ``set_experiment`` left behind: its id may even belong to another store."""
    active = getattr(fluent, "_active_experiment_id", None)
    if active is not None:
        fluent._active_experiment_id = None  # noqa: SLF001 - MLflow has no way to unset it
        if os.environ.get("MLFLOW_EXPERIMENT_ID") == active:
            del os.environ["MLFLOW_EXPERIMENT_ID"]
    if os.environ.get("MLFLOW_EXPERIMENT_NAME", name) != name:
        os.environ["MLFLOW_EXPERIMENT_NAME"] = name


def _register() -> None:
    registry = loaded.module("mlflow.tracking.default_experiment.registry")
    providers = getattr(registry, "_default_experiment_provider_registry", None)
    if providers is not None and not any(isinstance(p, TrackedExperiment) for p in providers):
        providers.register(TrackedExperiment)
