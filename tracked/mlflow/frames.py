"""Runs as a table of pandas, without MLflow's objects where the store is a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import narrow
from .columns import Facts, facts_of
from .finder import found_in, place_of, view_of
from .queries import Where, asked

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]

_FIRST = ("run_id", "experiment_id", "run_name", "status", "artifact_uri", "start_time", "end_time")
_TIMES = ("start_time", "end_time")


def found_facts(
    uri: str,
    experiment_name: str | Sequence[str],
    filter_string: str = "",
    order_by: Sequence[str] = (),
    max_results: int | None = None,
    *,
    where: Where | None = None,
    run_view: str = "active",
    templates: Path | None = None,
) -> list[Facts]:
    """The facts of each run that :func:`.finder.search` finds with these arguments, in its order.

    Raises:
        As :func:`.finder.search`.
    """
    question, view = asked(where), view_of(run_view)
    place = place_of(uri, experiment_name, templates)
    filters = question.filters(filter_string)
    found = None if order_by else narrow.facts(place, filters, view, question.holds, max_results)
    if found is None:
        runs = found_in(place, filter_string, question, order_by, max_results, view)
        return [facts_of(run) for run in runs]
    return found


def frame(runs: Sequence[Facts]) -> pd.DataFrame:
    """A row for each of these.

    Columns: ``run_id``, ``experiment_id``, ``run_name``, ``status``, ``artifact_uri``, ``start_time``, ``end_time``
    (UTC), then ``metrics.*``, ``params.*`` and ``tags.*`` by name.  What a run has not is NaN or None.
    """
    import pandas as pd  # noqa: PLC0415 - only who asks pays

    columns: dict[str, list[Any]] = {name: [run.attributes.get(name) for run in runs] for name in _FIRST}
    for kind in ("metrics", "params", "tags"):
        columns |= _spread(kind, runs)
    table = pd.DataFrame(columns)
    for name in _TIMES:
        table[name] = pd.to_datetime(table[name], unit="ms", utc=True)
    return table


def _spread(kind: str, runs: Sequence[Facts]) -> dict[str, list[Any]]:
    keys = sorted({key for run in runs for key in getattr(run, kind)})
    if kind == "metrics":
        return {f"metrics.{key}": [run.metric(key) for run in runs] for key in keys}
    return {f"{kind}.{key}": [getattr(run, kind).get(key) for run in runs] for key in keys}
