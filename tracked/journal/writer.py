"""The writing end: one append-only file per process."""

from __future__ import annotations

import errno
import json
import os
import time
from functools import partial
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import orjson

from .. import speech
from ..process import this_process
from ..records import Metrics, Record, to_json
from . import lines
from .folder import Folder, full_of, next_of, owner_of
from .thinning import Thinned, interval

LONG = 1 << 26
"""Bytes after which a journal is long enough: the shipper removes it once it is delivered."""
LOOK = 1 << 20
"""Bytes that are written between two looks at how long it is."""


class _Open(NamedTuple):
    pid: int
    fd: int
    path: Path


class JournalFile:
    """Appends records for the process that calls it; a forked child gets a file of its own.

    Where the journals of the folder hold more than ``cap`` bytes (0 means any), metrics are thinned.

    ``write`` returns once the record is in the file (one ``write`` system call, no queue, no lock: appends of
    one call are atomic), so that neither a crash nor ``kill -9`` can lose it.
    """

    def __init__(self, folder: Folder, cap: int = 0) -> None:
        self.folder, self.cap = folder, cap
        self._open = _Open(0, -1, Path())
        self._begun: dict[int, _Open] = {}
        self._turned: dict[Path, object] = {}
        self._room = LOOK
        """Bytes until the next look; threads may miscount it a little."""
        self._thinned: Thinned | None = None

    @property
    def path(self) -> Path:
        """This process's file, now."""
        return self._mine().path

    @property
    def owner(self) -> str:
        """What this process's copies of artifacts are named after, whichever of its files tells of them."""
        return owner_of(self.path)

    @property
    def was_used(self) -> bool:
        """Whether this process has written anything."""
        return self._open.pid == os.getpid()

    def revive(self) -> None:
        """Begin another file if somebody has removed ours; metrics, which are many, do not ask."""
        mine = self._open
        # A file without a name is removed; to ask the system for one that is open is much quicker than by its path.
        if mine.pid == os.getpid() and not os.fstat(mine.fd).st_nlink and self._open is mine:
            speech.warn_once(
                f"{mine.path} was removed while this process wrote to it: what it held and was not delivered is lost, "
                "and what comes now is kept in another one"
            )
            self._begun.pop(mine.pid, None)
            # Its descriptor stays open: another thread may be about to write to it.
            self._open = _Open(0, -1, Path())

    def write(self, record: Record) -> None:
        """Acknowledge one record.

        Raises:
            OSError: it was not acknowledged; what is in the file stays valid and the next record starts clean.
        """
        # The pid is asked at each write: a fork can happen in C, where no hook of Python is told.
        mine = self._open if self._open.pid == os.getpid() else self._mine()
        # A sum is finite only if all its parts are, and quicker to look at than each of them.
        if type(record) is Metrics and not isfinite(sum(record.values.values())):
            record = _spelled(record)
        try:
            line = lines.line_of(orjson.dumps(to_json(record)))
        except TypeError:
            line = lines.line_of(_odd_body(record))
        size = len(line)
        if os.write(mine.fd, line) != size:
            raise _short()
        self._room -= size
        if self._room < 0 or self._open is not mine:
            self._look(mine, line)

    def _look(self, mine: _Open, line: bytes) -> None:
        """What is not done at each write."""
        if self._open is not mine:
            # Another thread has turned the page meanwhile: behind its end, a line in the old file does not count.
            if os.write(self._mine().fd, line) != len(line):
                raise _short()
            return
        self._room = LOOK
        if os.fstat(mine.fd).st_size >= LONG:
            self._turn(mine)
        if self.cap:
            self._thin(interval(self.folder.held(), self.cap))

    def _thin(self, every: int) -> None:
        """From here on keep one of so many steps.  The way in is changed, so that otherwise no call pays for it."""
        thinned = self._thinned
        if every == (1 if thinned is None else thinned.every):
            return
        self._thinned = None if every == 1 else Thinned(partial(JournalFile.write, self), every)
        if self._thinned is None:
            self.__dict__.pop("write", None)
        else:
            self.write = self._thinned.write  # type: ignore[method-assign]
            speech.warn_once(
                f"the journals in {self.folder.path} hold more than journal_max_bytes ({self.cap:,}), since the store "
                f"does not take them: of metrics, only each {every}th step and the last one are kept from here on; "
                "see `tracked doctor`"
            )
        if thinned is not None:
            thinned.release()

    def _turn(self, mine: _Open) -> None:
        """Go on in a new file, under the same descriptor, so that every thread does from the next system call on.

        A thread may still be writing into the old one.  It finds then that the page was turned, and writes again;
        only after that can be seen is the old file marked as full: whatever counts in it stands before the mark.
        """
        token = object()
        if self._turned.setdefault(mine.path, token) is not token:
            return  # another thread does it
        mark = mine.path.with_suffix(".new")
        try:
            mark.touch(mode=0o600)  # now, since on a full disk it could not be made then
            begun = _begin(self.folder, next_of(mine.path))
            os.dup2(begun.fd, mine.fd, inheritable=False)
            os.close(begun.fd)
            self._open = mine._replace(path=begun.path)
            mark.rename(full_of(mine.path))
        except OSError:
            self._turned.pop(mine.path)  # it goes on in this one, and looks again

    def _mine(self) -> _Open:
        if self._open.pid != os.getpid():
            begun = _begin(self.folder)
            # Several threads may come here at once, and a lock could be held by one of them at a fork.
            self._open = self._begun.setdefault(begun.pid, begun)
            if self._open is not begun:
                _discard(begun.fd, begun.path)
        return self._open


def _first(folder: Folder) -> Path:
    return folder.path / f"{time.time_ns() // 1_000_000:013d}-{os.getpid()}-{os.urandom(4).hex()}.journal"


def _begin(folder: Folder, path: Path | None = None) -> _Open:
    folder.made()
    path = path or _first(folder)
    new = path.with_suffix(".new")
    fd = os.open(new, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        line = lines.encode(["writer", this_process()])
        if os.write(fd, line) != len(line):
            raise _short()
        # Only now: a journal that does not tell its writer is taken for that of a dead process, and removed.
        new.rename(path)
    except OSError:
        _discard(fd, new)
        raise
    return _Open(os.getpid(), fd, path)


def _discard(fd: int, path: Path) -> None:
    os.close(fd)
    path.unlink(missing_ok=True)


def _short() -> OSError:
    return OSError(errno.ENOSPC, "only a part of a record could be written: it does not count")


def _odd_body(record: Record) -> bytes:
    """Half a character, as in a file name of another encoding; a key that is no text."""
    if isinstance(record, Metrics):
        record = _spelled(record)
    return json.dumps(to_json(record), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _spelled(record: Metrics) -> Metrics:
    """JSON has no NaN and no infinities, and its keys are texts: they travel by name."""
    values = {str(k): v if isfinite(v) else str(v) for k, v in record.values.items()}
    steps = record.steps if isinstance(record.steps, int) else {str(k): s for k, s in record.steps.items()}
    return record._replace(values=values, steps=steps)  # type: ignore[arg-type]
