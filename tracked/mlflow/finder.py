"""Finding runs: all pages, always in the same order, with errors that say what was wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from ..errors import BackendUnavailable, ConfigError, Refused, RunNotFound
from ..settings import did_you_mean
from .client import client_for
from .faults import told

_PAGE = 1000
_VIEWS = {"active": ViewType.ACTIVE_ONLY, "deleted": ViewType.DELETED_ONLY, "all": ViewType.ALL}


def search(
    uri: str,
    experiment_name: str,
    filter_string: str = "",
    order_by: Sequence[str] = (),
    max_results: int | None = None,
    *,
    run_view: str = "active",
    templates: Path | None = None,
) -> list[Run]:
    """The runs of an experiment that match, newest first unless ``order_by`` says otherwise.

    Runs that are equal in all of ``order_by`` stand newest first, and then by their id.

    Args:
        uri: a normalised tracking URI.
        experiment_name: the experiment's name.
        filter_string: in MLflow's language, such as ``tags.stage = 'hpo' AND metrics.f1 > 0.8``.
        order_by: such as ``["metrics.f1 DESC"]``.
        max_results: how many at most; all of them by default.
        run_view: ``active``, ``deleted`` or ``all``.
        templates: as in ``ensure_store``.

    Raises:
        RunNotFound: there is no such experiment; the message names the nearest.
        ConfigError: MLflow does not understand the filter, the order or the view.
        BackendUnavailable: the store does not answer.
    """
    if run_view not in _VIEWS:
        raise ConfigError(f"run_view is no {run_view!r}{did_you_mean(run_view, _VIEWS)}")
    client = client_for(uri, templates)
    experiment = _experiment_id(client, uri, experiment_name)
    size = _PAGE if max_results is None else min(_PAGE, max(max_results, 1))
    try:
        with told():
            found = _pages(client, experiment, filter_string, _VIEWS[run_view], size, list(order_by))
            return list(islice(found, max_results))
    except Refused as error:
        raise ConfigError(
            f"MLflow does not understand filter {filter_string!r}, order {list(order_by)}: {error}. "
            "Conditions are joined by AND only; a key that is a word of SQL or has signs in it stands in `backticks`"
        ) from error


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
        raise RunNotFound(f"no run {run_id!r} in {uri}: {error}") from error


def _pages(
    client: MlflowClient, experiment: str, filter_string: str, view: int, size: int, order_by: list[str]
) -> Iterator[Run]:
    token: str | None = None
    while True:
        page = client.search_runs([experiment], filter_string, view, size, order_by, token)
        yield from page
        token = page.token
        if not token:
            return


def _experiment_id(client: MlflowClient, uri: str, name: str) -> str:
    with told():
        found = client.get_experiment_by_name(name)
    if found is None:
        raise RunNotFound(f"no experiment is called {name!r} in {uri}{did_you_mean(name, _names(client))}")
    return str(found.experiment_id)


def _names(client: MlflowClient) -> list[str]:
    """Some of the names, to find the nearest: a help that must not hide the error it helps with."""
    try:
        with told():
            return [experiment.name for experiment in client.search_experiments(max_results=_PAGE)]
    except (BackendUnavailable, Refused):
        return []
