"""The best run by a metric, without sorting all of them.

MLflow's ``order_by`` joins and sorts every run, which takes minutes where runs are many.  A database that is opened
directly is asked for the one column.  Any other store is asked for a few runs that beat the best so far, again
and again until none does: in the order of their ids, which says nothing about how good they are, so that each round
leaves but a small part of those that were better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice, repeat
from pathlib import Path
from typing import NamedTuple

from mlflow.entities import Run

from ..errors import ConfigError, RunNotFound
from . import narrow
from .columns import Column, facts_of
from .finder import Place, matching, place_of
from .queries import Asked, Where, all_of, asked

_ROUND = 10
_BY_ID = ("attributes.run_id ASC",)
_BY_START = ("attributes.start_time ASC",)


def find_best(
    uri: str,
    experiment_name: str | Sequence[str],
    filter_string: str = "",
    *,
    maximize: str | None = None,
    minimize: str | None = None,
    where: Where | None = None,
    templates: Path | None = None,
) -> Run:
    """The run whose last value of a metric is the largest, or the smallest.

    NaN never wins; an infinity is the number it is.  Of equals the one that began first wins, and then the one
    with the smaller id, so that the same question has the same answer when more runs come.

    Args:
        uri: a normalised tracking URI.
        experiment_name: as in :func:`.finder.search`, and so are the others.
        filter_string: in MLflow's language.
        where: what has to hold besides.
        templates: as in ``ensure_store``.
        maximize: name of the metric, with or without ``metrics.`` before it.
        minimize: the same; exactly one of the two is given.

    Raises:
        RunNotFound: there is no such experiment, or no run that matches has a number for this metric.
        ConfigError: the filter, ``where`` or the metric is none.
        BackendUnavailable: the store does not answer.
    """
    goal = _goal(maximize, minimize)
    question = asked(where)
    place = place_of(uri, experiment_name, templates)
    filters = question.filters(filter_string)
    first = _ranked(place, filters, goal, 0, 1)
    if first is None:
        found = _climb(place, filter_string, question, goal)
    else:
        found = _first(place, filters, question, goal, first)
    if found is None:
        told = f" for which {filter_string or where!r} holds" if filter_string or where else ""
        raise RunNotFound(f"no run{told} in {place.name} has a number for metric {goal.by.key!r}")
    return found


def best_of(runs: Iterable[Run], metric: str, *, maximize: bool = True) -> Run | None:
    """The best of these runs by the same rules; None if none has a number for this metric."""
    goal = _goal(metric, None) if maximize else _goal(None, metric)
    candidates = [run for run in runs if not math.isnan(goal.value(run))]
    return min(candidates, key=goal.rank, default=None)


class _Goal(NamedTuple):
    by: Column
    sign: int
    """1 if the largest is the best, -1 if the smallest is."""

    def value(self, run: Run) -> float:
        value = self.by.of(facts_of(run))
        return math.nan if value is None else float(value)

    def rank(self, run: Run) -> tuple[float, int, str]:
        """What sorts the best first."""
        return -self.sign * self.value(run), run.info.start_time or 0, run.info.run_id

    def beyond(self, bound: float, *, strictly: bool) -> Asked:
        """The question who is better, or at least as good."""
        operator = (">" if self.sign > 0 else "<") + ("" if strictly else "=")
        return asked({f"metrics.{self.by.key}": (operator, bound)})


def _goal(maximize: str | None, minimize: str | None) -> _Goal:
    given = [name for name in (maximize, minimize) if name is not None]
    if len(given) != 1:
        raise ConfigError(f"exactly one of maximize= and minimize= names a metric, not {given}")
    return _Goal(Column("metrics", given[0].removeprefix("metrics.")), 1 if minimize is None else -1)


def _climb(place: Place, filter_string: str, question: Asked, goal: _Goal) -> Run | None:
    bound, strictly = _glimpse(place, filter_string, question, goal), False
    for size in _sizes():
        wanted = all_of([question, goal.beyond(bound, strictly=strictly)])
        found = _some(place, filter_string, wanted, _BY_ID, size)
        if len(found) < size and not strictly:
            return min(found, key=goal.rank, default=None)
        if not found:
            break
        best = goal.value(min(found, key=goal.rank))
        bound, strictly = best, best == bound
    # A whole page of equals, and none better.
    equals = all_of([question, goal.beyond(bound, strictly=False)])
    return min(_some(place, filter_string, equals, _BY_START, 1), key=goal.rank)


def _glimpse(place: Place, filter_string: str, question: Asked, goal: _Goal) -> float:
    """The best of the very first page: it is cheap, since the store has nothing to compare for it."""
    page = _some(place, filter_string, question._replace(holds=lambda _: True), _BY_ID, _ROUND)
    numbers = [goal.value(run) for run in page if question.holds(facts_of(run))]
    better = max if goal.sign > 0 else min
    return better((n for n in numbers if not math.isnan(n)), default=-goal.sign * math.inf)


def _sizes() -> Iterator[int]:
    """Ten runs a round, for as many rounds as a million runs need; then more, should ids tell how good a run is."""
    yield from repeat(_ROUND, 6)
    yield from (min(_ROUND * 2**i, 1000) for i in count(1))


def _some(place: Place, filter_string: str, question: Asked, order_by: Sequence[str], size: int) -> list[Run]:
    """So many runs at most of each way to ask the question."""
    ways = question.filters(filter_string)
    return [run for one in ways for run in islice(matching(place, one, question, order_by, size=size), size)]


def _first(
    place: Place, filters: Sequence[str], question: Asked, goal: _Goal, first: Sequence[str]
) -> Run | None:
    """The first run, best first, that stands the test: mostly the very first, else some more are read."""
    ids: Sequence[str] | None = first
    start, size = 0, 1
    while ids:
        these = f"attributes.run_id IN ({', '.join(map(repr, ids))})"
        found = {run.info.run_id: run for run in matching(place, these, question, size=size)}
        if found:
            return next(found[run_id] for run_id in ids if run_id in found)
        start, size = start + size, min(size * 10, 1000)
        ids = _ranked(place, filters, goal, start, size)
    return None


def _ranked(place: Place, filters: Sequence[str], goal: _Goal, start: int, size: int) -> list[str] | None:
    return narrow.ranked(place, filters, goal.by.key, slice(start, start + size), largest_first=goal.sign > 0)
