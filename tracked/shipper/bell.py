"""Waking the shipper: a named pipe that it sleeps at, so that an idle one costs nothing and a wait begins at once."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..journal.folder import Folder

_LOOK = 0.25
"""Seconds between two looks whether to stop: nobody rings for that."""


class Bell:
    """Where a shipper sleeps; without a pipe it cannot be woken."""

    def __init__(self, pipe: int | None, stop: threading.Event) -> None:
        self._pipe, self._stop = pipe, stop

    def wait(self, seconds: float) -> bool:
        """Sleep until somebody rings or it is time to stop, but no longer than this; tell whether one of them was."""
        if self._pipe is None:
            return self._stop.wait(seconds)
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stop.is_set():
            if poll.poll(min(left, _LOOK) * 1000):
                os.read(self._pipe, 4096)
                return True
        return self._stop.is_set()


@contextmanager
def bell_of(folder: Folder, stop: threading.Event) -> Iterator[Bell]:
    """The bell of this folder's shipper, for as long as it serves."""
    pipe = _pipe(folder.bell)
    try:
        yield Bell(pipe, stop)
    finally:
        if pipe is not None:
            folder.bell.unlink(missing_ok=True)
            os.close(pipe)


def _pipe(path: Path) -> int | None:
    with suppress(OSError, AttributeError):  # a file system or a system without pipes
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        # For reading and writing: so there is never a moment without a writer, which would read as an end.
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    return None


def ring(folder: Folder) -> None:
    """Wake the shipper, if one sleeps on this machine."""
    with suppress(
        OSError, AttributeError
    ):  # nobody is there, or it was rung for already, or there are no pipes
        pipe = os.open(folder.bell, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.write(pipe, b"!")
        finally:
            os.close(pipe)
