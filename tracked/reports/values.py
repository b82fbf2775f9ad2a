"""What a report tells, as plain values: whoever makes one need not know how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, nan
from typing import Any

from ..drawing import Html

Course = Sequence[tuple[float, float]]
"""Steps and values of a metric, in their order."""


@dataclass(frozen=True)
class Tried:
    """One trial of a search.

    Attributes:
        number: its number in the study.
        state: complete, pruned or failed.
        values: the objectives, in their order; none if it has no value.
        params: its hyperparameters.
        course: how the first objective went.
        is_feasible: whether it keeps all constraints; else it is never the best.
    """

    number: int
    state: str
    values: Sequence[float]
    params: Mapping[str, Any]
    course: Course = ()
    is_feasible: bool = True

    @property
    def value(self) -> float:
        """The first objective of a trial that was complete; NaN of any other."""
        return self.values[0] if self.state == "complete" and self.values else nan


@dataclass(frozen=True)
class Search:
    """What a sweep has tried.

    Attributes:
        objectives: names of what is optimised; the first one decides.
        directions: ``maximize`` or ``minimize``, for each.
        trials: in the order of their numbers.
        best: number of the best trial, if there is one.
        front: numbers of the trials that no other one beats, where there are several objectives.
    """

    objectives: Sequence[str]
    directions: Sequence[str]
    trials: Sequence[Tried]
    best: int | None = None
    front: Sequence[int] = ()

    @property
    def is_maximised(self) -> bool:
        """Whether a larger first objective is a better one."""
        return not self.directions or self.directions[0] != "minimize"

    @property
    def objective(self) -> str:
        """Name of the first objective."""
        return self.objectives[0] if self.objectives else "value"

    @cached_property
    def params(self) -> list[str]:
        """Names of all hyperparameters, in the order in which they came."""
        return list(dict.fromkeys(name for trial in self.trials for name in trial.params))

    def ranked(self) -> list[Tried]:
        """The complete trials, the best first; those that break a constraint behind all others."""
        sign = -1.0 if self.is_maximised else 1.0
        complete = [trial for trial in self.trials if trial.value == trial.value]
        return sorted(complete, key=lambda trial: (not trial.is_feasible, sign * trial.value, trial.number))

    def best_so_far(self) -> list[tuple[float, float]]:
        """Number and value of each trial that was better than all before it."""
        better = float.__gt__ if self.is_maximised else float.__lt__
        best = -inf if self.is_maximised else inf
        found: list[tuple[float, float]] = []
        for trial in self.trials:
            if trial.is_feasible and (
                better(float(trial.value), best) or (not found and trial.value == best)
            ):
                best = float(trial.value)
                found.append((float(trial.number), best))
        return found


@dataclass(frozen=True)
class Node:
    """A run among those that the reported one came from or led to.

    Attributes:
        run: its id.
        name: its name.
        stage: its stage.
        status: how it ended.
        sources: the runs that it stands under or was made from, by id, and what says so.
    """

    run: str
    name: str
    stage: str
    status: str
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """A run as a report tells it.

    Attributes:
        name: the run's name.
        stage: what kind of run it is.
        status: FINISHED, FAILED, KILLED or RUNNING.
        seconds: how long it took; None if that is not known.
        began: when, as a person writes it.
        place: experiment and store, without login.
        url: where the run itself is to be seen; a command where there is no address.
        function: the function that it was a call of.
        why: why it did not finish.
        facts: further things to know, by name.
        metrics: the last value of each.
        curves: how metrics went; only of those with more than one point.
        params: inputs of the run.
        files: names of artifacts.
        search: what it has tried, if it is a sweep.
        pictures: further pictures: of a benchmark, the latencies.
        nodes: the runs that it came from and led to, and itself, sources first.
        run: its id, as in ``nodes``.
    """

    name: str
    stage: str = ""
    status: str = "FINISHED"
    seconds: float | None = None
    began: str = ""
    place: str = ""
    url: str = ""
    function: str = ""
    why: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Course] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[str] = ()
    search: Search | None = None
    pictures: Sequence[Html] = ()
    nodes: Sequence[Node] = ()
    run: str = ""
