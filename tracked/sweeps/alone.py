"""One at a time, of all processes that share a storage."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from optuna.exceptions import DuplicatedStudyError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection

from ..patience import pauses
from ..process import is_alive
from .quiet import unannounced

HOLDER = "tracked.holder"
_PATIENCE = 120.0
"""Seconds after which a lock that nobody is seen to let go of is broken; it is held for a few writes."""
_UNNAMED = 10.0
"""Seconds after which one is broken whose holder is not named: it is, by the write that follows."""


@contextmanager
def alone(storage: BaseStorage, study: str, process: Mapping[str, Any]) -> Iterator[None]:
    """A block that no other process is in at once.

    A study of this name is the lock: that two cannot have one name is the one thing all storages of Optuna see to.
    It is there as long as the block lasts; one of a process that died in it is removed by the next.
    """
    lock = _taken(storage, f"{study} (locked)", process)
    try:
        yield
    finally:
        with suppress(KeyError):  # broken, because this took longer than anybody would think
            storage.delete_study(lock)


def _taken(storage: BaseStorage, name: str, process: Mapping[str, Any]) -> int:
    seen: dict[int, float] = {}
    for pause in pauses(0.002, 0.02):
        with suppress(DuplicatedStudyError, KeyError), unannounced():  # taken, or broken before it was named
            lock = storage.create_new_study([StudyDirection.MINIMIZE], name)
            storage.set_study_user_attr(lock, HOLDER, dict(process))
            return lock
        with suppress(KeyError):  # let go meanwhile
            held = storage.get_study_id_from_name(name)
            holder = storage.get_study_user_attrs(held).get(HOLDER)
            since = seen.setdefault(held, time.monotonic())
            patience = _PATIENCE if holder else _UNNAMED
            if (holder and not is_alive(holder)) or time.monotonic() - since > patience:
                # By its number: a lock that somebody else has taken meanwhile has another.
                storage.delete_study(held)
                continue
        time.sleep(pause)
    raise AssertionError
