"""What the shipper is doing, for whoever waits for it or wonders."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from ..installed import version_of
from ..journal import disk
from ..process import this_process

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
    by: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The shipper's process, with its host: a folder may be shared."""
    versions: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What it runs: of this library, and of MLflow."""

    @property
    def is_outdated(self) -> bool:
        """Whether it was told by an older version of this library, or by the same one over an older MLflow."""
        ours, theirs = ([_numbers(told.get(name)) for name in _PARTS] for told in (versions(), self.versions))
        return bool(self.versions) and theirs < ours


_PARTS = ("tracked", "mlflow")


@lru_cache(maxsize=1)
def versions() -> Mapping[str, str]:
    """What this process runs; nothing is loaded for it."""
    return {name: version_of(name) for name in _PARTS}


def _numbers(version: str | None) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version or "")]


def read_status(path: Path) -> Status:
    """The last status that was told; ``gone`` if none was."""
    with suppress(OSError, TypeError, ValueError):
        told = Status(**orjson.loads(path.read_bytes()))
        if all(isinstance(value, type(_NOTHING[name])) for name, value in vars(told).items()):
            return told
    return Status()


_NOTHING = vars(Status())


class Watch:
    """How long a shipper says nothing new, by a clock that nobody sets and that rests while the machine sleeps."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last, self._since = read_status(path), time.monotonic()

    def look(self) -> tuple[Status, float]:
        """What was told last, and for how many seconds it has been seen."""
        told = read_status(self._path)
        if told != self._last:
            self._last, self._since = told, time.monotonic()
        return told, time.monotonic() - self._since


_SIGN, _IDLE_SIGN = 0.5, 2.0
"""Seconds between two signs of life, and of one that has nothing to do: several in any time that one is waited for."""


class Teller:
    """Writes the status when there is news, and else now and then, as a sign of life."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = Status()

    def tell(self, phase: str, error: str = "", set_aside: int = 0) -> None:
        """Say what is being done now."""
        now = time.time()
        # A clock that was set back must not silence it: whoever watches would take it for hung.
        fresh = abs(now - self.last.time) < (_IDLE_SIGN if phase == IDLE else _SIGN)
        if fresh and (phase, error, set_aside) == (self.last.phase, self.last.error, self.last.set_aside):
            return
        self.last = Status(phase, os.getpid(), now, error, set_aside, this_process(), versions())
        # On a full disk nobody can be told, and the work goes on.
        with suppress(OSError):
            disk.replace(self.path, orjson.dumps(asdict(self.last)))
