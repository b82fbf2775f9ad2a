"""How much a hyperparameter has to do with the objective, by a measure that needs no model and no library.

The complete trials are ranked by the objective, and cut by the parameter into groups: a choice is a group of its own, a
number is cut into at most six stretches of as many trials each.  What is told is the part of the variance of the ranks
that lies between the groups, less what chance alone would give (epsilon squared, after Kelley): 0 is nothing, 1 is all.

Each parameter is looked at alone, so that what two do only together does not show.  A search that kept near its best
has seen little of the rest: there the measure is low for what no longer varied.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from operator import mul
from typing import Any, NamedTuple

from .values import Search

FEWEST = 8
"""Complete trials without which nothing is told."""
_GROUPS, _IN_A_GROUP = 6, 4
_NUMBERS = frozenset({int, float})
ABOUT = (
    "Part of the variance of the objective's ranks that lies between groups of trials with like values of the "
    "parameter, less what chance alone gives (epsilon squared; 0 nothing, 1 all). Each parameter is looked at alone. "
    "The arrow says which way larger numbers go with the objective's value, where rank correlation is 0.3 or more."
)


class Importance(NamedTuple):
    """What one parameter has to do with the first objective."""

    name: str
    explained: float
    """From 0 to 1."""
    correlation: float | None
    """Rank correlation with the objective's value, from -1 to 1; None for what is no number."""


def importance(search: Search) -> list[Importance]:
    """All parameters that took more than one value, the most important first; none where trials are too few."""
    trials = [trial for trial in search.trials if trial.value == trial.value]
    values = [trial.value for trial in trials]
    ranks = ranked(values)
    found = []
    for name in search.params:
        having = [index for index, trial in enumerate(trials) if name in trial.params]
        # Most parameters are those of every trial, whose ranks are known.
        of_these = ranks if len(having) == len(trials) else ranked([values[index] for index in having])
        one = _of(name, [trials[index].params[name] for index in having], of_these)
        if one is not None:
            found.append(one)
    return sorted(found, key=lambda one: (-one.explained, one.name))


def _of(name: str, chosen: Sequence[Any], ranks: Sequence[float]) -> Importance | None:
    are_all_numbers = are_numbers(chosen)
    if len(ranks) < FEWEST or len(set(chosen if are_all_numbers else map(str, chosen))) < 2:
        return None
    if not are_all_numbers:
        return Importance(name, _explained(list(map(str, chosen)), ranks), None)
    places = ranked(chosen)
    return Importance(name, _explained(_cut(places), ranks), _correlation(places, ranks))


def are_numbers(values: Sequence[Any]) -> bool:
    """Whether all are finite numbers, of which True is none."""
    try:
        return _NUMBERS.issuperset(map(type, values)) and all(map(isfinite, values))
    except OverflowError:  # a whole number that no float can hold
        return False


def ranked(values: Sequence[float]) -> list[float]:
    """The place of each value among all, from 0 on; equal ones share the middle of their places."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    begin = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or values[order[end]] != values[order[begin]]:
            for index in order[begin:end]:
                ranks[index] = (begin + end - 1) / 2
            begin = end
    return ranks


def _cut(places: Sequence[float]) -> list[int]:
    """Stretches of as many trials each; equal values are never parted."""
    groups = max(2, min(_GROUPS, len(places) // _IN_A_GROUP))
    return [int(place * groups / len(places)) for place in places]


def _explained(groups: Sequence[Any], ranks: Sequence[float]) -> float:
    members: dict[Any, list[float]] = {}
    for group, rank in zip(groups, ranks, strict=True):
        members.setdefault(group, []).append(rank)
    total, free = _squares(ranks), len(ranks) - len(members)
    if total <= 0 or free <= 0:
        return 0.0
    within = sum(map(_squares, members.values()))
    return max(0.0, 1 - within / free * (len(ranks) - 1) / total)


def _squares(ranks: Sequence[float]) -> float:
    """The sum of the squares of how far each is from their mean; exact enough, since ranks are small numbers."""
    return float(sum(map(mul, ranks, ranks)) - sum(ranks) ** 2 / len(ranks))


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    both = sum(map(mul, one, other)) - sum(one) * sum(other) / len(one)
    spread = _squares(one) * _squares(other)
    return max(-1.0, min(1.0, float(both / spread**0.5))) if spread > 0 else 0.0
