"""The store as commands read it, and how the facts of a run are told in a few characters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import tags as t
from ..errors import BackendUnavailable, ConfigError, RunNotFound
from ..finding import delivered
from ..mlflow.durable.reach import answers
from ..reachable import may_know
from ..session.findings import span

if TYPE_CHECKING:
    from ..mlflow.columns import Facts
    from ..mlflow.queries import Where
    from ..session.building import Session

SHORT = 8
"""Characters of an id, as it is shown."""


def opened() -> Session:
    """The session whose store is read; a database that is not there yet is not made by looking.

    Raises:
        RunNotFound: there is no store yet.
        ConfigError: a setting is wrong, or the store is none that MLflow can read.
        BackendUnavailable: the store does not answer.
    """
    session = delivered()
    if not session.is_mlflow:
        raise ConfigError(f"{session.shown_uri} is a store for tests: look into it with tracked.testing")
    if not may_know(session):
        raise RunNotFound(f"there are no runs yet: the first one makes {session.shown_uri}")
    if not answers(session.uri):  # MLflow's own client would ask for minutes
        raise BackendUnavailable(f"{session.shown_uri} does not answer")
    return session


def scope(session: Session, experiment: str | None = None) -> str:
    """Where runs are looked for that nothing but their place names: this experiment, that of the settings, else all."""
    return experiment or session.settings.experiment or "*"


def found(
    session: Session,
    experiment: str = "*",
    filter_string: str = "",
    order_by: Sequence[str] = (),
    most: int | None = None,
    *,
    where: Where | None = None,
    run_view: str = "active",
) -> list[Facts]:
    """The facts of the runs that match, newest first; as for :func:`tracked.finding.find_mlflow_runs`.

    Raises:
        RunNotFound, ConfigError, BackendUnavailable.
    """
    from ..mlflow.frames import found_facts  # noqa: PLC0415 - loads MLflow

    asked = (session.uri, experiment, filter_string, order_by, most)
    return found_facts(*asked, where=where, run_view=run_view, templates=session.templates)


def id_of(run: Facts) -> str:
    """MLflow's id."""
    return str(run.attributes["run_id"])


def name_of(run: Facts) -> str:
    """The run's name."""
    return str(run.attributes.get("run_name") or run.tags.get(t.MLFLOW_NAME) or "")


def kind_of(run: Facts) -> str:
    """The run's stage; empty if it has none."""
    return t.read(run.tags, t.STAGE) or ""


def age(run: Facts) -> str:
    """How long ago it began."""
    began = run.attributes.get("start_time")
    return span(max(0.0, time.time() - began / 1000)) if began else ""


def seconds_of(run: Facts) -> float | None:
    """How long it took, or takes until now; None if that cannot be said."""
    began, ended = run.attributes.get("start_time"), run.attributes.get("end_time")
    if began is None or (ended is None and run.attributes["status"] != "RUNNING"):
        return None
    until = time.time() if ended is None else ended / 1000
    return max(0.0, float(until - began / 1000))


def duration(seconds: float | None) -> str:
    """Seconds in at most three digits and a unit."""
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 10 else span(seconds)


def number(value: float) -> str:
    """A number in at most four digits."""
    return f"{value:.4g}"


def moment(milliseconds: int | None) -> str:
    """A time of the store, in the zone of this process."""
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def as_dict(run: Facts) -> dict[str, Any]:
    """The run as JSON has it: times in milliseconds since the epoch, as MLflow keeps them."""
    told = {key: run.attributes.get(key) for key in ("run_id", "run_name", "experiment_id", "status")}
    times = {key: run.attributes.get(key) for key in ("start_time", "end_time")}
    metrics = {key: run.metric(key) for key in sorted(run.metrics)}
    parent = run.tags.get(t.MLFLOW_PARENT)
    rest = {
        "metrics": metrics,
        "params": dict(sorted(run.params.items())),
        "tags": dict(sorted(run.tags.items())),
    }
    return {**told, "kind": kind_of(run), "parent": parent, **times, **rest}
