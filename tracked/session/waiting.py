"""Waiting for the shipper, from the user's process: bounded, and only while it makes progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..journal import lines
from ..journal.folder import Folder, ack_of
from ..ports import RemoteRun
from ..shipper import status

STALLED = 15.0
"""Seconds without a sign of life after which a shipper counts as stalled."""


def acknowledged(journal: Path) -> int:
    """How many bytes of this journal are delivered."""
    at = 0
    for line in lines.parse(_end_of(ack_of(journal)), ended=False):
        if isinstance(line.value, dict):
            at = int(line.value["at"])
    return at


def _end_of(path: Path, size: int = 1 << 16) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read()
    except OSError:
        return b""


def wait(done: Callable[[], bool], folder: Folder, timeout: float) -> bool:
    """Wait until ``done``; give up after ``timeout`` seconds, or as soon as the shipper is known to be stuck."""
    started = time.time()
    for pause in _pauses():
        if done():
            return True
        if time.time() - started > timeout or _is_stuck(folder, started):
            return done()
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
                chunk = file.read()
        except OSError:
            return
        for line in lines.parse(chunk, self._at, ended=False):
            self._at = line.end
            if isinstance(line.value, list):
                self._known[line.value[0]] = RemoteRun(*line.value[1:])
