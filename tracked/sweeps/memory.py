"""A random search in memory: what a sweep needs of an engine, in one page and without Optuna."""

from __future__ import annotations

import itertools
import math
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..ports import Suggested, Told
from .search import Search

Choice = TypeVar("Choice")


class Pruned(Exception):
    """Raised by a trial's function to stop a hopeless trial."""


@dataclass
class RandomTrial:
    """One point, drawn as its parts are asked for, with the names that Optuna gives to the questions."""

    number: int
    draw: random.Random = field(repr=False)
    params: dict[str, Any] = field(default_factory=dict)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number between the bounds, both included; ``log`` draws its logarithm evenly."""
        if step is not None:
            return self._keep(name, low + step * self.draw.randint(0, math.floor((high - low) / step + 1e-9)))
        return self._keep(name, self._between(low, high, log=log))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number between the bounds, both included."""
        if log:
            return self._keep(name, min(high, max(low, round(self._between(low, high, log=True)))))
        return self._keep(name, self.draw.randrange(low, high + 1, step))

    def suggest_categorical(self, name: str, choices: Sequence[Choice]) -> Choice:
        """One of the choices."""
        return self._keep(name, self.draw.choice(choices))

    def report(self, value: float, step: int) -> None:
        """Accept an intermediate value; a random search learns nothing from it."""

    def should_prune(self) -> bool:
        """Never: whoever wants to prune raises :class:`Pruned`."""
        return False

    def _between(self, low: float, high: float, *, log: bool) -> float:
        if not log:
            return self.draw.uniform(low, high)
        drawn = math.exp(self.draw.uniform(math.log(low), math.log(high)))
        return min(high, max(low, drawn))

    def _keep(self, name: str, drawn: Choice) -> Choice:
        """A name that is asked for twice gets the same answer twice."""
        kept: Choice = self.params.setdefault(name, drawn)
        return kept


class RandomEngine:
    """A ``SweepEngine`` that draws every trial by itself; trial *n* of a seed is the same in any thread."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._lock = threading.Lock()
        self._numbers = itertools.count() if search.n_trials is None else iter(range(search.n_trials))
        self._seed = random.Random(search.seed).getrandbits(64)
        self._told: dict[int, Told] = {}

    def ask(self) -> Suggested | None:
        """The next trial; None once ``n_trials`` were handed out."""
        with self._lock:
            number = next(self._numbers, None)
        if number is None:
            return None
        return Suggested(number, RandomTrial(number, random.Random(f"{self._seed}-{number}")))

    def params(self, suggested: Suggested) -> Mapping[str, Any]:
        """The hyperparameters suggested so far in this trial."""
        return dict(suggested.trial.params)

    def is_pruned(self, error: BaseException) -> bool:
        """Whether the trial ended by :class:`Pruned`."""
        return isinstance(error, Pruned)

    def tell(self, suggested: Suggested, state: str, values: Sequence[float] | None) -> Told:
        """Report the end of a trial; if it was reported before, that stays."""
        state = self._search.judge(state, values)
        final = tuple(map(float, values)) if state == "complete" and values is not None else ()
        return self._told.setdefault(
            suggested.number, Told(suggested.number, state, final, self.params(suggested))
        )

    def best(self) -> Told | None:
        """The best complete trial by the first objective, the others deciding between equals."""
        complete = [told for told in tuple(self._told.values()) if told.state == "complete"]
        return max(complete, key=self._rank, default=None)

    def _rank(self, told: Told) -> tuple[float, ...]:
        """Higher is better, in every direction."""
        return tuple(
            value if direction == "maximize" else -value
            for value, direction in zip(told.values, self._search.directions, strict=True)
        )
