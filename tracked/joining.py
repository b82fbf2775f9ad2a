"""Carrying a run to where it was not opened: another thread, another process, another machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from . import session as sessions
from .context import CURRENT, RunRef, current_is
from .guard import guard
from .parents import CONTEXT
from .parents import from_environment as ref_from_environment
from .plan import RunPlan
from .run import Run
from .scope import untracked

__all__ = ["CONTEXT", "carried", "from_environment", "joined", "switched_off"]


def carried() -> RunRef | None:
    """The reference of the run around this code, or of the one in the environment."""
    around = CURRENT.get()
    return around.ref if around is not None else ref_from_environment(os.environ)


def joined(ref: RunRef | None) -> Run | None:
    """An object to log into a run that another process opened; it is never ended here."""
    return None if ref is None else _joined(os.getpid(), ref.run, _Hashable(ref))


@contextmanager
def switched_off() -> Iterator[None]:
    """Nothing is recorded inside this block."""
    with current_is(untracked(RunPlan("untracked"))):
        yield


def from_environment() -> Run | None:
    """The run that ``TRACKED_CONTEXT`` names, if it does."""
    return joined(ref_from_environment(os.environ)) if CONTEXT in os.environ else None


class _Hashable:
    """Lets a cache hold a reference, whose mapping of hashes has no hash, by the run it names."""

    def __init__(self, ref: RunRef) -> None:
        self.ref = ref

    def __hash__(self) -> int:
        return hash(self.ref.run)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashable) and other.ref.run == self.ref.run


@lru_cache(maxsize=256)
def _joined(_pid: int, run: str, held: _Hashable) -> Run:
    # One object a run and process, so that its steps are counted on; the pid parts a forked child from its parent.
    ref = held.ref
    session = None
    with guard:
        session = sessions.for_folder(ref.folder)
    joined = Run(RunPlan(run[:8], ref.stage), ref, None, session)
    joined.was_joined = True
    return joined
