"""Carrying a run to where it was not opened: another thread, another process, another machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from time import time_ns
from typing import Any, overload

from . import session as sessions
from .context import CURRENT, RunRef, current_is, open_here
from .errors import ConfigError
from .guard import guard
from .parents import CONTEXT, usable
from .parents import from_environment as ref_from_environment
from .plan import RunPlan
from .records import Opened
from .run import Run
from .scope import is_told_by_rank_zero, untracked


def carried() -> RunRef | None:
    """The reference of the run around this code, or of the one in the environment."""
    around = CURRENT.get()
    return around.ref if around is not None else ref_from_environment(os.environ)


def packed() -> str | None:
    """The run around as a text that means something on other machines too; None where nothing is tracked."""
    ref = carried()
    if ref is None or not (ref.folder or ref.run_id):
        return None
    with guard:
        session = sessions.for_folder(ref.folder)
        made = session.ids.get(ref.run)
        ref = replace(ref, store=session.shown_uri, remote=made.run_id if made else None)
    return json.dumps(ref.to_dict())


def unpacked(carrier: Mapping[str, Any]) -> RunRef | None:
    """The run that a carrier brings; None if it brings none.

    Raises:
        ConfigError: it is no mapping, what it brings is damaged, or the run cannot be reached from here.
    """
    if not isinstance(carrier, Mapping):
        raise ConfigError(
            f"a carrier is a mapping, such as the headers of a message, not {type(carrier).__name__}"
        )
    # On its way, a header may change its case, and its underscore for a hyphen.
    found = (value for key, value in carrier.items() if str(key).upper().replace("-", "_") == CONTEXT)
    text = next(found, None)
    return usable(RunRef.from_json(text)) if text else None


@overload
def joined(ref: RunRef) -> Run: ...
@overload
def joined(ref: None) -> None: ...
def joined(ref: RunRef | None) -> Run | None:
    """An object to log into a run that another process opened; it is never ended here.

    A run that is open in this very process is itself.
    """
    if ref is None:
        return None
    here = open_here(ref.run)
    if isinstance(here, Run) and here.pid == os.getpid():
        return here
    return _joined(os.getpid(), ref.run, _Hashable(ref))


@contextmanager
def switched_off() -> Iterator[None]:
    """Nothing is recorded inside this block."""
    with current_is(untracked(RunPlan("untracked"))):
        yield


def from_environment() -> Run | None:
    """The run that ``TRACKED_CONTEXT`` names, if it does; all ranks of a job have it, and one logs into it."""
    if CONTEXT not in os.environ or is_told_by_rank_zero():
        return None
    return joined(ref_from_environment(os.environ))


@lru_cache(maxsize=256)
def attached(_pid: int, folder: str, run_id: str) -> RunRef:
    """The reference, in this journal folder, of the run with this MLflow id.

    Raises:
        ConfigError, OSError: the folder cannot be written to.
    """
    # Once a run and process: the shipper learns from this record which run the later ones are for.
    session = sessions.for_folder(folder)
    ref = RunRef(os.urandom(16).hex(), folder, session.experiment)
    name = f"run {run_id}, which was not there"
    session.write(Opened(ref.run, time_ns() // 1_000_000, name, ref.experiment, attach=run_id))
    session.serve()
    return ref


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
        if ref.run_id:
            there = attached(os.getpid(), ref.folder or str(sessions.current().folder.path), ref.run_id)
            ref = replace(ref, run=there.run, folder=there.folder, run_id=None)
        if ref.folder:  # else it was switched off where it comes from
            session = sessions.for_folder(ref.folder)
    joined = Run(RunPlan(run[:8], ref.stage), ref, None, session)
    joined.was_joined = True
    return joined
