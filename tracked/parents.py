"""Which run a new run stands under."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import session as sessions
from .context import CURRENT, HasRef, RunRef
from .errors import ConfigError
from .session import Session

CONTEXT = "TRACKED_CONTEXT"
_HANDED_OVER = ("MLFLOW_RUN_ID", "AZUREML_RUN_ID")


@dataclass(frozen=True)
class Parent:
    """The place of a new run in the tree."""

    outer: HasRef | None = None
    run: str | None = None
    run_id: str | None = None
    attach: str | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    experiment: str = ""


def parent_of(given: Any, session: Session) -> Parent:
    """The place of a run that opens here and now.

    In order: the parent that was given; the tracked run around; a plain MLflow run active in this thread;
    ``TRACKED_CONTEXT``; a run handed to the process, which the first run of all *is* and later ones stand
    under; none.
    """
    if given is not None:
        return _given(given)
    outer = CURRENT.get()
    if outer is not None:
        return _under(outer, session)
    plain = sessions.plain_mlflow_run()
    if plain is not None:
        return Parent(run_id=plain.run_id)
    carried = from_environment(os.environ)
    return _of_ref(carried) if carried else _handed_over(session.joined)


def _given(parent: Any) -> Parent:
    if isinstance(parent, str):
        return Parent(run_id=parent)
    if isinstance(parent, RunRef):
        return _of_ref(parent)
    ref = getattr(parent, "ref", None)
    if isinstance(ref, RunRef):
        return _of_ref(ref, outer=parent)
    info = getattr(parent, "info", None)
    if info is not None and isinstance(getattr(info, "run_id", None), str):
        return Parent(run_id=info.run_id)
    raise ConfigError(f"parent is a run, its reference or an MLflow run id, not {type(parent).__name__}")


def _under(outer: HasRef, session: Session) -> Parent:
    if outer.ref.folder and outer.ref.folder != str(session.folder.path):
        # The set-up was switched inside the outer run: its store is another one.
        return Parent()
    return _of_ref(outer.ref, outer=outer)


def _of_ref(ref: RunRef, outer: HasRef | None = None) -> Parent:
    local = None if ref.run_id or not ref.folder else ref.run
    return Parent(outer, local, ref.run_id, None, ref.hashes, ref.experiment)


def _handed_over(joined: set[str]) -> Parent:
    run_id = next((os.environ[name] for name in _HANDED_OVER if os.environ.get(name)), None)
    if run_id is None:
        return Parent()
    if run_id in joined:
        return Parent(run_id=run_id)
    joined.add(run_id)
    return Parent(attach=run_id)


def from_environment(environ: Mapping[str, str]) -> RunRef | None:
    """The run that another process put into this environment, if any; an unreadable one is none."""
    try:
        return RunRef(**json.loads(environ[CONTEXT]))
    except (KeyError, TypeError, ValueError):
        return None
