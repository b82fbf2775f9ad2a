"""The workspace's MLflow: genuine answers of a genuine server, within Azure's limits and grammar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import limits, runs, searching
from .messages import Answer, Request, told
from .names import REGION, SCOPE
from .state import State, Tally

_CALL = re.compile(rf"/mlflow/v[12]\.0{re.escape(SCOPE)}/api/2\.0/(?:preview/)?mlflow/(.+)", re.IGNORECASE)
_SERVED = re.compile(r"(experiments|runs|metrics|artifacts|registered-models|model-versions)/")
_ARTIFACTS = re.compile(rb"(/experiments/\d+)/([0-9a-f]{32}/artifacts)")
"""Where MLflow puts artifacts; Azure has ``runs/`` between the two."""


def answer(state: State, request: Request) -> Answer:
    """What ``/mlflow/v2.0`` says."""
    found = _CALL.fullmatch(request.path)
    if found is None or not _is_served(state, found[1]):
        return Answer(404)
    call, request = found[1], runs.to_mlflow(state, request)
    if call == "runs/get-run-data-status":
        return told({"is_complete": True})
    given = request.json() if request.method in ("POST", "PATCH") else request.query
    with state.lock:
        if why := _refusal(state, call, given):
            return _refused(why)
        given_back = state.mlflow(replace(request, path=f"/api/2.0/mlflow/{call.replace('-async', '')}"))
        if given_back.status == 200:
            _count(state, call, given, given_back)
    if call == "runs/log-batch-async" and given_back.status == 200:
        return told({"batch_tracking_id": "one" if given.get("metrics") else ""})
    return runs.from_mlflow(state, replace(given_back, body=_ARTIFACTS.sub(rb"\1/runs/\2", given_back.body)))


def _refused(why: str) -> Answer:
    """A refusal as the tracking service words it, which is not as the other services do."""
    error = {"Code": "ValidationError", "Severity": None, "Message": why, "Details": [], "InnerError": None}
    named = {"ComponentName": "mlflow", "statusCode": 400, "error_code": "INVALID_PARAMETER_VALUE"}
    return told({"Error": error, "Environment": REGION, "Location": REGION, **named}, 400)


def _is_served(state: State, call: str) -> bool:
    return bool(_SERVED.match(call)) or (state.options.logged_models and call.startswith("logged-models"))


def _refusal(state: State, call: str, given: Mapping[str, Any]) -> str:
    if call == "runs/search":
        return searching.refusal(given)
    if call == "experiments/update":
        return "experiments cannot be renamed"
    return limits.broken(call, given, state.tallies.get(_run_of(given), Tally()))


def _count(state: State, call: str, given: Mapping[str, Any], given_back: Answer) -> None:
    run_id = _run_of(given)
    if call == "runs/create":
        run_id = re.search(rb'"run_id":\s*"(\w+)"', given_back.body)[1].decode()  # type: ignore[index]
    limits.count(call, given, state.tallies.setdefault(run_id, Tally()))


def _run_of(given: Mapping[str, Any]) -> str:
    return str(given.get("run_id") or given.get("run_uuid") or "")
