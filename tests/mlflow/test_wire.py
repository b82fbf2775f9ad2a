"""The short ways of a run into a store: what goes over the wire, with whose credentials, and what fails how."""

from __future__ import annotations

import email.utils
import math
import time

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.rest_store import RestStore

from tests.faults.stub import CREATE, LOG, Fault, stub_server
from tests.journals import NOW
from tracked.errors import BackendUnavailable
from tracked.mlflow import wire
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.faults import told
from tracked.ports import Point
from tracked.testing.contract import opened


@pytest.fixture
def stub():
    with stub_server() as server:
        yield server


@pytest.fixture
def client(stub):
    return MlflowClient(stub.uri)


def test_a_run_written_the_short_way_is_the_one_that_mlflow_s_client_writes(stub, client, mocker):
    """Each field arrives as MLflow's own client would send it, odd numbers and letters too."""
    points = [Point("a/ä", 0.1, NOW, 3), Point("n", math.nan, NOW, 0), Point("i", math.inf, NOW, -1)]
    params, tags = {"lr": "0.1", "ö": "\u2028"}, {"t": "ß"}
    ways = {}
    for way in ("short", "client"):
        if way == "client":
            mocker.patch("tracked.mlflow.wire._own_store", return_value=None)
            mocker.patch.object(client._tracking_client, "_log_url")
        made = wire.create(client, "0", NOW, {"first": "tag"}, "name")
        wire.send(client, made.run_id, points, params, tags)
        wire.end(client, made.run_id, "FAILED", NOW + 1)
        run = stub.runs[made.run_id]
        ways[way] = repr(
            (run.name, run.start_time, run.status, run.end_time, run.params, run.tags, run.points)
        )
    assert ways["client"] == ways["short"]


def test_mlflow_s_own_credentials_and_headers_go_along(stub, client, monkeypatch):
    """Whatever logs MLflow in logs us in: names, tokens, and what is set after the client was made."""
    for name, value in (("USERNAME", "me"), ("PASSWORD", "secret")):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    run = wire.create(client, "0", NOW, {}, "name").run_id
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "a-token")
    wire.send(client, run, [], {"lr": "1"}, {})
    basic, bearer = (headers["Authorization"] for headers in stub.headers[-2:])
    assert ("Basic bWU6c2VjcmV0", "Bearer a-token") == (basic, bearer)
    assert stub.headers[-1]["User-Agent"].startswith("mlflow-python-client/")


@pytest.mark.parametrize("place", [CREATE, LOG])
def test_nothing_is_sent_twice_by_itself(stub, client, place):
    """Also where the environment lets MLflow try again: the shipper waits, and a second create makes a second run."""
    stub.fault = lambda asked, number: Fault(503, "busy") if asked == place else None
    with pytest.raises(MlflowException):
        wire.send(client, wire.create(client, "0", NOW, {}, "").run_id, [], {}, {})
    assert 1 == len(stub.times(place))


def test_a_server_that_is_down_is_not_asked_for_minutes(monkeypatch):
    """Without the shipper's environment too, in a thread of the user's process: the first failure is told at once."""
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    began = time.monotonic()
    with pytest.raises(BackendUnavailable, match="refused"):
        MlflowBackend("http://127.0.0.1:9").create(opened(), None)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (100, 100.0),
        (-100, 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        (None, 0.0),
    ],
    ids=["seconds", "a later time", "an earlier time", "no time", "below zero", "nothing"],
)
def test_what_a_server_asks_for_is_told(stub, client, header, seconds):
    """Retry-After reaches the shipper, as a number or as a date; nonsense counts for nothing."""
    if isinstance(header, int):  # as a date, so many seconds from now
        header = email.utils.formatdate(time.time() + header, usegmt=True)
    headers = {} if header is None else {"Retry-After": header}
    stub.fault = lambda *_: Fault(429, {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow"}, headers)
    with pytest.raises(BackendUnavailable, match="slow") as caught, told():
        wire.send(client, "run", [], {}, {})
    tolerance = 60 if header and header.endswith("GMT") else 0
    assert caught.value.after == pytest.approx(seconds, abs=tolerance)


def test_stores_of_others_keep_their_client(stub, mocker):
    """What has made MLflow's store its own, as Azure's and Databricks' have, is met as MLflow's users meet it."""

    class Theirs(RestStore):
        """A plugin's."""

    client = MlflowClient(stub.uri)
    store = Theirs(client._tracking_client.store.get_host_creds)
    mocker.patch.object(type(client._tracking_client), "store", store)
    called = [mocker.patch.object(client, name) for name in ("create_run", "log_batch", "set_terminated")]
    wire.create(client, "0", NOW, {}, "name")
    wire.send(client, "run", [Point("a", 1.0, NOW, 0)], {}, {})
    wire.end(client, "run", "FINISHED", NOW)
    assert [1, 1, 1] == [call.call_count for call in called]
    assert [] == stub.asked


def test_an_mlflow_without_its_inner_parts_is_still_served(stub, client, mocker):
    """Should MLflow be built otherwise one day, its public client does it all."""
    log = mocker.patch.object(client, "log_batch")
    mocker.patch.object(type(client._tracking_client), "store", object())
    wire.send(client, "run", [Point("a", 1.0, NOW, 0)], {}, {})
    assert 1 == log.call_count


def test_a_model_that_is_active_in_the_program_gets_none_of_our_points(sqlite_uri, templates, mocker):
    """In a thread of the user's process, the points of a run are not taken for those of a model that is open there."""
    backend = MlflowBackend(sqlite_uri, templates)
    run = backend.create(opened(), None).run_id
    asked = mocker.patch("mlflow.tracking.fluent.get_active_model_id", return_value="m-0")
    backend.log(run, [Point("a", 1.0, NOW, 0)], {}, {})
    assert 0 == asked.call_count


def test_ending_a_run_leaves_the_program_s_own_logging_alone(sqlite_uri, templates, mocker):
    """The end of one of our runs does not stop MLflow's asynchronous logging, which is one for the whole process."""
    backend = MlflowBackend(sqlite_uri, templates)
    run = backend.create(opened(), None).run_id
    stopped = mocker.spy(backend.client._tracking_client.store, "shut_down_async_logging")
    backend.close(run, "FINISHED", NOW)
    assert "FINISHED" == backend.client.get_run(run).info.status
    assert 0 == stopped.call_count


def test_ending_a_run_prints_nothing(stub, client, capsys):
    """MLflow's client would tell addresses on stdout, which is the program's."""
    wire.end(client, wire.create(client, "0", NOW, {}, "").run_id, "FINISHED", NOW)
    assert "" == capsys.readouterr().out


def test_a_point_costs_the_client_little(stub, client, mocker):
    """What is spent on this side of the wire for a thousand points is a fraction of what MLflow's client spends."""
    points = [Point("loss", i * 0.5, NOW + i, i) for i in range(1000)]
    mocker.patch("tracked.mlflow.wire.http_request", side_effect=lambda *_, **__: _Fine())
    mocker.patch("mlflow.utils.rest_utils.http_request", side_effect=lambda *_, **__: _Fine())
    ours, theirs = [], []
    for _ in range(7):
        ours.append(cpu(lambda: wire.send(client, "run", points, {}, {})))
        metrics = [mlflow.entities.Metric(*point) for point in points]
        theirs.append(cpu(lambda metrics=metrics: client.log_batch("run", metrics)))
    assert min(ours) < min(theirs) / 5


def cpu(call):
    """Processor time of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


class _Fine:
    """An answer."""

    status_code, text, content = 200, "{}", b"{}"
