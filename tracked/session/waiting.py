"""Waiting for the shipper, from the user's process: bounded, and only while it makes progress."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from ..journal import ids, lines
from ..journal.acks import read_ack
from ..journal.folder import Folder
from ..patience import pauses
from ..ports import RemoteRun
from ..shipper import status
from ..shipper.bell import ring

STALLED = 15.0
"""Seconds without a sign of life after which a shipper is waited for no longer; at its start it need not give any."""


def acknowledged(journal: Path) -> int:
    """How many bytes of this journal are delivered."""
    return read_ack(journal).at


def delivery_of(journal: Path) -> Callable[[], bool]:
    """Asks whether all that is in this journal now is delivered; one that is gone was."""
    try:
        size = journal.stat().st_size
    except FileNotFoundError:
        return lambda: True
    return lambda: acknowledged(journal) >= size or not journal.exists()


def wait(
    done: Callable[[], bool], folder: Folder, timeout: float, ensure: Callable[[], None] | None = None
) -> bool:
    """Wait until ``done``; give up after ``timeout`` seconds, or as soon as the shipper is known to be stuck.

    Args:
        done: what is waited for.
        folder: whose shipper is waited for.
        timeout: seconds, at most.
        ensure: sees that a shipper lives; asked every second, since it may die or hang while it is waited for.
    """
    watch, began, asked = status.Watch(folder.status), time.time(), 0.0
    until = time.monotonic() + timeout
    for pause in pauses(0.002, 0.05):
        if done():
            return True
        now = time.monotonic()
        if now > until or _is_stuck(watch, began):
            return done()
        if now - asked > 1.0:
            asked = now
            if ensure is not None:
                ensure()
            ring(folder)
        time.sleep(pause)
    raise AssertionError


def _is_stuck(watch: status.Watch, began: float) -> bool:
    told, silent = watch.look()
    # Told before we began to wait, it may be the last word of a shipper that is gone.
    is_news = told.time > began or time.time() - told.time < status.FRESH
    if is_news and told.phase in (status.WAITING, status.REFUSED):
        return True
    return silent > STALLED and told.phase in (status.IDLE, status.SHIPPING, status.WAITING)


def why(folder: Folder) -> str:
    """What keeps the shipper of this folder from delivering, as far as it can be seen; empty if it is just not done."""
    told = status.read_status(folder.status)
    silent = time.time() - told.time
    if told.error or told.phase == status.GONE or silent < STALLED:
        return told.error
    return f"process {told.pid}, which delivers, is {told.phase} and has given no sign of life for {silent:.0f} s"


class Ids:
    """MLflow ids of the runs of one folder, read as the shipper learns them."""

    def __init__(self, folder: Folder) -> None:
        self.path = folder.ids
        self._file = self._at = 0
        self._known: dict[str, ids.Made] = {}

    def get(self, run: str) -> RemoteRun | None:
        """The run's place in the store, if the shipper knows it by now."""
        made = self._made(run)
        return made if isinstance(made, RemoteRun) else None

    def refusal(self, run: str) -> str:
        """Why the store will never make the run; empty if that is not known."""
        made = self._made(run)
        return made.reason if isinstance(made, ids.Refusal) else ""

    def is_settled(self, run: str) -> bool:
        """Whether the store has made the run, or will never make it."""
        return self._made(run) is not None

    def _made(self, run: str) -> ids.Made | None:
        if run not in self._known:
            self._read_on()
        return self._known.get(run)

    def local(self, run_id: str) -> str | None:
        """The run of this folder that has this MLflow id, by its local id: that of its last attempt."""
        self._read_on()
        made = [(run, made) for run, made in self._known.items() if isinstance(made, RemoteRun)]
        found = [(run, remote.owned) for run, remote in made if remote.run_id == run_id]
        ours = [run for run, is_owned in found if is_owned]
        return ours[-1] if ours else found[0][0] if found else None

    def _read_on(self) -> None:
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._file or status.st_size < self._at:
                    # The shipper has cut it; what is known stays known.
                    self._file, self._at = status.st_ino, 0
                file.seek(self._at)
                chunk = lines.whole(file.read())
        except OSError:
            return
        self._at += len(chunk)
        self._known.update(ids.entries(chunk))
