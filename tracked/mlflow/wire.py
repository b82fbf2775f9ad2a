"""Writing runs by the shortest way that MLflow offers.

MLflow's client makes three copies of each point on its way to a server, which costs five times as much as all the
rest; it tries again by itself, and hides what an answer of 500 or more says.  To a plain server go the documented
requests instead, with MLflow's own credentials and headers.  All that is here raises what MLflow raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

import orjson
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunStatus, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.rest_store import RestStore
from mlflow.utils.rest_utils import http_request, verify_rest_response
from requests import HTTPError

from ..ports import Point, RemoteRun

_API = "/api/2.0/mlflow/"
_JSON = {"Content-Type": "application/json"}
_ONCE = {"max_retries": 0, "raise_on_status": False}
"""Whoever calls does the waiting, also in a process whose environment is not ours to change."""


def knock(client: MlflowClient) -> None:
    """See whether a server answers, before MLflow's client asks it something: that would ask for minutes."""
    store = _own_store(client)
    if isinstance(store, RestStore):
        _ask(store, "GET", "experiments/search", params={"max_results": 1})


def create(client: MlflowClient, experiment: str, time: int, tags: Mapping[str, str], name: str) -> RemoteRun:
    """Make a run."""
    store = _own_store(client)
    if isinstance(store, RestStore):
        given = {"experiment_id": experiment, "start_time": time, "tags": _pairs(tags), "run_name": name}
        info = _post(store, "runs/create", given)["run"]["info"]
        return RemoteRun(info["run_id"], info["experiment_id"], info.get("artifact_uri", ""))
    made = client.create_run(experiment, time, dict(tags), name or None).info
    return RemoteRun(made.run_id, made.experiment_id, made.artifact_uri or "")


def send(
    client: MlflowClient,
    run_id: str,
    points: Sequence[Point],
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> None:
    """Write a batch that keeps within the limits."""
    store = _own_store(client)
    if isinstance(store, RestStore):
        metrics = [
            {"key": key, "value": _json(value), "timestamp": time, "step": step}
            for key, value, time, step in points
        ]
        given = {"run_id": run_id, "metrics": metrics, "params": _pairs(params), "tags": _pairs(tags)}
        _post(store, "runs/log-batch", given)
        return
    (store or client).log_batch(
        run_id,
        [Metric(key, value, time, step) for key, value, time, step in points],
        [Param(*pair) for pair in params.items()],
        [RunTag(*pair) for pair in tags.items()],
    )


def end(client: MlflowClient, run_id: str, status: str, time: int) -> None:
    """Set the end state of a run.

    MLflow's client would read the run for an address to print, and end the whole process's asynchronous logging.
    """
    store = _own_store(client)
    if isinstance(store, RestStore):
        _post(store, "runs/update", {"run_id": run_id, "status": status, "end_time": time})
    elif store is not None:
        store.update_run_info(run_id, RunStatus.from_string(status), time, None)
    else:
        client.set_terminated(run_id, status, time)


def _own_store(client: MlflowClient) -> Any:
    """What is behind the client, if it is MLflow's own server or database: stores of others bring their own rules."""
    store = getattr(getattr(client, "_tracking_client", None), "store", None)
    is_server = type(store) is RestStore and hasattr(store, "get_host_creds")
    return store if is_server or hasattr(store, "engine") else None


def _post(store: Any, what: str, given: Mapping[str, Any]) -> Any:
    return _ask(store, "POST", what, extra_headers=_JSON, data=orjson.dumps(given))


def _ask(store: Any, method: str, what: str, **given: Any) -> Any:
    request: Any = http_request
    answer = request(store.get_host_creds(), _API + what, method, **given, **_ONCE)
    try:
        return orjson.loads(verify_rest_response(answer, _API + what).content)
    except MlflowException as error:
        # MLflow's exceptions do not tell the headers, one of which says how long to wait.
        raise error from HTTPError(response=answer)


def _pairs(values: Mapping[str, str]) -> Iterable[Mapping[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _json(value: float) -> float | str:
    """The number, or its name where JSON has none, as Protocol Buffers write it."""
    return value if isfinite(value) else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")
