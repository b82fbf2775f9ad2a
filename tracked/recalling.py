"""Giving back what was stored: values as they were, files where they are, runs as objects that can be asked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import finished
from .annotated import result_hint
from .context import RunRef
from .finished import Finished
from .outcome import Outcome
from .plan import Options, RunPlan
from .results import kept_paths
from .results.stored import PATH, RUN, NotStorable, Recalling
from .run import Run
from .session import place
from .session.building import Session


def recall(options: Options, function: Any, session: Session, found: Finished) -> Any:
    """The stored result.

    Raises:
        NotStorable: the annotation of the result does not name the classes that it is of.
        TrackedError, OSError, ValueError, TypeError, KeyError: it cannot be had, or is damaged.
    """
    if found.folder is None:
        raise NotStorable("it is not on this machine")
    made = {
        PATH: lambda note: kept_paths.recalled(
            note, lambda path, files: _fetched(session, found, path, files)
        ),
        RUN: lambda note: _run(session, found, note),
    }
    return Recalling(found.folder, made)(found.note["value"], result_hint(options, function))


def _fetched(session: Session, found: Finished, path: Path, files: kept_paths.Files) -> Path:
    """The path's content as the run has it, in a folder of the run."""
    from .mlflow.artifacts.by_content import fetch_by_content  # noqa: PLC0415 - loads MLflow
    from .mlflow.artifacts.repository import Repository  # noqa: PLC0415
    from .mlflow.client import client_for  # noqa: PLC0415

    run_id = found.run_id or _id_of(session, found)
    told = json.dumps(sorted(files.items())).encode()
    own = path.name if path.name.strip(".") else "result"  # `..` would lead out of the run's folder
    target = place.reused(session.home) / run_id / hashlib.sha256(told).hexdigest()[:16] / own
    if not kept_paths.is_there(target, files):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fetch_by_content(Repository(client_for(session.uri, session.templates), run_id), files, target)
    with suppress(OSError):  # `tracked gc` removes what was not wanted for long
        os.utime(target.parent)
    return target


def _id_of(session: Session, found: Finished) -> str:
    """MLflow's id of a run that this machine noted; what was not delivered yet is waited for, but not for long."""
    if session.ids.get(found.run) is None:
        session.flush(finished.PATIENCE)
    made = session.ids.get(found.run)
    if made is None:
        raise NotStorable("its files are gone here, and the store does not have them yet")
    return made.run_id


def _run(session: Session, found: Finished, note: Mapping[str, Any]) -> Run:
    """A run that the result speaks of, as an object: it is over, and can still be asked for its id and address."""
    local = str(note[RUN])
    ref = RunRef(local, str(session.folder.path), found.experiment, run_id=found.ids.get(local) or None)
    run = Run(RunPlan(str(note["name"])), ref, None, session)
    run.was_joined, run.closed = True, Outcome()
    return run
