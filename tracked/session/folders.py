"""The checks of ``tracked doctor`` that look at the journal folders."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from ..errors import ConfigError
from ..journal import lines
from ..journal.folder import Folder, ack_of, owner_of
from ..shipper import status
from ..shipper.status import Status, read_status
from . import place, process
from .building import Session
from .findings import ERROR, OK, WARN, Finding, size, some, span
from .kept import left_of, undelivered
from .overseer import Overseer
from .syncing import sync_one
from .waiting import STALLED, acknowledged

_REASONS = 3
"""Reasons that are told one by one."""
_WATCHED = 7.0
"""Seconds for which a shipper is watched before it counts as hung."""


def checked(session: Session) -> Iterator[Finding]:
    """What is to be said of each journal folder."""
    for folder in place.folders(session.home):
        told, served = read_status(folder.status), process.is_served(folder)
        yield from journals(session, folder, told, served=served)
        yield from shipper(folder, told, served=served)
        yield from aside(folder)
        yield from copies(folder)
        yield from access(folder)


def journals(session: Session, folder: Folder, told: Status, *, served: bool) -> Iterator[Finding]:
    """What is not delivered: how much, for how long, and why."""
    left = undelivered(folder)
    if not left:
        if folder == session.folder:
            yield Finding("journal", OK, "all that was recorded is delivered")
        return
    what = (
        f"{some(_records(folder), 'record')} ({size(left)}) for {_store(folder)}: not delivered, the oldest for "
        f"{span(time.time() - _since(folder))}, in {folder.path}"
    )
    if served and told.phase not in (status.WAITING, status.REFUSED):
        yield Finding("journal", OK, f"{what}; a shipper delivers them")
        return
    why = f": {told.error}" if told.error else ""
    yield Finding(
        "journal", WARN, f"{what}{why}", "deliver them: `tracked sync`", partial(_deliver, session, folder)
    )


def _deliver(session: Session, folder: Folder) -> str:
    return sync_one(session, folder, timeout=0 if process.is_served(folder) else 600.0).problem


def _store(folder: Folder) -> str:
    with suppress(ConfigError):
        return place.uri_of(folder)
    return "a store that is not told"


def _records(folder: Folder) -> int:
    return sum(map(_records_of, folder.journals()))


def _records_of(journal: Path) -> int:
    """Those that are not delivered: each has two newlines, and so has the line that tells the writer."""
    at = acknowledged(journal)
    try:
        with journal.open("rb") as file:
            file.seek(at)
            newlines = sum(chunk.count(b"\n") for chunk in iter(partial(file.read, 1 << 20), b""))
        return newlines // 2 - (at == 0)
    except FileNotFoundError:
        return 0  # delivered and removed in this moment


def _since(folder: Folder) -> float:
    """When the oldest journal that has something left was delivered last, or was begun."""
    return min((_delivered_until(path) for path in folder.journals() if left_of(path)), default=time.time())


def _delivered_until(journal: Path) -> float:
    with suppress(FileNotFoundError):
        return ack_of(journal).stat().st_mtime
    with suppress(ValueError):
        return int(journal.name.partition("-")[0]) / 1000
    with suppress(FileNotFoundError):
        return journal.stat().st_mtime
    return time.time()


def shipper(folder: Folder, told: Status, *, served: bool) -> Iterator[Finding]:
    """Who delivers, and whether it gives signs of life."""
    if not served:
        return
    silent = time.time() - told.time
    what = f"process {told.pid} delivers for {_store(folder)}, and is {told.phase}"
    if told.time and silent > 2 * STALLED:
        yield Finding(
            "shipper",
            WARN,
            f"{what}, without a sign of life for {span(silent)}",
            f"end it if it hangs (kill {told.pid}) and `tracked sync`; see {folder.speech}",
            partial(_end_hung, folder),
        )
    else:
        yield Finding("shipper", OK, what)


def _end_hung(folder: Folder) -> str:
    overseer, until = Overseer(folder), time.monotonic() + _WATCHED
    while time.monotonic() < until:
        if overseer.end_if_hung():
            return ""
        time.sleep(0.2)
    return "it may only be slow: whoever writes next ends it when it has been silent for longer"


def aside(folder: Folder) -> Iterator[Finding]:
    """What the store will never take."""
    if not folder.aside.exists():
        return
    values = [line.value for line in lines.parse(folder.aside.read_bytes())]
    reasons = Counter(str(value.get("reason", "?")) if isinstance(value, dict) else "?" for value in values)
    told = "; ".join(f"{reason[:200]} ({count})" for reason, count in reasons.most_common(_REASONS))
    more = f"; and {len(reasons) - _REASONS} other reasons" if len(reasons) > _REASONS else ""
    yield Finding(
        "refused",
        WARN,
        f"{some(len(values), 'record')} refused by {_store(folder)}: {told}{more}",
        f"the store will not take them as they are: read {folder.aside}, then remove it",
    )


def copies(folder: Folder) -> Iterator[Finding]:
    """Copies of artifacts that no journal and no refused record tells of."""
    owners = loose_copies(folder)
    if owners:
        yield Finding(
            "copies",
            WARN,
            f"copies of artifacts lie in {folder.files} that no journal tells of any more",
            "remove them",
            partial(_sweep, folder, owners),
        )


def loose_copies(folder: Folder) -> set[str]:
    """The writers that are gone and have left copies of artifacts behind; ``Folder.sweep`` removes those of one."""
    # Asked in this order: a journal is there before its first copy.
    places = [path.name for path in folder.files.glob("*.*")]
    there = set(map(owner_of, folder.journals()))
    kept = folder.aside.read_bytes() if folder.aside.exists() else b""
    loose = {name.partition(".")[0] for name in places if name.encode() not in kept}
    return loose - there


def _sweep(folder: Folder, owners: set[str]) -> str:
    for owner in owners:
        folder.sweep(owner)
    return ""


def access(folder: Folder) -> Iterator[Finding]:
    """Whether others can read what was logged."""
    if os.name == "posix" and folder.path.stat().st_mode & 0o077:
        yield Finding(
            "access",
            ERROR,
            f"others can read {folder.path}",
            f"chmod 700 {folder.path}",
            partial(_close, folder.path),
        )


def _close(path: Path) -> str:
    path.chmod(0o700)
    return ""
