"""What the shipper is doing, for whoever waits for it or wonders."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from ..journal import disk

STARTING, SHIPPING, IDLE, WAITING, REFUSED, GONE = (
    "starting",
    "shipping",
    "idle",
    "waiting",
    "refused",
    "gone",
)
FRESH = 5.0
"""Seconds for which a status can be believed without looking again."""


@dataclass(frozen=True)
class Status:
    """One look at the shipper.

    ``waiting``: the store does not answer, ``error`` says how; it is tried again.
    ``refused``: the store does not let us in; nothing is tried until a new start.
    """

    phase: str = GONE
    pid: int = 0
    time: float = 0.0
    error: str = ""
    set_aside: int = 0


def read_status(path: Path) -> Status:
    """The last status that was told; ``gone`` if none was."""
    try:
        return Status(**orjson.loads(path.read_bytes()))
    except (OSError, TypeError, ValueError):
        return Status()


class Teller:
    """Writes the status when the phase changes, and every half second as a sign of life."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = Status()

    def tell(self, phase: str, error: str = "", set_aside: int = 0) -> None:
        """Say what is being done now."""
        now = time.time()
        fresh = now - self.last.time < 0.5
        if fresh and (phase, error, set_aside) == (self.last.phase, self.last.error, self.last.set_aside):
            return
        self.last = Status(phase, os.getpid(), now, error, set_aside)
        # On a full disk nobody can be told, and the work goes on.
        with suppress(OSError):
            disk.replace(self.path, orjson.dumps(asdict(self.last)))
