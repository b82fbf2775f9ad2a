"""Runs as lines of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..found import differing
from .reading import SHORT, age, duration, id_of, kind_of, name_of, number, seconds_of
from .references import ways_of
from .speaking import status_painted
from .tables import Column, course, cut, table

if TYPE_CHECKING:
    from ..mlflow.columns import Facts
    from ..session.building import Session

_COLUMNS, _BESIDE = 3, 2
"""Metrics with a column of their own, and others that are named."""
_COUNTS = "n_"
"""Metrics that begin so count something, and come last."""
_BOTH = "PARAMS, METRICS"
_CURVE, _VALUE = 12, 24
"""Characters of a picture, and of a param's value."""


@dataclass(frozen=True)
class Row:
    """A run of the table.

    Attributes:
        run: its facts.
        depth: how many runs of the table stand above it.
        hidden: how many runs directly below it are not shown.
    """

    run: Facts
    depth: int = 0
    hidden: int = 0


def lines(session: Session, rows: Sequence[Row], wide: int) -> list[str]:
    """The table.

    Args:
        session: whose store the runs are in.
        rows: the runs.
        wide: characters of a line; 0 means any.
    """
    shown = [row.run for row in rows]
    keys = top_metrics(shown)
    pictures, changed = _pictures(session, shown, keys[:1]), changed_params(shown)
    numbers = [Column(key, to_right=True, least=7) for key in keys]
    columns = [
        Column("RUN"),
        Column("NAME", least=16),
        Column("STATUS", painted=status_painted),
        Column("AGE", to_right=True),
        Column("TIME", to_right=True),
        *numbers[:1],
        Column(""),
        *numbers[1:],
        Column(_BOTH if any(_beside(run, keys) for run in shown) else "PARAMS", least=16),
    ]
    return table(columns, [_cells(row, keys, pictures, changed) for row in rows], wide) if rows else []


def _cells(
    row: Row, keys: Sequence[str], pictures: Mapping[str, str], changed: Mapping[str, str]
) -> list[str]:
    run, run_id = row.run, id_of(row.run)
    numbers = [_number(run, key) for key in keys]
    name = "  " * row.depth + name_of(run) + (f" (+{row.hidden})" if row.hidden else "")
    told = [run_id[:SHORT], name, str(run.attributes["status"]), age(run), duration(seconds_of(run))]
    picture, details = pictures.get(run_id, ""), f"{changed.get(run_id, '')} {_beside(run, keys)}".strip()
    return [*told, *numbers[:1], picture, *numbers[1:], details]


def _number(run: Facts, key: str) -> str:
    value = run.metric(key)
    return "" if value is None else number(value)


def _beside(run: Facts, keys: Sequence[str]) -> str:
    """Some metrics of a run that has not the one that the table is about."""
    if keys and keys[0] in run.metrics:
        return ""
    others = [key for key in sorted(run.metrics) if key not in keys and not key.startswith(_COUNTS)]
    return " ".join(f"{key}={_number(run, key)}" for key in others[:_BESIDE])


def top_metrics(shown: Sequence[Facts]) -> list[str]:
    """The metrics with a column: those that many of the runs have, first of all what a sweep optimises."""
    objectives = {name for run in shown for name in ways_of(run)}
    counts = Counter(key for run in shown for key in run.metrics if not key.startswith(_COUNTS))
    ranked = sorted(counts, key=lambda key: (key not in objectives, -counts[key], key))
    return ranked[:1] + [key for key in ranked[1:_COLUMNS] if counts[key] > len(shown) / 2]


def _pictures(session: Session, shown: Sequence[Facts], keys: Sequence[str]) -> dict[str, str]:
    """How the metric went in each run that has several values of it."""
    from ..mlflow.curves import curves  # noqa: PLC0415 - loads MLflow

    wanted = {id_of(run): known for run in shown if (known := [key for key in keys if key in run.metrics])}
    if not wanted:
        return {}
    found = curves(session.uri, wanted, _CURVE, templates=session.templates)
    return {run: course(values, _CURVE) for run, by in found.items() for values in by.values()}


def changed_params(shown: Sequence[Facts]) -> dict[str, str]:
    """Of each run the params that are not the same in all shown runs of its kind, as a text."""
    alike: dict[str, list[Facts]] = {}
    for run in shown:
        alike.setdefault(kind_of(run), []).append(run)
    return {
        id_of(run): " ".join(f"{key}={_short(run.params[key])}" for key in run.params if key in changed)
        for runs in alike.values()
        for changed in [differing([one.params for one in runs])]
        for run in runs
    }


def _short(value: str) -> str:
    """A param, a number in few digits."""
    try:
        return number(float(value)) if "." in value or "e" in value else value
    except ValueError:
        return cut(value, _VALUE)
