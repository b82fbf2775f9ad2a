"""From a tracking URI to the store behind it."""

from __future__ import annotations

import os
from pathlib import Path

from ..ports import Backend
from ..shipper.filed import FileBackend
from ..shipper.memory import MemoryBackend

IN_MEMORY: dict[str, MemoryBackend] = {}
"""Stores of ``memory:`` URIs, which live and die with this process."""


TEMPLATES = "templates"
"""Folder below the home for ready sqlite databases."""


def is_for_tests(uri: str) -> bool:
    """Whether the store is one of ours, not MLflow's."""
    return uri.startswith(("memory:", "records://"))


def is_in_memory(uri: str) -> bool:
    """Whether the store can only be reached from this process."""
    return uri.startswith("memory:")


def backend_for(uri: str, home: Path) -> Backend:
    """The store behind this URI; nothing is asked of it yet.

    ``memory:NAME`` and ``records:///PATH`` are for tests: the same rules as MLflow's, without MLflow.
    """
    if is_in_memory(uri):
        return IN_MEMORY.setdefault(uri, MemoryBackend())
    if uri.startswith("records://"):
        return FileBackend(Path(uri.removeprefix("records://")))
    from ..mlflow.backend import MlflowBackend  # noqa: PLC0415 - loads MLflow: only where runs are delivered

    return MlflowBackend(uri, home / TEMPLATES)


def impatient_backend_for(uri: str, home: Path) -> Backend:
    """The same in a process of our own: there MLflow gives up at once, since the shipper does the waiting."""
    if not is_for_tests(uri):
        from ..mlflow.taming import tame_environment  # noqa: PLC0415 - not needed for tests

        tame_environment(os.environ, uri)
        from . import workspaces  # noqa: PLC0415 - as above

        workspaces.take(uri)
    return backend_for(uri, home)
