"""Questions in SQL, over the tables of MLflow's own models: it has checked the schema when it opened the database."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from mlflow.entities import LifecycleStage
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag
from mlflow.utils.search_utils import SearchUtils
from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, or_, select, true

from .. import tags as t
from ..attempts import without_claims
from ..provenance.edges import runs_named
from .columns import LARGEST, Facts

_MANY = 500
"""Runs whose tags, params and metrics are read at once."""

_RUNS: Any = SqlRun.__table__
_TABLES: Mapping[str, Any] = {
    "tag": SqlTag.__table__,
    "parameter": SqlParam.__table__,
    "metric": SqlLatestMetric.__table__,
}
_NUMERIC: dict[str, Callable[[Any, Any], Any]] = {"=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
_TEXTUAL: dict[str, Callable[[Any, Any], Any]] = {
    "=": eq,
    "!=": ne,
    "LIKE": lambda column, value: column.like(value),
    "ILIKE": lambda column, value: column.ilike(value),
    "IN": lambda column, value: column.in_(value),
}


def ranked(
    connection: Connection,
    experiments: Sequence[str],
    filters: Sequence[str],
    metric: str,
    part: slice,
    *,
    largest_first: bool,
) -> list[str]:
    """The ids of the runs that have a number for this metric; see :func:`.narrow.ranked`."""
    latest = _TABLES["metric"]
    worth = latest.c.value.desc() if largest_first else latest.c.value
    query = (
        select(_RUNS.c.run_uuid)
        .join(latest, latest.c.run_uuid == _RUNS.c.run_uuid)
        .where(latest.c.key == metric, latest.c.is_nan == false(), _among(experiments, LifecycleStage.ACTIVE))
        .order_by(worth, _RUNS.c.start_time, _RUNS.c.run_uuid)
        .slice(part.start, part.stop)
    )
    return [row[0] for row in _rows(connection, query.where(_any(filters)))]


def facts(
    connection: Connection, experiments: Sequence[str], filters: Sequence[str], view: int
) -> Iterator[Facts]:
    """The facts of the runs; see :func:`.narrow.facts`."""
    stages = LifecycleStage.view_type_to_stages(view)
    query = (
        select(_RUNS)
        .where(_among(experiments, *stages), _any(filters))
        .order_by(_RUNS.c.start_time.desc(), _RUNS.c.run_uuid)
    )
    runs = [row._mapping for row in _rows(connection, query)]  # noqa: SLF001 - SQLAlchemy's public name for it
    for i in range(0, len(runs), _MANY):
        yield from _complete(connection, runs[i : i + _MANY])


def linked(
    connection: Connection, experiments: Sequence[str], keys: Sequence[str], values: Sequence[str]
) -> list[str]:
    """The ids of the runs with such a tag; see :func:`.narrow.linked`."""
    tags = _TABLES["tag"]
    query = (
        select(_RUNS.c.run_uuid)
        .join(tags, tags.c.run_uuid == _RUNS.c.run_uuid)
        .where(tags.c.key.in_(keys), _among(experiments, LifecycleStage.ACTIVE))
        .distinct()
    )
    parts = (values[i : i + _MANY] for i in range(0, len(values), _MANY))
    found = [row[0] for part in parts for row in _rows(connection, query.where(tags.c.value.in_(part)))]
    if t.INPUT_RUNS in keys:
        # It names several runs: few have it, and they are looked through here.
        several = query.add_columns(tags.c.value).where(tags.c.key == t.INPUT_RUNS)
        wanted = set(values)
        rows = _rows(connection, several)
        found += [run for run, text in rows if not wanted.isdisjoint(runs_named(text))]
    return list(dict.fromkeys(found))


def curves(
    connection: Connection, runs: Sequence[str], metrics: Sequence[str], width: int
) -> list[tuple[str, str, float]]:
    """The means of stretches of the steps; see :func:`.narrow.curves`."""
    points: Any = SqlMetric.__table__
    last = _TABLES["metric"]
    stretch = points.c.step * width // (func.abs(last.c.step) + 1)
    query = (
        select(points.c.run_uuid, points.c.key, func.avg(points.c.value))
        .join(last, and_(last.c.run_uuid == points.c.run_uuid, last.c.key == points.c.key))
        .where(points.c.key.in_(metrics), points.c.is_nan == false(), func.abs(points.c.value) < LARGEST)
        .group_by(points.c.run_uuid, points.c.key, stretch)
        .order_by(points.c.run_uuid, points.c.key, stretch)
    )
    parts = (runs[i : i + _MANY] for i in range(0, len(runs), _MANY))
    return [
        tuple(row) for part in parts for row in _rows(connection, query.where(points.c.run_uuid.in_(part)))
    ]


def _complete(connection: Connection, runs: Sequence[Mapping[str, Any]]) -> Iterator[Facts]:
    ids = [run["run_uuid"] for run in runs]
    tags, params, metrics = (_values(connection, table, ids) for table in _TABLES.values())
    for run in runs:
        key = run["run_uuid"]
        named = {"run_id": key, "run_name": run["name"], "experiment_id": str(run["experiment_id"])}
        given = without_claims(params.get(key, {}))
        yield Facts({**run, **named}, tags.get(key, {}), given, metrics.get(key, {}))


def _values(connection: Connection, table: Any, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    not_a_number = table.c.is_nan if "is_nan" in table.c else false()
    query = select(table.c.run_uuid, table.c.key, table.c.value, not_a_number)
    for run, key, value, is_nan in _rows(connection, query.where(table.c.run_uuid.in_(ids))):
        found.setdefault(run, {})[key] = math.nan if is_nan else value
    return found


def _rows(connection: Connection, query: Select[Any]) -> Any:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA case_sensitive_like = true")  # as MLflow does
    return connection.execute(query)


def _among(experiments: Sequence[str], *stages: str) -> ColumnElement[bool]:
    here = _RUNS.c.experiment_id.in_([int(experiment) for experiment in experiments])
    return and_(here, _RUNS.c.lifecycle_stage.in_(stages))


def _any(filters: Sequence[str]) -> ColumnElement[bool]:
    return or_(false(), *(_all(each) for each in filters))


def _all(filter_string: str) -> ColumnElement[bool]:
    parsed = SearchUtils.parse_search_filter(filter_string)  # type: ignore[no-untyped-call]
    return and_(true(), *(_clause(**each) for each in parsed))


def _clause(type: str, key: str, comparator: str, value: Any) -> ColumnElement[bool]:  # noqa: A002 - MLflow's names
    comparator = comparator.upper()
    key = SearchUtils.translate_key_alias(key)  # type: ignore[no-untyped-call]
    if type == "attribute" and key != "run_name":
        column = _RUNS.c[SqlRun.get_attribute_name(key)]  # type: ignore[no-untyped-call]
        compare = _NUMERIC if key in SearchUtils.NUMERIC_ATTRIBUTES else _TEXTUAL
        clause: ColumnElement[bool] = compare[comparator](column, value)
        return clause
    if type == "attribute":
        type, key = "tag", t.MLFLOW_NAME  # noqa: A001 - as MLflow does: old runs have no other
    table = _TABLES[type].alias()  # the query itself may read the same table
    rows = select(table.c.run_uuid).where(table.c.key == key)
    if comparator not in ("IS NULL", "IS NOT NULL"):
        rows = rows.where(_holds(table, comparator, value))
    # A list made once, where EXISTS would look again for each run.
    is_listed: ColumnElement[bool] = _RUNS.c.run_uuid.in_(rows)
    return ~is_listed if comparator == "IS NULL" else is_listed


def _holds(table: Any, comparator: str, value: Any) -> ColumnElement[bool]:
    if "is_nan" not in table.c:
        text: ColumnElement[bool] = _TEXTUAL[comparator](table.c.value, value)
        return text
    number = _NUMERIC[comparator](table.c.value, float(value))
    is_nan = table.c.is_nan == true()
    return or_(number, is_nan) if comparator == "!=" else and_(number, ~is_nan)
