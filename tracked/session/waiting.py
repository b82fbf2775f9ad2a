"""Waiting for the shipper, from the user's process: bounded, and only while it makes progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..journal import lines
from ..journal.acks import read_ack
from ..journal.folder import Folder
from ..ports import RemoteRun
from ..shipper import status

STALLED = 15.0
"""Seconds without a sign of life after which a shipper counts as stalled."""


def acknowledged(journal: Path) -> int:
    """How many bytes of this journal are delivered."""
    return read_ack(journal).at


def wait(
    done: Callable[[], bool], folder: Folder, timeout: float, ensure: Callable[[], None] | None = None
) -> bool:
    """Wait until ``done``; give up after ``timeout`` seconds, or as soon as the shipper is known to be stuck.

    Args:
        done: what is waited for.
        folder: whose shipper is waited for.
        timeout: seconds, at most.
        ensure: sees that a shipper lives; asked every second, since it may die while it is waited for.
    """
    started = asked = time.time()
    for pause in _pauses():
        if done():
            return True
        now = time.time()
        if now - started > timeout or _is_stuck(folder, started):
            return done()
        if ensure is not None and now - asked > 1.0:
            asked = now
            ensure()
        time.sleep(pause)
    raise AssertionError


def _is_stuck(folder: Folder, started: float) -> bool:
    told = status.read_status(folder.status)
    if told.phase in (status.WAITING, status.REFUSED):
        # Told before we began to wait, it may be the last word of a shipper that is gone.
        return told.time > started or time.time() - told.time < status.FRESH
    return time.time() - max(told.time, started) > STALLED and told.phase == status.IDLE


def _pauses() -> Iterator[float]:
    pause = 0.002
    while True:
        yield pause
        pause = min(0.05, pause * 1.5)


class Ids:
    """MLflow ids of the runs of one folder, read as the shipper learns them."""

    def __init__(self, folder: Folder) -> None:
        self.path = folder.ids
        self._at = 0
        self._known: dict[str, RemoteRun] = {}

    def get(self, run: str) -> RemoteRun | None:
        """The run's place in the store, if the shipper knows it by now."""
        if run not in self._known:
            self._read_on()
        return self._known.get(run)

    def _read_on(self) -> None:
        try:
            with self.path.open("rb") as file:
                file.seek(self._at)
                chunk = lines.whole(file.read())
        except OSError:
            return
        self._at += len(chunk)
        for line in lines.parse(chunk):
            if isinstance(line.value, list):
                self._known[line.value[0]] = RemoteRun(*line.value[1:])
