"""Carrying what is kept to a machine that reaches the store: ``tracked export`` and ``tracked import``."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import orjson

from ..errors import BundleError, ConfigError
from ..journal import disk
from ..journal.bundle import Part, pack
from ..journal.folder import Folder
from ..journal.unbundle import Unpacked, unpack
from . import current, place
from .building import Session
from .kept import is_written, undelivered


class Packed(NamedTuple):
    """What went into a bundle of one store."""

    folder: str
    store: str
    journals: int
    undelivered: int
    """Bytes of records."""


class Placed(NamedTuple):
    """What became of one store's part of a bundle."""

    store: str
    folder: str
    """The journal folder that it is in now; empty if it is in none."""
    journals: int
    """How many were not known here before."""
    problem: str = ""


def export(out: Path, folders: Iterable[Folder] | None = None, *, anyway: bool = False) -> list[Packed]:
    """Write the journals of these folders, or of the current one, with their artifacts, into one file.

    They stay where they are: whoever delivers first makes the runs, and the other finds them.

    Args:
        out: the file; it must not be there.
        folders: journal folders; None for the one of the current store.
        anyway: take journals too whose writer lives, or cannot be seen from here: they count as ended.

    Raises:
        BundleError: there is nothing to carry, a writer lives, or the store is being reached.
        ConfigError: a folder does not say its store; the settings are wrong.
        OSError: the file cannot be written.
    """
    chosen = [current().folder] if folders is None else list(folders)
    parts = [part for folder in chosen if (part := _part(folder, anyway=anyway)).journals]
    if not parts:
        raise BundleError(
            f"there are no journals in {', '.join(str(f.path) for f in chosen)}: nothing is to be carried"
        )
    for part in parts:
        part.folder.exported.touch(mode=0o600)
    pack(parts, out)
    return [Packed(str(p.folder.path), p.uri, len(p.journals), undelivered(p.folder)) for p in parts]


def _part(folder: Folder, *, anyway: bool) -> Part:
    if not folder.path.is_dir():
        raise ConfigError(f"there is no journal folder {folder.path}")
    journals = folder.journals()
    living = [] if anyway else list(filter(is_written, journals))
    if living:
        raise BundleError(
            f"{len(living)} of {len(journals)} journals in {folder.path} are still written, or by a process that "
            "cannot be seen from here: wait for its end, or take them as they are now (--anyway)"
        )
    return Part(folder, place.uri_of(folder), journals)


def import_(bundle: Path, *, here: bool = False) -> Iterator[Placed]:
    """Place what a bundle holds among the journal folders, where it is delivered like any other.

    What is here already, or was, is not placed again.

    Args:
        bundle: the file.
        here: send all to the current store, whatever store it was recorded for.

    Raises:
        BundleError: it is damaged or hostile, or all of it is for other stores; nothing is placed then.
        ConfigError: the settings are wrong.
        OSError: the home cannot be written.
    """
    session = current()
    with _staging(session.home) as staging:
        stores = unpack(bundle, staging / "bundle")
        ours = [store for store in stores if here or _is_ours(store, session)]
        if not ours:
            told = ", ".join(sorted({store.uri for store in stores})) or "no store"
            raise BundleError(
                f"{bundle} is for {told}, and the current store is {session.shown_uri}: set MLFLOW_TRACKING_URI, "
                "or send it to the current one all the same (--here)"
            )
        for store in stores:
            if store in ours:
                yield _placed(session, store)
            else:
                yield Placed(store.uri, "", 0, "for another store: set MLFLOW_TRACKING_URI and import again")


def _is_ours(store: Unpacked, session: Session) -> bool:
    return place.without_credentials(store.uri) == session.shown_uri


@contextmanager
def _staging(home: Path) -> Iterator[Path]:
    staging = home / "incoming" / os.urandom(8).hex()
    try:
        staging.mkdir(mode=0o700, parents=True)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            staging.parent.rmdir()


def _placed(session: Session, store: Unpacked) -> Placed:
    """Make a journal folder of it, in one step; where anything is new, all of it.

    One journal may go on with runs that another one opened, and what is sent again harms nothing.
    """
    target = place.target(session.home, session.uri)
    told = json.dumps(["import", target.decode(), sorted(store.sizes.items()), _digest(store)])
    folder = place.folder_called(session.home, told)
    new = [] if folder.path.exists() else _new(session.home, store)
    if new:
        there = Folder(store.path).made()
        disk.replace(there.target, target)
        disk.replace(there.imported, orjson.dumps(dict(store.sizes)), durable=True)
        store.path.rename(folder.path)
    known = str(folder.path) if folder.path.exists() else ""
    return Placed(session.shown_uri, known, len(new))


def _digest(store: Unpacked) -> str:
    digest = hashlib.sha256()
    for name in sorted(store.journals):
        with (store.path / name).open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _new(home: Path, store: Unpacked) -> list[str]:
    """The journals that are neither here nor were imported before, at this length at least."""
    known: dict[str, int] = {}
    for folder in place.folders(home):
        sizes = {journal.name: journal.stat().st_size for journal in folder.journals()}
        with suppress(OSError, ValueError):
            sizes |= orjson.loads(folder.imported.read_bytes())
        known |= {name: max(size, known.get(name, 0)) for name, size in sizes.items()}
    return [name for name in store.journals if known.get(name, -1) < store.sizes[name]]
