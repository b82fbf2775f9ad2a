"""Sending decorated functions to other processes: who asks, and what a function is called over there."""

from __future__ import annotations

import inspect
import sys
import threading
from typing import Any

from .context import CURRENT, HasRef, innermost_open
from .naming import qualified_name

SCRIPTS = ("__main__", "__mp_main__")


def asked_by_cloudpickle() -> bool:
    """Whether cloudpickle, or a copy of it in another package, is among the nearest callers."""
    frame = sys._getframe(2)  # noqa: SLF001 - there is no other way to know who asks
    for _ in range(3):
        if "cloudpickle" in frame.f_globals.get("__name__", ""):
            return True
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False


def home_of(fn: Any) -> str | None:
    """The import name of the script that the function is from."""
    if not inspect.isfunction(fn) or fn.__module__ not in SCRIPTS:
        return None
    return qualified_name(fn).removesuffix(f".{fn.__qualname__}")


def sender() -> HasRef | None:
    """The run that a function belongs to which is pickled here and now."""
    return CURRENT.get() or (innermost_open() if _is_feeding_a_pool() else None)


def _is_feeding_a_pool() -> bool:
    """Whether this thread sends work to worker processes.

    Pools pickle in a thread of theirs, in which nothing tells the run that the work was submitted in.
    """
    name = threading.current_thread().name
    return "QueueFeederThread" in name or "_handle_tasks" in name
