"""Jobs: what was submitted is kept as it came, and runs when a test says so."""

from __future__ import annotations

from typing import Any

from . import runs
from .messages import Answer, Request, missing, told
from .names import GROUP, PROVIDER, SCOPE, SUBSCRIPTION, TENANT, TRACKING_URI, WORKSPACE
from .state import State

_STUDIO = f"https://ml.azure.com/runs/{{name}}?wsid=/subscriptions/{SUBSCRIPTION}/resourcegroups/{GROUP}/workspaces/{WORKSPACE}&tid={TENANT}"


def answer(state: State, request: Request, names: list[str]) -> Answer:
    """``jobs``, ``jobs/NAME`` and ``jobs/NAME/cancel``."""
    if not names:
        return told({"value": list(state.jobs.values())})
    name = names[0]
    if request.method == "PUT":
        state.jobs[name] = made(name, request.json()["properties"])
        runs.begin(state, name, state.jobs[name]["properties"])
        return told(state.jobs[name], 201)
    if name not in state.jobs:
        return missing(f"job {name}")
    if names[1:] == ["cancel"]:
        state.jobs[name]["properties"]["status"] = "Canceled"
        return Answer(200)
    return told(state.jobs[name])


def child(state: State, name: str, parent: str, **given: Any) -> None:
    """Make a job below another one, as a sweep does for each of its trials."""
    state.jobs[name] = made(name, given)
    runs.begin(state, name, given, parent)


def made(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """A job of this name as Azure tells of it."""
    services = {
        "Tracking": {"jobServiceType": "Tracking", "endpoint": TRACKING_URI},
        "Studio": {"jobServiceType": "Studio", "endpoint": _STUDIO.format(name=name)},
    }
    return {
        "id": f"{SCOPE}/jobs/{name}",
        "name": name,
        "type": f"{PROVIDER}/workspaces/jobs",
        "systemData": {
            "createdAt": "2024-01-01T00:00:00Z",
            "createdBy": "emulator",
            "createdByType": "Application",
        },
        "properties": {**given, "status": "Starting", "services": services},
    }
