"""Asking something that may never answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from .errors import BackendUnavailable


def bounded(ask: Callable[[], Any], patience: float) -> Any:
    """What ``ask`` gives, if it does so within so many seconds; a thread goes on waiting for it.

    Raises:
        BackendUnavailable: it does not.
    """
    answer: list[Any] = []

    def run() -> None:
        try:
            answer.append(ask())
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            answer.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(patience)
    if not answer:
        raise BackendUnavailable(f"no answer in {patience:.0f} s")
    if isinstance(answer[0], Exception):
        raise answer[0]
    return answer[0]
