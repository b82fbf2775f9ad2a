"""Ending and re-opening runs by their MLflow id, from wherever the id is known."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import session as sessions
from . import speech
from . import tags as t
from .context import current_is, open_here
from .errors import TrackedError
from .finding import delivered
from .guard import guard
from .handles import existing_run
from .outcome import FAILED, FINISHED, Outcome, outcome_of
from .parents import HANDED_OVER
from .process import owner
from .run import Run


def terminate_run_safe(
    run_id: str,
    status: str = FINISHED,
    tags: Mapping[str, Any] | None = None,
    check_status: bool = True,  # noqa: FBT001, FBT002 - the former signature
) -> bool:
    """End a run of the store, whoever opened it; what this process logged into it is delivered first.

    Args:
        run_id: MLflow's id.
        status: FINISHED, FAILED or KILLED.
        tags: set in any case, also if the run has ended already.
        check_status: leave a run that has ended in the state it has.

    Returns:
        Whether the run has ended.  If not, the reason is said once; nothing is raised.
    """
    return _ended(run_id, status, tags or {}, only_if_running=check_status) is not None


def ensure_run_terminated(run_id: str, expected_status: str = FINISHED) -> bool:
    """End the run if it is still running.

    Returns:
        Whether it has ended, and as expected; if it has ended otherwise, that is said and left so.
    """
    found = _ended(run_id, expected_status, {}, only_if_running=True)
    if found is not None and found != expected_status.upper():
        speech.warn_once(f"run {run_id} has ended as {found}, not as {expected_status}; it is left so")
    return found == expected_status.upper()


def terminate_run_with_tags(run_id: str, status: str, tags: Mapping[str, Any]) -> bool:
    """End the run if it is still running, and label it in any case.

    Returns:
        Whether it has ended.
    """
    return terminate_run_safe(run_id, status, tags)


def reopen_run(run_id: str) -> None:
    """Make a run that has ended one that is running again; whoever does so ends it.

    Raises:
        RunNotFound: the store has no such run.
        Refused: it is deleted.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.lifecycle import reopen  # noqa: PLC0415 - loads MLflow: only who asks pays

    reopen(delivered().uri, run_id)


@contextmanager
def continued(run_id: str) -> Iterator[Run]:
    """An existing run is open, and the one around this block; it ends as the block does.

    A run that was handed to the process by its environment is not ended: it belongs to who started the process.
    """
    run = existing_run(run_id)
    with guard:
        if _is_handed_over(run_id):
            sessions.current().joined.add(run_id)
        else:
            # Before it runs again: whoever looks for runs left behind must see whose it is now.
            run.tag({**owner(), t.HEARTBEAT: "none"})
        reopen_run(run_id)
    try:
        with current_is(run):
            yield run
    except BaseException as error:
        _end_as(run, run_id, error)
        raise
    _end_as(run, run_id, None)


def _end_as(run: Run, run_id: str, error: BaseException | None) -> None:
    outcome = Outcome() if error is None else Outcome(FAILED)
    with guard:
        outcome = outcome_of(error, run.hidden.prose)
    if not _is_handed_over(run_id):
        _ended(run_id, outcome.status, outcome.tags, only_if_running=False)


def _is_handed_over(run_id: str) -> bool:
    return run_id in map(os.environ.get, HANDED_OVER)


def _ended(run_id: str, status: str, tags: Mapping[str, Any], *, only_if_running: bool) -> str | None:
    """The state in which the run has ended; None if it has not."""
    from .mlflow import lifecycle  # noqa: PLC0415 - as above

    with guard:
        try:
            status = lifecycle.checked_end(status)
            _close_here(run_id, status, tags)
            return lifecycle.end(delivered().uri, run_id, status, only_if_running=only_if_running)
        except TrackedError as error:
            speech.warn_once(f"run {run_id} is not ended as {status}: {error}")
    return None


def _close_here(run_id: str, status: str, tags: Mapping[str, Any]) -> None:
    """Label the run, and close it if it is open in this process: the shipper must not take it for one left open."""
    if tags:
        existing_run(run_id).tag(tags)
    local = sessions.current().ids.local(run_id)
    held = open_here(local) if local else None
    if isinstance(held, Run):
        held.close(Outcome(status))
