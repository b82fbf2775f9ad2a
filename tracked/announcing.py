"""The two lines of a root run: where it goes, and how it ended."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

from . import speech
from .outcome import Outcome

if TYPE_CHECKING:
    from .run import Run

TALKATIVE = 10
"""Root runs of one process that are spoken of."""
_ROOTS = count()


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


def _where(run: Run) -> str:
    """Where to look: what is known without waiting for it."""
    from .mlflow.urls import run_url  # noqa: PLC0415 - only who speaks pays

    remote = run.session.ids.get(run.ref.run) if run.session else None
    return (
        f" | {run_url(run.session.uri, remote.experiment_id, remote.run_id)}"
        if run.session and remote
        else ""
    )
