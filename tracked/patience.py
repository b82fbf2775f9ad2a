"""Asking something that may never answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
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
