"""From a request to the service that answers it; faults, the log, and the tests' own calls."""

from __future__ import annotations

import http.client
import json
import time
import traceback
from dataclasses import asdict, replace
from typing import Any

from . import arm, artifacts, blobs, entra, jobs, runs, tracking
from .messages import Answer, Request, missing, refused, told
from .names import API, BLOBS, CONTROL, LOGIN, MANAGEMENT, OTHER, WORKSPACE, expiry
from .state import Fault, Seen, State


class Service:
    """All of the emulated Azure.

    Args:
        port: where the genuine MLflow server listens.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.state = State(self.mlflow)

    def __call__(self, request: Request) -> Answer | None:
        """The answer; None where a test wants the connection to break."""
        if not request.host:
            return self._control(request)
        fault = self.state.fault_for(request)
        answer = self._answer(request) if fault is None or fault.done else None
        if fault is not None:
            answer = (
                Answer(fault.status, fault.body.encode(), headers=fault.headers) if fault.status else None
            )
        seen = (request.method, request.host, request.path, request.raw_query)
        agent, token = request.headers.get("user-agent", ""), request.bearer[-24:]
        self.state.seen.append(Seen(*seen, agent, token, answer.status if answer else 0))
        return answer

    def _answer(self, request: Request) -> Answer:
        try:
            return _in_its_name(self.state, request)
        except Exception as error:  # noqa: BLE001 - a mistake here must not look like one of Azure's
            traceback.print_exc()
            return refused(500, "EmulatorBug", repr(error))

    def mlflow(self, request: Request) -> Answer:
        """Ask the genuine server."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        path = f"{request.path}?{request.raw_query}" if request.raw_query else request.path
        headers = {"Content-Type": request.headers.get("content-type", "application/json")}
        connection.request(request.method, path, request.body or None, headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, body, answer.getheader("Content-Type", "application/json"))

    def _control(self, request: Request) -> Answer:
        """What tests ask: the log, the state, faults to come, options, a fresh start."""
        what, given = request.path.removeprefix(CONTROL), request.json()
        if what == "log":
            return told([seen._asdict() for seen in self.state.seen])
        if what == "fault":
            self.state.faults.append(Fault(**given))
        elif what == "mend":
            self.state.faults.clear()
        elif what == "options":
            self.state.options = replace(self.state.options, **given)
        elif what == "reset":
            _reset(self)
        elif what == "jobs":
            for name, properties in given.items():
                self.state.jobs[name]["properties"].update(properties)
            return told(self.state.jobs)
        elif what in ("child", "end"):
            (jobs.child if what == "child" else runs.end)(self.state, **given)
        elif what in ("assets", "blobs"):
            stored = {name: content.hex() for name, content in self.state.blobs.items()}
            return told(self.state.assets if what == "assets" else stored)
        else:
            return missing(request.path)
        return told(asdict(self.state.options))


def _in_its_name(state: State, request: Request) -> Answer:
    if f"/workspaces/{OTHER}" not in request.path:
        return _routed(state, request)
    theirs, ours = OTHER.encode(), WORKSPACE.encode()
    path, body = request.path.replace(OTHER, WORKSPACE), request.body.replace(theirs, ours)
    answer = _routed(state, replace(request, path=path, body=body))
    return replace(answer, body=answer.body.replace(ours, theirs))


def _routed(state: State, request: Request) -> Answer:
    if request.host in (MANAGEMENT, API) and request.path != "/metadata/endpoints":
        return _for_who_is_known(state, request)
    if request.host == LOGIN:
        return entra.answer(state, request)
    if request.host.endswith(BLOBS):
        return blobs.answer(state, request)
    if request.host == MANAGEMENT:
        return arm.clouds()
    return refused(502, "NotEmulated", f"the host {request.host} is not emulated, and nothing is forwarded")


def _for_who_is_known(state: State, request: Request) -> Answer:
    if expiry(request.bearer) < time.time():
        why = "The bearer token is missing or has expired."
        return refused(401, "UserError", why, "AuthenticationFailed")
    if request.host == MANAGEMENT:
        return arm.answer(state, request)
    return (tracking if request.path.startswith("/mlflow/") else artifacts).answer(state, request)


def _reset(service: Service) -> None:
    """Forget all, runs too: experiments are renamed and deleted, since MLflow keeps the names of deleted ones."""
    found = _ask(service, "POST", "experiments/search", {"max_results": 1000}).get("experiments", [])
    for experiment in found:
        known = {"experiment_id": experiment["experiment_id"]}
        if experiment["experiment_id"] == "0":
            runs = _ask(service, "POST", "runs/search", {"experiment_ids": ["0"], "max_results": 1000})
            for run in runs.get("runs", []):
                _ask(service, "POST", "runs/delete", {"run_id": run["info"]["run_id"]})
            continue
        _ask(service, "POST", "experiments/update", {**known, "new_name": f"forgotten-{time.time_ns()}"})
        _ask(service, "POST", "experiments/delete", known)
    for model in _ask(service, "GET", "registered-models/search", {}).get("registered_models", []):
        _ask(service, "DELETE", "registered-models/delete", {"name": model["name"]})
    service.state.reset()


def _ask(service: Service, method: str, call: str, given: dict[str, Any]) -> Any:
    body = json.dumps(given).encode() if given else b""
    asked = Request(method, "", f"/api/2.0/mlflow/{call}", {}, "", {"content-type": "application/json"}, body)
    return json.loads(service.mlflow(asked).body)
