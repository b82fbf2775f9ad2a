"""``tracked gc``: what is kept on this machine and is wanted by nobody any more."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from .. import tags as t
from ..errors import BackendUnavailable, RunNotFound
from ..finished import read
from ..journal.folder import Folder
from ..session import current, place
from ..session.building import Session
from ..session.findings import size, span
from ..session.folders import loose_copies
from ..spans import seconds_of
from .reaching import told
from .reading import found, opened
from .speaking import note, say, say_json, width
from .tables import Column, table

_AT_ONCE = 200
"""Runs that the store is asked for in one question."""


class Waste(NamedTuple):
    """Something that can go."""

    what: str
    """``copies`` of artifacts, a ``result``, ``reused`` files, or ``refused`` records."""
    path: Path
    bytes: int
    why: str
    remove: Callable[[], object]
    """Takes it away; raises OSError."""


@click.command()
@click.option(
    "--older",
    default="30d",
    show_default=True,
    metavar="SPAN",
    help="Only results, files and refusals so old.",
)
@click.option("--yes", is_flag=True, help="Remove it; otherwise it is only said what would go.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a thing.")
def gc(*, older: str, yes: bool, as_json: bool) -> None:
    """Remove what nobody needs any more from this machine.

    Nothing in the store is touched. What goes is copies of artifacts that no journal tells of, stored results of runs
    that are deleted or as old as SPAN (`12h`, `30d`), files that were fetched for a reused result and that nobody was
    given or wrote to for SPAN, and refused records as old.

    Exit codes: 0 it is said, or gone, 1 something could not be removed,
    2 SPAN is none.
    """
    seconds = seconds_of(older)
    if seconds is None:
        raise click.BadParameter(f"{older!r} is no span of time such as 12h or 30d", param_hint="--older")
    with told():
        things = list(waste(current(), time.time() - seconds))
    failed = [problem for thing in things if (problem := _removed(thing))] if yes else []
    if as_json:
        for thing in things:
            say_json({**thing._asdict(), "path": str(thing.path), "remove": yes})
    else:
        _tell(things, is_done=yes)
    for problem in failed:
        note(problem)
    sys.exit(1 if failed else 0)


def waste(session: Session, before: float) -> Iterator[Waste]:
    """What can go.

    Args:
        session: of the home and of the current store.
        before: seconds since the epoch; what was used or refused since then stays.
    """
    deleted = _deleted(session)
    for folder in place.folders(session.home):
        yield from _refused(folder, before)
        yield from _copies(folder)
        yield from _results(folder, before, deleted if folder == session.folder else frozenset())
    yield from _reused(session.home, before)


def _copies(folder: Folder) -> Iterator[Waste]:
    for owner in sorted(loose_copies(folder)):
        bytes_of = sum(map(_size, folder.files.glob(f"{owner}.*")))
        why = "no journal tells of them"
        yield Waste("copies", folder.files / f"{owner}.*", bytes_of, why, partial(folder.sweep, owner))


def _results(folder: Folder, before: float, deleted: frozenset[str]) -> Iterator[Waste]:
    for top in sorted((folder.path / "results").glob("*/[!.]*")):
        result = read(top)
        if top.name in deleted:
            why = "its run is deleted"
        elif result is None:
            why = "it is damaged"
        elif result.time < before:
            why = f"it is {span(time.time() - result.time)} old"
        else:
            continue
        yield Waste("result", top, _size(top), why, partial(_remove, top))


def _reused(home: Path, before: float) -> Iterator[Waste]:
    for top in sorted(place.reused(home).glob("*/*")):
        last = max(map(_written, (top, *top.rglob("*"))))
        if last < before:
            why = f"it was given back {span(time.time() - last)} ago"
            yield Waste("reused", top, _size(top), why, partial(_remove, top))


def _written(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.lstat().st_mtime
    return 0.0


def _remove(top: Path) -> None:
    shutil.rmtree(top)
    with suppress(OSError):  # another one of the same work, or of the same run
        top.parent.rmdir()


def _refused(folder: Folder, before: float) -> Iterator[Waste]:
    with suppress(FileNotFoundError):
        status = folder.aside.stat()
        if status.st_mtime < before:
            why = f"the last was refused {span(time.time() - status.st_mtime)} ago"
            yield Waste("refused", folder.aside, status.st_size, why, folder.aside.unlink)


def _deleted(session: Session) -> frozenset[str]:
    """Local ids of the runs with a stored result that the store has as deleted."""
    ids = [top.name for top in (session.folder.path / "results").glob("*/[!.]*")]
    if not ids or not session.is_mlflow:
        return frozenset()
    gone: set[str] = set()
    try:
        opened()
        for i in range(0, len(ids), _AT_ONCE):
            some = found(session, run_view="deleted", where={f"tags.{t.LOCAL_ID}": ids[i : i + _AT_ONCE]})
            gone |= {run.tags[t.LOCAL_ID] for run in some}
    except (BackendUnavailable, RunNotFound) as error:
        note(f"it is not known which runs are deleted: {error}")
    return frozenset(gone)


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return sum(map(_size, path.iterdir())) if path.is_dir() else path.lstat().st_size
    return 0


def _removed(thing: Waste) -> str:
    """Why it could not be removed; empty if it was."""
    try:
        thing.remove()
    except OSError as error:
        return f"{thing.path} is not removed: {error}"
    return ""


def _tell(things: list[Waste], *, is_done: bool) -> None:
    columns = [Column("WHAT"), Column("SIZE", to_right=True), Column("WHY"), Column("PATH")]
    rows = [(thing.what, size(thing.bytes), thing.why, str(thing.path)) for thing in things]
    for line in table(columns, rows, width()) if rows else ():
        say(line)
    total = size(sum(thing.bytes for thing in things))
    if not things:
        say("there is nothing to remove")
    elif is_done:
        say(f"{total} removed")
    else:
        say(f"{total} would go: `tracked gc --yes` removes them")
