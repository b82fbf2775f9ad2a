"""The runs of jobs: MLflow makes its own ids, and in Azure ML the id is the job's name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .messages import Answer, Request
from .state import State

_ENDS = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED"}


def begin(state: State, name: str, properties: Mapping[str, Any], parent: str = "") -> None:
    """Make the run of a job that is put for the first time."""
    if name in state.runs:
        return
    experiment = properties.get("experimentName") or "Default"
    known = _ask(state, "GET", f"experiments/get-by-name?experiment_name={experiment}").get("experiment")
    made = known or _ask(state, "POST", "experiments/create", {"name": experiment})
    tags = {
        **(properties.get("tags") or {}),
        **({"mlflow.parentRunId": state.runs[parent]} if parent else {}),
    }
    about = {
        "experiment_id": made["experiment_id"],
        "run_name": properties.get("displayName") or name,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    state.runs[name] = _ask(state, "POST", "runs/create", about)["run"]["info"]["run_id"]


def end(state: State, name: str, status: str) -> None:
    """Let a job end, and its run with it."""
    state.jobs[name]["properties"]["status"] = status
    _ask(state, "POST", "runs/update", {"run_id": state.runs[name], "status": _ENDS[status]})


def to_mlflow(state: State, request: Request) -> Request:
    """The request with MLflow's ids for the names of jobs."""
    # The name of a trial begins with that of its sweep.
    for name, run in sorted(state.runs.items(), reverse=True):
        query = {key: value.replace(name, run) for key, value in request.query.items()}
        body = request.body.replace(name.encode(), run.encode())
        request = replace(request, query=query, raw_query=request.raw_query.replace(name, run), body=body)
    return request


def from_mlflow(state: State, answer: Answer) -> Answer:
    """The answer with the names of jobs for MLflow's ids."""
    for name, run in state.runs.items():
        answer = replace(answer, body=answer.body.replace(run.encode(), name.encode()))
    return answer


def _ask(state: State, method: str, call: str, given: Mapping[str, Any] | None = None) -> Any:
    path, _, query = f"/api/2.0/mlflow/{call}".partition("?")
    body = json.dumps(given).encode() if given else b""
    return json.loads(
        state.mlflow(Request(method, "", path, {}, query, {"content-type": "application/json"}, body)).body
    )
