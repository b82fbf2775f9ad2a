"""Runs that all ranks of a distributed job share: rank 0 opens and ends them, the others log numbers into them.

Nobody is asked for the id of such a run, and nobody waits: each rank finds it by itself, from the launch it is part of
and from the place of the run among those that it has opened.  So the ranks may come in any order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from . import launches, ranks, speech
from . import tags as t
from .context import CURRENT, RunRef
from .guard import each_once, guard
from .outcome import Outcome
from .plan import RunPlan
from .records import Steps
from .run import Run

if TYPE_CHECKING:
    from .session.building import Session

METRICS = "metrics"
"""The value of the setting ``ranks`` that asks for this."""
_TOP: dict[str, count[int]] = {}
_COUNTED: WeakKeyDictionary[Run, dict[str, count[int]]] = WeakKeyDictionary()
Heard = Callable[[Mapping[str, float], Steps], None]


def new_id(plan: RunPlan, session: Session) -> str:
    """Local id of a run that opens here and now: one that other ranks find too where they are to, else a new one."""
    if (
        session.settings.ranks == METRICS
        and ranks.own_rank() is not None
        and (launch := launches.own_launch())
    ):
        return _common_id(plan, launch)
    return os.urandom(16).hex()


def beside(plan: RunPlan, session: Session) -> Run | None:
    """What stands for rank 0's run in another rank that logs numbers into it; None where runs are opened as usual."""
    rank = ranks.own_rank() if session.settings.ranks == METRICS else None
    if not rank:
        return None
    launch = launches.own_launch()
    if launch is None:
        _say_what_is_missing()
    ref = RunRef(
        _common_id(plan, launch) if launch else os.urandom(16).hex(),
        str(session.folder.path),
        session.experiment,
        plan.stage,
    )
    return RankRun(plan, ref, CURRENT.get(), session if launch else None, f"rank/{rank}/")


def _common_id(plan: RunPlan, launch: str) -> str:
    """The same in all ranks for the n-th run of this function, or of this name, in the run around."""
    # The name of a call ends in digits of its key, and the arguments of a rank may be its own.
    name = plan.tags.get(t.FUNCTION) or plan.name
    outer = CURRENT.get()
    counted = _COUNTED.setdefault(outer, {}) if isinstance(outer, Run) else _TOP
    # Without a lock, which a forked child could find held for ever.
    number = next(counted.setdefault(name, count(1)))
    above = outer.ref.run if outer is not None else ""
    return sha256("\0".join((launch, above, name, str(number))).encode(errors="replace")).hexdigest()[:32]


def _say_what_is_missing() -> None:
    speech.warn_once(
        "ranks=metrics: nothing here tells this launch of the job from others, so the numbers of this rank are not "
        "recorded; give all its processes TRACKED_JOB, a text of its own for each launch",
        about="a job without a name",
    )


class RankRun(Run):
    """Rank 0's run as another rank sees it: numbers go into it under a prefix, all else is rank 0's to tell."""

    def __init__(self, plan: RunPlan, ref: RunRef, outer: Any, session: Session | None, prefix: str) -> None:
        super().__init__(plan, ref, outer, session)
        self.prefix = prefix
        self.was_joined = True
        self.is_root = False

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Log numbers under this rank's prefix."""
        with guard:
            super().log({f"{self.prefix}{key}": value for key, value in values.items()}, step)

    @property
    def last(self) -> dict[str, float]:
        """The last value of each metric of this rank, by the name that it was logged under."""
        return self._plain(super().last)

    @property
    def heard_by(self) -> Heard | None:
        """Who is told what is logged; by the names that it was logged under."""
        return self._heard_by

    @heard_by.setter
    def heard_by(self, hear: Heard | None) -> None:
        self._heard_by = hear and self._told_plainly(hear)

    def _told_plainly(self, hear: Heard) -> Heard:
        def told(numbers: Mapping[str, float], steps: Steps) -> None:
            hear(self._plain(numbers), steps if isinstance(steps, int) else self._plain(steps))

        return told

    def _plain(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {key.removeprefix(self.prefix): value for key, value in values.items()}

    def _stow(self, content: Any, name: str | None, **which: Any) -> None:
        """Files are rank 0's to keep."""

    def _write(self, record: Any) -> None:
        """Params and tags are rank 0's to tell."""

    def close(self, outcome: Outcome) -> None:
        """Leave it; rank 0 ends it."""
        with guard:
            if self.session is not None and self._is_to_end():
                self.closed = outcome
                each_once(self.before_close)
                self.session.serve()
