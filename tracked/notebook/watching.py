"""What is done before and after each cell."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Any, NamedTuple

from .. import announcing
from .. import tags as t
from ..context import CURRENT
from ..guard import guard
from ..outcome import KILLED, Outcome, outcome_of
from ..run import Run
from .live import Card, Live

PATIENCE = 2.0
"""Seconds that a cell waits, at most and while the shipper makes progress, for what it wrote to be delivered.

The kernel lives on: that is for the link in the card, and a shipper that has yet to start is not waited for.
"""
_AGAIN = Outcome(KILLED, {t.END_REASON: "its cell was run again"})


class _Cell(NamedTuple):
    """A cell that is being executed."""

    name: str
    place: tuple[int, int]
    opened: dict[str, Run]
    """What it has opened by now and is still open."""


class Watching:
    """Sees to it that no cell leaves a run open that it would open again."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._cells: list[_Cell] = []
        """Cells may run cells: the innermost is the last."""
        self._left: dict[str, list[tuple[Run, Outcome]]] = {}
        """By cell, the runs that it left open, and how they end if nobody else ends them."""
        self.live = Live(_publish)
        self._is_kernel = hasattr(shell, "kernel")
        shell.events.register("pre_run_cell", self.before)
        shell.events.register("post_run_cell", self.after)
        announcing.show_on(self)

    def stop(self) -> None:
        """Watch no longer."""
        self._shell.events.unregister("pre_run_cell", self.before)
        self._shell.events.unregister("post_run_cell", self.after)
        announcing.show_on(None)

    def begun(self, run: Run) -> bool:
        """A run has begun: note it, and show it where there is a place for that."""
        cell = self._cells[-1] if self._cells else None
        is_of_cell = cell is not None and cell.place == _place()
        if cell is not None and is_of_cell:
            cell.opened[run.ref.run] = run
        return self._is_kernel and self.live.begun(run, is_of_cell=is_of_cell)

    def ended(self, run: Run) -> bool:
        """A run has ended."""
        for cell in self._cells:
            cell.opened.pop(run.ref.run, None)
        return self.live.ended(run)

    def before(self, info: Any) -> None:
        """A cell begins: what it left open when it was run before, and would open again, ends."""
        with guard:
            name = getattr(info, "cell_id", None) or info.raw_cell
            for run, outcome in reversed(self._left.pop(name, [])):
                run.close(outcome)
            _step_out()
            self._cells.append(_Cell(name, _place(), {}))

    def after(self, result: Any) -> None:
        """A cell has ended, whatever it raised: deliver what it wrote, and show how it stands."""
        with guard:
            cell = self._cells.pop() if self._cells else None
            if cell is not None and cell.opened:
                error = result.error_before_exec or result.error_in_exec
                self._left[cell.name] = [(run, _end(run, error)) for run in cell.opened.values()]
            if (card := self.live.turn()) is not None:
                _finish(card)


def _step_out() -> None:
    """Be in no run that has ended: cells are one context, and a block that was never left has set it."""
    while isinstance(run := CURRENT.get(), Run) and run.closed is not None:
        CURRENT.set(run.outer)


def _end(run: Run, error: BaseException | None) -> Outcome:
    return _AGAIN if error is None else outcome_of(error, run.hidden.prose)


def _finish(card: Card) -> None:
    sessions = {id(run.session): run.session for run in card.tops if run.session is not None}
    with suppress(KeyboardInterrupt):  # a person who will not wait: it is delivered all the same
        for session in sessions.values():
            session.flush(min(PATIENCE, session.settings.exit_timeout))
    card.draw()


def _place() -> tuple[int, int]:
    """Thread and task: what the user has running besides belongs to no cell."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.get_ident(), id(task)


def _publish(card: Card) -> Any:
    from IPython.display import display  # noqa: PLC0415 - in a kernel it is there

    handle = display(card, display_id=True)  # type: ignore[no-untyped-call, unused-ignore]
    return (lambda _: None) if handle is None else handle.update
