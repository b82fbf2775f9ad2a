"""Which run a new run stands under."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import session as sessions
from . import speech
from .context import CURRENT, HasRef, RunRef, guessed, is_any_open, is_astray, named_run
from .errors import ConfigError
from .variables import variable

if TYPE_CHECKING:
    from .session.building import Session

CONTEXT = "TRACKED_CONTEXT"
HANDED_OVER = ("MLFLOW_RUN_ID", "AZUREML_RUN_ID")


@dataclass(frozen=True)
class Parent:
    """The place of a new run in the tree."""

    outer: HasRef | None = None
    run: str | None = None
    run_id: str | None = None
    attach: str | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    experiment: str = ""
    is_guessed: bool = False

    @property
    def is_none(self) -> bool:
        """Whether the run stands under no other."""
        return not (self.outer or self.run or self.run_id)


def parent_of(given: Any, session: Session) -> Parent:
    """The place of a run that opens here and now.

    In order: the parent that was given; the tracked run around; a plain MLflow run active in this thread; in a
    thread without context, the run that it can only be part of; ``TRACKED_CONTEXT``; a run handed to the process,
    which the first run of all *is* and later ones stand under; none.
    """
    named = None if given is None else named_run(given)
    if named is not None:
        return _named(named, given, session)
    if given is not None:
        speech.warn_once(
            f"parent is a run, its reference or an MLflow run id, not {type(given).__name__}: the run opens where "
            "it would without",
            about="a bad parent",
        )
    outer = CURRENT.get()
    if outer is not None:
        return _of_ref(outer.ref, session, outer)
    plain = sessions.plain_mlflow_run()
    if plain is not None:
        return Parent(run_id=plain.run_id)
    if (guess := guessed()) is not None:
        return replace(_of_ref(guess.ref, session, guess), is_guessed=True)
    carried = from_environment(os.environ) if variable(CONTEXT) else None
    found = _of_ref(carried, session) if carried else _handed_over(session.joined)
    if found.is_none and is_astray() and is_any_open():
        _say_it_stands_alone()
    return found


def _say_it_stands_alone() -> None:
    speech.warn_once(
        "a run was opened in a thread that does not know which run it belongs to, while others were open: it stands "
        "by itself; give the thread or the pool track.bind(function), and it stands under the run around that",
        about="astray",
    )


def _named(named: RunRef | str, given: Any, session: Session) -> Parent:
    if isinstance(named, str):
        return Parent(run_id=named)
    # A handle stands for its run.
    return _of_ref(named, session, None if named is given else getattr(given, "run", given))


def session_for(given: Any) -> Session:
    """The session that a run with this parent opens in: its parent's, where that was opened elsewhere.

    A run that travelled here keeps its children with it, whatever this process was set up for.  Inside a run of
    this process the set-up decides: it may have been switched on purpose.

    Raises:
        ConfigError, OSError: it cannot be made.
    """
    travelled = _travelled(given)
    if travelled is None or not travelled.folder or travelled.run_id:
        return sessions.current()
    try:
        return sessions.for_folder(travelled.folder)
    except (ConfigError, OSError):
        return sessions.current()  # that folder is on another machine


def _travelled(given: Any) -> RunRef | None:
    """The run above, if another process has opened it."""
    if given is not None:
        return given if isinstance(given, RunRef) else None
    outer = CURRENT.get()
    if outer is None:
        return from_environment(os.environ) if variable(CONTEXT) else None
    return outer.ref if outer.was_joined else None


def _of_ref(ref: RunRef, session: Session, outer: HasRef | None = None) -> Parent:
    if ref.run_id is None and ref.folder != str(session.folder.path):
        # It goes to another store, or was never recorded: here it cannot be named, but it is the same study.
        return Parent(hashes=ref.hashes)
    return Parent(outer, None if ref.run_id else ref.run, ref.run_id, None, ref.hashes, ref.experiment)


def _handed_over(joined: set[str]) -> Parent:
    run_id = next(filter(None, map(variable, HANDED_OVER)), "")
    if not run_id:
        return Parent()
    if run_id in joined:
        return Parent(run_id=run_id)
    joined.add(run_id)
    return Parent(attach=run_id)


def from_environment(environ: Mapping[str, str]) -> RunRef | None:
    """The run that another process put into this environment, if any; one that is of no use here is none."""
    if not environ.get(CONTEXT):
        return None
    try:
        return usable(RunRef.from_json(environ[CONTEXT]))
    except (ConfigError, OSError) as error:
        speech.warn_once(f"{CONTEXT} in the environment: {error}; what is tracked here goes on without it")
        return None


def usable(ref: RunRef) -> RunRef:
    """The reference as it can be used in this process: where its journal folder is elsewhere, by its MLflow id.

    Raises:
        ConfigError: its folder is not on this machine, and its run not known to be in the store of this process.
        OSError: this process has no session, and none can be made.
    """
    from .journal.folder import Folder  # noqa: PLC0415 - only who was sent a run pays

    if ref.run_id or Folder(Path(ref.folder)).target.exists():
        return ref
    session = sessions.current()
    if ref.remote and ref.store == session.shown_uri:
        return replace(ref, folder=str(session.folder.path), run_id=ref.remote)
    raise ConfigError(
        f"the run {ref.run[:8]} of {ref.store or 'another store'} has its journal in {ref.folder or 'no folder'}, "
        f"which is not here, and {_why_not_by_id(ref, session)}"
    )


def _why_not_by_id(ref: RunRef, session: Session) -> str:
    if ref.store != session.shown_uri:
        return f"runs of this process go to {session.shown_uri}: set both up for one store"
    return "its MLflow id was not known when it was sent: ask for `run.id` before `track.inject`"
