"""The order of runs that come from several queries: the one that the store itself gives the runs of one query."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mlflow.entities import Run
from mlflow.utils.search_utils import SearchUtils

from .columns import Column, Facts, column, facts_of


class Clause(NamedTuple):
    """One criterion."""

    by: Column
    ascending: bool


def in_order(runs: Iterable[Run], order_by: Sequence[str]) -> list[Run]:
    """The runs by these clauses, which a store has accepted; equals newest first, and then by their id.

    A run without a value stands last, before it one whose value is NaN, whichever way the clause goes.
    """
    pairs = [(facts_of(run), run) for run in runs]
    clauses = [clause_of(text) for text in order_by]
    pairs.sort(key=lambda pair: pair[0].attributes["run_id"])
    pairs.sort(key=lambda pair: pair[0].attributes["start_time"] or 0, reverse=True)
    for by, ascending in reversed(clauses):
        pairs.sort(key=lambda pair: _value(by, pair[0]), reverse=not ascending)
        pairs.sort(key=lambda pair: _lack(by, pair[0]))
    return [run for _, run in pairs]


def clause_of(text: str) -> Clause:
    """The clause that this text is, such as ``metrics.f1 DESC``."""
    kind, key, ascending = SearchUtils.parse_order_by_for_search_runs(text)  # type: ignore[no-untyped-call]
    return Clause(column(f"{kind}.{SearchUtils.translate_key_alias(key)}"), ascending)  # type: ignore[no-untyped-call]


def _lack(by: Column, facts: Facts) -> int:
    value = _stored(by, facts)
    return 2 if value is None else int(_is_nan(value))


def _value(by: Column, facts: Facts) -> Any:
    value = _stored(by, facts)
    if value is None or _is_nan(value):
        return 0 if by.is_number else ""
    return value


def _stored(by: Column, facts: Facts) -> Any:
    """What the store sorts by: to it, an infinity is the largest number."""
    return getattr(facts, by.kind).get(by.key)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
