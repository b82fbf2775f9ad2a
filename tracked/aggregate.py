"""``per_call="aggregate"``: all calls of one function from one parent are one run, a step for each call.

The run opens at the first call and has its params.  What a call logs or returns stands at the step that is its number,
so that the step axis is the axis of calls; a ``step=`` of its own would mix the steps of all calls, and is left aside.
Artifacts stand in a folder of that number; a tag of a later call takes the place of one of the same name.  The run
has no call key: it is not the record of one call, and is never taken for one.  A call that fails is counted in the
metric ``n_failed_calls``, and what the first failure was stands in the tags; the run goes on and ends as FINISHED,
unless its last call was interrupted.

It ends when its parent does.  Without a parent that could end in this process it ends when what was logged is awaited
(``tracked.sync()``, a search, the end of the process): a later call begins a new one.  A call that is under way then
keeps it open until it returns.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from . import session as sessions
from . import tags as t
from .context import CURRENT, RunRef, guessed, named_run
from .guard import guard
from .outcome import FAILED, KILLED, Outcome
from .parents import CONTEXT
from .plan import AGGREGATE
from .process import after_fork
from .run import Run

_LOCK = threading.RLock()
_OPEN: dict[tuple[Any, ...], Whole] = {}


class Whole:
    """The one run of many calls."""

    def __init__(self, run: Run, key: tuple[Any, ...]) -> None:
        self.run, self._key = run, key
        self.calls = self.failed = self._under_way = 0
        self._last = Outcome()
        self._is_over = False

    def begin(self) -> Run:
        """One more call; the lock is held."""
        self.calls += 1
        self._under_way += 1
        return OneOfMany(self, self.calls - 1)

    def end(self, number: int, outcome: Outcome) -> None:
        """A call has ended so."""
        with _LOCK:
            self._under_way -= 1
            self._last = outcome
            if outcome.status == FAILED:
                self._count_failure(number, outcome)
            if self._is_over:
                self.close()

    def _count_failure(self, number: int, outcome: Outcome) -> None:
        self.failed += 1
        self.run.log({t.N_FAILED_CALLS: self.failed}, number)
        if self.failed == 1:
            self.run.tag(outcome.tags)

    def close(self) -> None:
        """End the run, now or with the last call that is under way."""
        if self.run.pid != os.getpid():
            return  # a forked child leaves: the run is its parent's to end
        with _LOCK:
            self._is_over = True
            if _OPEN.get(self._key) is self:
                del _OPEN[self._key]
            if not self._under_way and self.run.closed is None:
                self.run.log({t.N_CALLS: self.calls, t.N_FAILED_CALLS: self.failed}, self.calls - 1)
                self.run.close(self._last if self._last.status == KILLED else Outcome())


class OneOfMany(Run):
    """The run as one of its calls sees it: whatever is logged stands at the step of this call."""

    def __init__(self, whole: Whole, number: int) -> None:
        run = whole.run
        super().__init__(run.plan, run.ref, run.outer, run.session)
        self.whole, self.call = whole, number
        self.hidden, self.inputs, self.before_close = run.hidden, run.inputs, run.before_close
        self.story = run.story

    @property
    def last(self) -> dict[str, float]:
        """The last value of each metric."""
        return self.whole.run.last

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:  # noqa: ARG002 - see above
        """Log numbers at the step of this call."""
        self.whole.run.log(values, self.call)

    def params(self, values: Mapping[str, Any]) -> None:
        """Log inputs of the first call; those of the others are not kept."""
        if self.call == 0:
            self.whole.run.params(values)

    def artifact(self, content: Path | str | bytes, name: str | None = None, **how: Any) -> None:
        """Keep it in the folder of this call, where no other call's takes its place."""
        own = name if name or isinstance(content, bytes) else Path(content).name
        self.whole.run.artifact(content, f"calls/{self.call}/{own}" if own else None, **how)

    def close(self, outcome: Outcome) -> None:
        """End the call; the run goes on."""
        with guard:
            if self._is_to_end():
                self.closed = outcome
                self.whole.end(self.call, outcome)


def one_of_many(
    what: tuple[Any, ...], parent: Any, open_first: Callable[[], Run], secrets: Iterable[str]
) -> Run:
    """The run of this call: the one that is open for ``what`` under this parent, or the first of a new one.

    Args:
        what: tells calls that go together.
        parent: the run above that was asked for; by default the one around.
        open_first: opens the run.
        secrets: texts of this call that must not be shown.
    """
    above = parent if parent is not None else CURRENT.get() or guessed()
    key = (os.getpid(), *what, _name(above))
    with _LOCK:
        whole = _OPEN.get(key)
        if whole is None:
            run = open_first()
            if run.is_off:
                return run
            whole = _OPEN[key] = Whole(run, key)
            _end_with(above, whole)
            run.tag({t.PER_CALL: AGGREGATE})
        whole.run.hidden.add(secrets)
        return whole.begin()


def _name(above: Any) -> str:
    """What tells this parent from others."""
    named = named_run(above)
    if isinstance(named, RunRef):
        return named.run_id or named.run
    if named is not None:
        return named
    plain = sessions.plain_mlflow_run()
    return plain.run_id if plain else os.environ.get(CONTEXT, "")


def _end_with(above: Any, whole: Whole) -> None:
    if isinstance(above, Run) and not above.was_joined and above.closed is None:
        above.before_close.append(whole.close)
    elif whole.run.session is not None:
        whole.run.session.before_flush.append(whole.close)
        _close_at_exit()


@cache
def _close_at_exit() -> None:
    """The end of the process ends also those whose session is not the current one any more."""
    atexit.register(_close_all)
    if "multiprocessing.util" in sys.modules:
        # A worker process ends without `atexit`.
        sys.modules["multiprocessing.util"].Finalize(None, _close_all, exitpriority=10)


def _close_all() -> None:
    with guard:
        for whole in list(_OPEN.values()):
            whole.close()


@after_fork
def _forked() -> None:
    """The lock may have been held by a thread that the child does not have."""
    global _LOCK  # noqa: PLW0603 - replaced where nobody can hold it
    _LOCK = threading.RLock()
    _close_at_exit.cache_clear()
