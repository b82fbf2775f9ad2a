"""Inside a job whose run is handed over: joined, never ended, gone on with where the job starts again."""

from __future__ import annotations

import json
import time

import pytest

import tracked
from tests.journals import NOW, RUN, journal
from tracked import tags as t
from tracked import track, tracked_training
from tracked.errors import BackendUnavailable
from tracked.records import Metrics, Opened
from tracked.session import current
from tracked.session.place import folder_for, home
from tracked.session.process import _not_for_the_shipper
from tracked.testing import MemoryBackend
from tracked.testing.capturing import captured_by

JOB = "AZUREML_RUN_ID"


@tracked_training
def train(lr: float, steps: int = 3):
    for _ in range(steps):
        track.log(loss=lr)
    with track.run("inner"):
        track.log(acc=1.0)
    return {"done": 1.0}


@pytest.fixture
def job(monkeypatch):
    """A store with the run of a job, which the environment names; gives the store and the run."""
    store = MemoryBackend()
    with captured_by(store):
        made = store.create(Opened("", 1, "the job", "jobs"), None)
        for name in (JOB, "MLFLOW_RUN_ID"):
            monkeypatch.setenv(name, made.run_id)
        yield store, store.runs[made.run_id]


def start_again():
    """As a job does that was preempted: a new process, which knows of nothing."""
    current().joined.clear()


def test_a_job_that_starts_again_goes_on_with_its_run(job):
    """Steps count on, params are not written twice, the attempt is told; the run is the job's to end, each time."""
    store, run = job
    for attempt in (1, 2, 3):
        train(0.1)
        assert tracked.sync(30)
        assert list(range(3 * attempt)) == [point.step for point in run.points if point.key == "loss"]
        assert (None if attempt == 1 else str(attempt)) == run.tags.get(t.ATTEMPT)
        assert ("RUNNING", {"lr": "0.1", "steps": "3"}) == (run.status, run.params)
        start_again()
    inner = [r for r in store.runs.values() if r.name == "inner"]
    assert 3 * [("FINISHED", run.run_id)] == [(r.status, r.tags[t.MLFLOW_PARENT]) for r in inner]


def test_what_an_earlier_start_has_left_is_sent_first(job, monkeypatch):
    """Of a start that was cut off steps may wait in a journal: those of this one come after them."""
    store, run = job
    log = store.log
    monkeypatch.setattr(store, "log", lambda *given: (time.sleep(0.2), log(*given)))
    left = [Metrics(RUN, NOW + step, step, {"loss": 0.5}) for step in range(4)]
    journal(current().folder, [Opened(RUN, NOW, "train", "jobs", attach=run.run_id), *left])
    train(0.1)
    assert tracked.sync(30)
    assert list(range(7)) == [point.step for point in run.points if point.key == "loss"]


def test_a_store_that_does_not_tell_costs_only_the_steps(job, monkeypatch, capfd):
    """Where the job's run cannot be read, that is said, and the training goes on in it, as the call that it is."""
    _, run = job

    def silent(*_):
        raise BackendUnavailable("down")

    monkeypatch.setattr(MemoryBackend, "known", silent)
    keys = {t.FUNCTION: f"{__name__}.train", t.CALL_KEY: "c" * 64}
    monkeypatch.setenv("TRACKED_SUBMITTED", json.dumps(keys))
    assert {"done": 1.0} == train(0.1)
    assert tracked.sync(30)
    assert "c" * 64 == run.tags[t.CALL_KEY]
    assert 3 == len([point for point in run.points if point.key == "loss"])
    assert "steps begin at 0" in capfd.readouterr().err


def test_a_run_that_is_handed_over_by_others_is_asked_nothing(job, monkeypatch):
    """Only a job of Azure ML starts again with the same run: nobody else waits for the store."""
    monkeypatch.delenv(JOB)
    monkeypatch.setattr(MemoryBackend, "known", lambda *_: pytest.fail("asked"))
    train(0.1)


def test_a_job_has_one_journal_folder_whatever_its_token(tmp_path):
    """A job that starts again has another token, and finds what its start before has left; another job does not."""
    uri = "azureml://eastus.api.azureml.ms/mlflow/v1.0/x"
    first, again, other, person = (
        folder_for(tmp_path, uri, {"MLFLOW_TRACKING_TOKEN": token, **of})
        for token, of in (("a", {JOB: "r1"}), ("b", {JOB: "r1"}), ("b", {JOB: "r2"}), ("a", {}))
    )
    assert first.path == again.path
    assert 3 == len({first.path, other.path, person.path})


def test_a_job_keeps_its_journals_where_they_survive(tmp_path, monkeypatch):
    """An output of the job that is called tracked is the home, unless somebody has set another."""
    monkeypatch.setenv("AZURE_ML_OUTPUT_tracked", str(tmp_path))
    assert (tmp_path, tmp_path / "own") == (home(), home(str(tmp_path / "own")))


def test_the_shipper_of_a_job_logs_in_as_the_job_does():
    """Azure's plugin takes the job's token only beside the job's run; elsewhere no shipper is part of a run."""
    never = ("TRACKED_CONTEXT", "PYTHONWARNINGS")
    of_a_run = ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME")
    assert never + of_a_run == _not_for_the_shipper({"MLFLOW_TRACKING_TOKEN": "x"})
    assert never == _not_for_the_shipper({"MLFLOW_TRACKING_TOKEN": "x", JOB: "r"})
