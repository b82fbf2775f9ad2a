"""The card of a cell: what runs in it, kept up to date by the user's own calls, a few times a second at most."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

from .. import speech
from ..announcing import where
from ..cards import of_many, of_run, status_of
from ..curves import Curves
from ..drawing import card, spark_text
from ..guard import guard
from ..records import Steps
from ..run import Run

PAUSE = 0.4
"""Seconds between two pictures of one card, at least."""
_TOPS, _PARTS = 20, 8
"""Runs of a cell, and runs inside those, that a card has at most: the last ones."""
Heard = Callable[[Mapping[str, float], Steps], None]
Publish = Callable[[Any], Callable[[Any], object]]
"""Shows something that has a representation, and gives what shows it anew in the same place."""


class Card:
    """What one execution of a cell shows of its runs."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._update: Callable[[Any], object] | None = None
        self.tops: deque[Run] = deque(maxlen=_TOPS)
        self.parts: deque[Run] = deque(maxlen=_PARTS)
        self._of_tops: Counter[str] = Counter()
        self._of_parts: Counter[str] = Counter()
        self._shown = -PAUSE
        self._lock = threading.Lock()

    def begins(self, run: Run, *, is_top: bool) -> None:
        """A run of the cell has begun; ``is_top`` says that it is in no other one of the cell."""
        (self.tops if is_top else self.parts).append(run)
        (self._of_tops if is_top else self._of_parts)["RUNNING"] += 1
        self.show()

    def ends(self, run: Run, *, is_top: bool) -> None:
        """One of them has ended."""
        (self._of_tops if is_top else self._of_parts).update({"RUNNING": -1, status_of(run): 1})
        self.show()

    def show(self) -> None:
        """Draw it, unless that was done a moment ago."""
        if time.monotonic() - self._shown < PAUSE:
            return
        # Another thread is drawing: that is soon enough.
        if self._lock.acquire(blocking=False):
            try:
                self.draw()
            finally:
                self._lock.release()

    def draw(self) -> None:
        """Draw it as it is now."""
        if self._update is None:
            self._update = self._publish(self)
        else:
            self._update(self)
        self._shown = time.monotonic()

    def _repr_html_(self) -> str:
        inside = [of_many(list(self.parts), self._of_parts, "inside: ")] if self.parts else []
        if len(self.tops) == 1:
            return of_run(self.tops[0], *inside, is_open=not inside)
        return card(of_many(list(self.tops), self._of_tops), *inside)

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {name.lower()}" for name, number in self._of_parts.items() if number)
        lines = [f"{run!r}{_course(run)} {where(run)}".rstrip() for run in self.tops]
        return "\n".join([*lines, *([f"inside: {counts}"] if counts else [])])


def _course(run: Run) -> str:
    """The course of the metric that counts, or else of the first one."""
    key = run.plan.monitor or next(iter(run.last), "")
    course = spark_text(run.curves.of(key)) if run.curves else ""
    return f" {key} {course}" if course else ""


class _Ear:
    """Hears what is logged in one run, and lets those hear that heard it before."""

    def __init__(self, run: Run, card: Card) -> None:
        self.curves, self.card = run.curves or Curves(), card
        run.curves = self.curves
        outer = run.heard_by
        # An inner run has got the ear of the outer one, which is not to hear what is logged inside.
        self.then: Heard | None = outer.then if isinstance(outer, _Ear) else outer

    def __call__(self, numbers: Mapping[str, float], steps: Steps) -> None:
        with guard:
            self.curves.add(numbers)
            self.card.show()
        if self.then is not None:
            self.then(numbers, steps)


class Live:
    """The display of a kernel."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._pid = os.getpid()
        self._cards: dict[str, tuple[Card, bool]] = {}
        """By the local id of each run that is open: its card, and whether it is at the top of that."""
        self._here: Card | None = None
        self.last: Run | None = None
        """The last run that began at the root."""

    def begun(self, run: Run, *, is_of_cell: bool) -> bool:
        """Show a run in the card of its cell, or of the run around it where it is none that this cell has begun."""
        if os.getpid() != self._pid or not speech.is_normal():
            return False
        if run.is_root:
            self.last = run
        around, _ = self._cards.get(run.outer.ref.run, (None, False)) if run.outer else (None, False)
        is_top = around is None or (is_of_cell and around is not self._here)
        if is_top:
            self._here = self._here or Card(self._publish)
        card = self._here if is_top else around
        if card is None:
            return False
        self._cards[run.ref.run] = card, is_top
        run.heard_by = _Ear(run, card)
        card.begins(run, is_top=is_top)
        return True

    def ended(self, run: Run) -> bool:
        """Show how it ended."""
        card, is_top = self._cards.pop(run.ref.run, (None, False))
        if card is not None:
            card.ends(run, is_top=is_top)
        return card is not None

    def turn(self) -> Card | None:
        """A cell is over: what comes has a card of its own.  Gives the card of that cell, if it has one."""
        card, self._here = self._here, None
        return card
