"""The list that stands in the place of MLflow's stack of active runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import partial
from types import CodeType, FrameType
from typing import Any, ClassVar, NamedTuple, SupportsIndex

from .. import speech
from ..context import HasRef, RunRef, around, guessed
from ..ports import RemoteRun
from . import inside

_Key = tuple[str, int]

_OWN: ContextVar[Mapping[_Key, tuple[Any, ...]]] = ContextVar("tracked_guests", default={})  # noqa: B039
"""MLflow's entries by the tracked run that they were opened in.

A context variable, so that two tasks of one tracked run do not nest into each other; by run as well, because
a generator shares its caller's context but not its run; by process, because MLflow forgets after a fork.
"""

_FRUITLESS = 3
"""Calls of ``end_run`` in vain after which ``while mlflow.active_run(): mlflow.end_run()`` has to end."""


class _Lent(str):
    """The experiment of a tracked run, while ``start_run`` reads MLflow's active one; empty, it is any run's."""

    __slots__ = ("before",)
    before: str | None

    def __ne__(self, other: object) -> bool:
        return bool(self) and str.__ne__(self, other)

    __eq__, __hash__ = str.__eq__, str.__hash__


class Places(NamedTuple):
    """Where in MLflow the stack is read, and how our runs are shown there."""

    fluent: Any
    start: CodeType
    end: CodeType
    active: CodeType
    remote: Callable[[RunRef], RemoteRun]
    show: Callable[[RemoteRun], Any]
    adopt: inside.Adopt

    def hidden_from(self, frame: FrameType) -> bool:
        """``end_run`` must not end our run, nor a plain ``start_run`` complain about it."""
        code = frame.f_code
        return code is self.end or (code is self.start and not frame.f_locals.get("nested"))

    def lend_experiment(self, frame: FrameType, run: HasRef) -> None:
        """Let the ``start_run`` of this frame find our run's experiment active, unless it was given one.

        MLflow has one active experiment for the process.  It is lent for the few instructions until MLflow asks
        for context tags or has the run, and remembers what it was, so that two threads cannot lose it.  A run that
        goes on under its id is in an experiment already, and MLflow would refuse it where another one is active.
        """
        if frame.f_locals.get("experiment_id") is not None:
            return
        now = self.fluent._active_experiment_id  # noqa: SLF001 - the only place where MLflow reads it
        lent = _Lent("" if frame.f_locals.get("run_id") else self.remote(run.ref).experiment_id)
        lent.before = now.before if isinstance(now, _Lent) else now
        self.fluent._active_experiment_id = lent  # noqa: SLF001

    def take_back_experiment(self) -> None:
        """Undo :meth:`lend_experiment`; harmless when nothing is lent."""
        now = self.fluent._active_experiment_id  # noqa: SLF001
        if isinstance(now, _Lent):
            self.fluent._active_experiment_id = now.before  # noqa: SLF001


class Stack(list[Any]):
    """Inside a tracked run: that run, and above it what MLflow opened inside it.  Outside: a plain list.

    A run that begins in a thread without context becomes a child of the run that the thread can only be part of:
    MLflow would leave it an orphan.  Numbers are not guessed, so that run is not shown as active there.
    """

    places: ClassVar[Places]
    in_vain = 0

    def __len__(self) -> int:
        run, frame = _innermost(), sys._getframe(1)  # noqa: SLF001 - who asks decides what is shown
        if run is None:
            return self._count_outside(frame)
        own = len(own_entries(run.ref.run))
        self.in_vain += frame.f_code is self.places.end and not own
        if frame.f_code is self.places.start and not (own and self.places.hidden_from(frame)):
            self.places.lend_experiment(frame, run)
        return own if self.places.hidden_from(frame) or self._gives_up(frame.f_code, own) else own + 1

    def _count_outside(self, frame: FrameType) -> int:
        self.places.take_back_experiment()
        own = super().__len__()
        if not own and frame.f_code is self.places.start and (guess := guessed()) is not None:
            self.places.lend_experiment(frame, guess)
        return own

    def _gives_up(self, code: CodeType, own: int) -> bool:
        """Whether to say "no active run" once, to a loop that waits for it."""
        if code is not self.places.active:
            self.in_vain = 0
        elif self.in_vain >= _FRUITLESS and not own:
            self.in_vain = 0
            return True
        return False

    def __bool__(self) -> bool:
        return len(self) > 0

    def __getitem__(self, index: Any) -> Any:
        run, frame = _innermost(), sys._getframe(1)  # noqa: SLF001
        if run is None:
            return super().__getitem__(index)
        own = own_entries(run.ref.run)
        if own and self.places.hidden_from(frame):
            return own[index]
        return own[index] if own and index == -1 else [self._shell(run), *own][index]

    def __iter__(self) -> Iterator[Any]:
        run = _innermost()
        return super().__iter__() if run is None else iter([self._shell(run), *own_entries(run.ref.run)])

    def append(self, entry: Any, /) -> None:
        """Open a run of MLflow's inside the tracked one; that one itself, resumed by its id, is open already."""
        self.places.take_back_experiment()
        run = _innermost()
        if run is None:
            super().append(entry)
            self._adopt_stray(entry, sys._getframe(1))  # noqa: SLF001
        elif entry.info.run_id != self.places.remote(run.ref).run_id:
            _set_own(run, (*own_entries(run.ref.run), entry))
            inside.has_begun(run, entry, self.places.adopt, lambda: None)

    def _adopt_stray(self, entry: Any, frame: FrameType) -> None:
        """A run that only a log call opened has nobody to end it; one that was asked for is its opener's to end."""
        guess, asker = guessed(), frame.f_back
        if guess is None:
            return
        speech.warn_once(
            "MLflow opened a run in a thread that does not know which run it belongs to; it is kept as a child of "
            f"{getattr(guess, 'name', guess.ref.run[:8])}: track.bind(function) makes the thread a part of the run",
            about="a stray",
        )
        by_log_call = asker is not None and asker.f_code.co_name == "_get_or_start_run"
        forget = partial(self.remove, entry) if by_log_call else None
        inside.has_begun(guess, entry, self.places.adopt, forget)

    def pop(self, index: SupportsIndex = -1, /) -> Any:
        """Take off a run of MLflow's; never one of ours."""
        run, frame = _innermost(), sys._getframe(1)  # noqa: SLF001
        if run is None:
            entry = super().pop(index)
        else:
            own = list(own_entries(run.ref.run))
            entry = own.pop(index)
            _set_own(run, tuple(own))
        if frame.f_code is self.places.end:
            inside.has_ended(entry.info.run_id, str(frame.f_locals.get("status", "FINISHED")))
        return entry

    def _shell(self, run: HasRef) -> Any:
        return self.places.show(self.places.remote(run.ref))


def own_entries(run: str) -> tuple[Any, ...]:
    """MLflow's entries in the tracked run with this local id, as this thread or task sees them."""
    return _OWN.get().get((run, os.getpid()), ())


def _set_own(run: HasRef, entries: tuple[Any, ...]) -> None:
    key = (run.ref.run, os.getpid())
    others = {k: v for k, v in _OWN.get().items() if k != key}
    _OWN.set({**others, key: entries} if entries else others)


def _innermost() -> HasRef | None:
    runs = around()
    return runs[-1] if runs else None
