"""Runs whose process is gone: found in the store and ended there; never one that may live, never somebody else's."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .. import outcome, process
from .. import tags as t
from ..errors import Refused
from ..journal.folder import Folder
from ..ports import Backend, OpenRun

HEARTBEAT = 60.0
"""Seconds between two heartbeats of a run; each names the time by which the next is due."""
LEASE = 5 * HEARTBEAT
"""Seconds after that time for which a run whose process cannot be seen from here still counts as alive.

Two clocks are compared, its shipper's and ours: they may differ by less than this.
"""
_RUNNING = ("RUNNING", "SCHEDULED")


class Stale(NamedTuple):
    """A run that the store has as running, and that nobody runs any more."""

    run_id: str
    name: str
    time: int
    """The last sign of life, ms since the epoch."""
    reason: str


def next_beat() -> dict[str, str]:
    """The heartbeat of this moment, as a tag."""
    return {t.HEARTBEAT: str(int((time.time() + 2 * HEARTBEAT) * 1000))}


def find_stale(backend: Backend, experiment_id: str | None, folder: Folder) -> Iterator[Stale]:
    """The stale runs of an experiment, or of all of them.

    A run that a journal beside ``folder`` tells of is left to whoever delivers that journal.

    Raises:
        BackendUnavailable: the store does not answer.
    """
    for run in backend.running(experiment_id):
        reason = why_dead(run.tags)
        if reason and not _is_kept(folder.path.parent, run):
            yield Stale(run.run_id, run.tags.get(t.MLFLOW_NAME, ""), _last_sign(run), reason)


def end_dead(backend: Backend, run_id: str, time: int, reason: str) -> bool:
    """End a run whose process is gone, unless somebody else has ended it; tell whether that was done.

    Raises:
        Refused: there is no such run, or it is deleted.
        BackendUnavailable: the store does not answer.
    """
    if backend.status(run_id) not in _RUNNING:
        return False
    backend.log(run_id, (), {}, {t.END_REASON: reason})
    backend.close(run_id, outcome.KILLED, time)
    return True


def end_stale(backend: Backend, experiment_id: str | None, folder: Folder) -> None:
    """End what was left behind in an experiment, as :func:`find_stale` finds it.

    Raises:
        BackendUnavailable: the store does not answer.
    """
    for stale in find_stale(backend, experiment_id, folder):
        with suppress(Refused):  # deleted in this moment
            end_dead(backend, stale.run_id, stale.time, stale.reason)


def why_dead(tags: Mapping[str, str]) -> str:
    """Why a run with these tags is stale; empty if it is not, or cannot be known to be."""
    host = tags.get(t.HOST, "")
    owner = process.from_text(tags.get(t.PROCESS, ""), host)
    if process.is_here(owner):
        return "" if process.is_alive(owner) else f"its process, {owner['pid']} on {host}, is gone"
    due = _number(tags.get(t.HEARTBEAT))
    if due is None or time.time() * 1000 <= due + LEASE * 1000:
        return ""
    return f"taken for dead: a sign of life was due {LEASE:.0f} s ago and more, from {host or 'its process'}"


def _last_sign(run: OpenRun) -> int:
    due = _number(run.tags.get(t.HEARTBEAT))
    return max(run.time, 0 if due is None else due - int(2 * HEARTBEAT * 1000))


def _number(text: str | None) -> int | None:
    with suppress(TypeError, ValueError):
        return int(text or "")
    return None


def _is_kept(stores: Path, run: OpenRun) -> bool:
    """Whether a journal here tells of the run, by our id or by the store's."""
    names = [run.run_id.encode(), run.tags[t.LOCAL_ID].encode()]
    return any(_holds(journal, names) for journal in stores.glob("*/*.journal"))


def _holds(journal: Path, names: list[bytes]) -> bool:
    try:
        with journal.open("rb") as file:
            return any(name in line for line in file for name in names)
    except FileNotFoundError:
        return False  # delivered and removed in this moment
