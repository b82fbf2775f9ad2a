"""Hostile files and hostile answers: a typed error, or put aside; never a crash, never a path out of the folder.

Bundles are fuzzed where they are tested.  `make test` tries some hundred inputs of each kind, `make test-all` more:
as many as FUZZ_INPUTS says, such as 100000.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journals import DEAD, NOW, RUN, by_local_id, expected_points, opened, points
from tests.scripts import await_
from tests.servers import free_port
from tracked.errors import ConfigError, TrackedError
from tracked.journal import ids, lines
from tracked.journal.acks import read_ack
from tracked.journal.folder import Folder, ack_of
from tracked.mlflow.backend import MlflowBackend
from tracked.ports import File, Point
from tracked.records import to_json
from tracked.session import place, waiting
from tracked.shipper.loop import Shipper
from tracked.shipper.status import WAITING, Watch, read_status
from tracked.testing import MemoryBackend

TEXTS = st.sampled_from(
    [RUN, "", "..", "../../x", "/etc/passwd", "a\0b", "x" * 300, "files", "nan", "FINISHED"]
) | st.text(max_size=5)
NUMBERS = st.sampled_from([0, 1, -1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), NOW]) | st.floats(
    allow_nan=False, allow_infinity=False
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from(["opened", "params", "metrics", "tags", "artifact", "closed", "writer"])
VALUES = st.dictionaries(TEXTS, TEXTS | NUMBERS, max_size=2)
RECORDS = st.one_of(
    st.builds(lambda kind, rest: [kind, RUN, *rest], KINDS, st.lists(JSON, max_size=8)),
    st.builds(lambda *f: ["artifact", RUN, *f], TEXTS, TEXTS, NUMBERS),
    st.builds(lambda *f: ["metrics", RUN, *f], NUMBERS, NUMBERS | VALUES, VALUES),
    st.builds(lambda kind, values: [kind, RUN, values], st.sampled_from(["params", "tags"]), VALUES),
    JSON,
)
LINES = RECORDS.map(lambda value: lines.line_of(json.dumps(value).encode()))
BYTES = st.binary(max_size=80)
FILES = st.lists(LINES | BYTES, max_size=6).map(b"".join)


def fuzz(inputs: int):
    return settings(
        max_examples=inputs, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


MANY = pytest.param(int(os.environ.get("FUZZ_INPUTS", "3000")), marks=pytest.mark.slow, id="many")
SOME = pytest.mark.parametrize("inputs", [300, MANY])


@pytest.fixture(autouse=True)
def _quick(mocker):
    mocker.patch("tracked.journal.disk.sync_to_disk")


@SOME
def test_a_hostile_journal_costs_itself_only(tmp_path, inputs):
    """Whatever stands in a journal and in the marks beside it, the good lines arrive, and nothing leaves the folder."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")

    @fuzz(inputs)
    @given(hostile=FILES, ack=FILES, known=FILES)
    def tried(hostile, ack, known):
        folder = Folder(tmp_path / "stores" / "one")
        shutil.rmtree(folder.path, ignore_errors=True)
        path = folder.made().path / "1-1-one.journal"
        good = [lines.encode(to_json(record)) for record in (opened(), *points())]
        path.write_bytes(b"".join([lines.encode(["writer", DEAD]), good[0], hostile, *good[1:]]))
        ack_of(path).write_bytes(ack)
        folder.ids.write_bytes(known)
        backend = MemoryBackend()
        Shipper(folder, lambda: backend).drain()
        assert [] == folder.journals()
        assert b"mine" == outside.read_bytes()
        if not ack and not known:
            assert {*expected_points()} <= {*by_local_id(backend)[RUN].points}

    tried()


@SOME
def test_what_a_hostile_folder_tells_is_not_believed(tmp_path, inputs):
    """Status, ids, acknowledgements, target: any bytes are read as nothing, or as values of the right types."""
    fields = st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("phase", "pid", "time", "error", "set_aside", "by", "versions", "uri", "store"), JSON
        ),
    )
    told = (
        fields.map(lambda value: json.dumps(value).encode())
        | JSON.map(lambda v: json.dumps(v).encode())
        | BYTES
    )

    @fuzz(inputs)
    @given(told=told, marks=FILES)
    def tried(told, marks):
        folder = Folder(tmp_path / "stores" / "one").made()
        for path in (folder.status, folder.target):
            path.write_bytes(told)
        ack_of(folder.path / "1-1-one.journal").write_bytes(marks)
        folder.ids.write_bytes(marks)
        status = read_status(folder.status)
        assert [str, int, str, int] == [
            type(v) for v in (status.phase, int(status.pid), status.error, int(status.set_aside))
        ]
        assert status.by.get("host") is None or status.by
        Watch(folder.status).look()
        with suppress(ConfigError):
            assert isinstance(place.uri_of(folder), str)
        assert not place.is_for(folder, tmp_path, "http://example.org")
        assert read_ack(folder.path / "1-1-one.journal").at >= 0
        ids.read(folder)
        waiting.Ids(folder).get(RUN)

    tried()


@pytest.fixture(scope="module")
def liar() -> Iterator[ThreadingHTTPServer]:
    """A server that answers whatever it is told to."""

    class Lies(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = self.server.lie
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - called so by the library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Lies)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


_INFO = ("run_id", "run_uuid", "experiment_id", "artifact_uri", "status", "start_time", "lifecycle_stage")
RUN_INFO = st.fixed_dictionaries({}, optional=dict.fromkeys(_INFO, JSON))
ANSWERS = st.one_of(
    JSON,
    st.fixed_dictionaries({"run": st.fixed_dictionaries({}, optional={"info": RUN_INFO, "data": JSON})}),
    st.fixed_dictionaries({"runs": st.lists(st.fixed_dictionaries({"info": RUN_INFO}), max_size=2)}),
    st.fixed_dictionaries(
        {"files": st.lists(st.fixed_dictionaries({"path": TEXTS, "is_dir": JSON}), max_size=2)}
    ),
    st.fixed_dictionaries({"experiment": st.dictionaries(st.sampled_from(["experiment_id", "name"]), TEXTS)}),
    st.fixed_dictionaries({"error_code": TEXTS, "message": JSON}),
)
BODIES = ANSWERS.map(lambda value: json.dumps(value).encode()) | BYTES


@pytest.mark.parametrize("inputs", [60, MANY])
def test_a_server_that_lies_gets_a_typed_error(tmp_path, liar, inputs, monkeypatch):
    """Whatever a server answers, each method returns or raises one of our errors, and no file is written."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (tmp_path / "w.bin").write_bytes(b"w")
    backend = MlflowBackend(f"http://127.0.0.1:{liar.server_address[1]}")
    calls = [
        lambda: backend.create(opened(), None),
        lambda: backend.find(opened()),
        lambda: backend.log("r", [Point("a", 1.0, NOW, 0)], {"p": "1"}, {"t": "1"}),
        lambda: backend.param("r", "p"),
        lambda: backend.upload("r", [File("w.bin", tmp_path / "w.bin")], lambda: None),
        lambda: backend.remove("r", "w.bin"),
        lambda: backend.close("r", "FINISHED", NOW),
        lambda: backend.status("r"),
        lambda: backend.running("0"),
    ]

    @fuzz(inputs)
    @given(status=st.sampled_from([200, 200, 200, 400, 404, 500, 302, 204]), body=BODIES)
    def tried(status, body):
        liar.lie = status, body
        for call in calls:
            with suppress(TrackedError):
                call()

    before = sorted(tmp_path.rglob("*"))
    tried()
    assert before == sorted(tmp_path.rglob("*"))


PROGRAM = """
import sys
from tracked import track, tracked_training

@tracked_training
def train(password):
    track.log(acc=1)
    track.tag(said=f"with {password}")
    raise ValueError(f"no login with {password}")

try:
    train(sys.argv[1])
except ValueError:
    pass
"""


def test_credentials_are_nowhere_on_the_disk(tmp_path, home):
    """The store is down, its login in URI and environment, a password in params, tag and error: no file holds them."""
    secrets = ["hunter2-of-the-uri", "swordfish-of-the-environment", "rosebud-of-a-param"]
    environ = {
        "TRACKED_TRACKING_URI": f"http://me:{secrets[0]}@127.0.0.1:{free_port()}",
        "MLFLOW_TRACKING_PASSWORD": secrets[1],
        "TRACKED_EXIT_TIMEOUT": "20",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, secrets[2]],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (folder,) = (path.parent for path in home.rglob("*.journal"))
    # Until the shipper has told of its failure.
    await_(lambda: read_status(folder / "shipper.json").phase == WAITING, "no shipper waits")
    os.kill(read_status(folder / "shipper.json").pid, signal.SIGTERM)
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {"shipper.json", "target.json", "shipper.log"} <= {path.name for path in files}
    written = b"".join(path.read_bytes() for path in files) + done.stderr.encode()
    assert [] == [secret for secret in secrets if secret.encode() in written]
    assert 0o700 == folder.stat().st_mode & 0o777
    telling = [path for path in folder.iterdir() if path.suffix in (".journal", ".json", ".ack")]
    assert {0o600} == {path.stat().st_mode & 0o777 for path in telling}
