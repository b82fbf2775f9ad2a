"""Which store the runs of this process go to: the one that was named, if it can be used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import speech
from ..errors import BackendUnavailable, ConfigError
from ..mlflow import setup as mlflow_setup
from ..mlflow.setup import Configured, Target
from ..settings import Settings, Wrong
from . import workspaces
from .backends import is_for_tests

CONFINED_TO = "TRACKED_CONFINED_TO"
"""The one store that runs of this process go to, whatever else is set: tests set it, so that none reaches another."""


@contextmanager
def confined_to(uri: str) -> Iterator[None]:
    """In this block, and in the processes that it starts, runs go to this store, whatever else is set."""
    before = os.environ.get(CONFINED_TO)
    os.environ[CONFINED_TO] = uri
    try:
        yield
    finally:
        os.environ.pop(CONFINED_TO, None)
        if before is not None:
            os.environ[CONFINED_TO] = before


def chosen(
    configured: Mapping[str, Any],
    ml_client: Any,
    settings: Settings,
    root: Path,
    *,
    fallback_to_local: bool,
    wrong: Wrong,
) -> Target:
    """The store, and who named it; the arguments are those of ``building.build``, and the project's folder.

    Raises:
        ConfigError: what was named is no store, and ``wrong`` raises.
        BackendUnavailable: the workspace of ``ml_client`` cannot be read, and must be.
    """
    if confined := os.environ.get(CONFINED_TO):
        return _confined(confined, root)
    if is_for_tests(settings.tracking_uri):
        return Target(settings.tracking_uri, settings.origins["tracking_uri"])
    explicit = configured.get("tracking_uri")
    try:
        files = Path(settings.config_dir) if settings.config_dir else root
        by_settings = Configured(settings.tracking_uri, settings.origins["tracking_uri"], files)
        target = mlflow_setup.resolve_uri(explicit, ml_client, by_settings, root=root)
        workspaces.check(target.uri)
    except ConfigError as error:
        wrong(error)
    except BackendUnavailable as error:
        if not fallback_to_local:
            raise workspaces.told(error) from error
        speech.warn_once(f"{workspaces.told(error)}; runs go to the local store")
        workspaces.forget_run(os.environ)
    else:
        return target
    return mlflow_setup.resolve_uri(root=root, environ={})


def _confined(uri: str, root: Path) -> Target:
    if not is_for_tests(uri):
        uri = mlflow_setup.resolve_uri(uri, root=root).uri
    return Target(uri, CONFINED_TO)


def say_of(target: Target, settings: Settings) -> None:
    """What a person may want to know of where runs go."""
    if target.hint:
        speech.warn_once(target.hint)
    if settings.azure_workspace and target.origin == "default":
        speech.warn_once(
            f"{settings.origins['azure_workspace']} wants runs in the Azure ML workspace {settings.azure_workspace}: "
            "give setup_mlflow its ml_client; until then they go to the local store"
        )
