"""The runs that MLflow's own API has open inside tracked ones, in any thread: they end with them at the latest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from .. import speech
from ..context import HasRef
from ..guard import guard
from ..outcome import FINISHED
from . import loaded

End = Callable[[str], None]
"""Writes that a run has ended, and how."""
Adopt = Callable[[HasRef, Any], "Answer"]
"""Makes the end of MLflow's run inside the tracked one ours to answer for."""


class Answer(NamedTuple):
    """Who answers for the end of a run that MLflow opened, also if this process dies."""

    is_ours: bool
    """Whether it lies in the store that our records go to."""
    end: End | None = None
    """None if MLflow's own call writes a record already."""


class _Inside(NamedTuple):
    run: HasRef
    answer: Answer
    forget: Callable[[], object] | None


_OPEN: dict[str, _Inside] = {}
"""By MLflow's id."""
_AWAITED: set[str] = set()
"""Tracked runs, by local id, whose end is listened to."""


def has_begun(run: HasRef, entry: Any, adopt: Adopt, forget: Callable[[], object] | None) -> None:
    """Note that MLflow opened a run inside this one.

    Args:
        run: the tracked run.
        entry: MLflow's run.
        adopt: makes the end of it ours to answer for.
        forget: takes it off the list of active runs that it stands in, when it ends with the tracked run; None if
            it may outlive that.
    """
    with guard:
        answer = adopt(run, entry)
        if answer.is_ours:
            _OPEN[entry.info.run_id] = _Inside(run, answer, forget)
            _listen(run)


def has_ended(run_id: str, status: str) -> None:
    """Note that MLflow ends this run."""
    known = _OPEN.pop(run_id, None)
    if known is not None and known.answer.end is not None:
        with guard:
            known.answer.end(status)


def _listen(run: HasRef) -> None:
    before_close = getattr(run, "before_close", None)
    if before_close is not None and not run.was_joined and run.ref.run not in _AWAITED:
        _AWAITED.add(run.ref.run)
        before_close.append(partial(_end_all, run))


def _end_all(run: Any) -> None:
    _AWAITED.discard(run.ref.run)
    status = run.closed.status if run.closed else FINISHED
    for run_id, left in list(_OPEN.items()):
        if left.run is run and left.forget is not None:
            del _OPEN[run_id]
            with guard:
                left.forget()
                _end(run_id, left.answer, status)


def _end(run_id: str, answer: Answer, status: str) -> None:
    speech.warn_once(
        f"MLflow's run {run_id} was still open when the tracked run around it ended, and has ended with it: "
        "`with mlflow.start_run():` ends a run where its block does",
        about="left open",
    )
    # What MLflow's call writes a record for waits for nobody.
    end = answer.end or partial(loaded.module("mlflow").MlflowClient().set_terminated, run_id)
    end(status)
