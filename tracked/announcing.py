"""What is told of runs: the two lines of a root run, or a display of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from . import speech
from . import tags as t
from .guard import guard
from .limits import Used
from .outcome import Outcome

if TYPE_CHECKING:
    from .run import Run

TALKATIVE = 10
"""Root runs of one process that are spoken of."""
_ROOTS = count()
_BEGAN: dict[str, tuple[Path, int]] = {}
"""Where in the journal the runs that are spoken of begin."""
CROWD, MINUTE = 100, 60.0
"""Children of one run in so many seconds that would be better off as one run."""


class Display(Protocol):
    """Shows runs in a place of its own, as a notebook does; what it shows is not spoken of besides."""

    def begun(self, run: Run) -> bool:
        """A run has begun; whether it is shown."""
        ...

    def ended(self, run: Run) -> bool:
        """A run has ended; whether it was shown."""
        ...


_DISPLAYS: list[Display] = []
"""At most one."""


def show_on(display: Display | None) -> None:
    """From now on show runs there; None means lines."""
    _DISPLAYS[:] = [] if display is None else [display]


def begun(run: Run) -> None:
    """Show a run, or say where it goes if it is at the root."""
    if run.session is None or (_DISPLAYS and _is_shown("begun", run)) or not run.is_root:
        return
    run.number = next(_ROOTS)
    if run.number < TALKATIVE:
        with guard:
            journal = run.session.journal.path
            _BEGAN[run.ref.run] = journal, journal.stat().st_size
        stage = f"{run.ref.stage} " if run.ref.stage else ""
        speech.say(f"{stage}{run.name} -> {run.session.shown_uri} (experiment {run.ref.experiment})")
    elif run.number == TALKATIVE:
        speech.say(
            f"{run.name} and what follows is tracked without a word (TRACKED_VERBOSITY=verbose tells all)"
        )


def _is_shown(what: str, run: Run) -> bool:
    with guard:
        return any(getattr(display, what)(run) for display in _DISPLAYS)
    return False


def reused(function: str, run: str, age: str) -> None:
    """Say that a call at the root was spared, and how it is made all the same."""
    if next(_ROOTS) < TALKATIVE:
        speech.say(f"{function} reused run {run} (finished {age} ago); TRACKED_RERUN=1 runs it again")


def ended(run: Run, outcome: Outcome) -> None:
    """Show or say how a run ended, and where to look."""
    if _DISPLAYS and _is_shown("ended", run):
        return
    if run.session is not None and run.is_root and run.number < TALKATIVE and speech.is_normal():
        from .last_line import last_line  # noqa: PLC0415 - only who speaks pays

        begin = _BEGAN.pop(run.ref.run, None)
        speech.say(last_line(run, outcome, begin, where(run)))


def is_told_of(run: Run) -> bool:
    """Whether what goes on in this run is spoken of: it is at the root, tracked, and no display shows it."""
    return run.session is not None and run.is_root and run.number < TALKATIVE and not _DISPLAYS


class Crowd:
    """Counts the children of one run by the minute."""

    def __init__(self) -> None:
        self._since, self._count = 0.0, 0

    def grows(self, parent: str, function: str) -> None:
        """One more child that a call of this function is; a crowd of them is told once, with the way out."""
        now = time.monotonic()
        if now - self._since > MINUTE:
            self._since, self._count = now, 0
        self._count += 1
        if self._count == CROWD + 1:
            speech.warn_once(
                f'{parent} has more than {CROWD} runs a minute inside: per_call="aggregate" makes the calls of '
                f"{function} one run, with a step for each call",
                about="a crowd of children",
            )


def changed(run: str, params: Mapping[str, str]) -> None:
    """Say once that a param has another value now."""
    named = ", ".join(map(repr, params))
    speech.warn_once(
        f"params are written once: {named} of run {run} already had a value, which stays; the new one is kept as the "
        f"tag {t.param_changed(next(iter(params)))}",
        about=f"param {named} changed",
    )


def overflows(run: Run) -> None:
    """Say once that a run has more of something than its store has room for, and where the rest is."""
    if run.session is None or not (limits := run.session.limits).counts_names:
        return
    used = Used(set(run.inputs.values), run.story.tag_names, set(run.last))
    if full := limits.exceeded(used):
        speech.warn_once(
            f"run {run.name} has more {', more '.join(full)}, which is all that its store has room for: the rest is "
            "kept whole in the folder overflow among its artifacts",
            about="overflow",
        )


def where(run: Run) -> str:
    """Where to look, as near as it is known without waiting for it; empty where there is nothing to be seen."""
    from .mlflow.urls import run_url, store_url  # noqa: PLC0415 - only who speaks pays

    if run.session is None or not run.session.is_mlflow:
        return ""
    remote = run.session.ids.get(run.ref.run)
    if remote is None:
        return store_url(run.session.uri)
    return run_url(run.session.uri, remote.experiment_id, remote.run_id)
