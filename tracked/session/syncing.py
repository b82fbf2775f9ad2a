"""Delivering by hand what lies in the journals: ``tracked sync``."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from ..errors import ConfigError, TrackedError
from ..journal.folder import Folder
from ..shipper.loop import Shipper
from ..shipper.status import read_status
from . import current, place, process, waiting
from .backends import impatient_backend_for


@dataclass(frozen=True)
class Report:
    """What became of one journal folder.

    Attributes:
        folder: where the journals lie.
        store: the store they are for, without credentials.
        before, left: bytes that were not delivered before and after.
        aside: records that the store refused, kept in ``aside.log``.
        problem: why something is left; empty if nothing is.
    """

    folder: str
    store: str
    before: int
    left: int
    aside: int
    problem: str = ""


def sync_all(timeout: float = 600.0, *, dry_run: bool = False) -> Iterator[Report]:
    """Deliver every folder that has something left, one after the other.

    Raises:
        ConfigError: the settings are wrong.
    """
    session = current()
    for folder in place.folders(session.home):
        if folder == session.folder:
            yield _reported(folder, session.uri, session.home, timeout, dry_run=dry_run)
        elif left := undelivered(folder):
            try:
                yield _reported(folder, place.uri_of(folder), session.home, timeout, dry_run=dry_run)
            except ConfigError as error:
                yield Report(str(folder.path), "?", left, left, 0, str(error))


def _reported(folder: Folder, uri: str, home: Path, timeout: float, *, dry_run: bool) -> Report:
    before = undelivered(folder)
    problem = "" if dry_run else _sync(folder, uri, home, timeout)
    aside = read_status(folder.status).set_aside
    return Report(
        str(folder.path), place.without_credentials(uri), before, undelivered(folder), aside, problem
    )


def undelivered(folder: Folder) -> int:
    """Bytes of journals that are not acknowledged by the store."""
    return sum(max(0, path.stat().st_size - waiting.acknowledged(path)) for path in folder.journals())


def _sync(folder: Folder, uri: str, home: Path, timeout: float) -> str:
    try:
        with process.lock_of(folder).acquire(timeout=1):
            # Nobody else serves it: this process does, here and now.
            Shipper(folder, lambda: impatient_backend_for(uri, home)).drain()
    except filelock.Timeout:
        if not waiting.wait(lambda: undelivered(folder) == 0, folder, timeout):
            return read_status(folder.status).error or "the shipper that serves it is not done yet"
    except TrackedError as error:
        return str(error)
    return ""


def watch(stop: threading.Event) -> None:
    """Serve the folder of the current settings until ``stop`` is set.

    Raises:
        filelock.Timeout: another process serves it.
    """
    session = current()
    os.environ[process.LINGER] = "inf"
    process.serve(session.folder, session.uri, session.home, stop, backend=impatient_backend_for)
