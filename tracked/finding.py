"""Finding runs: what this process wrote is delivered before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import session as sessions

if TYPE_CHECKING:
    from .session.building import Session


def find_mlflow_runs(
    experiment_name: str | None = None,
    filter_string: str = "",
    *,
    order_by: Sequence[str] = (),
    max_results: int | None = None,
) -> list[Any]:
    """The runs of an experiment that a filter of MLflow matches, all pages, in a fixed order.

    Args:
        experiment_name: by default that of the set-up.
        filter_string: MLflow's language, such as ``tags.stage='hpo' AND metrics.f1 > 0.8``.
        order_by: MLflow's order clauses; by default the newest first.
        max_results: how many, at most; all if None.

    Returns:
        MLflow's ``Run`` objects.

    Raises:
        RunNotFound: there is no such experiment.
        ConfigError: MLflow cannot read the filter.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.finder import search  # noqa: PLC0415 - loads MLflow: only who asks pays

    session = delivered()
    return search(session.uri, experiment_name or session.experiment, filter_string, order_by, max_results)


def get_mlflow_run_url(experiment_id: str, run_id: str) -> str:
    """Where to see a run: an address, or for a local store the command that shows it."""
    from .mlflow.urls import run_url  # noqa: PLC0415

    return run_url(sessions.current().uri, experiment_id, run_id)


def delivered() -> Session:
    """The session, after what this process wrote has been delivered as far as that is possible."""
    session = sessions.current()
    if session.journal.was_used:
        session.flush()
    return session


def tags_of(run_id: str) -> Mapping[str, str]:
    """The tags of an MLflow run.

    Raises:
        RunNotFound, BackendUnavailable.
    """
    from .mlflow.finder import get_run  # noqa: PLC0415

    return dict(get_run(delivered().uri, run_id).data.tags)
