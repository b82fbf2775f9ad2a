"""Questions about runs as plain data, put to any store in the little that all stores understand.

    {"stage": "hpo", "metrics.f1": (">", 0.8)}              both
    [{"stage": "hpo"}, {"params.lr": ["0.1", "1e-3"]}]      a list: any of these
    {"metrics.f1": ((">", 0.5), ("<", 0.9))}                a tuple of conditions: all of these
    {"backbone": ("not", "bert"), "note": None}             not this; not there at all

MLflow's filters know AND only, no escape for a quote, and each store has quirks of its own.  So a question becomes
filters of safe text whose runs hold at least all that match, and a test of each run that comes: the filters
only spare the store work, and the test decides.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import product
from operator import eq, ge, gt, le, lt, ne
from typing import Any, NamedTuple, TypeAlias

from ..errors import ConfigError
from ..nearest import did_you_mean
from .columns import EVERY_RUN, Column, Facts, Ways, column

Where: TypeAlias = "Mapping[str, Any] | list[Where] | tuple[Where, ...]"
"""A mapping of keys to conditions, all of which hold; in a list, any of such; in a tuple, all of such."""

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": eq,
    "==": eq,
    "!=": ne,
    ">": gt,
    ">=": ge,
    "<": lt,
    "<=": le,
}
_OPERATORS = (*_COMPARISONS, "in", "not in", "like", "ilike", "not")

_MOST_WAYS = 20
"""Filters for one question; what would need more is asked more widely."""


class Asked(NamedTuple):
    """A question that a store can be asked."""

    ways: Ways
    """Their runs together hold every run that matches."""
    holds: Callable[[Facts], bool]

    def filters(self, also: str = "") -> list[str]:
        """The ways as filters in MLflow's language, each with the filter ``also``."""
        return [" AND ".join(filter(None, (also.strip(), *way))) for way in self.ways]


def asked(where: Where | None) -> Asked:
    """The question that this data asks.

    Args:
        where: keys such as ``metrics.f1``, ``params.lr``, ``tags.stage``, ``attributes.status``, where a bare key is
            MLflow's attribute of that name, else a tag.  A condition is a value (equal, as text), None (not there), a
            list (any of them), a pair of an operator and what it takes, or a tuple of such pairs (all of them).
            Operators: ``= != < <= > >=``, ``in``, ``not in``, ``like``, ``ilike``, ``not``.  As in MLflow, only a run
            that has the key answers to them, but for ``not``, which is all that the condition is not.  Params
            and tags are compared as numbers by ``< <= > >=``, and by the other operators as text.

    Raises:
        ConfigError: it is no question; the message says which part.
    """
    if where is None:
        return Asked(EVERY_RUN, lambda _: True)
    if isinstance(where, Mapping):
        return all_of([_condition(column(key), given) for key, given in where.items()])
    if isinstance(where, list):
        return _any([asked(each) for each in where])
    if isinstance(where, tuple):
        return all_of([asked(each) for each in where])
    raise ConfigError(f"where is a mapping of keys to conditions, or a list of such, not {where!r}")


def _condition(of: Column, given: Any) -> Asked:
    if given is None:
        return Asked(EVERY_RUN, lambda facts: of.of(facts) is None)
    if isinstance(given, list | set | frozenset):
        return _among(of, given)
    if not isinstance(given, tuple):
        return _compared(of, "=", given)
    if given and all(isinstance(each, tuple) for each in given):
        return all_of([_condition(of, each) for each in given])
    if len(given) != 2 or given[0] not in _OPERATORS:
        near = did_you_mean(str(given[0]) if given else "", _OPERATORS)
        raise ConfigError(f"{of.key!r}: {given!r} is no pair of an operator and a value{near}")
    return _operator(of, *given)


def _operator(of: Column, operator: str, given: Any) -> Asked:
    if operator in _COMPARISONS:
        return _compared(of, "=" if operator == "==" else operator, given)
    if operator == "not":
        return _not(of, _condition(of, given), given)
    if operator in ("like", "ilike"):
        return _like(of, operator, given)
    if not isinstance(given, list | tuple | set | frozenset):
        raise ConfigError(f"{of.key!r}: {operator!r} takes a list, not {given!r}")
    if operator == "in":
        return _among(of, given)
    return all_of([_present(of), *(_compared(of, "!=", each) for each in given)])


def all_of(parts: Sequence[Asked]) -> Asked:
    """The question whether all of these hold."""
    ways: Ways = EVERY_RUN
    for part in sorted(parts, key=lambda part: len(part.ways)):
        if len(ways) * len(part.ways) <= _MOST_WAYS:
            ways = tuple(one + other for one, other in product(ways, part.ways))
    return Asked(ways, lambda facts: all(part.holds(facts) for part in parts))


def _any(parts: Sequence[Asked]) -> Asked:
    ways = tuple(dict.fromkeys(way for part in parts for way in part.ways))
    is_wide = () in ways or len(ways) > _MOST_WAYS
    return Asked(EVERY_RUN if is_wide else ways, lambda facts: any(part.holds(facts) for part in parts))


def _among(of: Column, given: Collection[Any]) -> Asked:
    """Any of these; where they are many, the store is asked who has the key at all."""
    found = _any([_condition(of, each) for each in given])
    are_values = not any(each is None or isinstance(each, tuple | list | set | frozenset) for each in given)
    return found._replace(ways=of.present()) if are_values and found.ways == EVERY_RUN else found


def _not(of: Column, part: Asked, given: Any) -> Asked:
    ways = of.present() if given is None else EVERY_RUN
    return Asked(ways, lambda facts: not part.holds(facts))


def _present(of: Column) -> Asked:
    return Asked(of.present(), lambda facts: of.of(facts) is not None)


def _compared(of: Column, operator: str, given: Any) -> Asked:
    compare = _COMPARISONS[operator]
    if of.is_number:
        return _number(of, operator, _as_number(of, given))
    if operator in ("=", "!="):
        text = str(given)
        return Asked(of.text(operator, text), _tested(of, lambda found: compare(found, text)))
    bound = _as_number(of, given)
    return Asked(of.present(), _tested(of, lambda found: compare(_read_number(found), bound)))


def _number(of: Column, operator: str, bound: float) -> Asked:
    if math.isnan(bound):
        if operator not in ("=", "!="):
            raise ConfigError(f"{of.key!r}: nothing is {operator} NaN")
        return Asked(EVERY_RUN, _tested(of, lambda found: math.isnan(found) is (operator == "=")))
    compare = _COMPARISONS[operator]
    return Asked(of.number(operator, bound), _tested(of, lambda found: compare(found, bound)))


def _like(of: Column, operator: str, given: Any) -> Asked:
    if of.is_number or not isinstance(given, str):
        raise ConfigError(f"{of.key!r}: {operator!r} compares a text with a pattern, not with {given!r}")
    flags = re.DOTALL | re.IGNORECASE if operator == "ilike" else re.DOTALL
    pattern = re.compile(re.escape(given).replace("%", ".*").replace("_", "."), flags)
    return Asked(of.like(given, operator.upper()), _tested(of, lambda found: bool(pattern.fullmatch(found))))


def _tested(of: Column, test: Callable[[Any], bool]) -> Callable[[Facts], bool]:
    """The test of the value, which a run without one does not pass."""

    def holds(facts: Facts) -> bool:
        found = of.of(facts)
        return found is not None and test(found)

    return holds


def _as_number(of: Column, given: Any) -> float:
    if isinstance(given, datetime):
        return int(given.timestamp() * 1000)
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"{of.key!r} is compared with a number, not with {given!r}") from error
    return given if type(given) is int else number


def _read_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
