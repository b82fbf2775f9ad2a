"""The parent of a run that MLflow's own API opens inside a tracked run.

Registered with MLflow when our stack is put in place, not by an entry point: that would make every
``import mlflow`` load this package, also where it is not used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from ..context import CURRENT


class TrackedParent:
    """Gives ``mlflow.start_run`` the parent tag; everything else that asks for context gets nothing."""

    source: Callable[[], Mapping[str, str]] | None = None
    """Where the tags come from, once our stack is in place."""

    def in_context(self) -> bool:
        """Whether a run is being started inside a tracked one."""
        return TrackedParent.source is not None and CURRENT.get() is not None and _run_is_starting()

    def tags(self) -> dict[str, str]:
        """The parent tag; a parent that the caller names wins over it."""
        return dict(TrackedParent.source()) if TrackedParent.source is not None else {}


def _run_is_starting() -> bool:
    # MLflow asks for the same tags where it describes data sets and traces, which have no parent run.
    frame = sys._getframe(2)  # noqa: SLF001 - the public way builds the whole stack
    for _ in range(4):
        if frame is None:
            return False
        if frame.f_code.co_name == "start_run":
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
