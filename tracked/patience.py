"""Asking something that may never answer, and looking again and again for what is to come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from .errors import BackendUnavailable
from .foreign import Attempt, attempted


def bounded(ask: Callable[[], Any], patience: float) -> Any:
    """What ``ask`` gives, if it does so within so many seconds; a thread goes on waiting for it.

    Raises:
        BackendUnavailable: it does not.
    """
    came: list[Attempt] = []
    thread = threading.Thread(target=lambda: came.append(attempted(ask)), daemon=True)
    thread.start()
    thread.join(patience)
    if not came:
        raise BackendUnavailable(f"no answer in {patience:.0f} s")
    if came[0].error is not None:
        raise came[0].error
    return came[0].value


def pauses(first: float, longest: float) -> Iterator[float]:
    """Seconds to wait, again and again, each time somewhat longer."""
    while True:
        yield first
        first = min(longest, first * 1.5)
