"""Whose work is it?  Of all processes that begin the same work at once, exactly one comes to own it.

A store has no lock, but it writes a param once: the param ``tracked.claim.<attempt>`` of a run says under which local
id the attempt is made, and whoever writes it first has written it for all.

* To go on with a run that ended, its next attempt is claimed, by that one write.
* To begin, each makes a run, and only then looks for others.  The oldest is to win: whoever sees an older one gives
  way; whoever sees a younger one takes its claim, so that it cannot win any more; then each claims its own run.  A run
  that comes late with an early time finds the claim of the winner taken, and gives way too.  So no clock decides
  whether there is one winner, only who it is.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import datetime, timezone

from .. import process
from .. import tags as t
from ..attempts import Former, KnownRun
from ..errors import BackendUnavailable, Refused
from ..outcome import FINISHED
from ..ports import Backend
from ..shipper.stale import HEARTBEAT, LEASE, next_beat, why_dead

RUNNING = ("RUNNING", "SCHEDULED")
LOST, NEXT = "lost", "next"
"""Values of the tag ``CLAIMANT``: of a run that gave way, in which nothing was done, and which is deleted; of one that
ended and whose next attempt is claimed, and has not begun."""


def is_live(run: KnownRun) -> bool:
    """Whether somebody may be at it: it is running, or about to, and its process is not known to be dead."""
    return (run.status in RUNNING or run.tags.get(t.CLAIMANT) == NEXT) and not _why_dead(run)


def _why_dead(run: KnownRun) -> str:
    """Why nobody is at it any more; empty where somebody may be.  The first sign of life has its time, too."""
    whose = process.from_text(run.tags.get(t.PROCESS, ""), run.tags.get(t.HOST, ""))
    if process.is_here(whose) or t.HEARTBEAT in run.tags:
        return why_dead(run.tags)
    due = run.time + (2 * HEARTBEAT + LEASE) * 1000
    return "taken for dead: it never gave a sign of life" if time.time() * 1000 > due else ""


def attempt_of(run: KnownRun) -> int:
    """Which attempt was the last, by its tags."""
    told = run.tags.get(t.ATTEMPT, "1")
    return int(told) if told.isdecimal() else 1


def next_attempt(backend: Backend, run: KnownRun, mine: str, skipped: Collection[int] = ()) -> Former | None:
    """Claim the next attempt at a run that ended; None if somebody else has it.

    Args:
        backend: the store.
        run: the run.
        mine: local id of the attempt.
        skipped: attempts whose claim was taken by somebody who came no further.

    Raises:
        Refused: the run is deleted.
        BackendUnavailable: the store does not answer.
    """
    last = attempt_of(run)
    number = max([last, *skipped]) + 1
    now = {
        t.ATTEMPT: str(number),
        t.ATTEMPT_ID: mine,
        t.CLAIMANT: NEXT,
        t.FORMER + str(last): _end_of(run),
        **process.owner(),
        **next_beat(),
    }
    if not _claims(backend, run.run_id, number, mine, now):
        return None
    return Former(run.run_id, mine, number, run.params, run.steps)


def is_won(backend: Backend, run_id: str, mine: str, others: Sequence[KnownRun]) -> bool:
    """Whether a run that was just made is the one that does the work.

    Args:
        backend: the store.
        run_id: the run.
        mine: its local id.
        others: the runs of the same work that were not there when it was decided to make one.

    Raises:
        Refused: the run is deleted.
        BackendUnavailable: the store does not answer.
    """
    own = next((run for run in others if run.run_id == run_id), None)
    if own is None:
        raise BackendUnavailable(f"run {run_id} was made, and is not found by its work")
    rivals = [run for run in others if run.run_id != run_id and (run.status in RUNNING or _is_owned(run))]
    if any(_is_owned(run) or (_age(run) < _age(own) and is_live(run)) for run in rivals):
        return False
    # A run that asks nobody whether it may begin has no claim to lose.  One that seems dead may have a claim yet.
    claimants = (run for run in rivals if t.CLAIMANT in run.tags)
    return all(_is_beaten(backend, run, mine) for run in claimants) and _claims(backend, run_id, 1, mine)


def _age(run: KnownRun) -> tuple[int, str]:
    return run.time, run.tags.get(t.LOCAL_ID, run.run_id)


def _is_owned(run: KnownRun) -> bool:
    """Whether it has won already; also if it has ended since."""
    claim = run.params.get(t.CLAIM + "1")
    return run.status == FINISHED or (claim is not None and claim == run.tags.get(t.LOCAL_ID))


def _is_beaten(backend: Backend, run: KnownRun, mine: str) -> bool:
    """Take the claim of a younger run; tell whether it cannot win any more."""
    try:
        _claims(backend, run.run_id, 1, mine)
        return backend.param(run.run_id, t.CLAIM + "1") != run.tags.get(t.LOCAL_ID)
    except Refused:
        return True  # it has given way meanwhile, and is deleted


def _claims(
    backend: Backend, run_id: str, number: int, mine: str, also: dict[str, str] | None = None
) -> bool:
    """Write a claim, and what goes with it; tell whether it is ours."""
    key = t.CLAIM + str(number)
    try:
        backend.log(run_id, (), {key: mine}, also or {})
    except Refused:
        # Somebody was faster; unless it was our own write, whose answer was lost.
        return backend.param(run_id, key) == mine
    return True


def _end_of(run: KnownRun) -> str:
    """How an attempt ended, in words."""
    why = run.tags.get(t.END_REASON) or ": ".join(
        filter(None, map(run.tags.get, (t.ERROR_TYPE, t.ERROR_MESSAGE)))
    )
    if run.status in RUNNING:
        return f"died: {_why_dead(run)}"
    ended = datetime.fromtimestamp((run.end_time or run.time) / 1000, timezone.utc)
    return f"{run.status} at {ended:%Y-%m-%dT%H:%M:%SZ}{': ' * bool(why)}{why[:300]}"
