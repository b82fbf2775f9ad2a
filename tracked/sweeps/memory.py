"""A random search in memory: what a sweep needs of an engine, in one page and without Optuna."""

from __future__ import annotations

import functools
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
    space: dict[str, Any] = field(default_factory=dict)
    constraints: dict[str, float] = field(default_factory=dict)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number between the bounds, both included; ``log`` draws its logarithm evenly."""
        self.space[name] = {"type": "float", "low": low, "high": high, "step": step, "log": log}
        if step is not None:
            return self._keep(name, low + step * self.draw.randint(0, math.floor((high - low) / step + 1e-9)))
        return self._keep(name, self._between(low, high, log=log))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number between the bounds, both included."""
        self.space[name] = {"type": "int", "low": low, "high": high, "step": step, "log": log}
        if log:
            return self._keep(name, min(high, max(low, round(self._between(low, high, log=True)))))
        return self._keep(name, self.draw.randrange(low, high + 1, step))

    def suggest_categorical(self, name: str, choices: Sequence[Choice]) -> Choice:
        """One of the choices."""
        self.space[name] = {"type": "choice", "values": list(choices)}
        return self._keep(name, self.draw.choice(choices))

    def set_constraint(self, key: str, value: float) -> None:
        """Say how far the trial is from keeping a constraint; above 0 it does not."""
        self.constraints.setdefault(key, float(value))

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
        self._asked, self._limit = 0, math.inf if search.n_trials is None else search.n_trials
        self._queued: list[Mapping[str, Any]] = []
        self._seed = random.Random(search.seed).getrandbits(64)
        self._told: dict[int, Told] = {}

    @property
    def about(self) -> Mapping[str, str]:
        """What searches."""
        return {"engine": "tracked", "sampler": "random", "pruner": "none"}

    def ask(self) -> Suggested | None:
        """The next trial; None once ``n_trials`` were handed out."""
        with self._lock:
            number, point = self._asked, {}
            if number >= self._limit:
                return None
            self._asked += 1
            if self._queued:
                point = dict(self._queued.pop(0))
        return Suggested(number, RandomTrial(number, random.Random(f"{self._seed}-{number}"), point))

    def queue(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Hand out these hyperparameters next, and beyond what is left."""
        with self._lock:
            self._queued += points
            self._limit += len(points)

    def params(self, suggested: Suggested) -> Mapping[str, Any]:
        """The hyperparameters suggested so far in this trial."""
        return dict(suggested.trial.params)

    def is_pruned(self, error: BaseException) -> bool:
        """Whether the trial ended by :class:`Pruned`."""
        return isinstance(error, Pruned)

    def report(self, suggested: Suggested, value: float, step: int) -> None:
        """Accept an intermediate value; a random search learns nothing from it."""

    def tell(self, suggested: Suggested, state: str, values: Sequence[float] | None) -> Told:
        """Report the end of a trial; if it was reported before, that stays."""
        state = self._search.judge(state, values)
        final = tuple(map(float, values)) if state == "complete" and values is not None else ()
        trial: RandomTrial = suggested.trial
        told = Told(
            suggested.number, state, final, self.params(suggested), dict(trial.constraints), dict(trial.space)
        )
        return self._told.setdefault(suggested.number, told)

    def best(self) -> Told | None:
        """The best complete trial by the first objective, the others deciding between equals."""
        return functools.reduce(self._search.better, self._all(), None)

    def pareto(self) -> Sequence[Told]:
        """The Pareto front; with one objective, the best trial and its equals."""
        return self._search.front(self._all())

    def missing(self) -> Sequence[Mapping[str, Any]]:
        """The failed trials first, as far as ``n_trials`` has room for them."""
        failed = [told.params for told in self._all() if told.state == "failed"]
        return self._search.untried(len(self._told) - len(failed), failed)

    def _all(self) -> list[Told]:
        return sorted(self._told.values(), key=lambda told: told.number)
