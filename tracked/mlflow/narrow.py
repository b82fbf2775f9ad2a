"""The way past MLflow's search, where MLflow has opened a database: reading single columns instead of whole runs.

MLflow builds some fifty objects for each run of a page, which takes twenty times as long as reading the rows.
Whatever cannot be asked this way is answered with None: then MLflow's own search is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from .columns import Facts

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .finder import Place

T = TypeVar("T")

_DIALECTS = frozenset({"sqlite", "postgresql"})
"""Others compare texts without regard to case, which MLflow works around."""

_NOT_SO = (MlflowException, ImportError, LookupError, AttributeError, TypeError, ValueError)
"""What is raised, beside SQLAlchemy's own, where MLflow's tables or its parser are not as we know them."""

log = logging.getLogger("tracked")


def ranked(
    place: Place, filters: Sequence[str], metric: str, part: slice, *, largest_first: bool
) -> list[str] | None:
    """The ids of the active runs of any of these filters that have a number for this metric, best first.

    Of equals the one that began first stands first, and then the one with the smaller id.
    """

    def ask(connection: Connection) -> list[str]:
        from . import tables  # noqa: PLC0415 - loads SQLAlchemy, which only these stores need

        return tables.ranked(
            connection, place.experiments, filters, metric, part, largest_first=largest_first
        )

    return _directly(place.client, ask)


def facts(
    place: Place, filters: Sequence[str], view: int, holds: Callable[[Facts], bool], limit: int | None
) -> list[Facts] | None:
    """The facts of so many runs of any of these filters for which this holds, newest first, and then by their id."""

    def ask(connection: Connection) -> list[Facts]:
        from . import tables  # noqa: PLC0415 - as above

        found = tables.facts(connection, place.experiments, filters, view)
        return list(islice(filter(holds, found), limit))

    return _directly(place.client, ask)


def linked(place: Place, keys: Sequence[str], values: Sequence[str]) -> list[str] | None:
    """The ids of the active runs that have one of these tags with one of these values."""

    def ask(connection: Connection) -> list[str]:
        from . import tables  # noqa: PLC0415 - as above

        return tables.linked(connection, place.experiments, keys, values)

    return _directly(place.client, ask)


def curves(
    client: MlflowClient, runs: Sequence[str], metrics: Sequence[str], width: int
) -> list[tuple[str, str, float]] | None:
    """Run, metric and mean of each stretch of the steps, in their order; see :mod:`.curves`."""

    def ask(connection: Connection) -> list[tuple[str, str, float]]:
        from . import tables  # noqa: PLC0415 - as above

        return tables.curves(connection, runs, metrics, width)

    return _directly(client, ask)


def _directly(client: MlflowClient, ask: Callable[[Connection], T]) -> T | None:
    engine = _engine(client)
    if engine is None or engine.dialect.name not in _DIALECTS:
        return None
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - loaded: the engine is of it

    try:
        with engine.connect() as connection:
            return ask(connection)
    except (SQLAlchemyError, *_NOT_SO):
        # A filter that is none, a table that a later MLflow has changed: its own search says it, or knows better.
        log.debug("the database cannot be asked directly", exc_info=True)
        return None


def _engine(client: MlflowClient) -> Any:
    return getattr(getattr(getattr(client, "_tracking_client", None), "store", None), "engine", None)
