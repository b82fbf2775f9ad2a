"""Delivering by hand what lies in the journals: ``tracked sync``."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from ..errors import ConfigError, TrackedError
from ..journal.folder import Folder
from ..shipper.loop import Shipper
from ..shipper.status import read_status
from . import current, place, process, waiting
from .backends import impatient_backend_for
from .building import Session
from .kept import undelivered

_LOGIN = ("USERNAME", "PASSWORD", "TOKEN", "AUTH", "AWS_SIGV4", "CLIENT_CERT_PATH")
"""``MLFLOW_TRACKING_*`` names that MLflow shows to whatever server it talks to."""
_AGAIN = 60.0
"""Seconds between two looks at folders beside the one that is watched."""


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

    The login of the environment is for the current store: no other server gets to see it.

    Raises:
        ConfigError: the settings are wrong.
    """
    session = current()
    for folder in place.folders(session.home):
        if folder == session.folder or undelivered(folder):
            yield sync_one(session, folder, timeout, dry_run=dry_run)


def sync_one(session: Session, folder: Folder, timeout: float = 600.0, *, dry_run: bool = False) -> Report:
    """Deliver one folder, which may be for another store than the session's."""
    before = undelivered(folder)
    if folder == session.folder or place.is_for(folder, session.home, session.uri):
        problem = "" if dry_run else _sync(folder, session.uri, session.home, timeout)
        return _report(folder, session.uri, before, problem)
    try:
        uri = place.uri_of(folder)
    except ConfigError as error:
        return _report(folder, "", before, str(error))
    with _login_hidden() as hidden:
        problem = "" if dry_run else _sync(folder, uri, session.home, timeout)
    if problem and hidden:
        problem += " (the login of the environment is for the current store; to use it here, set MLFLOW_TRACKING_URI)"
    return _report(folder, uri, before, problem)


def _report(folder: Folder, uri: str, before: int, problem: str) -> Report:
    aside = read_status(folder.status).set_aside
    shown = place.without_credentials(uri) or "?"
    return Report(str(folder.path), shown, before, undelivered(folder), aside, problem)


@contextmanager
def _login_hidden() -> Iterator[bool]:
    """Keep the login from the server that is asked in this block; tells whether there is one."""
    names = [f"MLFLOW_TRACKING_{name}" for name in _LOGIN]
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield bool(hidden)
    finally:
        os.environ.update(hidden)


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
    """Serve the folder of the current settings until ``stop`` is set, and what others left for the same store.

    Raises:
        filelock.Timeout: another process serves it.
    """
    session = current()
    os.environ[process.LINGER] = "inf"
    beside = threading.Thread(target=_watch_beside, args=(session, stop), daemon=True)
    beside.start()
    process.serve(session.folder, session.uri, session.home, stop, backend=impatient_backend_for)


def _watch_beside(session: Session, stop: threading.Event) -> None:
    while not stop.is_set():
        process.adopt(session.folder, session.uri, session.home)
        stop.wait(_AGAIN)
