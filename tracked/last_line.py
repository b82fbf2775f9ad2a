"""The line at the end of a root run: how it ended, what it reached and how, what is kept, and where to look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import speech
from .drawing import spark_text
from .guard import guard
from .journal.sampling import sampled
from .outcome import Outcome
from .params import safe_key
from .session.kept import records_left
from .shipper.status import REFUSED, WAITING
from .spans import took

if TYPE_CHECKING:
    from .run import Run

_METRICS, _WIDTH = 4, 20
"""Metrics that are told, and characters of the picture of the first one."""


def last_line(run: Run, outcome: Outcome, begin: tuple[Path, int] | None, place: str) -> str:
    """What is said of a run that has ended.

    Args:
        run: the run.
        outcome: how it ended.
        begin: its journal and the offset there behind which its records are, if that is known.
        place: where to look.
    """
    ended = f"{run.name} {outcome.status} in {took(run.seconds)}{_metrics(run, begin)}"
    return " | ".join(filter(None, (ended, _kept(run), place)))


def _metrics(run: Run, begin: tuple[Path, int] | None) -> str:
    """The first few, the one that counts before all others, with its course."""
    last = run.last
    counts = run.plan.monitor if run.plan.monitor in last else next(iter(last), None)
    if counts is None:
        return ""
    shown = [counts, *(key for key in last if key != counts)][:_METRICS]
    told = [f" {key}={last[key]:.4g}" for key in shown]
    with guard:
        told.insert(1, _course(run, counts, begin))
    return "".join(told)


def _course(run: Run, metric: str, begin: tuple[Path, int] | None) -> str:
    if run.session is None or begin is None:
        return ""
    path = run.session.journal.path
    # A journal that grew too long was gone on with in another one, which holds the last of it.
    offset = begin[1] if begin[0] == path else 0
    course = spark_text(
        sampled(path, run.ref.run, safe_key(metric), offset), _WIDTH, ascii_only=not speech.is_utf()
    )
    return f" {course}" if course else ""


def _kept(run: Run) -> str:
    """What the store has not got yet, where it is known to be out of reach."""
    with guard:
        if run.session is not None and run.session.status().phase in (WAITING, REFUSED):
            return f"{records_left(run.session.journal.path)} records kept until the store takes them"
    return ""
