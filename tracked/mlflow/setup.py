"""Where runs go: the single source of truth.  Nothing here loads MLflow."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import BackendUnavailable, ConfigError
from ..foreign import attempted
from .following import follow
from .stores import artifact_root, database_of, ensure_store
from .uris import normalise

__all__ = [
    "Configured",
    "Target",
    "artifact_root",
    "database_of",
    "detect_platform",
    "ensure_store",
    "follow",
    "normalise",
    "resolve_uri",
]

_ROOT = Path("/")


class Target(NamedTuple):
    """A store, and who named it."""

    uri: str
    """In its absolute form."""
    origin: str
    hint: str = ""
    """A sentence that the person should read once."""


class Configured(NamedTuple):
    """A URI that the settings name."""

    uri: str
    """Empty if they name none."""
    origin: str
    folder: Path
    """Where a relative one starts."""


def resolve_uri(
    explicit: str | None = None,
    ml_client: Any = None,
    configured: Configured | None = None,
    *,
    root: Path,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    top: Path = _ROOT,
) -> Target:
    """The store that runs go to.

    The first that is given wins: the explicit URI, the workspace of ``ml_client``, the configured URI,
    ``MLFLOW_TRACKING_URI``, the URI that a loaded MLflow was set to, the local default of this machine.

    Args:
        explicit: a URI given in code.
        ml_client: an ``azure.ai.ml.MLClient``, or anything with its ``workspaces.get``.
        configured: what the settings name.
        root: the project's folder, where the local default lies.
        environ: the environment; that of the process if not given.
        cwd: where other relative URIs start.
        top: the root of the file system, as far as Colab's and Kaggle's folders go.

    Raises:
        ConfigError: the URI that wins is none.
        BackendUnavailable: the workspace of ``ml_client`` cannot be read.
    """
    environ = os.environ if environ is None else environ
    for uri, origin, folder in _candidates(explicit, ml_client, configured, environ):
        if uri:
            return _target(str(uri), origin, folder or cwd or Path.cwd())
    return _target(f"sqlite:///{_local_folder(environ, root, top).as_posix()}/mlflow.db", "default", root)


def _candidates(
    explicit: str | None, ml_client: Any, configured: Configured | None, environ: Mapping[str, str]
) -> Iterator[tuple[str | None, str, Path | None]]:
    """Strongest first; lazily, so that a workspace is asked only when nothing stronger is given."""
    yield explicit, "tracking_uri", None
    yield (None if ml_client is None else _workspace_uri(ml_client)), "ml_client", None
    yield configured or (None, "", None)
    yield environ.get("MLFLOW_TRACKING_URI"), "MLFLOW_TRACKING_URI", None
    yield _uri_of_loaded_mlflow(), "mlflow.set_tracking_uri", None


def _target(uri: str, origin: str, start: Path) -> Target:
    try:
        normal = normalise(uri, start)
    except ConfigError as error:
        raise ConfigError(f"{error} (from {origin})") from error
    if not normal.startswith("file:"):
        return Target(normal, origin)
    hint = (
        f"{normal} holds runs of MLflow's old file store and is used as it is; "
        "`mlflow migrate-filestore` moves them to a database, which is faster"
    )
    return Target(normal, origin, hint)


def _workspace_uri(ml_client: Any) -> str:
    uri, error = attempted(lambda: ml_client.workspaces.get(ml_client.workspace_name).mlflow_tracking_uri)
    if isinstance(error, AttributeError):
        raise ConfigError(f"ml_client is no MLClient of a workspace: {error}") from error
    if error is not None:  # one of Azure's, which cannot be imported here
        raise BackendUnavailable(f"the workspace of ml_client cannot be read: {error}") from error
    if not isinstance(uri, str) or not uri:
        raise ConfigError("the workspace of ml_client has no MLflow tracking URI")
    return uri


def _uri_of_loaded_mlflow() -> str | None:
    """What ``mlflow.set_tracking_uri`` was given; not MLflow's default, which moves with the working folder."""
    uri = getattr(sys.modules.get("mlflow.tracking._tracking_service.utils"), "_tracking_uri", None)
    return uri if isinstance(uri, str) else None


def detect_platform(environ: Mapping[str, str]) -> str:
    """What kind of machine this is: ``colab``, ``kaggle``, ``azure`` (a job of Azure ML) or ``local``."""
    if any(name.startswith("COLAB_") for name in environ):
        return "colab"
    if "KAGGLE_KERNEL_RUN_TYPE" in environ:
        return "kaggle"
    return "azure" if environ.get("AZUREML_RUN_ID") else "local"


def _local_folder(environ: Mapping[str, str], root: Path, top: Path) -> Path:
    """Where files outlive the machine, as far as it has such a place."""
    platform = detect_platform(environ)
    if platform == "colab":
        drive = top / "content" / "drive" / "MyDrive"
        return drive if drive.is_dir() else top / "content"
    return top / "kaggle" / "working" if platform == "kaggle" else root
