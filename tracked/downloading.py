"""Artifacts and checkpoints of any run, read back: what this process wrote is delivered first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .context import RunRef, named_run
from .errors import ConfigError, Refused, RunNotFound
from .finding import delivered

if TYPE_CHECKING:
    from .mlflow.artifacts.repository import Repository
    from .mlflow.artifacts.seals import Checkpoint


def download_artifacts(run: Any, path: str = "", dst: str | os.PathLike[str] | None = None) -> Path:
    """Fetch artifacts of a run, each held against the digest that was kept when it was sent.

    What is fetched appears when all of it is there and right; in trouble nothing stays behind.  A file that was
    logged by MLflow's own functions has no digest, and comes as it is.  What lies there already with the right
    digests is not fetched again.

    Args:
        run: the run, its handle, or an MLflow run id.
        path: a file or a folder among its artifacts; all of them by default.
        dst: folder that it is put in, under its ``path``; a new temporary folder by default.

    Returns:
        The file or folder.

    Raises:
        RunNotFound: there is no such run.
        ArtifactNotFound: there is no such artifact, or one that was sent is gone.
        DigestMismatch: what the store gives is not what was sent.
        ConfigError: it cannot be written there, or something else is there already.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.artifacts.download import fetch  # noqa: PLC0415 - loads MLflow: only who asks pays

    return fetch(_repository(run), path, None if dst is None else Path(dst))


def last_complete_checkpoint(run: Any) -> Checkpoint | None:
    """The checkpoint of the highest step that has arrived whole; None if there is none.

    Its ``path`` is for :func:`download_artifacts`.

    Args:
        run: the run, its handle, or an MLflow run id.

    Raises:
        RunNotFound, BackendUnavailable.
    """
    from .mlflow.artifacts import seals  # noqa: PLC0415 - as above

    return seals.last(complete_checkpoints(run))


def best_checkpoint(run: Any, *, mode: str = "max") -> Checkpoint | None:
    """The checkpoint of the best value of the metric that it was kept with; None if there is none.

    Args:
        run: the run, its handle, or an MLflow run id.
        mode: ``max`` or ``min``, whichever is better.

    Raises:
        ConfigError: ``mode`` is neither.
        RunNotFound, BackendUnavailable.
    """
    from .mlflow.artifacts import seals  # noqa: PLC0415 - as above

    if mode not in ("max", "min"):
        raise ConfigError(f"mode is 'max' or 'min', not {mode!r}")
    return seals.best(complete_checkpoints(run), mode)


def complete_checkpoints(run: Any) -> list[Checkpoint]:
    """The checkpoints of a run that have arrived whole, those first that one goes on from first.

    Raises:
        RunNotFound, BackendUnavailable.
    """
    from .mlflow.artifacts.sealed import sealed_in  # noqa: PLC0415 - as above

    return sealed_in(_repository(run))


def _repository(run: Any) -> Repository:
    from .mlflow.artifacts.repository import Repository  # noqa: PLC0415 - as above
    from .mlflow.client import client_for  # noqa: PLC0415 - as above

    session = delivered()
    named = named_run(run)
    run_id = session.remote(named).run_id if isinstance(named, RunRef) else named
    if not run_id:
        raise ConfigError(f"a run, its handle or an MLflow run id is needed, not {run!r}")
    try:
        return Repository(client_for(session.uri, session.templates), run_id)
    except Refused as error:
        raise RunNotFound(f"no run {run_id!r} in {session.shown_uri}: {error}") from error
