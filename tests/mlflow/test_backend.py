import math
import time
from pathlib import Path
from uuid import uuid4

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST

from tracked import tags as t
from tracked.errors import BackendUnavailable, Refused
from tracked.mlflow.backend import MlflowBackend
from tracked.ports import File, Point
from tracked.records import Opened
from tracked.tags import INFINITE

NOW = 1_700_000_000_000


def opened(**fields):
    """A run that begins."""
    return Opened(**{"run": uuid4().hex, "time": NOW, "name": "train", "experiment": "backend", **fields})


def test_a_run_is_made_with_everything_at_once(backend):
    """Name, time, origin, identity and parent are there from the first moment, the experiment too."""
    given = {
        t.MLFLOW_USER: "ada",
        t.MLFLOW_SOURCE_NAME: "train.py",
        t.MLFLOW_SOURCE_TYPE: "LOCAL",
        t.STAGE: "hpo",
    }
    record = opened(tags=given)
    parent = backend.create(opened(), None)
    made = backend.create(record, parent.run_id)
    run = backend.client.get_run(made.run_id)
    assert (NOW, "train", "RUNNING") == (run.info.start_time, run.info.run_name, run.info.status)
    assert "backend" == backend.client.get_experiment(made.experiment_id).name
    assert {
        **given,
        t.LOCAL_ID: record.run,
        t.MLFLOW_NAME: "train",
        t.MLFLOW_PARENT: parent.run_id,
    } == run.data.tags
    assert made.artifact_uri == run.info.artifact_uri


def test_an_ambiguous_create_is_found(backend):
    """A run whose creation was never confirmed is found by our own id; one that was never made is not."""
    record = opened()
    assert backend.find(record) is None
    made = backend.create(record, None)
    assert made == backend.find(record)
    assert backend.find(opened()) is None
    assert backend.find(opened(experiment="never made")) is None


def test_a_run_is_joined(backend):
    """A run that exists already is joined and not owned; one that does not exist is not found."""
    made = backend.create(opened(), None)
    assert made._replace(owned=False) == backend.find(opened(attach=made.run_id))
    assert backend.find(opened(attach="0" * 32)) is None


def test_hashes_of_a_named_run_win(backend):
    """Study and trial hashes of the run to inherit from win, also under the former system's keys."""
    theirs = backend.create(opened(tags={"code.study_key_hash": "old", t.TRIAL_KEY_HASH: "trial"}), None)
    ours = {t.STUDY_KEY_HASH: "computed", t.STUDY_FAMILY_HASH: "family"}
    made = backend.create(opened(tags=ours, inherit=theirs.run_id), None)
    tags = backend.client.get_run(made.run_id).data.tags
    assert ["old", "family", "trial"] == [
        tags[key] for key in (t.STUDY_KEY_HASH, t.STUDY_FAMILY_HASH, t.TRIAL_KEY_HASH)
    ]
    lonely = backend.create(opened(tags=ours, inherit="0" * 32), None)
    assert "computed" == backend.client.get_run(lonely.run_id).data.tags[t.STUDY_KEY_HASH]


def test_a_batch_is_written_once_however_often_it_is_sent(backend):
    """Points, params and tags of a repeated batch are there once, NaN included."""
    made = backend.create(opened(), None)
    points = [Point("loss", 1 / (i + 1), NOW + i, i) for i in range(20)] + [Point("nan", math.nan, NOW, 0)]
    for _ in range(2):
        backend.log(made.run_id, points, {"lr": "0.1"}, {"note": "x"})
    history = backend.client.get_metric_history(made.run_id, "loss")
    assert [(p.value, p.time, p.step) for p in points[:20]] == [
        (m.value, m.timestamp, m.step) for m in history
    ]
    run = backend.client.get_run(made.run_id)
    assert math.isnan(run.data.metrics["nan"])
    assert ({"lr": "0.1"}, "x") == (run.data.params, run.data.tags["note"])


def test_a_nan_that_is_there_already_is_no_failure(backend, mocker):
    """Early servers of MLflow 3 refuse a NaN that is sent again: it is there, which is all that was wanted."""
    said = "(sqlite3.IntegrityError) UNIQUE constraint failed: metrics.key, metrics.timestamp"
    mocker.patch("tracked.mlflow.backend.send", side_effect=MlflowException(said, BAD_REQUEST))
    backend.log("run", [Point("loss", math.nan, NOW, 0)], {}, {})
    with pytest.raises(Refused):
        backend.log("run", [Point("loss", 1.0, NOW, 0)], {}, {})
    with pytest.raises(Refused):
        backend.log("run", [Point("loss", math.nan, NOW, 0)], {}, {"a": "tag"})


def test_infinities_are_marked(backend):
    """MLflow cuts infinity to a large number; a tag says what it was."""
    made = backend.create(opened(), None)
    backend.log(
        made.run_id,
        [Point("a", math.inf, NOW, 1), Point("b", -math.inf, NOW, 2), Point("c", 1, NOW, 3)],
        {},
        {},
    )
    tags = backend.client.get_run(made.run_id).data.tags
    marked = {key: value for key, value in tags.items() if key.startswith(INFINITE)}
    assert {INFINITE + "a": "inf at step 1", INFINITE + "b": "-inf at step 2"} == marked


@pytest.mark.parametrize("name", ["model.bin", "plots/deep/final.txt"])
def test_a_file_is_stored_under_its_name(name, backend, tmp_path):
    """The name among the artifacts is the one asked for, whatever our copy is called, byte for byte."""
    made = backend.create(opened(), None)
    source = tmp_path / "0f3a-copy"
    source.write_bytes(bytes(range(256)) * 50)
    for _ in range(2):
        assert {} == backend.upload(made.run_id, [File(name, source)])
    got = backend.client.download_artifacts(made.run_id, name, str(tmp_path))
    assert source.read_bytes() == Path(got).read_bytes()


@pytest.mark.parametrize("name", ["../outside", "", "a/../../b"])
def test_a_bad_artifact_is_refused(name, backend, tmp_path):
    """A name that leaves the run's folder is refused, and so is a file that is gone."""
    made = backend.create(opened(), None)
    (tmp_path / "file").touch()
    assert {name} == backend.upload(made.run_id, [File(name, tmp_path / "file")]).keys()
    assert {"x"} == backend.upload(made.run_id, [File("x", tmp_path / "gone")]).keys()


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_the_end_is_the_one_that_happened(status, backend):
    """Status and time of the end are those of the record, also when it is sent twice."""
    made = backend.create(opened(), None)
    for _ in range(2):
        backend.close(made.run_id, status, NOW + 5)
    info = backend.client.get_run(made.run_id).info
    assert (status, NOW + 5) == (info.status, info.end_time)


def test_what_will_never_be_taken_is_refused(backend):
    """A bad key, a changed param and an unknown run are refused, and their batch stores nothing."""
    made = backend.create(opened(), None)
    backend.log(made.run_id, [], {"lr": "1"}, {})
    for points, params in (([Point("a@1", 1, NOW, 0)], {}), ([Point("ok", 1, NOW, 0)], {"lr": "2"})):
        with pytest.raises(Refused):
            backend.log(made.run_id, points, params, {})
    with pytest.raises(Refused):
        backend.log("0" * 32, [Point("ok", 1, NOW, 0)], {}, {})
    assert {} == backend.client.get_run(made.run_id).data.metrics


def test_a_restored_experiment_is_used_again(backend):
    """After its experiment was deleted under our feet a run is refused; once it is restored the next one is made."""
    made = backend.create(opened(experiment="fragile"), None)
    backend.client.delete_experiment(made.experiment_id)
    with pytest.raises(Refused):
        backend.create(opened(experiment="fragile"), None)
    with pytest.raises(Refused, match="mlflow experiments restore"):
        backend.create(opened(experiment="fragile"), None)
    backend.client.restore_experiment(made.experiment_id)
    assert made.experiment_id == backend.create(opened(experiment="fragile"), None).experiment_id


def test_a_dead_server_is_unavailable(monkeypatch):
    """A server that does not answer is trouble that may pass."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(BackendUnavailable):
        MlflowBackend("http://127.0.0.1:9").create(opened(), None)


def test_writing_costs_what_mlflow_costs(sqlite_uri, templates, mocker):
    """Our own share of a batch of a thousand points is small beside the twenty milliseconds of MLflow's client."""
    backend = MlflowBackend(sqlite_uri, templates)
    made = backend.create(opened(), None)
    points = [Point(f"k{i % 10}", float(i), NOW + i // 10, i // 10) for i in range(1000)]
    mocker.patch.object(backend.client._tracking_client.store, "log_batch")
    costs = []
    for _ in range(20):
        started = time.perf_counter()
        backend.log(made.run_id, points, {}, {})
        costs.append(time.perf_counter() - started)
    assert min(costs) < 0.005
