"""The parent of a run that MLflow's own API opens inside a tracked run.

Registered with MLflow when our stack is put in place, not by an entry point: that would make every
``import mlflow`` load this package, also where it is not used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from ..context import CURRENT, guessed

_CLIENTS = (".loggers.mlflow",)
"""Ends of the names of modules that make runs of their own with these tags: Lightning's logger."""


class TrackedParent:
    """Gives a run that starts the parent tag; everything else that asks for context gets nothing."""

    source: Callable[[], Mapping[str, str]] | None = None
    """Where the tags come from, once our stack is in place."""

    def in_context(self) -> bool:
        """Whether a run is being started inside a tracked one."""
        if TrackedParent.source is None or not _run_is_starting():
            return False
        return CURRENT.get() is not None or guessed() is not None

    def tags(self) -> dict[str, str]:
        """The parent tag; a parent that the caller names wins over it."""
        return dict(TrackedParent.source()) if TrackedParent.source is not None else {}


def _run_is_starting() -> bool:
    # MLflow asks for the same tags where it describes data sets and traces, which have no parent run.
    frame = sys._getframe(2)  # noqa: SLF001 - the public way builds the whole stack
    for _ in range(4):
        if frame is None:
            return False
        if frame.f_code.co_name == "start_run" or _is_client(frame.f_globals.get("__name__")):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _is_client(module: object) -> bool:
    return isinstance(module, str) and module.endswith(_CLIENTS)
