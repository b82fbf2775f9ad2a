"""A store that fails in every way it can, while the shipper delivers: all arrives, once, and nobody hammers at it."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from math import inf, isfinite, nan

import pytest

from tests.faults.stub import CLOSE, CREATE, FIND, LOG, Fault, stub_server
from tests.journals import NOW, RUN, expected_points, journal, opened, whole_run
from tests.stores import all_runs
from tracked import tags as t
from tracked.errors import BackendUnavailable, LoginRefused
from tracked.journal.folder import Folder
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.taming import tame_environment
from tracked.records import Metrics
from tracked.shipper import status
from tracked.shipper.loop import Shipper
from tracked.shipper.status import read_status

POOL = "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00"
LOGIN = "API request to endpoint failed with error code 401 != 200. Response body: 'token expired'"


@pytest.fixture
def stub():
    with stub_server() as server:
        yield server


@pytest.fixture
def folder(tmp_path, mocker):
    mocker.patch("tracked.journal.disk.sync_to_disk")
    return Folder(tmp_path / "journals").made()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch, mocker):
    """As in the shipper's process; and pauses of a test."""
    environ = {}
    tame_environment(environ)
    for name, value in {**environ, "MLFLOW_HTTP_REQUEST_TIMEOUT": "1"}.items():
        monkeypatch.setenv(name, value)
    mocker.patch("tracked.shipper.loop.LONGEST_WAIT", 0.05)
    mocker.patch("tracked.shipper.loop.PACE", 0.02)


@contextmanager
def serving(folder, uri):
    """A shipper at work."""
    stop = threading.Event()
    shipper = Shipper(folder, lambda: MlflowBackend(uri), stop=stop)
    thread = threading.Thread(target=shipper.serve, args=(0.0,), daemon=True)
    thread.start()
    yield shipper, thread
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def served(folder, uri):
    """Serve until nothing is left."""
    with serving(folder, uri) as (shipper, thread):
        thread.join(20)
        assert not folder.journals(), read_status(folder.status)
    return shipper


def check(stub):
    """The run of :func:`whole_run` is there, once and whole."""
    (run,) = stub.runs.values()
    assert expected_points() == list(run.points)
    assert ({"lr": "0.1"}, "last", "FINISHED", NOW + 99) == (
        run.params,
        run.tags["state"],
        run.status,
        run.end_time,
    )
    assert RUN == run.tags[t.LOCAL_ID]


STORMS = {
    "503": Fault(503, "<html>busy</html>"),
    "502 of a proxy": Fault(502, "<html>bad gateway</html>"),
    "500": Fault(500, {"error_code": "INTERNAL_ERROR", "message": "oops"}),
    "pool exhausted, as a bad request": Fault(400, {"error_code": "BAD_REQUEST", "message": POOL}),
    "database locked": Fault(500, {"error_code": "INTERNAL_ERROR", "message": "database is locked"}),
    "429": Fault(429, {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"}),
    "a page in place of JSON": Fault(200, "<html>log in</html>"),
    "reset": Fault(),
    "reset, applied": Fault(applied=True),
    "503, applied": Fault(503, "late", applied=True),
    "between the two commits": Fault(500, {"error_code": "INTERNAL_ERROR", "message": "oops"}, half=True),
}


@pytest.mark.parametrize("name", STORMS)
def test_a_storm_loses_and_doubles_nothing(folder, stub, name):
    """Each request fails twice, had its effect or not: in the end each run and each point is there, once."""
    journal(folder, whole_run())
    stub.fault = lambda place, number: STORMS[name] if number <= 2 and place != FIND else None
    served(folder, stub.uri)
    check(stub)
    assert not folder.aside.exists()


def test_a_server_that_asks_for_time_gets_it(folder, stub):
    """Retry-After is kept to: nothing is asked before, and all is delivered after it."""
    journal(folder, whole_run())
    stub.fault = lambda place, number: (
        Fault(429, "", {"Retry-After": "1"}) if place == LOG and number == 1 else None
    )
    served(folder, stub.uri)
    check(stub)
    first, second = stub.times(LOG)[:2]
    assert 1.0 <= second - first < 5.0
    between = [place for at, place in stub.asked if first < at < first + 1.0]
    assert [] == between


@pytest.mark.parametrize("place", [CREATE, LOG, CLOSE])
@pytest.mark.parametrize(
    "refusal",
    [
        Fault(500, {"error_code": "INTERNAL_ERROR", "message": LOGIN}),
        Fault(401, "who are you?"),
        Fault(403, {"error_code": "PERMISSION_DENIED", "message": "not yours"}),
    ],
    ids=["INTERNAL_ERROR", "401", "403"],
)
def test_a_refused_login_is_asked_once_and_keeps_everything(folder, stub, place, refusal):
    """Also where it arrives as an internal error: no second try, the reason is told, a good login delivers all."""
    journal(folder, whole_run())
    stub.fault = lambda asked, number: refusal if asked == place else None
    with serving(folder, stub.uri) as (shipper, thread):
        thread.join(10)
        assert not thread.is_alive()
    assert shipper.refused
    assert 1 == len(stub.times(place))
    told = read_status(folder.status)
    assert status.REFUSED == told.phase
    assert any(word in told.error for word in ("401", "token", "not yours"))
    stub.fault = lambda *_: None
    served(folder, stub.uri)
    check(stub)


def test_a_black_hole_is_left_after_its_time_and_served_when_it_answers(folder, stub):
    """A server that accepts and never answers costs one time-out a try, and its end is noticed."""
    journal(folder, whole_run())
    stub.fault = lambda place, number: Fault(silence=20.0) if number <= 1 and place == LOG else None
    began = time.monotonic()
    served(folder, stub.uri)
    check(stub)
    assert 1.0 <= time.monotonic() - began < 10


def test_while_a_server_is_silent_the_status_says_who_waits_for_it(folder, stub):
    """Nobody who waits needs to guess: the phase is told before, and the failure after."""
    journal(folder, whole_run())
    stub.fault = lambda place, number: Fault(silence=20.0)
    with serving(folder, stub.uri):
        until = time.monotonic() + 10
        # Each look is one reading: between two of them the phase may change.
        while (told := read_status(folder.status)).phase != status.WAITING and time.monotonic() < until:
            assert told.phase in (status.GONE, status.STARTING)
            time.sleep(0.02)
        assert "timed out" in told.error


@pytest.mark.parametrize(
    "uri", ["http://no-such-host.invalid:5000", "http://127.0.0.1:9"], ids=["DNS", "refused"]
)
def test_a_server_that_cannot_be_reached_keeps_everything(folder, uri, stub):
    """No name or no port: the store counts as down, and what is kept goes to it when it is there."""
    journal(folder, whole_run())
    with pytest.raises(BackendUnavailable) as caught:
        Shipper(folder, lambda: MlflowBackend(uri)).drain()
    assert not isinstance(caught.value, LoginRefused)
    served(folder, stub.uri)
    check(stub)


def test_the_store_is_asked_less_and_less_while_it_is_down(folder, stub, mocker):
    """An outage of hours is no flood: the pauses double."""
    mocker.patch("tracked.shipper.loop.LONGEST_WAIT", 60.0)
    mocker.patch("tracked.shipper.loop._JITTER.uniform", return_value=0.05)
    journal(folder, whole_run())
    stub.fault = lambda place, number: Fault(503, "down")
    with serving(folder, stub.uri):
        time.sleep(2.0)
    asked = [at for at, _ in stub.asked]
    assert 4 <= len(asked) <= 9
    assert asked[-1] - asked[-2] > 2 * (asked[1] - asked[0])


def test_odd_numbers_survive_a_storm(folder, stub):
    """NaN and the infinities are the same after a second try as after a first."""
    odd = {"nan": nan, "inf": inf, "less": -inf, "large": 1.7e308, "small": 5e-324}
    written = {key: value if isfinite(value) else str(value) for key, value in odd.items()}
    journal(folder, [opened(), Metrics(RUN, NOW, 1, written)])
    stub.fault = lambda place, number: Fault(applied=True) if place == LOG and number == 1 else None
    Shipper(folder, lambda: MlflowBackend(stub.uri)).serve(0.0)
    (run,) = stub.runs.values()
    assert {key: repr(value) for key, value in odd.items()} == {p.key: repr(p.value) for p in run.points}
    assert {t.INFINITE + "inf", t.INFINITE + "less"} <= run.tags.keys()


@pytest.mark.slow  # MLflow itself waits for 20 s
def test_a_locked_database_is_waited_for(folder, tmp_path, templates):
    """While somebody else writes to the sqlite file the store counts as down; then all arrives, once."""
    path = tmp_path / "store.db"
    uri = f"sqlite:///{path}"
    backend = MlflowBackend(uri, templates)
    backend.create(opened("f" * 32), None)
    journal(folder, whole_run())
    with closing(sqlite3.connect(path)) as other, serving(folder, uri):
        other.execute("BEGIN EXCLUSIVE")
        until = time.monotonic() + 120
        while read_status(folder.status).phase != status.WAITING and time.monotonic() < until:
            time.sleep(0.02)
        assert "locked" in read_status(folder.status).error
        other.rollback()
        while folder.journals() and time.monotonic() < until:
            time.sleep(0.02)
    (run,) = (run for run in all_runs(backend.client).values() if run.tags[t.LOCAL_ID] == RUN)
    assert ("FINISHED", expected_points()) == (run.status, sorted(run.points, key=lambda point: point.step))
