"""Who is at work on a study: each call of a sweep is listed in it, and takes itself off the list."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from optuna.storages import BaseStorage

from ..guard import guard
from ..process import is_alive, is_here, this_process

_LISTED = "tracked.worker."
"""Before a worker's name, among the study's attributes."""
BEAT = 60.0
"""Seconds between two signs of life."""
LEASE = 5 * BEAT
"""Seconds after a sign that was due for which a worker of another machine still counts as alive.

Two clocks are compared: they may differ by less than this.
"""


class Worker:
    """This call of a sweep, as the other workers see it."""

    def __init__(self, storage: BaseStorage, study_id: int) -> None:
        self.name = os.urandom(8).hex()
        self._storage, self._study_id = storage, study_id
        self._left, self._writing = threading.Event(), threading.Lock()

    def enter(self, tells: Callable[[], bool] = lambda: True) -> None:
        """Be on the list from now on, with a sign of life now and then.

        Args:
            tells: asked every second until it has told the others what it has to.
        """
        self._sign()
        threading.Thread(target=self._live, args=(tells,), name="tracked-sweep", daemon=True).start()

    def leave(self) -> None:
        """Be on the list no longer."""
        # A sign that is being given must not come after this: it would list the worker as long as the process lives.
        with self._writing:
            self._left.set()
            self._write(None)

    def _live(self, tells: Callable[[], bool]) -> None:
        is_told = False
        due = time.monotonic() + BEAT
        while not self._left.wait(BEAT if is_told else 1.0):
            with guard:  # a storage that is away for a while costs no trial
                is_told = is_told or tells()
                if time.monotonic() >= due:
                    due = time.monotonic() + BEAT
                    self._sign()

    def _sign(self) -> None:
        with self._writing:
            if not self._left.is_set():
                self._write({**this_process(), "until": time.time() + BEAT + LEASE})

    def _write(self, told: Mapping[str, Any] | None) -> None:
        self._storage.set_study_user_attr(self._study_id, f"{_LISTED}{self.name}", told)


def living(attributes: Mapping[str, Any]) -> frozenset[str]:
    """Names of the workers that are alive, by the attributes of their study."""
    return frozenset(
        key.removeprefix(_LISTED)
        for key, told in attributes.items()
        if key.startswith(_LISTED) and told and _lives(told)
    )


def _lives(told: Mapping[str, Any]) -> bool:
    """On this machine the process itself tells at once; on another one, the time until which it has spoken for."""
    return is_alive(told) if is_here(told) else bool(time.time() < told["until"])
