"""Where a run that is resumed goes on from: its last complete checkpoint, brought here."""

from __future__ import annotations

import tempfile
from pathlib import Path
from weakref import WeakKeyDictionary

from . import speech
from .downloading import complete_checkpoints, download_artifacts
from .errors import ArtifactNotFound, DigestMismatch
from .guard import guard
from .run import Run

_HERE: WeakKeyDictionary[Run, Path | None] = WeakKeyDictionary()
"""What was fetched for the runs of this process."""


def resume_point(run: Run) -> Path | None:
    """The folder of the checkpoint that this run goes on from; None if it begins, or has none that can be had."""
    if not run.is_resumed:
        return None
    if run not in _HERE:
        _HERE[run] = None
        with guard:
            _HERE[run] = _fetched(run, run.plan.former.run_id if run.plan.former else "")
    return _HERE[run]


def _fetched(run: Run, run_id: str) -> Path | None:
    folder = tempfile.TemporaryDirectory(prefix="tracked-")
    run.before_close.append(folder.cleanup)
    tried = (_had(run, run_id, found.path, folder.name) for found in complete_checkpoints(run_id))
    return next(filter(None, tried), None)


def _had(run: Run, run_id: str, path: str, to: str) -> Path | None:
    """One checkpoint; None if the store has lost it, or gives something else: then the one before it will do."""
    try:
        return download_artifacts(run_id, path, to)
    except (ArtifactNotFound, DigestMismatch) as error:
        speech.warn_once(f"run {run.name} does not go on from its checkpoint {path}: {error}")
        return None
