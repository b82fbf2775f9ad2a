"""The writing end: one append-only file per process."""

from __future__ import annotations

import errno
import math
import os
import time
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

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
        body = orjson.dumps(to_json(record), option=orjson.OPT_NON_STR_KEYS)
        if b"null" in body and type(record) is Metrics:
            body = orjson.dumps(to_json(_spelled(record)))
        _append(self._mine().fd, lines.line_of(body))

    def _mine(self) -> _Open:
        # The pid is asked at each write: a fork can happen in C, where no hook of Python is told.
        mine = self._open
        if mine.pid != os.getpid():
            mine = self._open = _begin(self.folder)
        return mine


def _begin(folder: Folder) -> _Open:
    folder.made()
    path = folder.path / f"{time.time_ns() // 1_000_000:013d}-{os.getpid()}-{uuid4().hex[:8]}.journal"
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    _append(fd, lines.encode(["writer", this_process()]))
    return _Open(os.getpid(), fd, path)


def _append(fd: int, line: bytes) -> None:
    written = os.write(fd, line)
    if written != len(line):
        raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes of a record could be written")


def _spelled(record: Metrics) -> Metrics:
    """JSON has no NaN and no infinities: they travel by name."""
    values = {k: v if math.isfinite(v) else str(v) for k, v in record.values.items()}
    return record._replace(values=values)  # type: ignore[arg-type]
