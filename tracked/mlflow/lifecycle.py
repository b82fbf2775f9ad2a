"""The state of a run in its store, asked and set.  Whoever calls this has delivered what is to come before it."""

from __future__ import annotations

from pathlib import Path

from mlflow.entities import RunStatus

from ..errors import ConfigError, Refused
from ..settings import did_you_mean
from .client import client_for
from .faults import told
from .finder import get_run
from .urls import public

_ENDS = ("FINISHED", "FAILED", "KILLED")
_RUNNING = ("RUNNING", "SCHEDULED")


def checked_end(status: str) -> str:
    """The end state, in MLflow's spelling.

    Raises:
        ConfigError: it is none.
    """
    if (spelt := str(status).upper()) not in _ENDS:
        raise ConfigError(f"{status!r} is no end of a run{did_you_mean(spelt, _ENDS)}")
    return spelt


def end(uri: str, run_id: str, status: str, *, only_if_running: bool, templates: Path | None = None) -> str:
    """End the run; one that has ended keeps its state with ``only_if_running``.

    Returns:
        The state that it has now.

    Raises:
        ConfigError: ``status`` is no end state.
        RunNotFound: the store has no such run.
        BackendUnavailable: the store does not answer.
    """
    status = checked_end(status)
    before = str(get_run(uri, run_id, templates).info.status)
    if before == status or (only_if_running and before not in _RUNNING):
        return before
    with told():
        client_for(uri, templates).set_terminated(run_id, status)
    return status


def reopen(uri: str, run_id: str, templates: Path | None = None) -> None:
    """Make the run one that is running again.

    Raises:
        RunNotFound: the store has no such run.
        Refused: it is deleted.
        BackendUnavailable: the store does not answer.
    """
    if get_run(uri, run_id, templates).info.lifecycle_stage != "active":
        raise Refused(
            f"run {run_id} in {public(uri)} is deleted. Restore it with `mlflow runs restore --run-id {run_id}`"
        )
    with told():
        client_for(uri, templates).update_run(run_id, RunStatus.to_string(RunStatus.RUNNING))
