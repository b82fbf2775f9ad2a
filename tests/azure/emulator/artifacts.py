"""The run history: artifacts, each of which can be written once, and tokens for jobs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from .messages import Answer, Request, missing, refused, told
from .names import SAS, SCOPE, STORAGE, token
from .state import State

_RUN = re.compile(
    rf"/history/v1\.0{re.escape(SCOPE)}/(?:experiments|experimentids)/[^/]+/runs/([^/]+)/?(.*)", re.IGNORECASE
)
LONGEST_PATH = 5000


def answer(state: State, request: Request) -> Answer:
    """What ``/history/v1.0`` says."""
    found = _RUN.fullmatch(request.path)
    if found is None:
        return told({}) if request.method in ("GET", "PATCH") else missing(request.path)
    run, what = found[1], found[2].strip("/")
    if what == "token":
        ends = datetime.now(timezone.utc) + timedelta(seconds=state.options.token_life)
        life = state.options.token_life
        return told({"token": token(life, number=len(state.seen)), "expiryTimeUtc": ends.isoformat()})
    if what == "artifacts/batch/metadata" and request.method == "POST":
        return _begun(state, run, [each["path"] for each in request.json()["paths"]])
    if what == "artifacts/contentinfo":
        return _content(state, run, request.query["path"])
    if what in ("artifacts", "artifacts/path"):
        below = request.query.get("path", "")
        return told({"value": [_record(run, path) for path in _paths(state, run) if path.startswith(below)]})
    return missing(request.path)


def _begun(state: State, run: str, paths: list[str]) -> Answer:
    """Records for these paths, each of which can be made once; their contents come by the addresses given."""
    made: dict[str, Any] = {"artifacts": {}, "artifactContentInformation": {}, "errors": {}}
    with state.lock:
        known = state.artifacts.setdefault(run, [])
        for path in paths:
            if path in known:
                why = f"Resource Conflict: ArtifactId ExperimentRun/dcid.{run}/{path} already exists."
                made["errors"][path] = {"error": {"code": "UserError", "message": why}}
            elif len(path) > LONGEST_PATH:
                return refused(400, "ValidationError", f"FieldName=Path, Limit={LONGEST_PATH}")
            else:
                known.append(path)
                made["artifacts"][path] = _record(run, path)
                made["artifactContentInformation"][path] = _place(run, path)
    return told(made)


def _content(state: State, run: str, path: str) -> Answer:
    return told(_place(run, path)) if path in _paths(state, run) else missing(f"artifact {path}")


def _paths(state: State, run: str) -> list[str]:
    return sorted(state.artifacts.get(run, ()))


def blob_of(run: str, path: str) -> str:
    """Where the content of an artifact lies in the storage account."""
    return f"/azureml/ExperimentRun/dcid.{run}/{path}"


def _record(run: str, path: str) -> dict[str, Any]:
    return {
        "artifactId": f"ExperimentRun/dcid.{run}/{path}",
        "origin": "ExperimentRun",
        "container": f"dcid.{run}",
        "path": path,
        "etag": "x",
        "createdTime": "2024-01-01T00:00:00Z",
    }


def _place(run: str, path: str) -> dict[str, Any]:
    address = f"{STORAGE}{quote(blob_of(run, path))}?{SAS}"
    return {"contentUri": address, "origin": "ExperimentRun", "container": f"dcid.{run}", "path": path}
