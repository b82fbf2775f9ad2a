"""Work that is done: what this machine noted of it, and what the store tells.

Beside the journals of a store lies a folder ``results/<call key>/<local id>`` for each run that ended well and whose
result is wanted again: ``note.json``, and the arrays and bytes that go with it.  The same folder is an artifact of the
run, so that other machines have it too.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import speech
from . import tags as t
from .attempts import KnownRun
from .errors import BackendUnavailable, TrackedError
from .identity import to_bytes
from .outcome import FINISHED
from .patience import bounded
from .reachable import check_reach, may_know
from .session.backends import backend_for, is_in_memory
from .session.building import Session

SCHEMA = "tracked.result/1"
ARTIFACT = "stored_result"
"""Folder of a stored result among the artifacts of its run."""
NOTE = "note.json"
IDS = "ids.json"
"""What is beside a note that came from elsewhere: MLflow ids by our local ones; the run's own under the empty one."""
RUN_MARK = b'"$run"'
PATIENCE = 10.0
"""Seconds that a store is given to answer before a call is made that it may know."""
AGAIN = 60.0
"""Seconds for which a store that did not answer is not asked again."""
_KEPT = 2
"""Results of one key that are kept on this machine."""
MOST_KEYS = 1000
"""Keys of which results are kept here: of more, those that were stored last.  The store has the others."""
_SILENT: dict[str, float] = {}
"""Stores that did not answer, and until when they are left alone."""


@dataclass(frozen=True)
class Finished:
    """A run that ended well.

    Attributes:
        run: its local id.
        name: its name.
        time: when it ended, in seconds since the epoch.
        experiment: name of its experiment.
        run_id: MLflow's id, where it was the store that told of it.
        ids: likewise of the runs that its result speaks of, by local id.
        folder: where its result is on this machine; None if it is not here.
        note: what was noted with the result.
    """

    run: str
    name: str
    time: float
    experiment: str
    run_id: str = ""
    folder: Path | None = None
    note: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ids: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def payload(self) -> Mapping[str, Any]:
        """What its key was made of; empty if that was not noted."""
        found = self.note.get("key")
        return found if isinstance(found, Mapping) else {}


def place(session: Session, key: str) -> Path:
    """Where the results of this key lie."""
    return session.folder.path / "results" / key


def keep(session: Session, key: str, run: str, write: Callable[[Path], Mapping[str, Any]]) -> Path:
    """Keep a result: whoever looks finds all of it or nothing.

    Args:
        session: whose store the run goes to.
        key: the call key.
        run: the run's local id.
        write: writes the parts into a folder, and returns the note.

    Returns:
        The folder.

    Raises:
        OSError: it cannot be written.
    """
    top = place(session, key)
    top.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".", dir=top))
    try:
        note = {"schema": SCHEMA, "run": run, "time": time.time(), **write(fresh)}
        (fresh / NOTE).write_text(json.dumps(note), encoding="ascii")
        return _settled(fresh, top / run)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _settled(fresh: Path, target: Path) -> Path:
    with suppress(OSError):  # another process was there first: its copy is as good
        fresh.rename(target)
    for old in [found.folder for found in _in(target.parent)][_KEPT:]:
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)
    _let_go(target.parent.parent)
    return target


def _let_go(results: Path) -> None:
    """Forget the keys that got no result for the longest time, where there are too many."""
    keys = list(os.scandir(results))
    if len(keys) > MOST_KEYS:
        keys.sort(key=_changed)
        for key in keys[: len(keys) - MOST_KEYS]:
            shutil.rmtree(key, ignore_errors=True)


def _changed(entry: os.DirEntry[str]) -> float:
    with suppress(OSError):  # another process was there first
        return entry.stat().st_mtime
    return 0.0


def noted(session: Session, key: str, experiment: str) -> list[Finished]:
    """What this machine has of finished work of this key, the newest first."""
    return [found for found in _in(place(session, key)) if found.experiment == experiment]


def noted_of(session: Session, function: str) -> Iterator[Finished]:
    """What this machine has of finished calls of this function, in no order."""
    for top in (session.folder.path / "results").glob("*"):
        yield from (found for found in _in(top) if found.payload.get("function") == function)


def _in(top: Path) -> list[Finished]:
    found = (read(folder) for folder in top.glob("[!.]*"))
    return sorted(filter(None, found), key=lambda one: one.time, reverse=True)


def read(folder: Path) -> Finished | None:
    """The result in this folder; None if it is none, is damaged, or is of another key than its folder's."""
    try:
        note = json.loads((folder / NOTE).read_bytes())
        is_whole = note["schema"] == SCHEMA and _hash(note["key"]) == folder.parent.name
        told = str(note["run"]), str(note["name"]), float(note["time"]), str(note["experiment"])
        ids = json.loads((folder / IDS).read_bytes()) if (folder / IDS).exists() else {}
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return (
        Finished(*told, ids.get("", ""), folder, note, {**ids, told[0]: ids.get("", "")})
        if is_whole
        else None
    )


def _hash(payload: Any) -> str:
    return hashlib.sha256(to_bytes(payload)).hexdigest()


def in_store(session: Session, key: str, experiment: str) -> list[KnownRun] | None:
    """What the store has of runs of this key, the newest first; None where it does not answer, which is said once."""
    if not may_know(session):
        return []
    if time.monotonic() < _SILENT.get(session.uri, 0.0):
        return None
    try:
        check_reach(session)
        # MLflow is loaded here, if it was not before, and not on the time that the store is given.
        store = backend_for(session.uri, session.home)
        return list(bounded(lambda: store.same(experiment, key), PATIENCE))
    except BackendUnavailable as error:
        _SILENT[session.uri] = time.monotonic() + AGAIN
        speech.warn_once(
            f"{session.shown_uri} does not tell whether work was done before ({error}): what is not known on this "
            "machine runs",
            about=f"{session.uri} cannot be asked",
        )
        return None


def is_gone(session: Session, found: Finished, key: str) -> bool:
    """Whether the store had the run and has it no more, as far as that is known without loading MLflow for it."""
    is_quick = is_in_memory(session.uri) or (session.is_mlflow and "mlflow.tracking" in sys.modules)
    if not is_quick or not (found.run_id or session.ids.get(found.run)):
        return False
    there = in_store(session, key, found.experiment)
    return there is not None and found.run not in {known.local_id for known in there}


def fetched(session: Session, key: str, known: KnownRun) -> Finished | None:
    """The stored result of a run of the store, brought here; None if it has none that can be had."""
    if known.status != FINISHED or not session.is_mlflow:
        return None
    local = known.local_id or known.run_id
    top = place(session, key)
    here = read(top / local)
    if here is not None or t.STORED not in known.tags or not local.isalnum():
        return here
    top.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=top) as fresh, suppress(TrackedError, OSError):
        bounded(lambda: _download(session, known.run_id, Path(fresh)), PATIENCE)
        return read(_settled(Path(fresh, ARTIFACT), top / local))
    return None


def _download(session: Session, run_id: str, to: Path) -> None:
    from .mlflow.artifacts.download import fetch  # noqa: PLC0415 - loads MLflow
    from .mlflow.artifacts.repository import Repository  # noqa: PLC0415
    from .mlflow.client import client_for  # noqa: PLC0415
    from .mlflow.lineage import children  # noqa: PLC0415

    fetch(Repository(client_for(session.uri, session.templates), run_id), ARTIFACT, to)
    # The trials of a sweep are known by our ids: those of the store go with them, once for all.
    told = (to / ARTIFACT / NOTE).read_bytes()
    inside = children(session.uri, run_id, templates=session.templates) if told.count(RUN_MARK) > 1 else ()
    ids = {run.data.tags[t.LOCAL_ID]: run.info.run_id for run in inside if t.LOCAL_ID in run.data.tags}
    (to / ARTIFACT / IDS).write_text(json.dumps({**ids, "": run_id}), encoding="ascii")
