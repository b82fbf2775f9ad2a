"""The writing end: one append-only file per process."""

from __future__ import annotations

import errno
import json
import os
import time
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import orjson

from ..process import this_process
from ..records import Metrics, Record, to_json
from . import lines
from .folder import Folder


class _Open(NamedTuple):
    pid: int
    fd: int
    path: Path


class JournalFile:
    """Appends records for the process that calls it; a forked child gets a file of its own.

    ``write`` returns once the record is in the file (one ``write`` system call, no queue, no lock: appends of
    one call are atomic), so that neither a crash nor ``kill -9`` can lose it.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self._open = _Open(0, -1, Path())
        self._begun: dict[int, _Open] = {}

    @property
    def path(self) -> Path:
        """This process's file."""
        return self._mine().path

    @property
    def was_used(self) -> bool:
        """Whether this process has written anything."""
        return self._open.pid == os.getpid()

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
        if os.write(mine.fd, line) != len(line):
            raise _short()

    def _mine(self) -> _Open:
        if self._open.pid != os.getpid():
            begun = _begin(self.folder)
            # Several threads may come here at once, and a lock could be held by one of them at a fork.
            self._open = self._begun.setdefault(begun.pid, begun)
            if self._open is not begun:
                _discard(begun.fd, begun.path)
        return self._open


def _begin(folder: Folder) -> _Open:
    folder.made()
    path = folder.path / f"{time.time_ns() // 1_000_000:013d}-{os.getpid()}-{os.urandom(4).hex()}.journal"
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
