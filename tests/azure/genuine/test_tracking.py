"""Our backend over the genuine plugin: limits, refusals, outages and what is written twice."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from tests.azure.emulator import limits, names
from tests.azure.genuine.programs import run
from tracked.azure import bind
from tracked.errors import BackendUnavailable, LoginRefused
from tracked.mlflow.backend import MlflowBackend
from tracked.ports import File
from tracked.records import Opened
from tracked.session import workspaces

pytestmark = pytest.mark.usefixtures("loaded")
OPENED = Opened("a" * 32, 1_700_000_000_000, "r", "tracking")


@pytest.fixture
def backend(azure, monkeypatch) -> MlflowBackend:
    """As in the shipper's process."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", names.TRACKING_URI)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    workspaces.take(names.TRACKING_URI)
    return MlflowBackend(names.TRACKING_URI)


@pytest.fixture
def run_id(backend) -> str:
    """A run that is there."""
    return backend.create(OPENED, None).run_id


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (
            429,
            {"error": {"code": "TooManyRequests", "message": "slow down"}},
            BackendUnavailable,
            None,
        ),
        (503, {}, BackendUnavailable, None),
        (
            403,
            {"error": {"code": "AuthorizationFailed", "message": "no"}},
            LoginRefused,
            "AzureML Data Scientist",
        ),
        (
            401,
            {"error": {"code": "UserError", "innerError": {"code": "AuthenticationFailed"}}},
            LoginRefused,
            "log in",
        ),
        (0, {}, BackendUnavailable, None),
    ],
)
def test_an_answer_is_understood(azure, backend, run_id, status, body, kind, message) -> None:
    """429, 5xx and broken connections may pass; 401 and 403 wait for a person and say for what."""
    azure.fault("runs/log-batch", status, body=json.dumps(body))
    with pytest.raises(kind, match=message) as raised:
        backend.log(run_id, [], {"a": "1"}, {})
    assert kind is type(raised.value)
    backend.log(run_id, [], {"a": "1"}, {})
    assert "1" == backend.param(run_id, "a")


def test_files_go_both_ways_more_than_once(backend, run_id, tmp_path) -> None:
    """The manifest, too, can be written only once under a name: each upload writes a new one."""
    for name, content in (("a.bin", b"a" * 300_000), ("deep/b.txt", b"b"), ("deep/er/c", b"")):
        source = tmp_path / "source"
        source.write_bytes(content)
        assert {} == backend.upload(run_id, [File(name, source)])
    assert {} == MlflowBackend(names.TRACKING_URI).upload(
        run_id, [File("a.bin", _of(tmp_path, b"a" * 300_000))]
    )


def _of(folder, content):
    path = folder / "again"
    path.write_bytes(content)
    return path


def test_another_process_is_bound_by_the_reference_alone(azure, backend, run_id) -> None:
    """A worker that is told how to log in does so by itself; no token is in its environment."""
    told, _ = run(
        f"""
        import json, os
        from tracked.session import workspaces
        from tracked.mlflow.client import client_for
        workspaces.take({names.TRACKING_URI!r})
        client = client_for({names.TRACKING_URI!r})
        print(json.dumps({{"name": client.get_run({run_id!r}).info.run_name}}))
        """,
        **{bind.REFERENCE: "environment"},
    )
    assert {"name": "r"} == told


@pytest.mark.parametrize(
    ("limit", "write"),
    [
        ("Limit=250", lambda c, r: c.log_batch(r, [Metric("m", 1.0, t, t) for t in range(251)])),
        ("Limit=50", lambda c, r: c.log_batch(r, [Metric(f"m{i}", 1.0, 0, 0) for i in range(51)])),
        ("Limit=50", lambda c, r: c.log_batch(r, tags=[RunTag(f"t{i}", "x") for i in range(50)])),
        ("Limit=1000", lambda c, r: c.set_tag(r, "t", "x" * 1001)),
        ("Limit=100", lambda c, r: c.set_tag(r, "t" * 101, "x")),
        (
            "Limit=200",
            lambda c, r: [
                c.log_batch(r, params=[Param(f"p{i}-{j}", "x") for j in range(70)]) for i in range(3)
            ],
        ),
        (
            "order by",
            lambda c, r: c.search_runs([c.get_run(r).info.experiment_id], order_by=["metrics.m DESC"]),
        ),
        ("!= of a tag", lambda c, r: c.search_runs([c.get_run(r).info.experiment_id], "tags.stage != 'x'")),
    ],
)
def test_the_emulator_keeps_azures_limits(backend, run_id, limit, write) -> None:
    """What Azure refuses, the emulator refuses; else our tests would prove nothing of it."""
    assert limits.TAGS == 50
    with pytest.raises(MlflowException, match=limit):
        write(backend.client, run_id)


def test_one_azure_knows_logged_models_and_the_other_does_not(azure, backend, run_id) -> None:
    """What the two differ in: else the second pass over these tests would prove nothing."""
    answer = pytest.raises(MlflowException, match="404") if not azure.logged_models else nullcontext()
    with answer:
        backend.client.search_logged_models([backend.client.get_run(run_id).info.experiment_id])
    status = 200 if azure.logged_models else 404
    assert {status} == {each.status for each in azure.log("logged-models")}


def test_a_host_that_is_not_emulated_is_not_reached(azure) -> None:
    """Nothing leaves the machine."""
    import requests

    answer = requests.get("https://westus.api.azureml.ms/x", timeout=20)
    assert (502, "NotEmulated") == (answer.status_code, answer.json()["error"]["code"])
