"""Finding runs: all pages, always in the same order, with errors that say what was wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from ..errors import BackendUnavailable, ConfigError, Refused, RunNotFound
from ..nearest import did_you_mean
from .client import client_for, experiment_called, experiment_ids
from .columns import facts_of
from .faults import told
from .order import in_order
from .queries import Asked, Where, asked
from .urls import public

EVERYWHERE = "*"
"""In place of an experiment's name: all that are not deleted."""

_PAGE = 1000
_VIEWS = {"active": ViewType.ACTIVE_ONLY, "deleted": ViewType.DELETED_ONLY, "all": ViewType.ALL}


class Place(NamedTuple):
    """Where runs are looked for."""

    client: MlflowClient
    experiments: list[str]
    """Their ids."""
    name: str
    """For messages."""


def search(
    uri: str,
    experiment_name: str | Sequence[str],
    filter_string: str = "",
    order_by: Sequence[str] = (),
    max_results: int | None = None,
    *,
    where: Where | None = None,
    run_view: str = "active",
    templates: Path | None = None,
) -> list[Run]:
    """The runs that match, newest first unless ``order_by`` says otherwise.

    Runs that are equal in all of ``order_by`` stand newest first, and then by their id.

    Args:
        uri: a normalised tracking URI.
        experiment_name: the experiment's name, several names, or ``EVERYWHERE``.
        filter_string: in MLflow's language, such as ``tags.stage = 'hpo' AND metrics.f1 > 0.8``.
        order_by: such as ``["metrics.f1 DESC"]``.
        max_results: how many at most; all of them by default.
        where: what has to hold besides, as data; see :func:`.queries.asked`.
        run_view: ``active``, ``deleted`` or ``all``.
        templates: as in ``ensure_store``.

    Raises:
        RunNotFound: there is no such experiment; the message names the nearest.
        ConfigError: MLflow does not understand the filter, the order or the view, or ``where`` is no question.
        BackendUnavailable: the store does not answer.
    """
    question, view = asked(where), view_of(run_view)
    place = place_of(uri, experiment_name, templates)
    return found_in(place, filter_string, question, order_by, max_results, view)


def found_in(
    place: Place,
    filter_string: str,
    question: Asked,
    order_by: Sequence[str] = (),
    max_results: int | None = None,
    view: int = ViewType.ACTIVE_ONLY,
) -> list[Run]:
    """The runs in a place; the rest as for :func:`search`."""
    if max_results is not None and max_results < 0:
        raise ConfigError(f"max_results is a number of runs, not {max_results}")
    found = [
        list(islice(matching(place, one, question, order_by, view, max_results), max_results))
        for one in question.filters(filter_string)
    ]
    if len(found) == 1:
        return found[0]
    # A run may match in several ways.
    distinct = {run.info.run_id: run for runs in found for run in runs}
    return in_order(distinct.values(), order_by)[:max_results]


def get_run(uri: str, run_id: str, templates: Path | None = None) -> Run:
    """The run with this MLflow id.

    Raises:
        RunNotFound: the store has no such run.
        BackendUnavailable: the store does not answer.
    """
    client = client_for(uri, templates)
    try:
        with told():
            return client.get_run(run_id)
    except Refused as error:
        raise RunNotFound(f"no run {run_id!r} in {public(uri)}: {error}") from error


def place_of(uri: str, experiment_name: str | Sequence[str], templates: Path | None = None) -> Place:
    """The experiments of these names.

    Raises:
        RunNotFound: there is none of such a name; the message names the nearest.
        BackendUnavailable: the store does not answer.
    """
    client = client_for(uri, templates)
    if experiment_name == EVERYWHERE:
        with told():
            return Place(client, experiment_ids(client), f"all experiments of {public(uri)}")
    names = [experiment_name] if isinstance(experiment_name, str) else list(experiment_name)
    ids = [_experiment_id(client, uri, name) for name in names]
    return Place(client, ids, f"{' and '.join(map(repr, names))} of {public(uri)}")


def view_of(name: str) -> int:
    """MLflow's number of the view.

    Raises:
        ConfigError: there is no such view.
    """
    if name not in _VIEWS:
        raise ConfigError(f"run_view is no {name!r}{did_you_mean(name, _VIEWS)}")
    return int(_VIEWS[name])


def matching(
    place: Place,
    filter_string: str,
    question: Asked,
    order_by: Sequence[str] = (),
    view: int = ViewType.ACTIVE_ONLY,
    size: int | None = None,
) -> Iterator[Run]:
    """The runs of one filter that stand the test of the question, page by page of at most ``size``.

    Raises:
        ConfigError: MLflow does not understand the filter or the order.
        BackendUnavailable: the store does not answer.
    """
    size = _PAGE if size is None else min(_PAGE, max(size, 1))
    runs = _pages(place, filter_string, list(order_by), view, size)
    return (run for run in runs if question.holds(facts_of(run)))


def _pages(place: Place, filter_string: str, order_by: list[str], view: int, size: int) -> Iterator[Run]:
    """Each run once: while pages are read, new runs push known ones to the next page."""
    token: str | None = None
    seen: set[str] = set()
    while place.experiments:
        with _understood(filter_string, order_by):
            page = place.client.search_runs(place.experiments, filter_string, view, size, order_by, token)
        yield from (run for run in page if run.info.run_id not in seen)
        seen.update(run.info.run_id for run in page)
        token = page.token
        size = _PAGE  # whoever reads on wants many
        if not token:
            return


@contextmanager
def _understood(filter_string: str, order_by: Sequence[str]) -> Iterator[None]:
    try:
        with told():
            yield
    except Refused as error:
        raise ConfigError(
            f"MLflow does not understand filter {filter_string!r}, order {list(order_by)}: {error}. "
            "Conditions are joined by AND only; a key that is a word of SQL or has signs in it stands in `backticks`. "
            "`where=` takes any question"
        ) from error


def _experiment_id(client: MlflowClient, uri: str, name: str) -> str:
    found = experiment_called(client, name)
    if found is None:
        near = did_you_mean(name, _names(client))
        raise RunNotFound(f"no experiment is called {name!r} in {public(uri)}{near}")
    return str(found.experiment_id)


def _names(client: MlflowClient) -> list[str]:
    """Some of the names, to find the nearest: a help that must not hide the error it helps with."""
    try:
        with told():
            return [experiment.name for experiment in client.search_experiments(max_results=_PAGE)]
    except (BackendUnavailable, Refused):
        return []
