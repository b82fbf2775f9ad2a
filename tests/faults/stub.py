"""A little server that answers like MLflow's and fails on demand: for faults that the real one cannot be given."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tracked.ports import Point
from tracked.testing import StoredRun

CREATE, LOG, CLOSE, FIND = "runs/create", "runs/log-batch", "runs/update", "runs/search"
_NUMBERS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


class Fault(NamedTuple):
    """How one request fails."""

    status: int = 0
    """What is answered; 0: the connection is reset."""
    body: Any = ""
    headers: Mapping[str, str] = {}
    applied: bool = False
    """Whether the request has its effect all the same."""
    silence: float = 0.0
    """Seconds for which nothing is answered."""
    half: bool = False
    """Whether params and tags are stored, and points are not."""


class Stub:
    """The store behind the server, with all that was asked of it."""

    def __init__(self) -> None:
        self.runs: dict[str, StoredRun] = {}
        self.experiments: dict[str, str] = {"0": "Default"}
        self.asked: list[tuple[float, str]] = []
        self.headers: list[dict[str, str]] = []
        self.fault: Callable[[str, int], Fault | None] = lambda place, number: None
        """Asked with each request and how many there were for its place; None lets it through."""
        self.lock = threading.Lock()
        self.uri = ""

    def times(self, place: str) -> list[float]:
        """When this was asked for."""
        return [time for time, asked in self.asked if asked == place]

    def answer(self, place: str, given: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked."""
        return getattr(self, "_" + place.replace("/", "_").replace("-", "_"))(given)

    def _experiments_get_by_name(self, given: dict[str, Any]) -> dict[str, Any]:
        found = next((i for i, name in self.experiments.items() if name == given["experiment_name"]), None)
        if found is None:
            raise LookupError
        return {
            "experiment": {
                "experiment_id": found,
                "name": self.experiments[found],
                "lifecycle_stage": "active",
            }
        }

    def _experiments_search(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"experiments": []}

    def _runs_create(self, given: dict[str, Any]) -> dict[str, Any]:
        tags = {tag["key"]: tag["value"] for tag in given.get("tags", ())}
        run = StoredRun(
            f"{len(self.runs):032x}", given.get("run_name", ""), "Default", given["start_time"], tags=tags
        )
        self.runs[run.run_id] = run
        return {"run": _shown(run)}

    def _runs_search(self, given: dict[str, Any]) -> dict[str, Any]:
        wanted = given.get("filter", "").partition("= '")[2].rstrip("'")
        return {"runs": [_shown(run) for run in self.runs.values() if wanted in run.tags.values()]}

    def _runs_get(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"run": _shown(self.runs[given["run_id"]])}

    def _runs_log_batch(self, given: dict[str, Any]) -> dict[str, Any]:
        run = self.runs[given["run_id"]]
        for kind in ("params", "tags"):
            getattr(run, kind).update({pair["key"]: pair["value"] for pair in given.get(kind, ())})
        for metric in given.get("metrics", ()):
            value = float(_NUMBERS.get(metric["value"], metric["value"]))
            run.points[Point(metric["key"], value, metric["timestamp"], metric["step"])] = None
        return {}

    def _runs_update(self, given: dict[str, Any]) -> dict[str, Any]:
        run = self.runs[given["run_id"]]
        run.status, run.end_time = given["status"], given["end_time"]
        return {"run_info": _shown(run)["info"]}


def _shown(run: StoredRun) -> dict[str, Any]:
    info = {
        "run_id": run.run_id,
        "experiment_id": "0",
        "status": run.status,
        "start_time": run.start_time,
        "artifact_uri": "",
        "lifecycle_stage": "active",
    }
    pairs = {
        kind: [{"key": k, "value": v} for k, v in getattr(run, kind).items()] for kind in ("params", "tags")
    }
    return {"info": info, "data": pairs}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: Stub

    def do_GET(self) -> None:
        self._do(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        self._do(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _do(self, given: dict[str, Any]) -> None:
        place = urlsplit(self.path).path.partition("/mlflow/")[2]
        with self.stub.lock:
            self.stub.asked.append((time.monotonic(), place))
            self.stub.headers.append(dict(self.headers))
            fault = self.stub.fault(place, len(self.stub.times(place)))
            answer = self._answer(place, _halved(given) if fault and fault.half else given, fault)
        if fault is None:
            self._send(*answer)
            return
        time.sleep(fault.silence)
        if fault.status:
            self._send(fault.status, fault.body, fault.headers)
        else:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, place: str, given: dict[str, Any], fault: Fault | None) -> tuple[int, Any]:
        if fault and not fault.applied and not fault.half:
            return 0, ""
        try:
            return 200, self.stub.answer(place, given)
        except LookupError:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {place} of {given}"}

    def _send(self, status: int, body: Any, headers: Mapping[str, str] = {}) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _halved(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "metrics"}


@contextmanager
def stub_server() -> Iterator[Stub]:
    """A server on the loopback."""
    stub = Stub()
    handler = type("Handler", (_Handler,), {"stub": stub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        stub.uri = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield stub
        server.shutdown()
