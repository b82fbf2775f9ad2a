"""Runs as a block, under the seed's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import track
from .errors import ConfigError
from .run import Run


@contextmanager
def create_mlflow_run(
    run_name: str,
    tags: Mapping[str, str] | None = None,
    *,
    experiment_name: str | None = None,
    parent: Any = None,
    **params: Any,
) -> Iterator[Run]:
    """Open a run for a block; the same as ``track.run``, with the checks of a call that names its run.

    MLflow's own calls in the block (``mlflow.log_metric`` and the like) land in it too.

    Args:
        run_name: name of the run; must not be blank.
        tags: tags from the first moment on.
        experiment_name: experiment; by default that of the run around, else of the set-up.
        parent: the run above; by default the run around.
        params: params of the run.

    Yields:
        The run, with MLflow's ``info`` and ``data``, and ``id``, ``url``.

    Raises:
        ConfigError: the name is blank.
    """
    if not str(run_name or "").strip():
        raise ConfigError(f"a run needs a name, not {run_name!r}")
    with track.run(run_name, tags=tags, experiment=experiment_name, parent=parent, **params) as opened:
        yield opened
