"""A job that was submitted: its state, its page, and waiting for it."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import Any

from .. import speech
from ..errors import BackendUnavailable, LoginRefused
from .troubles import explaining

ENDS = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED", "NotResponding": "FAILED"}
"""States of a job that has ended, and what MLflow calls them."""
PAUSE = 5.0
"""Seconds between two looks."""
SILENCE = 300.0
"""Seconds without an answer after which waiting ends: a job takes hours, and a network fails for minutes."""


def yaml_of(job: Mapping[str, Any]) -> str:
    """The job as the file that `az ml job create --file` takes."""
    import yaml  # noqa: PLC0415 - MLflow brings it; only who submits pays for it

    return str(yaml.safe_dump(dict(job), sort_keys=False, allow_unicode=True))


def send(ml_client: Any, job: Mapping[str, Any]) -> Any:
    """Have the workspace make this job.

    Raises:
        ConfigError, LoginRefused, BackendUnavailable: it does not; the message says why and what to do.
    """
    with explaining():
        from azure.ai.ml import load_job  # noqa: PLC0415 - takes seconds

        return ml_client.jobs.create_or_update(load_job(io.StringIO(yaml_of(job))))


def state_of(ml_client: Any, name: str) -> str:
    """What the job does now, as Azure ML calls it, such as ``Running`` or ``Completed``.

    Raises:
        LoginRefused, BackendUnavailable: the workspace does not tell.
    """
    with explaining():
        status = ml_client.jobs.get(name).status
        return str(getattr(status, "value", status))


def url_of(job: Any) -> str:
    """The job's page in the studio."""
    return str(getattr(job, "studio_url", "") or "")


def wait(ml_client: Any, name: str, timeout: float | None, pause: float = PAUSE) -> str:
    """Look until the job has ended, and say whenever its state changes.

    Returns:
        Its last state, as Azure ML calls it.

    Raises:
        BackendUnavailable: it has not ended in ``timeout`` seconds, or the workspace does not tell for minutes.
        LoginRefused: the workspace does not let us in any more.
    """
    began = heard = time.monotonic()
    state, said = "unknown", ""
    while True:
        try:
            state, heard = state_of(ml_client, name), time.monotonic()
        except BackendUnavailable as error:
            if isinstance(error, LoginRefused) or time.monotonic() - heard > SILENCE:
                raise
            speech.warn_once(f"job {name} goes on, and is asked for again: {error}", f"silence of {name}")
        seconds = time.monotonic() - began
        if state in ENDS:
            speech.say(f"job {name} {state} after {seconds:.0f} s")
            return state
        if timeout is not None and seconds > timeout:
            raise BackendUnavailable(
                f"job {name} is {state} after {seconds:.0f} s: it goes on, and can be waited for again"
            )
        if state != said:
            speech.say(f"job {name} {state} ({seconds:.0f} s)")
            said = state
        time.sleep(pause)


def uri_of(ml_client: Any) -> str:
    """The workspace as MLflow names it.

    Raises:
        LoginRefused, BackendUnavailable: it does not tell.
    """
    with explaining():
        return str(ml_client.workspaces.get(ml_client.workspace_name).mlflow_tracking_uri)
