"""How far a sweep is: one line in a terminal, drawn anew; elsewhere a line now and then."""

from __future__ import annotations

import threading
from collections import Counter

from .. import announcing, speech
from ..pace import Pace, progress
from ..ports import Told
from ..run import Run
from ..spans import took
from ..sweeps import Search


class Progress:
    """Told of each trial of this process as it begins and ends, by whichever thread tries it."""

    def __init__(self, run: Run, search: Search) -> None:
        self._run, self._search = run, search
        self._is_told = announcing.is_told_of(run)
        self._pace = Pace(search.n_trials)
        self._begun = 0
        self._states: Counter[str] = Counter()
        self._best: Told | None = None
        self._lock = threading.Lock()

    def begun(self) -> None:
        """One more trial has begun."""
        with self._lock:
            self._begun += 1
        self._tell()

    def ended(self, told: Told) -> None:
        """A trial has ended."""
        with self._lock:
            self._states[told.state] += 1
            self._best = self._search.better(self._best, told)
        self._tell()

    def close(self) -> None:
        """The sweep has ended: what it came to is told by its run."""
        if self._is_told:
            speech.show("")

    def _tell(self) -> None:
        if not self._is_told:
            return
        if speech.is_terminal():
            if self._pace.is_drawn():
                speech.show(self._line())
        elif self._pace.is_told(self._states.total()):
            speech.say(self._line())

    def _line(self) -> str:
        done = self._states.total()
        counts = {
            "running": self._begun - done,
            "failed": self._states["failed"],
            "pruned": self._states["pruned"],
        }
        told = [
            f"{progress(done, self._pace)} trials",
            *(f"{n} {state}" for state, n in counts.items() if n > 0),
        ]
        if self._best is not None:
            told.append(
                f"best {self._search.objectives[0]}={self._best.values[0]:.4g} in trial {self._best.number}"
            )
        if (left := self._pace.left(done)) is not None:
            told.append(f"{took(left)} left")
        return f"{self._run.name}: {', '.join(told)}"
