"""The two lines of a root run: where it goes, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING

from . import speech
from . import tags as t
from .outcome import Outcome

if TYPE_CHECKING:
    from .run import Run

TALKATIVE = 10
"""Root runs of one process that are spoken of."""
_ROOTS = count()
CROWD, MINUTE = 100, 60.0
"""Children of one run in so many seconds that would be better off as one run."""


def begun(run: Run) -> None:
    """Say where a root run goes."""
    if run.session is None or not run.is_root:
        return
    run.number = next(_ROOTS)
    if run.number < TALKATIVE:
        stage = f"{run.ref.stage} " if run.ref.stage else ""
        speech.say(f"{stage}{run.name} -> {run.session.shown_uri} (experiment {run.ref.experiment})")
    elif run.number == TALKATIVE:
        speech.say(
            f"{run.name} and what follows is tracked without a word (TRACKED_VERBOSITY=verbose tells all)"
        )


def ended(run: Run, outcome: Outcome) -> None:
    """Say how a root run ended, and where to look."""
    if run.session is not None and run.is_root and run.number < TALKATIVE:
        seconds = time.monotonic() - run.started
        metrics = "".join(f" {key}={value:.4g}" for key, value in list(run.last.items())[:4])
        speech.say(f"{run.name} {outcome.status} in {seconds:.1f} s{metrics}{_where(run)}")


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


def _where(run: Run) -> str:
    """Where to look: what is known without waiting for it."""
    from .mlflow.urls import run_url  # noqa: PLC0415 - only who speaks pays

    remote = run.session.ids.get(run.ref.run) if run.session else None
    return (
        f" | {run_url(run.session.uri, remote.experiment_id, remote.run_id)}"
        if run.session and remote
        else ""
    )
