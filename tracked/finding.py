"""Finding runs: what this process wrote is delivered before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import session as sessions
from .errors import ConfigError
from .nearest import did_you_mean
from .ports import RemoteRun

if TYPE_CHECKING:
    from .mlflow.lookup import RunLookupReport
    from .mlflow.queries import Where
    from .session.building import Session

_STATES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")


def find_mlflow_runs(
    experiment_name: str | Sequence[str] | None = None,
    filter_string: str = "",
    *,
    where: Where | None = None,
    status: str | Sequence[str] | None = None,
    order_by: Sequence[str] = (),
    max_results: int | None = None,
    run_view: str = "active",
) -> list[Any]:
    """All runs that match, in a fixed order.

        find_mlflow_runs("ner", "tags.stage='hpo' AND metrics.f1 > 0.8")
        find_mlflow_runs("ner", where={"stage": ["hpo", "training"], "metrics.f1": (">", 0.8)})

    Args:
        experiment_name: one, several, or ``"*"`` for all; by default that of the set-up.
        filter_string: MLflow's language: conditions joined by AND.
        where: what has to hold besides, as data.  A mapping of keys to conditions, all of which hold; in a list, any of
            the mappings.  A key is ``metrics.f1``, ``params.lr``, ``tags.stage`` or just ``stage``, or MLflow's own
            ``run_name``, ``start_time`` and the like.  A condition is a value, None (not there), a list (any of
            these), ``(">", 0.8)``, ``("!=", "x")``, ``("not in", [...])``, ``("like", "a%")``, ``("not", condition)``,
            or a tuple of such pairs (all of them).
        status: ``FINISHED``, ``FAILED``, ``KILLED``, ``RUNNING`` or ``SCHEDULED``; in a list, any of these.
        order_by: MLflow's order clauses, such as ``["metrics.f1 DESC"]``; by default, and for equals, the newest first.
        max_results: how many, at most; all if None.
        run_view: ``active``, ``deleted`` or ``all``.

    Returns:
        MLflow's ``Run`` objects, in a list that a notebook shows as a table.

    Raises:
        RunNotFound: there is no such experiment.
        ConfigError: MLflow cannot read the filter or the order, or ``where`` is no question.
        BackendUnavailable: the store does not answer.
    """
    from .found import Runs  # noqa: PLC0415 - as below
    from .mlflow.finder import search  # noqa: PLC0415 - loads MLflow: only who asks pays

    also, session = also_in_state(where, status), delivered()
    found = search(
        session.uri,
        experiment_name or session.experiment,
        filter_string,
        order_by,
        max_results,
        where=also,
        run_view=run_view,
        templates=session.templates,
    )
    return Runs(found, session.uri)


def find_mlflow_run(
    experiment_name: str | Sequence[str] | None = None,
    *,
    where: Where | None = None,
    status: str | Sequence[str] | None = None,
    strict: bool = True,
    **marks: Any,
) -> RunLookupReport:
    """Exactly one run, by the first mark that fits one run and no other.

        find_mlflow_run("ner", call_key=key, status="FINISHED").run

    Nothing is guessed: there is no nearest and no newest.

    Args:
        experiment_name: as in :func:`find_mlflow_runs`; with ``run_id``, any experiment by default.
        where: what has to hold besides; as in :func:`find_mlflow_runs`.
        status: the same.
        strict: whether not to find it is an error.
        marks: what is known of the run, tried in this order: ``run_id`` (MLflow's), ``local_id`` (ours), ``call_key``,
            ``trial_key_hash``, ``study_key_hash``, ``run_key_hash``, ``tags`` (a mapping), ``run_name``.

    Returns:
        ``run``, ``run_id``, ``found``, ``strategy_used``, ``strategies_attempted``, ``attempts``, ``error``.

    Raises:
        RunNotFound: no mark fits exactly one run, and ``strict``; its ``report`` says what each came to.
        ConfigError: no mark is given, or one that is none.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.finder import EVERYWHERE  # noqa: PLC0415 - as above
    from .mlflow.lookup import find_one  # noqa: PLC0415

    also, session = also_in_state(where, status), delivered()
    place = experiment_name or (EVERYWHERE if marks.get("run_id") else session.experiment)
    names, templates = session.settings.tags, session.templates
    return find_one(session.uri, place, marks, where=also, strict=strict, names=names, templates=templates)


def find_run_by_trial_id(
    trial_id: str, experiment_name: str | Sequence[str] | None = None, *, strict: bool = True
) -> RunLookupReport:
    """The run of a trial: by its key or the beginning of it (``trial-1f2e3d4c``), a tag, its name, or its MLflow id.

    Raises:
        RunNotFound: there is no such trial, or several, and ``strict``.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.lookup import find_trial  # noqa: PLC0415 - as above

    session = delivered()
    place, names = experiment_name or session.experiment, session.settings.tags
    return find_trial(session.uri, place, trial_id, strict=strict, names=names, templates=session.templates)


def find_best_mlflow_run(
    experiment_name: str | Sequence[str] | None = None,
    filter_string: str = "",
    *,
    maximize: str | None = None,
    minimize: str | None = None,
    where: Where | None = None,
    status: str | Sequence[str] | None = None,
) -> Any:
    """The run whose last value of a metric is the largest, or the smallest; quick however many runs there are.

    NaN never wins, and of equals the one that began first does.

    Args:
        experiment_name: as in :func:`find_mlflow_runs`, and so are the others.
        filter_string: MLflow's language.
        maximize: the metric; exactly one of ``maximize`` and ``minimize`` is given.
        minimize: the metric.
        where: what has to hold besides.
        status: how the run has ended.

    Returns:
        MLflow's ``Run``.

    Raises:
        RunNotFound: there is no such experiment, or no run that matches has a number for this metric.
        ConfigError: a filter or the metric is none.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.best import find_best  # noqa: PLC0415 - as above

    also, session = also_in_state(where, status), delivered()
    return find_best(
        session.uri,
        experiment_name or session.experiment,
        filter_string,
        maximize=maximize,
        minimize=minimize,
        where=also,
        templates=session.templates,
    )


def get_mlflow_run_url(experiment_id: str, run_id: str) -> str:
    """Where to see a run: an address, or for a local store the command that shows it."""
    from .mlflow.urls import run_url  # noqa: PLC0415

    session = sessions.current()
    # MLflow's own calls know a run by our id until the store has given it one.
    remote = session.ids.get(run_id) or RemoteRun(run_id, experiment_id)
    return run_url(session.uri, remote.experiment_id, remote.run_id)


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


def also_in_state(where: Where | None, status: str | Sequence[str] | None) -> Where | None:
    """What has to hold, with the state.

    Raises:
        ConfigError: a run has no such state.
    """
    if status is None:
        return where
    states = [status] if isinstance(status, str) else list(status)
    for state in states:
        if state not in _STATES:
            raise ConfigError(f"a run is not {state!r}{did_you_mean(str(state), _STATES)}")
    in_state: Where = {"attributes.status": states}
    return in_state if where is None else (where, in_state)
