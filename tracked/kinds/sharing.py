"""One run over the trials of a sweep that several processes work on: who opens it, who joins it, who ends it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import tags as t
from ..attempts import Former
from ..context import CURRENT, has_begun, has_ended
from ..endings import ended
from ..errors import TrackedError
from ..guard import guard
from ..outcome import Outcome
from ..parents import session_for
from ..plan import RunPlan
from ..run import Run
from ..scope import open_run
from .again import noted, opened_again, ref_of
from .sweep_options import SweepOptions

if TYPE_CHECKING:
    from ..session.building import Session
    from ..sweeps.shared import SharedStudy

_PATIENCE = 60.0
"""Seconds in which the machine that opened the run has to know its MLflow id."""
_COURTESY = 10.0
"""Seconds in which workers that have nothing left to do leave."""


def begin_shared(plan: RunPlan, options: SweepOptions) -> Run:
    """Open the run of a sweep whose study is in a storage, or join the one that another process has open.

    Raises:
        ConfigError: there is no such storage, or the study there looks for something else; the run has failed.
        BackendUnavailable: the storage does not answer; the same.
    """
    from ..sweeps.shared import SharedStudy  # noqa: PLC0415 - loads Optuna: only when a sweep runs

    name = options.study_name or plan.hashes.get(t.STUDY_KEY_HASH) or plan.name
    try:
        shared = SharedStudy(replace(options.search, study_name=name))
        return _entered(replace(plan, study=shared), shared)
    except TrackedError as error:
        # A person shall find in the store, too, why the sweep did not run.
        ended(open_run(plan), error)
        raise


def _entered(plan: RunPlan, shared: SharedStudy) -> Run:
    until = time.monotonic() + _PATIENCE
    while True:
        with shared.alone():
            run = _placed(plan, shared, is_last_try=time.monotonic() > until)
            if run is not None:
                shared.worker.enter(partial(_told_of, run, shared))
                return run
        time.sleep(0.2)


def _placed(plan: RunPlan, shared: SharedStudy, *, is_last_try: bool) -> Run | None:
    """The run: opened, opened again, or joined; None if it cannot be joined yet."""
    there, session = shared.parent, None
    with guard:
        session = session_for(plan.parent)
    is_same_store = bool(there and session and there["store"] == session.shown_uri)
    if shared.seen().living:
        return _joined(plan, there if is_same_store else None, session, is_last_try=is_last_try)
    shared.begin_round(goes_on=is_same_store)
    attempt = there["attempt"] + 1 if there and is_same_store else 1
    run = opened_again(plan, there, attempt) if there and attempt > 1 else open_run(plan)
    _tell(run, shared, attempt)
    return run


def _joined(
    plan: RunPlan,
    there: Mapping[str, Any] | None,
    session: Session | None,
    *,
    is_last_try: bool,
) -> Run | None:
    if there is None or session is None:
        return open_run(plan)  # in another store it cannot be joined
    ref = ref_of(there, session)
    if ref is not None:
        ref = replace(ref, stage=plan.stage, hashes=plan.hashes)
        run = Run(replace(plan, name=there["name"]), ref, CURRENT.get(), session)
        has_begun(run)
    elif there.get("remote"):
        run = open_run(replace(plan, former=Former(there["remote"], os.urandom(16).hex(), 0)))
    else:
        return open_run(plan) if is_last_try else None
    run.was_joined = True
    return run


def inherit(run: Run, shared: SharedStudy) -> None:
    """Have the run open here from now on: the process that had it has died or left."""
    there = shared.parent
    if run.was_joined and there:
        with guard:
            _becomes(run, opened_again(run.plan, there, there["attempt"] + 1))
        _tell(run, shared, there["attempt"] + 1)


def _becomes(run: Run, other: Run) -> None:
    """The object that is held everywhere writes where the other one does, and ends it."""
    has_ended(run)
    run.ref, run.session, run.was_joined = other.ref, other.session, False
    has_begun(run)


def _tell(run: Run, shared: SharedStudy, attempt: int) -> None:
    """Say where the run is, for those who join it."""
    if run.session is not None:
        shared.parent = {**noted(run), "attempt": attempt}


def _told_of(run: Run, shared: SharedStudy) -> bool:
    """Say the run's MLflow id as soon as it is known, for workers on other machines; tell whether that is done."""
    there = shared.parent
    if run.session is None or not there or there["run"] != run.ref.run or there.get("remote"):
        return True
    made = run.session.ids.get(run.ref.run)
    if made is not None:
        shared.parent = {**there, "remote": made.run_id}
    return made is not None


def leave(run: Run, shared: SharedStudy) -> bool:
    """Leave the sweep; tell whether the run is this process's to end, since nobody else is at work."""
    until = time.monotonic() + _COURTESY
    left, is_last = None, False
    try:
        while not (left := _left(shared, in_any_case=time.monotonic() > until)):
            time.sleep(0.02)
        if is_last := left.is_last:
            inherit(run, shared)
    finally:
        if not is_last and (left or run.was_joined):
            run.closed = Outcome()
            has_ended(run)
    return is_last


class _Left(NamedTuple):
    """A worker is off the list."""

    is_last: bool


def _left(shared: SharedStudy, *, in_any_case: bool) -> _Left | None:
    with shared.alone():
        seen = shared.seen()
        is_owner = seen.owner == seen.me
        if is_owner and seen.others and not seen.at_work and not in_any_case:
            return None  # the others are leaving too, and whoever has the run open ends it
        shared.worker.leave()
        return _Left(not seen.others)
